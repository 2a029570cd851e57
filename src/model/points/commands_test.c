/* Commands and their outcomes; idempotency keys. */
#include "model/points/fixture.h"

static enum outcome_code run(struct fixture *f, const struct command *command)
{
    return fixture_command(f, command).code;
}

static void test_create(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    struct command create = command_of(COMMAND_CREATE, "site/line/speed");
    struct outcome outcome = fixture_command(&f, &create);
    assert_true(outcome.code == OUTCOME_DONE && outcome.first_code == OUTCOME_DONE);
    assert_int_equal(outcome.point, 1);
    assert_int_equal(f.effects.rows_new, 1);
    assert_int_equal(f.effects.points_new, 1);
    assert_int_equal(points_type(f.points, 1), VALUE_FLOAT64);
    struct point_row row;
    points_row(f.points, 1, &row);
    assert_text(row.prefix, "site/line");
    assert_text(points_metric(f.points, 1), "speed");
    assert_false(row.object);
    outcome = fixture_command(&f, &create);
    assert_true(outcome.code == OUTCOME_PATH_TAKEN && outcome.point == 1);
    create.tenant = 2;
    create.settings = (struct point_settings){.has = HAS_TYPE, .type = VALUE_STRING};
    assert_int_equal(run(&f, &create), OUTCOME_DONE);
    assert_int_equal(points_type(f.points, 2), VALUE_STRING);
    create.settings.type = 9;
    create.path = bytes_text("other");
    assert_int_equal(run(&f, &create), OUTCOME_SETTINGS_INVALID);
    create.path = bytes_text("other/+");
    assert_int_equal(run(&f, &create), OUTCOME_PATH_INVALID);
    create = command_of(COMMAND_CREATE, "alone");
    assert_int_equal(fixture_command(&f, &create).point, 3);
    assert_int_equal(points_find(f.points, 1, bytes_text("alone")), 3);
    /* The dictionary goes on after it. */
    assert_int_equal(fixture_row(&f, 1, true, "dev", "a b", VALUE_BOOL), OK);
    fixture_close(&f);
}

static void test_points_max(void **arg)
{
    (void)arg;
    struct fixture f;
    struct points_limits limits = points_limits_default;
    limits.points_max = 2;
    fixture_open_limited(&f, &limits);
    struct command create = command_of(COMMAND_CREATE, "a");
    assert_int_equal(run(&f, &create), OUTCOME_DONE);
    create.path = bytes_text("b");
    assert_int_equal(run(&f, &create), OUTCOME_DONE);
    create.path = bytes_text("c");
    assert_int_equal(run(&f, &create), OUTCOME_LIMIT);
    assert_int_equal(points_count(f.points), 2);
    fixture_close(&f);
}

static void test_unknown(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    for (uint8_t kind = COMMAND_CHANGE; kind <= COMMAND_RETIRE; kind++) {
        struct command command = command_of((enum command_kind)kind, "no/such");
        struct outcome outcome = fixture_command(&f, &command);
        assert_true(outcome.code == OUTCOME_UNKNOWN_POINT && outcome.point == POINT_NONE);
    }
    struct fact fact = {.kind = FACT_COMMAND, .command = command_of(COMMAND_CREATE, "a")};
    fact.command.kind = 9;
    assert_int_equal(points_apply_fact(f.points, &fact, &f.stamp, &f.effects), ERR_CORRUPT);
    fixture_close(&f);
}

static void test_change(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_row(&f, 1, true, "dev", "a b", VALUE_FLOAT64), OK);
    struct label labels[] = {{bytes_text("line"), bytes_text("7")},
                             {bytes_text("车间"), bytes_text("")}};
    struct command change = command_of(COMMAND_CHANGE, "dev/a");
    change.settings = (struct point_settings){.has = HAS_UNIT | HAS_DESCRIPTION | HAS_LABELS,
                                              .unit = bytes_text("Cel"),
                                              .description = bytes_text("outlet temperature"),
                                              .labels = labels,
                                              .label_count = 2};
    struct outcome outcome = fixture_command(&f, &change);
    assert_true(outcome.code == OUTCOME_DONE && outcome.point == 1);
    change.settings = (struct point_settings){.has = HAS_UNIT, .unit = bytes_text("K")};
    assert_int_equal(run(&f, &change), OUTCOME_DONE); /* only the unit */
    for (int round = 0; round < 2; round++) {
        struct point_view view = fixture_view(&f, 1);
        assert_text(view.unit, "K");
        assert_text(view.description, "outlet temperature");
        assert_int_equal(view.label_count, 2);
        assert_text(view.labels[0].name, "line");
        assert_text(view.labels[0].value, "7");
        assert_text(view.labels[1].name, "车间");
        assert_int_equal(view.labels[1].value.size, 0);
        assert_int_equal(fixture_view(&f, 2).unit.size, 0);
        assert_int_equal(points_rebuild(f.points), OK);
    }
    change.settings = (struct point_settings){.has = HAS_UNIT | HAS_DESCRIPTION | HAS_LABELS};
    assert_int_equal(run(&f, &change), OUTCOME_DONE);
    assert_int_equal(fixture_view(&f, 1).label_count, 0);
    assert_int_equal(fixture_view(&f, 1).unit.size, 0);
    fixture_close(&f);
}

