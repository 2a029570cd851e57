#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* The sanitizers abort where malloc would answer NULL, which is what test_arena asks for. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void test_equal_and_compare(void **state)
{
    (void)state;
    struct bytes none = {0};
    assert_true(bytes_equal(none, bytes_text("")));
    assert_true(bytes_equal(bytes_text("abc"), bytes_of("abcd", 3)));
    assert_false(bytes_equal(bytes_text("abc"), bytes_text("abd")));
    assert_false(bytes_equal(bytes_text("abc"), bytes_text("ab")));
    assert_true(bytes_compare(none, none) == 0);
    assert_true(bytes_compare(none, bytes_text("a")) < 0);
    assert_true(bytes_compare(bytes_text("a"), none) > 0);
    assert_true(bytes_compare(bytes_text("ab"), bytes_text("abc")) < 0);
    assert_true(bytes_compare(bytes_text("b"), bytes_text("abc")) > 0);
    assert_true(bytes_compare(bytes_text("\xff"), bytes_text("a")) > 0); /* unsigned */
    assert_true(bytes_compare(bytes_of("a\0b", 3), bytes_of("a\0c", 3)) < 0);
}

static void test_loads_and_stores_at_any_alignment(void **state)
{
    (void)state;
    uint8_t room[16] = {0};
    for (size_t i = 0; i < 8; i++) {
        store_u64(room + i, UINT64_C(0x0102030405060708));
        assert_int_equal(room[i], 8); /* little-endian */
        assert_true(load_u64(room + i) == UINT64_C(0x0102030405060708));
        store_u32(room + i, 0xdeadbeef);
        assert_true(load_u32(room + i) == 0xdeadbeef);
        store_u16(room + i, 0xbeef);
        assert_int_equal(load_u16(room + i), 0xbeef);
    }
}

struct sample {
    const char *text;
    size_t size;
    bool valid;
};

static const struct sample samples[] = {
    {"", 0, true},
    {"plain ASCII, longer than eight bytes", 36, true},
    {"a\0b", 3, true},
    {"\x7f", 1, true},
    {"\x80", 1, false},
    {"\xbf", 1, false},
    {"\xc0\x80", 2, false}, /* overlong NUL */
    {"\xc1\xbf", 2, false},
    {"\xc2\x80", 2, true}, /* U+0080 */
    {"\xc2", 1, false},
    {"\xc2\x7f", 2, false},
    {"\xc2\xc0", 2, false},
    {"\xdf\xbf", 2, true}, /* U+07FF */
    {"\xe0\x9f\xbf", 3, false},
    {"\xe0\xa0\x80", 3, true}, /* U+0800 */
    {"\xe0\xa0", 2, false},
    {"\xe0\xa0\x7f", 3, false},
    {"\xed\x9f\xbf", 3, true},  /* U+D7FF */
    {"\xed\xa0\x80", 3, false}, /* U+D800, a surrogate */
    {"\xed\xbf\xbf", 3, false},
    {"\xee\x80\x80", 3, true}, /* U+E000 */
    {"\xef\xbf\xbf", 3, true}, /* U+FFFF */
    {"\xf0\x8f\xbf\xbf", 4, false},
    {"\xf0\x90\x80\x80", 4, true}, /* U+10000 */
    {"\xf0\x90\x80", 3, false},
    {"\xf0\x90\x80\xc0", 4, false},
    {"\xf4\x8f\xbf\xbf", 4, true}, /* U+10FFFF */
    {"\xf4\x90\x80\x80", 4, false},
    {"\xf5\x80\x80\x80", 4, false},
    {"\xff", 1, false},
    {"温度", 6, true},
    {"1234567\xc3\xa9", 9, true}, /* the sequence crosses the eight-byte step */
    {"1234567\xc3", 8, false},
};

static void test_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        struct bytes text = bytes_of(samples[i].text, samples[i].size);
        if (bytes_are_utf8(text) != samples[i].valid)
            fail_msg("sample %zu", i);
    }
}

