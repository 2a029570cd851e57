/* What may be said of channels, rosters and routes, at both sides of each limit; and times that
 * come every week. */
#include "model/notices/fixture.h"
#include "model/notices/tables.h"

static const char *channel_fault(struct fixture *f, const char *name, int kind, const char *target,
                                 int64_t gather_ns)
{
    struct form_writer form = form_begin(f);
    struct channel_plan plan;
    form_put_text(&form, CHANNEL_TAG_NAME, bytes_text(name));
    form_put_integer(&form, CHANNEL_TAG_KIND, kind);
    form_put_text(&form, CHANNEL_TAG_TARGET, bytes_text(target));
    form_put_integer(&form, CHANNEL_TAG_GATHER, gather_ns);
    return channel_plan_read(bytes_of(form.at, form.size), &plan);
}

#define ASSERT_GOOD(fault) assert_null(fault)
#define ASSERT_BAD(fault) assert_non_null(fault)

static void test_channels(void **arg)
{
    (void)arg;
    static struct fixture f;
    char name[NOTICE_NAME_MAX + 2], url[NOTICE_TARGET_MAX + 2];
    memset(name, 'n', sizeof name);
    memset(url, 'u', sizeof url);
    memcpy(url, "https://", 8);
    name[NOTICE_NAME_MAX] = url[NOTICE_TARGET_MAX] = '\0';
    ASSERT_GOOD(channel_fault(&f, name, CHANNEL_WEBHOOK, url, NOTICE_GATHER_MOST_NS));
    ASSERT_BAD(channel_fault(&f, name, CHANNEL_WEBHOOK, url, NOTICE_GATHER_MOST_NS + 1));
    ASSERT_BAD(channel_fault(&f, name, CHANNEL_WEBHOOK, url, -1));
    name[NOTICE_NAME_MAX] = url[NOTICE_TARGET_MAX] = 'x';
    name[NOTICE_NAME_MAX + 1] = url[NOTICE_TARGET_MAX + 1] = '\0';
    ASSERT_BAD(channel_fault(&f, name, CHANNEL_WEBHOOK, "https://a.example", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_WEBHOOK, url, 0));
    ASSERT_BAD(channel_fault(&f, "", CHANNEL_WEBHOOK, "https://a.example", 0));
    ASSERT_BAD(channel_fault(&f, "a/b", CHANNEL_WEBHOOK, "https://a.example", 0));
    ASSERT_BAD(channel_fault(&f, "a b", CHANNEL_WEBHOOK, "https://a.example", 0));
    ASSERT_GOOD(channel_fault(&f, "\xe5\x80\xbc\xe7\x8f\xad", CHANNEL_WEBHOOK, "http://a", 0));
    ASSERT_BAD(channel_fault(&f, "\xe5\x80", CHANNEL_WEBHOOK, "https://a.example", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_WEBHOOK, "ftp://a.example", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_WEBHOOK, "https://a example", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_WEBHOOK, "", 0));
    ASSERT_GOOD(channel_fault(&f, "n", CHANNEL_MQTT, "alarms/out", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_MQTT, "alarms/+", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_MQTT, "alarms/#", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_MQTT, "$SYS/alarms", 0));
    ASSERT_GOOD(channel_fault(&f, "n", CHANNEL_MAIL, "ann@example.org", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_MAIL, "@example.org", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_MAIL, "ann@", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_MAIL, "a@b,c@d", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_MAIL, "a@b\r\nrcpt", 0));
    ASSERT_GOOD(channel_fault(&f, "n", CHANNEL_BROWSER, "", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_BROWSER, "x", 0));
    ASSERT_BAD(channel_fault(&f, "n", CHANNEL_KINDS, "https://a.example", 0));
    ASSERT_BAD(channel_fault(&f, "n", -1, "https://a.example", 0));
}

