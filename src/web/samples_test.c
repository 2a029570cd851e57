/* Samples that come by HTTP: the four forms, what is refused and how it is told, exactness, limits,
 * and what a failed write says. */
#include "web/test_house.h"

#define WALL_TEXT "2026-03-01T08:00:00Z"

static struct reply post(struct test_house *house, const char *body)
{
    return house_ask_json(house, "POST /v1/samples", body);
}

/* The point's value, quality and time as the API tells them. */
static const char *shown(struct test_house *house, const char *path)
{
    static char text[8192];
    char line[256];
    snprintf(line, sizeof line, "GET /v1/points/%s", path);
    struct reply reply = house_ask(house, line);
    if (reply.status != 200)
        return "not there";
    json_t *point = reply_json(&reply);
    char *value = json_dumps(json_object_get(point, "value"), JSON_ENCODE_ANY);
    const char *time = json_string_value(json_object_get(point, "time"));
    snprintf(text, sizeof text, "%s %s %s %s", json_string_value(json_object_get(point, "type")),
             value, json_string_value(json_object_get(point, "quality")), time ? time : "null");
    free(value);
    json_decref(point);
    return text;
}

/* The code of the first sample that was refused; "" when none was. */
static const char *code_of(const struct reply *reply)
{
    static char code[64];
    json_t *answer = reply_json(reply);
    const json_t *first = json_array_get(json_object_get(answer, "refused"), 0);
    const char *word = json_string_value(json_object_get(first, "code"));
    snprintf(code, sizeof code, "%s", word ? word : "");
    json_decref(answer);
    return code;
}

/* ---- the forms ------------------------------------------------------------------------------ */
static void the_four_forms(void **state)
{
    struct test_house *house = *state;
    assert_reply(post(house,
                      "{\"path\":\"a/b\",\"value\":21.5,\"time\":\"2026-02-01T00:00:00.25Z\","
                      "\"quality\":\"uncertain.substitute\"}"),
                 200, "{\"taken\":1,\"refused\":[],\"refused_count\":0}");
    assert_string_equal(shown(house, "a/b"),
                        "float64 21.5 uncertain.substitute 2026-02-01T00:00:00.25Z");
    assert_reply(post(house, " [ {\"path\":\"a/c\",\"value\":true} , {\"path\":\"a/d\",\"value\":"
                             "\"on\",\"time\":1772000000} ] "),
                 200, "{\"taken\":2,\"refused\":[],\"refused_count\":0}");
    assert_string_equal(shown(house, "a/c"), "bool true good " WALL_TEXT);
    assert_string_equal(shown(house, "a/d"), "string \"on\" good 2026-02-25T06:13:20Z");
    assert_reply(post(house, "{ \"samples\" : [{\"path\":\"a/b\",\"value\":null}]}"), 200,
                 "{\"taken\":1,\"refused\":[],\"refused_count\":0}");
    assert_string_equal(shown(house, "a/b"), "float64 null bad.no_value " WALL_TEXT);
    struct reply reply = house_ask_lines(house, "POST /v1/samples",
                                         "{\"path\":\"n/1\",\"value\":1}\r\n\n  \n"
                                         "{\"path\":\"n/2\",\"value\":2}");
    assert_reply(reply, 200, "{\"taken\":2,\"refused\":[],\"refused_count\":0}");
    assert_true(reply_header_is(&reply, "Content-Type", "application/json"));
    assert_string_equal(shown(house, "n/1"), "float64 1 good " WALL_TEXT);
    assert_string_equal(shown(house, "n/2"), "float64 2 good 2026-03-01T08:00:00.000000001Z");
    assert_int_equal(web_counters(house->web)->samples, 6);
}

static void what_is_taken_is_durable_first(void **state)
{
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    struct reply reply;
    talk_send_json(talk, "POST /v1/samples", "{\"path\":\"a\",\"value\":1}");
    assert_false(talk_reply(talk, false, &reply));
    assert_false(web_is_idle(house->web));
    uint64_t ticket = engine_ticket(house->engine);
    house_await(talk, &reply);
    assert_int_equal(reply.status, 200);
    assert_true(engine_durable_ticket(house->engine) >= ticket);
    talk_close(talk);
}

