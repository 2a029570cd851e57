/* Logging in and out, and the sessions of browsers. */
#include "web/exchange.h"
#include "web/people.h"

#include <stdio.h>
#include <string.h>

/* ---- who he is, and what he may ----------------------------------------------------------------
 */
static const char *const how_words[] = {
    [ACCESS_ANONYMOUS] = "anonymous", [ACCESS_PASSWORD] = "password", [ACCESS_BEARER] = "token",
    [ACCESS_COOKIE] = "session",      [ACCESS_PEER] = "certificate",  [ACCESS_OWNER] = "owner"};

static const char *const tenant_resources[] = {
    "users",   "roles",     "tokens", "devices", "claims", "shares",  "audit", "quotas",
    "clients", "providers", "topics", "refused", "types",  "notices", "boards"};
static const char *const server_resources[] = {"state", "settings", "metrics", "tenants",
                                               "history"};

/* Doors of which the first start said that they are not opened unless the setting insecure does. */
static bool doors_are_insecure(const struct web *web, bool trial)
{
    return web->open_clear || (trial && web->open_tls);
}

static void put_resource(struct json_writer *json, const struct principal *principal,
                         uint32_t tenant, const char *tree, const char *name)
{
    char path[64];
    uint32_t rights = 0;
    int size = snprintf(path, sizeof path, "%s/%s", tree, name);
    for (uint32_t right = RIGHT_SEE; right <= RIGHT_ADMINISTER; right <<= 1)
        if (access_may(principal, (enum access_right)right, tenant, bytes_of(path, (size_t)size)))
            rights |= right;
    if (rights != 0)
        put_rights(json, name, rights);
}

/* Resources by their last name, those of which he may do something. */
static void put_resources(struct json_writer *json, const struct principal *principal)
{
    uint32_t tenant = principal == NULL ? TENANT_MAIN : principal_tenant(principal);
    json_put_name(json, "resources");
    json_put_object(json);
    for (size_t i = 0; i < ARRAY_COUNT(tenant_resources); i++)
        put_resource(json, principal, tenant, "$tenant", tenant_resources[i]);
    for (size_t i = 0; i < ARRAY_COUNT(server_resources); i++)
        put_resource(json, principal, TENANT_MAIN, "$server", server_resources[i]);
    /* The tenant's has the name already. */
    if (access_may(principal, RIGHT_SEE, TENANT_MAIN, bytes_text("$server/audit")))
        put_rights(json, "audit_of_all", RIGHT_SEE);
    json_put_object_end(json);
}

static void put_rule(struct json_writer *json, struct bytes branch, struct bytes pattern,
                     uint32_t rights)
{
    json_put_object(json);
    json_member_string(json, "branch", branch);
    json_member_string(json, "pattern", pattern);
    put_rights(json, "rights", rights);
    json_put_object_end(json);
}

/* What his grants say of points. */
static void put_branches(const struct access_model *model, struct json_writer *json,
                         const struct principal_view *view)
{
    struct account_view account = {.grant_count = 0};
    json_put_name(json, "branches");
    json_put_array(json);
    if (view->trial || view->owner)
        put_rule(json, bytes_text("#"), bytes_text("#"), RIGHT_ALL);
    else if (view->account != ACCOUNT_NONE)
        access_account(model, view->account, &account);
    for (uint32_t i = 0; i < account.grant_count; i++) {
        struct role_view role;
        if (!access_role_find(model, account.tenant, account.grants[i].role, &role))
            continue;
        for (uint32_t j = 0; j < role.right_count; j++)
            if (role.rights[j].rights != 0 && role.rights[j].pattern.at[0] != '$')
                put_rule(json, account.grants[i].branch, role.rights[j].pattern,
                         role.rights[j].rights);
    }
    json_put_array_end(json);
}

#define TENANTS_TOLD 256

