/* Batches: valid as a whole or not at all. */
#include "format/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const struct batch_header sample_header = {.epoch = UINT64_C(0x1122334455667788),
                                                  .position = 1000,
                                                  .durable = 990,
                                                  .engine_ns = -5,
                                                  .wall_ns = INT64_C(1790000000000000000),
                                                  .records = 7,
                                                  .body_bytes = 100,
                                                  .lanes = 7};

static uint8_t *batch_make(uint32_t body_bytes)
{
    uint8_t *batch = malloc(BATCH_HEADER_SIZE + (size_t)body_bytes);
    assert_non_null(batch);
    for (size_t i = 0; i < body_bytes; i++)
        batch[BATCH_HEADER_SIZE + i] = (uint8_t)(i * 31);
    struct batch_header header = sample_header;
    header.body_bytes = body_bytes;
    batch_seal(batch, &header);
    return batch;
}

static void what_was_sealed_opens(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 100, (uint32_t)(BATCH_BYTES_MAX - BATCH_HEADER_SIZE)};
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        uint8_t *batch = batch_make(sizes[i]);
        struct batch_header header;
        struct bytes body;
        struct bytes b = bytes_of(batch, BATCH_HEADER_SIZE + (size_t)sizes[i]);
        assert_int_equal(batch_open(b, sample_header.epoch, &header, &body), OK);
        assert_int_equal(header.body_bytes, sizes[i]);
        assert_true(header.epoch == sample_header.epoch);
        assert_true(header.position == sample_header.position);
        assert_true(header.durable == sample_header.durable);
        assert_true(header.engine_ns == sample_header.engine_ns);
        assert_true(header.wall_ns == sample_header.wall_ns);
        assert_int_equal(header.records, sample_header.records);
        assert_int_equal(header.lanes, sample_header.lanes);
        assert_ptr_equal(body.at, batch + BATCH_HEADER_SIZE);
        assert_int_equal(body.size, sizes[i]);
        assert_int_equal(batch_open(b, 0, &header, &body), OK);
        assert_int_equal(batch_open(b, 1, &header, &body), ERR_CORRUPT);
        b.size--;
        assert_int_equal(batch_open(b, 0, &header, &body), ERR_CORRUPT);
        free(batch);
    }
}

static void a_header_claims_its_size(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 100, (uint32_t)(BATCH_BYTES_MAX - BATCH_HEADER_SIZE)};
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        uint8_t *batch = batch_make(sizes[i]);
        assert_int_equal(batch_bytes_claimed(bytes_of(batch, BATCH_HEADER_SIZE)),
                         BATCH_HEADER_SIZE + sizes[i]);
        assert_int_equal(batch_bytes_claimed(bytes_of(batch, BATCH_HEADER_SIZE - 1)), 0);
        store_u32(batch + 52, (uint32_t)(BATCH_BYTES_MAX - BATCH_HEADER_SIZE + 1));
        assert_int_equal(batch_bytes_claimed(bytes_of(batch, BATCH_HEADER_SIZE)), 0);
        store_u32(batch + 52, 0);
        batch[0] ^= 1;
        assert_int_equal(batch_bytes_claimed(bytes_of(batch, BATCH_HEADER_SIZE)), 0);
        free(batch);
    }
}

