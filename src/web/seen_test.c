/* Points, the tree, samples, commands, lines and the lists beside them, asked by people of two
 * tenants with the same paths, whose rights end at a branch: each answer is what it would be if
 * nothing else were there. */
#include "web/test_people.h"

static struct people people;
static uint32_t acme, fire;
static struct person boss, north, viewer, sensor, marshal, host, nobody;

static void sample(uint32_t tenant, const char *topic, const char *payload)
{
    publisher_init(&people.house->publisher, tenant, 1000);
    assert_int_equal(house_publish(people.house, topic, payload), ADMIT_DONE);
}

/* Viewers ask the room of access as well. */
static void live_open(struct test_house *house)
{
    const struct live_config config = {.settings = &house->settings,
                                       .engine = house->engine,
                                       .space = house->space,
                                       .access = people.access,
                                       .random = house_random};
    live_destroy(house->live);
    assert_int_equal(live_create(&config, &house->live), OK);
    house->web->config.live = house->live;
}

static int setup(void **state)
{
    house_setup(state);
    people_open(&people, *state);
    live_open(*state);
    acme = people_tenant(&people, "acme");
    fire = people_tenant(&people, "fire");
    for (uint32_t tenant = TENANT_MAIN; tenant <= acme; tenant++) {
        sample(tenant, "north/boiler", "{\"temp\":20,\"level\":3}");
        sample(tenant, "south/boiler", "{\"temp\":30}");
        sample(tenant, "fire/hall", "{\"smoke\":1}");
        sample(tenant, "fire/cellar", "{\"smoke\":0}");
    }
    sample(acme, "south/secret", "{\"recipe\":7}");
    people_share(&people, acme, fire, "fire/#", RIGHT_SEE | RIGHT_ACKNOWLEDGE);
    boss = people_make(&people, acme, "boss", "administrator", "#");
    north = people_make(&people, acme, "north", "engineer", "north/#");
    viewer = people_make(&people, acme, "viewer", "viewer", "north/#");
    sensor = people_make(&people, acme, "sensor", "operator", "north/boiler/temp");
    marshal = people_make(&people, fire, "marshal", "administrator", "#");
    host = people_make(&people, TENANT_MAIN, "host", "host", "#");
    nobody = people_make(&people, fire, "nobody", "viewer", "nothing/#");
    return 0;
}

static int teardown(void **state)
{
    people_close(&people);
    return house_teardown(state);
}

/* Status and body as one text. */
static const char *asked(const struct person *person, const char *line, const char *body)
{
    static char texts[4][8192];
    static size_t next;
    char *text = texts[next++ % ARRAY_COUNT(texts)];
    struct reply reply = person_ask(person, line, body);
    snprintf(text, sizeof texts[0], "%u %.*s", reply.status, (int)reply.body.size,
             (const char *)reply.body.at);
    return text;
}

static void assert_has(const char *answer, const char *text)
{
    if (strstr(answer, text) == NULL)
        fail_msg("%s is missing in: %s", text, answer);
}

static void assert_has_not(const char *answer, const char *text)
{
    if (strstr(answer, text) != NULL)
        fail_msg("%s stands in: %s", text, answer);
}

static unsigned status_of(const struct person *person, const char *line, const char *body)
{
    return person_ask(person, line, body).status;
}

/* ---- one point, lists -------------------------------------------------------------------------
 */
static void a_point_is_there_for_who_sees_it(void **state)
{
    (void)state;
    assert_has(asked(&boss, "GET /v1/points/south/secret/recipe", NULL), "\"value\":7");
    assert_has(asked(&north, "GET /v1/points/north/boiler/temp", NULL), "200 ");
    assert_has(asked(&sensor, "GET /v1/points/north/boiler/temp", NULL), "200 ");
    /* What is hidden is answered as what is not there, to the letter. */
    const char *hidden = asked(&north, "GET /v1/points/south/secret/recipe", NULL);
    assert_string_equal(hidden, asked(&north, "GET /v1/points/south/nothing", NULL));
    assert_string_equal(hidden, asked(&north, "GET /v1/points/south", NULL)); /* a branch */
    assert_string_equal(hidden, asked(&north, "GET /v1/points/@fire/x", NULL));
    assert_string_equal(hidden, asked(&north, "GET /v1/points/@nowhere/x", NULL));
    assert_has(hidden, "404 ");
    assert_has_not(hidden, "secret");
    /* Whoever sees all is helped to find it. */
    assert_has(asked(&boss, "GET /v1/points/south/secret/recip", NULL), "recipe");
    assert_int_equal(status_of(&host, "GET /v1/points/south/secret/recipe", NULL), 404);
}

