#include "load.h"

#include "os/os.h"
#include "wire/mqtt/mqtt.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define METRICS_MAX 64
#define MESSAGE_BYTES 2048 /* more than any message with METRICS_MAX metrics */
#define BURSTS_MAX 128     /* of a connection, unacknowledged or waiting to be sent */
#define IN_FLIGHT_MAX 4000 /* messages; the server's receive maximum is 4,096 */
#define PROTOCOL MQTT_5

struct burst {
    int64_t due_ns;
    uint32_t left; /* messages not acknowledged */
};
struct gateway { /* a connection */
    int fd;
    uint32_t first_device, device_count;
    uint32_t next;                /* message in the turn through its devices (and metrics) */
    uint32_t turn;                /* how often all were sent */
    uint32_t turn_end;            /* no burst after this turn; UINT32_MAX: go on */
    uint16_t packet_id, acked_id; /* last used, last acknowledged */
    uint32_t in_flight;
    uint32_t burst_begin, burst_sent, burst_end; /* [begin, sent) unacknowledged, [sent, end) due */
    struct burst bursts[BURSTS_MAX];
    size_t output_at, output_size;
    uint8_t *output;
    uint8_t partial[8]; /* the begin of a packet whose end has not come */
    uint8_t partial_size;
    bool wants_write;
};
struct load {
    struct load_options options;
    uint32_t devices, messages_per_turn; /* of a device: 1, or its metrics when single */
    int epoll;
    int64_t base_ms; /* the devices' clocks begin here */
    int32_t *values; /* by device and metric, in units of the metric's last decimal */
    struct gateway *gateways;
    uint64_t random;
    uint64_t sum_sent, values_sent, values_acked, messages_acked, refused;
    bool forgot;
    int64_t begin_ns; /* rate: when burst 0 is due */
    uint64_t bursts_due;
    struct latency *latency;   /* NULL: not measured */
    char key[METRICS_MAX][20]; /* ,"name": */
    size_t key_size[METRICS_MAX];
    uint8_t input[65536];
};

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static uint64_t cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * (uint64_t)NS_PER_S + (uint64_t)time.tv_nsec;
}

/* ---- latencies
 * ---------------------------------------------------------------------------------------- */

static size_t latency_bucket(uint64_t us)
{
    if (us < 64)
        return (size_t)us;
    unsigned top = 63 - (unsigned)__builtin_clzll(us);
    size_t at = (size_t)(top - 5) * 32 + (size_t)(us >> (top - 5));
    return at < LATENCY_BUCKETS ? at : LATENCY_BUCKETS - 1;
}

/* The middle of a bucket. */
static double latency_bucket_us(size_t at)
{
    if (at < 64)
        return (double)at + 0.5;
    size_t shift = at / 32 - 1;
    return ((double)(at - shift * 32) + 0.5) * (double)(UINT64_C(1) << shift);
}

void latency_add(struct latency *latency, uint64_t us, uint64_t count)
{
    latency->buckets[latency_bucket(us)] += count;
    latency->count += count;
    if (us > latency->max_us)
        latency->max_us = us;
}

double latency_share_ms(const struct latency *latency, double share)
{
    uint64_t wanted = (uint64_t)((double)latency->count * share), seen = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        seen += latency->buckets[i];
        if (seen > wanted)
            return latency_bucket_us(i) / 1000;
    }
    return 0;
}

/* ---- messages
 * ----------------------------------------------------------------------------------------- */

const char *load_metric_name(uint32_t metric, char *text)
{
    static const char *const names[] = {"temperature", "pressure", "flow",  "level", "current",
                                        "voltage",     "power",    "speed", "load",  "humidity"};
    if (metric < ARRAY_COUNT(names))
        snprintf(text, 16, "%s", names[metric]);
    else
        snprintf(text, 16, "metric%u", metric % 100);
    return text;
}

