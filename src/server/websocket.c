/* MQTT over WebSocket (MQTT 5 and 3.1.1, section 6): binary frames around the stream that the
 * broker is fed on a plain socket.
 *
 *   connection.c --bytes--> decoder --pieces--> packets --whole packets--> broker_feed
 *   broker's port --packet--> head and packet in the shared write buffer --> connection.c
 *
 * Borders of messages mean nothing [MQTT-6.0.0-4]: what the broker leaves of a piece is kept here
 * until more comes, or until it may be fed again. A whole frame is never kept: the decoder gives
 * its bytes as they come. Each packet goes out as a frame of its own. */
#include "server/room.h"

#include <stdlib.h>
#include <string.h>

/* The decoder's own, for the budget. */
#define DECODER_BYTES ((size_t)5 << 10)

struct websocket_session {
    struct websocket_decoder *decoder;
    struct buffer packets; /* of MQTT: an unfinished one, or what must wait */
    size_t wanted;         /* bytes of the unfinished packet in all; 0: not known */
    size_t head;           /* reserved before the room that was given last */
    bool closed;           /* a close frame was sent */
};

static struct budget *session_memory(struct server *server)
{
    return server->doors[DOOR_MQTT].memory;
}

static void session_free(struct server *server, struct connection *c)
{
    struct websocket_session *session = c->session;
    c->session = NULL;
    if (!session)
        return;
    websocket_decoder_destroy(session->decoder);
    free(session->packets.at);
    budget_give(session_memory(server),
                sizeof *session + DECODER_BYTES + session->packets.capacity);
    free(session);
}

static struct websocket_session *session_create(struct server *server)
{
    /* Frames of any length may carry MQTT: what a client can make us hold is its packet's length,
     * which the broker judges. */
    struct websocket_limits limits = {.message_bytes = UINT32_MAX, .streams = true};
    struct budget *memory = session_memory(server);
    struct websocket_session *session = NULL;
    if (!budget_take(memory, sizeof *session + DECODER_BYTES))
        return NULL;
    session = calloc(1, sizeof *session);
    if (session && websocket_decoder_create(&limits, &session->decoder) == OK)
        return session;
    free(session);
    budget_give(memory, sizeof *session + DECODER_BYTES);
    return NULL;
}

/* ---- frames out
 * -------------------------------------------------------------------------------------- */
static size_t frame_head_bytes(size_t size)
{
    return size <= 125 ? 2 : size <= UINT16_MAX ? 4 : WEBSOCKET_HEAD_MAX;
}

uint8_t *websocket_room(struct server *server, struct connection *c, size_t size)
{
    struct websocket_session *session = c->session;
    size_t head = frame_head_bytes(size);
    uint8_t *at = connection_room(server, c, size + head);
    if (session)
        session->head = head;
    return at + head;
}

/* The head was reserved for the most that could have come. */
void websocket_room_used(struct server *server, struct connection *c, size_t used)
{
    struct websocket_session *session = c->session;
    uint8_t head[WEBSOCKET_HEAD_MAX];
    if (used == 0 || !session)
        return;
    size_t size = websocket_head_put(head, WEBSOCKET_OPCODE_BINARY, true, used);
    uint8_t *at = server->write_buffer + server->write_size;
    check(size <= session->head);
    if (size < session->head)
        memmove(at + size, at + session->head, used);
    memcpy(at, head, size);
    connection_room_used(server, size + used);
}

void websocket_put(struct server *server, struct connection *c, struct bytes bytes)
{
    uint8_t head[WEBSOCKET_HEAD_MAX];
    size_t size = websocket_head_put(head, WEBSOCKET_OPCODE_BINARY, true, bytes.size);
    if (bytes.size == 0 || !c->session)
        return;
    connection_put(server, c, bytes_of(head, size));
    connection_put(server, c, bytes);
}

/* ---- the end
 * ----------------------------------------------------------------------------------------- */
