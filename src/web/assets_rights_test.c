/* What somebody whose rights end at a branch is told of assets: their parts, their alarms. */
#include "web/test_people.h"

static struct people people;
static struct person boss, north;

static void boss_puts(const char *what, const char *body)
{
    char line[128];
    snprintf(line, sizeof line, "PUT /v1/%s", what);
    struct reply reply = person_ask(&boss, line, body);
    if (reply.status != 200)
        fail_msg("%s: %.*s", what, (int)reply.body.size, (const char *)reply.body.at);
}

static int setup(void **state)
{
    house_setup(state);
    people_open(&people, *state);
    uint32_t acme = people_tenant(&people, "acme");
    boss = people_make(&people, acme, "boss", "administrator", "#");
    north = people_make(&people, acme, "north", "viewer", "north/#");
    publisher_init(&people.house->publisher, acme, 1000);
    /* A plant in the north that has two parts there and one in the south. */
    boss_puts("assets/north", "{\"branch\":\"north\"}");
    boss_puts("assets/north/plant", "{}");
    boss_puts("assets/north/plant/a", "{}");
    boss_puts("assets/north/plant/b", "{}");
    boss_puts("assets/north/plant/c",
              "{\"branch\":\"south/c\","
              "\"relations\":[{\"name\":\"feeds\",\"other\":\"north/plant/a\"}]}");
    boss_puts("rules/hot", "{\"kind\":\"high\",\"on\":\"pattern\",\"path\":\"#\",\"limit\":50}");
    return 0;
}

static int teardown(void **state)
{
    people_close(&people);
    return house_teardown(state);
}

static void hot(const char *topic, int value)
{
    char payload[32];
    snprintf(payload, sizeof payload, "{\"temp\":%d}", value);
    assert_int_equal(house_publish(people.house, topic, payload), ADMIT_DONE);
    house_settle(people.house);
}

static bool has(const struct reply *reply, const char *text)
{
    bool there = memmem(reply->body.at, reply->body.size, text, strlen(text)) != NULL;
    if (!there)
        print_error("%s is not in %u: %.*s\n", text, reply->status, (int)reply->body.size,
                    (const char *)reply->body.at);
    return there;
}

static void assert_told(const struct person *person, const char *line, const char *text)
{
    struct reply reply = person_ask(person, line, NULL);
    assert_true(has(&reply, text));
}

/* Parts that lie where he sees nothing are neither listed nor counted. */
static void parts_are_those_that_he_sees(void **state)
{
    (void)state;
    assert_told(&boss, "GET /v1/assets/north/plant", "\"parts\":3,");
    assert_told(&north, "GET /v1/assets/north/plant", "\"parts\":2,");
    assert_told(&boss, "GET /v1/assets?contains=plant&limit=1", "\"parts\":3,");
    assert_told(&north, "GET /v1/assets?contains=plant&limit=1", "\"parts\":2,");
    assert_told(&boss, "GET /v1/asset-tree?path=north", "\"parts\":3,");
    assert_told(&north, "GET /v1/asset-tree?path=north", "\"parts\":2,");
    assert_told(&boss, "GET /v1/assets/north/plant/a",
                "\"related\":[{\"name\":\"feeds\",\"other\":\"north/plant/c\"}]");
    assert_told(&north, "GET /v1/assets/north/plant/a", "\"related\":[],\"related_more\":false");
    /* Too many to look at each: nothing is said. */
    for (int i = 0; i < 254; i++) {
        char what[64];
        snprintf(what, sizeof what, "assets/north/plant/d%d", i);
        boss_puts(what, "{}");
        if (i == 252)
            assert_told(&north, "GET /v1/assets/north/plant", "\"parts\":255,");
    }
    assert_told(&boss, "GET /v1/assets/north/plant", "\"parts\":257,");
    assert_told(&north, "GET /v1/assets/north/plant", "\"parts\":null,");
    assert_told(&north, "GET /v1/asset-tree?path=north", "\"parts\":null,");
}

#define ALARMS(active) "\"alarms\":{\"active\":" active ",\"unacknowledged\":" active ","

/* The counts that are kept have all alarms: he is told those of them that he sees. */
static void alarms_are_those_that_he_sees(void **state)
{
    (void)state;
    hot("north/plant/a", 60);
    hot("north/plant/b", 40);
    assert_told(&boss, "GET /v1/asset-tree?path=north", ALARMS("1"));
    assert_told(&north, "GET /v1/asset-tree?path=north", ALARMS("1"));
    hot("south/c", 60);
    assert_told(&boss, "GET /v1/asset-tree?path=north", ALARMS("2"));
    assert_told(&north, "GET /v1/asset-tree?path=north", ALARMS("1"));
    hot("north/plant/b", 60);
    assert_told(&boss, "GET /v1/asset-tree?path=north", ALARMS("3"));
    assert_told(&north, "GET /v1/asset-tree?path=north", ALARMS("2"));
    /* Right behind the change that puts more of what he does not see below it, too. */
    hot("south/d", 60);
    boss_puts("assets/north/plant/d", "{\"branch\":\"south/d\"}");
    assert_told(&north, "GET /v1/asset-tree?path=north", ALARMS("2"));
    assert_told(&boss, "GET /v1/asset-tree?path=north", ALARMS("4"));
    hot("south/c", 40);
    hot("south/d", 40);
    assert_told(&north, "GET /v1/asset-tree?path=north", ALARMS("2"));
}

/* Whether a reference is of use says something of it: not to him who does not see it. */
static void a_reference_that_he_does_not_see(void **state)
{
    (void)state;
    hot("north/plant/a", 20);
    boss_puts("rules/off", "{\"kind\":\"deviation\",\"path\":\"north/plant/a/temp\",\"limit\":5,"
                           "\"reference\":\"south/c/temp\"}");
    assert_told(&boss, "GET /v1/rules/off", "\"reference\":\"south/c/temp\"");
    assert_told(&boss, "GET /v1/rules/off", "\"points\":1,\"alarms\":0,\"unjudged\":1,");
    assert_told(&north, "GET /v1/rules/off", "\"reference\":null");
    assert_told(&north, "GET /v1/rules/off", "\"points\":1,\"alarms\":0,\"unjudged\":null,");
    boss_puts("rules/off", "{\"kind\":\"deviation\",\"path\":\"north/plant/a/temp\",\"limit\":5,"
                           "\"reference\":\"north/plant/b/temp\"}");
    assert_told(&north, "GET /v1/rules/off", "\"points\":1,\"alarms\":0,\"unjudged\":1,");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(parts_are_those_that_he_sees),
                                       TEST(alarms_are_those_that_he_sees),
                                       TEST(a_reference_that_he_does_not_see)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
