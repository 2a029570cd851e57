/* Connections of TLS until their session is open. A handshake costs a thousand times what a message
 * does: so those whose bytes came stand in a queue, and each round looks at them for a bounded
 * time. Who stands there is not watched, and the time he stands there is ours, not his.
 *
 *   accepted --bytes--> queue --turn--> tls_session_take --more--> watched again; in front next
 * time
 *                                             |--open--> the door's protocol, c->tls stays
 *                                             \--broken--> alert, a line in the log, the end
 *
 * What connection.c needs of an open session is there. */
#include "server/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define FAULT_LINES_MAX 2 /* a second of one listener: hostile clients are many */
/* Handshakes under way at once: each holds TLS_HANDSHAKE_BYTES. Past it, who has kept us waiting
 * for longer than his share makes room, or else the next one waits. */
#define HANDSHAKES_MAX 1024
#define SHARE_NS NS_PER_S
#define FULL_WAIT_NS (10 * NS_PER_MS)

static struct listener *listener_of(struct server *server, const struct connection *c)
{
    return &server->listeners[c->listener];
}

/* ---- when it fails
 * ----------------------------------------------------------------------------------- */
/* A browser that asked http://HOST:8443 sees a sentence. Nobody else would understand one. */
static void handshake_answer_plain(struct server *server, struct connection *c)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
                                 "Content-Length: 43\r\nConnection: close\r\n\r\n"
                                 "This port speaks TLS: ask with https://...\n";
    if (c->protocol->door == DOOR_HTTP)
        connection_send_sealed(server, c, bytes_text(answer));
}

/* Its session goes: what is left of it is an alert on its way. */
static void handshake_drop(struct server *server, struct connection *c)
{
    if (!c->secure || tls_session_is_open(c->secure))
        return;
    tls_session_destroy(c->secure);
    c->secure = NULL;
    server->shaking_count--;
    check(connection_hold_secure(server, c, 0));
}

static void handshake_fail(struct server *server, struct connection *c, enum tls_fault fault)
{
    struct listener *listener = listener_of(server, c);
    const char *detail = c->secure ? tls_session_detail(c->secure) : "";
    uint64_t suppressed;
    listener->faults[fault]++;
    if (fault == TLS_FAULT_GONE || fault == TLS_FAULT_TIME)
        log_debug(listener_name(c->listener), "%s: %s", c->peer, tls_fault_text(fault));
    else if (log_ration_take(&listener->fault_lines, server->now_ns, FAULT_LINES_MAX, &suppressed))
        log_warn(listener_name(c->listener), "closing %s: %s%s%s%s", c->peer, tls_fault_text(fault),
                 detail[0] ? " (" : "", detail, detail[0] ? ")" : "");
    handshake_drop(server, c);
    if (fault == TLS_FAULT_PLAIN)
        handshake_answer_plain(server, c);
    if (fault == TLS_FAULT_GONE || fault == TLS_FAULT_MEMORY)
        connection_close(server, c, fault == TLS_FAULT_GONE ? CAUSE_GONE : CAUSE_MEMORY);
    else
        connection_end(server, c, CAUSE_PROTOCOL);
}

/* ---- the handshake as a protocol: bytes do not come through feed
 * --------------------------------------- */
static void handshake_opened(struct server *server, struct connection *c)
{
    int64_t most_ns = c->protocol->door == DOOR_HTTP ? server->settings.http_head_time
                                                     : server->settings.mqtt_connect_time;
    connection_allow_silence(server, c, most_ns, true);
}

static enum feed handshake_feed(struct server *server, struct connection *c, struct bytes bytes,
                                size_t *ret_used, size_t *ret_wanted)
{
    (void)server, (void)c, (void)bytes, (void)ret_used, (void)ret_wanted;
    return FEED_END;
}

static void handshake_gone(struct server *server, struct connection *c)
{
    (void)server, (void)c;
}

static void handshake_silent(struct server *server, struct connection *c)
{
    handshake_fail(server, c, TLS_FAULT_TIME);
}

static void handshake_too_much(struct server *server, struct connection *c)
{
    handshake_fail(server, c, TLS_FAULT_MEMORY);
}

#define HANDSHAKE_PROTOCOL(kind)                                                                   \
    {                                                                                              \
        .door = (kind), .opened = handshake_opened, .feed = handshake_feed,                        \
        .gone = handshake_gone, .silent = handshake_silent, .too_much = handshake_too_much,        \
        .unchoked = handshake_gone, .shakes = true, .out_limit = SERVER_SEALED_BYTES,              \
    }
static const struct protocol handshake_mqtt_protocol = HANDSHAKE_PROTOCOL(DOOR_MQTT);
static const struct protocol handshake_http_protocol = HANDSHAKE_PROTOCOL(DOOR_HTTP);

/* ---- turns
 * ------------------------------------------------------------------------------------------- */
void handshake_begin(struct server *server, int fd, const char *peer, enum listener_kind kind)
{
    const struct protocol *protocol =
        kind == LISTENER_HTTPS ? &handshake_http_protocol : &handshake_mqtt_protocol;
    struct connection *c = connection_open(server, fd, peer, protocol);
    if (!c)
        return;
    c->tls = true;
    c->listener = (uint8_t)kind;
}

/* Who has begun goes first: he holds more than who has not. */
void handshake_wait(struct server *server, struct connection *c)
{
    c->waits = true;
    c->waits_ns = server->now_ns;
    link_take(&c->resume);
    if (c->secure)
        link_put_first(&server->handshakes, &c->resume);
    else
        link_put(&server->handshakes, &c->resume);
    connection_watch(server, c);
}

/* What the broker and the web are told of the other side. Who nobody vouches for has shown nothing:
 * the name in a certificate that is signed by itself is whatever its owner likes. */
