/* test_house: access over a model without an engine: commands are applied when the house steps, as
 * if they had been written then; a clock that moves when it is told to; an audit that is a list. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/room.h"
#include "base/test_random.h"

#define HOUSE_PENDING 256
#define HOUSE_AUDIT 512

struct house_clock {
    struct clock port; /* first */
    int64_t boot_ns, wall_ns;
};
struct house {
    struct state *state;
    struct points *points;
    struct access_model *model;
    struct house_clock clock;
    struct settings settings;
    struct secret_key *key;
    struct access *access;
    struct record_stamp stamp;
    struct outcome outcome; /* of the last command */
    struct {
        struct command command;
        uint64_t tag;
    } pending[HOUSE_PENDING];
    size_t pending_count;
    bool full; /* the port takes nothing */
    struct {
        uint32_t tenant, account;
        char actor[257], action[65], object[513], detail[513], outcome[513];
    } audit[HOUSE_AUDIT];
    size_t audit_count;
    uint64_t seed;
};

static inline int64_t house_boot_ns(struct clock *clock)
{
    return ((struct house_clock *)clock)->boot_ns;
}

static inline int64_t house_wall_ns(struct clock *clock)
{
    return ((struct house_clock *)clock)->wall_ns;
}

static inline void house_random(void *at, size_t size)
{
    static uint64_t seed = 1;
    for (size_t i = 0; i < size; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ((uint8_t *)at)[i] = (uint8_t)(seed >> 56);
    }
}

static inline void house_text(char *at, size_t room, struct bytes text)
{
    (void)snprintf(at, room, "%.*s", (int)text.size, (const char *)text.at);
}

static inline bool house_take_audit(void *arg, const struct fact_audit *audit)
{
    struct house *house = arg;
    if (house->full)
        return false;
    if (house->audit_count < HOUSE_AUDIT) {
        size_t at = house->audit_count++;
        house->audit[at].tenant = audit->tenant;
        house->audit[at].account = audit->actor.account;
        house_text(house->audit[at].actor, sizeof house->audit[at].actor, audit->actor.name);
        house_text(house->audit[at].action, sizeof house->audit[at].action, audit->action);
        house_text(house->audit[at].object, sizeof house->audit[at].object, audit->object);
        house_text(house->audit[at].detail, sizeof house->audit[at].detail, audit->detail);
        house_text(house->audit[at].outcome, sizeof house->audit[at].outcome, audit->outcome);
    }
    struct fact fact = {.kind = FACT_AUDIT, .audit = *audit};
    struct outcome outcome;
    house->stamp.position++;
    check(access_apply_fact(house->model, house->points, &fact, &house->stamp, NULL, &outcome) ==
          OK);
    return true;
}

static inline bool house_take_command(void *arg, const struct command *command, uint64_t tag)
{
    struct house *house = arg;
    check((tag & ACCESS_TAG) != 0);
    if (house->full || house->pending_count == HOUSE_PENDING)
        return false;
    house->pending[house->pending_count].command = *command;
    house->pending[house->pending_count++].tag = tag;
    return true;
}

static const struct access_port house_port = {house_take_audit, house_take_command};

static inline void house_begin(struct house *house, struct worker *worker)
{
    struct access_config config = {.settings = &house->settings,
                                   .model = house->model,
                                   .clock = &house->clock.port,
                                   .worker = worker,
                                   .key = house->key,
                                   .port = &house_port,
                                   .arg = house,
                                   .random = house_random};
    check(access_create(&config, &house->access) == OK);
}

static inline void house_open(struct house *house, struct worker *worker)
{
    static const uint8_t key[SECRET_KEY_SIZE] = {1, 2, 3};
    memset(house, 0, sizeof *house);
    check(secrets_start() == OK);
    check(state_create(&house->state) == OK);
    check(points_create(house->state, &points_limits_default, &house->points) == OK);
    check(access_model_create(house->state, &access_limits_default, &house->model) == OK);
    check(secret_key_create(key, &house->key) == OK);
    house->clock = (struct house_clock){
        {house_boot_ns, house_wall_ns}, 1000 * NS_PER_S, INT64_C(1700000000) * NS_PER_S};
    house->stamp = (struct record_stamp){.position = 1, .engine_ns = 1};
    house->seed = 7;
    settings_default(&house->settings);
    house_begin(house, worker);
}

