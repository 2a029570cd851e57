/* The memory behind memory.h. Nothing else may be in this file: a test replaces it as a whole. */
#include "head/memory.h"

#include <stdlib.h>

#include "os/os.h"

void *head_block_map(size_t size)
{
    return os_huge_alloc(size);
}

void *head_tables_map(size_t size)
{
    return os_sparse_alloc(size);
}

void head_unmap(void *at, size_t size)
{
    os_huge_free(at, size);
}

void *head_room_alloc(size_t size)
{
    return malloc(size);
}

void head_room_free(void *at)
{
    free(at);
}
