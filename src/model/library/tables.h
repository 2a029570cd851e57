/* What library keeps, as it lies in the tables: every row is fixed in size, has no padding of
 * chance and no address, so that a page is its own image. These layouts are part of the snapshot
 * format (docs/format/library.md): a field is never moved or given another meaning.
 *
 *      tenant -> its documents, its boards                          (chains, in the order made)
 *      document -> its versions, newest first; -> to what it is attached        (chains)
 *      all of them -> texts                                         (freed ones make room)
 *
 * Numbers and texts begin at 1, so that 0 can mean none. Rows of all four kinds begin with links
 * and an owner: a row whose owner is 0 is free, and linked to the next free one. */
#pragma once

#include "model/library/library.h"

enum library_table {
    TABLE_LIBRARY_ROOTS = LIBRARY_TABLE_FIRST,
    TABLE_LIBRARY_TENANTS,
    TABLE_DOCUMENTS,
    TABLE_VERSIONS,
    TABLE_ATTACHED,
    TABLE_BOARDS,
    TABLE_LIBRARY_TEXTS,
};

#define LIBRARY_TENANTS_MAX (1u << 20) /* more there cannot be */

struct pool { /* rows of one kind */
    uint32_t highest, free, live, reserved;
};
struct roots_entry { /* one row, number 0 */
    uint64_t version;
    uint64_t released;
    uint64_t text_bytes; /* of slots */
    uint64_t bytes;      /* of all versions */
    struct pool documents, versions, attached, boards;
    uint32_t text_pages;
    uint32_t tenants; /* highest number that has a row */
    uint32_t gone;    /* first deleted tenant that something is left of; 0 */
    uint32_t reserved;
    struct texts_class classes[TEXTS_CLASSES];
    uint8_t reserved_end[512 - 112 - TEXTS_CLASSES * 16];
};
struct tenant_entry {
    struct chain_ends documents_in, boards_in;
    uint64_t bytes;
    uint32_t documents, versions, attached, boards;
    uint32_t gone_next;
    uint8_t gone;
    uint8_t reserved[19];
};
struct row_head { /* of the four below */
    struct chain_links links;
    uint32_t owner;
};
struct document_entry {
    struct row_head head; /* owner: tenant */
    uint32_t name, title; /* texts */
    uint32_t newest, versions, versions_made;
    uint32_t attached_first, attached;
    uint64_t made, position;
    int64_t wall_ns;
    uint8_t reserved[64];
};
struct version_entry {
    struct row_head head; /* next: the version before; owner: document */
    uint32_t reserved;
    uint64_t position;
    int64_t wall_ns;
    uint64_t size;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    uint32_t number, author;
    uint8_t media;
    uint8_t reserved_end[47];
};
struct attached_entry {
    struct row_head head; /* owner: document */
    uint32_t number, branch;
    uint8_t kind;
    uint8_t reserved[11];
};
struct board_entry {
    struct row_head head; /* owner: tenant */
    uint32_t account;
    uint32_t name, title, content[2]; /* texts */
    uint64_t made, position;
    int64_t wall_ns;
    uint8_t shared;
    uint8_t reserved[7];
};
_Static_assert(sizeof(struct roots_entry) == 512, "part of the snapshot format");
_Static_assert(sizeof(struct tenant_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct document_entry) == 128, "part of the snapshot format");
_Static_assert(sizeof(struct version_entry) == 128, "part of the snapshot format");
_Static_assert(sizeof(struct attached_entry) == 32, "part of the snapshot format");
_Static_assert(sizeof(struct board_entry) == 64, "part of the snapshot format");

#define CONTENT_PART_MAX 8192 /* of a board's content, in its first text */

struct library {
    struct library_limits limits;
    const struct roots_entry *roots; /* row 0 of its table: pages never move */
    struct state_table roots_table, tenants, documents, versions, attached, boards;
    struct texts texts;
    struct index *document_names, *board_names, *hashes, *targets, *board_owners;
};

/* A command being carried out: judged first, then done; *outcome is OUTCOME_DONE before. */
struct library_order {
    const struct command *command;
    const struct record_stamp *stamp;
    struct outcome *outcome;
};

static inline struct roots_entry *roots_write(struct library *library)
{
    return state_write(&library->roots_table, 0);
}
/* What one tenant may take of what all share: a tenth of it, and of what is free a quarter. */
static inline bool share_allows(uint32_t tenant, uint64_t own, uint64_t all, uint64_t more,
                                uint64_t most)
{
    if (all > most || more > most - all)
        return false;
    return tenant == TENANT_DEFAULT || (own + more <= most / 10 && own <= (most - all) / 4);
}

/* ---- forms.c: what commands say ---- */
struct document_plan {
    struct bytes name, title, hash;
    bool has_title, has_attached;
    uint8_t media;
    uint64_t size;
    struct attached attached[DOCUMENT_ATTACHED_MAX];
    uint32_t attached_count;
};
struct board_plan {
    struct bytes name, title, content;
    bool has_title, has_owner, has_shared, shared;
    uint32_t owner;
};
const char *library_document_plan(struct bytes form, struct document_plan *ret_plan);
const char *library_board_plan(struct bytes form, struct board_plan *ret_plan);
enum outcome_code library_fault_code(const char *fault); /* of a fault of these */

/* ---- rows.c: rows that come and go, texts, tenants ---- */
static const struct chain library_chain = {.links_at = offsetof(struct row_head, links)};
/* A row for its owner; the table has grown (rows_reserve) and the row is zero but for its head. */
MUST_USE enum err library_pool_reserve(const struct pool *pool, struct state_table *table,
                                       uint32_t rows);
uint32_t store_pool_take(struct pool *pool, struct state_table *table, uint32_t owner);
void store_pool_give(struct pool *pool, struct state_table *table, size_t row_size, uint32_t row);
/* Free rows of pages from outside: each without an owner and linked once. */
bool library_pool_is_valid(const struct pool *pool, const struct state_table *table);
static inline bool library_pool_has(const struct pool *pool, const struct state_table *table,
                                    uint32_t row)
{
    if (row == 0 || row > pool->highest)
        return false;
    const struct row_head *head = state_read(table, row);
    return head->owner != 0;
}
struct bytes library_text(const struct library *library, uint32_t text);
MUST_USE enum err library_text_set(struct library *library, uint32_t *text, struct bytes content);
bool library_texts_fit(const struct library *library, uint64_t bytes);
/* NULL: nothing was ever there, or it was deleted. */
const struct tenant_entry *library_tenant_find(const struct library *library, uint32_t tenant);
MUST_USE enum err library_tenant_grow(struct library *library, uint32_t tenant);
uint64_t library_name_hash(uint32_t tenant, struct bytes name);
uint64_t library_target_hash(uint32_t tenant, const struct attached *to);
uint64_t library_owner_hash(uint32_t tenant, uint32_t account);
uint64_t library_bytes_hash(const uint8_t *hash);

/* ---- documents.c, boards.c ---- */
MUST_USE enum err library_apply_document(struct library *library, const struct library_order *of);
MUST_USE enum err library_document_drop(struct library *library, uint32_t document);
MUST_USE enum err library_documents_rebuild(struct library *library);
void library_attached_view(const struct library *library, const struct attached_entry *entry,
                           struct attached *ret_attached);
MUST_USE enum err library_apply_board(struct library *library, const struct library_order *of);
MUST_USE enum err library_board_drop(struct library *library, uint32_t board);
MUST_USE enum err library_boards_rebuild(struct library *library);
