/* Policies, erasures, corrections and annotations of two tenants who use the same paths, by people
 * whose rights end at a branch. */
#include "web/test_people.h"

static struct people people;
static uint32_t acme, fire;
static struct person boss, north, viewer, hand, marshal, house_boss;

static void sample(uint32_t tenant, const char *topic, const char *payload)
{
    publisher_init(&people.house->publisher, tenant, 1000);
    assert_int_equal(house_publish(people.house, topic, payload), ADMIT_DONE);
}

static int setup(void **state)
{
    house_setup(state);
    people_open(&people, *state);
    acme = people_tenant(&people, "acme");
    fire = people_tenant(&people, "fire");
    for (uint32_t tenant = TENANT_MAIN; tenant <= acme; tenant++) {
        sample(tenant, "north/boiler", "{\"temp\":20,\"ts\":1000}");
        sample(tenant, "south/boiler", "{\"temp\":30,\"ts\":1000}");
        sample(tenant, "fire/hall", "{\"smoke\":1,\"ts\":1000}");
    }
    people_share(&people, acme, fire, "fire/#", RIGHT_SEE | RIGHT_ACKNOWLEDGE);
    boss = people_make(&people, acme, "boss", "administrator", "#");
    north = people_make(&people, acme, "north", "engineer", "north/#");
    viewer = people_make(&people, acme, "viewer", "viewer", "north/#");
    hand = people_make(&people, acme, "hand", "operator", "#");
    marshal = people_make(&people, fire, "marshal", "administrator", "#");
    house_boss = people_make(&people, TENANT_MAIN, "host", "host", "#");
    return 0;
}

static int teardown(void **state)
{
    people_close(&people);
    return house_teardown(state);
}

static bool has(const struct reply *reply, const char *text)
{
    bool there = memmem(reply->body.at, reply->body.size, text, strlen(text)) != NULL;
    if (!there)
        print_error("%u: %.*s\n", reply->status, (int)reply->body.size,
                    (const char *)reply->body.at);
    return there;
}

static bool has_not(const struct reply *reply, const char *text)
{
    return memmem(reply->body.at, reply->body.size, text, strlen(text)) == NULL;
}

/* Two answers that tell nothing from each other but the words they were asked with. */
static void assert_alike(const struct person *person, const char *line, const char *hidden,
                         const char *never)
{
    char first[1024], second[1024];
    struct reply reply = person_ask(person, line, hidden);
    unsigned status = reply.status;
    int size =
        snprintf(first, sizeof first, "%.*s", (int)reply.body.size, (const char *)reply.body.at);
    reply = person_ask(person, line, never);
    (void)snprintf(second, sizeof second, "%.*s", (int)reply.body.size,
                   (const char *)reply.body.at);
    assert_int_equal(status, 404);
    assert_int_equal(reply.status, 404);
    assert_int_equal(strlen(second), size);
}

/* ---- policies ---------------------------------------------------------------------------------
 */
