/* Kept sessions: what waits for a client that is away, and what comes again when it is back. */
#include "broker/test_talk.h"

#define KEPT                                                                                       \
    (struct how)                                                                                   \
    {                                                                                              \
        .expiry_s = 1000                                                                           \
    }

static struct wire *publisher(struct test_house *house)
{
    return join(house, "p", (struct how){0});
}

static void away(struct test_house *house, const char *filter, uint8_t qos)
{
    struct wire *wire = join(house, "c", KEPT);
    subscribe(wire, filter, qos);
    leave(wire);
}

static void test_queued_while_away(void **state)
{
    struct test_house *house = *state;
    away(house, "t", 2);
    struct wire *other = publisher(house);
    publish(other, "t", "1", 1);
    publish(other, "t", "never", 0); /* QoS 0 does not wait */
    publish(other, "t", "2", 2);
    assert_int_equal(talk_state(house).queued, 2);
    house_crash(house);
    house_settle(house);
    assert_int_equal(talk_state(house).queued, 2);
    struct wire *wire = rejoin(house, "c", KEPT);
    assert_int_equal(expect_message(wire, "t", "1", 1).publish.packet_id, 1);
    assert_int_equal(expect_message(wire, "t", "2", 2).publish.packet_id, 2);
    expect_nothing(wire);
}

/* [MQTT-4.4.0-1]: the same ids, in the same order, with DUP; what is new comes after them. */
static void test_sent_again(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", KEPT), *other = publisher(house);
    subscribe(wire, "t", 2);
    for (int i = 0; i < 4; i++)
        publish(other, "t", (const char *[]){"0", "1", "2", "3"}[i], (uint8_t)(1 + (i & 1)));
    uint16_t ids[4];
    for (int i = 0; i < 4; i++) {
        struct packet packet = expect_packet(wire, MQTT_PUBLISH);
        assert_false(packet.publish.dup);
        ids[i] = packet.publish.packet_id;
    }
    wire_send_ack(wire, MQTT_PUBACK, ids[2], 0);
    wire_send_ack(wire, MQTT_PUBREC, ids[3], 0);
    house_settle(house);
    expect_ack(wire, MQTT_PUBREL, ids[3], 0);
    wire_vanish(wire);
    publish(other, "t", "4", 1);
    for (int again = 0; again < 3; again++) {
        wire = rejoin(house, "c", KEPT);
        struct packet packet = expect_message(wire, "t", "0", 1);
        assert_true(packet.publish.dup && packet.publish.packet_id == ids[0]);
        packet = expect_message(wire, "t", "1", 2);
        assert_true(packet.publish.dup && packet.publish.packet_id == ids[1]);
        bool released = false, fresh = false;
        while (wire_next(wire, &packet)) {
            released = released || (packet.type == MQTT_PUBREL && packet.ack.packet_id == ids[3]);
            if (packet.type != MQTT_PUBLISH)
                continue;
            expect_bytes(packet.publish.payload, "4");
            assert_int_equal(packet.publish.dup, again > 0);
            fresh = true;
        }
        assert_true(released && fresh);
        if (again == 1)
            house_crash(house);
        else
            vanish(wire);
        house_settle(house);
    }
}

/* DUP outlives a connection that was over before it was served. */
static void test_dup_after_a_connection_that_served_nothing(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", KEPT);
    subscribe(wire, "t", 1);
    publish(publisher(house), "t", "x", 1);
    expect_message(wire, "t", "x", 1);
    vanish(wire);
    struct how how = KEPT;
    how.resume = true;
    wire = join_begin(house, "c", how);
    wire_vanish(wire);
    house_settle(house);
    wire = rejoin(house, "c", KEPT);
    assert_true(expect_message(wire, "t", "x", 1).publish.dup);
}

static void test_no_dup_on_what_was_never_sent(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){.expiry_s = 1000, .receive_max = 1});
    subscribe(wire, "t", 1);
    struct wire *other = publisher(house);
    publish(other, "t", "1", 1);
    publish(other, "t", "2", 1);
    expect_message(wire, "t", "1", 1);
    vanish(wire);
    wire = rejoin(house, "c", KEPT);
    assert_true(expect_message(wire, "t", "1", 1).publish.dup);
    assert_false(expect_message(wire, "t", "2", 1).publish.dup);
}

