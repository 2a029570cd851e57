/* From type to type, exactly or not at all. */
#include "wire/payload/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct value real(int64_t number, uint8_t scale)
{
    return (struct value){.type = VALUE_FLOAT64, .present = true, .number = number, .scale = scale};
}
static struct value raw(double v)
{
    struct value value = real(0, SCALE_RAW);
    memcpy(&value.number, &v, sizeof v);
    return value;
}
static struct value whole(int64_t number)
{
    return (struct value){.type = VALUE_INT64, .present = true, .number = number};
}
static struct value truth(bool v)
{
    return (struct value){.type = VALUE_BOOL, .present = true, .number = v};
}
static struct value text(const char *v)
{
    return (struct value){.type = VALUE_STRING, .present = true, .text = bytes_text(v)};
}

static void numbers_become_numbers(void **state)
{
    (void)state;
    const int64_t edge = INT64_C(1) << 53;
    const struct {
        struct value from;
        uint8_t type;
        enum payload_fault fault;
        struct value to;
    } cases[] = {
        {real(5, 0), VALUE_INT64, PAYLOAD_OK, whole(5)},
        {real(-500, 2), VALUE_INT64, PAYLOAD_OK, whole(-5)},
        {real(501, 2), VALUE_INT64, PAYLOAD_TYPE, whole(0)},
        {real(1, 18), VALUE_INT64, PAYLOAD_TYPE, whole(0)},
        {real(edge, 0), VALUE_INT64, PAYLOAD_OK, whole(edge)},
        {raw(1e18), VALUE_INT64, PAYLOAD_OK, whole(INT64_C(1000000000000000000))},
        {raw(-0x1p63), VALUE_INT64, PAYLOAD_OK, whole(INT64_MIN)},
        {raw(0x1p63), VALUE_INT64, PAYLOAD_TYPE, whole(0)},
        {raw(-0x1.0000000000001p63), VALUE_INT64, PAYLOAD_TYPE, whole(0)},
        {raw(M_PI), VALUE_INT64, PAYLOAD_TYPE, whole(0)},
        {raw(-0.0), VALUE_INT64, PAYLOAD_OK, whole(0)},
        {whole(7), VALUE_FLOAT64, PAYLOAD_OK, real(7, 0)},
        {whole(edge), VALUE_FLOAT64, PAYLOAD_OK, real(edge, 0)},
        {whole(-edge), VALUE_FLOAT64, PAYLOAD_OK, real(-edge, 0)},
        {whole(edge + 1), VALUE_FLOAT64, PAYLOAD_INTEGER_TOO_LARGE, whole(0)},
        {whole(edge + 2), VALUE_FLOAT64, PAYLOAD_OK, raw(0x1p53 + 2)},
        {whole(INT64_MAX), VALUE_FLOAT64, PAYLOAD_INTEGER_TOO_LARGE, whole(0)},
        {whole(INT64_MIN), VALUE_FLOAT64, PAYLOAD_OK, raw(-0x1p63)},
        {real(10, 1), VALUE_BOOL, PAYLOAD_OK, truth(true)},
        {real(0, 0), VALUE_BOOL, PAYLOAD_OK, truth(false)},
        {real(2, 0), VALUE_BOOL, PAYLOAD_TYPE, truth(false)},
        {real(1, 1), VALUE_BOOL, PAYLOAD_TYPE, truth(false)},
        {whole(1), VALUE_BOOL, PAYLOAD_OK, truth(true)},
        {whole(-1), VALUE_BOOL, PAYLOAD_TYPE, truth(false)},
        {truth(true), VALUE_FLOAT64, PAYLOAD_OK, real(1, 0)},
        {truth(true), VALUE_INT64, PAYLOAD_OK, whole(1)},
        {text("21.50"), VALUE_FLOAT64, PAYLOAD_OK, real(2150, 2)},
        {text("9007199254740993"), VALUE_INT64, PAYLOAD_OK, whole(edge + 1)},
        {text("9007199254740993"), VALUE_FLOAT64, PAYLOAD_INTEGER_TOO_LARGE, whole(0)},
        {text("1e3"), VALUE_INT64, PAYLOAD_OK, whole(1000)},
        {text("1.5"), VALUE_INT64, PAYLOAD_TYPE, whole(0)},
        {text("true"), VALUE_BOOL, PAYLOAD_OK, truth(true)},
        {text("0"), VALUE_BOOL, PAYLOAD_OK, truth(false)},
        {text("ON"), VALUE_BOOL, PAYLOAD_TYPE, truth(false)},
        {text("21.5 C"), VALUE_FLOAT64, PAYLOAD_TYPE, real(0, 0)},
        {text(" 5"), VALUE_FLOAT64, PAYLOAD_TYPE, real(0, 0)},
        {text("1e999"), VALUE_FLOAT64, PAYLOAD_TYPE, real(0, 0)},
        {text("99999999999999999999"), VALUE_FLOAT64, PAYLOAD_TYPE, real(0, 0)},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char scratch[32];
        struct value value = cases[i].from;
        enum payload_fault fault = payload_convert(&value, cases[i].type, scratch);
        if (fault != cases[i].fault)
            print_error("case %zu: %s\n", i, payload_fault_name(fault));
        assert_int_equal(fault, cases[i].fault);
        if (fault) {
            assert_int_equal(value.type, cases[i].from.type);
            continue;
        }
        assert_int_equal(value.type, cases[i].to.type);
        assert_true(value.present && value.number == cases[i].to.number);
        if (value.type == VALUE_FLOAT64)
            assert_int_equal(value.scale, cases[i].to.scale);
    }
}

