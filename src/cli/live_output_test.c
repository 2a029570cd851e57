/* Live values as lines, JSON, CSV, and as a picture of a given size. */
#include "cli/live_output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TIME_NS INT64_C(1772352000250000000) /* 2026-03-01T08:00:00.25Z */

static char *written;
static size_t written_size;
static FILE *writing;

static FILE *write_begin(void)
{
    return writing = open_memstream(&written, &written_size);
}

static void expect_written(const char *wanted)
{
    fclose(writing);
    assert_string_equal(written, wanted);
    free(written);
}

/* A point of literals; its value is the caller's to decref. */
static struct live_client_point point_of(const char *path, json_t *value, const char *quality,
                                         const char *limit_state)
{
    return (struct live_client_point){.point = 17,
                                      .path = (char *)(uintptr_t)path,
                                      .type = (char *)(uintptr_t) "float64",
                                      .unit = (char *)(uintptr_t) "Cel",
                                      .limit_state = (char *)(uintptr_t)limit_state,
                                      .quality = (char *)(uintptr_t)quality,
                                      .value = value,
                                      .time_ns = TIME_NS};
}

/* ---- streams
 * ------------------------------------------------------------------------------------- */

static void a_line_says_what_is_not_good(void **state)
{
    (void)state;
    json_t *value = json_real(21.6);
    static const struct {
        const char *quality, *limit_state, *wanted;
    } cases[] = {
        {"good", "", "2026-03-01T08:00:00.250Z\ta\t21.6\tCel\n"},
        {"good", "normal", "2026-03-01T08:00:00.250Z\ta\t21.6\tCel\n"},
        {"good", "high", "2026-03-01T08:00:00.250Z\ta\t21.6\tCel\tgood\thigh\n"},
        {"bad", "normal", "2026-03-01T08:00:00.250Z\ta\t21.6\tCel\tbad\n"},
        {"bad", "low_low", "2026-03-01T08:00:00.250Z\ta\t21.6\tCel\tbad\tlow_low\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct live_client_point point =
            point_of("a", value, cases[i].quality, cases[i].limit_state);
        live_put_line(write_begin(), &point);
        expect_written(cases[i].wanted);
    }
    json_decref(value);
}

static void a_line_stays_one_line(void **state)
{
    (void)state;
    json_t *value = json_string("two\nlines\tand a tab");
    struct live_client_point point = point_of("a", value, "good", "");
    point.time_ns = 0;
    live_put_line(write_begin(), &point);
    expect_written("-\ta\ttwo\xEF\xBF\xBDlines\xEF\xBF\xBD"
                   "and a tab\tCel\n");
    json_decref(value);
}

static void json_and_csv_have_it_all(void **state)
{
    (void)state;
    json_t *value = json_string("x, \"y\"");
    struct live_client_point point = point_of("a,b", value, "good", "");
    live_put_json(write_begin(), &point);
    expect_written("{\"path\":\"a,b\",\"point\":17,\"value\":\"x, \\\"y\\\"\",\"quality\":\"good\","
                   "\"time\":\"2026-03-01T08:00:00.25Z\",\"type\":\"float64\",\"unit\":\"Cel\","
                   "\"limit_state\":\"none\"}\n");
    live_put_csv_head(write_begin());
    live_put_csv(writing, &point);
    expect_written("time,path,value,unit,quality,limit_state\r\n"
                   "2026-03-01T08:00:00.250Z,\"a,b\",\"x, \"\"y\"\"\",Cel,good,\r\n");
    json_decref(value);
    point = point_of("a", json_null(), "bad.no_value", "");
    point.time_ns = 0;
    live_put_json(write_begin(), &point);
    expect_written(
        "{\"path\":\"a\",\"point\":17,\"value\":null,\"quality\":\"bad.no_value\","
        "\"time\":null,\"type\":\"float64\",\"unit\":\"Cel\",\"limit_state\":\"none\"}\n");
    live_put_csv(write_begin(), &point);
    expect_written(",a,,Cel,bad.no_value,\r\n");
}

/* ---- the screen
 * ---------------------------------------------------------------------------------- */

/* Draws and takes the picture apart; the widest line's columns are returned. */
static size_t draw(struct live_client_point *const *points, size_t count, unsigned columns,
                   unsigned rows, const char *remark, char *lines, size_t size, size_t *ret_lines)
{
    const struct live_screen screen = {.address = "host:8080",
                                       .remark = remark,
                                       .values = 1234,
                                       .skipped = 5,
                                       .rate = 10,
                                       .wall_ns = TIME_NS + 3 * NS_PER_S,
                                       .boot_ns = 0};
    live_draw(write_begin(), &screen, points, count, columns, rows);
    fclose(writing);
    size_t at = 0, widest = 0;
    *ret_lines = 1;
    for (const char *from = written; *from != 0; from++) {
        if (*from == '\033') {
            from += strcspn(from, "HJKm");
            continue;
        }
        assert_true(at + 1 < size);
        lines[at++] = *from;
        *ret_lines += *from == '\n';
    }
    lines[at] = 0;
    for (char *line = lines; *line != 0;) {
        char one[1024];
        size_t end = strcspn(line, "\n");
        snprintf(one, sizeof one, "%.*s", (int)end, line);
        widest = text_width(one) > widest ? text_width(one) : widest;
        line += end + (line[end] == '\n');
    }
    free(written);
    return widest;
}

static void a_picture_fits_any_screen(void **state)
{
    (void)state;
    json_t *value = json_real(21.6);
    struct live_client_point one =
        point_of("plant/\xE5\x8E\x82\xE6\x88\xBF/press-1/temperature/of the oil", value,
                 "uncertain.sensor_not_accurate", "high_high");
    struct live_client_point two = point_of("b", json_null(), "good", "");
    struct live_client_point *const points[] = {&one, &two, &one, &two, &one, &two};
    char lines[8192];
    size_t count;
    for (unsigned columns = 40; columns <= 200; columns += 7) {
        for (unsigned rows = 5; rows <= 24; rows++) {
            assert_true(draw(points, 6, columns, rows, "", lines, sizeof lines, &count) <= columns);
            assert_true(count <= rows);
        }
    }
    draw(points, 6, 120, 24, "", lines, sizeof lines, &count);
    assert_int_equal(count, 10);
    assert_non_null(
        strstr(lines, "live  host:8080   6 points   1,234 values   10.0/s   5 skipped"));
    assert_non_null(strstr(lines, "21.6  Cel   uncertain.se\xE2\x80\xA6         3 s"));
    draw(points, 6, 120, 8, "", lines, sizeof lines, &count);
    assert_non_null(strstr(lines, "2 more; a narrower PATTERN shows fewer"));
    draw(points, 6, 120, 8, "trying again", lines, sizeof lines, &count);
    assert_non_null(strstr(lines, "trying again"));
    json_decref(value);
}

static void what_was_lately_is_drawn(void **state)
{
    (void)state;
    struct live_client_point point = point_of("a", NULL, "good", "");
    struct live_client_point *const points[] = {&point};
    char lines[4096];
    size_t count;
    for (int i = 0; i < 40; i++) { /* more than are kept */
        point.value = json_integer(i % 8);
        live_note(&point, 0);
        if (i < 39)
            json_decref(point.value);
    }
    draw(points, 1, 120, 10, "", lines, sizeof lines, &count);
    assert_non_null(strstr(lines, "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
                                  "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"));
    json_decref(point.value);
    point.value = json_string("text");
    live_note(&point, 0); /* texts draw no curve */
    draw(points, 1, 120, 10, "", lines, sizeof lines, &count);
    assert_non_null(strstr(lines, "text"));
    json_decref(point.value);
    free(point.keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_what_is_not_good), cmocka_unit_test(a_line_stays_one_line),
        cmocka_unit_test(json_and_csv_have_it_all),     cmocka_unit_test(a_picture_fits_any_screen),
        cmocka_unit_test(what_was_lately_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
