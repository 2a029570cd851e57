/* From CONNECT to DISCONNECT. Numbers in brackets are clauses of the OASIS standards, of MQTT 5
 * where nothing else is said. */
#include "server/mqtt_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- goodbye
 * ------------------------------------------------------------------------------------- */
/* DISCONNECT with a reason, which MQTT 5 alone lets a server send (3.14). */
static void goodbye_send(struct server *server, struct connection *c, uint8_t reason,
                         const char *text)
{
    const struct mqtt_session *session = c->session;
    struct mqtt_disconnect packet = {.reason = reason};
    if (!session || session->version != MQTT_5)
        return;
    if (text) {
        packet.properties.has = UINT64_C(1) << 31;
        packet.properties.reason_string = bytes_text(text);
    }
    uint8_t *at = connection_room(server, c, MQTT_REASON_ROOM);
    size_t size = mqtt_disconnect_put(at, MQTT_REASON_ROOM, MQTT_5, &packet);
    if (size > session->packet_max) {
        packet.properties = (struct mqtt_properties){.has = 0};
        size = mqtt_disconnect_put(at, MQTT_REASON_ROOM, MQTT_5, &packet);
    }
    connection_room_used(server, size <= session->packet_max ? size : 0);
}

/* The ordinary ends are for those who look closely; the others are worth a line. */
static void goodbye_log(struct server *server, const struct connection *c, uint8_t reason,
                        enum cause cause)
{
    const struct mqtt_session *session = c->session;
    uint64_t suppressed;
    if (cause == CAUSE_TAKEN_OVER || cause == CAUSE_STOP || cause == CAUSE_LOST ||
        !log_ration_take(&server->ration_closed, server->now_ns, 10, &suppressed))
        return;
    if (suppressed > 0)
        log_warn("mqtt", "%llu more connections were closed since", (unsigned long long)suppressed);
    log_warn("mqtt", "closing %.*s (%s): %s%s%s",
             session ? (session->id_size < 64 ? (int)session->id_size : 64) : 9,
             session ? (const char *)session->id : "no client", c->peer, cause_text(cause),
             reason ? "; " : "", reason ? mqtt_reason_text(reason) : "");
}

void mqtt_goodbye(struct server *server, struct connection *c, uint8_t reason, enum cause cause,
                  const char *text)
{
    if (c->dead || c->ending)
        return;
    goodbye_log(server, c, reason, cause);
    goodbye_send(server, c, reason, text);
    connection_end(server, c, cause);
}

static void session_gone(struct server *server, struct connection *c)
{
    struct mqtt_session *session = c->session;
    if (!session)
        return;
    c->session = NULL;
    log_debug("mqtt", "%.*s (%s) is gone", (int)session->id_size, (const char *)session->id,
              c->peer);
    clients_remove(server, session);
    mqtt_acks_forget(server, session);
    mqtt_aliases_free(server, session);
    will_publish(server, session->will);
    memory_give(server, sizeof *session + session->id_size);
    free(session);
}

static void session_silent(struct server *server, struct connection *c)
{
    if (c->session)
        mqtt_goodbye(server, c, MQTT_KEEP_ALIVE_TIMEOUT, CAUSE_KEEP_ALIVE, NULL);
    else
        mqtt_goodbye(server, c, 0, CAUSE_CONNECT_TIME, NULL);
}

static void session_too_much(struct server *server, struct connection *c)
{
    mqtt_goodbye(server, c, MQTT_QUOTA_EXCEEDED, CAUSE_MEMORY, cause_text(CAUSE_MEMORY));
}

static void session_unchoked(struct server *server, struct connection *c)
{
    if (c->session)
        mqtt_acks_unchoked(server, c->session);
}

/* ---- CONNECT
 * ------------------------------------------------------------------------------------- */
/* false, and nothing is sent: the client takes no packet of that size [MQTT-3.1.2-24]. */
static bool connack_send(struct server *server, struct connection *c, uint8_t version,
                         uint32_t packet_max, const struct mqtt_connack *connack)
{
    uint8_t *at = connection_room(server, c, CONNECTION_ROOM);
    size_t size = mqtt_connack_put(at, CONNECTION_ROOM, version, connack);
    connection_room_used(server, size <= packet_max ? size : 0);
    return size <= packet_max;
}

static uint32_t connect_packet_max(const struct mqtt_connect *connect)
{
    return MQTT_HAS(&connect->properties, 39) ? connect->properties.maximum_packet_size
                                              : UINT32_MAX;
}

