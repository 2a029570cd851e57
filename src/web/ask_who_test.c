/* Who asks by SQL: what he sees, his tenant's quota of questions, what the audit is told, and what
 * becomes of an answer when his rights change. The test program itself is the process that runs
 * SQL. */
#include "web/test_people.h"

#include "sql/sql.h"

#include <time.h>

#define ROUNDS 40000 /* of half a millisecond */
#define ENDLESS                                                                                    \
    "{\"sql\":\"with recursive a(n) as (values(1) union all select n + 1 from a) select n from a " \
    "where n %% 200 = 0\",\"limit\":1000000,\"format\":\"csv\"}"

static struct people people;
static uint32_t acme;
static struct person boss, north;

static int setup(void **state)
{
    house_setup(state);
    struct test_house *house = *state;
    struct sql_config config = {.space = house->space,
                                .points = engine_points(house->engine),
                                .clock = clock_real(),
                                .limits = {3, (uint64_t)64 << 20, 60 * NS_PER_S}};
    assert_int_equal(sql_create(&config, &house->web->config.sql), OK);
    house->settings.sql_rows = 1000000;
    people_open(&people, house);
    acme = people_tenant(&people, "acme");
    publisher_init(&house->publisher, acme, 1000);
    assert_int_equal(house_publish(house, "north/boiler", "{\"temp\":20}"), ADMIT_DONE);
    assert_int_equal(house_publish(house, "south/boiler", "{\"temp\":30}"), ADMIT_DONE);
    publisher_init(&house->publisher, TENANT_MAIN, 1000);
    assert_int_equal(house_publish(house, "north/boiler", "{\"temp\":1}"), ADMIT_DONE);
    boss = people_make(&people, acme, "boss", "administrator", "#");
    north = people_make(&people, acme, "north", "viewer", "north/#");
    people.told_count = 0;
    return 0;
}

static int teardown(void **state)
{
    struct test_house *house = *state;
    struct sql *sql = house->web->config.sql;
    people_close(&people);
    house->web->config.sql = NULL;
    sql_destroy(sql);
    return house_teardown(state);
}

static struct talk *ask(const struct person *person, const char *body)
{
    char head[1024];
    struct talk *talk = talk_open(people.house);
    snprintf(head, sizeof head,
             "POST /v1/sql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s"
             "Content-Length: %zu\r\n\r\n",
             person->headers, strlen(body));
    talk_send(talk, bytes_text(head));
    talk_send(talk, bytes_text(body));
    return talk;
}

static void turn(void)
{
    struct timespec time = {.tv_nsec = NS_PER_MS / 2};
    (void)house_step(people.house);
    people_follow(&people);
    nanosleep(&time, NULL);
}

static void await(struct talk *talk, struct reply *reply)
{
    for (int i = 0; !talk_reply(talk, false, reply); i++) {
        assert_true(i < ROUNDS);
        turn();
    }
}

static void answer_is(const struct person *person, const char *body, const char *wanted)
{
    struct reply reply;
    struct talk *talk = ask(person, body);
    await(talk, &reply);
    if (!bytes_equal(reply.body, bytes_text(wanted)))
        fail_msg("%u: %.*s", reply.status, (int)reply.body.size, (const char *)reply.body.at);
    talk_close(talk);
}

#define COUNT "{\"sql\":\"select path, value, tenant from live order by path\",\"format\":\"csv\"}"

static void each_sees_his_own(void **state)
{
    struct person host = people_make(&people, TENANT_MAIN, "host", "host", "#");
    (void)state;
    answer_is(&boss, COUNT,
              "path,value,tenant\r\nnorth/boiler/temp,20,acme\r\nsouth/boiler/temp,30,acme\r\n");
    answer_is(&north, COUNT, "path,value,tenant\r\nnorth/boiler/temp,20,acme\r\n");
    answer_is(&host, COUNT, "path,value,tenant\r\nnorth/boiler/temp,1,main\r\n");
    /* Whoever acts for another tenant's people has none of its points, and is told so. */
    struct person acting = host;
    strcat(acting.headers, "Mainstem-Tenant: acme\r\n");
    assert_int_equal(person_ask(&acting, "GET /v1/points", NULL).status, 400);
    people_share(&people, acme, TENANT_MAIN, "south/#", RIGHT_SEE);
    answer_is(
        &host, COUNT,
        "path,value,tenant\r\n@acme/south/boiler/temp,30,acme\r\nnorth/boiler/temp,1,main\r\n");
}

