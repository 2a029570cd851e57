/* Tenants: who shares the server. */
#include "web/people.h"
#include "web/people_erase.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const tenant_state_words[] = {"?", "active", "suspended", "deleted"};
static const char *const quota_names[QUOTAS] = {[QUOTA_POINTS] = "points",
                                                [QUOTA_POINTS_RATE] = "points_per_second",
                                                [QUOTA_VALUES] = "values_per_second",
                                                [QUOTA_CONNECTIONS] = "connections",
                                                [QUOTA_STORAGE] = "storage_bytes",
                                                [QUOTA_QUERIES] = "queries_at_once"};

/* ---- quotas ------------------------------------------------------------------------------------
 */
static uint64_t *quota_at(struct tenant_quotas *quotas, enum quota_kind kind)
{
    uint64_t *const places[QUOTAS] = {[QUOTA_POINTS] = &quotas->points,
                                      [QUOTA_POINTS_RATE] = &quotas->points_per_second,
                                      [QUOTA_VALUES] = &quotas->values_per_second,
                                      [QUOTA_CONNECTIONS] = &quotas->connections,
                                      [QUOTA_STORAGE] = &quotas->storage_bytes,
                                      [QUOTA_QUERIES] = &quotas->queries_at_once};
    return places[kind];
}

static void put_quotas(struct exchange *exchange, uint32_t tenant)
{
    struct json_writer *json = &exchange->json;
    json_put_name(json, "quotas");
    json_put_object(json);
    for (int kind = 0; kind < QUOTAS; kind++) {
        struct quota_view view = {.used = 0};
        if (exchange->web->config.access != NULL)
            quota_view(exchange->web->config.access, tenant, (enum quota_kind)kind, &view);
        json_put_name(json, quota_names[kind]);
        json_put_object(json);
        json_member_count(json, "used", view.used);
        json_put_name(json, "most");
        if (view.most == 0)
            json_put_null(json);
        else
            json_put_count(json, view.most);
        json_member_count(json, "refused", view.refused);
        json_put_object_end(json);
    }
    json_put_object_end(json);
}

/* "quotas": {"points": 1000, "connections": null}. What is not named stays. */
static void wish_quotas(struct wish *wish, struct command_access *access)
{
    const json_t *object = json_object_get(wish->json, "quotas");
    const char *name;
    json_t *value;
    if (object == NULL)
        return;
    access->has |= HAS_QUOTAS;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        int kind = 0;
        while (kind < QUOTAS && strcmp(name, quota_names[kind]) != 0)
            kind++;
        bool none = json_is_null(value);
        if (kind == QUOTAS || (!none && (!json_is_integer(value) || json_integer_value(value) < 0)))
            wish_fault(wish, "quotas",
                       "an object of points, points_per_second, values_per_second, connections, "
                       "storage_bytes, queries_at_once, each a count or null,");
        else
            *quota_at(&access->quotas, (enum quota_kind)kind) =
                none ? 0 : (uint64_t)json_integer_value(value);
    }
    if (!json_is_object(object))
        wish_fault(wish, "quotas", "an object");
}

enum handled handle_quota(struct exchange *exchange)
{
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_SEE, &tenant))
        return HANDLED;
    json_put_object(&exchange->json);
    put_text(&exchange->json, "tenant", tenant_name(exchange, tenant));
    put_quotas(exchange, tenant);
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 200);
}

/* ---- answers -----------------------------------------------------------------------------------
 */
void tenant_put(struct exchange *exchange, const struct tenant_view *tenant)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_member_string(json, "name", tenant->name);
    json_member_count(json, "number", tenant->tenant);
    put_text(json, "title", tenant->title);
    json_member_text(json, "state", tenant_state_words[tenant->state]);
    put_when(json, "created", tenant->wall_ns == 0 ? INT64_MIN : tenant->wall_ns);
    json_member_count(json, "users", tenant->persons);
    json_member_count(json, "devices", tenant->devices);
    json_member_count(json, "accounts", tenant->accounts);
    json_member_count(json, "roles", tenant->roles);
    json_member_count(json, "shares_given", tenant->shares_given);
    json_member_count(json, "shares_taken", tenant->shares_taken);
    put_quotas(exchange, tenant->tenant);
    json_put_object_end(json);
}

