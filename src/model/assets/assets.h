/* assets: the reducer that knows the shape of the plant: types of assets with
 * inheritance, assets in the hierarchy of IEC 62264-1 (ISA-95), and what each
 * was at any time.
 *
 * Pure and deterministic, as points. All it knows lies in paged tables of a
 * struct state (ids 80..91 of the snapshot format, docs/format/assets.md);
 * indexes are derived.
 *
 *   type     a name, a parent type, a sheet: attributes (with a type and a
 * unit, a default value), metrics (type, unit, limits, deadband). A type has
 * what its parents have, and what it says itself wins asset    a name below its
 * parent, a title, a level, a type, a place, a branch of the namespace where
 * its points are, a sheet that holds only what differs from its type: values of
 *            attributes, bindings of metrics to points elsewhere, relations to
 * other assets version  each change makes one, linked to the one before: what
 * an asset or type was at a time is a question (ids and links; the texts are
 * shared between versions) points   a point belongs to an asset as metric m
 * when its path is the asset's branch / m and m is a metric of the type (the
 * longest branch wins), or when a binding says so inbox    prefixes of object
 * rows (devices that publish several values) that are the branch of no asset:
 * they wait to be adopted. What is below an asset's branch waits for itself: an
 *            enterprise that is an asset leaves its devices in the inbox. A
 * prefix is named by the first row that had it
 *
 * One tenant, the house's own apart, has a tenth of each limit at most, and a
 * quarter of what is free. Numbers of types and assets count up from 1 and are
 * never reused. A retired asset keeps its number and its versions; its name is
 * free. One thread. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "model/points/points.h"
#include "state/state.h"

#define ASSETS_TABLE_FIRST 80
#define ASSET_NONE 0
#define TYPE_NONE 0
#define ASSET_NAME_MAX 128 /* of types as well: one segment of a path */
#define ASSET_TITLE_MAX 256
#define ASSET_DEPTH_MAX 16   /* of assets below each other, and of types */
#define ASSET_SHEET_MAX 8192 /* bytes */
#define ASSET_ITEMS_MAX 256
#define ASSET_TEXT_MAX 2048  /* value of an attribute, description */
#define ASSETS_WALK_ROWS 512 /* looked at with each batch while a walk is under way */
#define ASSET_SHARERS_MAX                                                                          \
    1000 /* assets that say the same branch, or bind the same point: others are                    \
            refused */

struct assets_limits {        /* they decide outcomes */
    uint32_t types_max;       /* 10,000 */
    uint32_t assets_max;      /* 2,000,000, retired ones too */
    uint32_t versions_max;    /* 20,000,000; what goes makes one all the same */
    uint64_t texts_bytes_max; /* of names, titles, branches, sheets of all
                                 versions: 2 GiB */
};
extern const struct assets_limits assets_limits_default;

enum asset_level { /* IEC 62264-1, 5.3: the hierarchy of equipment */
                   ASSET_ENTERPRISE = 1,
                   ASSET_SITE = 2,
                   ASSET_AREA = 3,
                   ASSET_LINE = 4, /* work centre: line, cell, unit of
                                      production, storage zone */
                   ASSET_UNIT = 5, /* work unit */
                   ASSET_DEVICE = 6
};
const char *asset_level_word(unsigned level); /* "enterprise", ...; NULL */

/* ---- what commands say: tags
 * ---------------------------------------------------------------- */
/* Of COMMAND_TYPE_SET and COMMAND_ASSET_SET (module.number 0: a new one; else
 * only what is said changes). COMMAND_TYPE_REMOVE and COMMAND_ASSET_RETIRE have
 * an empty form. */
