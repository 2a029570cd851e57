/* SUBSCRIBE and UNSUBSCRIBE: what is entered, replaced, refused and told. */
#include "broker/test_talk.h"

static void test_qos_is_the_lower_one(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0}),
                *other = join(house, "p", (struct how){0});
    for (uint8_t granted = 0; granted <= 2; granted++) {
        subscribe(wire, "t", granted);
        for (uint8_t qos = 0; qos <= 2; qos++) {
            publish(other, "t", "x", qos);
            take_message(wire, "t", "x", qos < granted ? qos : granted);
        }
    }
    expect_nothing(wire);
    assert_int_equal(talk_state(house).subscriptions, 1);
}

/* [MQTT-3.8.4-3]: the old one goes, and retained messages come anew. */
static void test_a_subscription_is_replaced(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    struct wire *wire = join(house, "c", (struct how){.expiry_s = 100});
    retain(other, "t", "r", 1);
    subscribe_wish(wire, (struct wish){.filter = "t", .qos = 1, .id = 5});
    assert_int_equal(take_message(wire, "t", "r", 1).publish.properties.subscription_id, 5);
    subscribe_wish(wire, (struct wish){.filter = "t", .qos = 0, .id = 6});
    assert_int_equal(take_message(wire, "t", "r", 0).publish.properties.subscription_id, 6);
    publish(other, "t", "x", 1);
    assert_int_equal(take_message(wire, "t", "x", 0).publish.properties.subscription_id, 6);
    expect_nothing(wire);
    house_crash(house); /* recorded like that too */
    wire = rejoin(house, "c", (struct how){.expiry_s = 100});
    other = join(house, "p", (struct how){0});
    publish(other, "t", "y", 1);
    assert_int_equal(take_message(wire, "t", "y", 0).publish.properties.subscription_id, 6);
    assert_int_equal(talk_state(house).subscriptions, 1);
}

static void test_retain_handling(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0}),
                *wire = join(house, "c", (struct how){0});
    retain(other, "t", "r", 1);
    subscribe_wish(wire, (struct wish){.filter = "t", .qos = 1, .retain_handling = 2});
    expect_nothing(wire);
    unsubscribe(wire, "t", 0);
    subscribe_wish(wire, (struct wish){.filter = "t", .qos = 1, .retain_handling = 1});
    assert_true(take_message(wire, "t", "r", 1).publish.retain);
    subscribe_wish(wire, (struct wish){.filter = "t", .qos = 1, .retain_handling = 1});
    expect_nothing(wire);
    subscribe_wish(wire, (struct wish){.filter = "t", .qos = 1, .retain_handling = 0});
    assert_true(take_message(wire, "t", "r", 1).publish.retain);
    expect_nothing(wire);
}

static void test_unsubscribe(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    struct wire *wire = join(house, "c", (struct how){.expiry_s = 100});
    subscribe(wire, "a/+", 1);
    subscribe(wire, "a/b", 1);
    unsubscribe(wire, "a/+", MQTT_SUCCESS);
    unsubscribe(wire, "a/+", MQTT_NO_SUBSCRIPTION_EXISTED);
    unsubscribe(wire, "a/#", MQTT_NO_SUBSCRIPTION_EXISTED);
    publish(other, "a/b", "x", 1);
    take_message(wire, "a/b", "x", 1);
    publish(other, "a/c", "x", 1);
    expect_nothing(wire);
    house_crash(house);
    assert_int_equal(talk_state(house).subscriptions, 1);
    wire = rejoin(house, "c", (struct how){.expiry_s = 100});
    unsubscribe(wire, "a/b", MQTT_SUCCESS);
    assert_int_equal(talk_state(house).subscriptions, 0);
}

