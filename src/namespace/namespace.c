/* How points come into the tree, move in it and leave it. */
#include "namespace/namespace.h"

#include <stdlib.h>
#include <string.h>

#include "namespace/memory.h"
#include "namespace/tree.h"
#include "os/os.h"

enum { TABLE_NODES = 1, TABLE_PLACES = 2 };

/* ---- life
 * ---------------------------------------------------------------------------------------- */

enum err namespace_create(const struct points *points, struct namespace **ret_namespace)
{
    struct namespace *space = calloc(1, sizeof *space);
    if (space == NULL)
        return ERR_NO_MEMORY;
    space->points = points;
    os_random(&space->seed, sizeof space->seed);
    enum err err = state_create(&space->state);
    if (err != OK) {
        free(space);
        return err;
    }
    state_table_init(space->state, &space->nodes, TABLE_NODES, sizeof(struct node), false);
    state_table_init(space->state, &space->places, TABLE_PLACES, sizeof(uint32_t), false);
    err = space_rows_grow(&space->nodes, NODE_NONE + 1);
    if (err != OK) {
        namespace_destroy(space);
        return err;
    }
    struct node *none = state_write(&space->nodes, NODE_NONE);
    none->name = (const uint8_t *)"";
    space->used = NODE_NONE + 1;
    *ret_namespace = space;
    return OK;
}

void namespace_destroy(struct namespace *space)
{
    if (space == NULL)
        return;
    for (uint32_t i = 0; space->copied_bytes > 0 && i < space->used; i++) {
        const struct node *node = node_at(space, i);
        if ((node->flags & NODE_COPY) == 0)
            continue;
        space->copied_bytes -= node->size;
        space_text_free((uint8_t *)(uintptr_t)node->name);
    }
    state_destroy(space->state);
    free(space->roots);
    free(space);
}

uint64_t namespace_memory(const struct namespace *space)
{
    return sizeof *space + state_memory(space->state) + space->copied_bytes +
           space->root_capacity * sizeof *space->roots;
}

uint32_t namespace_entered(const struct namespace *space)
{
    return space->entered;
}

/* ---- where a point belongs
 * ----------------------------------------------------------------------- */

/* The path of a point as its segments. Those of a point in its row are views of the dictionary,
 * which may be borrowed for ever; the others are views of `own`. */
struct route {
    uint32_t tenant;
    struct bytes segments[PATH_DEPTH_MAX];
    uint32_t depth;
    bool renamed;
    uint8_t own[PATH_MAX_BYTES];
};

static void route_add(struct route *route, struct bytes part)
{
    for (size_t at = 0; at < part.size;) {
        const uint8_t *slash = memchr(part.at + at, '/', part.size - at);
        size_t end = slash == NULL ? part.size : (size_t)(slash - part.at);
        check(route->depth < PATH_DEPTH_MAX);
        route->segments[route->depth++] = bytes_of(part.at + at, end - at);
        at = end + 1;
    }
}

/* False when the point has no place: it is retired, or stands for one whose name was lost
 * (POINTS_LOST_PREFIX), which nobody can ask for. */
static bool route_find(const struct namespace *space, uint32_t point, struct route *ret_route)
{
    struct point_row row;
    points_row(space->points, points_row_of(space->points, point), &row);
    if (row.tenant >= NAMESPACE_TENANTS_MAX)
        return false;
    ret_route->tenant = row.tenant;
    ret_route->depth = 0;
    ret_route->renamed = !points_in_row(space->points, point);
    if (!ret_route->renamed) {
        if (row.prefix.size > 0 && row.prefix.at[0] == '$')
            return false;
        route_add(ret_route, row.prefix);
        route_add(ret_route, points_metric(space->points, point));
        return true;
    }
    struct point_view view;
    points_view(space->points, point, &view);
    if (view.retired)
        return false;
    route_add(ret_route,
              bytes_of(ret_route->own, points_path(space->points, point, ret_route->own)));
    return true;
}

static bool route_leads_to(const struct namespace *space, const struct route *route, uint32_t leaf)
{
    const struct node *node = node_at(space, leaf);
    if (node->size == 0)
        leaf = node->parent;
    for (uint32_t depth = route->depth; depth > 0; depth--) {
        node = node_at(space, leaf);
        if (node->parent == NODE_NONE || !bytes_equal(route->segments[depth - 1], node_name(node)))
            return false;
        leaf = node->parent;
    }
    return node_at(space, leaf)->parent == NODE_NONE;
}

