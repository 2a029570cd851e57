/* CONNECT: from the packet to CONNACK. A session that outlives its connection, or whose will must,
 * begins with a fact; its CONNACK leaves when the disk has it. */
#include "broker/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- CONNACK ---- */
/* false, and nothing is sent: the client takes no packet of that size [MQTT-3.1.2-24]. */
static bool connack_send(struct broker *broker, struct broker_link *link, uint8_t version,
                         uint32_t packet_max, const struct mqtt_connack *connack)
{
    const struct broker_port *port = broker->config.port;
    uint8_t *at = port->room(broker->config.arg, link, BROKER_ROOM);
    size_t size = mqtt_connack_put(at, BROKER_ROOM, version, connack);
    if (size == 0 && connack->properties.assigned_client_id.size > 0)
        size = SIZE_MAX;
    port->used(broker->config.arg, link, size <= packet_max ? size : 0);
    return size <= packet_max;
}

static uint32_t connect_packet_max(const struct mqtt_connect *connect)
{
    return MQTT_HAS(&connect->properties, 39) ? connect->properties.maximum_packet_size
                                              : UINT32_MAX;
}

static enum broker_feed refuse(struct broker *broker, struct broker_link *link, uint8_t version,
                               uint32_t packet_max, uint8_t reason, const char *text)
{
    struct mqtt_connack connack = {.reason = reason};
    uint64_t suppressed;
    if (version == MQTT_5 && text) {
        connack.properties.has = UINT64_C(1) << 31;
        connack.properties.reason_string = bytes_text(text);
    }
    if (log_ration_take(&broker->ration_closed, broker->now_ns, 10, &suppressed))
        log_warn("mqtt", "CONNECT from %s is refused: %s%s%s", link->peer, mqtt_reason_text(reason),
                 text ? ": " : "", text ? text : "");
    if (!connack_send(broker, link, version, packet_max, &connack)) {
        connack.properties = (struct mqtt_properties){.has = 0};
        (void)connack_send(broker, link, version, packet_max, &connack);
    }
    link->over = true;
    enter_leave(broker, link);
    broker->config.port->end(broker->config.arg, link, CAUSE_CONNECT_REFUSED);
    return BROKER_END;
}

enum broker_feed connect_refuse(struct broker *broker, struct broker_link *link,
                                const struct mqtt_connect *connect, uint8_t reason,
                                const char *text)
{
    return refuse(broker, link, connect->version, connect_packet_max(connect), reason, text);
}

/* ---- what is wrong with it ---- */
/* The protocol version byte, also of a CONNECT that is wrong further on; 0 when there is none. */
static uint8_t connect_version(struct bytes body)
{
    if (body.size < 2)
        return 0;
    size_t at = 2 + ((size_t)body.at[0] << 8 | body.at[1]);
    return at < body.size ? body.at[at] : 0;
}

/* MQTT 3 knows no answer to a malformed CONNECT but to close (3.1.1, 4.8). */
static enum broker_feed connect_malformed(struct broker *broker, struct broker_link *link,
                                          struct bytes body, uint8_t reason)
{
    uint8_t version = connect_version(body);
    if (reason == MQTT_UNSUPPORTED_VERSION)
        return refuse(broker, link, version >= MQTT_5 ? MQTT_5 : MQTT_3_1_1, UINT32_MAX, reason,
                      "MQTT 3.1, 3.1.1 and 5 are spoken here");
    if (version == MQTT_5 ||
        (reason == MQTT_CLIENT_ID_NOT_VALID && (version == MQTT_3_1 || version == MQTT_3_1_1)))
        return refuse(broker, link, version, UINT32_MAX, reason, NULL);
    packet_goodbye(broker, link, reason, CAUSE_MALFORMED, NULL);
    return BROKER_END;
}

static bool payload_lies(const struct mqtt_properties *properties, struct bytes payload)
{
    return MQTT_HAS(properties, 1) && properties->payload_format == 1 && !bytes_are_utf8(payload);
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
    if (connect->will.present && payload_lies(&connect->will.properties, connect->will.payload)) {
        *ret_text = "the will says that it is UTF-8, and is not";
        return MQTT_PAYLOAD_FORMAT_INVALID;
    }
    if (connect->will.properties.raw.size > PACKET_SCRATCH) {
        *ret_text = "the will's properties are larger than a record";
        return MQTT_QUOTA_EXCEEDED;
    }
    if (connect->will.present && topic_is_sys(connect->will.topic)) {
        *ret_text = "$SYS topics are the server's own";
        return MQTT_TOPIC_NAME_INVALID;
    }
    return 0;
}

