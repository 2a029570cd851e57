/* Channels, what is gathered for them, and what becomes of what is sent. */
#include "model/notices/fixture.h"

static void test_channels(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t hook = fixture_channel(&f, "hook", 0);
    struct form_writer form = channel_form(&f, "hook", CHANNEL_WEBHOOK, NS_PER_S);
    form_put_text(&form, CHANNEL_TAG_SECRET, bytes_text("sealed"));
    form_put_integer(&form, CHANNEL_TAG_LANGUAGE, NOTICE_CHINESE);
    form_put_quiet(&form, 1320, 360, 2);
    assert_int_equal(fixture_command(&f, COMMAND_CHANNEL_SET, &form), OUTCOME_DONE);
    assert_int_equal(f.outcome.number, hook);
    struct channel_view view = channel_of(&f, hook);
    assert_text(view.name, "hook");
    assert_text(view.target, "https://alarms.example.org/in");
    assert_text(view.sealed_secret, "sealed");
    assert_int_equal(view.language, NOTICE_CHINESE);
    assert_int_equal(view.quiet_count, 1);
    assert_int_equal(view.quiets[0].but_priority, 2);
    /* What does not say the secret does not change it; an empty one takes it away. */
    fixture_channel(&f, "hook", 0);
    view = channel_of(&f, hook);
    assert_text(view.sealed_secret, "sealed");
    assert_int_equal(view.quiet_count, 0);
    form = channel_form(&f, "hook", CHANNEL_WEBHOOK, 0);
    form_put_text(&form, CHANNEL_TAG_SECRET, bytes_of("", 0));
    assert_int_equal(fixture_command(&f, COMMAND_CHANNEL_SET, &form), OUTCOME_DONE);
    assert_int_equal(channel_of(&f, hook).sealed_secret.size, 0);
    /* A channel stays what it is. */
    form = channel_form(&f, "hook", CHANNEL_MAIL, 0);
    assert_int_equal(fixture_command(&f, COMMAND_CHANNEL_SET, &form), OUTCOME_NOTICE_INVALID);
    assert_int_equal(notices_channel_find(f.notices, 2, bytes_text("hook")), 0);
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_REMOVE, "nobody"), OUTCOME_UNKNOWN_CHANNEL);
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_REMOVE, "hook"), OUTCOME_DONE);
    assert_int_equal(notices_channel_next(f.notices, TENANT_DEFAULT, 0), 0);
    assert_int_equal(fixture_channel(&f, "other", 0), hook);
    fixture_close(&f);
}

static void test_what_is_named_stays(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t a = fixture_channel(&f, "a", 0);
    assert_int_equal(fixture_route(&f, "all", "#", 8, "b", NULL), OUTCOME_UNKNOWN_CHANNEL);
    assert_int_equal(fixture_route(&f, "all", "#", 8, NULL, "night"), OUTCOME_UNKNOWN_ROSTER);
    fixture_channel(&f, "b", 0);
    fixture_channel(&f, "c", 0);
    fixture_roster(&f, "night");
    assert_int_equal(channel_of(&f, a).holders, 1);
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_REMOVE, "a"), OUTCOME_CHANNEL_IN_USE);
    assert_int_equal(fixture_route(&f, "all", "#", 8, NULL, "night"), OUTCOME_DONE);
    assert_int_equal(fixture_named(&f, COMMAND_ROSTER_REMOVE, "night"), OUTCOME_CHANNEL_IN_USE);
    assert_int_equal(fixture_route(&f, "all", "a/#", 2, "a", NULL), OUTCOME_DONE);
    assert_int_equal(channel_of(&f, a).holders, 2);
    assert_int_equal(fixture_named(&f, COMMAND_ROSTER_REMOVE, "night"), OUTCOME_DONE);
    assert_int_equal(channel_of(&f, a).holders, 1);
    assert_int_equal(fixture_named(&f, COMMAND_ROUTE_REMOVE, "all"), OUTCOME_DONE);
    assert_int_equal(fixture_named(&f, COMMAND_ROUTE_REMOVE, "all"), OUTCOME_UNKNOWN_ROUTE);
    assert_int_equal(fixture_named(&f, COMMAND_ROSTER_REMOVE, "night"), OUTCOME_UNKNOWN_ROSTER);
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_REMOVE, "a"), OUTCOME_DONE);
    fixture_close(&f);
}

