/* A connection over a socket pair, with a protocol of lines of a known length: the first byte says
 * how many bytes follow, in units of 1000 when it is above 100. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct server server;
static struct connection *c;
static int peer = -1;
static size_t packets, packet_bytes, gone, silent, too_much, unchoked;
static uint8_t last_byte;
static enum feed answer;  /* of the fake protocol, once a packet is whole */
static size_t echo_bytes; /* put for each packet */

static size_t line_size(uint8_t first)
{
    return first > 100 ? (size_t)(first - 100) * 1000 : first;
}

static enum feed fake_feed(struct server *s, struct connection *connection, struct bytes bytes,
                           size_t *ret_used, size_t *ret_wanted)
{
    static uint8_t reply[1 << 16];
    while (*ret_used < bytes.size) {
        size_t wanted = 1 + line_size(bytes.at[*ret_used]);
        *ret_wanted = wanted;
        if (bytes.size - *ret_used < wanted)
            return FEED_MORE;
        if (answer != FEED_MORE)
            return answer;
        packets++;
        packet_bytes += wanted;
        last_byte = bytes.at[*ret_used + wanted - 1];
        *ret_used += wanted;
        if (echo_bytes > 0)
            connection_put(s, connection, bytes_of(reply, echo_bytes));
    }
    *ret_wanted = 0;
    return FEED_MORE;
}

static void fake_gone(struct server *s, struct connection *connection)
{
    (void)s, (void)connection;
    gone++;
}

static void fake_silent(struct server *s, struct connection *connection)
{
    silent++;
    connection_end(s, connection, CAUSE_KEEP_ALIVE);
}

static void fake_too_much(struct server *s, struct connection *connection)
{
    too_much++;
    connection_end(s, connection, CAUSE_MEMORY);
}

static void fake_unchoked(struct server *s, struct connection *connection)
{
    (void)s, (void)connection;
    unchoked++;
}

static struct protocol fake = {.door = DOOR_MQTT,
                               .feed = fake_feed,
                               .gone = fake_gone,
                               .silent = fake_silent,
                               .too_much = fake_too_much,
                               .unchoked = fake_unchoked,
                               .out_limit = 4096};

static int setup(void **state)
{
    int pair[2];
    (void)state;
    memset(&server, 0, sizeof server);
    settings_default(&server.settings);
    server.memory.most = server.settings.mqtt_memory;
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
        server.doors[i].clients_fd = server.house_fd;
        server.doors[i].memory = i == DOOR_HTTP ? &server.http_memory : &server.memory;
    }
    timers_init(&server.timers, server.now_ns);
    packets = packet_bytes = gone = silent = too_much = unchoked = echo_bytes = 0;
    answer = FEED_MORE;
    fake.door = DOOR_MQTT;
    fake.keeps = fake.must_read = false;
    server.http_memory.most = server.settings.http_memory;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    peer = pair[1];
    c = connection_open(&server, pair[0], "peer", &fake);
    assert_non_null(c);
    return 0;
}

static int done(void **state)
{
    (void)state;
    if (!link_is_alone(&server.alive))
        connection_close(&server, c, CAUSE_STOP);
    connections_reap(&server);
    assert_true(link_is_alone(&server.dead) && link_is_alone(&server.broken));
    assert_int_equal(gone, 1);
    assert_int_equal(server.memory.used, 0);
    assert_int_equal(server.http_memory.used, 0);
    for (size_t i = 0; i < DOORS; i++)
        assert_int_equal(server.doors[i].connections, 0);
    close(peer);
    close(server.house_fd);
    free(server.read_buffer);
    free(server.write_buffer);
    free(server.slots);
    free(server.slots_free);
    return 0;
}

/* One turn of what the loop would do; returns how many events there were. */
static int turn(void)
{
    struct epoll_event events[8];
    int count = epoll_wait(server.house_fd, events, 8, 0);
    for (int i = 0; i < count; i++) {
        struct connection *found = connection_find(&server, (uint32_t)events[i].data.u64,
                                                   (uint32_t)(events[i].data.u64 >> 32));
        if (found)
            connection_ready(&server, found, events[i].events);
    }
    return count;
}

static void say(const void *at, size_t size)
{
    assert_int_equal(write(peer, at, size), (ssize_t)size);
    turn();
}

