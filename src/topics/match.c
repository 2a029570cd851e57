/* The tree as it is asked, and the rule of MQTT 5, 4.7 for one pair. */
#include "topics/tree.h"

/* ---- one pair -------------------------------------------------------------------------------- */

bool topic_matches(struct bytes topic, struct bytes filter)
{
    struct levels topics = levels_of(topic), filters = levels_of(filter);
    bool hidden = text_is_hidden(topic);
    while (filters.more) {
        struct bytes wanted = levels_next(&filters);
        bool rest = level_is_rest(wanted, &filters), plus = level_is_plus(wanted);
        if (hidden && (rest || plus))
            return false;
        if (rest)
            return true;
        if (!topics.more)
            return false;
        struct bytes level = levels_next(&topics);
        if (!plus && !bytes_equal(level, wanted))
            return false;
        hidden = false; /* only the first level of a filter cares */
    }
    return !topics.more;
}

/* ---- both ways ------------------------------------------------------------------------------- */

/* The levels of the text asked with, split and hashed as far as the walk has come. One more than a
 * stored text can have: "a/b/#" has three and matches a name of two. */
#define LEVELS_MAX (TOPICS_DEPTH_MAX + 1)
struct asked {
    struct levels left;
    uint32_t count;
    struct bytes levels[LEVELS_MAX];
    uint64_t hashes[LEVELS_MAX];
};

/* The text has a level at that depth, and it is split; the depths come in order. */
static bool asked_has(const struct topics *topics, struct asked *asked, uint32_t depth)
{
    if (depth < asked->count)
        return true;
    if (!asked->left.more || depth == LEVELS_MAX)
        return false;
    asked->levels[depth] = levels_next(&asked->left);
    asked->hashes[depth] = level_hash(topics, asked->levels[depth]);
    asked->count = depth + 1;
    return true;
}

/* A node on the way. The tag is known before the node is read: see tree.h. */
struct visit {
    uint32_t node, tag, depth;
};

/* The node of the tenant, at depth 0; none when it has nothing here. */
static struct visit visit_tenant(const struct topics *topics, uint32_t tenant)
{
    struct bytes level = bytes_of(&tenant, sizeof tenant);
    uint32_t tag = node_tag(0, level_hash(topics, level));
    return (struct visit){.node = node_find(topics, CELL_NONE, tag, level), .tag = tag};
}

/* Fetches what the first levels need as long as they are plain: nearly always the most of it. */
#define AHEAD_LEVELS 8u
static void asked_fetch(const struct topics *topics, struct asked *asked, uint32_t tag)
{
    for (uint32_t depth = 0; depth < AHEAD_LEVELS && asked_has(topics, asked, depth); depth++) {
        if (level_is_plus(asked->levels[depth]))
            return;
        tag = node_tag(tag, asked->hashes[depth]);
        tags_prefetch(&topics->children, tag);
    }
}

/* false: `each` has enough. */
static bool values_tell(const struct topics *topics, const struct node *node, enum node_set set,
                        topics_each *each, void *arg)
{
    uint8_t kind = node->kinds[set];
    uint32_t head = node->heads[set];
    if (kind == VALUES_NONE)
        return true;
    if (kind == VALUES_ONE)
        return each(arg, head);
    while (head != CELL_NONE) {
        const struct values_block *block = pool_cell(&topics->values.blocks, head);
        if (block->next != CELL_NONE)
            __builtin_prefetch(pool_cell(&topics->values.blocks, block->next));
        for (uint32_t i = 0; i < block_count(block->total); i++)
            if (!each(arg, block->values[i]))
                return false;
        head = block->next;
    }
    return true;
}

/* ---- a name asks for filters -------------------------------------------------------------------
 */

size_t topics_match_filters(const struct topics *topics, uint32_t tenant, struct bytes topic,
                            topics_each *each, void *arg)
{
    /* What is still to be visited: plus nodes that were passed, at most one of each depth, because
     * the deepest is visited first. */
    struct visit waiting[LEVELS_MAX];
    struct asked asked;
    asked.left = levels_of(topic);
    asked.count = 0;
    uint32_t waiting_count = 0;
    size_t nodes = 0;
    bool hidden = text_is_hidden(topic);
    struct visit at = visit_tenant(topics, tenant);
    if (at.node != CELL_NONE)
        asked_fetch(topics, &asked, at.tag);
    while (at.node != CELL_NONE) {
        const struct node *node = node_at(topics, at.node);
        nodes++;
        bool wild = at.depth > 0 || !hidden;
        if (wild && !values_tell(topics, node, NODE_REST, each, arg))
            break;
        struct visit next = {.depth = at.depth + 1};
        if (asked_has(topics, &asked, at.depth)) {
            if (wild && node->plus != CELL_NONE)
                waiting[waiting_count++] =
                    (struct visit){node->plus, node_tag(at.tag, topics->plus_hash), at.depth + 1};
            next.tag = node_tag(at.tag, asked.hashes[at.depth]);
            if (node->first != CELL_NONE)
                next.node = node_find(topics, at.node, next.tag, asked.levels[at.depth]);
        } else if (!values_tell(topics, node, NODE_OWN, each, arg)) {
            break;
        }
        if (next.node == CELL_NONE && waiting_count > 0)
            next = waiting[--waiting_count];
        at = next;
    }
    return nodes;
}

