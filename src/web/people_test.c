/* People over HTTP, with a real room that decides: what is made for them goes through the engine.
 */
#include "web/test_people.h"

static struct people people;

static bool port_command(void *arg, const struct command *command, uint64_t tag)
{
    const struct people *of = arg;
    struct admitted admitted;
    return engine_command(of->house->engine, command, tag | ACCESS_TAG, &admitted) == ADMIT_DONE;
}

static void outcome(void *arg, uint64_t tag, const struct outcome *said)
{
    if ((tag & WEB_TAG) == 0 && (tag & ACCESS_TAG) != 0)
        access_outcome(people.access, tag, said);
    else
        house_outcome(arg, tag, said);
}

static int setup(void **state)
{
    static const struct access_port port = {people_audit, port_command};
    struct test_house *house = house_new();
    house->engine_config.outcome = outcome;
    house_open(house);
    people = (struct people){.house = house};
    const struct access_config config = {.settings = &house->settings,
                                         .model = engine_access(house->engine),
                                         .clock = &house->clock.port,
                                         .port = &port,
                                         .arg = &people,
                                         .random = house_random};
    assert_int_equal(secrets_start(), OK);
    assert_int_equal(access_create(&config, &people.access), OK);
    house->web->config.access = people.access;
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    people_close(&people);
    house_destroy(*state);
    return 0;
}

static unsigned asked(const char *headers, const char *line, const char *body)
{
    struct reply reply =
        house_ask_with(people.house, line, headers, body != NULL ? "application/json" : NULL,
                       bytes_text(body != NULL ? body : ""));
    people.told_count = 0;
    people_follow(&people);
    return reply.status;
}

static unsigned person_asked(const struct person *person, const char *line, const char *body)
{
    return asked(person->headers, line, body);
}

/* ---- the set-up link ------------------------------------------------------------------------ */
static void test_the_set_up_link_works_once_and_ends_the_trial(void **state)
{
    char token[SECRET_TOKEN_SIZE], body[256];
    (void)state;
    assert_true(access_is_trial(people.access));
    assert_int_equal(asked("", "POST /v1/setup",
                           "{\"token\":\"mst_u_x\",\"name\":\"ann\",\"password\":\"nine quiet "
                           "tables\"}"),
                     403);
    assert_true(access_setup_begin(people.access, token));
    snprintf(body, sizeof body, "{\"token\":\"%s\",\"name\":\"ann\",\"password\":\"short\"}",
             token);
    assert_int_equal(asked("", "POST /v1/setup", body), 422);
    snprintf(body, sizeof body,
             "{\"token\":\"%s\",\"name\":\"a/b\",\"password\":\"nine quiet tables\"}", token);
    assert_int_equal(asked("", "POST /v1/setup", body), 422);
    assert_true(access_is_trial(people.access)); /* it can be used again */
    snprintf(body, sizeof body,
             "{\"token\":\"%s\",\"name\":\"ann\",\"password\":\"nine quiet tables\"}", token);
    assert_int_equal(asked("", "POST /v1/setup", body), 201);
    assert_false(access_is_trial(people.access));
    assert_int_equal(asked("", "POST /v1/setup", body), 409);
    assert_false(access_setup_begin(people.access, token));
    assert_false(access_setup_take(people.access, bytes_text(token)));
    assert_int_equal(asked("", "GET /v1/users", NULL), 401);
}

static void test_a_session_is_a_cookie_that_scripts_cannot_read(void **state)
{
    char token[SECRET_TOKEN_SIZE], body[256], headers[512];
    (void)state;
    assert_true(access_setup_begin(people.access, token));
    snprintf(body, sizeof body,
             "{\"token\":\"%s\",\"name\":\"ann\",\"password\":\"nine quiet tables\"}", token);
    struct reply reply = house_ask_json(people.house, "POST /v1/setup", body);
    assert_int_equal(reply.status, 201);
    struct bytes cookie = reply_header(&reply, "Set-Cookie");
    assert_non_null(memmem(cookie.at, cookie.size, "; HttpOnly; SameSite=Strict", 27));
    assert_null(memmem(cookie.at, cookie.size, "Secure", 6)); /* not encrypted */
    const uint8_t *end = memchr(cookie.at, ';', cookie.size);
    snprintf(headers, sizeof headers, "Cookie: %.*s\r\n", (int)(end - cookie.at),
             (const char *)cookie.at);
    people_follow(&people);
    assert_int_equal(asked(headers, "GET /v1/users", NULL), 200);
    assert_int_equal(asked(headers, "DELETE /v1/session", NULL), 204);
    assert_int_equal(asked(headers, "GET /v1/users", NULL), 401);
    assert_int_equal(
        asked("", "POST /v1/session", "{\"user\":\"ann\",\"password\":\"wrong tables x\"}"), 401);
    assert_int_equal(
        asked("", "POST /v1/session", "{\"user\":\"bob\",\"password\":\"wrong tables x\"}"), 401);
    assert_int_equal(
        asked("", "POST /v1/session", "{\"user\":\"ann@main\",\"password\":\"nine quiet tables\"}"),
        200);
    assert_int_equal(asked("", "POST /v1/session", "{\"user\":\"ann\"}"), 422);
}

