/* WebSocket and server-sent events on one side, live on the other; and the handshake of MQTT over
 * WebSocket, whose frames are the transport's.
 *
 * A peer that says nothing is asked with a ping (WebSocket) or sent a comment (events); one that
 * answers neither, or takes no bytes, is gone: its viewer is kept for http.live_keep. */
#include "web/exchange.h"

#include "access/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOCKET_MESSAGE_MAX ((uint32_t)64 << 10)
#define SOCKET_SILENCE_NS (25 * NS_PER_S)
#define EVENTS_SILENCE_NS (15 * NS_PER_S)
#define HEAD_MAX 2048

static void viewer_allow(struct web_client *client, int64_t allowed_ns, bool fixed)
{
    const struct web *web = client->web;
    web->config.port->allow_silence(web->config.arg, client->link, allowed_ns, fixed);
}

/* ---- frames and events out ------------------------------------------------------------------ */
static void socket_send(struct web_client *client, enum websocket_opcode opcode,
                        struct bytes payload)
{
    const struct web_port *port = client->web->config.port;
    void *arg = client->web->config.arg;
    if (payload.size + WEBSOCKET_HEAD_MAX <= BROKER_ROOM) {
        uint8_t *at = port->room(arg, client->link, payload.size + WEBSOCKET_HEAD_MAX);
        port->used(
            arg, client->link,
            websocket_frame_put(at, payload.size + WEBSOCKET_HEAD_MAX, opcode, true, payload));
    } else {
        uint8_t *at = port->room(arg, client->link, WEBSOCKET_HEAD_MAX);
        port->used(arg, client->link, websocket_head_put(at, opcode, true, payload.size));
        port->put(arg, client->link, payload);
    }
    port->flush(arg, client->link);
}

/* At the very mark past which the transport calls web_unchoked when it is below again: with another
 * one, nobody would say that there is room. */
static bool viewer_has_room(void *arg)
{
    return client_backlog(arg) <= WEB_UNSENT;
}

static void socket_tell(void *arg, const char *event, uint64_t number, struct bytes text)
{
    (void)event, (void)number;
    struct web_client *client = arg;
    if (!client->closing)
        socket_send(client, WEBSOCKET_OPCODE_TEXT, text);
}

static void socket_close(struct web_client *client, unsigned code, const char *reason)
{
    uint8_t frame[2 + WEBSOCKET_CONTROL_MAX + 2];
    size_t size = websocket_close_put(frame, sizeof frame, code, reason);
    if (!client->closing)
        client_put(client, bytes_of(frame, size));
    client->closing = true;
    client_flush(client);
}

static void socket_end(void *arg, const char *why)
{
    struct web_client *client = arg;
    client->viewer = NULL;
    socket_close(client, WEBSOCKET_GOING_AWAY, why);
    client_end(client, WEB_CAUSE_DONE);
}

static const struct live_sink socket_sink = {viewer_has_room, socket_tell, socket_end};

/* The pieces of one event, as one chunk. */
static void events_put(struct web_client *client, const struct bytes *pieces, size_t count)
{
    uint8_t head[HTTP_CHUNK_EXTRA];
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += pieces[i].size;
    if (client->chunked)
        client_put(client, bytes_of(head, http_chunk_head_put(head, size)));
    for (size_t i = 0; i < count; i++)
        client_put(client, pieces[i]);
    if (client->chunked)
        client_put(client, bytes_text("\r\n"));
    client_flush(client);
}

static void events_put_text(struct web_client *client, const char *text)
{
    struct bytes piece = bytes_text(text);
    events_put(client, &piece, 1);
}

static void events_tell(void *arg, const char *event, uint64_t number, struct bytes text)
{
    struct web_client *client = arg;
    const char *token = client->viewer != NULL ? live_viewer_token(client->viewer) : NULL;
    char head[128];
    int size = token != NULL ? snprintf(head, sizeof head, "event: %s\nid: %s:%llu\ndata: ", event,
                                        token, (unsigned long long)number)
                             : snprintf(head, sizeof head, "event: %s\ndata: ", event);
    struct bytes pieces[] = {bytes_of(head, (size_t)size), text, bytes_text("\n\n")};
    events_put(client, pieces, ARRAY_COUNT(pieces));
}

