/* Rules: what may be said of them, which of them stand on a point, how a change reaches points, and
 * how many there may be. */
#include "model/alarms/fixture.h"

#define S NS_PER_S

/* ---- what may be said --------------------------------------------------------------------------
 */
static const char *fault_of(const struct said *said)
{
    struct rule_plan plan;
    struct bytes form;
    assert_true(form_end(&said->form, &form));
    return rule_plan_read(form, &plan);
}

static void test_a_whole_rule_is_read(void **arg)
{
    (void)arg;
    struct said said;
    struct rule_plan plan;
    struct form_writer *form =
        say_rule(&said, "hot-1_a.b", RULE_HIGH, RULE_ON_PATTERN, "plant/+/temp");
    form_put_real(form, RULE_TAG_LIMIT, 80.5);
    form_put_real(form, RULE_TAG_DEADBAND, 2);
    form_put_integer(form, RULE_TAG_ON_DELAY, 5 * S);
    form_put_integer(form, RULE_TAG_OFF_DELAY, 6 * S);
    form_put_integer(form, RULE_TAG_REALARM, 60 * S);
    form_put_integer(form, RULE_TAG_LATCH, 1);
    form_put_integer(form, RULE_TAG_NO_ACKNOWLEDGE, 1);
    form_put_integer(form, RULE_TAG_ENABLED, 0);
    form_put_integer(form, RULE_TAG_PRIORITY, 1);
    form_put_text(form, RULE_TAG_CAUSE, bytes_text("no water"));
    form_put_text(form, RULE_TAG_GROUP, bytes_text("trip"));
    assert_null(rule_plan_read(bytes_of(said.bytes, form->size), &plan));
    assert_text(plan.name, "hot-1_a.b");
    assert_text(plan.title, "hot-1_a.b"); /* unless said */
    assert_text(plan.path, "plant/+/temp");
    assert_text(plan.cause, "no water");
    assert_text(plan.group, "trip");
    assert_true(plan.has_limit && plan.limit == 80.5 && plan.deadband == 2);
    assert_true(plan.latch && !plan.needs_acknowledge && !plan.enabled);
    assert_int_equal(plan.priority, 1);
    assert_int_equal(plan.on_delay_ns, 5 * S);
    assert_int_equal(plan.off_delay_ns, 6 * S);
    assert_int_equal(plan.realarm_ns, 60 * S);
}

struct wrong {
    enum rule_kind kind;
    enum rule_on on;
    const char *path;
    uint8_t tag, type;
    int64_t integer;
    double real;
    const char *text;
    bool good;
};