static void any_flipped_bit_is_damage(void **state)
{
    (void)state;
    uint8_t *batch = batch_make(100);
    struct batch_header header;
    struct bytes body;
    for (size_t bit = 0; bit < 8 * (BATCH_HEADER_SIZE + 100); bit++) {
        batch[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(batch_open(bytes_of(batch, BATCH_HEADER_SIZE + 100), 0, &header, &body),
                         ERR_CORRUPT);
        batch[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t size = 0; size < BATCH_HEADER_SIZE + 100; size++)
        assert_int_equal(batch_open(bytes_of(batch, size), 0, &header, &body), ERR_CORRUPT);
    free(batch);
    uint8_t zeroes[FORMAT_BLOCK] = {0};
    assert_int_equal(batch_open(bytes_of(zeroes, sizeof zeroes), 0, &header, &body), ERR_CORRUPT);
}

static void runs_are_walked_in_order(void **state)
{
    (void)state;
    uint8_t body[3 * RUN_HEADER_SIZE + 15] = {0};
    run_header_put(body, LANE_FACTS, 2, 0, 5);
    run_header_put(body + RUN_HEADER_SIZE + 5, LANE_SAMPLES, 0xfffff, 0xfffff, 10);
    run_header_put(body + 2 * RUN_HEADER_SIZE + 15, LANE_FACTS, 0, 2, 0);
    static const struct {
        enum lane lane;
        uint32_t records, ordinal, bytes;
    } runs[] = {{LANE_FACTS, 2, 0, 5}, {LANE_SAMPLES, 0xfffff, 0xfffff, 10}, {LANE_FACTS, 0, 2, 0}};
    size_t offset = 0;
    enum lane lane;
    uint32_t records, ordinal;
    struct bytes run, all = bytes_of(body, sizeof body);
    for (size_t i = 0; i < ARRAY_COUNT(runs); i++) {
        assert_int_equal(batch_next_run(all, &offset, &lane, &records, &ordinal, &run), OK);
        assert_int_equal(lane, runs[i].lane);
        assert_int_equal(records, runs[i].records);
        assert_int_equal(ordinal, runs[i].ordinal);
        assert_int_equal(run.size, runs[i].bytes);
    }
    assert_int_equal(batch_next_run(all, &offset, &lane, &records, &ordinal, &run), ERR_MISSING);
}

/* A length of more than 20 bits has its high bits apart; those of shorter ones are as ever. */
static void runs_of_any_length(void **state)
{
    (void)state;
    static uint8_t body[BATCH_BYTES_MAX];
    static const uint32_t sizes[] = {
        0, 1, 0xfffff, 0x100000, 0x1fff00, (uint32_t)(BATCH_BYTES_MAX - RUN_HEADER_SIZE)};
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        size_t offset = 0, size = RUN_HEADER_SIZE + sizes[i];
        enum lane lane;
        uint32_t records, ordinal;
        struct bytes run;
        run_header_put(body, LANE_MESSAGES, 0xfffff, 0xfffff, sizes[i]);
        assert_int_equal(body[7] >> 6, sizes[i] >> 20);
        assert_int_equal(
            batch_next_run(bytes_of(body, size), &offset, &lane, &records, &ordinal, &run), OK);
        assert_int_equal(lane, LANE_MESSAGES);
        assert_true(records == 0xfffff && ordinal == 0xfffff);
        assert_true(run.size == sizes[i] && offset == size);
        offset = 0;
        assert_int_equal(
            batch_next_run(bytes_of(body, size - 1), &offset, &lane, &records, &ordinal, &run),
            ERR_CORRUPT);
    }
}

static void broken_runs_are_damage(void **state)
{
    (void)state;
    uint8_t body[RUN_HEADER_SIZE + 5] = {0};
    enum lane lane;
    uint32_t records, ordinal;
    struct bytes run;
    run_header_put(body, LANE_SAMPLES, 1, 0, 5);
    for (size_t size = 1; size < sizeof body; size++) {
        size_t offset = 0;
        assert_int_equal(
            batch_next_run(bytes_of(body, size), &offset, &lane, &records, &ordinal, &run),
            ERR_CORRUPT);
        assert_int_equal(offset, 0);
    }
    for (unsigned top = 0; top < 16; top++) { /* lane and the two high bits of the length */
        size_t offset = 0;
        body[7] = (uint8_t)(top << 4);
        bool valid = top >= LANE_FACTS && top <= LANE_MESSAGES;
        assert_int_equal(
            batch_next_run(bytes_of(body, sizeof body), &offset, &lane, &records, &ordinal, &run),
            valid ? OK : ERR_CORRUPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens),     cmocka_unit_test(a_header_claims_its_size),
        cmocka_unit_test(any_flipped_bit_is_damage), cmocka_unit_test(runs_are_walked_in_order),
        cmocka_unit_test(runs_of_any_length),        cmocka_unit_test(broken_runs_are_damage),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
