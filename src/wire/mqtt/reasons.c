#include "wire/mqtt/reasons.h"

#include <string.h>

static const uint8_t connack_reasons[] = {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86,
                                          0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97,
                                          0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F};
static const uint8_t receipt_reasons[] = {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
static const uint8_t release_reasons[] = {0x00, 0x92};
static const uint8_t suback_reasons[] = {0x00, 0x01, 0x02, 0x80, 0x83, 0x87,
                                         0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2};
static const uint8_t unsuback_reasons[] = {0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91};
static const uint8_t disconnect_reasons[] = {
    0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94,
    0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2};
static const uint8_t auth_reasons[] = {0x00, 0x18, 0x19};

#define LIST(type, list) [MQTT_##type] = {list, sizeof list}
static const struct bytes reasons_of[16] = {
    LIST(CONNACK, connack_reasons),   LIST(PUBACK, receipt_reasons),
    LIST(PUBREC, receipt_reasons),    LIST(PUBREL, release_reasons),
    LIST(PUBCOMP, release_reasons),   LIST(SUBACK, suback_reasons),
    LIST(UNSUBACK, unsuback_reasons), LIST(DISCONNECT, disconnect_reasons),
    LIST(AUTH, auth_reasons),
};

bool mqtt_reason_is_allowed(uint8_t type, uint8_t reason)
{
    check(type < 16 && reasons_of[type].size > 0);
    return memchr(reasons_of[type].at, reason, reasons_of[type].size) != NULL;
}

bool mqtt_reason_from_return_code(uint8_t code, uint8_t *ret_reason)
{
    static const uint8_t reasons[] = {MQTT_SUCCESS,
                                      MQTT_UNSUPPORTED_VERSION,
                                      MQTT_CLIENT_ID_NOT_VALID,
                                      MQTT_SERVER_UNAVAILABLE,
                                      MQTT_BAD_USER_OR_PASSWORD,
                                      MQTT_NOT_AUTHORIZED};
    if (code >= sizeof reasons)
        return false;
    *ret_reason = reasons[code];
    return true;
}

bool mqtt_reason_to_return_code(uint8_t reason, uint8_t *ret_code)
{
    switch (reason) {
    case MQTT_SUCCESS:
        *ret_code = 0;
        return true;
    case MQTT_UNSUPPORTED_VERSION:
        *ret_code = 1;
        return true;
    case MQTT_CLIENT_ID_NOT_VALID:
        *ret_code = 2;
        return true;
    case MQTT_SERVER_UNAVAILABLE:
    case MQTT_SERVER_BUSY:
    case MQTT_SERVER_SHUTTING_DOWN:
    case MQTT_QUOTA_EXCEEDED:
    case MQTT_USE_ANOTHER_SERVER:
    case MQTT_SERVER_MOVED:
    case MQTT_CONNECTION_RATE_EXCEEDED:
        *ret_code = 3;
        return true;
    case MQTT_BAD_USER_OR_PASSWORD:
        *ret_code = 4;
        return true;
    case MQTT_NOT_AUTHORIZED:
    case MQTT_BANNED:
    case MQTT_BAD_AUTHENTICATION_METHOD:
    case MQTT_TOPIC_NAME_INVALID: /* of the will */
        *ret_code = 5;
        return true;
    default:
        return false;
    }
}
