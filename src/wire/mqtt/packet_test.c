/* Packets as bytes and the reason code each deserves, by MQTT 3.1, 3.1.1 and 5. */
#include "wire/mqtt/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

/* The decoder that the frame's type asks for. */
static uint8_t decode(const struct mqtt_frame *frame, uint8_t version)
{
    struct mqtt_connect connect;
    struct mqtt_connack connack;
    struct mqtt_publish publish;
    struct mqtt_ack ack;
    struct mqtt_subscribe subscribe;
    struct mqtt_suback suback;
    struct mqtt_disconnect disconnect;
    switch (frame->type) {
    case MQTT_CONNECT:
        return mqtt_connect_get(frame, &connect);
    case MQTT_CONNACK:
        return mqtt_connack_get(frame, version, &connack);
    case MQTT_PUBLISH:
        return mqtt_publish_get(frame, version, &publish);
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBREL:
    case MQTT_PUBCOMP:
        return mqtt_ack_get(frame, version, &ack);
    case MQTT_SUBSCRIBE:
    case MQTT_UNSUBSCRIBE:
        return mqtt_subscribe_get(frame, version, &subscribe);
    case MQTT_SUBACK:
    case MQTT_UNSUBACK:
        return mqtt_suback_get(frame, version, &suback);
    case MQTT_DISCONNECT:
    case MQTT_AUTH:
        return mqtt_disconnect_get(frame, version, &disconnect);
    default:
        return MQTT_SUCCESS;
    }
}

struct judged {
    uint8_t version, first;
    const char *body;
    uint8_t reason;
    bool open_end; /* a cut body is still a packet (the end is a payload, or may be left out) */
};

static struct mqtt_frame frame_of(uint8_t first, const char *body)
{
    struct mqtt_frame frame;
    assert_int_equal(mqtt_frame_get(hex_packet(first, body), &frame), OK);
    return frame;
}

static void judge_all(const struct judged *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mqtt_frame frame = frame_of(cases[i].first, cases[i].body);
        uint8_t reason = decode(&frame, cases[i].version);
        if (reason != cases[i].reason)
            print_error("version %u, %02X, %s: %02X, not %02X\n", cases[i].version, cases[i].first,
                        cases[i].body, reason, cases[i].reason);
        assert_int_equal(reason, cases[i].reason);
        if (cases[i].reason != MQTT_SUCCESS || cases[i].open_end)
            continue;
        /* No packet may end early, or go on. */
        while (frame.body.size > 0) {
            frame.body.size--;
            assert_int_not_equal(decode(&frame, cases[i].version), MQTT_SUCCESS);
        }
    }
}

#define MQTT4 "0004 'MQTT' 04 "
#define MQTT5 "0004 'MQTT' 05 "
#define MQTT3 "0006 'MQIsdp' 03 "

