#include "wire/csv/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* All records of a text as "line:field|field;", faults as "line!fault;", fed in pieces. */
struct told {
    char text[4096];
    size_t size;
    uint64_t bytes;
};

static void tell(struct told *told, const char *format, ...) PRINTF_LIKE(2, 3);
static void tell(struct told *told, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(told->text + told->size, sizeof told->text - told->size, format, args);
    va_end(args);
    assert_true(size >= 0 && told->size + (size_t)size < sizeof told->text);
    told->size += (size_t)size;
}

static void tell_all(struct csv_reader *reader, struct told *told)
{
    struct csv_record record;
    enum csv_step step;
    while ((step = csv_next(reader, &record)) != CSV_STEP_MORE) {
        told->bytes = record.bytes;
        if (step == CSV_STEP_FAULT) {
            tell(told, "%llu!%d;", (unsigned long long)record.line, (int)record.fault);
            continue;
        }
        tell(told, "%llu:", (unsigned long long)record.line);
        for (size_t i = 0; i < record.count; i++)
            tell(told, "%s%s%.*s%s", i ? "|" : "", record.quoted[i] ? "<" : "",
                 (int)record.fields[i].size, (const char *)record.fields[i].at,
                 record.quoted[i] ? ">" : "");
        tell(told, ";");
    }
}

static void read_in_pieces(struct bytes text, uint8_t separator, bool trim, size_t piece,
                           struct told *told)
{
    struct csv_reader *reader;
    *told = (struct told){.size = 0};
    assert_int_equal(csv_reader_create(separator, trim, &reader), OK);
    for (size_t at = 0; at < text.size; at += piece) {
        size_t left = text.size - at;
        uint8_t *copy = malloc(piece); /* so that a view into an old piece would be seen */
        memcpy(copy, text.at + at, left < piece ? left : piece);
        csv_feed(reader, bytes_of(copy, left < piece ? left : piece));
        tell_all(reader, told);
        free(copy);
    }
    csv_end(reader);
    tell_all(reader, told);
    csv_reader_destroy(reader);
}

static void expect_with(const char *text, uint8_t separator, bool trim, const char *wanted)
{
    struct told told;
    for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
        read_in_pieces(bytes_text(text), separator, trim, piece, &told);
        assert_string_equal(told.text, wanted);
    }
}

static void expect(const char *text, const char *wanted)
{
    expect_with(text, ',', false, wanted);
}

static void test_records(void **state)
{
    (void)state;
    expect("", "");
    expect("a,b\nc,d\n", "1:a|b;2:c|d;");
    expect("a,b\r\nc,d\r\n", "1:a|b;2:c|d;");
    expect("a,b\nc,d", "1:a|b;2:c|d;");
    expect("a,b\r\nc,d\r", "1:a|b;2:c|d;");
    expect("\n\na\n  \nb\n", "3:a;5:b;");
    expect(",\n", "1:|;");
    expect("a,\n,b\n", "1:a|;2:|b;");
    expect("\xEF\xBB\xBF\"a\nb\",c\n\xEF\xBB\xBF\n", "1:<a\nb>|c;3:\xEF\xBB\xBF;");
    expect("\xEF\xBB,x\n", "1:\xEF\xBB|x;");
    expect("\xEF\xBB\"x\n", "1:\xEF\xBB\"x;");
    expect_with("a;b,c;d\n", ';', false, "1:a|b,c|d;");
}

static void test_quotes(void **state)
{
    (void)state;
    expect("\"a\",\"b,c\",\"\"\n", "1:<a>|<b,c>|<>;");
    expect("\"say \"\"yes\"\"\",2\n", "1:<say \"yes\">|2;");
    expect("\"two\nlines\",x\ny\n", "1:<two\nlines>|x;3:y;");
    expect("\"two\r\nlines\"\r\ny\r\n", "1:<two\r\nlines>;3:y;");
    expect("5\" pipe,x\ny\n", "1:5\" pipe|x;2:y;");
    expect("\"a\"b,c\nd\n", "1!3;2:d;");
    expect("a\n\"b\nc\n", "1:a;2!4;");
    expect("\"\"\"\"\n", "1:<\">;");
    expect("\"", "1!4;");
    expect("\"\"", "1:<>;");
}

