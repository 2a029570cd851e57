/* What values do: limits with deadbands and delays, rates, deviations, states, staleness,
 * expressions, and what came late. */
#include "model/alarms/fixture.h"

#define S NS_PER_S

static void test_a_limit_raises_and_clears(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t temp = fixture_row(&f, 1, "plant/press", "temp flow", VALUE_FLOAT64);
    uint32_t rule = fixture_limit(&f, "hot", RULE_HIGH, RULE_ON_POINT, "plant/press/temp", 80);
    fixture_put(&f, temp, 79);
    assert_int_equal(alarms_entries(f.alarms), 0);
    fixture_later(&f, S, temp, 80);
    assert_int_equal(fixture_state(&f, rule, temp), ALARM_UNACKNOWLEDGED);
    struct alarm_view view = fixture_alarm(&f, rule, temp);
    assert_text(view.why, "80 >= 80");
    assert_int_equal(view.count, 1);
    assert_int_equal(view.raised_ns, f.stamp.wall_ns);
    struct alarm_entry entry = fixture_entry(&f);
    assert_int_equal(entry.event, ALARM_HOLDS);
    assert_int_equal(entry.flags, ALARM_ENTRY_TOLD | ALARM_ENTRY_COMPUTED);
    assert_int_equal(entry.position, f.stamp.position);
    assert_true(entry.value == 80);
    assert_int_equal(alarms_unwritten(f.alarms), 1);
    fixture_later(&f, S, temp, 90); /* it goes on: nothing happens */
    assert_int_equal(alarms_entries(f.alarms), 1);
    fixture_later(&f, S, temp, 79);
    assert_int_equal(fixture_state(&f, rule, temp), ALARM_RETURNED);
    fixture_later(&f, S, temp, 85);
    view = fixture_alarm(&f, rule, temp);
    assert_int_equal(view.state, ALARM_UNACKNOWLEDGED);
    assert_int_equal(view.count, 2);
    fixture_close(&f);
}

static void test_low_limits_and_all_four(void **arg)
{
    (void)arg;
    static const double limits[] = {90, 80, 20, 10};
    static const char *const names[] = {"hh", "h", "l", "ll"};
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_INT64), rules[4];
    for (unsigned i = 0; i < 4; i++)
        rules[i] = fixture_limit(&f, names[i], (enum rule_kind)i, RULE_ON_PATTERN, "#", limits[i]);
    struct value value = {.type = VALUE_INT64, .present = true, .number = 95};
    fixture_value(&f, point, f.stamp.wall_ns, &value);
    assert_int_equal(fixture_state(&f, rules[0], point), ALARM_UNACKNOWLEDGED);
    assert_int_equal(fixture_state(&f, rules[1], point), ALARM_UNACKNOWLEDGED);
    assert_int_equal(fixture_state(&f, rules[2], point), ALARM_NORMAL);
    value.number = 85;
    fixture_value(&f, point, f.stamp.wall_ns, &value);
    assert_int_equal(fixture_state(&f, rules[0], point), ALARM_RETURNED);
    assert_int_equal(fixture_state(&f, rules[1], point), ALARM_UNACKNOWLEDGED);
    value.number = 10;
    fixture_value(&f, point, f.stamp.wall_ns, &value);
    assert_int_equal(fixture_state(&f, rules[1], point), ALARM_RETURNED);
    assert_int_equal(fixture_state(&f, rules[2], point), ALARM_UNACKNOWLEDGED);
    assert_int_equal(fixture_state(&f, rules[3], point), ALARM_UNACKNOWLEDGED);
    fixture_close(&f);
}

static void test_deadband(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    struct form_writer *form = say_rule(&said, "hot", RULE_HIGH, RULE_ON_POINT, "p/v");
    form_put_real(form, RULE_TAG_LIMIT, 80);
    form_put_real(form, RULE_TAG_DEADBAND, 5);
    form_put_integer(form, RULE_TAG_NO_ACKNOWLEDGE, 1);
    uint32_t rule = fixture_rule(&f, &said);
    fixture_put(&f, point, 80);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_ACKNOWLEDGED);
    fixture_put(&f, point, 75);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_ACKNOWLEDGED);
    fixture_put(&f, point, 74);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    assert_int_equal(alarms_entries(f.alarms), 2);
    struct alarm_counts counts;
    alarms_counts(f.alarms, 1, &counts);
    assert_int_equal(counts.active, 0);
    fixture_close(&f);
}

