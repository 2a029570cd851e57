/* One point, and lists of points, as they are asked for by HTTP. */
#include "web/test_house.h"

static void create(struct test_house *house, const char *body)
{
    struct reply reply = house_ask_json(house, "POST /v1/points", body);
    if (reply.status != 201)
        fail_msg("%.*s", (int)reply.body.size, (const char *)reply.body.at);
    house_settle(house);
}

/* Paths of a list, each with a space behind it; what it has beside them is checked for its shape.
 */
static const char *listed(struct test_house *house, const char *line)
{
    static char text[65536];
    struct reply reply = house_ask(house, line);
    text[0] = '\0';
    if (reply.status != 200)
        fail_msg("%s: %u %.*s", line, reply.status, (int)reply.body.size,
                 (const char *)reply.body.at);
    json_t *list = reply_json(&reply), *point;
    size_t i, used = 0;
    json_array_foreach(json_object_get(list, "points"), i, point)
    {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s ",
                                 json_string_value(json_object_get(point, "path")));
    }
    assert_int_equal(json_object_size(list), 3);
    json_t *next = json_object_get(list, "next");
    if (json_is_string(next))
        snprintf(text + used, sizeof text - used, "| %s", json_string_value(next));
    else
        assert_true(json_is_null(next));
    json_decref(list);
    return text;
}

/* ---- one point ------------------------------------------------------------------------------ */
static void a_point_is_told_whole(void **state)
{
    struct test_house *house = *state;
    create(house,
           "{\"path\":\"plant/press-3/temp\",\"unit\":\"Cel\",\"description\":\"oil\","
           "\"labels\":{\"line\":\"1\",\"a b\":\"\"},\"limits\":{\"high\":80,\"low\":-5.5}}");
    assert_reply(house_ask(house, "GET /v1/points/plant/press-3/temp"), 200,
                 "{\"path\":\"plant/press-3/temp\",\"point\":1,\"type\":\"float64\",\"value\":null,"
                 "\"quality\":\"good\",\"time\":null,\"arrival\":null,\"unit\":\"Cel\","
                 "\"limit_state\":\"none\",\"description\":\"oil\",\"labels\":{\"line\":\"1\","
                 "\"a b\":\"\"},\"limits\":{\"low\":-5.5,\"high\":80},"
                 "\"limits_in_force\":{\"low\":{\"limit\":-5.5,\"from\":\"point\",\"rule\":null},"
                 "\"high\":{\"limit\":80,\"from\":\"point\",\"rule\":null}},"
                 "\"refused\":[]}");
    assert_int_equal(
        house_publish(house, "plant/press-3", "{\"temp\":81.25,\"ts\":\"2026-02-28T23:59:59.5Z\"}"),
        ADMIT_DONE);
    assert_reply(
        house_ask(house, "GET /v1/points/plant%2Fpress-3/temp"), 200,
        "{\"path\":\"plant/press-3/temp\",\"point\":1,\"type\":\"float64\",\"value\":81.25,"
        "\"quality\":\"good\",\"time\":\"2026-02-28T23:59:59.5Z\","
        "\"arrival\":\"2026-03-01T08:00:00Z\",\"unit\":\"Cel\",\"limit_state\":\"high\","
        "\"description\":\"oil\",\"labels\":{\"line\":\"1\",\"a b\":\"\"},"
        "\"limits\":{\"low\":-5.5,\"high\":80},"
        "\"limits_in_force\":{\"low\":{\"limit\":-5.5,\"from\":\"point\",\"rule\":null},"
        "\"high\":{\"limit\":80,\"from\":\"point\",\"rule\":null}},"
        "\"refused\":[]}");
}

static void values_of_each_type_are_exact(void **state)
{
    struct test_house *house = *state;
    static const char *const cases[][2] = {{"9007199254740993", "9007199254740993"},
                                           {"-9223372036854775808", "-9223372036854775808"},
                                           {"0.1", "0.1"},
                                           {"1e300", "1e+300"},
                                           {"true", "true"},
                                           {"\"on \\u00e9 \\n\"", "\"on \xc3\xa9 \\n\""},
                                           {"-0.0", "-0.0"},
                                           {"21.500", "21.5"}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char topic[32], line[64], wanted[128];
        snprintf(topic, sizeof topic, "type/%zu", i);
        assert_int_equal(house_publish(house, topic, cases[i][0]), ADMIT_DONE);
        snprintf(line, sizeof line, "GET /v1/points/%s", topic);
        snprintf(wanted, sizeof wanted, "\"value\":%s,", cases[i][1]);
        struct reply reply = house_ask(house, line);
        if (memmem(reply.body.at, reply.body.size, wanted, strlen(wanted)) == NULL)
            fail_msg("%s: %.*s", wanted, (int)reply.body.size, (const char *)reply.body.at);
    }
}