/* ---- reading
 * ------------------------------------------------------------------------------------- */
static void test_idle_connection_holds_no_buffer(void **state)
{
    (void)state;
    assert_true(sizeof(struct connection) <= 512);
    say("\2ab\3abc", 7);
    assert_int_equal(packets, 2);
    assert_null(c->in.at);
    assert_null(c->out.at);
    assert_int_equal(server.memory.used, 0);
}

static void test_packet_in_pieces_is_kept_to_size_and_let_go(void **state)
{
    (void)state;
    say("\1x\5ab", 5);
    assert_int_equal(packets, 1);
    assert_int_equal(c->in.size, 3);
    assert_int_equal(server.memory.used, 3);
    say("c", 1);
    assert_int_equal(c->in.size, 4);
    say("de\1", 3);
    assert_int_equal(packets, 2);
    assert_int_equal(last_byte, 'e');
    assert_int_equal(c->in.size, 1);
    say("z", 1);
    assert_int_equal(packets, 3);
    assert_null(c->in.at);
}

static void test_long_packet_grows_with_what_came(void **state)
{
    (void)state;
    static uint8_t long_packet[100001];
    long_packet[0] = 200;
    long_packet[100000] = 77;
    for (size_t at = 0; at < sizeof long_packet; at += 1000) {
        size_t rest = sizeof long_packet - at;
        say(long_packet + at, rest < 1000 ? rest : 1000);
        if (packets == 0)
            assert_true(c->in.capacity <= 2 * (at + 1000));
    }
    assert_int_equal(packets, 1);
    assert_int_equal(packet_bytes, 100001);
    assert_int_equal(last_byte, 77);
    assert_null(c->in.at);
}

static void test_what_follows_a_long_packet_is_read_after_it(void **state)
{
    (void)state;
    static uint8_t bytes[6001 + 3];
    bytes[0] = 106;
    bytes[6001] = 2;
    bytes[6003] = 'q';
    say(bytes, 100);
    say(bytes + 100, sizeof bytes - 100);
    while (packets < 2)
        assert_true(turn() > 0);
    assert_int_equal(last_byte, 'q');
}

static void test_memory_limit_at_both_sides(void **state)
{
    (void)state;
    uint8_t piece[64] = {100};
    server.memory.most = 64;
    say(piece, 64);
    assert_int_equal(too_much, 0);
    assert_int_equal(server.memory.used, 64);
    uint8_t more = 0;
    say(&more, 1); /* 65 bytes are to be kept */
    assert_int_equal(too_much, 1);
    assert_int_equal(server.memory.used, 0);
    assert_int_equal(server.doors[DOOR_MQTT].counters.closed[CAUSE_MEMORY], 1);
}

static void test_full_engine_keeps_the_rest_until_fed_again(void **state)
{
    (void)state;
    answer = FEED_FULL;
    say("\1a\1b", 4);
    assert_true(server.full && c->held);
    assert_int_equal(c->in.size, 4);
    say("\1c", 2); /* not read while held */
    assert_int_equal(c->in.size, 4);
    server.full = false;
    assert_false(connection_refeed(&server, c)); /* still full */
    assert_false(link_is_alone(&c->resume));
    server.full = false;
    answer = FEED_MORE;
    assert_true(connection_refeed(&server, c));
    assert_int_equal(packets, 2);
    assert_null(c->in.at);
    turn();
    assert_int_equal(packets, 3);
}

static void test_held_connection_does_not_wake_the_loop(void **state)
{
    (void)state;
    answer = FEED_HOLD;
    say("\1a", 2);
    assert_false(server.full);
    assert_int_equal(write(peer, "\1b", 2), 2);
    assert_int_equal(turn(), 0);
    answer = FEED_MORE;
    connection_resume(&server, c);
    assert_false(link_is_alone(&server.doors[DOOR_MQTT].resume));
    assert_true(connection_refeed(&server, c));
    assert_int_equal(packets, 1);
    turn();
    assert_int_equal(packets, 2);
}

/* ---- sending
 * ------------------------------------------------------------------------------------- */
static size_t drain_peer(void)
{
    static uint8_t sink[1 << 16];
    size_t all = 0;
    ssize_t n;
    while ((n = read(peer, sink, sizeof sink)) > 0)
        all += (size_t)n;
    return all;
}

