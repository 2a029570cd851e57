/* Who is here, who may come in, and how each way of taking it back ends or shrinks him. */
#include "access/test_house.h"

static struct house house;
static char token[SECRET_TOKEN_SIZE];

struct watcher {
    struct principal_watch watch;
    int told;
};

static void watcher_told(void *arg)
{
    struct watcher *watcher = arg;
    watcher->told++;
}

static bool is_ended(const struct principal *principal)
{
    struct principal_view view;
    principal_view(principal, &view);
    return view.ended;
}

/* ---- trial and owner ---------------------------------------------------------------------------
 */
static void test_trial_until_there_is_a_host(void **state)
{
    (void)state;
    house_open(&house, NULL);
    struct principal *principal;
    struct access_claim claim = house_claim(ACCESS_ANONYMOUS, "", "");
    assert_true(access_is_trial(house.access));
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_DENIED);
    claim.loopback = true;
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_WELCOME);
    assert_true(may(principal, RIGHT_ADMINISTER, 5, "$tenant/users"));
    struct pattern pattern;
    assert_null(pattern_parse(bytes_text("#"), &pattern));
    assert_int_equal(access_reach(principal, RIGHT_WRITE, 9, &pattern), REACH_ALL);
    struct principal_view view;
    principal_view(principal, &view);
    assert_true(view.trial && !view.owner && view.account == ACCOUNT_NONE);
    struct watcher watcher = {.told = 0};
    principal_watch(principal, &watcher.watch, watcher_told, &watcher);
    house_host(&house);
    assert_false(access_is_trial(house.access));
    assert_int_equal(watcher.told, 1);
    assert_true(is_ended(principal));
    assert_false(may(principal, RIGHT_SEE, 1, "a"));
    struct principal *again;
    assert_int_equal(house_enter(&house, &claim, &again), ACCESS_DENIED);
    principal_unwatch(&watcher.watch);
    principal_release(principal);
    house_close(&house);
}

static void test_the_owner_may_all_at_any_time(void **state)
{
    (void)state;
    house_open(&house, NULL);
    house_host(&house);
    struct principal *principal;
    struct access_claim claim = house_claim(ACCESS_OWNER, "", "");
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_WELCOME);
    assert_true(may(principal, RIGHT_ADMINISTER, TENANT_MAIN, "$server/state"));
    assert_true(may(principal, RIGHT_WRITE, 77, "x"));
    principal_release(principal);
    assert_false(may(NULL, RIGHT_SEE, TENANT_MAIN, "x"));
    house_close(&house);
}

/* ---- tokens ------------------------------------------------------------------------------------
 */
static void test_tokens(void **state)
{
    (void)state;
    house_open(&house, NULL);
    house_host(&house);
    uint32_t acme = house_tenant(&house, "acme");
    uint32_t account =
        house_account(&house, acme, ACCOUNT_DEVICE, "press-7", "operator", "north/#");
    uint32_t secret = house_token(&house, acme, account, token);
    house_step(&house);
    struct principal *principal = house_enter_token(&house, token, "");
    assert_non_null(principal);
    assert_true(may(principal, RIGHT_WRITE, acme, "north/boiler"));
    assert_true(may(principal, RIGHT_WRITE, acme, "north"));
    assert_false(may(principal, RIGHT_WRITE, acme, "south/boiler"));
    assert_false(may(principal, RIGHT_CONFIGURE, acme, "north/boiler"));
    assert_false(may(principal, RIGHT_SEE, TENANT_MAIN, "north/boiler"));
    assert_false(may(principal, RIGHT_SEE, acme, "$tenant/users"));
    struct principal_view view;
    principal_view(principal, &view);
    assert_string_equal(view.name, "device press-7@acme");
    assert_string_equal(view.tenant_name, "acme");
    assert_true(view.tenant == acme && view.account == account && view.secret == secret);
    int64_t wall_ns;
    const char *address;
    assert_true(access_last_use(house.access, secret, &wall_ns, &address));
    assert_true(wall_ns == house.clock.wall_ns);
    assert_string_equal(address, "192.0.2.1:5000");
    assert_false(access_last_use(house.access, secret + 1, &wall_ns, &address));
    principal_release(principal);
    /* Every changed character is a forgery. */
    for (size_t i = 0; i < SECRET_TOKEN_LENGTH; i++) {
        char forged[SECRET_TOKEN_SIZE];
        memcpy(forged, token, sizeof forged);
        forged[i] = forged[i] == 'x' ? 'y' : 'x';
        assert_null(house_enter_token(&house, forged, ""));
    }
    assert_null(house_enter_token(&house, "", ""));
    house_close(&house);
}

