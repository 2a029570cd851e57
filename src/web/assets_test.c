/* Types, assets, imports and the inbox by HTTP: what each is answered with, what is refused, pages,
 * pieces, and what a failed write says. */
#include "web/test_house.h"

#include "web/assets.h"
#include "web/text.h"

static bool has(const struct reply *reply, const char *text)
{
    return memmem(reply->body.at, reply->body.size, text, strlen(text)) != NULL;
}

static struct reply put(struct test_house *house, const char *what, const char *body)
{
    char line[256];
    snprintf(line, sizeof line, "PUT /v1/%s", what);
    return house_ask_json(house, line, body);
}

static void put_done(struct test_house *house, const char *what, const char *body)
{
    struct reply reply = put(house, what, body);
    if (reply.status != 200)
        fail_msg("%s %s: %.*s", what, body, (int)reply.body.size, (const char *)reply.body.at);
}

#define assert_has(asked, text)                                                                    \
    do {                                                                                           \
        const struct reply has_reply = (asked);                                                    \
        if (!has(&has_reply, text))                                                                \
            fail_msg("%s is not in %.*s", text, (int)has_reply.body.size,                          \
                     (const char *)has_reply.body.at);                                             \
    } while (0)

/* ---- spans -------------------------------------------------------------------------------------
 */
static void spans_of_time(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: none */
    } cases[] = {{"0s", 0},
                 {"500ms", 500},
                 {"30s", 30000},
                 {"1h30m", 5400000},
                 {"366d", 31622400000},
                 {"367d", -1},
                 {"365d25h", -1},
                 {"", -1},
                 {"5", -1},
                 {"s", -1},
                 {"5 s", -1},
                 {"-5s", -1},
                 {"5x", -1},
                 {"99999999999999999999s", -1}};
    char text[SPAN_TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        int64_t span = -1;
        bool good = span_parse(bytes_text(cases[i].text), &span);
        assert_int_equal(good, cases[i].ms >= 0);
        if (good)
            assert_int_equal(span, cases[i].ms * 1000000);
    }
    (void)span_text(90 * NS_PER_S, text);
    assert_string_equal(text, "90s");
    (void)span_text(3600 * NS_PER_S, text);
    assert_string_equal(text, "1h");
    (void)span_text(0, text);
    assert_string_equal(text, "0s");
}

/* ---- types -------------------------------------------------------------------------------------
 */
