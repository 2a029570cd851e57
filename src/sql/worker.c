/* The process: one database in memory with nothing in it but the virtual tables, one statement at a
 * time. It starts, shuts itself in (worker_sandbox.c), says READY, and lives until its socket ends
 * or it is killed. After a lack of memory it ends by itself: a fresh one costs milliseconds. */
#include "sql/worker.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define WORKER_FD STDIN_FILENO
#define PROGRESS_OPERATIONS 2000 /* of SQLite's machine, between two looks at the clock */
#define ROWS_BYTES ((size_t)60 << 10)
#define ROWS_FIRST_BYTES 2048 /* so that the first rows are seen at once */
#define VALUE_BYTES_MAX (8 << 20)
#define TRIM_BYTES (INT64_C(32) << 20)

static int64_t worker_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* ---- talking -----------------------------------------------------------------------------------
 */
bool worker_send(struct sql_worker *worker)
{
    size_t sent = 0;
    bool failed = worker->out.failed;
    while (!worker->gone && !failed && sent < worker->out.size) {
        ssize_t n = write(worker->fd, worker->out.at + sent, worker->out.size - sent);
        if (n < 0 && errno != EINTR)
            worker->gone = true;
        else if (n > 0)
            sent += (size_t)n;
    }
    worker->out.size = 0;
    worker->out.failed = false;
    return !worker->gone && !failed;
}

static bool receive_bytes(struct sql_worker *worker, uint8_t *at, size_t size)
{
    for (size_t got = 0; got < size && !worker->gone;) {
        ssize_t n = read(worker->fd, at + got, size - got);
        if (n == 0 || (n < 0 && errno != EINTR))
            worker->gone = true;
        else if (n > 0)
            got += (size_t)n;
    }
    return !worker->gone;
}

bool worker_receive(struct sql_worker *worker, uint8_t *ret_kind, uint8_t **ret_body,
                    size_t *ret_size)
{
    uint8_t head[FRAME_HEAD], *body = NULL;
    if (!receive_bytes(worker, head, sizeof head))
        return false;
    uint32_t size = load_u32(head);
    if (size > FRAME_BYTES_MAX) {
        worker->gone = true;
        return false;
    }
    if (size > 0 && (body = sqlite3_malloc64(size)) == NULL) {
        /* The frame is stepped over, so that the next one is found. */
        uint8_t rest[4096];
        for (uint32_t left = size; left > 0 && !worker->gone;) {
            size_t piece = left < sizeof rest ? left : sizeof rest;
            (void)receive_bytes(worker, rest, piece);
            left -= (uint32_t)piece;
        }
        return false;
    }
    if (size > 0 && !receive_bytes(worker, body, size)) {
        sqlite3_free(body);
        return false;
    }
    *ret_kind = head[4];
    *ret_body = body;
    *ret_size = size;
    return true;
}

/* ---- what a statement may do -----------------------------------------------------------------
 */
/* SELECT, its columns and its functions. */
static int worker_authorize(void *arg, int action, const char *first, const char *second,
                            const char *database, const char *view)
{
    struct sql_worker *worker = arg;
    (void)database, (void)view;
    static const struct {
        int action;
        const char *what;
    } names[] = {{SQLITE_PRAGMA, "PRAGMA"}, {SQLITE_ATTACH, "ATTACH"},
                 {SQLITE_DETACH, "DETACH"}, {SQLITE_TRANSACTION, "a transaction"},
                 {SQLITE_INSERT, "INSERT"}, {SQLITE_UPDATE, "UPDATE"},
                 {SQLITE_DELETE, "DELETE"}};
    const char *what = "CREATE, DROP and the like";
    if (action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE)
        return SQLITE_OK;
    if (action == SQLITE_FUNCTION) {
        if (second == NULL || (sqlite3_stricmp(second, "load_extension") != 0 &&
                               sqlite3_stricmp(second, "fts3_tokenizer") != 0))
            return SQLITE_OK;
        what = second;
    }
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (action == names[i].action &&
            (first == NULL || sqlite3_stricmp(first, "sqlite_master") != 0))
            what = names[i].what;
    if (worker->refused[0] == '\0')
        snprintf(worker->refused, sizeof worker->refused,
                 "only SELECT is possible here; this is %s%s%.60s", what,
                 action == SQLITE_PRAGMA && first != NULL ? " " : "",
                 action == SQLITE_PRAGMA && first != NULL ? first : "");
    return SQLITE_DENY;
}

/* Every now and then while a statement runs: is its time over, is anybody there? */
static int worker_progress(void *arg)
{
    struct sql_worker *worker = arg;
    struct pollfd server = {.fd = worker->fd, .events = POLLRDHUP};
    worker->late = worker_now_ns() >= worker->deadline_ns;
    if (poll(&server, 1, 0) > 0)
        worker->gone = true;
    return worker->late || worker->gone;
}

