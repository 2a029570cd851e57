/* Tables in pages, their hash, and the cut.
 *
 * Each page carries a stamp. The state has one present stamp; a write to a page with another stamp
 * takes the slow path (state_touch) once, which notes that the page's hash is no longer known and,
 * during a cut, copies the page first. Whatever needs to hear of writes again (a hash taken, a cut
 * begun) only moves the stamp on:
 *
 *      stamp == now:  write, nothing else
 *      stamp != now:  state_touch: [copy for the cut] -> hash unknown -> stamp = now -> write
 */
#include "state/state.h"

#include <stdlib.h>
#include <string.h>

#include "os/os.h"
#include "state/chunk.h"

#define CHUNK_PAGES ((uint32_t)1 << STATE_CHUNK_SHIFT)
_Static_assert(CHUNK_PAGES *STATE_PAGE_SIZE == CHUNK_SIZE, "a chunk is 32 pages");

struct state_page_note {
    uint64_t hash;
    uint32_t cut;    /* the cut that has this page already, or needs it no more */
    bool hash_known; /* hash and zero say what the page holds now */
    bool zero;
    uint8_t reserved[2];
};

struct cut_copy { /* a page as it was when the cut began, waiting to be taken */
    struct state_table *table;
    uint32_t page;
    uint8_t *content;
};

/* Copies come and go in one order, so that they lie in a queue of slabs: filled at the last,
 * emptied at the first, which is freed when it is empty: a piece at a time, never all at the end.
 */
struct copy_slab {
    struct copy_slab *next;
    uint8_t *pages; /* CHUNK_PAGES of them */
};

struct state {
    struct state_table *tables[STATE_TABLES_MAX]; /* by id, ascending */
    uint32_t table_count;
    uint32_t stamp;
    uint32_t cut; /* number of the last cut begun; 0: none yet */
    bool cut_active;
    bool cut_failed; /* a copy could not be made */
    uint32_t cut_extra_pages;
    uint32_t walk_table, walk_page;                          /* where the linear walk stands */
    struct cut_copy *waiting;                                /* ring of copies, oldest first */
    uint32_t waiting_first, waiting_count, waiting_capacity; /* capacity: a power of two */
    struct copy_slab *slab_first, *slab_last;                /* that copies lie in, oldest first */
    struct copy_slab *slab_spare;                            /* an empty one for the next need */
    uint32_t slab_count;                                     /* with the spare */
    uint32_t copies_given, copies_taken; /* in the last slab, from the first slab */
};

enum err state_create(struct state **ret_state)
{
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return ERR_NO_MEMORY;
    state->stamp = 1; /* pages are born with stamp 0 */
    *ret_state = state;
    return OK;
}

static void slab_free(struct state *state, struct copy_slab *slab)
{
    chunk_free(slab->pages);
    free(slab);
    state->slab_count--;
}

static void cut_free(struct state *state)
{
    while (state->slab_first != NULL) {
        struct copy_slab *slab = state->slab_first;
        state->slab_first = slab->next;
        slab_free(state, slab);
    }
    state->slab_last = NULL;
    state->copies_given = state->copies_taken = 0;
    free(state->waiting);
    state->waiting = NULL;
    state->waiting_first = state->waiting_count = state->waiting_capacity = 0;
}

static void table_free(struct state_table *table)
{
    for (uint32_t i = 0; i < table->chunk_count; i++)
        chunk_free(table->chunks[i]);
    free(table->chunks);
    free(table->stamps);
    free(table->notes);
    free(table->chunks_used);
    memset(table, 0, sizeof *table);
}

void state_destroy(struct state *state)
{
    if (state == NULL)
        return;
    cut_free(state);
    if (state->slab_spare != NULL)
        slab_free(state, state->slab_spare);
    for (uint32_t i = 0; i < state->table_count; i++)
        table_free(state->tables[i]);
    free(state);
}

void state_table_init(struct state *state, struct state_table *table, uint32_t id,
                      uint32_t row_size, bool hashed)
{
    check(row_size > 0 && row_size <= STATE_PAGE_SIZE && (row_size & (row_size - 1)) == 0);
    check(id > 0 && state->table_count < STATE_TABLES_MAX && !state->cut_active);
    memset(table, 0, sizeof *table);
    table->state = state;
    table->id = id;
    table->stamp = state->stamp;
    table->hashed = hashed;
    table->row_shift = (uint8_t)__builtin_ctz(row_size);
    table->page_shift = (uint8_t)(16 - table->row_shift);
    uint32_t at = state->table_count;
    while (at > 0 && state->tables[at - 1]->id > id) {
        state->tables[at] = state->tables[at - 1];
        at--;
    }
    check(at == 0 || state->tables[at - 1]->id != id);
    state->tables[at] = table;
    state->table_count++;
}

