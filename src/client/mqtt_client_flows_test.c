/* The MQTT client's flows against a peer that this test plays packet by packet: QoS 2 both ways,
 * subscriptions, sessions after a broken connection, limits at both sides. */
#include "client/client.h"

#include "os/os.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define VERSION MQTT_5
#define BIT(number) (UINT64_C(1) << (number))

/* ---- the peer: accepts on a thread, because connecting waits for CONNACK -------------------- */

struct peer {
    int listener, fd;
    char address[OS_ADDRESS_SIZE];
    struct mqtt_connack connack;
    pthread_t thread;
    struct mqtt_frame frame; /* the last packet taken */
    size_t size;
    uint8_t input[1 << 17];
};

static struct mqtt_frame *peer_take(struct peer *peer, uint8_t type)
{
    if (peer->frame.packet_bytes > 0) {
        peer->size -= peer->frame.packet_bytes;
        memmove(peer->input, peer->input + peer->frame.packet_bytes, peer->size);
    }
    while (mqtt_frame_get(bytes_of(peer->input, peer->size), &peer->frame) != OK) {
        struct pollfd wait = {.fd = peer->fd, .events = POLLIN};
        assert_int_equal(poll(&wait, 1, 5000), 1);
        ssize_t got = recv(peer->fd, peer->input + peer->size, sizeof peer->input - peer->size, 0);
        assert_true(got > 0);
        peer->size += (size_t)got;
    }
    assert_int_equal(peer->frame.type, type);
    return &peer->frame;
}

static void peer_send(struct peer *peer, const uint8_t *packet, size_t size)
{
    assert_true(size > 0);
    assert_int_equal(send(peer->fd, packet, size, MSG_NOSIGNAL), size);
}

static void *peer_accept(void *arg)
{
    struct peer *peer = arg;
    struct pollfd wait = {.fd = peer->listener, .events = POLLIN};
    char from[OS_ADDRESS_SIZE];
    uint8_t packet[512];
    if (poll(&wait, 1, 5000) != 1 || os_accept(peer->listener, &peer->fd, from) != OK)
        return NULL;
    size_t size = mqtt_connack_put(packet, sizeof packet, VERSION, &peer->connack);
    (void)!send(peer->fd, packet, size, MSG_NOSIGNAL);
    return NULL;
}

static struct peer *peer_create(void)
{
    struct peer *peer = calloc(1, sizeof *peer);
    assert_non_null(peer);
    peer->fd = -1;
    assert_int_equal(os_listen("127.0.0.1:0", 1, &peer->listener), OK);
    os_local_address(peer->listener, peer->address);
    return peer;
}

static void peer_destroy(struct peer *peer)
{
    close(peer->fd);
    close(peer->listener);
    free(peer);
}

static void peer_listen(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->size = peer->frame.packet_bytes = 0;
    assert_int_equal(pthread_create(&peer->thread, NULL, peer_accept, peer), 0);
}

static struct mqtt_publish peer_take_publish(struct peer *peer)
{
    struct mqtt_publish publish = {0};
    assert_int_equal(mqtt_publish_get(peer_take(peer, MQTT_PUBLISH), VERSION, &publish), 0);
    return publish;
}

static struct mqtt_ack peer_take_ack(struct peer *peer, uint8_t type)
{
    struct mqtt_ack ack = {0};
    assert_int_equal(mqtt_ack_get(peer_take(peer, type), VERSION, &ack), 0);
    return ack;
}

static void peer_ack(struct peer *peer, uint8_t type, uint16_t packet_id, uint8_t reason)
{
    uint8_t packet[256];
    struct mqtt_ack ack = {.packet_id = packet_id, .reason = reason};
    if (reason >= 0x80) {
        ack.properties.has = BIT(31);
        ack.properties.reason_string = bytes_text("too hot");
    }
    peer_send(peer, packet, mqtt_ack_put(packet, sizeof packet, VERSION, type, &ack));
}

static void peer_publish(struct peer *peer, uint8_t qos, uint16_t packet_id, const char *topic,
                         uint16_t alias)
{
    uint8_t packet[256];
    struct mqtt_publish publish = {.qos = qos,
                                   .packet_id = packet_id,
                                   .topic = bytes_text(topic),
                                   .payload = bytes_text("21.5")};
    publish.properties.has = alias > 0 ? BIT(35) : 0;
    publish.properties.topic_alias = alias;
    peer_send(peer, packet, mqtt_publish_put(packet, sizeof packet, VERSION, &publish));
}