/* A rule without a limit stands on the point's own one, or on its metric's. */
static void test_a_limit_that_is_not_said(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t type = fixture_type(&f, 0, "pump", 0, "v", 50);
    (void)fixture_asset(&f, 0, "pump-1", type, "p");
    uint32_t point = fixture_row(&f, 1, "p", "v w", VALUE_FLOAT64);
    (void)say_rule(&said, "hot", RULE_HIGH, RULE_ON_PATTERN, "p/+");
    uint32_t rule = fixture_rule(&f, &said);
    fixture_put(&f, point + 1, 1000); /* has no limit at all */
    assert_int_equal(fixture_state(&f, rule, point + 1), ALARM_NORMAL);
    fixture_put(&f, point, 50);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    assert_text(fixture_alarm(&f, rule, point).why, "50 >= 50");
    fixture_own_limit(&f, point, "p/v", 70);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED); /* its own goes first */
    fixture_put(&f, point, 69);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    fixture_put(&f, point, 70);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    /* A type's new limit reaches its points, and shows where they have none of their own. */
    (void)fixture_type(&f, type, "pump", 0, "w", 900);
    assert_true(alarms_walk_left(f.alarms) > 0);
    fixture_settle(&f);
    assert_int_equal(fixture_state(&f, rule, point + 1), ALARM_UNACKNOWLEDGED);
    fixture_close(&f);
}

static uint32_t delayed_rule(struct fixture *f, int64_t on_ns, int64_t off_ns)
{
    struct said said;
    struct form_writer *form = say_rule(&said, "slow", RULE_HIGH, RULE_ON_POINT, "p/v");
    form_put_real(form, RULE_TAG_LIMIT, 80);
    form_put_integer(form, RULE_TAG_ON_DELAY, on_ns);
    form_put_integer(form, RULE_TAG_OFF_DELAY, off_ns);
    return fixture_rule(f, &said);
}

static void test_delays(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = delayed_rule(&f, 5 * S, 3 * S);
    fixture_put(&f, point, 90);
    assert_int_equal(fixture_alarm(&f, rule, point).pending, ALARM_ABOUT_TO_HOLD);
    fixture_later(&f, 4 * S, point, 70); /* too short */
    assert_int_equal(alarms_entries(f.alarms), 0);
    assert_int_equal(timing_count_all(f.timing), 0);
    fixture_later(&f, S, point, 90);
    fixture_later(&f, 2 * S, point, 95); /* it goes on holding */
    fixture_pass(&f, 3 * S - 1);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    fixture_pass(&f, 1);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    assert_text(fixture_alarm(&f, rule, point).why, "95 >= 80");
    fixture_put(&f, point, 70);
    assert_int_equal(fixture_alarm(&f, rule, point).pending, ALARM_ABOUT_TO_END);
    fixture_later(&f, 2 * S, point, 90); /* it came back in time */
    fixture_pass(&f, 5 * S);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_put(&f, point, 70);
    fixture_pass(&f, 3 * S);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    fixture_close(&f);
}