static void a_point_that_is_not_there_names_those_near(void **state)
{
    struct test_house *house = *state;
    struct reply reply = house_ask(house, "GET /v1/points/none");
    assert_problem(reply, 404, "unknown_point");
    house_publish(house, "plant/line-1", "{\"temp\":1,\"flow\":2,\"level\":3,\"zone\":4}");
    reply = house_ask(house, "GET /v1/points/plant/line-1/tmp");
    assert_problem(reply, 404, "unknown_point");
    assert_non_null(memmem(reply.body.at, reply.body.size, "\\\"zone\\\"", 8));
    assert_non_null(memmem(reply.body.at, reply.body.size, "below \\\"plant/line-1\\\"", 22));
    reply = house_ask(house, "GET /v1/points/plant/line-2/temp");
    assert_non_null(memmem(reply.body.at, reply.body.size, "\\\"line-1\\\"", 10));
    reply = house_ask(house, "GET /v1/points/plant/line-1");
    assert_problem(reply, 404, "unknown_point");
    assert_non_null(memmem(reply.body.at, reply.body.size, "is a branch", 11));
    assert_problem(house_ask(house, "GET /v1/points/%22%0A%25s%01"), 404, "unknown_point");
}

/* ---- refusals ------------------------------------------------------------------------------- */
static json_t *refused_of(struct test_house *house, const char *line)
{
    struct reply reply = house_ask(house, line);
    json_t *point = reply_json(&reply), *refused = json_object_get(point, "refused");
    assert_int_equal(reply.status, 200);
    json_incref(refused);
    json_decref(point);
    return refused;
}

static size_t refused_count(struct test_house *house, const char *line)
{
    json_t *refused = refused_of(house, line);
    size_t count = json_array_size(refused);
    json_decref(refused);
    return count;
}

static void refusals_of_the_path_and_above_are_told(void **state)
{
    struct test_house *house = *state;
    house_publish(house, "plant/press", "{\"temp\":1}");
    house_publish(house, "plant/press-2", "{\"temp\":1}");
    assert_int_equal(refused_count(house, "GET /v1/points/plant/press/temp"), 0);
    assert_int_equal(house_publish(house, "plant/press", "{\"temp\":\"hot\"}"), ADMIT_TYPE);
    assert_int_equal(house_publish(house, "plant/press", "{\"temp\":\"hot\"}"), ADMIT_TYPE);
    assert_int_equal(house_publish(house, "plant/press/temp", "[1]"), ADMIT_NOT_A_READING);
    assert_int_equal(house_publish(house, "plant", "{"), ADMIT_NOT_A_READING);
    json_t *refused = refused_of(house, "GET /v1/points/plant/press/temp");
    assert_int_equal(json_array_size(refused), 3);
    static const char *const topics[] = {"plant", "plant/press/temp", "plant/press"};
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(refused, i), "topic")),
                            topics[i]);
    json_t *oldest = json_array_get(refused, 2);
    assert_string_equal(json_string_value(json_object_get(oldest, "reason")), "type");
    assert_string_equal(json_string_value(json_object_get(oldest, "fault")), "type");
    assert_int_equal(json_integer_value(json_object_get(oldest, "count")), 2);
    json_decref(refused);
    /* A topic that the path only begins with, and one below it, are others. */
    assert_int_equal(refused_count(house, "GET /v1/points/plant/press-2/temp"), 1);
    house_publish(house, "plant/press-2/temp/x", "{");
    assert_int_equal(refused_count(house, "GET /v1/points/plant/press-2/temp"), 1);
}

