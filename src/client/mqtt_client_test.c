/* The MQTT client against a made server of a few lines, one behaviour each. */
#include "client/client.h"

#include "os/os.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct made_server {
    int listener, fd;
    char address[OS_ADDRESS_SIZE];
    pthread_t thread;
    uint8_t version;
    uint8_t connack_reason;
    uint16_t receive_maximum; /* 0: none told */
    int acks;                 /* answers that many PUBLISH, then says goodbye (-1: all) */
    uint8_t ack_reason;
    bool reverse; /* collects two and answers them the other way round */
    int published;
    uint8_t first_topic[64];
    size_t first_topic_size;
};

static void made_send(struct made_server *made, const uint8_t *packet, size_t size)
{
    if (size > 0)
        (void)!send(made->fd, packet, size, MSG_NOSIGNAL);
}

static void made_connack(struct made_server *made)
{
    uint8_t packet[64];
    struct mqtt_connack connack = {.reason = made->connack_reason};
    if (made->receive_maximum > 0) {
        connack.properties.has = UINT64_C(1) << 33;
        connack.properties.receive_maximum = made->receive_maximum;
    }
    made_send(made, packet, mqtt_connack_put(packet, sizeof packet, made->version, &connack));
}

static void made_puback(struct made_server *made, uint16_t packet_id)
{
    uint8_t packet[64];
    struct mqtt_ack ack = {.packet_id = packet_id, .reason = made->ack_reason};
    made_send(made, packet, mqtt_ack_put(packet, sizeof packet, made->version, MQTT_PUBACK, &ack));
}

static bool made_take(struct made_server *made, const struct mqtt_frame *frame, uint16_t *kept)
{
    struct mqtt_publish publish;
    uint8_t packet[16];
    if (frame->type == MQTT_CONNECT)
        made_connack(made);
    if (frame->type == MQTT_PINGREQ)
        made_send(made, packet, mqtt_empty_put(packet, sizeof packet, MQTT_PINGRESP));
    if (frame->type == MQTT_DISCONNECT)
        return false;
    if (frame->type != MQTT_PUBLISH || mqtt_publish_get(frame, made->version, &publish) != 0)
        return true;
    if (made->published++ == 0) {
        made->first_topic_size = publish.topic.size;
        memcpy(made->first_topic, publish.topic.at, publish.topic.size);
    }
    if (made->acks == 0) {
        struct mqtt_disconnect goodbye = {.reason = MQTT_SERVER_SHUTTING_DOWN};
        made_send(made, packet,
                  mqtt_disconnect_put(packet, sizeof packet, made->version, &goodbye));
        return false;
    }
    made->acks -= made->acks > 0;
    if (made->reverse && *kept == 0) {
        *kept = publish.packet_id;
    } else {
        made_puback(made, publish.packet_id);
        if (made->reverse)
            made_puback(made, *kept);
        *kept = 0;
    }
    return true;
}

static void *made_run(void *arg)
{
    struct made_server *made = arg;
    struct pollfd wait = {.fd = made->listener, .events = POLLIN};
    char peer[OS_ADDRESS_SIZE];
    uint8_t input[65536];
    size_t size = 0;
    uint16_t kept = 0;
    if (poll(&wait, 1, 5000) != 1 || os_accept(made->listener, &made->fd, peer) != OK)
        return NULL;
    for (bool more = true; more;) {
        struct pollfd ready = {.fd = made->fd, .events = POLLIN};
        poll(&ready, 1, 5000);
        ssize_t got = recv(made->fd, input + size, sizeof input - size, 0);
        if (got <= 0)
            break;
        size += (size_t)got;
        size_t at = 0;
        struct mqtt_frame frame;
        while (more && mqtt_frame_get(bytes_of(input + at, size - at), &frame) == OK) {
            more = made_take(made, &frame, &kept);
            at += frame.packet_bytes;
        }
        memmove(input, input + at, size - at);
        size -= at;
    }
    close(made->fd);
    return NULL;
}

