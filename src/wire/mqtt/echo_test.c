/* Random packets, well-formed and then damaged, through encoder and decoder: what is accepted says
 * the same after another turn. And the encoders at the edge of their room. */
#include "wire/mqtt/echo.h"
#include "wire/mqtt/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#define PACKETS 60000

struct dice {
    uint64_t state;
};
static uint32_t roll(struct dice *dice, uint32_t below)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (uint32_t)(dice->state >> 32) % below;
}

static struct bytes any_text(struct dice *dice)
{
    static const char *const texts[] = {
        "a", "plant/line/1", "\xE6\xB8\xA9", "x",        "a/b/c",
        "t", "client-0001",  "$SYS/y",       "12345678", "123456789abcdef0123456789"};
    return bytes_text(texts[roll(dice, ARRAY_COUNT(texts))]);
}

/* Every property at random; the encoder leaves out what the packet does not allow. */
static void any_properties(struct dice *dice, struct mqtt_properties *properties)
{
    static uint8_t raw[4][512];
    static unsigned turn;
    uint8_t *at = raw[turn++ % 4];
    size_t used = 0;
    memset(properties, 0, sizeof *properties);
    if (roll(dice, 3) == 0)
        return;
    for (unsigned i = 0; i < 20; i++)
        properties->has |= UINT64_C(1) << (1 + roll(dice, 42));
    properties->has |= UINT64_C(1) << 21; /* data wants a method */
    properties->payload_format = (uint8_t)roll(dice, 2);
    properties->message_expiry_s = roll(dice, UINT32_MAX);
    properties->content_type = any_text(dice);
    properties->response_topic = any_text(dice);
    properties->correlation_data = bytes_of("\xFF\x00\x01", roll(dice, 4));
    properties->subscription_id = 1 + roll(dice, MQTT_REMAINING_MAX);
    properties->session_expiry_s = roll(dice, UINT32_MAX);
    properties->assigned_client_id = any_text(dice);
    properties->server_keep_alive_s = (uint16_t)roll(dice, 65536);
    properties->authentication_method = any_text(dice);
    properties->authentication_data = any_text(dice);
    properties->request_problem_info = (uint8_t)roll(dice, 2);
    properties->will_delay_s = roll(dice, 100);
    properties->request_response_info = (uint8_t)roll(dice, 2);
    properties->response_info = any_text(dice);
    properties->server_reference = any_text(dice);
    properties->reason_string = any_text(dice);
    properties->receive_maximum = (uint16_t)(1 + roll(dice, 65535));
    properties->topic_alias_maximum = (uint16_t)roll(dice, 65536);
    properties->topic_alias = (uint16_t)(1 + roll(dice, 65535));
    properties->maximum_qos = (uint8_t)roll(dice, 2);
    properties->retain_available = (uint8_t)roll(dice, 2);
    properties->maximum_packet_size = 1 + roll(dice, 1u << 30);
    properties->wildcard_available = (uint8_t)roll(dice, 2);
    properties->subscription_ids_available = (uint8_t)roll(dice, 2);
    properties->shared_available = (uint8_t)roll(dice, 2);
    for (unsigned i = roll(dice, 4); i > 0; i--)
        used += mqtt_user_property_put(at + used, 512 - used, any_text(dice), any_text(dice));
    properties->raw = bytes_of(at, used);
}

static size_t any_connect(struct dice *dice, uint8_t version, uint8_t *out, size_t capacity)
{
    struct mqtt_connect connect = {.version = version,
                                   .clean_start = roll(dice, 2),
                                   .keep_alive_s = (uint16_t)roll(dice, 65536),
                                   .client_id = any_text(dice),
                                   .has_user = roll(dice, 2)};
    connect.has_password = connect.has_user && roll(dice, 2);
    connect.user = any_text(dice);
    connect.password = any_text(dice);
    connect.will.present = roll(dice, 2);
    connect.will.qos = connect.will.present ? (uint8_t)roll(dice, 3) : 0;
    connect.will.topic = any_text(dice);
    connect.will.payload = any_text(dice);
    any_properties(dice, &connect.properties);
    any_properties(dice, &connect.will.properties);
    return mqtt_connect_put(out, capacity, &connect);
}

static size_t any_publish(struct dice *dice, uint8_t version, uint8_t *out, size_t capacity)
{
    struct mqtt_publish publish = {.qos = (uint8_t)roll(dice, 3),
                                   .dup = roll(dice, 2),
                                   .retain = roll(dice, 2),
                                   .packet_id = (uint16_t)(1 + roll(dice, 65535)),
                                   .topic = any_text(dice),
                                   .payload = any_text(dice)};
    any_properties(dice, &publish.properties);
    if (version == MQTT_5 && MQTT_HAS(&publish.properties, 35) && roll(dice, 2))
        publish.topic.size = 0;
    return mqtt_publish_put(out, capacity, version, &publish);
}