/* ---- the client ---- */
/* A name nobody has: 128 random bits. */
static struct bytes connect_assign_id(struct broker *broker, char *text, size_t size)
{
    uint64_t random[2];
    broker->config.random(random, sizeof random);
    int n = snprintf(text, size, "auto-%016llx%016llx", (unsigned long long)random[0],
                     (unsigned long long)random[1]);
    return bytes_of(text, (size_t)n);
}

/* MQTT 5 lets a server set another keep-alive (3.2.2.3.14); an older client keeps its own. */
static uint16_t connect_keep_alive(const struct broker *broker, const struct mqtt_connect *connect)
{
    uint16_t most = (uint16_t)broker->settings->mqtt_keep_alive;
    uint16_t wanted = connect->keep_alive_s;
    if (connect->version != MQTT_5 || most == UINT16_MAX)
        return wanted;
    return wanted == 0 || wanted > most ? most : wanted;
}

/* MQTT 3 knows only clean sessions and those that are kept (MQTT 5, 3.1.2.4 and 3.1.2.11.2). */
static uint32_t connect_expiry(const struct broker *broker, const struct mqtt_connect *connect)
{
    uint32_t most = (uint32_t)broker->settings->mqtt_session_expiry;
    uint32_t wanted = connect->version == MQTT_5 ? connect->properties.session_expiry_s
                      : connect->clean_start     ? 0
                                                 : EXPIRY_NEVER;
    return wanted > most ? most : wanted;
}

static uint32_t client_window(const struct broker *broker, const struct mqtt_connect *connect)
{
    uint32_t most = (uint32_t)broker->settings->mqtt_inflight;
    uint32_t wanted =
        MQTT_HAS(&connect->properties, 33) ? connect->properties.receive_maximum : UINT16_MAX;
    return wanted < most ? wanted : most;
}

/* Not yet known to anyone; NULL past a limit. */
static struct client *client_create(struct broker *broker, struct broker_link *link,
                                    const struct mqtt_connect *connect, uint32_t tenant,
                                    struct bytes id)
{
    const struct settings *settings = broker->settings;
    size_t size = sizeof(struct client) + id.size;
    if (!budget_take(broker->memory, size))
        return NULL;
    struct client *client = calloc(1, size);
    if (!client) {
        budget_give(broker->memory, size);
        return NULL;
    }
    bool modern = connect->version == MQTT_5;
    client->link = link;
    client->broker = broker;
    client->tenant = tenant;
    client->version = connect->version;
    client->bridge = connect->bridge;
    client->keep_alive_s = connect_keep_alive(broker, connect);
    client->expiry_s = connect_expiry(broker, connect);
    client->kept = client->expiry_s > 0;
    client->receive_max = (uint32_t)settings->mqtt_receive;
    client->packet_in_max = (uint32_t)settings->mqtt_packet;
    client->alias_max = modern ? (uint16_t)settings->mqtt_alias : 0;
    client->out_alias_max = modern ? connect->properties.topic_alias_maximum : 0;
    if (client->out_alias_max > settings->mqtt_alias)
        client->out_alias_max = (uint16_t)settings->mqtt_alias;
    client->window = client_window(broker, connect);
    client->packet_max = connect_packet_max(connect);
    client->problem_info =
        modern && (!MQTT_HAS(&connect->properties, 23) || connect->properties.request_problem_info);
    client->connected_ns = broker->now_ns;
    publisher_init(&client->publisher, tenant, settings->points_connection);
    link_init(&client->held);
    link_init(&client->dirty);
    link_init(&client->acks_link);
    client->id_size = (uint16_t)id.size;
    memcpy(client->id, id.at, id.size);
    return client;
}

/* What it takes of its tenant, and the hold of its principal. false: a limit. */
static bool client_enter_tenant(struct broker *broker, struct client *client,
                                struct principal *principal)
{
    if (!broker->access)
        return true;
    client->counted = quota_take(broker->access, client->tenant, QUOTA_CONNECTIONS, 1, NULL);
    client->flow = client->counted ? flow_join(broker, client->tenant) : NULL;
    client->principal = principal_hold(principal);
    return client->flow != NULL;
}

void client_leave_tenant(struct broker *broker, struct client *client)
{
    flow_leave(broker, client);
    if (client->counted)
        quota_give(broker->access, client->tenant, QUOTA_CONNECTIONS, 1);
    principal_release(client->principal);
    client->principal = NULL;
}

