/* What each payload means, fault by fault and on both sides of each limit. */
#include "wire/payload/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct payload_decoder *decoder;

static int setup(void **state)
{
    (void)state;
    return (int)payload_decoder_create(&decoder);
}
static int teardown(void **state)
{
    (void)state;
    payload_decoder_destroy(decoder);
    return 0;
}

static enum payload_fault decode(const char *text)
{
    size_t where;
    return payload_decode(decoder, bytes_text(text), &where);
}

/* The only reading of the payload. */
static struct value value_of(const char *text)
{
    struct payload_group group;
    enum payload_fault fault = decode(text);
    if (fault)
        print_error("%s: %s\n", text, payload_fault_name(fault));
    assert_int_equal(fault, PAYLOAD_OK);
    assert_true(payload_next(decoder, &group));
    assert_int_equal(group.count, 1);
    return group.readings[0].value;
}

static void assert_decimal(const char *text, int64_t number, uint8_t scale)
{
    struct value value = value_of(text);
    if (value.number != number || value.scale != scale)
        print_error("%s: %lld / 10^%u\n", text, (long long)value.number, value.scale);
    assert_int_equal(value.type, VALUE_FLOAT64);
    assert_true(value.present);
    assert_int_equal(value.quality, QUALITY_GOOD);
    assert_true(value.number == number);
    assert_int_equal(value.scale, scale);
}

static void assert_raw(const char *text)
{
    struct value value = value_of(text);
    double real, expected = strtod(text, NULL);
    assert_int_equal(value.type, VALUE_FLOAT64);
    assert_int_equal(value.scale, SCALE_RAW);
    real = value_real(&value);
    assert_memory_equal(&real, &expected, sizeof real);
}

static void numbers_are_kept_exactly(void **state)
{
    (void)state;
    assert_decimal("0", 0, 0);
    assert_decimal("0.0", 0, 1);
    assert_decimal("21.35", 2135, 2);
    assert_decimal("-21.350", -21350, 3);
    assert_decimal(" 7\n", 7, 0);
    assert_decimal("9007199254740992", INT64_C(9007199254740992), 0);
    assert_decimal("-9007199254740992", -INT64_C(9007199254740992), 0);
    assert_decimal("0.000000000000000001", 1, 18);
    assert_decimal("0.0000000000000000010", 1, 18); /* 19 places, the last says nothing */
    assert_decimal("0.1234567890123456", INT64_C(1234567890123456), 16);
    assert_decimal("1.5e3", 1500, 0);
    assert_decimal("1.5E-3", 15, 4);
    assert_decimal("1e-18", 1, 18);
    assert_decimal("10e-19", 1, 18);
    assert_decimal("9e15", INT64_C(9000000000000000), 0);
    assert_decimal("0e99999999999999999999", 0, 0);
    assert_raw("0.0000000000000000001");
    assert_raw("-0");
    assert_raw("-0.0");
    assert_raw("-0e5");
    assert_raw("1e19");
    assert_raw("1.7976931348623157e308");
    assert_raw("5e-324");
    assert_raw("3.14159265358979311599796346854");
    assert_raw("123456789012345678.5");
}

static void numbers_that_print_long_become_short_again(void **state)
{
    (void)state;
    assert_decimal("21.350000000000001", 2135, 2); /* "%.17g" of 21.35 */
    struct value value = value_of("1.0000000000000000000000000");
    assert_true(value_real(&value) == 1.0);
    value = value_of("100000000000000000000000000.0e-26");
    assert_true(value_real(&value) == 1.0);
}

static void rounding_is_strtods(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "9007199254740993.0",
        "9007199254740993.00000000000000000000000000000000000000000001",
        "1.7976931348623158e308",
        "2.2250738585072011e-308",
        "2.4703282292062327208e-324",
        "2.4703282292062328e-324",
        "0.500000000000000166533453693773481063544750213623046875",
        "1e-400",
        "179769313486231580793e288",
        "7.2057594037927933e16",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct value value = value_of(texts[i]);
        double expected = strtod(texts[i], NULL), real = value_real(&value);
        assert_memory_equal(&real, &expected, sizeof real);
    }
    /* More digits than the copy holds: the last decides. 1 + 2^-53 lies between two doubles. */
    static char text[4000];
    const char *middle = "1.00000000000000011102230246251565404236316680908203125";
    for (int last = 0; last < 2; last++) {
        memset(text, '0', sizeof text);
        memcpy(text, middle, strlen(middle));
        text[3000] = (char)('0' + last);
        text[3001] = 0;
        struct value value = value_of(text);
        assert_true(value_real(&value) == (last ? 1.0000000000000002 : 1.0));
    }
}

