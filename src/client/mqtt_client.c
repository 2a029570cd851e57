/* The MQTT client. Packets are built by wire/mqtt into one output buffer and sent with as few
 * system calls as the socket allows; the tags of unacknowledged messages lie in a table by packet
 * identifier, with the free identifiers on a stack beside it. */
#include "client/client.h"

#include "os/os.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUTPUT_BYTES ((size_t)1 << 20)
#define INPUT_BYTES ((size_t)64 << 10)
#define CONNECT_WAIT_MS 10000

struct client {
    int fd;
    uint8_t version;
    bool connected; /* CONNACK was taken */
    bool closed;    /* by a DISCONNECT of the server */
    uint8_t reason; /* of CONNACK or DISCONNECT */
    client_acked *acked;
    void *arg;
    int64_t keep_alive_ns; /* 0: none */
    int64_t sent_ns;       /* when bytes were last sent */
    uint16_t in_flight_max;
    uint16_t in_flight;
    uint16_t free_count;
    uint16_t *free_ids; /* stack of identifiers not in use */
    uint64_t *tags;     /* by identifier */
    uint8_t *busy;      /* by identifier: 1 while unacknowledged */
    size_t output_at;   /* first byte not sent yet */
    size_t output_size; /* bytes up to the end */
    size_t input_size;
    uint8_t *output;
    uint8_t input[INPUT_BYTES];
};

static int64_t now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

/* ---- taking packets -----------------------------------------------------------------------------
 */

static void take_connack(struct client *client, const struct mqtt_frame *frame)
{
    struct mqtt_connack connack = {0};
    uint8_t fault = mqtt_connack_get(frame, client->version, &connack);
    client->reason = fault != MQTT_SUCCESS ? fault : connack.reason;
    client->connected = client->reason == MQTT_SUCCESS;
    client->closed = !client->connected;
    const struct mqtt_properties *properties = &connack.properties;
    if (client->version == MQTT_5 && MQTT_HAS(properties, 33) &&
        properties->receive_maximum < client->in_flight_max) {
        /* The highest identifiers are taken off the stack's bottom by never being handed out. */
        uint16_t surplus = (uint16_t)(client->in_flight_max - properties->receive_maximum);
        client->in_flight_max = properties->receive_maximum;
        client->free_count = (uint16_t)(client->free_count - surplus);
        memmove(client->free_ids, client->free_ids + surplus,
                client->free_count * sizeof *client->free_ids);
    }
    if (client->version == MQTT_5 && MQTT_HAS(properties, 19))
        client->keep_alive_ns = properties->server_keep_alive_s * NS_PER_S;
}

static enum err take_puback(struct client *client, const struct mqtt_frame *frame)
{
    struct mqtt_ack ack = {0};
    if (mqtt_ack_get(frame, client->version, &ack) != MQTT_SUCCESS)
        return ERR_CORRUPT;
    if (ack.packet_id >= 1 && client->busy[ack.packet_id]) {
        client->busy[ack.packet_id] = 0;
        client->free_ids[client->free_count++] = ack.packet_id;
        client->in_flight--;
        client->acked(client->arg, client->tags[ack.packet_id], ack.reason);
    }
    return OK;
}

static enum err take_packet(struct client *client, const struct mqtt_frame *frame)
{
    struct mqtt_disconnect disconnect = {0};
    switch (frame->type) {
    case MQTT_CONNACK:
        if (client->connected)
            return ERR_CORRUPT;
        take_connack(client, frame);
        return OK;
    case MQTT_PUBACK:
        return take_puback(client, frame);
    case MQTT_DISCONNECT:
        client->closed = true;
        if (mqtt_disconnect_get(frame, client->version, &disconnect) == MQTT_SUCCESS)
            client->reason = disconnect.reason;
        return OK;
    default:
        return OK; /* PINGRESP; nothing else was asked for */
    }
}

static enum err take_input(struct client *client)
{
    size_t at = 0;
    enum err err = OK;
    while (err == OK && at < client->input_size) {
        struct mqtt_frame frame = {0};
        err = mqtt_frame_get(bytes_of(client->input + at, client->input_size - at), &frame);
        if (err == ERR_BUSY && frame.packet_bytes > INPUT_BYTES)
            return ERR_LIMIT;
        if (err != OK)
            break;
        err = take_packet(client, &frame);
        at += frame.packet_bytes;
    }
    memmove(client->input, client->input + at, client->input_size - at);
    client->input_size -= at;
    return err == ERR_BUSY ? OK : err;
}

/* ---- the socket
 * ----------------------------------------------------------------------------------- */

