#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/report.h"

#include <string.h>

static void test_rates_compare_with_the_oldest_of_ten_seconds(void **state)
{
    (void)state;
    struct rates rates = {.count = 0};
    int64_t now = 1000 * NS_PER_S;
    assert_true(rates_are_due(&rates, now));
    assert_null(rates_before(&rates, now));
    for (int i = 0; i < 100; i++, now += NS_PER_S) {
        struct rate_totals totals = {.at_ns = now, .messages = (uint64_t)i};
        assert_true(rates_are_due(&rates, now));
        rates_note(&rates, &totals);
        assert_false(rates_are_due(&rates, now + NS_PER_S - 1));
    }
    const struct rate_totals *before = rates_before(&rates, now);
    assert_int_equal(now - before->at_ns, 10 * NS_PER_S);
    now += 1000 * NS_PER_S; /* nothing came: the newest there is */
    assert_int_equal(rates_before(&rates, now)->messages, 99);
}

static void test_lag_is_that_of_the_oldest(void **state)
{
    (void)state;
    struct lag lag = {.ticket = 1};
    lag_note(&lag, 1, true, false, 100);
    assert_int_equal(lag_ns(&lag, 150), 0);
    lag_note(&lag, 1, false, false, 200); /* something was taken */
    assert_int_equal(lag_ns(&lag, 250), 50);
    lag_note(&lag, 2, true, true, 300); /* it is under way */
    assert_int_equal(lag_ns(&lag, 350), 150);
    lag_note(&lag, 2, false, true, 400); /* more was taken meanwhile */
    assert_int_equal(lag_ns(&lag, 450), 250);
    lag_note(&lag, 3, true, true, 500); /* the first has landed, the second is under way */
    assert_int_equal(lag_ns(&lag, 500), 100);
    assert_int_equal(lag.longest_ns, 300);
    lag_note(&lag, 3, true, false, 550);
    assert_int_equal(lag_ns(&lag, 600), 0);
    assert_int_equal(lag.longest_ns, 300);
    lag_note(&lag, 4, true, false, 700); /* taken, written and durable between two looks */
    assert_int_equal(lag_ns(&lag, 800), 0);
    assert_int_equal(lag.longest_ns, 300);
}

static void test_each_cause_has_its_own_word(void **state)
{
    (void)state;
    for (int i = 0; i < CAUSE_COUNT; i++) {
        assert_true(strlen(cause_text((enum cause)i)) > 5);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(cause_word((enum cause)i), cause_word((enum cause)j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates_compare_with_the_oldest_of_ten_seconds),
        cmocka_unit_test(test_lag_is_that_of_the_oldest),
        cmocka_unit_test(test_each_cause_has_its_own_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
