/* What is refused, and why: the shapes by which requests are smuggled, heads that are none, and
 * each limit at both of its sides. Each stream is cut at every place and must be refused at the
 * same byte. */
#include "wire/http/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

static struct transcript whole, cut;

static struct http_decoder *decoder_of(const struct http_limits *limits)
{
    struct http_decoder *decoder;
    assert_int_equal(http_decoder_create(limits, &decoder), OK);
    return decoder;
}

static void expect_fault(const struct http_limits *limits, struct bytes stream,
                         enum http_fault fault)
{
    struct http_decoder *decoder = decoder_of(limits);
    size_t stride = stream.size > 1000 ? 97 : 1;
    transcript_start(&whole, decoder);
    bool more = transcript_feed(&whole, decoder, stream);
    if (whole.fault != fault)
        print_error("%.*s\n-> %s\n", (int)stream.size, (const char *)stream.at, whole.text);
    assert_int_equal(whole.fault, fault);
    assert_int_equal(more, fault == HTTP_FAULT_NONE);
    if (fault) { /* and nothing is taken afterwards */
        struct http_step step = http_decoder_feed(decoder, bytes_text("GET / HTTP/1.1\r\n"));
        assert_int_equal(step.event, HTTP_STEP_FAULT);
        assert_int_equal(step.fault, fault);
        assert_int_equal(step.used, 0);
        const struct http_request *request = http_decoder_request(decoder);
        assert_false(request->keep_alive);
        /* Half a request is none. */
        assert_true(strstr(whole.text, "head ") ||
                    (request->header_count == 0 && request->segment_count == 0));
    }
    for (size_t at = 0; at <= stream.size; at += stride) {
        transcript_start(&cut, decoder);
        (void)(transcript_feed(&cut, decoder, bytes_of(stream.at, at)) &&
               transcript_feed(&cut, decoder, bytes_of(stream.at + at, stream.size - at)));
        assert_string_equal(cut.text, whole.text);
    }
    http_decoder_destroy(decoder);
}

static void expect(const char *stream, enum http_fault fault)
{
    struct http_limits limits = http_limits_default();
    expect_fault(&limits, bytes_text(stream), fault);
}

