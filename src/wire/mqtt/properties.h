/* properties: the property block of MQTT 5 (2.2.2), decoded and encoded by one table. Private. */
#pragma once

#include "wire/mqtt/cursor.h"
#include "wire/mqtt/mqtt.h"

#define MQTT_WILL 0 /* takes the place of a packet type in the table: the properties of a will */

/* Reads the length and the block; `packet` is an enum mqtt_type or MQTT_WILL. Returns 0 or the
 * reason code: unknown, not allowed in this packet or cut short 0x81, twice or out of range 0x82,
 * topic alias 0 0x94, more than MQTT_USER_PROPERTIES_MAX user properties 0x97. Fills all of
 * *ret_properties (zero where absent). */
uint8_t mqtt_properties_get(struct cursor *cursor, unsigned packet,
                            struct mqtt_properties *ret_properties);
/* Writes the length and the block: each property of `has` that the packet allows, then from raw
 * what may be there several times. */
void mqtt_properties_put(struct writer *writer, unsigned packet,
                         const struct mqtt_properties *properties);
/* True when mqtt_properties_put would write an empty block. */
bool mqtt_properties_empty(unsigned packet, const struct mqtt_properties *properties);