static void test_a_token_is_no_password_of_who_is_named_like_it(void **state)
{
    char token[SECRET_TOKEN_SIZE], body[256], headers[512];
    (void)state;
    assert_true(access_setup_begin(people.access, token));
    snprintf(body, sizeof body,
             "{\"token\":\"%s\",\"name\":\"ann\",\"password\":\"nine quiet tables\"}", token);
    struct reply reply = house_ask_json(people.house, "POST /v1/setup", body);
    assert_int_equal(reply.status, 201);
    struct bytes cookie = reply_header(&reply, "Set-Cookie");
    const uint8_t *end = memchr(cookie.at, ';', cookie.size);
    snprintf(headers, sizeof headers, "Cookie: %.*s\r\n", (int)(end - cookie.at),
             (const char *)cookie.at);
    people_follow(&people);
    struct person named = people_make(&people, TENANT_MAIN, "ann", "viewer", "#");
    const char *text = named.headers + strlen("Authorization: Bearer ");
    snprintf(body, sizeof body, "{\"password\":\"seven loud chairs\",\"old_password\":\"%.*s\"}",
             (int)strcspn(text, "\r"), text);
    assert_int_equal(person_asked(&named, "GET /v1/points", NULL), 200);
    assert_int_equal(asked(headers, "PATCH /v1/me", body), 403);
    assert_int_equal(asked(headers, "PATCH /v1/me",
                           "{\"password\":\"seven loud chairs\",\"old_password\":\"nine quiet "
                           "tables\"}"),
                     200);
}

/* ---- nobody goes beyond himself ------------------------------------------------------------- */
static void role_make(uint32_t tenant, const char *name, const char *const *patterns,
                      uint32_t rights)
{
    struct command command = people_command_of(COMMAND_ROLE_SET, tenant);
    command.access.name = bytes_text(name);
    for (; *patterns != NULL; patterns++)
        command.access.rules[command.access.rule_count++] =
            (struct access_rule){bytes_text(*patterns), rights};
    people_do(&people, &command);
}

static const char role_body[] = "{\"rights\":[{\"pattern\":\"%s\",\"rights\":%s}]}";

static unsigned role_asked(const struct person *person, const char *pattern, const char *rights)
{
    char body[256];
    snprintf(body, sizeof body, role_body, pattern, rights);
    return person_asked(person, "PUT /v1/roles/made", body);
}

