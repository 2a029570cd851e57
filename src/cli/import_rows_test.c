#include "cli/import_rows.h"

#include "format/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* All lines that a text becomes; faults as "!sentence". */
struct told {
    char *text;
    size_t size;
    FILE *to;
    uint64_t missing;
};

static bool tell(void *arg, const struct import_sample *sample)
{
    struct told *told = arg;
    struct bytes line = sample->line;
    assert_true(sample->hash == hash64(sample->path.at, sample->path.size, 0));
    fwrite(line.at, 1, line.size, told->to);
    return true;
}

static void read_text(const struct import_rows_config *config, const char *text, struct told *told)
{
    struct csv_reader *reader;
    struct csv_record record;
    struct import_rows *rows = NULL;
    char fault[256];
    bool good = true;
    *told = (struct told){.size = 0};
    told->to = open_memstream(&told->text, &told->size);
    assert_int_equal(csv_reader_create(',', false, &reader), OK);
    csv_feed(reader, bytes_text(text));
    enum csv_step step = csv_next(reader, &record);
    bool ended = false;
    for (uint64_t row = 0; good;) {
        if (step == CSV_STEP_MORE && ended)
            break;
        if (step == CSV_STEP_MORE) {
            csv_end(reader);
            ended = true;
        } else if (rows == NULL) {
            good = import_rows_create(config, &record, fault, &rows);
            if (!good)
                fprintf(told->to, "!!%s", fault);
        } else if (!import_rows_take(rows, &record, row++, &told->missing, tell, told, fault)) {
            fprintf(told->to, "!%s\n", fault);
        }
        step = csv_next(reader, &record);
    }
    import_rows_destroy(rows);
    csv_reader_destroy(reader);
    fclose(told->to);
}

static struct import_time iso;

static void expect_with(struct import_rows_config config, const char *text, const char *wanted)
{
    struct told told;
    const char *fault;
    assert_true(import_time_init(&iso, NULL, NULL, &fault));
    config.format = &iso;
    read_text(&config, text, &told);
    assert_string_equal(told.text, wanted);
    free(told.text);
}

#define AT ",\"time\":1772352000000000000}\n"

static void test_wide(void **state)
{
    (void)state;
    expect_with((struct import_rows_config){.path = "p/{field}"},
                "time,a b,c/d\n2026-03-01T08:00:00Z,1.50,x\n",
                "{\"path\":\"p/a b\",\"value\":1.50" AT "{\"path\":\"p/c%2Fd\",\"value\":\"x\"" AT);
    expect_with((struct import_rows_config){.path = "p/{m}/{}"},
                "m,time,v\npress \"1\",2026-03-01T08:00:00Z,true\n,2026-03-01T08:00:00Z,1\n",
                "{\"path\":\"p/press \\\"1\\\"/v\",\"value\":true" AT
                "!column v: the column m, which is part of the path, is empty\n");
    expect_with((struct import_rows_config){.path = "{field}", .columns = "b"},
                "time,a,b\n2026-03-01T08:00:00Z,1,2\n", "{\"path\":\"b\",\"value\":2" AT);
    expect_with((struct import_rows_config){.path = "{field}", .skip = "a , c"},
                "time,a,b,c\n2026-03-01T08:00:00Z,1,2,3\n", "{\"path\":\"b\",\"value\":2" AT);
    expect_with((struct import_rows_config){.path = "{field}", .time = {"d", "t"}, .time_count = 2},
                "d,t,v\n2026-03-01,08:00:00Z,1\n", "{\"path\":\"v\",\"value\":1" AT);
    expect_with((struct import_rows_config){.path = "{field}",
                                            .start_ns = INT64_C(1772352000000000000),
                                            .step_ns = NS_PER_S},
                "v\n1\n2\n",
                "{\"path\":\"v\",\"value\":1" AT
                "{\"path\":\"v\",\"value\":2,\"time\":1772352001000000000}\n");
}