static void test_trim(void **state)
{
    (void)state;
    expect(" a , b\n", "1: a | b;");
    expect_with(" a , \"b, \" ,c \n", ',', true, "1:a|<b, >|c;");
    expect_with(" \"a\nb\" \n", ',', true, "1:<a\nb>;");
}

static void test_limits(void **state)
{
    struct told told;
    (void)state;
    char *text = malloc(CSV_RECORD_MAX + 32);
    memset(text, 'x', CSV_RECORD_MAX);
    struct csv_reader *reader;
    struct csv_record record;
    assert_int_equal(csv_reader_create(',', false, &reader), OK);
    strcpy(text + CSV_RECORD_MAX, "\ny\n");
    csv_feed(reader, bytes_text(text));
    assert_int_equal(csv_next(reader, &record), CSV_STEP_RECORD);
    assert_int_equal(record.fields[0].size, CSV_RECORD_MAX);
    assert_int_equal(record.bytes, CSV_RECORD_MAX + 1);
    csv_reader_destroy(reader);
    strcpy(text + CSV_RECORD_MAX, "x\ny\n");
    read_in_pieces(bytes_text(text), ',', false, 4093, &told);
    assert_string_equal(told.text, "1!1;2:y;");
    text[0] = '"'; /* nobody closes it: it costs no more than a record */
    read_in_pieces(bytes_text(text), ',', false, 4093, &told);
    assert_string_equal(told.text, "1!1;2:y;");
    memset(text, ',', CSV_FIELDS_MAX);
    text[CSV_FIELDS_MAX - 1] = 0;
    assert_int_equal(csv_reader_create(',', false, &reader), OK);
    csv_feed(reader, bytes_text(text));
    assert_int_equal(csv_next(reader, &record), CSV_STEP_MORE);
    csv_end(reader);
    assert_int_equal(csv_next(reader, &record), CSV_STEP_RECORD);
    assert_int_equal(record.count, CSV_FIELDS_MAX);
    csv_reader_destroy(reader);
    strcpy(text + CSV_FIELDS_MAX - 1, ",\ny\n");
    read_in_pieces(bytes_text(text), ',', false, 100, &told);
    assert_string_equal(told.text, "1!2;2:y;");
    free(text);
}

/* Reading that is picked up behind any record goes on with the same lines. */
static void test_place(void **state)
{
    static const char text[] = "\xEF\xBB\xBF"
                               "a,b\r\n\"c\nd\",e\r\n\r\nf,g\nh,i";
    struct csv_reader *reader, *later;
    struct csv_record record, again;
    (void)state;
    assert_int_equal(csv_reader_create(',', false, &reader), OK);
    csv_feed(reader, bytes_text(text));
    assert_int_equal(csv_next(reader, &record), CSV_STEP_RECORD);
    uint64_t lines[] = {2, 5, 6};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(csv_reader_create(',', false, &later), OK);
        csv_reader_place(later, record.lines, record.bytes);
        csv_feed(later, bytes_text(text + record.bytes));
        if (i == 2) {
            csv_end(reader);
            assert_int_equal(csv_next(later, &again), CSV_STEP_MORE);
            csv_end(later);
        }
        assert_int_equal(csv_next(later, &again), CSV_STEP_RECORD);
        assert_int_equal(csv_next(reader, &record), CSV_STEP_RECORD);
        assert_int_equal(again.line, lines[i]);
        assert_int_equal(record.line, lines[i]);
        assert_int_equal(again.bytes, record.bytes);
        assert_true(bytes_equal(again.fields[0], record.fields[0]));
        csv_reader_destroy(later);
        if (i == 1)
            assert_int_equal(csv_next(reader, &again), CSV_STEP_MORE);
    }
    assert_int_equal(record.bytes, sizeof text - 1);
    csv_reader_destroy(reader);
}

