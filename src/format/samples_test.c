/* Sample records: what goes in comes out, bit by bit, for any values, times and gaps; and a lost
 * record is noticed. */
#include "format/format.h"
#include "base/test_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 12
#define RUN_BYTES ((size_t)1 << 20)

/* ---- a world of rows with contexts on both sides ------------------------------------------------
 */
struct world {
    uint64_t luck;
    struct row_shape shapes[ROWS];
    uint8_t types[ROWS][COLUMNS_MAX];
    struct row_context row_out[ROWS], row_in[ROWS];
    struct column_context out[ROWS][COLUMNS_MAX], in[ROWS][COLUMNS_MAX];
    uint8_t bytes[RUN_BYTES];
    struct sample_storage storage;
    struct samples_writer writer;
};
static struct world world;
/* What the luck drew last for each column and row. */
static struct value last_values[ROWS][COLUMNS_MAX];
static int64_t last_times[ROWS];

static uint64_t luck_below(uint64_t *luck, uint64_t limit)
{
    return test_random(luck) % limit;
}

static void world_writer(uint32_t generation)
{
    world.writer = (struct samples_writer){.at = world.bytes,
                                           .capacity = RUN_BYTES,
                                           .generation = generation,
                                           .wall_ns = INT64_C(1790000000123456789)};
}

static void world_begin(uint64_t seed)
{
    memset(&world, 0, sizeof world);
    memset(last_values, 0, sizeof last_values);
    memset(last_times, 0, sizeof last_times);
    world.luck = seed;
    static const uint16_t counts[ROWS] = {1, 10, 3, 8, 9, 256, 255, 64, 1, 2, 17, 5};
    uint32_t point = 1;
    for (uint32_t row = 0; row < ROWS; row++) {
        world.shapes[row] = (struct row_shape){row * 1000003u, point, counts[row]};
        point += counts[row];
        for (unsigned i = 0; i < counts[row]; i++)
            world.types[row][i] =
                row % 3 == 0 ? VALUE_FLOAT64 : (uint8_t)(1 + luck_below(&world.luck, 4));
    }
    world_writer(1);
}

static struct samples_reader world_reader(void)
{
    return (struct samples_reader){.run = bytes_of(world.bytes, world.writer.size),
                                   .generation = world.writer.generation,
                                   .wall_ns = world.writer.wall_ns};
}

static void world_write(unsigned row, const struct sample_row *sample)
{
    samples_write(&world.writer, &world.shapes[row], world.types[row], &world.row_out[row],
                  world.out[row], sample);
}

static enum err world_read(struct samples_reader *reader, unsigned row, struct sample_row *ret)
{
    return samples_read(reader, &world.shapes[row], &world.row_in[row], world.in[row],
                        &world.storage, ret);
}

static struct value real_value(double real)
{
    return value_of_real(real);
}

static struct value decimal(int64_t number, uint8_t scale)
{
    return (struct value){.type = VALUE_FLOAT64, .scale = scale, .present = true, .number = number};
}

static struct value raw(uint64_t bits)
{
    return (struct value){
        .type = VALUE_FLOAT64, .scale = SCALE_RAW, .present = true, .number = (int64_t)bits};
}

static void assert_values_same(const struct value *a, const struct value *b)
{
    assert_true(value_equal(a, b));
    if (a->type == VALUE_FLOAT64 && a->present) {
        double x = value_real(a), y = value_real(b);
        assert_memory_equal(&x, &y, sizeof x);
    }
}

static void assert_samples_same(const struct row_shape *shape, const struct sample_row *wrote,
                                const struct sample_row *read)
{
    assert_false(read->undecodable);
    assert_int_equal(wrote->row, read->row);
    assert_int_equal(wrote->count, read->count);
    assert_int_equal(wrote->arrival_time, read->arrival_time);
    if (!wrote->arrival_time)
        assert_true(wrote->time_ns == read->time_ns);
    assert_true((read->columns == NULL) == (read->count == shape->count));
    for (unsigned i = 0; i < wrote->count; i++) {
        unsigned a = wrote->columns ? wrote->columns[i] : i;
        unsigned b = read->columns ? read->columns[i] : i;
        assert_int_equal(a, b);
        assert_values_same(&wrote->values[i], &read->values[i]);
    }
}

/* ---- random samples -----------------------------------------------------------------------------
 */
static uint8_t luck_texts[STRING_VALUE_MAX];

