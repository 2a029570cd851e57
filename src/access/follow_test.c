/* Changes of all kinds at random, some of which the audit does not name: after each step those who
 * are here may exactly what one may who comes in now, and those who could not come in any more are
 * gone. */
#include "access/test_house.h"

#define HELD 40
#define NAMES 6

static struct house house;
static struct {
    uint32_t tenant, account;
    char token[SECRET_TOKEN_SIZE];
    struct principal *principal;
} held[HELD];
static uint32_t tenants[3], shares[64];
static size_t share_count;

static const char *const patterns[] = {"#",         "a/#",  "a/b",      "+/b/#",
                                       "%c/#",      "%u/#", "@one/#",   "@two/a/#",
                                       "$tenant/#", "a*/?", "+/+/%u/#", "b/#"};
static const char *const branches[] = {"#", "a/#", "+/b", "@two/#", "b/#"};
static const char *const role_names[] = {"r0", "r1", "viewer", "device"};

static const char *any(const char *const *list, size_t count)
{
    return list[house_below(&house, count)];
}

static uint32_t any_tenant(void)
{
    return tenants[house_below(&house, ARRAY_COUNT(tenants))];
}

/* As an administrator, or now and then as somebody whom the audit does not name. */
static bool try_command(struct command command)
{
    if (house_below(&house, 12) == 0)
        command.actor = (struct actor){.door = ACTOR_NONE};
    return house_apply(&house, &command) == OUTCOME_DONE;
}

static void any_name(char *name)
{
    (void)snprintf(name, 16, "n%u", (unsigned)house_below(&house, NAMES));
}

static void change_role(void)
{
    struct command command = house_command(COMMAND_ROLE_SET, any_tenant());
    command.access.name = bytes_text(role_names[house_below(&house, 2)]);
    command.access.rule_count = (uint16_t)(1 + house_below(&house, 3));
    for (size_t i = 0; i < command.access.rule_count; i++)
        command.access.rules[i] =
            (struct access_rule){bytes_text(any(patterns, ARRAY_COUNT(patterns))),
                                 (uint32_t)(1 + house_below(&house, RIGHT_ALL))};
    (void)try_command(command);
}

static void fill_grants(struct command *command)
{
    command->access.has |= HAS_GRANTS;
    command->access.grant_count = (uint16_t)house_below(&house, 3);
    for (size_t i = 0; i < command->access.grant_count; i++)
        command->access.grants[i] =
            (struct grant){bytes_text(any(role_names, ARRAY_COUNT(role_names))),
                           bytes_text(any(branches, ARRAY_COUNT(branches)))};
}

static void change_account(size_t at)
{
    char name[16];
    struct command command = house_command(COMMAND_ACCOUNT_SET, held[at].tenant);
    command.access.number = held[at].account;
    if (house_below(&house, 2) == 0)
        fill_grants(&command);
    if (house_below(&house, 3) == 0) {
        any_name(name);
        command.access.has |= HAS_NAME;
        command.access.name = bytes_text(name);
    }
    if (house_below(&house, 3) == 0) {
        command.access.has |= HAS_STATE;
        command.access.state = house_below(&house, 2) == 0 ? ACCOUNT_DISABLED : ACCOUNT_ACTIVE;
    }
    if (house_below(&house, 8) == 0) {
        command.access.has |= HAS_EXPIRY;
        command.access.expires_wall_ns =
            house.clock.wall_ns + (int64_t)house_below(&house, 5) * NS_PER_S;
    }
    (void)try_command(command);
}

static bool make_account(size_t at)
{
    static const enum account_kind kinds[] = {ACCOUNT_DEVICE, ACCOUNT_TOKEN, ACCOUNT_PERSON};
    char name[16];
    any_name(name);
    struct command command = house_command(COMMAND_ACCOUNT_SET, any_tenant());
    command.access.account_kind = (uint8_t)kinds[house_below(&house, ARRAY_COUNT(kinds))];
    command.access.has = HAS_NAME;
    command.access.name = bytes_text(name);
    size_t owner = house_below(&house, HELD);
    if (command.access.account_kind == ACCOUNT_TOKEN && held[owner].account != ACCOUNT_NONE)
        command.access.owner = held[owner].account;
    fill_grants(&command);
    if (!try_command(command))
        return false;
    held[at].tenant = command.tenant;
    held[at].account = house.outcome.number;
    house_token(&house, held[at].tenant, held[at].account, held[at].token);
    return true;
}

