/* What of a tenant's points who asks may see. */
#include "web/seen.h"

#include "access/access.h"

#include <stdlib.h>
#include <string.h>

enum access_reach exchange_reach(struct exchange *exchange, enum access_right right,
                                 uint32_t tenant, const struct pattern *pattern)
{
    if (exchange->web->config.access == NULL)
        return REACH_ALL;
    return access_reach(exchange->principal, right, tenant, pattern);
}

/* Names that hold '*' or '?' are read as wildcards here: then more is asked for than is meant, and
 * the answer is all, nothing, or to look closer. */
enum namespace_sight exchange_sight(struct exchange *exchange, uint32_t tenant, struct bytes branch)
{
    static const enum namespace_sight sights[] = {[REACH_NONE] = NAMESPACE_HIDDEN,
                                                  [REACH_SOME] = NAMESPACE_PARTLY,
                                                  [REACH_ALL] = NAMESPACE_OPEN};
    struct pattern pattern;
    uint8_t text[PATTERN_BYTES_MAX];
    size_t size = branch.size;
    if (exchange->web->config.access == NULL)
        return NAMESPACE_OPEN;
    if (size + 2 > sizeof text)
        return NAMESPACE_PARTLY;
    if (size > 0) {
        memcpy(text, branch.at, size);
        text[size++] = '/';
    }
    text[size++] = '#';
    if (pattern_parse(bytes_of(text, size), &pattern) != NULL)
        return NAMESPACE_PARTLY;
    return sights[access_reach(exchange->principal, RIGHT_SEE, tenant, &pattern)];
}

uint64_t exchange_generation(const struct exchange *exchange)
{
    return exchange->principal != NULL ? principal_generation(exchange->principal) : 0;
}

uint32_t exchange_point_tenant(const struct exchange *exchange, uint32_t point)
{
    struct point_row row;
    const struct points *points = exchange->web->points;
    points_row(points, points_row_of(points, point), &row);
    return row.tenant;
}

struct bytes path_shown(struct exchange *exchange, uint32_t tenant, struct bytes path,
                        uint8_t text[PATH_SHOWN_MAX])
{
    struct bytes prefix = exchange_prefix(exchange, tenant);
    if (prefix.size == 0)
        return path;
    if (path.size == 0) /* all of the tenant: "@acme" */
        return bytes_of(prefix.at, prefix.size - 1);
    check(prefix.size + path.size <= PATH_SHOWN_MAX);
    memcpy(text, prefix.at, prefix.size);
    memcpy(text + prefix.size, path.at, path.size);
    return bytes_of(text, prefix.size + path.size);
}

void path_put(struct exchange *exchange, struct json_writer *json, const char *name,
              uint32_t tenant, struct bytes path)
{
    uint8_t text[PATH_SHOWN_MAX];
    json_member_string(json, name, path_shown(exchange, tenant, path, text));
}

enum verdict exchange_judge(struct exchange *exchange, enum access_right right, uint32_t tenant,
                            struct bytes path)
{
    if (!exchange_sees(exchange, tenant, path))
        return VERDICT_HIDDEN;
    return exchange_may(exchange, right, tenant, path) ? VERDICT_MAY : VERDICT_FORBIDDEN;
}

/* ---- quotas --------------------------------------------------------------------------------- */
uint32_t wait_seconds(int64_t wait_ns)
{
    int64_t seconds = (wait_ns + NS_PER_S - 1) / NS_PER_S;
    return seconds < 1 ? 1 : seconds > 3600 ? 3600 : (uint32_t)seconds;
}

enum handled answer_slower(struct exchange *exchange, int64_t wait_ns)
{
    uint32_t seconds = wait_seconds(wait_ns);
    exchange_retry(exchange, seconds);
    return answer_problem(exchange, 429, "quota_values", NULL,
                          "the tenant sends more values a second than its quota allows: send it "
                          "again in %u s",
                          seconds);
}

/* ---- who sends samples ---------------------------------------------------------------------- */
static bool senders_reserve(struct web *web, uint32_t tenant)
{
    uint32_t count = web->sender_count > 0 ? web->sender_count : 8;
    if (tenant < web->sender_count)
        return true;
    while (count <= tenant)
        count *= 2;
    struct sender **senders = realloc(web->senders, count * sizeof *senders);
    if (senders == NULL)
        return false;
    memset(senders + web->sender_count, 0, (count - web->sender_count) * sizeof *senders);
    web->senders = senders;
    web->sender_count = count;
    return true;
}

struct sender *web_sender(struct web *web, uint32_t tenant)
{
    check(tenant < NAMESPACE_TENANTS_MAX); /* it has a principal */
    if (!senders_reserve(web, tenant))
        return NULL;
    struct sender **sender = &web->senders[tenant];
    if (*sender == NULL && (*sender = calloc(1, sizeof **sender)) != NULL)
        publisher_init(&(*sender)->publisher, tenant, UINT64_MAX);
    return *sender;
}

void web_senders_destroy(struct web *web)
{
    for (uint32_t i = 0; i < web->sender_count; i++)
        free(web->senders[i]);
    free(web->senders);
}

/* A bucket that holds something refuses what does not fit: it is filled by halves. */
static void sender_pay(struct web *web, struct sender *sender, int64_t *ret_wait_ns)
{
    uint32_t tenant = sender->publisher.tenant;
    for (uint64_t part = sender->owed; part > 0 && sender->owed > 0;) {
        part = part < sender->owed ? part : sender->owed;
        if (quota_take(web->config.access, tenant, QUOTA_VALUES, part, ret_wait_ns))
            sender->owed -= part;
        else
            part /= 2;
    }
}

bool sender_may_send(struct web *web, struct sender *sender, uint64_t values, int64_t *ret_wait_ns)
{
    *ret_wait_ns = NS_PER_S;
    if (web->config.access == NULL || values == 0)
        return true;
    sender_pay(web, sender, ret_wait_ns);
    return sender->owed == 0 && quota_take(web->config.access, sender->publisher.tenant,
                                           QUOTA_VALUES, values, ret_wait_ns);
}

void sender_owes(struct web *web, struct sender *sender, uint64_t values)
{
    int64_t wait_ns;
    if (web->config.access == NULL)
        return;
    sender->owed += values;
    sender_pay(web, sender, &wait_ns);
}
