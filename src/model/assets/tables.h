/* What assets keeps, as it lies in the tables: every row is fixed in size, has no padding of chance
 * and no address, so that a page is its own image. These layouts are part of the snapshot format
 * (docs/format/assets.md): a field is never moved or given another meaning.
 *
 *      tenant -> what stands at the top      type -> kinds, assets of it      asset -> parts
 *                                                                   (chains, in the order they
 * came) type, asset -> newest version -> the one before -> ..        (and jumps over many of them)
 *      version -> texts                                    (appended, never changed or freed,
 * shared)
 *
 * A type and an asset are what their newest version says; what is looked at often lies in their own
 * row as well. Numbers and texts begin at 1, so that 0 can mean none. */
#pragma once

#include "model/assets/assets.h"

enum assets_table {
    TABLE_ASSETS_ROOTS = ASSETS_TABLE_FIRST,
    TABLE_OWNERS,
    TABLE_TYPES,
    TABLE_ASSETS,
    TABLE_VERSIONS,
    TABLE_ASSETS_TEXTS,
};

#define SHEET_UNIT 8u /* bytes of a row of texts; a text is {size (2), bytes}, within one page */
#define VERSION_NONE 0u
#define SLOT_NONE 0u

struct roots_entry {                  /* one row, number 0 */
    uint64_t text_units;              /* of texts, what was skipped not counted */
    uint32_t types, assets, versions; /* highest numbers */
    uint32_t texts_used;              /* units after unit 0, skipped ones included */
    uint32_t owners;                  /* tenants that ever had a type or an asset */
    uint32_t author;                  /* text: of the last command that named one */
    uint8_t reserved[96];
};
struct owner_entry { /* a tenant */
    uint64_t text_units;
    uint32_t tenant;
    uint32_t types, assets, versions; /* ever made */
    struct chain_ends types_top, assets_top;
    uint32_t types_top_count, assets_top_count;
    uint8_t reserved[16];
};
/* What types and assets have in common: each is a node of a forest. */
enum node_flags {
    NODE_GONE = 1,  /* removed, retired: it stands in no chain and no index */
    NODE_BINDS = 2, /* an asset whose sheet has bindings */
};
struct node {
    uint32_t tenant;
    uint32_t version; /* the newest */
    uint32_t parent;
    uint32_t name; /* text */
    uint32_t parts;
    struct chain_ends below;
    struct chain_links links; /* beside it */
    uint8_t height;           /* of what is below it and itself: 1.. */
    uint8_t flags;
    uint8_t reserved[2];
};
struct type_entry {
    struct node node;
    uint32_t assets; /* of it */
    struct chain_ends assets_of;
    uint8_t reserved[12];
};
struct asset_entry {
    struct node node;
    uint32_t type;
    uint32_t branch;            /* text */
    struct chain_links of_type; /* beside it, among those of its type */
    uint8_t reserved[8];
};
enum version_flags {
    VERSION_OF_TYPE = 1, /* else of an asset */
    VERSION_GONE = 2,    /* the last: it was removed, or retired */
    VERSION_MAP = 4,
    VERSION_FLOOR = 8,
    VERSION_PLAN = 16,
    VERSION_FLAGS = 31
};
struct version_entry {
    uint64_t position;
    int64_t wall_ns;  /* of its batch */
    int64_t since_ns; /* in force from here on: never before the version before it */
    double longitude, latitude, plan_x, plan_y;
    uint32_t of;           /* number of the type or asset */
    uint32_t ordinal;      /* among its versions: 1.. */
    uint32_t before, jump; /* versions; the jump goes at least as far back */
    uint32_t parent, type;
    uint32_t name, title, branch, sheet, author; /* texts */
    int32_t floor;
    uint8_t level, flags;
    uint8_t reserved[22];
};
_Static_assert(sizeof(struct roots_entry) == 128, "part of the snapshot format");
_Static_assert(sizeof(struct owner_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct type_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct asset_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct version_entry) == 128, "part of the snapshot format");

