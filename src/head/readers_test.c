/* Readers on other threads while the writer appends: what a reader sees is whole, is never less
 * than what it saw before, and never less than what the writer had said was there. Under the thread
 * sanitizer it shows that nothing is read while it is written. */
#include "head/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 37, COLUMNS = 5, ROUNDS = 1200, READERS = 3, ROW_STEP = 4096 / 3 };

struct house {
    struct head *head;
    _Atomic int64_t said; /* rounds that the writer said are there */
    _Atomic bool over;
    _Atomic uint64_t gathered;
};

static const uint8_t types[COLUMNS] = {VALUE_FLOAT64, VALUE_INT64, VALUE_BOOL, VALUE_STRING,
                                       VALUE_FLOAT64};

static uint32_t row_of(unsigned i)
{
    return 1 + i * ROW_STEP;
}

/* Time i of each row: all values can be known from it. Every third time comes late. */
static void round_append(struct house *house, int64_t i)
{
    char text[32];
    int size = snprintf(text, sizeof text, "state %lld", (long long)i);
    struct value values[COLUMNS] = {
        value_of_real((double)i / 4),
        {.type = VALUE_INT64, .present = true, .number = i * i},
        {.type = VALUE_BOOL, .present = true, .number = i & 1},
        {.type = VALUE_STRING, .present = true, .text = bytes_of(text, (size_t)size)},
        {.type = VALUE_FLOAT64, .quality = QUALITY_BAD},
    };
    for (unsigned k = 0; k < ROWS; k++) {
        struct row_shape shape = {.row = row_of(k), .count = COLUMNS};
        struct sample_row sample = {
            .row = shape.row, .count = COLUMNS, .time_ns = i, .values = values};
        if (k % 2 == 0)
            sample.count = 3; /* rows of numbers alone */
        assert_int_equal(head_append(house->head, &shape, &sample, i), OK);
    }
}

static void sample_check(const struct chunk_rows *rows, uint32_t i, unsigned k)
{
    int64_t time = rows->times[i];
    const struct chunk_column *columns = rows->columns;
    struct value value = value_of_real((double)time / 4);
    check(columns[0].words[i] == chunk_word(&value));
    check((int64_t)columns[1].words[i] == time * time);
    check(columns[2].words[i] == (uint64_t)(time & 1));
    if (k % 2 == 0) {
        check(columns[3].cells[i] == CELL_NONE && columns[4].cells[i] == CELL_NONE);
        return;
    }
    char text[32];
    int size = snprintf(text, sizeof text, "state %lld", (long long)time);
    check(bytes_equal(columns[3].texts[i], bytes_of(text, (size_t)size)));
    check(columns[4].cells[i] == CELL_NO_VALUE && columns[4].qualities[i] == QUALITY_BAD);
}

static void *reader_run(void *arg)
{
    struct house *house = arg;
    struct head_rows rows = {0};
    int64_t before[ROWS] = {0};
    bool over;
    do {
        over = atomic_load(&house->over);
        for (unsigned k = 0; k < ROWS; k++) {
            int64_t said = atomic_load(&house->said), first, last;
            uint16_t columns;
            uint8_t told[COLUMNS];
            check(head_gather(house->head, row_of(k), NULL, COLUMNS, types, true, 0, INT64_MAX,
                              &rows) == OK);
            int64_t count = rows.rows.rows;
            check(count >= said && count >= before[k]);
            before[k] = count;
            for (uint32_t i = 0; i < rows.rows.rows; i++)
                sample_check(&rows.rows, i, k);
            check(head_row(house->head, row_of(k), &columns) >= (uint64_t)count);
            head_times(house->head, &first, &last);
            check(count == 0 ||
                  (first <= rows.rows.times[0] && last >= rows.rows.times[rows.rows.rows - 1]));
            head_types(house->head, row_of(k), 3, told);
            check(said == 0 || memcmp(told, types, 3) == 0);
            check(said == 0 || head_next_row(house->head, row_of(k) - 1) == row_of(k));
            check(head_records(house->head) >= (uint64_t)said * ROWS);
            uint32_t both[2] = {row_of(k), row_of(0)};
            head_warm(house->head, both, 2);
            atomic_fetch_add(&house->gathered, 1);
        }
    } while (!over);
    for (unsigned k = 0; k < ROWS; k++)
        check(before[k] == ROUNDS);
    head_rows_done(&rows);
    return NULL;
}

static void readers_see_whole_records_while_the_writer_appends(void **state)
{
    (void)state;
    struct house house = {0};
    pthread_t threads[READERS];
    assert_int_equal(head_create(&house.head), OK);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader_run, &house), 0);
    for (int64_t i = 0; i < ROUNDS; i++) {
        round_append(&house, i / 3 * 3 + (i + 1) % 3); /* 1 2 0  4 5 3 ... */
        atomic_store(&house.said, i + 1);
        /* Not all is over before a reader has begun. */
        while (i == ROUNDS / 2 && atomic_load(&house.gathered) == 0)
            ;
    }
    atomic_store(&house.over, true);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(atomic_load(&house.gathered) >= READERS * ROWS);
    head_destroy(house.head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_see_whole_records_while_the_writer_appends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
