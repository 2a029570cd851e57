/* The generator against a made broker of one thread that can be told to do wrong: what was lost,
 * doubled, swapped or refused must be found, and nothing else. */
#include "client/client.h"

#include "os/os.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define DOORS_MAX 16
#define WRONG_AT 50 /* the message that meets with the mistake */

/* ---- the made broker ------------------------------------------------------------------------ */

enum mistake { NONE, DROP, TWICE, SWAP, ACK_ORDER, REFUSE, CLOSE, CONNECT_REFUSED, FILTER_REFUSED };
struct door {
    int fd;
    bool subscribes;
    uint8_t qos;
    uint16_t packet_id;
    size_t size;
    uint8_t input[1 << 18];
};
struct broker {
    enum mistake mistake;
    uint8_t version;
    uint16_t receive_maximum;
    int listener;
    char address[OS_ADDRESS_SIZE];
    pthread_t thread;
    int stop;
    uint32_t published, in_flight, in_flight_most;
    uint8_t kept[1024]; /* the message that is sent after the next one */
    size_t kept_size;
    uint16_t kept_id;
    struct door doors[DOORS_MAX];
};

static void door_send(struct door *door, const uint8_t *at, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(door->fd, at, size, MSG_NOSIGNAL);
        struct pollfd wait = {.fd = door->fd, .events = POLLOUT};
        if (sent < 0 && errno == EAGAIN && poll(&wait, 1, 1000) == 1)
            continue;
        if (sent < 0)
            return; /* the generator went: the test sees it there */
        at += sent;
        size -= (size_t)sent;
    }
}

static void door_ack(struct broker *broker, struct door *door, uint8_t type, uint16_t packet_id,
                     uint8_t reason)
{
    uint8_t packet[16];
    struct mqtt_ack ack = {.packet_id = packet_id, .reason = reason};
    door_send(door, packet, mqtt_ack_put(packet, sizeof packet, broker->version, type, &ack));
}

static void broker_fan_out(struct broker *broker, const struct mqtt_publish *publish)
{
    uint8_t packet[1024];
    for (size_t i = 0; i < DOORS_MAX; i++) {
        struct door *door = &broker->doors[i];
        if (door->fd < 0 || !door->subscribes)
            continue;
        struct mqtt_publish out = {
            .qos = door->qos, .topic = publish->topic, .payload = publish->payload};
        door->packet_id = (uint16_t)(door->packet_id == 65535 ? 1 : door->packet_id + 1);
        out.packet_id = door->packet_id;
        size_t size = mqtt_publish_put(packet, sizeof packet, broker->version, &out);
        bool wrong = broker->published == WRONG_AT;
        if (wrong && broker->mistake == DROP)
            continue;
        if (wrong && broker->mistake == SWAP) {
            memcpy(broker->kept, packet, size);
            broker->kept_size = size;
            continue;
        }
        door_send(door, packet, size);
        if (wrong && broker->mistake == TWICE)
            door_send(door, packet, size);
        door_send(door, broker->kept, broker->kept_size);
        broker->kept_size = 0;
    }
}

static bool broker_publish(struct broker *broker, struct door *door, const struct mqtt_frame *frame)
{
    struct mqtt_publish publish;
    if (mqtt_publish_get(frame, broker->version, &publish) != MQTT_SUCCESS)
        return false;
    bool wrong = ++broker->published == WRONG_AT;
    if (wrong && broker->mistake == CLOSE)
        return false;
    if (publish.qos == 1 && wrong && broker->mistake == ACK_ORDER) {
        broker->kept_id = publish.packet_id;
    } else if (publish.qos > 0) {
        bool refuse = wrong && broker->mistake == REFUSE;
        door_ack(broker, door, publish.qos == 1 ? MQTT_PUBACK : MQTT_PUBREC, publish.packet_id,
                 refuse ? MQTT_QUOTA_EXCEEDED : MQTT_SUCCESS);
        if (broker->kept_id != 0)
            door_ack(broker, door, MQTT_PUBACK, broker->kept_id, MQTT_SUCCESS);
        broker->kept_id = 0;
    }
    broker_fan_out(broker, &publish);
    return true;
}

static void broker_connack(struct broker *broker, struct door *door)
{
    uint8_t packet[64];
    struct mqtt_connack connack = {
        .reason = broker->mistake == CONNECT_REFUSED ? MQTT_NOT_AUTHORIZED : MQTT_SUCCESS};
    if (broker->receive_maximum > 0) {
        connack.properties.has = UINT64_C(1) << 33;
        connack.properties.receive_maximum = broker->receive_maximum;
    }
    door_send(door, packet, mqtt_connack_put(packet, sizeof packet, broker->version, &connack));
}