static void test_type_fixed(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_row(&f, 1, true, "dev", "a", VALUE_FLOAT64), OK);
    struct command change = command_of(COMMAND_CHANGE, "dev/a");
    change.settings = (struct point_settings){.has = HAS_TYPE, .type = VALUE_INT64};
    assert_int_equal(run(&f, &change), OUTCOME_DONE);
    assert_int_equal(points_type(f.points, 1), VALUE_INT64);
    struct value value = value_number(VALUE_INT64, 4);
    assert_int_equal(fixture_sample(&f, 1, 1, &value), OK);
    assert_int_equal(f.effects.samples, 1);
    change.settings.type = VALUE_FLOAT64;
    assert_int_equal(run(&f, &change), OUTCOME_TYPE_FIXED);
    change.settings.type = VALUE_INT64; /* what it is: nothing changes */
    assert_int_equal(run(&f, &change), OUTCOME_DONE);
    fixture_close(&f);
}

static enum outcome_code judge(struct fixture *f, const struct point_settings *settings)
{
    struct command change = command_of(COMMAND_CHANGE, "dev/a");
    change.settings = *settings;
    return run(f, &change);
}

static void test_settings_valid(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_row(&f, 1, true, "dev", "a", VALUE_FLOAT64), OK);
    char text[DESCRIPTION_BYTES_MAX + 1];
    memset(text, 'x', sizeof text);
    struct label labels[LABELS_MAX + 1];
    char names[LABELS_MAX + 1][4];
    for (int i = 0; i <= LABELS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "%d", i);
        labels[i] = (struct label){bytes_text(names[i]), bytes_of(text, LABEL_BYTES_MAX)};
    }
    struct point_settings s = {.has = HAS_UNIT, .unit = bytes_of(text, UNIT_BYTES_MAX)};
    assert_int_equal(judge(&f, &s), OUTCOME_DONE);
    s.unit.size++;
    assert_int_equal(judge(&f, &s), OUTCOME_SETTINGS_INVALID);
    s.unit = bytes_text("\xff");
    assert_int_equal(judge(&f, &s), OUTCOME_SETTINGS_INVALID);
    s = (struct point_settings){.has = HAS_DESCRIPTION,
                                .description = bytes_of(text, DESCRIPTION_BYTES_MAX)};
    assert_int_equal(judge(&f, &s), OUTCOME_DONE);
    s.description.size++;
    assert_int_equal(judge(&f, &s), OUTCOME_SETTINGS_INVALID);
    s = (struct point_settings){.has = HAS_LABELS, .labels = labels, .label_count = LABELS_MAX};
    assert_int_equal(judge(&f, &s), OUTCOME_DONE);
    assert_int_equal(fixture_view(&f, 1).label_count, LABELS_MAX);
    s.label_count++;
    assert_int_equal(judge(&f, &s), OUTCOME_SETTINGS_INVALID);
    s.label_count = 3;
    labels[2].name = labels[0].name; /* twice */
    assert_int_equal(judge(&f, &s), OUTCOME_SETTINGS_INVALID);
    labels[2].name = bytes_text("");
    assert_int_equal(judge(&f, &s), OUTCOME_SETTINGS_INVALID);
    labels[2].name = bytes_of(text, LABEL_BYTES_MAX);
    assert_int_equal(judge(&f, &s), OUTCOME_DONE);
    labels[2].name.size++;
    assert_int_equal(judge(&f, &s), OUTCOME_SETTINGS_INVALID);
    labels[2] = (struct label){bytes_text("n"), bytes_of(text, LABEL_BYTES_MAX + 1)};
    assert_int_equal(judge(&f, &s), OUTCOME_SETTINGS_INVALID);
    fixture_close(&f);
}