static enum handled tenants_end(struct exchange *exchange, uint32_t last, bool more)
{
    struct json_writer *json = &exchange->json;
    char next[16];
    json_put_array_end(json);
    snprintf(next, sizeof next, "%u", last);
    if (more)
        json_member_text(json, "next", next);
    else
        json_member_null(json, "next");
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

struct tenants_walk {
    uint32_t last;
    uint64_t limit, count;
    uint8_t state; /* 0: all */
    size_t contains_size;
    uint8_t contains[CONTAINS_MAX];
};

static bool tenant_is_wanted(const struct tenants_walk *walk, const struct tenant_view *tenant)
{
    struct bytes contains = bytes_of(walk->contains, walk->contains_size);
    bool state = walk->state == 0 ? tenant->state != TENANT_DELETED : tenant->state == walk->state;
    return state && (contains.size == 0 || people_contains(tenant->name, contains) ||
                     people_contains(tenant->title, contains));
}

static enum handled tenants_go(struct exchange *exchange)
{
    struct tenants_walk *walk = exchange->state;
    const struct access_model *model = people_model(exchange);
    struct turn turn = turn_begin(exchange->web);
    while (walk->last < access_tenants(model)) {
        struct tenant_view tenant;
        if (walk->count >= walk->limit)
            return tenants_end(exchange, walk->last, true);
        if (access_tenant(model, ++walk->last, &tenant) && tenant_is_wanted(walk, &tenant)) {
            tenant_put(exchange, &tenant);
            walk->count++;
        }
        if (turn_is_over(&turn, 0))
            return HANDLED_STEP;
    }
    return tenants_end(exchange, walk->last, false);
}

enum handled handle_tenants(struct exchange *exchange)
{
    uint64_t limit = 100, after = 0;
    uint8_t state = 0;
    struct bytes word;
    if (!query_count(exchange, "limit", 1, 1000, &limit) ||
        !query_count(exchange, "after", 0, UINT32_MAX, &after))
        return HANDLED;
    if (query_text(exchange, "state", &word)) {
        for (uint8_t i = TENANT_ACTIVE; i <= TENANT_DELETED; i++)
            if (bytes_equal(word, bytes_text(tenant_state_words[i])))
                state = i;
        if (state == 0) {
            answer_parameter(exchange, "state", "active, suspended or deleted", word);
            return HANDLED;
        }
    }
    struct tenants_walk *walk = exchange_keep(exchange, sizeof *walk);
    if (walk == NULL)
        return HANDLED;
    *walk = (struct tenants_walk){.last = (uint32_t)after, .limit = limit, .state = state};
    if (!people_query_contains(exchange, walk->contains, &walk->contains_size))
        return HANDLED;
    exchange->resume = tenants_go;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "tenants");
    json_put_array(&exchange->json);
    return tenants_go(exchange);
}

/* The tenant that the path names; false: it was answered. */
static bool tenant_find(struct exchange *exchange, struct tenant_view *ret_tenant)
{
    uint32_t tenant = access_tenant_find(people_model(exchange), exchange->arg);
    if (tenant != TENANT_NONE && access_tenant(people_model(exchange), tenant, ret_tenant))
        return true;
    answer_nobody(exchange, "tenant");
    return false;
}

enum handled handle_tenant(struct exchange *exchange)
{
    struct tenant_view tenant;
    if (!tenant_find(exchange, &tenant))
        return HANDLED;
    tenant_put(exchange, &tenant);
    return answer_json(exchange, 200);
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static enum handled tenant_answer(struct exchange *exchange, const struct outcome *outcome,
                                  unsigned status)
{
    struct json_writer *json = &exchange->json;
    struct tenant_view tenant;
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "tenant");
    if (access_tenant(people_model(exchange), outcome->number, &tenant))
        tenant_put(exchange, &tenant);
    else
        json_put_null(json);
    json_put_object_end(json);
    return answer_json(exchange, status);
}

static enum handled tenant_made(struct exchange *exchange, const struct outcome *outcome)
{
    return tenant_answer(exchange, outcome, 201);
}

static enum handled tenant_changed(struct exchange *exchange, const struct outcome *outcome)
{
    return tenant_answer(exchange, outcome, 200);
}

static struct matter *tenant_begin(struct exchange *exchange, uint8_t kind, bool has_body,
                                   uint32_t tenant)
{
    struct matter *matter = matter_begin(exchange, sizeof *matter, kind, has_body);
    if (matter == NULL)
        return NULL;
    matter->tenant = tenant;
    matter->order.command.tenant = TENANT_MAIN;
    matter->order.command.access.number = tenant;
    return matter;
}