static void test_what_is_wrong_is_refused(void **arg)
{
    (void)arg;
    static const struct wrong cases[] = {
        {RULE_HIGH, RULE_ON_POINT, "p/v", 0, 0, 0, 0, NULL, true},
        {RULE_HIGH, RULE_ON_POINT, "p//v", 0, 0, 0, 0, NULL, false},
        {RULE_HIGH, RULE_ON_POINT, "p/+", 0, 0, 0, 0, NULL, false},
        {RULE_HIGH, RULE_ON_PATTERN, "p/#/x", 0, 0, 0, 0, NULL, false},
        {RULE_HIGH, RULE_ON_TYPE, NULL, RULE_TAG_METRIC, FORM_TEXT, 0, 0, "v", false},
        {RULE_HIGH, RULE_ON_NOTHING, NULL, 0, 0, 0, 0, NULL, false},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_PRIORITY, FORM_INTEGER, 0, 0, NULL, false},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_PRIORITY, FORM_INTEGER, 8, 0, NULL, true},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_PRIORITY, FORM_INTEGER, 9, 0, NULL, false},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_PRIORITY, FORM_REAL, 0, 3, NULL, false},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_DEADBAND, FORM_REAL, 0, -1, NULL, false},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_ON_DELAY, FORM_INTEGER, -1, 0, NULL, false},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_ON_DELAY, FORM_INTEGER, CONDITION_SPAN_MAX_NS, 0,
         NULL, true},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_ON_DELAY, FORM_INTEGER,
         CONDITION_SPAN_MAX_NS + 1, 0, NULL, false},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_REALARM, FORM_INTEGER, NS_PER_S, 0, NULL, true},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_REALARM, FORM_INTEGER, NS_PER_S - 1, 0, NULL,
         false},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_LATCH, FORM_INTEGER, 2, 0, NULL, false},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_NAME, FORM_TEXT, 0, 0, "again", false},
        {RULE_HIGH, RULE_ON_POINT, "p/v", RULE_TAG_TITLE, FORM_TEXT, 0, 0, "\xff", false},
        {RULE_HIGH, RULE_ON_POINT, "p/v", 99, FORM_INTEGER, 1, 0, NULL, false},
        {RULE_RATE, RULE_ON_POINT, "p/v", RULE_TAG_LIMIT, FORM_REAL, 0, 1, NULL, false},
        {RULE_DEVIATION, RULE_ON_POINT, "p/v", RULE_TAG_LIMIT, FORM_REAL, 0, 1, NULL, false},
        {RULE_STATE, RULE_ON_POINT, "p/v", 0, 0, 0, 0, NULL, false},
        {RULE_STATE, RULE_ON_POINT, "p/v", RULE_TAG_STATE, FORM_REAL, 0, 1, NULL, true},
        {RULE_STALE, RULE_ON_POINT, "p/v", 0, 0, 0, 0, NULL, false},
        {RULE_STALE, RULE_ON_POINT, "p/v", RULE_TAG_SPAN, FORM_INTEGER, NS_PER_MS, 0, NULL, true},
        {RULE_STALE, RULE_ON_POINT, "p/v", RULE_TAG_SPAN, FORM_INTEGER, NS_PER_MS - 1, 0, NULL,
         false},
        {RULE_EXPRESSION, RULE_ON_POINT, "p/v", 0, 0, 0, 0, NULL, false},
        {RULE_EXPRESSION, RULE_ON_POINT, "p/v", RULE_TAG_CONDITION, FORM_TEXT, 0, 0, ". >", false},
        {RULE_EXPRESSION, RULE_ON_POINT, "p/v", RULE_TAG_CONDITION, FORM_TEXT, 0, 0, ". > 1", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct wrong *of = &cases[i];
        struct said said;
        struct form_writer *form = say_rule(&said, "name", of->kind, of->on, of->path);
        if (of->type == FORM_INTEGER)
            form_put_integer(form, of->tag, of->integer);
        else if (of->type == FORM_REAL)
            form_put_real(form, of->tag, of->real);
        else if (of->type == FORM_TEXT)
            form_put_text(form, of->tag, bytes_text(of->text));
        if ((fault_of(&said) == NULL) != of->good)
            fail_msg("case %zu: %s", i, fault_of(&said));
    }
}

static void test_names_and_sizes(void **arg)
{
    (void)arg;
    char name[RULE_NAME_MAX + 2], text[RULE_TEXT_MAX + 2];
    struct said said;
    memset(name, 'n', sizeof name);
    memset(text, 't', sizeof text);
    name[RULE_NAME_MAX] = 0;
    (void)say_rule(&said, name, RULE_HIGH, RULE_ON_POINT, "p/v");
    assert_null(fault_of(&said));
    name[RULE_NAME_MAX] = 'n';
    name[RULE_NAME_MAX + 1] = 0;
    (void)say_rule(&said, name, RULE_HIGH, RULE_ON_POINT, "p/v");
    assert_non_null(fault_of(&said));
    (void)say_rule(&said, "a b", RULE_HIGH, RULE_ON_POINT, "p/v");
    assert_non_null(fault_of(&said));
    for (size_t size = RULE_TEXT_MAX; size <= RULE_TEXT_MAX + 1; size++) {
        struct form_writer *form = say_rule(&said, "n", RULE_HIGH, RULE_ON_POINT, "p/v");
        form_put_text(form, RULE_TAG_RESPONSE, bytes_of(text, size));
        assert_true((fault_of(&said) == NULL) == (size == RULE_TEXT_MAX));
    }
    struct form_writer *form = say_rule(&said, "n", RULE_STATE, RULE_ON_POINT, "p/v");
    for (int i = 0; i < RULE_STATES_MAX; i++)
        form_put_real(form, RULE_TAG_STATE, i);
    assert_null(fault_of(&said));
    form_put_real(form, RULE_TAG_STATE, 99);
    assert_non_null(fault_of(&said));
}

