/* Accounts, their grants and secrets, and the last host: what each command does, what is refused,
 * at both sides of each limit. */
#include "model/access/fixture.h"

static struct account_view view_of(const struct fixture *f, uint32_t account)
{
    struct account_view view;
    access_account(f->model, account, &view);
    return view;
}

/* ---- accounts ----------------------------------------------------------------------------------
 */
static void test_an_account_lives(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct command command = account_command(1, ACCOUNT_PERSON, "ann");
    command.access.has |= HAS_TITLE | HAS_EMAIL | HAS_LANGUAGE | HAS_GRANTS | HAS_EXPIRY;
    command.access.title = bytes_text("Ann Lee");
    command.access.email = bytes_text("ann@example.org");
    command.access.language = bytes_text("zh");
    command.access.expires_wall_ns = 5;
    command.access.grant_count = 2;
    command.access.grants[0] = (struct grant){bytes_text("viewer"), bytes_text("#")};
    command.access.grants[1] = (struct grant){bytes_text("operator"), bytes_text("plant/a/#")};
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(f.outcome.number, 1);
    struct account_view view = view_of(&f, 1);
    assert_text(view.name, "ann");
    assert_text(view.title, "Ann Lee");
    assert_text(view.email, "ann@example.org");
    assert_text(view.language, "zh");
    assert_int_equal(view.state, ACCOUNT_ACTIVE);
    assert_int_equal(view.kind, ACCOUNT_PERSON);
    assert_int_equal(view.created_wall_ns, f.stamp.wall_ns);
    assert_int_equal(view.expires_wall_ns, 5);
    assert_int_equal(view.grant_count, 2);
    assert_text(view.grants[1].role, "operator");
    assert_text(view.grants[1].branch, "plant/a/#");
    assert_int_equal(view.uses_left, UINT32_MAX);
    assert_int_equal(view.position, f.stamp.position);
    assert_int_equal(fixture_command(&f, &command), OUTCOME_NAME_TAKEN);
    command.access.account_kind = ACCOUNT_DEVICE; /* names are unique in a kind */
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(access_account_find(f.model, 1, ACCOUNT_PERSON, bytes_text("ann")), 1);
    assert_int_equal(access_account_find(f.model, 1, ACCOUNT_DEVICE, bytes_text("ann")), 2);
    assert_int_equal(access_account_find(f.model, 1, ACCOUNT_TOKEN, bytes_text("ann")), 0);
    assert_int_equal(access_account_find(f.model, 2, ACCOUNT_PERSON, bytes_text("ann")), 0);
    command = change_command(1, 1, HAS_NAME | HAS_STATE);
    command.access.name = bytes_text("anna");
    command.access.state = ACCOUNT_DISABLED;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    view = view_of(&f, 1);
    assert_text(view.name, "anna");
    assert_text(view.title, "Ann Lee");
    assert_int_equal(view.state, ACCOUNT_DISABLED);
    assert_int_equal(view.grant_count, 2);
    assert_int_equal(access_account_find(f.model, 1, ACCOUNT_PERSON, bytes_text("ann")), 0);
    fixture_close(&f);
}

