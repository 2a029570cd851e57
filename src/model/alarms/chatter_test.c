/* Alarms that come and go too often: held, counted, calm again; what people do meanwhile; and all
 * short stories of a few alarms, against a second formulation of the policy. */
#include "model/alarms/fixture.h"

#define S NS_PER_S

static uint32_t chatter_rule(struct fixture *f, int64_t chatter, bool needs, bool latches)
{
    struct said said;
    struct form_writer *form = say_rule(&said, "hot", RULE_HIGH, RULE_ON_PATTERN, "#");
    form_put_real(form, RULE_TAG_LIMIT, 80);
    if (chatter >= 0)
        form_put_integer(form, RULE_TAG_CHATTER, chatter);
    form_put_integer(form, RULE_TAG_NO_ACKNOWLEDGE, !needs);
    form_put_integer(form, RULE_TAG_LATCH, latches);
    return fixture_rule(f, &said);
}

/* So many changes, a second apart; the first raises it. */
static void toggle(struct fixture *f, uint32_t point, int changes)
{
    for (int i = 0; i < changes; i++)
        fixture_later(f, S, point, i % 2 == 0 ? 90 : 10);
}

static void assert_entry(const struct fixture *f, uint64_t entries, uint8_t event, double value,
                         const char *text)
{
    struct alarm_entry entry = fixture_entry(f);
    assert_int_equal(alarms_entries(f->alarms), entries);
    assert_int_equal(entry.event, event);
    assert_true(entry.value == value);
    assert_text(entry.text, text);
    assert_int_equal(entry.flags, ALARM_ENTRY_COMPUTED); /* nobody is told */
}

/* Both sides: ten changes are told, the next that raises it makes it chatter. */
static void test_more_than_ten_in_a_minute(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = chatter_rule(&f, -1, true, false);
    toggle(&f, point, 10);
    assert_int_equal(alarms_entries(f.alarms), 10);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    assert_int_equal(fixture_alarm(&f, rule, point).chatters_wall_ns, 0);
    toggle(&f, point, 1);
    assert_entry(&f, 12, ALARM_EVENT_CHATTERS, 11, "11 changes in 10 s");
    struct alarm_view view = fixture_alarm(&f, rule, point);
    assert_int_equal(view.chatters_wall_ns, f.stamp.wall_ns);
    assert_int_equal(view.changes, 11);
    assert_int_equal(view.state, ALARM_UNACKNOWLEDGED);
    for (int i = 0; i < 20; i++) /* held, and counted */
        fixture_later(&f, S, point, i % 2 == 0 ? 10 : 90);
    assert_int_equal(alarms_entries(f.alarms), 12);
    view = fixture_alarm(&f, rule, point);
    assert_int_equal(view.state, ALARM_UNACKNOWLEDGED);
    assert_int_equal(view.changes, 31);
    assert_int_equal(view.count, 6);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_pass(&f, 40 * S - 1);
    assert_int_equal(alarms_entries(f.alarms), 12);
    fixture_pass(&f, 1);
    assert_entry(&f, 13, ALARM_EVENT_CHATTERS, 20, "20 changes in 60 s");
    fixture_later(&f, 10 * S, point, 10);
    fixture_pass(&f, 50 * S);
    assert_entry(&f, 14, ALARM_EVENT_CHATTERS, 1, "1 changes in 60 s");
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_pass(&f, 60 * S); /* calm: and its condition has ended */
    assert_int_equal(alarms_entries(f.alarms), 16);
    struct alarm_entry calm;
    alarms_entry(f.alarms, 15, &calm);
    assert_int_equal(calm.event, ALARM_EVENT_CALM);
    assert_true(calm.value == 32);
    assert_text(calm.text, "32 changes in 180 s");
    assert_int_equal(fixture_entry(&f).event, ALARM_ENDS);
    view = fixture_alarm(&f, rule, point);
    assert_int_equal(view.state, ALARM_RETURNED);
    assert_true(view.chatters_wall_ns == 0 && view.changes == 0);
    assert_int_equal(timing_count_all(f.timing), 0);
    fixture_put(&f, point, 90); /* and it is an alarm as any other */
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    assert_int_equal(alarms_entries(f.alarms), 17);
    fixture_close(&f);
}

/* As many, but not within a minute; and what is off. */
static void test_slower_or_off(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = chatter_rule(&f, 10, true, false);
    for (int i = 0; i < 40; i++)
        fixture_later(&f, 6 * S, point, i % 2 == 0 ? 90 : 10);
    assert_int_equal(alarms_entries(f.alarms), 40);
    rule = chatter_rule(&f, 0, true, false);
    toggle(&f, point, 100);
    assert_int_equal(alarms_entries(f.alarms), 140);
    assert_int_equal(fixture_alarm(&f, rule, point).chatters_wall_ns, 0);
    fixture_close(&f);
}

