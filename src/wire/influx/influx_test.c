/* What each line means, fault by fault and on both sides of each limit. */
#include "wire/influx/influx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct influx_decoder *decoder;
static struct influx_line line;
static struct influx_refusal refusal;

static int setup(void **state)
{
    (void)state;
    return (int)influx_decoder_create(&decoder);
}
static int teardown(void **state)
{
    (void)state;
    influx_decoder_destroy(decoder);
    influx_decoder_destroy(NULL);
    return 0;
}

/* Steps to the first line or fault of a whole body. */
static enum influx_step step_as(struct bytes body, enum influx_precision precision)
{
    influx_begin(decoder, precision);
    influx_feed(decoder, body);
    enum influx_step step = influx_next(decoder, &line, &refusal);
    if (step != INFLUX_STEP_MORE)
        return step;
    influx_end(decoder);
    return influx_next(decoder, &line, &refusal);
}
static enum influx_step step(const char *text)
{
    return step_as(bytes_text(text), INFLUX_NS);
}

static void assert_text(struct bytes is, const char *should)
{
    if (!bytes_equal(is, bytes_text(should)))
        print_error("\"%.*s\" should be \"%s\"\n", (int)is.size, (const char *)is.at, should);
    assert_true(bytes_equal(is, bytes_text(should)));
}

static void assert_fault(const char *text, enum influx_fault fault, uint32_t column)
{
    enum influx_step is = step(text);
    if (is != INFLUX_STEP_FAULT || refusal.fault != fault || refusal.column != column)
        print_error("%s: step %d, %s in column %u\n", text, (int)is,
                    influx_fault_name(refusal.fault), refusal.column);
    assert_int_equal(is, INFLUX_STEP_FAULT);
    assert_int_equal(refusal.fault, fault);
    assert_int_equal(refusal.column, column);
}

/* The only field of `m f=<text>`. */
static struct value value_of(const char *text)
{
    static char body[2 * STRING_VALUE_MAX + 64];
    (void)snprintf(body, sizeof body, "m f=%s\n", text);
    assert_int_equal(step(body), INFLUX_STEP_LINE);
    assert_int_equal(line.field_count, 1);
    assert_true(line.values[0].present);
    assert_int_equal(line.values[0].quality, QUALITY_GOOD);
    return line.values[0];
}

static void assert_decimal(const char *text, int64_t number, uint8_t scale)
{
    struct value value = value_of(text);
    if (value.number != number || value.scale != scale)
        print_error("%s: %lld / 10^%u\n", text, (long long)value.number, value.scale);
    assert_int_equal(value.type, VALUE_FLOAT64);
    assert_true(value.number == number);
    assert_int_equal(value.scale, scale);
}

static void assert_number(const char *text, uint8_t type, int64_t number)
{
    struct value value = value_of(text);
    assert_int_equal(value.type, type);
    assert_true(value.number == number);
}

/* ---- values ---- */
static void numbers_are_kept_exactly(void **state)
{
    (void)state;
    assert_decimal("0", 0, 0);
    assert_decimal("21.35", 2135, 2);
    assert_decimal("-21.350", -21350, 3);
    assert_decimal("5.", 5, 0);
    assert_decimal(".5", 5, 1);
    assert_decimal("-.5", -5, 1);
    assert_decimal("+7.5", 75, 1);
    assert_decimal("007.5", 75, 1);
    assert_decimal("1e3", 1000, 0);
    assert_decimal("1.5E+2", 150, 0);
    assert_decimal("25e-1", 25, 1);
    assert_decimal("0.00", 0, 2);
    assert_decimal("9007199254740992", INT64_C(9007199254740992), 0);
    assert_decimal("0.000000000000000123", 123, 18);
}