/* Each table is connected to before the authorizer judges: SQLite notes it in its schema then. */
static bool worker_connect(struct sql_worker *worker)
{
    static const char *const beside[] = {"json_each", "json_tree"}; /* SQLite's own */
    for (size_t i = 0; i < SQL_TABLE_COUNT + ARRAY_COUNT(beside); i++) {
        sqlite3_stmt *prepared = NULL;
        char text[64];
        snprintf(text, sizeof text, "select 1 from %s",
                 i < SQL_TABLE_COUNT ? sql_tables[i].name : beside[i - SQL_TABLE_COUNT]);
        int rc = sqlite3_prepare_v2(worker->db, text, -1, &prepared, NULL);
        sqlite3_finalize(prepared);
        if (rc != SQLITE_OK)
            return false;
    }
    return true;
}

/* Turns SQLite's SQLITE_GroupByOrder off, which leaves ORDER BY out where it says what GROUP BY
 * says. A table is not told of that in 3.40: it hears that rows need only stand together, and the
 * groups would come in the table's order. So the groups are sorted, of which there are few. */
#define KEEP_ORDER_OF_GROUPS 0x4

bool worker_open(struct sql_worker *worker)
{
    static const struct {
        int limit, most;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX},
        {SQLITE_LIMIT_SQL_LENGTH, (int)SQL_TEXT_MAX},
        {SQLITE_LIMIT_COLUMN, 1000},
        {SQLITE_LIMIT_EXPR_DEPTH, 500},
        {SQLITE_LIMIT_COMPOUND_SELECT, 200},
        {SQLITE_LIMIT_VDBE_OP, 2000000},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 2000},
        {SQLITE_LIMIT_VARIABLE_NUMBER, SQL_PARAMETERS_MAX},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    if (sqlite3_open_v2(":memory:", &worker->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX |
                            SQLITE_OPEN_EXRESCODE,
                        NULL) != SQLITE_OK)
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++)
        (void)sqlite3_limit(worker->db, limits[i].limit, limits[i].most);
    /* Sorts and subqueries stay in memory: there is no file they could go to. */
    if (sqlite3_exec(worker->db, "pragma temp_store = memory; pragma trusted_schema = off", NULL,
                     NULL, NULL) != SQLITE_OK ||
        sqlite3_db_config(worker->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL) !=
            SQLITE_OK ||
        sqlite3_db_config(worker->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
        !tables_register(worker) || !functions_register(worker) || !worker_connect(worker))
        return false;
    sqlite3_test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, worker->db, KEEP_ORDER_OF_GROUPS);
    sqlite3_progress_handler(worker->db, PROGRESS_OPERATIONS, worker_progress, worker);
    return sqlite3_set_authorizer(worker->db, worker_authorize, worker) == SQLITE_OK;
}

/* ---- a statement -------------------------------------------------------------------------------
 */
struct statement { /* as it came */
    int64_t time_ns;
    uint64_t limit;
    uint32_t parameter_count;
    struct frame_reader parameters;
    struct bytes text;
    sqlite3_stmt *prepared;
    uint64_t rows;
};

static void error_put(struct sql_worker *worker, enum sql_fault fault, int offset,
                      const char *sentence)
{
    worker->out.size = 0;
    size_t began = frame_begin(&worker->out, FRAME_ERROR);
    frame_put_u8(&worker->out, (uint8_t)fault);
    frame_put_u32(&worker->out, (uint32_t)offset);
    frame_put_text(&worker->out, bytes_text(sentence));
    frame_end(&worker->out, began);
}

/* SQLite said no: the reason, as the asker should read it. */
static void error_put_sqlite(struct sql_worker *worker, int rc)
{
    const char *sentence = sqlite3_errmsg(worker->db);
    int primary = rc & 0xff;
    if (worker->late)
        error_put(worker, SQL_FAULT_TIME, -1, "");
    else if (primary == SQLITE_NOMEM)
        error_put(worker, SQL_FAULT_MEMORY, -1, "");
    else if (worker->refused[0] != '\0')
        error_put(worker, SQL_FAULT_ERROR, -1, worker->refused);
    else if (primary == SQLITE_TOOBIG)
        error_put(worker, SQL_FAULT_ERROR, -1, "a text, a blob or a row is longer than 8 MiB");
    else
        error_put(worker, SQL_FAULT_ERROR, sqlite3_error_offset(worker->db), sentence);
}

