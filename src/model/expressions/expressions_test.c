/* What an owner of expressions sees: truths that change, each told once, in the order of numbers;
 * points that come, go and are renamed; timers; cells; reasons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/expressions/house.h"

static void assert_told(struct house *house, uint32_t rule, uint32_t point,
                        enum condition_truth truth)
{
    assert_true(house->told_count > 0 && house->told_count <= HOUSE_TOLD);
    const struct house_told *told = &house->told[house->told_count - 1];
    assert_int_equal(told->rule, rule);
    assert_int_equal(told->point, point);
    assert_int_equal(told->truth, truth);
    assert_int_equal(told->position, house->stamp.position);
}

static void test_a_change_is_told_once(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t temp = house_row(&house, 1, "press", "temp flow", VALUE_FLOAT64);
    house_rule(&house, 1, 1, "press/temp > 80 and press/flow < 5");
    assert_int_equal(house_add(&house, 1, POINT_NONE), OK);
    assert_int_equal(expressions_count(house.expressions), 1);
    assert_int_equal(house.told_count, 0); /* unknown, as it was */
    assert_int_equal(expressions_truth(house.expressions, 1, POINT_NONE), CONDITION_UNKNOWN);
    house_real(&house, temp, 79);
    assert_told(&house, 1, POINT_NONE, CONDITION_FALSE);
    house_real(&house, temp, 81);
    assert_told(&house, 1, POINT_NONE, CONDITION_UNKNOWN);
    house_real(&house, temp + 1, 4);
    assert_told(&house, 1, POINT_NONE, CONDITION_TRUE);
    house_real(&house, temp, 82);
    house_real(&house, temp + 1, 3);
    assert_int_equal(house.told_count, 3);
    assert_int_equal(house_add(&house, 1, POINT_NONE), OK); /* it is there */
    assert_int_equal(expressions_count(house.expressions), 1);
    expressions_remove(house.expressions, 1, POINT_NONE);
    expressions_remove(house.expressions, 1, POINT_NONE);
    assert_int_equal(expressions_count(house.expressions), 0);
    house_real(&house, temp, 1);
    assert_int_equal(house.effects.notice_count, 0); /* nobody looks any more */
    assert_int_equal(house.told_count, 3);
    assert_int_equal(expressions_truth(house.expressions, 1, POINT_NONE), CONDITION_UNKNOWN);
    house_close(&house);
}

static void test_a_late_value_is_not_judged(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t temp = house_row(&house, 1, "press", "temp", VALUE_FLOAT64);
    house_rule(&house, 1, 1, "delta(.) > 0");
    assert_int_equal(house_add(&house, 1, temp), OK);
    house_real(&house, temp, 1);
    house_real(&house, temp, 2);
    struct value late = value_of_real(100);
    house_sample(&house, temp, house.stamp.wall_ns - NS_PER_S, &late);
    assert_true(house.effects.notice_count == 1 && house.notices[0].late);
    assert_int_equal(expressions_truth(house.expressions, 1, temp), CONDITION_UNKNOWN);
    house.stamp.wall_ns += NS_PER_S;
    house_real(&house, temp, 3); /* of 2, not of 100 */
    assert_told(&house, 1, temp, CONDITION_TRUE);
    house_close(&house);
}

/* Rules on points in an order that is not that of their numbers: told by numbers of instances. */
static void test_the_order_is_that_of_numbers(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t shared = house_row(&house, 1, "hall", "shared a b c", VALUE_FLOAT64);
    house_rule(&house, 1, 1, "hall/shared > 1");
    house_rule(&house, 2, 1, "any('hall/share?' > 1)");
    assert_int_equal(house_add(&house, 1, shared + 3), OK);
    assert_int_equal(house_add(&house, 2, shared), OK);
    assert_int_equal(house_add(&house, 1, shared + 1), OK);
    house_walk_all(&house);
    house.told_count = 0;
    house_real(&house, shared, 2);
    assert_int_equal(house.told_count, 3);
    assert_int_equal(house.told[0].point, shared + 3);
    assert_int_equal(house.told[1].point, shared);
    assert_int_equal(house.told[2].point, shared + 1);
    expressions_remove(house.expressions, 1, shared + 3);
    assert_int_equal(house_add(&house, 1, shared + 2), OK); /* takes the free number, the first */
    house.told_count = 0;
    house_real(&house, shared, 0);
    assert_int_equal(house.told_count, 3);
    assert_int_equal(house.told[0].point, shared + 2);
    assert_int_equal(house.told[2].point, shared + 1);
    house_close(&house);
}

