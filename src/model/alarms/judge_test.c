#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "model/alarms/judge.h"

static struct alarm_value of(double value, int64_t time_ns)
{
    return (struct alarm_value){value, true, time_ns};
}
static const struct alarm_value unknown = {.value = 1e9};

static enum alarm_verdict limit(enum alarm_limit_kind kind, bool holds, double number)
{
    struct alarm_value value = of(number, 0);
    return alarm_judge_limit(kind, 80, 5, holds, &value);
}

static void test_limits_and_deadband(void **arg)
{
    (void)arg;
    for (unsigned kind = 0; kind < ALARM_LIMIT_KINDS; kind++) {
        double sign = kind <= ALARM_HIGH ? 1 : -1; /* of a low limit all is mirrored */
        enum alarm_limit_kind k = (enum alarm_limit_kind)kind;
        assert_int_equal(limit(k, false, 80 - sign * 0.001), ALARM_FALSE);
        assert_int_equal(limit(k, false, 80), ALARM_TRUE);
        assert_int_equal(limit(k, false, 80 + sign), ALARM_TRUE);
        assert_int_equal(limit(k, true, 80 - sign * 4.999), ALARM_TRUE);
        assert_int_equal(limit(k, true, 80 - sign * 5), ALARM_TRUE);
        assert_int_equal(limit(k, true, 80 - sign * 5.001), ALARM_FALSE);
        assert_int_equal(limit(k, true, NAN), ALARM_UNKNOWN);
        assert_int_equal(limit(k, false, INFINITY), ALARM_UNKNOWN);
        assert_int_equal(alarm_judge_limit(k, 80, 0, true, &unknown), ALARM_UNKNOWN);
    }
}

static enum alarm_verdict rate(enum alarm_direction direction, bool holds, double change,
                               int64_t span_ns)
{
    struct alarm_rate r = {10, 60 * NS_PER_S, 2, direction};
    struct alarm_value before = of(100, 1000), now = of(100 + change, 1000 + span_ns);
    return alarm_judge_rate(&r, holds, &before, &now);
}

static void test_rate_of_change(void **arg)
{
    (void)arg;
    int64_t minute = 60 * NS_PER_S;
    struct alarm_value some = of(1, 1);
    struct alarm_rate r = {10, minute, 2, ALARM_EITHER};
    assert_int_equal(rate(ALARM_RISING, false, 10, minute), ALARM_TRUE);
    assert_int_equal(rate(ALARM_RISING, false, 9.99, minute), ALARM_FALSE);
    assert_int_equal(rate(ALARM_RISING, true, 8, minute), ALARM_TRUE);
    assert_int_equal(rate(ALARM_RISING, true, 7.99, minute), ALARM_FALSE);
    assert_int_equal(rate(ALARM_RISING, false, 5, minute / 2), ALARM_TRUE);
    assert_int_equal(rate(ALARM_RISING, false, -20, minute), ALARM_FALSE);
    assert_int_equal(rate(ALARM_FALLING, false, -20, minute), ALARM_TRUE);
    assert_int_equal(rate(ALARM_FALLING, false, 20, minute), ALARM_FALSE);
    assert_int_equal(rate(ALARM_EITHER, false, -10, minute), ALARM_TRUE);
    assert_int_equal(rate(ALARM_EITHER, false, 50, 0), ALARM_UNKNOWN);
    assert_int_equal(rate(ALARM_EITHER, false, 50, -1), ALARM_UNKNOWN);
    assert_int_equal(alarm_judge_rate(&r, true, &unknown, &some), ALARM_UNKNOWN);
    assert_int_equal(alarm_judge_rate(&r, true, &some, &unknown), ALARM_UNKNOWN);
    struct alarm_value least = of(1, INT64_MIN), most = of(2, INT64_MAX);
    assert_int_equal(alarm_judge_rate(&r, false, &least, &most), ALARM_UNKNOWN);
}

static void test_deviation(void **arg)
{
    (void)arg;
    struct alarm_value reference = of(50, 0);
    static const struct {
        double value;
        bool holds;
        enum alarm_verdict verdict;
    } rows[] = {
        {53, false, ALARM_TRUE}, {47, false, ALARM_TRUE},    {52.9, false, ALARM_FALSE},
        {52, true, ALARM_TRUE},  {48, true, ALARM_TRUE},     {51.9, true, ALARM_FALSE},
        {50, true, ALARM_FALSE}, {NAN, true, ALARM_UNKNOWN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct alarm_value value = of(rows[i].value, 0);
        assert_int_equal(alarm_judge_deviation(3, 1, rows[i].holds, &value, &reference),
                         rows[i].verdict);
    }
    assert_int_equal(alarm_judge_deviation(3, 1, false, &unknown, &reference), ALARM_UNKNOWN);
    assert_int_equal(alarm_judge_deviation(3, 1, false, &reference, &unknown), ALARM_UNKNOWN);
}

static void test_stale_state_and_late(void **arg)
{
    (void)arg;
    static const double states[] = {2, 5};
    struct alarm_value two = of(2, 0), three = of(3, 0), five = of(5, 0);
    assert_int_equal(alarm_judge_stale(10, 100, 109), ALARM_FALSE);
    assert_int_equal(alarm_judge_stale(10, 100, 110), ALARM_TRUE);
    assert_int_equal(alarm_judge_stale(10, 100, 50), ALARM_FALSE);
    assert_int_equal(alarm_judge_state(&two, states, 2), ALARM_TRUE);
    assert_int_equal(alarm_judge_state(&five, states, 2), ALARM_TRUE);
    assert_int_equal(alarm_judge_state(&five, states, 1), ALARM_FALSE);
    assert_int_equal(alarm_judge_state(&three, states, 2), ALARM_FALSE);
    assert_int_equal(alarm_judge_state(&unknown, states, 2), ALARM_UNKNOWN);
    struct alarm_judgement judgement = alarm_judgement_of(ALARM_TRUE, 99, 100);
    assert_true(judgement.late && judgement.time_ns == 99 && judgement.verdict == ALARM_TRUE);
    assert_false(alarm_judgement_of(ALARM_TRUE, 100, 100).late);
    assert_false(alarm_judgement_of(ALARM_TRUE, 101, 100).late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_and_deadband),
        cmocka_unit_test(test_rate_of_change),
        cmocka_unit_test(test_deviation),
        cmocka_unit_test(test_stale_state_and_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
