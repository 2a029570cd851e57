/* tables: what is shared inside the room: entries that come and go, what an alarm adds, and the
 * counts of assets (plant.c) beside those of paths (standing.c). */
#pragma once

#include "standing/standing.h"

#include <stdlib.h>
#include <string.h>

/* ---- entries that come and go, found by a hash -------------------------------------------------
 */
struct pool {
    void *at;
    uint32_t count, capacity, free; /* free: first of a list through the first four bytes, + 1 */
    size_t size;
    struct index *index;
};

MUST_USE static inline enum err pool_init(struct pool *pool, size_t size)
{
    pool->size = size;
    return index_create(&pool->index);
}

static inline void pool_done(struct pool *pool)
{
    index_destroy(pool->index);
    free(pool->at);
}

static inline void *pool_at(const struct pool *pool, uint32_t i)
{
    return (uint8_t *)pool->at + (size_t)i * pool->size;
}

static inline bool pool_take(struct pool *pool, uint32_t *ret_i)
{
    if (pool->free != 0) {
        *ret_i = pool->free - 1;
        memcpy(&pool->free, pool_at(pool, *ret_i), sizeof pool->free);
        return true;
    }
    if (pool->count == pool->capacity) {
        uint32_t capacity = pool->capacity > 0 ? pool->capacity * 2 : 64;
        void *at = realloc(pool->at, (size_t)capacity * pool->size);
        if (at == NULL)
            return false;
        pool->at = at;
        pool->capacity = capacity;
    }
    *ret_i = pool->count++;
    return true;
}

static inline void pool_give(struct pool *pool, uint32_t i)
{
    memset(pool_at(pool, i), 0, pool->size);
    memcpy(pool_at(pool, i), &pool->free, sizeof pool->free);
    pool->free = i + 1;
}

static inline uint64_t pool_memory(const struct pool *pool)
{
    return (uint64_t)pool->capacity * pool->size + index_memory(pool->index);
}

/* ---- what an alarm adds to each branch and each asset above it ---------------------------------
 */
struct share {
    uint8_t active, unacknowledged, stale, hidden, priority;
};

static inline void counts_move(struct standing_counts *counts, const struct share *share, bool more)
{
    uint32_t sign = more ? 1 : UINT32_MAX;
    counts->active += share->active * sign;
    counts->unacknowledged += share->unacknowledged * sign;
    counts->stale += share->stale * sign;
    counts->hidden += share->hidden * sign;
    if (share->active || share->unacknowledged)
        counts->by_priority[share->priority] += sign;
}

/* ---- plant.c -----------------------------------------------------------------------------------
 */
/* The asset that an alarm is in and those above it, the nearest first, as it was counted. */
struct lineage {
    uint32_t count;
    uint32_t outside; /* bit i: the path of the alarm is not in the branch of assets[i] */
    uint32_t assets[ASSET_DEPTH_MAX];
};
struct plant {
    struct pool assets;
};
MUST_USE enum err plant_init(struct plant *plant);
void plant_done(struct plant *plant);
/* path: of the alarm. */
void plant_lineage(const struct assets *assets, uint32_t asset, struct bytes path,
                   struct lineage *ret_lineage);
/* False: no memory, and nothing was added. */
bool plant_add(struct plant *plant, const struct lineage *lineage, const struct share *share);
/* As it was added. */
void plant_remove(struct plant *plant, const struct lineage *lineage, const struct share *share);
/* False: no alarm is in it or below it. */
bool plant_of(const struct plant *plant, uint32_t asset, struct standing_counts *ret_counts,
              uint32_t *ret_outside);