static void what_is_no_type(void **state)
{
    struct test_house *house = *state;
    static const struct {
        const char *body, *code;
    } cases[] = {
        {"{\"title\":7}", "command_invalid"},
        {"{\"other\":1}", "command_invalid"},
        {"{\"level\":\"planet\"}", "command_invalid"},
        {"{\"parent\":\"never\"}", "command_invalid"},
        {"{\"attributes\":{}}", "command_invalid"},
        {"{\"attributes\":[7]}", "command_invalid"},
        {"{\"attributes\":[{}]}", "command_invalid"},
        {"{\"attributes\":[{\"name\":\"a\",\"value\":[]}]}", "command_invalid"},
        {"{\"metrics\":[{\"name\":\"a\",\"limits\":{\"top\":1}}]}", "command_invalid"},
        {"{\"metrics\":[{\"name\":\"a\",\"type\":\"int\"}]}", "command_invalid"},
        {"{\"metrics\":[{\"name\":\"a\",\"limits\":{\"low\":2,\"high\":1}}]}", "asset_invalid"},
        {"{\"metrics\":[{\"name\":\"a\"},{\"name\":\"a\"}]}", "asset_invalid"}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_problem(put(house, "types/a", cases[i].body), 422, cases[i].code);
    assert_problem(house_ask(house, "GET /v1/types/a"), 404, "unknown_type");
    assert_problem(house_ask(house, "DELETE /v1/types/a"), 404, "unknown_type");
    put_done(house, "types/a", "{}");
    put_done(house, "types/b", "{\"parent\":\"a\"}");
    assert_problem(put(house, "types/a", "{\"parent\":\"b\"}"), 422, "asset_invalid");
    assert_problem(house_ask(house, "DELETE /v1/types/a"), 409, "type_in_use");
}

static void types_page_by_page(void **state)
{
    struct test_house *house = *state;
    for (char name[] = "types/a"; name[6] < 'd'; name[6]++)
        put_done(house, name, "{}");
    assert_has(house_ask(house, "GET /v1/types?limit=2"), "\"name\":\"b\"");
    assert_has(house_ask(house, "GET /v1/types?limit=2"), "\"next\":\"2\"");
    struct reply rest = house_ask(house, "GET /v1/types?limit=2&after=2");
    assert_true(has(&rest, "\"name\":\"c\"") && has(&rest, "\"next\":null"));
    assert_has(house_ask(house, "GET /v1/types?limit=3"), "\"next\":null");
    assert_problem(house_ask(house, "GET /v1/types?limit=1001"), 400, "parameter");
}

/* What would change is told and nothing does. */
static void a_type_is_tried(void **state)
{
    struct test_house *house = *state;
    put_done(house, "types/a",
             "{\"metrics\":[{\"name\":\"t\",\"limits\":{\"high\":80}}],"
             "\"attributes\":[{\"name\":\"x\",\"type\":\"string\",\"value\":\"1\"}]}");
    put_done(house, "types/b", "{\"parent\":\"a\"}");
    put_done(house, "assets/one", "{\"type\":\"a\"}");
    put_done(house, "assets/two", "{\"type\":\"b\",\"attributes\":{\"x\":\"own\"}}");
    assert_int_equal(house_publish(house, "one/t", "7"), ADMIT_DONE);
    struct reply reply =
        put(house, "types/a?dry_run=true",
            "{\"attributes\":[{\"name\":\"x\",\"type\":\"string\",\"value\":\"2\"},"
            "{\"name\":\"y\",\"required\":true}],\"metrics\":[{\"name\":\"t\"}]}");
    assert_int_equal(reply.status, 200);
    assert_true(has(&reply, "\"assets\":2,\"points\":1"));
    assert_true(has(&reply, "{\"asset\":\"one\",\"what\":\"x: value\",\"before\":\"1\",\"after\":"
                            "\"2\"}"));
    assert_false(has(&reply, "{\"asset\":\"two\",\"what\":\"x: value\""));
    assert_true(has(&reply, "{\"asset\":\"two\",\"what\":\"t: high\",\"before\":\"80\",\"after\":"
                            "null}"));
    assert_has(house_ask(house, "GET /v1/types/a"), "\"high\":80");
}

/* ---- assets ------------------------------------------------------------------------------------
 */
static void what_is_no_asset(void **state)
{
    struct test_house *house = *state;
    static const char *const bodies[] = {"{\"other\":1}",
                                         "{\"type\":\"never\"}",
                                         "{\"place\":7}",
                                         "{\"place\":{\"x\":1}}",
                                         "{\"branch\":\"a//b\"}",
                                         "{\"attributes\":7}",
                                         "{\"attributes\":{\"a\":{}}}",
                                         "{\"bindings\":{\"t\":\"a//b\"}}",
                                         "{\"relations\":[{\"name\":\"x\"}]}",
                                         "{\"relations\":[{\"name\":\"x\",\"other\":\"never\"}]}",
                                         "{\"path\":\"other\"}",
                                         "{\"place\":{\"longitude\":181,\"latitude\":0}}"};
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++)
        assert_int_equal(put(house, "assets/a", bodies[i]).status, 422);
    assert_problem(put(house, "assets/a/b", "{}"), 404, "unknown_asset");
    assert_problem(house_ask(house, "GET /v1/assets/a"), 404, "unknown_asset");
    assert_problem(house_ask(house, "DELETE /v1/assets/a"), 404, "unknown_asset");
    assert_problem(house_ask(house, "GET /v1/asset-versions/a"), 404, "unknown_asset");
    assert_problem(house_ask_json(house, "PATCH /v1/assets/a", "{}"), 404, "unknown_asset");
}