static enum websocket_code close_code(enum cause cause)
{
    switch (cause) {
    case CAUSE_GOODBYE:
        return WEBSOCKET_NORMAL;
    case CAUSE_STOP:
        return WEBSOCKET_GOING_AWAY;
    case CAUSE_MALFORMED:
    case CAUSE_PROTOCOL:
        return WEBSOCKET_PROTOCOL_ERROR;
    case CAUSE_PACKET_SIZE:
        return WEBSOCKET_TOO_BIG;
    case CAUSE_MEMORY:
    case CAUSE_TOO_MANY:
    case CAUSE_LOST:
        return WEBSOCKET_TRY_LATER;
    default:
        return WEBSOCKET_POLICY;
    }
}

static void close_send(struct server *server, struct connection *c, enum websocket_code code,
                       const char *reason)
{
    uint8_t frame[2 + WEBSOCKET_CONTROL_MAX];
    size_t size = websocket_close_put(frame, sizeof frame, code, reason);
    connection_put(server, c, bytes_of(frame, size));
}

void websocket_close(struct server *server, struct connection *c, enum cause cause)
{
    struct websocket_session *session = c->session;
    if (session && !session->closed && !connection_is_over(c)) {
        session->closed = true;
        close_send(server, c, close_code(cause), cause == CAUSE_GOODBYE ? "" : cause_text(cause));
    }
    connection_end(server, c, cause);
}

/* The other side ended the WebSocket, or broke its rules: the broker is not asked. */
static enum feed websocket_over(struct server *server, struct connection *c,
                                const struct websocket_step *step)
{
    struct websocket_session *session = c->session;
    uint64_t suppressed;
    session->closed = true;
    connection_put(server, c, step->reply);
    if (step->event == WEBSOCKET_FAULT &&
        log_ration_take(&server->doors[DOOR_MQTT].faults, server->now_ns, 10, &suppressed))
        log_warn("mqtt", "closing %s: WebSocket: %s", c->peer, step->reason);
    connection_end(server, c, step->event == WEBSOCKET_FAULT ? CAUSE_PROTOCOL : CAUSE_GONE);
    return FEED_END;
}

/* ---- packets in
 * -------------------------------------------------------------------------------------- */
static bool packets_keep(struct server *server, struct websocket_session *session,
                         struct bytes bytes)
{
    struct buffer *packets = &session->packets;
    size_t size = packets->size + bytes.size;
    if (size > packets->capacity) {
        size_t most = session->wanted > size ? session->wanted : size;
        size_t capacity = size * 2 < most ? size * 2 : most;
        if (!budget_take(session_memory(server), capacity - packets->capacity))
            return false;
        uint8_t *at = realloc(packets->at, capacity);
        if (!at) {
            budget_give(session_memory(server), capacity - packets->capacity);
            return false;
        }
        packets->at = at;
        packets->capacity = capacity;
    }
    memcpy(packets->at + packets->size, bytes.at, bytes.size);
    packets->size = size;
    return true;
}

static void packets_drop(struct server *server, struct websocket_session *session, size_t used)
{
    struct buffer *packets = &session->packets;
    packets->size -= used;
    if (packets->size > 0) {
        memmove(packets->at, packets->at + used, packets->size);
        return;
    }
    free(packets->at);
    budget_give(session_memory(server), packets->capacity);
    *packets = (struct buffer){.at = NULL};
}

static enum feed packets_too_much(struct server *server, struct connection *c)
{
    broker_too_much(server->broker, &c->mqtt);
    return FEED_END;
}

/* The kept bytes to the broker, once they are a whole packet as far as is known. */
static enum feed packets_feed_kept(struct server *server, struct connection *c)
{
    struct websocket_session *session = c->session;
    struct buffer *packets = &session->packets;
    size_t used = 0, wanted = 0;
    if (packets->size == 0 || packets->size < session->wanted)
        return FEED_MORE;
    enum feed feed =
        mqtt_feed_broker(server, c, bytes_of(packets->at, packets->size), &used, &wanted);
    if (feed == FEED_END || connection_is_over(c))
        return FEED_END; /* and the session is no more */
    packets_drop(server, session, used);
    session->wanted = feed == FEED_MORE ? wanted : 0;
    return feed;
}

