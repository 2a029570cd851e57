/* Handshakes that do not come to an end, over a socket pair: without memory, without a client, in
 * clear, beyond their time. Those that do are a story's, with clients nobody here wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* The begin of a ClientHello, and no more. */
#define HALF "\x16\x03\x01\x00\xf0\x01"

static struct server server;
static struct listener *listener;
static struct connection *c;
static int peer = -1;
static char folder[32];

static void text_write(const char *name, const char *text, char path[256])
{
    snprintf(path, 256, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int certificate_put(void **state)
{
    const char *names[] = {"localhost"};
    char *certificate, *key, fault[TLS_FAULT_SIZE];
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mainstem-shake-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(tls_certificate_make(names, 1, 1, &certificate, &key, fault), OK);
    settings_default(&server.settings);
    text_write("one.crt", certificate, server.settings.tls_certificate);
    text_write("one.key", key, server.settings.tls_key);
    free(certificate);
    free(key);
    return 0;
}

static int certificate_drop(void **state)
{
    (void)state;
    unlink(server.settings.tls_certificate);
    unlink(server.settings.tls_key);
    return rmdir(folder);
}

static int setup(void **state)
{
    const struct settings settings = server.settings;
    (void)state;
    memset(&server, 0, sizeof server);
    server.settings = settings;
    snprintf(server.settings.mqtts, sizeof server.settings.mqtts, "127.0.0.1:8883");
    server.clock = clock_real();
    server.now_ns = 1000 * NS_PER_S;
    server.house_fd = epoll_create1(EPOLL_CLOEXEC);
    server.read_buffer = malloc(2 * SERVER_READ_BYTES);
    server.write_buffer = malloc(SERVER_WRITE_BYTES);
    struct link *lists[] = {&server.alive, &server.broken, &server.dead, &server.handshakes,
                            &server.shaking};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        link_init(lists[i]);
    server.memory.most = server.http_memory.most = TLS_HANDSHAKE_BYTES;
    for (size_t i = 0; i < DOORS; i++) {
        struct door *door = &server.doors[i];
        link_init(&door->resume);
        link_init(&door->awaits);
        door->clients_fd = server.house_fd;
        door->memory = i == DOOR_HTTP ? &server.http_memory : &server.memory;
        door->spoken = i == DOOR_HTTP ? "http/1.1" : "mqtt";
    }
    timers_init(&server.timers, server.now_ns);
    assert_true(keeper_start(&server));
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
    assert_int_equal(server.shaking_count, 0);
    assert_int_equal(listener->connections, 0);
    assert_true(link_is_alone(&server.handshakes) && link_is_alone(&server.shaking));
    keeper_stop(&server);
    free(server.slots);
    free(server.slots_free);
    free(server.read_buffer);
    free(server.write_buffer);
    close(server.house_fd);
    if (peer >= 0)
        close(peer);
    peer = -1;
    return 0;
}

static void come(enum listener_kind kind)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    peer = pair[1];
    listener = &server.listeners[kind];
    handshake_begin(&server, pair[0], "192.0.2.1:5", kind);
    assert_false(link_is_alone(&server.alive));
    c = LINK_OWNER(server.alive.next, struct connection, life);
}

static void say(const void *at, size_t size)
{
    assert_int_equal(send(peer, at, size, 0), size);
    connection_ready(&server, c, EPOLLIN);
    assert_true(c->waits);
    handshakes_step(&server);
}

static void fired(void *arg, struct timer *timer)
{
    if (timer == &c->timer) /* else the keeper's */
        connection_timer_fired(arg, timer);
}

static void pass(int64_t ns)
{
    server.now_ns += ns;
    timers_run(&server.timers, server.now_ns, fired, &server);
}

static void test_memory_at_both_sides(void **state)
{
    (void)state;
    server.memory.most = TLS_HANDSHAKE_BYTES - 1;
    come(LISTENER_MQTTS);
    assert_int_equal(server.memory.used, 0); /* who has said nothing holds nothing */
    say(HALF, sizeof HALF - 1);
    assert_true(c->dead);
    assert_int_equal(listener->faults[TLS_FAULT_MEMORY], 1);
    assert_int_equal(server.doors[DOOR_MQTT].counters.closed[CAUSE_MEMORY], 1);
    assert_int_equal(server.shaking_count, 0);
    close(peer);

    server.memory.most = TLS_HANDSHAKE_BYTES;
    come(LISTENER_MQTTS);
    say(HALF, sizeof HALF - 1);
    assert_false(connection_is_over(c));
    assert_int_equal(server.memory.used, TLS_HANDSHAKE_BYTES);
    assert_int_equal(server.shaking_count, 1);
    assert_int_equal(listener->faults[TLS_FAULT_MEMORY], 1);
}

static void test_who_goes_gives_back_what_it_held(void **state)
{
    (void)state;
    come(LISTENER_MQTTS);
    say(HALF, sizeof HALF - 1);
    close(peer);
    peer = -1;
    connection_ready(&server, c, EPOLLIN);
    handshakes_step(&server);
    assert_true(c->dead);
    assert_int_equal(listener->faults[TLS_FAULT_GONE], 1);
    assert_int_equal(server.memory.used, 0);
}

/* The time in the queue is ours. */
static void test_time_is_over_for_who_says_no_more(void **state)
{
    (void)state;
    int64_t most_ns = server.settings.mqtt_connect_time;
    come(LISTENER_MQTTS);
    assert_int_equal(send(peer, HALF, sizeof HALF - 1, 0), sizeof HALF - 1);
    connection_ready(&server, c, EPOLLIN);
    pass(2 * most_ns);
    assert_false(connection_is_over(c));
    handshakes_step(&server);
    pass(most_ns - NS_PER_S);
    assert_false(connection_is_over(c));
    pass(NS_PER_S + 2 * TIMERS_TICK_NS);
    assert_true(connection_is_over(c));
    assert_int_equal(listener->faults[TLS_FAULT_TIME], 1);
    assert_int_equal(server.memory.used, 0);
}

static void test_who_asks_in_clear_is_told(void **state)
{
    (void)state;
    char text[512] = "", *end;
    come(LISTENER_HTTPS);
    say("GET / HTTP/1.1\r\n\r\n", 18);
    assert_int_equal(listener->faults[TLS_FAULT_PLAIN], 1);
    assert_true(connection_is_over(c));
    assert_true(recv(peer, text, sizeof text - 1, 0) > 0);
    const char *length = strstr(text, "Content-Length: "), *body = strstr(text, "\r\n\r\n");
    assert_non_null(length);
    assert_non_null(body);
    assert_int_equal(strtoul(length + 16, &end, 10), strlen(body + 4));
    assert_non_null(strstr(body, "https://"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, done)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_memory_at_both_sides),
        TEST(test_who_goes_gives_back_what_it_held),
        TEST(test_time_is_over_for_who_says_no_more),
        TEST(test_who_asks_in_clear_is_told),
    };
    return cmocka_run_group_tests(tests, certificate_put, certificate_drop);
}
