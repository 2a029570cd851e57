/* What people do with alarms: acknowledging one and many, and back; shelving and its end;
 * suppression, service, comments, assignments; what is normal; hand-over notes. */
#include "model/alarms/fixture.h"

#define S NS_PER_S

struct plant {
    struct fixture f;
    uint32_t point, rule;
    uint64_t alarm;
};

/* An alarm that stands. */
static void plant_open(struct plant *p)
{
    fixture_open(&p->f);
    p->point = fixture_row(&p->f, 1, "p", "v w x", VALUE_FLOAT64);
    p->rule = fixture_limit(&p->f, "hot", RULE_HIGH, RULE_ON_PATTERN, "#", 80);
    fixture_put(&p->f, p->point, 90);
    p->alarm = fixture_alarm(&p->f, p->rule, p->point).alarm;
}

static enum alarm_state shown(const struct plant *p)
{
    return fixture_state(&p->f, p->rule, p->point);
}

static enum outcome_code act(struct plant *p, enum alarm_act what)
{
    return fixture_act(&p->f, what, p->alarm, what == ALARM_ACT_SHELVE ? 60 * S : 0, "ann", NULL)
        .code;
}

static void test_acknowledge_and_undo(void **arg)
{
    (void)arg;
    struct plant p;
    plant_open(&p);
    struct outcome outcome = fixture_act(&p.f, ALARM_ACT_ACKNOWLEDGE, p.alarm, 0, "ann", "seen");
    assert_int_equal(outcome.code, OUTCOME_DONE);
    assert_int_equal(outcome.number, 1);
    struct alarm_view view = fixture_alarm(&p.f, p.rule, p.point);
    assert_int_equal(view.state, ALARM_ACKNOWLEDGED);
    assert_text(view.acknowledged_by, "ann");
    assert_text(view.comment, "seen");
    assert_int_equal(view.acknowledged_wall_ns, p.f.stamp.wall_ns);
    struct alarm_entry entry = fixture_entry(&p.f);
    assert_int_equal(entry.event, ALARM_ACKNOWLEDGE);
    assert_int_equal(entry.state_before, ALARM_UNACKNOWLEDGED);
    assert_int_equal(entry.account, 7);
    assert_text(entry.actor, "ann");
    assert_text(entry.text, "seen");
    assert_int_equal(act(&p, ALARM_ACT_ACKNOWLEDGE), OUTCOME_ALARM_REFUSED);
    assert_int_equal(fixture_act(&p.f, ALARM_ACT_UNACKNOWLEDGE, p.alarm, 0, "bob", NULL).code,
                     OUTCOME_ALARM_REFUSED); /* it was ann */
    fixture_pass(&p.f, ALARM_UNDO_NS);
    assert_int_equal(act(&p, ALARM_ACT_UNACKNOWLEDGE), OUTCOME_DONE);
    assert_int_equal(shown(&p), ALARM_UNACKNOWLEDGED);
    assert_int_equal(fixture_entry(&p.f).event, ALARM_EVENTS + ALARM_ACT_UNACKNOWLEDGE);
    assert_int_equal(act(&p, ALARM_ACT_UNACKNOWLEDGE), OUTCOME_ALARM_REFUSED);
    assert_int_equal(act(&p, ALARM_ACT_ACKNOWLEDGE), OUTCOME_DONE);
    fixture_pass(&p.f, ALARM_UNDO_NS + 1);
    assert_int_equal(act(&p, ALARM_ACT_UNACKNOWLEDGE), OUTCOME_ALARM_REFUSED);
    fixture_close(&p.f);
}