static void test_wrong_words(void **state)
{
    (void)state;
    static const struct {
        struct import_rows_config config;
        const char *header, *wanted;
    } wrong[] = {
        {{.path = "p"}, "time,a\n", "!!--path \"p\" says nowhere which column it is"},
        {{.path = "{no}/{field}"}, "time,a\n", "!!--path names {no}, and there is no such column"},
        {{.path = "{field"}, "time,a\n", "!!--path \"{field\": a brace has no partner"},
        {{.path = "field}"}, "time,a\n", "!!--path \"field}\": a brace has no partner"},
        {{.path = "{field}"}, "a,b\n", "!!no column is called time"},
        {{.path = "{field}", .time = {"no"}, .time_count = 1}, "a,b\n", "!!--time names \"no\""},
        {{.path = "{field}", .skip = "no"}, "time,a\n", "!!--skip names \"no\""},
        {{.path = "{field}", .skip = "a"}, "time,a\n", "!!no column is left"},
        {{.path = NULL}, "time,a\n", "!!there are no columns path and value"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct told told;
        struct import_rows_config config = wrong[i].config;
        config.format = &iso;
        read_text(&config, wrong[i].header, &told);
        if (strncmp(told.text, wrong[i].wanted, strlen(wrong[i].wanted)) != 0)
            fail_msg("%s: %s", wrong[i].wanted, told.text);
        free(told.text);
    }
}

/* A cell, and the JSON that becomes of it; NULL: no sample. */
static void expect_cell(struct import_rows_config config, const char *cell, const char *wanted)
{
    char text[512], line[1024] = "";
    config.path = "{field}";
    snprintf(text, sizeof text, "time,v\n2026-03-01T08:00:00Z,%s\n", cell);
    if (wanted != NULL)
        snprintf(line, sizeof line, "{\"path\":\"v\",\"value\":%s" AT, wanted);
    expect_with(config, text, line);
}

static void test_values(void **state)
{
    struct import_rows_config plain = {.path = NULL}, comma = {.decimal_comma = true},
                              text = {.text = "v"},
                              missing = {.missing = {"-200", "n/a"}, .missing_count = 2},
                              bad = {.missing_bad = true};
    (void)state;
    static const char *const numbers[][2] = {{"0", "0"},
                                             {"-0.0", "-0.0"},
                                             {"+1", "1"},
                                             {".5", "0.5"},
                                             {"-.5", "-0.5"},
                                             {"5.", "5"},
                                             {"1e3", "1e3"},
                                             {"1.5E-3", "1.5E-3"},
                                             {" 7 ", "7"},
                                             {"\"12.5\"", "12.5"},
                                             {"9007199254740993", "9007199254740993"}};
    static const char *const texts[][2] = {{"007", "\"007\""},     {"1e", "\"1e\""},
                                           {"-", "\"-\""},         {"1.2.3", "\"1.2.3\""},
                                           {"+", "\"+\""},         {"0x10", "\"0x10\""},
                                           {".", "\".\""},         {"1 2", "\"1 2\""},
                                           {"ON", "\"ON\""},       {"\"a\"\"b\"", "\"a\\\"b\""},
                                           {"a\\b", "\"a\\\\b\""}, {"a\tb", "\"a\\u0009b\""}};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
        expect_cell(plain, numbers[i][0], numbers[i][1]);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        expect_cell(plain, texts[i][0], texts[i][1]);
    expect_cell(plain, "TRUE", "true");
    expect_cell(plain, "False", "false");
    expect_cell(plain, "", NULL);
    expect_cell(plain, "NaN", NULL);
    expect_cell(plain, "null", NULL);
    expect_cell(plain, "  ", NULL);
    expect_cell(comma, "\"2,6\"", "2.6");
    expect_cell(comma, "2.6", "\"2.6\"");
    expect_cell(text, "12", "\"12\"");
    expect_cell(text, "\"\"", "\"\"");
    expect_cell(text, "", NULL);
    expect_cell(missing, "-200", NULL);
    expect_cell(missing, "n/a", NULL);
    expect_cell(missing, "-200.5", "-200.5");
    expect_cell(bad, "", "null");
}

static void test_limits(void **state)
{
    (void)state;
    char *text = malloc(3 * STRING_VALUE_MAX), *wanted = malloc(3 * STRING_VALUE_MAX);
    int size = sprintf(text, "time,v,w\n2026-03-01T08:00:00Z,");
    memset(text + size, 'x', STRING_VALUE_MAX);
    strcpy(text + size + STRING_VALUE_MAX, ",1\n");
    sprintf(wanted, "{\"path\":\"v\",\"value\":\"%.4096s\"" AT "{\"path\":\"w\",\"value\":1" AT,
            text + size);
    expect_with((struct import_rows_config){.path = "{field}"}, text, wanted);
    strcpy(text + size + STRING_VALUE_MAX, "x,1\n");
    expect_with((struct import_rows_config){.path = "{field}"}, text,
                "{\"path\":\"w\",\"value\":1" AT "!column v: a text has at most 4096 bytes\n");
    expect_with((struct import_rows_config){.path = "{field}"},
                "time,v,w\n2026-03-01T08:00:00Z,\xFF,1\n",
                "{\"path\":\"w\",\"value\":1" AT "!column v: a text is not UTF-8\n");
    expect_with((struct import_rows_config){.path = "{field}"}, "time,v\n2026-03-01T08:00:00Z\n",
                "!1 fields, and the header has 2\n");
    expect_with((struct import_rows_config){.path = "{field}"}, "time,v\nnever,1\n",
                "!\"never\" is no time as --time-format says, or outside 1970 to 2200\n");
    expect_with((struct import_rows_config){.path = "{field}"}, "time,v\n1970-01-02T00:00:00Z,1\n",
                "{\"path\":\"v\",\"value\":1,\"time\":\"1970-01-02T00:00:00.000Z\"}\n");
    free(text);
    free(wanted);
}

static void test_long(void **state)
{
    (void)state;
    expect_with((struct import_rows_config){.path = NULL},
                "path,time,value,quality,type\n"
                "a/b,2026-03-01T08:00:00Z,12,good,string\n"
                "a/c,2026-03-01T08:00:00Z,\"12\",uncertain,float64\n"
                "a/d,2026-03-01T08:00:00Z,,bad.no_value,float64\n"
                "a/e,2026-03-01T08:00:00Z,,,float64\n"
                "a/f,2026-03-01T08:00:00Z,\"\",good,string\n"
                ",2026-03-01T08:00:00Z,1,good,float64\n",
                "{\"path\":\"a/b\",\"value\":\"12\",\"time\":1772352000000000000,"
                "\"quality\":\"good\"}\n"
                "{\"path\":\"a/c\",\"value\":12,\"time\":1772352000000000000,"
                "\"quality\":\"uncertain\"}\n"
                "{\"path\":\"a/d\",\"value\":null,\"time\":1772352000000000000,"
                "\"quality\":\"bad.no_value\"}\n"
                "{\"path\":\"a/f\",\"value\":\"\",\"time\":1772352000000000000,"
                "\"quality\":\"good\"}\n"
                "!the path or the quality is empty, too long or not UTF-8\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wide),   cmocka_unit_test(test_wrong_words),
        cmocka_unit_test(test_values), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
