/* tree: nodes and siblings, for the files of this room. Not public.
 *
 *      roots[tenant]
 *       │
 *      root ─ below ─▶ "site-2" ─ below ─▶ ""          the point site-2 itself
 *                      /      \            "line-1"    a leaf: the point site-2/line-1
 *                "site-1"   "site-10"
 *
 * A node is a segment in one place and half a cache line. It is a leaf, where a point's path ends
 * and nothing is below, or a branch. A branch that is a point as well has an *own* leaf with an
 * empty name among its children; no name is empty, so it stands before all others. Numbers of own
 * leaves are never shown to the outside.
 *
 * Siblings are a treap in natural order: `left` and `right` by name, and the number of a node,
 * mixed with a seed, as its priority, so that no order of arrival makes the treap deep and none has
 * to be stored. Where there is no right child, `right` is a thread to the node that follows, so
 * that siblings are walked over without a stack.
 *
 * Names are borrowed from the dictionary of points, which never changes or frees one; those of
 * renamed points are copied. Nodes lie in paged memory that is taken from src/state, whose chunks
 * never move and come from its stock of touched pages; nothing of it is hashed or written. */
#pragma once

#include "namespace/namespace.h"
#include "state/state.h"

#define NODE_NONE 0u /* as a link; as a node: the root of tenants that have no points */
#define NODE_THREAD ((uint32_t)1 << 31)
#define NODES_MAX (NODE_THREAD - 1)
#define ENTER_NODES_MAX (PATH_DEPTH_MAX + 2u) /* new ones that a point can need, a root too */

enum node_flag {
    NODE_LEAF = 1,
    NODE_OWN = 2,  /* a branch with an own leaf */
    NODE_COPY = 4, /* the name is the node's alone */
};
struct node {
    const uint8_t *name;
    uint32_t left, right;
    uint32_t parent; /* NODE_NONE: it is a root */
    uint32_t below;  /* a branch: the root of its children's treap */
    uint32_t value;  /* a leaf: its point; a branch: how many points are in it */
    uint8_t size;    /* of the name */
    uint8_t flags;
    uint8_t reserved[2];
};
_Static_assert(sizeof(struct node) == 32, "two nodes in a cache line");

struct namespace
{
    const struct points *points;
    uint32_t entered;
    uint32_t *roots; /* by tenant; NODE_NONE: it has no points */
    uint32_t root_capacity;
    struct state *state;
    struct state_table nodes;
    struct state_table places; /* by point: its leaf, NODE_NONE */
    uint32_t used;             /* nodes below it were taken at least once */
    uint32_t free, free_count; /* nodes to take again, linked through `left` */
    uint32_t own_count;
    uint32_t seed;
    uint64_t copied_bytes;
    /* The nodes on the way to the point that was entered last: the next one is mostly near. */
    uint32_t trail_root; /* of which tenant */
    uint32_t trail[PATH_DEPTH_MAX];
    uint32_t trail_depth;
};

static inline struct node *node_at(const struct namespace *space, uint32_t node)
{
    return (void *)state_row_at(&space->nodes, node);
}
static inline struct bytes node_name(const struct node *node)
{
    return bytes_of(node->name, node->size);
}
static inline uint32_t node_right(const struct node *node)
{
    return (node->right & NODE_THREAD) != 0 ? NODE_NONE : node->right;
}
static inline bool node_is_leaf(const struct node *node)
{
    return (node->flags & NODE_LEAF) != 0;
}
static inline uint32_t node_count(const struct node *node)
{
    return node_is_leaf(node) ? 1 : node->value;
}

/* ---- tree.c
 * -------------------------------------------------------------------------------------- */
/* Makes sure that `nodes` can be taken, that the point has a place and the tenant, which is below
 * NAMESPACE_TENANTS_MAX, one for its root. */
MUST_USE bool tree_reserve(struct namespace *space, uint32_t nodes, uint32_t point,
                           uint32_t tenant);
/* The root of a tenant, made when there is none. Was reserved. */
uint32_t tree_root(struct namespace *space, uint32_t tenant);
/* A new branch without points, at its place among the children of parent, which is a branch. Was
 * reserved. The name is borrowed for ever. */
uint32_t tree_add(struct namespace *space, uint32_t parent, struct bytes name);
/* Takes a node without children out and frees it. */
void tree_remove(struct namespace *space, uint32_t node);

/* ---- siblings.c
 * ---------------------------------------------------------------------------------- */
void siblings_insert(struct namespace *space, uint32_t node);
void siblings_remove(struct namespace *space, uint32_t node);
/* The child with that name; an empty one finds the own leaf. NODE_NONE. */
uint32_t siblings_find(const struct namespace *space, uint32_t parent, struct bytes name);
/* The first child whose name is greater than `after`, or equal to it when `also_equal`; with an
 * empty `after` the first that is not the own leaf. */
uint32_t siblings_seek(const struct namespace *space, uint32_t parent, struct bytes after,
                       bool also_equal);
/* The first child, the own leaf if there is one. */
uint32_t siblings_first(const struct namespace *space, uint32_t parent);
/* The one that follows, or NODE_NONE. */
uint32_t siblings_next(const struct namespace *space, uint32_t node);
