/* Who asks, as questions and SQL need him: what he sees, a place among his tenant's questions, and
 * what the audit is told. */
#include "web/ask.h"
#include "web/seen.h"

/* ---- what he sees ------------------------------------------------------------------------------
 */
/* Whoever acts for another tenant's people has none of its points. */
static uint32_t who_tenant(const struct exchange *exchange)
{
    return exchange->principal != NULL ? principal_tenant(exchange->principal) : exchange->tenant;
}

static bool who_resolve(void *arg, struct bytes text, uint32_t *ret_tenant, struct bytes *ret_path)
{
    return exchange_place(arg, text, ret_tenant, ret_path);
}

/* The first of those that access names is his own. */
static size_t who_others(void *arg, uint32_t *tenants, size_t most)
{
    struct exchange *exchange = arg;
    size_t count = access_tenants_seen(exchange->web->config.access, exchange->principal, tenants,
                                       most),
           kept = 0;
    if (count > most)
        return count;
    for (size_t i = 0; i < count; i++)
        if (tenants[i] != who_tenant(exchange))
            tenants[kept++] = tenants[i];
    return kept;
}

static enum err who_place(void *arg, uint32_t tenant, struct query_place *ret_place)
{
    struct exchange *exchange = arg;
    struct principal_view view;
    bool own = tenant == who_tenant(exchange);
    if (!own && !access_may_somewhere(exchange->principal, RIGHT_SEE, tenant))
        return ERR_MISSING;
    struct bytes prefix = access_present(exchange->web->config.access, exchange->principal, tenant);
    if (!own && (prefix.size < 3 || prefix.size > QUERY_PREFIX_MAX))
        return ERR_MISSING; /* no name that could be told from his own paths */
    ret_place->scope = scope_create(exchange->principal, tenant);
    if (ret_place->scope == NULL)
        return ERR_NO_MEMORY;
    ret_place->prefix = prefix;
    if (own && exchange->principal != NULL) {
        principal_view(exchange->principal, &view);
        ret_place->name = bytes_text(view.tenant_name);
    } else if (!own) {
        ret_place->name = bytes_of(prefix.at + 1, prefix.size - 2);
    }
    return OK;
}

static uint64_t who_number(const struct exchange *exchange)
{
    struct principal_view view;
    if (exchange->principal == NULL)
        return 0;
    principal_view(exchange->principal, &view);
    uint32_t words[] = {view.tenant, view.account, view.trial, view.owner};
    return hash64(words, sizeof words, 0);
}

/* ---- life --------------------------------------------------------------------------------------
 */
static bool quota_begin(struct exchange *exchange, struct ask_who *who)
{
    int64_t wait_ns = NS_PER_S;
    struct access *access = exchange->web->config.access;
    who->tenant = who_tenant(exchange);
    who->counted = access != NULL;
    if (access == NULL || quota_take(access, who->tenant, QUOTA_QUERIES, 1, &wait_ns))
        return true;
    who->counted = false;
    exchange_retry(exchange, wait_seconds(wait_ns));
    answer_problem(exchange, 429, "too_many_questions", NULL,
                   "as many questions of the tenant are under way as its quota allows: ask again "
                   "when one is answered");
    return false;
}

bool who_begin(struct exchange *exchange, struct ask_who *who)
{
    bool open = exchange->web->config.access == NULL;
    const struct query_asker asker = {.tenant = who_tenant(exchange),
                                      .resolve = open ? NULL : who_resolve,
                                      .others = open ? NULL : who_others,
                                      .place = open ? NULL : who_place,
                                      .arg = exchange};
    if (!quota_begin(exchange, who))
        return false;
    who->number = who_number(exchange);
    who->generation = exchange->principal != NULL ? principal_generation(exchange->principal) : 0;
    who->sight = query_sight_create(&asker);
    if (who->sight == NULL)
        answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    return who->sight != NULL;
}

void who_end(struct exchange *exchange, struct ask_who *who)
{
    if (who->counted)
        quota_give(exchange->web->config.access, who->tenant, QUOTA_QUERIES, 1);
    who->counted = false;
    query_sight_release(who->sight);
    who->sight = NULL;
}

bool who_is_same(const struct exchange *exchange, const struct ask_who *who)
{
    return exchange->principal == NULL ||
           principal_generation(exchange->principal) == who->generation;
}

enum handled who_has_changed(struct exchange *exchange)
{
    return answer_problem(exchange, 503, "rights_changed", NULL,
                          "your rights changed while this was answered: ask again");
}

void who_tell(struct exchange *exchange, struct bytes object, const char *detail)
{
    struct access *access = exchange->web->config.access;
    if (access == NULL)
        return;
    if (object.size > WHO_OBJECT_MAX)
        object.size = WHO_OBJECT_MAX;
    access_tell(access, exchange->principal, "export", object, bytes_text(detail), "done");
}
