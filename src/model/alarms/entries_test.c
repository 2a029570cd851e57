/* The journal of alarms: entries in order, what of them is not written so far, the answers that
 * come back as records; the newest list, and the first of a group. */
#include "model/alarms/fixture.h"

#define S NS_PER_S

/* Takes the form of the i-th unwritten entry into bytes. */
static struct fact_entry unwritten(const struct fixture *f, uint64_t i,
                                   uint8_t bytes[FORM_BYTES_MAX])
{
    struct form_writer form = {.at = bytes, .capacity = FORM_BYTES_MAX};
    struct fact_entry entry = {.module = MODULE_ALARMS};
    entry.tenant = alarms_unwritten_form(f->alarms, i, &form);
    assert_true(form_end(&form, &entry.form));
    return entry;
}

static bool agrees(struct fixture *f, const struct fact_entry *entry)
{
    bool same;
    f->stamp.position++;
    assert_int_equal(alarms_apply_entry(f->alarms, entry, &f->stamp, &same), OK);
    return same;
}

/* Three alarms, and two acts between them, which are not computed. */
static uint32_t plant(struct fixture *f)
{
    fixture_open(f);
    uint32_t point = fixture_row(f, 1, "p", "a b c", VALUE_FLOAT64);
    uint32_t rule = fixture_limit(f, "hot", RULE_HIGH, RULE_ON_PATTERN, "#", 80);
    for (uint32_t i = 0; i < 3; i++) {
        fixture_later(f, S, point + i, 90 + i);
        uint64_t alarm = fixture_alarm(f, rule, point + i).alarm;
        assert_int_equal(fixture_act(f, ALARM_ACT_COMMENT, alarm, 0, "ann", "x").code,
                         OUTCOME_DONE);
    }
    return point;
}

static void test_what_is_computed_is_written_in_order(void **arg)
{
    (void)arg;
    static uint8_t bytes[3][FORM_BYTES_MAX];
    struct fixture f;
    struct fact_entry entries[3];
    (void)plant(&f);
    assert_int_equal(alarms_entries(f.alarms), 6);
    assert_int_equal(alarms_unwritten(f.alarms), 3);
    for (uint64_t i = 3; i-- > 0;) /* in any order */
        entries[i] = unwritten(&f, i, bytes[i]);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(form_integer(entries[i].form, ENTRY_TAG_NUMBER, 0), 1 + 2 * i);
        assert_int_equal(entries[i].tenant, 1);
        assert_true(form_real(entries[i].form, ENTRY_TAG_VALUE, 0) == 90 + (double)i);
        assert_true(agrees(&f, &entries[i]));
        assert_int_equal(alarms_unwritten(f.alarms), 2 - i);
    }
    assert_false(agrees(&f, &entries[2])); /* nothing is left to be answered */
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

static void test_an_answer_that_says_something_else(void **arg)
{
    (void)arg;
    static uint8_t bytes[2][FORM_BYTES_MAX];
    uint8_t other[64];
    struct fixture f;
    (void)plant(&f);
    struct fact_entry head = unwritten(&f, 0, bytes[0]);
    struct fact_entry third = unwritten(&f, 2, bytes[1]);
    struct form_writer form = {.at = other, .capacity = sizeof other};
    struct fact_entry wrong = {.module = MODULE_ALARMS, .tenant = 1};
    form_put_integer(&form, ENTRY_TAG_NUMBER, 1);
    assert_true(form_end(&form, &wrong.form));
    wrong.module = MODULE_ASSETS;
    assert_false(agrees(&f, &wrong)); /* of another module: not ours */
    assert_int_equal(alarms_unwritten(f.alarms), 3);
    head.tenant = 2;
    assert_false(agrees(&f, &head)); /* taken all the same */
    assert_int_equal(alarms_unwritten(f.alarms), 2);
    wrong.module = MODULE_ALARMS;
    assert_false(agrees(&f, &wrong)); /* of one that was written: passed over */
    assert_int_equal(alarms_unwritten(f.alarms), 2);
    assert_true(agrees(&f, &third)); /* the one before it was lost */
    assert_int_equal(alarms_unwritten(f.alarms), 0);
    fixture_close(&f);
}

static void test_entries_by_time(void **arg)
{
    (void)arg;
    struct fixture f;
    struct alarm_entry entry;
    (void)plant(&f);
    alarms_entry(f.alarms, 3, &entry);
    assert_int_equal(alarms_entry_at(f.alarms, entry.wall_ns), 3);
    assert_int_equal(alarms_entry_at(f.alarms, entry.wall_ns + 1), 5);
    assert_int_equal(alarms_entry_at(f.alarms, 0), 1);
    assert_int_equal(alarms_entry_at(f.alarms, INT64_MAX), 7);
    assert_int_equal(alarms_entries_first(f.alarms), 1);
    fixture_close(&f);
}

static void test_the_newest_change_comes_first(void **arg)
{
    (void)arg;
    struct fixture f;
    struct alarm_view view;
    uint32_t point = plant(&f);
    uint32_t row = alarms_newest(f.alarms, 1);
    for (uint32_t i = 3; i-- > 0; row = alarms_next(f.alarms, row)) {
        assert_true(alarms_row(f.alarms, row, &view));
        assert_int_equal(view.point, point + i);
    }
    assert_int_equal(row, 0);
    fixture_put(&f, point, 0);
    assert_true(alarms_row(f.alarms, alarms_newest(f.alarms, 1), &view));
    assert_int_equal(view.point, point);
    assert_int_equal(view.entry_last, alarms_entries(f.alarms));
    fixture_close(&f);
}

