/* Erasures, corrections, annotations: what they take, keep and tell. */
#include "model/archive/fixture.h"

static struct bytes filled(char *text, size_t size)
{
    memset(text, 't', size);
    return bytes_of(text, size);
}

/* ---- erasures ----------------------------------------------------------------------------------
 */
static void test_erase(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint32_t a = fixture_row(&f, 1, "a", 4, VALUE_FLOAT64),
             b = fixture_row(&f, 1, "b", 4, VALUE_STRING);
    struct value number = value_number(VALUE_FLOAT64, 7),
                 text = {.type = VALUE_STRING, .present = true, .text = bytes_text("running")};
    for (uint32_t i = 0; i < 4; i++) {
        fixture_sample(&f, a + i, 100, &number);
        fixture_sample(&f, b + i, 200, &text);
    }
    const struct point_range ranges[] = {{a, 2}, {b + 1, 1}};
    struct command command = erase_command(0, ranges, 2, 100, 201);
    uint64_t before = f.stamp.position;
    struct outcome outcome = fixture_command(&f, &command);
    assert_int_equal(outcome.code, OUTCOME_DONE);
    assert_int_equal(outcome.number, 1);
    assert_int_equal(f.effects.erased_group, 1);
    struct point_view view;
    points_view(f.points, a, &view);
    assert_false(view.value.present);
    assert_int_equal(view.time_ns, 0);
    points_view(f.points, b + 1, &view);
    assert_false(view.value.present);
    assert_int_equal(view.value.text.size, 0);
    points_view(f.points, a + 2, &view);
    assert_true(view.value.present);
    points_view(f.points, b, &view);
    assert_text(view.value.text, "running");
    /* An older sample becomes live again; the type stays. */
    fixture_sample(&f, a, 50, &number);
    points_view(f.points, a, &view);
    assert_int_equal(view.time_ns, 50);
    assert_true(archive_is_erased(f.archive, a, 100, before));
    assert_true(archive_is_erased(f.archive, a + 1, 200, before));
    assert_true(archive_is_erased(f.archive, b + 1, 150, before));
    assert_false(archive_is_erased(f.archive, a, 99, before));
    assert_false(archive_is_erased(f.archive, a, 201, before));
    assert_false(archive_is_erased(f.archive, a + 2, 150, before));
    assert_false(archive_is_erased(f.archive, b, 150, before));
    assert_false(archive_is_erased(f.archive, a, 150, f.stamp.position)); /* it came later */
    struct erasure_view erasure;
    archive_erasure(f.archive, 1, &erasure);
    assert_true(erasure.complete && erasure.points == 3 && erasure.groups == 1);
    assert_text(erasure.pattern, "a/#");
    assert_text(erasure.reason, "test");
    assert_text(erasure.author, "me");
    struct erased_group group;
    archive_group(f.archive, 1, &group);
    assert_true(group.points == 3 && group.ranges == 2 && group.least == a &&
                group.greatest == b + 1 && group.position == f.stamp.position);
    struct point_range got[4];
    assert_int_equal(archive_group_ranges(f.archive, 1, 0, got, 4), 2);
    assert_memory_equal(got, ranges, sizeof ranges);
    assert_int_equal(archive_group_ranges(f.archive, 1, 1, got, 4), 1);
    assert_int_equal(archive_group_ranges(f.archive, 1, 2, got, 4), 0);
    fixture_close(&f);
}

/* The live value's type is one that had values, even while none is shown. */
static void test_erased_keeps_its_type(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint32_t a = fixture_row(&f, 1, "a", 1, VALUE_INT64);
    struct value number = value_number(VALUE_INT64, 7);
    fixture_sample(&f, a, 100, &number);
    const struct point_range range = {a, 1};
    struct command command = erase_command(0, &range, 1, TIME_MIN_NS, TIME_MAX_NS);
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_DONE);
    struct fact change = {.kind = FACT_COMMAND,
                          .command = {.kind = COMMAND_CHANGE,
                                      .tenant = 1,
                                      .path = bytes_text("a/0"),
                                      .settings = {.has = HAS_TYPE, .type = VALUE_BOOL}}};
    f.stamp.position++;
    f.point_effects.outcome_count = 0;
    assert_int_equal(points_apply_fact(f.points, &change, &f.stamp, &f.point_effects), OK);
    assert_int_equal(f.point_outcomes[0].code, OUTCOME_TYPE_FIXED);
    fixture_close(&f);
}

