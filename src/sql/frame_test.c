/* Frames at both sides of their limits. */
#include "sql/frame.h"

#include "sql/batch.h"
#include "sql/times.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_values_come_back(void **state)
{
    struct frame_writer writer = {.at = NULL};
    struct sql_value values[] = {
        {.kind = FRAME_NULL},
        {.kind = FRAME_INTEGER, .integer = INT64_MIN},
        {.kind = FRAME_REAL, .real = -0.0},
        {.kind = FRAME_TEXT, .text = bytes_text("")},
        {.kind = FRAME_BLOB, .text = bytes_of("\0\xff", 2)},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        frame_put_value(&writer, &values[i]);
    frame_put_real(&writer, (double)NAN); /* is none */
    struct frame_reader reader = frame_read(bytes_of(writer.at, writer.size));
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        struct sql_value value = frame_get_value(&reader);
        assert_int_equal(value.kind, values[i].kind);
        assert_int_equal(value.integer, values[i].integer);
        assert_true(value.real == values[i].real && bytes_equal(value.text, values[i].text));
    }
    assert_int_equal(frame_get_value(&reader).kind, FRAME_NULL);
    assert_true(frame_is_whole(&reader));
    /* Behind the end there is nothing, for ever. */
    assert_int_equal(frame_get_value(&reader).kind, FRAME_NULL);
    assert_true(reader.wrong && !frame_is_whole(&reader));
    assert_int_equal(frame_get_text(&reader).size, 0);
    frame_writer_done(&writer);
}

static void test_every_cut_of_a_filter_is_refused(void **state)
{
    uint8_t points[8] = {1, 0, 0, 0, 2, 0, 0, 0};
    uint8_t paths[9] = {1, 0, 0, 0, 'a', 0, 0, 0, 0};
    struct frame_writer writer = {.at = NULL};
    struct sql_filter filter = {.table = SQL_BUCKETS,
                                .order = SQL_ORDER_TIME_DOWN,
                                .columns = UINT32_MAX,
                                .by_point = true,
                                .by_label = true,
                                .retired = true,
                                .point_count = 2,
                                .points = bytes_of(points, sizeof points),
                                .path_count = 2,
                                .paths = bytes_of(paths, sizeof paths),
                                .glob = bytes_text("a*"),
                                .like = bytes_text(""),
                                .label = bytes_text("a:b"),
                                .match = bytes_text("#"),
                                .step = bytes_text("1h"),
                                .from_ns = INT64_MIN,
                                .to_ns = INT64_MAX},
                      found;
    (void)state;
    filter_put(&writer, &filter);
    struct frame_reader reader = frame_read(bytes_of(writer.at, writer.size));
    assert_true(filter_get(&reader, &found));
    assert_true(found.by_point && !found.by_path && found.by_label && found.retired);
    assert_int_equal(found.to_ns, INT64_MAX);
    assert_true(bytes_equal(found.paths, filter.paths) && bytes_equal(found.step, filter.step));
    for (size_t size = 0; size < writer.size; size++) {
        uint8_t *cut = malloc(size + 1); /* so that a read behind it is seen */
        assert_non_null(cut);
        memcpy(cut, writer.at, size);
        reader = frame_read(bytes_of(cut, size));
        assert_false(filter_get(&reader, &found));
        free(cut);
    }
    writer.at[0] = SQL_TABLES;
    reader = frame_read(bytes_of(writer.at, writer.size));
    assert_false(filter_get(&reader, &found));
    frame_writer_done(&writer);
}

static void test_the_longest_frame(void **state)
{
    struct frame_writer writer = {.at = NULL};
    (void)state;
    size_t began = frame_begin(&writer, FRAME_ROWS);
    assert_non_null(frame_room(&writer, FRAME_BYTES_MAX));
    frame_end(&writer, began);
    assert_int_equal(load_u32(writer.at), FRAME_BYTES_MAX);
    assert_false(writer.failed);
    frame_put_u8(&writer, 1);
    assert_true(writer.failed);
    assert_null(frame_room(&writer, 1));
    frame_writer_done(&writer);
    assert_null(frame_room(&writer, (size_t)FRAME_BYTES_MAX + 1));
    assert_true(writer.failed);
    frame_writer_done(&writer);
}

static void test_texts_of_a_run(void **state)
{
    uint8_t ends[12] = {2, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0}; /* the second ends before the first */
    struct batch_run run = {.count = 3,
                            .type = VALUE_STRING,
                            .ends = bytes_of(ends, sizeof ends),
                            .texts = bytes_text("abcd")};
    (void)state;
    assert_true(bytes_equal(batch_run_text(&run, 0), bytes_text("ab")));
    assert_int_equal(batch_run_text(&run, 1).size, 0);
    assert_int_equal(batch_run_text(&run, 2).size, 0);
    assert_int_equal(batch_run_text(&run, 3).size, 0);
}

static void test_times(void **state)
{
    int64_t time_ns, now_ns = INT64_C(1772352000) * NS_PER_S;
    (void)state;
    assert_true(sql_time_parse(bytes_text("2026-03-01"), now_ns, &time_ns));
    assert_int_equal(time_ns, INT64_C(1772323200) * NS_PER_S);
    assert_true(sql_time_parse(bytes_text("now-8h"), now_ns, &time_ns));
    assert_int_equal(time_ns, INT64_C(1772323200) * NS_PER_S);
    assert_true(sql_time_parse(bytes_text("2026-03-01T08:00:00.5Z"), now_ns, &time_ns));
    assert_int_equal(time_ns, now_ns + NS_PER_S / 2);
    assert_false(sql_time_parse(bytes_text("2026-13-01"), now_ns, &time_ns));
    assert_false(sql_time_parse(bytes_text(""), now_ns, &time_ns));
    assert_false(sql_time_parse(bytes_text("now-1mo"), now_ns, &time_ns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_come_back),
        cmocka_unit_test(test_every_cut_of_a_filter_is_refused),
        cmocka_unit_test(test_the_longest_frame),
        cmocka_unit_test(test_texts_of_a_run),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