/* ---- the nearest wins --------------------------------------------------------------------------
 */
static uint32_t winner(const struct fixture *f, uint32_t point)
{
    struct rule_standing rules[16];
    size_t count = alarms_rules_of(f->alarms, point, false, rules, 16);
    assert_true(count <= 1);
    return count == 0 ? 0 : rules[0].rule;
}

static uint32_t type_rule(struct fixture *f, const char *name, uint32_t type, double limit)
{
    struct said said;
    struct form_writer *form = say_rule(&said, name, RULE_HIGH, RULE_ON_TYPE, NULL);
    form_put_integer(form, RULE_TAG_TYPE, type);
    form_put_text(form, RULE_TAG_METRIC, bytes_text("temp"));
    form_put_real(form, RULE_TAG_LIMIT, limit);
    return fixture_rule(f, &said);
}

static void test_the_nearest_wins(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "plant/press-3", "temp flow", VALUE_FLOAT64);
    uint32_t parent = fixture_type(&f, 0, "machine", 0, "temp", 1000);
    uint32_t type = fixture_type(&f, 0, "press", parent, "x", 1000);
    (void)fixture_asset(&f, 0, "press-3", type, "plant/press-3");
    fixture_settle(&f);
    uint32_t farthest = type_rule(&f, "parent", parent, 10);
    assert_int_equal(winner(&f, point), farthest);
    uint32_t own = type_rule(&f, "own", type, 20);
    assert_int_equal(winner(&f, point), own);
    uint32_t all = fixture_limit(&f, "all", RULE_HIGH, RULE_ON_PATTERN, "#", 30);
    assert_int_equal(winner(&f, point), all);
    uint32_t last = fixture_limit(&f, "last", RULE_HIGH, RULE_ON_PATTERN, "+/+/temp", 40);
    assert_int_equal(winner(&f, point), last);
    uint32_t part = fixture_limit(&f, "part", RULE_HIGH, RULE_ON_PATTERN, "plant/press-*/temp", 50);
    assert_int_equal(winner(&f, point), part);
    uint32_t path = fixture_limit(&f, "path", RULE_HIGH, RULE_ON_POINT, "plant/press-3/temp", 60);
    assert_int_equal(winner(&f, point), path);
    assert_int_equal(winner(&f, point + 1), all);
    struct rule_standing rules[16];
    assert_int_equal(alarms_rules_of(f.alarms, point, true, rules, 16), 6);
    const uint32_t order[] = {path, part, last, all, own, farthest};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(rules[i].rule, order[i]);
        assert_true(rules[i].wins == (i == 0));
    }
    assert_int_equal(alarms_rules_of(f.alarms, point, true, rules, 2), 2);
    struct rule_view view;
    assert_true(alarms_rule(f.alarms, path, &view));
    assert_int_equal(view.points, 1);
    assert_true(alarms_rule(f.alarms, last, &view));
    assert_int_equal(view.points, 0);
    assert_int_equal(fixture_remove(&f, "path").code, OUTCOME_DONE);
    assert_int_equal(fixture_remove(&f, "path").code, OUTCOME_UNKNOWN_RULE);
    assert_false(alarms_rule(f.alarms, path, &view));
    fixture_settle(&f);
    assert_int_equal(winner(&f, point), part);
    assert_true(alarms_rule(f.alarms, part, &view));
    assert_int_equal(view.points, 1);
    fixture_close(&f);
}

