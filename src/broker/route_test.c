/* Who gets a message: once, with the highest QoS and all subscription ids. */
#include "broker/test_talk.h"

static bool has_id(const struct packet *packet, uint32_t wanted)
{
    size_t offset = 0;
    uint32_t id;
    while (mqtt_subscription_id(packet->publish.properties.raw, &offset, &id))
        if (id == wanted)
            return true;
    return false;
}

static void test_overlapping_filters(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    for (int kept = 0; kept <= 1; kept++) {
        struct wire *wire = join(house, "c", (struct how){.expiry_s = kept ? 100 : 0});
        subscribe_wish(wire, (struct wish){.filter = "a/#", .qos = 0, .id = 1});
        subscribe_wish(wire, (struct wish){.filter = "a/+", .qos = 2, .id = 200});
        subscribe_wish(wire, (struct wish){.filter = "+/b", .qos = 1, .id = 300000});
        subscribe_wish(wire, (struct wish){.filter = "a/c", .qos = 1, .id = 4});
        publish(other, "a/b", "x", 2);
        struct packet packet = take_message(wire, "a/b", "x", 2);
        assert_true(has_id(&packet, 1) && has_id(&packet, 200) && has_id(&packet, 300000));
        assert_false(has_id(&packet, 4));
        publish(other, "a/b/c", "y", 2);
        packet = take_message(wire, "a/b/c", "y", 0);
        assert_true(has_id(&packet, 1) && !has_id(&packet, 200));
        expect_nothing(wire);
        leave(wire);
    }
}

static void test_as_many_ids_as_are_kept(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    struct wire *wire = join(house, "c", (struct how){.expiry_s = 100});
    const char *const filters[] = {"a/b/c/d", "#",     "a/#",   "+/#",
                                   "a/b/#",   "a/+/#", "+/b/#", "+/+/#"};
    for (uint32_t i = 0; i < ARRAY_COUNT(filters); i++)
        subscribe_wish(wire, (struct wish){.filter = filters[i], .qos = 1, .id = i + 1});
    publish(other, "a/b/c/d", "x", 1);
    struct packet packet = take_message(wire, "a/b/c/d", "x", 1);
    for (uint32_t i = 0; i < ARRAY_COUNT(filters); i++)
        assert_true(has_id(&packet, i + 1));
}

static void test_no_local(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    for (int kept = 0; kept <= 1; kept++) {
        struct wire *wire = join(house, "c", (struct how){.expiry_s = kept ? 100 : 0});
        subscribe_wish(wire, (struct wish){.filter = "t", .qos = 1, .no_local = true});
        publish(wire, "t", "mine", 1);
        publish(other, "t", "theirs", 1);
        take_message(wire, "t", "theirs", 1);
        subscribe_wish(wire, (struct wish){.filter = "t", .qos = 1});
        publish(wire, "t", "mine", 1);
        take_message(wire, "t", "mine", 1);
        expect_nothing(wire);
        leave(wire);
    }
}

static void test_retain_as_published(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    for (int kept = 0; kept <= 1; kept++) {
        struct wire *wire = join(house, "c", (struct how){.expiry_s = kept ? 100 : 0});
        subscribe_wish(wire, (struct wish){.filter = "t", .qos = 1, .retain_handling = 2});
        retain(other, "t", "x", 1);
        assert_false(take_message(wire, "t", "x", 1).publish.retain);
        subscribe_wish(
            wire, (struct wish){
                      .filter = "t", .qos = 1, .retain_handling = 2, .retain_as_published = true});
        retain(other, "t", "x", 1);
        assert_true(take_message(wire, "t", "x", 1).publish.retain);
        publish(other, "t", "x", 1);
        assert_false(take_message(wire, "t", "x", 1).publish.retain);
        leave(wire);
    }
}

/* [MQTT-4.7.2-1] */
static void test_dollar(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0}),
                *wire = join(house, "c", (struct how){0});
    subscribe(wire, "#", 1);
    subscribe(wire, "+/x", 1);
    publish(other, "$own/x", "a", 1);
    expect_nothing(wire);
    subscribe(wire, "$own/#", 1);
    publish(other, "$own/x", "b", 1);
    take_message(wire, "$own/x", "b", 1);
    expect_nothing(wire);
}

static void test_the_servers_own_topics_are_refused(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    const char *const topics[] = {"$SYS", "$SYS/broker/uptime"};
    for (size_t i = 0; i < ARRAY_COUNT(topics); i++) {
        publish_begin(wire, topics[i], "x", 1, false, 3);
        house_settle(house);
        expect_ack(wire, MQTT_PUBACK, 3, MQTT_TOPIC_NAME_INVALID);
        publish_begin(wire, topics[i], "x", 2, true, 4);
        house_settle(house);
        expect_ack(wire, MQTT_PUBREC, 4, MQTT_TOPIC_NAME_INVALID);
    }
    assert_int_equal(talk_state(house).retained, 0);
    publish(wire, "$SYSTEM", "x", 1);
}

