/* scan: names, values and times, read where they stand. Private to influx.
 *
 * Everything here reads a window of whole lines: the last byte before `end` is a line feed, and no
 * scanner but that of strings passes one. So nothing needs to ask whether it is at the end. */
#pragma once

#include "wire/influx/influx.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define SCAN_EXACT_MAX (UINT64_C(1) << 53) /* every whole number up to here is a float64 */
#define SCAN_DIGITS_MAX 19                 /* digits that always fit 64 bits */

/* ---- names ---------------------------------------------------------------------------------- */
/* What can end a name, or needs a look: space and below, ',', '=', '\\', 0x7F. */
static inline bool scan_name_stops(uint8_t byte)
{
    return byte <= ' ' || byte == ',' || byte == '=' || byte == '\\' || byte == 0x7F;
}

/* Where names end. To look for the end of one name and then begin with the next would wait for each
 * look; so 64 bytes are looked at together, and a name's end is then a matter of shifts. */
#define SCAN_BLOCK 64
struct scan_names {
    const uint8_t *base;   /* of the block */
    size_t size;           /* of the block: SCAN_BLOCK, or 0 when none was looked at */
    uint64_t stops, highs; /* bit i: base[i] stops a name, is above 0x7F */
    bool high;             /* a byte above 0x7F was passed */
    bool escaped;          /* a backslash was */
};

#if defined(__SSE2__)
static inline void scan_names_look(struct scan_names *names, const uint8_t *at)
{
    const __m128i space = _mm_set1_epi8(' '), comma = _mm_set1_epi8(',');
    const __m128i equals = _mm_set1_epi8('='), slash = _mm_set1_epi8('\\');
    const __m128i rubout = _mm_set1_epi8(0x7F);
    uint64_t stops = 0, highs = 0;
    for (unsigned i = 0; i < SCAN_BLOCK; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i_u *)(at + i));
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, space), bytes);
        __m128i either = _mm_or_si128(_mm_cmpeq_epi8(bytes, comma), _mm_cmpeq_epi8(bytes, equals));
        __m128i rare = _mm_or_si128(_mm_cmpeq_epi8(bytes, slash), _mm_cmpeq_epi8(bytes, rubout));
        __m128i any = _mm_or_si128(_mm_or_si128(low, either), rare);
        stops |= (uint64_t)(unsigned)_mm_movemask_epi8(any) << i;
        highs |= (uint64_t)(unsigned)_mm_movemask_epi8(bytes) << i;
    }
    names->base = at;
    names->size = SCAN_BLOCK;
    names->stops = stops;
    names->highs = highs;
}
#endif

/* The first byte that stops a name. */
static inline const uint8_t *scan_name_plain(struct scan_names *names, const uint8_t *at,
                                             const uint8_t *end)
{
#if defined(__SSE2__)
    for (;;) {
        size_t offset = (size_t)(at - names->base);
        if (UNLIKELY(offset >= names->size)) {
            if (end - at < SCAN_BLOCK)
                break;
            scan_names_look(names, at);
            offset = 0;
        }
        uint64_t stops = names->stops >> offset, highs = names->highs >> offset;
        if (LIKELY(stops != 0)) {
            names->high |= (highs & (stops - 1) & ~stops) != 0;
            return at + __builtin_ctzll(stops);
        }
        names->high |= highs != 0;
        at += SCAN_BLOCK - offset;
    }
#else
    (void)end;
#endif
    for (; !scan_name_stops(*at); at++)
        names->high |= *at >= 0x80;
    return at;
}

/* The end of a name: the first ',', '=', space or control character that is not escaped. */
static inline const uint8_t *scan_name(struct scan_names *names, const uint8_t *at,
                                       const uint8_t *end)
{
    for (;;) {
        at = scan_name_plain(names, at, end);
        if (LIKELY(*at != '\\'))
            return at;
        names->escaped = true;
        at++;
        at += *at == ',' || *at == ' ' || *at == '=';
    }
}

/* ---- values --------------------------------------------------------------------------------- */
/* What may follow a value, and control characters, which are found out there. */
static inline bool scan_value_ends(uint8_t byte)
{
    return byte <= ' ' || byte == ',';
}
static inline bool scan_is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') <= 9;
}

/* What the quick ways below leave: exponents, many digits, 'u', what is none. Returns the end, or
 * NULL with a fault. */
const uint8_t *scan_number_rest(const uint8_t *at, struct value *ret_value,
                                enum influx_fault *ret_fault);
const uint8_t *scan_boolean(const uint8_t *at, struct value *ret_value,
                            enum influx_fault *ret_fault);