/* One of each kind stands, whatever the others are. */
static void test_each_kind_has_its_own_winner(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t high = fixture_limit(&f, "high", RULE_HIGH, RULE_ON_POINT, "p/v", 80);
    uint32_t low = fixture_limit(&f, "low", RULE_LOW, RULE_ON_PATTERN, "#", 10);
    struct rule_standing rules[4];
    assert_int_equal(alarms_rules_of(f.alarms, point, false, rules, 4), 2);
    assert_int_equal(rules[0].rule, high);
    assert_int_equal(rules[1].rule, low);
    fixture_close(&f);
}

static void assert_limit(const struct fixture *f, uint32_t point, enum limit_kind kind,
                         struct limit_in_force wanted)
{
    struct limit_in_force limits[LIMIT_KINDS];
    alarms_limits_in_force(f->alarms, point, limits);
    assert_int_equal(limits[kind].from, wanted.from);
    assert_int_equal(limits[kind].rule, wanted.rule);
    if (wanted.from == LIMIT_FROM_NONE)
        assert_true(isnan(limits[kind].limit));
    else
        assert_true(limits[kind].limit == wanted.limit);
}

/* What its metric says, then what it says itself, then what the nearest rule says. */
static void test_the_limits_in_force(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    const struct limit_in_force none = {.from = LIMIT_FROM_NONE};
    uint32_t point = fixture_row(&f, 1, "plant/press-3", "temp", VALUE_FLOAT64);
    uint32_t text = fixture_row(&f, 1, "plant/press-4", "temp", VALUE_STRING);
    assert_limit(&f, point, LIMIT_HIGH, none);
    uint32_t type = fixture_type(&f, 0, "press", 0, "temp", 1000);
    (void)fixture_asset(&f, 0, "press-3", type, "plant/press-3");
    fixture_settle(&f);
    assert_limit(&f, point, LIMIT_HIGH, (struct limit_in_force){1000, 0, LIMIT_FROM_TYPE});
    assert_limit(&f, point, LIMIT_LOW, none);
    /* A rule without a number raises an alarm by that of the metric. */
    uint32_t rule = fixture_limit(&f, "any", RULE_LOW, RULE_ON_PATTERN, "#", 3);
    (void)say_rule(&said, "any", RULE_HIGH, RULE_ON_PATTERN, "#");
    rule = fixture_rule(&f, &said);
    assert_limit(&f, point, LIMIT_HIGH, (struct limit_in_force){1000, rule, LIMIT_FROM_TYPE});
    fixture_own_limit(&f, point, "plant/press-3/temp", 90);
    assert_limit(&f, point, LIMIT_HIGH, (struct limit_in_force){90, rule, LIMIT_FROM_POINT});
    uint32_t near = fixture_limit(&f, "near", RULE_HIGH, RULE_ON_POINT, "plant/press-3/temp", 60);
    assert_limit(&f, point, LIMIT_HIGH, (struct limit_in_force){60, near, LIMIT_FROM_RULE});
    assert_limit(&f, text, LIMIT_HIGH, none);
    assert_int_equal(fixture_remove(&f, "near").code, OUTCOME_DONE);
    assert_int_equal(fixture_remove(&f, "any").code, OUTCOME_DONE);
    assert_limit(&f, point, LIMIT_HIGH, (struct limit_in_force){90, 0, LIMIT_FROM_POINT});
    fixture_close(&f);
}

