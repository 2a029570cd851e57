/* Which property may stand in which packet, of what type, in what range: one table, from MQTT 5
 * table 2-4. Everything else in this file walks it. */
#include "wire/mqtt/properties.h"

enum kind {
    KIND_NONE,
    KIND_U8,
    KIND_U16,
    KIND_U32,
    KIND_VARINT,
    KIND_TEXT,
    KIND_BINARY,
    KIND_PAIR
};
enum range { ANY, FLAG, NOT_ZERO, ALIAS, TOPIC };

#define IN(packet) (1u << MQTT_##packet)
#define IN_MESSAGE (IN(PUBLISH) | IN(WILL))
#define IN_OPENING (IN(CONNECT) | IN(CONNACK))
#define IN_ANSWER                                                                                  \
    (IN(CONNACK) | IN(PUBACK) | IN(PUBREC) | IN(PUBREL) | IN(PUBCOMP) | IN(SUBACK) |               \
     IN(UNSUBACK) | IN(DISCONNECT) | IN(AUTH))

struct rule {
    uint8_t kind;
    uint8_t range;
    uint16_t packets; /* bit of each enum mqtt_type; bit 0: a will */
    uint16_t at;      /* offset in struct mqtt_properties */
};
#define RULE(id, kind, range, packets, field)                                                      \
    [id] = {kind, range, (uint16_t)(packets), offsetof(struct mqtt_properties, field)}
#define SUBSCRIPTION_ID 11
#define USER_PROPERTY 38
#define PROPERTY_COUNT 43
static const struct rule rules[PROPERTY_COUNT] = {
    RULE(1, KIND_U8, FLAG, IN_MESSAGE, payload_format),
    RULE(2, KIND_U32, ANY, IN_MESSAGE, message_expiry_s),
    RULE(3, KIND_TEXT, ANY, IN_MESSAGE, content_type),
    RULE(8, KIND_TEXT, TOPIC, IN_MESSAGE, response_topic),
    RULE(9, KIND_BINARY, ANY, IN_MESSAGE, correlation_data),
    RULE(11, KIND_VARINT, NOT_ZERO, IN(PUBLISH) | IN(SUBSCRIBE), subscription_id),
    RULE(17, KIND_U32, ANY, IN_OPENING | IN(DISCONNECT), session_expiry_s),
    RULE(18, KIND_TEXT, ANY, IN(CONNACK), assigned_client_id),
    RULE(19, KIND_U16, ANY, IN(CONNACK), server_keep_alive_s),
    RULE(21, KIND_TEXT, ANY, IN_OPENING | IN(AUTH), authentication_method),
    RULE(22, KIND_BINARY, ANY, IN_OPENING | IN(AUTH), authentication_data),
    RULE(23, KIND_U8, FLAG, IN(CONNECT), request_problem_info),
    RULE(24, KIND_U32, ANY, IN(WILL), will_delay_s),
    RULE(25, KIND_U8, FLAG, IN(CONNECT), request_response_info),
    RULE(26, KIND_TEXT, ANY, IN(CONNACK), response_info),
    RULE(28, KIND_TEXT, ANY, IN(CONNACK) | IN(DISCONNECT), server_reference),
    RULE(31, KIND_TEXT, ANY, IN_ANSWER, reason_string),
    RULE(33, KIND_U16, NOT_ZERO, IN_OPENING, receive_maximum),
    RULE(34, KIND_U16, ANY, IN_OPENING, topic_alias_maximum),
    RULE(35, KIND_U16, ALIAS, IN(PUBLISH), topic_alias),
    RULE(36, KIND_U8, FLAG, IN(CONNACK), maximum_qos),
    RULE(37, KIND_U8, FLAG, IN(CONNACK), retain_available),
    RULE(38, KIND_PAIR, ANY, IN_ANSWER | IN_MESSAGE | IN(CONNECT) | IN(SUBSCRIBE) | IN(UNSUBSCRIBE),
         user_count),
    RULE(39, KIND_U32, NOT_ZERO, IN_OPENING, maximum_packet_size),
    RULE(40, KIND_U8, FLAG, IN(CONNACK), wildcard_available),
    RULE(41, KIND_U8, FLAG, IN(CONNACK), subscription_ids_available),
    RULE(42, KIND_U8, FLAG, IN(CONNACK), shared_available),
};

struct property_value {
    uint32_t number;
    struct bytes text, second; /* second: the value of a pair */
};

static bool value_get(struct cursor *cursor, enum kind kind, struct property_value *ret_value)
{
    uint8_t small = 0;
    uint16_t middle = 0;
    bool ok = false;
    switch (kind) {
    case KIND_U8:
        ok = cursor_get_u8(cursor, &small);
        ret_value->number = small;
        return ok;
    case KIND_U16:
        ok = cursor_get_u16(cursor, &middle);
        ret_value->number = middle;
        return ok;
    case KIND_U32:
        return cursor_get_u32(cursor, &ret_value->number);
    case KIND_VARINT:
        return cursor_get_varint(cursor, &ret_value->number);
    case KIND_TEXT:
        return cursor_get_text(cursor, &ret_value->text);
    case KIND_BINARY:
        return cursor_get_binary(cursor, &ret_value->text);
    case KIND_PAIR:
        return cursor_get_text(cursor, &ret_value->text) &&
               cursor_get_text(cursor, &ret_value->second);
    case KIND_NONE:
        break;
    }
    return false;
}