static void lists_hold_what_is_seen(void **state)
{
    (void)state;
    const char *all = asked(&boss, "GET /v1/points", NULL);
    assert_has(all, "south/secret/recipe");
    assert_has_not(all, "@");
    const char *some = asked(&north, "GET /v1/points", NULL);
    assert_has(some, "north/boiler/level");
    assert_has(some, "north/boiler/temp");
    assert_has_not(some, "south");
    assert_has_not(some, "fire");
    const char *one = asked(&sensor, "GET /v1/points?whole=true", NULL);
    assert_has(one, "north/boiler/temp");
    assert_has_not(one, "level");
    assert_has(asked(&nobody, "GET /v1/points", NULL), "\"points\":[],\"next\":null");
    assert_has(asked(&north, "GET /v1/points?match=south/%23", NULL),
               "\"points\":[],\"next\":null");
    assert_has(asked(&north, "GET /v1/points?match=@nowhere/%23", NULL),
               "\"points\":[],\"next\":null");
    assert_has(asked(&north, "GET /v1/points?contains=secret", NULL),
               "\"points\":[],\"next\":null");
    assert_has_not(asked(&host, "GET /v1/points", NULL), "secret");
}

/* A page ends where he sees, never at the path of something hidden. */
static void pages_end_at_what_is_seen(void **state)
{
    (void)state;
    const char *page = asked(&north, "GET /v1/points?limit=1", NULL);
    assert_has(page, "\"next\":\"north/boiler/level\"");
    page = asked(&north, "GET /v1/points?limit=1&after=north/boiler/level", NULL);
    assert_has(page, "north/boiler/temp");
    page = asked(&north, "GET /v1/points?limit=1&after=north/boiler/temp", NULL);
    assert_has(page, "\"points\":[],\"next\":null");
}

/* Each look at it takes a while, so that turns end. */
static int64_t busy_boot_ns(struct clock *port)
{
    return ((struct house_clock *)port)->boot_ns += 50 * NS_PER_US;
}

/* Rights that shrink while a list is being made: what is left of it is made under the new ones. */
static void a_list_ends_with_the_rights_to_it(void **state)
{
    static struct person person;
    struct test_house *house = *state;
    char payload[8192], topic[64], line[512];
    for (unsigned row = 0; row < 40; row++) { /* more than one turn looks at */
        strcpy(payload, "{");
        for (unsigned i = 0; i < 250; i++)
            sprintf(payload + strlen(payload), "%s\"m%u\":1", i > 0 ? "," : "", i);
        strcat(payload, "}");
        sprintf(topic, "mill/row-%u", row);
        sample(acme, topic, payload);
    }
    sample(acme, "zoo/late", "{\"x\":1}");
    person = people_make(&people, acme, "person", "viewer", "#");
    house->clock.port.boot_ns = busy_boot_ns;
    /* Nothing is found before the very end: the list is under way for many turns. */
    snprintf(line, sizeof line,
             "GET /v1/points?contains=late HTTP/1.1\r\nHost: localhost\r\n%s\r\n", person.headers);
    for (unsigned steps = 0; steps < 3; steps++) {
        struct talk *talk = talk_open(house);
        struct reply reply;
        struct command command = people_command_of(COMMAND_ACCOUNT_SET, acme);
        struct admitted admitted;
        command.access.number = person.account;
        command.access.has = HAS_GRANTS;
        command.access.grant_count = 1;
        command.access.grants[0] =
            (struct grant){bytes_text("viewer"), bytes_text(steps % 2 == 0 ? "mill/#" : "#")};
        talk_send_text(talk, line);
        assert_false(talk_reply(talk, false, &reply));
        assert_int_equal(engine_command(house->engine, &command, 1, &admitted), ADMIT_DONE);
        while (engine_durable_ticket(house->engine) < admitted.ticket)
            (void)engine_step(house->engine);
        people_follow(&people);
        house_await(talk, &reply);
        bool there = memmem(reply.body.at, reply.body.size, "zoo/late/x", 10) != NULL;
        assert_int_equal(reply.status, 200);
        assert_int_equal(there, steps % 2 != 0); /* more rights are used as well */
        talk_close(talk);
    }
    house->clock.port.boot_ns = house_boot_ns;
}

