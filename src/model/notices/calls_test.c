/* Rosters: who is on call, who is next, and what ends it. */
#include "model/notices/fixture.h"

struct house {
    struct fixture f;
    uint32_t point, a, b, c;
};

static void house_open_limited(struct house *h, const struct notices_limits *limits,
                               uint32_t timers_max)
{
    fixture_open_limited(&h->f, limits, timers_max);
    h->point = fixture_row(&h->f, "plant", 1);
    h->a = fixture_channel(&h->f, "a", 0);
    h->b = fixture_channel(&h->f, "b", 0);
    h->c = fixture_channel(&h->f, "c", 0);
    fixture_roster(&h->f, "crew");
    assert_int_equal(fixture_route(&h->f, "all", "#", 8, NULL, "crew"), OUTCOME_DONE);
}

static void house_open(struct house *h)
{
    house_open_limited(h, &notices_limits_default, 1000);
}

static unsigned told(struct house *h, uint32_t channel)
{
    struct channel_view view = channel_of(&h->f, channel);
    return view.waiting + (unsigned)view.sent;
}

#define ASSERT_TOLD(h, in_a, in_b, in_c)                                                           \
    do {                                                                                           \
        assert_int_equal(told(h, (h)->a), in_a);                                                   \
        assert_int_equal(told(h, (h)->b), in_b);                                                   \
        assert_int_equal(told(h, (h)->c), in_c);                                                   \
    } while (0)

static void test_nobody_answers(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    fixture_later(&h.f, 9 * HOUR_NS); /* b is on call */
    fixture_raise(&h.f, 1, h.point, 2);
    ASSERT_TOLD(&h, 0, 1, 0);
    assert_int_equal(notices_calls(h.f.notices), 1);
    fixture_later(&h.f, MINUTE_NS - 1);
    ASSERT_TOLD(&h, 0, 1, 0);
    fixture_later(&h.f, 1);
    ASSERT_TOLD(&h, 0, 1, 1);
    fixture_later(&h.f, MINUTE_NS);
    ASSERT_TOLD(&h, 1, 1, 1);
    assert_int_equal(notices_calls(h.f.notices), 0);
    fixture_later(&h.f, HOUR_NS);
    ASSERT_TOLD(&h, 1, 1, 1);
    fixture_close(&h.f);
}

static void test_who_is_on_call(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    fixture_raise(&h.f, 1, h.point, 2); /* midnight: nobody, so the first */
    ASSERT_TOLD(&h, 1, 0, 0);
    fixture_later(&h.f, 8 * HOUR_NS);
    ASSERT_TOLD(&h, 1, 1, 1);
    fixture_raise(&h.f, 2, h.point, 2);
    ASSERT_TOLD(&h, 1, 2, 1);
    fixture_close(&h.f);
}

static void ends_by(uint8_t event, uint8_t state)
{
    struct house h;
    house_open(&h);
    fixture_raise(&h.f, 1, h.point, 2);
    fixture_raise(&h.f, 2, h.point, 2);
    fixture_entry(&h.f, 1, h.point, event, state, 2, 0);
    assert_int_equal(notices_calls(h.f.notices), 1);
    fixture_later(&h.f, MINUTE_NS);
    ASSERT_TOLD(&h, 2, 1, 0);
    fixture_close(&h.f);
}

static void test_what_ends_it(void **arg)
{
    (void)arg;
    ends_by(ALARM_ACKNOWLEDGE, ALARM_ACKNOWLEDGED);
    ends_by(ALARM_ENDS, ALARM_RETURNED);
    ends_by(ALARM_ENDS, ALARM_NORMAL);
    ends_by(ALARM_SHELVE, ALARM_SHELVED);
    ends_by(ALARM_SUPPRESS, ALARM_SUPPRESSED);
    ends_by(ALARM_REMOVE_FROM_SERVICE, ALARM_OUT_OF_SERVICE);
}

