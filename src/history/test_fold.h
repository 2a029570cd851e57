/* What a store must answer: scans, single samples and rollups against the fold of what was told.
 * What differs is a check() that fails. For tests and the fuzzer. */
#pragma once

#include "history/test_store.h"

#include <math.h>

static struct store store;
static struct test_row fold_rows[STORE_EVENTS];

/* ---- a scan against the fold -------------------------------------------------------------------
 */
struct asked {
    struct history_query query;
    uint8_t columns[STORE_COLUMNS], types[STORE_COLUMNS];
    struct test_rows rows; /* the fold, of the whole row */
    size_t first, end;     /* of it, still to be given: forward from first, backward from end */
    uint64_t luck;
};

static inline bool row_is_asked(const struct asked *asked, const struct test_row *row)
{
    if (row->time_ns < asked->query.from_ns || row->time_ns >= asked->query.to_ns)
        return false;
    for (unsigned i = 0; i < asked->query.count; i++)
        if (row->cells[asked->columns[i]].some)
            return true;
    return false;
}

static inline void cell_compare(const struct chunk_column *column, uint32_t at,
                                const struct test_cell *cell)
{
    uint8_t got = column->cells ? column->cells[at] : CELL_VALUE;
    if (!cell->some) {
        check(got == CELL_NONE);
        return;
    }
    check(got == (cell->value.present ? CELL_VALUE : CELL_NO_VALUE));
    check((column->qualities ? column->qualities[at] : 0) == cell->value.quality);
    if (cell->value.present && column->type == VALUE_STRING)
        check(bytes_equal(column->texts[at], cell->value.text));
    else if (cell->value.present)
        check(column->words[at] == chunk_word(&cell->value));
}

static inline bool row_has_some(const struct asked *asked, const struct chunk_rows *rows,
                                uint32_t at)
{
    for (unsigned i = 0; i < asked->query.count; i++)
        if (!rows->columns[i].cells || rows->columns[i].cells[at] != CELL_NONE)
            return true;
    return false;
}

static inline void row_compare(const struct asked *asked, const struct chunk_rows *rows,
                               uint32_t at, const struct test_row *row)
{
    check(rows->times[at] == row->time_ns);
    for (unsigned i = 0; i < asked->query.count; i++) {
        check(rows->columns[i].type == asked->types[i]);
        cell_compare(&rows->columns[i], at, &row->cells[asked->columns[i]]);
    }
    if (!asked->query.lateness)
        return;
    const struct chunk_column *lateness = &rows->columns[asked->query.count];
    check(lateness->type == VALUE_INT64 && (!lateness->cells || !lateness->cells[at]));
    check(asked->rows.erased || (int64_t)lateness->words[at] == row->lateness_s);
}

/* Rows of a piece are the next ones of the fold, or the last ones that are left when backward. */
static inline void piece_compare(struct asked *asked, const struct history_piece *piece)
{
    const struct chunk_rows *rows = &piece->rows;
    const struct test_row *fold = asked->rows.at;
    bool backward = asked->query.backward;
    check(rows->owner == asked->query.row && rows->rows <= HISTORY_PIECE_ROWS && rows->rows > 0);
    check(rows->columns_count == asked->query.count + asked->query.lateness);
    check(piece->first_ns == rows->times[0] && piece->last_ns == rows->times[rows->rows - 1]);
    for (uint32_t i = 1; i < rows->rows; i++)
        check(rows->times[i - 1] < rows->times[i]);
    for (uint32_t i = 0; i < rows->rows; i++) {
        uint32_t at = backward ? rows->rows - 1 - i : i;
        check(rows->times[at] >= asked->query.from_ns && rows->times[at] < asked->query.to_ns);
        if (!row_has_some(asked, rows, at))
            continue;
        while (asked->first < asked->end &&
               !row_is_asked(asked, &fold[backward ? asked->end - 1 : asked->first])) {
            asked->end -= backward;
            asked->first += !backward;
        }
        check(asked->first < asked->end);
        row_compare(asked, rows, at, &fold[backward ? --asked->end : asked->first++]);
    }
}