static void integers_are_exact_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t number;
    } kept[] = {{"9007199254740993", INT64_C(9007199254740993)},
                {"-9007199254740993", -INT64_C(9007199254740993)},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    for (size_t i = 0; i < ARRAY_COUNT(kept); i++) {
        struct value value = value_of(kept[i].text);
        assert_int_equal(value.type, VALUE_INT64);
        assert_true(value.number == kept[i].number);
    }
    assert_int_equal(decode("9223372036854775808"), PAYLOAD_INTEGER_TOO_LARGE);
    assert_int_equal(decode("-9223372036854775809"), PAYLOAD_INTEGER_TOO_LARGE);
    assert_int_equal(decode("18446744073709551616"), PAYLOAD_INTEGER_TOO_LARGE);
    assert_int_equal(decode("10000000000000000000000"), PAYLOAD_INTEGER_TOO_LARGE);
    assert_int_equal(decode("{\"a\":9223372036854775808}"), PAYLOAD_INTEGER_TOO_LARGE);
    assert_int_equal(decode("1e308"), PAYLOAD_OK);
    assert_int_equal(decode("1e309"), PAYLOAD_NUMBER_TOO_LARGE);
    assert_int_equal(decode("1.7976931348623159e308"), PAYLOAD_NUMBER_TOO_LARGE);
    assert_int_equal(decode("-1e99999999999999999999"), PAYLOAD_NUMBER_TOO_LARGE);
    assert_int_equal(decode("{\"a\":1e309}"), PAYLOAD_NUMBER_TOO_LARGE);
}

static void scalars_are_read(void **state)
{
    (void)state;
    static const char *const absent[] = {"",    " ",    "null", "NaN",       "nan", "Infinity",
                                         "inf", "-inf", "+INF", "-Infinity", "\r\n"};
    for (size_t i = 0; i < ARRAY_COUNT(absent); i++) {
        struct value value = value_of(absent[i]);
        assert_false(value.present);
        assert_int_equal(value.quality, QUALITY_BAD_NO_VALUE);
    }
    struct value value = value_of(" true ");
    assert_true(value.type == VALUE_BOOL && value.number == 1);
    value = value_of("false\n");
    assert_true(value.type == VALUE_BOOL && value.number == 0);
    static const struct {
        const char *payload, *text;
    } texts[] = {{"ON", "ON"},
                 {" open \n", "open"},
                 {"\"a\\u0041\\n\" ", "aA\n"},
                 {"\"21.5\"", "21.5"},
                 {"+5", "+5"},
                 {"05", "05"},
                 {".5", ".5"},
                 {"5.", "5."},
                 {"1e", "1e"},
                 {"0x1F", "0x1F"},
                 {"trueish", "trueish"},
                 {"a\tb", "a\tb"},
                 {"\"\"", ""},
                 {"\xE5\xBC\x80", "\xE5\xBC\x80"},
                 {"nano", "nano"}};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        value = value_of(texts[i].payload);
        assert_true(value.type == VALUE_STRING && value.present);
        assert_true(bytes_equal(value.text, bytes_text(texts[i].text)));
    }
    size_t where;
    assert_int_equal(payload_decode(decoder, bytes_of(NULL, 0), &where), PAYLOAD_OK);
    assert_int_equal(decode("\x01\x02"), PAYLOAD_NOT_UTF8);
    assert_int_equal(decode("\xFF"), PAYLOAD_NOT_UTF8);
    assert_int_equal(decode("a\x7F"), PAYLOAD_NOT_UTF8);
    assert_int_equal(payload_decode(decoder, bytes_of("a\0b", 3), &where), PAYLOAD_NOT_UTF8);
    assert_int_equal(where, 1);
    assert_int_equal(decode("\"a"), PAYLOAD_BAD_JSON);
    assert_int_equal(decode("\"a\" b"), PAYLOAD_BAD_JSON);
}