/* Every code point, encoded here from its definition, is accepted; surrogates are not. */
static void test_utf8_of_every_code_point(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x110fff; code++) {
        uint8_t at[4];
        size_t size;
        if (code < 0x80) {
            at[0] = (uint8_t)code;
            size = 1;
        } else if (code < 0x800) {
            at[0] = (uint8_t)(0xc0 | (code >> 6));
            size = 2;
        } else if (code < 0x10000) {
            at[0] = (uint8_t)(0xe0 | (code >> 12));
            size = 3;
        } else {
            at[0] = (uint8_t)(0xf0 | (code >> 18));
            size = 4;
        }
        for (size_t i = 1; i < size; i++)
            at[i] = (uint8_t)(0x80 | ((code >> (6 * (size - 1 - i))) & 0x3f));
        bool valid = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        assert_int_equal(bytes_are_utf8(bytes_of(at, size)), valid);
        assert_int_equal(bytes_utf8_step(bytes_of(at, size), 0), valid ? size : 0);
    }
}

static void test_utf8_step(void **state)
{
    (void)state;
    struct bytes text = bytes_text("a\xc3\xa9\xe6\xb8\xa9\xf0\x9f\x94\xa5\xff");
    assert_int_equal(bytes_utf8_step(text, 0), 1);
    assert_int_equal(bytes_utf8_step(text, 1), 2);
    assert_int_equal(bytes_utf8_step(text, 2), 0); /* in the middle */
    assert_int_equal(bytes_utf8_step(text, 3), 3);
    assert_int_equal(bytes_utf8_step(text, 6), 4);
    assert_int_equal(bytes_utf8_step(text, 10), 0);
    assert_int_equal(bytes_utf8_step(text, 11), 0); /* at the end */
    assert_int_equal(bytes_utf8_step(text, SIZE_MAX), 0);
}

static void test_arena(void **state)
{
    (void)state;
    struct arena arena;
    assert_int_equal(arena_init(&arena, 100), OK);
    uint8_t *a = arena_alloc(&arena, 1);
    uint8_t *b = arena_alloc(&arena, 17);
    assert_int_equal((uintptr_t)a % 16, 0);
    assert_ptr_equal(b, a + 16);
    uint8_t *c = arena_alloc(&arena, 52); /* 48 used, all that is left */
    assert_ptr_equal(c, a + 48);
    memset(c, 1, 52);
    assert_null(arena_alloc(&arena, 1));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 8));
    arena_reset(&arena);
    assert_null(arena_alloc(&arena, 101));
    assert_ptr_equal(arena_alloc(&arena, 100), a);
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 99), a); /* rounds up to the capacity, no further */
    assert_null(arena_alloc(&arena, 1));
    arena_done(&arena);
    arena_done(&arena); /* again is fine */
    assert_int_equal(arena_init(&arena, 0), OK);
    assert_null(arena_alloc(&arena, 1));
    arena_done(&arena);
    assert_int_equal(arena_init(&arena, SIZE_MAX / 2), ERR_NO_MEMORY);
}

static void test_hashes(void **state)
{
    (void)state;
    /* XXH3's own published values: stored state hashes depend on them. */
    assert_true(hash64("", 0, 0) == UINT64_C(0x2d06800538d394c2));
    struct hash128 empty = hash128("", 0, 0);
    assert_true(empty.high == UINT64_C(0x99aa06d3014798d8));
    assert_true(empty.low == UINT64_C(0x6001c324468d497f));
    assert_true(hash64("a", 1, 0) != hash64("a", 1, 1));
    assert_true(hash64("a", 1, 0) != hash64("b", 1, 0));
    char text[2000];
    memset(text, 'x', sizeof text);
    assert_true(hash64(text, 1999, 7) != hash64(text, 2000, 7));
    struct hash128 one = hash128(text, 2000, 7), same = hash128(text, 2000, 7);
    assert_true(one.low == same.low && one.high == same.high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_and_compare),
        cmocka_unit_test(test_loads_and_stores_at_any_alignment),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_of_every_code_point),
        cmocka_unit_test(test_utf8_step),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
