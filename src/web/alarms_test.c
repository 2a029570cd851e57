/* Rules and alarms by HTTP: what stands where, lists by filter and page by page while alarms come,
 * what is done with one, with many and with all of a filter, the journal, statistics, notes. */
#include "web/test_house.h"

#include "web/alarms.h"
#include "web/text.h"

static bool has(const struct reply *reply, const char *text)
{
    return memmem(reply->body.at, reply->body.size, text, strlen(text)) != NULL;
}

#define assert_has(asked, text)                                                                    \
    do {                                                                                           \
        const struct reply has_reply = (asked);                                                    \
        if (!has(&has_reply, text))                                                                \
            fail_msg("%s is not in %.*s", text, (int)has_reply.body.size,                          \
                     (const char *)has_reply.body.at);                                             \
    } while (0)

static struct reply put(struct test_house *house, const char *what, const char *body)
{
    char line[256];
    snprintf(line, sizeof line, "PUT /v1/%s", what);
    return house_ask_json(house, line, body);
}

static struct reply act(struct test_house *house, const char *body)
{
    return house_ask_json(house, "POST /v1/alarms-act", body);
}

static void value(struct test_house *house, const char *path, const char *text)
{
    assert_int_equal(house_publish(house, path, text), ADMIT_DONE);
}

static size_t count_of(const struct reply *reply, const char *text)
{
    size_t count = 0;
    struct bytes rest = reply->body;
    const uint8_t *found;
    while ((found = memmem(rest.at, rest.size, text, strlen(text))) != NULL) {
        size_t behind = (size_t)(found - rest.at) + 1;
        rest = bytes_of(found + 1, rest.size - behind);
        count++;
    }
    return count;
}

static uint64_t next_of(const struct reply *reply)
{
    json_t *json = reply_json(reply);
    const char *text = json_string_value(json_object_get(json, "next"));
    uint64_t next = text != NULL ? strtoull(text, NULL, 10) : 0;
    json_decref(json);
    return next;
}

/* ---- rules -------------------------------------------------------------------------------------
 */
