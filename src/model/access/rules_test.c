/* The rules that came with reducer version 2: each holds behind a FACT_START that brings them, and
 * what was recorded before it is judged as it was. Both sides of each limit. */
#include "model/access/fixture.h"

static void rules_bring(struct fixture *f, uint32_t version)
{
    struct fact fact = {.kind = FACT_START, .start = {.reducer_version = version}};
    struct outcome outcome;
    f->stamp.position++;
    assert_int_equal(access_apply_fact(f->model, f->points, &fact, &f->stamp, NULL, &outcome), OK);
}

static enum outcome_code make(struct fixture *f, uint32_t tenant, enum account_kind kind,
                              const char *name)
{
    struct command command = account_command(tenant, kind, name);
    return fixture_command(f, &command);
}

/* ---- names -------------------------------------------------------------------------------------
 */
static const struct {
    enum account_kind kind;
    const char *name;
    bool good;
} names[] = {
    {ACCOUNT_PERSON, "ann", true},
    {ACCOUNT_PERSON, "J\xc3\xbcrgen \xe5\xbc\xa0\xe4\xb8\x89", true},
    {ACCOUNT_PERSON, "tokens", true},
    {ACCOUNT_PERSON, "ownership", true},
    {ACCOUNT_PERSON, "ann token", true},
    {ACCOUNT_DEVICE, "device 7", true},
    {ACCOUNT_TOKEN, "device2", true},
    {ACCOUNT_TOKEN, "device", true}, /* it is shown as "token device" */
    {ACCOUNT_PERSON, "device", false},
    {ACCOUNT_PERSON, "token-7", true},
    {ACCOUNT_DEVICE, "server-room", true},
    {ACCOUNT_TOKEN, "token of ann", true},
    {ACCOUNT_PERSON, "ann\xe2\x80\xae", false}, /* right to left override */
    {ACCOUNT_PERSON, "a\xe2\x80\x8bnn", false}, /* zero width space */
    {ACCOUNT_DEVICE, "press\xc2\xad-1", false}, /* soft hyphen */
    {ACCOUNT_TOKEN, "a\xe2\x81\xa6", false},    /* isolate */
    {ACCOUNT_PERSON, "ann\xc2\xa0lee", false},  /* another blank */
    {ACCOUNT_PERSON,
     "\xef\xbb\xbf"
     "ann",
     false},                                        /* byte order mark */
    {ACCOUNT_PERSON, "ann\xee\x80\x80", false},     /* private use */
    {ACCOUNT_PERSON, "ann\xf3\xa0\x81\x81", false}, /* a tag */
    {ACCOUNT_PERSON, "ann\xf0\x9f\xbf\xbe", false}, /* no character */
    {ACCOUNT_PERSON, "owner", false},
    {ACCOUNT_PERSON, "Owner of it", false},
    {ACCOUNT_PERSON, "trial", false},
    {ACCOUNT_PERSON, "SYSTEM", false},
    {ACCOUNT_PERSON, "server", false},
    {ACCOUNT_PERSON, "token scada", false},
    {ACCOUNT_PERSON, "device 7", false},
    {ACCOUNT_PERSON, "claim key hall", false},
    {ACCOUNT_DEVICE, "token 7", false},
    {ACCOUNT_TOKEN, "owner", false},
    {ACCOUNT_PERSON, "t\xd0\xbeken scada", false}, /* a Cyrillic o */
    {ACCOUNT_PERSON, "t0ken scada", false},
    {ACCOUNT_PERSON, "\xef\xbd\x8fwner", false}, /* a full width o */
};

static void test_names_show_what_they_are(void **state)
{
    (void)state;
    struct fixture f;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        fixture_open(&f); /* as it was before */
        rules_bring(&f, 1);
        assert_int_equal(make(&f, 1, names[i].kind, names[i].name), OUTCOME_DONE);
        rules_bring(&f, 2); /* and it stays, and can be read again */
        assert_int_equal(access_model_rebuild(f.model), OK);
        fixture_close(&f);
        fixture_open(&f);
        rules_bring(&f, 2);
        enum outcome_code code = make(&f, 1, names[i].kind, names[i].name);
        if (code != (names[i].good ? OUTCOME_DONE : OUTCOME_NAME_INVALID))
            fail_msg("name %zu: %s", i, outcome_text(code));
        fixture_close(&f);
    }
}

