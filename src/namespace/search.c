/* The search: a walk over the tree in order, level by level, that goes down only where the pattern
 * still fits. It holds no node between two steps, only the path it looked at last; a step begins
 * by going down along that path as far as it is still there. */
#include "namespace/namespace.h"

#include <string.h>

#include "namespace/order.h"
#include "namespace/tree.h"

/* Of the level that a glob stands for, only names between these two can match. */
struct range {
    struct bytes from; /* a view of the pattern; empty: all names */
    uint8_t to[PATH_SEGMENT_MAX];
};
struct level {
    uint32_t node;
    uint16_t path_size; /* of the path to the node */
    bool contains;      /* the text was found in that path, so it is in all below */
    bool open;          /* all below may be seen */
};
#define JUDGEMENT_NODES 8 /* what a judgement costs */
struct walk {
    const struct namespace *space;
    const struct pattern *pattern;
    struct bytes contains; /* in lower case */
    bool contains_slash;
    namespace_judge *judge;
    void *arg;    /* of each and judge */
    size_t left;  /* nodes to be looked at */
    size_t depth; /* levels[depth] is where it stands; levels[0] is the tenant's root */
    struct level levels[PATH_DEPTH_MAX + 1];
    struct range ranges[PATH_DEPTH_MAX];
    size_t path_size; /* of the path looked at last */
    uint8_t path[PATH_MAX_BYTES];
    uint8_t folded[PATH_MAX_BYTES]; /* the same in lower case; only when contains is not empty */
};

static void bytes_fold(struct bytes text, uint8_t *ret_folded)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.at[i];
        ret_folded[i] = (uint8_t)(byte | ((uint8_t)(byte - 'A') < 26 ? 0x20 : 0));
    }
}

enum err namespace_search_begin(struct namespace_search *search, uint32_t tenant,
                                const struct pattern *pattern, struct bytes contains,
                                struct bytes after)
{
    if (contains.size > sizeof search->contains || after.size > sizeof search->place)
        return ERR_LIMIT;
    search->tenant = tenant;
    search->judge = NULL;
    search->pattern = *pattern;
    search->over = false;
    search->contains_size = (uint8_t)contains.size;
    bytes_fold(contains, search->contains);
    search->place_size = (uint16_t)after.size;
    if (after.size > 0)
        memcpy(search->place, after.at, after.size);
    return OK;
}

/* The last byte of a prefix is no digit and no '/', which stands before the digits: one more makes
 * a name that stands behind all that begin with the prefix. */
static void ranges_set(struct walk *walk)
{
    for (size_t i = 0; i < walk->pattern->depth; i++) {
        struct range *range = &walk->ranges[i];
        range->from = bytes_of("", 0);
        if (walk->pattern->segments[i].kind != PATTERN_GLOB)
            continue;
        range->from = pattern_segment_prefix(walk->pattern, i);
        if (range->from.size == 0)
            continue;
        memcpy(range->to, range->from.at, range->from.size);
        range->to[range->from.size - 1]++;
    }
}

/* ---- which nodes are looked at
 * ------------------------------------------------------------------- */

/* The first child below where it stands that may match, behind the name `after`. */
static uint32_t walk_first(const struct walk *walk, struct bytes after)
{
    uint32_t parent = walk->levels[walk->depth].node;
    if (walk->depth >= walk->pattern->depth)
        return walk->pattern->rest ? siblings_seek(walk->space, parent, after, false) : NODE_NONE;
    struct bytes wanted = pattern_segment(walk->pattern, walk->depth);
    const struct range *range = &walk->ranges[walk->depth];
    switch (walk->pattern->segments[walk->depth].kind) {
    case PATTERN_EXACT:
        return natural_compare(wanted, after) > 0 ? siblings_find(walk->space, parent, wanted)
                                                  : NODE_NONE;
    case PATTERN_GLOB:
        if (range->from.size > 0 && natural_compare(range->from, after) > 0)
            return siblings_seek(walk->space, parent, range->from, true);
        break;
    default:
        break;
    }
    return siblings_seek(walk->space, parent, after, false);
}

