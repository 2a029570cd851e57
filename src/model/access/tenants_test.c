/* Tenants, roles and names: what each command does, what is refused, at both sides of each limit.
 */
#include "model/access/fixture.h"

static char text_long[2048]; /* of x */

static struct bytes text_of(size_t size)
{
    memset(text_long, 'x', sizeof text_long);
    return bytes_of(text_long, size);
}

/* ---- tenants -----------------------------------------------------------------------------------
 */
static void test_main_is_there(void **state)
{
    (void)state;
    struct fixture f;
    struct tenant_view view;
    fixture_open(&f);
    assert_int_equal(access_tenants(f.model), 1);
    assert_true(access_tenant(f.model, TENANT_MAIN, &view));
    assert_text(view.name, "main");
    assert_int_equal(view.state, TENANT_ACTIVE);
    assert_int_equal(access_tenant_find(f.model, bytes_text("main")), TENANT_MAIN);
    assert_false(access_tenant(f.model, 0, &view));
    assert_false(access_tenant(f.model, 2, &view));
    assert_int_equal(tenant_put_state(&f, TENANT_MAIN, TENANT_SUSPENDED), OUTCOME_ACCESS_INVALID);
    assert_int_equal(tenant_put_state(&f, TENANT_MAIN, TENANT_DELETED), OUTCOME_ACCESS_INVALID);
    assert_int_equal(tenant_put_state(&f, TENANT_MAIN, TENANT_ACTIVE), OUTCOME_DONE);
    struct command command = command_of(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.number = TENANT_MAIN;
    command.access.has = HAS_NAME | HAS_TITLE;
    command.access.name = bytes_text("house");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_NAME_INVALID);
    command.access.name = bytes_text("main");
    command.access.title = bytes_text("The house");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_true(access_tenant(f.model, TENANT_MAIN, &view));
    assert_text(view.title, "The house");
    fixture_close(&f);
}

static void test_a_tenant_lives(void **state)
{
    (void)state;
    struct fixture f;
    struct tenant_view view;
    fixture_open(&f);
    struct command command = command_of(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.has = HAS_NAME | HAS_TITLE | HAS_QUOTAS;
    command.access.name = bytes_text("acme");
    command.access.title = bytes_text("Acme & Sons");
    command.access.quotas = (struct tenant_quotas){1, 2, 3, 4, 5, 6};
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(f.outcome.number, 2);
    assert_int_equal(access_tenants(f.model), 2);
    assert_int_equal(access_tenant_find(f.model, bytes_text("acme")), 2);
    assert_true(access_tenant(f.model, 2, &view));
    assert_memory_equal(&view.quotas, &command.access.quotas, sizeof view.quotas);
    assert_int_equal(view.position, f.stamp.position);
    assert_int_equal(fixture_command(&f, &command), OUTCOME_NAME_TAKEN);
    command.access.name = bytes_text("main");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_NAME_TAKEN);
    command.access.number = 2; /* another name, the rest stays */
    command.access.has = HAS_NAME;
    command.access.name = bytes_text("acme-2");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(access_tenant_find(f.model, bytes_text("acme")), TENANT_NONE);
    assert_int_equal(access_tenant_find(f.model, bytes_text("acme-2")), 2);
    assert_true(access_tenant(f.model, 2, &view));
    assert_text(view.title, "Acme & Sons");
    assert_int_equal(tenant_put_state(&f, 2, TENANT_SUSPENDED), OUTCOME_DONE);
    assert_true(access_tenant(f.model, 2, &view) && view.state == TENANT_SUSPENDED);
    assert_int_equal(tenant_put_state(&f, 2, (enum tenant_state)0), OUTCOME_ACCESS_INVALID);
    assert_int_equal(tenant_put_state(&f, 2, (enum tenant_state)4), OUTCOME_ACCESS_INVALID);
    assert_int_equal(tenant_put_state(&f, 3, TENANT_ACTIVE), OUTCOME_UNKNOWN_TENANT);
    command.access.has = HAS_EMAIL;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    command.access.has = HAS_TITLE;
    command.access.title = bytes_text("two\nlines");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_TEXT_INVALID);
    command.access.number = 9;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_UNKNOWN_TENANT);
    fixture_close(&f);
}