enum asset_tag {
    ASSET_TAG_NAME = 1,    /* text; unique among types, or below the parent */
    ASSET_TAG_TITLE = 2,   /* text */
    ASSET_TAG_PARENT = 3,  /* integer: number of the asset above, 0: none; of a
                              type: its parent */
    ASSET_TAG_TYPE = 4,    /* integer: number, 0: none; assets only */
    ASSET_TAG_LEVEL = 5,   /* integer: enum asset_level, 0: none; of a type: of its assets */
    ASSET_TAG_BRANCH = 6,  /* text: path; empty: its own path of names (assets only) */
    ASSET_TAG_PLACE = 7,   /* form: enum place_tag; empty: nowhere (assets only) */
    ASSET_TAG_ITEM = 8,    /* form, several: enum item_tag: the whole sheet, replaces what was */
    ASSET_TAG_NO_ITEMS = 9 /* integer 1: the sheet is empty from now on */
};
enum place_tag {
    PLACE_TAG_LONGITUDE = 1, /* real, degrees, WGS 84; with latitude */
    PLACE_TAG_LATITUDE = 2,
    PLACE_TAG_FLOOR = 3,  /* integer; 0: the ground floor */
    PLACE_TAG_PLAN_X = 4, /* real 0..1 of the width of the plan of its parent */
    PLACE_TAG_PLAN_Y = 5
};
enum item_kind {
    ITEM_ATTRIBUTE = 1, /* name, type, unit, value as text; of a type: the default */
    ITEM_METRIC = 2,    /* of types alone: a point of the asset */
    ITEM_BINDING = 3,   /* of assets alone: the metric `name` is the point at path `text` */
    ITEM_RELATION = 4   /* of assets alone: `name` ("feeds", "part of") to the asset `other` */
};
#define ITEM_NAME_MAX 256
enum item_tag {
    ITEM_TAG_KIND = 1,     /* integer */
    ITEM_TAG_NAME = 2,     /* text 1..256; of a metric: the path below the branch */
    ITEM_TAG_TYPE = 3,     /* integer: enum value_type; float64 unless said */
    ITEM_TAG_UNIT = 4,     /* text */
    ITEM_TAG_TEXT = 5,     /* text: value, description of a metric, path of a binding */
    ITEM_TAG_REQUIRED = 6, /* integer 0, 1: attribute of a type: each asset has to say it */
    ITEM_TAG_LIMIT = 7,    /* form: enum limit_kind + 1 -> real; metric */
    ITEM_TAG_DEADBAND = 8, /* real; metric */
    ITEM_TAG_OTHER = 9     /* integer: the other asset; relation */
};
struct asset_item {
    uint8_t kind, type;
    bool required;
    struct bytes name, unit, text;
    double limits[LIMIT_KINDS]; /* NaN: none */
    double deadband;
    uint32_t other;
    uint32_t from; /* of effective sheets: the type that says it; 0: the asset
                      itself */
};
/* Reads the next item of a sheet or of a command's form, passing other fields
 * over; false: no more, or it is none (*ret_fault then says why, else NULL). */
MUST_USE bool asset_item_next(struct bytes form, size_t *offset, struct asset_item *ret_item,
                              const char **ret_fault);
void asset_item_put(struct form_writer *form, const struct asset_item *item);
/* Is this text a value of the type, as attributes have them? An empty one is no
 * value, and fine. Bools are true and false, numbers as in JSON. */
bool asset_value_is_of_type(uint8_t type, struct bytes text);
/* NULL, or a sentence that says what is wrong with what a command says, by
 * itself. */
const char *asset_form_fault(enum command_kind kind, uint32_t number, struct bytes form);

/* ---- the reducer
 * ----------------------------------------------------------------------------
 */
struct assets;
MUST_USE enum err assets_create(struct state *state, const struct assets_limits *limits,
                                struct points *points, struct assets **ret_assets);
void assets_destroy(struct assets *assets);              /* NULL is fine */
MUST_USE enum err assets_rebuild(struct assets *assets); /* after points_rebuild */
uint64_t assets_memory(const struct assets *assets);
struct asset_effects {
    struct outcome outcome; /* number: of the type or asset. Done also when it was
                               so before: no version is made then */
    bool points_changed;    /* the points of `asset`, which came or went, belong
                               elsewhere */
    bool many_changed;      /* a type or a branch: what may belong elsewhere are many */
    uint32_t asset;
};
/* A FACT_MODULE of MODULE_ASSETS; other facts are OK and do nothing. Refusals:
 * UNKNOWN_TYPE, UNKNOWN_ASSET, NAME_TAKEN, NAME_INVALID, ASSET_INVALID (a
 * cycle, too deep, a required attribute that is missing, a value that is not of
 * its type), TYPE_IN_USE, ASSET_HAS_PARTS, ASSETS_FULL. A change of a type
 * costs the same however many assets are of it. Keys are those of points. */
MUST_USE enum err assets_apply_fact(struct assets *assets, const struct fact *fact,
                                    const struct record_stamp *stamp,
                                    struct asset_effects *ret_effects);
/* FACT_ROW made this row: is it for the inbox? Rows come in the order of their
 * numbers. */
MUST_USE enum err assets_row_new(struct assets *assets, uint32_t row);

/* ---- asking
 * ---------------------------------------------------------------------------------
 */
struct type_view { /* views live until the next record */
    uint32_t type, tenant, parent;
    uint32_t level;   /* its own, else that of the nearest parent that says one */
    uint32_t version; /* counts up from 1 */
    bool removed;
    struct bytes name, title, sheet;
    uint32_t assets;    /* of it itself, not retired; now, in views of the past too */
    uint32_t kinds;     /* types right below it, now */
    uint8_t level_said; /* by itself; 0 */
    struct bytes author;
    uint64_t position;
    int64_t wall_ns; /* of this version */
};
struct asset_view {
    uint32_t asset, tenant, parent, type;
    uint32_t level;   /* its own, else that of the nearest of its types that says one */
    uint32_t version; /* counts up from 1 */
    bool retired;
    struct bytes name, title, sheet;
    struct bytes branch; /* as it was said; empty: its own path. assets_branch tells */
    bool has_map, has_floor, has_plan;
    double longitude, latitude, plan_x, plan_y;
    int32_t floor;
    uint32_t parts;     /* assets right below it, now */
    uint8_t level_said; /* by itself; 0 */
    struct bytes author;
    uint64_t position;
    int64_t wall_ns; /* of this version */
};
uint32_t assets_types(const struct assets *assets); /* highest number */
uint32_t assets_count(const struct assets *assets);
void assets_type(const struct assets *assets, uint32_t type, struct type_view *ret_view);
void assets_asset(const struct assets *assets, uint32_t asset, struct asset_view *ret_view);
/* As it was at this wall time; false: it was not there yet. Some us. A version
 * is in force from its wall time on, or from that of the version before when
 * the clock had gone back. */