static void other_numbers_are_rounded_as_strtod_does(void **state)
{
    (void)state;
    static const char *const texts[] = {"9007199254740993",
                                        "12345678901234567890",
                                        "1e300",
                                        "-1.7976931348623157e308",
                                        "4.9e-324",
                                        "1e-400",
                                        "-0",
                                        "-0.0e5"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct value value = value_of(texts[i]);
        double is = value_real(&value), should = strtod(texts[i], NULL);
        assert_int_equal(value.type, VALUE_FLOAT64);
        assert_memory_equal(&is, &should, sizeof is);
    }
    assert_fault("m f=1e309\n", INFLUX_NUMBER_TOO_LARGE, 5);
    assert_fault("m f=-1e999\n", INFLUX_NUMBER_TOO_LARGE, 5);
}

static void integers_are_64_bits(void **state)
{
    (void)state;
    assert_number("5i", VALUE_INT64, 5);
    assert_number("-5i", VALUE_INT64, -5);
    assert_number("+5i", VALUE_INT64, 5);
    assert_number("0005i", VALUE_INT64, 5);
    assert_number("-0i", VALUE_INT64, 0);
    assert_number("9223372036854775807i", VALUE_INT64, INT64_MAX);
    assert_number("-9223372036854775808i", VALUE_INT64, INT64_MIN);
    assert_fault("m f=9223372036854775808i\n", INFLUX_INTEGER_TOO_LARGE, 5);
    assert_fault("m f=-9223372036854775809i\n", INFLUX_INTEGER_TOO_LARGE, 5);
    assert_number("5u", VALUE_INT64, 5);
    assert_number("9223372036854775807u", VALUE_INT64, INT64_MAX);
    assert_fault("m f=9223372036854775808u\n", INFLUX_UNSIGNED_TOO_LARGE, 5);
    assert_fault("m f=18446744073709551615u\n", INFLUX_UNSIGNED_TOO_LARGE, 5);
    assert_fault("m f=99999999999999999999u\n", INFLUX_UNSIGNED_TOO_LARGE, 5);
    assert_fault("m f=-1u\n", INFLUX_NUMBER_INVALID, 5);
    assert_fault("m f=1.0i\n", INFLUX_NUMBER_INVALID, 5);
    assert_fault("m f=-i\n", INFLUX_NUMBER_INVALID, 5);
}

static void booleans_have_ten_spellings(void **state)
{
    (void)state;
    static const char *const spellings[2][5] = {{"f", "F", "false", "False", "FALSE"},
                                                {"t", "T", "true", "True", "TRUE"}};
    for (int64_t truth = 0; truth < 2; truth++)
        for (size_t i = 0; i < 5; i++)
            assert_number(spellings[truth][i], VALUE_BOOL, truth);
    assert_fault("m f=tRUE\n", INFLUX_BOOLEAN_INVALID, 5);
    assert_fault("m f=truee\n", INFLUX_BOOLEAN_INVALID, 5);
    assert_fault("m f=fals\n", INFLUX_BOOLEAN_INVALID, 5);
}

static void strings_are_unescaped(void **state)
{
    (void)state;
    assert_text(value_of("\"\"").text, "");
    assert_text(value_of("\"a b,c=d\"").text, "a b,c=d");
    assert_text(value_of("\"say \\\"hi\\\"\"").text, "say \"hi\"");
    assert_text(value_of("\"C:\\\\dir\\\\\"").text, "C:\\dir\\");
    assert_text(value_of("\"\\x\\,\"").text, "\\x\\,");
    assert_text(value_of("\"1\\n2\\r3\\t\"").text, "1\n2\r3\t");
    assert_text(value_of("\"two\nlines\"").text, "two\nlines");
    assert_text(value_of("\"\xe6\xb0\xb4\"").text, "\xe6\xb0\xb4");
    assert_int_equal(step("m a=\"x\\\"\",b=\"y\\\\\"\n"), INFLUX_STEP_LINE);
    assert_text(line.values[0].text, "x\"");
    assert_text(line.values[1].text, "y\\");
}