static void test_points_come_and_go(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t base = house_row(&house, 1, "line/press", "temp", VALUE_FLOAT64);
    house_rule(&house, 1, 1, "../limit < .");
    assert_int_equal(house_add(&house, 1, base), OK);
    house_real(&house, base, 10);
    assert_int_equal(house.told_count, 0);
    uint32_t other = house_row(&house, 2, "line/press", "limit", VALUE_FLOAT64);
    house_real(&house, other, 1); /* another tenant's */
    assert_int_equal(house.told_count, 0);
    uint32_t limit = house_row(&house, 1, "line/press", "limit", VALUE_FLOAT64);
    house_real(&house, limit, 5);
    assert_told(&house, 1, base, CONDITION_TRUE);
    assert_true(house_rename(&house, limit, "line/press/other"));
    assert_told(&house, 1, base, CONDITION_UNKNOWN);
    house_real(&house, limit, 50);
    assert_int_equal(house.told_count, 2);
    uint32_t second = house_row(&house, 1, "line/oven", "limit", VALUE_FLOAT64);
    house_real(&house, second, 20);
    assert_true(house_rename(&house, base, "line/oven/temp")); /* looks at what is beside it now */
    assert_told(&house, 1, base, CONDITION_FALSE);
    assert_true(house_rename(&house, second, NULL));
    assert_told(&house, 1, base, CONDITION_UNKNOWN);
    assert_true(house_rename(&house, limit, "line/oven/limit"));
    assert_told(&house, 1, base, CONDITION_FALSE); /* 50 < 10 */
    house_close(&house);
}

static void test_metrics_of_the_asset(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t base = house_row(&house, 1, "line/press", "temp", VALUE_FLOAT64);
    house_rule(&house, 1, 1, "{flow} < 5");
    assert_int_equal(house_add(&house, 1, base), OK);
    assert_int_equal(house_add(&house, 1, POINT_NONE), OK); /* of nothing: unknown */
    uint32_t flow = house_row(&house, 1, "line/press", "flow", VALUE_FLOAT64);
    house_real(&house, flow, 1);
    assert_told(&house, 1, base, CONDITION_TRUE);
    assert_int_equal(house.told_count, 1);
    house_close(&house);
}

static void test_for_a_time(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t temp = house_row(&house, 1, "press", "temp", VALUE_FLOAT64);
    house_rule(&house, 1, 1, ". > 80 for 30s");
    assert_int_equal(house_add(&house, 1, temp), OK);
    house_real(&house, temp, 81);
    assert_told(&house, 1, temp, CONDITION_FALSE);
    assert_int_equal(timing_count(house.timing, EXPRESSIONS_TIMER), 1);
    house_after(&house, 30 * NS_PER_S - 1);
    assert_int_equal(house.told_count, 1);
    house_after(&house, 1);
    assert_told(&house, 1, temp, CONDITION_TRUE);
    house_real(&house, temp, 82);
    assert_int_equal(house.told_count, 2);
    house_real(&house, temp, 79);
    assert_told(&house, 1, temp, CONDITION_FALSE);
    house_real(&house, temp, 81);
    house_after(&house, 20 * NS_PER_S);
    house_real(&house, temp, 79); /* a break: from the beginning */
    assert_int_equal(timing_count(house.timing, EXPRESSIONS_TIMER), 0);
    house_real(&house, temp, 81);
    house_after(&house, 20 * NS_PER_S);
    assert_int_equal(house.told_count, 3);
    house_after(&house, 10 * NS_PER_S);
    assert_told(&house, 1, temp, CONDITION_TRUE);
    house_real(&house, temp, 79);
    house_real(&house, temp, 81);
    expressions_remove(house.expressions, 1, temp);
    assert_int_equal(timing_count(house.timing, EXPRESSIONS_TIMER), 0);
    house_close(&house);
}