static void numbers_are_exact(void **state)
{
    struct test_house *house = *state;
    static const char *const cases[][2] = {
        {"9007199254740993", "int64 9007199254740993"},
        {"-9223372036854775808", "int64 -9223372036854775808"},
        {"0.30000000000000004", "float64 0.30000000000000004"},
        {"123456.789012", "float64 123456.789012"},
        {"5e-324", "float64 5e-324"},
        {"1.7976931348623157e308", "float64 1.7976931348623157e308"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char body[128], path[32], line[64];
        snprintf(path, sizeof path, "exact/%zu", i);
        snprintf(body, sizeof body, "{\"path\":\"%s\",\"value\":%s}", path, cases[i][0]);
        assert_reply(post(house, body), 200, "{\"taken\":1,\"refused\":[],\"refused_count\":0}");
        snprintf(line, sizeof line, "%s", shown(house, path));
        /* jansson prints reals with 17 digits: compare what they read as. */
        char *type = strtok(line, " "), *value = strtok(NULL, " ");
        assert_memory_equal(type, cases[i][1], strlen(type));
        if (strcmp(type, "int64") == 0)
            assert_string_equal(value, cases[i][1] + 6);
        else
            assert_true(strtod(value, NULL) == strtod(cases[i][0], NULL));
    }
    struct reply reply = post(house, "{\"path\":\"x\",\"value\":9223372036854775808}");
    assert_int_equal(reply.status, 422);
    assert_string_equal(code_of(&reply), "integer_too_large");
    reply = post(house, "{\"path\":\"x\",\"value\":1e400}");
    assert_string_equal(code_of(&reply), "number_too_large");
}

static void times_in_each_form(void **state)
{
    struct test_house *house = *state;
    static const char *const cases[][2] = {
        {"1772352000", "2026-03-01T08:00:00Z"},
        {"1772352000250", "2026-03-01T08:00:00.25Z"},
        {"1772352000250001", "2026-03-01T08:00:00.250001Z"},
        {"1772352000250001002", "2026-03-01T08:00:00.250001002Z"},
        {"\"2026-03-01T16:00:00+08:00\"", "2026-03-01T08:00:00Z"},
        {"null", WALL_TEXT},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char body[128], path[32], wanted[64];
        snprintf(path, sizeof path, "time/%zu", i);
        snprintf(body, sizeof body, "{\"path\":\"%s\",\"time\":%s,\"value\":1}", path, cases[i][0]);
        assert_int_equal(post(house, body).status, 200);
        snprintf(wanted, sizeof wanted, "float64 1 good %s", cases[i][1]);
        assert_string_equal(shown(house, path), wanted);
    }
}

/* ---- what is refused ------------------------------------------------------------------------ */
static void each_refusal_has_its_word(void **state)
{
    struct test_house *house = *state;
    static const char *const cases[][2] = {
        {"{}", "path_missing"},
        {"{\"value\":1}", "path_missing"},
        {"{\"path\":5,\"value\":1}", "path_missing"},
        {"{\"path\":\"\",\"value\":1}", "path_missing"},
        {"{\"path\":\"a\"}", "value_missing"},
        {"{\"path\":\"a\",\"value\":{\"x\":1}}", "value_invalid"},
        {"{\"path\":\"a\",\"value\":[1]}", "array_value"},
        {"{\"path\":\"a\",\"value\":1,\"unit\":\"Cel\"}", "unknown_member"},
        {"{\"values\":{\"path\":\"a\",\"value\":1}}", "unknown_member"},
        {"{\"path\":\"a\",\"value\":1,\"path\":\"b\"}", "key_twice"},
        {"{\"path\":\"a\",\"value\":1,\"quality\":\"best\"}", "quality_invalid"},
        {"{\"path\":\"a\",\"value\":1,\"quality\":7}", "quality_invalid"},
        {"{\"path\":\"a\",\"value\":null,\"quality\":\"good\"}", "quality_invalid"},
        {"{\"path\":\"a\",\"value\":1,\"time\":\"yesterday\"}", "time_invalid"},
        {"{\"path\":\"a\",\"value\":1,\"time\":-1}", "time_range"},
        {"{\"path\":\"a\",\"value\":1,\"time\":\"2200-01-01T00:00:00Z\"}", "time_range"},
        {"{\"path\":\"a/#\",\"value\":1}", "topic_invalid"},
        {"{\"path\":\"$a\",\"value\":1}", "topic_invalid"},
        {"{\"path\":\"a//b\",\"value\":1}", "topic_invalid"},
        {"{\"path\":\"t\",\"value\":\"warm\"}", "type"},
    };
    assert_int_equal(post(house, "{\"path\":\"t\",\"value\":1}").status, 200);
    uint32_t points = points_count(engine_points(house->engine));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct reply reply = post(house, cases[i][0]);
        if (reply.status != 422 || strcmp(code_of(&reply), cases[i][1]) != 0)
            fail_msg("%s: %u %.*s", cases[i][0], reply.status, (int)reply.body.size,
                     (const char *)reply.body.at);
        assert_problem(reply, 422, "nothing_taken");
    }
    house_settle(house);
    assert_int_equal(points_count(engine_points(house->engine)), points);
    assert_problem(post(house, "[]"), 422, "no_samples");
    assert_problem(post(house, "{\"samples\":[]}"), 422, "no_samples");
}

