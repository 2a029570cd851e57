/* What a principal sees of a tenant, for threads that are not the engine's: a copy of its rules,
 * and of the patterns of the shares, in blocks that nobody changes. */
#include "access/room.h"

#include <stdatomic.h>
#include <string.h>

struct scope {
    atomic_uint holds;
    uint32_t tenant;
    bool own; /* the principal's tenant */
    bool all, all_points, some;
    struct rule_set *rules;
    /* Of another tenant: "@name", and what it shares. */
    struct bytes name;
    uint32_t share_count;
    struct rule_set **shares;
    char name_text[ACCESS_TENANT_NAME_MAX + 2];
};

static struct rule_set *rule_set_copy(const struct rule_set *set)
{
    struct rule_set *copy = malloc(rule_set_size(set));
    if (copy != NULL)
        memcpy(copy, set, rule_set_size(set));
    return copy;
}

static void scope_free(struct scope *scope)
{
    for (uint32_t i = 0; i < scope->share_count; i++)
        free(scope->shares[i]);
    free(scope->shares);
    free(scope->rules);
    free(scope);
}

static bool scope_add_share(struct scope *scope, const struct share_entry *share)
{
    size_t size = (scope->share_count + (size_t)1) * sizeof(struct rule_set *);
    struct rule_set **shares = realloc(scope->shares, size);
    if (shares == NULL)
        return false;
    scope->shares = shares;
    shares[scope->share_count] = rule_set_copy(share->rules);
    scope->share_count += shares[scope->share_count] != NULL;
    struct bytes name = entry_name(share->giver);
    memcpy(scope->name_text, name.at, name.size);
    scope->name = bytes_of(scope->name_text, name.size);
    return scope->shares[scope->share_count - 1] != NULL;
}

static bool scope_fill(struct scope *scope, const struct principal *principal)
{
    scope->rules = rule_set_copy(principal->rules);
    if (scope->rules == NULL)
        return false;
    scope->own = scope->tenant == principal->tenant;
    if (scope->own)
        return true;
    const struct share_entry *share =
        share_entry_find(principal->access, principal->tenant, scope->tenant);
    for (; share != NULL; share = share_entry_next(share))
        if (!scope_add_share(scope, share))
            return false;
    return true;
}

struct scope *scope_create(const struct principal *principal, uint32_t tenant)
{
    struct scope *scope = calloc(1, sizeof *scope);
    if (scope == NULL)
        return NULL;
    atomic_init(&scope->holds, 1);
    scope->tenant = tenant;
    if (principal == NULL || principal->ended)
        return scope; /* that sees nothing */
    scope->all = principal->rules == NULL && (principal->trial || principal->owner);
    scope->some = access_may_somewhere(principal, RIGHT_SEE, tenant);
    struct pattern everything;
    scope->all_points = pattern_parse(bytes_text("#"), &everything) == NULL &&
                        access_reach(principal, RIGHT_SEE, tenant, &everything) == REACH_ALL;
    if (principal->rules != NULL && !scope_fill(scope, principal)) {
        scope_free(scope);
        return NULL;
    }
    return scope;
}

struct scope *scope_hold(struct scope *scope)
{
    atomic_fetch_add_explicit(&scope->holds, 1, memory_order_relaxed);
    return scope;
}

void scope_release(struct scope *scope)
{
    if (scope != NULL && atomic_fetch_sub_explicit(&scope->holds, 1, memory_order_acq_rel) == 1)
        scope_free(scope);
}

bool scope_sees(const struct scope *scope, struct bytes path)
{
    if (scope->all)
        return true;
    if (scope->rules == NULL)
        return false;
    if (scope->own)
        return rule_set_may(scope->rules, RIGHT_SEE, path);
    if (path.size == 0 || path.at[0] == '$' || path.at[0] == '@')
        return false;
    for (uint32_t i = 0; i < scope->share_count; i++)
        if (rule_set_may(scope->shares[i], RIGHT_SEE, path))
            return rule_set_may_foreign(scope->rules, RIGHT_SEE, scope->name, path);
    return false;
}

bool scope_sees_all(const struct scope *scope)
{
    return scope->all || scope->all_points;
}

bool scope_sees_some(const struct scope *scope)
{
    return scope->some;
}

uint32_t scope_tenant(const struct scope *scope)
{
    return scope->tenant;
}
