/* Viewers of two tenants with the same paths: what they are told of, and what becomes of it when
 * their rights shrink or their session ends. */
#include "live/test_house.h"

#include "access/access.h"
#include "secrets/secrets.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- who there is -----------------------------------------------------------------------------
 */
static struct house *house;
static struct access *access_room;
static uint32_t acme, fire;

static bool port_audit(void *arg, const struct fact_audit *audit)
{
    (void)arg, (void)audit;
    return true;
}

static bool port_command(void *arg, const struct command *command, uint64_t tag)
{
    (void)arg, (void)command, (void)tag;
    return true;
}

static void rights_settle(void)
{
    house_settle(house);
    while (access_step(access_room, house->clock.boot_ns) == 0)
        continue;
    house_settle(house);
}

static struct command command_of(enum command_kind kind, uint32_t tenant)
{
    return (struct command){
        .kind = (uint8_t)kind, .tenant = tenant, .access = {.expires_wall_ns = INT64_MAX}};
}

static void command_do(const struct command *command)
{
    struct admitted admitted;
    enum admit admit;
    while ((admit = engine_command(house->engine, command, 1, &admitted)) == ADMIT_WAIT)
        house_settle(house);
    assert_int_equal(admit, ADMIT_DONE);
    rights_settle();
}

static uint32_t tenant_make(const char *name)
{
    struct command command = command_of(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.has = HAS_NAME;
    command.access.name = bytes_text(name);
    command_do(&command);
    return access_tenant_find(engine_access(house->engine), bytes_text(name));
}

static void grant(struct command *command, const char *role, const char *branch)
{
    command->access.has |= HAS_GRANTS;
    command->access.grant_count = 1;
    command->access.grants[0] = (struct grant){bytes_text(role), bytes_text(branch)};
}

/* Enters with a token; the hold is the caller's. */
static struct principal *enter(const char *token)
{
    struct principal *principal = NULL;
    uint32_t retry_s;
    const struct access_claim claim = {.how = ACCESS_BEARER,
                                       .door = ACTOR_HTTP,
                                       .secret = bytes_text(token),
                                       .address = "192.0.2.1:1"};
    assert_int_equal(access_enter(access_room, &claim, NULL, NULL, &principal, &retry_s),
                     ACCESS_WELCOME);
    return principal;
}

struct person {
    uint32_t tenant, account;
    char token[SECRET_TOKEN_SIZE];
};

static struct person person_make(uint32_t tenant, const char *name, const char *role,
                                 const char *branch)
{
    struct person person = {.tenant = tenant};
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE], digest[SECRET_DIGEST_SIZE];
    struct secret_token read;
    struct command command = command_of(COMMAND_ACCOUNT_SET, tenant);
    command.access.has = HAS_NAME;
    command.access.account_kind = ACCOUNT_TOKEN;
    command.access.name = bytes_text(name);
    grant(&command, role, branch);
    command_do(&command);
    person.account =
        access_account_find(engine_access(house->engine), tenant, ACCOUNT_TOKEN, bytes_text(name));
    house_random(random, sizeof random);
    secret_token_make(SECRET_TOKEN_API, random, person.token, digest);
    assert_true(secret_token_read(bytes_text(person.token), &read));
    command = command_of(COMMAND_SECRET_ADD, tenant);
    command.access.owner = person.account;
    command.access.secret_kind = SECRET_TOKEN;
    command.access.id = read.id;
    command.access.proof = bytes_of(digest, sizeof digest);
    command_do(&command);
    return person;
}

static void person_regrant(const struct person *person, const char *role, const char *branch)
{
    struct command command = command_of(COMMAND_ACCOUNT_SET, person->tenant);
    command.access.number = person->account;
    grant(&command, role, branch);
    command_do(&command);
}

static void person_remove(const struct person *person)
{
    struct command command = command_of(COMMAND_ACCOUNT_REMOVE, person->tenant);
    command.access.number = person->account;
    command_do(&command);
}