static void test_fields_that_nobody_knows(void **arg)
{
    (void)arg;
    static struct fixture f;
    struct channel_plan plan;
    struct form_writer form = channel_form(&f, "n", CHANNEL_WEBHOOK, 0);
    ASSERT_GOOD(channel_plan_read(bytes_of(form.at, form.size), &plan));
    form_put_integer(&form, CHANNEL_TAG_QUIET + 1, 1);
    ASSERT_BAD(channel_plan_read(bytes_of(form.at, form.size), &plan));
    form = channel_form(&f, "n", CHANNEL_WEBHOOK, 0);
    form_put_integer(&form, CHANNEL_TAG_GATHER, 1); /* twice */
    ASSERT_BAD(channel_plan_read(bytes_of(form.at, form.size), &plan));
    form = channel_form(&f, "n", CHANNEL_WEBHOOK, 0);
    form_put_integer(&form, CHANNEL_TAG_SECRET, 1); /* another type */
    ASSERT_BAD(channel_plan_read(bytes_of(form.at, form.size), &plan));
    form = channel_form(&f, "n", CHANNEL_WEBHOOK, 0);
    form_put_text(&form, CHANNEL_TAG_SECRET, bytes_of(f.points, 0));
    ASSERT_GOOD(channel_plan_read(bytes_of(form.at, form.size), &plan));
    assert_true(plan.has_secret);
    for (int i = 0; i <= NOTICE_QUIETS_MAX; i++) {
        const char *fault = channel_plan_read(bytes_of(form.at, form.size), &plan);
        ASSERT_GOOD(fault);
        form_put_quiet(&form, 0, 1440, 0);
    }
    ASSERT_BAD(channel_plan_read(bytes_of(form.at, form.size), &plan));
}

static const char *quiet_fault(struct fixture *f, int from, int to, int but)
{
    struct channel_plan plan;
    struct form_writer form = channel_form(f, "n", CHANNEL_WEBHOOK, 0);
    form_put_quiet(&form, from, to, but);
    return channel_plan_read(bytes_of(form.at, form.size), &plan);
}

static void test_quiet_hours(void **arg)
{
    (void)arg;
    static struct fixture f;
    ASSERT_GOOD(quiet_fault(&f, 0, 1, 0));
    ASSERT_GOOD(quiet_fault(&f, 1439, 1440, ALARM_PRIORITIES));
    ASSERT_BAD(quiet_fault(&f, 1440, 1440, 0));
    ASSERT_BAD(quiet_fault(&f, -1, 1440, 0));
    ASSERT_BAD(quiet_fault(&f, 0, 0, 0));
    ASSERT_BAD(quiet_fault(&f, 0, 1441, 0));
    ASSERT_BAD(quiet_fault(&f, 0, 1, ALARM_PRIORITIES + 1));
    ASSERT_BAD(quiet_fault(&f, 0, 1, -1));
}

static const char *roster_fault(const struct form_writer *form)
{
    static struct roster_plan plan;
    return roster_plan_read(bytes_of(form->at, form->failed ? 0 : form->size), &plan);
}

static struct form_writer roster_form(struct fixture *f, int members, int shifts, int steps)
{
    char name[32];
    struct form_writer form = form_begin(f);
    form_put_text(&form, ROSTER_TAG_NAME, bytes_text("crew"));
    for (int i = 0; i < shifts; i++)
        form_put_shift(&form, "m0", 0, 1440, 127);
    for (int i = 0; i < members; i++) {
        snprintf(name, sizeof name, "m%d", i);
        form_put_member(&form, name, "hook");
    }
    for (int i = 0; i < steps; i++)
        form_put_step(&form, i * NS_PER_S, STEP_NEXT, NULL);
    return form;
}

