/* Answers of SQL as tables, CSV and JSON lines; carets; words that Tab completes. */
#include "cli/sql_output.h"

#include "cli/sql_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *answer(const char *columns, const char *rows)
{
    char text[4096];
    snprintf(text, sizeof text, "{\"columns\":%s,\"rows\":%s,\"truncated\":false,\"missing\":[]}",
             columns, rows);
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static void is_put(const char *columns, const char *rows, enum output_format format, size_t width,
                   const char *wanted)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    json_t *json = answer(columns, rows);
    assert_non_null(to);
    sql_put_answer(to, format, json, width);
    fclose(to);
    assert_string_equal(text, wanted);
    json_decref(json);
    free(text);
}

#define COLUMNS "[{\"name\":\"path\"},{\"name\":\"value\"},{\"name\":\"text\"}]"
#define ROWS "[[\"plant/a\",21.5,\"x\"],[\"\u5de5\u5382/b\",null,\"\"],[\"c\",-3,null]]"

static void test_tables(void **state)
{
    (void)state;
    is_put(COLUMNS, ROWS, OUTPUT_TABLE, SIZE_MAX,
           "path     value  text\nplant/a   21.5  x\n\u5de5\u5382/b          \nc           -3  \n");
    is_put(COLUMNS, "[]", OUTPUT_TABLE, SIZE_MAX, "path  value  text\n");
    /* Control characters do nothing to a terminal. */
    is_put("[{\"name\":\"a\"}]", "[[\"\\u001b[2J\"]]", OUTPUT_TABLE, SIZE_MAX, "a\n\uFFFD[2J\n");
    /* The widest column gives way on a narrow screen. */
    is_put("[{\"name\":\"a\"},{\"name\":\"b\"}]", "[[\"aaaaaaaaaaaaaaaaaaaa\",1]]", OUTPUT_TABLE,
           15, "a             b\naaaaaaaaaaa\u2026  1\n");
    is_put("[{\"name\":\"a\"},{\"name\":\"b\"}]", "[[\"aaaaaaaaaaaaaaaaaaaa\",1]]", OUTPUT_TABLE, 1,
           "a         b\naaaaaaa\u2026  1\n");
}

static void test_lines_for_programs(void **state)
{
    (void)state;
    is_put(COLUMNS, ROWS, OUTPUT_CSV, 0,
           "path,value,text\r\nplant/a,21.5,x\r\n\u5de5\u5382/b,,\"\"\r\nc,-3,\r\n");
    is_put(COLUMNS, ROWS, OUTPUT_JSON, 0,
           "{\"path\":\"plant/a\",\"value\":21.5,\"text\":\"x\"}\n"
           "{\"path\":\"\u5de5\u5382/b\",\"value\":null,\"text\":\"\"}\n"
           "{\"path\":\"c\",\"value\":-3,\"text\":null}\n");
    is_put("[{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"a\"}]", "[[1,2,3]]", OUTPUT_JSON, 0,
           "{\"a\":1,\"a:1\":2,\"a:2\":3}\n");
}

static void caret_is(const char *statement, int64_t offset, const char *wanted)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    sql_put_caret(to, statement, offset);
    fclose(to);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_carets(void **state)
{
    (void)state;
    caret_is("select x", 7, "  select x\n         ^\n");
    caret_is("select 1,\n  x\nfrom y", 12, "    x\n    ^\n");
    caret_is("select '\u6e29' , x", 14, "  select '\u6e29' , x\n               ^\n");
    caret_is("select x", 8, "  select x\n          ^\n"); /* its end */
    caret_is("select x", 9, "");
    caret_is("select x", -1, "");
    caret_is("", 0, "  \n  ^\n");
}

static void words_are(const json_t *schema, const char *prefix, const char *wanted)
{
    char all[1024] = "", *word;
    for (size_t nth = 0; (word = sql_line_word(schema, prefix, nth)) != NULL; nth++) {
        strcat(strcat(all, word), " ");
        free(word);
    }
    assert_string_equal(all, wanted);
}

static void test_words(void **state)
{
    (void)state;
    json_t *schema = json_loads("{\"tables\":[{\"name\":\"samples\",\"columns\":[{\"name\":"
                                "\"quality\"},{\"name\":\"path\"}]}],"
                                "\"functions\":[{\"name\":\"time_text(ns)\"}]}",
                                0, NULL);
    assert_non_null(schema);
    words_are(schema, "sa", "samples ");
    words_are(schema, "SEL", "select ");
    words_are(schema, "time_", "time_text( ");
    words_are(schema, "q", "query quality ");
    words_are(schema, "zzz", "");
    words_are(NULL, "havi", "having ");
    json_decref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_lines_for_programs),
        cmocka_unit_test(test_carets),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests_name("sql_output", tests, NULL, NULL);
}