static void share(uint32_t from, uint32_t to, const char *pattern)
{
    struct command command = command_of(COMMAND_SHARE_OFFER, from);
    command.access.other = to;
    command.access.rights = RIGHT_SEE;
    command.access.pattern_count = 1;
    command.access.patterns[0] = bytes_text(pattern);
    command_do(&command);
    command = command_of(COMMAND_SHARE_ACCEPT, to);
    command.access.number = access_shares(engine_access(house->engine));
    command_do(&command);
}

static void share_end(uint32_t from)
{
    struct command command = command_of(COMMAND_SHARE_END, from);
    command.access.number = access_shares(engine_access(house->engine));
    command_do(&command);
}

static void say(uint32_t tenant, const char *topic, const char *payload)
{
    publisher_init(&house->publisher, tenant, 1000000);
    house_say(house, topic, payload);
    house_settle(house);
}

/* ---- a viewer, and what it was told -----------------------------------------------------------
 */
struct listener {
    struct viewer *viewer; /* NULL: ended, or gone */
    char session[LIVE_TOKEN_SIZE], text[1 << 18];
    uint64_t number;
    bool ended;
};

static bool listener_has_room(void *arg)
{
    (void)arg;
    return true;
}

static void listener_take(void *arg, const char *event, uint64_t number, struct bytes text)
{
    struct listener *listener = arg;
    size_t size = strlen(listener->text);
    (void)event;
    assert_true(size + text.size + 2 < sizeof listener->text);
    memcpy(listener->text + size, text.at, text.size);
    strcpy(listener->text + size + text.size, "\n");
    listener->number = number;
}

static void listener_end(void *arg, const char *why)
{
    struct listener *listener = arg;
    assert_true(strlen(why) > 0);
    listener->ended = true;
    listener->viewer = NULL;
}

static const struct live_sink listener_sink = {listener_has_room, listener_take, listener_end};

static void listener_open(struct listener *listener, const struct person *person)
{
    struct principal *principal = enter(person->token);
    memset(listener, 0, sizeof *listener);
    assert_int_equal(
        live_viewer_open(house->live, principal, &listener_sink, listener, &listener->viewer), OK);
    principal_release(principal); /* the viewer holds it */
    memcpy(listener->session, live_viewer_token(listener->viewer), LIVE_TOKEN_SIZE);
}

/* Says it and returns what was told since. */
static const char *listener_say(struct listener *listener, const char *text)
{
    listener->text[0] = '\0';
    live_viewer_receive(house->live, &listener->viewer, bytes_text(text));
    house_settle(house);
    return listener->text;
}