static enum feed connect_refuse(struct server *server, struct connection *c, uint8_t version,
                                uint32_t packet_max, uint8_t reason, const char *text)
{
    struct mqtt_connack connack = {.reason = reason};
    uint64_t suppressed;
    if (version == MQTT_5 && text) {
        connack.properties.has = UINT64_C(1) << 31;
        connack.properties.reason_string = bytes_text(text);
    }
    if (log_ration_take(&server->ration_closed, server->now_ns, 10, &suppressed))
        log_warn("mqtt", "CONNECT from %s is refused: %s%s%s", c->peer, mqtt_reason_text(reason),
                 text ? ": " : "", text ? text : "");
    if (!connack_send(server, c, version, packet_max, &connack)) {
        connack.properties = (struct mqtt_properties){.has = 0};
        (void)connack_send(server, c, version, packet_max, &connack);
    }
    connection_end(server, c, CAUSE_CONNECT_REFUSED);
    return FEED_END;
}

/* The protocol version byte, also of a CONNECT that is wrong further on; 0 when there is none. */
static uint8_t connect_version(struct bytes body)
{
    if (body.size < 2)
        return 0;
    size_t at = 2 + ((size_t)body.at[0] << 8 | body.at[1]);
    return at < body.size ? body.at[at] : 0;
}

/* MQTT 3 knows no answer to a malformed CONNECT but to close (3.1.1, 4.8). */
static enum feed connect_malformed(struct server *server, struct connection *c, struct bytes body,
                                   uint8_t reason)
{
    uint8_t version = connect_version(body);
    if (reason == MQTT_UNSUPPORTED_VERSION)
        return connect_refuse(server, c, version > MQTT_5 ? MQTT_5 : MQTT_3_1_1, UINT32_MAX, reason,
                              "MQTT 3.1, 3.1.1 and 5 are spoken here");
    if (version == MQTT_5 ||
        (reason == MQTT_CLIENT_ID_NOT_VALID && (version == MQTT_3_1 || version == MQTT_3_1_1)))
        return connect_refuse(server, c, version, UINT32_MAX, reason, NULL);
    mqtt_goodbye(server, c, reason, CAUSE_MALFORMED, NULL);
    return FEED_END;
}

/* Returns 0, or why this CONNECT cannot be accepted; *ret_text says it in words. */
static uint8_t connect_fault(const struct mqtt_connect *connect, const char **ret_text)
{
    if (MQTT_HAS(&connect->properties, 21)) {
        *ret_text = "enhanced authentication is not offered";
        return MQTT_BAD_AUTHENTICATION_METHOD;
    }
    if (connect->client_id.size == 0 && connect->version != MQTT_5 &&
        !(connect->version == MQTT_3_1_1 && connect->clean_start)) {
        *ret_text = "an empty client id needs a clean session [MQTT 3.1.1, 3.1.3-8]";
        return MQTT_CLIENT_ID_NOT_VALID;
    }
    if (connect->will.present && connect->version == MQTT_5 && connect->will.retain) {
        *ret_text = "retained wills are not offered by this version";
        return MQTT_RETAIN_NOT_SUPPORTED;
    }
    if (connect->will.present && connect->version == MQTT_5 && connect->will.qos > 1) {
        *ret_text = "wills of QoS 2 are not offered by this version";
        return MQTT_QOS_NOT_SUPPORTED;
    }
    return 0;
}

/* A name nobody has: 128 random bits. */
static struct bytes connect_assign_id(char *text, size_t size)
{
    uint64_t random[2];
    os_random(random, sizeof random);
    int n = snprintf(text, size, "auto-%016llx%016llx", (unsigned long long)random[0],
                     (unsigned long long)random[1]);
    return bytes_of(text, (size_t)n);
}