static void test_the_first_of_a_group(void **arg)
{
    (void)arg;
    struct fixture f;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "a b", VALUE_FLOAT64);
    struct form_writer *form = say_rule(&said, "hot", RULE_HIGH, RULE_ON_PATTERN, "#");
    form_put_real(form, RULE_TAG_LIMIT, 80);
    form_put_text(form, RULE_TAG_GROUP, bytes_text("trip"));
    form_put_integer(form, RULE_TAG_NO_ACKNOWLEDGE, 1);
    uint32_t rule = fixture_rule(&f, &said);
    fixture_put(&f, point + 1, 90);
    assert_true(fixture_entry(&f).flags & ALARM_ENTRY_FIRST_OUT);
    fixture_put(&f, point, 90);
    assert_false(fixture_entry(&f).flags & ALARM_ENTRY_FIRST_OUT);
    assert_true(fixture_alarm(&f, rule, point + 1).first_out);
    assert_false(fixture_alarm(&f, rule, point).first_out);
    fixture_put(&f, point + 1, 0); /* one of them still stands */
    fixture_put(&f, point + 1, 90);
    assert_false(fixture_entry(&f).flags & ALARM_ENTRY_FIRST_OUT);
    fixture_put(&f, point, 0);
    fixture_put(&f, point + 1, 0); /* all of it is normal */
    fixture_put(&f, point, 90);
    assert_true(fixture_entry(&f).flags & ALARM_ENTRY_FIRST_OUT);
    assert_int_equal(fixture_remove(&f, "hot").code, OUTCOME_DONE);
    fixture_settle(&f);
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

/* The ring goes round: the oldest entries go, and what was never written of them is given up. */
static void test_the_ring_goes_round(void **arg)
{
    (void)arg;
    static uint8_t bytes[FORM_BYTES_MAX], early_bytes[FORM_BYTES_MAX];
    struct fixture f;
    struct alarm_entry entry;
    struct said said;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, 1, "p", "a", VALUE_FLOAT64);
    struct form_writer *form = say_rule(&said, "hot", RULE_HIGH, RULE_ON_PATTERN, "#");
    form_put_real(form, RULE_TAG_LIMIT, 80);
    form_put_integer(form, RULE_TAG_NO_ACKNOWLEDGE, 1);
    form_put_integer(form, RULE_TAG_CHATTER, 0);
    (void)fixture_rule(&f, &said);
    fixture_put(&f, point, 90);
    struct fact_entry early = unwritten(&f, 0, early_bytes); /* it is on its way all the while */
    for (uint32_t i = 1; i < ALARM_ENTRIES_KEPT + 10; i++)
        fixture_put(&f, point, i % 2 == 0 ? 90 : 10);
    assert_int_equal(alarms_entries(f.alarms), ALARM_ENTRIES_KEPT + 10);
    assert_int_equal(alarms_entries_first(f.alarms), 11);
    assert_int_equal(alarms_unwritten(f.alarms), ALARM_ENTRIES_KEPT);
    assert_true(agrees(&f, &early)); /* nothing is left to compare it with */
    assert_int_equal(alarms_unwritten(f.alarms), ALARM_ENTRIES_KEPT);
    alarms_entry(f.alarms, 11, &entry);
    assert_int_equal(entry.number, 11);
    struct fact_entry head = unwritten(&f, 0, bytes);
    assert_int_equal(form_integer(head.form, ENTRY_TAG_NUMBER, 0), 11);
    assert_true(agrees(&f, &head));
    assert_int_equal(fixture_rebuild(&f), OK);
    fixture_close(&f);
}

/* A flood of comments: past the limit they are cut to some words, and no character in two. */
static void test_texts_of_entries_have_a_limit(void **arg)
{
    (void)arg;
    enum { LONG = 1600, HELD = 5 };
    struct alarms_limits limits = alarms_limits_default;
    struct fixture f;
    char comment[LONG + 1] = "";
    size_t size = 0;
    limits.entries_bytes_max = HELD * LONG + LONG / 2;
    fixture_open_limited(&f, &limits, FIXTURE_TIMERS);
    while (size + 3 <= LONG)
        size += (size_t)sprintf(comment + size, "\xe7\x81\xab");
    uint32_t point = fixture_row(&f, 1, "p", "a", VALUE_FLOAT64);
    uint32_t rule = fixture_limit(&f, "hot", RULE_HIGH, RULE_ON_PATTERN, "#", 80);
    fixture_put(&f, point, 90);
    uint64_t alarm = fixture_alarm(&f, rule, point).alarm;
    unsigned whole = 0;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(fixture_act(&f, ALARM_ACT_COMMENT, alarm, 0, "ann", comment).code,
                         OUTCOME_DONE);
        struct bytes text = fixture_entry(&f).text;
        assert_true(bytes_are_utf8(text));
        whole += text.size == size;
        assert_true(text.size == size || (text.size <= 64 && text.size > 60));
        if (i == 10)
            assert_int_equal(fixture_rebuild(&f), OK);
    }
    assert_in_range(whole, 2, HELD);
    assert_int_equal(fixture_alarm(&f, rule, point).comment.size, size); /* the newest is whole */
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_computed_is_written_in_order),
        cmocka_unit_test(test_an_answer_that_says_something_else),
        cmocka_unit_test(test_entries_by_time),
        cmocka_unit_test(test_the_newest_change_comes_first),
        cmocka_unit_test(test_the_first_of_a_group),
        cmocka_unit_test(test_the_ring_goes_round),
        cmocka_unit_test(test_texts_of_entries_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
