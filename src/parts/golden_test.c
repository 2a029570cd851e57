/* Parts and a list of version 1 as they were once written (tests/golden/v1/history): they must open
 * for ever, whatever the writer does by then. Their rows are computed here. */
#include "parts/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define T0 (INT64_C(1767225600) * NS_PER_S)
#define RAW_OWNERS 300
#define RAW_ROWS 3
#define MINUTE_ROWS 60

static struct disk *disk;

static void never(void *arg, const struct part_damage *damage)
{
    (void)arg;
    fail_msg("%s: %s", damage->file, damage->why);
}

static int setup(void **state)
{
    (void)state;
    return disk_real_open("tests/golden/v1", false, &disk) == OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    disk_real_close(disk);
    return 0;
}

static void test_list(void **state)
{
    (void)state;
    struct parts_list list;
    char rebuilt[128];
    assert_int_equal(parts_list_read(disk, "history", true, never, NULL, &list, rebuilt), OK);
    assert_string_equal(rebuilt, "");
    assert_true(list.journal[0] == UINT64_C(0x1122334455667788) && list.journal[1] == 42);
    assert_int_equal(list.serial, 12);
    assert_int_equal(list.sealed, 4712);
    assert_int_equal(list.count, 2);
    const struct part_info *raw = &list.parts[0], *minute = &list.parts[1];
    assert_string_equal(raw->name, "raw-0000000001-0000004711-000011.part");
    assert_true(raw->tier == PART_RAW && raw->level == 2 && raw->serial == 11);
    assert_true(raw->from == 1 && raw->to == 4711 && raw->erased_position == 99);
    assert_true(raw->journal[0] == list.journal[0] && raw->journal[1] == 42);
    assert_true(raw->wall_ns == T0 + 5 && raw->first_ns == T0);
    assert_true(raw->last_ns == T0 + (RAW_OWNERS - 1 + (RAW_ROWS - 1) * 10) * NS_PER_S);
    assert_true(raw->owners == RAW_OWNERS && raw->chunks == RAW_OWNERS);
    assert_true(raw->samples == RAW_OWNERS * RAW_ROWS && raw->values == RAW_OWNERS * RAW_ROWS);
    assert_string_equal(minute->name, "minute-0000000001-0000004711-000012.part");
    assert_true(minute->owners == 1 && minute->chunks == 2 && minute->values == 2 * MINUTE_ROWS);
    parts_list_done(&list);
}

/* The next chunk is this owner's, its times begin at first_ns and are step_ns apart, its values are
 * (base + row) / 10. */
static void chunk_is_right(struct part_cursor *cursor, uint32_t owner, uint32_t rows,
                           int64_t first_ns, int64_t step_ns, uint32_t base)
{
    static struct chunk_column_reader reader;
    static int64_t times[CHUNK_ROWS_MAX];
    static uint64_t words[CHUNK_ROWS_MAX];
    struct part_entry entry;
    struct bytes bytes;
    struct chunk chunk;
    assert_int_equal(part_cursor_next(cursor, &entry), OK);
    assert_true(entry.owner == owner && entry.samples == rows && entry.first_ns == first_ns);
    assert_true(entry.last_ns == first_ns + (rows - 1) * step_ns);
    assert_int_equal(part_cursor_chunk(cursor, &entry, &bytes), OK);
    assert_int_equal(chunk_open(bytes, CHUNK_VERIFY, &chunk), OK);
    assert_true(chunk.owner == owner && chunk.rows == rows && chunk.columns == 1);
    assert_int_equal(chunk_times(&chunk, 0, rows, times), OK);
    assert_int_equal(chunk_column_open(&chunk, 0, &reader), OK);
    assert_int_equal(chunk_column_read(&reader, 0, rows, words, NULL, NULL), OK);
    for (uint32_t i = 0; i < rows; i++) {
        double real = (double)(base + i) / 10;
        assert_memory_equal(&words[i], &real, sizeof real);
        assert_true(times[i] == first_ns + i * step_ns);
    }
}

static void test_parts(void **state)
{
    (void)state;
    struct part *part;
    struct part_cursor *cursor;
    struct part_entry entry;
    assert_int_equal(part_open(disk, "history", "raw-0000000001-0000004711-000011.part", &part),
                     OK);
    assert_int_equal(part_check(part, never, NULL), 0);
    assert_int_equal(part_cursor_create(part, never, NULL, &cursor), OK);
    for (uint32_t i = 0; i < RAW_OWNERS; i++)
        chunk_is_right(cursor, 5 * i, RAW_ROWS, T0 + i * NS_PER_S, 10 * NS_PER_S, 10 * i);
    assert_int_equal(part_cursor_next(cursor, &entry), ERR_MISSING);
    part_cursor_destroy(cursor);
    part_release(part);
    assert_int_equal(part_open(disk, "history", "minute-0000000001-0000004711-000012.part", &part),
                     OK);
    assert_int_equal(part_check(part, never, NULL), 0);
    assert_int_equal(part_cursor_create(part, never, NULL, &cursor), OK);
    for (uint32_t i = 0; i < 2; i++)
        chunk_is_right(cursor, 7, MINUTE_ROWS, T0 + i * 3600 * NS_PER_S, 60 * NS_PER_S, i);
    part_cursor_destroy(cursor);
    part_release(part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
