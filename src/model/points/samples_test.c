/* Samples: which value is live, and what its limits say. */
#include "model/points/fixture.h"

static struct fixture opened(const char *metrics, uint8_t type)
{
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_row(&f, 1, true, "dev", metrics, type), OK);
    return f;
}

/* The struct moved: the outcomes' array is another one now. */
static void settle(struct fixture *f)
{
    f->effects.outcomes = f->outcomes;
}

static void put(struct fixture *f, uint32_t point, int64_t time_ns, struct value value)
{
    assert_int_equal(fixture_sample(f, point, time_ns, &value), OK);
}

static void test_late_equal_new(void **arg)
{
    (void)arg;
    struct fixture f = opened("a", VALUE_INT64);
    settle(&f);
    put(&f, 1, 100, value_number(VALUE_INT64, 7));
    struct point_view view = fixture_view(&f, 1);
    assert_true(view.value.present && view.value.number == 7 && view.time_ns == 100);
    assert_int_equal(view.arrival_ns, 105);
    put(&f, 1, 99, value_number(VALUE_INT64, 8)); /* late: counted, not shown */
    assert_int_equal(f.effects.samples, 2);
    assert_int_equal(f.effects.samples_late, 1);
    assert_int_equal(fixture_view(&f, 1).value.number, 7);
    put(&f, 1, 100, value_number(VALUE_INT64, 9)); /* equal: the last written wins */
    assert_int_equal(fixture_view(&f, 1).value.number, 9);
    put(&f, 1, 101, value_number(VALUE_INT64, INT64_MIN));
    assert_true(fixture_view(&f, 1).value.number == INT64_MIN);
    assert_int_equal(f.effects.samples, 4);
    assert_int_equal(f.effects.samples_unknown, 0);
    fixture_close(&f);
}

static void test_time_zero_is_a_time(void **arg)
{
    (void)arg;
    struct fixture f = opened("a", VALUE_BOOL);
    settle(&f);
    put(&f, 1, 0, value_number(VALUE_BOOL, 1));
    assert_true(fixture_view(&f, 1).value.present);
    put(&f, 1, -1, value_number(VALUE_BOOL, 0));
    assert_int_equal(f.effects.samples_late, 1);
    fixture_close(&f);
}

static void test_not_present(void **arg)
{
    (void)arg;
    struct fixture f = opened("a b", VALUE_FLOAT64);
    settle(&f);
    put(&f, 1, 100, value_of_real(21.35));
    struct point_view view = fixture_view(&f, 1);
    assert_true(value_real(&view.value) == 21.35);
    put(&f, 1, 110,
        (struct value){.type = VALUE_FLOAT64, .quality = QUALITY_BAD_NO_VALUE, .number = 77});
    view = fixture_view(&f, 1);
    assert_false(view.value.present);
    assert_int_equal(view.value.quality, QUALITY_BAD_NO_VALUE);
    assert_int_equal(view.value.number, 0);
    assert_int_equal(view.time_ns, 110);
    put(&f, 1, 120, value_of_real(-0.0));
    view = fixture_view(&f, 1);
    assert_true(value_real(&view.value) == 0 && signbit(value_real(&view.value)));
    fixture_close(&f);
}

static void test_unknown(void **arg)
{
    (void)arg;
    struct fixture f = opened("a b", VALUE_FLOAT64);
    settle(&f);
    put(&f, 1, 1, value_number(VALUE_INT64, 1)); /* another type */
    assert_int_equal(f.effects.samples_unknown, 1);
    struct command retire = command_of(COMMAND_RETIRE, "dev/a");
    assert_int_equal(fixture_command(&f, &retire).code, OUTCOME_DONE);
    struct value values[3] = {value_of_real(1), value_of_real(2), value_of_real(3)};
    struct row_shape shape = {1, 1, 2};
    struct sample_row sample = {.row = 1, .count = 2, .time_ns = 5, .values = values};
    assert_int_equal(points_apply_sample(f.points, &shape, &sample, 6, &f.effects), OK);
    assert_int_equal(f.effects.samples_unknown, 2); /* the retired one */
    assert_int_equal(f.effects.samples, 1);
    assert_false(fixture_view(&f, 1).value.present);
    assert_true(fixture_view(&f, 2).value.number == 2);
    uint8_t columns[] = {1, 2}; /* a column beyond the row */
    sample.columns = columns;
    assert_int_equal(points_apply_sample(f.points, &shape, &sample, 6, &f.effects), OK);
    assert_int_equal(f.effects.samples_unknown, 3);
    struct row_shape beyond[] = {{2, 3, 2}, {2, 2, 2}, {0, 0, 2}, {9, UINT32_MAX, 2}, {1, 1, 0}};
    for (size_t i = 0; i < ARRAY_COUNT(beyond); i++)
        assert_int_equal(points_apply_sample(f.points, &beyond[i], &sample, 6, &f.effects), OK);
    assert_int_equal(f.effects.samples_unknown, 3 + 2 * ARRAY_COUNT(beyond));
    fixture_close(&f);
}

