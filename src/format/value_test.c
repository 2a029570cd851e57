/* Values: decimals give back exactly the double they came from. */
#include "format/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t bits_of(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}

static double real_of(uint64_t bits)
{
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

static void names_go_both_ways(void **state)
{
    (void)state;
    uint8_t type, quality;
    for (uint8_t i = VALUE_FLOAT64; i <= VALUE_STRING; i++) {
        assert_true(value_type_parse(bytes_text(value_type_name(i)), &type));
        assert_int_equal(type, i);
    }
    assert_null(value_type_name(0));
    assert_null(value_type_name(5));
    assert_false(value_type_parse(bytes_text("float"), &type));
    assert_false(value_type_parse(bytes_text(""), &type));
    unsigned named = 0;
    for (unsigned i = 0; i < 256; i++) {
        const char *name = quality_name((uint8_t)i);
        if (!name)
            continue;
        named++;
        assert_true(quality_parse(bytes_text(name), &quality));
        assert_int_equal(quality, i);
    }
    assert_int_equal(named, 20);
    assert_string_equal(quality_name(QUALITY_GOOD), "good");
    assert_false(quality_parse(bytes_text("goo"), &quality));
}

static void decimals_are_what_strtod_says(void **state)
{
    (void)state;
    uint64_t luck = 42;
    for (unsigned i = 0; i < 200000; i++) {
        luck = luck * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int64_t number = (int64_t)(luck >> 11 >> (luck & 31));
        uint8_t scale = (uint8_t)(i % (SCALE_DECIMAL_MAX + 1));
        if (i & 1)
            number = -number;
        struct value value = {.type = VALUE_FLOAT64, .scale = scale, .number = number};
        char text[64];
        snprintf(text, sizeof text, "%llde-%u", (long long)number, scale);
        if (number != 0) /* "-0" is not what a decimal 0 means */
            assert_true(bits_of(value_real(&value)) == bits_of(strtod(text, NULL)));
    }
}

static void ends_of_the_decimal_range(void **state)
{
    (void)state;
    struct value value = {.type = VALUE_FLOAT64, .number = INT64_C(1) << 53};
    assert_true(value_real(&value) == 0x1p53);
    value.number = -value.number;
    value.scale = SCALE_DECIMAL_MAX;
    assert_true(value_real(&value) == -9007199254740992e-18);
}

static void assert_decimal(double real, int64_t number, uint8_t scale)
{
    struct value value = value_of_real(real);
    assert_true(value.present);
    assert_int_equal(value.quality, QUALITY_GOOD);
    assert_int_equal(value.scale, scale);
    assert_true(value.number == number);
    assert_true(bits_of(value_real(&value)) == bits_of(real));
}

static void reals_become_the_shortest_decimal(void **state)
{
    (void)state;
    assert_decimal(0.0, 0, 0);
    assert_decimal(21.35, 2135, 2);
    assert_decimal(-0.1, -1, 1);
    assert_decimal(1e-9, 1, 9);
    assert_decimal(0x1p53, INT64_C(1) << 53, 0);
    assert_decimal(-0x1p53, -(INT64_C(1) << 53), 0);
    assert_decimal(0x1p53 - 1, (INT64_C(1) << 53) - 1, 0);
    assert_decimal(450359962737049.5, INT64_C(4503599627370495), 1);
}

static void assert_raw(double real)
{
    struct value value = value_of_real(real);
    assert_true(value.present);
    assert_int_equal(value.scale, SCALE_RAW);
    assert_true(bits_of(value_real(&value)) == bits_of(real));
}

static void what_is_no_short_decimal_is_raw(void **state)
{
    (void)state;
    assert_raw(-0.0);
    assert_raw(1e-10);
    assert_raw(1.0 / 3);
    assert_raw(0x1p54);
    assert_raw(1e300);
    assert_raw(5e-324);
}

static void nan_and_infinity_are_no_values(void **state)
{
    (void)state;
    static const uint64_t odd[] = {UINT64_C(0x7ff0000000000000), UINT64_C(0xfff0000000000000),
                                   UINT64_C(0x7ff8000000000000), UINT64_C(0x7ff0000000000001)};
    for (size_t i = 0; i < ARRAY_COUNT(odd); i++) {
        struct value value = value_of_real(real_of(odd[i]));
        assert_false(value.present);
        assert_int_equal(value.type, VALUE_FLOAT64);
        assert_int_equal(value.quality, QUALITY_BAD_NO_VALUE);
    }
}

static void any_real_comes_back(void **state)
{
    (void)state;
    uint64_t luck = 7;
    for (unsigned i = 0; i < 300000; i++) {
        luck = luck * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double real = i % 3 == 0   ? real_of(luck)
                      : i % 3 == 1 ? (double)(int64_t)(luck >> 40) / 1000
                                   : (double)(int32_t)(luck >> 32) / 1e7;
        struct value value = value_of_real(real);
        if (value.present)
            assert_true(bits_of(value_real(&value)) == bits_of(real));
        else
            assert_true(isnan(real) || isinf(real));
    }
}

static void equal_is_what_would_be_shown(void **state)
{
    (void)state;
    struct value a = value_of_real(2.5), b = a;
    b.number = 250;
    b.scale = 2;
    assert_true(value_equal(&a, &b));
    b.number = 251;
    assert_false(value_equal(&a, &b));
    b = (struct value){.type = VALUE_FLOAT64, .scale = SCALE_RAW, .present = true};
    b.number = (int64_t)bits_of(2.5);
    assert_true(value_equal(&a, &b));
    b = a;
    b.quality = QUALITY_UNCERTAIN;
    assert_false(value_equal(&a, &b));
    b = a;
    b.type = VALUE_INT64;
    assert_false(value_equal(&a, &b));
    b = a;
    b.present = false;
    assert_false(value_equal(&a, &b));
    a.present = false;
    b.number++;
    assert_true(value_equal(&a, &b));
    struct value zero = value_of_real(0.0), minus = value_of_real(-0.0);
    assert_false(value_equal(&zero, &minus));
    struct value x = {.type = VALUE_STRING, .present = true, .text = bytes_text("on")}, y = x;
    assert_true(value_equal(&x, &y));
    y.text = bytes_text("off");
    assert_false(value_equal(&x, &y));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(decimals_are_what_strtod_says),
        cmocka_unit_test(ends_of_the_decimal_range),
        cmocka_unit_test(reals_become_the_shortest_decimal),
        cmocka_unit_test(what_is_no_short_decimal_is_raw),
        cmocka_unit_test(nan_and_infinity_are_no_values),
        cmocka_unit_test(any_real_comes_back),
        cmocka_unit_test(equal_is_what_would_be_shown),
    };
    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