static void handshake_introduce(const struct server *server, struct connection *c)
{
    const struct tls_peer *peer = tls_session_peer(c->secure);
    c->peer_certificate = peer;
    c->web.tls = true;
    c->web.strict = server->strict;
    if (!peer || !peer->verified)
        return;
    c->mqtt.fingerprint = c->web.fingerprint =
        bytes_of(peer->fingerprint, sizeof peer->fingerprint);
    c->mqtt.common_name = c->web.common_name = bytes_text(peer->common_name);
}

static void handshake_done(struct server *server, struct connection *c, size_t size)
{
    struct listener *listener = listener_of(server, c);
    const struct door *door = &server->doors[c->protocol->door];
    handshake_introduce(server, c);
    server->shaking_count--;
    listener->handshakes++;
    listener->connections++;
    listener->resumed += tls_session_is_resumed(c->secure);
    listener->certificates += c->peer_certificate != NULL;
    listener->verified += c->peer_certificate && c->peer_certificate->verified;
    if (!connection_hold_secure(server, c, tls_session_memory(c->secure))) {
        connection_close(server, c, CAUSE_MEMORY);
        return;
    }
    c->protocol = door->protocol;
    if (c->protocol->opened)
        c->protocol->opened(server, c);
    if (size > 0 && !connection_is_over(c))
        (void)connection_feed(server, c, bytes_of(server->read_buffer, size));
    connection_look_for_end(server, c);
}

void handshake_forget(struct server *server, struct connection *c)
{
    if (c->secure && tls_session_is_open(c->secure))
        listener_of(server, c)->connections--;
    handshake_drop(server, c);
    check(connection_hold_secure(server, c, 0));
}

/* What came, taken by its session. */
static void handshake_take(struct server *server, struct connection *c, struct bytes bytes)
{
    struct tls_output output = {.at = server->sealed_out, .room = SERVER_SEALED_BYTES};
    size_t size;
    enum tls_taken taken =
        tls_session_take(c->secure, bytes, server->read_buffer, SERVER_READ_BYTES, &size, &output);
    if (output.size > 0)
        connection_send_sealed(server, c, bytes_of(output.at, output.size));
    if (c->broken)
        return;
    if (tls_session_is_open(c->secure))
        handshake_done(server, c, size);
    else if (taken == TLS_BROKEN)
        handshake_fail(server, c, tls_session_fault(c->secure));
    else if (taken == TLS_CLOSED)
        handshake_fail(server, c, TLS_FAULT_GONE);
}

/* false: there is no memory for it, and it is gone. */
static bool handshake_create(struct server *server, struct connection *c)
{
    struct door *door = &server->doors[c->protocol->door];
    if (!connection_hold_secure(server, c, TLS_HANDSHAKE_BYTES) ||
        tls_session_create(keeper_house(server), door->spoken, &c->secure) != OK) {
        handshake_fail(server, c, TLS_FAULT_MEMORY);
        return false;
    }
    server->shaking_count++;
    return true;
}

static void handshake_turn(struct server *server, struct connection *c)
{
    link_take(&c->resume);
    c->waits = false;
    if (connection_is_over(c))
        return;
    /* The time in the queue is ours; of it the timer may have given some back already. */
    c->active_ns += server->now_ns - c->waits_ns;
    if (c->active_ns > server->now_ns)
        c->active_ns = server->now_ns;
    ssize_t n = recv(c->fd, server->sealed_in, SERVER_SEALED_READ, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        handshake_fail(server, c, TLS_FAULT_GONE);
        return;
    }
    struct door *door = &server->doors[c->protocol->door];
    if (n > 0) {
        door->counters.reads++;
        door->counters.bytes_in += (uint64_t)n;
        if (c->secure || handshake_create(server, c))
            handshake_take(server, c, bytes_of(server->sealed_in, (size_t)n));
    }
    if (connection_is_over(c))
        return;
    if (c->secure && !tls_session_is_open(c->secure)) {
        c->waits_ns = server->now_ns;
        link_put(&server->shaking, &c->resume);
    }
    connection_watch(server, c);
}

/* May the first of the queue have its turn? Who has begun may; who has not needs room. */
static bool handshake_may_go(const struct server *server)
{
    const struct connection *first = LINK_OWNER(server->handshakes.next, struct connection, resume);
    return first->secure != NULL || server->shaking_count < HANDSHAKES_MAX;
}

/* He who has kept us waiting longest goes, once that is longer than his share. */
static bool handshake_make_room(struct server *server)
{
    if (link_is_alone(&server->shaking))
        return false;
    struct connection *oldest = LINK_OWNER(server->shaking.next, struct connection, resume);
    if (server->now_ns - oldest->waits_ns < SHARE_NS)
        return false;
    link_take(&oldest->resume);
    handshake_fail(server, oldest, TLS_FAULT_TIME);
    return true;
}

int64_t handshakes_wait_ns(const struct server *server)
{
    if (LIKELY(link_is_alone(&server->handshakes)) || server->stopping)
        return INT64_MAX;
    return handshake_may_go(server) ? 0 : FULL_WAIT_NS;
}

void handshakes_step(struct server *server)
{
    if (LIKELY(link_is_alone(&server->handshakes)))
        return;
    int64_t began_ns = server->clock->boot_ns(server->clock);
    do {
        if (!handshake_may_go(server) && !handshake_make_room(server))
            return;
        handshake_turn(server, LINK_OWNER(server->handshakes.next, struct connection, resume));
    } while (!link_is_alone(&server->handshakes) &&
             server->clock->boot_ns(server->clock) - began_ns < SERVER_ROUND_HANDSHAKES_NS);
}
