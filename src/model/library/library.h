/* library: the reducer of documents and boards: what is attached to types, assets, rules and
 * branches (procedures, manuals, pictures), in versions; and dashboards that people build.
 *
 * Pure and deterministic, as points. All it knows lies in paged tables of a struct state (ids
 * 102..109 of the snapshot format, docs/format/library.md), so that a snapshot is a copy of pages
 * and replay = live = snapshot + tail by state hash; indexes are derived.
 *
 *   document  a name that is unique in its tenant, a title, to what it is attached, and versions:
 *             each has a media type, a size, the SHA-256 of its bytes, an author and a time. The
 *             newest is what is read; the others stay readable
 *   attached  to an asset type, an asset, a rule (by their numbers) or a branch of the namespace
 *             (by its path). Whether they are there is not its business: who asks looks
 *   board     a name that is unique in its tenant, a title, the account that owns it, whether
 *             others see it, and a content that is kept as it is
 *
 * The bytes of a document are not here. They lie in the data folder, named by their hash, and were
 * synced before the command that names them was written (src/documents). library_holds says
 * whether any version still has a hash; library_released says when a look is worth it.
 *
 * Numbers of documents and boards are used again, those of a document's versions count up from 1
 * and are not. What is of a deleted tenant goes a piece with each fact that follows.
 *
 * What the engine does: library_apply_fact with every fact (others than its own move the clearing
 * on), library_tenant_deleted when a command made a tenant TENANT_DELETED, library_rebuild after
 * points_rebuild. One thread. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "model/points/points.h"
#include "state/state.h"

#define LIBRARY_TABLE_FIRST 102
#define DOCUMENT_NONE 0
#define BOARD_NONE 0
#define LIBRARY_NAME_MAX 128  /* bytes: 1..128, UTF-8 without '/' and control characters */
#define LIBRARY_TITLE_MAX 256 /* bytes */
#define DOCUMENT_HASH_SIZE 32
#define DOCUMENT_BYTES_MAX (UINT64_C(64) << 20) /* documents.size may ask for less */
#define DOCUMENT_VERSIONS_MAX 200               /* of a document */
#define DOCUMENT_ATTACHED_MAX 32                /* to what it is attached */
#define BOARD_CONTENT_MAX 10240                 /* bytes, UTF-8 */

/* They decide outcomes: records are replayed under the same. A tenant that is not the house has at
 * most a tenth of each, and gets more only while it has less than a quarter of what is free. */
struct library_limits {
    uint32_t documents_max;   /* 200,000 */
    uint32_t versions_max;    /* 1,000,000 */
    uint32_t attached_max;    /* 2,000,000 */
    uint32_t boards_max;      /* 200,000 */
    uint32_t boards_tenant;   /* 20,000: of any tenant, the house too */
    uint32_t boards_person;   /* 200: of an account in a tenant */
    uint64_t bytes_max;       /* of all versions: 16 TiB */
    uint64_t texts_bytes_max; /* names, titles, contents of boards: 4 GiB */
};
extern const struct library_limits library_limits_default;

enum document_media {
    DOCUMENT_PDF = 1,
    DOCUMENT_MARKDOWN = 2,
    DOCUMENT_TEXT = 3,
    DOCUMENT_PNG = 4,
    DOCUMENT_JPEG = 5,
    DOCUMENT_SVG = 6,
    DOCUMENT_MEDIA_COUNT = 7
};
const char *document_media_type(unsigned media); /* "application/pdf", ...; NULL */
/* Of the value of a Content-Type, whatever its parameters; 0: none of ours. */
unsigned document_media_parse(struct bytes type);

/* ---- what commands say: tags -------------------------------------------------------------------
 */
/* COMMAND_DOCUMENT_SET. module.number 0: the document of this name, a new one when there is none;
 * else that document, and a name renames it. What is not said stays. A new document says name,
 * media, hash and size; a version that is new says the last three, its author is the actor.
 * COMMAND_DOCUMENT_REMOVE, COMMAND_BOARD_REMOVE: module.number and an empty form. */
enum document_tag {
    DOCUMENT_TAG_NAME = 1,
    DOCUMENT_TAG_TITLE = 2,
    DOCUMENT_TAG_MEDIA = 3,      /* integer: enum document_media */
    DOCUMENT_TAG_HASH = 4,       /* DOCUMENT_HASH_SIZE bytes: SHA-256 */
    DOCUMENT_TAG_SIZE = 5,       /* integer: bytes, 1..DOCUMENT_BYTES_MAX */
    DOCUMENT_TAG_ATTACHED = 6,   /* form, several: enum attached_tag; replaces what was */
    DOCUMENT_TAG_NO_ATTACHED = 7 /* integer 1: to nothing from now on */
};
enum attached_kind {
    ATTACHED_TYPE = 1,
    ATTACHED_ASSET = 2,
    ATTACHED_RULE = 3,
    ATTACHED_BRANCH = 4
};
enum attached_tag {
    ATTACHED_TAG_KIND = 1,   /* integer: enum attached_kind */
    ATTACHED_TAG_NUMBER = 2, /* integer > 0: of the type, asset or rule */
    ATTACHED_TAG_BRANCH = 3  /* text: path, 1..PATH_MAX_BYTES */
};
/* COMMAND_BOARD_SET. module.number 0: the board of this name, a new one when there is none; one of
 * another owner is NAME_TAKEN. A new one says name, owner and content. */
