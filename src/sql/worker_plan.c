/* Plans: which conditions of a statement the server is asked with, so that it looks only at points
 * and chunks that can matter. SQLite proposes combinations (xBestIndex); what is taken of each is
 * noted under a number, said in words for EXPLAIN QUERY PLAN, and turned into a filter when SQLite
 * runs it (xFilter).
 *
 * A condition that the filter answers exactly is not judged again by SQLite (omit); GLOB and LIKE
 * are, unless the pattern is known already and is one that glob.h is exact for. */
#include "sql/worker.h"

#include "sql/glob.h"
#include "sql/times.h"

#include <math.h>
#include <string.h>

#define PLANS_MAX 65536 /* different ones of a statement; each is small */

struct plan_word {
    const char *one, *list;
};
static const struct plan_word words[PLAN_KINDS] = {
    [PLAN_POINT] = {"point=", "point IN"}, [PLAN_PATH] = {"path=", "path IN"},
    [PLAN_GLOB] = {"path GLOB", NULL},     [PLAN_LIKE] = {"path LIKE", NULL},
    [PLAN_LABEL] = {"labels MATCH", NULL}, [PLAN_RETIRED] = {"retired=", NULL},
    [PLAN_TIME_AT] = {"time=", NULL},      [PLAN_TIME_FROM] = {"time>=", NULL},
    [PLAN_TIME_AFTER] = {"time>", NULL},   [PLAN_TIME_UNTIL] = {"time<=", NULL},
    [PLAN_TIME_BEFORE] = {"time<", NULL},  [PLAN_ARGUMENT_MATCH] = {"match", NULL},
    [PLAN_ARGUMENT_FROM] = {"from", NULL}, [PLAN_ARGUMENT_TO] = {"to", NULL},
    [PLAN_ARGUMENT_STEP] = {"step", NULL},
};
/* Where the columns that can be asked for stand, by table; -1: nowhere. */
struct plan_columns {
    int point, path, labels, retired, time;
};
static const struct plan_columns columns_of[SQL_TABLES] = {
    [SQL_POINTS] = {POINTS_POINT, POINTS_PATH, POINTS_LABELS, POINTS_RETIRED, -1},
    [SQL_LIVE] = {LIVE_POINT, LIVE_PATH, LIVE_LABELS, -1, -1},
    [SQL_SAMPLES] = {SAMPLES_POINT, SAMPLES_PATH, SAMPLES_LABELS, -1, SAMPLES_TIME},
    [SQL_BUCKETS] = {BUCKETS_POINT, BUCKETS_PATH, BUCKETS_LABELS, -1, -1},
    [SQL_TYPES] = {-1, -1, -1, -1, -1},
    [SQL_ASSETS] = {-1, -1, -1, -1, -1},
    [SQL_RULES] = {-1, -1, -1, -1, -1},
    [SQL_ALARMS] = {-1, -1, -1, -1, -1},
    [SQL_JOURNAL] = {-1, -1, -1, -1, JOURNAL_ARRIVED},
    [SQL_DOCUMENTS] = {-1, -1, -1, -1, -1},
    [SQL_ROSTERS] = {-1, -1, -1, -1, -1},
    [SQL_CHANNELS] = {-1, -1, -1, -1, -1},
};
#define KINDS_TIME                                                                                 \
    (1u << PLAN_TIME_AT | 1u << PLAN_TIME_FROM | 1u << PLAN_TIME_AFTER | 1u << PLAN_TIME_UNTIL |   \
     1u << PLAN_TIME_BEFORE)
#define KINDS_ARGUMENT                                                                             \
    (1u << PLAN_ARGUMENT_MATCH | 1u << PLAN_ARGUMENT_FROM | 1u << PLAN_ARGUMENT_TO |               \
     1u << PLAN_ARGUMENT_STEP)

/* ---- conditions ------------------------------------------------------------------------------
 */
static enum plan_kind kind_of_time(int op)
{
    switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
        return PLAN_TIME_AT;
    case SQLITE_INDEX_CONSTRAINT_GE:
        return PLAN_TIME_FROM;
    case SQLITE_INDEX_CONSTRAINT_GT:
        return PLAN_TIME_AFTER;
    case SQLITE_INDEX_CONSTRAINT_LE:
        return PLAN_TIME_UNTIL;
    case SQLITE_INDEX_CONSTRAINT_LT:
        return PLAN_TIME_BEFORE;
    default:
        return PLAN_KINDS;
    }
}

