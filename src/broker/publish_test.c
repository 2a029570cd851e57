/* PUBLISH from clients: QoS 2 once, receive maximum, aliases, what is malformed, and in which order
 * all of it is answered. */
#include "broker/test_talk.h"

#define KEPT                                                                                       \
    (struct how)                                                                                   \
    {                                                                                              \
        .expiry_s = 1000                                                                           \
    }

static struct wire *watcher(struct test_house *house)
{
    struct wire *watch = join(house, "watch", KEPT);
    subscribe(watch, "t", 2);
    return watch;
}

static void test_qos_2_twice_is_once(void **state)
{
    struct test_house *house = *state;
    static const struct how kinds[] = {{0}, {.expiry_s = 1000}, {.version = MQTT_3_1_1}};
    struct wire *watch = watcher(house);
    for (size_t kind = 0; kind < ARRAY_COUNT(kinds); kind++) {
        struct wire *wire = join(house, "c", kinds[kind]);
        for (int i = 0; i < 3; i++)
            publish_begin(wire, "t", "x", 2, false, 5);
        house_settle(house);
        for (int i = 0; i < 3; i++)
            expect_ack(wire, MQTT_PUBREC, 5, 0);
        wire_send_ack(wire, MQTT_PUBREL, 5, 0);
        wire_send_ack(wire, MQTT_PUBREL, 5, 0);
        publish_begin(wire, "t", "y", 2, false, 5); /* the id is free again */
        house_settle(house);
        expect_ack(wire, MQTT_PUBCOMP, 5, 0);
        expect_ack(wire, MQTT_PUBCOMP, 5, wire->version == MQTT_5 ? MQTT_PACKET_ID_NOT_FOUND : 0);
        expect_ack(wire, MQTT_PUBREC, 5, 0);
        struct packet first = expect_message(watch, "t", "x", 2);
        struct packet second = expect_message(watch, "t", "y", 2);
        finish_message(watch, &first);
        finish_message(watch, &second);
        expect_nothing(watch);
        leave(wire);
    }
}

static void test_qos_2_once_through_crashes(void **state)
{
    struct test_house *house = *state;
    watcher(house);
    struct wire *wire = join(house, "c", KEPT);
    publish_begin(wire, "t", "x", 2, false, 5);
    house_crash(house); /* lost: nobody was told */
    wire = rejoin(house, "c", KEPT);
    publish_begin(wire, "t", "x", 2, false, 5);
    (void)engine_step(house->engine); /* written, and nobody was told */
    house_crash(house);
    wire = rejoin(house, "c", KEPT);
    publish_begin(wire, "t", "x", 2, false, 5);
    house_settle(house);
    expect_ack(wire, MQTT_PUBREC, 5, 0);
    wire_send_ack(wire, MQTT_PUBREL, 5, 0);
    house_crash(house); /* PUBREL lost: the message is still in hand */
    wire = rejoin(house, "c", KEPT);
    publish_begin(wire, "t", "x", 2, false, 5);
    house_settle(house);
    expect_ack(wire, MQTT_PUBREC, 5, 0);
    wire_send_ack(wire, MQTT_PUBREL, 5, 0);
    house_settle(house);
    expect_ack(wire, MQTT_PUBCOMP, 5, 0);
    house_crash(house);
    wire = rejoin(house, "c", KEPT);
    wire_send_ack(wire, MQTT_PUBREL, 5, 0);
    house_settle(house);
    expect_ack(wire, MQTT_PUBCOMP, 5, MQTT_PACKET_ID_NOT_FOUND);
    struct wire *watch = rejoin(house, "watch", KEPT);
    take_message(watch, "t", "x", 2);
    expect_nothing(watch);
}

/* A value that does not fit its point is no reading; its packet id does not stay in use. */
static void test_a_refused_qos_2_frees_its_packet_id(void **state)
{
    struct test_house *house = *state;
    static const struct how kinds[] = {{.expiry_s = 1000},
                                       {.expiry_s = 1000, .version = MQTT_3_1_1}};
    publish(join(house, "p", (struct how){0}), "u", "1.5", 1);
    for (size_t kind = 0; kind < ARRAY_COUNT(kinds); kind++) {
        struct how how = kinds[kind];
        how.resume = how.version == MQTT_3_1_1;
        struct wire *wire = join_begin(house, kind ? "old" : "new", how);
        house_settle(house);
        expect_connack(wire, 0, false);
        publish_begin(wire, "u", "words", 2, false, 5);
        house_settle(house);
        struct packet packet = expect_packet(wire, MQTT_PUBREC);
        assert_int_equal(packet.ack.reason, kind ? 0 : MQTT_PAYLOAD_FORMAT_INVALID);
        if (kind) {
            wire_send_ack(wire, MQTT_PUBREL, 5, 0);
            house_settle(house);
            expect_ack(wire, MQTT_PUBCOMP, 5, 0);
        }
        vanish(wire);
        struct wire *watch = watcher(house);
        wire = rejoin(house, kind ? "old" : "new", how);
        publish_begin(wire, "t", "y", 2, false, 5);
        house_settle(house);
        expect_ack(wire, MQTT_PUBREC, 5, 0);
        take_message(watch, "t", "y", 2);
        vanish(wire);
        vanish(watch);
        join(house, "watch", (struct how){0});
    }
}