/* ---- certificates ------------------------------------------------------------------------------
 */
static enum outcome_code certify(struct fixture *f, uint32_t tenant, uint32_t account,
                                 const char *id)
{
    struct command command = command_of(COMMAND_SECRET_ADD, tenant);
    command.access.owner = account;
    command.access.secret_kind = SECRET_CERTIFICATE;
    command.access.id = bytes_text(id);
    return fixture_command(f, &command);
}

static void test_a_common_name_is_of_its_tenant(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    rules_bring(&f, 2);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE); /* 2 */
    assert_int_equal(tenant_make(&f, "city"), OUTCOME_DONE); /* 3 */
    for (uint32_t tenant = 1; tenant <= 3; tenant++)
        assert_int_equal(make(&f, tenant, ACCOUNT_DEVICE, "press"), OUTCOME_DONE);
    assert_int_equal(certify(&f, 3, 3, "CN=press@acme"), OUTCOME_NAME_INVALID);
    assert_int_equal(certify(&f, 3, 3, "CN=press"), OUTCOME_NAME_INVALID);
    assert_int_equal(certify(&f, 2, 2, "CN=press@nobody"), OUTCOME_NAME_INVALID);
    assert_int_equal(certify(&f, 2, 2, "CN=press@acme"), OUTCOME_DONE);
    assert_int_equal(f.outcome.number, 1);
    assert_int_equal(certify(&f, 1, 1, "CN=press"), OUTCOME_DONE);
    assert_int_equal(certify(&f, 2, 2, "CN=press@acme"), OUTCOME_NAME_TAKEN);
    uint32_t claimed;
    assert_int_equal(access_certificate_find(f.model, 0, bytes_text("CN=press@acme"), &claimed), 1);
    assert_int_equal(claimed, 1);
    assert_int_equal(access_certificate_find(f.model, 3, bytes_text("CN=press@acme"), NULL), 0);
    assert_int_equal(access_certificate_find(f.model, 0, bytes_text("CN=press"), NULL), 2);
    assert_int_equal(access_model_rebuild(f.model), OK);
    fixture_close(&f);
}

static void test_nobody_claims_a_certificate_alone(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    for (uint32_t tenant = 1; tenant <= 2; tenant++)
        assert_int_equal(make(&f, tenant, ACCOUNT_DEVICE, "press"), OUTCOME_DONE);
    assert_int_equal(certify(&f, 1, 1, "fingerprint"), OUTCOME_DONE);
    assert_int_equal(certify(&f, 2, 2, "fingerprint"), OUTCOME_NAME_TAKEN); /* as it was */
    rules_bring(&f, 2);
    uint32_t claimed;
    struct bytes id = bytes_text("fingerprint");
    assert_int_equal(access_certificate_find(f.model, TENANT_NONE, id, &claimed), 1);
    assert_int_equal(certify(&f, 2, 2, "fingerprint"), OUTCOME_DONE);
    assert_int_equal(certify(&f, 2, 2, "fingerprint"), OUTCOME_NAME_TAKEN);
    assert_int_equal(access_certificate_find(f.model, TENANT_NONE, id, &claimed), SECRET_NONE);
    assert_int_equal(claimed, 2);
    assert_int_equal(access_certificate_find(f.model, 1, id, NULL), 1);
    assert_int_equal(access_certificate_find(f.model, 2, id, NULL), 2);
    assert_int_equal(access_model_rebuild(f.model), OK);
    fixture_close(&f);
}

/* ---- offers ------------------------------------------------------------------------------------
 */
static enum outcome_code offer(struct fixture *f, uint32_t from, const char *to)
{
    struct command command = command_of(COMMAND_SHARE_OFFER, from);
    command.access.other = SHARE_TO_NAME;
    command.access.name = bytes_text(to);
    command.access.rights = RIGHT_SEE;
    command.access.pattern_count = 1;
    command.access.patterns[0] = bytes_text("fire/#");
    return fixture_command(f, &command);
}