static void policies_are_the_tenants(void **state)
{
    struct reply reply;
    (void)state;
    assert_int_equal(
        person_ask(&house_boss, "PUT /v1/policies/all", "{\"match\":\"#\",\"retention_s\":60}")
            .status,
        200);
    assert_int_equal(person_ask(&boss, "PUT /v1/policies/all", "{\"match\":\"#\"}").status, 200);
    assert_int_equal(person_ask(&house_boss, "PUT /v1/policies/two", "{\"match\":\"a/#\"}").status,
                     200);
    reply = person_ask(&boss, "PUT /v1/policies/two", "{\"match\":\"south/#\"}");
    assert_true(has(&reply, "\"rank\":2,\"match\":\"south/#\""));
    reply = person_ask(&boss, "PUT /v1/policies/three", "{\"match\":\"north/#\",\"rank\":2}");
    assert_true(has(&reply, "\"name\":\"three\",\"rank\":2"));
    reply = person_ask(&boss, "GET /v1/policies", NULL);
    assert_true(has(&reply, "\"name\":\"all\",\"rank\":1") &&
                has(&reply, "\"name\":\"three\",\"rank\":2") &&
                has(&reply, "\"name\":\"two\",\"rank\":3") && has_not(&reply, "a/#"));
    reply = person_ask(&house_boss, "GET /v1/policies", NULL);
    assert_true(has(&reply, "\"name\":\"all\",\"rank\":1") &&
                has(&reply, "\"name\":\"two\",\"rank\":2") && has_not(&reply, "three"));
    assert_int_equal(person_ask(&boss, "PATCH /v1/policies/two", "{\"rank\":1}").status, 200);
    reply = person_ask(&boss, "PATCH /v1/policies/all", "{\"rank\":9}");
    assert_true(has(&reply, "\"name\":\"all\",\"rank\":3"));
    reply = person_ask(&boss, "GET /v1/policies?path=north/x", NULL);
    assert_true(has(&reply, "\"decides\":{\"path\":\"north/x\",\"policy\":\"three\""));
    reply = person_ask(&house_boss, "GET /v1/policies?path=north/x", NULL);
    assert_true(has(&reply, "\"policy\":\"all\""));
    /* Another tenant's change is not seen in the number that says whether anything changed. */
    char version[2][32];
    for (int i = 0; i < 2; i++) {
        reply = person_ask(&boss, "GET /v1/policies", NULL);
        const char *at = memmem(reply.body.at, reply.body.size, "\"version\":", 10);
        assert_non_null(at);
        snprintf(version[i], sizeof version[i], "%.24s", at);
        assert_int_equal(person_ask(&house_boss, "DELETE /v1/policies/two", NULL).status,
                         i == 0 ? 200 : 404);
    }
    assert_string_equal(version[0], version[1]);
}

static void policies_within_a_branch(void **state)
{
    struct reply reply;
    (void)state;
    assert_int_equal(person_ask(&boss, "PUT /v1/policies/all", "{\"match\":\"#\"}").status, 200);
    assert_int_equal(person_ask(&boss, "PUT /v1/policies/s", "{\"match\":\"south/#\"}").status,
                     200);
    assert_int_equal(
        person_ask(&north, "PUT /v1/policies/n", "{\"match\":\"north/+/temp\"}").status, 200);
    static const char *const refused[] = {"{\"match\":\"#\"}", "{\"match\":\"south/#\"}",
                                          "{\"match\":\"+/boiler/#\"}", "{\"match\":\"@acme/#\"}"};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
        assert_problem(person_ask(&north, "PUT /v1/policies/m", refused[i]), 403, "forbidden");
    assert_problem(person_ask(&north, "PUT /v1/policies/all", "{\"match\":\"north/#\"}"), 403,
                   "forbidden");
    assert_problem(person_ask(&north, "DELETE /v1/policies/all", NULL), 403, "forbidden");
    assert_problem(person_ask(&north, "PATCH /v1/policies/all", "{\"rank\":1}"), 403, "forbidden");
    assert_problem(person_ask(&viewer, "PUT /v1/policies/v", "{\"match\":\"north/#\"}"), 403,
                   "forbidden");
    reply = person_ask(&north, "GET /v1/policies", NULL);
    assert_true(has(&reply, "\"name\":\"all\"") && has(&reply, "\"name\":\"n\",\"rank\":3") &&
                has_not(&reply, "south"));
    assert_problem(person_ask(&north, "GET /v1/policies/s", NULL), 404, "unknown_policy");
    const char *const names[] = {"s", "x"}; /* hidden, never */
    char told[2][512];
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char line[64];
        snprintf(line, sizeof line, "DELETE /v1/policies/%s", names[i]);
        reply = person_ask(&north, line, NULL);
        assert_int_equal(reply.status, 404);
        snprintf(told[i], sizeof told[i], "%.*s", (int)reply.body.size,
                 (const char *)reply.body.at);
        snprintf(line, sizeof line, "PATCH /v1/policies/%s", names[i]);
        assert_problem(person_ask(&north, line, "{\"rank\":1}"), 404, "unknown_policy");
    }
    assert_string_equal(told[0], told[1]);
    assert_problem(person_ask(&north, "GET /v1/policies?path=south/x", NULL), 404, "unknown_point");
    assert_int_equal(person_ask(&north, "DELETE /v1/policies/n", NULL).status, 200);
    assert_problem(person_ask(&marshal, "GET /v1/policies/all", NULL), 404, "unknown_policy");
}