static void test_what_is_no_account(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    struct command command = account_command(1, (enum account_kind)0, "ann");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    command.access.account_kind = ACCOUNT_CLAIM + 1;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    command.access.account_kind = ACCOUNT_PERSON;
    command.access.has |= HAS_USES;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    command.access.has = HAS_NAME | HAS_QUOTAS;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    command.access.has = HAS_NAME | HAS_STATE;
    command.access.state = ACCOUNT_REMOVED;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    command.access.has = HAS_TITLE;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_NAME_INVALID);
    command.access.has = HAS_NAME | HAS_TITLE;
    command.access.title = bytes_text("a\x01");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_TEXT_INVALID);
    command.access.has = HAS_NAME;
    command.access.owner = 5;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_UNKNOWN_ACCOUNT);
    command.access.owner = 0;
    command.tenant = 3;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_UNKNOWN_TENANT);
    command.tenant = 2;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(account_put_state(&f, 1, 1, ACCOUNT_DISABLED), OUTCOME_UNKNOWN_ACCOUNT);
    assert_int_equal(account_remove_number(&f, 1, 1), OUTCOME_UNKNOWN_ACCOUNT);
    assert_int_equal(account_remove_number(&f, 2, 2), OUTCOME_UNKNOWN_ACCOUNT);
    assert_int_equal(account_make_granted(&f, 2, ACCOUNT_PERSON, "bob", "none", "#"),
                     OUTCOME_UNKNOWN_ROLE);
    assert_int_equal(account_make_granted(&f, 2, ACCOUNT_PERSON, "bob", "host", "#"),
                     OUTCOME_UNKNOWN_ROLE);
    assert_int_equal(account_make_granted(&f, 2, ACCOUNT_PERSON, "bob", "viewer", "a//b"),
                     OUTCOME_ACCESS_INVALID);
    assert_int_equal(access_accounts(f.model), 1);
    fixture_close(&f);
}

/* A walk that stands at an account that goes away finds the one behind it. */
static void test_a_walk_goes_on(void **state)
{
    (void)state;
    struct fixture f;
    struct tenant_view tenant;
    char name[16];
    fixture_open(&f);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    for (uint32_t i = 1; i <= 12; i++) { /* odd ones are main's */
        snprintf(name, sizeof name, "d%u", i);
        enum account_kind kind = i <= 4 ? ACCOUNT_PERSON : ACCOUNT_DEVICE;
        assert_int_equal(account_make_granted(&f, 1 + (i + 1) % 2, kind, name, NULL, NULL),
                         OUTCOME_DONE);
    }
    assert_true(access_tenant(f.model, 1, &tenant));
    assert_int_equal(tenant.accounts, 6);
    assert_int_equal(tenant.persons, 2);
    assert_int_equal(tenant.devices, 4);
    assert_int_equal(access_account_next(f.model, 1, ACCOUNT_NONE), 1);
    assert_int_equal(access_account_next(f.model, 1, 5), 7);
    assert_int_equal(access_account_next(f.model, 1, 6), 7); /* another tenant's */
    assert_int_equal(access_account_next(f.model, 2, ACCOUNT_NONE), 2);
    assert_int_equal(access_account_next(f.model, 1, 11), ACCOUNT_NONE);
    assert_int_equal(access_account_next(f.model, 3, ACCOUNT_NONE), ACCOUNT_NONE);
    for (uint32_t i = 5; i <= 9; i += 2)
        assert_int_equal(account_remove_number(&f, 1, i), OUTCOME_DONE);
    assert_int_equal(access_account_next(f.model, 1, 5), 11);
    assert_int_equal(access_account_next(f.model, 1, 7), 11);
    assert_int_equal(access_account_next(f.model, 1, 9), 11);
    assert_int_equal(access_account_next(f.model, 1, 3), 11);
    assert_int_equal(account_remove_number(&f, 1, 11), OUTCOME_DONE);
    assert_int_equal(access_account_next(f.model, 1, 11), ACCOUNT_NONE);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_DEVICE, "new", NULL, NULL), OUTCOME_DONE);
    assert_int_equal(access_account_next(f.model, 1, 11), 13);
    assert_int_equal(access_account_next(f.model, 1, 7), 13);
    assert_int_equal(account_remove_number(&f, 1, 1), OUTCOME_DONE);
    assert_int_equal(account_remove_number(&f, 1, 3), OUTCOME_DONE);
    assert_int_equal(access_account_next(f.model, 1, 1), 13);
    assert_true(access_tenant(f.model, 1, &tenant));
    assert_int_equal(tenant.accounts, 1);
    assert_int_equal(tenant.persons, 0);
    assert_int_equal(view_of(&f, 1).state, ACCOUNT_REMOVED);
    assert_text(view_of(&f, 1).name, "d1"); /* who it was */
    assert_int_equal(access_model_rebuild(f.model), OK);
    assert_int_equal(access_account_next(f.model, 1, 7), 13);
    fixture_close(&f);
}

