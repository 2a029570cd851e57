/* A request and its answer: which handler, what it waits for, and the bytes that leave.
 *
 * A handler that cannot answer at once says what it waits for; its exchange then stands on the
 * web's list of that kind, and web_step calls exchange->resume when the time has come. The
 * connection reads nothing meanwhile, so answers leave in the order of the requests. */
#include "web/exchange.h"
#include "web/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_HEAD_MAX 4096
#define LOCATION_MAX 2000 /* it fits a head beside the other headers */
#define COMPRESS_LEAST 1024
#define COMPRESS_MOST ((size_t)128 << 10) /* more would keep the thread for too long */
#define JSON_KEPT ((size_t)64 << 10)      /* memory of answers kept for the next */

/* ---- life ----------------------------------------------------------------------------------- */
void exchange_init(struct exchange *exchange, struct web *web, struct web_client *client)
{
    memset(exchange, 0, sizeof *exchange);
    exchange->web = web;
    exchange->client = client;
    json_writer_init(&exchange->json, EXCHANGE_ANSWER_MAX);
    link_init(&exchange->link);
}

void exchange_clear(struct exchange *exchange)
{
    if (exchange->drop != NULL)
        exchange->drop(exchange);
    exchange->drop = NULL;
    exchange->state = NULL;
    exchange->resume = NULL;
    exchange->outcome = NULL;
    exchange->ticket = 0;
    exchange->wait = HANDLED;
    exchange->answered = false;
    exchange->header_count = 0;
    free(exchange->location);
    exchange->location = NULL;
    exchange->route = NULL;
    exchange->request = NULL;
    exchange->body_lines = false;
    exchange_leave(exchange);
    link_take(&exchange->link);
    budget_give(exchange->web->config.memory, exchange->charged);
    exchange->charged = exchange->kept = 0;
    if (exchange->json.capacity > JSON_KEPT)
        json_writer_done(&exchange->json);
    json_writer_clear(&exchange->json);
}

void exchange_done(struct exchange *exchange)
{
    exchange_clear(exchange);
    json_writer_done(&exchange->json);
}

/* ---- the answer ----------------------------------------------------------------------------- */
void exchange_header(struct exchange *exchange, const char *name, struct bytes value)
{
    check(exchange->header_count < EXCHANGE_HEADERS_MAX);
    size_t most = sizeof exchange->headers[0].value - 1;
    size_t size = value.size < most ? value.size : most;
    exchange->headers[exchange->header_count].name = name;
    memcpy(exchange->headers[exchange->header_count].value, value.at, size);
    exchange->headers[exchange->header_count++].value[size] = '\0';
}

void exchange_retry(struct exchange *exchange, uint32_t seconds)
{
    char text[16];
    snprintf(text, sizeof text, "%u", seconds > 0 ? seconds : 1);
    exchange_header(exchange, "Retry-After", bytes_text(text));
}

static void state_free(struct exchange *exchange)
{
    free(exchange->state);
}

void *exchange_keep(struct exchange *exchange, size_t size)
{
    exchange->state = calloc(1, size);
    exchange->drop = state_free;
    if (exchange->state == NULL)
        answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    return exchange->state;
}

static void answer_count(struct exchange *exchange, unsigned status)
{
    struct web *web = exchange->web;
    int64_t took_us =
        (web->config.clock->boot_ns(web->config.clock) - exchange->began_ns) / NS_PER_US;
    uint32_t us = took_us < 0 ? 0 : took_us > UINT32_MAX ? UINT32_MAX : (uint32_t)took_us;
    unsigned bucket = us == 0 ? 0 : 32 - (unsigned)__builtin_clz(us);
    web->counters.latency[bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1]++;
    web->counters.latency_us_sum += us;
    web->counters.answers[status / 100 < 6 ? status / 100 : 5]++;
}

void exchange_streams(struct exchange *exchange, unsigned status)
{
    check(!exchange->answered);
    exchange->answered = true;
    answer_count(exchange, status);
}