static void test_many_small_answers_leave_in_one_piece(void **state)
{
    (void)state;
    echo_bytes = 4;
    say("\1a\1b\1c\1d", 8);
    assert_int_equal(server.doors[DOOR_MQTT].counters.sends, 1);
    assert_int_equal(drain_peer(), 16);
}

static void test_slow_reader_chokes_and_loses_nothing(void **state)
{
    (void)state;
    size_t said = 0, heard = 0;
    echo_bytes = 60000;
    while (!connection_is_choked(c)) {
        say("\1a", 2);
        said++;
    }
    assert_true(c->out.size > fake.out_limit && c->out.size <= 2 * 60000);
    assert_int_equal(write(peer, "\1a", 2), 2);
    assert_int_equal(turn(), 0); /* choked: not read */
    while (connection_is_choked(c)) {
        heard += drain_peer();
        turn();
    }
    assert_int_equal(unchoked, 1);
    for (int i = 0; i < 100; i++) {
        turn();
        heard += drain_peer();
    }
    assert_int_equal(heard, (said + 1) * 60000);
    assert_null(c->out.at);
}

static void test_broken_send_closes_at_the_end_of_the_round(void **state)
{
    (void)state;
    echo_bytes = 4;
    assert_int_equal(write(peer, "\1a\1b", 4), 4);
    close(peer);
    peer = open("/dev/null", O_RDONLY | O_CLOEXEC);
    turn();
    assert_true(c->broken && !c->dead);
    connections_reap(&server);
    assert_int_equal(gone, 1);
    assert_int_equal(server.doors[DOOR_MQTT].counters.closed[CAUSE_ERROR], 1);
}

/* ---- the end
 * ------------------------------------------------------------------------------------- */
static void fire(void *arg, struct timer *timer)
{
    connection_timer_fired(arg, timer);
}

static void pass(int64_t ns)
{
    server.now_ns += ns;
    timers_run(&server.timers, server.now_ns, fire, &server);
}

static void test_goodbye_arrives_before_the_end(void **state)
{
    (void)state;
    char heard[8];
    connection_put(&server, c, bytes_text("bye"));
    connection_end(&server, c, CAUSE_PROTOCOL);
    assert_int_equal(gone, 1);
    assert_int_equal(write(peer, "\1a", 2), 2); /* what still comes is dropped */
    turn();
    assert_int_equal(packets, 0);
    assert_int_equal(read(peer, heard, sizeof heard), 3);
    assert_int_equal(read(peer, heard, sizeof heard), 0);
    assert_false(c->dead);
    close(peer);
    peer = open("/dev/null", O_RDONLY | O_CLOEXEC);
    turn();
    assert_true(c->dead);
}

static void test_who_does_not_leave_is_closed_after_two_seconds(void **state)
{
    (void)state;
    connection_end(&server, c, CAUSE_PROTOCOL);
    pass(2 * NS_PER_S - 1);
    assert_false(c->dead);
    pass(2 * TIMERS_TICK_NS);
    assert_true(c->dead);
}

static void test_silence_at_both_sides(void **state)
{
    (void)state;
    connection_allow_silence(&server, c, 3 * NS_PER_S, false);
    pass(2 * NS_PER_S);
    say("\1a", 2); /* from now on anew */
    pass(3 * NS_PER_S - 1);
    assert_int_equal(silent, 0);
    pass(2 * TIMERS_TICK_NS);
    assert_int_equal(silent, 1);
    assert_int_equal(server.doors[DOOR_MQTT].counters.closed[CAUSE_KEEP_ALIVE], 1);
}

static void test_silence_is_ours_while_held(void **state)
{
    (void)state;
    connection_allow_silence(&server, c, NS_PER_S, false);
    answer = FEED_HOLD;
    say("\1a", 2);
    for (int i = 0; i < 20; i++)
        pass(NS_PER_S);
    assert_int_equal(silent, 0);
}

static void test_peer_that_goes_is_counted(void **state)
{
    (void)state;
    close(peer);
    peer = open("/dev/null", O_RDONLY | O_CLOEXEC);
    turn();
    assert_true(c->dead);
    assert_int_equal(server.doors[DOOR_MQTT].counters.closed[CAUSE_GONE], 1);
}

