/* Wills: published on every end but DISCONNECT 0, at once or after a delay, once. */
#include "broker/test_talk.h"

static struct how willing(uint32_t expiry_s, uint32_t delay_s)
{
    struct how how = {.expiry_s = expiry_s};
    how.will = (struct mqtt_will){
        .present = true,
        .qos = 1,
        .topic = bytes_text("will"),
        .payload = bytes_text("gone"),
        .properties = {.has = delay_s ? PROPERTY(24) : 0, .will_delay_s = delay_s}};
    return how;
}

static struct wire *watcher(struct test_house *house)
{
    struct wire *watch = join(house, "watch", (struct how){0});
    subscribe(watch, "will", 1);
    return watch;
}

static void after(struct test_house *house, int64_t seconds)
{
    house_advance(house, seconds * NS_PER_S);
    house_settle(house);
}

static void test_published_when_the_client_is_gone(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = watcher(house);
    vanish(join(house, "c", willing(0, 0)));
    struct packet packet = take_message(watch, "will", "gone", 1);
    assert_false(packet.publish.retain);
    expect_nothing(watch);
    assert_int_equal(broker_counters(house->broker)->wills, 1);
    assert_int_equal(talk_state(house).sessions, 0);
}

static void test_not_published_on_disconnect(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = watcher(house);
    leave(join(house, "c", willing(0, 0)));
    struct how old = willing(0, 0);
    old.version = MQTT_3_1_1;
    leave(join(house, "c", old));
    leave(join(house, "c", willing(100, 5)));
    after(house, 200);
    expect_nothing(watch);
    assert_int_equal(talk_state(house).sessions, 0);
}

static void test_published_on_disconnect_with_will(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = watcher(house);
    struct wire *wire = join(house, "c", willing(0, 0));
    wire_send_disconnect(wire, MQTT_DISCONNECT_WITH_WILL);
    house_settle(house);
    take_message(watch, "will", "gone", 1);
}

static void test_published_on_silence_and_on_what_is_malformed(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = watcher(house);
    struct wire *wire = join(house, "c", willing(0, 0));
    broker_silent(house->broker, &wire->link);
    house_settle(house);
    take_message(watch, "will", "gone", 1);
    wire = join(house, "c", willing(0, 0));
    wire_send(wire, bytes_of("\x00\x00", 2));
    house_settle(house);
    expect_end(wire, MQTT_MALFORMED_PACKET, CAUSE_MALFORMED);
    take_message(watch, "will", "gone", 1);
}

static void test_published_on_takeover(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = watcher(house);
    join(house, "c", willing(0, 0));
    join(house, "c", (struct how){0});
    take_message(watch, "will", "gone", 1);
    join(house, "d", willing(100, 0));
    rejoin(house, "d", (struct how){0});
    take_message(watch, "will", "gone", 1);
    expect_nothing(watch);
}

static void test_delay_at_both_sides(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = watcher(house);
    vanish(join(house, "c", willing(100, 10)));
    after(house, 9);
    expect_nothing(watch);
    after(house, 1);
    take_message(watch, "will", "gone", 1);
    after(house, 50);
    expect_nothing(watch);
    rejoin(house, "c", willing(100, 10)); /* the session is still there */
}

/* [MQTT-3.1.3-9] */
static void test_delay_is_cut_off_by_a_reconnect(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = watcher(house);
    vanish(join(house, "c", willing(100, 10)));
    after(house, 9);
    struct wire *wire = rejoin(house, "c", (struct how){.expiry_s = 100});
    after(house, 20);
    expect_nothing(watch);
    vanish(wire); /* the new connection has no will */
    after(house, 20);
    expect_nothing(watch);
}

/* The session ends by a clean start, and the will with it (3.1.3.2.2). */
static void test_delay_ends_with_a_clean_start(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = watcher(house);
    vanish(join(house, "c", willing(100, 10)));
    join(house, "c", (struct how){.expiry_s = 100});
    take_message(watch, "will", "gone", 1);
    after(house, 20);
    expect_nothing(watch);
}

static void test_delay_ends_with_the_session(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = watcher(house);
    vanish(join(house, "c", willing(5, 100)));
    after(house, 4);
    expect_nothing(watch);
    after(house, 2);
    take_message(watch, "will", "gone", 1);
    after(house, 1);
    assert_int_equal(talk_state(house).sessions, 0);
    vanish(join(house, "d", willing(0, 100))); /* expiry 0: at once */
    take_message(watch, "will", "gone", 1);
    expect_nothing(watch);
}