static void events_close(struct web_client *client)
{
    if (client->chunked)
        client_put(client, bytes_text(HTTP_CHUNK_END));
    client_flush(client);
}

static void events_end(void *arg, const char *why)
{
    struct web_client *client = arg;
    (void)why;
    client->viewer = NULL;
    events_close(client);
    client_end(client, WEB_CAUSE_DONE);
}

static const struct live_sink events_sink = {viewer_has_room, events_tell, events_end};

/* ---- the tenant's quota -------------------------------------------------------------------------
 */
/* A viewer is a connection of its tenant, as an MQTT client is one. False: it was answered. */
static bool viewer_count(struct exchange *exchange)
{
    struct web_client *client = exchange->client;
    struct access *access = exchange->web->config.access;
    if (access == NULL || client->counted_tenant != TENANT_NONE)
        return true;
    if (!quota_take(access, exchange->tenant, QUOTA_CONNECTIONS, 1, NULL)) {
        answer_problem(exchange, 503, "viewers", NULL,
                       "the tenant has as many connections as its quota allows: close some");
        return false;
    }
    client->counted_tenant = exchange->tenant;
    return true;
}

void viewer_uncount(struct web_client *client)
{
    if (client->counted_tenant != TENANT_NONE)
        quota_give(client->web->config.access, client->counted_tenant, QUOTA_CONNECTIONS, 1);
    client->counted_tenant = TENANT_NONE;
}

/* ---- handshakes ----------------------------------------------------------------------------- */
static void handshake_refuse(struct exchange *exchange, enum websocket_refusal refusal)
{
    unsigned status = websocket_refusal_status(refusal);
    if (status == 426) {
        exchange_header(exchange, "Upgrade", bytes_text("websocket"));
        exchange_header(exchange, "Sec-WebSocket-Version", bytes_text("13"));
    }
    answer_problem(exchange, status, "websocket", NULL, "%s", websocket_refusal_text(refusal));
}

/* Answers 101; false: it was refused and answered. */
static bool handshake(struct exchange *exchange, const char *protocol)
{
    struct web *web = exchange->web;
    struct web_client *client = exchange->client;
    struct websocket_offer offer;
    enum websocket_refusal refusal = websocket_offer_read(exchange->request, &offer);
    size_t size = 0;
    if (refusal != WEBSOCKET_WELCOME) {
        handshake_refuse(exchange, refusal);
        return false;
    }
    uint8_t *at = web->config.port->room(web->config.arg, client->link, HEAD_MAX);
    enum err err =
        websocket_welcome_put(at, HEAD_MAX, exchange->request, &offer, protocol,
                              web->config.clock->wall_ns(web->config.clock) / NS_PER_S, &size);
    check(err == OK);
    web->config.port->used(web->config.arg, client->link, size);
    exchange->answered = true;
    web->counters.answers[1]++;
    return true;
}

enum handled handle_live(struct exchange *exchange)
{
    struct web_client *client = exchange->client;
    struct web *web = exchange->web;
    struct websocket_limits limits = {.message_bytes = SOCKET_MESSAGE_MAX};
    struct websocket_offer offer;
    if (websocket_offer_read(exchange->request, &offer) == WEBSOCKET_WELCOME) {
        struct live_counters live;
        live_describe(web->config.live, &live);
        if (web->stopping || live.viewers >= web->config.settings->http_viewers)
            return answer_problem(
                exchange, 503, "viewers", NULL,
                "as many viewers watch as http.viewers allows (%llu): close some, "
                "or raise it",
                (unsigned long long)web->config.settings->http_viewers);
        if (!viewer_count(exchange))
            return HANDLED;
    }
    if (client->socket == NULL && websocket_decoder_create(&limits, &client->socket) != OK)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory for a viewer");
    if (!handshake(exchange, NULL))
        return HANDLED;
    client->state = CLIENT_SOCKET;
    viewer_allow(client, SOCKET_SILENCE_NS, false);
    if (live_viewer_open(web->config.live, exchange->principal, &socket_sink, client,
                         &client->viewer) != OK) {
        client->viewer = NULL;
        socket_close(client, WEBSOCKET_TRY_LATER, "limit http.viewers, or no memory: try later");
        client->last = true;
    }
    return HANDLED;
}

