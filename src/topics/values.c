/* Blocks of values, and the table of places for sets that are too long to be searched. */
#include "topics/values.h"

#define PLACE_SHIFT 4
_Static_assert(BLOCK_VALUES <= 1 << PLACE_SHIFT, "a place fits beside the block's id");
_Static_assert(POOL_CELLS_MAX <= UINT64_C(1) << (32 - PLACE_SHIFT), "so does any block's id");
#define PLACE_NONE 0 /* block ids start at 1 */

static struct values_block *block_at(const struct values *values, uint32_t block)
{
    return pool_cell(&values->blocks, block);
}

static uint32_t *place_value(const struct values *values, uint32_t place)
{
    return &block_at(values, place >> PLACE_SHIFT)->values[place & ((1u << PLACE_SHIFT) - 1)];
}

static uint32_t value_tag(const struct values *values, uint32_t owner, uint32_t value)
{
    return tag_of(values->seed, (uint64_t)owner << 32 | value);
}

void values_done(struct values *values)
{
    pool_done(&values->blocks);
    tags_done(&values->places);
}

/* The place of the last value of a set in blocks. */
static uint32_t place_last(const struct values *values, uint32_t head)
{
    return head << PLACE_SHIFT | (block_count(block_at(values, head)->total) - 1);
}

static uint32_t place_search(const struct values *values, uint32_t head, uint32_t value)
{
    for (uint32_t id = head; id != CELL_NONE;) {
        const struct values_block *block = block_at(values, id);
        for (uint32_t i = 0; i < block_count(block->total); i++)
            if (block->values[i] == value)
                return id << PLACE_SHIFT | i;
        id = block->next;
    }
    return PLACE_NONE;
}

static uint32_t place_find(const struct values *values, uint32_t owner, uint32_t head, uint8_t kind,
                           uint32_t value)
{
    if (kind == VALUES_LIST)
        return place_search(values, head, value);
    struct tags_probe probe;
    uint32_t place = tags_first(&values->places, &probe, value_tag(values, owner, value));
    for (; place != PLACE_NONE; place = tags_next(&probe))
        if (*place_value(values, place) == value &&
            block_at(values, place >> PLACE_SHIFT)->owner == owner)
            return place;
    return PLACE_NONE;
}

/* ---- the table of places --------------------------------------------------------------------- */

/* Takes the first `count` values, in the order of the blocks, out of the table. */
static void places_remove(struct values *values, uint32_t owner, uint32_t head, uint32_t count)
{
    for (uint32_t id = head; id != CELL_NONE; id = block_at(values, id)->next) {
        const struct values_block *block = block_at(values, id);
        for (uint32_t i = 0; i < block_count(block->total); i++, count--) {
            if (count == 0)
                return;
            tags_remove(&values->places, value_tag(values, owner, block->values[i]),
                        id << PLACE_SHIFT | i);
        }
    }
}

