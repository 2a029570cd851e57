/* The tree as it changes: adding texts level by level, and pruning what serves nobody any more. */
#include "topics/topics.h"

#include <stdlib.h>

#include "topics/memory.h"
#include "topics/tree.h"

/* ---- life ------------------------------------------------------------------------------------ */

enum err topics_create(struct topics **ret_topics)
{
    return topics_create_seeded(UINT64_C(0x746f70696373), ret_topics);
}

enum err topics_create_seeded(uint64_t seed, struct topics **ret_topics)
{
    struct topics *topics = topics_alloc(sizeof *topics);
    if (topics == NULL)
        return ERR_NO_MEMORY;
    /* The two tables shall not share a secret. */
    *topics = (struct topics){.seed = seed, .values.seed = hash64(&seed, sizeof seed, seed)};
    topics->plus_hash = level_hash(topics, bytes_text("+"));
    *ret_topics = topics;
    return OK;
}

void topics_destroy(struct topics *topics)
{
    if (topics == NULL)
        return;
    for (uint32_t id = 1; topics->outside_bytes > 0 && id < topics->nodes.used; id++) {
        struct node *node = node_at(topics, id); /* a free one has a level of no bytes */
        if (node->size > NODE_INSIDE)
            topics_free(node_outside(node));
    }
    pool_done(&topics->nodes);
    tags_done(&topics->children);
    values_done(&topics->values);
    topics_free(topics);
}

bool topics_empty(const struct topics *topics)
{
    return topics->count == 0;
}

uint64_t topics_count(const struct topics *topics)
{
    return topics->count;
}