static void the_rest_is_taken(void **state)
{
    struct test_house *house = *state;
    struct reply reply = post(house, "[{\"path\":\"a\",\"value\":1},{\"path\":\"b\",\"value\":1,"
                                     "\"time\":\"x\"},{\"path\":\"c\",\"value\":3}]");
    assert_reply(reply, 200,
                 "{\"taken\":2,\"refused\":[{\"index\":1,\"path\":\"b\",\"code\":\"time_invalid\","
                 "\"detail\":\"at byte 29: a time that is no time\"}],\"refused_count\":1}");
    assert_string_equal(shown(house, "c"), "float64 3 good 2026-03-01T08:00:00.000000001Z");
    assert_string_equal(shown(house, "b"), "not there");
    reply = house_ask_lines(house, "POST /v1/samples",
                            "{\"path\":\"l/1\",\"value\":1}\n{\"path\":\n7\n[]\n"
                            "{\"path\":\"l/2\",\"value\":2}\n\xff\n");
    json_t *answer = reply_json(&reply), *refused = json_object_get(answer, "refused");
    static const char *const codes[] = {"bad_json", "not_an_object", "not_an_object",
                                        "not_an_object"};
    static const int indexes[] = {1, 2, 3, 5};
    assert_int_equal(reply.status, 200);
    assert_int_equal(json_integer_value(json_object_get(answer, "taken")), 2);
    assert_int_equal(json_array_size(refused), 4);
    for (size_t i = 0; i < 4; i++) {
        json_t *entry = json_array_get(refused, i);
        assert_string_equal(json_string_value(json_object_get(entry, "code")), codes[i]);
        assert_int_equal(json_integer_value(json_object_get(entry, "index")), indexes[i]);
    }
    json_decref(answer);
}

/* Of a body that is no JSON nothing is taken, wherever the fault is. */
static void a_body_that_is_no_json_is_refused_whole(void **state)
{
    struct test_house *house = *state;
    static const char *const bodies[] = {
        "",
        "  ",
        "7",
        "\"x\"",
        "[7]",
        "{\"path\":\"a\",\"value\":1",
        "{\"path\":\"a\",\"value\":1}}",
        "{\"path\":\"a\",\"value\":1} {\"path\":\"b\",\"value\":1}",
        "{\"path\":\"a\" \"value\":1}",
        "[{\"path\":\"a\",\"value\":1},]",
        "[{\"path\":\"a\",\"value\":1}{\"path\":\"b\",\"value\":1}]",
        "[{\"path\":\"a\",\"value\":1},{\"path\":\"b\",\"value\":01}]",
        "[{\"path\":\"a\",\"value\":1}",
        "[{\"path\":\"a\",\"value\":1}]]",
        "{\"samples\":[{\"path\":\"a\",\"value\":1}]",
        "{\"samples\":[{\"path\":\"a\",\"value\":1}],\"more\":1}",
        "[{\"path\":\"a\",\"value\":1},{\"path\":\"b\",\"value\":\"\xff\"}]",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        struct reply reply = post(house, bodies[i]);
        if (reply.status != 400)
            fail_msg("%s: %u %.*s", bodies[i], reply.status, (int)reply.body.size,
                     (const char *)reply.body.at);
        assert_problem(reply, 400, "json");
    }
    house_settle(house);
    assert_int_equal(points_count(engine_points(house->engine)), 0);
}

/* ---- limits --------------------------------------------------------------------------------- */
static char *many(size_t count, const char *before, const char *sample, const char *between,
                  const char *after)
{
    size_t each = strlen(sample) + strlen(between), size = 0;
    char *text = malloc(strlen(before) + count * each + strlen(after) + 1);
    assert_non_null(text);
    size += (size_t)sprintf(text, "%s", before);
    for (size_t i = 0; i < count; i++)
        size += (size_t)sprintf(text + size, "%s%s", i ? between : "", sample);
    sprintf(text + size, "%s", after);
    return text;
}