/* A request line that is right, and these lines. */
static void expect_lines(const char *lines, enum http_fault fault)
{
    char stream[1024];
    (void)snprintf(stream, sizeof stream, "POST /p HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
    expect(stream, fault);
}

static const struct {
    const char *line;
    enum http_fault fault;
} REQUEST_LINES[] = {
    {"GET / HTTP/1.1", HTTP_FAULT_NONE},
    {"GET /", HTTP_FAULT_REQUEST_LINE}, /* HTTP/0.9 */
    {"GET", HTTP_FAULT_REQUEST_LINE},
    {"GET  / HTTP/1.1", HTTP_FAULT_REQUEST_LINE},
    {"GET /  HTTP/1.1", HTTP_FAULT_REQUEST_LINE},
    {"GET / HTTP/1.1 ", HTTP_FAULT_REQUEST_LINE},
    {" GET / HTTP/1.1", HTTP_FAULT_REQUEST_LINE},
    {"GET\t/ HTTP/1.1", HTTP_FAULT_REQUEST_LINE},
    {"GET / HTTP/1.1\t", HTTP_FAULT_REQUEST_LINE},
    {"GET / a HTTP/1.1", HTTP_FAULT_REQUEST_LINE},
    {"GET / http/1.1", HTTP_FAULT_REQUEST_LINE},
    {"GET / HTTP/1", HTTP_FAULT_REQUEST_LINE},
    {"GET / HTTP/1.10", HTTP_FAULT_REQUEST_LINE},
    {"GET / HTTP/11.1", HTTP_FAULT_REQUEST_LINE},
    {"GET / HTTP/1.x", HTTP_FAULT_REQUEST_LINE},
    {"GET / HTTP-1.1", HTTP_FAULT_REQUEST_LINE},
    {"G(T / HTTP/1.1", HTTP_FAULT_REQUEST_LINE},
    {"GET / HTTP/2.0", HTTP_FAULT_VERSION},
    {"PRI * HTTP/2.0", HTTP_FAULT_VERSION},
    {"GET / HTTP/0.9", HTTP_FAULT_VERSION},
    {"GET / HTTP/1.2", HTTP_FAULT_NONE},
    {"get / HTTP/1.1", HTTP_FAULT_METHOD},
    {"TRACE / HTTP/1.1", HTTP_FAULT_METHOD},
    {"CONNECT a:80 HTTP/1.1", HTTP_FAULT_METHOD},
    {"PROPFIND / HTTP/1.1", HTTP_FAULT_METHOD},
    {"GETS / HTTP/1.1", HTTP_FAULT_METHOD},
    {"GET a HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET a:80 HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET * HTTP/1.1", HTTP_FAULT_TARGET},
    {"OPTIONS ** HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET ftp://a/ HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET http:// HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET http:///x HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET http://u@a/ HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET http://a:x/ HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET http://a:65536/ HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET http://a:65535/ HTTP/1.1", HTTP_FAULT_NONE},
    {"GET https://[fe80::1] HTTP/1.1", HTTP_FAULT_NONE},
    {"GET https://[fe80::1 HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET /#f HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET /?#f HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET /a\\b HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET /<b> HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET /\xC3\xA9 HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET /?\xC3\xA9 HTTP/1.1", HTTP_FAULT_TARGET},
    {"GET /% HTTP/1.1", HTTP_FAULT_ESCAPE},
    {"GET /%2 HTTP/1.1", HTTP_FAULT_ESCAPE},
    {"GET /%2g HTTP/1.1", HTTP_FAULT_ESCAPE},
    {"GET /%00 HTTP/1.1", HTTP_FAULT_ESCAPE},
    {"GET /%ff HTTP/1.1", HTTP_FAULT_ESCAPE},
    {"GET /%ed%a0%80 HTTP/1.1", HTTP_FAULT_ESCAPE},
    {"GET /%c0%af HTTP/1.1", HTTP_FAULT_ESCAPE}, /* an overlong slash */
    {"GET /?a=%zz HTTP/1.1", HTTP_FAULT_ESCAPE},
    {"GET /?a=%00 HTTP/1.1", HTTP_FAULT_ESCAPE},
    {"GET /?a=%fe HTTP/1.1", HTTP_FAULT_ESCAPE},
    {"GET /. HTTP/1.1", HTTP_FAULT_DOTS},
    {"GET /a/../b HTTP/1.1", HTTP_FAULT_DOTS},
    {"GET /a/%2e%2E/b HTTP/1.1", HTTP_FAULT_DOTS},
    {"GET /a/.%2e HTTP/1.1", HTTP_FAULT_DOTS},
    {"GET /a/.../..b HTTP/1.1", HTTP_FAULT_NONE},
    {"GET /a/..%2Fb HTTP/1.1", HTTP_FAULT_NONE}, /* one segment, which is no step upwards */
};

static void request_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(REQUEST_LINES); i++) {
        char stream[200];
        (void)snprintf(stream, sizeof stream, "%s\r\nHost: a\r\n\r\n", REQUEST_LINES[i].line);
        expect(stream, REQUEST_LINES[i].fault);
    }
}

