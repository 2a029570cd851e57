/* Chunks: what goes in comes out, bit for bit, whole and in parts; summaries are folds; bytes that
 * are none are refused. */
#include <math.h>
#include <stdio.h>

#include "codec/fixture.h"

#define TEXT_BYTES 24

struct room {
    struct chunk_encoder *encoder;
    struct chunk_column_reader reader;
    uint64_t words[CHUNK_ROWS_MAX], back[CHUNK_ROWS_MAX];
    struct bytes texts[CHUNK_ROWS_MAX];
    uint8_t text_bytes[CHUNK_ROWS_MAX][TEXT_BYTES];
    uint8_t cells[CHUNK_ROWS_MAX], cells_back[CHUNK_ROWS_MAX];
    uint8_t qualities[CHUNK_ROWS_MAX], qualities_back[CHUNK_ROWS_MAX];
    int64_t times[CHUNK_ROWS_MAX], times_back[CHUNK_ROWS_MAX];
    uint8_t *bytes;
    size_t capacity, size;
};
static struct room *room;

static int house_build(void **state)
{
    (void)state;
    room = calloc(1, sizeof *room);
    assert_non_null(room);
    assert_int_equal(chunk_encoder_create(&room->encoder), OK);
    room->capacity = chunk_bytes_most(CHUNK_ROWS_MAX, 1, sizeof room->text_bytes);
    room->bytes = malloc(room->capacity);
    assert_non_null(room->bytes);
    return 0;
}

static int house_clear(void **state)
{
    (void)state;
    chunk_encoder_destroy(room->encoder);
    free(room->bytes);
    free(room);
    return 0;
}

/* ---- what columns are made of -------------------------------------------------------------- */
enum shape { /* of float64 */
             SHAPE_WALK,
             SHAPE_DECIMALS,
             SHAPE_FLOAT32,
             SHAPE_FLOAT32_DECIMAL,
             SHAPE_NOISE,
             SHAPE_ANY,
             SHAPE_FEW,
             SHAPE_CONSTANT,
             SHAPE_ZEROES,
             SHAPE_MIXED,
             SHAPE_SUBNORMAL,
             SHAPE_LARGE,
             SHAPE_HELD,
             SHAPES
};

static uint64_t shape_word(enum shape shape, uint64_t *luck, double *walk)
{
    static const uint64_t odd[] = {0,
                                   UINT64_C(1) << 63,
                                   1,
                                   UINT64_C(0x7fefffffffffffff),
                                   UINT64_C(0xffefffffffffffff),
                                   UINT64_C(0x0010000000000000)};
    static const double powers[] = {1, 10, 100, 1e3, 1e4, 1e5};
    double noise = (double)(int64_t)luck_below(luck, 2001) - 1000;
    switch (shape) {
    case SHAPE_WALK:
        *walk += (double)(int64_t)luck_below(luck, 21) - 10;
        return word_of(*walk / 100);
    case SHAPE_DECIMALS:
        return word_of(noise / powers[luck_below(luck, ARRAY_COUNT(powers))]);
    case SHAPE_FLOAT32:
        return word_of((double)((float)noise * 1.1e-3f));
    case SHAPE_FLOAT32_DECIMAL:
        return word_of((double)(float)(noise / 1000));
    case SHAPE_NOISE:
        return word_of(noise / 7 + (double)luck_below(luck, 1 << 30) * 1e-9);
    case SHAPE_ANY:
        return luck_finite(luck);
    case SHAPE_FEW:
        return word_of(1 / (double)(luck_below(luck, 20) + 3));
    case SHAPE_CONSTANT:
        return word_of(0.1);
    case SHAPE_ZEROES:
        return odd[luck_below(luck, ARRAY_COUNT(odd))];
    case SHAPE_MIXED:
        return luck_below(luck, 20) ? word_of(noise / 10) : luck_finite(luck);
    case SHAPE_SUBNORMAL:
        return luck_below(luck, UINT64_C(1) << 52) | (test_random(luck) & UINT64_C(1) << 63);
    case SHAPE_LARGE:
        return word_of(noise * 0x1p45 + (double)luck_below(luck, 100));
    case SHAPE_HELD:
        if (luck_below(luck, 4) == 0)
            *walk = noise / 16 + 0.01 * (double)luck_below(luck, 100);
        return word_of(*walk);
    case SHAPES:
        break;
    }
    return 0;
}

