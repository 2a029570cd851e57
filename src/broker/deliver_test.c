/* Deliveries to connected clients: handshakes, windows, packet ids, sizes, expiry, aliases, and
 * clients that do not read. */
#include "broker/test_talk.h"

struct pair {
    struct wire *wire, *other;
};

static struct pair pair_of(struct test_house *house, struct how how, uint8_t qos)
{
    struct pair pair = {.wire = join(house, "c", how), .other = join(house, "p", (struct how){0})};
    subscribe(pair.wire, "t", qos);
    return pair;
}

/* The handshake tests hold for sessions of both kinds. */
static const struct how kinds[] = {{.expiry_s = 0}, {.expiry_s = 100}, {.version = MQTT_3_1_1}};

static void test_qos_2_to_the_end(void **state)
{
    struct test_house *house = *state;
    for (size_t kind = 0; kind < ARRAY_COUNT(kinds); kind++) {
        struct pair pair = pair_of(house, kinds[kind], 2);
        publish(pair.other, "t", "x", 2);
        uint16_t id = expect_message(pair.wire, "t", "x", 2).publish.packet_id;
        wire_send_ack(pair.wire, MQTT_PUBCOMP, id, 0); /* too early: nothing happens */
        wire_send_ack(pair.wire, MQTT_PUBACK, id, 0);  /* not its handshake */
        house_settle(house);
        expect_nothing(pair.wire);
        wire_send_ack(pair.wire, MQTT_PUBREC, id, 0);
        house_settle(house);
        expect_ack(pair.wire, MQTT_PUBREL, id, 0);
        wire_send_ack(pair.wire, MQTT_PUBREC, id, 0); /* again */
        house_settle(house);
        expect_ack(pair.wire, MQTT_PUBREL, id, 0);
        wire_send_ack(pair.wire, MQTT_PUBCOMP, id, 0);
        wire_send_ack(pair.wire, MQTT_PUBREC, id, 0); /* no more known */
        house_settle(house);
        expect_ack(pair.wire, MQTT_PUBREL, id,
                   pair.wire->version == MQTT_5 ? MQTT_PACKET_ID_NOT_FOUND : 0);
        expect_nothing(pair.wire);
        assert_int_equal(talk_state(house).queued, 0);
        leave(pair.wire);
        leave(pair.other);
    }
}

/* PUBREL of a kept session leaves when the disk has PUBREC. */
static void test_pubrel_waits_for_the_disk(void **state)
{
    struct test_house *house = *state;
    struct pair pair = pair_of(house, kinds[1], 2);
    publish(pair.other, "t", "x", 2);
    uint16_t id = expect_message(pair.wire, "t", "x", 2).publish.packet_id;
    wire_send_ack(pair.wire, MQTT_PUBREC, id, 0);
    (void)broker_step(house->broker);
    expect_nothing(pair.wire);
    house_crash(house); /* PUBREC was lost: the message comes again */
    struct wire *wire = rejoin(house, "c", kinds[1]);
    struct packet packet = expect_message(wire, "t", "x", 2);
    assert_true(packet.publish.dup);
    assert_int_equal(packet.publish.packet_id, id);
    wire_send_ack(wire, MQTT_PUBREC, id, 0);
    house_settle(house);
    expect_ack(wire, MQTT_PUBREL, id, 0);
    house_crash(house); /* it was not: only PUBREL comes again */
    wire = rejoin(house, "c", kinds[1]);
    expect_ack(wire, MQTT_PUBREL, id, 0);
    expect_nothing(wire);
    wire_send_ack(wire, MQTT_PUBCOMP, id, 0);
    house_settle(house);
    wire = rejoin(house, "c", kinds[1]);
    expect_nothing(wire);
}

