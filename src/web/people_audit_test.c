/* The audit over HTTP, of any age: pages, export and the chain reach what memory let go, each
 * tenant sees its own, and who may not sees nothing. */
#include "web/test_people.h"

#define KEPT 64
#define MADE 1600

static struct people people;
static uint32_t acme, other;
static struct person host, chief, rival, reader;

static void tell(uint32_t tenant, unsigned i)
{
    char object[32];
    struct admitted admitted;
    enum admit answer;
    snprintf(object, sizeof object, "object-%u", i);
    const struct fact_audit audit = {.actor = {.door = ACTOR_HTTP, .name = bytes_text("somebody")},
                                     .tenant = tenant,
                                     .action = bytes_text("denied"),
                                     .object = bytes_text(object),
                                     .outcome = bytes_text("no right")};
    while ((answer = engine_audit(people.house->engine, &audit, &admitted)) == ADMIT_WAIT)
        (void)house_step(people.house);
    assert_int_equal(answer, ADMIT_DONE);
}

/* One busy tenant, and one of whom something is told now and then, in the beginning most of all. */
static int setup(void **state)
{
    struct test_house *house = house_new();
    house->engine_config.audit_kept = KEPT;
    house_open(house);
    people_open(&people, house);
    acme = people_tenant(&people, "acme");
    other = people_tenant(&people, "other");
    host = people_make(&people, TENANT_MAIN, "host", "host", "#");
    chief = people_make(&people, acme, "chief", "administrator", "#");
    rival = people_make(&people, other, "rival", "administrator", "#");
    reader = people_make(&people, acme, "reader", "viewer", "#");
    for (unsigned i = 1; i <= MADE; i++)
        tell(i <= 10 || i % 400 == 0 ? acme : other, i);
    house_settle(house);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    people_close(&people);
    house_destroy(*state);
    return 0;
}

static json_t *asked(const struct person *person, const char *line)
{
    struct reply reply = person_ask(person, line, NULL);
    assert_int_equal(reply.status, 200);
    return reply_json(&reply);
}

/* All pages, by the cursor: how many entries; each older than the one before. */
static size_t list_all(const struct person *person, const char *query, uint32_t tenant,
                       uint64_t *ret_oldest)
{
    char line[256];
    size_t count = 0, pages = 0;
    int64_t last = INT64_MAX;
    char after[32] = "";
    for (bool more = true; more; pages++) {
        snprintf(line, sizeof line, "GET /v1/audit?limit=100%s%s%s", query,
                 after[0] != 0 ? "&after=" : "", after);
        json_t *page = asked(person, line);
        const json_t *entries = json_object_get(page, "entries");
        assert_true(json_array_size(entries) <= 100);
        for (size_t i = 0; i < json_array_size(entries); i++) {
            const json_t *entry = json_array_get(entries, i);
            int64_t number = json_integer_value(json_object_get(entry, "number"));
            assert_true(number < last);
            last = number;
            if (tenant != 0)
                assert_int_equal(json_integer_value(json_object_get(entry, "tenant_number")),
                                 tenant);
            count++;
        }
        const json_t *next = json_object_get(page, "next");
        more = json_is_string(next);
        if (more)
            snprintf(after, sizeof after, "%s", json_string_value(next));
        *ret_oldest = (uint64_t)json_integer_value(json_object_get(page, "oldest"));
        json_decref(page);
        assert_true(pages < 100);
    }
    return count;
}

/* ---- the tests ---------------------------------------------------------------------------------
 */
static void test_pages_reach_the_first_entry(void **state)
{
    (void)state;
    const struct access_model *model = engine_access(people.house->engine);
    uint64_t oldest;
    assert_true(access_audit_oldest(model) > MADE - 2 * KEPT);
    size_t all = list_all(&host, "&all=true", 0, &oldest);
    assert_int_equal(all, access_audit_count(model));
    assert_int_equal(oldest, 1);
    /* A busy neighbour takes nothing from a quiet one. */
    assert_int_equal(list_all(&chief, "&action=denied", acme, &oldest), 14);
    assert_int_equal(list_all(&rival, "&action=denied", other, &oldest), MADE - 14);
    assert_int_equal(list_all(&chief, "&object=object-7", acme, &oldest), 1);
    assert_int_equal(list_all(&chief, "&action=denied&until=2000-01-01T00:00:00Z", acme, &oldest),
                     0);
    assert_int_equal(list_all(&chief, "&action=denied&since=2000-01-01T00:00:00Z", acme, &oldest),
                     14);
    assert_int_equal(person_ask(&reader, "GET /v1/audit", NULL).status, 403);
    assert_int_equal(person_ask(&chief, "GET /v1/audit?all=true", NULL).status, 403);
    assert_int_equal(person_ask(&chief, "GET /v1/audit?tenant=other", NULL).status, 404);
}

