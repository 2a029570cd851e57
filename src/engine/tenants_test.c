/* Points of tenants: each has its own limits, on both sides of them, and what it has is the same
 * after a restart, with a snapshot or without. */
#include "engine/room.h"
#include "engine/test_lines.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int house_setup(void **state)
{
    *state = lines_house_new("/tmp");
    return 0;
}

static int house_teardown(void **state)
{
    lines_house_destroy(*state);
    return 0;
}

static void restart(struct lines_house *house, bool snapshot)
{
    engine_close(house->engine, snapshot);
    lines_house_begin(house);
}

static enum admit say_of(struct lines_house *house, uint32_t tenant, const char *topic,
                         const char *payload)
{
    struct admitted admitted;
    struct publisher publisher;
    publisher_init(&publisher, tenant, UINT64_MAX);
    enum admit admit = engine_publish(house->engine, &publisher, bytes_text(topic),
                                      bytes_text(payload), &admitted);
    lines_house_settle(house);
    return admit;
}

static enum admit create_of(struct lines_house *house, uint32_t tenant, const char *path)
{
    struct admitted admitted;
    struct command command = {.kind = COMMAND_CREATE, .tenant = tenant, .path = bytes_text(path)};
    return engine_command(house->engine, &command, 1, &admitted);
}

static void each_has_its_own(void **state)
{
    struct lines_house *house = *state;
    engine_tenant_quota(house->engine, 2, 3, 0);
    assert_int_equal(say_of(house, 2, "plant/a", "{\"t\":1,\"u\":2}"), ADMIT_DONE);
    assert_int_equal(say_of(house, 2, "plant/b", "{\"t\":1,\"u\":2}"), ADMIT_POINTS_MAX);
    assert_int_equal(say_of(house, 2, "plant/b", "1"), ADMIT_DONE);
    assert_int_equal(say_of(house, 2, "plant/c", "1"), ADMIT_POINTS_MAX);
    assert_int_equal(create_of(house, 2, "plant/c"), ADMIT_POINTS_MAX);
    assert_int_equal(say_of(house, 2, "plant/a", "{\"t\":3}"), ADMIT_DONE); /* is there */
    assert_int_equal(say_of(house, 3, "plant/a", "{\"t\":1,\"u\":2}"), ADMIT_DONE);
    assert_int_equal(say_of(house, 3, "plant/c", "1"), ADMIT_DONE);
    assert_int_equal(engine_tenant_points(house->engine, 2), 3);
    assert_int_equal(engine_tenant_points(house->engine, 3), 3);
    assert_int_equal(engine_tenant_points(house->engine, 4), 0);
    assert_int_equal(engine_tenant_points(house->engine, UINT32_MAX), 0);
    engine_tenant_quota(house->engine, 2, 4, 0);
    assert_int_equal(say_of(house, 2, "plant/c", "1"), ADMIT_DONE);
    engine_tenant_quota(house->engine, 2, 0, 0);
    assert_int_equal(say_of(house, 2, "plant/d", "1"), ADMIT_DONE);
}

static void what_waits_counts(void **state)
{
    struct lines_house *house = *state;
    engine_tenant_quota(house->engine, 2, 2, 0);
    assert_int_equal(create_of(house, 2, "a"), ADMIT_DONE);
    assert_int_equal(create_of(house, 2, "b"), ADMIT_DONE);
    assert_int_equal(engine_tenant_points(house->engine, 2), 2);
    assert_int_equal(create_of(house, 2, "c"), ADMIT_POINTS_MAX);
    lines_house_settle(house);
    assert_int_equal(engine_tenant_points(house->engine, 2), 2);
    assert_int_equal(create_of(house, 2, "c"), ADMIT_POINTS_MAX);
    /* a command that is refused gives back what it waited for */
    engine_tenant_quota(house->engine, 2, 3, 0);
    assert_int_equal(create_of(house, 2, "a"), ADMIT_DONE);
    lines_house_settle(house);
    assert_int_not_equal(house->outcome.code, OUTCOME_DONE);
    assert_int_equal(engine_tenant_points(house->engine, 2), 2);
}

