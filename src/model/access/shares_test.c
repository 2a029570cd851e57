/* Shares and providers: what each command does, what is refused, at both sides of each limit. */
#include "model/access/fixture.h"

static struct share_view share_of(const struct fixture *f, uint32_t share)
{
    struct share_view view;
    assert_true(access_share(f->model, share, &view));
    return view;
}

static void tenants_make(struct fixture *f)
{
    assert_int_equal(tenant_make(f, "acme"), OUTCOME_DONE); /* 2 */
    assert_int_equal(tenant_make(f, "city"), OUTCOME_DONE); /* 3 */
}

/* ---- shares ------------------------------------------------------------------------------------
 */
static void test_a_share_lives(void **state)
{
    (void)state;
    struct fixture f;
    struct tenant_view tenant;
    fixture_open(&f);
    tenants_make(&f);
    struct command command = command_of(COMMAND_SHARE_OFFER, 2);
    command.access.other = 3;
    command.access.rights = RIGHT_SEE | RIGHT_ACKNOWLEDGE;
    command.access.title = bytes_text("fire alarms");
    command.access.pattern_count = 2;
    command.access.patterns[0] = bytes_text("fire/#");
    command.access.patterns[1] = bytes_text("+/smoke");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(f.outcome.number, 1);
    struct share_view view = share_of(&f, 1);
    assert_int_equal(view.from, 2);
    assert_int_equal(view.to, 3);
    assert_int_equal(view.state, SHARE_OFFERED);
    assert_int_equal(view.rights, RIGHT_SEE | RIGHT_ACKNOWLEDGE);
    assert_int_equal(view.pattern_count, 2);
    assert_text(view.patterns[1], "+/smoke");
    assert_text(view.title, "fire alarms");
    assert_int_equal(view.wall_ns, f.stamp.wall_ns);
    assert_true(access_tenant(f.model, 2, &tenant) && tenant.shares_given == 1);
    assert_true(access_tenant(f.model, 3, &tenant) && tenant.shares_taken == 1);
    assert_int_equal(number_command(&f, COMMAND_SHARE_ACCEPT, 2, 1), OUTCOME_UNKNOWN_SHARE);
    assert_int_equal(number_command(&f, COMMAND_SHARE_ACCEPT, 3, 2), OUTCOME_UNKNOWN_SHARE);
    assert_int_equal(number_command(&f, COMMAND_SHARE_ACCEPT, 3, 0), OUTCOME_UNKNOWN_SHARE);
    f.stamp.wall_ns++;
    assert_int_equal(number_command(&f, COMMAND_SHARE_ACCEPT, 3, 1), OUTCOME_DONE);
    assert_int_equal(share_of(&f, 1).state, SHARE_ACTIVE);
    assert_int_equal(share_of(&f, 1).accepted_wall_ns, f.stamp.wall_ns);
    assert_int_equal(number_command(&f, COMMAND_SHARE_ACCEPT, 3, 1), OUTCOME_UNKNOWN_SHARE);
    assert_int_equal(number_command(&f, COMMAND_SHARE_END, 1, 1), OUTCOME_UNKNOWN_SHARE);
    f.stamp.wall_ns++;
    assert_int_equal(number_command(&f, COMMAND_SHARE_END, 3, 1), OUTCOME_DONE);
    assert_int_equal(share_of(&f, 1).state, SHARE_ENDED);
    assert_int_equal(share_of(&f, 1).ended_wall_ns, f.stamp.wall_ns);
    assert_int_equal(number_command(&f, COMMAND_SHARE_END, 2, 1), OUTCOME_UNKNOWN_SHARE);
    assert_true(access_tenant(f.model, 2, &tenant) && tenant.shares_given == 0);
    assert_int_equal(share_make(&f, 2, 3, "fire/#"), OUTCOME_DONE); /* ended by who gave it */
    assert_int_equal(number_command(&f, COMMAND_SHARE_END, 2, 2), OUTCOME_DONE);
    fixture_close(&f);
}

static void test_what_is_no_share(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    tenants_make(&f);
    static const char *const bad[] = {"", "a//b", "$tenant/#", "$server/#", "#/a"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(share_make(&f, 2, 3, bad[i]), OUTCOME_ACCESS_INVALID);
    assert_int_equal(share_make(&f, 2, 2, "#"), OUTCOME_ACCESS_INVALID);
    assert_int_equal(share_make(&f, 2, 4, "#"), OUTCOME_UNKNOWN_TENANT);
    assert_int_equal(share_make(&f, 2, 0, "#"), OUTCOME_UNKNOWN_TENANT);
    assert_int_equal(share_make(&f, 4, 2, "#"), OUTCOME_UNKNOWN_TENANT);
    struct command command = command_of(COMMAND_SHARE_OFFER, 2);
    command.access.other = 3;
    command.access.rights = RIGHT_SEE;
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID); /* of nothing */
    command.access.pattern_count = SHARE_PATTERNS_MAX;
    for (unsigned i = 0; i < SHARE_PATTERNS_MAX; i++)
        command.access.patterns[i] = bytes_text("a/#");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    static const uint32_t rights[] = {0, RIGHT_WRITE, RIGHT_ACKNOWLEDGE, RIGHT_ALL};
    for (size_t i = 0; i < ARRAY_COUNT(rights); i++) {
        command.access.rights = rights[i];
        assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    }
    command.access.rights = RIGHT_SEE;
    command.access.title = bytes_text("\n");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_TEXT_INVALID);
    assert_int_equal(access_shares(f.model), 1);
    fixture_close(&f);
}