/* [MQTT-3.10.4-6]: as a sequence of packets with one filter each. */
static void test_the_same_filter_twice_in_a_packet(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){.expiry_s = 100});
    const struct mqtt_subscription twice[] = {{.filter = bytes_text("t"), .qos = 2},
                                              {.filter = bytes_text("t"), .qos = 1}};
    wire_send_filters(wire, MQTT_SUBSCRIBE, 1, 0, twice, 2);
    house_settle(house);
    struct packet packet = expect_packet(wire, MQTT_SUBACK);
    assert_int_equal(packet.suback.reasons.at[0], 2);
    assert_int_equal(packet.suback.reasons.at[1], 1);
    assert_int_equal(talk_state(house).subscriptions, 1);
    wire_send_filters(wire, MQTT_UNSUBSCRIBE, 2, 0, twice, 2);
    house_settle(house);
    packet = expect_packet(wire, MQTT_UNSUBACK);
    assert_int_equal(packet.suback.reasons.at[0], MQTT_SUCCESS);
    assert_int_equal(packet.suback.reasons.at[1], MQTT_NO_SUBSCRIPTION_EXISTED);
    assert_int_equal(talk_state(house).subscriptions, 0);
}

/* ---- limits ---- */
static struct packet subscribe_many(struct wire *wire, uint8_t type, size_t first, size_t count)
{
    struct mqtt_subscription *wanted = calloc(count, sizeof *wanted);
    char(*filters)[16] = calloc(count, sizeof *filters);
    for (size_t i = 0; i < count; i++) {
        snprintf(filters[i], sizeof filters[i], "t/%zu", first + i);
        wanted[i].filter = bytes_text(filters[i]);
    }
    wire_send_filters(wire, type, 9, 0, wanted, count);
    house_settle(wire->house);
    struct packet packet = {.type = 0};
    if (!wire->ended)
        packet = expect_packet(wire, type + 1);
    free(filters);
    free(wanted);
    return packet;
}

static size_t granted(const struct packet *packet)
{
    size_t count = 0;
    while (count < packet->suback.reasons.size && packet->suback.reasons.at[count] == 0)
        count++;
    for (size_t i = count; i < packet->suback.reasons.size; i++)
        assert_int_equal(packet->suback.reasons.at[i], MQTT_QUOTA_EXCEEDED);
    return count;
}

static void test_filters_of_a_packet_at_both_sides(void **state)
{
    struct test_house *house = *state;
    for (int kept = 0; kept <= 1; kept++) {
        struct wire *wire = join(house, "c", (struct how){.expiry_s = kept ? 100 : 0});
        struct packet packet = subscribe_many(wire, MQTT_SUBSCRIBE, 0, 1024);
        assert_int_equal(granted(&packet), 1024);
        packet = subscribe_many(wire, MQTT_UNSUBSCRIBE, 0, 1024);
        assert_int_equal(granted(&packet), 1024);
        (void)subscribe_many(wire, MQTT_SUBSCRIBE, 0, 1025);
        expect_end(wire, MQTT_QUOTA_EXCEEDED, CAUSE_MALFORMED);
        wire = join(house, "d", (struct how){0});
        (void)subscribe_many(wire, MQTT_UNSUBSCRIBE, 0, 1025);
        expect_end(wire, MQTT_QUOTA_EXCEEDED, CAUSE_MALFORMED);
    }
}

static void test_subscriptions_of_a_session_at_both_sides(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_subscriptions = 5;
    for (int kept = 0; kept <= 1; kept++) {
        struct wire *wire = join(house, "c", (struct how){.expiry_s = kept ? 100 : 0});
        struct packet packet = subscribe_many(wire, MQTT_SUBSCRIBE, 0, 7);
        assert_int_equal(granted(&packet), 5);
        subscribe(wire, "t/4", 1); /* there already */
        subscribe_begin(wire, (struct wish){.filter = "u"});
        house_settle(house);
        expect_suback(wire, MQTT_QUOTA_EXCEEDED);
        unsubscribe(wire, "t/0", 0);
        subscribe(wire, "u", 1);
        assert_int_equal(talk_state(house).subscriptions, 5);
        join(house, "c", (struct how){0});
        assert_int_equal(talk_state(house).subscriptions, 0);
    }
}