static void test_limits_valid(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_row(&f, 1, true, "dev", "a", VALUE_FLOAT64), OK);
    static const struct {
        double limits[LIMIT_KINDS];
        enum outcome_code code;
    } cases[] = {{{1, 2, 3, 4}, OUTCOME_DONE},
                 {{1, 1, 1, 1}, OUTCOME_DONE},
                 {{NAN, 1, NAN, 0}, OUTCOME_SETTINGS_INVALID},
                 {{2, 1, NAN, NAN}, OUTCOME_SETTINGS_INVALID},
                 {{NAN, NAN, 5, 4}, OUTCOME_SETTINGS_INVALID},
                 {{-INFINITY, NAN, NAN, NAN}, OUTCOME_SETTINGS_INVALID},
                 {{NAN, NAN, NAN, INFINITY}, OUTCOME_SETTINGS_INVALID},
                 {{NAN, NAN, NAN, NAN}, OUTCOME_DONE}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct point_settings s = {.has = HAS_LIMITS};
        memcpy(s.limits, cases[i].limits, sizeof s.limits);
        assert_int_equal(judge(&f, &s), cases[i].code);
    }
    /* Limits are for numbers, whichever of the two comes first. */
    struct point_settings s = {
        .has = HAS_LIMITS | HAS_TYPE, .type = VALUE_BOOL, .limits = {1, 2, 3, 4}};
    assert_int_equal(judge(&f, &s), OUTCOME_SETTINGS_INVALID);
    s.type = VALUE_INT64;
    assert_int_equal(judge(&f, &s), OUTCOME_DONE);
    s = (struct point_settings){.has = HAS_TYPE, .type = VALUE_STRING};
    assert_int_equal(judge(&f, &s), OUTCOME_SETTINGS_INVALID);
    fixture_close(&f);
}

static void test_rename(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_row(&f, 1, true, "dev", "a b", VALUE_INT64), OK);
    struct command rename = command_of(COMMAND_RENAME, "dev/a");
    rename.new_path = bytes_text("dev/b");
    struct outcome outcome = fixture_command(&f, &rename);
    assert_true(outcome.code == OUTCOME_PATH_TAKEN && outcome.point == 2);
    rename.new_path = bytes_text("dev//b");
    assert_int_equal(run(&f, &rename), OUTCOME_PATH_INVALID);
    rename.new_path = bytes_text("dev/a");
    assert_int_equal(run(&f, &rename), OUTCOME_DONE); /* its own */
    assert_true(points_in_row(f.points, 1));
    rename.new_path = bytes_text("hall/pump/temperature");
    outcome = fixture_command(&f, &rename);
    assert_true(outcome.code == OUTCOME_DONE && outcome.point == 1);
    assert_false(points_in_row(f.points, 1));
    assert_true(points_in_row(f.points, 2));
    assert_int_equal(points_metric(f.points, 1).size, 0);
    /* The old path is free and can be given away; samples of the row still reach the point. */
    assert_int_equal(points_find(f.points, 1, bytes_text("dev/a")), POINT_NONE);
    assert_int_equal(fixture_row(&f, 1, false, "dev", "a", VALUE_INT64), OK);
    struct value value = value_number(VALUE_INT64, 4);
    assert_int_equal(fixture_sample(&f, 1, 1, &value), OK);
    for (int round = 0; round < 2; round++) {
        uint8_t path[PATH_MAX_BYTES];
        assert_text(bytes_of(path, points_path(f.points, 1, path)), "hall/pump/temperature");
        assert_int_equal(points_find(f.points, 1, bytes_text("hall/pump/temperature")), 1);
        assert_int_equal(points_find(f.points, 1, bytes_text("dev/a")), 3);
        assert_int_equal(fixture_view(&f, 1).value.number, 4);
        assert_int_equal(points_rebuild(f.points), OK);
    }
    rename = command_of(COMMAND_RENAME, "hall/pump/temperature");
    rename.new_path = bytes_text("hall/t");
    assert_int_equal(run(&f, &rename), OUTCOME_DONE);
    assert_int_equal(points_find(f.points, 1, bytes_text("hall/t")), 1);
    assert_int_equal(points_find(f.points, 1, bytes_text("hall/pump/temperature")), POINT_NONE);
    fixture_close(&f);
}

