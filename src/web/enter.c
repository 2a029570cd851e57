/* Who asks, and may he: the one place where a request gets its principal, and where handlers ask
 * what it may.
 *
 * A head brings a token, a name with its password, or a browser's session; the transport may know
 * of a certificate. access_enter makes a principal of it. The connection keeps it for requests that
 * bring the same again, for ENTRANCE_KEPT_NS: what ends meanwhile ends at once, for the principal
 * itself may nothing from then on. A password takes a thread some 50 ms: the connection is not read
 * meanwhile. */
#include "access/access.h"
#include "web/exchange.h"

#include <stdlib.h>
#include <string.h>

#define ENTRANCE_KEPT_NS (30 * NS_PER_S)
#define PROOF_MAX 4096
#define COOKIE_NAME "mainstem_session"
#define TENANT_HEADER "Mainstem-Tenant"

struct web_entrance { /* of a connection: who asked last */
    struct principal *principal;
    uint8_t proof[32]; /* hash of what he brought */
    int64_t until_ns;
};

const char *right_word(enum access_right right)
{
    switch (right) {
    case RIGHT_SEE:
        return "see";
    case RIGHT_WRITE:
        return "write";
    case RIGHT_ACKNOWLEDGE:
        return "acknowledge";
    case RIGHT_CONFIGURE:
        return "configure";
    default:
        return "administer";
    }
}

/* ---- what a head brings --------------------------------------------------------------------- */
struct proof {
    enum access_how how;
    struct bytes name, secret;
    uint8_t text[PROOF_MAX]; /* name and password of Basic, decoded */
};

static bool scheme_is(struct bytes value, const char *scheme, struct bytes *ret_rest)
{
    size_t size = strlen(scheme);
    if (value.size <= size + 1 || value.at[size] != ' ' ||
        !http_text_equal(bytes_of(value.at, size), scheme))
        return false;
    while (size < value.size && value.at[size] == ' ')
        size++;
    *ret_rest = bytes_of(value.at + size, value.size - size);
    return true;
}

/* Base64 of RFC 4648, 4, with its padding. */
static bool basic_decode(struct bytes text, uint8_t *at, size_t *ret_size)
{
    uint8_t plain[PROOF_MAX];
    if (text.size >= sizeof plain)
        return false;
    while (text.size > 0 && text.at[text.size - 1] == '=')
        text.size--;
    for (size_t i = 0; i < text.size; i++)
        plain[i] = text.at[i] == '+' ? '-' : text.at[i] == '/' ? '_' : text.at[i];
    enum err err = secret_base64_get(bytes_of(plain, text.size), at, PROOF_MAX, ret_size);
    secret_wipe(plain, sizeof plain);
    return err == OK;
}

/* "name:password" in base64 (RFC 7617). What is none proves nothing. */
static void proof_basic(struct proof *proof, struct bytes rest)
{
    size_t size = 0;
    if (!basic_decode(rest, proof->text, &size))
        return;
    const uint8_t *colon = memchr(proof->text, ':', size);
    if (colon == NULL)
        return;
    size_t name = (size_t)(colon - proof->text);
    proof->how = ACCESS_PASSWORD;
    proof->name = bytes_of(proof->text, name);
    proof->secret = bytes_of(colon + 1, size - name - 1);
}

static void proof_authorization(struct proof *proof, struct bytes value)
{
    struct bytes rest;
    proof->how = ACCESS_BEARER; /* of another scheme: a token that is none */
    proof->secret = value;
    if (scheme_is(value, "Bearer", &rest) || scheme_is(value, "Token", &rest))
        proof->secret = rest;
    else if (scheme_is(value, "Basic", &rest))
        proof_basic(proof, rest);
}

static bool cookie_find(struct bytes value, struct bytes *ret_cookie)
{
    size_t at = 0, size = strlen(COOKIE_NAME);
    while (at < value.size) {
        while (at < value.size && (value.at[at] == ' ' || value.at[at] == ';'))
            at++;
        const uint8_t *end = memchr(value.at + at, ';', value.size - at);
        size_t pair = end != NULL ? (size_t)(end - value.at) - at : value.size - at;
        if (pair > size && value.at[at + size] == '=' &&
            memcmp(value.at + at, COOKIE_NAME, size) == 0) {
            *ret_cookie = bytes_of(value.at + at + size + 1, pair - size - 1);
            return true;
        }
        at += pair;
    }
    return false;
}

