/* A cursor of a process: batches of rows for its filter. Points and live values come ready from the
 * engine's thread; samples are read here, from the statement's view of the history, for the points
 * that were found, row of points by row, and told by columns or folded into buckets. Where nothing
 * but the number of samples is wanted, the summaries of chunks tell it. */
#include "sql/room.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a batch: of the first, so that rows are seen at once; then four times as many each. */
#define BATCH_FIRST ((size_t)8 << 10)
#define BATCH_MOST ((size_t)512 << 10)
/* Pieces without a row to tell, between two looks whether it should stop. */
#define PIECES_A_LOOK 64
#define RUN_TEXT_BYTES ((size_t)1 << 20) /* of string values, in one run */

/* ---- life ------------------------------------------------------------------------------------
 */
static void found_sort(struct lookup *lookup);

static bool reads_samples(const struct lookup *lookup)
{
    return lookup->filter.table == SQL_SAMPLES || lookup->filter.table == SQL_BUCKETS;
}

enum err reading_create(struct lookup *lookup, struct history_view *view, int64_t now_ns,
                        struct reading **ret_reading)
{
    struct reading *reading = calloc(1, sizeof *reading);
    enum err err = reading != NULL ? OK : ERR_NO_MEMORY;
    if (err == OK && lookup->filter.table == SQL_BUCKETS) {
        reading->folds = calloc(COLUMNS_MAX, sizeof *reading->folds);
        if (reading->folds == NULL)
            err = ERR_NO_MEMORY;
        else if (!query_step_parse(lookup->filter.step, &reading->step))
            err = ERR_INVALID;
    }
    if (err == OK && reads_samples(lookup) && view != NULL)
        err = history_scan_create(view, &reading->scan);
    if (err != OK) {
        lookup_destroy(lookup);
        if (reading != NULL)
            free(reading->folds);
        free(reading);
        return err;
    }
    reading->lookup = lookup;
    if (reads_samples(lookup)) /* the first batch is there already */
        found_sort(lookup);
    reading->view = view;
    reading->now_ns = now_ns;
    reading->from_ns = lookup->filter.from_ns;
    reading->to_ns = lookup->filter.to_ns;
    reading->batch_bytes = BATCH_FIRST;
    *ret_reading = reading;
    return OK;
}

static void cost_add(struct history_cost *cost, const struct history_scan *scan)
{
    struct history_cost more;
    history_scan_cost(scan, &more);
    cost->chunks += more.chunks;
    cost->summaries += more.summaries;
    cost->samples += more.samples;
    cost->bytes += more.bytes;
    cost->missing += more.missing;
}

void reading_destroy(struct reading *reading, struct history_cost *cost)
{
    if (reading == NULL)
        return;
    if (reading->scan != NULL) {
        cost_add(cost, reading->scan);
        history_scan_destroy(reading->scan);
    }
    if (reading->close != NULL) {
        cost_add(cost, reading->close);
        history_scan_destroy(reading->close);
    }
    lookup_destroy(reading->lookup);
    free(reading->folds);
    free(reading);
}

/* ---- the next row of points ------------------------------------------------------------------
 */
static int found_compare(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    int by_row = (x->row > y->row) - (x->row < y->row);
    return by_row != 0 ? by_row : (x->column > y->column) - (x->column < y->column);
}

/* Points of a row stand together then, and their columns ascend, as the history wants them. */
static void found_sort(struct lookup *lookup)
{
    if (lookup->filter.order == SQL_ORDER_NONE)
        qsort(lookup->found, lookup->found_count, sizeof *lookup->found, found_compare);
}

/* Which of its samples' values must be looked at. */
static bool counts_alone(const struct sql_filter *filter)
{
    const uint32_t looked = 1u << SAMPLES_TIME | 1u << SAMPLES_VALUE | 1u << SAMPLES_TEXT |
                            1u << SAMPLES_QUALITY | 1u << SAMPLES_LATENESS;
    return (filter->columns & looked) == 0;
}

static bool whole_always(void *arg, int64_t first_ns, int64_t last_ns)
{
    (void)arg, (void)first_ns, (void)last_ns;
    return true;
}

