#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void round_trip(uint64_t v)
{
    uint8_t room[VARINT_MAX + 3];
    memset(room, 0xee, sizeof room);
    size_t size = varint_put(room + 1, v);
    assert_in_range(size, 1, VARINT_MAX);
    assert_int_equal(size, varint_size(v));
    assert_int_equal(room[0], 0xee);
    assert_int_equal(room[1 + size], 0xee);
    /* Alone, with bytes after it, and cut at every byte. */
    for (size_t end = 1; end <= 1 + size + 1; end++) {
        uint64_t back = 42;
        size_t offset = 1;
        bool whole = end >= 1 + size;
        assert_int_equal(varint_get(bytes_of(room, end), &offset, &back), whole);
        assert_int_equal(offset, whole ? 1 + size : 1);
        assert_true(back == (whole ? v : 42));
    }
}

static void test_round_trip_around_every_power_of_two(void **state)
{
    (void)state;
    round_trip(0);
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t v = UINT64_C(1) << bit;
        round_trip(v - 1);
        round_trip(v);
        round_trip(v + 1);
        round_trip(~v);
    }
    round_trip(UINT64_MAX);
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(varint_size(0), 1);
    assert_int_equal(varint_size(127), 1);
    assert_int_equal(varint_size(128), 2);
    assert_int_equal(varint_size(16383), 2);
    assert_int_equal(varint_size(16384), 3);
    assert_int_equal(varint_size((UINT64_C(1) << 63) - 1), 9);
    assert_int_equal(varint_size(UINT64_C(1) << 63), VARINT_MAX);
}

static bool get(const char *text, size_t size, uint64_t *ret_v, size_t *ret_offset)
{
    *ret_offset = 0;
    return varint_get(bytes_of(text, size), ret_offset, ret_v);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    uint64_t v = 7;
    size_t offset;
    assert_false(get("", 0, &v, &offset));
    assert_false(get("\x80", 1, &v, &offset));
    assert_false(get("\x80\x80", 2, &v, &offset));
    /* The tenth byte may be 1 and no more; an eleventh never follows. */
    assert_true(get("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, &v, &offset));
    assert_true(v == UINT64_MAX);
    v = 7;
    assert_false(get("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, &v, &offset));
    assert_false(get("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11, &v, &offset));
    assert_int_equal(offset, 0);
    assert_true(v == 7); /* untouched on failure */
    offset = 5;
    assert_false(varint_get(bytes_of("abc", 3), &offset, &v)); /* past the end */
    assert_int_equal(offset, 5);
}

static void test_padding_is_accepted(void **state)
{
    (void)state;
    uint64_t v;
    size_t offset;
    assert_true(get("\x85\x00", 2, &v, &offset));
    assert_true(v == 5 && offset == 2);
    assert_true(get("\x85\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10, &v, &offset));
    assert_true(v == 5 && offset == 10);
}

static void test_zigzag(void **state)
{
    (void)state;
    static const int64_t values[] = {0, -1, 1, -2, 2, -64, 63, 64, INT64_MAX, INT64_MIN};
    assert_true(zigzag(0) == 0 && zigzag(-1) == 1 && zigzag(1) == 2 && zigzag(-2) == 3);
    assert_true(zigzag(INT64_MAX) == UINT64_MAX - 1 && zigzag(INT64_MIN) == UINT64_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        assert_true(unzigzag(zigzag(values[i])) == values[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_around_every_power_of_two),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_padding_is_accepted),
        cmocka_unit_test(test_zigzag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