/* The form and the id of a token, with another secret: only the hash can tell. */
static void test_forged_tokens(void **state)
{
    (void)state;
    house_open(&house, NULL);
    house_host(&house);
    uint32_t account = house_account(&house, 1, ACCOUNT_DEVICE, "dev", "operator", "#");
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE], digest[SECRET_DIGEST_SIZE];
    char forged[SECRET_TOKEN_SIZE];
    struct secret_token read;
    house_random(random, sizeof random);
    secret_token_make(SECRET_TOKEN_DEVICE, random, token, digest);
    assert_true(secret_token_read(bytes_text(token), &read));
    house_secret(&house, 1, account, SECRET_TOKEN, read.id, bytes_of(digest, sizeof digest));
    house_step(&house);
    random[SECRET_TOKEN_RANDOM_SIZE - 1] ^= 1;
    secret_token_make(SECRET_TOKEN_DEVICE, random, forged, digest);
    assert_memory_equal(forged, token, 16); /* kind and id */
    assert_null(house_enter_token(&house, forged, ""));
    struct principal *principal = house_enter_token(&house, token, "");
    assert_non_null(principal);
    principal_release(principal);
    house_close(&house);
}

static void test_a_token_as_password(void **state)
{
    (void)state;
    house_open(&house, NULL);
    house_host(&house);
    uint32_t acme = house_tenant(&house, "acme");
    uint32_t account = house_account(&house, acme, ACCOUNT_DEVICE, "dev", "operator", "#");
    house_token(&house, acme, account, token);
    house_step(&house);
    static const struct {
        const char *name;
        bool enters;
    } cases[] = {{"dev@acme", true}, {"dev", true},       {"", true},         {"dev@main", false},
                 {"dex", false},     {"dev@none", false}, {"dev@acm", false}, {"@acme", false}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct principal *principal;
        struct access_claim claim = house_claim(ACCESS_PASSWORD, cases[i].name, token);
        enum access_answer answer = house_enter(&house, &claim, &principal);
        if ((answer == ACCESS_WELCOME) != cases[i].enters)
            fail_msg("%s", cases[i].name);
        principal_release(principal);
    }
    house_close(&house);
}

static void test_certificates(void **state)
{
    (void)state;
    house_open(&house, NULL);
    house_host(&house);
    uint32_t account = house_account(&house, 1, ACCOUNT_DEVICE, "dev", "operator", "#");
    static const uint8_t fingerprint[32] = {7}, other[32] = {8};
    house_secret(&house, 1, account, SECRET_CERTIFICATE, bytes_of(fingerprint, 32),
                 bytes_of("", 0));
    house_secret(&house, 1, account, SECRET_CERTIFICATE, bytes_text("CN=dev"), bytes_of("", 0));
    house_step(&house);
    struct principal *principal;
    struct access_claim claim = house_claim(ACCESS_PEER, "", "");
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_DENIED);
    claim.fingerprint = bytes_of(other, 32);
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_DENIED);
    claim.common_name = bytes_text("dev");
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_WELCOME);
    principal_release(principal);
    claim.common_name = bytes_text("dex");
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_DENIED);
    claim.fingerprint = bytes_of(fingerprint, 32);
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_WELCOME);
    /* Its certificates are taken away: whoever came by one of them is out with the next step. */
    struct principal_view view;
    struct command removal = house_command(COMMAND_SECRET_REMOVE, 1);
    removal.access.owner = account;
    removal.access.secret_kind = SECRET_CERTIFICATE;
    principal_view(principal, &view);
    assert_false(view.ended);
    house_do(&house, &removal);
    house_step(&house);
    principal_view(principal, &view);
    assert_true(view.ended);
    principal_release(principal);
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_DENIED);
    static char longest[SECRET_ID_MAX + 1];
    memset(longest, 'x', sizeof longest);
    claim.fingerprint = bytes_of(longest, sizeof longest);
    claim.common_name = bytes_of(longest, sizeof longest);
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_DENIED);
    house_close(&house);
}