static size_t any_filters(struct dice *dice, uint8_t version, uint8_t *out, size_t capacity)
{
    struct mqtt_subscription filters[5];
    struct mqtt_properties properties;
    size_t count = 1 + roll(dice, 5);
    uint8_t type = roll(dice, 2) ? MQTT_SUBSCRIBE : MQTT_UNSUBSCRIBE;
    any_properties(dice, &properties);
    for (size_t i = 0; i < count; i++)
        filters[i] = (struct mqtt_subscription){.filter = any_text(dice),
                                                .qos = (uint8_t)roll(dice, 3),
                                                .retain_handling = (uint8_t)roll(dice, 3),
                                                .no_local = roll(dice, 2),
                                                .retain_as_published = roll(dice, 2)};
    return mqtt_filters_put(out, capacity, version, type, (uint16_t)(1 + roll(dice, 65535)),
                            &properties, filters, count);
}

static size_t any_answer(struct dice *dice, uint8_t version, uint8_t *out, size_t capacity)
{
    static const uint8_t reasons[] = {0x00, 0x80, 0x87, 0x8F};
    struct mqtt_ack ack = {.packet_id = (uint16_t)(1 + roll(dice, 65535))};
    struct mqtt_connack connack = {.session_present = roll(dice, 2)};
    struct mqtt_disconnect disconnect = {.reason = roll(dice, 2) ? 0 : 0x82};
    struct mqtt_suback suback = {.packet_id = 9, .reasons = {reasons, 1 + roll(dice, 4)}};
    any_properties(dice, &ack.properties);
    disconnect.properties = suback.properties = connack.properties = ack.properties;
    switch (roll(dice, 6)) {
    case 0:
        ack.reason = roll(dice, 2) ? 0 : 0x92;
        return mqtt_ack_put(out, capacity, version, roll(dice, 2) ? MQTT_PUBREL : MQTT_PUBCOMP,
                            &ack);
    case 1:
        ack.reason = roll(dice, 2) ? 0 : 0x99;
        return mqtt_ack_put(out, capacity, version, roll(dice, 2) ? MQTT_PUBACK : MQTT_PUBREC,
                            &ack);
    case 2:
        return mqtt_connack_put(out, capacity, version, &connack);
    case 3:
        return mqtt_disconnect_put(out, capacity, version, &disconnect);
    case 4:
        disconnect.reason = 0x18;
        return version == MQTT_5 && disconnect.properties.has
                   ? mqtt_auth_put(out, capacity, &disconnect)
                   : mqtt_empty_put(out, capacity, MQTT_PINGREQ);
    default:
        return mqtt_answer_put(out, capacity, version, roll(dice, 2) ? MQTT_SUBACK : MQTT_UNSUBACK,
                               &suback);
    }
}

static size_t any_packet(struct dice *dice, uint8_t version, uint8_t *out, size_t capacity)
{
    switch (roll(dice, 4)) {
    case 0:
        return any_connect(dice, version, out, capacity);
    case 1:
        return any_publish(dice, version, out, capacity);
    case 2:
        return any_filters(dice, version, out, capacity);
    default:
        return any_answer(dice, version, out, capacity);
    }
}

static void packets_survive_a_turn(void **state)
{
    (void)state;
    static uint8_t packet[8192];
    struct dice dice = {.state = 20261122};
    for (unsigned i = 0; i < PACKETS; i++) {
        uint8_t version = (uint8_t)(MQTT_3_1 + roll(&dice, 3));
        size_t size = any_packet(&dice, version, packet, sizeof packet);
        struct mqtt_frame frame = echo_frame_of(packet, size);
        if (!echo_packet(&frame, version))
            print_error("packet %u of version %u, %s\n", i, version, mqtt_type_name(frame.type));
        assert_true(echo_packet(&frame, version));
        assert_int_equal(mqtt_frame_get(bytes_of(packet, size - 1), &frame), ERR_BUSY);
    }
}

static void damaged_packets_do_no_harm(void **state)
{
    (void)state;
    static uint8_t packet[8192];
    struct dice dice = {.state = 77};
    unsigned accepted = 0;
    for (unsigned i = 0; i < PACKETS; i++) {
        uint8_t version = (uint8_t)(MQTT_3_1 + roll(&dice, 3));
        size_t size = any_packet(&dice, version, packet, sizeof packet);
        for (unsigned hits = 1 + roll(&dice, 3); hits > 0; hits--)
            packet[2 + roll(&dice, (uint32_t)size)] = (uint8_t)roll(&dice, 256);
        struct mqtt_frame frame;
        if (mqtt_frame_get(bytes_of(packet, size), &frame) == OK)
            accepted += echo_packet(&frame, version);
    }
    assert_true(accepted > PACKETS / 20); /* both ways are walked */
    assert_true(accepted < PACKETS);
}

