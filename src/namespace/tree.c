/* Nodes: taken, given back, and what the outside sees of them. */
#include "namespace/tree.h"

#include <string.h>

#include "namespace/memory.h"

/* The array doubles: as many tenants as have points seldom come one by one. */
static bool roots_reserve(struct namespace *space, uint32_t tenant)
{
    check(tenant < NAMESPACE_TENANTS_MAX);
    if (tenant < space->root_capacity)
        return true;
    uint32_t capacity = space->root_capacity > 0 ? space->root_capacity : 8;
    while (capacity <= tenant)
        capacity *= 2;
    uint32_t *roots = space_roots_grow(space->roots, capacity);
    if (roots == NULL)
        return false;
    for (uint32_t i = space->root_capacity; i < capacity; i++)
        roots[i] = NODE_NONE;
    space->roots = roots;
    space->root_capacity = capacity;
    return true;
}

bool tree_reserve(struct namespace *space, uint32_t nodes, uint32_t point, uint32_t tenant)
{
    if (!roots_reserve(space, tenant))
        return false;
    if (point >= state_table_capacity(&space->places) &&
        space_rows_grow(&space->places, point + 1) != OK)
        return false;
    if (space->free_count >= nodes)
        return true;
    nodes -= space->free_count;
    if (NODES_MAX - space->used < nodes)
        return false;
    uint32_t wanted = space->used + nodes;
    return wanted <= state_table_capacity(&space->nodes) ||
           space_rows_grow(&space->nodes, wanted) == OK;
}

static uint32_t node_take(struct namespace *space)
{
    uint32_t node = space->free;
    if (node == NODE_NONE)
        return space->used++;
    space->free = node_at(space, node)->left;
    space->free_count--;
    return node;
}

uint32_t tree_root(struct namespace *space, uint32_t tenant)
{
    uint32_t root = space->roots[tenant];
    if (root != NODE_NONE)
        return root;
    root = node_take(space);
    struct node *node = state_write(&space->nodes, root);
    *node = (struct node){.name = (const uint8_t *)"", .parent = NODE_NONE};
    return space->roots[tenant] = root;
}

uint32_t tree_add(struct namespace *space, uint32_t parent, struct bytes name)
{
    check(name.size <= PATH_SEGMENT_MAX);
    uint32_t fresh = node_take(space);
    struct node *node = state_write(&space->nodes, fresh);
    *node = (struct node){.name = name.at, .size = (uint8_t)name.size, .parent = parent};
    siblings_insert(space, fresh);
    return fresh;
}

void tree_remove(struct namespace *space, uint32_t gone)
{
    struct node *node = node_at(space, gone);
    check(node->parent != NODE_NONE && node->below == NODE_NONE);
    siblings_remove(space, gone);
    if ((node->flags & NODE_COPY) != 0) {
        space->copied_bytes -= node->size;
        space_text_free((uint8_t *)(uintptr_t)node->name);
    }
    *node = (struct node){.left = space->free};
    space->free = gone;
    space->free_count++;
    space->trail_depth = 0;
}

/* ---- asking
 * -------------------------------------------------------------------------------------- */

void namespace_node(const struct namespace *space, uint32_t number, struct namespace_node *ret_node)
{
    check(number < space->used);
    const struct node *node = node_at(space, number);
    *ret_node = (struct namespace_node){.name = node_name(node),
                                        .count = node_count(node),
                                        .point = POINT_NONE,
                                        .branch = node->below != NODE_NONE};
    if (node_is_leaf(node))
        ret_node->point = node->value;
    else if ((node->flags & NODE_OWN) != 0)
        ret_node->point = node_at(space, siblings_first(space, number))->value;
}

uint32_t namespace_root(const struct namespace *space, uint32_t tenant)
{
    return tenant < space->root_capacity ? space->roots[tenant] : NODE_NONE;
}

uint32_t namespace_find(const struct namespace *space, uint32_t tenant, struct bytes path)
{
    uint32_t node = namespace_root(space, tenant);
    for (size_t at = 0; at < path.size;) {
        const uint8_t *slash = memchr(path.at + at, '/', path.size - at);
        size_t end = slash == NULL ? path.size : (size_t)(slash - path.at);
        if (end == at || end + 1 == path.size) /* an empty segment, a '/' at the end */
            return NAMESPACE_NONE;
        node = siblings_find(space, node, bytes_of(path.at + at, end - at));
        if (node == NODE_NONE)
            return NAMESPACE_NONE;
        at = end + 1;
    }
    return node;
}

size_t namespace_children(const struct namespace *space, uint32_t node, struct bytes after,
                          uint32_t *nodes, size_t most)
{
    check(node < space->used);
    if (most == 0)
        return 0;
    size_t count = 0;
    for (uint32_t at = siblings_seek(space, node, after, false); at != NODE_NONE && count < most;
         at = siblings_next(space, at))
        nodes[count++] = at;
    return count;
}

uint32_t namespace_nodes(const struct namespace *space)
{
    return space->used - 1 - space->free_count - space->own_count; /* NODE_NONE is nobody's */
}
