/* What points keeps, as it lies in the tables: every row is fixed in size, has no padding of chance
 * and no address, so that a page is its own image. These layouts are part of the snapshot format
 * (docs/format/snapshot.md): a field is never moved or given another meaning.
 *
 *      path index -> point -> row -> prefix (names)           settings, own path,
 *                      |  \-> metric (names)                  string values, keys (texts)
 *                      \---- live, limits: same number as the point
 *
 * names: strings that are never changed and never freed, each kept once (prefixes, metrics, and
 * labels that points were born with).
 * texts: strings that come and go (state). */
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
    TABLE_ROW_LABELS = 10,
    TABLE_LABEL_LISTS = 11,
    TABLE_PROFILES = 12,
};

#define NAME_UNIT 4u /* bytes of a row of names */
#define NAME_EMPTY 0u

struct counters_entry { /* one row, number 0 */
    uint32_t points, rows, retired;
    uint32_t names_used; /* units after unit 0, skipped ones included */
    uint32_t text_pages; /* pages taken, page 0 (never used: handle 0 is none) not counted */
    uint32_t clients;
    uint32_t keys, keys_made;             /* in use; rows ever used */
    uint32_t keys_free;                   /* list of rows to use again; 0: none */
    uint32_t keys_first, keys_last;       /* oldest and newest key in use; 0: none */
    uint32_t label_units;                 /* of label lists, after unit 0 */
    uint64_t value_bytes, settings_bytes; /* of slots, by what they are used for */
    struct texts_class classes[TEXTS_CLASSES];
    uint8_t reserved_end[512 - 64 - TEXTS_CLASSES * 16];
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
/* POINT_LABELED: labels were set by a command; those of its row do not count any more. */
enum point_flags { POINT_RENAMED = 1, POINT_RETIRED = 2, POINT_LABELED = 4 };
struct point_entry {
    uint32_t row;
    uint32_t metric;   /* name; when renamed: the text of the whole path */
    uint32_t settings; /* text; TEXT_NONE */
    uint8_t type;
    uint8_t flags;
    uint8_t reserved[2];
};
enum live_flags {
    LIVE_SEEN = 1,
    LIVE_PRESENT = 2,
    LIVE_RETIRED = 4,
    LIVE_ERASED = 8,    /* it had samples, and the one shown was erased */
    LIVE_ATTENDED = 16, /* points_attend: each value is told */
    LIVE_LOOKED = 32    /* points_look: the same */
};
#define LIVE_TOLD (LIVE_ATTENDED | LIVE_LOOKED) /* what a new value leaves as it is */
struct live_entry {
    int64_t number; /* as struct value; string: the text, TEXT_NONE when empty */
    int64_t time_ns, arrival_ns;
    uint8_t type, scale, quality, flags;
    uint8_t limit_state;
    uint8_t limit_mask; /* bit i: limits[i] is set */
    uint16_t profile;   /* PROFILE_NONE, or a row of profiles */
};
struct profile_entry {
    double limits[LIMIT_KINDS];
    uint8_t wins, otherwise; /* bit i: limits[i] stands before, behind the point's own */
    uint8_t each;            /* 1: each value is told */
    uint8_t there;           /* 1: it was set */
    uint8_t reserved[28];
};
struct limits_entry { /* only read where the live row's mask has a bit */
    double limits[LIMIT_KINDS];
};
enum key_of { KEY_OF_POINT, KEY_OF_NUMBER, KEY_OFS }; /* a point; a number of another reducer's */
struct client_entry {
    uint32_t tenant;
    uint32_t client; /* text */
    uint64_t sequence;
    uint32_t point;
    uint8_t code; /* enum outcome_code of that sequence */
    uint8_t of;   /* enum key_of: what `point` is */
    uint8_t reserved[10];
};
/* Of a row: where its list of labels begins; 0: it has none. Both tables have no page as long as no
 * row has labels. */
struct row_labels_entry {
    uint32_t list;
};
/* A list: how many, then the name (in names) of each: size of the label's name (1), name, value. */
struct label_unit {
    uint32_t number;
};
struct key_entry {
    uint32_t tenant;
    uint32_t key;    /* text; TEXT_NONE: the row is free */
    int64_t wall_ns; /* kept from here on */
    uint32_t point;
    uint32_t next; /* the key that came after this one, or the next free row */
    uint8_t code;
    uint8_t of; /* enum key_of: what `point` is */
    uint8_t reserved[6];
};
_Static_assert(sizeof(struct counters_entry) == 512, "part of the snapshot format");
_Static_assert(sizeof(struct row_entry) == 16, "part of the snapshot format");
_Static_assert(sizeof(struct point_entry) == 16, "part of the snapshot format");
_Static_assert(sizeof(struct live_entry) == 32, "two live rows in a cache line");
_Static_assert(sizeof(struct limits_entry) == 32, "part of the snapshot format");
_Static_assert(sizeof(struct profile_entry) == 64, "part of the snapshot format, and a cache line");
_Static_assert(sizeof(struct client_entry) == 32, "part of the snapshot format");
_Static_assert(sizeof(struct key_entry) == 32, "part of the snapshot format");
_Static_assert(sizeof(struct row_labels_entry) == 4, "part of the snapshot format");
_Static_assert(sizeof(struct label_unit) == 4, "part of the snapshot format");

struct points {
    struct points_limits limits;
    struct state *state;
    const struct counters_entry *counters; /* row 0 of its table: pages never move */
    struct state_table counters_table, rows, points, live, limit_rows, names, clients, keys;
    struct state_table row_labels, label_lists, profiles;
    struct texts texts;
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

/* ---- labels.c
 * -------------------------------------------------------------------------------------- */
#define LABEL_LIST_UNITS_MAX (1 + LABELS_MAX)
/* Gives the row, which has none, these labels; they were judged. */
MUST_USE enum err row_labels_put(struct points *points, uint32_t row, const struct label *labels,
                                 uint16_t count);
/* How many; labels[LABELS_MAX]. */
uint16_t row_labels_get(const struct points *points, uint32_t row, struct label *labels);
bool row_has_labels(const struct points *points, uint32_t row);
/* Fetches what finding these labels will look at; they need not be judged. */
void row_labels_prefetch(const struct points *points, const struct label *labels, uint16_t count);
/* Of pages from outside: covers the tables and judges every row's list. */
MUST_USE enum err row_labels_rebuild(struct points *points);

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
void settings_into_view(const struct points *points, uint32_t settings, struct point_view *view);
/* Would a new point with these settings stay within the budget? */
bool settings_fit(const struct points *points, const struct point_settings *settings);
bool settings_are_valid(const struct points *points, uint32_t settings);
bool labels_are_valid(const struct label *labels, uint16_t count);

/* ---- commands.c, keys.c
 * ----------------------------------------------------------------------------- */
MUST_USE enum err apply_command(struct points *points, const struct command *command,
                                const struct record_stamp *stamp, struct effects *effects);
MUST_USE enum err keys_rebuild(struct points *points);