static uint64_t integer_word(unsigned shape, uint64_t *luck, uint64_t *walk)
{
    switch (shape % 6) {
    case 0:
        return *walk += luck_below(luck, 50);
    case 1:
        return test_random(luck);
    case 2:
        return luck_below(luck, 2) ? (uint64_t)INT64_MAX : (uint64_t)INT64_MIN;
    case 3:
        return (UINT64_C(1) << 53) + luck_below(luck, 1000);
    case 4:
        return luck_below(luck, 5) ? *walk : (*walk = test_random(luck) >> 40);
    default:
        return luck_below(luck, 30) * UINT64_C(0x123456789abcdef);
    }
}

static void times_make(uint64_t *luck, uint32_t rows)
{
    static const int64_t units[] = {1, NS_PER_US, NS_PER_MS, NS_PER_S, 7};
    int64_t unit = units[luck_below(luck, ARRAY_COUNT(units))];
    int64_t time = (int64_t)luck_below(luck, 4000000000) * unit;
    uint64_t jitter = luck_below(luck, 3) * luck_below(luck, 1000);
    for (uint32_t i = 0; i < rows; i++) {
        room->times[i] = time;
        time += unit * (int64_t)(luck_below(luck, 7) ? 1000 + luck_below(luck, jitter + 1) : 0);
    }
}

static struct chunk_column column_make(uint64_t *luck, uint8_t type, unsigned shape, uint32_t rows)
{
    double walk = 2000;
    uint64_t count = test_random(luck) >> 20;
    for (uint32_t i = 0; i < rows; i++) {
        room->words[i] = type == VALUE_FLOAT64
                             ? shape_word((enum shape)(shape % SHAPES), luck, &walk)
                         : type == VALUE_BOOL ? luck_below(luck, 2 + shape) == 0
                                              : integer_word(shape, luck, &count);
        int size = snprintf((char *)room->text_bytes[i], TEXT_BYTES, "state %u",
                            (unsigned)luck_below(luck, 1 + 300 * (shape % 4)));
        room->texts[i] = bytes_of(room->text_bytes[i], luck_below(luck, 30) ? (size_t)size : 0);
        bool odd = shape % 3 == 1 && luck_below(luck, 1 + shape) == 0;
        room->cells[i] = (uint8_t)(odd ? luck_below(luck, 3) : CELL_VALUE);
        room->qualities[i] = (uint8_t)(odd ? QUALITY_BAD_NO_VALUE : QUALITY_GOOD);
    }
    struct chunk_column column = {.type = type, .words = room->words};
    if (type == VALUE_STRING)
        column = (struct chunk_column){.type = type, .texts = room->texts};
    if (shape % 3 == 1)
        column.cells = room->cells;
    if (shape % 3 == 1 && shape % 2)
        column.qualities = room->qualities;
    return column;
}

static void encode(const struct chunk_column *column, uint32_t rows)
{
    struct chunk_rows all = {
        .owner = 77, .rows = rows, .columns_count = 1, .times = room->times, .columns = column};
    assert_int_equal(chunk_encode(room->encoder, &all, room->bytes, room->capacity, &room->size),
                     OK);
    assert_true(room->size <= chunk_bytes_most(rows, 1, sizeof room->text_bytes));
}

/* Rows first..first+count-1 of the reader are those of the room. */
static void part_is_right(const struct chunk_column *column, uint32_t first, uint32_t count)
{
    struct chunk_column_reader *reader = &room->reader;
    assert_int_equal(
        chunk_column_read(reader, first, count, room->back, room->cells_back, room->qualities_back),
        OK);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = first + i;
        uint8_t cell = column->cells ? column->cells[row] : CELL_VALUE;
        bool good = !column->qualities || cell == CELL_NONE;
        assert_int_equal(room->cells_back[i], cell);
        assert_int_equal(room->qualities_back[i], good ? QUALITY_GOOD : column->qualities[row]);
        if (cell != CELL_VALUE)
            assert_true(room->back[i] == 0);
        else if (column->type == VALUE_STRING)
            assert_true(bytes_equal(chunk_column_text(reader, room->back[i]), room->texts[row]));
        else
            assert_true(room->back[i] == room->words[row]);
    }
}

static void summaries_are_equal(const struct chunk_summary *a, const struct chunk_summary *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->all_good, b->all_good);
    assert_int_equal(a->samples, b->samples);
    assert_int_equal(a->count, b->count);
    assert_true(word_of(a->sum) == word_of(b->sum));
    assert_true(a->min == b->min && a->max == b->max);
    assert_true(a->first == b->first && a->last == b->last);
    assert_true(a->first_ns == b->first_ns && a->last_ns == b->last_ns);
    assert_true(a->min_row == b->min_row && a->max_row == b->max_row);
}