/* The wake-up is not moved by a value: it looks, and goes on. */
static void test_a_point_is_stale(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t temp = house_row(&house, 1, "press", "temp", VALUE_FLOAT64);
    house_rule(&house, 1, 1, "stale(., 60s)");
    assert_int_equal(house_add(&house, 1, temp), OK);
    assert_told(&house, 1, temp, CONDITION_FALSE); /* it is waited for since now */
    int64_t first_ns = timing_next_ns(house.timing);
    house_after(&house, 50 * NS_PER_S);
    house_real(&house, temp, 1);
    assert_int_equal(timing_next_ns(house.timing), first_ns);
    house_after(&house, 20 * NS_PER_S);
    assert_int_equal(house.told_count, 1);
    assert_int_equal(timing_count(house.timing, EXPRESSIONS_TIMER), 1);
    house_after(&house, 40 * NS_PER_S - 1);
    assert_int_equal(house.told_count, 1);
    house_after(&house, 1);
    assert_told(&house, 1, temp, CONDITION_TRUE);
    assert_int_equal(timing_count(house.timing, EXPRESSIONS_TIMER), 0);
    house_real(&house, temp, 1);
    assert_told(&house, 1, temp, CONDITION_FALSE);
    house_after(&house, 3600 * NS_PER_S);
    assert_told(&house, 1, temp, CONDITION_TRUE);
    house_close(&house);
}

/* A wake-up that would be too late for what is wanted now comes earlier. */
static void test_a_wake_up_moves_only_forward(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t a = house_row(&house, 1, "press", "a b", VALUE_FLOAT64);
    house_rule(&house, 1, 1, "stale(press/a, 100s) or press/b > 0 and stale(press/a, 10s)");
    house_real(&house, a, 1);
    house_real(&house, a + 1, 0);
    assert_int_equal(house_add(&house, 1, POINT_NONE), OK);
    assert_int_equal(timing_next_ns(house.timing), house.stamp.engine_ns + 100 * NS_PER_S);
    house_real(&house, a + 1, 1);
    house_after(&house, 10 * NS_PER_S);
    assert_told(&house, 1, POINT_NONE, CONDITION_TRUE);
    house_close(&house);
}

/* The clock of the wall jumps back by an hour; the timers do not. */
static void test_a_wall_clock_that_jumps(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t temp = house_row(&house, 1, "press", "temp", VALUE_FLOAT64);
    house_rule(&house, 1, 1, "stale(., 60s)");
    assert_int_equal(house_add(&house, 1, temp), OK);
    house_real(&house, temp, 1);
    house.stamp.wall_ns -= 3600 * NS_PER_S;
    house_after(&house, 60 * NS_PER_S);
    assert_int_equal(expressions_truth(house.expressions, 1, temp), CONDITION_FALSE);
    house_after(&house, 3600 * NS_PER_S);
    assert_int_equal(expressions_truth(house.expressions, 1, temp), CONDITION_TRUE);
    house_close(&house);
}

static void test_no_timer_is_left(void **arg)
{
    (void)arg;
    struct house house;
    house_open_limited(&house, &expressions_limits_default, 1);
    uint32_t temp = house_row(&house, 1, "press", "a b", VALUE_FLOAT64);
    house_rule(&house, 1, 1, ". > 80 for 30s");
    assert_int_equal(house_add(&house, 1, temp), OK);
    assert_int_equal(house_add(&house, 1, temp + 1), OK);
    house_real(&house, temp, 81);
    house_real(&house, temp + 1, 81); /* no room */
    house_after(&house, 30 * NS_PER_S);
    assert_told(&house, 1, temp, CONDITION_TRUE);
    house_real(&house, temp + 1, 81); /* asked for again */
    house_after(&house, 30 * NS_PER_S);
    assert_told(&house, 1, temp + 1, CONDITION_TRUE);
    house_close(&house);
}

static void test_what_looks_back(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t level = house_row(&house, 1, "tank", "level", VALUE_FLOAT64);
    house_rule(&house, 1, 1, "rate(.) > 2 and changed(.)");
    assert_int_equal(house_add(&house, 1, level), OK);
    for (int i = 0; i < 3; i++) {
        house_real(&house, level, i * 3);
        house_after(&house, NS_PER_S);
    }
    assert_int_equal(expressions_truth(house.expressions, 1, level), CONDITION_TRUE);
    house_real(&house, level, 7);
    assert_told(&house, 1, level, CONDITION_FALSE);
    char text[256];
    expressions_explain(house.expressions, 1, level, house.stamp.wall_ns, text, sizeof text);
    assert_string_equal(text, "rate(.) 1, not > 2");
    uint64_t hash = state_hash(house.state);
    expressions_explain(house.expressions, 1, level, house.stamp.wall_ns, text, sizeof text);
    assert_true(state_hash(house.state) == hash);
    house_close(&house);
}

