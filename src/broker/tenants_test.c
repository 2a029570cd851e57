/* Tenants: two that use the same client ids, topics and groups know nothing of each other, whatever
 * is kept, and after a restart as well; and what one shows another by a share. */
#include "broker/test_tenants.h"

struct two { /* a device of each, with the same name, who may all */
    uint32_t acme, bolt;
    struct device a, b;
};

static struct two make_two(struct test_house *house)
{
    struct two two = {.acme = make_tenant(house, "acme", (struct tenant_quotas){0}),
                      .bolt = make_tenant(house, "bolt", (struct tenant_quotas){0})};
    two.a = make_device(house, two.acme, "pump", "operator");
    two.b = make_device(house, two.bolt, "pump", "operator");
    return two;
}

static void test_topics_and_ids(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house);
    struct wire *a = enter_as(house, &two.a, "one"), *b = enter_as(house, &two.b, "one");
    assert_false(a->ended); /* the same id took nobody's place */
    subscribe(a, "#", 1);
    subscribe(b, "#", 1);
    subscribe(b, "plant/+", 1);
    publish(a, "plant/t", "1", 1);
    take_message(a, "plant/t", "1", 1);
    expect_nothing(b);
    publish(b, "plant/t", "2", 1);
    take_message(b, "plant/t", "2", 1);
    expect_nothing(a);
    struct points *points = engine_points(house->engine);
    uint32_t point_a = points_find(points, two.acme, bytes_text("plant/t"));
    uint32_t point_b = points_find(points, two.bolt, bytes_text("plant/t"));
    assert_true(point_a != POINT_NONE && point_b != POINT_NONE && point_a != point_b);
    assert_int_equal(points_find(points, TENANT_MAIN, bytes_text("plant/t")), POINT_NONE);
}

static void test_takeover_is_within_a_tenant(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house);
    struct wire *a = enter_as(house, &two.a, "one"), *b = enter_as(house, &two.b, "one");
    struct wire *again = enter_as(house, &two.a, "one");
    expect_end(a, MQTT_SESSION_TAKEN_OVER, CAUSE_TAKEN_OVER);
    assert_false(b->ended);
    assert_false(again->ended);
}

static void test_retained(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house);
    struct wire *a = enter_as(house, &two.a, "a"), *b = enter_as(house, &two.b, "b");
    retain(a, "plant/t", "of acme", 1);
    subscribe(b, "#", 1);
    subscribe(b, "plant/t", 1);
    expect_nothing(b);
    retain(b, "plant/t", "of bolt", 1);
    take_message(b, "plant/t", "of bolt", 1);
    retain(b, "plant/t", "", 1); /* takes its own away */
    take_message(b, "plant/t", "", 1);
    subscribe(a, "plant/#", 1);
    take_message(a, "plant/t", "of acme", 1);
}

/* A walk over all retained messages, because the tree cannot say cheaply which ones match. */
static void test_retained_by_a_walk(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house);
    struct wire *a = enter_as(house, &two.a, "a"), *b = enter_as(house, &two.b, "b");
    char topic[32];
    for (int i = 0; i < 1200; i++) {
        snprintf(topic, sizeof topic, "t/%d", i);
        publish_flags(i % 2 ? a : b, topic, "x", 1, true);
    }
    subscribe(a, "t/#", 0);
    unsigned seen = 0;
    for (struct packet packet; wire_next(a, &packet); seen++) {
        assert_int_equal(packet.type, MQTT_PUBLISH);
        snprintf(topic, sizeof topic, "%.*s", (int)packet.publish.topic.size - 2,
                 (const char *)packet.publish.topic.at + 2);
        assert_int_equal(atoi(topic) % 2, 1);
    }
    assert_int_equal(seen, 600);
}

static void test_kept_sessions(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house);
    struct how keep = {.version = MQTT_5, .expiry_s = 1000};
    struct wire *a = join(house, "one", as(&two.a, keep));
    struct wire *b = join(house, "one", as(&two.b, keep));
    subscribe(a, "x/#", 1);
    subscribe(b, "x/#", 1);
    vanish(a);
    vanish(b);
    for (int round = 0; round < 2; round++) {
        struct wire *other = enter_as(house, &two.b, "other");
        publish(other, "x/y", "of bolt", 1);
        vanish(other);
        a = rejoin(house, "one", as(&two.a, keep));
        expect_nothing(a);
        b = rejoin(house, "one", as(&two.b, keep));
        take_message(b, "x/y", "of bolt", 1);
        vanish(a);
        vanish(b);
        house_restart(house);
    }
}

