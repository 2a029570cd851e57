/* What can be asked of a request: fields, lists, weights, queries, conditions, ranges, dates. */
#include "wire/http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

static struct http_decoder *decoder;

static int setup(void **state)
{
    (void)state;
    struct http_limits limits = http_limits_default();
    return http_decoder_create(&limits, &decoder) == OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    http_decoder_destroy(decoder);
    return 0;
}

static const struct http_request *request_of(const char *method, const char *lines)
{
    char stream[1000];
    (void)snprintf(stream, sizeof stream, "%s / HTTP/1.1\r\nHost: a\r\n%s\r\n", method, lines);
    http_decoder_reset(decoder);
    assert_int_equal(http_decoder_feed(decoder, bytes_text(stream)).event, HTTP_STEP_HEAD);
    return http_decoder_request(decoder);
}

static void assert_text(struct bytes got, const char *wanted)
{
    assert_int_equal(got.size, strlen(wanted));
    if (got.size > 0)
        assert_memory_equal(got.at, wanted, got.size);
}

static void fields_are_found(void **state)
{
    (void)state;
    const struct http_request *request =
        request_of("GET", "X-One: 1\r\nx-two: a, \"b, c\\\", d\",, E \r\nX-ONE: 2\r\n");
    uint32_t index = 0;
    assert_text(http_header_find(request, "x-one")->value, "1");
    assert_null(http_header_find(request, "x-on"));
    assert_text(http_header_next(request, "x-one", &index)->value, "1");
    assert_text(http_header_next(request, "x-one", &index)->value, "2");
    assert_null(http_header_next(request, "x-one", &index));
    struct bytes item, list = http_header_find(request, "X-Two")->value;
    size_t offset = 0;
    assert_true(http_list_next(list, &offset, &item));
    assert_text(item, "a");
    assert_true(http_list_next(list, &offset, &item));
    assert_text(item, "\"b, c\\\", d\"");
    assert_true(http_list_next(list, &offset, &item));
    assert_text(item, "E");
    assert_false(http_list_next(list, &offset, &item));
    assert_true(http_header_has(request, "x-two", "e"));
    assert_true(http_header_has(request, "x-one", "2"));
    assert_false(http_header_has(request, "x-two", "c"));
}

static void media_types(void **state)
{
    (void)state;
    assert_true(http_media_is(bytes_text("application/json"), "application/json"));
    assert_true(http_media_is(bytes_text("Application/JSON ; charset=utf-8"), "application/json"));
    assert_false(http_media_is(bytes_text("application/jsonx"), "application/json"));
    assert_false(http_media_is(bytes_text(""), "application/json"));
    assert_true(http_media_compresses(bytes_text("text/html; charset=utf-8")));
    assert_true(http_media_compresses(bytes_text("image/svg+xml")));
    assert_false(http_media_compresses(bytes_text("image/png")));
    assert_false(http_media_compresses(bytes_text("text")));
}