enum handled handle_mqtt(struct exchange *exchange)
{
    static const char *const protocols[] = {"mqtt", "mqttv3.1"};
    struct web_client *client = exchange->client;
    bool named = false;
    int chosen =
        websocket_protocol_choose(exchange->request, protocols, ARRAY_COUNT(protocols), &named);
    struct websocket_offer offer;
    if (chosen < 0 && websocket_offer_read(exchange->request, &offer) == WEBSOCKET_WELCOME)
        return answer_problem(exchange, 400, "subprotocol", NULL,
                              "Sec-WebSocket-Protocol: mqtt is wanted (MQTT 5, 6)");
    if (!handshake(exchange, chosen < 0 ? NULL : protocols[chosen]))
        return HANDLED;
    client->taken = true;
    return HANDLED;
}

/* ---- server-sent events --------------------------------------------------------------------- */
/* "session:number" of Last-Event-ID: the viewer of before, if it is still known. */
static struct viewer *events_return(struct web_client *client, const struct http_request *request)
{
    const struct http_header *last = http_header_find(request, "Last-Event-ID");
    struct viewer *viewer = NULL;
    uint64_t number = 0;
    const uint8_t *colon =
        last != NULL && last->value.size > 0 ? memchr(last->value.at, ':', last->value.size) : NULL;
    if (colon == NULL)
        return NULL;
    struct bytes token = bytes_of(last->value.at, (size_t)(colon - last->value.at));
    const uint8_t *end = last->value.at + last->value.size;
    if (end - colon < 2 || end - colon > 20)
        return NULL;
    for (const uint8_t *at = colon + 1; at < end; at++) {
        if (*at < '0' || *at > '9')
            return NULL;
        number = number * 10 + (uint64_t)(*at - '0');
    }
    enum err err = live_viewer_return(client->web->config.live, client->exchange.principal, token,
                                      number, &events_sink, client, &viewer);
    return err == OK ? viewer : NULL;
}

struct events_wish {
    struct live_match matches[32];
    size_t count;
    uint64_t pace_ms;
};

static bool events_wish_read(struct exchange *exchange, struct events_wish *wish)
{
    struct bytes text;
    while (query_text_at(exchange, "match", (uint32_t)wish->count, &text)) {
        const char *fault = "a request may name 32 patterns at most";
        if (wish->count < ARRAY_COUNT(wish->matches))
            fault = live_match_read(exchange->web->config.live, exchange->principal, text,
                                    &wish->matches[wish->count]);
        if (fault == LIVE_HIDDEN) {
            answer_hidden(exchange);
            return false;
        }
        if (fault != NULL) {
            answer_problem(exchange, 400, "pattern", NULL, "match: %s", fault);
            return false;
        }
        wish->count++;
    }
    if (wish->count == 0)
        answer_problem(exchange, 400, "pattern", NULL,
                       "match: a pattern of paths is wanted, as in /v1/events?match=plant/%%23");
    return wish->count > 0 && query_count(exchange, "pace", 0, 60000, &wish->pace_ms);
}

static void events_begin(struct exchange *exchange)
{
    struct web_client *client = exchange->client;
    struct web *web = exchange->web;
    enum http_framing framing;
    uint8_t *at = web->config.port->room(web->config.arg, client->link, HEAD_MAX);
    size_t size = exchange_head_put(exchange, 200, "text/event-stream", HTTP_BODY_STREAM, 0, at,
                                    HEAD_MAX, &framing);
    web->config.port->used(web->config.arg, client->link, size);
    exchange->answered = true;
    web->counters.answers[2]++;
    client->chunked = framing == HTTP_FRAMING_CHUNKED;
    client->state = CLIENT_EVENTS;
    viewer_allow(client, EVENTS_SILENCE_NS, true);
}

/* The stream is open; what goes wrong now ends it. */
static void events_open(struct web_client *client, const struct events_wish *wish)
{
    struct live *live = client->web->config.live;
    client->viewer = events_return(client, client->exchange.request);
    if (client->viewer != NULL)
        return;
    enum err err =
        live_viewer_open(live, client->exchange.principal, &events_sink, client, &client->viewer);
    if (err == OK) {
        live_viewer_pace(client->viewer, (int64_t)wish->pace_ms * NS_PER_MS);
        if (live_viewer_subscribe(live, client->viewer, wish->matches, wish->count) == NULL)
            return;
    } else {
        client->viewer = NULL;
    }
    client->closing = true; /* nobody comes back to it */
    viewer_gone(client);
    events_put_text(client, "event: error\ndata: {\"op\":\"error\",\"code\":\"viewers\","
                            "\"detail\":\"no room for this viewer: see http.viewers and "
                            "http.live_points\"}\n\n");
    events_close(client);
    client->last = true;
}