static void refusals_of_one_point_end_at_sixteen_and_old_ones_go(void **state)
{
    struct test_house *house = *state;
    char topic[400];
    house_publish(house, "a/b/c", "1");
    assert_int_equal(refused_count(house, "GET /v1/points/a/b/c"), 0);
    static const char *const wrong[] = {
        "[1]", "{", "\"x\"", "{\"a\":[1]}", "{\"ts\":\"x\"}", "{\"ts\":-1,\"a\":1}"};
    static const char *const branches[] = {"a", "a/b", "a/b/c"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        for (size_t j = 0; j < ARRAY_COUNT(branches); j++)
            (void)house_publish(house, branches[j], wrong[i]);
    assert_true(engine_refused_count(house->engine) > 12);
    assert_int_equal(refused_count(house, "GET /v1/points/a/b/c"),
                     engine_refused_count(house->engine) < 16 ? engine_refused_count(house->engine)
                                                              : 16);
    for (int i = 0; i < REFUSED_MAX; i++) {
        struct admitted admitted;
        snprintf(topic, sizeof topic, "other/%d", i);
        (void)engine_publish(house->engine, &house->publisher, bytes_text(topic), bytes_text("{"),
                             &admitted);
    }
    assert_int_equal(refused_count(house, "GET /v1/points/a/b/c"), 0);
}

static void a_topic_that_the_list_cuts_is_known_by_its_beginning(void **state)
{
    struct test_house *house = *state;
    char path[512], line[600], segment[100];
    memset(segment, 'x', 99);
    segment[99] = '\0';
    snprintf(path, sizeof path, "%s/%s/%s/end", segment, segment, segment);
    house_publish(house, path, "1");
    snprintf(line, sizeof line, "GET /v1/points/%s", path);
    assert_int_equal(refused_count(house, line), 0);
    house_publish(house, path, "{");
    assert_int_equal(refused_count(house, line), 1);
}

/* ---- lists ---------------------------------------------------------------------------------- */
static void fill(struct test_house *house)
{
    create(house, "{\"path\":\"b/flow\",\"labels\":{\"line\":\"1\",\"area\":\"north\"}}");
    create(house, "{\"path\":\"b/level\",\"type\":\"int64\",\"labels\":{\"line\":\"2\"}}");
    create(house, "{\"path\":\"b/name\",\"type\":\"string\",\"labels\":{\"a:b\":\"c:d\"}}");
    create(house, "{\"path\":\"a/on\",\"type\":\"bool\"}");
    create(house, "{\"path\":\"a/dev-10\",\"limits\":{\"high\":5}}");
    create(house, "{\"path\":\"a/dev-2\"}");
    house_publish(house, "a", "{\"dev-10\":7,\"dev-2\":null,\"on\":true}");
}

static void lists_are_in_natural_order_and_by_pattern(void **state)
{
    struct test_house *house = *state;
    assert_string_equal(listed(house, "GET /v1/points"), "");
    fill(house);
    assert_string_equal(listed(house, "GET /v1/points"),
                        "a/dev-2 a/dev-10 a/on b/flow b/level b/name ");
    assert_string_equal(listed(house, "GET /v1/points?match=a/%23"), "a/dev-2 a/dev-10 a/on ");
    assert_string_equal(listed(house, "GET /v1/points?match=+/dev-*"), "");
    assert_string_equal(listed(house, "GET /v1/points?match=%2B/dev-*"), "a/dev-2 a/dev-10 ");
    assert_string_equal(listed(house, "GET /v1/points?match=b/name"), "b/name ");
    assert_string_equal(listed(house, "GET /v1/points?contains=DEV"), "a/dev-2 a/dev-10 ");
    assert_string_equal(listed(house, "GET /v1/points?contains=/n&match=b/%23"), "b/name ");
    assert_problem(house_ask(house, "GET /v1/points?match=a/%23/b"), 400, "pattern");
    assert_problem(house_ask(house, "GET /v1/points?matches=a"), 400, "parameter");
}

static void lists_are_filtered(void **state)
{
    struct test_house *house = *state;
    fill(house);
    assert_string_equal(listed(house, "GET /v1/points?label=line"), "b/flow b/level ");
    assert_string_equal(listed(house, "GET /v1/points?label=line:2"), "b/level ");
    assert_string_equal(listed(house, "GET /v1/points?label=line:1&label=area"), "b/flow ");
    assert_string_equal(listed(house, "GET /v1/points?label=line:2&label=area"), "");
    assert_string_equal(listed(house, "GET /v1/points?label=a:b:c:d"), "b/name ");
    assert_string_equal(listed(house, "GET /v1/points?label=a:b"), "b/name ");
    assert_string_equal(listed(house, "GET /v1/points?label=lin"), "");
    assert_string_equal(listed(house, "GET /v1/points?type=bool"), "a/on ");
    assert_string_equal(listed(house, "GET /v1/points?quality=bad"), "a/dev-2 ");
    assert_string_equal(listed(house, "GET /v1/points?state=high"), "a/dev-10 ");
    assert_problem(house_ask(house, "GET /v1/points?type=float"), 400, "parameter");
    assert_problem(house_ask(house, "GET /v1/points?quality=best"), 400, "parameter");
    assert_problem(house_ask(house, "GET /v1/points?state=up"), 400, "parameter");
    assert_problem(house_ask(house, "GET /v1/points?label="), 400, "parameter");
}

static void limits_of_a_list_at_both_sides(void **state)
{
    struct test_house *house = *state;
    char line[1200];
    fill(house);
    assert_string_equal(listed(house, "GET /v1/points?limit=1"), "a/dev-2 | a/dev-2");
    assert_string_equal(listed(house, "GET /v1/points?limit=1000&match=b/flow"), "b/flow ");
    assert_problem(house_ask(house, "GET /v1/points?limit=0"), 400, "parameter");
    assert_problem(house_ask(house, "GET /v1/points?limit=1001"), 400, "parameter");
    snprintf(line, sizeof line, "GET /v1/points?contains=%0128d", 0);
    assert_string_equal(listed(house, line), "");
    snprintf(line, sizeof line, "GET /v1/points?contains=%0129d", 0);
    assert_problem(house_ask(house, line), 400, "parameter");
    snprintf(line, sizeof line, "GET /v1/points?label=%0257d", 0);
    assert_string_equal(listed(house, line), "");
    snprintf(line, sizeof line, "GET /v1/points?label=%0258d", 0);
    assert_problem(house_ask(house, line), 400, "parameter");
    snprintf(line, sizeof line,
             "GET /v1/points?label=1&label=2&label=3&label=4&label=5&label=6&"
             "label=7&label=8");
    assert_string_equal(listed(house, line), "");
    strcat(line, "&label=9");
    assert_problem(house_ask(house, line), 400, "parameter");
    char after[2300];
    snprintf(after, sizeof after, "GET /v1/points?after=%02048d", 0);
    assert_int_equal(house_ask(house, after).status, 200);
    snprintf(after, sizeof after, "GET /v1/points?after=%02049d", 0);
    assert_problem(house_ask(house, after), 400, "parameter");
}

static void pages_hold_each_point_once(void **state)
{
    struct test_house *house = *state;
    char payload[4096], line[256] = "GET /v1/points?limit=7&match=big/%23";
    for (int dev = 0; dev < 20; dev++) {
        size_t used = 0;
        char topic[32];
        for (int i = 0; i < 10; i++)
            used += (size_t)snprintf(payload + used, sizeof payload - used, "%s\"m%d\":%d",
                                     i ? "," : "{", i, i);
        snprintf(payload + used, sizeof payload - used, "}");
        snprintf(topic, sizeof topic, "big/dev-%d", dev);
        assert_int_equal(house_publish(house, topic, payload), ADMIT_DONE);
    }
    int pages = 0, points = 0;
    for (;; pages++) {
        struct reply reply = house_ask(house, line);
        json_t *list = reply_json(&reply), *next = json_object_get(list, "next"), *point;
        size_t i;
        json_array_foreach(json_object_get(list, "points"), i, point)
        {
            char wanted[64];
            snprintf(wanted, sizeof wanted, "big/dev-%d/m%d", points / 10, points % 10);
            assert_string_equal(json_string_value(json_object_get(point, "path")), wanted);
            points++;
        }
        bool more = json_is_string(next);
        if (more)
            snprintf(line, sizeof line, "GET /v1/points?limit=7&match=big/%%23&after=%s",
                     json_string_value(next));
        json_decref(list);
        if (!more)
            break;
    }
    assert_int_equal(points, 200);
    assert_true(pages >= 28);
}

static void a_page_ends_at_a_mebibyte(void **state)
{
    struct test_house *house = *state;
    char *text = malloc(5000), line[512] = "GET /v1/points?limit=1000";
    assert_non_null(text);
    memset(text, 'x', 4000);
    memcpy(text, "\"", 1);
    memcpy(text + 4000, "\"", 2);
    for (int i = 0; i < 600; i++) {
        struct admitted admitted;
        char topic[32];
        snprintf(topic, sizeof topic, "long/%d", i);
        while (engine_publish(house->engine, &house->publisher, bytes_text(topic), bytes_text(text),
                              &admitted) == ADMIT_WAIT)
            (void)house_step(house);
    }
    house_settle(house);
    size_t points = 0, pages = 0;
    for (bool more = true; more; pages++) {
        struct reply reply = house_ask(house, line);
        json_t *list = reply_json(&reply), *next = json_object_get(list, "next");
        assert_true(reply.body.size < ((size_t)1 << 20) + 8192);
        points += json_array_size(json_object_get(list, "points"));
        more = json_is_string(next);
        if (more)
            snprintf(line, sizeof line, "GET /v1/points?limit=1000&after=%s",
                     json_string_value(next));
        json_decref(list);
    }
    assert_int_equal(points, 600);
    assert_int_equal(pages, 3);
    free(text);
}

static void whole_lists_have_settings_and_refusals(void **state)
{
    struct test_house *house = *state;
    fill(house);
    house_publish(house, "b", "{\"flow\":\"x\"}");
    struct reply reply = house_ask(house, "GET /v1/points?whole=true&match=b/flow");
    json_t *list = reply_json(&reply);
    json_t *point = json_array_get(json_object_get(list, "points"), 0);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(point, "labels"), "area")), "north");
    assert_int_equal(json_array_size(json_object_get(point, "refused")), 1);
    json_decref(list);
    reply = house_ask(house, "GET /v1/points?match=b/flow");
    list = reply_json(&reply);
    point = json_array_get(json_object_get(list, "points"), 0);
    assert_null(json_object_get(point, "labels"));
    assert_int_equal(json_object_size(point), 9);
    json_decref(list);
}