/* All columns are folded with the same step and range. */
static bool whole_bucket(void *arg, int64_t first_ns, int64_t last_ns)
{
    const struct reading *reading = arg;
    return folding_is_whole(&reading->folds[0], first_ns, last_ns);
}

static struct history_query reading_query(struct reading *reading)
{
    const struct sql_filter *filter = &reading->lookup->filter;
    bool samples = filter->table == SQL_SAMPLES;
    struct history_query query = {.tier = PART_RAW,
                                  .row = reading->lookup->found[reading->group].row,
                                  .columns = reading->columns,
                                  .types = reading->types,
                                  .count = reading->columns_count,
                                  .lateness = samples && column_wanted(filter, SAMPLES_LATENESS),
                                  .backward = filter->order == SQL_ORDER_TIME_DOWN,
                                  .from_ns = reading->from_ns,
                                  .to_ns = reading->to_ns,
                                  .arg = reading};
    if (samples && counts_alone(filter))
        query.whole = whole_always;
    else if (!samples && !reading->folds[0].exact)
        query.whole = whole_bucket;
    return query;
}

static void fold_told(void *arg, const struct fold_row *row);

static enum err folds_begin(struct reading *reading)
{
    const struct lookup *lookup = reading->lookup;
    const uint32_t exact = 1u << BUCKETS_TIME_MEAN | 1u << BUCKETS_STDDEV;
    for (uint16_t i = 0; i < reading->columns_count; i++) {
        struct fold *fold = &reading->folds[i];
        const struct found *found = &lookup->found[reading->group + i];
        struct history_sample sample;
        *fold = (struct fold){.step = &reading->step,
                              .from_ns = reading->from_ns,
                              .to_ns = reading->to_ns < reading->now_ns ? reading->to_ns
                                                                        : reading->now_ns,
                              .type = found->type,
                              .exact = (lookup->filter.columns & exact) != 0,
                              .tell = fold_told,
                              .arg = reading};
        folding_begin(fold);
        if (!column_wanted(&lookup->filter, BUCKETS_TIME_MEAN) || found->type == VALUE_STRING ||
            reading->from_ns == INT64_MIN)
            continue;
        enum err err =
            history_sample_find(reading->scan, found->row, (uint8_t)found->column, found->type,
                                reading->from_ns - 1, HISTORY_BEFORE, &sample);
        if (err == OK && sample.value.present && (sample.value.quality & 0xC0) != QUALITY_BAD)
            folding_hold(fold, chunk_word(&sample.value));
        else if (err != OK && err != ERR_MISSING)
            return err;
    }
    return OK;
}

/* Begins with the points of one row that stand together in what was found; where the rows of a
 * point must stand together, with one point. */
static enum err group_begin(struct reading *reading)
{
    struct lookup *lookup = reading->lookup;
    bool one = lookup->filter.order != SQL_ORDER_NONE;
    reading->group = reading->next;
    reading->columns_count = 0;
    do {
        const struct found *found = &lookup->found[reading->next++];
        reading->columns[reading->columns_count] = (uint8_t)found->column;
        reading->types[reading->columns_count++] = found->type;
    } while (!one && reading->next < lookup->found_count &&
             lookup->found[reading->next].row == lookup->found[reading->group].row);
    enum err err = lookup->filter.table == SQL_BUCKETS ? folds_begin(reading) : OK;
    struct history_query query = reading_query(reading);
    if (err == OK)
        err = history_scan_row(reading->scan, &query);
    reading->row_open = err == OK;
    return err;
}

/* ---- samples ---------------------------------------------------------------------------------
 */
static struct bytes found_path(const struct lookup *lookup, const struct found *found)
{
    return bytes_of(lookup->texts.at + found->path_at, found->path_size);
}

static struct bytes found_labels(const struct lookup *lookup, const struct found *found)
{
    return bytes_of(lookup->texts.at + found->labels_at, found->labels_size);
}

static void run_head(struct reading *reading, uint8_t which, uint32_t count,
                     struct frame_writer *out)
{
    const struct lookup *lookup = reading->lookup;
    const struct found *found = &lookup->found[reading->group + reading->piece_column];
    frame_put_u32(out, found->point);
    frame_put_u8(out, found->type);
    frame_put_u8(out, which);
    frame_put_u32(out, count);
    frame_put_text(out, column_wanted(&lookup->filter, SAMPLES_PATH) ? found_path(lookup, found)
                                                                     : bytes_of("", 0));
    frame_put_text(out, found_labels(lookup, found));
}

