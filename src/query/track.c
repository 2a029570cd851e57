/* A point's samples into buckets. The rows of a piece are cut where a bucket ends; within one, what
 * counts is gathered and folded at once. */
#include "query/track.h"

#include <string.h>

#define NEAR_ROWS 8 /* of a bucket, looked at one by one before its end is searched */

void track_begin(struct track *track, uint8_t type, const struct fold_plan *plan,
                 const struct grid *grid, struct purse *purse, struct fold_cell *cells,
                 int64_t until_ns)
{
    *track = (struct track){.type = type,
                            .plan = plan,
                            .grid = grid,
                            .purse = purse,
                            .cells = cells,
                            .until_ns = until_ns,
                            .bucket = -1,
                            .end_ns = INT64_MIN};
}

void track_done(struct track *track)
{
    fold_cell_done(&track->cell, track->purse);
    track_results_done(&track->results, track->purse);
}

/* ---- results ----------------------------------------------------------------------------------
 */
static bool result_text(struct track_results *results, struct purse *purse,
                        struct fold_value *value)
{
    if (!purse_grow(purse, &results->texts, &results->texts_capacity,
                    results->texts_size + value->size + 1, 1))
        return false;
    if (value->size > 0)
        memcpy(results->texts + results->texts_size, value->text, value->size);
    value->text_at = results->texts_size;
    results->texts_size += value->size;
    return true;
}

bool track_results_add(struct track_results *results, struct purse *purse,
                       const struct fold_plan *plan, struct fold_cell *cell, int64_t bucket)
{
    size_t count = results->count;
    if (!purse_grow(purse, &results->buckets, &results->buckets_capacity, count + 1,
                    sizeof *results->buckets) ||
        !purse_grow(purse, &results->values, &results->values_capacity, (count + 1) * plan->count,
                    sizeof *results->values))
        return false;
    struct fold_value *values = results->values + count * plan->count;
    for (size_t i = 0; i < plan->count; i++) {
        values[i] = fold_result(plan, cell, i);
        if (values[i].kind == FOLD_TEXT && !result_text(results, purse, &values[i]))
            return false;
    }
    results->buckets[count] = bucket;
    results->count++;
    return true;
}

void track_results_done(struct track_results *results, struct purse *purse)
{
    purse_free(purse, results->buckets, results->buckets_capacity, sizeof *results->buckets);
    purse_free(purse, results->values, results->values_capacity, sizeof *results->values);
    purse_free(purse, results->texts, results->texts_capacity, 1);
    memset(results, 0, sizeof *results);
}

/* ---- buckets ----------------------------------------------------------------------------------
 */
static struct fold_cell *track_cell(struct track *track)
{
    return track->cells != NULL ? &track->cells[track->bucket] : &track->cell;
}

static void hold_until(struct track *track, int64_t time_ns)
{
    if (time_ns > track->until_ns)
        time_ns = track->until_ns;
    if (!track->holds || time_ns <= track->held_ns)
        return;
    fold_held(track_cell(track), track->held, time_ns - track->held_ns);
    track->held_ns = time_ns;
}

static bool bucket_close(struct track *track)
{
    if (track->bucket < 0)
        return true;
    hold_until(track, track->end_ns);
    if (track->cells == NULL) {
        if (!fold_cell_is_empty(&track->cell) &&
            !track_results_add(&track->results, track->purse, track->plan, &track->cell,
                               track->bucket))
            return false;
        fold_cell_clear(&track->cell);
    }
    return true;
}

static void bucket_open(struct track *track, int64_t bucket)
{
    track->bucket = bucket;
    track->end_ns = grid_edge(track->grid, bucket + 1);
}

static bool bucket_move(struct track *track, int64_t time_ns)
{
    int64_t step_ns = track->grid->step_ns;
    while (time_ns >= track->end_ns) {
        if (!bucket_close(track))
            return false;
        bool through = track->bucket >= 0 && track->holds && track->held_ns < track->until_ns;
        if (track->bucket >= 0 && step_ns > 0 && time_ns - track->end_ns < step_ns) {
            track->bucket++; /* mostly it is the next one */
            if (__builtin_add_overflow(track->end_ns, step_ns, &track->end_ns))
                track->end_ns = INT64_MAX;
        } else {
            bucket_open(track, through ? track->bucket + 1 : grid_index(track->grid, time_ns));
        }
    }
    return true;
}

