/* track: the buckets of one point of a range, or what a point adds to those of its group.
 *
 * Samples come in the order of their times; a bucket is over when a later one begins, and its
 * aggregates stand in the results. Where time_mean is asked for, a value is held until the next
 * sample, over buckets without any. One thread a track. */
#pragma once

#include "query/fold.h"
#include "query/grid.h"

struct track_results {
    int64_t *buckets;          /* ascending */
    struct fold_value *values; /* plan->count each */
    size_t count, buckets_capacity, values_capacity;
    uint8_t *texts;
    size_t texts_size, texts_capacity;
};
struct track {
    uint8_t type; /* of the point; the plan's may be float64 for all of a group */
    const struct fold_plan *plan;
    const struct grid *grid;
    struct purse *purse;
    int64_t until_ns;        /* nothing is held past it */
    struct fold_cell *cells; /* of the group, by bucket; NULL: own */
    struct fold_cell cell;
    int64_t bucket, end_ns; /* under way; bucket -1: none */
    bool holds;
    double held;
    int64_t held_ns;
    struct track_results results;
};
void track_begin(struct track *track, uint8_t type, const struct fold_plan *plan,
                 const struct grid *grid, struct purse *purse, struct fold_cell *cells,
                 int64_t until_ns);
/* A value that was there when the range began: it is held from then on. */
void track_hold(struct track *track, double value);
struct track_scratch { /* for one piece; shared by all tracks of a run */
    int64_t times[HISTORY_PIECE_ROWS];
    uint64_t words[HISTORY_PIECE_ROWS];
    struct bytes texts[HISTORY_PIECE_ROWS];
};
/* False: the purse is empty. */
MUST_USE bool track_feed(struct track *track, const struct chunk_column *column,
                         const int64_t *times, uint32_t rows, struct track_scratch *scratch);
/* All samples of a piece that lies in one bucket. */
MUST_USE bool track_summary(struct track *track, const struct chunk_summary *summary,
                            int64_t first_ns);
/* A bucket of a rollup that begins then. */
MUST_USE bool track_rollup(struct track *track, const struct chunk_summary *summary,
                           int64_t begin_ns);
MUST_USE bool track_end(struct track *track);
void track_done(struct track *track);

/* A finished bucket into results. */
MUST_USE bool track_results_add(struct track_results *results, struct purse *purse,
                                const struct fold_plan *plan, struct fold_cell *cell,
                                int64_t bucket);
void track_results_done(struct track_results *results, struct purse *purse);
