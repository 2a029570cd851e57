/* Retained messages: set, replaced, cleared, expired, refused, and given to a new subscription
 * once. */
#include "broker/test_talk.h"

static void test_set_replace_clear(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0}),
                *wire = join(house, "c", (struct how){0});
    for (uint8_t qos = 0; qos <= 2; qos++) {
        retain(other, "t", "old", 1);
        retain(other, "t", "new", qos);
        assert_int_equal(talk_state(house).retained, 1);
        subscribe(wire, "t", 2);
        assert_true(take_message(wire, "t", "new", qos).publish.retain);
        retain(other, "t", "", qos); /* and it is a message like others [MQTT-3.3.1-6, -7] */
        assert_false(take_message(wire, "t", "", qos).publish.retain);
        assert_int_equal(talk_state(house).retained, 0);
        unsubscribe(wire, "t", 0);
        subscribe(wire, "t", 2);
        expect_nothing(wire);
        unsubscribe(wire, "t", 0);
    }
}

static void test_they_survive_a_crash_with_their_properties(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    uint8_t raw[64];
    size_t size = mqtt_user_property_put(raw, sizeof raw, bytes_text("k"), bytes_text("v"));
    struct mqtt_publish publish = {.topic = bytes_text("t"),
                                   .payload = bytes_text("x"),
                                   .retain = true,
                                   .qos = 1,
                                   .packet_id = 1};
    publish.properties = (struct mqtt_properties){.has = PROPERTY(3) | PROPERTY(38),
                                                  .content_type = bytes_text("text"),
                                                  .user_count = 1,
                                                  .raw = bytes_of(raw, size)};
    wire_send_publish(other, &publish);
    house_settle(house);
    expect_ack(other, MQTT_PUBACK, 1, 0);
    house_crash(house);
    struct wire *wire = join(house, "c", (struct how){0});
    subscribe(wire, "+", 1);
    struct packet packet = take_message(wire, "t", "x", 1);
    struct bytes name, value;
    size_t offset = 0;
    expect_bytes(packet.publish.properties.content_type, "text");
    assert_true(mqtt_user_property(packet.publish.properties.raw, &offset, &name, &value));
    expect_bytes(name, "k");
    expect_bytes(value, "v");
}

static void retain_for(struct wire *wire, const char *topic, uint32_t expiry_s)
{
    wire_send_publish(wire, &(struct mqtt_publish){
                                .topic = bytes_text(topic),
                                .payload = bytes_text("x"),
                                .retain = true,
                                .properties = {.has = PROPERTY(2), .message_expiry_s = expiry_s}});
    house_settle(wire->house);
}

static void test_expiry(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0}),
                *wire = join(house, "c", (struct how){0});
    struct wire *kept = join(house, "k", (struct how){.expiry_s = 1000});
    retain_for(other, "t", 30);
    house_advance(house, 20 * NS_PER_S);
    house_settle(house);
    subscribe(wire, "t", 1);
    assert_int_equal(take_message(wire, "t", "x", 0).publish.properties.message_expiry_s, 10);
    house_advance(house, 9 * NS_PER_S);
    subscribe(kept, "t", 1);
    assert_int_equal(take_message(kept, "t", "x", 0).publish.properties.message_expiry_s, 1);
    house_advance(house, NS_PER_S);
    subscribe(wire, "t", 1); /* also before the sweep takes it away */
    expect_nothing(wire);
    house_advance(house, NS_PER_S);
    house_settle(house);
    assert_int_equal(talk_state(house).retained, 0);
}

static void test_number_at_both_sides(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    house->settings.mqtt_retained = 3;
    retain(wire, "a", "1", 1);
    retain(wire, "b", "1", 1);
    retain(wire, "c", "1", 1);
    for (uint8_t qos = 1; qos <= 2; qos++) {
        publish_begin(wire, "d", "1", qos, true, 9);
        house_settle(house);
        expect_ack(wire, qos == 1 ? MQTT_PUBACK : MQTT_PUBREC, 9, MQTT_QUOTA_EXCEEDED);
    }
    publish_begin(wire, "d", "1", 0, true, 0);
    house_settle(house);
    assert_int_equal(broker_counters(house->broker)->dropped, 1);
    retain(wire, "b", "2", 1); /* there already */
    publish(wire, "d", "1", 1);
    retain(wire, "a", "", 1);
    retain(wire, "d", "1", 1);
    assert_int_equal(talk_state(house).retained, 3);
    struct wire *old = join(house, "o", (struct how){.version = MQTT_3_1_1});
    publish_begin(old, "e", "1", 1, true, 9); /* it has no word for it, and keeps the message */
    house_settle(house);
    expect_end(old, 0, CAUSE_REFUSED);
}

