/* frame: how the server and its SQL processes talk: frames over a socketpair.
 *
 *   frame = u32 size of the body | u8 kind | body         numbers little-endian, texts u32 + bytes
 *
 *   server                                worker
 *     STATEMENT  ------------------------->  prepares it, binds, steps
 *                <-------------------------  COLUMNS
 *                <-------------------------  OPEN filter    a virtual table's cursor wants rows
 *     BATCH or FAULT --------------------->
 *                <-------------------------  NEXT cursor    (the batch is used up)
 *     BATCH or FAULT --------------------->
 *                <-------------------------  CLOSE cursor   no answer
 *                <-------------------------  ROWS           of the answer; no answer
 *                <-------------------------  DONE or ERROR
 *
 * The server writes only when it was asked, and then the worker reads: neither can wait for the
 * other to read. The worker runs other people's SQL and might be taken over: the server believes
 * nothing it says. A reader that meets the end too early is `wrong` from then on and gives zeros;
 * whoever reads asks once at the end. */
#pragma once

#include "base/base.h"

#define FRAME_HEAD 5
/* Longest body: of an answer's row, of a list of points; both sides refuse what claims more. */
#define FRAME_BYTES_MAX ((uint32_t)16 << 20)

enum frame_kind {
    FRAME_STATEMENT = 1,
    FRAME_BATCH,
    FRAME_FAULT,
    FRAME_READY = 16,
    FRAME_COLUMNS,
    FRAME_ROWS,
    FRAME_OPEN,
    FRAME_NEXT,
    FRAME_CLOSE,
    FRAME_DONE,
    FRAME_ERROR,
};

/* Values of SQL, tagged. */
enum frame_value { FRAME_NULL, FRAME_INTEGER, FRAME_REAL, FRAME_TEXT, FRAME_BLOB };
struct sql_value {
    enum frame_value kind;
    int64_t integer;
    double real;
    struct bytes text; /* of TEXT and BLOB */
};

/* What ended a statement; the words are the API's problem codes. */
#define SQL_FAULT_TABLE(X)                                                                         \
    X(SQL_FAULT_NONE, "none")                                                                      \
    X(SQL_FAULT_ERROR, "sql_error")   /* the statement is wrong: SQLite's sentence */              \
    X(SQL_FAULT_TIME, "sql_time")     /* it took longer than sql.time */                           \
    X(SQL_FAULT_MEMORY, "sql_memory") /* it needed more than sql.memory */                         \
    X(SQL_FAULT_BUSY, "sql_busy")     /* too many wait already */                                  \
    X(SQL_FAULT_STOPPED, "stopping")  /* the server ends, or nobody waits any more */              \
    X(SQL_FAULT_CRASH, "sql_process") /* its process died */
#define SQL_FAULT_ENUM(name, word) name,
enum sql_fault { SQL_FAULT_TABLE(SQL_FAULT_ENUM) SQL_FAULTS };
#undef SQL_FAULT_ENUM

/* ---- writing ----------------------------------------------------------------------------------
 */
/* Bytes that grow; the first failure is kept. Zero is an empty one. */
struct frame_writer {
    uint8_t *at;
    size_t size, capacity;
    bool failed; /* no memory, or past FRAME_BYTES_MAX */
};
void frame_writer_done(struct frame_writer *writer);
/* Begins a frame behind what is there; the size is filled in by frame_end. */
size_t frame_begin(struct frame_writer *writer, enum frame_kind kind);
void frame_end(struct frame_writer *writer, size_t began);
/* size bytes to write to; NULL when it failed. */
uint8_t *frame_room(struct frame_writer *writer, size_t size);
void frame_put_bytes(struct frame_writer *writer, const void *at, size_t size);
void frame_put_u8(struct frame_writer *writer, uint8_t v);
void frame_put_u32(struct frame_writer *writer, uint32_t v);
void frame_put_u64(struct frame_writer *writer, uint64_t v);
void frame_put_text(struct frame_writer *writer, struct bytes text);
void frame_put_value(struct frame_writer *writer, const struct sql_value *value);
void frame_put_null(struct frame_writer *writer);
void frame_put_integer(struct frame_writer *writer, int64_t v);
void frame_put_real(struct frame_writer *writer, double v);           /* NULL unless finite */
void frame_put_words(struct frame_writer *writer, struct bytes text); /* a value of TEXT */

/* ---- reading ----------------------------------------------------------------------------------
 */
struct frame_reader {
    struct bytes body;
    size_t at;
    bool wrong;
};
static inline struct frame_reader frame_read(struct bytes body)
{
    return (struct frame_reader){.body = body};
}
uint8_t frame_get_u8(struct frame_reader *reader);
uint32_t frame_get_u32(struct frame_reader *reader);
uint64_t frame_get_u64(struct frame_reader *reader);
/* count * size bytes; a view. Empty when there are not as many. */
struct bytes frame_get_bytes(struct frame_reader *reader, size_t count, size_t size);
struct bytes frame_get_text(struct frame_reader *reader);
struct sql_value frame_get_value(struct frame_reader *reader);
/* Was all of it read, and nothing wrong? */
static inline bool frame_is_whole(const struct frame_reader *reader)
{
    return !reader->wrong && reader->at == reader->body.size;
}

/* ---- what is asked of a table ------------------------------------------------------------------
 */
enum sql_table {
    SQL_POINTS,
    SQL_LIVE,
    SQL_SAMPLES,
    SQL_BUCKETS,
    SQL_TYPES, /* from here on: of domain modules */
    SQL_ASSETS,
    SQL_RULES,
    SQL_ALARMS,
    SQL_JOURNAL,
    SQL_DOCUMENTS,
    SQL_ROSTERS,
    SQL_CHANNELS,
    SQL_TABLES
};
static inline bool sql_table_is_of_module(enum sql_table table)
{
    return table >= SQL_TYPES;
}
enum sql_order {
    SQL_ORDER_NONE,
    SQL_ORDER_POINT,     /* all rows of a point together; ids ascend when they are found by id */
    SQL_ORDER_TIME_DOWN, /* the same, each point's newest first */
};
#define SQL_CURSORS_MAX 64
#define SQL_STEP_BYTES_MAX 32
/* All that is given must hold. Texts are views into the frame. */
struct sql_filter {
    enum sql_table table;
    uint32_t columns; /* a bit for each column of the table that is wanted; others may be NULL */
    enum sql_order order;
    bool by_point, by_path, by_glob, by_like, by_label, by_match, by_retired;
    bool retired;         /* by_retired: only those, or only the others */
    uint32_t point_count; /* ids, any order, in `points` as u32 */
    struct bytes points;
    uint32_t path_count; /* texts, in `paths` */
    struct bytes paths;
    struct bytes glob, like; /* patterns of SQL */
    struct bytes label;      /* "name" or "name:value" */
    struct bytes match;      /* a pattern of paths */
    struct bytes step;       /* buckets: "1h" */
    int64_t from_ns, to_ns;  /* from <= time < to; from >= to: nothing */
};
void filter_put(struct frame_writer *writer, const struct sql_filter *filter);
/* False: these bytes are no filter. */
MUST_USE bool filter_get(struct frame_reader *reader, struct sql_filter *ret_filter);
