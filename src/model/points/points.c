/* Asking: what points are there, what are they called, what are they now. And how the tables and
 * the indexes beside them come and go. */
#include "model/points/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct points_limits points_limits_default = {
    .points_max = 16000000,
    .keys_max = 1000000,
    .clients_max = 1000000,
    .key_keep_ns = 7 * 24 * 3600 * NS_PER_S,
    .strings_bytes_max = UINT64_C(1) << 30,
};

const char *outcome_text(enum outcome_code code)
{
#define OUTCOME_TEXT(name, text) text,
    static const char *const texts[] = {OUTCOME_TABLE(OUTCOME_TEXT)};
#undef OUTCOME_TEXT
    return (unsigned)code < OUTCOME_COUNT ? texts[code] : "no such outcome";
}

/* ---- life
 * ------------------------------------------------------------------------------------------- */

void indexes_destroy(struct points *points)
{
    index_destroy(points->path_index);
    index_destroy(points->row_index);
    index_destroy(points->name_index);
    index_destroy(points->client_index);
    index_destroy(points->key_index);
    points->path_index = points->row_index = points->name_index = NULL;
    points->client_index = points->key_index = NULL;
}

enum err indexes_create(struct points *points, uint32_t points_expected, uint32_t rows_expected,
                        uint32_t names_expected)
{
    struct {
        struct index **index;
        uint32_t expected;
    } wanted[] = {{&points->path_index, points_expected},
                  {&points->row_index, rows_expected},
                  {&points->name_index, names_expected},
                  {&points->client_index, 0},
                  {&points->key_index, 0}};
    for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
        enum err err = index_create(wanted[i].index);
        if (err == OK)
            err = index_reserve(*wanted[i].index, wanted[i].expected);
        if (err != OK)
            return err;
    }
    return OK;
}

static const struct state_table_plan tables[] = {
    {offsetof(struct points, counters_table), TABLE_COUNTERS, sizeof(struct counters_entry)},
    {offsetof(struct points, rows), TABLE_ROWS, sizeof(struct row_entry)},
    {offsetof(struct points, points), TABLE_POINTS, sizeof(struct point_entry)},
    {offsetof(struct points, live), TABLE_LIVE, sizeof(struct live_entry)},
    {offsetof(struct points, limit_rows), TABLE_LIMITS, sizeof(struct limits_entry)},
    {offsetof(struct points, names), TABLE_NAMES, NAME_UNIT},
    {offsetof(struct points, texts.table), TABLE_TEXTS, TEXTS_UNIT},
    {offsetof(struct points, clients), TABLE_CLIENTS, sizeof(struct client_entry)},
    {offsetof(struct points, keys), TABLE_KEYS, sizeof(struct key_entry)},
    {offsetof(struct points, row_labels), TABLE_ROW_LABELS, sizeof(struct row_labels_entry)},
    {offsetof(struct points, label_lists), TABLE_LABEL_LISTS, sizeof(struct label_unit)},
    {offsetof(struct points, profiles), TABLE_PROFILES, sizeof(struct profile_entry)},
};

static void texts_init(struct points *points)
{
    points->texts.owner = &points->counters_table;
    points->texts.pages_at = offsetof(struct counters_entry, text_pages);
    points->texts.classes_at = offsetof(struct counters_entry, classes);
}

enum err points_create(struct state *state, const struct points_limits *limits,
                       struct points **ret_points)
{
    struct points *points = calloc(1, sizeof *points);
    if (points == NULL)
        return ERR_NO_MEMORY;
    points->limits = *limits;
    state_tables_init(state, points, tables, ARRAY_COUNT(tables));
    texts_init(points);
    enum err err = indexes_create(points, 0, 0, 0);
    if (err == OK)
        err = state_table_grow(&points->counters_table, 1);
    if (err != OK) {
        points_destroy(points);
        return err;
    }
    points->counters = state_read(&points->counters_table, 0);
    *ret_points = points;
    return OK;
}

void points_destroy(struct points *points)
{
    if (points == NULL)
        return;
    indexes_destroy(points);
    state_tables_done(points, tables, ARRAY_COUNT(tables));
    free(points);
}

uint64_t points_memory(const struct points *points)
{
    return sizeof *points + index_memory(points->path_index) + index_memory(points->row_index) +
           index_memory(points->name_index) + index_memory(points->client_index) +
           index_memory(points->key_index);
}