static uint8_t retain_told(struct wire *wire, const char *topic, const char *payload)
{
    publish_begin(wire, topic, payload, 1, true, 9);
    house_settle(wire->house);
    struct packet packet = expect_packet(wire, MQTT_PUBACK);
    return packet.ack.reason;
}

static void test_bytes_stored_at_both_sides(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    char text[10001], topic[16];
    memset(text, 'x', 10000);
    text[10000] = 0;
    house->settings.mqtt_stored = 1 << 20;
    unsigned count = 0;
    for (uint8_t reason = 0; reason == 0; count += reason == 0) {
        snprintf(topic, sizeof topic, "t/%u", count);
        reason = retain_told(wire, topic, text);
        assert_true(reason == 0 || reason == MQTT_QUOTA_EXCEEDED);
    }
    assert_in_range(count, 70, 104);
    assert_true(talk_state(house).stored_bytes <= house->settings.mqtt_stored);
    assert_int_equal(talk_state(house).retained, count);
    assert_int_equal(retain_told(wire, "t/0", "smaller"), 0); /* what does not grow is taken */
    assert_int_equal(retain_told(wire, "t/0", ""), 0);
    assert_int_equal(retain_told(wire, "t/1", ""), 0);
    assert_int_equal(retain_told(wire, topic, text), 0);
    publish(wire, "t", text, 1); /* nobody keeps it */
}

/* ---- given once ---- */
static void retain_many(struct wire *wire, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char topic[32];
        snprintf(topic, sizeof topic, "m/%u/x", i);
        publish_begin(wire, topic, "{x", 1, true, (uint16_t)(i % 1000 + 1));
        if (i % 500 == 499) {
            house_settle(wire->house);
            while (wire->out.taken < wire->out.size)
                expect_packet(wire, MQTT_PUBACK);
        }
    }
    house_settle(wire->house);
    while (wire->out.taken < wire->out.size)
        expect_packet(wire, MQTT_PUBACK);
}

/* Takes what comes, acknowledges it; each topic once. */
static unsigned take_many(struct wire *wire, uint8_t *seen)
{
    struct packet packet;
    unsigned count = 0;
    for (int quiet = 0; quiet < 2;) {
        quiet++;
        while (wire_next(wire, &packet)) {
            unsigned number;
            char topic[32] = "";
            assert_int_equal(packet.type, MQTT_PUBLISH);
            memcpy(topic, packet.publish.topic.at, packet.publish.topic.size);
            assert_int_equal(sscanf(topic, "m/%u/x", &number), 1);
            assert_int_equal(seen[number]++, 0);
            if (packet.publish.qos > 0)
                wire_send_ack(wire, MQTT_PUBACK, packet.publish.packet_id, 0);
            count++;
            quiet = 0;
        }
        house_settle(wire->house);
    }
    return count;
}

static void test_more_than_the_tree_is_asked_for(void **state)
{
    struct test_house *house = *state;
    static const unsigned counts[] = {4096, 4097, 6000};
    struct wire *other = join(house, "p", (struct how){0});
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        retain_many(other, counts[i]);
        for (int kind = 0; kind < 3; kind++) {
            uint8_t seen[6000] = {0};
            struct how how = {.expiry_s = kind == 2 ? 100 : 0, .receive_max = kind ? 20 : 0};
            struct wire *wire = join(house, "c", how);
            subscribe(wire, kind == 1 ? "+/+/x" : "m/#", kind == 0 ? 0 : 1);
            assert_int_equal(take_many(wire, seen), counts[i]);
            vanish(wire);
        }
    }
}

/* While the window is full, nothing spins, and nothing is held but a piece. */
static void test_a_full_window_rests(void **state)
{
    struct test_house *house = *state;
    retain_many(join(house, "p", (struct how){0}), 1500);
    for (int kept = 0; kept <= 1; kept++) {
        uint8_t seen[1500] = {0};
        struct wire *wire =
            join(house, "c", (struct how){.receive_max = 1, .expiry_s = kept ? 100 : 0});
        subscribe_begin(wire, (struct wish){.filter = "m/#", .qos = 1});
        house_settle(house); /* says that it never rests when it does not */
        expect_suback(wire, 1);
        assert_true(house->memory.used < 256 << 10);
        assert_int_equal(take_many(wire, seen), 1500);
        vanish(wire);
    }
}

static void test_cleared_while_they_are_given(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    retain_many(other, 600);
    struct wire *wire = join(house, "c", (struct how){.receive_max = 1});
    subscribe(wire, "m/#", 1);
    for (unsigned i = 0; i < 600; i++) {
        char topic[32];
        snprintf(topic, sizeof topic, "m/%u/x", i);
        publish_begin(other, topic, "", 0, true, 0);
    }
    house_settle(house);
    assert_int_equal(talk_state(house).retained, 0);
    unsigned filled = 0, empty = 0;
    struct packet packet;
    do {
        house_settle(house);
        while (wire_next(wire, &packet)) {
            *(packet.publish.payload.size ? &filled : &empty) += 1;
            if (packet.publish.qos)
                wire_send_ack(wire, MQTT_PUBACK, packet.publish.packet_id, 0);
        }
        house_settle(house);
    } while (wire->out.taken < wire->out.size);
    assert_int_equal(empty, 600);
    assert_true(filled >= 1 && filled <= 257); /* what was given already, and no more */
}

