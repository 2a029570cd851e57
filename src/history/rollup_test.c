/* Rollups are what a recomputation from the raw samples says, whatever order these came in; they
 * outlive them; policies that come later and erasures make them anew. */
#include "history/test_house.h"

#include <math.h>

#define MINUTE (60 * NS_PER_S)

static const struct row_shape shape = {.row = 1, .first_point = 1, .count = 1};

struct model { /* by second since T0 */
    bool there[4000];
    double value[4000];
};

static void put(struct house *house, struct model *model, int64_t second, double value)
{
    struct value values[1] = {value_of_real(value)};
    struct sample_row sample = {
        .row = 1, .count = 1, .time_ns = T0 + second * NS_PER_S, .values = values};
    assert_int_equal(
        history_append(house->history, house->position, &shape, &sample, sample.time_ns), OK);
    house->position++;
    history_advance(house->history, house->position);
    model->there[second] = true;
    model->value[second] = value;
}

static void policy_set(struct house *house, int64_t retention_ns, uint64_t position)
{
    struct history_policy policies[2] = {{0}, {.retention_ns = retention_ns}};
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++)
        policies[1].rollup[tier] = true;
    assert_int_equal(history_policies(house->history, policies, 2), OK);
    assert_int_equal(history_assign(house->history, &shape, 0, VALUE_FLOAT64, 1, 0), OK);
    history_assigned(house->history, position);
}

static double word_real(uint64_t word)
{
    double real;
    memcpy(&real, &word, sizeof real);
    return real;
}

static void expect_bucket(const struct model *model, int64_t start_ns, int64_t length_ns,
                          const struct chunk_rows *rows, uint32_t at)
{
    int64_t count = 0, first = -1, last = -1;
    double sum = 0, min = INFINITY, max = -INFINITY;
    for (int64_t second = 0; second < 4000; second++) {
        int64_t time_ns = T0 + second * NS_PER_S;
        if (!model->there[second] || time_ns < start_ns || time_ns >= start_ns + length_ns)
            continue;
        first = first < 0 ? second : first;
        last = second;
        count++;
        sum += model->value[second];
        min = fmin(min, model->value[second]);
        max = fmax(max, model->value[second]);
    }
    const struct chunk_column *columns = rows->columns;
    assert_int_equal(columns[ROLLUP_COUNT].words[at], count);
    if (count == 0)
        return;
    double found = word_real(columns[ROLLUP_SUM].words[at]);
    assert_true(fabs(found - sum) <= 1e-9 * (1 + fabs(sum)));
    assert_true(word_real(columns[ROLLUP_MIN].words[at]) == min);
    assert_true(word_real(columns[ROLLUP_MAX].words[at]) == max);
    assert_true(word_real(columns[ROLLUP_FIRST].words[at]) == model->value[first]);
    assert_true(word_real(columns[ROLLUP_LAST].words[at]) == model->value[last]);
    assert_int_equal(columns[ROLLUP_FIRST_NS].words[at], T0 + first * NS_PER_S);
    assert_int_equal(columns[ROLLUP_LAST_NS].words[at], T0 + last * NS_PER_S);
}

static size_t model_buckets(const struct model *model, int64_t length_ns)
{
    size_t count = 0;
    int64_t before = -1;
    for (int64_t second = 0; second < 4000; second++) {
        int64_t bucket = (T0 + second * NS_PER_S) / length_ns;
        if (model->there[second] && bucket != before) {
            before = bucket;
            count++;
        }
    }
    return count;
}

static void expect_rollups(struct house *house, const struct model *model)
{
    struct history_view *view;
    struct history_scan *scan;
    assert_int_equal(history_view_open(house->history, &view), OK);
    assert_int_equal(history_scan_create(view, &scan), OK);
    uint8_t types[ROLLUP_COLUMNS];
    history_rollup_types(VALUE_FLOAT64, types);
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++) {
        struct history_query query = {.tier = tier,
                                      .row = 1,
                                      .types = types,
                                      .count = ROLLUP_COLUMNS,
                                      .from_ns = INT64_MIN,
                                      .to_ns = INT64_MAX};
        struct history_piece piece;
        size_t buckets = 0;
        assert_int_equal(history_scan_row(scan, &query), OK);
        while (history_scan_next(scan, &piece) == OK)
            for (uint32_t i = 0; i < piece.rows.rows; i++) {
                expect_bucket(model, piece.rows.times[i], history_rollup_ns(tier), &piece.rows, i);
                buckets += piece.rows.columns[ROLLUP_COUNT].words[i] > 0;
            }
        assert_int_equal(buckets, model_buckets(model, history_rollup_ns(tier)));
    }
    history_scan_destroy(scan);
    history_view_close(view);
}