static uint8_t value_judge(enum range range, const struct property_value *value)
{
    switch (range) {
    case FLAG:
        return value->number <= 1 ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
    case NOT_ZERO:
        return value->number != 0 ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
    case ALIAS:
        return value->number != 0 ? MQTT_SUCCESS : MQTT_TOPIC_ALIAS_INVALID;
    case TOPIC:
        return mqtt_topic_is_valid(value->text) ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
    case ANY:
        break;
    }
    return MQTT_SUCCESS;
}

static void value_store(struct mqtt_properties *properties, const struct rule *rule,
                        const struct property_value *value)
{
    uint8_t *field = (uint8_t *)properties + rule->at;
    switch ((enum kind)rule->kind) {
    case KIND_U8:
        *field = (uint8_t)value->number;
        break;
    case KIND_U16:
        store_u16(field, (uint16_t)value->number);
        break;
    case KIND_U32:
    case KIND_VARINT:
        store_u32(field, value->number);
        break;
    case KIND_TEXT:
    case KIND_BINARY:
        memcpy(field, &value->text, sizeof value->text);
        break;
    case KIND_PAIR:
    case KIND_NONE:
        break;
    }
}

/* One property: identifier, place, type, range, once. */
static uint8_t property_get(struct cursor *cursor, unsigned packet,
                            struct mqtt_properties *properties)
{
    uint32_t id;
    struct property_value value = {0};
    if (!cursor_get_varint(cursor, &id) || id >= PROPERTY_COUNT)
        return MQTT_MALFORMED_PACKET;
    const struct rule *rule = &rules[id];
    if (!(rule->packets >> packet & 1) || !value_get(cursor, (enum kind)rule->kind, &value))
        return MQTT_MALFORMED_PACKET;
    uint8_t reason = value_judge((enum range)rule->range, &value);
    if (reason)
        return reason;
    if (id == USER_PROPERTY) {
        if (properties->user_count == MQTT_USER_PROPERTIES_MAX)
            return MQTT_QUOTA_EXCEEDED;
        properties->user_count++;
    } else if (MQTT_HAS(properties, id)) {
        /* A server's PUBLISH names every subscription that matched (3.3.2.3.8). */
        return id == SUBSCRIPTION_ID && packet == MQTT_PUBLISH ? MQTT_SUCCESS : MQTT_PROTOCOL_ERROR;
    } else {
        value_store(properties, rule, &value);
    }
    properties->has |= UINT64_C(1) << id;
    return MQTT_SUCCESS;
}

uint8_t mqtt_properties_get(struct cursor *cursor, unsigned packet,
                            struct mqtt_properties *ret_properties)
{
    uint32_t size;
    memset(ret_properties, 0, sizeof *ret_properties);
    if (!cursor_get_varint(cursor, &size) || !cursor_get_bytes(cursor, size, &ret_properties->raw))
        return MQTT_MALFORMED_PACKET;
    if (size == 3 && ret_properties->raw.at[0] == 35 && packet == MQTT_PUBLISH) {
        /* What a sender that uses aliases says in every message: nothing but the alias. */
        ret_properties->has = UINT64_C(1) << 35;
        ret_properties->topic_alias =
            (uint16_t)(ret_properties->raw.at[1] << 8 | ret_properties->raw.at[2]);
        return ret_properties->topic_alias ? MQTT_SUCCESS : MQTT_TOPIC_ALIAS_INVALID;
    }
    struct cursor block = cursor_of(ret_properties->raw);
    while (cursor_left(&block) > 0) {
        uint8_t reason = property_get(&block, packet, ret_properties);
        if (reason)
            return reason;
    }
    /* 3.1.2.11.10: data without a method. */
    if (MQTT_HAS(ret_properties, 22) && !MQTT_HAS(ret_properties, 21))
        return MQTT_PROTOCOL_ERROR;
    return MQTT_SUCCESS;
}

/* The next property of the wanted identifier in a block; false at its end or where it is no block.
 */
static bool raw_next(struct bytes raw, size_t *offset, uint32_t wanted,
                     struct property_value *ret_value)
{
    while (*offset < raw.size) {
        struct cursor cursor = {raw.at + *offset, raw.at + raw.size};
        uint32_t id;
        if (!cursor_get_varint(&cursor, &id) || id >= PROPERTY_COUNT ||
            !value_get(&cursor, (enum kind)rules[id].kind, ret_value))
            return false;
        *offset = (size_t)(cursor.at - raw.at);
        if (id == wanted)
            return true;
    }
    return false;
}

bool mqtt_user_property(struct bytes raw, size_t *offset, struct bytes *ret_name,
                        struct bytes *ret_value)
{
    struct property_value value;
    if (!raw_next(raw, offset, USER_PROPERTY, &value))
        return false;
    *ret_name = value.text;
    *ret_value = value.second;
    return true;
}