static void test_accounts_are_limited(void **state)
{
    (void)state;
    struct fixture f;
    struct access_limits limits = access_limits_default;
    char name[16];
    limits.accounts_max = 2;
    limits.grants_max = 1;
    fixture_open_limited(&f, &limits);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "a", "viewer", "#"), OUTCOME_DONE);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "b", NULL, NULL), OUTCOME_DONE);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "c", NULL, NULL),
                     OUTCOME_ACCESS_FULL);
    for (uint32_t i = 2; i < 8; i++) { /* numbers: four for each there may be */
        snprintf(name, sizeof name, "n%u", i);
        assert_int_equal(account_remove_number(&f, 1, i), OUTCOME_DONE);
        assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, name, NULL, NULL),
                         OUTCOME_DONE);
    }
    assert_int_equal(account_remove_number(&f, 1, 8), OUTCOME_DONE);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "c", NULL, NULL),
                     OUTCOME_ACCESS_FULL);
    struct command command = change_command(1, 1, HAS_GRANTS);
    command.access.grant_count = 2;
    command.access.grants[0] = command.access.grants[1] =
        (struct grant){bytes_text("viewer"), bytes_text("#")};
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_FULL);
    assert_int_equal(view_of(&f, 1).grant_count, 1);
    command.access.grant_count = 0; /* none is a set as well */
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(view_of(&f, 1).grant_count, 0);
    fixture_close(&f);
}

/* A token acts for the person who made it, and a claim key makes as many devices as it says. */
static void test_owners(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    assert_int_equal(account_make_granted(&f, 2, ACCOUNT_PERSON, "ann", NULL, NULL), OUTCOME_DONE);
    struct command command = account_command(2, ACCOUNT_TOKEN, "backup");
    command.access.owner = 1;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    command.access.name = bytes_text("of the token");
    command.access.owner = 2; /* made by the token: the person's */
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(view_of(&f, 3).owner, 1);
    assert_int_equal(view_of(&f, 3).state, ACCOUNT_ACTIVE);
    assert_int_equal(account_put_state(&f, 2, 1, ACCOUNT_DISABLED), OUTCOME_DONE);
    assert_int_equal(view_of(&f, 2).state, ACCOUNT_DISABLED);
    assert_int_equal(view_of(&f, 3).state, ACCOUNT_DISABLED);
    assert_int_equal(account_put_state(&f, 2, 1, ACCOUNT_ACTIVE), OUTCOME_DONE);
    assert_int_equal(view_of(&f, 2).state, ACCOUNT_ACTIVE);
    assert_int_equal(account_remove_number(&f, 2, 1), OUTCOME_DONE);
    assert_int_equal(view_of(&f, 2).state, ACCOUNT_DISABLED);
    assert_int_equal(account_put_state(&f, 2, 2, ACCOUNT_ACTIVE), OUTCOME_ACCESS_INVALID);
    assert_int_equal(account_put_state(&f, 2, 2, ACCOUNT_DISABLED), OUTCOME_DONE);
    /* Somebody of main may make accounts of others; of another tenant nobody. */
    assert_int_equal(tenant_make(&f, "other"), OUTCOME_DONE);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "root", NULL, NULL), OUTCOME_DONE);
    assert_int_equal(account_make_granted(&f, 3, ACCOUNT_PERSON, "eve", NULL, NULL), OUTCOME_DONE);
    command = account_command(2, ACCOUNT_DEVICE, "press");
    command.access.owner = 4;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    command.access.name = bytes_text("press-2");
    command.access.owner = 5;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_UNKNOWN_ACCOUNT);
    fixture_close(&f);
}

