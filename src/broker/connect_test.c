/* CONNECT and what becomes of a session: begun, resumed, taken over, ended, refused. */
#include "broker/test_talk.h"

#define KEPT                                                                                       \
    (struct how)                                                                                   \
    {                                                                                              \
        .expiry_s = 3600                                                                           \
    }

static void test_clean_start_and_resume(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", KEPT);
    subscribe(wire, "t/#", 1);
    leave(wire);
    wire = rejoin(house, "c", KEPT);
    struct wire *other = join(house, "p", (struct how){0});
    publish(other, "t/a", "one", 1);
    take_message(wire, "t/a", "one", 1);
    leave(wire);
    wire = join(house, "c", KEPT); /* clean start: nothing of it is left */
    publish(other, "t/a", "two", 1);
    expect_nothing(wire);
    assert_int_equal(talk_state(house).subscriptions, 0);
    assert_int_equal(talk_state(house).sessions, 1);
}

static void test_a_session_of_expiry_0_ends_with_its_connection(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    subscribe(wire, "t", 1);
    leave(wire);
    assert_int_equal(talk_state(house).subscriptions, 0);
    wire = join(house, "c", (struct how){.resume = true});
    assert_int_equal(talk_state(house).sessions, 0);
}

static void test_expiry_at_both_sides(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){.expiry_s = 100});
    leave(wire);
    house_advance(house, 99 * NS_PER_S);
    house_settle(house);
    wire = rejoin(house, "c", (struct how){.expiry_s = 100});
    leave(wire);
    house_advance(house, 101 * NS_PER_S);
    house_settle(house);
    assert_int_equal(talk_state(house).sessions, 0);
    assert_int_equal(broker_counters(house->broker)->sessions_expired, 1);
    join(house, "c", (struct how){.expiry_s = 100, .resume = true});
}

static void test_expiry_goes_on_through_a_restart(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){.expiry_s = 100});
    join(house, "d", (struct how){.expiry_s = 300});
    leave(wire);
    house_advance(house, 60 * NS_PER_S);
    house_crash(house);
    house_settle(house);
    assert_int_equal(talk_state(house).sessions, 2);
    house_advance(house, 60 * NS_PER_S);
    house_settle(house);
    assert_int_equal(talk_state(house).sessions, 1);
    rejoin(house, "d", KEPT);
}

static void test_expiry_is_limited_and_told(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_session_expiry = 50;
    struct wire *wire = join_begin(house, "c", (struct how){.expiry_s = 51});
    house_settle(house);
    struct packet packet = expect_connack(wire, 0, false);
    assert_true(MQTT_HAS(&packet.connack.properties, 17));
    assert_int_equal(packet.connack.properties.session_expiry_s, 50);
    wire = join_begin(house, "d", (struct how){.expiry_s = 50});
    house_settle(house);
    packet = expect_connack(wire, 0, false);
    assert_false(MQTT_HAS(&packet.connack.properties, 17));
}

static void test_disconnect_changes_the_expiry(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){.expiry_s = 100});
    struct mqtt_disconnect goodbye = {.properties = {.has = PROPERTY(17)}};
    wire_send_size(wire, mqtt_disconnect_put(house->scratch, HOUSE_SCRATCH, MQTT_5, &goodbye));
    house_settle(house);
    expect_end(wire, 0, CAUSE_GOODBYE);
    assert_int_equal(talk_state(house).sessions, 0);
    /* 3.14.2.2.2: what was 0 cannot become more. */
    wire = join(house, "c", (struct how){0});
    goodbye.properties.session_expiry_s = 1;
    wire_send_size(wire, mqtt_disconnect_put(house->scratch, HOUSE_SCRATCH, MQTT_5, &goodbye));
    house_settle(house);
    expect_end(wire, MQTT_PROTOCOL_ERROR, CAUSE_PROTOCOL);
}

