/* The index against a plain list of pairs, with honest hashes and with an attacker's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "state/state.h"

static uint64_t hash_of(uint64_t key)
{
    return hash64(&key, sizeof key, 1);
}

/* Is the pair among the candidates, and how often? */
static uint32_t pair_count(const struct index *index, uint64_t hash, uint32_t value)
{
    struct index_probe probe;
    uint32_t found = 0;
    for (uint32_t v = index_first(index, &probe, hash); v != INDEX_NONE;
         v = index_next(index, &probe))
        found += v == value;
    return found;
}

static void test_empty(void **arg)
{
    (void)arg;
    struct index *index;
    struct index_probe probe;
    assert_int_equal(index_create(&index), OK);
    index_prefetch(index, 77);
    assert_int_equal(index_first(index, &probe, 0), INDEX_NONE);
    assert_int_equal(index_next(index, &probe), INDEX_NONE);
    assert_int_equal(index_remove(index, 0, 0), ERR_MISSING);
    assert_int_equal(index_insert(index, 0, 0), OK);
    assert_int_equal(index_insert(index, UINT64_MAX, INDEX_NONE - 1), OK);
    assert_int_equal(pair_count(index, 0, 0), 1);
    assert_int_equal(pair_count(index, UINT64_MAX, INDEX_NONE - 1), 1);
    assert_int_equal(index_remove(index, 0, 1), ERR_MISSING);
    assert_int_equal(index_remove(index, 0, 0), OK);
    assert_int_equal(index_first(index, &probe, 0), INDEX_NONE);
    assert_int_equal(index_count(index), 1);
    index_destroy(index);
    index_destroy(NULL);
}

#define KEYS 60000u
static void keys_check(struct index *index, uint32_t removed_every)
{
    for (uint32_t key = 1; key <= KEYS; key++) {
        bool gone = removed_every != 0 && key % removed_every == 0;
        assert_int_equal(pair_count(index, hash_of(key), key), gone ? 0 : 1);
    }
    uint32_t absent = 0;
    for (uint32_t key = KEYS + 1; key <= 2 * KEYS; key++) {
        struct index_probe probe;
        absent += index_first(index, &probe, hash_of(key)) == INDEX_NONE;
    }
    assert_true(absent > KEYS - 10); /* a tag or two may agree by chance */
}

static void test_many(void **arg)
{
    (void)arg;
    for (int reserved = 0; reserved < 2; reserved++) {
        struct index *index;
        assert_int_equal(index_create(&index), OK);
        if (reserved)
            assert_int_equal(index_reserve(index, KEYS), OK);
        for (uint32_t key = 1; key <= KEYS; key++)
            assert_int_equal(index_insert(index, hash_of(key), key), OK);
        assert_int_equal(index_count(index), KEYS);
        keys_check(index, 0);
        for (uint32_t key = 3; key <= KEYS; key += 3)
            assert_int_equal(index_remove(index, hash_of(key), key), OK);
        keys_check(index, 3);
        for (uint32_t key = 3; key <= KEYS; key += 3)
            assert_int_equal(index_insert(index, hash_of(key), key), OK);
        keys_check(index, 0);
        for (uint32_t key = 1; key <= KEYS; key++)
            assert_int_equal(index_remove(index, hash_of(key), key), OK);
        assert_int_equal(index_count(index), 0);
        index_destroy(index);
    }
}

/* Runs that wrap around the end of a bucket, with removals in the middle of them. */
static void test_crowded_slots(void **arg)
{
    (void)arg;
    struct index *index;
    assert_int_equal(index_create(&index), OK);
    uint64_t hashes[200];
    for (uint32_t i = 0; i < 200; i++) {
        uint64_t home = 4095 - i % 7, above = i % 11;
        hashes[i] = (above << 12 | home) << 32;
        assert_int_equal(index_insert(index, hashes[i], i), OK);
    }
    for (uint32_t gone = 0; gone < 200; gone++) {
        uint32_t at = gone * 77 % 200;
        assert_int_equal(index_remove(index, hashes[at], at), OK);
        assert_int_equal(pair_count(index, hashes[at], at), 0);
        for (uint32_t left = gone + 1; left < 200; left++) {
            uint32_t other = left * 77 % 200;
            assert_int_equal(pair_count(index, hashes[other], other), 1);
        }
    }
    index_destroy(index);
}

/* The top 20 bits and the bucket are those of the one hash below, the tag is another. */
static uint64_t hash_like(uint64_t key)
{
    return UINT64_C(0xabcde00000000000) | (hash_of(key) >> 20 & ~(UINT64_C(1) << 32));
}

/* All with one hash, then all alike in the top 20 bits: slow, but right and bounded. */
static void test_adversary(void **arg)
{
    (void)arg;
    const uint32_t count = 9000;
    struct index *index;
    assert_int_equal(index_create(&index), OK);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(index_insert(index, UINT64_C(0xabcdef0123456789), i), OK);
    uint8_t *seen = calloc(1, count);
    struct index_probe probe;
    uint32_t found = 0;
    for (uint32_t v = index_first(index, &probe, UINT64_C(0xabcdef0123456789)); v != INDEX_NONE;
         v = index_next(index, &probe)) {
        assert_true(v < count && !seen[v]);
        seen[v] = 1;
        found++;
    }
    assert_int_equal(found, count);
    free(seen);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(index_insert(index, hash_like(i), i), OK);
    assert_true(index_memory(index) < 32 << 20);
    for (uint32_t i = 0; i < count; i += 100)
        assert_int_equal(pair_count(index, hash_like(i), i), 1);
    assert_int_equal(pair_count(index, UINT64_C(0x1bcdef0123456789), 5), 0);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(index_remove(index, UINT64_C(0xabcdef0123456789), count - 1 - i), OK);
    assert_int_equal(index_first(index, &probe, UINT64_C(0xabcdef0123456789)), INDEX_NONE);
    assert_int_equal(index_count(index), count);
    index_destroy(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_crowded_slots),
        cmocka_unit_test(test_adversary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