/* Nothing but space, comments and semicolons? */
static bool tail_is_empty(const char *at, const char *end)
{
    while (at < end) {
        if (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r' || *at == '\f' || *at == ';') {
            at++;
        } else if (end - at >= 2 && at[0] == '-' && at[1] == '-') {
            while (at < end && *at != '\n')
                at++;
        } else if (end - at >= 2 && at[0] == '/' && at[1] == '*') {
            const char *close = memmem(at + 2, (size_t)(end - at - 2), "*/", 2);
            at = close != NULL ? close + 2 : end;
        } else {
            return false;
        }
    }
    return true;
}

static bool statement_bind(struct sql_worker *worker, struct statement *statement)
{
    int wanted = sqlite3_bind_parameter_count(statement->prepared), rc = SQLITE_OK;
    char sentence[128];
    if (wanted != (int)statement->parameter_count) {
        snprintf(sentence, sizeof sentence, "the statement has %d parameters, and %u were given",
                 wanted, statement->parameter_count);
        error_put(worker, SQL_FAULT_ERROR, -1, sentence);
        return false;
    }
    for (int i = 1; i <= wanted && rc == SQLITE_OK; i++) {
        struct sql_value value = frame_get_value(&statement->parameters);
        if (value.kind == FRAME_INTEGER)
            rc = sqlite3_bind_int64(statement->prepared, i, value.integer);
        else if (value.kind == FRAME_REAL)
            rc = sqlite3_bind_double(statement->prepared, i, value.real);
        else if (value.kind == FRAME_TEXT)
            rc = sqlite3_bind_text64(statement->prepared, i, (const char *)value.text.at,
                                     value.text.size, SQLITE_STATIC, SQLITE_UTF8);
    }
    if (rc != SQLITE_OK)
        error_put_sqlite(worker, rc);
    return rc == SQLITE_OK;
}

static bool statement_prepare(struct sql_worker *worker, struct statement *statement)
{
    const char *text = (const char *)statement->text.at, *tail = NULL;
    int rc = sqlite3_prepare_v2(worker->db, text, (int)statement->text.size, &statement->prepared,
                                &tail);
    if (rc != SQLITE_OK) {
        error_put_sqlite(worker, rc);
        return false;
    }
    if (statement->prepared == NULL || sqlite3_column_count(statement->prepared) == 0) {
        error_put(worker, SQL_FAULT_ERROR, -1, "there is no statement that answers with rows");
        return false;
    }
    if (!tail_is_empty(tail, text + statement->text.size)) {
        error_put(worker, SQL_FAULT_ERROR, (int)(tail - text),
                  "one statement is taken, and another one begins here");
        return false;
    }
    return statement_bind(worker, statement);
}

static void columns_put(struct sql_worker *worker, sqlite3_stmt *prepared)
{
    size_t began = frame_begin(&worker->out, FRAME_COLUMNS);
    int count = sqlite3_column_count(prepared);
    frame_put_u32(&worker->out, (uint32_t)count);
    for (int i = 0; i < count; i++) {
        const char *name = sqlite3_column_name(prepared, i);
        const char *type = sqlite3_column_decltype(prepared, i);
        frame_put_text(&worker->out, bytes_text(name != NULL ? name : ""));
        frame_put_text(&worker->out, bytes_text(type != NULL ? type : ""));
    }
    frame_end(&worker->out, began);
}

static void value_put(struct frame_writer *out, sqlite3_stmt *prepared, int column)
{
    const void *at;
    int type = sqlite3_column_type(prepared, column);
    switch (type) {
    case SQLITE_INTEGER:
        frame_put_integer(out, sqlite3_column_int64(prepared, column));
        break;
    case SQLITE_FLOAT:
        frame_put_real(out, sqlite3_column_double(prepared, column));
        break;
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        at = type == SQLITE_TEXT ? sqlite3_column_text(prepared, column)
                                 : sqlite3_column_blob(prepared, column);
        frame_put_u8(out, type == SQLITE_TEXT ? FRAME_TEXT : FRAME_BLOB);
        frame_put_text(
            out, bytes_of(at, at != NULL ? (size_t)sqlite3_column_bytes(prepared, column) : 0));
        break;
    default:
        frame_put_null(out);
    }
}

struct rows { /* the answer's rows on their way: a frame that was begun */
    struct frame_writer writer;
    uint32_t count;
    size_t most;
};

static bool rows_send(struct sql_worker *worker, struct rows *rows)
{
    if (rows->count == 0)
        return true;
    size_t began = frame_begin(&worker->out, FRAME_ROWS);
    frame_put_u32(&worker->out, rows->count);
    frame_put_bytes(&worker->out, rows->writer.at, rows->writer.size);
    frame_end(&worker->out, began);
    rows->count = 0;
    rows->writer.size = 0;
    rows->most = ROWS_BYTES;
    return worker_send(worker);
}

