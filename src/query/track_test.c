/* Buckets of one point against a second, slower way to say the same: for any samples, any cut into
 * pieces and summaries, any grid and every aggregate. */
#include "query/track.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS_MOST 400
#define FROM (INT64_C(1772352000) * NS_PER_S)

static _Atomic uint64_t used, most = UINT64_MAX;
static uint64_t chance_state;

static uint64_t chance(uint64_t below)
{
    chance_state = chance_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (chance_state >> 33) % below;
}

struct story { /* samples of a point */
    uint8_t type;
    uint32_t rows;
    int64_t times[ROWS_MOST];
    uint64_t words[ROWS_MOST];
    uint8_t cells[ROWS_MOST], qualities[ROWS_MOST];
    bool plain; /* all are good values: no cells, no qualities */
};

static void story_make(struct story *story)
{
    static const uint8_t types[] = {VALUE_FLOAT64, VALUE_INT64, VALUE_BOOL};
    int64_t at = FROM + (int64_t)chance(1000) * NS_PER_MS;
    story->type = types[chance(3)];
    story->rows = (uint32_t)chance(ROWS_MOST) + 1;
    story->plain = chance(3) == 0;
    for (uint32_t i = 0; i < story->rows; i++) {
        at += 1 + (int64_t)chance(20) * (int64_t)chance(NS_PER_S);
        double real = (double)(int64_t)(chance(20001) - 10000) / 100;
        story->times[i] = at;
        memcpy(&story->words[i], &real, 8);
        if (story->type == VALUE_INT64)
            story->words[i] = chance(10) == 0 ? (uint64_t)INT64_MAX - chance(9)
                                              : (uint64_t)((int64_t)chance(1000) - 500);
        if (story->type == VALUE_BOOL)
            story->words[i] = chance(2);
        uint64_t fate = story->plain ? 9 : chance(10);
        story->cells[i] = fate == 0 ? CELL_NO_VALUE : fate == 1 ? CELL_NONE : CELL_VALUE;
        story->qualities[i] = fate == 2   ? QUALITY_BAD
                              : fate == 3 ? QUALITY_UNCERTAIN
                                          : QUALITY_GOOD;
    }
}

static bool counts(const struct story *story, uint32_t i)
{
    return fold_takes(story->cells[i], story->qualities[i]);
}

/* ---- the slow way -----------------------------------------------------------------------------
 */
static int real_compare(const void *a, const void *b)
{
    double x, y;
    memcpy(&x, a, 8);
    memcpy(&y, b, 8);
    return x < y ? -1 : x > y;
}

struct slow {
    double values[ROWS_MOST];
    size_t count;
    __extension__ __int128 whole;
    long double sum;
    uint64_t first, last, min, max;
    double held, held_s;
};

static void slow_bucket(const struct story *story, int64_t begin, int64_t end, int64_t until,
                        struct slow *slow)
{
    memset(slow, 0, sizeof *slow);
    for (uint32_t i = 0; i < story->rows; i++) {
        double value = fold_real(story->type, story->words[i]);
        if (counts(story, i)) { /* it is held until the next sample */
            uint32_t next = i + 1;
            while (next < story->rows && story->cells[next] == CELL_NONE)
                next++;
            int64_t to = next < story->rows ? story->times[next] : until;
            int64_t low = story->times[i] > begin ? story->times[i] : begin;
            int64_t high = to < end ? to : end;
            if (high > low) {
                slow->held += value * (double)(high - low) / 1e9;
                slow->held_s += (double)(high - low) / 1e9;
            }
        }
        if (!counts(story, i) || story->times[i] < begin || story->times[i] >= end)
            continue;
        uint64_t word = story->words[i];
        if (slow->count == 0)
            slow->first = slow->min = slow->max = word;
        if (value < fold_real(story->type, slow->min) ||
            (story->type == VALUE_INT64 && (int64_t)word < (int64_t)slow->min))
            slow->min = word;
        if (story->type == VALUE_INT64 ? (int64_t)word > (int64_t)slow->max
                                       : value > fold_real(story->type, slow->max))
            slow->max = word;
        slow->last = word;
        slow->whole += (int64_t)word;
        slow->sum += (long double)value;
        slow->values[slow->count++] = value;
    }
}

static bool near(double a, double b)
{
    return a == b || fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b)) + 1e-9;
}

