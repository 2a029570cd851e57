/* What the server sends, packet by packet, and the client's part of the two flows of QoS 1 and 2
 * (MQTT 5, 4.3): messages of ours until their PUBACK or PUBCOMP, messages of the server until they
 * are acknowledged, and both again after a connection that broke (4.4). */
#include "client/mqtt_client.h"

#include <stdlib.h>
#include <string.h>

static void client_hear(struct client *client, const struct mqtt_properties *properties)
{
    char *said = client->config.said;
    if (said == NULL)
        return;
    size_t size = properties->reason_string.size;
    size = size < CLIENT_SAID_SIZE ? size : CLIENT_SAID_SIZE - 1;
    if (size > 0)
        memcpy(said, properties->reason_string.at, size);
    said[size] = 0;
}

/* ---- CONNACK and DISCONNECT
 * -------------------------------------------------------------------- */

static void take_assigned_id(struct client *client, struct bytes assigned)
{
    size_t size = assigned.size < CLIENT_ID_SIZE ? assigned.size : CLIENT_ID_SIZE - 1;
    if (size == 0)
        return;
    memcpy(client->id, assigned.at, size);
    client->id[size] = 0;
}

static enum err take_connack(struct client *client, const struct mqtt_frame *frame)
{
    struct mqtt_connack connack = {0};
    if (client->connected)
        return ERR_CORRUPT;
    if (mqtt_connack_get(frame, client->version, &connack) != MQTT_SUCCESS)
        return ERR_CORRUPT;
    const struct mqtt_properties *properties = &connack.properties;
    client->reason = connack.reason;
    client->connected = connack.reason == MQTT_SUCCESS;
    client->closed = !client->connected;
    client->session_present = connack.session_present;
    client->server = *properties;
    client_hear(client, properties);
    if (MQTT_HAS(properties, 18))
        take_assigned_id(client, properties->assigned_client_id);
    if (MQTT_HAS(properties, 33) && properties->receive_maximum < client->window)
        client->window = properties->receive_maximum;
    client->keep_alive_ns = client->config.keep_alive_s * NS_PER_S;
    if (MQTT_HAS(properties, 19))
        client->keep_alive_ns = properties->server_keep_alive_s * NS_PER_S;
    return OK;
}

static void take_disconnect(struct client *client, const struct mqtt_frame *frame)
{
    struct mqtt_disconnect disconnect = {0};
    client->closed = true;
    client->reason = MQTT_UNSPECIFIED_ERROR;
    if (mqtt_disconnect_get(frame, client->version, &disconnect) == MQTT_SUCCESS) {
        client->reason = disconnect.reason;
        client_hear(client, &disconnect.properties);
    }
}

/* ---- what the server publishes
 * ----------------------------------------------------------------- */

void client_acknowledge(struct client *client, uint8_t type, uint16_t packet_id, uint8_t reason)
{
    uint8_t *at = client->channel.fd >= 0 ? mqtt_client_room(client, 64) : NULL;
    struct mqtt_ack ack = {.packet_id = packet_id, .reason = reason};
    if (at == NULL)
        return;
    client->output_size += mqtt_ack_put(at, 64, client->version, type, &ack);
    bool ends = type == MQTT_PUBACK || type == MQTT_PUBCOMP ||
                (type == MQTT_PUBREC && reason >= MQTT_UNSPECIFIED_ERROR);
    if (ends && client->held[packet_id] != HELD_FREE) {
        client->held[packet_id] = HELD_FREE;
        client->held_count--;
    }
}

void mqtt_client_forget_aliases(struct client *client)
{
    for (size_t i = 0; i <= client->config.topic_alias_maximum; i++) {
        union {
            const uint8_t *view;
            uint8_t *own;
        } topic = {.view = client->aliases[i].at};
        free(topic.own);
        client->aliases[i] = bytes_of(NULL, 0);
    }
}

/* Replaces an alias by its topic, or remembers the topic (3.3.2.3.4). */
static enum err take_alias(struct client *client, struct mqtt_publish *publish)
{
    if (!MQTT_HAS(&publish->properties, 35))
        return OK;
    uint16_t number = publish->properties.topic_alias;
    if (number == 0 || number > client->config.topic_alias_maximum)
        return ERR_CORRUPT;
    struct bytes *alias = &client->aliases[number];
    if (publish->topic.size > 0) {
        uint8_t *copy = malloc(publish->topic.size);
        if (copy == NULL)
            return ERR_NO_MEMORY;
        memcpy(copy, publish->topic.at, publish->topic.size);
        union {
            const uint8_t *view;
            uint8_t *own;
        } old = {.view = alias->at};
        free(old.own);
        *alias = bytes_of(copy, publish->topic.size);
    }
    publish->topic = *alias;
    return alias->size > 0 ? OK : ERR_CORRUPT;
}

