/* test_talk: short ways to say things to a broker in a test house, and to expect its answers. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/test_house.h"

#define PROPERTY(number) (UINT64_C(1) << (number))

/* ---- CONNECT ---- */
struct how {         /* all zero: MQTT 5, clean start, the session ends with the connection */
    uint8_t version; /* 0: 5 */
    bool resume;     /* clean start 0 */
    uint32_t expiry_s, packet_max;
    uint16_t receive_max, alias_max, keep_alive_s;
    struct mqtt_will will;
    const char *user, *password; /* NULL: none */
};

static inline struct wire *join_begin(struct test_house *house, const char *id, struct how how)
{
    struct wire *wire = wire_open(house);
    struct mqtt_connect connect = {.version = how.version ? how.version : MQTT_5,
                                   .clean_start = !how.resume,
                                   .keep_alive_s = how.keep_alive_s,
                                   .client_id = bytes_text(id),
                                   .will = how.will,
                                   .has_user = how.user != NULL,
                                   .has_password = how.password != NULL};
    connect.user = how.user ? bytes_text(how.user) : bytes_of("", 0);
    connect.password = how.password ? bytes_text(how.password) : bytes_of("", 0);
    struct mqtt_properties *properties = &connect.properties;
    properties->session_expiry_s = how.expiry_s;
    properties->receive_maximum = how.receive_max;
    properties->topic_alias_maximum = how.alias_max;
    properties->maximum_packet_size = how.packet_max;
    properties->has = (how.expiry_s ? PROPERTY(17) : 0) | (how.receive_max ? PROPERTY(33) : 0) |
                      (how.alias_max ? PROPERTY(34) : 0) | (how.packet_max ? PROPERTY(39) : 0);
    wire_send_connect(wire, &connect);
    return wire;
}

static inline struct packet expect_packet(struct wire *wire, uint8_t type)
{
    struct packet packet;
    assert_true(wire_next(wire, &packet));
    assert_string_equal(mqtt_type_name(packet.type), mqtt_type_name(type));
    return packet;
}

static inline void expect_nothing(struct wire *wire)
{
    struct packet packet;
    if (wire_next(wire, &packet))
        fail_msg("a %s where nothing was expected", mqtt_type_name(packet.type));
}

static inline struct packet expect_connack(struct wire *wire, uint8_t reason, bool present)
{
    struct packet packet = expect_packet(wire, MQTT_CONNACK);
    assert_int_equal(packet.connack.reason, reason);
    assert_int_equal(packet.connack.session_present, present);
    return packet;
}

/* Connects and is accepted, without a session of before. */
static inline struct wire *join(struct test_house *house, const char *id, struct how how)
{
    struct wire *wire = join_begin(house, id, how);
    house_settle(house);
    expect_connack(wire, MQTT_SUCCESS, false);
    return wire;
}

/* Connects and is accepted, and the session of before goes on. */
static inline struct wire *rejoin(struct test_house *house, const char *id, struct how how)
{
    how.resume = true;
    struct wire *wire = join_begin(house, id, how);
    house_settle(house);
    expect_connack(wire, MQTT_SUCCESS, true);
    return wire;
}

static inline void vanish(struct wire *wire)
{
    wire_vanish(wire);
    house_settle(wire->house);
}

static inline void leave(struct wire *wire)
{
    wire_send_disconnect(wire, MQTT_SUCCESS);
    house_settle(wire->house);
    assert_true(wire->ended);
    assert_int_equal(wire->cause, CAUSE_GOODBYE);
}

/* The connection was ended by the broker, after DISCONNECT with this reason (0: without one). */
static inline void expect_end(struct wire *wire, uint8_t reason, enum cause cause)
{
    if (reason != 0)
        assert_int_equal(expect_packet(wire, MQTT_DISCONNECT).disconnect.reason, reason);
    expect_nothing(wire);
    assert_true(wire->ended);
    assert_string_equal(cause_word(wire->cause), cause_word(cause));
}

/* ---- subscriptions ---- */
struct wish {
    const char *filter;
    uint8_t qos, retain_handling;
    bool no_local, retain_as_published;
    uint32_t id;
};

static inline void subscribe_begin(struct wire *wire, struct wish wish)
{
    struct mqtt_subscription subscription = {.filter = bytes_text(wish.filter),
                                             .qos = wish.qos,
                                             .retain_handling = wish.retain_handling,
                                             .no_local = wish.no_local,
                                             .retain_as_published = wish.retain_as_published};
    wire_send_filters(wire, MQTT_SUBSCRIBE, 7, wish.id, &subscription, 1);
}

static inline void expect_suback(struct wire *wire, uint8_t reason)
{
    struct packet packet = expect_packet(wire, MQTT_SUBACK);
    assert_int_equal(packet.suback.packet_id, 7);
    assert_int_equal(packet.suback.reasons.size, 1);
    assert_int_equal(packet.suback.reasons.at[0], reason);
}