/* What was asked for can be given back, and says the same. */
static void an_asset_there_and_back(void **state)
{
    struct test_house *house = *state;
    put_done(house, "types/t",
             "{\"attributes\":[{\"name\":\"i\",\"type\":\"int64\",\"value\":1}],"
             "\"metrics\":[{\"name\":\"m\"}]}");
    put_done(house, "assets/o", "{}");
    put_done(house, "assets/a",
             "{\"type\":\"t\",\"title\":\"A\",\"place\":{\"longitude\":1,\"latitude\":2,"
             "\"floor\":-1},\"attributes\":{\"i\":7,\"own\":true},\"bindings\":{\"m\":\"x/y\"},"
             "\"relations\":[{\"name\":\"feeds\",\"other\":\"o\"}]}");
    struct reply reply = house_ask(house, "GET /v1/assets/a");
    json_t *json = reply_json(&reply);
    char *text = json_dumps(json, JSON_COMPACT);
    put_done(house, "assets/a", text);
    free(text);
    json_decref(json);
    reply = house_ask(house, "GET /v1/assets/a");
    assert_true(has(&reply, "{\"name\":\"i\",\"value\":\"7\",\"type\":\"int64\",\"unit\":null,"
                            "\"from\":null}"));
    assert_true(has(&reply, "\"floor\":-1"));
    assert_true(has(&reply, "\"bindings\":{\"m\":\"x/y\"}"));
    assert_true(has(&reply, "\"relations\":[{\"name\":\"feeds\",\"other\":\"o\"}]"));
    assert_true(has(&reply, "\"version\":1,")); /* it said nothing new */
    assert_has(house_ask(house, "GET /v1/assets/o"),
               "\"related\":[{\"name\":\"feeds\",\"other\":\"a\"}]");
    /* A change leaves what it does not name. */
    reply = house_ask_json(house, "PATCH /v1/assets/a",
                           "{\"attributes\":{\"own\":null},\"relations\":[]}");
    assert_int_equal(reply.status, 200);
    assert_true(has(&reply, "\"value\":\"7\"") && has(&reply, "\"m\":\"x/y\""));
    assert_false(has(&reply, "\"own\"") || has(&reply, "feeds"));
    assert_has(house_ask_json(house, "PATCH /v1/assets/a", "{\"type\":null,\"place\":null}"),
               "\"type\":null");
}

/* Of more that relate to one the first thousand are told. */
static void hubs_have_a_thousand_at_most(void **state)
{
    struct test_house *house = *state;
    put_done(house, "assets/hub", "{}");
    char *lines = malloc(1000 * 80);
    size_t size = 0;
    assert_non_null(lines);
    for (int i = 1; i <= 1000; i++)
        size += (size_t)sprintf(lines + size,
                                "{\"path\":\"a%d\",\"relations\":[{\"name\":\"of\",\"other\":"
                                "\"hub\"}]}\n",
                                i);
    assert_has(house_ask_lines(house, "POST /v1/assets-import", lines), "\"made\":1000,");
    free(lines);
    struct reply reply = house_ask(house, "GET /v1/assets/hub");
    assert_true(has(&reply, "\"related\":[{\"name\":\"of\",\"other\":\"a1\"},"));
    assert_true(has(&reply, "{\"name\":\"of\",\"other\":\"a1000\"}],\"related_more\":false"));
    put_done(house, "assets/b",
             "{\"relations\":[{\"name\":\"of\",\"other\":\"hub\"},{\"name\":\"by\",\"other\":"
             "\"hub\"}]}");
    reply = house_ask(house, "GET /v1/assets/hub");
    assert_true(has(&reply, "\"other\":\"a1000\"}],\"related_more\":true"));
    put_done(house, "assets/a7", "{}");
    reply = house_ask(house, "GET /v1/assets/hub");
    assert_true(has(&reply, "{\"name\":\"of\",\"other\":\"b\"},{\"name\":\"by\",\"other\":\"b\"}],"
                            "\"related_more\":false"));
    assert_false(has(&reply, "\"a7\""));
}