static void test_answers_come_in_order(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", KEPT);
    subscribe(wire, "t", 0);
    publish_begin(wire, "t", "x", 1, false, 1);
    publish_begin(wire, "t", "x", 2, false, 2);
    publish_begin(wire, "$SYS/x", "x", 1, false, 3);
    wire_send_ack(wire, MQTT_PUBREL, 2, 0);
    publish_begin(wire, "t", "x", 1, false, 4);
    (void)broker_step(house->broker);
    expect_nothing(wire); /* the refusal waits its turn */
    house_settle(house);
    struct packet packet;
    const uint8_t types[] = {MQTT_PUBACK, MQTT_PUBREC, MQTT_PUBACK, MQTT_PUBCOMP, MQTT_PUBACK};
    const uint16_t ids[] = {1, 2, 3, 2, 4};
    size_t at = 0;
    while (wire_next(wire, &packet)) {
        if (packet.type == MQTT_PUBLISH)
            continue;
        assert_int_equal(packet.type, types[at]);
        assert_int_equal(packet.ack.packet_id, ids[at]);
        at++;
    }
    assert_int_equal(at, 5);
}

/* ---- receive maximum ---- */
static void test_receive_maximum_at_both_sides(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_receive = 5;
    for (uint8_t qos = 1; qos <= 2; qos++) {
        struct wire *wire = join(house, "c", (struct how){0});
        for (uint16_t id = 1; id <= 5; id++)
            publish_begin(wire, "t", "x", qos, false, id);
        house_settle(house);
        assert_false(wire->ended);
        vanish(wire);
        wire = join(house, "c", (struct how){0});
        for (uint16_t id = 1; id <= 6; id++)
            publish_begin(wire, "t", "x", qos, false, id);
        expect_end(wire, MQTT_RECEIVE_MAXIMUM_EXCEEDED, CAUSE_RECEIVE_MAXIMUM);
    }
}

static void test_receive_maximum_is_free_again(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_receive = 2;
    struct wire *wire = join(house, "c", KEPT);
    for (int round = 0; round < 10; round++) {
        publish(wire, "t", "x", 1);
        publish(wire, "t", "x", 2);
        publish_begin(wire, "$SYS/x", "x", 2, false, 9); /* refused: holds nothing */
        house_settle(house);
        expect_ack(wire, MQTT_PUBREC, 9, MQTT_TOPIC_NAME_INVALID);
    }
    assert_false(wire->ended);
}

/* MQTT 3 has no such number: its client is read on when there is room. */
static void test_mqtt_3_waits_instead(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_receive = 5;
    for (uint8_t qos = 1; qos <= 2; qos++) {
        struct wire *wire = join(house, "c", (struct how){.version = MQTT_3_1_1});
        for (uint16_t id = 1; id <= 100; id++)
            publish_begin(wire, "t", "x", qos, false, id);
        house_settle(house);
        for (uint16_t id = 1; id <= 100; id++)
            expect_ack(wire, qos == 1 ? MQTT_PUBACK : MQTT_PUBREC, id, 0);
        for (uint16_t id = 1; id <= 100 && qos == 2; id++)
            wire_send_ack(wire, MQTT_PUBREL, id, 0);
        for (int round = 0; round < 10; round++) /* a piece of them is answered in each */
            house_settle(house);
        for (uint16_t id = 1; id <= 100 && qos == 2; id++)
            expect_ack(wire, MQTT_PUBCOMP, id, 0);
        leave(wire);
    }
}

/* ---- aliases ---- */
static void publish_alias(struct wire *wire, const char *topic, uint16_t alias, const char *payload)
{
    wire_send_publish(
        wire, &(struct mqtt_publish){.topic = bytes_text(topic),
                                     .payload = bytes_text(payload),
                                     .properties = {.has = PROPERTY(35), .topic_alias = alias}});
    house_settle(wire->house);
}