static void the_same_after_a_restart(void **state)
{
    struct lines_house *house = *state;
    assert_int_equal(say_of(house, 2, "plant/a", "{\"t\":1,\"u\":2}"), ADMIT_DONE);
    assert_int_equal(say_of(house, 70000, "plant/a", "1"), ADMIT_DONE);
    for (int snapshot = 0; snapshot < 2; snapshot++) {
        restart(house, snapshot != 0);
        assert_int_equal(engine_tenant_points(house->engine, 2), 2);
        assert_int_equal(engine_tenant_points(house->engine, 70000), 1);
        assert_int_equal(engine_tenant_points(house->engine, TENANT_DEFAULT), 0);
    }
    restart(house, true);
    engine_tenant_quota(house->engine, 2, 2, 0);
    assert_int_equal(say_of(house, 2, "plant/b", "1"), ADMIT_POINTS_MAX);
}

static void each_has_its_own_rate(void **state)
{
    struct lines_house *house = *state;
    house->engine->config.points_rate = 3;
    engine_tenant_quota(house->engine, 2, 0, 1);
    engine_tenant_quota(house->engine, 3, 0, 9); /* the setting is the smaller one */
    int64_t second = clock_real()->boot_ns(clock_real()) / NS_PER_S;
    enum admit answers[] = {
        say_of(house, 2, "a", "1"), say_of(house, 2, "b", "1"),         say_of(house, 3, "a", "1"),
        say_of(house, 3, "b", "1"), say_of(house, 3, "c", "{\"x\":1}"), say_of(house, 3, "d", "1"),
    };
    if (clock_real()->boot_ns(clock_real()) / NS_PER_S != second)
        return; /* a second went by meanwhile */
    const enum admit wanted[] = {ADMIT_DONE, ADMIT_POINTS_RATE, ADMIT_DONE,
                                 ADMIT_DONE, ADMIT_DONE,        ADMIT_POINTS_RATE};
    assert_memory_equal(answers, wanted, sizeof wanted);
}

static void another_tenants_name_is_no_path(void **state)
{
    struct lines_house *house = *state;
    assert_int_equal(say_of(house, 2, "@acme/a", "1"), ADMIT_TOPIC_INVALID);
    assert_int_equal(say_of(house, 2, "@acme", "{\"a\":1}"), ADMIT_TOPIC_INVALID);
    assert_int_equal(say_of(house, 2, "acme@/a", "1"), ADMIT_DONE);
}

/* Who may write a path may not write what lies below it. */
static void a_flat_publisher_has_no_objects(void **state)
{
    struct lines_house *house = *state;
    struct admitted admitted;
    struct publisher publisher;
    publisher_init(&publisher, 2, UINT64_MAX);
    struct bytes topic = bytes_text("a/b"), object = bytes_text("{\"c\":1}");
    for (int round = 0; round < 4; round++) { /* unknown, then expected */
        publisher.flat = false;
        assert_int_equal(engine_publish(house->engine, &publisher, topic, object, &admitted),
                         ADMIT_DONE);
        publisher.flat = true;
        assert_int_equal(engine_publish(house->engine, &publisher, topic, object, &admitted),
                         ADMIT_DENIED);
        assert_int_equal(
            engine_publish(house->engine, &publisher, topic, bytes_text("5"), &admitted),
            ADMIT_DONE);
        lines_house_settle(house);
    }
    assert_int_equal(engine_tenant_points(house->engine, 2), 2);
}

static void a_refusal_of_a_door_is_listed(void **state)
{
    struct lines_house *house = *state;
    struct admitted admitted;
    struct engine_counters counters;
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            engine_refuse(house->engine, 7, bytes_text("secret/x"), ADMIT_DENIED, &admitted),
            ADMIT_DENIED);
    engine_describe(house->engine, &counters);
    assert_int_equal(counters.refused[ADMIT_DENIED], 2);
    assert_int_equal(engine_refused_count(house->engine), 1);
    const struct refused *refused = engine_refused_at(house->engine, 0);
    assert_int_equal(refused->tenant, 7);
    assert_int_equal(refused->count, 2);
    assert_int_equal(refused->admit, ADMIT_DENIED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_has_its_own),
        TEST(what_waits_counts),
        TEST(the_same_after_a_restart),
        TEST(each_has_its_own_rate),
        TEST(another_tenants_name_is_no_path),
        TEST(a_flat_publisher_has_no_objects),
        TEST(a_refusal_of_a_door_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