static int64_t luck_integer(int64_t last)
{
    static const int64_t extremes[] = {
        INT64_MIN, INT64_MAX, 0, -1, 1, INT64_MIN + 1, INT64_C(1) << 53, -(INT64_C(1) << 53)};
    switch (luck_below(&world.luck, 8)) {
    case 0:
        return extremes[luck_below(&world.luck, ARRAY_COUNT(extremes))];
    case 1:
        return (int64_t)(test_random(&world.luck) >> luck_below(&world.luck, 64));
    default:
        return (int64_t)((uint64_t)last + luck_below(&world.luck, 9) - 4);
    }
}

static struct value luck_real(const struct value *last)
{
    int64_t limit = INT64_C(1) << 53;
    switch (luck_below(&world.luck, 24)) {
    case 0: {
        uint64_t bits = test_random(&world.luck);
        return (bits >> 52 & 0x7ff) == 0x7ff ? raw(1) : raw(bits);
    }
    case 1:
        return raw(UINT64_C(1) << 63); /* -0.0 */
    case 2:
        return decimal(luck_below(&world.luck, 2) ? limit : -limit,
                       (uint8_t)luck_below(&world.luck, 19));
    case 3:
    case 4:
        return decimal((int64_t)(test_random(&world.luck) >> (11 + luck_below(&world.luck, 53))),
                       (uint8_t)luck_below(&world.luck, 19));
    case 5:
        return raw((uint64_t)last->number ^ UINT64_C(0xff00) << luck_below(&world.luck, 30));
    default:
        break;
    }
    if (last->scale == SCALE_RAW || llabs(last->number) > limit - 100)
        return real_value(21.5);
    return decimal(last->number + (int64_t)luck_below(&world.luck, 21) - 10, last->scale);
}

static struct value luck_value(uint8_t type, const struct value *last, bool odd)
{
    struct value value = {.type = type, .present = true};
    if (type == VALUE_FLOAT64)
        value = luck_real(last);
    else if (type == VALUE_INT64)
        value.number = luck_integer(last->number);
    else if (type == VALUE_BOOL)
        value.number = (int64_t)luck_below(&world.luck, 2);
    else
        value.text = bytes_of(luck_texts, luck_below(&world.luck, 40) == 0
                                              ? luck_below(&world.luck, STRING_VALUE_MAX + 1)
                                              : luck_below(&world.luck, 20));
    if (type == VALUE_FLOAT64 && value.scale == SCALE_RAW &&
        ((uint64_t)value.number >> 52 & 0x7ff) == 0x7ff)
        value.number = 5;
    if (odd && luck_below(&world.luck, 3) == 0) {
        value.quality = (uint8_t)luck_below(&world.luck, 256);
        value.present = luck_below(&world.luck, 2) != 0;
    }
    return value;
}

static int64_t luck_time(int64_t last)
{
    static const int64_t extremes[] = {TIME_MIN_NS, TIME_MAX_NS - 1, 1, NS_PER_S,
                                       TIME_MAX_NS - NS_PER_S};
    int64_t time_ns = last;
    switch (luck_below(&world.luck, 12)) {
    case 0:
        return extremes[luck_below(&world.luck, ARRAY_COUNT(extremes))];
    case 1:
        return (int64_t)(test_random(&world.luck) % (uint64_t)TIME_MAX_NS);
    case 2:
        time_ns = last + (int64_t)luck_below(&world.luck, 2000) - 1000;
        break;
    case 3:
        time_ns = last + ((int64_t)luck_below(&world.luck, 2000) - 1000) * NS_PER_US;
        break;
    default:
        time_ns = last + 10 * NS_PER_S + (int64_t)luck_below(&world.luck, 20) * NS_PER_MS;
    }
    return time_ns < TIME_MIN_NS || time_ns >= TIME_MAX_NS ? NS_PER_S : time_ns;
}

struct drawn {
    struct sample_row sample;
    uint8_t columns[COLUMNS_MAX];
    struct value values[COLUMNS_MAX];
};
static void luck_sample(unsigned row, struct drawn *drawn)
{
    const struct row_shape *shape = &world.shapes[row];
    bool all = luck_below(&world.luck, 3) != 0, odd = luck_below(&world.luck, 6) == 0;
    unsigned count = 0;
    for (unsigned column = 0; column < shape->count; column++) {
        bool must = column + 1u == shape->count && count == 0;
        if (!all && !must && luck_below(&world.luck, 2) == 0)
            continue;
        struct value *last = &last_values[row][column];
        drawn->columns[count] = (uint8_t)column;
        drawn->values[count] = luck_value(world.types[row][column], last, odd);
        *last = drawn->values[count++];
    }
    last_times[row] = luck_time(last_times[row]);
    drawn->sample = (struct sample_row){.row = shape->row,
                                        .count = (uint16_t)count,
                                        .arrival_time = luck_below(&world.luck, 9) == 0,
                                        .time_ns = last_times[row],
                                        .columns = all ? NULL : drawn->columns,
                                        .values = drawn->values};
}