static uint32_t certified(const char *tenant_name, const char *common_name,
                          const uint8_t fingerprint[32])
{
    uint32_t tenant = house_tenant(&house, tenant_name);
    uint32_t account = house_account(&house, tenant, ACCOUNT_DEVICE, "press", "operator", "#");
    if (common_name != NULL)
        house_secret(&house, tenant, account, SECRET_CERTIFICATE, bytes_text(common_name),
                     bytes_of("", 0));
    house_secret(&house, tenant, account, SECRET_CERTIFICATE, bytes_of(fingerprint, 32),
                 bytes_of("", 0));
    return tenant;
}

/* No tenant has another's certificates by saying that they are its own. */
static void test_certificates_are_a_tenants(void **state)
{
    (void)state;
    house_open(&house, NULL);
    struct fact start = {.kind = FACT_START, .start = {.reducer_version = ACCESS_RULES_2}};
    check(access_apply_fact(house.model, house.points, &start, &house.stamp, NULL,
                            &house.outcome) == OK);
    house_host(&house);
    static const uint8_t fingerprint[32] = {7};
    uint32_t acme = certified("acme", "CN=press@acme", fingerprint);
    uint32_t bolt = certified("bolt", NULL, fingerprint); /* claims what is acme's */
    house_step(&house);
    static const struct {
        const char *name, *common_name;
        int tenant; /* 0: nobody's; 1: acme; 2: bolt */
        bool fingerprint;
    } cases[] = {
        {"", "press@acme", 1, true},      {"press@bolt", "press@acme", 1, true},
        {"", "press@acme", 1, false},     {"", "press@bolt", 2, true},
        {"", "press@bolt", 0, false},     {"", "press", 0, true},
        {"", "press", 0, false},          {"press@acme", "press", 1, true},
        {"press@bolt", "press", 2, true}, {"press", "press", 0, true},
        {"", "press@nobody", 0, true},    {"", "", 0, true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct principal *principal;
        struct access_claim claim = house_claim(ACCESS_PEER, cases[i].name, "");
        claim.common_name = bytes_text(cases[i].common_name);
        if (cases[i].fingerprint)
            claim.fingerprint = bytes_of(fingerprint, 32);
        enum access_answer answer = house_enter(&house, &claim, &principal);
        uint32_t tenant = cases[i].tenant == 0 ? 0 : cases[i].tenant == 1 ? acme : bolt;
        if ((answer == ACCESS_WELCOME) != (tenant != 0) ||
            (tenant != 0 && principal_tenant(principal) != tenant))
            fail_msg("case %zu", i);
        principal_release(principal);
    }
    house_close(&house);
}

/* A client id that is a device's name is that device's. */
static void test_client_ids_of_devices(void **state)
{
    (void)state;
    char press[SECRET_TOKEN_SIZE], saw[SECRET_TOKEN_SIZE], far[SECRET_TOKEN_SIZE];
    house_open(&house, NULL);
    house_host(&house);
    uint32_t acme = house_tenant(&house, "acme");
    uint32_t a = house_account(&house, 1, ACCOUNT_DEVICE, "press", "operator", "#");
    uint32_t b = house_account(&house, 1, ACCOUNT_DEVICE, "saw", "operator", "#");
    uint32_t c = house_account(&house, acme, ACCOUNT_DEVICE, "saw", "operator", "#");
    house_token(&house, 1, a, press);
    house_token(&house, 1, b, saw);
    house_token(&house, acme, c, far);
    house_step(&house);
    struct principal *one = house_enter_token(&house, press, "press"),
                     *other = house_enter_token(&house, saw, "x"),
                     *foreign = house_enter_token(&house, far, "x");
    assert_true(access_may_be_client(one, bytes_text("press")));
    assert_false(access_may_be_client(one, bytes_text("saw")));
    assert_false(access_may_be_client(other, bytes_text("press")));
    assert_true(access_may_be_client(other, bytes_text("saw")));
    assert_true(access_may_be_client(other, bytes_text("presses")));
    assert_true(access_may_be_client(other, bytes_of("", 0)));
    assert_true(access_may_be_client(foreign, bytes_text("press"))); /* no such device there */
    principal_release(one);
    principal_release(other);
    principal_release(foreign);
    house_close(&house);
}

/* ---- taking back -------------------------------------------------------------------------------
 */
enum loss { LOSS_ENDED, LOSS_LESS, LOSS_NOTHING };
struct taking {
    const char *name;
    enum loss loss;
    void (*take)(uint32_t tenant, uint32_t account, uint32_t secret);
};

static void take_disable(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)secret;
    house_account_state(&house, tenant, account, ACCOUNT_DISABLED);
}