static void client_free(struct broker *broker, struct client *client)
{
    client_leave_tenant(broker, client);
    budget_give(broker->memory, sizeof *client + client->id_size);
    free(client);
}

/* ---- accepting ---- */
/* What this server offers (3.2.2.3); the same to all but for what they asked. */
static void connack_offer(const struct broker *broker, const struct client *client,
                          const struct mqtt_connect *connect, struct mqtt_properties *ret)
{
    const struct settings *settings = broker->settings;
    *ret = (struct mqtt_properties){
        .has = UINT64_C(1) << 33 | UINT64_C(1) << 34 | UINT64_C(1) << 39,
        .receive_maximum = (uint16_t)settings->mqtt_receive,
        .topic_alias_maximum = (uint16_t)settings->mqtt_alias,
        .maximum_packet_size = (uint32_t)settings->mqtt_packet,
    };
    if (client->expiry_s != connect->properties.session_expiry_s) {
        ret->has |= UINT64_C(1) << 17;
        ret->session_expiry_s = client->expiry_s;
    }
    if (client->keep_alive_s != connect->keep_alive_s) {
        ret->has |= UINT64_C(1) << 19;
        ret->server_keep_alive_s = client->keep_alive_s;
    }
    if (connect->client_id.size == 0) {
        ret->has |= UINT64_C(1) << 18;
        ret->assigned_client_id = client_id(client);
    }
}

/* The CONNACK is made at once, while the CONNECT is at hand, and sent when its turn comes. */
static bool connack_post(struct broker *broker, const struct client *client,
                         const struct mqtt_connect *connect, uint64_t ticket)
{
    struct mqtt_connack connack = {.reason = MQTT_SUCCESS,
                                   .session_present = client->session_present};
    if (connect->version == MQTT_5)
        connack_offer(broker, client, connect, &connack.properties);
    size_t size = mqtt_connack_put(broker->scratch, PACKET_SCRATCH, connect->version, &connack);
    check(size > 0);
    struct post *post = post_put(broker, POST_CONNACK, ticket, size);
    if (!post)
        return false;
    post->slot = client->slot;
    post->generation = client->generation;
    post->count = (uint32_t)size;
    memcpy(post->content, broker->scratch, size);
    return true;
}

void connect_acknowledge(struct broker *broker, const struct post *post)
{
    struct client *client = clients_at(broker, post->slot, post->generation);
    if (!client || !client->waits)
        return;
    struct broker_link *link = client->link;
    const struct broker_port *port = broker->config.port;
    if (post->count > client->packet_max) { /* it still waits: nothing is said [MQTT-3.2.0-1] */
        packet_goodbye(broker, link, MQTT_PACKET_TOO_LARGE, CAUSE_PROTOCOL, NULL);
        return;
    }
    if (client->kept && client->session_present && !out_of(broker, client)) {
        /* What was sent before would be sent as if it never was. */
        packet_goodbye(broker, link, MQTT_QUOTA_EXCEEDED, CAUSE_MEMORY, NULL);
        return;
    }
    client->waits = false;
    port->put(broker->config.arg, link, bytes_of(post->content, post->count));
    broker->counters.packets_out++;
    broker->counters.connects++;
    port->flush(broker->config.arg, link);
    port->allow_silence(broker->config.arg, link, (int64_t)client->keep_alive_s * NS_PER_S * 3 / 2);
    port->resume(broker->config.arg, link);
    if (client->kept && client->session_present) {
        struct session_view view;
        if (sessions_view(broker->sessions, client->number, &view))
            deliver_resume(broker, client, view.sent);
    }
}

/* The session's facts: what it was goes, or goes on. */
static enum admit connect_keep(struct broker *broker, const struct mqtt_connect *connect,
                               struct client *client, bool had, uint64_t *ret_ticket)
{
    struct fact *fact = &broker->facts[0];
    struct admitted admitted;
    size_t text = client->id_size;
    *fact = (struct fact){.kind = FACT_SESSION_OPEN};
    if (had && client->expiry_s == 0 && !connect->will.present && connect->clean_start) {
        fact->kind = FACT_SESSION_END;
        fact->session = client->number;
    } else {
        struct fact_session_open *open = &fact->session_open;
        open->tenant = client->tenant;
        open->session = client->number;
        open->version = client->version;
        open->clean = connect->clean_start;
        open->expiry_s = client->expiry_s;
        open->client_id = client_id(client);
        will_fact(&connect->will, &open->will, broker->scratch);
        text += connect->will.topic.size + connect->will.payload.size + open->will.properties.size;
    }
    struct engine_beside beside = {
        .facts = fact, .count = 1, .bytes = FACT_MESSAGE_BYTES_MAX(text)};
    if (fact->kind == FACT_SESSION_OPEN && (!had || connect->will.present) &&
        !store_takes(broker, client->tenant, text))
        return ADMIT_STORE_FULL;
    enum admit admit = engine_keep(broker->engine, &beside, &admitted);
    *ret_ticket = admitted.ticket;
    if (admit == ADMIT_DONE)
        broker->last_ticket = admitted.ticket;
    return admit;
}

