/* The rare half of reading numbers: exponents, long literals, rounding, times. */
#include "wire/payload/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint64_t number_powers[NUMBER_DIGITS_MAX + 1] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

/* A payload has less than 2^29 digits; an exponent beyond this one cannot be brought back by them,
 * and sums with it cannot overflow. */
#define EXPONENT_CLAMP INT64_C(1000000000000)

/* The digits again, now counting only significant ones. */
static void scan_rest_digits(const uint8_t *at, const uint8_t *end, struct number *number)
{
    unsigned kept = 0;
    int64_t exponent = 0;
    bool fraction = false;
    number->mantissa = 0;
    for (at += *at == '-'; at < end; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        if (kept < NUMBER_DIGITS_MAX) {
            number->mantissa = number->mantissa * 10 + (uint64_t)(*at - '0');
            kept += number->mantissa > 0;
            exponent -= fraction;
        } else {
            number->cut |= *at != '0';
            exponent += !fraction;
        }
    }
    number->exponent = exponent;
}

static const uint8_t *scan_rest_exponent(const uint8_t *at, const uint8_t *end, int64_t *exponent)
{
    bool negative = at < end && *at == '-';
    int64_t v = 0;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end || !number_is_digit(*at))
        return NULL;
    for (; at < end && number_is_digit(*at); at++)
        if (v < EXPONENT_CLAMP)
            v = v * 10 + (*at - '0');
    *exponent += negative ? -v : v;
    return at;
}

const uint8_t *number_scan_rest(const uint8_t *at, const uint8_t *end, struct number *number)
{
    scan_rest_digits(number->at, at, number);
    if (at < end && (*at | 0x20) == 'e') {
        number->whole = false;
        at = scan_rest_exponent(at + 1, end, &number->exponent);
    }
    number->end = at;
    return at;
}

/* ---- values -----------------------------------------------------------------------------------
 */
static struct value value_of_decimal(bool negative, uint64_t mantissa, uint8_t scale)
{
    int64_t v = (int64_t)mantissa;
    return (struct value){.type = VALUE_FLOAT64,
                          .scale = scale,
                          .quality = QUALITY_GOOD,
                          .present = true,
                          .number = negative ? -v : v};
}

static enum payload_fault to_value_whole(const struct number *number, struct value *ret_value)
{
    uint64_t limit = (uint64_t)INT64_MAX + number->negative;
    if (number->cut || number->exponent > 0 || number->mantissa > limit)
        return PAYLOAD_INTEGER_TOO_LARGE;
    uint64_t bits = number->negative ? 0 - number->mantissa : number->mantissa;
    *ret_value = (struct value){
        .type = VALUE_INT64, .quality = QUALITY_GOOD, .present = true, .number = (int64_t)bits};
    return PAYLOAD_OK;
}

/* Brings the literal into number / 10^scale without changing it; false where that is impossible. */
static bool to_value_exact(const struct number *number, struct value *ret_value)
{
    uint64_t mantissa = number->mantissa;
    int64_t exponent = number->exponent;
    if (number->cut)
        return false;
    while ((mantissa > NUMBER_EXACT_MAX || exponent < -SCALE_DECIMAL_MAX) && exponent < 0 &&
           mantissa % 10 == 0) {
        mantissa /= 10;
        exponent++;
    }
    while (exponent > 0 && mantissa <= NUMBER_EXACT_MAX / 10) {
        mantissa *= 10;
        exponent--;
    }
    if (mantissa > NUMBER_EXACT_MAX || exponent > 0 || exponent < -SCALE_DECIMAL_MAX)
        return false;
    *ret_value = value_of_decimal(number->negative, mantissa, (uint8_t)-exponent);
    return true;
}

/* strtod rounds correctly; what it needs of a literal of any length is the digits that can decide
 * the rounding (at most 767 for a float64), one more that says whether anything follows, and the
 * exponent. Without a decimal point the locale does not matter. */
#define ROUND_DIGITS 800
static double to_value_rounded(const struct number *number)
{
    char text[ROUND_DIGITS + 32];
    size_t used = 0;
    int64_t exponent = 0;
    bool fraction = false, sticky = false;
    const uint8_t *at = number->at + number->negative;
    for (; at < number->end && (number_is_digit(*at) || *at == '.'); at++) {
        if (*at == '.') {
            fraction = true;
        } else if (used < ROUND_DIGITS) {
            if (used > 0 || *at != '0')
                text[used++] = (char)*at;
            exponent -= fraction;
        } else {
            sticky |= *at != '0';
            exponent += !fraction;
        }
    }
    if (used == 0)
        return number->negative ? -0.0 : 0.0;
    if (sticky) {
        text[used++] = '1';
        exponent--;
    }
    if (at < number->end)
        (void)scan_rest_exponent(at + 1, number->end, &exponent);
    if (exponent > 99999 || exponent < -99999)
        exponent = exponent > 0 ? 99999 : -99999;
    (void)snprintf(text + used, sizeof text - used, "e%d", (int)exponent);
    double real = strtod(text, NULL);
    return number->negative ? -real : real;
}

enum payload_fault number_to_value_rest(const struct number *number, struct value *ret_value)
{
    bool zero = number->mantissa == 0;
    if (zero && !number->negative) {
        uint8_t scale = number->exponent < 0 && number->exponent >= -SCALE_DECIMAL_MAX
                            ? (uint8_t)-number->exponent
                            : 0;
        *ret_value = value_of_decimal(false, 0, scale);
        return PAYLOAD_OK;
    }
    if (number->whole && !zero)
        return to_value_whole(number, ret_value);
    if (!zero && to_value_exact(number, ret_value))
        return PAYLOAD_OK;
    double real = to_value_rounded(number);
    if (isinf(real))
        return PAYLOAD_NUMBER_TOO_LARGE;
    *ret_value = value_of_real(real);
    return PAYLOAD_OK;
}

/* ---- times ------------------------------------------------------------------------------------
 */
/* The unit follows from the number of digits before the point: up to 11 seconds, 14 milliseconds,
 * 17 microseconds, more nanoseconds. What is finer than a nanosecond is dropped. */
enum payload_fault number_to_time(const struct number *number, int64_t *ret_time_ns)
{
    uint64_t v = number->mantissa;
    if (v == 0) {
        *ret_time_ns = 0;
        return PAYLOAD_OK;
    }
    if (number->negative)
        return PAYLOAD_TIME_RANGE;
    int64_t digits = 1;
    while (digits <= NUMBER_DIGITS_MAX && v >= number_powers[digits])
        digits++;
    int64_t before = digits + number->exponent;
    int64_t shift = number->exponent + (before <= 11 ? 9 : before <= 14 ? 6 : before <= 17 ? 3 : 0);
    if (digits + shift > NUMBER_DIGITS_MAX)
        return PAYLOAD_TIME_RANGE;
    if (shift >= 0)
        v *= number_powers[shift];
    else
        v = -shift <= NUMBER_DIGITS_MAX ? v / number_powers[-shift] : 0;
    if (v >= (uint64_t)TIME_MAX_NS)
        return PAYLOAD_TIME_RANGE;
    *ret_time_ns = (int64_t)v;
    return PAYLOAD_OK;
}
