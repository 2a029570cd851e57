/* What any client can make the broker hold is bounded, and everyone else goes on. */
#include "broker/test_talk.h"

static char *text_of(size_t size, char c)
{
    static char text[70001];
    memset(text, c, size);
    text[size] = 0;
    return text;
}

static void test_connect_without_memory(void **state)
{
    struct test_house *house = *state;
    struct wire *first = join(house, "a", (struct how){0});
    house->memory.most = house->memory.used + sizeof(struct client) / 2;
    struct wire *second = join_begin(house, "b", (struct how){0});
    house_settle(house);
    expect_connack(second, MQTT_QUOTA_EXCEEDED, false);
    expect_end(second, 0, CAUSE_CONNECT_REFUSED);
    struct wire *old = join_begin(house, "b", (struct how){.version = MQTT_3_1_1});
    house_settle(house);
    assert_true(old->ended);
    assert_int_equal(old->cause, CAUSE_CONNECT_REFUSED);
    while (old->out.taken < old->out.size)
        assert_int_not_equal(expect_packet(old, MQTT_CONNACK).connack.reason, 0);
    leave(first);
    house->memory.most = house->settings.mqtt_memory;
    join(house, "b", (struct how){0});
}

static void test_subscribe_without_memory(void **state)
{
    struct test_house *house = *state;
    for (int kept = 0; kept <= 1; kept++) {
        struct wire *wire = join(house, "a", (struct how){.expiry_s = kept ? 100 : 0});
        subscribe(wire, "fits", 1);
        house->memory.most = house->memory.used + 4000; /* answers and such have room */
        subscribe_begin(wire, (struct wish){.filter = text_of(20000, 'f'), .qos = 1});
        house_settle(house);
        expect_suback(wire, MQTT_QUOTA_EXCEEDED);
        house->memory.most = house->settings.mqtt_memory;
        publish(wire, "fits", "x", 1);
        take_message(wire, "fits", "x", 1);
        subscribe(wire, "again", 1);
        assert_int_equal(talk_state(house).subscriptions, 2);
        if (kept) { /* and a restart finds the same */
            house_crash(house);
            house_settle(house);
            assert_int_equal(talk_state(house).subscriptions, 2);
        } else {
            leave(wire);
        }
    }
}

static void test_aliases_without_memory(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "a", (struct how){0});
    house->memory.most = house->memory.used + 200000;
    for (uint16_t alias = 1; alias <= 64 && !wire->ended; alias++)
        wire_send_publish(wire, &(struct mqtt_publish){
                                    .topic = bytes_text(text_of(60000, 't')),
                                    .payload = bytes_text("{x"),
                                    .properties = {.has = PROPERTY(35), .topic_alias = alias}});
    house_settle(house);
    expect_end(wire, MQTT_QUOTA_EXCEEDED, CAUSE_MEMORY);
    assert_int_equal(house->memory.used, 0);
}

/* What was read is answered though memory is full; a transport reads on when the client does. */
static void test_answers_without_memory(void **state)
{
    struct test_house *house = *state;
    static const uint8_t types[] = {MQTT_PUBREC, MQTT_PUBREL};
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        struct wire *wire = join(house, "a", (struct how){0});
        wire_choke(wire, true);
        house->memory.most = house->memory.used;
        for (uint16_t id = 1; id <= 1000; id++)
            wire_send_ack(wire, types[i], id, 0);
        house_settle(house);
        expect_nothing(wire);
        assert_true(house->memory.used <= house->memory.most + 1024 * sizeof(struct ack));
        wire_choke(wire, false);
        house_settle(house);
        for (uint16_t id = 1; id <= 1000; id++)
            expect_ack(wire, types[i] == MQTT_PUBREC ? MQTT_PUBREL : MQTT_PUBCOMP, id,
                       MQTT_PACKET_ID_NOT_FOUND);
        house->memory.most = house->settings.mqtt_memory;
        leave(wire);
        assert_int_equal(house->memory.used, 0);
    }
}

static void test_qos_2_without_memory(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "a", (struct how){.expiry_s = 100});
    house->memory.most = house->memory.used + RECEIVED_BYTES / 2;
    publish_begin(wire, "t", "{x", 2, false, 1);
    house_settle(house);
    expect_end(wire, MQTT_QUOTA_EXCEEDED, CAUSE_MEMORY);
    house->memory.most = house->settings.mqtt_memory;
    wire = rejoin(house, "a", (struct how){.expiry_s = 100});
    publish_begin(wire, "t", "{x", 2, false, 1); /* taken or not: one answer, and once */
    house_settle(house);
    expect_packet(wire, MQTT_PUBREC);
}

static void test_the_transport_says_too_much(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "a", (struct how){0});
    broker_too_much(house->broker, &wire->link);
    expect_end(wire, MQTT_QUOTA_EXCEEDED, CAUSE_MEMORY);
    wire = wire_open(house);
    broker_too_much(house->broker, &wire->link);
    expect_end(wire, 0, CAUSE_MEMORY);
}

static void test_silence_before_connect(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = wire_open(house);
    wire_send(wire, bytes_of("\x10", 1));
    broker_silent(house->broker, &wire->link);
    expect_end(wire, 0, CAUSE_CONNECT_TIME);
}

