/* Messages to a client: what it is to get, in which order, how many at a time.
 *
 *   QoS 0            waits in qos_0 until the other side takes bytes; past mqtt.queue_qos0 it is
 *                    dropped, and counted
 *   QoS 1, 2 of a session that ends with its connection
 *                    waits in waiting until the window has room, then lies in flight
 *   QoS 1, 2 of a kept session
 *                    lies in the session's queue until its delivery is complete; in flight is only
 *                    its state. How far a delivery came is recorded; PUBREL leaves when PUBREC is
 * on the disk, so that a restart can never send a released message anew. */
#include "broker/room.h"

#include <stdlib.h>

#define DELIVER_RUN_CLIENTS 64   /* served in one round: each costs a system call of some 10 us */
#define DELIVER_RUN_PACKETS 8192 /* sent in one round */
#define DELIVER_RUN_SEARCHES 8   /* for retained messages */
#define DELIVER_PIECE 1024       /* to one client, before others get their turn */
#define FLIGHT_SPAN_MAX 60000u

struct out *out_of(struct broker *broker, struct client *client)
{
    if (client->out)
        return client->out;
    if (!budget_take(broker->memory, sizeof *client->out))
        return NULL;
    client->out = calloc(1, sizeof *client->out);
    if (!client->out) {
        budget_give(broker->memory, sizeof *client->out);
        return NULL;
    }
    client->out->next_id = 1;
    client->out->feeds_end = &client->out->feeds;
    return client->out;
}

static void out_aliases_free(struct broker *broker, struct client *client)
{
    struct out *out = client->out;
    for (uint16_t i = 0; i < out->alias_count; i++) {
        budget_give(broker->memory, out->aliases[i].size);
        free(out->aliases[i].at);
    }
    if (out->aliases)
        budget_give(broker->memory, client->out_alias_max * sizeof *out->aliases);
    free(out->aliases);
}

void out_free(struct broker *broker, struct client *client)
{
    struct out *out = client->out;
    if (!out)
        return;
    slots_free(broker, &out->qos_0);
    slots_free(broker, &out->waiting);
    slots_free(broker, &out->flight);
    retained_free(broker, client);
    out_aliases_free(broker, client);
    budget_give(broker->memory, sizeof *out);
    free(out);
    client->out = NULL;
}

void deliver_dirty(struct broker *broker, struct client *client)
{
    if (link_is_alone(&client->dirty))
        link_put(&broker->dirty, &client->dirty);
}

/* ---- what waits ---- */
static void deliver_drop(struct broker *broker, struct client *client, uint64_t *counter,
                         struct ids *ids)
{
    uint64_t suppressed;
    (*counter)++;
    client->dropped++;
    free(ids);
    if (log_ration_take(&broker->ration_slow, broker->now_ns, 1, &suppressed))
        log_warn("mqtt", "%.*s (%s) does not take its messages fast enough: some are dropped",
                 client->id_size < 64 ? (int)client->id_size : 64, (const char *)client->id,
                 client->link->peer);
}

void deliver_add(struct broker *broker, struct client *client, struct message *message, uint8_t qos,
                 bool retain, uint32_t id, struct ids *ids)
{
    const struct settings *settings = broker->settings;
    struct out *out = out_of(broker, client);
    uint64_t *counter = qos == 0 ? &broker->counters.dropped_slow : &broker->counters.dropped_queue;
    if (!out) {
        deliver_drop(broker, client, counter, ids);
        return;
    }
    struct slots *slots = qos == 0 ? &out->qos_0 : &out->waiting;
    uint64_t waiting = qos == 0 ? slots->count : (uint64_t)slots->count + out->in_flight;
    uint64_t most = qos == 0 ? settings->mqtt_queue_qos0 : settings->mqtt_queue;
    struct slot slot = {.message = message, .ids = ids, .id = id, .qos = qos, .retain = retain};
    if (waiting >= most || out->bytes + message_bytes(message) > settings->mqtt_queue_bytes ||
        !slots_put(broker, slots, &slot)) {
        deliver_drop(broker, client, counter, ids);
        return;
    }
    message->references++;
    out->bytes += message_bytes(message);
    deliver_dirty(broker, client);
}

