/* The virtual tables of the process: a cursor asks the server for rows that fit its filter and gets
 * them in batches. Samples come as columns (runs of one point), the other tables' rows as tagged
 * values. What the server sends is bounds-checked all the same: this process shall fail with a
 * sentence, not with a signal. */
#include "sql/worker.h"

#include "sql/batch.h"

#include <string.h>

struct table {
    sqlite3_vtab base;
    struct sql_worker *worker;
    enum sql_table table;
};

#define TABLE_COLUMNS_MAX 20
struct cursor {
    sqlite3_vtab_cursor base;
    uint8_t number; /* the server knows it by this */
    bool over;      /* no row here */
    bool last;      /* nothing comes behind this batch */
    int64_t row_id;
    uint8_t *body; /* of the batch */
    struct frame_reader reader;
    struct batch_run run;                       /* samples */
    uint32_t at;                                /* samples: row of the run */
    uint32_t rows_left;                         /* other tables: behind this one */
    struct sql_value values[TABLE_COLUMNS_MAX]; /* their row */
};
_Static_assert((int)POINTS_COLUMNS <= TABLE_COLUMNS_MAX && (int)LIVE_COLUMNS <= TABLE_COLUMNS_MAX &&
                   (int)ASSETS_COLUMNS <= TABLE_COLUMNS_MAX &&
                   (int)RULES_COLUMNS <= TABLE_COLUMNS_MAX &&
                   (int)ALARMS_COLUMNS <= TABLE_COLUMNS_MAX &&
                   (int)JOURNAL_COLUMNS <= TABLE_COLUMNS_MAX &&
                   (int)BUCKETS_COLUMNS <= TABLE_COLUMNS_MAX,
               "rows fit");

static struct table *table_of(sqlite3_vtab *base)
{
    return (struct table *)base;
}

static struct cursor *cursor_of(sqlite3_vtab_cursor *base)
{
    return (struct cursor *)base;
}

static struct sql_worker *worker_of(const struct cursor *cursor)
{
    return table_of(cursor->base.pVtab)->worker;
}

static int table_fault(sqlite3_vtab *table, char *sentence)
{
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = sentence;
    return sentence != NULL ? SQLITE_ERROR : SQLITE_NOMEM;
}

/* ---- life ------------------------------------------------------------------------------------
 */
static char *table_declaration(const struct sql_table_view *view)
{
    sqlite3_str *text = sqlite3_str_new(NULL);
    sqlite3_str_appendf(text, "create table %s(", view->name);
    for (size_t i = 0; i < view->column_count; i++)
        sqlite3_str_appendf(text, "%s\"%w\" %s%s", i > 0 ? ", " : "", view->columns[i].name,
                            view->columns[i].type, view->columns[i].hidden ? " hidden" : "");
    sqlite3_str_appendall(text, ")");
    return sqlite3_str_finish(text);
}

static int table_connect(sqlite3 *db, void *arg, int count, const char *const *given,
                         sqlite3_vtab **ret_table, char **ret_fault)
{
    struct sql_worker *worker = arg;
    (void)count, (void)ret_fault;
    size_t at = 0;
    while (at < SQL_TABLE_COUNT && strcmp(sql_tables[at].name, given[0]) != 0)
        at++;
    struct table *table = at < SQL_TABLE_COUNT ? sqlite3_malloc64(sizeof *table) : NULL;
    if (table == NULL)
        return SQLITE_NOMEM;
    memset(table, 0, sizeof *table);
    table->worker = worker;
    table->table = (enum sql_table)at;
    char *declaration = table_declaration(&sql_tables[at]);
    int rc = declaration != NULL ? sqlite3_declare_vtab(db, declaration) : SQLITE_NOMEM;
    sqlite3_free(declaration);
    if (rc == SQLITE_OK)
        *ret_table = &table->base;
    else
        sqlite3_free(table);
    return rc;
}

static int table_disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

static int table_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    const struct table *table = table_of(base);
    return plan_best_index(table->worker, table->table, info);
}

