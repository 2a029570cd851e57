/* history: what was acknowledged, kept for years and asked about. An open window in memory (head)
 * takes every applied sample; when its budget or its time is used up it is frozen and sealed, in
 * the background, into a part (parts); parts are merged, so that a row's samples lie together;
 * policies thin, roll up and let go; erasures take away.
 *
 *   history_append -> head (open) -> frozen heads -> [seal] -> parts of level 0 -> [merge] -> 1 ..
 *                          |               |                         |                        |
 *                          +---------------+---- history_view -------+------------------------+
 *                                                     | history_scan
 *                                  rows sorted by time, each time once; or summaries
 *
 * Guarantees
 *   - A view opened after a sample was appended has it. Parts do not change under a view; of the
 *     open window it may also show what was appended later.
 *   - (point, time) keeps the last written, by position of arrival, whichever order parts, windows
 *     and merges came in; what is scanned is the fold of all that was appended, bit for bit, but
 *     for what a policy (deadband, retention) or an erasure takes.
 *   - history_append and history_step never wait for the disk. When sealing falls behind by
 *     HISTORY_WINDOWS_MAX windows, history_is_full says so and admission waits.
 *   - history_sealed() moves after the part and the list that names it are synced: the journal may
 *     let go of samples below it, and a start feeds what lies above it again.
 *   - A damaged chunk or file is named and left out; the rest is scanned; a scan says what it could
 *     not read (history_missing).
 *
 * Threads: open, append, step, seal, merge, erase, policies, view_open belong to the engine's
 * thread. A view may be used and closed on any thread; a scan belongs to one thread at a time.
 * Jobs run on the two workers. Library silence: what is to be told goes through `tell`. */
#pragma once

#include "codec/codec.h"
#include "format/format.h"
#include "head/head.h"
#include "os/os.h"
#include "parts/parts.h"

#define HISTORY_FOLDER "history"
#define HISTORY_WINDOWS_MAX 4  /* more are not filled before one is sealed */
#define HISTORY_WINDOWS_ALL 32 /* erasures begin windows of their own, up to so many */

struct history_config {
    struct disk *disk;
    struct clock *clock;
    struct worker *sealer, *merger; /* may be the same */
    uint64_t journal[2];            /* identity of the journal: parts of another are set aside */
    uint64_t head_bytes;            /* budget of the open window: 1 GiB */
    int64_t seal_interval_ns;       /* a window is sealed when it is this old: 10 min */
    uint64_t reserve_bytes;         /* of the disk, for sealing and erasing when it is full */
    bool read_only;                 /* offline verbs: nothing is written */
    void (*tell)(void *arg, enum log_level level, const char *text);
    void *arg;
};
void history_config_default(struct history_config *config);

struct history;
/* Reads the list of parts. ERR_NEWER, ERR_IO, ERR_NO_MEMORY; damage is told and left out. */
MUST_USE enum err history_open(const struct history_config *config, struct history **ret_history);
/* Waits for the jobs under way; the open window stays in the journal. Views must be closed. */
void history_close(struct history *history);
void history_reconfigure(struct history *history, const struct history_config *config);

/* ---- what comes in -----------------------------------------------------------------------------
 */
/* Every sample below this position is sealed: feed again what lies at or above it. 1 at first. */
uint64_t history_sealed(const struct history *history);
/* position: of the record; those below history_sealed are passed over. ERR_NO_MEMORY: the sample is
 * in the journal alone, told once; it is fed again with the next start. */
MUST_USE enum err history_append(struct history *history, uint64_t position,
                                 const struct row_shape *shape, const struct sample_row *sample,
                                 int64_t arrival_ns);
/* Fetches what appending to this row will touch. */
void history_prefetch(const struct history *history, uint32_t row);
/* All below this position was appended (facts count as well). After each batch. */
void history_advance(struct history *history, uint64_t position);
bool history_is_full(const struct history *history);
/* Finishes and begins jobs; returns after how many ns it wants to be called again at the latest. */
int64_t history_step(struct history *history);
bool history_is_busy(const struct history *history); /* a window waits or a job is under way */
/* Freezes the open window now; it is sealed as soon as the sealer is free. */
void history_seal_now(struct history *history);
/* Merges all parts of the raw tier into one (and each rollup tier), when sealing is done. */
void history_merge_now(struct history *history);

/* ---- policies, erasure -------------------------------------------------------------------------
 */