void state_table_done(struct state_table *table)
{
    struct state *state = table->state;
    if (state == NULL)
        return;
    if (state->cut_active)
        state_cut_abort(state);
    uint32_t at = 0;
    while (at < state->table_count && state->tables[at] != table)
        at++;
    check(at < state->table_count);
    state->table_count--;
    memmove(&state->tables[at], &state->tables[at + 1],
            (state->table_count - at) * sizeof(struct state_table *));
    table_free(table);
}

static struct state_table *plan_table(void *owner, const struct state_table_plan *plan)
{
    return (struct state_table *)(void *)((uint8_t *)owner + plan->at);
}

void state_tables_init(struct state *state, void *owner, const struct state_table_plan *plans,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        state_table_init(state, plan_table(owner, &plans[i]), plans[i].id, plans[i].row_size, true);
}

void state_tables_done(void *owner, const struct state_table_plan *plans, size_t count)
{
    for (size_t i = 0; i < count; i++)
        state_table_done(plan_table(owner, &plans[i]));
}

static uint32_t table_pages(const struct state_table *table)
{
    return table->chunk_count * CHUNK_PAGES;
}

/* ---- growth
 * -------------------------------------------------------------------------------------- */

static bool array_grow(void **array, size_t count, size_t count_new, size_t size)
{
    uint8_t *grown = realloc(*array, count_new * size);
    if (grown == NULL)
        return false;
    memset(grown + count * size, 0, (count_new - count) * size);
    *array = grown;
    return true;
}

/* Room in the directories for one more chunk. The arrays may end up of different lengths when
 * memory ends in between: the smallest, directory_capacity, counts. */
static enum err directory_grow(struct state_table *table)
{
    uint32_t old = table->directory_capacity;
    if (table->chunk_count < old)
        return OK;
    uint32_t grown = old == 0 ? 4 : old * 2;
    void *chunks = table->chunks, *stamps = table->stamps;
    void *notes = table->notes, *used = table->chunks_used;
    size_t pages = (size_t)old * CHUNK_PAGES, pages_new = (size_t)grown * CHUNK_PAGES;
    bool done = array_grow(&chunks, old, grown, sizeof *table->chunks) &&
                array_grow(&stamps, pages, pages_new, sizeof *table->stamps) &&
                array_grow(&notes, pages, pages_new, sizeof *table->notes) &&
                array_grow(&used, old, grown, sizeof *table->chunks_used);
    table->chunks = chunks;
    table->stamps = stamps;
    table->notes = notes;
    table->chunks_used = used;
    if (!done)
        return ERR_NO_MEMORY;
    table->directory_capacity = grown;
    return OK;
}

static void table_set_capacity(struct state_table *table)
{
    uint64_t rows = (uint64_t)table_pages(table) << table->page_shift;
    table->capacity = rows > UINT32_MAX ? UINT32_MAX : (uint32_t)rows;
}

enum err state_table_grow(struct state_table *table, uint32_t count)
{
    check(table->state != NULL);
    uint32_t before = table->chunk_count;
    while (table->capacity < count) {
        enum err err = directory_grow(table);
        uint8_t *chunk = err == OK ? chunk_alloc(table->chunk_count == 0) : NULL;
        if (chunk == NULL)
            goto undo;
        uint32_t page = table_pages(table);
        for (uint32_t i = page; i < page + CHUNK_PAGES; i++)
            table->notes[i] = (struct state_page_note){.hash_known = true, .zero = true};
        memset(table->stamps + page, 0, CHUNK_PAGES * sizeof *table->stamps);
        table->chunks_used[table->chunk_count] = false;
        table->chunks[table->chunk_count++] = chunk;
        table_set_capacity(table);
    }
    return OK;
undo:
    while (table->chunk_count > before) {
        table->chunk_count--;
        chunk_free(table->chunks[table->chunk_count]);
    }
    table_set_capacity(table);
    return ERR_NO_MEMORY;
}

/* ---- pages
 * ---------------------------------------------------------------------------------------- */

static uint8_t *page_at(const struct state_table *table, uint32_t page)
{
    check(page < table_pages(table));
    return table->chunks[page >> STATE_CHUNK_SHIFT] +
           (size_t)(page & (CHUNK_PAGES - 1)) * STATE_PAGE_SIZE;
}

static bool page_is_zero(const uint8_t *page)
{
    for (size_t i = 0; i < STATE_PAGE_SIZE; i += 64) {
        uint64_t words[8], any = 0;
        memcpy(words, page + i, sizeof words);
        for (size_t w = 0; w < 8; w++)
            any |= words[w];
        if (any != 0)
            return false;
    }
    return true;
}

