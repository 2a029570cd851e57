/* The contract: order, bounds, limits at both sides, and what an owner may do while a timer fires.
 * Random sequences beside a plain list: replay_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "timing/timing.h"

struct fixture {
    struct state *state;
    struct timing *timing;
    uint64_t owners[64]; /* that fired, in order */
    uint32_t count;
    enum err answer;
    enum { ENDS, MOVES, STOPS, STOPS_AND_SETS } behaviour;
    int64_t period_ns;
};

static void fixture_open(struct fixture *f, uint32_t timers_max)
{
    *f = (struct fixture){.answer = OK};
    assert_int_equal(state_create(&f->state), OK);
    assert_int_equal(timing_create(f->state, timers_max, &f->timing), OK);
}

static void fixture_close(struct fixture *f)
{
    timing_destroy(f->timing);
    state_destroy(f->state);
}

static uint32_t set(struct fixture *f, uint64_t owner, int64_t due_ns)
{
    uint32_t timer = TIMER_NONE;
    assert_int_equal(timing_set(f->timing, 1, owner, due_ns, &timer), OK);
    return timer;
}

static enum err note_fired(void *arg, const struct timer_view *view)
{
    struct fixture *f = arg;
    assert_true(view->kind == 1 && view->due_ns <= timing_now_ns(f->timing));
    if (f->count < ARRAY_COUNT(f->owners))
        f->owners[f->count] = view->owner;
    f->count++;
    if (f->behaviour == MOVES)
        timing_move(f->timing, view->timer, view->due_ns + f->period_ns);
    if (f->behaviour == STOPS || f->behaviour == STOPS_AND_SETS)
        timing_stop(f->timing, view->timer);
    if (f->behaviour == STOPS_AND_SETS)
        assert_int_equal(set(f, view->owner + 1, view->due_ns + f->period_ns), view->timer);
    return f->answer;
}

static bool advance(struct fixture *f, int64_t now_ns, uint32_t most)
{
    bool more = false;
    f->count = 0;
    assert_int_equal(timing_advance(f->timing, now_ns, most, note_fired, f, &more), OK);
    return more;
}

static void assert_fired(const struct fixture *f, const uint64_t *owners, uint32_t count)
{
    assert_int_equal(f->count, count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(f->owners[i], owners[i]);
}
#define ASSERT_FIRED(f, ...)                                                                       \
    assert_fired(f, (const uint64_t[]){__VA_ARGS__}, ARRAY_COUNT(((const uint64_t[]){__VA_ARGS__})))

static void test_order_is_due_time_then_setting(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f, 100);
    assert_true(timing_next_ns(f.timing) == TIMING_NEVER);
    set(&f, 1, 5 * NS_PER_S);
    set(&f, 2, 3);
    set(&f, 3, 5 * NS_PER_S);
    set(&f, 4, TIMING_NEVER - 1);
    set(&f, 5, 5 * NS_PER_S - 1);
    uint32_t moved = set(&f, 6, 1);
    timing_move(f.timing, moved, 5 * NS_PER_S);
    set(&f, 7, 5 * NS_PER_S);
    assert_false(advance(&f, 2, 100));
    assert_int_equal(f.count, 0);
    assert_true(timing_next_ns(f.timing) == 3);
    assert_false(advance(&f, 5 * NS_PER_S - 2, 100));
    ASSERT_FIRED(&f, 2);
    assert_false(advance(&f, 5 * NS_PER_S, 100));
    ASSERT_FIRED(&f, 5, 1, 3, 6, 7);
    assert_true(timing_next_ns(f.timing) == TIMING_NEVER - 1);
    assert_int_equal(timing_count(f.timing, 1), 1);
    assert_false(advance(&f, TIMING_NEVER - 1, 100));
    ASSERT_FIRED(&f, 4);
    assert_int_equal(timing_count_all(f.timing), 0);
    assert_true(timing_next_ns(f.timing) == TIMING_NEVER);
    fixture_close(&f);
}

static void test_the_past_counts_as_now(void **arg)
{
    (void)arg;
    struct fixture f;
    struct timer_view view;
    fixture_open(&f, 100);
    assert_false(advance(&f, 1000, 1));
    uint32_t late = set(&f, 1, 1000);
    uint32_t later = set(&f, 2, 10);
    assert_true(timing_look(f.timing, later, &view) && view.due_ns == 1000 && view.owner == 2);
    assert_false(advance(&f, 500, 100)); /* time does not go back */
    ASSERT_FIRED(&f, 1, 2);
    assert_true(timing_now_ns(f.timing) == 1000);
    assert_false(timing_look(f.timing, late, &view));
    assert_false(timing_look(f.timing, TIMER_NONE, &view));
    assert_false(timing_look(f.timing, later + 1, &view));
    fixture_close(&f);
}

/* 1,000 timers of one due time, of which some must come nearer first: in many calls, each of which
 * touches as many as it may, and what is set meanwhile for the same time comes last. */