static void test_takeover(void **state)
{
    struct test_house *house = *state;
    struct wire *before = join(house, "c", KEPT);
    subscribe(before, "t", 1);
    struct wire *after = rejoin(house, "c", KEPT);
    expect_end(before, MQTT_SESSION_TAKEN_OVER, CAUSE_TAKEN_OVER);
    struct wire *other = join(house, "p", (struct how){0});
    publish(other, "t", "x", 1);
    take_message(after, "t", "x", 1);
    struct wire *old = join(house, "c", (struct how){.version = MQTT_3_1_1});
    expect_end(after, MQTT_SESSION_TAKEN_OVER, CAUSE_TAKEN_OVER);
    join(house, "c", (struct how){0});
    expect_end(old, 0, CAUSE_TAKEN_OVER); /* MQTT 3 has no word for it */
}

static void test_connect_waits_for_what_the_last_connection_left(void **state)
{
    struct test_house *house = *state;
    struct wire *before = join(house, "c", KEPT);
    subscribe(before, "t", 1);
    wire_vanish(before);
    struct wire *after = join_begin(house, "c", (struct how){.expiry_s = 3600, .resume = true});
    assert_true(after->held);
    expect_nothing(after);
    house_settle(house);
    expect_connack(after, 0, true);
}

static void test_one_after_the_other_without_a_pause(void **state)
{
    struct test_house *house = *state;
    struct wire *wires[4];
    for (size_t i = 0; i < 4; i++) /* nothing is durable in between */
        wires[i] = join_begin(house, "c", (struct how){.expiry_s = 60, .resume = true});
    house_settle(house);
    for (size_t i = 0; i < 3; i++)
        assert_true(wires[i]->ended || wires[i] == wires[3]); /* its place was taken again */
    expect_connack(wires[3], 0, true);
    assert_int_equal(talk_state(house).sessions, 1);
    assert_int_equal(talk_state(house).clients, 1);
}

static void test_a_kept_connack_waits_for_the_disk(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join_begin(house, "c", KEPT);
    (void)broker_step(house->broker);
    expect_nothing(wire);
    house_crash(house);
    house_settle(house);
    assert_int_equal(talk_state(house).sessions, 0);
}

static void test_sessions_limit_at_both_sides(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_sessions = 2;
    join(house, "a", KEPT);
    struct wire *second = join(house, "b", KEPT);
    struct wire *third = join_begin(house, "c", KEPT);
    house_settle(house);
    expect_connack(third, MQTT_QUOTA_EXCEEDED, false);
    expect_end(third, 0, CAUSE_CONNECT_REFUSED);
    join(house, "d", (struct how){0}); /* needs no record */
    wire_send_disconnect(second, 0);
    rejoin(house, "b", KEPT);
    join(house, "b", (struct how){0}); /* its record is free again */
    join(house, "c", KEPT);
}

static void test_refusals(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = wire_open(house);
    struct mqtt_connect connect = {
        .version = MQTT_5,
        .client_id = bytes_text("c"),
        .properties = {.has = PROPERTY(21), .authentication_method = bytes_text("x")}};
    wire_send_connect(wire, &connect);
    expect_connack(wire, MQTT_BAD_AUTHENTICATION_METHOD, false);
    expect_end(wire, 0, CAUSE_CONNECT_REFUSED);
    wire = join_begin(house, "", (struct how){.version = MQTT_3_1_1, .resume = true});
    expect_connack(wire, MQTT_CLIENT_ID_NOT_VALID, false);
    expect_end(wire, 0, CAUSE_CONNECT_REFUSED);
    wire =
        join_begin(house, "w",
                   (struct how){.will = {.present = true,
                                         .topic = bytes_text("w"),
                                         .payload = bytes_of("\xff", 1),
                                         .properties = {.has = PROPERTY(1), .payload_format = 1}}});
    expect_connack(wire, MQTT_PAYLOAD_FORMAT_INVALID, false);
    wire = wire_open(house);
    wire->version = MQTT_5;
    wire_send(wire, bytes_of("\xc0\x00", 2)); /* PINGREQ first [MQTT-3.1.0-1] */
    expect_end(wire, 0, CAUSE_PROTOCOL);
    wire = join(house, "c", (struct how){0});
    wire_send_connect(wire, &(struct mqtt_connect){.version = 5, .client_id = bytes_text("c")});
    expect_end(wire, MQTT_PROTOCOL_ERROR, CAUSE_PROTOCOL); /* [MQTT-3.1.0-2] */
}