/* Encodes the column, reads it back whole and in parts, and compares the summary with the fold. */
static void goes_both_ways(uint64_t *luck, const struct chunk_column *column, uint32_t rows)
{
    struct chunk chunk;
    struct chunk_summary folded, told;
    encode(column, rows);
    uint8_t *copy = malloc(room->size); /* its end is where a sanitizer looks */
    memcpy(copy, room->bytes, room->size);
    assert_int_equal(chunk_open(bytes_of(copy, room->size), CHUNK_VERIFY, &chunk), OK);
    assert_int_equal(chunk.rows, rows);
    assert_int_equal(chunk.columns, 1);
    assert_int_equal(chunk.owner, 77);
    assert_true(chunk.time_first == room->times[0] && chunk.time_last == room->times[rows - 1]);
    assert_int_equal(chunk_times(&chunk, 0, rows, room->times_back), OK);
    assert_memory_equal(room->times, room->times_back, rows * sizeof room->times[0]);
    assert_int_equal(chunk_column_open(&chunk, 0, &room->reader), OK);
    part_is_right(column, 0, rows);
    for (unsigned i = 0; i < 8; i++) {
        uint32_t first = (uint32_t)luck_below(luck, rows + 1);
        part_is_right(column, first, (uint32_t)luck_below(luck, rows + 1 - first));
    }
    chunk_fold(column, room->times, rows, &folded);
    assert_int_equal(chunk_summary_get(&chunk, 0, &told), OK);
    summaries_are_equal(&folded, &told);
    free(copy);
}

static void everything_goes_both_ways(void **state)
{
    (void)state;
    uint64_t luck = 1;
    static const uint32_t few[] = {1, 2, 3, 5, 6, 60, 127, 128, 129, 255, 256, 257, 360};
    for (uint8_t type = VALUE_FLOAT64; type <= VALUE_STRING; type++)
        for (unsigned shape = 0; shape < 3 * SHAPES; shape++)
            for (unsigned round = 0; round < ARRAY_COUNT(few) + 2; round++) {
                uint32_t rows = round < ARRAY_COUNT(few) ? few[round]
                                : round & 1              ? CHUNK_ROWS_MAX
                                                         : 1 + (uint32_t)luck_below(&luck, 5000);
                times_make(&luck, rows);
                struct chunk_column column = column_make(&luck, type, shape, rows);
                goes_both_ways(&luck, &column, rows);
            }
}

/* An analyser that measures every third row: a third of the bytes, and any part can be read. */
static void held_values_are_told_once(void **state)
{
    (void)state;
    enum { ROWS = 3000 };
    uint64_t luck = 9;
    times_make(&luck, ROWS);
    struct chunk_column column = {.type = VALUE_FLOAT64, .words = room->words};
    for (uint32_t i = 0; i < ROWS; i++)
        room->words[i] = i % 3 ? room->words[i - 1] : word_of((double)luck_below(&luck, 1024) / 10);
    for (unsigned round = 0; round < 100; round++)
        goes_both_ways(&luck, &column, ROWS);
    assert_int_equal(room->reader.stored, ROWS / 3);
    assert_in_range(room->reader.bytes.size, 1250, 1450);
}

static void columns_without_any_value(void **state)
{
    (void)state;
    uint64_t luck = 2;
    times_make(&luck, 100);
    for (uint8_t type = VALUE_FLOAT64; type <= VALUE_STRING; type++)
        for (uint8_t cell = CELL_NO_VALUE; cell <= CELL_NONE; cell++) {
            memset(room->cells, cell, 100);
            memset(room->qualities, QUALITY_BAD_COMM_FAILURE, 100);
            struct chunk_column column = {.type = type,
                                          .words = room->words,
                                          .texts = room->texts,
                                          .cells = room->cells,
                                          .qualities = room->qualities};
            goes_both_ways(&luck, &column, 100);
            assert_int_equal(room->reader.summary.count, 0);
            assert_int_equal(room->reader.summary.all_good, cell == CELL_NONE);
        }
}

/* ---- summary -----------------------------------------------------------------------------------
 */