static inline void house_close(struct house *house)
{
    access_destroy(house->access);
    access_model_destroy(house->model);
    points_destroy(house->points);
    state_destroy(house->state);
    secret_key_destroy(house->key);
}

/* As the engine would apply it, with the actor of an administrator unless there is one. */
static inline enum outcome_code house_apply(struct house *house, const struct command *command)
{
    struct fact fact = {.kind = FACT_ACCESS, .command = *command};
    house->stamp.position++;
    house->stamp.wall_ns = house->clock.wall_ns;
    check(access_apply_fact(house->model, house->points, &fact, &house->stamp, NULL,
                            &house->outcome) == OK);
    return house->outcome.code;
}

/* Commands that were admitted are applied and answered, then the room steps until it has no more to
 * do. */
static inline void house_step(struct house *house)
{
    for (int round = 0; round < 1000; round++) {
        size_t count = house->pending_count;
        for (size_t i = 0; i < count; i++) {
            struct command command = house->pending[i].command;
            uint64_t tag = house->pending[i].tag;
            house_apply(house, &command);
            struct outcome outcome = house->outcome;
            access_outcome(house->access, tag, &outcome);
        }
        memmove(house->pending, house->pending + count,
                (house->pending_count - count) * sizeof house->pending[0]);
        house->pending_count -= count;
        int64_t next_ns = access_step(house->access, house->clock.boot_ns);
        if (next_ns > 0 && house->pending_count == 0)
            return;
    }
    fail_msg("the house never comes to rest");
}

static inline void house_pass(struct house *house, int64_t ns)
{
    house->clock.boot_ns += ns;
    house->clock.wall_ns += ns;
    house_step(house);
}

/* ---- commands ---- */
static inline struct command house_command(enum command_kind kind, uint32_t tenant)
{
    return (struct command){
        .kind = (uint8_t)kind,
        .tenant = tenant,
        .access = {.expires_wall_ns = INT64_MAX},
        .actor = {.door = ACTOR_HTTP, .tenant = TENANT_MAIN, .name = bytes_text("root@main")}};
}

static inline uint32_t house_do(struct house *house, const struct command *command)
{
    if (house_apply(house, command) != OUTCOME_DONE)
        fail_msg("refused: %s", outcome_text(house->outcome.code));
    return house->outcome.number;
}

static inline uint32_t house_tenant(struct house *house, const char *name)
{
    struct command command = house_command(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.has = HAS_NAME;
    command.access.name = bytes_text(name);
    return house_do(house, &command);
}

static inline void house_tenant_state(struct house *house, uint32_t tenant, enum tenant_state state)
{
    struct command command = house_command(COMMAND_TENANT_STATE, TENANT_MAIN);
    command.access.number = tenant;
    command.access.state = (uint8_t)state;
    house_do(house, &command);
}

static inline void house_role(struct house *house, uint32_t tenant, const char *name,
                              const char *pattern, uint32_t rights)
{
    struct command command = house_command(COMMAND_ROLE_SET, tenant);
    command.access.name = bytes_text(name);
    command.access.rule_count = 1;
    command.access.rules[0] = (struct access_rule){bytes_text(pattern), rights};
    house_do(house, &command);
}

static inline uint32_t house_account(struct house *house, uint32_t tenant, enum account_kind kind,
                                     const char *name, const char *role, const char *branch)
{
    struct command command = house_command(COMMAND_ACCOUNT_SET, tenant);
    command.access.has = HAS_NAME | (role != NULL ? HAS_GRANTS : 0);
    command.access.account_kind = (uint8_t)kind;
    command.access.name = bytes_text(name);
    command.access.grant_count = role != NULL;
    if (role != NULL)
        command.access.grants[0] = (struct grant){bytes_text(role), bytes_text(branch)};
    return house_do(house, &command);
}

static inline void house_grant(struct house *house, uint32_t tenant, uint32_t account,
                               const char *role, const char *branch)
{
    struct command command = house_command(COMMAND_ACCOUNT_SET, tenant);
    command.access.number = account;
    command.access.has = HAS_GRANTS;
    command.access.grant_count = role != NULL;
    if (role != NULL)
        command.access.grants[0] = (struct grant){bytes_text(role), bytes_text(branch)};
    house_do(house, &command);
}

static inline void house_account_state(struct house *house, uint32_t tenant, uint32_t account,
                                       enum account_state state)
{
    struct command command = house_command(COMMAND_ACCOUNT_SET, tenant);
    command.access.number = account;
    command.access.has = HAS_STATE;
    command.access.state = (uint8_t)state;
    house_do(house, &command);
}

static inline uint32_t house_secret(struct house *house, uint32_t tenant, uint32_t account,
                                    enum secret_kind kind, struct bytes id, struct bytes proof)
{
    struct command command = house_command(COMMAND_SECRET_ADD, tenant);
    command.access.owner = account;
    command.access.secret_kind = (uint8_t)kind;
    command.access.id = id;
    command.access.proof = proof;
    return house_do(house, &command);
}

static inline void house_secret_remove(struct house *house, uint32_t tenant, uint32_t secret)
{
    struct command command = house_command(COMMAND_SECRET_REMOVE, tenant);
    command.access.number = secret;
    house_do(house, &command);
}

/* A token of the account; text[SECRET_TOKEN_SIZE]. */
static inline uint32_t house_token(struct house *house, uint32_t tenant, uint32_t account,
                                   char *text)
{
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE], digest[SECRET_DIGEST_SIZE];
    struct secret_token token;
    house_random(random, sizeof random);
    secret_token_make(SECRET_TOKEN_DEVICE, random, text, digest);
    check(secret_token_read(bytes_text(text), &token));
    return house_secret(house, tenant, account, SECRET_TOKEN, token.id,
                        bytes_of(digest, sizeof digest));
}

