/* Frames in and out: each is cut at every place, and means the same. */
#include "wire/websocket/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct client_transcript whole, cut;
static uint8_t stream[1u << 18];
static size_t stream_used;

static void say(unsigned first, struct bytes payload)
{
    stream_used += client_frame_put(stream + stream_used, first, payload, 0x9d3c71a5);
}

static void say_text(unsigned first, const char *payload)
{
    say(first, bytes_text(payload));
}

static void hear(struct client_transcript *transcript, const struct websocket_limits *limits,
                 size_t at)
{
    struct websocket_decoder *decoder;
    assert_int_equal(websocket_decoder_create(limits, &decoder), OK);
    transcript->used = 0;
    transcript->in_piece = false;
    transcript->text[0] = 0;
    transcript->last = WEBSOCKET_MORE;
    transcript->code = 0;
    if (client_feed(transcript, decoder, bytes_of(stream, at)))
        (void)client_feed(transcript, decoder, bytes_of(stream + at, stream_used - at));
    websocket_decoder_destroy(decoder);
}

/* What was said, at once and in every two pieces; then nothing is said any more. */
static void listen(const struct websocket_limits *limits)
{
    size_t stride = stream_used > 2000 ? 97 : 1;
    hear(&whole, limits, stream_used);
    for (size_t at = 0; at < stream_used; at += stride) {
        hear(&cut, limits, at);
        assert_int_equal(cut.used, whole.used);
        assert_memory_equal(cut.text, whole.text, whole.used);
    }
    stream_used = 0;
}

static const struct websocket_limits MESSAGES = {1000, false};
static const struct websocket_limits BYTES = {1000, true};

static void expect(const char *wanted)
{
    listen(&MESSAGES);
    assert_string_equal(whole.text, wanted);
}

static void expect_fault(const struct websocket_limits *limits, unsigned code)
{
    listen(limits);
    assert_int_equal(whole.last, WEBSOCKET_FAULT);
    assert_int_equal(whole.code, code);
}

static void messages(void **state)
{
    (void)state;
    say_text(0x81, "Hello");
    say_text(0x82, "bytes");
    say_text(0x82, "");
    say_text(0x81, "\xC3\xA9");
    expect("text 0 Hello ->  \nbinary 0 bytes ->  \nbinary 0  ->  \ntext 0 \xC3\xA9 ->  \n");
}

static void fragments_with_a_ping_between(void **state)
{
    (void)state;
    say_text(0x01, "Hel");
    say_text(0x89, "are you there");
    say_text(0x00, "");
    say_text(0x8a, "");
    say_text(0x80, "lo");
    say_text(0x01, "\xC3"); /* a character of two halves */
    say_text(0x80, "\xA9");
    say_text(0x02, "");
    say_text(0x80, "");
    expect("ping 0 are you there -> \x8a\x0d"
           "are you there \npong 0  ->  \ntext 0 Hello ->  \n"
           "text 0 \xC3\xA9 ->  \nbinary 0  ->  \n");
}

