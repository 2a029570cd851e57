/* The opening handshake: RFC 6455's own example, and each thing that may be missing. */
#include "wire/websocket/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"

static const struct http_request *request_of(const char *method, const char *lines)
{
    char stream[1000];
    (void)snprintf(stream, sizeof stream, "%s /chat HTTP/1.1\r\nHost: a\r\n%s\r\n", method, lines);
    http_decoder_reset(decoder);
    assert_int_equal(http_decoder_feed(decoder, bytes_text(stream)).event, HTTP_STEP_HEAD);
    return http_decoder_request(decoder);
}

static enum websocket_refusal judge(const char *method, const char *lines)
{
    struct websocket_offer offer;
    return websocket_offer_read(request_of(method, lines), &offer);
}

static void the_example_of_the_standard(void **state)
{
    (void)state;
    static const char *const OURS[] = {"superchat", "chat"};
    const struct http_request *request =
        request_of("GET", UPGRADE KEY
                   "Origin: http://example.com\r\nSec-WebSocket-Protocol: x, chat, superchat\r\n"
                   "Sec-WebSocket-Extensions: permessage-deflate\r\n" VERSION);
    struct websocket_offer offer;
    bool named;
    uint8_t out[500];
    size_t size;
    assert_int_equal(websocket_offer_read(request, &offer), WEBSOCKET_WELCOME);
    assert_true(offer.has_origin);
    assert_true(bytes_equal(offer.origin, bytes_text("http://example.com")));
    assert_int_equal(websocket_protocol_choose(request, OURS, 2, &named), 1);
    assert_true(named);
    assert_int_equal(
        websocket_welcome_put(out, sizeof out, request, &offer, "chat", 784111777, &size), OK);
    static const char WANTED[] = "HTTP/1.1 101 Switching Protocols\r\n"
                                 "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                 "Upgrade: websocket\r\n"
                                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                 "Sec-WebSocket-Protocol: chat\r\n"
                                 "Connection: Upgrade\r\n\r\n";
    assert_int_equal(size, sizeof WANTED - 1);
    assert_memory_equal(out, WANTED, size);
    for (size_t capacity = 0; capacity < size; capacity++)
        assert_int_equal(
            websocket_welcome_put(out, capacity, request, &offer, "chat", 784111777, &size),
            ERR_LIMIT);
    assert_int_equal(
        websocket_welcome_put(out, sizeof out, request, &offer, "a\r\nX: y", 784111777, &size),
        ERR_INVALID);
}

static void what_is_refused(void **state)
{
    (void)state;
    assert_int_equal(judge("GET", UPGRADE KEY VERSION), WEBSOCKET_WELCOME);
    assert_int_equal(
        judge("GET", "Upgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n" KEY VERSION),
        WEBSOCKET_WELCOME); /* Firefox */
    assert_int_equal(judge("GET", "Upgrade: h2c, websocket\r\nConnection: Upgrade\r\n" KEY VERSION),
                     WEBSOCKET_WELCOME);
    assert_int_equal(judge("POST", UPGRADE KEY VERSION), WEBSOCKET_NO_GET);
    assert_int_equal(judge("GET", KEY VERSION), WEBSOCKET_NO_UPGRADE);
    assert_int_equal(judge("GET", "Upgrade: websocket\r\n" KEY VERSION), WEBSOCKET_NO_UPGRADE);
    assert_int_equal(judge("GET", "Connection: Upgrade\r\n" KEY VERSION), WEBSOCKET_NO_UPGRADE);
    assert_int_equal(judge("GET", "Upgrade: websockets\r\nConnection: Upgrade\r\n" KEY VERSION),
                     WEBSOCKET_NO_UPGRADE);
    assert_int_equal(judge("GET", UPGRADE KEY), WEBSOCKET_NO_VERSION);
    assert_int_equal(judge("GET", UPGRADE KEY "Sec-WebSocket-Version: 8\r\n"),
                     WEBSOCKET_NO_VERSION);
    assert_int_equal(judge("GET", UPGRADE KEY VERSION VERSION), WEBSOCKET_NO_VERSION);
    assert_int_equal(judge("GET", UPGRADE VERSION), WEBSOCKET_NO_KEY);
    assert_int_equal(judge("GET", UPGRADE KEY KEY VERSION), WEBSOCKET_NO_KEY);
    assert_int_equal(
        judge("GET", UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ===\r\n"),
        WEBSOCKET_NO_KEY);
    assert_int_equal(judge("GET", UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n"),
                     WEBSOCKET_NO_KEY); /* 15 bytes */
    assert_int_equal(
        judge("GET", UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=\r\n"),
        WEBSOCKET_NO_KEY); /* 17 bytes */
    assert_int_equal(
        judge("GET", UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBs-SBub25jZQ==\r\n"),
        WEBSOCKET_NO_KEY);
    assert_int_equal(judge("GET", UPGRADE KEY VERSION "Origin: http://a\r\nOrigin: http://b\r\n"),
                     WEBSOCKET_NO_ORIGIN);
    assert_int_equal(judge("GET", UPGRADE KEY VERSION "Content-Length: 1\r\n"), WEBSOCKET_NO_BODY);
    assert_int_equal(websocket_refusal_status(WEBSOCKET_NO_VERSION), 426);
    assert_int_equal(websocket_refusal_status(WEBSOCKET_NO_KEY), 400);
}

static void protocols_are_chosen_by_the_client(void **state)
{
    (void)state;
    static const char *const OURS[] = {"mqtt", "mqttv3.1"};
    bool named;
    const struct http_request *request = request_of("GET", UPGRADE KEY VERSION);
    assert_int_equal(websocket_protocol_choose(request, OURS, 2, &named), -1);
    assert_false(named);
    request = request_of("GET", "Sec-WebSocket-Protocol: MQTT\r\n");
    assert_int_equal(websocket_protocol_choose(request, OURS, 2, &named), -1);
    assert_true(named);
    request = request_of("GET", "Sec-WebSocket-Protocol: a\r\n"
                                "Sec-WebSocket-Protocol: mqttv3.1,mqtt\r\n");
    assert_int_equal(websocket_protocol_choose(request, OURS, 2, &named), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_example_of_the_standard, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(protocols_are_chosen_by_the_client, setup, teardown),
    };
    return cmocka_run_group_tests_name("websocket handshake", tests, NULL, NULL);
}