/* With a tenant all that is its goes out of sight at once, and its number is nobody's. */
static void test_a_deleted_tenant(void **state)
{
    (void)state;
    struct fixture f;
    struct tenant_view view;
    struct account_view account;
    struct secret_view secret;
    struct role_view role;
    struct share_view share;
    fixture_open(&f);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 2, "fitter", "#", RIGHT_SEE), OUTCOME_DONE);
    assert_int_equal(account_make_granted(&f, 2, ACCOUNT_DEVICE, "press", "fitter", "#"),
                     OUTCOME_DONE);
    assert_int_equal(secret_make(&f, 2, 1, SECRET_CERTIFICATE, "CN=press", ""), OUTCOME_DONE);
    assert_int_equal(share_make(&f, 2, TENANT_MAIN, "fire/#"), OUTCOME_DONE);
    assert_int_equal(access_share_next(f.model, TENANT_MAIN, false, SHARE_NONE), 1);
    assert_int_equal(tenant_put_state(&f, 2, TENANT_DELETED), OUTCOME_DONE);
    assert_true(access_tenant(f.model, 2, &view) && view.state == TENANT_DELETED);
    assert_text(view.name, "acme");
    assert_int_equal(access_tenant_find(f.model, bytes_text("acme")), TENANT_NONE);
    assert_int_equal(access_account_find(f.model, 2, ACCOUNT_DEVICE, bytes_text("press")),
                     ACCOUNT_NONE);
    assert_int_equal(access_account_next(f.model, 2, ACCOUNT_NONE), ACCOUNT_NONE);
    access_account(f.model, 1, &account);
    assert_int_equal(account.state, ACCOUNT_REMOVED);
    assert_int_equal(access_secret_find(f.model, SECRET_CERTIFICATE, bytes_text("CN=press")),
                     SECRET_NONE);
    assert_false(access_secret(f.model, 1, &secret));
    assert_int_equal(access_secret_next(f.model, 1, SECRET_NONE), SECRET_NONE);
    assert_false(access_role_find(f.model, 2, bytes_text("fitter"), &role));
    assert_false(access_role_find(f.model, 2, bytes_text("viewer"), &role));
    assert_false(access_role_at(f.model, 2, 0, &role));
    assert_int_equal(access_share_next(f.model, TENANT_MAIN, false, SHARE_NONE), SHARE_NONE);
    assert_true(access_share(f.model, 1, &share) && share.state == SHARE_ENDED);
    assert_int_equal(number_command(&f, COMMAND_SHARE_ACCEPT, TENANT_MAIN, 1),
                     OUTCOME_UNKNOWN_SHARE);
    assert_int_equal(number_command(&f, COMMAND_SHARE_END, TENANT_MAIN, 1), OUTCOME_UNKNOWN_SHARE);
    assert_int_equal(tenant_put_state(&f, 2, TENANT_ACTIVE), OUTCOME_UNKNOWN_TENANT);
    assert_int_equal(role_make(&f, 2, "new", "#", RIGHT_SEE), OUTCOME_UNKNOWN_TENANT);
    /* The name and what proved the account can be another's. */
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    assert_int_equal(f.outcome.number, 3);
    assert_int_equal(account_make_granted(&f, 3, ACCOUNT_DEVICE, "press", NULL, NULL),
                     OUTCOME_DONE);
    assert_int_equal(secret_make(&f, 3, 2, SECRET_CERTIFICATE, "CN=press", ""), OUTCOME_DONE);
    assert_int_equal(access_secret_find(f.model, SECRET_CERTIFICATE, bytes_text("CN=press")), 2);
    uint64_t hash = state_hash(f.state), seen = look_at_all(f.model);
    assert_int_equal(access_model_rebuild(f.model), OK);
    assert_true(state_hash(f.state) == hash && look_at_all(f.model) == seen);
    fixture_close(&f);
}

