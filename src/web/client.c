/* A connection while it has something under way: bytes become requests, and requests answers.
 *
 * Between two requests a connection holds nothing here: a client is taken from the spare ones with
 * the first byte of a head, and given back when its answer is out. */
#include "web/exchange.h"
#include "web/write.h"

#include <stdlib.h>
#include <string.h>

#define CLIENT_BYTES ((size_t)64 << 10) /* what a client with its decoder counts for */
#define REQUESTS_A_TURN 64              /* pipelined, before others are served */
#define REQUESTS_NS (500 * NS_PER_US)   /* or, when they are dear, for this long and one more */
#define BODY_FIRST 4096
#define BODY_RENEWED ((size_t)64 << 10) /* bytes of a body that earn it http.body_time anew */

enum allowed {
    ALLOWED_NONE,
    ALLOWED_FIRST,
    ALLOWED_IDLE,
    ALLOWED_HEAD,
    ALLOWED_BODY,
    ALLOWED_UNREAD, /* more answers wait than are held for one that does not read */
    ALLOWED_ANY
};

/* ---- bytes out ------------------------------------------------------------------------------ */
size_t client_backlog(const struct web_client *client)
{
    const struct web *web = client->web;
    return web->config.port->unsent(web->config.arg, client->link);
}

void client_put(struct web_client *client, struct bytes bytes)
{
    client->web->config.port->put(client->web->config.arg, client->link, bytes);
}

void client_flush(struct web_client *client)
{
    client->web->config.port->flush(client->web->config.arg, client->link);
}

/* ---- time ----------------------------------------------------------------------------------- */
static void link_allow(struct web *web, struct web_link *link, enum allowed allowed)
{
    const struct settings *settings = web->config.settings;
    int64_t times[] = {
        [ALLOWED_FIRST] = settings->http_head_time,  [ALLOWED_IDLE] = settings->http_idle_time,
        [ALLOWED_HEAD] = settings->http_head_time,   [ALLOWED_BODY] = settings->http_body_time,
        [ALLOWED_UNREAD] = settings->http_body_time, [ALLOWED_ANY] = 0};
    if (link->allowed == allowed && allowed != ALLOWED_BODY)
        return;
    link->allowed = (uint8_t)allowed;
    web->config.port->allow_silence(web->config.arg, link, times[allowed],
                                    allowed == ALLOWED_FIRST || allowed == ALLOWED_HEAD ||
                                        allowed == ALLOWED_BODY);
}

void client_allow_answer(struct web_client *client, bool unread)
{
    link_allow(client->web, client->link, unread ? ALLOWED_UNREAD : ALLOWED_ANY);
}

/* Between two requests: for the next one, or for its answers to be taken. */
static void link_allow_next(struct web *web, struct web_link *link)
{
    bool unread = web->config.port->unsent(web->config.arg, link) > WEB_UNSENT;
    link_allow(web, link, unread ? ALLOWED_UNREAD : ALLOWED_IDLE);
}

/* ---- slots ---------------------------------------------------------------------------------- */
static bool slot_take(struct web *web, struct web_client *client)
{
    if (web->slots_free_count > 0) {
        client->slot = web->slots_free[--web->slots_free_count];
    } else {
        if (web->slot_count == EXCHANGE_SLOTS_MAX)
            return false;
        if (web->slot_count == web->slot_capacity) {
            uint32_t capacity = web->slot_capacity == 0 ? 64 : web->slot_capacity * 2;
            struct web_client **slots = realloc(web->slots, capacity * sizeof(struct web_client *));
            if (slots != NULL)
                web->slots = slots;
            uint32_t *slots_free = realloc(web->slots_free, capacity * sizeof *slots_free);
            if (slots_free != NULL)
                web->slots_free = slots_free;
            if (slots == NULL || slots_free == NULL)
                return false;
            web->slot_capacity = capacity;
        }
        client->slot = web->slot_count++;
    }
    client->generation = ++web->generation;
    web->slots[client->slot] = client;
    return true;
}

struct web_client *client_find(struct web *web, uint32_t slot, uint32_t generation)
{
    struct web_client *client = slot < web->slot_count ? web->slots[slot] : NULL;
    return client != NULL && (client->generation & EXCHANGE_GENERATIONS) == generation ? client
                                                                                       : NULL;
}

