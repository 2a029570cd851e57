/* After a snapshot's pages were put in place: the indexes, which no snapshot holds, and a look at
 * whether the pages agree with each other, so that nothing later needs to doubt them. */
#include "model/points/tables.h"

#include <math.h>
#include <string.h>

#define BATCH 64u /* points whose index slots are fetched together */

static enum err tables_cover(struct points *points)
{
    const struct counters_entry *counters = points->counters;
    if (counters->points > UINT32_MAX - 2 || counters->rows > UINT32_MAX - 2 ||
        counters->names_used > UINT32_MAX - 2)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&points->rows, counters->rows + 1);
    if (err == OK)
        err = state_table_grow(&points->points, counters->points + 1);
    if (err == OK)
        err = state_table_grow(&points->live, counters->points + 1);
    if (err == OK)
        err = state_table_grow(&points->names, counters->names_used + 1);
    return err;
}

static bool limits_are_there(const struct points *points, uint32_t point, uint8_t mask)
{
    if (mask == 0)
        return true;
    if (mask >> LIMIT_KINDS != 0 || point >= state_table_capacity(&points->limit_rows))
        return false;
    const struct limits_entry *entry = state_read(&points->limit_rows, point);
    for (size_t i = 0; i < LIMIT_KINDS; i++) {
        if (!isfinite(entry->limits[i]))
            return false;
    }
    return true;
}

static bool profiles_are_valid(const struct points *points)
{
    uint32_t count = state_table_capacity(&points->profiles);
    for (uint32_t i = 0; i < count && i <= PROFILES_MAX; i++) {
        const struct profile_entry *entry = state_read(&points->profiles, i);
        if (entry->there > 1 || entry->each > 1 || entry->wins >> LIMIT_KINDS != 0 ||
            entry->otherwise >> LIMIT_KINDS != 0 || (i == PROFILE_NONE && entry->there))
            return false;
        for (size_t kind = 0; kind < LIMIT_KINDS; kind++)
            if (!isfinite(entry->limits[kind]))
                return false;
    }
    return true;
}

static bool profile_is_there(const struct points *points, uint16_t profile)
{
    return profile == PROFILE_NONE ||
           (profile < state_table_capacity(&points->profiles) &&
            ((const struct profile_entry *)state_read(&points->profiles, profile))->there);
}

static bool live_is_valid(const struct points *points, uint32_t point,
                          const struct point_entry *entry)
{
    const struct live_entry *live = live_at(points, point);
    if (live->type != entry->type || live->limit_state > LIMIT_STATE_HIGH_HIGH ||
        !profile_is_there(points, live->profile) ||
        !(live->flags & LIVE_RETIRED) != !(entry->flags & POINT_RETIRED))
        return false;
    if (live->type == VALUE_STRING &&
        ((uint64_t)live->number > UINT32_MAX ||
         !texts_is_valid(&points->texts, (uint32_t)live->number, TEXTS_BYTES_MAX)))
        return false;
    if (live->type == VALUE_FLOAT64 && live->scale > SCALE_DECIMAL_MAX && live->scale != SCALE_RAW)
        return false;
    return limits_are_there(points, point, live->limit_mask);
}

static bool point_is_valid(const struct points *points, uint32_t point,
                           const struct point_entry *entry, uint32_t row)
{
    bool renamed = entry->flags & POINT_RENAMED;
    if (entry->row != row || value_type_name(entry->type) == NULL)
        return false;
    if (renamed ? entry->metric == TEXT_NONE ||
                      !texts_is_valid(&points->texts, entry->metric, PATH_MAX_BYTES)
                : !name_is_valid(points, entry->metric))
        return false;
    return settings_are_valid(points, entry->settings) && live_is_valid(points, point, entry);
}

/* ---- paths into their index, some at a time
 * ------------------------------------------------------------ */

struct path_batch {
    uint32_t count;
    uint32_t points[BATCH];
    uint64_t hashes[BATCH];
};