uint64_t topics_memory(const struct topics *topics)
{
    return sizeof *topics + pool_memory(&topics->nodes) + tags_memory(&topics->children) +
           values_memory(&topics->values) + topics->outside_bytes;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static enum err node_set_level(struct topics *topics, struct node *node, struct bytes level)
{
    uint8_t *to = node->level;
    if (level.size > NODE_INSIDE) {
        to = topics_alloc(level.size);
        if (to == NULL)
            return ERR_NO_MEMORY;
        memcpy(node->level, &to, sizeof to);
        topics->outside_bytes += level.size;
    }
    node->size = (uint16_t)level.size;
    if (level.size > 0)
        memcpy(to, level.at, level.size);
    return OK;
}

static void node_destroy(struct topics *topics, uint32_t id)
{
    struct node *node = node_at(topics, id);
    if (node->size > NODE_INSIDE) {
        topics_free(node_outside(node));
        topics->outside_bytes -= node->size;
    }
    pool_give(&topics->nodes, id);
}

static void node_link(struct topics *topics, uint32_t parent, uint32_t id)
{
    struct node *node = node_at(topics, id);
    if (parent == CELL_NONE)
        return;
    uint32_t *first = &node_at(topics, parent)->first;
    node->next = *first;
    if (*first != CELL_NONE)
        node_at(topics, *first)->previous = id;
    *first = id;
}

static void node_unlink(struct topics *topics, const struct node *node)
{
    if (node->previous != CELL_NONE)
        node_at(topics, node->previous)->next = node->next;
    else if (node->parent != CELL_NONE)
        node_at(topics, node->parent)->first = node->next;
    if (node->next != CELL_NONE)
        node_at(topics, node->next)->previous = node->previous;
}

static enum err node_create(struct topics *topics, uint32_t parent, uint32_t tag,
                            struct bytes level, bool plus, uint32_t *ret_node)
{
    uint32_t id = pool_take(&topics->nodes);
    if (id == CELL_NONE)
        return ERR_NO_MEMORY;
    struct node *node = node_at(topics, id);
    node->parent = parent;
    node->tag = tag;
    enum err err = node_set_level(topics, node, level);
    if (err == OK && !plus)
        err = tags_insert(&topics->children, tag, id);
    if (err != OK) {
        node_destroy(topics, id);
        return err;
    }
    if (plus)
        node_at(topics, parent)->plus = id;
    else
        node_link(topics, parent, id);
    *ret_node = id;
    return OK;
}

/* Removes the node and those above it that neither hold values nor lead to any. */
static void node_prune(struct topics *topics, uint32_t id)
{
    while (id != CELL_NONE) {
        const struct node *node = node_at(topics, id);
        if (node->first != CELL_NONE || node->plus != CELL_NONE ||
            node->kinds[NODE_OWN] != VALUES_NONE || node->kinds[NODE_REST] != VALUES_NONE)
            return;
        uint32_t parent = node->parent;
        if (parent != CELL_NONE && node_at(topics, parent)->plus == id) {
            node_at(topics, parent)->plus = CELL_NONE;
        } else {
            tags_remove(&topics->children, node->tag, id);
            node_unlink(topics, node);
        }
        node_destroy(topics, id);
        id = parent;
    }
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool text_fits(struct bytes text)
{
    struct levels levels = levels_of(text);
    for (uint32_t depth = 0; levels.more; depth++) {
        if (depth == TOPICS_DEPTH_MAX || levels_next(&levels).size > TOPICS_LEVEL_MAX)
            return false;
    }
    return true;
}

/* Where the values of a text stand: a node, and which of its sets. */
struct place {
    uint32_t node;
    enum node_set set;
};

/* Goes down as far as the text leads. ERR_MISSING when a node is missing, and then place->node is
 * the last one there was; with `create` it is created instead, and after ERR_NO_MEMORY place->node
 * is the last one that could be. */
static enum err text_walk(struct topics *topics, uint32_t tenant, struct bytes text, bool create,
                          struct place *place)
{
    struct levels levels = levels_of(text);
    struct bytes level = bytes_of(&tenant, sizeof tenant);
    uint32_t tag = 0;
    bool plus = false;
    *place = (struct place){.node = CELL_NONE, .set = NODE_OWN};
    for (;;) {
        tag = node_tag(tag, plus ? topics->plus_hash : level_hash(topics, level));
        uint32_t next =
            plus ? node_at(topics, place->node)->plus : node_find(topics, place->node, tag, level);
        enum err err = next != CELL_NONE ? OK
                       : create          ? node_create(topics, place->node, tag, level, plus, &next)
                                         : ERR_MISSING;
        if (err != OK)
            return err;
        place->node = next;
        if (!levels.more)
            return OK;
        level = levels_next(&levels);
        plus = level_is_plus(level);
        if (level_is_rest(level, &levels)) {
            place->set = NODE_REST;
            return OK;
        }
    }
}

/* A set is known to its blocks by the node and which of the two it is. */
static uint32_t place_owner(const struct place *place)
{
    return place->node << 1 | (uint32_t)place->set;
}

enum err topics_add(struct topics *topics, uint32_t tenant, struct bytes text, uint32_t value)
{
    struct place place;
    if (!text_fits(text))
        return ERR_LIMIT;
    enum err err = text_walk(topics, tenant, text, true, &place);
    if (err == OK) {
        struct node *node = node_at(topics, place.node);
        err = values_add(&topics->values, place_owner(&place), &node->heads[place.set],
                         &node->kinds[place.set], value);
    }
    if (err == OK)
        topics->count++;
    else
        node_prune(topics, place.node);
    return err;
}

enum err topics_remove(struct topics *topics, uint32_t tenant, struct bytes text, uint32_t value)
{
    struct place place;
    if (text_walk(topics, tenant, text, false, &place) != OK)
        return ERR_MISSING;
    struct node *node = node_at(topics, place.node);
    enum err err = values_remove(&topics->values, place_owner(&place), &node->heads[place.set],
                                 &node->kinds[place.set], value);
    if (err != OK)
        return err;
    topics->count--;
    node_prune(topics, place.node);
    return OK;
}
