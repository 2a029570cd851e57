/* What the files of the server's side share.
 *
 *   pool.c      statements, their queue and their text; threads; the engine's thread's step
 *   process.c   a process: started, talked to, ended
 *   run.c       a statement on its thread: each frame of the process judged and answered
 *   lookup.c    which points fit a filter: on the engine's thread
 *   modules.c   the same of what domain modules know: assets, alarms
 *   reading.c   a cursor: samples of those points as batches; fold.c: folded into buckets
 *   answer.c    rows as JSON, CSV, NDJSON */
#pragma once

#include "sql/batch.h"
#include "sql/fold.h"
#include "sql/frame.h"
#include "sql/sql.h"
#include "sql/tables.h"
#include "query/query.h"
#include "wire/json/json.h"

#include <pthread.h>
#include <sys/types.h>

/* ---- process.c ------------------------------------------------------------------------------- */
struct process {
    const char *program; /* NULL: this one */
    struct clock *clock;
    pid_t pid; /* 0: there is none */
    int fd;
    int nudge_fd;    /* readable: look whether you should stop */
    uint64_t memory; /* that it was started with */
    uint64_t asker;  /* whom it serves */
    uint8_t *in;     /* what was received; a frame begins at in_at */
    size_t in_at, in_size, in_capacity;
};
MUST_USE enum err process_init(struct process *process, const char *program, struct clock *clock);
void process_done(struct process *process); /* ends it */
/* Starts one with this limit of memory unless it is there, for this asker; ERR_IO, ERR_BUSY (it
 * says nothing). */
MUST_USE enum err process_start(struct process *process, uint64_t memory, uint64_t asker);
/* Kills it and waits; returns its status as waitpid gives it, 0: there was none. */
int process_kill(struct process *process);
/* It may use so much processor time more, and then the system ends it. */
void process_allow_cpu(struct process *process, int64_t ns);
void process_nudge(struct process *process); /* any thread */
/* Both until boot time until_ns: ERR_BUSY: it is over; ERR_STOPPED: it was nudged; ERR_IO: the
 * process is gone; ERR_CORRUPT: no frame of ours; ERR_NO_MEMORY. ret_body lasts until the next
 * receive. */
MUST_USE enum err process_send(struct process *process, struct bytes frames, int64_t until_ns);
MUST_USE enum err process_receive(struct process *process, int64_t until_ns, uint8_t *ret_kind,
                                  struct bytes *ret_body);

/* ---- lookup.c -------------------------------------------------------------------------------- */
struct found { /* a point; texts are in the lookup's */
    uint32_t point, row;
    uint16_t column;
    uint8_t type;
    uint32_t path_at, path_size, labels_at, labels_size;
};
#define LOOKUP_FOUND 256                /* points of one batch */
#define LOOKUP_BYTES ((size_t)48 << 10) /* rows of points and live of one batch */
enum lookup_source { LOOKUP_POINTS, LOOKUP_PATHS, LOOKUP_SEARCH, LOOKUP_ALL };
struct lookup {
    struct query_sight *sight; /* the statement's */
    uint8_t *body;             /* what the filter's texts lie in */
    size_t size;               /* of it */
    struct sql_filter filter;
    enum lookup_source source;
    uint32_t *points; /* ascending, each once */
    uint32_t point_count;
    struct bytes *paths; /* likewise */
    uint32_t path_count;
    struct pattern match; /* of filter.match, behind the tenant's name */
    enum query_whose match_whose;
    uint32_t match_tenant;
    struct namespace_search search;
    bool searching;
    uint32_t tenant_at; /* of the tenants to search: the next; 0: his own */
    bool began, over;
    uint32_t at;      /* of points or paths, or the last id looked at */
    uint64_t number;  /* the last looked at, of a module's */
    uint32_t entered; /* ids up to this one must be in the namespace for a search to be whole */
    enum err err;
    struct json_writer labels;
    /* One batch: */
    struct found found[LOOKUP_FOUND];
    size_t found_count;
    struct frame_writer texts; /* of found; or rows, as they are sent */
    uint32_t row_count;
};
/* Takes a copy of the frame's body, of which `filter` is what stands behind the cursor's number;
 * sight must outlive it. NULL, or what is wrong in fault[160]. Any thread, as long as no step is
 * under way. */
MUST_USE enum err lookup_create(struct bytes body, struct query_sight *sight,
                                struct lookup **ret_lookup, char *fault);
void lookup_destroy(struct lookup *lookup);
/* The engine's thread: a piece of the next batch. True: the batch is there (or `err`, or over). */
bool lookup_step(struct lookup *lookup, const struct sql_config *config, int64_t until_ns);
void lookup_clear(struct lookup *lookup); /* before the next batch */
/* modules.c: lookup_step of the tables of domain modules. */
bool module_step(struct lookup *lookup, const struct sql_config *config, int64_t until_ns);