static void test_limits_at_both_sides(void **arg)
{
    (void)arg;
    struct notices_limits limits = notices_limits_default;
    struct fixture f;
    char name[32];
    limits.tenants_max = 2;
    limits.rosters_max = limits.routes_max = 1;
    fixture_open_limited(&f, &limits, 1000);
    for (int i = 0; i < NOTICE_CHANNELS_TENANT; i++) {
        snprintf(name, sizeof name, "c%d", i);
        fixture_channel(&f, name, 0);
    }
    struct form_writer form = channel_form(&f, "more", CHANNEL_MQTT, 0);
    struct bytes bytes;
    assert_true(form_end(&form, &bytes));
    assert_int_equal(fixture_command_of(&f, 1, COMMAND_CHANNEL_SET, bytes), OUTCOME_NOTICES_FULL);
    assert_int_equal(fixture_command_of(&f, 2, COMMAND_CHANNEL_SET, bytes), OUTCOME_DONE);
    assert_int_equal(fixture_command_of(&f, 3, COMMAND_CHANNEL_SET, bytes), OUTCOME_UNKNOWN_TENANT);
    assert_int_equal(fixture_command_of(&f, 0, COMMAND_CHANNEL_SET, bytes), OUTCOME_UNKNOWN_TENANT);
    fixture_channel(&f, "c7", NS_PER_S); /* one that is there may change */
    assert_int_equal(fixture_route(&f, "one", "#", 8, "c1", NULL), OUTCOME_DONE);
    assert_int_equal(fixture_route(&f, "two", "#", 8, "c1", NULL), OUTCOME_NOTICES_FULL);
    assert_int_equal(fixture_route(&f, "one", "#", 1, "c2", NULL), OUTCOME_DONE);
    fixture_close(&f);
}

static void test_texts_are_limited(void **arg)
{
    (void)arg;
    struct notices_limits limits = notices_limits_default;
    struct fixture f;
    limits.texts_bytes_max = 256;
    fixture_open_limited(&f, &limits, 1000);
    fixture_channel(&f, "a", 0);
    fixture_channel(&f, "b", 0);
    struct form_writer form = channel_form(&f, "c", CHANNEL_WEBHOOK, 0);
    static const uint8_t secret[300];
    form_put_text(&form, CHANNEL_TAG_SECRET, bytes_of(secret, sizeof secret));
    assert_int_equal(fixture_command(&f, COMMAND_CHANNEL_SET, &form), OUTCOME_NOTICES_FULL);
    /* What there is no room to spell out is counted all the same. */
    assert_int_equal(fixture_route(&f, "r", "#", 8, "a", NULL), OUTCOME_DONE);
    struct delivery_view view;
    uint32_t point = fixture_row(&f, "a", 1);
    for (uint64_t alarm = 1; alarm <= 3; alarm++)
        fixture_raise(&f, alarm, point, 3);
    assert_int_equal(fixture_ready(&f, &view), 3);
    assert_int_equal(view.count, 1);
    assert_int_equal(view.items.size, 0);
    fixture_close(&f);
}

static void test_a_flood_is_one_message(void **arg)
{
    (void)arg;
    struct fixture f;
    struct delivery_view view;
    struct notice_item item;
    size_t offset = 0;
    unsigned items = 0;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, "plant/press", 10);
    fixture_channel(&f, "hook", 10 * NS_PER_S);
    assert_int_equal(fixture_route(&f, "all", "plant/#", 4, "hook", NULL), OUTCOME_DONE);
    /* A second route to the same channel tells nothing twice. */
    assert_int_equal(fixture_route(&f, "presses", "plant/press/#", 4, "hook", NULL), OUTCOME_DONE);
    for (uint64_t alarm = 1; alarm <= 100000; alarm++)
        fixture_raise(&f, alarm, point + (uint32_t)alarm % 10, alarm == 500 ? 1 : 3);
    fixture_raise(&f, 100001, point, 5); /* not urgent enough */
    assert_int_equal(fixture_ready(&f, &view), 0);
    fixture_later(&f, 10 * NS_PER_S - 1);
    assert_int_equal(fixture_ready(&f, &view), 0);
    fixture_later(&f, 1);
    assert_int_equal(fixture_ready(&f, &view), 1);
    assert_int_equal(view.count, 100000);
    assert_int_equal(view.priority, 1);
    while (notices_item_next(view.items, &offset, &item)) {
        assert_int_equal(item.alarm, ++items);
        assert_text(item.title, "Too hot");
        assert_text(item.why, "temp 81.5 > 80");
        assert_true(item.value == 81.5);
        assert_memory_equal(item.path.at, "plant/press/", 12);
    }
    assert_int_equal(items, NOTICE_ITEMS_MAX);
    assert_int_equal(fixture_done(&f, view.delivery, NOTICE_SENT, NULL), OUTCOME_DONE);
    assert_int_equal(fixture_ready(&f, &view), 0);
    assert_true(notices_delivery(f.notices, view.delivery, &view));
    assert_int_equal(view.state, DELIVERY_SENT);
    offset = 0;
    assert_true(notices_item_next(view.items, &offset, &item));
    assert_false(notices_item_next(view.items, &offset, &item));
    fixture_close(&f);
}