/* ---- sending ---- */
static bool deliver_is_choked(struct broker *broker, const struct client *client)
{
    return client->link->over ||
           broker->config.port->unsent(broker->config.arg, client->link) > BROKER_UNSENT;
}

/* The alias under which the client knows the topic; *ret_known: it does so already. 0: none. */
static uint16_t deliver_alias(struct broker *broker, struct client *client, struct bytes topic,
                              bool *ret_known)
{
    struct out *out = client->out;
    uint64_t hash = broker_hash(broker, client->tenant, topic);
    for (uint16_t i = 0; i < out->alias_count; i++)
        if (out->aliases[i].hash == hash &&
            bytes_equal(bytes_of(out->aliases[i].at, out->aliases[i].size), topic)) {
            *ret_known = true;
            return (uint16_t)(i + 1);
        }
    *ret_known = false;
    if (out->alias_count == client->out_alias_max)
        return 0;
    size_t table = client->out_alias_max * sizeof *out->aliases;
    if (!out->aliases) {
        if (!budget_take(broker->memory, table))
            return 0;
        out->aliases = calloc(client->out_alias_max, sizeof *out->aliases);
        if (!out->aliases) {
            budget_give(broker->memory, table);
            return 0;
        }
    }
    uint8_t *copy = budget_take(broker->memory, topic.size) ? malloc(topic.size) : NULL;
    if (!copy)
        return 0;
    memcpy(copy, topic.at, topic.size);
    out->aliases[out->alias_count++] =
        (struct out_alias){.hash = hash, .size = (uint16_t)topic.size, .at = copy};
    return out->alias_count;
}

static size_t deliver_send_large(struct broker *broker, struct client *client,
                                 const struct mqtt_delivery *delivery, size_t size)
{
    uint8_t *at = size <= PACKET_SCRATCH ? broker->scratch_2 : malloc(size);
    if (!at)
        return 0;
    size = mqtt_delivery_put(at, size, client->version, delivery);
    broker->config.port->put(broker->config.arg, client->link, bytes_of(at, size));
    if (at != broker->scratch_2)
        free(at);
    return size;
}

/* Sends it; false when the client takes no packet of that size [MQTT-3.1.2-24]. */
static bool deliver_send(struct broker *broker, struct client *client,
                         struct mqtt_delivery *delivery)
{
    const struct broker_port *port = broker->config.port;
    bool known = false;
    size_t size = mqtt_delivery_size(client->version, delivery);
    if (size > client->packet_max || size > MQTT_REMAINING_MAX) {
        broker->counters.dropped_size++;
        return false;
    }
    if (client->out_alias_max > 0 && size + 3 <= client->packet_max) {
        delivery->alias = deliver_alias(broker, client, delivery->topic, &known);
        if (known)
            delivery->topic = bytes_of("", 0);
    }
    size += 8;
    if (size <= BROKER_ROOM) {
        uint8_t *at = port->room(broker->config.arg, client->link, size);
        size = mqtt_delivery_put(at, size, client->version, delivery);
        port->used(broker->config.arg, client->link, size);
    } else {
        size = deliver_send_large(broker, client, delivery, size);
    }
    broker->counters.delivered++;
    broker->counters.packets_out++;
    broker->counters.delivered_bytes += size;
    return true;
}

/* What is left of the expiry in whole seconds; false: nothing is [MQTT-3.3.2-5, -6]. */
static bool deliver_expiry(int64_t left_ns, struct mqtt_delivery *delivery)
{
    if (left_ns <= 0)
        return false;
    delivery->has_expiry = true;
    delivery->expiry_s = (uint32_t)((left_ns + NS_PER_S - 1) / NS_PER_S);
    return true;
}