static void test_a_call_is_bounded(void **arg)
{
    (void)arg;
    struct fixture f;
    uint64_t fired = 0, next = 0;
    bool more = true;
    fixture_open(&f, 2000);
    for (uint64_t i = 0; i < 1000; i++)
        set(&f, i, 7 * NS_PER_S);
    for (int calls = 0; more; calls++) {
        more = advance(&f, 7 * NS_PER_S, 10);
        assert_true(f.count <= 10 && calls < 300);
        assert_int_equal(more, timing_next_ns(f.timing) <= 7 * NS_PER_S);
        for (uint32_t i = 0; i < f.count; i++)
            assert_int_equal(f.owners[i], next++);
        fired += f.count;
        if (calls == 20 || calls == 120)
            set(&f, 1000 + (calls == 120), 7 * NS_PER_S);
    }
    assert_int_equal(fired, 1002);
    fixture_close(&f);
}

static void test_stopped_ones_do_not_fire(void **arg)
{
    (void)arg;
    struct fixture f;
    uint32_t timers[5];
    fixture_open(&f, 100);
    timing_stop(f.timing, TIMER_NONE);
    for (uint64_t i = 0; i < 5; i++)
        timers[i] = set(&f, i, 100);
    timing_stop(f.timing, timers[0]);
    timing_stop(f.timing, timers[2]);
    timing_stop(f.timing, timers[4]);
    assert_int_equal(timing_count_all(f.timing), 2);
    assert_int_equal(set(&f, 9, 50), timers[4]); /* numbers are used again, the last first */
    assert_false(advance(&f, 100, 100));
    ASSERT_FIRED(&f, 9, 1, 3);
    fixture_close(&f);
}

static void test_next_is_exact_while_nothing_is_stopped(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f, 100);
    set(&f, 1, 500 * NS_PER_S);
    uint32_t first = set(&f, 2, 499 * NS_PER_S);
    assert_true(timing_next_ns(f.timing) == 499 * NS_PER_S);
    timing_stop(f.timing, first);
    int64_t next_ns = timing_next_ns(f.timing);
    assert_true(next_ns == 499 * NS_PER_S || next_ns == 500 * NS_PER_S);
    assert_false(advance(&f, 499 * NS_PER_S, 100)); /* for nothing, and then it knows */
    assert_int_equal(f.count, 0);
    assert_true(timing_next_ns(f.timing) == 500 * NS_PER_S);
    fixture_close(&f);
}

static void test_what_an_owner_does_while_it_fires(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f, 100);
    f.behaviour = MOVES;
    f.period_ns = 10;
    set(&f, 1, 10);
    assert_false(advance(&f, 35, 100)); /* at 10, 20, 30 */
    ASSERT_FIRED(&f, 1, 1, 1);
    assert_true(timing_next_ns(f.timing) == 40 && timing_count_all(f.timing) == 1);
    f.period_ns = 0; /* for ever due: bounded all the same */
    assert_true(advance(&f, 40, 7));
    assert_int_equal(f.count, 7);
    f.behaviour = STOPS;
    assert_false(advance(&f, 40, 7));
    assert_int_equal(timing_count_all(f.timing), 0);
    f.behaviour = STOPS_AND_SETS;
    f.period_ns = 10;
    set(&f, 5, 50);
    assert_false(advance(&f, 65, 100));
    ASSERT_FIRED(&f, 5, 6);
    f.behaviour = ENDS;
    assert_false(advance(&f, 70, 100));
    ASSERT_FIRED(&f, 7);
    fixture_close(&f);
}

static void test_an_error_ends_the_call(void **arg)
{
    (void)arg;
    struct fixture f;
    bool more = true;
    fixture_open(&f, 100);
    set(&f, 1, 1);
    set(&f, 2, 2);
    f.answer = ERR_NO_MEMORY;
    assert_int_equal(timing_advance(f.timing, 5, 10, note_fired, &f, &more), ERR_NO_MEMORY);
    assert_true(f.count == 1 && more);
    fixture_close(&f);
}

static void test_limit_of_timers(void **arg)
{
    (void)arg;
    struct fixture f;
    uint32_t timer = 77;
    fixture_open(&f, 3);
    for (uint64_t i = 0; i < 3; i++)
        set(&f, i, 10);
    uint64_t hash = state_hash(f.state);
    assert_int_equal(timing_set(f.timing, 1, 9, 10, &timer), ERR_LIMIT);
    assert_true(timer == 77 && state_hash(f.state) == hash);
    timing_stop(f.timing, 2);
    assert_int_equal(set(&f, 9, 10), 2);
    assert_int_equal(timing_rebuild(f.timing), OK);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_due_time_then_setting),
        cmocka_unit_test(test_the_past_counts_as_now),
        cmocka_unit_test(test_a_call_is_bounded),
        cmocka_unit_test(test_stopped_ones_do_not_fire),
        cmocka_unit_test(test_next_is_exact_while_nothing_is_stopped),
        cmocka_unit_test(test_what_an_owner_does_while_it_fires),
        cmocka_unit_test(test_an_error_ends_the_call),
        cmocka_unit_test(test_limit_of_timers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