static bool value_is(uint8_t type, const struct fold_value *value, uint64_t word)
{
    if (type == VALUE_FLOAT64)
        return value->kind == FOLD_REAL && value->real == fold_real(type, word);
    return value->kind == (type == VALUE_BOOL ? FOLD_BOOL : FOLD_WHOLE) &&
           value->whole == (int64_t)word;
}

static bool percentile_is(struct slow *slow, double percentile, double found)
{
    qsort(slow->values, slow->count, sizeof(double), real_compare);
    double place = (double)(slow->count - 1) * percentile / 100;
    size_t at = (size_t)place;
    double above = slow->values[at + 1 < slow->count ? at + 1 : at];
    return near(slow->values[at] + (place - (double)at) * (above - slow->values[at]), found);
}

static bool stddev_is(const struct slow *slow, const struct fold_value *value)
{
    double mean = (double)(slow->sum / (long double)slow->count), squares = 0;
    if (slow->count < 2)
        return value->kind == FOLD_NOTHING;
    for (size_t i = 0; i < slow->count; i++)
        squares += (slow->values[i] - mean) * (slow->values[i] - mean);
    double wanted = sqrt(squares / (double)(slow->count - 1));
    return value->kind == FOLD_REAL &&
           fabs(value->real - wanted) <= 1e-7 * (fabs(mean) + wanted) + 1e-9;
}

static bool sum_is(const struct story *story, const struct slow *slow,
                   const struct fold_value *value)
{
    if (story->type == VALUE_FLOAT64)
        return value->kind == FOLD_REAL && near(value->real, (double)slow->sum);
    if (slow->whole > INT64_MAX || slow->whole < INT64_MIN)
        return value->kind == FOLD_REAL && value->real == (double)slow->whole;
    return value->kind == FOLD_WHOLE && value->whole == (int64_t)slow->whole;
}

static bool mean_is(const struct story *story, const struct slow *slow,
                    const struct fold_value *value)
{
    double count = (double)slow->count;
    return value->kind == FOLD_REAL &&
           near(value->real, story->type == VALUE_FLOAT64 ? (double)slow->sum / count
                                                          : (double)slow->whole / count);
}

static bool aggregate_is(const struct story *story, struct slow *slow,
                         const struct query_aggregate *aggregate, const struct fold_value *value)
{
    if (aggregate->kind == QUERY_COUNT)
        return value->kind == FOLD_WHOLE && value->whole == (int64_t)slow->count;
    if (aggregate->kind == QUERY_TIME_MEAN)
        return value->kind == FOLD_REAL &&
               near(value->real, slow->held_s > 0 ? slow->held / slow->held_s
                                                  : fold_real(story->type, slow->last));
    if (slow->count == 0)
        return value->kind == FOLD_NOTHING;
    switch (aggregate->kind) {
    case QUERY_SUM:
        return sum_is(story, slow, value);
    case QUERY_MEAN:
        return mean_is(story, slow, value);
    case QUERY_MIN:
        return value_is(story->type, value, slow->min);
    case QUERY_MAX:
        return value_is(story->type, value, slow->max);
    case QUERY_FIRST:
        return value_is(story->type, value, slow->first);
    case QUERY_LAST:
        return value_is(story->type, value, slow->last);
    case QUERY_STDDEV:
        return stddev_is(slow, value);
    default:
        return value->kind == FOLD_REAL && percentile_is(slow, aggregate->percentile, value->real);
    }
}

/* ---- the same by a track ----------------------------------------------------------------------
 */
static struct query_request request_make(struct query_aggregate *list, size_t *ret_count)
{
    static const char *const names[] = {"count",     "sum",   "min",  "max",    "mean",
                                        "time_mean", "first", "last", "stddev", "p50",
                                        "p0",        "p100",  "p99.9"};
    static const int64_t steps[] = {1000, 7000, 60000, 3600000, 1};
    char text[256] = "";
    uint64_t wanted = chance(8191) + 1;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (wanted >> i & 1) {
            strcat(text, text[0] != '\0' ? "," : "");
            strcat(text, names[i]);
        }
    assert_null(query_aggregates_parse(bytes_text(text), list, ret_count));
    struct query_request request = {.from_ns = FROM, .to_ns = FROM + 6000 * NS_PER_S};
    int64_t step = steps[chance(4)];
    request.step = (struct query_step){.unit = QUERY_FIXED, .count = step * NS_PER_MS};
    if (chance(4) == 0)
        request.count = (uint32_t)chance(50) + 1;
    return request;
}

