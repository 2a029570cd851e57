/* OpenID providers: by which people of a tenant may log in. Their secrets are sealed, and never
 * told. */
#include "openid/openid.h"
#include "web/people.h"

#include <stdio.h>
#include <string.h>

#define PROVIDER_SECRET_MAX 200
_Static_assert(PROVIDER_SECRET_MAX + SECRET_SEAL_OVERHEAD <= SECRET_PROOF_MAX, "it fits sealed");

void provider_put(struct json_writer *json, const struct provider_view *provider)
{
    json_put_object(json);
    json_member_string(json, "name", provider->name);
    json_member_string(json, "issuer", provider->issuer);
    json_member_string(json, "client_id", provider->client_id);
    json_member_bool(json, "secret", provider->sealed_secret.size > 0);
    put_text(json, "scopes", provider->scopes);
    put_text(json, "role", provider->role);
    put_text(json, "branch", provider->branch);
    json_put_object_end(json);
}

enum handled handle_providers(struct exchange *exchange)
{
    const struct access_model *model = people_model(exchange);
    struct provider_view view;
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_SEE, &tenant))
        return HANDLED;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "providers");
    json_put_array(&exchange->json);
    for (uint32_t at = access_provider_next(model, tenant, PROVIDER_NONE); at != PROVIDER_NONE;
         at = access_provider_next(model, tenant, at))
        if (access_provider(model, at, &view))
            provider_put(&exchange->json, &view);
    json_put_array_end(&exchange->json);
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 200);
}

static enum handled provider_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    struct provider_view view;
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "provider");
    if (access_provider(people_model(exchange), outcome->number, &view) && !view.removed)
        provider_put(json, &view);
    else
        json_put_null(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

struct provider_wish {
    struct matter matter;
    uint8_t sealed[SECRET_PROOF_MAX];
};

static void provider_read(struct exchange *exchange, struct provider_wish *provider)
{
    struct wish *wish = &provider->matter.order.wish;
    struct command_access *access = &provider->matter.order.command.access;
    struct bytes secret;
    char context[ACCESS_NAME_MAX + 32];
    wish_members(wish, "issuer client_id secret scopes role branch");
    if (!wish_text(wish, "issuer", 1, SECRET_ID_MAX, &access->issuer))
        wish_fault(wish, "issuer", "the address of the provider");
    else if (!openid_url_is_good(access->issuer, provider->matter.tenant == TENANT_MAIN) ||
             memchr(access->issuer.at, '?', access->issuer.size) != NULL)
        wish_fault(wish, "issuer",
                   "an address as https://login.example.org, without name, password, query and "
                   "fragment; http on this machine's own, of main alone");
    if (!wish_text(wish, "client_id", 1, SECRET_ID_MAX, &access->client_id))
        wish_fault(wish, "client_id", "a text");
    (void)wish_text(wish, "scopes", 0, ACCESS_TITLE_MAX, &access->scopes);
    bool role = wish_text(wish, "role", 1, ACCESS_NAME_MAX, &access->role);
    if (wish_text(wish, "branch", 1, ACCESS_PATTERN_MAX, &access->branch) != role)
        wish_fault(wish, "branch", "a role and a branch, or neither");
    if (access->name.size > ACCESS_NAME_MAX)
        wish_fault(wish, "name", "a name of 1 to 128 bytes in the path");
    if (wish->wrong || !wish_text(wish, "secret", 1, PROVIDER_SECRET_MAX, &secret))
        return;
    int size = snprintf(context, sizeof context, "provider %u %.*s", provider->matter.tenant,
                        (int)access->name.size, (const char *)access->name.at);
    size_t sealed = access_seal(exchange->web->config.access, bytes_of(context, (size_t)size),
                                secret, provider->sealed);
    access->sealed_secret = bytes_of(provider->sealed, sealed);
}

enum handled handle_provider_set(struct exchange *exchange)
{
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_ADMINISTER, &tenant))
        return HANDLED;
    struct provider_wish *provider = (struct provider_wish *)matter_begin(
        exchange, sizeof *provider, COMMAND_PROVIDER_SET, true);
    if (provider == NULL)
        return HANDLED;
    struct command *command = &provider->matter.order.command;
    provider->matter.tenant = command->tenant = tenant;
    command->access.number = access_provider_find(people_model(exchange), tenant, exchange->arg);
    command->access.name = exchange->arg;
    provider_read(exchange, provider);
    if (provider->matter.order.wish.wrong)
        return matter_refuse(exchange);
    struct grant grant = {command->access.role, command->access.branch};
    if (grant.role.size > 0 && !people_covers(exchange, tenant, &grant, 1))
        return answer_exceeds(exchange);
    return matter_give(exchange, provider_done);
}

enum handled handle_provider_remove(struct exchange *exchange)
{
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_ADMINISTER, &tenant))
        return HANDLED;
    uint32_t found = access_provider_find(people_model(exchange), tenant, exchange->arg);
    if (found == PROVIDER_NONE)
        return answer_nobody(exchange, "provider");
    struct matter *matter = matter_begin(exchange, sizeof *matter, COMMAND_PROVIDER_REMOVE, false);
    if (matter == NULL)
        return HANDLED;
    matter->order.command.tenant = tenant;
    matter->order.command.access.number = found;
    return matter_give(exchange, provider_done);
}
