/* Bits into bytes and back, least significant bit first, and the two codes numbers are written in:
 *
 *   rice code, parameter k:  q ones, a zero, the k low bits           q = number >> k, q <= 11
 *                            12 ones, length - 1 (6 bits), number     else: length >= 4 follows
 *                            12 ones, 0..2 (6 bits)                   an escape, never a number
 *   long code:               length - 1 (6 bits), number              length 1..64
 *
 * The parameter follows the numbers: encoder and decoder keep a mean of the bit lengths they saw.
 */
#pragma once

#include "base/base.h"

#include <string.h>

#define BITS_INLINE static inline __attribute__((always_inline))
#define BITS_PUT_MAX 56 /* bits of one put or one peek */

struct bit_writer {
    uint8_t *at;    /* whole bytes before, room for 8 beyond what is written */
    uint64_t word;  /* bits not yet in whole bytes */
    unsigned count; /* of them: 0-7 */
};

/* bits < 2^count, count <= BITS_PUT_MAX. Always stores 8 bytes: no branch. */
BITS_INLINE void bits_put(struct bit_writer *writer, uint64_t bits, unsigned count)
{
    writer->word |= bits << writer->count;
    writer->count += count;
    store_u64(writer->at, writer->word);
    writer->at += writer->count >> 3;
    writer->word >>= writer->count & ~7u;
    writer->count &= 7;
}

BITS_INLINE void bits_put_wide(struct bit_writer *writer, uint64_t bits, unsigned count)
{
    if (count > 32) {
        bits_put(writer, bits & UINT32_MAX, 32);
        bits >>= 32;
        count -= 32;
    }
    bits_put(writer, bits, count);
}

/* The byte after the last one that holds a bit. */
BITS_INLINE uint8_t *bits_end(const struct bit_writer *writer)
{
    return writer->at + (writer->count != 0);
}

struct bit_reader {
    const uint8_t *at;
    size_t size;     /* bytes that may be read */
    size_t position; /* in bits; may pass the end: zeroes are read there, the caller compares */
};

/* At least BITS_PUT_MAX bits from the position on; what lies behind the end is zero. */
BITS_INLINE uint64_t bits_peek(const struct bit_reader *reader)
{
    size_t byte = reader->position >> 3;
    uint64_t word = 0;
    if (LIKELY(byte + 8 <= reader->size))
        word = load_u64(reader->at + byte);
    else if (byte < reader->size)
        memcpy(&word, reader->at + byte, reader->size - byte);
    return word >> (reader->position & 7);
}

BITS_INLINE uint64_t bits_mask(unsigned count)
{
    return (UINT64_C(1) << count) - 1;
}

BITS_INLINE uint64_t bits_get(struct bit_reader *reader, unsigned count)
{
    uint64_t bits = bits_peek(reader) & bits_mask(count);
    reader->position += count;
    return bits;
}

/* count <= 64 */
BITS_INLINE uint64_t bits_get_wide(struct bit_reader *reader, unsigned count)
{
    if (count <= 32)
        return bits_get(reader, count);
    uint64_t low = bits_get(reader, 32);
    return low | bits_get(reader, count - 32) << 32;
}

/* ---- codes --------------------------------------------------------------------------------- */
#define RICE_ONES 12 /* that many ones begin an escape */
#define RICE_PARAMETER_MAX 40
#define RICE_STATE_INITIAL 8
#define RICE_CLASSES 16
_Static_assert(RICE_ONES + RICE_PARAMETER_MAX <= BITS_PUT_MAX, "a short code is one put");
enum rice_escape { RICE_ABSOLUTE = 0, RICE_ESCAPES = 3 };

/* Where the highest bit of number is that is set, 0-63; 0 for zero. */
BITS_INLINE unsigned bits_highest(uint64_t number)
{
    return 63u - (unsigned)__builtin_clzll(number | 1);
}

BITS_INLINE unsigned rice_parameter(uint8_t state)
{
    unsigned parameter = (state + 1u) >> 2;
    return parameter > RICE_PARAMETER_MAX ? RICE_PARAMETER_MAX : parameter;
}

/* The state moves a quarter of the way to four times the number's highest bit, rounded up. */
BITS_INLINE uint8_t rice_adapt(uint8_t state, uint64_t number)
{
    int distance = (int)(4 * bits_highest(number)) - (int)state;
    return (uint8_t)((int)state + ((distance + 3) >> 2));
}

/* In key frames the state is rounded to one of 16 classes, so that it costs four bits. */
BITS_INLINE unsigned rice_class(uint8_t state)
{
    unsigned class = state >> 3;
    return class < RICE_CLASSES ? class : RICE_CLASSES - 1;
}

BITS_INLINE uint8_t rice_class_state(unsigned class)
{
    return (uint8_t)(class * 8 + 2);
}

BITS_INLINE void long_put(struct bit_writer *writer, uint64_t number)
{
    unsigned length = bits_highest(number) + 1;
    bits_put(writer, length - 1, 6);
    bits_put_wide(writer, number, length);
}

BITS_INLINE uint64_t long_get(struct bit_reader *reader)
{
    unsigned length = (unsigned)bits_get(reader, 6) + 1;
    return bits_get_wide(reader, length);
}

BITS_INLINE bool rice_is_short(uint64_t number, unsigned parameter)
{
    return number >> parameter < RICE_ONES;
}

BITS_INLINE void rice_put_short(struct bit_writer *writer, uint64_t number, unsigned parameter)
{
    unsigned ones = (unsigned)(number >> parameter);
    uint64_t low = number & bits_mask(parameter);
    bits_put(writer, bits_mask(ones) | low << (ones + 1), ones + 1 + parameter);
}

BITS_INLINE void rice_put(struct bit_writer *writer, uint64_t number, unsigned parameter)
{
    if (LIKELY(rice_is_short(number, parameter))) {
        rice_put_short(writer, number, parameter);
        return;
    }
    bits_put(writer, bits_mask(RICE_ONES), RICE_ONES);
    long_put(writer, number);
}

BITS_INLINE void rice_put_escape(struct bit_writer *writer, enum rice_escape escape)
{
    bits_put(writer, bits_mask(RICE_ONES) | (uint64_t)escape << RICE_ONES, RICE_ONES + 6);
}

/* True, and past it, when a short code stands here. */
BITS_INLINE bool rice_get_short(struct bit_reader *reader, unsigned parameter, uint64_t *ret_number)
{
    uint64_t word = bits_peek(reader);
    unsigned ones = (unsigned)__builtin_ctzll(~word | UINT64_C(1) << RICE_ONES);
    *ret_number = (uint64_t)ones << parameter | (word >> (ones + 1) & bits_mask(parameter));
    if (UNLIKELY(ones == RICE_ONES))
        return false;
    reader->position += ones + 1 + parameter;
    return true;
}

/* False: an escape stands here; *ret_number is which (0..2). */
BITS_INLINE bool rice_get(struct bit_reader *reader, unsigned parameter, uint64_t *ret_number)
{
    if (LIKELY(rice_get_short(reader, parameter, ret_number)))
        return true;
    reader->position += RICE_ONES;
    unsigned field = (unsigned)bits_get(reader, 6);
    if (field < RICE_ESCAPES) {
        *ret_number = field;
        return false;
    }
    *ret_number = bits_get_wide(reader, field + 1);
    return true;
}
