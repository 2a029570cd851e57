/* A head in the simplest way that can be right: all records in the order in which they came, and
 * each question answered by looking at all of them. For tests and the fuzzer: what differs is a
 * check() that fails. */
#pragma once

#include "head/head.h"

#include <stdlib.h>
#include <string.h>

struct model_record {
    uint32_t row;
    int64_t time, lateness_s;
    uint16_t count;
    uint8_t columns[COLUMNS_MAX];
    struct value *values; /* texts are copies */
};
struct model {
    struct model_record *records;
    size_t count, capacity;
    uint64_t values;
};
struct model_row { /* of an answer */
    int64_t time, lateness_s;
    struct value cells[COLUMNS_MAX];
    bool some[COLUMNS_MAX];
};

static inline void model_done(struct model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        for (unsigned k = 0; k < model->records[i].count; k++)
            free((void *)(uintptr_t)model->records[i].values[k].text.at);
        free(model->records[i].values);
    }
    free(model->records);
    *model = (struct model){0};
}

static inline void model_append(struct model *model, const struct sample_row *sample,
                                int64_t arrival_ns)
{
    if (sample->count == 0)
        return;
    if (model->count == model->capacity) {
        model->capacity = model->capacity * 2 + 16;
        model->records = realloc(model->records, model->capacity * sizeof model->records[0]);
        check(model->records);
    }
    struct model_record *record = &model->records[model->count++];
    record->row = sample->row;
    record->time = sample->time_ns;
    record->count = sample->count;
    /* As floor of the exact difference, which may need 65 bits: in halves. */
    int64_t seconds = arrival_ns / NS_PER_S - sample->time_ns / NS_PER_S;
    int64_t rest = arrival_ns % NS_PER_S - sample->time_ns % NS_PER_S;
    seconds += rest >= NS_PER_S ? 1 : rest < -NS_PER_S ? -2 : rest < 0 ? -1 : 0;
    if (seconds < INT64_MIN / NS_PER_S) /* what the head tells of more than 64 bits of ns */
        seconds = INT64_MIN / NS_PER_S - 1;
    record->lateness_s = sample->arrival_time ? 0 : seconds;
    record->values = calloc(sample->count, sizeof record->values[0]);
    check(record->values);
    for (unsigned i = 0; i < sample->count; i++) {
        record->columns[i] = sample->columns ? sample->columns[i] : (uint8_t)i;
        record->values[i] = sample->values[i];
        uint8_t *text = malloc(sample->values[i].text.size + 1);
        check(text);
        if (sample->values[i].text.size > 0)
            memcpy(text, sample->values[i].text.at, sample->values[i].text.size);
        record->values[i].text.at = text;
    }
    model->values += sample->count;
}

/* Where a time stands among the answer's rows, or would. */
static inline size_t model_place(const struct model_row *rows, size_t count, int64_t time)
{
    size_t i = 0;
    while (i < count && rows[i].time < time)
        i++;
    return i;
}

/* The row of a time; made when there is none. */
static inline struct model_row *model_row_at(struct model_row *rows, size_t *count, int64_t time)
{
    size_t place = model_place(rows, *count, time);
    if (place == *count || rows[place].time != time) {
        memmove(rows + place + 1, rows + place, (*count - place) * sizeof *rows);
        rows[place] = (struct model_row){.time = time};
        (*count)++;
    }
    return &rows[place];
}

/* The answer that head_gather must give; *ret_rows is malloc'ed. */
static inline size_t model_gather(const struct model *model, uint32_t row, const uint8_t *columns,
                                  uint16_t count, const uint8_t *types, bool lateness,
                                  int64_t from_ns, int64_t to_ns, struct model_row **ret_rows)
{
    struct model_row *rows = calloc(model->count + 1, sizeof *rows);
    size_t rows_count = 0;
    check(rows);
    for (size_t i = 0; i < model->count; i++) {
        const struct model_record *record = &model->records[i];
        if (record->row != row || record->time < from_ns || record->time >= to_ns)
            continue;
        if (lateness)
            model_row_at(rows, &rows_count, record->time)->lateness_s = record->lateness_s;
        for (unsigned k = 0; k < record->count; k++) {
            unsigned asked = 0;
            while (asked < count && (columns ? columns[asked] : asked) != record->columns[k])
                asked++;
            if (asked == count || types[asked] != record->values[k].type)
                continue;
            struct model_row *at = model_row_at(rows, &rows_count, record->time);
            at->some[asked] = true;
            at->cells[asked] = record->values[k];
        }
    }
    *ret_rows = rows;
    return rows_count;
}

