/* Decoders: a frame in, a packet of views out, or the reason code the standard names for what is
 * wrong with it (MQTT 5, 1.2, 4.13: 0x81 where the bytes cannot be parsed, 0x82 where they can and
 * say what the protocol does not allow, a more telling code where there is one). */
#include "wire/mqtt/properties.h"
#include "wire/mqtt/reasons.h"

#define FLAG_DUP 8
#define FLAG_QOS_SHIFT 1
#define FLAG_RETAIN 1

static bool is_mqtt_5(uint8_t version)
{
    return version >= MQTT_5;
}

/* ---- CONNECT (3.1) ----------------------------------------------------------------------------
 */
enum {
    CONNECT_RESERVED = 0x01,
    CONNECT_CLEAN = 0x02,
    CONNECT_WILL = 0x04,
    CONNECT_WILL_QOS = 0x18,
    CONNECT_WILL_RETAIN = 0x20,
    CONNECT_PASSWORD = 0x40,
    CONNECT_USER = 0x80
};

/* Protocol name and level (3.1.2.1, 3.1.2.2; 3.1 calls itself MQIsdp). */
static uint8_t connect_get_version(struct cursor *cursor, struct mqtt_connect *ret)
{
    struct bytes name;
    uint8_t level;
    if (!cursor_get_binary(cursor, &name) || !cursor_get_u8(cursor, &level))
        return MQTT_MALFORMED_PACKET;
    bool old = bytes_equal(name, bytes_of("MQIsdp", 6));
    if (!old && !bytes_equal(name, bytes_of("MQTT", 4)))
        return MQTT_UNSUPPORTED_VERSION;
    uint8_t bare = level & 0x7F;
    if (level & 0x80 && bare == (old ? MQTT_3_1 : MQTT_3_1_1)) {
        ret->bridge = true;
        level = bare;
    }
    if (level >= MQTT_5)
        ret->version = MQTT_5;
    if (old ? level != MQTT_3_1 : level != MQTT_3_1_1 && level != MQTT_5)
        return MQTT_UNSUPPORTED_VERSION;
    ret->version = level;
    return MQTT_SUCCESS;
}

static uint8_t connect_get_flags(struct cursor *cursor, struct mqtt_connect *ret)
{
    uint8_t flags;
    if (!cursor_get_u8(cursor, &flags) || !cursor_get_u16(cursor, &ret->keep_alive_s))
        return MQTT_MALFORMED_PACKET;
    ret->clean_start = flags & CONNECT_CLEAN;
    ret->has_user = flags & CONNECT_USER;
    ret->has_password = flags & CONNECT_PASSWORD;
    ret->will.present = flags & CONNECT_WILL;
    if (ret->version == MQTT_3_1 && !ret->will.present)
        flags &= (uint8_t) ~(CONNECT_WILL_QOS | CONNECT_WILL_RETAIN); /* 3.1 leaves them free */
    ret->will.qos = (flags & CONNECT_WILL_QOS) >> 3;
    ret->will.retain = flags & CONNECT_WILL_RETAIN;
    if (flags & CONNECT_RESERVED && ret->version != MQTT_3_1)
        return MQTT_MALFORMED_PACKET; /* [MQTT-3.1.2-3] */
    if (ret->will.qos == 3 || (!ret->will.present && (ret->will.qos || ret->will.retain)))
        return MQTT_MALFORMED_PACKET; /* [MQTT-3.1.2-11] to [MQTT-3.1.2-13] */
    if (ret->has_password && !ret->has_user && !is_mqtt_5(ret->version))
        return MQTT_MALFORMED_PACKET; /* 3.1.1: [MQTT-3.1.2-22] */
    return MQTT_SUCCESS;
}

static uint8_t connect_get_will(struct cursor *cursor, uint8_t version, struct mqtt_will *ret)
{
    if (is_mqtt_5(version)) {
        uint8_t reason = mqtt_properties_get(cursor, MQTT_WILL, &ret->properties);
        if (reason)
            return reason;
    }
    if (!cursor_get_text(cursor, &ret->topic) || !cursor_get_binary(cursor, &ret->payload))
        return MQTT_MALFORMED_PACKET;
    return mqtt_topic_is_valid(ret->topic) ? MQTT_SUCCESS : MQTT_TOPIC_NAME_INVALID;
}