/* Security headers of everything; a page brings its own policy. */
static void answer_headers(struct exchange *exchange, struct http_writer *writer)
{
    bool policy = false, caching = false;
    for (size_t i = 0; i < exchange->header_count; i++) {
        http_writer_header_text(writer, exchange->headers[i].name, exchange->headers[i].value);
        policy = policy || strcmp(exchange->headers[i].name, "Content-Security-Policy") == 0;
        caching = caching || strcmp(exchange->headers[i].name, "Cache-Control") == 0;
    }
    if (exchange->location != NULL)
        http_writer_header_text(writer, "Location", exchange->location);
    http_writer_header_text(writer, "X-Content-Type-Options", "nosniff");
    http_writer_header_text(writer, "Cross-Origin-Resource-Policy", "same-origin");
    if (exchange->client->link->strict)
        http_writer_header_text(writer, "Strict-Transport-Security", "max-age=31536000");
    if (!policy)
        http_writer_header_text(writer, "Content-Security-Policy",
                                "default-src 'none'; frame-ancestors 'none'");
    if (!caching)
        http_writer_header_text(writer, "Cache-Control", "no-store");
}

size_t exchange_head_put(struct exchange *exchange, unsigned status, const char *media,
                         enum http_body body, uint64_t length, uint8_t *at, size_t capacity,
                         enum http_framing *ret_framing)
{
    struct http_writer writer;
    struct web *web = exchange->web;
    int64_t now_s = web->config.clock->wall_ns(web->config.clock) / NS_PER_S;
    http_writer_start(&writer, at, capacity, exchange->request, status, now_s);
    if (exchange->client->last)
        http_writer_close(&writer);
    if (media != NULL)
        http_writer_header_text(&writer, "Content-Type", media);
    answer_headers(exchange, &writer);
    enum err err = http_writer_end(&writer, body, length, ret_framing);
    check(err == OK); /* our own headers, and values that were cut to fit */
    exchange->client->last = exchange->client->last || writer.closes;
    return writer.used;
}

void exchange_send(struct exchange *exchange, unsigned status, const char *media, struct bytes body)
{
    struct web_client *client = exchange->client;
    const struct web_port *port = exchange->web->config.port;
    void *arg = exchange->web->config.arg;
    enum http_framing framing;
    bool small = body.size + ANSWER_HEAD_MAX <= BROKER_ROOM;
    size_t room = small ? ANSWER_HEAD_MAX + body.size : ANSWER_HEAD_MAX;
    check(!exchange->answered);
    exchange->answered = true;
    answer_count(exchange, status);
    uint8_t *at = port->room(arg, client->link, room);
    size_t used = exchange_head_put(
        exchange, status, media, status == 204 || status == 304 ? HTTP_BODY_NONE : HTTP_BODY_SIZED,
        body.size, at, ANSWER_HEAD_MAX, &framing);
    bool whole = framing == HTTP_FRAMING_LENGTH && body.size > 0;
    if (whole && small) {
        memcpy(at + used, body.at, body.size);
        used += body.size;
    }
    port->used(arg, client->link, used);
    if (whole && !small)
        port->put(arg, client->link, body);
}

/* Compressed when that is worth it and was asked for. */
static bool answer_gzip(struct exchange *exchange, unsigned status, const char *media,
                        struct bytes body)
{
    size_t capacity = body.size;
    if (body.size < COMPRESS_LEAST || body.size > COMPRESS_MOST ||
        !http_accepts_gzip(exchange->request) || !http_media_compresses(bytes_text(media)))
        return false;
    uint8_t *at = malloc(capacity);
    size_t size = at != NULL ? http_gzip_bytes(body, 1, at, capacity) : 0;
    if (size > 0) {
        exchange_header(exchange, "Content-Encoding", bytes_text("gzip"));
        exchange_send(exchange, status, media, bytes_of(at, size));
    }
    free(at);
    return size > 0;
}

enum handled answer_content(struct exchange *exchange, unsigned status, const char *media,
                            struct bytes text)
{
    if (exchange->request != NULL && text.size >= COMPRESS_LEAST)
        exchange_header(exchange, "Vary", bytes_text("Accept-Encoding"));
    if (exchange->request == NULL || !answer_gzip(exchange, status, media, text))
        exchange_send(exchange, status, media, text);
    return HANDLED;
}

