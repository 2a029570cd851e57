/* Quotas: what is taken, refused, given back, and when it may be asked for again. */
#include "access/test_house.h"

static struct house house;

static uint32_t open_limited(const struct tenant_quotas *quotas)
{
    house_open(&house, NULL);
    house_host(&house);
    uint32_t acme = house_tenant(&house, "acme");
    struct command command = house_command(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.number = acme;
    command.access.has = HAS_QUOTAS;
    command.access.quotas = *quotas;
    house_do(&house, &command);
    house_step(&house);
    return acme;
}

static bool take(uint32_t tenant, enum quota_kind kind, uint64_t count)
{
    return quota_take(house.access, tenant, kind, count, NULL);
}

static void test_no_limit(void **state)
{
    (void)state;
    uint32_t acme = open_limited(&(struct tenant_quotas){.connections = 0});
    for (int kind = 0; kind < QUOTAS; kind++) {
        assert_true(take(acme, (enum quota_kind)kind, 1000000000));
        assert_true(take(TENANT_MAIN, (enum quota_kind)kind, 1000000000));
        assert_true(take(999, (enum quota_kind)kind, 1)); /* nobody's */
    }
    struct quota_view view;
    quota_view(house.access, acme, QUOTA_CONNECTIONS, &view);
    assert_true(view.used == 1000000000 && view.most == 0 && view.refused == 0);
    quota_view(house.access, 999, QUOTA_CONNECTIONS, &view);
    assert_true(view.used == 0 && view.most == 0 && view.refused == 0);
    house_close(&house);
}

static void test_numbers_at_both_sides(void **state)
{
    (void)state;
    uint32_t acme = open_limited(
        &(struct tenant_quotas){.connections = 3, .queries_at_once = 2, .storage_bytes = 100});
    for (int i = 0; i < 3; i++)
        assert_true(take(acme, QUOTA_CONNECTIONS, 1));
    assert_false(take(acme, QUOTA_CONNECTIONS, 1));
    assert_true(take(TENANT_MAIN, QUOTA_CONNECTIONS, 50));
    quota_give(house.access, acme, QUOTA_CONNECTIONS, 1);
    assert_false(take(acme, QUOTA_CONNECTIONS, 2));
    assert_true(take(acme, QUOTA_CONNECTIONS, 1));
    assert_true(take(acme, QUOTA_QUERIES, 2));
    assert_false(take(acme, QUOTA_QUERIES, UINT64_MAX));
    quota_set(house.access, acme, QUOTA_STORAGE, 100, 0);
    assert_true(take(acme, QUOTA_STORAGE, 0));
    assert_false(take(acme, QUOTA_STORAGE, 1));
    quota_set(house.access, acme, QUOTA_STORAGE, 300, 7);
    assert_false(take(acme, QUOTA_STORAGE, 0));
    quota_set(house.access, acme, QUOTA_STORAGE, 99, 7);
    assert_true(take(acme, QUOTA_STORAGE, 1));
    struct quota_view view;
    quota_view(house.access, acme, QUOTA_CONNECTIONS, &view);
    assert_true(view.used == 3 && view.most == 3 && view.refused == 2);
    house_close(&house);
}

static void test_a_rate(void **state)
{
    (void)state;
    uint32_t acme = open_limited(&(struct tenant_quotas){.values_per_second = 1000});
    int64_t wait_ns;
    for (int i = 0; i < 100; i++)
        assert_true(take(acme, QUOTA_VALUES, 10));
    assert_false(quota_take(house.access, acme, QUOTA_VALUES, 10, &wait_ns));
    assert_true(wait_ns == 10 * NS_PER_MS);
    house.clock.boot_ns += wait_ns - 1;
    assert_false(take(acme, QUOTA_VALUES, 10));
    house.clock.boot_ns += 1;
    assert_true(take(acme, QUOTA_VALUES, 10));
    assert_false(take(acme, QUOTA_VALUES, 1));
    struct quota_view view;
    house.clock.boot_ns += NS_PER_S;
    quota_view(house.access, acme, QUOTA_VALUES, &view);
    assert_true(view.used == 1010 && view.most == 1000 && view.refused == 3);
    house.clock.boot_ns += 10 * NS_PER_S; /* what was saved is a second's worth */
    assert_true(take(acme, QUOTA_VALUES, 1000));
    assert_false(take(acme, QUOTA_VALUES, 1));
    quota_view(house.access, acme, QUOTA_VALUES, &view);
    assert_int_equal(view.used, 0);
    house_close(&house);
}

/* A message that is larger than the bucket is taken whole, and paid for by those behind it. */
static void test_a_message_larger_than_a_second(void **state)
{
    (void)state;
    uint32_t acme = open_limited(&(struct tenant_quotas){.values_per_second = 100});
    int64_t wait_ns;
    assert_true(take(acme, QUOTA_VALUES, 500));
    assert_false(quota_take(house.access, acme, QUOTA_VALUES, 1, &wait_ns));
    assert_true(wait_ns == 4 * NS_PER_S + 10 * NS_PER_MS);
    house.clock.boot_ns += wait_ns;
    assert_true(take(acme, QUOTA_VALUES, 1));
    assert_false(quota_take(house.access, acme, QUOTA_VALUES, UINT64_MAX, &wait_ns));
    house.clock.boot_ns += wait_ns;
    assert_true(take(acme, QUOTA_VALUES, UINT64_MAX));
    assert_false(take(acme, QUOTA_VALUES, 1));
    house_close(&house);
}

/* Over a long time a tenant gets what it may have, whatever it asks for. */
static void test_a_flood_gets_its_rate(void **state)
{
    (void)state;
    uint32_t acme = open_limited(&(struct tenant_quotas){.values_per_second = 5000});
    uint64_t taken = 0;
    for (int i = 0; i < 100000; i++) {
        uint64_t count = 1 + house_below(&house, 20);
        taken += take(acme, QUOTA_VALUES, count) ? count : 0;
        house.clock.boot_ns += NS_PER_MS / 10;
    }
    assert_true(taken >= 5000 * 10 && taken <= 5000 * 11 + 20);
    house_close(&house);
}

static void test_a_limit_that_changes(void **state)
{
    (void)state;
    uint32_t acme = open_limited(&(struct tenant_quotas){.connections = 1});
    assert_true(take(acme, QUOTA_CONNECTIONS, 1));
    assert_false(take(acme, QUOTA_CONNECTIONS, 1));
    struct command command = house_command(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.number = acme;
    command.access.has = HAS_QUOTAS;
    command.access.quotas = (struct tenant_quotas){.connections = 2};
    house_do(&house, &command);
    house_step(&house);
    assert_true(take(acme, QUOTA_CONNECTIONS, 1));
    assert_false(take(acme, QUOTA_CONNECTIONS, 1));
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_numbers_at_both_sides),
        cmocka_unit_test(test_a_rate),
        cmocka_unit_test(test_a_message_larger_than_a_second),
        cmocka_unit_test(test_a_flood_gets_its_rate),
        cmocka_unit_test(test_a_limit_that_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
