/* Which points a question is about. First the named ones, then the patterns through the search of
 * the namespace, a bounded piece a step; then all are sorted by row, each once, and their paths are
 * copied: the rest happens on another thread, which may not look at the points.
 *
 * What is not seen is left out where it is found: it counts for no limit, and costs no place. */
#include "query/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_NODES 512 /* of the namespace looked at in a step */
#define STEP_NAMED 128 /* paths and ids found in a step */
#define STEP_FILLED 64 /* points whose path is copied in a step */
#define SORT_BITS 11
#define SORT_DIGITS ((size_t)1 << SORT_BITS)
#define SLAB_BYTES ((size_t)64 << 10)

struct slab { /* of text: never moves */
    struct slab *next;
    size_t used, capacity;
    uint8_t at[];
};
struct named { /* a path or a point as it was asked for */
    struct bytes text, path;
    uint32_t tenant, point;
};
struct match {
    struct bytes text; /* behind the tenant's name */
    enum query_whose whose;
    uint32_t tenant;
};
enum phase { PHASE_NAMED, PHASE_SEARCH, PHASE_SORT, PHASE_FILL, PHASE_DONE };
struct query_selection {
    struct namespace *space;
    struct points *points;
    struct query_sight *sight; /* until all are chosen */
    uint32_t tenant, most;
    enum phase phase;
    struct named *named;
    size_t named_count, named_at;
    struct match *matches;
    size_t match_count, match_at;
    uint32_t other_at; /* of the others' tenants, in the match */
    struct label labels[QUERY_TERMS_MAX];
    size_t label_count;
    struct bytes group;
    const struct history *history;
    bool live;
    bool searching;
    struct namespace_search search;
    const struct query_place *place; /* that is searched */
    uint32_t *found;                 /* points; sorted later */
    size_t found_count, found_capacity;
    unsigned sorted_bits;
    struct query_point *chosen;
    size_t chosen_count;
    struct bytes *unknown;
    size_t unknown_count;
    struct slab *slabs;
    size_t bytes; /* of memory */
    enum err err; /* the first failure stays */
};

/* ---- text -------------------------------------------------------------------------------------
 */
/* Copies text; at NULL: no memory. */
static struct bytes text_keep(struct query_selection *selection, struct bytes text)
{
    struct slab *slab = selection->slabs;
    if (slab == NULL || slab->capacity - slab->used < text.size) {
        size_t capacity = text.size > SLAB_BYTES ? text.size : SLAB_BYTES;
        if (slab == NULL && text.size < 1024)
            capacity = 1024; /* most questions are about one point */
        slab = malloc(sizeof *slab + capacity);
        if (slab == NULL)
            return bytes_of(NULL, 0);
        *slab = (struct slab){.next = selection->slabs, .capacity = capacity};
        selection->slabs = slab;
        selection->bytes += sizeof *slab + capacity;
    }
    uint8_t *at = slab->at + slab->used;
    if (text.size > 0)
        memcpy(at, text.at, text.size);
    slab->used += text.size;
    return bytes_of(at, text.size);
}

static bool text_keep_to(struct query_selection *selection, struct bytes from, struct bytes *to)
{
    *to = text_keep(selection, from);
    return to->at != NULL;
}

/* ---- life -------------------------------------------------------------------------------------
 */
static const char *filter_fault(const struct query_filter *filter, char fault[256])
{
    struct pattern pattern;
    if (filter->path_count + filter->point_count + filter->match_count + filter->label_count == 0)
        return "which points? path, point, match or label is wanted";
    if (filter->match_count > QUERY_TERMS_MAX || filter->label_count > QUERY_TERMS_MAX)
        return "match and label may stand 64 times each";
    for (size_t i = 0; i < filter->match_count; i++) {
        const char *why =
            pattern_parse(query_sight_path(filter->sight, filter->matches[i]), &pattern);
        if (why == NULL)
            continue;
        int size = filter->matches[i].size < 80 ? (int)filter->matches[i].size : 80;
        snprintf(fault, 256, "\"%.*s\" is no pattern of paths: %s", size,
                 (const char *)filter->matches[i].at, why);
        return fault;
    }
    return NULL;
}

