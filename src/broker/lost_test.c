/* When the disk fails: nothing that was lost is acknowledged or delivered, whoever is concerned is
 * disconnected, and what is remembered is what was durable. */
#include "broker/test_talk.h"

#define KEPT                                                                                       \
    (struct how)                                                                                   \
    {                                                                                              \
        .expiry_s = 1000                                                                           \
    }

/* So long until the engine tries the disk again. */
static void recover(struct test_house *house)
{
    house->disk->fails = 0;
    for (int i = 0; i < 20; i++) {
        house_advance(house, NS_PER_S);
        for (int round = 0; round < 10; round++)
            (void)house_step(house);
    }
    house_settle(house);
}

/* Steps until the engine has noticed. */
static void break_disk(struct test_house *house)
{
    uint64_t before = engine_lost_generation(house->engine);
    house->disk->fails = UINT64_MAX;
    for (int i = 0; i < 100 && engine_lost_generation(house->engine) == before; i++)
        (void)house_step(house);
    assert_true(engine_lost_generation(house->engine) > before);
    (void)house_step(house);
}

static void expect_lost(struct wire *wire)
{
    expect_end(wire, wire->version == MQTT_5 && wire->connacked ? MQTT_IMPLEMENTATION_SPECIFIC : 0,
               CAUSE_LOST);
}

static void test_nothing_is_acknowledged(void **state)
{
    struct test_house *house = *state;
    struct wire *one = join(house, "1", (struct how){0}), *two = join(house, "2", (struct how){0});
    struct wire *old = join(house, "3", (struct how){.version = MQTT_3_1_1});
    struct wire *idle = join(house, "4", (struct how){0});
    publish_begin(one, "t", "x", 1, false, 1);
    publish_begin(two, "t", "x", 2, false, 1);
    publish_begin(old, "t", "x", 1, false, 1);
    break_disk(house);
    expect_lost(one);
    expect_lost(two);
    expect_lost(old);
    expect_nothing(idle);
    assert_false(idle->ended);
    recover(house);
    publish(idle, "t", "x", 2);
}

static void test_nothing_is_delivered(void **state)
{
    struct test_house *house = *state;
    struct wire *live = join(house, "l", (struct how){0}), *kept = join(house, "k", KEPT);
    struct wire *other = join(house, "p", (struct how){0});
    subscribe(live, "t", 1);
    subscribe(kept, "t", 1);
    publish_begin(other, "t", "{lost", 1, true, 1);
    break_disk(house);
    expect_lost(other);
    expect_lost(kept); /* what is remembered of it is learned anew */
    expect_nothing(live);
    recover(house);
    assert_int_equal(talk_state(house).retained, 0);
    assert_int_equal(talk_state(house).queued, 0);
    other = join(house, "p", (struct how){0});
    publish(other, "t", "{kept", 1);
    take_message(live, "t", "{kept", 1);
    take_message(rejoin(house, "k", KEPT), "t", "{kept", 1);
}

static void test_sessions_are_what_was_durable(void **state)
{
    struct test_house *house = *state;
    struct wire *kept = join(house, "k", KEPT);
    subscribe(kept, "a", 1);
    subscribe_begin(kept, (struct wish){.filter = "b", .qos = 1});
    struct wire *fresh = join_begin(house, "f", KEPT);
    break_disk(house);
    expect_lost(kept);
    expect_nothing(fresh);
    assert_true(fresh->ended);
    recover(house);
    assert_int_equal(talk_state(house).sessions, 1);
    assert_int_equal(talk_state(house).subscriptions, 1);
    join(house, "f", (struct how){.expiry_s = 1000, .resume = true});
    kept = rejoin(house, "k", KEPT);
    unsubscribe(kept, "b", MQTT_NO_SUBSCRIPTION_EXISTED);
    unsubscribe(kept, "a", MQTT_SUCCESS);
}

static void test_qos_2_stays_once(void **state)
{
    struct test_house *house = *state;
    struct wire *watch = join(house, "w", KEPT), *wire = join(house, "c", KEPT);
    subscribe(watch, "t", 2);
    publish_begin(wire, "t", "{x", 2, false, 5);
    house_settle(house);
    expect_ack(wire, MQTT_PUBREC, 5, 0);
    uint16_t id = expect_message(watch, "t", "{x", 2).publish.packet_id;
    wire_send_ack(wire, MQTT_PUBREL, 5, 0);
    wire_send_ack(watch, MQTT_PUBREC, id, 0);
    break_disk(house);
    expect_lost(wire);
    expect_lost(watch);
    recover(house);
    wire = rejoin(house, "c", KEPT);
    publish_begin(wire, "t", "{x", 2, false, 5); /* still in hand */
    house_settle(house);
    expect_ack(wire, MQTT_PUBREC, 5, 0);
    wire_send_ack(wire, MQTT_PUBREL, 5, 0);
    house_settle(house);
    expect_ack(wire, MQTT_PUBCOMP, 5, 0);
    watch = rejoin(house, "w", KEPT);
    struct packet packet = expect_message(watch, "t", "{x", 2);
    assert_true(packet.publish.dup && packet.publish.packet_id == id);
    finish_message(watch, &packet);
    expect_nothing(watch);
}

