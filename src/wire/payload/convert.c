/* From the type a payload shows to the type a point has, where nothing is lost. */
#include "wire/payload/member.h"

#include <stdio.h>
#include <stdlib.h>

#define SCRATCH 32

static struct value value_of_whole(int64_t number)
{
    return (struct value){.type = VALUE_INT64, .present = true, .number = number};
}

/* A float64 that is a whole number of 64 bits. */
static bool real_to_whole(const struct value *value, int64_t *ret_whole)
{
    if (value->scale != SCALE_RAW) {
        int64_t unit = (int64_t)number_powers[value->scale];
        *ret_whole = value->number / unit;
        return value->number % unit == 0;
    }
    double real = value_real(value);
    if (!(real >= -0x1p63 && real < 0x1p63))
        return false;
    *ret_whole = (int64_t)real;
    return (double)*ret_whole == real;
}

static enum payload_fault convert_to_real(struct value *value)
{
    int64_t whole = value->number;
    uint64_t size = whole < 0 ? 0 - (uint64_t)whole : (uint64_t)whole;
    double real = (double)whole;
    struct value result = {.type = VALUE_FLOAT64, .present = true, .number = whole};
    if (size > NUMBER_EXACT_MAX) {
        if (real >= 0x1p63 || (int64_t)real != whole)
            return PAYLOAD_INTEGER_TOO_LARGE;
        result.scale = SCALE_RAW;
        memcpy(&result.number, &real, sizeof real);
    }
    result.quality = value->quality;
    *value = result;
    return PAYLOAD_OK;
}

/* A number or a truth in a string, as the type it would have without quotes. */
static enum payload_fault convert_from_text(struct value *value)
{
    struct number number;
    uint8_t quality = value->quality;
    if (value->text.size == 0 || member_text_is_nan(value->text)) {
        *value = member_no_value();
        return PAYLOAD_OK;
    }
    if (bytes_equal(value->text, bytes_of("true", 4)))
        *value = member_bool(true);
    else if (bytes_equal(value->text, bytes_of("false", 5)))
        *value = member_bool(false);
    else if (!member_text_to_number(value->text, &number) || number_to_value(&number, value))
        return PAYLOAD_TYPE;
    value->quality = quality;
    return PAYLOAD_OK;
}

/* Digits of number / 10^scale, without zeroes that say nothing. */
static int decimal_print(int64_t number, unsigned scale, char *out)
{
    while (scale > 0 && number % 10 == 0) {
        number /= 10;
        scale--;
    }
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    uint64_t unit = number_powers[scale];
    const char *sign = number < 0 ? "-" : "";
    if (scale == 0)
        return snprintf(out, SCRATCH, "%s%llu", sign, (unsigned long long)size);
    return snprintf(out, SCRATCH, "%s%llu.%0*llu", sign, (unsigned long long)(size / unit),
                    (int)scale, (unsigned long long)(size % unit));
}

static int real_print(double real, char *out)
{
    int size = 0;
    for (int digits = 15; digits <= 17; digits++) {
        size = snprintf(out, SCRATCH, "%.*g", digits, real);
        if (strtod(out, NULL) == real)
            break;
    }
    return size;
}

static enum payload_fault convert_to_text(struct value *value, char *scratch)
{
    struct bytes text;
    if (value->type == VALUE_BOOL) {
        text = value->number ? bytes_of("true", 4) : bytes_of("false", 5);
    } else {
        int size = value->type == VALUE_INT64  ? decimal_print(value->number, 0, scratch)
                   : value->scale != SCALE_RAW ? decimal_print(value->number, value->scale, scratch)
                                               : real_print(value_real(value), scratch);
        check(size > 0 && size < SCRATCH);
        text = bytes_of(scratch, (size_t)size);
    }
    uint8_t quality = value->quality;
    *value = member_text(text);
    value->quality = quality;
    return PAYLOAD_OK;
}

static enum payload_fault convert_to_number(struct value *value, uint8_t type)
{
    if (type == VALUE_FLOAT64)
        return convert_to_real(value);
    int64_t whole = value->number;
    if (value->type == VALUE_FLOAT64 && !real_to_whole(value, &whole))
        return PAYLOAD_TYPE;
    if (type == VALUE_BOOL && whole != 0 && whole != 1)
        return PAYLOAD_TYPE;
    uint8_t quality = value->quality;
    *value = type == VALUE_BOOL ? member_bool(whole) : value_of_whole(whole);
    value->quality = quality;
    return PAYLOAD_OK;
}

enum payload_fault payload_convert(struct value *value, uint8_t type, char *scratch)
{
    check(type >= VALUE_FLOAT64 && type <= VALUE_STRING);
    struct value result = *value;
    enum payload_fault fault = PAYLOAD_OK;
    if (result.type == VALUE_STRING && result.present && type != VALUE_STRING)
        fault = convert_from_text(&result);
    if (fault)
        return fault;
    if (!result.present) {
        result = (struct value){.type = type, .quality = result.quality};
    } else if (result.type != type) {
        fault = type == VALUE_STRING ? convert_to_text(&result, scratch)
                                     : convert_to_number(&result, type);
    }
    if (!fault)
        *value = result;
    return fault;
}