static void test_an_erasure_of_several_commands(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint32_t a = fixture_row(&f, 1, "a", 200, VALUE_FLOAT64);
    const struct point_range first = {a, 10}, second = {a + 20, 10};
    struct command command = erase_command(0, &first, 1, 10, 20);
    command.erase.complete = false;
    assert_int_equal(fixture_command(&f, &command).number, 1);
    struct erasure_view view;
    archive_erasure(f.archive, 1, &view);
    assert_false(view.complete);
    struct command next = erase_command(1, &second, 1, 0, 0);
    next.tenant = 2;
    assert_int_equal(fixture_command(&f, &next).code, OUTCOME_UNKNOWN_ERASURE);
    next.tenant = 1;
    assert_int_equal(fixture_command(&f, &next).number, 1);
    archive_erasure(f.archive, 1, &view);
    assert_true(view.complete && view.points == 20 && view.groups == 2);
    assert_true(view.position_last > view.position);
    assert_int_equal(fixture_command(&f, &next).code, OUTCOME_UNKNOWN_ERASURE); /* complete */
    next.erase.erasure = 2;
    assert_int_equal(fixture_command(&f, &next).code, OUTCOME_UNKNOWN_ERASURE);
    assert_true(archive_is_erased(f.archive, a + 25, 15, 1));
    assert_false(archive_is_erased(f.archive, a + 15, 15, 1));
    fixture_close(&f);
}

static void test_what_cannot_be_erased(void **state)
{
    (void)state;
    static const struct archive_limits limits = {.policies_max = 1,
                                                 .erasures_max = 2,
                                                 .groups_max = 3,
                                                 .ranges_max = 4,
                                                 .notes_max = 1,
                                                 .texts_bytes_max = 4096};
    struct fixture f;
    fixture_open_limited(&f, &limits);
    uint32_t a = fixture_row(&f, 1, "a", 10, VALUE_FLOAT64);
    uint32_t other = fixture_row(&f, 2, "a", 10, VALUE_FLOAT64);
    const struct point_range good = {a, 10}, too_far = {other, 11}, foreign = {a, 11},
                             four[] = {{a, 1}, {a + 2, 1}, {a + 4, 1}, {a + 6, 1}};
    const struct {
        const struct point_range *ranges;
        uint16_t count;
        int64_t from_ns, to_ns;
        enum outcome_code code;
    } cases[] = {{&too_far, 1, 0, 1, OUTCOME_UNKNOWN_POINT},
                 {&foreign, 1, 0, 1, OUTCOME_UNKNOWN_POINT},
                 {&good, 1, 1, 1, OUTCOME_TIME_INVALID},
                 {&good, 1, -1, 1, OUTCOME_TIME_INVALID},
                 {&good, 1, 0, TIME_MAX_NS + 1, OUTCOME_TIME_INVALID},
                 {&good, 1, 0, TIME_MAX_NS, OUTCOME_DONE},
                 {four, 4, 0, 1, OUTCOME_ARCHIVE_FULL}, /* ranges: one is used */
                 {four, 3, 0, 1, OUTCOME_DONE},
                 {&good, 0, 0, 1, OUTCOME_ARCHIVE_FULL}}; /* erasures */
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct command command =
            erase_command(0, cases[i].ranges, cases[i].count, cases[i].from_ns, cases[i].to_ns);
        assert_int_equal(fixture_command(&f, &command).code, cases[i].code);
        assert_int_equal(f.effects.erased_group != 0, cases[i].code == OUTCOME_DONE);
    }
    fixture_close(&f);
}