/* Clients of InfluxDB 1 say who they are in the query. */
static void proof_influx(struct exchange *exchange, struct proof *proof)
{
    struct bytes text;
    size_t name = 0;
    if (exchange->route == NULL || strcmp(exchange->route->tag, "lines") != 0 ||
        !query_text(exchange, "p", &text) || text.size > PROOF_MAX / 2)
        return;
    memcpy(proof->text + PROOF_MAX / 2, text.at, text.size);
    proof->secret = bytes_of(proof->text + PROOF_MAX / 2, text.size);
    if (query_text(exchange, "u", &text) && text.size <= PROOF_MAX / 2) {
        memcpy(proof->text, text.at, text.size);
        name = text.size;
    }
    proof->how = ACCESS_PASSWORD;
    proof->name = bytes_of(proof->text, name);
}

static void proof_of(struct exchange *exchange, struct proof *proof)
{
    const struct http_request *request = exchange->request;
    const struct http_header *header = http_header_find(request, "Authorization");
    uint32_t index = 0;
    const struct web_link *link = exchange->client->link;
    proof->how = link->owner                  ? ACCESS_OWNER
                 : link->fingerprint.size > 0 ? ACCESS_PEER
                                              : ACCESS_ANONYMOUS;
    proof->name = proof->secret = bytes_of(NULL, 0);
    if (link->owner)
        return;
    if (header != NULL) {
        proof_authorization(proof, header->value);
        return;
    }
    while ((header = http_header_next(request, "Cookie", &index)) != NULL)
        if (cookie_find(header->value, &proof->secret)) {
            proof->how = ACCESS_COOKIE;
            return;
        }
    proof_influx(exchange, proof);
}

static void proof_hash(const struct proof *proof, uint8_t hash[32])
{
    struct secret_digest digest;
    uint8_t how = (uint8_t)proof->how;
    secret_digest_init(&digest);
    secret_digest_feed(&digest, bytes_of(&how, sizeof how));
    secret_digest_feed_sized(&digest, proof->name);
    secret_digest_feed_sized(&digest, proof->secret);
    secret_digest_close(&digest, hash);
}

/* ---- the connection's principal ------------------------------------------------------------- */
void web_forget(struct web_link *link)
{
    if (link->entrance == NULL)
        return;
    principal_release(link->entrance->principal);
    free(link->entrance);
    link->entrance = NULL;
}

static void entrance_keep(struct exchange *exchange, struct principal *principal)
{
    struct web_link *link = exchange->client->link;
    if (link->entrance == NULL)
        link->entrance = calloc(1, sizeof *link->entrance);
    if (link->entrance == NULL) {
        exchange->principal = principal; /* for this request; released with it */
        return;
    }
    principal_release(link->entrance->principal);
    link->entrance->principal = principal;
    memcpy(link->entrance->proof, exchange->proof, sizeof exchange->proof);
    link->entrance->until_ns = exchange->began_ns + ENTRANCE_KEPT_NS;
    exchange->principal = principal_hold(principal);
}

static bool entrance_is_good(const struct exchange *exchange)
{
    const struct web_entrance *entrance = exchange->client->link->entrance;
    struct principal_view view;
    if (entrance == NULL || entrance->principal == NULL ||
        exchange->began_ns >= entrance->until_ns ||
        memcmp(entrance->proof, exchange->proof, sizeof exchange->proof) != 0)
        return false;
    principal_view(entrance->principal, &view);
    return !view.ended;
}

struct principal *web_principal(const struct web_link *link)
{
    return link->entrance != NULL ? link->entrance->principal : NULL;
}

void exchange_leave(struct exchange *exchange)
{
    if (exchange->entering)
        access_forget(exchange->web->config.access, exchange);
    exchange->entering = false;
    principal_release(exchange->principal);
    exchange->principal = NULL;
    exchange->acts_for = false;
}

