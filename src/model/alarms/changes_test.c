/* What rules and assets say anew while something is under way: delays, programs that are deaf for a
 * while, metrics that become other points; and how far a piece of the walk goes among many
 * patterns.
 */
#include "model/alarms/fixture.h"

#define S NS_PER_S

/* ---- programs ----------------------------------------------------------------------------------
 */
struct program {
    const char *name, *path, *condition;
    enum rule_on on;
    int64_t on_delay_ns, off_delay_ns;
};

static uint32_t program_set(struct fixture *f, const struct program *program, int priority,
                            bool enabled)
{
    struct said said;
    struct form_writer *form =
        say_rule(&said, program->name, RULE_EXPRESSION, program->on, program->path);
    form_put_text(form, RULE_TAG_CONDITION, bytes_text(program->condition));
    form_put_integer(form, RULE_TAG_ON_DELAY, program->on_delay_ns);
    form_put_integer(form, RULE_TAG_OFF_DELAY, program->off_delay_ns);
    form_put_integer(form, RULE_TAG_PRIORITY, priority);
    form_put_integer(form, RULE_TAG_ENABLED, enabled);
    struct outcome outcome = fixture_set(f, &said);
    assert_int_equal(outcome.code, OUTCOME_DONE);
    return outcome.number;
}

/* A program tells when its truth changes: a delay that begins anew has to ask it. */
static void delay_begins_anew(const struct program *program, bool alone)
{
    struct fixture f;
    fixture_open(&f);
    uint32_t value = fixture_row(&f, 1, "p", "x", VALUE_FLOAT64);
    uint32_t rule = program_set(&f, program, 3, true), point = alone ? POINT_NONE : value;
    fixture_settle(&f);
    fixture_put(&f, value, 10);
    fixture_pass(&f, 30 * S);
    assert_int_equal(program_set(&f, program, 2, true), rule);
    fixture_settle(&f);
    fixture_later(&f, 59 * S, value, 10);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    fixture_pass(&f, S);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_put(&f, value, 1);
    fixture_pass(&f, 20 * S);
    assert_int_equal(program_set(&f, program, 1, true), rule);
    fixture_settle(&f);
    fixture_later(&f, 39 * S, value, 1);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_pass(&f, S);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

static void test_delays_of_programs_begin_anew(void **arg)
{
    (void)arg;
    static const struct program programs[] = {
        {"one", "p/x", ". > 5", RULE_ON_POINT, 60 * S, 40 * S},
        {"many", "p/#", ". > 5", RULE_ON_PATTERN, 60 * S, 40 * S},
        {"alone", NULL, "p/x > 5", RULE_ON_NOTHING, 60 * S, 40 * S},
    };
    for (size_t i = 0; i < ARRAY_COUNT(programs); i++)
        delay_begins_anew(&programs[i], programs[i].on == RULE_ON_NOTHING);
}

/* It ended while the rule was disabled, and was enabled again before the walk came by. */
static void test_what_changed_while_a_rule_was_deaf(void **arg)
{
    (void)arg;
    static const struct program program = {"many", "p/#", ". > 5", RULE_ON_PATTERN, 0, 0};
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "x", VALUE_FLOAT64);
    uint32_t rule = program_set(&f, &program, 3, true);
    fixture_settle(&f);
    fixture_put(&f, point, 10);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    (void)program_set(&f, &program, 3, false);
    fixture_put(&f, point, 1);
    assert_int_equal(program_set(&f, &program, 3, true), rule);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fixture_settle(&f);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    fixture_close(&f);
}

/* ---- assets ------------------------------------------------------------------------------------
 */
static struct asset_item item_of(uint8_t kind, const char *name, const char *text)
{
    struct asset_item item = {.kind = kind,
                              .type = VALUE_FLOAT64,
                              .name = bytes_text(name),
                              .unit = bytes_of("", 0),
                              .text = bytes_text(text)};
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        item.limits[i] = (double)NAN;
    return item;
}

static uint32_t pump_type(struct fixture *f)
{
    struct said said;
    struct form_writer *form = say(&said);
    struct asset_item temp = item_of(ITEM_METRIC, "temp", "");
    struct asset_item limit = item_of(ITEM_METRIC, "limit", "");
    form_put_text(form, ASSET_TAG_NAME, bytes_text("pump"));
    asset_item_put(form, &temp);
    asset_item_put(form, &limit);
    return fixture_asset_command(f, &said, COMMAND_TYPE_SET, 0);
}

