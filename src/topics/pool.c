/* Chunks of cells and the list of those that are free, threaded through the cells themselves. */
#include "topics/pool.h"

#include <string.h>

#include "topics/memory.h"

#define CHUNK_CELLS ((uint32_t)1 << POOL_CHUNK_SHIFT)
#define CHUNK_BYTES (CHUNK_CELLS * CELL_SIZE)

void pool_done(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->chunk_count; i++)
        topics_free(pool->chunks[i]);
    topics_free(pool->chunks);
    *pool = (struct pool){0};
}

static bool pool_grow(struct pool *pool)
{
    if (pool->chunk_count == pool->chunk_capacity) {
        uint32_t capacity = pool->chunk_capacity == 0 ? 4 : pool->chunk_capacity * 2;
        uint8_t **chunks = topics_alloc(capacity * sizeof *chunks);
        if (chunks == NULL)
            return false;
        if (pool->chunk_count > 0)
            memcpy(chunks, pool->chunks, pool->chunk_count * sizeof *chunks);
        topics_free(pool->chunks);
        pool->chunks = chunks;
        pool->chunk_capacity = capacity;
    }
    uint8_t *chunk = topics_alloc(CHUNK_BYTES);
    if (chunk == NULL)
        return false;
    pool->chunks[pool->chunk_count++] = chunk;
    return true;
}

uint32_t pool_take(struct pool *pool)
{
    uint32_t id = pool->free;
    if (id != CELL_NONE) {
        pool->free = load_u32(pool_cell(pool, id));
    } else {
        id = pool->used == 0 ? 1 : pool->used;
        if (id == POOL_CELLS_MAX ||
            (id >> POOL_CHUNK_SHIFT == pool->chunk_count && !pool_grow(pool)))
            return CELL_NONE;
        pool->used = id + 1;
    }
    memset(pool_cell(pool, id), 0, CELL_SIZE);
    return id;
}

void pool_give(struct pool *pool, uint32_t id)
{
    check(id != CELL_NONE && id < pool->used);
    void *cell = pool_cell(pool, id);
    memset(cell, 0, CELL_SIZE);
    store_u32(cell, pool->free);
    pool->free = id;
}

uint64_t pool_memory(const struct pool *pool)
{
    return (uint64_t)pool->chunk_count * CHUNK_BYTES +
           (uint64_t)pool->chunk_capacity * sizeof *pool->chunks;
}
