/* What is appended is what is gathered: against the model, and by examples. */
#include "head/test_model.h"
#include "base/test_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>

#include "head/room.h"

#define S NS_PER_S
#define EVER INT64_MIN, INT64_MAX

static uint64_t luck_below(uint64_t *luck, uint64_t limit)
{
    return test_random(luck) % limit;
}

/* ---- a head, its model, and what is put into both ----------------------------------------------
 */
struct fixture {
    struct head *head;
    struct model model;
    struct head_rows rows;
};

static void fixture_open(struct fixture *f)
{
    *f = (struct fixture){0};
    assert_int_equal(head_create(&f->head), OK);
}

static void fixture_close(struct fixture *f)
{
    head_rows_done(&f->rows);
    head_destroy(f->head);
    model_done(&f->model);
}

static void fixture_append(struct fixture *f, uint32_t row, int64_t time, const uint8_t *columns,
                           uint16_t count, const struct value *values, int64_t arrival)
{
    struct row_shape shape = {.row = row, .first_point = 1, .count = COLUMNS_MAX};
    struct sample_row sample = {.row = row,
                                .count = count,
                                .arrival_time = arrival == time,
                                .time_ns = time,
                                .columns = columns,
                                .values = values};
    assert_int_equal(head_append(f->head, &shape, &sample, arrival), OK);
    model_append(&f->model, &sample, arrival);
}

static struct value real(double number)
{
    return value_of_real(number);
}

static struct value integer(int64_t number)
{
    return (struct value){.type = VALUE_INT64, .present = true, .number = number};
}

static struct value truth(bool number)
{
    return (struct value){.type = VALUE_BOOL, .present = true, .number = number};
}

static struct value words(const char *text)
{
    return (struct value){.type = VALUE_STRING, .present = true, .text = bytes_text(text)};
}

static const uint8_t floats[COLUMNS_MAX] = {
    VALUE_FLOAT64, VALUE_FLOAT64, VALUE_FLOAT64, VALUE_FLOAT64, VALUE_FLOAT64, VALUE_FLOAT64,
};

/* ---- examples ----------------------------------------------------------------------------------
 */
static void an_empty_head_answers(void **state)
{
    (void)state;
    struct fixture f;
    uint16_t columns = 7;
    uint8_t types[2] = {9, 9};
    int64_t first, last;
    fixture_open(&f);
    assert_int_equal(head_gather(f.head, 1, NULL, 1, floats, true, EVER, &f.rows), OK);
    assert_int_equal(f.rows.rows.rows, 0);
    assert_int_equal(head_row(f.head, 1, &columns), 0);
    assert_int_equal(columns, 0);
    assert_int_equal(head_next_row(f.head, 0), 0);
    assert_int_equal(head_next_row(f.head, UINT32_MAX), 0);
    head_times(f.head, &first, &last);
    assert_true(first > last);
    head_types(f.head, 1, 2, types);
    assert_int_equal(types[0] + types[1], 0);
    assert_int_equal(head_records(f.head) + head_values(f.head), 0);
    head_warm(f.head, (uint32_t[]){1, UINT32_MAX}, 2);
    head_prefetch(f.head, 1);
    head_prefetch(f.head, UINT32_MAX);
    struct sample_row nothing = {.row = 1, .undecodable = true};
    assert_int_equal(head_append(f.head, &(struct row_shape){.row = 1}, &nothing, 0), OK);
    assert_int_equal(head_records(f.head), 0);
    fixture_close(&f);
    head_destroy(NULL);
}

