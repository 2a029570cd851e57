/* The MQTT client: its life, its socket, and what it sends. Packets are built by wire/mqtt into one
 * output buffer and sent with as few system calls as the socket allows; what is under way lies in a
 * table by packet identifier, with the free identifiers on a stack beside it. What comes is taken
 * in mqtt_client_packets.c. */
#include "client/mqtt_client.h"

#include "os/os.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_WAIT_MS 10000
#define PACKET_SLACK 64 /* a fixed header, an identifier and the like */

int64_t mqtt_client_now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

/* ---- output
 * ----------------------------------------------------------------------------------- */

size_t client_unsent(const struct client *client)
{
    return client->output_size - client->output_at;
}

uint8_t *mqtt_client_room(struct client *client, size_t size)
{
    if (client->output_at > 0 && client->output_capacity - client->output_size < size) {
        memmove(client->output, client->output + client->output_at, client_unsent(client));
        client->output_size -= client->output_at;
        client->output_at = 0;
    }
    if (client->output_capacity - client->output_size < size) {
        size_t capacity = client->output_capacity == 0 ? 65536 : client->output_capacity;
        while (capacity - client->output_size < size)
            capacity *= 2;
        uint8_t *output = realloc(client->output, capacity);
        if (output == NULL) {
            client->failed = ERR_NO_MEMORY;
            return NULL;
        }
        client->output = output;
        client->output_capacity = capacity;
    }
    return client->output + client->output_size;
}

static enum err client_send(struct client *client)
{
    while (client_unsent(client) > 0) {
        ssize_t sent = channel_send(&client->channel, client->output + client->output_at,
                                    client_unsent(client));
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return OK;
        if (sent < 0)
            return ERR_IO;
        client->output_at += (size_t)sent;
        client->sent_ns = mqtt_client_now_ns();
    }
    client->output_at = client->output_size = 0;
    return channel_flush(&client->channel) ? OK : ERR_IO;
}

/* A ping when nothing was sent for half the keep-alive; an error when the last one has no answer
 * after a whole one. */
static enum err client_ping_when_due(struct client *client)
{
    if (client->keep_alive_ns == 0 || !client->connected)
        return OK;
    int64_t now_ns = mqtt_client_now_ns();
    if (client->pinged_ns != 0 && now_ns - client->pinged_ns > client->keep_alive_ns)
        return ERR_BUSY;
    if (client->pinged_ns != 0 || client_unsent(client) > 0 ||
        now_ns - client->sent_ns < client->keep_alive_ns / 2)
        return OK;
    uint8_t *at = mqtt_client_room(client, PACKET_SLACK);
    if (at == NULL)
        return OK;
    client->output_size += mqtt_empty_put(at, PACKET_SLACK, MQTT_PINGREQ);
    client->pinged_ns = now_ns;
    return OK;
}

/* ---- input
 * ------------------------------------------------------------------------------------- */

/* What the server publishes is not read while it does not take our acknowledgements. */
static bool client_wants_read(const struct client *client)
{
    return client_unsent(client) <= OUTPUT_BYTES;
}