static void test_what_does_not_end_it(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    fixture_raise(&h.f, 1, h.point, 2);
    fixture_entry(&h.f, 1, h.point, ALARM_EVENTS + ALARM_ACT_COMMENT, ALARM_UNACKNOWLEDGED, 2, 0);
    fixture_entry(&h.f, 1, h.point, ALARM_ENDS, ALARM_NORMAL, 2, ALARM_ENTRY_LATE);
    assert_int_equal(notices_calls(h.f.notices), 1);
    /* An acknowledgement that is taken back begins it anew. */
    fixture_entry(&h.f, 1, h.point, ALARM_ACKNOWLEDGE, ALARM_ACKNOWLEDGED, 2, 0);
    assert_int_equal(notices_calls(h.f.notices), 0);
    fixture_entry(&h.f, 1, h.point, ALARM_EVENTS + ALARM_ACT_UNACKNOWLEDGE, ALARM_UNACKNOWLEDGED, 2,
                  0);
    assert_int_equal(notices_calls(h.f.notices), 1);
    ASSERT_TOLD(&h, 2, 0, 0);
    fixture_close(&h.f);
}

/* An alarm that is told again and again holds nothing back, and begins nothing twice. */
static void test_chattering(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    for (int i = 0; i < 4; i++) {
        fixture_raise(&h.f, 1, h.point, 2);
        fixture_later(&h.f, 20 * NS_PER_S);
    }
    ASSERT_TOLD(&h, 4, 1, 0);
    assert_int_equal(notices_calls(h.f.notices), 1);
    /* The same entry again is nothing new: what the engine gives twice. */
    h.f.entry--;
    fixture_raise(&h.f, 1, h.point, 2);
    ASSERT_TOLD(&h, 4, 1, 0);
    fixture_close(&h.f);
}

/* Who cannot be reached holds nothing back either. */
static void test_a_dead_channel_is_passed_over(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    assert_int_equal(fixture_named(&h.f, COMMAND_CHANNEL_TEST, "a"), OUTCOME_DONE);
    assert_int_equal(fixture_done(&h.f, h.f.outcome.number, NOTICE_REFUSED, "gone"), OUTCOME_DONE);
    ASSERT_TOLD(&h, 0, 0, 0);
    fixture_raise(&h.f, 1, h.point, 2);
    ASSERT_TOLD(&h, 1, 1, 0);
    fixture_later(&h.f, 2 * MINUTE_NS);
    ASSERT_TOLD(&h, 1, 1, 1);
    fixture_close(&h.f);
}

static enum outcome_code route_returned(struct fixture *f, const char *name, const char *channel,
                                        const char *roster, int returned)
{
    struct form_writer form = form_begin(f);
    form_put_text(&form, ROUTE_TAG_NAME, bytes_text(name));
    form_put_text(&form, channel != NULL ? ROUTE_TAG_CHANNEL : ROUTE_TAG_ROSTER,
                  bytes_text(channel != NULL ? channel : roster));
    form_put_integer(&form, ROUTE_TAG_RETURNED, returned);
    return fixture_command(f, COMMAND_ROUTE_SET, &form);
}