/* A number at `at`, a digit, a sign or a point. */
static inline const uint8_t *scan_number(const uint8_t *at, struct value *ret_value,
                                         enum influx_fault *ret_fault)
{
    const uint8_t *begin = at;
    bool negative = *at == '-';
    uint64_t mantissa = 0;
    at += negative;
    const uint8_t *first = at;
    for (; scan_is_digit(*at); at++)
        mantissa = mantissa * 10 + (uint64_t)(*at - '0');
    size_t digits = (size_t)(at - first), decimals = 0;
    bool integer = *at == 'i';
    if (*at == '.') {
        for (at++; scan_is_digit(*at); at++)
            mantissa = mantissa * 10 + (uint64_t)(*at - '0');
        decimals = (size_t)(at - first) - 1 - digits;
        digits += decimals;
    }
    at += integer;
    if (UNLIKELY(!scan_value_ends(*at) || digits - 1 >= SCALE_DECIMAL_MAX ||
                 mantissa > SCAN_EXACT_MAX || (negative && mantissa == 0)))
        return scan_number_rest(begin, ret_value, ret_fault);
    int64_t number = negative ? -(int64_t)mantissa : (int64_t)mantissa;
    *ret_value = (struct value){.type = integer ? VALUE_INT64 : VALUE_FLOAT64,
                                .scale = (uint8_t)decimals,
                                .quality = QUALITY_GOOD,
                                .present = true,
                                .number = number};
    return at;
}

/* The first '"', '\\' or line feed; `end` when there is none. */
static inline const uint8_t *scan_string_plain(const uint8_t *at, const uint8_t *end, bool *high)
{
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i_u *)at);
        __m128i any = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                                _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                                   _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
        unsigned stops = (unsigned)_mm_movemask_epi8(any);
        unsigned highs = (unsigned)_mm_movemask_epi8(bytes);
        if (stops != 0) {
            *high |= (highs & (stops - 1) & ~stops) != 0;
            return at + __builtin_ctz(stops);
        }
        *high |= highs != 0;
    }
#endif
    for (; at < end && *at != '"' && *at != '\\' && *at != '\n'; at++)
        *high |= *at >= 0x80;
    return at;
}

/* ---- times and ends of lines ---------------------------------------------------------------- */
struct scan_clock {
    int64_t unit_ns;
    uint64_t most; /* units: the last that is before TIME_MAX_NS */
};

/* Eight digits at once: none of them is anything else, and what they are. */
static inline bool scan_eight_are_digits(uint64_t bytes)
{
    uint64_t upper = UINT64_C(0xF0F0F0F0F0F0F0F0);
    return ((bytes & upper) | (((bytes + UINT64_C(0x0606060606060606)) & upper) >> 4)) ==
           UINT64_C(0x3333333333333333);
}
static inline uint64_t scan_eight_digits(uint64_t bytes)
{
    bytes = (bytes & UINT64_C(0x0F0F0F0F0F0F0F0F)) * 2561 >> 8;
    bytes = (bytes & UINT64_C(0x00FF00FF00FF00FF)) * 6553601 >> 16;
    return (bytes & UINT64_C(0x0000FFFF0000FFFF)) * UINT64_C(42949672960001) >> 32;
}

/* Digits at `at`. *ret_v is meaningless past SCAN_DIGITS_MAX of them. */
static inline const uint8_t *scan_digits(const uint8_t *at, const uint8_t *end, uint64_t *ret_v)
{
    uint64_t v = 0;
    while (end - at >= 8 && scan_eight_are_digits(load_u64(at))) {
        v = v * 100000000 + scan_eight_digits(load_u64(at));
        at += 8;
    }
    for (; scan_is_digit(*at); at++)
        v = v * 10 + (uint64_t)(*at - '0');
    *ret_v = v;
    return at;
}

/* What the quick way below leaves: signs, many digits, what is none. */
const uint8_t *scan_time_rest(const struct scan_clock *clock, const uint8_t *at,
                              int64_t *ret_time_ns, enum influx_fault *ret_fault);

static inline const uint8_t *scan_time(const struct scan_clock *clock, const uint8_t *at,
                                       const uint8_t *end, int64_t *ret_time_ns,
                                       enum influx_fault *ret_fault)
{
    uint64_t units;
    const uint8_t *after = scan_digits(at, end, &units);
    if (UNLIKELY((size_t)(after - at) - 1 >= SCAN_DIGITS_MAX || units > clock->most))
        return scan_time_rest(clock, at, ret_time_ns, ret_fault);
    *ret_time_ns = (int64_t)units * clock->unit_ns;
    return after;
}

static inline bool scan_is_line_end(const uint8_t *at)
{
    return *at == '\n' || (*at == '\r' && at[1] == '\n');
}

/* What stands behind the last value, to the beginning of the next line. NULL with a fault, and
 * then *ret_where. */
static inline const uint8_t *scan_line_end(const struct scan_clock *clock, const uint8_t *at,
                                           const uint8_t *end, bool *ret_has_time,
                                           int64_t *ret_time_ns, enum influx_fault *ret_fault,
                                           const uint8_t **ret_where)
{
    const uint8_t *value_end = at;
    bool has_time = false;
    while (*at == ' ')
        at++;
    if (at > value_end && (scan_is_digit(*at) || *at == '-')) {
        *ret_where = at;
        at = scan_time(clock, at, end, ret_time_ns, ret_fault);
        if (UNLIKELY(!at))
            return NULL;
        has_time = true;
        while (*at == ' ')
            at++;
    }
    if (UNLIKELY(!scan_is_line_end(at))) {
        *ret_where = at;
        *ret_fault = *at < ' ' || *at == 0x7F ? INFLUX_CONTROL
                     : has_time               ? INFLUX_TIME_FOLLOWED
                     : at > value_end         ? INFLUX_TIME_INVALID
                                              : INFLUX_VALUE_FOLLOWED;
        return NULL;
    }
    *ret_has_time = has_time;
    return at + (*at == '\r') + 1;
}
