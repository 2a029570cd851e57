/* Values as they are kept: a decimal where the double is one, its bits where it is not. A reading
 * of 21.35 is the number 2135 with scale 2: small, exact, and easy to take differences of. */
#include "format/format.h"

#include <string.h>

#define REAL_SCALE_MAX 9 /* longest decimal value_of_real looks for */

/* Exact as doubles up to 10^22. */
static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                       1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
_Static_assert(ARRAY_COUNT(powers_of_ten) == SCALE_DECIMAL_MAX + 1, "a power for each scale");

static const char *const value_type_names[] = {NULL, "float64", "int64", "bool", "string"};

const char *value_type_name(uint8_t type)
{
    return type < ARRAY_COUNT(value_type_names) ? value_type_names[type] : NULL;
}

bool value_type_parse(struct bytes name, uint8_t *ret_type)
{
    for (uint8_t type = 1; type < ARRAY_COUNT(value_type_names); type++) {
        if (bytes_equal(name, bytes_text(value_type_names[type]))) {
            *ret_type = type;
            return true;
        }
    }
    return false;
}

#define QUALITY_ROW(name, code, text) {code, text},
static const struct {
    uint8_t code;
    const char *text;
} quality_rows[] = {QUALITY_TABLE(QUALITY_ROW)};
#undef QUALITY_ROW

const char *quality_name(uint8_t quality)
{
    for (size_t i = 0; i < ARRAY_COUNT(quality_rows); i++) {
        if (quality_rows[i].code == quality)
            return quality_rows[i].text;
    }
    return NULL;
}

bool quality_parse(struct bytes name, uint8_t *ret_quality)
{
    for (size_t i = 0; i < ARRAY_COUNT(quality_rows); i++) {
        if (bytes_equal(name, bytes_text(quality_rows[i].text))) {
            *ret_quality = quality_rows[i].code;
            return true;
        }
    }
    return false;
}

static uint64_t real_bits(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}

double value_real(const struct value *value)
{
    if (value->scale == SCALE_RAW) {
        double real;
        memcpy(&real, &value->number, sizeof real);
        return real;
    }
    check(value->scale <= SCALE_DECIMAL_MAX);
    /* Both operands are exact doubles, so that the one rounding of the division is the rounding
     * of the decimal itself. */
    return (double)value->number / powers_of_ten[value->scale];
}

/* The whole number nearest to real; |real| <= 2^53. From 2^52 on a double is whole as it stands. */
static int64_t real_round(double real)
{
    if (real >= 0x1p52 || real <= -0x1p52)
        return (int64_t)real;
    return (int64_t)(real < 0 ? real - 0.5 : real + 0.5);
}

struct value value_of_real(double real)
{
    struct value value = {.type = VALUE_FLOAT64, .scale = SCALE_RAW, .present = true};
    uint64_t bits = real_bits(real);
    if ((bits >> 52 & 0x7ff) == 0x7ff) {
        value.present = false;
        value.quality = QUALITY_BAD_NO_VALUE;
        value.scale = 0;
        return value;
    }
    for (uint8_t scale = 0; scale <= REAL_SCALE_MAX; scale++) {
        double scaled = real * powers_of_ten[scale];
        if (scaled > 0x1p53 || scaled < -0x1p53)
            break;
        int64_t number = real_round(scaled);
        if (real_bits((double)number / powers_of_ten[scale]) == bits) {
            value.scale = scale;
            value.number = number;
            return value;
        }
    }
    memcpy(&value.number, &bits, sizeof bits);
    return value;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type || a->present != b->present || a->quality != b->quality)
        return false;
    if (!a->present)
        return true;
    if (a->type == VALUE_STRING)
        return bytes_equal(a->text, b->text);
    if (a->type != VALUE_FLOAT64 || a->scale == b->scale) {
        if (a->number == b->number)
            return true;
        if (a->type != VALUE_FLOAT64)
            return false;
    }
    /* The same double can have several decimals: 2.50 is 2.5. */
    return real_bits(value_real(a)) == real_bits(value_real(b));
}
