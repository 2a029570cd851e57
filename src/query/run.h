/* run: one question under way, a piece a step. What the files of this folder share about it:
 *
 *   run.c          its beginning and end; the head and the tail of the answer
 *   run_samples.c, run_buckets.c, run_trend.c, run_latest.c     what lies between, by kind
 *   run_rollups.c  what stands for raw samples that are gone
 *   pool.c         threads, turns, blocks of the answer, who is told
 *
 * A step does no more than one piece of the history, or some 64 KiB of text. */
#pragma once

#include "query/track.h"
#include "query/sketch.h"
#include "query/sheet.h"
#include "wire/http/http.h"

#include <stdatomic.h>

#define RUN_BYTES ((uint64_t)512 << 10)   /* that each is charged for: scan, blocks, itself */
#define RUN_HELD_BUCKETS INT64_C(1000000) /* that time_mean may go through */

struct block { /* of the answer, to be taken */
    struct block *next;
    size_t size;
    uint8_t *at;
};

struct group {
    struct bytes key;
    uint32_t points;
    uint8_t type;            /* of its cells */
    struct fold_cell *cells; /* grid.count */
};

/* The buckets of a point or a group, being written. */
struct tell {
    bool begun;
    size_t result;  /* next of the results */
    int64_t bucket; /* next of the grid */
    bool has_previous;
    int64_t previous_ns;
    struct fold_value previous[QUERY_AGGREGATES_MAX];
    bool has_next, looked_next; /* the sample behind the range */
    int64_t next_ns;
    struct fold_value next[QUERY_AGGREGATES_MAX];
};

/* Rollups of a point, where they stand for raw samples that are gone. */
struct stretch {
    enum part_tier tier;
    int64_t from_ns, to_ns;
};
struct run_rollups {
    struct stretch list[PART_TIERS]; /* the last one is the first in time */
    unsigned count;
    bool scanning; /* that one */
    uint8_t types[ROLLUP_COLUMNS];
};

enum bucket_phase {
    BUCKETS_ROW,    /* the next row is to be begun */
    BUCKETS_ROLLED, /* rollups where raw samples are gone */
    BUCKETS_HOLD,   /* what was there when the range began */
    BUCKETS_SCAN,
    BUCKETS_REDO, /* a piece's samples after all */
    BUCKETS_TELL,
    BUCKETS_GROUPS,
    BUCKETS_DONE
};
struct run_buckets {
    struct grid grid;
    struct fold_plan plans[VALUE_STRING + 1];
    enum bucket_phase phase;
    struct track *tracks;
    size_t track_count, track_capacity, track_at;
    uint8_t columns[COLUMNS_MAX], types[COLUMNS_MAX];
    struct track_scratch *scratch;
    uint16_t redo[COLUMNS_MAX]; /* tracks whose samples of the piece are read after all */
    uint16_t redo_count;
    uint8_t redo_columns[COLUMNS_MAX], redo_types[COLUMNS_MAX];
    struct tell tell;
    struct group *groups;
    size_t group_count, group_capacity, group_at;
    uint32_t *group_of; /* by place in the selection */
    size_t *group_order;
    struct track_results group_results;
};

struct query_run {
    struct query_pool *pool;
    struct query_request request;
    struct query_selection *selection;
    const struct query_point *points;
    size_t point_count;
    struct history_view *view;

    /* the thread's */
    struct purse purse;
    struct sheet sheet;
    struct zone *zone;
    struct history_scan *scan, *aside; /* aside: while the scan stands in a row; made when needed */
    size_t at;                         /* next point */
    bool begun, in_point, ended;
    struct history_piece piece;
    uint32_t piece_row;
    bool has_piece;
    uint64_t left; /* SAMPLES: of the limit */
    bool more;     /* SAMPLES: the limit was reached */
    struct run_rollups rollups;
    bool rolled; /* of the point: its rollups are done */
    struct sketch sketch;
    struct run_buckets buckets;
    struct query_cost cost;
    struct http_gzip *gzip;
    enum query_end end;
    char fault[160];

    /* the pool's, under its mutex */
    struct link all;
    struct link turn;          /* on one of its party's queues, or among those that wait */
    struct query_party *party; /* its tenant's turns */
    struct link news;
    bool running; /* on a thread */
    bool waits;   /* for its blocks to be taken */
    bool over, forgotten, told_gzip;
    struct block *first, **last, *taken;
    size_t ready;
    void (*tell_news)(void *arg);
    void *arg;
    _Atomic bool cancelled;
};

/* A bounded piece. ERR_BUSY: call again; OK: all is on the sheet; else end and fault say why not.
 */
MUST_USE enum err run_step(struct query_run *run, struct disk *zones);
void run_close(struct query_run *run); /* frees all that is the thread's */
/* Ends it with a sentence. */
enum err run_fail(struct query_run *run, enum query_end end, const char *format, ...)
    PRINTF_LIKE(3, 4);
enum err run_no_memory(struct query_run *run);
enum err run_history_failed(struct query_run *run, enum err err);

/* The scan beside the one that stands in a row. */
MUST_USE enum err run_aside(struct query_run *run, struct history_scan **ret_scan);
/* {"path":..,"point":..,"type":..,"unit":.., */
void run_point_put(struct query_run *run, const struct query_point *point);
void run_point_end(struct query_run *run);
/* The value and quality of a sample, as cells. text: of strings. */
void run_sample_put(struct query_run *run, uint8_t type, bool valued, uint64_t word,
                    struct bytes text, uint8_t quality, bool always_quality);

/* Looks where the point's rollups are needed; then steps give each bucket of them, in the order of
 * time, begin_ns being its beginning. OK: there are no more. each: false: no memory. */
typedef bool rollups_each(struct query_run *run, const struct chunk_summary *summary,
                          int64_t begin_ns);
MUST_USE enum err rollups_begin(struct query_run *run, const struct query_point *point);
MUST_USE enum err rollups_step(struct query_run *run, const struct query_point *point,
                               rollups_each *each);

enum err samples_step(struct query_run *run);
enum err buckets_begin(struct query_run *run, struct disk *zones);
enum err buckets_step(struct query_run *run);
void buckets_done(struct query_run *run);
enum err trend_step(struct query_run *run);
enum err latest_step(struct query_run *run);
