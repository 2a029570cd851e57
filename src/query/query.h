/* query: questions to the history, answered beside the engine. A question goes through three
 * places:
 *
 *   engine's thread    selection: which points (path, id, pattern, labels), a piece a step
 *   a query thread     scan, fold into buckets, fill, reduce for a screen, write as text
 *   engine's thread    the bytes go to who asked, as fast as he takes them
 *
 * Guarantees
 *   - Runs take turns, a piece each: a long one delays a short one by some milliseconds. One that
 *     was not begun yet goes first.
 *   - All runs together hold no more than `memory`, each works no longer than `time_ns`; past that
 *     a run ends and says so. What a run wrote and nobody took yet is bounded as well: then it
 *     waits.
 *   - What could not be read is named at the end of the answer; the rest of it is right.
 *   - After query_run_cancel nothing is heard of a run.
 *   - Tenants take turns, and then the runs of each: a hundred questions of one delay another's one
 *     by a turn each, not by a hundred. Once another one than the house's own has asked, none holds
 *     more than three quarters of the memory.
 *   - Of what who asks does not see nothing is told: not its values, not that it is there. A point
 *     that is hidden is as one that never was.
 *
 * What is folded: samples whose quality is good or uncertain and that have a value. A bad sample,
 * or one without a value, is shown by raw ranges and trends, and ends what time_mean holds.
 *
 * Threads: a selection is built on the engine's thread and does not change afterwards: any thread
 * may then read it. Runs belong to the pool; all calls here but those said otherwise are the
 * engine's thread's. Library silence. */
#pragma once

#include "base/base.h"
#include "history/history.h"
#include "model/points/points.h"
#include "namespace/namespace.h"

#include <stdatomic.h>

/* ---- whose points ------------------------------------------------------------------------------
 */
struct scope;                /* access.h */
#define QUERY_PREFIX_MAX 80u /* bytes of "@name/" */
/* A tenant, as who asks sees it. */
struct query_place {
    uint32_t tenant;
    struct scope *scope; /* of his; NULL: all of it is seen */
    struct bytes prefix; /* before its paths in his answers: "@acme/"; empty: his own tenant's */
    struct bytes name;   /* the tenant's */
    bool sees_all;       /* set by the sight */
};
/* Who asks. All is asked on the engine's thread, from within the calls below that say so. */
struct query_asker {
    uint32_t tenant; /* his own */
    /* "@acme/fire/#" -> acme's number and "fire/#", a view; false: there is no such tenant for him.
     * NULL: '@' is a character like others. */
    bool (*resolve)(void *arg, struct bytes text, uint32_t *ret_tenant, struct bytes *ret_path);
    /* Numbers of the other tenants of which he sees something, as many as there is room for;
     * returns how many there are, or, when there is no room for all, more than that. NULL: none. */
    size_t (*others)(void *arg, uint32_t *tenants, size_t most);
    /* What he sees of a tenant: the scope is handed over, texts are copied. ERR_MISSING: nothing.
     * ERR_NO_MEMORY. NULL: all of his own and nothing else. */
    enum err (*place)(void *arg, uint32_t tenant, struct query_place *ret_place);
    void *arg; /* good until the last of these calls */
};
/* What he sees, found out tenant by tenant as it is asked for: a question about one point costs one
 * scope, one over 2,000 shares no long step. Counted; hold and release on any thread, the rest on
 * the engine's. */
