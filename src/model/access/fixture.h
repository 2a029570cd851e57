/* What the tests of this folder share: an access model beside points, and short ways to say
 * commands. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/access/access.h"

struct fixture {
    struct state *state;
    struct points *points;
    struct access_model *model;
    struct record_stamp stamp;
    struct outcome outcome; /* of the last command */
};

static inline void fixture_open_limited(struct fixture *f, const struct access_limits *limits)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(state_create(&f->state), OK);
    assert_int_equal(points_create(f->state, &points_limits_default, &f->points), OK);
    assert_int_equal(access_model_create(f->state, limits, &f->model), OK);
    f->stamp = (struct record_stamp){.position = 1, .engine_ns = 1, .wall_ns = 1000 * NS_PER_S};
}

static inline void fixture_open(struct fixture *f)
{
    fixture_open_limited(f, &access_limits_default);
}

static inline void fixture_close(struct fixture *f)
{
    access_model_destroy(f->model);
    points_destroy(f->points);
    state_destroy(f->state);
}

/* Applies a command and returns the code of its outcome; all of it is in f->outcome. */
static inline enum outcome_code fixture_command(struct fixture *f, const struct command *command)
{
    struct fact fact = {.kind = FACT_ACCESS, .command = *command};
    f->stamp.position++;
    assert_int_equal(access_apply_fact(f->model, f->points, &fact, &f->stamp, NULL, &f->outcome),
                     OK);
    assert_int_equal(f->outcome.position, f->stamp.position);
    return f->outcome.code;
}

static inline struct command command_of(enum command_kind kind, uint32_t tenant)
{
    return (struct command){
        .kind = (uint8_t)kind, .tenant = tenant, .access = {.expires_wall_ns = INT64_MAX}};
}

static inline enum outcome_code tenant_make(struct fixture *f, const char *name)
{
    struct command command = command_of(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.has = HAS_NAME;
    command.access.name = bytes_text(name);
    return fixture_command(f, &command);
}

static inline enum outcome_code tenant_put_state(struct fixture *f, uint32_t tenant,
                                                 enum tenant_state state)
{
    struct command command = command_of(COMMAND_TENANT_STATE, TENANT_MAIN);
    command.access.number = tenant;
    command.access.state = (uint8_t)state;
    return fixture_command(f, &command);
}

static inline enum outcome_code role_make(struct fixture *f, uint32_t tenant, const char *name,
                                          const char *pattern, uint32_t rights)
{
    struct command command = command_of(COMMAND_ROLE_SET, tenant);
    command.access.name = bytes_text(name);
    command.access.rule_count = 1;
    command.access.rules[0] = (struct access_rule){bytes_text(pattern), rights};
    return fixture_command(f, &command);
}

static inline enum outcome_code role_remove_named(struct fixture *f, uint32_t tenant,
                                                  const char *name)
{
    struct command command = command_of(COMMAND_ROLE_REMOVE, tenant);
    command.access.name = bytes_text(name);
    return fixture_command(f, &command);
}

static inline struct command account_command(uint32_t tenant, enum account_kind kind,
                                             const char *name)
{
    struct command command = command_of(COMMAND_ACCOUNT_SET, tenant);
    command.access.has = HAS_NAME;
    command.access.account_kind = (uint8_t)kind;
    command.access.name = bytes_text(name);
    return command;
}

/* With one grant, unless role is NULL. */
static inline enum outcome_code account_make_granted(struct fixture *f, uint32_t tenant,
                                                     enum account_kind kind, const char *name,
                                                     const char *role, const char *branch)
{
    struct command command = account_command(tenant, kind, name);
    if (role != NULL) {
        command.access.has |= HAS_GRANTS;
        command.access.grant_count = 1;
        command.access.grants[0] = (struct grant){bytes_text(role), bytes_text(branch)};
    }
    return fixture_command(f, &command);
}

/* A change of an account: what `has` names is to be put into the command's access. */
static inline struct command change_command(uint32_t tenant, uint32_t account, uint32_t has)
{
    struct command command = command_of(COMMAND_ACCOUNT_SET, tenant);
    command.access.number = account;
    command.access.has = has;
    return command;
}

static inline enum outcome_code account_put_state(struct fixture *f, uint32_t tenant,
                                                  uint32_t account, enum account_state state)
{
    struct command command = change_command(tenant, account, HAS_STATE);
    command.access.state = (uint8_t)state;
    return fixture_command(f, &command);
}

static inline enum outcome_code account_remove_number(struct fixture *f, uint32_t tenant,
                                                      uint32_t account)
{
    struct command command = command_of(COMMAND_ACCOUNT_REMOVE, tenant);
    command.access.number = account;
    return fixture_command(f, &command);
}

static inline enum outcome_code secret_make(struct fixture *f, uint32_t tenant, uint32_t account,
                                            enum secret_kind kind, const char *id,
                                            const char *proof)
{
    struct command command = command_of(COMMAND_SECRET_ADD, tenant);
    command.access.owner = account;
    command.access.secret_kind = (uint8_t)kind;
    command.access.id = bytes_text(id);
    command.access.proof = bytes_text(proof);
    return fixture_command(f, &command);
}

static inline enum outcome_code secret_remove_number(struct fixture *f, uint32_t tenant,
                                                     uint32_t secret)
{
    struct command command = command_of(COMMAND_SECRET_REMOVE, tenant);
    command.access.number = secret;
    return fixture_command(f, &command);
}

static inline enum outcome_code secret_remove_kind(struct fixture *f, uint32_t tenant,
                                                   uint32_t account, enum secret_kind kind)
{
    struct command command = command_of(COMMAND_SECRET_REMOVE, tenant);
    command.access.owner = account;
    command.access.secret_kind = (uint8_t)kind;
    return fixture_command(f, &command);
}

static inline enum outcome_code share_make(struct fixture *f, uint32_t from, uint32_t to,
                                           const char *pattern)
{
    struct command command = command_of(COMMAND_SHARE_OFFER, from);
    command.access.other = to;
    command.access.rights = RIGHT_SEE;
    command.access.pattern_count = 1;
    command.access.patterns[0] = bytes_text(pattern);
    return fixture_command(f, &command);
}

static inline enum outcome_code number_command(struct fixture *f, enum command_kind kind,
                                               uint32_t tenant, uint32_t number)
{
    struct command command = command_of(kind, tenant);
    command.access.number = number;
    return fixture_command(f, &command);
}

static inline void assert_text(struct bytes text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.at, expected, text.size);
}