static void connects_are_judged(void **state)
{
    (void)state;
    static const struct judged cases[] = {
        {0, 0x10, MQTT4 "02 003C 0001 'a'", 0, false},
        {0, 0x10, MQTT5 "02 003C 00 0001 'a'", 0, false},
        {0, 0x10, MQTT3 "02 003C 0001 'a'", 0, false},
        /* name and level */
        {0, 0x10, "0004 'MQTT' 03 02 003C 0001 'a'", MQTT_UNSUPPORTED_VERSION, false},
        {0, 0x10, "0004 'MQTT' 06 02 003C 00 0001 'a'", MQTT_UNSUPPORTED_VERSION, false},
        {0, 0x10, "0004 'MQTT' 84 02 003C 0001 'a'", MQTT_SUCCESS, false}, /* a bridge */
        {0, 0x10, "0006 'MQIsdp' 83 02 003C 0001 'a'", MQTT_SUCCESS, false},
        {0, 0x10, "0004 'MQTT' 83 02 003C 0001 'a'", MQTT_UNSUPPORTED_VERSION, false},
        {0, 0x10, "0004 'MQTT' 85 02 003C 0001 'a'", MQTT_UNSUPPORTED_VERSION, false},
        {0, 0x10, "0004 'mqtt' 04 02 003C 0001 'a'", MQTT_UNSUPPORTED_VERSION, false},
        {0, 0x10, "0006 'MQIsdp' 04 02 003C 0001 'a'", MQTT_UNSUPPORTED_VERSION, false},
        {0, 0x10, "0000 04 02 003C 0001 'a'", MQTT_UNSUPPORTED_VERSION, false},
        {0, 0x10, "", MQTT_MALFORMED_PACKET, false},
        {0, 0x10, "0004 'MQTT'", MQTT_MALFORMED_PACKET, false},
        {0, 0x10, "FFFF 'MQTT' 04", MQTT_MALFORMED_PACKET, false},
        /* flags */
        {0, 0x10, MQTT4 "03 003C 0001 'a'", MQTT_MALFORMED_PACKET, false},
        {0, 0x10, MQTT5 "03 003C 00 0001 'a'", MQTT_MALFORMED_PACKET, false},
        {0, 0x10, MQTT3 "03 003C 0001 'a'", 0, false},
        {0, 0x10, MQTT4 "0A 003C 0001 'a'", MQTT_MALFORMED_PACKET, false}, /* QoS, no will */
        {0, 0x10, MQTT4 "22 003C 0001 'a'", MQTT_MALFORMED_PACKET, false}, /* retain, no will */
        {0, 0x10, MQTT3 "2A 003C 0001 'a'", 0, false},
        {0, 0x10, MQTT4 "1E 003C 0001 'a' 0001 'w' 0000", MQTT_MALFORMED_PACKET, false},
        {0, 0x10, MQTT4 "16 003C 0001 'a' 0001 'w' 0000", 0, false},
        /* client identifiers */
        {0, 0x10, MQTT4 "02 003C 0000", 0, false},
        {0, 0x10, MQTT4 "00 003C 0000", MQTT_CLIENT_ID_NOT_VALID, false},
        {0, 0x10, MQTT5 "00 003C 00 0000", 0, false},
        {0, 0x10, MQTT3 "02 003C 0000", MQTT_CLIENT_ID_NOT_VALID, false},
        {0, 0x10, MQTT3 "02 003C 0018 'abcdefghijklmnopqrstuvwx'", 0, false}, /* 24 > 23: kind */
        {0, 0x10, MQTT4 "02 003C 0001 C3", MQTT_MALFORMED_PACKET, false},
        {0, 0x10, MQTT4 "02 003C 0001 00", MQTT_MALFORMED_PACKET, false},
        {0, 0x10, MQTT4 "02 003C 0001 'a' 00", MQTT_MALFORMED_PACKET, false}, /* goes on */
        /* wills */
        {0, 0x10, MQTT4 "06 003C 0001 'a' 0003 'w/t' 0002 FF00", 0, false},
        {0, 0x10, MQTT5 "06 003C 00 0001 'a' 00 0003 'w/t' 0002 FF00", 0, false},
        {0, 0x10, MQTT5 "06 003C 00 0001 'a' 05 18 0000000A 0003 'w/t' 0000", 0, false},
        {0, 0x10, MQTT5 "06 003C 00 0001 'a' 03 23 0001 0001 'w' 0000", MQTT_MALFORMED_PACKET,
         false},
        {0, 0x10, MQTT4 "06 003C 0001 'a' 0003 'w/#' 0000", MQTT_TOPIC_NAME_INVALID, false},
        {0, 0x10, MQTT4 "06 003C 0001 'a' 0000 0000", MQTT_TOPIC_NAME_INVALID, false},
        {0, 0x10, MQTT4 "06 003C 0001 'a' 0001 FF 0000", MQTT_MALFORMED_PACKET, false},
        /* user names and passwords */
        {0, 0x10, MQTT4 "C2 003C 0001 'a' 0001 'u' 0002 FF00", 0, false},
        {0, 0x10, MQTT4 "82 003C 0001 'a' 0001 'u'", 0, false},
        {0, 0x10, MQTT4 "82 003C 0001 'a' 0001 FF", MQTT_MALFORMED_PACKET, false},
        {0, 0x10, MQTT4 "42 003C 0001 'a' 0001 'p'", MQTT_MALFORMED_PACKET, false},
        {0, 0x10, MQTT5 "42 003C 00 0001 'a' 0001 'p'", 0, false},
        {0, 0x10, MQTT3 "C2 003C 0001 'a'", 0, true}, /* 3.1: announced, not there */
        {0, 0x10, MQTT3 "C2 003C 0001 'a' 0001 'u'", 0, true},
        {0, 0x10, MQTT3 "C2 003C 0001 'a' 0001 'u' 0001 'p'", 0, true},
        {0, 0x10, MQTT4 "C2 003C 0001 'a' 0001 'u'", MQTT_MALFORMED_PACKET, false},
    };
    judge_all(cases, ARRAY_COUNT(cases));
}