struct query_sight;
struct query_sight *query_sight_create(const struct query_asker *asker); /* NULL: no memory */
struct query_sight *query_sight_hold(struct query_sight *sight);
void query_sight_release(struct query_sight *sight); /* NULL is fine */
uint32_t query_sight_tenant(const struct query_sight *sight);
bool query_sight_failed(const struct query_sight *sight); /* there was no memory: less is seen */
/* Lives as long as the sight; NULL: he sees nothing of it, or there is none of this number. */
const struct query_place *query_sight_of(struct query_sight *sight, uint32_t tenant);
const uint32_t *query_sight_others(struct query_sight *sight, uint32_t *ret_count);
/* Any thread. */
bool query_place_sees(const struct query_place *place, struct bytes path);
enum query_whose {
    QUERY_OF_ONE,    /* of *ret_tenant */
    QUERY_OF_OTHERS, /* "@+/fire/#": of each of the others */
    QUERY_OF_NOBODY  /* of a tenant that is none for him; the path is what stands behind its name */
};
/* What stands behind a tenant's name, or the text itself. Any thread. */
struct bytes query_sight_path(const struct query_sight *sight, struct bytes text);
enum query_whose query_sight_resolve(struct query_sight *sight, struct bytes text,
                                     uint32_t *ret_tenant, struct bytes *ret_path);

/* ---- selection ---------------------------------------------------------------------------------
 */
struct query_point {
    uint32_t point, row;
    uint16_t column;
    uint8_t type;
    uint8_t rollups;         /* a bit for each enum part_tier that is kept */
    struct bytes path, unit; /* in the selection; the path as he who asks names it */
    struct bytes label;      /* value of filter.group; empty: it has none */
    int64_t live_ns;         /* of the newest sample when it was chosen; 0: see the history */
    struct value live;       /* with filter.live; text in the selection */
};
#define QUERY_TERMS_MAX 64
struct query_filter {          /* all that is given must hold; of paths, points and matches any */
    struct query_sight *sight; /* held until all points are chosen; paths and matches are resolved
                                  by it. Without one of these labels choose among his tenant's */
    const struct bytes *paths;
    size_t path_count;
    const uint32_t *points;
    size_t point_count;
    const struct bytes *matches; /* patterns, as GET /v1/points; QUERY_TERMS_MAX at most.
                                    "@acme/fire/#" is acme's, "@+/fire/#" of all the others */
    size_t match_count;
    const struct label *labels; /* an empty value: any; QUERY_TERMS_MAX at most */
    size_t label_count;
    struct bytes group; /* name of the label whose value is kept with each point; empty: none */
    const struct history *history; /* tells which rollups are kept; NULL: none */
    bool live;                     /* newest samples are kept with the points */
    uint32_t most;                 /* more points than this: ERR_LIMIT */
};
struct query_selection;
/* Copies the filter. ERR_INVALID with a sentence in *ret_fault (static or in the selection's
 * room). Without paths, points and matches, labels alone choose among all points; without any term
 * ERR_INVALID. */
MUST_USE enum err query_selection_create(struct namespace *space, struct points *points,
                                         const struct query_filter *filter,
                                         struct query_selection **ret_selection,
                                         const char **ret_fault);
/* A bounded piece of the search; ERR_BUSY: call again; ERR_LIMIT: more than `most`. */
MUST_USE enum err query_selection_step(struct query_selection *selection);
void query_selection_destroy(struct query_selection *selection); /* any thread; NULL is fine */
/* After OK: points ordered by row, then column; views live as long as the selection. */
const struct query_point *query_selection_points(const struct query_selection *selection,
                                                 size_t *ret_count);
/* Paths and points that were named and are not there, or not for him: an answer names them as he
 * did. */
size_t query_selection_unknown(const struct query_selection *selection);
/* The at-th of them: its path, or the digits of its number. */
struct bytes query_selection_unknown_at(const struct query_selection *selection, size_t at);
uint32_t query_selection_tenant(const struct query_selection *selection); /* who asks */
size_t query_selection_bytes(const struct query_selection *selection);    /* of memory */

/* ---- words of a question -----------------------------------------------------------------------
 */
/* RFC 3339, a day alone (UTC); a number since 1970 in s, ms, us or ns by its size; "now", "now-7d",
 * "-1h", "now+1h" (units ms s m h d w). False: none of these, or outside of
 * TIME_MIN_NS..TIME_MAX_NS. */
MUST_USE bool query_time_parse(struct bytes text, int64_t now_ns, int64_t *ret_ns);

