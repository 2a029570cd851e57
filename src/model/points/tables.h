/* What points keeps, as it lies in the tables: every row is fixed in size, has no padding of chance
 * and no address, so that a page is its own image. These layouts are part of the snapshot format
 * (docs/format/snapshot.md): a field is never moved or given another meaning.
 *
 *      path index -> point -> row -> prefix (names)           settings, own path,
 *                      |  \-> metric (names)                  string values, keys (texts)
 *                      \---- live, limits: same number as the point
 *
 * names: strings that are never changed and never freed, each kept once (prefixes and metrics).
 * texts: strings that change, in slots of some sizes with free lists, all inside the tables. */
#pragma once

#include "model/points/points.h"

enum points_table {
    TABLE_COUNTERS = 1,
    TABLE_ROWS = 2,
    TABLE_POINTS = 3,
    TABLE_LIVE = 4,
    TABLE_LIMITS = 5,
    TABLE_NAMES = 6,
    TABLE_TEXTS = 7,
    TABLE_CLIENTS = 8,
    TABLE_KEYS = 9,
};

#define TEXT_UNIT 16u /* bytes of a row of texts */
#define TEXT_CLASSES 18
#define TEXT_NONE 0u
#define NAME_UNIT 4u /* bytes of a row of names */
#define NAME_EMPTY 0u

struct text_class_state {
    uint32_t free;   /* first free slot, linked through its first 4 bytes; TEXT_NONE */
    uint32_t next;   /* next slot of the class's newest page never used so far */
    uint32_t left;   /* how many of those are left */
    uint32_t in_use; /* slots held */
};
struct counters_entry { /* one row, number 0 */
    uint32_t points, rows, retired;
    uint32_t names_used; /* units after unit 0, skipped ones included */
    uint32_t text_pages; /* pages taken, page 0 (never used: handle 0 is none) not counted */
    uint32_t clients;
    uint32_t keys, keys_made;       /* in use; rows ever used */
    uint32_t keys_free;             /* list of rows to use again; 0: none */
    uint32_t keys_first, keys_last; /* oldest and newest key in use; 0: none */
    uint32_t reserved;
    uint64_t value_bytes, settings_bytes; /* of slots, by what they are used for */
    struct text_class_state classes[TEXT_CLASSES];
    uint8_t reserved_end[512 - 64 - TEXT_CLASSES * 16];
};
struct row_entry {
    uint32_t tenant;
    uint32_t first_point;
    uint32_t prefix; /* name */
    uint16_t count;
    uint16_t prefix_size; /* of the name, so that a view of it costs no look at the names;
                             ROW_OBJECT: first seen as an object */
};
#define ROW_OBJECT 0x8000u
enum point_flags { POINT_RENAMED = 1, POINT_RETIRED = 2 };
struct point_entry {
    uint32_t row;
    uint32_t metric;   /* name; when renamed: the text of the whole path */
    uint32_t settings; /* text; TEXT_NONE */
    uint8_t type;
    uint8_t flags;
    uint8_t reserved[2];
};
enum live_flags { LIVE_SEEN = 1, LIVE_PRESENT = 2, LIVE_RETIRED = 4 };
struct live_entry {
    int64_t number; /* as struct value; string: the text, TEXT_NONE when empty */
    int64_t time_ns, arrival_ns;
    uint8_t type, scale, quality, flags;
    uint8_t limit_state;
    uint8_t limit_mask; /* bit i: limits[i] is set */
    uint8_t reserved[2];
};
struct limits_entry { /* only read where the live row's mask has a bit */
    double limits[LIMIT_KINDS];
};
struct client_entry {
    uint32_t tenant;
    uint32_t client; /* text */
    uint64_t sequence;
    uint32_t point;
    uint8_t code; /* enum outcome_code of that sequence */
    uint8_t reserved[11];
};
struct key_entry {
    uint32_t tenant;
    uint32_t key;    /* text; TEXT_NONE: the row is free */
    int64_t wall_ns; /* kept from here on */
    uint32_t point;
    uint32_t next; /* the key that came after this one, or the next free row */
    uint8_t code;
    uint8_t reserved[7];
};
_Static_assert(sizeof(struct counters_entry) == 512, "part of the snapshot format");
_Static_assert(sizeof(struct row_entry) == 16, "part of the snapshot format");
_Static_assert(sizeof(struct point_entry) == 16, "part of the snapshot format");
_Static_assert(sizeof(struct live_entry) == 32, "two live rows in a cache line");
_Static_assert(sizeof(struct limits_entry) == 32, "part of the snapshot format");
_Static_assert(sizeof(struct client_entry) == 32, "part of the snapshot format");
_Static_assert(sizeof(struct key_entry) == 32, "part of the snapshot format");

struct points {
    struct points_limits limits;
    struct state *state;
    const struct counters_entry *counters; /* row 0 of its table: pages never move */
    struct state_table counters_table, rows, points, live, limit_rows, names, texts, clients, keys;
    struct index *path_index;   /* path -> point, without the retired */
    struct index *row_index;    /* prefix -> newest object row */
    struct index *name_index;   /* string -> name */
    struct index *client_index; /* client -> row of clients */
    struct index *key_index;    /* free key -> row of keys */
};