static void what_is_below_is_retired_with_it(void **state)
{
    struct test_house *house = *state;
    char path[64];
    put_done(house, "assets/a", "{}");
    put_done(house, "assets/a/b", "{}");
    for (int i = 0; i < 150; i++) { /* more than are under way at once */
        snprintf(path, sizeof path, "assets/a/b/%d", i);
        put_done(house, path, "{}");
    }
    assert_problem(house_ask(house, "DELETE /v1/assets/a"), 409, "asset_has_parts");
    assert_problem(house_ask_with(house, "DELETE /v1/assets/a?parts=true", "Idempotency-Key: k\r\n",
                                  NULL, bytes_of("", 0)),
                   422, "command_invalid");
    assert_has(house_ask(house, "DELETE /v1/assets/a?parts=true"), "\"retired\":152,\"refused\":0");
    assert_reply(house_ask(house, "GET /v1/assets"), 200, "{\"assets\":[],\"next\":null}");
}

static void lists_and_the_tree(void **state)
{
    struct test_house *house = *state;
    put_done(house, "types/t", "{\"level\":\"device\"}");
    put_done(house, "types/u", "{\"parent\":\"t\"}");
    put_done(house, "assets/a", "{\"level\":\"site\",\"title\":\"Alpha\"}");
    put_done(house, "assets/a/x", "{\"type\":\"t\"}");
    put_done(house, "assets/a/y", "{\"type\":\"u\"}");
    put_done(house, "assets/b", "{}");
    assert_int_equal(house_publish(house, "a/x", "{\"p\":1,\"q\":2}"), ADMIT_DONE);
    struct reply reply = house_ask(house, "GET /v1/assets?type=t");
    assert_true(has(&reply, "\"a/x\"") && has(&reply, "\"a/y\"") && !has(&reply, "\"b\""));
    reply = house_ask(house, "GET /v1/assets?under=a&level=device&contains=Y");
    assert_true(has(&reply, "\"a/y\"") && !has(&reply, "\"a/x\""));
    assert_has(house_ask(house, "GET /v1/assets?contains=ALPHA"), "\"path\":\"a\"");
    assert_reply(house_ask(house, "GET /v1/assets?type=never"), 200,
                 "{\"assets\":[],\"next\":null}");
    assert_has(house_ask(house, "GET /v1/assets?limit=3"), "\"next\":\"3\"");
    assert_has(house_ask(house, "GET /v1/assets?limit=3&after=3"), "\"path\":\"b\"");
    reply = house_ask(house, "GET /v1/asset-tree?path=a&limit=1");
    assert_true(has(&reply, "\"name\":\"x\"") && has(&reply, "\"points\":2") &&
                has(&reply, "\"next\":\"2\""));
    reply = house_ask(house, "GET /v1/asset-tree?path=a&limit=1&after=2");
    assert_true(has(&reply, "\"name\":\"y\"") && has(&reply, "\"next\":null"));
    assert_problem(house_ask(house, "GET /v1/asset-tree?path=never"), 404, "unknown_asset");
}

/* Of a point and of an asset's metric, with who says so. */
static void limits_in_force(void **state)
{
    struct test_house *house = *state;
    put_done(house, "types/t",
             "{\"metrics\":[{\"name\":\"p\",\"limits\":{\"high\":80,\"low\":1}}]}");
    put_done(house, "assets/a", "{\"type\":\"t\"}");
    assert_int_equal(house_publish(house, "a", "{\"p\":1.5,\"w\":\"on\"}"), ADMIT_DONE);
    const char *of_type =
        "\"limits_in_force\":{\"low\":{\"limit\":1,\"from\":\"type\",\"rule\":null},"
        "\"high\":{\"limit\":80,\"from\":\"type\",\"rule\":null}}";
    assert_has(house_ask(house, "GET /v1/points/a/p"), of_type);
    assert_has(house_ask(house, "GET /v1/assets/a"), of_type);
    put_done(house, "rules/hot",
             "{\"kind\":\"high\",\"on\":\"pattern\",\"path\":\"#\",\"limit\":60}");
    put_done(house, "rules/low", "{\"kind\":\"low\",\"on\":\"pattern\",\"path\":\"#\"}");
    const char *of_rules =
        "\"limits_in_force\":{\"low\":{\"limit\":1,\"from\":\"type\",\"rule\":\"low\"},"
        "\"high\":{\"limit\":60,\"from\":\"rule\",\"rule\":\"hot\"}}";
    assert_has(house_ask(house, "GET /v1/points/a/p"), of_rules);
    assert_has(house_ask(house, "GET /v1/assets/a"), of_rules);
    assert_has(house_ask(house, "GET /v1/points?whole=true"), of_rules);
    assert_has(house_ask(house, "GET /v1/points/a/w"), "\"limits_in_force\":{}");
    house_advance(house, 10 * NS_PER_S);
    assert_has(house_ask(house, "GET /v1/assets/a?at=2026-03-01T08:00:05Z"),
               "\"limits_in_force\":null");
}