static void test_aliases_of_the_client(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = join(house, "watch", (struct how){0});
    subscribe(watch, "#", 0);
    house->settings.mqtt_alias = 3;
    struct wire *wire = join(house, "c", (struct how){0});
    publish_alias(wire, "one", 1, "a");
    publish_alias(wire, "three", 3, "b");
    publish_alias(wire, "", 1, "c");
    publish_alias(wire, "other", 1, "d");
    publish_alias(wire, "", 1, "e");
    publish_alias(wire, "", 3, "f");
    take_message(watch, "one", "a", 0);
    take_message(watch, "three", "b", 0);
    take_message(watch, "one", "c", 0);
    take_message(watch, "other", "d", 0);
    take_message(watch, "other", "e", 0);
    take_message(watch, "three", "f", 0);
    publish_alias(wire, "", 2, "g"); /* never set */
    expect_end(wire, MQTT_PROTOCOL_ERROR, CAUSE_PROTOCOL);
    wire = join(house, "c", (struct how){0});
    publish_alias(wire, "", 1, "g"); /* of the connection before */
    expect_end(wire, MQTT_PROTOCOL_ERROR, CAUSE_PROTOCOL);
    wire = join(house, "c", (struct how){0});
    publish_alias(wire, "four", 4, "g"); /* more than was offered */
    expect_end(wire, MQTT_TOPIC_ALIAS_INVALID, CAUSE_PROTOCOL);
    house->settings.mqtt_alias = 0;
    wire = join(house, "c", (struct how){0});
    publish_alias(wire, "one", 1, "g");
    expect_end(wire, MQTT_TOPIC_ALIAS_INVALID, CAUSE_PROTOCOL);
    expect_nothing(watch);
}

/* ---- what is wrong ---- */
static void test_payload_format_is_held(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    struct mqtt_publish publish = {.topic = bytes_text("t"),
                                   .payload = bytes_of("\xff", 1),
                                   .qos = 1,
                                   .packet_id = 1,
                                   .properties = {.has = PROPERTY(1), .payload_format = 1}};
    wire_send_publish(wire, &publish);
    publish.properties.payload_format = 0;
    publish.packet_id = 2;
    wire_send_publish(wire, &publish);
    house_settle(house);
    expect_ack(wire, MQTT_PUBACK, 1, MQTT_PAYLOAD_FORMAT_INVALID);
    expect_ack(wire, MQTT_PUBACK, 2, MQTT_NO_MATCHING_SUBSCRIBERS);
}

static void test_subscription_ids_are_the_servers(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    wire_send(wire, bytes_of("\x30\x06\x00\x01t\x02\x0b\x07", 8)); /* [MQTT-3.3.4-6] */
    expect_end(wire, MQTT_PROTOCOL_ERROR, CAUSE_PROTOCOL);
}

static void test_packet_size_at_both_sides(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_packet = 1024;
    struct wire *watch = join(house, "watch", (struct how){0});
    subscribe(watch, "t", 0);
    struct wire *wire = join(house, "c", (struct how){0});
    char text[1100];
    memset(text, 'x', sizeof text);
    text[1024 - 3 - 3 - 1] = 0; /* header, topic, no properties */
    publish(wire, "t", text, 0);
    take_message(watch, "t", text, 0);
    text[1024 - 3 - 3 - 1] = 'x';
    text[1024 - 3 - 3] = 0;
    publish_begin(wire, "t", text, 0, false, 0);
    expect_end(wire, MQTT_PACKET_TOO_LARGE, CAUSE_PACKET_SIZE);
}

static void test_ping(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    for (size_t i = 0; i < 2; i++) /* byte by byte */
        wire_send(wire, bytes_of(&"\xc0\x00"[i], 1));
    expect_packet(wire, MQTT_PINGRESP);
    expect_nothing(wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_qos_2_twice_is_once),
        TALK(test_qos_2_once_through_crashes),
        TALK(test_a_refused_qos_2_frees_its_packet_id),
        TALK(test_answers_come_in_order),
        TALK(test_receive_maximum_at_both_sides),
        TALK(test_receive_maximum_is_free_again),
        TALK(test_mqtt_3_waits_instead),
        TALK(test_aliases_of_the_client),
        TALK(test_payload_format_is_held),
        TALK(test_subscription_ids_are_the_servers),
        TALK(test_packet_size_at_both_sides),
        TALK(test_ping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