enum handled answer_json(struct exchange *exchange, unsigned status)
{
    if (json_writer_failed(&exchange->json))
        return answer_problem(exchange, 503, "memory", NULL,
                              "there is no memory for this answer: ask for less");
    return answer_content(exchange, status,
                          exchange->body_lines ? "application/x-ndjson" : "application/json",
                          json_writer_text(&exchange->json));
}

enum handled answer_lines(struct exchange *exchange)
{
    if (json_writer_failed(&exchange->json))
        return answer_problem(exchange, 413, "answer_long", NULL,
                              "that is more than 64 MiB: list its parts page by page instead");
    return answer_content(exchange, 200, "application/x-ndjson", json_writer_text(&exchange->json));
}

enum handled answer_elsewhere(struct exchange *exchange, const char *address)
{
    exchange->location = strlen(address) <= LOCATION_MAX ? strdup(address) : NULL;
    if (exchange->location == NULL)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    exchange_send(exchange, 303, NULL, bytes_of(NULL, 0));
    return HANDLED;
}

enum handled answer_jansson(struct exchange *exchange, unsigned status, json_t *json)
{
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text == NULL)
        return answer_problem(exchange, 503, "memory", NULL,
                              "there is no memory for this answer: ask for less");
    answer_content(exchange, status, "application/json", bytes_text(text));
    free(text);
    return HANDLED;
}

enum handled answer_problem(struct exchange *exchange, unsigned status, const char *code,
                            const char *title, const char *format, ...)
{
    char detail[1024], type[128];
    uint8_t text[4096];
    size_t size = 0;
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    snprintf(type, sizeof type, "/docs#%s", code);
    struct http_member member = {
        .name = "code", .kind = HTTP_MEMBER_TEXT, .text = bytes_text(code)};
    struct http_problem problem = {.status = status,
                                   .type = type,
                                   .title = title,
                                   .detail = bytes_text(detail),
                                   .members = &member,
                                   .member_count = 1};
    enum err err = http_problem_put(text, sizeof text, &problem, &size);
    if (err != OK) { /* each byte of the detail needed an escape */
        problem.detail = bytes_text("");
        err = http_problem_put(text, sizeof text, &problem, &size);
        check(err == OK);
    }
    if (status == 503)
        exchange_retry(exchange, 1);
    exchange_send(exchange, status, HTTP_PROBLEM_MEDIA, bytes_of(text, size));
    return HANDLED;
}

unsigned admit_status(enum admit admit)
{
    switch (admit) {
    case ADMIT_DONE:
        return 200;
    case ADMIT_TOO_LARGE:
        return 413;
    case ADMIT_DENIED:
        return 403;
    case ADMIT_POINTS_RATE:
        return 429;
    case ADMIT_POINTS_MAX:
    case ADMIT_POINTS_CONNECTION:
    case ADMIT_STORAGE_MAX:
    case ADMIT_STORE_FULL:
    case ADMIT_DISK_FULL:
        return 507;
    case ADMIT_STOPPED:
    case ADMIT_WAIT:
        return 503;
    default:
        return 422;
    }
}

enum handled answer_admit(struct exchange *exchange, enum admit admit)
{
    return answer_problem(exchange, admit_status(admit), admit_name(admit), NULL, "%s",
                          admit_text(admit));
}

/* ---- the handler's turns -------------------------------------------------------------------- */
uint64_t exchange_tag(const struct exchange *exchange, uint32_t index)
{
    const struct web_client *client = exchange->client;
    check(index < EXCHANGE_INDEX_MAX && client->slot < EXCHANGE_SLOTS_MAX);
    return WEB_TAG | (uint64_t)(client->generation & EXCHANGE_GENERATIONS) << 40 |
           (uint64_t)client->slot << 20 | index;
}

/* What waits holds its answer so far: that counts, from what a client is counted for anyway on.
 * False: there is not as much left. */
