/* Which rules stand on a point. Rules for paths and types are found by hashes. Patterns are kept by
 * the levels that they begin with, spelled out, and by their last level if that is spelled out too:
 * a path asks twice for each of its beginnings, and compares with those alone that may match. All
 * of this is derived from the rules. */
#include "model/alarms/tables.h"

#include <stdlib.h>
#include <string.h>

#define RANK_POINT 0u
#define RANK_PATTERN 0x1000u
#define RANK_TYPE 0x10000u
#define COMPARED_WHOLE 8 /* what comparing a whole pattern costs of comparing its key */
#define HASH_PATH UINT64_C(0x70617468)
#define HASH_PATTERN UINT64_C(0x70617474)
#define HASH_TYPE UINT64_C(0x74797065)

/* ---- where a rule is looked up -----------------------------------------------------------------
 */
static uint64_t path_hash(uint32_t tenant, struct bytes path)
{
    return hash64(path.at, path.size, HASH_PATH << 32 | tenant);
}

static uint64_t type_hash(uint32_t type, struct bytes metric)
{
    return hash64(metric.at, metric.size, HASH_TYPE << 32 | type);
}

static uint64_t beginning_hash(uint32_t tenant, struct bytes beginning, struct bytes last)
{
    uint64_t seed = hash64(beginning.at, beginning.size, HASH_PATTERN << 32 | tenant);
    return last.size == 0 ? seed : hash64(last.at, last.size, seed);
}

static bool level_is_spelled(const struct pattern *pattern, unsigned level)
{
    struct bytes name = pattern_segment(pattern, level);
    for (size_t i = 0; i < name.size; i++)
        if (memchr("+*?", name.at[i], 3) != NULL)
            return false;
    return true;
}

/* More levels spelled out first, then more levels. */
static uint32_t pattern_rank(const struct pattern *pattern)
{
    uint32_t spelled = 0;
    for (unsigned i = 0; i < pattern->depth; i++)
        spelled += level_is_spelled(pattern, i);
    return RANK_PATTERN + (PATH_DEPTH_MAX - spelled) * 64 +
           (PATH_DEPTH_MAX - (uint32_t)pattern->depth) * 2 + pattern->rest;
}

static unsigned pattern_beginning(const struct pattern *pattern, struct bytes *ret_beginning)
{
    unsigned levels = 0;
    size_t size = 0;
    while (levels < pattern->depth && level_is_spelled(pattern, levels)) {
        size += (levels > 0) + pattern_segment(pattern, levels).size;
        levels++;
    }
    *ret_beginning = bytes_of(pattern->text, size);
    return levels;
}

static uint64_t level_bit(unsigned level, struct bytes name)
{
    return UINT64_C(1) << (hash64(name.at, name.size, level) & 63);
}

static uint64_t pattern_levels(const struct pattern *pattern)
{
    uint64_t levels = 0;
    for (unsigned i = 0; i < pattern->depth; i++)
        if (level_is_spelled(pattern, i))
            levels |= level_bit(i, pattern_segment(pattern, i));
    return levels;
}

static uint64_t path_levels(struct bytes path)
{
    uint64_t levels = 0;
    unsigned level = 0;
    for (size_t at = 0, end = 0; end <= path.size; end++) {
        if (end != path.size && path.at[end] != '/')
            continue;
        levels |= level_bit(level++, bytes_of(path.at + at, end - at));
        at = end + 1;
    }
    return levels;
}

static uint64_t pattern_hash(const struct pattern *pattern, uint32_t tenant, unsigned *ret_levels)
{
    struct bytes beginning, last = bytes_of("", 0);
    *ret_levels = pattern_beginning(pattern, &beginning);
    if (!pattern->rest && *ret_levels < pattern->depth &&
        level_is_spelled(pattern, pattern->depth - 1u))
        last = pattern_segment(pattern, pattern->depth - 1u);
    return beginning_hash(tenant, beginning, last);
}

/* ---- patterns ----------------------------------------------------------------------------------
 */