/* Only entries whose tags agree are compared by their paths: one in a thousand. */
static bool path_is_doubled(const struct points *points, uint32_t point, uint64_t hash)
{
    struct index_probe probe;
    uint32_t other = index_first(points->path_index, &probe, hash);
    if (other == INDEX_NONE)
        return false;
    uint8_t path[PATH_MAX_BYTES];
    size_t size = points_path(points, point, path);
    uint32_t tenant = row_at(points, point_at(points, point)->row)->tenant;
    return points_find_hashed(points, tenant, bytes_of(path, size), hash) != POINT_NONE;
}

static enum err batch_flush(struct points *points, struct path_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        if (path_is_doubled(points, batch->points[i], batch->hashes[i]))
            return ERR_CORRUPT;
        enum err err = index_insert(points->path_index, batch->hashes[i], batch->points[i]);
        if (err != OK)
            return err;
    }
    batch->count = 0;
    return OK;
}

static enum err batch_add(struct points *points, struct path_batch *batch, uint32_t point,
                          uint64_t hash)
{
    index_prefetch(points->path_index, hash);
    batch->points[batch->count] = point;
    batch->hashes[batch->count++] = hash;
    return batch->count < BATCH ? OK : batch_flush(points, batch);
}

/* Judges the row and its points; those that have their paths go to the batch. */
static enum err row_rebuild(struct points *points, uint32_t row, struct path_batch *batch,
                            uint32_t *retired)
{
    const struct row_entry *entry = row_at(points, row);
    struct bytes prefix = name_get(points, entry->prefix);
    uint8_t path[PATH_MAX_BYTES];
    for (uint32_t i = 0; i < entry->count; i++) {
        uint32_t point = entry->first_point + i;
        const struct point_entry *of = point_at(points, point);
        if (!point_is_valid(points, point, of, row))
            return ERR_CORRUPT;
        if (of->flags & POINT_RETIRED) {
            (*retired)++;
            continue;
        }
        struct bytes whole;
        if (of->flags & POINT_RENAMED) {
            whole = texts_get(&points->texts, of->metric);
        } else {
            whole = bytes_of(path, path_join(prefix, name_get(points, of->metric), path));
            if (whole.size == 0)
                return ERR_CORRUPT;
        }
        enum err err = batch_add(points, batch, point, points_path_hash(entry->tenant, whole));
        if (err != OK)
            return err;
    }
    return row_index_put(points, row);
}

static enum err rows_rebuild(struct points *points)
{
    const struct counters_entry *counters = points->counters;
    struct path_batch batch = {.count = 0};
    uint32_t retired = 0, expected = 1;
    for (uint32_t row = 1; row <= counters->rows; row++) {
        const struct row_entry *entry = row_at(points, row);
        if (entry->first_point != expected || entry->count == 0 || entry->count > COLUMNS_MAX ||
            entry->count > counters->points - (expected - 1) ||
            !name_is_valid(points, entry->prefix) ||
            name_get(points, entry->prefix).size != (entry->prefix_size & ~ROW_OBJECT))
            return ERR_CORRUPT;
        expected += entry->count;
        enum err err = row_rebuild(points, row, &batch, &retired);
        if (err != OK)
            return err;
    }
    if (expected - 1 != counters->points || retired != counters->retired)
        return ERR_CORRUPT;
    return batch_flush(points, &batch);
}

enum err points_rebuild(struct points *points)
{
    const struct counters_entry *counters = points->counters;
    indexes_destroy(points);
    /* Each row has about one name of its own at most, beside the metrics, which are few. */
    enum err err = tables_cover(points);
    if (err == OK)
        err = indexes_create(points, counters->points, 0, 0);
    if (err == OK)
        err = texts_rebuild(&points->texts);
    if (err == OK)
        err = names_rebuild(points);
    if (err == OK)
        err = row_labels_rebuild(points);
    if (err == OK && !profiles_are_valid(points))
        err = ERR_CORRUPT;
    if (err == OK)
        err = rows_rebuild(points);
    if (err == OK)
        err = keys_rebuild(points);
    return err;
}