/* ---- clients -------------------------------------------------------------------------------- */
static struct web_client *client_create(struct web *web)
{
    struct http_limits limits = http_limits_default();
    limits.body_bytes = limits.inflated_bytes = UINT64_MAX / 2; /* http.body is asked each time */
    if (!budget_take(web->config.memory, CLIENT_BYTES))
        return NULL;
    struct web_client *client = calloc(1, sizeof *client);
    if (client == NULL || http_decoder_create(&limits, &client->decoder) != OK) {
        free(client);
        budget_give(web->config.memory, CLIENT_BYTES);
        return NULL;
    }
    client->web = web;
    exchange_init(&client->exchange, web, client);
    link_init(&client->all);
    return client;
}

void client_destroy(struct web_client *client)
{
    struct web *web = client->web;
    link_take(&client->all);
    exchange_done(&client->exchange);
    http_decoder_destroy(client->decoder);
    budget_give(web->config.memory, CLIENT_BYTES + client->body_capacity);
    free(client->body);
    free(client);
}

static struct web_client *client_take(struct web *web, struct web_link *link)
{
    struct web_client *client;
    if (web->spare_count > 0) {
        client = LINK_OWNER(web->spare.previous, struct web_client, all);
        link_take(&client->all);
        web->spare_count--;
    } else {
        client = client_create(web);
        if (client == NULL)
            return NULL;
    }
    if (!slot_take(web, client)) {
        client_destroy(client);
        return NULL;
    }
    client->link = link;
    client->state = CLIENT_HEAD;
    client->last = web->stopping;
    link->client = client;
    link_put(&web->clients, &client->all);
    return client;
}

/* The connection forgets its client, which is kept for another or freed. */
static void client_leave(struct web_client *client)
{
    struct web *web = client->web;
    viewer_uncount(client);
    exchange_clear(&client->exchange);
    web->slots[client->slot] = NULL;
    web->slots_free[web->slots_free_count++] = client->slot;
    client->link->client = NULL;
    client->link = NULL;
    link_take(&client->all);
    websocket_decoder_destroy(client->socket);
    client->socket = NULL;
    client->viewer = NULL;
    client->pinged = client->closing = client->chunked = client->taken = false;
    client->unsent_before = 0;
    budget_give(web->config.memory, client->body_capacity);
    free(client->body);
    client->body = NULL;
    client->body_size = client->body_capacity = client->body_renewed = 0;
    client->streamed = TAKEN;
    if (web->spare_count == WEB_SPARE_MAX) {
        client_destroy(client);
        return;
    }
    http_decoder_reset(client->decoder);
    link_put(&web->spare, &client->all);
    web->spare_count++;
}

void client_end(struct web_client *client, enum web_cause cause)
{
    struct web *web = client->web;
    struct web_link *link = client->link;
    if (client->viewer != NULL)
        viewer_gone(client);
    client_leave(client);
    link->over = true;
    web->counters.closed[cause]++;
    web->config.port->end(web->config.arg, link, cause);
}

/* The answer is out. Within web_feed the caller goes on; else what waits is fed again. */
void client_answered(struct web_client *client)
{
    struct web *web = client->web;
    struct web_link *link = client->link;
    if (client->taken) {
        client_flush(client);
        client_leave(client);
        link->taken = true;
        web->counters.connections--;
        return;
    }
    if (client->last && client->viewer == NULL) { /* a stream lasts as long as its viewer */
        client_end(client, WEB_CAUSE_DONE);
        return;
    }
    client_flush(client);
    if (client->state == CLIENT_SOCKET || client->state == CLIENT_EVENTS) {
        link->allowed = ALLOWED_ANY;
        return;
    }
    bool waited = client->state == CLIENT_ANSWER;
    exchange_clear(&client->exchange);
    client->body_size = client->body_renewed = 0;
    client->state = CLIENT_HEAD;
    if (!waited)
        return;
    link_allow_next(web, link);
    client_leave(client);
    web->config.port->resume(web->config.arg, link);
}