static enum err slot_take(struct alarms *alarms, uint32_t *ret_slot)
{
    for (uint32_t slot = alarms->pattern_free; slot < alarms->pattern_slots; slot++) {
        if (alarms->patterns[slot] != NULL)
            continue;
        alarms->pattern_free = slot;
        *ret_slot = slot;
        return OK;
    }
    uint32_t slots = alarms->pattern_slots == 0 ? 64 : alarms->pattern_slots * 2;
    struct pattern_key *keys = realloc(alarms->pattern_keys, slots * sizeof *keys);
    if (keys == NULL)
        return ERR_NO_MEMORY;
    alarms->pattern_keys = keys;
    struct compiled **wider = realloc(alarms->patterns, slots * sizeof *wider);
    if (wider == NULL)
        return ERR_NO_MEMORY;
    memset(wider + alarms->pattern_slots, 0, (slots - alarms->pattern_slots) * sizeof *wider);
    *ret_slot = alarms->pattern_free = alarms->pattern_slots;
    alarms->patterns = wider;
    alarms->pattern_slots = slots;
    return OK;
}

static enum err pattern_put(struct alarms *alarms, uint32_t rule)
{
    uint32_t slot;
    unsigned levels;
    enum err err = slot_take(alarms, &slot);
    struct compiled *compiled = err == OK ? calloc(1, sizeof *compiled) : NULL;
    if (compiled == NULL)
        return ERR_NO_MEMORY;
    const char *fault =
        pattern_parse(alarms_rule_text(alarms, rule, RULE_TAG_PATH), &compiled->pattern);
    check(fault == NULL); /* the rule was judged */
    compiled->rule = rule;
    compiled->rank = pattern_rank(&compiled->pattern);
    const struct pattern_key key = {
        pattern_hash(&compiled->pattern, rule_at(alarms, rule)->tenant, &levels),
        pattern_levels(&compiled->pattern)};
    err = index_insert(alarms->patterns_of, key.hash, slot);
    if (err != OK) {
        free(compiled);
        return err;
    }
    alarms->patterns[slot] = compiled;
    alarms->pattern_keys[slot] = key;
    alarms->depths |= UINT32_C(1) << levels;
    return OK;
}

static enum err pattern_take(struct alarms *alarms, uint32_t rule)
{
    struct pattern pattern;
    unsigned levels;
    const char *fault = pattern_parse(alarms_rule_text(alarms, rule, RULE_TAG_PATH), &pattern);
    check(fault == NULL);
    uint64_t hash = pattern_hash(&pattern, rule_at(alarms, rule)->tenant, &levels);
    struct index_probe probe;
    uint32_t slot = index_first(alarms->patterns_of, &probe, hash);
    while (slot != INDEX_NONE && alarms->patterns[slot]->rule != rule)
        slot = index_next(alarms->patterns_of, &probe);
    check(slot != INDEX_NONE);
    enum err err = index_remove(alarms->patterns_of, hash, slot);
    if (err != OK)
        return err;
    free(alarms->patterns[slot]);
    alarms->patterns[slot] = NULL;
    if (slot < alarms->pattern_free)
        alarms->pattern_free = slot;
    return OK;
}

void alarms_standing_done(struct alarms *alarms)
{
    for (uint32_t slot = 0; slot < alarms->pattern_slots; slot++)
        free(alarms->patterns[slot]);
    free(alarms->patterns);
    free(alarms->pattern_keys);
    alarms->patterns = NULL;
    alarms->pattern_keys = NULL;
    alarms->pattern_slots = alarms->pattern_free = 0;
    alarms->depths = 0;
}

static uint64_t rule_hash(const struct alarms *alarms, uint32_t rule)
{
    const struct rule_entry *entry = rule_at(alarms, rule);
    if (entry->on == RULE_ON_POINT)
        return path_hash(entry->tenant, alarms_rule_text(alarms, rule, RULE_TAG_PATH));
    return type_hash(entry->type, alarms_rule_text(alarms, rule, RULE_TAG_METRIC));
}

enum err alarms_standing_put(struct alarms *alarms, uint32_t rule)
{
    switch (rule_at(alarms, rule)->on) {
    case RULE_ON_POINT:
        return index_insert(alarms->rule_paths, rule_hash(alarms, rule), rule);
    case RULE_ON_PATTERN:
        return pattern_put(alarms, rule);
    case RULE_ON_TYPE:
        return index_insert(alarms->rule_types, rule_hash(alarms, rule), rule);
    default:
        return OK;
    }
}

enum err alarms_standing_take(struct alarms *alarms, uint32_t rule)
{
    switch (rule_at(alarms, rule)->on) {
    case RULE_ON_POINT:
        return index_remove(alarms->rule_paths, rule_hash(alarms, rule), rule);
    case RULE_ON_PATTERN:
        return pattern_take(alarms, rule);
    case RULE_ON_TYPE:
        return index_remove(alarms->rule_types, rule_hash(alarms, rule), rule);
    default:
        return OK;
    }
}

