/* HTTP over a connection of ours: the web's port, and its side of the protocol. What is subtle:
 * after the handshake of MQTT over WebSocket the web has forgotten the connection, and websocket.c
 * goes on with it. */
#include "server/room.h"

static struct connection *connection_of(struct web_link *link)
{
    return LINK_OWNER(link, struct connection, web);
}

/* ---- from the web ---- */
static uint8_t *port_room(void *arg, struct web_link *link, size_t size)
{
    return connection_room(arg, connection_of(link), size);
}

static void port_used(void *arg, struct web_link *link, size_t used)
{
    (void)link;
    connection_room_used(arg, used);
}

static void port_put(void *arg, struct web_link *link, struct bytes bytes)
{
    connection_put(arg, connection_of(link), bytes);
}

static void port_flush(void *arg, struct web_link *link)
{
    (void)link;
    connection_flush(arg);
}

static size_t port_unsent(void *arg, struct web_link *link)
{
    const struct connection *c = connection_of(link);
    (void)arg;
    return c->broken ? SIZE_MAX : c->out.size;
}

/* The web counts its ends itself; here they are only told from a socket that failed. */
static void port_end(void *arg, struct web_link *link, enum web_cause cause)
{
    static const enum cause causes[WEB_CAUSES] = {
        [WEB_CAUSE_DONE] = CAUSE_GOODBYE,   [WEB_CAUSE_GONE] = CAUSE_GONE,
        [WEB_CAUSE_SILENT] = CAUSE_GOODBYE, [WEB_CAUSE_SLOW] = CAUSE_GOODBYE,
        [WEB_CAUSE_FAULT] = CAUSE_PROTOCOL, [WEB_CAUSE_MEMORY] = CAUSE_MEMORY,
        [WEB_CAUSE_STOP] = CAUSE_STOP};
    connection_end(arg, connection_of(link), causes[cause]);
}

static void port_resume(void *arg, struct web_link *link)
{
    connection_resume(arg, connection_of(link));
}

static void port_allow_silence(void *arg, struct web_link *link, int64_t allowed_ns, bool fixed)
{
    connection_allow_silence(arg, connection_of(link), allowed_ns, fixed);
}

const struct web_port http_port = {
    .room = port_room,
    .used = port_used,
    .put = port_put,
    .flush = port_flush,
    .unsent = port_unsent,
    .end = port_end,
    .resume = port_resume,
    .allow_silence = port_allow_silence,
};

/* ---- to the web ---- */
static void http_opened(struct server *server, struct connection *c)
{
    web_open(server->web, &c->web);
}

static enum feed http_feed(struct server *server, struct connection *c, struct bytes bytes,
                           size_t *ret_used, size_t *ret_wanted)
{
    *ret_wanted = 0; /* the web itself keeps what is unfinished */
    switch (web_feed(server->web, &c->web, bytes, ret_used)) {
    case WEB_MORE:
        return FEED_MORE;
    case WEB_FULL:
        return FEED_FULL;
    case WEB_HOLD:
        return FEED_HOLD;
    case WEB_MQTT:
        break;
    default:
        return FEED_END;
    }
    size_t used = 0;
    enum feed feed = websocket_begin(
        server, c, bytes_of(bytes.at + *ret_used, bytes.size - *ret_used), &used, ret_wanted);
    *ret_used += used;
    return feed;
}

static void http_gone(struct server *server, struct connection *c)
{
    if (c->web.taken) /* the web has forgotten it */
        return;
    if (c->broken && c->broken_cause == CAUSE_MEMORY)
        web_too_much(server->web, &c->web); /* so that it is counted as what it is */
    web_gone(server->web, &c->web);
}

static void http_silent(struct server *server, struct connection *c)
{
    web_silent(server->web, &c->web);
}

static void http_too_much(struct server *server, struct connection *c)
{
    web_too_much(server->web, &c->web);
}

static void http_unchoked(struct server *server, struct connection *c)
{
    web_unchoked(server->web, &c->web);
}

const struct protocol http_protocol = {
    .door = DOOR_HTTP,
    .opened = http_opened,
    .feed = http_feed,
    .gone = http_gone,
    .silent = http_silent,
    .too_much = http_too_much,
    .unchoked = http_unchoked,
    .out_limit = WEB_UNSENT,
    .keeps = true,
    .must_read = true,
};