static void what_is_no_rule(void **state)
{
    struct test_house *house = *state;
    static const struct {
        const char *body;
        unsigned status;
        const char *code;
    } cases[] = {
        {"{}", 422, "command_invalid"},
        {"{\"kind\":\"higher\",\"path\":\"a\"}", 422, "command_invalid"},
        {"{\"kind\":\"high\",\"path\":\"a\",\"other\":1}", 422, "command_invalid"},
        {"{\"kind\":\"high\",\"path\":\"a\",\"priority\":0}", 422, "command_invalid"},
        {"{\"kind\":\"high\",\"path\":\"a\",\"priority\":9}", 422, "command_invalid"},
        {"{\"kind\":\"high\",\"path\":\"a\",\"on_delay\":\"367d\"}", 422, "command_invalid"},
        {"{\"kind\":\"high\",\"path\":\"a\",\"on\":\"somewhere\"}", 422, "command_invalid"},
        {"{\"kind\":\"high\",\"path\":\"a\",\"name\":\"other\"}", 422, "command_invalid"},
        {"{\"kind\":\"high\",\"on\":\"type\"}", 422, "command_invalid"},
        {"{\"kind\":\"high\",\"type\":\"never\",\"metric\":\"m\"}", 404, "unknown_type"},
        {"{\"kind\":\"high\",\"path\":\"a//b\"}", 422, "rule_invalid"},
        {"{\"kind\":\"rate\",\"path\":\"a\",\"limit\":1}", 422, "rule_invalid"},
        {"{\"kind\":\"stale\",\"path\":\"a\"}", 422, "rule_invalid"},
        {"{\"kind\":\"state\",\"path\":\"a\"}", 422, "rule_invalid"},
        {"{\"kind\":\"expression\",\"path\":\"a\"}", 422, "rule_invalid"},
        {"{\"kind\":\"expression\",\"path\":\"a\",\"condition\":\"a +\"}", 422, "condition"}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_problem(put(house, "rules/r", cases[i].body), cases[i].status, cases[i].code);
    assert_has(put(house, "rules/r",
                   "{\"kind\":\"expression\",\"path\":\"a\",\"condition\":\"b >"
                   "\\n  )\"}"),
               "\"fault\":{\"code\":\"operand\",\"offset\":6,\"line\":2,\"column\":3}");
    assert_problem(house_ask(house, "GET /v1/rules/r"), 404, "unknown_rule");
    assert_problem(house_ask(house, "DELETE /v1/rules/r"), 404, "unknown_rule");
    assert_int_equal(
        put(house, "rules/r", "{\"kind\":\"high\",\"path\":\"a\",\"priority\":8,\"limit\":1}")
            .status,
        200);
}

static void a_rule_there_and_back(void **state)
{
    struct test_house *house = *state;
    assert_int_equal(
        put(house, "rules/r",
            "{\"kind\":\"rate\",\"path\":\"a/#\",\"limit\":5,\"deadband\":1,\"span\":\"1m\","
            "\"direction\":\"falling\",\"priority\":1,\"on_delay\":\"1h30m\",\"latch\":true,"
            "\"acknowledge\":false,\"enabled\":false,\"cause\":\"c\",\"group\":\"g\","
            "\"chatter\":7}")
            .status,
        200);
    struct reply reply = house_ask(house, "GET /v1/rules/r");
    assert_true(has(&reply, "\"on\":\"pattern\",\"path\":\"a/#\""));
    assert_true(has(&reply, "\"span\":\"1m\",\"direction\":\"falling\""));
    assert_true(has(&reply, "\"on_delay\":\"90m\""));
    assert_true(has(&reply, "\"latch\":true,\"acknowledge\":false"));
    assert_true(has(&reply, "\"chatter\":7"));
    assert_true(has(&reply, "\"unjudged\":0,\"too_late\":0"));
    json_t *json = reply_json(&reply);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_int_equal(put(house, "rules/r", text).status, 200);
    struct reply again = house_ask(house, "GET /v1/rules/r");
    json_t *same = reply_json(&again);
    (void)json_object_del(json, "position");
    (void)json_object_del(same, "position");
    assert_true(json_equal(json, same));
    free(text);
    json_decref(json);
    json_decref(same);
    assert_int_equal(house_ask(house, "DELETE /v1/rules/r").status, 200);
    assert_has(house_ask(house, "GET /v1/rules"), "\"rules\":[],\"next\":null");
}

/* The nearest of a kind wins, and the page of the point says which. */
static void what_stands_on_a_point(void **state)
{
    struct test_house *house = *state;
    value(house, "a/b", "1");
    assert_int_equal(
        put(house, "rules/far", "{\"kind\":\"high\",\"path\":\"#\",\"limit\":9}").status, 200);
    assert_int_equal(
        put(house, "rules/near", "{\"kind\":\"high\",\"path\":\"a/b\",\"limit\":5}").status, 200);
    assert_int_equal(
        put(house, "rules/low", "{\"kind\":\"low\",\"path\":\"a/+\",\"limit\":0}").status, 200);
    house_settle(house);
    struct reply reply = house_ask(house, "GET /v1/rules?path=a/b");
    json_t *json = reply_json(&reply), *rules = json_object_get(json, "rules"), *rule;
    size_t i;
    assert_int_equal(json_array_size(rules), 3);
    json_array_foreach(rules, i, rule)
    {
        const char *name = json_string_value(json_object_get(rule, "name"));
        assert_int_equal(json_is_true(json_object_get(rule, "wins")), strcmp(name, "far") != 0);
        assert_string_equal(json_string_value(json_object_get(rule, "why")),
                            strcmp(name, "near") == 0 ? "point" : "pattern");
    }
    json_decref(json);
    assert_problem(house_ask(house, "GET /v1/rules?path=never"), 404, "unknown_point");
    assert_has(house_ask(house, "GET /v1/rules?limit=2"), "\"next\":\"2\"");
    assert_has(house_ask(house, "GET /v1/rules?limit=2&after=2"), "\"name\":\"low\"");
}

/* ---- lists -------------------------------------------------------------------------------------
 */
/* Ten alarms: of a/0 .. a/9, even ones of priority 1, odd ones of 4. */
static void ten_alarms(struct test_house *house)
{
    char path[] = "rules/0", body[128], topic[] = "a/0";
    for (int i = 0; i < 10; i++) {
        path[6] = topic[2] = (char)('0' + i);
        snprintf(body, sizeof body,
                 "{\"kind\":\"high\",\"path\":\"%s\",\"limit\":5,\"priority\":%d}", topic,
                 i % 2 == 0 ? 1 : 4);
        assert_int_equal(put(house, path, body).status, 200);
        value(house, topic, "7");
    }
}

static void alarms_by_filter(void **state)
{
    struct test_house *house = *state;
    static const struct {
        const char *query;
        size_t count;
    } cases[] = {{"", 10},
                 {"?priority=1", 5},
                 {"?priority=1-3", 5},
                 {"?priority=1&priority=4", 10},
                 {"?priority=2-3", 0},
                 {"?match=a/7", 1},
                 {"?match=b/%23", 0},
                 {"?rule=3", 1},
                 {"?rule=never", 0},
                 {"?type=never", 0},
                 {"?under=never", 0},
                 {"?state=unacknowledged", 10},
                 {"?state=acknowledged&state=shelved", 0},
                 {"?state=returned_unacknowledged", 0},
                 {"?contains=A/8", 1},
                 {"?assignee=ann", 0},
                 {"?limit=1000", 10}};
    static const char *const wrong[] = {"?priority=0",   "?priority=9", "?priority=3-2",
                                        "?priority=1-9", "?state=hot",  "?match=a//b",
                                        "?limit=1001",   "?after=x"};
    char line[128];
    ten_alarms(house);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        snprintf(line, sizeof line, "GET /v1/alarms%s", cases[i].query);
        struct reply reply = house_ask(house, line);
        assert_int_equal(reply.status, 200);
        if (count_of(&reply, "\"alarm\":") != cases[i].count)
            fail_msg("%s: %.*s", line, (int)reply.body.size, (const char *)reply.body.at);
        assert_true(has(&reply, "\"counts\":{\"active\":10,\"unacknowledged\":10"));
        assert_true(has(&reply, "\"by_priority\":[5,0,0,5,0,0,0,0]"));
    }
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        snprintf(line, sizeof line, "GET /v1/alarms%s", wrong[i]);
        assert_int_equal(house_ask(house, line).status, 400);
    }
}

