/* What comes late to a rate or a deviation: what it is compared with, and what is too late. */
#include "model/alarms/fixture.h"

#define S NS_PER_S
#define KEPT 16 /* values of a trail */

static void late(struct fixture *f, uint32_t point, int64_t seconds, int64_t number)
{
    struct value value = value_whole(number);
    fixture_value(f, point, f->stamp.wall_ns - seconds * S, &value);
}

static uint64_t too_late(const struct fixture *f, uint32_t rule)
{
    struct rule_view view;
    assert_true(alarms_rule(f->alarms, rule, &view));
    return view.too_late;
}

/* The newest entry is of a late value so long ago. */
static void assert_late_entry(const struct fixture *f, uint64_t entries, int64_t seconds,
                              const char *why)
{
    struct alarm_entry entry = fixture_entry(f);
    assert_int_equal(alarms_entries(f->alarms), entries);
    assert_int_equal(entry.flags, ALARM_ENTRY_LATE | ALARM_ENTRY_COMPUTED);
    assert_int_equal(entry.event, ALARM_HOLDS);
    assert_int_equal(entry.state, entry.state_before); /* nothing moved */
    assert_int_equal(entry.time_ns, f->stamp.wall_ns - seconds * S);
    assert_text(entry.text, why);
}

static uint32_t rate_rule(struct fixture *f, const char *path)
{
    struct said said;
    struct form_writer *form = say_rule(&said, "fast", RULE_RATE, RULE_ON_PATTERN, path);
    form_put_real(form, RULE_TAG_LIMIT, 10);
    form_put_integer(form, RULE_TAG_SPAN, S);
    form_put_integer(form, RULE_TAG_DIRECTION, ALARM_RISING);
    return fixture_rule(f, &said);
}