static void connects_are_read(void **state)
{
    (void)state;
    struct mqtt_connect c;
    struct mqtt_frame frame =
        frame_of(0x10, MQTT5 "EE 0102 0E 11 0000000A 21 0014 22 0005 17 01 'X'");
    assert_int_equal(mqtt_connect_get(&frame, &c), MQTT_MALFORMED_PACKET); /* 'X' is no property */
    frame = frame_of(0x10, MQTT5 "EE 0102 0D 11 0000000A 21 0014 22 0005 17 01 0002 'id'"
                                 "02 01 01 0003 'w/t' 0002 'hi' 0004 'user' 0002 'pw'");
    assert_int_equal(mqtt_connect_get(&frame, &c), 0);
    assert_int_equal(c.version, 5);
    assert_true(c.clean_start);
    assert_int_equal(c.keep_alive_s, 0x0102);
    assert_true(bytes_equal(c.client_id, bytes_text("id")));
    assert_int_equal(c.properties.session_expiry_s, 10);
    assert_int_equal(c.properties.receive_maximum, 20);
    assert_int_equal(c.properties.topic_alias_maximum, 5);
    assert_int_equal(c.properties.request_problem_info, 1);
    assert_true(c.will.present && c.will.retain);
    assert_int_equal(c.will.qos, 1);
    assert_int_equal(c.will.properties.payload_format, 1);
    assert_true(bytes_equal(c.will.topic, bytes_text("w/t")));
    assert_true(bytes_equal(c.will.payload, bytes_text("hi")));
    assert_true(c.has_user && bytes_equal(c.user, bytes_text("user")));
    assert_true(c.has_password && bytes_equal(c.password, bytes_text("pw")));
}

/* What to answer in is known even when the packet is refused. */
static void connects_refused_say_the_version_to_answer_in(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        uint8_t version;
    } cases[] = {
        {"0004 'MQTT' 06", 5},
        {"0004 'MQTT' 03", 4},
        {"0004 'ABCD' 04", 4},
        {"0004 'MQTT' 05 03 0000", 5},
        {"", 4},
        {MQTT4 "03 0000", 4},
        {MQTT3 "02 0000 0000", 3},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct mqtt_connect c;
        struct mqtt_frame frame = frame_of(0x10, cases[i].body);
        assert_int_not_equal(mqtt_connect_get(&frame, &c), 0);
        assert_int_equal(c.version, cases[i].version);
    }
}

static void connacks_are_judged(void **state)
{
    (void)state;
    static const struct judged cases[] = {
        {4, 0x20, "01 00", 0, false},
        {4, 0x20, "00 05", 0, false},
        {4, 0x20, "00 06", MQTT_MALFORMED_PACKET, false},
        {4, 0x20, "02 00", MQTT_MALFORMED_PACKET, false},
        {3, 0x20, "02 00", 0, false},
        {4, 0x20, "01 05", MQTT_PROTOCOL_ERROR, false},
        {4, 0x20, "00 00 00", MQTT_MALFORMED_PACKET, false},
        {5, 0x20, "01 00 00", 0, false},
        {5, 0x20, "00 87 00", 0, false},
        {5, 0x20, "01 87 00", MQTT_PROTOCOL_ERROR, false},
        {5, 0x20, "00 8D 00", MQTT_PROTOCOL_ERROR, false}, /* a code of DISCONNECT */
        {5, 0x20, "00 00 03 21 0001", 0, false},
        {5, 0x20, "00 00 02 24 01", 0, false},
        {5, 0x20, "00 00 02 24 02", MQTT_PROTOCOL_ERROR, false},
        {5, 0x20, "00 00 02 17 01", MQTT_MALFORMED_PACKET, false}, /* CONNECT's property */
        {5, 0x20, "00 00 00 00", MQTT_MALFORMED_PACKET, false},
    };
    judge_all(cases, ARRAY_COUNT(cases));
    static const uint8_t codes[] = {0x00, 0x84, 0x85, 0x88, 0x86, 0x87};
    for (uint8_t code = 0; code < sizeof codes; code++) { /* both ways */
        uint8_t body[4] = {0x20, 2, 0, code}, again[4];
        struct mqtt_frame frame;
        struct mqtt_connack connack;
        assert_int_equal(mqtt_frame_get(bytes_of(body, 4), &frame), OK);
        assert_int_equal(mqtt_connack_get(&frame, 4, &connack), 0);
        assert_int_equal(connack.reason, codes[code]);
        assert_int_equal(mqtt_connack_put(again, 4, 4, &connack), 4);
        assert_memory_equal(again, body, 4);
    }
    uint8_t out[8];
    assert_int_equal(mqtt_connack_put(out, 8, 4, &(struct mqtt_connack){.reason = 0x82}), 0);
    assert_int_equal(mqtt_connack_put(out, 8, 5, &(struct mqtt_connack){.reason = 0x82}), 5);
    assert_int_equal(mqtt_connack_put(out, 8, 4, &(struct mqtt_connack){.reason = 0x97}), 4);
    assert_int_equal(out[3], 3);
}