static struct value value_text(const char *text)
{
    return (struct value){.type = VALUE_STRING, .present = true, .text = bytes_text(text)};
}

static void test_strings(void **arg)
{
    (void)arg;
    struct fixture f = opened("a b", VALUE_STRING);
    settle(&f);
    char longest[STRING_VALUE_MAX + 1];
    memset(longest, 'z', STRING_VALUE_MAX);
    longest[STRING_VALUE_MAX] = '\0';
    static const char *const texts[] = {"on", "", "off", "a rather longer state of the machine"};
    int64_t time_ns = 1;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
            put(&f, 1, time_ns++, value_text(texts[i]));
            assert_text(fixture_view(&f, 1).value.text, texts[i]);
            assert_true(fixture_view(&f, 1).value.present);
        }
        put(&f, 2, time_ns++, value_text(longest));
        assert_text(fixture_view(&f, 2).value.text, longest);
        put(&f, 2, time_ns++, (struct value){.type = VALUE_STRING});
        assert_int_equal(fixture_view(&f, 2).value.text.size, 0);
        assert_false(fixture_view(&f, 2).value.present);
    }
    put(&f, 1, time_ns, value_text("end"));
    put(&f, 1, time_ns - 1, value_text("late"));
    assert_text(fixture_view(&f, 1).value.text, "end");
    assert_int_equal(points_rebuild(f.points), OK);
    assert_text(fixture_view(&f, 1).value.text, "end");
    fixture_close(&f);
}

static void test_strings_full(void **arg)
{
    (void)arg;
    struct fixture f;
    struct points_limits limits = points_limits_default;
    limits.strings_bytes_max = 64; /* slots of 16, 32, ... bytes; 4 go to the slot's head */
    fixture_open_limited(&f, &limits);
    assert_int_equal(fixture_row(&f, 1, true, "dev", "a b", VALUE_STRING), OK);
    put(&f, 1, 1, value_text("twenty-eight bytes, exactly."));
    put(&f, 2, 1, value_text("twenty-eight bytes, exactly."));
    assert_true(fixture_view(&f, 2).value.present);
    assert_int_equal(f.effects.strings_full, 0);
    put(&f, 2, 2, value_text("twenty-nine bytes, exactly..."));
    struct point_view view = fixture_view(&f, 2);
    assert_false(view.value.present);
    assert_int_equal(view.value.quality, QUALITY_BAD_NO_VALUE);
    assert_int_equal(view.time_ns, 2);
    assert_int_equal(f.effects.strings_full, 1);
    assert_int_equal(f.effects.samples, 3);
    put(&f, 2, 3, value_text("twenty-eight bytes, exactly.")); /* and there is room again */
    assert_true(fixture_view(&f, 2).value.present);
    fixture_close(&f);
}

/* ---- limits
 * ------------------------------------------------------------------------------------------ */

static void set_limits(struct fixture *f, double low_low, double low, double high, double high_high)
{
    struct command change = command_of(COMMAND_CHANGE, "dev/a");
    change.settings =
        (struct point_settings){.has = HAS_LIMITS, .limits = {low_low, low, high, high_high}};
    assert_int_equal(fixture_command(f, &change).code, OUTCOME_DONE);
}

static enum limit_state state_at(struct fixture *f, int64_t time_ns, struct value value)
{
    put(f, 1, time_ns, value);
    return fixture_view(f, 1).limit_state;
}