static void every_value_comes_back(void **state)
{
    (void)state;
    struct fixture f;
    static char longest[STRING_VALUE_MAX + 1];
    memset(longest, 'x', STRING_VALUE_MAX);
    struct value values[] = {
        real(0.0),
        real(-0.0),
        real(21.35),
        real(-21.35),
        real(1e300),
        real(5e-324),
        real(0x1p53),
        real(-0x1p53),
        real(1.0 / 3),
        real(1e9 + 0.1),
        real(DBL_MAX),
        real(-DBL_MAX),
        integer(0),
        integer(-1),
        integer(INT64_MAX),
        integer(INT64_MIN),
        integer(127),
        integer(-128),
        truth(false),
        truth(true),
        words(""),
        words("on"),
        words(longest),
        {.type = VALUE_FLOAT64, .present = true, .scale = SCALE_DECIMAL_MAX, .number = 1},
        {.type = VALUE_FLOAT64, .present = true, .scale = 2, .number = -((int64_t)1 << 53)},
        {.type = VALUE_FLOAT64, .quality = QUALITY_BAD_NO_VALUE},
        {.type = VALUE_STRING, .quality = QUALITY_GOOD},
        {.type = VALUE_BOOL, .quality = 0xff},
    };
    enum { COUNT = ARRAY_COUNT(values) };
    uint8_t types[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        types[i] = values[i].type;
    fixture_open(&f);
    fixture_append(&f, 5, 1000 * S, NULL, COUNT, values, 1000 * S);
    for (size_t i = 0; i < COUNT; i++)
        values[i].quality = (uint8_t)(0x40 + i);
    fixture_append(&f, 5, 1001 * S, NULL, COUNT, values, 1005 * S);
    assert_int_equal(model_compare(&f.model, f.head, &f.rows, 5, NULL, COUNT, types, true, EVER),
                     2);
    uint8_t told[COUNT];
    model_types(&f.model, f.head, 5, COUNT, told);
    assert_memory_equal(told, types, COUNT);
    model_compare_totals(&f.model, f.head);
    fixture_close(&f);
}

static void numbers_of_every_width_come_back(void **state)
{
    (void)state;
    struct fixture f;
    const uint8_t type = VALUE_INT64;
    fixture_open(&f);
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int64_t around = -1; around <= 1; around++) {
            struct value value = integer((int64_t)((UINT64_C(1) << bit) + (uint64_t)around));
            fixture_append(&f, 1, (int64_t)bit * 10 + around, NULL, 1, &value, 0);
        }
    }
    assert_int_equal(model_compare(&f.model, f.head, &f.rows, 1, NULL, 1, &type, true, EVER), 192);
    fixture_close(&f);
}

static void arrays_that_say_nothing_are_left_out(void **state)
{
    (void)state;
    struct fixture f;
    struct value pair[] = {real(1.5), real(2.5)};
    fixture_open(&f);
    fixture_append(&f, 1, 10, NULL, 2, pair, 10);
    fixture_append(&f, 1, 20, NULL, 1, pair, 20);
    assert_int_equal(head_gather(f.head, 1, NULL, 2, floats, false, EVER, &f.rows), OK);
    assert_int_equal(f.rows.rows.rows, 2);
    assert_null(f.rows.rows.columns[0].cells);
    assert_null(f.rows.rows.columns[0].qualities);
    assert_non_null(f.rows.rows.columns[1].cells);
    assert_null(f.rows.rows.columns[1].qualities);
    /* A column of which nothing is known, and one time that has neither. */
    const uint8_t second = 1, eighth = 7;
    assert_int_equal(head_gather(f.head, 1, &second, 1, floats, false, EVER, &f.rows), OK);
    assert_int_equal(f.rows.rows.rows, 1);
    assert_true(f.rows.rows.times[0] == 10);
    assert_int_equal(head_gather(f.head, 1, &eighth, 1, floats, false, EVER, &f.rows), OK);
    assert_int_equal(f.rows.rows.rows, 0);
    /* Lateness every time has. */
    assert_int_equal(head_gather(f.head, 1, &eighth, 1, floats, true, EVER, &f.rows), OK);
    assert_int_equal(f.rows.rows.rows, 2);
    assert_int_equal(f.rows.rows.columns[0].cells[0], CELL_NONE);
    fixture_close(&f);
}