static void test_an_offer_does_not_tell_who_exists(void **state)
{
    (void)state;
    struct fixture f;
    struct share_view view;
    fixture_open(&f);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);        /* 2 */
    assert_int_equal(tenant_make(&f, "city"), OUTCOME_DONE);        /* 3 */
    assert_int_equal(offer(&f, 2, "city"), OUTCOME_UNKNOWN_TENANT); /* as it was */
    rules_bring(&f, 2);
    assert_int_equal(offer(&f, 2, "city"), OUTCOME_DONE);
    assert_int_equal(offer(&f, 2, "nobody"), OUTCOME_DONE);
    assert_int_equal(offer(&f, 2, "no such/name"), OUTCOME_NAME_INVALID);
    assert_int_equal(offer(&f, 2, "acme"), OUTCOME_ACCESS_INVALID);
    assert_true(access_share(f.model, 1, &view));
    assert_int_equal(view.to, 3);
    assert_int_equal(view.state, SHARE_OFFERED);
    assert_true(access_share(f.model, 2, &view));
    assert_int_equal(view.to, TENANT_NONE);
    assert_int_equal(view.state, SHARE_OFFERED);
    assert_text(view.to_name, "nobody");
    assert_int_equal(view.pattern_count, 1);
    assert_int_equal(access_share_next(f.model, 2, true, 1), 2);
    assert_int_equal(access_model_rebuild(f.model), OK);
    /* A tenant that gets the name has no part in it. */
    assert_int_equal(tenant_make(&f, "nobody"), OUTCOME_DONE); /* 4 */
    assert_int_equal(number_command(&f, COMMAND_SHARE_ACCEPT, 4, 2), OUTCOME_UNKNOWN_SHARE);
    assert_int_equal(access_share_next(f.model, 4, false, SHARE_NONE), SHARE_NONE);
    assert_int_equal(number_command(&f, COMMAND_SHARE_END, 4, 2), OUTCOME_UNKNOWN_SHARE);
    assert_int_equal(number_command(&f, COMMAND_SHARE_END, 2, 2), OUTCOME_DONE);
    assert_int_equal(access_model_rebuild(f.model), OK);
    /* It goes with who made it. */
    assert_int_equal(offer(&f, 2, "nowhere"), OUTCOME_DONE);
    assert_int_equal(tenant_put_state(&f, 2, TENANT_DELETED), OUTCOME_DONE);
    for (int i = 0; i < 8; i++)
        assert_int_equal(tenant_make(&f, "city"), OUTCOME_NAME_TAKEN);
    assert_true(access_share(f.model, 3, &view));
    assert_int_equal(view.state, SHARE_ENDED);
    assert_int_equal(access_model_rebuild(f.model), OK);
    fixture_close(&f);
}

static void test_offers_are_the_givers_share(void **state)
{
    (void)state;
    struct fixture f;
    struct access_limits limits = access_limits_default;
    limits.shares_max = 2;
    limits.gives_max = 5;
    limits.offers_max = 3;
    fixture_open_limited(&f, &limits);
    rules_bring(&f, 2);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    assert_int_equal(tenant_make(&f, "city"), OUTCOME_DONE);
    for (int i = 0; i < 4; i++) /* whether the name is there or not */
        assert_int_equal(offer(&f, 2, "city"), i < 3 ? OUTCOME_DONE : OUTCOME_ACCESS_FULL);
    assert_int_equal(offer(&f, 2, "nobody"), OUTCOME_DONE);
    assert_int_equal(offer(&f, 2, "nowhere"), OUTCOME_DONE);
    assert_int_equal(offer(&f, 2, "none"), OUTCOME_ACCESS_FULL);
    /* What others offered to it takes nothing of what it can give. */
    for (int i = 0; i < 4; i++)
        assert_int_equal(offer(&f, 3, "nobody"), i < 3 ? OUTCOME_DONE : OUTCOME_ACCESS_FULL);
    fixture_close(&f);
}

/* ---- what one can take -------------------------------------------------------------------------
 */
