/* How points and branches look. */
#include "cli/point_output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TIME_NS INT64_C(1772352000000000000) /* 2026-03-01T08:00:00Z */

static const char whole[] =
    "{\"path\":\"plant/temp\",\"point\":17,\"type\":\"float64\",\"value\":21.6,"
    "\"quality\":\"good\",\"time\":\"2026-03-01T08:00:00.000000001Z\","
    "\"arrival\":\"2026-03-01T08:00:01Z\",\"unit\":\"Cel\",\"limit_state\":\"high\","
    "\"description\":\"oil\",\"labels\":{\"line\":\"1\",\"area\":\"north\"},"
    "\"limits\":{\"high\":20.5,\"high_high\":80},"
    "\"refused\":[{\"reason\":\"type\",\"count\":3}]}";
static const char bare[] = "{\"path\":\"b\",\"value\":null,\"quality\":\"bad.no_value\","
                           "\"time\":null,\"limit_state\":\"none\",\"type\":\"bool\"}";

static char *written;
static size_t written_size;
static FILE *writing;

static void expect_written(const char *wanted)
{
    fclose(writing);
    assert_string_equal(written, wanted);
    free(written);
}

static void add_points(enum output_format format)
{
    static const char *const texts[] = {whole, bare};
    writing = open_memstream(&written, &written_size);
    struct rows *rows = point_rows_create(writing, format, SIZE_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        json_t *point = json_loads(texts[i], 0, NULL);
        point_rows_add(rows, format, point);
        json_decref(point);
    }
    rows_flush(rows);
    rows_destroy(rows);
}

static void points_are_rows(void **state)
{
    (void)state;
    add_points(OUTPUT_TABLE);
    expect_written(
        "path        value  unit  quality       limit  time                      type\n"
        "plant/temp   21.6  Cel   good          high   2026-03-01T08:00:00.000Z  float64\n"
        "b               -        bad.no_value         -                         bool\n");
    add_points(OUTPUT_CSV);
    expect_written("path,value,unit,quality,time,limit_state,arrival,type\r\n"
                   "plant/temp,21.6,Cel,good,2026-03-01T08:00:00.000000001Z,high,"
                   "2026-03-01T08:00:01Z,float64\r\n"
                   "b,,,bad.no_value,,none,,bool\r\n");
}

static void one_point_is_lines(void **state)
{
    (void)state;
    json_t *point = json_loads(whole, 0, NULL);
    writing = open_memstream(&written, &written_size);
    point_put_lines(writing, point, TIME_NS + 61 * NS_PER_S);
    expect_written("path         plant/temp\n"
                   "value        21.6 Cel\n"
                   "quality      good\n"
                   "time         2026-03-01T08:00:00.000000001Z  1 min 0 s ago\n"
                   "arrival      2026-03-01T08:00:01Z  1 min 0 s ago\n"
                   "type         float64\n"
                   "limit state  high\n"
                   "limits       high=20.5 high_high=80\n"
                   "description  oil\n"
                   "labels       line=1 area=north\n"
                   "refused      reason type  count 3\n");
    json_decref(point);
    point = json_loads(bare, 0, NULL);
    writing = open_memstream(&written, &written_size);
    point_put_lines(writing, point, TIME_NS);
    expect_written(
        "path         b\nvalue        -\nquality      bad.no_value\ntype         bool\n");
    json_decref(point);
}

static void a_time_to_come_is_told_as_such(void **state)
{
    (void)state;
    json_t *point = json_loads(whole, 0, NULL);
    writing = open_memstream(&written, &written_size);
    point_put_lines(writing, point, TIME_NS - 5 * NS_PER_S);
    fclose(writing);
    assert_non_null(strstr(written, "time         2026-03-01T08:00:00.000000001Z  in 5 s\n"));
    free(written);
    json_decref(point);
}

static void branches_have_counts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"name\":\"line-1\",\"path\":\"plant/line-1\",\"count\":1234,\"branch\":true,"
        "\"point\":null}",
        "{\"name\":\"temp\",\"path\":\"plant/temp\",\"count\":1,\"branch\":false,\"point\":"
        "{\"path\":\"plant/temp\",\"value\":21.6,\"quality\":\"good\",\"time\":null}}",
    };
    static const char *const wanted[] = {
        "name     points  value  quality  time\n"
        "line-1/   1,234                  \n"
        "temp              21.6  good     -\n",
        "path,branch,points,value,unit,quality,time\r\n"
        "plant/line-1,true,1234,,,,\r\n"
        "plant/temp,false,1,21.6,,good,\r\n",
    };
    for (size_t turn = 0; turn < 2; turn++) {
        enum output_format format = turn == 0 ? OUTPUT_TABLE : OUTPUT_CSV;
        writing = open_memstream(&written, &written_size);
        struct rows *rows = branch_rows_create(writing, format, SIZE_MAX);
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
            json_t *child = json_loads(texts[i], 0, NULL);
            branch_rows_add(rows, format, child);
            json_decref(child);
        }
        rows_leave_empty(rows);
        rows_flush(rows);
        rows_destroy(rows);
        expect_written(wanted[turn]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_rows),
        cmocka_unit_test(one_point_is_lines),
        cmocka_unit_test(a_time_to_come_is_told_as_such),
        cmocka_unit_test(branches_have_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
