/* Quotas of tenants. A rate is kept as the time at which all that was taken is paid for: it may lie
 * a second ahead, which is the bucket; a message larger than that is taken when nothing is owed,
 * and what it costs puts the next one off. */
#include "access/room.h"

static bool is_rate(enum quota_kind kind)
{
    return kind == QUOTA_VALUES || kind == QUOTA_POINTS_RATE;
}

/* Limits as the model has them. */
static struct quota *quota_of(struct access *access, uint32_t tenant, enum quota_kind kind)
{
    struct tenant_entry *entry = tenant_entry_get(access, tenant);
    return entry == NULL ? NULL : &entry->quotas[kind];
}

static void rate_count(struct quota *quota, int64_t now_ns, uint64_t count)
{
    if (now_ns - quota->second_ns >= NS_PER_S) {
        quota->used_before = now_ns - quota->second_ns < 2 * NS_PER_S ? quota->used : 0;
        quota->used = 0;
        quota->second_ns = now_ns;
    }
    quota->used += count;
}

static bool rate_take(struct quota *quota, int64_t now_ns, uint64_t count, int64_t *ret_wait_ns)
{
    if (quota->most > 0) {
        uint64_t counted = count < UINT32_MAX ? count : UINT32_MAX;
        int64_t cost_ns = (int64_t)(counted * (uint64_t)NS_PER_S / quota->most);
        int64_t paid_ns = quota->paid_ns > now_ns ? quota->paid_ns : now_ns;
        int64_t ahead_ns = cost_ns < NS_PER_S ? cost_ns : NS_PER_S;
        if (paid_ns + ahead_ns > now_ns + NS_PER_S) {
            quota->refused++;
            *ret_wait_ns = paid_ns + ahead_ns - now_ns - NS_PER_S;
            return false;
        }
        quota->paid_ns = paid_ns + cost_ns;
    }
    rate_count(quota, now_ns, count);
    return true;
}

bool quota_take(struct access *access, uint32_t tenant, enum quota_kind kind, uint64_t count,
                int64_t *ret_wait_ns)
{
    struct quota *quota = quota_of(access, tenant, kind);
    int64_t wait_ns = NS_PER_S;
    if (quota == NULL)
        return true;
    bool taken;
    if (is_rate(kind)) {
        taken =
            rate_take(quota, access->config.clock->boot_ns(access->config.clock), count, &wait_ns);
    } else {
        taken =
            quota->most == 0 || (quota->used <= quota->most && count <= quota->most - quota->used);
        quota->used += taken ? count : 0;
        quota->refused += !taken;
    }
    if (!taken && ret_wait_ns != NULL)
        *ret_wait_ns = wait_ns;
    return taken;
}

void quota_give(struct access *access, uint32_t tenant, enum quota_kind kind, uint64_t count)
{
    struct quota *quota = quota_of(access, tenant, kind);
    if (quota == NULL || is_rate(kind))
        return;
    /* What was taken while there was no memory to count it is given back uncounted. */
    quota->used -= count < quota->used ? count : quota->used;
}

void quota_set(struct access *access, uint32_t tenant, enum quota_kind kind, uint64_t used,
               uint64_t refused)
{
    struct quota *quota = quota_of(access, tenant, kind);
    if (quota == NULL)
        return;
    if (!is_rate(kind))
        quota->used = used;
    quota->refused = refused;
}

void quota_view(const struct access *access, uint32_t tenant, enum quota_kind kind,
                struct quota_view *ret_view)
{
    struct tenant_view view;
    const struct tenant_entry *entry = tenant_entry_find(access, tenant);
    const struct quota none = {.most = 0}, *quota = entry == NULL ? &none : &entry->quotas[kind];
    uint64_t used = quota->used;
    if (is_rate(kind)) {
        int64_t age_ns = access->config.clock->boot_ns(access->config.clock) - quota->second_ns;
        used = age_ns < NS_PER_S ? quota->used_before : age_ns < 2 * NS_PER_S ? quota->used : 0;
    }
    *ret_view = (struct quota_view){.used = used, .refused = quota->refused};
    if (access_tenant(access->config.model, tenant, &view))
        ret_view->most = quota_most(&view.quotas, kind);
}
