/* Coming in with a password takes a while: the link is held meanwhile, may go, may be too late, and
 * what it sent behind its CONNECT waits with it. */
#include "broker/test_tenants.h"

#define PASSWORD "a horse that walks"

struct slow {
    uint32_t tenant;
    struct device device;
    char name[48];
};

static struct slow make_slow(struct test_house *house)
{
    struct slow slow;
    house->slowly = true;
    house_restart(house);
    slow.tenant = make_tenant(house, "acme", (struct tenant_quotas){0});
    slow.device = make_device(house, slow.tenant, "pump", "operator");
    set_password(house, &slow.device, PASSWORD);
    snprintf(slow.name, sizeof slow.name, "pump@acme");
    return slow;
}

static struct how by_password(const struct slow *slow, uint8_t version, const char *password)
{
    return (struct how){.version = version, .user = slow->name, .password = password};
}

static void test_it_is_held(void **state)
{
    struct test_house *house = *state;
    struct slow slow = make_slow(house);
    struct wire *wire = join_begin(house, "x", by_password(&slow, MQTT_5, PASSWORD));
    publish_begin(wire, "early", "1", 1, false, 3);
    expect_nothing(wire);
    assert_true(wire->held);
    assert_false(wire->ended);
    house_settle(house);
    expect_connack(wire, MQTT_SUCCESS, false);
    expect_ack(wire, MQTT_PUBACK, 3, MQTT_SUCCESS);
    assert_int_equal(wire->silence_ns, 0); /* as its keep-alive says, and no more CONNECT's */
    assert_int_equal(points_find(engine_points(house->engine), slow.tenant, bytes_text("early")) !=
                         POINT_NONE,
                     true);
}

static void test_wrong_ones(void **state)
{
    struct test_house *house = *state;
    struct slow slow = make_slow(house);
    refused(house, "x", by_password(&slow, MQTT_5, "a horse that runs"), MQTT_BAD_USER_OR_PASSWORD);
    refused(house, "x", by_password(&slow, MQTT_3_1, "a horse that runs"),
            MQTT_BAD_USER_OR_PASSWORD);
    refused(house, "x",
            (struct how){.version = MQTT_5, .user = "pump@nobody", .password = PASSWORD},
            MQTT_BAD_USER_OR_PASSWORD);
    refused(house, "x", (struct how){.version = MQTT_5, .user = "pump", .password = PASSWORD},
            MQTT_BAD_USER_OR_PASSWORD); /* the house has no such device */
}

static void test_it_goes_meanwhile(void **state)
{
    struct test_house *house = *state;
    struct slow slow = make_slow(house);
    struct wire *wire = join_begin(house, "x", by_password(&slow, MQTT_5, PASSWORD));
    vanish(wire);
    expect_nothing(wire);
    assert_int_equal(talk_state(house).clients, 0);
}

static void test_it_takes_too_long(void **state)
{
    struct test_house *house = *state;
    struct slow slow = make_slow(house);
    struct wire *wire = join_begin(house, "x", by_password(&slow, MQTT_5, PASSWORD));
    broker_silent(house->broker, &wire->link);
    expect_end(wire, 0, CAUSE_CONNECT_TIME);
    wire = join_begin(house, "x", by_password(&slow, MQTT_5, PASSWORD));
    broker_too_much(house->broker, &wire->link);
    expect_end(wire, 0, CAUSE_MEMORY);
    house_settle(house);
    assert_int_equal(talk_state(house).clients, 0);
}

/* Two with one id: the later one stays, whoever's password was compared first. */
static void test_two_with_one_id(void **state)
{
    struct test_house *house = *state;
    struct slow slow = make_slow(house);
    struct wire *first = join_begin(house, "x", by_password(&slow, MQTT_5, PASSWORD));
    struct wire *second = join_begin(house, "x", by_password(&slow, MQTT_5, PASSWORD));
    house_settle(house);
    assert_int_equal(first->ended + second->ended, 1);
    assert_int_equal(talk_state(house).clients, 1);
}

/* Right, and disabled before anything was said. */
static void test_disabled_meanwhile(void **state)
{
    struct test_house *house = *state;
    struct slow slow = make_slow(house);
    struct wire *wire = join_begin(house, "x", by_password(&slow, MQTT_5, PASSWORD));
    set_account_state(house, slow.tenant, slow.device.account, ACCOUNT_DISABLED);
    house_settle(house);
    expect_connack(wire, MQTT_BAD_USER_OR_PASSWORD, false);
    assert_true(wire->ended);
}

/* Too many wrong ones: the right one is not looked at for a while either, and that is said. */
static void test_guessing_is_slowed(void **state)
{
    struct test_house *house = *state;
    struct slow slow = make_slow(house);
    uint8_t reason = MQTT_BAD_USER_OR_PASSWORD;
    unsigned tries = 0;
    for (; reason == MQTT_BAD_USER_OR_PASSWORD && tries < 40; tries++) {
        struct wire *wire = join_begin(house, "x", by_password(&slow, MQTT_5, "a horse that runs"));
        house_settle(house);
        reason = expect_packet(wire, MQTT_CONNACK).connack.reason;
        assert_true(wire->ended);
    }
    assert_int_equal(reason, MQTT_SERVER_BUSY);
    refused(house, "x", by_password(&slow, MQTT_3_1_1, PASSWORD), MQTT_SERVER_UNAVAILABLE);
    house_advance(house, 3600 * NS_PER_S);
    house_settle(house);
    (void)join(house, "x", by_password(&slow, MQTT_5, PASSWORD));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TENANTS(test_it_is_held),         TENANTS(test_wrong_ones),
        TENANTS(test_it_goes_meanwhile),  TENANTS(test_it_takes_too_long),
        TENANTS(test_two_with_one_id),    TENANTS(test_disabled_meanwhile),
        TENANTS(test_guessing_is_slowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
