/* Encoders. Each body is written by one function that runs twice: to measure, then to write. The
 * two packets of the hot path, PUBACK and PUBLISH without properties, take a shorter way. */
#include "wire/mqtt/properties.h"
#include "wire/mqtt/reasons.h"

static bool is_mqtt_5(uint8_t version)
{
    return version >= MQTT_5;
}

static uint8_t first_byte(uint8_t type, uint8_t flags)
{
    return (uint8_t)(type << 4 | flags);
}

/* PUBREL, SUBSCRIBE and UNSUBSCRIBE carry flags 0010 (table 2-2). */
static uint8_t first_byte_of(uint8_t type)
{
    bool request = type == MQTT_PUBREL || type == MQTT_SUBSCRIBE || type == MQTT_UNSUBSCRIBE;
    return first_byte(type, request ? 2 : 0);
}

/* ---- CONNECT ----------------------------------------------------------------------------------
 */
static uint8_t connect_flags(const struct mqtt_connect *connect)
{
    unsigned flags = connect->clean_start ? 0x02 : 0;
    if (connect->will.present)
        flags |= 0x04u | (unsigned)connect->will.qos << 3 | (connect->will.retain ? 0x20u : 0);
    if (connect->has_password)
        flags |= 0x40;
    if (connect->has_user)
        flags |= 0x80;
    return (uint8_t)flags;
}

static void connect_body(struct writer *writer, const struct mqtt_connect *connect)
{
    bool modern = is_mqtt_5(connect->version);
    writer_put_text(writer, bytes_text(connect->version == MQTT_3_1 ? "MQIsdp" : "MQTT"));
    writer_put_u8(writer, connect->version);
    writer_put_u8(writer, connect_flags(connect));
    writer_put_u16(writer, connect->keep_alive_s);
    if (modern)
        mqtt_properties_put(writer, MQTT_CONNECT, &connect->properties);
    writer_put_text(writer, connect->client_id);
    if (connect->will.present) {
        if (modern)
            mqtt_properties_put(writer, MQTT_WILL, &connect->will.properties);
        writer_put_text(writer, connect->will.topic);
        writer_put_text(writer, connect->will.payload);
    }
    if (connect->has_user)
        writer_put_text(writer, connect->user);
    if (connect->has_password)
        writer_put_text(writer, connect->password);
}

size_t mqtt_connect_put(uint8_t *at, size_t capacity, const struct mqtt_connect *connect)
{
    check(connect->version >= MQTT_3_1 && connect->version <= MQTT_5);
    check(!connect->will.present || connect->will.qos <= 2);
    struct writer measured = {0};
    connect_body(&measured, connect);
    struct writer writer = writer_start(at, capacity, first_byte_of(MQTT_CONNECT), &measured);
    connect_body(&writer, connect);
    return writer_end(&writer);
}

/* ---- CONNACK ----------------------------------------------------------------------------------
 */
static void connack_body(struct writer *writer, uint8_t version, uint8_t code,
                         const struct mqtt_connack *connack)
{
    writer_put_u8(writer, version != MQTT_3_1 && connack->session_present && !connack->reason);
    writer_put_u8(writer, code);
    if (is_mqtt_5(version))
        mqtt_properties_put(writer, MQTT_CONNACK, &connack->properties);
}

size_t mqtt_connack_put(uint8_t *at, size_t capacity, uint8_t version,
                        const struct mqtt_connack *connack)
{
    uint8_t code = connack->reason;
    if (!is_mqtt_5(version) && !mqtt_reason_to_return_code(connack->reason, &code))
        return 0;
    struct writer measured = {0};
    connack_body(&measured, version, code, connack);
    struct writer writer = writer_start(at, capacity, first_byte_of(MQTT_CONNACK), &measured);
    connack_body(&writer, version, code, connack);
    return writer_end(&writer);
}

/* ---- PUBLISH ----------------------------------------------------------------------------------
 */