/* By the path that it had then, with what it said then; its name may be another's now. */
static void as_it_was(void **state)
{
    struct test_house *house = *state;
    put_done(house, "assets/a", "{\"title\":\"first\"}");
    house_advance(house, 10 * NS_PER_S);
    assert_int_equal(
        house_ask_json(house, "PATCH /v1/assets/a", "{\"path\":\"b\",\"title\":\"second\"}").status,
        200);
    house_advance(house, 10 * NS_PER_S);
    assert_int_equal(house_ask(house, "DELETE /v1/assets/b").status, 200);
    assert_problem(house_ask(house, "GET /v1/assets/a"), 404, "unknown_asset");
    struct reply reply = house_ask(house, "GET /v1/assets/a?at=2026-03-01T08:00:05Z");
    assert_true(has(&reply, "\"path\":\"a\"") && has(&reply, "\"title\":\"first\""));
    assert_true(has(&reply, "\"path_now\":"));
    assert_problem(house_ask(house, "GET /v1/assets/b?at=2026-03-01T08:00:05Z"), 404,
                   "unknown_asset");
    assert_has(house_ask(house, "GET /v1/assets/b?at=2026-03-01T08:00:15Z"),
               "\"title\":\"second\"");
    assert_problem(house_ask(house, "GET /v1/assets/b?at=2026-03-01T08:01:00Z"), 404,
                   "unknown_asset");
    assert_has(house_ask(house, "GET /v1/assets?at=2026-03-01T08:00:15Z"), "\"path\":\"b\"");
    assert_problem(house_ask(house, "GET /v1/assets/a?at=yesterday"), 400, "parameter");
}

/* A number that is none is refused with its line, and nothing of its row is taken. */
static void csv_numbers_are_numbers(void **state)
{
    static const char *const rows[] = {
        "a,nan,1,",   "a,1,inf,",  "a,-inf,1,", "a,0x10,1,",
        "a,1e999,1,", "a,1,1,2.5", "a,1,1,x",   "a,1,1,99999999999999999999",
        "a,181,1,",   "a,\xff,1,"};
    struct test_house *house = *state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char body[160];
        snprintf(body, sizeof body, "path,longitude,latitude,floor\n%s\n", rows[i]);
        struct reply reply =
            house_ask_with(house, "POST /v1/assets-import", "", "text/csv", bytes_text(body));
        if (reply.status != 200 ||
            !has(&reply, "\"made\":0,\"changed\":0,\"same\":0,\"refused_count\":1") ||
            !has(&reply, "{\"line\":2,"))
            fail_msg("%s: %.*s", rows[i], (int)reply.body.size, (const char *)reply.body.at);
    }
    assert_problem(house_ask(house, "GET /v1/assets/a"), 404, "unknown_asset");
    assert_has(house_ask_with(house, "POST /v1/assets-import", "", "text/csv",
                              bytes_text("path,longitude,latitude,floor\na,-1.5e1,+2.5,-3\n")),
               "\"made\":1");
    assert_has(house_ask(house, "GET /v1/assets/a"),
               "\"longitude\":-15,\"latitude\":2.5,\"floor\":-3");
}