/* ---- bodies --------------------------------------------------------------------------------- */
static bool body_grow(struct web_client *client, size_t size)
{
    size_t capacity = client->body_capacity == 0 ? BODY_FIRST : client->body_capacity;
    while (capacity < size)
        capacity *= 2;
    if (capacity == client->body_capacity)
        return true;
    if (!budget_take(client->web->config.memory, capacity - client->body_capacity))
        return false;
    uint8_t *body = realloc(client->body, capacity);
    if (body == NULL) {
        budget_give(client->web->config.memory, capacity - client->body_capacity);
        return false;
    }
    client->body = body;
    client->body_capacity = capacity;
    return true;
}

static bool body_take(struct web_client *client, struct bytes piece)
{
    if (!body_grow(client, client->body_size + piece.size)) {
        client->last = true;
        answer_problem(&client->exchange, 503, "memory", NULL,
                       "there is no memory for this body now (setting http.memory): send less at "
                       "once, or later");
        client_answered(client);
        return false;
    }
    memcpy(client->body + client->body_size, piece.at, piece.size);
    client->body_size += piece.size;
    return true;
}

/* A piece of a body that is taken as it comes, or nothing: what was left of it. */
static void body_stream(struct web_client *client, struct bytes piece)
{
    client->body_size += piece.size; /* so that it earns its time, as one that is gathered */
    client->streamed = (uint8_t)write_take(&client->exchange, piece);
}

/* ---- bytes in ------------------------------------------------------------------------------- */
static void feed_fault(struct web_client *client, enum http_fault fault)
{
    client->web->counters.faults++;
    client->last = true;
    struct exchange *exchange = &client->exchange;
    if (client->state == CLIENT_HEAD) { /* half a head is nothing to answer to */
        exchange->request = NULL;
        exchange->began_ns = client->web->config.clock->boot_ns(client->web->config.clock);
    }
    answer_problem(exchange, http_fault_status(fault), "http", NULL, "%s", http_fault_text(fault));
    client_end(client, WEB_CAUSE_FAULT);
}

/* The head was judged. False: it was answered, and the connection ends. */
static bool head_judged(struct web_client *client, bool wanted)
{
    const struct http_request *request = client->exchange.request;
    if (!wanted) {
        if (!client->last) {
            client->state = CLIENT_BODY; /* the end comes without any */
            return true;
        }
        client_end(client, WEB_CAUSE_DONE);
        return false;
    }
    client->last = client->last_wanted;
    client->state = CLIENT_BODY;
    if (request->awaits_continue)
        client_put(client, bytes_text(HTTP_CONTINUE));
    return true;
}

/* A head is there. */
static bool feed_head(struct web_client *client)
{
    const struct http_request *request = http_decoder_request(client->decoder);
    client->last_wanted = client->last;
    client->last = client->last || request->has_body; /* nobody reads the body of what is refused */
    enum begun begun = exchange_begin(&client->exchange, request);
    if (begun == BEGUN_ENTERS) {
        client->state = CLIENT_ENTERS;
        return true;
    }
    return head_judged(client, begun == BEGUN);
}

void client_entered(struct web_client *client)
{
    struct web *web = client->web;
    struct web_link *link = client->link;
    check(client->state == CLIENT_ENTERS);
    client->state = CLIENT_HEAD;
    if (head_judged(client, exchange_admit(&client->exchange)))
        web->config.port->resume(web->config.arg, link);
}

/* One step of the decoder. False: stop, client->link may be over. */
static bool feed_step(struct web_client *client, const struct http_step *step)
{
    switch (step->event) {
    case HTTP_STEP_MORE:
        return true;
    case HTTP_STEP_HEAD:
        return feed_head(client);
    case HTTP_STEP_BODY:
        if (!write_is_route(client->exchange.route))
            return body_take(client, step->body);
        body_stream(client, step->body);
        return true;
    case HTTP_STEP_FAULT:
        feed_fault(client, step->fault);
        return false;
    case HTTP_STEP_END:
        if (client->exchange.answered) {
            client_answered(client);
        } else {
            exchange_run(&client->exchange,
                         bytes_of(client->body, client->body == NULL ? 0 : client->body_size));
        }
        return true;
    }
    return false;
}