static enum outcome_code device_claimed(struct fixture *f, uint32_t claim, const char *name)
{
    struct command command = account_command(1, ACCOUNT_DEVICE, name);
    command.access.owner = claim;
    return fixture_command(f, &command);
}

static void test_claim_keys(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct command command = account_command(1, ACCOUNT_CLAIM, "line 3");
    command.access.has |= HAS_USES | HAS_EXPIRY;
    command.access.uses = 2;
    command.access.expires_wall_ns = f.stamp.wall_ns + 10;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(device_claimed(&f, 1, "a"), OUTCOME_DONE);
    assert_int_equal(view_of(&f, 1).uses_left, 1);
    assert_int_equal(device_claimed(&f, 1, "a"), OUTCOME_NAME_TAKEN); /* refused: none is used */
    assert_int_equal(view_of(&f, 1).uses_left, 1);
    assert_int_equal(device_claimed(&f, 1, "b"), OUTCOME_DONE);
    assert_int_equal(device_claimed(&f, 1, "c"), OUTCOME_ACCESS_INVALID);
    command = change_command(1, 1, HAS_USES);
    command.access.uses = UINT32_MAX; /* any number */
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(device_claimed(&f, 1, "c"), OUTCOME_DONE);
    assert_int_equal(view_of(&f, 1).uses_left, UINT32_MAX);
    f.stamp.wall_ns += 9;
    assert_int_equal(device_claimed(&f, 1, "d"), OUTCOME_DONE);
    f.stamp.wall_ns += 1;
    assert_int_equal(device_claimed(&f, 1, "e"), OUTCOME_ACCESS_INVALID);
    f.stamp.wall_ns -= 1;
    assert_int_equal(account_put_state(&f, 1, 1, ACCOUNT_DISABLED), OUTCOME_DONE);
    assert_int_equal(device_claimed(&f, 1, "e"), OUTCOME_ACCESS_INVALID);
    fixture_close(&f);
}

/* ---- secrets -----------------------------------------------------------------------------------
 */
static void test_secrets_live(void **state)
{
    (void)state;
    struct fixture f;
    struct secret_view secret;
    fixture_open(&f);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "ann", NULL, NULL), OUTCOME_DONE);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_PASSWORD, "", "$argon2id$1"), OUTCOME_DONE);
    assert_int_equal(f.outcome.number, 1);
    assert_true(view_of(&f, 1).has_password && !view_of(&f, 1).has_second_factor);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_PASSWORD, "", "$argon2id$2"), OUTCOME_DONE);
    assert_false(access_secret(f.model, 1, &secret)); /* one an account: the new one */
    assert_true(access_secret(f.model, 2, &secret));
    assert_text(secret.proof, "$argon2id$2");
    assert_int_equal(secret_make(&f, 1, 1, SECRET_TOTP, "", "sealed"), OUTCOME_DONE);
    assert_true(view_of(&f, 1).has_second_factor);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_TOKEN, "id-1", "hash"), OUTCOME_DONE);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_TOKEN, "id-1", "hash"), OUTCOME_NAME_TAKEN);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_SESSION, "id-1", "hash"), OUTCOME_DONE);
    assert_int_equal(access_secret_find(f.model, SECRET_TOKEN, bytes_text("id-1")), 4);
    assert_int_equal(access_secret_find(f.model, SECRET_SESSION, bytes_text("id-1")), 5);
    assert_int_equal(access_secret_find(f.model, SECRET_OPENID, bytes_text("id-1")), SECRET_NONE);
    assert_int_equal(access_secret_find(f.model, SECRET_PASSWORD, bytes_text("")), SECRET_NONE);
    assert_int_equal(access_secret_next(f.model, 1, SECRET_NONE), 2);
    assert_int_equal(access_secret_next(f.model, 1, 2), 3);
    assert_int_equal(secret_remove_number(&f, 1, 3), OUTCOME_DONE);
    assert_int_equal(access_secret_next(f.model, 1, 3), 4); /* behind one that went */
    assert_int_equal(secret_remove_number(&f, 1, 3), OUTCOME_UNKNOWN_SECRET);
    assert_false(view_of(&f, 1).has_second_factor);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_CERTIFICATE, "CN=a", ""), OUTCOME_DONE);
    assert_int_equal(f.outcome.number, 6); /* in the row of the one that went */
    assert_int_equal(secret_remove_kind(&f, 1, 1, SECRET_TOKEN), OUTCOME_DONE);
    assert_int_equal(secret_remove_kind(&f, 1, 1, SECRET_TOKEN), OUTCOME_DONE); /* none is fine */
    assert_int_equal(access_secret_find(f.model, SECRET_TOKEN, bytes_text("id-1")), SECRET_NONE);
    assert_int_equal(account_remove_number(&f, 1, 1), OUTCOME_DONE);
    assert_int_equal(access_secret_find(f.model, SECRET_CERTIFICATE, bytes_text("CN=a")),
                     SECRET_NONE);
    assert_false(access_secret(f.model, 2, &secret));
    assert_int_equal(access_secret_next(f.model, 1, SECRET_NONE), SECRET_NONE);
    assert_int_equal(access_model_rebuild(f.model), OK);
    fixture_close(&f);
}