/* A few of its accounts and shares go with each record: nothing of them is left in the end, and
 * whoever shared with it has room again. */
static void test_what_a_deleted_tenant_had(void **state)
{
    (void)state;
    struct fixture f;
    struct tenant_view view;
    char name[16];
    fixture_open(&f);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    assert_int_equal(tenant_make(&f, "city"), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 2, "fitter", "#", RIGHT_SEE), OUTCOME_DONE);
    for (uint32_t i = 1; i <= 50; i++) {
        snprintf(name, sizeof name, "d%u", i);
        assert_int_equal(account_make_granted(&f, 2, ACCOUNT_DEVICE, name, "fitter", "#"),
                         OUTCOME_DONE);
        assert_int_equal(secret_make(&f, 2, i, SECRET_TOKEN, name, "p"), OUTCOME_DONE);
    }
    for (int i = 0; i < 10; i++) {
        assert_int_equal(share_make(&f, 2, 3, "a"), OUTCOME_DONE);
        assert_int_equal(share_make(&f, 3, 2, "a"), OUTCOME_DONE);
    }
    assert_true(access_tenant(f.model, 2, &view) && view.accounts == 50);
    assert_int_equal(tenant_put_state(&f, 2, TENANT_DELETED), OUTCOME_DONE);
    assert_true(access_tenant(f.model, 2, &view) && view.accounts == 46);
    struct fact audit = {.kind = FACT_AUDIT, .audit = {.action = bytes_text("login")}};
    for (int i = 0; i < 20; i++) { /* whole at every moment of it */
        uint64_t seen = look_at_all(f.model);
        assert_int_equal(access_model_rebuild(f.model), OK);
        assert_true(look_at_all(f.model) == seen);
        assert_int_equal(access_apply_fact(f.model, f.points, &audit, &f.stamp, NULL, &f.outcome),
                         OK);
    }
    assert_true(access_tenant(f.model, 2, &view));
    assert_int_equal(view.accounts + view.devices + view.shares_given + view.shares_taken, 0);
    assert_true(access_tenant(f.model, 3, &view));
    assert_int_equal(view.shares_given + view.shares_taken, 0);
    uint64_t memory = state_memory(f.state);
    for (uint32_t i = 51; i <= 100; i++) { /* secrets in the rows of those that went */
        snprintf(name, sizeof name, "d%u", i);
        assert_int_equal(account_make_granted(&f, 3, ACCOUNT_DEVICE, name, NULL, NULL),
                         OUTCOME_DONE);
        assert_int_equal(secret_make(&f, 3, i, SECRET_TOKEN, name, "p"), OUTCOME_DONE);
    }
    assert_true(state_memory(f.state) == memory);
    assert_int_equal(access_model_rebuild(f.model), OK);
    fixture_close(&f);
}

static void test_tenants_are_limited(void **state)
{
    (void)state;
    struct fixture f;
    struct access_limits limits = access_limits_default;
    limits.tenants_max = 3;
    fixture_open_limited(&f, &limits);
    assert_int_equal(tenant_make(&f, "b"), OUTCOME_DONE);
    assert_int_equal(tenant_make(&f, "c"), OUTCOME_DONE);
    assert_int_equal(tenant_make(&f, "d"), OUTCOME_ACCESS_FULL);
    assert_int_equal(access_model_rebuild(f.model), OK);
    fixture_close(&f);
}

/* ---- names -------------------------------------------------------------------------------------
 */
