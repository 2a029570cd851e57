#include "base/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

typedef uint32_t crc_body(uint32_t seed, const void *at, size_t size);
static crc_body *const bodies[] = {crc32c, crc32c_hardware, crc32c_software};

/* One bit after the other, from the definition: the judge of the fast ones. */
static uint32_t crc_slow(uint32_t seed, const uint8_t *at, size_t size)
{
    uint32_t sum = ~seed;
    for (size_t i = 0; i < size; i++) {
        sum ^= at[i];
        for (unsigned bit = 0; bit < 8; bit++)
            sum = (sum >> 1) ^ (0x82f63b78u & (0u - (sum & 1)));
    }
    return ~sum;
}

/* RFC 3720, B.4 (its table prints the sums as bytes in the order of the wire). */
static void test_vectors_of_rfc_3720(void **state)
{
    (void)state;
    uint8_t zeros[32] = {0}, ones[32], up[32], down[32];
    static const uint8_t read_10[48] = {0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0, 0,
                                        0x14, 0,    0, 0, 0, 0, 4, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18,
                                        0x28, 0,    0, 0, 0, 0, 0, 0, 2, 0, 0, 0,    0, 0, 0, 0};
    memset(ones, 0xff, sizeof ones);
    for (uint8_t i = 0; i < 32; i++) {
        up[i] = i;
        down[i] = (uint8_t)(31 - i);
    }
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        assert_true(bodies[i](0, zeros, 32) == 0x8a9136aa);
        assert_true(bodies[i](0, ones, 32) == 0x62a8ab43);
        assert_true(bodies[i](0, up, 32) == 0x46dd794e);
        assert_true(bodies[i](0, down, 32) == 0x113fdb5c);
        assert_true(bodies[i](0, read_10, 48) == 0xd9963a56);
        assert_true(bodies[i](0, "123456789", 9) == 0xe3069283);
        assert_true(bodies[i](0, "", 0) == 0);
        assert_true(bodies[i](0x12345678, "", 0) == 0x12345678);
    }
}

static uint8_t *noise_make(size_t size)
{
    uint8_t *at = malloc(size);
    assert_non_null(at);
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < size; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        at[i] = (uint8_t)x;
    }
    return at;
}

/* Around every size at which the fast body changes its step: 8, 3 * 256, 3 * 2048, sums of them. */
static void test_all_bodies_agree_at_every_size_and_alignment(void **state)
{
    (void)state;
    enum { SIZE = 20000 };
    uint8_t *noise = noise_make(SIZE + 16);
    for (size_t size = 0; size <= SIZE; size += size < 2400 ? 1 : 61) {
        const uint8_t *at = noise + size % 16;
        uint32_t right = crc_slow(7, at, size);
        for (size_t i = 0; i < ARRAY_COUNT(bodies); i++)
            assert_true(bodies[i](7, at, size) == right);
    }
    static const size_t edges[] = {767, 768, 769, 6143, 6144, 6145, 6911, 6912, 6913, 12288};
    for (size_t k = 0; k < ARRAY_COUNT(edges); k++)
        for (size_t i = 0; i < ARRAY_COUNT(bodies); i++)
            assert_true(bodies[i](0, noise, edges[k]) == crc_slow(0, noise, edges[k]));
    free(noise);
}

static void test_a_sum_continues(void **state)
{
    (void)state;
    enum { SIZE = 9000 };
    uint8_t *noise = noise_make(SIZE);
    uint32_t whole = crc32c(0, noise, SIZE);
    for (size_t cut = 0; cut <= SIZE; cut += 97)
        assert_true(crc32c(crc32c(0, noise, cut), noise + cut, SIZE - cut) == whole);
    free(noise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_of_rfc_3720),
        cmocka_unit_test(test_all_bodies_agree_at_every_size_and_alignment),
        cmocka_unit_test(test_a_sum_continues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
