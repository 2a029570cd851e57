/* fold: a point's samples, in the order of time, into buckets. Folded is what has a value and is
 * not bad, as src/query does; a bad sample or one without a value ends what time_mean holds. A
 * value is held until the next sample, no longer than the range and `now`, across buckets.
 *
 * float64 is added with Neumaier's correction, int64 and bool exactly. Pure; one thread. */
#pragma once

#include "codec/codec.h"
#include "query/query.h"

struct fold_row { /* a bucket that has values */
    int64_t begin_ns;
    uint64_t count;
    double sum, mean, time_mean, stddev; /* NaN: none */
    uint64_t min, max, first, last;      /* words */
};
typedef void fold_tell(void *arg, const struct fold_row *row);
struct fold {
    const struct query_step *step;
    int64_t from_ns, to_ns; /* to: also no later than now */
    uint8_t type;
    bool exact; /* stddev or time_mean is wanted: each sample is looked at */
    fold_tell *tell;
    void *arg;
    /* private: the bucket */
    int64_t begin_ns, end_ns;
    uint64_t count;
    double sum, correction;
    __extension__ __int128 whole;
    uint64_t min, max, first, last;
    double mean, squares, integral, held_ns;
    /* the value that holds */
    bool holds;
    double held;
    int64_t held_from_ns;
};
/* The fields above `private` are set, the others zero. */
void folding_begin(struct fold *fold);
/* The last sample before the range. */
void folding_hold(struct fold *fold, uint64_t word);
void folding_sample(struct fold *fold, int64_t time_ns, uint64_t word, uint8_t cell,
                    uint8_t quality);
/* Samples that all lie in one bucket, if folding_takes_summary. */
void folding_summary(struct fold *fold, const struct chunk_summary *summary);
/* Is it as good as the samples? Not when some are not good, or a sum is rounded. */
bool folding_takes_summary(const struct fold *fold, const struct chunk_summary *summary);
/* Could first..last be told as a summary? */
bool folding_is_whole(const struct fold *fold, int64_t first_ns, int64_t last_ns);
void folding_end(struct fold *fold);