static void test_why(void **arg)
{
    (void)arg;
    struct house house;
    char text[64], small[12];
    house_open(&house);
    uint32_t temp = house_row(&house, 1, "line/press", "temp", VALUE_FLOAT64);
    house_rule(&house, 1, 1, ". > 80 and bad(../flow)");
    assert_int_equal(house_add(&house, 1, temp), OK);
    house_real(&house, temp, 81.5);
    expressions_explain(house.expressions, 1, temp, house.stamp.wall_ns, text, sizeof text);
    assert_string_equal(text, "line/press/temp 81.5 > 80; bad(../flow) is true");
    expressions_explain(house.expressions, 1, temp, house.stamp.wall_ns, small, sizeof small);
    assert_string_equal(small, "line/press/");
    expressions_explain(house.expressions, 2, temp, house.stamp.wall_ns, text, sizeof text);
    assert_string_equal(text, "");
    house_close(&house);
}

static void test_a_program_is_replaced(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t temp = house_row(&house, 1, "press", "temp", VALUE_FLOAT64);
    house_real(&house, temp, 5);
    house_rule(&house, 1, 1, ". > 1");
    assert_int_equal(expressions_program(house.expressions, 1, 1, bytes_text(". > ")), ERR_INVALID);
    assert_int_equal(house_add(&house, 1, temp), OK);
    assert_told(&house, 1, temp, CONDITION_TRUE); /* by the one that was there */
    expressions_remove(house.expressions, 1, temp);
    house_rule(&house, 1, 1, ". < 1");
    assert_int_equal(house_add(&house, 1, temp), OK);
    assert_told(&house, 1, temp, CONDITION_FALSE);
    expressions_remove(house.expressions, 1, temp);
    expressions_program_remove(house.expressions, 1);
    expressions_program_remove(house.expressions, 1);
    house_close(&house);
}

static void test_instances_are_limited(void **arg)
{
    (void)arg;
    struct house house;
    struct expressions_limits limits = expressions_limits_default;
    limits.instances_max = 2;
    house_open_limited(&house, &limits, 100);
    uint32_t a = house_row(&house, 1, "press", "a b c", VALUE_FLOAT64);
    house_rule(&house, 1, 1, ". > 1");
    assert_int_equal(house_add(&house, 1, a), OK);
    assert_int_equal(house_add(&house, 1, a + 1), OK);
    uint64_t hash = state_hash(house.state);
    assert_int_equal(house_add(&house, 1, a + 2), ERR_LIMIT);
    assert_true(state_hash(house.state) == hash);
    expressions_remove(house.expressions, 1, a);
    assert_int_equal(house_add(&house, 1, a + 2), OK);
    house_close(&house);
}

/* 256 at one point: at once; one more: at the end of the batch, in pieces, and all of them again
 * when another value came meanwhile. */
static void test_many_at_one_point(void **arg)
{
    (void)arg;
    static struct house house;
    house_open(&house);
    uint32_t shared = house_row(&house, 1, "hall", "shared", VALUE_FLOAT64), count = 3000;
    house_rule(&house, 1, 1, "hall/shared > 1");
    for (uint32_t i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%u", i);
        uint32_t point = house_row(&house, 1, name, "x", VALUE_FLOAT64);
        if (i == 256)
            house_real(&house, shared, 2);
        if (i == 256)
            assert_int_equal(house.told_count, 256);
        assert_int_equal(house_add(&house, 1, point), OK);
    }
    assert_int_equal(house.told_count, count);
    for (uint32_t i = 1; i < count; i++)
        assert_int_equal(house.told[i].point, house.told[i - 1].point + 1);
    house.told_count = 0;
    house_real(&house, shared, 0);
    assert_int_equal(house.told_count, 0);
    assert_int_equal(expressions_walk_left(house.expressions), 1);
    house_walk(&house);
    assert_int_equal(house.told_count, 1024);
    house_real(&house, shared, 2);
    house_walk(&house);
    assert_int_equal(house.told_count, 1024);
    house_walk_all(&house);
    assert_int_equal(house.told_count, 2048); /* the first ones again, the others never changed */
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(expressions_truth(house.expressions, 1, house.told[0].point + i),
                         CONDITION_TRUE);
    for (uint32_t i = 0; i < count - 256; i++)
        expressions_remove(house.expressions, 1, house.told[0].point + i);
    house.told_count = 0;
    house_real(&house, shared, 0);
    assert_int_equal(house.told_count, 256);
    house_close(&house);
}