/* What changes while pages are turned goes to the front: nothing is told twice, what did not change
 * is told once. */
static void pages_while_alarms_change(void **state)
{
    struct test_house *house = *state;
    char line[64];
    ten_alarms(house);
    struct reply reply = house_ask(house, "GET /v1/alarms?limit=4");
    assert_int_equal(count_of(&reply, "\"alarm\":"), 4);
    assert_true(has(&reply, "\"a/9\"") && has(&reply, "\"a/6\""));
    uint64_t next = next_of(&reply);
    assert_int_equal(act(house, "{\"act\":\"acknowledge\",\"filter\":{\"match\":\"a/5\"}}").status,
                     200);
    snprintf(line, sizeof line, "GET /v1/alarms?limit=4&after=%llu", (unsigned long long)next);
    reply = house_ask(house, line);
    assert_int_equal(count_of(&reply, "\"alarm\":"), 4);
    assert_true(has(&reply, "\"a/4\"") && has(&reply, "\"a/1\"") && !has(&reply, "\"a/5\""));
    snprintf(line, sizeof line, "GET /v1/alarms?limit=4&after=%llu",
             (unsigned long long)next_of(&reply));
    reply = house_ask(house, line);
    assert_int_equal(count_of(&reply, "\"alarm\":"), 1);
    assert_true(has(&reply, "\"a/0\"") && next_of(&reply) == 0);
}

/* ---- acts --------------------------------------------------------------------------------------
 */