/* An attribute or metric of a type, found by its name. Derived. */
struct item_slot {
    uint32_t type;  /* 0: free */
    uint32_t next;  /* of the same type, or free */
    uint32_t sheet; /* text */
    uint16_t at;    /* of the item in it */
    uint16_t name_at, name_size;
    uint8_t kind;
};
struct slots {
    struct item_slot *at;
    uint32_t count, capacity, free; /* slot 0 is none */
    uint32_t *first;                /* by type */
    uint32_t first_capacity;
};
#define LINK_NONE 0u
/* A sheet leads to another asset. Derived. */
struct relation {
    uint32_t from, to;       /* from 0: free, and next leads on among those */
    uint32_t next, previous; /* of those to the same */
};
struct relations {
    struct relation *at;
    uint32_t count, capacity, free; /* link 0 is none */
    uint32_t *first;                /* by the asset it leads to */
    uint32_t first_capacity;
};
struct inbox; /* inbox.c */

struct assets {
    struct assets_limits limits;
    struct state *state;
    struct points *points;
    const struct roots_entry *roots; /* row 0 of its table: pages never move */
    struct state_table roots_table, owners, types, assets, versions, texts;
    struct index *owner_index; /* tenant -> owner */
    struct index *type_names;  /* tenant, name -> type */
    struct index *asset_names; /* parent or tenant, name -> asset */
    struct index *branches;    /* tenant, branch -> asset that says it */
    struct index *bindings;    /* tenant, path -> asset */
    struct index *items;       /* type, kind, name -> slot */
    struct index *related;     /* from, to -> link */
    struct slots slots;
    struct relations relations;
    struct inbox *inbox;
};

/* The hash of a text that is one of a kind of thing of somebody. */
enum hash_of {
    HASH_OWNER = 1,
    HASH_TYPE,
    HASH_TOP,
    HASH_PART,
    HASH_BRANCH,
    HASH_BINDING,
    HASH_PREFIX,
    HASH_RELATION,
    HASH_ITEM /* and the kinds of items behind it */
};
static inline uint64_t hash_of(enum hash_of kind, uint32_t whose, struct bytes text)
{
    return hash64(text.at, text.size, (uint64_t)kind << 32 | whose);
}

static inline struct roots_entry *roots_write(struct assets *assets)
{
    return state_write(&assets->roots_table, 0);
}
static inline const struct owner_entry *owner_at(const struct assets *assets, uint32_t owner)
{
    return state_read(&assets->owners, owner);
}
static inline const struct type_entry *type_at(const struct assets *assets, uint32_t type)
{
    return state_read(&assets->types, type);
}
static inline const struct asset_entry *asset_at(const struct assets *assets, uint32_t asset)
{
    return state_read(&assets->assets, asset);
}
static inline const struct version_entry *version_at(const struct assets *assets, uint32_t version)
{
    return state_read(&assets->versions, version);
}
static inline bool node_is_gone(const struct node *node)
{
    return node->flags & NODE_GONE;
}

/* ---- texts.c ---- */
struct bytes asset_text(const struct assets *assets, uint32_t text);
uint32_t asset_text_units(size_t size); /* 0 for an empty one */
MUST_USE enum err asset_text_add(struct assets *assets, struct bytes text, uint32_t *ret_text);
bool asset_text_is_valid(const struct assets *assets, uint32_t text, size_t most);
MUST_USE enum err assets_texts_rebuild(struct assets *assets);

/* ---- items.c ---- */
/* The next item of a sheet of this kind, whole; bytes that are none are passed over. */
MUST_USE bool asset_sheet_item_next(struct bytes sheet, size_t *offset, unsigned kind,
                                    struct asset_item *ret_item);
MUST_USE bool asset_sheet_item_find(struct bytes sheet, unsigned kind, struct bytes name,
                                    struct asset_item *ret_item);