static uint32_t pump_set(struct fixture *f, uint32_t number, uint32_t type, const char *limit)
{
    struct said said;
    struct form_writer *form = say(&said);
    struct asset_item binding = item_of(ITEM_BINDING, "limit", limit);
    form_put_text(form, ASSET_TAG_NAME, bytes_text("p1"));
    form_put_integer(form, ASSET_TAG_TYPE, type);
    form_put_text(form, ASSET_TAG_BRANCH, bytes_text("hall/p1"));
    asset_item_put(form, &binding);
    return fixture_asset_command(f, &said, COMMAND_ASSET_SET, number);
}

static void test_a_metric_becomes_another_point(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t temp = fixture_row(&f, 1, "hall/p1", "temp", VALUE_FLOAT64);
    uint32_t first = fixture_row(&f, 1, "limits", "one two", VALUE_FLOAT64), second = first + 1;
    uint32_t type = pump_type(&f), asset = pump_set(&f, 0, type, "limits/one");
    struct form_writer *form = say_rule(&said, "hot", RULE_EXPRESSION, RULE_ON_TYPE, NULL);
    form_put_integer(form, RULE_TAG_TYPE, type);
    form_put_text(form, RULE_TAG_METRIC, bytes_text("temp"));
    form_put_text(form, RULE_TAG_CONDITION, bytes_text("{temp} > {limit}"));
    uint32_t rule = fixture_rule(&f, &said);
    fixture_put(&f, first, 100);
    fixture_put(&f, second, 5);
    fixture_put(&f, temp, 50);
    assert_int_equal(fixture_state(&f, rule, temp), ALARM_NORMAL);
    assert_int_equal(pump_set(&f, asset, type, "limits/two"), asset);
    assert_int_equal(assets_point(f.assets, asset, bytes_text("limit")), second);
    fixture_settle(&f);
    assert_int_equal(fixture_state(&f, rule, temp), ALARM_UNACKNOWLEDGED);
    fixture_put(&f, second, 60); /* that one is listened to, and the other is not */
    assert_int_equal(fixture_state(&f, rule, temp), ALARM_RETURNED);
    fixture_put(&f, first, 1);
    assert_int_equal(fixture_state(&f, rule, temp), ALARM_RETURNED);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

/* ---- the walk ----------------------------------------------------------------------------------
 */
static uint64_t piece_of_walk(struct fixture *f)
{
    fixture_settle(f);
    alarms_assets_changed(f->alarms);
    uint64_t left = alarms_walk_left(f->alarms);
    assert_int_equal(alarms_walk(f->alarms, &f->stamp), OK);
    return left - alarms_walk_left(f->alarms);
}

/* Patterns that begin with a wildcard have to be looked at for each point: it is counted. */
static void test_patterns_count_in_a_piece_of_the_walk(void **arg)
{
    (void)arg;
    enum { ROWS = 40, EACH = 128, RULES = 400 };
    struct fixture f;
    struct said said;
    char metrics[EACH * 6] = "", text[64], name[16];
    size_t size = 0;
    fixture_open(&f);
    for (int i = 0; i < EACH; i++)
        size += (size_t)sprintf(metrics + size, i == 0 ? "m%d" : " m%d", i);
    for (int i = 0; i < ROWS; i++) {
        snprintf(text, sizeof text, "a/b%d/c", i);
        (void)fixture_row(&f, 1, text, metrics, VALUE_FLOAT64);
    }
    assert_int_equal(piece_of_walk(&f), ALARMS_WALK_POINTS);
    for (int i = 0; i < RULES; i++) {
        snprintf(name, sizeof name, "r%d", i);
        snprintf(text, sizeof text, "+/b%d/#", i);
        form_put_real(say_rule(&said, name, RULE_HIGH, RULE_ON_PATTERN, text), RULE_TAG_LIMIT, i);
        assert_int_equal(fixture_set(&f, &said).code, OUTCOME_DONE);
    }
    uint64_t piece = piece_of_walk(&f);
    assert_in_range(piece, ALARMS_WALK_POINTS / (RULES / 2), ALARMS_WALK_POINTS / (RULES / 16));
    struct rule_standing standing[2];
    fixture_settle(&f);
    for (uint32_t row = 0; row < ROWS; row++) { /* and each point has its own */
        assert_int_equal(alarms_rules_of(f.alarms, row * EACH + 5, true, standing, 2), 1);
        assert_int_equal(standing[0].rule, row + 1);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delays_of_programs_begin_anew),
        cmocka_unit_test(test_what_changed_while_a_rule_was_deaf),
        cmocka_unit_test(test_a_metric_becomes_another_point),
        cmocka_unit_test(test_patterns_count_in_a_piece_of_the_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
