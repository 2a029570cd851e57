/* A connection of the generator: its socket, its handshake, and the packets that come. What comes
 * often (PUBACK, PUBREC, PUBCOMP, PUBLISH, PUBREL) is read by hand from a large buffer that all
 * connections of a thread share; the answers of one receive leave with one send. */
#include "client/load_room.h"

#include "os/os.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_MAXIMUM 65535

/* ---- ends
 * ---------------------------------------------------------------------------------------- */

void load_link_close(struct load_worker *worker, struct load_link *link)
{
    if (link->state == LINK_CLOSED)
        return;
    if (link->state == LINK_READY)
        worker->connected--;
    else
        worker->connecting--;
    worker->alive--;
    close(link->fd);
    tls_session_destroy(link->secure);
    link->secure = NULL;
    free(link->rest);
    free(link->partial);
    link->fd = -1;
    link->state = LINK_CLOSED;
    link->wants_write = false;
    link->rest = link->partial = NULL;
    link->rest_at = link->rest_size = link->rest_capacity = 0;
    link->partial_size = link->partial_capacity = 0;
}

bool load_link_lose(struct load_worker *worker, struct load_link *link, const char *format, ...)
{
    static const char *const roles[] = {"subscriber", "publisher", "idle connection"};
    worker->live.counts.lost++;
    worker->live.counts.unsettled += link->in_flight;
    if (worker->fault[0] == 0) {
        int size = snprintf(worker->fault, sizeof worker->fault, "%s %u: ", roles[link->role],
                            link->number);
        va_list list;
        va_start(list, format);
        vsnprintf(worker->fault + size, sizeof worker->fault - (size_t)size, format, list);
        va_end(list);
    }
    load_link_close(worker, link);
    if (worker->load->options.strict || worker->alive == 0)
        worker->failed = true;
    return false;
}

/* ---- sending
 * ------------------------------------------------------------------------------------- */

static void link_watch(struct load_worker *worker, struct load_link *link, bool write)
{
    /* Who publishes QoS 0 as fast as possible goes on whenever the socket takes something. */
    const struct load_options *options = &worker->load->options;
    write = write || (worker->running && link->role == LINK_PUBLISHER &&
                      link->state == LINK_READY && options->qos == 0 && options->rate == 0 &&
                      options->think_s <= 0 && !worker->deferred && link->turn < link->turn_end);
    if (link->wants_write == write)
        return;
    link->wants_write = write;
    struct epoll_event event = {.events = write ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = link};
    epoll_ctl(worker->epoll, EPOLL_CTL_MOD, link->fd, &event);
}

/* Keeps what the socket did not take. */
static bool link_keep(struct load_worker *worker, struct load_link *link, const uint8_t *at,
                      size_t size)
{
    if (link->rest_capacity - link->rest_size < size) {
        size_t capacity = link->rest_size + size;
        uint8_t *rest = realloc(link->rest, capacity);
        if (rest == NULL)
            return load_link_lose(worker, link, "out of memory");
        link->rest = rest;
        link->rest_capacity = capacity;
    }
    memcpy(link->rest + link->rest_size, at, size);
    link->rest_size += size;
    link_watch(worker, link, true);
    return true;
}