/* Holds the identifier. *ret_repeated: QoS 2, and it is held already. */
static enum err take_identifier(struct client *client, const struct mqtt_publish *publish,
                                bool *ret_repeated)
{
    uint8_t *held = &client->held[publish->packet_id];
    uint16_t most = client->config.receive_maximum;
    *ret_repeated = publish->qos == 2 && *held == HELD_QOS_2;
    if (*held == HELD_FREE)
        client->held_count++;
    *held = publish->qos == 2 ? HELD_QOS_2 : HELD_QOS_1;
    return most > 0 && client->held_count > most ? ERR_CORRUPT : OK;
}

static enum err take_publish(struct client *client, const struct mqtt_frame *frame)
{
    struct mqtt_publish publish;
    if (mqtt_publish_get(frame, client->version, &publish) != MQTT_SUCCESS)
        return ERR_CORRUPT;
    bool repeated = false, manual = client->config.manual_acks;
    enum err err = take_alias(client, &publish);
    if (err == OK && publish.qos > 0)
        err = take_identifier(client, &publish, &repeated);
    if (err != OK)
        return err;
    struct client_message message = {
        .topic = publish.topic,
        .payload = publish.payload,
        .qos = publish.qos,
        .retain = publish.retain,
        .dup = publish.dup,
        .repeated = repeated,
        .packet_id = publish.packet_id,
        .properties = &publish.properties,
    };
    if (client->config.received != NULL && (manual || !repeated))
        client->config.received(client->arg, &message);
    if (publish.qos > 0 && !manual)
        client_acknowledge(client, publish.qos == 1 ? MQTT_PUBACK : MQTT_PUBREC, publish.packet_id,
                           MQTT_SUCCESS);
    return OK;
}

static void take_pubrel(struct client *client, const struct mqtt_ack *ack)
{
    if (client->config.manual_acks)
        return;
    bool known = client->held[ack->packet_id] == HELD_QOS_2;
    client_acknowledge(client, MQTT_PUBCOMP, ack->packet_id,
                       known ? MQTT_SUCCESS : MQTT_PACKET_ID_NOT_FOUND);
}

/* ---- what became of messages of ours
 * ----------------------------------------------------------- */

static void client_settle(struct client *client, uint16_t packet_id, uint8_t reason)
{
    struct sent *sent = &client->sent[packet_id];
    uint64_t tag = sent->tag;
    free(sent->packet);
    *sent = (struct sent){0};
    client->free_ids[client->free_count++] = packet_id;
    client->in_flight--;
    client->acked(client->arg, tag, reason);
}

/* PUBREC: from here on the message is the server's, and only its release is sent again. */
static void take_pubrec(struct client *client, const struct mqtt_ack *ack, struct sent *sent)
{
    if (sent == NULL || sent->qos != 2) {
        if (!client->config.manual_acks)
            client_acknowledge(client, MQTT_PUBREL, ack->packet_id, MQTT_PACKET_ID_NOT_FOUND);
        return;
    }
    if (ack->reason >= MQTT_UNSPECIFIED_ERROR) {
        client_settle(client, ack->packet_id, ack->reason);
        return;
    }
    free(sent->packet);
    sent->packet = NULL;
    sent->state = SENT_RELEASE;
    if (!client->config.manual_acks)
        client_acknowledge(client, MQTT_PUBREL, ack->packet_id, MQTT_SUCCESS);
}

static enum err take_ack(struct client *client, const struct mqtt_frame *frame)
{
    struct mqtt_ack ack = {0};
    if (mqtt_ack_get(frame, client->version, &ack) != MQTT_SUCCESS)
        return ERR_CORRUPT;
    client_hear(client, &ack.properties);
    if (client->config.noticed != NULL)
        client->config.noticed(client->arg, frame->type, ack.packet_id, ack.reason);
    struct sent *sent = NULL;
    if (ack.packet_id <= client->config.in_flight_max &&
        client->sent[ack.packet_id].state != SENT_FREE)
        sent = &client->sent[ack.packet_id];
    if (frame->type == MQTT_PUBREL)
        take_pubrel(client, &ack);
    else if (frame->type == MQTT_PUBREC)
        take_pubrec(client, &ack, sent);
    else if (sent != NULL && (frame->type == MQTT_PUBACK) == (sent->qos == 1))
        client_settle(client, ack.packet_id, ack.reason);
    return OK;
}