/* ---- lines ---- */
static void a_line_has_its_parts(void **state)
{
    (void)state;
    assert_int_equal(step("pump,site=north,line=7 rpm=1450,on=t 1700000000000000000\n"),
                     INFLUX_STEP_LINE);
    assert_text(line.measurement, "pump");
    assert_text(line.series, "pump,site=north,line=7");
    assert_int_equal(line.tag_count, 2);
    assert_text(line.tags[1].key, "line");
    assert_text(line.tags[1].value, "7");
    assert_int_equal(line.field_count, 2);
    assert_text(line.field_keys[1], "on");
    assert_true(line.has_time && line.time_ns == INT64_C(1700000000000000000));
    assert_true(!line.escaped && line.number == 1);
    assert_int_equal(step("m f=1,g=2,f=3"), INFLUX_STEP_LINE);
    assert_int_equal(line.field_count, 2);
    assert_true(line.values[0].number == 3 && !line.has_time);
}

static void of_the_same_field_twice_among_many_the_last_is_taken(void **state)
{
    (void)state;
    char body[512] = "m ";
    for (int i = 0; i < 24; i++)
        sprintf(body + strlen(body), "%sk%d=%d", i > 0 ? "," : "", i % 20, i);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(step(body), INFLUX_STEP_LINE);
        assert_int_equal(line.field_count, 20);
        assert_true(line.values[3].number == 23 && line.values[4].number == 4);
    }
}

static void faults_name_their_place(void **state)
{
    (void)state;
    assert_fault("m\n", INFLUX_NO_FIELD, 2);
    assert_fault("m \n", INFLUX_NO_FIELD, 3);
    assert_fault("m,a=b\r\n", INFLUX_NO_FIELD, 6);
    assert_fault(",a=b f=1\n", INFLUX_NO_MEASUREMENT, 1);
    assert_fault("m, f=1\n", INFLUX_NO_TAG_KEY, 3);
    assert_fault("m,=b f=1\n", INFLUX_NO_TAG_KEY, 3);
    assert_fault("m,a f=1\n", INFLUX_NO_TAG_VALUE, 4);
    assert_fault("m,a= f=1\n", INFLUX_NO_TAG_VALUE, 5);
    assert_fault("m,a=b=c f=1\n", INFLUX_TAG_EQUALS, 6);
    assert_fault("m,a=b,c=d,a=e f=1\n", INFLUX_TAG_TWICE, 11);
    assert_fault("m =1\n", INFLUX_NO_FIELD_KEY, 3);
    assert_fault("m f=1,\n", INFLUX_NO_FIELD_KEY, 7);
    assert_fault("m f\n", INFLUX_NO_FIELD_VALUE, 4);
    assert_fault("m f= 1\n", INFLUX_NO_FIELD_VALUE, 5);
    assert_fault("m f=NaN\n", INFLUX_VALUE_UNKNOWN, 5);
    assert_fault("m f=1.2.3\n", INFLUX_NUMBER_INVALID, 5);
    assert_fault("m f=0x10\n", INFLUX_NUMBER_INVALID, 5);
    assert_fault("m f=1e\n", INFLUX_NUMBER_INVALID, 5);
    assert_fault("m f=.\n", INFLUX_NUMBER_INVALID, 5);
    assert_fault("m f=-inf\n", INFLUX_NUMBER_INVALID, 5);
    assert_fault("m f=\"a\"b\n", INFLUX_VALUE_FOLLOWED, 8);
    assert_fault("m f=\"a\n", INFLUX_STRING_OPEN, 5);
    assert_fault("m f=1 x\n", INFLUX_TIME_INVALID, 7);
    assert_fault("m f=1 -\n", INFLUX_TIME_INVALID, 7);
    assert_fault("m f=1 1 2\n", INFLUX_TIME_FOLLOWED, 9);
    assert_fault("m f=1 1.5\n", INFLUX_TIME_FOLLOWED, 8);
    assert_fault("m\t f=1\n", INFLUX_CONTROL, 2);
    assert_fault("m f=1\tx\n", INFLUX_CONTROL, 6);
    assert_fault("m f=1\rx\n", INFLUX_CONTROL, 6);
    assert_fault("# a\tb\n", INFLUX_CONTROL, 4);
    assert_fault("m\xff f=1\n", INFLUX_NOT_UTF8, 2);
    assert_fault("m f\xc3=1\n", INFLUX_NOT_UTF8, 4);
    assert_fault("m f=\"\xe6\xb0\"\n", INFLUX_NOT_UTF8, 6);
    assert_fault("m,a=\xc0 f=1\n", INFLUX_NOT_UTF8, 5);
}

