/* state: paged tables, the only place where reducers keep what they know.
 *
 * A state owns a set of tables; a table is an array of rows of one fixed size, stored in pages of
 * 64 KiB, addressed by index, zero until written, without pointers. Because rows hold no address
 * and no padding of chance, a page is its own image: a snapshot copies pages, the state hash
 * hashes them, and two states that saw the same records are the same bytes.
 *
 * A cut freezes a moment without stopping: after state_cut_begin every page that has not been
 * taken yet is copied before its first write (law 8 of the design), and state_cut_next hands the
 * pages out one by one, a bounded piece of work each.
 *
 * One thread owns a state and all its tables. Row pointers stay valid until state_destroy: pages
 * never move. Limits: row_size a divisor of 64 KiB (power of two), rows below 2^32. */
#pragma once

#include "base/base.h"

#define STATE_PAGE_SIZE ((size_t)65536)
#define STATE_TABLES_MAX 128

struct state;
struct state_page_note; /* what is known of one page beside its bytes: hash, part in the cut */
/* All fields are private to state; they stand here so that reading and writing a row compile to a
 * few instructions in the caller. */
struct state_table {
    uint8_t **chunks;   /* directory: chunks of 32 pages, 2 MiB, so that growth never moves rows */
    uint32_t *stamps;   /* by page: equals `stamp` when the page was written since the last event */
    uint32_t capacity;  /* addressable rows */
    uint32_t stamp;     /* the state's present stamp: moves on with each hash and each cut */
    uint8_t row_shift;  /* log2 of row_size */
    uint8_t page_shift; /* log2 of rows in a page */
    bool hashed;        /* part of the state hash; codec contexts are not */
    uint32_t id;        /* small number, part of the snapshot format; never reused */
    struct state *state;
    struct state_page_note *notes; /* by page */
    bool *chunks_used;             /* by chunk: a page of it was written */
    uint32_t chunk_count;
    uint32_t directory_capacity; /* chunks that the arrays above have room for */
    uint32_t cut_pages;          /* pages below it belong to the cut under way */
};

MUST_USE enum err state_create(struct state **ret_state);
void state_destroy(struct state *state); /* NULL is fine */
/* Registers a table; done once for each before any row is touched. The table struct lies in the
 * caller's storage until state_table_done or state_destroy. id > 0, not registered yet. */
void state_table_init(struct state *state, struct state_table *table, uint32_t id,
                      uint32_t row_size, bool hashed);
/* Takes the table and its rows out of the state (a cut under way is aborted); nothing happens after
 * state_destroy or for a table filled with zeroes. */
void state_table_done(struct state_table *table);
/* The same for all tables of an owner, which lie in his struct; all are hashed. */
struct state_table_plan {
    size_t at; /* offset of the struct state_table */
    uint32_t id, row_size;
};
void state_tables_init(struct state *state, void *owner, const struct state_table_plan *plans,
                       size_t count);
void state_tables_done(void *owner, const struct state_table_plan *plans, size_t count);

/* Makes rows [0, count) addressable. ERR_NO_MEMORY leaves the table as it was. A step of growth is
 * one chunk and takes some us; the kernel zeroes the chunk when it is first written: ~0.2 ms, and
 * ~5 ms in a virtual machine whose host has to find that memory first. */
MUST_USE enum err state_table_grow(struct state_table *table, uint32_t count);
static inline uint32_t state_table_capacity(const struct state_table *table) /* addressable rows */
{
    return table->capacity;
}
/* Private: the first write to a page since the stamp moved. */
void state_touch(struct state_table *table, uint32_t page);
#define STATE_CHUNK_SHIFT 5 /* log2 of pages in a chunk */
static inline uint8_t *state_row_at(const struct state_table *table, uint32_t index)
{
    uint32_t shift = (uint32_t)table->page_shift + STATE_CHUNK_SHIFT;
    uint32_t in_chunk = index & (((uint32_t)1 << shift) - 1);
    return table->chunks[index >> shift] + ((size_t)in_chunk << table->row_shift);
}
/* index < capacity, or a check() fails. The read pointer is const; the write pointer may be written
 * until the next call of state_hash, state_cut_begin or state_load_page (writes of other rows and
 * growth do not matter). Rows next to each other in one page are next to each other in memory:
 * whoever has the write pointer of one may write all rows of that page. */