static void publishes_are_judged(void **state)
{
    (void)state;
    static const struct judged cases[] = {
        {4, 0x30, "0001 'a' 'payload'", 0, true},
        {4, 0x30, "0001 'a'", 0, false},
        {4, 0x32, "0001 'a' 0001", 0, false},
        {4, 0x34, "0001 'a' FFFF", 0, false},
        {4, 0x3D, "0001 'a' 0001", 0, false},
        {4, 0x36, "0001 'a' 0001", MQTT_MALFORMED_PACKET, false}, /* QoS 3 */
        {4, 0x38, "0001 'a'", MQTT_MALFORMED_PACKET, false},      /* DUP with QoS 0 */
        {3, 0x38, "0001 'a'", 0, false},
        {4, 0x32, "0001 'a' 0000", MQTT_PROTOCOL_ERROR, false},
        {4, 0x32, "0001 'a' 00", MQTT_MALFORMED_PACKET, false},
        {4, 0x30, "0002 'a'", MQTT_MALFORMED_PACKET, false},
        {4, 0x30, "00", MQTT_MALFORMED_PACKET, false},
        {4, 0x30, "0000", MQTT_PROTOCOL_ERROR, false},
        {4, 0x30, "0003 'a/+'", MQTT_TOPIC_NAME_INVALID, false},
        {4, 0x30, "0003 'a/#'", MQTT_TOPIC_NAME_INVALID, false},
        {4, 0x30, "0002 'a' 00", MQTT_MALFORMED_PACKET, false},
        {4, 0x30, "0003 EDA080", MQTT_MALFORMED_PACKET, false}, /* a surrogate */
        {4, 0x30, "0002 C080", MQTT_MALFORMED_PACKET, false},   /* overlong NUL */
        {4, 0x30, "0003 EFBBBF", 0, false},                     /* U+FEFF stays [MQTT-1.5.4-3] */
        {5, 0x30, "0001 'a' 00", 0, false},
        {5, 0x30, "0001 'a' 00 'payload'", 0, true},
        {5, 0x30, "0001 'a'", MQTT_MALFORMED_PACKET, false},
        {5, 0x32, "0000 0001 03 23 0001", 0, false},
        {5, 0x32, "0000 0001 03 23 0000", MQTT_TOPIC_ALIAS_INVALID, false},
        {5, 0x32, "0000 0001 05 01 01 23 0000", MQTT_TOPIC_ALIAS_INVALID, false},
        {5, 0x32, "0000 0001 00", MQTT_PROTOCOL_ERROR, false}, /* neither topic nor alias */
        {5, 0x32, "0001 'a' 0001 06 23 0001 23 0001", MQTT_PROTOCOL_ERROR, false},
        {5, 0x30, "0001 'a' 02 01 01", 0, false},
        {5, 0x30, "0001 'a' 02 01 02", MQTT_PROTOCOL_ERROR, false},
        {5, 0x30, "0001 'a' 05 02 00000000", 0, false},
        {5, 0x30, "0001 'a' 04 02 000000", MQTT_MALFORMED_PACKET, false},
        {5, 0x30, "0001 'a' 04 08 0001 'r'", 0, false},
        {5, 0x30, "0001 'a' 04 08 0001 '+'", MQTT_PROTOCOL_ERROR, false},
        {5, 0x30, "0001 'a' 03 08 0000", MQTT_PROTOCOL_ERROR, false},
        {5, 0x30, "0001 'a' 04 03 0001 FF", MQTT_MALFORMED_PACKET, false},
        {5, 0x30, "0001 'a' 04 09 0001 FF", 0, false},
        {5, 0x30, "0001 'a' 02 0B 01", 0, false},
        {5, 0x30, "0001 'a' 02 0B 00", MQTT_PROTOCOL_ERROR, false},
        {5, 0x30, "0001 'a' 03 0B 81 00", MQTT_MALFORMED_PACKET, false}, /* longer than needed */
        {5, 0x30, "0001 'a' 05 0B FF FF FF 7F", 0, false},
        {5, 0x30, "0001 'a' 06 0B FF FF FF FF 01", MQTT_MALFORMED_PACKET, false},
        {5, 0x30, "0001 'a' 04 0B 01 0B 02", 0, false}, /* several subscriptions matched */
        {5, 0x30, "0001 'a' 05 18 00000001", MQTT_MALFORMED_PACKET, false}, /* the will's */
        {5, 0x30, "0001 'a' 05 11 00000001", MQTT_MALFORMED_PACKET, false},
        {5, 0x30, "0001 'a' 02 00 00", MQTT_MALFORMED_PACKET, false},
        {5, 0x30, "0001 'a' 02 2B 00", MQTT_MALFORMED_PACKET, false}, /* 43: beyond the last */
        {5, 0x30, "0001 'a' 02 7F 00", MQTT_MALFORMED_PACKET, false},
        {5, 0x30, "0001 'a' 03 81 00 01", MQTT_MALFORMED_PACKET, false}, /* a long way to say 1 */
        {5, 0x30, "0001 'a' 07 26 0001 'k' 0001 'v'", 0, false},
        {5, 0x30, "0001 'a' 0E 26 0001 'k' 0001 'v' 26 0001 'k' 0001 'v'", 0, false},
        {5, 0x30, "0001 'a' 04 26 0001 'k'", MQTT_MALFORMED_PACKET, false},
        {5, 0x30, "0001 'a' 7F 01 01", MQTT_MALFORMED_PACKET, false},
        {5, 0x30, "0001 'a' 80 80 80 80 00", MQTT_MALFORMED_PACKET, false},
    };
    judge_all(cases, ARRAY_COUNT(cases));
}