#define NO_ALARMS "\"alarms\":{\"active\":0,\"unacknowledged\":0,\"stale\":0,\"priority\":null},"

/* ---- the tree ------------------------------------------------------------------------------- */
static void children_of_a_branch(void **state)
{
    struct test_house *house = *state;
    assert_reply(house_ask(house, "GET /v1/tree"), 200,
                 "{\"path\":\"\",\"count\":0,\"children\":[],\"next\":null,\"entered\":1}");
    fill(house);
    assert_reply(
        house_ask(house, "GET /v1/tree"), 200,
        "{\"path\":\"\",\"count\":6,\"children\":["
        "{\"name\":\"a\",\"path\":\"a\",\"count\":3,\"branch\":true," NO_ALARMS "\"point\":null},"
        "{\"name\":\"b\",\"path\":\"b\",\"count\":3,\"branch\":true," NO_ALARMS "\"point\":null}],"
        "\"next\":null,\"entered\":1}");
    assert_reply(
        house_ask(house, "GET /v1/tree?path=a&limit=2"), 200,
        "{\"path\":\"a\",\"count\":3,\"children\":["
        "{\"name\":\"dev-2\",\"path\":\"a/dev-2\",\"count\":1,\"branch\":false," NO_ALARMS
        "\"point\":null},"
        "{\"name\":\"dev-10\",\"path\":\"a/dev-10\",\"count\":1,\"branch\":false," NO_ALARMS
        "\"point\":null}],"
        "\"next\":\"dev-10\",\"entered\":1}");
    assert_reply(house_ask(house, "GET /v1/tree?path=a&limit=2&after=dev-10&values=true"), 200,
                 "{\"path\":\"a\",\"count\":3,\"children\":["
                 "{\"name\":\"on\",\"path\":\"a/on\",\"count\":1,\"branch\":false," NO_ALARMS
                 "\"point\":"
                 "{\"path\":\"a/on\",\"point\":4,\"type\":\"bool\",\"value\":true,\"quality\":"
                 "\"good\",\"time\":\"2026-03-01T08:00:00Z\",\"arrival\":\"2026-03-01T08:00:00Z\","
                 "\"unit\":\"\",\"limit_state\":\"none\"}}],\"next\":null,\"entered\":1}");
    struct reply reply = house_ask(house, "GET /v1/tree?path=a/x");
    assert_problem(reply, 404, "unknown_branch");
    assert_problem(house_ask(house, "GET /v1/tree?limit=1001"), 400, "parameter");
    assert_int_equal(house_ask(house, "GET /v1/tree?limit=1000").status, 200);
    char line[200];
    snprintf(line, sizeof line, "GET /v1/tree?after=%0128d", 0);
    assert_int_equal(house_ask(house, line).status, 200);
    snprintf(line, sizeof line, "GET /v1/tree?after=%0129d", 0);
    assert_problem(house_ask(house, line), 400, "parameter");
}