/* A dead channel holds a few messages; what comes then is gathered until one of them is done. */
static void test_the_queue_is_bounded(void **arg)
{
    (void)arg;
    struct fixture f;
    struct delivery_view view;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, "a", 1);
    uint32_t hook = fixture_channel(&f, "hook", 0);
    assert_int_equal(fixture_route(&f, "all", "#", 8, "hook", NULL), OUTCOME_DONE);
    for (uint64_t alarm = 1; alarm <= NOTICE_QUEUE_MAX; alarm++) {
        fixture_raise(&f, alarm, point, 3);
        assert_int_equal(fixture_ready(&f, &view), alarm);
    }
    for (uint64_t alarm = 100; alarm < 200; alarm++)
        fixture_raise(&f, alarm, point, 3);
    assert_int_equal(fixture_ready(&f, &view), NOTICE_QUEUE_MAX);
    assert_int_equal(channel_of(&f, hook).waiting, NOTICE_QUEUE_MAX + 1);
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_TEST, "hook"), OUTCOME_NOTICES_FULL);
    fixture_later(&f, HOUR_NS);
    assert_int_equal(fixture_ready(&f, &view), NOTICE_QUEUE_MAX);
    assert_int_equal(fixture_done(&f, view.delivery, NOTICE_SENT, NULL), OUTCOME_DONE);
    assert_int_equal(fixture_ready(&f, &view), NOTICE_QUEUE_MAX - 1);
    fixture_later(&f, 10 * NS_PER_S);
    assert_int_equal(fixture_ready(&f, &view), NOTICE_QUEUE_MAX);
    assert_int_equal(view.count, 100);
    fixture_close(&f);
}

static void test_what_failed_is_tried_again(void **arg)
{
    (void)arg;
    struct fixture f;
    struct delivery_view view;
    fixture_open(&f);
    uint32_t hook = fixture_channel(&f, "hook", 0);
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_TEST, "hook"), OUTCOME_DONE);
    uint64_t delivery = f.outcome.number;
    int64_t wait_ns = NS_PER_S;
    for (unsigned attempt = 1; attempt <= 12; attempt++) {
        assert_int_equal(fixture_ready(&f, &view), 1);
        assert_int_equal(view.delivery, delivery);
        assert_true(view.test);
        assert_int_equal(fixture_done(&f, delivery, NOTICE_FAILED, "refused"), OUTCOME_DONE);
        assert_int_equal(f.effects.channel, attempt == NOTICE_DEAD_FAILURES ? hook : 0);
        assert_int_equal(f.effects.died, attempt == NOTICE_DEAD_FAILURES);
        assert_int_equal(channel_of(&f, hook).dead, attempt >= NOTICE_DEAD_FAILURES);
        fixture_later(&f, wait_ns - 1);
        assert_int_equal(fixture_ready(&f, &view), 0);
        fixture_later(&f, 1);
        wait_ns = 2 * wait_ns < NOTICE_RETRY_MOST_NS ? 2 * wait_ns : NOTICE_RETRY_MOST_NS;
    }
    assert_text(channel_of(&f, hook).error, "refused");
    assert_int_equal(notices_dead(f.notices, TENANT_DEFAULT), 1);
    assert_int_equal(fixture_done(&f, delivery, NOTICE_SENT, NULL), OUTCOME_DONE);
    assert_int_equal(f.effects.channel, hook);
    assert_false(f.effects.died);
    assert_int_equal(notices_dead(f.notices, TENANT_DEFAULT), 0);
    assert_int_equal(channel_of(&f, hook).error.size, 0);
    assert_int_equal(fixture_done(&f, delivery, NOTICE_SENT, NULL), OUTCOME_REPEATED);
    assert_int_equal(fixture_done(&f, 77, NOTICE_SENT, NULL), OUTCOME_UNKNOWN_CHANNEL);
    assert_int_equal(fixture_done(&f, delivery, NOTICE_RESULTS, NULL), OUTCOME_NOTICE_INVALID);
    fixture_close(&f);
}