static void sums_are_corrected(void **state)
{
    (void)state;
    struct chunk_summary s;
    const uint64_t words[] = {word_of(1e100), word_of(1), word_of(-1e100), word_of(0.5)};
    const int64_t times[] = {1, 2, 3, 4};
    struct chunk_column column = {.type = VALUE_FLOAT64, .words = words};
    chunk_fold(&column, times, 4, &s);
    assert_true(s.sum == 1.5);
    assert_int_equal(s.max_row, 0);
    assert_int_equal(s.min_row, 2);
    assert_true(s.first == words[0] && s.last == words[3]);
    assert_true(s.first_ns == 1 && s.last_ns == 4);
    const uint64_t large[] = {word_of(1.7e308), word_of(1.7e308), word_of(-1.7e308), 0};
    column.words = large;
    chunk_fold(&column, times, 4, &s);
    assert_true(isinf(s.sum) && s.sum > 0);
    const uint64_t whole[] = {(uint64_t)INT64_MAX, (uint64_t)INT64_MAX, (uint64_t)INT64_MIN, 1};
    column = (struct chunk_column){.type = VALUE_INT64, .words = whole};
    chunk_fold(&column, times, 4, &s);
    assert_true(s.sum == 0x1p63);
    assert_int_equal(s.min_row, 2);
}

static void the_first_of_equals_is_told(void **state)
{
    (void)state;
    struct chunk_summary s;
    const uint64_t words[] = {word_of(0.0), word_of(-0.0), word_of(2), word_of(2)};
    const int64_t times[] = {1, 1, 2, 2};
    struct chunk_column column = {.type = VALUE_FLOAT64, .words = words};
    chunk_fold(&column, times, 4, &s);
    assert_true(s.min == words[0] && s.min_row == 0);
    assert_true(s.max == words[2] && s.max_row == 2);
}

/* ---- rows by time --------------------------------------------------------------------------- */
static void rows_are_found_by_time(void **state)
{
    (void)state;
    uint64_t luck = 3;
    struct chunk chunk;
    for (unsigned round = 0; round < 200; round++) {
        uint32_t rows = 1 + (uint32_t)luck_below(&luck, round % 10 ? 700 : CHUNK_ROWS_MAX);
        times_make(&luck, rows);
        struct chunk_rows all = {.rows = rows, .times = room->times};
        assert_int_equal(
            chunk_encode(room->encoder, &all, room->bytes, room->capacity, &room->size), OK);
        assert_int_equal(chunk_open(bytes_of(room->bytes, room->size), CHUNK_VERIFY, &chunk), OK);
        for (unsigned ask = 0; ask < 30; ask++) {
            int64_t from = room->times[luck_below(&luck, rows)] + (int64_t)luck_below(&luck, 3) - 1;
            int64_t to = room->times[luck_below(&luck, rows)] + (int64_t)luck_below(&luck, 3) - 1;
            uint32_t first = 0, end = 0, found, count;
            for (uint32_t i = 0; i < rows; i++) {
                first += room->times[i] < from;
                end += room->times[i] < to;
            }
            assert_int_equal(chunk_find(&chunk, from, to, &found, &count), OK);
            assert_int_equal(count, end > first ? end - first : 0);
            if (count)
                assert_int_equal(found, first);
            uint32_t some = count < 200 ? count : 200;
            assert_int_equal(chunk_times(&chunk, found, some, room->times_back), OK);
            assert_memory_equal(room->times + found, room->times_back,
                                some * sizeof room->times[0]);
        }
    }
}

static void times_reach_both_ends(void **state)
{
    (void)state;
    struct chunk chunk;
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -1, 0, NS_PER_S, INT64_MAX};
    struct chunk_rows all = {.rows = ARRAY_COUNT(ends), .times = ends};
    assert_int_equal(chunk_encode(room->encoder, &all, room->bytes, room->capacity, &room->size),
                     OK);
    assert_int_equal(chunk_open(bytes_of(room->bytes, room->size), CHUNK_VERIFY, &chunk), OK);
    assert_int_equal(chunk_times(&chunk, 0, all.rows, room->times_back), OK);
    assert_memory_equal(ends, room->times_back, sizeof ends);
}

/* ---- whole chunks ------------------------------------------------------------------------------
 */