/* Time limits are moved only when a feed ends within a message: whole requests cost nothing. */
static void feed_time(struct web *web, struct web_link *link)
{
    struct web_client *client = link->client;
    if (client == NULL || (client->state == CLIENT_HEAD && http_decoder_is_idle(client->decoder)))
        link_allow_next(web, link);
    else if (client->state == CLIENT_HEAD)
        link_allow(web, link, ALLOWED_HEAD);
    else if (client->state == CLIENT_BODY &&
             (link->allowed != ALLOWED_BODY ||
              client->body_size - client->body_renewed >= BODY_RENEWED)) {
        client->body_renewed = client->body_size;
        link_allow(web, link, ALLOWED_BODY);
    }
}

static enum web_feed feed_over(struct web *web, struct web_link *link)
{
    struct web_client *client = link->client;
    feed_time(web, link);
    if (client != NULL && client->state == CLIENT_HEAD && http_decoder_is_idle(client->decoder))
        client_leave(client);
    return WEB_MORE;
}

static enum web_feed feed_no_client(struct web *web, struct web_link *link)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                                 "Connection: close\r\nRetry-After: 1\r\n\r\n";
    link->over = true;
    web->config.port->put(web->config.arg, link, bytes_text(answer));
    web->counters.closed[WEB_CAUSE_MEMORY]++;
    web->config.port->end(web->config.arg, link, WEB_CAUSE_MEMORY);
    return WEB_END;
}

/* What a state other than reading requests makes of bytes; WEB_MORE: it is a matter of requests. */
static bool feed_elsewhere(struct web_client *client, struct bytes bytes, size_t *ret_used,
                           enum web_feed *ret_feed)
{
    size_t used = 0;
    switch (client->state) {
    case CLIENT_ENTERS:
        link_allow(client->web, client->link, ALLOWED_ANY);
        *ret_feed = WEB_HOLD;
        return true;
    case CLIENT_ANSWER:
        *ret_feed = WEB_HOLD;
        return true;
    case CLIENT_SOCKET:
    case CLIENT_EVENTS:
        *ret_feed =
            viewer_feed(client, bytes_of(bytes.at + *ret_used, bytes.size - *ret_used), &used);
        *ret_used += used;
        return true;
    default:
        return false;
    }
}

/* What is left of a body's piece goes first. True: it, or what came now, has to wait. */
static bool feed_streams(struct web_client *client, enum web_feed *ret_feed)
{
    struct web_link *link = client->link;
    if (client->streamed == TAKEN)
        return false;
    feed_time(client->web, link);
    link->turn = client->streamed == TAKEN_TURN;
    *ret_feed = client->streamed == TAKEN_TURN ? WEB_HOLD : WEB_FULL;
    return true;
}

struct turn_of_requests {
    unsigned requests;
    int64_t began_ns;
};
/* A request was answered. Time is that at which requests began, which was asked anyway. */
static bool turn_is_full(struct turn_of_requests *turn, const struct web_client *client)
{
    int64_t began_ns = client->exchange.began_ns;
    if (turn->requests++ == 0)
        turn->began_ns = began_ns;
    return turn->requests == REQUESTS_A_TURN || began_ns - turn->began_ns >= REQUESTS_NS;
}

/* A body that is taken as it comes may do so much in one turn; it begins with what it left. */
static void feed_turn(struct web_client *client)
{
    if (client == NULL || client->state != CLIENT_BODY || client->exchange.answered ||
        client->exchange.route == NULL || !write_is_route(client->exchange.route))
        return;
    write_turn(&client->exchange);
    if (client->streamed != TAKEN)
        body_stream(client, bytes_of(NULL, 0));
}