/* The message that is published while the subscription is on its way to the disk. */
static void test_published_while_subscribing(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    for (int kind = 0; kind < 8; kind++) {
        bool kept = kind & 1, before = kind & 2, stepped = kind & 4;
        retain(other, "t", "old", 1);
        struct wire *wire = join(house, "c", (struct how){.expiry_s = kept ? 100 : 0});
        if (before)
            publish_begin(other, "t", "{new", 2, true, 5);
        subscribe_begin(wire, (struct wish){.filter = "t", .qos = 2});
        if (stepped)
            (void)house_step(house);
        if (!before)
            publish_begin(other, "t", "{new", 2, true, 5);
        house_settle(house);
        expect_ack(other, MQTT_PUBREC, 5, 0);
        wire_send_ack(other, MQTT_PUBREL, 5, 0);
        house_settle(house);
        expect_ack(other, MQTT_PUBCOMP, 5, 0);
        struct packet packet;
        unsigned news = 0;
        while (wire_next(wire, &packet))
            news += packet.type == MQTT_PUBLISH &&
                    bytes_equal(packet.publish.payload, bytes_text("{new"));
        assert_int_equal(news, 1);
        vanish(wire);
        join(house, "c", (struct how){0});
    }
}

/* What the state has of a batch that is applied in pieces is about to be delivered as well. */
static void test_given_once_while_a_batch_is_applied(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0}),
                *wire = join(house, "c", (struct how){0});
    struct packet packet;
    unsigned olds = 0, news = 0;
    retain(other, "a/x", "old", 1);
    wire_choke(wire, true);
    subscribe(wire, "a/+", 0);
    uint64_t ticket = engine_ticket(house->engine);
    publish_begin(other, "a/y", "new", 0, true, 0);
    for (unsigned i = 0; i < 40; i++) {
        char topic[16];
        snprintf(topic, sizeof topic, "b/%u", i);
        publish_begin(other, topic, "more", 0, true, 0);
    }
    house->clock.look_ns = NS_PER_MS;
    while (sessions_retained_find(house->broker->sessions, TENANT_DEFAULT, bytes_text("a/y")) ==
           MESSAGE_NONE)
        (void)house_step(house);
    assert_true(engine_durable_ticket(house->engine) < ticket);
    wire_choke(wire, false);
    (void)broker_step(house->broker);
    house->clock.look_ns = 0;
    house_settle(house);
    while (wire_next(wire, &packet)) {
        olds += bytes_equal(packet.publish.payload, bytes_text("old"));
        news += bytes_equal(packet.publish.payload, bytes_text("new"));
    }
    assert_int_equal(olds, 1);
    assert_int_equal(news, 1);
}

/* The limit of topics is the same while a batch is applied. */
static void test_number_while_a_batch_is_applied(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    char topic[16];
    house->settings.mqtt_retained = 60;
    for (uint16_t i = 1; i <= 40; i++) {
        snprintf(topic, sizeof topic, "t/%u", i);
        publish_begin(other, topic, "x", 1, true, i);
    }
    house->clock.look_ns = NS_PER_MS;
    while (talk_state(house).retained < 30)
        (void)house_step(house);
    assert_true(talk_state(house).retained < 40);
    for (uint16_t i = 41; i <= 61; i++) {
        snprintf(topic, sizeof topic, "t/%u", i);
        publish_begin(other, topic, "x", 1, true, i);
    }
    house->clock.look_ns = 0;
    house_settle(house);
    for (uint16_t i = 1; i <= 60; i++)
        assert_true(expect_packet(other, MQTT_PUBACK).ack.reason < 0x80);
    expect_ack(other, MQTT_PUBACK, 61, MQTT_QUOTA_EXCEEDED);
    assert_int_equal(talk_state(house).retained, 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_set_replace_clear),
        TALK(test_they_survive_a_crash_with_their_properties),
        TALK(test_expiry),
        TALK(test_number_at_both_sides),
        TALK(test_bytes_stored_at_both_sides),
        TALK(test_more_than_the_tree_is_asked_for),
        TALK(test_a_full_window_rests),
        TALK(test_cleared_while_they_are_given),
        TALK(test_published_while_subscribing),
        TALK(test_given_once_while_a_batch_is_applied),
        TALK(test_number_while_a_batch_is_applied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
