/* Commands that come by HTTP: what each does, what each outcome is answered with, keys, bodies of
 * many lines, and what a failed write says. */
#include "web/test_house.h"

static struct reply create(struct test_house *house, const char *body)
{
    return house_ask_json(house, "POST /v1/points", body);
}

static struct reply keyed(struct test_house *house, const char *line, const char *key,
                          const char *body)
{
    char header[400];
    snprintf(header, sizeof header, "Idempotency-Key: %s\r\n", key);
    return house_ask_with(house, line, header, body ? "application/json" : NULL,
                          bytes_text(body ? body : ""));
}

static bool detail_has(const struct reply *reply, const char *text)
{
    return memmem(reply->body.at, reply->body.size, text, strlen(text)) != NULL;
}

/* ---- what each does ------------------------------------------------------------------------- */
static void create_change_rename_retire(void **state)
{
    struct test_house *house = *state;
    struct reply reply = create(house, "{\"path\":\"plant/temp\",\"unit\":\"Cel\"}");
    json_t *answer = reply_json(&reply);
    assert_int_equal(reply.status, 201);
    assert_true(reply_header_is(&reply, "Location", "/v1/points/plant/temp"));
    assert_string_equal(json_string_value(json_object_get(answer, "outcome")), "done");
    assert_string_equal(json_string_value(json_object_get(answer, "first")), "done");
    assert_string_equal(json_string_value(json_object_get(answer, "path")), "plant/temp");
    assert_int_equal(json_integer_value(json_object_get(answer, "point")), 1);
    assert_true(json_integer_value(json_object_get(answer, "position")) > 0);
    json_decref(answer);

    reply = house_ask_json(house, "PATCH /v1/points/plant/temp",
                           "{\"description\":\"oil\",\"limits\":{\"high\":80}}");
    assert_int_equal(reply.status, 200);
    reply = house_ask(house, "GET /v1/points/plant/temp");
    assert_true(detail_has(&reply, "\"unit\":\"Cel\""));
    assert_true(
        detail_has(&reply, "\"description\":\"oil\",\"labels\":{},\"limits\":{\"high\":80}"));
    reply = house_ask_json(house, "PATCH /v1/points/plant/temp", "{\"limits\":{},\"unit\":\"\"}");
    assert_int_equal(reply.status, 200);
    reply = house_ask(house, "GET /v1/points/plant/temp");
    assert_true(detail_has(&reply, "\"unit\":\"\""));
    assert_true(detail_has(&reply, "\"limits\":{}"));

    reply = house_ask_json(house, "PATCH /v1/points/plant/temp", "{\"path\":\"plant/oil temp\"}");
    assert_int_equal(reply.status, 200);
    assert_true(detail_has(&reply, "\"path\":\"plant/oil temp\""));
    assert_problem(house_ask(house, "GET /v1/points/plant/temp"), 404, "unknown_point");
    assert_int_equal(house_ask(house, "GET /v1/points/plant/oil%20temp").status, 200);
    house_settle(house);
    reply = house_ask(house, "GET /v1/points");
    assert_true(detail_has(&reply, "plant/oil temp"));
    assert_false(detail_has(&reply, "plant/temp"));

    reply = house_ask(house, "DELETE /v1/points/plant/oil%20temp");
    assert_int_equal(reply.status, 200);
    assert_false(detail_has(&reply, "\"path\""));
    assert_problem(house_ask(house, "GET /v1/points/plant/oil%20temp"), 404, "unknown_point");
    reply = create(house, "{\"path\":\"plant/oil temp\"}");
    assert_int_equal(reply.status, 201);
    assert_true(reply_header_is(&reply, "Location", "/v1/points/plant/oil%20temp"));
    assert_int_equal(web_counters(house->web)->commands, 6);
}

static void commands_of_every_kind(void **state)
{
    struct test_house *house = *state;
    static const char *const bodies[] = {
        "{\"command\":\"create\",\"path\":\"a\",\"type\":\"int64\"}",
        "{\"command\":\"change\",\"path\":\"a\",\"labels\":{\"line\":\"1\"}}",
        "{\"command\":\"rename\",\"path\":\"a\",\"new_path\":\"b\"}",
        "{\"command\":\"retire\",\"path\":\"b\"}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        struct reply reply = house_ask_json(house, "POST /v1/commands", bodies[i]);
        assert_int_equal(reply.status, 200);
        assert_true(detail_has(&reply, "\"outcome\":\"done\""));
    }
}

