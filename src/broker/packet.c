/* Packets: which may come when, and how a connection is left. Numbers in brackets are clauses of
 * MQTT 5 where nothing else is said. */
#include "broker/room.h"

#include <string.h>

/* ---- goodbye ---- */
/* DISCONNECT with a reason, which MQTT 5 alone lets a server send (3.14). */
static void goodbye_send(struct broker *broker, struct broker_link *link, uint8_t reason,
                         const char *text)
{
    const struct client *client = link->client;
    struct mqtt_disconnect packet = {.reason = reason};
    if (!client || client->version != MQTT_5 || client->waits)
        return;
    if (text && client->problem_info) {
        packet.properties.has = UINT64_C(1) << 31;
        packet.properties.reason_string = bytes_text(text);
    }
    const struct broker_port *port = broker->config.port;
    uint8_t *at = port->room(broker->config.arg, link, REASON_ROOM);
    size_t size = mqtt_disconnect_put(at, REASON_ROOM, MQTT_5, &packet);
    if (size > client->packet_max) {
        packet.properties = (struct mqtt_properties){.has = 0};
        size = mqtt_disconnect_put(at, REASON_ROOM, MQTT_5, &packet);
    }
    port->used(broker->config.arg, link, size <= client->packet_max ? size : 0);
}

/* The ordinary ends are for those who look closely; the others are worth a line. */
static void goodbye_log(struct broker *broker, const struct broker_link *link, uint8_t reason,
                        enum cause cause)
{
    const struct client *client = link->client;
    uint64_t suppressed;
    if (cause == CAUSE_TAKEN_OVER || cause == CAUSE_STOP || cause == CAUSE_LOST ||
        !log_ration_take(&broker->ration_closed, broker->now_ns, 10, &suppressed))
        return;
    if (suppressed > 0)
        log_warn("mqtt", "%llu more connections were closed since", (unsigned long long)suppressed);
    log_warn("mqtt", "closing %.*s (%s): %s%s%s",
             client ? (client->id_size < 64 ? (int)client->id_size : 64) : 9,
             client ? (const char *)client->id : "no client", link->peer, cause_text(cause),
             reason ? "; " : "", reason ? mqtt_reason_text(reason) : "");
}

static void link_end(struct broker *broker, struct broker_link *link, enum cause cause,
                     bool will_wanted)
{
    struct client *client = link->client;
    link->over = true;
    link->client = NULL;
    enter_leave(broker, link);
    if (client)
        client_gone(broker, client, will_wanted);
    broker->config.port->end(broker->config.arg, link, cause);
}

void packet_goodbye(struct broker *broker, struct broker_link *link, uint8_t reason,
                    enum cause cause, const char *text)
{
    if (link->over)
        return;
    goodbye_log(broker, link, reason, cause);
    goodbye_send(broker, link, reason, text);
    link_end(broker, link, cause, true);
}

void broker_gone(struct broker *broker, struct broker_link *link)
{
    struct client *client = link->client;
    chore_forget_link(link);
    enter_leave(broker, link);
    link->over = true;
    link->client = NULL;
    if (client)
        client_gone(broker, client, true);
}

void broker_silent(struct broker *broker, struct broker_link *link)
{
    if (link->over) { /* it said DISCONNECT, and the disk takes long */
        chore_forget_link(link);
        broker->config.port->end(broker->config.arg, link, CAUSE_GOODBYE);
        return;
    }
    if (link->client)
        packet_goodbye(broker, link, MQTT_KEEP_ALIVE_TIMEOUT, CAUSE_KEEP_ALIVE, NULL);
    else
        packet_goodbye(broker, link, 0, CAUSE_CONNECT_TIME, NULL);
    chore_forget_link(link);
}

void broker_too_much(struct broker *broker, struct broker_link *link)
{
    packet_goodbye(broker, link, MQTT_QUOTA_EXCEEDED, CAUSE_MEMORY, cause_text(CAUSE_MEMORY));
    chore_forget_link(link);
}

void broker_unchoked(struct broker *broker, struct broker_link *link)
{
    if (!link->client)
        return;
    answers_unchoked(broker, link->client);
    deliver_dirty(broker, link->client);
}

void packet_log_refusal(struct broker *broker, const struct client *client, struct bytes topic,
                        const char *why)
{
    uint64_t suppressed;
    if (!broker->settings->log_refused ||
        !log_ration_take(&broker->ration_refused, broker->now_ns, 5, &suppressed))
        return;
    int size = topic.size < 128 ? (int)topic.size : 128;
    if (suppressed > 0)
        log_warn("mqtt", "%llu more messages were refused since", (unsigned long long)suppressed);
    log_warn("mqtt", "refused: %.*s from %.*s (%s): %s", size, (const char *)topic.at,
             client->id_size < 64 ? (int)client->id_size : 64, (const char *)client->id,
             client->link->peer, why);
}

/* ---- packets ---- */
static enum broker_feed packet_unexpected(struct broker *broker, struct broker_link *link)
{
    packet_goodbye(broker, link, MQTT_PROTOCOL_ERROR, CAUSE_PROTOCOL, NULL);
    return BROKER_END;
}