enum web_feed web_feed(struct web *web, struct web_link *link, struct bytes bytes, size_t *ret_used)
{
    struct turn_of_requests turn = {.requests = 0};
    enum web_feed feed;
    *ret_used = 0;
    link->turn = false;
    feed_turn(link->client);
    for (;;) {
        if (link->over)
            return WEB_END;
        struct web_client *client = link->client;
        if (client == NULL && *ret_used == bytes.size)
            return feed_over(web, link);
        if (turn.requests > 0 && web->config.port->unsent(web->config.arg, link) > WEB_UNSENT) {
            link_allow(web, link, ALLOWED_UNREAD);
            return WEB_HOLD; /* fed again when it has taken its answers */
        }
        if (client == NULL && (client = client_take(web, link)) == NULL)
            return feed_no_client(web, link);
        if (feed_elsewhere(client, bytes, ret_used, &feed) || feed_streams(client, &feed))
            return feed;
        struct http_step step = http_decoder_feed(
            client->decoder, bytes_of(bytes.at + *ret_used, bytes.size - *ret_used));
        *ret_used += step.used;
        bool ends = step.event == HTTP_STEP_END;
        if (ends && !client->exchange.answered)
            client->state = CLIENT_BODY;
        if (!feed_step(client, &step))
            return link->over ? WEB_END : WEB_MORE;
        if (step.event == HTTP_STEP_MORE)
            return feed_over(web, link);
        if (link->taken) {
            link->taken = false;
            return WEB_MQTT;
        }
        if (!ends || link->over)
            continue;
        if (client->exchange.wait != HANDLED) {
            client->state = CLIENT_ANSWER;
            link_allow(web, link, ALLOWED_ANY);
            return WEB_HOLD;
        }
        if (turn_is_full(&turn, client) && *ret_used < bytes.size) {
            link->turn = true;
            link_allow_next(web, link);
            return WEB_HOLD;
        }
    }
}

/* ---- what happens to a connection ----------------------------------------------------------- */
void web_open(struct web *web, struct web_link *link)
{
    web->counters.connections++;
    link_allow(web, link, ALLOWED_FIRST);
}

void web_gone(struct web *web, struct web_link *link)
{
    struct web_client *client = link->client;
    web->counters.connections -= web->counters.connections > 0;
    web_forget(link);
    if (link->over)
        return;
    link->over = true;
    web->counters.closed[WEB_CAUSE_GONE]++;
    if (client == NULL)
        return;
    if (client->viewer != NULL)
        viewer_gone(client);
    client_leave(client);
}

static void silent_end(struct web *web, struct web_link *link, enum web_cause cause)
{
    link->over = true;
    web->counters.closed[cause]++;
    web->config.port->end(web->config.arg, link, cause);
}

void web_silent(struct web *web, struct web_link *link)
{
    struct web_client *client = link->client;
    if (link->over)
        return;
    if (client == NULL) {
        silent_end(web, link, WEB_CAUSE_SILENT);
        return;
    }
    if (client->state == CLIENT_SOCKET || client->state == CLIENT_EVENTS) {
        viewer_silent(client);
        return;
    }
    /* It was said that any time may pass, or the answer is out already, at the head: it does not
     * read. */
    if (client->state == CLIENT_ANSWER || client->state == CLIENT_ENTERS ||
        client->exchange.answered) {
        client_end(client, WEB_CAUSE_SLOW);
        return;
    }
    client->last = true;
    client->exchange.request = client->state == CLIENT_HEAD ? NULL : client->exchange.request;
    client->exchange.began_ns = web->config.clock->boot_ns(web->config.clock);
    answer_problem(&client->exchange, 408, "slow", NULL,
                   client->state == CLIENT_HEAD
                       ? "the head of a request must be whole within http.head_time"
                       : "the body came too slowly: 64 KiB within http.body_time is the least");
    client_end(client, WEB_CAUSE_SLOW);
}

void web_too_much(struct web *web, struct web_link *link)
{
    if (link->over)
        return;
    if (link->client != NULL)
        client_end(link->client, WEB_CAUSE_MEMORY);
    else
        silent_end(web, link, WEB_CAUSE_MEMORY);
}

void web_unchoked(struct web *web, struct web_link *link)
{
    if (link->client != NULL && link->client->viewer != NULL)
        viewer_unchoked(link->client);
    else if (link->client != NULL && link->client->exchange.wait == HANDLED_ASK)
        exchange_resume(&link->client->exchange);
    else if (link->allowed == ALLOWED_UNREAD)
        link_allow(web, link, ALLOWED_IDLE);
}
