/* Logging in by an OpenID provider, and the links between its people and accounts.
 *
 *   begin     a seed into a sealed cookie; the browser goes to the provider
 *   callback  the browser comes back: it must have that cookie, and the state that follows from it;
 *             the code is given to the provider, who says who he is (src/openid)
 *             -> his account, by issuer and subject -> a session -> where he wanted to go
 *
 * The cookie is all that is kept meanwhile: whoever begins a million logins costs nothing. It is
 * SameSite=Lax, for the provider's page leads here, and ends with the callback. A link to the own
 * account begins with PUT, which no other site can send, and names the session that asked.
 *
 * A provider is its tenant's: its people are found among that tenant's accounts alone. */
#include "openid/openid.h"
#include "web/exchange.h"
#include "web/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOW_COOKIE "mainstem_openid"
#define FLOW_CONTEXT "openid login"
#define FLOW_TIME_S 600
#define FLOW_PLACE_MAX 64 /* bytes of where he goes afterwards */
#define FLOW_VERSION 1
#define FLOW_HEAD (1 + OPENID_SEED_SIZE + 4 + 4 + 8)
#define FLOW_PLAIN_MAX (FLOW_HEAD + FLOW_PLACE_MAX)
#define FLOW_SEALED_MAX (FLOW_PLAIN_MAX + SECRET_SEAL_OVERHEAD)
#define CODE_MAX 4096
#define NAMES_TRIED 3
#define TOLD_MAX 64
#define TOLD_TIME_NS (60 * NS_PER_S)

struct openid_told { /* a denial that the audit was told of */
    uint64_t key;
    int64_t told_ns;
    uint32_t more;
};

struct flow { /* what the cookie holds */
    uint8_t seed[OPENID_SEED_SIZE];
    uint32_t provider;
    uint32_t session; /* who links: his session's number; SECRET_NONE: a login */
    int64_t until_s;
    char place[FLOW_PLACE_MAX + 1];
};

struct visit { /* what the handlers keep */
    struct matter matter;
    void (*drop)(struct exchange *exchange); /* the matter's */
    struct flow flow;
    struct openid_claims claims;
    uint32_t account;
    unsigned tried; /* names for a new account */
    enum handled (*given)(struct exchange *exchange, enum outcome_code code, uint32_t number);
    uint8_t id[SECRET_ID_MAX]; /* "issuer\nsubject\ntenant" */
    size_t id_size;
    char name[ACCESS_NAME_MAX + 1], by[ACCESS_NAME_MAX + 16];
    char role[ACCESS_NAME_MAX + 1], branch[ACCESS_PATTERN_MAX + 1]; /* the command may wait */
};

/* ---- the cookie --------------------------------------------------------------------------------
 */
static void flow_cookie(struct exchange *exchange, const char *text)
{
    char value[320];
    snprintf(value, sizeof value,
             FLOW_COOKIE "=%s; Path=/v1/session/openid; Max-Age=%d; HttpOnly; SameSite=Lax%s",
             text == NULL ? "" : text, text == NULL ? 0 : FLOW_TIME_S,
             exchange->client->link->tls ? "; Secure" : "");
    exchange_header(exchange, "Set-Cookie", bytes_text(value));
    secret_wipe(value, sizeof value);
}

static void flow_put(struct exchange *exchange, const struct flow *flow)
{
    uint8_t plain[FLOW_PLAIN_MAX] = {FLOW_VERSION}, sealed[FLOW_SEALED_MAX];
    char text[SECRET_BASE64_SIZE(FLOW_SEALED_MAX)];
    size_t place = strlen(flow->place);
    memcpy(plain + 1, flow->seed, OPENID_SEED_SIZE);
    store_u32(plain + 1 + OPENID_SEED_SIZE, flow->provider);
    store_u32(plain + 5 + OPENID_SEED_SIZE, flow->session);
    store_u64(plain + 9 + OPENID_SEED_SIZE, (uint64_t)flow->until_s);
    memcpy(plain + FLOW_HEAD, flow->place, place);
    size_t size = access_seal(exchange->web->config.access, bytes_text(FLOW_CONTEXT),
                              bytes_of(plain, FLOW_HEAD + place), sealed);
    secret_base64_put(bytes_of(sealed, size), text);
    flow_cookie(exchange, text);
    secret_wipe(plain, sizeof plain);
}

