/* Functions of SQL beside SQLite's own: times, buckets, labels, percentiles, deviations. */
#include "sql/worker.h"

#include "sql/times.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct bytes value_bytes(sqlite3_value *value)
{
    const unsigned char *text = sqlite3_value_text(value);
    return text != NULL ? bytes_of(text, (size_t)sqlite3_value_bytes(value)) : bytes_of("", 0);
}

static bool any_null(int count, sqlite3_value **values)
{
    for (int i = 0; i < count; i++)
        if (sqlite3_value_type(values[i]) == SQLITE_NULL)
            return true;
    return false; /* the answer is NULL as it is */
}

/* ---- times -----------------------------------------------------------------------------------
 */
static void time_text_run(sqlite3_context *context, int count, sqlite3_value **values)
{
    char text[TIME_TEXT_SIZE];
    if (any_null(count, values))
        return;
    size_t size = strlen(time_format(sqlite3_value_int64(values[0]), text));
    if (strchr(text, '.') != NULL) { /* as many digits as it needs, as the API writes times */
        size--;
        while (text[size - 1] == '0')
            size--;
        size -= text[size - 1] == '.';
        text[size++] = 'Z';
    }
    sqlite3_result_text(context, text, (int)size, SQLITE_TRANSIENT);
}

/* A number is one already. */
static void time_ns_run(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct sql_worker *worker = sqlite3_user_data(context);
    int64_t time_ns;
    char fault[256];
    if (any_null(count, values))
        return;
    if (sqlite3_value_numeric_type(values[0]) == SQLITE_INTEGER) {
        sqlite3_result_int64(context, sqlite3_value_int64(values[0]));
        return;
    }
    struct bytes text = value_bytes(values[0]);
    if (sql_time_parse(text, worker->now_ns, &time_ns)) {
        sqlite3_result_int64(context, time_ns);
        return;
    }
    sqlite3_snprintf(sizeof fault, fault, "time_ns('%.60s'): " SQL_TIME_WANTED,
                     (const char *)text.at);
    sqlite3_result_error(context, fault, -1);
}

static void bucket_run(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct query_step step;
    int64_t begin_ns, end_ns;
    char fault[256];
    if (any_null(count, values))
        return;
    struct bytes text = value_bytes(values[1]);
    if (query_step_parse(text, &step)) {
        query_step_bucket(&step, sqlite3_value_int64(values[0]), &begin_ns, &end_ns);
        sqlite3_result_int64(context, begin_ns);
        return;
    }
    sqlite3_snprintf(sizeof fault, fault, "bucket(ns, '%.40s'): " SQL_STEP_WANTED,
                     (const char *)text.at);
    sqlite3_result_error(context, fault, -1);
}

/* ---- labels ----------------------------------------------------------------------------------
 */
/* The string at *at of the JSON that the server wrote, as raw bytes; *at moves behind it. */
static bool json_string(struct bytes json, size_t *at, struct bytes *ret_raw)
{
    size_t begin = *at + 1, end = begin;
    if (*at >= json.size || json.at[*at] != '"')
        return false;
    while (end < json.size && json.at[end] != '"')
        end += json.at[end] == '\\' ? 2 : 1;
    if (end >= json.size)
        return false;
    *ret_raw = bytes_of(json.at + begin, end - begin);
    *at = end + 1;
    return true;
}

/* Without escapes, into at[raw.size]; returns the size. Of \u the server writes control characters
 * alone. */
static size_t json_plain(struct bytes raw, uint8_t *at)
{
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    size_t size = 0;
    for (size_t i = 0; i < raw.size; i++) {
        const char *escape;
        if (raw.at[i] != '\\' || i + 1 >= raw.size) {
            at[size++] = raw.at[i];
        } else if (raw.at[++i] == 'u' && i + 4 < raw.size) {
            char digits[5] = {0};
            memcpy(digits, raw.at + i + 1, 4);
            at[size++] = (uint8_t)strtoul(digits, NULL, 16);
            i += 4;
        } else {
            escape = strchr(from, raw.at[i]);
            at[size++] = escape != NULL ? (uint8_t)to[escape - from] : raw.at[i];
        }
    }
    return size;
}