static void the_most_columns_share_times(void **state)
{
    (void)state;
    enum { ROWS = 300, COLUMNS = CHUNK_COLUMNS_MAX };
    static uint64_t words[COLUMNS][ROWS];
    static struct chunk_column columns[COLUMNS];
    uint64_t luck = 4;
    struct chunk chunk;
    times_make(&luck, ROWS);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        for (uint32_t i = 0; i < ROWS; i++)
            words[c][i] = word_of((double)luck_below(&luck, c + 2) / 10);
        columns[c] = (struct chunk_column){.type = VALUE_FLOAT64, .words = words[c]};
    }
    struct chunk_rows all = {.owner = UINT64_MAX,
                             .rows = ROWS,
                             .columns_count = COLUMNS,
                             .times = room->times,
                             .columns = columns};
    size_t capacity = chunk_bytes_most(ROWS, COLUMNS, 0), size;
    uint8_t *bytes = malloc(capacity + 10), *again = malloc(capacity);
    assert_int_equal(chunk_encode(room->encoder, &all, bytes, capacity, &size), OK);
    /* The same input gives the same bytes. */
    size_t size_again;
    assert_int_equal(chunk_encode(room->encoder, &all, again, capacity, &size_again), OK);
    assert_int_equal(size, size_again);
    assert_memory_equal(bytes, again, size);
    /* Other bytes may follow. */
    assert_int_equal(chunk_bytes_claimed(bytes_of(bytes, size + 10)), size);
    assert_int_equal(chunk_open(bytes_of(bytes, size + 10), CHUNK_VERIFY, &chunk), OK);
    assert_true(chunk.owner == UINT64_MAX);
    for (uint16_t c = COLUMNS; c-- > 0;) {
        assert_int_equal(chunk_column_open(&chunk, c, &room->reader), OK);
        assert_int_equal(chunk_column_read(&room->reader, 0, ROWS, room->back, NULL, NULL), OK);
        assert_memory_equal(room->back, words[c], sizeof words[c]);
    }
    free(bytes);
    free(again);
}

static void a_chunk_of_too_many_bytes_is_refused(void **state)
{
    (void)state;
    enum { COLUMNS = 5 };
    struct chunk_column columns[COLUMNS];
    uint64_t luck = 5;
    uint8_t *text = malloc((size_t)CHUNK_ROWS_MAX * STRING_VALUE_MAX);
    assert_non_null(text);
    for (size_t i = 0; i < (size_t)CHUNK_ROWS_MAX * STRING_VALUE_MAX; i += 8)
        store_u64(text + i, test_random(&luck));
    for (uint32_t i = 0; i < CHUNK_ROWS_MAX; i++)
        room->texts[i] = bytes_of(text + (size_t)i * STRING_VALUE_MAX, STRING_VALUE_MAX);
    times_make(&luck, CHUNK_ROWS_MAX);
    for (uint32_t i = 0; i < COLUMNS; i++)
        columns[i] = (struct chunk_column){.type = VALUE_STRING, .texts = room->texts};
    size_t one = (size_t)CHUNK_ROWS_MAX * STRING_VALUE_MAX, size = 0;
    size_t capacity = chunk_bytes_most(CHUNK_ROWS_MAX, COLUMNS, COLUMNS * one);
    uint8_t *bytes = malloc(capacity);
    assert_non_null(bytes);
    struct chunk_rows all = {
        .rows = CHUNK_ROWS_MAX, .columns_count = 1, .times = room->times, .columns = columns};
    assert_int_equal(chunk_encode(room->encoder, &all, bytes, capacity, &size), OK);
    assert_true(size > one);
    all.columns_count = 2; /* 64 MiB of strings, and a header */
    assert_int_equal(chunk_encode(room->encoder, &all, bytes, capacity, &size), ERR_LIMIT);
    all.columns_count = COLUMNS;
    assert_int_equal(chunk_encode(room->encoder, &all, bytes, capacity, &size), ERR_LIMIT);
    free(bytes);
    free(text);
}

/* ---- bytes that are none ----------------------------------------------------------------------
 */
/* Reads all that can be read; what it means is not looked at. */
static void read_all(struct bytes b, enum chunk_trust trust)
{
    struct chunk chunk;
    struct chunk_summary summary;
    uint32_t first, count;
    if (chunk_open(b, trust, &chunk) != OK)
        return;
    (void)!chunk_times(&chunk, 0, chunk.rows, room->times_back);
    (void)!chunk_find(&chunk, chunk.time_first + 1, chunk.time_last, &first, &count);
    for (uint16_t c = 0; c < chunk.columns; c++) {
        (void)!chunk_summary_get(&chunk, c, &summary);
        if (chunk_column_open(&chunk, c, &room->reader) == OK)
            (void)!chunk_column_read(&room->reader, 0, chunk.rows, room->back, NULL, NULL);
    }
}