/* Lists of what is given and taken; a walk that stands at one that ended goes on behind it. */
static void test_walks_over_shares(void **state)
{
    (void)state;
    struct fixture f;
    struct share_view view;
    fixture_open(&f);
    tenants_make(&f);
    assert_int_equal(share_make(&f, 2, 3, "a"), OUTCOME_DONE); /* 1 */
    assert_int_equal(share_make(&f, 2, 1, "b"), OUTCOME_DONE); /* 2 */
    assert_int_equal(share_make(&f, 3, 2, "c"), OUTCOME_DONE); /* 3 */
    assert_int_equal(share_make(&f, 2, 3, "d"), OUTCOME_DONE); /* 4 */
    assert_int_equal(access_share_next(f.model, 2, true, SHARE_NONE), 1);
    assert_int_equal(access_share_next(f.model, 2, true, 1), 2);
    assert_int_equal(access_share_next(f.model, 2, true, 2), 4);
    assert_int_equal(access_share_next(f.model, 2, true, 3), 4); /* not of this walk */
    assert_int_equal(access_share_next(f.model, 2, true, 4), SHARE_NONE);
    assert_int_equal(access_share_next(f.model, 2, false, SHARE_NONE), 3);
    assert_int_equal(access_share_next(f.model, 3, false, 1), 4);
    assert_int_equal(access_share_next(f.model, 9, false, SHARE_NONE), SHARE_NONE);
    assert_int_equal(number_command(&f, COMMAND_SHARE_END, 2, 2), OUTCOME_DONE);
    assert_int_equal(access_share_next(f.model, 2, true, 2), 4);
    assert_int_equal(access_share_next(f.model, 2, true, 1), 4);
    assert_int_equal(access_share_next(f.model, 1, false, SHARE_NONE), SHARE_NONE);
    assert_int_equal(tenant_put_state(&f, 3, TENANT_SUSPENDED), OUTCOME_DONE);
    assert_int_equal(access_share_next(f.model, 2, true, SHARE_NONE), 1);
    assert_int_equal(tenant_put_state(&f, 3, TENANT_DELETED), OUTCOME_DONE);
    assert_int_equal(access_share_next(f.model, 2, true, SHARE_NONE), SHARE_NONE);
    assert_int_equal(access_share_next(f.model, 2, false, SHARE_NONE), SHARE_NONE);
    assert_false(access_share(f.model, 0, &view));
    assert_false(access_share(f.model, 5, &view));
    assert_int_equal(access_model_rebuild(f.model), OK);
    fixture_close(&f);
}

static void test_shares_are_limited(void **state)
{
    (void)state;
    struct fixture f;
    struct access_limits limits = access_limits_default;
    limits.shares_max = 2;
    fixture_open_limited(&f, &limits);
    tenants_make(&f);
    assert_int_equal(share_make(&f, 2, 3, "a"), OUTCOME_DONE);
    assert_int_equal(share_make(&f, 3, 2, "a"), OUTCOME_DONE);
    assert_int_equal(share_make(&f, 2, 1, "a"), OUTCOME_ACCESS_FULL); /* of who gives */
    assert_int_equal(share_make(&f, 1, 2, "a"), OUTCOME_ACCESS_FULL); /* of who takes */
    assert_int_equal(number_command(&f, COMMAND_SHARE_END, 2, 1), OUTCOME_DONE);
    assert_int_equal(share_make(&f, 1, 2, "a"), OUTCOME_DONE);
    fixture_close(&f);
}

/* ---- providers ---------------------------------------------------------------------------------
 */
static struct command provider_command(uint32_t tenant, uint32_t number, const char *name)
{
    struct command command = command_of(COMMAND_PROVIDER_SET, tenant);
    command.access.number = number;
    command.access.name = bytes_text(name);
    command.access.issuer = bytes_text("https://id.example.org");
    command.access.client_id = bytes_text("mainstem");
    command.access.sealed_secret = bytes_text("sealed");
    command.access.scopes = bytes_text("email");
    return command;
}

static struct provider_view provider_of(const struct fixture *f, uint32_t provider)
{
    struct provider_view view;
    assert_true(access_provider(f->model, provider, &view));
    return view;
}

