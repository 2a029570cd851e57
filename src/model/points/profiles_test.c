/* Profiles: limits that many points share, and which values are told. */
#include "model/points/fixture.h"
#include "model/points/tables.h"

#include <math.h>

static struct point_notice notices[COLUMNS_MAX];

static void open(struct fixture *f, const char *metrics, uint8_t type)
{
    fixture_open(f);
    assert_int_equal(fixture_row(f, 1, true, "dev", metrics, type), OK);
    f->effects.notices = notices;
}

static void put(struct fixture *f, uint32_t point, int64_t time_ns, double real)
{
    struct value value = value_of_real(real);
    assert_int_equal(fixture_sample(f, point, time_ns, &value), OK);
}

static void profile_high(struct fixture *f, uint16_t profile, double limit, bool wins)
{
    struct point_profile content = {.limits = {[LIMIT_HIGH] = limit}};
    *(wins ? &content.wins : &content.otherwise) = 1u << LIMIT_HIGH;
    assert_int_equal(points_profile(f->points, profile, &content), OK);
}

static void own_high(struct fixture *f, const char *path, double limit)
{
    struct command command = {.kind = COMMAND_CHANGE, .tenant = 1, .path = bytes_text(path)};
    command.settings.has = HAS_LIMITS;
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        command.settings.limits[i] = NAN;
    command.settings.limits[LIMIT_HIGH] = limit;
    assert_int_equal(fixture_command(f, &command).code, OUTCOME_DONE);
}

static void shared_limits_are_judged(void **arg)
{
    struct fixture f;
    (void)arg;
    open(&f, "a b", VALUE_FLOAT64);
    put(&f, 1, 1, 50);
    profile_high(&f, PROFILES_MAX, 80, true);
    points_assign(f.points, 1, PROFILES_MAX);
    assert_int_equal(points_profile_of(f.points, 1), PROFILES_MAX);
    assert_int_equal(points_profile_of(f.points, 2), PROFILE_NONE);
    assert_int_equal(fixture_view(&f, 1).limit_state, LIMIT_STATE_NORMAL);
    put(&f, 1, 2, 79);
    assert_int_equal(f.effects.notice_count, 0);
    put(&f, 1, 3, 80);
    assert_int_equal(f.effects.notice_count, 1);
    assert_true(notices[0].point == 1 && notices[0].state_changed && !notices[0].late);
    assert_true(notices[0].had_before && value_real(&notices[0].before) == 79 &&
                notices[0].before_time_ns == 2 && notices[0].time_ns == 3);
    assert_int_equal(fixture_view(&f, 1).limit_state, LIMIT_STATE_HIGH);
    put(&f, 1, 4, 81); /* nothing new */
    assert_int_equal(f.effects.notice_count, 0);
    /* One write changes the limits of all that have it. */
    profile_high(&f, PROFILES_MAX, 90, true);
    put(&f, 1, 5, 81);
    assert_int_equal(f.effects.notice_count, 1);
    assert_int_equal(fixture_view(&f, 1).limit_state, LIMIT_STATE_NORMAL);
    points_assign(f.points, 1, PROFILE_NONE);
    assert_int_equal(fixture_view(&f, 1).limit_state, LIMIT_STATE_NONE);
    put(&f, 1, 6, 100);
    assert_int_equal(f.effects.notice_count, 0);
    fixture_close(&f);
}

static void own_limits_stand_between(void **arg)
{
    struct fixture f;
    (void)arg;
    open(&f, "a b", VALUE_FLOAT64);
    own_high(&f, "dev/a", 70);
    profile_high(&f, 1, 60, true);
    profile_high(&f, 2, 60, false);
    put(&f, 1, 1, 65);
    put(&f, 2, 1, 65);
    points_assign(f.points, 1, 1);
    points_assign(f.points, 2, 1);
    assert_int_equal(fixture_view(&f, 1).limit_state, LIMIT_STATE_HIGH);
    assert_int_equal(fixture_view(&f, 2).limit_state, LIMIT_STATE_HIGH);
    points_assign(f.points, 1, 2); /* its own limit, 70, counts before this one */
    points_assign(f.points, 2, 2); /* it has none */
    assert_int_equal(fixture_view(&f, 1).limit_state, LIMIT_STATE_NORMAL);
    assert_int_equal(fixture_view(&f, 2).limit_state, LIMIT_STATE_HIGH);
    fixture_close(&f);
}

static void values_are_told_to_who_looks(void **arg)
{
    struct fixture f;
    (void)arg;
    open(&f, "a b", VALUE_FLOAT64);
    put(&f, 1, 1, 1);
    assert_int_equal(f.effects.notice_count, 0);
    points_attend(f.points, 1, true);
    put(&f, 1, 2, 2);
    assert_int_equal(f.effects.notice_count, 1);
    put(&f, 1, 1, 3);
    assert_int_equal(f.effects.notice_count, 1);
    assert_true(notices[0].late && notices[0].time_ns == 1);
    points_look(f.points, 1, true);
    points_attend(f.points, 1, false);
    put(&f, 1, 3, 3);
    assert_int_equal(f.effects.notice_count, 1);
    put(&f, 1, 1, 4);
    assert_int_equal(f.effects.notice_count, 1);
    assert_true(notices[0].late && notices[0].time_ns == 1 && value_real(&notices[0].value) == 4);
    points_look(f.points, 1, false);
    put(&f, 1, 4, 4);
    assert_int_equal(f.effects.notice_count, 0);
    struct point_profile each = {.each = true};
    assert_int_equal(points_profile(f.points, 3, &each), OK);
    points_assign(f.points, 1, 3);
    put(&f, 1, 5, 4);
    assert_int_equal(f.effects.notice_count, 1);
    f.effects.notices = NULL; /* nobody wants them */
    put(&f, 1, 6, 4);
    assert_int_equal(f.effects.notice_count, 0);
    fixture_close(&f);
}

static void a_text_has_no_limit_state(void **arg)
{
    struct fixture f;
    struct value text = {.type = VALUE_STRING, .present = true, .text = bytes_text("on")};
    (void)arg;
    open(&f, "a", VALUE_STRING);
    profile_high(&f, 1, 0, true);
    points_assign(f.points, 1, 1);
    assert_int_equal(fixture_sample(&f, 1, 1, &text), OK);
    assert_int_equal(fixture_view(&f, 1).limit_state, LIMIT_STATE_NONE);
    fixture_close(&f);
}

static void pages_that_lie_are_refused(void **arg)
{
    struct fixture f;
    (void)arg;
    open(&f, "a", VALUE_FLOAT64);
    profile_high(&f, 1, 5, true);
    points_assign(f.points, 1, 1);
    assert_int_equal(points_rebuild(f.points), OK);
    struct live_entry *live = state_write(&f.points->live, 1);
    live->profile = 2; /* was never set */
    assert_int_equal(points_rebuild(f.points), ERR_CORRUPT);
    live->profile = 1;
    struct profile_entry *profile = state_write(&f.points->profiles, 1);
    profile->limits[LIMIT_HIGH] = INFINITY;
    assert_int_equal(points_rebuild(f.points), ERR_CORRUPT);
    profile->limits[LIMIT_HIGH] = 5;
    assert_int_equal(points_rebuild(f.points), OK);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_limits_are_judged),     cmocka_unit_test(own_limits_stand_between),
        cmocka_unit_test(values_are_told_to_who_looks), cmocka_unit_test(a_text_has_no_limit_state),
        cmocka_unit_test(pages_that_lie_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