static char *put_number(char *at, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

/* Metrics with an even number have one decimal, the others two. */
static char *put_value(char *at, uint32_t metric, int32_t value)
{
    uint64_t one = metric % 2 == 0 ? 10 : 100;
    at = put_number(at, (uint64_t)value / one);
    *at++ = '.';
    uint64_t rest = (uint64_t)value % one;
    if (one == 100)
        *at++ = (char)('0' + rest / 10);
    *at++ = (char)('0' + rest % 10);
    return at;
}

static int64_t value_hundredths(uint32_t metric, int32_t value)
{
    return metric % 2 == 0 ? (int64_t)value * 10 : value;
}

static uint64_t load_random(struct load *load)
{
    uint64_t x = load->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return load->random = x;
}

/* Three times of four a step of 1 to 4 up or down, within 100..9999. */
static int32_t value_walk(int32_t value, uint32_t luck)
{
    if ((luck & 3) == 0)
        return value;
    int32_t step = (int32_t)(luck >> 2 & 3) + 1;
    value += luck >> 4 & 1 ? step : -step;
    return value < 100 ? value + 8 : value > 9999 ? value - 8 : value;
}

static char *put_topic(char *at, uint32_t device)
{
    memcpy(at, "site", 4);
    at = put_number(at + 4, device / 3000);
    memcpy(at, "/line", 5);
    at = put_number(at + 5, device / 100);
    memcpy(at, "/device", 7);
    return put_number(at + 7, device);
}

/* A device's own clock: regular, or off by up to 10 ms. */
static int64_t load_time_ms(struct load *load, uint32_t device, uint32_t turn)
{
    int64_t phase = (int64_t)(device * UINT64_C(7919) % (uint64_t)load->options.period_ms);
    int64_t time_ms = load->base_ms + phase + (int64_t)turn * load->options.period_ms;
    if (load->options.jitter)
        time_ms += (int64_t)(load_random(load) % 21) - 10;
    return time_ms;
}

static int32_t load_step(struct load *load, uint32_t device, uint32_t metric, uint32_t luck)
{
    int32_t *value = &load->values[(size_t)device * load->options.values + metric];
    return *value = value_walk(*value, luck);
}

static char *put_payload_object(struct load *load, char *at, uint32_t device, int64_t time_ms)
{
    memcpy(at, "{\"ts\":", 6);
    at = put_number(at + 6, (uint64_t)time_ms);
    uint64_t luck = 0;
    for (uint32_t i = 0; i < load->options.values; i++, luck >>= 5) {
        if (i % 12 == 0)
            luck = load_random(load);
        int32_t value = load_step(load, device, i, (uint32_t)luck);
        memcpy(at, load->key[i], sizeof load->key[i]);
        at = put_value(at + load->key_size[i], i, value);
        load->sum_sent += load_sample_hash((uint64_t)device * METRICS_MAX + i, time_ms,
                                           value_hundredths(i, value));
    }
    *at++ = '}';
    return at;
}

static char *put_payload_single(struct load *load, char *at, uint32_t device, uint32_t metric,
                                int64_t time_ms)
{
    int32_t value = load_step(load, device, metric, (uint32_t)(load_random(load) >> 20));
    bool timed = load->options.jitter;
    if (timed) {
        memcpy(at, "{\"ts\":", 6);
        at = put_number(at + 6, (uint64_t)time_ms);
        memcpy(at, ",\"value\":", 9);
        at += 9;
    }
    at = put_value(at, metric, value);
    if (timed)
        *at++ = '}';
    load->sum_sent += load_sample_hash((uint64_t)device * METRICS_MAX + metric, timed ? time_ms : 0,
                                       value_hundredths(metric, value));
    return at;
}

/* A PUBLISH with QoS 1, MQTT 5 without properties: fixed header, topic, identifier, payload. */
static size_t put_message(struct load *load, struct gateway *gateway, uint8_t *packet)
{
    uint32_t number = gateway->next;
    uint32_t device = gateway->first_device + number / load->messages_per_turn;
    uint32_t metric = number % load->messages_per_turn;
    int64_t time_ms = load_time_ms(load, device, gateway->turn);
    char body[MESSAGE_BYTES], *at = put_topic(body + 2, device);
    if (load->options.single) {
        *at++ = '/';
        memcpy(at, load->key[metric] + 2, load->key_size[metric] - 4);
        at += load->key_size[metric] - 4;
    }
    size_t topic = (size_t)(at - body) - 2;
    body[0] = (char)(topic >> 8);
    body[1] = (char)topic;
    gateway->packet_id = (uint16_t)(gateway->packet_id == 65535 ? 1 : gateway->packet_id + 1);
    *at++ = (char)(gateway->packet_id >> 8);
    *at++ = (char)gateway->packet_id;
    *at++ = 0;
    at = load->options.single ? put_payload_single(load, at, device, metric, time_ms)
                              : put_payload_object(load, at, device, time_ms);
    size_t size = (size_t)(at - body), head = 0;
    packet[head++] = 0x32;
    for (size_t left = size; head == 1 || left > 0; left >>= 7)
        packet[head++] = (uint8_t)((left & 127) | (left > 127 ? 128 : 0));
    memcpy(packet + head, body, size);
    return head + size;
}

/* ---- sending
 * --------------------------------------------------------------------------------------------- */

static bool load_broken(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    return false;
}

static void gateway_watch(struct load *load, struct gateway *gateway, bool write)
{
    if (gateway->wants_write == write)
        return;
    gateway->wants_write = write;
    struct epoll_event event = {.events = write ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.ptr = gateway};
    epoll_ctl(load->epoll, EPOLL_CTL_MOD, gateway->fd, &event);
}

static bool gateway_flush(struct load *load, struct gateway *gateway)
{
    while (gateway->output_at < gateway->output_size) {
        ssize_t sent = send(gateway->fd, gateway->output + gateway->output_at,
                            gateway->output_size - gateway->output_at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            gateway_watch(load, gateway, true);
            return true;
        }
        if (sent < 0)
            return load_broken("a connection failed while sending");
        gateway->output_at += (size_t)sent;
    }
    gateway->output_at = gateway->output_size = 0;
    gateway_watch(load, gateway, false);
    return true;
}

/* Sends what is due on the connection as far as its output is free. */
static bool gateway_advance(struct load *load, struct gateway *gateway)
{
    const struct load_options *options = &load->options;
    while (gateway->burst_sent != gateway->burst_end && gateway->output_size == 0 &&
           gateway->in_flight + options->burst <= IN_FLIGHT_MAX) {
        struct burst *burst = &gateway->bursts[gateway->burst_sent % BURSTS_MAX];
        uint32_t all = gateway->device_count * load->messages_per_turn;
        burst->left = 0;
        while (burst->left < options->burst && gateway->turn < gateway->turn_end) {
            gateway->output_size +=
                put_message(load, gateway, gateway->output + gateway->output_size);
            burst->left++;
            if (++gateway->next == all) {
                gateway->next = 0;
                gateway->turn++;
            }
        }
        if (burst->left == 0) { /* the turn asked for is over */
            gateway->burst_end = gateway->burst_sent;
            break;
        }
        gateway->in_flight += burst->left;
        load->values_sent += (uint64_t)burst->left * (options->single ? 1 : options->values);
        gateway->burst_sent++;
        if (!gateway_flush(load, gateway))
            return false;
    }
    return true;
}

static bool gateway_is_done(const struct gateway *gateway)
{
    return gateway->in_flight == 0 && gateway->burst_sent == gateway->burst_end;
}

/* ---- acknowledgements
 * -------------------------------------------------------------------------------------- */

static bool gateway_take_ack(struct load *load, struct gateway *gateway, uint16_t packet_id,
                             bool refused, int64_t time_ns)
{
    uint16_t expected = (uint16_t)(gateway->acked_id == 65535 ? 1 : gateway->acked_id + 1);
    if (packet_id != expected || gateway->in_flight == 0)
        return load_broken("acknowledgements come in another order than the messages were sent");
    gateway->acked_id = packet_id;
    gateway->in_flight--;
    load->refused += refused;
    load->messages_acked++;
    load->values_acked += load->options.single ? 1 : load->options.values;
    struct burst *burst = &gateway->bursts[gateway->burst_begin % BURSTS_MAX];
    if (load->latency != NULL)
        latency_add(load->latency, (uint64_t)((time_ns - burst->due_ns) / NS_PER_US), 1);
    if (--burst->left == 0)
        gateway->burst_begin++;
    return true;
}

static bool gateway_take_input(struct load *load, struct gateway *gateway, size_t size)
{
    int64_t time_ns = now_ns();
    size_t at = 0;
    while (size - at >= 4) {
        const uint8_t *packet = load->input + at;
        size_t packet_size = (size_t)packet[1] + 2; /* PUBACK: never 128 bytes or more */
        if (packet[0] != 0x40)
            return load_broken(packet[0] == 0xE0 ? "the server sent DISCONNECT"
                                                 : "a packet that is no PUBACK came");
        if (size - at < packet_size)
            break;
        bool refused = packet_size > 4 && packet[4] >= 0x80;
        if (!gateway_take_ack(load, gateway, (uint16_t)(packet[2] << 8 | packet[3]), refused,
                              time_ns))
            return false;
        at += packet_size;
    }
    if (size - at > sizeof gateway->partial)
        return load_broken("an acknowledgement that is too long");
    gateway->partial_size = (uint8_t)(size - at);
    memcpy(gateway->partial, load->input + at, size - at);
    return true;
}

static bool gateway_receive(struct load *load, struct gateway *gateway)
{
    memcpy(load->input, gateway->partial, gateway->partial_size);
    ssize_t got = recv(gateway->fd, load->input + gateway->partial_size,
                       sizeof load->input - gateway->partial_size, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got <= 0)
        return load_broken("the server closed a connection");
    return gateway_take_input(load, gateway, (size_t)got + gateway->partial_size);
}

/* ---- the loop
 * ---------------------------------------------------------------------------------------------- */

static bool gateway_due(struct load *load, struct gateway *gateway, int64_t due_ns)
{
    if (gateway->burst_end - gateway->burst_begin == BURSTS_MAX)
        return load_broken("a connection is more than 128 bursts behind: the rate is too high");
    gateway->bursts[gateway->burst_end++ % BURSTS_MAX].due_ns = due_ns;
    return gateway_advance(load, gateway);
}

static int64_t load_due_ns(const struct load *load, uint64_t burst)
{
    uint64_t values =
        (uint64_t)load->options.burst * (load->options.single ? 1 : load->options.values);
    return load->begin_ns +
           (int64_t)((double)burst * (double)values * 1e9 / (double)load->options.rate);
}

/* Marks due what is due; bursts go round all connections in turn. */
static bool load_schedule(struct load *load, bool paced)
{
    if (!paced)
        return true;
    while (load_due_ns(load, load->bursts_due) <= now_ns()) {
        struct gateway *gateway = &load->gateways[load->bursts_due % load->options.connections];
        if (!gateway_due(load, gateway, load_due_ns(load, load->bursts_due)))
            return false;
        load->bursts_due++;
    }
    return true;
}

static bool load_wait(struct load *load, bool paced, bool go_on)
{
    struct epoll_event events[512];
    int64_t wait_ns = 20 * NS_PER_MS;
    if (paced && go_on)
        wait_ns = load_due_ns(load, load->bursts_due) - now_ns();
    struct timespec time = {.tv_nsec = wait_ns < 0                ? 0
                                       : wait_ns > 20 * NS_PER_MS ? 20 * NS_PER_MS
                                                                  : wait_ns};
    int count = epoll_pwait2(load->epoll, events, ARRAY_COUNT(events), &time, NULL);
    for (int i = 0; i < count; i++) {
        struct gateway *gateway = events[i].data.ptr;
        if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0 && !gateway_receive(load, gateway))
            return false;
        if ((events[i].events & EPOLLOUT) != 0 && !gateway_flush(load, gateway))
            return false;
        if (!paced && go_on && gateway_is_done(gateway)) {
            if (!gateway_due(load, gateway, now_ns()))
                return false;
        } else if (!gateway_advance(load, gateway)) {
            return false;
        }
    }
    return true;
}