/* 3.1 lets the packet end before the user name or the password that its flags announce. */
static uint8_t connect_get_credentials(struct cursor *cursor, struct mqtt_connect *ret)
{
    bool lenient = ret->version == MQTT_3_1;
    if (lenient && cursor_left(cursor) == 0)
        ret->has_user = ret->has_password = false;
    if (ret->has_user && !cursor_get_text(cursor, &ret->user))
        return MQTT_MALFORMED_PACKET;
    if (lenient && cursor_left(cursor) == 0)
        ret->has_password = false;
    if (ret->has_password && !cursor_get_binary(cursor, &ret->password))
        return MQTT_MALFORMED_PACKET;
    return cursor_left(cursor) == 0 ? MQTT_SUCCESS : MQTT_MALFORMED_PACKET;
}

/* A server may give a client without a name one, unless the client wants its old session back
 * (3.1.1: [MQTT-3.1.3-8]); 3.1 knows no nameless clients. */
static uint8_t connect_judge_client_id(const struct mqtt_connect *connect)
{
    bool nameless_fits =
        is_mqtt_5(connect->version) || (connect->version == MQTT_3_1_1 && connect->clean_start);
    return connect->client_id.size > 0 || nameless_fits ? MQTT_SUCCESS : MQTT_CLIENT_ID_NOT_VALID;
}

uint8_t mqtt_connect_get(const struct mqtt_frame *frame, struct mqtt_connect *ret)
{
    check(frame->type == MQTT_CONNECT);
    struct cursor cursor = cursor_of(frame->body);
    memset(ret, 0, sizeof *ret);
    ret->version = MQTT_3_1_1;
    uint8_t reason = connect_get_version(&cursor, ret);
    if (!reason)
        reason = connect_get_flags(&cursor, ret);
    if (!reason && is_mqtt_5(ret->version))
        reason = mqtt_properties_get(&cursor, MQTT_CONNECT, &ret->properties);
    if (!reason && !cursor_get_text(&cursor, &ret->client_id))
        reason = MQTT_MALFORMED_PACKET;
    if (!reason && ret->will.present)
        reason = connect_get_will(&cursor, ret->version, &ret->will);
    if (!reason)
        reason = connect_get_credentials(&cursor, ret);
    if (!reason)
        reason = connect_judge_client_id(ret);
    return reason;
}

/* ---- CONNACK (3.2) ----------------------------------------------------------------------------
 */
uint8_t mqtt_connack_get(const struct mqtt_frame *frame, uint8_t version, struct mqtt_connack *ret)
{
    check(frame->type == MQTT_CONNACK);
    struct cursor cursor = cursor_of(frame->body);
    uint8_t flags, code;
    memset(ret, 0, sizeof *ret);
    if (!cursor_get_u8(&cursor, &flags) || !cursor_get_u8(&cursor, &code))
        return MQTT_MALFORMED_PACKET;
    if (version == MQTT_3_1)
        flags = 0; /* reserved, not used */
    if (flags > 1)
        return MQTT_MALFORMED_PACKET; /* [MQTT-3.2.2-1] */
    ret->session_present = flags;
    ret->reason = code;
    if (is_mqtt_5(version)) {
        uint8_t reason = mqtt_properties_get(&cursor, MQTT_CONNACK, &ret->properties);
        if (reason)
            return reason;
        if (!mqtt_reason_is_allowed(MQTT_CONNACK, code))
            return MQTT_PROTOCOL_ERROR;
    } else if (!mqtt_reason_from_return_code(code, &ret->reason)) {
        return MQTT_MALFORMED_PACKET;
    }
    if (cursor_left(&cursor) > 0)
        return MQTT_MALFORMED_PACKET;
    return flags && ret->reason ? MQTT_PROTOCOL_ERROR : MQTT_SUCCESS; /* [MQTT-3.2.2-6] */
}

/* ---- PUBLISH (3.3) ----------------------------------------------------------------------------
 */
static uint8_t publish_judge_topic(const struct mqtt_publish *publish)
{
    if (publish->topic.size > 0) {
        if (mqtt_topic_is_valid(publish->topic))
            return MQTT_SUCCESS;
        return mqtt_text_is_valid(publish->topic) ? MQTT_TOPIC_NAME_INVALID : MQTT_MALFORMED_PACKET;
    }
    return MQTT_HAS(&publish->properties, 35) ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
}