static void test_limit_states(void **arg)
{
    (void)arg;
    struct fixture f = opened("a", VALUE_FLOAT64);
    settle(&f);
    assert_int_equal(state_at(&f, 1, value_of_real(50)), LIMIT_STATE_NONE);
    set_limits(&f, 10, 20.1, 80.3, 90);
    assert_int_equal(fixture_view(&f, 1).limit_state, LIMIT_STATE_NORMAL); /* at once */
    static const struct {
        double value;
        enum limit_state state;
    } cases[] = {{90, LIMIT_STATE_HIGH_HIGH},
                 {89.999999, LIMIT_STATE_HIGH},
                 {80.3, LIMIT_STATE_HIGH},
                 {80.299999999999997, LIMIT_STATE_HIGH},
                 {80.29999999999998, LIMIT_STATE_NORMAL},
                 {20.100000000000005, LIMIT_STATE_NORMAL},
                 {20.1, LIMIT_STATE_LOW},
                 {10.000001, LIMIT_STATE_LOW},
                 {10, LIMIT_STATE_LOW_LOW},
                 {-1e300, LIMIT_STATE_LOW_LOW}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(state_at(&f, 2, value_of_real(cases[i].value)), cases[i].state);
    struct value none = {.type = VALUE_FLOAT64, .quality = QUALITY_BAD};
    assert_int_equal(state_at(&f, 3, none), LIMIT_STATE_NONE);
    set_limits(&f, NAN, NAN, 5, NAN);
    assert_int_equal(state_at(&f, 4, value_of_real(-7)), LIMIT_STATE_NORMAL);
    assert_int_equal(state_at(&f, 4, value_of_real(5)), LIMIT_STATE_HIGH);
    struct point_view view = fixture_view(&f, 1);
    assert_true(isnan(view.limits[LIMIT_LOW]) && view.limits[LIMIT_HIGH] == 5);
    set_limits(&f, NAN, NAN, NAN, NAN);
    assert_int_equal(fixture_view(&f, 1).limit_state, LIMIT_STATE_NONE);
    fixture_close(&f);
}

/* Beyond 2^53 a conversion to double would round a value onto its limit. */
static void test_limits_of_integers(void **arg)
{
    (void)arg;
    struct fixture f = opened("a", VALUE_INT64);
    settle(&f);
    const int64_t big = INT64_C(1) << 60;
    set_limits(&f, -0x1p63, -2.5, 2.5, 0x1p60);
    static const struct {
        int64_t value;
        enum limit_state state;
    } cases[] = {
        {3, LIMIT_STATE_HIGH}, {2, LIMIT_STATE_NORMAL},          {-2, LIMIT_STATE_NORMAL},
        {-3, LIMIT_STATE_LOW}, {INT64_MIN + 1, LIMIT_STATE_LOW}, {INT64_MIN, LIMIT_STATE_LOW_LOW}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(state_at(&f, 2, value_number(VALUE_INT64, cases[i].value)),
                         cases[i].state);
    assert_int_equal(state_at(&f, 2, value_number(VALUE_INT64, big - 1)), LIMIT_STATE_HIGH);
    assert_int_equal(state_at(&f, 2, value_number(VALUE_INT64, big)), LIMIT_STATE_HIGH_HIGH);
    set_limits(&f, NAN, -1e300, NAN, 0x1p63);
    assert_int_equal(state_at(&f, 3, value_number(VALUE_INT64, INT64_MAX)), LIMIT_STATE_NORMAL);
    assert_int_equal(state_at(&f, 3, value_number(VALUE_INT64, INT64_MIN)), LIMIT_STATE_NORMAL);
    fixture_close(&f);
}

/* A row whose live values lie in two pages: 2048 of 32 bytes fit into one. */
static void test_row_over_a_page(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    char prefix[32];
    for (int i = 0; points_count(f.points) < 2100; i++) {
        snprintf(prefix, sizeof prefix, "dev%d", i);
        assert_int_equal(fixture_row(&f, 1, true, prefix, "a b c d e f g", VALUE_INT64), OK);
    }
    struct value values[7];
    for (uint32_t row_id = 1; row_id <= points_rows(f.points); row_id++) {
        struct point_row row;
        points_row(f.points, row_id, &row);
        for (int i = 0; i < 7; i++)
            values[i] = value_number(VALUE_INT64, (int64_t)row_id * 10 + i);
        struct sample_row sample = {.row = row_id, .count = 7, .time_ns = 9, .values = values};
        points_apply_prefetch(f.points, row.shape.first_point, row.shape.count);
        assert_int_equal(points_apply_sample(f.points, &row.shape, &sample, 6, &f.effects), OK);
    }
    for (uint32_t point = 1; point <= points_count(f.points); point++)
        assert_int_equal(fixture_view(&f, point).value.number,
                         ((int64_t)(point - 1) / 7 + 1) * 10 + (point - 1) % 7);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_equal_new),  cmocka_unit_test(test_time_zero_is_a_time),
        cmocka_unit_test(test_not_present),     cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_strings),         cmocka_unit_test(test_strings_full),
        cmocka_unit_test(test_limit_states),    cmocka_unit_test(test_limits_of_integers),
        cmocka_unit_test(test_row_over_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