static void shares_are_named(void **state)
{
    (void)state;
    const char *list = asked(&marshal, "GET /v1/points?match=@acme/%23", NULL);
    assert_has(list, "\"path\":\"@acme/fire/hall/smoke\"");
    assert_has(list, "\"path\":\"@acme/fire/cellar/smoke\"");
    assert_has_not(list, "north");
    assert_has(asked(&marshal, "GET /v1/points/@acme/fire/hall/smoke", NULL), "200 ");
    assert_int_equal(status_of(&marshal, "GET /v1/points/@acme/north/boiler/temp", NULL), 404);
    assert_int_equal(status_of(&nobody, "GET /v1/points/@acme/fire/hall/smoke", NULL), 404);
    assert_has(asked(&marshal, "GET /v1/points", NULL), "\"points\":[]"); /* his own: none */
}

/* ---- the tree ---------------------------------------------------------------------------------
 */
static void the_tree_counts_what_is_seen(void **state)
{
    (void)state;
    const char *root = asked(&boss, "GET /v1/tree", NULL);
    assert_has(root, "\"path\":\"\",\"count\":6");
    assert_has(root, "\"name\":\"south\",\"path\":\"south\",\"count\":2,\"branch\":true");
    root = asked(&north, "GET /v1/tree", NULL);
    assert_has(root, "\"path\":\"\",\"count\":2");
    assert_has(root, "\"name\":\"north\",\"path\":\"north\",\"count\":2,\"branch\":true");
    assert_has_not(root, "south");
    assert_has_not(root, "fire");
    assert_has(root, "\"next\":null");
    root = asked(&sensor, "GET /v1/tree", NULL);
    assert_has(root, "\"path\":\"\",\"count\":1");
    assert_has(root, "\"name\":\"north\",\"path\":\"north\",\"count\":1,\"branch\":true");
    const char *boiler = asked(&sensor, "GET /v1/tree?path=north/boiler&values=true", NULL);
    assert_has(boiler, "\"name\":\"temp\"");
    assert_has(boiler, "\"value\":20");
    assert_has_not(boiler, "level");
    assert_has(asked(&nobody, "GET /v1/tree", NULL), "\"count\":0,\"children\":[],\"next\":null");
}

static void hidden_branches_are_unknown(void **state)
{
    (void)state;
    char hidden[8192];
    snprintf(hidden, sizeof hidden, "%s", asked(&north, "GET /v1/tree?path=south", NULL));
    const char *never = asked(&north, "GET /v1/tree?path=never", NULL);
    assert_has(hidden, "404 ");
    assert_int_equal(strlen(hidden), strlen(never)); /* but for the word that was asked with */
    assert_has(asked(&boss, "GET /v1/tree?path=south", NULL), "200 ");
    assert_int_equal(status_of(&marshal, "GET /v1/tree?path=@acme/north", NULL), 404);
    assert_int_equal(status_of(&north, "GET /v1/tree?path=@fire", NULL), 404);
    assert_int_equal(status_of(&north, "GET /v1/tree?path=@nowhere", NULL), 404);
}

static void the_tree_holds_who_shows_something(void **state)
{
    (void)state;
    const char *root = asked(&marshal, "GET /v1/tree", NULL);
    assert_has(root, "{\"name\":\"@acme\",\"path\":\"@acme\",\"count\":null,\"branch\":true,"
                     "\"point\":null}");
    assert_has_not(asked(&north, "GET /v1/tree", NULL), "@");
    assert_has_not(asked(&nobody, "GET /v1/tree", NULL), "@");
    const char *acmes = asked(&marshal, "GET /v1/tree?path=@acme", NULL);
    assert_has(acmes, "\"path\":\"@acme\"");
    assert_has(acmes, "\"name\":\"fire\",\"path\":\"@acme/fire\",\"count\":2");
    assert_has_not(acmes, "north");
    const char *page = asked(&marshal, "GET /v1/tree?path=@acme/fire&limit=1", NULL);
    assert_has(page, "\"next\":\"cellar\"");
    page = asked(&marshal, "GET /v1/tree?path=@acme/fire&limit=1&after=cellar", NULL);
    assert_has(page, "\"path\":\"@acme/fire/hall\"");
    assert_has(page, "\"next\":null");
}