static void the_last_written_wins_cell_by_cell(void **state)
{
    (void)state;
    struct fixture f;
    struct value first[] = {real(1), real(2), real(3)}, other = real(20), absent = real(0);
    const uint8_t second = 1, third = 2;
    absent.present = false;
    absent.quality = QUALITY_BAD;
    fixture_open(&f);
    fixture_append(&f, 1, 100, NULL, 3, first, 100);
    fixture_append(&f, 1, 50, NULL, 3, first, 50);
    fixture_append(&f, 1, 100, &second, 1, &other, 100 + 7 * S);
    fixture_append(&f, 1, 100, &third, 1, &absent, 100 + 8 * S);
    assert_int_equal(head_gather(f.head, 1, NULL, 3, floats, true, EVER, &f.rows), OK);
    const struct chunk_column *columns = f.rows.rows.columns;
    assert_int_equal(f.rows.rows.rows, 2);
    assert_int_equal(f.rows.rows.columns_count, 4);
    assert_true(chunk_value(VALUE_FLOAT64, columns[0].words[1]).number == 1);
    assert_true(chunk_value(VALUE_FLOAT64, columns[1].words[1]).number == 20);
    assert_int_equal(columns[2].cells[1], CELL_NO_VALUE);
    assert_int_equal(columns[2].qualities[0], QUALITY_GOOD);
    assert_int_equal(columns[2].qualities[1], QUALITY_BAD);
    assert_int_equal(columns[3].words[1], 8);
    /* Good again: the quality that was told before does not stay. */
    fixture_append(&f, 1, 100, NULL, 3, first, 100);
    model_compare(&f.model, f.head, &f.rows, 1, NULL, 3, floats, true, EVER);
    fixture_close(&f);
}

static void a_value_of_another_type_is_left_out(void **state)
{
    (void)state;
    struct fixture f;
    struct value number = real(1.5), whole = integer(7), none = {.type = VALUE_INT64};
    uint8_t type;
    fixture_open(&f);
    fixture_append(&f, 1, 1, NULL, 1, &number, 1);
    fixture_append(&f, 1, 2, NULL, 1, &whole, 2);
    fixture_append(&f, 1, 3, NULL, 1, &none, 3);
    fixture_append(&f, 1, 1, NULL, 1, &whole, 1); /* both at one time */
    for (type = VALUE_FLOAT64; type <= VALUE_STRING; type++)
        model_compare(&f.model, f.head, &f.rows, 1, NULL, 1, &type, true, EVER);
    model_types(&f.model, f.head, 1, 1, &type);
    assert_int_equal(type, VALUE_INT64);
    fixture_close(&f);
}

static void lateness_is_in_seconds_rounded_down(void **state)
{
    (void)state;
    struct fixture f;
    struct value value = real(1);
    const int64_t late[] = {-1, 0, S - 1, S, -S, -S - 1, 3600 * S + 5, INT64_MAX - 2000 * S};
    fixture_open(&f);
    for (size_t i = 0; i < ARRAY_COUNT(late); i++) {
        int64_t time = 1000 * S + (int64_t)i;
        fixture_append(&f, 1, time, NULL, 1, &value, time + late[i]);
    }
    fixture_append(&f, 1, 2000 * S, NULL, 1, &value, INT64_MIN); /* more than 64 bits can hold */
    assert_int_equal(head_gather(f.head, 1, NULL, 1, floats, true, EVER, &f.rows), OK);
    const uint64_t *told = f.rows.rows.columns[1].words;
    assert_true((int64_t)told[0] == -1 && told[1] == 0 && told[2] == 0 && told[3] == 1);
    assert_true((int64_t)told[4] == -1 && (int64_t)told[5] == -2 && told[6] == 3600);
    model_compare(&f.model, f.head, &f.rows, 1, NULL, 1, floats, true, EVER);
    /* A message without a time of its own is never late. */
    struct sample_row sample = {
        .row = 2, .count = 1, .arrival_time = true, .time_ns = 5, .values = &value};
    assert_int_equal(head_append(f.head, &(struct row_shape){.row = 2}, &sample, 900 * S), OK);
    assert_int_equal(head_gather(f.head, 2, NULL, 1, floats, true, EVER, &f.rows), OK);
    assert_int_equal(f.rows.rows.columns[1].words[0], 0);
    fixture_close(&f);
}

