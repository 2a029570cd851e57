/* What looks back: the cells of delta, rate, previous, changed, mean and deviation, a sample after
 * the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "condition/test_house.h"

#define T CONDITION_TRUE
#define F CONDITION_FALSE
#define U CONDITION_UNKNOWN

static uint64_t memory[CONDITION_BYTES_MAX / 8];

static const struct condition *parsed(const char *text)
{
    struct condition_fault fault;
    const struct condition *condition = house_parse(text, memory, &fault);
    if (condition == NULL)
        fail_msg("%s: %u:%u %s", text, fault.line, fault.column, fault.sentence);
    return condition;
}

/* What it is when x says so at a second. */
static enum condition_truth asked(struct house *house, struct value value, int second,
                                  const char *text)
{
    int64_t time_ns = HOUSE_NOW + second * NS_PER_S;
    house->points[0].sample =
        (struct condition_sample){.value = value, .time_ns = time_ns, .heard_ns = time_ns};
    const struct condition *condition = parsed(text);
    struct condition_port port = house_port(house, condition);
    return condition_evaluate(condition, &port, time_ns, NULL).truth;
}

static struct house house_of_x(void)
{
    struct house house = {.points_count = 0};
    house_add(&house, "x", value_of_real(0));
    return house;
}

#define BAD ((double)NAN) /* a sample without a value */
struct step {
    int second;
    double value;
    enum condition_truth truth;
};

static void assert_steps(const char *text, const struct step *steps, size_t count)
{
    struct house house = house_of_x();
    for (size_t i = 0; i < count; i++) {
        enum condition_truth truth =
            asked(&house, value_of_real(steps[i].value), steps[i].second, text);
        if (truth != steps[i].truth)
            fail_msg("%s: step %zu: %d", text, i, (int)truth);
    }
}

static void test_the_last_two(void **state)
{
    (void)state;
    /* The same sample again is the same; a late one changes nothing. */
    const struct step deltas[] = {{0, 10, U},  {1, 15, T}, {1, 15, T}, {2, 15, F},
                                  {3, BAD, U}, {5, 21, T}, {4, 90, T}, {6, 22, F}};
    assert_steps("delta(x) > 4", deltas, ARRAY_COUNT(deltas));
    const struct step rates[] = {{0, 10, U}, {2, 14, T}, {12, 24, F}, {13, 26, T}};
    assert_steps("rate(x) == 2", rates, ARRAY_COUNT(rates));
    const struct step changes[] = {{0, 1, U}, {1, 1, F},   {2, 3, T},
                                   {3, 3, F}, {4, BAD, U}, {5, 3, F}};
    assert_steps("changed(x)", changes, ARRAY_COUNT(changes));
    assert_steps("previous(x) != x", changes, ARRAY_COUNT(changes));
    /* At the same time there is another value: it stands in the place of the one before. */
    const struct step same[] = {{0, 1, U}, {1, 2, F}, {1, 7, T}, {1, 7, T}};
    assert_steps("delta(x) == 6", same, ARRAY_COUNT(same));
}

static void test_rate_over_a_time(void **state)
{
    (void)state;
    const struct step steps[] = {{0, 0, U},   {5, 10, U},    {9, 18, U}, {10, 20, T},
                                 {15, 30, T}, {16, 1000, F}, {25, 50, T}};
    assert_steps("round(rate(x, 10s)) == 2", steps, ARRAY_COUNT(steps));
}

static void test_mean_over_a_time(void **state)
{
    (void)state;
    /* 10 for 4 s and 20 for 6 s: 16; what is new does not count yet. */
    const struct step steps[] = {{0, 10, U}, {4, 20, U}, {10, 100, T}, {10, 100, T}};
    assert_steps("mean(x, 10s) == 16", steps, ARRAY_COUNT(steps));
    /* From then a stretch as long as the span weighs a half. */
    const struct step half[] = {{0, 10, U}, {10, 20, F}, {20, 20, T}};
    assert_steps("mean(x, 10s) == 15", half, ARRAY_COUNT(half));
    /* While it is bad nothing holds. */
    const struct step gaps[] = {{0, 10, U}, {5, BAD, U}, {500, 30, U}, {505, 20, T}};
    assert_steps("mean(x, 10s) == 20", gaps, ARRAY_COUNT(gaps));
    assert_steps("deviation(x, baseline 10s) == 0", gaps, ARRAY_COUNT(gaps));
    const struct step nearly[] = {{0, 10, U}, {9, 10, U}, {10, 13, T}};
    assert_steps("deviation(x, 10s) == 3", nearly, ARRAY_COUNT(nearly));
}

static void test_texts_change(void **state)
{
    (void)state;
    struct house house = house_of_x();
    assert_int_equal(asked(&house, house_text("a"), 1, "changed(x)"), U);
    assert_int_equal(asked(&house, house_text("a"), 2, "changed(x)"), F);
    assert_int_equal(asked(&house, house_text("b"), 3, "changed(x)"), T);
    assert_int_equal(asked(&house, house_integer(3), 4, "changed(x)"), T);
    assert_int_equal(asked(&house, house_text("b"), 5, "previous(x) == 3"), T);
    assert_int_equal(asked(&house, house_text("c"), 6, "previous(x) == 3"), U);
    assert_int_equal(asked(&house, house_integer(INT64_MAX), 7, "delta(x) > 0"), U);
    assert_int_equal(asked(&house, house_integer(INT64_MAX - 1), 8, "delta(x) == -1"), T);
}

static void test_cells_are_shared_and_learn_behind_leaps(void **state)
{
    (void)state;
    struct house house = house_of_x();
    struct condition_cell nothing = {.flags = 0};
    const char *text = "true or delta(x) > rate(x) and changed(x) and previous(x) < mean(x, 10s) + "
                       "deviation(x, 10s)";
    assert_int_equal(condition_cells(parsed(text)), 2);
    assert_int_equal(asked(&house, value_of_real(3), 1, text), T);
    assert_memory_not_equal(&house.cells[0], &nothing, sizeof nothing);
    assert_memory_not_equal(&house.cells[1], &nothing, sizeof nothing);
    struct condition_cell before = house.cells[0];
    house.points[0].there = false;
    assert_int_equal(asked(&house, value_of_real(9), 2, text), T);
    assert_memory_equal(&house.cells[0], &before, sizeof before);
}

/* A preview writes nothing, and sees what the next evaluation will see. */
static void test_a_look_without_writing(void **state)
{
    (void)state;
    struct house house = house_of_x();
    assert_int_equal(asked(&house, value_of_real(1), 1, "delta(x) == 5"), U);
    house.points[0].sample.value = value_of_real(6);
    house.points[0].sample.time_ns += NS_PER_S;
    const struct condition *condition = parsed("delta(x) == 5");
    struct condition_port port = house_port(&house, condition);
    struct condition_cell before = house.cells[0];
    port.cell_write = NULL;
    assert_int_equal(condition_evaluate(condition, &port, HOUSE_NOW, NULL).truth, T);
    assert_memory_equal(&house.cells[0], &before, sizeof before);
    port.cell_write = house_cell_write;
    assert_int_equal(condition_evaluate(condition, &port, HOUSE_NOW, NULL).truth, T);
    assert_memory_not_equal(&house.cells[0], &before, sizeof before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_two),
        cmocka_unit_test(test_rate_over_a_time),
        cmocka_unit_test(test_mean_over_a_time),
        cmocka_unit_test(test_texts_change),
        cmocka_unit_test(test_cells_are_shared_and_learn_behind_leaps),
        cmocka_unit_test(test_a_look_without_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
