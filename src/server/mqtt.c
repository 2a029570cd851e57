/* MQTT over a connection of ours: the broker's port, and its side of the protocol. The port is
 * shared with MQTT over WebSocket: the connection knows whether it frames. */
#include "server/room.h"

static struct connection *connection_of(struct broker_link *link)
{
    return LINK_OWNER(link, struct connection, mqtt);
}

static bool is_framed(const struct connection *c)
{
    return c->protocol == &websocket_protocol;
}

/* ---- from the broker ---- */
static uint8_t *port_room(void *arg, struct broker_link *link, size_t size)
{
    struct connection *c = connection_of(link);
    return is_framed(c) ? websocket_room(arg, c, size) : connection_room(arg, c, size);
}

static void port_used(void *arg, struct broker_link *link, size_t used)
{
    struct connection *c = connection_of(link);
    if (is_framed(c))
        websocket_room_used(arg, c, used);
    else
        connection_room_used(arg, used);
}

static void port_put(void *arg, struct broker_link *link, struct bytes bytes)
{
    struct connection *c = connection_of(link);
    if (is_framed(c))
        websocket_put(arg, c, bytes);
    else
        connection_put(arg, c, bytes);
}

static void port_flush(void *arg, struct broker_link *link)
{
    (void)link;
    connection_flush(arg);
}

static size_t port_unsent(void *arg, struct broker_link *link)
{
    const struct connection *c = connection_of(link);
    (void)arg;
    return c->broken ? SIZE_MAX : c->out.size;
}

static void port_end(void *arg, struct broker_link *link, enum cause cause)
{
    struct connection *c = connection_of(link);
    if (is_framed(c))
        websocket_close(arg, c, cause);
    else
        connection_end(arg, c, cause);
}

static void port_resume(void *arg, struct broker_link *link)
{
    connection_resume(arg, connection_of(link));
}

static void port_allow_silence(void *arg, struct broker_link *link, int64_t allowed_ns)
{
    connection_allow_silence(arg, connection_of(link), allowed_ns, false);
}

const struct broker_port mqtt_port = {
    .room = port_room,
    .used = port_used,
    .put = port_put,
    .flush = port_flush,
    .unsent = port_unsent,
    .end = port_end,
    .resume = port_resume,
    .allow_silence = port_allow_silence,
};

/* ---- to the broker ---- */
void mqtt_opened(struct server *server, struct connection *c)
{
    connection_allow_silence(server, c, server->settings.mqtt_connect_time, true);
}

enum feed mqtt_feed_broker(struct server *server, struct connection *c, struct bytes bytes,
                           size_t *ret_used, size_t *ret_wanted)
{
    static const enum feed feeds[] = {[BROKER_MORE] = FEED_MORE,
                                      [BROKER_FULL] = FEED_FULL,
                                      [BROKER_HOLD] = FEED_HOLD,
                                      [BROKER_END] = FEED_END};
    return feeds[broker_feed(server->broker, &c->mqtt, bytes, ret_used, ret_wanted)];
}

static void mqtt_gone(struct server *server, struct connection *c)
{
    broker_gone(server->broker, &c->mqtt);
}

static void mqtt_silent(struct server *server, struct connection *c)
{
    broker_silent(server->broker, &c->mqtt);
}

static void mqtt_too_much(struct server *server, struct connection *c)
{
    broker_too_much(server->broker, &c->mqtt);
}

static void mqtt_unchoked(struct server *server, struct connection *c)
{
    broker_unchoked(server->broker, &c->mqtt);
}

const struct protocol mqtt_protocol = {
    .door = DOOR_MQTT,
    .opened = mqtt_opened,
    .feed = mqtt_feed_broker,
    .gone = mqtt_gone,
    .silent = mqtt_silent,
    .too_much = mqtt_too_much,
    .unchoked = mqtt_unchoked,
    .out_limit = BROKER_UNSENT,
};
