/* A connection's time limits, the order of its answers, and what it is told when it does not read,
 * when memory lacks, and when a body is refused. */
#include "web/test_house.h"

#define GET "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define POST_HEAD                                                                                  \
    "POST /v1/samples HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
#define SAMPLE "{\"path\":\"a/b\",\"value\":1}"

static struct reply reply_of(struct talk *talk)
{
    struct reply reply;
    house_await(talk, &reply);
    return reply;
}

/* ---- time ----------------------------------------------------------------------------------- */
static void test_times_that_are_allowed(void **state)
{
    struct test_house *house = *state;
    const struct settings *settings = &house->settings;
    struct talk *talk = talk_open(house);
    assert_int_equal(talk->silence_ns, settings->http_head_time); /* until its first request */
    assert_true(talk->silence_fixed);
    talk_send_text(talk, "GET /heal");
    assert_int_equal(talk->silence_ns, settings->http_head_time); /* whatever comes */
    assert_true(talk->silence_fixed);
    talk_send_text(talk, "thz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_int_equal(talk->silence_ns, settings->http_idle_time);
    assert_false(talk->silence_fixed);
    assert_int_equal(reply_of(talk).status, 200);
    talk_send_text(talk, POST_HEAD "Content-Length: 200000\r\n\r\n[");
    assert_int_equal(talk->silence_ns, settings->http_body_time);
    assert_true(talk->silence_fixed);
    talk_close(talk);
}

static void test_a_body_earns_its_time_with_64_kib(void **state)
{
    static uint8_t spaces[65536];
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    memset(spaces, ' ', sizeof spaces);
    talk_send_text(talk, POST_HEAD "Content-Length: 200000\r\n\r\n");
    talk_send(talk, bytes_of(spaces, 10));
    talk->silence_ns = 0; /* to see whether it is told anew */
    talk_send(talk, bytes_of(spaces, 65525));
    assert_int_equal(talk->silence_ns, 0);
    talk_send(talk, bytes_of(spaces, 1)); /* 65,536 since the limit was set */
    assert_int_equal(talk->silence_ns, house->settings.http_body_time);
    talk_close(talk);
}

static void test_silence_is_answered_within_a_request_only(void **state)
{
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    web_silent(house->web, &talk->link);
    assert_true(talk->ended && talk->out.size == 0);
    assert_int_equal(talk->cause, WEB_CAUSE_SILENT);
    talk = talk_open(house);
    talk_send_text(talk, "GET / HTTP/1.1\r\n");
    web_silent(house->web, &talk->link);
    assert_problem(reply_of(talk), 408, "slow");
    assert_true(talk->ended && talk->cause == WEB_CAUSE_SLOW);
    talk = talk_open(house);
    talk_send_text(talk, POST_HEAD "Content-Length: 10\r\n\r\n[");
    web_silent(house->web, &talk->link);
    struct reply reply = reply_of(talk);
    assert_problem(reply, 408, "slow");
    assert_true(reply_header_is(&reply, "Connection", "close"));
}

/* What has no route is answered at its head. When the client takes no more just then, its end is
 * not looked at yet: who lets the time pass is not answered a second time. */
static void test_silence_after_the_answer_ends(void **state)
{
    static const char nothing[] = "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    talk_send_text(talk, nothing);
    size_t one = talk->out.size;
    assert_true(one > 0 && !talk->ended);
    talk->choked_at = 2 * one + 1; /* with the second of the two that follow */
    char two[2 * sizeof nothing];
    snprintf(two, sizeof two, "%s%s", nothing, nothing);
    talk_send_text(talk, two);
    assert_int_equal(talk->out.size, 3 * one);
    web_silent(house->web, &talk->link);
    assert_true(talk->ended);
    assert_int_equal(talk->cause, WEB_CAUSE_SLOW);
    assert_int_equal(talk->out.size, 3 * one);
}

/* ---- order ---------------------------------------------------------------------------------- */
static void test_answers_leave_in_order_though_one_waits(void **state)
{
    struct talk *talk = talk_open(*state);
    struct reply reply;
    talk_send_text(talk, POST_HEAD "Content-Length: 24\r\n\r\n" SAMPLE GET POST_HEAD
                                   "Content-Length: 1\r\n\r\n[" GET);
    assert_true(talk->held); /* the disk has not said yet that it has the sample */
    assert_false(talk_reply(talk, false, &reply));
    assert_reply(reply_of(talk), 200, "{\"taken\":1,\"refused\":[],\"refused_count\":0}");
    assert_int_equal(reply_of(talk).status, 200);
    assert_int_equal(reply_of(talk).status, 400);
    assert_int_equal(reply_of(talk).status, 200);
    assert_false(talk->ended);
    talk_close(talk);
}

static void test_others_get_their_turn(void **state)
{
    char many[65 * sizeof GET];
    struct talk *talk = talk_open(*state);
    size_t size = 0;
    for (int i = 0; i < 65; i++)
        size += (size_t)snprintf(many + size, sizeof many - size, "%s", GET);
    talk_send(talk, bytes_of(many, size));
    assert_true(talk->held && talk->link.turn); /* 64 are answered, the last one waits its turn */
    assert_int_equal(talk->in.size - talk->in.taken, sizeof GET - 1);
    talk->held = false;
    (void)house_step(*state);
    for (int i = 0; i < 65; i++)
        assert_int_equal(reply_of(talk).status, 200);
    talk_close(talk);
}

/* ---- who does not read ---------------------------------------------------------------------- */
static void test_who_does_not_read_is_not_answered_on(void **state)
{
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    struct reply reply;
    talk->unsent = WEB_UNSENT + 1;
    talk_send_text(talk, GET GET);
    assert_true(talk->held);
    assert_int_equal(reply_of(talk).status, 200);
    assert_false(talk_reply(talk, false, &reply));
    assert_int_equal(talk->silence_ns, house->settings.http_body_time);
    assert_false(talk->silence_fixed); /* each byte it takes earns the time anew */
    talk->unsent = WEB_UNSENT;
    web_unchoked(house->web, &talk->link);
    assert_int_equal(talk->silence_ns, house->settings.http_idle_time);
    talk->held = false;
    (void)house_step(house);
    assert_int_equal(reply_of(talk).status, 200);
    talk_close(talk);
}

static size_t deltas_of(struct talk *talk)
{
    struct bytes out = talk_buffer_rest(&talk->out);
    size_t count = 0;
    const uint8_t *end = out.at + out.size, *found;
    while ((found = memmem(out.at, (size_t)(end - out.at), "event: delta", 12)) != NULL) {
        count++;
        out.at = found + 1;
    }
    talk->out.taken = talk->out.size;
    return count;
}

/* The very mark past which the transport stops reading is that of deltas: web_unchoked is told of
 * no other. */
static void test_a_viewer_that_was_slow_goes_on(void **state)
{
    struct test_house *house = *state;
    assert_int_equal(house_publish(house, "v/a", "1"), ADMIT_DONE);
    struct talk *talk = talk_open(house);
    talk_send_text(talk, "GET /v1/events?match=v/%23 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    house_settle(house);
    assert_int_equal(deltas_of(talk), 0);
    talk->unsent = WEB_UNSENT;
    assert_int_equal(house_publish(house, "v/a", "2"), ADMIT_DONE);
    assert_int_equal(deltas_of(talk), 1);
    talk->unsent = WEB_UNSENT + 1;
    assert_int_equal(house_publish(house, "v/a", "3"), ADMIT_DONE);
    assert_int_equal(house_publish(house, "v/a", "4"), ADMIT_DONE);
    assert_int_equal(deltas_of(talk), 0);
    talk->unsent = WEB_UNSENT;
    web_unchoked(house->web, &talk->link);
    house_settle(house);
    assert_int_equal(deltas_of(talk), 1); /* with the last value */
    talk_close(talk);
}

/* ---- what is refused ------------------------------------------------------------------------ */
static void test_a_connection_that_ends_says_so(void **state)
{
    struct talk *talk = talk_open(*state);
    talk_send_text(talk, "POST /healthz HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n");
    struct reply reply = reply_of(talk);
    assert_problem(reply, 405, "method");
    assert_true(reply_header_is(&reply, "Connection", "close"));
    assert_true(talk->ended);
    talk = talk_open(*state);
    talk_send_text(talk, "POST /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); /* without a body */
    reply = reply_of(talk);
    assert_problem(reply, 405, "method");
    assert_int_equal(reply_header(&reply, "Connection").size, 0);
    assert_false(talk->ended);
    talk_close(talk);
}

static void test_memory_at_both_sides(void **state)
{
    struct test_house *house = *state;
    house->memory.most = (uint64_t)64 << 10; /* one client */
    struct talk *first = talk_open(house), *second = talk_open(house);
    talk_send_text(first, "GET /healthz HTTP/1.1\r\n");
    talk_send_text(second, "GET /healthz HTTP/1.1\r\n");
    assert_int_equal(reply_of(second).status, 503);
    assert_true(second->ended && second->cause == WEB_CAUSE_MEMORY);
    talk_send_text(first, "Host: localhost\r\n\r\n");
    assert_int_equal(reply_of(first).status, 200);
    talk_send_text(first, POST_HEAD "Content-Length: 24\r\n\r\n" SAMPLE); /* no room for a body */
    assert_problem(reply_of(first), 503, "memory");
    house->memory.most = (uint64_t)68 << 10; /* and the least that a body takes */
    first = talk_open(house);
    talk_send_text(first, POST_HEAD "Content-Length: 24\r\n\r\n" SAMPLE);
    assert_int_equal(reply_of(first).status, 200);
    talk_close(first);
    assert_int_equal(house->memory.used, 64 << 10); /* the client is kept for the next one */
}

static void test_connections_are_counted(void **state)
{
    struct test_house *house = *state;
    struct talk *talks[3];
    for (size_t i = 0; i < ARRAY_COUNT(talks); i++)
        talks[i] = talk_open(house);
    assert_int_equal(web_counters(house->web)->connections, 3);
    for (size_t i = 0; i < ARRAY_COUNT(talks); i++)
        talk_close(talks[i]);
    assert_int_equal(web_counters(house->web)->connections, 0);
    assert_int_equal(web_counters(house->web)->closed[WEB_CAUSE_GONE], 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_times_that_are_allowed),
        TEST(test_a_body_earns_its_time_with_64_kib),
        TEST(test_silence_is_answered_within_a_request_only),
        TEST(test_silence_after_the_answer_ends),
        TEST(test_answers_leave_in_order_though_one_waits),
        TEST(test_others_get_their_turn),
        TEST(test_who_does_not_read_is_not_answered_on),
        TEST(test_a_viewer_that_was_slow_goes_on),
        TEST(test_a_connection_that_ends_says_so),
        TEST(test_memory_at_both_sides),
        TEST(test_connections_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