/* The session of this CONNECT, not yet known to anyone; NULL past a limit. */
static struct mqtt_session *session_create(struct server *server, struct connection *c,
                                           const struct mqtt_connect *connect, struct bytes id)
{
    size_t size = sizeof(struct mqtt_session) + id.size;
    if (!memory_take(server, size))
        return NULL;
    struct mqtt_session *session = calloc(1, size);
    if (!session ||
        (connect->will.present && will_create(server, &connect->will, &session->will) != OK)) {
        memory_give(server, size);
        free(session);
        return NULL;
    }
    const struct settings *settings = &server->settings;
    session->c = c;
    session->version = connect->version;
    session->receive_max = (uint32_t)settings->mqtt_receive;
    session->packet_in_max = (uint32_t)settings->mqtt_packet;
    session->alias_max = connect->version == MQTT_5 ? (uint16_t)settings->mqtt_alias : 0;
    session->packet_max = connect_packet_max(connect);
    session->problem_info =
        connect->version == MQTT_5 &&
        (!MQTT_HAS(&connect->properties, 23) || connect->properties.request_problem_info);
    publisher_init(&session->publisher, TENANT_DEFAULT, settings->points_connection);
    link_init(&session->acks_link);
    session->id_size = (uint16_t)id.size;
    memcpy(session->id, id.at, id.size);
    return session;
}

/* What this server offers (3.2.2.3); the same to all but for what they asked. */
static void connack_offer(const struct server *server, const struct mqtt_connect *connect,
                          uint16_t keep_alive_s, struct mqtt_properties *ret)
{
    const struct settings *settings = &server->settings;
    *ret = (struct mqtt_properties){
        .has = UINT64_C(1) << 33 | UINT64_C(1) << 34 | UINT64_C(1) << 36 | UINT64_C(1) << 37 |
               UINT64_C(1) << 39 | UINT64_C(1) << 40 | UINT64_C(1) << 41 | UINT64_C(1) << 42,
        .receive_maximum = (uint16_t)settings->mqtt_receive,
        .topic_alias_maximum = (uint16_t)settings->mqtt_alias,
        .maximum_qos = 1,
        .maximum_packet_size = (uint32_t)settings->mqtt_packet,
    };
    if (connect->properties.session_expiry_s > 0 && MQTT_HAS(&connect->properties, 17))
        ret->has |= UINT64_C(1) << 17; /* and it is 0 */
    if (keep_alive_s != connect->keep_alive_s) {
        ret->has |= UINT64_C(1) << 19;
        ret->server_keep_alive_s = keep_alive_s;
    }
}

/* MQTT 5 lets a server set another keep-alive (3.2.2.3.14); an older client keeps its own. */
static uint16_t connect_keep_alive(const struct server *server, const struct mqtt_connect *connect)
{
    uint16_t most = (uint16_t)server->settings.mqtt_keep_alive;
    uint16_t wanted = connect->keep_alive_s;
    if (connect->version != MQTT_5 || most == UINT16_MAX)
        return wanted;
    return wanted == 0 || wanted > most ? most : wanted;
}

static enum feed connect_accept(struct server *server, struct connection *c,
                                const struct mqtt_connect *connect)
{
    char assigned[64];
    struct bytes id = connect->client_id;
    if (id.size == 0)
        id = connect_assign_id(assigned, sizeof assigned);
    struct mqtt_session *session = session_create(server, c, connect, id);
    if (!session)
        return connect_refuse(server, c, connect->version, connect_packet_max(connect),
                              MQTT_QUOTA_EXCEEDED, cause_text(CAUSE_MEMORY));
    struct mqtt_session *before = clients_find(server, id);
    if (before)
        mqtt_goodbye(server, before->c, MQTT_SESSION_TAKEN_OVER, CAUSE_TAKEN_OVER, NULL);
    check(!clients_find(server, id));
    if (!clients_add(server, session)) {
        will_destroy(server, session->will);
        memory_give(server, sizeof *session + session->id_size);
        free(session);
        return connect_refuse(server, c, connect->version, connect_packet_max(connect),
                              MQTT_SERVER_BUSY, NULL);
    }
    c->session = session;
    uint16_t keep_alive_s = connect_keep_alive(server, connect);
    connection_allow_silence(server, c, (int64_t)keep_alive_s * NS_PER_S * 3 / 2);
    struct mqtt_connack connack = {.reason = MQTT_SUCCESS};
    if (connect->version == MQTT_5)
        connack_offer(server, connect, keep_alive_s, &connack.properties);
    if (connect->version == MQTT_5 && connect->client_id.size == 0) {
        connack.properties.has |= UINT64_C(1) << 18;
        connack.properties.assigned_client_id = id;
    }
    if (!connack_send(server, c, connect->version, session->packet_max, &connack)) {
        mqtt_goodbye(server, c, MQTT_PACKET_TOO_LARGE, CAUSE_PROTOCOL, NULL);
        return FEED_END;
    }
    log_debug("mqtt", "%.*s connected from %s", (int)id.size, (const char *)id.at, c->peer);
    return FEED_MORE;
}