/* One that has ended is normal with its acknowledgement, and can come back for a while. */
static void test_undo_of_what_is_normal(void **arg)
{
    (void)arg;
    struct plant p;
    struct alarm_view view;
    plant_open(&p);
    fixture_put(&p.f, p.point, 10);
    assert_int_equal(shown(&p), ALARM_RETURNED);
    assert_int_equal(act(&p, ALARM_ACT_ACKNOWLEDGE), OUTCOME_DONE);
    assert_int_equal(shown(&p), ALARM_NORMAL);
    assert_int_equal(act(&p, ALARM_ACT_UNACKNOWLEDGE), OUTCOME_DONE);
    assert_int_equal(shown(&p), ALARM_RETURNED);
    assert_int_equal(act(&p, ALARM_ACT_ACKNOWLEDGE), OUTCOME_DONE);
    fixture_pass(&p.f, ALARM_UNDO_NS);
    assert_false(alarms_find(p.f.alarms, p.alarm, &view));
    assert_int_equal(act(&p, ALARM_ACT_UNACKNOWLEDGE), OUTCOME_UNKNOWN_ALARM);
    /* Raised again within that while it is another alarm. */
    fixture_put(&p.f, p.point, 90);
    fixture_put(&p.f, p.point, 10);
    p.alarm = fixture_alarm(&p.f, p.rule, p.point).alarm;
    assert_int_equal(act(&p, ALARM_ACT_ACKNOWLEDGE), OUTCOME_DONE);
    fixture_put(&p.f, p.point, 90);
    assert_int_not_equal(fixture_alarm(&p.f, p.rule, p.point).alarm, p.alarm);
    assert_false(alarms_find(p.f.alarms, p.alarm, &view));
    assert_int_equal(timing_count_all(p.f.timing), 0);
    fixture_close(&p.f);
}

static struct outcome act_many(struct plant *p, uint8_t what, const uint64_t *alarms, size_t count)
{
    static struct said said;
    struct form_writer *form = say(&said);
    form_put_integer(form, ALARM_TAG_ACT, what);
    for (size_t i = 0; i < count; i++)
        form_put_integer(form, ALARM_TAG_ALARM, (int64_t)alarms[i]);
    struct command command = said_command(&said, COMMAND_ALARM_ACT, "ann");
    return fixture_command(&p->f, &command);
}

static void test_many_at_once(void **arg)
{
    (void)arg;
    static uint64_t alarms[ALARM_ACT_MAX + 1];
    struct plant p;
    plant_open(&p);
    fixture_put(&p.f, p.point + 1, 90);
    alarms[0] = p.alarm;
    alarms[1] = 4711; /* there is none: passed over */
    alarms[2] = fixture_alarm(&p.f, p.rule, p.point + 1).alarm;
    struct outcome outcome = act_many(&p, ALARM_ACT_ACKNOWLEDGE, alarms, 3);
    assert_int_equal(outcome.code, OUTCOME_DONE);
    assert_int_equal(outcome.number, 2);
    assert_int_equal(act_many(&p, ALARM_ACT_ACKNOWLEDGE, alarms, 3).code, OUTCOME_ALARM_REFUSED);
    assert_int_equal(act_many(&p, ALARM_ACT_RESET, alarms + 1, 1).code, OUTCOME_UNKNOWN_ALARM);
    for (size_t i = 0; i <= ALARM_ACT_MAX; i++)
        alarms[i] = p.alarm;
    assert_int_equal(act_many(&p, ALARM_ACT_COMMENT, alarms, 1).code, OUTCOME_ACT_INVALID);
    assert_int_equal(act_many(&p, ALARM_ACT_SUPPRESS, alarms, ALARM_ACT_MAX).number, 1);
    assert_int_equal(act_many(&p, ALARM_ACT_SUPPRESS, alarms, ALARM_ACT_MAX + 1).code,
                     OUTCOME_ACT_INVALID);
    assert_int_equal(act_many(&p, ALARM_ACT_SUPPRESS, alarms, 0).code, OUTCOME_ACT_INVALID);
    assert_int_equal(act_many(&p, 0, alarms, 1).code, OUTCOME_ACT_INVALID);
    assert_int_equal(act_many(&p, ALARM_ACT_ASSIGN + 1, alarms, 1).code, OUTCOME_ACT_INVALID);
    fixture_close(&p.f);
}