/* Rows of the piece that have a sample of the column, in the order in which they are told. */
static void run_order(struct reading *reading, const struct chunk_column *column)
{
    uint32_t rows = reading->piece.rows.rows, count = 0;
    bool down = reading->lookup->filter.order == SQL_ORDER_TIME_DOWN;
    for (uint32_t i = 0; i < rows; i++) {
        uint32_t row = down ? rows - 1 - i : i;
        if (column->cells == NULL || column->cells[row] != CELL_NONE)
            reading->order[count++] = row;
    }
    reading->order_count = count;
    reading->order_at = 0;
}

static void run_put_words(const struct reading *reading, const uint64_t *words, uint32_t count,
                          struct frame_writer *out)
{
    uint8_t *at = frame_room(out, (size_t)count * 8);
    for (uint32_t i = 0; at != NULL && i < count; i++)
        store_u64(at + (size_t)i * 8, words[reading->order[reading->order_at + i]]);
}

static void run_put_bytes(const struct reading *reading, const uint8_t *bytes, uint32_t count,
                          struct frame_writer *out)
{
    uint8_t *at = frame_room(out, count);
    for (uint32_t i = 0; at != NULL && i < count; i++)
        at[i] = bytes[reading->order[reading->order_at + i]];
}

static bool row_has_text(const struct chunk_column *column, uint32_t row)
{
    return column->texts != NULL && (column->cells == NULL || column->cells[row] == CELL_VALUE);
}

static void run_put_texts(const struct reading *reading, const struct chunk_column *column,
                          uint32_t count, struct frame_writer *out)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = reading->order[reading->order_at + i];
        size += row_has_text(column, row) ? (uint32_t)column->texts[row].size : 0;
        frame_put_u32(out, size);
    }
    frame_put_u32(out, size);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = reading->order[reading->order_at + i];
        if (row_has_text(column, row))
            frame_put_bytes(out, column->texts[row].at, column->texts[row].size);
    }
}

/* How many rows of the column go into this batch: of numbers all, of texts so many that the frame
 * holds them. */
static uint32_t run_count(const struct reading *reading, const struct chunk_column *column)
{
    uint32_t left = reading->order_count - reading->order_at, count = 0;
    size_t size = 0;
    if (column->type != VALUE_STRING)
        return left;
    for (; count < left && size < RUN_TEXT_BYTES; count++) {
        uint32_t row = reading->order[reading->order_at + count];
        size += row_has_text(column, row) ? column->texts[row].size : 0;
    }
    return count;
}

static uint8_t run_which(const struct reading *reading, const struct chunk_column *column)
{
    const struct sql_filter *filter = &reading->lookup->filter;
    bool text = column->type == VALUE_STRING;
    bool values = column_wanted(filter, text ? SAMPLES_TEXT : SAMPLES_VALUE);
    unsigned which = (column_wanted(filter, SAMPLES_TIME) ? BATCH_TIMES : 0u) |
                     (values ? BATCH_VALUES : 0u) |
                     (values && column->cells != NULL ? BATCH_CELLS : 0u);
    if (column->qualities != NULL && column_wanted(filter, SAMPLES_QUALITY))
        which |= BATCH_QUALITIES;
    if (column_wanted(filter, SAMPLES_LATENESS))
        which |= BATCH_LATENESS;
    return (uint8_t)which;
}