static inline uint32_t house_share(struct house *house, uint32_t from, uint32_t to,
                                   const char *pattern, uint32_t rights)
{
    struct command command = house_command(COMMAND_SHARE_OFFER, from);
    command.access.other = to;
    command.access.rights = rights;
    command.access.pattern_count = 1;
    command.access.patterns[0] = bytes_text(pattern);
    uint32_t share = house_do(house, &command);
    command = house_command(COMMAND_SHARE_ACCEPT, to);
    command.access.number = share;
    house_do(house, &command);
    return share;
}

static inline void house_share_end(struct house *house, uint32_t tenant, uint32_t share)
{
    struct command command = house_command(COMMAND_SHARE_END, tenant);
    command.access.number = share;
    house_do(house, &command);
}

/* A person who runs the server: trial is over. */
static inline uint32_t house_host(struct house *house)
{
    uint32_t account = house_account(house, TENANT_MAIN, ACCOUNT_PERSON, "root", "host", "#");
    house_secret(house, TENANT_MAIN, account, SECRET_PASSWORD, bytes_of("", 0),
                 bytes_text("$argon2id$none"));
    house_step(house);
    return account;
}

/* ---- entering ---- */
struct house_entered { /* what entered() told */
    int calls;
    enum access_answer answer;
    struct principal *principal;
    uint32_t retry_s;
};

static inline void house_entered(void *arg, enum access_answer answer, struct principal *principal,
                                 uint32_t retry_s)
{
    struct house_entered *entered = arg;
    entered->calls++;
    entered->answer = answer;
    entered->principal = principal;
    entered->retry_s = retry_s;
}

static inline enum access_answer house_enter(struct house *house, const struct access_claim *claim,
                                             struct principal **ret_principal)
{
    uint32_t retry_s;
    static struct house_entered nobody;
    *ret_principal = NULL;
    return access_enter(house->access, claim, house_entered, &nobody, ret_principal, &retry_s);
}

static inline struct access_claim house_claim(enum access_how how, const char *name,
                                              const char *secret)
{
    return (struct access_claim){.how = how,
                                 .door = ACTOR_MQTT,
                                 .name = bytes_text(name),
                                 .secret = bytes_text(secret),
                                 .address = "192.0.2.1:5000"};
}

static inline struct principal *house_enter_token(struct house *house, const char *token,
                                                  const char *client_id)
{
    struct principal *principal;
    struct access_claim claim = house_claim(ACCESS_BEARER, "", token);
    claim.client_id = bytes_text(client_id);
    if (house_enter(house, &claim, &principal) != ACCESS_WELCOME)
        return NULL;
    return principal;
}

static inline bool may(const struct principal *principal, enum access_right right, uint32_t tenant,
                       const char *path)
{
    return access_may(principal, right, tenant, bytes_text(path));
}

static inline uint64_t house_below(struct house *house, uint64_t limit)
{
    return test_random(&house->seed) % limit;
}