static bool paths_copy(struct query_selection *selection, const struct query_filter *filter)
{
    for (size_t i = 0; i < filter->path_count; i++) {
        struct named *named = &selection->named[i];
        if (!text_keep_to(selection, filter->paths[i], &named->text))
            return false;
        enum query_whose whose =
            query_sight_resolve(selection->sight, named->text, &named->tenant, &named->path);
        if (whose != QUERY_OF_ONE)
            named->tenant = 0; /* nobody's: "@+/a" names no path */
    }
    return true;
}

static bool matches_copy(struct query_selection *selection, const struct bytes *matches)
{
    for (size_t i = 0; i < selection->match_count; i++) {
        struct match *match = &selection->matches[i];
        struct bytes text;
        match->whose = query_sight_resolve(selection->sight, matches[i], &match->tenant, &text);
        if (!text_keep_to(selection, text, &match->text))
            return false;
    }
    return true;
}

static bool labels_copy(struct query_selection *selection, const struct query_filter *filter)
{
    for (size_t i = 0; i < filter->label_count; i++)
        if (!text_keep_to(selection, filter->labels[i].name, &selection->labels[i].name) ||
            !text_keep_to(selection, filter->labels[i].value, &selection->labels[i].value))
            return false;
    selection->label_count = filter->label_count;
    return true;
}

static bool selection_copy(struct query_selection *selection, const struct query_filter *filter)
{
    static const struct bytes all = {(const uint8_t *)"#", 1};
    const struct bytes *matches = filter->matches;
    size_t named = filter->path_count + filter->point_count;
    selection->match_count = filter->match_count;
    if (named + filter->match_count == 0) { /* labels alone */
        matches = &all;
        selection->match_count = 1;
    }
    selection->named = calloc(named + 1, sizeof *selection->named);
    selection->matches = calloc(selection->match_count + 1, sizeof *selection->matches);
    selection->unknown = calloc(named + 1, sizeof *selection->unknown);
    if (selection->named == NULL || selection->matches == NULL || selection->unknown == NULL)
        return false;
    selection->bytes += named * (sizeof *selection->named + sizeof *selection->unknown);
    for (size_t i = 0; i < filter->point_count; i++)
        selection->named[filter->path_count + i].point = filter->points[i];
    selection->named_count = named;
    return paths_copy(selection, filter) && matches_copy(selection, matches) &&
           labels_copy(selection, filter) &&
           text_keep_to(selection, filter->group, &selection->group);
}

enum err query_selection_create(struct namespace *space, struct points *points,
                                const struct query_filter *filter,
                                struct query_selection **ret_selection, const char **ret_fault)
{
    static _Thread_local char fault[256];
    *ret_fault = filter_fault(filter, fault);
    if (*ret_fault != NULL)
        return ERR_INVALID;
    struct query_selection *selection = calloc(1, sizeof *selection);
    if (selection == NULL)
        return ERR_NO_MEMORY;
    selection->space = space;
    selection->points = points;
    selection->sight = query_sight_hold(filter->sight);
    selection->tenant = query_sight_tenant(filter->sight);
    selection->most = filter->most;
    selection->live = filter->live;
    selection->history = filter->history;
    selection->bytes = sizeof *selection;
    if (!selection_copy(selection, filter)) {
        query_selection_destroy(selection);
        return ERR_NO_MEMORY;
    }
    *ret_selection = selection;
    return OK;
}

void query_selection_destroy(struct query_selection *selection)
{
    if (selection == NULL)
        return;
    while (selection->slabs != NULL) {
        struct slab *slab = selection->slabs;
        selection->slabs = slab->next;
        free(slab);
    }
    query_sight_release(selection->sight);
    free(selection->named);
    free(selection->matches);
    free(selection->unknown);
    free(selection->found);
    free(selection->chosen);
    free(selection);
}

/* ---- finding ----------------------------------------------------------------------------------
 */