/* ---- what stands on a point --------------------------------------------------------------------
 */
static void standing_take(const struct alarms *alarms, struct standing *standing, uint32_t rule,
                          uint32_t rank)
{
    uint8_t kind = rule_at(alarms, rule)->kind;
    uint32_t *held = &standing->rules[kind], *held_rank = &standing->ranks[kind];
    if (*held == 0 || rank < *held_rank || (rank == *held_rank && rule < *held)) {
        *held = rule;
        *held_rank = rank;
    }
    if (standing->all != NULL && standing->count < standing->most)
        standing->all[standing->count++] = (struct standing_one){rule, rank, kind};
}

static void standing_paths(const struct alarms *alarms, struct bytes path,
                           struct standing *standing)
{
    struct index_probe probe;
    for (uint32_t rule = index_first(alarms->rule_paths, &probe, path_hash(standing->tenant, path));
         rule != INDEX_NONE; rule = index_next(alarms->rule_paths, &probe))
        if (rule_at(alarms, rule)->tenant == standing->tenant &&
            bytes_equal(alarms_rule_text(alarms, rule, RULE_TAG_PATH), path))
            standing_take(alarms, standing, rule, RANK_POINT);
}

static void standing_patterns_of(const struct alarms *alarms, uint64_t hash, struct bytes path,
                                 uint64_t levels, struct standing *standing)
{
    struct index_probe probe;
    for (uint32_t slot = index_first(alarms->patterns_of, &probe, hash); slot != INDEX_NONE;
         slot = index_next(alarms->patterns_of, &probe)) {
        const struct pattern_key *key = &alarms->pattern_keys[slot];
        standing->compared++;
        if (key->hash != hash || (key->levels & ~levels) != 0)
            continue;
        const struct compiled *compiled = alarms->patterns[slot];
        standing->compared += COMPARED_WHOLE;
        if (pattern_matches(&compiled->pattern, path) &&
            rule_at(alarms, compiled->rule)->tenant == standing->tenant)
            standing_take(alarms, standing, compiled->rule, compiled->rank);
    }
}

static void standing_patterns(const struct alarms *alarms, struct bytes path,
                              struct standing *standing)
{
    size_t last_at = path.size;
    uint64_t bits = path_levels(path);
    unsigned levels = 0;
    while (last_at > 0 && path.at[last_at - 1] != '/')
        last_at--;
    struct bytes last = bytes_of(path.at + last_at, path.size - last_at);
    for (size_t end = 0; end <= path.size; end++) {
        if (end != 0 && end != path.size && path.at[end] != '/')
            continue;
        if (alarms->depths >> levels & 1) {
            struct bytes beginning = bytes_of(path.at, end);
            uint64_t hash = beginning_hash(standing->tenant, beginning, bytes_of("", 0));
            standing_patterns_of(alarms, hash, path, bits, standing);
            hash = hash64(last.at, last.size, hash);
            standing_patterns_of(alarms, hash, path, bits, standing);
        }
        levels++;
    }
}

/* ---- types -------------------------------------------------------------------------------------
 */
static void metric_read(const struct alarms *alarms, uint32_t asset, struct bytes metric,
                        struct metric_limits *found)
{
    struct sheet_cursor cursor = {0};
    struct asset_item item;
    found->mask = 0;
    while (assets_sheet_next(alarms->assets, asset, INT64_MAX, &cursor, &item)) {
        if (item.kind != ITEM_METRIC || !bytes_equal(item.name, metric))
            continue;
        for (unsigned i = 0; i < LIMIT_KINDS; i++) {
            bool set = isfinite(item.limits[i]);
            found->limits[i] = set ? item.limits[i] : 0;
            found->mask |= (uint8_t)(set << i);
        }
        return;
    }
}

/* The sheets of types are read once for each metric: what was found is good while no type of the
 * chain has a new version. */