static void the_answer_waits_for_the_disk(void **state)
{
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    struct reply reply;
    talk_send_json(talk, "POST /v1/points", "{\"path\":\"a\"}");
    assert_false(talk_reply(talk, false, &reply));
    assert_int_equal(house_point(house, "a"), POINT_NONE);
    house_await(talk, &reply);
    assert_int_equal(reply.status, 201);
    assert_int_not_equal(house_point(house, "a"), POINT_NONE);
    talk_close(talk);
}

static void each_outcome_has_its_status(void **state)
{
    struct test_house *house = *state;
    assert_int_equal(create(house, "{\"path\":\"a\"}").status, 201);
    assert_int_equal(create(house, "{\"path\":\"b\"}").status, 201);
    house_publish(house, "a", "1");
    assert_problem(create(house, "{\"path\":\"a\"}"), 409, "path_taken");
    struct reply reply = house_ask_json(house, "PATCH /v1/points/a", "{\"path\":\"b\"}");
    assert_problem(reply, 409, "path_taken");
    assert_true(detail_has(&reply, "\\\"b\\\": the path belongs to another point; choose"));
    assert_problem(create(house, "{\"path\":\"a/+\"}"), 422, "path_invalid");
    assert_problem(house_ask_json(house, "PATCH /v1/points/a", "{\"path\":\"$b\"}"), 422,
                   "path_invalid");
    assert_problem(house_ask_json(house, "PATCH /v1/points/a", "{\"type\":\"bool\"}"), 409,
                   "type_fixed");
    assert_int_equal(house_ask_json(house, "PATCH /v1/points/b", "{\"type\":\"bool\"}").status,
                     200);
    assert_problem(
        house_ask_json(house, "PATCH /v1/points/a", "{\"limits\":{\"low\":5,\"high\":4}}"), 422,
        "settings_invalid");
    assert_problem(house_ask_json(house, "PATCH /v1/points/c", "{\"unit\":\"V\"}"), 404,
                   "unknown_point");
    assert_problem(house_ask(house, "DELETE /v1/points/c"), 404, "unknown_point");
}