static void closes(void **state)
{
    (void)state;
    say(0x88, bytes_of("\x03\xe8"
                       "bye",
                       5));
    say_text(0x81, "after the end");
    expect("close 1000 bye -> \x88\x02\x03\xe8 \n");
    say(0x88, bytes_of("", 0));
    listen(&MESSAGES);
    assert_int_equal(whole.last, WEBSOCKET_CLOSE);
    assert_int_equal(whole.code, WEBSOCKET_NO_CODE);
    for (unsigned code = 0; code < 5100; code++) {
        uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
        say(0x88, bytes_of(payload, 2));
        hear(&whole, &MESSAGES, stream_used);
        stream_used = 0;
        bool valid =
            (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
            (code >= 3000 && code < 5000);
        assert_int_equal(whole.last, valid ? WEBSOCKET_CLOSE : WEBSOCKET_FAULT);
        assert_int_equal(whole.code, valid ? code : WEBSOCKET_PROTOCOL_ERROR);
    }
    say(0x88, bytes_of("\x03", 1));
    expect_fault(&MESSAGES, WEBSOCKET_PROTOCOL_ERROR);
    say(0x88, bytes_of("\x03\xe8\xff", 3));
    expect_fault(&MESSAGES, WEBSOCKET_NOT_UTF8);
}

static void what_no_client_may_send(void **state)
{
    (void)state;
    stream_used = websocket_frame_put(stream, sizeof stream, WEBSOCKET_OPCODE_TEXT, true,
                                      bytes_text("not masked"));
    expect_fault(&MESSAGES, WEBSOCKET_PROTOCOL_ERROR);
    for (unsigned reserved = 0x10; reserved < 0x80; reserved += 0x10) {
        say_text(0x81 | reserved, "x");
        expect_fault(&MESSAGES, WEBSOCKET_PROTOCOL_ERROR);
    }
    for (unsigned opcode = 0; opcode < 16; opcode++) {
        if (opcode == 1 || opcode == 2 || (opcode >= 8 && opcode <= 10))
            continue; /* 0 is a continuation of nothing */
        say_text(0x80 | opcode, "x");
        expect_fault(&MESSAGES, WEBSOCKET_PROTOCOL_ERROR);
    }
    say_text(0x01, "a");
    say_text(0x81, "b");
    expect_fault(&MESSAGES, WEBSOCKET_PROTOCOL_ERROR);
    say_text(0x09, "a ping in fragments");
    expect_fault(&MESSAGES, WEBSOCKET_PROTOCOL_ERROR);
    say_text(0x81, "\xC3");
    expect_fault(&MESSAGES, WEBSOCKET_NOT_UTF8);
    say_text(0x81, "\xED\xA0\x80");
    expect_fault(&MESSAGES, WEBSOCKET_NOT_UTF8);
    /* Lengths in more bytes than needed, and one of 2^63. */
    static const uint8_t LONG_16[] = {0x82, 0xFE, 0, 125, 1, 2, 3, 4, 5};
    static const uint8_t LONG_64[] = {0x82, 0xFF, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4, 5};
    static const uint8_t HUGE_64[] = {0x82, 0xFF, 128, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5};
    memcpy(stream, LONG_16, stream_used = sizeof LONG_16);
    expect_fault(&MESSAGES, WEBSOCKET_PROTOCOL_ERROR);
    memcpy(stream, LONG_64, stream_used = sizeof LONG_64);
    expect_fault(&MESSAGES, WEBSOCKET_PROTOCOL_ERROR);
    memcpy(stream, HUGE_64, stream_used = sizeof HUGE_64);
    expect_fault(&MESSAGES, WEBSOCKET_PROTOCOL_ERROR);
}

static void sizes_of_control_frames(void **state)
{
    (void)state;
    uint8_t payload[126];
    memset(payload, 'x', sizeof payload);
    say(0x89, bytes_of(payload, 125));
    listen(&MESSAGES);
    assert_int_equal(whole.last, WEBSOCKET_PING);
    say(0x89, bytes_of(payload, 126));
    expect_fault(&MESSAGES, WEBSOCKET_PROTOCOL_ERROR);
}

static void sizes_of_messages(void **state)
{
    (void)state;
    uint8_t payload[1001];
    memset(payload, 'x', sizeof payload);
    say(0x81, bytes_of(payload, 1000));
    listen(&MESSAGES);
    assert_int_equal(whole.last, WEBSOCKET_TEXT);
    say(0x81, bytes_of(payload, 1001));
    expect_fault(&MESSAGES, WEBSOCKET_TOO_BIG);
    say(0x02, bytes_of(payload, 600));
    say(0x80, bytes_of(payload, 400));
    listen(&MESSAGES);
    assert_int_equal(whole.last, WEBSOCKET_BINARY);
    say(0x02, bytes_of(payload, 600));
    say(0x00, bytes_of(payload, 401));
    expect_fault(&MESSAGES, WEBSOCKET_TOO_BIG);
    /* A length that nobody means is refused with the first byte of it. */
    static const uint8_t HUGE_64[] = {0x82, 0xFF, 127, 255, 255, 255, 255, 255,
                                      255,  255,  1,   2,   3,   4,   5};
    memcpy(stream, HUGE_64, stream_used = sizeof HUGE_64);
    expect_fault(&MESSAGES, WEBSOCKET_TOO_BIG);
}

/* A message beyond what wslay holds at a time, whole and in fragments. */
static void long_messages(void **state)
{
    (void)state;
    static uint8_t payload[70000];
    const struct websocket_limits limits = {70000, false};
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)('a' + i * 7 % 26);
    for (size_t parts = 1; parts < 4; parts++) {
        for (size_t i = 0; i < parts; i++)
            say((i == 0 ? 0x01u : 0u) | (i + 1 == parts ? 0x80u : 0u),
                bytes_of(payload + i * 70000 / parts, (i + 1) * 70000 / parts - i * 70000 / parts));
        say_text(0x82, "next");
        listen(&limits);
        assert_memory_equal(whole.text, "text 0 ", 7);
        assert_memory_equal(whole.text + 7, payload, sizeof payload);
        assert_string_equal(whole.text + 7 + sizeof payload, " ->  \nbinary 0 next ->  \n");
    }
}

static void a_stream_knows_no_messages(void **state)
{
    (void)state;
    static uint8_t payload[1001];
    say_text(0x02, "one ");
    say_text(0x00, "two ");
    say_text(0x80, "three ");
    say_text(0x82, "four");
    say_text(0x89, "?");
    say_text(0x82, "");
    listen(&BYTES);
    assert_string_equal(whole.text, "piece 0 one two three four\nping 0 ? -> \x8a\x01? \n");
    say_text(0x81, "text");
    expect_fault(&BYTES, WEBSOCKET_UNSUPPORTED);
    for (int i = 0; i < 5; i++) /* longer together than one frame may be */
        say(0x82, bytes_of(payload, 1000));
    listen(&BYTES);
    assert_int_equal(whole.last, WEBSOCKET_PIECE);
    say(0x82, bytes_of(payload, 1001));
    expect_fault(&BYTES, WEBSOCKET_TOO_BIG);
    say_text(0x80, "of nothing");
    expect_fault(&BYTES, WEBSOCKET_PROTOCOL_ERROR);
}

