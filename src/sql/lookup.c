/* Which points fit a filter, a batch at a time, on the engine's thread: candidates come from a list
 * of ids or paths, from the trees of the tenants, or are all points by their ids; each is judged by
 * all the filter says, and by what who asks sees: nothing else leaves this file. Work is bounded by
 * time; the place is kept between two pieces.
 *
 * Paths of other tenants are "@name/path" for all that is asked and told. What stands behind a
 * pattern's literal beginning says which tenants' trees need not be looked at. */
#include "sql/room.h"

#include "sql/glob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANDIDATES_A_LOOK 16 /* judged between two looks at the clock */
#define NODES_A_LOOK 64
#define TREES_SHARE                                                                                \
    4 /* all ids are gone through when the trees hold more than 1/4 of the points                  \
       */

/* ---- life ------------------------------------------------------------------------------------
 */
static int id_compare(const void *a, const void *b)
{
    uint32_t x = load_u32(a), y = load_u32(b);
    return (x > y) - (x < y);
}

static int path_compare(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

static enum err lookup_read_points(struct lookup *lookup)
{
    uint32_t count = lookup->filter.point_count, kept = 0;
    lookup->points = malloc((size_t)count * sizeof *lookup->points + 1);
    if (lookup->points == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        lookup->points[i] = load_u32(lookup->filter.points.at + (size_t)i * 4);
    qsort(lookup->points, count, sizeof *lookup->points, id_compare);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || lookup->points[i] != lookup->points[kept - 1])
            lookup->points[kept++] = lookup->points[i];
    lookup->point_count = kept;
    return OK;
}

static enum err lookup_read_paths(struct lookup *lookup)
{
    uint32_t count = lookup->filter.path_count, kept = 0;
    struct frame_reader reader = frame_read(lookup->filter.paths);
    lookup->paths = malloc((size_t)count * sizeof *lookup->paths + 1);
    if (lookup->paths == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        lookup->paths[i] = frame_get_text(&reader);
    qsort(lookup->paths, count, sizeof *lookup->paths, path_compare);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || !bytes_equal(lookup->paths[i], lookup->paths[kept - 1]))
            lookup->paths[kept++] = lookup->paths[i];
    lookup->path_count = kept;
    return OK;
}

/* The branch of a tree that a pattern of SQL stays in, behind what its first `behind` bytes say, as
 * a pattern of the tree that lets a little more through. False: it may match anywhere in it. */
static bool prefix_pattern(struct bytes text, bool like, size_t behind, struct pattern *ret_pattern)
{
    uint8_t wanted[PATTERN_BYTES_MAX];
    size_t size = glob_prefix(text, like);
    if (size < behind)
        return false;
    text = bytes_of(text.at + behind, text.size - behind);
    size -= behind;
    while (size > 0 && text.at[size - 1] != '/')
        size--;
    if (size < 2 || size + 2 > sizeof wanted) /* a branch has a name */
        return false;
    memcpy(wanted, text.at, size);
    wanted[size++] = '#';
    return pattern_parse(bytes_of(wanted, size), ret_pattern) == NULL;
}

/* From where candidates come: the narrowest that the filter knows. */
static enum err lookup_choose(struct lookup *lookup, char *fault)
{
    const struct sql_filter *filter = &lookup->filter;
    struct pattern pattern;
    enum err err = OK;
    lookup->source = LOOKUP_ALL;
    if (filter->by_match) {
        const char *wrong =
            pattern_parse(query_sight_path(lookup->sight, filter->match), &lookup->match);
        if (wrong != NULL) {
            snprintf(fault, 160, "match is no pattern of paths: %s", wrong);
            return ERR_INVALID;
        }
    }
    if (filter->by_point && err == OK)
        err = lookup_read_points(lookup);
    if (filter->by_path && err == OK)
        err = lookup_read_paths(lookup);
    if (err != OK)
        return err;
    if (filter->by_point)
        lookup->source = LOOKUP_POINTS;
    else if (filter->by_retired && filter->retired)
        lookup->source = LOOKUP_ALL; /* they have left the tree, and their paths are free */
    else if (filter->by_path)
        lookup->source = LOOKUP_PATHS;
    else if (filter->by_match ||
             (filter->by_glob && prefix_pattern(filter->glob, false, 0, &pattern)) ||
             (filter->by_like && prefix_pattern(filter->like, true, 0, &pattern)))
        lookup->source = LOOKUP_SEARCH;
    return err;
}

enum err lookup_create(struct bytes body, struct query_sight *sight, struct lookup **ret_lookup,
                       char *fault)
{
    struct frame_reader reader;
    fault[0] = '\0';
    struct lookup *lookup = calloc(1, sizeof *lookup);
    uint8_t *copy = malloc(body.size + 1);
    if (lookup == NULL || copy == NULL) {
        free(lookup);
        free(copy);
        return ERR_NO_MEMORY;
    }
    memcpy(copy, body.at, body.size);
    lookup->body = copy;
    lookup->size = body.size;
    lookup->sight = sight;
    json_writer_init(&lookup->labels, 0);
    reader = frame_read(bytes_of(copy, body.size));
    enum err err =
        filter_get(&reader, &lookup->filter) ? lookup_choose(lookup, fault) : ERR_CORRUPT;
    if (err == OK)
        *ret_lookup = lookup;
    else
        lookup_destroy(lookup);
    return err;
}

void lookup_destroy(struct lookup *lookup)
{
    if (lookup == NULL)
        return;
    json_writer_done(&lookup->labels);
    frame_writer_done(&lookup->texts);
    free(lookup->points);
    free(lookup->paths);
    free(lookup->body);
    free(lookup);
}

void lookup_clear(struct lookup *lookup)
{
    lookup->found_count = 0;
    lookup->row_count = 0;
    lookup->texts.size = 0;
}

/* ---- judging ---------------------------------------------------------------------------------
 */
/* A name may hold a colon itself: "name:value" is compared in one piece. */
static bool label_fits(const struct label *label, struct bytes wanted)
{
    size_t name = label->name.size;
    if (wanted.size < name || memcmp(wanted.at, label->name.at, name) != 0)
        return false;
    return wanted.size == name ||
           (wanted.at[name] == ':' &&
            bytes_equal(bytes_of(wanted.at + name + 1, wanted.size - name - 1), label->value));
}

static bool labels_fit(const struct point_view *view, struct bytes wanted)
{
    for (size_t i = 0; i < view->label_count; i++)
        if (label_fits(&view->labels[i], wanted))
            return true;
    return false;
}

/* Retired points are found by their number, or where they are asked for. */
static bool retired_fits(const struct sql_filter *filter, bool retired)
{
    if (filter->by_retired)
        return retired == filter->retired;
    return !retired || filter->by_point;
}

static bool match_is_of(const struct lookup *lookup, uint32_t tenant)
{
    if (lookup->match_whose == QUERY_OF_ONE)
        return tenant == lookup->match_tenant;
    return lookup->match_whose == QUERY_OF_OTHERS && tenant != query_sight_tenant(lookup->sight);
}

/* path: as he who asks names it, with the place's prefix. */
static bool lookup_fits(const struct lookup *lookup, const struct query_place *place,
                        const struct point_view *view, struct bytes path)
{
    const struct sql_filter *filter = &lookup->filter;
    size_t prefix = place->prefix.size;
    struct bytes own = bytes_of(path.at + prefix, path.size - prefix);
    if (own.size == 0 || own.at[0] == '$' || !query_place_sees(place, own) ||
        !retired_fits(filter, view->retired))
        return false;
    if (filter->by_path &&
        (lookup->path_count == 0 || bsearch(&path, lookup->paths, lookup->path_count,
                                            sizeof *lookup->paths, path_compare) == NULL))
        return false;
    return (!filter->by_match ||
            (match_is_of(lookup, place->tenant) && pattern_matches(&lookup->match, own))) &&
           (!filter->by_glob || glob_passes(filter->glob, false, path)) &&
           (!filter->by_like || glob_passes(filter->like, true, path)) &&
           (!filter->by_label || labels_fit(view, filter->label));
}

/* ---- what is told of a point -----------------------------------------------------------------
 */
static struct bytes labels_text(struct lookup *lookup, const struct point_view *view)
{
    json_writer_clear(&lookup->labels);
    json_put_object(&lookup->labels);
    for (size_t i = 0; i < view->label_count; i++) {
        json_put_name_bytes(&lookup->labels, view->labels[i].name);
        json_put_string(&lookup->labels, view->labels[i].value);
    }
    json_put_object_end(&lookup->labels);
    if (json_writer_failed(&lookup->labels))
        lookup->err = ERR_NO_MEMORY;
    return json_writer_text(&lookup->labels);
}

static void put_wanted(struct lookup *lookup, unsigned column, struct bytes text)
{
    if (column_wanted(&lookup->filter, column))
        frame_put_words(&lookup->texts, text);
    else
        frame_put_null(&lookup->texts);
}

static void put_labels(struct lookup *lookup, unsigned column, const struct point_view *view)
{
    if (column_wanted(&lookup->filter, column))
        frame_put_words(&lookup->texts, labels_text(lookup, view));
    else
        frame_put_null(&lookup->texts);
}

static void put_levels(struct lookup *lookup, struct bytes path)
{
    size_t at = 0;
    for (unsigned level = 0; level < POINTS_RETIRED - POINTS_LEVEL1; level++) {
        if (at > path.size) {
            frame_put_null(&lookup->texts);
            continue;
        }
        const uint8_t *slash = at < path.size ? memchr(path.at + at, '/', path.size - at) : NULL;
        size_t end = slash != NULL ? (size_t)(slash - path.at) : path.size;
        put_wanted(lookup, POINTS_LEVEL1 + level, bytes_of(path.at + at, end - at));
        at = end + 1;
    }
}

static struct bytes name_bytes(const char *name)
{
    return bytes_text(name != NULL ? name : "unknown");
}

static void put_tenant(struct lookup *lookup, unsigned column, const struct query_place *place)
{
    if (place->name.size > 0)
        put_wanted(lookup, column, place->name);
    else
        frame_put_null(&lookup->texts);
}

static void put_point(struct lookup *lookup, const struct query_place *place,
                      const struct point_view *view, struct bytes path)
{
    frame_put_integer(&lookup->texts, view->point);
    put_wanted(lookup, POINTS_PATH, path);
    put_wanted(lookup, POINTS_TYPE, name_bytes(value_type_name(view->value.type)));
    put_wanted(lookup, POINTS_UNIT, view->unit);
    put_wanted(lookup, POINTS_DESCRIPTION, view->description);
    put_labels(lookup, POINTS_LABELS, view);
    put_levels(lookup, path);
    frame_put_integer(&lookup->texts, view->retired);
    put_tenant(lookup, POINTS_TENANT, place);
}

static void put_time(struct frame_writer *writer, int64_t time_ns)
{
    if (time_ns != 0)
        frame_put_integer(writer, time_ns);
    else
        frame_put_null(writer);
}

static void put_live(struct lookup *lookup, const struct query_place *place,
                     const struct point_view *view, struct bytes path)
{
    static const char *const states[] = {
        [LIMIT_STATE_NONE] = "none", [LIMIT_STATE_LOW_LOW] = "low_low",
        [LIMIT_STATE_LOW] = "low",   [LIMIT_STATE_NORMAL] = "normal",
        [LIMIT_STATE_HIGH] = "high", [LIMIT_STATE_HIGH_HIGH] = "high_high"};
    struct frame_writer *writer = &lookup->texts;
    const struct value *value = &view->value;
    bool present = value->present && view->time_ns != 0;
    frame_put_integer(writer, view->point);
    put_wanted(lookup, LIVE_PATH, path);
    put_time(writer, view->time_ns);
    if (!present || value->type == VALUE_STRING)
        frame_put_null(writer);
    else if (value->type == VALUE_FLOAT64)
        frame_put_real(writer, value_real(value));
    else
        frame_put_integer(writer, value->number);
    if (present && value->type == VALUE_STRING)
        frame_put_words(writer, value->text);
    else
        frame_put_null(writer);
    if (view->time_ns != 0)
        frame_put_words(writer, name_bytes(quality_name(value->quality)));
    else
        frame_put_null(writer);
    frame_put_words(writer, name_bytes(states[view->limit_state]));
    put_time(writer, view->arrival_ns);
    put_tenant(lookup, LIVE_TENANT, place);
    put_labels(lookup, LIVE_LABELS, view);
}

static void put_found(struct lookup *lookup, const struct sql_config *config,
                      const struct point_view *view, struct bytes path)
{
    struct found *found = &lookup->found[lookup->found_count++];
    struct point_row row;
    points_row(config->points, view->row, &row);
    *found = (struct found){.point = view->point,
                            .row = view->row,
                            .column = (uint16_t)(view->point - row.shape.first_point),
                            .type = view->value.type,
                            .path_at = (uint32_t)lookup->texts.size,
                            .path_size = (uint32_t)path.size};
    frame_put_bytes(&lookup->texts, path.at, path.size);
    unsigned column = lookup->filter.table == SQL_SAMPLES ? SAMPLES_LABELS : BUCKETS_LABELS;
    if (!column_wanted(&lookup->filter, column))
        return;
    struct bytes labels = labels_text(lookup, view);
    found->labels_at = (uint32_t)lookup->texts.size;
    found->labels_size = (uint32_t)labels.size;
    frame_put_bytes(&lookup->texts, labels.at, labels.size);
}

/* ---- candidates --------------------------------------------------------------------------------
 */
static bool lookup_is_full(const struct lookup *lookup)
{
    return lookup->err != OK || lookup->found_count == LOOKUP_FOUND ||
           lookup->texts.size >= LOOKUP_BYTES;
}

static void lookup_judge(struct lookup *lookup, const struct sql_config *config, uint32_t point)
{
    struct point_view view;
    uint8_t text[QUERY_PREFIX_MAX + PATH_MAX_BYTES];
    points_view(config->points, point, &view);
    const struct query_place *place = query_sight_of(lookup->sight, view.tenant);
    if (place == NULL)
        return;
    size_t prefix = place->prefix.size;
    if (prefix > 0)
        memcpy(text, place->prefix.at, prefix);
    struct bytes path = bytes_of(text, prefix + points_path(config->points, point, text + prefix));
    if (!lookup_fits(lookup, place, &view, path))
        return;
    switch (lookup->filter.table) {
    case SQL_POINTS:
        put_point(lookup, place, &view, path);
        lookup->row_count++;
        break;
    case SQL_LIVE:
        put_live(lookup, place, &view, path);
        lookup->row_count++;
        break;
    default:
        put_found(lookup, config, &view, path);
    }
    if (lookup->texts.failed)
        lookup->err = ERR_NO_MEMORY;
}

struct judging {
    struct lookup *lookup;
    const struct sql_config *config;
};

static bool lookup_each(void *arg, uint32_t point)
{
    const struct judging *judging = arg;
    lookup_judge(judging->lookup, judging->config, point);
    return !lookup_is_full(judging->lookup);
}

/* Can paths that begin so match the pattern of SQL? */
static bool prefix_passes(struct bytes pattern, bool like, struct bytes prefix)
{
    size_t size = glob_prefix(pattern, like);
    size = size < prefix.size ? size : prefix.size;
    return size == 0 || memcmp(pattern.at, prefix.at, size) == 0;
}

/* What is to be searched in the tree of a tenant; false: nothing. */
static bool tree_pattern(const struct lookup *lookup, const struct query_place *place,
                         struct pattern *ret_pattern)
{
    const struct sql_filter *filter = &lookup->filter;
    size_t behind = place->prefix.size;
    if ((filter->by_match && !match_is_of(lookup, place->tenant)) ||
        (filter->by_glob && !prefix_passes(filter->glob, false, place->prefix)) ||
        (filter->by_like && !prefix_passes(filter->like, true, place->prefix)))
        return false;
    if (filter->by_match)
        *ret_pattern = lookup->match;
    else if (!(filter->by_glob && prefix_pattern(filter->glob, false, behind, ret_pattern)) &&
             !(filter->by_like && prefix_pattern(filter->like, true, behind, ret_pattern)))
        check(pattern_parse(bytes_text("#"), ret_pattern) == NULL);
    return true;
}

/* The next tenant's tree; none is left: over. */
static void search_next(struct lookup *lookup)
{
    struct pattern pattern;
    uint32_t count = 0, at = lookup->tenant_at++, tenant = query_sight_tenant(lookup->sight);
    if (at > 0) {
        const uint32_t *others = query_sight_others(lookup->sight, &count);
        if (at > count) {
            lookup->over = true;
            return;
        }
        tenant = others[at - 1];
    }
    const struct query_place *place = query_sight_of(lookup->sight, tenant);
    if (place == NULL || !tree_pattern(lookup, place, &pattern))
        return;
    lookup->err =
        namespace_search_begin(&lookup->search, tenant, &pattern, bytes_of("", 0), bytes_of("", 0));
    lookup->searching = lookup->err == OK;
}

/* False: the tree has not yet all points that there were when the question came. */
static bool lookup_search(struct lookup *lookup, const struct sql_config *config)
{
    struct judging judging = {lookup, config};
    if (namespace_entered(config->space) < lookup->entered)
        return false;
    if (lookup->searching)
        lookup->searching = namespace_search_step(config->space, &lookup->search, NODES_A_LOOK,
                                                  lookup_each, &judging, NULL);
    else
        search_next(lookup);
    return true;
}

static uint32_t path_point(struct lookup *lookup, const struct sql_config *config,
                           struct bytes path)
{
    uint32_t tenant;
    struct bytes own;
    if (query_sight_resolve(lookup->sight, path, &tenant, &own) != QUERY_OF_ONE)
        return POINT_NONE;
    if (tenant == query_sight_tenant(lookup->sight) && own.size < path.size)
        return POINT_NONE; /* "@name/" of his own: his paths are told without */
    return points_find(config->points, tenant, own);
}

/* The next candidate of a list, or by id; POINT_NONE: this one is none. */
static uint32_t lookup_next(struct lookup *lookup, const struct sql_config *config)
{
    uint32_t count = points_count(config->points), point;
    switch (lookup->source) {
    case LOOKUP_POINTS:
        point = lookup->at < lookup->point_count ? lookup->points[lookup->at++] : POINT_NONE;
        lookup->over = lookup->at == lookup->point_count;
        return point <= count ? point : POINT_NONE;
    case LOOKUP_PATHS:
        point = lookup->at < lookup->path_count
                    ? path_point(lookup, config, lookup->paths[lookup->at++])
                    : POINT_NONE;
        lookup->over = lookup->at == lookup->path_count;
        return point;
    default:
        point = lookup->at < count ? ++lookup->at : POINT_NONE;
        lookup->over = lookup->at >= count;
        return point;
    }
}

/* Whoever sees a few of the points needs not go through all of them; in the order of their ids
 * they only come so. */
static bool trees_are_less(struct lookup *lookup, const struct sql_config *config)
{
    const struct sql_filter *filter = &lookup->filter;
    uint64_t seen = 0;
    struct namespace_node root;
    uint32_t count, tenant = query_sight_tenant(lookup->sight);
    if (filter->order != SQL_ORDER_NONE || (filter->by_retired && filter->retired))
        return false;
    const uint32_t *others = query_sight_others(lookup->sight, &count);
    for (uint32_t i = 0; i <= count; i++) {
        namespace_node(config->space,
                       namespace_root(config->space, i == 0 ? tenant : others[i - 1]), &root);
        seen += root.count;
    }
    return seen < points_count(config->points) / TREES_SHARE;
}

static void lookup_begin(struct lookup *lookup, const struct sql_config *config)
{
    struct bytes path;
    lookup->began = true;
    lookup->entered = points_count(config->points);
    lookup->match_whose =
        query_sight_resolve(lookup->sight, lookup->filter.match, &lookup->match_tenant, &path);
    if (lookup->source == LOOKUP_ALL && trees_are_less(lookup, config))
        lookup->source = LOOKUP_SEARCH;
}

bool lookup_step(struct lookup *lookup, const struct sql_config *config, int64_t until_ns)
{
    if (sql_table_is_of_module(lookup->filter.table))
        return module_step(lookup, config, until_ns);
    if (!lookup->began)
        lookup_begin(lookup, config);
    while (!lookup->over && !lookup_is_full(lookup)) {
        if (lookup->source == LOOKUP_SEARCH) {
            if (!lookup_search(lookup, config))
                return false;
        } else {
            for (unsigned i = 0; i < CANDIDATES_A_LOOK && !lookup->over && !lookup_is_full(lookup);
                 i++) {
                uint32_t point = lookup_next(lookup, config);
                if (point != POINT_NONE)
                    lookup_judge(lookup, config, point);
            }
        }
        if (query_sight_failed(lookup->sight))
            lookup->err = ERR_NO_MEMORY;
        if (config->clock->boot_ns(config->clock) >= until_ns)
            break;
    }
    return lookup->over || lookup_is_full(lookup);
}