static void publishes_are_read(void **state)
{
    (void)state;
    struct mqtt_publish p;
    struct mqtt_frame frame = frame_of(
        0x3B,
        "0003 'a/b' 0007 17 01 01 23 0009 26 0001 'k' 0002 'vw' 0B 05 0B 8001 03 0002 'ct' 'body'");
    assert_int_equal(mqtt_publish_get(&frame, 5, &p), 0);
    assert_true(p.dup && p.retain);
    assert_int_equal(p.qos, 1);
    assert_int_equal(p.packet_id, 7);
    assert_true(bytes_equal(p.topic, bytes_text("a/b")));
    assert_true(bytes_equal(p.payload, bytes_text("body")));
    assert_int_equal(p.properties.topic_alias, 9);
    assert_int_equal(p.properties.payload_format, 1);
    assert_int_equal(p.properties.user_count, 1);
    assert_int_equal(p.properties.subscription_id, 5);
    struct bytes name, value;
    uint32_t id;
    size_t offset = 0;
    assert_true(mqtt_user_property(p.properties.raw, &offset, &name, &value));
    assert_true(bytes_equal(name, bytes_text("k")) && bytes_equal(value, bytes_text("vw")));
    assert_false(mqtt_user_property(p.properties.raw, &offset, &name, &value));
    offset = 0;
    assert_true(mqtt_subscription_id(p.properties.raw, &offset, &id));
    assert_int_equal(id, 5);
    assert_true(mqtt_subscription_id(p.properties.raw, &offset, &id));
    assert_int_equal(id, 128);
    assert_false(mqtt_subscription_id(p.properties.raw, &offset, &id));
    offset = 0; /* bytes that are no block end the walk */
    assert_false(mqtt_user_property(bytes_of("\x26\x00\x09k", 4), &offset, &name, &value));
}