static void what_is_no_act(void **state)
{
    struct test_house *house = *state;
    static const char *const bodies[] = {"{}",
                                         "{\"act\":\"dance\",\"alarms\":[1]}",
                                         "{\"act\":\"acknowledge\"}",
                                         "{\"act\":\"acknowledge\",\"alarms\":[1],\"filter\":{}}",
                                         "{\"act\":\"acknowledge\",\"filter\":{\"other\":1}}",
                                         "{\"act\":\"acknowledge\",\"filter\":{\"priority\":[9]}}",
                                         "{\"act\":\"shelve\",\"alarms\":[1]}",
                                         "{\"act\":\"shelve\",\"alarms\":[1],\"for\":\"8d\"}",
                                         "{\"act\":\"comment\",\"alarms\":[1]}"};
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++)
        assert_problem(act(house, bodies[i]), 422, "command_invalid");
    assert_problem(act(house, "{\"act\":\"acknowledge\",\"alarms\":[1]}"), 404, "unknown_alarm");
    assert_problem(act(house, "{\"act\":\"shelve\",\"rule\":\"r\",\"path\":\"a\",\"for\":\"1h\"}"),
                   404, "unknown_rule");
    struct text many = {.at = NULL};
    text_put_words(&many, "{\"act\":\"acknowledge\",\"alarms\":[1");
    for (int i = 0; i < ALARM_ACT_MAX; i++)
        text_put_words(&many, ",1");
    text_put_words(&many, "]}");
    text_put(&many, bytes_of("\0", 1));
    assert_problem(act(house, many.at), 422, "command_invalid");
    text_done(&many);
}

static void acts_on_one_many_and_all(void **state)
{
    struct test_house *house = *state;
    ten_alarms(house);
    struct reply reply = act(house, "{\"act\":\"acknowledge\",\"alarms\":[1],\"comment\":\"c\"}");
    assert_true(
        has(&reply, "\"done\":1,\"passed_over\":0,\"undo_until\":\"2026-03-01T08:02:00Z\""));
    assert_problem(act(house, "{\"act\":\"acknowledge\",\"alarms\":[1]}"), 409, "alarm_refused");
    reply = act(house, "{\"act\":\"acknowledge\",\"alarms\":[1,2,3,4000]}");
    assert_true(has(&reply, "\"done\":2,\"passed_over\":2"));
    reply = act(house, "{\"act\":\"acknowledge\",\"filter\":{\"state\":\"unacknowledged\"}}");
    assert_true(has(&reply, "\"done\":7,\"passed_over\":0"));
    /* Taken back by the same filter, whatever state they are in now. */
    reply = act(house, "{\"act\":\"unacknowledge\",\"filter\":{\"state\":\"unacknowledged\"}}");
    assert_true(has(&reply, "\"done\":10,\"passed_over\":0,\"undo_until\":null"));
    assert_has(house_ask(house, "GET /v1/alarms?state=unacknowledged&limit=1"),
               "\"unacknowledged\":10");
    reply = act(house, "{\"act\":\"shelve\",\"filter\":{\"priority\":[1]},\"for\":\"30m\"}");
    assert_true(has(&reply, "\"done\":5"));
    assert_has(house_ask(house, "GET /v1/alarms?state=shelved"),
               "\"shelved_until\":\"2026-03-01T08:30:00Z\"");
    assert_has(act(house, "{\"act\":\"assign\",\"alarms\":[2],\"assignee\":\"ann\"}"),
               "\"done\":1");
    assert_has(house_ask(house, "GET /v1/alarms?assignee=ann"), "\"assignee\":\"ann\"");
    value(house, "b", "1");
    assert_int_equal(put(house, "rules/b", "{\"kind\":\"high\",\"path\":\"b\",\"limit\":5}").status,
                     200);
    assert_has(act(house, "{\"act\":\"remove_from_service\",\"rule\":\"b\",\"path\":\"b\"}"),
               "\"done\":1");
    assert_has(house_ask(house, "GET /v1/alarms?rule=b"), "\"state\":\"out of service\"");
}

static void an_act_with_a_key(void **state)
{
    struct test_house *house = *state;
    ten_alarms(house);
    for (int i = 0; i < 2; i++) {
        struct reply reply = house_ask_with(
            house, "POST /v1/alarms-act", "Idempotency-Key: k\r\n", "application/json",
            bytes_text("{\"act\":\"acknowledge\",\"alarms\":[1,2]}"));
        assert_true(has(&reply, "\"done\":2,\"passed_over\":0"));
        assert_int_equal(reply_header_is(&reply, "Idempotency-Replayed", "true"), i == 1);
    }
}

/* ---- what happened -----------------------------------------------------------------------------
 */
