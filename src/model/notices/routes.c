/* Routes: which alarms go where. Their patterns are kept compiled beside the tables. */
#include "model/notices/tables.h"

#include <stdlib.h>

const struct route_entry *notices_route_at(const struct notices *notices, uint32_t route)
{
    return state_read(&notices->routes, route);
}

static struct route_entry *route_write(struct notices *notices, uint32_t route)
{
    return state_write(&notices->routes, route);
}

static const struct chain routes_of_tenant = {.links_at = offsetof(struct route_entry, links)};

static bool is_there(const struct notices *notices, uint32_t route)
{
    return route != 0 && route <= notices->roots->routes.highest &&
           notices_route_at(notices, route)->position != 0;
}

uint32_t notices_route_find(const struct notices *notices, uint32_t tenant, struct bytes name)
{
    struct index_probe probe;
    uint64_t hash = notices_name_hash(NAME_ROUTE, tenant, name);
    for (uint32_t at = index_first(notices->names, &probe, hash); at != INDEX_NONE;
         at = index_next(notices->names, &probe)) {
        if (!is_there(notices, at))
            continue;
        const struct route_entry *entry = notices_route_at(notices, at);
        if (entry->tenant == tenant && bytes_equal(texts_get(&notices->texts, entry->name), name))
            return at;
    }
    return 0;
}

uint32_t notices_route_next(const struct notices *notices, uint32_t tenant, uint32_t after)
{
    const struct notices_tenant_entry *of = notices_tenant_at(notices, tenant);
    if (after != 0)
        return is_there(notices, after) && notices_route_at(notices, after)->tenant == tenant
                   ? notices_route_at(notices, after)->links.next
                   : 0;
    return of == NULL ? 0 : of->routes.first;
}

bool notices_route(const struct notices *notices, uint32_t route, struct route_view *ret_view)
{
    if (!is_there(notices, route))
        return false;
    const struct route_entry *entry = notices_route_at(notices, route);
    *ret_view = (struct route_view){.route = route,
                                    .tenant = entry->tenant,
                                    .name = texts_get(&notices->texts, entry->name),
                                    .match = texts_get(&notices->texts, entry->match),
                                    .priority = entry->priority,
                                    .returned = entry->returned != 0,
                                    .channel = entry->channel,
                                    .roster = entry->roster,
                                    .position = entry->position,
                                    .wall_ns = entry->wall_ns};
    return true;
}

/* ---- patterns ----------------------------------------------------------------------------------
 */
void notices_patterns_drop(struct notices *notices)
{
    uint32_t highest = notices->patterns == NULL ? 0 : notices->pattern_count;
    for (uint32_t i = 0; i < highest; i++)
        free(notices->patterns[i]);
    free(notices->patterns);
    notices->patterns = NULL;
    notices->pattern_count = 0;
}

static enum err patterns_grow(struct notices *notices, uint32_t count)
{
    if (count <= notices->pattern_count)
        return OK;
    struct pattern **grown = realloc(notices->patterns, count * sizeof(struct pattern *));
    if (grown == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = notices->pattern_count; i < count; i++)
        grown[i] = NULL;
    notices->patterns = grown;
    notices->pattern_count = count;
    return OK;
}

/* match: one that was judged. */
static enum err pattern_keep(struct notices *notices, uint32_t route, struct bytes match)
{
    enum err err = patterns_grow(notices, route + 1);
    if (err != OK)
        return err;
    if (notices->patterns[route] == NULL)
        notices->patterns[route] = malloc(sizeof(struct pattern));
    if (notices->patterns[route] == NULL)
        return ERR_NO_MEMORY;
    const char *fault = pattern_parse(match, notices->patterns[route]);
    check(fault == NULL);
    return OK;
}