static enum err take_answer(struct client *client, const struct mqtt_frame *frame)
{
    struct mqtt_suback suback = {0};
    if (mqtt_suback_get(frame, client->version, &suback) != MQTT_SUCCESS)
        return ERR_CORRUPT;
    uint32_t at = (uint32_t)suback.packet_id - REQUEST_ID_FIRST;
    if (at >= REQUESTS_MAX || client->requests[at].type != frame->type)
        return ERR_CORRUPT;
    client_hear(client, &suback.properties);
    client->requests[at].type = 0;
    if (client->config.answered != NULL)
        client->config.answered(client->arg, client->requests[at].tag, suback.reasons.at,
                                suback.reasons.size);
    return OK;
}

/* ---- packets
 * ----------------------------------------------------------------------------------- */

static enum err take_packet(struct client *client, const struct mqtt_frame *frame)
{
    if (!client->connected && frame->type != MQTT_CONNACK)
        return ERR_CORRUPT;
    switch (frame->type) {
    case MQTT_CONNACK:
        return take_connack(client, frame);
    case MQTT_PUBLISH:
        return take_publish(client, frame);
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBREL:
    case MQTT_PUBCOMP:
        return take_ack(client, frame);
    case MQTT_SUBACK:
    case MQTT_UNSUBACK:
        return take_answer(client, frame);
    case MQTT_PINGRESP:
        client->pinged_ns = 0;
        return OK;
    case MQTT_DISCONNECT:
        take_disconnect(client, frame);
        return OK;
    default:
        return ERR_CORRUPT; /* what only a client may send, and AUTH, which was not offered */
    }
}

/* The input holds the begin of a packet of this many bytes. */
static enum err client_grow_input(struct client *client, size_t packet_bytes)
{
    if (packet_bytes > client->config.packet_max)
        return ERR_LIMIT;
    if (packet_bytes <= client->input_capacity)
        return OK;
    uint8_t *input = realloc(client->input, packet_bytes);
    if (input == NULL)
        return ERR_NO_MEMORY;
    client->input = input;
    client->input_capacity = packet_bytes;
    return OK;
}

enum err mqtt_client_take_input(struct client *client)
{
    size_t at = 0;
    enum err err = OK;
    struct mqtt_frame frame = {0};
    while (err == OK && !client->closed && at < client->input_size) {
        err = mqtt_frame_get(bytes_of(client->input + at, client->input_size - at), &frame);
        if (err != OK)
            break;
        at += frame.packet_bytes;
        err = frame.packet_bytes <= client->config.packet_max ? take_packet(client, &frame)
                                                              : ERR_LIMIT;
    }
    memmove(client->input, client->input + at, client->input_size - at);
    client->input_size -= at;
    if (err == ERR_BUSY)
        err = client_grow_input(client, frame.packet_bytes);
    return err == ERR_INVALID ? ERR_CORRUPT : err;
}

/* ---- after a connection that broke
 * ------------------------------------------------------------- */

static int compare_order(const void *a, const void *b)
{
    const struct sent *const *x = a, *const *y = b;
    return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

static void resume_message(struct client *client, struct sent *sent)
{
    uint16_t packet_id = (uint16_t)(sent - client->sent);
    if (sent->state == SENT_RELEASE) {
        if (client->session_present)
            client_acknowledge(client, MQTT_PUBREL, packet_id, MQTT_SUCCESS);
        else
            client_settle(client, packet_id, MQTT_PACKET_ID_NOT_FOUND);
        return;
    }
    if (sent->packet == NULL) { /* not kept: nobody knows what became of it */
        client_settle(client, packet_id, MQTT_UNSPECIFIED_ERROR);
        return;
    }
    uint8_t *at = mqtt_client_room(client, sent->size);
    if (at == NULL)
        return;
    memcpy(at, sent->packet, sent->size);
    if (client->session_present)
        at[0] |= 8;
    client->output_size += sent->size;
}

void mqtt_client_resume(struct client *client)
{
    for (size_t id = 1; id < 65536; id++) {
        bool stays = client->session_present && client->held[id] == HELD_QOS_2;
        if (client->held[id] != HELD_FREE && !stays) {
            client->held[id] = HELD_FREE;
            client->held_count--;
        }
    }
    struct sent **under_way = calloc(client->in_flight + (size_t)1, sizeof *under_way);
    if (under_way == NULL) {
        client->failed = ERR_NO_MEMORY;
        return;
    }
    size_t count = 0;
    for (size_t id = 1; id <= client->config.in_flight_max; id++)
        if (client->sent[id].state != SENT_FREE)
            under_way[count++] = &client->sent[id];
    qsort(under_way, count, sizeof(struct sent *), compare_order);
    for (size_t i = 0; i < count; i++)
        resume_message(client, under_way[i]);
    free(under_way);
}