static void test_given_up(void **arg)
{
    (void)arg;
    struct fixture f;
    struct delivery_view view;
    fixture_open(&f);
    uint32_t hook = fixture_channel(&f, "hook", 0);
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_TEST, "hook"), OUTCOME_DONE);
    uint64_t delivery = f.outcome.number;
    fixture_later(&f, NOTICE_TRY_NS - 1);
    assert_int_equal(fixture_done(&f, delivery, NOTICE_FAILED, "no"), OUTCOME_DONE);
    assert_true(notices_delivery(f.notices, delivery, &view));
    assert_int_equal(view.state, DELIVERY_RETRY);
    fixture_later(&f, NS_PER_S);
    assert_int_equal(fixture_done(&f, delivery, NOTICE_FAILED, "no"), OUTCOME_DONE);
    assert_true(f.effects.died);
    assert_true(notices_delivery(f.notices, delivery, &view));
    assert_int_equal(view.state, DELIVERY_GIVEN_UP);
    assert_int_equal(view.attempts, 2);
    assert_text(view.error, "no");
    assert_int_equal(channel_of(&f, hook).given_up, 1);
    /* What is refused for good is given up at once. */
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_TEST, "hook"), OUTCOME_DONE);
    assert_int_equal(fixture_done(&f, f.outcome.number, NOTICE_REFUSED, "gone"), OUTCOME_DONE);
    assert_int_equal(channel_of(&f, hook).given_up, 2);
    assert_int_equal(f.effects.channel, 0); /* it was dead already */
    fixture_close(&f);
}

/* By a test that its receiver refuses for good. */
static void channel_kill(struct fixture *f, const char *name)
{
    assert_int_equal(fixture_named(f, COMMAND_CHANNEL_TEST, name), OUTCOME_DONE);
    assert_int_equal(fixture_done(f, f->outcome.number, NOTICE_REFUSED, "gone"), OUTCOME_DONE);
}

static void names_are(struct fixture *f, const char *expected)
{
    char names[NOTICE_DEAD_NAMES_MAX];
    assert_text(notices_dead_names(f->notices, TENANT_DEFAULT, names), expected);
}

/* What the owner makes an alarm of. */
static void test_what_becomes_of_channels_is_told(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t hook = fixture_channel(&f, "hook", 0);
    assert_int_equal(f.effects.tenant, TENANT_DEFAULT); /* it came */
    assert_int_equal(f.effects.channel, 0);
    fixture_channel(&f, "hook", NS_PER_S);
    assert_int_equal(f.effects.tenant, 0); /* another setting is no other channel */
    fixture_channel(&f, "mail", 0);
    names_are(&f, "");
    channel_kill(&f, "hook");
    assert_true(f.effects.died);
    assert_int_equal(f.effects.channel, hook);
    assert_int_equal(f.effects.tenant, TENANT_DEFAULT);
    channel_kill(&f, "hook");
    assert_int_equal(f.effects.tenant, 0); /* it was dead already */
    channel_kill(&f, "mail");
    names_are(&f, "hook, mail");
    struct notices_counts counts;
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_TEST, "mail"), OUTCOME_DONE);
    notices_count(f.notices, &counts);
    assert_int_equal(counts.channels, 2);
    assert_int_equal(counts.dead, 2);
    assert_int_equal(counts.waiting, 1);
    assert_int_equal(fixture_done(&f, f.outcome.number, NOTICE_REFUSED, "gone"), OUTCOME_DONE);
    notices_count(f.notices, &counts);
    assert_int_equal(counts.waiting, 0);
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_REMOVE, "hook"), OUTCOME_DONE);
    assert_int_equal(f.effects.tenant, TENANT_DEFAULT);
    assert_false(f.effects.died);
    names_are(&f, "mail");
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_TEST, "mail"), OUTCOME_DONE);
    assert_int_equal(fixture_done(&f, f.outcome.number, NOTICE_SENT, NULL), OUTCOME_DONE);
    assert_int_equal(f.effects.tenant, TENANT_DEFAULT); /* it lives again */
    assert_false(f.effects.died);
    names_are(&f, "");
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_REMOVE, "mail"), OUTCOME_DONE);
    assert_int_equal(f.effects.tenant, 0); /* it lived */
    fixture_close(&f);
}