static void test_sys_is_told(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    house->settings.mqtt_sys_interval = 10 * NS_PER_S;
    subscribe(wire, "$SYS/broker/clients/connected", 1);
    struct packet packet = expect_packet(wire, MQTT_PUBLISH);
    while (wire_next(wire, &packet))
        assert_int_equal(packet.type, MQTT_PUBLISH);
    expect_bytes(packet.publish.payload, "1");
    join(house, "d", (struct how){0});
    expect_nothing(wire);
    house_advance(house, 11 * NS_PER_S);
    house_settle(house);
    expect_message(wire, "$SYS/broker/clients/connected", "2", 0);
    expect_nothing(wire);
}

/* Order of one publisher and topic, each QoS by itself (4.6). */
static void test_order(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    struct wire *live = join(house, "l", (struct how){0});
    struct wire *kept = join(house, "k", (struct how){.expiry_s = 100});
    subscribe(live, "t", 2);
    subscribe(kept, "t", 2);
    for (unsigned i = 0; i < 300; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        publish_begin(other, "t", text, (uint8_t)(i % 3), false, (uint16_t)(i + 1));
        if (i % 7 == 0)
            (void)house_step(house);
    }
    house_settle(house);
    struct wire *const wires[] = {live, kept};
    for (size_t w = 0; w < 2; w++) {
        struct packet packet;
        int last[3] = {-1, -1, -1}, count = 0;
        while (wire_next(wires[w], &packet)) {
            char text[16] = "";
            memcpy(text, packet.publish.payload.at, packet.publish.payload.size);
            assert_int_equal(packet.publish.qos, atoi(text) % 3);
            assert_true(atoi(text) > last[packet.publish.qos]);
            last[packet.publish.qos] = atoi(text);
            count++;
        }
        assert_int_equal(count, 300);
    }
    for (unsigned i = 0; i < 300; i++)
        if (i % 3)
            expect_packet(other, i % 3 == 1 ? MQTT_PUBACK : MQTT_PUBREC);
}

/* ---- what is a reading ---- */
static bool is_point(struct test_house *house, const char *path)
{
    return points_find(engine_points(house->engine), TENANT_DEFAULT, bytes_text(path)) !=
           POINT_NONE;
}

static void test_readings_match(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    snprintf(house->settings.readings_match, sizeof house->settings.readings_match, "site/# +/x");
    publish(wire, "site/a", "1", 1);
    publish(wire, "other/x", "1", 1);
    publish(wire, "other/y", "1", 1);
    assert_true(is_point(house, "site/a") && is_point(house, "other/x"));
    assert_false(is_point(house, "other/y"));
    house->settings.readings_match[0] = 0; /* none at all */
    publish(wire, "site/b", "1", 1);
    assert_false(is_point(house, "site/b"));
}

static void test_responses_are_no_readings(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    struct mqtt_publish request = {.topic = bytes_text("ask"),
                                   .payload = bytes_text("1"),
                                   .qos = 1,
                                   .packet_id = 1,
                                   .properties = {.has = PROPERTY(8) | PROPERTY(9),
                                                  .response_topic = bytes_text("answer/7"),
                                                  .correlation_data = bytes_text("k")}};
    subscribe(wire, "ask", 1);
    wire_send_publish(wire, &request);
    house_settle(house);
    expect_ack(wire, MQTT_PUBACK, 1, 0);
    struct packet packet = take_message(wire, "ask", "1", 1);
    expect_bytes(packet.publish.properties.response_topic, "answer/7");
    expect_bytes(packet.publish.properties.correlation_data, "k");
    publish(wire, "answer/7", "1", 1);
    publish(wire, "answer/8", "1", 1);
    assert_true(is_point(house, "ask") && is_point(house, "answer/8"));
    assert_false(is_point(house, "answer/7"));
}

static void test_what_nobody_gets(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    publish_begin(wire, "t", "{no reading", 1, false, 1);
    publish_begin(wire, "u", "7", 1, false, 2);
    publish_begin(wire, "t", "{no reading", 2, false, 3);
    house_settle(house);
    expect_ack(wire, MQTT_PUBACK, 1, MQTT_NO_MATCHING_SUBSCRIBERS);
    expect_ack(wire, MQTT_PUBACK, 2, MQTT_SUCCESS);
    expect_ack(wire, MQTT_PUBREC, 3, MQTT_NO_MATCHING_SUBSCRIBERS);
    wire = join(house, "d", (struct how){.version = MQTT_3_1_1});
    publish(wire, "t", "{no reading", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_overlapping_filters),
        TALK(test_as_many_ids_as_are_kept),
        TALK(test_no_local),
        TALK(test_retain_as_published),
        TALK(test_dollar),
        TALK(test_the_servers_own_topics_are_refused),
        TALK(test_sys_is_told),
        TALK(test_order),
        TALK(test_readings_match),
        TALK(test_responses_are_no_readings),
        TALK(test_what_nobody_gets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