/* ---- reading.c ------------------------------------------------------------------------------- */
struct thread;
/* A cursor of the process: rows that fit its filter. */
struct reading {
    struct lookup *lookup;
    struct history_view *view;  /* the statement's */
    struct history_scan *scan;  /* NULL: of points and live, or there is no history */
    struct history_scan *close; /* buckets: for chunks whose summary does not say enough */
    struct query_step step;     /* buckets */
    int64_t now_ns, from_ns, to_ns;
    size_t next;  /* of lookup->found: the next to begin with */
    size_t group; /* of lookup->found: the points that are read now */
    uint16_t columns_count;
    uint8_t columns[COLUMNS_MAX], types[COLUMNS_MAX];
    bool row_open, piece_open, ended;
    struct history_piece piece;
    uint16_t piece_column;    /* the next to be told */
    size_t batch_bytes;       /* grows: the first rows are seen at once */
    struct fold *folds;       /* buckets: by column */
    struct frame_writer *out; /* of the batch under way, and its rows */
    uint32_t rows_told;
    uint32_t order[HISTORY_PIECE_ROWS]; /* rows of a piece that are told, in their order */
    uint32_t order_count, order_at;     /* those of this column; the next to be told */
};
/* Takes the lookup. ERR_NO_MEMORY, ERR_INVALID (its step). view: NULL when there is no history. */
MUST_USE enum err reading_create(struct lookup *lookup, struct history_view *view, int64_t now_ns,
                                 struct reading **ret_reading);
void reading_destroy(struct reading *reading, struct history_cost *cost);
/* Appends a BATCH. ERR_STOPPED and others: of the engine's thread, of the history. */
MUST_USE enum err reading_batch(struct reading *reading, struct thread *thread,
                                struct frame_writer *out);

/* ---- answer.c -------------------------------------------------------------------------------- */
struct answer {
    enum sql_format format;
    struct json_writer json; /* JSON, NDJSON; of CSV the numbers */
    struct frame_writer csv;
    uint32_t column_count;
    char **names;
    uint64_t rows;
};
void answer_init(struct answer *answer, enum sql_format format);
void answer_done(struct answer *answer);
/* Each writes into the answer's text. False: the frame makes no sense, or there is no memory. */
MUST_USE bool answer_columns(struct answer *answer, struct bytes body);
MUST_USE bool answer_rows(struct answer *answer, struct bytes body, uint64_t limit);
bool answer_is_well(const struct answer *answer); /* there was memory for all of it */
struct answer_end {
    bool truncated;
    struct history_cost cost;
    uint64_t points;
    int64_t ns;
    const struct history_missing *missing;
    size_t missing_count;
};
void answer_end(struct answer *answer, const struct answer_end *end);
struct bytes answer_written(const struct answer *answer);
void answer_clear(struct answer *answer);
/* Well-formed UTF-8 without control characters, at most capacity - 1 bytes and a NUL. */
void sentence_clean(struct bytes text, char *clean, size_t capacity);

#define MISSING_MAX 100

/* ---- pool.c ---------------------------------------------------------------------------------- */
#define STATEMENT_UNREAD                                                                           \
    ((size_t)512 << 10) /* text that waits for the asker; then its process waits */
struct unread {
    uint8_t *at;
    size_t size, capacity;
};
struct sql_statement {
    struct sql *sql;
    struct link link; /* on sql->waiting */
    struct link turn; /* on its party's queue */
    struct query_party *party;
    struct link news;      /* on sql->news */
    unsigned holds;        /* the asker's, its thread's */
    struct thread *thread; /* that runs it */
    /* the question */
    struct query_sight *sight;
    uint64_t asker;
    char *text; /* with NUL */
    size_t text_size;
    struct frame_writer parameters;
    uint32_t parameter_count;
    uint64_t limit;
    enum sql_format format;
    void (*wake)(void *arg);
    void *arg;
    int64_t asked_ns;
    struct sql_limits limits;
    /* what became of it; under the mutex of sql */
    bool ended; /* nobody waits */
    bool over, begun;
    enum sql_fault fault;
    char sentence[1024];
    int64_t offset;
    struct unread written, taken; /* by its thread; by the asker */
};
struct thread { /* and its process */
    struct sql *sql;
    pthread_t thread;
    pthread_cond_t wake; /* its call was done; its statement's text was read */
    struct process process;
    struct sql_statement *statement;
    struct frame_writer out;
    struct link link; /* on sql->calls */
    struct lookup *call;
    bool call_done;
    struct history_view *view; /* of the statement; opened with its first call */
    struct reading *readings[SQL_CURSORS_MAX];
    /* of the statement: */
    struct answer answer;
    struct history_cost cost;
    uint64_t points;
    struct history_missing missing[MISSING_MAX]; /* of the view */
    bool missing_met[MISSING_MAX];               /* it concerns points that were read */
    size_t missing_count;
    int64_t began_ns, began_wall_ns, until_ns;
};
struct sql {
    struct sql_config config;
    pthread_mutex_t mutex;
    pthread_cond_t work; /* a statement waits */
    int event_fd;
    bool raised, stopping;
    bool draining;                    /* what is under way ends, and nothing begins */
    struct link waiting, calls, news; /* waiting: in the order they came */
    struct query_turns turns;         /* of those that wait */
    size_t waiting_count;
    bool several; /* a tenant asked beside the house's own */
    struct thread *threads[64];
    size_t thread_count, idle_count;
    struct sql_state state;
};
/* Of a statement's thread: */
/* Has the engine's thread do a batch of this lookup. ERR_STOPPED: nobody waits any more. */
MUST_USE enum err thread_lookup(struct thread *thread, struct lookup *lookup);
bool thread_should_stop(struct thread *thread);
/* Hands text to the asker; waits while he does not read. False: it should stop. */
MUST_USE bool thread_tell(struct thread *thread, struct bytes text);
/* Runs thread->statement to its end. */
void statement_run(struct thread *thread);
