/* table: things found by a number, linked through a member of their own. As many buckets as it was
 * made with: it never grows, so that no addition takes long; with many more things than buckets it
 * becomes slower. */
#pragma once

#include "base/base.h"

#include <stdlib.h>

struct table_link {
    struct table_link *next;
    uint64_t key;
};
struct table {
    struct table_link **buckets;
    uint32_t mask;
};

MUST_USE static inline enum err table_init(struct table *table, uint32_t buckets /* power of 2 */)
{
    table->mask = buckets - 1;
    table->buckets = calloc(buckets, sizeof(struct table_link *));
    return table->buckets == NULL ? ERR_NO_MEMORY : OK;
}
static inline void table_done(struct table *table)
{
    free(table->buckets);
    table->buckets = NULL;
}
static inline struct table_link **table_bucket(const struct table *table, uint64_t key)
{
    uint64_t mixed = key * UINT64_C(0x9e3779b97f4a7c15);
    return &table->buckets[(uint32_t)(mixed >> 32) & table->mask];
}
static inline struct table_link *table_find(const struct table *table, uint64_t key)
{
    struct table_link *at = *table_bucket(table, key);
    while (at != NULL && at->key != key)
        at = at->next;
    return at;
}
/* The next one of the same key; NULL behind the last. */
static inline struct table_link *table_next(const struct table_link *link)
{
    uint64_t key = link->key;
    do
        link = link->next;
    while (link != NULL && link->key != key);
    return (struct table_link *)(uintptr_t)link;
}
static inline void table_put(struct table *table, struct table_link *link, uint64_t key)
{
    struct table_link **bucket = table_bucket(table, key);
    link->key = key;
    link->next = *bucket;
    *bucket = link;
}
static inline void table_take(struct table *table, struct table_link *link)
{
    struct table_link **at = table_bucket(table, link->key);
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
}
#define TABLE_OWNER(link, type, member) ((type *)(void *)((uint8_t *)(link)-offsetof(type, member)))