static void user_properties_are_counted(void **state)
{
    (void)state;
    for (unsigned count = MQTT_USER_PROPERTIES_MAX; count <= MQTT_USER_PROPERTIES_MAX + 1;
         count++) {
        static uint8_t raw[1024], packet[1100];
        size_t used = 0;
        for (unsigned i = 0; i < count; i++)
            used += mqtt_user_property_put(raw + used, sizeof raw - used, bytes_text("name"),
                                           bytes_text("v"));
        struct mqtt_publish p = {.topic = bytes_text("t")}, q;
        p.properties.has = UINT64_C(1) << 38;
        p.properties.raw = bytes_of(raw, used);
        size_t size = mqtt_publish_put(packet, sizeof packet, 5, &p);
        struct mqtt_frame frame;
        assert_int_equal(mqtt_frame_get(bytes_of(packet, size), &frame), OK);
        uint8_t expected = count > MQTT_USER_PROPERTIES_MAX ? MQTT_QUOTA_EXCEEDED : MQTT_SUCCESS;
        assert_int_equal(mqtt_publish_get(&frame, 5, &q), expected);
        assert_int_equal(q.properties.user_count, MQTT_USER_PROPERTIES_MAX);
    }
}

static void properties_stand_where_they_may_and_once(void **state)
{
    (void)state;
    static const struct judged cases[] = {
        {0, 0x10, MQTT5 "02 0000 03 21 0000 0001 'a'", MQTT_PROTOCOL_ERROR, false},
        {0, 0x10, MQTT5 "02 0000 03 21 0001 0001 'a'", 0, false},
        {0, 0x10, MQTT5 "02 0000 06 21 0001 21 0001 0001 'a'", MQTT_PROTOCOL_ERROR, false},
        {0, 0x10, MQTT5 "02 0000 05 27 00000000 0001 'a'", MQTT_PROTOCOL_ERROR, false},
        {0, 0x10, MQTT5 "02 0000 05 27 00000001 0001 'a'", 0, false},
        {0, 0x10, MQTT5 "02 0000 03 22 0000 0001 'a'", 0, false},
        {0, 0x10, MQTT5 "02 0000 02 17 02 0001 'a'", MQTT_PROTOCOL_ERROR, false},
        {0, 0x10, MQTT5 "02 0000 02 17 01 0001 'a'", 0, false},
        {0, 0x10, MQTT5 "02 0000 02 19 02 0001 'a'", MQTT_PROTOCOL_ERROR, false},
        {0, 0x10, MQTT5 "02 0000 02 19 01 0001 'a'", 0, false},
        {0, 0x10, MQTT5 "02 0000 04 16 0001 FF 0001 'a'", MQTT_PROTOCOL_ERROR, false},
        {0, 0x10, MQTT5 "02 0000 08 15 0001 'm' 16 0001 FF 0001 'a'", 0, false},
        {0, 0x10, MQTT5 "02 0000 02 25 01 0001 'a'", MQTT_MALFORMED_PACKET, false},
        {5, 0x20, "00 00 02 25 01", 0, false},
        {5, 0x20, "00 00 02 25 02", MQTT_PROTOCOL_ERROR, false},
        {5, 0x20, "00 00 02 28 02", MQTT_PROTOCOL_ERROR, false},
        {5, 0x20, "00 00 02 29 02", MQTT_PROTOCOL_ERROR, false},
        {5, 0x20, "00 00 02 2A 02", MQTT_PROTOCOL_ERROR, false},
        {5, 0x20, "00 00 06 28 01 29 00 2A 01", 0, false},
        {5, 0x20, "00 00 04 12 0001 'c'", 0, false},
        {5, 0x20, "00 00 03 13 0005", 0, false},
        {5, 0x20, "00 00 08 1A 0001 'i' 1C 0001 's'", 0, false},
        {5, 0x82, "0001 02 0B 01 0001 'a' 00", 0, false},
        {5, 0x82, "0001 04 0B 01 0B 02 0001 'a' 00", MQTT_PROTOCOL_ERROR, false},
        {5, 0xA2, "0001 02 0B 01 0001 'a'", MQTT_MALFORMED_PACKET, false},
        {5, 0xA2, "0001 07 26 0001 'k' 0001 'v' 0001 'a'", 0, false},
        {5, 0xE0, "00 05 11 0000000A", 0, true},
        {5, 0xE0, "00 04 1C 0001 's'", 0, true},
        {5, 0xE0, "00 05 02 0000000A", MQTT_MALFORMED_PACKET, false},
    };
    judge_all(cases, ARRAY_COUNT(cases));
}