/* May the client see it, as its rights are now? The topic becomes what is shown of it. */
static bool deliver_may(struct broker *broker, struct client *client, uint32_t tenant,
                        struct bytes *topic)
{
    if (UNLIKELY(!rights_sees(broker, client, tenant, *topic))) {
        broker->counters.dropped_denied++;
        return false;
    }
    if (LIKELY(tenant == client->tenant))
        return true;
    *topic = rights_present(broker, client, tenant, *topic);
    broker->counters.dropped_size += topic->size == 0;
    return topic->size > 0;
}

/* A message of the waiting ones; false: it was not sent, and is not to be tried again. */
static bool deliver_slot(struct broker *broker, struct client *client, const struct slot *slot,
                         uint16_t packet_id)
{
    const struct message *message = slot->message;
    const uint8_t *at = message->bytes;
    struct mqtt_delivery delivery = {
        .retain = slot->retain, .qos = slot->qos, .packet_id = packet_id};
    delivery.topic = bytes_of(at, message->topic_size);
    if (!deliver_may(broker, client, message->tenant, &delivery.topic))
        return false;
    delivery.properties = bytes_of(at + message->topic_size, message->properties_size);
    delivery.payload =
        bytes_of(at + message->topic_size + message->properties_size, message->payload_size);
    delivery.ids = slot->ids ? slot->ids->at : &slot->id;
    delivery.id_count = slot->ids ? slot->ids->count : slot->id != 0;
    if (UNLIKELY(message->has_expiry) &&
        !deliver_expiry(message->expires_ns - broker->now_ns, &delivery)) {
        broker->counters.dropped_expired++;
        return false;
    }
    return deliver_send(broker, client, &delivery);
}

static void deliver_qos_0(struct broker *broker, struct client *client, uint32_t *budget)
{
    struct out *out = client->out;
    while (out->qos_0.count > 0 && *budget > 0 && !deliver_is_choked(broker, client)) {
        struct slot *slot = slots_at(&out->qos_0, 0);
        (*budget)--;
        (void)deliver_slot(broker, client, slot, 0);
        out->bytes -= message_bytes(slot->message);
        slot_clear(broker, slot);
        slots_drop(&out->qos_0);
    }
    if (out->qos_0.count == 0 && out->qos_0.capacity > 64)
        slots_free(broker, &out->qos_0);
}

/* ---- in flight ---- */
static uint16_t id_after(uint16_t id, uint32_t steps)
{
    return (uint16_t)((id - 1u + steps) % 65535u + 1u);
}

/* The slot of a packet id in flight, or NULL. */
static struct slot *flight_find(const struct out *out, uint16_t packet_id)
{
    uint32_t at = ((uint32_t)packet_id + 65535u - out->flight_first) % 65535u;
    if (out->flight.count == 0 || packet_id == 0 || at >= out->flight.count)
        return NULL;
    struct slot *slot = slots_at(&out->flight, at);
    return slot->state == SLOT_DONE ? NULL : slot;
}

/* Enters a packet id; ids that the queue skipped are entered as done. false: no memory. */
static bool flight_put(struct broker *broker, struct out *out, uint16_t packet_id,
                       const struct slot *slot)
{
    const struct slot hole = {.state = SLOT_DONE};
    if (out->flight.count == 0)
        out->flight_first = packet_id;
    uint32_t at = ((uint32_t)packet_id + 65535u - out->flight_first) % 65535u;
    if (at < out->flight.count)
        return false;
    while (out->flight.count < at)
        if (!slots_put(broker, &out->flight, &hole))
            return false;
    if (!slots_put(broker, &out->flight, slot))
        return false;
    out->in_flight++;
    return true;
}