static void test_points_of_one_command(void **state)
{
    (void)state;
    struct fixture f;
    char name[16];
    fixture_open(&f);
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof name, "r%d", i);
        fixture_row(&f, 1, name, 256, VALUE_FLOAT64);
    }
    const struct point_range most = {1, ERASE_POINTS_MAX}, more = {1, ERASE_POINTS_MAX + 1};
    struct command command = erase_command(0, &more, 1, 0, 1);
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_UNKNOWN_POINT);
    command.erase.ranges = &most;
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_DONE);
    fixture_close(&f);
}

/* ---- corrections -------------------------------------------------------------------------------
 */
static void test_correct(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint32_t a = fixture_row(&f, 1, "a", 2, VALUE_FLOAT64),
             b = fixture_row(&f, 1, "b", 1, VALUE_STRING);
    struct value number = value_number(VALUE_FLOAT64, 215);
    number.scale = 1;
    struct command command = correct_command("a/1", 100, &number);
    command.correct.there = true;
    command.correct.original = value_of_real(99.5);
    command.correct.author = bytes_text("Li Wei");
    struct outcome outcome = fixture_command(&f, &command);
    assert_int_equal(outcome.code, OUTCOME_DONE);
    assert_true(outcome.number == 1 && outcome.point == a + 1);
    assert_true(f.effects.corrected && f.effects.point == a + 1 && f.effects.time_ns == 100);
    assert_int_equal(f.effects.value.quality, QUALITY_GOOD_EDITED);
    struct correction_view view;
    archive_correction(f.archive, 1, &view);
    assert_true(view.point == a + 1 && view.time_ns == 100 && view.there);
    assert_true(value_real(&view.value) == 21.5 && value_real(&view.original) == 99.5);
    assert_int_equal(view.value.quality, QUALITY_GOOD_EDITED);
    assert_int_equal(view.original.quality, QUALITY_GOOD);
    assert_text(view.reason, "calibrated");
    assert_text(view.author, "Li Wei");
    /* A text, and nothing there before; a quality that is not good stays. */
    struct value text = {.type = VALUE_STRING,
                         .present = true,
                         .text = bytes_text("off"),
                         .quality = QUALITY_UNCERTAIN_SUBSTITUTE};
    command = correct_command("b/0", 7, &text);
    assert_int_equal(fixture_command(&f, &command).number, 2);
    archive_correction(f.archive, 2, &view);
    assert_text(view.value.text, "off");
    assert_true(!view.there && view.point == b);
    assert_int_equal(view.value.quality, QUALITY_UNCERTAIN_SUBSTITUTE);
    command = correct_command("a/1", 100, &number);
    assert_int_equal(fixture_command(&f, &command).number, 3);
    assert_int_equal(archive_correction_newest(f.archive, a + 1), 3);
    assert_int_equal(archive_correction_before(f.archive, 3), 1);
    assert_int_equal(archive_correction_before(f.archive, 1), 0);
    assert_int_equal(archive_correction_newest(f.archive, b), 2);
    assert_int_equal(archive_correction_newest(f.archive, a), 0);
    fixture_close(&f);
}