static void metric_limits_of(const struct alarms *alarms, const struct asset_view *asset,
                             struct bytes metric, uint64_t stamp, struct standing *standing)
{
    uint64_t hash = hash64(metric.at, metric.size, asset->type);
    struct metric_limits *held = &alarms->metrics[hash % METRIC_CACHE], read;
    bool fits = metric.size <= METRIC_CACHED_MAX;
    const struct metric_limits *found = held;
    if (!fits || held->type != asset->type || held->stamp != stamp ||
        !bytes_equal(bytes_of(held->metric, held->size), metric)) {
        metric_read(alarms, asset->asset, metric, &read);
        found = &read;
        if (fits) {
            read.type = asset->type;
            read.stamp = stamp;
            read.size = (uint16_t)metric.size;
            memcpy(read.metric, metric.at, metric.size);
            *held = read;
        }
    }
    standing->limit_mask = found->mask;
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        standing->limits[i] = found->mask >> i & 1 ? found->limits[i] : 0;
}

static void standing_type(const struct alarms *alarms, uint32_t type, struct bytes metric,
                          uint32_t distance, struct standing *standing)
{
    struct index_probe probe;
    for (uint32_t rule = index_first(alarms->rule_types, &probe, type_hash(type, metric));
         rule != INDEX_NONE; rule = index_next(alarms->rule_types, &probe))
        if (rule_at(alarms, rule)->type == type &&
            rule_at(alarms, rule)->tenant == standing->tenant &&
            bytes_equal(alarms_rule_text(alarms, rule, RULE_TAG_METRIC), metric))
            standing_take(alarms, standing, rule, RANK_TYPE + distance);
}

static void standing_types(const struct alarms *alarms, uint32_t point, struct standing *standing)
{
    struct bytes metric;
    struct asset_view asset;
    struct type_view view;
    uint32_t number = assets_of_point(alarms->assets, point, &metric);
    if (number == ASSET_NONE)
        return;
    assets_asset(alarms->assets, number, &asset);
    uint64_t stamp = 0;
    uint32_t type = asset.type;
    for (uint32_t distance = 0; type != TYPE_NONE && distance < ASSET_DEPTH_MAX; distance++) {
        standing_type(alarms, type, metric, distance, standing);
        assets_type(alarms->assets, type, &view);
        stamp = stamp * UINT64_C(0x9e3779b97f4a7c15) + ((uint64_t)type << 32 | view.version);
        type = view.parent;
    }
    if (asset.type != TYPE_NONE)
        metric_limits_of(alarms, &asset, metric, stamp, standing);
}

static bool point_is_retired(const struct alarms *alarms, uint32_t point)
{
    struct point_view view;
    if (points_in_row(alarms->points, point))
        return false;
    points_view(alarms->points, point, &view);
    return view.retired;
}

void alarms_standing(const struct alarms *alarms, uint32_t point, struct standing *standing)
{
    uint8_t path[PATH_MAX_BYTES];
    struct point_row row;
    points_row(alarms->points, points_row_of(alarms->points, point), &row);
    memset(standing->rules, 0, sizeof standing->rules);
    memset(standing->limits, 0, sizeof standing->limits);
    standing->limit_mask = 0;
    standing->compared = 0;
    standing->tenant = row.tenant;
    standing->retired = point_is_retired(alarms, point);
    if (standing->retired)
        return;
    const struct tenant_entry *own = alarms_tenant_at(alarms, row.tenant);
    if (own != NULL && own->rules > 0) {
        struct bytes whole = bytes_of(path, points_path(alarms->points, point, path));
        standing_paths(alarms, whole, standing);
        if (own->patterns > 0)
            standing_patterns(alarms, whole, standing);
    }
    if (assets_count(alarms->assets) > 0)
        standing_types(alarms, point, standing);
}

/* ---- for whoever asks --------------------------------------------------------------------------
 */
static int one_compare(const void *a, const void *b)
{
    const struct standing_one *left = a, *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    return left->rule < right->rule ? -1 : left->rule > right->rule;
}

size_t alarms_rules_of(const struct alarms *alarms, uint32_t point, bool all,
                       struct rule_standing *rules, size_t most)
{
    struct standing_one ones[256];
    struct standing standing = {.all = ones, .most = ARRAY_COUNT(ones)};
    size_t count = 0;
    alarms_standing(alarms, point, &standing);
    qsort(ones, standing.count, sizeof ones[0], one_compare);
    for (size_t i = 0; i < standing.count && count < most; i++) {
        bool wins = standing.rules[ones[i].kind] == ones[i].rule;
        if (wins || all)
            rules[count++] = (struct rule_standing){ones[i].rule, wins};
    }
    return count;
}
