/* The rare half of reading values: exponents, long literals, unsigned integers, signs, booleans. */
#include "wire/influx/scan.h"

#include "wire/payload/payload.h"

#include <string.h>

static const uint8_t *scan_fault(enum influx_fault fault, enum influx_fault *ret_fault)
{
    *ret_fault = fault;
    return NULL;
}

static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end)
{
    while (at < end && scan_is_digit(*at))
        at++;
    return at;
}

static const uint8_t *skip_zeroes(const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at == '0')
        at++;
    return at;
}

/* ---- floats ---------------------------------------------------------------------------------- */
/* The parts of a float: digits before and behind the point, and the exponent from its 'e' on. */
struct real {
    struct bytes whole, fraction, exponent;
};

static bool real_split(const uint8_t *at, const uint8_t *end, struct real *ret_real)
{
    const uint8_t *begin = at;
    at = skip_digits(at, end);
    ret_real->whole = bytes_of(begin, (size_t)(at - begin));
    ret_real->fraction = bytes_of(at, 0);
    if (at < end && *at == '.') {
        begin = at + 1;
        at = skip_digits(begin, end);
        ret_real->fraction = bytes_of(begin, (size_t)(at - begin));
    }
    if (ret_real->whole.size + ret_real->fraction.size == 0)
        return false;
    ret_real->exponent = bytes_of(at, (size_t)(end - at));
    if (at == end)
        return true;
    if ((*at | 0x20) != 'e')
        return false;
    at++;
    at += at < end && (*at == '-' || *at == '+');
    return at < end && skip_digits(at, end) == end;
}

static size_t text_put(char *out, size_t size, struct bytes text)
{
    if (text.size > 0)
        memcpy(out + size, text.at, text.size);
    return size + text.size;
}

/* payload reads every decimal exactly, or rounds it as strtod does, when it is written as JSON
 * has it: one digit at least on both sides of the point, no zeroes in front. The point keeps whole
 * numbers beyond 2^53 from being integers. */
static const uint8_t *real_to_value(const uint8_t *at, const uint8_t *end, struct value *ret_value,
                                    enum influx_fault *ret_fault)
{
    char text[INFLUX_NUMBER_MAX + 8], scratch[32];
    struct real real;
    size_t size = 0;
    if (*at == '-')
        text[size++] = '-';
    if (!real_split(at + (*at == '-' || *at == '+'), end, &real))
        return scan_fault(INFLUX_NUMBER_INVALID, ret_fault);
    if ((size_t)(end - at) > INFLUX_NUMBER_MAX)
        return scan_fault(INFLUX_NUMBER_TOO_LONG, ret_fault);
    const uint8_t *whole_end = real.whole.at + real.whole.size;
    const uint8_t *whole = skip_zeroes(real.whole.at, whole_end);
    size = text_put(text, size,
                    whole < whole_end ? bytes_of(whole, (size_t)(whole_end - whole))
                                      : bytes_of("0", 1));
    if (real.fraction.size > 0 || real.exponent.size == 0) {
        text[size++] = '.';
        size = text_put(text, size, real.fraction.size > 0 ? real.fraction : bytes_of("0", 1));
    }
    size = text_put(text, size, real.exponent);
    struct value value = {.type = VALUE_STRING, .present = true, .text = bytes_of(text, size)};
    if (payload_convert(&value, VALUE_FLOAT64, scratch))
        return scan_fault(INFLUX_NUMBER_TOO_LARGE, ret_fault);
    value.text = bytes_of(NULL, 0);
    *ret_value = value;
    return end;
}

/* ---- integers ------------------------------------------------------------------------------- */
/* `end` is behind the 'i' or 'u'. */
static const uint8_t *integer_to_value(const uint8_t *at, const uint8_t *end,
                                       struct value *ret_value, enum influx_fault *ret_fault)
{
    const uint8_t *digits_end = end - 1;
    bool is_signed = *digits_end == 'i', negative = is_signed && *at == '-';
    at += *at == '+' || negative;
    if (at == digits_end || skip_digits(at, digits_end) != digits_end)
        return scan_fault(INFLUX_NUMBER_INVALID, ret_fault);
    at = skip_zeroes(at, digits_end);
    uint64_t v = 0, most = (uint64_t)INT64_MAX + negative;
    bool fits = digits_end - at <= SCAN_DIGITS_MAX;
    for (; fits && at < digits_end; at++)
        v = v * 10 + (uint64_t)(*at - '0');
    if (!fits || v > most)
        return scan_fault(is_signed ? INFLUX_INTEGER_TOO_LARGE : INFLUX_UNSIGNED_TOO_LARGE,
                          ret_fault);
    *ret_value = (struct value){.type = VALUE_INT64,
                                .quality = QUALITY_GOOD,
                                .present = true,
                                .number = (int64_t)(negative ? 0 - v : v)};
    return end;
}

const uint8_t *scan_number_rest(const uint8_t *at, struct value *ret_value,
                                enum influx_fault *ret_fault)
{
    const uint8_t *end = at;
    while (!scan_value_ends(*end))
        end++;
    if (end[-1] == 'i' || end[-1] == 'u')
        return integer_to_value(at, end, ret_value, ret_fault);
    return real_to_value(at, end, ret_value, ret_fault);
}

/* ---- booleans ------------------------------------------------------------------------------- */
const uint8_t *scan_boolean(const uint8_t *at, struct value *ret_value,
                            enum influx_fault *ret_fault)
{
    static const char *const spellings[2][5] = {{"f", "F", "false", "False", "FALSE"},
                                                {"t", "T", "true", "True", "TRUE"}};
    const uint8_t *end = at;
    while (!scan_value_ends(*end))
        end++;
    struct bytes text = bytes_of(at, (size_t)(end - at));
    bool truth = (*at | 0x20) == 't';
    for (size_t i = 0; i < ARRAY_COUNT(spellings[truth]); i++) {
        if (!bytes_equal(text, bytes_text(spellings[truth][i])))
            continue;
        *ret_value = (struct value){
            .type = VALUE_BOOL, .quality = QUALITY_GOOD, .present = true, .number = truth};
        return end;
    }
    return scan_fault(INFLUX_BOOLEAN_INVALID, ret_fault);
}

/* ---- times ---------------------------------------------------------------------------------- */
const uint8_t *scan_time_rest(const struct scan_clock *clock, const uint8_t *at,
                              int64_t *ret_time_ns, enum influx_fault *ret_fault)
{
    const uint8_t *end = at;
    while (scan_is_digit(*end) || *end == '-')
        end++;
    bool negative = *at == '-';
    at += negative;
    if (at == end || skip_digits(at, end) != end)
        return scan_fault(INFLUX_TIME_INVALID, ret_fault);
    at = skip_zeroes(at, end);
    uint64_t units = 0;
    bool fits = end - at <= SCAN_DIGITS_MAX;
    for (; fits && at < end; at++)
        units = units * 10 + (uint64_t)(*at - '0');
    if (!fits || units > clock->most || (negative && units > 0))
        return scan_fault(INFLUX_TIME_RANGE, ret_fault);
    *ret_time_ns = (int64_t)units * clock->unit_ns;
    return end;
}