static void put_tenants(struct exchange *exchange, const struct principal *principal)
{
    struct json_writer *json = &exchange->json;
    const struct access *access = exchange->web->config.access;
    uint32_t tenants[TENANTS_TOLD];
    size_t count = access_tenants_seen(access, principal, tenants, TENANTS_TOLD);
    json_put_name(json, "tenants");
    json_put_array(json);
    for (size_t i = 1; i < count && i < TENANTS_TOLD; i++)
        json_put_string(json, access_present(access, principal, tenants[i]));
    json_put_array_end(json);
    json_member_count(json, "tenants_count", count > 0 ? count - 1 : 0);
}

static void put_person(struct exchange *exchange, const struct principal_view *view)
{
    struct json_writer *json = &exchange->json;
    const struct access_model *model = people_model(exchange);
    struct account_view account = {.kind = 0};
    struct secret_view secret = {.expires_wall_ns = INT64_MAX};
    struct tenant_view tenant;
    bool known = view->account != ACCOUNT_NONE;
    if (known)
        access_account(model, view->account, &account);
    put_text(json, "user", account.name);
    json_member_text(json, "kind", known ? account_kind_words[account.kind] : "none");
    put_text(json, "title", account.title);
    put_text(json, "language", account.language);
    json_member_bool(json, "second_factor", account.has_second_factor);
    put_text(json, "tenant", tenant_name(exchange, view->tenant));
    put_text(json, "tenant_title",
             access_tenant(model, view->tenant, &tenant) ? tenant.title : bytes_of("", 0));
    bool session = view->how == ACCESS_COOKIE && access_secret(model, view->secret, &secret);
    json_put_name(json, "session");
    if (session)
        json_put_count(json, view->secret);
    else
        json_put_null(json);
    put_when(json, "expires", secret.expires_wall_ns);
}

void session_put(struct exchange *exchange, const struct principal *principal)
{
    struct json_writer *json = &exchange->json;
    struct access *access = exchange->web->config.access;
    struct principal_view view = {.how = ACCESS_ANONYMOUS};
    uint32_t anywhere = 0;
    if (principal != NULL)
        principal_view(principal, &view);
    json_put_object(json);
    json_member_bool(json, "trial", access_is_trial(access));
    json_member_bool(json, "setup", access_is_trial(access));
    json_member_bool(json, "insecure", doors_are_insecure(exchange->web, access_is_trial(access)));
    json_member_bool(json, "entered", principal != NULL);
    json_member_text(json, "how", principal == NULL ? "none" : how_words[view.how]);
    put_person(exchange, &view);
    for (uint32_t right = RIGHT_SEE; principal != NULL && right <= RIGHT_ADMINISTER; right <<= 1)
        if (access_may_somewhere(principal, (enum access_right)right, view.tenant))
            anywhere |= right;
    put_rights(json, "anywhere", anywhere);
    put_branches(people_model(exchange), json, &view);
    put_resources(json, principal);
    put_tenants(exchange, principal);
    json_put_object_end(json);
}

enum handled handle_session(struct exchange *exchange)
{
    if (exchange->web->config.access == NULL)
        return answer_problem(exchange, 503, "access_off", NULL, "this server knows no people");
    session_put(exchange, exchange->principal);
    return answer_json(exchange, 200);
}

/* ---- a browser's session -----------------------------------------------------------------------
 */
void session_cookie(struct exchange *exchange, const char *text)
{
    char value[256];
    const struct settings *settings = exchange->web->config.settings;
    int64_t age_s = text == NULL ? 0 : settings->access_session_time / NS_PER_S;
    snprintf(value, sizeof value,
             "mainstem_session=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
             text == NULL ? "" : text, (long long)age_s,
             exchange->client->link->tls ? "; Secure" : "");
    exchange_header(exchange, "Set-Cookie", bytes_text(value));
    secret_wipe(value, sizeof value);
}

struct bytes session_label(const struct exchange *exchange)
{
    const struct http_header *agent = http_header_find(exchange->request, "User-Agent");
    if (agent == NULL)
        return bytes_of("", 0);
    return bytes_of(agent->value.at,
                    agent->value.size < SECRET_LABEL_MAX ? agent->value.size : SECRET_LABEL_MAX);
}