/* Answers that the socket has not taken yet, and a client that shuts down its side. */
static size_t heard_after_the_last_word(bool must_read)
{
    static const uint8_t answers[300000];
    size_t heard = 0;
    fake.must_read = must_read;
    fake.out_limit = sizeof answers;
    connection_put(&server, c, bytes_of(answers, sizeof answers));
    assert_true(c->out.size > 0 && !connection_is_choked(c));
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    for (int i = 0; i < 1000 && link_is_alone(&server.dead); i++) {
        turn();
        heard += drain_peer();
    }
    fake.out_limit = 4096;
    assert_true(c->dead);
    assert_int_equal(server.doors[DOOR_MQTT].counters.closed[CAUSE_GONE], 1);
    return heard;
}

static void test_who_says_no_more_hears_its_answers(void **state)
{
    (void)state;
    assert_int_equal(heard_after_the_last_word(true), 300000);
}

static void test_what_nobody_waits_for_is_not_sent(void **state)
{
    (void)state;
    assert_true(heard_after_the_last_word(false) < 300000);
}

static void test_a_slot_is_used_again_under_another_generation(void **state)
{
    (void)state;
    int pair[2];
    uint32_t slot = c->slot, generation = c->generation;
    connection_close(&server, c, CAUSE_GONE);
    connections_reap(&server);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    c = connection_open(&server, pair[0], "other", &fake);
    assert_int_equal(c->slot, slot);
    assert_null(connection_find(&server, slot, generation));
    assert_ptr_equal(connection_find(&server, slot, c->generation), c);
    assert_null(connection_find(&server, slot + 1, 1));
    close(pair[1]);
    gone = 0;
}

/* ---- doors
 * ---------------------------------------------------------------------------------------- */
/* Makes c a connection of the HTTP door, with an epoll of its own. */
static void over_to_http(const struct protocol *protocol)
{
    server.doors[DOOR_HTTP].clients_fd = epoll_create1(EPOLL_CLOEXEC);
    assert_true(connection_move(&server, c, protocol));
}

static struct protocol other; /* the fake one of another door */

static void test_who_changes_the_door_takes_all_along(void **state)
{
    (void)state;
    struct epoll_event event;
    say("\5ab", 3);
    assert_int_equal(server.memory.used, 3);
    other = fake;
    other.door = DOOR_HTTP;
    server.http_memory.most = 2;
    assert_false(connection_move(&server, c, &other)); /* no room for what it holds */
    assert_int_equal(server.memory.used, 3);
    server.http_memory.most = 3;
    over_to_http(&other);
    assert_int_equal(server.memory.used, 0);
    assert_int_equal(server.http_memory.used, 3);
    assert_int_equal(server.doors[DOOR_MQTT].connections, 0);
    assert_int_equal(server.doors[DOOR_HTTP].connections, 1);
    assert_int_equal(write(peer, "cde", 3), 3);
    assert_int_equal(epoll_wait(server.house_fd, &event, 1, 0), 0);
    assert_int_equal(epoll_wait(server.doors[DOOR_HTTP].clients_fd, &event, 1, 0), 1);
    server.http_memory.most = 100;
    connection_ready(&server, c, event.events);
    assert_int_equal(packets, 1);
    assert_int_equal(server.doors[DOOR_HTTP].counters.bytes_in, 3);
    close(server.doors[DOOR_HTTP].clients_fd);
    server.doors[DOOR_HTTP].clients_fd = server.house_fd;
}

/* Whom the engine told to wait makes all of MQTT wait, but of HTTP himself alone. */
static void test_full_engine_holds_one_of_http(void **state)
{
    (void)state;
    fake.door = DOOR_HTTP;
    server.doors[DOOR_MQTT].connections--; /* it came in through the other door */
    server.doors[DOOR_HTTP].connections++;
    answer = FEED_FULL;
    say("\1a", 2);
    assert_false(server.full);
    assert_true(c->held);
    assert_true(link_is_alone(&server.doors[DOOR_HTTP].resume));
    assert_false(link_is_alone(&server.doors[DOOR_HTTP].awaits));
    assert_false(connection_refeed(&server, c));
    answer = FEED_MORE;
    assert_true(connection_refeed(&server, c));
    assert_true(link_is_alone(&server.doors[DOOR_HTTP].awaits));
    assert_int_equal(packets, 1);
}