static void test_what_is_no_secret(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "ann", NULL, NULL), OUTCOME_DONE);
    static const enum secret_kind without_proof[] = {SECRET_PASSWORD, SECRET_TOKEN,
                                                     SECRET_TOTP,     SECRET_RECOVERY,
                                                     SECRET_SESSION,  SECRET_INVITATION};
    for (size_t i = 0; i < ARRAY_COUNT(without_proof); i++)
        assert_int_equal(secret_make(&f, 1, 1, without_proof[i], "id", ""), OUTCOME_ACCESS_INVALID);
    static const enum secret_kind without_id[] = {SECRET_TOKEN, SECRET_CERTIFICATE, SECRET_OPENID};
    for (size_t i = 0; i < ARRAY_COUNT(without_id); i++)
        assert_int_equal(secret_make(&f, 1, 1, without_id[i], "", "p"), OUTCOME_ACCESS_INVALID);
    assert_int_equal(secret_make(&f, 1, 1, (enum secret_kind)0, "id", "p"), OUTCOME_ACCESS_INVALID);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_KINDS, "id", "p"), OUTCOME_ACCESS_INVALID);
    assert_int_equal(secret_make(&f, 2, 1, SECRET_TOKEN, "id", "p"), OUTCOME_UNKNOWN_ACCOUNT);
    assert_int_equal(secret_make(&f, 1, 2, SECRET_TOKEN, "id", "p"), OUTCOME_UNKNOWN_ACCOUNT);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_TOKEN, "id", "p"), OUTCOME_DONE);
    assert_int_equal(secret_remove_number(&f, 2, 1), OUTCOME_UNKNOWN_SECRET);
    assert_int_equal(secret_remove_kind(&f, 2, 1, SECRET_TOKEN), OUTCOME_UNKNOWN_ACCOUNT);
    assert_int_equal(secret_remove_kind(&f, 1, 1, SECRET_KINDS), OUTCOME_ACCESS_INVALID);
    struct command command = command_of(COMMAND_SECRET_ADD, 1);
    command.access.owner = 1;
    command.access.secret_kind = SECRET_SESSION;
    command.access.proof = bytes_text("p");
    command.access.label = bytes_text("\xff");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_TEXT_INVALID);
    fixture_close(&f);
}

static uint32_t sessions_of(const struct fixture *f, uint32_t account)
{
    struct secret_view secret;
    uint32_t count = 0;
    for (uint32_t i = access_secret_next(f->model, account, SECRET_NONE); i != SECRET_NONE;
         i = access_secret_next(f->model, account, i)) {
        assert_true(access_secret(f->model, i, &secret));
        count += secret.kind == SECRET_SESSION;
    }
    return count;
}

