/* What types say, found by name: an attribute or a metric is in a slot, the slots of a type are a
 * list. Derived: a change of a type takes its slots out and puts what it says now. */
#include "model/assets/tables.h"

#include <stdlib.h>

static enum err first_reserve(struct slots *slots, uint32_t type)
{
    if (type < slots->first_capacity)
        return OK;
    uint32_t capacity = type < 512 ? 1024 : type * 2;
    uint32_t *first = realloc(slots->first, capacity * sizeof first[0]);
    if (first == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = slots->first_capacity; i < capacity; i++)
        first[i] = SLOT_NONE;
    slots->first = first;
    slots->first_capacity = capacity;
    return OK;
}

static enum err slot_make(struct slots *slots, uint32_t *ret_slot)
{
    if (slots->free != SLOT_NONE) {
        *ret_slot = slots->free;
        slots->free = slots->at[slots->free].next;
        return OK;
    }
    if (slots->count + 1 >= slots->capacity) {
        uint32_t capacity = slots->capacity == 0 ? 1024 : slots->capacity * 2;
        struct item_slot *at = realloc(slots->at, capacity * sizeof at[0]);
        if (at == NULL)
            return ERR_NO_MEMORY;
        slots->at = at;
        slots->capacity = capacity;
    }
    *ret_slot = ++slots->count;
    return OK;
}

static uint64_t slot_hash(uint32_t type, unsigned kind, struct bytes name)
{
    return hash_of((enum hash_of)(HASH_ITEM + kind), type, name);
}

struct bytes type_slot_name(const struct assets *assets, uint32_t slot)
{
    const struct item_slot *at = &assets->slots.at[slot];
    return bytes_of(asset_text(assets, at->sheet).at + at->name_at, at->name_size);
}

enum err type_slots_put(struct assets *assets, uint32_t type)
{
    struct slots *slots = &assets->slots;
    uint32_t text = version_at(assets, type_at(assets, type)->node.version)->sheet;
    struct bytes sheet = asset_text(assets, text);
    struct asset_item item;
    const char *fault;
    enum err err = first_reserve(slots, type);
    for (size_t offset = 0, at = 0; err == OK && asset_item_next(sheet, &offset, &item, &fault);
         at = offset) {
        uint32_t slot;
        err = slot_make(slots, &slot);
        if (err != OK)
            return err;
        slots->at[slot] = (struct item_slot){.type = type,
                                             .next = slots->first[type],
                                             .sheet = text,
                                             .at = (uint16_t)at,
                                             .name_at = (uint16_t)(item.name.at - sheet.at),
                                             .name_size = (uint16_t)item.name.size,
                                             .kind = item.kind};
        slots->first[type] = slot;
        err = index_insert(assets->items, slot_hash(type, item.kind, item.name), slot);
    }
    return err;
}

enum err type_slots_take(struct assets *assets, uint32_t type)
{
    struct slots *slots = &assets->slots;
    if (type >= slots->first_capacity)
        return OK;
    for (uint32_t slot = slots->first[type], next; slot != SLOT_NONE; slot = next) {
        struct item_slot *at = &slots->at[slot];
        enum err err = index_remove(assets->items,
                                    slot_hash(type, at->kind, type_slot_name(assets, slot)), slot);
        if (err != OK)
            return err;
        next = at->next;
        *at = (struct item_slot){.next = slots->free};
        slots->free = slot;
    }
    slots->first[type] = SLOT_NONE;
    return OK;
}

void type_slots_done(struct slots *slots)
{
    free(slots->at);
    free(slots->first);
    *slots = (struct slots){0};
}

uint64_t type_slots_memory(const struct slots *slots)
{
    return slots->capacity * sizeof slots->at[0] + slots->first_capacity * sizeof slots->first[0];
}

/* ---- asking ------------------------------------------------------------------------------------
 */
uint32_t type_slot(const struct assets *assets, uint32_t type, unsigned kind, struct bytes name)
{
    struct index_probe probe;
    for (uint32_t slot = index_first(assets->items, &probe, slot_hash(type, kind, name));
         slot != INDEX_NONE; slot = index_next(assets->items, &probe)) {
        const struct item_slot *at = &assets->slots.at[slot];
        if (at->type == type && at->kind == kind && bytes_equal(type_slot_name(assets, slot), name))
            return slot;
    }
    return SLOT_NONE;
}

uint32_t type_slot_above(const struct assets *assets, uint32_t type, unsigned kind,
                         struct bytes name)
{
    uint32_t slot = SLOT_NONE;
    for (; type != TYPE_NONE && slot == SLOT_NONE; type = type_at(assets, type)->node.parent)
        slot = type_slot(assets, type, kind, name);
    return slot;
}

void type_slot_item(const struct assets *assets, uint32_t slot, struct asset_item *ret_item)
{
    const struct item_slot *at = &assets->slots.at[slot];
    size_t offset = at->at;
    const char *fault;
    check(asset_item_next(asset_text(assets, at->sheet), &offset, ret_item, &fault));
    ret_item->from = at->type;
}
