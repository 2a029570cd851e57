/* tree: nodes and levels, for the files of this room. Not public.
 *
 *      tenant 1
 *        └─ "site"
 *             ├─ "a"   own: values of site/a      rest: values of site/a/#
 *             │   └─ plus ─ ...                   what stands below site/a/+
 *             └─ "b"
 *
 * A node is one level in one place. Children are found through one table for the whole tree, by a
 * tag made of the parent's tag and the level; parent and level are then compared. So a tag depends
 * on the text alone, and the tags of all levels of a name are known before the first node is read:
 * the memory they lead to is fetched at once, not one after the other. A '+' below a node is its
 * `plus` and in no table or list, and a '#' below it is no node at all but its `rest`. Tenants are
 * nodes without a parent, whose level is the number of the tenant. */
#pragma once

#include <string.h>

#include "base/base.h"
#include "topics/pool.h"
#include "topics/tags.h"
#include "topics/topics.h"
#include "topics/values.h"

enum node_set { NODE_OWN, NODE_REST, NODE_SETS };
#define NODE_INSIDE 28u /* bytes of a level that need no memory of their own */
struct node {
    uint32_t parent;
    uint32_t first, next, previous; /* the first child; brothers, which are in no order */
    uint32_t plus;
    uint32_t tag;
    uint32_t heads[NODE_SETS];
    uint8_t kinds[NODE_SETS];
    uint16_t size;              /* of the level */
    uint8_t level[NODE_INSIDE]; /* the level, or the address of a longer one */
};
_Static_assert(sizeof(struct node) == CELL_SIZE, "a node is a cache line");

struct topics {
    uint64_t count; /* values */
    uint64_t seed;
    uint64_t plus_hash;     /* of the level "+" */
    uint64_t outside_bytes; /* of levels */
    struct pool nodes;
    struct tags children;
    struct values values;
};

static inline struct node *node_at(const struct topics *topics, uint32_t node)
{
    return pool_cell(&topics->nodes, node);
}

static inline uint8_t *node_outside(const struct node *node)
{
    uint8_t *at;
    memcpy(&at, node->level, sizeof at);
    return at;
}

static inline struct bytes node_level(const struct node *node)
{
    return bytes_of(node->size <= NODE_INSIDE ? node->level : node_outside(node), node->size);
}

static inline uint64_t level_hash(const struct topics *topics, struct bytes level)
{
    return hash64(level.at, level.size, topics->seed);
}

/* Of the level with that hash below the node with that tag; 0 stands above the tenants. */
static inline uint32_t node_tag(uint32_t parent_tag, uint64_t hash)
{
    return tag_of(hash, parent_tag);
}

/* The child with that tag and level, never the plus; CELL_NONE when there is none. Inline: this is
 * what a match spends its time on. */
static inline uint32_t node_find(const struct topics *topics, uint32_t parent, uint32_t tag,
                                 struct bytes level)
{
    struct tags_probe probe;
    uint32_t id = tags_first(&topics->children, &probe, tag);
    for (; id != CELL_NONE; id = tags_next(&probe)) {
        const struct node *node = node_at(topics, id);
        if (node->parent == parent && bytes_equal(node_level(node), level))
            return id;
    }
    return CELL_NONE;
}

/* ---- levels of a text, one after the other -----------------------------------------------------
 */
struct levels {
    const uint8_t *at;
    size_t left;
    bool more; /* a level follows, an empty one perhaps */
};

static inline struct levels levels_of(struct bytes text)
{
    return (struct levels){.at = text.at, .left = text.size, .more = true};
}

/* Only when there is more. */
static inline struct bytes levels_next(struct levels *levels)
{
    const uint8_t *slash = levels->left == 0 ? NULL : memchr(levels->at, '/', levels->left);
    size_t size = slash == NULL ? levels->left : (size_t)(slash - levels->at);
    struct bytes level = bytes_of(levels->at, size);
    levels->more = slash != NULL;
    if (levels->more) {
        levels->at = slash + 1;
        levels->left -= size + 1;
    }
    return level;
}

static inline bool level_is_plus(struct bytes level)
{
    return level.size == 1 && level.at[0] == '+';
}

/* `levels` stands behind the level. */
static inline bool level_is_rest(struct bytes level, const struct levels *levels)
{
    return level.size == 1 && level.at[0] == '#' && !levels->more;
}

static inline bool text_is_hidden(struct bytes text) /* from wildcards in the first place */
{
    return text.size > 0 && text.at[0] == '$';
}