static void publish_body(struct writer *writer, uint8_t version, const struct mqtt_publish *publish)
{
    writer_put_text(writer, publish->topic);
    if (publish->qos > 0)
        writer_put_u16(writer, publish->packet_id);
    if (is_mqtt_5(version))
        mqtt_properties_put(writer, MQTT_PUBLISH, &publish->properties);
    writer_put_bytes(writer, publish->payload.at, publish->payload.size);
}

/* The body's size without writing it; as publish_body measures, but for the payload's bytes. */
static struct writer publish_measure(uint8_t version, const struct mqtt_publish *publish)
{
    struct writer measured = {0};
    measured.used = 2 + publish->topic.size + (publish->qos > 0 ? 2 : 0) + publish->payload.size;
    measured.impossible = publish->topic.size > MQTT_TEXT_MAX;
    if (is_mqtt_5(version))
        mqtt_properties_put(&measured, MQTT_PUBLISH, &publish->properties);
    return measured;
}

size_t mqtt_publish_put(uint8_t *at, size_t capacity, uint8_t version,
                        const struct mqtt_publish *publish)
{
    check(publish->qos <= 2 && (publish->qos == 0 || publish->packet_id != 0));
    uint8_t flags = (uint8_t)(publish->qos << 1 | (publish->retain ? 1 : 0) |
                              (publish->dup && publish->qos > 0 ? 8 : 0));
    struct writer measured = publish_measure(version, publish);
    struct writer writer = writer_start(at, capacity, first_byte(MQTT_PUBLISH, flags), &measured);
    publish_body(&writer, version, publish);
    return writer_end(&writer);
}

/* ---- PUBACK, PUBREC, PUBREL, PUBCOMP --------------------------------------------------------- */
static void ack_body(struct writer *writer, uint8_t type, const struct mqtt_ack *ack, bool spare)
{
    writer_put_u16(writer, ack->packet_id);
    writer_put_u8(writer, ack->reason);
    if (!spare)
        mqtt_properties_put(writer, type, &ack->properties);
}

size_t mqtt_ack_put(uint8_t *at, size_t capacity, uint8_t version, uint8_t type,
                    const struct mqtt_ack *ack)
{
    check(type >= MQTT_PUBACK && type <= MQTT_PUBCOMP && ack->packet_id != 0);
    if (!is_mqtt_5(version) || (ack->reason == 0 && ack->properties.has == 0)) {
        if (capacity < 4)
            return 0;
        at[0] = first_byte_of(type);
        at[1] = 2;
        store_u16(at + 2, __builtin_bswap16(ack->packet_id));
        return 4;
    }
    bool spare = mqtt_properties_empty(type, &ack->properties);
    struct writer measured = {0};
    ack_body(&measured, type, ack, spare);
    struct writer writer = writer_start(at, capacity, first_byte_of(type), &measured);
    ack_body(&writer, type, ack, spare);
    return writer_end(&writer);
}

/* ---- SUBSCRIBE, UNSUBSCRIBE -------------------------------------------------------------------
 */
struct request {
    uint8_t version, type;
    uint16_t packet_id;
    const struct mqtt_properties *properties;
    const struct mqtt_subscription *subscriptions;
    size_t count;
};

static uint8_t subscription_options(const struct mqtt_subscription *subscription, uint8_t version)
{
    check(subscription->qos <= 2 && subscription->retain_handling <= 2);
    if (!is_mqtt_5(version))
        return subscription->qos;
    return (uint8_t)(subscription->qos | (subscription->no_local ? 4 : 0) |
                     (subscription->retain_as_published ? 8 : 0) |
                     subscription->retain_handling << 4);
}

static void request_body(struct writer *writer, const struct request *request)
{
    writer_put_u16(writer, request->packet_id);
    if (is_mqtt_5(request->version))
        mqtt_properties_put(writer, request->type, request->properties);
    for (size_t i = 0; i < request->count; i++) {
        writer_put_text(writer, request->subscriptions[i].filter);
        if (request->type == MQTT_SUBSCRIBE)
            writer_put_u8(writer,
                          subscription_options(&request->subscriptions[i], request->version));
    }
}