/* PLAN_KINDS: it is none that is asked for. */
static enum plan_kind kind_of(enum sql_table table, int column, int op)
{
    const struct plan_columns *at = &columns_of[table];
    if (column < 0)
        return PLAN_KINDS;
    if (column == at->time)
        return kind_of_time(op);
    if (op == SQLITE_INDEX_CONSTRAINT_EQ) {
        if (column == at->point)
            return PLAN_POINT;
        if (column == at->path)
            return PLAN_PATH;
        if (column == at->retired)
            return PLAN_RETIRED;
        if (table == SQL_BUCKETS && column >= BUCKETS_MATCH && column <= BUCKETS_STEP)
            return (enum plan_kind)(PLAN_ARGUMENT_MATCH + column - BUCKETS_MATCH);
    }
    if (column == at->path && op == SQLITE_INDEX_CONSTRAINT_GLOB)
        return PLAN_GLOB;
    if (column == at->path && op == SQLITE_INDEX_CONSTRAINT_LIKE)
        return PLAN_LIKE;
    if (column == at->labels && op == SQLITE_INDEX_CONSTRAINT_MATCH)
        return PLAN_LABEL;
    return PLAN_KINDS;
}

/* Paths are compared byte by byte here. */
static bool is_binary(sqlite3_index_info *info, int at)
{
    const char *collation = sqlite3_vtab_collation(info, at);
    return collation == NULL || sqlite3_stricmp(collation, "BINARY") == 0;
}

/* The pattern is known, and the filter's answer is SQLite's. */
static bool is_exact(sqlite3_index_info *info, int at, enum plan_kind kind)
{
    sqlite3_value *value = NULL;
    if (kind != PLAN_GLOB && kind != PLAN_LIKE)
        return true;
    if (sqlite3_vtab_rhs_value(info, at, &value) != SQLITE_OK || value == NULL ||
        sqlite3_value_type(value) != SQLITE_TEXT)
        return false;
    const unsigned char *text = sqlite3_value_text(value);
    /* A LIKE of a LEFT JOIN that begins with a letter is judged by SQLite too: told to leave it
     * out, it judges it behind the join (seen in 3.40), and rows without a partner are lost. */
    if (text == NULL || (kind == PLAN_LIKE && text[0] != '%' && text[0] != '_'))
        return false;
    return glob_is_exact(bytes_of(text, (size_t)sqlite3_value_bytes(value)), kind == PLAN_LIKE);
}

/* Which condition stands for each kind: its place, or -1. False: a combination that cannot be run,
 * for an argument of the function would come too late. */
static bool conditions_find(enum sql_table table, sqlite3_index_info *info, int places[PLAN_KINDS])
{
    for (int kind = 0; kind < PLAN_KINDS; kind++)
        places[kind] = -1;
    for (int i = 0; i < info->nConstraint; i++) {
        enum plan_kind kind = kind_of(table, info->aConstraint[i].iColumn, info->aConstraint[i].op);
        if (kind == PLAN_KINDS)
            continue;
        if (!info->aConstraint[i].usable) {
            /* A MATCH has no function behind it: only the filter can answer it. */
            if (kind >= PLAN_ARGUMENT_MATCH || kind == PLAN_LABEL)
                return false;
            continue;
        }
        if ((kind == PLAN_POINT || kind == PLAN_PATH) && !is_binary(info, i))
            continue;
        if (places[kind] < 0)
            places[kind] = i;
    }
    return true;
}

/* ---- orders ------------------------------------------------------------------------------------
 */
static bool has(const struct plan *plan, enum plan_kind kind)
{
    return plan->kinds >> kind & 1u;
}

static bool is_list(const struct plan *plan, enum plan_kind kind)
{
    return plan->lists >> kind & 1u;
}

/* One point at most. */
static bool is_single(const struct plan *plan)
{
    return (has(plan, PLAN_POINT) && !is_list(plan, PLAN_POINT)) ||
           (has(plan, PLAN_PATH) && !is_list(plan, PLAN_PATH));
}

/* Are points found in the order of their ids? */
static bool is_by_id(const struct plan *plan)
{
    return has(plan, PLAN_POINT) || !(has(plan, PLAN_PATH) || has(plan, PLAN_GLOB) ||
                                      has(plan, PLAN_LIKE) || has(plan, PLAN_ARGUMENT_MATCH));
}