enum handled handle_tenant_make(struct exchange *exchange)
{
    struct matter *matter = tenant_begin(exchange, COMMAND_TENANT_SET, true, TENANT_NONE);
    if (matter == NULL)
        return HANDLED;
    struct wish *wish = &matter->order.wish;
    struct command_access *access = &matter->order.command.access;
    wish_members(wish, "name title quotas");
    if (!wish_text(wish, "name", 1, ACCESS_TENANT_NAME_MAX, &access->name))
        wish_fault(wish, "name", "a text of 1 to 64 of a-z, 0-9 and -");
    access->has = HAS_NAME;
    if (wish_text(wish, "title", 0, ACCESS_TITLE_MAX, &access->title))
        access->has |= HAS_TITLE;
    wish_quotas(wish, access);
    return matter_give(exchange, tenant_made);
}

/* The state goes second: it is a command of its own. */
static enum handled tenant_state(struct exchange *exchange, const struct outcome *outcome)
{
    struct matter *matter = exchange->state;
    (void)outcome;
    matter->order.command.kind = COMMAND_TENANT_STATE;
    matter->order.command.key_kind = KEY_NONE;
    return matter_give(exchange, tenant_changed);
}

enum handled handle_tenant_change(struct exchange *exchange)
{
    static const char *const states[] = {"active", "suspended"};
    struct tenant_view tenant;
    uint8_t state;
    if (!tenant_find(exchange, &tenant))
        return HANDLED;
    struct matter *matter = tenant_begin(exchange, COMMAND_TENANT_SET, true, tenant.tenant);
    if (matter == NULL)
        return HANDLED;
    struct wish *wish = &matter->order.wish;
    struct command_access *access = &matter->order.command.access;
    access->quotas = tenant.quotas;
    wish_members(wish, "title quotas state");
    if (wish_text(wish, "title", 0, ACCESS_TITLE_MAX, &access->title))
        access->has |= HAS_TITLE;
    wish_quotas(wish, access);
    if (wish_word(wish, "state", states, ARRAY_COUNT(states), &state))
        access->state = state == 0 ? TENANT_ACTIVE : TENANT_SUSPENDED;
    if (wish->wrong)
        return matter_refuse(exchange);
    if (access->state != 0 && access->has == 0)
        return tenant_state(exchange, NULL);
    return matter_give(exchange, access->state != 0 ? tenant_state : tenant_changed);
}

static enum handled tenant_deleted(struct exchange *exchange, const struct outcome *outcome)
{
    tenant_eraser_poke(exchange->web);
    return tenant_answer(exchange, outcome, 202);
}

static enum handled tenant_delete(struct exchange *exchange)
{
    return matter_give(exchange, tenant_deleted);
}

/* What it has, for the certificate: from the deletion on it goes. In the journal before the
 * command: what is told was told a step before. */
static void inventory_tell(struct exchange *exchange, const struct tenant_view *tenant)
{
    char object[ACCESS_TENANT_NAME_MAX + 8], detail[400];
    const struct engine *engine = exchange->web->config.engine;
    struct sessions_tenant kept;
    sessions_tenant(engine_sessions(exchange->web->config.engine), tenant->tenant, &kept);
    int object_size = snprintf(object, sizeof object, "tenant/%.*s", (int)tenant->name.size,
                               (const char *)tenant->name.at);
    int size = snprintf(detail, sizeof detail,
                        "accounts %u, people %u, devices %u, roles %u, shares given %u, taken %u, "
                        "points %" PRIu64 ", bytes stored %" PRIu64
                        ", retained messages %u, bytes of sessions and messages %" PRIu64,
                        tenant->accounts, tenant->persons, tenant->devices, tenant->roles,
                        tenant->shares_given, tenant->shares_taken,
                        engine_tenant_points(engine, tenant->tenant),
                        engine_tenant_storage(engine, tenant->tenant), kept.retained, kept.held);
    if (exchange->principal != NULL)
        access_tell(exchange->web->config.access, exchange->principal, TENANT_INVENTORY,
                    bytes_of(object, (size_t)object_size), bytes_of(detail, (size_t)size), "done");
}

/* What is its own goes in the background. */
enum handled handle_tenant_delete(struct exchange *exchange)
{
    struct tenant_view tenant;
    if (!tenant_find(exchange, &tenant))
        return HANDLED;
    if (tenant.tenant == TENANT_MAIN)
        return answer_problem(exchange, 422, "access_invalid", NULL,
                              "the house itself cannot be deleted");
    struct matter *matter = tenant_begin(exchange, COMMAND_TENANT_STATE, false, tenant.tenant);
    if (matter == NULL)
        return HANDLED;
    matter->order.command.access.state = TENANT_DELETED;
    inventory_tell(exchange, &tenant);
    exchange->resume = tenant_delete;
    return HANDLED_STEP;
}