static enum feed connect_feed(struct server *server, struct connection *c,
                              const struct mqtt_frame *frame)
{
    struct mqtt_connect connect;
    const char *text = NULL;
    uint8_t reason = mqtt_connect_get(frame, &connect);
    if (reason != 0)
        return connect_malformed(server, c, frame->body, reason);
    reason = connect_fault(&connect, &text);
    if (reason != 0)
        return connect_refuse(server, c, connect.version, connect_packet_max(&connect), reason,
                              text);
    if ((connect.has_user || connect.has_password) && !server->told_users) {
        server->told_users = true;
        log_warn("mqtt",
                 "%s sends a user name or password: this version has no users and takes "
                 "everyone (said once)",
                 c->peer);
    }
    return connect_accept(server, c, &connect);
}

/* ---- SUBSCRIBE, UNSUBSCRIBE: answered, not offered yet
 * --------------------------------------------- */
static enum feed subscribe_feed(struct server *server, struct connection *c,
                                const struct mqtt_frame *frame)
{
    struct mqtt_session *session = c->session;
    struct mqtt_subscribe subscribe;
    uint8_t reasons[MQTT_SUBSCRIBE_MAX];
    bool leave = frame->type == MQTT_UNSUBSCRIBE;
    uint8_t reason = mqtt_subscribe_get(frame, session->version, &subscribe);
    if (reason == 0 && subscribe.count > MQTT_SUBSCRIBE_MAX)
        reason = MQTT_QUOTA_EXCEEDED;
    if (reason != 0) {
        mqtt_goodbye(server, c, reason, CAUSE_MALFORMED, NULL);
        return FEED_END;
    }
    uint8_t answer = leave                        ? MQTT_NO_SUBSCRIPTION_EXISTED
                     : session->version == MQTT_5 ? MQTT_IMPLEMENTATION_SPECIFIC
                                                  : MQTT_UNSPECIFIED_ERROR;
    memset(reasons, answer, subscribe.count);
    server->counters.subscribes_refused += !leave;
    if (!leave && !server->told_subscribe) {
        server->told_subscribe = true;
        log_warn("mqtt",
                 "%s subscribes: subscriptions come with a later version; they are answered "
                 "with a failure code (said once)",
                 c->peer);
    }
    uint8_t *at = connection_room(server, c, CONNECTION_ROOM);
    connection_room_used(server, mqtt_suback_put(at, CONNECTION_ROOM, session->version,
                                                 leave ? MQTT_UNSUBACK : MQTT_SUBACK,
                                                 subscribe.packet_id, reasons, subscribe.count));
    return FEED_MORE;
}

/* ---- answers to messages we never sent
 * --------------------------------------------------------------- */
/* PUBREL and PUBREC of a message we do not know are told so (4.3.3); PUBACK and PUBCOMP of one need
 * no answer. */
static enum feed ack_feed(struct server *server, struct connection *c,
                          const struct mqtt_frame *frame)
{
    const struct mqtt_session *session = c->session;
    struct mqtt_ack ack;
    uint8_t reason = mqtt_ack_get(frame, session->version, &ack);
    if (reason != 0) {
        mqtt_goodbye(server, c, reason, CAUSE_MALFORMED, NULL);
        return FEED_END;
    }
    if (frame->type != MQTT_PUBREL && frame->type != MQTT_PUBREC)
        return FEED_MORE;
    struct mqtt_ack answer = {.packet_id = ack.packet_id, .reason = MQTT_PACKET_ID_NOT_FOUND};
    uint8_t *at = connection_room(server, c, MQTT_REASON_ROOM);
    connection_room_used(
        server, mqtt_ack_put(at, MQTT_REASON_ROOM, session->version,
                             frame->type == MQTT_PUBREL ? MQTT_PUBCOMP : MQTT_PUBREL, &answer));
    return FEED_MORE;
}

static enum feed disconnect_feed(struct server *server, struct connection *c,
                                 const struct mqtt_frame *frame)
{
    struct mqtt_session *session = c->session;
    struct mqtt_disconnect disconnect;
    uint8_t reason = mqtt_disconnect_get(frame, session->version, &disconnect);
    if (reason != 0) {
        mqtt_goodbye(server, c, reason, CAUSE_MALFORMED, NULL);
        return FEED_END;
    }
    if (disconnect.reason == MQTT_SUCCESS) { /* 3.14.4: the will is not published then only */
        will_destroy(server, session->will);
        session->will = NULL;
    }
    connection_flush(server);
    connection_end(server, c, CAUSE_GOODBYE);
    return FEED_END;
}

