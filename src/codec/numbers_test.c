/* Streams of numbers: every width of every kind of block, patches, ends of the range, reading from
 * anywhere, and bytes that are none. */
#include "codec/fixture.h"
#include "codec/numbers.h"

#define COUNT_MAX 1000

struct room {
    struct stream_scratch scratch;
    int64_t numbers[CHUNK_ROWS_MAX], back[CHUNK_ROWS_MAX];
    uint8_t bytes[STREAM_BYTES_MAX(CHUNK_ROWS_MAX)];
};
static struct room room;

/* Writes room.numbers and reads them back, whole; the bytes. */
static size_t goes_both_ways(uint32_t count)
{
    struct chunk_stream stream;
    size_t size = stream_put(room.bytes, room.numbers, count, &room.scratch);
    assert_true(size <= STREAM_BYTES_MAX(count));
    /* Memory of its own, so that a sanitizer sees a byte read behind the end. */
    uint8_t *copy = malloc(size);
    memcpy(copy, room.bytes, size);
    assert_int_equal(stream_open(bytes_of(copy, size), count, &stream), OK);
    memset(room.back, 0xee, sizeof room.back[0] * count);
    assert_int_equal(stream_get(&stream, 0, count, room.back), OK);
    assert_memory_equal(room.numbers, room.back, count * sizeof room.numbers[0]);
    free(copy);
    return size;
}

static int64_t noise(uint64_t *luck, unsigned width)
{
    return width ? (int64_t)(test_random(luck) >> (64 - width)) : 0;
}

/* Numbers whose differences of this order are noise of so many bits. */
static void noise_of_order(uint64_t *luck, unsigned order, unsigned width, uint32_t count)
{
    uint64_t base = test_random(luck);
    for (uint32_t i = 0; i < count; i++)
        room.numbers[i] = (int64_t)(base + (uint64_t)noise(luck, width));
    for (; order > 0; order--) {
        for (uint32_t i = 1; i < count; i++)
            room.numbers[i] = (int64_t)((uint64_t)room.numbers[i] + (uint64_t)room.numbers[i - 1]);
    }
}

static void every_width_of_every_order(void **state)
{
    (void)state;
    uint64_t luck = 2;
    static const uint32_t counts[] = {1, 2, 3, 127, 128, 129, 300};
    for (unsigned order = 0; order <= 3; order++)
        for (unsigned width = 0; width <= 64; width++)
            for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
                noise_of_order(&luck, order, width, counts[i]);
                goes_both_ways(counts[i]);
            }
}

static void lines_with_noise(void **state)
{
    (void)state;
    uint64_t luck = 3;
    for (unsigned width = 0; width <= 64; width++)
        for (unsigned steep = 0; steep <= 64; steep++) {
            uint64_t slope = steep ? test_random(&luck) >> (64 - steep) : 0;
            for (uint32_t i = 0; i < 256; i++)
                room.numbers[i] = (int64_t)(slope * i + (uint64_t)noise(&luck, width));
            goes_both_ways(256);
        }
}

static void jittered_times_are_a_line(void **state)
{
    (void)state;
    uint64_t luck = 4;
    for (uint32_t i = 0; i < 1024; i++)
        room.numbers[i] = (int64_t)(i * UINT64_C(10007) + luck_below(&luck, 16));
    /* Four bits of jitter and a few bytes by block; differences would take five. */
    assert_in_range(goes_both_ways(1024), 1024 / 2, 1024 / 2 + 8 * 16);
}

static void outliers_are_patched(void **state)
{
    (void)state;
    uint64_t luck = 5;
    for (uint32_t outliers = 0; outliers <= 40; outliers++) {
        for (uint32_t i = 0; i < 128; i++)
            room.numbers[i] = (int64_t)luck_below(&luck, 8);
        for (uint32_t i = 0; i < outliers; i++) {
            int64_t far = noise(&luck, 1 + (unsigned)luck_below(&luck, 64));
            room.numbers[luck_below(&luck, 128)] = i & 1 ? far : -far;
        }
        size_t size = goes_both_ways(128);
        if (outliers <= 4)
            assert_true(size <= 48 + 4 * VARINT_MAX + outliers * 10);
    }
}