/* A point comes for which many wait, goes, and comes again elsewhere: they find out in pieces. */
static void test_many_wait_for_one_point(void **arg)
{
    (void)arg;
    static struct house house;
    house_open(&house);
    uint32_t count = 900, first = 0;
    house_rule(&house, 1, 1, "hall/shared > 1");
    for (uint32_t i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%u", i);
        uint32_t point = house_row(&house, 1, name, "x", VALUE_FLOAT64);
        first = i == 0 ? point : first;
        assert_int_equal(house_add(&house, 1, point), OK);
    }
    uint32_t shared = house_row(&house, 1, "hall", "shared", VALUE_FLOAT64);
    house_real(&house, shared, 2);
    assert_int_equal(expressions_walk_left(house.expressions), 1);
    house_walk(&house);
    assert_true(house.told_count > 200 && house.told_count < 500);
    for (uint32_t i = 1; i < house.told_count; i++)
        assert_int_equal(house.told[i].point, house.told[i - 1].point + 1);
    house_walk_all(&house);
    assert_int_equal(house.told_count, count);
    assert_true(house_rename(&house, shared, "away"));
    house_walk(&house);
    assert_true(house_rename(&house, shared, "hall/shared")); /* before all know that it went */
    house_walk_all(&house);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(expressions_truth(house.expressions, 1, first + i), CONDITION_TRUE);
    house_close(&house);
}

/* The largest part there is: 64 points, 16 sets, 16 timers, 16 cells. */
static void test_the_largest_program(void **arg)
{
    (void)arg;
    struct house house;
    static char text[CONDITION_TEXT_MAX];
    size_t size = 0;
    house_open(&house);
    uint32_t first = house_row(&house, 1, "hall", "x0", VALUE_FLOAT64);
    for (unsigned i = 0; i < 64; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%sx%u", i ? " + " : "", i);
    size += (size_t)snprintf(text + size, sizeof text - size, " > 0");
    for (unsigned i = 0; i < 16; i++)
        size +=
            (size_t)snprintf(text + size, sizeof text - size,
                             " or (x%u > 1 for 1s) or delta(x%u) > 5 or any('h%u/+' > 1)", i, i, i);
    house_rule(&house, 1, 1, text);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(house_add(&house, 1, first), OK);
        house_walk_all(&house);
        house_real(&house, first, 1);
        expressions_remove(house.expressions, 1, first);
    }
    uint32_t x = house_row(&house, 1, "h3", "y", VALUE_FLOAT64);
    assert_int_equal(house_add(&house, 1, first), OK);
    house_walk_all(&house);
    house_real(&house, x, 2);
    house_walk_all(&house);
    assert_told(&house, 1, first, CONDITION_TRUE);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_change_is_told_once),
        cmocka_unit_test(test_a_late_value_is_not_judged),
        cmocka_unit_test(test_the_order_is_that_of_numbers),
        cmocka_unit_test(test_points_come_and_go),
        cmocka_unit_test(test_metrics_of_the_asset),
        cmocka_unit_test(test_for_a_time),
        cmocka_unit_test(test_a_point_is_stale),
        cmocka_unit_test(test_a_wake_up_moves_only_forward),
        cmocka_unit_test(test_a_wall_clock_that_jumps),
        cmocka_unit_test(test_no_timer_is_left),
        cmocka_unit_test(test_what_looks_back),
        cmocka_unit_test(test_why),
        cmocka_unit_test(test_a_program_is_replaced),
        cmocka_unit_test(test_instances_are_limited),
        cmocka_unit_test(test_many_at_one_point),
        cmocka_unit_test(test_many_wait_for_one_point),
        cmocka_unit_test(test_the_largest_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