static void made_start(struct made_server *made)
{
    assert_int_equal(os_listen("127.0.0.1:0", 1, &made->listener), OK);
    os_local_address(made->listener, made->address);
    assert_int_equal(pthread_create(&made->thread, NULL, made_run, made), 0);
}

static void made_stop(struct made_server *made)
{
    pthread_join(made->thread, NULL);
    close(made->listener);
}

struct acks {
    size_t count;
    uint64_t tags[64];
    uint8_t reasons[64];
};

static void take_ack(void *arg, uint64_t tag, uint8_t reason)
{
    struct acks *acks = arg;
    acks->tags[acks->count] = tag;
    acks->reasons[acks->count++] = reason;
}

static struct client *connect_to(struct made_server *made, struct acks *acks, uint16_t in_flight)
{
    struct client_config config = {.address = made->address,
                                   .client_id = "test",
                                   .version = made->version,
                                   .clean_start = true,
                                   .in_flight_max = in_flight};
    struct client *client = NULL;
    uint8_t reason = 0xFF;
    assert_int_equal(client_open(&config, take_ack, acks, &client, &reason), OK);
    assert_int_equal(reason, MQTT_SUCCESS);
    return client;
}

static enum err publish(struct client *client, uint64_t tag)
{
    return client_publish(client, bytes_text("a/b"), bytes_text("1"), 1, tag);
}

static void wait_for(struct client *client, const struct acks *acks, size_t count)
{
    for (int i = 0; i < 200 && acks->count < count; i++)
        assert_int_equal(client_poll(client, 20), OK);
    assert_int_equal(acks->count, count);
}

static void messages_are_acknowledged_by_tag(void **state)
{
    (void)state;
    for (uint8_t version = MQTT_3_1_1; version <= MQTT_5; version++) {
        struct made_server made = {.version = version, .acks = -1};
        struct acks acks = {0};
        made_start(&made);
        struct client *client = connect_to(&made, &acks, 10);
        for (uint64_t tag = 100; tag < 110; tag++)
            assert_int_equal(publish(client, tag), OK);
        assert_int_equal(client_in_flight(client), 10);
        wait_for(client, &acks, 10);
        for (size_t i = 0; i < 10; i++)
            assert_int_equal(acks.tags[i], 100 + i);
        assert_int_equal(client_in_flight(client), 0);
        client_close(client, true);
        made_stop(&made);
        assert_int_equal(made.published, 10);
        assert_memory_equal(made.first_topic, "a/b", 3);
    }
}

static void acknowledgements_may_come_in_any_order(void **state)
{
    (void)state;
    struct made_server made = {.version = MQTT_5, .acks = -1, .reverse = true};
    struct acks acks = {0};
    made_start(&made);
    struct client *client = connect_to(&made, &acks, 2);
    assert_int_equal(publish(client, 1), OK);
    assert_int_equal(publish(client, 2), OK);
    wait_for(client, &acks, 2);
    assert_int_equal(acks.tags[0], 2);
    assert_int_equal(acks.tags[1], 1);
    client_close(client, true);
    made_stop(&made);
}

static void a_full_window_is_busy(void **state)
{
    (void)state;
    struct made_server made = {.version = MQTT_5, .acks = -1};
    struct acks acks = {0};
    made_start(&made);
    struct client *client = connect_to(&made, &acks, 2);
    assert_int_equal(publish(client, 1), OK);
    assert_int_equal(publish(client, 2), OK);
    assert_int_equal(publish(client, 3), ERR_BUSY);
    wait_for(client, &acks, 2);
    assert_int_equal(publish(client, 3), OK);
    wait_for(client, &acks, 3);
    client_close(client, true);
    made_stop(&made);
}