/* 4.3.3: a reason of 0x80 and above ends the delivery. */
static void test_refused_by_the_client(void **state)
{
    struct test_house *house = *state;
    for (size_t kind = 0; kind < 2; kind++) {
        struct how how = kinds[kind];
        how.receive_max = 1;
        struct pair pair = pair_of(house, how, 2);
        publish(pair.other, "t", "1", 1);
        publish(pair.other, "t", "2", 2);
        publish(pair.other, "t", "3", 2);
        wire_send_ack(pair.wire, MQTT_PUBACK,
                      expect_message(pair.wire, "t", "1", 1).publish.packet_id,
                      MQTT_QUOTA_EXCEEDED);
        house_settle(house);
        wire_send_ack(pair.wire, MQTT_PUBREC,
                      expect_message(pair.wire, "t", "2", 2).publish.packet_id,
                      MQTT_PAYLOAD_FORMAT_INVALID);
        house_settle(house);
        take_message(pair.wire, "t", "3", 2);
        expect_nothing(pair.wire);
        assert_int_equal(talk_state(house).queued, 0);
        leave(pair.wire);
        leave(pair.other);
    }
}

/* ---- windows and packet ids ---- */
static size_t take_all(struct wire *wire, uint16_t *ids)
{
    struct packet packet;
    size_t count = 0;
    while (wire_next(wire, &packet)) {
        assert_int_equal(packet.type, MQTT_PUBLISH);
        ids[count++] = packet.publish.packet_id;
    }
    return count;
}

static void test_window_at_both_sides(void **state)
{
    struct test_house *house = *state;
    for (size_t kind = 0; kind < 2; kind++) {
        struct how how = kinds[kind];
        uint16_t ids[64];
        how.receive_max = 5;
        struct pair pair = pair_of(house, how, 1);
        for (int i = 0; i < 12; i++)
            publish(pair.other, "t", "x", 1);
        assert_int_equal(take_all(pair.wire, ids), 5);
        wire_send_ack(pair.wire, MQTT_PUBACK, ids[3], 0); /* out of order */
        house_settle(house);
        assert_int_equal(take_all(pair.wire, ids + 5), 1);
        wire_send_ack(pair.wire, MQTT_PUBACK, ids[3], 0); /* again: changes nothing */
        house_settle(house);
        assert_int_equal(take_all(pair.wire, ids + 6), 0);
        wire_send_ack(pair.wire, MQTT_PUBACK, ids[0], 0);
        wire_send_ack(pair.wire, MQTT_PUBACK, ids[5], 0);
        house_settle(house);
        assert_int_equal(take_all(pair.wire, ids + 6), 2);
        publish(pair.other, "t", "x", 0); /* QoS 0 is not held up */
        take_message(pair.wire, "t", "x", 0);
        vanish(pair.wire);
        vanish(pair.other);
        join(house, "c", (struct how){0});
    }
}

static void test_the_servers_own_window(void **state)
{
    struct test_house *house = *state;
    uint16_t ids[16];
    house->settings.mqtt_inflight = 3;
    struct pair pair = pair_of(house, (struct how){.version = MQTT_3_1_1}, 1);
    for (int i = 0; i < 5; i++)
        publish(pair.other, "t", "x", 1);
    assert_int_equal(take_all(pair.wire, ids), 3);
}

static void acknowledge_from(struct wire *wire, uint16_t after)
{
    struct packet packet;
    while (wire_next(wire, &packet))
        if (packet.publish.packet_id != after)
            wire_send_ack(wire, MQTT_PUBACK, packet.publish.packet_id, 0);
}

/* Ids go round at 65,535; one that is still in use is stepped over. */
static void test_packet_ids_go_round(void **state)
{
    struct test_house *house = *state;
    for (size_t kind = 0; kind < 2; kind++) {
        struct pair pair = pair_of(house, kinds[kind], 1);
        uint32_t sent = 0;
        bool seen_last = false, seen_first_again = false;
        while (sent < 66000) {
            struct packet packet;
            for (int i = 0; i < 500; i++, sent++)
                publish_begin(pair.other, "t", "{", 1, false, (uint16_t)(i + 1));
            house_settle(house);
            while (wire_next(pair.other, &packet))
                assert_int_equal(packet.type, MQTT_PUBACK);
            while (wire_next(pair.wire, &packet)) {
                uint16_t id = packet.publish.packet_id;
                assert_int_not_equal(id, 0);
                seen_first_again = seen_first_again || (seen_last && id == 1);
                seen_last = seen_last || id == 65535;
                wire_send_ack(pair.wire, MQTT_PUBACK, id, 0);
            }
        }
        house_settle(house);
        acknowledge_from(pair.wire, 0);
        assert_true(seen_last && seen_first_again);
        vanish(pair.wire);
        vanish(pair.other);
        join(house, "c", (struct how){0});
    }
}