static void broker_suback(struct broker *broker, struct door *door, const struct mqtt_frame *frame)
{
    struct mqtt_subscribe subscribe;
    struct mqtt_subscription subscription;
    size_t offset = 0;
    uint8_t packet[64];
    assert_int_equal(mqtt_subscribe_get(frame, broker->version, &subscribe), 0);
    assert_true(mqtt_subscription_next(&subscribe, MQTT_SUBSCRIBE, &offset, &subscription));
    door->subscribes = true;
    door->qos = subscription.qos;
    uint8_t reason = broker->mistake == FILTER_REFUSED ? MQTT_NOT_AUTHORIZED : subscription.qos;
    door_send(door, packet,
              mqtt_suback_put(packet, sizeof packet, broker->version, MQTT_SUBACK,
                              subscribe.packet_id, &reason, 1));
}

static bool broker_take(struct broker *broker, struct door *door, const struct mqtt_frame *frame)
{
    struct mqtt_ack ack;
    switch (frame->type) {
    case MQTT_CONNECT:
        broker_connack(broker, door);
        return true;
    case MQTT_SUBSCRIBE:
        broker_suback(broker, door, frame);
        return true;
    case MQTT_PUBLISH:
        return broker_publish(broker, door, frame);
    case MQTT_PUBREC:
    case MQTT_PUBREL:
        if (mqtt_ack_get(frame, broker->version, &ack) == MQTT_SUCCESS)
            door_ack(broker, door, frame->type + 1, ack.packet_id, MQTT_SUCCESS);
        return true;
    default:
        return frame->type != MQTT_DISCONNECT;
    }
}

static void broker_read(struct broker *broker, struct door *door)
{
    ssize_t got =
        recv(door->fd, door->input + door->size, sizeof door->input - door->size, MSG_DONTWAIT);
    bool good = got > 0;
    size_t at = 0;
    struct mqtt_frame frame;
    door->size += good ? (size_t)got : 0;
    uint32_t before = broker->published;
    while (good && mqtt_frame_get(bytes_of(door->input + at, door->size - at), &frame) == OK) {
        good = broker_take(broker, door, &frame);
        at += frame.packet_bytes;
    }
    if (broker->published - before > broker->in_flight_most)
        broker->in_flight_most = broker->published - before;
    memmove(door->input, door->input + at, door->size - at);
    door->size -= at;
    if (good)
        return;
    close(door->fd);
    door->fd = -1;
}

static void broker_accept(struct broker *broker)
{
    char peer[OS_ADDRESS_SIZE];
    for (size_t i = 0; i < DOORS_MAX; i++)
        if (broker->doors[i].fd < 0 &&
            os_accept(broker->listener, &broker->doors[i].fd, peer) != OK)
            return;
}

static void *broker_run(void *arg)
{
    struct broker *broker = arg;
    while (!__atomic_load_n(&broker->stop, __ATOMIC_RELAXED)) {
        struct pollfd waits[DOORS_MAX + 1] = {{.fd = broker->listener, .events = POLLIN}};
        for (size_t i = 0; i < DOORS_MAX; i++)
            waits[i + 1] = (struct pollfd){.fd = broker->doors[i].fd, .events = POLLIN};
        poll(waits, DOORS_MAX + 1, 20);
        for (size_t i = 0; i < DOORS_MAX; i++)
            if (broker->doors[i].fd >= 0 && waits[i + 1].revents != 0)
                broker_read(broker, &broker->doors[i]);
        if (waits[0].revents != 0)
            broker_accept(broker);
    }
    return NULL;
}

static struct broker *broker_start(enum mistake mistake)
{
    struct broker *broker = calloc(1, sizeof *broker);
    assert_non_null(broker);
    broker->mistake = mistake;
    broker->version = MQTT_5;
    for (size_t i = 0; i < DOORS_MAX; i++)
        broker->doors[i].fd = -1;
    assert_int_equal(os_listen("127.0.0.1:0", DOORS_MAX, &broker->listener), OK);
    os_local_address(broker->listener, broker->address);
    return broker;
}

static void broker_go(struct broker *broker)
{
    assert_int_equal(pthread_create(&broker->thread, NULL, broker_run, broker), 0);
}

static void broker_stop(struct broker *broker)
{
    __atomic_store_n(&broker->stop, 1, __ATOMIC_RELAXED);
    pthread_join(broker->thread, NULL);
    for (size_t i = 0; i < DOORS_MAX; i++)
        if (broker->doors[i].fd >= 0)
            close(broker->doors[i].fd);
    close(broker->listener);
    free(broker);
}

/* ---- a run ---------------------------------------------------------------------------------- */

static struct load_options options_of(const struct broker *broker)
{
    return (struct load_options){.address = broker->address,
                                 .version = broker->version,
                                 .connections = 1,
                                 .qos = 1,
                                 .in_flight = 4,
                                 .payload_bytes = 40,
                                 .subscribers = 1};
}