/* What a summary says is what the fold of its stretch says. */
static inline void summaries_compare(struct asked *asked, const struct history_piece *piece)
{
    static int64_t times[STORE_EVENTS];
    static uint64_t words[STORE_EVENTS];
    static uint8_t cells[STORE_EVENTS], qualities[STORE_EVENTS];
    size_t from = asked->first;
    while (asked->first < asked->end && asked->rows.at[asked->first].time_ns <= piece->last_ns)
        asked->first++;
    for (unsigned i = 0; i < asked->query.count; i++) {
        uint32_t count = 0;
        for (size_t k = from; k < asked->first; k++) {
            const struct test_row *row = &asked->rows.at[k];
            const struct test_cell *cell = &row->cells[asked->columns[i]];
            if (!cell->some || !row_is_asked(asked, row))
                continue;
            check(row->time_ns >= piece->first_ns);
            times[count] = row->time_ns;
            cells[count] = cell->value.present ? CELL_VALUE : CELL_NO_VALUE;
            qualities[count] = cell->value.quality;
            bool is_word = cell->value.present && cell->value.type != VALUE_STRING;
            words[count++] = is_word ? chunk_word(&cell->value) : 0;
        }
        const struct chunk_summary *got = &piece->summaries[i];
        struct chunk_summary expected = {.all_good = true};
        struct chunk_column column = {
            .type = asked->types[i], .words = words, .cells = cells, .qualities = qualities};
        check(got->samples == count);
        if (count == 0)
            continue;
        chunk_fold(&column, times, count, &expected);
        check(got->type == expected.type && got->all_good == expected.all_good);
        check(got->count == expected.count);
        if (expected.count == 0)
            continue;
        check(memcmp(&got->sum, &expected.sum, sizeof got->sum) == 0);
        check(got->min == expected.min && got->max == expected.max);
        check(got->first == expected.first && got->last == expected.last);
        check(got->first_ns == expected.first_ns && got->last_ns == expected.last_ns);
    }
}

static inline bool luck_whole(void *arg, int64_t first_ns, int64_t last_ns)
{
    struct asked *asked = arg;
    check(first_ns <= last_ns && first_ns >= asked->query.from_ns && last_ns < asked->query.to_ns);
    return luck_below(&asked->luck, 3) > 0;
}

/* One row of a scan, all of it. */
static inline void scan_compare(struct history_scan *scan, struct asked *asked)
{
    struct history_piece piece;
    enum err err;
    asked->first = 0;
    asked->end = asked->rows.count;
    check(history_scan_row(scan, &asked->query) == OK);
    while ((err = history_scan_next(scan, &piece)) == OK) {
        if (piece.summaries)
            summaries_compare(asked, &piece);
        else
            piece_compare(asked, &piece);
    }
    check(err == ERR_MISSING);
    for (size_t i = asked->first; i < asked->end; i++)
        check(!row_is_asked(asked, &asked->rows.at[i]));
}

static inline void asked_make(struct asked *asked, unsigned row)
{
    uint64_t *luck = &store.luck;
    *asked = (struct asked){.luck = test_random(luck), .rows.at = fold_rows};
    struct history_query *query = &asked->query;
    bool all = luck_below(luck, 3) == 0;
    for (unsigned i = 0; i < STORE_COLUMNS; i++) {
        if (!all && luck_below(luck, 2))
            continue;
        asked->columns[query->count] = (uint8_t)i;
        asked->types[query->count++] = store_type(row, i);
    }
    if (query->count == 0)
        asked->types[query->count++] = store_type(row, 0);
    query->row = store_row(row);
    query->columns = all && luck_below(luck, 2) ? NULL : asked->columns;
    query->types = asked->types;
    query->lateness = luck_below(luck, 2);
    query->backward = luck_below(luck, 3) == 0;
    query->from_ns = INT64_MIN;
    query->to_ns = INT64_MAX;
    if (luck_below(luck, 2)) {
        query->from_ns = store.newest_ns[row] - (int64_t)luck_below(luck, 900) * NS_PER_S;
        query->to_ns = query->from_ns + (int64_t)luck_below(luck, 900) * NS_PER_S;
    }
    if (!query->backward && luck_below(luck, 2))
        query->whole = luck_whole;
    query->arg = asked;
    store_fold(&store, query->row, &asked->rows);
}