/* Every encoder with each capacity below its need writes nothing outside and says 0. */
static void encoders_keep_to_their_room(void **state)
{
    (void)state;
    static uint8_t packet[8192], room[8192];
    for (uint64_t seed = 1; seed < 400; seed++) {
        struct dice dice = {.state = seed * 7919}, again = dice;
        uint8_t version = (uint8_t)(MQTT_3_1 + seed % 3);
        size_t size = any_packet(&dice, version, packet, sizeof packet);
        for (size_t capacity = 0; capacity <= size; capacity++) {
            struct dice same = again;
            memset(room, 0xA5, sizeof room);
            size_t used = any_packet(&same, version, room, capacity);
            assert_int_equal(used, capacity < size ? 0 : size);
            for (size_t i = capacity; i < size; i++)
                assert_int_equal(room[i], 0xA5);
        }
        assert_memory_equal(room, packet, size);
    }
}

static void encoders_refuse_what_no_field_can_hold(void **state)
{
    (void)state;
    static uint8_t text[65536], out[200000];
    memset(text, 'x', sizeof text);
    struct mqtt_publish publish = {.topic = bytes_of(text, 65535)};
    assert_int_equal(mqtt_publish_put(out, sizeof out, 4, &publish), 65535 + 2 + 4);
    publish.topic.size = 65536;
    assert_int_equal(mqtt_publish_put(out, sizeof out, 4, &publish), 0);
    publish.topic.size = 1;
    publish.payload = bytes_of(text, MQTT_REMAINING_MAX - 3 + 1); /* never read: it cannot fit */
    assert_int_equal(mqtt_publish_put(out, sizeof out, 4, &publish), 0);
    publish.payload.size = 0;
    publish.properties.has = UINT64_C(1) << 3;
    publish.properties.content_type = bytes_of(text, 65535);
    assert_int_equal(mqtt_publish_put(out, sizeof out, 5, &publish), 1 + 3 + 3 + 3 + 3 + 65535);
    publish.properties.content_type.size = 65536;
    assert_int_equal(mqtt_publish_put(out, sizeof out, 5, &publish), 0);
    struct mqtt_connect connect = {.version = 4, .client_id = bytes_of(text, 65536)};
    assert_int_equal(mqtt_connect_put(out, sizeof out, &connect), 0);
}

static void short_forms_are_short(void **state)
{
    (void)state;
    static const uint8_t puback[] = {0x40, 2, 0x12, 0x34}, pubrel[] = {0x62, 2, 0x12, 0x34},
                         refused[] = {0x40, 3, 0x12, 0x34, 0x97}, bye[] = {0xE0, 0},
                         pong[] = {0xD0, 0}, unsuback[] = {0xB0, 2, 0, 7},
                         suback[] = {0x90, 4, 0, 7, 1, 0x80};
    uint8_t out[16];
    struct mqtt_ack ack = {.packet_id = 0x1234};
    assert_int_equal(mqtt_ack_put(out, 16, 5, MQTT_PUBACK, &ack), 4);
    assert_memory_equal(out, puback, 4);
    assert_int_equal(mqtt_ack_put(out, 16, 4, MQTT_PUBREL, &ack), 4);
    assert_memory_equal(out, pubrel, 4);
    ack.reason = MQTT_QUOTA_EXCEEDED;
    assert_int_equal(mqtt_ack_put(out, 16, 4, MQTT_PUBACK, &ack), 4);
    assert_memory_equal(out, puback, 4);
    assert_int_equal(mqtt_ack_put(out, 16, 5, MQTT_PUBACK, &ack), 5);
    assert_memory_equal(out, refused, 5);
    assert_int_equal(mqtt_disconnect_put(out, 16, 5, &(struct mqtt_disconnect){0}), 2);
    assert_memory_equal(out, bye, 2);
    assert_int_equal(mqtt_disconnect_put(out, 16, 4, &(struct mqtt_disconnect){.reason = 0x82}), 2);
    assert_memory_equal(out, bye, 2);
    assert_int_equal(mqtt_empty_put(out, 16, MQTT_PINGRESP), 2);
    assert_memory_equal(out, pong, 2);
    assert_int_equal(mqtt_empty_put(out, 1, MQTT_PINGRESP), 0);
    static const uint8_t reasons[] = {1, 0x8F};
    assert_int_equal(mqtt_suback_put(out, 16, 4, MQTT_UNSUBACK, 7, reasons, 2), 4);
    assert_memory_equal(out, unsuback, 4);
    assert_int_equal(mqtt_suback_put(out, 16, 4, MQTT_SUBACK, 7, reasons, 2), 6);
    assert_memory_equal(out, suback, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_survive_a_turn),
        cmocka_unit_test(damaged_packets_do_no_harm),
        cmocka_unit_test(encoders_keep_to_their_room),
        cmocka_unit_test(encoders_refuse_what_no_field_can_hold),
        cmocka_unit_test(short_forms_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
