/* echo: decode a packet, encode what was understood, decode that: the two must say the same. For
 * the property test and the fuzzer. */
#pragma once

#include "wire/mqtt/mqtt.h"

#include <string.h>

#define ECHO_BYTES (1u << 17)
#define ECHO_FILTERS 8192

static inline bool echo_properties_equal(const struct mqtt_properties *a,
                                         const struct mqtt_properties *b)
{
    struct bytes names[2], values[2];
    uint32_t ids[2];
    size_t offsets[2] = {0, 0};
    if (a->has != b->has || a->user_count != b->user_count)
        return false;
#define SAME_NUMBER(field) (a->field == b->field)
#define SAME_BYTES(field) bytes_equal(a->field, b->field)
    bool same = SAME_NUMBER(payload_format) && SAME_NUMBER(message_expiry_s) &&
                SAME_BYTES(content_type) && SAME_BYTES(response_topic) &&
                SAME_BYTES(correlation_data) && SAME_NUMBER(subscription_id) &&
                SAME_NUMBER(session_expiry_s) && SAME_BYTES(assigned_client_id) &&
                SAME_NUMBER(server_keep_alive_s) && SAME_BYTES(authentication_method) &&
                SAME_BYTES(authentication_data) && SAME_NUMBER(request_problem_info) &&
                SAME_NUMBER(will_delay_s) && SAME_NUMBER(request_response_info) &&
                SAME_BYTES(response_info) && SAME_BYTES(server_reference) &&
                SAME_BYTES(reason_string) && SAME_NUMBER(receive_maximum) &&
                SAME_NUMBER(topic_alias_maximum) && SAME_NUMBER(topic_alias) &&
                SAME_NUMBER(maximum_qos) && SAME_NUMBER(retain_available) &&
                SAME_NUMBER(maximum_packet_size) && SAME_NUMBER(wildcard_available) &&
                SAME_NUMBER(subscription_ids_available) && SAME_NUMBER(shared_available);
#undef SAME_NUMBER
#undef SAME_BYTES
    bool more = same;
    while (same && more) {
        more = mqtt_user_property(a->raw, &offsets[0], &names[0], &values[0]);
        same = more == mqtt_user_property(b->raw, &offsets[1], &names[1], &values[1]) &&
               (!more || (bytes_equal(names[0], names[1]) && bytes_equal(values[0], values[1])));
    }
    offsets[0] = offsets[1] = 0;
    more = same;
    while (same && more) {
        more = mqtt_subscription_id(a->raw, &offsets[0], &ids[0]);
        same = more == mqtt_subscription_id(b->raw, &offsets[1], &ids[1]) &&
               (!more || ids[0] == ids[1]);
    }
    return same;
}

static inline struct mqtt_frame echo_frame_of(const uint8_t *packet, size_t size)
{
    struct mqtt_frame frame;
    check(size > 0);
    check(mqtt_frame_get(bytes_of(packet, size), &frame) == OK && frame.packet_bytes == size);
    return frame;
}

static inline bool echo_connect(const struct mqtt_frame *frame, uint8_t *out)
{
    struct mqtt_connect a, b;
    if (mqtt_connect_get(frame, &a))
        return false;
    struct mqtt_frame again = echo_frame_of(out, mqtt_connect_put(out, ECHO_BYTES, &a));
    check(mqtt_connect_get(&again, &b) == MQTT_SUCCESS);
    check(a.version == b.version && a.clean_start == b.clean_start &&
          a.keep_alive_s == b.keep_alive_s && bytes_equal(a.client_id, b.client_id));
    check(a.has_user == b.has_user && a.has_password == b.has_password &&
          bytes_equal(a.user, b.user) && bytes_equal(a.password, b.password));
    check(a.will.present == b.will.present && a.will.retain == b.will.retain &&
          a.will.qos == b.will.qos && bytes_equal(a.will.topic, b.will.topic) &&
          bytes_equal(a.will.payload, b.will.payload));
    check(echo_properties_equal(&a.properties, &b.properties));
    check(echo_properties_equal(&a.will.properties, &b.will.properties));
    return true;
}

static inline bool echo_connack(const struct mqtt_frame *frame, uint8_t version, uint8_t *out)
{
    struct mqtt_connack a, b;
    if (mqtt_connack_get(frame, version, &a))
        return false;
    struct mqtt_frame again = echo_frame_of(out, mqtt_connack_put(out, ECHO_BYTES, version, &a));
    check(mqtt_connack_get(&again, version, &b) == MQTT_SUCCESS);
    check(a.session_present == b.session_present && a.reason == b.reason);
    check(echo_properties_equal(&a.properties, &b.properties));
    return true;
}