static void test_tenants_are_apart(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t theirs = fixture_row(&f, 2, "p", "v", VALUE_FLOAT64);
    uint32_t rule = fixture_limit(&f, "hot", RULE_HIGH, RULE_ON_PATTERN, "#", 80);
    fixture_put(&f, theirs, 90);
    assert_int_equal(winner(&f, theirs), 0);
    assert_int_equal(alarms_entries(f.alarms), 0);
    form_put_real(say_rule(&said, "hot", RULE_HIGH, RULE_ON_PATTERN, "#"), RULE_TAG_LIMIT, 70);
    struct command command = said_command(&said, COMMAND_RULE_SET, "eve");
    command.tenant = 2;
    uint32_t other = fixture_command(&f, &command).number;
    assert_int_not_equal(other, rule);
    fixture_settle(&f);
    assert_int_equal(fixture_state(&f, other, theirs), ALARM_UNACKNOWLEDGED);
    command.tenant = 0;
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_UNKNOWN_TENANT);
    fixture_close(&f);
}

static void test_types_of_rules(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    struct form_writer *form = say_rule(&said, "t", RULE_HIGH, RULE_ON_TYPE, NULL);
    form_put_integer(form, RULE_TAG_TYPE, 1);
    form_put_text(form, RULE_TAG_METRIC, bytes_text("temp"));
    assert_int_equal(fixture_set(&f, &said).code, OUTCOME_UNKNOWN_TYPE);
    (void)fixture_type(&f, 0, "pump", 0, "temp", 50);
    assert_int_equal(fixture_set(&f, &said).code, OUTCOME_DONE);
    struct command command = said_command(&said, COMMAND_RULE_SET, "eve");
    command.tenant = 2;
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_UNKNOWN_TYPE);
    fixture_close(&f);
}

/* ---- changes reach points ----------------------------------------------------------------------
 */
static void test_a_value_that_was_there_before_the_rule(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    fixture_put(&f, point, 90);
    uint32_t rule = fixture_limit(&f, "hot", RULE_HIGH, RULE_ON_PATTERN, "#", 80);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    assert_int_equal(fixture_limit(&f, "hot", RULE_HIGH, RULE_ON_PATTERN, "#", 95), rule);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_RETURNED);
    assert_int_equal(fixture_limit(&f, "hot", RULE_HIGH, RULE_ON_PATTERN, "q/#", 95), rule);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL); /* it stands elsewhere */
    assert_int_equal(fixture_entry(&f).event, ALARM_RULE_REMOVED);
    /* Later points have it at once. */
    uint32_t later = fixture_row(&f, 1, "q", "v", VALUE_FLOAT64);
    fixture_put(&f, later, 95);
    assert_int_equal(fixture_state(&f, rule, later), ALARM_UNACKNOWLEDGED);
    struct said said;
    form_put_integer(say_rule(&said, "hot", RULE_HIGH, RULE_ON_PATTERN, "q/#"), RULE_TAG_ENABLED,
                     0);
    assert_int_equal(fixture_rule(&f, &said), rule);
    assert_int_equal(fixture_state(&f, rule, later), ALARM_NORMAL);
    fixture_put(&f, later, 99);
    assert_int_equal(fixture_state(&f, rule, later), ALARM_NORMAL);
    fixture_close(&f);
}

/* A rule for a path is there at once, without a walk; so is its removal, and its move. */
static void test_a_rule_for_a_path_is_there_at_once(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v w", VALUE_FLOAT64);
    fixture_put(&f, point, 90);
    fixture_put(&f, point + 1, 90);
    form_put_real(say_rule(&said, "hot", RULE_HIGH, RULE_ON_POINT, "p/v"), RULE_TAG_LIMIT, 80);
    uint32_t rule = fixture_set(&f, &said).number;
    assert_int_equal(alarms_walk_left(f.alarms), 0);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    form_put_real(say_rule(&said, "hot", RULE_HIGH, RULE_ON_POINT, "p/w"), RULE_TAG_LIMIT, 80);
    assert_int_equal(fixture_set(&f, &said).number, rule);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    assert_int_equal(fixture_state(&f, rule, point + 1), ALARM_UNACKNOWLEDGED);
    assert_int_equal(fixture_remove(&f, "hot").code, OUTCOME_DONE);
    assert_int_equal(fixture_state(&f, rule, point + 1), ALARM_NORMAL);
    assert_int_equal(points_profile_of(f.points, point + 1), PROFILE_NONE);
    assert_int_equal(alarms_walk_left(f.alarms), 0);
    fixture_close(&f);
}