/* ---- round trips --------------------------------------------------------------------------------
 */
static struct drawn drawns[64];

static size_t text_bytes(const struct sample_row *sample)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < sample->count; i++)
        bytes += sample->values[i].text.size;
    return bytes;
}

/* Writes up to 64 records, reads them back, compares; each record keeps to its bound. */
static void round_of_records(void)
{
    unsigned rows[ARRAY_COUNT(drawns)], count = 0;
    world_writer(world.writer.generation);
    while (count < ARRAY_COUNT(drawns)) {
        unsigned row = (unsigned)luck_below(&world.luck, ROWS);
        luck_sample(row, &drawns[count]);
        size_t most =
            SAMPLE_RECORD_BYTES_MAX(world.shapes[row].count, text_bytes(&drawns[count].sample));
        if (world.writer.capacity - world.writer.size < most)
            break;
        size_t before = world.writer.size;
        world_write(row, &drawns[count].sample);
        assert_true(world.writer.size - before <= most);
        rows[count++] = row;
    }
    struct samples_reader reader = world_reader();
    uint32_t ahead[8];
    for (unsigned i = 0; i < count; i++) {
        uint32_t row;
        assert_int_equal(samples_peek(&reader, &row), OK);
        assert_int_equal(row, world.shapes[rows[i]].row);
        size_t seen = samples_peek_ahead(&reader, ahead, 8);
        assert_int_equal(seen, count - i < 8 ? count - i : 8);
        assert_int_equal(ahead[seen - 1], world.shapes[rows[i + seen - 1]].row);
        struct sample_row sample;
        assert_int_equal(world_read(&reader, rows[i], &sample), OK);
        assert_false(sample.predecessor_lost);
        assert_samples_same(&world.shapes[rows[i]], &drawns[i].sample, &sample);
        if (sample.arrival_time)
            assert_true(sample.time_ns == sample_arrival_ns(reader.wall_ns, i));
    }
    uint32_t row;
    assert_int_equal(samples_peek(&reader, &row), ERR_MISSING);
    assert_int_equal(reader.ordinal, count);
}

static void any_sample_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof luck_texts; i++)
        luck_texts[i] = (uint8_t)i;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        world_begin(seed);
        for (unsigned round = 0; round < 60; round++) {
            round_of_records();
            if (round % 16 == 15)
                world.writer.generation++;
        }
    }
}

/* ---- single records -----------------------------------------------------------------------------
 */
static void write_one(unsigned row, int64_t time_ns, const struct value *values)
{
    struct sample_row sample = {.row = world.shapes[row].row,
                                .count = world.shapes[row].count,
                                .time_ns = time_ns,
                                .values = values};
    world_write(row, &sample);
}

static void integers_at_the_ends_of_their_range(void **state)
{
    (void)state;
    static const int64_t numbers[] = {INT64_MIN, INT64_MAX, INT64_MIN, 0, INT64_MAX, -1, INT64_MIN};
    world_begin(1);
    world.types[0][0] = VALUE_INT64;
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        struct value value = {.type = VALUE_INT64, .present = true, .number = numbers[i]};
        write_one(0, NS_PER_S * (int64_t)i, &value);
    }
    struct samples_reader reader = world_reader();
    struct sample_row sample;
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        assert_int_equal(world_read(&reader, 0, &sample), OK);
        assert_true(sample.values[0].number == numbers[i]);
    }
}