/* ---- size, expiry, aliases ---- */
static void test_packet_size_at_both_sides(void **state)
{
    struct test_house *house = *state;
    for (size_t kind = 0; kind < 2; kind++) {
        struct how how = kinds[kind];
        char text[64];
        how.packet_max = 48;
        how.alias_max = 1;
        struct pair pair = pair_of(house, how, 1);
        for (size_t size = 30; size <= 42; size++) {
            snprintf(text, sizeof text, "%0*d", (int)size, 0);
            publish(pair.other, "t", text, 1);
            size_t packet = 2 + 3 + 2 + 1 + size; /* header, topic, id, no properties, payload */
            if (packet <= 48)
                take_message(pair.wire, "t", text, 1);
            expect_nothing(pair.wire);
        }
        assert_int_equal(broker_counters(house->broker)->dropped_size, 2 * (kind + 1));
        publish(pair.other, "t", "x", 1); /* what was dropped holds up nothing */
        take_message(pair.wire, "t", "x", 1);
        assert_int_equal(talk_state(house).queued, 0);
        vanish(pair.wire);
        vanish(pair.other);
        join(house, "c", (struct how){0});
    }
}

static void publish_for(struct wire *wire, uint32_t expiry_s, uint8_t qos, uint16_t packet_id)
{
    wire_send_publish(wire, &(struct mqtt_publish){
                                .topic = bytes_text("t"),
                                .payload = bytes_text("x"),
                                .qos = qos,
                                .packet_id = packet_id,
                                .properties = {.has = PROPERTY(2), .message_expiry_s = expiry_s}});
}

static void test_expiry_counts_down_and_drops(void **state)
{
    struct test_house *house = *state;
    for (size_t kind = 0; kind < 2; kind++) {
        struct how how = kinds[kind];
        how.receive_max = 1;
        struct pair pair = pair_of(house, how, 1);
        uint64_t dropped = broker_counters(house->broker)->dropped_expired;
        publish_for(pair.other, 100, 1, 1);
        publish_for(pair.other, 10, 1, 2);
        publish_for(pair.other, 100, 1, 3);
        house_settle(house);
        struct packet packet = expect_message(pair.wire, "t", "x", 1);
        assert_int_equal(packet.publish.properties.message_expiry_s, 100);
        house_advance(house, 10 * NS_PER_S);
        wire_send_ack(pair.wire, MQTT_PUBACK, packet.publish.packet_id, 0);
        house_settle(house);
        packet = take_message(pair.wire, "t", "x", 1);
        assert_int_equal(packet.publish.properties.message_expiry_s, 90);
        expect_nothing(pair.wire);
        assert_int_equal(broker_counters(house->broker)->dropped_expired, dropped + 1);
        assert_int_equal(talk_state(house).queued, 0);
        wire_choke(pair.wire, true);
        publish_for(pair.other, 5, 0, 0);
        publish_for(pair.other, 6, 0, 0);
        house_settle(house);
        house_advance(house, 5 * NS_PER_S);
        wire_choke(pair.wire, false);
        house_settle(house);
        assert_int_equal(expect_message(pair.wire, "t", "x", 0).publish.properties.message_expiry_s,
                         1);
        expect_nothing(pair.wire);
        vanish(pair.wire);
        vanish(pair.other);
        join(house, "c", (struct how){0});
    }
}