/* ---- our side ------------------------------------------------------------------------------- */

struct seen {
    size_t acked, received, answered, noticed, repeated;
    uint64_t tags[16];
    uint8_t reasons[16], answer[16], notices[16];
    size_t answer_count;
    char topic[64];
    char said[CLIENT_SAID_SIZE];
};

static void see_acked(void *arg, uint64_t tag, uint8_t reason)
{
    struct seen *seen = arg;
    seen->tags[seen->acked] = tag;
    seen->reasons[seen->acked++] = reason;
}

static void see_received(void *arg, const struct client_message *message)
{
    struct seen *seen = arg;
    seen->received++;
    seen->repeated += message->repeated;
    memcpy(seen->topic, message->topic.at, message->topic.size);
    seen->topic[message->topic.size] = 0;
}

static void see_answered(void *arg, uint64_t tag, const uint8_t *reasons, size_t count)
{
    struct seen *seen = arg;
    seen->tags[seen->answered++] = tag;
    seen->answer_count = count;
    memcpy(seen->answer, reasons, count);
}

static void see_noticed(void *arg, uint8_t type, uint16_t packet_id, uint8_t reason)
{
    struct seen *seen = arg;
    (void)packet_id, (void)reason;
    seen->notices[seen->noticed++] = type;
}

static struct client_config config_of(struct peer *peer, struct seen *seen)
{
    return (struct client_config){.address = peer->address,
                                  .client_id = "flows",
                                  .version = VERSION,
                                  .clean_start = true,
                                  .in_flight_max = 8,
                                  .received = see_received,
                                  .answered = see_answered,
                                  .noticed = see_noticed,
                                  .said = seen->said};
}

static struct client *open_with(struct peer *peer, const struct client_config *config,
                                struct seen *seen)
{
    struct client *client = NULL;
    uint8_t reason = 0xFF;
    peer_listen(peer);
    assert_int_equal(client_open(config, see_acked, seen, &client, &reason), OK);
    pthread_join(peer->thread, NULL);
    return client;
}

static void reconnect(struct peer *peer, struct client *client, bool session_present)
{
    uint8_t reason = 0xFF;
    peer->connack.session_present = session_present;
    peer_listen(peer);
    assert_int_equal(client_reconnect(client, &reason), OK);
    pthread_join(peer->thread, NULL);
    assert_int_equal(client_session_present(client), session_present);
    assert_int_equal(client_poll(client, 0), OK);
}

/* Polls until the count is reached, 5 s at most, and a little longer for what should not come. */
static void wait_count(struct client *client, const size_t *count, size_t wanted)
{
    for (int i = 0; i < 250 && *count < wanted; i++)
        assert_int_equal(client_poll(client, 20), OK);
    assert_int_equal(client_poll(client, 20), OK);
    assert_int_equal(*count, wanted);
}

static void publish(struct client *client, uint8_t qos, uint64_t tag)
{
    char text[8] = {(char)('0' + tag), 0};
    assert_int_equal(client_publish(client, bytes_text("a"), bytes_text(text), qos, tag), OK);
    assert_int_equal(client_poll(client, 0), OK);
}

static void poll_until(struct client *client, enum err wanted)
{
    enum err err = OK;
    for (int i = 0; i < 250 && err == OK; i++)
        err = client_poll(client, 20);
    assert_int_equal(err, wanted);
}

/* ---- scenes --------------------------------------------------------------------------------- */

