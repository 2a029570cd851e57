/* Where tables and indexes take their memory from. */
#include "state/chunk.h"

#include <stdlib.h>

#include "os/os.h"

#define CHUNK_ALIGN ((size_t)65536)

/* calloc hands out fresh zero pages of the kernel for sizes like this, without touching them;
 * aligned_alloc would not promise zeroes. So the block is made larger and its true start is kept
 * in the bytes before the aligned address. */
static uint8_t *chunk_alloc_first(void)
{
    uint8_t *block = calloc(1, CHUNK_SIZE + CHUNK_ALIGN);
    if (block == NULL)
        return NULL;
    size_t skip = CHUNK_ALIGN - (size_t)((uintptr_t)block % CHUNK_ALIGN);
    check(skip >= sizeof block); /* calloc aligns to 16 bytes, so that skip is never below 16 */
    uint8_t *chunk = block + skip;
    __builtin_memcpy(chunk - sizeof block, &block, sizeof block);
    return chunk;
}

uint8_t *chunk_alloc(bool first)
{
    return first ? chunk_alloc_first() : os_huge_alloc(CHUNK_SIZE);
}

void chunk_free(uint8_t *chunk, bool first)
{
    if (chunk == NULL)
        return;
    if (!first) {
        os_huge_free(chunk, CHUNK_SIZE);
        return;
    }
    uint8_t *block;
    __builtin_memcpy(&block, chunk - sizeof block, sizeof block);
    free(block);
}