static void test_guess(void **state)
{
    (void)state;
    assert_int_equal(csv_separator_guess(bytes_text("a;b;c,d\n1,2,3,4")), ';');
    assert_int_equal(csv_separator_guess(bytes_text("a\tb")), '\t');
    assert_int_equal(csv_separator_guess(bytes_text("\"a;b;c\",d")), ',');
    assert_int_equal(csv_separator_guess(bytes_text("a|b")), '|');
    assert_int_equal(csv_separator_guess(bytes_text("")), ',');
}

static void expect_put(const char *field, bool quote, const char *wanted)
{
    uint8_t out[256];
    size_t size = csv_field_put(bytes_text(field), ',', quote, out);
    assert_true(size <= 2 * strlen(field) + 2);
    assert_true(bytes_equal(bytes_of(out, size), bytes_text(wanted)));
}

static void test_put(void **state)
{
    (void)state;
    expect_put("a b", false, "a b");
    expect_put("a,b", false, "\"a,b\"");
    expect_put("\"", false, "\"\"\"\"");
    expect_put(" a", false, "\" a\"");
    expect_put("a\r\nb", false, "\"a\r\nb\"");
    expect_put("", false, "");
    expect_put("", true, "\"\"");
}

/* What is written is no formula any more, and is read as it was. */
static void test_formulas(void **state)
{
    static const struct {
        const char *text, *out;
    } cases[] = {{"=1+2", "\"'=1+2\""},
                 {"+cmd", "\"'+cmd\""},
                 {"-2+3", "\"'-2+3\""},
                 {"@sum(a)", "\"'@sum(a)\""},
                 {"\tx", "\"'\tx\""},
                 {"\rx", "\"'\rx\""},
                 {"=\"a\"", "\"'=\"\"a\"\"\""},
                 {"'=1", "\"''=1\""},
                 {"''-5", "\"'''-5\""},
                 {"'-5", "\"''-5\""},
                 {"-", "\"'-\""},
                 {"-5e", "\"'-5e\""},
                 {"-5 ", "\"'-5 \""},
                 {"-.", "\"'-.\""},
                 /* and what is none */
                 {"-5", "-5"},
                 {"+1.25e-3", "+1.25e-3"},
                 {"-.5", "-.5"},
                 {"", ""},
                 {"a=b", "a=b"},
                 {"'tis", "'tis"},
                 {"'", "'"},
                 {"5-3", "5-3"},
                 {"a,b", "\"a,b\""}};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint8_t out[64];
        struct bytes text = bytes_text(cases[i].text);
        size_t size = csv_text_put(text, ',', out);
        assert_true(size <= 2 * text.size + 4);
        if (!bytes_equal(bytes_of(out, size), bytes_text(cases[i].out)))
            fail_msg("%s gives %.*s", cases[i].text, (int)size, (const char *)out);
        struct csv_reader *reader;
        struct csv_record record;
        assert_int_equal(csv_reader_create(',', false, &reader), OK);
        csv_feed(reader, bytes_of(out, size));
        if (size > 0) {
            assert_int_equal(csv_next(reader, &record), CSV_STEP_MORE);
            csv_end(reader);
            assert_int_equal(csv_next(reader, &record), CSV_STEP_RECORD);
            assert_int_equal(record.count, 1);
            assert_false(csv_is_formula(record.fields[0]) && record.fields[0].at[0] != '\'');
            assert_true(bytes_equal(csv_plain(record.fields[0]), text));
        }
        csv_reader_destroy(reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records), cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_trim),    cmocka_unit_test(test_limits),
        cmocka_unit_test(test_place),   cmocka_unit_test(test_guess),
        cmocka_unit_test(test_put),     cmocka_unit_test(test_formulas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