static enum err places_insert(struct values *values, uint32_t owner, uint32_t head)
{
    uint32_t done = 0;
    for (uint32_t id = head; id != CELL_NONE; id = block_at(values, id)->next) {
        const struct values_block *block = block_at(values, id);
        for (uint32_t i = 0; i < block_count(block->total); i++, done++) {
            enum err err = tags_insert(&values->places, value_tag(values, owner, block->values[i]),
                                       id << PLACE_SHIFT | i);
            if (err != OK) {
                places_remove(values, owner, head, done);
                return err;
            }
        }
    }
    return OK;
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* One value becomes a block. */
static enum err values_begin_list(struct values *values, uint32_t owner, uint32_t *head,
                                  uint8_t *kind)
{
    uint32_t id = pool_take(&values->blocks);
    if (id == CELL_NONE)
        return ERR_NO_MEMORY;
    struct values_block *block = block_at(values, id);
    block->owner = owner;
    block->total = 1;
    block->values[0] = *head;
    *head = id;
    *kind = VALUES_LIST;
    return OK;
}

static enum err values_push(struct values *values, uint32_t owner, uint32_t *head, uint8_t kind,
                            uint32_t value)
{
    uint32_t id = *head, total = block_at(values, id)->total;
    bool full = block_count(total) == BLOCK_VALUES;
    if (full) {
        id = pool_take(&values->blocks);
        if (id == CELL_NONE)
            return ERR_NO_MEMORY;
        block_at(values, id)->owner = owner;
        block_at(values, id)->next = *head;
    }
    uint32_t place = id << PLACE_SHIFT | (full ? 0 : block_count(total));
    if (kind == VALUES_INDEXED &&
        tags_insert(&values->places, value_tag(values, owner, value), place) != OK) {
        if (full)
            pool_give(&values->blocks, id);
        return ERR_NO_MEMORY;
    }
    *place_value(values, place) = value;
    block_at(values, id)->total = total + 1;
    *head = id;
    return OK;
}

enum err values_add(struct values *values, uint32_t owner, uint32_t *head, uint8_t *kind,
                    uint32_t value)
{
    enum err err = OK;
    if (*kind == VALUES_NONE) {
        *head = value;
        *kind = VALUES_ONE;
        return OK;
    }
    if (*kind == VALUES_ONE)
        err = *head == value ? ERR_EXISTS : values_begin_list(values, owner, head, kind);
    else if (place_find(values, owner, *head, *kind, value) != PLACE_NONE)
        err = ERR_EXISTS;
    if (err != OK)
        return err;
    if (*kind == VALUES_LIST && block_at(values, *head)->total >= VALUES_INDEXED_ABOVE) {
        err = places_insert(values, owner, *head);
        if (err != OK)
            return err;
        *kind = VALUES_INDEXED;
    }
    return values_push(values, owner, head, *kind, value);
}

/* ---- removing -------------------------------------------------------------------------------- */

/* Takes the last value of the set away. */
static void values_pop(struct values *values, uint32_t *head)
{
    struct values_block *block = block_at(values, *head);
    bool emptied = block_count(block->total) == 1;
    block->total--;
    if (emptied) {
        uint32_t next = block->next;
        pool_give(&values->blocks, *head);
        *head = next;
    }
}

static void values_shrink(struct values *values, uint32_t owner, uint32_t *head, uint8_t *kind)
{
    uint32_t total = block_at(values, *head)->total;
    if (*kind == VALUES_INDEXED && total <= VALUES_INDEXED_BELOW) {
        places_remove(values, owner, *head, total);
        *kind = VALUES_LIST;
    }
    if (total == 1) {
        uint32_t value = block_at(values, *head)->values[0];
        pool_give(&values->blocks, *head);
        *head = value;
        *kind = VALUES_ONE;
    }
}

enum err values_remove(struct values *values, uint32_t owner, uint32_t *head, uint8_t *kind,
                       uint32_t value)
{
    if (*kind == VALUES_NONE || (*kind == VALUES_ONE && *head != value))
        return ERR_MISSING;
    if (*kind == VALUES_ONE) {
        *head = 0;
        *kind = VALUES_NONE;
        return OK;
    }
    uint32_t place = place_find(values, owner, *head, *kind, value);
    if (place == PLACE_NONE)
        return ERR_MISSING;
    uint32_t last = place_last(values, *head), moved = *place_value(values, last);
    if (*kind == VALUES_INDEXED) {
        tags_remove(&values->places, value_tag(values, owner, value), place);
        if (last != place)
            tags_replace(&values->places, value_tag(values, owner, moved), last, place);
    }
    *place_value(values, place) = moved;
    values_pop(values, head);
    values_shrink(values, owner, head, kind);
    return OK;
}

uint64_t values_memory(const struct values *values)
{
    return pool_memory(&values->blocks) + tags_memory(&values->places);
}