static inline void model_compare_cell(const struct chunk_column *column, uint32_t row,
                                      const struct model_row *expected, unsigned asked)
{
    uint8_t cell = column->cells ? column->cells[row] : CELL_VALUE;
    const struct value *value = &expected->cells[asked];
    if (!expected->some[asked]) {
        check(cell == CELL_NONE);
        return;
    }
    check(cell == (value->present ? CELL_VALUE : CELL_NO_VALUE));
    check((column->qualities ? column->qualities[row] : QUALITY_GOOD) == value->quality);
    if (!value->present)
        return;
    if (value->type == VALUE_STRING)
        check(bytes_equal(column->texts[row], value->text));
    else
        check(column->words[row] == chunk_word(value));
}

/* Asks the head and the model; the answers must be the same. Returns how many rows. */
static inline size_t model_compare(const struct model *model, const struct head *head,
                                   struct head_rows *rows, uint32_t row, const uint8_t *columns,
                                   uint16_t count, const uint8_t *types, bool lateness,
                                   int64_t from_ns, int64_t to_ns)
{
    struct model_row *expected;
    size_t expected_count =
        model_gather(model, row, columns, count, types, lateness, from_ns, to_ns, &expected);
    check(head_gather(head, row, columns, count, types, lateness, from_ns, to_ns, rows) == OK);
    const struct chunk_rows *got = &rows->rows;
    check(got->rows == expected_count && got->owner == row);
    check(expected_count == 0 || got->columns_count == count + lateness);
    for (uint32_t i = 0; i < got->rows; i++) {
        check(got->times[i] == expected[i].time);
        for (unsigned k = 0; k < count; k++) {
            check(got->columns[k].type == types[k]);
            model_compare_cell(&got->columns[k], i, &expected[i], k);
        }
        if (lateness)
            check(got->columns[count].type == VALUE_INT64 && !got->columns[count].cells &&
                  (int64_t)got->columns[count].words[i] == expected[i].lateness_s);
    }
    free(expected);
    return expected_count;
}

/* The types of a row's columns by its last records; the head must say the same. */
static inline void model_types(const struct model *model, const struct head *head, uint32_t row,
                               uint16_t count, uint8_t *types)
{
    uint8_t told[COLUMNS_MAX];
    memset(types, 0, count);
    for (size_t i = 0; i < model->count; i++) {
        const struct model_record *record = &model->records[i];
        for (unsigned k = 0; k < record->count && record->row == row; k++) {
            if (record->columns[k] < count)
                types[record->columns[k]] = record->values[k].type;
        }
    }
    head_types(head, row, count, told);
    check(memcmp(told, types, count) == 0);
}

/* Counts, totals and the list of rows. */
static inline void model_compare_totals(const struct model *model, const struct head *head)
{
    int64_t first = INT64_MAX, last = INT64_MIN, told_first, told_last;
    uint32_t row = 0, next;
    for (size_t i = 0; i < model->count; i++) {
        first = model->records[i].time < first ? model->records[i].time : first;
        last = model->records[i].time > last ? model->records[i].time : last;
    }
    head_times(head, &told_first, &told_last);
    check(told_first == first && told_last == last);
    check(head_records(head) == model->count && head_values(head) == model->values);
    do {
        uint16_t columns, told_columns;
        uint32_t records = 0;
        next = 0;
        columns = 0;
        for (size_t i = 0; i < model->count; i++) {
            const struct model_record *record = &model->records[i];
            if (record->row > row && (next == 0 || record->row < next))
                next = record->row;
            if (record->row == row && row > 0) {
                records++;
                if (record->columns[record->count - 1] + 1 > columns)
                    columns = (uint16_t)(record->columns[record->count - 1] + 1);
            }
        }
        check(head_row(head, row, &told_columns) == records && told_columns == columns);
        check(head_next_row(head, row) == next);
        row = next;
    } while (next != 0);
}