static void acks_are_judged(void **state)
{
    (void)state;
    static const struct judged cases[] = {
        {4, 0x40, "0001", 0, false},
        {4, 0x40, "0000", MQTT_PROTOCOL_ERROR, false},
        {4, 0x40, "0001 00", MQTT_MALFORMED_PACKET, false},
        {4, 0x62, "0001", 0, false},
        {4, 0x6A, "0001", MQTT_MALFORMED_PACKET, false},
        {3, 0x6A, "0001", 0, false},
        {5, 0x6A, "0001", MQTT_MALFORMED_PACKET, false},
        {5, 0x40, "0001", 0, false},
        {5, 0x40, "0001 10", 0, true},
        {5, 0x40, "0001 99 00", 0, true},
        {5, 0x40, "0001 92", MQTT_PROTOCOL_ERROR, false},
        {5, 0x40, "0001 00 04 1F 0001 'r'", 0, true},
        {5, 0x40, "0001 00 04 1F 0001", MQTT_MALFORMED_PACKET, false},
        {5, 0x40, "0001 00 00 00", MQTT_MALFORMED_PACKET, false},
        {5, 0x40, "0001 00 03 23 0001", MQTT_MALFORMED_PACKET, false},
        {5, 0x40, "0000 00 00", MQTT_PROTOCOL_ERROR, false},
        {5, 0x40, "00", MQTT_MALFORMED_PACKET, false},
        {5, 0x50, "0001 91", 0, true},
        {5, 0x62, "0001 92", 0, true},
        {5, 0x62, "0001 10", MQTT_PROTOCOL_ERROR, false},
        {5, 0x70, "0001 92", 0, true},
        {5, 0x70, "0001 87", MQTT_PROTOCOL_ERROR, false},
    };
    judge_all(cases, ARRAY_COUNT(cases));
}

static void subscribes_are_judged(void **state)
{
    (void)state;
    static const struct judged cases[] = {
        {4, 0x82, "0001 0001 'a' 00", 0, false},
        {4, 0x82, "0001 0001 'a' 02", 0, false},
        {4, 0x82, "0001 0001 'a' 03", MQTT_MALFORMED_PACKET, false},
        {4, 0x82, "0001 0001 'a' 04", MQTT_MALFORMED_PACKET, false},
        {4, 0x82, "0001 0001 'a' 80", MQTT_MALFORMED_PACKET, false},
        {4, 0x82, "0001", MQTT_PROTOCOL_ERROR, false},
        {4, 0x82, "00", MQTT_MALFORMED_PACKET, false},
        {4, 0x82, "0000 0001 'a' 00", MQTT_PROTOCOL_ERROR, false},
        {4, 0x82, "0001 0001 'a'", MQTT_MALFORMED_PACKET, false},
        {4, 0x82, "0001 0000 00", MQTT_TOPIC_FILTER_INVALID, false},
        {4, 0x82, "0001 0002 'a#' 00", MQTT_TOPIC_FILTER_INVALID, false},
        {4, 0x82, "0001 0001 FF 00", MQTT_MALFORMED_PACKET, false},
        {4, 0x8A, "0001 0001 'a' 00", MQTT_MALFORMED_PACKET, false},
        {3, 0x8A, "0001 0001 'a' 00", 0, false},
        {5, 0x82, "0001 00 0001 'a' 2E", 0, false},
        {5, 0x82, "0001 00 0001 'a' 03", MQTT_PROTOCOL_ERROR, false},
        {5, 0x82, "0001 00 0001 'a' 30", MQTT_PROTOCOL_ERROR, false},
        {5, 0x82, "0001 00 0001 'a' 40", MQTT_MALFORMED_PACKET, false},
        {5, 0x82, "0001 00 0001 'a' 80", MQTT_MALFORMED_PACKET, false},
        {5, 0x82, "0001 00", MQTT_PROTOCOL_ERROR, false},
        {5, 0x82, "0001 00 000A '$share/g/a' 01", 0, false},
        {5, 0x82, "0001 00 000A '$share/g/a' 05", MQTT_PROTOCOL_ERROR, false}, /* no local */
        {5, 0x82, "0001 00 0009 '$share//a' 01", MQTT_TOPIC_FILTER_INVALID, false},
        {4, 0xA2, "0001 0001 'a'", 0, false},
        {4, 0xA2, "0001", MQTT_PROTOCOL_ERROR, false},
        {5, 0xA2, "0001 00 0003 'a/#'", 0, false},
        {5, 0xA2, "0001 00", MQTT_PROTOCOL_ERROR, false},
        {5, 0xA2, "0001 00 0002 '#/'", MQTT_TOPIC_FILTER_INVALID, false},
    };
    judge_all(cases, ARRAY_COUNT(cases));
    struct mqtt_subscribe subscribe;
    struct mqtt_subscription one;
    struct mqtt_frame frame = frame_of(0x82, "0009 00 0001 'a' 2D 0003 'b/#' 12");
    assert_int_equal(mqtt_subscribe_get(&frame, 5, &subscribe), 0);
    assert_int_equal(subscribe.packet_id, 9);
    assert_int_equal(subscribe.count, 2);
    size_t offset = 0;
    assert_true(mqtt_subscription_next(&subscribe, MQTT_SUBSCRIBE, &offset, &one));
    assert_true(one.qos == 1 && one.no_local && one.retain_as_published);
    assert_int_equal(one.retain_handling, 2);
    assert_true(mqtt_subscription_next(&subscribe, MQTT_SUBSCRIBE, &offset, &one));
    assert_true(bytes_equal(one.filter, bytes_text("b/#")));
    assert_true(one.qos == 2 && !one.no_local && one.retain_handling == 1);
    assert_false(mqtt_subscription_next(&subscribe, MQTT_SUBSCRIBE, &offset, &one));
}