/* Bytes that the items of a command's form take as a sheet; the sheet, into[ASSET_SHEET_MAX]. */
size_t asset_sheet_size(struct bytes form);
struct bytes asset_sheet_of(struct bytes form, uint8_t *into);
/* What is wrong with a list of items; of a type, or an asset. */
const char *asset_items_fault(struct bytes form, bool of_type);

/* ---- words.c ---- */
struct place {
    bool has_map, has_floor, has_plan;
    double longitude, latitude, plan_x, plan_y;
    int32_t floor;
};
/* What a command says; `has` names the tags that it has. */
struct asset_words {
    uint32_t has; /* bit of enum asset_tag */
    uint32_t parent, type;
    uint8_t level;
    struct bytes name, title, branch;
    struct place place;
};
static inline bool words_have(const struct asset_words *words, enum asset_tag tag)
{
    return words->has >> tag & 1;
}
const char *asset_name_fault(struct bytes name);
/* NULL, or what is wrong. */
const char *asset_words_read(enum command_kind kind, uint32_t number, struct bytes form,
                             struct asset_words *ret_words);

/* ---- versions.c ---- */
/* All that a version says, as it is or as it is to be. */
struct content {
    uint32_t parent, type;
    uint8_t level;
    bool gone;
    struct place place;
    struct bytes name, title, branch, sheet;
};
struct version_of { /* whose version, and of which command */
    bool of_type;
    uint32_t number, owner;
    uint32_t before; /* VERSION_NONE */
    const struct record_stamp *stamp;
    struct bytes author;
};
void asset_content_of(const struct assets *assets, uint32_t version, struct content *ret_content);
bool asset_content_equal(const struct content *a, const struct content *b);
/* Units of texts that this version needs beside those of the one before. */
uint32_t asset_version_text_units(const struct assets *assets, const struct version_of *of,
                                  const struct content *content);
MUST_USE enum err asset_version_add(struct assets *assets, const struct version_of *of,
                                    const struct content *content, uint32_t *ret_version);
/* In force at this time; VERSION_NONE. */
uint32_t asset_version_when(const struct assets *assets, uint32_t newest, int64_t wall_ns);
uint32_t asset_version_numbered(const struct assets *assets, uint32_t newest, uint32_t ordinal);
MUST_USE enum err asset_versions_rebuild(struct assets *assets);

/* ---- forest.c ---- */
struct forest {
    struct assets *assets;
    struct state_table *table;
    bool of_types;
};
struct forest forest_of_types(struct assets *assets);
struct forest forest_of_assets(struct assets *assets);
/* Under its parent, or at the top of its owner; heights above it follow. */
void forest_put(const struct forest *forest, uint32_t owner, uint32_t number, uint32_t parent);
void forest_take(const struct forest *forest, uint32_t owner, uint32_t number);
/* May this node (0: a new one, of height 1) stand below this parent? Neither above itself nor too
 * deep. */
bool forest_allows(const struct forest *forest, uint32_t number, uint32_t parent);
MUST_USE enum err forest_rebuild(const struct forest *forest);

/* ---- owners.c ---- */
/* 0: the tenant never had anything. */
uint32_t asset_owner_find(const struct assets *assets, uint32_t tenant);
MUST_USE enum err asset_owner_make(struct assets *assets, uint32_t tenant, uint32_t *ret_owner);
struct wanted { /* what a command makes */
    uint32_t types, assets, versions, text_units;
};
/* May the tenant have so much more? */
bool asset_owner_may(const struct assets *assets, uint32_t tenant, const struct wanted *wanted);
void asset_owner_count(struct assets *assets, uint32_t owner, const struct wanted *made);
MUST_USE enum err asset_owners_rebuild(struct assets *assets);