/* The export leads from the first entry to the head, link by link, as anybody can compute it. */
static void test_an_export_is_whole(void **state)
{
    (void)state;
    const struct access_model *model = engine_access(people.house->engine);
    struct reply reply = person_ask(&host, "GET /v1/audit/export?all=true", NULL);
    assert_int_equal(reply.status, 200);
    uint64_t lines = 0;
    const uint8_t *at = reply.body.at, *end = at + reply.body.size;
    while (at < end) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(stop);
        json_t *entry = json_loadb((const char *)at, (size_t)(stop - at), 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(entry, "number")), ++lines);
        json_decref(entry);
        at = stop + 1;
    }
    assert_int_equal(lines, access_audit_count(model));
    reply = person_ask(&chief, "GET /v1/audit/export?action=denied", NULL);
    lines = 0;
    for (size_t i = 0; i < reply.body.size; i++)
        lines += reply.body.at[i] == '\n';
    assert_int_equal(lines, 14);
    assert_null(memmem(reply.body.at, reply.body.size, "\"other\"", 7));
}

static void test_the_chain_is_verified_from_the_beginning(void **state)
{
    (void)state;
    json_t *check = asked(&host, "GET /v1/audit/verify");
    assert_true(json_is_true(json_object_get(check, "whole")));
    assert_int_equal(json_integer_value(json_object_get(check, "oldest")), 1);
    assert_true(json_is_null(json_object_get(check, "broken")));
    json_decref(check);
}

/* Its segment is gone: what lay there is missing, and that is said with its number. */
static void test_what_is_missing_is_told(void **state)
{
    (void)state;
    char path[160];
    snprintf(path, sizeof path, "%s/journal/0000000001.open", people.house->folder);
    assert_int_equal(truncate(path, 4096), 0);
    json_t *check = asked(&host, "GET /v1/audit/verify");
    assert_true(json_is_false(json_object_get(check, "whole")));
    assert_int_equal(json_integer_value(json_object_get(check, "broken")), 1);
    json_decref(check);
    uint64_t oldest;
    assert_true(list_all(&host, "&all=true", 0, &oldest) <= KEPT);
}

/* A tenant's export holds its entries of any age, and the certificate finds its own. */
static void test_what_else_reads_it(void **state)
{
    (void)state;
    struct reply reply = person_ask(&host, "GET /v1/tenants/acme/export", NULL);
    assert_int_equal(reply.status, 200);
    assert_non_null(memmem(reply.body.at, reply.body.size, "\"object-1\"", 10));
    assert_non_null(memmem(reply.body.at, reply.body.size, "\"object-1600\"", 13));
    assert_null(memmem(reply.body.at, reply.body.size, "\"object-11\"", 11));
    assert_int_equal(person_ask(&host, "DELETE /v1/tenants/acme", NULL).status, 202);
    house_settle(people.house);
    for (unsigned i = 0; i < 1000; i++)
        tell(other, i);
    house_settle(people.house);
    json_t *certificate = asked(&host, "GET /v1/tenants/acme/certificate");
    const json_t *deleted = json_object_get(certificate, "deleted");
    assert_true(json_is_object(deleted));
    uint64_t entry = (uint64_t)json_integer_value(json_object_get(deleted, "entry"));
    assert_true(entry < access_audit_oldest(engine_access(people.house->engine)));
    json_decref(certificate);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_pages_reach_the_first_entry),
        TEST(test_an_export_is_whole),
        TEST(test_the_chain_is_verified_from_the_beginning),
        TEST(test_what_is_missing_is_told),
        TEST(test_what_else_reads_it),
    };
    return cmocka_run_group_tests_name("people_audit", tests, NULL, NULL);
}
