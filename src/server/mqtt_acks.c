/* PUBACK when the disk has it. Whoever waits is on acks_waiting; when the durable ticket moves, all
 * of them may be due; each is sent what it is due in one piece. A ticket is at most two batches
 * away, so a session is looked at twice at most for nothing. */
#include "server/mqtt_session.h"

#include <string.h>

/* Of the codes PUBACK allows (3.4.2.1): what the message is, 0x99; how its topic is called, 0x90;
 * what we have no room for, 0x97; that the disk failed, 0x83. */
uint8_t mqtt_reason_of(enum admit admit)
{
    static const uint8_t reasons[ADMIT_COUNT] = {
        [ADMIT_DONE] = MQTT_SUCCESS,
        [ADMIT_NOT_A_READING] = MQTT_PAYLOAD_FORMAT_INVALID,
        [ADMIT_TYPE] = MQTT_PAYLOAD_FORMAT_INVALID,
        [ADMIT_TOPIC_INVALID] = MQTT_TOPIC_NAME_INVALID,
        [ADMIT_POINTS_MAX] = MQTT_QUOTA_EXCEEDED,
        [ADMIT_POINTS_RATE] = MQTT_QUOTA_EXCEEDED,
        [ADMIT_POINTS_CONNECTION] = MQTT_QUOTA_EXCEEDED,
        [ADMIT_TIME_RANGE] = MQTT_PAYLOAD_FORMAT_INVALID,
        [ADMIT_TOO_LARGE] = MQTT_QUOTA_EXCEEDED,
        [ADMIT_DISK_FULL] = MQTT_QUOTA_EXCEEDED,
        [ADMIT_STOPPED] = MQTT_IMPLEMENTATION_SPECIFIC,
    };
    /* Nothing but DONE is a success, whatever the table has forgotten. */
    if (admit >= ADMIT_COUNT || (admit != ADMIT_DONE && reasons[admit] == MQTT_SUCCESS))
        return MQTT_UNSPECIFIED_ERROR;
    return reasons[admit];
}

const char *mqtt_reason_string(enum admit admit, enum payload_fault fault)
{
    return fault != PAYLOAD_OK ? payload_fault_text(fault) : admit_text(admit);
}

bool mqtt_acks_put(struct server *server, struct mqtt_session *session, const struct ack *ack)
{
    size_t before = acks_bytes(&session->acks);
    if (session->acks.count == session->acks.capacity) {
        size_t growth = before == 0 ? 16 * sizeof(struct ack) : before;
        if (server->memory + growth > server->settings.mqtt_memory)
            return false;
    }
    bool put = acks_put(&session->acks, ack);
    server->memory += acks_bytes(&session->acks) - before;
    if (put && link_is_alone(&session->acks_link))
        link_put(acks_next(&session->acks, server->durable_ticket) ? &server->acks_due
                                                                   : &server->acks_waiting,
                 &session->acks_link);
    return put;
}

void mqtt_acks_forget(struct server *server, struct mqtt_session *session)
{
    link_take(&session->acks_link);
    memory_give(server, acks_bytes(&session->acks));
    acks_done(&session->acks);
}

void mqtt_acks_unchoked(struct server *server, struct mqtt_session *session)
{
    if (session->acks.count == 0)
        return;
    link_take(&session->acks_link);
    link_put(&server->acks_due, &session->acks_link);
}

void mqtt_acks_moved(struct server *server)
{
    link_move_all(&server->acks_due, &server->acks_waiting);
}

bool mqtt_acks_are_due(const struct server *server)
{
    return !link_is_alone(&server->acks_due);
}

/* A refusal has its reason in words, if the client wants words and can take as many bytes. */
static size_t acks_encode(const struct mqtt_session *session, const struct ack *ack, uint8_t *at)
{
    struct mqtt_ack packet = {.packet_id = ack->packet_id, .reason = mqtt_reason_of(ack->admit)};
    if (packet.reason != MQTT_SUCCESS && session->problem_info) {
        packet.properties.has = UINT64_C(1) << 31;
        packet.properties.reason_string = bytes_text(mqtt_reason_string(ack->admit, ack->fault));
        size_t size = mqtt_ack_put(at, MQTT_REASON_ROOM, session->version, MQTT_PUBACK, &packet);
        if (size <= session->packet_max)
            return size;
        packet.properties = (struct mqtt_properties){.has = 0};
    }
    return mqtt_ack_put(at, MQTT_REASON_ROOM, session->version, MQTT_PUBACK, &packet);
}

static void acks_send_session(struct server *server, struct mqtt_session *session, uint32_t now_us)
{
    struct connection *c = session->c;
    const struct ack *ack;
    size_t before = acks_bytes(&session->acks);
    while (!connection_is_choked(c) && !c->broken &&
           (ack = acks_next(&session->acks, server->durable_ticket)) != NULL) {
        uint8_t *at = connection_room(server, c, MQTT_REASON_ROOM);
        connection_room_used(server, acks_encode(session, ack, at));
        counters_latency(&server->counters, now_us - ack->read_us);
        if (ack->admit == ADMIT_DONE)
            server->counters.acks++;
        else
            server->counters.negative_acks++;
        acks_drop(&session->acks);
    }
    acks_trim(&session->acks);
    memory_give(server, before - acks_bytes(&session->acks));
    if (session->acks.count > 0)
        link_put(&server->acks_waiting, &session->acks_link);
    if (session->acks.count <= session->receive_max / 2)
        connection_resume(server, c);
    connection_flush(server);
}

void mqtt_acks_send(struct server *server)
{
    uint32_t now_us = (uint32_t)(server->clock->boot_ns(server->clock) / NS_PER_US);
    for (int i = 0; i < SERVER_ROUND_ACKS && !link_is_alone(&server->acks_due); i++) {
        struct mqtt_session *session =
            LINK_OWNER(server->acks_due.next, struct mqtt_session, acks_link);
        link_take(&session->acks_link);
        acks_send_session(server, session, now_us);
    }
}

void mqtt_acks_lost(struct server *server)
{
    size_t lost = 0, clients = 0;
    while (mqtt_acks_are_due(server))
        mqtt_acks_send(server);
    while (!link_is_alone(&server->acks_waiting)) {
        struct mqtt_session *session =
            LINK_OWNER(server->acks_waiting.next, struct mqtt_session, acks_link);
        link_take(&session->acks_link);
        lost += session->acks.count;
        clients++;
        mqtt_goodbye(server, session->c, MQTT_IMPLEMENTATION_SPECIFIC, CAUSE_LOST,
                     "a write to the disk failed: what was not acknowledged was not kept");
    }
    if (clients > 0)
        log_error("mqtt",
                  "%zu messages of %zu clients were lost with the failed write; they were "
                  "not acknowledged and their senders were disconnected",
                  lost, clients);
}