static void test_retire(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_row(&f, 1, true, "dev", "a b", VALUE_INT64), OK);
    struct command retire = command_of(COMMAND_RETIRE, "dev/a");
    assert_int_equal(fixture_command(&f, &retire).point, 1);
    assert_int_equal(run(&f, &retire), OUTCOME_UNKNOWN_POINT);
    assert_int_equal(points_retired(f.points), 1);
    assert_true(fixture_view(&f, 1).retired);
    assert_int_equal(points_find(f.points, 1, bytes_text("dev/a")), POINT_NONE);
    assert_int_equal(points_metric(f.points, 1).size, 0);
    struct command create = command_of(COMMAND_CREATE, "dev/a");
    assert_int_equal(fixture_command(&f, &create).point, 3);
    assert_int_equal(points_rebuild(f.points), OK);
    assert_int_equal(points_find(f.points, 1, bytes_text("dev/a")), 3);
    assert_int_equal(points_retired(f.points), 1);
    fixture_close(&f);
}

static void test_settings_budget(void **arg)
{
    (void)arg;
    struct fixture f;
    struct points_limits limits = points_limits_default;
    limits.strings_bytes_max = 32;
    fixture_open_limited(&f, &limits);
    struct command create = command_of(COMMAND_CREATE, "a");
    create.settings = (struct point_settings){
        .has = HAS_DESCRIPTION, .description = bytes_text("25 bytes of description..")};
    assert_int_equal(run(&f, &create), OUTCOME_LIMIT);
    assert_int_equal(points_count(f.points), 0);
    create.settings.description.size = 24;
    assert_int_equal(run(&f, &create), OUTCOME_DONE);
    struct command rename = command_of(COMMAND_RENAME, "a");
    rename.new_path = bytes_text("b");
    assert_int_equal(run(&f, &rename), OUTCOME_LIMIT);
    assert_int_equal(points_find(f.points, 1, bytes_text("a")), 1);
    create.path = bytes_text("plain"); /* what needs no text is free */
    create.settings = (struct point_settings){.has = 0};
    assert_int_equal(run(&f, &create), OUTCOME_DONE);
    fixture_close(&f);
}

/* ---- keys
 * --------------------------------------------------------------------------------------------- */

static struct command with_sequence(const char *path, const char *client, uint64_t sequence)
{
    struct command command = command_of(COMMAND_CREATE, path);
    command.key_kind = KEY_SEQUENCE;
    command.client = bytes_text(client);
    command.sequence = sequence;
    return command;
}

static void test_sequences(void **arg)
{
    (void)arg;
    struct fixture f;
    struct points_limits limits = points_limits_default;
    limits.clients_max = 2;
    fixture_open_limited(&f, &limits);
    struct command command = with_sequence("a", "shop", 5);
    assert_int_equal(run(&f, &command), OUTCOME_DONE);
    for (int round = 0; round < 2; round++) {
        struct outcome outcome = fixture_command(&f, &command);
        assert_int_equal(outcome.code, OUTCOME_REPEATED);
        assert_int_equal(outcome.first_code, OUTCOME_DONE);
        assert_int_equal(outcome.point, 1);
        assert_int_equal(points_rebuild(f.points), OK);
    }
    command = with_sequence("b", "shop", 4);
    assert_int_equal(run(&f, &command), OUTCOME_SEQUENCE_OLD);
    command = with_sequence("a", "shop", 6); /* a refusal is remembered as well */
    assert_int_equal(run(&f, &command), OUTCOME_PATH_TAKEN);
    struct outcome outcome = fixture_command(&f, &command);
    assert_true(outcome.code == OUTCOME_REPEATED && outcome.first_code == OUTCOME_PATH_TAKEN);
    command = with_sequence("b", "other", 1);
    assert_int_equal(run(&f, &command), OUTCOME_DONE);
    command = with_sequence("c", "third", 1); /* clients_max */
    assert_int_equal(run(&f, &command), OUTCOME_LIMIT);
    command = with_sequence("c", "shop", UINT64_MAX);
    assert_int_equal(run(&f, &command), OUTCOME_DONE);
    command = with_sequence("d", "shop", 0);
    assert_int_equal(run(&f, &command), OUTCOME_SETTINGS_INVALID);
    command = with_sequence("d", "", 3);
    assert_int_equal(run(&f, &command), OUTCOME_SETTINGS_INVALID);
    assert_int_equal(points_count(f.points), 3);
    /* The same client of another tenant is another client. */
    command = with_sequence("a", "shop", 5);
    command.tenant = 2;
    assert_int_equal(run(&f, &command), OUTCOME_LIMIT);
    fixture_close(&f);
}

static struct command with_key(const char *path, const char *key, int64_t key_wall_ns)
{
    struct command command = command_of(COMMAND_CREATE, path);
    command.key_kind = KEY_FREE;
    command.key = bytes_text(key);
    command.key_wall_ns = key_wall_ns;
    return command;
}