static void what_is_no_command_says_why(void **state)
{
    struct test_house *house = *state;
    static const char *const cases[][3] = {
        {"POST /v1/points", "{}", "\\\"path\\\": the point's path is wanted"},
        {"POST /v1/points", "{\"path\":\"a\",\"units\":\"V\"}", "no other member"},
        {"POST /v1/points", "{\"path\":\"a\",\"type\":\"float\"}",
         "float64, int64, bool or string"},
        {"POST /v1/points", "{\"path\":\"a\",\"command\":\"create\"}", "not wanted here"},
        {"POST /v1/points", "[]", "a JSON object is wanted"},
        {"PATCH /v1/points/a", "{\"path\":\"b\",\"unit\":\"V\"}", "one after the other"},
        {"PATCH /v1/points/a", "{\"new_path\":\"b\"}", "not wanted here"},
        {"PATCH /v1/points/a", "{\"path\":7}", "new_path"},
        {"POST /v1/commands", "{\"command\":\"destroy\",\"path\":\"a\"}", "create, change"},
        {"POST /v1/commands", "{\"command\":\"retire\",\"path\":\"a\",\"unit\":\"V\"}",
         "create or change"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct reply reply = house_ask_json(house, cases[i][0], cases[i][1]);
        assert_problem(reply, 422, "command_invalid");
        if (!detail_has(&reply, cases[i][2]))
            fail_msg("%s: %.*s", cases[i][1], (int)reply.body.size, (const char *)reply.body.at);
    }
    assert_problem(create(house, "{\"path\":"), 400, "json");
    assert_problem(create(house, "{\"path\":\"a\",\"path\":\"b\"}"), 400, "json");
    assert_int_equal(web_counters(house->web)->commands, 0);
}

static void bytes_of_a_command_at_both_sides(void **state)
{
    struct test_house *house = *state;
    for (size_t size = 65536; size <= 65537; size++) {
        char *text = malloc(size + 1);
        assert_non_null(text);
        memset(text, ' ', size);
        memcpy(text, "{\"path\":\"a\"", 11);
        memcpy(text + size - 1, "}", 2);
        struct reply reply = create(house, text);
        if (size == 65536)
            assert_int_equal(reply.status, 201);
        else
            assert_problem(reply, 413, "body_long");
        free(text);
    }
}

/* A cut Location would name another point: then there is none. */
static void a_location_is_whole_or_not_there(void **state)
{
    struct test_house *house = *state;
    const int room = (int)sizeof((struct exchange *)NULL)->headers[0].value - 1;
    const int left = room - 11 - 2 * 129; /* beside /v1/points/ and two segments */
    char body[400];
    assert_in_range(left, 2, 127);
    snprintf(body, sizeof body, "{\"path\":\"%0128d/%0128d/%0*d\"}", 1, 1, left, 1);
    struct reply reply = create(house, body);
    assert_int_equal(reply.status, 201);
    assert_int_equal(reply_header(&reply, "Location").size, room);
    snprintf(body, sizeof body, "{\"path\":\"%0128d/%0128d/%0*d\"}", 1, 1, left + 1, 1);
    reply = create(house, body);
    assert_int_equal(reply.status, 201);
    assert_true(detail_has(&reply, "\"path\":\"000"));
    assert_int_equal(reply_header(&reply, "Location").size, 0);
    snprintf(body, sizeof body, "{\"path\":\"%0128d/%0128d/%0*d \"}", 1, 1, left - 3, 1);
    reply = create(house, body);
    assert_int_equal(reply_header(&reply, "Location").size, room);
    snprintf(body, sizeof body, "{\"path\":\"%0128d/%0128d/%0*d \"}", 1, 1, left - 2, 1);
    reply = create(house, body);
    assert_int_equal(reply_header(&reply, "Location").size, 0);
    reply = create(house, "{\"path\":\"\\u6cb9/100%?\"}");
    assert_true(reply_header_is(&reply, "Location", "/v1/points/%E6%B2%B9/100%25%3F"));
}

/* ---- keys ----------------------------------------------------------------------------------- */
static void sending_again_with_a_key_is_harmless(void **state)
{
    struct test_house *house = *state;
    struct reply reply = keyed(house, "POST /v1/points", "k1", "{\"path\":\"a\"}");
    assert_int_equal(reply.status, 201);
    assert_int_equal(reply_header(&reply, "Idempotency-Replayed").size, 0);
    reply = keyed(house, "POST /v1/points", "k1", "{\"path\":\"a\"}");
    assert_int_equal(reply.status, 201);
    assert_true(reply_header_is(&reply, "Idempotency-Replayed", "true"));
    assert_true(reply_header_is(&reply, "Location", "/v1/points/a"));
    assert_true(detail_has(&reply, "\"outcome\":\"repeated\",\"first\":\"done\""));
    reply = keyed(house, "POST /v1/points", "k2", "{\"path\":\"a\"}");
    assert_problem(reply, 409, "path_taken");
    assert_int_equal(reply_header(&reply, "Idempotency-Replayed").size, 0);
    reply = keyed(house, "POST /v1/points", "k2", "{\"path\":\"a\"}");
    assert_problem(reply, 409, "path_taken");
    assert_true(reply_header_is(&reply, "Idempotency-Replayed", "true"));
    reply = keyed(house, "DELETE /v1/points/a", "k3", NULL);
    assert_int_equal(reply.status, 200);
    reply = keyed(house, "DELETE /v1/points/a", "k3", NULL);
    assert_int_equal(reply.status, 200);
    assert_true(reply_header_is(&reply, "Idempotency-Replayed", "true"));
}

static void keys_in_header_and_body_are_the_same(void **state)
{
    struct test_house *house = *state;
    assert_int_equal(keyed(house, "POST /v1/points", "k", "{\"path\":\"a\",\"key\":\"k\"}").status,
                     201);
    struct reply reply = create(house, "{\"path\":\"a\",\"key\":\"k\"}");
    assert_int_equal(reply.status, 201);
    assert_true(reply_header_is(&reply, "Idempotency-Replayed", "true"));
    assert_problem(keyed(house, "POST /v1/points", "k", "{\"path\":\"b\",\"key\":\"l\"}"), 400,
                   "key_invalid");
    assert_problem(keyed(house, "POST /v1/points", "k", "{\"path\":\"b\",\"key\":7}"), 400,
                   "key_invalid");
}

static void keys_at_both_sides(void **state)
{
    struct test_house *house = *state;
    char key[200];
    assert_problem(keyed(house, "POST /v1/points", "", "{\"path\":\"a\"}"), 400, "key_invalid");
    snprintf(key, sizeof key, "%0128d", 1);
    assert_int_equal(keyed(house, "POST /v1/points", key, "{\"path\":\"a\"}").status, 201);
    snprintf(key, sizeof key, "%0129d", 1);
    assert_problem(keyed(house, "POST /v1/points", key, "{\"path\":\"b\"}"), 400, "key_invalid");
    assert_int_equal(keyed(house, "POST /v1/points", "!~ x", "{\"path\":\"c\"}").status, 201);
    assert_problem(keyed(house, "POST /v1/points", "\xc3\xa9", "{\"path\":\"d\"}"), 400,
                   "key_invalid");
    assert_problem(keyed(house, "POST /v1/points", "a\tb", "{\"path\":\"d\"}"), 400, "key_invalid");
    assert_problem(house_ask_with(house, "POST /v1/points",
                                  "Idempotency-Key: a\r\nIdempotency-Key: a\r\n",
                                  "application/json", bytes_text("{\"path\":\"d\"}")),
                   400, "key_invalid");
    assert_problem(house_ask_with(house, "POST /v1/commands", "Idempotency-Key: a\r\n",
                                  "application/x-ndjson", bytes_text("{}\n")),
                   400, "key_invalid");
}

static void sequences_of_a_client(void **state)
{
    struct test_house *house = *state;
    static const char first[] = "{\"path\":\"a\",\"client\":\"c\",\"sequence\":5}";
    assert_int_equal(create(house, first).status, 201);
    struct reply reply = create(house, first);
    assert_int_equal(reply.status, 201);
    assert_true(reply_header_is(&reply, "Idempotency-Replayed", "true"));
    assert_problem(create(house, "{\"path\":\"b\",\"client\":\"c\",\"sequence\":4}"), 409,
                   "sequence_old");
}

/* ---- many ----------------------------------------------------------------------------------- */
static json_t *line_json(struct bytes *rest)
{
    const uint8_t *end = memchr(rest->at, '\n', rest->size);
    assert_non_null(end);
    json_t *line = json_loadb((const char *)rest->at, (size_t)(end - rest->at), 0, NULL);
    assert_non_null(line);
    rest->size -= (size_t)(end - rest->at) + 1;
    rest->at = end + 1;
    return line;
}

static void many_commands_are_answered_in_order(void **state)
{
    struct test_house *house = *state;
    static const char body[] = "{\"command\":\"create\",\"path\":\"a\",\"key\":\"1\"}\n"
                               "\n"
                               "{\"command\":\"create\"\n"
                               "{\"command\":\"rename\",\"path\":\"a\",\"new_path\":\"b\"}\r\n"
                               "[7]\n"
                               "{\"command\":\"retire\",\"path\":\"x\"}\n"
                               "{\"command\":\"fly\",\"path\":\"x\"}\n"
                               "  {\"command\":\"create\",\"path\":\"a\",\"key\":\"1\"}  \n"
                               "{\"command\":\"retire\",\"path\":\"b\"}";
    static const struct {
        int status;
        const char *code, *path;
    } wanted[] = {{200, NULL, "a"},
                  {400, "json", NULL},
                  {200, NULL, "b"},
                  {422, "command_invalid", NULL},
                  {404, "unknown_point", NULL},
                  {422, "command_invalid", NULL},
                  {200, NULL, "b"},
                  {200, NULL, NULL}};
    struct reply reply = house_ask_lines(house, "POST /v1/commands", body);
    struct bytes rest = reply.body;
    assert_int_equal(reply.status, 200);
    assert_true(reply_header_is(&reply, "Content-Type", "application/x-ndjson"));
    for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
        json_t *line = line_json(&rest);
        const char *code = json_string_value(json_object_get(line, "code"));
        const char *path = json_string_value(json_object_get(line, "path"));
        assert_int_equal(json_integer_value(json_object_get(line, "index")), i);
        assert_int_equal(json_integer_value(json_object_get(line, "status")), wanted[i].status);
        assert_true((code == NULL) == (wanted[i].code == NULL));
        assert_true(code == NULL || strcmp(code, wanted[i].code) == 0);
        assert_true((path == NULL) == (wanted[i].path == NULL));
        assert_true(path == NULL || strcmp(path, wanted[i].path) == 0);
        json_decref(line);
    }
    assert_int_equal(rest.size, 0);
}