static inline const void *state_read(const struct state_table *table, uint32_t index)
{
    check(index < table->capacity);
    return state_row_at(table, index);
}
static inline void *state_write(struct state_table *table, uint32_t index)
{
    check(index < table->capacity);
    uint32_t page = index >> table->page_shift;
    if (UNLIKELY(table->stamps[page] != table->stamp))
        state_touch(table, page);
    return state_row_at(table, index);
}
/* Brings the row into the cache ahead of time; any index is fine. Always inline: gcc finds that a
 * function which only prefetches has no effect, and leaves out its calls. */
__attribute__((always_inline)) static inline void state_prefetch(const struct state_table *table,
                                                                 uint32_t index)
{
    if (index < table->capacity)
        __builtin_prefetch(state_row_at(table, index), 1);
}
/* Rows in a page: index / that is the page number. */
static inline uint32_t state_table_page_rows(const struct state_table *table)
{
    return (uint32_t)1 << table->page_shift;
}

/* Over the content of all hashed tables, in the order of ids and pages; pages that are all zero
 * count as absent, so that growing alone does not change it. Cost: the pages written since. */
uint64_t state_hash(struct state *state);
/* Fills the process's stock of touched memory up to so many chunks of 2 MiB, from which tables,
 * indexes and the copies of a cut then grow without waiting for the kernel. Any thread: meant for a
 * background one, before growth or a cut. */
#define STATE_STOCK_MAX 128
void state_stock(uint32_t chunks);
/* Chunks that tables and indexes grew by since the process began, but for the first of each: how
 * fast the stock has to be filled. Wraps around. Any thread. */
uint32_t state_stock_taken(void);
/* Bytes of memory held: chunks that were written to, directories, page copies of a cut. */
uint64_t state_memory(const struct state *state);

/* ---- the cut ------------------------------------------------------------------------------------
 */
/* ERR_BUSY when a cut is under way. extra_pages: how many page copies may wait at once before
 * state_cut_pressure says that the writer must catch up. Writes beyond it still go well (a writer
 * cannot stop in the middle of a record), they only cost more memory. */
MUST_USE enum err state_cut_begin(struct state *state, uint32_t extra_pages);
bool state_cut_active(const struct state *state);
/* Takes the next page of the frozen moment into page[STATE_PAGE_SIZE]: copies waiting first, then
 * the untouched in order. All-zero pages are skipped. ERR_MISSING: the cut is complete and over.
 * ERR_NO_MEMORY: a copy could not be made when a page was written; the cut is over and worthless,
 * the state itself is whole. */
MUST_USE enum err state_cut_next(struct state *state, void *page, uint32_t *ret_table,
                                 uint32_t *ret_page);
/* True when extra_pages copies wait: stop applying until cut_next has taken some. */
bool state_cut_pressure(const struct state *state);
void state_cut_abort(struct state *state);

/* ---- loading
 * ------------------------------------------------------------------------------------- */
/* Puts a page of a snapshot in place, growing the table; tables not registered give ERR_NEWER, a
 * page number that no table can have ERR_CORRUPT. Not while a cut is under way. */
MUST_USE enum err state_load_page(struct state *state, uint32_t table, uint32_t page,
                                  const void *content);

/* ---- texts: byte strings that come and go
 * ------------------------------------------------------------------------------------ */
/* Each lies in a slot of one of some sizes in a table of its owner's, so that a freed one makes
 * room for another; all that is known of slots lies in tables too, and two states that saw the same
 * records place every text alike. A text is the number of its first row; 0 is none. What lies in
 * the slots, byte by byte: docs/format/access.md. */
#define TEXT_NONE 0u
#define TEXTS_UNIT 16u        /* bytes of a row of the table */
#define TEXTS_BYTES_MAX 9468u /* of one text */
#define TEXTS_CLASSES 18      /* sizes of slots */
struct texts_class {
    uint32_t free;   /* first free slot, linked through its first 4 bytes; TEXT_NONE */
    uint32_t next;   /* next slot of the class's newest page never used so far */
    uint32_t left;   /* how many of those are left */
    uint32_t in_use; /* slots held */
};
struct texts {                 /* filled in by the owner */
    struct state_table table;  /* rows of TEXTS_UNIT bytes */
    struct state_table *owner; /* its row 0, there before any text, holds: */
    uint32_t pages_at;   /* offset of a uint32_t: pages taken; page 0 (TEXT_NONE) is not counted */
    uint32_t classes_at; /* offset of struct texts_class[TEXTS_CLASSES] */
    bool wiped; /* the rest of a slot is zeroed when a text is put there: for secrets. Part of what
                   the state hash sees: never changed for a table that exists. */
};
/* Bytes that a text of this size takes from a budget: its slot's; 0 for an empty one. */
uint32_t texts_cost(size_t size);
struct bytes texts_get(const struct texts *texts, uint32_t text); /* TEXT_NONE: empty */
/* Replaces *text (TEXT_NONE is fine), in place when the slot has the right size; an empty content
 * frees it. content: at most TEXTS_BYTES_MAX bytes, none of this table. ERR_LIMIT: the 64 GiB of
 * the table are full; then, and with ERR_NO_MEMORY, all is as it was. */