static void weights(void **state)
{
    (void)state;
    static const struct {
        const char *accept, *media;
        unsigned weight;
    } ROWS[] = {
        {"application/json", "application/json", 1000},
        {"APPLICATION/JSON;q=0.5", "application/json", 500},
        {"application/json; charset=utf-8 ; Q=0.25", "application/json", 250},
        {"*/*;q=0.1, application/*;q=0.2, application/json;q=0.3", "application/json", 300},
        {"application/json;q=0.3, application/*;q=0.2, */*;q=0.1", "application/xml", 200},
        {"application/json;q=0, */*", "application/json", 0},
        {"application/json;q=1.000", "application/json", 1000},
        {"application/json;q=0.001", "application/json", 1},
        {"application/json;q=1.001", "application/json", 0},
        {"application/json;q=0.0001", "application/json", 0},
        {"application/json;q=2", "application/json", 0},
        {"application/json;q=", "application/json", 0},
        {"application/json;q=.5", "application/json", 0},
        {"application/json;q=a", "application/json", 0},
        {"text/*", "application/json", 0},
        {"", "application/json", 0},
        {",;,", "application/json", 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++)
        assert_int_equal(http_accept_weight(bytes_text(ROWS[i].accept), ROWS[i].media),
                         ROWS[i].weight);
}

static void the_best_offer_is_chosen(void **state)
{
    (void)state;
    static const char *const OFFERS[] = {"application/json", "text/csv", "application/x-ndjson"};
    assert_int_equal(http_accept_choose(request_of("GET", ""), OFFERS, 3), 0);
    assert_int_equal(http_accept_choose(request_of("GET", "Accept: */*\r\n"), OFFERS, 3), 0);
    assert_int_equal(
        http_accept_choose(request_of("GET", "Accept: text/*;q=0.9, */*;q=0.8\r\n"), OFFERS, 3), 1);
    assert_int_equal(
        http_accept_choose(request_of("GET", "Accept: text/csv;q=0.5\r\nAccept: */*;q=0.6\r\n"),
                           OFFERS, 3),
        0);
    assert_int_equal(http_accept_choose(request_of("GET", "Accept: image/png\r\n"), OFFERS, 3), -1);
    assert_int_equal(http_accept_choose(request_of("GET", "Accept: */*;q=0\r\n"), OFFERS, 3), -1);
}

static void gzip_is_wanted_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool wanted;
    } ROWS[] = {
        {"gzip", true},   {"br, GZIP;q=0.1", true}, {"gzip;q=0", false}, {"*", true},
        {"*;q=0", false}, {"gzip;q=0, *", false},   {"identity", false}, {"", false},
        {"x-gzip", true}, {"gzip;q=0.000", false},  {"gzips", false},
    };
    assert_false(http_accepts_gzip(request_of("GET", "")));
    for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
        char line[100];
        (void)snprintf(line, sizeof line, "Accept-Encoding: %s\r\n", ROWS[i].value);
        assert_int_equal(http_accepts_gzip(request_of("GET", line)), ROWS[i].wanted);
    }
}

static void queries(void **state)
{
    (void)state;
    struct bytes query = bytes_text("&a=1&&b=x+y%26%3D&c&=d&a=2&e=%C3%A9=f&");
    static const char *const WANTED[] = {"a", "1", "b", "x y&=", "c", "",
                                         "",  "d", "a", "2",     "e", "\xC3\xA9=f"};
    uint8_t scratch[64];
    struct bytes name, value;
    size_t offset = 0;
    for (size_t i = 0; i < ARRAY_COUNT(WANTED); i += 2) {
        assert_true(http_query_next(query, &offset, scratch, sizeof scratch, &name, &value));
        assert_text(name, WANTED[i]);
        assert_text(value, WANTED[i + 1]);
    }
    assert_false(http_query_next(query, &offset, scratch, sizeof scratch, &name, &value));
    assert_true(http_query_find(query, "a", scratch, sizeof scratch, &value));
    assert_text(value, "1");
    assert_false(http_query_find(query, "f", scratch, sizeof scratch, &value));
    offset = 0;
    assert_true(http_query_next(bytes_text("ab=cd"), &offset, scratch, 4, &name, &value));
    offset = 0;
    assert_false(http_query_next(bytes_text("ab=cd"), &offset, scratch, 3, &name, &value));
}

static void percent_decoding(void **state)
{
    (void)state;
    uint8_t out[8];
    size_t size = 99;
    assert_int_equal(http_percent_decode(bytes_text("%41%6a+"), false, out, 3, &size), OK);
    assert_text(bytes_of(out, size), "Aj+");
    assert_int_equal(http_percent_decode(bytes_text("%41%6a+"), true, out, 3, &size), OK);
    assert_text(bytes_of(out, size), "Aj ");
    assert_int_equal(http_percent_decode(bytes_text("%41%6a+"), true, out, 2, &size), ERR_LIMIT);
    assert_int_equal(http_percent_decode(bytes_text("%4"), true, out, 8, &size), ERR_INVALID);
    assert_int_equal(http_percent_decode(bytes_text("%00"), true, out, 8, &size), ERR_INVALID);
    assert_int_equal(size, 3);
}