static void objects_are_levels(void **state)
{
    (void)state;
    struct payload_group group;
    assert_int_equal(decode(" { \"a\" : 1 , \"b\":{\"c\":true,\"d\":{\"e\":\"x\"}},\"f\":null,"
                            "\"ts\":1700000000 } \n"),
                     PAYLOAD_OK);
    assert_true(payload_next(decoder, &group));
    assert_true(group.object && group.has_time);
    assert_true(group.time_ns == INT64_C(1700000000) * NS_PER_S);
    static const char *const keys[] = {"a", "b/c", "b/d/e", "f"};
    assert_int_equal(group.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(bytes_equal(group.readings[i].key, bytes_text(keys[i])));
    assert_false(group.readings[3].value.present);
    assert_false(payload_next(decoder, &group));
}

static void keys_are_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *payload, *key;
    } cases[] = {{"{\"a/b\":1}", "a%2Fb"},
                 {"{\"+#%\":1}", "%2B%23%25"},
                 {"{\"$a$\":1}", "%24a$"},
                 {"{\"\":1}", "%"},
                 {"{\"a\\u0001\":1}", "a%01"},
                 {"{\"a\\u0000\":1}", "a%00"},
                 {"{\"\\u007f\":1}", "%7F"},
                 {"{\"\":{\"\":1}}", "%/%"},
                 {"{\"a\":{\"b/c\":1}}", "a/b%2Fc"},
                 {"{\"\\u6e29\":1}", "\xE6\xB8\xA9"},
                 {"{\"a b\":1}", "a b"},
                 {"{\"\\\"\":1}", "\""},
                 {"{\"\\/\":1}", "%2F"},
                 {"{\"x\":{\"$y\":1}}", "x/%24y"},
                 {"{\"\\ud83d\\ude00\":1}", "\xF0\x9F\x98\x80"}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct payload_group group;
        assert_int_equal(decode(cases[i].payload), PAYLOAD_OK);
        assert_true(payload_next(decoder, &group));
        if (!bytes_equal(group.readings[0].key, bytes_text(cases[i].key)))
            print_error("%s\n", cases[i].payload);
        assert_true(bytes_equal(group.readings[0].key, bytes_text(cases[i].key)));
    }
    uint8_t out[30];
    size_t size = payload_key_escape(bytes_text("a/$"), out);
    assert_true(bytes_equal(bytes_of(out, size), bytes_text("a%2F$")));
    size = payload_key_escape(bytes_text(""), out);
    assert_true(bytes_equal(bytes_of(out, size), bytes_text("%")));
}