static enum outcome_code session_make(struct fixture *f, int64_t expires_wall_ns)
{
    struct command command = command_of(COMMAND_SECRET_ADD, 1);
    command.access.owner = 1;
    command.access.secret_kind = SECRET_SESSION;
    command.access.proof = bytes_text("hash");
    command.access.expires_wall_ns = expires_wall_ns;
    return fixture_command(f, &command);
}

/* Sessions that ended go with the next one, and of 65 the oldest. */
static void test_sessions_do_not_pile_up(void **state)
{
    (void)state;
    struct fixture f;
    struct secret_view secret;
    fixture_open(&f);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "ann", NULL, NULL), OUTCOME_DONE);
    int64_t now = f.stamp.wall_ns;
    for (int i = 0; i < 10; i++)
        assert_int_equal(session_make(&f, now + i), OUTCOME_DONE);
    f.stamp.wall_ns = now + 8; /* eight of them have ended, one ends now */
    assert_int_equal(session_make(&f, INT64_MAX), OUTCOME_DONE);
    assert_int_equal(sessions_of(&f, 1), 2);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_PASSWORD, "", "p"), OUTCOME_DONE);
    for (uint32_t i = 2; i < 64; i++)
        assert_int_equal(session_make(&f, INT64_MAX), OUTCOME_DONE);
    assert_int_equal(sessions_of(&f, 1), 64);
    assert_true(access_secret(f.model, 10, &secret));
    assert_int_equal(session_make(&f, INT64_MAX), OUTCOME_DONE);
    assert_int_equal(sessions_of(&f, 1), 64);
    assert_false(access_secret(f.model, 10, &secret));
    assert_true(access_secret(f.model, 11, &secret));
    assert_int_equal(secret_remove_kind(&f, 1, 1, SECRET_SESSION), OUTCOME_DONE);
    assert_int_equal(sessions_of(&f, 1), 0);
    assert_true(view_of(&f, 1).has_password);
    assert_int_equal(access_model_rebuild(f.model), OK);
    fixture_close(&f);
}

static void test_secrets_are_limited(void **state)
{
    (void)state;
    struct fixture f;
    struct access_limits limits = access_limits_default;
    char id[16];
    limits.secrets_max = 66;
    fixture_open_limited(&f, &limits);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_DEVICE, "a", NULL, NULL), OUTCOME_DONE);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_DEVICE, "b", NULL, NULL), OUTCOME_DONE);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_PASSWORD, "", "p"), OUTCOME_DONE);
    for (int i = 1; i < 64; i++) {
        snprintf(id, sizeof id, "id%d", i);
        assert_int_equal(secret_make(&f, 1, 1, SECRET_TOKEN, id, "p"), OUTCOME_DONE);
    }
    assert_int_equal(secret_make(&f, 1, 1, SECRET_TOKEN, "more", "p"), OUTCOME_ACCESS_FULL);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_PASSWORD, "", "q"), OUTCOME_DONE); /* replaces */
    assert_int_equal(secret_make(&f, 1, 1, SECRET_SESSION, "", "p"), OUTCOME_DONE);
    assert_int_equal(secret_make(&f, 1, 2, SECRET_TOKEN, "more", "p"), OUTCOME_DONE);
    assert_int_equal(secret_make(&f, 1, 2, SECRET_TOKEN, "most", "p"), OUTCOME_ACCESS_FULL);
    fixture_close(&f);
}

/* ---- hosts -------------------------------------------------------------------------------------
 */
static void host_make(struct fixture *f, const char *name, uint32_t number)
{
    assert_int_equal(account_make_granted(f, 1, ACCOUNT_PERSON, name, "host", "#"), OUTCOME_DONE);
    assert_int_equal(f->outcome.number, number);
    assert_int_equal(secret_make(f, 1, number, SECRET_PASSWORD, "", "p"), OUTCOME_DONE);
}