static const char *listener_hear(struct listener *listener)
{
    static char heard[sizeof listener->text];
    house_settle(house);
    strcpy(heard, listener->text);
    listener->text[0] = '\0';
    return heard;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("%s is missing in: %s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("%s stands in: %s", part, text);
}

/* ---- life -------------------------------------------------------------------------------------
 */
static int setup(void **state)
{
    static const struct access_port port = {port_audit, port_command};
    (void)state;
    house = house_create();
    assert_int_equal(secrets_start(), OK);
    const struct access_config config = {.settings = &house->settings,
                                         .model = engine_access(house->engine),
                                         .clock = &house->clock.port,
                                         .port = &port,
                                         .random = house_random};
    assert_int_equal(access_create(&config, &access_room), OK);
    live_destroy(house->live);
    const struct live_config live = {.settings = &house->settings,
                                     .engine = house->engine,
                                     .space = house->space,
                                     .access = access_room,
                                     .random = house_random};
    assert_int_equal(live_create(&live, &house->live), OK);
    acme = tenant_make("acme");
    fire = tenant_make("fire");
    say(TENANT_MAIN, "north/temp", "1");
    say(acme, "north/temp", "2");
    say(acme, "north/level", "3");
    say(acme, "south/temp", "4");
    say(acme, "hall/smoke", "5");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    struct live *live = house->live;
    house->live = NULL;
    live_destroy(live);
    access_destroy(access_room);
    house_destroy(house);
    return 0;
}

/* ---- what is told -----------------------------------------------------------------------------
 */
static void each_sees_his_own(void **state)
{
    (void)state;
    struct person boss = person_make(acme, "boss", "viewer", "#");
    struct person north = person_make(acme, "north", "viewer", "north/#");
    struct person other = person_make(fire, "other", "viewer", "#");
    struct listener all, some, none;
    listener_open(&all, &boss);
    listener_open(&some, &north);
    listener_open(&none, &other);
    static const char everything[] = "{\"op\":\"subscribe\",\"id\":1,\"match\":\"#\"}";
    const char *told = listener_say(&all, everything);
    assert_has(told, "\"path\":\"south/temp\"");
    assert_has(told, "\"value\":2");
    assert_has_not(told, "\"value\":1");
    told = listener_say(&some, everything);
    assert_has(told, "\"path\":\"north/temp\"");
    assert_has(told, "\"path\":\"north/level\"");
    assert_has_not(told, "south");
    assert_has_not(told, "hall");
    told = listener_say(&none, everything);
    assert_has(told, "\"points\":[]");
    /* Values, and points that come. */
    all.text[0] = some.text[0] = none.text[0] = '\0';
    say(acme, "south/temp", "41");
    say(acme, "south/new", "42");
    say(acme, "north/temp", "43");
    say(acme, "north/new", "44");
    say(TENANT_MAIN, "north/temp", "45");
    told = listener_hear(&all);
    assert_has(told, "41");
    assert_has(told, "\"path\":\"south/new\"");
    told = listener_hear(&some);
    assert_has(told, "43");
    assert_has(told, "\"path\":\"north/new\"");
    assert_has_not(told, "41");
    assert_has_not(told, "south");
    assert_has_not(told, "45");
    assert_string_equal(listener_hear(&none), "");
}

static void a_tenant_has_a_quarter_of_the_places(void **state)
{
    (void)state;
    struct person boss = person_make(acme, "boss", "viewer", "#");
    struct person other = person_make(fire, "other", "viewer", "#");
    struct listener first, second, third;
    struct viewer *viewer = NULL;
    house->settings.http_viewers = 8;
    listener_open(&first, &boss);
    listener_open(&second, &boss);
    struct principal *principal = enter(boss.token);
    assert_int_equal(live_viewer_open(house->live, principal, &listener_sink, &third, &viewer),
                     ERR_LIMIT);
    principal_release(principal);
    listener_open(&third, &other); /* nobody else's are gone */
}

static void what_cannot_be_seen_is_unknown(void **state)
{
    (void)state;
    struct person north = person_make(acme, "north", "viewer", "north/#");
    struct listener listener;
    listener_open(&listener, &north);
    static const char *const hidden[] = {
        "{\"op\":\"subscribe\",\"id\":1,\"match\":\"south/#\"}",
        "{\"op\":\"subscribe\",\"id\":1,\"match\":\"never/#\"}",
        "{\"op\":\"subscribe\",\"id\":1,\"match\":\"@main/#\"}",
        "{\"op\":\"subscribe\",\"id\":1,\"match\":\"@nowhere/#\"}",
        "{\"op\":\"subscribe\",\"id\":1,\"match\":[\"north/#\",\"south/#\"]}"};
    for (size_t i = 0; i < ARRAY_COUNT(hidden); i++) {
        const char *told = listener_say(&listener, hidden[i]);
        assert_has(told, "\"code\":\"unknown_point\"");
        assert_has(told, LIVE_HIDDEN);
    }
    assert_has(listener_say(&listener, "{\"op\":\"subscribe\",\"id\":1,\"match\":\"north/#\"}"),
               "\"snapshot\"");
}

static void shares_are_told_by_name(void **state)
{
    (void)state;
    share(acme, fire, "hall/#");
    struct person marshal = person_make(fire, "marshal", "viewer", "#");
    struct listener listener;
    listener_open(&listener, &marshal);
    const char *told =
        listener_say(&listener, "{\"op\":\"subscribe\",\"id\":1,\"match\":\"@acme/#\"}");
    assert_has(told, "\"path\":\"@acme/hall/smoke\"");
    assert_has_not(told, "north");
    listener_hear(&listener);
    say(acme, "hall/heat", "6");
    say(acme, "south/heat", "7");
    told = listener_hear(&listener);
    assert_has(told, "\"path\":\"@acme/hall/heat\"");
    assert_has_not(told, "south");
    share_end(acme);
    told = listener_hear(&listener);
    assert_has(told, "\"op\":\"removed\"");
    assert_has(told, "\"code\":\"rights\"");
    say(acme, "hall/smoke", "8");
    assert_string_equal(listener_hear(&listener), "");
}

/* ---- rights that shrink -----------------------------------------------------------------------
 */
static void points_go_with_the_right_to_them(void **state)
{
    (void)state;
    struct person person = person_make(acme, "person", "viewer", "#");
    struct live_counters counters;
    struct listener listener;
    listener_open(&listener, &person);
    (void)listener_say(&listener, "{\"op\":\"subscribe\",\"id\":1,\"match\":\"#\"}");
    (void)listener_say(&listener, "{\"op\":\"subscribe\",\"id\":2,\"match\":\"south/#\"}");
    person_regrant(&person, "viewer", "north/#");
    const char *told = listener_hear(&listener);
    assert_has(told, "\"op\":\"removed\"");
    assert_has(told, "\"code\":\"rights\",\"id\":2");
    assert_has_not(told, "\"code\":\"rights\",\"id\":1");
    live_describe(house->live, &counters);
    assert_int_equal(counters.points, 2);
    assert_int_equal(counters.subscriptions, 1);
    assert_int_equal(counters.revoked, 2);
    say(acme, "south/temp", "51");
    say(acme, "south/late", "52");
    assert_string_equal(listener_hear(&listener), "");
    say(acme, "north/temp", "53");
    assert_has(listener_hear(&listener), "53");
    /* What he may see in addition comes with his next subscription. */
    person_regrant(&person, "viewer", "#");
    assert_has(listener_say(&listener, "{\"op\":\"subscribe\",\"id\":3,\"match\":\"south/#\"}"),
               "\"path\":\"south/late\"");
}

/* Nothing that changed meanwhile is told before all was judged, however many points there are. */
static void nothing_slips_out_while_judging(void **state)
{
    (void)state;
    char payload[8192], topic[32];
    struct person person = person_make(acme, "person", "viewer", "#");
    struct listener listener;
    for (unsigned row = 0; row < 20; row++) { /* many pieces of judging */
        strcpy(payload, "{");
        for (unsigned i = 0; i < 200; i++)
            sprintf(payload + strlen(payload), "%s\"m%u\":1", i > 0 ? "," : "", i);
        strcat(payload, "}");
        sprintf(topic, "south/row-%u", row);
        say(acme, topic, payload);
    }
    listener_open(&listener, &person);
    for (const char *text = "{\"op\":\"subscribe\",\"id\":1,\"match\":\"south/#\"}"; text != NULL;
         text = NULL) {
        live_viewer_receive(house->live, &listener.viewer, bytes_text(text));
        for (int i = 0; i < 1000; i++) {
            (void)live_step(house->live, house->clock.boot_ns);
            listener.text[0] = '\0';
        }
    }
    struct command command = command_of(COMMAND_ACCOUNT_SET, acme);
    struct admitted admitted;
    command.access.number = person.account;
    grant(&command, "viewer", "north/#");
    assert_int_equal(engine_command(house->engine, &command, 1, &admitted), ADMIT_DONE);
    while (engine_durable_ticket(house->engine) < admitted.ticket)
        (void)engine_step(house->engine);
    while (access_step(access_room, house->clock.boot_ns) == 0)
        continue;
    publisher_init(&house->publisher, acme, 1000000);
    assert_int_equal(engine_publish(house->engine, &house->publisher, bytes_text("south/row-19"),
                                    bytes_text("{\"m199\":987654}"), &admitted),
                     ADMIT_DONE);
    while (engine_durable_ticket(house->engine) < admitted.ticket)
        (void)engine_step(house->engine);
    int steps = 0;
    while (!strstr(listener.text, "\"code\":\"rights\"")) {
        assert_true(steps++ < 1000);
        (void)live_step(house->live, house->clock.boot_ns);
        assert_has_not(listener.text, "987654");
        assert_has_not(listener.text, "\"delta\"");
        if (!strstr(listener.text, "\"code\":\"rights\""))
            listener.text[0] = '\0';
    }
    assert_true(steps > 1); /* a bounded piece a step */
}

static void a_session_that_ends_ends_its_viewer(void **state)
{
    (void)state;
    struct person person = person_make(acme, "person", "viewer", "#");
    struct live_counters counters;
    struct listener here, away;
    listener_open(&here, &person);
    listener_open(&away, &person);
    (void)listener_say(&here, "{\"op\":\"subscribe\",\"id\":1,\"match\":\"#\"}");
    (void)listener_say(&away, "{\"op\":\"subscribe\",\"id\":1,\"match\":\"#\"}");
    live_viewer_detach(house->live, away.viewer, true);
    here.text[0] = '\0';
    person_remove(&person);
    say(acme, "north/temp", "61");
    assert_true(here.ended);
    assert_has_not(here.text, "61");
    live_describe(house->live, &counters);
    assert_int_equal(counters.viewers + counters.viewers_away, 0);
}

/* ---- coming back ------------------------------------------------------------------------------
 */
static enum err come_back(struct listener *listener, const struct person *person, uint64_t number)
{
    struct principal *principal = enter(person->token);
    enum err err = live_viewer_return(house->live, principal, bytes_text(listener->session), number,
                                      &listener_sink, listener, &listener->viewer);
    principal_release(principal);
    return err;
}

static void a_session_is_gone_on_with_by_its_account_alone(void **state)
{
    (void)state;
    struct person person = person_make(acme, "person", "viewer", "#");
    struct person colleague = person_make(acme, "colleague", "viewer", "#");
    struct listener listener;
    listener_open(&listener, &person);
    (void)listener_say(&listener, "{\"op\":\"subscribe\",\"id\":1,\"match\":\"#\"}");
    uint64_t number = listener.number;
    live_viewer_detach(house->live, listener.viewer, true);
    listener.viewer = NULL;
    assert_int_equal(come_back(&listener, &colleague, number), ERR_MISSING);
    struct listener other;
    char text[256];
    listener_open(&other, &colleague);
    snprintf(text, sizeof text, "{\"op\":\"resume\",\"session\":\"%s\",\"seq\":%llu}",
             listener.session, (unsigned long long)number);
    assert_has(listener_say(&other, text), "\"op\":\"gone\"");
    listener.text[0] = '\0';
    assert_int_equal(come_back(&listener, &person, number), OK);
    say(acme, "south/temp", "71");
    assert_has(listener_hear(&listener), "71");
}

/* What he lost while he was away is gone when he comes back, and he is told so. */
static void rights_that_shrank_meanwhile(void **state)
{
    (void)state;
    struct person person = person_make(acme, "person", "viewer", "#");
    struct listener listener;
    listener_open(&listener, &person);
    (void)listener_say(&listener, "{\"op\":\"subscribe\",\"id\":1,\"match\":\"#\"}");
    uint64_t number = listener.number;
    live_viewer_detach(house->live, listener.viewer, true);
    listener.viewer = NULL;
    person_regrant(&person, "viewer", "north/#");
    say(acme, "south/temp", "81");
    say(acme, "north/temp", "82");
    listener.text[0] = '\0';
    assert_int_equal(come_back(&listener, &person, number), OK);
    const char *told = listener_hear(&listener);
    assert_has(told, "\"op\":\"removed\"");
    assert_has(told, "82");
    assert_has_not(told, "81");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_sees_his_own),
        CASE(a_tenant_has_a_quarter_of_the_places),
        CASE(what_cannot_be_seen_is_unknown),
        CASE(shares_are_told_by_name),
        CASE(points_go_with_the_right_to_them),
        CASE(nothing_slips_out_while_judging),
        CASE(a_session_that_ends_ends_its_viewer),
        CASE(a_session_is_gone_on_with_by_its_account_alone),
        CASE(rights_that_shrank_meanwhile),
    };
    return cmocka_run_group_tests_name("live rights", tests, NULL, NULL);
}
