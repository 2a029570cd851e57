/* text: JSON strings and the escape of keys. Private to payload. */
#pragma once

#include "wire/payload/payload.h"

#include <string.h>

struct text {
    struct bytes inside; /* between the quotes, as sent */
    bool escaped;        /* holds a backslash */
};

#define TEXT_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* High bit of the lowest byte of v that is zero (and maybe of some above it). */
static inline uint64_t text_zero_bytes(uint64_t v)
{
    return (v - TEXT_EACH(1)) & ~v & TEXT_EACH(0x80);
}
/* High bit of the lowest byte that ends or complicates a string: quote, backslash, control. */
static inline uint64_t text_stops(uint64_t word)
{
    uint64_t control = (word - TEXT_EACH(0x20)) & ~word & TEXT_EACH(0x80);
    return control | text_zero_bytes(word ^ TEXT_EACH('"')) |
           text_zero_bytes(word ^ TEXT_EACH('\\'));
}

/* The first byte from `at` that is a quote, a backslash or a control character; `end` when there
 * is none. *high collects whether a byte above 0x7F came before. */
static inline const uint8_t *text_scan_plain(const uint8_t *at, const uint8_t *end, uint64_t *high)
{
    uint64_t seen = 0;
    while (end - at >= 8) {
        uint64_t word = load_u64(at), stops = text_stops(word);
        if (stops) {
            unsigned before = (unsigned)__builtin_ctzll(stops) & ~7u;
            seen |= word & ((UINT64_C(1) << before) - 1);
            *high |= seen & TEXT_EACH(0x80);
            return at + before / 8;
        }
        seen |= word;
        at += 8;
    }
    for (; at < end && *at != '"' && *at != '\\' && *at >= 0x20; at++)
        seen |= *at;
    *high |= seen & TEXT_EACH(0x80);
    return at;
}

/* Reads the string whose quote is at *at: well-formed, and UTF-8. On a fault *at is where. */
enum payload_fault text_scan(const uint8_t **at, const uint8_t *end, struct text *ret_text);
/* Undoes the escapes of a scanned string into out[capacity]; false when it would be longer. */
bool text_unescape(const struct text *text, uint8_t *out, size_t capacity, size_t *ret_size);
/* True when payload_key_escape would change nothing. */
bool text_key_is_plain(struct bytes key);
