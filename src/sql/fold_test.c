/* Buckets against a plain computation of the same, for random samples, in any cut into summaries.
 */
#include "sql/fold.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SAMPLES 400
#define ROWS 200

struct sample {
    int64_t time_ns;
    double value;
    uint8_t cell, quality;
};
struct told {
    struct fold_row rows[ROWS];
    size_t count;
};

static uint64_t chance = 1;

static unsigned roll(unsigned most)
{
    chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(chance >> 33) % most;
}

static uint64_t word_of(uint8_t type, double value)
{
    uint64_t word;
    if (type != VALUE_FLOAT64)
        return (uint64_t)(int64_t)value;
    memcpy(&word, &value, sizeof word);
    return word;
}

static double real_of(uint8_t type, uint64_t word)
{
    double real;
    memcpy(&real, &word, sizeof real);
    return type == VALUE_FLOAT64 ? real : (double)(int64_t)word;
}

static void tell(void *arg, const struct fold_row *row)
{
    struct told *told = arg;
    assert_true(told->count < ROWS);
    told->rows[told->count++] = *row;
}

static bool takes(const struct sample *sample)
{
    return sample->cell == CELL_VALUE && (sample->quality & 0xC0) != QUALITY_BAD;
}

/* The integral of what held within [from, to), and for how long something did. */
static double held(const struct sample *samples, size_t count, int64_t from_ns, int64_t to_ns,
                   double *ret_s)
{
    double integral = 0;
    *ret_s = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t begin = samples[i].time_ns,
                end = i + 1 < count ? samples[i + 1].time_ns : INT64_MAX;
        begin = begin > from_ns ? begin : from_ns;
        end = end < to_ns ? end : to_ns;
        if (!takes(&samples[i]) || end <= begin)
            continue;
        integral += samples[i].value * (double)(end - begin);
        *ret_s += (double)(end - begin);
    }
    return integral;
}

static void row_is(const struct fold_row *row, uint8_t type, const struct sample *samples,
                   size_t count, int64_t begin_ns, int64_t end_ns, bool exact)
{
    double sum = 0, squares = 0, least = INFINITY, most = -INFINITY, first = 0, last = 0, held_ns;
    uint64_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (takes(&samples[i]) && samples[i].time_ns >= begin_ns && samples[i].time_ns < end_ns) {
            first = found == 0 ? samples[i].value : first;
            last = samples[i].value;
            sum += samples[i].value;
            least = fmin(least, samples[i].value);
            most = fmax(most, samples[i].value);
            found++;
        }
    double mean = sum / (double)found;
    for (size_t i = 0; i < count; i++)
        if (takes(&samples[i]) && samples[i].time_ns >= begin_ns && samples[i].time_ns < end_ns)
            squares += (samples[i].value - mean) * (samples[i].value - mean);
    assert_int_equal(row->begin_ns, begin_ns);
    assert_int_equal(row->count, found);
    assert_true(fabs(row->sum - sum) < 1e-6 && fabs(row->mean - mean) < 1e-9);
    assert_true(real_of(type, row->min) == least && real_of(type, row->max) == most);
    assert_true(real_of(type, row->first) == first && real_of(type, row->last) == last);
    if (!exact)
        return;
    if (found > 1)
        assert_true(fabs(row->stddev - sqrt(squares / (double)(found - 1))) < 1e-6);
    else
        assert_true(isnan(row->stddev));
    double integral = held(samples, count, begin_ns, end_ns, &held_ns);
    assert_true(fabs(row->time_mean - integral / held_ns) < 1e-6);
}

