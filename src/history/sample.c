/* One sample: at a time, or the nearest before or after it. */
#include "history/room.h"

#include <string.h>

/* How far is looked at first, and then: what is near is found without reading all there is. */
static const int64_t reaches_ns[] = {3600 * NS_PER_S, 86400 * NS_PER_S, 30 * 86400 * NS_PER_S,
                                     INT64_MAX};

static enum err sample_take(const struct history_piece *piece, uint32_t at, uint8_t type,
                            struct history_sample *sample)
{
    const struct chunk_column *column = &piece->rows.columns[0];
    *sample = (struct history_sample){.time_ns = piece->rows.times[at],
                                      .lateness_s = (int64_t)piece->rows.columns[1].words[at]};
    if (column_cell(column, at) != CELL_VALUE)
        sample->value = (struct value){.type = type};
    else if (type != VALUE_STRING)
        sample->value = chunk_value(type, column->words[at]);
    else {
        struct bytes text = column->texts[at];
        memcpy(sample->text, text.at, text.size);
        sample->value = (struct value){
            .type = type, .present = true, .text = bytes_of(sample->text, text.size)};
    }
    sample->value.quality = column_quality(column, at);
    return OK;
}

static enum err sample_search(struct history_scan *scan, const struct history_query *query,
                              struct history_sample *ret_sample)
{
    struct history_piece piece;
    enum err err = history_scan_row(scan, query);
    while (err == OK && (err = history_scan_next(scan, &piece)) == OK) {
        uint32_t rows = piece.rows.rows;
        for (uint32_t i = 0; i < rows; i++) {
            uint32_t at = query->backward ? rows - 1 - i : i;
            if (column_cell(&piece.rows.columns[0], at) != CELL_NONE)
                return sample_take(&piece, at, query->types[0], ret_sample);
        }
    }
    return err;
}

static int64_t time_add(int64_t time_ns, int64_t more_ns)
{
    int64_t sum;
    if (__builtin_add_overflow(time_ns, more_ns, &sum))
        return more_ns > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

enum err history_sample_find(struct history_scan *scan, uint32_t row, uint8_t column, uint8_t type,
                             int64_t time_ns, enum history_seek seek,
                             struct history_sample *ret_sample)
{
    struct history_query query = {.row = row,
                                  .columns = &column,
                                  .types = &type,
                                  .count = 1,
                                  .lateness = true,
                                  .backward = seek == HISTORY_BEFORE,
                                  .from_ns = time_ns,
                                  .to_ns = time_add(time_ns, 1)};
    enum err err = sample_search(scan, &query, ret_sample);
    for (size_t i = 0; seek != HISTORY_AT && err == ERR_MISSING && i < ARRAY_COUNT(reaches_ns);
         i++) {
        bool all = reaches_ns[i] == INT64_MAX;
        if (seek == HISTORY_BEFORE)
            query.from_ns = all ? INT64_MIN : time_add(time_ns, -reaches_ns[i]);
        else
            query.to_ns = all ? INT64_MAX : time_add(time_ns, reaches_ns[i]);
        err = sample_search(scan, &query, ret_sample);
    }
    return err;
}

enum err history_sample_at(struct history *history, uint32_t row, uint8_t column, uint8_t type,
                           int64_t time_ns, struct history_sample *ret_sample)
{
    struct history_scan *scan;
    enum err err = scan_create_set(history->set, &scan);
    if (err != OK)
        return err;
    err = history_sample_find(scan, row, column, type, time_ns, HISTORY_AT, ret_sample);
    history_scan_destroy(scan);
    return err;
}
