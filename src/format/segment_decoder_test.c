/* A whole segment's samples, read with nothing but the segment; holes and what they leave. */
#include "format/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 3000u
#define BODY_BYTES (BATCH_BYTES_MAX - BATCH_HEADER_SIZE)
#define WALL_NS INT64_C(1790000000000000000)

struct encoder {
    struct row_context rows[ROWS];
    struct column_context columns[ROWS][3];
    uint8_t body[BODY_BYTES];
    size_t size;
    uint32_t ordinal;
    unsigned times[ROWS]; /* records written of each row */
};
static struct encoder encoder;

static struct row_shape shape_of(uint32_t row)
{
    return (struct row_shape){row, row * 3 + 1, (uint16_t)(row % 3 + 1)};
}

/* A run of one record of each row in [from, to). */
static void encode_run(uint32_t from, uint32_t to)
{
    static const uint8_t types[] = {VALUE_FLOAT64, VALUE_INT64, VALUE_BOOL};
    struct samples_writer writer = {.at = encoder.body + encoder.size + RUN_HEADER_SIZE,
                                    .capacity = BODY_BYTES - encoder.size - RUN_HEADER_SIZE,
                                    .generation = 9,
                                    .ordinal = encoder.ordinal,
                                    .wall_ns = WALL_NS};
    for (uint32_t row = from; row < to; row++) {
        unsigned time = encoder.times[row]++;
        struct row_shape shape = shape_of(row);
        struct value values[3] = {
            {.type = VALUE_FLOAT64, .scale = 1, .present = true, .number = row + time},
            {.type = VALUE_INT64, .present = true, .number = time},
            {.type = VALUE_BOOL, .present = true, .number = time & 1}};
        struct sample_row sample = {.row = row,
                                    .count = shape.count,
                                    .arrival_time = row % 7 == 0,
                                    .time_ns = WALL_NS + time * NS_PER_S,
                                    .values = values};
        samples_write(&writer, &shape, types, &encoder.rows[row], encoder.columns[row], &sample);
    }
    run_header_put(encoder.body + encoder.size, LANE_SAMPLES, to - from, 0, (uint32_t)writer.size);
    encoder.size += RUN_HEADER_SIZE + writer.size;
    encoder.ordinal = writer.ordinal;
}

static void encode_begin(void)
{
    encoder.size = 0;
    encoder.ordinal = 0;
}

struct told {
    uint32_t records, undecodable, lost, nameless, wrong;
    unsigned times[ROWS]; /* what each row's next record must hold */
    uint32_t ordinal;
};
static struct told told;

static void tell(void *arg, const struct row_shape *shape, const struct sample_row *sample)
{
    struct told *t = arg;
    t->records++;
    t->lost += sample->predecessor_lost;
    t->nameless += shape->count == 0;
    if (sample->undecodable) {
        t->undecodable++;
        t->wrong += sample->count != 0;
    } else {
        struct row_shape real = shape_of(sample->row);
        unsigned time = t->times[sample->row];
        int64_t time_ns = sample->arrival_time ? sample_arrival_ns(WALL_NS, t->ordinal)
                                               : WALL_NS + time * NS_PER_S;
        t->wrong += shape->first_point != real.first_point || shape->count != real.count ||
                    sample->count != real.count || sample->time_ns != time_ns ||
                    sample->values[0].number != (int64_t)(sample->row + time);
    }
    t->times[sample->row]++;
    t->ordinal++;
}

static struct segment_decoder *decoder;

static int world_begin(void **state)
{
    (void)state;
    memset(&encoder, 0, sizeof encoder);
    memset(&told, 0, sizeof told);
    return segment_decoder_create(9, &decoder) == OK ? 0 : -1;
}

static int world_end(void **state)
{
    (void)state;
    segment_decoder_destroy(decoder);
    segment_decoder_destroy(NULL);
    return 0;
}

static enum err decode(void)
{
    struct batch_header header = {.wall_ns = WALL_NS};
    told.ordinal = 0;
    return segment_decoder_batch(decoder, &header, bytes_of(encoder.body, encoder.size), tell,
                                 &told);
}

/* One batch of all rows; `read` false: it is lost. */
static void batch_of(uint32_t from, uint32_t to, bool read)
{
    encode_begin();
    encode_run(from, to);
    if (read) {
        assert_int_equal(decode(), OK);
        return;
    }
    for (uint32_t row = from; row < to; row++)
        told.times[row]++;
}