/* ---- a filter asks for names -------------------------------------------------------------------
 */

/* A walk without a stack: nodes know their parents and brothers. */
struct names_walk {
    const struct topics *topics;
    struct asked asked;
    uint32_t rest;   /* depth below which anything matches; LEVELS_MAX: the filter has no '#' */
    uint32_t levels; /* of the filter, without its '#' */
    struct visit at;
    size_t left; /* nodes that may still be stepped on */
};

/* A filter of still more levels than fit matches no name: no node is as deep. */
static void names_begin(struct names_walk *walk, struct bytes filter)
{
    struct asked *asked = &walk->asked;
    asked->left = levels_of(filter);
    asked->count = 0;
    while (asked_has(walk->topics, asked, asked->count))
        continue;
    walk->levels = asked->count;
    walk->rest = LEVELS_MAX;
    if (level_is_rest(asked->levels[asked->count - 1], &asked->left))
        walk->rest = --walk->levels;
}

/* Do all children of a node at that depth go on, rather than the one of the filter's level? */
static bool names_all(const struct names_walk *walk, uint32_t depth)
{
    return depth >= walk->rest ||
           (depth < walk->levels && level_is_plus(walk->asked.levels[depth]));
}

/* Steps to that node or, where wildcards may not see it, to the first brother after it that they
 * may. false: there is none, or no step is left. */
static bool names_step(struct names_walk *walk, uint32_t node, uint32_t depth, bool *ret_gave_up)
{
    while (node != CELL_NONE) {
        if (walk->left == 0) {
            *ret_gave_up = true;
            return false;
        }
        walk->left--;
        const struct node *found = node_at(walk->topics, node);
        if (depth > 1 || !names_all(walk, 0) || !text_is_hidden(node_level(found))) {
            walk->at = (struct visit){node, found->tag, depth};
            return true;
        }
        node = found->next;
    }
    return false;
}

/* Steps to the first child that matches. */
static bool names_down(struct names_walk *walk, bool *ret_gave_up)
{
    const struct node *node = node_at(walk->topics, walk->at.node);
    uint32_t depth = walk->at.depth;
    if (node->first == CELL_NONE)
        return false;
    if (names_all(walk, depth))
        return names_step(walk, node->first, depth + 1, ret_gave_up);
    if (depth >= walk->levels)
        return false;
    uint32_t tag = node_tag(walk->at.tag, walk->asked.hashes[depth]);
    uint32_t child = node_find(walk->topics, walk->at.node, tag, walk->asked.levels[depth]);
    bool stepped = names_step(walk, child, depth + 1, ret_gave_up);
    if (stepped)
        walk->at.tag = tag; /* the same, but known before the node is read */
    return stepped;
}

/* Steps to the next that matches beside this node, or beside the nearest above it. */
static bool names_along(struct names_walk *walk, bool *ret_gave_up)
{
    while (walk->at.depth > 0 && !*ret_gave_up) {
        const struct node *node = node_at(walk->topics, walk->at.node);
        uint32_t depth = walk->at.depth;
        if (names_all(walk, depth - 1) && names_step(walk, node->next, depth, ret_gave_up))
            return true;
        walk->at = (struct visit){node->parent, 0, depth - 1}; /* it goes on beside it */
    }
    return false;
}

bool topics_match_names(const struct topics *topics, uint32_t tenant, struct bytes filter,
                        size_t most, topics_each *each, void *arg)
{
    struct names_walk walk;
    walk.topics = topics;
    walk.left = most;
    walk.at = visit_tenant(topics, tenant);
    if (walk.at.node == CELL_NONE)
        return true;
    bool gave_up = false;
    names_begin(&walk, filter);
    asked_fetch(topics, &walk.asked, walk.at.tag);
    do {
        bool matches = walk.at.depth >= walk.rest || walk.at.depth == walk.levels;
        const struct node *node = node_at(topics, walk.at.node);
        if (matches && !values_tell(topics, node, NODE_OWN, each, arg))
            return true;
    } while (names_down(&walk, &gave_up) || (!gave_up && names_along(&walk, &gave_up)));
    return !gave_up;
}