bool load_is_drained(const struct load *load)
{
    for (uint32_t i = 0; i < load->options.connections; i++)
        if (!gateway_is_done(&load->gateways[i]))
            return false;
    return !load->forgot;
}

bool load_drain(struct load *load, double seconds)
{
    int64_t end_ns = now_ns() + (int64_t)(seconds * 1e9);
    while (!load_is_drained(load)) {
        if (now_ns() > end_ns)
            return load_broken("not all messages were acknowledged in time");
        if (!load_wait(load, false, false))
            return false;
    }
    return true;
}

/* Every connection that has nothing under way gets a burst: the begin of sending without a rate. */
static bool load_kick(struct load *load)
{
    for (uint32_t i = 0; i < load->options.connections; i++)
        if (gateway_is_done(&load->gateways[i]) && !gateway_due(load, &load->gateways[i], now_ns()))
            return false;
    return true;
}

bool load_register(struct load *load)
{
    for (uint32_t i = 0; i < load->options.connections; i++)
        load->gateways[i].turn_end = load->gateways[i].turn + 1;
    bool left = true;
    while (left) {
        if (!load_kick(load) || !load_wait(load, false, true))
            return false;
        left = false;
        for (uint32_t i = 0; i < load->options.connections && !left; i++)
            left = load->gateways[i].turn < load->gateways[i].turn_end;
    }
    for (uint32_t i = 0; i < load->options.connections; i++)
        load->gateways[i].turn_end = UINT32_MAX;
    return load_drain(load, 120);
}