static void samples_of_a_request_at_both_sides(void **state)
{
    struct test_house *house = *state;
    char *text = many(100000, "[", "{\"path\":\"p\",\"value\":1}", ",", "]");
    assert_reply(post(house, text), 200, "{\"taken\":100000,\"refused\":[],\"refused_count\":0}");
    free(text);
    text = many(100001, "[", "{\"path\":\"q\",\"value\":1}", ",", "]");
    assert_problem(post(house, text), 413, "body_long");
    free(text);
    text = many(100000, "", "{\"path\":\"p\",\"value\":1}", "\n", "\n");
    assert_reply(house_ask_lines(house, "POST /v1/samples", text), 200,
                 "{\"taken\":100000,\"refused\":[],\"refused_count\":0}");
    free(text);
    text = many(100001, "", "{\"path\":\"q\",\"value\":1}", "\n", "");
    assert_problem(house_ask_lines(house, "POST /v1/samples", text), 413, "body_long");
    free(text);
    house_settle(house);
    assert_int_equal(house_point(house, "q"), POINT_NONE);
}

static void refusals_listed_at_both_sides(void **state)
{
    struct test_house *house = *state;
    for (size_t count = 1000; count <= 1001; count++) {
        char *text = many(count, "[{\"path\":\"p\",\"value\":1},", "{\"value\":1}", ",", "]");
        struct reply reply = post(house, text);
        json_t *answer = reply_json(&reply);
        assert_int_equal(json_integer_value(json_object_get(answer, "taken")), 1);
        assert_int_equal(json_array_size(json_object_get(answer, "refused")), 1000);
        assert_int_equal(json_integer_value(json_object_get(answer, "refused_count")), count);
        json_decref(answer);
        free(text);
    }
}

/* A sample of this many bytes, in white space. */
static char *padded(const char *before, size_t size, const char *after)
{
    static const char begin[] = "{\"path\":\"p\",", end[] = "\"value\":1}";
    char *text = malloc(strlen(before) + size + strlen(after) + 1);
    assert_non_null(text);
    size_t used = (size_t)sprintf(text, "%s%s", before, begin);
    size_t blanks = size - (sizeof begin - 1) - (sizeof end - 1);
    memset(text + used, ' ', blanks);
    sprintf(text + used + blanks, "%s%s", end, after);
    return text;
}

static void bytes_of_a_sample_at_both_sides(void **state)
{
    struct test_house *house = *state;
    static const char *const around[][2] = {{"", ""}, {"[", "]"}, {"{\"samples\":[", "]}"}};
    for (size_t i = 0; i < ARRAY_COUNT(around); i++) {
        char *text = padded(around[i][0], 65536, around[i][1]);
        assert_int_equal(post(house, text).status, 200);
        free(text);
        text = padded(around[i][0], 65537, around[i][1]);
        assert_problem(post(house, text), 413, "body_long");
        free(text);
    }
    char *text = padded("", 65536, "\n");
    assert_int_equal(house_ask_lines(house, "POST /v1/samples", text).status, 200);
    free(text);
    text = padded("", 65537, "\n{\"path\":\"p\",\"value\":1}\n");
    struct reply reply = house_ask_lines(house, "POST /v1/samples", text);
    assert_int_equal(reply.status, 200);
    assert_string_equal(code_of(&reply), "too_large");
    free(text);
}

static void paths_and_texts_at_both_sides(void **state)
{
    struct test_house *house = *state;
    char body[8192], path[2300] = "";
    for (int i = 0; i < 16; i++)
        sprintf(path + strlen(path), "%s%0*d", i ? "/" : "", 127, i);
    assert_int_equal(strlen(path), PATH_MAX_BYTES - 1); /* as a topic has at most */
    snprintf(body, sizeof body, "{\"path\":\"%s\",\"value\":1}", path);
    struct reply reply = post(house, body);
    if (reply.status != 200)
        fail_msg("%.*s", (int)reply.body.size, (const char *)reply.body.at);
    snprintf(body, sizeof body, "{\"path\":\"%s0\",\"value\":1}", path);
    reply = post(house, body);
    assert_string_equal(code_of(&reply), "topic_invalid");
    snprintf(body, sizeof body, "{\"path\":\"text\",\"value\":\"%04096d\"}", 0);
    assert_int_equal(post(house, body).status, 200);
    snprintf(body, sizeof body, "{\"path\":\"text\",\"value\":\"%04097d\"}", 0);
    reply = post(house, body);
    assert_string_equal(code_of(&reply), "text_too_long");
}