/* Acknowledged, and the acknowledgement was lost with the open batch: it comes again. */
static void test_an_acknowledgement_that_was_lost(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){.expiry_s = 1000, .receive_max = 2});
    subscribe(wire, "t", 1);
    struct wire *other = publisher(house);
    for (int i = 0; i < 4; i++)
        publish(other, "t", "x", 1);
    for (int i = 0; i < 2; i++)
        wire_send_ack(wire, MQTT_PUBACK, expect_message(wire, "t", "x", 1).publish.packet_id, 0);
    (void)broker_step(house->broker); /* two more go out, the disk knows of nothing */
    for (int i = 0; i < 2; i++)
        assert_false(expect_message(wire, "t", "x", 1).publish.dup);
    house_crash(house);
    wire = rejoin(house, "c", KEPT);
    for (int i = 0; i < 4; i++)
        assert_true(expect_message(wire, "t", "x", 1).publish.dup);
}

/* Resumed for one connection only: it ends with that, not before it (3.1.2.11.2). */
static void test_resumed_with_expiry_0(void **state)
{
    struct test_house *house = *state;
    away(house, "t", 1);
    struct wire *other = publisher(house);
    publish(other, "t", "1", 1);
    struct wire *wire = rejoin(house, "c", (struct how){0});
    take_message(wire, "t", "1", 1);
    publish(other, "t", "2", 1);
    take_message(wire, "t", "2", 1);
    leave(wire);
    assert_int_equal(talk_state(house).sessions, 0);
    assert_int_equal(talk_state(house).subscriptions, 0);
    join(house, "c", (struct how){.resume = true});
}

/* ---- limits ---- */
static void test_queue_at_both_sides(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_queue = 10;
    away(house, "t", 1);
    struct wire *other = publisher(house);
    for (int i = 0; i < 13; i++)
        publish(other, "t", "x", 1); /* the publisher is told that it was taken */
    assert_int_equal(talk_state(house).queued, 10);
    assert_int_equal(broker_counters(house->broker)->dropped_queue, 3);
    struct client_view view;
    uint64_t cursor = 0, dropped = 0;
    while (broker_client_next(house->broker, &cursor, &view))
        if (bytes_equal(view.id, bytes_text("c"))) {
            dropped += view.dropped;
            assert_null(view.peer);
            assert_int_equal(view.queued, 10);
        }
    assert_int_equal(dropped, 3);
    struct wire *wire = rejoin(house, "c", KEPT);
    for (int i = 0; i < 10; i++)
        take_message(wire, "t", "x", 1);
    publish(other, "t", "y", 1);
    take_message(wire, "t", "y", 1);
}

/* Also within one batch: what is under way counts. */
static void test_queue_of_one_burst(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_queue = 10;
    away(house, "t", 1);
    struct wire *other = publisher(house);
    for (uint16_t i = 1; i <= 30; i++)
        publish_begin(other, "t", "x", 1, false, i);
    house_settle(house);
    for (uint16_t i = 1; i <= 30; i++)
        expect_ack(other, MQTT_PUBACK, i, 0);
    assert_int_equal(talk_state(house).queued, 10);
    assert_int_equal(broker_counters(house->broker)->dropped_queue, 20);
}

/* And what is in the queue already while the rest of its batch is not counts once. */
static void test_queue_while_a_batch_is_applied(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_queue = 60;
    away(house, "t", 1);
    struct wire *other = publisher(house);
    for (uint16_t i = 1; i <= 40; i++)
        publish_begin(other, "t", "x", 1, false, i);
    house->clock.look_ns = NS_PER_MS;
    while (talk_state(house).queued < 30)
        (void)house_step(house);
    assert_true(talk_state(house).queued < 40);
    for (uint16_t i = 41; i <= 70; i++)
        publish_begin(other, "t", "x", 1, false, i);
    house->clock.look_ns = 0;
    house_settle(house);
    for (uint16_t i = 1; i <= 70; i++)
        expect_ack(other, MQTT_PUBACK, i, 0);
    assert_int_equal(talk_state(house).queued, 60);
    assert_int_equal(broker_counters(house->broker)->dropped_queue, 10);
}

