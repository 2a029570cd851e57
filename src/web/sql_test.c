/* SQL through the web: what is answered as a whole, what is streamed, who leaves, who does not
 * read. The test program itself is the process that runs SQL. */
#include "web/test_house.h"

#include "sql/sql.h"

#include <time.h>

#define ROUNDS 40000 /* of half a millisecond */
#define MANY                                                                                       \
    "with recursive a(n) as (values(1) union all select n + 1 from a limit %d) select n from a"

static int setup(void **state)
{
    house_setup(state);
    struct test_house *house = *state;
    struct sql_config config = {.space = house->space,
                                .points = engine_points(house->engine),
                                .clock = clock_real(),
                                .limits = {1, (uint64_t)64 << 20, 60 * NS_PER_S}};
    assert_int_equal(sql_create(&config, &house->web->config.sql), OK);
    assert_int_equal(house_publish(house, "plant/press", "{\"temp\":21.5}"), ADMIT_DONE);
    return 0;
}

static int teardown(void **state)
{
    struct test_house *house = *state;
    struct sql *sql = house->web->config.sql;
    for (size_t i = 0; i < HOUSE_TALKS; i++)
        talk_close(&house->talks[i]);
    house->web->config.sql = NULL;
    sql_destroy(sql);
    return house_teardown(state);
}

static void nap(void)
{
    struct timespec time = {.tv_nsec = NS_PER_MS / 2};
    nanosleep(&time, NULL);
}

/* A statement on a connection; version: "1.1". */
static struct talk *ask(struct test_house *house, const char *version, const char *body)
{
    char head[512];
    struct talk *talk = talk_open(house);
    snprintf(head, sizeof head,
             "POST /v1/sql HTTP/%s\r\nHost: localhost\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n",
             version, strlen(body));
    talk_send(talk, bytes_text(head));
    talk_send(talk, bytes_text(body));
    return talk;
}

static void await(struct talk *talk, struct reply *reply)
{
    for (int i = 0; !talk_reply(talk, false, reply); i++) {
        assert_true(i < ROUNDS);
        (void)house_step(talk->house);
        nap();
    }
}

static void answer_has(struct test_house *house, const char *body, unsigned status,
                       const char *wanted)
{
    struct reply reply;
    struct talk *talk = ask(house, "1.1", body);
    await(talk, &reply);
    if (reply.status != status ||
        memmem(reply.body.at, reply.body.size, wanted, strlen(wanted)) == NULL)
        fail_msg("%s: %u %.*s", body, reply.status, (int)reply.body.size,
                 (const char *)reply.body.at);
    talk_close(talk);
}

static void test_answers(void **state)
{
    struct test_house *house = *state;
    answer_has(house, "{\"sql\":\"select path, value from live\"}", 200,
               "\"rows\":[[\"plant/press/temp\",21.5]],\"truncated\":false");
    answer_has(house, "{\"sql\":\"select path from points\",\"format\":\"csv\"}", 200,
               "path\r\nplant/press/temp\r\n");
    answer_has(house, "{\"sql\":\"select ?1 as a\",\"parameters\":[true],\"format\":\"ndjson\"}",
               200, "{\"a\":1}\n");
    answer_has(house, "{\"sql\":\"select oops\"}", 422,
               "\"code\":\"sql_error\",\"detail\":\"no such column: oops\",\"offset\":7}");
    answer_has(house, "{\"sql\":\"select * from samples\"}", 422, "the history is off");
    answer_has(house, "{\"sql\":\"select 1\",\"limit\":1000001}", 422, "question_invalid");
    answer_has(house, "{\"sql\":\"select 1\",\"limit\":1000000}", 200, "[[1]]");
    answer_has(house, "{\"sql\":\"select 1\",\"more\":1}", 422, "question_invalid");
    answer_has(house, "[]", 422, "question_invalid");
    answer_has(house, "{\"parameters\":[]}", 422, "question_invalid");
}

static void test_the_schema(void **state)
{
    struct reply reply = house_ask(*state, "GET /v1/sql/schema");
    json_t *json = reply_json(&reply), *tables = json_object_get(json, "tables");
    assert_int_equal(reply.status, 200);
    assert_int_equal(json_array_size(tables), SQL_TABLE_COUNT);
    assert_string_equal(json_string_value(json_object_get(json_array_get(tables, 0), "name")),
                        "points");
    assert_int_equal(json_array_size(json_object_get(json, "functions")), sql_function_count);
    json_decref(json);
}