/* A range that begins at, before and after each time, in order and not. */
static void ranges_begin_and_end_where_they_should(void **state)
{
    (void)state;
    static const int64_t orders[][6] = {
        {1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1}, {1, 2, 6, 3, 4, 5}, {3, 3, 1, 1, 3, 2},
        {5, 1, 2, 3, 4, 6}, {2, 2, 2, 2, 2, 2}, {1, 6, 2, 5, 3, 4},
    };
    for (size_t k = 0; k < ARRAY_COUNT(orders); k++) {
        struct fixture f;
        fixture_open(&f);
        for (size_t i = 0; i < ARRAY_COUNT(orders[k]); i++) {
            struct value value = real((double)i);
            fixture_append(&f, 1, orders[k][i], NULL, 1, &value, orders[k][i]);
        }
        for (int64_t from = 0; from <= 7; from++) {
            for (int64_t to = 0; to <= 7; to++)
                model_compare(&f.model, f.head, &f.rows, 1, NULL, 1, floats, true, from, to);
        }
        fixture_close(&f);
    }
}

/* ---- limits ------------------------------------------------------------------------------------
 */
static void the_highest_row_is_the_last(void **state)
{
    (void)state;
    struct fixture f;
    struct value value = real(1);
    struct row_shape beyond = {.row = HEAD_ROW_MAX + 1};
    struct sample_row sample = {.row = beyond.row, .count = 1, .values = &value};
    fixture_open(&f);
    fixture_append(&f, HEAD_ROW_MAX, 1, NULL, 1, &value, 1);
    fixture_append(&f, 1, 1, NULL, 1, &value, 1);
    uint64_t bytes = head_bytes(f.head);
    assert_int_equal(head_append(f.head, &beyond, &sample, 1), ERR_LIMIT);
    assert_true(head_bytes(f.head) == bytes);
    model_compare_totals(&f.model, f.head);
    model_compare(&f.model, f.head, &f.rows, HEAD_ROW_MAX, NULL, 1, floats, true, EVER);
    model_compare(&f.model, f.head, &f.rows, beyond.row, NULL, 1, floats, true, EVER);
    fixture_close(&f);
}

/* Blocks that nobody touched are left out: the last one is reached at once. */
static void the_last_block_can_be_filled(void **state)
{
    (void)state;
    struct fixture f;
    static char longest[STRING_VALUE_MAX + 1];
    static struct value values[COLUMNS_MAX];
    static uint8_t types[COLUMNS_MAX];
    memset(longest, 'x', STRING_VALUE_MAX);
    for (size_t i = 0; i < COLUMNS_MAX; i++) {
        values[i] = words(longest);
        types[i] = VALUE_STRING;
    }
    fixture_open(&f);
    POKE(f.head->block_count, BLOCKS_MAX - 1);
    fixture_append(&f, 1, 1, NULL, COLUMNS_MAX, values, 1);
    uint16_t count = COLUMNS_MAX;
    for (int64_t time = 2; count > 0; time++) {
        struct sample_row sample = {.row = 1, .count = count, .time_ns = time, .values = values};
        enum err err = head_append(f.head, &(struct row_shape){.row = 1}, &sample, time);
        assert_true(err == OK || err == ERR_LIMIT);
        if (err == OK)
            model_append(&f.model, &sample, time);
        else
            count /= 2;
    }
    assert_true(f.model.count >= 4);
    struct value value = real(0); /* the slack is less than the room that is asked for one value */
    while (f.head->used + RECORD_BYTES_MAX(1, 0) <= HEAD_BLOCK_BYTES)
        fixture_append(&f, 2, 5, NULL, 1, &value, 5);
    struct sample_row sample = {.row = 2, .count = 1, .time_ns = 5, .values = &value};
    assert_int_equal(head_append(f.head, &(struct row_shape){.row = 2}, &sample, 5), ERR_LIMIT);
    assert_true(head_bytes(f.head) > HEAD_BYTES_MAX);
    model_compare_totals(&f.model, f.head);
    model_compare(&f.model, f.head, &f.rows, 1, NULL, COLUMNS_MAX, types, true, EVER);
    model_compare(&f.model, f.head, &f.rows, 2, NULL, 1, floats, true, EVER);
    fixture_close(&f);
}