static void subacks_and_endings_are_judged(void **state)
{
    (void)state;
    static const struct judged cases[] = {
        {4, 0x90, "0001 00", 0, false},
        {4, 0x90, "0001 80", 0, false},
        {4, 0x90, "0001 03", MQTT_PROTOCOL_ERROR, false},
        {4, 0x90, "0001", MQTT_MALFORMED_PACKET, false},
        {4, 0x90, "0000 00", MQTT_PROTOCOL_ERROR, false},
        {5, 0x90, "0001 00 8F", 0, false},
        {5, 0x90, "0001 00 11", MQTT_PROTOCOL_ERROR, false},
        {5, 0x90, "0001 00", MQTT_MALFORMED_PACKET, false},
        {4, 0xB0, "0001", 0, false},
        {4, 0xB0, "0001 00", MQTT_MALFORMED_PACKET, false},
        {5, 0xB0, "0001 00 11", 0, false},
        {5, 0xB0, "0001 00 01", MQTT_PROTOCOL_ERROR, false},
        {5, 0xB0, "0001 00", MQTT_MALFORMED_PACKET, false},
        {4, 0xE0, "", 0, false},
        {4, 0xE0, "00", MQTT_MALFORMED_PACKET, false},
        {5, 0xE0, "", 0, false},
        {5, 0xE0, "04", 0, true},
        {5, 0xE0, "04 00", 0, true},
        {5, 0xE0, "01", MQTT_PROTOCOL_ERROR, false},
        {5, 0xE0, "04 01", MQTT_MALFORMED_PACKET, false},
        {5, 0xE0, "04 00 00", MQTT_MALFORMED_PACKET, false},
        {4, 0xF0, "", MQTT_MALFORMED_PACKET, false},
        {5, 0xF0, "", 0, false},
        {5, 0xF0, "18 04 15 0001 'm'", 0, true},
        {5, 0xF0, "18 00", MQTT_PROTOCOL_ERROR, false},
        {5, 0xF0, "18", MQTT_PROTOCOL_ERROR, false},
        {5, 0xF0, "10 04 15 0001 'm'", MQTT_PROTOCOL_ERROR, false},
    };
    judge_all(cases, ARRAY_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_are_judged),
        cmocka_unit_test(connects_are_read),
        cmocka_unit_test(connects_refused_say_the_version_to_answer_in),
        cmocka_unit_test(connacks_are_judged),
        cmocka_unit_test(publishes_are_judged),
        cmocka_unit_test(publishes_are_read),
        cmocka_unit_test(user_properties_are_counted),
        cmocka_unit_test(properties_stand_where_they_may_and_once),
        cmocka_unit_test(acks_are_judged),
        cmocka_unit_test(subscribes_are_judged),
        cmocka_unit_test(subacks_and_endings_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
