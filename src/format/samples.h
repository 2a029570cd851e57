/* What the writer and the reader of sample records share: the layout of a record, and how contexts
 * move on. docs/format/samples.md is the page of it. Not for other folders. */
#pragma once

#include "format/bits.h"
#include "format/format.h"

/* Tag: 4 bits of length, 32 of row distance. Bodies of 3-17 bytes have their length in the tag. */
#define TAG_LENGTH_BITS 4
#define TAG_LENGTH_LONG 15 /* a varint of the bytes beyond 18 follows */
#define BODY_BYTES_MIN 3

/* Head, 16 bits. */
#define HEAD_COUNTER_MASK 0x07ffu
#define HEAD_KEY 0x0800u
#define HEAD_FULL 0x1000u     /* all columns of the row, no bitmap */
#define HEAD_EXTENDED 0x2000u /* a value is not good or not present */
#define HEAD_TIME_SHIFT 14
#define HEAD_BYTES 2

enum time_mode { TIME_ARRIVAL, TIME_SECOND_DELTA, TIME_DELTA, TIME_ABSOLUTE };
enum time_known { TIME_UNKNOWN, TIME_BASE_KNOWN, TIME_STEP_KNOWN };
enum time_unit { UNIT_NS, UNIT_US, UNIT_MS, UNIT_S };

/* Byte after the head of a key frame. */
#define KEY_UNIT_MASK 0x03u
#define KEY_SCHEMA 0x04u /* first point and count follow */
#define KEY_TYPES 0x08u  /* a type for each column follows; else all are float64 */
#define KEY_STEP 0x10u   /* the time is followed by its step */
#define KEY_RESERVED 0xe0u
#define KEY_INTERVAL 16 /* a key frame and up to 15 others */

/* column_context.fresh */
enum fresh { FRESH_NOT, FRESH_NUMBER, FRESH_RAW };

#define DECIMAL_NUMBER_MAX (INT64_C(1) << 53)
#define SCALE_BITS 5
#define SCALE_CODE_RAW 31
#define TIME_RICE_INITIAL 24

/* Raw columns: a zero when nothing changed; else a one, the low zero bytes of the XOR with the base
 * (3 bits), the bytes that follow - 1 (3 bits) and those bytes. All ones, which no XOR needs, is
 * the escape: an absolute value follows. */
#define RAW_ESCAPE_BITS 7
#define RAW_ESCAPE 0x7fu

BITS_INLINE bool decimal_in_range(int64_t number)
{
    return (uint64_t)number + (uint64_t)DECIMAL_NUMBER_MAX <= 2 * (uint64_t)DECIMAL_NUMBER_MAX;
}

/* Differences and sums that wrap around instead of overflowing. */
BITS_INLINE int64_t wrap_subtract(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}
BITS_INLINE int64_t wrap_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

BITS_INLINE int64_t time_to_units(int64_t time_ns, uint8_t unit)
{
    switch (unit) {
    case UNIT_NS:
        return time_ns;
    case UNIT_US:
        return time_ns / NS_PER_US;
    case UNIT_MS:
        return time_ns / NS_PER_MS;
    default:
        return time_ns / NS_PER_S;
    }
}

/* What is known of a row's times after one of `units`. A step within an eighth of the expected one
 * is taken for jitter and moves the mean by an eighth; any other is the new expectation. */
BITS_INLINE void row_time_advance(struct row_context *row, int64_t units)
{
    int64_t step = wrap_subtract(units, row->time_base);
    row->time_base = units;
    if (row->time_known == TIME_UNKNOWN) {
        row->time_known = TIME_BASE_KNOWN;
        return;
    }
    int64_t change = wrap_subtract(step, row->time_step);
    if (row->time_known == TIME_STEP_KNOWN && zigzag(change) <= zigzag(row->time_step) >> 3)
        row->time_step = wrap_add(row->time_step, change >> 3);
    else
        row->time_step = step;
    row->time_known = TIME_STEP_KNOWN;
}
