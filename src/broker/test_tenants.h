/* test_tenants: a test house with accounts: tenants, roles, devices that come with a token as their
 * password, and what changes while they are there. */
#pragma once

#include "broker/test_talk.h"

#include <stdio.h>

#define TOKEN_TEXT 128

/* The house is opened anew, and nobody comes in without an account. */
static inline int tenants_setup(void **state)
{
    struct test_house *house = house_create();
    check(secrets_start() == OK);
    house->locked = true;
    house_restart(house);
    *state = house;
    return 0;
}

#define TENANTS(test) cmocka_unit_test_setup_teardown(test, tenants_setup, talk_teardown)

/* Says it, until it is done; returns its number. */
static inline uint32_t order(struct test_house *house, const struct command *command)
{
    struct admitted admitted;
    size_t before = house->outcomes;
    assert_int_equal(engine_command(house->engine, command, 1, &admitted), ADMIT_DONE);
    for (int i = 0; i < 100 && house->outcomes == before; i++)
        (void)engine_step(house->engine);
    assert_int_equal(house->outcome.code, OUTCOME_DONE);
    (void)access_step(house->access, house->clock.boot_ns);
    return house->outcome.number;
}

static inline uint32_t make_tenant(struct test_house *house, const char *name,
                                   struct tenant_quotas quotas)
{
    struct command command = {.kind = COMMAND_TENANT_SET, .tenant = TENANT_MAIN};
    command.access = (struct command_access){
        .has = HAS_NAME | HAS_QUOTAS, .name = bytes_text(name), .quotas = quotas};
    return order(house, &command);
}

static inline void set_quotas(struct test_house *house, uint32_t tenant,
                              struct tenant_quotas quotas)
{
    struct command command = {.kind = COMMAND_TENANT_SET, .tenant = TENANT_MAIN};
    command.access = (struct command_access){.number = tenant, .has = HAS_QUOTAS, .quotas = quotas};
    (void)order(house, &command);
}

static inline void set_tenant_state(struct test_house *house, uint32_t tenant,
                                    enum tenant_state tenant_state)
{
    struct command command = {.kind = COMMAND_TENANT_STATE, .tenant = TENANT_MAIN};
    command.access = (struct command_access){.number = tenant, .state = (uint8_t)tenant_state};
    (void)order(house, &command);
}

struct right_wish {
    const char *pattern;
    uint32_t rights;
};
/* Up to four rights; pattern NULL ends them. */
static inline void make_role(struct test_house *house, uint32_t tenant, const char *name,
                             const struct right_wish rights[4])
{
    struct command command = {.kind = COMMAND_ROLE_SET, .tenant = tenant};
    command.access = (struct command_access){.name = bytes_text(name)};
    for (size_t i = 0; i < 4 && rights[i].pattern; i++)
        command.access.rules[command.access.rule_count++] = (struct access_rule){
            .pattern = bytes_text(rights[i].pattern), .rights = rights[i].rights};
    (void)order(house, &command);
}

static inline void set_role(struct test_house *house, uint32_t tenant, uint32_t account,
                            const char *role)
{
    struct command command = {.kind = COMMAND_ACCOUNT_SET, .tenant = tenant};
    command.access = (struct command_access){.number = account,
                                             .has = HAS_GRANTS,
                                             .account_kind = ACCOUNT_DEVICE,
                                             .grant_count = role ? 1 : 0};
    if (role)
        command.access.grants[0] =
            (struct grant){.role = bytes_text(role), .branch = bytes_text("#")};
    (void)order(house, &command);
}

static inline void set_account_state(struct test_house *house, uint32_t tenant, uint32_t account,
                                     enum account_state account_state)
{
    struct command command = {.kind = COMMAND_ACCOUNT_SET, .tenant = tenant};
    command.access = (struct command_access){.number = account,
                                             .has = HAS_STATE,
                                             .account_kind = ACCOUNT_DEVICE,
                                             .state = (uint8_t)account_state};
    (void)order(house, &command);
}