/* Everything the rest of the program asks, folded into one number; bounded. */
static inline uint64_t fold(uint64_t seen, const void *at, size_t size)
{
    return hash64(at, size, seen);
}
static inline uint64_t fold_text(uint64_t seen, struct bytes text)
{
    return hash64(text.at, text.size, seen + text.size);
}

static inline uint64_t look_at_roles(const struct access_model *model, uint32_t tenant,
                                     uint64_t seen)
{
    struct role_view role, found;
    for (uint32_t i = 0; access_role_at(model, tenant, i, &role); i++) {
        check(access_role_find(model, tenant, role.name, &found));
        check(found.right_count == role.right_count && found.builtin == role.builtin);
        seen = fold_text(seen, role.name);
        for (uint32_t right = 0; right < role.right_count; right++)
            seen = fold_text(seen + role.rights[right].rights, role.rights[right].pattern);
    }
    return seen;
}

static inline uint64_t look_at_account(const struct access_model *model, uint32_t account,
                                       uint64_t seen)
{
    struct account_view view;
    struct secret_view secret;
    access_account(model, account, &view);
    seen = fold_text(seen + (uint64_t)view.state, view.name);
    seen = fold_text(seen + view.uses_left, view.title);
    for (uint32_t i = 0; i < view.grant_count; i++)
        seen = fold_text(fold_text(seen, view.grants[i].role), view.grants[i].branch);
    for (uint32_t i = access_secret_next(model, account, SECRET_NONE); i != SECRET_NONE;
         i = access_secret_next(model, account, i)) {
        check(access_secret(model, i, &secret) && secret.account == account);
        seen = fold_text(fold_text(seen + i, secret.id), secret.proof);
        check(secret.id.size == 0 || access_secret_find(model, secret.kind, secret.id) == i);
    }
    return seen;
}

static inline uint64_t look_at_tenant(const struct access_model *model, uint32_t tenant,
                                      uint64_t seen)
{
    struct tenant_view view;
    uint32_t accounts = 0, before = 0;
    check(access_tenant(model, tenant, &view));
    seen = fold_text(seen + (uint64_t)view.state, view.name);
    seen = fold(seen, &view.quotas, sizeof view.quotas);
    seen = look_at_roles(model, tenant, seen);
    for (uint32_t i = access_account_next(model, tenant, ACCOUNT_NONE); i != ACCOUNT_NONE;
         i = access_account_next(model, tenant, i)) {
        struct account_view account;
        access_account(model, i, &account);
        check(i > before && account.tenant == tenant && account.state != ACCOUNT_REMOVED);
        check(access_account_find(model, tenant, account.kind, account.name) == i);
        accounts++;
        before = i;
    }
    check(view.state == TENANT_DELETED || accounts == view.accounts);
    for (int given = 0; given < 2; given++)
        for (uint32_t i = access_share_next(model, tenant, given != 0, SHARE_NONE); i != SHARE_NONE;
             i = access_share_next(model, tenant, given != 0, i))
            seen = seen * 31 + i;
    return seen;
}

static inline uint64_t look_at_all(const struct access_model *model)
{
    uint64_t seen = access_has_host(model);
    for (uint32_t i = 1; i <= access_tenants(model); i++)
        seen = look_at_tenant(model, i, seen);
    for (uint32_t i = 1; i <= access_accounts(model); i++)
        seen = look_at_account(model, i, seen);
    for (uint32_t i = 1; i <= access_shares(model); i++) {
        struct share_view share;
        check(access_share(model, i, &share));
        seen += (uint64_t)share.state;
        for (uint32_t at = 0; at < share.pattern_count; at++)
            seen = fold_text(seen, share.patterns[at]);
    }
    for (uint32_t i = 1; i <= access_providers(model); i++) {
        struct provider_view provider;
        check(access_provider(model, i, &provider));
        seen = fold_text(fold_text(seen + provider.removed, provider.issuer), provider.role);
    }
    for (uint64_t i = access_audit_oldest(model); i <= access_audit_count(model); i++) {
        struct audit_view entry;
        check(access_audit(model, i, &entry) && entry.number == i);
        seen = fold_text(fold_text(seen, entry.object), entry.outcome);
        seen = fold(seen, entry.chain, sizeof entry.chain);
    }
    return seen;
}
