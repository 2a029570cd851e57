/* Policies: what becomes of samples. */
#include "web/archive.h"

#include <stdlib.h>
#include <string.h>

static const char *const full_words[POLICY_FULLS] = {"keep", "drop_oldest"};
static const char *const tier_names[POLICY_TIERS] = {"minute_s", "hour_s", "day_s"};

/* ---- answers -----------------------------------------------------------------------------------
 */
static void put_keep(struct json_writer *json, const char *name, int64_t keep_ns)
{
    if (keep_ns == POLICY_NO_ROLLUP)
        json_member_null(json, name);
    else
        json_member_integer(json, name, keep_ns / NS_PER_S);
}

static void policy_put(struct json_writer *json, const struct policy *policy, uint32_t rank)
{
    const struct policy_rules *rules = &policy->rules;
    json_put_object(json);
    json_member_string(json, "name", policy->name);
    json_member_count(json, "rank", rank);
    json_member_string(json, "match", policy->pattern);
    json_member_real(json, "deadband", rules->deadband);
    json_member_real(json, "deadband_percent", rules->deadband_percent);
    json_member_integer(json, "retention_s", rules->retention_ns / NS_PER_S);
    json_put_name(json, "rollups");
    json_put_object(json);
    for (size_t i = 0; i < POLICY_TIERS; i++)
        put_keep(json, tier_names[i], rules->rollup_ns[i]);
    json_put_object_end(json);
    json_member_text(json, "when_full", full_words[rules->when_full]);
    json_member_count(json, "priority", rules->priority);
    json_member_time(json, "made", policy->wall_ns);
    json_member_count(json, "position", policy->position);
    json_put_object_end(json);
}

static struct policy_set *policies_of(struct exchange *exchange)
{
    struct policy_set *set;
    if (archive_policies(engine_archive(exchange->web->config.engine), &set) == OK)
        return set;
    answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    return NULL;
}

/* ---- ranks: a tenant counts its own policies; those of all tenants stand in one order ---------
 */
static uint32_t rank_of(const struct policy_set *set, uint32_t index)
{
    uint32_t rank = 0, tenant = policy_set_at(set, index)->tenant;
    for (uint32_t i = 0; i <= index; i++)
        rank += policy_set_at(set, i)->tenant == tenant;
    return rank;
}

/* The place, from 1, of a tenant's policy of this rank, or of its last; 0: it has none. A new one
 * that is to be behind all others is at the end. */
static uint32_t place_of(const struct policy_set *set, uint32_t tenant, uint32_t rank, bool new)
{
    uint32_t place = 0;
    for (uint32_t i = 0; i < policy_set_count(set); i++) {
        if (policy_set_at(set, i)->tenant != tenant)
            continue;
        place = i + 1;
        if (--rank == 0)
            return place;
    }
    return new ? 0 : place;
}

/* Another one after each change of the tenant's policies, and after no other. */
static uint64_t tenant_version(const struct policy_set *set, uint32_t tenant)
{
    uint64_t version = 0;
    for (uint32_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);
        if (policy->tenant == tenant)
            version = hash64(policy->name.at, policy->name.size, version ^ policy->position);
    }
    return version >> 11; /* as large as a number of JSON is exact */
}

/* The index of his tenant's policy of this name; POLICY_NONE: there is none for him. */
static uint32_t policy_of(struct exchange *exchange, const struct policy_set *set,
                          struct bytes name)
{
    uint32_t at = policy_set_find(set, exchange->tenant, name);
    if (at == POLICY_NONE || pattern_reach(exchange, RIGHT_SEE, exchange->tenant,
                                           policy_set_at(set, at)->pattern) == REACH_NONE)
        return POLICY_NONE;
    return at;
}

static enum handled policy_done(struct exchange *exchange, const struct outcome *outcome)
{
    const struct order *order = exchange->state;
    struct json_writer *json = &exchange->json;
    struct policy_set *set = policies_of(exchange);
    if (set == NULL)
        return HANDLED;
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "policy");
    uint32_t at = policy_of(exchange, set, order->command.policy.name);
    if (at == POLICY_NONE) /* removed, now or since */
        json_put_null(json);
    else
        policy_put(json, policy_set_at(set, at), rank_of(set, at));
    json_put_object_end(json);
    policy_set_release(set);
    return answer_json(exchange, 200);
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static struct order *policy_begin(struct exchange *exchange, uint8_t kind)
{
    struct order *order = order_begin(exchange, sizeof *order, kind, kind != COMMAND_POLICY_REMOVE);
    if (order == NULL)
        return NULL;
    order->done = policy_done;
    order->command.policy.name = exchange->arg;
    const char *fault = policy_name_fault(exchange->arg);
    if (fault == NULL)
        return order;
    answer_problem(exchange, 422, report_outcome_word(OUTCOME_POLICY_INVALID),
                   outcome_text(OUTCOME_POLICY_INVALID), "%s", fault);
    return NULL;
}