/* label(labels, name): a flat object of strings, as the server wrote it. */
static void label_run(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (any_null(count, values))
        return;
    struct bytes json = value_bytes(values[0]), wanted = value_bytes(values[1]), raw;
    uint8_t *plain = sqlite3_malloc64(json.size + 1);
    if (plain == NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    size_t at = 1;
    while (json_string(json, &at, &raw)) {
        size_t size = json_plain(raw, plain);
        bool found = bytes_equal(bytes_of(plain, size), wanted);
        at++; /* the colon */
        if (!json_string(json, &at, &raw))
            break;
        at++; /* the comma */
        if (found) {
            sqlite3_result_text64(context, (char *)plain, json_plain(raw, plain), SQLITE_TRANSIENT,
                                  SQLITE_UTF8);
            break;
        }
    }
    sqlite3_free(plain);
}

/* ---- aggregates ------------------------------------------------------------------------------
 */
struct deviation { /* Welford's: exact enough for values far from zero */
    uint64_t count;
    double mean, squares;
};

static void stddev_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    if (sqlite3_value_numeric_type(values[0]) == SQLITE_NULL)
        return;
    struct deviation *of = sqlite3_aggregate_context(context, sizeof *of);
    if (of == NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    double value = sqlite3_value_double(values[0]), from_mean = value - of->mean;
    of->count++;
    of->mean += from_mean / (double)of->count;
    of->squares += from_mean * (value - of->mean);
}

static void stddev_end(sqlite3_context *context)
{
    const struct deviation *of = sqlite3_aggregate_context(context, 0);
    if (of != NULL && of->count > 1)
        sqlite3_result_double(context, sqrt(of->squares / (double)(of->count - 1)));
}

struct percentile {
    double *values; /* all of them: the answer is exact */
    uint64_t count, capacity;
    double wanted;
    bool failed;
};

static void percentile_fail(sqlite3_context *context, struct percentile *of, const char *sentence)
{
    of->failed = true;
    sqlite3_free(of->values);
    of->values = NULL;
    if (sentence != NULL)
        sqlite3_result_error(context, sentence, -1);
    else
        sqlite3_result_error_nomem(context);
}

static void percentile_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    struct percentile *of = sqlite3_aggregate_context(context, sizeof *of);
    if (of == NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    if (of->failed || sqlite3_value_type(values[0]) == SQLITE_NULL)
        return;
    int type = sqlite3_value_numeric_type(values[1]);
    double wanted = sqlite3_value_double(values[1]);
    if ((type != SQLITE_INTEGER && type != SQLITE_FLOAT) || !(wanted >= 0 && wanted <= 100)) {
        percentile_fail(context, of, "percentile(value, p): p is a number from 0 to 100");
        return;
    }
    if (of->count == of->capacity) {
        uint64_t capacity = of->capacity == 0 ? 64 : of->capacity * 2;
        double *grown = sqlite3_realloc64(of->values, capacity * sizeof *grown);
        if (grown == NULL) {
            percentile_fail(context, of, NULL);
            return;
        }
        of->values = grown;
        of->capacity = capacity;
    }
    of->wanted = wanted;
    of->values[of->count++] = sqlite3_value_double(values[0]);
}

static int real_compare(const void *a, const void *b)
{
    double x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Between the two values next to it in proportion, as a spreadsheet's PERCENTILE does. */
static void percentile_end(sqlite3_context *context)
{
    struct percentile *of = sqlite3_aggregate_context(context, 0);
    if (of == NULL || of->failed || of->count == 0)
        return;
    qsort(of->values, of->count, sizeof *of->values, real_compare);
    double place = of->wanted / 100 * (double)(of->count - 1), below = floor(place);
    uint64_t at = (uint64_t)below, next = at + 1 < of->count ? at + 1 : at;
    double part = place - below;
    sqlite3_result_double(context, of->values[at] + (of->values[next] - of->values[at]) * part);
    sqlite3_free(of->values);
    of->values = NULL;
    of->failed = true;
}

/* ---- all of them -------------------------------------------------------------------------------
 */
bool functions_register(struct sql_worker *worker)
{
    static const struct {
        const char *name;
        int count;
        void (*run)(sqlite3_context *, int, sqlite3_value **);
        void (*step)(sqlite3_context *, int, sqlite3_value **);
        void (*end)(sqlite3_context *);
    } functions[] = {
        {"time_text", 1, time_text_run, NULL, NULL},
        {"time_ns", 1, time_ns_run, NULL, NULL},
        {"bucket", 2, bucket_run, NULL, NULL},
        {"label", 2, label_run, NULL, NULL},
        {"percentile", 2, NULL, percentile_step, percentile_end},
        {"stddev", 1, NULL, stddev_step, stddev_end},
    };
    /* `now` stands still within a statement: the same words give the same answer. */
    for (size_t i = 0; i < ARRAY_COUNT(functions); i++)
        if (sqlite3_create_function(worker->db, functions[i].name, functions[i].count,
                                    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, worker,
                                    functions[i].run, functions[i].step,
                                    functions[i].end) != SQLITE_OK)
            return false;
    return true;
}