/* The column's samples of the piece, or some of them. True: that was the last of them. */
static bool run_put(struct reading *reading, struct frame_writer *out)
{
    const struct chunk_rows *rows = &reading->piece.rows;
    const struct chunk_column *column = &rows->columns[reading->piece_column];
    if (reading->order_at == reading->order_count)
        run_order(reading, column);
    uint32_t count = run_count(reading, column);
    uint8_t which = run_which(reading, column);
    if (count == 0)
        return true;
    run_head(reading, which, count, out);
    if (which & BATCH_TIMES) {
        uint8_t *at = frame_room(out, (size_t)count * 8);
        for (uint32_t i = 0; at != NULL && i < count; i++)
            store_u64(at + (size_t)i * 8,
                      (uint64_t)rows->times[reading->order[reading->order_at + i]]);
    }
    if ((which & BATCH_VALUES) && column->type == VALUE_STRING)
        run_put_texts(reading, column, count, out);
    else if (which & BATCH_VALUES)
        run_put_words(reading, column->words, count, out);
    if (which & BATCH_CELLS)
        run_put_bytes(reading, column->cells, count, out);
    if (which & BATCH_QUALITIES)
        run_put_bytes(reading, column->qualities, count, out);
    if (which & BATCH_LATENESS)
        run_put_words(reading, rows->columns[reading->columns_count].words, count, out);
    reading->order_at += count;
    return reading->order_at == reading->order_count;
}

static bool samples_put(struct reading *reading, struct frame_writer *out)
{
    if (reading->piece.summaries == NULL)
        return run_put(reading, out);
    const struct chunk_summary *summary = &reading->piece.summaries[reading->piece_column];
    if (summary->samples > 0)
        run_head(reading, 0, summary->samples, out);
    return true;
}

/* ---- buckets ---------------------------------------------------------------------------------
 */
static void put_word(struct frame_writer *out, uint8_t type, uint64_t word)
{
    double real;
    if (type == VALUE_STRING) {
        frame_put_null(out);
    } else if (type == VALUE_FLOAT64) {
        memcpy(&real, &word, sizeof real);
        frame_put_real(out, real);
    } else {
        frame_put_integer(out, (int64_t)word);
    }
}

/* A bucket is over: its row. */
static void fold_told(void *arg, const struct fold_row *row)
{
    struct reading *reading = arg;
    const struct lookup *lookup = reading->lookup;
    const struct found *found = &lookup->found[reading->group + reading->piece_column];
    struct frame_writer *out = reading->out;
    bool text = found->type == VALUE_STRING;
    reading->rows_told++;
    frame_put_integer(out, found->point);
    if (column_wanted(&lookup->filter, BUCKETS_PATH))
        frame_put_words(out, found_path(lookup, found));
    else
        frame_put_null(out);
    frame_put_integer(out, row->begin_ns);
    frame_put_integer(out, (int64_t)row->count);
    frame_put_real(out, text ? NAN : row->sum);
    put_word(out, found->type, row->min);
    put_word(out, found->type, row->max);
    frame_put_real(out, text ? NAN : row->mean);
    put_word(out, found->type, row->first);
    put_word(out, found->type, row->last);
    frame_put_real(out, text ? NAN : row->time_mean);
    frame_put_real(out, text ? NAN : row->stddev);
    for (unsigned i = BUCKETS_MATCH; i <= BUCKETS_STEP; i++)
        frame_put_null(out); /* the arguments: nobody asks, for they are given */
    if (column_wanted(&lookup->filter, BUCKETS_LABELS))
        frame_put_words(out, found_labels(lookup, found));
    else
        frame_put_null(out);
}

static void rows_fold(struct fold *fold, const struct chunk_rows *rows,
                      const struct chunk_column *column)
{
    for (uint32_t i = 0; i < rows->rows; i++)
        folding_sample(fold, rows->times[i], column->words != NULL ? column->words[i] : 0,
                       column->cells != NULL ? column->cells[i] : CELL_VALUE,
                       column->qualities != NULL ? column->qualities[i] : QUALITY_GOOD);
}

/* The summary does not say enough: the samples behind it are read after all. */
static enum err summary_open(struct reading *reading, struct fold *fold)
{
    struct history_piece piece;
    struct history_query query = reading_query(reading);
    enum err err = OK;
    query.whole = NULL;
    query.columns = &reading->columns[reading->piece_column];
    query.types = &reading->types[reading->piece_column];
    query.count = 1;
    query.from_ns = reading->piece.first_ns;
    query.to_ns = reading->piece.last_ns + 1;
    if (reading->close == NULL)
        err = history_scan_create(reading->view, &reading->close);
    if (err == OK)
        err = history_scan_row(reading->close, &query);
    while (err == OK && (err = history_scan_next(reading->close, &piece)) == OK)
        rows_fold(fold, &piece.rows, &piece.rows.columns[0]);
    return err == ERR_MISSING ? OK : err;
}