/* May he, of the policy that is there and of what it is to become; and where it is to stand in the
 * order of all. False: it was answered. */
static bool policy_judge(struct exchange *exchange)
{
    struct order *order = exchange->state;
    struct command_policy *policy = &order->command.policy;
    struct policy_set *set = policies_of(exchange);
    struct bytes refused = bytes_of(NULL, 0);
    if (set == NULL)
        return false;
    uint32_t at = policy_set_find(set, exchange->tenant, policy->name);
    const struct policy *there = at != POLICY_NONE ? policy_set_at(set, at) : NULL;
    bool hidden = there != NULL && order->command.kind != COMMAND_POLICY_SET &&
                  policy_of(exchange, set, policy->name) == POLICY_NONE;
    if (there != NULL &&
        pattern_reach(exchange, RIGHT_CONFIGURE, exchange->tenant, there->pattern) != REACH_ALL)
        refused = policy->name;
    else if (order->command.kind == COMMAND_POLICY_SET &&
             pattern_reach(exchange, RIGHT_CONFIGURE, exchange->tenant, policy->pattern) !=
                 REACH_ALL)
        refused = policy->pattern;
    if (policy->rank != 0)
        policy->rank = place_of(set, exchange->tenant, policy->rank, there == NULL);
    if (order->command.kind == COMMAND_POLICY_MOVE && policy->rank == 0)
        policy->rank = 1; /* there is none: refused where it is found out */
    policy_set_release(set);
    if (hidden)
        order_refused(exchange, OUTCOME_UNKNOWN_POLICY);
    else if (refused.at != NULL)
        answer_forbidden(exchange, RIGHT_CONFIGURE, refused);
    return !hidden && refused.at == NULL;
}

/* Rights and ranks are judged in the step in which the command is given, or tried to. */
static enum handled policy_give(struct exchange *exchange)
{
    return policy_judge(exchange) ? order_give(exchange) : HANDLED;
}

static void rollups_read(struct wish *wish, struct policy_rules *rules)
{
    json_t *json = json_object_get(wish->json, "rollups");
    struct wish inner = {.json = json};
    if (json == NULL)
        return;
    if (!json_is_object(json)) {
        wish_fault(wish, "rollups", "an object with minute_s, hour_s and day_s");
        return;
    }
    for (size_t i = 0; i < POLICY_TIERS; i++) {
        int64_t keep_s = 0;
        bool kept = wish_integer(&inner, tier_names[i], 0, ARCHIVE_KEEP_S_MAX, &keep_s);
        rules->rollup_ns[i] = kept ? keep_s * NS_PER_S : POLICY_NO_ROLLUP;
    }
    size_t known = 0;
    for (size_t i = 0; i < POLICY_TIERS; i++)
        known += json_object_get(json, tier_names[i]) != NULL;
    if (known != json_object_size(json))
        wish_fault(&inner, "rollups", "minute_s, hour_s and day_s and no other member");
    if (inner.wrong && !wish->wrong) {
        memcpy(wish->fault, inner.fault, sizeof wish->fault);
        wish->wrong = true;
    }
}

static void rank_read(struct wish *wish, struct command_policy *policy)
{
    int64_t rank = 0;
    (void)wish_integer(wish, "rank", 1, UINT32_MAX, &rank);
    policy->rank = (uint32_t)rank;
}

enum handled handle_policy_set(struct exchange *exchange)
{
    struct order *order = policy_begin(exchange, COMMAND_POLICY_SET);
    if (order == NULL)
        return HANDLED;
    struct wish *wish = &order->wish;
    struct command_policy *policy = &order->command.policy;
    struct policy_rules *rules = &policy->rules;
    int64_t retention_s = 0, priority = 0;
    wish_members(wish,
                 "match deadband deadband_percent retention_s rollups when_full priority rank");
    if (!wish_text(wish, "match", 1, POLICY_PATTERN_MAX, &policy->pattern))
        wish_fault(wish, "match", "a pattern of paths");
    (void)wish_real(wish, "deadband", &rules->deadband);
    (void)wish_real(wish, "deadband_percent", &rules->deadband_percent);
    (void)wish_integer(wish, "retention_s", 0, ARCHIVE_KEEP_S_MAX, &retention_s);
    (void)wish_integer(wish, "priority", 0, 100, &priority);
    (void)wish_word(wish, "when_full", full_words, POLICY_FULLS, &rules->when_full);
    rules->retention_ns = retention_s * NS_PER_S;
    rules->priority = (uint8_t)priority;
    rollups_read(wish, rules);
    rank_read(wish, policy);
    if (wish->wrong)
        return order_refuse(exchange);
    const char *fault = policy_fault(policy);
    if (fault != NULL)
        return answer_problem(exchange, 422, report_outcome_word(OUTCOME_POLICY_INVALID),
                              outcome_text(OUTCOME_POLICY_INVALID), "%s", fault);
    return policy_give(exchange);
}