static void values_are_unwrapped(void **state)
{
    (void)state;
    struct payload_group group;
    assert_int_equal(decode("{\"ts\":1700000000123,\"x\":1,\"values\":{\"a\":2,\"b\":{\"c\":3},"
                            "\"ts\":4,\"values\":{\"d\":5}}}"),
                     PAYLOAD_OK);
    assert_true(payload_next(decoder, &group));
    static const char *const keys[] = {"x", "a", "b/c", "ts", "values/d"};
    assert_int_equal(group.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(bytes_equal(group.readings[i].key, bytes_text(keys[i])));
    assert_true(group.time_ns == INT64_C(1700000000123) * NS_PER_MS);
    assert_int_equal(decode("{\"values\":5}"), PAYLOAD_OK); /* a reading of that name */
    assert_true(payload_next(decoder, &group));
    assert_true(bytes_equal(group.readings[0].key, bytes_text("values")));
    assert_int_equal(decode("{\"a\":1,\"values\":{\"a\":2}}"), PAYLOAD_KEY_TWICE);
    assert_int_equal(decode("{\"ts\":1,\"values\":{}}"), PAYLOAD_NO_READING);
}

static void arrays_are_groups(void **state)
{
    (void)state;
    struct payload_group group;
    assert_int_equal(
        decode(" [ {\"ts\":1,\"a\":1} , {\"ts\":2,\"values\":{\"a\":2,\"b\":3}},{\"a\":4}]"),
        PAYLOAD_OK);
    for (unsigned i = 1; i <= 3; i++) {
        assert_true(payload_next(decoder, &group));
        assert_int_equal(group.count, i == 2 ? 2 : 1);
        assert_int_equal(group.has_time, i < 3);
        assert_true(group.time_ns == (i < 3 ? (int64_t)i * NS_PER_S : 0));
    }
    assert_false(payload_next(decoder, &group));
    assert_int_equal(decode("[{\"a\":1}]"), PAYLOAD_OK);
    assert_true(payload_next(decoder, &group));
    assert_false(payload_next(decoder, &group));
    assert_int_equal(decode("[]"), PAYLOAD_NO_READING);
    assert_int_equal(decode("[{}]"), PAYLOAD_NO_READING);
    assert_int_equal(decode("[1,2]"), PAYLOAD_ARRAY_VALUE);
    assert_int_equal(decode("[[{\"a\":1}]]"), PAYLOAD_ARRAY_VALUE);
    assert_int_equal(decode("[{\"a\":1},]"), PAYLOAD_BAD_JSON);
    assert_int_equal(decode("[{\"a\":1}"), PAYLOAD_BAD_JSON);
    assert_int_equal(decode("[{\"a\":1}] x"), PAYLOAD_BAD_JSON);
    assert_int_equal(decode("[] x"), PAYLOAD_BAD_JSON);
    assert_int_equal(decode("[{\"a\":1},{\"b\":}]"), PAYLOAD_BAD_JSON);
    assert_false(payload_next(decoder, &group)); /* nothing is half taken */
    assert_int_equal(decode("{\"a\":[1]}"), PAYLOAD_ARRAY_VALUE);
}

static void times_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *time;
        int64_t time_ns;
    } cases[] = {
        {"1700000000", INT64_C(1700000000000000000)},
        {"1700000000.25", INT64_C(1700000000250000000)},
        {"1700000000.123456789", INT64_C(1700000000123456789)},
        {"1700000000.1234567891", INT64_C(1700000000123456789)},
        {"1700000000.12345678912345", INT64_C(1700000000123456789)},
        {"1.7e9", INT64_C(1700000000000000000)},
        {"1700000000123", INT64_C(1700000000123000000)},
        {"1700000000123.5", INT64_C(1700000000123500000)},
        {"1700000000123456", INT64_C(1700000000123456000)},
        {"1700000000123456789", INT64_C(1700000000123456789)},
        {"0", 0},
        {"-0.0", 0},
        {"1e-30", 0},
        {"7258118399", INT64_C(7258118399000000000)},
        {"7258118399999999999", INT64_C(7258118399999999999)},
        {"100000000000", INT64_C(100000000000000000)},       /* 1e11: milliseconds from here */
        {"99999999999999999", INT64_MIN},                    /* just below 1e17: microseconds */
        {"100000000000000000", INT64_C(100000000000000000)}, /* nanoseconds from here */
        {"100000000000000", INT64_C(100000000000000000)},    /* 1e14: microseconds from here */
        {"\"1700000000\"", INT64_C(1700000000000000000)},
        {"\"2023-11-14T22:13:20Z\"", INT64_C(1700000000000000000)},
        {"\"2023-11-14T23:13:20.5+01:00\"", INT64_C(1700000000500000000)},
        {"\"2023-11-14T22:13:20\\u005A\"", INT64_C(1700000000000000000)},
    };
    static const char *const names[] = {"ts", "time", "timestamp", "t\\u0073"};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        for (size_t n = 0; n < ARRAY_COUNT(names); n++) {
            char text[200];
            struct payload_group group;
            (void)snprintf(text, sizeof text, "{\"a\":1,\"%s\":%s}", names[n], cases[i].time);
            enum payload_fault fault = decode(text);
            if (cases[i].time_ns == INT64_MIN) {
                assert_int_equal(fault, PAYLOAD_TIME_RANGE);
                continue;
            }
            if (fault)
                print_error("%s: %s\n", text, payload_fault_name(fault));
            assert_int_equal(fault, PAYLOAD_OK);
            assert_true(payload_next(decoder, &group));
            assert_int_equal(group.count, 1);
            assert_true(group.has_time && group.time_ns == cases[i].time_ns);
        }
}