static struct chunk_column column_of(const struct story *story, uint32_t at)
{
    return (struct chunk_column){.type = story->type,
                                 .words = story->words + at,
                                 .cells = story->plain ? NULL : story->cells + at,
                                 .qualities = story->plain ? NULL : story->qualities + at};
}

/* In pieces of any size; where a piece lies in one bucket, perhaps as a summary. */
static void track_play(struct track *track, const struct story *story, const struct grid *grid,
                       struct track_scratch *scratch)
{
    for (uint32_t at = 0; at < story->rows;) {
        uint32_t rows = (uint32_t)chance(story->rows - at) + 1;
        struct chunk_column column = column_of(story, at);
        struct chunk_summary summary;
        chunk_fold(&column, story->times + at, rows, &summary);
        if (fold_plan_takes_summaries(track->plan) && fold_takes_summary(track->plan, &summary) &&
            grid_index(grid, story->times[at]) == grid_index(grid, story->times[at + rows - 1]))
            assert_true(track_summary(track, &summary, story->times[at]));
        else
            assert_true(track_feed(track, &column, story->times + at, rows, scratch));
        at += rows;
    }
    assert_true(track_end(track));
}

static void results_are_as_the_slow_way_says(const struct story *story,
                                             const struct fold_plan *plan, const struct grid *grid,
                                             int64_t until, const struct track_results *results)
{
    static struct slow slow;
    size_t at = 0;
    for (int64_t i = 0; i < grid->count; i++) {
        slow_bucket(story, grid_edge(grid, i), grid_edge(grid, i + 1), until, &slow);
        bool there = slow.count > 0 || (plan->time && slow.held_s > 0);
        if (!there) {
            assert_true(at == results->count || results->buckets[at] != i);
            continue;
        }
        assert_true(at < results->count && results->buckets[at] == i);
        for (size_t j = 0; j < plan->count; j++)
            if (!aggregate_is(story, &slow, &plan->list[j], &results->values[at * plan->count + j]))
                fail_msg("bucket %lld: %s of type %d: kind %d, %.17g", (long long)i,
                         plan->list[j].name, story->type,
                         results->values[at * plan->count + j].kind,
                         results->values[at * plan->count + j].real);
        at++;
    }
    assert_int_equal(at, results->count);
}

static void buckets_are_as_the_slow_way_says(void **state)
{
    (void)state;
    static struct story story;
    struct track_scratch *scratch = malloc(sizeof *scratch);
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        struct query_aggregate list[QUERY_AGGREGATES_MAX];
        struct fold_plan plan;
        struct grid grid;
        struct track track;
        struct purse purse = {.used = &used, .most = &most};
        size_t count = 0;
        chance_state = seed;
        story_make(&story);
        struct query_request request = request_make(list, &count);
        fold_plan_make(&plan, story.type, list, count);
        assert_int_equal(grid_init(&grid, &request, NULL), OK);
        int64_t until = chance(2) == 0 ? grid.to_ns : story.times[story.rows - 1] + 7;
        until = until < grid.to_ns ? until : grid.to_ns;
        track_begin(&track, story.type, &plan, &grid, &purse, NULL, until);
        track_play(&track, &story, &grid, scratch);
        results_are_as_the_slow_way_says(&story, &plan, &grid, until, &track.results);
        track_done(&track);
        grid_done(&grid);
        purse_done(&purse);
        assert_int_equal(used, 0);
    }
    free(scratch);
}