static void test_without_sql(void **state)
{
    struct test_house *house = *state;
    struct sql *sql = house->web->config.sql;
    house->web->config.sql = NULL;
    assert_problem(house_ask_json(house, "POST /v1/sql", "{\"sql\":\"select 1\"}"), 503, "sql_off");
    house->web->config.sql = sql;
}

static void test_long_answers_are_streamed(void **state)
{
    struct test_house *house = *state;
    struct reply reply;
    char body[512];
    snprintf(body, sizeof body, "{\"sql\":\"" MANY "\",\"limit\":1000000,\"format\":\"csv\"}",
             100000);
    struct talk *talk = ask(house, "1.1", body);
    await(talk, &reply);
    assert_int_equal(reply.status, 200);
    assert_true(reply_header_is(&reply, "Transfer-Encoding", "chunked"));
    assert_true(reply.body.size > 500000);
    assert_memory_equal(reply.body.at + reply.body.size - 8, "100000\r\n", 8);
    talk_close(talk);
    /* HTTP/1.0 knows no chunks: the end of the connection is the end of the answer. */
    talk = ask(house, "1.0", body);
    for (int i = 0; !talk->ended; i++) {
        assert_true(i < ROUNDS);
        (void)house_step(house);
        nap();
    }
    struct bytes all = talk_buffer_rest(&talk->out);
    assert_memory_equal(all.at + all.size - 8, "100000\r\n", 8);
    talk_close(talk);
}

/* What does not read is not sent more than a bounded piece, and all of it later. */
static void test_who_does_not_read(void **state)
{
    struct test_house *house = *state;
    struct reply reply;
    char body[512];
    snprintf(body, sizeof body, "{\"sql\":\"" MANY "\",\"limit\":1000000,\"format\":\"csv\"}",
             400000);
    struct talk *talk = ask(house, "1.1", body);
    for (int i = 0; talk->out.size == 0; i++) {
        assert_true(i < ROUNDS);
        (void)house_step(house);
        nap();
    }
    talk->unsent = WEB_UNSENT + 1;
    size_t sent = 0;
    for (int i = 0; i < 200; i++) {
        (void)house_step(house);
        if (i == 100)
            sent = talk->out.size;
        nap();
    }
    assert_int_equal(talk->out.size, sent); /* it waits */
    assert_true(sent < ((size_t)2 << 20));
    talk->unsent = 0;
    web_unchoked(house->web, &talk->link);
    await(talk, &reply);
    assert_memory_equal(reply.body.at + reply.body.size - 8, "400000\r\n", 8);
    talk_close(talk);
}

/* A statement that fails behind its first piece ends the connection without the last chunk. */
static void test_no_part_is_taken_for_the_whole(void **state)
{
    struct test_house *house = *state;
    struct reply reply;
    struct talk *talk = ask(
        house, "1.1",
        "{\"sql\":\"with recursive a(n) as (values(1) union all select n + 1 from a) select case "
        "when n < 100000 then n else abs(-9223372036854775807 - 1) end from "
        "a\",\"limit\":1000000}");
    for (int i = 0; !talk->ended; i++) {
        assert_true(i < ROUNDS);
        (void)house_step(house);
        nap();
    }
    assert_true(talk->out.size > 100000);
    assert_false(talk_reply(talk, false, &reply));
    talk_close(talk);
}

static void test_who_leaves_takes_his_statement_along(void **state)
{
    struct test_house *house = *state;
    for (int i = 0; i < 3; i++) {
        struct talk *talk = ask(
            house, "1.1",
            "{\"sql\":\"with recursive a(n) as (values(1) union all select n + 1 from a) select "
            "count(*) from a\"}");
        for (int round = 0; round < 100; round++) {
            (void)house_step(house);
            nap();
        }
        assert_true(talk->link.leaves);
        talk_close(talk);
    }
    answer_has(house, "{\"sql\":\"select 1\"}", 200, "[[1]]");
}

int main(int count, char **words)
{
    if (count > 1 && strcmp(words[1], SQL_WORKER_VERB) == 0)
        return sql_worker_main(count - 2, words + 2);
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_answers),
        TEST(test_the_schema),
        TEST(test_without_sql),
        TEST(test_long_answers_are_streamed),
        TEST(test_who_does_not_read),
        TEST(test_no_part_is_taken_for_the_whole),
        TEST(test_who_leaves_takes_his_statement_along),
    };
    return cmocka_run_group_tests_name("web_sql", tests, NULL, NULL);
}