static void times_are_refused(void **state)
{
    (void)state;
    assert_int_equal(decode("{\"a\":1,\"ts\":7258118400}"), PAYLOAD_TIME_RANGE);
    assert_int_equal(decode("{\"a\":1,\"ts\":7258118400000000000}"), PAYLOAD_TIME_RANGE);
    assert_int_equal(decode("{\"a\":1,\"ts\":-1}"), PAYLOAD_TIME_RANGE);
    assert_int_equal(decode("{\"a\":1,\"ts\":1e300}"), PAYLOAD_TIME_RANGE);
    assert_int_equal(decode("{\"a\":1,\"ts\":99999999999}"), PAYLOAD_TIME_RANGE);
    assert_int_equal(decode("{\"a\":1,\"ts\":18446744073709551616}"), PAYLOAD_TIME_RANGE);
    assert_int_equal(decode("{\"a\":1,\"ts\":\"1969-12-31T23:59:59Z\"}"), PAYLOAD_TIME_RANGE);
    assert_int_equal(decode("{\"a\":1,\"ts\":\"2200-01-01T00:00:00Z\"}"), PAYLOAD_TIME_RANGE);
    assert_int_equal(decode("{\"a\":1,\"ts\":\"2199-12-31T23:59:59Z\"}"), PAYLOAD_OK);
    assert_int_equal(decode("{\"a\":1,\"ts\":\"\"}"), PAYLOAD_TIME_INVALID);
    assert_int_equal(decode("{\"a\":1,\"ts\":\"noon\"}"), PAYLOAD_TIME_INVALID);
    assert_int_equal(decode("{\"a\":1,\"ts\":true}"), PAYLOAD_TIME_INVALID);
    assert_int_equal(decode("{\"a\":1,\"ts\":{\"b\":1}}"), PAYLOAD_TIME_INVALID);
    assert_int_equal(decode("{\"a\":1,\"ts\":[1]}"), PAYLOAD_TIME_INVALID);
    assert_int_equal(decode("{\"a\":1,\"ts\":01}"), PAYLOAD_BAD_JSON);
    assert_int_equal(decode("{\"a\":1,\"ts\":1,\"time\":2}"), PAYLOAD_KEY_TWICE);
    assert_int_equal(decode("{\"ts\":1700000000,\"time\":\"2023-11-14T22:13:20Z\",\"a\":1}"),
                     PAYLOAD_OK);
    struct payload_group group;
    assert_int_equal(decode("{\"a\":1,\"ts\":null}"), PAYLOAD_OK); /* the sender knows none */
    assert_true(payload_next(decoder, &group));
    assert_false(group.has_time);
    assert_int_equal(decode("{\"b\":{\"ts\":5}}"), PAYLOAD_OK); /* below the top: a reading */
    assert_true(payload_next(decoder, &group));
    assert_true(!group.has_time && group.count == 1);
}

static void bad_json_is_refused_where_it_is_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t where;
    } cases[] = {
        {"{", 1},
        {"{\"a\"", 4},
        {"{\"a\":", 5},
        {"{\"a\":1", 6},
        {"{\"a\":1,", 7},
        {"{\"a\":1,}", 7},
        {"{,\"a\":1}", 1},
        {"{\"a\":1}}", 7},
        {"{\"a\":1} x", 8},
        {"{\"a\" 1}", 5},
        {"{a:1}", 1},
        {"{'a':1}", 1},
        {"{\"a\":01}", 5},
        {"{\"a\":+1}", 5},
        {"{\"a\":.5}", 5},
        {"{\"a\":5.}", 5},
        {"{\"a\":-}", 5},
        {"{\"a\":1e}", 5},
        {"{\"a\":1e+}", 5},
        {"{\"a\":0x10}", 6},
        {"{\"a\":NaN}", 5},
        {"{\"a\":True}", 5},
        {"{\"a\":tru}", 5},
        {"{\"a\":nullx}", 9},
        {"{\"a\":\"b}", 8},
        {"{\"a\":\"\\x\"}", 6},
        {"{\"a\":\"\\u12G4\"}", 6},
        {"{\"a\":\"\\ud800\"}", 6},
        {"{\"a\":\"\\ud800\\u0041\"}", 6},
        {"{\"a\":\"\\udc00\"}", 6},
        {"{\"a\":\"\x01\"}", 6},
        {"{\"a\":\"\t\"}", 6},
        {"{\"a\":1 \"b\":2}", 7},
        {"{\"a\":1,,\"b\":2}", 7},
        {"{\"a\"::1}", 5},
        {"{\"a\":1/*c*/}", 6},
        {"{\"a\":{\"b\":1}", 12},
        {"{\"a\":\xC3\xA9}", 5},
        {"{\"a\":1}\v", 7},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        size_t where = 99;
        enum payload_fault fault = payload_decode(decoder, bytes_text(cases[i].text), &where);
        if (fault != PAYLOAD_BAD_JSON || where != cases[i].where)
            print_error("%s: %s at %zu\n", cases[i].text, payload_fault_name(fault), where);
        assert_int_equal(fault, PAYLOAD_BAD_JSON);
        assert_int_equal(where, cases[i].where);
    }
    assert_int_equal(decode("{\"a\":\"\xC3\"}"), PAYLOAD_NOT_UTF8);
    assert_int_equal(decode("{\"\xED\xA0\x80\":1}"), PAYLOAD_NOT_UTF8);
    assert_int_equal(decode("{}"), PAYLOAD_NO_READING);
    assert_int_equal(decode("{\"a\":{}}"), PAYLOAD_NO_READING);
    assert_int_equal(decode("{\"ts\":5}"), PAYLOAD_NO_READING);
}