bool load_run(struct load *load, double seconds, struct load_result *ret_result)
{
    bool paced = load->options.rate > 0;
    struct latency latency = {0};
    uint64_t messages = load->messages_acked, values = load->values_acked, cpu = cpu_ns();
    uint64_t refused = load->refused;
    int64_t begin_ns = now_ns(), end_ns = begin_ns + (int64_t)(seconds * 1e9);
    if (load->begin_ns == 0)
        load->begin_ns = begin_ns;
    if (!paced && !load_kick(load))
        return false;
    load->latency = ret_result != NULL ? &latency : NULL;
    while (now_ns() < end_ns)
        if (!load_schedule(load, paced) || !load_wait(load, paced, true))
            return false;
    load->latency = NULL;
    if (ret_result != NULL)
        *ret_result = (struct load_result){
            .seconds = (double)(now_ns() - begin_ns) / 1e9,
            .messages = load->messages_acked - messages,
            .values = load->values_acked - values,
            .refused = load->refused - refused,
            .cpu_ns = cpu_ns() - cpu,
            .latency = latency,
        };
    return true;
}

/* ---- life
 * -----------------------------------------------------------------------------------------------------
 */

struct load *load_create(const struct load_options *options)
{
    struct load *load = calloc(1, sizeof *load);
    check(load != NULL && options->values >= 1 && options->values <= METRICS_MAX);
    load->options = *options;
    load->devices = options->points / options->values;
    load->messages_per_turn = options->single ? options->values : 1;
    check(load->devices >= options->connections);
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    load->base_ms = (int64_t)wall.tv_sec * 1000;
    load->random = UINT64_C(88172645463325252);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->values = calloc((size_t)load->devices * options->values, sizeof *load->values);
    load->gateways = calloc(options->connections, sizeof *load->gateways);
    check(load->epoll >= 0 && load->values != NULL && load->gateways != NULL);
    for (size_t i = 0; i < (size_t)load->devices * options->values; i++)
        load->values[i] = 1000 + (int32_t)(load_random(load) % 8000);
    for (uint32_t i = 0; i < options->values; i++) {
        char name[16];
        load->key_size[i] = (size_t)snprintf(load->key[i], sizeof load->key[i],
                                             ",\"%s\":", load_metric_name(i, name));
    }
    for (uint32_t i = 0; i < options->connections; i++) {
        struct gateway *gateway = &load->gateways[i];
        uint64_t first = (uint64_t)load->devices * i / options->connections;
        uint64_t end = (uint64_t)load->devices * (i + 1) / options->connections;
        *gateway = (struct gateway){.fd = -1,
                                    .first_device = (uint32_t)first,
                                    .device_count = (uint32_t)(end - first),
                                    .turn_end = UINT32_MAX};
        gateway->output = malloc((size_t)options->burst * MESSAGE_BYTES / 4 + MESSAGE_BYTES);
        check(gateway->output != NULL);
    }
    return load;
}