static enum err buckets_put(struct reading *reading)
{
    struct fold *fold = &reading->folds[reading->piece_column];
    const struct chunk_rows *rows = &reading->piece.rows;
    if (reading->piece.summaries == NULL) {
        rows_fold(fold, rows, &rows->columns[reading->piece_column]);
        return OK;
    }
    const struct chunk_summary *summary = &reading->piece.summaries[reading->piece_column];
    if (summary->samples == 0)
        return OK;
    if (!folding_takes_summary(fold, summary))
        return summary_open(reading, fold);
    folding_summary(fold, summary);
    return OK;
}

/* The row is over: the last bucket of each column. */
static void folds_end(struct reading *reading)
{
    for (uint16_t i = 0; i < reading->columns_count; i++) {
        reading->piece_column = i;
        folding_end(&reading->folds[i]);
    }
}

/* ---- batches -----------------------------------------------------------------------------------
 */
/* The next column of the piece, the next piece, the next row, the next points. */
static enum err reading_advance(struct reading *reading, struct thread *thread)
{
    struct lookup *lookup = reading->lookup;
    bool buckets = lookup->filter.table == SQL_BUCKETS;
    if (reading->piece_open) {
        enum err err = buckets ? buckets_put(reading) : OK;
        if (buckets || samples_put(reading, reading->out))
            reading->piece_open = ++reading->piece_column < reading->columns_count;
        return err;
    }
    if (reading->row_open) {
        enum err err = history_scan_next(reading->scan, &reading->piece);
        reading->piece_column = 0;
        reading->order_at = reading->order_count = 0;
        reading->piece_open = err == OK;
        if (err != ERR_MISSING)
            return err;
        reading->row_open = false;
        if (buckets)
            folds_end(reading);
        return OK;
    }
    if (reading->next < lookup->found_count)
        return group_begin(reading);
    reading->ended = lookup->over;
    if (reading->ended)
        return OK;
    lookup_clear(lookup);
    reading->next = 0;
    enum err err = thread_lookup(thread, lookup);
    thread->points += lookup->found_count;
    if (err == OK)
        found_sort(lookup);
    return err;
}

static enum err samples_batch(struct reading *reading, struct thread *thread,
                              struct frame_writer *out)
{
    size_t began = out->size, last_at = out->size;
    enum err err = OK;
    bool buckets = reading->lookup->filter.table == SQL_BUCKETS;
    reading->out = out;
    reading->rows_told = 0;
    frame_put_u8(out, 0);
    if (buckets)
        frame_put_u32(out, 0);
    if (reading->scan == NULL)
        reading->ended = true;
    for (unsigned pieces = 1;
         err == OK && !reading->ended && !out->failed && out->size - began < reading->batch_bytes;
         pieces++) {
        err = reading_advance(reading, thread);
        if (err == OK && pieces % PIECES_A_LOOK == 0 && thread_should_stop(thread))
            err = ERR_STOPPED;
    }
    if (out->failed)
        return ERR_NO_MEMORY;
    out->at[last_at] = reading->ended;
    if (buckets)
        store_u32(out->at + last_at + 1, reading->rows_told);
    if (reading->batch_bytes < BATCH_MOST)
        reading->batch_bytes *= 4;
    return err;
}

/* Points and live values: what the engine's thread wrote. */
static enum err rows_batch(struct reading *reading, struct thread *thread, struct frame_writer *out)
{
    struct lookup *lookup = reading->lookup;
    lookup_clear(lookup);
    enum err err = thread_lookup(thread, lookup);
    thread->points += lookup->row_count;
    frame_put_u8(out, lookup->over);
    frame_put_u32(out, lookup->row_count);
    frame_put_bytes(out, lookup->texts.at, lookup->texts.size);
    return err;
}

enum err reading_batch(struct reading *reading, struct thread *thread, struct frame_writer *out)
{
    size_t began = frame_begin(out, FRAME_BATCH);
    enum err err = reads_samples(reading->lookup) ? samples_batch(reading, thread, out)
                                                  : rows_batch(reading, thread, out);
    frame_end(out, began);
    return err == OK && out->failed ? ERR_NO_MEMORY : err;
}