static void qos_2_is_published_in_four_steps(void **state)
{
    (void)state;
    struct peer *peer = peer_create();
    struct seen seen = {0};
    struct client_config config = config_of(peer, &seen);
    struct client *client = open_with(peer, &config, &seen);
    peer_take(peer, MQTT_CONNECT);
    publish(client, 2, 5);
    struct mqtt_publish sent = peer_take_publish(peer);
    assert_int_equal(sent.qos, 2);
    peer_ack(peer, MQTT_PUBREC, sent.packet_id, 0);
    wait_count(client, &seen.noticed, 1);
    assert_int_equal(seen.acked, 0); /* not yet */
    assert_int_equal(peer_take_ack(peer, MQTT_PUBREL).packet_id, sent.packet_id);
    peer_ack(peer, MQTT_PUBCOMP, sent.packet_id, 0);
    wait_count(client, &seen.acked, 1);
    assert_int_equal(seen.tags[0], 5);
    publish(client, 2, 6); /* refused: no PUBREL follows */
    sent = peer_take_publish(peer);
    peer_ack(peer, MQTT_PUBREC, sent.packet_id, MQTT_QUOTA_EXCEEDED);
    wait_count(client, &seen.acked, 2);
    assert_int_equal(seen.reasons[1], MQTT_QUOTA_EXCEEDED);
    assert_string_equal(seen.said, "too hot");
    assert_int_equal(client_in_flight(client), 0);
    client_close(client, true);
    peer_take(peer, MQTT_DISCONNECT);
    peer_destroy(peer);
}

static void qos_2_is_delivered_once(void **state)
{
    (void)state;
    struct peer *peer = peer_create();
    struct seen seen = {0};
    struct client_config config = config_of(peer, &seen);
    struct client *client = open_with(peer, &config, &seen);
    peer_take(peer, MQTT_CONNECT);
    peer_publish(peer, 2, 7, "once", 0);
    peer_publish(peer, 2, 7, "once", 0);
    wait_count(client, &seen.received, 1);
    assert_int_equal(peer_take_ack(peer, MQTT_PUBREC).packet_id, 7);
    assert_int_equal(peer_take_ack(peer, MQTT_PUBREC).packet_id, 7);
    peer_ack(peer, MQTT_PUBREL, 7, 0);
    peer_ack(peer, MQTT_PUBREL, 7, 0);
    wait_count(client, &seen.noticed, 2);
    assert_int_equal(peer_take_ack(peer, MQTT_PUBCOMP).reason, MQTT_SUCCESS);
    assert_int_equal(peer_take_ack(peer, MQTT_PUBCOMP).reason, MQTT_PACKET_ID_NOT_FOUND);
    peer_publish(peer, 2, 7, "again", 0); /* the identifier is free: another message */
    wait_count(client, &seen.received, 2);
    assert_string_equal(seen.topic, "again");
    client_close(client, false);
    peer_destroy(peer);
}

static void acknowledgements_can_be_withheld(void **state)
{
    (void)state;
    struct peer *peer = peer_create();
    struct seen seen = {0};
    struct client_config config = config_of(peer, &seen);
    config.manual_acks = true;
    struct client *client = open_with(peer, &config, &seen);
    peer_take(peer, MQTT_CONNECT);
    peer_publish(peer, 1, 1, "x", 0);
    peer_publish(peer, 2, 2, "x", 0);
    peer_publish(peer, 2, 2, "x", 0);
    wait_count(client, &seen.received, 3);
    assert_int_equal(seen.repeated, 1);
    peer_ack(peer, MQTT_PUBREL, 2, 0);
    wait_count(client, &seen.noticed, 1);
    publish(client, 2, 1);
    struct mqtt_publish sent = peer_take_publish(peer); /* the first packet: nothing was answered */
    peer_ack(peer, MQTT_PUBREC, sent.packet_id, 0);
    wait_count(client, &seen.noticed, 2);
    client_acknowledge(client, MQTT_PUBACK, 1, 0);
    client_acknowledge(client, MQTT_PUBCOMP, 2, 0);
    client_acknowledge(client, MQTT_PUBREL, sent.packet_id, 0);
    assert_int_equal(client_poll(client, 0), OK);
    assert_int_equal(peer_take_ack(peer, MQTT_PUBACK).packet_id, 1);
    assert_int_equal(peer_take_ack(peer, MQTT_PUBCOMP).packet_id, 2);
    assert_int_equal(peer_take_ack(peer, MQTT_PUBREL).packet_id, sent.packet_id);
    client_close(client, false);
    peer_destroy(peer);
}