static void test_names_of_tenants(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "7", "a-b", "a--b", "0-0", "acme2"};
    static const char *const bad[] = {"", "-", "a-", "-a", "A", "a_b", "a.b", "a b", "\xc3\xa9"};
    struct fixture f;
    fixture_open(&f);
    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        assert_int_equal(tenant_make(&f, good[i]), OUTCOME_DONE);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(tenant_make(&f, bad[i]), OUTCOME_NAME_INVALID);
    struct command command = command_of(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.has = HAS_NAME;
    command.access.name = text_of(ACCESS_TENANT_NAME_MAX);
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    command.access.name = text_of(ACCESS_TENANT_NAME_MAX + 1);
    assert_int_equal(fixture_command(&f, &command), OUTCOME_NAME_INVALID);
    command.access.has = 0; /* a new one has a name */
    assert_int_equal(fixture_command(&f, &command), OUTCOME_NAME_INVALID);
    fixture_close(&f);
}

static void test_names_of_accounts_and_roles(void **state)
{
    (void)state;
    static const char *const good[] = {"ann", "Ann Lee", "\xe5\xae\x89", "a.b-c_d", "a$", "50%c",
                                       "*",   "?"};
    static const char *const bad[] = {"",     "a/b",      "a@b",      "a+b",  "a#b",
                                      "$a",   " a",       "a ",       "a\tb", "a\nb",
                                      "\x7f", "\xc2\x85", "\xff\xfe", "/",    "a\xe5"};
    struct fixture f;
    fixture_open(&f);
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        assert_int_equal(role_make(&f, 1, good[i], "#", RIGHT_SEE), OUTCOME_DONE);
        assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, good[i], NULL, NULL),
                         OUTCOME_DONE);
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_int_equal(role_make(&f, 1, bad[i], "#", RIGHT_SEE), OUTCOME_NAME_INVALID);
        assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, bad[i], NULL, NULL),
                         OUTCOME_NAME_INVALID);
    }
    struct command command = account_command(1, ACCOUNT_PERSON, "");
    command.access.name = text_of(ACCESS_NAME_MAX);
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    fixture_close(&f);
}

/* ---- roles -------------------------------------------------------------------------------------
 */
static void test_the_builtin_roles(void **state)
{
    (void)state;
    struct fixture f;
    struct role_view role;
    fixture_open(&f);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    static const char *const names[] = {"viewer",  "operator", "engineer", "administrator",
                                        "auditor", "device",   "host"};
    for (uint32_t i = 0; i < ARRAY_COUNT(names); i++) {
        assert_true(access_role_at(f.model, TENANT_MAIN, i, &role) && role.builtin);
        assert_text(role.name, names[i]);
        assert_int_equal(role_make(&f, TENANT_MAIN, names[i], "#", RIGHT_SEE), OUTCOME_NAME_TAKEN);
        assert_int_equal(role_remove_named(&f, TENANT_MAIN, names[i]), OUTCOME_NAME_TAKEN);
    }
    assert_false(access_role_at(f.model, TENANT_MAIN, 7, &role));
    assert_true(access_role_at(f.model, 2, 5, &role));
    assert_text(role.name, "device");
    assert_int_equal(role.right_count, 2);
    assert_text(role.rights[0].pattern, "devices/%c/#");
    assert_text(role.rights[1].pattern, "devices/%u/#");
    assert_int_equal(role.rights[1].rights, RIGHT_SEE | RIGHT_WRITE);
    assert_false(access_role_at(f.model, 2, 6, &role)); /* host is of main */
    assert_false(access_role_find(f.model, 2, bytes_text("host"), &role));
    assert_true(access_role_find(f.model, 1, bytes_text("host"), &role));
    assert_int_equal(role.right_count, 3);
    assert_text(role.rights[2].pattern, "$server/#");
    assert_true(access_role_find(f.model, 2, bytes_text("auditor"), &role));
    assert_int_equal(role.right_count, 2);
    assert_int_equal(role.rights[1].rights, RIGHT_SEE);
    fixture_close(&f);
}

