/* Requests, cut at every place: what they mean is the same, and it is what was meant. */
#include "wire/http/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

static struct transcript whole, cut;

static struct http_decoder *decoder_new(void)
{
    struct http_decoder *decoder;
    struct http_limits limits = http_limits_default();
    assert_int_equal(http_decoder_create(&limits, &decoder), OK);
    return decoder;
}

static void say(struct http_decoder *decoder, struct transcript *transcript, struct bytes stream,
                size_t a, size_t b)
{
    transcript_start(transcript, decoder);
    (void)(transcript_feed(transcript, decoder, bytes_of(stream.at, a)) &&
           transcript_feed(transcript, decoder, bytes_of(stream.at + a, b - a)) &&
           transcript_feed(transcript, decoder, bytes_of(stream.at + b, stream.size - b)));
}

/* Every cut into two, every byte alone, and a good many cuts into three. */
static void expect_bytes(struct bytes stream, const char *wanted)
{
    struct http_decoder *decoder = decoder_new();
    say(decoder, &whole, stream, 0, stream.size);
    if (wanted)
        assert_string_equal(whole.text, wanted);
    for (size_t a = 0; a <= stream.size; a++) {
        say(decoder, &cut, stream, a, stream.size);
        assert_string_equal(cut.text, whole.text);
        say(decoder, &cut, stream, a, a + (stream.size - a) / 3);
        assert_string_equal(cut.text, whole.text);
    }
    transcript_start(&cut, decoder);
    for (size_t i = 0; i < stream.size; i++)
        if (!transcript_feed(&cut, decoder, bytes_of(stream.at + i, 1)))
            break;
    assert_string_equal(cut.text, whole.text);
    http_decoder_destroy(decoder);
}

static void expect(const char *stream, const char *wanted)
{
    expect_bytes(bytes_text(stream), wanted);
}

static void a_plain_get(void **state)
{
    (void)state;
    expect("GET /v1/points/plant%2Fline/a%20b?x=1&y=%C3%A9 HTTP/1.1\r\nHost: localhost:8080\r\n"
           "Accept:  application/json \t\r\nEmpty:\r\n\r\n",
           "head GET 1.1 origin keep length 0\nauthority localhost:8080\n"
           "path [v1] [points] [plant/line] [a b] ?x=1&y=%C3%A9\n"
           "Host=localhost:8080\nAccept=application/json\nEmpty=\nend at 118\n");
    expect("\r\nGET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
           "head GET 1.1 origin keep length 0\nauthority [::1]:80\npath\nHost=[::1]:80\n"
           "end at 36\n");
    expect("HEAD /a//b/ HTTP/1.0\r\n\r\n",
           "head HEAD 1.0 origin close length 0\nauthority \npath [a] [] [b] []\nend at 24\n");
}

static void forms_of_targets(void **state)
{
    (void)state;
    expect("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
           "head OPTIONS 1.1 asterisk keep length 0\nauthority a\npath\nHost=a\nend at 31\n");
    expect("GET HTTP://b:81/x?q HTTP/1.1\r\nHost: a\r\n\r\n",
           "head GET 1.1 absolute keep length 0\nauthority b:81\npath [x] ?q\nHost=a\nend at 41\n");
    expect("GET http://b?q= HTTP/1.1\r\nHost: a\r\n\r\n",
           "head GET 1.1 absolute keep length 0\nauthority b\npath ?q=\nHost=a\nend at 37\n");
    expect("GET /[a]|{b}^?[]{}|^\\` HTTP/1.1\r\nHost: a\r\n\r\n",
           "head GET 1.1 origin keep length 0\nauthority a\npath [[a]|{b}^] ?[]{}|^\\`\nHost=a\n"
           "end at 44\n");
}