static inline bool echo_publish(const struct mqtt_frame *frame, uint8_t version, uint8_t *out)
{
    struct mqtt_publish a, b;
    if (mqtt_publish_get(frame, version, &a))
        return false;
    struct mqtt_frame again = echo_frame_of(out, mqtt_publish_put(out, ECHO_BYTES, version, &a));
    check(mqtt_publish_get(&again, version, &b) == MQTT_SUCCESS);
    check(a.dup == b.dup && a.retain == b.retain && a.qos == b.qos && a.packet_id == b.packet_id);
    check(bytes_equal(a.topic, b.topic) && bytes_equal(a.payload, b.payload));
    check(echo_properties_equal(&a.properties, &b.properties));
    return true;
}

static inline bool echo_ack(const struct mqtt_frame *frame, uint8_t version, uint8_t *out)
{
    struct mqtt_ack a, b;
    if (mqtt_ack_get(frame, version, &a))
        return false;
    struct mqtt_frame again =
        echo_frame_of(out, mqtt_ack_put(out, ECHO_BYTES, version, frame->type, &a));
    check(again.type == frame->type && mqtt_ack_get(&again, version, &b) == MQTT_SUCCESS);
    check(a.packet_id == b.packet_id && a.reason == b.reason);
    check(echo_properties_equal(&a.properties, &b.properties));
    return true;
}

static inline bool echo_subscribe(const struct mqtt_frame *frame, uint8_t version, uint8_t *out)
{
    static struct mqtt_subscription filters[ECHO_FILTERS];
    struct mqtt_subscription one;
    struct mqtt_subscribe a, b;
    size_t offset = 0, count = 0;
    if (mqtt_subscribe_get(frame, version, &a) || a.count > ECHO_FILTERS)
        return false;
    while (count < ECHO_FILTERS &&
           mqtt_subscription_next(&a, frame->type, &offset, &filters[count]))
        count++;
    check(count == a.count && offset == a.filters.size);
    struct mqtt_frame again =
        echo_frame_of(out, mqtt_filters_put(out, ECHO_BYTES, version, frame->type, a.packet_id,
                                            &a.properties, filters, count));
    check(again.type == frame->type && mqtt_subscribe_get(&again, version, &b) == MQTT_SUCCESS);
    check(a.packet_id == b.packet_id && a.count == b.count && bytes_equal(a.filters, b.filters));
    check(echo_properties_equal(&a.properties, &b.properties));
    offset = 0;
    for (size_t i = 0; i < count; i++) {
        check(mqtt_subscription_next(&b, frame->type, &offset, &one));
        check(bytes_equal(one.filter, filters[i].filter) && one.qos == filters[i].qos);
    }
    return true;
}

static inline bool echo_suback(const struct mqtt_frame *frame, uint8_t version, uint8_t *out)
{
    struct mqtt_suback a, b;
    if (mqtt_suback_get(frame, version, &a))
        return false;
    bool wordless = a.reasons.size == 0; /* UNSUBACK 3.x says nothing of its filters */
    struct mqtt_suback full = a;
    full.reasons = wordless ? bytes_of("", 1) : a.reasons;
    struct mqtt_frame again =
        echo_frame_of(out, mqtt_answer_put(out, ECHO_BYTES, version, frame->type, &full));
    check(again.type == frame->type && mqtt_suback_get(&again, version, &b) == MQTT_SUCCESS);
    check(a.packet_id == b.packet_id && bytes_equal(a.reasons, b.reasons));
    check(echo_properties_equal(&a.properties, &b.properties));
    return true;
}

static inline bool echo_disconnect(const struct mqtt_frame *frame, uint8_t version, uint8_t *out)
{
    struct mqtt_disconnect a, b;
    if (mqtt_disconnect_get(frame, version, &a))
        return false;
    size_t size = frame->type == MQTT_AUTH ? mqtt_auth_put(out, ECHO_BYTES, &a)
                                           : mqtt_disconnect_put(out, ECHO_BYTES, version, &a);
    struct mqtt_frame again = echo_frame_of(out, size);
    check(again.type == frame->type && mqtt_disconnect_get(&again, version, &b) == MQTT_SUCCESS);
    check(a.reason == b.reason && echo_properties_equal(&a.properties, &b.properties));
    return true;
}

/* True when the packet is one, and survived. Aborts where the two differ. */
static inline bool echo_packet(const struct mqtt_frame *frame, uint8_t version)
{
    static uint8_t out[ECHO_BYTES];
    switch (frame->type) {
    case MQTT_CONNECT:
        return echo_connect(frame, out);
    case MQTT_CONNACK:
        return echo_connack(frame, version, out);
    case MQTT_PUBLISH:
        return echo_publish(frame, version, out);
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBREL:
    case MQTT_PUBCOMP:
        return echo_ack(frame, version, out);
    case MQTT_SUBSCRIBE:
    case MQTT_UNSUBSCRIBE:
        return echo_subscribe(frame, version, out);
    case MQTT_SUBACK:
    case MQTT_UNSUBACK:
        return echo_suback(frame, version, out);
    case MQTT_DISCONNECT:
    case MQTT_AUTH:
        return echo_disconnect(frame, version, out);
    default:
        return true;
    }
}
