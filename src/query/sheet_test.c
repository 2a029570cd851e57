/* Text of answers: numbers that read back, times in every unit, and the two ways to write a row,
 * which must write the same. */
#include "query/sheet.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW (INT64_C(1772352000) * NS_PER_S)

static uint64_t chance_state = 1;

static uint64_t chance(uint64_t below)
{
    chance_state = chance_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (chance_state >> 33) % below;
}

static void assert_sheet(struct sheet *sheet, const char *text)
{
    assert_false(sheet->failed);
    if (!bytes_equal(bytes_of(sheet->at, sheet->size), bytes_text(text)))
        fail_msg("%.*s is not %s", (int)sheet->size, (const char *)sheet->at, text);
    sheet->size = 0;
}

static void numbers_are_those_of_json(void **state)
{
    (void)state;
    static const double reals[] = {0.0,     -0.0,
                                   1,       -1,
                                   20,      20.1,
                                   20.15,   -0.5,
                                   1e15,    1e14,
                                   123456,  0.1,
                                   1e-9,    1e-10,
                                   1e300,   5e-324,
                                   1.0 / 3, 1e22,
                                   -99.99,  100000,
                                   4.35,    2.5e-5,
                                   0x1p53,  999999999999999.0,
                                   0.3,     0.30000000000000004};
    struct sheet sheet;
    sheet_init(&sheet, QUERY_JSON, QUERY_TEXT);
    for (int i = 0; i < 200000; i++) {
        char text[REAL_TEXT_SIZE];
        double real = reals[chance(ARRAY_COUNT(reals))];
        uint64_t bits = chance(UINT64_MAX >> 31) << 33 ^ chance(UINT64_MAX >> 31);
        if (i % 3 == 0)
            real = (double)((int64_t)chance(2000001) - 1000000) / pow(10, (double)chance(10));
        if (i % 7 == 0)
            memcpy(&real, &bits, sizeof real);
        if (!isfinite(real))
            continue;
        sheet_put_real(&sheet, real);
        real_text_put(text, real);
        assert_sheet(&sheet, text);
    }
    sheet_put_real(&sheet, (double)NAN);
    assert_sheet(&sheet, "null");
    static const int64_t wholes[] = {0, 9, 10, 99, 100, -1, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < ARRAY_COUNT(wholes); i++) {
        char text[32];
        snprintf(text, sizeof text, "%lld", (long long)wholes[i]);
        sheet_put_whole(&sheet, wholes[i]);
        assert_sheet(&sheet, text);
    }
    sheet_put_count(&sheet, UINT64_MAX);
    assert_sheet(&sheet, "18446744073709551615");
    sheet_done(&sheet);
}

static void times_in_every_unit(void **state)
{
    (void)state;
    static const struct {
        enum query_times times;
        int64_t ns;
        const char *text;
    } rows[] = {{QUERY_TEXT, NOW, "\"2026-03-01T08:00:00Z\""},
                {QUERY_TEXT, NOW + 250 * NS_PER_MS, "\"2026-03-01T08:00:00.25Z\""},
                {QUERY_TEXT, NOW + 1, "\"2026-03-01T08:00:00.000000001Z\""},
                {QUERY_TEXT, 0, "\"1970-01-01T00:00:00Z\""},
                {QUERY_TEXT, -NS_PER_S, "\"1969-12-31T23:59:59Z\""},
                {QUERY_S, NOW, "1772352000"},
                {QUERY_S, NOW + 250 * NS_PER_MS, "1772352000.25"},
                {QUERY_MS, NOW + 250 * NS_PER_MS + 1, "1772352000250.000001"},
                {QUERY_US, NOW + 1000, "1772352000000001"},
                {QUERY_NS, NOW + 1, "1772352000000000001"},
                {QUERY_MS, -1500000, "-1.5"},
                {QUERY_NS, INT64_MIN, "-9223372036854775808"}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct sheet sheet;
        sheet_init(&sheet, QUERY_JSON, rows[i].times);
        sheet_put_time(&sheet, rows[i].ns);
        assert_sheet(&sheet, rows[i].text);
        sheet_done(&sheet);
    }
    struct sheet sheet; /* one after the other: the text of a second is kept */
    sheet_init(&sheet, QUERY_CSV, QUERY_TEXT);
    for (int i = 0; i < 20000; i++) {
        char text[TIME_TEXT_SIZE];
        int64_t ns = chance(3) == 0 ? (int64_t)chance((uint64_t)TIME_MAX_NS >> 31) << 31
                                    : NOW + (int64_t)chance(200000) * NS_PER_S / 2;
        sheet_put_time(&sheet, ns);
        assert_sheet(&sheet, time_format_short(ns, text));
    }
    sheet_done(&sheet);
}

static void texts_of_csv(void **state)
{
    (void)state;
    static const struct {
        const char *text, *csv;
    } rows[] = {{"plain", "plain"},     {"", "\"\""},         {"a,b", "\"a,b\""},
                {"a\"b", "\"a\"\"b\""}, {"a\nb", "\"a\nb\""}, {"a\rb", "\"a\rb\""},
                {"\"", "\"\"\"\""},     {"größer", "größer"}};
    struct sheet sheet;
    sheet_init(&sheet, QUERY_CSV, QUERY_TEXT);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        sheet_put_string(&sheet, bytes_text(rows[i].text));
        assert_sheet(&sheet, rows[i].csv);
    }
    sheet_put_null(&sheet);
    assert_sheet(&sheet, "");
    sheet_done(&sheet);
}

/* Rows of good values are written in one go: the same as cell by cell. */
static void rows_are_the_same_both_ways(void **state)
{
    (void)state;
    enum { ROWS = 500 };
    static int64_t times[ROWS];
    static uint64_t words[ROWS];
    for (int i = 0; i < 30; i++) {
        enum query_format format = (enum query_format)(i % 3);
        enum query_times unit = (enum query_times)(i % 5);
        uint8_t type = (uint8_t)(VALUE_FLOAT64 + i % 3);
        struct sheet slow, fast;
        sheet_init(&slow, format, unit);
        sheet_init(&fast, format, unit);
        sheet_prefix(&slow, "path", bytes_text("a \"b\",c"));
        sheet_prefix(&fast, "path", bytes_text("a \"b\",c"));
        for (int j = 0; j < ROWS; j++) {
            double real = (double)((int64_t)chance(20001) - 10000) / 100;
            times[j] = NOW + (int64_t)chance(1000000) * NS_PER_MS;
            memcpy(&words[j], &real, 8);
            if (type != VALUE_FLOAT64)
                words[j] = chance(type == VALUE_BOOL ? 2 : 100000);
            sheet_row(&slow, times[j]);
            sheet_cell(&slow, "value");
            sheet_put_word(&slow, type, words[j]);
            if (format != QUERY_JSON) {
                sheet_cell(&slow, "quality");
                sheet_put_quality(&slow, QUALITY_GOOD);
            }
            sheet_row_end(&slow);
        }
        uint32_t done = 0;
        while (done < ROWS)
            done += sheet_put_good(&fast, type, times + done, words + done, ROWS - done,
                                   fast.size + 1000);
        assert_true(bytes_equal(bytes_of(slow.at, slow.size), bytes_of(fast.at, fast.size)));
        sheet_done(&slow);
        sheet_done(&fast);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_json), cmocka_unit_test(times_in_every_unit),
        cmocka_unit_test(texts_of_csv), cmocka_unit_test(rows_are_the_same_both_ways)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