static void test_a_late_rate_and_the_value_before_it(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = rate_rule(&f, "p/v");
    fixture_put(&f, point, 0);
    fixture_later(&f, 100 * S, point, 50);
    late(&f, point, 60, 20); /* 20 in 40 s */
    assert_int_equal(alarms_entries(f.alarms), 0);
    late(&f, point, 59, 29); /* 9 in 1 s after the late one before */
    assert_int_equal(alarms_entries(f.alarms), 0);
    late(&f, point, 58, 39);
    assert_late_entry(&f, 1, 58, "39: change >= 10 in 1 s");
    late(&f, point, 57, 60); /* the same stretch */
    late(&f, point, 56, 61);
    assert_int_equal(alarms_entries(f.alarms), 1);
    late(&f, point, 55, 71);
    assert_int_equal(alarms_entries(f.alarms), 2);
    /* It goes back in time, and lands between two that are there. */
    struct value bad = value_whole(0);
    bad.quality = QUALITY_BAD;
    fixture_value(&f, point, f.stamp.wall_ns - 50 * S, &bad);
    late(&f, point, 49, 500); /* nothing is known of the value before: no verdict */
    assert_int_equal(alarms_entries(f.alarms), 2);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    assert_int_equal(too_late(&f, rule), 0);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

/* Both sides of what is kept: the oldest value of the trail is the last that is compared with. */
static void test_what_is_too_late_to_judge(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = rate_rule(&f, "p/v");
    for (int i = 0; i < KEPT + 1; i++) /* the first is forgotten */
        fixture_later(&f, 10 * S, point, 0);
    late(&f, point, 10 * (KEPT - 1), 1000); /* in the place of the oldest: what was before it? */
    assert_int_equal(too_late(&f, rule), 1);
    late(&f, point, 10 * (KEPT - 1) - 1, 1010);
    assert_late_entry(&f, 1, 10 * (KEPT - 1) - 1, "1010: change >= 10 in 1 s");
    assert_int_equal(too_late(&f, rule), 1);
    /* A whole stretch of what was kept back: the first says nothing, the others have one before. */
    late(&f, point, 5000, 0);
    assert_int_equal(too_late(&f, rule), 2);
    late(&f, point, 4999, 5);
    assert_int_equal(alarms_entries(f.alarms), 1);
    late(&f, point, 4998, 30);
    assert_late_entry(&f, 2, 4998, "30: change >= 10 in 1 s");
    assert_int_equal(too_late(&f, rule), 2);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

static uint32_t deviation_rule(struct fixture *f, const char *path, const char *reference,
                               int64_t on_delay_ns)
{
    struct said said;
    struct form_writer *form = say_rule(&said, "off", RULE_DEVIATION, RULE_ON_POINT, path);
    form_put_real(form, RULE_TAG_LIMIT, 5);
    form_put_text(form, RULE_TAG_REFERENCE, bytes_text(reference));
    form_put_integer(form, RULE_TAG_ON_DELAY, on_delay_ns);
    return fixture_rule(f, &said);
}

static void test_a_late_deviation_and_its_reference_then(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v set", VALUE_FLOAT64), set = point + 1;
    uint32_t rule = deviation_rule(&f, "p/v", "../set", 0);
    fixture_put(&f, set, 10);
    fixture_put(&f, point, 10);
    fixture_later(&f, 100 * S, set, 50);
    fixture_put(&f, point, 50);
    uint64_t before = alarms_entries(f.alarms);
    late(&f, point, 60, 12); /* of what the reference was then, not of what it is */
    assert_int_equal(alarms_entries(f.alarms), before);
    late(&f, point, 59, 50);
    assert_late_entry(&f, before + 1, 59, "50: deviation >= 5");
    late(&f, point, 58, 11);
    /* The reference comes late as well: what the point was then is judged. */
    late(&f, set, 57, 30);
    assert_late_entry(&f, before + 2, 57, "11: deviation >= 5");
    late(&f, point, 56, 30);
    late(&f, point, 55, 40);
    assert_int_equal(alarms_entries(f.alarms), before + 3);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    assert_int_equal(too_late(&f, rule), 0);
    for (int i = 0; i < KEPT; i++)
        fixture_later(&f, S, set, 50);
    late(&f, point, 100, 500); /* what the reference was then is forgotten */
    assert_int_equal(alarms_entries(f.alarms), before + 3);
    assert_int_equal(too_late(&f, rule), 1);
    late(&f, set, 90, 7); /* but not what came with it, at the same time */
    late(&f, point, 90, 500);
    assert_late_entry(&f, before + 4, 90, "500: deviation >= 5");
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

static void test_a_late_deviation_from_its_own_baseline(void **arg)
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
    for (int i = 0; i < 10; i++)
        fixture_later(&f, 10 * S, point, 20);
    fixture_later(&f, 300 * S, point, 20);
    fixture_later(&f, 300 * S, point, 20);
    late(&f, point, 605, 100); /* after the tenth: its baseline is known */
    assert_late_entry(&f, 1, 605, "100: deviation >= 5");
    late(&f, point, 604, 21);
    late(&f, point, 603, 26);
    assert_late_entry(&f, 2, 603, "26: deviation >= 5");
    late(&f, point, 685, 100); /* the span was not full yet: unknown */
    assert_int_equal(alarms_entries(f.alarms), 2);
    assert_int_equal(too_late(&f, rule), 0);
    late(&f, point, 5000, 100);
    assert_int_equal(too_late(&f, rule), 1);
    assert_int_equal(alarms_entries(f.alarms), 2);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

static void test_a_late_rate_and_an_on_delay(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v set", VALUE_FLOAT64);
    (void)deviation_rule(&f, "p/v", "../set", 20 * S);
    fixture_put(&f, point + 1, 10);
    fixture_put(&f, point, 10);
    fixture_later(&f, 100 * S, point, 10);
    late(&f, point, 60, 30);
    late(&f, point, 41, 30);
    assert_int_equal(alarms_entries(f.alarms), 0);
    late(&f, point, 40, 30);
    assert_late_entry(&f, 1, 40, "30: deviation >= 5");
    fixture_close(&f);
}

/* A point and its reference that were kept back together come in turn, each a little behind the
 * other: neither breaks the stretches of the other. */
static void test_late_with_its_reference_in_turn(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v set", VALUE_FLOAT64), set = point + 1;
    (void)deviation_rule(&f, "p/v", "../set", 0);
    struct form_writer *form = say_rule(&said, "hot", RULE_HIGH, RULE_ON_POINT, "p/v");
    form_put_real(form, RULE_TAG_LIMIT, 80);
    form_put_integer(form, RULE_TAG_ON_DELAY, 30 * S);
    (void)fixture_rule(&f, &said);
    for (int i = 0; i < 3; i++) {
        fixture_later(&f, 100 * S, point, 10);
        fixture_put(&f, set, 10);
    }
    late(&f, point, 90, 100); /* the deviation is told at once, the limit behind its delay */
    assert_late_entry(&f, 1, 90, "100: deviation >= 5");
    late(&f, set, 95, 10);
    late(&f, point, 70, 100);
    late(&f, set, 75, 10);
    late(&f, point, 61, 100);
    late(&f, set, 66, 10);
    assert_int_equal(alarms_entries(f.alarms), 1);
    late(&f, point, 60, 100);
    assert_late_entry(&f, 2, 60, "100 >= 80");
    late(&f, set, 65, 10);
    late(&f, point, 50, 100);
    assert_int_equal(alarms_entries(f.alarms), 2);
    late(&f, set, 99, 10); /* the reference goes back: the deviation's stretch is another */
    late(&f, point, 45, 100);
    assert_late_entry(&f, 3, 45, "100: deviation >= 5");
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

/* What was erased is compared with nothing, and trails go with their rules. */
static void test_erased_and_gone(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = rate_rule(&f, "p/v");
    fixture_put(&f, point, 0);
    fixture_later(&f, 100 * S, point, 50);
    int64_t now_ns = f.stamp.wall_ns;
    assert_int_equal(
        alarms_point_erased(f.alarms, point, now_ns - 150 * S, now_ns - 50 * S, &f.stamp), OK);
    late(&f, point, 99, 1000);
    assert_int_equal(alarms_entries(f.alarms), 0);
    assert_int_equal(too_late(&f, rule), 0);
    assert_int_equal(fixture_remove(&f, "fast").code, OUTCOME_DONE);
    fixture_settle(&f);
    assert_int_equal(fixture_rebuild(&f), OK);
    uint64_t empty = state_hash(f.state);
    rule = rate_rule(&f, "p/v"); /* it knows what is shown, and nothing before */
    late(&f, point, 1, 0);
    assert_int_equal(too_late(&f, rule), 1);
    assert_true(state_hash(f.state) != empty);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

/* Points that find no room are judged as they come, and not late; one that goes makes room. */
static void test_more_trails_than_there_may_be(void **arg)
{
    (void)arg;
    struct fixture f;
    struct alarms_limits limits = alarms_limits_default;
    limits.trails_max = 2;
    fixture_open_limited(&f, &limits, FIXTURE_TIMERS);
    uint32_t point = fixture_row(&f, 1, "p", "a b c", VALUE_FLOAT64);
    uint32_t rule = rate_rule(&f, "p/+");
    for (uint32_t i = 0; i < 3; i++) {
        fixture_put(&f, point + i, 0);
        fixture_later(&f, 100 * S, point + i, 0);
        late(&f, point + i, 10, 10000);
    }
    assert_int_equal(alarms_entries(f.alarms), 2);
    assert_int_equal(too_late(&f, rule), 1);
    struct fact fact = {.kind = FACT_COMMAND};
    fact.command = (struct command){.kind = COMMAND_RETIRE, .tenant = 1, .path = bytes_text("p/a")};
    assert_int_equal(points_apply_fact(f.points, &fact, &f.stamp, &f.effects), OK);
    assert_int_equal(alarms_point_changed(f.alarms, point, &f.stamp), OK);
    assert_int_equal(alarms_point_changed(f.alarms, point + 2, &f.stamp), OK);
    fixture_later(&f, 100 * S, point + 2, 0);
    late(&f, point + 2, 50, 90000);
    assert_int_equal(alarms_entries(f.alarms), 3);
    assert_int_equal(too_late(&f, rule), 1);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

/* A tenant that is not the house leaves some for others, and gets them back. */
static void test_trails_of_a_tenant(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    struct alarms_limits limits = alarms_limits_default;
    uint32_t rules[4], points[4];
    limits.trails_max = 20;
    fixture_open_limited(&f, &limits, FIXTURE_TIMERS);
    for (uint32_t tenant = 1; tenant <= 3; tenant++) {
        points[tenant] = fixture_row(&f, tenant, "p", "a b c", VALUE_FLOAT64);
        struct form_writer *form = say_rule(&said, "fast", RULE_RATE, RULE_ON_PATTERN, "p/+");
        form_put_real(form, RULE_TAG_LIMIT, 10);
        form_put_integer(form, RULE_TAG_SPAN, S);
        struct command command = said_command(&said, COMMAND_RULE_SET, "ann");
        command.tenant = 4 - tenant; /* the house last */
        struct outcome outcome = fixture_command(&f, &command);
        assert_int_equal(outcome.code, OUTCOME_DONE);
        rules[command.tenant] = outcome.number;
    }
    fixture_settle(&f);
    for (uint32_t tenant = 1; tenant <= 3; tenant++) {
        for (uint32_t i = 0; i < 3; i++) {
            fixture_put(&f, points[tenant] + i, 0);
            fixture_later(&f, 100 * S, points[tenant] + i, 0);
            late(&f, points[tenant] + i, 10, 10000);
        }
        assert_int_equal(too_late(&f, rules[tenant]), tenant == 1 ? 0 : 1);
    }
    assert_int_equal(fixture_rebuild(&f), OK);
    struct fact fact = {.kind = FACT_COMMAND};
    fact.command = (struct command){.kind = COMMAND_RETIRE, .tenant = 2, .path = bytes_text("p/a")};
    assert_int_equal(points_apply_fact(f.points, &fact, &f.stamp, &f.effects), OK);
    assert_int_equal(alarms_point_changed(f.alarms, points[2], &f.stamp), OK);
    assert_int_equal(alarms_point_changed(f.alarms, points[2] + 2, &f.stamp), OK);
    fixture_later(&f, 100 * S, points[2] + 2, 0);
    late(&f, points[2] + 2, 50, 90000);
    assert_int_equal(too_late(&f, rules[2]), 1);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

/* ---- references that are no use ----------------------------------------------------------------
 */
static uint32_t blind_of(const struct fixture *f, uint32_t rule)
{
    struct rule_view view;
    assert_true(alarms_rule(f->alarms, rule, &view));
    return view.blind;
}

static void assert_ended(struct fixture *f, uint32_t rule, uint32_t point, const char *why)
{
    assert_int_equal(fixture_state(f, rule, point), ALARM_RETURNED);
    assert_int_equal(fixture_entry(f).event, ALARM_ENDS);
    assert_text(fixture_entry(f).text, why);
    assert_int_equal(blind_of(f, rule), *why != '\0');
    assert_int_equal(fixture_rebuild(f), OK);
}

static void command(struct fixture *f, enum command_kind kind, const char *path, const char *new)
{
    struct fact fact = {.kind = FACT_COMMAND};
    fact.command = (struct command){
        .kind = (uint8_t)kind, .tenant = 1, .path = bytes_text(path), .new_path = bytes_text(new)};
    f->stamp.position++;
    f->effects.outcome_count = 0;
    assert_int_equal(points_apply_fact(f->points, &fact, &f->stamp, &f->effects), OK);
    assert_int_equal(f->outcomes[0].code, OUTCOME_DONE);
    assert_int_equal(alarms_point_changed(f->alarms, f->outcomes[0].point, &f->stamp), OK);
}

static void test_a_reference_that_goes(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = deviation_rule(&f, "p/v", "../set", 0);
    assert_int_equal(blind_of(&f, rule), 1);
    uint32_t set = fixture_row(&f, 1, "p", "set", VALUE_FLOAT64);
    fixture_put(&f, point, 50);
    assert_int_equal(blind_of(&f, rule), 1); /* it has no value */
    fixture_put(&f, set, 10);
    assert_int_equal(blind_of(&f, rule), 0);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    command(&f, COMMAND_RENAME, "p/set", "p/other");
    assert_ended(&f, rule, point, "reference gone");
    command(&f, COMMAND_RENAME, "p/other", "p/set");
    fixture_put(&f, point, 50);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    command(&f, COMMAND_RETIRE, "p/set", "");
    assert_ended(&f, rule, point, "reference gone");
    fixture_put(&f, point, 5000);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    assert_int_equal(fixture_remove(&f, "off").code, OUTCOME_DONE);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

static void test_a_reference_of_bad_quality(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v set", VALUE_FLOAT64), set = point + 1;
    uint32_t rule = deviation_rule(&f, "p/v", "../set", 0);
    fixture_put(&f, set, 10);
    fixture_put(&f, point, 50);
    struct value bad = value_whole(10);
    bad.quality = QUALITY_BAD;
    fixture_value(&f, set, f.stamp.wall_ns, &bad);
    assert_ended(&f, rule, point, "reference bad");
    fixture_put(&f, set, 10);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_put(&f, set, 48);
    assert_ended(&f, rule, point, "");
    fixture_close(&f);
}

static void test_a_reference_that_is_stale(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v set", VALUE_FLOAT64), set = point + 1;
    uint32_t rule = deviation_rule(&f, "p/v", "../set", 0);
    form_put_integer(say_rule(&said, "quiet", RULE_STALE, RULE_ON_POINT, "p/set"), RULE_TAG_SPAN,
                     60 * S);
    uint32_t quiet = fixture_rule(&f, &said);
    fixture_put(&f, set, 10);
    fixture_put(&f, point, 50);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_pass(&f, 60 * S);
    assert_int_equal(fixture_state(&f, quiet, set), ALARM_UNACKNOWLEDGED);
    assert_ended(&f, rule, point, "reference stale");
    fixture_put(&f, point, 51); /* goes on */
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    fixture_put(&f, set, 10); /* it is heard again */
    assert_int_equal(fixture_state(&f, quiet, set), ALARM_RETURNED);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    assert_int_equal(blind_of(&f, rule), 0);
    fixture_pass(&f, 60 * S);
    assert_ended(&f, rule, point, "reference stale");
    assert_int_equal(fixture_remove(&f, "quiet").code, OUTCOME_DONE); /* nobody says so any more */
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_close(&f);
}

/* Held as it chatters, the alarm of staleness is active; the reference is stale now and then. */
static void test_a_reference_whose_staleness_chatters(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v set", VALUE_FLOAT64), set = point + 1;
    struct form_writer *form = say_rule(&said, "quiet", RULE_STALE, RULE_ON_POINT, "p/set");
    form_put_integer(form, RULE_TAG_SPAN, 2 * S);
    form_put_integer(form, RULE_TAG_CHATTER, 2);
    uint32_t quiet = fixture_rule(&f, &said);
    uint32_t rule = deviation_rule(&f, "p/v", "../set", 0);
    fixture_put(&f, set, 10);
    fixture_put(&f, point, 10);
    for (int i = 0; i < 5; i++)
        fixture_later(&f, 3 * S, set, 10);
    assert_int_not_equal(fixture_alarm(&f, quiet, set).chatters_wall_ns, 0);
    assert_int_equal(fixture_state(&f, quiet, set), ALARM_UNACKNOWLEDGED);
    assert_int_equal(blind_of(&f, rule), 0);
    fixture_put(&f, point, 50);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_pass(&f, 3 * S); /* and is stale */
    assert_ended(&f, rule, point, "reference stale");
    fixture_put(&f, set, 10);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    assert_int_equal(blind_of(&f, rule), 0);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

static void test_a_reference_that_is_erased(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    bool erased;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v set", VALUE_FLOAT64), set = point + 1;
    struct form_writer *form = say_rule(&said, "off", RULE_DEVIATION, RULE_ON_POINT, "p/v");
    form_put_real(form, RULE_TAG_LIMIT, 5);
    form_put_text(form, RULE_TAG_REFERENCE, bytes_text("../set"));
    form_put_integer(form, RULE_TAG_OFF_DELAY, 5 * S);
    uint32_t rule = fixture_rule(&f, &said);
    fixture_put(&f, set, 10);
    fixture_put(&f, point, 50);
    assert_int_equal(points_erase_live(f.points, set, 0, INT64_MAX, &erased), OK);
    assert_true(erased);
    assert_int_equal(alarms_point_erased(f.alarms, set, 0, INT64_MAX, &f.stamp), OK);
    fixture_pass(&f, 5 * S - 1); /* the off-delay is that of any end */
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_pass(&f, 1);
    assert_ended(&f, rule, point, "reference without a value");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_late_rate_and_the_value_before_it),
        cmocka_unit_test(test_what_is_too_late_to_judge),
        cmocka_unit_test(test_a_late_deviation_and_its_reference_then),
        cmocka_unit_test(test_a_late_deviation_from_its_own_baseline),
        cmocka_unit_test(test_a_late_rate_and_an_on_delay),
        cmocka_unit_test(test_late_with_its_reference_in_turn),
        cmocka_unit_test(test_erased_and_gone),
        cmocka_unit_test(test_more_trails_than_there_may_be),
        cmocka_unit_test(test_trails_of_a_tenant),
        cmocka_unit_test(test_a_reference_that_goes),
        cmocka_unit_test(test_a_reference_of_bad_quality),
        cmocka_unit_test(test_a_reference_that_is_stale),
        cmocka_unit_test(test_a_reference_whose_staleness_chatters),
        cmocka_unit_test(test_a_reference_that_is_erased),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