static bool label_holds(const struct label *wanted, const struct point_view *view)
{
    for (uint16_t i = 0; i < view->label_count; i++)
        if (bytes_equal(view->labels[i].name, wanted->name))
            return wanted->value.size == 0 || bytes_equal(view->labels[i].value, wanted->value);
    return false;
}

static bool labels_hold(const struct query_selection *selection, uint32_t point)
{
    struct point_view view;
    if (selection->label_count == 0)
        return true;
    points_view(selection->points, point, &view);
    for (size_t i = 0; i < selection->label_count; i++)
        if (!label_holds(&selection->labels[i], &view))
            return false;
    return true;
}

static bool found_add(struct query_selection *selection, uint32_t point)
{
    if (selection->found_count == selection->found_capacity) {
        size_t capacity = selection->found_capacity > 0 ? selection->found_capacity * 2 : 4;
        uint32_t *found = realloc(selection->found, capacity * sizeof *found);
        if (found == NULL) {
            selection->err = ERR_NO_MEMORY;
            return false;
        }
        selection->bytes += (capacity - selection->found_capacity) * sizeof *found;
        selection->found = found;
        selection->found_capacity = capacity;
    }
    selection->found[selection->found_count++] = point;
    return true;
}

static bool point_is_seen(const struct query_selection *selection, const struct query_place *place,
                          uint32_t point)
{
    uint8_t path[PATH_MAX_BYTES];
    return place->sees_all ||
           query_place_sees(place, bytes_of(path, points_path(selection->points, point, path)));
}

static bool found_each(void *arg, uint32_t point)
{
    struct query_selection *selection = arg;
    if (labels_hold(selection, point) && point_is_seen(selection, selection->place, point) &&
        !found_add(selection, point))
        return false;
    /* The same point by several terms counts once, but not so many can be looked at in vain. */
    if (selection->found_count >
        (size_t)selection->most * (selection->match_count + 1) + selection->named_count)
        selection->err = ERR_LIMIT;
    return selection->err == OK;
}

static void unknown_add(struct query_selection *selection, const struct named *named)
{
    char digits[16];
    struct bytes text = named->text;
    if (text.at == NULL) {
        int size = snprintf(digits, sizeof digits, "%u", named->point);
        text = text_keep(selection, bytes_of(digits, (size_t)size));
        if (text.at == NULL) {
            selection->err = ERR_NO_MEMORY;
            return;
        }
    }
    selection->unknown[selection->unknown_count++] = text;
}

/* A number names its point for ever: a retired one has its history still. What is not seen is not
 * there. */
static uint32_t named_find(const struct query_selection *selection, const struct named *named)
{
    struct point_view view = {.tenant = named->tenant};
    uint32_t point = named->point;
    if (named->text.at == NULL) {
        if (point == POINT_NONE || point > points_count(selection->points))
            return POINT_NONE;
        points_view(selection->points, point, &view);
    }
    const struct query_place *place = query_sight_of(selection->sight, view.tenant);
    if (place == NULL)
        return POINT_NONE;
    if (named->text.at != NULL)
        point = points_find(selection->points, view.tenant, named->path);
    return point != POINT_NONE && point_is_seen(selection, place, point) ? point : POINT_NONE;
}

static void step_named(struct query_selection *selection)
{
    for (unsigned i = 0; i < STEP_NAMED && selection->named_at < selection->named_count; i++) {
        const struct named *named = &selection->named[selection->named_at++];
        uint32_t point = named_find(selection, named);
        if (point == POINT_NONE)
            unknown_add(selection, named);
        else if (labels_hold(selection, point))
            (void)found_add(selection, point);
    }
    if (selection->named_at == selection->named_count)
        selection->phase = selection->match_count > 0 ? PHASE_SEARCH : PHASE_SORT;
}

/* The tenant that the match goes on with; 0: it was searched in all of its. */
static uint32_t match_tenant(struct query_selection *selection, const struct match *match)
{
    uint32_t count;
    if (match->whose == QUERY_OF_ONE)
        return selection->other_at == 0 ? match->tenant : 0;
    if (match->whose == QUERY_OF_NOBODY)
        return 0;
    const uint32_t *others = query_sight_others(selection->sight, &count);
    return selection->other_at < count ? others[selection->other_at] : 0;
}

