/* Tenants and shares as decisions need them: the name that stands before another's paths, and by
 * (taker, giver) what may be seen. What a share says never changes, so its patterns are made ready
 * once; whether it is active is looked at whenever the model changed. */
#include "access/room.h"

#include <string.h>

#define SHARES_PIECE 64

/* ---- tenants -----------------------------------------------------------------------------------
 */
struct tenant_entry *tenant_entry_find(const struct access *access, uint32_t tenant)
{
    struct table_link *link = table_find(&access->tenants, tenant);
    return link == NULL ? NULL : TABLE_OWNER(link, struct tenant_entry, link);
}

/* A tenant's name may change, and its state. */
static void tenant_entry_follow(struct access *access, struct tenant_entry *entry)
{
    struct tenant_view view;
    uint64_t version = access_model_version(access->config.model);
    if (entry->followed == version)
        return;
    entry->followed = version;
    if (!access_tenant(access->config.model, entry->tenant, &view)) {
        entry->active = false;
        return;
    }
    entry->active = view.state == TENANT_ACTIVE;
    size_t size = view.name.size < ACCESS_TENANT_NAME_MAX ? view.name.size : ACCESS_TENANT_NAME_MAX;
    entry->present[0] = '@';
    memcpy(entry->present + 1, view.name.at, size);
    entry->present[size + 1] = '/';
    entry->present[size + 2] = '\0';
    entry->present_size = (uint16_t)(size + 2);
    for (size_t kind = 0; kind < QUOTAS; kind++)
        entry->quotas[kind].most = quota_most(&view.quotas, (enum quota_kind)kind);
}

struct tenant_entry *tenant_entry_get(struct access *access, uint32_t tenant)
{
    struct tenant_view view;
    struct tenant_entry *entry = tenant_entry_find(access, tenant);
    if (entry != NULL) {
        tenant_entry_follow(access, entry);
        return entry;
    }
    if (!access_tenant(access->config.model, tenant, &view))
        return NULL;
    entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    entry->tenant = tenant;
    entry->followed = UINT64_MAX;
    link_init(&entry->principals);
    link_init(&entry->taken);
    link_init(&entry->suspect);
    table_put(&access->tenants, &entry->link, tenant);
    tenant_entry_follow(access, entry);
    access->counters.memory += sizeof *entry;
    return entry;
}

/* ---- shares ------------------------------------------------------------------------------------
 */
static uint64_t share_key(uint32_t to, uint32_t from)
{
    return (uint64_t)to << 32 | from;
}

const struct share_entry *share_entry_next(const struct share_entry *entry)
{
    struct table_link *link = table_next(&entry->link);
    while (link != NULL && !TABLE_OWNER(link, struct share_entry, link)->active)
        link = table_next(link);
    return link == NULL ? NULL : TABLE_OWNER(link, struct share_entry, link);
}

const struct share_entry *share_entry_find(const struct access *access, uint32_t to, uint32_t from)
{
    struct table_link *link = table_find(&access->shares, share_key(to, from));
    if (link == NULL)
        return NULL;
    struct share_entry *entry = TABLE_OWNER(link, struct share_entry, link);
    return entry->active ? entry : share_entry_next(entry);
}

static struct rule_set *share_rules(struct access *access, const struct share_view *view)
{
    struct rule_maker *maker = &access->maker;
    uint8_t rights = (uint8_t)(view->rights & (RIGHT_SEE | RIGHT_ACKNOWLEDGE));
    rule_maker_reset(maker);
    for (uint32_t i = 0; i < view->pattern_count; i++)
        if (rule_maker_add(maker, rights, view->patterns[i], bytes_text("#"), false) != OK)
            return NULL;
    return rule_maker_finish(maker);
}

static enum err share_enter(struct access *access, const struct share_view *view)
{
    struct tenant_entry *to = tenant_entry_get(access, view->to);
    struct tenant_entry *from = tenant_entry_get(access, view->from);
    struct share_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL || to == NULL || from == NULL) {
        free(entry);
        return ERR_NO_MEMORY;
    }
    entry->rules = share_rules(access, view);
    if (entry->rules == NULL) {
        free(entry);
        return ERR_NO_MEMORY;
    }
    entry->share = view->share;
    entry->from = view->from;
    entry->to = view->to;
    entry->giver = from;
    link_put(&to->taken, &entry->taken);
    table_put(&access->shares, &entry->link, share_key(view->to, view->from));
    access->counters.memory += sizeof *entry + rule_set_size(entry->rules);
    return OK;
}

/* Those that are told may go, and others come: each is taken off a list of its own first. */
static void share_tell(struct tenant_entry *to, bool lost)
{
    struct link told;
    link_init(&told);
    link_move_all(&told, &to->principals);
    while (!link_is_alone(&told)) {
        struct principal *principal = LINK_OWNER(told.next, struct principal, of_tenant);
        link_take(&principal->of_tenant);
        link_put(&to->principals, &principal->of_tenant);
        principal_changed(principal, lost);
    }
}

/* One share: is it active as it was? */
static void share_follow(struct access *access, struct share_entry *entry,
                         const struct share_view *view)
{
    struct tenant_entry *to = tenant_entry_find(access, entry->to);
    tenant_entry_follow(access, to);
    tenant_entry_follow(access, entry->giver);
    bool active = view->state == SHARE_ACTIVE && to->active && entry->giver->active;
    if (active == entry->active)
        return;
    entry->active = active;
    share_tell(to, !active);
}

static struct share_entry *share_entry_of(const struct access *access,
                                          const struct share_view *view)
{
    struct table_link *link = table_find(&access->shares, share_key(view->to, view->from));
    while (link != NULL && TABLE_OWNER(link, struct share_entry, link)->share != view->share)
        link = table_next(link);
    return link == NULL ? NULL : TABLE_OWNER(link, struct share_entry, link);
}

enum err shares_follow(struct access *access)
{
    uint32_t last = access_shares(access->config.model);
    for (size_t i = 0; i < SHARES_PIECE && access->share_cursor < last; i++) {
        struct share_view view;
        uint32_t share = access->share_cursor + 1;
        bool there = access_share(access->config.model, share, &view) && view.to != TENANT_NONE;
        if (there && share > access->shares_known) {
            enum err err = share_enter(access, &view);
            if (err != OK)
                return err;
        }
        access->share_cursor = share;
        if (share > access->shares_known)
            access->shares_known = share;
        struct share_entry *entry = there ? share_entry_of(access, &view) : NULL;
        if (entry != NULL)
            share_follow(access, entry, &view);
    }
    return OK;
}

void shares_done(struct access *access)
{
    for (uint32_t i = 0; access->shares.buckets != NULL && i <= access->shares.mask; i++)
        for (struct table_link *at = access->shares.buckets[i], *next; at != NULL; at = next) {
            struct share_entry *entry = TABLE_OWNER(at, struct share_entry, link);
            next = at->next;
            free(entry->rules);
            free(entry);
        }
    for (uint32_t i = 0; access->tenants.buckets != NULL && i <= access->tenants.mask; i++)
        for (struct table_link *at = access->tenants.buckets[i], *next; at != NULL; at = next) {
            next = at->next;
            free(TABLE_OWNER(at, struct tenant_entry, link));
        }
    table_done(&access->shares);
    table_done(&access->tenants);
}