/* More than a step can count, and more than is told. */
static void partly_seen_branches_are_counted_up_to_a_bound(void **state)
{
    (void)state;
    char payload[8192] = "{", topic[64];
    for (unsigned i = 0; i < 250; i++)
        sprintf(payload + strlen(payload), "%s\"m%u\":1", i > 0 ? "," : "", i);
    strcat(payload, "}");
    for (unsigned i = 0; i < 5; i++) {
        sprintf(topic, "wide/part-%u", i % 4);
        if (i == 4)
            sprintf(topic, "wide/other");
        sample(acme, topic, payload);
    }
    struct person part = people_make(&people, acme, "part", "viewer", "wide/part-*/#");
    const char *root = asked(&part, "GET /v1/tree", NULL);
    assert_has(root, "\"name\":\"wide\",\"path\":\"wide\",\"count\":1000,\"branch\":true");
    assert_has(root, "\"path\":\"\",\"count\":1000");
    sample(acme, "wide/part-9", "{\"m\":1}");
    root = asked(&part, "GET /v1/tree", NULL);
    assert_has(root, "\"name\":\"wide\",\"path\":\"wide\",\"count\":null,\"branch\":true");
    assert_has(root, "\"path\":\"\",\"count\":null");
    const char *wide = asked(&part, "GET /v1/tree?path=wide", NULL);
    assert_has(wide, "\"name\":\"part-3\",\"path\":\"wide/part-3\",\"count\":250");
    assert_has_not(wide, "other");
    assert_has(asked(&boss, "GET /v1/tree?path=wide", NULL), "\"path\":\"wide\",\"count\":1251");
}

/* ---- commands ---------------------------------------------------------------------------------
 */
static void commands_need_the_right_to_configure(void **state)
{
    (void)state;
    static const char path[] = "{\"path\":\"north/new\"}";
    assert_int_equal(status_of(&viewer, "POST /v1/points", path), 403);
    assert_int_equal(status_of(&sensor, "POST /v1/points", path), 404);
    assert_int_equal(status_of(&north, "POST /v1/points", path), 201);
    assert_int_equal(status_of(&viewer, "PATCH /v1/points/north/new", "{\"unit\":\"K\"}"), 403);
    assert_int_equal(status_of(&north, "PATCH /v1/points/north/new", "{\"unit\":\"K\"}"), 200);
    assert_int_equal(status_of(&viewer, "DELETE /v1/points/north/new", NULL), 403);
    /* What is hidden, what is not there, and where nothing may be made: one and the same. */
    const char *hidden = asked(&north, "PATCH /v1/points/south/secret/recipe", "{\"unit\":\"K\"}");
    assert_has(hidden, "404 ");
    assert_string_equal(hidden, asked(&north, "PATCH /v1/points/south/no", "{\"unit\":\"K\"}"));
    assert_string_equal(hidden, asked(&north, "POST /v1/points", "{\"path\":\"south/new\"}"));
    assert_string_equal(hidden, asked(&north, "DELETE /v1/points/south/secret/recipe", NULL));
    assert_string_equal(hidden, asked(&north, "POST /v1/points", "{\"path\":\"@main/new\"}"));
    assert_has(asked(&boss, "GET /v1/points/south/secret/recipe", NULL), "\"unit\":\"\"");
}

static void a_rename_needs_both_paths(void **state)
{
    (void)state;
    const char *out =
        asked(&north, "PATCH /v1/points/north/boiler/temp", "{\"path\":\"south/secret/recipe\"}");
    assert_has(out, "404 ");
    assert_string_equal(
        out, asked(&north, "PATCH /v1/points/north/boiler/temp", "{\"path\":\"south/free\"}"));
    assert_string_equal(
        out, asked(&north, "PATCH /v1/points/south/secret/recipe", "{\"path\":\"north/r\"}"));
    assert_has(asked(&north, "PATCH /v1/points/north/boiler/temp", "{\"path\":\"north/t\"}"),
               "200 ");
    assert_has(asked(&boss, "GET /v1/points/north/t", NULL), "\"value\":20");
    assert_has(asked(&host, "GET /v1/points/north/boiler/temp", NULL), "200 "); /* another's */
}