/* Everybody hears of the next write to each page again. */
static void stamp_advance(struct state *state)
{
    state->stamp++;
    if (state->stamp == 0) { /* four billion hashes later: old stamps could look present */
        state->stamp = 1;
        for (uint32_t t = 0; t < state->table_count; t++) {
            struct state_table *table = state->tables[t];
            memset(table->stamps, 0, table_pages(table) * sizeof *table->stamps);
        }
    }
    for (uint32_t t = 0; t < state->table_count; t++)
        state->tables[t]->stamp = state->stamp;
}

static void cut_keep(struct state *state, struct state_table *table, uint32_t page);

void state_touch(struct state_table *table, uint32_t page)
{
    struct state_page_note *note = &table->notes[page];
    struct state *state = table->state;
    if (state->cut_active && page < table->cut_pages && note->cut != state->cut) {
        if (!(note->hash_known && note->zero))
            cut_keep(state, table, page);
        note->cut = state->cut;
    }
    note->hash_known = false;
    table->chunks_used[page >> STATE_CHUNK_SHIFT] = true;
    table->stamps[page] = table->stamp;
}

/* ---- hash and memory
 * ------------------------------------------------------------------------------- */

static void page_hash(const struct state_table *table, uint32_t page, struct state_page_note *note)
{
    const uint8_t *content = page_at(table, page);
    note->zero = page_is_zero(content);
    note->hash = note->zero ? 0 : hash64(content, STATE_PAGE_SIZE, 0);
    note->hash_known = true;
}

static uint64_t table_hash(const struct state_table *table, uint64_t hash)
{
    for (uint32_t page = 0; page < table_pages(table); page++) {
        struct state_page_note *note = &table->notes[page];
        if (!note->hash_known)
            page_hash(table, page, note);
        if (note->zero)
            continue;
        uint8_t text[16];
        store_u32(text, table->id);
        store_u32(text + 4, page);
        store_u64(text + 8, note->hash);
        hash = hash64(text, sizeof text, hash);
    }
    return hash;
}

uint64_t state_hash(struct state *state)
{
    uint64_t hash = 0;
    for (uint32_t t = 0; t < state->table_count; t++) {
        if (state->tables[t]->hashed)
            hash = table_hash(state->tables[t], hash);
    }
    stamp_advance(state);
    return hash;
}

uint64_t state_memory(const struct state *state)
{
    uint64_t bytes = sizeof *state + (uint64_t)state->slab_count * CHUNK_SIZE +
                     (uint64_t)state->waiting_capacity * sizeof *state->waiting;
    for (uint32_t t = 0; t < state->table_count; t++) {
        const struct state_table *table = state->tables[t];
        for (uint32_t c = 0; c < table->chunk_count; c++)
            bytes += table->chunks_used[c] ? CHUNK_SIZE : 0;
        size_t of_page = sizeof *table->stamps + sizeof *table->notes;
        bytes += (uint64_t)table->directory_capacity *
                 (CHUNK_PAGES * of_page + sizeof *table->chunks + sizeof *table->chunks_used);
    }
    return bytes;
}

/* ---- the cut
 * --------------------------------------------------------------------------------------- */

enum err state_cut_begin(struct state *state, uint32_t extra_pages)
{
    if (state->cut_active)
        return ERR_BUSY;
    state->cut++;
    if (state->cut == 0) /* notes born later carry 0: it must never be a cut's number */
        state->cut = 1;
    state->cut_active = true;
    state->cut_failed = false;
    state->cut_extra_pages = extra_pages;
    state->walk_table = state->walk_page = 0;
    for (uint32_t t = 0; t < state->table_count; t++)
        state->tables[t]->cut_pages = table_pages(state->tables[t]);
    stamp_advance(state);
    return OK;
}

bool state_cut_active(const struct state *state)
{
    return state->cut_active;
}

bool state_cut_pressure(const struct state *state)
{
    return state->cut_active && state->waiting_count >= state->cut_extra_pages &&
           state->waiting_count > 0;
}

void state_cut_abort(struct state *state)
{
    cut_free(state);
    state->cut_active = false;
}

/* Room for 32 copies more. Small pages on purpose: a copy then pays for its own page faults, and no
 * step for those of 2 MiB at once. The spare was touched before and costs none. */
static bool copies_add_slab(struct state *state)
{
    struct copy_slab *slab = state->slab_spare;
    state->slab_spare = NULL;
    if (slab == NULL) {
        slab = malloc(sizeof *slab);
        uint8_t *pages = slab == NULL ? NULL : chunk_of_stock();
        if (pages == NULL) {
            free(slab);
            return false;
        }
        slab->pages = pages;
        state->slab_count++;
    }
    slab->next = NULL;
    if (state->slab_last != NULL)
        state->slab_last->next = slab;
    else
        state->slab_first = slab;
    state->slab_last = slab;
    state->copies_given = 0;
    return true;
}