static void times_at_the_ends_of_their_range(void **state)
{
    (void)state;
    static const int64_t times[] = {TIME_MAX_NS - 1,
                                    TIME_MIN_NS,
                                    TIME_MAX_NS - 1,
                                    TIME_MAX_NS - NS_PER_S,
                                    1,
                                    NS_PER_MS,
                                    NS_PER_US,
                                    0};
    for (size_t first = 0; first < ARRAY_COUNT(times); first++) {
        world_begin(first);
        struct value value = real_value(1);
        for (size_t i = 0; i < ARRAY_COUNT(times); i++)
            write_one(0, times[(first + i) % ARRAY_COUNT(times)], &value);
        struct samples_reader reader = world_reader();
        struct sample_row sample;
        for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
            assert_int_equal(world_read(&reader, 0, &sample), OK);
            assert_true(sample.time_ns == times[(first + i) % ARRAY_COUNT(times)]);
        }
    }
}

static void first_record_carries_the_schema(void **state)
{
    (void)state;
    world_begin(7);
    struct drawn *drawn = &drawns[0];
    for (unsigned row = 0; row < ROWS; row++) {
        luck_sample(row, drawn);
        world_write(row, &drawn->sample);
        luck_sample(row, drawn);
        world_write(row, &drawn->sample);
    }
    struct samples_reader reader = world_reader();
    for (unsigned row = 0; row < ROWS; row++) {
        struct row_shape shape;
        uint8_t types[COLUMNS_MAX];
        struct sample_row sample;
        assert_int_equal(samples_peek_schema(&reader, &shape, types), OK);
        assert_int_equal(shape.row, world.shapes[row].row);
        assert_int_equal(shape.first_point, world.shapes[row].first_point);
        assert_int_equal(shape.count, world.shapes[row].count);
        assert_memory_equal(types, world.types[row], shape.count);
        assert_int_equal(world_read(&reader, row, &sample), OK);
        assert_int_equal(world.row_in[row].since_key, 0);
        assert_int_equal(samples_peek_schema(&reader, &shape, types), ERR_MISSING);
        assert_int_equal(world_read(&reader, row, &sample), OK);
    }
}

static void wrong_schema_is_damage(void **state)
{
    (void)state;
    world_begin(7);
    struct value value = real_value(1);
    write_one(0, 0, &value);
    struct sample_row sample;
    struct row_shape good = world.shapes[0];
    for (unsigned i = 0; i < 3; i++) {
        struct samples_reader reader = world_reader();
        world.shapes[0] = good;
        world.shapes[0].first_point += i == 0;
        world.shapes[0].count = (uint16_t)(good.count + (i == 1));
        world.shapes[0].row += i == 2;
        assert_int_equal(world_read(&reader, 0, &sample), ERR_CORRUPT);
        assert_int_equal(reader.offset, 0);
    }
}

static void changed_type_writes_a_new_schema(void **state)
{
    (void)state;
    world_begin(7);
    struct value one = real_value(1.5), two = {.type = VALUE_BOOL, .present = true, .number = 1};
    write_one(0, 0, &one);
    world.types[0][0] = VALUE_BOOL;
    write_one(0, NS_PER_S, &two);
    struct samples_reader reader = world_reader();
    struct sample_row sample;
    assert_int_equal(world_read(&reader, 0, &sample), OK);
    struct row_shape shape;
    uint8_t types[COLUMNS_MAX];
    assert_int_equal(samples_peek_schema(&reader, &shape, types), OK);
    assert_int_equal(types[0], VALUE_BOOL);
    assert_int_equal(world_read(&reader, 0, &sample), OK);
    assert_false(sample.predecessor_lost);
    assert_true(value_equal(&sample.values[0], &two));
}

/* ---- gaps ---------------------------------------------------------------------------------------
 */
/* 40 records of row 0; those in [from, to) never arrive. Returns how many were undecodable. */
static unsigned read_with_gap(unsigned from, unsigned to, bool suspicious)
{
    size_t ends[41] = {0};
    world_begin(3);
    for (unsigned i = 0; i < 40; i++) {
        struct value value = real_value(20 + (double)i / 10);
        write_one(0, NS_PER_S * (int64_t)i, &value);
        ends[i + 1] = world.writer.size;
    }
    unsigned undecodable = 0;
    struct samples_reader reader = world_reader();
    for (unsigned i = 0; i < 40; i++) {
        struct sample_row sample;
        if (i >= from && i < to)
            continue;
        reader.offset = ends[i];
        reader.suspicious = suspicious && i >= to;
        assert_int_equal(world_read(&reader, 0, &sample), OK);
        assert_true(sample.predecessor_lost == (i == to && from < to));
        undecodable += sample.undecodable;
        assert_int_equal(sample.count, sample.undecodable ? 0 : 1);
        if (!sample.undecodable)
            assert_true(value_real(&sample.values[0]) == 20 + (double)i / 10);
    }
    return undecodable;
}