enum query_unit { QUERY_FIXED, QUERY_DAY, QUERY_WEEK, QUERY_MONTH, QUERY_YEAR };
struct query_step {
    enum query_unit unit;
    int64_t count; /* FIXED: nanoseconds */
};
/* "250ms", "10s", "5m", "1h" (fixed, from 1970 on in UTC), "1d", "1w", "3mo", "1y" (of the
 * calendar).
 */
MUST_USE bool query_step_parse(struct bytes text, struct query_step *ret_step);
/* The bucket of a time, UTC: *ret_begin <= time_ns < *ret_end. */
void query_step_bucket(const struct query_step *step, int64_t time_ns, int64_t *ret_begin,
                       int64_t *ret_end);

enum query_aggregate_kind {
    QUERY_COUNT,
    QUERY_SUM,
    QUERY_MIN,
    QUERY_MAX,
    QUERY_MEAN,
    QUERY_TIME_MEAN,
    QUERY_FIRST,
    QUERY_LAST,
    QUERY_STDDEV,    /* of a sample: divided by count - 1 */
    QUERY_PERCENTILE /* exact; between two values, on the line between them */
};
struct query_aggregate {
    enum query_aggregate_kind kind;
    double percentile; /* 0..100 */
    char name[16];     /* as it was asked for */
};
#define QUERY_AGGREGATES_MAX 16
/* "count,mean,p99.9" into list[QUERY_AGGREGATES_MAX]; NULL, or a sentence that says what is wrong.
 */
const char *query_aggregates_parse(struct bytes text, struct query_aggregate *list,
                                   size_t *ret_count);

/* ---- a question --------------------------------------------------------------------------------
 */
enum query_question { QUERY_SAMPLES, QUERY_BUCKETS, QUERY_TREND, QUERY_LATEST };
enum query_format { QUERY_JSON, QUERY_CSV, QUERY_NDJSON };
enum query_times { QUERY_TEXT, QUERY_S, QUERY_MS, QUERY_US, QUERY_NS };
enum query_fill { QUERY_FILL_NONE, QUERY_FILL_NULL, QUERY_FILL_PREVIOUS, QUERY_FILL_LINEAR };
enum query_by { QUERY_BY_PATH, QUERY_BY_ALL, QUERY_BY_LEVEL, QUERY_BY_LABEL };
enum query_method { QUERY_M4, QUERY_LTTB };
#define QUERY_ZONE_SIZE 64
#define QUERY_WIDTH_MAX 10000
#define QUERY_SAMPLES_MAX UINT64_C(10000000)
#define QUERY_BUCKETS_MAX INT64_C(100000000) /* of one range */
struct query_request {
    enum query_question kind;
    enum query_format format;
    enum query_times times;
    int64_t from_ns, to_ns;     /* from <= time < to; LATEST: time <= to */
    int64_t now_ns;             /* nothing is held past it */
    char zone[QUERY_ZONE_SIZE]; /* of the steps; "": UTC */
    /* SAMPLES */
    uint64_t limit; /* in all */
    bool newest;    /* first */
    bool arrival;   /* with the lateness */
    /* BUCKETS */
    struct query_step step;
    uint32_t count; /* equal buckets instead of steps; 0: steps */
    struct query_aggregate aggregates[QUERY_AGGREGATES_MAX];
    size_t aggregate_count;
    enum query_fill fill;
    enum query_by by;
    uint8_t level; /* BY_LEVEL: of the path, from 1 */
    /* TREND */
    uint32_t width;
    enum query_method method;
    bool gzip; /* an answer of more than one block is compressed */
};

/* ---- turns of tenants --------------------------------------------------------------------------
 */
/* Who is next, of many tenants with many questions each: tenants in turn, and one that was quiet
 * first. No threads and no times: the caller's mutex guards it. */