static void test_another_tenant_sees_none(void **arg)
{
    (void)arg;
    struct plant p;
    struct said said;
    plant_open(&p);
    struct form_writer *form = say(&said);
    form_put_integer(form, ALARM_TAG_ACT, ALARM_ACT_ACKNOWLEDGE);
    form_put_integer(form, ALARM_TAG_ALARM, (int64_t)p.alarm);
    struct command command = said_command(&said, COMMAND_ALARM_ACT, "eve");
    command.tenant = 2;
    assert_int_equal(fixture_command(&p.f, &command).code, OUTCOME_UNKNOWN_ALARM);
    assert_int_equal(shown(&p), ALARM_UNACKNOWLEDGED);
    assert_int_equal(alarms_newest(p.f.alarms, 2), 0);
    fixture_close(&p.f);
}

static void test_shelving_ends_by_itself(void **arg)
{
    (void)arg;
    struct plant p;
    plant_open(&p);
    assert_int_equal(act(&p, ALARM_ACT_SHELVE), OUTCOME_DONE);
    assert_int_equal(shown(&p), ALARM_SHELVED);
    assert_int_equal(fixture_alarm(&p.f, p.rule, p.point).shelved_until_ns,
                     p.f.stamp.wall_ns + 60 * S);
    struct alarm_counts counts;
    alarms_counts(p.f.alarms, 1, &counts);
    assert_int_equal(counts.shelved, 1);
    assert_int_equal(counts.active, 0);
    assert_int_equal(act(&p, ALARM_ACT_ACKNOWLEDGE), OUTCOME_ALARM_REFUSED);
    fixture_pass(&p.f, 60 * S - 1);
    assert_int_equal(shown(&p), ALARM_SHELVED);
    fixture_pass(&p.f, 1);
    assert_int_equal(shown(&p), ALARM_UNACKNOWLEDGED);
    struct alarm_entry entry = fixture_entry(&p.f);
    assert_int_equal(entry.event, ALARM_SHELVING_EXPIRES);
    assert_int_equal(entry.flags, ALARM_ENTRY_TOLD | ALARM_ENTRY_COMPUTED);
    assert_int_equal(fixture_alarm(&p.f, p.rule, p.point).shelved_until_ns, 0);
    /* Shelved again it has a new end; unshelved its timer is gone. */
    assert_int_equal(act(&p, ALARM_ACT_SHELVE), OUTCOME_DONE);
    fixture_pass(&p.f, 50 * S);
    assert_int_equal(act(&p, ALARM_ACT_SHELVE), OUTCOME_DONE);
    fixture_pass(&p.f, 50 * S);
    assert_int_equal(shown(&p), ALARM_SHELVED);
    assert_int_equal(act(&p, ALARM_ACT_UNSHELVE), OUTCOME_DONE);
    assert_int_equal(act(&p, ALARM_ACT_UNSHELVE), OUTCOME_ALARM_REFUSED);
    assert_int_equal(timing_count_all(p.f.timing), 0);
    fixture_close(&p.f);
}

static enum outcome_code shelve_for(struct plant *p, int64_t span_ns)
{
    return fixture_act(&p->f, ALARM_ACT_SHELVE, p->alarm, span_ns, "ann", NULL).code;
}

static void test_how_long_it_can_be_shelved(void **arg)
{
    (void)arg;
    struct plant p;
    plant_open(&p);
    assert_int_equal(shelve_for(&p, 0), OUTCOME_ACT_INVALID);
    assert_int_equal(shelve_for(&p, NS_PER_S - 1), OUTCOME_ACT_INVALID);
    assert_int_equal(shelve_for(&p, ALARM_SHELVE_MAX_NS + 1), OUTCOME_ACT_INVALID);
    assert_int_equal(shelve_for(&p, ALARM_SHELVE_MAX_NS), OUTCOME_DONE);
    assert_int_equal(shelve_for(&p, NS_PER_S), OUTCOME_DONE);
    fixture_close(&p.f);
}