/* ---- erasures ---------------------------------------------------------------------------------
 */
static void erasures_want_all_of_it(void **state)
{
    struct reply reply;
    char body[64];
    struct person deputy = people_make(&people, acme, "deputy", "administrator", "north/#");
    uint32_t of_main = house_point(people.house, "north/boiler/temp");
    uint32_t own = points_find(people.house->web->points, acme, bytes_text("north/boiler/temp"));
    uint32_t south = points_find(people.house->web->points, acme, bytes_text("south/boiler/temp"));
    (void)state;
    static const char *const refused[] = {"{\"match\":\"#\"}", "{\"match\":\"+/boiler/#\"}",
                                          "{\"match\":\"south/#\",\"dry_run\":true}",
                                          "{\"match\":\"@fire/#\"}", "{\"match\":\"@no/#\"}"};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
        assert_problem(person_ask(&deputy, "POST /v1/erasures", refused[i]), 403, "forbidden");
    assert_problem(person_ask(&north, "POST /v1/erasures", "{\"match\":\"north/#\"}"), 403,
                   "forbidden");
    assert_problem(person_ask(&north, "POST /v1/erasures", "{\"path\":\"north/boiler/temp\"}"), 403,
                   "forbidden");
    assert_alike(&deputy, "POST /v1/erasures", "{\"path\":\"south/boiler/temp\"}",
                 "{\"path\":\"south/kettle/temp\"}");
    assert_problem(person_ask(&marshal, "POST /v1/erasures", "{\"match\":\"@acme/fire/#\"}"), 403,
                   "forbidden");
    const uint32_t hidden[] = {of_main, south, 9999};
    for (size_t i = 0; i < ARRAY_COUNT(hidden); i++) {
        snprintf(body, sizeof body, "{\"points\":[%u,%u]}", own, hidden[i]);
        assert_problem(person_ask(&deputy, "POST /v1/erasures", body), 404, "unknown_point");
    }
    snprintf(body, sizeof body, "{\"points\":[%u]}", own);
    assert_problem(person_ask(&north, "POST /v1/erasures", body), 403, "forbidden");
    assert_int_equal(archive_erasures(engine_archive(people.house->engine)), 0);
    reply = person_ask(&deputy, "POST /v1/erasures",
                       "{\"match\":\"north/#\",\"author\":\"somebody else\"}");
    assert_true(has(&reply, "\"points\":1,"));
    reply = person_ask(&boss, "GET /v1/erasures", NULL);
    assert_true(has(&reply, "\"match\":\"north/#\"") && has(&reply, "deputy@acme") &&
                has_not(&reply, "somebody"));
    reply = person_ask(&viewer, "GET /v1/erasures", NULL);
    assert_true(has(&reply, "\"match\":\"north/#\""));
    assert_int_equal(person_ask(&boss, "POST /v1/erasures", "{\"match\":\"#\"}").status, 200);
    reply = person_ask(&viewer, "GET /v1/erasures", NULL);
    assert_true(has(&reply, "\"erasure\":1,") && has_not(&reply, "\"erasure\":2,"));
    reply = person_ask(&house_boss, "GET /v1/erasures", NULL);
    assert_true(has(&reply, "\"erasures\":[],\"next\":null"));
    struct point_view view; /* the other tenant's point of the same path is as it was */
    points_view(people.house->web->points, of_main, &view);
    assert_true(view.value.present);
}

/* ---- corrections ------------------------------------------------------------------------------
 */