static void a_fault_costs_its_line_alone(void **state)
{
    (void)state;
    const char *body = "m f=1\nm f=\"two\nlines\" bad\n\n# note\nm f=\nm f=2 7\n";
    assert_int_equal(step(body), INFLUX_STEP_LINE);
    assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_FAULT);
    assert_true(refusal.line == 2 && refusal.column == 17);
    assert_text(refusal.text, "m f=\"two\nlines\" bad");
    assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_FAULT);
    assert_true(refusal.line == 6 && refusal.fault == INFLUX_NO_FIELD_VALUE);
    assert_text(refusal.text, "m f=");
    assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_LINE);
    assert_true(line.number == 7 && influx_line_number(decoder) == 7 && line.time_ns == 7);
    assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_MORE);
}

/* What stands in a string must not become a line, whatever is wrong before it or behind it. */
static void what_stands_in_a_string_is_no_line(void **state)
{
    (void)state;
    static const char *const bodies[] = {"m bad,f=\"x\nn f=1\n\"\n", "m,bad f=\"x\nn f=1\n\"\n",
                                         "m f=\"x\nn f=1\n\"bad\n", "m f=\"x\nn f=1\n"};
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        enum influx_step is = step(bodies[i]);
        assert_int_equal(is, INFLUX_STEP_FAULT);
        assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_MORE);
    }
}

/* ---- times ---- */
static void times_count_in_the_precision(void **state)
{
    (void)state;
    static const struct {
        const char *name, *last, *beyond;
        int64_t unit_ns;
    } rows[] = {{"", "7258118399999999999", "7258118400000000000", 1},
                {"ns", "7258118399999999999", "7258118400000000000", 1},
                {"n", "7258118399999999999", "7258118400000000000", 1},
                {"us", "7258118399999999", "7258118400000000", 1000},
                {"u", "7258118399999999", "7258118400000000", 1000},
                {"ms", "7258118399999", "7258118400000", 1000000},
                {"s", "7258118399", "7258118400", NS_PER_S},
                {"m", "120968639", "120968640", 60 * NS_PER_S},
                {"h", "2016143", "2016144", 3600 * NS_PER_S}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        enum influx_precision precision;
        char body[64];
        assert_true(influx_precision_parse(bytes_text(rows[i].name), &precision));
        (void)snprintf(body, sizeof body, "m f=1 %s\n", rows[i].last);
        assert_int_equal(step_as(bytes_text(body), precision), INFLUX_STEP_LINE);
        assert_true(line.time_ns == strtoll(rows[i].last, NULL, 10) * rows[i].unit_ns);
        (void)snprintf(body, sizeof body, "m f=1 %s\n", rows[i].beyond);
        assert_int_equal(step_as(bytes_text(body), precision), INFLUX_STEP_FAULT);
        assert_int_equal(refusal.fault, INFLUX_TIME_RANGE);
        assert_int_equal(refusal.column, 7);
    }
    enum influx_precision precision;
    assert_false(influx_precision_parse(bytes_text("d"), &precision));
    assert_int_equal(step("m f=1 -0\n"), INFLUX_STEP_LINE);
    assert_true(line.has_time && line.time_ns == 0);
    assert_int_equal(step("m f=1 00000000000000000000000000012\n"), INFLUX_STEP_LINE);
    assert_true(line.time_ns == 12);
    assert_fault("m f=1 -1\n", INFLUX_TIME_RANGE, 7);
    assert_fault("m f=1 99999999999999999999999\n", INFLUX_TIME_RANGE, 7);
}

/* ---- limits ---- */
static char text_long[INFLUX_LINE_MAX + 4096];
static char text_large[2 * INFLUX_LINE_MAX];

/* `before`, so many of byte, `behind`; returns its size. */
static size_t text_fill(const char *before, size_t count, char byte, const char *behind)
{
    size_t size = strlen(before);
    memcpy(text_long, before, size);
    memset(text_long + size, byte, count);
    strcpy(text_long + size + count, behind);
    return size + count + strlen(behind);
}