/* What came and went while it was shelved leaves nothing. */
static void test_raised_while_shelved(void **arg)
{
    (void)arg;
    struct plant p;
    plant_open(&p);
    uint32_t calm = p.point + 1;
    assert_int_equal(fixture_act_on(&p.f, ALARM_ACT_SHELVE, p.rule, calm, 60 * S).code,
                     OUTCOME_DONE);
    assert_int_equal(fixture_state(&p.f, p.rule, calm), ALARM_SHELVED);
    fixture_put(&p.f, calm, 90);
    assert_int_equal(fixture_entry(&p.f).flags, ALARM_ENTRY_COMPUTED); /* nobody is told */
    fixture_put(&p.f, calm, 10);
    fixture_pass(&p.f, 60 * S);
    assert_int_equal(fixture_state(&p.f, p.rule, calm), ALARM_NORMAL);
    assert_int_equal(fixture_act_on(&p.f, ALARM_ACT_SHELVE, p.rule, calm, 60 * S).code,
                     OUTCOME_DONE);
    fixture_put(&p.f, calm, 90);
    fixture_pass(&p.f, 60 * S);
    assert_int_equal(fixture_state(&p.f, p.rule, calm), ALARM_UNACKNOWLEDGED);
    assert_true(fixture_entry(&p.f).flags & ALARM_ENTRY_TOLD);
    fixture_close(&p.f);
}

static void test_suppression_and_service(void **arg)
{
    (void)arg;
    struct plant p;
    struct alarm_counts counts;
    plant_open(&p);
    assert_int_equal(act(&p, ALARM_ACT_SUPPRESS), OUTCOME_DONE);
    assert_int_equal(shown(&p), ALARM_SUPPRESSED);
    assert_int_equal(act(&p, ALARM_ACT_SHELVE), OUTCOME_ALARM_REFUSED);
    assert_int_equal(act(&p, ALARM_ACT_REMOVE_FROM_SERVICE), OUTCOME_DONE);
    assert_int_equal(shown(&p), ALARM_OUT_OF_SERVICE);
    alarms_counts(p.f.alarms, 1, &counts);
    assert_int_equal(counts.out_of_service, 1);
    assert_int_equal(counts.suppressed, 0);
    assert_int_equal(act(&p, ALARM_ACT_RETURN_TO_SERVICE), OUTCOME_DONE);
    assert_int_equal(act(&p, ALARM_ACT_RETURN_TO_SERVICE), OUTCOME_ALARM_REFUSED);
    assert_int_equal(act(&p, ALARM_ACT_UNSUPPRESS), OUTCOME_DONE);
    assert_int_equal(shown(&p), ALARM_UNACKNOWLEDGED);
    assert_true(fixture_entry(&p.f).flags & ALARM_ENTRY_TOLD);
    alarms_counts(p.f.alarms, 1, &counts);
    assert_int_equal(counts.active, 1);
    assert_int_equal(counts.by_priority[3], 1);
    fixture_close(&p.f);
}

static void test_what_is_normal(void **arg)
{
    (void)arg;
    struct plant p;
    plant_open(&p);
    uint32_t calm = p.point + 2, row;
    assert_int_equal(alarms_of_point(p.f.alarms, calm, &row, 1), 0);
    assert_int_equal(fixture_act_on(&p.f, ALARM_ACT_ACKNOWLEDGE, p.rule, calm, 0).code,
                     OUTCOME_ALARM_REFUSED);
    assert_int_equal(fixture_act_on(&p.f, ALARM_ACT_SUPPRESS, p.rule + 1, calm, 0).code,
                     OUTCOME_UNKNOWN_ALARM);
    assert_int_equal(fixture_act_on(&p.f, ALARM_ACT_SUPPRESS, p.rule, calm + 1, 0).code,
                     OUTCOME_UNKNOWN_ALARM);
    assert_int_equal(fixture_act_on(&p.f, ALARM_ACT_REMOVE_FROM_SERVICE, p.rule, calm, 0).code,
                     OUTCOME_DONE);
    assert_int_equal(alarms_of_point(p.f.alarms, calm, &row, 1), 1);
    assert_int_equal(fixture_state(&p.f, p.rule, calm), ALARM_OUT_OF_SERVICE);
    assert_int_equal(fixture_act_on(&p.f, ALARM_ACT_RETURN_TO_SERVICE, p.rule, calm, 0).code,
                     OUTCOME_DONE);
    assert_int_equal(alarms_of_point(p.f.alarms, calm, &row, 1), 0);
    fixture_close(&p.f);
}