#define CORRECT(path) "{\"path\":\"" path "\",\"time\":1000,\"value\":7,\"author\":\"x\"}"

static void corrections_of_what_he_configures(void **state)
{
    struct reply reply;
    (void)state;
    reply = person_ask(&north, "POST /v1/corrections", CORRECT("north/boiler/temp"));
    assert_int_equal(reply.status, 201);
    assert_true(has(&reply, "\"original\":{\"value\":20") && has(&reply, "north@acme"));
    assert_problem(person_ask(&viewer, "POST /v1/corrections", CORRECT("north/boiler/temp")), 403,
                   "forbidden");
    assert_problem(person_ask(&marshal, "POST /v1/corrections", CORRECT("@acme/fire/hall/smoke")),
                   403, "forbidden");
    assert_alike(&north, "POST /v1/corrections", CORRECT("south/boiler/temp"),
                 CORRECT("south/kettle/temp"));
    assert_alike(&marshal, "POST /v1/corrections", CORRECT("@acme/south/boiler/temp"),
                 CORRECT("@acme/south/kettle/temp"));
    assert_alike(&marshal, "POST /v1/corrections", CORRECT("@main/south/boiler/temp"),
                 CORRECT("@none/south/boiler/temp"));
    assert_int_equal(person_ask(&boss, "POST /v1/corrections", CORRECT("fire/hall/smoke")).status,
                     201);
    assert_int_equal(
        person_ask(&house_boss, "POST /v1/corrections", CORRECT("north/boiler/temp")).status, 201);
    reply = person_ask(&viewer, "GET /v1/corrections", NULL);
    assert_true(has(&reply, "\"correction\":1,\"path\":\"north/boiler/temp\"") &&
                has_not(&reply, "\"correction\":2") && has_not(&reply, "\"correction\":3"));
    reply = person_ask(&marshal, "GET /v1/corrections", NULL);
    assert_true(has(&reply, "\"corrections\":[]"));
    static const char *const shared[] = {"GET /v1/corrections?match=@acme/%23",
                                         "GET /v1/corrections?match=@%2B/fire/%23",
                                         "GET /v1/corrections?path=@acme/fire/hall/smoke"};
    for (size_t i = 0; i < ARRAY_COUNT(shared); i++) {
        reply = person_ask(&marshal, shared[i], NULL);
        assert_true(has(&reply, "\"correction\":2,\"path\":\"@acme/fire/hall/smoke\"") &&
                    has_not(&reply, "\"correction\":1"));
    }
    assert_problem(person_ask(&viewer, "GET /v1/corrections?path=south/boiler/temp", NULL), 404,
                   "unknown_point");
    reply = person_ask(&marshal, "GET /v1/corrections?match=@main/%23", NULL);
    assert_true(has(&reply, "\"corrections\":[]"));
}

/* ---- annotations ------------------------------------------------------------------------------
 */
#define ANNOTATE(path) "{\"path\":\"" path "\",\"text\":\"checked\",\"author\":\"x\"}"