/* The value of the cookie of this name; false: there is none. */
static bool flow_find(const struct exchange *exchange, struct bytes *ret_text)
{
    const size_t size = sizeof FLOW_COOKIE - 1;
    const struct http_header *header;
    uint32_t index = 0;
    while ((header = http_header_next(exchange->request, "Cookie", &index)) != NULL) {
        const uint8_t *at = header->value.at, *end = at + header->value.size;
        while (at < end) {
            while (at < end && (*at == ' ' || *at == ';'))
                at++;
            const uint8_t *stop = memchr(at, ';', (size_t)(end - at));
            stop = stop != NULL ? stop : end;
            if ((size_t)(stop - at) > size && memcmp(at, FLOW_COOKIE "=", size + 1) == 0) {
                *ret_text = bytes_of(at + size + 1, (size_t)(stop - at) - size - 1);
                return true;
            }
            at = stop;
        }
    }
    return false;
}

static bool flow_get(const struct exchange *exchange, int64_t now_s, struct flow *ret_flow)
{
    uint8_t sealed[FLOW_SEALED_MAX], plain[FLOW_PLAIN_MAX];
    struct bytes text;
    size_t size;
    if (!flow_find(exchange, &text) ||
        secret_base64_get(text, sealed, sizeof sealed, &size) != OK ||
        access_unseal(exchange->web->config.access, bytes_text(FLOW_CONTEXT),
                      bytes_of(sealed, size), plain, sizeof plain, &size) != OK ||
        size < FLOW_HEAD || plain[0] != FLOW_VERSION)
        return false;
    *ret_flow = (struct flow){.provider = load_u32(plain + 1 + OPENID_SEED_SIZE),
                              .session = load_u32(plain + 5 + OPENID_SEED_SIZE),
                              .until_s = (int64_t)load_u64(plain + 9 + OPENID_SEED_SIZE)};
    memcpy(ret_flow->seed, plain + 1, OPENID_SEED_SIZE);
    memcpy(ret_flow->place, plain + FLOW_HEAD, size - FLOW_HEAD);
    secret_wipe(plain, sizeof plain);
    return now_s < ret_flow->until_s;
}

/* A path of this server, whatever a browser makes of it: no other host, no control character. */
static bool place_is_local(struct bytes place)
{
    if (place.size == 0 || place.size > FLOW_PLACE_MAX || place.at[0] != '/' ||
        (place.size > 1 && (place.at[1] == '/' || place.at[1] == '\\')))
        return false;
    for (size_t i = 0; i < place.size; i++)
        if (place.at[i] <= ' ' || place.at[i] >= 0x7f || place.at[i] == '\\')
            return false;
    return true;
}

/* ---- answers -----------------------------------------------------------------------------------
 */