static size_t request_put(uint8_t *at, size_t capacity, const struct request *request)
{
    check(request->packet_id != 0 && request->count > 0);
    struct writer measured = {0};
    request_body(&measured, request);
    struct writer writer = writer_start(at, capacity, first_byte_of(request->type), &measured);
    request_body(&writer, request);
    return writer_end(&writer);
}

size_t mqtt_subscribe_put(uint8_t *at, size_t capacity, uint8_t version, uint16_t packet_id,
                          const struct mqtt_subscription *subscriptions, size_t count)
{
    struct request request = {version, MQTT_SUBSCRIBE, packet_id, NULL, subscriptions, count};
    return request_put(at, capacity, &request);
}

size_t mqtt_filters_put(uint8_t *at, size_t capacity, uint8_t version, uint8_t type,
                        uint16_t packet_id, const struct mqtt_properties *properties,
                        const struct mqtt_subscription *subscriptions, size_t count)
{
    check(type == MQTT_SUBSCRIBE || type == MQTT_UNSUBSCRIBE);
    struct request request = {version, type, packet_id, properties, subscriptions, count};
    return request_put(at, capacity, &request);
}

/* ---- SUBACK, UNSUBACK -------------------------------------------------------------------------
 */
static void suback_body(struct writer *writer, uint8_t version, uint8_t type,
                        const struct mqtt_suback *suback)
{
    writer_put_u16(writer, suback->packet_id);
    if (is_mqtt_5(version)) {
        mqtt_properties_put(writer, type, &suback->properties);
        writer_put_bytes(writer, suback->reasons.at, suback->reasons.size);
    } else if (type == MQTT_SUBACK) {
        for (size_t i = 0; i < suback->reasons.size; i++) /* 3.1.1: one code for every failure */
            writer_put_u8(writer, suback->reasons.at[i] < 0x80 ? suback->reasons.at[i] : 0x80);
    }
}

size_t mqtt_answer_put(uint8_t *at, size_t capacity, uint8_t version, uint8_t type,
                       const struct mqtt_suback *suback)
{
    check(type == MQTT_SUBACK || type == MQTT_UNSUBACK);
    check(suback->packet_id != 0 && suback->reasons.size > 0);
    struct writer measured = {0};
    suback_body(&measured, version, type, suback);
    struct writer writer = writer_start(at, capacity, first_byte_of(type), &measured);
    suback_body(&writer, version, type, suback);
    return writer_end(&writer);
}

size_t mqtt_suback_put(uint8_t *at, size_t capacity, uint8_t version, uint8_t type,
                       uint16_t packet_id, const uint8_t *reasons, size_t count)
{
    struct mqtt_suback suback = {.packet_id = packet_id, .reasons = {reasons, count}};
    return mqtt_answer_put(at, capacity, version, type, &suback);
}

/* ---- DISCONNECT, AUTH -------------------------------------------------------------------------
 */
static void disconnect_body(struct writer *writer, uint8_t type,
                            const struct mqtt_disconnect *disconnect)
{
    bool spare = mqtt_properties_empty(type, &disconnect->properties);
    if (disconnect->reason || !spare)
        writer_put_u8(writer, disconnect->reason);
    if (!spare)
        mqtt_properties_put(writer, type, &disconnect->properties);
}

static size_t closing_put(uint8_t *at, size_t capacity, uint8_t type,
                          const struct mqtt_disconnect *disconnect)
{
    struct writer measured = {0};
    disconnect_body(&measured, type, disconnect);
    struct writer writer = writer_start(at, capacity, first_byte_of(type), &measured);
    disconnect_body(&writer, type, disconnect);
    return writer_end(&writer);
}

size_t mqtt_disconnect_put(uint8_t *at, size_t capacity, uint8_t version,
                           const struct mqtt_disconnect *disconnect)
{
    if (!is_mqtt_5(version))
        return mqtt_empty_put(at, capacity, MQTT_DISCONNECT);
    return closing_put(at, capacity, MQTT_DISCONNECT, disconnect);
}

size_t mqtt_auth_put(uint8_t *at, size_t capacity, const struct mqtt_disconnect *auth)
{
    return closing_put(at, capacity, MQTT_AUTH, auth);
}
