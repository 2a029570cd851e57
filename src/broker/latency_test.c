#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "broker/broker.h"

static void test_latency_buckets_at_both_sides(void **state)
{
    (void)state;
    struct broker_counters counters = {.packets = 0};
    assert_int_equal(broker_latency_share(&counters, 0.5), 0);
    broker_latency_note(&counters, 0);
    broker_latency_note(&counters, 1);
    broker_latency_note(&counters, 1023);
    broker_latency_note(&counters, 1024);
    broker_latency_note(&counters, UINT32_MAX);
    assert_int_equal(counters.latency[0], 1);
    assert_int_equal(counters.latency[1], 1);
    assert_int_equal(counters.latency[10], 1);
    assert_int_equal(counters.latency[11], 1);
    assert_int_equal(counters.latency[31], 1);
    assert_int_equal(counters.latency_us_max, UINT32_MAX);
    assert_int_equal(counters.latency_us_sum, (uint64_t)UINT32_MAX + 1 + 1023 + 1024);
    assert_int_equal(broker_latency_share(&counters, 0.2), 1);
    assert_int_equal(broker_latency_share(&counters, 0.6), 1024);
    assert_int_equal(broker_latency_share(&counters, 1.0), UINT64_C(1) << 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_latency_buckets_at_both_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
