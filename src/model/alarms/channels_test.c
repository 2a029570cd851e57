/* The alarm of dead channels: a rule that makes itself, one alarm of a tenant, and all that people
 * do with alarms. */
#include "model/alarms/fixture.h"

static void begin(struct fixture *f, uint32_t tenant)
{
    f->stamp.position++;
    assert_int_equal(alarms_channels_begin(f->alarms, tenant, &f->stamp), OK);
}

static void told(struct fixture *f, uint32_t dead, bool died, const char *why)
{
    const struct channels_told channels = {.dead = dead, .died = died, .why = bytes_text(why)};
    f->stamp.position++;
    assert_int_equal(alarms_channels(f->alarms, TENANT_DEFAULT, &channels, &f->stamp), OK);
}

static uint32_t rule_of(const struct fixture *f)
{
    return alarms_rule_find(f->alarms, TENANT_DEFAULT, bytes_text(RULE_CHANNELS_NAME));
}

static struct form_writer *say_channels(struct said *said)
{
    return say_rule(said, RULE_CHANNELS_NAME, RULE_CHANNEL, RULE_ON_NOTHING, NULL);
}

static void entry_is(struct fixture *f, uint64_t number, uint8_t event, uint8_t state, bool is_told,
                     const char *text)
{
    struct alarm_entry entry = fixture_entry(f);
    assert_int_equal(entry.number, number);
    assert_int_equal(entry.event, event);
    assert_int_equal(entry.state, state);
    assert_int_equal(entry.kind, RULE_CHANNEL);
    assert_int_equal(entry.point, POINT_NONE);
    assert_int_equal((entry.flags & ALARM_ENTRY_TOLD) != 0, is_told);
    assert_text(entry.text, text);
}

static void test_the_rule_makes_itself(void **arg)
{
    (void)arg;
    struct fixture f;
    struct rule_view view;
    fixture_open(&f);
    told(&f, 1, true, "duty"); /* before there is a rule nothing is said */
    assert_int_equal(alarms_entries(f.alarms), 0);
    begin(&f, TENANT_DEFAULT);
    uint32_t rule = rule_of(&f);
    begin(&f, TENANT_DEFAULT);
    begin(&f, 2);
    assert_int_equal(alarms_rules(f.alarms), 2);
    assert_true(alarms_rule(f.alarms, rule, &view));
    assert_int_equal(view.plan.kind, RULE_CHANNEL);
    assert_int_equal(view.plan.on, RULE_ON_NOTHING);
    assert_int_equal(view.plan.priority, 1);
    assert_true(view.plan.enabled && view.plan.needs_acknowledge);
    assert_int_equal(view.author.size, 0);
    assert_int_equal(fixture_rebuild(&f), OK);
    assert_int_equal(rule_of(&f), rule);
    fixture_close(&f);
}

/* It is known by its name, and stands on nothing. */
static void test_no_other_rule_is_called_so(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    (void)say_rule(&said, "others", RULE_CHANNEL, RULE_ON_NOTHING, NULL);
    assert_int_equal(fixture_set(&f, &said).code, OUTCOME_RULE_INVALID);
    (void)say_rule(&said, RULE_CHANNELS_NAME, RULE_CHANNEL, RULE_ON_NOTHING, "hall");
    assert_int_equal(fixture_set(&f, &said).code, OUTCOME_RULE_INVALID);
    (void)say_rule(&said, RULE_CHANNELS_NAME, RULE_CHANNEL, RULE_ON_PATTERN, "#");
    assert_int_equal(fixture_set(&f, &said).code, OUTCOME_RULE_INVALID);
    (void)say_rule(&said, RULE_CHANNELS_NAME, RULE_HIGH, RULE_ON_PATTERN, "#");
    assert_int_equal(fixture_set(&f, &said).code, OUTCOME_RULE_INVALID);
    (void)say_rule(&said, "channel", RULE_HIGH, RULE_ON_PATTERN, "#");
    assert_int_equal(fixture_set(&f, &said).code, OUTCOME_DONE);
    (void)say_channels(&said);
    assert_int_equal(fixture_set(&f, &said).code, OUTCOME_DONE);
    fixture_close(&f);
}