/* QoS 2 packet ids that the session has in use. */
static bool connect_load_received(struct broker *broker, struct client *client)
{
    struct session_view view;
    if (!sessions_view(broker->sessions, client->number, &view) || view.received == 0)
        return true;
    for (uint32_t id = 1; id <= UINT16_MAX && client->received_count < view.received; id++)
        if (sessions_has_received(broker->sessions, client->number, (uint16_t)id) &&
            !received_set(broker, client, (uint16_t)id))
            return false;
    return true;
}

static enum broker_feed connect_failed(struct broker *broker, struct broker_link *link,
                                       struct client *client, const struct mqtt_connect *connect,
                                       enum admit admit)
{
    client_free(broker, client);
    switch (admit) {
    case ADMIT_WAIT:
        return BROKER_FULL;
    case ADMIT_STOPPED:
        return connect_refuse(broker, link, connect, MQTT_SERVER_UNAVAILABLE, admit_text(admit));
    default:
        return connect_refuse(broker, link, connect, MQTT_QUOTA_EXCEEDED,
                              admit == ADMIT_DONE
                                  ? "limit mqtt.sessions, of a tenant half of it, or "
                                    "mqtt.memory"
                                  : admit_text(admit));
    }
}

/* The client takes its place: whoever finds it from now on finds it connected. */
static bool connect_enter(struct broker *broker, struct client *client, bool had, bool clean)
{
    if (!clients_add(broker, client))
        return false;
    if (client->number == SESSION_NONE)
        return true;
    struct record *record = records_make(broker, client->number, client->tenant);
    if (!record) {
        clients_remove(broker, client);
        return false;
    }
    if (had && clean)
        subscriptions_remove_all(broker, record->first_subscription);
    principal_release(record->principal);
    record->principal = NULL;
    record->client = client;
    record->goodbye = false;
    return true;
}

static enum broker_feed connect_accept(struct broker *broker, struct broker_link *link,
                                       const struct mqtt_connect *connect,
                                       struct principal *principal, uint32_t tenant,
                                       uint32_t number)
{
    char assigned[64];
    bool had = number != SESSION_NONE, clean = connect->clean_start;
    struct bytes id = connect->client_id;
    if (id.size == 0)
        id = connect_assign_id(broker, assigned, sizeof assigned);
    struct client *client = client_create(broker, link, connect, tenant, id);
    if (!client)
        return connect_refuse(broker, link, connect, MQTT_QUOTA_EXCEEDED, cause_text(CAUSE_MEMORY));
    if (!client_enter_tenant(broker, client, principal)) {
        client_free(broker, client);
        return connect_refuse(broker, link, connect, MQTT_QUOTA_EXCEEDED,
                              "the tenant's quota of connections");
    }
    client->waits = true;
    client->session_present = had && !clean;
    /* A session that is taken up goes on as one that is kept, though it may end with this one. */
    client->kept = client->kept || client->session_present;
    client->number = number;
    bool record = client->expiry_s > 0 || connect->will.present;
    if (!had && record && (client->number = records_number(broker, client->tenant)) == SESSION_NONE)
        return connect_failed(broker, link, client, connect, ADMIT_DONE);
    uint64_t ticket = broker->durable_ticket;
    if (had || record) {
        enum admit admit = connect_keep(broker, connect, client, had, &ticket);
        if (admit != ADMIT_DONE) {
            if (!had)
                records_give_back(broker, client->number);
            return connect_failed(broker, link, client, connect, admit);
        }
    }
    bool ended = had && !record && clean;
    if (ended) {
        subscriptions_remove_all(broker, records_at(broker, number)->first_subscription);
        client->number = SESSION_NONE;
    }
    bool entered = connect_enter(broker, client, had, clean);
    if (ended)
        chore_ended(broker, number, ticket);
    link->client = entered ? client : NULL;
    if (entered) {
        enter_leave(broker, link);
        rights_watch(broker, client);
        rights_judge_anew(broker, client);
    }
    if (!entered || (client->session_present && !connect_load_received(broker, client)) ||
        !connack_post(broker, client, connect, ticket)) {
        if (!entered)
            client_free(broker, client);
        packet_goodbye(broker, link, MQTT_SERVER_BUSY, CAUSE_MEMORY, NULL);
        return BROKER_END;
    }
    log_debug("mqtt", "%.*s connected from %s", (int)id.size, (const char *)id.at, link->peer);
    return BROKER_MORE;
}