static void assert_limit(const char *before, size_t most, const char *behind,
                         enum influx_fault fault)
{
    (void)text_fill(before, most, '1', behind);
    assert_int_equal(step(text_long), INFLUX_STEP_LINE);
    (void)text_fill(before, most + 1, '1', behind);
    assert_int_equal(step(text_long), INFLUX_STEP_FAULT);
    assert_int_equal(refusal.fault, fault);
}

static void names_numbers_and_strings_have_limits(void **state)
{
    (void)state;
    assert_limit("", INFLUX_NAME_MAX, " f=1\n", INFLUX_NAME_TOO_LONG);
    assert_limit("m,", INFLUX_NAME_MAX, "=a f=1\n", INFLUX_NAME_TOO_LONG);
    assert_limit("m,a=", INFLUX_NAME_MAX, " f=1\n", INFLUX_NAME_TOO_LONG);
    assert_limit("m ", INFLUX_NAME_MAX, "=1\n", INFLUX_NAME_TOO_LONG);
    assert_limit("m f=0.", INFLUX_NUMBER_MAX - 2, "\n", INFLUX_NUMBER_TOO_LONG);
    assert_limit("m f=\"", STRING_VALUE_MAX, "\"\n", INFLUX_STRING_TOO_LONG);
    /* A string is measured without its backslashes. */
    assert_limit("m f=\"\\\\", STRING_VALUE_MAX - 1, "\"\n", INFLUX_STRING_TOO_LONG);
}

static void tags_and_fields_have_limits(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        char *out = text_long + sprintf(text_long, "m");
        for (int i = 0; i < INFLUX_TAGS_MAX + more; i++)
            out += sprintf(out, ",t%d=a", i);
        strcpy(out, " f=1\n");
        assert_int_equal(step(text_long), more ? INFLUX_STEP_FAULT : INFLUX_STEP_LINE);
        assert_true(!more || refusal.fault == INFLUX_TAGS_TOO_MANY);
        out = text_long + sprintf(text_long, "m ");
        for (int i = 0; i < INFLUX_FIELDS_MAX + more; i++)
            out += sprintf(out, "%sf%d=%d", i > 0 ? "," : "", i, i);
        assert_int_equal(step(text_long), more ? INFLUX_STEP_FAULT : INFLUX_STEP_LINE);
        assert_true(!more || refusal.fault == INFLUX_FIELDS_TOO_MANY);
        assert_true(more ||
                    (line.field_count == INFLUX_FIELDS_MAX && line.values[255].number == 255));
    }
}

/* The line with so many bytes, in pieces of `piece`, with one line behind it. */
static enum influx_step step_long(size_t bytes, size_t piece)
{
    size_t size = text_fill("m f=1", bytes - 5, ' ', "\nm f=2\n");
    enum influx_step step = INFLUX_STEP_MORE;
    influx_begin(decoder, INFLUX_NS);
    for (size_t at = 0; at < size && step == INFLUX_STEP_MORE; at += piece) {
        influx_feed(decoder, bytes_of(text_long + at, size - at < piece ? size - at : piece));
        step = influx_next(decoder, &line, &refusal);
    }
    return step;
}

static void lines_have_a_limit(void **state)
{
    (void)state;
    static const size_t pieces[] = {sizeof text_long, 65536, 1000};
    for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
        assert_int_equal(step_long(INFLUX_LINE_MAX, pieces[i]), INFLUX_STEP_LINE);
        assert_true(line.values[0].number == 1);
        assert_int_equal(step_long(INFLUX_LINE_MAX + 1, pieces[i]), INFLUX_STEP_FAULT);
        assert_int_equal(refusal.fault, INFLUX_LINE_TOO_LONG);
        assert_true(refusal.column == INFLUX_LINE_MAX + 1 && refusal.line == 1);
        assert_int_equal(refusal.text.size, INFLUX_LINE_MAX);
        assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_LINE);
        assert_true(line.number == 2 && line.values[0].number == 2);
    }
}

/* Strings whose backslashes all stay, 4,096 bytes each: what is unescaped fits as long as the line
 * does, and beyond is refused without a byte too many. */