static void take_remove(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)secret;
    struct command command = house_command(COMMAND_ACCOUNT_REMOVE, tenant);
    command.access.number = account;
    house_do(&house, &command);
}

static void take_secret(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)account;
    house_secret_remove(&house, tenant, secret);
}

static void take_all_secrets(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)secret;
    struct command command = house_command(COMMAND_SECRET_REMOVE, tenant);
    command.access.owner = account;
    command.access.secret_kind = SECRET_TOKEN;
    house_do(&house, &command);
}

static void take_suspend(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)account;
    (void)secret;
    house_tenant_state(&house, tenant, TENANT_SUSPENDED);
}

static void take_delete(uint32_t tenant, uint32_t account, uint32_t secret)
{
    take_suspend(tenant, account, secret);
    house_tenant_state(&house, tenant, TENANT_DELETED);
}

static void take_expire(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)secret;
    struct command command = house_command(COMMAND_ACCOUNT_SET, tenant);
    command.access.number = account;
    command.access.has = HAS_EXPIRY;
    command.access.expires_wall_ns = house.clock.wall_ns + 10 * NS_PER_S;
    house_do(&house, &command);
    house_step(&house);
    house_pass(&house, 10 * NS_PER_S);
}

static void take_grant(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)secret;
    house_grant(&house, tenant, account, NULL, NULL);
}

static void take_narrower(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)secret;
    house_grant(&house, tenant, account, "mine", "site/a/b/#");
}

static void take_role(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)account;
    (void)secret;
    house_role(&house, tenant, "mine", "other/#", RIGHT_SEE);
}

static void take_share(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)account;
    (void)secret;
    house_share_end(&house, tenant, 1);
}

static void take_giver(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)tenant;
    (void)account;
    (void)secret;
    house_tenant_state(&house, 3, TENANT_SUSPENDED);
}

/* Renamed with rights taken, and the name given to another at once. */
static void take_behind_a_name(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)secret;
    struct command command = house_command(COMMAND_ACCOUNT_SET, tenant);
    command.access.number = account;
    command.access.has = HAS_NAME | HAS_STATE;
    command.access.name = bytes_text("renamed");
    command.access.state = ACCOUNT_DISABLED;
    house_do(&house, &command);
    house_account(&house, tenant, ACCOUNT_DEVICE, "dev", "operator", "#");
}

/* By somebody whom the audit does not name. */
static void take_unaudited(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)secret;
    struct command command = house_command(COMMAND_ACCOUNT_SET, tenant);
    command.actor = (struct actor){.door = ACTOR_NONE};
    command.access.number = account;
    command.access.has = HAS_STATE;
    command.access.state = ACCOUNT_DISABLED;
    house_do(&house, &command);
}

static void take_from_another(uint32_t tenant, uint32_t account, uint32_t secret)
{
    (void)account;
    (void)secret;
    uint32_t other = house_account(&house, tenant, ACCOUNT_DEVICE, "other", "mine", "#");
    house_account_state(&house, tenant, other, ACCOUNT_DISABLED);
}

static const struct taking takings[] = {
    {"disable", LOSS_ENDED, take_disable},
    {"remove", LOSS_ENDED, take_remove},
    {"secret", LOSS_ENDED, take_secret},
    {"all secrets", LOSS_ENDED, take_all_secrets},
    {"suspend", LOSS_ENDED, take_suspend},
    {"delete", LOSS_ENDED, take_delete},
    {"expire", LOSS_ENDED, take_expire},
    {"behind a name", LOSS_ENDED, take_behind_a_name},
    {"unaudited", LOSS_ENDED, take_unaudited},
    {"grant", LOSS_LESS, take_grant},
    {"narrower branch", LOSS_LESS, take_narrower},
    {"role", LOSS_LESS, take_role},
    {"share", LOSS_LESS, take_share},
    {"giver", LOSS_LESS, take_giver},
    {"another's", LOSS_NOTHING, take_from_another},
};