/* ---- what it may not ---- */
static bool is_the_same(const struct principal *a, const struct principal *b)
{
    struct principal_view left, right;
    principal_view(a, &left);
    principal_view(b, &right);
    return left.ended || (left.tenant == right.tenant && left.account == right.account);
}

/* A client id belongs to the account that came with it, as long as its session is there and the
 * account may anything; after a restart of the server whoever comes first has it. */
static bool id_is_taken(const struct broker *broker, struct bytes id,
                        const struct principal *principal, uint32_t tenant)
{
    if (!principal || id.size == 0)
        return false;
    const struct client *client = clients_find(broker, tenant, id);
    if (client)
        return !is_the_same(client->principal, principal);
    uint32_t number = sessions_find(broker->sessions, tenant, id);
    if (number == SESSION_NONE || number >= broker->record_count)
        return false;
    const struct record *record = records_at(broker, number);
    return record->principal && !is_the_same(record->principal, principal);
}

/* Returns 0, or why not: *ret_text says what it has no right to. */
static uint8_t connect_refusal(const struct broker *broker, const struct mqtt_connect *connect,
                               const struct principal *principal, uint32_t tenant,
                               const char **ret_text)
{
    bool flat;
    if (principal && !access_may_be_client(principal, connect->client_id)) {
        *ret_text = "the client id is the name of a device: it is that device's alone";
        return MQTT_CLIENT_ID_NOT_VALID;
    }
    if (connect->will.present &&
        rights_write(broker, principal, tenant, connect->will.topic, &flat) != ADMIT_DONE) {
        *ret_text = "no right to write the will's topic";
        return MQTT_NOT_AUTHORIZED;
    }
    if (id_is_taken(broker, connect->client_id, principal, tenant)) {
        *ret_text = "the client id is another account's";
        return MQTT_NOT_AUTHORIZED;
    }
    return 0;
}

enum broker_feed connect_feed(struct broker *broker, struct broker_link *link,
                              const struct mqtt_frame *frame)
{
    struct mqtt_connect connect;
    const char *text = NULL;
    uint8_t reason = mqtt_connect_get(frame, &connect);
    if (reason != 0)
        return connect_malformed(broker, link, frame->body, reason);
    reason = connect_fault(&connect, &text);
    if (reason != 0)
        return connect_refuse(broker, link, &connect, reason, text);
    struct principal *principal;
    enum broker_feed feed = enter(broker, link, &connect, &principal);
    if (feed != BROKER_MORE)
        return feed;
    uint32_t tenant = principal ? principal_tenant(principal) : TENANT_MAIN;
    reason = connect_refusal(broker, &connect, principal, tenant, &text);
    if (reason != 0)
        return connect_refuse(broker, link, &connect, reason, text);
    struct client *before =
        connect.client_id.size ? clients_find(broker, tenant, connect.client_id) : NULL;
    if (before)
        packet_goodbye(broker, before->link, MQTT_SESSION_TAKEN_OVER, CAUSE_TAKEN_OVER, NULL);
    uint32_t number = connect.client_id.size
                          ? sessions_find(broker->sessions, tenant, connect.client_id)
                          : SESSION_NONE;
    struct chore *chore = chore_of(broker, tenant, number, connect.client_id);
    if (chore && broker->chores_blocked)
        return connect_refuse(broker, link, &connect, MQTT_SERVER_UNAVAILABLE,
                              "the disk is full or does not answer: this session cannot go on");
    struct will_view will; /* the session ends, and its delayed will with it */
    if (!chore && number != SESSION_NONE && connect.clean_start &&
        sessions_will(broker->sessions, number, &will))
        chore = chore_put(broker, &(struct chore){.kind = CHORE_WILL, .number = number},
                          bytes_of("", 0));
    if (chore) {
        chore_await(broker, chore, link, false);
        return BROKER_HOLD;
    }
    return connect_accept(broker, link, &connect, principal, tenant, number);
}