/* The sibling that follows a child of where it stands and may match. */
static uint32_t walk_next(const struct walk *walk, uint32_t child)
{
    if (walk->depth < walk->pattern->depth &&
        walk->pattern->segments[walk->depth].kind == PATTERN_EXACT)
        return NODE_NONE;
    return siblings_next(walk->space, child);
}

static bool walk_is_past(const struct walk *walk, struct bytes name)
{
    if (walk->depth >= walk->pattern->depth)
        return false;
    const struct range *range = &walk->ranges[walk->depth];
    return range->from.size > 0 &&
           natural_compare(name, bytes_of(range->to, range->from.size)) >= 0;
}

/* ---- what is seen there
 * -------------------------------------------------------------------------- */

/* Is the text in the path, which is its parent's and a name, when it is not in the parent's? */
static bool walk_contains(const struct walk *walk, size_t name_size)
{
    size_t parent_size = walk->levels[walk->depth].path_size;
    size_t reach = walk->contains.size - 1; /* how much of it may lie in the parent's path */
    size_t from = walk->path_size - name_size;
    if (walk->contains_slash)
        from = parent_size > reach ? parent_size - reach : 0;
    const uint8_t *at = walk->folded + from;
    size_t left = walk->path_size - from;
    while (left >= walk->contains.size) {
        const uint8_t *found = memchr(at, walk->contains.at[0], left - reach);
        if (found == NULL)
            return false;
        if (memcmp(found, walk->contains.at, walk->contains.size) == 0)
            return true;
        left -= (size_t)(found + 1 - at);
        at = found + 1;
    }
    return false;
}

/* The child becomes the path looked at last. */
static void walk_append(struct walk *walk, struct bytes name)
{
    size_t size = walk->levels[walk->depth].path_size, from = size;
    check(size + 1 + name.size <= PATH_MAX_BYTES);
    if (size > 0)
        walk->path[size++] = '/';
    memcpy(walk->path + size, name.at, name.size);
    walk->path_size = size + name.size;
    if (walk->contains.size > 0)
        bytes_fold(bytes_of(walk->path + from, walk->path_size - from), walk->folded + from);
}

/* Names and patterns whose comparison takes long count as more than one node. */
static size_t walk_cost(const struct walk *walk, struct bytes name)
{
    size_t work = name.size * walk->contains.size / 4;
    if (walk->depth < walk->pattern->depth)
        work += name.size * walk->pattern->segments[walk->depth].size;
    return 1 + work / 512;
}

/* May the branch where it would go down be seen? A point that is no branch is judged when it is
 * told. */
static bool walk_sees(struct walk *walk, uint32_t child, bool *ret_open)
{
    *ret_open = walk->levels[walk->depth].open;
    if (*ret_open || node_at(walk->space, child)->below == NODE_NONE)
        return true;
    walk->left -= walk->left > JUDGEMENT_NODES ? JUDGEMENT_NODES : walk->left;
    enum namespace_sight sight = walk->judge(walk->arg, bytes_of(walk->path, walk->path_size));
    *ret_open = sight == NAMESPACE_OPEN;
    return sight != NAMESPACE_HIDDEN;
}

/* Goes down to the child when the pattern allows it. */
static bool walk_down(struct walk *walk, uint32_t child)
{
    bool open;
    struct bytes name = node_name(node_at(walk->space, child));
    if (walk->depth < walk->pattern->depth
            ? !pattern_segment_matches(walk->pattern, walk->depth, name)
            : !walk->pattern->rest)
        return false;
    if (!walk_sees(walk, child, &open))
        return false;
    bool contains = walk->levels[walk->depth].contains || walk_contains(walk, name.size);
    walk->depth++;
    walk->levels[walk->depth] = (struct level){child, (uint16_t)walk->path_size, contains, open};
    return true;
}