static void subscriptions_are_answered(void **state)
{
    (void)state;
    struct peer *peer = peer_create();
    struct seen seen = {0};
    struct client_config config = config_of(peer, &seen);
    struct client *client = open_with(peer, &config, &seen);
    peer_take(peer, MQTT_CONNECT);
    struct mqtt_subscription filters[2] = {
        {.filter = bytes_text("a/+"), .qos = 2, .no_local = true, .retain_handling = 2},
        {.filter = bytes_text("#"), .qos = 1, .retain_as_published = true}};
    struct mqtt_properties properties = {.has = BIT(11), .subscription_id = 99};
    assert_int_equal(client_subscribe(client, filters, 2, &properties, 40), OK);
    assert_int_equal(client_poll(client, 0), OK);
    struct mqtt_subscribe subscribe;
    struct mqtt_subscription found;
    size_t offset = 0;
    assert_int_equal(mqtt_subscribe_get(peer_take(peer, MQTT_SUBSCRIBE), VERSION, &subscribe), 0);
    assert_int_equal(subscribe.properties.subscription_id, 99);
    assert_true(mqtt_subscription_next(&subscribe, MQTT_SUBSCRIBE, &offset, &found));
    assert_true(bytes_equal(found.filter, bytes_text("a/+")));
    assert_true(found.no_local && found.qos == 2 && found.retain_handling == 2);
    uint8_t packet[64], reasons[2] = {2, MQTT_NOT_AUTHORIZED};
    peer_send(peer, packet,
              mqtt_suback_put(packet, sizeof packet, VERSION, MQTT_SUBACK, subscribe.packet_id,
                              reasons, 2));
    wait_count(client, &seen.answered, 1);
    assert_int_equal(seen.tags[0], 40);
    assert_int_equal(seen.answer_count, 2);
    assert_memory_equal(seen.answer, reasons, 2);
    assert_int_equal(client_unsubscribe(client, filters, 1, NULL, 41), OK);
    assert_int_equal(client_poll(client, 0), OK);
    assert_int_equal(mqtt_subscribe_get(peer_take(peer, MQTT_UNSUBSCRIBE), VERSION, &subscribe), 0);
    reasons[0] = MQTT_SUCCESS;
    peer_send(peer, packet,
              mqtt_suback_put(packet, sizeof packet, VERSION, MQTT_UNSUBACK, subscribe.packet_id,
                              reasons, 1));
    wait_count(client, &seen.answered, 2);
    assert_int_equal(seen.tags[1], 41);
    client_close(client, false);
    peer_destroy(peer);
}

static void sixty_four_requests_may_wait(void **state)
{
    (void)state;
    struct peer *peer = peer_create();
    struct seen seen = {0};
    struct client_config config = config_of(peer, &seen);
    struct client *client = open_with(peer, &config, &seen);
    struct mqtt_subscription filter = {.filter = bytes_text("a")};
    for (int i = 0; i < 64; i++)
        assert_int_equal(client_subscribe(client, &filter, 1, NULL, 0), OK);
    assert_int_equal(client_subscribe(client, &filter, 1, NULL, 0), ERR_BUSY);
    client_close(client, false);
    peer_destroy(peer);
}

/* Three messages are under way when the connection breaks: 1 unanswered, 2 with its PUBREC, 3
 * unanswered. */
static struct client *broken_session(struct peer *peer, struct seen *seen)
{
    struct client_config config = config_of(peer, seen);
    config.keep_messages = true;
    config.session_expiry_s = 3600;
    struct client *client = open_with(peer, &config, seen);
    struct mqtt_connect connect;
    assert_int_equal(mqtt_connect_get(peer_take(peer, MQTT_CONNECT), &connect), 0);
    assert_int_equal(connect.properties.session_expiry_s, 3600);
    assert_true(connect.clean_start);
    publish(client, 1, 1);
    publish(client, 2, 2);
    publish(client, 1, 3);
    peer_take_publish(peer);
    peer_ack(peer, MQTT_PUBREC, peer_take_publish(peer).packet_id, 0);
    peer_take_publish(peer);
    wait_count(client, &seen->noticed, 1);
    close(peer->fd);
    peer->fd = -1;
    poll_until(client, ERR_IO);
    assert_int_equal(client_in_flight(client), 3);
    return client;
}