uint8_t mqtt_publish_get(const struct mqtt_frame *frame, uint8_t version, struct mqtt_publish *ret)
{
    check(frame->type == MQTT_PUBLISH);
    struct cursor cursor = cursor_of(frame->body);
    ret->dup = frame->flags & FLAG_DUP;
    ret->retain = frame->flags & FLAG_RETAIN;
    ret->qos = frame->flags >> FLAG_QOS_SHIFT & 3;
    ret->packet_id = 0;
    if (UNLIKELY(ret->qos == 3 || (ret->dup && ret->qos == 0 && version != MQTT_3_1)))
        return MQTT_MALFORMED_PACKET; /* [MQTT-3.3.1-4], [MQTT-3.3.1-2] */
    ret->dup &= ret->qos > 0;
    if (!cursor_get_binary(&cursor, &ret->topic))
        return MQTT_MALFORMED_PACKET;
    if (ret->qos > 0 && !cursor_get_u16(&cursor, &ret->packet_id))
        return MQTT_MALFORMED_PACKET;
    if (is_mqtt_5(version)) {
        uint8_t reason = mqtt_properties_get(&cursor, MQTT_PUBLISH, &ret->properties);
        if (reason)
            return reason;
    } else {
        memset(&ret->properties, 0, sizeof ret->properties);
    }
    ret->payload = bytes_of(cursor.at, cursor_left(&cursor));
    if (UNLIKELY(ret->qos > 0 && ret->packet_id == 0))
        return MQTT_PROTOCOL_ERROR; /* [MQTT-2.2.1-3] */
    return publish_judge_topic(ret);
}

/* ---- PUBACK, PUBREC, PUBREL, PUBCOMP (3.4 to 3.7) ------------------------------------------- */
/* DUP is 3.1's alone (2.1.3). */
static bool request_flags_fit(const struct mqtt_frame *frame, uint8_t version)
{
    return !(frame->flags & FLAG_DUP) || version == MQTT_3_1;
}

/* Reason and properties, both of which may be left out at the end of an MQTT 5 packet. */
static uint8_t outcome_get(struct cursor *cursor, uint8_t type, uint8_t *ret_reason,
                           struct mqtt_properties *ret_properties)
{
    if (cursor_left(cursor) == 0)
        return MQTT_SUCCESS;
    if (!cursor_get_u8(cursor, ret_reason))
        return MQTT_MALFORMED_PACKET;
    if (cursor_left(cursor) > 0) {
        uint8_t reason = mqtt_properties_get(cursor, type, ret_properties);
        if (reason)
            return reason;
    }
    if (cursor_left(cursor) > 0)
        return MQTT_MALFORMED_PACKET;
    return mqtt_reason_is_allowed(type, *ret_reason) ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
}

uint8_t mqtt_ack_get(const struct mqtt_frame *frame, uint8_t version, struct mqtt_ack *ret)
{
    check(frame->type >= MQTT_PUBACK && frame->type <= MQTT_PUBCOMP);
    struct cursor cursor = cursor_of(frame->body);
    memset(ret, 0, sizeof *ret);
    if (!request_flags_fit(frame, version) || !cursor_get_u16(&cursor, &ret->packet_id))
        return MQTT_MALFORMED_PACKET;
    if (!is_mqtt_5(version) && cursor_left(&cursor) > 0)
        return MQTT_MALFORMED_PACKET;
    uint8_t reason = outcome_get(&cursor, frame->type, &ret->reason, &ret->properties);
    if (reason)
        return reason;
    return ret->packet_id ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
}

/* ---- SUBSCRIBE, UNSUBSCRIBE (3.8, 3.10) -------------------------------------------------------
 */
static bool subscription_get(struct cursor *cursor, uint8_t type, struct mqtt_subscription *ret,
                             uint8_t *ret_options)
{
    memset(ret, 0, sizeof *ret);
    *ret_options = 0;
    if (!cursor_get_text(cursor, &ret->filter))
        return false;
    if (type == MQTT_UNSUBSCRIBE)
        return true;
    if (!cursor_get_u8(cursor, ret_options))
        return false;
    ret->qos = *ret_options & 3;
    ret->no_local = *ret_options & 4;
    ret->retain_as_published = *ret_options & 8;
    ret->retain_handling = *ret_options >> 4 & 3;
    return true;
}

static uint8_t subscription_judge(const struct mqtt_subscription *subscription, uint8_t options,
                                  uint8_t version)
{
    if (is_mqtt_5(version)) {
        if (options & 0xC0)
            return MQTT_MALFORMED_PACKET; /* [MQTT-3.8.3-5] */
        if (subscription->qos == 3 || subscription->retain_handling == 3)
            return MQTT_PROTOCOL_ERROR; /* 3.8.3.1 */
        if (subscription->no_local && mqtt_filter_is_shared(subscription->filter))
            return MQTT_PROTOCOL_ERROR; /* [MQTT-3.8.3-4] */
    } else if (options > 2) {
        return MQTT_MALFORMED_PACKET; /* 3.1.1: [MQTT-3.8.3-4] */
    }
    return mqtt_filter_is_valid(subscription->filter) ? MQTT_SUCCESS : MQTT_TOPIC_FILTER_INVALID;
}