bool mqtt_subscription_id(struct bytes raw, size_t *offset, uint32_t *ret_id)
{
    struct property_value value;
    if (!raw_next(raw, offset, SUBSCRIPTION_ID, &value))
        return false;
    *ret_id = value.number;
    return true;
}

static void pair_put(struct writer *writer, struct bytes name, struct bytes value)
{
    writer_put_u8(writer, USER_PROPERTY);
    writer_put_text(writer, name);
    writer_put_text(writer, value);
}

size_t mqtt_user_property_put(uint8_t *at, size_t capacity, struct bytes name, struct bytes value)
{
    struct writer writer = {at, capacity, 0, false};
    pair_put(&writer, name, value);
    return writer_end(&writer);
}

static void field_put(struct writer *writer, const struct rule *rule,
                      const struct mqtt_properties *properties)
{
    const uint8_t *field = (const uint8_t *)properties + rule->at;
    struct bytes text;
    switch ((enum kind)rule->kind) {
    case KIND_U8:
        writer_put_u8(writer, *field);
        break;
    case KIND_U16:
        writer_put_u16(writer, load_u16(field));
        break;
    case KIND_U32:
        writer_put_u32(writer, load_u32(field));
        break;
    case KIND_VARINT:
        writer_put_varint(writer, load_u32(field));
        break;
    case KIND_TEXT:
    case KIND_BINARY:
        memcpy(&text, field, sizeof text);
        writer_put_text(writer, text);
        break;
    case KIND_PAIR:
    case KIND_NONE:
        break;
    }
}

static bool allowed(const struct mqtt_properties *properties, unsigned id, unsigned packet)
{
    return MQTT_HAS(properties, id) && (rules[id].packets >> packet & 1);
}

/* User properties, and the subscription identifiers after the first. */
static void repeated_put(struct writer *writer, unsigned packet,
                         const struct mqtt_properties *properties)
{
    struct property_value value;
    size_t offset = 0;
    if (allowed(properties, USER_PROPERTY, packet))
        while (raw_next(properties->raw, &offset, USER_PROPERTY, &value))
            pair_put(writer, value.text, value.second);
    if (packet != MQTT_PUBLISH || !MQTT_HAS(properties, SUBSCRIPTION_ID))
        return;
    offset = 0;
    for (unsigned n = 0; raw_next(properties->raw, &offset, SUBSCRIPTION_ID, &value); n++) {
        if (n == 0)
            continue;
        writer_put_u8(writer, SUBSCRIPTION_ID);
        writer_put_varint(writer, value.number);
    }
}

static void block_put(struct writer *writer, unsigned packet,
                      const struct mqtt_properties *properties)
{
    for (uint64_t left = properties->has; left; left &= left - 1) {
        unsigned id = (unsigned)__builtin_ctzll(left);
        if (id >= PROPERTY_COUNT || id == USER_PROPERTY || !(rules[id].packets >> packet & 1))
            continue;
        writer_put_u8(writer, (uint8_t)id);
        field_put(writer, &rules[id], properties);
    }
    repeated_put(writer, packet, properties);
}

void mqtt_properties_put(struct writer *writer, unsigned packet,
                         const struct mqtt_properties *properties)
{
    if (!properties || !properties->has) {
        writer_put_u8(writer, 0);
        return;
    }
    struct writer measured = {0};
    block_put(&measured, packet, properties);
    if (measured.impossible || measured.used > MQTT_REMAINING_MAX) {
        writer->impossible = true;
        return;
    }
    writer_put_varint(writer, (uint32_t)measured.used);
    block_put(writer, packet, properties);
}

bool mqtt_properties_empty(unsigned packet, const struct mqtt_properties *properties)
{
    if (!properties || !properties->has)
        return true;
    struct writer measured = {0};
    block_put(&measured, packet, properties);
    return measured.used == 0;
}

/* ---- passing on ---------------------------------------------------------------------------------
 */
#define NOT_FORWARDED (UINT64_C(1) << 2 | UINT64_C(1) << 11 | UINT64_C(1) << 24 | UINT64_C(1) << 35)

size_t mqtt_properties_forward(const struct mqtt_properties *properties, uint8_t *at)
{
    if (!(properties->has & NOT_FORWARDED)) {
        if (properties->raw.size > 0)
            memcpy(at, properties->raw.at, properties->raw.size);
        return properties->raw.size;
    }
    struct cursor cursor = cursor_of(properties->raw);
    size_t used = 0;
    while (cursor_left(&cursor) > 0) {
        const uint8_t *from = cursor.at;
        struct property_value value;
        uint32_t id;
        if (!cursor_get_varint(&cursor, &id) || id >= PROPERTY_COUNT ||
            !value_get(&cursor, (enum kind)rules[id].kind, &value))
            break; /* cannot be: it was decoded before */
        size_t size = (size_t)(cursor.at - from);
        if (!(NOT_FORWARDED >> id & 1)) {
            memcpy(at + used, from, size);
            used += size;
        }
    }
    return used;
}