static void nothing_is_heard_after_the_end(void **state)
{
    (void)state;
    struct websocket_decoder *decoder;
    uint8_t frame[20];
    size_t size = client_frame_put(frame, 0x88, bytes_of("", 0), 1);
    assert_int_equal(websocket_decoder_create(&MESSAGES, &decoder), OK);
    assert_int_equal(websocket_decoder_feed(decoder, bytes_of(frame, size)).event, WEBSOCKET_CLOSE);
    struct websocket_step step = websocket_decoder_feed(decoder, bytes_of(frame, size));
    assert_int_equal(step.event, WEBSOCKET_OVER);
    assert_int_equal(step.used, size);
    websocket_decoder_destroy(decoder);
    websocket_decoder_destroy(NULL);
    const struct websocket_limits none = {0, false};
    assert_int_equal(websocket_decoder_create(&none, &decoder), ERR_INVALID);
}

static void frames_out(void **state)
{
    (void)state;
    static const struct {
        uint64_t size;
        uint8_t head[WEBSOCKET_HEAD_MAX];
        size_t head_size;
    } ROWS[] = {
        {0, {0x82, 0}, 2},
        {125, {0x82, 125}, 2},
        {126, {0x82, 126, 0, 126}, 4},
        {65535, {0x82, 126, 255, 255}, 4},
        {65536, {0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}, 10},
    };
    uint8_t head[WEBSOCKET_HEAD_MAX], out[200];
    for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
        assert_int_equal(websocket_head_put(head, WEBSOCKET_OPCODE_BINARY, true, ROWS[i].size),
                         ROWS[i].head_size);
        assert_memory_equal(head, ROWS[i].head, ROWS[i].head_size);
    }
    assert_int_equal(websocket_frame_put(out, 7, WEBSOCKET_OPCODE_TEXT, false, bytes_text("Hello")),
                     7);
    assert_memory_equal(out, "\x01\x05Hello", 7);
    assert_int_equal(websocket_frame_put(out, 6, WEBSOCKET_OPCODE_TEXT, true, bytes_text("Hello")),
                     0);
    assert_int_equal(websocket_frame_put(out, 200, WEBSOCKET_OPCODE_PING, false, bytes_text("")),
                     0);
    memset(out, 'x', sizeof out);
    uint8_t ping[200];
    assert_int_equal(
        websocket_frame_put(ping, 200, WEBSOCKET_OPCODE_PING, true, bytes_of(out, 125)), 127);
    assert_int_equal(
        websocket_frame_put(ping, 200, WEBSOCKET_OPCODE_PING, true, bytes_of(out, 126)), 0);
}

static void close_frames_out(void **state)
{
    (void)state;
    uint8_t out[127];
    char reason[130];
    assert_int_equal(websocket_close_put(out, sizeof out, WEBSOCKET_NO_CODE, "dropped"), 2);
    assert_memory_equal(out, "\x88\x00", 2);
    assert_int_equal(websocket_close_put(out, sizeof out, WEBSOCKET_GOING_AWAY, "stop"), 8);
    assert_memory_equal(out, "\x88\x06\x03\xe9stop", 8);
    assert_int_equal(websocket_close_put(out, sizeof out, 1006, "never"), 0);
    assert_int_equal(websocket_close_put(out, sizeof out, WEBSOCKET_NORMAL,
                                         "a\xff"
                                         "b"),
                     6);
    assert_memory_equal(out,
                        "\x88\x04\x03\xe8"
                        "ab",
                        6);
    memset(reason, 'x', 122); /* 122, and a character of two bytes: it is not cut in half */
    memcpy(reason + 122, "\xC3\xA9", 3);
    assert_int_equal(websocket_close_put(out, sizeof out, WEBSOCKET_NORMAL, reason), 2 + 2 + 122);
    memset(reason, 'x', 123);
    reason[123] = 0;
    assert_int_equal(websocket_close_put(out, sizeof out, WEBSOCKET_NORMAL, reason), 127);
    assert_int_equal(websocket_close_put(out, 126, WEBSOCKET_NORMAL, reason), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages),
        cmocka_unit_test(fragments_with_a_ping_between),
        cmocka_unit_test(closes),
        cmocka_unit_test(what_no_client_may_send),
        cmocka_unit_test(sizes_of_control_frames),
        cmocka_unit_test(sizes_of_messages),
        cmocka_unit_test(long_messages),
        cmocka_unit_test(a_stream_knows_no_messages),
        cmocka_unit_test(nothing_is_heard_after_the_end),
        cmocka_unit_test(frames_out),
        cmocka_unit_test(close_frames_out),
    };
    return cmocka_run_group_tests_name("websocket frames", tests, NULL, NULL);
}