static void test_ids_are_assigned(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join_begin(house, "", KEPT);
    house_settle(house);
    struct packet packet = expect_connack(wire, 0, false);
    assert_true(MQTT_HAS(&packet.connack.properties, 18));
    char id[128] = "";
    memcpy(id, packet.connack.properties.assigned_client_id.at,
           packet.connack.properties.assigned_client_id.size);
    leave(wire);
    rejoin(house, id, KEPT);
    wire = join_begin(house, "", (struct how){.version = MQTT_3_1_1});
    house_settle(house);
    expect_connack(wire, 0, false);
}

static void test_keep_alive(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){.keep_alive_s = 10});
    assert_int_equal(wire->silence_ns, 15 * NS_PER_S);
    house->settings.mqtt_keep_alive = 20;
    for (uint16_t wanted = 0; wanted <= 21; wanted += 7) {
        wire = join_begin(house, "k", (struct how){.keep_alive_s = wanted});
        house_settle(house);
        struct packet packet = expect_connack(wire, 0, false);
        bool limited = wanted == 0 || wanted > 20;
        assert_int_equal(MQTT_HAS(&packet.connack.properties, 19), limited);
        assert_int_equal(wire->silence_ns, (limited ? 20 : wanted) * NS_PER_S * 3 / 2);
    }
    broker_silent(house->broker, &wire->link);
    expect_end(wire, MQTT_KEEP_ALIVE_TIMEOUT, CAUSE_KEEP_ALIVE);
}

static void test_nothing_goes_before_connack(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    struct wire *wire = join(house, "c", KEPT);
    subscribe(wire, "t", 0);
    leave(wire);
    wire = join_begin(house, "c", (struct how){.expiry_s = 3600, .resume = true});
    publish_begin(other, "t", "x", 0, false, 0); /* comes while CONNACK waits for the disk */
    wire_send(wire, bytes_of("\xc0\x00", 2));
    house_settle(house);
    expect_connack(wire, 0, true);
    expect_packet(wire, wire_buffer_rest(&wire->out).at[0] >> 4);
    expect_packet(wire, wire_buffer_rest(&wire->out).at[0] >> 4);
    expect_nothing(wire);
}

/* [MQTT-3.2.0-1]: a client that takes no CONNACK of that size gets nothing at all. */
static void test_a_client_too_narrow_for_connack(void **state)
{
    struct test_house *house = *state;
    for (uint32_t size = 1; size < 12; size++) {
        struct wire *wire = join_begin(house, "c", (struct how){.packet_max = size});
        house_settle(house);
        expect_nothing(wire);
        assert_true(wire->ended);
    }
    join(house, "c", (struct how){.packet_max = 100});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_clean_start_and_resume),
        TALK(test_a_session_of_expiry_0_ends_with_its_connection),
        TALK(test_expiry_at_both_sides),
        TALK(test_expiry_goes_on_through_a_restart),
        TALK(test_expiry_is_limited_and_told),
        TALK(test_disconnect_changes_the_expiry),
        TALK(test_takeover),
        TALK(test_connect_waits_for_what_the_last_connection_left),
        TALK(test_one_after_the_other_without_a_pause),
        TALK(test_a_kept_connack_waits_for_the_disk),
        TALK(test_sessions_limit_at_both_sides),
        TALK(test_refusals),
        TALK(test_ids_are_assigned),
        TALK(test_keep_alive),
        TALK(test_nothing_goes_before_connack),
        TALK(test_a_client_too_narrow_for_connack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