static void unescaped_strings_have_room(void **state)
{
    (void)state;
    for (size_t strings = 63; strings <= 80; strings += 17) {
        char *out = text_large + sprintf(text_large, "m ");
        for (size_t i = 0; i < strings; i++) {
            out += sprintf(out, "%sf%zu=\"", i > 0 ? "," : "", i);
            for (size_t k = 0; k < STRING_VALUE_MAX; k += 2)
                out += sprintf(out, "\\x");
            out += sprintf(out, "\"");
        }
        enum influx_step is = step(text_large);
        assert_int_equal(is, strings == 63 ? INFLUX_STEP_LINE : INFLUX_STEP_FAULT);
        if (strings == 63)
            assert_int_equal(line.values[62].text.size, STRING_VALUE_MAX);
        else
            assert_int_equal(refusal.fault, INFLUX_LINE_TOO_LONG);
        /* The same with its line feed, in one window. */
        strcpy(out, "\n");
        assert_int_equal(step(text_large), is);
        assert_true(strings == 63 || refusal.fault == INFLUX_LINE_TOO_LONG);
    }
}

static void pieces_may_be_empty(void **state)
{
    (void)state;
    influx_begin(decoder, INFLUX_NS);
    for (const char *at = "m f=1"; *at; at++) {
        influx_feed(decoder, bytes_of(at, 1));
        assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_MORE);
        influx_feed(decoder, bytes_of(NULL, 0));
        assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_MORE);
    }
    influx_end(decoder);
    assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_LINE);
    assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_MORE);
    assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_MORE);
    /* What another body left behind is forgotten. */
    influx_begin(decoder, INFLUX_NS);
    influx_feed(decoder, bytes_text("m f=\"open\n"));
    assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_MORE);
    assert_int_equal(step("m f=2\n"), INFLUX_STEP_LINE);
    assert_true(line.number == 1);
}

/* ---- shapes ---- */
static void a_shape_is_exact(void **state)
{
    (void)state;
    uint8_t storage[64];
    struct influx_shape shape;
    struct value values[2];
    bool has_time;
    int64_t time_ns;
    assert_int_equal(step("m,a=b x=1,y=2 5\n"), INFLUX_STEP_LINE);
    size_t size = 2 + strlen("m,a=b x=") + 2 + strlen(",y=");
    assert_false(influx_shape_learn(&line, storage, size - 1, &shape));
    assert_true(influx_shape_learn(&line, storage, size, &shape));
    assert_true(shape.count == 2 && shape.text_size == size);
    static const struct {
        const char *text;
        bool matches;
    } rows[] = {{"m,a=b x=1.5,y=\"s\" 7\n", true},
                {"m,a=b x=t,y=4i\r\n", true},
                {"m,a=b x=t,y=4i  9  \n", true},
                {"m,a=c x=1,y=2 7\n", false},
                {"m,a=b x=1,z=2 7\n", false},
                {"m,a=b x=1,y=2,z=3 7\n", false},
                {"m,a=b x=1 7\n", false},
                {"m,a=b  x=1,y=2 7\n", false},
                {"m,a=b x=1,y=\"\\\\\" 7\n", false},
                {"m,a=b x=1,y=2 bad\n", false},
                {"# m,a=b\n", false},
                {"m", false}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        influx_begin(decoder, INFLUX_NS);
        influx_feed(decoder, bytes_text(rows[i].text));
        bool matches = influx_match(decoder, &shape, values, &has_time, &time_ns);
        if (matches != rows[i].matches)
            print_error("%s\n", rows[i].text);
        assert_int_equal(matches, rows[i].matches);
        if (!matches && i < 11) /* nothing was taken */
            assert_true(influx_next(decoder, &line, &refusal) != INFLUX_STEP_LINE ||
                        line.number == 1);
        assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_MORE);
    }
}