static void a_session_goes_on_after_a_break(void **state)
{
    (void)state;
    struct peer *peer = peer_create();
    struct seen seen = {0};
    struct client *client = broken_session(peer, &seen);
    reconnect(peer, client, true);
    struct mqtt_connect connect;
    assert_int_equal(mqtt_connect_get(peer_take(peer, MQTT_CONNECT), &connect), 0);
    assert_false(connect.clean_start);
    struct mqtt_publish first = peer_take_publish(peer);
    assert_true(first.dup && first.payload.at[0] == '1');
    uint16_t first_id = first.packet_id;
    assert_int_not_equal(peer_take_ack(peer, MQTT_PUBREL).packet_id, 0);
    uint16_t released_id = (uint16_t)(peer->frame.body.at[0] << 8 | peer->frame.body.at[1]);
    struct mqtt_publish last = peer_take_publish(peer);
    assert_true(last.dup && last.payload.at[0] == '3');
    peer_ack(peer, MQTT_PUBACK, last.packet_id, 0);
    peer_ack(peer, MQTT_PUBCOMP, released_id, 0);
    peer_ack(peer, MQTT_PUBACK, first_id, 0);
    wait_count(client, &seen.acked, 3);
    assert_int_equal(seen.tags[0], 3);
    assert_int_equal(seen.tags[1], 2);
    assert_int_equal(seen.tags[2], 1);
    client_close(client, false);
    peer_destroy(peer);
}

static void a_lost_session_is_published_anew(void **state)
{
    (void)state;
    struct peer *peer = peer_create();
    struct seen seen = {0};
    struct client *client = broken_session(peer, &seen);
    reconnect(peer, client, false);
    peer_take(peer, MQTT_CONNECT);
    assert_int_equal(seen.acked, 1); /* the one that had its PUBREC */
    assert_int_equal(seen.tags[0], 2);
    assert_int_equal(seen.reasons[0], MQTT_PACKET_ID_NOT_FOUND);
    struct mqtt_publish first = peer_take_publish(peer);
    assert_true(!first.dup && first.payload.at[0] == '1');
    struct mqtt_publish last = peer_take_publish(peer);
    assert_true(!last.dup && last.payload.at[0] == '3');
    assert_int_equal(client_in_flight(client), 2);
    client_close(client, false);
    peer_destroy(peer);
}

static void received_identifiers_survive_a_break(void **state)
{
    (void)state;
    struct peer *peer = peer_create();
    struct seen seen = {0};
    struct client_config config = config_of(peer, &seen);
    struct client *client = open_with(peer, &config, &seen);
    peer_publish(peer, 2, 9, "kept", 0);
    wait_count(client, &seen.received, 1);
    client_cut(client);
    reconnect(peer, client, true);
    peer_publish(peer, 2, 9, "kept", 0);
    wait_count(client, &seen.received, 1); /* not delivered again */
    client_cut(client);
    reconnect(peer, client, false);
    peer_publish(peer, 2, 9, "new", 0);
    wait_count(client, &seen.received, 2);
    client_close(client, false);
    peer_destroy(peer);
}

static void topic_aliases_are_resolved(void **state)
{
    (void)state;
    struct peer *peer = peer_create();
    struct seen seen = {0};
    struct client_config config = config_of(peer, &seen);
    config.topic_alias_maximum = 2;
    struct client *client = open_with(peer, &config, &seen);
    peer_publish(peer, 0, 0, "plant/press", 2);
    peer_publish(peer, 0, 0, "", 2);
    wait_count(client, &seen.received, 2);
    assert_string_equal(seen.topic, "plant/press");
    peer_publish(peer, 0, 0, "over", 3); /* past the maximum */
    poll_until(client, ERR_CORRUPT);
    client_close(client, false);
    peer_destroy(peer);
}

static void more_than_the_receive_maximum_is_a_fault(void **state)
{
    (void)state;
    struct peer *peer = peer_create();
    struct seen seen = {0};
    struct client_config config = config_of(peer, &seen);
    config.receive_maximum = 2;
    config.manual_acks = true;
    struct client *client = open_with(peer, &config, &seen);
    peer_publish(peer, 1, 1, "x", 0);
    peer_publish(peer, 2, 2, "x", 0);
    wait_count(client, &seen.received, 2);
    client_acknowledge(client, MQTT_PUBACK, 1, 0);
    peer_publish(peer, 1, 3, "x", 0);
    wait_count(client, &seen.received, 3);
    peer_publish(peer, 1, 4, "x", 0);
    poll_until(client, ERR_CORRUPT);
    client_close(client, false);
    peer_destroy(peer);
}