static bool exchange_charge(struct exchange *exchange)
{
    struct budget *memory = exchange->web->config.memory;
    size_t held = exchange->json.capacity + exchange->kept;
    if (held <= JSON_KEPT || held <= exchange->charged)
        return true;
    if (!budget_take(memory, held - exchange->charged))
        return false;
    exchange->charged = held;
    return true;
}

/* The connection ends, so that outcomes which are still to come find nobody. */
static void exchange_no_memory(struct exchange *exchange)
{
    exchange->client->last = true;
    answer_problem(exchange, 503, "memory", NULL,
                   "there is no memory for this answer now (setting http.memory): what was "
                   "taken of the body stands; send less at once, or later");
    client_end(exchange->client, WEB_CAUSE_MEMORY);
}

/* What follows from a turn: the next list, or the connection goes on. */
void exchange_turned(struct exchange *exchange, enum handled handled)
{
    struct web *web = exchange->web;
    struct link *lists[] = {[HANDLED_TICKET] = &web->waiting_ticket,
                            [HANDLED_STEP] = &web->waiting_step,
                            [HANDLED_FULL] = &web->waiting_full,
                            [HANDLED_ASK] = &web->waiting_ask,
                            [HANDLED_OUTCOME] = &web->waiting_outcome};
    exchange->wait = handled;
    link_take(&exchange->link);
    if (handled != HANDLED && !exchange_charge(exchange)) {
        exchange_no_memory(exchange);
        return;
    }
    if (handled == HANDLED)
        client_answered(exchange->client);
    else
        link_put(lists[handled], &exchange->link);
}

void exchange_resume(struct exchange *exchange)
{
    link_take(&exchange->link);
    exchange->wait = HANDLED;
    exchange_turned(exchange, exchange->resume(exchange));
}

static void allow_header(struct exchange *exchange, unsigned allowed)
{
    char list[80] = "OPTIONS";
    for (unsigned verb = 0; verb < HTTP_VERBS; verb++)
        if (allowed & 1u << verb) {
            size_t used = strlen(list);
            snprintf(list + used, sizeof list - used, ", %s%s",
                     http_verb_text((enum http_verb)verb), verb == HTTP_VERB_GET ? ", HEAD" : "");
        }
    exchange_header(exchange, "Allow", bytes_text(list));
}

/* Paths that no route has: the console's files. */
static enum handled exchange_elsewhere(struct exchange *exchange, unsigned allowed)
{
    const struct http_request *request = exchange->request;
    if (request->verb == HTTP_VERB_OPTIONS) {
        if (request->form == HTTP_FORM_ASTERISK)
            allowed = 1u << HTTP_VERB_GET | 1u << HTTP_VERB_POST | 1u << HTTP_VERB_PATCH |
                      1u << HTTP_VERB_DELETE;
        allow_header(exchange, allowed ? allowed : 1u << HTTP_VERB_GET);
        exchange_send(exchange, 204, NULL, bytes_of(NULL, 0));
        return HANDLED;
    }
    if (allowed != 0) {
        allow_header(exchange, allowed);
        return answer_problem(exchange, 405, "method", NULL,
                              "%s is not possible here; see the Allow header",
                              http_verb_text(request->verb));
    }
    if ((request->verb == HTTP_VERB_GET || request->verb == HTTP_VERB_HEAD) &&
        file_answer(exchange))
        return HANDLED;
    return answer_problem(
        exchange, 404, "path", NULL, "there is nothing at \"%.*s\"; /docs lists what there is",
        request->path.size < 200 ? (int)request->path.size : 200, (const char *)request->path.at);
}

static bool exchange_guard(struct exchange *exchange)
{
    struct web *web = exchange->web;
    switch (guard_judge(exchange->request, web->config.settings->http_hosts, web->machine)) {
    case GUARD_WELCOME:
        return true;
    case GUARD_HOST:
        answer_problem(
            exchange, 421, "host", NULL,
            "this server answers to IP addresses, localhost, its machine's name and the "
            "names in the setting http.hosts; \"%.*s\" is none of them",
            exchange->request->authority.size < 200 ? (int)exchange->request->authority.size : 200,
            (const char *)exchange->request->authority.at);
        return false;
    case GUARD_ORIGIN:
        answer_problem(exchange, 403, "origin", NULL,
                       "a page of another origin asks; only this server's own pages may");
        return false;
    case GUARD_SITE:
        answer_problem(exchange, 403, "origin", NULL,
                       "a page of another site asks (Sec-Fetch-Site); it may only link here");
        return false;
    case GUARD_MEDIA:
        answer_problem(exchange, 415, "media", NULL,
                       "the body must be application/json or application/x-ndjson, and its "
                       "Content-Type must say so");
        return false;
    }
    return false;
}

