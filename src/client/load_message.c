/* What the generator publishes: packets written by hand, because writing them must cost a fraction
 * of what taking them costs the server. */
#include "client/load_room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- metrics
 * ------------------------------------------------------------------------------------- */

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

static uint64_t worker_random(struct load_worker *worker)
{
    uint64_t x = worker->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return worker->random = x;
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

/* A device's own clock: regular, or off by up to 10 ms. */
static int64_t device_time_ms(struct load_worker *worker, uint32_t device, uint32_t turn)
{
    const struct load_options *options = &worker->load->options;
    int64_t phase = (int64_t)(device * UINT64_C(7919) % (uint64_t)options->period_ms);
    int64_t time_ms = worker->load->base_ms + phase + (int64_t)turn * options->period_ms;
    if (options->jitter)
        time_ms += (int64_t)(worker_random(worker) % 21) - 10;
    return time_ms;
}

static int32_t device_step(struct load *load, uint32_t device, uint32_t metric, uint32_t luck)
{
    int32_t *value = &load->values[(size_t)device * load->options.values + metric];
    return *value = value_walk(*value, luck);
}

static char *put_payload_object(struct load_worker *worker, char *at, uint32_t device,
                                int64_t time_ms)
{
    struct load *load = worker->load;
    const char *begin = at;
    memcpy(at, "{\"ts\":", 6);
    at = put_number(at + 6, (uint64_t)time_ms);
    uint64_t luck = 0;
    for (uint32_t i = 0; i < load->options.values; i++, luck >>= 5) {
        if (i % 12 == 0)
            luck = worker_random(worker);
        int32_t value = device_step(load, device, i, (uint32_t)luck);
        memcpy(at, load->key[i], sizeof load->key[i]);
        at = put_value(at + load->key_size[i], i, value);
        worker->sum_sent += load_sample_hash((uint64_t)device * LOAD_METRICS_MAX + i, time_ms,
                                             value_hundredths(i, value));
    }
    while (at + 1 < begin + load->options.payload_bytes)
        *at++ = ' ';
    *at++ = '}';
    return at;
}

static char *put_payload_single(struct load_worker *worker, char *at, uint32_t device,
                                uint32_t metric, int64_t time_ms)
{
    struct load *load = worker->load;
    int32_t value = device_step(load, device, metric, (uint32_t)(worker_random(worker) >> 20));
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
    worker->sum_sent += load_sample_hash((uint64_t)device * LOAD_METRICS_MAX + metric,
                                         timed ? time_ms : 0, value_hundredths(metric, value));
    return at;
}

static char *put_device_topic(const struct load *load, char *at, uint32_t device)
{
    if (load->options.prefix != NULL) {
        size_t size = strlen(load->options.prefix);
        memcpy(at, load->options.prefix, size);
        at[size] = '/';
        at += size + 1;
    }
    memcpy(at, "site", 4);
    at = put_number(at + 4, device / 3000);
    memcpy(at, "/line", 5);
    at = put_number(at + 5, device / 100);
    memcpy(at, "/device", 7);
    return put_number(at + 7, device);
}

/* ---- stamps
 * -------------------------------------------------------------------------------------- */

static void put_stamp(const struct load *load, uint8_t *at, const struct load_link *link,
                      int64_t due_ns)
{
    store_u32(at, load->run);
    store_u32(at + 4, link->number);
    store_u64(at + 8, link->sequence);
    store_u64(at + 16, (uint64_t)due_ns);
}

bool load_stamp_get(const struct load *load, const uint8_t *payload, size_t size,
                    uint32_t *ret_publisher, uint64_t *ret_sequence, int64_t *ret_due_ns)
{
    if (size < LOAD_STAMP_BYTES || load_u32(payload) != load->run)
        return false;
    *ret_publisher = load_u32(payload + 4);
    *ret_sequence = load_u64(payload + 8);
    *ret_due_ns = (int64_t)load_u64(payload + 16);
    return *ret_publisher < load->options.connections;
}

/* ---- packets
 * ------------------------------------------------------------------------------------- */

/* Topic, identifier and properties of the link's next message. */
static char *put_head(struct load *load, struct load_link *link, char *at, uint32_t *ret_device,
                      uint32_t *ret_metric)
{
    char *begin = at;
    *ret_device = link->first + link->next / load->messages_per_turn;
    *ret_metric = link->next % load->messages_per_turn;
    at += 2;
    if (load->metrics) {
        at = put_device_topic(load, at, *ret_device);
        if (load->options.single) {
            *at++ = '/';
            memcpy(at, load->key[*ret_metric] + 2, load->key_size[*ret_metric] - 4);
            at += load->key_size[*ret_metric] - 4;
        }
    } else {
        size_t size = strlen(load->options.prefix);
        memcpy(at, load->options.prefix, size);
        at[size] = '/';
        at = put_number(at + size + 1, *ret_device);
    }
    size_t topic = (size_t)(at - begin) - 2;
    begin[0] = (char)(topic >> 8);
    begin[1] = (char)topic;
    if (load->options.qos > 0) {
        link->packet_id = (uint16_t)(link->packet_id == 65535 ? 1 : link->packet_id + 1);
        *at++ = (char)(link->packet_id >> 8);
        *at++ = (char)link->packet_id;
    }
    if (load->options.version == MQTT_5)
        *at++ = 0;
    return at;
}

static size_t put_fixed_header(const struct load *load, uint8_t *packet, size_t size)
{
    size_t head = 0;
    packet[head++] = (uint8_t)(0x30 | load->options.qos << 1 | (load->options.retain ? 1 : 0));
    for (size_t left = size; head == 1 || left > 0; left >>= 7)
        packet[head++] = (uint8_t)((left & 127) | (left > 127 ? 128 : 0));
    return head;
}

static size_t put_metrics(struct load_worker *worker, struct load_link *link, uint8_t *packet)
{
    struct load *load = worker->load;
    uint32_t device, metric;
    /* The body is written behind the longest fixed header, then moved to its place. */
    char *body = (char *)packet + 5, *at = put_head(load, link, body, &device, &metric);
    int64_t time_ms = device_time_ms(worker, device, link->turn);
    at = load->options.single ? put_payload_single(worker, at, device, metric, time_ms)
                              : put_payload_object(worker, at, device, time_ms);
    size_t size = (size_t)(at - body), head = put_fixed_header(load, packet, size);
    memmove(packet + head, body, size);
    return head + size;
}

static size_t put_plain(struct load *load, struct load_link *link, int64_t due_ns, uint8_t *packet)
{
    uint32_t device, metric;
    uint8_t head[MESSAGE_SLACK];
    size_t head_size =
        (size_t)(put_head(load, link, (char *)head, &device, &metric) - (char *)head);
    struct bytes payload = {NULL, load->options.payload_bytes};
    if (load->options.payload_count > 0)
        payload = load->options.payloads[link->sequence % load->options.payload_count];
    size_t at = put_fixed_header(load, packet, head_size + payload.size);
    memcpy(packet + at, head, head_size);
    at += head_size;
    if (load->options.payload_count > 0) {
        memcpy(packet + at, payload.at, payload.size);
    } else if (payload.size >= LOAD_STAMP_BYTES) {
        put_stamp(load, packet + at, link, due_ns);
        memset(packet + at + LOAD_STAMP_BYTES, '.', payload.size - LOAD_STAMP_BYTES);
    } else {
        memset(packet + at, '.', payload.size);
    }
    return at + payload.size;
}

size_t load_message_put(struct load_worker *worker, struct load_link *link, int64_t due_ns,
                        uint8_t *packet)
{
    struct load *load = worker->load;
    size_t size =
        load->metrics ? put_metrics(worker, link, packet) : put_plain(load, link, due_ns, packet);
    link->sequence++;
    if (++link->next == link->count * load->messages_per_turn) {
        link->next = 0;
        link->turn++;
    }
    return size;
}

/* ---- life
 * ---------------------------------------------------------------------------------------- */

static enum err message_init_metrics(struct load *load)
{
    const struct load_options *options = &load->options;
    uint64_t luck = UINT64_C(88172645463325252);
    load->values = calloc((size_t)load->devices * options->values, sizeof *load->values);
    if (load->values == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < (size_t)load->devices * options->values; i++) {
        luck ^= luck << 13;
        luck ^= luck >> 7;
        luck ^= luck << 17;
        load->values[i] = 1000 + (int32_t)(luck % 8000);
    }
    for (uint32_t i = 0; i < options->values; i++) {
        char name[16];
        load->key_size[i] = (size_t)snprintf(load->key[i], sizeof load->key[i],
                                             ",\"%s\":", load_metric_name(i, name));
    }
    return OK;
}

enum err load_message_init(struct load *load)
{
    size_t payload = load->options.payload_bytes;
    for (uint32_t i = 0; i < load->options.payload_count; i++)
        if (load->options.payloads[i].size > payload)
            payload = load->options.payloads[i].size;
    load->message_max = payload + MESSAGE_SLACK + (load->metrics ? METRICS_BYTES : 0);
    if (payload > MQTT_REMAINING_MAX - MESSAGE_SLACK)
        return ERR_LIMIT;
    return load->metrics ? message_init_metrics(load) : OK;
}