static void lost_records_are_noticed(void **state)
{
    (void)state;
    assert_int_equal(read_with_gap(40, 40, false), 0);
    assert_int_equal(read_with_gap(3, 4, false), 12);  /* 4..15 wait for the key frame 16 */
    assert_int_equal(read_with_gap(0, 1, false), 15);  /* without the schema as well */
    assert_int_equal(read_with_gap(15, 16, false), 0); /* the next is a key frame */
    assert_int_equal(read_with_gap(16, 17, false), 15);
    assert_int_equal(read_with_gap(2, 30, false), 2);
}

static void a_suspicious_reader_believes_key_frames_only(void **state)
{
    (void)state;
    assert_int_equal(read_with_gap(0, 0, true), 0); /* begins with a key frame */
    assert_int_equal(read_with_gap(5, 5, true), 11);
    assert_int_equal(read_with_gap(16, 16, true), 0);
}

static void a_broken_row_waits_for_its_key_frame(void **state)
{
    (void)state;
    world_begin(3);
    struct value value = real_value(20);
    for (unsigned i = 0; i < 20; i++)
        write_one(0, NS_PER_S * (int64_t)i, &value);
    struct samples_reader reader = world_reader();
    struct sample_row sample;
    for (unsigned i = 0; i < 20; i++) {
        if (i == 4)
            world.row_in[0].broken = true;
        assert_int_equal(world_read(&reader, 0, &sample), OK);
        assert_true(sample.undecodable == (i >= 4 && i < 16));
        assert_false(sample.predecessor_lost);
    }
}

static void the_counter_is_back_after_2048_records(void **state)
{
    (void)state;
    for (unsigned lost = 2047; lost <= 2049; lost++) {
        world_begin(3);
        struct value value = real_value(20);
        write_one(0, 0, &value);
        for (unsigned i = 0; i < lost; i++) {
            world_writer(1);
            write_one(0, NS_PER_S, &value);
        }
        /* Read the first again from a world of its own, then the one after the gap. */
        struct row_context row = world.row_out[0];
        struct column_context column = world.out[0][0];
        world_begin(3);
        write_one(0, 0, &value);
        world.row_out[0] = row;
        world.out[0][0] = column;
        write_one(0, NS_PER_S, &value);
        struct samples_reader reader = world_reader();
        struct sample_row sample;
        assert_int_equal(world_read(&reader, 0, &sample), OK);
        reader.suspicious = lost == 2048; /* the counter fits again: only suspicion helps */
        assert_int_equal(world_read(&reader, 0, &sample), OK);
        assert_true(sample.predecessor_lost == (lost != 2048));
        assert_true(sample.undecodable == (lost != 2047)); /* record 2048 is a key frame */
    }
}

static void an_unknown_row_is_stepped_over(void **state)
{
    (void)state;
    world_begin(3);
    for (unsigned i = 0; i < 30; i++) {
        luck_sample(5, &drawns[0]);
        world_write(5, &drawns[0].sample);
    }
    struct row_shape unknown = {.row = world.shapes[5].row};
    struct samples_reader reader = world_reader();
    struct sample_row sample;
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(
            samples_read(&reader, &unknown, &world.row_in[5], NULL, &world.storage, &sample), OK);
        assert_true(sample.undecodable);
        assert_int_equal(sample.count, 0);
    }
    assert_int_equal(samples_peek(&reader, &unknown.row), ERR_MISSING);
}

/* Every cut and every flipped bit is answered, never followed out of the run. */
static void damaged_runs_are_answered(void **state)
{
    (void)state;
    world_begin(11);
    world_writer(1);
    unsigned rows[20];
    for (unsigned i = 0; i < 20; i++) {
        rows[i] = (unsigned)luck_below(&world.luck, 5);
        luck_sample(rows[i], &drawns[i]);
        world_write(rows[i], &drawns[i].sample);
    }
    size_t size = world.writer.size < 3000 ? world.writer.size : 3000;
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    for (size_t bit = 0; bit < 8 * size + size; bit++) {
        size_t cut = bit < 8 * size ? size : bit - 8 * size;
        memcpy(copy, world.bytes, size);
        if (bit < 8 * size)
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct samples_reader reader = world_reader();
        reader.run = bytes_of(copy, cut);
        memset(world.row_in, 0, sizeof world.row_in);
        struct sample_row sample;
        for (unsigned i = 0; i < 20; i++) {
            if (world_read(&reader, rows[i], &sample) != OK)
                break;
        }
    }
    free(copy);
}

