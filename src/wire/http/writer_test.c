/* Answers: heads that say how the body comes, chunks, gzip and problems. */
#include "wire/http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
static const struct http_request GET = {.verb = HTTP_VERB_GET, .minor = 1, .keep_alive = true};
static const struct http_request HEAD = {.verb = HTTP_VERB_HEAD, .minor = 1, .keep_alive = true};
static const struct http_request LAST = {.verb = HTTP_VERB_GET, .minor = 1};
static const struct http_request OLD = {.verb = HTTP_VERB_GET, .minor = 0};
static const struct http_request OLD_KEPT = {.verb = HTTP_VERB_GET, .minor = 0, .keep_alive = true};

static void heads(void **state)
{
    (void)state;
    static const struct {
        const struct http_request *request;
        unsigned status;
        enum http_body body;
        uint64_t length;
        const char *wanted;
        enum http_framing framing;
    } ROWS[] = {
        {&GET, 200, HTTP_BODY_SIZED, 5, "200 OK\r\n" DATE "X: y\r\nContent-Length: 5\r\n\r\n",
         HTTP_FRAMING_LENGTH},
        {&GET, 200, HTTP_BODY_SIZED, 0, "200 OK\r\n" DATE "X: y\r\nContent-Length: 0\r\n\r\n",
         HTTP_FRAMING_NONE},
        {&GET, 404, HTTP_BODY_NONE, 0, "404 Not Found\r\n" DATE "X: y\r\nContent-Length: 0\r\n\r\n",
         HTTP_FRAMING_NONE},
        {&GET, 204, HTTP_BODY_NONE, 0, "204 No Content\r\n" DATE "X: y\r\n\r\n", HTTP_FRAMING_NONE},
        {&GET, 304, HTTP_BODY_SIZED, 5, "304 Not Modified\r\n" DATE "X: y\r\n\r\n",
         HTTP_FRAMING_NONE},
        {&GET, 200, HTTP_BODY_STREAM, 0,
         "200 OK\r\n" DATE "X: y\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_FRAMING_CHUNKED},
        {&HEAD, 200, HTTP_BODY_SIZED, 5, "200 OK\r\n" DATE "X: y\r\nContent-Length: 5\r\n\r\n",
         HTTP_FRAMING_NONE},
        {&HEAD, 200, HTTP_BODY_STREAM, 0,
         "200 OK\r\n" DATE "X: y\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_FRAMING_NONE},
        {&LAST, 200, HTTP_BODY_SIZED, 18446744073709551615u,
         "200 OK\r\n" DATE
         "X: y\r\nContent-Length: 18446744073709551615\r\nConnection: close\r\n\r\n",
         HTTP_FRAMING_LENGTH},
        {&OLD, 200, HTTP_BODY_SIZED, 5,
         "200 OK\r\n" DATE "X: y\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
         HTTP_FRAMING_LENGTH},
        {&OLD_KEPT, 200, HTTP_BODY_SIZED, 5,
         "200 OK\r\n" DATE "X: y\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n",
         HTTP_FRAMING_LENGTH},
        {&OLD_KEPT, 200, HTTP_BODY_STREAM, 0, "200 OK\r\n" DATE "X: y\r\nConnection: close\r\n\r\n",
         HTTP_FRAMING_CLOSE},
        {NULL, 400, HTTP_BODY_NONE, 0,
         "400 Bad Request\r\n" DATE "X: y\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
         HTTP_FRAMING_NONE},
        {&GET, 101, HTTP_BODY_NONE, 0,
         "101 Switching Protocols\r\n" DATE "X: y\r\nConnection: Upgrade\r\n\r\n",
         HTTP_FRAMING_NONE},
        {&GET, 426, HTTP_BODY_NONE, 0,
         "426 Upgrade Required\r\n" DATE "X: y\r\nContent-Length: 0\r\nConnection: Upgrade\r\n\r\n",
         HTTP_FRAMING_NONE},
        {&LAST, 426, HTTP_BODY_NONE, 0,
         "426 Upgrade Required\r\n" DATE
         "X: y\r\nContent-Length: 0\r\nConnection: close, Upgrade\r\n\r\n",
         HTTP_FRAMING_NONE},
        {&GET, 299, HTTP_BODY_NONE, 0, "299 Unknown\r\n" DATE "X: y\r\nContent-Length: 0\r\n\r\n",
         HTTP_FRAMING_NONE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
        char wanted[300];
        uint8_t out[300];
        struct http_writer writer;
        enum http_framing framing = HTTP_FRAMING_CLOSE;
        size_t size = (size_t)snprintf(wanted, sizeof wanted, "HTTP/1.1 %s", ROWS[i].wanted);
        /* It fits exactly, and in nothing smaller. */
        for (size_t capacity = 0; capacity <= size; capacity++) {
            http_writer_start(&writer, out, capacity, ROWS[i].request, ROWS[i].status, 784111777);
            http_writer_header_text(&writer, "X", "y");
            assert_int_equal(http_writer_end(&writer, ROWS[i].body, ROWS[i].length, &framing),
                             capacity < size ? ERR_LIMIT : OK);
        }
        assert_int_equal(writer.used, size);
        assert_memory_equal(out, wanted, size);
        assert_int_equal(framing, ROWS[i].framing);
        assert_int_equal(writer.closes, strstr(wanted, "Connection: close") != NULL);
    }
}

static enum err header_of(const char *name, struct bytes value)
{
    uint8_t out[300];
    struct http_writer writer;
    enum http_framing framing;
    http_writer_start(&writer, out, sizeof out, &GET, 200, 0);
    http_writer_header(&writer, name, value);
    return http_writer_end(&writer, HTTP_BODY_NONE, 0, &framing);
}

static void no_line_is_smuggled_in(void **state)
{
    (void)state;
    assert_int_equal(header_of("Location", bytes_text("/a\tb \xC3\xA9")), OK);
    assert_int_equal(header_of("X-Empty", bytes_text("")), OK);
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t value[3] = {'a', (uint8_t)byte, 'b'};
        char name[3] = {'a', (char)byte, 0};
        bool control = (byte < 0x20 && byte != '\t') || byte == 0x7F;
        bool token = strchr("!#$%&'*+-.^_`|~", (int)byte) || (byte >= '0' && byte <= '9') ||
                     (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == 0;
        assert_int_equal(header_of("X", bytes_of(value, 3)), control ? ERR_INVALID : OK);
        assert_int_equal(header_of(name, bytes_text("")), token ? OK : ERR_INVALID);
    }
    static const char *const OURS[] = {"content-length", "Transfer-Encoding", "CONNECTION", "Date",
                                       ""};
    for (size_t i = 0; i < ARRAY_COUNT(OURS); i++)
        assert_int_equal(header_of(OURS[i], bytes_text("1")), ERR_INVALID);
}

static void headers_of_numbers_and_a_close(void **state)
{
    (void)state;
    uint8_t out[300];
    struct http_writer writer;
    enum http_framing framing;
    http_writer_start(&writer, out, sizeof out - 1, &GET, 200, 784111777);
    http_writer_header_number(&writer, "Age", 0);
    http_writer_header_number(&writer, "Big", UINT64_MAX);
    http_writer_close(&writer);
    assert_int_equal(http_writer_end(&writer, HTTP_BODY_NONE, 0, &framing), OK);
    out[writer.used] = 0;
    assert_string_equal((char *)out,
                        "HTTP/1.1 200 OK\r\n" DATE "Age: 0\r\nBig: 18446744073709551615\r\n"
                        "Content-Length: 0\r\nConnection: close\r\n\r\n");
    http_writer_start(&writer, out, sizeof out, &GET, 99, 0);
    assert_int_equal(http_writer_end(&writer, HTTP_BODY_NONE, 0, &framing), ERR_INVALID);
}

static void chunks(void **state)
{
    (void)state;
    uint8_t out[400], data[300];
    memset(data, 'x', sizeof data);
    assert_int_equal(http_chunk_put(out, sizeof out, bytes_text("hello")), 10);
    assert_memory_equal(out, "5\r\nhello\r\n", 10);
    assert_int_equal(http_chunk_put(out, 9, bytes_text("hello")), 0);
    assert_int_equal(http_chunk_put(out, 10, bytes_text("hello")), 10);
    assert_int_equal(http_chunk_put(out, sizeof out, bytes_text("")), 0);
    assert_int_equal(http_chunk_put(out, sizeof out, bytes_of(data, 300)), 307);
    assert_memory_equal(out, "12c\r\nxxx", 8);
    assert_int_equal(http_chunk_head_put(out, 0), 3);
    assert_memory_equal(out, "0\r\n", 3);
    assert_int_equal(http_chunk_head_put(out, UINT64_MAX), HTTP_CHUNK_EXTRA - 2);
    assert_memory_equal(out, "ffffffffffffffff\r\n", 18);
}

/* ---- gzip ---- */
static size_t gunzip(struct bytes packed, uint8_t *out, size_t capacity)
{
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    uint8_t *copy = malloc(packed.size + 1);
    assert_non_null(copy);
    memcpy(copy, packed.at, packed.size);
    assert_int_equal(inflateInit2(&stream, 31), Z_OK);
    stream.next_in = copy;
    stream.avail_in = (uInt)packed.size;
    stream.next_out = out;
    stream.avail_out = (uInt)capacity;
    (void)inflate(&stream, Z_SYNC_FLUSH);
    size_t size = capacity - stream.avail_out;
    (void)inflateEnd(&stream);
    free(copy);
    return size;
}

static void gzip_in_any_pieces(void **state)
{
    (void)state;
    static uint8_t text[20000], packed[20000], back[20001];
    struct http_gzip *gzip;
    assert_int_equal(http_gzip_create(0, &gzip), ERR_INVALID);
    assert_int_equal(http_gzip_create(10, &gzip), ERR_INVALID);
    assert_int_equal(http_gzip_create(6, &gzip), OK);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)('a' + i * i % 23);
    for (size_t piece = 1; piece <= sizeof text; piece = piece * 3 + 1) {
        size_t used = 0, written = 0;
        struct http_gzip_step step = {0, 0, false};
        while (!step.done || used < sizeof text) {
            size_t in = sizeof text - used < piece ? sizeof text - used : piece;
            size_t room = sizeof packed - written < piece ? sizeof packed - written : piece;
            step = http_gzip_put(gzip, bytes_of(text + used, in), packed + written, room,
                                 used + in == sizeof text ? HTTP_GZIP_FINISH : HTTP_GZIP_GATHER);
            used += step.used;
            written += step.written;
            assert_true(written < sizeof packed);
        }
        assert_int_equal(gunzip(bytes_of(packed, written), back, sizeof back), sizeof text);
        assert_memory_equal(back, text, sizeof text);
        http_gzip_reset(gzip);
    }
    http_gzip_destroy(gzip);
    http_gzip_destroy(NULL);
}

static void gzip_flushes_for_readers_who_wait(void **state)
{
    (void)state;
    uint8_t packed[200], back[200];
    struct http_gzip *gzip;
    assert_int_equal(http_gzip_create(1, &gzip), OK);
    struct http_gzip_step step =
        http_gzip_put(gzip, bytes_text("data: 1\n\n"), packed, sizeof packed, HTTP_GZIP_FLUSH);
    assert_true(step.done);
    assert_int_equal(gunzip(bytes_of(packed, step.written), back, sizeof back), 9);
    assert_memory_equal(back, "data: 1\n\n", 9);
    http_gzip_destroy(gzip);
}

static void gzip_at_once(void **state)
{
    (void)state;
    uint8_t packed[200], back[200];
    struct bytes text = bytes_text("hello hello hello hello hello hello");
    size_t size = http_gzip_bytes(text, 9, packed, sizeof packed);
    assert_true(size > 0 && size < text.size);
    assert_int_equal(gunzip(bytes_of(packed, size), back, sizeof back), text.size);
    assert_int_equal(http_gzip_bytes(text, 9, packed, size), size);
    assert_int_equal(http_gzip_bytes(text, 9, packed, size - 1), 0);
    assert_int_equal(http_gzip_bytes(text, 0, packed, sizeof packed), 0);
    size = http_gzip_bytes(bytes_of(NULL, 0), 9, packed, sizeof packed);
    assert_true(size > 0);
    assert_int_equal(gunzip(bytes_of(packed, size), back, sizeof back), 0);
}

/* ---- problems ---- */
static void problems(void **state)
{
    (void)state;
    static const struct http_member MEMBERS[] = {
        {"found", HTTP_MEMBER_TEXT, {(const uint8_t *)"a\"b\\c\n", 6}, 0},
        {"limit", HTTP_MEMBER_NUMBER, {NULL, 0}, INT64_MIN},
        {"final", HTTP_MEMBER_BOOL, {NULL, 0}, 1},
        {"open", HTTP_MEMBER_BOOL, {NULL, 0}, 0},
        {"list", HTTP_MEMBER_JSON, {(const uint8_t *)"[1,2]", 5}, 0},
    };
    struct http_problem problem = {422,
                                   "/problems/x",
                                   "No such point",
                                   bytes_text("It is gone."),
                                   bytes_text("/v1/points/a"),
                                   MEMBERS,
                                   ARRAY_COUNT(MEMBERS)};
    static const char WANTED[] =
        "{\"type\":\"/problems/x\",\"title\":\"No such point\",\"status\":422,"
        "\"detail\":\"It is gone.\",\"instance\":\"/v1/points/a\",\"found\":\"a\\\"b\\\\c\\n\","
        "\"limit\":-9223372036854775808,\"final\":true,\"open\":false,\"list\":[1,2]}";
    uint8_t out[500];
    size_t size = 0;
    for (size_t capacity = 0; capacity < sizeof WANTED - 1; capacity++)
        assert_int_equal(http_problem_put(out, capacity, &problem, &size), ERR_LIMIT);
    assert_int_equal(size, 0);
    assert_int_equal(http_problem_put(out, sizeof WANTED - 1, &problem, &size), OK);
    assert_int_equal(size, sizeof WANTED - 1);
    assert_memory_equal(out, WANTED, size);
    memset(&problem, 0, sizeof problem);
    problem.status = 404;
    assert_int_equal(http_problem_put(out, sizeof out, &problem, &size), OK);
    out[size] = 0;
    assert_string_equal((char *)out, "{\"title\":\"Not Found\",\"status\":404}");
}

/* Every byte, alone and between others, is JSON that says the same, or U+FFFD. */
static void text_is_escaped(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t text[3] = {'a', (uint8_t)byte, 'b'}, out[40];
        size_t size = http_json_text_put(out, sizeof out, bytes_of(text, 3));
        json_t *json = json_loadb((char *)out, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(json);
        const char *wanted = byte < 0x80 ? (const char *)text
                                         : "a\xEF\xBF\xBD"
                                           "b";
        size_t wanted_size = byte < 0x80 ? 3 : 5;
        assert_int_equal(json_string_length(json), wanted_size);
        assert_memory_equal(json_string_value(json), wanted, wanted_size);
        json_decref(json);
    }
    uint8_t out[8];
    assert_int_equal(http_json_text_put(out, sizeof out, bytes_text("\xE2\x82\xAC\xE2\x82\xAC")),
                     8);
    assert_memory_equal(out, "\"\xE2\x82\xAC\xE2\x82\xAC\"", 8);
    assert_int_equal(http_json_text_put(out, 0, bytes_text("\x01")), 8);
}

static void tables(void **state)
{
    (void)state;
    for (unsigned fault = 1; fault < HTTP_FAULTS; fault++) {
        unsigned status = http_fault_status((enum http_fault)fault);
        assert_true(status >= 400 && status < 600);
        assert_true(strlen(http_fault_text((enum http_fault)fault)) > 10);
        assert_string_not_equal(http_status_text(status), "Unknown");
    }
    assert_string_equal(http_verb_text(HTTP_VERB_PATCH), "PATCH");
    assert_string_equal(http_verb_text(HTTP_VERBS), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),
        cmocka_unit_test(no_line_is_smuggled_in),
        cmocka_unit_test(headers_of_numbers_and_a_close),
        cmocka_unit_test(chunks),
        cmocka_unit_test(gzip_in_any_pieces),
        cmocka_unit_test(gzip_flushes_for_readers_who_wait),
        cmocka_unit_test(gzip_at_once),
        cmocka_unit_test(problems),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(tables),
    };
    return cmocka_run_group_tests_name("http answers", tests, NULL, NULL);
}