static void they_are_what_a_recomputation_says(void **state)
{
    struct house *house = *state;
    struct model *model = calloc(1, sizeof *model);
    policy_set(house, 0, 0);
    srand(7);
    for (int part = 0; part < 30; part++) {
        for (int64_t i = 0; i < 100; i++)
            put(house, model, part * 100 + i, (double)(rand() % 1000) / 10);
        for (int i = 0; part > 0 && i < part % 4; i++) /* late, and some a second time */
            put(house, model, rand() % (part * 100), (double)(rand() % 1000) / 10);
        house_seal(house);
        expect_rollups(house, model);
    }
    struct history_state told;
    history_describe(house->history, &told);
    assert_true(told.parts[PART_MINUTE] < 12); /* they are merged as well */
    free(model);
}

static void a_policy_that_comes_later_finds_what_there_is(void **state)
{
    struct house *house = *state;
    struct model *model = calloc(1, sizeof *model);
    for (int64_t i = 0; i < 2000; i++) {
        put(house, model, i, (double)i / 4);
        if (i % 500 == 0)
            house_seal(house);
    }
    policy_set(house, 0, house->position - 1);
    house_seal(house);
    expect_rollups(house, model);
    house_close(house);
    house_open(house);
    policy_set(house, 0, house->position - 1);
    put(house, model, 100, 77); /* late */
    put(house, model, 2500, 1);
    house_seal(house);
    expect_rollups(house, model);
    free(model);
}

static uint64_t raw_values(struct house *house)
{
    struct history_state told;
    history_describe(house->history, &told);
    return told.values[PART_RAW];
}

/* Of a day that began before what is kept raw, a part is gone: what was rolled up stays, and what
 * came since is added, also when all rollups are made anew. */
static void what_came_last_is_not_lost_when_they_are_made_anew(void **state)
{
    struct house *house = *state;
    struct model *model = calloc(1, sizeof *model);
    policy_set(house, 3600 * NS_PER_S, 0);
    for (int64_t i = 0; i < 700; i++)
        put(house, model, i, (double)i / 4);
    house_seal(house);
    house_wait(house, 7200 * NS_PER_S);
    assert_int_equal(raw_values(house), 0);
    expect_rollups(house, model);
    for (int64_t i = 700; i < 1000; i++)
        put(house, model, i, (double)i / 4);
    policy_set(house, 3600 * NS_PER_S, house->position - 1);
    house_seal(house);
    expect_rollups(house, model);
    free(model);
}

/* The last raw parts had nothing to roll up, and became one with those before: a start does not
 * take them again. An hour and a day begin before what is kept raw, so that nothing is made anew
 * of it, and go on behind it. */
static void a_start_rolls_nothing_up_twice(void **state)
{
    struct house *house = *state;
    struct model *model = calloc(1, sizeof *model);
    int64_t keep_ns = house->config.clock->wall_ns(house->config.clock) - T0 - 30 * NS_PER_S;
    policy_set(house, keep_ns, 0);
    for (int64_t part = 0; part < 8; part++) {
        for (int64_t i = 0; part < 7 && i < 100; i++)
            put(house, model, part * 100 + i, (double)i / 4);
        struct row_shape other = {.row = 2, .first_point = 2, .count = 1};
        struct value value = value_of_real(1);
        struct sample_row sample = {
            .row = 2, .count = 1, .time_ns = T0 + part * NS_PER_S, .values = &value};
        assert_int_equal(
            history_append(house->history, house->position, &other, &sample, sample.time_ns), OK);
        history_advance(house->history, ++house->position);
        house_seal(house);
    }
    history_merge_now(house->history);
    house_idle(house);
    assert_in_range(raw_values(house), 600, 690);
    expect_rollups(house, model);
    house_close(house);
    house_open(house);
    policy_set(house, keep_ns, 0);
    house_idle(house);
    house_wait(house, NS_PER_S);
    expect_rollups(house, model);
    free(model);
}

/* A policy that lets go and rolls up: nothing goes before it is rolled up. */
static void what_a_new_policy_lets_go_is_rolled_up_before(void **state)
{
    struct house *house = *state;
    struct model *model = calloc(1, sizeof *model);
    for (int64_t i = 0; i < 1000; i++)
        put(house, model, i, (double)i / 4);
    house_seal(house);
    put(house, model, 1000, 7); /* in the window: the rebuild waits for it */
    policy_set(house, 3600 * NS_PER_S, house->position - 1);
    house_wait(house, 1500 * NS_PER_S);
    house_wait(house, 1500 * NS_PER_S);
    assert_int_equal(raw_values(house), 1000);
    house_seal(house);
    expect_rollups(house, model);
    house_wait(house, 4500 * NS_PER_S);
    assert_int_equal(raw_values(house), 0);
    expect_rollups(house, model);
    free(model);
}