static inline struct counters_entry *counters_write(struct points *points)
{
    return state_write(&points->counters_table, 0);
}
static inline const struct row_entry *row_at(const struct points *points, uint32_t row)
{
    return state_read(&points->rows, row);
}
static inline const struct point_entry *point_at(const struct points *points, uint32_t point)
{
    return state_read(&points->points, point);
}
static inline const struct live_entry *live_at(const struct points *points, uint32_t point)
{
    return state_read(&points->live, point);
}
/* The hash of a string that is one of a kind of thing: kinds have seeds of their own. */
enum hash_kind { HASH_ROW = 1, HASH_NAME = 2, HASH_CLIENT = 3, HASH_KEY = 4 };
static inline uint64_t kind_hash(enum hash_kind kind, uint32_t tenant, struct bytes text)
{
    return hash64(text.at, text.size, (uint64_t)kind << 32 | tenant);
}

/* ---- names.c
 * -------------------------------------------------------------------------------------- */
struct bytes name_get(const struct points *points, uint32_t name);
/* The same for a caller who knows the size: nothing is read. */
struct bytes name_view(const struct points *points, uint32_t name, size_t size);
/* Finds or adds; size at most PATH_MAX_BYTES. ERR_LIMIT when 16 GiB of names are full. */
MUST_USE enum err name_intern(struct points *points, struct bytes text, uint32_t *ret_name);
/* Does a whole name lie there? For pages from outside. */
bool name_is_valid(const struct points *points, uint32_t name);
MUST_USE enum err names_rebuild(struct points *points);

/* ---- texts.c
 * -------------------------------------------------------------------------------------- */
#define TEXT_BYTES_MAX 9468u
struct bytes text_get(const struct points *points, uint32_t text);
/* Bytes that a text of this size takes from a budget. */
uint32_t text_cost(size_t size);
/* size 1..TEXT_BYTES_MAX. */
MUST_USE enum err text_add(struct points *points, struct bytes content, uint32_t *ret_text);
/* Replaces *text (TEXT_NONE is fine), in place when the slot fits; an empty content frees it. */
MUST_USE enum err text_set(struct points *points, uint32_t *text, struct bytes content);
void text_free(struct points *points, uint32_t text);
bool text_is_valid(const struct points *points, uint32_t text);
MUST_USE enum err texts_rebuild(struct points *points); /* checks the free lists */

/* ---- points.c
 * ------------------------------------------------------------------------------------- */
/* prefix + '/' + metric into path[PATH_MAX_BYTES]; 0 when it does not fit. An empty part has no
 * '/'. */
size_t path_join(struct bytes prefix, struct bytes metric, uint8_t *path);
MUST_USE enum err indexes_create(struct points *points, uint32_t points_expected,
                                 uint32_t rows_expected, uint32_t names_expected);
void indexes_destroy(struct points *points);
/* The row becomes the newest of its prefix if it is an object's. */
MUST_USE enum err row_index_put(struct points *points, uint32_t row);

/* ---- rows.c
 * --------------------------------------------------------------------------------------- */
/* Appends a row: everything was judged before. hashes: of the whole paths. */
MUST_USE enum err row_add(struct points *points, const struct fact_row *row,
                          const uint64_t *hashes);
MUST_USE enum err apply_row(struct points *points, const struct fact_row *row,
                            struct effects *effects);

/* ---- samples.c
 * ------------------------------------------------------------------------------------ */
/* Sets limit_state from the live value and the limits. */
void live_judge(const struct points *points, uint32_t point, struct live_entry *live);

/* ---- settings.c
 * ----------------------------------------------------------------------------------- */
/* May a point of this type carry these settings (with what it has already, POINT_NONE: new)? */
enum outcome_code settings_judge(const struct points *points, uint32_t point,
                                 const struct point_settings *settings);
/* Judged before. OUTCOME_LIMIT through *ret_code when the budget of texts is used up. */
MUST_USE enum err settings_put(struct points *points, uint32_t point,
                               const struct point_settings *settings, enum outcome_code *ret_code);
/* Sets a text that counts towards the budget of settings: settings, own paths. */
MUST_USE enum err settings_text_set(struct points *points, uint32_t *text, struct bytes content,
                                    enum outcome_code *ret_code);
void settings_view(const struct points *points, uint32_t settings, struct point_view *view);
/* Would a new point with these settings stay within the budget? */
bool settings_fit(const struct points *points, const struct point_settings *settings);
bool settings_are_valid(const struct points *points, uint32_t settings);

/* ---- commands.c, keys.c
 * ----------------------------------------------------------------------------- */
/* What is known of a command before it runs. */
struct key_claim {
    enum key_kind kind;
    uint32_t at; /* row of clients or keys */
};
MUST_USE enum err apply_command(struct points *points, const struct command *command,
                                const struct record_stamp *stamp, struct effects *effects);
/* Judges the idempotency key. True: the command runs, and key_settle must follow; false: *outcome
 * says why not. */
MUST_USE enum err key_claim(struct points *points, const struct command *command,
                            const struct record_stamp *stamp, struct key_claim *ret_claim,
                            struct outcome *outcome, bool *ret_run);
void key_settle(struct points *points, const struct command *command, const struct key_claim *claim,
                const struct outcome *outcome);
MUST_USE enum err keys_rebuild(struct points *points);