/* ---- leaving
 * ------------------------------------------------------------------------------------- */

static uint32_t place_of(const struct namespace *space, uint32_t point)
{
    if (point >= state_table_capacity(&space->places))
        return NODE_NONE;
    const uint32_t *place = state_read(&space->places, point);
    return *place;
}

static void place_set(struct namespace *space, uint32_t point, uint32_t leaf)
{
    uint32_t *place = state_write(&space->places, point);
    *place = leaf;
}

/* One point more or less (step -1) in all branches from `node` up. */
static void branches_count(struct namespace *space, uint32_t node, uint32_t step)
{
    for (;; node = node_at(space, node)->parent) {
        node_at(space, node)->value += step;
        if (node_at(space, node)->parent == NODE_NONE)
            return;
    }
}

/* A branch whose own leaf is its only child is that leaf itself. */
static void branch_collapse(struct namespace *space, uint32_t branch)
{
    struct node *node = node_at(space, branch);
    uint32_t own = node->below;
    const struct node *leaf = node_at(space, own);
    if (leaf->size > 0 || leaf->left != NODE_NONE || node_right(leaf) != NODE_NONE)
        return;
    uint32_t point = leaf->value;
    tree_remove(space, own);
    space->own_count--;
    node->flags = (uint8_t)((node->flags & ~NODE_OWN) | NODE_LEAF);
    node->value = point;
    place_set(space, point, branch);
}

/* Removes a node without children, and what is empty above it. */
static void tree_prune(struct namespace *space, uint32_t node)
{
    for (uint32_t parent; node_at(space, node)->below == NODE_NONE; node = parent) {
        parent = node_at(space, node)->parent;
        if (parent == NODE_NONE)
            return; /* a tenant's root stays */
        if (node_at(space, node)->size == 0) {
            node_at(space, parent)->flags &= (uint8_t)~NODE_OWN;
            space->own_count--;
        }
        tree_remove(space, node);
    }
    if ((node_at(space, node)->flags & NODE_OWN) != 0)
        branch_collapse(space, node);
}

static void space_leave(struct namespace *space, uint32_t leaf)
{
    struct node *node = node_at(space, leaf);
    place_set(space, node->value, NODE_NONE);
    branches_count(space, node->parent, UINT32_MAX);
    tree_prune(space, leaf);
}

/* ---- entering
 * ------------------------------------------------------------------------------------ */

/* NODE_NONE: no memory for the copy of the name. */
static uint32_t space_add(struct namespace *space, uint32_t parent, struct bytes name, bool copy)
{
    if (!copy)
        return tree_add(space, parent, name);
    uint8_t *text = space_text_alloc(name.size);
    if (text == NULL)
        return NODE_NONE;
    memcpy(text, name.at, name.size);
    uint32_t node = tree_add(space, parent, bytes_of(text, name.size));
    node_at(space, node)->flags = NODE_COPY;
    space->copied_bytes += name.size;
    return node;
}

/* An own leaf for a branch; its point is still to be set. */
static uint32_t own_add(struct namespace *space, uint32_t branch)
{
    uint32_t own = tree_add(space, branch, bytes_of("", 0));
    node_at(space, own)->flags = NODE_LEAF;
    node_at(space, branch)->flags |= NODE_OWN;
    space->own_count++;
    return own;
}

/* A leaf that gets something below it: its point moves into an own leaf. */
static void leaf_branch(struct namespace *space, uint32_t leaf)
{
    struct node *node = node_at(space, leaf);
    uint32_t point = node->value;
    node->flags &= (uint8_t)~NODE_LEAF;
    node->value = 1;
    uint32_t own = own_add(space, leaf);
    node_at(space, own)->value = point;
    place_set(space, point, own);
}

/* The leaf of that node, which is the end of a path, for a point that comes to be there. */
static uint32_t leaf_take(struct namespace *space, uint32_t node)
{
    struct node *at = node_at(space, node);
    if (node_is_leaf(at))
        return node;
    if ((at->flags & NODE_OWN) != 0)
        return siblings_first(space, node);
    if (at->below != NODE_NONE)
        return own_add(space, node);
    at->flags |= NODE_LEAF;
    return node;
}

