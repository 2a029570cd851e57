/* The allocator of libc behind topics_alloc. Nothing else may be in this file: a test replaces it
 * as a whole. */
#include "topics/memory.h"

#include <stdlib.h>

void *topics_alloc(size_t size)
{
    return size % 64 == 0 ? aligned_alloc(64, size) : malloc(size);
}

void topics_free(void *at)
{
    free(at);
}