static void test_queue_bytes_at_both_sides(void **state)
{
    struct test_house *house = *state;
    char text[1000];
    memset(text, '{', 999);
    text[999] = 0; /* with its topic 1,000 bytes */
    house->settings.mqtt_queue_bytes = 5000;
    away(house, "t", 1);
    struct wire *other = publisher(house);
    for (int i = 0; i < 7; i++)
        publish(other, "t", text, 1);
    assert_int_equal(talk_state(house).queued, 5);
    publish(other, "t", "", 1); /* one byte more */
    assert_int_equal(talk_state(house).queued, 5);
    struct wire *wire = rejoin(house, "c", KEPT);
    take_message(wire, "t", text, 1);
    publish(other, "t", text, 1);
    assert_int_equal(talk_state(house).queued, 5);
    assert_int_equal(broker_counters(house->broker)->dropped_queue, 3);
}

static void test_a_message_lies_there_once(void **state)
{
    struct test_house *house = *state;
    char text[1000], id[8];
    memset(text, '{', 999);
    text[999] = 0;
    for (int i = 0; i < 50; i++) {
        snprintf(id, sizeof id, "k%d", i);
        struct wire *wire = join(house, id, KEPT);
        subscribe(wire, "t", 1);
        leave(wire);
    }
    publish(publisher(house), "t", text, 1);
    assert_int_equal(talk_state(house).queued, 50);
    assert_int_equal(talk_state(house).stored_bytes, 1000);
    for (int i = 0; i < 50; i++) {
        snprintf(id, sizeof id, "k%d", i);
        take_message(rejoin(house, id, KEPT), "t", text, 1);
    }
    assert_int_equal(talk_state(house).stored_bytes, 0);
}

/* A connected client of a kept session gets nothing that a power cut could unmake. */
static void test_nothing_comes_before_it_is_durable(void **state)
{
    struct test_house *house = *state;
    struct wire *kept = join(house, "c", KEPT), *live = join(house, "l", (struct how){0});
    struct wire *other = publisher(house);
    subscribe(kept, "t", 1);
    subscribe(live, "t", 1);
    publish_begin(other, "t", "x", 1, false, 1);
    (void)broker_step(house->broker);
    expect_nothing(kept);
    expect_nothing(live);
    expect_nothing(other);
    house_crash(house);
    expect_nothing(rejoin(house, "c", KEPT));
}

static void test_many_restarts(void **state)
{
    struct test_house *house = *state;
    away(house, "t", 2);
    for (int round = 0; round < 20; round++) {
        char text[8];
        snprintf(text, sizeof text, "%d", round);
        publish(publisher(house), "t", text, 2);
        if (round % 2)
            house_crash(house);
        else
            house_restart(house);
    }
    struct wire *wire = rejoin(house, "c", KEPT);
    struct packet packets[20];
    for (int round = 0; round < 20; round++) {
        char text[8];
        snprintf(text, sizeof text, "%d", round);
        packets[round] = expect_message(wire, "t", text, 2);
    }
    for (int round = 0; round < 20; round++)
        finish_message(wire, &packets[round]);
    expect_nothing(wire);
    assert_int_equal(talk_state(house).queued, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_queued_while_away),
        TALK(test_sent_again),
        TALK(test_dup_after_a_connection_that_served_nothing),
        TALK(test_no_dup_on_what_was_never_sent),
        TALK(test_an_acknowledgement_that_was_lost),
        TALK(test_resumed_with_expiry_0),
        TALK(test_queue_at_both_sides),
        TALK(test_queue_of_one_burst),
        TALK(test_queue_while_a_batch_is_applied),
        TALK(test_queue_bytes_at_both_sides),
        TALK(test_a_message_lies_there_once),
        TALK(test_nothing_comes_before_it_is_durable),
        TALK(test_many_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
