/* New rows of points: from the dictionary's records, and from the command that creates one. */
#include "model/points/tables.h"

#include <string.h>

static enum err row_tables_grow(struct points *points, const struct row_shape *shape)
{
    uint32_t end = shape->first_point + shape->count;
    enum err err = state_table_grow(&points->rows, shape->row + 1);
    if (err == OK)
        err = state_table_grow(&points->points, end);
    if (err == OK)
        err = state_table_grow(&points->live, end);
    return err;
}

enum err row_add(struct points *points, const struct fact_row *row, const uint64_t *hashes)
{
    const struct row_shape *shape = &row->shape;
    enum err err = row_tables_grow(points, shape);
    if (err != OK)
        return err;
    struct row_entry *entry = state_write(&points->rows, shape->row);
    *entry = (struct row_entry){.tenant = row->tenant,
                                .first_point = shape->first_point,
                                .count = shape->count,
                                .prefix_size =
                                    (uint16_t)(row->prefix.size | (row->object ? ROW_OBJECT : 0))};
    err = name_intern(points, row->prefix, &entry->prefix);
    for (uint16_t i = 0; err == OK && i < shape->count; i++) {
        uint32_t point = shape->first_point + i;
        struct point_entry *into = state_write(&points->points, point);
        *into = (struct point_entry){.row = shape->row, .type = row->points[i].type};
        struct live_entry *live = state_write(&points->live, point);
        *live = (struct live_entry){.type = row->points[i].type};
        err = name_intern(points, row->points[i].metric, &into->metric);
        if (err == OK)
            err = index_insert(points->path_index, hashes[i], point);
    }
    if (err == OK && row->label_count > 0)
        err = row_labels_put(points, shape->row, row->labels, row->label_count);
    if (err == OK)
        err = row_index_put(points, shape->row);
    if (err != OK)
        return err;
    struct counters_entry *counters = counters_write(points);
    counters->rows = shape->row;
    counters->points = shape->first_point + shape->count - 1;
    return OK;
}

static bool row_path_is_right(const struct fact_row *row, struct bytes whole)
{
    static const char lost[] = POINTS_LOST_PREFIX "/";
    if (row->prefix.size >= sizeof lost && memcmp(row->prefix.at, lost, sizeof lost - 1) == 0)
        whole = bytes_of(whole.at + 1, whole.size - 1); /* but for its '$' it is a path */
    return path_fault(whole) == NULL;
}

/* The hashes of the row's paths, when all are paths. */
static bool row_hashes(const struct points *points, const struct fact_row *row, uint64_t *hashes)
{
    uint8_t path[PATH_MAX_BYTES];
    for (uint16_t i = 0; i < row->shape.count; i++) {
        size_t size = path_join(row->prefix, row->points[i].metric, path);
        struct bytes whole = bytes_of(path, size);
        if (size == 0 || !row_path_is_right(row, whole) ||
            value_type_name(row->points[i].type) == NULL)
            return false;
        hashes[i] = points_path_hash(row->tenant, whole);
        index_prefetch(points->path_index, hashes[i]);
    }
    return true;
}

/* What the row's names will be looked for in, all at once: each look would wait for memory. */
static void row_prefetch(const struct points *points, const struct fact_row *row)
{
    index_prefetch(points->name_index, kind_hash(HASH_NAME, 0, row->prefix));
    if (row->object)
        index_prefetch(points->row_index, kind_hash(HASH_ROW, row->tenant, row->prefix));
    row_labels_prefetch(points, row->labels, row->label_count);
}

/* Neither another point nor another column has one of the row's paths. Under one prefix two paths
 * are equal when their metrics are. */
static bool row_is_free(const struct points *points, const struct fact_row *row,
                        const uint64_t *hashes)
{
    uint8_t path[PATH_MAX_BYTES];
    for (uint16_t i = 0; i < row->shape.count; i++) {
        struct bytes metric = row->points[i].metric;
        size_t size = path_join(row->prefix, metric, path);
        if (points_find_hashed(points, row->tenant, bytes_of(path, size), hashes[i]) != POINT_NONE)
            return false;
        for (uint16_t j = 0; j < i; j++) {
            if (hashes[j] == hashes[i] && bytes_equal(row->points[j].metric, metric))
                return false;
        }
    }
    return true;
}

enum err apply_row(struct points *points, const struct fact_row *row, struct effects *effects)
{
    const struct row_shape *shape = &row->shape;
    const struct counters_entry *counters = points->counters;
    if (shape->row != (uint64_t)counters->rows + 1 || shape->row == UINT32_MAX ||
        shape->first_point != (uint64_t)counters->points + 1 || shape->count == 0 ||
        shape->count > COLUMNS_MAX || shape->first_point > UINT32_MAX - COLUMNS_MAX)
        return ERR_CORRUPT;
    uint64_t hashes[COLUMNS_MAX];
    row_prefetch(points, row);
    if (!row_hashes(points, row, hashes) || !row_is_free(points, row, hashes) ||
        !labels_are_valid(row->labels, row->label_count))
        return ERR_CORRUPT;
    enum err err = row_add(points, row, hashes);
    if (err != OK)
        return err;
    effects->rows_new++;
    effects->points_new += shape->count;
    return OK;
}