struct outcome {
    struct load_counts counts;
    uint64_t expected;
    struct load_result result;
    bool connected, ran, drained;
    char fault[LOAD_FAULT_SIZE];
};

static struct outcome *run_load(struct broker *broker, const struct load_options *options)
{
    static struct outcome outcome;
    struct load *load = NULL;
    memset(&outcome, 0, sizeof outcome);
    broker_go(broker);
    assert_int_equal(load_create(options, &load), OK);
    outcome.connected = load_connect(load);
    outcome.ran = outcome.connected && load_run(load, 0.3, &outcome.result);
    outcome.drained = outcome.connected && load_drain(load, 5);
    outcome.counts = load_counts(load);
    outcome.expected = load_expected(load);
    snprintf(outcome.fault, sizeof outcome.fault, "%s", load_fault(load));
    load_disconnect(load);
    load_destroy(load);
    broker_stop(broker);
    return &outcome;
}

static void assert_clean(const struct outcome *outcome)
{
    assert_true(outcome->ran && outcome->drained);
    assert_true(outcome->counts.sent > WRONG_AT);
    assert_int_equal(outcome->counts.acked, outcome->counts.sent);
    assert_int_equal(outcome->counts.stamped, outcome->expected);
    assert_int_equal(outcome->counts.out_of_order, 0);
    assert_int_equal(outcome->counts.refused, 0);
    assert_int_equal(outcome->counts.lost, 0);
    assert_string_equal(outcome->fault, "");
}

/* ---- scenes --------------------------------------------------------------------------------- */

static void a_good_broker_is_found_good(void **state)
{
    (void)state;
    for (uint8_t version = MQTT_3_1_1; version <= MQTT_5; version++)
        for (uint8_t qos = 0; qos <= 2; qos++) {
            struct broker *broker = broker_start(NONE);
            broker->version = version;
            struct load_options options = options_of(broker);
            options.qos = options.subscriber_qos = qos;
            options.connections = options.subscribers = 3;
            options.ahead = 200; /* the made broker is slow */
            struct outcome *outcome = run_load(broker, &options);
            assert_clean(outcome);
            assert_int_equal(outcome->expected, 3 * outcome->counts.sent);
            assert_true(outcome->result.deliveries.count > 0);
            assert_int_equal(outcome->result.acks.count > 0, qos > 0);
        }
}

static void several_threads_count_together(void **state)
{
    (void)state;
    struct broker *broker = broker_start(NONE);
    struct load_options options = options_of(broker);
    options.threads = 3;
    options.connections = 4;
    options.subscribers = 5;
    options.idle = 2;
    options.in_flight = 0;
    options.rate = 1000;
    struct outcome *outcome = run_load(broker, &options);
    assert_clean(outcome);
    assert_in_range(outcome->counts.sent, 200, 400); /* 0.3 s of 1,000 a second */
}

static void a_lost_message_is_missing(void **state)
{
    (void)state;
    struct broker *broker = broker_start(DROP);
    struct load_options options = options_of(broker);
    struct outcome *outcome = run_load(broker, &options);
    assert_int_equal(outcome->counts.stamped + 1, outcome->expected);
    assert_int_equal(outcome->counts.out_of_order, 0);
}

static void a_doubled_message_is_found(void **state)
{
    (void)state;
    struct broker *broker = broker_start(TWICE);
    struct load_options options = options_of(broker);
    struct outcome *outcome = run_load(broker, &options);
    /* It waits for as many as it expects: the last may come when it has gone already. */
    assert_in_range(outcome->counts.stamped, outcome->expected, outcome->expected + 1);
    assert_int_equal(outcome->counts.out_of_order, 1);
}

static void a_swapped_message_is_found(void **state)
{
    (void)state;
    struct broker *broker = broker_start(SWAP);
    struct load_options options = options_of(broker);
    struct outcome *outcome = run_load(broker, &options);
    assert_int_equal(outcome->counts.stamped, outcome->expected);
    assert_int_equal(outcome->counts.out_of_order, 1);
}

static void a_refusal_is_counted(void **state)
{
    (void)state;
    for (uint8_t qos = 1; qos <= 2; qos++) {
        struct broker *broker = broker_start(REFUSE);
        struct load_options options = options_of(broker);
        options.qos = qos;
        struct outcome *outcome = run_load(broker, &options);
        assert_int_equal(outcome->counts.refused, 1);
        assert_int_equal(outcome->counts.acked, outcome->counts.sent);
        assert_non_null(strstr(outcome->fault, "quota exceeded"));
    }
}

static void acknowledgements_out_of_order_are_a_fault(void **state)
{
    (void)state;
    struct broker *broker = broker_start(ACK_ORDER);
    struct load_options options = options_of(broker);
    struct outcome *outcome = run_load(broker, &options);
    assert_non_null(strstr(outcome->fault, "another order"));
    assert_int_equal(outcome->counts.lost, 1);
}