/* Names of 121 bytes: four fit, with what is said of the others. */
static void test_names_of_the_dead_are_cut(void **arg)
{
    (void)arg;
    struct fixture f;
    char name[NOTICE_NAME_MAX], names[NOTICE_DEAD_NAMES_MAX];
    fixture_open(&f);
    for (unsigned i = 1; i <= 6; i++) {
        snprintf(name, sizeof name, "%0120u%u", 0u, i);
        fixture_channel(&f, name, 0);
        channel_kill(&f, name);
        struct bytes all = notices_dead_names(f.notices, TENANT_DEFAULT, names);
        size_t whole = i < 4 ? i : 3;
        assert_int_equal(all.size, 121 * whole + 2 * (whole - 1) + (i > 3 ? 12 : 0));
        if (i > 3)
            assert_int_equal(all.at[all.size - 6], '0' + i - 3);
    }
    fixture_close(&f);
}

/* One is told of dead channels as of any alarm, but by those that live. */
static void test_dead_channels_are_told_by_living_ones(void **arg)
{
    (void)arg;
    struct fixture f;
    struct delivery_view view;
    struct notice_item item;
    size_t offset = 0;
    fixture_open(&f);
    fixture_channel(&f, "hook", 0);
    uint32_t mail = fixture_channel(&f, "mail", 0);
    uint32_t other = fixture_channel(&f, "other", 0);
    channel_kill(&f, "hook");
    /* Without a route: to all that live. */
    fixture_channels(&f, 1, 1, "hook");
    assert_int_equal(fixture_ready(&f, &view), 2);
    assert_int_equal(view.channel, other);
    assert_true(notices_item_next(view.items, &offset, &item));
    assert_int_equal(item.what, NOTICE_ALARM);
    assert_int_equal(item.kind, RULE_CHANNEL);
    assert_text(item.title, "channels");
    assert_text(item.why, "hook");
    /* Routes of other places, and to who cannot be reached, do not lead it anywhere. */
    assert_int_equal(fixture_route(&f, "a", "a/#", 8, "mail", NULL), OUTCOME_DONE);
    assert_int_equal(fixture_route(&f, "b", "#", 8, "hook", NULL), OUTCOME_DONE);
    fixture_channels(&f, 1, 1, "hook");
    assert_int_equal(fixture_ready(&f, &view), 4);
    /* Where one leads to somebody, that is all. */
    assert_int_equal(fixture_route(&f, "c", "#", 2, "mail", NULL), OUTCOME_DONE);
    fixture_channels(&f, 1, 2, "hook");
    assert_int_equal(fixture_ready(&f, &view), 5);
    assert_int_equal(view.channel, mail);
    fixture_channels(&f, 1, 3, "hook"); /* less urgent than it asks for: to all again */
    assert_int_equal(fixture_ready(&f, &view), 7);
    /* Other alarms go where they are led, to the dead as well, and nowhere else. */
    fixture_raise(&f, 2, POINT_NONE, 8);
    assert_int_equal(fixture_ready(&f, &view), 8);
    assert_int_equal(channel_of(&f, view.channel).dead, true);
    fixture_close(&f);
}

static void test_quiet_hours_hold_no_dead_channel_back(void **arg)
{
    (void)arg;
    struct fixture f;
    struct delivery_view view;
    fixture_open(&f);
    fixture_channel(&f, "hook", 0);
    struct form_writer form = channel_form(&f, "mail", CHANNEL_MAIL, 0);
    form_put_quiet(&form, 0, 1440, 0); /* always, whatever it is */
    assert_int_equal(fixture_command(&f, COMMAND_CHANNEL_SET, &form), OUTCOME_DONE);
    assert_int_equal(fixture_route(&f, "all", "#", 8, "mail", NULL), OUTCOME_DONE);
    channel_kill(&f, "hook");
    fixture_raise(&f, 1, POINT_NONE, 1);
    assert_int_equal(fixture_ready(&f, &view), 0);
    fixture_channels(&f, 2, 4, "hook");
    assert_int_equal(fixture_ready(&f, &view), 1);
    assert_int_equal(view.count, 1);
    fixture_close(&f);
}