/* SQLITE_DONE, or why it ended; *ret_more: the limit ended it. */
static int statement_step(struct sql_worker *worker, struct statement *statement, struct rows *rows,
                          bool *ret_more)
{
    int rc, columns = sqlite3_column_count(statement->prepared);
    while ((rc = sqlite3_step(statement->prepared)) == SQLITE_ROW) {
        if (statement->rows == statement->limit) {
            *ret_more = true;
            return SQLITE_DONE;
        }
        for (int i = 0; i < columns; i++)
            value_put(&rows->writer, statement->prepared, i);
        if (rows->writer.failed)
            return SQLITE_TOOBIG;
        statement->rows++;
        rows->count++;
        if (rows->writer.size >= rows->most && !rows_send(worker, rows))
            return SQLITE_INTERRUPT;
    }
    return rc;
}

static void statement_answer(struct sql_worker *worker, struct statement *statement)
{
    struct rows rows = {.most = ROWS_FIRST_BYTES};
    bool more = false;
    columns_put(worker, statement->prepared);
    int rc =
        worker_send(worker) ? statement_step(worker, statement, &rows, &more) : SQLITE_INTERRUPT;
    if (rc == SQLITE_DONE && rows_send(worker, &rows)) {
        size_t began = frame_begin(&worker->out, FRAME_DONE);
        frame_put_u8(&worker->out, more);
        frame_end(&worker->out, began);
    } else if (rc != SQLITE_DONE) {
        error_put_sqlite(worker, rc);
    }
    frame_writer_done(&rows.writer);
}

static bool statement_read(struct frame_reader reader, struct statement *statement)
{
    int64_t now_ns = (int64_t)frame_get_u64(&reader);
    (void)now_ns;
    statement->time_ns = (int64_t)frame_get_u64(&reader);
    statement->limit = frame_get_u64(&reader);
    statement->text = frame_get_text(&reader);
    statement->parameter_count = frame_get_u32(&reader);
    statement->parameters = frame_read(frame_get_bytes(&reader, reader.body.size - reader.at, 1));
    return !reader.wrong && statement->text.size <= SQL_TEXT_MAX &&
           statement->parameter_count <= SQL_PARAMETERS_MAX && statement->time_ns >= 0;
}

bool worker_run(struct sql_worker *worker, struct bytes body)
{
    struct statement statement = {.prepared = NULL};
    if (!statement_read(frame_read(body), &statement))
        return false;
    worker->now_ns = (int64_t)load_u64(body.at);
    worker->deadline_ns = worker_now_ns() + statement.time_ns;
    worker->late = false;
    worker->refused[0] = '\0';
    worker->plan_count = 0;
    (void)sqlite3_memory_highwater(1);
    if (statement_prepare(worker, &statement))
        statement_answer(worker, &statement);
    bool poor = worker->out.size > FRAME_HEAD && worker->out.at[4] == FRAME_ERROR &&
                worker->out.at[FRAME_HEAD] == SQL_FAULT_MEMORY;
    /* The closing words of the cursors go out first: the last word ends the statement. */
    struct frame_writer last = worker->out;
    worker->out = (struct frame_writer){.at = NULL};
    sqlite3_finalize(statement.prepared);
    frame_writer_done(&worker->out);
    worker->out = last;
    bool sent = worker_send(worker);
    (void)sqlite3_db_release_memory(worker->db);
    if (sqlite3_memory_highwater(0) > TRIM_BYTES)
        (void)malloc_trim(0);
    return sent && !poor;
}

static void worker_serve(struct sql_worker *worker)
{
    uint8_t kind, *body;
    size_t size;
    size_t began = frame_begin(&worker->out, FRAME_READY);
    frame_end(&worker->out, began);
    bool going = worker_send(worker);
    while (going && worker_receive(worker, &kind, &body, &size)) {
        going = kind == FRAME_STATEMENT && size > 0 && worker_run(worker, bytes_of(body, size));
        sqlite3_free(body);
    }
}

int sql_worker_main(int count, char **words)
{
    static struct sql_worker worker = {.fd = WORKER_FD};
    char *end;
    unsigned long long memory = count == 1 ? strtoull(words[0], &end, 10) : 0;
    if (memory == 0 || *end != '\0') {
        fprintf(stderr, "mainstem: " SQL_WORKER_VERB " is not a verb for people: the server runs "
                        "SQL in it\n");
        return 2;
    }
    (void)prctl(PR_SET_NAME, "mainstem-sql");
    tzset(); /* reads its file while it still can */
    sandbox_limit(memory);
    (void)sqlite3_hard_heap_limit64((sqlite3_int64)memory);
    if (sqlite3_initialize() != SQLITE_OK || !worker_open(&worker) || !sandbox_close())
        return 1;
    worker_serve(&worker);
    return 0; /* the system takes the memory */
}