static void match_next(struct query_selection *selection)
{
    selection->other_at = 0;
    if (++selection->match_at == selection->match_count)
        selection->phase = PHASE_SORT;
}

/* False: nothing is to be searched in this step any more. */
static bool search_begin(struct query_selection *selection)
{
    struct pattern pattern;
    const struct bytes none = bytes_of("", 0);
    const struct match *match = &selection->matches[selection->match_at];
    uint32_t tenant = match_tenant(selection, match);
    if (tenant == 0) {
        match_next(selection);
        return false;
    }
    selection->other_at++;
    selection->place = query_sight_of(selection->sight, tenant);
    if (selection->place == NULL)
        return false;
    const char *fault = pattern_parse(match->text, &pattern);
    check(fault == NULL); /* create looked */
    selection->err = namespace_search_begin(&selection->search, tenant, &pattern, none, none);
    selection->searching = selection->err == OK;
    return selection->searching;
}

static void step_search(struct query_selection *selection)
{
    if (!selection->searching && !search_begin(selection))
        return;
    selection->searching = namespace_search_step(selection->space, &selection->search, STEP_NODES,
                                                 found_each, selection, NULL);
}

/* ---- sorting and filling ----------------------------------------------------------------------
 */
/* Ids and rows grow together: points sorted by id are sorted by row and column. A digit of eleven
 * bits a step, from the lowest: of 100,000 points a third of a millisecond. */
static bool sort_digit(struct query_selection *selection)
{
    size_t count = selection->found_count, places[SORT_DIGITS + 1] = {0};
    unsigned shift = selection->sorted_bits;
    uint32_t *found = selection->found, *sorted = malloc((count + 1) * sizeof *sorted);
    if (sorted == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        places[(found[i] >> shift & (SORT_DIGITS - 1)) + 1]++;
    for (size_t i = 1; i < SORT_DIGITS; i++)
        places[i] += places[i - 1];
    for (size_t i = 0; i < count; i++)
        sorted[places[found[i] >> shift & (SORT_DIGITS - 1)]++] = found[i];
    free(found);
    selection->found = sorted;
    selection->found_capacity = count + 1;
    selection->sorted_bits += SORT_BITS;
    return true;
}

static void found_once(struct query_selection *selection)
{
    uint32_t *found = selection->found;
    size_t count = 0;
    for (size_t i = 0; i < selection->found_count; i++)
        if (i == 0 || found[i] != found[count - 1])
            found[count++] = found[i];
    selection->found_count = count;
}

static void step_sort(struct query_selection *selection)
{
    if (selection->found_count > 1 && selection->sorted_bits < 32) {
        if (!sort_digit(selection))
            selection->err = ERR_NO_MEMORY;
        return;
    }
    found_once(selection);
    if (selection->found_count > selection->most) {
        selection->err = ERR_LIMIT;
        return;
    }
    selection->chosen = calloc(selection->found_count + 1, sizeof *selection->chosen);
    if (selection->chosen == NULL) {
        selection->err = ERR_NO_MEMORY;
        return;
    }
    selection->bytes += selection->found_count * sizeof *selection->chosen;
    selection->phase = PHASE_FILL;
}

/* A text that the live table has no room for is shown as none: the history has it. */
static bool chosen_live(struct query_selection *selection, struct query_point *chosen,
                        const struct point_view *view)
{
    bool full = view->value.type == VALUE_STRING && !view->value.present &&
                view->value.quality == QUALITY_BAD_NO_VALUE;
    if (!selection->live || view->retired || full)
        return true;
    chosen->live_ns = view->time_ns;
    chosen->live = view->value;
    if (view->value.type == VALUE_STRING && view->value.present)
        chosen->live.text = text_keep(selection, view->value.text);
    return view->value.type != VALUE_STRING || !view->value.present || chosen->live.text.at != NULL;
}

/* With what stands before the paths of another tenant. */
static struct bytes path_keep(struct query_selection *selection, uint32_t tenant, uint32_t point)
{
    uint8_t text[QUERY_PREFIX_MAX + PATH_MAX_BYTES];
    size_t prefix = 0;
    if (tenant != selection->tenant) {
        const struct query_place *place = query_sight_of(selection->sight, tenant);
        prefix = place != NULL ? place->prefix.size : 0;
        if (prefix > 0)
            memcpy(text, place->prefix.at, prefix);
    }
    size_t size = points_path(selection->points, point, text + prefix);
    return text_keep(selection, bytes_of(text, prefix + size));
}

static bool chosen_texts(struct query_selection *selection, struct query_point *chosen)
{
    struct point_view view;
    points_view(selection->points, chosen->point, &view);
    chosen->path = path_keep(selection, view.tenant, chosen->point);
    if (chosen->path.at == NULL || !chosen_live(selection, chosen, &view))
        return false;
    if (view.unit.size > 0)
        chosen->unit = text_keep(selection, view.unit);
    for (uint16_t i = 0; i < view.label_count && selection->group.size > 0; i++)
        if (bytes_equal(view.labels[i].name, selection->group))
            chosen->label = text_keep(selection, view.labels[i].value);
    return true;
}

static uint8_t chosen_rollups(const struct query_selection *selection, uint32_t point)
{
    int64_t raw_since_ns;
    bool kept[PART_TIERS];
    uint8_t bits = 0;
    if (selection->history == NULL)
        return 0;
    history_kept(selection->history, point, &raw_since_ns, kept);
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++)
        bits = (uint8_t)(bits | kept[tier] << tier);
    return bits;
}

