/* The memory behind memory.h. Nothing else may be in this file: a test replaces it as a whole. */
#include "namespace/memory.h"

#include <stdlib.h>

enum err space_rows_grow(struct state_table *table, uint32_t count)
{
    return state_table_grow(table, count);
}

uint32_t *space_roots_grow(uint32_t *roots, uint32_t count)
{
    return realloc(roots, count * sizeof *roots);
}

uint8_t *space_text_alloc(size_t size)
{
    return malloc(size);
}

void space_text_free(uint8_t *at)
{
    free(at);
}