/* Of each alarm that was not normal at a time the last entry up to it, whatever it is now. */
static void what_stood_at_a_time(void **state)
{
    struct test_house *house = *state;
    ten_alarms(house); /* from 08:00:00 on */
    house_advance(house, 10 * NS_PER_S);
    (void)act(house, "{\"act\":\"acknowledge\",\"alarms\":[3,4],\"comment\":\"seen\"}");
    house_advance(house, 10 * NS_PER_S);
    value(house, "a/2", "3"); /* number 3: normal again */
    house_advance(house, 10 * NS_PER_S);
    struct reply reply = house_ask(house, "GET /v1/alarm-journal?stood=2026-03-01T08:00:05Z");
    assert_int_equal(count_of(&reply, "\"entry\":"), 10);
    assert_int_equal(count_of(&reply, "\"state\":\"unacknowledged\""), 10);
    assert_true(has(&reply, "\"next\":null"));
    reply = house_ask(house, "GET /v1/alarm-journal?stood=2026-03-01T08:00:15Z");
    assert_int_equal(count_of(&reply, "\"entry\":"), 10);
    assert_int_equal(count_of(&reply, "\"state\":\"acknowledged\""), 2);
    reply = house_ask(house, "GET /v1/alarm-journal?stood=2026-03-01T08:00:25Z");
    assert_int_equal(count_of(&reply, "\"entry\":"), 9);
    assert_false(has(&reply, "\"alarm\":3,"));
    assert_int_equal(count_of(&reply, "\"state\":\"acknowledged\""), 1);
    reply = house_ask(house, "GET /v1/alarm-journal?stood=2026-03-01T08:00:25Z&priority=4&limit=2");
    assert_int_equal(count_of(&reply, "\"entry\":"), 2);
    /* What else is asked for is asked of that last entry, not of those before it. */
    reply =
        house_ask(house, "GET /v1/alarm-journal?stood=2026-03-01T08:00:25Z&state=unacknowledged");
    assert_int_equal(count_of(&reply, "\"entry\":"), 8);
    assert_false(has(&reply, "\"alarm\":3,") || has(&reply, "\"alarm\":4,"));
    reply =
        house_ask(house, "GET /v1/alarm-journal?stood=2026-03-01T08:00:25Z&event=condition_holds");
    assert_int_equal(count_of(&reply, "\"entry\":"), 8);
    assert_has(house_ask(house, "GET /v1/alarm-journal?stood=2026-03-01T07:59:59Z"),
               "\"entries\":[]");
    assert_int_equal(house_ask(house, "GET /v1/alarm-journal?stood=then").status, 400);
}

static void the_journal_newest_first(void **state)
{
    struct test_house *house = *state;
    ten_alarms(house);
    (void)act(house, "{\"act\":\"acknowledge\",\"alarms\":[3],\"comment\":\"seen\"}");
    struct reply reply = house_ask(house, "GET /v1/alarm-journal?limit=2");
    assert_true(has(&reply, "\"event\":\"acknowledge\"") && has(&reply, "\"text\":\"seen\""));
    char line[64];
    snprintf(line, sizeof line, "GET /v1/alarm-journal?after=%llu",
             (unsigned long long)next_of(&reply));
    reply = house_ask(house, line);
    assert_int_equal(count_of(&reply, "\"entry\":"), 9);
    assert_int_equal(next_of(&reply), 0);
    reply = house_ask(house, "GET /v1/alarm-journal?alarm=3");
    assert_int_equal(count_of(&reply, "\"entry\":"), 2);
    reply = house_ask(house, "GET /v1/alarm-journal?event=condition_holds&priority=4&match=a/%23");
    assert_int_equal(count_of(&reply, "\"entry\":"), 5);
    assert_has(house_ask(house, "GET /v1/alarm-journal?from=2026-03-02"), "\"entries\":[]");
    assert_has(house_ask(house, "GET /v1/alarm-journal?stood=2026-02-28"), "\"entries\":[]");
    assert_has(house_ask(house, "GET /v1/alarm-journal?to=2026-02-28"), "\"entries\":[]");
    assert_int_equal(house_ask(house, "GET /v1/alarm-journal?event=never").status, 400);
    reply = house_ask(house, "GET /v1/alarms/3");
    assert_int_equal(count_of(&reply, "\"entry\":"), 2);
    assert_true(has(&reply, "\"state\":\"acknowledged\",\"letter\":\"C\""));
    assert_problem(house_ask(house, "GET /v1/alarms/11"), 404, "unknown_alarm");
    assert_problem(house_ask(house, "GET /v1/alarms/99999999999999999999999"), 404,
                   "unknown_alarm");
}