static void test_free_keys(void **arg)
{
    (void)arg;
    struct fixture f;
    struct points_limits limits = points_limits_default;
    limits.keys_max = 2;
    limits.key_keep_ns = 100;
    fixture_open_limited(&f, &limits);
    int64_t now = f.stamp.wall_ns;
    struct command command = with_key("a", "k1", now);
    assert_int_equal(run(&f, &command), OUTCOME_DONE);
    f.stamp.wall_ns = now + 100; /* as old as keys are kept: still known */
    struct outcome outcome = fixture_command(&f, &command);
    assert_true(outcome.code == OUTCOME_REPEATED && outcome.first_code == OUTCOME_DONE);
    assert_int_equal(outcome.point, 1);
    command = with_key("b", "k2", now);
    assert_int_equal(run(&f, &command), OUTCOME_DONE);
    command = with_key("c", "k3", now);
    assert_int_equal(run(&f, &command), OUTCOME_LIMIT); /* keys_max; not remembered */
    assert_int_equal(points_rebuild(f.points), OK);
    f.stamp.wall_ns = now + 101; /* k1 leaves, k2 was kept from now + 100 on */
    command = with_key("c", "k3", now);
    assert_int_equal(run(&f, &command), OUTCOME_KEY_EXPIRED);
    command = with_key("a", "k1", now);
    assert_int_equal(run(&f, &command), OUTCOME_KEY_EXPIRED); /* refused, not run again */
    command = with_key("b", "k2", now);
    assert_int_equal(run(&f, &command), OUTCOME_REPEATED);
    command = with_key("c", "k3", now + 1);
    assert_int_equal(run(&f, &command), OUTCOME_DONE);
    assert_int_equal(points_rebuild(f.points), OK);
    command = with_key("d", "", now + 101);
    assert_int_equal(run(&f, &command), OUTCOME_SETTINGS_INVALID);
    char longest[KEY_BYTES_MAX + 2];
    memset(longest, 'k', sizeof longest);
    longest[KEY_BYTES_MAX + 1] = '\0';
    f.stamp.wall_ns = now + 1000;
    command = with_key("d", longest, now + 1000);
    assert_int_equal(run(&f, &command), OUTCOME_SETTINGS_INVALID);
    longest[KEY_BYTES_MAX] = '\0';
    command = with_key("d", longest, now + 1000);
    assert_int_equal(run(&f, &command), OUTCOME_DONE);
    command.tenant = 2; /* the same key of another tenant is another key */
    assert_int_equal(run(&f, &command), OUTCOME_DONE);
    fixture_close(&f);
}

/* A key stamped ahead of the batch must not leave before its own stamp is too old. */
static void test_key_from_ahead(void **arg)
{
    (void)arg;
    struct fixture f;
    struct points_limits limits = points_limits_default;
    limits.key_keep_ns = 100;
    fixture_open_limited(&f, &limits);
    int64_t now = f.stamp.wall_ns;
    struct command command = with_key("a", "k1", now + 50);
    assert_int_equal(run(&f, &command), OUTCOME_DONE);
    f.stamp.wall_ns = now + 150;
    assert_int_equal(run(&f, &command), OUTCOME_REPEATED);
    f.stamp.wall_ns = now + 151;
    assert_int_equal(run(&f, &command), OUTCOME_KEY_EXPIRED);
    fixture_close(&f);
}

static void test_outcomes_past_capacity(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    f.effects.outcome_capacity = 1;
    struct fact fact = {.kind = FACT_COMMAND, .command = command_of(COMMAND_CREATE, "a")};
    for (int i = 0; i < 3; i++)
        assert_int_equal(points_apply_fact(f.points, &fact, &f.stamp, &f.effects), OK);
    assert_int_equal(f.effects.outcome_count, 3);
    assert_int_equal(f.outcomes[0].code, OUTCOME_DONE);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),         cmocka_unit_test(test_points_max),
        cmocka_unit_test(test_unknown),        cmocka_unit_test(test_change),
        cmocka_unit_test(test_type_fixed),     cmocka_unit_test(test_settings_valid),
        cmocka_unit_test(test_limits_valid),   cmocka_unit_test(test_rename),
        cmocka_unit_test(test_retire),         cmocka_unit_test(test_settings_budget),
        cmocka_unit_test(test_sequences),      cmocka_unit_test(test_free_keys),
        cmocka_unit_test(test_key_from_ahead), cmocka_unit_test(test_outcomes_past_capacity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