static void a_bulk_is_judged_line_by_line(void **state)
{
    (void)state;
    static const char lines[] = "{\"command\":\"create\",\"path\":\"north/a\"}\n"
                                "{\"command\":\"create\",\"path\":\"south/a\"}\n"
                                "{\"command\":\"retire\",\"path\":\"south/secret/recipe\"}\n"
                                "{\"command\":\"create\",\"path\":\"north/b\"}\n";
    struct reply reply = house_ask_with(people.house, "POST /v1/commands", north.headers,
                                        "application/x-ndjson", bytes_text(lines));
    char text[4096];
    snprintf(text, sizeof text, "%.*s", (int)reply.body.size, (const char *)reply.body.at);
    assert_int_equal(reply.status, 200);
    assert_has(text, "{\"index\":0,\"status\":200");
    assert_has(text, "{\"index\":1,\"status\":404,\"code\":\"unknown_point\"");
    assert_has(text, "{\"index\":2,\"status\":404,\"code\":\"unknown_point\"");
    assert_has(text, "{\"index\":3,\"status\":200");
    assert_int_equal(status_of(&boss, "GET /v1/points/south/a", NULL), 404);
    assert_int_equal(status_of(&boss, "GET /v1/points/south/secret/recipe", NULL), 200);
}

/* A key is the tenant's: what a colleague did under it is not told to who does not see it. */
static void a_repeated_key_tells_no_hidden_point(void **state)
{
    (void)state;
    assert_int_equal(status_of(&boss, "POST /v1/points", "{\"path\":\"south/k\",\"key\":\"k1\"}"),
                     201);
    const char *again = asked(&north, "POST /v1/points", "{\"path\":\"north/k\",\"key\":\"k1\"}");
    assert_has_not(again, "south");
    assert_has(again, "\"point\":null");
    /* Another tenant's key is another one. */
    assert_has(asked(&host, "POST /v1/points", "{\"path\":\"main/k\",\"key\":\"k1\"}"),
               "\"outcome\":\"done\"");
}

static void commands_carry_who_gave_them(void **state)
{
    (void)state;
    const struct access_model *model = engine_access(people.house->engine);
    struct audit_view entry;
    assert_int_equal(status_of(&north, "POST /v1/points", "{\"path\":\"north/mine\"}"), 201);
    assert_true(access_audit(model, access_audit_count(model), &entry));
    assert_int_equal(entry.tenant, acme);
    assert_int_equal(entry.account, north.account);
    assert_int_equal(entry.door, ACTOR_HTTP);
}

/* ---- samples ----------------------------------------------------------------------------------
 */
static void samples_go_where_he_may_write(void **state)
{
    (void)state;
    static const char at[] = "{\"path\":\"north/boiler/temp\",\"value\":21}";
    assert_int_equal(status_of(&viewer, "POST /v1/samples", at), 403);
    assert_int_equal(status_of(&sensor, "POST /v1/samples", at), 200);
    assert_has(asked(&boss, "GET /v1/points/north/boiler/temp", NULL), "\"value\":21");
    assert_has(asked(&host, "GET /v1/points/north/boiler/temp", NULL), "\"value\":20");
    /* Of many, those that he may; the others are refused alike, there or not. */
    const char *some =
        asked(&sensor, "POST /v1/samples",
              "[{\"path\":\"north/boiler/temp\",\"value\":22},"
              "{\"path\":\"south/secret/recipe\",\"value\":8},{\"path\":\"south/no\",\"value\":8},"
              "{\"path\":\"@main/north/boiler/temp\",\"value\":8}]");
    assert_has(some, "200 {\"taken\":1");
    assert_has(some, "\"refused_count\":3");
    assert_has(some, "\"path\":\"south/secret/recipe\",\"code\":\"forbidden\"");
    assert_has(some, "\"path\":\"south/no\",\"code\":\"forbidden\"");
    assert_has(asked(&boss, "GET /v1/points/south/secret/recipe", NULL), "\"value\":7");
    assert_has(asked(&host, "GET /v1/points/north/boiler/temp", NULL), "\"value\":20");
    assert_int_equal(status_of(&boss, "GET /v1/points/south/no", NULL), 404);
    assert_int_equal(
        status_of(&marshal, "POST /v1/samples", "{\"path\":\"@acme/fire/hall/smoke\",\"value\":9}"),
        403);
}