/* By who asked for it, once, and nobody is called further. */
static void test_the_end_is_told_to_who_asks(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    fixture_raise(&h.f, 1, h.point, 2);
    ASSERT_TOLD(&h, 1, 0, 0);
    h.f.state_before = ALARM_UNACKNOWLEDGED;
    fixture_entry(&h.f, 1, h.point, ALARM_ENDS, ALARM_RETURNED, 2, 0);
    ASSERT_TOLD(&h, 1, 0, 0); /* nobody asked */
    assert_int_equal(route_returned(&h.f, "all", NULL, "crew", 2), OUTCOME_NOTICE_INVALID);
    assert_int_equal(route_returned(&h.f, "all", NULL, "crew", 1), OUTCOME_DONE);
    assert_int_equal(route_returned(&h.f, "other", "c", NULL, 0), OUTCOME_DONE);
    struct route_view view;
    assert_true(
        notices_route(h.f.notices, notices_route_find(h.f.notices, 1, bytes_text("all")), &view) &&
        view.returned);
    static const uint8_t stood[] = {ALARM_UNACKNOWLEDGED, ALARM_ACKNOWLEDGED, ALARM_LATCHED,
                                    ALARM_LATCHED_ACKNOWLEDGED};
    for (unsigned i = 0; i < ARRAY_COUNT(stood); i++) {
        h.f.state_before = stood[i];
        fixture_entry(&h.f, 1, h.point, ALARM_ENDS, i % 2 ? ALARM_NORMAL : ALARM_RETURNED, 2, 0);
        ASSERT_TOLD(&h, 2 + i, 0, 0);
    }
    assert_int_equal(notices_calls(h.f.notices), 0);
    /* What is latched now, acknowledged when it was over, hidden or late is no end. */
    h.f.state_before = ALARM_UNACKNOWLEDGED;
    fixture_entry(&h.f, 1, h.point, ALARM_ENDS, ALARM_LATCHED, 2, 0);
    fixture_entry(&h.f, 1, h.point, ALARM_SHELVE, ALARM_SHELVED, 2, 0);
    fixture_entry(&h.f, 1, h.point, ALARM_ENDS, ALARM_NORMAL, 2, ALARM_ENTRY_LATE);
    h.f.state_before = ALARM_RETURNED;
    fixture_entry(&h.f, 1, h.point, ALARM_ACKNOWLEDGE, ALARM_NORMAL, 2, 0);
    h.f.state_before = ALARM_SHELVED;
    fixture_entry(&h.f, 1, h.point, ALARM_UNSHELVE, ALARM_NORMAL, 2, 0);
    ASSERT_TOLD(&h, 5, 0, 0);
    fixture_close(&h.f);
}

static void test_a_route_that_goes_ends_it(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    fixture_raise(&h.f, 1, h.point, 2);
    assert_int_equal(fixture_named(&h.f, COMMAND_ROUTE_REMOVE, "all"), OUTCOME_DONE);
    assert_int_equal(fixture_route(&h.f, "all", "#", 8, NULL, "crew"), OUTCOME_DONE);
    fixture_later(&h.f, MINUTE_NS);
    ASSERT_TOLD(&h, 1, 0, 0);
    assert_int_equal(notices_calls(h.f.notices), 0);
    /* A roster that is said anew goes on with its steps, to whoever it has now. */
    fixture_raise(&h.f, 2, h.point, 2);
    struct form_writer form = form_begin(&h.f);
    form_put_text(&form, ROSTER_TAG_NAME, bytes_text("crew"));
    form_put_member(&form, "b", "b");
    form_put_step(&form, 0, STEP_ON_CALL, NULL);
    form_put_step(&form, MINUTE_NS, STEP_MEMBER, "b");
    assert_int_equal(fixture_command(&h.f, COMMAND_ROSTER_SET, &form), OUTCOME_DONE);
    fixture_later(&h.f, HOUR_NS);
    ASSERT_TOLD(&h, 2, 1, 0);
    assert_int_equal(notices_calls(h.f.notices), 0);
    fixture_close(&h.f);
}

/* No room to wait for an answer: all are told at once, nobody is forgotten. */
static void test_limits_at_both_sides(void **arg)
{
    (void)arg;
    struct notices_limits limits = notices_limits_default;
    struct house h;
    limits.calls_max = 2;
    house_open_limited(&h, &limits, 1000);
    fixture_raise(&h.f, 1, h.point, 2);
    fixture_raise(&h.f, 2, h.point, 2);
    ASSERT_TOLD(&h, 2, 0, 0);
    fixture_raise(&h.f, 3, h.point, 2);
    ASSERT_TOLD(&h, 3, 1, 1);
    assert_int_equal(notices_calls(h.f.notices), 2);
    fixture_close(&h.f);
    house_open_limited(&h, &notices_limits_default, 1);
    fixture_raise(&h.f, 1, h.point, 2);
    ASSERT_TOLD(&h, 1, 0, 0);
    fixture_raise(&h.f, 2, h.point, 2);
    ASSERT_TOLD(&h, 2, 1, 1);
    fixture_close(&h.f);
}