static void the_servers_receive_maximum_caps_the_window(void **state)
{
    (void)state;
    struct made_server made = {.version = MQTT_5, .acks = -1, .receive_maximum = 3};
    struct acks acks = {0};
    made_start(&made);
    struct client *client = connect_to(&made, &acks, 50);
    for (uint64_t tag = 0; tag < 3; tag++)
        assert_int_equal(publish(client, tag), OK);
    assert_int_equal(publish(client, 3), ERR_BUSY);
    wait_for(client, &acks, 3);
    client_close(client, true);
    made_stop(&made);
}

static void a_refused_message_tells_its_reason(void **state)
{
    (void)state;
    struct made_server made = {
        .version = MQTT_5, .acks = -1, .ack_reason = MQTT_PAYLOAD_FORMAT_INVALID};
    struct acks acks = {0};
    made_start(&made);
    struct client *client = connect_to(&made, &acks, 2);
    assert_int_equal(publish(client, 7), OK);
    wait_for(client, &acks, 1);
    assert_int_equal(acks.reasons[0], MQTT_PAYLOAD_FORMAT_INVALID);
    client_close(client, true);
    made_stop(&made);
}

static void a_refused_connection_tells_its_reason(void **state)
{
    (void)state;
    struct made_server made = {.version = MQTT_5, .connack_reason = MQTT_NOT_AUTHORIZED};
    struct acks acks = {0};
    made_start(&made);
    struct client_config config = {
        .address = made.address, .client_id = "test", .version = MQTT_5, .in_flight_max = 1};
    struct client *client = NULL;
    uint8_t reason = 0;
    assert_int_equal(client_open(&config, take_ack, &acks, &client, &reason), ERR_REFUSED);
    assert_int_equal(reason, MQTT_NOT_AUTHORIZED);
    assert_null(client);
    made_stop(&made);
}

static void a_goodbye_of_the_server_is_told(void **state)
{
    (void)state;
    struct made_server made = {.version = MQTT_5, .acks = 1};
    struct acks acks = {0};
    made_start(&made);
    struct client *client = connect_to(&made, &acks, 5);
    assert_int_equal(publish(client, 1), OK);
    assert_int_equal(publish(client, 2), OK);
    enum err err = OK;
    for (int i = 0; i < 200 && err == OK; i++)
        err = client_poll(client, 20);
    assert_int_equal(err, ERR_REFUSED);
    assert_int_equal(acks.count, 1); /* what came before counts */
    client_close(client, true);
    made_stop(&made);
}

static void nobody_listens(void **state)
{
    (void)state;
    char address[OS_ADDRESS_SIZE];
    assert_int_equal(child_free_address(address), OK);
    struct client_config config = {
        .address = address, .client_id = "test", .version = MQTT_5, .in_flight_max = 1};
    struct client *client = NULL;
    struct acks acks = {0};
    uint8_t reason;
    assert_int_not_equal(client_open(&config, take_ack, &acks, &client, &reason), OK);
    assert_null(client);
}

static void a_message_larger_than_the_buffer_is_refused(void **state)
{
    (void)state;
    static uint8_t large[(1 << 20) + 1];
    struct made_server made = {.version = MQTT_5, .acks = -1};
    struct acks acks = {0};
    made_start(&made);
    struct client *client = connect_to(&made, &acks, 1);
    assert_int_equal(client_publish(client, bytes_text("a"), bytes_of(large, sizeof large), 1, 1),
                     ERR_LIMIT);
    assert_int_equal(client_in_flight(client), 0);
    client_close(client, true);
    made_stop(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_acknowledged_by_tag),
        cmocka_unit_test(acknowledgements_may_come_in_any_order),
        cmocka_unit_test(a_full_window_is_busy),
        cmocka_unit_test(the_servers_receive_maximum_caps_the_window),
        cmocka_unit_test(a_refused_message_tells_its_reason),
        cmocka_unit_test(a_refused_connection_tells_its_reason),
        cmocka_unit_test(a_goodbye_of_the_server_is_told),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(a_message_larger_than_the_buffer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