/* A piece of the stream. */
static enum feed packets_feed(struct server *server, struct connection *c, struct bytes piece)
{
    struct websocket_session *session = c->session;
    size_t used = 0, wanted = 0;
    if (session->packets.size > 0)
        return packets_keep(server, session, piece) ? packets_feed_kept(server, c)
                                                    : packets_too_much(server, c);
    enum feed feed = mqtt_feed_broker(server, c, piece, &used, &wanted);
    if (feed == FEED_END || connection_is_over(c))
        return FEED_END;
    session->wanted = feed == FEED_MORE ? wanted : 0;
    if (used < piece.size &&
        !packets_keep(server, session, bytes_of(piece.at + used, piece.size - used)))
        return packets_too_much(server, c);
    return feed;
}

/* ---- the protocol
 * ------------------------------------------------------------------------------------ */
static enum feed websocket_feed(struct server *server, struct connection *c, struct bytes bytes,
                                size_t *ret_used, size_t *ret_wanted)
{
    struct websocket_session *session = c->session;
    *ret_wanted = 0; /* what is unfinished is kept here */
    enum feed feed = packets_feed_kept(server, c);
    while (feed == FEED_MORE) {
        struct websocket_step step = websocket_decoder_feed(
            session->decoder, bytes_of(bytes.at + *ret_used, bytes.size - *ret_used));
        *ret_used += step.used;
        switch (step.event) {
        case WEBSOCKET_PIECE:
            feed = packets_feed(server, c, step.payload);
            break;
        case WEBSOCKET_PING:
            connection_put(server, c, step.reply);
            break;
        case WEBSOCKET_PONG:
            break;
        case WEBSOCKET_MORE:
            return FEED_MORE;
        default:
            return websocket_over(server, c, &step);
        }
        if (connection_is_over(c))
            return FEED_END;
    }
    return feed;
}

static void websocket_gone(struct server *server, struct connection *c)
{
    broker_gone(server->broker, &c->mqtt);
    c->mqtt.principal = NULL;
    web_forget(&c->web);
    session_free(server, c);
}

static void websocket_silent(struct server *server, struct connection *c)
{
    broker_silent(server->broker, &c->mqtt);
}

static void websocket_too_much(struct server *server, struct connection *c)
{
    broker_too_much(server->broker, &c->mqtt);
}

static void websocket_unchoked(struct server *server, struct connection *c)
{
    broker_unchoked(server->broker, &c->mqtt);
}

const struct protocol websocket_protocol = {
    .door = DOOR_MQTT,
    .opened = mqtt_opened,
    .feed = websocket_feed,
    .gone = websocket_gone,
    .silent = websocket_silent,
    .too_much = websocket_too_much,
    .unchoked = websocket_unchoked,
    .out_limit = BROKER_UNSENT,
    .keeps = true,
};

/* The handshake was answered: who may not come in is told in a frame. */
enum feed websocket_begin(struct server *server, struct connection *c, struct bytes bytes,
                          size_t *ret_used, size_t *ret_wanted)
{
    struct door *mqtt = &server->doors[DOOR_MQTT];
    bool room = mqtt->connections < server->settings.mqtt_connections;
    struct websocket_session *session = room ? session_create(server) : NULL;
    c->session = session;
    c->web.taken = true;
    if (!session || !connection_move(server, c, &websocket_protocol)) {
        session_free(server, c);
        mqtt->counters.turned_away++;
        close_send(server, c, WEBSOCKET_TRY_LATER,
                   cause_text(room ? CAUSE_MEMORY : CAUSE_TOO_MANY));
        connection_end(server, c, room ? CAUSE_MEMORY : CAUSE_TOO_MANY);
        return FEED_END;
    }
    mqtt->counters.accepted++;
    c->mqtt.principal = web_principal(&c->web);
    mqtt_opened(server, c);
    return websocket_feed(server, c, bytes, ret_used, ret_wanted);
}