static void exchange_entered(void *arg, enum access_answer answer, struct principal *principal,
                             uint32_t retry_s)
{
    struct exchange *exchange = arg;
    exchange->entering = false;
    exchange->entered = (uint8_t)answer;
    exchange->retry_s = retry_s;
    if (principal != NULL)
        entrance_keep(exchange, principal);
    client_entered(exchange->client);
}

bool exchange_enter(struct exchange *exchange)
{
    struct access *access = exchange->web->config.access;
    const struct web_link *link = exchange->client->link;
    struct proof proof;
    if (access == NULL)
        return true;
    proof_of(exchange, &proof);
    proof_hash(&proof, exchange->proof);
    if (entrance_is_good(exchange)) {
        exchange->principal = principal_hold(link->entrance->principal);
        exchange->entered = ACCESS_WELCOME;
        return true;
    }
    struct access_claim claim = {.how = proof.how,
                                 .door = link->owner ? ACTOR_CONTROL : ACTOR_HTTP,
                                 .loopback = link->loopback,
                                 .name = proof.name,
                                 .secret = proof.secret,
                                 .fingerprint = link->fingerprint,
                                 .common_name = link->common_name,
                                 .address = link->peer};
    struct principal *principal = NULL;
    exchange->retry_s = 0;
    exchange->entered = (uint8_t)access_enter(access, &claim, exchange_entered, exchange,
                                              &principal, &exchange->retry_s);
    secret_wipe(proof.text, sizeof proof.text);
    if (principal != NULL)
        entrance_keep(exchange, principal);
    exchange->entering = exchange->entered == ACCESS_LATER;
    return !exchange->entering;
}

/* ---- the route's right ---------------------------------------------------------------------- */
enum handled answer_slow(struct exchange *exchange, enum access_answer answer, uint32_t retry_s)
{
    if (answer == ACCESS_BUSY)
        return answer_problem(exchange, 503, "busy", NULL,
                              "too many are entering, or the tenant has no connection left: try "
                              "again");
    exchange_retry(exchange, retry_s);
    return answer_problem(exchange, 429, "slow_down", NULL,
                          "too many wrong passwords or tokens: try again in %u s",
                          retry_s > 0 ? retry_s : 1);
}

static bool refuse(struct exchange *exchange)
{
    exchange_header(exchange, "WWW-Authenticate", bytes_text("Bearer realm=\"mainstem\""));
    switch (exchange->entered) {
    case ACCESS_SECOND:
        answer_problem(exchange, 401, "second_factor", NULL,
                       "a second factor is wanted: this account enters by the console, or with a "
                       "token");
        break;
    case ACCESS_SLOW:
    case ACCESS_BUSY:
        answer_slow(exchange, exchange->entered, exchange->retry_s);
        break;
    default:
        answer_problem(exchange, 401, "unauthorized", NULL,
                       "who asks is not known here: log in, or send a token as \"Authorization: "
                       "Bearer TOKEN\"");
        break;
    }
    return false;
}

/* What is under "$tenant/", and what of people and rights tells a tenant by itself. All else is of
 * who asks, or of the server. */
static bool route_is_for_others(const struct route *route)
{
    static const char *const whose[] = {"/v1/tokens", "/v1/tokens/{name}", "/v1/why"};
    if (route->resource != NULL && strncmp(route->resource, "$tenant/", 8) == 0)
        return true;
    for (size_t i = 0; i < ARRAY_COUNT(whose); i++)
        if (strcmp(route->path, whose[i]) == 0)
            return true;
    return false;
}

/* Who runs the server makes and mends the people of any tenant: he names it in a header. It gives
 * him what is under "$tenant/" there, and none of its points. False: it was answered. */
