/* Policies, erasures, corrections and annotations by HTTP: what each does and is answered with,
 * keys, pieces of large erasures, and what a failed write says. */
#include "web/test_house.h"

#define TIME "\"2026-03-01T08:00:00Z\""

static bool has(const struct reply *reply, const char *text)
{
    return memmem(reply->body.at, reply->body.size, text, strlen(text)) != NULL;
}

static struct reply post(struct test_house *house, const char *route, const char *body)
{
    char line[128];
    snprintf(line, sizeof line, "POST /v1/%s", route);
    return house_ask_json(house, line, body);
}

static struct reply keyed(struct test_house *house, const char *line, const char *key,
                          const char *body)
{
    char header[400];
    snprintf(header, sizeof header, "Idempotency-Key: %s\r\n", key);
    return house_ask_with(house, line, header, body ? "application/json" : NULL,
                          bytes_text(body ? body : ""));
}

static void sample(struct test_house *house, const char *path, const char *value)
{
    char body[256];
    snprintf(body, sizeof body, "{\"path\":\"%s\",\"value\":%s,\"time\":" TIME "}", path, value);
    assert_int_equal(post(house, "samples", body).status, 200);
}

static int64_t member(const struct reply *reply, const char *name)
{
    json_t *json = reply_json(reply);
    int64_t number = json_integer_value(json_object_get(json, name));
    json_decref(json);
    return number;
}

/* ---- policies ------------------------------------------------------------------------------- */
static void policies_in_their_order(void **state)
{
    struct test_house *house = *state;
    struct reply reply = house_ask_json(house, "PUT /v1/policies/a", "{\"match\":\"plant/#\"}");
    assert_int_equal(reply.status, 200);
    assert_true(has(&reply, "\"name\":\"a\",\"rank\":1,\"match\":\"plant/#\",\"deadband\":0,"));
    assert_true(has(&reply, "\"rollups\":{\"minute_s\":0,\"hour_s\":0,\"day_s\":0}"));
    reply = house_ask_json(house, "PUT /v1/policies/b",
                           "{\"match\":\"plant/+/temp\",\"deadband\":0.5,\"retention_s\":60,"
                           "\"rollups\":{\"hour_s\":3600},\"when_full\":\"drop_oldest\","
                           "\"priority\":9,\"rank\":1}");
    assert_int_equal(reply.status, 200);
    assert_true(has(&reply, "\"rank\":1,\"match\":\"plant/+/temp\",\"deadband\":0.5"));
    assert_true(has(&reply, "\"minute_s\":null,\"hour_s\":3600,\"day_s\":null"));
    assert_true(has(&reply, "\"when_full\":\"drop_oldest\",\"priority\":9"));
    reply = house_ask(house, "GET /v1/policies?path=plant/x/temp");
    assert_true(has(&reply, "\"policy\":\"b\",\"why\":\"its pattern plant/+/temp is the first"));
    reply = house_ask(house, "GET /v1/policies?path=store");
    assert_true(has(&reply, "\"policies\":[],\"decides\":{\"path\":\"store\",\"policy\":null"));
    assert_int_equal(house_ask_json(house, "PATCH /v1/policies/b", "{\"rank\":2}").status, 200);
    reply = house_ask(house, "GET /v1/policies?path=plant/x/temp");
    assert_true(has(&reply, "\"policy\":\"a\""));
    assert_int_equal(house_ask(house, "DELETE /v1/policies/a").status, 200);
    assert_problem(house_ask(house, "DELETE /v1/policies/a"), 404, "unknown_policy");
    assert_problem(house_ask(house, "GET /v1/policies/a"), 404, "unknown_policy");
    assert_problem(house_ask_json(house, "PATCH /v1/policies/a", "{\"rank\":2}"), 404,
                   "unknown_policy");
    assert_int_equal(house_ask(house, "GET /v1/policies/b").status, 200);
}