static struct reply lines_of(const struct person *person, const char *text)
{
    struct reply reply = house_ask_with(people.house, "POST /write", person->headers, "text/plain",
                                        bytes_text(text));
    people_follow(&people);
    return reply;
}

static void lines_go_where_he_may_write(void **state)
{
    (void)state;
    struct person writer = people_make(&people, acme, "writer", "operator", "cpu/#");
    assert_int_equal(lines_of(&boss, "cpu,host=a usage=1\ndisk,host=a free=2\n").status, 204);
    for (int i = 0; i < 3; i++) { /* known series as well */
        struct reply reply = lines_of(&writer, "cpu,host=a usage=3\ndisk,host=a free=4\n");
        assert_int_equal(reply.status, 400);
        assert_non_null(memmem(reply.body.at, reply.body.size, "dropped=1", 9));
    }
    assert_int_equal(lines_of(&writer, "disk,host=a free=4\n").status, 403);
    assert_int_equal(lines_of(&viewer, "cpu,host=a usage=5\n").status, 403);
    assert_int_equal(lines_of(&writer, "cpu,host=a usage=6\n").status, 204);
    assert_has(asked(&boss, "GET /v1/points?match=cpu/%23", NULL), "\"value\":6");
    assert_has(asked(&boss, "GET /v1/points?match=disk/%23", NULL), "\"value\":2");
    assert_has(asked(&host, "GET /v1/points?match=cpu/%23", NULL), "\"points\":[]");
}

static void quota(uint64_t values_per_second)
{
    struct command command = people_command_of(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.has = HAS_QUOTAS;
    command.access.number = acme;
    command.access.quotas.values_per_second = values_per_second;
    people_do(&people, &command);
}

static void a_tenant_over_its_quota_is_slowed(void **state)
{
    (void)state;
    static const char three[] = "[{\"path\":\"north/q\",\"value\":1},{\"path\":\"north/q\","
                                "\"value\":2},{\"path\":\"north/q\",\"value\":3}]";
    static const char other[] = "{\"path\":\"main/q\",\"value\":1}";
    quota(4);
    assert_int_equal(status_of(&north, "POST /v1/samples", three), 200);
    struct reply reply = person_ask(&north, "POST /v1/samples", three);
    assert_int_equal(reply.status, 429);
    assert_true(reply_header(&reply, "Retry-After").size > 0);
    assert_int_equal(status_of(&host, "POST /v1/samples", other), 200); /* others are not */
    house_advance(people.house, 2 * NS_PER_S);
    people_follow(&people);
    assert_int_equal(status_of(&north, "POST /v1/samples", three), 200);
    house_advance(people.house, 2 * NS_PER_S);
    people_follow(&people);
    assert_int_equal(lines_of(&boss, "q a=1,b=2,c=3,d=4,e=5,f=6\n").status, 204); /* taken whole */
    reply = lines_of(&boss, "q a=1\n");
    assert_int_equal(reply.status, 429);
    assert_true(reply_header(&reply, "Retry-After").size > 0);
    quota(0);
    assert_int_equal(lines_of(&boss, "q a=1\n").status, 204);
}

/* ---- the lists beside -------------------------------------------------------------------------
 */
static void refusals_are_the_tenants(void **state)
{
    (void)state;
    sample(acme, "north/boiler/name", "\"text\"");
    publisher_init(&people.house->publisher, acme, 1000);
    (void)house_publish(people.house, "south/broken", "{");
    publisher_init(&people.house->publisher, TENANT_MAIN, 1000);
    (void)house_publish(people.house, "main/broken", "{");
    const char *acmes = asked(&boss, "GET /v1/refused", NULL);
    assert_has(acmes, "south/broken");
    assert_has_not(acmes, "main/broken");
    assert_has_not(asked(&host, "GET /v1/refused", NULL), "south/broken");
    assert_int_equal(status_of(&north, "GET /v1/refused", NULL), 403);
    /* The same topic of two tenants: a point shows its own. */
    publisher_init(&people.house->publisher, TENANT_MAIN, 1000);
    (void)house_publish(people.house, "north/boiler", "{");
    assert_has(asked(&host, "GET /v1/points/north/boiler/temp", NULL), "\"refused\":[{");
    assert_has(asked(&boss, "GET /v1/points/north/boiler/temp", NULL), "\"refused\":[]");
}

static void the_servers_own_is_the_hosts(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET /v1/state", "GET /v1/settings", "GET /metrics",
                                        "GET /v1/history"};
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        unsigned status = status_of(&host, lines[i], NULL);
        assert_true(status == 200 || status == 503); /* this house has no history */
        assert_int_equal(status_of(&boss, lines[i], NULL), 403);
        assert_int_equal(status_of(&nobody, lines[i], NULL), 403);
    }
    struct reply reply = person_ask(&host, "GET /metrics", NULL);
    assert_non_null(memmem(reply.body.at, reply.body.size,
                           "mainstem_tenant_points{tenant=\"acme\"} 6",
                           strlen("mainstem_tenant_points{tenant=\"acme\"} 6")));
}