static void taken_back(const struct taking *taking)
{
    house_open(&house, NULL);
    house_host(&house);
    uint32_t acme = house_tenant(&house, "acme"), giver = house_tenant(&house, "giver");
    assert_int_equal(giver, 3);
    house_role(&house, acme, "mine", "#", RIGHT_SEE | RIGHT_WRITE);
    assert_int_equal(house_share(&house, giver, acme, "fire/#", RIGHT_SEE), 1);
    uint32_t account = house_account(&house, acme, ACCOUNT_DEVICE, "dev", "mine", "#");
    uint32_t secret = house_token(&house, acme, account, token);
    house_step(&house);
    struct principal *principal = house_enter_token(&house, token, "");
    assert_non_null(principal);
    assert_true(may(principal, RIGHT_SEE, acme, "site/a"));
    assert_true(may(principal, RIGHT_SEE, giver, "fire/1"));
    uint64_t generation = principal_generation(principal);
    struct watcher watcher = {.told = 0};
    principal_watch(principal, &watcher.watch, watcher_told, &watcher);
    taking->take(acme, account, secret);
    house_step(&house);
    bool lost = taking->loss != LOSS_NOTHING;
    if ((watcher.told > 0) != lost || is_ended(principal) != (taking->loss == LOSS_ENDED))
        fail_msg("%s: told %d, ended %d", taking->name, watcher.told, is_ended(principal));
    assert_true((principal_generation(principal) != generation) == lost);
    if (may(principal, RIGHT_SEE, acme, "site/a") && may(principal, RIGHT_SEE, giver, "fire/1"))
        assert_false(lost);
    struct principal *again = house_enter_token(&house, token, "");
    assert_true((again == NULL) == (taking->loss == LOSS_ENDED));
    principal_release(again);
    principal_unwatch(&watcher.watch);
    principal_release(principal);
    house_close(&house);
}

static void test_every_way_to_take_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(takings); i++)
        taken_back(&takings[i]);
}

static void test_more_rights_tell_nobody(void **state)
{
    (void)state;
    house_open(&house, NULL);
    house_host(&house);
    uint32_t account = house_account(&house, 1, ACCOUNT_DEVICE, "dev", "viewer", "a/#");
    house_token(&house, 1, account, token);
    struct principal *principal = house_enter_token(&house, token, "");
    struct watcher watcher = {.told = 0};
    principal_watch(principal, &watcher.watch, watcher_told, &watcher);
    uint64_t generation = principal_generation(principal);
    struct command command = house_command(COMMAND_ACCOUNT_SET, 1);
    command.access.number = account;
    command.access.has = HAS_GRANTS;
    command.access.grant_count = 2;
    command.access.grants[0] = (struct grant){bytes_text("viewer"), bytes_text("b/#")};
    command.access.grants[1] = (struct grant){bytes_text("operator"), bytes_text("a/#")};
    house_do(&house, &command);
    house_step(&house);
    assert_int_equal(watcher.told, 0);
    assert_true(principal_generation(principal) > generation);
    assert_true(may(principal, RIGHT_WRITE, 1, "a/x"));
    principal_unwatch(&watcher.watch);
    principal_release(principal);
    house_close(&house);
}

/* Watchers that release the principals while they are told. */
struct leaver {
    struct principal_watch watch;
    struct principal *principal;
};

static void leaver_told(void *arg)
{
    struct leaver *leaver = arg;
    principal_unwatch(&leaver->watch);
    principal_release(leaver->principal);
    leaver->principal = NULL;
}

static void leavers_enter(struct leaver *leavers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        leavers[i].principal = house_enter_token(&house, token, "");
        assert_non_null(leavers[i].principal);
        principal_watch(leavers[i].principal, &leavers[i].watch, leaver_told, &leavers[i]);
    }
}