static void authorities(void **state)
{
    (void)state;
    struct bytes host;
    uint16_t port;
    assert_true(http_authority_split(bytes_text("localhost:8080"), &host, &port));
    assert_text(host, "localhost");
    assert_int_equal(port, 8080);
    assert_true(http_authority_split(bytes_text("[::1]"), &host, &port));
    assert_text(host, "[::1]");
    assert_int_equal(port, 0);
    assert_false(http_authority_split(bytes_text("[]"), &host, &port));
    assert_false(http_authority_split(bytes_text("a:000080"), &host, &port));
    assert_false(http_authority_split(bytes_text(""), &host, &port));
}

/* ---- dates ---- */
static void dates_survive(void **state)
{
    (void)state;
    static const int64_t TIMES[] = {0, 1, 784111777, 951782400, 4107542400, 253402300799};
    for (int64_t i = 0; i < 3000; i++) {
        int64_t wanted = i < (int64_t)ARRAY_COUNT(TIMES) ? TIMES[i] : i * 84467433, got = -1;
        uint8_t text[HTTP_DATE_SIZE];
        char libc[40];
        struct tm tm;
        time_t seconds = (time_t)wanted;
        http_date_put(text, wanted);
        assert_non_null(gmtime_r(&seconds, &tm));
        assert_int_equal(strftime(libc, sizeof libc, "%a, %d %b %Y %H:%M:%S GMT", &tm), 29);
        assert_memory_equal(text, libc, HTTP_DATE_SIZE);
        assert_true(http_date_get(bytes_of(text, sizeof text), &got));
        assert_int_equal(got, wanted);
    }
    uint8_t text[HTTP_DATE_SIZE];
    http_date_put(text, -1);
    assert_memory_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT", HTTP_DATE_SIZE);
    http_date_put(text, INT64_MAX);
    assert_memory_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT", HTTP_DATE_SIZE);
}

static void dates_of_three_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t time; /* -1: none */
    } ROWS[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Wednesday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Friday, 01-Jan-70 00:00:00 GMT", 0},
        {"Tuesday, 01-Jan-69 00:00:00 GMT", 3124224000},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Sun Nov 16 08:49:37 1994", 784975777},
        {"Tue, 29 Feb 2000 00:00:00 GMT", 951782400},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
        {"Tue, 29 Feb 1900 00:00:00 GMT", -1},
        {"Tue, 30 Feb 2000 00:00:00 GMT", -1},
        {"Sun, 00 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 24:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:60:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:61 GMT", -1},
        {"Sun, 06 Xov 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37 UTC", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"Sun, 6 Nov 1994 08:49:37 GMT", -1},
        {"Su1, 06 Nov 1994 08:49:37 GMT", -1},
        {"", -1},
    };
    for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
        int64_t got = -1;
        assert_int_equal(http_date_get(bytes_text(ROWS[i].text), &got), ROWS[i].time >= 0);
        assert_int_equal(got, ROWS[i].time);
    }
}

/* ---- conditions ---- */
static void unchanged_or_not(void **state)
{
    (void)state;
#define SINCE "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    static const struct {
        const char *method, *lines, *tag;
        int64_t modified_s;
        bool unchanged;
    } ROWS[] = {
        {"GET", "", "\"a\"", 784111777, false},
        {"GET", "If-None-Match: \"a\"\r\n", "\"a\"", -1, true},
        {"HEAD", "If-None-Match: \"x\", W/\"a\"\r\n", "\"a\"", -1, true},
        {"GET", "If-None-Match: \"a\"\r\n", "W/\"a\"", -1, true},
        {"GET", "If-None-Match: *\r\n", "\"a\"", -1, true},
        {"GET", "If-None-Match: \"A\"\r\n", "\"a\"", -1, false},
        {"GET", "If-None-Match: a\r\n", "\"a\"", -1, false},
        {"GET", "If-None-Match: \"b,a\"\r\n", "\"a\"", -1, false},
        {"GET", "If-None-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n", "\"a\"", -1, true},
        {"GET", "If-None-Match: \"a\"\r\n", NULL, -1, false},
        {"POST", "If-None-Match: \"a\"\r\n", "\"a\"", -1, false},
        {"GET", SINCE, NULL, 784111777, true},
        {"GET", SINCE, NULL, 784111778, false},
        {"GET", SINCE, NULL, -1, false},
        {"PUT", SINCE, NULL, 784111777, false},
        {"GET", SINCE "If-None-Match: \"b\"\r\n", "\"a\"", 784111777, false},
        {"GET", "If-Modified-Since: yesterday\r\n", NULL, 784111777, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++)
        assert_int_equal(http_is_unchanged(request_of(ROWS[i].method, ROWS[i].lines), ROWS[i].tag,
                                           ROWS[i].modified_s),
                         ROWS[i].unchanged);
}