/* To the bucket of this time; a held value fills those between. */
static inline bool track_move(struct track *track, int64_t time_ns)
{
    return time_ns < track->end_ns || bucket_move(track, time_ns);
}

void track_hold(struct track *track, double value)
{
    track->holds = true;
    track->held = value;
    track->held_ns = track->grid->from_ns;
    bucket_open(track, 0);
}

/* ---- samples ----------------------------------------------------------------------------------
 */
/* What is held changes with every sample, the bad ones among them. */
static void feed_held(struct track *track, const struct chunk_column *column, const int64_t *times,
                      uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        uint8_t cell = column->cells != NULL ? column->cells[i] : CELL_VALUE;
        if (cell == CELL_NONE)
            continue;
        hold_until(track, times[i]);
        track->holds = fold_takes(cell, column->qualities != NULL ? column->qualities[i] : 0);
        track->held_ns = times[i];
        if (track->holds)
            track->held = fold_real(track->type, column->words[i]);
    }
}

static bool feed_texts(struct track *track, const struct chunk_column *column, const int64_t *times,
                       uint32_t from, uint32_t to, struct track_scratch *scratch)
{
    size_t count = 0;
    for (uint32_t i = from; i < to; i++) {
        if (!fold_takes(column->cells != NULL ? column->cells[i] : CELL_VALUE,
                        column->qualities != NULL ? column->qualities[i] : 0))
            continue;
        scratch->times[count] = times[i];
        scratch->texts[count++] = column->texts[i];
    }
    return fold_texts(track->plan, track_cell(track), track->purse, scratch->times, scratch->texts,
                      count);
}

static bool feed_words(struct track *track, const struct chunk_column *column, const int64_t *times,
                       uint32_t from, uint32_t to, struct track_scratch *scratch)
{
    struct fold_cell *cell = track_cell(track);
    bool same = track->plan->type == track->type;
    if (same && column->cells == NULL && column->qualities == NULL)
        return fold_words(track->plan, cell, track->purse, times + from, column->words + from,
                          to - from);
    size_t count = 0;
    for (uint32_t i = from; i < to; i++) {
        if (!fold_takes(column->cells != NULL ? column->cells[i] : CELL_VALUE,
                        column->qualities != NULL ? column->qualities[i] : 0))
            continue;
        scratch->times[count] = times[i];
        scratch->words[count++] = fold_word_as(track->plan->type, track->type, column->words[i]);
    }
    return fold_words(track->plan, cell, track->purse, scratch->times, scratch->words, count);
}

bool track_feed(struct track *track, const struct chunk_column *piece, const int64_t *times,
                uint32_t rows, struct track_scratch *scratch)
{
    const struct chunk_column plain = fold_column(piece, rows), *column = &plain;
    for (uint32_t from = 0, to; from < rows; from = to) {
        if (!track_move(track, times[from]))
            return false;
        for (to = from + 1; to < rows && to < from + NEAR_ROWS && times[to] < track->end_ns;)
            to++;
        if (to == from + NEAR_ROWS)
            to = grid_rows_before(times, to - 1, rows, track->end_ns);
        if (track->plan->time)
            feed_held(track, column, times, from, to);
        bool fits = track->type == VALUE_STRING
                        ? feed_texts(track, column, times, from, to, scratch)
                        : feed_words(track, column, times, from, to, scratch);
        if (!fits)
            return false;
    }
    return true;
}

bool track_summary(struct track *track, const struct chunk_summary *summary, int64_t first_ns)
{
    if (summary->count == 0)
        return true;
    if (!track_move(track, first_ns))
        return false;
    fold_summary(track->plan, track_cell(track), summary);
    return true;
}

bool track_rollup(struct track *track, const struct chunk_summary *summary, int64_t begin_ns)
{
    if (!track_summary(track, summary, begin_ns))
        return false;
    track_cell(track)->rolled = true;
    return true;
}

bool track_end(struct track *track)
{
    if (track->holds && track->until_ns > track->held_ns && track->bucket >= 0 &&
        !track_move(track, track->until_ns - 1))
        return false;
    bool closed = bucket_close(track);
    track->bucket = -1;
    track->holds = false;
    return closed;
}