static void test_what_cannot_be_corrected(void **state)
{
    (void)state;
    static char long_text[STRING_VALUE_MAX + 1];
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, 1, "a", 2, VALUE_FLOAT64);
    struct value number = value_number(VALUE_FLOAT64, 1), integer = value_number(VALUE_INT64, 1);
    struct value absent = {.type = VALUE_FLOAT64},
                 bad = {.type = VALUE_FLOAT64, .quality = QUALITY_BAD};
    struct value odd = number;
    odd.quality = 0x7f;
    const struct {
        const char *path;
        int64_t time_ns;
        const struct value *value;
        enum outcome_code code;
    } cases[] = {{"a/2", 0, &number, OUTCOME_UNKNOWN_POINT},
                 {"a/1", -1, &number, OUTCOME_TIME_INVALID},
                 {"a/1", TIME_MAX_NS, &number, OUTCOME_TIME_INVALID},
                 {"a/1", TIME_MAX_NS - 1, &number, OUTCOME_DONE},
                 {"a/1", 0, &integer, OUTCOME_VALUE_INVALID},
                 {"a/1", 0, &absent, OUTCOME_VALUE_INVALID}, /* good, and no value */
                 {"a/1", 0, &odd, OUTCOME_VALUE_INVALID},
                 {"a/1", 0, &bad, OUTCOME_DONE}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct command command = correct_command(cases[i].path, cases[i].time_ns, cases[i].value);
        assert_int_equal(fixture_command(&f, &command).code, cases[i].code);
        assert_int_equal(f.effects.corrected, cases[i].code == OUTCOME_DONE);
    }
    struct command command = correct_command("a/1", 0, &number);
    command.correct.reason = filled(long_text, REASON_BYTES_MAX);
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_DONE);
    command.correct.reason = filled(long_text, REASON_BYTES_MAX + 1);
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_TEXT_INVALID);
    command.correct.reason = bytes_text("\xff");
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_TEXT_INVALID);
    fixture_close(&f);
}

/* ---- annotations -------------------------------------------------------------------------------
 */
static void test_annotate(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint32_t a = fixture_row(&f, 1, "a", 2, VALUE_FLOAT64);
    struct command command = annotate_command("a/0", 100, 200, "door open");
    assert_int_equal(fixture_command(&f, &command).number, 1);
    command = annotate_command("a/1", 5, 5, "x");
    assert_int_equal(fixture_command(&f, &command).number, 2);
    command = annotate_command("a/0", TIME_MIN_NS, TIME_MAX_NS, "the north one");
    assert_int_equal(fixture_command(&f, &command).number, 3);
    struct annotation_view view;
    archive_annotation(f.archive, 1, &view);
    assert_true(view.point == a && !view.removed);
    assert_text(view.text, "door open");
    assert_text(view.author, "me");
    assert_true(annotation_overlaps(&view, 150, 160) && annotation_overlaps(&view, 200, 300) &&
                annotation_overlaps(&view, 50, 101));
    assert_false(annotation_overlaps(&view, 50, 100) || annotation_overlaps(&view, 201, 300));
    assert_int_equal(archive_annotation_newest(f.archive, a), 3);
    assert_int_equal(archive_annotation_before(f.archive, 3), 1);
    struct command removal = command_of(COMMAND_ANNOTATION_REMOVE);
    removal.annotate.annotation = 1;
    removal.tenant = 2;
    assert_int_equal(fixture_command(&f, &removal).code, OUTCOME_UNKNOWN_ANNOTATION);
    removal.tenant = 1;
    assert_int_equal(fixture_command(&f, &removal).number, 1);
    assert_int_equal(fixture_command(&f, &removal).code, OUTCOME_UNKNOWN_ANNOTATION);
    removal.annotate.annotation = 0;
    assert_int_equal(fixture_command(&f, &removal).code, OUTCOME_UNKNOWN_ANNOTATION);
    removal.annotate.annotation = 4;
    assert_int_equal(fixture_command(&f, &removal).code, OUTCOME_UNKNOWN_ANNOTATION);
    archive_annotation(f.archive, 1, &view);
    assert_true(view.removed && view.removed_wall_ns == f.stamp.wall_ns);
    assert_text(view.text, "door open");
    fixture_close(&f);
}

