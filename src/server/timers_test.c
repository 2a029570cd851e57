#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/timers.h"

#include <stdlib.h>

static struct timers timers;
static int64_t fired_at, now;
static int fired;

static void fire(void *arg, struct timer *timer)
{
    struct timers *again = arg;
    fired++;
    fired_at = now;
    assert_true(timer->due_ns <= now);
    assert_true(link_is_alone(&timer->link));
    if (again)
        timers_set(again, timer, now + NS_PER_S);
}

/* Goes on as the loop does: sleeps as long as it is told, runs. */
static void run_until(int64_t end)
{
    while (now < end) {
        int64_t wait = timers_wait_ns(&timers, now);
        int64_t most = end - now;
        now += wait < most ? (wait > 0 ? wait : 1) : most;
        timers_run(&timers, now, fire, NULL);
    }
}

static int setup(void **state)
{
    (void)state;
    now = 1000 * NS_PER_S + 12345;
    fired = 0;
    timers_init(&timers, now);
    return 0;
}

static void test_without_timers_nothing_wakes(void **state)
{
    (void)state;
    assert_int_equal(timers_wait_ns(&timers, now), INT64_MAX);
}

static void test_fires_at_its_time_or_a_tick_later(void **state)
{
    (void)state;
    static const int64_t delays[] = {0,
                                     1,
                                     TIMERS_TICK_NS - 1,
                                     TIMERS_TICK_NS,
                                     TIMERS_TICK_NS + 1,
                                     NS_PER_S,
                                     TIMERS_TICK_NS * (TIMERS_SLOTS - 2),
                                     TIMERS_TICK_NS * TIMERS_SLOTS,
                                     TIMERS_TICK_NS * (TIMERS_SLOTS * 3 + 5),
                                     3600 * NS_PER_S};
    for (size_t i = 0; i < ARRAY_COUNT(delays); i++) {
        struct timer timer;
        timer_init(&timer);
        int64_t due = now + delays[i];
        fired = 0;
        timers_set(&timers, &timer, due);
        run_until(due - 1);
        assert_int_equal(fired, 0);
        run_until(due + TIMERS_TICK_NS);
        assert_int_equal(fired, 1);
        assert_true(fired_at >= due && fired_at <= due + TIMERS_TICK_NS);
    }
}

static void test_a_stopped_or_moved_timer_does_not_fire(void **state)
{
    (void)state;
    struct timer stopped, moved;
    timer_init(&stopped);
    timer_init(&moved);
    timers_set(&timers, &stopped, now + NS_PER_S);
    timers_set(&timers, &moved, now + NS_PER_S);
    timer_stop(&stopped);
    timers_set(&timers, &moved, now + 3 * NS_PER_S);
    run_until(now + 2 * NS_PER_S);
    assert_int_equal(fired, 0);
    run_until(now + 2 * NS_PER_S);
    assert_int_equal(fired, 1);
}

static void test_a_timer_in_the_past_fires_with_the_next_tick(void **state)
{
    (void)state;
    struct timer timer;
    timer_init(&timer);
    timers_set(&timers, &timer, now - 100 * NS_PER_S);
    run_until(now + TIMERS_TICK_NS);
    assert_int_equal(fired, 1);
}

static void test_after_a_long_sleep_all_that_is_due_fires_once(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct timer *many = calloc(COUNT, sizeof *many);
    assert_non_null(many);
    for (int i = 0; i < COUNT; i++) {
        timer_init(&many[i]);
        timers_set(&timers, &many[i], now + (int64_t)i * NS_PER_S / 10);
    }
    now += 10000 * NS_PER_S; /* the machine slept */
    timers_run(&timers, now, fire, NULL);
    int at_once = fired;
    run_until(now + TIMERS_TICK_NS * TIMERS_SLOTS);
    assert_int_equal(fired, COUNT);
    assert_true(at_once > 0);
    free(many);
}

static void test_a_timer_may_be_set_again_while_it_fires(void **state)
{
    (void)state;
    struct timer timer;
    timer_init(&timer);
    timers_set(&timers, &timer, now + NS_PER_S);
    for (int i = 0; i < 40; i++) {
        now += NS_PER_S / 4;
        timers_run(&timers, now, fire, &timers);
    }
    assert_true(fired >= 7 && fired <= 10);
    timer_stop(&timer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_without_timers_nothing_wakes, setup),
        cmocka_unit_test_setup(test_fires_at_its_time_or_a_tick_later, setup),
        cmocka_unit_test_setup(test_a_stopped_or_moved_timer_does_not_fire, setup),
        cmocka_unit_test_setup(test_a_timer_in_the_past_fires_with_the_next_tick, setup),
        cmocka_unit_test_setup(test_after_a_long_sleep_all_that_is_due_fires_once, setup),
        cmocka_unit_test_setup(test_a_timer_may_be_set_again_while_it_fires, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