/* Two points that add to the cells of a group say what one with all their samples would. */
static void groups_are_one_point(void **state)
{
    (void)state;
    static struct story story, halves[2];
    struct track_scratch *scratch = malloc(sizeof *scratch);
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct query_aggregate list[QUERY_AGGREGATES_MAX];
        struct fold_plan plan;
        struct grid grid;
        struct track track, whole;
        struct purse purse = {.used = &used, .most = &most};
        size_t count = 0;
        chance_state = seed;
        story_make(&story);
        struct query_request request = request_make(list, &count);
        assert_null(query_aggregates_parse(bytes_text("count,sum,min,max,first,last,p50,stddev"),
                                           list, &count));
        fold_plan_make(&plan, story.type, list, count);
        assert_int_equal(grid_init(&grid, &request, NULL), OK);
        struct fold_cell *cells = calloc((size_t)grid.count, sizeof *cells);
        for (size_t half = 0; half < 2; half++) {
            halves[half] = story;
            halves[half].plain = false;
            for (uint32_t i = 0; i < story.rows; i++)
                if (i % 2 == half)
                    halves[half].cells[i] = CELL_NONE;
            track_begin(&track, story.type, &plan, &grid, &purse, cells, grid.to_ns);
            track_play(&track, &halves[half], &grid, scratch);
            track_done(&track);
        }
        track_begin(&whole, story.type, &plan, &grid, &purse, NULL, grid.to_ns);
        for (int64_t i = 0; i < grid.count; i++) {
            if (!fold_cell_is_empty(&cells[i]))
                assert_true(track_results_add(&whole.results, &purse, &plan, &cells[i], i));
            fold_cell_done(&cells[i], &purse);
        }
        results_are_as_the_slow_way_says(&story, &plan, &grid, grid.to_ns, &whole.results);
        track_done(&whole);
        grid_done(&grid);
        free(cells);
        assert_int_equal(used, 0);
    }
    free(scratch);
}

static void what_was_there_is_held_from_the_beginning(void **state)
{
    (void)state;
    struct query_aggregate list[QUERY_AGGREGATES_MAX];
    struct query_request request = {
        .from_ns = FROM, .to_ns = FROM + 40 * NS_PER_S, .step = {QUERY_FIXED, 10 * NS_PER_S}};
    struct purse purse = {.used = &used, .most = &most};
    struct track_scratch *scratch = malloc(sizeof *scratch);
    struct fold_plan plan;
    struct grid grid;
    struct track track;
    size_t count = 0;
    double value = 30;
    uint64_t word;
    const int64_t time_ns = FROM + 25 * NS_PER_S;
    memcpy(&word, &value, 8);
    const struct chunk_column column = {.type = VALUE_FLOAT64, .words = &word};
    assert_null(query_aggregates_parse(bytes_text("time_mean,count"), list, &count));
    fold_plan_make(&plan, VALUE_FLOAT64, list, count);
    assert_int_equal(grid_init(&grid, &request, NULL), OK);
    track_begin(&track, VALUE_FLOAT64, &plan, &grid, &purse, NULL, FROM + 35 * NS_PER_S);
    track_hold(&track, 10);
    assert_true(track_feed(&track, &column, &time_ns, 1, scratch));
    assert_true(track_end(&track));
    static const double means[] = {10, 10, 20, 30};
    assert_int_equal(track.results.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(track.results.values[i * 2].real == means[i]);
        assert_int_equal(track.results.values[i * 2 + 1].whole, i == 2);
    }
    track_done(&track);
    free(scratch);
}

/* At any place where memory ends, the track says so, and all of it is given back. */
static void memory_ends_anywhere(void **state)
{
    (void)state;
    static struct story story;
    static _Atomic uint64_t small;
    struct track_scratch *scratch = malloc(sizeof *scratch);
    struct query_aggregate list[QUERY_AGGREGATES_MAX];
    size_t count = 0, refused = 0;
    assert_null(query_aggregates_parse(bytes_text("p50,mean"), list, &count));
    chance_state = 3;
    do
        story_make(&story);
    while (story.rows < 300);
    for (uint64_t limit = 0; limit < 40000; limit += 97) {
        struct query_request request = {
            .from_ns = FROM, .to_ns = FROM + 6000 * NS_PER_S, .step = {QUERY_FIXED, 60 * NS_PER_S}};
        struct purse purse = {.used = &used, .most = &small};
        struct chunk_column column = column_of(&story, 0);
        struct fold_plan plan;
        struct grid grid;
        struct track track;
        atomic_store(&small, limit);
        fold_plan_make(&plan, story.type, list, count);
        assert_int_equal(grid_init(&grid, &request, NULL), OK);
        track_begin(&track, story.type, &plan, &grid, &purse, NULL, grid.to_ns);
        bool fits =
            track_feed(&track, &column, story.times, story.rows, scratch) && track_end(&track);
        assert_int_equal(fits, !purse.empty);
        assert_true(used <= limit);
        refused += !fits;
        track_done(&track);
        assert_int_equal(used, 0);
    }
    assert_true(refused > 3 && refused < 400);
    free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(buckets_are_as_the_slow_way_says),
                                       cmocka_unit_test(groups_are_one_point),
                                       cmocka_unit_test(what_was_there_is_held_from_the_beginning),
                                       cmocka_unit_test(memory_ends_anywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