static void test_what_cannot_be_said(void **state)
{
    (void)state;
    static char long_text[ANNOTATION_BYTES_MAX + 1];
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, 1, "a", 1, VALUE_FLOAT64);
    const struct {
        const char *path, *text;
        int64_t from_ns, to_ns;
        enum outcome_code code;
    } cases[] = {{"a/1", "x", 0, 0, OUTCOME_UNKNOWN_POINT},
                 {"a/0", "", 0, 0, OUTCOME_TEXT_INVALID},
                 {"a/0", "\xff", 0, 0, OUTCOME_TEXT_INVALID},
                 {"a/0", "x", 5, 4, OUTCOME_TIME_INVALID},
                 {"a/0", "x", -1, 4, OUTCOME_TIME_INVALID},
                 {"a/0", "x", 1, TIME_MAX_NS, OUTCOME_TIME_INVALID},
                 {"a/0", "x", 0, TIME_MAX_NS - 1, OUTCOME_DONE}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct command command =
            annotate_command(cases[i].path, cases[i].from_ns, cases[i].to_ns, cases[i].text);
        assert_int_equal(fixture_command(&f, &command).code, cases[i].code);
    }
    struct command command = annotate_command("a/0", 0, 0, "");
    command.annotate.text = filled(long_text, ANNOTATION_BYTES_MAX);
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_DONE);
    command.annotate.text = filled(long_text, ANNOTATION_BYTES_MAX + 1);
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_TEXT_INVALID);
    fixture_close(&f);
}

static void test_limits_of_notes_and_texts(void **state)
{
    (void)state;
    struct archive_limits limits = archive_limits_default;
    struct fixture f;
    limits.notes_max = 2;
    fixture_open_limited(&f, &limits);
    fixture_row(&f, 1, "a", 1, VALUE_FLOAT64);
    struct value number = value_number(VALUE_FLOAT64, 1);
    struct command annotation = annotate_command("a/0", 0, 0, "x");
    struct command correction = correct_command("a/0", 0, &number);
    assert_int_equal(fixture_command(&f, &annotation).code, OUTCOME_DONE);
    assert_int_equal(fixture_command(&f, &correction).code, OUTCOME_DONE);
    assert_int_equal(fixture_command(&f, &annotation).code, OUTCOME_ARCHIVE_FULL);
    assert_int_equal(fixture_command(&f, &correction).code, OUTCOME_ARCHIVE_FULL);
    assert_false(f.effects.corrected);
    fixture_close(&f);
    limits = archive_limits_default;
    limits.texts_bytes_max = 6 * 16; /* two texts of one unit each count twice */
    fixture_open_limited(&f, &limits);
    fixture_row(&f, 1, "a", 1, VALUE_FLOAT64);
    assert_int_equal(fixture_command(&f, &annotation).code, OUTCOME_DONE);
    assert_int_equal(fixture_command(&f, &annotation).code, OUTCOME_DONE);
    assert_int_equal(fixture_command(&f, &annotation).code, OUTCOME_ARCHIVE_FULL);
    fixture_close(&f);
}

/* ---- keys --------------------------------------------------------------------------------------
 */
static void test_keys(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, 1, "a", 1, VALUE_FLOAT64);
    struct command command = annotate_command("a/0", 0, 0, "once");
    command.key_kind = KEY_FREE;
    command.key = bytes_text("k");
    command.key_wall_ns = f.stamp.wall_ns;
    assert_int_equal(fixture_command(&f, &command).number, 1);
    struct outcome again = fixture_command(&f, &command);
    assert_int_equal(again.code, OUTCOME_REPEATED);
    assert_int_equal(again.first_code, OUTCOME_DONE);
    assert_true(again.number == 1 && again.point == POINT_NONE);
    assert_int_equal(archive_annotations(f.archive), 1);
    /* A correction that is repeated makes no sample. */
    struct value number = value_number(VALUE_FLOAT64, 1);
    struct command correction = correct_command("a/0", 0, &number);
    correction.key_kind = KEY_SEQUENCE;
    correction.client = bytes_text("c");
    correction.sequence = 1;
    assert_int_equal(fixture_command(&f, &correction).number, 1);
    assert_true(f.effects.corrected);
    again = fixture_command(&f, &correction);
    assert_true(again.code == OUTCOME_REPEATED && again.number == 1 && !f.effects.corrected);
    /* The key of a command about a point has no number. */
    struct fact create = {.kind = FACT_COMMAND,
                          .command = {.kind = COMMAND_CREATE,
                                      .tenant = 1,
                                      .key_kind = KEY_FREE,
                                      .key = bytes_text("p"),
                                      .key_wall_ns = f.stamp.wall_ns,
                                      .path = bytes_text("new")}};
    f.stamp.position++;
    assert_int_equal(points_apply_fact(f.points, &create, &f.stamp, &f.point_effects), OK);
    command.key = bytes_text("p");
    again = fixture_command(&f, &command);
    assert_true(again.code == OUTCOME_REPEATED && again.number == 0 && again.point == 2);
    fixture_close(&f);
}