static void test_aliases_to_the_client(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){.alias_max = 2}),
                *other = join(house, "p", (struct how){0});
    static const char *const topics[] = {"long/topic/1", "long/topic/2", "long/topic/3"};
    subscribe(wire, "#", 1);
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < ARRAY_COUNT(topics); i++) {
            publish(other, topics[i], "x", 1);
            struct packet packet = take_message(wire, topics[i], "x", 1); /* resolved by the wire */
            assert_int_equal(MQTT_HAS(&packet.publish.properties, 35), i < 2);
            assert_true(packet.size < 20 || round == 0 || i == 2);
        }
    leave(wire);
    wire = join(house, "c", (struct how){.version = MQTT_3_1_1});
    subscribe(wire, "#", 0);
    publish(other, topics[0], "x", 0);
    take_message(wire, topics[0], "x", 0);
}

/* ---- clients that do not read ---- */
static void test_a_deaf_client_grows_to_its_limits(void **state)
{
    struct test_house *house = *state;
    struct pair pair = pair_of(house, (struct how){0}, 1);
    house->settings.mqtt_queue_qos0 = 10;
    house->settings.mqtt_queue = 20;
    wire_choke(pair.wire, true);
    for (int i = 0; i < 100; i++) {
        publish(pair.other, "t", "x", 0);
        publish(pair.other, "t", "y", 1);
    }
    assert_int_equal(broker_counters(house->broker)->dropped_slow, 90);
    assert_int_equal(broker_counters(house->broker)->dropped_queue, 80);
    expect_nothing(pair.wire);
    wire_choke(pair.wire, false);
    house_settle(house);
    uint16_t ids[64];
    assert_int_equal(take_all(pair.wire, ids), 30);
}

static void test_bytes_for_a_deaf_client(void **state)
{
    struct test_house *house = *state;
    struct pair pair = pair_of(house, (struct how){0}, 1);
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = 0;
    house->settings.mqtt_queue_bytes = 10 * 1200;
    wire_choke(pair.wire, true);
    uint64_t before = house->memory.used;
    for (int i = 0; i < 50; i++)
        publish(pair.other, "t", text, (uint8_t)(i & 1));
    assert_true(house->memory.used - before < 16 * 1200);
    uint16_t ids[64];
    wire_choke(pair.wire, false);
    house_settle(house);
    assert_in_range(take_all(pair.wire, ids), 10, 12);
}

/* What all hold together has a limit: who is slow loses messages, who publishes is not stopped. */
static void test_memory_of_all(void **state)
{
    struct test_house *house = *state;
    struct pair pair = pair_of(house, (struct how){0}, 0);
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = 0;
    wire_choke(pair.wire, true);
    house->memory.most = house->memory.used + 20000;
    for (int i = 0; i < 100; i++)
        publish(pair.other, "t", text, 0);
    assert_true(house->memory.used <= house->memory.most);
    assert_true(broker_counters(house->broker)->dropped_slow >= 80);
    house->memory.most = house->settings.mqtt_memory;
    wire_choke(pair.wire, false);
    house_settle(house);
    uint16_t ids[128];
    assert_in_range(take_all(pair.wire, ids), 10, 20);
    publish(pair.other, "t", "x", 0);
    take_message(pair.wire, "t", "x", 0);
}

static void test_acknowledgements_wait_for_a_deaf_publisher(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    wire_choke(wire, true);
    for (uint16_t id = 1; id <= 50; id++)
        publish_begin(wire, "t", "x", 1, false, id);
    house_settle(house);
    expect_nothing(wire);
    wire_choke(wire, false);
    house_settle(house);
    for (uint16_t id = 1; id <= 50; id++)
        assert_int_equal(expect_packet(wire, MQTT_PUBACK).ack.packet_id, id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_qos_2_to_the_end),
        TALK(test_pubrel_waits_for_the_disk),
        TALK(test_refused_by_the_client),
        TALK(test_window_at_both_sides),
        TALK(test_the_servers_own_window),
        TALK(test_packet_ids_go_round),
        TALK(test_packet_size_at_both_sides),
        TALK(test_expiry_counts_down_and_drops),
        TALK(test_aliases_to_the_client),
        TALK(test_a_deaf_client_grows_to_its_limits),
        TALK(test_bytes_for_a_deaf_client),
        TALK(test_memory_of_all),
        TALK(test_acknowledgements_wait_for_a_deaf_publisher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
