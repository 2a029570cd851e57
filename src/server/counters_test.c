#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/counters.h"

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
        cmocka_unit_test(test_each_cause_has_its_own_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