/* What goes out as CSV has nothing that a spreadsheet would run, and comes back as it was. */
static void csv_comes_back_as_it_was(void **state)
{
    struct test_house *house = *state;
    put_done(house, "assets/a",
             "{\"title\":\"=HYPERLINK(\\\"x\\\")\",\"place\":{\"longitude\":-1.5,\"latitude\":2,"
             "\"plan_x\":0.25,\"plan_y\":0.5},\"attributes\":{\"n\":\"-5\",\"s\":\"-5+1\","
             "\"q\":\"'@x\",\"t\":\"\\tx\",\"v\":\"'tis\"}}");
    put_done(house, "assets/-b", "{\"title\":\"+1\"}");
    struct reply before = house_ask(house, "GET /v1/assets-export");
    char *said = strndup((const char *)before.body.at, before.body.size);
    struct reply file = house_ask(house, "GET /v1/assets-export?format=csv");
    assert_true(has(&file, "\r\na,\"'=HYPERLINK(\"\"x\"\")\",,,-1.5,2,,0.25,0.5,,"));
    assert_true(has(&file, "\r\n\"'-b\",+1,") && has(&file, ",\"'-5+1\",") && has(&file, ",-5,") &&
                has(&file, ",\"''@x\",") && has(&file, ",\"'\tx\",") && has(&file, "'tis"));
    char *csv = strndup((const char *)file.body.at, file.body.size);
    assert_has(house_ask_with(house, "POST /v1/assets-import", "", "text/csv", bytes_text(csv)),
               "\"made\":0,\"changed\":0,\"same\":2,\"refused_count\":0");
    assert_int_equal(house_ask(house, "DELETE /v1/assets/a").status, 200);
    assert_int_equal(house_ask(house, "DELETE /v1/assets/-b").status, 200);
    assert_has(house_ask_with(house, "POST /v1/assets-import", "", "text/csv", bytes_text(csv)),
               "\"made\":2,\"changed\":0,\"same\":0,\"refused_count\":0");
    assert_reply(house_ask(house, "GET /v1/assets-export"), 200, said);
    free(said);
    free(csv);
}

/* ---- import, inbox -----------------------------------------------------------------------------
 */
static void imports_from_top_to_bottom(void **state)
{
    struct test_house *house = *state;
    struct reply reply =
        house_ask_lines(house, "POST /v1/assets-import",
                        "{\"name\":\"t\",\"metrics\":[{\"name\":\"m\"}]}\n"
                        "{\"path\":\"a\"}\n{\"path\":\"a/b\",\"type\":\"t\"}\n7\n"
                        "{\"path\":\"never/b\"}\n{\"path\":\"c\",\"type\":\"never\"}\n{}\n");
    assert_int_equal(reply.status, 200);
    assert_true(has(&reply, "\"made\":3,\"changed\":0,\"same\":0,\"refused_count\":4"));
    assert_true(has(&reply, "{\"line\":5,\"path\":\"never/b\","));
    reply = house_ask_lines(house, "POST /v1/assets-import",
                            "{\"path\":\"a/b\"}\n{\"path\":\"a\",\"title\":\"A\"}\n");
    assert_true(has(&reply, "\"made\":0,\"changed\":1,\"same\":1"));
    assert_has(house_ask(house, "GET /v1/assets/a/b"), "\"type\":\"t\"");
    reply = house_ask_with(house, "POST /v1/assets-import", "", "text/csv",
                           bytes_text("path,attr:x,bind:m,longitude,latitude,floor\r\n"
                                      "a/b,7,p/q,1.5,2.5,3\r\na/b,,,,,\r\n"));
    assert_true(has(&reply, "\"changed\":1,\"same\":1"));
    reply = house_ask(house, "GET /v1/assets/a/b");
    assert_true(has(&reply, "\"longitude\":1.5,\"latitude\":2.5,\"floor\":3"));
    assert_true(has(&reply, "{\"m\":\"p/q\"}"));
    assert_problem(house_ask_with(house, "POST /v1/assets-import", "", "text/csv",
                                  bytes_text("path,nothing\n")),
                   422, "csv_head");
    assert_problem(
        house_ask_with(house, "POST /v1/assets-import", "", "text/csv", bytes_text("title\n")), 422,
        "csv_head");
    assert_problem(house_ask_json(house, "POST /v1/assets-import", "{\"other\":[]}"), 422,
                   "command_invalid");
}

