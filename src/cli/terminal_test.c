/* Numbers and texts as people read them. */
#include "cli/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void numbers_are_grouped(void **state)
{
    (void)state;
    char text[NUMBER_SIZE];
    assert_string_equal(number_group(0, text), "0");
    assert_string_equal(number_group(999, text), "999");
    assert_string_equal(number_group(1000, text), "1,000");
    assert_string_equal(number_group(574319, text), "574,319");
    assert_string_equal(number_group(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void bytes_have_units(void **state)
{
    (void)state;
    char text[NUMBER_SIZE];
    assert_string_equal(number_bytes(0, text), "0 B");
    assert_string_equal(number_bytes(1023, text), "1023 B");
    assert_string_equal(number_bytes(1024, text), "1.0 KiB");
    assert_string_equal(number_bytes(1536, text), "1.5 KiB");
    assert_string_equal(number_bytes(200 << 20, text), "200 MiB");
    assert_string_equal(number_bytes(UINT64_C(3) << 40, text), "3.0 TiB");
}

static void durations_have_units(void **state)
{
    (void)state;
    char text[NUMBER_SIZE];
    assert_string_equal(number_duration(0, text), "0 ns");
    assert_string_equal(number_duration(480 * NS_PER_US, text), "480 us");
    assert_string_equal(number_duration(12300 * NS_PER_US, text), "12.3 ms");
    assert_string_equal(number_duration(-2 * NS_PER_S, text), "-2 s");
    assert_string_equal(number_duration(184 * NS_PER_S, text), "3 min 4 s");
    assert_string_equal(number_duration(79800 * NS_PER_S, text), "22 h 10 min");
    assert_string_equal(number_duration(INT64_C(90000) * NS_PER_S * 24, text), "25 d");
    assert_string_equal(number_duration(INT64_C(709560000) * NS_PER_S, text), "22.5 y");
    assert_string_equal(number_duration(INT64_MIN, text), "-292.5 y");
}

static void rates_drop_decimals_when_large(void **state)
{
    (void)state;
    char text[NUMBER_SIZE];
    assert_string_equal(number_rate(-1, text), "0.0");
    assert_string_equal(number_rate(12.34, text), "12.3");
    assert_string_equal(number_rate(1234567.8, text), "1,234,567");
}

static void texts_are_cut_by_columns(void **state)
{
    (void)state;
    char out[64];
    assert_int_equal(text_width("abc"), 3);
    assert_int_equal(text_width("\u6e29\u5ea6"), 4); /* two Chinese characters */
    assert_int_equal(text_width("\u00e9"), 1);
    assert_string_equal(text_fit("abc", 3, out, sizeof out), "abc");
    assert_string_equal(text_fit("abcd", 3, out, sizeof out), "ab\u2026");
    assert_string_equal(text_fit("\u6e29\u5ea6\u8ba1", 5, out, sizeof out), "\u6e29\u5ea6\u2026");
    assert_string_equal(text_fit("", 3, out, sizeof out), "");
    assert_string_equal(text_fit_end("abc", 3, out, sizeof out), "abc");
    assert_string_equal(text_fit_end("abcd", 3, out, sizeof out), "\u2026cd");
    assert_string_equal(text_fit_end("\u6e29\u5ea6\u8ba1", 4, out, sizeof out), "\u2026\u8ba1");
    assert_string_equal(text_fit_end("abcd", 0, out, sizeof out), "");
    assert_string_equal(text_fit_end("", 0, out, sizeof out), "");
}

static void a_cut_character_does_not_lead_outside(void **state)
{
    (void)state;
    char out[16];
    assert_int_equal(text_width("\xe6"), 1);
    assert_int_equal(text_width("a\xf0\x9f"), 2);
    text_fit("\xe6\xb8", 5, out, sizeof out);
    assert_int_equal(strlen(out), 2);
    /* An out that is smaller than the width holds less, and an end. */
    text_fit("abcdefghijklmnopqrstuvwxyz", 100, out, sizeof out);
    assert_true(strlen(out) < sizeof out);
    text_fit_end("abcdefghijklmnopqrstuvwxyz", 100, out, sizeof out);
    assert_true(strlen(out) < sizeof out);
}

static void nothing_is_painted_in_a_pipe(void **state)
{
    (void)state;
    if (!terminal_is_live())
        assert_string_equal(paint(PAINT_RED), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_grouped),
        cmocka_unit_test(bytes_have_units),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(rates_drop_decimals_when_large),
        cmocka_unit_test(texts_are_cut_by_columns),
        cmocka_unit_test(a_cut_character_does_not_lead_outside),
        cmocka_unit_test(nothing_is_painted_in_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