static void place_put(char *target, size_t room, struct bytes text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t used = strlen(target);
    for (size_t i = 0; i < text.size && used + 4 < room; i++) {
        uint8_t c = text.at[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (!plain) {
            target[used++] = '%';
            target[used++] = digits[c >> 4];
        }
        target[used++] = (char)(plain ? c : (uint8_t)digits[c & 15]);
    }
    target[used] = '\0';
}

static struct bytes provider_name(const struct exchange *exchange, uint32_t provider)
{
    struct provider_view view;
    return access_provider(people_model(exchange), provider, &view) ? view.name : bytes_of("", 0);
}

/* To the page that began it, which says why in its own words. */
static enum handled answer_reason(struct exchange *exchange, const struct flow *flow,
                                  const char *reason)
{
    char target[512];
    bool links = flow != NULL && flow->session != SECRET_NONE;
    snprintf(target, sizeof target, "/#/%s?reason=%s&provider=", links ? "account" : "login",
             reason);
    if (flow != NULL)
        place_put(target, sizeof target, provider_name(exchange, flow->provider));
    flow_cookie(exchange, NULL);
    return answer_elsewhere(exchange, target);
}

/* Denials of one sort are told once a minute: whoever is denied can ask again without end. */
static struct openid_told *told_find(struct exchange *exchange, uint64_t key)
{
    struct web *web = exchange->web;
    if (web->openid_told == NULL)
        web->openid_told = calloc(TOLD_MAX, sizeof *web->openid_told);
    if (web->openid_told == NULL)
        return NULL;
    struct openid_told *oldest = web->openid_told;
    for (size_t i = 0; i < TOLD_MAX; i++) {
        struct openid_told *told = &web->openid_told[i];
        if (told->key == key)
            return told;
        if (told->told_ns < oldest->told_ns)
            oldest = told;
    }
    *oldest = (struct openid_told){.key = key};
    return oldest;
}

static enum handled answer_denied(struct exchange *exchange, const char *reason)
{
    const struct visit *visit = exchange->state;
    const char *peer = exchange->client->link->peer;
    uint32_t tenant = visit->matter.tenant;
    uint64_t key = hash64(reason, strlen(reason), (uint64_t)tenant << 32 | visit->flow.provider);
    struct openid_told *told = told_find(exchange, key | 1);
    char detail[256];
    if (told != NULL && told->told_ns != 0 && exchange->began_ns - told->told_ns < TOLD_TIME_NS) {
        told->more++;
        return answer_reason(exchange, &visit->flow, reason);
    }
    int size = snprintf(detail, sizeof detail, "%s: %s; %u more since the last entry", visit->by,
                        reason, told == NULL ? 0 : told->more);
    struct fact_audit audit = {
        .actor = {.door = ACTOR_HTTP,
                  .tenant = tenant,
                  .name = bytes_text(visit->by),
                  .address = bytes_text(peer == NULL ? "" : peer)},
        .tenant = tenant,
        .action = bytes_text("login"),
        .object = bytes_text(visit->claims.subject),
        .detail = bytes_of(detail, (size_t)size < sizeof detail ? (size_t)size : 0),
        .outcome = bytes_text("denied")};
    struct admitted admitted;
    bool taken = engine_audit(exchange->web->config.engine, &audit, &admitted) == ADMIT_DONE;
    if (told != NULL)
        *told = (struct openid_told){.key = key | 1, .told_ns = taken ? exchange->began_ns : 0};
    return answer_reason(exchange, &visit->flow, reason);
}

/* ---- a visit -----------------------------------------------------------------------------------
 */
static void visit_leave(struct exchange *exchange)
{
    struct visit *visit = exchange->state;
    if (exchange->web->config.openid != NULL)
        openid_forget(exchange->web->config.openid, exchange);
    secret_wipe(&visit->flow, sizeof visit->flow);
    visit->drop(exchange);
}

static struct visit *visit_begin(struct exchange *exchange)
{
    struct visit *visit =
        (struct visit *)matter_begin(exchange, sizeof *visit, COMMAND_SECRET_ADD, false);
    if (visit == NULL)
        return NULL;
    visit->drop = exchange->drop;
    exchange->drop = visit_leave;
    return visit;
}

/* A write was lost while somebody else was waited for. */
static enum handled visit_lost(struct exchange *exchange, uint32_t index,
                               const struct outcome *outcome)
{
    const struct visit *visit = exchange->state;
    (void)index, (void)outcome;
    return answer_reason(exchange, &visit->flow, "busy");
}

/* Where the provider sends the browser back to: as it asked for us, unless it is told. */
static bool redirect_put(const struct exchange *exchange, char *text, size_t room)
{
    const char *base = exchange->web->config.settings->openid_url;
    struct bytes authority = exchange->request->authority;
    int size = base[0] != '\0' ? snprintf(text, room, "%s/v1/session/openid/callback", base)
                               : snprintf(text, room, "http%s://%.*s/v1/session/openid/callback",
                                          exchange->client->link->tls ? "s" : "",
                                          (int)authority.size, (const char *)authority.at);
    return (base[0] != '\0' || authority.size > 0) && size > 0 && (size_t)size < room;
}

/* Asks the provider of the flow; false: it was answered. */
static bool visit_ask(struct exchange *exchange, const struct provider_view *provider,
                      struct bytes code, openid_done *done)
{
    struct visit *visit = exchange->state;
    struct openid_flow flow;
    char context[ACCESS_NAME_MAX + 32], redirect[600];
    uint8_t secret[SECRET_PROOF_MAX];
    size_t secret_size = 0;
    openid_flow_of(visit->flow.seed, &flow);
    int size = snprintf(context, sizeof context, "provider %u %.*s", provider->tenant,
                        (int)provider->name.size, (const char *)provider->name.at);
    const char *reason = NULL;
    if (exchange->web->config.openid == NULL || !redirect_put(exchange, redirect, sizeof redirect))
        reason = "address";
    else if (provider->sealed_secret.size > 0 &&
             access_unseal(exchange->web->config.access, bytes_of(context, (size_t)size),
                           provider->sealed_secret, secret, sizeof secret, &secret_size) != OK)
        reason = "client";
    const struct openid_question question = {.finish = code.size > 0,
                                             .tenant = provider->tenant,
                                             .inner = provider->tenant == TENANT_MAIN,
                                             .issuer = provider->issuer,
                                             .client_id = provider->client_id,
                                             .secret = bytes_of(secret, secret_size),
                                             .scopes = provider->scopes,
                                             .redirect = bytes_text(redirect),
                                             .flow = &flow,
                                             .code = code};
    if (reason == NULL && !openid_url_is_good(provider->issuer, question.inner))
        reason = "address";
    if (reason == NULL && !openid_ask(exchange->web->config.openid, &question, done, exchange))
        reason = "busy";
    secret_wipe(&flow, sizeof flow);
    secret_wipe(secret, sizeof secret);
    if (reason != NULL)
        answer_reason(exchange, &visit->flow, reason);
    else
        exchange->outcome = visit_lost;
    return reason == NULL;
}

static void visit_of(struct visit *visit, const struct provider_view *provider)
{
    visit->matter.tenant = visit->matter.order.command.tenant = provider->tenant;
    visit->flow.provider = provider->provider;
    snprintf(visit->by, sizeof visit->by, "openid %.*s", (int)provider->name.size,
             (const char *)provider->name.at);
}

/* ---- by whom one may log in --------------------------------------------------------------------
 */
/* The tenant that a login page names; main without one. TENANT_NONE: it is not there. */
static uint32_t login_tenant(struct exchange *exchange)
{
    const struct access_model *model = people_model(exchange);
    struct tenant_view view;
    struct bytes name;
    if (!query_text(exchange, "tenant", &name) || name.size == 0)
        return TENANT_MAIN;
    uint32_t tenant = access_tenant_find(model, name);
    return tenant != TENANT_NONE && access_tenant(model, tenant, &view) &&
                   view.state == TENANT_ACTIVE
               ? tenant
               : TENANT_NONE;
}

enum handled handle_openid_list(struct exchange *exchange)
{
    struct json_writer *json = &exchange->json;
    const struct access_model *model = people_model(exchange);
    uint32_t tenant = exchange->web->config.openid != NULL ? login_tenant(exchange) : TENANT_NONE;
    json_put_object(json);
    json_put_name(json, "providers");
    json_put_array(json);
    for (uint32_t at = access_provider_next(model, tenant, PROVIDER_NONE); at != PROVIDER_NONE;
         at = access_provider_next(model, tenant, at)) {
        json_put_object(json);
        json_member_string(json, "name", provider_name(exchange, at));
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

/* ---- begin -------------------------------------------------------------------------------------
 */
static void flow_begin(struct exchange *exchange, struct flow *flow)
{
    struct clock *clock = exchange->web->config.clock;
    os_random(flow->seed, sizeof flow->seed);
    flow->until_s = clock->wall_ns(clock) / NS_PER_S + FLOW_TIME_S;
}

static enum handled begin_answer(struct exchange *exchange, const struct openid_answer *answer)
{
    const struct visit *visit = exchange->state;
    if (answer->fault != OPENID_FINE && visit->flow.session == SECRET_NONE)
        return answer_reason(exchange, &visit->flow, openid_fault_word(answer->fault));
    if (answer->fault != OPENID_FINE)
        return answer_problem(exchange, 503, "provider", NULL, "%s",
                              openid_fault_text(answer->fault));
    flow_put(exchange, &visit->flow);
    if (visit->flow.session == SECRET_NONE)
        return answer_elsewhere(exchange, answer->target);
    json_put_object(&exchange->json);
    json_member_text(&exchange->json, "url", answer->target);
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 200);
}

static void begin_done(void *arg, const struct openid_answer *answer)
{
    struct exchange *exchange = arg;
    exchange_turned(exchange, begin_answer(exchange, answer));
}

enum handled handle_openid_begin(struct exchange *exchange)
{
    const struct access_model *model = people_model(exchange);
    struct provider_view provider;
    struct bytes place;
    uint32_t tenant = login_tenant(exchange);
    uint32_t found = access_provider_find(model, tenant, exchange->arg);
    struct visit *visit = visit_begin(exchange);
    if (visit == NULL)
        return HANDLED;
    if (found == PROVIDER_NONE || !access_provider(model, found, &provider))
        return answer_reason(exchange, NULL, "provider");
    visit_of(visit, &provider);
    flow_begin(exchange, &visit->flow);
    snprintf(visit->flow.place, sizeof visit->flow.place, "/");
    if (query_text(exchange, "return", &place) && place_is_local(place))
        snprintf(visit->flow.place, sizeof visit->flow.place, "%.*s", (int)place.size,
                 (const char *)place.at);
    return visit_ask(exchange, &provider, bytes_of("", 0), begin_done) ? HANDLED_OUTCOME : HANDLED;
}

/* ---- commands of a visit -----------------------------------------------------------------------
 */
static enum handled visit_outcome(struct exchange *exchange, uint32_t index,
                                  const struct outcome *outcome)
{
    const struct visit *visit = exchange->state;
    if (outcome == NULL)
        return visit_lost(exchange, index, outcome);
    return visit->given(exchange, outcome_said(outcome), outcome->number);
}

static enum handled visit_try(struct exchange *exchange)
{
    const struct visit *visit = exchange->state;
    struct admitted admitted;
    enum admit admit = engine_command(exchange->web->config.engine, &visit->matter.order.command,
                                      exchange_tag(exchange, 0), &admitted);
    if (admit == ADMIT_WAIT) {
        exchange->resume = visit_try;
        return HANDLED_FULL;
    }
    if (admit != ADMIT_DONE)
        return answer_reason(exchange, &visit->flow, "full");
    exchange->web->counters.commands++;
    exchange->ticket = admitted.ticket;
    exchange->outcome = visit_outcome;
    return HANDLED_OUTCOME;
}

/* The command as it begins: in the provider's name, for the audit. */
static struct command_access *visit_command(struct exchange *exchange, enum command_kind kind)
{
    struct visit *visit = exchange->state;
    const char *peer = exchange->client->link->peer;
    visit->matter.order.command =
        (struct command){.kind = (uint8_t)kind,
                         .tenant = visit->matter.tenant,
                         .access = {.expires_wall_ns = INT64_MAX},
                         .actor = {.door = ACTOR_HTTP,
                                   .account = visit->account,
                                   .tenant = visit->matter.tenant,
                                   .name = bytes_text(visit->by),
                                   .address = bytes_text(peer == NULL ? "" : peer)}};
    return &visit->matter.order.command.access;
}

static enum handled visit_give(struct exchange *exchange,
                               enum handled (*given)(struct exchange *exchange,
                                                     enum outcome_code code, uint32_t number))
{
    struct visit *visit = exchange->state;
    visit->given = given;
    return visit_try(exchange);
}

/* ---- he is let in ------------------------------------------------------------------------------
 */
static void login_tell(struct exchange *exchange, const char *cookie)
{
    const struct visit *visit = exchange->state;
    struct access *access = exchange->web->config.access;
    struct principal *principal = NULL;
    struct principal_view view;
    uint32_t retry_s;
    struct access_claim claim = {.how = ACCESS_COOKIE,
                                 .door = ACTOR_HTTP,
                                 .loopback = exchange->client->link->loopback,
                                 .secret = bytes_text(cookie),
                                 .address = exchange->client->link->peer};
    if (access_enter(access, &claim, NULL, exchange, &principal, &retry_s) != ACCESS_WELCOME)
        return;
    principal_view(principal, &view);
    access_tell(access, principal, "login", bytes_text(view.name), bytes_text(visit->by), "done");
    principal_release(principal);
}

static enum handled login_made(struct exchange *exchange, const struct access_made *made)
{
    const struct visit *visit = exchange->state;
    if (made->code == MADE_DENIED || made->code == MADE_REFUSED)
        return answer_denied(exchange, "disabled");
    if (made->code != MADE_DONE)
        return answer_reason(exchange, &visit->flow, "busy");
    login_tell(exchange, made->text);
    session_cookie(exchange, made->text);
    flow_cookie(exchange, NULL);
    return answer_elsewhere(exchange, visit->flow.place);
}

static void login_later(void *arg, const struct access_made *made)
{
    struct exchange *exchange = arg;
    exchange_turned(exchange, login_made(exchange, made));
}

/* An account with a second factor asks for several here as well: the provider's word for it, or the
 * password and a code. */
static enum handled login_go(struct exchange *exchange)
{
    struct visit *visit = exchange->state;
    struct account_view account;
    struct access_request request = {.making = MAKE_SESSION,
                                     .account = visit->account,
                                     .door = ACTOR_HTTP,
                                     .address = exchange->client->link->peer,
                                     .label = session_label(exchange)};
    access_account(people_model(exchange), visit->account, &account);
    if (account.has_second_factor && !visit->claims.several)
        return answer_denied(exchange, "second_factor");
    if (access_make(exchange->web->config.access, &request, login_later, exchange,
                    &visit->matter.made) != MADE_LATER)
        return login_made(exchange, &visit->matter.made);
    exchange->outcome = visit_lost;
    return HANDLED_OUTCOME;
}

/* ---- he is linked, or made ---------------------------------------------------------------------
 */
static enum handled link_given(struct exchange *exchange, enum outcome_code code, uint32_t number)
{
    const struct visit *visit = exchange->state;
    char target[512] = "/#/account?linked=";
    (void)number;
    if (code != OUTCOME_DONE)
        return answer_reason(exchange, &visit->flow, code == OUTCOME_NAME_TAKEN ? "taken" : "full");
    if (visit->flow.session == SECRET_NONE)
        return login_go(exchange);
    place_put(target, sizeof target, provider_name(exchange, visit->flow.provider));
    flow_cookie(exchange, NULL);
    return answer_elsewhere(exchange, target);
}

static enum handled link_go(struct exchange *exchange)
{
    struct visit *visit = exchange->state;
    struct command_access *access = visit_command(exchange, COMMAND_SECRET_ADD);
    const char *label = visit->claims.email[0] != '\0'  ? visit->claims.email
                        : visit->claims.user[0] != '\0' ? visit->claims.user
                                                        : visit->claims.name;
    access->owner = visit->account;
    access->secret_kind = SECRET_OPENID;
    access->id = bytes_of(visit->id, visit->id_size);
    access->label = bytes_text(label);
    return visit_give(exchange, link_given);
}

/* Names for an account of somebody new: what the provider calls him, what stands before the @ of
 * his address, and that with something of its own. False: there are no more. */
static bool name_next(struct exchange *exchange)
{
    struct visit *visit = exchange->state;
    while (visit->tried < NAMES_TRIED) {
        unsigned turn = visit->tried++;
        bool named = turn == 0 || (turn == 2 && visit->claims.user[0] != '\0');
        const char *from = named ? visit->claims.user : visit->claims.email;
        uint32_t mark = (uint32_t)hash64(visit->id, visit->id_size, 0);
        int size = (int)strcspn(from, "@");
        if (turn == 2)
            snprintf(visit->name, sizeof visit->name, "%.*s-%08x", size > 0 ? size : 6,
                     size > 0 ? from : "openid", mark);
        else
            snprintf(visit->name, sizeof visit->name, "%.*s", size, from);
        if (visit->name[0] != '\0' &&
            access_account_find(people_model(exchange), visit->matter.tenant, ACCOUNT_PERSON,
                                bytes_text(visit->name)) == ACCOUNT_NONE)
            return true;
    }
    return false;
}

static enum handled account_make(struct exchange *exchange);

static enum handled account_given(struct exchange *exchange, enum outcome_code code,
                                  uint32_t number)
{
    struct visit *visit = exchange->state;
    if (code == OUTCOME_NAME_TAKEN || code == OUTCOME_NAME_INVALID)
        return account_make(exchange);
    if (code != OUTCOME_DONE)
        return answer_reason(exchange, &visit->flow, "full");
    visit->account = number;
    return link_go(exchange);
}

static enum handled account_make(struct exchange *exchange)
{
    struct visit *visit = exchange->state;
    struct provider_view provider;
    if (!name_next(exchange) ||
        !access_provider(people_model(exchange), visit->flow.provider, &provider) ||
        provider.removed || provider.role.size == 0)
        return answer_denied(exchange, "stranger");
    struct command_access *access = visit_command(exchange, COMMAND_ACCOUNT_SET);
    access->has = HAS_NAME | HAS_GRANTS | HAS_TITLE | HAS_EMAIL;
    access->account_kind = ACCOUNT_PERSON;
    access->name = bytes_text(visit->name);
    access->title = bytes_text(visit->claims.name);
    access->email = bytes_text(visit->claims.email);
    access->grant_count = 1;
    snprintf(visit->role, sizeof visit->role, "%.*s", (int)provider.role.size,
             (const char *)provider.role.at);
    snprintf(visit->branch, sizeof visit->branch, "%.*s", (int)provider.branch.size,
             (const char *)provider.branch.at);
    access->grants[0] = (struct grant){bytes_text(visit->role), bytes_text(visit->branch)};
    return visit_give(exchange, account_given);
}

/* ---- callback ----------------------------------------------------------------------------------
 */
/* Whose session began the link, if it still is one. */
static uint32_t link_account(const struct exchange *exchange, const struct flow *flow)
{
    struct secret_view secret;
    struct account_view account;
    if (!access_secret(people_model(exchange), flow->session, &secret) ||
        secret.kind != SECRET_SESSION)
        return ACCOUNT_NONE;
    access_account(people_model(exchange), secret.account, &account);
    return account.state == ACCOUNT_ACTIVE ? secret.account : ACCOUNT_NONE;
}

static enum handled callback_found(struct exchange *exchange, uint32_t secret)
{
    struct visit *visit = exchange->state;
    struct secret_view view = {.account = ACCOUNT_NONE};
    struct account_view account;
    if (secret != SECRET_NONE && !access_secret(people_model(exchange), secret, &view))
        return answer_reason(exchange, &visit->flow, "busy");
    if (visit->flow.session == SECRET_NONE) {
        visit->account = view.account;
        return secret != SECRET_NONE ? login_go(exchange) : account_make(exchange);
    }
    visit->account = link_account(exchange, &visit->flow);
    if (visit->account == ACCOUNT_NONE)
        return answer_reason(exchange, &visit->flow, "state");
    access_account(people_model(exchange), visit->account, &account);
    if (account.tenant != visit->matter.tenant)
        return answer_reason(exchange, &visit->flow, "provider");
    if (secret == SECRET_NONE)
        return link_go(exchange);
    return view.account == visit->account ? link_given(exchange, OUTCOME_DONE, secret)
                                          : answer_reason(exchange, &visit->flow, "taken");
}

/* What says nothing of who it was is no denial of anybody. */
static bool fault_is_denial(enum openid_fault fault)
{
    return fault >= OPENID_CODE && fault != OPENID_MEMORY;
}

static enum handled callback_answer(struct exchange *exchange, const struct openid_answer *answer)
{
    struct visit *visit = exchange->state;
    struct provider_view provider;
    if (answer->fault != OPENID_FINE)
        return fault_is_denial(answer->fault)
                   ? answer_denied(exchange, openid_fault_word(answer->fault))
                   : answer_reason(exchange, &visit->flow, openid_fault_word(answer->fault));
    if (!access_provider(people_model(exchange), visit->flow.provider, &provider) ||
        provider.removed)
        return answer_reason(exchange, &visit->flow, "provider");
    visit->claims = answer->claims;
    int size =
        snprintf((char *)visit->id, sizeof visit->id, "%.*s\n%s\n%u", (int)provider.issuer.size,
                 (const char *)provider.issuer.at, visit->claims.subject, provider.tenant);
    if (size < 0 || (size_t)size >= sizeof visit->id)
        return answer_denied(exchange, "token");
    visit->id_size = (size_t)size;
    return callback_found(exchange, access_secret_find(people_model(exchange), SECRET_OPENID,
                                                       bytes_of(visit->id, visit->id_size)));
}

static void callback_done(void *arg, const struct openid_answer *answer)
{
    struct exchange *exchange = arg;
    exchange_turned(exchange, callback_answer(exchange, answer));
}

/* Is it the browser that began, with what the provider was given? */
static bool callback_is_ours(struct exchange *exchange, struct flow *flow)
{
    struct clock *clock = exchange->web->config.clock;
    struct openid_flow secrets;
    struct bytes state;
    if (!flow_get(exchange, clock->wall_ns(clock) / NS_PER_S, flow) ||
        !query_text(exchange, "state", &state))
        return false;
    openid_flow_of(flow->seed, &secrets);
    bool same =
        state.size == strlen(secrets.state) && secret_equal(state.at, secrets.state, state.size);
    secret_wipe(&secrets, sizeof secrets);
    return same;
}

enum handled handle_openid_callback(struct exchange *exchange)
{
    struct provider_view provider;
    struct bytes text;
    uint8_t code[CODE_MAX];
    struct visit *visit = visit_begin(exchange);
    if (visit == NULL)
        return HANDLED;
    if (!callback_is_ours(exchange, &visit->flow))
        return answer_reason(exchange, NULL, "state");
    if (!access_provider(people_model(exchange), visit->flow.provider, &provider) ||
        provider.removed)
        return answer_reason(exchange, &visit->flow, "provider");
    visit_of(visit, &provider);
    if (query_text(exchange, "error", &text))
        return answer_reason(exchange, &visit->flow,
                             bytes_equal(text, bytes_text("access_denied")) ? "denied" : "answer");
    /* RFC 9207: the answer says whose it is, lest one provider's code be given to another. */
    if (query_text(exchange, "iss", &text) && !bytes_equal(text, provider.issuer))
        return answer_denied(exchange, "issuer");
    if (!query_text(exchange, "code", &text) || text.size == 0 || text.size > sizeof code)
        return answer_reason(exchange, &visit->flow, "answer");
    memcpy(code, text.at, text.size);
    bool asked = visit_ask(exchange, &provider, bytes_of(code, text.size), callback_done);
    secret_wipe(code, sizeof code);
    return asked ? HANDLED_OUTCOME : HANDLED;
}

/* ---- links of the own account ------------------------------------------------------------------
 */
static struct bytes line_take(struct bytes *rest)
{
    const uint8_t *end = memchr(rest->at, '\n', rest->size);
    size_t size = end != NULL ? (size_t)(end - rest->at) : rest->size;
    struct bytes line = bytes_of(rest->at, size);
    size += end != NULL;
    *rest = bytes_of(rest->at + size, rest->size - size);
    return line;
}

static void link_put_item(struct exchange *exchange, uint32_t tenant,
                          const struct secret_view *secret)
{
    const struct access_model *model = people_model(exchange);
    struct json_writer *json = &exchange->json;
    struct provider_view provider = {.provider = PROVIDER_NONE};
    struct bytes rest = secret->id, issuer = line_take(&rest), subject = line_take(&rest);
    uint32_t at = PROVIDER_NONE;
    do
        at = access_provider_next(model, tenant, at);
    while (at != PROVIDER_NONE &&
           (!access_provider(model, at, &provider) || !bytes_equal(provider.issuer, issuer)));
    json_put_object(json);
    json_member_count(json, "number", secret->secret);
    put_text(json, "provider", at != PROVIDER_NONE ? provider.name : bytes_of("", 0));
    json_member_string(json, "issuer", issuer);
    json_member_string(json, "subject", subject);
    put_text(json, "label", secret->label);
    json_member_time(json, "created", secret->created_wall_ns);
    json_put_object_end(json);
}

enum handled handle_links(struct exchange *exchange)
{
    const struct access_model *model = people_model(exchange);
    struct json_writer *json = &exchange->json;
    struct principal_view view;
    struct secret_view secret;
    if (!people_person(exchange, &view))
        return HANDLED;
    json_put_object(json);
    json_put_name(json, "links");
    json_put_array(json);
    for (uint32_t at = access_secret_next(model, view.account, SECRET_NONE); at != SECRET_NONE;
         at = access_secret_next(model, view.account, at))
        if (access_secret(model, at, &secret) && secret.kind == SECRET_OPENID)
            link_put_item(exchange, view.tenant, &secret);
    json_put_array_end(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_link_begin(struct exchange *exchange)
{
    const struct access_model *model = people_model(exchange);
    struct principal_view view;
    struct provider_view provider;
    if (!people_person(exchange, &view))
        return HANDLED;
    if (view.how != ACCESS_COOKIE)
        return answer_problem(exchange, 403, "person_only", NULL,
                              "only a browser that is logged in can be led to a provider");
    uint32_t found = access_provider_find(model, view.tenant, exchange->arg);
    if (found == PROVIDER_NONE || !access_provider(model, found, &provider))
        return answer_nobody(exchange, "provider");
    struct visit *visit = visit_begin(exchange);
    if (visit == NULL)
        return HANDLED;
    visit_of(visit, &provider);
    flow_begin(exchange, &visit->flow);
    visit->flow.session = view.secret;
    return visit_ask(exchange, &provider, bytes_of("", 0), begin_done) ? HANDLED_OUTCOME : HANDLED;
}

static enum handled link_removed(struct exchange *exchange, const struct outcome *outcome)
{
    json_put_object(&exchange->json);
    order_put_outcome(&exchange->json, outcome);
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 200);
}

/* Would he have nothing left that proves who he is? */
static bool link_is_last(const struct exchange *exchange, uint32_t account)
{
    const struct access_model *model = people_model(exchange);
    struct account_view view;
    struct secret_view secret;
    unsigned links = 0;
    access_account(model, account, &view);
    for (uint32_t at = access_secret_next(model, account, SECRET_NONE); at != SECRET_NONE;
         at = access_secret_next(model, account, at))
        if (access_secret(model, at, &secret) && secret.kind == SECRET_OPENID)
            links++;
    return links <= 1 && !view.has_password;
}

enum handled handle_link_remove(struct exchange *exchange)
{
    struct principal_view view;
    struct secret_view secret;
    uint32_t number = people_number(exchange->arg);
    if (!people_person(exchange, &view))
        return HANDLED;
    if (number == 0 || !access_secret(people_model(exchange), number, &secret) ||
        secret.kind != SECRET_OPENID || secret.account != view.account)
        return answer_nobody(exchange, "link");
    if (link_is_last(exchange, view.account))
        return answer_problem(exchange, 409, "last_proof", NULL,
                              "nothing would be left to log in with: have a password set first");
    struct matter *matter = matter_begin(exchange, sizeof *matter, COMMAND_SECRET_REMOVE, false);
    if (matter == NULL)
        return HANDLED;
    matter->order.command.tenant = view.tenant;
    matter->order.command.access.number = number;
    return matter_give(exchange, link_removed);
}