static void connections_go_on_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *version, *connection, *wanted;
    } ROWS[] = {
        {"1.1", "", "keep"},
        {"1.1", "Connection: close\r\n", "close"},
        {"1.1", "Connection: x, CLOSE\r\n", "close"},
        {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", "close"},
        {"1.0", "", "close"},
        {"1.0", "Connection: keep-alive\r\n", "keep"},
        {"1.9", "", "keep"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
        char stream[200], wanted[64];
        struct http_decoder *decoder = decoder_new();
        (void)snprintf(stream, sizeof stream, "GET / HTTP/%s\r\nHost: a\r\n%s\r\n", ROWS[i].version,
                       ROWS[i].connection);
        (void)snprintf(wanted, sizeof wanted, "head GET 1.%d origin %s length",
                       ROWS[i].version[2] != '0', ROWS[i].wanted);
        say(decoder, &whole, bytes_text(stream), 0, strlen(stream));
        assert_memory_equal(whole.text, wanted, strlen(wanted));
        http_decoder_destroy(decoder);
    }
}

static void bodies(void **state)
{
    (void)state;
    expect("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
           "head POST 1.1 origin keep body length 11\nauthority a\npath [p]\nHost=a\n"
           "Content-Length=11\nbody hello world\nend at 60\n");
    expect("PUT /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
           "head PUT 1.1 origin keep length 0\nauthority a\npath [p]\nHost=a\nContent-Length=0\n"
           "Expect=100-continue\nend at 69\n");
    expect(
        "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nExpect: 100-Continue\r\n\r\n"
        "5\r\nhello\r\n00006;name=\"v\" \r\n world\r\n0\r\nTrailer: x\r\n\r\n",
        "head POST 1.1 origin keep body chunked continue length 0\nauthority a\npath [p]\n"
        "Host=a\nTransfer-Encoding=Chunked\nExpect=100-Continue\nbody hello world\n"
        "end at 131\n");
    expect("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "head POST 1.1 origin keep body chunked length 0\nauthority a\npath [p]\nHost=a\n"
           "Transfer-Encoding=chunked\nend at 62\n");
}

static void requests_follow_each_other(void **state)
{
    (void)state;
    expect(
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: a\r\n"
        "\r\n\r\nDELETE /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
        "\r\nPATCH /4 HTTP/1.1\r\nHost: a\r\n\r\n",
        "head POST 1.1 origin keep body length 3\nauthority a\npath [1]\nHost=a\n"
        "Content-Length=3\nbody abc\nend at 51\n"
        "head GET 1.1 origin keep length 0\nauthority a\npath [2]\nHost=a\nend at 79\n"
        "head DELETE 1.1 origin keep body chunked length 0\nauthority a\npath [3]\nHost=a\n"
        "Transfer-Encoding=chunked\nbody x\nend at 151\n"
        "head PATCH 1.1 origin keep length 0\nauthority a\npath [4]\nHost=a\nend at 181\n");
}

static void an_upgrade_leaves_the_rest(void **state)
{
    (void)state;
    static const char STREAM[] =
        "GET /v1/live HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n"
        "Upgrade: websocket\r\n\r\n\x81\x80";
    struct http_decoder *decoder = decoder_new();
    struct bytes input = bytes_of(STREAM, sizeof STREAM - 1);
    struct http_step step = http_decoder_feed(decoder, input);
    assert_int_equal(step.event, HTTP_STEP_HEAD);
    assert_int_equal(step.used, input.size - 2);
    assert_true(http_text_equal(http_decoder_request(decoder)->upgrade, "websocket"));
    step = http_decoder_feed(decoder, bytes_of(input.at + step.used, 2));
    assert_int_equal(step.event, HTTP_STEP_END);
    assert_int_equal(step.used, 0);
    assert_true(http_text_equal(http_decoder_request(decoder)->upgrade, "websocket"));
    assert_true(http_decoder_is_idle(decoder));
    http_decoder_destroy(decoder);
    /* Not asked for by Connection, or of HTTP/1.0: no upgrade (RFC 9110, 7.8). */
    expect("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
           "head GET 1.1 origin keep length 0\nauthority a\npath\nHost=a\nUpgrade=websocket\n"
           "end at 47\n");
    expect("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
           "head GET 1.0 origin close length 0\nauthority \npath\nConnection=upgrade\nUpgrade=x\n"
           "end at 51\n");
    expect(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n"
        "\r\nabGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "head POST 1.1 origin keep body length 2\nauthority a\npath\nHost=a\nConnection=upgrade\n"
        "Upgrade=h2c\nContent-Length=2\nupgrade h2c\nbody ab\nend at 84\n"
        "head GET 1.1 origin keep length 0\nauthority a\npath\nHost=a\nend at 111\n");
}

/* A request whose body is gzip of text, in chunks of `chunk` bytes, or with a length. */
static size_t gzip_request(uint8_t *out, size_t capacity, struct bytes text, size_t chunk)
{
    static uint8_t packed[65536];
    size_t size = http_gzip_bytes(text, 6, packed, sizeof packed), used;
    assert_true(size > 0);
    if (chunk == 0) {
        used = (size_t)snprintf((char *)out, capacity,
                                "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n"
                                "Content-Length: %zu\r\n\r\n",
                                size);
        memcpy(out + used, packed, size);
        return used + size;
    }
    used = (size_t)snprintf((char *)out, capacity,
                            "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: x-gzip\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t at = 0; at < size; at += chunk) {
        size_t piece = size - at < chunk ? size - at : chunk;
        used += http_chunk_put(out + used, capacity - used, bytes_of(packed + at, piece));
    }
    memcpy(out + used, HTTP_CHUNK_END, 5);
    return used + 5;
}

static void gzip_bodies_are_inflated(void **state)
{
    (void)state;
    static uint8_t stream[65536];
    struct bytes text = bytes_text("{\"values\":[1,2,3,4,5,6,7,8,9,10,1,2,3,4,5,6,7,8,9,10]}");
    for (size_t chunk = 0; chunk < 9; chunk += 4) {
        size_t size = gzip_request(stream, sizeof stream, text, chunk);
        expect_bytes(bytes_of(stream, size), NULL);
        assert_int_equal(whole.ends, 1);
        assert_non_null(strstr(whole.text, "body {\"values\":[1,2,3,4,5,6,7,8,9,10,1,2,3,4,5,6,7,8,"
                                           "9,10]}\nend"));
    }
    /* Cut short, damaged, and with something behind it. */
    size_t size = gzip_request(stream, sizeof stream, text, 0);
    stream[size - 6] ^= 1; /* the sum at its end */
    expect_bytes(bytes_of(stream, size), NULL);
    assert_int_equal(whole.fault, HTTP_FAULT_GZIP);
    expect("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
           "\x1f\x8b\x08\x01",
           NULL);
    assert_int_equal(whole.fault, HTTP_FAULT_GZIP);
    expect("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
           NULL);
    assert_int_equal(whole.fault, HTTP_FAULT_GZIP);
}

static void gzip_members_may_follow_each_other(void **state)
{
    (void)state;
    uint8_t packed[256], stream[512];
    size_t one = http_gzip_bytes(bytes_text("first "), 6, packed, sizeof packed);
    size_t two = http_gzip_bytes(bytes_text("second"), 6, packed + one, sizeof packed - one);
    size_t used = (size_t)snprintf((char *)stream, sizeof stream,
                                   "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n"
                                   "Content-Length: %zu\r\n\r\n",
                                   one + two);
    memcpy(stream + used, packed, one + two);
    expect_bytes(bytes_of(stream, used + one + two), NULL);
    assert_non_null(strstr(whole.text, "body first second\nend"));
}

/* http_parser counts the bytes of heads; those of chunk lines must not add up to its limit. */
static void a_body_of_many_chunks(void **state)
{
    (void)state;
    struct http_decoder *decoder = decoder_new();
    transcript_start(&whole, decoder);
    assert_true(transcript_feed(&whole, decoder,
                                bytes_text("POST / HTTP/1.1\r\nHost: a\r\n"
                                           "Transfer-Encoding: chunked\r\n\r\n")));
    size_t before = whole.used;
    for (int i = 0; i < 100000; i++)
        assert_true(transcript_feed(&whole, decoder, bytes_text("1\r\nx\r\n")));
    assert_int_equal(whole.used - before, 5 + 100000);
    assert_true(transcript_feed(&whole, decoder, bytes_text(HTTP_CHUNK_END)));
    assert_int_equal(whole.ends, 1);
    http_decoder_destroy(decoder);
}

static void the_request_holds_until_the_next(void **state)
{
    (void)state;
    struct http_decoder *decoder = decoder_new();
    struct http_step step =
        http_decoder_feed(decoder, bytes_text("GET /kept HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_int_equal(step.event, HTTP_STEP_HEAD);
    assert_false(http_decoder_is_idle(decoder));
    assert_int_equal(http_decoder_feed(decoder, bytes_text("")).event, HTTP_STEP_END);
    assert_int_equal(http_decoder_feed(decoder, bytes_of(NULL, 0)).event, HTTP_STEP_MORE);
    assert_true(http_decoder_is_idle(decoder));
    assert_true(http_text_equal(http_decoder_request(decoder)->segments[0], "kept"));
    assert_int_equal(http_decoder_feed(decoder, bytes_text("G")).event, HTTP_STEP_MORE);
    assert_int_equal(http_decoder_request(decoder)->segment_count, 0);
    assert_false(http_decoder_is_idle(decoder));
    http_decoder_destroy(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_get),
        cmocka_unit_test(forms_of_targets),
        cmocka_unit_test(connections_go_on_or_not),
        cmocka_unit_test(bodies),
        cmocka_unit_test(requests_follow_each_other),
        cmocka_unit_test(an_upgrade_leaves_the_rest),
        cmocka_unit_test(gzip_bodies_are_inflated),
        cmocka_unit_test(gzip_members_may_follow_each_other),
        cmocka_unit_test(a_body_of_many_chunks),
        cmocka_unit_test(the_request_holds_until_the_next),
    };
    return cmocka_run_group_tests_name("http decoder", tests, NULL, NULL);
}