static void test_an_alarm_until_all_live(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    begin(&f, TENANT_DEFAULT);
    uint32_t rule = rule_of(&f);
    told(&f, 0, false, "");
    assert_int_equal(alarms_entries(f.alarms), 0);
    told(&f, 1, true, "duty");
    entry_is(&f, 1, ALARM_HOLDS, ALARM_UNACKNOWLEDGED, true, "duty");
    struct alarm_view view = fixture_alarm(&f, rule, POINT_NONE);
    assert_int_equal(view.priority, 1);
    assert_text(view.why, "duty");
    uint64_t alarm = view.alarm;
    assert_int_equal(fixture_act(&f, ALARM_ACT_ACKNOWLEDGE, alarm, 0, "ann", NULL).code,
                     OUTCOME_DONE);
    /* One more: told again, for somebody to acknowledge. */
    told(&f, 2, true, "duty, mail");
    entry_is(&f, 3, ALARM_REALARM, ALARM_UNACKNOWLEDGED, true, "duty, mail");
    assert_text(fixture_alarm(&f, rule, POINT_NONE).why, "duty, mail");
    /* One less: the alarm says which is left, and nobody is told. */
    uint64_t changed = alarms_rows_changed(f.alarms);
    told(&f, 1, false, "mail");
    assert_int_equal(alarms_entries(f.alarms), 3);
    assert_true(alarms_rows_changed(f.alarms) > changed);
    assert_text(fixture_alarm(&f, rule, POINT_NONE).why, "mail");
    told(&f, 0, false, "");
    entry_is(&f, 4, ALARM_ENDS, ALARM_RETURNED, false, "");
    /* Again before anybody said that he saw it: the same alarm. */
    told(&f, 1, true, "duty");
    entry_is(&f, 5, ALARM_HOLDS, ALARM_UNACKNOWLEDGED, true, "duty");
    assert_int_equal(fixture_alarm(&f, rule, POINT_NONE).alarm, alarm);
    assert_int_equal(fixture_rebuild(&f), OK);
    told(&f, 0, false, "");
    assert_int_equal(fixture_act(&f, ALARM_ACT_ACKNOWLEDGE, alarm, 0, "ann", NULL).code,
                     OUTCOME_DONE);
    assert_int_equal(fixture_state(&f, rule, POINT_NONE), ALARM_NORMAL);
    told(&f, 1, true, "duty");
    assert_true(fixture_alarm(&f, rule, POINT_NONE).alarm != alarm);
    fixture_close(&f);
}

/* What is shelved is told to nobody; what is out of service beforehand neither. */
static void test_it_is_hidden_as_others_are(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    begin(&f, TENANT_DEFAULT);
    uint32_t rule = rule_of(&f);
    assert_int_equal(fixture_act_on(&f, ALARM_ACT_SHELVE, rule, POINT_NONE, 60 * NS_PER_S).code,
                     OUTCOME_DONE);
    told(&f, 1, true, "duty");
    entry_is(&f, 2, ALARM_HOLDS, ALARM_SHELVED, false, "duty");
    told(&f, 2, true, "duty, mail");
    assert_int_equal(alarms_entries(f.alarms), 2);
    fixture_pass(&f, 60 * NS_PER_S);
    entry_is(&f, 3, ALARM_SHELVING_EXPIRES, ALARM_UNACKNOWLEDGED, true, "");
    assert_text(fixture_alarm(&f, rule, POINT_NONE).why, "duty, mail");
    fixture_close(&f);
}