static void test_when_there_is_a_host(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_false(access_has_host(f.model));
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "ann", "host", "#"), OUTCOME_DONE);
    assert_false(access_has_host(f.model)); /* nothing proves it yet */
    assert_int_equal(secret_make(&f, 1, 1, SECRET_TOTP, "", "p"), OUTCOME_DONE);
    assert_false(access_has_host(f.model));
    assert_int_equal(secret_make(&f, 1, 1, SECRET_OPENID, "issuer\nann", ""), OUTCOME_DONE);
    assert_true(access_has_host(f.model));
    assert_int_equal(access_model_rebuild(f.model), OK);
    assert_true(access_has_host(f.model));
    fixture_close(&f);
    fixture_open(&f);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_DEVICE, "d", "host", "#"), OUTCOME_DONE);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_PASSWORD, "", "p"), OUTCOME_DONE);
    assert_false(access_has_host(f.model)); /* no person */
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "b", "host", "a/#"), OUTCOME_DONE);
    assert_int_equal(secret_make(&f, 1, 2, SECRET_PASSWORD, "", "p"), OUTCOME_DONE);
    assert_false(access_has_host(f.model)); /* not everywhere */
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "c", "administrator", "#"),
                     OUTCOME_DONE);
    assert_int_equal(secret_make(&f, 1, 3, SECRET_PASSWORD, "", "p"), OUTCOME_DONE);
    assert_false(access_has_host(f.model));
    struct command command = change_command(1, 3, HAS_GRANTS | HAS_EXPIRY);
    command.access.grant_count = 1;
    command.access.grants[0] = (struct grant){bytes_text("host"), bytes_text("#")};
    command.access.expires_wall_ns = INT64_MAX - 1;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_false(access_has_host(f.model)); /* not for ever */
    command.access.expires_wall_ns = INT64_MAX;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_true(access_has_host(f.model));
    fixture_close(&f);
}

static void test_the_last_host_stays(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    host_make(&f, "ann", 1);
    uint64_t seen = look_at_all(f.model);
    assert_int_equal(account_remove_number(&f, 1, 1), OUTCOME_LAST_HOST);
    assert_int_equal(account_put_state(&f, 1, 1, ACCOUNT_DISABLED), OUTCOME_LAST_HOST);
    assert_int_equal(account_put_state(&f, 1, 1, ACCOUNT_INVITED), OUTCOME_LAST_HOST);
    struct command command = change_command(1, 1, HAS_EXPIRY);
    command.access.expires_wall_ns = f.stamp.wall_ns * 2;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_LAST_HOST);
    command = change_command(1, 1, HAS_GRANTS);
    assert_int_equal(fixture_command(&f, &command), OUTCOME_LAST_HOST);
    assert_int_equal(secret_remove_number(&f, 1, 1), OUTCOME_LAST_HOST);
    assert_int_equal(secret_remove_kind(&f, 1, 1, SECRET_PASSWORD), OUTCOME_LAST_HOST);
    assert_true(look_at_all(f.model) == seen); /* refused: nothing changed */
    assert_int_equal(secret_make(&f, 1, 1, SECRET_PASSWORD, "", "q"), OUTCOME_DONE);
    assert_true(access_has_host(f.model));
    assert_int_equal(secret_make(&f, 1, 1, SECRET_OPENID, "i\na", ""), OUTCOME_DONE);
    assert_int_equal(secret_remove_kind(&f, 1, 1, SECRET_PASSWORD), OUTCOME_DONE);
    assert_int_equal(secret_remove_kind(&f, 1, 1, SECRET_OPENID), OUTCOME_LAST_HOST);
    host_make(&f, "bob", 2);
    assert_int_equal(account_put_state(&f, 1, 1, ACCOUNT_DISABLED), OUTCOME_DONE);
    assert_int_equal(account_remove_number(&f, 1, 2), OUTCOME_LAST_HOST);
    assert_int_equal(account_put_state(&f, 1, 1, ACCOUNT_ACTIVE), OUTCOME_DONE);
    assert_int_equal(account_remove_number(&f, 1, 2), OUTCOME_DONE);
    assert_int_equal(account_remove_number(&f, 1, 1), OUTCOME_LAST_HOST);
    assert_int_equal(access_model_rebuild(f.model), OK);
    assert_int_equal(account_remove_number(&f, 1, 1), OUTCOME_LAST_HOST);
    fixture_close(&f);
}

