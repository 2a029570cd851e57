/* Rows as a table and as CSV; values as text and as JSON. */
#include "cli/row_output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

/* ---- CSV
 * ----------------------------------------------------------------------------------------- */

static void cells_are_quoted_where_they_must_be(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"", ""},
        {"a,b", "\"a,b\""},
        {"say \"no\"", "\"say \"\"no\"\"\""},
        {"two\nlines", "\"two\nlines\""},
        {"a\rb", "\"a\rb\""},
        {" edge", "\" edge\""},
        {"edge ", "\"edge \""},
        {"in side", "in side"},
        {"-5", "-5"},
        {"\"", "\"\"\"\""},
        {"\xE5\x8E\x82", "\xE5\x8E\x82"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        csv_put_cell(write_begin(), cases[i][0]);
        expect_written(cases[i][1]);
    }
}

static const struct row_column two_columns[] = {
    {.name = "path", .keep_end = true, .least = 6},
    {.name = "limit_state", .right = true},
};

static void csv_has_a_head_and_crlf(void **state)
{
    (void)state;
    struct rows *rows = rows_create(write_begin(), OUTPUT_CSV, two_columns, 2, 10);
    rows_flush(rows);
    rows_cell(rows, PAINT_NONE, "a");
    rows_cell(rows, PAINT_RED, "x,y");
    rows_flush(rows);
    rows_flush(rows);
    rows_destroy(rows);
    expect_written("path,limit_state\r\na,\"x,y\"\r\n");
}

/* ---- tables
 * -------------------------------------------------------------------------------------- */

static void columns_are_aligned_for_wide_characters(void **state)
{
    (void)state;
    struct rows *rows = rows_create(write_begin(), OUTPUT_TABLE, two_columns, 2, SIZE_MAX);
    rows_cell(rows, PAINT_NONE, "plant/x");
    rows_cell(rows, PAINT_NONE, "1");
    rows_cell(rows, PAINT_NONE, "\xE5\x8E\x82/\xE6\xB8\xA9"); /* five columns, seven bytes */
    rows_cell(rows, PAINT_NONE, "22");
    rows_flush(rows);
    rows_destroy(rows);
    expect_written("path     limit state\n"
                   "plant/x            1\n"
                   "\xE5\x8E\x82/\xE6\xB8\xA9             22\n");
}

static void pages_share_one_head_and_only_grow(void **state)
{
    (void)state;
    struct rows *rows = rows_create(write_begin(), OUTPUT_TABLE, two_columns, 2, SIZE_MAX);
    static const char *const cells[] = {"a", "1", "longer", "2", "b", "3"};
    for (size_t i = 0; i < ARRAY_COUNT(cells); i++) {
        rows_cell(rows, PAINT_NONE, cells[i]);
        if (i % 2 == 1)
            rows_flush(rows);
    }
    rows_destroy(rows);
    expect_written("path  limit state\n"
                   "a               1\n"
                   "longer            2\n"
                   "b                 3\n");
}

static const struct row_column three_columns[] = {
    {.name = "path", .keep_end = true, .least = 8},
    {.name = "value", .right = true},
    {.name = "time", .leave = 1},
};

static void a_narrow_screen_cuts_and_leaves_out(void **state)
{
    (void)state;
    static const char *const cells[] = {"plant/line/press", "21.5", "2026-03-01"};
    static const struct {
        size_t width;
        const char *wanted;
    } cases[] = {
        {SIZE_MAX, "path              value  time\nplant/line/press   21.5  2026-03-01\n"},
        {30, "path         value  time\n\u2026line/press   21.5  2026-03-01\n"},
        {20, "path      value\n\u2026e/press   21.5\n"},
        {1, "path      value\n\u2026e/press   21.5\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct rows *rows =
            rows_create(write_begin(), OUTPUT_TABLE, three_columns, 3, cases[i].width);
        for (size_t cell = 0; cell < ARRAY_COUNT(cells); cell++)
            rows_cell(rows, PAINT_NONE, cells[cell]);
        rows_flush(rows);
        rows_destroy(rows);
        expect_written(cases[i].wanted);
    }
}

static void a_terminal_gets_no_control_characters(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(text_clean("a\033[2Jb\x7F\xC2\x9B", text, sizeof text),
                        "a\xEF\xBF\xBD[2Jb\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_string_equal(text_clean("0123456789", text, 8), "0123"); /* room for one more mark */
}

/* ---- values
 * -------------------------------------------------------------------------------------- */

static void values_are_written_as_short_as_they_read_back(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"[21.6]", "21.6", "[21.6]"},
        {"[0.1]", "0.1", "[0.1]"},
        {"[9007199254740993]", "9007199254740993", "[9007199254740993]"},
        {"[true]", "true", "[true]"},
        {"[null]", "none", "[null]"},
        {"[\"a\\\"b\\u00e9\"]", "a\"b\xC3\xA9", "[\"a\\\"b\xC3\xA9\"]"},
        {"[{\"a\":[1,0.3]}]", "{\"a\":[1,0.29999999999999999]}", "[{\"a\":[1,0.3]}]"},
        {"[{\"x\\ny\":{}}]", "{\"x\\ny\":{}}", "[{\"x\\ny\":{}}]"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        json_t *list = json_loads(cases[i][0], 0, NULL);
        char *text = value_text(json_array_get(list, 0), "none");
        assert_string_equal(text, cases[i][1]);
        free(text);
        value_put_json(write_begin(), list);
        expect_written(cases[i][2]);
        json_decref(list);
    }
}

static void deep_json_is_written_too(void **state)
{
    (void)state;
    char text[401] = "";
    memset(text, '[', 200);
    memset(text + 200, ']', 200);
    json_t *deep = json_loads(text, 0, NULL);
    assert_non_null(deep);
    value_put_json(write_begin(), deep);
    expect_written(text);
    json_decref(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_quoted_where_they_must_be),
        cmocka_unit_test(csv_has_a_head_and_crlf),
        cmocka_unit_test(columns_are_aligned_for_wide_characters),
        cmocka_unit_test(pages_share_one_head_and_only_grow),
        cmocka_unit_test(a_narrow_screen_cuts_and_leaves_out),
        cmocka_unit_test(a_terminal_gets_no_control_characters),
        cmocka_unit_test(values_are_written_as_short_as_they_read_back),
        cmocka_unit_test(deep_json_is_written_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
