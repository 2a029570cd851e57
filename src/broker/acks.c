/* What a client is told of what it sent, when the disk has it. Whoever waits is on acks_waiting;
 * when the durable ticket moves, all of them may be due; each is sent what it is due in one piece.
 * A ticket is at most two batches away, so a client is looked at twice at most for nothing. */
#include "broker/room.h"

#define ANSWERS_RUN_CLIENTS 64 /* told in one round */

/* Of the codes PUBACK and PUBREC allow (3.4.2.1): what the message is, 0x99; how its topic is
 * called, 0x90; what we have no room for, 0x97; that the disk failed, 0x83. */
uint8_t ack_reason_of(enum admit admit)
{
    static const uint8_t reasons[ADMIT_COUNT] = {
        [ADMIT_DONE] = MQTT_SUCCESS,
        [ADMIT_NOT_A_READING] = MQTT_PAYLOAD_FORMAT_INVALID,
        [ADMIT_TYPE] = MQTT_PAYLOAD_FORMAT_INVALID,
        [ADMIT_TOPIC_INVALID] = MQTT_TOPIC_NAME_INVALID,
        [ADMIT_NO_PATH] = MQTT_TOPIC_NAME_INVALID,
        [ADMIT_DENIED] = MQTT_NOT_AUTHORIZED,
        [ADMIT_POINTS_MAX] = MQTT_QUOTA_EXCEEDED,
        [ADMIT_POINTS_RATE] = MQTT_QUOTA_EXCEEDED,
        [ADMIT_POINTS_CONNECTION] = MQTT_QUOTA_EXCEEDED,
        [ADMIT_STORAGE_MAX] = MQTT_QUOTA_EXCEEDED,
        [ADMIT_TIME_RANGE] = MQTT_PAYLOAD_FORMAT_INVALID,
        [ADMIT_TOO_LARGE] = MQTT_QUOTA_EXCEEDED,
        [ADMIT_DISK_FULL] = MQTT_QUOTA_EXCEEDED,
        [ADMIT_STORE_FULL] = MQTT_QUOTA_EXCEEDED,
        [ADMIT_STOPPED] = MQTT_IMPLEMENTATION_SPECIFIC,
    };
    /* Nothing but DONE is a success, whatever the table has forgotten. */
    if (admit >= ADMIT_COUNT || (admit != ADMIT_DONE && reasons[admit] == MQTT_SUCCESS))
        return MQTT_UNSPECIFIED_ERROR;
    return reasons[admit];
}

bool answer_put(struct broker *broker, struct client *client, const struct ack *ack)
{
    size_t before = acks_bytes(&client->acks);
    bool put = acks_put(&client->acks, ack);
    /* What was taken is answered though memory is full: the receive maximum bounds it. */
    broker->memory->used += acks_bytes(&client->acks) - before;
    client->unanswered += put && ack->type == MQTT_PUBACK;
    if (put && link_is_alone(&client->acks_link))
        link_put(acks_next(&client->acks, broker->durable_ticket) ? &broker->acks_due
                                                                  : &broker->acks_waiting,
                 &client->acks_link);
    return put;
}

void answers_forget(struct broker *broker, struct client *client)
{
    link_take(&client->acks_link);
    budget_give(broker->memory, acks_bytes(&client->acks));
    acks_done(&client->acks);
}

void answers_unchoked(struct broker *broker, struct client *client)
{
    if (client->acks.count == 0)
        return;
    link_take(&client->acks_link);
    link_put(&broker->acks_due, &client->acks_link);
}

void answers_moved(struct broker *broker)
{
    link_move_all(&broker->acks_due, &broker->acks_waiting);
}

/* A refusal has its reason in words, if the client wants words and can take as many bytes. */
static size_t answer_encode(const struct client *client, const struct ack *ack, uint8_t *at)
{
    struct mqtt_ack packet = {.packet_id = ack->packet_id, .reason = ack->reason};
    if (ack->admit != ADMIT_DONE && client->problem_info) {
        const char *text = ack->fault != PAYLOAD_OK
                               ? payload_fault_text((enum payload_fault)ack->fault)
                               : admit_text((enum admit)ack->admit);
        packet.properties.has = UINT64_C(1) << 31;
        packet.properties.reason_string = bytes_text(text);
        size_t size = mqtt_ack_put(at, REASON_ROOM, client->version, ack->type, &packet);
        if (size <= client->packet_max)
            return size;
        packet.properties = (struct mqtt_properties){.has = 0};
    }
    return mqtt_ack_put(at, REASON_ROOM, client->version, ack->type, &packet);
}

static void answer_count(struct broker *broker, struct client *client, const struct ack *ack,
                         uint32_t now_us)
{
    client->unanswered -= ack->type == MQTT_PUBACK;
    if (ack->type != MQTT_PUBACK && ack->type != MQTT_PUBREC)
        return;
    broker_latency_note(&broker->counters, now_us - ack->read_us);
    if (ack->reason < 0x80)
        broker->counters.acks++;
    else
        broker->counters.negative_acks++;
}

static void answers_send_client(struct broker *broker, struct client *client, uint32_t now_us)
{
    const struct broker_port *port = broker->config.port;
    void *arg = broker->config.arg;
    struct broker_link *link = client->link;
    const struct ack *ack;
    size_t before = acks_bytes(&client->acks);
    while ((ack = acks_next(&client->acks, broker->durable_ticket)) != NULL &&
           port->unsent(arg, link) <= BROKER_UNSENT) {
        uint8_t *at = port->room(arg, link, REASON_ROOM);
        port->used(arg, link, answer_encode(client, ack, at));
        answer_count(broker, client, ack, now_us);
        broker->counters.packets_out++;
        acks_drop(&client->acks);
    }
    acks_trim(&client->acks);
    budget_give(broker->memory, before - acks_bytes(&client->acks));
    if (client->acks.count > 0)
        link_put(&broker->acks_waiting, &client->acks_link);
    if (client->acks.count <= client->receive_max / 2)
        port->resume(arg, link);
    if (link_is_alone(&client->dirty)) /* else deliveries follow, and go with it */
        port->flush(arg, link);
}

bool answers_send(struct broker *broker)
{
    uint32_t now_us = (uint32_t)(broker->config.clock->boot_ns(broker->config.clock) / NS_PER_US);
    for (int i = 0; i < ANSWERS_RUN_CLIENTS && !link_is_alone(&broker->acks_due); i++) {
        struct client *client = LINK_OWNER(broker->acks_due.next, struct client, acks_link);
        link_take(&client->acks_link);
        answers_send_client(broker, client, now_us);
    }
    return !link_is_alone(&broker->acks_due);
}

void answers_lost(struct broker *broker)
{
    size_t lost = 0, clients = 0;
    while (answers_send(broker))
        ;
    while (!link_is_alone(&broker->acks_waiting)) {
        struct client *client = LINK_OWNER(broker->acks_waiting.next, struct client, acks_link);
        link_take(&client->acks_link);
        if (acks_are_durable(&client->acks, broker->durable_ticket))
            continue; /* and the client does not read */
        lost += client->acks.count;
        clients++;
        packet_goodbye(broker, client->link, MQTT_IMPLEMENTATION_SPECIFIC, CAUSE_LOST,
                       "a write to the disk failed: what was not acknowledged was not kept");
    }
    if (clients > 0)
        log_error("mqtt",
                  "%zu messages of %zu clients were lost with the failed write; they were "
                  "not acknowledged and their senders were disconnected",
                  lost, clients);
}