static void test_a_person_has_so_many_tokens(void **state)
{
    (void)state;
    struct fixture f;
    struct access_limits limits = access_limits_default;
    char name[16];
    limits.tokens_max = 3;
    fixture_open_limited(&f, &limits);
    assert_int_equal(make(&f, 1, ACCOUNT_PERSON, "ann"), OUTCOME_DONE); /* 1 */
    assert_int_equal(make(&f, 1, ACCOUNT_PERSON, "ben"), OUTCOME_DONE); /* 2 */
    struct command command = account_command(1, ACCOUNT_TOKEN, "");
    command.access.owner = 1;
    command.access.name = bytes_text("old");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE); /* 3 */
    rules_bring(&f, 2);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "t%d", i);
        command.access.name = bytes_text(name);
        assert_int_equal(fixture_command(&f, &command), i < 2 ? OUTCOME_DONE : OUTCOME_ACCESS_FULL);
    }
    assert_int_equal(access_model_rebuild(f.model), OK); /* it is counted anew */
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_FULL);
    command.access.owner = 2; /* of each person */
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(account_remove_number(&f, 1, 3), OUTCOME_DONE);
    command.access.owner = 1;
    command.access.name = bytes_text("again");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    fixture_close(&f);
}

static uint32_t accounts_until_full(struct fixture *f, uint32_t tenant)
{
    char name[16];
    for (uint32_t i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "d%u", i);
        if (make(f, tenant, ACCOUNT_DEVICE, name) == OUTCOME_ACCESS_FULL)
            return i;
    }
    return 200;
}

static void test_a_tenant_leaves_something(void **state)
{
    (void)state;
    struct fixture f;
    struct access_limits limits = access_limits_default;
    limits.accounts_max = 100;
    fixture_open_limited(&f, &limits);
    rules_bring(&f, 2);
    for (int i = 0; i < 12; i++) {
        char name[8];
        snprintf(name, sizeof name, "t%d", i);
        assert_int_equal(tenant_make(&f, name), OUTCOME_DONE);
    }
    for (uint32_t tenant = 2; tenant <= 7; tenant++) /* a tenth each */
        assert_int_equal(accounts_until_full(&f, tenant), 10);
    /* 40 are left, of which a quarter is less than before with each one that goes. */
    assert_int_equal(accounts_until_full(&f, 8), 8);
    assert_int_equal(accounts_until_full(&f, 9), 6);
    assert_int_equal(accounts_until_full(&f, 1), 26); /* the house has what is left */
    fixture_close(&f);
}

/* ---- codes that were used ----------------------------------------------------------------------
 */
static enum outcome_code use_step(struct fixture *f, uint32_t account, uint64_t step)
{
    struct command command = change_command(1, account, HAS_USED_STEP);
    command.access.used_step = step;
    return fixture_command(f, &command);
}

static void test_used_codes_are_kept(void **state)
{
    (void)state;
    struct fixture f;
    struct account_view view;
    fixture_open(&f);
    assert_int_equal(make(&f, 1, ACCOUNT_PERSON, "ann"), OUTCOME_DONE);
    uint64_t version = access_model_version(f.model);
    assert_int_equal(use_step(&f, 1, 100), OUTCOME_DONE);
    assert_int_equal(use_step(&f, 1, 100), OUTCOME_UNKNOWN_SECRET);
    assert_int_equal(use_step(&f, 1, 99), OUTCOME_UNKNOWN_SECRET);
    assert_int_equal(use_step(&f, 1, 101), OUTCOME_DONE);
    assert_true(access_model_version(f.model) == version); /* nobody is judged anew */
    assert_int_equal(access_model_rebuild(f.model), OK);
    access_account(f.model, 1, &view);
    assert_true(view.used_step == 101);
    struct command seed = command_of(COMMAND_SECRET_ADD, 1);
    seed.access.owner = 1;
    seed.access.secret_kind = SECRET_TOTP;
    seed.access.proof = bytes_text("sealed");
    assert_int_equal(fixture_command(&f, &seed), OUTCOME_DONE);
    access_account(f.model, 1, &view);
    assert_true(view.used_step == 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_show_what_they_are),
        cmocka_unit_test(test_a_common_name_is_of_its_tenant),
        cmocka_unit_test(test_nobody_claims_a_certificate_alone),
        cmocka_unit_test(test_an_offer_does_not_tell_who_exists),
        cmocka_unit_test(test_offers_are_the_givers_share),
        cmocka_unit_test(test_a_person_has_so_many_tokens),
        cmocka_unit_test(test_a_tenant_leaves_something),
        cmocka_unit_test(test_used_codes_are_kept),
    };
    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
