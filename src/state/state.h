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
#define STATE_TABLES_MAX 32

struct state;
struct state_page; /* what is known of one page: its memory, stamp and hash */
struct state_table {
    struct state *state;
    struct state_page **chunks; /* directory: chunks of 32 pages, so that growth never copies rows */
    uint32_t id;                /* small number, part of the snapshot format; never reused */
    uint32_t row_size;
    uint32_t rows_shift; /* log2 of rows in a page */
    uint32_t page_count;
    uint32_t page_capacity;
    bool hashed; /* part of the state hash; codec contexts are not */
};

MUST_USE enum err state_create(struct state **ret_state);
void state_destroy(struct state *state); /* NULL is fine */
/* Registers a table; done once for each before any row is touched. The table struct lies in the
 * caller's storage and must outlive the state. */
void state_table_init(struct state *state, struct state_table *table, uint32_t id,
                      uint32_t row_size, bool hashed);

/* Makes rows [0, count) addressable. ERR_NO_MEMORY leaves the table as it was. */
MUST_USE enum err state_table_grow(struct state_table *table, uint32_t count);
uint32_t state_table_capacity(const struct state_table *table); /* addressable rows */
/* index < capacity, or a check() fails. The read pointer is const; the write pointer may be
 * written until the next call of any state function. */
const void *state_read(const struct state_table *table, uint32_t index);
void *state_write(struct state_table *table, uint32_t index);
/* Brings the row into the cache ahead of time; any index is fine. */
void state_prefetch(const struct state_table *table, uint32_t index);

/* Over the content of all hashed tables, in the order of ids and pages; pages that are all zero
 * count as absent, so that growing alone does not change it. Cost: the pages written since. */
uint64_t state_hash(struct state *state);
/* Bytes of memory held. */
uint64_t state_memory(const struct state *state);

/* ---- the cut ------------------------------------------------------------------------------------ */
/* ERR_BUSY when a cut is under way. extra_pages: how many page copies may wait at once before
 * state_cut_pressure says that the writer must catch up. */
MUST_USE enum err state_cut_begin(struct state *state, uint32_t extra_pages);
bool state_cut_active(const struct state *state);
/* Takes the next page of the frozen moment into page[STATE_PAGE_SIZE]: copies waiting first, then
 * the untouched in order. All-zero pages are skipped. ERR_MISSING: the cut is complete and over. */
MUST_USE enum err state_cut_next(struct state *state, void *page, uint32_t *ret_table,
                                 uint32_t *ret_page);
/* True when extra_pages copies wait: stop applying until cut_next has taken some. */
bool state_cut_pressure(const struct state *state);
void state_cut_abort(struct state *state);

/* ---- loading ------------------------------------------------------------------------------------- */
/* Puts a page of a snapshot in place; tables not registered give ERR_NEWER. */
MUST_USE enum err state_load_page(struct state *state, uint32_t table, uint32_t page,
                                  const void *content);

/* ---- index: an extendible hash from 64-bit hashes to row numbers, derived, never snapshotted ----- */
/* Grows one small bucket table at a time: no insert costs more than ~50 us. ~11-14 bytes a key.
 * Holds no keys: the caller verifies each candidate (exact, never a bare fingerprint). */
struct index;
MUST_USE enum err index_create(struct index **ret_index);
void index_destroy(struct index *index);
MUST_USE enum err index_insert(struct index *index, uint64_t hash, uint32_t value);
/* Removes the pair; ERR_MISSING when it is not there. */
MUST_USE enum err index_remove(struct index *index, uint64_t hash, uint32_t value);
struct index_probe {
    uint64_t hash;
    uint32_t slot;
    const void *bucket;
};
/* for (v = index_first(i, &p, hash); v != INDEX_NONE; v = index_next(i, &p)) verify(v); */
#define INDEX_NONE UINT32_MAX
uint32_t index_first(const struct index *index, struct index_probe *probe, uint64_t hash);
uint32_t index_next(const struct index *index, struct index_probe *probe);
void index_prefetch(const struct index *index, uint64_t hash);
uint64_t index_memory(const struct index *index);