static void test_those_told_may_leave(void **state)
{
    (void)state;
    struct leaver leavers[100];
    house_open(&house, NULL);
    house_host(&house);
    uint32_t acme = house_tenant(&house, "acme"), giver = house_tenant(&house, "giver");
    uint32_t account = house_account(&house, acme, ACCOUNT_DEVICE, "dev", "viewer", "#");
    uint32_t secret = house_token(&house, acme, account, token);
    for (int round = 0; round < 3; round++) {
        uint32_t share = house_share(&house, giver, acme, "#", RIGHT_SEE);
        house_step(&house);
        leavers_enter(leavers, ARRAY_COUNT(leavers));
        if (round == 0)
            house_share_end(&house, giver, share);
        else if (round == 1)
            house_tenant_state(&house, acme, TENANT_SUSPENDED);
        else
            house_secret_remove(&house, acme, secret);
        house_step(&house);
        for (size_t i = 0; i < ARRAY_COUNT(leavers); i++)
            assert_null(leavers[i].principal);
        if (round == 1)
            house_tenant_state(&house, acme, TENANT_ACTIVE);
    }
    struct access_counters counters;
    access_describe(house.access, &counters);
    assert_int_equal(counters.principals, 0);
    house_close(&house);
}

/* An API token of a person who may not come in any more. */
static void test_tokens_go_with_their_person(void **state)
{
    (void)state;
    house_open(&house, NULL);
    house_host(&house);
    uint32_t acme = house_tenant(&house, "acme");
    const uint32_t homes[] = {acme, TENANT_MAIN};
    for (size_t i = 0; i < ARRAY_COUNT(homes); i++) {
        uint32_t ann = house_account(&house, homes[i], ACCOUNT_PERSON, "ann", "viewer", "#");
        struct command command = house_command(COMMAND_ACCOUNT_SET, acme);
        command.access.has = HAS_NAME;
        command.access.account_kind = ACCOUNT_TOKEN;
        command.access.name = bytes_text(i == 0 ? "backup" : "other");
        command.access.owner = ann;
        uint32_t account = house_do(&house, &command);
        house_token(&house, acme, account, token);
        house_step(&house);
        struct principal *principal = house_enter_token(&house, token, "");
        assert_non_null(principal);
        house_account_state(&house, homes[i], ann, ACCOUNT_DISABLED);
        house_step(&house);
        assert_true(is_ended(principal));
        assert_null(house_enter_token(&house, token, ""));
        principal_release(principal);
    }
    house_close(&house);
}

static void test_secrets_that_expire(void **state)
{
    (void)state;
    house_open(&house, NULL);
    house_host(&house);
    struct principal *principals[20];
    uint32_t account = house_account(&house, 1, ACCOUNT_DEVICE, "dev", "viewer", "#");
    for (size_t i = 0; i < ARRAY_COUNT(principals); i++) {
        uint8_t random[SECRET_TOKEN_RANDOM_SIZE], digest[SECRET_DIGEST_SIZE];
        struct secret_token read;
        house_random(random, sizeof random);
        secret_token_make(SECRET_TOKEN_DEVICE, random, token, digest);
        assert_true(secret_token_read(bytes_text(token), &read));
        struct command command = house_command(COMMAND_SECRET_ADD, 1);
        command.access.owner = account;
        command.access.secret_kind = SECRET_TOKEN;
        command.access.id = read.id;
        command.access.proof = bytes_of(digest, sizeof digest);
        command.access.expires_wall_ns =
            house.clock.wall_ns + (int64_t)(1 + i * 7 % ARRAY_COUNT(principals)) * NS_PER_S;
        house_do(&house, &command);
        house_step(&house);
        principals[i] = house_enter_token(&house, token, "");
        assert_non_null(principals[i]);
    }
    for (size_t second = 0; second <= ARRAY_COUNT(principals); second++) {
        for (size_t i = 0; i < ARRAY_COUNT(principals); i++)
            assert_true(is_ended(principals[i]) == (1 + i * 7 % ARRAY_COUNT(principals) <= second));
        house_pass(&house, NS_PER_S);
    }
    for (size_t i = 0; i < ARRAY_COUNT(principals); i++)
        principal_release(principals[i]);
    house_close(&house);
}

/* ---- names in patterns -------------------------------------------------------------------------
 */