/* He is who the new cookie says: what is told of him is what the next request will find. */
static enum handled session_made(struct exchange *exchange)
{
    struct matter *matter = exchange->state;
    struct principal *principal = NULL;
    uint32_t retry_s;
    struct access_claim claim = {.how = ACCESS_COOKIE,
                                 .door = ACTOR_HTTP,
                                 .loopback = exchange->client->link->loopback,
                                 .secret = bytes_text(matter->made.text),
                                 .address = exchange->client->link->peer};
    if (access_enter(exchange->web->config.access, &claim, NULL, exchange, &principal, &retry_s) !=
        ACCESS_WELCOME)
        return answer_problem(exchange, 401, "unauthorized", NULL,
                              "the account was disabled meanwhile");
    session_cookie(exchange, matter->made.text);
    session_put(exchange, principal);
    principal_release(principal);
    return answer_json(exchange, matter->steps);
}

enum handled session_begin(struct exchange *exchange, uint32_t account, unsigned status)
{
    struct matter *matter = exchange->state;
    struct access_request request = {.making = MAKE_SESSION,
                                     .account = account,
                                     .door = ACTOR_HTTP,
                                     .address = exchange->client->link->peer,
                                     .label = session_label(exchange)};
    matter->steps = status;
    return matter_make(exchange, &request, session_made);
}

static enum handled login_entered(struct exchange *exchange, enum access_answer answer)
{
    const struct matter *matter = exchange->state;
    struct principal_view view;
    switch (answer) {
    case ACCESS_WELCOME:
        principal_view(matter->principal, &view);
        if (view.kind != ACCOUNT_PERSON || view.account == ACCOUNT_NONE)
            return answer_problem(exchange, 403, "person_only", NULL,
                                  "only people have sessions: a token is sent as "
                                  "\"Authorization: Bearer TOKEN\"");
        return session_begin(exchange, view.account, 200);
    case ACCESS_SECOND:
        return answer_problem(exchange, 401, "second_factor", NULL,
                              "the password is right, and a code of the second factor, or a "
                              "recovery code, is wanted as \"code\"");
    default:
        return answer_problem(exchange, 401, "wrong", NULL, "name, password or code is wrong");
    }
}

/* A name may be "ann@acme". */
enum handled handle_session_begin(struct exchange *exchange)
{
    struct bytes name, password, code = bytes_of("", 0);
    struct matter *matter = matter_begin(exchange, sizeof *matter, COMMAND_SECRET_ADD, true);
    if (matter == NULL)
        return HANDLED;
    struct wish *wish = &matter->order.wish;
    wish_members(wish, "user password code");
    if (!wish_text(wish, "user", 1, ACCESS_NAME_MAX + ACCESS_TENANT_NAME_MAX + 1, &name))
        wish_fault(wish, "user", "a text");
    if (!wish_text(wish, "password", 1, SECRET_PASSWORD_MAX, &password))
        wish_fault(wish, "password", "a text of 1 to 256 bytes");
    (void)wish_text(wish, "code", 1, 64, &code);
    if (wish->wrong)
        return matter_refuse(exchange);
    return matter_enter(exchange, name, password, code, login_entered);
}

static enum handled session_ended(struct exchange *exchange, const struct outcome *outcome)
{
    (void)outcome;
    session_cookie(exchange, NULL);
    exchange_send(exchange, 204, NULL, bytes_of(NULL, 0));
    return HANDLED;
}

/* The browser forgets its cookie in any case. */
enum handled handle_session_end(struct exchange *exchange)
{
    struct principal_view view = {.how = ACCESS_ANONYMOUS};
    if (exchange->principal != NULL)
        principal_view(exchange->principal, &view);
    if (view.how != ACCESS_COOKIE || view.ended)
        return session_ended(exchange, NULL);
    struct matter *matter = matter_begin(exchange, sizeof *matter, COMMAND_SECRET_REMOVE, false);
    if (matter == NULL)
        return HANDLED;
    matter->order.command.access.number = view.secret;
    return matter_give(exchange, session_ended);
}

/* ---- sessions ----------------------------------------------------------------------------------
 */
#define SESSIONS_TOLD 1000

