/* The first block of a segment. */
#include "format/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static struct segment_header sample_header(void)
{
    return (struct segment_header){.version = FORMAT_VERSION,
                                   .kind = SEGMENT_SAMPLES,
                                   .number = UINT64_C(0x100000002),
                                   .epoch = 99,
                                   .generation = 2,
                                   .first_position = 12345,
                                   .previous_end = 4096 * 7,
                                   .wall_ns = INT64_C(1790000000000000000),
                                   .journal = {UINT64_MAX, 1},
                                   .last_position = 54321};
}

static void what_was_put_is_got(void **state)
{
    (void)state;
    uint8_t block[SEGMENT_HEADER_SIZE];
    for (uint8_t kind = SEGMENT_OPEN; kind <= SEGMENT_SAMPLES; kind++) {
        struct segment_header in = sample_header(), out;
        in.kind = kind;
        segment_header_put(block, &in);
        assert_int_equal(segment_header_get(bytes_of(block, sizeof block), &out), OK);
        assert_int_equal(out.version, in.version);
        assert_int_equal(out.kind, in.kind);
        assert_true(out.number == in.number);
        assert_true(out.epoch == in.epoch);
        assert_int_equal(out.generation, in.generation);
        assert_true(out.first_position == in.first_position);
        assert_true(out.previous_end == in.previous_end);
        assert_true(out.wall_ns == in.wall_ns);
        assert_memory_equal(out.journal, in.journal, sizeof in.journal);
        assert_true(out.last_position == in.last_position);
    }
}

static void damage_is_not_taken_for_a_newer_version(void **state)
{
    (void)state;
    uint8_t block[SEGMENT_HEADER_SIZE];
    struct segment_header header = sample_header(), out;
    segment_header_put(block, &header);
    for (size_t bit = 0; bit < 8 * sizeof block; bit++) {
        block[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(segment_header_get(bytes_of(block, sizeof block), &out), ERR_CORRUPT);
        block[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(segment_header_get(bytes_of(block, sizeof block - 1), &out), ERR_CORRUPT);
    assert_int_equal(segment_header_get(bytes_of(block, 0), &out), ERR_CORRUPT);
}

/* A field set by hand, under a sum that fits. */
static enum err get_with(size_t offset, uint32_t field, struct segment_header *out)
{
    uint8_t block[SEGMENT_HEADER_SIZE];
    struct segment_header header = sample_header();
    segment_header_put(block, &header);
    store_u32(block + offset, field);
    store_u32(block + sizeof block - 4, crc32c(0, block, sizeof block - 4));
    return segment_header_get(bytes_of(block, sizeof block), out);
}

static void versions_kinds_and_generations(void **state)
{
    (void)state;
    struct segment_header out;
    assert_int_equal(get_with(8, FORMAT_VERSION, &out), OK);
    assert_int_equal(get_with(8, FORMAT_VERSION + 1, &out), ERR_NEWER);
    assert_int_equal(out.version, FORMAT_VERSION + 1);
    assert_int_equal(get_with(8, 0, &out), ERR_CORRUPT);
    assert_int_equal(get_with(12, 0, &out), ERR_CORRUPT);
    assert_int_equal(get_with(12, SEGMENT_MESSAGES, &out), OK);
    assert_int_equal(get_with(12, SEGMENT_MESSAGES + 1, &out), ERR_CORRUPT);
    assert_int_equal(get_with(32, 0, &out), ERR_CORRUPT);
}

/* Which lanes have a file; before there were three nothing was said. */
static void lanes_of_a_squeezed_segment(void **state)
{
    (void)state;
    struct segment_header out;
    for (uint32_t kind = SEGMENT_OPEN; kind <= SEGMENT_MESSAGES; kind++) {
        for (uint8_t lanes = 0; lanes < 8; lanes++) {
            uint8_t block[SEGMENT_HEADER_SIZE];
            struct segment_header header = sample_header();
            header.kind = (uint8_t)kind;
            header.lanes = lanes;
            segment_header_put(block, &header);
            assert_int_equal(segment_header_get(bytes_of(block, sizeof block), &out), OK);
            assert_int_equal(out.lanes, lanes == 0 && kind != SEGMENT_OPEN ? 3 : lanes);
        }
    }
    assert_int_equal(get_with(88, 7, &out), OK);
    assert_int_equal(get_with(88, 8, &out), ERR_CORRUPT);
    assert_int_equal(get_with(88, 255, &out), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_got),
        cmocka_unit_test(damage_is_not_taken_for_a_newer_version),
        cmocka_unit_test(versions_kinds_and_generations),
        cmocka_unit_test(lanes_of_a_squeezed_segment),
    };
    return cmocka_run_group_tests_name("segment_header", tests, NULL, NULL);
}