/* Eleven in ten minutes are a flood, ten are none; three of one alarm in a minute are chatter. */
static void statistics_of_floods_and_chatter(void **state)
{
    struct test_house *house = *state;
    house_advance(house, 5 * NS_PER_S);
    ten_alarms(house);
    house_advance(house, 1800 * NS_PER_S);
    for (int i = 0; i < 3; i++) {
        value(house, "a/0", "1");
        value(house, "a/0", "7");
        (void)act(house, "{\"act\":\"acknowledge\",\"filter\":{\"rule\":\"0\"}}");
        house_advance(house, 10 * NS_PER_S);
    }
    const char *question = "GET /v1/alarm-statistics?from=2026-03-01T08:00:00Z&to=2026-03-01T09:00:"
                           "00Z&shift=30m";
    struct reply reply = house_ask(house, question);
    assert_true(has(&reply, "\"raised\":13"));
    assert_true(has(&reply, "\"floods\":[]"));
    assert_true(has(&reply, "\"chattering\":[{\"path\":\"a/0\",\"rule\":\"0\",\"times\":1}]"));
    assert_true(has(&reply, "\"top\":[{\"path\":\"a/0\",\"rule\":\"0\",\"times\":4}"));
    assert_true(has(&reply, "\"by_priority\":[8,0,0,5,0,0,0,0]"));
    assert_true(has(&reply, "\"raised\":10,\"most_in_10_minutes\":10"));
    assert_true(has(&reply, "\"raised\":3,\"most_in_10_minutes\":3"));
    assert_true(has(&reply, "\"most\":10,\"at\":\"2026-03-01T08:00:00Z\""));
    assert_int_equal(
        put(house, "rules/x", "{\"kind\":\"high\",\"path\":\"x/+\",\"limit\":5}").status, 200);
    house_advance(house, 300 * NS_PER_S);
    char topic[] = "x/a";
    for (; topic[2] <= 'k'; topic[2]++)
        value(house, topic, "7");
    assert_has(house_ask(house, question), "\"alarms\":");
    assert_has(house_ask(house, question), "\"floods\":[{\"from\":\"2026-03-01T08:30:00Z\"");
    assert_int_equal(house_ask(house, "GET /v1/alarm-statistics?shift=9m").status, 400);
    assert_int_equal(house_ask(house, "GET /v1/alarm-statistics?from=-401d").status, 400);
    assert_int_equal(house_ask(house, "GET /v1/alarm-statistics?from=now&to=now").status, 400);
    assert_int_equal(house_ask(house, "GET /v1/alarm-statistics?match=a/1").status, 200);
}

static void notes_from_shift_to_shift(void **state)
{
    struct test_house *house = *state;
    assert_int_equal(house_ask_json(house, "POST /v1/handovers", "{\"text\":\"one\"}").status, 201);
    assert_int_equal(
        house_ask_json(house, "POST /v1/handovers", "{\"branch\":\"a\",\"text\":\"two\"}").status,
        201);
    struct reply reply = house_ask(house, "GET /v1/handovers?limit=1");
    assert_true(has(&reply, "\"text\":\"two\"") && has(&reply, "\"next\":\"2\""));
    assert_has(house_ask(house, "GET /v1/handovers?after=2"), "\"branch\":null");
    assert_has(house_ask(house, "GET /v1/handovers?branch=b"), "\"handovers\":[]");
    assert_problem(house_ask_json(house, "POST /v1/handovers", "{\"text\":\"\"}"), 422,
                   "command_invalid");
    assert_problem(
        house_ask_json(house, "POST /v1/handovers", "{\"branch\":\"a//b\",\"text\":\"x\"}"), 422,
        "command_invalid");
    reply = house_ask(house, "GET /v1/alarm-journal");
    assert_true(has(&reply, "\"entries\":[]"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_rule),
        TEST(a_rule_there_and_back),
        TEST(what_stands_on_a_point),
        TEST(alarms_by_filter),
        TEST(pages_while_alarms_change),
        TEST(what_is_no_act),
        TEST(acts_on_one_many_and_all),
        TEST(an_act_with_a_key),
        TEST(what_stood_at_a_time),
        TEST(the_journal_newest_first),
        TEST(statistics_of_floods_and_chatter),
        TEST(notes_from_shift_to_shift),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