static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret_cursor)
{
    struct sql_worker *worker = table_of(base)->worker;
    uint8_t number = 0;
    while (number < SQL_CURSORS_MAX && (worker->cursors >> number & 1u))
        number++;
    if (number == SQL_CURSORS_MAX)
        return table_fault(base, sqlite3_mprintf("the statement reads more than %d tables at once",
                                                 SQL_CURSORS_MAX));
    struct cursor *cursor = sqlite3_malloc64(sizeof *cursor);
    if (cursor == NULL)
        return SQLITE_NOMEM;
    memset(cursor, 0, sizeof *cursor);
    cursor->number = number;
    worker->cursors |= UINT64_C(1) << number;
    *ret_cursor = &cursor->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = cursor_of(base);
    struct sql_worker *worker = worker_of(cursor);
    worker->cursors &= ~(UINT64_C(1) << cursor->number);
    size_t began = frame_begin(&worker->out, FRAME_CLOSE);
    frame_put_u8(&worker->out, cursor->number);
    frame_end(&worker->out, began);
    bool sent = worker_send(worker);
    (void)sent; /* whoever is gone needs no word */
    sqlite3_free(cursor->body);
    sqlite3_free(cursor);
    return SQLITE_OK;
}

/* ---- batches -----------------------------------------------------------------------------------
 */
static int cursor_broken(struct cursor *cursor)
{
    return table_fault(cursor->base.pVtab, sqlite3_mprintf("the server's rows make no sense"));
}

static int cursor_fault(struct cursor *cursor, struct bytes body)
{
    struct frame_reader reader = frame_read(body);
    struct bytes text = frame_get_text(&reader);
    return table_fault(cursor->base.pVtab,
                       sqlite3_mprintf("%.*s", (int)text.size, (const char *)text.at));
}

/* Sends what `out` holds and takes the batch that is the answer. */
static int cursor_ask(struct cursor *cursor)
{
    struct sql_worker *worker = worker_of(cursor);
    uint8_t kind, *body;
    size_t size;
    if (!worker_send(worker) || !worker_receive(worker, &kind, &body, &size))
        return worker->gone ? SQLITE_INTERRUPT : SQLITE_NOMEM;
    sqlite3_free(cursor->body);
    cursor->body = body;
    struct bytes bytes = bytes_of(body != NULL ? body : (const uint8_t *)"", size);
    if (kind == FRAME_FAULT)
        return cursor_fault(cursor, bytes);
    cursor->reader = frame_read(bytes);
    cursor->last = frame_get_u8(&cursor->reader) != 0;
    cursor->run.count = cursor->at = 0;
    cursor->rows_left = 0;
    if (kind != FRAME_BATCH || cursor->reader.wrong)
        return cursor_broken(cursor);
    if (table_of(cursor->base.pVtab)->table != SQL_SAMPLES)
        cursor->rows_left = frame_get_u32(&cursor->reader);
    return cursor->reader.wrong ? cursor_broken(cursor) : SQLITE_OK;
}

static int cursor_more(struct cursor *cursor)
{
    struct sql_worker *worker = worker_of(cursor);
    size_t began = frame_begin(&worker->out, FRAME_NEXT);
    frame_put_u8(&worker->out, cursor->number);
    frame_end(&worker->out, began);
    return cursor_ask(cursor);
}

/* The next row is that at cursor->at of the run. */
static int samples_next(struct cursor *cursor)
{
    if (++cursor->at < cursor->run.count)
        return SQLITE_OK;
    for (;;) {
        while (cursor->reader.at < cursor->reader.body.size) {
            if (!batch_run_get(&cursor->reader, &cursor->run))
                return cursor_broken(cursor);
            cursor->at = 0;
            if (cursor->run.count > 0)
                return SQLITE_OK;
        }
        if (cursor->last) {
            cursor->over = true;
            return SQLITE_OK;
        }
        int rc = cursor_more(cursor);
        if (rc != SQLITE_OK)
            return rc;
    }
}

static int rows_next(struct cursor *cursor)
{
    size_t columns = sql_tables[table_of(cursor->base.pVtab)->table].column_count;
    while (cursor->rows_left == 0) {
        if (cursor->last) {
            cursor->over = true;
            return SQLITE_OK;
        }
        int rc = cursor_more(cursor);
        if (rc != SQLITE_OK)
            return rc;
    }
    cursor->rows_left--;
    for (size_t i = 0; i < columns; i++)
        cursor->values[i] = frame_get_value(&cursor->reader);
    return cursor->reader.wrong ? cursor_broken(cursor) : SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = cursor_of(base);
    cursor->row_id++;
    return table_of(base->pVtab)->table == SQL_SAMPLES ? samples_next(cursor) : rows_next(cursor);
}