static void depth_is_limited(void **state)
{
    (void)state;
    for (unsigned depth = PAYLOAD_DEPTH_MAX; depth <= PAYLOAD_DEPTH_MAX + 1; depth++) {
        char text[400];
        size_t used = 0;
        for (unsigned i = 0; i < depth; i++)
            used += (size_t)sprintf(text + used, "{\"a\":");
        text[used++] = '1';
        memset(text + used, '}', depth);
        text[used + depth] = 0;
        assert_int_equal(decode(text), depth > PAYLOAD_DEPTH_MAX ? PAYLOAD_TOO_DEEP : PAYLOAD_OK);
    }
}

static void metrics_and_groups_are_limited(void **state)
{
    (void)state;
    static char text[PAYLOAD_GROUPS_MAX * 10 + 100];
    struct payload_group group;
    for (unsigned count = PAYLOAD_METRICS_MAX; count <= PAYLOAD_METRICS_MAX + 1; count++) {
        size_t used = (size_t)sprintf(text, "{\"ts\":1");
        for (unsigned i = 0; i < count; i++)
            used += (size_t)sprintf(text + used, ",\"k%u\":%u", i, i);
        (void)strcpy(text + used, "}");
        bool fits = count <= PAYLOAD_METRICS_MAX;
        assert_int_equal(decode(text), fits ? PAYLOAD_OK : PAYLOAD_TOO_MANY);
        assert_int_equal(payload_next(decoder, &group), fits);
        if (fits)
            assert_int_equal(group.count, PAYLOAD_METRICS_MAX);
    }
    for (unsigned count = PAYLOAD_GROUPS_MAX; count <= PAYLOAD_GROUPS_MAX + 1; count++) {
        size_t used = (size_t)sprintf(text, "[{\"a\":1}");
        for (unsigned i = 1; i < count; i++)
            used += (size_t)sprintf(text + used, ",{\"a\":1}");
        (void)strcpy(text + used, "]");
        bool fits = count <= PAYLOAD_GROUPS_MAX;
        assert_int_equal(decode(text), fits ? PAYLOAD_OK : PAYLOAD_TOO_MANY);
        unsigned groups = 0;
        while (payload_next(decoder, &group))
            groups++;
        assert_int_equal(groups, fits ? PAYLOAD_GROUPS_MAX : 0);
    }
}

static void texts_are_limited(void **state)
{
    (void)state;
    static char text[3 * PATH_MAX_BYTES + STRING_VALUE_MAX * 7];
    for (int over = 0; over < 2; over++) {
        size_t used = (size_t)sprintf(text, "{\"a\":\"");
        memset(text + used, 'x', STRING_VALUE_MAX + (size_t)over);
        (void)strcpy(text + used + STRING_VALUE_MAX + over, "\"}");
        assert_int_equal(decode(text), over ? PAYLOAD_TEXT_TOO_LONG : PAYLOAD_OK);

        used = (size_t)sprintf(text, "{\"a\":\""); /* escaped: its length is what it means */
        for (int i = 0; i < STRING_VALUE_MAX + over; i++)
            used += (size_t)sprintf(text + used, "\\u0041");
        (void)strcpy(text + used, "\"}");
        assert_int_equal(decode(text), over ? PAYLOAD_TEXT_TOO_LONG : PAYLOAD_OK);

        memset(text, 'x', PAYLOAD_BARE_TEXT_MAX + (size_t)over);
        text[PAYLOAD_BARE_TEXT_MAX + over] = 0;
        assert_int_equal(decode(text), over ? PAYLOAD_TEXT_TOO_LONG : PAYLOAD_OK);
    }
}

