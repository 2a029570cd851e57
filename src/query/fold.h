/* fold: samples into the aggregates of one bucket. Pure but for memory, which the purse counts.
 *
 * float64 sums as codec's summaries (Neumaier); int64 and bool exactly, as a whole number while 64
 * bits hold it. Percentiles keep the bucket's values: 8 bytes each. The mean of int64 is the exact
 * sum divided once. A bucket of no values has the count 0 and nothing else. */
#pragma once

#include "query/purse.h"
#include "query/query.h"

struct fold_plan { /* what is asked of each bucket */
    uint8_t type;  /* of what is folded */
    const struct query_aggregate *list;
    size_t count;
    bool sum, extremes, ends, moments, values, time; /* needed for it */
};
void fold_plan_make(struct fold_plan *plan, uint8_t type, const struct query_aggregate *list,
                    size_t count);

struct fold_text {
    uint8_t *at;
    size_t size, capacity;
};
struct fold_ends { /* of strings */
    struct fold_text first, last;
};
struct fold_cell { /* zero at first */
    uint64_t count;
    bool rolled; /* a rollup is in it: what needs each value is not known */
    double sum, correction;
    __extension__ __int128 whole;
    uint64_t min, max, first, last; /* words */
    int64_t first_ns, last_ns;
    double mean, squares;        /* Welford's */
    double integral, duration_s; /* of what was held */
    double *values;
    size_t values_size, values_capacity;
    struct fold_ends *ends;
};
void fold_cell_clear(struct fold_cell *cell); /* ready for another bucket; memory is kept */
void fold_cell_done(struct fold_cell *cell, struct purse *purse);
static inline bool fold_cell_is_empty(const struct fold_cell *cell)
{
    return cell->count == 0 && cell->duration_s <= 0;
}

/* Is this a sample that is folded? */
static inline bool fold_takes(uint8_t cell, uint8_t quality)
{
    return cell == CELL_VALUE && (quality & 0xC0) != QUALITY_BAD;
}
/* The column of a piece, without cells and qualities where these say nothing: all are good values.
 */
struct chunk_column fold_column(const struct chunk_column *column, uint32_t rows);
/* Samples with their times, ascending; words of plan->type. False: the purse is empty. */
MUST_USE bool fold_words(const struct fold_plan *plan, struct fold_cell *cell, struct purse *purse,
                         const int64_t *times, const uint64_t *words, size_t count);
MUST_USE bool fold_texts(const struct fold_plan *plan, struct fold_cell *cell, struct purse *purse,
                         const int64_t *times, const struct bytes *texts, size_t count);
/* A value was held for so long. */
static inline void fold_held(struct fold_cell *cell, double value, int64_t ns)
{
    double s = (double)ns * 1e-9;
    cell->integral += value * s;
    cell->duration_s += s;
}
/* Can summaries stand for samples? And does this one? */
bool fold_plan_takes_summaries(const struct fold_plan *plan);
bool fold_takes_summary(const struct fold_plan *plan, const struct chunk_summary *summary);
void fold_summary(const struct fold_plan *plan, struct fold_cell *cell,
                  const struct chunk_summary *summary);
/* A word of a number as a double; a word of another type as one of plan->type. */
double fold_real(uint8_t type, uint64_t word);
uint64_t fold_word_as(uint8_t to, uint8_t from, uint64_t word);

enum fold_kind { FOLD_NOTHING, FOLD_REAL, FOLD_WHOLE, FOLD_BOOL, FOLD_TEXT };
struct fold_value {
    enum fold_kind kind;
    uint32_t size; /* of a text */
    union {
        double real;
        int64_t whole;
        const uint8_t *text; /* in the cell */
        size_t text_at;      /* or wherever it was put */
    };
};
/* The at-th aggregate. Percentiles put the values into another order. */
struct fold_value fold_result(const struct fold_plan *plan, struct fold_cell *cell, size_t at);
/* The percentile of these numbers, at least one; puts them into another order. O(count). */
double fold_percentile(double *values, size_t count, double percentile);