static inline void view_compare(struct history_view *view, unsigned questions)
{
    struct history_scan *scan;
    struct asked asked;
    check(history_scan_create(view, &scan) == OK);
    for (unsigned i = 0; i < questions; i++) {
        asked_make(&asked, i % store.rows);
        scan_compare(scan, &asked);
    }
    struct history_missing missing;
    check(history_scan_missing(scan, &missing, 1) == 0);
    history_scan_destroy(scan);
}

static inline void rows_compare(unsigned questions)
{
    struct history_view *view;
    check(history_view_open(store.history, &view) == OK);
    check(history_view_position(view) == store.position);
    view_compare(view, questions);
    history_view_close(view);
}

/* Scans whose reads fail: whatever they give, they come to an end. */
static inline void rows_read_badly(void)
{
    struct history_view *view;
    struct history_scan *scan;
    struct asked asked;
    check(history_view_open(store.history, &view) == OK);
    check(history_scan_create(view, &scan) == OK);
    history_view_close(view); /* the scan holds what it needs */
    store.disk.fail_read = store.disk.reads + 1 + luck_below(&store.luck, 20);
    store.disk.fail_reads = 1 + luck_below(&store.luck, 5);
    for (unsigned i = 0; i < store.rows; i++) {
        struct history_piece piece;
        enum err err;
        asked_make(&asked, i);
        check(history_scan_row(scan, &asked.query) == OK);
        while ((err = history_scan_next(scan, &piece)) == OK)
            ;
        check(err == ERR_MISSING);
    }
    history_scan_destroy(scan);
    store.disk.fail_reads = 0;
}

/* ---- one sample --------------------------------------------------------------------------------
 */
static inline const struct test_row *sample_expected(const struct test_rows *rows, unsigned column,
                                                     int64_t time, enum history_seek seek)
{
    const struct test_row *found = NULL;
    for (size_t i = 0; i < rows->count; i++) {
        const struct test_row *row = &rows->at[i];
        if (!row->cells[column].some)
            continue;
        if (row->time_ns == time || (seek == HISTORY_BEFORE && row->time_ns < time))
            found = row;
        if (seek == HISTORY_AFTER && row->time_ns >= time)
            return row;
    }
    return found;
}

static inline void sample_compare(unsigned row, unsigned column)
{
    static struct history_sample sample;
    struct test_rows rows = {.at = fold_rows};
    struct history_view *view;
    struct history_scan *scan;
    enum history_seek seek = (enum history_seek)luck_below(&store.luck, 3);
    store_fold(&store, store_row(row), &rows);
    int64_t time = (int64_t)luck_below(&store.luck, (uint64_t)STORE_START_NS * 2);
    if (rows.count > 0 && luck_below(&store.luck, 4))
        time = rows.at[luck_below(&store.luck, rows.count)].time_ns +
               (int64_t)luck_below(&store.luck, 3) - 1;
    const struct test_row *expected = sample_expected(&rows, column, time, seek);
    check(history_view_open(store.history, &view) == OK);
    check(history_scan_create(view, &scan) == OK);
    enum err err = history_sample_find(scan, store_row(row), (uint8_t)column,
                                       store_type(row, column), time, seek, &sample);
    check(err == (expected ? OK : ERR_MISSING));
    if (expected) {
        struct value value = expected->cells[column].value;
        check(sample.time_ns == expected->time_ns && sample.value.present == value.present);
        check(sample.value.quality == value.quality);
        if (value.present)
            check(value.type == VALUE_STRING ? bytes_equal(sample.value.text, value.text)
                                             : chunk_word(&sample.value) == chunk_word(&value));
    }
    history_scan_destroy(scan);
    history_view_close(view);
}

/* ---- rollups -----------------------------------------------------------------------------------
 */
static inline double real_of(uint8_t type, uint64_t word)
{
    double real;
    if (type != VALUE_FLOAT64)
        return (double)(int64_t)word;
    memcpy(&real, &word, sizeof real);
    return real;
}

struct bucket { /* by recomputation */
    int64_t start_ns, count, first_ns, last_ns;
    uint64_t first, last;
    double sum, sum_of_sizes, min, max;
};