MUST_USE bool assets_type_at(const struct assets *assets, uint32_t type, int64_t wall_ns,
                             struct type_view *ret_view);
MUST_USE bool assets_asset_at(const struct assets *assets, uint32_t asset, int64_t wall_ns,
                              struct asset_view *ret_view);
/* A version by its number, 1..view.version of the newest; false: there is none.
 * Some us. */
MUST_USE bool assets_type_version(const struct assets *assets, uint32_t type, uint32_t version,
                                  struct type_view *ret_view);
MUST_USE bool assets_asset_version(const struct assets *assets, uint32_t asset, uint32_t version,
                                   struct asset_view *ret_view);
/* Versions of types and assets made so far, in their order from 1 on; and of which type or asset one
 * is. For who follows what changes. */
uint32_t assets_versions(const struct assets *assets);
uint32_t assets_version_of(const struct assets *assets, uint32_t version, bool *ret_of_type);
uint32_t assets_type_find(const struct assets *assets, uint32_t tenant, struct bytes name);
/* By its path of names: "acme/north/pump-3". */
uint32_t assets_find(const struct assets *assets, uint32_t tenant, struct bytes path);
/* Path of names, branch of points, into path[PATH_MAX_BYTES]; the size; 0: too
 * long. */
size_t assets_path(const struct assets *assets, uint32_t asset, uint8_t *path);
size_t assets_branch(const struct assets *assets, uint32_t asset, uint8_t *path);
/* Right below an asset (0: at the top, of the tenant), in the order they came
 * there; 0 ends. */
uint32_t assets_first(const struct assets *assets, uint32_t tenant, uint32_t parent);
uint32_t assets_next(const struct assets *assets, uint32_t asset);
/* Of a type itself. */
uint32_t assets_of_type_first(const struct assets *assets, uint32_t type);
uint32_t assets_of_type_next(const struct assets *assets, uint32_t asset);
/* Assets whose sheets lead to this one, each once, in no order; 0 ends. Of one that does no more
 * there is none behind it. */
uint32_t assets_relating_first(const struct assets *assets, uint32_t asset);
uint32_t assets_relating_next(const struct assets *assets, uint32_t asset, uint32_t from);
/* The effective sheet: what the asset says, then what its types say that it
 * does not, the nearest first; for_each-like: *cursor starts as zeroes.
 * wall_ns: as of; INT64_MAX: now. An attribute that a type declares has the
 * type's value type, and its unit where the asset says none. */
struct sheet_cursor {
    uint32_t step;
    size_t offset;
    uint32_t type;
};
MUST_USE bool assets_sheet_next(const struct assets *assets, uint32_t asset, int64_t wall_ns,
                                struct sheet_cursor *cursor, struct asset_item *ret_item);
/* The same of a type and its parents. */
MUST_USE bool assets_type_sheet_next(const struct assets *assets, uint32_t type, int64_t wall_ns,
                                     struct sheet_cursor *cursor, struct asset_item *ret_item);
/* The asset a point belongs to and its metric there; ASSET_NONE. A binding
 * stands before branches; of several assets that say the same the lowest number
 * has it. The metric is a view into the asset's or type's sheet. Some 100 ns a
 * level of its path. */
uint32_t assets_of_point(const struct assets *assets, uint32_t point, struct bytes *ret_metric);
/* The asset in whose branch a path lies, whether it is one of its metrics or not: the longest
 * branch, and of several the lowest number; ASSET_NONE. */
uint32_t assets_above_path(const struct assets *assets, uint32_t tenant, struct bytes path);
/* The point of this metric of an asset; POINT_NONE: there is none, or the asset
 * has no such metric.
 */
uint32_t assets_point(const struct assets *assets, uint32_t asset, struct bytes metric);
/* Inbox: rows that wait, ascending; the next after `row`, of the tenant;
 * ROW_NONE: no more. */
uint32_t assets_inbox_next(const struct assets *assets, uint32_t tenant, uint32_t row);
uint32_t assets_inbox_count(const struct assets *assets, uint32_t tenant);
/* An asset with much below it moved: a walk looks again at what is in the inbox. How many prefixes
 * are left; 0: none is under way. Until it comes to them, they are shown as they were. */
uint64_t assets_walk_left(const struct assets *assets);
/* The walk's next piece, some 0.2 ms; at the end of each batch. It changes nothing that is in the
 * state: it may be called more often or less. */
void assets_walk(struct assets *assets);
/* How alike the metrics of a row's prefix and a type's are: 0..1000, of the
 * metrics of either how many are in both. */
unsigned assets_likeness(const struct assets *assets, uint32_t row, uint32_t type);
