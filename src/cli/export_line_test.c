#include "cli/export_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_csv(const char *line, const char *type, const char *wanted)
{
    struct export_sample sample;
    uint8_t out[4096];
    assert_true(export_line_read(bytes_text(line), &sample));
    size_t size = export_csv(&sample, type, out);
    out[size] = 0;
    assert_string_equal((char *)out, wanted);
}

static void expect_lines(const char *line, const char *type, const char *wanted)
{
    struct export_sample sample;
    uint8_t out[4096];
    assert_true(export_line_read(bytes_text(line), &sample));
    size_t size = export_line_protocol(&sample, type, out);
    out[size] = 0;
    assert_string_equal((char *)out, wanted);
}

static void test_reading(void **state)
{
    static const char *const bad[] = {"",
                                      "{}",
                                      "[1]",
                                      "{\"path\":\"a\",\"time\":\"x\"}",
                                      "{\"path\":\"a\",\"value\":1}",
                                      "{\"path\":\"\",\"time\":\"x\",\"value\":1}",
                                      "{\"path\":\"a\",\"time\":\"x\",\"value\":{}}",
                                      "{\"path\":\"a\",\"time\":\"x\",\"value\":1",
                                      "{\"path\":\"a\",\"time\":\"x\",\"value\":\"open}",
                                      "{\"path\":\"a\" \"time\":\"x\",\"value\":1}",
                                      "{\"cost\":{\"ms\":1}}"};
    struct export_sample sample;
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        if (export_line_read(bytes_text(bad[i]), &sample))
            fail_msg("taken: %s", bad[i]);
    assert_true(export_line_read(
        bytes_text("{ \"value\" : -1.5e3 , \"x\":true, \"time\":1, \"path\":\"a\\\"b\" }"),
        &sample));
    assert_true(bytes_equal(sample.value, bytes_text("-1.5e3")));
    assert_true(bytes_equal(sample.path, bytes_text("\"a\\\"b\"")));
    assert_true(bytes_equal(sample.time, bytes_text("1")));
}

static void test_texts(void **state)
{
    uint8_t out[64];
    (void)state;
    static const char *const texts[][2] = {{"\"a\\n\\t\\r\\b\\f\\\\\\/\\\"\"", "a\n\t\r\b\f\\/\""},
                                           {"\"\\u0041\\u00e9\\u6c34\"", "A\xC3\xA9\xE6\xB0\xB4"},
                                           {"\"\\ud83d\\udd25\"", "\xF0\x9F\x94\xA5"},
                                           {"\"\"", ""}};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        size_t size = export_text(bytes_text(texts[i][0]), out);
        assert_true(bytes_equal(bytes_of(out, size), bytes_text(texts[i][1])));
    }
}

#define SAMPLE(path, value)                                                                        \
    "{\"path\":\"" path "\",\"time\":\"2026-03-01T08:00:00Z\",\"value\":" value                    \
    ",\"quality\":\"good\"}"

static void test_csv(void **state)
{
    (void)state;
    expect_csv(SAMPLE("a/b", "21.5"), "float64", "a/b,2026-03-01T08:00:00Z,21.5,good,float64\n");
    expect_csv(SAMPLE("a,b", "\"x\\\"y\""), "string",
               "\"a,b\",2026-03-01T08:00:00Z,\"x\"\"y\",good,string\n");
    expect_csv(SAMPLE("a", "\"\""), "string", "a,2026-03-01T08:00:00Z,\"\",good,string\n");
    expect_csv(SAMPLE("a", "null"), "bool", "a,2026-03-01T08:00:00Z,,good,bool\n");
}

static void test_line_protocol(void **state)
{
    (void)state;
    expect_lines(SAMPLE("a/b", "21.5"), "float64", "a b=21.5 1772352000000000000\n");
    expect_lines(SAMPLE("a/b/c/d e", "5"), "int64",
                 "a,level02=b,level03=c d\\ e=5i 1772352000000000000\n");
    expect_lines(SAMPLE("a", "true"), "bool", "a value=true 1772352000000000000\n");
    expect_lines(SAMPLE("a,b/c=d", "\"x \\\"y\\\" \\\\ z\""), "string",
                 "a\\,b c\\=d=\"x \\\"y\\\" \\\\ z\" 1772352000000000000\n");
    expect_lines(SAMPLE("a/b", "null"), "float64", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_line_protocol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