#define HISTORY_POLICIES_MAX 1000
struct history_policy {
    double deadband;      /* absolute, of values; 0: none. Thins at sealing: a value is dropped when
                             it and its quality differ from the last kept one by no more */
    int64_t retention_ns; /* of raw samples; 0: for ever */
    bool rollup[PART_TIERS];                 /* PART_MINUTE, PART_HOUR, PART_DAY */
    int64_t rollup_retention_ns[PART_TIERS]; /* 0: for ever */
    bool drop_when_full;                     /* the oldest samples may go when the disk is full, */
    uint8_t priority;                        /* the lower first */
};
/* Replaces all policies; index 0 is that of points nobody assigned: keep everything for ever,
 * whatever is given there. Points keep their index; one that is gone becomes 0. ERR_NO_MEMORY. */
MUST_USE enum err history_policies(struct history *history, const struct history_policy *policies,
                                   uint32_t count);
/* The policy of the row's point of this column, from the next seal and merge on; type: of the
 * point; deadband: the point's own in place of the policy's, 0: none. ERR_NO_MEMORY. */
MUST_USE enum err history_assign(struct history *history, const struct row_shape *shape,
                                 uint16_t column, uint8_t type, uint16_t policy, double deadband);
/* All points are assigned, under policies the last of which was changed at this position: rollups
 * that were not kept before are made of what there is. */
void history_assigned(struct history *history, uint64_t position);
/* What is kept of a point, as policies say now: raw samples since *ret_raw_since_ns (INT64_MIN: all
 * of them), and these rollups. */
void history_kept(const struct history *history, uint32_t point, int64_t *ret_raw_since_ns,
                  bool ret_rollups[PART_TIERS]);
/* Samples of these points with from_ns <= time < to_ns that came before this position are gone: no
 * scan opened from now on has them, the files are rewritten without them in the background, and
 * once history_erased() >= position no file holds them. points: of one row or many, ascending, each
 * with its row and column. ERR_BUSY: HISTORY_WINDOWS_ALL: call again when one is sealed
 * (history_may_erase says so before). ERR_NO_MEMORY. */
struct history_point {
    uint32_t row, point;
    uint16_t column;
};
MUST_USE enum err history_erase(struct history *history, uint64_t position,
                                const struct history_point *points, size_t count, int64_t from_ns,
                                int64_t to_ns);
bool history_may_erase(const struct history *history);
uint64_t history_erased(const struct history *history);

/* ---- asking ------------------------------------------------------------------------------------
 */
struct history_view; /* everything appended until it was opened, and maybe some more */
/* Engine's thread. ERR_NO_MEMORY. */
MUST_USE enum err history_view_open(struct history *history, struct history_view **ret_view);
void history_view_close(struct history_view *view); /* any thread; NULL is fine */
/* All samples below this position are in the view. */
uint64_t history_view_position(const struct history_view *view);

/* What a scan could not read; counted in the scan, kept up to a bound. */
struct history_missing {
    char file[PART_NAME_SIZE];
    uint32_t row, row_last;
    int64_t first_ns, last_ns;
    char why[96];
};
/* Damage known of the whole view (parts set aside, stretches of the journal that were lost before
 * they were sealed); returns how many; at most `most` are written. */
size_t history_view_missing(const struct history_view *view, struct history_missing *missing,
                            size_t most);

/* A scan reads one row after another of a view; rows in ascending order are fast. */
struct history_scan;
MUST_USE enum err history_scan_create(struct history_view *view, struct history_scan **ret_scan);
void history_scan_destroy(struct history_scan *scan); /* holds the view until here */
struct history_query {
    enum part_tier tier; /* PART_RAW, or a rollup: then `row` is a point and columns are those
                            of enum history_rollup_column, all float64 or int64 */
    uint32_t row;
    const uint8_t *columns; /* ascending; NULL: 0..count-1 */
    const uint8_t *types;   /* of these columns, as the points have them */
    uint16_t count;
    bool lateness;          /* one more column: arrival - time in whole seconds, int64 */
    bool backward;          /* newest pieces first; inside a piece times ascend */
    int64_t from_ns, to_ns; /* from <= time < to */
    /* May the samples of first..last (both inside from..to) be told as a summary alone? NULL: no.
     * Asked only where no other sample of the row can lie between or repeat a time. */
    bool (*whole)(void *arg, int64_t first_ns, int64_t last_ns);
    void *arg;
};
/* Begins with this row; what was given before is no longer valid. */
MUST_USE enum err history_scan_row(struct history_scan *scan, const struct history_query *query);
struct history_piece {
    int64_t first_ns, last_ns;
    const struct chunk_summary *summaries; /* by asked column; NULL: rows has the samples. A column
                                              without samples has .samples 0 */
    struct chunk_rows rows; /* times ascend strictly; columns as asked, then the lateness; a row
                               whose every asked cell is CELL_NONE may be among them */
};
#define HISTORY_PIECE_ROWS 8192
/* ERR_MISSING: the row is over. Arrays last until the next call. Other errors: memory. What cannot
 * be read is left out and counted. */