static void test_client_ids_cannot_widen(void **state)
{
    (void)state;
    house_open(&house, NULL);
    house_host(&house);
    uint32_t acme = house_tenant(&house, "acme"), giver = house_tenant(&house, "giver");
    house_share(&house, giver, acme, "#", RIGHT_SEE);
    house_role(&house, acme, "own", "%c/#", RIGHT_SEE | RIGHT_WRITE);
    uint32_t account = house_account(&house, acme, ACCOUNT_DEVICE, "dev", "own", "#");
    house_account(&house, acme, ACCOUNT_DEVICE, "neighbour", "own", "#");
    house_token(&house, acme, account, token);
    /* A token may say any id that is no device's. */
    uint32_t gateway = house_account(&house, acme, ACCOUNT_TOKEN, "gateway", "own", "#");
    char gateway_token[SECRET_TOKEN_SIZE];
    house_token(&house, acme, gateway, gateway_token);
    house_step(&house);
    static const char *const ids[] = {
        "",     "+", "#",      "*", "**", "?",    "a/b",    "a+", "a#",   "a*",        "a?",
        "$sys", "$", "@giver", "@", "/",  "\xff", "a\x01b", "%c", "%c/#", "neighbour", "../x"};
    static const char *const paths[] = {"a",     "a/b",       "ab",        "x/y",
                                        "$sys",  "$tenant/x", "@giver/a",  "%c/x",
                                        "aXb/c", "..",        "neighbour", "neighbour/x"};
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        struct principal *principal = house_enter_token(&house, token, ids[i]);
        assert_non_null(principal);
        for (size_t j = 0; j < ARRAY_COUNT(paths); j++) {
            if (may(principal, RIGHT_WRITE, acme, paths[j]))
                fail_msg("\"%s\" writes %s", ids[i], paths[j]);
            assert_false(may(principal, RIGHT_SEE, giver, paths[j]));
        }
        principal_release(principal);
    }
    struct principal *principal = house_enter_token(&house, token, "dev");
    assert_true(may(principal, RIGHT_WRITE, acme, "dev/a"));
    principal_release(principal);
    principal = house_enter_token(&house, token, "plant");
    assert_false(may(principal, RIGHT_WRITE, acme, "plant/a"));
    assert_false(may(principal, RIGHT_WRITE, acme, "dev/a"));
    principal_release(principal);
    principal = house_enter_token(&house, gateway_token, "gateway 12");
    assert_true(may(principal, RIGHT_WRITE, acme, "gateway 12/a"));
    assert_false(may(principal, RIGHT_WRITE, acme, "dev/a"));
    principal_release(principal);
    principal = house_enter_token(&house, gateway_token, "neighbour");
    assert_false(may(principal, RIGHT_WRITE, acme, "neighbour/a"));
    principal_release(principal);
    house_close(&house);
}

static void test_the_built_in_device(void **state)
{
    (void)state;
    house_open(&house, NULL);
    house_host(&house);
    uint32_t account = house_account(&house, 1, ACCOUNT_DEVICE, "dev", "device", "#");
    house_token(&house, 1, account, token);
    house_step(&house);
    static const char *const ids[] = {"dev", "plant", "other", ""};
    static const char *const others[] = {"dev/t",         "site/dev/t",      "a/b/dev/t",
                                         "$tenant/dev/t", "plant/t",         "a/plant/t",
                                         "devices/dew/t", "devices/plant/t", "devices/other/t"};
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) { /* whatever client id it says */
        struct principal *principal = house_enter_token(&house, token, ids[i]);
        assert_true(may(principal, RIGHT_WRITE, 1, "devices/dev/t"));
        assert_true(may(principal, RIGHT_SEE, 1, "devices/dev/t"));
        assert_false(may(principal, RIGHT_CONFIGURE, 1, "devices/dev/t"));
        for (size_t j = 0; j < ARRAY_COUNT(others); j++)
            if (may(principal, RIGHT_WRITE, 1, others[j]) ||
                may(principal, RIGHT_SEE, 1, others[j]))
                fail_msg("as \"%s\": %s", ids[i], others[j]);
        principal_release(principal);
    }
    house_close(&house);
}

/* ---- explaining --------------------------------------------------------------------------------
 */
static char said[4096];
static void put_said(void *arg, const char *sentence)
{
    (void)arg;
    strcat(said, sentence);
    strcat(said, "\n");
}