static inline void subscribe_wish(struct wire *wire, struct wish wish)
{
    subscribe_begin(wire, wish);
    house_settle(wire->house);
    expect_suback(wire, wish.qos);
}

static inline void subscribe(struct wire *wire, const char *filter, uint8_t qos)
{
    subscribe_wish(wire, (struct wish){.filter = filter, .qos = qos});
}

static inline void unsubscribe(struct wire *wire, const char *filter, uint8_t reason)
{
    struct mqtt_subscription subscription = {.filter = bytes_text(filter)};
    wire_send_filters(wire, MQTT_UNSUBSCRIBE, 8, 0, &subscription, 1);
    house_settle(wire->house);
    struct packet packet = expect_packet(wire, MQTT_UNSUBACK);
    assert_int_equal(packet.suback.packet_id, 8);
    if (wire->version == MQTT_5)
        assert_int_equal(packet.suback.reasons.at[0], reason);
}

/* ---- messages ---- */
static inline void publish_begin(struct wire *wire, const char *topic, const char *payload,
                                 uint8_t qos, bool retain, uint16_t packet_id)
{
    struct mqtt_publish publish = {.topic = bytes_text(topic),
                                   .payload = bytes_text(payload),
                                   .qos = qos,
                                   .retain = retain,
                                   .packet_id = packet_id};
    wire_send_publish(wire, &publish);
}

static inline void expect_ack(struct wire *wire, uint8_t type, uint16_t packet_id, uint8_t reason)
{
    struct packet packet = expect_packet(wire, type);
    assert_int_equal(packet.ack.packet_id, packet_id);
    assert_int_equal(packet.ack.reason, reason);
}

/* Publishes, and the message is taken and all its handshake is done. */
static inline void publish_flags(struct wire *wire, const char *topic, const char *payload,
                                 uint8_t qos, bool retain)
{
    struct packet packet;
    publish_begin(wire, topic, payload, qos, retain, 77);
    house_settle(wire->house);
    if (qos == 0)
        return;
    packet = expect_packet(wire, qos == 1 ? MQTT_PUBACK : MQTT_PUBREC);
    assert_int_equal(packet.ack.packet_id, 77);
    assert_true(packet.ack.reason == MQTT_SUCCESS ||
                packet.ack.reason == MQTT_NO_MATCHING_SUBSCRIBERS);
    if (qos == 1)
        return;
    wire_send_ack(wire, MQTT_PUBREL, 77, 0);
    house_settle(wire->house);
    expect_ack(wire, MQTT_PUBCOMP, 77, 0);
}

static inline void publish(struct wire *wire, const char *topic, const char *payload, uint8_t qos)
{
    publish_flags(wire, topic, payload, qos, false);
}

static inline void retain(struct wire *wire, const char *topic, const char *payload, uint8_t qos)
{
    publish_flags(wire, topic, payload, qos, true);
}

static inline void expect_bytes(struct bytes bytes, const char *text)
{
    assert_int_equal(bytes.size, strlen(text));
    assert_memory_equal(bytes.at, text, strlen(text));
}

static inline struct packet expect_message(struct wire *wire, const char *topic,
                                           const char *payload, uint8_t qos)
{
    struct packet packet = expect_packet(wire, MQTT_PUBLISH);
    expect_bytes(packet.publish.topic, topic);
    expect_bytes(packet.publish.payload, payload);
    assert_int_equal(packet.publish.qos, qos);
    return packet;
}

/* Acknowledges a message to the end; nothing else may be on its way. */
static inline void finish_message(struct wire *wire, const struct packet *packet)
{
    uint16_t id = packet->publish.packet_id;
    if (packet->publish.qos == 1)
        wire_send_ack(wire, MQTT_PUBACK, id, 0);
    if (packet->publish.qos == 2) {
        wire_send_ack(wire, MQTT_PUBREC, id, 0);
        house_settle(wire->house);
        expect_ack(wire, MQTT_PUBREL, id, 0);
        wire_send_ack(wire, MQTT_PUBCOMP, id, 0);
    }
    if (packet->publish.qos > 0)
        house_settle(wire->house);
}

static inline struct packet take_message(struct wire *wire, const char *topic, const char *payload,
                                         uint8_t qos)
{
    struct packet packet = expect_message(wire, topic, payload, qos);
    finish_message(wire, &packet);
    return packet;
}

/* ---- the room ---- */
static inline int talk_setup(void **state)
{
    *state = house_create();
    return 0;
}

/* Everyone goes; nothing may be held but the subscriptions of kept sessions. */
static inline int talk_teardown(void **state)
{
    house_destroy(*state);
    return 0;
}

#define TALK(test) cmocka_unit_test_setup_teardown(test, talk_setup, talk_teardown)

static inline struct broker_state talk_state(const struct test_house *house)
{
    struct broker_state state;
    broker_describe(house->broker, &state);
    return state;
}