/* The will of who was cut off by it is published when the disk answers again, once. */
static void test_wills_come_later(void **state)
{
    struct test_house *house = *state;
    struct how how = {0};
    how.will = (struct mqtt_will){
        .present = true, .qos = 1, .topic = bytes_text("w"), .payload = bytes_text("{gone")};
    struct wire *watch = join(house, "w", (struct how){0}), *wire = join(house, "c", how);
    subscribe(watch, "w", 1);
    publish_begin(wire, "t", "x", 1, false, 1);
    break_disk(house);
    expect_lost(wire);
    expect_nothing(watch);
    recover(house);
    take_message(watch, "w", "{gone", 1);
    expect_nothing(watch);
    assert_int_equal(talk_state(house).sessions, 0);
}

/* 3.9: who subscribes is answered, though what was under way was lost. */
static void test_a_suback_is_not_forgotten(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0}),
                *other = join(house, "p", (struct how){0});
    publish_begin(other, "t", "x", 1, false, 1);
    subscribe_begin(wire, (struct wish){.filter = "t", .qos = 1});
    break_disk(house);
    recover(house);
    if (wire->ended) { /* either is an answer */
        expect_lost(wire);
        return;
    }
    expect_suback(wire, 1);
    other = join(house, "p", (struct how){0});
    publish(other, "t", "{x", 1);
    take_message(wire, "t", "{x", 1);
}

static void test_while_the_disk_does_not_answer(void **state)
{
    struct test_house *house = *state;
    struct wire *kept = join(house, "k", KEPT), *live = join(house, "l", (struct how){0});
    struct wire *old = join(house, "o", (struct how){.version = MQTT_3_1_1});
    struct wire *other = join(house, "p", (struct how){0});
    subscribe(live, "t", 1);
    leave(kept);
    publish_begin(other, "t", "{x", 1, false, 1);
    break_disk(house);
    expect_lost(other);
    publish_begin(live, "t", "{x", 1, false, 2);
    publish_begin(old, "t", "{x", 1, false, 2); /* it has no word for it, and keeps the message */
    expect_end(old, 0, CAUSE_REFUSED);
    struct wire *again = join_begin(house, "k", (struct how){.expiry_s = 10, .resume = true});
    struct wire *simple = join_begin(house, "s", (struct how){0});
    for (int i = 0; i < 10; i++)
        (void)house_step(house);
    expect_ack(live, MQTT_PUBACK, 2, MQTT_IMPLEMENTATION_SPECIFIC);
    expect_connack(again, MQTT_SERVER_UNAVAILABLE, false);
    expect_connack(simple, MQTT_SUCCESS, false); /* needs no disk */
    publish_begin(simple, "t", "{y", 0, false, 0);
    for (int i = 0; i < 10; i++)
        (void)house_step(house);
    expect_nothing(live); /* nothing is taken until the disk answers */
    assert_int_equal(broker_counters(house->broker)->dropped, 1);
    recover(house);
    rejoin(house, "k", KEPT);
}

static void test_a_full_disk(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0}),
                *live = join(house, "l", (struct how){0});
    subscribe(live, "t", 0);
    house->disk->full = true;
    uint8_t reason = 0;
    char text[60001];
    memset(text, '{', 60000);
    text[60000] = 0;
    for (int i = 0; i < 2000 && reason == 0 && !wire->ended; i++) {
        struct packet packet;
        publish_begin(wire, "u", text, 1, false, 1);
        for (int round = 0; round < 5; round++)
            (void)house_step(house);
        while (wire_next(wire, &packet))
            if (packet.type == MQTT_PUBACK && packet.ack.reason >= 0x80)
                reason = packet.ack.reason;
    }
    assert_true(reason == MQTT_QUOTA_EXCEEDED || reason == MQTT_IMPLEMENTATION_SPECIFIC ||
                wire->ended);
    house->disk->full = false;
    recover(house);
    wire = join(house, "c", (struct how){0});
    publish(wire, "t", "{x", 1);
    take_message(live, "t", "{x", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_nothing_is_acknowledged),
        TALK(test_nothing_is_delivered),
        TALK(test_sessions_are_what_was_durable),
        TALK(test_qos_2_stays_once),
        TALK(test_wills_come_later),
        TALK(test_a_suback_is_not_forgotten),
        TALK(test_while_the_disk_does_not_answer),
        TALK(test_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