static size_t lines_with(const struct person *person, const char *name)
{
    struct reply reply = person_ask(person, "GET /metrics", NULL);
    const uint8_t *at = reply.body.at, *end = at + reply.body.size;
    size_t count = 0;
    while ((at = memmem(at, (size_t)(end - at), name, strlen(name))) != NULL) {
        at += strlen(name);
        count++;
    }
    return count;
}

static void metrics_tell_a_thousand_tenants(void **state)
{
    (void)state;
    char name[32];
    for (unsigned i = 3; i < 999; i++) { /* main, acme and fire are there */
        sprintf(name, "tenant-%u", i);
        (void)people_tenant(&people, name);
    }
    assert_int_equal(lines_with(&host, "\nmainstem_tenant_points{"), 999);
    (void)people_tenant(&people, "one");
    assert_int_equal(lines_with(&host, "\nmainstem_tenant_points{"), 1000);
    uint32_t late = people_tenant(&people, "two");
    assert_int_equal(lines_with(&host, "\nmainstem_tenant_points{"), 1000);
    assert_int_equal(lines_with(&host, "{tenant=\"two\"}"), 0);
    sample(late, "a", "{\"b\":1,\"c\":2}"); /* those that have points come first */
    assert_int_equal(lines_with(&host, "mainstem_tenant_points{tenant=\"two\"} 2\n"), 1);
    assert_int_equal(lines_with(&host, "mainstem_tenant_points{tenant=\"acme\"} 6\n"), 1);
    assert_int_equal(lines_with(&host, "\nmainstem_tenant_points{"), 1000);
}

/* Whoever brings nothing is nobody; once there are people, there is no trial. */
static void who_is_not_known_gets_nothing(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET /v1/points", "GET /v1/points/north/boiler/temp",
                                        "GET /v1/tree", "GET /v1/events?match=%23"};
    struct person stranger = {.people = &people, .headers = "Authorization: Bearer ms_unknown\r\n"};
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
        assert_int_equal(status_of(&stranger, lines[i], NULL), 401);
}

static void events_of_what_is_hidden_are_not_there(void **state)
{
    (void)state;
    assert_int_equal(status_of(&north, "GET /v1/events?match=south/%23", NULL), 404);
    assert_int_equal(status_of(&north, "GET /v1/events?match=@nowhere/%23", NULL), 404);
    assert_int_equal(status_of(&marshal, "GET /v1/events?match=@acme/north/%23", NULL), 404);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_point_is_there_for_who_sees_it),
        CASE(lists_hold_what_is_seen),
        CASE(pages_end_at_what_is_seen),
        CASE(a_list_ends_with_the_rights_to_it),
        CASE(shares_are_named),
        CASE(the_tree_counts_what_is_seen),
        CASE(hidden_branches_are_unknown),
        CASE(the_tree_holds_who_shows_something),
        CASE(partly_seen_branches_are_counted_up_to_a_bound),
        CASE(commands_need_the_right_to_configure),
        CASE(a_rename_needs_both_paths),
        CASE(a_bulk_is_judged_line_by_line),
        CASE(a_repeated_key_tells_no_hidden_point),
        CASE(commands_carry_who_gave_them),
        CASE(samples_go_where_he_may_write),
        CASE(lines_go_where_he_may_write),
        CASE(a_tenant_over_its_quota_is_slowed),
        CASE(refusals_are_the_tenants),
        CASE(the_servers_own_is_the_hosts),
        CASE(metrics_tell_a_thousand_tenants),
        CASE(who_is_not_known_gets_nothing),
        CASE(events_of_what_is_hidden_are_not_there),
    };
    return cmocka_run_group_tests_name("what is seen", tests, NULL, NULL);
}