/* ---- size ---------------------------------------------------------------------------------------
 */
/* Bytes a record of a fleet: `rows` devices of `columns` metrics that move by up to `step` in their
 * last decimal, every 10 s with some ms of jitter, in order of a random walk over the rows. */
static double fleet_bytes(unsigned columns, unsigned rows, unsigned step, unsigned jitter_ms)
{
    const unsigned records = 96;
    uint64_t luck = 5;
    struct row_context *contexts = calloc(rows, sizeof *contexts);
    struct column_context *bases = calloc((size_t)rows * columns, sizeof *bases);
    int64_t *numbers = calloc((size_t)rows * columns, sizeof *numbers);
    static uint8_t bytes[SAMPLE_RECORD_BYTES_MAX(COLUMNS_MAX, 0) * 2];
    static uint8_t types[COLUMNS_MAX];
    assert_true(contexts && bases && numbers);
    memset(types, VALUE_FLOAT64, sizeof types);
    uint64_t total = 0;
    uint32_t row_last = 0;
    for (unsigned record = 0; record < records; record++) {
        int64_t wall_ns = INT64_C(1790000000000000000) + record * 10 * NS_PER_S;
        for (uint32_t i = 0; i < rows; i++) {
            uint32_t row = (i / 30 * 7919 % (rows / 30)) * 30 + i % 30; /* bursts of 30 */
            struct row_shape shape = {row, row * columns + 1, (uint16_t)columns};
            struct value values[COLUMNS_MAX];
            for (unsigned column = 0; column < columns; column++) {
                int64_t *number = &numbers[(size_t)row * columns + column];
                *number += record ? (int64_t)luck_below(&luck, 2 * step + 1) - (int64_t)step
                                  : (int64_t)luck_below(&luck, 5000);
                values[column] = decimal(*number, 2);
                while (values[column].scale > 0 && values[column].number % 10 == 0) {
                    values[column].number /= 10;
                    values[column].scale--;
                }
            }
            int64_t jitter = (int64_t)luck_below(&luck, 2 * jitter_ms + 1) * NS_PER_MS;
            struct sample_row sample = {.row = row,
                                        .count = (uint16_t)columns,
                                        .time_ns = wall_ns + row % 10000 * NS_PER_MS + jitter,
                                        .values = values};
            struct samples_writer writer = {.at = bytes,
                                            .capacity = sizeof bytes,
                                            .row_last = row_last,
                                            .generation = 1,
                                            .wall_ns = wall_ns + 10 * NS_PER_S};
            samples_write(&writer, &shape, types, &contexts[row], &bases[(size_t)row * columns],
                          &sample);
            row_last = row;
            total += writer.size;
        }
    }
    free(contexts);
    free(bases);
    free(numbers);
    return (double)total / records / rows;
}

static void records_keep_to_the_budget(void **state)
{
    (void)state;
    static const unsigned steps[] = {1, 2, 5, 20}, jitters[] = {1, 5, 50};
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(jitters); j++) {
            double ten = fleet_bytes(10, 30000, steps[i], jitters[j]) / 10;
            double one = fleet_bytes(1, 30000, steps[i], jitters[j]);
            print_message("steps of %u, jitter %u ms: %.2f B a value in rows of 10, %.2f alone\n",
                          steps[i], jitters[j], ten, one);
            if (steps[i] <= 5) {
                assert_true(ten <= 1.7);
                assert_true(one <= 7.0);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_sample_comes_back),
        cmocka_unit_test(integers_at_the_ends_of_their_range),
        cmocka_unit_test(times_at_the_ends_of_their_range),
        cmocka_unit_test(first_record_carries_the_schema),
        cmocka_unit_test(wrong_schema_is_damage),
        cmocka_unit_test(changed_type_writes_a_new_schema),
        cmocka_unit_test(lost_records_are_noticed),
        cmocka_unit_test(a_suspicious_reader_believes_key_frames_only),
        cmocka_unit_test(a_broken_row_waits_for_its_key_frame),
        cmocka_unit_test(the_counter_is_back_after_2048_records),
        cmocka_unit_test(an_unknown_row_is_stepped_over),
        cmocka_unit_test(damaged_runs_are_answered),
        cmocka_unit_test(records_keep_to_the_budget),
    };
    return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}
