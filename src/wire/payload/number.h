/* number: JSON's number grammar, read exactly. Private to payload.
 *
 * A literal becomes mantissa * 10^exponent. The mantissa holds its first 19 significant digits;
 * what does not fit is counted into the exponent and, unless it is only zeroes, marked as cut. */
#pragma once

#include "wire/payload/payload.h"

#define NUMBER_EXACT_MAX (UINT64_C(1) << 53) /* every whole number up to here is a float64 */
#define NUMBER_DIGITS_MAX 19                 /* digits that always fit 64 bits */

struct number {
    uint64_t mantissa;
    int64_t exponent;
    bool negative;
    bool whole;              /* neither point nor exponent was written */
    bool cut;                /* digits other than zero are missing from the mantissa */
    const uint8_t *at, *end; /* the literal */
};

extern const uint64_t number_powers[NUMBER_DIGITS_MAX + 1]; /* 10^0 .. 10^19 */

/* What the quick way below leaves: exponents, more than 19 digits. `at` is where the digits and
 * the fraction ended. Returns the end of the literal, NULL when it is none. */
const uint8_t *number_scan_rest(const uint8_t *at, const uint8_t *end, struct number *number);
/* The value for literals that are not simply a short decimal. */
enum payload_fault number_to_value_rest(const struct number *number, struct value *ret_value);
/* The time a number means, by its size; see payload.h. */
enum payload_fault number_to_time(const struct number *number, int64_t *ret_time_ns);

static inline bool number_is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') <= 9;
}

/* Digits one by one. Past 19 the mantissa is meaningless; the caller sees that by their count. */
static inline const uint8_t *number_scan_digits(const uint8_t *at, const uint8_t *end,
                                                uint64_t *mantissa)
{
    uint64_t v = *mantissa;
    for (; at < end && number_is_digit(*at); at++)
        v = v * 10 + (uint64_t)(*at - '0');
    *mantissa = v;
    return at;
}

/* Reads a number at `at`; returns its end, NULL when there is none. */
static inline const uint8_t *number_scan(const uint8_t *at, const uint8_t *end,
                                         struct number *number)
{
    number->at = at;
    number->negative = at < end && *at == '-';
    number->cut = false;
    number->mantissa = 0;
    at += number->negative;
    const uint8_t *first = at;
    at = number_scan_digits(at, end, &number->mantissa);
    size_t digits = (size_t)(at - first), decimals = 0;
    if (UNLIKELY(digits == 0 || (digits > 1 && *first == '0')))
        return NULL;
    number->whole = true;
    if (at < end && *at == '.') {
        const uint8_t *point = at;
        at = number_scan_digits(at + 1, end, &number->mantissa);
        decimals = (size_t)(at - point) - 1;
        number->whole = false;
        if (UNLIKELY(decimals == 0))
            return NULL;
    }
    number->exponent = -(int64_t)decimals;
    number->end = at;
    if (UNLIKELY(digits + decimals > NUMBER_DIGITS_MAX || (at < end && (*at | 0x20) == 'e')))
        return number_scan_rest(at, end, number);
    return at;
}

static inline enum payload_fault number_to_value(const struct number *number,
                                                 struct value *ret_value)
{
    if (UNLIKELY(number->mantissa > NUMBER_EXACT_MAX || number->exponent > 0 || number->cut ||
                 number->exponent < -SCALE_DECIMAL_MAX ||
                 (number->negative && number->mantissa == 0)))
        return number_to_value_rest(number, ret_value);
    int64_t v = (int64_t)number->mantissa;
    *ret_value = (struct value){.type = VALUE_FLOAT64,
                                .scale = (uint8_t)-number->exponent,
                                .quality = QUALITY_GOOD,
                                .present = true,
                                .number = number->negative ? -v : v};
    return PAYLOAD_OK;
}
