/* What the server says of itself: settings in force, parameters of lists at both sides, and whether
 * it is ready while the disk is full, does not answer, and while it stops. */
#include "web/test_house.h"

static void test_settings_in_force(void **state)
{
    struct test_house *house = *state;
    house->settings.http_body = 4096;
    struct reply reply = house_ask(house, "GET /v1/settings");
    json_t *json = reply_json(&reply), *list = json_object_get(json, "settings"), *setting;
    size_t index, changed = 0;
    json_array_foreach(list, index, setting)
    {
        const char *name = json_string_value(json_object_get(setting, "name"));
        const char *value = json_string_value(json_object_get(setting, "value"));
        bool differs = json_is_true(json_object_get(setting, "changed"));
        assert_int_equal(differs,
                         strcmp(name, "http.body") == 0 || strcmp(name, "mqtt.sys_interval") == 0);
        changed += differs;
        if (strcmp(name, "http.body") == 0)
            assert_string_equal(value, "4K");
    }
    assert_int_equal(changed, 2); /* the house sets the other one */
    assert_true(json_array_size(list) > 40);
    json_decref(json);
}

static void test_state_holds_what_was_taken(void **state)
{
    struct test_house *house = *state;
    assert_int_equal(house_publish(house, "a/b", "1"), ADMIT_DONE);
    struct reply reply = house_ask(house, "GET /v1/state");
    json_t *json = reply_json(&reply);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "points"), "count")),
                     1);
    assert_string_equal(json_string_value(json_object_get(json, "version")), MAINSTEM_VERSION);
    json_decref(json);
}

static void test_refused_are_listed(void **state)
{
    struct test_house *house = *state;
    assert_reply(house_ask(house, "GET /v1/refused"), 200, "{\"refused\":[]}");
    assert_int_equal(house_publish(house, "a/b", "{"), ADMIT_NOT_A_READING);
    struct reply reply = house_ask(house, "GET /v1/refused");
    json_t *json = reply_json(&reply), *first = json_array_get(json_object_get(json, "refused"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "topic")), "a/b");
    assert_string_equal(json_string_value(json_object_get(first, "reason")), "not_a_reading");
    json_decref(json);
}

static void test_parameters_of_lists_at_both_sides(void **state)
{
    struct test_house *house = *state;
    char line[700];
    for (unsigned i = 0; i < 2; i++) {
        const char *path = i ? "/v1/retained" : "/v1/clients";
        snprintf(line, sizeof line, "GET %s?limit=1000&after=0", path);
        assert_int_equal(house_ask(house, line).status, 200);
        snprintf(line, sizeof line, "GET %s?limit=1001", path);
        assert_problem(house_ask(house, line), 400, "parameter");
        snprintf(line, sizeof line, "GET %s?limit=0", path);
        assert_problem(house_ask(house, line), 400, "parameter");
        snprintf(line, sizeof line, "GET %s?after=-1", path);
        assert_problem(house_ask(house, line), 400, "parameter");
    }
    assert_int_equal(house_ask(house, "GET /v1/retained?after=4294967295").status, 200);
    assert_problem(house_ask(house, "GET /v1/retained?after=4294967296"), 400, "parameter");
    assert_problem(house_ask(house, "GET /v1/retained?match=a/%23/b"), 400, "parameter");
    assert_problem(house_ask(house, "GET /v1/retained?match=$share/g/a"), 400, "parameter");
    assert_problem(house_ask(house, "GET /v1/clients?match="), 400, "parameter");
    memcpy(line, "GET /v1/clients?match=", 22);
    memset(line + 22, 'c', REPORT_GLOB_MAX + 1);
    line[22 + REPORT_GLOB_MAX] = '\0';
    assert_int_equal(house_ask(house, line).status, 200);
    line[22 + REPORT_GLOB_MAX] = 'c';
    line[22 + REPORT_GLOB_MAX + 1] = '\0';
    assert_problem(house_ask(house, line), 400, "parameter");
}