static inline void bucket_take(struct bucket *bucket, const struct test_row *row, unsigned column)
{
    const struct value *value = &row->cells[column].value;
    bool is_number = value->type != VALUE_STRING;
    uint64_t word = is_number ? chunk_word(value) : 0;
    double real = is_number ? real_of(value->type, word) : 0;
    if (bucket->count++ == 0) {
        bucket->first_ns = row->time_ns;
        bucket->first = word;
        bucket->min = bucket->max = real;
    }
    bucket->last_ns = row->time_ns;
    bucket->last = word;
    bucket->sum += real;
    bucket->sum_of_sizes += fabs(real);
    bucket->min = fmin(bucket->min, real);
    bucket->max = fmax(bucket->max, real);
}

/* The fold's next bucket from row *at on; false: there is none. */
static inline bool bucket_next(const struct test_rows *rows, unsigned column, int64_t length_ns,
                               size_t *at, struct bucket *bucket)
{
    *bucket = (struct bucket){0};
    for (; *at < rows->count; (*at)++) {
        const struct test_row *row = &rows->at[*at];
        const struct test_cell *cell = &row->cells[column];
        if (!cell->some || !cell->value.present || cell->value.quality >= QUALITY_BAD)
            continue;
        int64_t start_ns = row->time_ns - (row->time_ns % length_ns + length_ns) % length_ns;
        if (bucket->count > 0 && start_ns != bucket->start_ns)
            break;
        bucket->start_ns = start_ns;
        bucket_take(bucket, row, column);
    }
    return bucket->count > 0;
}

static inline void bucket_compare(const struct bucket *bucket, uint8_t type,
                                  const struct chunk_rows *rows, uint32_t at)
{
    const struct chunk_column *columns = rows->columns;
    check(rows->times[at] == bucket->start_ns);
    check((int64_t)columns[ROLLUP_COUNT].words[at] == bucket->count);
    check((int64_t)columns[ROLLUP_FIRST_NS].words[at] == bucket->first_ns);
    check((int64_t)columns[ROLLUP_LAST_NS].words[at] == bucket->last_ns);
    if (type == VALUE_STRING)
        return;
    double sum = real_of(VALUE_FLOAT64, columns[ROLLUP_SUM].words[at]);
    check(fabs(sum - bucket->sum) <= 1e-12 * bucket->sum_of_sizes);
    check(real_of(VALUE_FLOAT64, columns[ROLLUP_MIN].words[at]) == bucket->min);
    check(real_of(VALUE_FLOAT64, columns[ROLLUP_MAX].words[at]) == bucket->max);
    check(columns[ROLLUP_FIRST].words[at] == bucket->first);
    check(columns[ROLLUP_LAST].words[at] == bucket->last);
}

static inline void rollup_compare(struct history_scan *scan, const struct test_rows *rows,
                                  unsigned row, unsigned column, enum part_tier tier)
{
    uint8_t types[ROLLUP_COLUMNS], type = store_type(row, column);
    struct history_piece piece;
    struct bucket bucket;
    size_t at = 0;
    enum err err;
    history_rollup_types(type, types);
    struct history_query query = {.tier = tier,
                                  .row = store_point(row) + column,
                                  .types = types,
                                  .count = ROLLUP_COLUMNS,
                                  .from_ns = INT64_MIN,
                                  .to_ns = INT64_MAX};
    check(history_scan_row(scan, &query) == OK);
    while ((err = history_scan_next(scan, &piece)) == OK) {
        for (uint32_t i = 0; i < piece.rows.rows; i++) {
            if (piece.rows.columns[ROLLUP_COUNT].words[i] == 0)
                continue; /* erased */
            check(bucket_next(rows, column, history_rollup_ns(tier), &at, &bucket));
            bucket_compare(&bucket, type, &piece.rows, i);
        }
    }
    check(err == ERR_MISSING && !bucket_next(rows, column, history_rollup_ns(tier), &at, &bucket));
}

/* All that was told is sealed, and nothing is under way. */
static inline void rollups_compare(void)
{
    struct history_view *view;
    struct history_scan *scan;
    check(history_view_open(store.history, &view) == OK);
    check(history_scan_create(view, &scan) == OK);
    for (unsigned row = 0; row < store.rows && store.rollups; row++) {
        struct test_rows rows = {.at = fold_rows};
        store_fold(&store, store_row(row), &rows);
        for (unsigned column = 0; column < STORE_COLUMNS; column++)
            for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++)
                rollup_compare(scan, &rows, row, column, tier);
    }
    history_scan_destroy(scan);
    history_view_close(view);
}