struct device {
    uint32_t tenant, account, secret;
    char name[32], token[TOKEN_TEXT];
};

static inline struct device make_device(struct test_house *house, uint32_t tenant, const char *name,
                                        const char *role)
{
    struct device device = {.tenant = tenant};
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE], digest[SECRET_DIGEST_SIZE];
    struct secret_token token;
    struct command command = {.kind = COMMAND_ACCOUNT_SET, .tenant = tenant};
    command.access = (struct command_access){.has = HAS_NAME | HAS_STATE | HAS_GRANTS,
                                             .name = bytes_text(name),
                                             .account_kind = ACCOUNT_DEVICE,
                                             .state = ACCOUNT_ACTIVE,
                                             .expires_wall_ns = INT64_MAX};
    snprintf(device.name, sizeof device.name, "%s", name);
    device.account = order(house, &command);
    set_role(house, tenant, device.account, role);
    house_random(random, sizeof random);
    secret_token_make(SECRET_TOKEN_DEVICE, random, device.token, digest);
    assert_true(secret_token_read(bytes_text(device.token), &token));
    command = (struct command){.kind = COMMAND_SECRET_ADD, .tenant = tenant};
    command.access = (struct command_access){.owner = device.account,
                                             .secret_kind = SECRET_TOKEN,
                                             .id = token.id,
                                             .proof = bytes_of(digest, sizeof digest),
                                             .expires_wall_ns = INT64_MAX};
    device.secret = order(house, &command);
    return device;
}

static inline void set_password(struct test_house *house, struct device *device,
                                const char *password)
{
    char hash[SECRET_HASH_SIZE];
    assert_int_equal(secret_password_hash(bytes_text(password), hash), OK);
    struct command command = {.kind = COMMAND_SECRET_ADD, .tenant = device->tenant};
    command.access = (struct command_access){.owner = device->account,
                                             .secret_kind = SECRET_PASSWORD,
                                             .proof = bytes_text(hash),
                                             .expires_wall_ns = INT64_MAX};
    (void)order(house, &command);
}

static inline void remove_secret(struct test_house *house, const struct device *device)
{
    struct command command = {.kind = COMMAND_SECRET_REMOVE, .tenant = device->tenant};
    command.access = (struct command_access){.number = device->secret, .owner = device->account};
    (void)order(house, &command);
}

/* What `from` shows of one branch, and `to` takes. */
static inline uint32_t make_share(struct test_house *house, uint32_t from, uint32_t to,
                                  const char *pattern)
{
    struct command command = {.kind = COMMAND_SHARE_OFFER, .tenant = from};
    command.access = (struct command_access){
        .other = to, .rights = RIGHT_SEE, .pattern_count = 1, .patterns = {bytes_text(pattern)}};
    uint32_t share = order(house, &command);
    command = (struct command){.kind = COMMAND_SHARE_ACCEPT, .tenant = to};
    command.access = (struct command_access){.number = share};
    (void)order(house, &command);
    return share;
}

static inline void end_share(struct test_house *house, uint32_t tenant, uint32_t share)
{
    struct command command = {.kind = COMMAND_SHARE_END, .tenant = tenant};
    command.access = (struct command_access){.number = share};
    (void)order(house, &command);
}

static inline struct how as(const struct device *device, struct how how)
{
    how.user = device->name;
    how.password = device->token;
    return how;
}

static inline struct wire *enter_as(struct test_house *house, const struct device *device,
                                    const char *id)
{
    return join(house, id, as(device, (struct how){.version = MQTT_5}));
}

/* It is refused. */
static inline void refused(struct test_house *house, const char *id, struct how how, uint8_t reason)
{
    struct wire *wire = join_begin(house, id, how);
    house_settle(house);
    expect_connack(wire, reason, false);
    assert_true(wire->ended);
    assert_int_equal(wire->cause, CAUSE_CONNECT_REFUSED);
}