bool notices_route_matches(const struct notices *notices, uint32_t route, struct bytes path)
{
    const struct pattern *pattern = notices->patterns[route];
    if (path.size == 0) /* of no point and of no branch: of everything */
        return pattern->depth == 0 && pattern->rest;
    return pattern_matches(pattern, path);
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static enum outcome_code to_judge(const struct notices *notices, uint32_t tenant,
                                  const struct route_plan *plan, struct route_entry *to)
{
    if (plan->channel.size > 0) {
        to->channel = notices_channel_find(notices, tenant, plan->channel);
        return to->channel == 0 ? OUTCOME_UNKNOWN_CHANNEL : OUTCOME_DONE;
    }
    to->roster = notices_roster_find(notices, tenant, plan->roster);
    return to->roster == 0 ? OUTCOME_UNKNOWN_ROSTER : OUTCOME_DONE;
}

static enum outcome_code set_judge(const struct notices *notices, const struct notice_order *of,
                                   struct route_plan *plan, uint32_t *ret_route,
                                   struct route_entry *to)
{
    uint32_t tenant = of->command->tenant;
    const struct notices_tenant_entry *tenant_entry = notices_tenant_at(notices, tenant);
    if (route_plan_read(of->form, plan) != NULL)
        return OUTCOME_NOTICE_INVALID;
    enum outcome_code code = to_judge(notices, tenant, plan, to);
    if (code != OUTCOME_DONE)
        return code;
    *ret_route = notices_route_find(notices, tenant, plan->name);
    uint64_t cost = (uint64_t)texts_cost(plan->name.size) + texts_cost(plan->match.size);
    bool full = *ret_route == 0 &&
                (notices->roots->routes.count >= notices->limits.routes_max ||
                 (tenant_entry != NULL && tenant_entry->route_count >= NOTICE_ROUTES_TENANT));
    return full || !notices_texts_fit(notices, cost) ? OUTCOME_NOTICES_FULL : OUTCOME_DONE;
}

static enum err route_make(struct notices *notices, const struct notice_order *of,
                           struct bytes name, uint32_t *ret_route)
{
    uint32_t tenant = of->command->tenant;
    enum err err = notices_tenant_begin(notices, tenant);
    if (err == OK)
        err = notices_row_take(notices, TABLE_ROUTES, ret_route);
    if (err != OK)
        return err;
    struct route_entry *entry = route_write(notices, *ret_route);
    struct notices_tenant_entry *tenant_entry = notices_tenant_write(notices, tenant);
    entry->tenant = tenant;
    entry->made = of->stamp->position;
    tenant_entry->route_count++;
    chain_put(&notices->routes, &routes_of_tenant, &tenant_entry->routes, *ret_route);
    err = notices_text_set(notices, &entry->name, name);
    return err == OK ? index_insert(notices->names, notices_name_hash(NAME_ROUTE, tenant, name),
                                    *ret_route)
                     : err;
}

/* What it leads to is held, or not any more. */
static void to_hold(struct notices *notices, const struct route_entry *to, int32_t by)
{
    if (to->channel != 0)
        notices_channel_hold(notices, to->channel, by);
    if (to->roster != 0)
        notices_roster_hold(notices, to->roster, by);
}

static enum err route_set(struct notices *notices, const struct notice_order *of)
{
    struct route_plan plan;
    struct route_entry to = {.channel = 0};
    uint32_t route;
    enum err err = OK;
    enum outcome_code code = set_judge(notices, of, &plan, &route, &to);
    if (code != OUTCOME_DONE)
        return notice_refuse(of, code);
    if (route == 0)
        err = route_make(notices, of, plan.name, &route);
    if (err != OK)
        return err;
    struct route_entry *entry = route_write(notices, route);
    to_hold(notices, entry, -1);
    to_hold(notices, &to, 1);
    entry->channel = to.channel;
    entry->roster = to.roster;
    entry->priority = plan.priority;
    entry->returned = plan.returned;
    entry->position = of->stamp->position;
    entry->wall_ns = of->stamp->wall_ns;
    of->outcome->number = route;
    err = notices_text_set(notices, &entry->match, plan.match);
    return err == OK ? pattern_keep(notices, route, plan.match) : err;
}

static enum err route_remove(struct notices *notices, const struct notice_order *of)
{
    struct bytes name;
    uint32_t tenant = of->command->tenant;
    if (!notices_name_alone(of->form, &name))
        return notice_refuse(of, OUTCOME_NOTICE_INVALID);
    uint32_t route = notices_route_find(notices, tenant, name);
    if (route == 0)
        return notice_refuse(of, OUTCOME_UNKNOWN_ROUTE);
    enum err err = index_remove(notices->names, notices_name_hash(NAME_ROUTE, tenant, name), route);
    if (err != OK)
        return err;
    struct route_entry *entry = route_write(notices, route);
    struct notices_tenant_entry *tenant_entry = notices_tenant_write(notices, tenant);
    to_hold(notices, entry, -1);
    notices_text_free(notices, &entry->name);
    notices_text_free(notices, &entry->match);
    chain_take(&notices->routes, &routes_of_tenant, &tenant_entry->routes, route);
    tenant_entry->route_count--;
    notices_row_give(notices, TABLE_ROUTES, route);
    of->outcome->number = route;
    return OK;
}

enum err notices_apply_route(struct notices *notices, const struct notice_order *of)
{
    return of->command->kind == COMMAND_ROUTE_SET ? route_set(notices, of)
                                                  : route_remove(notices, of);
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool to_is_valid(const struct notices *notices, const struct route_entry *entry)
{
    struct channel_view channel;
    struct roster_view roster;
    if ((entry->channel != 0) == (entry->roster != 0))
        return false;
    return entry->channel != 0
               ? notices_channel(notices, entry->channel, &channel) &&
                     channel.tenant == entry->tenant
               : notices_roster(notices, entry->roster, &roster) && roster.tenant == entry->tenant;
}

static enum err route_rebuild(struct notices *notices, uint32_t route)
{
    struct pattern pattern;
    const struct route_entry *entry = notices_route_at(notices, route);
    if (entry->tenant == 0 || entry->tenant > notices->limits.tenants_max || entry->priority == 0 ||
        entry->priority > ALARM_PRIORITIES || entry->returned > 1 ||
        !texts_is_valid(&notices->texts, entry->name, NOTICE_NAME_MAX) ||
        !texts_is_valid(&notices->texts, entry->match, PATTERN_BYTES_MAX) ||
        !to_is_valid(notices, entry))
        return ERR_CORRUPT;
    struct bytes name = texts_get(&notices->texts, entry->name);
    struct bytes match = texts_get(&notices->texts, entry->match);
    if (!notice_name_is_good(name) || pattern_parse(match, &pattern) != NULL ||
        notices_route_find(notices, entry->tenant, name) != 0)
        return ERR_CORRUPT;
    enum err err =
        index_insert(notices->names, notices_name_hash(NAME_ROUTE, entry->tenant, name), route);
    return err == OK ? pattern_keep(notices, route, match) : err;
}

static enum err tenants_judge(struct notices *notices)
{
    uint32_t end = notices->roots->routes.highest + 1, all = 0;
    for (uint32_t tenant = 0; tenant < state_table_capacity(&notices->tenants); tenant++) {
        const struct notices_tenant_entry *of = state_read(&notices->tenants, tenant);
        if (of->route_count > end ||
            !chain_is_valid(&notices->routes, &routes_of_tenant, &of->routes, of->route_count, end))
            return ERR_CORRUPT;
        for (uint32_t at = of->routes.first; at != 0;
             at = chain_after(&notices->routes, &routes_of_tenant, at))
            if (!is_there(notices, at) || notices_route_at(notices, at)->tenant != tenant)
                return ERR_CORRUPT;
        all += of->route_count;
    }
    return all == notices->roots->routes.count ? OK : ERR_CORRUPT;
}

enum err notices_routes_rebuild(struct notices *notices, uint32_t *channel_holders,
                                uint32_t *roster_holders)
{
    uint32_t highest = notices->roots->routes.highest;
    if (highest > notices->limits.routes_max)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&notices->routes, highest + 1);
    uint8_t *taken = calloc((size_t)highest + 1, 1);
    if (err == OK && taken == NULL)
        err = ERR_NO_MEMORY;
    for (uint32_t route = 1; err == OK && route <= highest; route++) {
        const struct route_entry *entry = notices_route_at(notices, route);
        taken[route] = entry->position != 0;
        err = taken[route] ? route_rebuild(notices, route) : OK;
        if (err == OK && taken[route]) {
            channel_holders[entry->channel]++;
            roster_holders[entry->roster]++;
        }
    }
    if (err == OK)
        err = notices_rows_judge(notices, TABLE_ROUTES, taken);
    free(taken);
    return err == OK ? tenants_judge(notices) : err;
}
