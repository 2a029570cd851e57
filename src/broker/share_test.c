/* Shared subscriptions (4.8.2): one of the group gets a message. */
#include "broker/test_talk.h"

#define SHARE "$share/g/t/#"

static size_t pending(struct wire *wire)
{
    struct packet packet;
    size_t count = 0;
    for (; wire_next(wire, &packet); count++)
        assert_int_equal(packet.type, MQTT_PUBLISH);
    return count;
}

static void test_in_turn(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0}), *wires[3];
    for (size_t i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "c%zu", i);
        wires[i] = join(house, id, (struct how){.expiry_s = i == 1 ? 100 : 0});
        subscribe(wires[i], SHARE, 1);
    }
    assert_int_equal(talk_state(house).shared, 3);
    for (int i = 0; i < 30; i++)
        publish(other, "t/a", "x", (uint8_t)(i & 1));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pending(wires[i]), 10);
}

static void test_groups_and_others_each_get_one(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    struct wire *one = join(house, "1", (struct how){0}), *two = join(house, "2", (struct how){0});
    struct wire *plain = join(house, "3", (struct how){0});
    subscribe(one, "$share/g/t", 1);
    subscribe(two, "$share/h/t", 1);
    subscribe(plain, "t", 1);
    publish(other, "t", "x", 1);
    take_message(one, "t", "x", 1);
    take_message(two, "t", "x", 1);
    take_message(plain, "t", "x", 1);
    expect_nothing(one);
}

static void test_who_is_away_is_passed_over(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    struct wire *one = join(house, "1", (struct how){.expiry_s = 100});
    struct wire *two = join(house, "2", (struct how){.expiry_s = 100});
    subscribe(one, SHARE, 1);
    subscribe(two, SHARE, 1);
    leave(one);
    for (int i = 0; i < 10; i++)
        publish(other, "t", "x", 1);
    assert_int_equal(pending(two), 10);
    leave(two); /* nobody is there: it waits for one of them */
    publish(other, "t", "later", 1);
    publish(other, "t", "never", 0);
    size_t got = pending(rejoin(house, "1", (struct how){.expiry_s = 100}));
    got += pending(rejoin(house, "2", (struct how){.expiry_s = 100}));
    assert_int_equal(got, 11);
}

static void test_who_is_full_is_passed_over(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    struct wire *one = join(house, "1", (struct how){.receive_max = 2});
    struct wire *two = join(house, "2", (struct how){0});
    subscribe(one, SHARE, 1);
    subscribe(two, SHARE, 1);
    for (int i = 0; i < 20; i++)
        publish(other, "t", "x", 1);
    assert_int_equal(pending(one), 2);
    assert_int_equal(pending(two), 18);
}

static void test_leaving_by_all_ways(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0});
    struct wire *one = join(house, "1", (struct how){0}), *two = join(house, "2", (struct how){0});
    struct wire *three = join(house, "3", (struct how){.expiry_s = 5});
    struct wire *four = join(house, "4", (struct how){0});
    struct wire *const all[] = {one, two, three, four};
    for (size_t i = 0; i < 4; i++)
        subscribe(all[i], SHARE, 1);
    unsubscribe(one, SHARE, 0);
    vanish(two);
    leave(three);
    house_advance(house, 10 * NS_PER_S);
    house_settle(house);
    assert_int_equal(talk_state(house).shared, 1);
    for (int i = 0; i < 5; i++)
        publish(other, "t", "x", 1);
    assert_int_equal(pending(four), 5);
    expect_nothing(one);
    unsubscribe(four, SHARE, 0);
    publish_begin(other, "t", "{x", 1, false, 5);
    house_settle(house);
    expect_ack(other, MQTT_PUBACK, 5, MQTT_NO_MATCHING_SUBSCRIBERS);
    subscribe(one, SHARE, 1); /* the group can begin anew */
    publish(other, "t", "x", 1);
    assert_int_equal(pending(one), 1);
}

static void test_nothing_retained_for_a_group(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0}),
                *one = join(house, "1", (struct how){0});
    retain(other, "t", "r", 1);
    subscribe(one, SHARE, 1);
    expect_nothing(one);
}

static void test_a_group_survives_a_crash(void **state)
{
    struct test_house *house = *state;
    subscribe(join(house, "1", (struct how){.expiry_s = 100}), SHARE, 2);
    house_crash(house);
    house_settle(house);
    assert_int_equal(talk_state(house).shared, 1);
    publish(join(house, "p", (struct how){0}), "t", "x", 2);
    take_message(rejoin(house, "1", (struct how){.expiry_s = 100}), "t", "x", 2);
}

static void test_the_subscription_says_how(void **state)
{
    struct test_house *house = *state;
    struct wire *other = join(house, "p", (struct how){0}),
                *one = join(house, "1", (struct how){0});
    subscribe_wish(one,
                   (struct wish){.filter = SHARE, .qos = 1, .id = 9, .retain_as_published = true});
    retain(other, "t", "x", 2);
    struct packet packet = take_message(one, "t", "x", 1);
    assert_int_equal(packet.publish.properties.subscription_id, 9);
    assert_true(packet.publish.retain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_in_turn),
        TALK(test_groups_and_others_each_get_one),
        TALK(test_who_is_away_is_passed_over),
        TALK(test_who_is_full_is_passed_over),
        TALK(test_leaving_by_all_ways),
        TALK(test_nothing_retained_for_a_group),
        TALK(test_a_group_survives_a_crash),
        TALK(test_the_subscription_says_how),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
