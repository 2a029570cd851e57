/* Sets: the points that match a pattern. Instances with the same pattern share one. Members of a
 * new set are found in a walk over all points, a piece with each batch; points that come or change
 * are matched at once. A set that has more members than may be held is marked so, and walked again
 * when that may have ended; meanwhile, and until it is walked, who uses it is unknown. */
#include "model/expressions/tables.h"

#include <stdlib.h>
#include <string.h>

/* ---- places ---- */
static uint32_t segment_sum(const uint8_t *at, size_t size)
{
    uint32_t sum = crc32c(0, at, size);
    return sum == 0 ? 1 : sum;
}

static void place_segments(struct point_place *place)
{
    const uint8_t *end = place->path + place->size;
    const uint8_t *slash = memchr(place->path, '/', place->size);
    const uint8_t *last = memrchr(place->path, '/', place->size);
    place->depth = 1;
    for (const uint8_t *at = slash; at != NULL; at = memchr(at + 1, '/', (size_t)(end - at) - 1))
        place->depth++;
    place->first =
        segment_sum(place->path, slash == NULL ? place->size : (size_t)(slash - place->path));
    last = last == NULL ? place->path : last + 1;
    place->last = segment_sum(last, (size_t)(end - last));
}

void point_place(const struct expressions *expressions, uint32_t point,
                 struct point_place *ret_place)
{
    const struct points *points = expressions->points;
    struct point_row row;
    points_row(points, points_row_of(points, point), &row);
    ret_place->tenant = row.tenant;
    ret_place->size = points_path(points, point, ret_place->path);
    struct bytes path = bytes_of(ret_place->path, ret_place->size);
    /* '$': a row that damage took (POINTS_LOST_PREFIX). */
    ret_place->there =
        path.size > 0 && path.at[0] != '$' &&
        (points_in_row(points, point) || points_find(points, row.tenant, path) == point);
    if (ret_place->there)
        place_segments(ret_place);
}

/* ---- filters ---- */
static struct set_filter filter_of(const struct set_entry *entry, const struct pattern *pattern)
{
    struct set_filter filter = {.tenant = entry->tenant, .state = entry->state};
    size_t last = pattern->depth - (size_t)1;
    if (!pattern->rest)
        filter.depth = pattern->depth;
    if (pattern->depth > 0 && pattern->segments[0].kind == PATTERN_EXACT)
        filter.first =
            segment_sum(pattern->text + pattern->segments[0].at, pattern->segments[0].size);
    if (pattern->depth > 0 && !pattern->rest && pattern->segments[last].kind == PATTERN_EXACT)
        filter.last =
            segment_sum(pattern->text + pattern->segments[last].at, pattern->segments[last].size);
    return filter;
}

static bool filter_allows(const struct set_filter *filter, const struct point_place *place)
{
    return filter->tenant == place->tenant &&
           (filter->depth == 0 || filter->depth == place->depth) &&
           (filter->first == 0 || filter->first == place->first) &&
           (filter->last == 0 || filter->last == place->last);
}

static bool set_matches(const struct expressions *expressions, uint32_t set,
                        const struct point_place *place)
{
    return place->there && filter_allows(&expressions->set_filters[set], place) &&
           pattern_matches(&expressions->set_indexes[set]->pattern,
                           bytes_of(place->path, place->size));
}

static void set_state(struct expressions *expressions, uint32_t set, enum set_state state)
{
    struct roots_entry *roots = roots_write(expressions);
    struct set_entry *entry = set_write(expressions, set);
    roots->waiting -= entry->state == SET_WAITING;
    roots->walking -= entry->state == SET_WALKING;
    roots->waiting += state == SET_WAITING;
    roots->walking += state == SET_WALKING;
    entry->state = expressions->set_filters[set].state = (uint8_t)state;
}

