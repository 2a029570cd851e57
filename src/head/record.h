/* A record's bytes. Not public.
 *
 *   0   link to the row's record before, 0: none              4
 *   4   values                                                2
 *   6   enum record_flag                                      1
 *   7   0                                                     1
 *   8   source time in ns                                     8
 *   16  lateness in seconds, zigzag varint   when flagged
 *       column of each value, 1 byte each    when flagged: else 0, 1, 2 ...
 *       code of each value, 1 byte each
 *       number of each value, 0-6 or 8 bytes, and what its kind puts behind it
 *
 * code = length << 5 | kind; the number has `length` bytes, little-endian, of length 7 eight. All
 * codes lie together, so that where a number lies is a sum of lengths and waits for nothing.
 * A record ends at a multiple of 8 bytes. A number is read as the eight bytes that end where it
 * ends: those before it are the record's own, those behind it may be another record's, which the
 * writer is writing at that very moment. */
#pragma once

#include "format/format.h"

#define RECORD_FIXED 16
/* Room for a record and for the eight bytes that a store may reach beyond its end. */
#define RECORD_BYTES_MAX(count, text_bytes)                                                        \
    (RECORD_FIXED + VARINT_MAX + (size_t)(count) * (1 + 1 + 2 + 8) + (text_bytes) + 16)

enum record_flag {
    RECORD_LATE = 1,    /* has a lateness that is not 0 */
    RECORD_LISTED = 2,  /* lists its columns */
    RECORD_NEWEST = 4,  /* its time is greater than that of all records of the row before it */
    RECORD_NUMBERS = 8, /* all values are numbers of good quality: kinds up to KIND_NUMBER_LAST */
};
/* 0..SCALE_DECIMAL_MAX: a float64 that is the decimal zigzag(number) / 10^kind. */
enum record_kind {
    KIND_INT64 = 19, /* zigzag */
    KIND_BOOL = 20,
    KIND_BITS = 21, /* of a float64 */
    KIND_NUMBER_LAST = KIND_BITS,
    KIND_STRING = 22,  /* number: its size; then its bytes */
    KIND_ABSENT = 23,  /* number: quality | type << 8 */
    KIND_QUALITY = 24, /* number: quality; then a code and what belongs to it */
};

static inline unsigned code_kind(uint8_t code)
{
    return code & 31u;
}

static inline unsigned code_length(uint8_t code)
{
    unsigned length = code >> 5;
    return length + (length == 7);
}

/* The number of `length` bytes that ends at `end`. */
static inline uint64_t number_before(const uint8_t *end, unsigned length)
{
    uint64_t eight = load_u64(end - 8);
    return length == 0 ? 0 : eight >> (64 - 8 * length);
}

/* Writes a number of a kind behind *at, moving it; returns the code. */
static inline uint8_t number_put(uint8_t **at, unsigned kind, uint64_t number)
{
    unsigned length = (71u - (unsigned)__builtin_clzll(number | 1)) >> 3;
    length -= number == 0;
    store_u64(*at, number);
    *at += length + (length == 7);
    return (uint8_t)((length - (length == 8)) << 5 | kind);
}

static inline uint32_t record_before(const uint8_t *record)
{
    return load_u32(record);
}
static inline unsigned record_count(const uint8_t *record)
{
    return load_u16(record + 4);
}
static inline unsigned record_flags(const uint8_t *record)
{
    return record[6];
}
static inline int64_t record_time(const uint8_t *record)
{
    return (int64_t)load_u64(record + 8);
}

/* Where the parts of a record lie. */
struct record_view {
    int64_t lateness_s;
    const uint8_t *columns; /* NULL: 0, 1, 2 ... */
    const uint8_t *codes;
    const uint8_t *numbers;
};
static inline struct record_view record_open(const uint8_t *record)
{
    struct record_view view = {0};
    const uint8_t *at = record + RECORD_FIXED;
    unsigned count = record_count(record), flags = record_flags(record);
    if (UNLIKELY(flags & RECORD_LATE)) {
        uint64_t number = 0;
        unsigned shift = 0;
        for (; *at & 0x80; shift += 7)
            number |= (uint64_t)(*at++ & 0x7f) << shift;
        number |= (uint64_t)*at++ << shift;
        view.lateness_s = unzigzag(number);
    }
    if (flags & RECORD_LISTED) {
        view.columns = at;
        at += count;
    }
    view.codes = at;
    view.numbers = at + count;
    return view;
}