static void test_shared_groups(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house);
    struct wire *a = enter_as(house, &two.a, "a"), *b = enter_as(house, &two.b, "b");
    subscribe(a, "$share/team/x", 1);
    subscribe(b, "$share/team/x", 1);
    for (int i = 0; i < 3; i++) {
        publish(a, "x", "of acme", 1);
        take_message(a, "x", "of acme", 1);
        expect_nothing(b);
    }
    unsubscribe(a, "$share/team/x", MQTT_SUCCESS);
    publish(a, "x", "of acme", 1);
    expect_nothing(b);
    publish(b, "x", "of bolt", 1);
    take_message(b, "x", "of bolt", 1);
}

static void test_wills(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house);
    struct how how = {.version = MQTT_5,
                      .will = {.present = true,
                               .retain = true,
                               .qos = 1,
                               .topic = bytes_text("gone"),
                               .payload = bytes_text("of acme")}};
    struct wire *a = join(house, "a", as(&two.a, how)), *b = enter_as(house, &two.b, "b");
    subscribe(b, "#", 1);
    vanish(a);
    expect_nothing(b);
    subscribe(b, "gone", 1);
    expect_nothing(b);
    a = enter_as(house, &two.a, "c");
    subscribe(a, "gone", 1);
    take_message(a, "gone", "of acme", 1);
    /* killed with the server */
    (void)join(house, "a", as(&two.a, how));
    house_crash(house);
    house_settle(house);
    b = enter_as(house, &two.b, "b");
    subscribe(b, "#", 1);
    expect_nothing(b);
    a = enter_as(house, &two.a, "c");
    subscribe(a, "gone", 1);
    take_message(a, "gone", "of acme", 1);
}

/* $SYS is the tenant main's, and of it the host's. */
static void test_sys(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house);
    house->settings.mqtt_sys_interval = NS_PER_S;
    struct device host = make_device(house, TENANT_MAIN, "host", "host");
    struct device worker = make_device(house, TENANT_MAIN, "worker", "operator");
    struct device admin = make_device(house, two.acme, "admin", "administrator");
    struct wire *a = enter_as(house, &admin, "a"), *w = enter_as(house, &worker, "w"),
                *h = enter_as(house, &host, "h");
    struct wire *others[] = {a, w};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        subscribe_begin(others[i], (struct wish){.filter = "$SYS/#"});
        house_settle(house);
        expect_suback(others[i], MQTT_NOT_AUTHORIZED);
        subscribe(others[i], "#", 0);
        expect_nothing(others[i]);
    }
    subscribe_begin(h, (struct wish){.filter = "$SYS/broker/version"});
    house_settle(house);
    expect_suback(h, 0);
    assert_int_equal(expect_packet(h, MQTT_PUBLISH).publish.topic.size,
                     strlen("$SYS/broker/version"));
    house_advance(house, 2 * NS_PER_S);
    house_settle(house);
    expect_nothing(a);
    expect_nothing(w);
}

/* What a bridge says of itself is its tenant's. */
static void test_bridges(void **state)
{
    static const char topic[] = "$SYS/broker/connection/line/state";
    struct test_house *house = *state;
    struct two two = make_two(house);
    struct wire *a = enter_as(house, &two.a, "a"), *b = enter_as(house, &two.b, "b");
    subscribe(a, topic, 1);
    subscribe(b, topic, 1);
    publish(a, topic, "1", 1);
    take_message(a, topic, "1", 1);
    expect_nothing(b);
}

static void test_topics_seen_say_whose(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house);
    struct wire *a = enter_as(house, &two.a, "a"), *b = enter_as(house, &two.b, "b");
    publish(a, "plant/t", "1", 1);
    publish(b, "plant/t", "1", 1);
    uint64_t cursor = 0;
    struct topic_view view;
    uint32_t seen[3] = {0};
    for (size_t i = 0; i < 3 && broker_topic_next(house->broker, &cursor, &view); i++)
        seen[i] = view.tenant;
    const uint32_t wanted[] = {two.bolt, two.acme, 0};
    assert_memory_equal(seen, wanted, sizeof wanted);
    struct client_view client;
    for (cursor = 0; broker_client_next(house->broker, &cursor, &client);)
        assert_int_equal(client.tenant, client.id.at[0] == 'a' ? two.acme : two.bolt);
}