static void assert_said(const struct principal *principal, enum access_right right, uint32_t tenant,
                        const char *path, const char *expected)
{
    said[0] = '\0';
    access_explain(house.access, principal, right, tenant, bytes_text(path), put_said, NULL);
    assert_string_equal(said, expected);
}

static void test_why(void **state)
{
    (void)state;
    house_open(&house, NULL);
    house_host(&house);
    uint32_t acme = house_tenant(&house, "acme"), giver = house_tenant(&house, "giver");
    uint32_t share = house_share(&house, giver, acme, "fire/#", RIGHT_SEE);
    uint32_t ann = house_account(&house, acme, ACCOUNT_PERSON, "ann", "operator", "north/#");
    house_token(&house, acme, ann, token);
    house_step(&house);
    struct principal *principal = house_enter_token(&house, token, "");
    assert_non_null(principal);
    assert_said(principal, RIGHT_WRITE, acme, "north/boiler",
                "yes: role operator allows write on #, granted to ann@acme within north/#\n");
    assert_said(principal, RIGHT_CONFIGURE, acme, "north/boiler",
                "no: no rule of ann@acme allows configure on north/boiler\n"
                "the nearest: role operator on #, granted within north/#, does not allow it\n");
    assert_said(principal, RIGHT_WRITE, acme, "south/boiler",
                "no: no rule of ann@acme allows write on south/boiler\n"
                "the nearest: role operator on #, granted within north/#, is granted within "
                "another branch\n");
    assert_said(principal, RIGHT_SEE, acme, "$tenant/users",
                "no: no rule of ann@acme allows see on $tenant/users\n"
                "the nearest: role operator on #, granted within north/#, is about other paths\n");
    assert_said(principal, RIGHT_SEE, giver, "fire/1",
                "share 1 of giver lets acme see there\n"
                "no: no rule of ann@acme allows see on @giver/fire/1\n"
                "the nearest: role operator on #, granted within north/#, is granted within "
                "another branch\n");
    assert_said(principal, RIGHT_WRITE, giver, "fire/1",
                "no: no share of giver lets acme write on fire/1\n");
    assert_said(principal, RIGHT_SEE, giver, "$tenant/users",
                "no: that is a matter of another tenant\n");
    assert_said(principal, RIGHT_SEE, TENANT_MAIN, "a", "no: no share lets acme look there\n");
    assert_said(NULL, RIGHT_SEE, acme, "a", "no: nobody is there, or he was shut out\n");
    house_grant(&house, acme, ann, "viewer", "#");
    house_step(&house);
    assert_said(principal, RIGHT_SEE, giver, "fire/1",
                "share 1 of giver lets acme see there\n"
                "yes: role viewer allows see on #, granted to ann@acme within #\n");
    bool allowed;
    said[0] = '\0';
    assert_int_equal(access_explain_account(house.access, ann, RIGHT_SEE, acme, bytes_text("x"),
                                            put_said, NULL, &allowed),
                     OK);
    assert_true(allowed);
    house_account_state(&house, acme, ann, ACCOUNT_DISABLED);
    house_share_end(&house, giver, share);
    house_step(&house);
    said[0] = '\0';
    assert_int_equal(access_explain_account(house.access, ann, RIGHT_SEE, acme, bytes_text("x"),
                                            put_said, NULL, &allowed),
                     OK);
    assert_false(allowed);
    assert_string_equal(said, "no: ann@acme may nothing: the account is not active\n");
    assert_int_equal(access_explain_account(house.access, 999, RIGHT_SEE, acme, bytes_text("x"),
                                            put_said, NULL, &allowed),
                     ERR_MISSING);
    principal_release(principal);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trial_until_there_is_a_host),
        cmocka_unit_test(test_the_owner_may_all_at_any_time),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_forged_tokens),
        cmocka_unit_test(test_a_token_as_password),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_certificates_are_a_tenants),
        cmocka_unit_test(test_client_ids_of_devices),
        cmocka_unit_test(test_every_way_to_take_back),
        cmocka_unit_test(test_more_rights_tell_nobody),
        cmocka_unit_test(test_those_told_may_leave),
        cmocka_unit_test(test_tokens_go_with_their_person),
        cmocka_unit_test(test_secrets_that_expire),
        cmocka_unit_test(test_client_ids_cannot_widen),
        cmocka_unit_test(test_the_built_in_device),
        cmocka_unit_test(test_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