enum handled handle_events(struct exchange *exchange)
{
    struct web_client *client = exchange->client;
    if (client->web->stopping)
        return answer_problem(exchange, 503, "viewers", NULL, "the server stops: come back later");
    struct events_wish *wish = calloc(1, sizeof *wish);
    if (wish == NULL)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory for a viewer");
    if (events_wish_read(exchange, wish)) {
        if (exchange->request->verb == HTTP_VERB_HEAD) {
            exchange_send(exchange, 200, "text/event-stream", bytes_of(NULL, 0));
        } else if (viewer_count(exchange)) {
            events_begin(exchange);
            events_open(client, wish);
        }
    }
    free(wish);
    return HANDLED;
}

/* ---- what comes in -------------------------------------------------------------------------- */
static bool socket_step(struct web_client *client, const struct websocket_step *step)
{
    const struct web_link *link = client->link; /* live may end the client meanwhile */
    switch (step->event) {
    case WEBSOCKET_TEXT:
    case WEBSOCKET_BINARY:
        if (client->viewer != NULL)
            live_viewer_receive(client->web->config.live, &client->viewer, step->payload);
        return !link->over;
    case WEBSOCKET_PING:
        client_put(client, step->reply);
        client_flush(client);
        return true;
    case WEBSOCKET_CLOSE:
    case WEBSOCKET_FAULT:
        if (!client->closing)
            client_put(client, step->reply);
        client->closing = true;
        client_end(client, step->event == WEBSOCKET_CLOSE ? WEB_CAUSE_DONE : WEB_CAUSE_FAULT);
        return false;
    default:
        return true;
    }
}

enum web_feed viewer_feed(struct web_client *client, struct bytes bytes, size_t *ret_used)
{
    struct web_link *link = client->link;
    client->pinged = false;
    *ret_used = 0;
    if (client->state == CLIENT_EVENTS) { /* it has nothing more to say */
        *ret_used = bytes.size;
        return WEB_MORE;
    }
    for (;;) {
        struct websocket_step step = websocket_decoder_feed(
            client->socket, bytes_of(bytes.at + *ret_used, bytes.size - *ret_used));
        *ret_used += step.used;
        if (step.event == WEBSOCKET_MORE || step.event == WEBSOCKET_OVER)
            return WEB_MORE;
        if (!socket_step(client, &step) || link->over)
            return link->over ? WEB_END : WEB_MORE;
    }
}

/* ---- the end -------------------------------------------------------------------------------- */
void viewer_gone(struct web_client *client)
{
    struct viewer *viewer = client->viewer;
    client->viewer = NULL;
    if (viewer != NULL)
        live_viewer_detach(client->web->config.live, viewer, !client->closing);
}

/* A peer that was asked and has neither said nor taken anything since is gone. */
void viewer_silent(struct web_client *client)
{
    size_t unsent = client_backlog(client);
    bool stuck = unsent > 0 && client->unsent_before > 0 && unsent >= client->unsent_before;
    if (stuck || (client->state == CLIENT_SOCKET && client->pinged)) {
        client_end(client, stuck ? WEB_CAUSE_SLOW : WEB_CAUSE_SILENT);
        return;
    }
    client->unsent_before = unsent;
    if (client->state == CLIENT_EVENTS) {
        if (unsent == 0)
            events_put_text(client, ":\n\n");
        viewer_allow(client, EVENTS_SILENCE_NS, true);
        return;
    }
    client->pinged = true;
    socket_send(client, WEBSOCKET_OPCODE_PING, bytes_of(NULL, 0));
    viewer_allow(client, SOCKET_SILENCE_NS, false);
}

void viewer_unchoked(struct web_client *client)
{
    live_viewer_ready(client->web->config.live, client->viewer);
}

void viewer_stop(struct web_client *client)
{
    if (client->state == CLIENT_EVENTS)
        events_close(client);
    else
        socket_close(client, WEBSOCKET_GOING_AWAY, "the server stops: come back later");
    client_end(client, WEB_CAUSE_STOP);
}