static void test_a_provider_lives(void **state)
{
    (void)state;
    struct fixture f;
    struct provider_view none;
    fixture_open(&f);
    tenants_make(&f);
    assert_int_equal(role_make(&f, 2, "guest", "#", RIGHT_SEE), OUTCOME_DONE);
    struct command command = provider_command(2, 0, "entra");
    command.access.role = bytes_text("guest");
    command.access.branch = bytes_text("plant/#");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(f.outcome.number, 1);
    struct provider_view view = provider_of(&f, 1);
    assert_text(view.name, "entra");
    assert_text(view.issuer, "https://id.example.org");
    assert_text(view.client_id, "mainstem");
    assert_text(view.sealed_secret, "sealed");
    assert_text(view.scopes, "email");
    assert_text(view.role, "guest");
    assert_text(view.branch, "plant/#");
    assert_int_equal(view.tenant, 2);
    assert_int_equal(role_remove_named(&f, 2, "guest"), OUTCOME_ROLE_IN_USE);
    command = provider_command(2, 0, "entra");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_NAME_TAKEN);
    command.access.number = 1; /* all but the secret, which nobody who changes the rest knows */
    command.access.name = bytes_text("okta");
    command.access.sealed_secret = bytes_of("", 0);
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    view = provider_of(&f, 1);
    assert_text(view.name, "okta");
    assert_text(view.sealed_secret, "sealed");
    assert_int_equal(view.role.size, 0);
    assert_int_equal(role_remove_named(&f, 2, "guest"), OUTCOME_DONE);
    assert_int_equal(number_command(&f, COMMAND_PROVIDER_REMOVE, 3, 1), OUTCOME_UNKNOWN_PROVIDER);
    assert_int_equal(number_command(&f, COMMAND_PROVIDER_REMOVE, 2, 1), OUTCOME_DONE);
    assert_true(provider_of(&f, 1).removed);
    assert_int_equal(provider_of(&f, 1).sealed_secret.size, 0);
    assert_int_equal(number_command(&f, COMMAND_PROVIDER_REMOVE, 2, 1), OUTCOME_UNKNOWN_PROVIDER);
    assert_int_equal(fixture_command(&f, &command), OUTCOME_UNKNOWN_PROVIDER);
    command = provider_command(2, 0, "okta"); /* the name is free */
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    assert_int_equal(f.outcome.number, 2);
    assert_false(access_provider(f.model, 0, &none));
    assert_false(access_provider(f.model, 3, &none));
    assert_int_equal(tenant_put_state(&f, 2, TENANT_DELETED), OUTCOME_DONE);
    assert_true(provider_of(&f, 2).removed);
    assert_int_equal(access_model_rebuild(f.model), OK);
    fixture_close(&f);
}

static void test_what_is_no_provider(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct command command = provider_command(1, 0, "a/b");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_NAME_INVALID);
    command = provider_command(1, 1, "entra");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_UNKNOWN_PROVIDER);
    command = provider_command(1, 0, "entra");
    command.access.issuer = bytes_of("", 0);
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    command = provider_command(1, 0, "entra");
    command.access.client_id = bytes_of("", 0);
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    command = provider_command(1, 0, "entra");
    command.access.scopes = bytes_text("a\nb");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_TEXT_INVALID);
    command = provider_command(1, 0, "entra");
    command.access.role = bytes_text("viewer"); /* where? */
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    command.access.role = bytes_of("", 0);
    command.access.branch = bytes_text("#"); /* what? */
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    command.access.role = bytes_text("none");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_UNKNOWN_ROLE);
    command.access.role = bytes_text("viewer");
    command.access.branch = bytes_text("a//b");
    assert_int_equal(fixture_command(&f, &command), OUTCOME_ACCESS_INVALID);
    assert_int_equal(access_providers(f.model), 0);
    fixture_close(&f);
}

static void test_providers_are_limited(void **state)
{
    (void)state;
    struct fixture f;
    char name[8];
    fixture_open(&f);
    tenants_make(&f);
    for (int i = 0; i < 17; i++) {
        snprintf(name, sizeof name, "p%d", i);
        struct command command = provider_command(2, 0, name);
        assert_int_equal(fixture_command(&f, &command),
                         i < 16 ? OUTCOME_DONE : OUTCOME_ACCESS_FULL);
    }
    struct command command = provider_command(3, 0, "p16"); /* of each tenant */
    assert_int_equal(fixture_command(&f, &command), OUTCOME_DONE);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_share_lives),         cmocka_unit_test(test_what_is_no_share),
        cmocka_unit_test(test_walks_over_shares),     cmocka_unit_test(test_shares_are_limited),
        cmocka_unit_test(test_a_provider_lives),      cmocka_unit_test(test_what_is_no_provider),
        cmocka_unit_test(test_providers_are_limited),
    };
    return cmocka_run_group_tests_name("shares", tests, NULL, NULL);
}