/* More than the engine lets wait at once, so the request itself has to wait. */
static char *creates(size_t count)
{
    char *text = malloc(count * 48 + 1);
    assert_non_null(text);
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += (size_t)sprintf(text + size, "{\"command\":\"create\",\"path\":\"p/%zu\"}\n", i);
    return text;
}

static void more_commands_than_may_wait(void **state)
{
    struct test_house *house = *state;
    enum { COUNT = 10000 };
    char *text = creates(COUNT);
    struct reply reply = house_ask_lines(house, "POST /v1/points", text);
    struct bytes rest = reply.body;
    assert_int_equal(reply.status, 200);
    for (int i = 0; i < COUNT; i++) {
        json_t *line = line_json(&rest);
        assert_int_equal(json_integer_value(json_object_get(line, "index")), i);
        assert_string_equal(json_string_value(json_object_get(line, "outcome")), "done");
        assert_int_equal(json_integer_value(json_object_get(line, "point")), i + 1);
        json_decref(line);
    }
    assert_int_equal(rest.size, 0);
    assert_int_equal(points_count(engine_points(house->engine)), COUNT);
    free(text);
}

static void lines_of_a_body_at_both_sides(void **state)
{
    struct test_house *house = *state;
    for (size_t count = 100000; count <= 100001; count++) {
        char *text = malloc(count * 2 + 1);
        assert_non_null(text);
        for (size_t i = 0; i < count; i++)
            memcpy(text + i * 2, "7\n", 2);
        text[count * 2 - 1] = '\0'; /* the last one without its end */
        struct reply reply = house_ask_lines(house, "POST /v1/commands", text);
        if (count == 100000) {
            size_t lines = 0;
            for (size_t i = 0; i < reply.body.size; i++)
                lines += reply.body.at[i] == '\n';
            assert_int_equal(reply.status, 200);
            assert_int_equal(lines, count);
        } else {
            assert_problem(reply, 413, "body_long");
        }
        free(text);
    }
}

