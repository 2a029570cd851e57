/* What the files of this room share: the table of rows and the blocks. Not public.
 *
 *   pages[row / ROWS_IN_PAGE] --> entry --> link --> blocks[link / LINKS_IN_BLOCK] + 8 * the rest
 *
 * Pages and blocks stay where they are until head_destroy. The writer stores an entry's link with
 * release when the record is whole; who loads it with acquire sees the record, all before it, and
 * the block's address. */
#pragma once

#include <stdatomic.h>

#include "head/head.h"
#include "head/record.h"

#define LINK_UNIT ((size_t)8)
#define LINKS_IN_BLOCK (HEAD_BLOCK_BYTES / LINK_UNIT)
#define BLOCKS_MAX (HEAD_BYTES_MAX / HEAD_BLOCK_BYTES)
#define ROWS_IN_PAGE 4096
#define PAGES_MAX (HEAD_ROW_MAX / ROWS_IN_PAGE + 1)
#define PAGE_BYTES (ROWS_IN_PAGE * sizeof(struct head_entry))
#define SLAB_BYTES OS_HUGE_PAGE /* pages are cut from slabs */
#define SLABS_MAX (PAGES_MAX / (SLAB_BYTES / PAGE_BYTES) + 1)
_Static_assert(BLOCKS_MAX *LINKS_IN_BLOCK == (uint64_t)UINT32_MAX + 1, "a link has 32 bits");

#define ENTRY_COLUMNS_BITS 9
struct head_entry {
    int64_t greatest_ns;     /* the writer's: of the row's times */
    _Atomic uint32_t link;   /* the last record; 0: none */
    _Atomic uint32_t counts; /* records << ENTRY_COLUMNS_BITS | highest column + 1 */
};
_Static_assert(sizeof(struct head_entry) == 16, "four rows in a cache line");
_Static_assert(HEAD_RECORDS_MANY == UINT32_MAX >> ENTRY_COLUMNS_BITS, "counts as high as it can");

struct head {
    /* The writer's. */
    size_t used;      /* of the last block */
    size_t slab_used; /* of the last slab */
    uint8_t *slabs[SLABS_MAX];
    /* The writer's, to be looked at by readers. */
    _Atomic uint32_t block_count, slab_count;
    _Atomic uint32_t pages_end; /* no page at or after it */
    _Atomic uint64_t records, values;
    _Atomic int64_t first_ns, last_ns;
    uint8_t *blocks[BLOCKS_MAX]; /* each stored before the first link into it */
    _Atomic(struct head_entry *) pages[PAGES_MAX];
};

/* A word of which no order is asked: a number for whoever looks, or the writer's own. */
#define PEEK(place) atomic_load_explicit(&(place), memory_order_relaxed)
#define POKE(place, value) atomic_store_explicit(&(place), (value), memory_order_relaxed)

static inline const struct head_entry *head_entry_find(const struct head *head, uint32_t row)
{
    if (row > HEAD_ROW_MAX)
        return NULL;
    const struct head_entry *page =
        atomic_load_explicit(&head->pages[row / ROWS_IN_PAGE], memory_order_acquire);
    return page ? &page[row % ROWS_IN_PAGE] : NULL;
}

/* The row's last record; 0: none. */
static inline uint32_t head_link_last(const struct head *head, uint32_t row)
{
    const struct head_entry *entry = head_entry_find(head, row);
    return entry ? atomic_load_explicit(&entry->link, memory_order_acquire) : 0;
}

/* link: not 0. */
static inline const uint8_t *head_record(const struct head *head, uint32_t link)
{
    return head->blocks[link / LINKS_IN_BLOCK] + (size_t)(link % LINKS_IN_BLOCK) * LINK_UNIT;
}