static enum err client_receive(struct client *client)
{
    while (client_wants_read(client) && !client->closed) {
        size_t room = client->input_capacity - client->input_size;
        ssize_t got = channel_receive(&client->channel, client->input + client->input_size, room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return OK;
        if (got <= 0)
            return ERR_IO;
        client->input_size += (size_t)got;
        enum err err = mqtt_client_take_input(client);
        if (err != OK || (size_t)got < room)
            return err;
    }
    return OK;
}

enum err client_poll(struct client *client, int wait_ms)
{
    if (client->channel.fd < 0)
        return client->closed ? ERR_REFUSED : ERR_IO;
    enum err silent = client_ping_when_due(client);
    enum err err = client_send(client);
    /* What the server said before it closed is taken even when sending failed. */
    struct pollfd wait = {.fd = client->channel.fd,
                          .events = client_wants_read(client) ? POLLIN : 0};
    if (client_unsent(client) > 0 || channel_unsent(&client->channel) > 0)
        wait.events |= POLLOUT;
    if (channel_has_input(&client->channel) && client_wants_read(client))
        wait_ms = 0;
    if (err == OK && wait_ms != 0 && poll(&wait, 1, wait_ms) < 0 && errno != EINTR)
        err = ERR_IO;
    enum err received = client_receive(client);
    if (err == OK)
        err = received;
    if (err == OK)
        err = client_send(client);
    if (client->closed)
        return ERR_REFUSED;
    if (err == OK && client->failed != OK)
        err = client->failed;
    return err == OK && client->pinged_ns != 0 ? silent : err;
}

/* ---- connecting
 * --------------------------------------------------------------------------------- */

/* The identifiers that no message holds, lowest first out. */
static void client_free_ids(struct client *client)
{
    client->free_count = 0;
    for (uint32_t id = client->config.in_flight_max; id >= 1; id--)
        if (client->sent[id].state == SENT_FREE)
            client->free_ids[client->free_count++] = (uint16_t)id;
}

static enum err client_connect(struct client *client, struct bytes packet, uint8_t *ret_reason)
{
    client->connected = client->closed = client->session_present = false;
    client->reason = MQTT_SUCCESS;
    client->output_at = client->output_size = client->input_size = 0;
    client->pinged_ns = 0;
    client->window = client->config.in_flight_max;
    memset(client->requests, 0, sizeof client->requests);
    if (client->config.said != NULL)
        client->config.said[0] = 0;
    char fault[TLS_FAULT_SIZE];
    enum err err =
        channel_open(&client->channel, client->address, client->config.trust, "mqtt", fault);
    if (client->config.said != NULL)
        snprintf(client->config.said, CLIENT_SAID_SIZE, "%.255s", fault);
    if (err != OK)
        return err;
    uint8_t *at = mqtt_client_room(client, packet.size);
    if (at == NULL)
        return ERR_NO_MEMORY;
    memcpy(at, packet.at, packet.size);
    client->output_size += packet.size;
    int64_t end_ns = mqtt_client_now_ns() + CONNECT_WAIT_MS * NS_PER_MS;
    while (err == OK && !client->connected) {
        int64_t left_ms = (end_ns - mqtt_client_now_ns()) / NS_PER_MS;
        err = left_ms <= 0 ? ERR_BUSY : client_poll(client, (int)left_ms);
    }
    *ret_reason = client->reason;
    if (err != OK)
        client_cut(client);
    return err;
}

/* The CONNECT packet, encoded once; ERR_LIMIT: a text of it is too long. */
static enum err client_encode(struct client *client, const struct mqtt_connect *connect)
{
    size_t capacity = 4096;
    uint8_t *packet = NULL;
    size_t size = 0;
    while (size == 0 && capacity <= (size_t)1 << 20) {
        free(packet);
        capacity *= 2;
        packet = malloc(capacity);
        if (packet == NULL)
            return ERR_NO_MEMORY;
        size = mqtt_connect_put(packet, capacity, connect);
    }
    client->connect = bytes_of(packet, size);
    return size > 0 ? OK : ERR_LIMIT;
}

static struct mqtt_connect connect_of(const struct client_config *config)
{
    struct mqtt_connect connect = {
        .version = config->version,
        .clean_start = config->clean_start,
        .keep_alive_s = config->keep_alive_s,
        .client_id = bytes_text(config->client_id != NULL ? config->client_id : ""),
        .has_user = config->user != NULL,
        .has_password = config->password.at != NULL,
        .password = config->password,
    };
    if (config->user != NULL)
        connect.user = bytes_text(config->user);
    if (config->will != NULL) {
        connect.will = *config->will;
        connect.will.present = true;
    }
    struct mqtt_properties *properties = &connect.properties;
    properties->session_expiry_s = config->session_expiry_s;
    properties->receive_maximum = config->receive_maximum;
    properties->topic_alias_maximum = config->topic_alias_maximum;
    properties->maximum_packet_size = (uint32_t)config->packet_max;
    properties->has = UINT64_C(1) << 39;
    if (config->session_expiry_s > 0)
        properties->has |= UINT64_C(1) << 17;
    if (config->receive_maximum > 0)
        properties->has |= UINT64_C(1) << 33;
    if (config->topic_alias_maximum > 0)
        properties->has |= UINT64_C(1) << 34;
    return connect;
}

static enum err client_create(const struct client_config *config, struct client **ret_client)
{
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return ERR_NO_MEMORY;
    channel_init(&client->channel);
    client->version = config->version;
    client->config = *config;
    if (client->config.packet_max == 0)
        client->config.packet_max = CLIENT_PACKET_MAX;
    client->keep_alive_ns = config->keep_alive_s * NS_PER_S;
    client->input_capacity = INPUT_BYTES;
    client->address = strdup(config->address);
    client->input = malloc(INPUT_BYTES);
    client->free_ids = malloc((config->in_flight_max + (size_t)1) * sizeof *client->free_ids);
    client->sent = calloc(config->in_flight_max + (size_t)1, sizeof *client->sent);
    client->held = calloc(65536, 1);
    client->aliases = calloc(config->topic_alias_maximum + (size_t)1, sizeof *client->aliases);
    if (client->address == NULL || client->input == NULL || client->free_ids == NULL ||
        client->sent == NULL || client->held == NULL || client->aliases == NULL) {
        client_close(client, false);
        return ERR_NO_MEMORY;
    }
    client_free_ids(client);
    *ret_client = client;
    return OK;
}

enum err client_open(const struct client_config *config, client_acked *acked, void *arg,
                     struct client **ret_client, uint8_t *ret_reason)
{
    check(config->in_flight_max > 0 && config->in_flight_max <= CLIENT_IN_FLIGHT_MAX);
    check(acked != NULL && config->packet_max <= MQTT_REMAINING_MAX);
    struct client *client;
    enum err err = client_create(config, &client);
    if (err != OK)
        return err;
    client->acked = acked;
    client->arg = arg;
    if (config->client_id != NULL && strlen(config->client_id) < CLIENT_ID_SIZE)
        strcpy(client->id, config->client_id);
    struct client_config whole = *config;
    whole.packet_max = client->config.packet_max;
    struct mqtt_connect connect = connect_of(&whole);
    err = client_encode(client, &connect);
    if (err == OK)
        err = client_connect(client, client->connect, ret_reason);
    if (err == OK)
        *ret_client = client;
    else
        client_close(client, false);
    return err;
}

enum err client_reconnect(struct client *client, uint8_t *ret_reason)
{
    client_cut(client);
    struct mqtt_frame frame;
    struct mqtt_connect connect;
    if (mqtt_frame_get(client->connect, &frame) != OK ||
        mqtt_connect_get(&frame, &connect) != MQTT_SUCCESS)
        return ERR_INVALID;
    connect.clean_start = false;
    connect.client_id = bytes_text(client->id);
    size_t capacity = client->connect.size + CLIENT_ID_SIZE + PACKET_SLACK;
    uint8_t *packet = malloc(capacity);
    if (packet == NULL)
        return ERR_NO_MEMORY;
    size_t size = mqtt_connect_put(packet, capacity, &connect);
    check(size > 0);
    enum err err = client_connect(client, bytes_of(packet, size), ret_reason);
    free(packet);
    if (err == OK)
        mqtt_client_resume(client);
    return err;
}

void client_cut(struct client *client)
{
    channel_close(&client->channel, false);
    client->connected = false;
    mqtt_client_forget_aliases(client);
}

void client_disconnect(struct client *client, uint8_t reason,
                       const struct mqtt_properties *properties)
{
    if (client->channel.fd >= 0 && client->connected && !client->closed) {
        struct mqtt_disconnect goodbye = {.reason = reason};
        if (properties != NULL)
            goodbye.properties = *properties;
        size_t size = PACKET_SLACK + goodbye.properties.raw.size + 65536;
        uint8_t *at = mqtt_client_room(client, size);
        if (at != NULL)
            client->output_size += mqtt_disconnect_put(at, size, client->version, &goodbye);
        (void)!client_send(client); /* goodbye is a courtesy */
        channel_close(&client->channel, true);
    }
    client_cut(client);
}

void client_close(struct client *client, bool say_goodbye)
{
    if (client == NULL)
        return;
    if (say_goodbye)
        client_disconnect(client, MQTT_SUCCESS, NULL);
    channel_close(&client->channel, false);
    if (client->aliases != NULL)
        mqtt_client_forget_aliases(client);
    for (size_t id = 0; client->sent != NULL && id <= client->config.in_flight_max; id++)
        free(client->sent[id].packet);
    union {
        const uint8_t *view;
        uint8_t *own;
    } connect = {.view = client->connect.at};
    free(connect.own);
    free(client->address);
    free(client->output);
    free(client->input);
    free(client->free_ids);
    free(client->sent);
    free(client->held);
    free(client->aliases);
    free(client);
}

/* ---- publishing and subscribing
 * ---------------------------------------------------------------- */

/* Fills the table's entry of a message that was just encoded at `at`. */
static enum err client_keep(struct client *client, const struct mqtt_publish *publish, uint64_t tag,
                            const uint8_t *at, size_t size)
{
    struct sent *sent = &client->sent[publish->packet_id];
    *sent = (struct sent){.tag = tag, .order = client->order++, .qos = publish->qos};
    if (client->config.keep_messages) {
        sent->packet = malloc(size);
        if (sent->packet == NULL)
            return ERR_NO_MEMORY;
        memcpy(sent->packet, at, size);
        sent->size = size;
    }
    sent->state = SENT_PUBLISH;
    client->free_count--;
    client->in_flight++;
    return OK;
}

static size_t client_send_max(const struct client *client)
{
    size_t most = client->config.packet_max;
    if (MQTT_HAS(&client->server, 39) && client->server.maximum_packet_size < most)
        most = client->server.maximum_packet_size;
    return most;
}

static size_t publish_size_max(const struct mqtt_publish *publish)
{
    const struct mqtt_properties *properties = &publish->properties;
    return publish->topic.size + publish->payload.size + properties->content_type.size +
           properties->response_topic.size + properties->correlation_data.size +
           properties->raw.size + PACKET_SLACK;
}

enum err client_publish_message(struct client *client, const struct mqtt_publish *publish,
                                uint64_t tag)
{
    struct mqtt_publish whole = *publish;
    size_t room = publish_size_max(publish);
    if (room - PACKET_SLACK > client_send_max(client))
        return ERR_LIMIT;
    if (client->channel.fd < 0)
        return ERR_IO;
    if ((publish->qos > 0 && (client->free_count == 0 || client->in_flight >= client->window)) ||
        client_unsent(client) > OUTPUT_BYTES)
        return ERR_BUSY;
    if (publish->qos > 0)
        whole.packet_id = client->free_ids[client->free_count - 1];
    uint8_t *at = mqtt_client_room(client, room);
    if (at == NULL)
        return ERR_NO_MEMORY;
    size_t size = mqtt_publish_put(at, room, client->version, &whole);
    if (size == 0 || size > client_send_max(client))
        return ERR_LIMIT;
    enum err err = publish->qos > 0 ? client_keep(client, &whole, tag, at, size) : OK;
    if (err == OK)
        client->output_size += size;
    return err;
}

enum err client_publish(struct client *client, struct bytes topic, struct bytes payload,
                        uint8_t qos, uint64_t tag)
{
    struct mqtt_publish publish = {.qos = qos, .topic = topic, .payload = payload};
    return client_publish_message(client, &publish, tag);
}

static enum err client_request(struct client *client, uint8_t type,
                               const struct mqtt_subscription *subscriptions, size_t count,
                               const struct mqtt_properties *properties, uint64_t tag)
{
    size_t free_at = 0, room = PACKET_SLACK;
    while (free_at < REQUESTS_MAX && client->requests[free_at].type != 0)
        free_at++;
    if (client->channel.fd < 0)
        return ERR_IO;
    if (free_at == REQUESTS_MAX)
        return ERR_BUSY;
    for (size_t i = 0; i < count; i++)
        room += subscriptions[i].filter.size + 3;
    room += properties != NULL ? properties->raw.size : 0;
    uint8_t *at =
        room - PACKET_SLACK <= client_send_max(client) ? mqtt_client_room(client, room) : NULL;
    uint16_t packet_id = (uint16_t)(REQUEST_ID_FIRST + free_at);
    size_t size = at == NULL ? 0
                             : mqtt_filters_put(at, room, client->version, type, packet_id,
                                                properties, subscriptions, count);
    if (size == 0)
        return ERR_LIMIT;
    client->output_size += size;
    client->requests[free_at] = (struct request){.tag = tag, .type = (uint8_t)(type + 1)};
    return OK;
}

enum err client_subscribe(struct client *client, const struct mqtt_subscription *subscriptions,
                          size_t count, const struct mqtt_properties *properties, uint64_t tag)
{
    return client_request(client, MQTT_SUBSCRIBE, subscriptions, count, properties, tag);
}

enum err client_unsubscribe(struct client *client, const struct mqtt_subscription *subscriptions,
                            size_t count, const struct mqtt_properties *properties, uint64_t tag)
{
    return client_request(client, MQTT_UNSUBSCRIBE, subscriptions, count, properties, tag);
}

/* ---- questions
 * --------------------------------------------------------------------------------- */

size_t client_in_flight(const struct client *client)
{
    return client->in_flight;
}

int client_fd(const struct client *client)
{
    return client->channel.fd;
}

uint8_t client_reason(const struct client *client)
{
    return client->reason;
}

bool client_session_present(const struct client *client)
{
    return client->session_present;
}

const char *client_id(const struct client *client)
{
    return client->id;
}

const struct mqtt_properties *client_server(const struct client *client)
{
    return &client->server;
}