static void all_is_read_over_many_batches(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        encode_begin();
        encode_run(0, ROWS / 2);
        run_header_put(encoder.body + encoder.size, LANE_FACTS, 0, 1, 0); /* skipped */
        encoder.size += RUN_HEADER_SIZE;
        encode_run(ROWS / 2, ROWS);
        assert_int_equal(decode(), OK);
    }
    assert_int_equal(told.records, 20 * ROWS);
    assert_int_equal(told.undecodable + told.lost + told.wrong + told.nameless, 0);
}

static void a_small_hole_costs_only_its_rows(void **state)
{
    (void)state;
    batch_of(0, 100, true);
    batch_of(0, 10, false);
    segment_decoder_hole(decoder, 10);
    batch_of(0, 100, true);
    assert_int_equal(told.records, 200);
    assert_int_equal(told.lost, 10);
    assert_int_equal(told.undecodable, 10);
    for (unsigned i = 0; i < 20; i++)
        batch_of(0, 100, true);
    assert_int_equal(told.lost, 10);
    assert_int_equal(told.undecodable, 10 * (16 - 2)); /* all till the key frame 16 */
    assert_int_equal(told.wrong, 0);
}

static void a_lost_schema_leaves_the_row_nameless(void **state)
{
    (void)state;
    batch_of(0, 5, false);
    segment_decoder_hole(decoder, 5);
    for (unsigned i = 0; i < 40; i++)
        batch_of(0, 6, true);
    assert_int_equal(told.records, 240);
    assert_int_equal(told.nameless, 200);
    assert_int_equal(told.undecodable, 200);
    assert_int_equal(told.wrong, 0);
}

static void large_hole(uint64_t first, uint64_t second, unsigned undecodable)
{
    batch_of(0, 10, true);
    if (first)
        segment_decoder_hole(decoder, first);
    if (second)
        segment_decoder_hole(decoder, second);
    for (unsigned i = 0; i < 20; i++)
        batch_of(0, 10, true);
    assert_int_equal(told.undecodable, undecodable);
    assert_int_equal(told.lost, 0);
    assert_int_equal(told.wrong, 0);
}

/* None of these holes took a record of rows 0-9; only a small one lets the counters prove it. */
static void a_hole_of_2047_records(void **state)
{
    (void)state;
    large_hole(2047, 0, 0);
}
static void a_hole_of_2048_records(void **state)
{
    (void)state;
    large_hole(2048, 0, 150);
}
static void a_hole_of_unknown_size(void **state)
{
    (void)state;
    large_hole(UINT64_MAX, 5, 150);
}
static void two_holes_together(void **state)
{
    (void)state;
    large_hole(1000, 1048, 150);
}

static void broken_batches_are_answered(void **state)
{
    (void)state;
    encode_begin();
    encode_run(0, 50);
    size_t size = encoder.size;
    struct batch_header header = {.wall_ns = WALL_NS};
    for (size_t cut = 1; cut < size; cut++)
        assert_int_equal(
            segment_decoder_batch(decoder, &header, bytes_of(encoder.body, cut), tell, &told),
            ERR_CORRUPT);
    run_header_put(encoder.body, LANE_SAMPLES, 49, 0, (uint32_t)(size - RUN_HEADER_SIZE));
    assert_int_equal(decode(), ERR_CORRUPT);
    run_header_put(encoder.body, LANE_SAMPLES, 51, 0, (uint32_t)(size - RUN_HEADER_SIZE));
    assert_int_equal(decode(), ERR_CORRUPT);
    run_header_put(encoder.body, LANE_SAMPLES, 50, 0, (uint32_t)(size - RUN_HEADER_SIZE));
    assert_int_equal(decode(), OK);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(all_is_read_over_many_batches),
        WORLD_TEST(a_small_hole_costs_only_its_rows),
        WORLD_TEST(a_lost_schema_leaves_the_row_nameless),
        WORLD_TEST(a_hole_of_2047_records),
        WORLD_TEST(a_hole_of_2048_records),
        WORLD_TEST(a_hole_of_unknown_size),
        WORLD_TEST(two_holes_together),
        WORLD_TEST(broken_batches_are_answered),
    };
    return cmocka_run_group_tests_name("segment_decoder", tests, NULL, NULL);
}
