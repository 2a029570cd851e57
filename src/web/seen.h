/* seen: what of a tenant's points who asks may see, and how they are named to him. What handlers of
 * points share; the decisions are src/access's. */
#pragma once

#include "web/room.h"

/* Of all that the pattern can match, what may he do that to? REACH_ALL where there is no access. */
enum access_reach exchange_reach(struct exchange *exchange, enum access_right right,
                                 uint32_t tenant, const struct pattern *pattern);
/* What he may see of a branch, by its path; "" is all of the tenant. For searches. */
enum namespace_sight exchange_sight(struct exchange *exchange, uint32_t tenant,
                                    struct bytes branch);
static inline bool exchange_sees(struct exchange *exchange, uint32_t tenant, struct bytes path)
{
    return exchange_may(exchange, RIGHT_SEE, tenant, path);
}
/* Counts up when his rights change: what was judged for all of a list holds while it is the same.
 */
uint64_t exchange_generation(const struct exchange *exchange);
uint32_t exchange_point_tenant(const struct exchange *exchange, uint32_t point);

/* A path as he names it: another tenant's with its name before it. A view of path, or of text. */
#define PATH_SHOWN_MAX (ACCESS_TENANT_NAME_MAX + 2 + PATH_MAX_BYTES)
struct bytes path_shown(struct exchange *exchange, uint32_t tenant, struct bytes path,
                        uint8_t text[PATH_SHOWN_MAX]);
/* A member with that. */
void path_put(struct exchange *exchange, struct json_writer *json, const char *name,
              uint32_t tenant, struct bytes path);

/* May he do that there? A verdict depends on the rights to the path alone, never on whether
 * anything is there. */
enum verdict {
    VERDICT_MAY,
    VERDICT_FORBIDDEN, /* he sees the path, and may not: answer_forbidden */
    VERDICT_HIDDEN     /* he does not even see it: answer_hidden */
};
enum verdict exchange_judge(struct exchange *exchange, enum access_right right, uint32_t tenant,
                            struct bytes path);

/* 429: the tenant's quota of values is used up for now. Retry-After says when there is more. */
enum handled answer_slower(struct exchange *exchange, int64_t wait_ns);
/* How long that is, in whole seconds, at least 1. */
uint32_t wait_seconds(int64_t wait_ns);

/* Who sends samples of a tenant by HTTP. */
struct sender {
    struct publisher publisher;
    uint64_t owed; /* values that were taken, and are not paid for yet to the tenant's quota */
};
/* NULL: no memory. Lives as long as the web. */
struct sender *web_sender(struct web *web, uint32_t tenant);
void web_senders_destroy(struct web *web);
/* May the tenant send so many values now? Nothing may be owed. *ret_wait_ns: ask again then. */
bool sender_may_send(struct web *web, struct sender *sender, uint64_t values, int64_t *ret_wait_ns);
/* So many were taken before it was known how many there are: they are paid for as the quota allows,
 * and until they are, nothing more may be sent. */
void sender_owes(struct web *web, struct sender *sender, uint64_t values);