static void keys_are_limited(void **state)
{
    (void)state;
    static char text[4 * PATH_MAX_BYTES];
    for (int over = 0; over < 2; over++) {
        enum payload_fault expected = over ? PAYLOAD_KEY_TOO_LONG : PAYLOAD_OK;
        memset(text, 'k', sizeof text);
        memcpy(text, "{\"", 2);
        (void)strcpy(text + 2 + PATH_MAX_BYTES + over, "\":1}");
        assert_int_equal(decode(text), expected);

        memset(text, 'k', sizeof text); /* joined: "a/" and the rest */
        memcpy(text, "{\"a\":{\"", 7);
        (void)strcpy(text + 7 + PATH_MAX_BYTES - 2 + over, "\":1}}");
        assert_int_equal(decode(text), expected);

        memset(text, '/', sizeof text); /* escaped: three bytes for each */
        memcpy(text, "{\"kk", 4);
        (void)strcpy(text + 4 + (PATH_MAX_BYTES - 2) / 3 + over, "\":1}");
        assert_int_equal(decode(text), expected);

        memset(text, 'k', sizeof text); /* a level that leaves no room */
        memcpy(text, "{\"", 2);
        (void)strcpy(text + 2 + PATH_MAX_BYTES - 2 + over, "\":{\"x\":1}}");
        assert_int_equal(decode(text), expected);
    }
}

static void keys_come_once(void **state)
{
    (void)state;
    size_t where;
    assert_int_equal(payload_decode(decoder, bytes_text("{\"a\":1,\"b\":2,\"a\":3}"), &where),
                     PAYLOAD_KEY_TWICE);
    assert_int_equal(where, 13);
    assert_int_equal(decode("{\"a\":1,\"\\u0061\":2}"), PAYLOAD_KEY_TWICE);
    assert_int_equal(decode("{\"a\":{\"b\":1},\"a\":{\"c\":1}}"), PAYLOAD_OK);
    assert_int_equal(decode("{\"a\":{\"b\":1},\"a\":{\"b\":1}}"), PAYLOAD_KEY_TWICE);
    assert_int_equal(decode("{\"a\":{\"b\":1},\"a/b\":1}"), PAYLOAD_OK); /* a%2Fb is another */
    assert_int_equal(decode("[{\"a\":1},{\"a\":1}]"), PAYLOAD_OK);
}

static void faults_have_names(void **state)
{
    (void)state;
#define NAME(name, text) #name,
    static const char *const names[] = {PAYLOAD_FAULT_TABLE(NAME)};
#undef NAME
    for (unsigned i = 0; i < PAYLOAD_FAULTS; i++) {
        const char *expected = names[i] + strlen("PAYLOAD_");
        const char *name = payload_fault_name((enum payload_fault)i);
        assert_int_equal(strlen(name), strlen(expected));
        for (size_t at = 0; name[at]; at++)
            assert_int_equal(toupper(name[at]), expected[at]);
        assert_non_null(payload_fault_text((enum payload_fault)i));
    }
    assert_non_null(payload_fault_text(PAYLOAD_FAULTS));
    assert_non_null(payload_fault_name(PAYLOAD_FAULTS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_kept_exactly),
        cmocka_unit_test(numbers_that_print_long_become_short_again),
        cmocka_unit_test(rounding_is_strtods),
        cmocka_unit_test(integers_are_exact_or_refused),
        cmocka_unit_test(scalars_are_read),
        cmocka_unit_test(objects_are_levels),
        cmocka_unit_test(keys_are_escaped),
        cmocka_unit_test(values_are_unwrapped),
        cmocka_unit_test(arrays_are_groups),
        cmocka_unit_test(times_are_understood),
        cmocka_unit_test(times_are_refused),
        cmocka_unit_test(bad_json_is_refused_where_it_is_bad),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(metrics_and_groups_are_limited),
        cmocka_unit_test(texts_are_limited),
        cmocka_unit_test(keys_are_limited),
        cmocka_unit_test(keys_come_once),
        cmocka_unit_test(faults_have_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
