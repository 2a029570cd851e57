/* hex: packets written down as people read them, for tests: hex digits, spaces, 'text'. */
#pragma once

#include "wire/mqtt/mqtt.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Reads "0004 'MQTT' 05" into out[capacity]; returns the size. */
static inline size_t hex_read(const char *text, uint8_t *out, size_t capacity)
{
    size_t size = 0;
    while (*text) {
        check(size < capacity);
        if (isspace((unsigned char)*text)) {
            text++;
        } else if (*text == '\'') {
            for (text++; *text != '\''; text++)
                out[size++] = (uint8_t)*text;
            text++;
        } else {
            char pair[3] = {text[0], text[1], 0};
            out[size++] = (uint8_t)strtoul(pair, NULL, 16);
            text += 2;
        }
    }
    return size;
}

/* A packet of this first byte and body, with its length, in a buffer that the next call reuses. */
static inline struct bytes hex_packet(uint8_t first, const char *body)
{
    static uint8_t packet[4096 + 5];
    uint8_t inside[4096];
    size_t size = hex_read(body, inside, sizeof inside), used = 0;
    packet[used++] = first;
    packet[used++] = (uint8_t)(size < 128 ? size : size | 128);
    if (size >= 128)
        packet[used++] = (uint8_t)(size >> 7);
    memcpy(packet + used, inside, size);
    return bytes_of(packet, used + size);
}
