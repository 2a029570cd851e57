#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define S(seconds) (INT64_C(seconds) * NS_PER_S)

struct parsed {
    const char *text;
    int64_t time_ns;
};

static const struct parsed good[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01t00:00:00z", 0},
    {"1970-01-01 00:00:00", 0},
    {"1970-01-01T00:00", 0},
    {"1970-01-01T00:00Z", 0},
    {"1970-01-01T00:01+00:01", 0},
    {"1970-01-01T00:00:01.5Z", S(1) + 500 * NS_PER_MS},
    {"1970-01-01T00:00:01,5Z", S(1) + 500 * NS_PER_MS},
    {"1970-01-01T00:00:00.000000001Z", 1},
    {"1970-01-01T00:00:00.123456789", 123456789},
    {"1969-12-31T23:59:59.999999999Z", -1},
    {"1969-12-31T23:59:59Z", -NS_PER_S},
    {"1969-12-31T23:59:59.5Z", -500 * NS_PER_MS},
    {"2026-11-22T15:00:00.250Z", S(1795359600) + 250 * NS_PER_MS},
    {"2026-11-22T23:00:00+08:00", S(1795359600)},
    {"2026-11-22T23:00:00+0800", S(1795359600)},
    {"2026-11-22T23:00:00+08", S(1795359600)},
    {"2026-11-22T09:30:00-05:30", S(1795359600)},
    {"2026-11-22T15:00:00-00:00", S(1795359600)},
    {"2026-11-23T14:59:00+23:59", S(1795359600)},
    {"2026-11-21T15:01:00-23:59", S(1795359600)},
    {"2000-02-29T00:00:00Z", S(951782400)},
    {"2024-02-29T12:00:00Z", S(1709208000)},
    {"2016-12-31T23:59:60Z", S(1483228799)},
    {"2016-12-31T23:59:60.75Z", S(1483228799) + 750 * NS_PER_MS},
    {"2199-12-31T23:59:59.999999999Z", TIME_MAX_NS - 1},
    {"2200-01-01T00:00:00Z", TIME_MAX_NS},
    {"2038-01-19T03:14:08Z", S(2147483648)},
    /* both ends of 64 bits */
    {"2262-04-11T23:47:16.854775807Z", INT64_MAX},
    {"1677-09-21T00:12:43.145224192Z", INT64_MIN},
};

static const char *const bad[] = {
    "",
    "2026",
    "2026-11-22",
    "2026-11-22T",
    "2026-11-22T15",
    "2026-11-22T15:",
    "2026-11-22T15:0",
    "2026-11-22T15:00:",
    "2026-11-22T15:00:0",
    "2026-11-22T15:00:00.",
    "2026-11-22T15:00:00.Z",
    "2026-11-22T15:00:00.1234567890Z",
    "2026-11-22T15:00:00Zx",
    "2026-11-22T15:00:00 Z",
    " 2026-11-22T15:00:00Z",
    "2026-11-22T15:00:00Z ",
    "2026-11-22_15:00:00Z",
    "2026-11-22T15-00-00Z",
    "2026/11/22T15:00:00Z",
    "20261122T150000Z",
    "26-11-22T15:00:00Z",
    "+2026-11-22T15:00:00Z",
    "-026-11-22T15:00:00Z",
    "2026-1-22T15:00:00Z",
    "2026-00-22T15:00:00Z",
    "2026-13-22T15:00:00Z",
    "2026-11-00T15:00:00Z",
    "2026-11-31T15:00:00Z",
    "2026-02-29T15:00:00Z",
    "1900-02-29T15:00:00Z",
    "2100-02-29T15:00:00Z",
    "2026-11-22T24:00:00Z",
    "2026-11-22T23:60:00Z",
    "2026-11-22T23:59:61Z",
    "2026-11-22T15:00:00+",
    "2026-11-22T15:00:00+1",
    "2026-11-22T15:00:00+01:",
    "2026-11-22T15:00:00+01:0",
    "2026-11-22T15:00:00+010",
    "2026-11-22T15:00:00+01:00x",
    "2026-11-22T15:00:00+24:00",
    "2026-11-22T15:00:00+00:60",
    "2026-11-22T15:00:00 +01:00",
    "2026-11-22T15:00:00.5.5Z",
    "x026-11-22T15:00:00Z",
    "2026-11-22T1x:00:00Z",
    /* past both ends of 64 bits, and the ends of the calendar */
    "2262-04-11T23:47:16.854775808Z",
    "1677-09-21T00:12:43.145224191Z",
    "9999-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
};