static void test_published_after_a_crash(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = join(house, "watch", (struct how){.expiry_s = 1000});
    subscribe(watch, "will", 1);
    join(house, "c", willing(0, 0));
    join(house, "d", willing(100, 10));
    house_crash(house);
    house_settle(house);
    watch = rejoin(house, "watch", (struct how){.expiry_s = 1000});
    take_message(watch, "will", "gone", 1);
    expect_nothing(watch);
    after(house, 11);
    take_message(watch, "will", "gone", 1);
    house_crash(house); /* once */
    house_settle(house);
    after(house, 100);
    watch = rejoin(house, "watch", (struct how){.expiry_s = 1000});
    expect_nothing(watch);
}

static void test_a_reconnect_replaces_the_will(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = watcher(house);
    join(house, "c", willing(100, 50));
    struct how other = willing(100, 50);
    other.will.payload = bytes_text("other");
    other.will.properties = (struct mqtt_properties){.has = 0};
    vanish(rejoin(house, "c", other));
    take_message(watch, "will", "other", 1);
    after(house, 60);
    expect_nothing(watch);
}

static void test_retained_with_its_properties_and_expiry(void **state)
{
    struct test_house *house = *state;
    struct how how = willing(0, 0);
    how.will.retain = true;
    how.will.properties = (struct mqtt_properties){
        .has = PROPERTY(2) | PROPERTY(3), .message_expiry_s = 30, .content_type = bytes_text("x")};
    vanish(join(house, "c", how));
    after(house, 10);
    struct wire *watch = join(house, "watch", (struct how){0});
    subscribe(watch, "will", 1);
    struct packet packet = take_message(watch, "will", "gone", 1);
    assert_true(packet.publish.retain);
    expect_bytes(packet.publish.properties.content_type, "x");
    assert_int_equal(packet.publish.properties.message_expiry_s, 20);
    after(house, 30);
    assert_int_equal(talk_state(house).retained, 0);
}

/* What the store refuses is gone, and nothing waits for it: the client connects again. */
static void test_a_will_that_is_refused_holds_nobody_up(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = watcher(house);
    house->settings.mqtt_retained = 0;
    for (int i = 0; i < 3; i++) {
        struct how how = willing(i == 2 ? 100 : 0, i == 2 ? 10 : 0);
        how.will.retain = true;
        vanish(join(house, "c", how));
        after(house, 20);
        expect_nothing(watch);
    }
    assert_int_equal(broker_counters(house->broker)->wills, 0);
    house->settings.mqtt_retained = 1;
    after(house, 20); /* it is not published later either */
    expect_nothing(watch);
    rejoin(house, "c", (struct how){0});
}

static void test_the_server_stops(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = watcher(house);
    struct wire *wire = join(house, "c", willing(0, 0));
    struct wire *delayed = join(house, "d", willing(100, 10));
    broker_stop_wills(house->broker);
    house_settle(house);
    take_message(watch, "will", "gone", 1);
    expect_nothing(watch);
    broker_stop_goodbye(house->broker);
    house_settle(house);
    expect_end(wire, MQTT_SERVER_SHUTTING_DOWN, CAUSE_STOP);
    expect_end(delayed, MQTT_SERVER_SHUTTING_DOWN, CAUSE_STOP);
    expect_end(watch, MQTT_SERVER_SHUTTING_DOWN, CAUSE_STOP);
    assert_int_equal(talk_state(house).sessions, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_published_when_the_client_is_gone),
        TALK(test_not_published_on_disconnect),
        TALK(test_published_on_disconnect_with_will),
        TALK(test_published_on_silence_and_on_what_is_malformed),
        TALK(test_published_on_takeover),
        TALK(test_delay_at_both_sides),
        TALK(test_delay_is_cut_off_by_a_reconnect),
        TALK(test_delay_ends_with_a_clean_start),
        TALK(test_delay_ends_with_the_session),
        TALK(test_published_after_a_crash),
        TALK(test_a_reconnect_replaces_the_will),
        TALK(test_retained_with_its_properties_and_expiry),
        TALK(test_a_will_that_is_refused_holds_nobody_up),
        TALK(test_the_server_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