void load_destroy(struct load *load)
{
    if (load == NULL)
        return;
    load_disconnect(load);
    for (uint32_t i = 0; i < load->options.connections; i++)
        free(load->gateways[i].output);
    free(load->gateways);
    free(load->values);
    close(load->epoll);
    free(load);
}

void load_disconnect(struct load *load)
{
    for (uint32_t i = 0; i < load->options.connections; i++)
        if (load->gateways[i].fd >= 0) {
            close(load->gateways[i].fd);
            load->gateways[i].fd = -1;
        }
}

void load_forget(struct load *load)
{
    load_disconnect(load);
    for (uint32_t i = 0; i < load->options.connections; i++) {
        struct gateway *gateway = &load->gateways[i];
        if (gateway->in_flight > 0 || gateway->burst_sent != gateway->burst_end)
            load->forgot = true;
        gateway->in_flight = 0;
        gateway->burst_begin = gateway->burst_sent = gateway->burst_end;
        gateway->output_at = gateway->output_size = gateway->partial_size = 0;
    }
}

static bool gateway_connect(struct load *load, struct gateway *gateway, uint32_t number)
{
    uint8_t packet[256];
    char id[32];
    snprintf(id, sizeof id, "gateway-%u", number);
    struct mqtt_connect connect = {
        .version = PROTOCOL, .clean_start = true, .client_id = bytes_text(id)};
    size_t size = mqtt_connect_put(packet, sizeof packet, &connect);
    if (os_connect(load->options.address, &gateway->fd) != OK)
        return load_broken("cannot connect");
    if (send(gateway->fd, packet, size, MSG_NOSIGNAL) != (ssize_t)size)
        return load_broken("cannot send CONNECT");
    gateway->packet_id = gateway->acked_id = 0;
    gateway->wants_write = false;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = gateway};
    epoll_ctl(load->epoll, EPOLL_CTL_ADD, gateway->fd, &event);
    return true;
}

static bool gateway_take_connack(struct gateway *gateway)
{
    uint8_t packet[256];
    struct pollfd wait = {.fd = gateway->fd, .events = POLLIN};
    if (poll(&wait, 1, 20000) != 1)
        return load_broken("no CONNACK within 20 s");
    ssize_t got = recv(gateway->fd, packet, sizeof packet, MSG_DONTWAIT);
    if (got < 5 || packet[0] != 0x20 || got != (ssize_t)packet[1] + 2 || packet[3] != 0)
        return load_broken("CONNECT was refused");
    return true;
}

bool load_connect(struct load *load)
{
    load->begin_ns = 0;
    load->bursts_due = 0;
    for (uint32_t i = 0; i < load->options.connections; i++)
        if (!gateway_connect(load, &load->gateways[i], i) ||
            !gateway_take_connack(&load->gateways[i]))
            return false;
    return true;
}

uint64_t load_values_acked(const struct load *load)
{
    return load->values_acked;
}

uint64_t load_sum(const struct load *load)
{
    return load->sum_sent;
}

const struct load_options *load_options_of(const struct load *load)
{
    return &load->options;
}