static bool exchange_acts_for(struct exchange *exchange)
{
    const struct http_header *header = http_header_find(exchange->request, TENANT_HEADER);
    if (header == NULL || exchange->principal == NULL)
        return true;
    uint32_t tenant =
        exchange_may(exchange, RIGHT_ADMINISTER, TENANT_MAIN, bytes_text("$server/tenants"))
            ? access_tenant_find(engine_access(exchange->web->config.engine), header->value)
            : TENANT_NONE;
    if (tenant == TENANT_NONE) {
        answer_problem(exchange, 404, "unknown_tenant", NULL,
                       "there is no such tenant, or you may not act for it");
        return false;
    }
    exchange->acts_for = tenant != exchange->tenant;
    exchange->tenant = tenant;
    if (!exchange->acts_for || route_is_for_others(exchange->route))
        return true;
    answer_problem(exchange, 400, "tenant_header", NULL,
                   "the header " TENANT_HEADER " lets who runs the server act for another tenant's "
                   "people and rights, and %s is none of these: without the header it is your own, "
                   "and with a token of that tenant it is theirs",
                   exchange->route->path);
    return false;
}

bool exchange_is_let(struct exchange *exchange)
{
    const struct route *route = exchange->route;
    if (exchange->web->config.access == NULL)
        return true;
    if (exchange->principal != NULL)
        exchange->tenant = principal_tenant(exchange->principal);
    if (!exchange_acts_for(exchange))
        return false;
    if (route->right == RIGHT_NONE)
        return true;
    if (exchange->principal == NULL)
        return refuse(exchange);
    if (route->resource == NULL)
        return true;
    bool server = strncmp(route->resource, "$server/", 8) == 0;
    if (exchange_may(exchange, route->right, server ? TENANT_MAIN : exchange->tenant,
                     bytes_text(route->resource)))
        return true;
    answer_forbidden(exchange, route->right, bytes_text(route->resource));
    return false;
}

/* ---- for handlers --------------------------------------------------------------------------- */
bool exchange_may(struct exchange *exchange, enum access_right right, uint32_t tenant,
                  struct bytes path)
{
    if (exchange->web->config.access == NULL)
        return true;
    if (exchange->acts_for && tenant == exchange->tenant && path.size > 8 &&
        memcmp(path.at, "$tenant/", 8) == 0)
        return access_may(exchange->principal, RIGHT_ADMINISTER, TENANT_MAIN,
                          bytes_text("$server/tenants"));
    return access_may(exchange->principal, right, tenant, path);
}

bool exchange_place(struct exchange *exchange, struct bytes text, uint32_t *ret_tenant,
                    struct bytes *ret_path)
{
    *ret_tenant = exchange->tenant;
    *ret_path = text;
    return exchange->web->config.access == NULL ||
           access_resolve(exchange->web->config.access, exchange->principal, text, ret_tenant,
                          ret_path);
}

struct bytes exchange_prefix(struct exchange *exchange, uint32_t tenant)
{
    if (exchange->web->config.access == NULL || tenant == exchange->tenant)
        return bytes_of(NULL, 0);
    return access_present(exchange->web->config.access, exchange->principal, tenant);
}

void exchange_sign(struct exchange *exchange, struct command *command)
{
    struct principal_view view;
    command->actor = (struct actor){.door = ACTOR_NONE};
    if (exchange->principal == NULL)
        return;
    principal_view(exchange->principal, &view);
    command->actor = view.actor;
    const struct web_link *link = exchange->client->link;
    command->actor.door = link->owner ? ACTOR_CONTROL : ACTOR_HTTP;
    command->actor.address = bytes_text(link->owner || link->peer == NULL ? "" : link->peer);
}

enum handled answer_hidden(struct exchange *exchange)
{
    return answer_problem(exchange, 404, "unknown_point", "no such point",
                          "there is no such point, or you may not see it");
}

enum handled answer_forbidden(struct exchange *exchange, enum access_right right, struct bytes path)
{
    if (exchange->principal != NULL)
        access_tell(exchange->web->config.access, exchange->principal, "denied", path,
                    bytes_text(right_word(right)), "forbidden");
    return answer_problem(exchange, 403, "forbidden", NULL,
                          "the right to %s \"%.*s\" is missing; who administers the tenant can "
                          "grant it",
                          right_word(right), path.size < 200 ? (int)path.size : 200,
                          (const char *)path.at);
}