static void test_what_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        int64_t time_ns = 42;
        if (!time_parse(bytes_text(good[i].text), &time_ns) || time_ns != good[i].time_ns)
            fail_msg("%s: %lld, not %lld", good[i].text, (long long)time_ns,
                     (long long)good[i].time_ns);
    }
}

static void test_what_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        int64_t time_ns = 42;
        if (time_parse(bytes_text(bad[i]), &time_ns))
            fail_msg("'%s' was read", bad[i]);
        assert_true(time_ns == 42);
    }
    int64_t time_ns;
    assert_false(time_parse((struct bytes){0}, &time_ns));
    assert_false(time_parse(bytes_of("2026-11-22T15:00:00Z\0", 21), &time_ns));
}

/* The view ends where it ends, whatever follows in memory. */
static void test_every_prefix_stays_inside(void **state)
{
    (void)state;
    static const char text[] = "2026-11-22T15:00:00.250+01:00";
    for (size_t size = 0; size < sizeof text; size++) {
        char *copy = test_malloc(size == 0 ? 1 : size);
        int64_t time_ns;
        memcpy(copy, text, size);
        bool read = time_parse(bytes_of(copy, size), &time_ns);
        /* hh:mm, hh:mm:ss, 1-3 decimals, +01, +01:00 */
        bool whole =
            size == 16 || size == 19 || (size >= 21 && size <= 23) || size == 26 || size == 29;
        assert_int_equal(read, whole);
        test_free(copy);
    }
}

static void test_format(void **state)
{
    (void)state;
    char text[TIME_TEXT_SIZE];
    assert_string_equal(time_format(0, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(time_format(1, text), "1970-01-01T00:00:00.000000001Z");
    assert_string_equal(time_format(NS_PER_US, text), "1970-01-01T00:00:00.000001Z");
    assert_string_equal(time_format(NS_PER_MS, text), "1970-01-01T00:00:00.001Z");
    assert_string_equal(time_format(-1, text), "1969-12-31T23:59:59.999999999Z");
    assert_string_equal(time_format(S(1795359600) + 250 * NS_PER_MS, text),
                        "2026-11-22T15:00:00.250Z");
    assert_string_equal(time_format(TIME_MAX_NS, text), "2200-01-01T00:00:00.000Z");
    assert_string_equal(time_format(INT64_MAX, text), "2262-04-11T23:47:16.854775807Z");
    assert_string_equal(time_format(INT64_MIN, text), "1677-09-21T00:12:43.145224192Z");
    assert_ptr_equal(time_format(5, text), text);
    assert_string_equal(time_format_short(0, text), "1970-01-01T00:00:00Z");
    assert_string_equal(time_format_short(10 * NS_PER_S, text), "1970-01-01T00:00:10Z");
    assert_string_equal(time_format_short(250 * NS_PER_MS, text), "1970-01-01T00:00:00.25Z");
    assert_string_equal(time_format_short(844127610, text), "1970-01-01T00:00:00.84412761Z");
}

/* Each day from 1677 to 2262 against libc's calendar, and back. */
static void test_calendar_agrees_with_libc(void **state)
{
    (void)state;
    for (int64_t day = -106751; day <= 106751; day++) {
        char text[TIME_TEXT_SIZE], right[64];
        time_t seconds = (time_t)(day * 86400);
        struct tm calendar;
        gmtime_r(&seconds, &calendar);
        snprintf(right, sizeof right, "%04d-%02d-%02dT00:00:00.000Z", calendar.tm_year + 1900,
                 calendar.tm_mon + 1, calendar.tm_mday);
        time_format(day * 86400 * NS_PER_S, text);
        if (strcmp(text, right) != 0)
            fail_msg("%s, not %s", text, right);
        int64_t back;
        assert_true(time_parse(bytes_text(text), &back));
        assert_true(back == day * 86400 * NS_PER_S);
    }
}

static void test_round_trip_of_many_instants(void **state)
{
    (void)state;
    uint64_t x = 1;
    for (unsigned i = 0; i < 200000; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int64_t time_ns = (int64_t)(x ^ (x >> 29)), back;
        char text[TIME_TEXT_SIZE];
        assert_true(time_parse(bytes_text(time_format(time_ns, text)), &back));
        assert_true(back == time_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_every_prefix_stays_inside),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_calendar_agrees_with_libc),
        cmocka_unit_test(test_round_trip_of_many_instants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