/* ---- counts
 * ----------------------------------------------------------------------------------------- */

uint32_t points_count(const struct points *points)
{
    return points->counters->points;
}

uint64_t points_names_bytes(const struct points *points)
{
    return (uint64_t)points->counters->names_used * NAME_UNIT +
           (uint64_t)points->counters->label_units * sizeof(struct label_unit);
}

uint32_t points_rows(const struct points *points)
{
    return points->counters->rows;
}

uint32_t points_retired(const struct points *points)
{
    return points->counters->retired;
}

/* ---- finding
 * ---------------------------------------------------------------------------------------- */

uint64_t points_path_hash(uint32_t tenant, struct bytes path)
{
    return hash64(path.at, path.size, tenant);
}

size_t path_join(struct bytes prefix, struct bytes metric, uint8_t *path)
{
    size_t slash = prefix.size > 0 && metric.size > 0;
    if (prefix.size > PATH_MAX_BYTES || metric.size > PATH_MAX_BYTES ||
        prefix.size + slash + metric.size > PATH_MAX_BYTES)
        return 0;
    if (prefix.size > 0)
        memcpy(path, prefix.at, prefix.size);
    if (slash)
        path[prefix.size] = '/';
    if (metric.size > 0)
        memcpy(path + prefix.size + slash, metric.at, metric.size);
    return prefix.size + slash + metric.size;
}

/* Is `path` prefix and metric joined? */
static bool path_is_join(struct bytes path, struct bytes prefix, struct bytes metric)
{
    size_t slash = prefix.size > 0 && metric.size > 0;
    return path.size == prefix.size + slash + metric.size &&
           memcmp(path.at, prefix.at, prefix.size) == 0 &&
           (!slash || path.at[prefix.size] == '/') &&
           memcmp(path.at + prefix.size + slash, metric.at, metric.size) == 0;
}

static bool point_is_at(const struct points *points, uint32_t point, uint32_t tenant,
                        struct bytes path)
{
    const struct point_entry *entry = point_at(points, point);
    const struct row_entry *row = row_at(points, entry->row);
    if (row->tenant != tenant)
        return false;
    if (entry->flags & POINT_RENAMED)
        return bytes_equal(texts_get(&points->texts, entry->metric), path);
    return path_is_join(path, name_get(points, row->prefix), name_get(points, entry->metric));
}

uint32_t points_find_hashed(const struct points *points, uint32_t tenant, struct bytes path,
                            uint64_t hash)
{
    if (path.size == 0)
        return POINT_NONE;
    struct index_probe probe;
    for (uint32_t point = index_first(points->path_index, &probe, hash); point != INDEX_NONE;
         point = index_next(points->path_index, &probe)) {
        if (point_is_at(points, point, tenant, path))
            return point;
    }
    return POINT_NONE;
}

uint32_t points_find(const struct points *points, uint32_t tenant, struct bytes path)
{
    return points_find_hashed(points, tenant, path, points_path_hash(tenant, path));
}

void points_find_prefetch(const struct points *points, uint64_t hash)
{
    index_prefetch(points->path_index, hash);
}

static uint32_t row_find_hashed(const struct points *points, uint32_t tenant, struct bytes prefix,
                                uint64_t hash)
{
    struct index_probe probe;
    for (uint32_t row = index_first(points->row_index, &probe, hash); row != INDEX_NONE;
         row = index_next(points->row_index, &probe)) {
        const struct row_entry *entry = row_at(points, row);
        if (entry->tenant == tenant && bytes_equal(name_get(points, entry->prefix), prefix))
            return row;
    }
    return ROW_NONE;
}

uint32_t points_find_row(const struct points *points, uint32_t tenant, struct bytes prefix)
{
    return row_find_hashed(points, tenant, prefix, kind_hash(HASH_ROW, tenant, prefix));
}

enum err row_index_put(struct points *points, uint32_t row)
{
    const struct row_entry *entry = row_at(points, row);
    if (!(entry->prefix_size & ROW_OBJECT))
        return OK;
    struct bytes prefix = name_get(points, entry->prefix);
    uint64_t hash = kind_hash(HASH_ROW, entry->tenant, prefix);
    uint32_t before = row_find_hashed(points, entry->tenant, prefix, hash);
    enum err err = index_insert(points->row_index, hash, row);
    if (err == OK && before != ROW_NONE)
        err = index_remove(points->row_index, hash, before);
    return err;
}