static void step_fill(struct query_selection *selection)
{
    for (unsigned i = 0; i < STEP_FILLED && selection->chosen_count < selection->found_count; i++) {
        struct query_point *chosen = &selection->chosen[selection->chosen_count];
        struct point_row row;
        chosen->point = selection->found[selection->chosen_count];
        chosen->row = points_row_of(selection->points, chosen->point);
        points_row(selection->points, chosen->row, &row);
        chosen->column = (uint16_t)(chosen->point - row.shape.first_point);
        chosen->rollups = chosen_rollups(selection, chosen->point);
        chosen->type = points_type(selection->points, chosen->point);
        if (!chosen_texts(selection, chosen)) {
            selection->err = ERR_NO_MEMORY;
            return;
        }
        selection->chosen_count++;
    }
    if (selection->chosen_count < selection->found_count)
        return;
    selection->phase = PHASE_DONE;
    query_sight_release(selection->sight); /* the scopes of 2,000 shares are some megabytes */
    selection->sight = NULL;
}

enum err query_selection_step(struct query_selection *selection)
{
    static void (*const steps[])(struct query_selection *) = {[PHASE_NAMED] = step_named,
                                                              [PHASE_SEARCH] = step_search,
                                                              [PHASE_SORT] = step_sort,
                                                              [PHASE_FILL] = step_fill};
    if (selection->err == OK && selection->phase != PHASE_DONE)
        steps[selection->phase](selection);
    if (selection->err == OK && selection->sight != NULL && query_sight_failed(selection->sight))
        selection->err = ERR_NO_MEMORY;
    if (selection->err != OK)
        return selection->err;
    return selection->phase == PHASE_DONE ? OK : ERR_BUSY;
}

/* ---- asking -----------------------------------------------------------------------------------
 */
const struct query_point *query_selection_points(const struct query_selection *selection,
                                                 size_t *ret_count)
{
    *ret_count = selection->chosen_count;
    return selection->chosen;
}

size_t query_selection_unknown(const struct query_selection *selection)
{
    return selection->unknown_count;
}

struct bytes query_selection_unknown_at(const struct query_selection *selection, size_t at)
{
    check(at < selection->unknown_count);
    return selection->unknown[at];
}

uint32_t query_selection_tenant(const struct query_selection *selection)
{
    return selection->tenant;
}

size_t query_selection_bytes(const struct query_selection *selection)
{
    return selection->bytes;
}