struct query_turns {
    struct link parties, arrived, going; /* private */
    unsigned arrived_in_a_row;
    size_t waiting; /* questions that were put and not given out */
};
struct query_party; /* a tenant that asks; there while somebody holds it */
void query_turns_init(struct query_turns *turns);
struct query_party *query_party_enter(struct query_turns *turns, uint32_t tenant); /* or NULL */
void query_party_leave(struct query_party *party); /* its question is on no queue; NULL is fine */
/* Another question waits for a turn; fresh: it had none yet, and goes before those that had. */
void query_turns_put(struct query_party *party, struct link *turn, bool fresh);
void query_turns_take(struct query_turns *turns, struct link *turn); /* it waits no more */
size_t query_party_waiting(const struct query_party *party);
/* The next question, off its queue; of a party of which `most` are under way already none. NULL:
 * there is none. */
struct link *query_turns_next(struct query_turns *turns, uint32_t most);
void query_party_done(struct query_party *party);                /* its turn is over */
_Atomic uint64_t *query_party_memory(struct query_party *party); /* a count for whoever counts */

/* ---- the pool ----------------------------------------------------------------------------------
 */
#define QUERY_ZONES_FOLDER "/usr/share/zoneinfo"
struct query_pool_config {
    unsigned threads;  /* 1 at least */
    uint64_t memory;   /* of all runs together */
    int64_t time_ns;   /* that a run may work */
    const char *zones; /* folder of TZif files (RFC 8536); NULL: QUERY_ZONES_FOLDER */
};
struct query_pool;
MUST_USE enum err query_pool_create(const struct query_pool_config *config,
                                    struct query_pool **ret_pool);
void query_pool_destroy(struct query_pool *pool); /* cancels what runs, and waits; NULL is fine */
void query_pool_limits(struct query_pool *pool, uint64_t memory, int64_t time_ns);
int query_pool_fd(const struct query_pool *pool); /* readable when poll has something to do */
/* Calls news() of each run that has some. Returns how many. */
size_t query_pool_poll(struct query_pool *pool);

enum query_end {
    QUERY_RUNS, /* it is under way */
    QUERY_DONE,
    QUERY_TIME,   /* past time_ns */
    QUERY_MEMORY, /* past memory */
    QUERY_ZONE,   /* there is no such time zone */
    QUERY_WRONG,  /* it cannot be answered as it is asked: see the fault */
    QUERY_FAILED  /* the history said no: see the fault */
};
struct query_cost {
    uint64_t points, samples, chunks, summaries, bytes;
    int64_t ns; /* that it worked */
};
struct query_run;
/* Takes selection and view over, whatever it answers. news: there is something to take, or the run
 * is over; from within query_pool_poll. ERR_LIMIT: memory is used up by others. ERR_NO_MEMORY. */
MUST_USE enum err query_run_begin(struct query_pool *pool, struct query_selection *selection,
                                  struct history_view *view, const struct query_request *request,
                                  void (*news)(void *arg), void *arg, struct query_run **ret_run);
/* Forgets it; what it holds is freed as soon as its thread sees that. NULL is fine. */
void query_run_cancel(struct query_run *run);
#define QUERY_BLOCK_BYTES ((size_t)64 << 10) /* and what the last line took more */
/* The next block of the answer, valid until the next call; size 0: none is there now. */
struct bytes query_run_take(struct query_run *run);
struct query_status {
    enum query_end end; /* what is not taken yet is whole only with DONE */
    size_t ready;       /* bytes that can be taken */
    bool gzip;          /* they are compressed: told once there are any */
    char fault[160];    /* why it ended otherwise */
};
void query_run_status(struct query_run *run, struct query_status *ret_status);

struct query_counters {
    uint64_t begun, running, waiting; /* waiting: for their turn */
    uint64_t done, cancelled, timed_out, out_of_memory, failed;
    uint64_t samples, chunks, summaries, bytes; /* cost of all that ended */
    uint64_t memory;                            /* held now */
    int64_t ns;                                 /* worked by all that ended */
};
void query_pool_describe(struct query_pool *pool, struct query_counters *ret_counters);