/* Right after a start the index lags behind the points; one by its path is there at once. */
static void what_is_not_in_the_index_yet_is_told(void **state)
{
    struct test_house *house = *state;
    char payload[4096], topic[32];
    size_t used = 0;
    for (int i = 0; i < 100; i++)
        used += (size_t)snprintf(payload + used, sizeof payload - used, "%s\"m%d\":%d",
                                 i ? "," : "{", i, i);
    snprintf(payload + used, sizeof payload - used, "}");
    for (int i = 0; i < 100; i++) {
        struct admitted admitted;
        snprintf(topic, sizeof topic, "dev-%d", i);
        while (engine_publish(house->engine, &house->publisher, bytes_text(topic),
                              bytes_text(payload), &admitted) == ADMIT_WAIT)
            (void)engine_step(house->engine);
    }
    while (points_count(engine_points(house->engine)) < 10000)
        (void)engine_step(house->engine);
    struct reply reply = house_ask(house, "GET /v1/points?limit=1");
    json_t *list = reply_json(&reply);
    double entered = json_number_value(json_object_get(list, "entered"));
    assert_true(entered < 1);
    json_decref(list);
    assert_int_equal(house_ask(house, "GET /v1/points/dev-99/m99").status, 200);
    reply = house_ask(house, "GET /v1/tree?path=dev-99");
    assert_problem(reply, 404, "unknown_branch");
    assert_non_null(memmem(reply.body.at, reply.body.size, "still being built", 17));
    house_settle(house);
    reply = house_ask(house, "GET /v1/tree?path=dev-99&limit=1");
    list = reply_json(&reply);
    assert_int_equal(json_integer_value(json_object_get(list, "count")), 100);
    assert_true(json_number_value(json_object_get(list, "entered")) == 1);
    json_decref(list);
}