static void annotations_by_who_works_there(void **state)
{
    struct reply reply;
    (void)state;
    reply = person_ask(&hand, "POST /v1/annotations", ANNOTATE("north/boiler/temp")); /* 1 */
    assert_int_equal(reply.status, 201);
    assert_true(has(&reply, "hand@acme"));
    reply = person_ask(&marshal, "POST /v1/annotations", ANNOTATE("@acme/fire/hall/smoke")); /* 2 */
    assert_int_equal(reply.status, 201);
    assert_true(has(&reply, "\"path\":\"@acme/fire/hall/smoke\"") && has(&reply, "marshal@fire"));
    assert_problem(person_ask(&viewer, "POST /v1/annotations", ANNOTATE("north/boiler/temp")), 403,
                   "forbidden");
    assert_alike(&viewer, "POST /v1/annotations", ANNOTATE("south/boiler/temp"),
                 ANNOTATE("south/kettle/temp"));
    assert_alike(&marshal, "POST /v1/annotations", ANNOTATE("@acme/north/boiler/temp"),
                 ANNOTATE("@acme/north/kettle/temp"));
    reply = person_ask(&boss, "GET /v1/annotations", NULL);
    assert_true(has(&reply, "\"annotation\":2,\"path\":\"fire/hall/smoke\"") &&
                has(&reply, "\"annotation\":1,"));
    reply = person_ask(&viewer, "GET /v1/annotations", NULL);
    assert_true(has(&reply, "\"annotation\":1,") && has_not(&reply, "\"annotation\":2,"));
    reply = person_ask(&marshal, "GET /v1/annotations?match=@%2B/%23", NULL);
    assert_true(has(&reply, "\"annotation\":2,") && has_not(&reply, "\"annotation\":1,"));
    /* Removed by who said it, or by who configures the point. */
    assert_problem(person_ask(&viewer, "DELETE /v1/annotations/1", NULL), 403, "forbidden");
    assert_problem(person_ask(&marshal, "DELETE /v1/annotations/1", NULL), 404,
                   "unknown_annotation");
    assert_problem(person_ask(&marshal, "DELETE /v1/annotations/9", NULL), 404,
                   "unknown_annotation");
    assert_problem(person_ask(&hand, "DELETE /v1/annotations/2", NULL), 403, "forbidden");
    assert_int_equal(person_ask(&marshal, "DELETE /v1/annotations/2", NULL).status, 200);
    assert_int_equal(person_ask(&north, "DELETE /v1/annotations/1", NULL).status, 200);
    reply = person_ask(&boss, "GET /v1/annotations", NULL);
    assert_true(has(&reply, "\"annotations\":[]"));
}

/* Names as long as they may be, of two tenants: what is left of them says whose they are. */
static void long_names_are_no_others(void **state)
{
    char name[ACCESS_NAME_MAX + 1];
    (void)state;
    memset(name, 'n', ACCESS_NAME_MAX);
    name[ACCESS_NAME_MAX] = '\0';
    struct person own = people_make(&people, acme, name, "operator", "#");
    struct person other = people_make(&people, fire, name, "operator", "#");
    struct reply reply = person_ask(&own, "POST /v1/annotations", ANNOTATE("north/boiler/temp"));
    assert_int_equal(reply.status, 201);
    assert_true(has(&reply, "nnn@acme\""));
    assert_problem(person_ask(&other, "DELETE /v1/annotations/1", NULL), 404, "unknown_annotation");
    assert_int_equal(person_ask(&own, "DELETE /v1/annotations/1", NULL).status, 200);
}

/* A key is its tenant's: another one's is a key of its own, and tells nothing. */
static void keys_are_the_tenants(void **state)
{
    static const char said[] = "{\"path\":\"north/boiler/temp\",\"text\":\"a\",\"key\":\"k1\"}";
    (void)state;
    struct reply reply = person_ask(&boss, "POST /v1/annotations", said);
    assert_true(has(&reply, "\"annotation\":1,"));
    reply = person_ask(&house_boss, "POST /v1/annotations", said);
    assert_true(has(&reply, "\"annotation\":2,"));
    reply = person_ask(&boss, "POST /v1/annotations", said);
    assert_true(has(&reply, "\"outcome\":\"repeated\"") && has(&reply, "\"annotation\":1,"));
    /* Somebody else of the tenant who has the key, and does not see the point. */
    reply = person_ask(&marshal, "POST /v1/annotations",
                       "{\"path\":\"@acme/fire/hall/smoke\",\"text\":\"a\",\"key\":\"k1\"}");
    assert_true(has(&reply, "\"annotation\":null"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(policies_are_the_tenants),       TEST(policies_within_a_branch),
        TEST(erasures_want_all_of_it),        TEST(corrections_of_what_he_configures),
        TEST(annotations_by_who_works_there), TEST(keys_are_the_tenants),
        TEST(long_names_are_no_others),
    };
    return cmocka_run_group_tests_name("archive rights", tests, NULL, NULL);
}