/* What nobody has to acknowledge is normal each time, with another number, and counted all the
 * same. */
static void test_without_acknowledgement(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = chatter_rule(&f, 4, false, false);
    toggle(&f, point, 2);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    uint64_t first = fixture_alarm(&f, rule, point).alarm;
    toggle(&f, point, 3);
    struct alarm_view view = fixture_alarm(&f, rule, point);
    assert_int_equal(view.state, ALARM_ACKNOWLEDGED);
    assert_true(view.alarm > first && view.chatters_wall_ns != 0);
    assert_entry(&f, 6, ALARM_EVENT_CHATTERS, 5, "5 changes in 4 s");
    fixture_later(&f, S, point, 10);
    fixture_pass(&f, 59 * S);
    fixture_pass(&f, 60 * S);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    assert_int_equal(alarms_entries(f.alarms), 9);
    /* Remembered for a minute, and no longer. */
    toggle(&f, point, 2);
    assert_int_equal(timing_count_all(f.timing), 1);
    fixture_pass(&f, 59 * S);
    assert_int_equal(timing_count_all(f.timing), 0);
    uint32_t rows[4];
    assert_int_equal(alarms_of_point(f.alarms, point, rows, 4), 0);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

/* Nothing of what people say is lost: acknowledged stays so while it is held, shelved as well, and
 * what comes after the calm has to be acknowledged anew. */
static void test_acknowledging_what_chatters(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = chatter_rule(&f, 2, true, false);
    toggle(&f, point, 3);
    uint64_t alarm = fixture_alarm(&f, rule, point).alarm;
    assert_int_equal(fixture_act(&f, ALARM_ACT_ACKNOWLEDGE, alarm, 0, "ann", "seen").code,
                     OUTCOME_DONE);
    for (int i = 0; i < 10; i++)
        fixture_later(&f, S, point, i % 2 == 0 ? 10 : 90);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_ACKNOWLEDGED);
    assert_text(fixture_alarm(&f, rule, point).acknowledged_by, "ann");
    assert_int_equal(fixture_act(&f, ALARM_ACT_UNACKNOWLEDGE, alarm, 0, "ann", NULL).code,
                     OUTCOME_DONE);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    assert_int_equal(fixture_act(&f, ALARM_ACT_SHELVE, alarm, 600 * S, "ann", NULL).code,
                     OUTCOME_DONE);
    fixture_later(&f, S, point, 10);
    fixture_pass(&f, 120 * S);
    fixture_pass(&f, 120 * S); /* calm below: it ended, and waits for who acknowledges it */
    struct alarm_view view = fixture_alarm(&f, rule, point);
    assert_int_equal(view.state, ALARM_SHELVED);
    assert_int_equal(view.machine.state, ALARM_RETURNED);
    assert_int_equal(view.chatters_wall_ns, 0);
    assert_int_equal(fixture_act(&f, ALARM_ACT_UNSHELVE, alarm, 0, "ann", NULL).code, OUTCOME_DONE);
    assert_int_equal(fixture_act(&f, ALARM_ACT_ACKNOWLEDGE, alarm, 0, "ann", NULL).code,
                     OUTCOME_DONE);
    fixture_put(&f, point, 90);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    assert_true(fixture_alarm(&f, rule, point).alarm > alarm);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

/* A rule that is switched off, changed or removed while its alarm is held. */
static void test_a_rule_that_changes(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = chatter_rule(&f, 2, true, true);
    toggle(&f, point, 4);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    (void)chatter_rule(&f, 0, true, true); /* not held any more: what is so is shown */
    assert_int_equal(fixture_state(&f, rule, point), ALARM_LATCHED);
    assert_int_equal(fixture_alarm(&f, rule, point).chatters_wall_ns, 0);
    (void)chatter_rule(&f, 2, true, true);
    toggle(&f, point, 5);
    assert_true(fixture_alarm(&f, rule, point).chatters_wall_ns != 0);
    assert_int_equal(fixture_remove(&f, "hot").code, OUTCOME_DONE);
    fixture_settle(&f);
    assert_int_equal(timing_count_all(f.timing), 0);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

/* Staleness that chatters is found again, though it is shown all the while. */
static void test_staleness_that_chatters(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    struct form_writer *form = say_rule(&said, "quiet", RULE_STALE, RULE_ON_PATTERN, "#");
    form_put_integer(form, RULE_TAG_SPAN, 2 * S);
    form_put_integer(form, RULE_TAG_CHATTER, 2);
    uint32_t rule = fixture_rule(&f, &said);
    fixture_put(&f, point, 1);
    for (int i = 0; i < 10; i++)
        fixture_later(&f, 3 * S, point, 1);
    assert_int_equal(fixture_alarm(&f, rule, point).changes, 20);
    fixture_pass(&f, 200 * S);
    fixture_pass(&f, 200 * S);
    struct alarm_view view = fixture_alarm(&f, rule, point);
    assert_int_equal(view.chatters_wall_ns, 0);
    assert_int_equal(view.state, ALARM_UNACKNOWLEDGED); /* it is silent still */
    fixture_put(&f, point, 1);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    fixture_close(&f);
}

/* ---- all short stories -------------------------------------------------------------------------
 * Of each step an alarm sees a value beyond the limit, one within, or an acknowledgement; before
 * it a second or a good minute passes for all. The other formulation keeps what is so and when.
 */
#define STEPS 6
#define STORIES 729 /* 3 to the STEPS */
#define MOST 2

struct told { /* one alarm, as it should be */
    bool holds, shown, wanted, chatters;
    int64_t since_ns, due_ns;
    int window, changes;
};

static void told_time(struct told *t, int64_t now_ns)
{
    while (t->chatters && t->due_ns <= now_ns) {
        if (t->changes == 0) {
            t->chatters = false;
            t->shown = t->holds;
            t->window = 0;
        }
        t->changes = 0;
        t->due_ns += 60 * S;
    }
}

static void told_value(struct told *t, bool holds, int64_t now_ns)
{
    if (t->holds == holds)
        return;
    t->holds = holds;
    if (t->chatters) {
        t->changes++;
        return;
    }
    if (t->window == 0 || now_ns - t->since_ns >= 60 * S) {
        t->window = 0;
        t->since_ns = now_ns;
    }
    t->window++;
    t->shown = holds;
    t->wanted = t->wanted || holds;
    if (holds && t->window > MOST) {
        t->chatters = true;
        t->changes = 0;
        t->due_ns = now_ns + 60 * S;
    }
}

static enum alarm_state told_state(const struct told *t)
{
    if (t->shown)
        return t->wanted ? ALARM_UNACKNOWLEDGED : ALARM_ACKNOWLEDGED;
    return t->wanted ? ALARM_RETURNED : ALARM_NORMAL;
}

static void story_step(struct fixture *f, struct told *t, uint32_t rule, uint32_t point,
                       uint32_t what)
{
    uint32_t row = 0;
    struct alarm_view view = {.state = ALARM_NORMAL};
    if (what < 2) {
        fixture_put(f, point, what == 0 ? 90 : 10);
        told_value(t, what == 0, f->stamp.engine_ns);
    } else if (alarms_of_point(f->alarms, point, &row, 1) == 1 &&
               alarms_row(f->alarms, row, &view)) {
        enum outcome_code code =
            fixture_act(f, ALARM_ACT_ACKNOWLEDGE, view.alarm, 0, "ann", NULL).code;
        assert_int_equal(code == OUTCOME_DONE, t->wanted);
        t->wanted = false;
    }
    (void)rule;
    view = (struct alarm_view){.state = ALARM_NORMAL};
    if (alarms_of_point(f->alarms, point, &row, 1) == 1)
        assert_true(alarms_row(f->alarms, row, &view));
    assert_int_equal(view.state, told_state(t));
    assert_int_equal(view.chatters_wall_ns != 0, t->chatters);
}

static void stories_run(uint32_t long_steps, uint64_t *chatters)
{
    struct fixture f;
    static struct told told[STORIES];
    char metrics[8 * 100], prefix[16];
    memset(told, 0, sizeof told);
    fixture_open(&f);
    for (uint32_t row = 0; row * 81 < STORIES; row++) {
        size_t size = 0;
        for (int i = 0; i < 81; i++)
            size += (size_t)sprintf(metrics + size, i == 0 ? "m%d" : " m%d", i);
        snprintf(prefix, sizeof prefix, "row-%u", row);
        (void)fixture_row(&f, 1, prefix, metrics, VALUE_FLOAT64);
    }
    uint32_t rule = chatter_rule(&f, MOST, true, false);
    for (uint32_t step = 0, power = 1; step < STEPS; step++, power *= 3) {
        fixture_pass(&f, long_steps >> step & 1 ? 61 * S : S);
        for (uint32_t i = 0; i < STORIES; i++) {
            told_time(&told[i], f.stamp.engine_ns);
            story_step(&f, &told[i], rule, i + 1, i / power % 3);
            *chatters += told[i].chatters;
        }
    }
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

static void test_all_short_stories(void **arg)
{
    (void)arg;
    uint64_t chatters = 0;
    for (uint32_t long_steps = 0; long_steps < 1u << STEPS; long_steps++)
        stories_run(long_steps, &chatters);
    assert_true(chatters > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_than_ten_in_a_minute),
        cmocka_unit_test(test_slower_or_off),
        cmocka_unit_test(test_without_acknowledgement),
        cmocka_unit_test(test_acknowledging_what_chatters),
        cmocka_unit_test(test_a_rule_that_changes),
        cmocka_unit_test(test_staleness_that_chatters),
        cmocka_unit_test(test_all_short_stories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
