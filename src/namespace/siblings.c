/* Siblings: a threaded treap, changed from the top down, so that neither a stack nor a link to the
 * parent is needed. A left link is the number of a node or NODE_NONE; a right link that leads to no
 * child is NODE_THREAD with the number of the node that follows, NODE_NONE for the last. */
#include "namespace/order.h"
#include "namespace/tree.h"

static bool link_is_empty(uint32_t link)
{
    return link == NODE_NONE || (link & NODE_THREAD) != 0;
}

/* The final mix of MurmurHash3: every bit of the number reaches every bit of the priority. */
static uint32_t node_priority(const struct namespace *space, uint32_t node)
{
    uint32_t h = node ^ space->seed;
    h = (h ^ (h >> 16)) * UINT32_C(0x85ebca6b);
    h = (h ^ (h >> 13)) * UINT32_C(0xc2b2ae35);
    return h ^ (h >> 16);
}

static int name_compare(struct bytes name, const struct node *node)
{
    return natural_compare(name, node_name(node));
}

/* Parts the treap `from` into what stands before fresh and what stands behind it, and hangs both
 * under it. after: the node that follows all of `from`. */
static void siblings_split(struct namespace *space, uint32_t from, uint32_t fresh, uint32_t after)
{
    struct node *node = node_at(space, fresh);
    uint32_t *before_link = &node->left, *behind_link = &node->right;
    while (!link_is_empty(from)) {
        struct node *at = node_at(space, from);
        if (name_compare(node_name(node), at) > 0) {
            *before_link = from;
            before_link = &at->right;
            from = at->right;
        } else {
            *behind_link = from;
            behind_link = &at->left;
            from = at->left;
        }
    }
    *before_link = before_link == &node->left ? NODE_NONE : fresh | NODE_THREAD;
    *behind_link = behind_link == &node->right ? after | NODE_THREAD : NODE_NONE;
}

void siblings_insert(struct namespace *space, uint32_t fresh)
{
    const struct node *node = node_at(space, fresh);
    uint32_t priority = node_priority(space, fresh), after = NODE_NONE;
    uint32_t *link = &node_at(space, node->parent)->below;
    while (!link_is_empty(*link) && node_priority(space, *link) >= priority) {
        struct node *at = node_at(space, *link);
        if (name_compare(node_name(node), at) < 0) {
            after = *link;
            link = &at->left;
        } else {
            link = &at->right;
        }
    }
    uint32_t below = *link;
    *link = fresh;
    siblings_split(space, below, fresh, after);
}

/* What replaces a node: its two sides as one treap, `empty` when there are none. */
static uint32_t siblings_join(struct namespace *space, uint32_t before, uint32_t behind,
                              uint32_t empty, uint32_t after)
{
    uint32_t joined = empty, *link = &joined;
    while (before != NODE_NONE && !link_is_empty(behind)) {
        if (node_priority(space, before) >= node_priority(space, behind)) {
            *link = before;
            link = &node_at(space, before)->right;
            before = node_right(node_at(space, before));
        } else {
            *link = behind;
            link = &node_at(space, behind)->left;
            after = behind;
            behind = *link;
        }
    }
    if (!link_is_empty(behind)) {
        *link = behind;
    } else if (before != NODE_NONE) {
        *link = before;
        while (node_right(node_at(space, before)) != NODE_NONE)
            before = node_at(space, before)->right;
        node_at(space, before)->right = after | NODE_THREAD; /* it led to who is removed */
    }
    return joined;
}

void siblings_remove(struct namespace *space, uint32_t gone)
{
    const struct node *node = node_at(space, gone);
    uint32_t *link = &node_at(space, node->parent)->below;
    bool is_right = false;
    while (*link != gone) {
        check(!link_is_empty(*link));
        struct node *at = node_at(space, *link);
        is_right = name_compare(node_name(node), at) > 0;
        link = is_right ? &at->right : &at->left;
    }
    uint32_t right = node->right, after = NODE_NONE;
    if (link_is_empty(right))
        after = right & ~NODE_THREAD;
    uint32_t empty = is_right ? after | NODE_THREAD : NODE_NONE;
    *link = siblings_join(space, node->left, right, empty, after);
}

uint32_t siblings_find(const struct namespace *space, uint32_t parent, struct bytes name)
{
    uint32_t at = node_at(space, parent)->below;
    while (at != NODE_NONE) {
        const struct node *node = node_at(space, at);
        int order = name_compare(name, node);
        if (order == 0)
            break;
        at = order < 0 ? node->left : node_right(node);
    }
    return at;
}

uint32_t siblings_seek(const struct namespace *space, uint32_t parent, struct bytes after,
                       bool also_equal)
{
    uint32_t at = node_at(space, parent)->below, found = NODE_NONE;
    while (at != NODE_NONE) {
        const struct node *node = node_at(space, at);
        int order = name_compare(after, node);
        if (order < 0 || (order == 0 && also_equal)) {
            found = at;
            at = node->left;
        } else {
            at = node_right(node);
        }
    }
    return found;
}

static uint32_t siblings_leftmost(const struct namespace *space, uint32_t node)
{
    for (uint32_t left = node; left != NODE_NONE; left = node_at(space, node)->left)
        node = left;
    return node;
}

uint32_t siblings_first(const struct namespace *space, uint32_t parent)
{
    return siblings_leftmost(space, node_at(space, parent)->below);
}

uint32_t siblings_next(const struct namespace *space, uint32_t node)
{
    uint32_t right = node_at(space, node)->right;
    return (right & NODE_THREAD) != 0 ? right & ~NODE_THREAD : siblings_leftmost(space, right);
}