static void test_a_role_lives(void **state)
{
    (void)state;
    struct fixture f;
    struct role_view role;
    fixture_open(&f);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    struct command command = command_of(COMMAND_ROLE_SET, 2);
    command.access.name = bytes_text("fitter");
    command.access.title = bytes_text("Fitters");
    command.access.rule_count = 3; /* in this order for ever: not sorted */
    command.access.rules[0] = (struct access_rule){bytes_text("plant/b/#"), RIGHT_WRITE};
    command.access.rules[1] = (struct access_rule){bytes_text("plant/%u/+"), RIGHT_ALL};
    command.access.rules[2] = (struct access_rule){bytes_text("$tenant/users/#"), RIGHT_SEE};
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_true(access_role_find(f.model, 2, bytes_text("fitter"), &role));
    assert_false(role.builtin);
    assert_text(role.title, "Fitters");
    assert_int_equal(role.right_count, 3);
    assert_text(role.rights[0].pattern, "plant/b/#");
    assert_text(role.rights[2].pattern, "$tenant/users/#");
    assert_int_equal(role.rights[1].rights, RIGHT_ALL);
    assert_int_equal(role.position, f.stamp.position);
    assert_false(access_role_find(f.model, 1, bytes_text("fitter"), &role));
    command.access.rule_count = 1; /* replaces all that it says */
    command.access.title = bytes_of("", 0);
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_true(access_role_at(f.model, 2, 6, &role));
    assert_int_equal(role.right_count, 1);
    assert_int_equal(role.title.size, 0);
    assert_int_equal(account_make_granted(&f, 2, ACCOUNT_PERSON, "ann", "fitter", "plant/#"),
                     OUTCOME_DONE);
    assert_int_equal(role_remove_named(&f, 2, "fitter"), OUTCOME_ROLE_IN_USE);
    assert_int_equal(role_remove_named(&f, 1, "fitter"), OUTCOME_UNKNOWN_ROLE);
    assert_int_equal(account_remove_number(&f, 2, 1), OUTCOME_DONE);
    assert_int_equal(role_remove_named(&f, 2, "fitter"), OUTCOME_DONE);
    assert_int_equal(role_remove_named(&f, 2, "fitter"), OUTCOME_UNKNOWN_ROLE);
    assert_false(access_role_find(f.model, 2, bytes_text("fitter"), &role));
    fixture_close(&f);
}

static void test_what_a_right_may_be(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    static const char *const bad[] = {"",        "a//b",     "#/a", "a+",    "$lost/#",
                                      "$tenant", "$tenant/", "/",   "$SYS/#"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(role_make(&f, 1, "r", bad[i], RIGHT_SEE), OUTCOME_ACCESS_INVALID);
    assert_int_equal(role_make(&f, 2, "r", "$server/#", RIGHT_SEE), OUTCOME_ACCESS_INVALID);
    assert_int_equal(role_make(&f, 1, "r", "$server/$SYS/#", RIGHT_SEE), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 2, "r", "$tenant/#", RIGHT_SEE), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 2, "r", "#", 0), OUTCOME_ACCESS_INVALID);
    assert_int_equal(role_make(&f, 2, "r", "#", RIGHT_ALL + 1), OUTCOME_ACCESS_INVALID);
    assert_int_equal(role_make(&f, 2, "r", "#", RIGHT_ALL), OUTCOME_DONE);
    struct command command = command_of(COMMAND_ROLE_SET, 2);
    command.access.name = bytes_text("none");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    command.access.rule_count = ACCESS_RIGHTS_MAX;
    for (unsigned i = 0; i < ACCESS_RIGHTS_MAX; i++) {
        static char longest[ACCESS_PATTERN_MAX];
        for (size_t at = 0; at < sizeof longest; at++)
            longest[at] = at % 64 == 63 ? '/' : 'p';
        longest[sizeof longest - 1] = '#';
        longest[sizeof longest - 2] = '/';
        command.access.rules[i] =
            (struct access_rule){bytes_of(longest, sizeof longest), RIGHT_SEE};
    }
    struct role_view role;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_true(access_role_find(f.model, 2, bytes_text("none"), &role));
    assert_int_equal(role.right_count, ACCESS_RIGHTS_MAX);
    assert_int_equal(role.rights[15].pattern.size, ACCESS_PATTERN_MAX);
    command.access.rules[0].pattern = text_of(ACCESS_PATTERN_MAX + 1);
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    fixture_close(&f);
}