static void line_ends_and_controls(void **state)
{
    (void)state;
    struct http_limits limits = http_limits_default();
    expect("GET / HTTP/1.1\nHost: a\n\n", HTTP_FAULT_LINE_END);
    expect("GET / HTTP/1.1\r\nHost: a\n\r\n", HTTP_FAULT_LINE_END);
    expect("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", HTTP_FAULT_LINE_END);
    expect("GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", HTTP_FAULT_LINE_END);
    expect("GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n", HTTP_FAULT_LINE_END);
    expect("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_FAULT_LINE_END);
    expect("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_FAULT_REQUEST_LINE);
    expect("\x16\x03\x01", HTTP_FAULT_CONTROL); /* TLS where none is spoken */
    expect("GET /\x7f HTTP/1.1\r\n", HTTP_FAULT_CONTROL);
    expect_lines("X: a\x01z\r\n", HTTP_FAULT_CONTROL);
    expect_lines("X: a\tz\xff\r\n", HTTP_FAULT_NONE);
    static const char NUL[] = "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n";
    expect_fault(&limits, bytes_of(NUL, sizeof NUL - 1), HTTP_FAULT_CONTROL);
}

static void field_lines(void **state)
{
    (void)state;
    expect_lines("X : y\r\n", HTTP_FAULT_FIELD_NAME);
    expect_lines("X\t: y\r\n", HTTP_FAULT_FIELD_NAME);
    expect_lines(": y\r\n", HTTP_FAULT_FIELD_NAME);
    expect_lines("X\r\n", HTTP_FAULT_FIELD_NAME);
    expect_lines("X y: z\r\n", HTTP_FAULT_FIELD_NAME);
    expect_lines("X\xe9: z\r\n", HTTP_FAULT_FIELD_NAME);
    expect_lines("X(: z\r\n", HTTP_FAULT_FIELD_NAME);
    expect_lines("X: y\r\n z\r\n", HTTP_FAULT_FOLDED);
    expect_lines("X: y\r\n\tz\r\n", HTTP_FAULT_FOLDED);
    expect("GET / HTTP/1.1\r\n Host: a\r\n\r\n", HTTP_FAULT_FOLDED);
    expect_lines("!#$%&'*+-.^_`|~09Az:y\r\n", HTTP_FAULT_NONE);
}

static void hosts(void **state)
{
    (void)state;
    expect("GET / HTTP/1.1\r\n\r\n", HTTP_FAULT_HOST);
    expect("GET http://a/ HTTP/1.1\r\n\r\n", HTTP_FAULT_HOST);
    expect("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", HTTP_FAULT_HOST);
    expect("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", HTTP_FAULT_HOST);
    expect("GET / HTTP/1.1\r\nHost:\r\n\r\n", HTTP_FAULT_HOST);
    expect("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", HTTP_FAULT_HOST);
    expect("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", HTTP_FAULT_HOST);
    expect("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", HTTP_FAULT_HOST);
    expect("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", HTTP_FAULT_HOST);
    expect("GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", HTTP_FAULT_HOST);
    expect("GET / HTTP/1.1\r\nHost: a:\r\n\r\n", HTTP_FAULT_NONE);
    expect("GET / HTTP/1.1\r\nHost: 127.0.0.1:65535\r\n\r\n", HTTP_FAULT_NONE);
}

/* CL.TE, TE.CL, TE.TE: who reads the length and who the chunks must never be a question. */
static void framing_is_never_ambiguous(void **state)
{
    (void)state;
    expect_lines("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                 HTTP_FAULT_LENGTH_AND_CODING);
    expect_lines("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
                 HTTP_FAULT_LENGTH_AND_CODING);
    expect_lines("Content-Length: 0\r\nTransfer-Encoding: xchunked\r\n",
                 HTTP_FAULT_LENGTH_AND_CODING);
    expect_lines("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
                 HTTP_FAULT_CODING_FRAMING);
    expect_lines("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n",
                 HTTP_FAULT_CODING_FRAMING);
    expect_lines("Transfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n",
                 HTTP_FAULT_CODING_FRAMING);
    expect("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_FAULT_CODING_FRAMING);
}

static void codings_are_chunked_or_nothing(void **state)
{
    (void)state;
    static const char *const CODINGS[] = {
        "xchunked",
        "chunkedx",
        "chunked, identity",
        "identity, chunked",
        "identity",
        "gzip, chunked",
        "\"chunked\"",
        "chunked;x=1",
        "chunked,",
        ",chunked",
        "",
        "x",
        "chun ked",
        "\240chunked",
    };
    for (size_t i = 0; i < ARRAY_COUNT(CODINGS); i++) {
        char lines[100];
        (void)snprintf(lines, sizeof lines, "Transfer-Encoding: %s\r\n", CODINGS[i]);
        expect_lines(lines, HTTP_FAULT_CODING);
    }
    expect_lines("Transfer-Encoding: \x0b"
                 "chunked\r\n",
                 HTTP_FAULT_CONTROL);
    expect_lines("Transfer-Encoding : chunked\r\n", HTTP_FAULT_FIELD_NAME);
    expect_lines(" Transfer-Encoding: chunked\r\n", HTTP_FAULT_FOLDED);
    expect_lines("X: y\nTransfer-Encoding: chunked\r\n", HTTP_FAULT_LINE_END);
    expect_lines("Transfer-Encoding:\r\n chunked\r\n", HTTP_FAULT_FOLDED);
}

static void lengths_are_digits_once(void **state)
{
    (void)state;
    static const char *const LENGTHS[] = {"",    "-1", "+1", "1 1", "1,1",  "1, 1",
                                          "0x1", "1.", "a",  "1a",  "\"1\""};
    for (size_t i = 0; i < ARRAY_COUNT(LENGTHS); i++) {
        char lines[100];
        (void)snprintf(lines, sizeof lines, "Content-Length: %s\r\n", LENGTHS[i]);
        expect_lines(lines, HTTP_FAULT_LENGTH);
    }
    expect_lines("Content-Length: 0\r\nContent-Length: 0\r\n", HTTP_FAULT_LENGTH);
    expect_lines("Content-Length: 0\r\nContent-Length: 1\r\n", HTTP_FAULT_LENGTH);
    expect_lines("Content-Length: 18446744073709551616\r\n", HTTP_FAULT_BODY_LONG);
    expect_lines("Content-Length: 18446744073709551615\r\n", HTTP_FAULT_BODY_LONG);
    expect_lines("Content-Length: 000\r\n", HTTP_FAULT_NONE);
    expect("POST / HTTP/1.0\r\n\r\n", HTTP_FAULT_NO_LENGTH);
    expect("POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n", HTTP_FAULT_NONE);
    expect("POST / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_FAULT_NONE);
}

static void chunks(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum http_fault fault;
    } ROWS[] = {
        {"1\r\nx\r\n0\r\n\r\n", HTTP_FAULT_NONE},
        {"1\nx\r\n0\r\n\r\n", HTTP_FAULT_CHUNK},
        {"1\r\nx\n0\r\n\r\n", HTTP_FAULT_CHUNK},
        {"1\r\nxy\r\n0\r\n\r\n", HTTP_FAULT_CHUNK},
        {"1\r\nx0\r\n\r\n", HTTP_FAULT_CHUNK},
        {"1\r\nx\rz0\r\n\r\n", HTTP_FAULT_CHUNK},
        {"\r\n", HTTP_FAULT_CHUNK},
        {"g\r\n", HTTP_FAULT_CHUNK},
        {"-1\r\n", HTTP_FAULT_CHUNK},
        {"+1\r\n", HTTP_FAULT_CHUNK},
        {"0x1\r\n", HTTP_FAULT_CHUNK},
        {" 1\r\n", HTTP_FAULT_CHUNK},
        {"1 \r\n", HTTP_FAULT_CHUNK},
        {"1 1\r\n", HTTP_FAULT_CHUNK},
        {"1;a=b\r\nx\r\n0;c\r\n\r\n", HTTP_FAULT_NONE},
        {"1 ;a=b\r\nx\r\n0\r\n\r\n", HTTP_FAULT_NONE},
        {"1;a\rb\r\nx\r\n0\r\n\r\n", HTTP_FAULT_CHUNK},
        {"1;a\nb\r\nx\r\n0\r\n\r\n", HTTP_FAULT_CHUNK},
        {"1;\x01\r\nx\r\n0\r\n\r\n", HTTP_FAULT_CHUNK},
        {"00000000000000001\r\n", HTTP_FAULT_CHUNK}, /* 17 digits */
        {"0000000000000001\r\nx\r\n0\r\n\r\n", HTTP_FAULT_NONE},
        {"ffffffffffffffff\r\n", HTTP_FAULT_BODY_LONG},
        {"10000000000000000\r\n", HTTP_FAULT_CHUNK},
        {"0\r\nX: y\r\nZ: w\r\n\r\n", HTTP_FAULT_NONE},
        {"0\r\nX : y\r\n\r\n", HTTP_FAULT_FIELD_NAME},
        {"0\r\n X: y\r\n\r\n", HTTP_FAULT_FOLDED},
        {"0\r\nX: y\n\r\n", HTTP_FAULT_CHUNK},
        {"0\r\nContent-Length: 5\r\n\r\n", HTTP_FAULT_CHUNK},
        {"0\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_FAULT_CHUNK},
    };
    for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
        char stream[200];
        (void)snprintf(stream, sizeof stream,
                       "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%s",
                       ROWS[i].body);
        expect(stream, ROWS[i].fault);
    }
}

static void expectations_and_encodings(void **state)
{
    (void)state;
    expect_lines("Expect: 100-continue\r\n", HTTP_FAULT_NONE);
    expect_lines("Expect: 200-ok\r\n", HTTP_FAULT_EXPECT);
    expect_lines("Expect:\r\n", HTTP_FAULT_EXPECT);
    expect_lines("Expect: 100-continue\r\nExpect: 100-continue\r\n", HTTP_FAULT_EXPECT);
    expect_lines("Content-Encoding: identity\r\n", HTTP_FAULT_NONE);
    expect_lines("Content-Encoding: br\r\n", HTTP_FAULT_ENCODING);
    expect_lines("Content-Encoding: gzip, gzip\r\n", HTTP_FAULT_ENCODING);
    expect_lines("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", HTTP_FAULT_ENCODING);
    expect_lines("Content-Encoding: gzip\r\n", HTTP_FAULT_NONE); /* of no body */
}

/* ---- limits ---- */
static char stream[70000];
static char *repeat(char *at, char letter, size_t count)
{
    memset(at, letter, count);
    at[count] = 0;
    return at + count;
}

static void limit_of_the_target(void **state)
{
    (void)state;
    struct http_limits limits = http_limits_default();
    limits.target_bytes = 50;
    for (size_t size = 50; size <= 51; size++) {
        char *at = stpcpy(stream, "GET /");
        at = stpcpy(repeat(at, 'a', size - 1), " HTTP/1.1\r\nHost: a\r\n\r\n");
        expect_fault(&limits, bytes_text(stream),
                     size == 50 ? HTTP_FAULT_NONE : HTTP_FAULT_TARGET_LONG);
    }
    repeat(stream, 'G', 93); /* no target in sight: 50 + 42 */
    expect_fault(&limits, bytes_text(stream), HTTP_FAULT_TARGET_LONG);
    stream[92] = 0;
    expect_fault(&limits, bytes_text(stream), HTTP_FAULT_NONE);
    for (size_t count = HTTP_SEGMENTS_MAX; count <= HTTP_SEGMENTS_MAX + 1; count++) {
        char *at = stpcpy(stream, "GET ");
        limits.target_bytes = 500;
        for (size_t i = 0; i < count; i++)
            at = stpcpy(at, "/a");
        (void)stpcpy(at, " HTTP/1.1\r\nHost: a\r\n\r\n");
        expect_fault(&limits, bytes_text(stream),
                     count == HTTP_SEGMENTS_MAX ? HTTP_FAULT_NONE : HTTP_FAULT_SEGMENTS);
    }
}

static void limits_of_the_head(void **state)
{
    (void)state;
    struct http_limits limits = http_limits_default();
    limits.line_bytes = 40;
    for (size_t size = 40; size <= 41; size++) {
        char *at = stpcpy(stream, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
        (void)stpcpy(repeat(at, 'a', size - 3), "\r\n\r\n");
        expect_fault(&limits, bytes_text(stream),
                     size == 40 ? HTTP_FAULT_NONE : HTTP_FAULT_LINE_LONG);
    }
    limits = http_limits_default();
    limits.headers = 5;
    for (size_t count = 5; count <= 6; count++) {
        char *at = stpcpy(stream, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (size_t i = 1; i < count; i++)
            at = stpcpy(at, "X: y\r\n");
        (void)stpcpy(at, "\r\n");
        expect_fault(&limits, bytes_text(stream),
                     count == 5 ? HTTP_FAULT_NONE : HTTP_FAULT_HEADERS);
    }
    limits = http_limits_default();
    for (size_t size = 16384; size <= 16385; size++) {
        char *at = stpcpy(stream, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
        at = stpcpy(repeat(at, 'a', 8000), "\r\nY: ");
        size_t rest = size - (size_t)(at - stream) - 4;
        (void)stpcpy(repeat(at, 'a', rest < 8000 ? rest : 8000), "");
        at += rest < 8000 ? rest : 8000;
        if (rest > 8000)
            at = repeat(stpcpy(at, "\r\nZ: "), 'a', rest - 8005);
        (void)stpcpy(at, "\r\n\r\n");
        assert_int_equal(strlen(stream), size);
        expect_fault(&limits, bytes_text(stream),
                     size == 16384 ? HTTP_FAULT_NONE : HTTP_FAULT_HEAD_LONG);
    }
}

static void limits_of_bodies(void **state)
{
    (void)state;
    struct http_limits limits = http_limits_default();
    limits.body_bytes = 10;
    expect_fault(&limits,
                 bytes_text("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789"),
                 HTTP_FAULT_NONE);
    expect_fault(&limits, bytes_text("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"),
                 HTTP_FAULT_BODY_LONG);
    expect_fault(&limits,
                 bytes_text("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "7\r\n0123456\r\n3\r\n789\r\n0\r\n\r\n"),
                 HTTP_FAULT_NONE);
    expect_fault(&limits,
                 bytes_text("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "7\r\n0123456\r\n4\r\n"),
                 HTTP_FAULT_BODY_LONG);
}

static void limits_of_chunk_lines(void **state)
{
    (void)state;
    struct http_limits limits = http_limits_default();
    for (size_t size = HTTP_CHUNK_LINE_MAX; size <= HTTP_CHUNK_LINE_MAX + 1; size++) {
        bool fits = size == HTTP_CHUNK_LINE_MAX;
        char *at =
            stpcpy(stream, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0;");
        (void)stpcpy(repeat(at, 'e', size - 2), "\r\n\r\n");
        expect_fault(&limits, bytes_text(stream), fits ? HTTP_FAULT_NONE : HTTP_FAULT_CHUNK);
        at = stpcpy(stream,
                    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX:");
        (void)stpcpy(repeat(at, 'e', size - 2), "\r\n\r\n");
        expect_fault(&limits, bytes_text(stream), fits ? HTTP_FAULT_NONE : HTTP_FAULT_LINE_LONG);
    }
    for (size_t count = 16; count <= 17; count++) { /* 16 lines of 1,024 bytes are allowed */
        char *at =
            stpcpy(stream, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (size_t i = 0; i < count; i++)
            at = stpcpy(repeat(stpcpy(at, "1;"), 'e', 1022), "\r\nx\r\n");
        (void)stpcpy(at, "0\r\n\r\n");
        expect_fault(&limits, bytes_text(stream), count == 16 ? HTTP_FAULT_NONE : HTTP_FAULT_CHUNK);
    }
    for (size_t count = 8; count <= 9; count++) { /* trailer lines of 1,022 and CR LF */
        char *at =
            stpcpy(stream, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
        for (size_t i = 0; i < count; i++)
            at = stpcpy(repeat(stpcpy(at, "X:"), 'e', i == 0 ? 1018 : 1020), "\r\n");
        (void)stpcpy(at, "\r\n");
        expect_fault(&limits, bytes_text(stream),
                     count == 8 ? HTTP_FAULT_NONE : HTTP_FAULT_LINE_LONG);
    }
}

static void a_bomb_is_not_inflated(void **state)
{
    (void)state;
    static uint8_t zeros[200000], packed[4000], request[5000];
    struct http_limits limits = http_limits_default();
    size_t size = http_gzip_bytes(bytes_of(zeros, sizeof zeros), 9, packed, sizeof packed);
    size_t used = (size_t)snprintf((char *)request, sizeof request,
                                   "PUT / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n"
                                   "Content-Length: %zu\r\n\r\n",
                                   size);
    memcpy(request + used, packed, size);
    for (size_t under = 0; under <= 1; under++) {
        limits.inflated_bytes = sizeof zeros - under;
        expect_fault(&limits, bytes_of(request, used + size),
                     under ? HTTP_FAULT_INFLATED_LONG : HTTP_FAULT_NONE);
    }
}

static void routes_have_limits_of_their_own(void **state)
{
    (void)state;
    struct http_limits limits = http_limits_default();
    struct http_decoder *decoder = decoder_of(&limits);
    struct bytes head = bytes_text("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
    assert_int_equal(http_decoder_feed(decoder, head).event, HTTP_STEP_HEAD);
    assert_true(http_decoder_limit_body(decoder, 10, 10));
    assert_false(http_decoder_limit_body(decoder, 9, 10));
    http_decoder_reset(decoder);
    head = bytes_text("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_int_equal(http_decoder_feed(decoder, head).event, HTTP_STEP_HEAD);
    assert_true(http_decoder_limit_body(decoder, 9, 9));
    struct http_step step = http_decoder_feed(decoder, bytes_text("a\r\n"));
    assert_int_equal(step.event, HTTP_STEP_FAULT);
    assert_int_equal(step.fault, HTTP_FAULT_BODY_LONG);
    http_decoder_destroy(decoder);
}

static void decoders_of_nonsense_are_not_made(void **state)
{
    (void)state;
    struct http_decoder *decoder = NULL;
    struct http_limits limits = http_limits_default();
    limits.head_bytes = HTTP_HEAD_MAX + 1;
    assert_int_equal(http_decoder_create(&limits, &decoder), ERR_INVALID);
    limits.head_bytes = 0;
    assert_int_equal(http_decoder_create(&limits, &decoder), ERR_INVALID);
    limits.head_bytes = HTTP_HEAD_MAX;
    assert_int_equal(http_decoder_create(&limits, &decoder), OK);
    http_decoder_destroy(decoder);
    http_decoder_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_lines),
        cmocka_unit_test(line_ends_and_controls),
        cmocka_unit_test(field_lines),
        cmocka_unit_test(hosts),
        cmocka_unit_test(framing_is_never_ambiguous),
        cmocka_unit_test(codings_are_chunked_or_nothing),
        cmocka_unit_test(lengths_are_digits_once),
        cmocka_unit_test(chunks),
        cmocka_unit_test(expectations_and_encodings),
        cmocka_unit_test(limit_of_the_target),
        cmocka_unit_test(limits_of_the_head),
        cmocka_unit_test(limits_of_bodies),
        cmocka_unit_test(limits_of_chunk_lines),
        cmocka_unit_test(a_bomb_is_not_inflated),
        cmocka_unit_test(routes_have_limits_of_their_own),
        cmocka_unit_test(decoders_of_nonsense_are_not_made),
    };
    return cmocka_run_group_tests_name("http refusals", tests, NULL, NULL);
}
