/* Who relates to an asset: of each pair of assets, the one whose sheet says it and the one it leads
 * to, a link, in a chain of those that lead to the same. Derived from the sheets of assets that are
 * there, and found without looking at any other: many may relate to one, a line or a supply. */
#include "model/assets/tables.h"

#include <stdlib.h>

static uint64_t relation_hash(uint32_t from, uint32_t to)
{
    return hash64(&from, sizeof from, (uint64_t)HASH_RELATION << 32 | to);
}

static uint32_t relation_find(const struct assets *assets, uint32_t from, uint32_t to)
{
    const struct relations *relations = &assets->relations;
    struct index_probe probe;
    for (uint32_t link = index_first(assets->related, &probe, relation_hash(from, to));
         link != INDEX_NONE; link = index_next(assets->related, &probe))
        if (relations->at[link].from == from && relations->at[link].to == to)
            return link;
    return LINK_NONE;
}

static enum err first_reserve(struct relations *relations, uint32_t asset)
{
    if (asset < relations->first_capacity)
        return OK;
    uint32_t capacity = asset < 512 ? 1024 : asset * 2;
    uint32_t *first = realloc(relations->first, capacity * sizeof first[0]);
    if (first == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = relations->first_capacity; i < capacity; i++)
        first[i] = LINK_NONE;
    relations->first = first;
    relations->first_capacity = capacity;
    return OK;
}

static enum err relation_make(struct relations *relations, uint32_t *ret_link)
{
    if (relations->free != LINK_NONE) {
        *ret_link = relations->free;
        relations->free = relations->at[relations->free].next;
        return OK;
    }
    if (relations->count + 1 >= relations->capacity) {
        uint32_t capacity = relations->capacity == 0 ? 256 : relations->capacity * 2;
        struct relation *at = realloc(relations->at, capacity * sizeof at[0]);
        if (at == NULL)
            return ERR_NO_MEMORY;
        relations->at = at;
        relations->capacity = capacity;
    }
    *ret_link = ++relations->count;
    return OK;
}

static enum err relation_put(struct assets *assets, uint32_t from, uint32_t to)
{
    struct relations *relations = &assets->relations;
    uint32_t link;
    enum err err = first_reserve(relations, to);
    if (err == OK)
        err = relation_make(relations, &link);
    if (err == OK)
        err = index_insert(assets->related, relation_hash(from, to), link);
    if (err != OK)
        return err;
    relations->at[link] = (struct relation){.from = from, .to = to, .next = relations->first[to]};
    if (relations->first[to] != LINK_NONE)
        relations->at[relations->first[to]].previous = link;
    relations->first[to] = link;
    return OK;
}

static enum err relation_take(struct assets *assets, uint32_t from, uint32_t to)
{
    struct relations *relations = &assets->relations;
    uint32_t link = relation_find(assets, from, to);
    check(link != LINK_NONE);
    struct relation gone = relations->at[link];
    if (gone.previous != LINK_NONE)
        relations->at[gone.previous].next = gone.next;
    else
        relations->first[to] = gone.next;
    if (gone.next != LINK_NONE)
        relations->at[gone.next].previous = gone.previous;
    relations->at[link] = (struct relation){.next = relations->free};
    relations->free = link;
    return index_remove(assets->related, relation_hash(from, to), link);
}

/* Does an item before this one lead to the same asset? */
static bool is_said_before(struct bytes sheet, size_t at, uint32_t other)
{
    struct asset_item item;
    size_t offset = 0;
    while (asset_sheet_item_next(sheet, &offset, ITEM_RELATION, &item) && offset < at)
        if (item.other == other)
            return true;
    return false;
}

enum err asset_relations_follow(struct assets *assets, uint32_t asset, bool put)
{
    struct bytes sheet = asset_sheet(assets, asset);
    struct asset_item item;
    enum err err = OK;
    for (size_t offset = 0;
         err == OK && asset_sheet_item_next(sheet, &offset, ITEM_RELATION, &item);) {
        if (item.other == ASSET_NONE || item.other > assets->roots->assets)
            err = ERR_CORRUPT; /* commands that say so are refused */
        else if (!is_said_before(sheet, offset, item.other))
            err = put ? relation_put(assets, asset, item.other)
                      : relation_take(assets, asset, item.other);
    }
    return err;
}

void asset_relations_done(struct relations *relations)
{
    free(relations->at);
    free(relations->first);
    *relations = (struct relations){0};
}

uint64_t asset_relations_memory(const struct relations *relations)
{
    return relations->capacity * sizeof relations->at[0] +
           relations->first_capacity * sizeof relations->first[0];
}

uint32_t assets_relating_first(const struct assets *assets, uint32_t asset)
{
    const struct relations *relations = &assets->relations;
    check(asset != ASSET_NONE);
    uint32_t link = asset < relations->first_capacity ? relations->first[asset] : LINK_NONE;
    return link == LINK_NONE ? ASSET_NONE : relations->at[link].from;
}

uint32_t assets_relating_next(const struct assets *assets, uint32_t asset, uint32_t from)
{
    uint32_t link = relation_find(assets, from, asset);
    uint32_t next = link == LINK_NONE ? LINK_NONE : assets->relations.at[link].next;
    return next == LINK_NONE ? ASSET_NONE : assets->relations.at[next].from;
}