static void test_roles_are_limited(void **state)
{
    (void)state;
    struct fixture f;
    struct access_limits limits = access_limits_default;
    struct role_view role;
    limits.roles_max = 2;
    limits.rights_max = 1;
    fixture_open_limited(&f, &limits);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 1, "a", "#", RIGHT_SEE), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 1, "b", "#", RIGHT_SEE), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 1, "c", "#", RIGHT_SEE), OUTCOME_ACCESS_FULL);
    assert_int_equal(role_make(&f, 1, "b", "a/#", RIGHT_SEE), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 2, "c", "#", RIGHT_SEE), OUTCOME_DONE); /* of each tenant */
    assert_int_equal(role_remove_named(&f, 1, "a"), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 1, "c", "#", RIGHT_SEE), OUTCOME_DONE); /* in its row */
    assert_true(access_role_at(f.model, 1, 7, &role));
    assert_text(role.name, "b");
    assert_true(access_role_at(f.model, 1, 8, &role));
    assert_text(role.name, "c");
    struct command command = command_of(COMMAND_ROLE_SET, 1);
    command.access.name = bytes_text("c");
    command.access.rule_count = 2;
    command.access.rules[0] = command.access.rules[1] =
        (struct access_rule){bytes_text("#"), RIGHT_SEE};
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    uint64_t seen = look_at_all(f.model);
    assert_int_equal(access_model_rebuild(f.model), OK);
    assert_true(look_at_all(f.model) == seen);
    fixture_close(&f);
}

/* All texts together: what does not fit is refused, and freed ones make room. */
static void test_texts_are_limited(void **state)
{
    (void)state;
    struct fixture f;
    struct access_limits limits = access_limits_default;
    limits.texts_bytes_max = 3 * 16 + 3 * 64; /* name a to c, and rules of some 45 bytes each */
    fixture_open_limited(&f, &limits);
    char pattern[40];
    memset(pattern, 'x', sizeof pattern);
    pattern[39] = '\0';
    assert_int_equal(role_make(&f, 1, "a", pattern, RIGHT_SEE), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 1, "b", pattern, RIGHT_SEE), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 1, "c", pattern, RIGHT_SEE), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 1, "d", pattern, RIGHT_SEE), OUTCOME_ACCESS_FULL);
    assert_int_equal(account_make_granted(&f, 1, ACCOUNT_PERSON, "ann", NULL, NULL),
                     OUTCOME_ACCESS_FULL);
    assert_int_equal(role_remove_named(&f, 1, "b"), OUTCOME_DONE);
    assert_int_equal(role_make(&f, 1, "d", pattern, RIGHT_SEE), OUTCOME_DONE);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_main_is_there),
        cmocka_unit_test(test_a_tenant_lives),
        cmocka_unit_test(test_a_deleted_tenant),
        cmocka_unit_test(test_what_a_deleted_tenant_had),
        cmocka_unit_test(test_tenants_are_limited),
        cmocka_unit_test(test_names_of_tenants),
        cmocka_unit_test(test_names_of_accounts_and_roles),
        cmocka_unit_test(test_the_builtin_roles),
        cmocka_unit_test(test_a_role_lives),
        cmocka_unit_test(test_what_a_right_may_be),
        cmocka_unit_test(test_roles_are_limited),
        cmocka_unit_test(test_texts_are_limited),
    };
    return cmocka_run_group_tests_name("tenants", tests, NULL, NULL);
}
