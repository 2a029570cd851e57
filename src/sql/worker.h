/* worker: what the files of the process share. One thread, one statement at a time.
 *
 *   worker.c            the loop: STATEMENT in, rows out
 *   worker_sandbox.c    what it may still do
 *   worker_plan.c       xBestIndex: which conditions are asked for
 *   worker_table.c      the virtual tables: cursors that ask the server
 *   worker_functions.c  functions of SQL */
#pragma once

#include "sql/frame.h"
#include "sql/tables.h"

#include <sqlite3.h>

struct sql_worker {
    int fd;
    sqlite3 *db;
    struct frame_writer out;
    int64_t now_ns;      /* of the statement: what 'now' means in it */
    int64_t deadline_ns; /* monotonic */
    bool late;           /* the deadline stopped it */
    bool gone;           /* the server is not there: end */
    char refused[160];   /* the authorizer's sentence; empty: SQLite's holds */
    uint64_t cursors;    /* numbers in use */
    struct plan *plans;  /* of the statement */
    size_t plan_count, plan_capacity;
};

/* ---- talking: false, and gone, when the server is not there ---- */
MUST_USE bool worker_send(struct sql_worker *worker); /* what `out` holds, which is empty then */
/* The next frame; body is sqlite3_malloc'ed, the caller's, NULL when it is empty. */
MUST_USE bool worker_receive(struct sql_worker *worker, uint8_t *ret_kind, uint8_t **ret_body,
                             size_t *ret_size);

/* ---- worker.c ---- */
MUST_USE bool worker_open(struct sql_worker *worker); /* its database */
/* The body of a STATEMENT: runs it and says how it ended. False: this process should end. */
MUST_USE bool worker_run(struct sql_worker *worker, struct bytes body);

/* ---- worker_sandbox.c ---- */
/* Before memory is taken: priority, limits of what this process may use. */
void sandbox_limit(uint64_t memory);
/* No more files, processes, sockets from now on. False: it could not be had. */
MUST_USE bool sandbox_close(void);

/* ---- worker_plan.c: a plan is what xBestIndex tells xFilter ---- */
enum plan_kind { /* of a condition; the order is that of the arguments of xFilter */
                 PLAN_POINT,
                 PLAN_PATH,
                 PLAN_GLOB,
                 PLAN_LIKE,
                 PLAN_LABEL,
                 PLAN_RETIRED,
                 PLAN_TIME_AT,
                 PLAN_TIME_FROM,   /* >= */
                 PLAN_TIME_AFTER,  /* > */
                 PLAN_TIME_UNTIL,  /* <= */
                 PLAN_TIME_BEFORE, /* < */
                 PLAN_ARGUMENT_MATCH,
                 PLAN_ARGUMENT_FROM,
                 PLAN_ARGUMENT_TO,
                 PLAN_ARGUMENT_STEP,
                 PLAN_KINDS
};
struct plan {
    enum sql_table table;
    uint32_t columns; /* wanted */
    enum sql_order order;
    uint32_t kinds; /* a bit for each condition that is an argument */
    uint32_t lists; /* of these: all values of an IN at once */
};
int plan_best_index(struct sql_worker *worker, enum sql_table table, sqlite3_index_info *info);
/* The filter of a plan with its arguments. SQLITE_OK; *ret_none: nothing can match. Texts go to
 * `texts`, which keeps them until it is freed. SQLITE_ERROR with a sentence in *ret_fault
 * (sqlite3_mprintf). */
int plan_filter(struct sql_worker *worker, int number, int count, sqlite3_value **values,
                struct frame_writer *texts, struct sql_filter *ret_filter, bool *ret_none,
                char **ret_fault);

/* ---- worker_table.c, worker_functions.c ---- */
MUST_USE bool tables_register(struct sql_worker *worker);
MUST_USE bool functions_register(struct sql_worker *worker);