static void once(uint8_t type, bool exact)
{
    static struct sample samples[SAMPLES];
    static struct told told;
    struct query_step step;
    int64_t time_ns = INT64_C(1772323200) * NS_PER_S, minute = 60 * NS_PER_S;
    int64_t from_ns = time_ns;
    assert_true(query_step_parse(bytes_text("10m"), &step));
    for (size_t i = 0; i < SAMPLES; i++) {
        time_ns += (int64_t)(1 + roll(90)) * NS_PER_S + (roll(20) == 0 ? 25 * minute : 0);
        samples[i] = (struct sample){time_ns, (double)roll(100),
                                     roll(10) == 0 ? CELL_NO_VALUE : CELL_VALUE, QUALITY_GOOD};
        if (type == VALUE_FLOAT64)
            samples[i].value += 0.25 * roll(4);
        if (roll(10) == 0)
            samples[i].quality = roll(2) ? QUALITY_BAD : QUALITY_UNCERTAIN;
        if (samples[i].cell == CELL_NO_VALUE)
            samples[i].quality = QUALITY_BAD_NO_VALUE;
    }
    told.count = 0;
    struct fold fold = {.step = &step,
                        .from_ns = from_ns,
                        .to_ns = time_ns + 1,
                        .type = type,
                        .exact = exact,
                        .tell = tell,
                        .arg = &told};
    folding_begin(&fold);
    for (size_t i = 0; i < SAMPLES;) {
        /* Now and then some that lie in one bucket come as a summary. */
        size_t count = 1 + roll(5);
        uint64_t words[5];
        int64_t times[5];
        bool whole = !exact && i + count <= SAMPLES;
        for (size_t at = 0; whole && at < count; at++) {
            whole = takes(&samples[i + at]) && samples[i + at].quality == QUALITY_GOOD;
            words[at] = word_of(type, samples[i + at].value);
            times[at] = samples[i + at].time_ns;
        }
        if (whole && folding_is_whole(&fold, times[0], times[count - 1])) {
            struct chunk_summary summary;
            struct chunk_column column = {.type = type, .words = words};
            chunk_fold(&column, times, (uint32_t)count, &summary);
            assert_true(folding_takes_summary(&fold, &summary));
            folding_summary(&fold, &summary);
            i += count;
            continue;
        }
        folding_sample(&fold, samples[i].time_ns, word_of(type, samples[i].value), samples[i].cell,
                       samples[i].quality);
        i++;
    }
    folding_end(&fold);
    size_t at = 0;
    for (int64_t begin = from_ns; begin < time_ns + 1; begin += 10 * minute) {
        bool any = false;
        int64_t end = begin + 10 * minute < time_ns + 1 ? begin + 10 * minute : time_ns + 1;
        for (size_t i = 0; i < SAMPLES; i++)
            any |= takes(&samples[i]) && samples[i].time_ns >= begin && samples[i].time_ns < end;
        if (any)
            row_is(&told.rows[at++], type, samples, SAMPLES, begin, end, exact);
    }
    assert_int_equal(at, told.count);
}

static void test_buckets_are_what_they_should_be(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        once(i % 2 ? VALUE_FLOAT64 : VALUE_INT64, false);
        once(i % 2 ? VALUE_FLOAT64 : VALUE_INT64, true);
    }
}

static void test_what_held_before(void **state)
{
    struct query_step step;
    static struct told told;
    (void)state;
    assert_true(query_step_parse(bytes_text("10s"), &step));
    struct fold fold = {.step = &step,
                        .from_ns = 5 * NS_PER_S,
                        .to_ns = 20 * NS_PER_S,
                        .type = VALUE_FLOAT64,
                        .exact = true,
                        .tell = tell,
                        .arg = &told};
    folding_begin(&fold);
    folding_hold(&fold, word_of(VALUE_FLOAT64, 100));
    folding_sample(&fold, 8 * NS_PER_S, word_of(VALUE_FLOAT64, 50), CELL_VALUE, QUALITY_GOOD);
    folding_sample(&fold, 12 * NS_PER_S, word_of(VALUE_FLOAT64, 10), CELL_VALUE, QUALITY_GOOD);
    folding_end(&fold);
    assert_int_equal(told.count, 2);
    /* Of 0 s to 10 s the range has 5 s: 3 s of 100 and 2 s of 50; then 2 s of 50 and 8 s of 10. */
    assert_true(told.rows[0].time_mean == 80 && told.rows[1].time_mean == 18);
}

static void test_summaries_that_do_not_say_enough(void **state)
{
    struct query_step step;
    (void)state;
    assert_true(query_step_parse(bytes_text("10s"), &step));
    struct fold fold = {.step = &step, .to_ns = NS_PER_S, .type = VALUE_INT64};
    struct chunk_summary summary = {
        .type = VALUE_INT64, .all_good = true, .samples = 1, .count = 1, .sum = 5};
    assert_true(folding_takes_summary(&fold, &summary));
    summary.all_good = false;
    assert_false(folding_takes_summary(&fold, &summary));
    summary.all_good = true;
    summary.sum = 0x1p53;
    assert_false(folding_takes_summary(&fold, &summary));
    summary.sum = 0x1p53 - 1;
    assert_true(folding_takes_summary(&fold, &summary));
    fold.type = summary.type = VALUE_FLOAT64;
    summary.sum = (double)INFINITY;
    assert_false(folding_takes_summary(&fold, &summary));
    fold.exact = true;
    summary.sum = 1;
    assert_false(folding_takes_summary(&fold, &summary));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buckets_are_what_they_should_be),
        cmocka_unit_test(test_what_held_before),
        cmocka_unit_test(test_summaries_that_do_not_say_enough),
    };
    return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