static void values_become_text(void **state)
{
    (void)state;
    const struct {
        struct value from;
        const char *text;
    } cases[] = {
        {real(2135, 2), "21.35"},
        {real(2150, 2), "21.5"},
        {real(-5, 2), "-0.05"},
        {real(-2100, 2), "-21"},
        {real(0, 3), "0"},
        {real(1, 18), "0.000000000000000001"},
        {real(-(INT64_C(1) << 53), 18), "-0.009007199254740992"},
        {real(INT64_C(1) << 53, 0), "9007199254740992"},
        {raw(0.1 + 0.2), "0.30000000000000004"},
        {raw(1e300), "1e+300"},
        {raw(-2.2250738585072014e-308), "-2.2250738585072014e-308"},
        {raw(-0.0), "-0"},
        {whole(INT64_MIN), "-9223372036854775808"},
        {whole(0), "0"},
        {truth(true), "true"},
        {truth(false), "false"},
        {text("as it is"), "as it is"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char scratch[32];
        struct value value = cases[i].from;
        assert_int_equal(payload_convert(&value, VALUE_STRING, scratch), PAYLOAD_OK);
        if (!bytes_equal(value.text, bytes_text(cases[i].text)))
            print_error("%.*s, not %s\n", (int)value.text.size, (const char *)value.text.at,
                        cases[i].text);
        assert_true(bytes_equal(value.text, bytes_text(cases[i].text)));
        assert_int_equal(value.type, VALUE_STRING);
    }
}

static void absence_fits_every_type(void **state)
{
    (void)state;
    char scratch[32];
    for (uint8_t type = VALUE_FLOAT64; type <= VALUE_STRING; type++) {
        struct value value = {.type = VALUE_FLOAT64, .quality = QUALITY_BAD_NO_VALUE};
        assert_int_equal(payload_convert(&value, type, scratch), PAYLOAD_OK);
        assert_true(value.type == type && !value.present);
        assert_int_equal(value.quality, QUALITY_BAD_NO_VALUE);
        value = text(type == VALUE_FLOAT64 ? "NaN" : "");
        assert_int_equal(payload_convert(&value, type, scratch), PAYLOAD_OK);
        assert_int_equal(value.present, type == VALUE_STRING);
        assert_int_equal(value.quality, type == VALUE_STRING ? QUALITY_GOOD : QUALITY_BAD_NO_VALUE);
    }
}

static void quality_stays(void **state)
{
    (void)state;
    char scratch[32];
    const struct value from[] = {real(1, 0), whole(1), truth(true), text("1")};
    for (size_t i = 0; i < ARRAY_COUNT(from); i++)
        for (uint8_t type = VALUE_FLOAT64; type <= VALUE_STRING; type++) {
            struct value value = from[i];
            value.quality = QUALITY_UNCERTAIN;
            assert_int_equal(payload_convert(&value, type, scratch), PAYLOAD_OK);
            assert_int_equal(value.quality, QUALITY_UNCERTAIN);
            assert_int_equal(value.type, type);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_become_numbers),
        cmocka_unit_test(values_become_text),
        cmocka_unit_test(absence_fits_every_type),
        cmocka_unit_test(quality_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