/* Without a free timer nothing is gathered and nothing is tried again: it is sent, or given up. */
static void test_no_timer_is_free(void **arg)
{
    (void)arg;
    struct fixture f;
    struct delivery_view view;
    fixture_open_limited(&f, &notices_limits_default, 1);
    uint32_t point = fixture_row(&f, "a", 1);
    uint32_t hook = fixture_channel(&f, "hook", HOUR_NS);
    assert_int_equal(fixture_route(&f, "all", "#", 8, "hook", NULL), OUTCOME_DONE);
    uint32_t timer;
    assert_int_equal(timing_set(f.timing, 1, 1, HOUR_NS, &timer), OK);
    fixture_raise(&f, 1, point, 2);
    assert_int_equal(fixture_ready(&f, &view), 1);
    assert_int_equal(fixture_done(&f, view.delivery, NOTICE_FAILED, "no"), OUTCOME_DONE);
    assert_int_equal(channel_of(&f, hook).given_up, 1);
    timing_stop(f.timing, timer);
    fixture_raise(&f, 2, point, 2);
    assert_int_equal(fixture_ready(&f, &view), 0);
    fixture_later(&f, HOUR_NS);
    assert_int_equal(fixture_ready(&f, &view), 1);
    fixture_close(&f);
}

static void test_where_it_is(void **arg)
{
    (void)arg;
    struct fixture f;
    struct delivery_view view;
    fixture_open(&f);
    fixture_row(&f, "plant/a", 1);
    uint32_t point = fixture_row(&f, "plant/b", 1);
    fixture_channel(&f, "a", 0);
    fixture_channel(&f, "b", 0);
    assert_int_equal(fixture_route(&f, "a", "plant/a/#", 8, "a", NULL), OUTCOME_DONE);
    assert_int_equal(fixture_route(&f, "b", "plant/b/#", 8, "b", NULL), OUTCOME_DONE);
    fixture_raise(&f, 1, point, 8);
    assert_int_equal(fixture_ready(&f, &view), 1);
    assert_int_equal(view.channel, notices_channel_find(f.notices, 1, bytes_text("b")));
    /* What is of no point: its rule's branch, and of everything where there is none. */
    assert_int_equal(fixture_route(&f, "b", "#", 8, "b", NULL), OUTCOME_DONE);
    fixture_raise(&f, 2, POINT_NONE, 8);
    assert_int_equal(fixture_ready(&f, &view), 2);
    fixture_close(&f);
}

/* One for which there was no row is told all the same; nobody could acknowledge it. */
static void test_an_alarm_that_has_no_row(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    fixture_entry(&h.f, 0, h.point, ALARM_HOLDS, ALARM_UNACKNOWLEDGED, 2,
                  ALARM_ENTRY_TOLD | ALARM_ENTRY_LOST);
    ASSERT_TOLD(&h, 1, 0, 0);
    assert_int_equal(notices_calls(h.f.notices), 0);
    fixture_entry(&h.f, 0, POINT_NONE, ALARM_EVENTS, ALARM_NORMAL, 0, 0); /* a hand-over note */
    ASSERT_TOLD(&h, 1, 0, 0);
    fixture_close(&h.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_alarm_that_has_no_row),
        cmocka_unit_test(test_nobody_answers),
        cmocka_unit_test(test_who_is_on_call),
        cmocka_unit_test(test_what_ends_it),
        cmocka_unit_test(test_what_does_not_end_it),
        cmocka_unit_test(test_chattering),
        cmocka_unit_test(test_a_dead_channel_is_passed_over),
        cmocka_unit_test(test_the_end_is_told_to_who_asks),
        cmocka_unit_test(test_a_route_that_goes_ends_it),
        cmocka_unit_test(test_limits_at_both_sides),
        cmocka_unit_test(test_no_timer_is_free),
        cmocka_unit_test(test_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