enum handled handle_policy_move(struct exchange *exchange)
{
    struct order *order = policy_begin(exchange, COMMAND_POLICY_MOVE);
    if (order == NULL)
        return HANDLED;
    wish_members(&order->wish, "rank");
    rank_read(&order->wish, &order->command.policy);
    if (order->command.policy.rank == 0)
        wish_fault(&order->wish, "rank", "its new place, from 1,");
    return order->wish.wrong ? order_refuse(exchange) : policy_give(exchange);
}

enum handled handle_policy_remove(struct exchange *exchange)
{
    struct order *order = policy_begin(exchange, COMMAND_POLICY_REMOVE);
    if (order == NULL)
        return HANDLED;
    return order->wish.wrong ? order_refuse(exchange) : policy_give(exchange);
}

/* ---- questions ---------------------------------------------------------------------------------
 */
enum handled handle_policy_get(struct exchange *exchange)
{
    struct policy_set *set = policies_of(exchange);
    if (set == NULL)
        return HANDLED;
    uint32_t at = policy_of(exchange, set, exchange->arg);
    if (at != POLICY_NONE)
        policy_put(&exchange->json, policy_set_at(set, at), rank_of(set, at));
    policy_set_release(set);
    if (at != POLICY_NONE)
        return answer_json(exchange, 200);
    return answer_problem(exchange, 404, "unknown_policy", "no such policy",
                          "no policy is called \"%.*s\"; GET /v1/policies lists them",
                          detail_size(exchange->arg), (const char *)exchange->arg.at);
}

/* Which one decides for a path, and why. */
static void decision_put(struct json_writer *json, const struct policy_set *set, uint32_t tenant,
                         struct bytes path)
{
    char why[PATTERN_BYTES_MAX + 128];
    uint32_t at = policy_set_match(set, tenant, path);
    json_put_object(json);
    json_member_string(json, "path", path);
    if (at == POLICY_NONE) {
        json_member_null(json, "policy");
        json_member_text(json, "why", "no policy matches: everything is kept for ever");
    } else {
        const struct policy *policy = policy_set_at(set, at);
        snprintf(why, sizeof why, "its pattern %.*s is the first in order that matches",
                 (int)policy->pattern.size, (const char *)policy->pattern.at);
        json_member_string(json, "policy", policy->name);
        json_member_text(json, "why", why);
    }
    json_put_object_end(json);
}

struct policies_list { /* as they were when they were asked for */
    struct policy_set *set;
    uint32_t next, rank;
    bool asked;
    size_t path_size;
    uint8_t path[PATH_MAX_BYTES];
};

static void policies_drop(struct exchange *exchange)
{
    struct policies_list *list = exchange->state;
    if (list != NULL)
        policy_set_release(list->set);
    free(list);
}

static enum handled policies_step(struct exchange *exchange)
{
    struct policies_list *list = exchange->state;
    struct json_writer *json = &exchange->json;
    struct bytes path = bytes_of(list->path, list->path_size);
    struct turn turn = turn_begin(exchange->web);
    for (; list->next < policy_set_count(list->set); list->next++) {
        if (turn_is_over(&turn, 512))
            return HANDLED_STEP;
        const struct policy *policy = policy_set_at(list->set, list->next);
        if (policy->tenant != exchange->tenant)
            continue;
        list->rank++;
        if (list->asked ? policy_set_matches(list->set, list->next, exchange->tenant, path)
                        : pattern_reach(exchange, RIGHT_SEE, exchange->tenant, policy->pattern) !=
                              REACH_NONE)
            policy_put(json, policy, list->rank);
    }
    json_put_array_end(json);
    json_put_name(json, "decides");
    if (list->asked)
        decision_put(json, list->set, exchange->tenant, path);
    else
        json_put_null(json);
    json_member_count(json, "version", tenant_version(list->set, exchange->tenant));
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_policies(struct exchange *exchange)
{
    struct json_writer *json = &exchange->json;
    struct bytes path;
    bool asked = query_text(exchange, "path", &path);
    const char *fault = asked ? path_fault(path) : NULL;
    if (fault != NULL) {
        answer_parameter(exchange, "path", fault, path);
        return HANDLED;
    }
    if (asked && !exchange_may(exchange, RIGHT_SEE, exchange->tenant, path))
        return answer_no_point(exchange, path);
    struct policies_list *list = calloc(1, sizeof *list);
    exchange->state = list;
    exchange->drop = policies_drop;
    exchange->resume = policies_step;
    if (list == NULL)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    list->set = policies_of(exchange);
    if (list->set == NULL)
        return HANDLED;
    list->asked = asked;
    list->path_size = asked ? path.size : 0;
    memcpy(list->path, asked ? path.at : list->path, list->path_size);
    json_put_object(json);
    json_put_name(json, "policies");
    json_put_array(json);
    return policies_step(exchange);
}