static void test_it_is_edited_as_others_are(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    begin(&f, TENANT_DEFAULT);
    uint32_t rule = rule_of(&f);
    told(&f, 1, true, "duty");
    /* Less urgent: the alarm that stands is. */
    form_put_integer(say_channels(&said), RULE_TAG_PRIORITY, 4);
    assert_int_equal(fixture_rule(&f, &said), rule);
    assert_int_equal(fixture_alarm(&f, rule, POINT_NONE).priority, 4);
    /* Off: its alarm ends, and what dies then is no alarm. */
    form_put_integer(say_channels(&said), RULE_TAG_ENABLED, 0);
    assert_int_equal(fixture_rule(&f, &said), rule);
    entry_is(&f, 2, ALARM_RULE_REMOVED, ALARM_NORMAL, false, "");
    begin(&f, TENANT_DEFAULT);
    told(&f, 2, true, "duty, mail");
    assert_int_equal(alarms_entries(f.alarms), 2);
    /* On again: what is dead already is an alarm at once. */
    (void)say_channels(&said);
    assert_int_equal(fixture_rule(&f, &said), rule);
    told(&f, 2, false, "duty, mail");
    entry_is(&f, 3, ALARM_HOLDS, ALARM_UNACKNOWLEDGED, true, "duty, mail");
    /* Nothing new by being told again. */
    told(&f, 2, false, "duty, mail");
    assert_int_equal(alarms_entries(f.alarms), 3);
    /* Removed: it ends, and the next channel brings the rule back. */
    assert_int_equal(fixture_remove(&f, RULE_CHANNELS_NAME).code, OUTCOME_DONE);
    assert_int_equal(fixture_state(&f, rule, POINT_NONE), ALARM_NORMAL);
    assert_int_equal(rule_of(&f), 0);
    begin(&f, TENANT_DEFAULT);
    assert_true(rule_of(&f) > rule);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

static void test_delays(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    form_put_integer(say_channels(&said), RULE_TAG_ON_DELAY, 60 * NS_PER_S);
    form_put_integer(&said.form, RULE_TAG_OFF_DELAY, 30 * NS_PER_S);
    uint32_t rule = fixture_rule(&f, &said);
    told(&f, 1, true, "duty");
    fixture_pass(&f, 59 * NS_PER_S);
    told(&f, 0, false, "");
    fixture_pass(&f, 60 * NS_PER_S);
    assert_int_equal(alarms_entries(f.alarms), 0);
    told(&f, 1, true, "duty");
    fixture_pass(&f, 30 * NS_PER_S);
    told(&f, 2, true, "duty, mail");
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_pass(&f, 30 * NS_PER_S); /* from the first on; it says what is dead by then */
    entry_is(&f, 1, ALARM_HOLDS, ALARM_UNACKNOWLEDGED, true, "duty, mail");
    assert_text(fixture_alarm(&f, rule, POINT_NONE).why, "duty, mail");
    told(&f, 0, false, "");
    fixture_pass(&f, 29 * NS_PER_S);
    told(&f, 1, true, "mail"); /* it stood all the while: one more that died */
    entry_is(&f, 2, ALARM_REALARM, ALARM_UNACKNOWLEDGED, true, "mail");
    told(&f, 0, false, "");
    fixture_pass(&f, 30 * NS_PER_S);
    entry_is(&f, 3, ALARM_ENDS, ALARM_RETURNED, false, "");
    fixture_close(&f);
}

/* A channel that dies and lives again without end is held as any alarm: people are told of another
 * one that dies beside it, and of nothing else. */
static void test_it_chatters_as_others_do(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    begin(&f, TENANT_DEFAULT);
    uint32_t rule = rule_of(&f);
    for (int i = 0; i < RULE_CHATTER / 2; i++) {
        told(&f, 1, true, "duty");
        told(&f, 0, false, "");
    }
    told(&f, 1, true, "duty");
    entry_is(&f, RULE_CHATTER + 2, ALARM_EVENT_CHATTERS, ALARM_UNACKNOWLEDGED, false,
             "11 changes in 0 s");
    told(&f, 0, false, "");
    told(&f, 1, true, "duty");
    assert_int_equal(alarms_entries(f.alarms), RULE_CHATTER + 2);
    assert_int_equal(fixture_alarm(&f, rule, POINT_NONE).changes, RULE_CHATTER + 3);
    told(&f, 2, true, "duty, mail");
    entry_is(&f, RULE_CHATTER + 3, ALARM_REALARM, ALARM_UNACKNOWLEDGED, true, "duty, mail");
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

/* It is one of each tenant, so that limits of rules need not hold it back; numbers do. */
static void test_limits_of_rules(void **arg)
{
    (void)arg;
    struct fixture f;
    struct alarms_limits limits = alarms_limits_default;
    limits.rules_max = 2;
    fixture_open_limited(&f, &limits, FIXTURE_TIMERS);
    (void)fixture_limit(&f, "one", RULE_HIGH, RULE_ON_PATTERN, "#", 80);
    (void)fixture_limit(&f, "two", RULE_HIGH, RULE_ON_PATTERN, "#", 80);
    begin(&f, TENANT_DEFAULT);
    assert_int_equal(rule_of(&f), 3);
    for (unsigned i = 4; i <= 8; i++) {
        assert_int_equal(fixture_remove(&f, RULE_CHANNELS_NAME).code, OUTCOME_DONE);
        begin(&f, TENANT_DEFAULT);
        assert_int_equal(rule_of(&f), i);
    }
    assert_int_equal(fixture_remove(&f, RULE_CHANNELS_NAME).code, OUTCOME_DONE);
    begin(&f, TENANT_DEFAULT);
    assert_int_equal(rule_of(&f), 0);
    told(&f, 1, true, "duty");
    assert_int_equal(alarms_entries(f.alarms), 0);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rule_makes_itself),
        cmocka_unit_test(test_no_other_rule_is_called_so),
        cmocka_unit_test(test_an_alarm_until_all_live),
        cmocka_unit_test(test_it_is_hidden_as_others_are),
        cmocka_unit_test(test_it_is_edited_as_others_are),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_it_chatters_as_others_do),
        cmocka_unit_test(test_limits_of_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