/* A file of many rows below each other is given in as many commands as there are rows. */
static void an_import_of_many(void **state)
{
    struct test_house *house = *state;
    struct text lines = {.at = NULL};
    for (int i = 0; i < 500; i++)
        text_put_format(&lines, i % 5 == 0 ? "{\"path\":\"s%d\"}\n" : "{\"path\":\"s%d/p%d\"}\n",
                        i / 5 * 5, i);
    text_put(&lines, bytes_of("\0", 1));
    struct reply reply = house_ask_lines(house, "POST /v1/assets-import?dry_run=true", lines.at);
    assert_has(reply, "\"made\":500,\"changed\":0,\"same\":0,\"refused_count\":0,\"dry_run\":true");
    assert_int_equal(assets_count(engine_assets(house->engine)), 0);
    reply = house_ask_lines(house, "POST /v1/assets-import", lines.at);
    assert_has(reply, "\"made\":500,\"changed\":0,\"same\":0,\"refused_count\":0");
    assert_has(house_ask_lines(house, "POST /v1/assets-import", lines.at), "\"same\":500");
    text_done(&lines);
}

static void devices_wait_and_are_adopted(void **state)
{
    struct test_house *house = *state;
    put_done(house, "types/t", "{\"metrics\":[{\"name\":\"p\"},{\"name\":\"q\"}]}");
    put_done(house, "types/u", "{\"metrics\":[{\"name\":\"p\"}]}");
    put_done(house, "assets/a", "{}");
    for (char topic[] = "a/z/1"; topic[4] < '4'; topic[4]++)
        assert_int_equal(house_publish(house, topic, "{\"p\":1,\"q\":2}"), ADMIT_DONE);
    struct reply reply = house_ask(house, "GET /v1/inbox?limit=1");
    assert_true(has(&reply, "\"prefix\":\"a/z/1\",\"metrics\":[\"p\",\"q\"]"));
    assert_true(has(&reply, "\"proposals\":[{\"type\":\"t\",\"likeness\":1},{\"type\":\"u\","));
    assert_true(has(&reply, "\"waiting\":3"));
    reply = house_ask_json(house, "POST /v1/inbox-adopt",
                           "{\"prefixes\":[\"a/z/1\",\"a/z/2\",\"a//\"],\"type\":\"t\"}");
    assert_true(has(&reply, "\"adopted\":2") && has(&reply, "{\"prefix\":\"a//\","));
    assert_has(house_ask(house, "GET /v1/assets/a/z-1"), "\"branch\":\"a/z/1\"");
    reply = house_ask_json(house, "POST /v1/inbox-adopt",
                           "{\"prefix\":\"a/z/3\",\"type\":\"t\",\"path\":\"third\"}");
    assert_true(has(&reply, "\"adopted\":1"));
    assert_has(house_ask(house, "GET /v1/assets/third"), "\"point\":\"a/z/3/p\"");
    assert_has(house_ask(house, "GET /v1/inbox"), "\"inbox\":[],\"next\":null");
    assert_problem(house_ask_json(house, "POST /v1/inbox-adopt", "{\"type\":\"t\"}"), 422,
                   "command_invalid");
}

static void a_failed_write_is_told(void **state)
{
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    struct reply reply;
    house_fails = 1;
    talk_send_json(talk, "PUT /v1/assets/a", "{}");
    house_await(talk, &reply);
    assert_problem(reply, 503, "write_failed");
    talk_close(talk);
    assert_int_equal(assets_count(engine_assets(house->engine)), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_of_time),
        TEST(what_is_no_type),
        TEST(types_page_by_page),
        TEST(a_type_is_tried),
        TEST(what_is_no_asset),
        TEST(an_asset_there_and_back),
        TEST(what_is_below_is_retired_with_it),
        TEST(lists_and_the_tree),
        TEST(hubs_have_a_thousand_at_most),
        TEST(limits_in_force),
        TEST(csv_numbers_are_numbers),
        TEST(csv_comes_back_as_it_was),
        TEST(as_it_was),
        TEST(imports_from_top_to_bottom),
        TEST(an_import_of_many),
        TEST(devices_wait_and_are_adopted),
        TEST(a_failed_write_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