/* GROUP BY and DISTINCT of point or path: the rows of a point stand together. */
static bool order_is_grouping(const struct plan *plan, sqlite3_index_info *info)
{
    const struct plan_columns *at = &columns_of[plan->table];
    int distinct = sqlite3_vtab_distinct(info);
    if (distinct != 1 && distinct != 2)
        return false;
    for (int i = 0; i < info->nOrderBy; i++) {
        int column = info->aOrderBy[i].iColumn;
        /* Of retired points, which a list of ids may name, several can have had one path. */
        if (column != at->point && (column != at->path || has(plan, PLAN_POINT)))
            return false;
    }
    return true;
}

/* Can the rows come in the order that is wanted? Then it is noted in the plan. */
static bool order_find(struct plan *plan, sqlite3_index_info *info)
{
    const struct plan_columns *at = &columns_of[plan->table];
    int time = plan->table == SQL_BUCKETS ? BUCKETS_TIME : at->time;
    bool by_point = false;
    if (info->nOrderBy == 0 || sql_table_is_of_module(plan->table))
        return false;
    if (order_is_grouping(plan, info)) {
        plan->order = SQL_ORDER_POINT;
        return true;
    }
    for (int i = 0; i < info->nOrderBy; i++) {
        int column = info->aOrderBy[i].iColumn;
        bool down = info->aOrderBy[i].desc;
        if (is_single(plan) && (column == at->point || column == at->path))
            continue; /* there is one */
        if (column == at->point && !down && is_by_id(plan)) {
            by_point = true;
            continue;
        }
        if (time < 0 || column != time || !(by_point || is_single(plan)) ||
            (down && plan->table == SQL_BUCKETS)) /* those are folded forwards */
            return false;
        plan->order = down ? SQL_ORDER_TIME_DOWN : SQL_ORDER_POINT;
        return true; /* a point has a time once: nothing behind it matters */
    }
    plan->order = SQL_ORDER_POINT;
    return true;
}

/* ---- what it would cost ----------------------------------------------------------------------
 */
static double points_expected(const struct plan *plan)
{
    double points = 1e6;
    if (is_single(plan) || sql_table_is_of_module(plan->table))
        return 1;
    if (has(plan, PLAN_POINT) || has(plan, PLAN_PATH))
        return 10;
    if (has(plan, PLAN_GLOB) || has(plan, PLAN_LIKE) || has(plan, PLAN_ARGUMENT_MATCH))
        points /= 100;
    return has(plan, PLAN_LABEL) ? points / 20 : points;
}

static double rows_expected(const struct plan *plan)
{
    double of_point = 1;
    if (sql_table_is_of_module(plan->table))
        of_point = plan->table == SQL_JOURNAL ? 1e5 : 1e3; /* points_expected is 1 */
    if (plan->table == SQL_SAMPLES)
        of_point = 1e5;
    else if (plan->table == SQL_BUCKETS)
        of_point = 1e3;
    if (has(plan, PLAN_TIME_AT))
        of_point = 1;
    if (has(plan, PLAN_TIME_FROM) || has(plan, PLAN_TIME_AFTER))
        of_point /= 10;
    if (has(plan, PLAN_TIME_UNTIL) || has(plan, PLAN_TIME_BEFORE))
        of_point /= 5;
    return points_expected(plan) * (of_point < 1 ? 1 : of_point);
}

static void cost_tell(const struct plan *plan, sqlite3_index_info *info)
{
    double rows = rows_expected(plan);
    info->estimatedRows = (sqlite3_int64)rows;
    /* A LIKE looks at all paths, for it takes letters in either case; each question has a price. */
    info->estimatedCost = 100 + rows + (has(plan, PLAN_LIKE) && !is_single(plan) ? 1e5 : 0);
    if (rows <= 1)
        info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
}

/* ---- xBestIndex ------------------------------------------------------------------------------
 */
