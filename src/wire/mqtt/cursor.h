/* cursor: bounded reading and writing of MQTT's data types (MQTT 5, section 1.5). Private to mqtt.
 *
 * The reader answers false when bytes are missing or a value is malformed, and then moves nowhere
 * that matters: every caller gives up at the first false. The writer counts what it would need
 * even when nothing fits, so that one function both measures a body and writes it. */
#pragma once

#include "base/base.h"

#include <string.h>

#define MQTT_TEXT_MAX 65535u /* bytes of a string or of binary data (1.5.4, 1.5.6) */

/* ---- reading ------------------------------------------------------------------------------- */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};
static inline struct cursor cursor_of(struct bytes b)
{
    return (struct cursor){b.at, b.at + b.size};
}
static inline size_t cursor_left(const struct cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}
static inline bool cursor_get_u8(struct cursor *cursor, uint8_t *ret_v)
{
    if (UNLIKELY(cursor_left(cursor) < 1))
        return false;
    *ret_v = *cursor->at++;
    return true;
}
static inline bool cursor_get_u16(struct cursor *cursor, uint16_t *ret_v)
{
    if (UNLIKELY(cursor_left(cursor) < 2))
        return false;
    *ret_v = (uint16_t)(cursor->at[0] << 8 | cursor->at[1]);
    cursor->at += 2;
    return true;
}
static inline bool cursor_get_u32(struct cursor *cursor, uint32_t *ret_v)
{
    if (UNLIKELY(cursor_left(cursor) < 4))
        return false;
    *ret_v = __builtin_bswap32(load_u32(cursor->at));
    cursor->at += 4;
    return true;
}
/* Variable byte integer, 1 to 4 bytes; a longer form than needed is malformed [MQTT-1.5.5-1]. */
static inline bool cursor_get_varint(struct cursor *cursor, uint32_t *ret_v)
{
    uint32_t v = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        uint8_t byte;
        if (!cursor_get_u8(cursor, &byte))
            return false;
        v |= (uint32_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *ret_v = v;
            return byte != 0 || shift == 0;
        }
    }
    return false;
}
static inline bool cursor_get_bytes(struct cursor *cursor, size_t size, struct bytes *ret_v)
{
    if (UNLIKELY(cursor_left(cursor) < size))
        return false;
    *ret_v = bytes_of(cursor->at, size);
    cursor->at += size;
    return true;
}
static inline bool cursor_get_binary(struct cursor *cursor, struct bytes *ret_v)
{
    uint16_t size;
    return cursor_get_u16(cursor, &size) && cursor_get_bytes(cursor, size, ret_v);
}
/* UTF-8 and no U+0000 (1.5.4). */
bool mqtt_text_is_valid(struct bytes text);
static inline bool cursor_get_text(struct cursor *cursor, struct bytes *ret_v)
{
    struct bytes text;
    if (!cursor_get_binary(cursor, &text) || !mqtt_text_is_valid(text))
        return false;
    *ret_v = text;
    return true;
}

/* ---- writing ------------------------------------------------------------------------------- */
struct writer {
    uint8_t *at;
    size_t capacity;
    size_t used;     /* what the packet needs; beyond capacity nothing was written */
    bool impossible; /* a string too long for its length field */
};
static inline void writer_put_bytes(struct writer *writer, const void *from, size_t size)
{
    if (writer->used <= writer->capacity && size <= writer->capacity - writer->used && size > 0)
        memcpy(writer->at + writer->used, from, size);
    writer->used += size;
}
static inline void writer_put_u8(struct writer *writer, uint8_t v)
{
    writer_put_bytes(writer, &v, 1);
}
static inline void writer_put_u16(struct writer *writer, uint16_t v)
{
    uint16_t big = __builtin_bswap16(v);
    writer_put_bytes(writer, &big, 2);
}
static inline void writer_put_u32(struct writer *writer, uint32_t v)
{
    uint32_t big = __builtin_bswap32(v);
    writer_put_bytes(writer, &big, 4);
}
static inline void writer_put_varint(struct writer *writer, uint32_t v)
{
    while (v >= 0x80) {
        writer_put_u8(writer, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    writer_put_u8(writer, (uint8_t)v);
}
static inline void writer_put_text(struct writer *writer, struct bytes text)
{
    if (text.size > MQTT_TEXT_MAX)
        writer->impossible = true;
    writer_put_u16(writer, (uint16_t)text.size);
    writer_put_bytes(writer, text.at, text.size);
}
/* A packet whose body was measured by running its writer with capacity 0. */
static inline struct writer writer_start(uint8_t *at, size_t capacity, uint8_t first,
                                         const struct writer *measured)
{
    struct writer writer = {at, capacity, 0, measured->impossible};
    writer_put_u8(&writer, first);
    if (measured->used > 268435455u)
        writer.impossible = true;
    else
        writer_put_varint(&writer, (uint32_t)measured->used);
    return writer;
}
static inline size_t writer_end(const struct writer *writer)
{
    return writer->impossible || writer->used > writer->capacity ? 0 : writer->used;
}
