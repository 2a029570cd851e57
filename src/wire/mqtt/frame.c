/* Fixed headers (MQTT 5, 2.1): where a packet ends, before anything is known of what it says. */
#include "wire/mqtt/cursor.h"
#include "wire/mqtt/mqtt.h"

const char *mqtt_reason_text(uint8_t reason)
{
    switch (reason) {
#define REASON_CASE(name, code, text)                                                              \
    case code:                                                                                     \
        return text;
        MQTT_REASON_TABLE(REASON_CASE)
#undef REASON_CASE
    }
    return "unknown reason";
}

const char *mqtt_type_name(uint8_t type)
{
    static const char *const names[16] = {"reserved",  "CONNECT",  "CONNACK",     "PUBLISH",
                                          "PUBACK",    "PUBREC",   "PUBREL",      "PUBCOMP",
                                          "SUBSCRIBE", "SUBACK",   "UNSUBSCRIBE", "UNSUBACK",
                                          "PINGREQ",   "PINGRESP", "DISCONNECT",  "AUTH"};
    return type < 16 ? names[type] : "reserved";
}

/* Table 2-2 [MQTT-2.1.3-1]. 3.1 may set DUP beside the QoS 1 of its three requests; which version
 * is spoken is for the decoders to know. */
static bool flags_are_allowed(uint8_t type, uint8_t flags)
{
    switch (type) {
    case 0:
        return false;
    case MQTT_PUBLISH:
        return true;
    case MQTT_PUBREL:
    case MQTT_SUBSCRIBE:
    case MQTT_UNSUBSCRIBE:
        return flags == 2 || flags == 10;
    default:
        return flags == 0;
    }
}

enum err mqtt_frame_get(struct bytes b, struct mqtt_frame *ret_frame)
{
    ret_frame->packet_bytes = 0;
    if (b.size == 0)
        return ERR_BUSY;
    uint8_t type = b.at[0] >> 4, flags = b.at[0] & 15;
    if (UNLIKELY(!flags_are_allowed(type, flags)))
        return ERR_INVALID;
    size_t length = 0, header = 1;
    for (unsigned shift = 0;; shift += 7, header++) {
        if (shift == 28)
            return ERR_INVALID;
        if (header == b.size)
            return ERR_BUSY;
        uint8_t byte = b.at[header];
        length |= (size_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            if (byte == 0 && shift > 0) /* longer than needed [MQTT-1.5.5-1] */
                return ERR_INVALID;
            break;
        }
    }
    header++;
    if ((type == MQTT_PINGREQ || type == MQTT_PINGRESP) && length > 0)
        return ERR_INVALID;
    ret_frame->packet_bytes = header + length;
    if (b.size < ret_frame->packet_bytes)
        return ERR_BUSY;
    ret_frame->type = type;
    ret_frame->flags = flags;
    ret_frame->body = bytes_of(b.at + header, length);
    return OK;
}

size_t mqtt_empty_put(uint8_t *at, size_t capacity, uint8_t type)
{
    check(type == MQTT_PINGREQ || type == MQTT_PINGRESP || type == MQTT_DISCONNECT);
    if (capacity < 2)
        return 0;
    at[0] = (uint8_t)(type << 4);
    at[1] = 0;
    return 2;
}
