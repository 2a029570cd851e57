/* From a point to those that look at it, in one step for most: the row of a point holds 0, or the
 * one that looks, or a list of several. And from hashes to those that wait for what has the hash: a
 * path that has no point yet, or a point that changes under those that stand on it. */
#include "model/expressions/tables.h"

#include <stdlib.h>

/* ---- lookers ---- */
/* A free list's `one` is the next free one. */
static enum err look_list_take(struct expressions *expressions, uint32_t *ret_number,
                               struct list **ret_list)
{
    uint32_t number = expressions->lists_free;
    if (number != 0) {
        *ret_list = pile_get(&expressions->lists, number);
        expressions->lists_free = (*ret_list)->one;
        **ret_list = (struct list){.count = 0};
    } else {
        number = expressions->lists_used + 1;
        *ret_list = pile_put(&expressions->lists, number);
        if (*ret_list == NULL)
            return ERR_NO_MEMORY;
        expressions->lists_used = number;
    }
    *ret_number = number;
    return OK;
}

static void look_list_give(struct expressions *expressions, uint32_t number, struct list *list)
{
    list_done(list, &expressions->heap_bytes);
    list->one = expressions->lists_free;
    expressions->lists_free = number;
}

enum err look_add(struct expressions *expressions, uint32_t point, uint32_t looker)
{
    uint32_t *row = pile_put(&expressions->lookers, point);
    if (row == NULL)
        return ERR_NO_MEMORY;
    if (*row == 0) {
        *row = looker;
        points_look(expressions->points, point, true);
        return OK;
    }
    if (*row == looker)
        return OK;
    struct list *list;
    if (!(*row & LOOKER_LIST)) {
        uint32_t number;
        enum err err = look_list_take(expressions, &number, &list);
        if (err == OK)
            err = list_add(list, *row, &expressions->heap_bytes);
        if (err != OK)
            return err;
        *row = LOOKER_LIST | number;
    } else {
        list = pile_get(&expressions->lists, *row & ~LOOKER_LIST);
    }
    return list_add(list, looker, &expressions->heap_bytes);
}

void look_remove(struct expressions *expressions, uint32_t point, uint32_t looker)
{
    uint32_t *row = pile_get(&expressions->lookers, point);
    if (row == NULL)
        return;
    if (*row & LOOKER_LIST) {
        struct list *list = pile_get(&expressions->lists, *row & ~LOOKER_LIST);
        (void)list_remove(list, looker, &expressions->heap_bytes);
        if (list->count > 0)
            return;
        look_list_give(expressions, *row & ~LOOKER_LIST, list);
    } else if (*row != looker) {
        return;
    }
    *row = 0;
    points_look(expressions->points, point, false);
}

const struct list *look_list(const struct expressions *expressions, uint32_t point,
                             struct list *one)
{
    const uint32_t *row = pile_get(&expressions->lookers, point);
    if (row == NULL || *row == 0)
        return NULL;
    if (UNLIKELY(*row & LOOKER_LIST))
        return pile_get(&expressions->lists, *row & ~LOOKER_LIST);
    *one = (struct list){.count = 1, .one = *row};
    return one;
}

/* ---- keys ---- */
uint64_t key_of_point(uint32_t point)
{
    return hash64(&point, sizeof point, UINT64_C(1) << 32);
}

static uint32_t key_slot_find(const struct expressions *expressions, uint64_t key)
{
    struct index_probe probe;
    for (uint32_t slot = index_first(expressions->key_index, &probe, key); slot != INDEX_NONE;
         slot = index_next(expressions->key_index, &probe)) {
        const struct key_slot *row = pile_get(&expressions->key_slots, slot);
        if (row->key == key)
            return slot;
    }
    return 0;
}

const struct list *key_find(const struct expressions *expressions, uint64_t key)
{
    uint32_t slot = key_slot_find(expressions, key);
    return slot == 0 ? NULL
                     : &((const struct key_slot *)pile_get(&expressions->key_slots, slot))->list;
}

static enum err key_slot_take(struct expressions *expressions, uint64_t key, uint32_t *ret_slot)
{
    uint32_t slot = expressions->key_slots_free;
    struct key_slot *row =
        pile_put(&expressions->key_slots, slot != 0 ? slot : expressions->key_slots_used + 1);
    if (row == NULL)
        return ERR_NO_MEMORY;
    if (slot != 0)
        expressions->key_slots_free = row->next_free;
    else
        slot = ++expressions->key_slots_used;
    *row = (struct key_slot){.key = key};
    *ret_slot = slot;
    return index_insert(expressions->key_index, key, slot);
}

enum err key_add(struct expressions *expressions, uint64_t key, uint32_t instance)
{
    uint32_t slot = key_slot_find(expressions, key);
    enum err err = slot == 0 ? key_slot_take(expressions, key, &slot) : OK;
    if (err != OK)
        return err;
    struct key_slot *row = pile_get(&expressions->key_slots, slot);
    return list_add(&row->list, instance, &expressions->heap_bytes);
}

void key_remove(struct expressions *expressions, uint64_t key, uint32_t instance)
{
    uint32_t slot = key_slot_find(expressions, key);
    if (slot == 0)
        return;
    struct key_slot *row = pile_get(&expressions->key_slots, slot);
    (void)list_remove(&row->list, instance, &expressions->heap_bytes);
    if (row->list.count > 0)
        return;
    check(index_remove(expressions->key_index, key, slot) == OK);
    *row = (struct key_slot){.next_free = expressions->key_slots_free};
    expressions->key_slots_free = slot;
}

enum err keys_set(struct expressions *expressions, uint32_t instance, const uint64_t *keys,
                  uint32_t count)
{
    struct keys **row = pile_get(&expressions->instance_keys, instance);
    if (row == NULL && count > 0)
        row = pile_put(&expressions->instance_keys, instance);
    if (row == NULL)
        return count > 0 ? ERR_NO_MEMORY : OK;
    struct keys *before = *row, *after = NULL;
    if (count > 0) {
        after = malloc(sizeof *after + count * sizeof keys[0]);
        if (after == NULL)
            return ERR_NO_MEMORY;
        expressions->heap_bytes += sizeof *after + count * sizeof keys[0];
        after->count = count;
        for (uint32_t i = 0; i < count; i++)
            after->at[i] = keys[i];
    }
    for (uint32_t i = 0; before != NULL && i < before->count; i++)
        key_remove(expressions, before->at[i], instance);
    if (before != NULL)
        expressions->heap_bytes -= sizeof *before + before->count * sizeof before->at[0];
    free(before);
    *row = after;
    for (uint32_t i = 0; i < count; i++) {
        enum err err = key_add(expressions, keys[i], instance);
        if (err != OK)
            return err;
    }
    return OK;
}