static void ends_of_the_range(void **state)
{
    (void)state;
    static const int64_t ends[] = {INT64_MIN, INT64_MAX, 0, -1, 1, INT64_MIN + 1, INT64_MAX - 1};
    uint64_t luck = 6;
    for (unsigned round = 0; round < 3000; round++) {
        uint32_t count = 1 + (uint32_t)luck_below(&luck, 140);
        uint64_t choice = 1 + luck_below(&luck, ARRAY_COUNT(ends));
        for (uint32_t i = 0; i < count; i++)
            room.numbers[i] = ends[luck_below(&luck, choice)];
        goes_both_ways(count);
    }
}

static void constants_and_steps_take_no_blocks(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CHUNK_ROWS_MAX; i++)
        room.numbers[i] = -5;
    assert_int_equal(goes_both_ways(CHUNK_ROWS_MAX), 2);
    for (uint32_t i = 0; i < CHUNK_ROWS_MAX; i++)
        room.numbers[i] = 7 + (int64_t)i * 10;
    assert_int_equal(goes_both_ways(CHUNK_ROWS_MAX), 3);
}

static void common_divisors_are_taken_out(void **state)
{
    (void)state;
    uint64_t luck = 7;
    for (uint32_t i = 0; i < 512; i++)
        room.numbers[i] = 17 + (int64_t)luck_below(&luck, 16) * 327927;
    assert_in_range(goes_both_ways(512), 256, 256 + 40);
    room.numbers[100]++; /* one that is not a multiple: all the bits are needed */
    assert_true(goes_both_ways(512) > 1024);
}

static void any_part_can_be_read(void **state)
{
    (void)state;
    uint64_t luck = 8;
    struct chunk_stream stream;
    noise_of_order(&luck, 1, 9, COUNT_MAX);
    size_t size = stream_put(room.bytes, room.numbers, COUNT_MAX, &room.scratch);
    assert_int_equal(stream_open(bytes_of(room.bytes, size), COUNT_MAX, &stream), OK);
    for (unsigned round = 0; round < 20000; round++) {
        uint32_t first = (uint32_t)luck_below(&luck, COUNT_MAX + 1);
        uint32_t count = (uint32_t)luck_below(&luck, COUNT_MAX + 1 - first);
        room.back[count] = 77;
        assert_int_equal(stream_get(&stream, first, count, room.back), OK);
        assert_memory_equal(room.numbers + first, room.back, count * sizeof room.back[0]);
        assert_int_equal(room.back[count], 77);
    }
}

/* Cut anywhere, an error when what is missing is asked for; changed anywhere, no harm. */
static void broken_streams_are_refused(void **state)
{
    (void)state;
    uint64_t luck = 9;
    struct chunk_stream stream;
    noise_of_order(&luck, 1, 11, 300);
    room.numbers[50] += INT64_C(1) << 40;
    size_t size = stream_put(room.bytes, room.numbers, 300, &room.scratch);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *copy = malloc(cut ? cut : 1);
        memcpy(copy, room.bytes, cut);
        if (stream_open(bytes_of(copy, cut), 300, &stream) == OK)
            assert_int_equal(stream_get(&stream, 0, 300, room.back), ERR_CORRUPT);
        free(copy);
    }
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *copy = malloc(size);
        memcpy(copy, room.bytes, size);
        for (unsigned i = 0; i < 3; i++)
            copy[luck_below(&luck, size)] = (uint8_t)test_random(&luck);
        if (stream_open(bytes_of(copy, size), 300, &stream) == OK)
            (void)!stream_get(&stream, 0, 300, room.back);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_of_every_order),
        cmocka_unit_test(lines_with_noise),
        cmocka_unit_test(jittered_times_are_a_line),
        cmocka_unit_test(outliers_are_patched),
        cmocka_unit_test(ends_of_the_range),
        cmocka_unit_test(constants_and_steps_take_no_blocks),
        cmocka_unit_test(common_divisors_are_taken_out),
        cmocka_unit_test(any_part_can_be_read),
        cmocka_unit_test(broken_streams_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