/* ---- what all share ---- */
static void retain_refused(struct wire *wire, const char *topic)
{
    publish_begin(wire, topic, "x", 1, true, 9);
    house_settle(wire->house);
    expect_ack(wire, MQTT_PUBACK, 9, MQTT_QUOTA_EXCEEDED);
}

static void test_half_of_the_retained_topics(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house);
    house->settings.mqtt_retained = 10;
    struct wire *a = enter_as(house, &two.a, "a"), *b = enter_as(house, &two.b, "b");
    char topic[8];
    for (int i = 0; i < 5; i++) {
        snprintf(topic, sizeof topic, "t%d", i);
        retain(a, topic, "x", 1);
        retain(b, topic, "x", 1);
    }
    retain_refused(a, "more");
    retain_refused(b, "more");
    retain(a, "t0", "y", 1); /* is there already */
    retain(a, "t1", "", 1);
    retain(a, "more", "x", 1);
    house_restart(house);
    a = enter_as(house, &two.a, "a");
    retain_refused(a, "again");
}

static void test_half_of_the_store(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house);
    struct how keep = {.version = MQTT_5, .expiry_s = 1000};
    struct wire *a = enter_as(house, &two.a, "a"), *b = enter_as(house, &two.b, "b");
    vanish(join(house, "kept", as(&two.a, keep)));
    struct wire *kept = rejoin(house, "kept", as(&two.a, keep));
    subscribe(kept, "no-reading/#", 1);
    vanish(kept);
    house->settings.mqtt_stored = (uint64_t)64 << 10;
    char text[1001];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    unsigned taken = 0;
    for (struct packet packet = {.ack = {.reason = 0}}; packet.ack.reason < 0x80; taken++) {
        publish_begin(a, "no-reading/a", text, 1, false, 9);
        house_settle(house);
        packet = expect_packet(a, MQTT_PUBACK);
        assert_true(packet.ack.reason < 0x80 || packet.ack.reason == MQTT_QUOTA_EXCEEDED ||
                    packet.ack.reason == MQTT_NO_MATCHING_SUBSCRIBERS);
        if (talk_state(house).queued < taken + 1)
            break;
    }
    assert_in_range(taken, 20, 32); /* of some 60 */
    publish_begin(a, "b", text, 1, true, 9);
    house_settle(house);
    expect_ack(a, MQTT_PUBACK, 9, MQTT_QUOTA_EXCEEDED);
    retain(b, "b", text, 1);
}

/* Half of the sessions that may be kept, on both sides of it, and counted anew after a restart. */
static void test_half_of_the_sessions(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house);
    const struct how keep = {.version = MQTT_5, .expiry_s = 1000};
    house->settings.mqtt_sessions = 4;
    vanish(join(house, "one", as(&two.a, keep)));
    vanish(join(house, "two", as(&two.a, keep)));
    for (int round = 0; round < 2; round++) {
        struct wire *third = join_begin(house, "three", as(&two.a, keep));
        house_settle(house);
        expect_connack(third, MQTT_QUOTA_EXCEEDED, false);
        expect_end(third, 0, CAUSE_CONNECT_REFUSED);
        vanish(rejoin(house, "two", as(&two.a, keep))); /* what it has it may use */
        vanish(round == 0 ? join(house, "one", as(&two.b, keep))
                          : rejoin(house, "one", as(&two.b, keep)));
        if (round == 0)
            house_crash(house);
        house_settle(house);
    }
    leave(join(house, "two", as(&two.a, (struct how){.version = MQTT_5}))); /* a clean start */
    house_settle(house);
    join(house, "three", as(&two.a, keep));
}

/* ---- shares ---- */
struct shown {
    struct two two;
    uint32_t fire, share;
    struct device chief;
};

static struct shown make_shown(struct test_house *house)
{
    struct shown shown = {.two = make_two(house)};
    shown.fire = make_tenant(house, "fire", (struct tenant_quotas){0});
    shown.chief = make_device(house, shown.fire, "chief", "operator");
    shown.share = make_share(house, shown.two.acme, shown.fire, "alarm/#");
    return shown;
}