/* ---- types.c ---- */
/* A reducer's word on one command: OK with *outcome filled. */
struct assets_command {
    const struct command *command;
    const struct record_stamp *stamp;
    struct asset_effects *effects;
};
MUST_USE enum err assets_apply_type_set(struct assets *assets, const struct assets_command *of);
MUST_USE enum err assets_apply_type_remove(struct assets *assets, const struct assets_command *of);
/* The fault of a command's words as an outcome. */
enum outcome_code asset_words_outcome(const struct asset_words *words, uint32_t number);
/* What a version is to say: what was before, and of the words those that are said. */
void asset_content_say(struct content *content, const struct asset_words *words, struct bytes form,
                       uint8_t *sheet);
/* The level that it or the nearest above it says, as of a time; 0. */
uint8_t asset_type_level(const struct assets *assets, uint32_t type, int64_t wall_ns);
/* The tenant's, and there. */
bool asset_type_is_there(const struct assets *assets, uint32_t tenant, uint32_t type);
struct bytes asset_type_sheet(const struct assets *assets, uint32_t type);
MUST_USE enum err asset_types_rebuild(struct assets *assets);

/* ---- slots.c ---- */
MUST_USE enum err type_slots_put(struct assets *assets, uint32_t type);
MUST_USE enum err type_slots_take(struct assets *assets, uint32_t type);
void type_slots_done(struct slots *slots);
uint64_t type_slots_memory(const struct slots *slots);
/* What the type itself says, now; SLOT_NONE. */
uint32_t type_slot(const struct assets *assets, uint32_t type, unsigned kind, struct bytes name);
/* The same of it and its parents, the nearest. */
uint32_t type_slot_above(const struct assets *assets, uint32_t type, unsigned kind,
                         struct bytes name);
struct bytes type_slot_name(const struct assets *assets, uint32_t slot);
/* The item, with the type that says it. */
void type_slot_item(const struct assets *assets, uint32_t slot, struct asset_item *ret_item);

/* ---- change.c ---- */
MUST_USE enum err assets_apply_asset_set(struct assets *assets, const struct assets_command *of);
MUST_USE enum err assets_apply_asset_retire(struct assets *assets, const struct assets_command *of);
MUST_USE enum err asset_changes_rebuild(struct assets *assets);

/* ---- find.c ---- */
bool asset_is_there(const struct assets *assets, uint32_t tenant, uint32_t asset);
struct bytes asset_sheet(const struct assets *assets, uint32_t asset);
/* ASSET_NONE: no asset right below the parent has this name. */
uint32_t asset_below(const struct assets *assets, uint32_t tenant, uint32_t parent,
                     struct bytes name);
/* Is this path the branch of an asset? */
bool asset_branch_is_taken(const struct assets *assets, uint32_t tenant, struct bytes branch);
/* Enters an asset that is there into the indexes, or takes it out of them. */
MUST_USE enum err asset_index_put(struct assets *assets, uint32_t asset);
MUST_USE enum err asset_index_take(struct assets *assets, uint32_t asset);
/* May the asset (0: a new one) say what many may say? ASSET_SHARERS_MAX */
bool asset_sharers_are_few(const struct assets *assets, uint32_t tenant, uint32_t asset,
                           const struct content *content);
MUST_USE enum err assets_index_rebuild(struct assets *assets);

/* ---- relations.c ---- */
/* The relations of an asset's sheet come to be, or go. */
MUST_USE enum err asset_relations_follow(struct assets *assets, uint32_t asset, bool put);
void asset_relations_done(struct relations *relations);
uint64_t asset_relations_memory(const struct relations *relations);

/* ---- inbox.c ---- */
MUST_USE enum err inbox_create(struct inbox **ret_inbox);
void inbox_destroy(struct inbox *inbox);
uint64_t inbox_memory(const struct inbox *inbox);
/* The path became an asset's branch, or is one's no more. */
void inbox_branch_changed(struct assets *assets, uint32_t tenant, struct bytes branch);
/* What is below an asset that was at this path of names is somewhere else now. */
void inbox_below_changed(struct assets *assets, uint32_t asset, struct bytes path_before);
MUST_USE enum err inbox_rebuild(struct assets *assets);