static void a_closed_connection_is_lost_and_others_go_on(void **state)
{
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        struct broker *broker = broker_start(CLOSE);
        struct load_options options = options_of(broker);
        options.connections = 2;
        options.strict = strict;
        struct outcome *outcome = run_load(broker, &options);
        assert_int_equal(outcome->ran, !strict);
        assert_int_equal(outcome->counts.lost, 1);
        assert_true(outcome->counts.unsettled > 0);
        assert_non_null(strstr(outcome->fault, "closed"));
        if (!strict)
            assert_true(outcome->counts.acked > WRONG_AT);
    }
}

static void refused_handshakes_are_told(void **state)
{
    (void)state;
    struct broker *broker = broker_start(CONNECT_REFUSED);
    struct load_options options = options_of(broker);
    assert_false(run_load(broker, &options)->connected);
    broker = broker_start(FILTER_REFUSED);
    options = options_of(broker);
    options.strict = true;
    struct outcome *outcome = run_load(broker, &options);
    assert_false(outcome->connected);
    assert_non_null(strstr(outcome->fault, "subscription was refused: not authorized"));
}

static void the_window_is_the_smaller_one(void **state)
{
    (void)state;
    for (uint16_t receive_maximum = 2; receive_maximum <= 8; receive_maximum += 6) {
        struct broker *broker = broker_start(NONE);
        broker->receive_maximum = receive_maximum;
        struct load_options options = options_of(broker);
        options.subscribers = 0;
        struct load *load = NULL;
        broker_go(broker);
        assert_int_equal(load_create(&options, &load), OK);
        assert_true(load_connect(load) && load_run(load, 0.1, NULL) && load_drain(load, 5));
        load_destroy(load);
        uint32_t most = broker->in_flight_most; /* messages of one read: at most the window */
        broker_stop(broker);
        assert_in_range(most, 1, receive_maximum < 4 ? receive_maximum : 4);
    }
}

static void metrics_are_readings_of_devices(void **state)
{
    (void)state;
    struct broker *broker = broker_start(NONE);
    struct load_options options = options_of(broker);
    options.payload_bytes = 0;
    options.values = 3;
    options.points = 30;
    options.burst = 5;
    options.in_flight = 0;
    struct load *load = NULL;
    broker_go(broker);
    assert_int_equal(load_create(&options, &load), OK);
    assert_true(load_connect(load) && load_register(load));
    struct load_counts counts = load_counts(load);
    assert_int_equal(counts.sent, 10); /* every device once */
    assert_int_equal(counts.acked_values, 30);
    assert_int_equal(counts.received, 10);
    assert_int_equal(counts.stamped, 0);
    assert_true(load_is_drained(load) && load_sum(load) != 0);
    load_destroy(load);
    broker_stop(broker);
}

static void contradictions_are_refused(void **state)
{
    (void)state;
    struct load *load = NULL;
    struct load_options few = {
        .address = "127.0.0.1:1", .connections = 10, .values = 5, .points = 49};
    assert_int_equal(load_create(&few, &load), ERR_INVALID);
    few.points = 50;
    assert_int_equal(load_create(&few, &load), OK);
    load_destroy(load);
    few.values = LOAD_METRICS_MAX + 1;
    few.points = 10000;
    assert_int_equal(load_create(&few, &load), ERR_INVALID);
}

static void latencies_fall_into_buckets(void **state)
{
    (void)state;
    static struct latency latency, earlier;
    for (uint64_t us = 1; us <= 100000; us++)
        latency_add(&latency, us, 1);
    for (int percent = 10; percent <= 99; percent += 10) {
        double ms = latency_share_ms(&latency, percent / 100.0);
        assert_true(ms > percent * 0.96 && ms < percent * 1.04);
    }
    assert_int_equal(latency.max_us, 100000);
    earlier = latency;
    latency_add(&latency, UINT64_MAX, 7); /* past the last bucket */
    latency_subtract(&latency, &earlier);
    assert_int_equal(latency.count, 7);
    latency_merge(&latency, &earlier);
    assert_int_equal(latency.count, 100007);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_broker_is_found_good),
        cmocka_unit_test(several_threads_count_together),
        cmocka_unit_test(a_lost_message_is_missing),
        cmocka_unit_test(a_doubled_message_is_found),
        cmocka_unit_test(a_swapped_message_is_found),
        cmocka_unit_test(a_refusal_is_counted),
        cmocka_unit_test(acknowledgements_out_of_order_are_a_fault),
        cmocka_unit_test(a_closed_connection_is_lost_and_others_go_on),
        cmocka_unit_test(refused_handshakes_are_told),
        cmocka_unit_test(the_window_is_the_smaller_one),
        cmocka_unit_test(metrics_are_readings_of_devices),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(latencies_fall_into_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