/* A roster's steps go on until somebody answers; they tell no dead channel either. */
static void test_a_roster_is_called_for_dead_channels(void **arg)
{
    (void)arg;
    struct fixture f;
    struct delivery_view view;
    fixture_open(&f);
    fixture_channel(&f, "a", 0);
    uint32_t b = fixture_channel(&f, "b", 0);
    uint32_t c = fixture_channel(&f, "c", 0);
    fixture_roster(&f, "crew");
    assert_int_equal(fixture_route(&f, "all", "#", 8, NULL, "crew"), OUTCOME_DONE);
    channel_kill(&f, "a");
    fixture_channels(&f, 7, 1, "a"); /* at night the first member: whose channel is dead */
    assert_int_equal(fixture_ready(&f, &view), 1);
    assert_int_equal(view.channel, b);
    assert_int_equal(notices_calls(f.notices), 1);
    fixture_later(&f, 2 * MINUTE_NS);
    assert_int_equal(fixture_ready(&f, &view), 2);
    assert_int_equal(view.channel, c);
    assert_int_equal(notices_calls(f.notices), 0);
    fixture_close(&f);
}

static void test_quiet_hours(void **arg)
{
    (void)arg;
    struct fixture f;
    struct delivery_view view;
    fixture_open(&f);
    uint32_t point = fixture_row(&f, "a", 1);
    struct form_writer form = channel_form(&f, "mail", CHANNEL_MAIL, 0);
    form_put_quiet(&form, 1320, 360, 1); /* 22:00 to 06:00 */
    assert_int_equal(fixture_command(&f, COMMAND_CHANNEL_SET, &form), OUTCOME_DONE);
    assert_int_equal(fixture_route(&f, "all", "#", 8, "mail", NULL), OUTCOME_DONE);
    fixture_later(&f, 23 * HOUR_NS);
    for (uint64_t alarm = 1; alarm <= 5; alarm++)
        fixture_raise(&f, alarm, point, 2);
    assert_int_equal(fixture_ready(&f, &view), 0);
    fixture_raise(&f, 6, point, 1); /* urgent enough */
    assert_int_equal(fixture_ready(&f, &view), 1);
    assert_int_equal(view.count, 1);
    assert_int_equal(fixture_done(&f, view.delivery, NOTICE_SENT, NULL), OUTCOME_DONE);
    fixture_later(&f, 7 * HOUR_NS - 1);
    assert_int_equal(fixture_ready(&f, &view), 0);
    fixture_later(&f, 1);
    assert_int_equal(fixture_ready(&f, &view), 1);
    assert_int_equal(view.count, 5);
    fixture_raise(&f, 7, point, 2);
    assert_int_equal(fixture_ready(&f, &view), 2);
    fixture_close(&f);
}

static void test_a_browser_has_nothing_sent(void **arg)
{
    (void)arg;
    struct fixture f;
    struct delivery_view view;
    uint64_t deliveries[4];
    fixture_open(&f);
    uint32_t point = fixture_row(&f, "a", 1);
    struct form_writer form = channel_form(&f, "screen", CHANNEL_BROWSER, NS_PER_S);
    assert_int_equal(fixture_command(&f, COMMAND_CHANNEL_SET, &form), OUTCOME_DONE);
    uint32_t screen = f.outcome.number;
    assert_int_equal(fixture_route(&f, "all", "#", 8, "screen", NULL), OUTCOME_DONE);
    fixture_raise(&f, 1, point, 2);
    fixture_later(&f, NS_PER_S);
    assert_int_equal(fixture_ready(&f, &view), 0);
    assert_int_equal(
        notices_deliveries(f.notices, 1, 0, 1u << DELIVERY_SENT, UINT64_MAX, deliveries, 4), 1);
    assert_int_equal(channel_of(&f, screen).sent, 1);
    fixture_close(&f);
}

