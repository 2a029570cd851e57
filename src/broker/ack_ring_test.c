#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "broker/room.h"

static struct ack ack_of(uint32_t ticket, uint16_t packet_id)
{
    return (struct ack){.ticket = ticket, .packet_id = packet_id};
}

static void put(struct acks *acks, uint32_t ticket, uint16_t packet_id)
{
    struct ack ack = ack_of(ticket, packet_id);
    assert_true(acks_put(acks, &ack));
}

static void test_empty_holds_nothing_and_gives_nothing(void **state)
{
    (void)state;
    struct acks acks = {.at = NULL};
    assert_null(acks_next(&acks, UINT64_MAX));
    assert_int_equal(acks_bytes(&acks), 0);
    acks_done(&acks);
}

static void test_order_is_kept_and_tickets_hold_back(void **state)
{
    (void)state;
    struct acks acks = {.at = NULL};
    put(&acks, 5, 1);
    put(&acks, 5, 2);
    put(&acks, 6, 3);
    assert_null(acks_next(&acks, 4));
    for (uint16_t id = 1; id <= 2; id++) {
        assert_int_equal(acks_next(&acks, 5)->packet_id, id);
        acks_drop(&acks);
    }
    assert_null(acks_next(&acks, 5));
    assert_int_equal(acks_next(&acks, 6)->packet_id, 3);
    acks_drop(&acks);
    acks_trim(&acks);
    assert_int_equal(acks_bytes(&acks), 0);
}

static void test_trim_keeps_what_waits(void **state)
{
    (void)state;
    struct acks acks = {.at = NULL};
    put(&acks, 1, 9);
    acks_trim(&acks);
    assert_int_equal(acks_next(&acks, 1)->packet_id, 9);
    acks_done(&acks);
}

static void test_ring_grows_while_it_is_wrapped(void **state)
{
    (void)state;
    struct acks acks = {.at = NULL};
    uint16_t in = 0, out = 0;
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 7; i++)
            put(&acks, 1, in++);
        for (int i = 0; i < 5; i++) {
            assert_int_equal(acks_next(&acks, 1)->packet_id, out++);
            acks_drop(&acks);
        }
    }
    assert_int_equal(acks.count, 400);
    assert_int_equal(acks.capacity, 512);
    while (acks.count > 0) {
        assert_int_equal(acks_next(&acks, 1)->packet_id, out++);
        acks_drop(&acks);
    }
    assert_int_equal(in, out);
    acks_done(&acks);
}

static void test_tickets_beyond_32_bits(void **state)
{
    (void)state;
    struct acks acks = {.at = NULL};
    uint64_t ticket = (UINT64_C(7) << 32) + 1;
    put(&acks, (uint32_t)ticket, 1);
    assert_null(acks_next(&acks, ticket - 2)); /* before the low half turned over */
    assert_null(acks_next(&acks, ticket - 1));
    assert_non_null(acks_next(&acks, ticket));
    assert_non_null(acks_next(&acks, ticket + 1000));
    acks_done(&acks);
}

/* A refusal that came last may wait for less than what was taken before it. */
static void test_all_are_durable(void **state)
{
    (void)state;
    struct acks acks = {.at = NULL};
    assert_true(acks_are_durable(&acks, 0));
    put(&acks, 315, 1);
    put(&acks, 313, 2);
    assert_false(acks_are_durable(&acks, 314));
    assert_true(acks_are_durable(&acks, 315));
    acks_done(&acks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_holds_nothing_and_gives_nothing),
        cmocka_unit_test(test_order_is_kept_and_tickets_hold_back),
        cmocka_unit_test(test_trim_keeps_what_waits),
        cmocka_unit_test(test_ring_grows_while_it_is_wrapped),
        cmocka_unit_test(test_tickets_beyond_32_bits),
        cmocka_unit_test(test_all_are_durable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