enum board_tag {
    BOARD_TAG_NAME = 1,
    BOARD_TAG_TITLE = 2,
    BOARD_TAG_OWNER = 3,  /* integer: account, 0: whoever is at the terminal */
    BOARD_TAG_SHARED = 4, /* integer 0, 1 */
    BOARD_TAG_CONTENT = 5 /* text 1..BOARD_CONTENT_MAX */
};
struct attached {
    uint8_t kind; /* enum attached_kind */
    uint32_t number;
    struct bytes branch;
};
void attached_put(struct form_writer *form, const struct attached *attached);
/* NULL, or a sentence that says what is wrong with what a command says, by itself. */
const char *library_form_fault(enum command_kind kind, uint32_t number, struct bytes form);
bool library_name_is_good(struct bytes name);

/* ---- the reducer -------------------------------------------------------------------------------
 */
struct library;
MUST_USE enum err library_create(struct state *state, const struct library_limits *limits,
                                 struct library **ret_library);
void library_destroy(struct library *library); /* NULL is fine */
/* After the state's pages were loaded: indexes. ERR_CORRUPT when pages contradict each other. */
MUST_USE enum err library_rebuild(struct library *library);
uint64_t library_memory(const struct library *library); /* indexes; pages are counted by state */

/* *ret_outcome of a FACT_MODULE of MODULE_LIBRARY (number: of the document or board); with other
 * facts it is untouched. Refusals: UNKNOWN_DOCUMENT, UNKNOWN_BOARD, NAME_TAKEN, NAME_INVALID,
 * DOCUMENT_INVALID, LIBRARY_FULL, BOARDS_FULL. Keys are those of points (points_key_claim). A
 * refused command changes nothing but its key. ERR_CORRUPT: no command that a decoder gives out.
 * ERR_NO_MEMORY: half applied, the state must be dropped and loaded again. At most some 0.1 ms: of
 * a document with all its versions. */
MUST_USE enum err library_apply_fact(struct library *library, struct points *points,
                                     const struct fact *fact, const struct record_stamp *stamp,
                                     struct outcome *ret_outcome);
/* Nothing of the tenant is found from now on; twice is once. */
MUST_USE enum err library_tenant_deleted(struct library *library, uint32_t tenant);

/* ---- asking ------------------------------------------------------------------------------------
 * Views live until the next record. */
uint64_t library_version(const struct library *library); /* counts up with each change */
/* Counts up with each version that went: hashes may be held no more. */
uint64_t library_released(const struct library *library);
bool library_holds(const struct library *library, const uint8_t *hash);

struct document_version {
    uint32_t number; /* from 1 */
    uint8_t media;
    uint64_t size;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    struct bytes author;
    uint64_t position;
    int64_t wall_ns;
};
struct document_view {
    uint32_t document, tenant;
    struct bytes name, title;
    struct document_version newest;
    uint32_t versions, attached; /* how many */
    uint64_t made; /* position of the command that made it: its identity, though numbers are used
                      again */
    uint64_t position; /* of the command that changed it last */
    int64_t wall_ns;
};
uint32_t library_documents(const struct library *library); /* highest number */
/* Any number; false: there is none. */
MUST_USE bool library_document(const struct library *library, uint32_t document,
                               struct document_view *ret_view);
uint32_t library_document_find(const struct library *library, uint32_t tenant, struct bytes name);
/* Of a tenant in the order they were made: the one behind `after` (a document of it; 0: the first);
 * DOCUMENT_NONE: no more. */
uint32_t library_document_next(const struct library *library, uint32_t tenant, uint32_t after);
/* Versions of a document, the newest first: into versions[], at most `most`; how many. */
size_t library_document_versions(const struct library *library, uint32_t document,
                                 struct document_version *versions, size_t most);
/* This version; false: there is none. */
MUST_USE bool library_document_version(const struct library *library, uint32_t document,
                                       uint32_t number, struct document_version *ret_version);
/* To what it is attached, in the order it was said: into attached[DOCUMENT_ATTACHED_MAX]. */
size_t library_document_attached(const struct library *library, uint32_t document,
                                 struct attached *attached);
/* What is attached to this, newest attachment first or not: any order, each once, into
 * documents[]; how many (most at most). Branches are compared whole. */
size_t library_attached_to(const struct library *library, uint32_t tenant,
                           const struct attached *to, uint32_t *documents, size_t most);
struct library_use { /* of a tenant */
    uint32_t documents, versions, boards;
    uint64_t bytes; /* of all versions, equal ones counted each */
};
void library_use(const struct library *library, uint32_t tenant, struct library_use *ret_use);

struct board_view {
    uint32_t board, tenant, owner;
    bool shared;
    struct bytes name, title;
    struct bytes content[2]; /* one behind the other */
    uint64_t made, position;
    int64_t wall_ns;
};
uint32_t library_boards(const struct library *library); /* highest number */
MUST_USE bool library_board(const struct library *library, uint32_t board,
                            struct board_view *ret_view);
uint32_t library_board_find(const struct library *library, uint32_t tenant, struct bytes name);
uint32_t library_board_next(const struct library *library, uint32_t tenant, uint32_t after);