/* Whoever waits for the disk may go before it answers. */
static void test_gone_while_waiting(void **state)
{
    struct test_house *house = *state;
    const struct how kept = {.expiry_s = 100};
    struct wire *wire = join_begin(house, "a", kept); /* for CONNACK */
    wire_vanish(wire);
    struct how again = {.expiry_s = 100, .resume = true};
    struct wire *held = join_begin(house, "a", again); /* for the end of the one before */
    assert_true(held->held);
    wire_vanish(held);
    house_settle(house);
    wire = rejoin(house, "a", again);
    wire_send_disconnect(wire, 0);
    wire_vanish(wire); /* between DISCONNECT and the disk */
    house_settle(house);
    wire = rejoin(house, "a", again);
    subscribe_begin(wire, (struct wish){.filter = "t"});
    publish_begin(wire, "t", "x", 2, false, 1);
    wire_vanish(wire);
    house_settle(house);
    rejoin(house, "a", again);
    assert_int_equal(talk_state(house).subscriptions, 1);
}

static void test_silence_while_held(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "a", (struct how){.expiry_s = 100});
    wire_vanish(wire);
    struct wire *held = join_begin(house, "a", (struct how){.expiry_s = 100, .resume = true});
    assert_true(held->held);
    broker_silent(house->broker, &held->link);
    expect_end(held, 0, CAUSE_CONNECT_TIME);
    house_settle(house);
    rejoin(house, "a", (struct how){.expiry_s = 100});
}

static void test_many_come_and_go(void **state)
{
    struct test_house *house = *state;
    char id[16];
    for (int round = 0; round < 20; round++) {
        struct wire *wires[100];
        for (int i = 0; i < 100; i++) {
            snprintf(id, sizeof id, "c%d", i);
            wires[i] = join_begin(house, id, (struct how){.expiry_s = i % 3 ? 0 : 50});
        }
        house_settle(house);
        for (int i = 0; i < 100; i++) {
            expect_packet(wires[i], MQTT_CONNACK);
            subscribe_begin(wires[i], (struct wish){.filter = "t/#", .qos = (uint8_t)(i % 3)});
        }
        house_settle(house);
        for (int i = 0; i < 100; i++) {
            expect_suback(wires[i], (uint8_t)(i % 3));
            wire_vanish(wires[i]);
        }
        house_settle(house);
    }
    assert_int_equal(talk_state(house).sessions, 34);
    assert_int_equal(talk_state(house).clients, 0);
    house_advance(house, 60 * NS_PER_S);
    house_settle(house);
    assert_int_equal(talk_state(house).sessions, 0);
    assert_int_equal(talk_state(house).subscriptions, 0);
    assert_int_equal(house->memory.used, 0);
}

/* Numbers of sessions that ended are given again, at once and after a restart. */
static void test_numbers_are_given_again(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_sessions = 3;
    char id[16];
    for (int i = 0; i < 50; i++) {
        snprintf(id, sizeof id, "c%d", i);
        struct wire *wire = join(house, id, (struct how){.expiry_s = 5});
        subscribe(wire, "t", 1);
        if (i % 2)
            vanish(wire);
        if (i % 10 == 9)
            house_crash(house);
        house_advance(house, 6 * NS_PER_S);
        house_settle(house);
        if (!wire->in_use || wire->ended)
            continue;
        leave(wire);
        house_advance(house, 6 * NS_PER_S);
        house_settle(house);
    }
    assert_int_equal(talk_state(house).sessions, 0);
    assert_true(sessions_highest(engine_sessions(house->engine)) <= 3);
}

static void test_who_is_here(void **state)
{
    struct test_house *house = *state;
    join(house, "live", (struct how){.version = MQTT_3_1_1});
    struct wire *kept = join(house, "kept", (struct how){.expiry_s = 70});
    subscribe(kept, "t", 1);
    leave(join(house, "away", (struct how){.expiry_s = 80}));
    struct client_view view;
    uint64_t cursor = 0;
    unsigned seen = 0;
    while (broker_client_next(house->broker, &cursor, &view)) {
        seen++;
        if (bytes_equal(view.id, bytes_text("live"))) {
            assert_true(view.peer && !view.kept && view.version == MQTT_3_1_1);
        } else if (bytes_equal(view.id, bytes_text("kept"))) {
            assert_true(view.peer && view.kept && view.expiry_s == 70 && view.subscriptions == 1);
        } else {
            expect_bytes(view.id, "away");
            assert_true(!view.peer && view.kept && view.expiry_s == 80);
        }
    }
    assert_int_equal(seen, 3);
    assert_int_equal(talk_state(house).clients, 2);
    assert_int_equal(talk_state(house).clients_max, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_connect_without_memory),  TALK(test_subscribe_without_memory),
        TALK(test_aliases_without_memory),  TALK(test_answers_without_memory),
        TALK(test_qos_2_without_memory),    TALK(test_the_transport_says_too_much),
        TALK(test_silence_before_connect),  TALK(test_gone_while_waiting),
        TALK(test_silence_while_held),      TALK(test_many_come_and_go),
        TALK(test_numbers_are_given_again), TALK(test_who_is_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