static void test_topics_and_a_dry_run_without_any(void **state)
{
    struct test_house *house = *state;
    assert_reply(house_ask(house, "GET /v1/topics"), 200,
                 "{\"topics\":[],\"next\":null,\"template\":\"{topic}\",\"match\":\"#\"}");
    assert_problem(house_ask(house, "GET /v1/topics?limit=1001"), 400, "parameter");
    assert_reply(house_ask_json(house, "POST /v1/topics/dry-run", "{\"template\":\"a/{1}\"}"), 200,
                 "{\"topics\":[],\"count\":0,\"changes\":0,\"readings_now\":0,\"readings_then\":0,"
                 "\"template\":\"{topic}\",\"match\":\"#\"}");
    static const char *const wrong[] = {"[]", "{\"template\":7}", "{\"template\":\"{0}\"}",
                                        "{\"match\":\"a/#/b\"}", "{\"match\":\"#\",\"other\":1}"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        assert_problem(house_ask_json(house, "POST /v1/topics/dry-run", wrong[i]), 422,
                       "settings_invalid");
    assert_problem(house_ask_json(house, "POST /v1/topics/dry-run", "{"), 400, "json");
    char body[300];
    int size = snprintf(body, sizeof body, "{\"match\":\"%0255d\"}", 0);
    assert_int_equal(house_ask_json(house, "POST /v1/topics/dry-run", body).status, 200);
    snprintf(body + size - 2, 8, "0\"}");
    assert_problem(house_ask_json(house, "POST /v1/topics/dry-run", body), 422, "settings_invalid");
}

/* ---- ready ---------------------------------------------------------------------------------- */
static void test_ready_while_all_is_well(void **state)
{
    assert_reply(house_ask(*state, "GET /healthz"), 200, "{\"status\":\"alive\"}");
    assert_reply(house_ask(*state, "GET /readyz"), 200, "{\"status\":\"ready\"}");
}

static void test_not_ready_while_the_disk_does_not_answer(void **state)
{
    struct test_house *house = *state;
    struct admitted admitted;
    house_fails = 1000;
    assert_int_equal(engine_publish(house->engine, &house->publisher, bytes_text("a/b"),
                                    bytes_text("1"), &admitted),
                     ADMIT_DONE);
    for (int i = 0; i < 20; i++)
        (void)house_step(house);
    struct reply reply = house_ask(house, "GET /readyz");
    assert_problem(reply, 503, "stopped");
    assert_true(reply_header_is(&reply, "Retry-After", "1"));
    assert_int_equal(house_ask(house, "GET /healthz").status, 200); /* it lives all the same */
    reply = house_ask(house, "GET /metrics");
    assert_non_null(memmem(reply.body.at, reply.body.size, "\nmainstem_accepts_writes 0\n", 27));
    assert_non_null(memmem(reply.body.at, reply.body.size, "\nmainstem_journal_stopped 1\n", 28));
    house_fails = 0;
    for (int i = 0; i < 20; i++) {
        house_advance(house, NS_PER_S);
        (void)house_step(house);
    }
    assert_reply(house_ask(house, "GET /readyz"), 200, "{\"status\":\"ready\"}");
}

static void test_not_ready_while_it_stops(void **state)
{
    struct test_house *house = *state;
    web_stop(house->web);
    struct reply reply = house_ask(house, "GET /readyz");
    assert_problem(reply, 503, "stopping");
    assert_true(reply_header_is(&reply, "Connection", "close"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_settings_in_force),
        TEST(test_state_holds_what_was_taken),
        TEST(test_refused_are_listed),
        TEST(test_parameters_of_lists_at_both_sides),
        TEST(test_topics_and_a_dry_run_without_any),
        TEST(test_ready_while_all_is_well),
        TEST(test_not_ready_while_the_disk_does_not_answer),
        TEST(test_not_ready_while_it_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