static void test_deliveries_are_listed_and_few_are_kept(void **arg)
{
    (void)arg;
    struct fixture f;
    struct delivery_view view;
    uint64_t all[3 * NOTICE_KEPT];
    fixture_open(&f);
    uint32_t one = fixture_channel(&f, "one", 0);
    fixture_channel(&f, "two", 0);
    for (unsigned i = 1; i <= NOTICE_KEPT + 5; i++) {
        assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_TEST, i % 2 ? "one" : "two"),
                         OUTCOME_DONE);
        assert_int_equal(fixture_done(&f, f.outcome.number, NOTICE_SENT, NULL), OUTCOME_DONE);
    }
    for (unsigned i = 0; i < NOTICE_KEPT; i++) {
        assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_TEST, "one"), OUTCOME_DONE);
        assert_int_equal(fixture_done(&f, f.outcome.number, NOTICE_SENT, NULL), OUTCOME_DONE);
    }
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_TEST, "one"), OUTCOME_DONE);
    uint64_t newest = f.outcome.number;
    size_t count = notices_deliveries(f.notices, 1, one, UINT32_MAX, UINT64_MAX, all, 300);
    assert_int_equal(count, NOTICE_KEPT + 1);
    assert_int_equal(all[0], newest);
    assert_int_equal(all[1], newest - 1);
    count = notices_deliveries(f.notices, 1, 0, 1u << DELIVERY_SENT, newest, all, 300);
    assert_int_equal(count, NOTICE_KEPT + 52);
    for (size_t i = 1; i < count; i++)
        assert_true(all[i] < all[i - 1]);
    assert_int_equal(notices_deliveries(f.notices, 1, 0, UINT32_MAX, all[7], all, 2), 2);
    assert_int_equal(notices_deliveries(f.notices, 2, 0, UINT32_MAX, UINT64_MAX, all, 2), 0);
    assert_false(notices_delivery(f.notices, 1, &view)); /* the oldest went */
    /* With the channel all of them go. */
    assert_int_equal(fixture_named(&f, COMMAND_CHANNEL_REMOVE, "one"), OUTCOME_DONE);
    assert_int_equal(fixture_ready(&f, &view), 0);
    assert_false(notices_delivery(f.notices, newest, &view));
    assert_int_equal(fixture_done(&f, newest, NOTICE_SENT, NULL), OUTCOME_UNKNOWN_CHANNEL);
    fixture_close(&f);
}

static void test_keys(void **arg)
{
    (void)arg;
    struct fixture f;
    struct bytes bytes;
    fixture_open(&f);
    struct form_writer form = channel_form(&f, "hook", CHANNEL_WEBHOOK, 0);
    assert_true(form_end(&form, &bytes));
    struct fact fact = {.kind = FACT_MODULE,
                        .command = {.kind = COMMAND_CHANNEL_SET,
                                    .tenant = 1,
                                    .key_kind = KEY_FREE,
                                    .key = bytes_text("once"),
                                    .key_wall_ns = f.stamp.wall_ns,
                                    .module = {.form = bytes}}};
    for (int i = 0; i < 2; i++) {
        f.stamp.position++;
        assert_int_equal(
            notices_apply_fact(f.notices, f.points, &fact, &f.stamp, &f.outcome, &f.effects), OK);
        assert_int_equal(f.outcome.code, i == 0 ? OUTCOME_DONE : OUTCOME_REPEATED);
        assert_int_equal(f.outcome.first_code, OUTCOME_DONE);
    }
    fact.command.key_kind = KEY_FREE + 1;
    assert_int_equal(
        notices_apply_fact(f.notices, f.points, &fact, &f.stamp, &f.outcome, &f.effects),
        ERR_CORRUPT);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_what_is_named_stays),
        cmocka_unit_test(test_limits_at_both_sides),
        cmocka_unit_test(test_texts_are_limited),
        cmocka_unit_test(test_a_flood_is_one_message),
        cmocka_unit_test(test_the_queue_is_bounded),
        cmocka_unit_test(test_what_failed_is_tried_again),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_what_becomes_of_channels_is_told),
        cmocka_unit_test(test_names_of_the_dead_are_cut),
        cmocka_unit_test(test_dead_channels_are_told_by_living_ones),
        cmocka_unit_test(test_quiet_hours_hold_no_dead_channel_back),
        cmocka_unit_test(test_a_roster_is_called_for_dead_channels),
        cmocka_unit_test(test_quiet_hours),
        cmocka_unit_test(test_a_browser_has_nothing_sent),
        cmocka_unit_test(test_deliveries_are_listed_and_few_are_kept),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