/* "path GLOB, time>=, time<, in order of time"; sqlite3_malloc'ed. */
static char *words_of(const struct plan *plan)
{
    static const char *const orders[] = {[SQL_ORDER_NONE] = "",
                                         [SQL_ORDER_POINT] = "in order",
                                         [SQL_ORDER_TIME_DOWN] = "newest first"};
    sqlite3_str *text = sqlite3_str_new(NULL);
    const char *between = "";
    for (int kind = 0; kind < PLAN_KINDS; kind++)
        if (has(plan, (enum plan_kind)kind)) {
            bool list = is_list(plan, (enum plan_kind)kind);
            sqlite3_str_appendf(text, "%s%s", between, list ? words[kind].list : words[kind].one);
            between = ", ";
        }
    if (plan->kinds == 0) {
        sqlite3_str_appendall(text,
                              sql_table_is_of_module(plan->table) ? "all rows" : "all points");
        between = ", ";
    }
    if (plan->order != SQL_ORDER_NONE)
        sqlite3_str_appendf(text, "%s%s", between, orders[plan->order]);
    return sqlite3_str_finish(text);
}

/* Its number among the statement's plans; -1: no memory. */
static int plan_note(struct sql_worker *worker, const struct plan *plan)
{
    for (size_t i = 0; i < worker->plan_count; i++)
        if (memcmp(&worker->plans[i], plan, sizeof *plan) == 0)
            return (int)i;
    if (worker->plan_count == PLANS_MAX)
        return -1;
    if (worker->plan_count == worker->plan_capacity) {
        size_t capacity = worker->plan_capacity == 0 ? 16 : worker->plan_capacity * 2;
        struct plan *plans = sqlite3_realloc64(worker->plans, capacity * sizeof *plans);
        if (plans == NULL)
            return -1;
        worker->plans = plans;
        worker->plan_capacity = capacity;
    }
    worker->plans[worker->plan_count] = *plan;
    return (int)worker->plan_count++;
}