static void flight_done(struct broker *broker, struct out *out, struct slot *slot)
{
    slot_clear(broker, slot);
    slot->state = SLOT_DONE;
    out->in_flight--;
    while (out->flight.count > 0 && slots_at(&out->flight, 0)->state == SLOT_DONE) {
        slots_drop(&out->flight);
        out->flight_first = id_after(out->flight_first, 1);
    }
}

static bool flight_has_room(const struct client *client)
{
    const struct out *out = client->out;
    return out->in_flight < client->window && out->flight.count < FLIGHT_SPAN_MAX;
}

static void deliver_waiting(struct broker *broker, struct client *client, uint32_t *budget)
{
    struct out *out = client->out;
    while (out->waiting.count > 0 && *budget > 0 && flight_has_room(client) &&
           !deliver_is_choked(broker, client)) {
        struct slot slot = *slots_at(&out->waiting, 0);
        (*budget)--;
        slot.state = SLOT_SENT;
        if (!flight_put(broker, out, out->next_id, &slot))
            return; /* memory: later */
        slots_drop(&out->waiting);
        out->bytes -= message_bytes(slot.message);
        struct slot *sent = flight_find(out, out->next_id);
        if (deliver_slot(broker, client, sent, out->next_id)) {
            /* It is never sent again: the session ends with the connection. */
            slot_clear(broker, sent);
            out->next_id = id_after(out->next_id, 1);
        } else {
            flight_done(broker, out, sent);
            if (out->flight.count > 0)
                out->next_id = id_after(out->flight_first, out->flight.count);
            else
                out->next_id = id_after(out->next_id, 1);
        }
    }
}

/* ---- kept sessions ---- */
void deliver_resume(struct broker *broker, struct client *client, uint16_t sent_before)
{
    struct out *out = out_of(broker, client);
    if (!out)
        return;
    out->entry_next = sessions_queue_first(broker->sessions, client->number);
    out->resending = sent_before != 0 && out->entry_next != ENTRY_NONE;
    out->resent_to = sent_before;
    out->resend_end = sessions_queue_after(broker->sessions, client->number, sent_before);
    struct session_view view;
    out->resend_last =
        sessions_view(broker->sessions, client->number, &view) ? view.newest : sent_before;
    deliver_dirty(broker, client);
}

/* A queued message that will not be sent: larger than the client takes, or past its expiry. */
static void entry_drop(struct broker *broker, const struct client *client, uint16_t packet_id)
{
    (void)chore_put(
        broker,
        &(struct chore){.kind = CHORE_DROP, .number = client->number, .packet_id = packet_id},
        bytes_of("", 0));
}

static void release_send(struct broker *broker, struct client *client, uint16_t packet_id)
{
    struct ack ack = {
        .ticket = (uint32_t)broker->durable_ticket, .packet_id = packet_id, .type = MQTT_PUBREL};
    if (!answer_put(broker, client, &ack))
        packet_goodbye(broker, client->link, MQTT_QUOTA_EXCEEDED, CAUSE_MEMORY,
                       cause_text(CAUSE_MEMORY));
}

static bool entry_send(struct broker *broker, struct client *client, const struct entry_view *entry,
                       bool dup)
{
    struct message_view view;
    struct mqtt_delivery delivery = {.dup = dup,
                                     .retain = entry->retain,
                                     .qos = entry->qos,
                                     .packet_id = entry->packet_id,
                                     .ids = entry->ids,
                                     .id_count = entry->id_count};
    sessions_message(broker->sessions, entry->message, &view);
    if (view.topic_size + view.payload_size + view.properties_size > PACKET_SCRATCH)
        return false;
    if (view.expires_wall_ns != INT64_MAX) {
        struct clock *clock = broker->config.clock;
        if (!deliver_expiry(view.expires_wall_ns - clock->wall_ns(clock), &delivery)) {
            if (!dup) {
                broker->counters.dropped_expired++;
                return false;
            }
            delivery.has_expiry = true; /* what was sent once is sent again [MQTT-4.3.3-7] */
        }
    }
    sessions_message_copy(broker->sessions, entry->message, broker->scratch);
    delivery.topic = bytes_of(broker->scratch, view.topic_size);
    if (!deliver_may(broker, client, view.tenant, &delivery.topic))
        return false;
    delivery.payload = bytes_of(broker->scratch + view.topic_size, view.payload_size);
    delivery.properties =
        bytes_of(broker->scratch + view.topic_size + view.payload_size, view.properties_size);
    return deliver_send(broker, client, &delivery);
}

