/* assets: what the handlers of types, assets, rules and alarms share.
 *
 *   assets_sheet.c    sheets: what a body says, what a type or an asset has, and from whom
 *   assets_right.c    whose they are to see and to change; how they are named
 *   types.c, assets.c, assets_set.c, ..    the handlers
 *
 * Who may. An asset is seen, and changed, by who may see, and configure, its branch of paths; one
 * that is not there by the path that it would have. Types, and rules that stand on them, are the
 * whole tenant's: who sees anything of it sees them, who configures all of it, or "$tenant/types",
 * changes them. A rule on a point or a pattern is as that point or pattern. */
#pragma once

#include "web/module.h"
#include "web/seen.h"

/* ---- assets_sheet.c ----------------------------------------------------------------------------
 */
/* Items of a sheet and of all it inherits, each name of a kind once, the nearest. Views: until the
 * next record. */
struct asset_sheet {
    struct asset_item *items;
    uint32_t *slots; /* by hash of kind and name: index + 1 */
    size_t count, capacity, slot_count;
};
void asset_sheet_done(struct asset_sheet *sheet);
/* The item of this kind and name, or NULL. */
const struct asset_item *asset_sheet_find(const struct asset_sheet *sheet, enum item_kind kind,
                                          struct bytes name);
/* False: no memory, and then the sheet is empty. wall_ns: as of; INT64_MAX: now. own: what it says
 * itself alone. */
MUST_USE bool asset_sheet_of_type(struct exchange *exchange, uint32_t type, int64_t wall_ns,
                                  bool own, struct asset_sheet *ret_sheet);
MUST_USE bool asset_sheet_of_asset(struct exchange *exchange, uint32_t asset, int64_t wall_ns,
                                   struct asset_sheet *ret_sheet);
/* What was said nearer stays. False: no memory. */
MUST_USE bool asset_sheet_add(struct asset_sheet *sheet, const struct asset_item *item);
/* Items of one form alone. */
MUST_USE bool asset_sheet_of_form(struct bytes form, struct asset_sheet *ret_sheet);
/* Members of a type or asset: "attributes", "metrics". */
void put_limits(struct json_writer *json, const double limits[LIMIT_KINDS]);
/* Member "limits_in_force" of a point. */
void put_limits_in_force(struct exchange *exchange, uint32_t point);
void put_type_name(struct exchange *exchange, const char *name, uint32_t type);
void put_type_sheet(struct exchange *exchange, const struct asset_sheet *sheet);
/* Members "attributes" and "metrics" of a body of a type into the form. */
void type_items_read(struct wish *wish, struct form_writer *form, size_t *ret_count);
/* A number, text, true or false as an attribute's text; scratch holds what is made. False: it is
 * something else. *ret_type: what it would be by itself. */
#define ITEM_SCRATCH 40
bool item_text(const json_t *value, char scratch[ITEM_SCRATCH], struct bytes *ret_text,
               uint8_t *ret_type);

/* ---- assets_right.c ----------------------------------------------------------------------------
 */
struct assets *assets_of(const struct exchange *exchange);
struct alarms *alarms_of(const struct exchange *exchange);
bool types_seen(struct exchange *exchange);
bool types_changeable(struct exchange *exchange);
/* The same; false: it was answered 403. */
bool types_may_change(struct exchange *exchange);
/* All of the tenant is seen. */
bool tenant_seen_whole(struct exchange *exchange, uint32_t tenant);
/* May he, at the asset's branch? */
bool asset_may(struct exchange *exchange, enum access_right right, uint32_t asset);
bool asset_seen(struct exchange *exchange, uint32_t asset);
/* He sees something at or below its branch: its name stands in the tree. */
enum namespace_sight asset_sight(struct exchange *exchange, uint32_t asset);
/* The asset of this path that he sees; ASSET_NONE: there is none for him. */
uint32_t asset_of(struct exchange *exchange, struct bytes path);
uint32_t asset_type_of(struct exchange *exchange, struct bytes name); /* TYPE_NONE */
enum handled answer_no_asset(struct exchange *exchange, struct bytes path);
enum handled answer_no_type(struct exchange *exchange, struct bytes name);
void put_asset_path(struct exchange *exchange, const char *name, uint32_t asset);
/* Member "parts": how many right below it he sees; null where there are too many to look at each. */
void put_parts(struct exchange *exchange, const struct asset_view *view);
/* Is it an item of this kind that is told to him? A binding to a point that he sees not is not. */
bool asset_item_is_told(struct exchange *exchange, const struct asset_item *item,
                        enum item_kind kind);
/* Is it that type, or one below it? */
bool type_is(const struct assets *assets, uint32_t type, uint32_t wanted);
/* Is it that asset, or below it? */
bool asset_is_below(const struct assets *assets, uint32_t asset, uint32_t above);
unsigned asset_level_parse(struct bytes word); /* 0: none */
void put_level(struct json_writer *json, unsigned level);
bool wish_level(struct wish *wish, unsigned *ret_level);

/* ---- types.c ------------------------------------------------------------------------------------
 */
#define TYPE_MEMBERS "title parent level attributes metrics"
void type_members_drop(struct wish *wish);
/* Those members, all of them, into the form. */
void type_words_read(struct exchange *exchange, struct wish *wish, struct bytes name,
                     struct form_writer *form);

/* ---- types_trial.c ------------------------------------------------------------------------------
 */
/* Bytes of exchange->state, which begins with a module_order whose form says what the type (0: a
 * new one) would be. */
size_t type_trial_size(void);
enum handled type_trial(struct exchange *exchange, uint32_t type);

/* ---- assets_tree.c ------------------------------------------------------------------------------
 */
/* The part of an asset (ASSET_NONE: at the top) behind `last`; where that one has gone since it was
 * found, the next that is newer than it. ASSET_NONE: no more. */
uint32_t asset_part_next(const struct exchange *exchange, uint32_t above, uint32_t last);

/* ---- assets_form.c ------------------------------------------------------------------------------
 */
struct asset_words { /* of what asset something is said, and how */
    struct form_writer *form;
    uint32_t asset; /* ASSET_NONE: a new one */
    uint32_t parent;
    struct bytes path, name; /* that it has, or will have */
    bool changes;            /* only what is named; else all of it */
    bool moves;              /* by a change, to path */
    bool branch_said;
    struct bytes branch;           /* empty: its path */
    size_t items;                  /* private */
    struct asset_sheet types, own; /* private */
};
/* Name and parent of a path. False: there is nothing above it, for him. */
bool asset_path_split(struct exchange *exchange, struct bytes path, struct asset_words *words);
/* Members title, type, level, branch, place, attributes, bindings and relations into the form. */
void asset_says_read(struct exchange *exchange, struct asset_words *words, struct wish *wish);
/* May he, where it is and where its branch would be? After asset_says_read. */
enum verdict asset_words_judge(struct exchange *exchange, const struct asset_words *words);

/* ---- assets_set.c -------------------------------------------------------------------------------
 */
#define ASSET_MEMBERS "title type level branch place attributes bindings relations"
/* Members that answers have and nobody sets go, and attributes become as they are set. */
void asset_members_drop(struct wish *wish);

/* ---- assets.c -----------------------------------------------------------------------------------
 */
/* A whole asset, as an object, as it is now. False: no memory. */
bool asset_put(struct exchange *exchange, uint32_t asset);