static void new_points_are_held_to_their_limit(void **state)
{
    struct test_house *house = *state;
    house->engine_config.points_rate = 2;
    engine_reconfigure(house->engine, &house->engine_config);
    struct reply reply =
        post(house, "[{\"path\":\"a\",\"value\":1},{\"path\":\"b\",\"value\":1},{\"path\":\"c\","
                    "\"value\":1},{\"path\":\"a\",\"value\":2}]");
    assert_int_equal(reply.status, 200);
    assert_string_equal(code_of(&reply), "points_rate");
    assert_string_equal(shown(house, "a"), "float64 2 good 2026-03-01T08:00:00.000000002Z");
}

/* ---- the disk ------------------------------------------------------------------------------- */
static void a_failed_write_is_told(void **state)
{
    struct test_house *house = *state;
    house_fails = 1;
    assert_problem(post(house, "{\"path\":\"a\",\"value\":1}"), 503, "write_failed");
    struct reply reply;
    for (int i = 0; i < 100; i++) {
        reply = post(house, "{\"path\":\"a\",\"value\":2}");
        if (reply.status == 200)
            break;
        assert_problem(reply, 503, "stopped");
        assert_true(reply_header(&reply, "Retry-After").size > 0);
        house_advance(house, NS_PER_S);
        house_settle(house);
    }
    assert_int_equal(reply.status, 200);
}

/* What was taken before the engine said wait is gone with the write: no 200 may follow. */
static void a_long_request_over_a_failed_write_is_told(void **state)
{
    struct test_house *house = *state;
    char *text = many(100000, "[", "{\"path\":\"p\",\"value\":1}", ",", "]");
    house_fails = 1;
    assert_problem(post(house, text), 503, "write_failed");
    free(text);
}

static void a_full_disk_is_told(void **state)
{
    struct test_house *house = *state;
    assert_int_equal(post(house, "{\"path\":\"a\",\"value\":1}").status, 200);
    house_full = true;
    struct reply reply = post(house, "{\"path\":\"a\",\"value\":2}");
    assert_true(reply.status == 503 || reply.status == 507);
    house_full = false;
}

/* While a command waits for its outcome, samples wait; the request goes on by itself. */
static void samples_wait_for_a_command(void **state)
{
    struct test_house *house = *state;
    struct talk *commander = talk_open(house), *sender = talk_open(house);
    struct reply reply;
    talk_send_json(commander, "POST /v1/points", "{\"path\":\"a\",\"type\":\"bool\"}");
    talk_send_json(sender, "POST /v1/samples", "{\"path\":\"a\",\"value\":1.0}");
    talk_send_text(sender, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    house_await(commander, &reply);
    assert_int_equal(reply.status, 201);
    house_await(sender, &reply);
    assert_reply(reply, 200, "{\"taken\":1,\"refused\":[],\"refused_count\":0}");
    house_await(sender, &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(shown(house, "a"), "bool true good 2026-03-01T08:00:00Z");
}

/* Who goes away while it waits leaves nothing behind; what it sent is kept. */
static void a_sender_that_goes_away(void **state)
{
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    talk_send_json(talk, "POST /v1/samples", "{\"path\":\"a\",\"value\":17}");
    talk_close(talk);
    house_settle(house);
    assert_true(web_is_idle(house->web));
    assert_int_not_equal(house_point(house, "a"), POINT_NONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_four_forms),
        TEST(what_is_taken_is_durable_first),
        TEST(numbers_are_exact),
        TEST(times_in_each_form),
        TEST(each_refusal_has_its_word),
        TEST(the_rest_is_taken),
        TEST(a_body_that_is_no_json_is_refused_whole),
        TEST(samples_of_a_request_at_both_sides),
        TEST(refusals_listed_at_both_sides),
        TEST(bytes_of_a_sample_at_both_sides),
        TEST(paths_and_texts_at_both_sides),
        TEST(new_points_are_held_to_their_limit),
        TEST(a_failed_write_is_told),
        TEST(a_long_request_over_a_failed_write_is_told),
        TEST(a_full_disk_is_told),
        TEST(samples_wait_for_a_command),
        TEST(a_sender_that_goes_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