static void records_are_counted_up_to_many(void **state)
{
    (void)state;
    struct fixture f;
    struct value value = real(1);
    uint16_t columns;
    fixture_open(&f);
    fixture_append(&f, 1, 1, NULL, 1, &value, 1);
    POKE(f.head->pages[0][1].counts, (HEAD_RECORDS_MANY - 1) << ENTRY_COLUMNS_BITS | 1);
    fixture_append(&f, 1, 2, NULL, 1, &value, 2);
    assert_int_equal(head_row(f.head, 1, &columns), HEAD_RECORDS_MANY);
    fixture_append(&f, 1, 3, NULL, 1, &value, 3);
    assert_int_equal(head_row(f.head, 1, &columns), HEAD_RECORDS_MANY);
    assert_int_equal(columns, 1);
    assert_int_equal(model_compare(&f.model, f.head, &f.rows, 1, NULL, 1, floats, true, EVER), 3);
    fixture_close(&f);
}

static void a_row_may_have_more_samples_than_a_chunk(void **state)
{
    (void)state;
    struct fixture f;
    enum { MANY = 3 * CHUNK_ROWS_MAX };
    fixture_open(&f);
    for (int64_t i = 0; i < MANY; i++) {
        struct value value = real((double)i / 8);
        struct sample_row sample = {.row = 1, .count = 1, .time_ns = i ^ 1, .values = &value};
        assert_int_equal(head_append(f.head, &(struct row_shape){.row = 1}, &sample, i), OK);
    }
    assert_int_equal(head_gather(f.head, 1, NULL, 1, floats, false, EVER, &f.rows), OK);
    assert_int_equal(f.rows.rows.rows, MANY);
    for (int64_t i = 0; i < MANY; i++) {
        struct value value = real((double)(i ^ 1) / 8);
        assert_true(f.rows.rows.times[i] == i);
        assert_true(f.rows.rows.columns[0].words[i] == chunk_word(&value));
    }
    fixture_close(&f);
}

/* ---- luck --------------------------------------------------------------------------------------
 */
static struct value luck_value(uint64_t *luck, uint8_t type)
{
    static char text[STRING_VALUE_MAX];
    struct value value = {.type = type, .present = true};
    uint64_t word = test_random(luck) >> luck_below(luck, 64);
    if (type == VALUE_FLOAT64) {
        double number = (double)(int64_t)word / 100;
        if (luck_below(luck, 4) == 0)
            memcpy(&number, &word, sizeof number);
        value = value_of_real(number);
    } else if (type == VALUE_STRING) {
        memset(text, (int)('a' + word % 26), sizeof text);
        value.text = bytes_of(text, luck_below(luck, 8) ? word % 20 : word % sizeof text);
    } else {
        value.number = (int64_t)(type == VALUE_BOOL    ? word & 1
                                 : luck_below(luck, 2) ? word
                                                       : -word);
    }
    if (luck_below(luck, 16) == 0)
        value.quality = (uint8_t)test_random(luck);
    if (luck_below(luck, 24) == 0)
        value.present = false;
    return value;
}

struct luck_shape {
    uint16_t count;
    uint8_t types[COLUMNS_MAX];
    bool plain, in_order;
    int64_t now;
};

static void luck_append(struct fixture *f, uint64_t *luck, uint32_t row, struct luck_shape *shape)
{
    struct value values[COLUMNS_MAX];
    uint8_t columns[COLUMNS_MAX];
    uint16_t count = 0;
    bool some = luck_below(luck, 3) == 0;
    for (unsigned i = 0; i < shape->count; i++) {
        if (some && luck_below(luck, 2))
            continue;
        columns[count] = (uint8_t)i;
        values[count++] = shape->plain ? value_of_real((double)luck_below(luck, 10000) / 100)
                                       : luck_value(luck, shape->types[i]);
    }
    shape->now += (int64_t)luck_below(luck, 4) - (shape->in_order ? 0 : 1);
    int64_t time = 1000 * S + shape->now;
    if (!shape->in_order && luck_below(luck, 6) == 0)
        time = 1000 * S + (int64_t)luck_below(luck, 50);
    int64_t arrival = luck_below(luck, 4) ? time : time + (int64_t)luck_below(luck, 1ull << 40);
    fixture_append(f, row, time, some ? columns : NULL, count, values, arrival);
}

