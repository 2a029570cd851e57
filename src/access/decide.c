/* May he? One comparison with each rule of his own tenant's; for another tenant's paths, what its
 * share says and what his own rules say of "@name/path", both. */
#include "access/room.h"

#include <string.h>

bool share_may(const struct share_entry *share, const struct rule_set *rules, uint32_t rights,
               struct bytes path)
{
    return rule_set_may(share->rules, rights, path) &&
           rule_set_may_foreign(rules, rights, entry_name(share->giver), path);
}

static bool may_foreign(const struct principal *principal, enum access_right right, uint32_t tenant,
                        struct bytes path)
{
    if (path.size > 0 && (path.at[0] == '$' || path.at[0] == '@'))
        return false;
    const struct share_entry *share =
        share_entry_find(principal->access, principal->tenant, tenant);
    for (; share != NULL; share = share_entry_next(share))
        if (share_may(share, principal->rules, right, path))
            return true;
    return false;
}

bool access_may(const struct principal *principal, enum access_right right, uint32_t tenant,
                struct bytes path)
{
    if (UNLIKELY(principal == NULL || principal->ended))
        return false;
    if (principal->rules == NULL)
        return principal->trial || principal->owner;
    if (LIKELY(tenant == principal->tenant))
        return rule_set_may(principal->rules, right, path);
    return may_foreign(principal, right, tenant, path);
}

static enum access_reach reach_foreign(const struct principal *principal, enum access_right right,
                                       uint32_t tenant, const struct pattern *pattern)
{
    enum rule_reach best = RULE_REACH_NONE;
    const struct share_entry *share =
        share_entry_find(principal->access, principal->tenant, tenant);
    for (; share != NULL && best != RULE_REACH_ALL; share = share_entry_next(share)) {
        if ((share->rules->rights & right) != (uint32_t)right)
            continue;
        enum rule_reach reach = rule_set_reach_foreign(
            principal->rules, right, entry_name(share->giver), share->rules, pattern);
        best = reach > best ? reach : best;
    }
    return (enum access_reach)best;
}

enum access_reach access_reach(const struct principal *principal, enum access_right right,
                               uint32_t tenant, const struct pattern *pattern)
{
    if (principal == NULL || principal->ended)
        return REACH_NONE;
    if (principal->rules == NULL)
        return principal->trial || principal->owner ? REACH_ALL : REACH_NONE;
    if (tenant == principal->tenant)
        return (enum access_reach)rule_set_reach(principal->rules, right, pattern);
    return reach_foreign(principal, right, tenant, pattern);
}

/* "#" covers whatever is shared. */
static bool sees_all_shared(const struct principal *principal, enum access_right right,
                            uint32_t tenant)
{
    bool everywhere = false;
    for (uint32_t i = 0; i < principal->rules->count && !everywhere; i++) {
        const struct rule *rule = &principal->rules->rules[i];
        everywhere = rule->first.shape == RULE_EVERYTHING && (rule->rights & right) != 0;
    }
    const struct share_entry *share =
        everywhere ? share_entry_find(principal->access, principal->tenant, tenant) : NULL;
    while (share != NULL && (share->rules->rights & right) == 0)
        share = share_entry_next(share);
    return share != NULL;
}

bool access_may_somewhere(const struct principal *principal, enum access_right right,
                          uint32_t tenant)
{
    struct pattern everything;
    bool ruled = principal != NULL && !principal->ended && principal->rules != NULL;
    if (ruled && tenant == principal->tenant)
        return (principal->rules->rights & right) != 0;
    if (ruled && sees_all_shared(principal, right, tenant))
        return true;
    return pattern_parse(bytes_text("#"), &everything) == NULL &&
           access_reach(principal, right, tenant, &everything) != REACH_NONE;
}

/* ---- foreign paths -----------------------------------------------------------------------------
 */
static bool may_look_at(const struct access *access, const struct principal *principal,
                        uint32_t tenant)
{
    if (tenant == principal->tenant || principal->trial || principal->owner)
        return true;
    return share_entry_find(access, principal->tenant, tenant) != NULL;
}

bool access_resolve(const struct access *access, const struct principal *principal,
                    struct bytes text, uint32_t *ret_tenant, struct bytes *ret_path)
{
    if (principal == NULL || principal->ended)
        return false;
    if (text.size == 0 || text.at[0] != '@') {
        *ret_tenant = principal->tenant;
        *ret_path = text;
        return true;
    }
    const uint8_t *slash = memchr(text.at, '/', text.size);
    size_t size = slash == NULL ? text.size : (size_t)(slash - text.at);
    uint32_t tenant = access_tenant_find(access->config.model, bytes_of(text.at + 1, size - 1));
    if (tenant == TENANT_NONE || !may_look_at(access, principal, tenant))
        return false;
    *ret_tenant = tenant;
    *ret_path = bytes_behind(text, slash == NULL ? size : size + 1);
    return true;
}

/* All tenants: of those who may all. */
static size_t tenants_all(const struct access *access, const struct principal *principal,
                          uint32_t *tenants, size_t most)
{
    size_t count = 1;
    uint32_t last = access_tenants(access->config.model);
    for (uint32_t tenant = 1; tenant <= last; tenant++) {
        struct tenant_view view;
        if (tenant == principal->tenant || !access_tenant(access->config.model, tenant, &view) ||
            view.state == TENANT_DELETED)
            continue;
        if (count < most)
            tenants[count] = tenant;
        count++;
    }
    return count;
}

size_t access_tenants_seen(const struct access *access, const struct principal *principal,
                           uint32_t *tenants, size_t most)
{
    if (principal == NULL || principal->ended)
        return 0;
    if (most > 0)
        tenants[0] = principal->tenant;
    if (principal->rules == NULL)
        return tenants_all(access, principal, tenants, most);
    size_t count = 1;
    const struct link *taken = &principal->place->taken;
    for (struct link *at = taken->next; at != taken; at = at->next) {
        const struct share_entry *share = LINK_OWNER(at, struct share_entry, taken);
        /* Several shares of one giver are one tenant: the first active one tells of it. */
        if (!share->active || share_entry_find(access, share->to, share->from) != share ||
            !access_may_somewhere(principal, RIGHT_SEE, share->from))
            continue;
        if (count < most)
            tenants[count] = share->from;
        count++;
    }
    return count;
}

struct bytes access_present(const struct access *access, const struct principal *principal,
                            uint32_t tenant)
{
    if (principal == NULL || tenant == principal->tenant)
        return bytes_of("", 0);
    (void)access;
    const struct tenant_entry *entry = tenant_entry_get(principal->access, tenant);
    return entry == NULL ? bytes_of("", 0) : bytes_of(entry->present, entry->present_size);
}