static int cursor_filter(sqlite3_vtab_cursor *base, int number, const char *words, int count,
                         sqlite3_value **values)
{
    struct cursor *cursor = cursor_of(base);
    struct sql_worker *worker = worker_of(cursor);
    struct frame_writer texts = {.at = NULL};
    struct sql_filter filter;
    char *fault = NULL;
    bool none = false;
    (void)words;
    cursor->row_id = 0;
    cursor->over = false;
    int rc = plan_filter(worker, number, count, values, &texts, &filter, &none, &fault);
    if (rc == SQLITE_OK && none) {
        cursor->over = true;
    } else if (rc == SQLITE_OK) {
        size_t began = frame_begin(&worker->out, FRAME_OPEN);
        frame_put_u8(&worker->out, cursor->number);
        filter_put(&worker->out, &filter);
        frame_end(&worker->out, began);
        rc = cursor_ask(cursor);
    }
    frame_writer_done(&texts);
    if (fault != NULL)
        return table_fault(base->pVtab, fault);
    return rc != SQLITE_OK || cursor->over ? rc : cursor_next(base);
}

/* ---- columns -----------------------------------------------------------------------------------
 */
static int cursor_eof(sqlite3_vtab_cursor *base)
{
    return cursor_of(base)->over;
}

static int cursor_row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *ret_id)
{
    *ret_id = cursor_of(base)->row_id;
    return SQLITE_OK;
}

static void text_tell(sqlite3_context *context, struct bytes text)
{
    sqlite3_result_text64(context, (const char *)text.at, text.size, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void value_tell(sqlite3_context *context, const struct sql_value *value)
{
    switch (value->kind) {
    case FRAME_INTEGER:
        sqlite3_result_int64(context, value->integer);
        break;
    case FRAME_REAL:
        sqlite3_result_double(context, value->real);
        break;
    case FRAME_TEXT:
        text_tell(context, value->text);
        break;
    case FRAME_BLOB:
        sqlite3_result_blob64(context, value->text.at, value->text.size, SQLITE_TRANSIENT);
        break;
    default:
        sqlite3_result_null(context);
    }
}

static void sample_tell(sqlite3_context *context, const struct batch_run *run, uint32_t at,
                        int column)
{
    bool present = run->cells.size == 0 || run->cells.at[at] == 0;
    const char *name;
    uint64_t word;
    double real;
    switch (column) {
    case SAMPLES_POINT:
        sqlite3_result_int64(context, run->point);
        break;
    case SAMPLES_PATH:
        text_tell(context, run->path);
        break;
    case SAMPLES_TIME:
        if (run->times.size > 0)
            sqlite3_result_int64(context, (int64_t)load_u64(run->times.at + (size_t)at * 8));
        break;
    case SAMPLES_VALUE:
        if (!present || run->type == VALUE_STRING || run->words.size == 0)
            break; /* NULL */
        word = load_u64(run->words.at + (size_t)at * 8);
        memcpy(&real, &word, sizeof real);
        if (run->type == VALUE_FLOAT64)
            sqlite3_result_double(context, real);
        else
            sqlite3_result_int64(context, (int64_t)word);
        break;
    case SAMPLES_TEXT:
        if (present && run->type == VALUE_STRING && run->ends.size > 0)
            text_tell(context, batch_run_text(run, at));
        break;
    case SAMPLES_QUALITY:
        name = quality_name(run->qualities.size > 0 ? run->qualities.at[at] : QUALITY_GOOD);
        sqlite3_result_text(context, name != NULL ? name : "unknown", -1, SQLITE_STATIC);
        break;
    case SAMPLES_LATENESS:
        if (run->lateness.size > 0)
            sqlite3_result_int64(context, (int64_t)load_u64(run->lateness.at + (size_t)at * 8));
        break;
    case SAMPLES_LABELS:
        text_tell(context, run->labels);
        break;
    default:
        break;
    }
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct cursor *cursor = cursor_of(base);
    if (table_of(base->pVtab)->table == SQL_SAMPLES)
        sample_tell(context, &cursor->run, cursor->at, column);
    else
        value_tell(context, &cursor->values[column]);
    return SQLITE_OK;
}

static sqlite3_module module = {
    .iVersion = 1,
    .xConnect = table_connect, /* without xCreate: each is there once, under its own name */
    .xBestIndex = table_best_index,
    .xDisconnect = table_disconnect,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = cursor_filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = cursor_column,
    .xRowid = cursor_row_id,
};

bool tables_register(struct sql_worker *worker)
{
    for (size_t i = 0; i < SQL_TABLE_COUNT; i++)
        if (sqlite3_create_module(worker->db, sql_tables[i].name, &module, worker) != SQLITE_OK)
            return false;
    return true;
}