/* The point where it stands, if it is one of those that are looked for. */
static uint32_t walk_point(const struct walk *walk)
{
    const struct level *level = &walk->levels[walk->depth];
    if (walk->depth < walk->pattern->depth || !level->contains)
        return POINT_NONE;
    const struct node *node = node_at(walk->space, level->node);
    if (node_is_leaf(node))
        return node->value;
    if ((node->flags & NODE_OWN) == 0)
        return POINT_NONE;
    return node_at(walk->space, siblings_first(walk->space, level->node))->value;
}

/* ---- steps
 * --------------------------------------------------------------------------------------- */

/* Goes down along the place as far as it is there and matches; returns the child to go on with. */
static uint32_t walk_resume(struct walk *walk, struct bytes place)
{
    for (size_t at = 0; at < place.size;) {
        const uint8_t *slash = memchr(place.at + at, '/', place.size - at);
        size_t end = slash == NULL ? place.size : (size_t)(slash - place.at);
        struct bytes name = bytes_of(place.at + at, end - at);
        uint32_t child = name.size == 0 || walk->depth == PATH_DEPTH_MAX
                             ? NODE_NONE
                             : siblings_find(walk->space, walk->levels[walk->depth].node, name);
        if (child == NODE_NONE)
            return walk_first(walk, name);
        walk_append(walk, name);
        if (!walk_down(walk, child))
            return walk_first(walk, name);
        at = end + 1;
    }
    return walk_first(walk, bytes_of("", 0));
}

/* The walk goes on until its nodes are used up or each says stop: true; or to the end: false. */
static bool walk_run(struct walk *walk, uint32_t child, bool (*each)(void *arg, uint32_t point))
{
    for (;;) {
        while (child == NODE_NONE) {
            if (walk->depth == 0)
                return false;
            walk->depth--;
            child = walk_next(walk, walk->levels[walk->depth + 1].node);
        }
        if (walk->left == 0)
            return true;
        struct bytes name = node_name(node_at(walk->space, child));
        if (walk_is_past(walk, name)) {
            child = NODE_NONE;
            continue;
        }
        size_t cost = walk_cost(walk, name);
        walk->left -= cost < walk->left ? cost : walk->left;
        walk_append(walk, name);
        if (!walk_down(walk, child)) {
            child = walk_next(walk, child);
            continue;
        }
        uint32_t point = walk_point(walk);
        if (point != POINT_NONE && !each(walk->arg, point))
            return true;
        child = walk_first(walk, bytes_of("", 0));
    }
}

bool namespace_search_step(const struct namespace *space, struct namespace_search *search,
                           size_t nodes, bool (*each)(void *arg, uint32_t point), void *arg,
                           size_t *ret_looked)
{
    if (search->over)
        return false;
    uint32_t root = namespace_root(space, search->tenant);
    struct walk walk;
    walk.space = space;
    walk.pattern = &search->pattern;
    walk.contains = bytes_of(search->contains, search->contains_size);
    walk.contains_slash =
        search->contains_size > 0 && memchr(search->contains, '/', search->contains_size) != NULL;
    walk.left = nodes > 0 ? nodes : 1;
    walk.depth = 0;
    walk.path_size = 0;
    walk.judge = search->judge;
    walk.arg = arg;
    enum namespace_sight sight =
        walk.judge == NULL ? NAMESPACE_OPEN : walk.judge(arg, bytes_of("", 0));
    walk.levels[0] = (struct level){root, 0, search->contains_size == 0, sight == NAMESPACE_OPEN};
    search->over = sight == NAMESPACE_HIDDEN;
    if (search->over)
        return false;
    ranges_set(&walk);
    size_t before = walk.left;
    uint32_t child = walk_resume(&walk, bytes_of(search->place, search->place_size));
    walk.left = before; /* the way back is free, or a small step would never come further */
    search->over = !walk_run(&walk, child, each);
    if (ret_looked != NULL)
        *ret_looked += before - walk.left;
    if (!search->over) {
        search->place_size = (uint16_t)walk.path_size;
        memcpy(search->place, walk.path, walk.path_size);
    }
    return !search->over;
}
