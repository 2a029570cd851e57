/* pool: cells of one cache line, named by 32-bit ids. Not public.
 *
 * Cells never move; ids start at 1, so that 0 can mean none; what was given back is handed out
 * again first. Chunks are of ordinary pages: the first touch of a huge one takes longer than an
 * add may. */
#pragma once

#include "base/base.h"

#define CELL_SIZE ((size_t)64)
#define CELL_NONE 0
#define POOL_CHUNK_SHIFT 10                /* log2 of cells in a chunk: 64 KiB */
#define POOL_CELLS_MAX ((uint32_t)1 << 28) /* ids stay below: four bits are left to their users */

struct pool {
    uint8_t **chunks;
    uint32_t chunk_count, chunk_capacity;
    uint32_t used; /* ids below it were handed out at least once; 0: none yet */
    uint32_t free; /* the first of the cells that were given back */
};

/* A struct pool of zeroes is an empty pool. */
void pool_done(struct pool *pool);
/* A cell of zeroes; CELL_NONE when there is no memory or POOL_CELLS_MAX is reached. */
uint32_t pool_take(struct pool *pool);
void pool_give(struct pool *pool, uint32_t id);
static inline void *pool_cell(const struct pool *pool, uint32_t id)
{
    uint32_t in_chunk = id & (((uint32_t)1 << POOL_CHUNK_SHIFT) - 1);
    return pool->chunks[id >> POOL_CHUNK_SHIFT] + in_chunk * CELL_SIZE;
}
uint64_t pool_memory(const struct pool *pool);