static bool body_is_lines(const struct http_request *request)
{
    const struct http_header *type = http_header_find(request, "Content-Type");
    return request->has_body && type != NULL &&
           (http_media_is(type->value, "application/x-ndjson") ||
            http_media_is(type->value, "application/ndjson") ||
            http_media_is(type->value, "application/jsonl"));
}

enum begun exchange_begin(struct exchange *exchange, const struct http_request *request)
{
    struct web *web = exchange->web;
    unsigned allowed = 0;
    size_t size = 0;
    exchange->request = request;
    exchange->tenant = TENANT_DEFAULT;
    exchange->began_ns = web->config.clock->boot_ns(web->config.clock);
    web->counters.requests++;
    if (!exchange_guard(exchange))
        return BEGUN_ANSWERED;
    if (request->verb != HTTP_VERB_OPTIONS || request->form != HTTP_FORM_ASTERISK)
        exchange->route = route_find(request, exchange->arg_text, &size, &allowed);
    exchange->arg = bytes_of(exchange->arg_text, size);
    exchange->body_lines = body_is_lines(request);
    if (exchange->route == NULL) {
        exchange_elsewhere(exchange, allowed);
        return BEGUN_ANSWERED;
    }
    if (!exchange_enter(exchange))
        return BEGUN_ENTERS;
    return exchange_admit(exchange) ? BEGUN : BEGUN_ANSWERED;
}

/* Does the route take such a body? Else it was answered. */
static bool exchange_takes_body(struct exchange *exchange)
{
    const struct route *route = exchange->route;
    if (!exchange->request->has_body ||
        (route->body != NULL && (!exchange->body_lines || route->lines)))
        return true;
    answer_problem(exchange, route->body == NULL ? 400 : 415, "body", NULL,
                   route->body == NULL ? "no body is wanted here"
                                       : "one JSON value is wanted here, not NDJSON");
    return false;
}

bool exchange_admit(struct exchange *exchange)
{
    if (!exchange_is_let(exchange) || !query_is_known(exchange) || !exchange_takes_body(exchange))
        return false;
    bool streamed = write_is_route(exchange->route);
    const struct settings *settings = exchange->web->config.settings;
    uint64_t most = streamed ? settings->http_write_body : settings->http_body;
    if (!http_decoder_limit_body(exchange->client->decoder, most,
                                 most * (streamed ? WRITE_INFLATED : 4))) {
        answer_problem(exchange, 413, "body_long", NULL,
                       "a body has at most %llu bytes here (setting http.%sbody)",
                       (unsigned long long)most, streamed ? "write_" : "");
        return false;
    }
    return !streamed || write_begin(exchange);
}

void exchange_run(struct exchange *exchange, struct bytes body)
{
    exchange->body = body;
    exchange_turned(exchange, exchange->route->handle(exchange));
}

/* A write failed, and with it what this exchange had given to the disk. */
void exchange_lost(struct exchange *exchange)
{
    link_take(&exchange->link);
    enum handled waited = exchange->wait;
    exchange->wait = HANDLED;
    if (waited == HANDLED_OUTCOME || exchange->outcome != NULL) {
        exchange_turned(exchange, exchange->outcome(exchange, 0, NULL));
        return;
    }
    json_writer_clear(&exchange->json);
    if (write_is_route(exchange->route)) { /* told as its clients know it */
        exchange_turned(exchange, write_answer(exchange));
        return;
    }
    exchange_turned(exchange,
                    answer_problem(exchange, 503, "write_failed", NULL,
                                   "a write to the disk failed: nothing of this request was kept "
                                   "for certain; send it again"));
}