static void exports_are_told(void **state)
{
    (void)state;
    answer_is(&boss, COUNT,
              "path,value,tenant\r\nnorth/boiler/temp,20,acme\r\nsouth/boiler/temp,30,acme\r\n");
    assert_true(people.told_count > 0);
    assert_string_equal(people.told[people.told_count - 1],
                        "export select path, value, tenant from live order by path sql, csv");
}

static void a_tenant_has_its_quota(void **state)
{
    struct reply reply;
    struct person host = people_make(&people, TENANT_MAIN, "host", "host", "#");
    struct command command = people_command_of(COMMAND_TENANT_SET, TENANT_MAIN);
    (void)state;
    command.access.number = acme;
    command.access.has = HAS_QUOTAS;
    command.access.quotas.queries_at_once = 2;
    people_do(&people, &command);
    char endless[512];
    snprintf(endless, sizeof endless, ENDLESS);
    struct talk *talks[2];
    for (size_t i = 0; i < ARRAY_COUNT(talks); i++)
        talks[i] = ask(&boss, endless);
    for (int i = 0; i < 50; i++)
        turn();
    struct talk *third = ask(&north, COUNT);
    await(third, &reply);
    assert_int_equal(reply.status, 429);
    assert_true(reply_header_is(&reply, "Retry-After", "1"));
    assert_non_null(memmem(reply.body.at, reply.body.size, "too_many_questions", 18));
    talk_close(third);
    struct quota_view view;
    quota_view(people.access, acme, QUOTA_QUERIES, &view);
    assert_int_equal(view.used, 2);
    answer_is(&host, COUNT, "path,value,tenant\r\nnorth/boiler/temp,1,main\r\n");
    talk_close(talks[0]);
    turn();
    answer_is(&north, COUNT, "path,value,tenant\r\nnorth/boiler/temp,20,acme\r\n");
    talk_close(talks[1]);
    turn();
    quota_view(people.access, acme, QUOTA_QUERIES, &view);
    assert_int_equal(view.used, 0);
}

/* An answer that is on its way ends when the rights of who asks change. */
static void rights_that_change_end_an_answer(void **state)
{
    struct reply reply;
    char endless[512];
    (void)state;
    snprintf(endless, sizeof endless, ENDLESS);
    struct talk *talk = ask(&north, endless);
    for (int i = 0; talk->out.size < 100000; i++) {
        assert_true(i < ROUNDS);
        turn();
    }
    struct command command = people_command_of(COMMAND_ACCOUNT_SET, acme);
    command.access.number = north.account;
    command.access.has = HAS_GRANTS;
    struct admitted admitted;
    assert_int_equal(engine_command(people.house->engine, &command, 1, &admitted), ADMIT_DONE);
    for (int i = 0; !talk->ended; i++) {
        assert_true(i < ROUNDS);
        turn();
    }
    assert_null(memmem(talk->out.at, talk->out.size, "\r\n0\r\n\r\n", 7)); /* not as a whole */
    web_forget(&talk->link); /* as the transport does */
    talk_close(talk);
    talk = ask(&north, COUNT);
    await(talk, &reply);
    assert_true(bytes_equal(reply.body, bytes_text("path,value,tenant\r\n")));
    talk_close(talk);
}

int main(int count, char **words)
{
    if (count >= 2 && strcmp(words[1], SQL_WORKER_VERB) == 0)
        return sql_worker_main(count - 2, words + 2);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_sees_his_own),
        TEST(exports_are_told),
        TEST(a_tenant_has_its_quota),
        TEST(rights_that_change_end_an_answer),
    };
    return cmocka_run_group_tests_name("who asks", tests, NULL, NULL);
}