/* ---- packets
 * ------------------------------------------------------------------------------------- */
static enum feed packet_unexpected(struct server *server, struct connection *c)
{
    mqtt_goodbye(server, c, MQTT_PROTOCOL_ERROR, CAUSE_PROTOCOL, NULL);
    return FEED_END;
}

static enum feed packet_feed(struct server *server, struct connection *c,
                             const struct mqtt_frame *frame)
{
    uint8_t *at;
    server->counters.packets++;
    if (LIKELY(frame->type == MQTT_PUBLISH && c->session))
        return mqtt_publish_feed(server, c, frame);
    if (!c->session) /* [MQTT-3.1.0-1]: CONNECT comes first */
        return frame->type == MQTT_CONNECT ? connect_feed(server, c, frame)
                                           : packet_unexpected(server, c);
    switch (frame->type) {
    case MQTT_PINGREQ:
        at = connection_room(server, c, 2);
        connection_room_used(server, mqtt_empty_put(at, 2, MQTT_PINGRESP));
        return FEED_MORE;
    case MQTT_DISCONNECT:
        return disconnect_feed(server, c, frame);
    case MQTT_SUBSCRIBE:
    case MQTT_UNSUBSCRIBE:
        return subscribe_feed(server, c, frame);
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBREL:
    case MQTT_PUBCOMP:
        return ack_feed(server, c, frame);
    default: /* a second CONNECT [MQTT-3.1.0-2], AUTH, what only servers send */
        return packet_unexpected(server, c);
    }
}

static enum feed session_feed(struct server *server, struct connection *c, struct bytes bytes,
                              size_t *ret_used, size_t *ret_wanted)
{
    const struct mqtt_session *session = c->session;
    size_t most = session ? session->packet_in_max : server->settings.mqtt_packet;
    size_t used = 0;
    struct mqtt_frame frame;
    while (used < bytes.size && !connection_is_over(c)) {
        enum err err = mqtt_frame_get(bytes_of(bytes.at + used, bytes.size - used), &frame);
        if (UNLIKELY(err == ERR_INVALID)) {
            mqtt_goodbye(server, c, MQTT_MALFORMED_PACKET, CAUSE_MALFORMED, NULL);
            return FEED_END;
        }
        if (UNLIKELY(frame.packet_bytes > most)) {
            mqtt_goodbye(server, c, MQTT_PACKET_TOO_LARGE, CAUSE_PACKET_SIZE, NULL);
            return FEED_END;
        }
        *ret_used = used;
        if (err == ERR_BUSY) {
            *ret_wanted = frame.packet_bytes;
            return FEED_MORE;
        }
        enum feed feed = packet_feed(server, c, &frame);
        if (UNLIKELY(feed != FEED_MORE))
            return feed;
        used += frame.packet_bytes;
    }
    *ret_used = used;
    return FEED_MORE;
}

const struct protocol mqtt_protocol = {
    .feed = session_feed,
    .gone = session_gone,
    .silent = session_silent,
    .too_much = session_too_much,
    .unchoked = session_unchoked,
    .out_limit = MQTT_OUT_LIMIT,
};

/* ---- the server stops
 * ------------------------------------------------------------------------------ */
static struct mqtt_session *session_of(struct link *life)
{
    struct connection *c = LINK_OWNER(life, struct connection, life);
    return c->protocol == &mqtt_protocol ? c->session : NULL;
}

void mqtt_stop_wills(struct server *server)
{
    for (struct link *at = server->alive.next; at != &server->alive; at = at->next) {
        struct mqtt_session *session = session_of(at);
        if (session && session->will) {
            will_publish(server, session->will);
            session->will = NULL;
        }
    }
}

void mqtt_stop_goodbye(struct server *server)
{
    for (struct link *at = server->alive.next, *next; at != &server->alive; at = next) {
        struct connection *c = LINK_OWNER(at, struct connection, life);
        next = at->next;
        if (c->protocol == &mqtt_protocol)
            mqtt_goodbye(server, c, MQTT_SERVER_SHUTTING_DOWN, CAUSE_STOP, NULL);
    }
}