MUST_USE enum err texts_set(struct texts *texts, uint32_t *text, struct bytes content);
void texts_free(struct texts *texts, uint32_t text); /* its bytes are zeroed; TEXT_NONE is fine */
/* Of pages from outside. texts_rebuild covers the table and judges what is known of free slots;
 * after it texts_is_valid says whether a whole text of at most `most` bytes, or none, lies there.
 */
MUST_USE enum err texts_rebuild(struct texts *texts);
bool texts_is_valid(const struct texts *texts, uint32_t text, size_t most);

/* ---- chains: rows of a table that belong together, linked both ways inside of them
 * ---------------
 */
/* Numbers of rows; 0 is none, so that row 0 is in no chain. A row may be in several chains, each
 * through links of its own; in one chain of a kind it stands once, or not at all: who puts a row
 * that is there already, or takes one that is not, breaks the chain. */
struct chain_links { /* in the row */
    uint32_t next, previous;
};
struct chain_ends { /* with the owner of the chain; all zero: it is empty */
    uint32_t first, last;
};
struct chain {       /* of the rows of a table */
    size_t links_at; /* offset of struct chain_links in a row */
    bool keeps;      /* a row that is taken keeps its links, so that a walk that stands on it can go
                        on; else they are zeroed. Part of what the state hash sees. */
};
void chain_put(struct state_table *table, const struct chain *chain, struct chain_ends *ends,
               uint32_t row); /* at the end */
void chain_take(struct state_table *table, const struct chain *chain, struct chain_ends *ends,
                uint32_t row);
/* The same for a chain of which its owner knows only the first row: put before it, and taken. */
void chain_push(struct state_table *table, const struct chain *chain, uint32_t *first,
                uint32_t row);
void chain_pull(struct state_table *table, const struct chain *chain, uint32_t *first,
                uint32_t row);
uint32_t chain_after(const struct state_table *table, const struct chain *chain,
                     uint32_t row); /* 0: none */
uint32_t chain_before(const struct state_table *table, const struct chain *chain, uint32_t row);
/* Of pages from outside: does it hold exactly `count` rows below `end` (which are there), linked
 * both ways? What else must be true of each row is the owner's to ask, by chain_after. */
bool chain_is_valid(const struct state_table *table, const struct chain *chain,
                    const struct chain_ends *ends, uint32_t count, uint32_t end);

/* ---- index: an extendible hash from 64-bit hashes to row numbers, derived, never snapshotted
 * ----- */
/* Buckets of 4096 slots of 8 bytes (half of the hash, value), split at 3/4 full one at a time: no
 * insert costs more than ~50 us, and ~0.2 ms when it is the first in a new chunk of 2 MiB. 11 to 22
 * bytes a key, by how full the buckets are; 11.2 at 6,000,000. Holds no keys: the caller verifies
 * each candidate (exact, never a bare fingerprint). Only the upper 32 bits of a hash are used; keys
 * whose halves are equal (an attacker's, or one pair in some thousand) are all found, one candidate
 * after the other: thousands of equal ones are slow, never wrong and never endless. Values: below
 * INDEX_NONE. */
struct index;
MUST_USE enum err index_create(struct index **ret_index);
void index_destroy(struct index *index);
/* Makes an index that is still empty as large as so many keys need: saves the splits. */
MUST_USE enum err index_reserve(struct index *index, uint32_t keys);
/* The same pair twice is two entries. ERR_NO_MEMORY leaves the index as it was. */
MUST_USE enum err index_insert(struct index *index, uint64_t hash, uint32_t value);
/* Removes the pair; ERR_MISSING when it is not there. */
MUST_USE enum err index_remove(struct index *index, uint64_t hash, uint32_t value);
struct index_probe { /* private; dies with the next insert or remove */
    uint64_t hash;
    uint32_t slot;
    const void *bucket;
};
/* for (v = index_first(i, &p, hash); v != INDEX_NONE; v = index_next(i, &p)) verify(v); */
#define INDEX_NONE UINT32_MAX
uint32_t index_first(const struct index *index, struct index_probe *probe, uint64_t hash);
uint32_t index_next(const struct index *index, struct index_probe *probe);
void index_prefetch(const struct index *index, uint64_t hash);
uint64_t index_count(const struct index *index);
uint64_t index_memory(const struct index *index);