static void session_item_put(struct exchange *exchange, const struct secret_view *secret,
                             uint32_t current)
{
    struct json_writer *json = &exchange->json;
    const char *address;
    int64_t last_ns;
    json_put_object(json);
    json_member_count(json, "number", secret->secret);
    json_member_time(json, "begun", secret->created_wall_ns);
    put_when(json, "expires", secret->expires_wall_ns);
    put_text(json, "address", secret->address);
    put_text(json, "browser", secret->label);
    json_member_bool(json, "current", secret->secret == current);
    bool used = access_last_use(exchange->web->config.access, secret->secret, &last_ns, &address);
    put_when(json, "last_used", used ? last_ns : INT64_MIN);
    put_text(json, "last_address", bytes_text(used ? address : ""));
    json_put_object_end(json);
}

/* Whose: the parameter `user`, or who asks. ACCOUNT_NONE: it was answered. */
static uint32_t sessions_account(struct exchange *exchange, struct principal_view *ret_view)
{
    struct bytes name;
    uint32_t tenant;
    principal_view(exchange->principal, ret_view);
    if (!query_text(exchange, "user", &name))
        return people_person(exchange, ret_view) ? ret_view->account : ACCOUNT_NONE;
    uint8_t kept[ACCESS_NAME_MAX];
    size_t size = name.size < sizeof kept ? name.size : 0;
    memcpy(kept, name.at, size);
    if (!people_tenant(exchange, RIGHT_SEE, &tenant))
        return ACCOUNT_NONE;
    uint32_t account =
        access_account_find(people_model(exchange), tenant, ACCOUNT_PERSON, bytes_of(kept, size));
    if (account != ACCOUNT_NONE &&
        (account == ret_view->account || people_may(exchange, RIGHT_SEE, tenant, "$tenant/users")))
        return account;
    answer_nobody(exchange, "user");
    return ACCOUNT_NONE;
}

enum handled handle_sessions(struct exchange *exchange)
{
    struct json_writer *json = &exchange->json;
    const struct access_model *model = people_model(exchange);
    struct principal_view view;
    struct secret_view secret;
    if (exchange->principal == NULL)
        return answer_problem(exchange, 503, "access_off", NULL, "this server knows no people");
    uint32_t account = sessions_account(exchange, &view);
    if (account == ACCOUNT_NONE)
        return HANDLED;
    json_put_object(json);
    json_put_name(json, "sessions");
    json_put_array(json);
    uint32_t at = access_secret_next(model, account, SECRET_NONE);
    for (int i = 0; at != SECRET_NONE && i < SESSIONS_TOLD; i++) {
        if (access_secret(model, at, &secret) && secret.kind == SECRET_SESSION)
            session_item_put(exchange, &secret, view.how == ACCESS_COOKIE ? view.secret : 0);
        at = access_secret_next(model, account, at);
    }
    json_put_array_end(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static enum handled session_removed(struct exchange *exchange, const struct outcome *outcome)
{
    json_put_object(&exchange->json);
    order_put_outcome(&exchange->json, outcome);
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 200);
}

enum handled handle_session_remove(struct exchange *exchange)
{
    const struct access_model *model = people_model(exchange);
    struct principal_view view = {.how = ACCESS_ANONYMOUS};
    struct secret_view secret;
    struct account_view account;
    uint32_t number = people_number(exchange->arg);
    if (exchange->principal != NULL)
        principal_view(exchange->principal, &view);
    if (number == 0 || !access_secret(model, number, &secret) || secret.kind != SECRET_SESSION)
        return answer_nobody(exchange, "session");
    access_account(model, secret.account, &account);
    if (secret.account != view.account) {
        if (!people_may(exchange, RIGHT_ADMINISTER, account.tenant, "$tenant/users"))
            return answer_nobody(exchange, "session");
        if (!people_covers_account(exchange, &account))
            return answer_exceeds(exchange);
    }
    struct matter *matter = matter_begin(exchange, sizeof *matter, COMMAND_SECRET_REMOVE, false);
    if (matter == NULL)
        return HANDLED;
    matter->order.command.tenant = account.tenant;
    matter->order.command.access.number = number;
    return matter_give(exchange, session_removed);
}