static void test_what_is_no_command(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct fact fact = {.kind = FACT_TICK};
    uint64_t hash = state_hash(f.state);
    assert_int_equal(archive_apply_fact(f.archive, f.points, &fact, &f.stamp, &f.effects), OK);
    static const uint8_t kinds[] = {0, COMMAND_RETIRE, COMMAND_ANNOTATION_REMOVE + 1, 255};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        fact = (struct fact){.kind = FACT_ARCHIVE, .command = {.kind = kinds[i]}};
        assert_int_equal(archive_apply_fact(f.archive, f.points, &fact, &f.stamp, &f.effects),
                         ERR_CORRUPT);
    }
    assert_true(state_hash(f.state) == hash);
    fixture_close(&f);
}

/* From rules 2 on a tenant has a tenth of all notes, counted anew after a start as well. */
static void test_a_tenant_leaves_something(void **arg)
{
    (void)arg;
    struct fixture f;
    struct fact start = {.kind = FACT_START, .start = {.reducer_version = ARCHIVE_RULES_2}};
    struct archive_limits limits = archive_limits_default;
    limits.notes_max = 100;
    fixture_open_limited(&f, &limits);
    fixture_row(&f, 2, "a", 1, VALUE_FLOAT64);
    fixture_row(&f, 1, "b", 1, VALUE_FLOAT64);
    struct command note = annotate_command("a/0", 1000, 1000, "checked");
    note.tenant = 2;
    struct value value = value_number(VALUE_FLOAT64, 0);
    struct command correct = correct_command("a/0", 1000, &value);
    correct.tenant = 2;
    assert_int_equal(fixture_command(&f, &note).code,
                     OUTCOME_DONE); /* before, counted all the same */
    assert_int_equal(archive_apply_fact(f.archive, f.points, &start, &f.stamp, &f.effects), OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(fixture_command(&f, &note).code, OUTCOME_DONE);
    assert_int_equal(archive_rebuild(f.archive, f.points), OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(fixture_command(&f, &correct).code,
                         i < 4 ? OUTCOME_DONE : OUTCOME_ARCHIVE_FULL);
    assert_int_equal(fixture_command(&f, &note).code, OUTCOME_ARCHIVE_FULL);
    struct command other = annotate_command("b/0", 1000, 1000, "of the house");
    for (int i = 0; i < 91; i++)
        assert_int_equal(fixture_command(&f, &other).code,
                         i < 90 ? OUTCOME_DONE : OUTCOME_ARCHIVE_FULL);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_tenant_leaves_something),
        cmocka_unit_test(test_erase),
        cmocka_unit_test(test_erased_keeps_its_type),
        cmocka_unit_test(test_an_erasure_of_several_commands),
        cmocka_unit_test(test_what_cannot_be_erased),
        cmocka_unit_test(test_points_of_one_command),
        cmocka_unit_test(test_correct),
        cmocka_unit_test(test_what_cannot_be_corrected),
        cmocka_unit_test(test_annotate),
        cmocka_unit_test(test_what_cannot_be_said),
        cmocka_unit_test(test_limits_of_notes_and_texts),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_what_is_no_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