int plan_best_index(struct sql_worker *worker, enum sql_table table, sqlite3_index_info *info)
{
    struct plan plan;
    int places[PLAN_KINDS], argument = 0;
    memset(&plan, 0, sizeof plan); /* plans are compared as bytes */
    plan.table = table;
    plan.columns = (uint32_t)(info->colUsed & UINT32_MAX);
    if (!conditions_find(table, info, places))
        return SQLITE_CONSTRAINT;
    for (int kind = 0; kind < PLAN_KINDS; kind++) {
        if (places[kind] < 0)
            continue;
        struct sqlite3_index_constraint_usage *usage = &info->aConstraintUsage[places[kind]];
        plan.kinds |= 1u << kind;
        if (words[kind].list != NULL && sqlite3_vtab_in(info, places[kind], -1) &&
            sqlite3_vtab_in(info, places[kind], 1))
            plan.lists |= 1u << kind;
        usage->argvIndex = ++argument;
        usage->omit = is_exact(info, places[kind], (enum plan_kind)kind);
    }
    info->orderByConsumed = order_find(&plan, info);
    cost_tell(&plan, info);
    info->idxNum = plan_note(worker, &plan);
    info->idxStr = info->idxNum >= 0 ? words_of(&plan) : NULL;
    info->needToFreeIdxStr = 1;
    return info->idxStr != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

/* ---- xFilter ---------------------------------------------------------------------------------
 */
struct filling {
    struct sql_worker *worker;
    const struct plan *plan;
    struct sql_filter *filter;
    struct frame_writer *texts;
    bool none;
    char *fault;
};

/* Texts lie behind each other in `texts`, which moves as it grows: until all are there a view holds
 * the offset in `at`'s place. */
static struct bytes text_keep(struct filling *filling, sqlite3_value *value)
{
    const unsigned char *text = sqlite3_value_text(value);
    size_t size = (size_t)sqlite3_value_bytes(value), offset = filling->texts->size;
    frame_put_bytes(filling->texts, text != NULL ? text : (const unsigned char *)"",
                    text != NULL ? size : 0);
    return (struct bytes){.at = (const uint8_t *)(uintptr_t)offset,
                          .size = text != NULL ? size : 0};
}

/* A number as a whole one, rounded as told; held within 64 bits. False: it is none. */
static bool whole_of(sqlite3_value *value, double (*round_to)(double), int64_t *ret_whole,
                     bool *ret_exact)
{
    int type = sqlite3_value_numeric_type(value);
    *ret_exact = true;
    if (type == SQLITE_INTEGER) {
        *ret_whole = sqlite3_value_int64(value);
        return true;
    }
    if (type != SQLITE_FLOAT)
        return false;
    double real = sqlite3_value_double(value), rounded = round_to(real);
    *ret_exact = real == rounded; /* the same double */
    if (rounded >= 0x1p63) {
        *ret_whole = INT64_MAX;
        *ret_exact = false;
    } else if (rounded < -0x1p63) {
        *ret_whole = INT64_MIN;
        *ret_exact = false;
    } else {
        *ret_whole = (int64_t)rounded;
    }
    return true;
}

static void point_fill(struct filling *filling, sqlite3_value *value)
{
    int64_t point;
    bool exact;
    if (!whole_of(value, floor, &point, &exact) || !exact || point < 1 || point > UINT32_MAX)
        return;
    frame_put_u32(filling->texts, (uint32_t)point);
    filling->filter->point_count++;
}

static void path_fill(struct filling *filling, sqlite3_value *value)
{
    const unsigned char *text = sqlite3_value_text(value);
    int type = sqlite3_value_type(value);
    if (text == NULL || type == SQLITE_NULL || type == SQLITE_BLOB)
        return;
    frame_put_text(filling->texts, bytes_of(text, (size_t)sqlite3_value_bytes(value)));
    filling->filter->path_count++;
}

/* Each value of a list, or the one there is. */
static void values_fill(struct filling *filling, enum plan_kind kind, sqlite3_value *value)
{
    void (*fill)(struct filling *, sqlite3_value *) = kind == PLAN_POINT ? point_fill : path_fill;
    struct bytes *list = kind == PLAN_POINT ? &filling->filter->points : &filling->filter->paths;
    size_t offset = filling->texts->size;
    sqlite3_value *each = NULL;
    if (!is_list(filling->plan, kind))
        fill(filling, value);
    else
        for (int rc = sqlite3_vtab_in_first(value, &each); rc == SQLITE_OK && each != NULL;
             rc = sqlite3_vtab_in_next(value, &each))
            fill(filling, each);
    *list = (struct bytes){.at = (const uint8_t *)(uintptr_t)offset,
                           .size = filling->texts->size - offset};
    if (list->size == 0)
        filling->none = true;
}

/* Text against the number of a time is never equal and always greater in SQL: nobody means that. */
static bool time_fault(struct filling *filling, sqlite3_value *value)
{
    if (sqlite3_value_numeric_type(value) != SQLITE_TEXT)
        return false;
    filling->fault =
        sqlite3_mprintf("time is a number, ns since 1970, and was compared with the text '%.40s': "
                        "write time_ns('%.40s')",
                        sqlite3_value_text(value), sqlite3_value_text(value));
    return true;
}

static void time_fill(struct filling *filling, enum plan_kind kind, sqlite3_value *value)
{
    struct sql_filter *filter = filling->filter;
    int64_t time_ns;
    bool exact, up = kind == PLAN_TIME_FROM || kind == PLAN_TIME_BEFORE; /* x.5 becomes x + 1 */
    if (time_fault(filling, value))
        return;
    if (!whole_of(value, up ? ceil : floor, &time_ns, &exact)) {
        filling->none = true; /* NULL, or a blob */
        return;
    }
    int64_t next = time_ns < INT64_MAX ? time_ns + 1 : INT64_MAX;
    if (kind == PLAN_TIME_AT && !exact)
        filling->none = true;
    if (kind == PLAN_TIME_AT || kind == PLAN_TIME_FROM || kind == PLAN_TIME_AFTER) {
        int64_t from = kind == PLAN_TIME_AFTER ? next : time_ns;
        filter->from_ns = from > filter->from_ns ? from : filter->from_ns;
    }
    if (kind == PLAN_TIME_AT || kind == PLAN_TIME_UNTIL || kind == PLAN_TIME_BEFORE) {
        int64_t to = kind == PLAN_TIME_BEFORE ? time_ns : next;
        filter->to_ns = to < filter->to_ns ? to : filter->to_ns;
    }
}

/* from and to of buckets: text, or ns. */
static void bound_fill(struct filling *filling, enum plan_kind kind, sqlite3_value *value)
{
    int64_t *bound =
        kind == PLAN_ARGUMENT_FROM ? &filling->filter->from_ns : &filling->filter->to_ns;
    bool exact;
    if (sqlite3_value_type(value) == SQLITE_NULL) {
        filling->none = true;
        return;
    }
    if (whole_of(value, ceil, bound, &exact))
        return;
    const unsigned char *text = sqlite3_value_text(value);
    if (text == NULL || !sql_time_parse(bytes_of(text, (size_t)sqlite3_value_bytes(value)),
                                        filling->worker->now_ns, bound))
        filling->fault =
            sqlite3_mprintf("buckets(match, from, to, step): %s is '%.60s'; " SQL_TIME_WANTED,
                            words[kind].one, text != NULL ? (const char *)text : "");
}

static void text_fill(struct filling *filling, enum plan_kind kind, sqlite3_value *value)
{
    struct sql_filter *filter = filling->filter;
    struct query_step step;
    if (sqlite3_value_type(value) == SQLITE_NULL) {
        filling->none = true;
        return;
    }
    struct bytes kept = text_keep(filling, value);
    switch (kind) {
    case PLAN_GLOB:
        filter->by_glob = true;
        filter->glob = kept;
        break;
    case PLAN_LIKE:
        filter->by_like = true;
        filter->like = kept;
        break;
    case PLAN_LABEL:
        filter->by_label = true;
        filter->label = kept;
        break;
    case PLAN_ARGUMENT_MATCH:
        filter->by_match = true;
        filter->match = kept;
        break;
    default:
        filter->step = kept;
        if (!query_step_parse(
                bytes_of(sqlite3_value_text(value), (size_t)sqlite3_value_bytes(value)), &step))
            filling->fault =
                sqlite3_mprintf("buckets(match, from, to, step): step is '%.60s'; " SQL_STEP_WANTED,
                                sqlite3_value_text(value));
    }
}

static void kind_fill(struct filling *filling, enum plan_kind kind, sqlite3_value *value)
{
    int64_t whole;
    bool exact;
    if (kind == PLAN_POINT || kind == PLAN_PATH) {
        filling->filter->by_point |= kind == PLAN_POINT;
        filling->filter->by_path |= kind == PLAN_PATH;
        values_fill(filling, kind, value);
    } else if (kind == PLAN_RETIRED) {
        filling->filter->by_retired = true;
        filling->none |=
            !whole_of(value, floor, &whole, &exact) || !exact || whole < 0 || whole > 1;
        filling->filter->retired = !filling->none && whole == 1;
    } else if (KINDS_TIME >> kind & 1u) {
        time_fill(filling, kind, value);
    } else if (kind == PLAN_ARGUMENT_FROM || kind == PLAN_ARGUMENT_TO) {
        bound_fill(filling, kind, value);
    } else {
        text_fill(filling, kind, value);
    }
}

/* Offsets become addresses. */
static void texts_settle(const struct frame_writer *texts, struct sql_filter *filter)
{
    static const uint8_t nothing[1] = {0};
    struct bytes *views[] = {&filter->points, &filter->paths, &filter->glob, &filter->like,
                             &filter->label,  &filter->match, &filter->step};
    for (size_t i = 0; i < ARRAY_COUNT(views); i++)
        views[i]->at = views[i]->size > 0 ? texts->at + (uintptr_t)views[i]->at : nothing;
}

int plan_filter(struct sql_worker *worker, int number, int count, sqlite3_value **values,
                struct frame_writer *texts, struct sql_filter *ret_filter, bool *ret_none,
                char **ret_fault)
{
    if (number < 0 || (size_t)number >= worker->plan_count)
        return SQLITE_INTERNAL;
    const struct plan *plan = &worker->plans[number];
    struct filling filling = {.worker = worker, .plan = plan, .filter = ret_filter, .texts = texts};
    *ret_filter = (struct sql_filter){.table = plan->table,
                                      .columns = plan->columns,
                                      .order = plan->order,
                                      .from_ns = INT64_MIN,
                                      .to_ns = INT64_MAX};
    if (plan->table == SQL_BUCKETS && (plan->kinds & KINDS_ARGUMENT) != KINDS_ARGUMENT) {
        *ret_fault =
            sqlite3_mprintf("buckets wants four arguments: buckets(match, from, to, step), "
                            "as buckets('plant/#', 'now-1d', 'now', '1h')");
        return SQLITE_ERROR;
    }
    for (int kind = 0, at = 0; kind < PLAN_KINDS && filling.fault == NULL; kind++)
        if (has(plan, (enum plan_kind)kind) && at < count)
            kind_fill(&filling, (enum plan_kind)kind, values[at++]);
    *ret_none = filling.none || ret_filter->from_ns >= ret_filter->to_ns;
    *ret_fault = filling.fault;
    texts_settle(texts, ret_filter);
    if (texts->failed)
        return SQLITE_NOMEM;
    return filling.fault != NULL ? SQLITE_ERROR : SQLITE_OK;
}
