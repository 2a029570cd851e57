#include "cli/import_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *format, const char *zone, const char *text, int64_t wanted_ns)
{
    struct import_time time;
    const char *fault = NULL;
    int64_t ns = -1;
    if (!import_time_init(&time, format, zone, &fault))
        fail_msg("%s", fault);
    for (int twice = 0; twice < 2; twice++) { /* the second time from what was looked up */
        bool good = import_time_read(&time, bytes_text(text), &ns);
        if (wanted_ns < 0)
            assert_false(good);
        else if (!good || ns != wanted_ns)
            fail_msg("\"%s\": wanted %lld, found %lld", text, (long long)wanted_ns, (long long)ns);
    }
}

#define S(number) ((int64_t)(number)*NS_PER_S)

static void test_guessed(void **state)
{
    (void)state;
    expect(NULL, NULL, "2026-03-01T08:00:00Z", S(1772352000));
    expect("iso", NULL, " 2026-03-01 08:00:00.25 ", S(1772352000) + 250000000);
    expect(NULL, NULL, "2026-03-01", S(1772323200));
    expect(NULL, NULL, "1772352000", S(1772352000));
    expect(NULL, NULL, "1772352000.000000001", S(1772352000) + 1);
    expect(NULL, NULL, "1772352000250", S(1772352000) + 250000000);
    expect(NULL, NULL, "1772352000250000", S(1772352000) + 250000000);
    expect(NULL, NULL, "1772352000250000001", S(1772352000) + 250000001);
    expect(NULL, NULL, "0", 0);
    expect(NULL, NULL, "", -1);
    expect(NULL, NULL, "yesterday", -1);
    expect(NULL, NULL, "-1", -1);
    expect(NULL, NULL, "1.2.3", -1);
    expect(NULL, NULL, "2026-13-01", -1);
    expect(NULL, NULL, "2200-01-01T00:00:00Z", -1);
    expect(NULL, NULL, "2199-12-31T23:59:59.999999999Z", TIME_MAX_NS - 1);
    expect(NULL, NULL, "99999999999999999999999", -1);
}

static void test_units(void **state)
{
    (void)state;
    expect("s", NULL, "5", S(5));
    expect("ms", NULL, "5", 5 * NS_PER_MS);
    expect("us", NULL, "5", 5 * NS_PER_US);
    expect("ns", NULL, "5", 5);
    expect("s", NULL, "1,5", S(1) + 500000000);
    expect("ns", NULL, "9223372036854775808", -1);
    expect("s", NULL, "9223372036854775807", -1);
    expect("ms", NULL, "2026-03-01", -1);
}

static void test_patterns(void **state)
{
    (void)state;
    expect("%d/%m/%Y %H.%M.%S", NULL, "10/03/2004 18.00.00", S(1078941600));
    expect("%Y%m%d", NULL, "20260301", S(1772323200));
    expect("%Y-%m-%d %H:%M:%S.%f", NULL, "2026-03-01 08:00:00.000000001", S(1772352000) + 1);
    expect("%Y-%m-%d %H:%M:%S,%f", NULL, "2026-03-01 08:00:00,5", S(1772352000) + 500000000);
    expect("%H:%M:%S.%f %d.%m.%Y", NULL, "08:00:00.5 01.03.2026", S(1772352000) + 500000000);
    expect("%d %b %Y %I:%M %p", NULL, "01 Mar 2026 08:00 PM", S(1772395200));
    expect("%Y-%m-%dT%H:%M:%S%z", NULL, "2026-03-01T08:00:00+0800", S(1772323200));
    expect("%d/%m/%Y", NULL, "29/02/2024", S(1709164800));
    expect("%d/%m/%Y", NULL, "10/03/2004 18", -1);
    expect("%d/%m/%Y", NULL, "2004-03-10", -1);
    expect("%d/%m/%Y", NULL, "", -1);
}

/* What is wrong in the words is said, before any file is read. */
static void test_faults(void **state)
{
    struct import_time time;
    const char *fault;
    (void)state;
    assert_false(import_time_init(&time, "days", NULL, &fault));
    assert_false(import_time_init(&time, "", NULL, &fault));
    assert_false(import_time_init(&time, NULL, "Nowhere/None", &fault));
    assert_false(import_time_init(&time, NULL, "../../etc/passwd", &fault));
    assert_false(import_time_init(&time, NULL, "/etc/localtime", &fault));
    char long_pattern[80];
    memset(long_pattern, '%', sizeof long_pattern);
    long_pattern[63] = 0;
    assert_true(import_time_init(&time, long_pattern, NULL, &fault));
    long_pattern[63] = '%';
    long_pattern[64] = 0;
    assert_false(import_time_init(&time, long_pattern, NULL, &fault));
}

static void test_zones(void **state)
{
    (void)state;
    expect(NULL, "Asia/Shanghai", "2026-03-01T08:00:00", S(1772323200));
    expect(NULL, "Asia/Shanghai", "2026-03-01T08:00:00Z", S(1772352000)); /* it says its own */
    expect(NULL, "Asia/Shanghai", "2026-03-01T08:00:00+01:00", S(1772348400));
    expect(NULL, "Europe/Rome", "2004-07-01 12:00", S(1088676000));
    expect("%d/%m/%Y %H:%M", "Europe/Rome", "28/03/2004 01:59", S(1080435540));
    expect("%d/%m/%Y %H:%M", "Europe/Rome", "28/03/2004 03:00", S(1080435600));
    expect("%d/%m/%Y %H:%M", "Australia/Lord_Howe", "05/10/2025 02:30", S(1759591800));
    expect("%d/%m/%Y %H:%M", "Asia/Kathmandu", "01/03/2026 05:45", S(1772323200));
    expect("s", "Europe/Rome", "5", S(5)); /* numbers are of no zone */
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {
        {"10s", S(10)},    {"250ms", 250 * NS_PER_MS}, {"1m", S(60)},          {"1min", S(60)},
        {"1.5h", S(5400)}, {"1d", S(86400)},           {"3us", 3 * NS_PER_US}, {"1ns", 1}};
    static const char *const bad[] = {"", "10", "s", "-1s", "0s", "1x", "1s ", "1e300d", "nan s"};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        int64_t ns = 0;
        assert_true(import_duration_read(good[i].text, &ns));
        assert_true(ns == good[i].ns);
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        int64_t ns;
        assert_false(import_duration_read(bad[i], &ns));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guessed),  cmocka_unit_test(test_units),
        cmocka_unit_test(test_patterns), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_zones),    cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
