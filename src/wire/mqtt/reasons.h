/* reasons: which reason code may stand in which packet, and how 3.x says the same. Private. */
#pragma once

#include "wire/mqtt/mqtt.h"

/* True when an MQTT 5 packet of this type may carry the code (tables 3-1 ff.). */
bool mqtt_reason_is_allowed(uint8_t type, uint8_t reason);
/* 3.1.1, table 3.1: CONNACK return codes 0..5; false for others. */
bool mqtt_reason_from_return_code(uint8_t code, uint8_t *ret_reason);
/* The return code that says it to a 3.x client; false where none applies and the connection is
 * closed without a CONNACK [MQTT-3.2.2-6 of 3.1.1]. */
bool mqtt_reason_to_return_code(uint8_t reason, uint8_t *ret_code);