/* ---- members ---- */
static uint32_t member_search(const struct set_index *index, uint32_t count, uint32_t point)
{
    uint32_t low = 0, high = count;
    if (count > 0 && index->members[count - 1].point < point)
        return count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (index->members[middle].point < point)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool set_has(const struct expressions *expressions, uint32_t set, uint32_t point)
{
    const struct set_index *index = expressions->set_indexes[set];
    uint32_t count = set_read(expressions, set)->members;
    uint32_t place = member_search(index, count, point);
    return place < count && index->members[place].point == point;
}

/* count: of members before. */
static enum err member_index(struct expressions *expressions, uint32_t set, uint32_t count,
                             struct set_member member)
{
    struct set_index *index = expressions->set_indexes[set];
    if (count == index->capacity) {
        uint32_t capacity = index->capacity == 0 ? 8 : index->capacity * 2;
        struct set_member *members = realloc(index->members, capacity * sizeof *members);
        if (members == NULL)
            return ERR_NO_MEMORY;
        expressions->heap_bytes += (uint64_t)(capacity - index->capacity) * sizeof *members;
        index->members = members;
        index->capacity = capacity;
    }
    uint32_t place = member_search(index, count, member.point);
    if (place < count && index->members[place].point == member.point)
        return ERR_CORRUPT; /* of pages: the same point twice */
    memmove(index->members + place + 1, index->members + place, (count - place) * sizeof member);
    index->members[place] = member;
    return look_add(expressions, member.point, LOOKER_SET | set);
}

static enum err member_row_take(struct expressions *expressions, uint32_t *ret_member)
{
    struct roots_entry *roots = roots_write(expressions);
    uint32_t member = roots->members_free;
    if (member != 0) {
        const struct member_entry *entry = state_read(&expressions->members, member);
        roots->members_free = entry->point;
    } else {
        member = roots->members_used + 1;
        enum err err = state_table_grow(&expressions->members, member + 1);
        if (err != OK)
            return err;
        roots->members_used = member;
    }
    roots->members++;
    *ret_member = member;
    return OK;
}

static void member_row_give(struct expressions *expressions, uint32_t member)
{
    struct roots_entry *roots = roots_write(expressions);
    struct member_entry *entry = state_write(&expressions->members, member);
    *entry = (struct member_entry){.point = roots->members_free};
    roots->members_free = member;
    roots->members--;
}

static enum err member_add(struct expressions *expressions, uint32_t set, uint32_t point,
                           const struct record_stamp *stamp)
{
    const struct expressions_limits *limits = &expressions->limits;
    struct set_entry *entry = set_write(expressions, set);
    if (entry->members >= limits->members_of_set ||
        expressions->roots->members >= limits->members_max) {
        entry->over = 1;
        set_state(expressions, set, SET_READY); /* to find more of them changes nothing */
        return OK;
    }
    uint32_t member;
    enum err err = member_row_take(expressions, &member);
    if (err == OK)
        err = member_index(expressions, set, entry->members, (struct set_member){point, member});
    if (err != OK)
        return err;
    *(struct member_entry *)state_write(&expressions->members, member) =
        (struct member_entry){.set = set, .point = point, .since_ns = stamp->wall_ns};
    entry->members++;
    return OK;
}

/* Those that did not fit may do so now. */
static void set_again(struct expressions *expressions, uint32_t set)
{
    set_write(expressions, set)->over = 0;
    set_state(expressions, set, SET_WAITING);
}

static void member_remove(struct expressions *expressions, uint32_t set, uint32_t point)
{
    struct set_index *index = expressions->set_indexes[set];
    struct set_entry *entry = set_write(expressions, set);
    uint32_t place = member_search(index, entry->members, point);
    member_row_give(expressions, index->members[place].member);
    memmove(index->members + place, index->members + place + 1,
            (entry->members - place - 1) * sizeof index->members[0]);
    entry->members--;
    look_remove(expressions, point, LOOKER_SET | set);
    if (entry->over)
        set_again(expressions, set);
}

/* ---- sets ---- */
static uint64_t set_hash(uint32_t tenant, struct bytes pattern)
{
    return hash64(pattern.at, pattern.size, UINT64_C(2) << 32 | tenant);
}

uint32_t set_find(const struct expressions *expressions, uint32_t tenant, struct bytes pattern)
{
    struct index_probe probe;
    uint64_t hash = set_hash(tenant, pattern);
    for (uint32_t set = index_first(expressions->set_index, &probe, hash); set != INDEX_NONE;
         set = index_next(expressions->set_index, &probe)) {
        const struct set_entry *entry = set_read(expressions, set);
        if (entry->tenant == tenant &&
            bytes_equal(texts_get(&expressions->patterns, entry->pattern), pattern))
            return set;
    }
    return SET_NONE;
}

static enum err sets_reach(struct expressions *expressions, uint32_t set)
{
    uint32_t before = expressions->sets_capacity;
    if (set < before)
        return OK;
    uint32_t capacity = set < before * 2 ? before * 2 : set + 16;
    struct set_index **indexes =
        realloc(expressions->set_indexes, capacity * sizeof(struct set_index *));
    if (indexes == NULL)
        return ERR_NO_MEMORY;
    expressions->set_indexes = indexes;
    struct set_filter *filters =
        realloc(expressions->set_filters, capacity * sizeof(struct set_filter));
    if (filters == NULL)
        return ERR_NO_MEMORY;
    expressions->set_filters = filters;
    for (uint32_t i = before; i < capacity; i++) {
        indexes[i] = NULL;
        filters[i] = (struct set_filter){.state = SET_STATES};
    }
    expressions->heap_bytes += (uint64_t)(capacity - before) * (sizeof *indexes + sizeof *filters);
    expressions->sets_capacity = capacity;
    return OK;
}

enum err set_derive(struct expressions *expressions, uint32_t set)
{
    const struct set_entry *entry = set_read(expressions, set);
    struct bytes text = texts_get(&expressions->patterns, entry->pattern);
    enum err err = sets_reach(expressions, set);
    if (err != OK)
        return err;
    struct set_index *index = calloc(1, sizeof *index);
    if (index == NULL)
        return ERR_NO_MEMORY;
    if (pattern_parse(text, &index->pattern) != NULL) {
        free(index);
        return ERR_CORRUPT;
    }
    expressions->heap_bytes += sizeof *index;
    expressions->set_indexes[set] = index;
    expressions->set_filters[set] = filter_of(entry, &index->pattern);
    return index_insert(expressions->set_index, set_hash(entry->tenant, text), set);
}

enum err set_member_derive(struct expressions *expressions, uint32_t set, uint32_t member)
{
    struct set_entry *entry = set_write(expressions, set);
    const struct member_entry *row = state_read(&expressions->members, member);
    enum err err =
        member_index(expressions, set, entry->members, (struct set_member){row->point, member});
    if (err == OK)
        entry->members++;
    return err;
}

static void set_index_destroy(struct expressions *expressions, uint32_t set)
{
    struct set_index *index = expressions->set_indexes[set];
    if (index == NULL)
        return;
    list_done(&index->users, &expressions->heap_bytes);
    expressions->heap_bytes -= sizeof *index + (uint64_t)index->capacity * sizeof index->members[0];
    free(index->members);
    free(index);
    expressions->set_indexes[set] = NULL;
    expressions->set_filters[set] = (struct set_filter){.state = SET_STATES};
}

void sets_done(struct expressions *expressions)
{
    for (uint32_t set = 0; set < expressions->sets_capacity; set++)
        set_index_destroy(expressions, set);
    free(expressions->set_indexes);
    free(expressions->set_filters);
    expressions->set_indexes = NULL;
    expressions->set_filters = NULL;
    expressions->sets_capacity = 0;
}

static enum err set_make(struct expressions *expressions, uint32_t tenant, struct bytes pattern,
                         uint32_t *ret_set)
{
    struct roots_entry *roots = roots_write(expressions);
    uint32_t set = roots->sets_free != SET_NONE ? roots->sets_free : roots->sets_used + 1;
    if (roots->sets >= expressions->limits.sets_max)
        return ERR_LIMIT;
    enum err err = state_table_grow(&expressions->sets, set + 1);
    struct set_entry entry = {.tenant = tenant};
    if (err == OK)
        err = texts_set(&expressions->patterns, &entry.pattern, pattern);
    if (err != OK)
        return err;
    if (roots->sets_free != SET_NONE)
        roots->sets_free = set_read(expressions, set)->next;
    else
        roots->sets_used = set;
    roots->sets++;
    *set_write(expressions, set) = entry;
    err = set_derive(expressions, set);
    if (err != OK)
        return err;
    set_state(expressions, set, SET_WAITING);
    *ret_set = set;
    return OK;
}

enum err set_join(struct expressions *expressions, uint32_t tenant, struct bytes pattern,
                  uint32_t instance, uint32_t *ret_set)
{
    uint32_t set = set_find(expressions, tenant, pattern);
    enum err err = set == SET_NONE ? set_make(expressions, tenant, pattern, &set) : OK;
    if (err != OK)
        return err;
    set_write(expressions, set)->users++;
    *ret_set = set;
    return list_add(&expressions->set_indexes[set]->users, instance, &expressions->heap_bytes);
}

/* There is room for members now: sets that found none look again. */
static void sets_again(struct expressions *expressions)
{
    for (uint32_t set = 1; set <= expressions->roots->sets_used; set++) {
        const struct set_entry *entry = set_read(expressions, set);
        if (entry->tenant != 0 && entry->over &&
            entry->members < expressions->limits.members_of_set)
            set_again(expressions, set);
    }
}

static void set_remove(struct expressions *expressions, uint32_t set)
{
    struct roots_entry *roots = roots_write(expressions);
    struct set_entry *entry = set_write(expressions, set);
    struct set_index *index = expressions->set_indexes[set];
    bool full = roots->members >= expressions->limits.members_max;
    struct bytes text = texts_get(&expressions->patterns, entry->pattern);
    for (uint32_t i = 0; i < entry->members; i++) {
        member_row_give(expressions, index->members[i].member);
        look_remove(expressions, index->members[i].point, LOOKER_SET | set);
    }
    set_state(expressions, set, SET_READY);
    check(index_remove(expressions->set_index, set_hash(entry->tenant, text), set) == OK);
    texts_free(&expressions->patterns, entry->pattern);
    set_index_destroy(expressions, set);
    *entry = (struct set_entry){.next = roots->sets_free};
    roots->sets_free = set;
    roots->sets--;
    if (full)
        sets_again(expressions);
}

void set_leave(struct expressions *expressions, uint32_t set, uint32_t instance, bool last)
{
    struct set_entry *entry = set_write(expressions, set);
    check(entry->users > 0);
    entry->users--;
    if (last)
        (void)list_remove(&expressions->set_indexes[set]->users, instance,
                          &expressions->heap_bytes);
    if (entry->users == 0)
        set_remove(expressions, set);
}

/* ---- a point changed ---- */
static enum err set_point_changed(struct expressions *expressions, uint32_t set, uint32_t point,
                                  const struct point_place *place, bool own,
                                  const struct record_stamp *stamp)
{
    bool has = set_has(expressions, set, point), matches = set_matches(expressions, set, place);
    enum err err = OK;
    if (matches && !has)
        err = member_add(expressions, set, point, stamp);
    else if (!matches && has)
        member_remove(expressions, set, point);
    else if (!matches && !own && set_read(expressions, set)->over)
        set_again(expressions, set); /* it may have been one of those that did not fit */
    else
        return OK;
    return err == OK ? touched_users(expressions, set) : err;
}

enum err sets_point_changed(struct expressions *expressions, uint32_t point,
                            const struct record_stamp *stamp)
{
    if (expressions->roots->sets == 0)
        return OK;
    struct point_place place;
    enum err err = OK;
    bool own = points_in_row(expressions->points, point);
    point_place(expressions, point, &place);
    for (uint32_t set = 1; err == OK && set <= expressions->roots->sets_used; set++) {
        const struct set_filter *filter = &expressions->set_filters[set];
        if (filter->tenant != place.tenant || (own && !filter_allows(filter, &place)))
            continue; /* who has the path he was born with was a member of no other set */
        err = set_point_changed(expressions, set, point, &place, own, stamp);
    }
    return err;
}

/* ---- the walk ---- */
static enum err walk_point(struct expressions *expressions, uint32_t point,
                           const struct record_stamp *stamp)
{
    struct point_place place;
    enum err err = OK;
    point_place(expressions, point, &place);
    if (!place.there)
        return OK;
    for (uint32_t set = 1; err == OK && set <= expressions->roots->sets_used; set++) {
        const struct set_filter *filter = &expressions->set_filters[set];
        if (filter->state != SET_WALKING || !filter_allows(filter, &place) ||
            !set_matches(expressions, set, &place) || set_has(expressions, set, point))
            continue;
        err = member_add(expressions, set, point, stamp);
    }
    return err;
}

static void walk_begin(struct expressions *expressions)
{
    for (uint32_t set = 1; set <= expressions->roots->sets_used; set++)
        if (expressions->set_filters[set].state == SET_WAITING)
            set_state(expressions, set, SET_WALKING);
    roots_write(expressions)->walk_at = 1;
}

static enum err users_put_off(struct expressions *expressions, uint32_t set)
{
    const struct list *users = &expressions->set_indexes[set]->users;
    const uint32_t *run;
    if (users->count > WALK_USERS_MAX)
        return crowd_put(expressions, LOOKER_SET | set);
    uint32_t count = list_run(users, 0, &run);
    for (uint32_t i = 0; i < count; i++)
        pending_put(expressions, run[i]);
    return OK;
}

static enum err walk_end(struct expressions *expressions)
{
    enum err err = OK;
    for (uint32_t set = 1; err == OK && set <= expressions->roots->sets_used; set++) {
        if (expressions->set_filters[set].state != SET_WALKING)
            continue;
        set_state(expressions, set, SET_READY);
        err = users_put_off(expressions, set);
    }
    roots_write(expressions)->walk_at = POINT_NONE;
    return err;
}

/* How many points with one batch: fewer when there are many sets to compare them with. */
static uint32_t walk_points(const struct expressions *expressions)
{
    uint32_t sets = expressions->roots->sets_used;
    uint32_t count = sets == 0 ? EXPRESSIONS_WALK_POINTS : WALK_COMPARISONS / sets;
    if (count < WALK_POINTS_MIN)
        return WALK_POINTS_MIN;
    return count < EXPRESSIONS_WALK_POINTS ? count : EXPRESSIONS_WALK_POINTS;
}

enum err sets_walk(struct expressions *expressions, const struct record_stamp *stamp)
{
    const struct roots_entry *roots = expressions->roots;
    if (roots->walk_at == POINT_NONE) {
        if (roots->waiting == 0)
            return OK;
        walk_begin(expressions);
    }
    uint32_t count = points_count(expressions->points), point = roots->walk_at;
    uint32_t left = roots->walking == 0 ? 0 : walk_points(expressions);
    enum err err = OK;
    for (; err == OK && left > 0 && point <= count; left--, point++)
        err = walk_point(expressions, point, stamp);
    roots_write(expressions)->walk_at = point;
    if (err == OK && (point > count || roots->walking == 0))
        err = walk_end(expressions);
    return err;
}
