/* Any piece of memory may be refused: an append that finds none changes nothing, and goes well when
 * there is memory again; a gather says so and may be asked again. This program brings its own
 * functions of memory.h, which take the place of memory.c. */
#include "head/test_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "head/memory.h"
#include "head/room.h"

static uint64_t refuse_at; /* the how many-th is refused; 0: none */
static uint64_t asked;
static int64_t rooms, maps; /* not yet given back */

static bool refused(void)
{
    return ++asked == refuse_at;
}

static void *map_count(void *at)
{
    maps += at != NULL;
    return at;
}

void *head_block_map(size_t size)
{
    return refused() ? NULL : map_count(os_sparse_alloc(size));
}

void *head_tables_map(size_t size)
{
    return refused() ? NULL : map_count(os_sparse_alloc(size));
}

void head_unmap(void *at, size_t size)
{
    maps -= at != NULL;
    os_huge_free(at, size);
}

void *head_room_alloc(size_t size)
{
    void *at = refused() ? NULL : malloc(size);
    rooms += at != NULL;
    return at;
}

void head_room_free(void *at)
{
    rooms -= at != NULL;
    free(at);
}

static const uint8_t type = VALUE_FLOAT64;

/* Rows in pages and slabs of their own, strings that fill blocks, gathers that need more room each
 * time; returns how many pieces were asked for. */
static uint64_t script_run(uint64_t at)
{
    enum { ROWS = 6, TIMES = 900 };
    static char text[STRING_VALUE_MAX];
    struct head *head = NULL;
    struct model model = {0};
    struct head_rows rows = {0};
    unsigned refusals = 0;
    refuse_at = at;
    asked = 0;
    if (head_create(&head) != OK) {
        assert_null(head);
        refusals++;
        assert_int_equal(head_create(&head), OK);
    }
    for (int64_t i = 0; i < TIMES; i++) {
        struct value values[] = {value_of_real((double)i), {.type = VALUE_STRING, .present = true}};
        values[1].text = bytes_of(text, (size_t)i % sizeof text);
        uint32_t row = (uint32_t)(1 + i % ROWS) * ROWS_IN_PAGE * 3;
        struct sample_row sample = {.row = row, .count = 2, .time_ns = i, .values = values};
        struct row_shape shape = {.row = row, .count = 2};
        enum err err = head_append(head, &shape, &sample, i);
        if (err != OK) {
            assert_int_equal(err, ERR_NO_MEMORY);
            refusals++;
            model_compare_totals(&model, head);
            assert_int_equal(head_append(head, &shape, &sample, i), OK);
        }
        model_append(&model, &sample, i);
        if (i % 100 != 99)
            continue;
        err = head_gather(head, row, NULL, 1, &type, true, INT64_MIN, INT64_MAX, &rows);
        if (err != OK) {
            assert_int_equal(err, ERR_NO_MEMORY);
            refusals++;
            assert_int_equal(rows.rows.rows, 0);
        }
        model_compare(&model, head, &rows, row, NULL, 1, &type, true, INT64_MIN, INT64_MAX);
    }
    /* More samples than the least list holds. */
    for (int64_t i = 0; i < TIMES; i++) {
        struct value value = value_of_real((double)i);
        struct sample_row sample = {.row = 1, .count = 1, .time_ns = i, .values = &value};
        if (head_append(head, &(struct row_shape){.row = 1}, &sample, i) != OK) {
            refusals++;
            assert_int_equal(head_append(head, &(struct row_shape){.row = 1}, &sample, i), OK);
        }
        model_append(&model, &sample, i);
    }
    if (head_gather(head, 1, NULL, 1, &type, true, INT64_MIN, INT64_MAX, &rows) != OK)
        refusals++;
    model_compare(&model, head, &rows, 1, NULL, 1, &type, true, INT64_MIN, INT64_MAX);
    head_rows_done(&rows);
    head_destroy(head);
    model_done(&model);
    assert_int_equal(refusals, at > 0);
    assert_int_equal(rooms, 0);
    assert_int_equal(maps, 0);
    return asked;
}

static void each_piece_of_memory_may_be_refused(void **state)
{
    (void)state;
    uint64_t pieces = script_run(0);
    assert_true(pieces >= 10);
    for (uint64_t at = 1; at <= pieces; at++)
        script_run(at);
}

/* Many pages need another slab. */
static void slabs_are_cut_into_pages(void **state)
{
    (void)state;
    struct head *head;
    struct value value = value_of_real(1);
    uint32_t pages = 2 * (uint32_t)(SLAB_BYTES / PAGE_BYTES) + 1, seen = 0;
    refuse_at = 0;
    assert_int_equal(head_create(&head), OK);
    uint64_t bytes = head_bytes(head);
    for (uint32_t i = pages; i > 0; i--) { /* from above: pages_end does not move */
        struct sample_row sample = {.row = i * ROWS_IN_PAGE - 1, .count = 1, .values = &value};
        struct row_shape shape = {.row = sample.row, .count = 1};
        assert_int_equal(head_append(head, &shape, &sample, 0), OK);
    }
    assert_int_equal(head_bytes(head) - bytes, HEAD_BLOCK_BYTES + 3 * SLAB_BYTES);
    for (uint32_t row = 0; (row = head_next_row(head, row)) != 0;)
        assert_int_equal(row, ++seen * ROWS_IN_PAGE - 1);
    assert_int_equal(seen, pages);
    head_destroy(head);
    assert_int_equal(maps, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_piece_of_memory_may_be_refused),
        cmocka_unit_test(slabs_are_cut_into_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