static void luck_compare(struct fixture *f, uint64_t *luck, uint32_t row,
                         const struct luck_shape *shape)
{
    uint8_t columns[COLUMNS_MAX], types[COLUMNS_MAX], known[COLUMNS_MAX];
    uint16_t count = 0;
    model_types(&f->model, f->head, row, COLUMNS_MAX, known);
    model_compare(&f->model, f->head, &f->rows, row, NULL, shape->count, known, true, EVER);
    for (unsigned i = 0; i < COLUMNS_MAX; i++) {
        if (luck_below(luck, i < shape->count ? 3 : 99) == 0) {
            columns[count] = (uint8_t)i;
            types[count++] = luck_below(luck, 9) ? known[i] : (uint8_t)luck_below(luck, 5);
        }
    }
    int64_t from = 1000 * S + (int64_t)luck_below(luck, 60) - 5;
    int64_t to = from + (int64_t)luck_below(luck, 60) - 5;
    if (count > 0)
        model_compare(&f->model, f->head, &f->rows, row, columns, count, types, luck_below(luck, 2),
                      from, to);
}

static void any_rows_are_as_the_model_says(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct fixture f;
        struct luck_shape shapes[5];
        uint64_t luck = seed;
        fixture_open(&f);
        for (uint32_t i = 0; i < ARRAY_COUNT(shapes); i++) {
            shapes[i] = (struct luck_shape){.count = (uint16_t)(1 + luck_below(&luck, 12)),
                                            .plain = luck_below(&luck, 3) == 0,
                                            .in_order = luck_below(&luck, 2)};
            if (i == 4 && seed % 8 == 0)
                shapes[i].count = COLUMNS_MAX;
            for (unsigned k = 0; k < shapes[i].count; k++)
                shapes[i].types[k] = (uint8_t)(1 + luck_below(&luck, 4));
        }
        for (uint32_t i = 0; i < 300; i++) {
            uint32_t row = (uint32_t)luck_below(&luck, ARRAY_COUNT(shapes));
            struct luck_shape *shape = &shapes[row];
            if (luck_below(&luck, 100) == 0) /* the point became another */
                shape->types[luck_below(&luck, shape->count)] = (uint8_t)(1 + luck_below(&luck, 4));
            if (luck_below(&luck, 20))
                luck_append(&f, &luck, 1 + row * 5000, shape);
            else
                luck_compare(&f, &luck, 1 + row * 5000, shape);
        }
        for (uint32_t i = 0; i < ARRAY_COUNT(shapes); i++)
            luck_compare(&f, &luck, 1 + i * 5000, &shapes[i]);
        head_warm(f.head, (uint32_t[]){1, 5001, 10001, 15001, 20001, 3}, 6);
        model_compare_totals(&f.model, f.head);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_head_answers),
        cmocka_unit_test(every_value_comes_back),
        cmocka_unit_test(numbers_of_every_width_come_back),
        cmocka_unit_test(arrays_that_say_nothing_are_left_out),
        cmocka_unit_test(the_last_written_wins_cell_by_cell),
        cmocka_unit_test(a_value_of_another_type_is_left_out),
        cmocka_unit_test(lateness_is_in_seconds_rounded_down),
        cmocka_unit_test(ranges_begin_and_end_where_they_should),
        cmocka_unit_test(the_highest_row_is_the_last),
        cmocka_unit_test(the_last_block_can_be_filled),
        cmocka_unit_test(records_are_counted_up_to_many),
        cmocka_unit_test(a_row_may_have_more_samples_than_a_chunk),
        cmocka_unit_test(any_rows_are_as_the_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