/* As much as the socket takes; *ret_sent. */
static bool link_push(struct load_worker *worker, struct load_link *link, const uint8_t *at,
                      size_t size, size_t *ret_sent)
{
    *ret_sent = 0;
    while (*ret_sent < size) {
        ssize_t sent =
            send(link->fd, at + *ret_sent, size - *ret_sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return true;
        if (sent < 0)
            return load_link_lose(worker, link, "%s%s",
                                  errno == EPIPE || errno == ECONNRESET
                                      ? "the server closed the connection"
                                      : "the connection failed while sending: ",
                                  errno == EPIPE || errno == ECONNRESET ? "" : strerror(errno));
        *ret_sent += (size_t)sent;
    }
    return true;
}

bool load_link_send_raw(struct load_worker *worker, struct load_link *link, const uint8_t *at,
                        size_t size)
{
    size_t sent = 0;
    if (link->rest_size == 0 && !link_push(worker, link, at, size, &sent))
        return false;
    return sent == size || link_keep(worker, link, at + sent, size - sent);
}

bool load_link_send(struct load_worker *worker, struct load_link *link, const uint8_t *at,
                    size_t size)
{
    if (size == 0)
        return true;
    if (link->keep_alive_ns > 0)
        link->sent_ns = load_now_ns();
    return link->secure != NULL ? load_secure_send(worker, link, at, size)
                                : load_link_send_raw(worker, link, at, size);
}

bool load_link_flush(struct load_worker *worker, struct load_link *link)
{
    size_t sent = 0;
    if (link->rest_size > 0 && !link_push(worker, link, link->rest + link->rest_at,
                                          link->rest_size - link->rest_at, &sent))
        return false;
    link->rest_at += sent;
    if (link->rest_at < link->rest_size)
        return true;
    free(link->rest);
    link->rest = NULL;
    link->rest_at = link->rest_size = link->rest_capacity = 0;
    link_watch(worker, link, false);
    return true;
}

/* ---- the handshake
 * ------------------------------------------------------------------------------- */

bool load_link_connect(struct load_worker *worker, struct load_link *link)
{
    static const char *const roles[] = {"sub", "pub", "idle"};
    const struct load_options *options = &worker->load->options;
    uint8_t packet[2048];
    char id[128];
    snprintf(id, sizeof id, "%.64s-%08x-%s-%u", options->id_prefix, worker->load->run,
             roles[link->role], link->number);
    struct mqtt_connect connect = {.version = options->version,
                                   .clean_start = true,
                                   .client_id = bytes_text(id),
                                   .has_user = options->user != NULL,
                                   .has_password = options->password.at != NULL,
                                   .password = options->password};
    if (options->user != NULL)
        connect.user = bytes_text(options->user);
    connect.properties.has = UINT64_C(1) << 33;
    connect.properties.receive_maximum = RECEIVE_MAXIMUM;
    size_t size = mqtt_connect_put(packet, sizeof packet, &connect);
    enum err err = size == 0 ? ERR_LIMIT : os_connect(options->address, &link->fd);
    worker->alive++;
    worker->connecting++;
    link->state = LINK_CONNECTING;
    if (err != OK) {
        link->fd = -1;
        return load_link_lose(worker, link, "cannot connect to %s: %s", options->address,
                              err == ERR_MISSING ? "nobody listens there"
                              : err == ERR_LIMIT ? "no descriptors or local ports are left"
                                                 : err_text(err));
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
    epoll_ctl(worker->epoll, EPOLL_CTL_ADD, link->fd, &event);
    link->wants_write = false;
    link->packet_id = link->received_id = link->acked_id = 0;
    link->in_flight = 0;
    link->burst_begin = link->burst_sent = link->burst_end;
    return (options->trust == NULL || load_secure_begin(worker, link)) &&
           load_link_send(worker, link, packet, size);
}

static void link_is_ready(struct load_worker *worker, struct load_link *link)
{
    link->state = LINK_READY;
    worker->connecting--;
    worker->connected++;
}

/* Writes a filter with its share and the subscriber's number in it. */
static void filter_put(const struct load *load, const struct load_link *link, const char *filter,
                       char *text, size_t size)
{
    const char *number = strstr(filter, "%d");
    int used =
        load->options.share != NULL ? snprintf(text, size, "$share/%s/", load->options.share) : 0;
    if (number == NULL)
        snprintf(text + used, size - (size_t)used, "%s", filter);
    else
        snprintf(text + used, size - (size_t)used, "%.*s%u%s", (int)(number - filter), filter,
                 link->number, number + 2);
}

static bool link_subscribe(struct load_worker *worker, struct load_link *link)
{
    const struct load *load = worker->load;
    const struct load_options *options = &load->options;
    static _Thread_local char texts[LOAD_FILTERS_MAX][512];
    static _Thread_local uint8_t packet[LOAD_FILTERS_MAX * 520];
    struct mqtt_subscription filters[LOAD_FILTERS_MAX];
    size_t count = options->filter_count > 0 ? options->filter_count : 1;
    char all[300] = "#";
    if (options->prefix != NULL)
        snprintf(all, sizeof all, "%.256s/#", options->prefix);
    for (size_t i = 0; i < count; i++) {
        filter_put(load, link, options->filter_count > 0 ? options->filters[i] : all, texts[i],
                   sizeof texts[i]);
        filters[i] = (struct mqtt_subscription){.filter = bytes_text(texts[i]),
                                                .qos = options->subscriber_qos};
    }
    link->state = LINK_SUBSCRIBING;
    size_t size = mqtt_subscribe_put(packet, sizeof packet, options->version, 1, filters, count);
    return load_link_send(worker, link, packet, size);
}

static bool link_take_connack(struct load_worker *worker, struct load_link *link,
                              const struct mqtt_frame *frame)
{
    struct mqtt_connack connack;
    if (link->state != LINK_CONNECTING ||
        mqtt_connack_get(frame, worker->load->options.version, &connack) != MQTT_SUCCESS)
        return load_link_lose(worker, link, "a CONNACK that cannot be read");
    const struct mqtt_properties *properties = &connack.properties;
    if (connack.reason != MQTT_SUCCESS)
        return load_link_lose(worker, link, "the connection was refused: %s (0x%02X)%s%.*s",
                              mqtt_reason_text(connack.reason), connack.reason,
                              properties->reason_string.size > 0 ? ": " : "",
                              (int)properties->reason_string.size,
                              (const char *)properties->reason_string.at);
    link->window = IN_FLIGHT_MAX;
    if (MQTT_HAS(properties, 33) && properties->receive_maximum < link->window)
        link->window = properties->receive_maximum;
    if (MQTT_HAS(properties, 19) && properties->server_keep_alive_s > 0) {
        link->keep_alive_ns = properties->server_keep_alive_s * NS_PER_S;
        link->sent_ns = load_now_ns();
        worker->pings = true;
    }
    if (link->role == LINK_SUBSCRIBER)
        return link_subscribe(worker, link);
    link_is_ready(worker, link);
    return true;
}

static bool link_take_suback(struct load_worker *worker, struct load_link *link,
                             const struct mqtt_frame *frame)
{
    struct mqtt_suback suback;
    if (link->state != LINK_SUBSCRIBING ||
        mqtt_suback_get(frame, worker->load->options.version, &suback) != MQTT_SUCCESS)
        return load_link_lose(worker, link, "a SUBACK that cannot be read");
    for (size_t i = 0; i < suback.reasons.size; i++)
        if (suback.reasons.at[i] >= MQTT_UNSPECIFIED_ERROR)
            return load_link_lose(worker, link, "the subscription was refused: %s (0x%02X)",
                                  mqtt_reason_text(suback.reasons.at[i]), suback.reasons.at[i]);
    link_is_ready(worker, link);
    return true;
}

/* ---- what comes often
 * ---------------------------------------------------------------------------- */

static void worker_answer(struct load_worker *worker, uint8_t first, uint16_t packet_id)
{
    uint8_t *at = worker->answers + worker->answers_size;
    at[0] = first;
    at[1] = 2;
    at[2] = (uint8_t)(packet_id >> 8);
    at[3] = (uint8_t)packet_id;
    worker->answers_size += 4;
}

static bool link_take_ack(struct load_worker *worker, struct load_link *link, uint8_t type,
                          struct bytes body, int64_t now_ns)
{
    if (body.size < 2)
        return load_link_lose(worker, link, "an acknowledgement that is too short");
    uint16_t packet_id = (uint16_t)(body.at[0] << 8 | body.at[1]);
    bool refused = body.size > 2 && body.at[2] >= MQTT_UNSPECIFIED_ERROR;
    if (refused && worker->fault[0] == 0)
        snprintf(worker->fault, sizeof worker->fault, "a message was refused: %s (0x%02X)",
                 mqtt_reason_text(body.at[2]), body.at[2]);
    if (type == MQTT_PUBREL) {
        worker_answer(worker, 0x70, packet_id);
        return true;
    }
    if (type != MQTT_PUBREC || refused)
        return load_link_acked(worker, link, packet_id, refused, now_ns);
    worker_answer(worker, 0x62, packet_id);
    return true;
}

/* Deliveries of one receive that were due at the same time are counted together. */
struct delivery_run {
    int64_t due_ns;
    uint64_t count;
};

static void run_close(struct load_worker *worker, struct delivery_run *run, int64_t now_ns)
{
    int64_t took_ns = now_ns - run->due_ns;
    if (run->count > 0)
        latency_add(&worker->live.deliveries, took_ns > 0 ? (uint64_t)(took_ns / NS_PER_US) : 0,
                    run->count);
    run->count = 0;
}

static void link_check_stamp(struct load_worker *worker, struct load_link *link,
                             struct bytes payload, struct delivery_run *run, int64_t now_ns)
{
    uint32_t publisher;
    uint64_t sequence;
    int64_t due_ns;
    if (!load_stamp_get(worker->load, payload.at, payload.size, &publisher, &sequence, &due_ns))
        return;
    worker->live.counts.stamped++;
    if (link->expected != NULL) {
        if (UNLIKELY(sequence < link->expected[publisher]))
            worker->live.counts.out_of_order++;
        else
            link->expected[publisher] = sequence + 1;
    }
    if (due_ns != run->due_ns || run->count == 0) {
        run_close(worker, run, now_ns);
        run->due_ns = due_ns;
    }
    run->count++;
}

static bool link_take_publish(struct load_worker *worker, struct load_link *link, uint8_t flags,
                              struct bytes body, struct delivery_run *run, int64_t now_ns)
{
    uint8_t qos = flags >> 1 & 3;
    size_t at = body.size >= 2 ? 2 + ((size_t)body.at[0] << 8 | body.at[1]) : SIZE_MAX;
    uint16_t packet_id = 0;
    if (qos > 0 && at <= body.size && body.size - at >= 2) {
        packet_id = (uint16_t)(body.at[at] << 8 | body.at[at + 1]);
        at += 2;
    } else if (qos > 0) {
        at = SIZE_MAX;
    }
    if (worker->load->options.version == MQTT_5 && at < body.size) {
        uint64_t properties;
        if (!varint_get(body, &at, &properties) || properties > body.size - at)
            at = SIZE_MAX;
        else
            at += properties;
    }
    if (at > body.size)
        return load_link_lose(worker, link, "a PUBLISH that cannot be read");
    worker->live.counts.received++;
    worker->live.counts.received_bytes += body.size - at;
    link_check_stamp(worker, link, bytes_of(body.at + at, body.size - at), run, now_ns);
    if (qos > 0)
        worker_answer(worker, qos == 1 ? 0x40 : 0x50, packet_id);
    return true;
}

/* ---- input
 * --------------------------------------------------------------------------------------- */

static bool link_take_rare(struct load_worker *worker, struct load_link *link, struct bytes packet)
{
    struct mqtt_frame frame;
    struct mqtt_disconnect disconnect;
    if (mqtt_frame_get(packet, &frame) != OK)
        return load_link_lose(worker, link, "a packet that cannot be read");
    switch (frame.type) {
    case MQTT_CONNACK:
        return link_take_connack(worker, link, &frame);
    case MQTT_SUBACK:
        return link_take_suback(worker, link, &frame);
    case MQTT_PINGRESP:
        return true;
    case MQTT_DISCONNECT:
        if (mqtt_disconnect_get(&frame, worker->load->options.version, &disconnect) != MQTT_SUCCESS)
            return load_link_lose(worker, link, "the server sent DISCONNECT");
        return load_link_lose(worker, link, "the server sent DISCONNECT: %s (0x%02X)%s%.*s",
                              mqtt_reason_text(disconnect.reason), disconnect.reason,
                              disconnect.properties.reason_string.size > 0 ? ": " : "",
                              (int)disconnect.properties.reason_string.size,
                              (const char *)disconnect.properties.reason_string.at);
    default:
        return load_link_lose(worker, link, "the server sent %s", mqtt_type_name(frame.type));
    }
}

/* Bytes of the fixed header at `at`, and of the packet; 0 when more must come. */
static size_t packet_head(const uint8_t *at, size_t size, size_t *ret_packet)
{
    size_t length = 0;
    for (size_t i = 1; i < size && i < 5; i++) {
        length |= (size_t)(at[i] & 127) << 7 * (i - 1);
        if (at[i] < 128 || i == 4) {
            *ret_packet = i + 1 + length;
            return i + 1;
        }
    }
    return 0;
}

static bool link_take_packet(struct load_worker *worker, struct load_link *link,
                             struct bytes packet, size_t head, struct delivery_run *run,
                             int64_t now_ns)
{
    uint8_t type = packet.at[0] >> 4;
    struct bytes body = bytes_of(packet.at + head, packet.size - head);
    if (type == MQTT_PUBLISH)
        return link_take_publish(worker, link, packet.at[0] & 15, body, run, now_ns);
    if (type >= MQTT_PUBACK && type <= MQTT_PUBCOMP)
        return link_take_ack(worker, link, type, body, now_ns);
    return link_take_rare(worker, link, packet);
}

/* Room for a packet whose begin came. */
static bool worker_grow_input(struct load_worker *worker, struct load_link *link, size_t packet)
{
    if (packet <= worker->input_capacity)
        return true;
    uint8_t *input = realloc(worker->input, packet);
    if (input == NULL)
        return load_link_lose(worker, link, "out of memory for a packet of %zu bytes", packet);
    worker->input = input;
    worker->input_capacity = packet;
    return true;
}

static bool link_keep_partial(struct load_worker *worker, struct load_link *link, size_t at,
                              size_t size)
{
    size_t packet = 0;
    if (at == size) {
        link->partial_size = 0;
        return true;
    }
    if (size - at > link->partial_capacity) {
        uint8_t *partial = realloc(link->partial, size - at);
        if (partial == NULL)
            return load_link_lose(worker, link, "out of memory");
        link->partial = partial;
        link->partial_capacity = size - at;
    }
    link->partial_size = size - at;
    memcpy(link->partial, worker->input + at, link->partial_size);
    return packet_head(link->partial, link->partial_size, &packet) == 0 ||
           worker_grow_input(worker, link, packet);
}

static bool link_take_input(struct load_worker *worker, struct load_link *link, size_t size)
{
    int64_t now_ns = load_now_ns();
    uint64_t received = worker->live.counts.received;
    struct delivery_run run = {0};
    size_t at = 0, head, packet;
    worker->answers_size = 0;
    while (at < size && (head = packet_head(worker->input + at, size - at, &packet)) > 0 &&
           packet <= size - at) {
        if (!link_take_packet(worker, link, bytes_of(worker->input + at, packet), head, &run,
                              now_ns))
            return false;
        at += packet;
        if (worker->answers_size + 4 > worker->answers_capacity) {
            if (!load_link_send(worker, link, worker->answers, worker->answers_size))
                return false;
            worker->answers_size = 0;
        }
    }
    run_close(worker, &run, now_ns);
    received = worker->live.counts.received - received;
    if (received > 0)
        worker->received_ns = now_ns;
    if (received > 0 && worker->load->options.ahead > 0)
        __atomic_fetch_add(&worker->load->shared_delivered, received, __ATOMIC_RELAXED);
    return link_keep_partial(worker, link, at, size) &&
           load_link_send(worker, link, worker->answers, worker->answers_size);
}

/* The same through a session of TLS. */
static bool link_receive_sealed(struct load_worker *worker, struct load_link *link)
{
    /* Before the session is open, what waits there is no input: load_secure_send. */
    size_t partial = tls_session_is_open(link->secure) ? link->partial_size : 0, size;
    if (!worker_grow_input(worker, link, partial + LOAD_SEALED_READ + TLS_RECORD_MAX))
        return false;
    if (partial > 0)
        memcpy(worker->input, link->partial, partial);
    if (!load_secure_receive(worker, link, partial, &size))
        return false;
    return size == 0 || link_take_input(worker, link, size + partial);
}

bool load_link_receive(struct load_worker *worker, struct load_link *link)
{
    if (link->secure != NULL)
        return link_receive_sealed(worker, link);
    size_t partial = link->partial_size;
    if (partial > 0)
        memcpy(worker->input, link->partial, partial);
    ssize_t got =
        recv(link->fd, worker->input + partial, worker->input_capacity - partial, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got <= 0)
        return load_link_lose(worker, link, "the server closed the connection%s%s",
                              got < 0 ? ": " : "", got < 0 ? strerror(errno) : "");
    worker->live.counts.reads++;
    return link_take_input(worker, link, (size_t)got + partial);
}