/* ---- versions ----------------------------------------------------------------------------------
 */
static void test_the_version_counts_changes(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint64_t version = access_model_version(f.model);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "ann", NULL, NULL), OUTCOME_DONE);
    assert_int_equal(access_model_version(f.model), version + 1);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "ann", NULL, NULL),
                     OUTCOME_NAME_TAKEN);
    assert_int_equal(access_model_version(f.model), version + 1);
    struct fact audit = {.kind = FACT_AUDIT, .audit = {.action = bytes_text("login")}};
    struct outcome outcome;
    assert_int_equal(access_apply_fact(f.model, f.points, &audit, &f.stamp, NULL, &outcome), OK);
    assert_int_equal(access_model_version(f.model), version + 1);
    assert_int_equal(access_audit_count(f.model), 1);
    fixture_close(&f);
}

/* The same password with another proof keeps its number; one that was changed meanwhile stays. */
static void test_a_password_is_renewed(void **state)
{
    (void)state;
    struct fixture f;
    struct secret_view view;
    char id[24];
    fixture_open(&f);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "ann", "viewer", "#"),
                     OUTCOME_DONE);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "bob", "viewer", "#"),
                     OUTCOME_DONE);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_PASSWORD, "", "old"), OUTCOME_DONE);
    uint32_t first = access_secret_next(f.model, 1, SECRET_NONE);
    snprintf(id, sizeof id, PASSWORD_RENEWS "%u", first);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_PASSWORD, id, "new"), OUTCOME_DONE);
    assert_int_equal(access_secret_next(f.model, 1, SECRET_NONE), first);
    assert_int_equal(access_secret_next(f.model, 1, first), SECRET_NONE);
    assert_true(access_secret(f.model, first, &view));
    assert_text(view.proof, "new");
    assert_int_equal(view.id.size, 0);
    assert_int_equal(secret_make(&f, 1, 2, SECRET_PASSWORD, id, "hers"), OUTCOME_UNKNOWN_SECRET);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_PASSWORD, id, ""), OUTCOME_ACCESS_INVALID);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_PASSWORD, "", "other"), OUTCOME_DONE);
    assert_int_equal(secret_make(&f, 1, 1, SECRET_PASSWORD, id, "late"), OUTCOME_UNKNOWN_SECRET);
    assert_true(access_secret(f.model, access_secret_next(f.model, 1, SECRET_NONE), &view));
    assert_text(view.proof, "other");
    uint64_t hash = state_hash(f.state);
    assert_int_equal(access_model_rebuild(f.model), OK);
    assert_true(state_hash(f.state) == hash);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_account_lives),
        cmocka_unit_test(test_what_is_no_account),
        cmocka_unit_test(test_a_walk_goes_on),
        cmocka_unit_test(test_accounts_are_limited),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_claim_keys),
        cmocka_unit_test(test_secrets_live),
        cmocka_unit_test(test_what_is_no_secret),
        cmocka_unit_test(test_sessions_do_not_pile_up),
        cmocka_unit_test(test_secrets_are_limited),
        cmocka_unit_test(test_when_there_is_a_host),
        cmocka_unit_test(test_the_last_host_stays),
        cmocka_unit_test(test_the_version_counts_changes),
        cmocka_unit_test(test_a_password_is_renewed),
    };
    return cmocka_run_group_tests_name("accounts", tests, NULL, NULL);
}
