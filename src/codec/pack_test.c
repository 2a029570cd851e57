/* Bits: every width, every count up to a block. */
#include "codec/fixture.h"
#include "codec/pack.h"

#define COUNT_MAX 136

static void every_width_goes_both_ways(void **state)
{
    (void)state;
    uint64_t luck = 1;
    uint64_t numbers[COUNT_MAX], back[COUNT_MAX + 8];
    uint8_t bytes[COUNT_MAX * 8 + PACK_SLACK];
    for (unsigned width = 0; width <= PACK_WIDTH_MAX; width++) {
        uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
        for (uint32_t count = 0; count <= COUNT_MAX; count++) {
            memset(bytes, 0xa5, sizeof bytes);
            for (uint32_t i = 0; i < count; i++)
                numbers[i] = test_random(&luck);
            assert_int_equal(pack_put(bytes, numbers, count, width), pack_size(count, width));
            pack_get(bytes, count, width, back);
            for (uint32_t i = 0; i < count; i++)
                assert_true(back[i] == (numbers[i] & mask));
        }
    }
}

static void bits_behind_the_last_number_are_zero(void **state)
{
    (void)state;
    uint64_t ones[3] = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    uint8_t bytes[3 * 8 + PACK_SLACK];
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(pack_put(bytes, ones, 3, 3), 2);
    assert_int_equal(bytes[0], 0xff);
    assert_int_equal(bytes[1], 0x01);
}

static void the_layout_is_the_documented_one(void **state)
{
    (void)state;
    const uint64_t numbers[] = {0x1, 0x2, 0x3, 0x4};
    uint8_t bytes[16 + PACK_SLACK];
    assert_int_equal(pack_put(bytes, numbers, 4, 5), 3);
    /* 00001 00010 00011 00100 from the least significant bit on */
    assert_int_equal(bytes[0], 0x41);
    assert_int_equal(bytes[1], 0x0c);
    assert_int_equal(bytes[2], 0x02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_goes_both_ways),
        cmocka_unit_test(bits_behind_the_last_number_are_zero),
        cmocka_unit_test(the_layout_is_the_documented_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