static void test_rosters(void **arg)
{
    (void)arg;
    static struct fixture f;
    struct form_writer form;
    static const int good[][3] = {
        {1, 0, 1}, {NOTICE_MEMBERS_MAX, 0, 1}, {1, NOTICE_SHIFTS_MAX, 1}, {1, 0, NOTICE_STEPS_MAX}};
    static const int bad[][3] = {{0, 0, 1},
                                 {1, 0, 0},
                                 {NOTICE_MEMBERS_MAX + 1, 0, 1},
                                 {1, NOTICE_SHIFTS_MAX + 1, 1},
                                 {1, 0, NOTICE_STEPS_MAX + 1}};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        form = roster_form(&f, good[i][0], good[i][1], good[i][2]);
        ASSERT_GOOD(roster_fault(&form));
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        form = roster_form(&f, bad[i][0], bad[i][1], bad[i][2]);
        ASSERT_BAD(roster_fault(&form));
    }
    form = roster_form(&f, 2, 0, 1);
    form_put_member(&form, "m1", "hook"); /* a second one of that name */
    ASSERT_BAD(roster_fault(&form));
    form = roster_form(&f, 2, 0, 1);
    form_put_shift(&form, "m7", 0, 1440, 127);
    ASSERT_BAD(roster_fault(&form));
    form = roster_form(&f, 2, 0, 1);
    form_put_shift(&form, "m1", 0, 1440, 0);
    ASSERT_BAD(roster_fault(&form));
    form = roster_form(&f, 2, 0, 1);
    form_put_shift(&form, "m1", 0, 1440, 128);
    ASSERT_BAD(roster_fault(&form));
    form = roster_form(&f, 2, 0, 3);
    form_put_step(&form, NS_PER_S, STEP_NEXT, NULL); /* before the one before it */
    ASSERT_BAD(roster_fault(&form));
    form = roster_form(&f, 2, 0, 1);
    form_put_step(&form, NOTICE_STEP_MOST_NS, STEP_MEMBER, "m1");
    ASSERT_GOOD(roster_fault(&form));
    form_put_step(&form, NOTICE_STEP_MOST_NS + 1, STEP_NEXT, NULL);
    ASSERT_BAD(roster_fault(&form));
    form = roster_form(&f, 2, 0, 1);
    form_put_step(&form, 1, STEP_MEMBER, NULL);
    ASSERT_BAD(roster_fault(&form));
    form = roster_form(&f, 2, 0, 1);
    form_put_step(&form, 1, STEP_NEXT, "m1");
    ASSERT_BAD(roster_fault(&form));
    for (int64_t offset = -721; offset <= 841; offset += 1562 / 2) {
        form = roster_form(&f, 1, 0, 1);
        form_put_integer(&form, ROSTER_TAG_OFFSET, offset);
        assert_int_equal(roster_fault(&form) == NULL, offset >= -720 && offset <= 840);
    }
}

static void test_the_form_of_a_roster_is_limited(void **arg)
{
    (void)arg;
    static struct fixture f;
    char name[NOTICE_NAME_MAX + 1];
    struct form_writer form = roster_form(&f, 1, 0, 1);
    int members = 1;
    memset(name, 'm', sizeof name);
    name[NOTICE_NAME_MAX] = '\0';
    while (form.size + 2 * (NOTICE_NAME_MAX + 12) + 12 <= NOTICE_FORM_MAX) {
        name[0] = (char)('a' + members / 26);
        name[1] = (char)('a' + members++ % 26);
        form_put_member(&form, name, name);
    }
    ASSERT_GOOD(roster_fault(&form));
    while (form.size <= NOTICE_FORM_MAX) {
        name[0] = (char)('a' + members / 26);
        name[1] = (char)('a' + members++ % 26);
        form_put_member(&form, name, name);
    }
    assert_true(members <= NOTICE_MEMBERS_MAX);
    ASSERT_BAD(roster_fault(&form));
}

static const char *route_fault(struct fixture *f, const char *match, int priority,
                               const char *channel, const char *roster)
{
    struct route_plan plan;
    struct form_writer form = form_begin(f);
    form_put_text(&form, ROUTE_TAG_NAME, bytes_text("r"));
    if (match != NULL)
        form_put_text(&form, ROUTE_TAG_MATCH, bytes_text(match));
    form_put_integer(&form, ROUTE_TAG_PRIORITY, priority);
    form_put_text(&form, ROUTE_TAG_CHANNEL, bytes_text(channel));
    form_put_text(&form, ROUTE_TAG_ROSTER, bytes_text(roster));
    return route_plan_read(bytes_of(form.at, form.size), &plan);
}

static void test_routes(void **arg)
{
    (void)arg;
    static struct fixture f;
    ASSERT_GOOD(route_fault(&f, NULL, 1, "hook", ""));
    ASSERT_GOOD(route_fault(&f, "plant/+/temp", ALARM_PRIORITIES, "", "crew"));
    ASSERT_BAD(route_fault(&f, NULL, 0, "hook", ""));
    ASSERT_BAD(route_fault(&f, NULL, ALARM_PRIORITIES + 1, "hook", ""));
    ASSERT_BAD(route_fault(&f, "a//b", 1, "hook", ""));
    ASSERT_BAD(route_fault(&f, NULL, 1, "hook", "crew"));
    ASSERT_BAD(route_fault(&f, NULL, 1, "", ""));
}

/* ---- times -------------------------------------------------------------------------------------
 */