static void test_subscriptions_of_all_at_both_sides(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_subscriptions_all = 5;
    struct wire *one = join(house, "one", (struct how){.expiry_s = 100});
    struct wire *two = join(house, "two", (struct how){0});
    struct packet packet = subscribe_many(one, MQTT_SUBSCRIBE, 0, 3);
    assert_int_equal(granted(&packet), 3);
    packet = subscribe_many(two, MQTT_SUBSCRIBE, 0, 3);
    assert_int_equal(granted(&packet), 2);
    leave(one); /* a kept session's count */
    packet = subscribe_many(two, MQTT_SUBSCRIBE, 10, 1);
    assert_int_equal(granted(&packet), 0);
    join(house, "one", (struct how){0});
    packet = subscribe_many(two, MQTT_SUBSCRIBE, 10, 3);
    assert_int_equal(granted(&packet), 3);
}

static void test_depth_at_both_sides(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    char filter[512] = "$share/g/";
    size_t at = strlen(filter);
    for (size_t depth = 1; depth <= 129; depth++)
        at += (size_t)snprintf(filter + at, sizeof filter - at, "%s", depth == 1 ? "l" : "/l");
    for (size_t skip = 0; skip <= 9; skip += 9) { /* shared, and not */
        subscribe_begin(wire, (struct wish){.filter = filter + skip});
        house_settle(house);
        expect_suback(wire, MQTT_QUOTA_EXCEEDED);
        char fits[512];
        snprintf(fits, sizeof fits, "%s", filter + skip);
        fits[strlen(fits) - 2] = 0;
        subscribe(wire, fits, 0);
    }
}

/* [MQTT-3.1.2-24]: no SUBACK that is larger than the client takes. */
static void test_an_answer_larger_than_the_client_takes(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){.packet_max = 40});
    struct packet packet = subscribe_many(wire, MQTT_SUBSCRIBE, 0, 35);
    assert_int_equal(packet.size, 40);
    (void)subscribe_many(wire, MQTT_SUBSCRIBE, 0, 36);
    expect_end(wire, MQTT_PACKET_TOO_LARGE, CAUSE_PROTOCOL);
}

static void test_suback_of_mqtt_3_knows_one_failure(void **state)
{
    struct test_house *house = *state;
    house->settings.mqtt_subscriptions = 1;
    struct wire *wire = join(house, "c", (struct how){.version = MQTT_3_1_1});
    subscribe(wire, "a", 2);
    subscribe_begin(wire, (struct wish){.filter = "b"});
    house_settle(house);
    expect_suback(wire, MQTT_UNSPECIFIED_ERROR);
    unsubscribe(wire, "a", 0);
}

static void test_suback_of_a_kept_session_waits_for_the_disk(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){.expiry_s = 100});
    subscribe_begin(wire, (struct wish){.filter = "a"});
    (void)broker_step(house->broker);
    expect_nothing(wire);
    house_crash(house);
    assert_int_equal(talk_state(house).subscriptions, 0);
    wire = rejoin(house, "c", (struct how){.expiry_s = 100});
    subscribe(wire, "a", 1);
    house_crash(house);
    assert_int_equal(talk_state(house).subscriptions, 1);
}

static void test_what_is_not_allowed(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    subscribe_begin(wire, (struct wish){.filter = "$share/g/t", .no_local = true});
    expect_end(wire, MQTT_PROTOCOL_ERROR, CAUSE_PROTOCOL); /* [MQTT-3.8.3-4] */
    wire = join(house, "c", (struct how){0});
    subscribe_begin(wire, (struct wish){.filter = "a/#/b"});
    expect_end(wire, MQTT_TOPIC_FILTER_INVALID, CAUSE_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_qos_is_the_lower_one),
        TALK(test_a_subscription_is_replaced),
        TALK(test_retain_handling),
        TALK(test_unsubscribe),
        TALK(test_the_same_filter_twice_in_a_packet),
        TALK(test_filters_of_a_packet_at_both_sides),
        TALK(test_subscriptions_of_a_session_at_both_sides),
        TALK(test_subscriptions_of_all_at_both_sides),
        TALK(test_depth_at_both_sides),
        TALK(test_an_answer_larger_than_the_client_takes),
        TALK(test_suback_of_mqtt_3_knows_one_failure),
        TALK(test_suback_of_a_kept_session_waits_for_the_disk),
        TALK(test_what_is_not_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