static void connect_says_all_that_was_asked(void **state)
{
    (void)state;
    struct peer *peer = peer_create();
    struct seen seen = {0};
    struct mqtt_will will = {
        .qos = 1, .retain = true, .topic = bytes_text("gone"), .payload = bytes_text("yes")};
    will.properties.has = BIT(24);
    will.properties.will_delay_s = 5;
    struct client_config config = config_of(peer, &seen);
    config.client_id = "";
    config.user = "anna";
    config.password = bytes_text("secret");
    config.will = &will;
    peer->connack.properties.has = BIT(18) | BIT(39);
    peer->connack.properties.assigned_client_id = bytes_text("you-are-7");
    peer->connack.properties.maximum_packet_size = 100;
    struct client *client = open_with(peer, &config, &seen);
    struct mqtt_connect connect;
    assert_int_equal(mqtt_connect_get(peer_take(peer, MQTT_CONNECT), &connect), 0);
    assert_true(connect.has_user && bytes_equal(connect.user, bytes_text("anna")));
    assert_true(connect.has_password && bytes_equal(connect.password, bytes_text("secret")));
    assert_true(connect.will.present && connect.will.retain && connect.will.qos == 1);
    assert_int_equal(connect.will.properties.will_delay_s, 5);
    assert_string_equal(client_id(client), "you-are-7");
    reconnect(peer, client, true);
    assert_int_equal(mqtt_connect_get(peer_take(peer, MQTT_CONNECT), &connect), 0);
    assert_true(bytes_equal(connect.client_id, bytes_text("you-are-7")));
    assert_true(connect.will.present && bytes_equal(connect.user, bytes_text("anna")));
    uint8_t payload[100] = {0}; /* the server takes packets of 100 bytes: 2 + 2 + 1 + 1 around it */
    assert_int_equal(client_publish(client, bytes_text("a"), bytes_of(payload, 94), 0, 0), OK);
    assert_int_equal(client_publish(client, bytes_text("a"), bytes_of(payload, 95), 0, 0),
                     ERR_LIMIT);
    client_close(client, false);
    peer_destroy(peer);
}

static void a_packet_past_the_limit_is_told(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct peer *peer = peer_create();
        struct seen seen = {0};
        struct client_config config = config_of(peer, &seen);
        config.packet_max = 100000;
        struct client *client = open_with(peer, &config, &seen);
        uint8_t *packet = calloc(1, 200000);
        struct mqtt_publish publish = {.topic = bytes_text("a"),
                                       .payload = bytes_of(packet, 100000 - 8 + more)};
        uint8_t *out = calloc(1, 200000);
        size_t size = mqtt_publish_put(out, 200000, VERSION, &publish);
        assert_int_equal(size, 100000 + more);
        peer_send(peer, out, size);
        if (more == 0)
            wait_count(client, &seen.received, 1);
        else
            poll_until(client, ERR_LIMIT);
        free(packet);
        free(out);
        client_close(client, false);
        peer_destroy(peer);
    }
}

static void a_silent_server_is_noticed(void **state)
{
    (void)state;
    struct peer *peer = peer_create();
    struct seen seen = {0};
    struct client_config config = config_of(peer, &seen);
    config.keep_alive_s = 1;
    struct client *client = open_with(peer, &config, &seen);
    poll_until(client, ERR_BUSY);
    client_close(client, false);
    peer_destroy(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qos_2_is_published_in_four_steps),
        cmocka_unit_test(qos_2_is_delivered_once),
        cmocka_unit_test(acknowledgements_can_be_withheld),
        cmocka_unit_test(subscriptions_are_answered),
        cmocka_unit_test(sixty_four_requests_may_wait),
        cmocka_unit_test(a_session_goes_on_after_a_break),
        cmocka_unit_test(a_lost_session_is_published_anew),
        cmocka_unit_test(received_identifiers_survive_a_break),
        cmocka_unit_test(topic_aliases_are_resolved),
        cmocka_unit_test(more_than_the_receive_maximum_is_a_fault),
        cmocka_unit_test(connect_says_all_that_was_asked),
        cmocka_unit_test(a_packet_past_the_limit_is_told),
        cmocka_unit_test(a_silent_server_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