/* ---- names ---- */
/* What a line begins with is what its shape begins with, where lines are as most are. */
static void heads_are_seen_ahead(void **state)
{
    (void)state;
    struct bytes heads[4];
    uint8_t storage[256];
    struct influx_shape shape;
    influx_begin(decoder, INFLUX_NS);
    assert_int_equal(influx_peek(decoder, heads, 4), 0);
    influx_feed(decoder,
                bytes_text("m,t=1 v=1,w=2 5\nm,t\\ x=\\ 1 a\\=b=1\nm v=1\nn v=1\nn v=1\no v="));
    assert_int_equal(influx_peek(decoder, heads, 4), 4);
    assert_text(heads[0], "m,t=1 v=");
    assert_text(heads[1], "m,t\\ x=\\ 1 a\\=b=");
    assert_text(heads[3], "n v=");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_LINE);
        assert_true(influx_shape_learn(&line, storage, sizeof storage, &shape));
        assert_true(bytes_equal(influx_shape_head(storage), heads[i]));
    }
    assert_int_equal(influx_peek(decoder, heads, 4), 2); /* the last is not whole */
    assert_in_range(influx_decoder_memory(decoder), 8192, 2 * INFLUX_LINE_MAX + 65536);
}

static void names_are_unescaped_and_sorted(void **state)
{
    (void)state;
    uint8_t out[64], order[INFLUX_TAGS_MAX], scratch[2 * INFLUX_NAME_MAX];
    struct label label;
    assert_int_equal(step("a\\ b\\,c\\=d,z\\=\\ k=v\\,w,\\\\b=\\x\\,y,a=1 f\\=g=1\n"),
                     INFLUX_STEP_LINE);
    assert_true(line.escaped && line.tag_count == 3);
    assert_text(bytes_of(out, influx_measurement_put(line.measurement, out)), "a b,c\\=d");
    assert_text(bytes_of(out, influx_name_put(line.field_keys[0], out)), "f=g");
    influx_tags_sort(&line, order);
    static const char *const names[] = {"\\\\b", "a", "z= k"}, *const values[] = {"\\x,y", "1",
                                                                                  "v,w"};
    for (size_t i = 0; i < 3; i++) {
        influx_label_get(&line, order[i], scratch, &label);
        assert_text(label.name, names[i]);
        assert_text(label.value, values[i]);
    }
}

static void faults_have_names_and_sentences(void **state)
{
    (void)state;
#define NAME(name, text) #name,
    static const char *const names[] = {INFLUX_FAULT_TABLE(NAME)};
#undef NAME
    for (unsigned i = 0; i < INFLUX_FAULTS; i++) {
        const char *is = influx_fault_name((enum influx_fault)i), *should = names[i] + 7;
        assert_int_equal(strlen(is), strlen(should));
        for (size_t k = 0; is[k]; k++)
            assert_int_equal(is[k], tolower((unsigned char)should[k]));
        assert_true(strlen(influx_fault_text((enum influx_fault)i)) > 0);
    }
    assert_string_equal(influx_fault_name(INFLUX_FAULTS), "unknown");
    assert_string_equal(influx_fault_text(INFLUX_FAULTS), "unknown fault");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_kept_exactly),
        cmocka_unit_test(other_numbers_are_rounded_as_strtod_does),
        cmocka_unit_test(integers_are_64_bits),
        cmocka_unit_test(booleans_have_ten_spellings),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(a_line_has_its_parts),
        cmocka_unit_test(of_the_same_field_twice_among_many_the_last_is_taken),
        cmocka_unit_test(faults_name_their_place),
        cmocka_unit_test(a_fault_costs_its_line_alone),
        cmocka_unit_test(what_stands_in_a_string_is_no_line),
        cmocka_unit_test(times_count_in_the_precision),
        cmocka_unit_test(names_numbers_and_strings_have_limits),
        cmocka_unit_test(tags_and_fields_have_limits),
        cmocka_unit_test(lines_have_a_limit),
        cmocka_unit_test(unescaped_strings_have_room),
        cmocka_unit_test(pieces_may_be_empty),
        cmocka_unit_test(a_shape_is_exact),
        cmocka_unit_test(heads_are_seen_ahead),
        cmocka_unit_test(names_are_unescaped_and_sorted),
        cmocka_unit_test(faults_have_names_and_sentences),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