static void test_comments_and_assignments(void **arg)
{
    (void)arg;
    struct plant p;
    plant_open(&p);
    assert_int_equal(
        fixture_act(&p.f, ALARM_ACT_COMMENT, p.alarm, 0, "ann", "the valve sticks").code,
        OUTCOME_DONE);
    struct alarm_entry entry = fixture_entry(&p.f);
    assert_int_equal(entry.event, ALARM_EVENTS + ALARM_ACT_COMMENT);
    assert_text(entry.text, "the valve sticks");
    assert_int_equal(fixture_act(&p.f, ALARM_ACT_ASSIGN, p.alarm, 0, "ann", "bob").code,
                     OUTCOME_DONE);
    struct alarm_view view = fixture_alarm(&p.f, p.rule, p.point);
    assert_text(view.assignee, "bob");
    assert_text(view.comment, "the valve sticks");
    assert_int_equal(view.state, ALARM_UNACKNOWLEDGED);
    assert_text(fixture_entry(&p.f).text, "bob");
    assert_int_equal(act(&p, ALARM_ACT_ASSIGN), OUTCOME_DONE); /* to nobody */
    assert_int_equal(fixture_alarm(&p.f, p.rule, p.point).assignee.size, 0);
    char text[ALARM_COMMENT_MAX + 2];
    memset(text, 'x', sizeof text);
    text[ALARM_COMMENT_MAX + 1] = 0;
    assert_int_equal(fixture_act(&p.f, ALARM_ACT_COMMENT, p.alarm, 0, "ann", text).code,
                     OUTCOME_ACT_INVALID);
    text[ALARM_COMMENT_MAX] = 0;
    assert_int_equal(fixture_act(&p.f, ALARM_ACT_COMMENT, p.alarm, 0, "ann", text).code,
                     OUTCOME_DONE);
    assert_int_equal(fixture_entry(&p.f).text.size, ALARM_COMMENT_MAX);
    fixture_close(&p.f);
}

static void test_latching_and_reset(void **arg)
{
    (void)arg;
    struct plant p;
    struct said said;
    plant_open(&p);
    struct form_writer *form = say_rule(&said, "hot", RULE_HIGH, RULE_ON_PATTERN, "#");
    form_put_real(form, RULE_TAG_LIMIT, 80);
    form_put_integer(form, RULE_TAG_LATCH, 1);
    assert_int_equal(fixture_rule(&p.f, &said), p.rule); /* it goes on being the same rule */
    assert_int_equal(act(&p, ALARM_ACT_RESET), OUTCOME_ALARM_REFUSED);
    fixture_put(&p.f, p.point, 10);
    assert_int_equal(shown(&p), ALARM_LATCHED);
    assert_int_equal(act(&p, ALARM_ACT_ACKNOWLEDGE), OUTCOME_DONE);
    assert_int_equal(shown(&p), ALARM_LATCHED_ACKNOWLEDGED);
    assert_int_equal(act(&p, ALARM_ACT_UNACKNOWLEDGE), OUTCOME_DONE);
    assert_int_equal(shown(&p), ALARM_LATCHED);
    assert_int_equal(act(&p, ALARM_ACT_ACKNOWLEDGE), OUTCOME_DONE);
    assert_int_equal(act(&p, ALARM_ACT_RESET), OUTCOME_DONE);
    assert_int_equal(shown(&p), ALARM_NORMAL);
    fixture_close(&p.f);
}