static void a_point_that_is_a_branch_too(void **state)
{
    struct test_house *house = *state;
    house_publish(house, "a", "1");
    house_publish(house, "a/b", "2");
    assert_reply(
        house_ask(house, "GET /v1/tree"), 200,
        "{\"path\":\"\",\"count\":2,\"children\":[{\"name\":\"a\",\"path\":\"a\",\"count\":"
        "2,\"branch\":true," NO_ALARMS "\"point\":null}],\"next\":null,\"entered\":1}");
    assert_int_equal(house_ask(house, "GET /v1/points/a").status, 200);
    assert_int_equal(house_ask(house, "GET /v1/tree?path=a").status, 200);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_point_is_told_whole),
        TEST(values_of_each_type_are_exact),
        TEST(a_point_that_is_not_there_names_those_near),
        TEST(refusals_of_the_path_and_above_are_told),
        TEST(refusals_of_one_point_end_at_sixteen_and_old_ones_go),
        TEST(a_topic_that_the_list_cuts_is_known_by_its_beginning),
        TEST(lists_are_in_natural_order_and_by_pattern),
        TEST(lists_are_filtered),
        TEST(limits_of_a_list_at_both_sides),
        TEST(pages_hold_each_point_once),
        TEST(a_page_ends_at_a_mebibyte),
        TEST(whole_lists_have_settings_and_refusals),
        TEST(children_of_a_branch),
        TEST(what_is_not_in_the_index_yet_is_told),
        TEST(a_point_that_is_a_branch_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