static void test_weekly(void **arg)
{
    (void)arg;
    struct weekly day = {480, 1200, 31}; /* monday to friday, 08:00 to 20:00 */
    assert_false(weekly_covers(&day, 0, MONDAY_NS + 8 * HOUR_NS - 1));
    assert_true(weekly_covers(&day, 0, MONDAY_NS + 8 * HOUR_NS));
    assert_true(weekly_covers(&day, 0, MONDAY_NS + 20 * HOUR_NS - 1));
    assert_false(weekly_covers(&day, 0, MONDAY_NS + 20 * HOUR_NS));
    assert_true(weekly_covers(&day, 0, MONDAY_NS + (4 * 24 + 9) * HOUR_NS));  /* friday */
    assert_false(weekly_covers(&day, 0, MONDAY_NS + (5 * 24 + 9) * HOUR_NS)); /* saturday */
    /* Somewhere else it is another time: 08:00 at +08:00 is midnight. */
    assert_true(weekly_covers(&day, 480, MONDAY_NS));
    assert_false(weekly_covers(&day, 480, MONDAY_NS - 1));
    assert_false(weekly_covers(&day, -300, MONDAY_NS + 13 * HOUR_NS - 1));
    assert_true(weekly_covers(&day, -300, MONDAY_NS + 13 * HOUR_NS));
    assert_int_equal(weekly_left_ns(&day, 0, MONDAY_NS + 8 * HOUR_NS), 12 * HOUR_NS);
    assert_int_equal(weekly_left_ns(&day, 0, MONDAY_NS + 20 * HOUR_NS - 1), 1);
    /* Over midnight: sunday night belongs to sunday. */
    struct weekly night = {1320, 360, 64};
    assert_true(weekly_covers(&night, 0, MONDAY_NS - 2 * HOUR_NS));
    assert_true(weekly_covers(&night, 0, MONDAY_NS + 6 * HOUR_NS - 1));
    assert_false(weekly_covers(&night, 0, MONDAY_NS + 6 * HOUR_NS));
    assert_false(weekly_covers(&night, 0, MONDAY_NS + 22 * HOUR_NS));
    assert_int_equal(weekly_left_ns(&night, 0, MONDAY_NS - 2 * HOUR_NS), 8 * HOUR_NS);
    assert_int_equal(weekly_left_ns(&night, 0, MONDAY_NS + HOUR_NS), 5 * HOUR_NS);
    /* From a time to the same time: a whole day. */
    struct weekly whole = {480, 480, 1};
    assert_true(weekly_covers(&whole, 0, MONDAY_NS + 32 * HOUR_NS - 1));
    assert_false(weekly_covers(&whole, 0, MONDAY_NS + 32 * HOUR_NS));
    assert_false(weekly_covers(&whole, 0, MONDAY_NS + 8 * HOUR_NS - 1));
    /* Clocks of before 1970, which was a thursday. */
    struct weekly wednesday = {0, 1440, 4};
    assert_true(weekly_covers(&wednesday, 0, -1));
    assert_false(weekly_covers(&wednesday, 0, 0));
    assert_false(weekly_covers(&wednesday, 0, -24 * HOUR_NS - 1));
    assert_true(weekly_covers(&wednesday, -60, 0));
}

static void test_on_call(void **arg)
{
    (void)arg;
    static struct fixture f;
    static struct roster_plan plan;
    struct form_writer form = roster_form(&f, 3, 0, 1);
    form_put_shift(&form, "m1", 480, 1200, 127);
    form_put_shift(&form, "m2", 1140, 480, 127);
    ASSERT_GOOD(roster_plan_read(bytes_of(form.at, form.size), &plan));
    assert_int_equal(roster_on_call(&plan, MONDAY_NS + 9 * HOUR_NS), 2);
    assert_int_equal(roster_on_call(&plan, MONDAY_NS + 19 * HOUR_NS + 30 * MINUTE_NS), 6);
    assert_int_equal(roster_on_call(&plan, MONDAY_NS + 23 * HOUR_NS), 4);
    form = roster_form(&f, 3, 0, 1);
    form_put_shift(&form, "m1", 480, 1200, 127);
    ASSERT_GOOD(roster_plan_read(bytes_of(form.at, form.size), &plan));
    assert_int_equal(roster_on_call(&plan, MONDAY_NS), 1); /* nobody: the first */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_fields_that_nobody_knows),
        cmocka_unit_test(test_quiet_hours),
        cmocka_unit_test(test_rosters),
        cmocka_unit_test(test_the_form_of_a_roster_is_limited),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_weekly),
        cmocka_unit_test(test_on_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
