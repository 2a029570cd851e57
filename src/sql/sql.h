/* sql: SQL over points, live values and samples. SQLite runs in processes of its own; what it reads
 * comes from here through virtual tables.
 *
 *   engine's thread       a thread for each process         process (the same program)
 *   sql_ask ----------->  queue ---> STATEMENT ---------->  SQLite: prepare, step
 *   sql_step: looks for   <-- which points? -- OPEN, NEXT    virtual tables: point, path, label
 *   points, a piece       --> scans, folds ---> BATCH --->  and time are asked for, not
 *   a step                                                  filtered later
 *   sql_read <----------  writes JSON, CSV <-- ROWS, DONE
 *
 * Guarantees
 *   - Read only: an authorizer lets SELECT through and nothing else; the database is in memory and
 *     empty but for the virtual tables.
 *   - A process has a limit of memory and of processor time, no files, no descriptor but its
 *     socket, and after its start seccomp lets it read, write and take memory, no more. It runs at
 *     lower priority. When its time is over, or nobody waits for the answer, it is killed; the next
 *     statement starts another.
 *   - Nothing that a process says is believed: a frame that is not as it should be ends it.
 *   - The engine's thread does a bounded piece of the search for points a step, nothing else.
 *   - A process is told only of points that who asks sees, and serves one asker in its life: what
 *     another one's statement left in its memory cannot be read, even by a process that was taken
 *     over. Points of other tenants are in the tables as "@name/path".
 *   - Tenants take turns; once another one than the house's own has asked, none runs statements on
 *     all the processes.
 *
 * Limits: `processes` statements run at once, SQL_WAITING_MAX of a tenant and SQL_WAITING_ALL_MAX
 * of all wait; a statement has 1 MiB, a value
 * 8 MiB, an answer 16 MiB a row. Answers are streamed: no more than about 1 MiB of one is held.
 *
 * Threads: all calls but those said otherwise belong to the engine's thread. Library silence: what
 * is to be told goes through `tell`, from any thread. */
#pragma once

#include "base/base.h"
#include "history/history.h"
#include "model/alarms/alarms.h"
#include "model/library/library.h"
#include "model/notices/notices.h"
#include "model/points/points.h"
#include "namespace/namespace.h"

#define SQL_WAITING_MAX 256 /* of a tenant */
#define SQL_WAITING_ALL_MAX 4096
#define SQL_TEXT_MAX ((size_t)1 << 20) /* bytes of a statement */
#define SQL_PARAMETERS_MAX 1000
#define SQL_ROWS_MAX UINT64_C(1000000000)

/* ---- what there is to ask ----------------------------------------------------------------------
 */
struct sql_column {
    const char *name, *type, *meaning; /* type: "" is any */
    bool hidden;                       /* not in select *; of buckets: an argument */
};
struct sql_table_view {
    const char *name, *meaning;
    const struct sql_column *columns;
    size_t column_count;
};
#define SQL_TABLE_COUNT 12
extern const struct sql_table_view sql_tables[SQL_TABLE_COUNT];
struct sql_function_view {
    const char *name, *meaning; /* "time_text(ns)" */
};
extern const struct sql_function_view sql_functions[]; /* beside SQLite's */
extern const size_t sql_function_count;

/* ---- the pool ----------------------------------------------------------------------------------
 */
struct sql_limits {     /* may change while running: statements begun later have the new ones */
    uint32_t processes; /* at once, 1..64 */
    uint64_t memory;    /* of each */
    int64_t time_ns;    /* of a statement once it runs; it may wait as long before */
};
struct sql_config {
    struct namespace *space; /* these outlive it */
    struct points *points;
    struct history *history; /* NULL: there are no samples to ask for */
    struct assets *assets;   /* all four or none; NULL: their tables are empty */
    struct alarms *alarms;
    struct library *documents;
    struct notices *notices;
    struct clock *clock;
    struct sql_limits limits;
    const char *program; /* that runs sql_worker_main when its first word is SQL_WORKER_VERB; NULL:
                            this one, /proc/self/exe */
    void (*tell)(void *arg, enum log_level level, const char *text);
    void *arg;
};
struct sql;
MUST_USE enum err sql_create(const struct sql_config *config, struct sql **ret_sql);
/* Ends what is under way and its processes; statements must have been ended. NULL is fine. */
void sql_destroy(struct sql *sql);
/* What is under way ends with `stopping`, and nothing begins any more. */
void sql_stop(struct sql *sql);
void sql_limit(struct sql *sql, const struct sql_limits *limits);
int sql_fd(const struct sql *sql); /* readable when sql_step has something to do */
/* A bounded piece of what the statements ask for, and the `wake` of those that have news. Returns
 * after how many ns it wants to be called again at the latest. */
int64_t sql_step(struct sql *sql);

/* ---- a statement -------------------------------------------------------------------------------
 */
enum sql_format { SQL_JSON, SQL_CSV, SQL_NDJSON };
enum sql_parameter_kind {
    SQL_PARAMETER_NULL,
    SQL_PARAMETER_INTEGER,
    SQL_PARAMETER_REAL,
    SQL_PARAMETER_TEXT
};
struct sql_parameter {
    enum sql_parameter_kind kind;
    int64_t integer;
    double real;
    struct bytes text;
};
struct query_sight;            /* query.h */
struct sql_question {          /* is copied */
    struct query_sight *sight; /* who asks; held */
    uint64_t asker; /* a number for him, his rights included: a process serves one and no other */
    struct bytes text;
    const struct sql_parameter *parameters; /* of ?, ?2, :name in the order of their numbers */
    size_t parameter_count;
    uint64_t limit; /* rows; the answer says when there were more */
    enum sql_format format;
    void (*wake)(void *arg); /* from sql_step: sql_read has something new */
    void *arg;
};
struct sql_statement;
/* ERR_BUSY: so many wait already; ERR_LIMIT: the text or the parameters are too many;
 * ERR_NO_MEMORY. */
MUST_USE enum err sql_ask(struct sql *sql, const struct sql_question *question,
                          struct sql_statement **ret_statement);
enum sql_progress {
    SQL_WAIT, /* nothing new: wake comes */
    SQL_TEXT, /* a piece of the answer; call again */
    SQL_OVER, /* all of the answer was read */
    SQL_FAULT /* it failed. Before the first piece the fault says all; behind it the answer is cut
               */
};
struct sql_piece {
    struct bytes text; /* SQL_TEXT: until the next call */
    const char *code;  /* SQL_FAULT: "sql_error", "sql_time", "sql_memory", "sql_busy", ... */
    const char *sentence;
    int64_t offset; /* sql_error: byte of the statement where it stands; -1: nowhere */
};
/* The first piece comes when the statement is over or has SQL_FIRST_BYTES, so that what fails early
 * fails as a whole. */
#define SQL_FIRST_BYTES ((size_t)64 << 10)
enum sql_progress sql_read(struct sql_statement *statement, struct sql_piece *ret_piece);
/* Nobody waits any more: what runs is stopped. NULL is fine. */
void sql_end(struct sql_statement *statement);

struct sql_state {
    uint64_t statements, faults, killed; /* since the start; killed: processes */
    uint64_t running, waiting;
};
void sql_describe(struct sql *sql, struct sql_state *ret_state);

/* ---- the process -------------------------------------------------------------------------------
 */
#define SQL_WORKER_VERB "sql-worker"
/* main of the process: words behind the verb. Returns the exit code. */
int sql_worker_main(int count, char **words);