static void changed_bytes_are_noticed(void **state)
{
    (void)state;
    uint64_t luck = 6;
    struct chunk chunk;
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        times_make(&luck, 200);
        uint8_t type = (uint8_t)(shape % 4 ? VALUE_FLOAT64 : VALUE_STRING);
        struct chunk_column column = column_make(&luck, type, shape, 200);
        encode(&column, 200);
        for (size_t i = 0; i < room->size; i++)
            for (unsigned bit = 0; bit < 8; bit++) {
                room->bytes[i] ^= (uint8_t)(1u << bit);
                enum err err = chunk_open(bytes_of(room->bytes, room->size), CHUNK_VERIFY, &chunk);
                assert_true(err == ERR_CORRUPT || (err == ERR_NEWER && i == 2));
                room->bytes[i] ^= (uint8_t)(1u << bit);
            }
        for (size_t cut = 0; cut < room->size; cut++)
            assert_int_equal(chunk_open(bytes_of(room->bytes, cut), CHUNK_VERIFY, &chunk),
                             ERR_CORRUPT);
    }
}

static void wrong_bytes_with_a_right_sum_do_no_harm(void **state)
{
    (void)state;
    uint64_t luck = 7;
    for (unsigned round = 0; round < 400; round++) {
        uint32_t rows = 1 + (uint32_t)luck_below(&luck, 300);
        times_make(&luck, rows);
        struct chunk_column column = column_make(&luck, (uint8_t)(1 + round % 4), round / 4, rows);
        encode(&column, rows);
        for (unsigned change = 0; change < 100; change++) {
            uint8_t *copy = malloc(room->size);
            memcpy(copy, room->bytes, room->size);
            for (uint64_t i = luck_below(&luck, 3); i < 3; i++)
                copy[luck_below(&luck, room->size)] ^= (uint8_t)test_random(&luck);
            read_all(bytes_of(copy, room->size), CHUNK_TRUSTED);
            free(copy);
        }
    }
}

static void versions_to_come_are_named(void **state)
{
    (void)state;
    uint64_t luck = 8;
    struct chunk chunk;
    times_make(&luck, 10);
    struct chunk_column column = column_make(&luck, VALUE_FLOAT64, 0, 10);
    encode(&column, 10);
    room->bytes[2] = CHUNK_VERSION + 1;
    assert_int_equal(chunk_open(bytes_of(room->bytes, room->size), CHUNK_VERIFY, &chunk),
                     ERR_NEWER);
    assert_int_equal(chunk_open(bytes_of(room->bytes, 3), CHUNK_VERIFY, &chunk), ERR_NEWER);
    room->bytes[2] = 0;
    assert_int_equal(chunk_open(bytes_of(room->bytes, room->size), CHUNK_VERIFY, &chunk),
                     ERR_CORRUPT);
}

static void words_are_values(void **state)
{
    (void)state;
    struct value value = {.type = VALUE_FLOAT64, .scale = 2, .present = true, .number = 2150};
    assert_true(chunk_word(&value) == word_of(21.5));
    struct value back = chunk_value(VALUE_FLOAT64, chunk_word(&value));
    assert_true(value_equal(&value, &back));
    value = (struct value){.type = VALUE_INT64, .present = true, .number = INT64_MIN};
    back = chunk_value(VALUE_INT64, chunk_word(&value));
    assert_true(value_equal(&value, &back));
    value = (struct value){.type = VALUE_BOOL, .present = true, .number = 1};
    back = chunk_value(VALUE_BOOL, chunk_word(&value));
    assert_true(value_equal(&value, &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_goes_both_ways),
        cmocka_unit_test(held_values_are_told_once),
        cmocka_unit_test(columns_without_any_value),
        cmocka_unit_test(sums_are_corrected),
        cmocka_unit_test(the_first_of_equals_is_told),
        cmocka_unit_test(rows_are_found_by_time),
        cmocka_unit_test(times_reach_both_ends),
        cmocka_unit_test(the_most_columns_share_times),
        cmocka_unit_test(a_chunk_of_too_many_bytes_is_refused),
        cmocka_unit_test(changed_bytes_are_noticed),
        cmocka_unit_test(wrong_bytes_with_a_right_sum_do_no_harm),
        cmocka_unit_test(versions_to_come_are_named),
        cmocka_unit_test(words_are_values),
    };
    return cmocka_run_group_tests(tests, house_build, house_clear);
}
