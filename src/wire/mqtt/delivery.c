/* A PUBLISH on its way out. Whoever has a thousand subscribers writes it a thousand times: nothing
 * is measured twice, and the message's own bytes are copied in three pieces. */
#include "wire/mqtt/cursor.h"
#include "wire/mqtt/mqtt.h"

/* Bytes of the property block without its length. */
static size_t delivery_properties(const struct mqtt_delivery *delivery)
{
    size_t size =
        delivery->properties.size + (delivery->has_expiry ? 5 : 0) + (delivery->alias ? 3 : 0);
    for (uint8_t i = 0; i < delivery->id_count; i++)
        size += 1 + varint_size(delivery->ids[i]);
    return size;
}

static size_t delivery_remaining(uint8_t version, const struct mqtt_delivery *delivery,
                                 size_t properties)
{
    size_t size = 2 + delivery->topic.size + (delivery->qos > 0 ? 2 : 0) + delivery->payload.size;
    return version == MQTT_5 ? size + varint_size(properties) + properties : size;
}

size_t mqtt_delivery_size(uint8_t version, const struct mqtt_delivery *delivery)
{
    size_t properties = version == MQTT_5 ? delivery_properties(delivery) : 0;
    size_t remaining = delivery_remaining(version, delivery, properties);
    return 1 + varint_size(remaining) + remaining;
}

static uint8_t *put_u16(uint8_t *at, uint16_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
    return at + 2;
}

static uint8_t *put_varint(uint8_t *at, size_t v)
{
    while (v >= 0x80) {
        *at++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *at++ = (uint8_t)v;
    return at;
}

static uint8_t *put_bytes(uint8_t *at, struct bytes bytes)
{
    if (bytes.size > 0)
        memcpy(at, bytes.at, bytes.size);
    return at + bytes.size;
}

static uint8_t *put_properties(uint8_t *at, const struct mqtt_delivery *delivery, size_t size)
{
    at = put_varint(at, size);
    if (delivery->has_expiry) {
        *at++ = 2;
        at = put_u16(at, (uint16_t)(delivery->expiry_s >> 16));
        at = put_u16(at, (uint16_t)delivery->expiry_s);
    }
    if (delivery->alias) {
        *at++ = 35;
        at = put_u16(at, delivery->alias);
    }
    for (uint8_t i = 0; i < delivery->id_count; i++) {
        *at++ = 11;
        at = put_varint(at, delivery->ids[i]);
    }
    return put_bytes(at, delivery->properties);
}

size_t mqtt_delivery_put(uint8_t *at, size_t capacity, uint8_t version,
                         const struct mqtt_delivery *delivery)
{
    check(delivery->qos <= 2 && (delivery->qos == 0 || delivery->packet_id != 0));
    check(delivery->topic.size <= MQTT_TEXT_MAX);
    size_t properties = version == MQTT_5 ? delivery_properties(delivery) : 0;
    size_t remaining = delivery_remaining(version, delivery, properties);
    size_t size = 1 + varint_size(remaining) + remaining;
    if (size > capacity || remaining > MQTT_REMAINING_MAX)
        return 0;
    *at++ = (uint8_t)(MQTT_PUBLISH << 4 | delivery->qos << 1 | (delivery->retain ? 1 : 0) |
                      (delivery->dup && delivery->qos > 0 ? 8 : 0));
    at = put_varint(at, remaining);
    at = put_u16(at, (uint16_t)delivery->topic.size);
    at = put_bytes(at, delivery->topic);
    if (delivery->qos > 0)
        at = put_u16(at, delivery->packet_id);
    if (version == MQTT_5)
        at = put_properties(at, delivery, properties);
    put_bytes(at, delivery->payload);
    return size;
}