/* A state that is cut and loaded while a delay runs goes on where it was. */
static void test_restart_within_a_delay(void **arg)
{
    (void)arg;
    static uint8_t page[STATE_PAGE_SIZE];
    struct fixture f, again;
    uint32_t table, number;
    fixture_open(&f);
    fixture_open(&again);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = delayed_rule(&f, 5 * S, 0);
    fixture_put(&f, point, 90);
    fixture_pass(&f, 2 * S);
    assert_int_equal(state_cut_begin(f.state, 4), OK);
    while (state_cut_next(f.state, page, &table, &number) == OK)
        assert_int_equal(state_load_page(again.state, table, number, page), OK);
    assert_int_equal(fixture_rebuild(&again), OK);
    again.stamp = f.stamp;
    fixture_pass(&again, 3 * S - 1);
    assert_int_equal(fixture_state(&again, rule, point), ALARM_NORMAL);
    fixture_pass(&again, 1);
    assert_int_equal(fixture_state(&again, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_close(&f);
    fixture_close(&again);
}

static void test_rate(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    struct form_writer *form = say_rule(&said, "fast", RULE_RATE, RULE_ON_POINT, "p/v");
    form_put_real(form, RULE_TAG_LIMIT, 10);
    form_put_integer(form, RULE_TAG_SPAN, 60 * S);
    form_put_integer(form, RULE_TAG_DIRECTION, ALARM_RISING);
    uint32_t rule = fixture_rule(&f, &said);
    fixture_put(&f, point, 10);
    fixture_later(&f, 6 * S, point, 9);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    fixture_later(&f, 6 * S, point, 10); /* 1 in 6 s is 10 in 60 s */
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_later(&f, 7 * S, point, 11);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    fixture_close(&f);
}

static void test_deviation_from_another_point(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    struct form_writer *form = say_rule(&said, "off", RULE_DEVIATION, RULE_ON_POINT, "p/v");
    form_put_real(form, RULE_TAG_LIMIT, 5);
    form_put_text(form, RULE_TAG_REFERENCE, bytes_text("../set"));
    uint32_t rule = fixture_rule(&f, &said);
    fixture_put(&f, point, 50); /* its reference is not there yet: unknown */
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    uint32_t set = fixture_row(&f, 1, "p", "set", VALUE_FLOAT64);
    fixture_put(&f, set, 48);
    fixture_put(&f, point, 52);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    fixture_put(&f, point, 53);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_put(&f, set, 50); /* the reference moves: judged at once */
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    fixture_put(&f, set, 40);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_close(&f);
}

/* The value of a reference that very many have is not judged for all of them in one step. */
static void test_many_with_one_reference(void **arg)
{
    (void)arg;
    enum { MOST = 1024, EACH = 100 };
    struct fixture f;
    struct said said;
    char metrics[EACH * 5], prefix[16];
    size_t size = 0;
    fixture_open(&f);
    uint32_t set = fixture_row(&f, 1, "p", "set", VALUE_FLOAT64);
    for (int i = 0; i < EACH; i++)
        size += (size_t)sprintf(metrics + size, i == 0 ? "m%d" : " m%d", i);
    for (int i = 0; i < 11; i++) {
        snprintf(prefix, sizeof prefix, "row-%d", i);
        (void)fixture_row(&f, 1, prefix, metrics, VALUE_FLOAT64);
    }
    struct form_writer *form = say_rule(&said, "off", RULE_DEVIATION, RULE_ON_PATTERN, "+/+");
    form_put_real(form, RULE_TAG_LIMIT, 5);
    form_put_text(form, RULE_TAG_REFERENCE, bytes_text("p/set"));
    uint32_t rule = fixture_rule(&f, &said);
    fixture_put(&f, set, 50);
    for (uint32_t i = 1; i <= 11 * EACH; i++)
        fixture_put(&f, set + i, 50);
    assert_int_equal(alarms_entries(f.alarms), 0);
    fixture_put(&f, set, 60);
    struct alarm_counts counts;
    alarms_counts(f.alarms, 1, &counts);
    assert_int_equal(counts.active, MOST);
    for (uint32_t i = 1; i <= 11 * EACH; i++)
        fixture_put(&f, set + i, 50);
    alarms_counts(f.alarms, 1, &counts);
    assert_int_equal(counts.active, 11 * EACH);
    /* The reference is renamed: nobody has one any more, and what stands ends. */
    struct fact fact = {.kind = FACT_COMMAND};
    fact.command = (struct command){.kind = COMMAND_RENAME,
                                    .tenant = 1,
                                    .path = bytes_text("p/set"),
                                    .new_path = bytes_text("p/was")};
    assert_int_equal(points_apply_fact(f.points, &fact, &f.stamp, &f.effects), OK);
    assert_int_equal(alarms_point_changed(f.alarms, set, &f.stamp), OK);
    assert_true(alarms_walk_left(f.alarms) > 0); /* they are too many for one step */
    alarms_counts(f.alarms, 1, &counts);
    assert_int_equal(counts.active, 11 * EACH - MOST);
    fixture_settle(&f);
    fixture_put(&f, set, 50);
    alarms_counts(f.alarms, 1, &counts);
    assert_int_equal(counts.active, 0);
    assert_text(fixture_entry(&f).text, "reference gone");
    struct rule_view view;
    assert_true(alarms_rule(f.alarms, rule, &view));
    assert_int_equal(view.blind, 11 * EACH + 1); /* and what was its own reference */
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

static void test_deviation_from_its_own_baseline(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    struct form_writer *form = say_rule(&said, "off", RULE_DEVIATION, RULE_ON_POINT, "p/v");
    form_put_real(form, RULE_TAG_LIMIT, 5);
    form_put_integer(form, RULE_TAG_SPAN, 60 * S);
    uint32_t rule = fixture_rule(&f, &said);
    for (int i = 0; i < 30; i++)
        fixture_later(&f, 10 * S, point, 20 + i % 2);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    fixture_later(&f, 10 * S, point, 30);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    assert_true(fixture_alarm(&f, rule, point).why.size > 0);
    fixture_later(&f, 10 * S, point, 21);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    fixture_close(&f);
}

static void test_states(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "on", VALUE_BOOL);
    form_put_real(say_rule(&said, "off", RULE_STATE, RULE_ON_PATTERN, "+/on"), RULE_TAG_STATE, 0);
    uint32_t rule = fixture_rule(&f, &said);
    struct value value = {.type = VALUE_BOOL, .present = true, .number = 1};
    fixture_value(&f, point, f.stamp.wall_ns, &value);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    value.number = 0;
    fixture_value(&f, point, f.stamp.wall_ns, &value);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    assert_text(fixture_alarm(&f, rule, point).why, "is 0");
    fixture_close(&f);
}

static void test_staleness(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    form_put_integer(say_rule(&said, "quiet", RULE_STALE, RULE_ON_PATTERN, "#"), RULE_TAG_SPAN,
                     60 * S);
    uint32_t rule = fixture_rule(&f, &said);
    assert_int_equal(timing_count_all(f.timing), 1);
    fixture_pass(&f, 5 * S);
    for (int i = 0; i < 5; i++)
        fixture_later(&f, 50 * S, point, 1);
    assert_int_equal(alarms_entries(f.alarms), 0);
    assert_int_equal(timing_count_all(f.timing), 1);
    fixture_pass(&f, 60 * S - 1);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    fixture_pass(&f, 1);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    assert_text(fixture_alarm(&f, rule, point).why, "nothing for 60 s");
    struct alarm_counts counts;
    alarms_counts(f.alarms, 1, &counts);
    assert_int_equal(counts.stale, 1);
    assert_int_equal(timing_count_all(f.timing), 0);
    fixture_later(&f, 100 * S, point, 2);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    assert_int_equal(timing_count_all(f.timing), 1);
    fixture_pass(&f, 60 * S);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_close(&f);
}

/* A wall clock that jumps a day ahead, or an hour back, makes nobody stale. */
static void test_staleness_goes_by_engine_time(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    form_put_integer(say_rule(&said, "quiet", RULE_STALE, RULE_ON_PATTERN, "#"), RULE_TAG_SPAN,
                     60 * S);
    uint32_t rule = fixture_rule(&f, &said);
    fixture_later(&f, 40 * S, point, 1);
    f.stamp.wall_ns += 86400 * S;
    fixture_pass(&f, 60 * S - 1);
    assert_int_equal(alarms_entries(f.alarms), 0);
    fixture_pass(&f, 1);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_put(&f, point, 1);
    f.stamp.wall_ns -= 3600 * S; /* and back */
    fixture_pass(&f, 60 * S - 1);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    fixture_pass(&f, 1);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_close(&f);
}

static void test_an_expression(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "hall", "a b c", VALUE_FLOAT64);
    form_put_text(say_rule(&said, "fire", RULE_EXPRESSION, RULE_ON_NOTHING, "hall"),
                  RULE_TAG_CONDITION, bytes_text("count('hall/+' > 0.5) >= 2"));
    uint32_t rule = fixture_rule(&f, &said);
    for (int i = 0; i < 3; i++)
        fixture_put(&f, point + (uint32_t)i, 0);
    fixture_put(&f, point, 1);
    assert_int_equal(fixture_state(&f, rule, POINT_NONE), ALARM_NORMAL);
    fixture_put(&f, point + 2, 1);
    assert_int_equal(fixture_state(&f, rule, POINT_NONE), ALARM_UNACKNOWLEDGED);
    assert_true(fixture_alarm(&f, rule, POINT_NONE).why.size > 0);
    fixture_put(&f, point, 0);
    assert_int_equal(fixture_state(&f, rule, POINT_NONE), ALARM_RETURNED);
    /* The same name with another condition is another rule: the alarm of the first ends. */
    form_put_text(say_rule(&said, "fire", RULE_EXPRESSION, RULE_ON_PATTERN, "hall/+"),
                  RULE_TAG_CONDITION, bytes_text(". > 0.5 for 5s"));
    uint32_t other = fixture_rule(&f, &said);
    assert_int_not_equal(other, rule);
    assert_int_equal(alarms_rule_find(f.alarms, 1, bytes_text("fire")), other);
    assert_int_equal(fixture_state(&f, rule, POINT_NONE), ALARM_NORMAL);
    assert_text(alarms_rule_name(f.alarms, rule), "fire");
    fixture_pass(&f, 5 * S);
    assert_int_equal(fixture_state(&f, other, point + 2), ALARM_UNACKNOWLEDGED);
    assert_int_equal(fixture_state(&f, other, point), ALARM_NORMAL);
    assert_int_equal(fixture_remove(&f, "fire").code, OUTCOME_DONE);
    fixture_settle(&f);
    assert_int_equal(expressions_count(f.expressions), 0);
    assert_int_equal(fixture_state(&f, other, point + 2), ALARM_NORMAL);
    fixture_close(&f);
}

/* Beyond a limit with a bad quality is unknown; the limit state does not change when the quality
 * gets better, and the alarm is raised all the same. */
static void test_a_value_in_doubt(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = fixture_limit(&f, "hot", RULE_HIGH, RULE_ON_PATTERN, "p/v", 80);
    struct value value = value_whole(90);
    value.quality = QUALITY_BAD_SENSOR_FAILURE;
    fixture_value(&f, point, f.stamp.wall_ns, &value);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    fixture_later(&f, S, point, 90);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    value.number = 10;
    fixture_value(&f, point, f.stamp.wall_ns, &value); /* unknown clears nothing */
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_later(&f, S, point, 10);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    fixture_close(&f);
}

static void late(struct fixture *f, uint32_t point, int64_t seconds, int64_t number)
{
    struct value value = value_whole(number);
    fixture_value(f, point, f->stamp.wall_ns - seconds * S, &value);
}

static void test_late_values(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = fixture_limit(&f, "hot", RULE_HIGH, RULE_ON_PATTERN, "p/v", 80);
    fixture_later(&f, 1000 * S, point, 10);
    late(&f, point, 900, 70);
    assert_int_equal(alarms_entries(f.alarms), 0);
    late(&f, point, 890, 85);
    assert_int_equal(alarms_entries(f.alarms), 1);
    struct alarm_entry entry = fixture_entry(&f);
    assert_int_equal(entry.flags, ALARM_ENTRY_LATE | ALARM_ENTRY_COMPUTED);
    assert_int_equal(entry.event, ALARM_HOLDS);
    assert_int_equal(entry.time_ns, f.stamp.wall_ns - 890 * S);
    assert_int_equal(entry.wall_ns, f.stamp.wall_ns);
    assert_int_equal(entry.state, ALARM_NORMAL);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    late(&f, point, 880, 90); /* the same stretch */
    late(&f, point, 870, 70);
    assert_int_equal(alarms_entries(f.alarms), 1);
    late(&f, point, 860, 99); /* another one */
    assert_int_equal(alarms_entries(f.alarms), 2);
    late(&f, point, 950, 85); /* out of order: another one */
    assert_int_equal(alarms_entries(f.alarms), 3);
    late(&f, point, 940, 10);
    /* What lies behind the beginning of an alarm that stands is a part of it. */
    fixture_later(&f, S, point, 90);
    fixture_later(&f, 10 * S, point, 90);
    uint64_t before = alarms_entries(f.alarms);
    late(&f, point, 5, 95);
    assert_int_equal(alarms_entries(f.alarms), before);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_close(&f);
}

static void test_late_values_and_an_on_delay(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    (void)delayed_rule(&f, 20 * S, 0);
    fixture_later(&f, 1000 * S, point, 10);
    late(&f, point, 900, 90);
    late(&f, point, 881, 90);
    assert_int_equal(alarms_entries(f.alarms), 0);
    late(&f, point, 880, 90);
    assert_int_equal(alarms_entries(f.alarms), 1);
    fixture_close(&f);
}

/* Limits that cross: the limit state shows the first that holds, and the others are judged too. */
static void test_limits_that_cross(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t low = fixture_limit(&f, "low", RULE_LOW_LOW, RULE_ON_PATTERN, "p/v", 100);
    uint32_t high = fixture_limit(&f, "high", RULE_HIGH, RULE_ON_PATTERN, "p/v", 50);
    fixture_put(&f, point, 40);
    assert_int_equal(fixture_state(&f, low, point), ALARM_UNACKNOWLEDGED);
    fixture_put(&f, point, 60);
    assert_int_equal(fixture_state(&f, high, point), ALARM_UNACKNOWLEDGED);
    fixture_close(&f);
}

/* Devices and clocks may say any time until 2200: what comes of it is a page that can be loaded. */
static void test_times_far_away(void **arg)
{
    (void)arg;
    static const int64_t year_2199_ns = INT64_C(7226582400) * S;
    struct fixture f;
    fixture_open(&f);
    f.stamp.wall_ns = year_2199_ns;
    uint32_t point = fixture_row(&f, 1, "p", "t", VALUE_FLOAT64);
    uint32_t rule = fixture_limit(&f, "hot", RULE_HIGH, RULE_ON_PATTERN, "#", 80);
    struct said said;
    form_put_integer(say_rule(&said, "still", RULE_STALE, RULE_ON_PATTERN, "#"), RULE_TAG_SPAN,
                     60 * S);
    uint32_t still = fixture_rule(&f, &said);
    struct value low = value_whole(1), high = value_whole(90);
    fixture_value(&f, point, year_2199_ns, &low);
    fixture_value(&f, point, 0, &high); /* the longest that can lie between two */
    fixture_value(&f, point, year_2199_ns - S, &high);
    assert_true(fixture_entry(&f).flags & ALARM_ENTRY_LATE);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_later(&f, S, point, 90);
    assert_int_equal(
        fixture_act(&f, ALARM_ACT_ACKNOWLEDGE, fixture_alarm(&f, rule, point).alarm, 0, "ann", NULL)
            .code,
        OUTCOME_DONE);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_pass(&f, 59 * S);
    assert_int_equal(fixture_state(&f, still, point), ALARM_NORMAL);
    fixture_pass(&f, 2 * S);
    assert_int_equal(fixture_state(&f, still, point), ALARM_UNACKNOWLEDGED);
    f.stamp.wall_ns = 1700000000 * S; /* and the clock is put right */
    fixture_later(&f, S, point, 90);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_limit_raises_and_clears),
        cmocka_unit_test(test_low_limits_and_all_four),
        cmocka_unit_test(test_deadband),
        cmocka_unit_test(test_a_limit_that_is_not_said),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_restart_within_a_delay),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_deviation_from_another_point),
        cmocka_unit_test(test_many_with_one_reference),
        cmocka_unit_test(test_deviation_from_its_own_baseline),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_staleness),
        cmocka_unit_test(test_staleness_goes_by_engine_time),
        cmocka_unit_test(test_an_expression),
        cmocka_unit_test(test_a_value_in_doubt),
        cmocka_unit_test(test_late_values),
        cmocka_unit_test(test_late_values_and_an_on_delay),
        cmocka_unit_test(test_limits_that_cross),
        cmocka_unit_test(test_times_far_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
