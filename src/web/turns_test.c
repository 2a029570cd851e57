/* How a connection's requests take turns with others, and how long a stream of events lasts. */
#include "web/test_house.h"

/* ---- turns ---------------------------------------------------------------------------------- */
#define REQUESTS 40

/* A clock by which whatever is done takes time: 50 us from one look to the next. */
static int64_t busy_boot_ns(struct clock *port)
{
    return ((struct house_clock *)port)->boot_ns += 50 * NS_PER_US;
}

static void test_dear_requests_of_one_leave_time_for_others(void **state)
{
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    struct reply reply;
    char text[REQUESTS * 48] = "";
    unsigned turns = 1, answers = 0;
    for (unsigned i = 0; i < REQUESTS; i++)
        strcat(text, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    house->clock.port.boot_ns = busy_boot_ns;
    talk_send_text(talk, text);
    for (; talk->held; turns++) {
        assert_true(talk->link.turn);
        assert_true(talk->in.taken < talk->in.size);
        talk->held = false;
        talk_pump(talk);
    }
    house->clock.port.boot_ns = house_boot_ns;
    assert_true(turns > 4 && turns < REQUESTS);
    for (; talk_reply(talk, false, &reply); answers++)
        assert_int_equal(reply.status, 200);
    assert_int_equal(answers, REQUESTS);
    talk_close(talk);
}

static void test_cheap_requests_of_one_go_together(void **state)
{
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    char text[REQUESTS * 48] = "";
    for (unsigned i = 0; i < REQUESTS; i++)
        strcat(text, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    talk_send_text(talk, text);
    assert_false(talk->held);
    assert_int_equal(talk->in.taken, talk->in.size);
    talk_close(talk);
}

/* ---- streams -------------------------------------------------------------------------------- */
static bool talk_heard(const struct talk *talk, const char *text)
{
    struct bytes heard = talk_buffer_rest(&talk->out);
    return memmem(heard.at, heard.size, text, strlen(text)) != NULL;
}

/* A proxy asks in HTTP/1.0, or says that the connection will be of no use behind the stream. */
static void stream_lasts(struct test_house *house, const char *head)
{
    struct talk *talk = talk_open(house);
    talk_send_text(talk, head);
    house_settle(house);
    assert_true(talk_heard(talk, "event: hello\n") && talk_heard(talk, "Connection: close\r\n"));
    assert_false(talk->ended);
    assert_int_equal(house_publish(house, "plant/temp", "42.125"), ADMIT_DONE);
    house_settle(house);
    assert_true(talk_heard(talk, "42.125"));
    assert_false(talk->ended);
    talk_close(talk);
}

static void test_a_stream_of_http_1_0_lasts(void **state)
{
    stream_lasts(*state, "GET /v1/events?match=%23 HTTP/1.0\r\nHost: localhost\r\n\r\n");
}

static void test_a_stream_of_a_last_request_lasts(void **state)
{
    stream_lasts(*state, "GET /v1/events?match=%23 HTTP/1.1\r\nHost: localhost\r\n"
                         "Connection: close\r\n\r\n");
}

static void test_no_stream_begins_while_the_server_stops(void **state)
{
    struct test_house *house = *state;
    web_stop(house->web);
    struct reply reply = house_ask(house, "GET /v1/events?match=%23");
    assert_int_equal(reply.status, 503);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_dear_requests_of_one_leave_time_for_others),
        TEST(test_cheap_requests_of_one_go_together),
        TEST(test_a_stream_of_http_1_0_lasts),
        TEST(test_a_stream_of_a_last_request_lasts),
        TEST(test_no_stream_begins_while_the_server_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