static void a_line_at_both_sides(void **state)
{
    struct test_house *house = *state;
    for (size_t size = 65536; size <= 65537; size++) {
        char *text = malloc(size + 1);
        assert_non_null(text);
        memset(text, ' ', size);
        int used = sprintf(text, "{\"command\":\"create\",\"path\":\"%zu\"", size);
        text[used] = ' ';
        memcpy(text + size - 1, "}", 2);
        struct reply reply = house_ask_lines(house, "POST /v1/commands", text);
        struct bytes rest = reply.body;
        json_t *line = line_json(&rest);
        assert_int_equal(json_integer_value(json_object_get(line, "status")),
                         size == 65536 ? 200 : 413);
        json_decref(line);
        free(text);
    }
}

/* ---- the disk ------------------------------------------------------------------------------- */
static void a_failed_write_is_told(void **state)
{
    struct test_house *house = *state;
    house_fails = 1;
    assert_problem(create(house, "{\"path\":\"a\"}"), 503, "write_failed");
    struct reply reply;
    for (int i = 0; i < 100; i++) {
        reply = create(house, "{\"path\":\"b\"}");
        if (reply.status == 201)
            break;
        assert_problem(reply, 503, "stopped");
        house_advance(house, NS_PER_S);
        house_settle(house);
    }
    assert_int_equal(reply.status, 201);
}

/* Each line is answered, those that were lost too, and what is answered as done is there. */
static void a_failed_write_among_many_is_told_line_by_line(void **state)
{
    struct test_house *house = *state;
    enum { COUNT = 6000 };
    char *text = creates(COUNT), path[32];
    house_fails = 1;
    struct reply reply = house_ask_lines(house, "POST /v1/commands", text);
    struct bytes rest = reply.body;
    int lost = 0, done = 0;
    for (int i = 0; i < COUNT; i++) {
        json_t *line = line_json(&rest);
        int status = (int)json_integer_value(json_object_get(line, "status"));
        assert_int_equal(json_integer_value(json_object_get(line, "index")), i);
        assert_true(status == 200 || status == 503);
        lost += status == 503;
        done += status == 200;
        snprintf(path, sizeof path, "p/%d", i);
        assert_int_equal(house_point(house, path) != POINT_NONE, status == 200);
        json_decref(line);
    }
    assert_int_equal(rest.size, 0);
    assert_true(lost > 0);
    assert_int_equal(points_count(engine_points(house->engine)), done);
    free(text);
}