static void test_realarm(void **arg)
{
    (void)arg;
    struct plant p;
    struct said said;
    plant_open(&p);
    struct form_writer *form = say_rule(&said, "hot", RULE_HIGH, RULE_ON_PATTERN, "#");
    form_put_real(form, RULE_TAG_LIMIT, 80);
    form_put_integer(form, RULE_TAG_REALARM, 30 * S);
    (void)fixture_rule(&p.f, &said);
    fixture_pass(&p.f, 30 * S - 1);
    uint64_t before = alarms_entries(p.f.alarms);
    fixture_pass(&p.f, 1);
    assert_int_equal(alarms_entries(p.f.alarms), before + 1);
    assert_int_equal(fixture_entry(&p.f).event, ALARM_REALARM);
    assert_true(fixture_entry(&p.f).flags & ALARM_ENTRY_TOLD);
    assert_int_equal(act(&p, ALARM_ACT_ACKNOWLEDGE), OUTCOME_DONE);
    fixture_pass(&p.f, 30 * S);
    assert_int_equal(shown(&p), ALARM_UNACKNOWLEDGED); /* it still stands */
    fixture_put(&p.f, p.point, 10);
    before = alarms_entries(p.f.alarms);
    fixture_pass(&p.f, 300 * S);
    assert_int_equal(alarms_entries(p.f.alarms), before);
    assert_int_equal(timing_count_all(p.f.timing), 0);
    fixture_close(&p.f);
}

static void test_keys(void **arg)
{
    (void)arg;
    struct plant p;
    struct said said;
    plant_open(&p);
    struct form_writer *form = say(&said);
    form_put_integer(form, ALARM_TAG_ACT, ALARM_ACT_ACKNOWLEDGE);
    form_put_integer(form, ALARM_TAG_ALARM, (int64_t)p.alarm);
    struct command command = said_command(&said, COMMAND_ALARM_ACT, "ann");
    command.key_kind = KEY_FREE;
    command.key = bytes_text("once");
    command.key_wall_ns = p.f.stamp.wall_ns;
    assert_int_equal(fixture_command(&p.f, &command).code, OUTCOME_DONE);
    struct outcome outcome = fixture_command(&p.f, &command);
    assert_int_equal(outcome.code, OUTCOME_REPEATED);
    assert_int_equal(outcome.first_code, OUTCOME_DONE);
    fixture_close(&p.f);
}

static struct outcome hand_over_by(struct fixture *f, uint32_t tenant, uint32_t account,
                                   const char *note)
{
    struct said said;
    form_put_text(say(&said), ALARM_TAG_NOTE, bytes_text(note));
    struct command command = said_command(&said, COMMAND_HANDOVER_ADD, "ann");
    command.tenant = tenant;
    command.actor.account = account;
    return fixture_command(f, &command);
}

static struct outcome hand_over(struct fixture *f, const char *branch, const char *note)
{
    struct said said;
    struct form_writer *form = say(&said);
    form_put_text(form, ALARM_TAG_BRANCH, bytes_text(branch));
    form_put_text(form, ALARM_TAG_NOTE, bytes_text(note));
    struct command command = said_command(&said, COMMAND_HANDOVER_ADD, "ann");
    return fixture_command(f, &command);
}

