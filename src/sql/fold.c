/* Buckets: see fold.h. */
#include "sql/fold.h"

#include <math.h>
#include <string.h>

static double real_of(uint8_t type, uint64_t word)
{
    double real;
    if (type != VALUE_FLOAT64)
        return (double)(int64_t)word;
    memcpy(&real, &word, sizeof real);
    return real;
}

static bool is_less(uint8_t type, uint64_t a, uint64_t b)
{
    return type == VALUE_FLOAT64 ? real_of(type, a) < real_of(type, b) : (int64_t)a < (int64_t)b;
}

static void bucket_clear(struct fold *fold)
{
    fold->count = 0;
    fold->sum = fold->correction = fold->mean = fold->squares = 0;
    fold->integral = fold->held_ns = 0;
    fold->whole = 0;
}

void folding_begin(struct fold *fold)
{
    fold->begin_ns = fold->end_ns = fold->from_ns; /* of no bucket yet */
    fold->holds = false;
    bucket_clear(fold);
}

/* What holds, from where it was counted last until there. */
static void held_add(struct fold *fold, int64_t until_ns)
{
    int64_t from_ns = fold->held_from_ns > fold->begin_ns ? fold->held_from_ns : fold->begin_ns;
    if (!fold->holds || until_ns <= from_ns)
        return;
    uint64_t ns = (uint64_t)until_ns - (uint64_t)from_ns;
    fold->integral += fold->held * (double)ns;
    fold->held_ns += (double)ns;
}

static void sum_add(struct fold *fold, double value)
{
    double sum = fold->sum + value;
    if (fabs(fold->sum) >= fabs(value))
        fold->correction += fold->sum - sum + value;
    else
        fold->correction += value - sum + fold->sum;
    fold->sum = sum;
}

static double sum_of(const struct fold *fold)
{
    if (fold->type != VALUE_FLOAT64)
        return (double)fold->whole;
    return isfinite(fold->correction) ? fold->sum + fold->correction : fold->sum;
}

/* The bucket is over: its row, if it has values. */
static void bucket_end(struct fold *fold, int64_t until_ns)
{
    if (fold->count == 0)
        return;
    held_add(fold, until_ns < fold->end_ns ? until_ns : fold->end_ns);
    double sum = sum_of(fold);
    struct fold_row row = {.begin_ns = fold->begin_ns,
                           .count = fold->count,
                           .sum = sum,
                           .mean = sum / (double)fold->count,
                           .time_mean = fold->held_ns > 0 ? fold->integral / fold->held_ns : NAN,
                           .stddev = fold->count > 1 && fold->exact
                                         ? sqrt(fold->squares / (double)(fold->count - 1))
                                         : NAN,
                           .min = fold->min,
                           .max = fold->max,
                           .first = fold->first,
                           .last = fold->last};
    fold->tell(fold->arg, &row);
}

/* The bucket of this time is the one under way. */
static void bucket_turn(struct fold *fold, int64_t time_ns)
{
    if (time_ns < fold->end_ns && time_ns >= fold->begin_ns)
        return;
    bucket_end(fold, fold->to_ns);
    bucket_clear(fold);
    query_step_bucket(fold->step, time_ns, &fold->begin_ns, &fold->end_ns);
    if (fold->begin_ns > time_ns || fold->end_ns <= time_ns) { /* at the ends of 64 bits */
        fold->begin_ns = time_ns;
        fold->end_ns = time_ns < INT64_MAX ? time_ns + 1 : INT64_MAX;
    }
}

void folding_hold(struct fold *fold, uint64_t word)
{
    fold->holds = fold->type != VALUE_STRING;
    fold->held = real_of(fold->type, word);
    fold->held_from_ns = fold->from_ns;
}

static void extremes_take(struct fold *fold, uint64_t min, uint64_t max)
{
    if (fold->count == 0 || is_less(fold->type, min, fold->min))
        fold->min = min;
    if (fold->count == 0 || is_less(fold->type, fold->max, max))
        fold->max = max;
}

static void value_take(struct fold *fold, uint64_t word)
{
    if (fold->type != VALUE_STRING) {
        extremes_take(fold, word, word);
        if (fold->count == 0)
            fold->first = word;
        fold->last = word;
        if (fold->type == VALUE_FLOAT64)
            sum_add(fold, real_of(fold->type, word));
        else
            fold->whole += (int64_t)word;
    }
    fold->count++;
    if (fold->exact && fold->type != VALUE_STRING) {
        double value = real_of(fold->type, word), from_mean = value - fold->mean;
        fold->mean += from_mean / (double)fold->count;
        fold->squares += from_mean * (value - fold->mean);
    }
}

void folding_sample(struct fold *fold, int64_t time_ns, uint64_t word, uint8_t cell,
                    uint8_t quality)
{
    if (cell == CELL_NONE)
        return;
    bool good = cell == CELL_VALUE && (quality & 0xC0) != QUALITY_BAD;
    bucket_turn(fold, time_ns);
    if (fold->exact)
        held_add(fold, time_ns);
    fold->holds = good && fold->type != VALUE_STRING;
    if (!good)
        return;
    fold->held = real_of(fold->type, word);
    fold->held_from_ns = time_ns;
    value_take(fold, word);
}

bool folding_is_whole(const struct fold *fold, int64_t first_ns, int64_t last_ns)
{
    int64_t begin_ns, end_ns;
    if (fold->exact)
        return false;
    query_step_bucket(fold->step, first_ns, &begin_ns, &end_ns);
    return begin_ns <= first_ns && last_ns < end_ns;
}

bool folding_takes_summary(const struct fold *fold, const struct chunk_summary *summary)
{
    double most = fold->type == VALUE_FLOAT64 ? HUGE_VAL : 0x1p53;
    return !fold->exact && summary->all_good && summary->type == fold->type &&
           fabs(summary->sum) < most;
}

void folding_summary(struct fold *fold, const struct chunk_summary *summary)
{
    if (summary->count == 0)
        return;
    bucket_turn(fold, summary->first_ns);
    if (fold->type == VALUE_FLOAT64)
        sum_add(fold, summary->sum);
    else if (fold->type != VALUE_STRING)
        fold->whole += (int64_t)summary->sum;
    if (fold->type != VALUE_STRING) {
        extremes_take(fold, summary->min, summary->max);
        if (fold->count == 0)
            fold->first = summary->first;
        fold->last = summary->last;
    }
    fold->count += summary->count;
}

void folding_end(struct fold *fold)
{
    bucket_end(fold, fold->to_ns);
    bucket_clear(fold);
    fold->begin_ns = fold->end_ns = fold->from_ns;
}