static void change_share(void)
{
    uint32_t from = any_tenant(), to = any_tenant();
    if (share_count > 0 && house_below(&house, 2) == 0) {
        struct command command =
            house_command(COMMAND_SHARE_END, house_below(&house, 2) == 0 ? from : to);
        command.access.number = shares[house_below(&house, share_count)];
        (void)try_command(command);
    } else if (from != to && share_count < ARRAY_COUNT(shares)) {
        shares[share_count++] =
            house_share(&house, from, to, any(branches, 3), RIGHT_SEE | RIGHT_ACKNOWLEDGE);
    }
}

static void change_tenant(void)
{
    struct command command = house_command(COMMAND_TENANT_STATE, TENANT_MAIN);
    command.access.number = tenants[1 + house_below(&house, 2)];
    command.access.state = house_below(&house, 3) == 0 ? TENANT_SUSPENDED : TENANT_ACTIVE;
    (void)try_command(command);
}

static void remove_something(size_t at)
{
    struct command command = house_command(COMMAND_ACCOUNT_REMOVE, held[at].tenant);
    command.access.number = held[at].account;
    if (house_below(&house, 2) == 0) {
        command.kind = COMMAND_SECRET_REMOVE;
        command.access.number = access_secret_next(house.model, held[at].account, SECRET_NONE);
    }
    (void)try_command(command);
}

static void change_something(void)
{
    size_t at = house_below(&house, HELD);
    switch (house_below(&house, 8)) {
    case 0:
        change_role();
        break;
    case 1:
        change_share();
        break;
    case 2:
        if (house_below(&house, 3) == 0)
            change_tenant();
        break;
    case 3:
        if (house_below(&house, 3) == 0)
            remove_something(at);
        break;
    default:
        change_account(at);
    }
}

static size_t compared, ended;

static void compare(const struct principal *here, const struct principal *fresh)
{
    static const char *const paths[] = {"a",    "a/b",          "b/b/c",    "c1/x",
                                        "n1/x", "n2/x",         "x/y/n3/z", "ab/c",
                                        "b",    "devices/n1/x", "x/n4/y",   "$tenant/users"};
    struct principal_view now, then;
    principal_view(here, &now);
    principal_view(fresh, &then);
    assert_int_equal(now.account, then.account);
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        for (size_t j = 0; j < ARRAY_COUNT(tenants); j++)
            for (uint32_t right = RIGHT_SEE; right <= RIGHT_ADMINISTER; right <<= 1) {
                bool expected = may(fresh, (enum access_right)right, tenants[j], paths[i]);
                if (may(here, (enum access_right)right, tenants[j], paths[i]) != expected)
                    fail_msg("%s: right %u on %s of %u: expected %d", now.name, right, paths[i],
                             tenants[j], expected);
                compared++;
            }
}

static void compare_all(void)
{
    for (size_t i = 0; i < HELD; i++) {
        struct principal_view view = {.ended = true};
        struct principal *fresh =
            held[i].account == ACCOUNT_NONE ? NULL : house_enter_token(&house, held[i].token, "c1");
        if (held[i].principal != NULL)
            principal_view(held[i].principal, &view);
        if (!view.ended && fresh == NULL)
            fail_msg("%s is still here", view.name);
        if (!view.ended) {
            compare(held[i].principal, fresh);
            principal_release(fresh);
            continue;
        }
        ended += held[i].principal != NULL;
        principal_release(held[i].principal);
        held[i].principal = fresh;
        if (fresh == NULL && house_below(&house, 4) == 0)
            (void)make_account(i);
    }
}

static void one_life(uint64_t seed)
{
    house_open(&house, NULL);
    house.seed = seed;
    memset(held, 0, sizeof held);
    share_count = 0;
    house_host(&house);
    tenants[0] = TENANT_MAIN;
    tenants[1] = house_tenant(&house, "one");
    tenants[2] = house_tenant(&house, "two");
    for (size_t i = 0; i < ARRAY_COUNT(tenants); i++)
        for (size_t j = 0; j < 2; j++)
            house_role(&house, tenants[i], role_names[j], "#", RIGHT_SEE);
    for (size_t i = 0; i < HELD; i++)
        (void)make_account(i);
    house_step(&house);
    for (int round = 0; round < 150; round++) {
        compare_all();
        for (uint64_t i = house_below(&house, 5); i > 0; i--)
            change_something();
        house_pass(&house, (int64_t)house_below(&house, 2) * NS_PER_S);
    }
    for (size_t i = 0; i < HELD; i++)
        principal_release(held[i].principal);
    house_close(&house);
}

static void test_those_here_are_as_those_who_come(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= (SANITIZED ? 4 : 20); seed++)
        one_life(seed * 104729);
    print_message("%zu comparisons, %zu ended\n", compared, ended);
    assert_true(compared > 100000 && ended > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_those_here_are_as_those_who_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