/* ---- rows and points
 * --------------------------------------------------------------------------------- */

void points_row(const struct points *points, uint32_t row, struct point_row *ret_row)
{
    check(row > 0 && row <= points->counters->rows);
    const struct row_entry *entry = row_at(points, row);
    *ret_row = (struct point_row){
        .tenant = entry->tenant,
        .shape = {.row = row, .first_point = entry->first_point, .count = entry->count},
        .object = entry->prefix_size & ROW_OBJECT,
        .prefix = name_view(points, entry->prefix, entry->prefix_size & ~ROW_OBJECT)};
}

void points_row_prefetch(const struct points *points, uint32_t row, bool with_prefix)
{
    state_prefetch(&points->rows, row);
    if (!with_prefix || row > points->counters->rows)
        return;
    const struct row_entry *entry = row_at(points, row);
    state_prefetch(&points->names, entry->prefix);
    state_prefetch(&points->points, entry->first_point);
}

uint32_t points_row_of(const struct points *points, uint32_t point)
{
    check(point > 0 && point <= points->counters->points);
    return point_at(points, point)->row;
}

bool points_in_row(const struct points *points, uint32_t point)
{
    check(point > 0 && point <= points->counters->points);
    return (point_at(points, point)->flags & (POINT_RENAMED | POINT_RETIRED)) == 0;
}

struct bytes points_metric(const struct points *points, uint32_t point)
{
    check(point > 0 && point <= points->counters->points);
    const struct point_entry *entry = point_at(points, point);
    return name_get(points, points_in_row(points, point) ? entry->metric : NAME_EMPTY);
}

uint8_t points_type(const struct points *points, uint32_t point)
{
    check(point > 0 && point <= points->counters->points);
    return point_at(points, point)->type;
}

size_t points_path(const struct points *points, uint32_t point, uint8_t *path)
{
    check(point > 0 && point <= points->counters->points);
    const struct point_entry *entry = point_at(points, point);
    if (entry->flags & POINT_RENAMED) {
        struct bytes own = texts_get(&points->texts, entry->metric);
        memcpy(path, own.at, own.size);
        return own.size;
    }
    const struct row_entry *row = row_at(points, entry->row);
    return path_join(name_get(points, row->prefix), name_get(points, entry->metric), path);
}

static struct value live_value(const struct points *points, const struct live_entry *live)
{
    struct value value = {.type = live->type,
                          .scale = live->scale,
                          .quality = live->quality,
                          .present = live->flags & LIVE_PRESENT,
                          .number = live->number};
    if (live->type == VALUE_STRING) {
        value.text = texts_get(&points->texts, (uint32_t)live->number);
        value.number = 0;
    }
    return value;
}

struct value points_last(const struct points *points, uint32_t point, int64_t *ret_time_ns,
                         int64_t *ret_arrival_ns)
{
    check(point > 0 && point <= points->counters->points);
    const struct live_entry *live = live_at(points, point);
    *ret_time_ns = live->time_ns;
    *ret_arrival_ns = live->arrival_ns;
    return live_value(points, live);
}

void points_view(const struct points *points, uint32_t point, struct point_view *ret_view)
{
    check(point > 0 && point <= points->counters->points);
    const struct point_entry *entry = point_at(points, point);
    const struct live_entry *live = live_at(points, point);
    *ret_view = (struct point_view){.point = point,
                                    .row = entry->row,
                                    .tenant = row_at(points, entry->row)->tenant,
                                    .retired = entry->flags & POINT_RETIRED,
                                    .value = live_value(points, live),
                                    .time_ns = live->time_ns,
                                    .arrival_ns = live->arrival_ns,
                                    .limit_state = (enum limit_state)live->limit_state};
    for (size_t i = 0; i < LIMIT_KINDS; i++) {
        bool set = live->limit_mask >> i & 1;
        const struct limits_entry *limits = set ? state_read(&points->limit_rows, point) : NULL;
        ret_view->limits[i] = set ? limits->limits[i] : (double)NAN;
    }
    settings_into_view(points, entry->settings, ret_view);
    if (!(entry->flags & POINT_LABELED) && row_has_labels(points, entry->row))
        ret_view->label_count = row_labels_get(points, entry->row, ret_view->labels);
}
