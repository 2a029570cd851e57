/* Frames around packets, over a socket pair; no broker is needed as long as no packet comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/room.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct server server;
static struct connection *c;
static int peer = -1;
static uint8_t heard[1 << 18];
static size_t heard_size;

static void door_gone(struct server *s, struct connection *connection)
{
    (void)s, (void)connection;
}

static const struct protocol before = {.door = DOOR_HTTP, .gone = door_gone};

static enum feed begin(const char *bytes, size_t size)
{
    size_t used = 0, wanted = 0;
    return websocket_begin(&server, c, bytes_of(bytes, size), &used, &wanted);
}

static int setup(void **state)
{
    int pair[2];
    (void)state;
    memset(&server, 0, sizeof server);
    settings_default(&server.settings);
    server.memory.most = server.settings.mqtt_memory;
    server.http_memory.most = server.settings.http_memory;
    server.now_ns = 1000 * NS_PER_S;
    server.house_fd = epoll_create1(EPOLL_CLOEXEC);
    server.read_buffer = malloc(2 * SERVER_READ_BYTES);
    server.write_buffer = malloc(SERVER_WRITE_BYTES);
    struct link *lists[] = {&server.alive, &server.broken, &server.dead};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        link_init(lists[i]);
    for (size_t i = 0; i < DOORS; i++) {
        link_init(&server.doors[i].resume);
        link_init(&server.doors[i].awaits);
        server.doors[i].clients_fd = epoll_create1(EPOLL_CLOEXEC);
        server.doors[i].memory = i == DOOR_HTTP ? &server.http_memory : &server.memory;
    }
    timers_init(&server.timers, server.now_ns);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    peer = pair[1];
    c = connection_open(&server, pair[0], "peer", &before);
    assert_non_null(c);
    return 0;
}

static int done(void **state)
{
    (void)state;
    if (!link_is_alone(&server.alive))
        connection_close(&server, c, CAUSE_STOP);
    connections_reap(&server);
    assert_int_equal(server.memory.used, 0);
    assert_int_equal(server.http_memory.used, 0);
    for (size_t i = 0; i < DOORS; i++) {
        assert_int_equal(server.doors[i].connections, 0);
        close(server.doors[i].clients_fd);
    }
    close(peer);
    close(server.house_fd);
    free(server.read_buffer);
    free(server.write_buffer);
    free(server.slots);
    free(server.slots_free);
    return 0;
}

/* All that the peer was sent since the last call. */
static void hear(void)
{
    ssize_t n;
    connection_flush(&server);
    heard_size = 0;
    while ((n = read(peer, heard + heard_size, sizeof heard - heard_size)) > 0)
        heard_size += (size_t)n;
}

static void assert_frame(size_t head, size_t size)
{
    uint8_t wanted[WEBSOCKET_HEAD_MAX];
    hear();
    assert_int_equal(websocket_head_put(wanted, WEBSOCKET_OPCODE_BINARY, true, size), head);
    assert_int_equal(heard_size, head + size);
    assert_memory_equal(heard, wanted, head);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(heard[head + i], i & 0xff);
}

static void fill(uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)i;
}

/* Asked for much and used little: the head is that of what was used, and nothing is in between. */
static void test_heads_are_minimal(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{1, 1},     {125, 125},   {126, 125},   {126, 126},
                                      {16384, 1}, {16384, 125}, {16384, 126}, {16384, 16384}};
    assert_int_equal(begin("", 0), FEED_MORE);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        uint8_t *at = websocket_room(&server, c, sizes[i][0]);
        fill(at, sizes[i][1]);
        websocket_room_used(&server, c, sizes[i][1]);
        assert_frame(sizes[i][1] < 126 ? 2 : 4, sizes[i][1]);
    }
    (void)websocket_room(&server, c, 100);
    websocket_room_used(&server, c, 0);
    hear();
    assert_int_equal(heard_size, 0); /* no frame of nothing */
}

static void test_long_packets(void **state)
{
    (void)state;
    static uint8_t packet[70000];
    static const size_t sizes[] = {1, 125, 126, 16394, 16395, 65535, 65536, 70000};
    fill(packet, sizeof packet);
    assert_int_equal(begin("", 0), FEED_MORE);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        websocket_put(&server, c, bytes_of(packet, sizes[i]));
        assert_frame(sizes[i] < 126 ? 2 : sizes[i] < 65536 ? 4 : 10, sizes[i]);
    }
    websocket_put(&server, c, bytes_of(packet, 0));
    hear();
    assert_int_equal(heard_size, 0);
}

/* Packets fill the shared buffer to its last byte and go over it; none is cut or lost. */
static void test_many_packets_in_one_buffer(void **state)
{
    (void)state;
    size_t wanted = 0;
    assert_int_equal(begin("", 0), FEED_MORE);
    for (size_t i = 0; i < 300; i++) {
        memset(websocket_room(&server, c, 500), 7, i);
        websocket_room_used(&server, c, i);
        wanted += i == 0 ? 0 : i + (i < 126 ? 2 : 4);
    }
    hear();
    assert_int_equal(heard_size, wanted);
}

static void test_a_ping_is_answered_and_a_close_as_well(void **state)
{
    (void)state;
    static const char ping[] = "\x89\x82\0\0\0\0hi", over[] = "\x88\x82\0\0\0\0\x03\xe8";
    assert_int_equal(begin(ping, sizeof ping - 1), FEED_MORE);
    hear();
    assert_int_equal(heard_size, 4);
    assert_memory_equal(heard, "\x8a\2hi", 4);
    size_t used = 0, wanted = 0;
    assert_int_equal(c->protocol->feed(&server, c, bytes_of(over, sizeof over - 1), &used, &wanted),
                     FEED_END);
    hear();
    assert_int_equal(heard_size, 4);
    assert_memory_equal(heard, "\x88\2\x03\xe8", 4);
    assert_true(c->ending);
    assert_int_equal(server.doors[DOOR_MQTT].counters.closed[CAUSE_GONE], 1);
}

static void test_the_end_has_a_code(void **state)
{
    (void)state;
    assert_int_equal(begin("", 0), FEED_MORE);
    websocket_close(&server, c, CAUSE_STOP);
    websocket_close(&server, c, CAUSE_STOP); /* once is enough */
    hear();
    assert_true(heard_size > 4 && heard[0] == 0x88 && heard[1] == heard_size - 2);
    assert_int_equal(heard[2] << 8 | heard[3], WEBSOCKET_GOING_AWAY);
}

/* Who may not come in is told so, in a frame, for the handshake was answered. */
static void test_no_room(void **state)
{
    (void)state;
    server.settings.mqtt_connections = 0;
    assert_int_equal(begin("", 0), FEED_END);
    hear();
    assert_true(heard_size > 4 && heard[0] == 0x88);
    assert_int_equal(heard[2] << 8 | heard[3], WEBSOCKET_TRY_LATER);
    assert_int_equal(server.doors[DOOR_MQTT].counters.turned_away, 1);
}

static void test_no_memory(void **state)
{
    (void)state;
    server.memory.most = 5000;
    assert_int_equal(begin("", 0), FEED_END);
    hear();
    assert_int_equal(heard[2] << 8 | heard[3], WEBSOCKET_TRY_LATER);
    assert_int_equal(server.memory.used, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, done)
int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_heads_are_minimal),
                                       TEST(test_long_packets),
                                       TEST(test_many_packets_in_one_buffer),
                                       TEST(test_a_ping_is_answered_and_a_close_as_well),
                                       TEST(test_the_end_has_a_code),
                                       TEST(test_no_room),
                                       TEST(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
