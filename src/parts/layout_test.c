/* The bytes of blocks and footers: any entries come back, at any width; limits at both sides. */
#include "parts/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct part_entries entries, back;
static struct part_block block[2];
static uint8_t bytes[PART_BLOCK_BYTES_MAX + PART_TAIL];

/* What the top says of the entries. */
static void block_of_entries(void)
{
    uint64_t offset = PART_HEADER_SIZE;
    block[0] = (struct part_block){.owner_first = entries.owners[0],
                                   .owner_last = entries.owners[entries.count - 1],
                                   .first_ns = INT64_MAX,
                                   .last_ns = INT64_MIN,
                                   .chunks_at = offset};
    for (uint32_t i = 0; i < entries.count; i++) {
        if (entries.first[i] < block[0].first_ns)
            block[0].first_ns = entries.first[i];
        if (entries.last[i] > block[0].last_ns)
            block[0].last_ns = entries.last[i];
        entries.offsets[i] = offset;
        offset += entries.sizes[i];
    }
    block[1].chunks_at = offset;
}

static bool block_comes_back(void)
{
    block_of_entries();
    size_t size = part_block_put(bytes, &entries);
    assert_in_range(size, PART_BLOCK_BYTES_MIN, PART_BLOCK_BYTES_MAX);
    if (!part_block_get(bytes_of(bytes, size), block, &back))
        return false;
    assert_int_equal(back.count, entries.count);
    for (uint32_t i = 0; i < entries.count; i++) {
        assert_int_equal(back.owners[i], entries.owners[i]);
        assert_true(back.first[i] == entries.first[i] && back.last[i] == entries.last[i]);
        assert_int_equal(back.offsets[i], entries.offsets[i]);
        assert_int_equal(back.sizes[i], entries.sizes[i]);
        assert_int_equal(back.samples[i], entries.samples[i]);
    }
    return true;
}

static uint64_t luck_bits(uint64_t *luck, unsigned bits)
{
    return bits == 0 ? 0 : test_random(luck) >> (64 - bits);
}

static void entries_make(uint64_t *luck, unsigned times, unsigned spans)
{
    static const int64_t units[] = {1, NS_PER_US, NS_PER_MS, NS_PER_S};
    int64_t unit = units[luck_below(luck, 4)];
    unsigned steps = (unsigned)luck_below(luck, 25), sizes = (unsigned)luck_below(luck, 27);
    uint32_t owner = (uint32_t)luck_bits(luck, 30);
    entries.count = 1 + (uint32_t)luck_below(luck, PART_BLOCK_ENTRIES);
    for (uint32_t i = 0; i < entries.count; i++) {
        int64_t first, last;
        uint32_t step = i == 0 ? 0 : (uint32_t)luck_bits(luck, steps);
        owner = UINT32_MAX - owner < step ? UINT32_MAX : owner + step;
        if (__builtin_mul_overflow((int64_t)luck_bits(luck, times), unit, &first))
            first = INT64_MIN;
        if (__builtin_mul_overflow((int64_t)luck_bits(luck, spans), unit, &last) ||
            __builtin_add_overflow(first, last, &last) || last < first)
            last = INT64_MAX;
        if (i > 0 && owner == entries.owners[i - 1] && first < entries.first[i - 1])
            first = last = entries.first[i - 1];
        entries.owners[i] = owner;
        entries.first[i] = first;
        entries.last[i] = last;
        entries.sizes[i] = 1 + (uint32_t)luck_bits(luck, sizes);
        entries.samples[i] = (uint32_t)luck_bits(luck, 1 + sizes % 32);
    }
}

static void test_blocks_of_any_width(void **state)
{
    (void)state;
    uint64_t luck = 3;
    for (unsigned times = 0; times <= 64; times++) {
        for (unsigned spans = 0; spans <= 64; spans += 1 + times % 3) {
            entries_make(&luck, times, spans);
            assert_true(block_comes_back());
        }
    }
}

static void one_entry(uint32_t size)
{
    entries.count = 1;
    entries.owners[0] = 1;
    entries.first[0] = entries.last[0] = 5;
    entries.sizes[0] = size;
    entries.samples[0] = UINT32_MAX;
}

static void test_size_of_chunks_at_both_sides(void **state)
{
    (void)state;
    one_entry(0);
    assert_false(block_comes_back());
    one_entry(1);
    assert_true(block_comes_back());
    one_entry(CHUNK_BYTES_MAX);
    assert_true(block_comes_back());
    one_entry(CHUNK_BYTES_MAX + 1);
    assert_false(block_comes_back());
}

/* A block that is whole, and not the one the top speaks of. */
static void test_blocks_that_the_top_does_not_mean(void **state)
{
    (void)state;
    uint64_t luck = 8;
    entries_make(&luck, 40, 20);
    while (entries.count < 10)
        entries_make(&luck, 40, 20);
    assert_true(block_comes_back());
    size_t size = part_block_put(bytes, &entries);
    struct part_block right[2] = {block[0], block[1]};
    for (int way = 0; way < 6; way++) {
        block[0] = right[0];
        block[1] = right[1];
        block[0].owner_first -= way == 0;
        block[0].owner_last += way == 1;
        block[0].first_ns += way == 2;
        block[0].last_ns -= way == 3;
        block[1].chunks_at += way == 4;
        block[1].chunks_at -= way == 5;
        assert_false(part_block_get(bytes_of(bytes, size), block, &back));
    }
    assert_true(part_block_get(bytes_of(bytes, size), right, &back));
    assert_false(part_block_get(bytes_of(bytes, size - 1), right, &back));
    assert_false(part_block_get(bytes_of(bytes, size + 1), right, &back));
}

static enum err footer_of_blocks(uint32_t blocks)
{
    uint8_t at[PART_FOOTER_SIZE];
    struct part_footer footer = {.blocks = blocks, .index_at = 1000, .top_at = 2000}, read;
    footer.info.chunks = (uint64_t)blocks * PART_BLOCK_ENTRIES;
    footer.info.bytes = footer.top_at + (uint64_t)blocks * PART_TOP_SIZE + PART_FOOTER_SIZE;
    footer.info.index_bytes = footer.info.bytes - PART_FOOTER_SIZE - footer.index_at;
    part_footer_put(at, &footer);
    return part_footer_get(at, &read);
}

static void test_number_of_blocks_at_both_sides(void **state)
{
    (void)state;
    assert_int_equal(footer_of_blocks(PART_BLOCKS_MAX), OK);
    assert_int_equal(footer_of_blocks(PART_BLOCKS_MAX + 1), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_of_any_width),
        cmocka_unit_test(test_size_of_chunks_at_both_sides),
        cmocka_unit_test(test_blocks_that_the_top_does_not_mean),
        cmocka_unit_test(test_number_of_blocks_at_both_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