static void test_points_that_are_renamed_or_retired(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "v", VALUE_FLOAT64);
    uint32_t rule = fixture_limit(&f, "hot", RULE_HIGH, RULE_ON_PATTERN, "p/#", 80);
    fixture_put(&f, point, 90);
    struct fact fact = {.kind = FACT_COMMAND};
    fact.command = (struct command){.kind = COMMAND_RENAME,
                                    .tenant = 1,
                                    .path = bytes_text("p/v"),
                                    .new_path = bytes_text("q/v")};
    assert_int_equal(points_apply_fact(f.points, &fact, &f.stamp, &f.effects), OK);
    assert_int_equal(alarms_point_changed(f.alarms, point, &f.stamp), OK);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    rule = fixture_limit(&f, "other", RULE_HIGH, RULE_ON_PATTERN, "q/#", 80);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_UNACKNOWLEDGED);
    fact.command = (struct command){.kind = COMMAND_RETIRE, .tenant = 1, .path = bytes_text("q/v")};
    assert_int_equal(points_apply_fact(f.points, &fact, &f.stamp, &f.effects), OK);
    assert_int_equal(alarms_point_changed(f.alarms, point, &f.stamp), OK);
    assert_int_equal(fixture_state(&f, rule, point), ALARM_NORMAL);
    assert_int_equal(points_profile_of(f.points, point), PROFILE_NONE);
    fixture_close(&f);
}

/* A walk goes a piece with each batch, and a change within it goes around again. */
static void test_a_walk_in_pieces(void **arg)
{
    (void)arg;
    enum { ROWS = 60, COLUMNS = 100 };
    static char metrics[COLUMNS * 5];
    struct fixture f;
    struct said said;
    size_t size = 0;
    fixture_open(&f);
    for (int i = 0; i < COLUMNS; i++)
        size += (size_t)sprintf(metrics + size, i == 0 ? "m%d" : " m%d", i);
    for (int i = 0; i < ROWS; i++) {
        char prefix[16];
        snprintf(prefix, sizeof prefix, "row-%d", i);
        (void)fixture_row(&f, 1, prefix, metrics, VALUE_FLOAT64);
    }
    form_put_real(say_rule(&said, "hot", RULE_HIGH, RULE_ON_PATTERN, "#"), RULE_TAG_LIMIT, 80);
    uint32_t rule = fixture_set(&f, &said).number;
    assert_int_equal(alarms_walk_left(f.alarms), ROWS * COLUMNS);
    fixture_pass(&f, 0);
    uint64_t left = alarms_walk_left(f.alarms);
    assert_true(left < ROWS * COLUMNS && left >= ROWS * COLUMNS - ALARMS_WALK_POINTS);
    assert_int_equal(points_profile_of(f.points, 1), 1);
    assert_int_equal(points_profile_of(f.points, ROWS * COLUMNS), PROFILE_NONE);
    assert_int_equal(fixture_set(&f, &said).number, rule);
    assert_int_equal(alarms_walk_left(f.alarms), ROWS * COLUMNS);
    fixture_settle(&f);
    struct rule_view view;
    assert_true(alarms_rule(f.alarms, rule, &view));
    assert_int_equal(view.points, ROWS * COLUMNS);
    fixture_close(&f);
}

/* ---- how many ----------------------------------------------------------------------------------
 */