static void test_handovers(void **arg)
{
    (void)arg;
    struct fixture f;
    struct handover_view view;
    fixture_open(&f);
    assert_int_equal(hand_over(&f, "", "").code, OUTCOME_ACT_INVALID);
    assert_int_equal(hand_over(&f, "no//path", "x").code, OUTCOME_ACT_INVALID);
    struct outcome outcome = hand_over(&f, "plant/north", "pump 3 is slow");
    assert_int_equal(outcome.code, OUTCOME_DONE);
    assert_int_equal(outcome.number, 1);
    assert_true(alarms_handover(f.alarms, 1, &view));
    assert_text(view.branch, "plant/north");
    assert_text(view.author, "ann");
    assert_text(view.text, "pump 3 is slow");
    struct alarm_entry entry = fixture_entry(&f);
    assert_int_equal(entry.event, ALARM_EVENT_HANDOVER);
    assert_int_equal(entry.rule, 1);
    for (uint32_t i = 1; i < HANDOVERS_KEPT; i++) {
        fixture_pass(&f, HANDOVERS_DAY_NS / 50);
        assert_int_equal(hand_over(&f, "", "nothing new").code, OUTCOME_DONE);
    }
    assert_true(alarms_handover(f.alarms, 1, &view));
    (void)hand_over(&f, "", "nothing new");
    assert_false(alarms_handover(f.alarms, 1, &view));
    assert_true(alarms_handover(f.alarms, 2, &view));
    assert_int_equal(alarms_handovers(f.alarms), HANDOVERS_KEPT + 1);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

static void test_named_twice_is_once(void **arg)
{
    (void)arg;
    struct plant p;
    struct said said;
    plant_open(&p);
    uint64_t entries = alarms_entries(p.f.alarms);
    struct form_writer *form = say(&said);
    form_put_integer(form, ALARM_TAG_ACT, ALARM_ACT_COMMENT);
    for (int i = 0; i < ALARM_ACT_MAX; i++)
        form_put_integer(form, ALARM_TAG_ALARM, (int64_t)p.alarm);
    form_put_text(form, ALARM_TAG_COMMENT, bytes_text("seen"));
    struct command command = said_command(&said, COMMAND_ALARM_ACT, "ann");
    struct outcome outcome = fixture_command(&p.f, &command);
    assert_int_equal(outcome.code, OUTCOME_DONE);
    assert_int_equal(outcome.number, 1);
    assert_int_equal(alarms_entries(p.f.alarms), entries + 1);
    fixture_close(&p.f);
}

/* So many a day of a person, so many of a tenant; what others wrote does not count. */
static void test_handovers_of_a_day(void **arg)
{
    (void)arg;
    struct fixture f;
    struct handover_view view;
    fixture_open(&f);
    for (uint32_t i = 0; i <= HANDOVERS_OF_PERSON; i++)
        assert_int_equal(hand_over_by(&f, 2, 7, "x").code,
                         i < HANDOVERS_OF_PERSON ? OUTCOME_DONE : OUTCOME_HANDOVERS_FULL);
    assert_int_equal(alarms_handovers(f.alarms), HANDOVERS_OF_PERSON); /* what is refused is none */
    assert_int_equal(hand_over_by(&f, 3, 7, "of another tenant").code, OUTCOME_DONE);
    for (uint32_t i = HANDOVERS_OF_PERSON; i <= HANDOVERS_OF_TENANT; i++)
        assert_int_equal(hand_over_by(&f, 2, 10 + i / 50, "x").code,
                         i < HANDOVERS_OF_TENANT ? OUTCOME_DONE : OUTCOME_HANDOVERS_FULL);
    assert_int_equal(fixture_rebuild(&f), OK);
    assert_int_equal(hand_over_by(&f, 2, 4000, "x").code, OUTCOME_HANDOVERS_FULL);
    assert_int_equal(hand_over_by(&f, 3, 7, "of another tenant").code, OUTCOME_DONE);
    fixture_pass(&f, HANDOVERS_DAY_NS - 1);
    assert_int_equal(hand_over_by(&f, 2, 4000, "x").code, OUTCOME_HANDOVERS_FULL);
    fixture_pass(&f, 1);
    assert_int_equal(hand_over_by(&f, 2, 7, "the next day").code, OUTCOME_DONE);
    assert_true(alarms_handover(f.alarms, 1, &view));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acknowledge_and_undo),
        cmocka_unit_test(test_undo_of_what_is_normal),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_another_tenant_sees_none),
        cmocka_unit_test(test_shelving_ends_by_itself),
        cmocka_unit_test(test_how_long_it_can_be_shelved),
        cmocka_unit_test(test_raised_while_shelved),
        cmocka_unit_test(test_suppression_and_service),
        cmocka_unit_test(test_what_is_normal),
        cmocka_unit_test(test_comments_and_assignments),
        cmocka_unit_test(test_latching_and_reset),
        cmocka_unit_test(test_realarm),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_handovers),
        cmocka_unit_test(test_handovers_of_a_day),
        cmocka_unit_test(test_named_twice_is_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