static void subscribe_refused(struct wire *wire, const char *filter)
{
    subscribe_begin(wire, (struct wish){.filter = filter, .qos = 1});
    house_settle(wire->house);
    expect_suback(wire, MQTT_NOT_AUTHORIZED);
}

static void test_a_share_is_seen(void **state)
{
    struct test_house *house = *state;
    struct shown shown = make_shown(house);
    struct wire *chief = enter_as(house, &shown.chief, "chief"),
                *a = enter_as(house, &shown.two.a, "a");
    retain(a, "alarm/hall", "0", 1);
    retain(a, "secret", "0", 1);
    subscribe(chief, "@acme/alarm/#", 1);
    take_message(chief, "@acme/alarm/hall", "0", 1);
    subscribe(chief, "@acme/#", 1); /* some of it */
    take_message(chief, "@acme/alarm/hall", "0", 1);
    publish(a, "alarm/hall", "1", 1);
    take_message(chief, "@acme/alarm/hall", "1", 1);
    publish(a, "secret", "1", 1);
    expect_nothing(chief);
    publish(chief, "alarm/hall", "mine", 1);
    expect_nothing(chief);
}

static void test_what_is_not_shared_is_not_there(void **state)
{
    struct test_house *house = *state;
    struct shown shown = make_shown(house);
    struct wire *chief = enter_as(house, &shown.chief, "chief");
    static const char *const filters[] = {"@acme/secret", "@acme/plant/#", "@bolt/#", "@nobody/#",
                                          "@acme/",       "@acme",         "@/#",     "@fire/x"};
    for (size_t i = 0; i < ARRAY_COUNT(filters); i++)
        subscribe_refused(chief, filters[i]);
    publish_begin(chief, "@acme/alarm/hall", "9", 1, false, 5);
    house_settle(house);
    expect_ack(chief, MQTT_PUBACK, 5, MQTT_TOPIC_NAME_INVALID);
}

static void test_a_share_ends(void **state)
{
    struct test_house *house = *state;
    struct shown shown = make_shown(house);
    struct wire *chief = enter_as(house, &shown.chief, "chief"),
                *a = enter_as(house, &shown.two.a, "a");
    subscribe(chief, "@acme/alarm/#", 1);
    end_share(house, shown.two.acme, shown.share);
    house_settle(house);
    publish(a, "alarm/hall", "1", 1);
    expect_nothing(chief);
    assert_int_equal(talk_state(house).subscriptions, 0);
    subscribe_refused(chief, "@acme/alarm/#");
}

static void test_a_kept_session_keeps_what_was_shared(void **state)
{
    struct test_house *house = *state;
    struct shown shown = make_shown(house);
    struct how keep = {.version = MQTT_5, .expiry_s = 1000};
    struct wire *chief = join(house, "chief", as(&shown.chief, keep));
    subscribe(chief, "@acme/alarm/#", 1);
    vanish(chief);
    house_restart(house);
    struct wire *a = enter_as(house, &shown.two.a, "a");
    publish(a, "alarm/hall", "1", 1);
    chief = rejoin(house, "chief", as(&shown.chief, keep));
    take_message(chief, "@acme/alarm/hall", "1", 1);
    publish(a, "alarm/hall", "2", 1);
    take_message(chief, "@acme/alarm/hall", "2", 1);
    vanish(chief);
    publish(a, "alarm/hall", "3", 1);
    end_share(house, shown.fire, shown.share);
    chief = rejoin(house, "chief", as(&shown.chief, keep)); /* what was queued is not given */
    expect_nothing(chief);
    vanish(chief);
    house_restart(house);
    assert_int_equal(talk_state(house).subscriptions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TENANTS(test_topics_and_ids),
        TENANTS(test_takeover_is_within_a_tenant),
        TENANTS(test_retained),
        TENANTS(test_retained_by_a_walk),
        TENANTS(test_kept_sessions),
        TENANTS(test_shared_groups),
        TENANTS(test_wills),
        TENANTS(test_sys),
        TENANTS(test_bridges),
        TENANTS(test_topics_seen_say_whose),
        TENANTS(test_half_of_the_retained_topics),
        TENANTS(test_half_of_the_store),
        TENANTS(test_half_of_the_sessions),
        TENANTS(test_a_share_is_seen),
        TENANTS(test_what_is_not_shared_is_not_there),
        TENANTS(test_a_share_ends),
        TENANTS(test_a_kept_session_keeps_what_was_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