/* How many nodes of the trail the route has in common with it. */
static uint32_t trail_follow(const struct namespace *space, const struct route *route)
{
    uint32_t depth = 0;
    while (depth < route->depth && depth < space->trail_depth) {
        struct bytes name = node_name(node_at(space, space->trail[depth]));
        struct bytes segment = route->segments[depth];
        if (name.size != segment.size ||
            (name.at != segment.at && memcmp(name.at, segment.at, name.size) != 0))
            break;
        depth++;
    }
    return depth;
}

/* The node at the end of the route, made where it is not there; NODE_NONE, with nothing changed,
 * when there is no memory. The nodes were reserved. */
static uint32_t space_walk(struct namespace *space, const struct route *route)
{
    uint32_t root = tree_root(space, route->tenant);
    if (space->trail_root != root)
        space->trail_depth = 0;
    space->trail_root = root;
    uint32_t depth = trail_follow(space, route);
    uint32_t node = depth == 0 ? root : space->trail[depth - 1];
    for (; depth < route->depth; depth++) {
        if (node_is_leaf(node_at(space, node)))
            leaf_branch(space, node);
        uint32_t child = siblings_find(space, node, route->segments[depth]);
        if (child == NODE_NONE)
            child = space_add(space, node, route->segments[depth], route->renamed);
        if (child == NODE_NONE) {
            space->trail_depth = 0;
            tree_prune(space, node);
            return NODE_NONE;
        }
        space->trail[depth] = node = child;
    }
    space->trail_depth = route->depth;
    return node;
}

/* Puts the point where the route leads. *ret_displaced: the point that was there, and is in the
 * tree no more; POINT_NONE. False, with nothing changed, when there is no memory. */
static bool space_enter(struct namespace *space, uint32_t point, const struct route *route,
                        uint32_t *ret_displaced)
{
    if (!tree_reserve(space, ENTER_NODES_MAX, point, route->tenant))
        return false;
    uint32_t end = space_walk(space, route);
    if (end == NODE_NONE)
        return false;
    uint32_t leaf = leaf_take(space, end);
    struct node *node = node_at(space, leaf);
    *ret_displaced = node->value; /* a new one has none */
    if (node->value != POINT_NONE)
        place_set(space, node->value, NODE_NONE);
    else
        branches_count(space, node->parent, 1);
    node->value = point;
    place_set(space, point, leaf);
    return true;
}

/* Brings the point to where it belongs now. A point that stands in its way was renamed or retired
 * as well and is only not told yet: it is brought to its own place next; as no two points have one
 * path, that ends. ERR_NO_MEMORY: a point is out of the tree, namespace_catch_up comes back to it.
 */
static enum err space_settle(struct namespace *space, uint32_t point, bool *ret_there)
{
    struct route route;
    for (uint32_t next = point; next != POINT_NONE;) {
        uint32_t at = next, leaf = place_of(space, at);
        next = POINT_NONE;
        bool belongs = route_find(space, at, &route);
        if (at == point)
            *ret_there = belongs;
        if (leaf != NODE_NONE && belongs && route_leads_to(space, &route, leaf))
            continue;
        if (leaf != NODE_NONE)
            space_leave(space, leaf);
        if (belongs && !space_enter(space, at, &route, &next)) {
            space->entered = at - 1 < space->entered ? at - 1 : space->entered;
            return ERR_NO_MEMORY;
        }
    }
    return OK;
}

bool namespace_catch_up(struct namespace *space, uint32_t most,
                        void (*each)(void *arg, uint32_t point), void *arg)
{
    uint32_t end = points_count(space->points);
    for (; most > 0 && space->entered < end; most--) {
        uint32_t point = space->entered + 1;
        bool there = false;
        if (place_of(space, point) == NODE_NONE && space_settle(space, point, &there) != OK)
            return false;
        space->entered = point;
        if (there && each != NULL)
            each(arg, point);
    }
    return space->entered == end;
}

void namespace_point_changed(struct namespace *space, uint32_t point)
{
    bool there;
    if (point != POINT_NONE && point <= space->entered)
        (void)space_settle(space, point, &there); /* without memory it is caught up with later */
}