static enum err client_receive(struct client *client)
{
    for (;;) {
        size_t room = INPUT_BYTES - client->input_size;
        ssize_t got = recv(client->fd, client->input + client->input_size, room, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return OK;
        if (got <= 0)
            return ERR_IO;
        client->input_size += (size_t)got;
        enum err err = take_input(client);
        if (err != OK || (size_t)got < room)
            return err;
    }
}

static enum err client_send(struct client *client)
{
    while (client->output_at < client->output_size) {
        ssize_t sent = send(client->fd, client->output + client->output_at,
                            client->output_size - client->output_at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return OK;
        if (sent < 0)
            return ERR_IO;
        client->output_at += (size_t)sent;
        client->sent_ns = now_ns();
    }
    client->output_at = client->output_size = 0;
    return OK;
}

static uint8_t *output_room(struct client *client, size_t *ret_room)
{
    if (client->output_at > OUTPUT_BYTES / 2) {
        memmove(client->output, client->output + client->output_at,
                client->output_size - client->output_at);
        client->output_size -= client->output_at;
        client->output_at = 0;
    }
    *ret_room = OUTPUT_BYTES - client->output_size;
    return client->output + client->output_size;
}

static void client_ping_when_due(struct client *client)
{
    if (client->keep_alive_ns == 0 || client->output_size > 0 ||
        now_ns() - client->sent_ns < client->keep_alive_ns / 2)
        return;
    size_t room;
    uint8_t *at = output_room(client, &room);
    client->output_size += mqtt_empty_put(at, room, MQTT_PINGREQ);
}

static bool client_wants_write(const struct client *client)
{
    return client->output_at < client->output_size;
}

enum err client_poll(struct client *client, int wait_ms)
{
    client_ping_when_due(client);
    enum err err = client_send(client);
    /* What the server said before it closed is taken even when sending failed. */
    struct pollfd wait = {.fd = client->fd, .events = POLLIN};
    if (client_wants_write(client))
        wait.events |= POLLOUT;
    if (err == OK && wait_ms != 0 && poll(&wait, 1, wait_ms) < 0 && errno != EINTR)
        err = ERR_IO;
    enum err received = client_receive(client);
    if (err == OK)
        err = received;
    if (err == OK)
        err = client_send(client);
    return client->closed ? ERR_REFUSED : err;
}

/* ---- life
 * ------------------------------------------------------------------------------------------- */

static enum err client_create(const struct client_config *config, struct client **ret_client)
{
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return ERR_NO_MEMORY;
    client->fd = -1;
    client->version = config->version;
    client->in_flight_max = config->in_flight_max;
    client->keep_alive_ns = config->keep_alive_s * NS_PER_S;
    size_t ids = (size_t)config->in_flight_max + 1;
    client->output = malloc(OUTPUT_BYTES);
    client->free_ids = calloc(ids, sizeof *client->free_ids);
    client->tags = calloc(ids, sizeof *client->tags);
    client->busy = calloc(65536, 1);
    if (client->output == NULL || client->free_ids == NULL || client->tags == NULL ||
        client->busy == NULL) {
        client_close(client, false);
        return ERR_NO_MEMORY;
    }
    for (uint32_t id = config->in_flight_max; id >= 1; id--)
        client->free_ids[client->free_count++] = (uint16_t)id;
    *ret_client = client;
    return OK;
}

static enum err client_connect(struct client *client, const struct client_config *config)
{
    enum err err = os_connect(config->address, &client->fd);
    if (err != OK)
        return err;
    struct mqtt_connect connect = {
        .version = config->version,
        .clean_start = config->clean_start,
        .keep_alive_s = config->keep_alive_s,
        .client_id = bytes_text(config->client_id),
    };
    client->output_size = mqtt_connect_put(client->output, OUTPUT_BYTES, &connect);
    if (client->output_size == 0)
        return ERR_LIMIT;
    int64_t end_ns = now_ns() + CONNECT_WAIT_MS * NS_PER_MS;
    while (err == OK && !client->connected) {
        int64_t left_ms = (end_ns - now_ns()) / NS_PER_MS;
        if (left_ms <= 0)
            return ERR_BUSY;
        err = client_poll(client, (int)left_ms);
    }
    return err;
}

enum err client_open(const struct client_config *config, client_acked *acked, void *arg,
                     struct client **ret_client, uint8_t *ret_reason)
{
    check(config->in_flight_max > 0 && acked != NULL);
    struct client *client;
    enum err err = client_create(config, &client);
    if (err != OK)
        return err;
    client->acked = acked;
    client->arg = arg;
    err = client_connect(client, config);
    *ret_reason = client->reason;
    if (err == OK)
        *ret_client = client;
    else
        client_close(client, false);
    return err;
}

void client_close(struct client *client, bool say_goodbye)
{
    if (client == NULL)
        return;
    if (say_goodbye && client->connected && !client->closed) {
        struct mqtt_disconnect goodbye = {0};
        size_t room;
        uint8_t *at = output_room(client, &room);
        client->output_size += mqtt_disconnect_put(at, room, client->version, &goodbye);
        (void)!client_send(client); /* goodbye is a courtesy */
    }
    if (client->fd >= 0)
        close(client->fd);
    free(client->output);
    free(client->free_ids);
    free(client->tags);
    free(client->busy);
    free(client);
}

enum err client_publish(struct client *client, struct bytes topic, struct bytes payload,
                        uint8_t qos, uint64_t tag)
{
    if (qos > 0 && client->free_count == 0)
        return ERR_BUSY;
    struct mqtt_publish publish = {.qos = qos, .topic = topic, .payload = payload};
    if (qos > 0)
        publish.packet_id = client->free_ids[client->free_count - 1];
    size_t room;
    uint8_t *at = output_room(client, &room);
    size_t size = mqtt_publish_put(at, room, client->version, &publish);
    if (size == 0)
        return topic.size + payload.size + 64 > OUTPUT_BYTES ? ERR_LIMIT : ERR_BUSY;
    client->output_size += size;
    if (qos > 0) {
        client->free_count--;
        client->busy[publish.packet_id] = 1;
        client->tags[publish.packet_id] = tag;
        client->in_flight++;
    }
    return OK;
}

size_t client_in_flight(const struct client *client)
{
    return client->in_flight;
}