MUST_USE enum err history_scan_next(struct history_scan *scan, struct history_piece *ret_piece);
struct history_cost {
    uint64_t chunks, summaries; /* decoded; told by their summary */
    uint64_t samples;           /* rows given */
    uint64_t bytes;             /* of chunks, read */
    uint64_t missing;           /* pieces that could not be read */
};
void history_scan_cost(const struct history_scan *scan, struct history_cost *ret_cost);
size_t history_scan_missing(const struct history_scan *scan, struct history_missing *missing,
                            size_t most);

/* Columns of a rollup, one row a bucket (time: its beginning, UTC: minutes, hours, days of 86,400
 * s). What is folded: values whose quality is not bad. Sums of int64 and bool points are float64;
 * strings have counts and times alone. A bucket that an erasure emptied has count 0. */
enum history_rollup_column {
    ROLLUP_COUNT, /* int64 */
    ROLLUP_SUM,   /* float64 */
    ROLLUP_MIN,   /* float64: of int64 points rounded */
    ROLLUP_MAX,
    ROLLUP_FIRST, /* of the point's type */
    ROLLUP_LAST,
    ROLLUP_FIRST_NS, /* int64: times of these */
    ROLLUP_LAST_NS,
    ROLLUP_COLUMNS
};
int64_t history_rollup_ns(enum part_tier tier); /* length of its buckets */
/* types[ROLLUP_COLUMNS] for a point of this type. */
void history_rollup_types(uint8_t type, uint8_t *types);

/* One sample: at or before (backward) or at or after time_ns. ERR_MISSING: there is none. Opens and
 * closes what it needs; engine's thread or any. text: into text[STRING_VALUE_MAX]. */
struct history_sample {
    int64_t time_ns, lateness_s;
    struct value value;
    uint8_t text[STRING_VALUE_MAX];
};
enum history_seek { HISTORY_AT, HISTORY_BEFORE /* or at */, HISTORY_AFTER /* or at */ };
MUST_USE enum err history_sample_find(struct history_scan *scan, uint32_t row, uint8_t column,
                                      uint8_t type, int64_t time_ns, enum history_seek seek,
                                      struct history_sample *ret_sample);
/* At exactly this time; engine's thread. */
MUST_USE enum err history_sample_at(struct history *history, uint32_t row, uint8_t column,
                                    uint8_t type, int64_t time_ns,
                                    struct history_sample *ret_sample);

/* ---- who holds how much ------------------------------------------------------------------------
 * The bytes of a part's chunks by their owner, from its index alone; or of a view's windows, that
 * are not sealed yet, an estimate of what they will come to. Engine's thread or any, one at a time.
 */
struct history_holding {
    enum part_tier tier; /* PART_RAW: the owner is a row; else a point */
    uint32_t owner;
    uint64_t bytes;
};
struct history_count;
/* serial: of a part of the view; 0: its windows. ERR_MISSING: no such part; ERR_NO_MEMORY, of the
 * disk. Holds the view. */
MUST_USE enum err history_count_create(struct history_view *view, uint64_t serial,
                                       struct history_count **ret_count);
/* The next owners, at most `most` (1 or more); *ret_held 0: that was all. An owner may come more
 * than once. What is damaged is left out. */
MUST_USE enum err history_count_next(struct history_count *count, struct history_holding *at,
                                     size_t most, size_t *ret_held);
void history_count_destroy(struct history_count *count); /* NULL is fine */

/* ---- state, backup -----------------------------------------------------------------------------
 */
struct history_state {
    uint64_t position, sealed, erased;
    uint64_t parts[PART_TIERS], bytes[PART_TIERS], values[PART_TIERS];
    uint64_t head_bytes, head_values, windows; /* of all windows in memory */
    uint64_t seals, merges, erasures;          /* done since start */
    uint64_t sealed_values, merged_values;
    int64_t seal_ns, merge_ns, rollup_ns; /* of work in the background, since start */
    uint64_t thinned, expired;            /* samples that a policy took, since start */
    uint64_t dropped;                     /* of these, because the disk was full */
    uint64_t memory;
    size_t missing;
    bool full, disk_full;
};
void history_describe(const struct history *history, struct history_state *ret_state);
/* Parts in the list now; for inspection and backups, whose files stay while the view is open. */
typedef void history_each_part(void *arg, const struct part_info *info);
void history_view_parts(const struct history_view *view, history_each_part *each, void *arg);