static void what_is_no_policy(void **state)
{
    struct test_house *house = *state;
    static const struct {
        const char *body, *code;
    } cases[] = {{"{}", "command_invalid"},
                 {"[]", "command_invalid"},
                 {"{\"match\":7}", "command_invalid"},
                 {"{\"match\":\"a\",\"other\":1}", "command_invalid"},
                 {"{\"match\":\"a\",\"deadband\":\"x\"}", "command_invalid"},
                 {"{\"match\":\"a\",\"retention_s\":-1}", "command_invalid"},
                 {"{\"match\":\"a\",\"retention_s\":1.5}", "command_invalid"},
                 {"{\"match\":\"a\",\"retention_s\":3155760001}", "command_invalid"},
                 {"{\"match\":\"a\",\"priority\":101}", "command_invalid"},
                 {"{\"match\":\"a\",\"when_full\":\"drop\"}", "command_invalid"},
                 {"{\"match\":\"a\",\"rollups\":7}", "command_invalid"},
                 {"{\"match\":\"a\",\"rollups\":{\"week_s\":1}}", "command_invalid"},
                 {"{\"match\":\"a\",\"rollups\":{\"day_s\":-1}}", "command_invalid"},
                 {"{\"match\":\"a\",\"rank\":0}", "command_invalid"},
                 {"{\"match\":\"a//b\"}", "policy_invalid"},
                 {"{\"match\":\"a\",\"deadband\":-0.1}", "policy_invalid"},
                 {"{\"match\":\"a\",\"deadband_percent\":100.5}", "policy_invalid"}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_problem(house_ask_json(house, "PUT /v1/policies/a", cases[i].body), 422,
                       cases[i].code);
    assert_int_equal(house_ask_json(house, "PUT /v1/policies/a",
                                    "{\"match\":\"a\",\"retention_s\":3155760000,\"priority\":100,"
                                    "\"deadband_percent\":100}")
                         .status,
                     200);
    assert_problem(house_ask_json(house, "PUT /v1/policies/a%2Fb", "{\"match\":\"a\"}"), 422,
                   "policy_invalid");
    assert_problem(house_ask_json(house, "PUT /v1/policies/a", "{"), 400, "json");
}

/* ---- corrections ---------------------------------------------------------------------------- */
static void a_correction_keeps_what_was_there(void **state)
{
    struct test_house *house = *state;
    sample(house, "a", "99.5");
    struct reply reply =
        post(house, "corrections",
             "{\"path\":\"a\",\"time\":" TIME ",\"value\":21,\"reason\":\"r\",\"author\":\"me\"}");
    assert_int_equal(reply.status, 201);
    assert_true(has(&reply, "\"value\":21,\"quality\":\"good.edited\",\"original\":{\"value\":99.5,"
                            "\"quality\":\"good\"},\"reason\":\"r\",\"author\":\"me\""));
    reply = house_ask(house, "GET /v1/points/a");
    assert_true(has(&reply, "\"value\":21,\"quality\":\"good.edited\""));
    /* Taken away: with a quality that says so, or one of its own. */
    reply = post(house, "corrections", "{\"path\":\"a\",\"time\":1772352000,\"value\":null}");
    assert_true(has(&reply,
                    "\"value\":null,\"quality\":\"bad.no_value\",\"original\":{\"value\":21,"
                    "\"quality\":\"good.edited\"}"));
    reply = post(house, "corrections",
                 "{\"path\":\"a\",\"time\":1772352000,\"value\":1,\"quality\":\"uncertain\"}");
    assert_true(has(&reply, "\"quality\":\"uncertain\",\"original\":{\"value\":null"));
    /* Where nothing was. */
    reply = post(house, "corrections", "{\"path\":\"a\",\"time\":5,\"value\":1}");
    assert_true(has(&reply, "\"time\":\"1970-01-01T00:00:05Z\""));
    assert_true(has(&reply, "\"original\":null"));
}

static void values_of_each_type(void **state)
{
    struct test_house *house = *state;
    sample(house, "text", "\"on\"");
    sample(house, "flag", "true");
    static const struct {
        const char *body;
        unsigned status;
        const char *said;
    } cases[] = {
        {"{\"path\":\"text\",\"time\":" TIME ",\"value\":\"off\"}", 201, "\"value\":\"off\""},
        {"{\"path\":\"text\",\"time\":" TIME ",\"value\":7}", 201, "\"value\":\"7\""},
        {"{\"path\":\"flag\",\"time\":" TIME ",\"value\":false}", 201, "\"value\":false"},
        {"{\"path\":\"flag\",\"time\":" TIME ",\"value\":1}", 201, "\"value\":true"},
        {"{\"path\":\"flag\",\"time\":" TIME ",\"value\":2}", 422, "the point's type, bool"},
        {"{\"path\":\"flag\",\"time\":" TIME ",\"value\":[]}", 422, "\\\"value\\\""},
        {"{\"path\":\"flag\",\"time\":" TIME "}", 422, "\\\"value\\\""},
        {"{\"path\":\"flag\",\"value\":true}", 422, "\\\"time\\\""},
        {"{\"path\":\"flag\",\"time\":\"yesterday\",\"value\":true}", 422, "\\\"time\\\""},
        {"{\"path\":\"flag\",\"time\":\"now-1h\",\"value\":true}", 201, "07:00:00Z"},
        {"{\"path\":\"flag\",\"time\":-1,\"value\":true}", 422, "\\\"time\\\""},
        {"{\"path\":\"flag\",\"time\":" TIME ",\"value\":true,\"quality\":\"odd\"}", 422,
         "\\\"quality\\\""},
        {"{\"path\":\"flag\",\"time\":" TIME ",\"value\":null,\"quality\":\"good\"}", 422,
         "\\\"quality\\\""},
        {"{\"path\":\"none\",\"time\":" TIME ",\"value\":true}", 404, "unknown_point"},
        {"{\"path\":\"\",\"time\":" TIME ",\"value\":true}", 422, "\\\"path\\\""}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct reply reply = post(house, "corrections", cases[i].body);
        if (reply.status != cases[i].status || !has(&reply, cases[i].said))
            fail_msg("%s: %u %.*s", cases[i].body, reply.status, (int)reply.body.size,
                     (const char *)reply.body.at);
    }
}

/* Several at once: each replaces what the one before made. */
static void corrections_are_done_one_after_the_other(void **state)
{
    struct test_house *house = *state;
    struct talk *talks[8];
    char body[128];
    sample(house, "a", "0");
    for (int i = 0; i < 8; i++) {
        talks[i] = talk_open(house);
        snprintf(body, sizeof body, "{\"path\":\"a\",\"time\":" TIME ",\"value\":%d}", i + 1);
        talk_send_json(talks[i], "POST /v1/corrections", body);
    }
    for (int i = 0; i < 8; i++) {
        struct reply reply;
        house_await(talks[i], &reply);
        assert_int_equal(reply.status, 201);
        talk_close(talks[i]);
    }
    double before = 0;
    uint32_t count = archive_corrections(engine_archive(house->engine));
    assert_int_equal(count, 8);
    for (uint32_t i = 1; i <= count; i++) {
        struct correction_view view;
        archive_correction(engine_archive(house->engine), i, &view);
        assert_true(view.there && value_real(&view.original) == before);
        before = value_real(&view.value);
    }
}

/* ---- annotations ---------------------------------------------------------------------------- */
static void annotations_are_said_and_removed(void **state)
{
    struct test_house *house = *state;
    sample(house, "a/x", "1");
    sample(house, "a/y", "1");
    struct reply reply = post(house, "annotations", "{\"path\":\"a/x\",\"text\":\"north\"}");
    assert_int_equal(reply.status, 201);
    assert_true(has(&reply, "\"time\":null,\"to\":null,\"text\":\"north\",\"author\":null"));
    reply =
        post(house, "annotations",
             "{\"path\":\"a/x\",\"time\":1000,\"to\":2000,\"text\":\"door\",\"author\":\"me\"}");
    assert_true(has(&reply, "\"annotation\":2"));
    assert_int_equal(
        post(house, "annotations", "{\"path\":\"a/y\",\"time\":1000,\"text\":\"other\"}").status,
        201);
    reply = house_ask(house, "GET /v1/annotations?path=a/x");
    assert_true(has(&reply, "door") && has(&reply, "north") && !has(&reply, "other"));
    reply = house_ask(house, "GET /v1/annotations?match=a/%2B&from=2001");
    assert_true(!has(&reply, "door") && has(&reply, "north") && !has(&reply, "other"));
    reply = house_ask(house, "GET /v1/annotations?from=2000&to=2001");
    assert_true(has(&reply, "door") && !has(&reply, "other"));
    reply = house_ask(house, "DELETE /v1/annotations/2");
    assert_int_equal(reply.status, 200);
    assert_problem(house_ask(house, "DELETE /v1/annotations/2"), 404, "unknown_annotation");
    assert_problem(house_ask(house, "DELETE /v1/annotations/0"), 404, "unknown_annotation");
    assert_problem(house_ask(house, "DELETE /v1/annotations/4294967296"), 404,
                   "unknown_annotation");
    assert_problem(house_ask(house, "DELETE /v1/annotations/1x"), 404, "unknown_annotation");
    reply = house_ask(house, "GET /v1/annotations?path=a/x");
    assert_false(has(&reply, "door"));
    reply = house_ask(house, "GET /v1/annotations?path=a/x&removed=true");
    assert_true(has(&reply, "door"));
    assert_problem(
        post(house, "annotations", "{\"path\":\"a/x\",\"time\":5,\"to\":4,\"text\":\"x\"}"), 422,
        "time_invalid");
    assert_problem(post(house, "annotations", "{\"path\":\"a/x\",\"to\":4,\"text\":\"x\"}"), 422,
                   "command_invalid");
    assert_problem(post(house, "annotations", "{\"path\":\"none\",\"text\":\"x\"}"), 404,
                   "unknown_point");
}

/* Page by page the same as at once, of one point and of all. */
static void lists_page_by_page(void **state)
{
    struct test_house *house = *state;
    char line[160], body[128];
    sample(house, "a", "1");
    sample(house, "b", "1");
    for (int i = 0; i < 11; i++) {
        snprintf(body, sizeof body, "{\"path\":\"%s\",\"text\":\"x\"}", i % 3 == 0 ? "b" : "a");
        assert_int_equal(post(house, "annotations", body).status, 201);
    }
    static const char *const asked[] = {"path=a&", "match=a&", ""};
    static const int expected[] = {7, 7, 11};
    for (size_t i = 0; i < ARRAY_COUNT(asked); i++) {
        int64_t after = UINT32_MAX, count = 0, last = INT64_MAX;
        do {
            snprintf(line, sizeof line, "GET /v1/annotations?%slimit=2&after=%lld", asked[i],
                     (long long)after);
            struct reply reply = house_ask(house, line);
            json_t *json = reply_json(&reply), *items = json_object_get(json, "annotations");
            for (size_t at = 0; at < json_array_size(items); at++, count++) {
                int64_t number =
                    json_integer_value(json_object_get(json_array_get(items, at), "annotation"));
                assert_true(number < last);
                last = number;
            }
            after = json_integer_value(json_object_get(json, "next"));
            json_decref(json);
        } while (after != 0);
        assert_int_equal(count, expected[i]);
    }
    struct reply reply = house_ask(house, "GET /v1/annotations?path=a&after=1"); /* b's */
    assert_true(has(&reply, "\"annotations\":[],\"next\":null"));
    assert_problem(house_ask(house, "GET /v1/annotations?limit=1001"), 400, "parameter");
    assert_problem(house_ask(house, "GET /v1/annotations?from=yesterday"), 400, "parameter");
    assert_problem(house_ask(house, "GET /v1/corrections?path=a&match=b"), 400, "parameter");
    assert_problem(house_ask(house, "GET /v1/corrections?match=a//b"), 400, "pattern");
    assert_problem(house_ask(house, "GET /v1/corrections?path=none"), 404, "unknown_point");
}

/* ---- erasures ------------------------------------------------------------------------------- */
/* n points below a branch, created in rows of one. */
static void points_make(struct test_house *house, const char *branch, int count)
{
    size_t capacity = (size_t)count * 64, size = 0;
    char *lines = malloc(capacity);
    assert_non_null(lines);
    for (int i = 0; i < count; i++)
        size += (size_t)snprintf(lines + size, capacity - size,
                                 "{\"path\":\"%s/%d\",\"value\":1,\"time\":1000}\n", branch, i);
    struct reply reply = house_ask_lines(house, "POST /v1/samples", lines);
    assert_int_equal(reply.status, 200);
    assert_int_equal(member(&reply, "taken"), count);
    free(lines);
    house_settle(house);
}

static struct point_view view_of(struct test_house *house, const char *path)
{
    struct point_view view;
    points_view(house->web->points, house_point(house, path), &view);
    return view;
}

static void erase_by_pattern_path_and_number(void **state)
{
    struct test_house *house = *state;
    points_make(house, "mill", 5);
    points_make(house, "other", 3);
    struct reply reply = post(house, "erasures", "{\"match\":\"mill/#\",\"dry_run\":true}");
    assert_int_equal(reply.status, 200);
    assert_true(
        has(&reply, "\"erasure\":null,\"points\":5,\"from\":null,\"to\":null,\"dry_run\":true"));
    assert_true(view_of(house, "mill/1").value.present);
    reply = post(house, "erasures", "{\"match\":\"mill/#\",\"from\":1001}");
    assert_true(has(&reply, "\"erasure\":1,\"points\":5"));
    assert_true(view_of(house, "mill/1").value.present); /* it came before */
    reply = post(house, "erasures",
                 "{\"match\":\"mill/#\",\"from\":1000,\"to\":1001,\"reason\":\"r\"}");
    assert_true(has(&reply, "\"erasure\":2,\"points\":5"));
    assert_false(view_of(house, "mill/1").value.present);
    assert_true(view_of(house, "other/1").value.present);
    reply = post(house, "erasures", "{\"path\":\"other/1\"}");
    assert_true(has(&reply, "\"erasure\":3,\"points\":1"));
    assert_false(view_of(house, "other/1").value.present);
    assert_true(view_of(house, "other/2").value.present);
    reply = post(house, "erasures", "{\"points\":[8,7,8]}");
    assert_true(has(&reply, "\"erasure\":4,\"points\":2"));
    assert_false(view_of(house, "other/2").value.present);
    reply = house_ask(house, "GET /v1/erasures?limit=2");
    assert_true(has(&reply, "\"erasure\":4,\"match\":null") && has(&reply, "\"next\":3"));
    reply = house_ask(house, "GET /v1/erasures?after=3");
    assert_true(
        has(&reply, "\"erasure\":2,\"match\":\"mill/#\",\"from\":\"1970-01-01T00:16:40Z\""));
    assert_true(has(&reply, "\"complete\":true,\"reason\":\"r\"") && has(&reply, "\"next\":null"));
}

static void what_is_no_erasure(void **state)
{
    struct test_house *house = *state;
    points_make(house, "a", 2);
    static const struct {
        const char *body;
        unsigned status;
        const char *code;
    } cases[] = {{"{}", 422, "command_invalid"},
                 {"{\"match\":\"a/#\",\"path\":\"a/0\"}", 422, "command_invalid"},
                 {"{\"match\":\"a//b\"}", 422, "command_invalid"},
                 {"{\"match\":\"a/#\",\"from\":5,\"to\":5}", 422, "command_invalid"},
                 {"{\"match\":\"a/#\",\"dry_run\":1}", 422, "command_invalid"},
                 {"{\"match\":\"a/#\",\"other\":1}", 422, "command_invalid"},
                 {"{\"points\":[]}", 422, "command_invalid"},
                 {"{\"points\":[0]}", 422, "command_invalid"},
                 {"{\"points\":[3]}", 404, "unknown_point"}, /* as a number he may not see */
                 {"{\"points\":[4294967295]}", 404, "unknown_point"},
                 {"{\"points\":[4294967296]}", 422, "command_invalid"},
                 {"{\"points\":[1.5]}", 422, "command_invalid"},
                 {"{\"points\":7}", 422, "command_invalid"},
                 {"{\"match\":\"none/#\"}", 404, "unknown_point"},
                 {"{\"match\":\"none/#\",\"dry_run\":true}", 404, "unknown_point"},
                 {"{\"path\":\"none\"}", 404, "unknown_point"}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_problem(post(house, "erasures", cases[i].body), cases[i].status, cases[i].code);
    assert_int_equal(archive_erasures(engine_archive(house->engine)), 0);
}

static void ids_at_both_sides(void **state)
{
    struct test_house *house = *state;
    static char body[10001 * 2 + 64];
    points_make(house, "a", 1);
    for (int count = 10000; count <= 10001; count++) {
        size_t size = (size_t)sprintf(body, "{\"points\":[1");
        for (int i = 1; i < count; i++)
            size += (size_t)sprintf(body + size, ",1");
        sprintf(body + size, "]}");
        struct reply reply = post(house, "erasures", body);
        if (count == 10000)
            assert_int_equal(member(&reply, "points"), 1);
        else
            assert_problem(reply, 422, "command_invalid");
    }
}

/* More than one command holds, in ids that lie apart: every second point. */
static void a_large_erasure_is_several_commands(void **state)
{
    struct test_house *house = *state;
    const struct archive *archive = engine_archive(house->engine);
    char *lines = malloc((size_t)6000 * 64);
    size_t size = 0;
    for (int i = 0; i < 6000; i++)
        size += (size_t)sprintf(lines + size, "{\"path\":\"%s/%d\",\"value\":1,\"time\":1000}\n",
                                i % 2 == 0 ? "even" : "odd", i);
    struct reply reply = house_ask_lines(house, "POST /v1/samples", lines);
    assert_int_equal(member(&reply, "taken"), 6000);
    free(lines);
    house_settle(house);
    reply = keyed(house, "POST /v1/erasures", "k", "{\"match\":\"odd/#\"}");
    assert_int_equal(reply.status, 200);
    assert_int_equal(member(&reply, "points"), 3000);
    assert_true(archive_groups(archive) > 2);
    struct erasure_view view;
    archive_erasure(archive, 1, &view);
    assert_true(view.complete && view.points == 3000 && view.groups == archive_groups(archive));
    for (uint32_t point = 1; point <= 6000; point++) {
        struct point_view of;
        points_view(house->web->points, point, &of);
        assert_true(of.value.present == (point % 2 == 1));
    }
    reply = keyed(house, "POST /v1/erasures", "k", "{\"match\":\"odd/#\"}");
    assert_true(has(&reply, "\"outcome\":\"repeated\"") && member(&reply, "erasure") == 1);
    assert_int_equal(archive_erasures(archive), 1);
}

/* A write fails in the middle: it is told, and with the key it goes on. */
static void an_erasure_that_was_interrupted_goes_on(void **state)
{
    struct test_house *house = *state;
    const struct archive *archive = engine_archive(house->engine);
    points_make(house, "a", 5000);
    struct talk *talk = talk_open(house);
    const char *body = "{\"match\":\"a/#\",\"key\":\"k\"}";
    struct reply reply;
    talk_send_json(talk, "POST /v1/erasures", body);
    for (int i = 0; i < HOUSE_BUSY && archive_erasures(archive) == 0; i++)
        (void)house_step(house);
    assert_int_equal(archive_erasures(archive), 1);
    house_fails = 1;
    house_await(talk, &reply);
    assert_problem(reply, 503, "write_failed");
    talk_close(talk);
    struct erasure_view view;
    archive_erasure(archive, 1, &view);
    assert_false(view.complete);
    house_advance(house, 10 * NS_PER_S);
    house_settle(house);
    reply = post(house, "erasures", body);
    assert_int_equal(reply.status, 200);
    archive_erasure(archive, 1, &view);
    assert_true(view.complete && view.points >= 5000);
    for (uint32_t point = 1; point <= 5000; point++) {
        struct point_view of;
        points_view(house->web->points, point, &of);
        assert_false(of.value.present);
    }
}

/* Who asked is gone: what is under way stands, the rest is not begun. */
static void a_client_that_goes_away(void **state)
{
    struct test_house *house = *state;
    const struct archive *archive = engine_archive(house->engine);
    points_make(house, "a", 5000);
    struct talk *talk = talk_open(house);
    talk_send_json(talk, "POST /v1/erasures", "{\"match\":\"a/#\"}");
    for (int i = 0; i < HOUSE_BUSY && archive_erasures(archive) == 0; i++)
        (void)house_step(house);
    web_gone(house->web, &talk->link);
    talk_close(talk);
    house_settle(house);
    struct erasure_view view;
    archive_erasure(archive, 1, &view);
    assert_false(view.complete);
    assert_int_equal(post(house, "erasures", "{\"match\":\"a/#\"}").status, 200);
}

/* ---- keys ----------------------------------------------------------------------------------- */
static void keys_of_each(void **state)
{
    struct test_house *house = *state;
    sample(house, "a", "1");
    static const struct {
        const char *line, *body;
        unsigned status;
    } cases[] = {
        {"POST /v1/annotations", "{\"path\":\"a\",\"text\":\"x\"}", 201},
        {"POST /v1/corrections", "{\"path\":\"a\",\"time\":5,\"value\":2}", 201},
        {"PUT /v1/policies/p", "{\"match\":\"#\"}", 200},
        {"PATCH /v1/policies/p", "{\"rank\":1}", 200},
        {"DELETE /v1/policies/p", NULL, 200},
        {"POST /v1/erasures", "{\"path\":\"a\"}", 200},
        {"DELETE /v1/annotations/1", NULL, 200},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char key[8];
        snprintf(key, sizeof key, "k%zu", i);
        for (int again = 0; again < 2; again++) {
            struct reply reply = keyed(house, cases[i].line, key, cases[i].body);
            if (reply.status != cases[i].status)
                fail_msg("%s: %u %.*s", cases[i].line, reply.status, (int)reply.body.size,
                         (const char *)reply.body.at);
            assert_true(reply_header_is(&reply, "Idempotency-Replayed", "true") == (again == 1));
            assert_true(has(&reply, again ? "\"outcome\":\"repeated\",\"first\":\"done\""
                                          : "\"outcome\":\"done\""));
        }
    }
    assert_int_equal(archive_annotations(engine_archive(house->engine)), 1);
    assert_int_equal(archive_corrections(engine_archive(house->engine)), 1);
    /* What was refused is refused again. */
    assert_problem(keyed(house, "DELETE /v1/policies/none", "n", NULL), 404, "unknown_policy");
    struct reply reply = keyed(house, "DELETE /v1/policies/none", "n", NULL);
    assert_true(reply_header_is(&reply, "Idempotency-Replayed", "true"));
    assert_problem(reply, 404, "unknown_policy");
}

static void a_key_of_another_command(void **state)
{
    struct test_house *house = *state;
    assert_int_equal(keyed(house, "POST /v1/points", "k", "{\"path\":\"a\"}").status, 201);
    assert_problem(keyed(house, "POST /v1/annotations", "k", "{\"path\":\"a\",\"text\":\"x\"}"),
                   409, "key_taken");
    assert_int_equal(
        keyed(house, "POST /v1/annotations", "n", "{\"path\":\"a\",\"text\":\"x\"}").status, 201);
    /* Of another of these there is a number, which may be none of its own. */
    struct reply reply =
        keyed(house, "POST /v1/corrections", "n", "{\"path\":\"a\",\"time\":5,\"value\":2}");
    assert_true(reply.status == 201 && has(&reply, "\"correction\":null"));
    assert_problem(keyed(house, "POST /v1/erasures", "n", "{\"path\":\"a\"}"), 409, "key_taken");
    assert_int_equal(keyed(house, "POST /v1/erasures", "e", "{\"match\":\"a\"}").status, 200);
    assert_int_equal(keyed(house, "POST /v1/erasures", "e", "{\"match\":\"a\"}").status, 200);
    assert_problem(keyed(house, "POST /v1/erasures", "e", "{\"match\":\"#\"}"), 409, "key_taken");
    assert_int_equal(archive_corrections(engine_archive(house->engine)), 0);
    assert_int_equal(archive_erasures(engine_archive(house->engine)), 1);
}

static void a_failed_write_is_told(void **state)
{
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    struct reply reply;
    sample(house, "a", "1");
    house_fails = 1;
    talk_send_json(talk, "POST /v1/annotations", "{\"path\":\"a\",\"text\":\"x\"}");
    house_await(talk, &reply);
    assert_problem(reply, 503, "write_failed");
    talk_close(talk);
    assert_int_equal(archive_annotations(engine_archive(house->engine)), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        TEST(policies_in_their_order),
        TEST(what_is_no_policy),
        TEST(a_correction_keeps_what_was_there),
        TEST(values_of_each_type),
        TEST(corrections_are_done_one_after_the_other),
        TEST(annotations_are_said_and_removed),
        TEST(lists_page_by_page),
        TEST(erase_by_pattern_path_and_number),
        TEST(what_is_no_erasure),
        TEST(ids_at_both_sides),
        TEST(a_large_erasure_is_several_commands),
        TEST(an_erasure_that_was_interrupted_goes_on),
        TEST(a_client_that_goes_away),
        TEST(keys_of_each),
        TEST(a_key_of_another_command),
        TEST(a_failed_write_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
