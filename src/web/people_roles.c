/* Roles: names for rights on patterns. */
#include "web/people.h"

void role_put(struct json_writer *json, const struct role_view *role)
{
    json_put_object(json);
    json_member_string(json, "name", role->name);
    put_text(json, "title", role->title);
    json_member_bool(json, "builtin", role->builtin);
    json_put_name(json, "rights");
    json_put_array(json);
    for (uint32_t i = 0; i < role->right_count; i++) {
        json_put_object(json);
        json_member_string(json, "pattern", role->rights[i].pattern);
        put_rights(json, "rights", role->rights[i].rights);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_put_object_end(json);
}

/* There are at most a thousand of a tenant. */
enum handled handle_roles(struct exchange *exchange)
{
    struct json_writer *json = &exchange->json;
    struct role_view role;
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_SEE, &tenant))
        return HANDLED;
    json_put_object(json);
    json_put_name(json, "roles");
    json_put_array(json);
    for (uint32_t i = 0; access_role_at(people_model(exchange), tenant, i, &role); i++)
        role_put(json, &role);
    json_put_array_end(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static enum handled role_done(struct exchange *exchange, const struct outcome *outcome)
{
    const struct matter *matter = exchange->state;
    struct json_writer *json = &exchange->json;
    struct role_view role;
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "role");
    if (access_role_find(people_model(exchange), matter->tenant, matter->order.command.access.name,
                         &role))
        role_put(json, &role);
    else
        json_put_null(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

/* What the role says now is within his own rights: else he could take from others what he cannot
 * give back. False: it was answered. */
static bool role_is_his(struct exchange *exchange, uint32_t tenant)
{
    struct role_view role;
    struct access_rule rules[ACCESS_RIGHTS_MAX];
    if (!access_role_find(people_model(exchange), tenant, exchange->arg, &role))
        return true;
    for (uint32_t i = 0; i < role.right_count; i++)
        rules[i] = (struct access_rule){role.rights[i].pattern, role.rights[i].rights};
    if (people_covers_rules(exchange, tenant, rules, role.right_count))
        return true;
    answer_exceeds(exchange);
    return false;
}

static struct matter *role_begin(struct exchange *exchange, uint8_t kind, bool has_body)
{
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_ADMINISTER, &tenant) || !role_is_his(exchange, tenant))
        return NULL;
    struct matter *matter = matter_begin(exchange, sizeof *matter, kind, has_body);
    if (matter == NULL)
        return NULL;
    matter->tenant = matter->order.command.tenant = tenant;
    matter->order.command.access.name = exchange->arg;
    return matter;
}

enum handled handle_role_set(struct exchange *exchange)
{
    struct matter *matter = role_begin(exchange, COMMAND_ROLE_SET, true);
    if (matter == NULL)
        return HANDLED;
    struct wish *wish = &matter->order.wish;
    struct command_access *access = &matter->order.command.access;
    wish_members(wish, "title rights");
    (void)wish_text(wish, "title", 0, ACCESS_TITLE_MAX, &access->title);
    (void)wish_rules(wish, access);
    if (exchange->arg.size > ACCESS_NAME_MAX)
        wish_fault(wish, "name", "a name of 1 to 128 bytes in the path");
    if (wish->wrong)
        return matter_refuse(exchange);
    if (!people_covers_rules(exchange, matter->tenant, access->rules, access->rule_count))
        return answer_exceeds(exchange);
    return matter_give(exchange, role_done);
}

enum handled handle_role_remove(struct exchange *exchange)
{
    struct role_view role;
    struct matter *matter = role_begin(exchange, COMMAND_ROLE_REMOVE, false);
    if (matter == NULL)
        return HANDLED;
    if (!access_role_find(people_model(exchange), matter->tenant, exchange->arg, &role))
        return answer_nobody(exchange, "role");
    return matter_give(exchange, role_done);
}