/* The bytes of the protocol's own may be all that is to be fed again. */
static void test_a_protocol_that_keeps_is_fed_again_without_bytes(void **state)
{
    (void)state;
    fake.keeps = true;
    c->held = true;
    answer = FEED_HOLD;
    connection_resume(&server, c);
    assert_true(connection_refeed(&server, c)); /* of no packet the fake makes nothing */
    assert_false(c->held);
    say("\1a", 2);
    assert_true(c->held);
    answer = FEED_MORE;
    connection_resume(&server, c);
    assert_true(connection_refeed(&server, c));
    assert_int_equal(packets, 1);
}

static void test_who_must_read_is_silent_while_it_does_not(void **state)
{
    (void)state;
    static const uint8_t answers[1 << 20];
    uint8_t sink[512];
    fake.must_read = true;
    connection_allow_silence(&server, c, NS_PER_S, false);
    connection_put(&server, c, bytes_of(answers, sizeof answers));
    assert_true(connection_is_choked(c));
    pass(NS_PER_S - 1);
    size_t unsent = c->out.size;
    while (c->out.size == unsent) { /* until it took something: from now on anew */
        assert_true(read(peer, sink, sizeof sink) > 0);
        turn();
    }
    assert_true(c->out.size > 0);
    pass(NS_PER_S - 1);
    assert_int_equal(silent, 0);
    pass(2 * TIMERS_TICK_NS);
    assert_int_equal(silent, 1);
}

static void test_fixed_time_is_not_moved_by_bytes(void **state)
{
    (void)state;
    connection_allow_silence(&server, c, 2 * NS_PER_S, true);
    pass(NS_PER_S);
    say("\1a", 2);
    pass(NS_PER_S - 1);
    assert_int_equal(silent, 0);
    pass(2 * TIMERS_TICK_NS);
    assert_int_equal(silent, 1);
}

/* A command's tag is made of generation and slot. */
static void test_tags_never_look_like_the_web_s(void **state)
{
    (void)state;
    int pair[2];
    connection_close(&server, c, CAUSE_GONE);
    connections_reap(&server);
    server.generation = INT32_MAX - 1;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        c = connection_open(&server, pair[0], "other", &fake);
        assert_non_null(c);
        assert_int_equal(((uint64_t)c->generation << 32 | c->slot) & WEB_TAG, 0);
        assert_ptr_equal(connection_find(&server, c->slot, c->generation), c);
        close(pair[1]);
        if (i < 2)
            connection_close(&server, c, CAUSE_GONE);
    }
    gone = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, done)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_idle_connection_holds_no_buffer),
        TEST(test_packet_in_pieces_is_kept_to_size_and_let_go),
        TEST(test_long_packet_grows_with_what_came),
        TEST(test_what_follows_a_long_packet_is_read_after_it),
        TEST(test_memory_limit_at_both_sides),
        TEST(test_full_engine_keeps_the_rest_until_fed_again),
        TEST(test_held_connection_does_not_wake_the_loop),
        TEST(test_many_small_answers_leave_in_one_piece),
        TEST(test_slow_reader_chokes_and_loses_nothing),
        TEST(test_broken_send_closes_at_the_end_of_the_round),
        TEST(test_goodbye_arrives_before_the_end),
        TEST(test_who_does_not_leave_is_closed_after_two_seconds),
        TEST(test_silence_at_both_sides),
        TEST(test_silence_is_ours_while_held),
        TEST(test_peer_that_goes_is_counted),
        TEST(test_who_says_no_more_hears_its_answers),
        TEST(test_what_nobody_waits_for_is_not_sent),
        TEST(test_a_slot_is_used_again_under_another_generation),
        TEST(test_who_changes_the_door_takes_all_along),
        TEST(test_full_engine_holds_one_of_http),
        TEST(test_a_protocol_that_keeps_is_fed_again_without_bytes),
        TEST(test_who_must_read_is_silent_while_it_does_not),
        TEST(test_fixed_time_is_not_moved_by_bytes),
        TEST(test_tags_never_look_like_the_web_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