/* Who goes away while its commands are under way leaves nothing behind; they are carried out. */
static void a_commander_that_goes_away(void **state)
{
    struct test_house *house = *state;
    char *text = creates(9000), head[200];
    struct talk *talk = talk_open(house);
    snprintf(head, sizeof head,
             "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
             "application/x-ndjson\r\nContent-Length: %zu\r\n\r\n",
             strlen(text));
    talk_send_text(talk, head);
    talk_send_text(talk, text);
    for (int i = 0; i < 3; i++)
        (void)house_step(house);
    talk_close(talk);
    house_settle(house);
    assert_true(web_is_idle(house->web));
    assert_true(points_count(engine_points(house->engine)) > 0);
    assert_int_equal(house_ask(house, "GET /v1/points/p/0").status, 200);
    free(text);
}

static void points_at_both_sides_of_their_limit(void **state)
{
    struct test_house *house = house_new();
    (void)state;
    house->engine_config.points_max = 2;
    house_open(house);
    assert_int_equal(create(house, "{\"path\":\"a\"}").status, 201);
    assert_int_equal(create(house, "{\"path\":\"b\"}").status, 201);
    assert_problem(create(house, "{\"path\":\"c\"}"), 507, "points_max");
    struct reply reply = house_ask_json(house, "POST /v1/samples", "{\"path\":\"c\",\"value\":1}");
    assert_problem(reply, 422, "nothing_taken");
    assert_true(detail_has(&reply, "\"code\":\"points_max\""));
    house_destroy(house);
}

/* Lines are answered at many times their length: what waits to be sent counts as well. */
static void answers_under_way_count_for_memory(void **state)
{
    struct test_house *house = *state;
    static char lines[2 * 20000 + 1];
    for (size_t i = 0; i + 1 < sizeof lines; i += 2)
        memcpy(lines + i, "1\n", 2);
    house->memory.most = (uint64_t)1 << 20;
    assert_problem(house_ask_lines(house, "POST /v1/commands", lines), 503, "memory");
    assert_true(house->talks[HOUSE_TALKS - 1].ended); /* outcomes may still come: for nobody */
    assert_int_equal(house->talks[HOUSE_TALKS - 1].cause, WEB_CAUSE_MEMORY);
    talk_close(&house->talks[HOUSE_TALKS - 1]);
    assert_int_equal(house->memory.used, 64 << 10); /* the client is kept for the next one */
    house->memory.most = (uint64_t)16 << 20;
    assert_int_equal(house_ask_lines(house, "POST /v1/commands", lines).status, 200);
    talk_close(&house->talks[HOUSE_TALKS - 1]);
    assert_int_equal(house->memory.used, 64 << 10);
}

/* Commands that were given are carried out, though their answers found no memory. */
static void commands_outlive_an_answer_without_memory(void **state)
{
    struct test_house *house = *state;
    static char lines[5000 * 40];
    size_t size = 0;
    for (int i = 0; i < 3000; i++)
        size += (size_t)snprintf(lines + size, sizeof lines - size,
                                 "{\"command\":\"create\",\"path\":\"p%d\"}\n", i);
    house->memory.most = (uint64_t)600 << 10;
    assert_problem(house_ask_lines(house, "POST /v1/commands", lines), 503, "memory");
    house_settle(house);
    assert_int_equal(house_ask(house, "GET /v1/points/p0").status, 200);
    talk_close(&house->talks[HOUSE_TALKS - 1]);
    assert_int_equal(house->memory.used, 64 << 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        TEST(create_change_rename_retire),
        TEST(commands_of_every_kind),
        TEST(the_answer_waits_for_the_disk),
        TEST(each_outcome_has_its_status),
        TEST(what_is_no_command_says_why),
        TEST(bytes_of_a_command_at_both_sides),
        TEST(a_location_is_whole_or_not_there),
        TEST(sending_again_with_a_key_is_harmless),
        TEST(keys_in_header_and_body_are_the_same),
        TEST(keys_at_both_sides),
        TEST(sequences_of_a_client),
        TEST(many_commands_are_answered_in_order),
        TEST(more_commands_than_may_wait),
        TEST(lines_of_a_body_at_both_sides),
        TEST(a_line_at_both_sides),
        TEST(a_failed_write_is_told),
        TEST(a_failed_write_among_many_is_told_line_by_line),
        TEST(a_commander_that_goes_away),
        TEST(answers_under_way_count_for_memory),
        TEST(commands_outlive_an_answer_without_memory),
        cmocka_unit_test(points_at_both_sides_of_their_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
