/* The words of a question, both sides of each limit. */
#include "query/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW (INT64_C(1772352000) * NS_PER_S)
#define HOUR (3600 * NS_PER_S)

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns; /* -1: refused */
    } rows[] = {{"now", NOW},
                {"-1h", NOW - HOUR},
                {"now-7d", NOW - 7 * 24 * HOUR},
                {"now+1h", NOW + HOUR},
                {"now 1h", NOW + HOUR}, /* a plus of a URL */
                {"-90s", NOW - 90 * NS_PER_S},
                {"-250ms", NOW - 250 * NS_PER_MS},
                {"-2w", NOW - 14 * 24 * HOUR},
                {"-999999999999999999d", 0}, /* nothing is before 1970 */
                {"1772352000", NOW},
                {"1772352000.25", NOW + NS_PER_S / 4},
                {"1772352000000", NOW},
                {"1772352000000000", NOW},
                {"1772352000000000001", NOW + 1},
                {"0", 0},
                {"99999999999", -1}, /* s: past 2200 */
                {"7258118400", TIME_MAX_NS},
                {"7258118400.5", -1},
                {"100000000000", INT64_C(100000000) * NS_PER_S}, /* ms from here on */
                {"2026-03-01T08:00:00Z", NOW},
                {"2026-03-01", NOW - 8 * HOUR},
                {"2200-01-01T00:00:00Z", TIME_MAX_NS},
                {"2200-01-01T00:00:00.000000001Z", -1},
                {"1969-12-31T23:59:59Z", -1},
                {"", -1},
                {"-", -1},
                {"-1", -1},
                {"-1mo", -1},
                {"now-", -1},
                {"now1h", -1},
                {"+1h", -1},
                {"now+999999999d", -1},
                {"1.", -1},
                {"12345678901234567890", -1},
                {"9223372036854775808", -1},
                {"tomorrow", -1}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t ns = -1;
        bool taken = query_time_parse(bytes_text(rows[i].text), NOW, &ns);
        if (taken != (rows[i].ns >= 0) || (taken && ns != rows[i].ns))
            fail_msg("%s: %d %lld", rows[i].text, taken, (long long)ns);
    }
}

static void steps(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum query_unit unit;
        int64_t count; /* 0: refused */
    } rows[] = {{"10s", QUERY_FIXED, 10 * NS_PER_S},
                {"5m", QUERY_FIXED, 300 * NS_PER_S},
                {"1h", QUERY_FIXED, HOUR},
                {"250ms", QUERY_FIXED, 250 * NS_PER_MS},
                {"1ns", QUERY_FIXED, 1},
                {"1d", QUERY_DAY, 1},
                {"2w", QUERY_WEEK, 2},
                {"3mo", QUERY_MONTH, 3},
                {"10y", QUERY_YEAR, 10},
                {"100000d", QUERY_DAY, 100000},
                {"100001d", QUERY_DAY, 0},
                {"2016144h", QUERY_FIXED, 2016144 * HOUR}, /* 1970 to 2200 */
                {"2016145h", QUERY_FIXED, 0},
                {"0s", QUERY_FIXED, 0},
                {"1", QUERY_FIXED, 0},
                {"s", QUERY_FIXED, 0},
                {"1.5h", QUERY_FIXED, 0},
                {"1M", QUERY_FIXED, 0},
                {"-1h", QUERY_FIXED, 0},
                {"9999999999999999999s", QUERY_FIXED, 0},
                {"", QUERY_FIXED, 0}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct query_step step = {.count = 0};
        bool taken = query_step_parse(bytes_text(rows[i].text), &step);
        if (taken != (rows[i].count > 0) ||
            (taken && (step.unit != rows[i].unit || step.count != rows[i].count)))
            fail_msg("%s: %d %d %lld", rows[i].text, taken, step.unit, (long long)step.count);
    }
}

static void aggregates(void **state)
{
    (void)state;
    struct query_aggregate list[QUERY_AGGREGATES_MAX];
    size_t count = 0;
    assert_null(query_aggregates_parse(
        bytes_text("count,sum,min,max,mean,time_mean,first,last,stddev,p0,p1,p50,p99.9,p99.99,p100,"
                   "p5"),
        list, &count));
    assert_int_equal(count, 16);
    assert_int_equal(list[5].kind, QUERY_TIME_MEAN);
    assert_true(list[12].percentile == 99.9);
    assert_true(list[14].percentile == 100);
    static const char *const wrong[] = {"",        "mean,", ",mean",  "mean,mean",
                                        "average", "p",     "p100.1", "p101",
                                        "p-1",     "p5.",   "mean ",  "p50.000000000001"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        if (query_aggregates_parse(bytes_text(wrong[i]), list, &count) == NULL)
            fail_msg("%s was taken", wrong[i]);
    assert_non_null(query_aggregates_parse(
        bytes_text("p1,p2,p3,p4,p5,p6,p7,p8,p9,p10,p11,p12,p13,p14,p15,p16,p17"), list, &count));
}

static void buckets_of_utc(void **state)
{
    (void)state;
    static const struct {
        const char *step, *time, *begin, *end;
    } rows[] = {{"1h", "2026-03-01T08:59:59Z", "2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z"},
                {"1w", "2026-03-01T08:00:00Z", "2026-02-23T00:00:00Z", "2026-03-02T00:00:00Z"},
                {"1mo", "2028-02-29T00:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
                {"3mo", "2026-12-31T23:59:59Z", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"},
                {"1y", "2000-06-01T00:00:00Z", "2000-01-01T00:00:00Z", "2001-01-01T00:00:00Z"},
                {"1d", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct query_step step;
        int64_t time_ns, begin, end, found_begin, found_end;
        assert_true(query_step_parse(bytes_text(rows[i].step), &step));
        assert_true(time_parse(bytes_text(rows[i].time), &time_ns));
        assert_true(time_parse(bytes_text(rows[i].begin), &begin));
        assert_true(time_parse(bytes_text(rows[i].end), &end));
        query_step_bucket(&step, time_ns, &found_begin, &found_end);
        assert_int_equal(found_begin, begin);
        assert_int_equal(found_end, end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times), cmocka_unit_test(steps),
                                       cmocka_unit_test(aggregates),
                                       cmocka_unit_test(buckets_of_utc)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