static void ranges(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        uint64_t length;
        enum http_range_answer answer;
        uint64_t first, last;
    } ROWS[] = {
        {"", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"Range: bytes=0-0\r\n", 100, HTTP_RANGE_PART, 0, 0},
        {"Range: Bytes=10-\r\n", 100, HTTP_RANGE_PART, 10, 99},
        {"Range: bytes=10-500\r\n", 100, HTTP_RANGE_PART, 10, 99},
        {"Range: bytes=99-\r\n", 100, HTTP_RANGE_PART, 99, 99},
        {"Range: bytes=100-\r\n", 100, HTTP_RANGE_OUTSIDE, 0, 0},
        {"Range: bytes=99999999999999999999-\r\n", 100, HTTP_RANGE_OUTSIDE, 0, 0},
        {"Range: bytes=5-99999999999999999999\r\n", 100, HTTP_RANGE_PART, 5, 99},
        {"Range: bytes=-10\r\n", 100, HTTP_RANGE_PART, 90, 99},
        {"Range: bytes=-500\r\n", 100, HTTP_RANGE_PART, 0, 99},
        {"Range: bytes=-0\r\n", 100, HTTP_RANGE_OUTSIDE, 0, 0},
        {"Range: bytes=-1\r\n", 0, HTTP_RANGE_OUTSIDE, 0, 0},
        {"Range: bytes=0-\r\n", 0, HTTP_RANGE_OUTSIDE, 0, 0},
        {"Range: bytes=5-4\r\n", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"Range: bytes=-\r\n", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"Range: bytes=1\r\n", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"Range: bytes=\r\n", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"Range: bytes=a-b\r\n", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"Range: bytes=0-1,5-6\r\n", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"Range: lines=0-1\r\n", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"Range: bytes=0-1\r\nRange: bytes=2-3\r\n", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"Range: bytes=0-1\r\nIf-Range: \"a\"\r\n", 100, HTTP_RANGE_PART, 0, 1},
        {"Range: bytes=0-1\r\nIf-Range: W/\"a\"\r\n", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"Range: bytes=0-1\r\nIf-Range: \"b\"\r\n", 100, HTTP_RANGE_WHOLE, 0, 0},
        {"Range: bytes=0-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 100, HTTP_RANGE_PART, 0,
         1},
        {"Range: bytes=0-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n", 100, HTTP_RANGE_WHOLE,
         0, 0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
        uint64_t first = 0, last = 0;
        assert_int_equal(http_range_get(request_of("GET", ROWS[i].lines), ROWS[i].length, "\"a\"",
                                        784111777, &first, &last),
                         ROWS[i].answer);
        assert_int_equal(first, ROWS[i].first);
        assert_int_equal(last, ROWS[i].last);
    }
    uint64_t first, last;
    assert_int_equal(
        http_range_get(request_of("HEAD", "Range: bytes=0-1\r\n"), 100, NULL, -1, &first, &last),
        HTTP_RANGE_WHOLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found),
        cmocka_unit_test(media_types),
        cmocka_unit_test(weights),
        cmocka_unit_test(the_best_offer_is_chosen),
        cmocka_unit_test(gzip_is_wanted_or_not),
        cmocka_unit_test(queries),
        cmocka_unit_test(percent_decoding),
        cmocka_unit_test(authorities),
        cmocka_unit_test(dates_survive),
        cmocka_unit_test(dates_of_three_forms),
        cmocka_unit_test(unchanged_or_not),
        cmocka_unit_test(ranges),
    };
    return cmocka_run_group_tests_name("http fields", tests, setup, teardown);
}