static void test_more_profiles_than_there_may_be(void **arg)
{
    (void)arg;
    struct alarms_limits limits = alarms_limits_default;
    struct fixture f;
    limits.profiles_max = 2;
    fixture_open_limited(&f, &limits, FIXTURE_TIMERS);
    uint32_t point = fixture_row(&f, 1, "p", "a b c d", VALUE_FLOAT64), rules[4];
    static const char *const paths[] = {"p/a", "p/b", "p/c", "p/d"};
    for (uint32_t i = 0; i < 4; i++)
        rules[i] = fixture_limit(&f, paths[i] + 2, RULE_HIGH, RULE_ON_POINT, paths[i], 80 + i);
    assert_int_equal(points_profile_of(f.points, point + 1), 2);
    assert_int_equal(points_profile_of(f.points, point + 2), PROFILES_MAX);
    for (uint32_t i = 0; i < 4; i++) {
        fixture_put(&f, point + i, 79 + i);
        assert_int_equal(fixture_state(&f, rules[i], point + i), ALARM_NORMAL);
        fixture_put(&f, point + i, 80 + i);
        assert_int_equal(fixture_state(&f, rules[i], point + i), ALARM_UNACKNOWLEDGED);
        fixture_put(&f, point + i, 0);
        assert_int_equal(fixture_state(&f, rules[i], point + i), ALARM_RETURNED);
    }
    /* One that is free again is taken by the next walk. */
    assert_int_equal(fixture_remove(&f, "a").code, OUTCOME_DONE);
    assert_int_equal(points_profile_of(f.points, point), PROFILE_NONE);
    alarms_assets_changed(f.alarms);
    fixture_settle(&f);
    assert_int_equal(points_profile_of(f.points, point + 2), 1);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

static void test_more_rules_than_there_may_be(void **arg)
{
    (void)arg;
    struct alarms_limits limits = alarms_limits_default;
    struct fixture f;
    struct said said;
    limits.rules_max = 3;
    limits.patterns_max = 1;
    fixture_open_limited(&f, &limits, FIXTURE_TIMERS);
    (void)fixture_limit(&f, "a", RULE_HIGH, RULE_ON_PATTERN, "#", 80);
    (void)say_rule(&said, "b", RULE_HIGH, RULE_ON_PATTERN, "+");
    assert_int_equal(fixture_set(&f, &said).code, OUTCOME_RULES_FULL);
    (void)say_rule(&said, "a", RULE_HIGH, RULE_ON_PATTERN, "+"); /* instead of itself */
    assert_int_equal(fixture_set(&f, &said).code, OUTCOME_DONE);
    (void)fixture_limit(&f, "b", RULE_HIGH, RULE_ON_POINT, "p/v", 80);
    (void)fixture_limit(&f, "c", RULE_HIGH, RULE_ON_POINT, "p/v", 80);
    (void)say_rule(&said, "d", RULE_HIGH, RULE_ON_POINT, "p/v");
    assert_int_equal(fixture_set(&f, &said).code, OUTCOME_RULES_FULL);
    /* Numbers are never used again: there are only so many of them. */
    for (unsigned i = 3; i < 12; i++) {
        assert_int_equal(fixture_remove(&f, "c").code, OUTCOME_DONE);
        assert_int_equal(fixture_limit(&f, "c", RULE_HIGH, RULE_ON_POINT, "p/v", 80), i + 1);
    }
    assert_int_equal(fixture_remove(&f, "c").code, OUTCOME_DONE);
    (void)say_rule(&said, "c", RULE_HIGH, RULE_ON_POINT, "p/v");
    assert_int_equal(fixture_set(&f, &said).code, OUTCOME_RULES_FULL);
    fixture_close(&f);
}

static void test_more_alarms_than_there_may_be(void **arg)
{
    (void)arg;
    struct alarms_limits limits = alarms_limits_default;
    struct fixture f;
    limits.alarms_max = 2;
    fixture_open_limited(&f, &limits, FIXTURE_TIMERS);
    uint32_t point = fixture_row(&f, 1, "p", "a b c d", VALUE_FLOAT64);
    uint32_t rule = fixture_limit(&f, "hot", RULE_HIGH, RULE_ON_PATTERN, "#", 80);
    for (uint32_t i = 0; i < 4; i++)
        fixture_put(&f, point + i, 90);
    assert_int_equal(fixture_state(&f, rule, point + 1), ALARM_UNACKNOWLEDGED);
    assert_int_equal(fixture_state(&f, rule, point + 2), ALARM_NORMAL);
    assert_int_equal(alarms_entries(f.alarms), 3); /* two, and one for what was lost */
    struct alarm_entry entry = fixture_entry(&f);
    assert_int_equal(entry.flags, ALARM_ENTRY_TOLD | ALARM_ENTRY_COMPUTED | ALARM_ENTRY_LOST);
    assert_int_equal(entry.alarm, 0);
    fixture_later(&f, S, point + 2, 10);
    fixture_put(&f, point + 2, 90);
    assert_text(fixture_entry(&f).text, "no room for it, nor for 1 before it");
    assert_int_equal(fixture_act_on(&f, ALARM_ACT_SUPPRESS, rule, point + 3, 0).code,
                     OUTCOME_RULES_FULL);
    fixture_close(&f);
}

/* A tenant that is not the house leaves something for the others. */
static void test_what_one_tenant_may_have(void **arg)
{
    (void)arg;
    struct alarms_limits limits = alarms_limits_default;
    struct fixture f;
    struct said said;
    char name[16];
    unsigned taken = 0;
    limits.rules_max = 100;
    limits.patterns_max = 50;
    limits.alarms_max = 40;
    fixture_open_limited(&f, &limits, FIXTURE_TIMERS);
    uint32_t point = fixture_row(&f, 2, "p", "a b c d e f", VALUE_FLOAT64);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "r%u", i);
        struct form_writer *form = say_rule(
            &said, name, RULE_HIGH, i < 8 ? RULE_ON_PATTERN : RULE_ON_POINT, i < 8 ? "#" : "p/z");
        form_put_real(form, RULE_TAG_LIMIT, 80);
        struct command command = said_command(&said, COMMAND_RULE_SET, "eve");
        command.tenant = 2;
        taken += fixture_command(&f, &command).code == OUTCOME_DONE;
    }
    assert_int_equal(taken, 10); /* a tenth of the rules; five of them with patterns */
    fixture_settle(&f);
    for (uint32_t i = 0; i < 6; i++)
        fixture_put(&f, point + i, 90);
    struct alarm_counts counts;
    alarms_counts(f.alarms, 2, &counts);
    assert_int_equal(counts.active, 4);
    assert_true(fixture_entry(&f).flags & ALARM_ENTRY_LOST);
    (void)fixture_limit(&f, "ours", RULE_HIGH, RULE_ON_PATTERN, "#", 80);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_rule_is_read),
        cmocka_unit_test(test_what_is_wrong_is_refused),
        cmocka_unit_test(test_names_and_sizes),
        cmocka_unit_test(test_the_nearest_wins),
        cmocka_unit_test(test_each_kind_has_its_own_winner),
        cmocka_unit_test(test_the_limits_in_force),
        cmocka_unit_test(test_the_limits_in_force),
        cmocka_unit_test(test_tenants_are_apart),
        cmocka_unit_test(test_types_of_rules),
        cmocka_unit_test(test_a_value_that_was_there_before_the_rule),
        cmocka_unit_test(test_a_rule_for_a_path_is_there_at_once),
        cmocka_unit_test(test_points_that_are_renamed_or_retired),
        cmocka_unit_test(test_a_walk_in_pieces),
        cmocka_unit_test(test_more_profiles_than_there_may_be),
        cmocka_unit_test(test_more_rules_than_there_may_be),
        cmocka_unit_test(test_more_alarms_than_there_may_be),
        cmocka_unit_test(test_what_one_tenant_may_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