/* While policies are being assigned nobody knows what may go. */
static void nothing_goes_while_policies_are_assigned(void **state)
{
    struct house *house = *state;
    struct model *model = calloc(1, sizeof *model);
    for (int64_t i = 0; i < 1000; i++)
        put(house, model, i, (double)i / 4);
    house_seal(house);
    struct history_policy policies[3] = {[2] = {.retention_ns = 3600 * NS_PER_S}};
    assert_int_equal(history_policies(house->history, policies, 3), OK);
    assert_int_equal(history_assign(house->history, &shape, 0, VALUE_FLOAT64, 1, 0), OK);
    history_assigned(house->history, 0);
    house_wait(house, 4500 * NS_PER_S);
    policies[1] = policies[2]; /* the two change places */
    policies[2] = (struct history_policy){.retention_ns = 0};
    assert_int_equal(history_policies(house->history, policies, 3), OK);
    house_wait(house, 4500 * NS_PER_S);
    assert_int_equal(history_assign(house->history, &shape, 0, VALUE_FLOAT64, 2, 0), OK);
    history_assigned(house->history, 0);
    house_wait(house, 4500 * NS_PER_S);
    assert_int_equal(raw_values(house), 1000);
    assert_int_equal(history_policies(house->history, policies, 3), OK);
    assert_int_equal(history_assign(house->history, &shape, 0, VALUE_FLOAT64, 1, 0), OK);
    house_wait(house, 4500 * NS_PER_S);
    assert_int_equal(raw_values(house), 1000); /* not yet all assigned */
    history_assigned(house->history, 0);
    house_wait(house, 4500 * NS_PER_S);
    assert_int_equal(raw_values(house), 0);
    free(model);
}

/* An erasure comes again with a start before its rollups were made anew, and before policies. */
static void an_erasure_is_not_forgotten_by_a_start(void **state)
{
    struct house *house = *state;
    struct model *model = calloc(1, sizeof *model);
    policy_set(house, 0, 0);
    for (int64_t i = 0; i < 1000; i++)
        put(house, model, i, (double)i / 4);
    house_seal(house);
    house_close(house);
    house_open(house);
    struct history_point point = {.row = 1, .point = 1, .column = 0};
    assert_int_equal(
        history_erase(house->history, house->position++, &point, 1, T0, T0 + 500 * NS_PER_S), OK);
    memset(model->there, 0, 500 * sizeof model->there[0]);
    policy_set(house, 0, 0);
    put(house, model, 1200, 1);
    house_seal(house);
    house_idle(house);
    expect_rollups(house, model);
    free(model);
}

static void they_outlive_the_raw_samples(void **state)
{
    struct house *house = *state;
    struct model *model = calloc(1, sizeof *model);
    policy_set(house, 3600 * NS_PER_S, 0); /* T0 is older: all of it goes in the end */
    for (int64_t i = 0; i < 1000; i++)
        put(house, model, i, (double)i / 4);
    house_seal(house);
    expect_rollups(house, model);
    for (int64_t i = 1000; i < 1500; i++)
        put(house, model, i, (double)i / 4);
    house_seal(house);
    history_merge_now(house->history);
    house_idle(house);
    struct history_state told;
    history_describe(house->history, &told);
    assert_int_equal(told.values[PART_RAW], 0);
    assert_int_equal(told.expired, 1500);
    expect_rollups(house, model);
    put(house, model, 1600, 5); /* behind what there was: carried on */
    house_seal(house);
    expect_rollups(house, model);
    free(model);
}

static void an_erasure_takes_from_them(void **state)
{
    struct house *house = *state;
    struct model *model = calloc(1, sizeof *model);
    policy_set(house, 0, 0);
    for (int64_t i = 0; i < 1000; i++)
        put(house, model, i, (double)i / 4);
    house_seal(house);
    struct history_point point = {.row = 1, .point = 1, .column = 0};
    assert_int_equal(history_erase(house->history, house->position++, &point, 1,
                                   T0 + 100 * NS_PER_S, T0 + 500 * NS_PER_S),
                     OK);
    memset(model->there + 100, 0, 400 * sizeof model->there[0]);
    put(house, model, 200, 3); /* later: it counts */
    house_seal(house);
    house_idle(house);
    expect_rollups(house, model);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(they_are_what_a_recomputation_says, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(a_policy_that_comes_later_finds_what_there_is, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(they_outlive_the_raw_samples, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(an_erasure_takes_from_them, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(what_came_last_is_not_lost_when_they_are_made_anew,
                                        house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(a_start_rolls_nothing_up_twice, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(what_a_new_policy_lets_go_is_rolled_up_before, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(nothing_goes_while_policies_are_assigned, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(an_erasure_is_not_forgotten_by_a_start, house_setup,
                                        house_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