/* Was this one sent before the connection that was lost? All are that come before the first entry
 * behind the newest one sent; without such a one, all that were there when the session went on. */
static bool entry_was_sent(struct out *out, uint32_t number, uint16_t packet_id)
{
    if (!out->resending)
        return false;
    if (out->resend_end == number) {
        out->resending = false;
        return false;
    }
    if (out->resend_end == ENTRY_NONE && out->resend_last == packet_id)
        out->resending = false;
    return true;
}

/* One entry of the queue: true when it is behind us. */
static bool deliver_entry(struct broker *broker, struct client *client, uint32_t number)
{
    struct out *out = client->out;
    struct entry_view entry;
    sessions_entry(broker->sessions, number, &entry);
    struct slot slot = {.qos = entry.qos, .state = entry.released ? SLOT_RELEASED : SLOT_SENT};
    bool dup = entry_was_sent(out, number, entry.packet_id);
    if (!flight_put(broker, out, entry.packet_id, &slot))
        return false;
    out->sent = entry.packet_id;
    if (entry.released)
        release_send(broker, client, entry.packet_id);
    else if (!entry_send(broker, client, &entry, dup)) {
        flight_done(broker, out, flight_find(out, entry.packet_id));
        entry_drop(broker, client, entry.packet_id);
    }
    return true;
}

static void deliver_queue(struct broker *broker, struct client *client, uint32_t *budget)
{
    struct out *out = client->out;
    const struct broker_link *link = client->link; /* outlives the client, who may go in here */
    if (out->entry_next == ENTRY_NONE)
        out->entry_next = sessions_queue_after(broker->sessions, client->number, out->sent);
    while (out->entry_next != ENTRY_NONE && *budget > 0 && flight_has_room(client) &&
           !deliver_is_choked(broker, client)) {
        uint32_t next = sessions_queue_next(broker->sessions, out->entry_next);
        (*budget)--;
        if (!deliver_entry(broker, client, out->entry_next) || link->over)
            return;
        out->entry_next = next;
    }
}

/* ---- a round ---- */
/* true: there is more, and the client would take it. */
static bool deliver_pieces(struct broker *broker, struct client *client, uint32_t budget)
{
    const struct broker_link *link = client->link;
    if (client->kept && out_of(broker, client))
        deliver_queue(broker, client, &budget);
    if (link->over || !client->out)
        return false;
    deliver_waiting(broker, client, &budget);
    deliver_qos_0(broker, client, &budget);
    if (budget == 0)
        return true;
    /* What a kept session is given lies in its queue, whether its client reads or not. */
    return client->out->feeds && (client->kept || !deliver_is_choked(broker, client)) &&
           retained_advance(broker, client);
}

bool deliver_run(struct broker *broker)
{
    struct link again;
    uint64_t until = broker->counters.packets_out + DELIVER_RUN_PACKETS;
    broker->searches = DELIVER_RUN_SEARCHES;
    link_init(&again);
    for (int i = 0; i < DELIVER_RUN_CLIENTS && !link_is_alone(&broker->dirty) &&
                    broker->counters.packets_out < until;
         i++) {
        struct client *client = LINK_OWNER(broker->dirty.next, struct client, dirty);
        struct broker_link *link = client->link;
        link_take(&client->dirty);
        bool more = !client->waits && deliver_pieces(broker, client, DELIVER_PIECE);
        if (link->over)
            continue; /* and the client is gone */
        broker->config.port->flush(broker->config.arg, link);
        if (more && link_is_alone(&client->dirty))
            link_put(&again, &client->dirty);
    }
    link_move_all(&broker->dirty, &again);
    return !link_is_alone(&broker->dirty);
}

