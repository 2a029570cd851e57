/* Quotas of values and turns of tenants: who sends more than his tenant may waits, in the order in
 * which it was sent, and nobody else does. */
#include "broker/test_tenants.h"

struct two {
    uint32_t small, large;
    struct device a, b; /* of small, which has a quota, and of large, which has none */
};

static struct two make_two(struct test_house *house, uint64_t values)
{
    struct two two = {
        .small = make_tenant(house, "small", (struct tenant_quotas){.values_per_second = values}),
        .large = make_tenant(house, "large", (struct tenant_quotas){0})};
    two.a = make_device(house, two.small, "pump", "operator");
    two.b = make_device(house, two.large, "pump", "operator");
    return two;
}

static void flood(struct wire *wire, uint16_t from, uint16_t count, const char *payload)
{
    for (uint16_t i = 0; i < count; i++)
        publish_begin(wire, "flood/t", payload, 1, false, (uint16_t)(from + i));
}

/* Until nothing is left to do but to wait for time to pass. */
static void steps(struct test_house *house)
{
    for (int i = 0; i < 60; i++)
        (void)house_step(house);
}

/* PUBACKs that came, in order from packet id `from` on. */
static uint16_t answered(struct wire *wire, uint16_t from)
{
    uint16_t count = 0;
    for (struct packet packet; wire_next(wire, &packet); count++) {
        assert_int_equal(packet.type, MQTT_PUBACK);
        assert_int_equal(packet.ack.packet_id, from + count);
        assert_true(packet.ack.reason < 0x80);
    }
    return count;
}

static void test_a_quota_puts_off(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house, 100);
    struct wire *a = enter_as(house, &two.a, "a"), *b = enter_as(house, &two.b, "b");
    flood(a, 1, 500, "1");
    steps(house);
    uint16_t done = answered(a, 1);
    assert_in_range(done, 90, 110); /* a second's worth */
    assert_true(broker_counters(house->broker)->held_quota > 0);
    publish(b, "t", "1", 1); /* is not put off */
    for (int second = 0; second < 3; second++) {
        for (int i = 0; i < 20; i++) {
            house_advance(house, NS_PER_S / 20);
            steps(house);
        }
        uint16_t more = answered(a, (uint16_t)(1 + done));
        assert_in_range(more, 90, 110);
        done = (uint16_t)(done + more);
        publish(b, "t", "1", 1);
    }
    set_quotas(house, two.small, (struct tenant_quotas){0});
    house_advance(house, NS_PER_S);
    house_settle(house);
    assert_int_equal(done + answered(a, (uint16_t)(1 + done)), 500);
}

/* What a message holds is paid for by those behind it. */
static void test_values_count_and_not_messages(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house, 100);
    struct wire *a = enter_as(house, &two.a, "a");
    flood(a, 1, 100,
          "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":1}");
    steps(house);
    uint16_t done = answered(a, 1);
    assert_in_range(done, 9, 12);
    for (int i = 0; i < 100; i++) {
        house_advance(house, NS_PER_S / 20);
        steps(house);
    }
    assert_in_range(answered(a, (uint16_t)(1 + done)), 45, 55); /* in five seconds */
}

/* A message that is no reading counts as one value. */
static void test_what_is_no_reading_counts(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house, 50);
    struct wire *a = enter_as(house, &two.a, "a");
    flood(a, 1, 200, "no reading");
    steps(house);
    assert_in_range(answered(a, 1), 45, 55);
}

static void test_who_waits_may_go(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house, 10);
    struct wire *a = enter_as(house, &two.a, "a"), *c = enter_as(house, &two.a, "c");
    flood(a, 1, 100, "1");
    flood(c, 1, 100, "1");
    steps(house);
    vanish(a);
    uint16_t done = answered(c, 1);
    house_advance(house, 2 * NS_PER_S);
    steps(house);
    done = (uint16_t)(done + answered(c, (uint16_t)(1 + done)));
    assert_true(done > 0);
    vanish(c);
    assert_int_equal(talk_state(house).clients, 0);
}

/* Clients of one tenant wait in one line, and each comes to the front. */
static void test_all_clients_of_a_tenant_have_a_turn(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house, 100);
    struct wire *wires[10];
    char id[8];
    for (size_t i = 0; i < ARRAY_COUNT(wires); i++) {
        snprintf(id, sizeof id, "c%zu", i);
        wires[i] = enter_as(house, &two.a, id);
    }
    uint16_t done[ARRAY_COUNT(wires)] = {0}, next[ARRAY_COUNT(wires)] = {0};
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < ARRAY_COUNT(wires); i++)
            if (next[i] - done[i] < 20)
                flood(wires[i], (uint16_t)(++next[i]), 1, "1");
        house_advance(house, NS_PER_S / 20);
        steps(house);
        for (size_t i = 0; i < ARRAY_COUNT(wires); i++)
            done[i] = (uint16_t)(done[i] + answered(wires[i], (uint16_t)(1 + done[i])));
    }
    uint32_t all = 0;
    for (size_t i = 0; i < ARRAY_COUNT(wires); i++) {
        assert_true(done[i] >= 50); /* a half of its share of ten seconds at 100 */
        all += done[i];
    }
    assert_in_range(all, 900, 1150);
}

/* ---- turns ---- */
static uint64_t taken(const struct test_house *house)
{
    return broker_counters(house->broker)->qos_1;
}

/* One round: the flood is there before the other's message, and does not delay it. */
static void test_each_tenant_has_its_share_of_a_round(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house, 0);
    struct wire *a[8], *b = enter_as(house, &two.b, "b");
    char id[8];
    for (size_t i = 0; i < ARRAY_COUNT(a); i++) {
        snprintf(id, sizeof id, "a%zu", i);
        a[i] = enter_as(house, &two.a, id);
    }
    broker_now(house->broker, house->clock.boot_ns);
    flood(a[0], 1, 1, "1"); /* both send in this round */
    flood(b, 1, 1, "1");
    broker_now(house->broker, house->clock.boot_ns);
    uint64_t before = taken(house);
    for (size_t i = 0; i < ARRAY_COUNT(a); i++)
        flood(a[i], 10, 200, "1");
    assert_int_equal(taken(house) - before, 256); /* of 512 */
    flood(b, 10, 1, "1");
    assert_int_equal(taken(house) - before, 257);
    assert_true(broker_counters(house->broker)->held_turn > 0);
    house_settle(house);
    assert_int_equal(taken(house) - before, 8 * 200 + 1);
    expect_ack(a[0], MQTT_PUBACK, 1, MQTT_SUCCESS);
    for (size_t i = 0; i < ARRAY_COUNT(a); i++)
        assert_int_equal(answered(a[i], 10), 200);
}

/* Alone it has all of a round. */
static void test_one_tenant_is_not_put_off(void **state)
{
    struct test_house *house = *state;
    struct two two = make_two(house, 0);
    struct wire *a = enter_as(house, &two.a, "a");
    flood(a, 1, 1000, "1");
    assert_int_equal(taken(house), 1000);
    assert_int_equal(broker_counters(house->broker)->held_turn, 0);
    house_settle(house);
    assert_int_equal(answered(a, 1), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TENANTS(test_a_quota_puts_off),
        TENANTS(test_values_count_and_not_messages),
        TENANTS(test_what_is_no_reading_counts),
        TENANTS(test_who_waits_may_go),
        TENANTS(test_all_clients_of_a_tenant_have_a_turn),
        TENANTS(test_each_tenant_has_its_share_of_a_round),
        TENANTS(test_one_tenant_is_not_put_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