static enum broker_feed ack_feed(struct broker *broker, struct broker_link *link,
                                 const struct mqtt_frame *frame)
{
    struct mqtt_ack ack;
    uint8_t reason = mqtt_ack_get(frame, link->client->version, &ack);
    if (reason != 0) {
        packet_goodbye(broker, link, reason,
                       reason == MQTT_PROTOCOL_ERROR ? CAUSE_PROTOCOL : CAUSE_MALFORMED, NULL);
        return BROKER_END;
    }
    if (frame->type == MQTT_PUBREL)
        return release_feed(broker, link, &ack);
    return deliver_ack_feed(broker, link, frame->type, &ack);
}

static enum broker_feed ping_feed(struct broker *broker, struct broker_link *link)
{
    const struct broker_port *port = broker->config.port;
    uint8_t *at = port->room(broker->config.arg, link, 2);
    broker->counters.packets_out++;
    port->used(broker->config.arg, link, mqtt_empty_put(at, 2, MQTT_PINGRESP));
    return BROKER_MORE;
}

static enum broker_feed packet_feed(struct broker *broker, struct broker_link *link,
                                    const struct mqtt_frame *frame)
{
    const struct client *client = link->client;
    if (LIKELY(client && !client->waits && frame->type == MQTT_PUBLISH))
        return publish_feed(broker, link, frame);
    if (!client) /* [MQTT-3.1.0-1]: CONNECT comes first */
        return frame->type == MQTT_CONNECT ? connect_feed(broker, link, frame)
                                           : packet_unexpected(broker, link);
    if (client->waits) /* it may go on before CONNACK (3.1.4); it is heard after it */
        return BROKER_HOLD;
    if (UNLIKELY(client->acks.count >= 2 * client->receive_max + 16) &&
        frame->type != MQTT_DISCONNECT)
        return BROKER_HOLD; /* so many answers wait for the disk: more questions wait as well */
    switch (frame->type) {
    case MQTT_PINGREQ:
        return ping_feed(broker, link);
    case MQTT_DISCONNECT:
        return disconnect_feed(broker, link, frame);
    case MQTT_SUBSCRIBE:
    case MQTT_UNSUBSCRIBE:
        return subscribe_feed(broker, link, frame);
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBREL:
    case MQTT_PUBCOMP:
        return ack_feed(broker, link, frame);
    default: /* a second CONNECT [MQTT-3.1.0-2], AUTH, what only servers send */
        return packet_unexpected(broker, link);
    }
}

enum broker_feed broker_feed(struct broker *broker, struct broker_link *link, struct bytes bytes,
                             size_t *ret_used, size_t *ret_wanted)
{
    size_t used = 0;
    uint64_t turn = broker->work + WORK_TURN;
    struct mqtt_frame frame;
    link->turn = false;
    while (used < bytes.size && !link->over) {
        const struct client *client = link->client;
        size_t most = client ? client->packet_in_max : broker->settings->mqtt_packet;
        enum err err = mqtt_frame_get(bytes_of(bytes.at + used, bytes.size - used), &frame);
        if (UNLIKELY(err == ERR_INVALID)) {
            packet_goodbye(broker, link, MQTT_MALFORMED_PACKET, CAUSE_MALFORMED, NULL);
            return BROKER_END;
        }
        if (UNLIKELY(frame.packet_bytes > most)) {
            packet_goodbye(broker, link, MQTT_PACKET_TOO_LARGE, CAUSE_PACKET_SIZE, NULL);
            return BROKER_END;
        }
        *ret_used = used;
        if (err == ERR_BUSY) {
            *ret_wanted = frame.packet_bytes;
            if (client)
                flow_pass(link->client, PASS_NONE);
            return BROKER_MORE;
        }
        if (UNLIKELY(broker->work >= turn)) {
            link->turn = true;
            return BROKER_HOLD;
        }
        enum broker_feed feed = packet_feed(broker, link, &frame);
        if (UNLIKELY(feed == BROKER_FULL || feed == BROKER_HOLD)) {
            broker->counters.waits += feed == BROKER_FULL;
            return feed;
        }
        broker->counters.packets++;
        if (UNLIKELY(feed == BROKER_END))
            return feed;
        used += frame.packet_bytes;
    }
    *ret_used = used;
    if (link->client)
        flow_pass(link->client, PASS_NONE);
    return link->over ? BROKER_END : BROKER_MORE;
}

/* ---- the server stops ---- */
void broker_stop_wills(struct broker *broker)
{
    for (uint32_t number = 1; number < broker->record_count; number++) {
        struct record *record = records_at(broker, number);
        struct will_view will;
        if (record->client && !record->chore && sessions_will(broker->sessions, number, &will) &&
            (will.delay_s == 0 || record->client->expiry_s == 0))
            record->chore = chore_put(broker, &(struct chore){.kind = CHORE_WILL, .number = number},
                                      bytes_of("", 0));
    }
}

void broker_stop_goodbye(struct broker *broker)
{
    for (uint32_t slot = 0; slot < broker->slot_count; slot++)
        if (broker->slots[slot])
            packet_goodbye(broker, broker->slots[slot]->link, MQTT_SERVER_SHUTTING_DOWN, CAUSE_STOP,
                           NULL);
}