/* ---- PUBACK, PUBREC, PUBCOMP ---- */
static enum broker_feed ack_keep(struct broker *broker, struct client *client, uint16_t packet_id,
                                 enum delivery_step step, uint64_t *ret_ticket)
{
    struct fact fact = {
        .kind = FACT_DELIVERY,
        .delivery = {.session = client->number, .packet_id = packet_id, .step = (uint8_t)step}};
    struct engine_beside beside = {.facts = &fact, .count = 1, .bytes = FACT_MESSAGE_BYTES_MAX(0)};
    struct admitted admitted;
    enum admit admit = engine_keep(broker->engine, &beside, &admitted);
    *ret_ticket = admitted.ticket;
    if (admit == ADMIT_WAIT)
        return BROKER_FULL;
    if (admit == ADMIT_DONE) {
        broker->last_ticket = admitted.ticket;
        return BROKER_MORE;
    }
    /* The session remembers less than happened: the message comes again after a reconnect. */
    packet_goodbye(broker, client->link, MQTT_IMPLEMENTATION_SPECIFIC, CAUSE_REFUSED,
                   admit_text(admit));
    return BROKER_END;
}

/* PUBREL after PUBREC; of a kept session when the disk has it (law 3). */
static enum broker_feed release_queue(struct broker *broker, struct client *client,
                                      uint16_t packet_id, uint64_t ticket, uint8_t reason)
{
    struct ack ack = {
        .ticket = (uint32_t)ticket, .packet_id = packet_id, .type = MQTT_PUBREL, .reason = reason};
    if (answer_put(broker, client, &ack))
        return BROKER_MORE;
    packet_goodbye(broker, client->link, MQTT_QUOTA_EXCEEDED, CAUSE_MEMORY,
                   cause_text(CAUSE_MEMORY));
    return BROKER_END;
}

/* A packet id that is not in flight: said of PUBREC (4.3.3), nothing of the others. */
static enum broker_feed ack_of_none(struct broker *broker, struct client *client, uint8_t type,
                                    const struct mqtt_ack *packet)
{
    if (type != MQTT_PUBREC)
        return BROKER_MORE;
    uint8_t reason = client->version == MQTT_5 ? MQTT_PACKET_ID_NOT_FOUND : 0;
    return release_queue(broker, client, packet->packet_id, broker->durable_ticket, reason);
}

enum broker_feed deliver_ack_feed(struct broker *broker, struct broker_link *link, uint8_t type,
                                  const struct mqtt_ack *packet)
{
    struct client *client = link->client;
    struct out *out = client->out;
    struct slot *slot = out ? flight_find(out, packet->packet_id) : NULL;
    bool received = type == MQTT_PUBREC && packet->reason < 0x80;
    if (!slot || (type == MQTT_PUBACK) != (slot->qos == 1))
        return ack_of_none(broker, client, type, packet);
    if (type == MQTT_PUBCOMP && slot->state != SLOT_RELEASED)
        return BROKER_MORE;
    uint64_t ticket = broker->durable_ticket;
    if (client->kept && !(received && slot->state == SLOT_RELEASED)) {
        enum broker_feed feed = ack_keep(broker, client, packet->packet_id,
                                         received ? DELIVERY_RECEIVED : DELIVERY_DONE, &ticket);
        if (feed != BROKER_MORE)
            return feed;
    }
    if (received) {
        slot->state = SLOT_RELEASED;
        return release_queue(broker, client, packet->packet_id, ticket, 0);
    }
    flight_done(broker, out, slot);
    deliver_dirty(broker, client);
    return BROKER_MORE;
}