static void test_nobody_writes_a_role_beyond_his_own_rights(void **state)
{
    static const char *const clerk_patterns[] = {"$tenant/roles", "north/#", "+/dev/#", NULL};
    static const char *const first_patterns[] = {"$tenant/roles", "+/#", NULL};
    static const char *const users_patterns[] = {"$tenant/roles", "$tenant/+", NULL};
    (void)state;
    uint32_t acme = people_tenant(&people, "acme");
    role_make(acme, "clerk", clerk_patterns, RIGHT_SEE | RIGHT_ADMINISTER);
    role_make(acme, "first", first_patterns, RIGHT_ALL);
    role_make(acme, "users", users_patterns, RIGHT_ALL);
    struct person clerk = people_make(&people, acme, "clerk", "clerk", "#");
    struct person first = people_make(&people, acme, "first", "first", "#");
    struct person users = people_make(&people, acme, "users", "users", "#");
    struct person chief = people_make(&people, acme, "chief", "administrator", "#");
    static const struct {
        const char *pattern, *rights;
        bool clerk, first, users, chief;
    } cases[] = {
        {"north/#", "[\"see\"]", true, true, false, true},
        {"north/#", "[\"see\",\"administer\"]", true, true, false, true},
        {"north/#", "[\"see\",\"write\"]", false, true, false, true},
        {"north/a/b", "[\"see\"]", true, true, false, true},
        {"south/#", "[\"see\"]", false, true, false, true},
        {"south/dev/x", "[\"see\"]", true, true, false, true},
        {"+/dev/#", "[\"see\"]", true, true, false, true},
        {"+/+/#", "[\"see\"]", false, true, false, true},
        {"+/%c/#", "[\"see\"]", false, true, false, true},
        {"#", "[\"see\"]", false, false, false, true}, /* of others' as well */
        {"@brigade/#", "[\"see\"]", false, false, false, true},
        {"@*/x", "[\"see\"]", false, false, false, true},
        {"$tenant/roles", "[\"see\"]", true, true, true, true},
        {"$tenant/roles", "[\"configure\"]", false, true, true, true},
        {"$tenant/users", "[\"see\"]", false, false, true, true},
        {"$tenant/+", "[\"see\"]", false, false, true, true},
        {"$tenant/#", "[\"see\"]", false, false, false, true},
        {"$tenant/u*", "[\"see\"]", false, false, true, true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct person *who[] = {&clerk, &first, &users, &chief};
        const bool may[] = {cases[i].clerk, cases[i].first, cases[i].users, cases[i].chief};
        for (size_t j = 0; j < ARRAY_COUNT(who); j++) {
            unsigned status = role_asked(who[j], cases[i].pattern, cases[i].rights);
            if (status != (may[j] ? 200 : 403))
                fail_msg("%s %s, asker %zu: %u", cases[i].pattern, cases[i].rights, j, status);
            assert_in_range(person_asked(&chief, "DELETE /v1/roles/made", NULL), 200, 404);
        }
    }
    /* What is there and wider than he is cannot be touched. */
    assert_int_equal(role_asked(&chief, "south/#", "\"all\""), 200);
    assert_int_equal(role_asked(&clerk, "north/#", "[\"see\"]"), 403);
    assert_int_equal(person_asked(&clerk, "DELETE /v1/roles/made", NULL), 403);
    assert_int_equal(role_asked(&chief, "$server/state", "[\"see\"]"), 403);
}

static void test_nobody_touches_who_may_more(void **state)
{
    (void)state;
    uint32_t acme = people_tenant(&people, "acme");
    static const char *const patterns[] = {"$tenant/users", "north/#", NULL};
    role_make(acme, "clerk", patterns, RIGHT_SEE | RIGHT_ADMINISTER);
    struct person clerk = people_make(&people, acme, "clerk", "clerk", "#");
    struct person chief = people_make(&people, acme, "chief", "administrator", "#");
    struct person stranger =
        people_make(&people, people_tenant(&people, "other"), "x", "administrator", "#");
    assert_int_equal(person_asked(&chief, "POST /v1/users",
                                  "{\"name\":\"low\",\"grants\":[{\"role\":\"auditor\",\"branch\":"
                                  "\"north/#\"}]}"),
                     201);
    assert_int_equal(person_asked(&chief, "POST /v1/users",
                                  "{\"name\":\"high\",\"grants\":[{\"role\":\"viewer\"}]}"),
                     201);
    assert_int_equal(person_asked(&clerk, "PATCH /v1/users/high", "{\"state\":\"disabled\"}"), 403);
    assert_int_equal(person_asked(&clerk, "POST /v1/users/high/reset", "{}"), 403);
    assert_int_equal(person_asked(&clerk, "POST /v1/users/high/invitation", NULL), 403);
    assert_int_equal(person_asked(&clerk, "DELETE /v1/users/high", NULL), 403);
    assert_int_equal(person_asked(&clerk, "POST /v1/users/low/invitation", NULL), 200);
    assert_int_equal(person_asked(&clerk, "PATCH /v1/users/low",
                                  "{\"grants\":[{\"role\":\"operator\",\"branch\":\"north/#\"}]}"),
                     403);
    assert_int_equal(person_asked(&clerk, "PATCH /v1/users/low",
                                  "{\"grants\":[{\"role\":\"viewer\",\"branch\":\"north/a/#\"}]}"),
                     200);
    assert_int_equal(person_asked(&clerk, "DELETE /v1/users/low", NULL), 200);
    assert_int_equal(person_asked(&stranger, "GET /v1/users/high", NULL), 404);
    assert_int_equal(person_asked(&stranger, "GET /v1/users?tenant=acme", NULL), 404);
    assert_int_equal(person_asked(&stranger, "GET /v1/users?tenant=nowhere", NULL), 404);
    assert_int_equal(person_asked(&stranger, "GET /v1/tenants", NULL), 403);
}

/* The two ways to write "everything" are one, and only one of them is taken. */
static void test_no_way_of_writing_a_branch_makes_a_host(void **state)
{
    (void)state;
    struct person chief = people_make(&people, TENANT_MAIN, "chief", "administrator", "#");
    struct person host = people_make(&people, TENANT_MAIN, "host", "host", "#");
    static const char *const bodies[] = {
        "{\"name\":\"eve\",\"grants\":[{\"role\":\"host\",\"branch\":\"#\"}]}",
        "{\"name\":\"eve\",\"grants\":[{\"role\":\"host\",\"branch\":\"**\"}]}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++)
        assert_int_equal(person_asked(&chief, "POST /v1/users", bodies[i]), 403);
    assert_int_equal(person_asked(&host, "POST /v1/users", bodies[1]), 422);
    assert_int_equal(role_asked(&host, "**", "[\"see\"]"), 422);
    assert_int_equal(person_asked(&host, "POST /v1/users", bodies[0]), 201);
}

/* A header more on a request of his. */
static struct reply asked_with(const struct person *person, const char *header, const char *line,
                               const char *body)
{
    struct person with = *person;
    strcat(with.headers, header);
    people.told_count = 0;
    return person_ask(&with, line, body);
}

static void test_a_key_of_another_kind_of_command_tells_nothing(void **state)
{
    static const char k1[] = "Idempotency-Key: k1\r\n", k2[] = "Idempotency-Key: k2\r\n",
                      k3[] = "Idempotency-Key: k3\r\n";
    (void)state;
    uint32_t acme = people_tenant(&people, "acme"), other = people_tenant(&people, "other");
    struct person chief = people_make(&people, acme, "chief", "administrator", "#");
    struct person stranger = people_make(&people, other, "chief", "administrator", "#");
    assert_int_equal(asked_with(&chief, k1, "POST /v1/points", "{\"path\":\"a\"}").status, 201);
    assert_int_equal(asked_with(&chief, k1, "POST /v1/users", "{\"name\":\"ann\"}").status, 409);
    assert_int_equal(asked_with(&chief, k2, "POST /v1/devices", "{\"name\":\"d\"}").status, 201);
    assert_int_equal(asked_with(&chief, k2, "POST /v1/devices", "{\"name\":\"d\"}").status, 200);
    assert_int_equal(asked_with(&chief, k2, "POST /v1/users", "{\"name\":\"ann\"}").status, 409);
    assert_int_equal(
        asked_with(&chief, k2, "POST /v1/tokens", "{\"name\":\"t\",\"grants\":[]}").status, 409);
    assert_int_equal(asked_with(&chief, k2, "POST /v1/points", "{\"path\":\"b\"}").status, 409);
    assert_int_equal(asked_with(&chief, k3, "POST /v1/users", "{\"name\":\"ann\"}").status, 201);
    assert_int_equal(asked_with(&chief, k3, "POST /v1/users", "{\"name\":\"ann\"}").status, 200);
    /* The first annotation of one tenant has the number of the first erasure of another. */
    assert_int_equal(person_asked(&chief, "POST /v1/erasures", "{\"path\":\"a\"}"), 200);
    assert_int_equal(person_asked(&stranger, "POST /v1/points", "{\"path\":\"x\"}"), 201);
    assert_int_equal(
        asked_with(&stranger, k1, "POST /v1/annotations", "{\"path\":\"x\",\"text\":\"it was me\"}")
            .status,
        201);
    struct reply reply = asked_with(&stranger, k1, "POST /v1/erasures", "{\"path\":\"x\"}");
    assert_int_equal(reply.status, 409);
    assert_null(memmem(reply.body.at, reply.body.size, "\"a\"", 3));
    assert_null(memmem(reply.body.at, reply.body.size, "\\\"", 2));
}

static void test_nobody_exceeds_himself_by_acting_for_another(void **state)
{
    static const char *const patterns[] = {"$server/tenants", "$tenant/users", NULL};
    static const char acting[] = "Mainstem-Tenant: acme\r\n";
    static const char eve[] = "{\"name\":\"eve\",\"grants\":[{\"role\":\"host\"}]}",
                      low[] = "{\"name\":\"low\",\"grants\":[{\"role\":\"administrator\"}]}",
                      high[] = "{\"name\":\"high\",\"grants\":[{\"role\":\"administrator\"}]}";
    (void)state;
    (void)people_tenant(&people, "acme");
    role_make(TENANT_MAIN, "clerk", patterns, RIGHT_ALL);
    struct person clerk = people_make(&people, TENANT_MAIN, "clerk", "clerk", "#");
    struct person host = people_make(&people, TENANT_MAIN, "host", "host", "#");
    assert_int_equal(asked_with(&clerk, acting, "POST /v1/users?tenant=main", eve).status, 400);
    assert_int_equal(asked_with(&clerk, acting, "POST /v1/users?tenant=acme", low).status, 400);
    assert_int_equal(person_asked(&clerk, "POST /v1/users?tenant=main", eve), 403);
    assert_int_equal(person_asked(&clerk, "POST /v1/users", eve), 403);
    assert_int_equal(asked_with(&host, acting, "POST /v1/users", low).status, 201);
    assert_int_equal(person_asked(&host, "POST /v1/users?tenant=acme", high), 201);
    assert_int_equal(person_asked(&host, "POST /v1/users?tenant=main", eve), 201);
}

/* "GET /v1/users/x", for a route of /v1/users/{name}. */
static void route_line(const struct route *route, char *line, size_t capacity)
{
    size_t size = (size_t)snprintf(line, capacity, "%s ", http_verb_text(route->verb));
    for (const char *at = route->path; *at != '\0'; at++) {
        assert_true(size + 1 < capacity);
        line[size++] = *at == '{' ? 'x' : *at;
        if (*at == '{')
            at = strchr(at, '}');
    }
    line[size] = '\0';
}

/* Where it is honoured; everywhere else it is refused, so that nobody takes his own for another's. */
static bool header_is_for(const char *path)
{
    static const char *const begins[] = {
        "/v1/users",   "/v1/roles",     "/v1/tokens",  "/v1/quota",  "/v1/devices",
        "/v1/claims",  "/v1/providers", "/v1/shares",  "/v1/audit",  "/v1/why",
        "/v1/refused", "/v1/clients",   "/v1/topics"};
    for (size_t i = 0; i < ARRAY_COUNT(begins); i++)
        if (strncmp(path, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

static void test_the_header_of_a_tenant_at_every_route(void **state)
{
    static const char acting[] = "Mainstem-Tenant: acme\r\n", own[] = "Mainstem-Tenant: main\r\n";
    (void)state;
    (void)people_tenant(&people, "acme");
    struct person host = people_make(&people, TENANT_MAIN, "host", "host", "#");
    size_t refused = 0;
    for (size_t i = 0; i < web_route_count; i++) {
        const struct route *route = &web_routes[i];
        char line[256];
        if (route->right == RIGHT_NONE)
            continue; /* no matter of any tenant */
        route_line(route, line, sizeof line);
        struct reply reply = asked_with(&host, acting, line, NULL);
        bool said = memmem(reply.body.at, reply.body.size, "tenant_header", 13) != NULL;
        if (said == header_is_for(route->path))
            fail_msg("%s: %u %.*s", line, reply.status, (int)reply.body.size,
                     (const char *)reply.body.at);
        assert_true(!said || reply.status == 400);
        refused += said;
    }
    assert_true(refused > 80);
    assert_int_equal(asked_with(&host, own, "GET /v1/points", NULL).status, 200);
    assert_int_equal(asked_with(&host, "Mainstem-Tenant: none\r\n", "GET /v1/points", NULL).status,
                     404);
}

/* ---- limits --------------------------------------------------------------------------------- */
static void test_limits_of_bodies(void **state)
{
    (void)state;
    char body[4096], name[140];
    uint32_t acme = people_tenant(&people, "acme");
    struct person chief = people_make(&people, acme, "chief", "administrator", "#");
    memset(name, 'n', sizeof name);
    name[ACCESS_NAME_MAX] = '\0';
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    assert_int_equal(person_asked(&chief, "POST /v1/devices", body), 201);
    name[ACCESS_NAME_MAX] = 'n';
    name[ACCESS_NAME_MAX + 1] = '\0';
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    assert_int_equal(person_asked(&chief, "POST /v1/devices", body), 422);
    for (int count = ACCESS_GRANTS_MAX; count <= ACCESS_GRANTS_MAX + 1; count++) {
        int size = snprintf(body, sizeof body, "{\"name\":\"d%d\",\"grants\":[", count);
        for (int i = 0; i < count; i++)
            size += snprintf(body + size, sizeof body - (size_t)size,
                             "%s{\"role\":\"viewer\",\"branch\":\"b%d/#\"}", i == 0 ? "" : ",", i);
        snprintf(body + size, sizeof body - (size_t)size, "]}");
        assert_int_equal(person_asked(&chief, "POST /v1/devices", body),
                         count == ACCESS_GRANTS_MAX ? 201 : 422);
    }
    assert_int_equal(
        person_asked(&chief, "POST /v1/devices",
                     "{\"name\":\"f\",\"fingerprint\":\"abcdef0123456789abcdef0123456789"
                     "abcdef0123456789abcdef0123456789\"}"),
        201);
    assert_int_equal(
        person_asked(&chief, "POST /v1/devices",
                     "{\"name\":\"g\",\"fingerprint\":\"abcdef0123456789abcdef0123456789"
                     "abcdef0123456789abcdef012345678g\"}"),
        422);
    assert_int_equal(person_asked(&chief, "POST /v1/devices", "{\"name\":\"h\",\"colour\":1}"),
                     422);
    assert_int_equal(person_asked(&chief, "GET /v1/devices?limit=1001", NULL), 400);
    struct reply reply = person_ask(&chief, "GET /v1/devices?limit=2", NULL);
    json_t *page = reply_json(&reply);
    assert_int_equal(json_array_size(json_object_get(page, "devices")), 2);
    assert_true(json_is_string(json_object_get(page, "next")));
    json_decref(page);
}

/* ---- a deleted tenant ----------------------------------------------------------------------- */
static void notices_make(const struct person *person)
{
    assert_int_equal(person_asked(person, "PUT /v1/channels/way", "{\"kind\":\"browser\"}"), 200);
    assert_int_equal(person_asked(person, "PUT /v1/channels/other", "{\"kind\":\"browser\"}"), 200);
    assert_int_equal(person_asked(person, "PUT /v1/rosters/crew",
                                  "{\"members\":[{\"name\":\"ann\",\"channels\":[\"way\"]}],"
                                  "\"steps\":[{}]}"),
                     200);
    assert_int_equal(person_asked(person, "PUT /v1/routes/all", "{\"to\":{\"roster\":\"crew\"}}"),
                     200);
    assert_int_equal(person_asked(person, "PUT /v1/rules/hot",
                                  "{\"kind\":\"high\",\"path\":\"a/#\",\"limit\":0}"),
                     200);
    assert_int_equal(person_asked(person, "PUT /v1/rules/any",
                                  "{\"kind\":\"expression\",\"on\":\"nothing\","
                                  "\"condition\":\"a/b > 0\"}"),
                     200);
}

static void test_points_of_a_deleted_tenant_go(void **state)
{
    (void)state;
    uint32_t acme = people_tenant(&people, "acme");
    struct person chief = people_make(&people, acme, "chief", "administrator", "#");
    struct person host = people_make(&people, TENANT_MAIN, "host", "host", "#");
    assert_int_equal(person_asked(&chief, "POST /v1/samples", "{\"path\":\"a/b\",\"value\":1}"),
                     200);
    assert_int_equal(person_asked(&host, "POST /v1/samples", "{\"path\":\"a/b\",\"value\":2}"),
                     200);
    notices_make(&chief);
    notices_make(&host);
    assert_int_equal(person_asked(&chief, "DELETE /v1/tenants/acme", NULL), 403);
    assert_int_equal(person_asked(&host, "DELETE /v1/tenants/main", NULL), 422);
    assert_int_equal(person_asked(&host, "DELETE /v1/tenants/acme", NULL), 202);
    house_settle(people.house);
    for (int i = 0; i < 20; i++)
        (void)house_step(people.house);
    assert_int_equal(person_asked(&chief, "GET /v1/points", NULL), 401);
    struct points *points = engine_points(people.house->engine);
    assert_int_equal(points_find(points, acme, bytes_text("a/b")), POINT_NONE);
    assert_int_not_equal(points_find(points, TENANT_MAIN, bytes_text("a/b")), POINT_NONE);
    const struct notices *notices = engine_notices(people.house->engine);
    assert_int_equal(notices_channel_next(notices, acme, 0), 0);
    assert_int_equal(notices_roster_next(notices, acme, 0), 0);
    assert_int_equal(notices_route_next(notices, acme, 0), 0);
    assert_int_not_equal(notices_route_next(notices, TENANT_MAIN, 0), 0);
    const struct alarms *alarms = engine_alarms(people.house->engine);
    struct alarm_counts counts;
    assert_int_equal(alarms_rule_find(alarms, acme, bytes_text("hot")), 0);
    assert_int_equal(alarms_rule_find(alarms, acme, bytes_text("any")), 0);
    assert_int_equal(alarms_newest(alarms, acme), 0);
    assert_int_not_equal(alarms_rule_find(alarms, TENANT_MAIN, bytes_text("hot")), 0);
    alarms_counts(alarms, TENANT_MAIN, &counts);
    assert_int_equal(counts.active, 2);
    struct reply reply = person_ask(&host, "GET /v1/tenants/acme/certificate", NULL);
    json_t *certificate = reply_json(&reply);
    assert_string_equal(json_string_value(json_object_get(certificate, "state")), "done");
    const json_t *erasure = json_object_get(certificate, "erasure");
    assert_int_equal(json_integer_value(json_object_get(erasure, "points")), 1);
    json_decref(certificate);
    assert_int_equal(person_asked(&host, "GET /v1/tenants/main/certificate", NULL), 404);
}

/* Whoever erased everything with the server's own words did not delete the tenant. */
static void test_a_deletion_cannot_be_told_before_it_was(void **state)
{
    static const char forged[] = "{\"match\":\"#\",\"reason\":\"the tenant was deleted\","
                                 "\"author\":\"server\"}";
    (void)state;
    uint32_t acme = people_tenant(&people, "acme");
    struct person chief = people_make(&people, acme, "chief", "administrator", "#");
    struct person host = people_make(&people, TENANT_MAIN, "host", "host", "#");
    static const char sample[] = "{\"path\":\"a/b\",\"value\":1}";
    assert_int_equal(person_asked(&chief, "POST /v1/samples", sample), 200);
    assert_int_equal(person_asked(&chief, "POST /v1/erasures", forged), 200);
    assert_int_equal(person_asked(&chief, "POST /v1/samples", sample), 200);
    assert_int_equal(person_asked(&host, "DELETE /v1/tenants/acme", NULL), 202);
    house_settle(people.house);
    for (int i = 0; i < 20; i++)
        (void)house_step(people.house);
    assert_int_equal(points_find(engine_points(people.house->engine), acme, bytes_text("a/b")),
                     POINT_NONE);
    struct reply reply = person_ask(&host, "GET /v1/tenants/acme/certificate", NULL);
    json_t *certificate = reply_json(&reply);
    const json_t *erasure = json_object_get(certificate, "erasure");
    assert_int_equal(json_integer_value(json_object_get(erasure, "number")), 2);
    json_decref(certificate);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_the_set_up_link_works_once_and_ends_the_trial),
        TEST(test_a_session_is_a_cookie_that_scripts_cannot_read),
        TEST(test_a_token_is_no_password_of_who_is_named_like_it),
        TEST(test_nobody_writes_a_role_beyond_his_own_rights),
        TEST(test_nobody_touches_who_may_more),
        TEST(test_no_way_of_writing_a_branch_makes_a_host),
        TEST(test_a_key_of_another_kind_of_command_tells_nothing),
        TEST(test_nobody_exceeds_himself_by_acting_for_another),
        TEST(test_the_header_of_a_tenant_at_every_route),
        TEST(test_limits_of_bodies),
        TEST(test_points_of_a_deleted_tenant_go),
        TEST(test_a_deletion_cannot_be_told_before_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