uint8_t mqtt_subscribe_get(const struct mqtt_frame *frame, uint8_t version,
                           struct mqtt_subscribe *ret)
{
    check(frame->type == MQTT_SUBSCRIBE || frame->type == MQTT_UNSUBSCRIBE);
    struct cursor cursor = cursor_of(frame->body);
    uint8_t reason = MQTT_SUCCESS;
    memset(ret, 0, sizeof *ret);
    if (!request_flags_fit(frame, version) || !cursor_get_u16(&cursor, &ret->packet_id))
        return MQTT_MALFORMED_PACKET;
    if (is_mqtt_5(version))
        reason = mqtt_properties_get(&cursor, frame->type, &ret->properties);
    ret->filters = bytes_of(cursor.at, cursor_left(&cursor));
    while (!reason && cursor_left(&cursor) > 0) {
        struct mqtt_subscription subscription;
        uint8_t options;
        if (!subscription_get(&cursor, frame->type, &subscription, &options))
            return MQTT_MALFORMED_PACKET;
        reason = subscription_judge(&subscription, options, version);
        ret->count++;
    }
    if (!reason && (ret->count == 0 || ret->packet_id == 0))
        reason = MQTT_PROTOCOL_ERROR; /* [MQTT-3.8.3-2], [MQTT-3.10.3-2], [MQTT-2.2.1-3] */
    return reason;
}

bool mqtt_subscription_next(const struct mqtt_subscribe *subscribe, uint8_t type, size_t *offset,
                            struct mqtt_subscription *ret)
{
    uint8_t options;
    if (*offset >= subscribe->filters.size)
        return false;
    struct cursor cursor = {subscribe->filters.at + *offset,
                            subscribe->filters.at + subscribe->filters.size};
    if (!subscription_get(&cursor, type, ret, &options))
        return false;
    *offset = (size_t)(cursor.at - subscribe->filters.at);
    return true;
}

/* ---- SUBACK, UNSUBACK (3.9, 3.11) -------------------------------------------------------------
 */
uint8_t mqtt_suback_get(const struct mqtt_frame *frame, uint8_t version, struct mqtt_suback *ret)
{
    check(frame->type == MQTT_SUBACK || frame->type == MQTT_UNSUBACK);
    struct cursor cursor = cursor_of(frame->body);
    memset(ret, 0, sizeof *ret);
    if (!cursor_get_u16(&cursor, &ret->packet_id))
        return MQTT_MALFORMED_PACKET;
    if (is_mqtt_5(version)) {
        uint8_t reason = mqtt_properties_get(&cursor, frame->type, &ret->properties);
        if (reason)
            return reason;
    }
    ret->reasons = bytes_of(cursor.at, cursor_left(&cursor));
    bool wordless = frame->type == MQTT_UNSUBACK && !is_mqtt_5(version);
    if (wordless != (ret->reasons.size == 0))
        return MQTT_MALFORMED_PACKET;
    for (size_t i = 0; i < ret->reasons.size; i++) {
        uint8_t reason = ret->reasons.at[i];
        if (is_mqtt_5(version) ? !mqtt_reason_is_allowed(frame->type, reason)
                               : reason > 2 && reason != 0x80)
            return MQTT_PROTOCOL_ERROR; /* [MQTT-3.9.3-2] */
    }
    return ret->packet_id ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
}

/* ---- DISCONNECT, AUTH (3.14, 3.15) ------------------------------------------------------------
 */
uint8_t mqtt_disconnect_get(const struct mqtt_frame *frame, uint8_t version,
                            struct mqtt_disconnect *ret)
{
    check(frame->type == MQTT_DISCONNECT || frame->type == MQTT_AUTH);
    struct cursor cursor = cursor_of(frame->body);
    memset(ret, 0, sizeof *ret);
    if (!is_mqtt_5(version) && (frame->type == MQTT_AUTH || cursor_left(&cursor) > 0))
        return MQTT_MALFORMED_PACKET;
    uint8_t reason = outcome_get(&cursor, frame->type, &ret->reason, &ret->properties);
    if (reason || frame->type == MQTT_DISCONNECT || frame->body.size == 0)
        return reason;
    return MQTT_HAS(&ret->properties, 21) ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR; /* 3.15.2.2.2 */
}