static uint8_t *copy_give(struct state *state)
{
    if ((state->slab_last == NULL || state->copies_given == CHUNK_PAGES) && !copies_add_slab(state))
        return NULL;
    return state->slab_last->pages + (size_t)state->copies_given++ * STATE_PAGE_SIZE;
}

/* The oldest copy is no longer needed. */
static void copy_take_back(struct state *state)
{
    if (++state->copies_taken < CHUNK_PAGES)
        return;
    struct copy_slab *slab = state->slab_first;
    state->slab_first = slab->next;
    if (state->slab_first == NULL)
        state->slab_last = NULL;
    state->copies_taken = 0;
    if (state->slab_spare == NULL)
        state->slab_spare = slab;
    else
        slab_free(state, slab);
}

static bool waiting_grow(struct state *state)
{
    uint32_t capacity = state->waiting_capacity == 0 ? 64 : state->waiting_capacity * 2;
    struct cut_copy *waiting = malloc(capacity * sizeof *waiting);
    if (waiting == NULL)
        return false;
    for (uint32_t i = 0; i < state->waiting_count; i++) {
        uint32_t from = (state->waiting_first + i) & (state->waiting_capacity - 1);
        waiting[i] = state->waiting[from];
    }
    free(state->waiting);
    state->waiting = waiting;
    state->waiting_first = 0;
    state->waiting_capacity = capacity;
    return true;
}

/* Copies a page before its first write. When there is no memory for it the cut fails, not the
 * write: a snapshot can be tried again, a record cannot be unapplied. */
static void cut_keep(struct state *state, struct state_table *table, uint32_t page)
{
    if (state->cut_failed)
        return;
    if (state->waiting_count == state->waiting_capacity && !waiting_grow(state)) {
        state->cut_failed = true;
        return;
    }
    uint8_t *copy = copy_give(state);
    if (copy == NULL) {
        state->cut_failed = true;
        return;
    }
    memcpy(copy, page_at(table, page), STATE_PAGE_SIZE);
    uint32_t at = (state->waiting_first + state->waiting_count) & (state->waiting_capacity - 1);
    state->waiting[at] = (struct cut_copy){table, page, copy};
    state->waiting_count++;
}

/* The oldest copy that is not all zero; false when none waits. */
static bool cut_next_waiting(struct state *state, void *page, uint32_t *ret_table,
                             uint32_t *ret_page)
{
    while (state->waiting_count > 0) {
        struct cut_copy copy = state->waiting[state->waiting_first];
        state->waiting_first = (state->waiting_first + 1) & (state->waiting_capacity - 1);
        state->waiting_count--;
        bool zero = page_is_zero(copy.content);
        if (!zero)
            memcpy(page, copy.content, STATE_PAGE_SIZE);
        copy_take_back(state);
        if (!zero) {
            *ret_table = copy.table->id;
            *ret_page = copy.page;
            return true;
        }
    }
    return false;
}

/* Is this page still to be taken by the walk, and is there something in it? */
static bool cut_wants(const struct state *state, struct state_table *table, uint32_t page)
{
    struct state_page_note *note = &table->notes[page];
    if (note->cut == state->cut)
        return false;
    note->cut = state->cut;
    if (note->hash_known)
        return !note->zero;
    return !page_is_zero(page_at(table, page));
}

enum err state_cut_next(struct state *state, void *page, uint32_t *ret_table, uint32_t *ret_page)
{
    check(state->cut_active);
    if (state->cut_failed) {
        state_cut_abort(state);
        return ERR_NO_MEMORY;
    }
    if (cut_next_waiting(state, page, ret_table, ret_page))
        return OK;
    for (; state->walk_table < state->table_count; state->walk_table++, state->walk_page = 0) {
        struct state_table *table = state->tables[state->walk_table];
        while (state->walk_page < table->cut_pages) {
            uint32_t at = state->walk_page++;
            if (!cut_wants(state, table, at))
                continue;
            memcpy(page, page_at(table, at), STATE_PAGE_SIZE);
            *ret_table = table->id;
            *ret_page = at;
            return OK;
        }
    }
    state_cut_abort(state);
    return ERR_MISSING;
}

/* ---- loading
 * --------------------------------------------------------------------------------------- */

enum err state_load_page(struct state *state, uint32_t table, uint32_t page, const void *content)
{
    check(!state->cut_active);
    struct state_table *found = NULL;
    for (uint32_t t = 0; t < state->table_count; t++) {
        if (state->tables[t]->id == table)
            found = state->tables[t];
    }
    if (found == NULL)
        return ERR_NEWER;
    uint64_t rows = ((uint64_t)page + 1) << found->page_shift;
    if (rows > UINT32_MAX)
        return ERR_CORRUPT;
    enum err err = state_table_grow(found, (uint32_t)rows);
    if (err != OK)
        return err;
    memcpy(state_write(found, page << found->page_shift), content, STATE_PAGE_SIZE);
    return OK;
}
