/* The writer against a reader nobody here wrote (jansson), and against numbers computed another
 * way: what is written must read back as what was meant, for whatever was meant. */
#include "wire/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t chance(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void assert_written(const struct json_writer *writer, const char *expected)
{
    assert_false(json_writer_failed(writer));
    struct bytes text = json_writer_text(writer);
    assert_int_equal(text.size, strlen(expected));
    if (text.size > 0)
        assert_memory_equal(text.at, expected, text.size);
}

/* ---- numbers ----------------------------------------------------------------------------------
 */
static void integers_read_back(void **state)
{
    (void)state;
    static const int64_t numbers[] = {0,         1,         -1,        9,         10,        99,
                                      100,       -100,      999,       1000,      12345,     -12345,
                                      INT64_MAX, INT64_MIN, INT32_MAX, INT32_MIN, 1000000000};
    struct json_writer writer;
    json_writer_init(&writer, 0);
    char expected[32];
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        json_writer_clear(&writer);
        json_put_integer(&writer, numbers[i]);
        snprintf(expected, sizeof expected, "%lld", (long long)numbers[i]);
        assert_written(&writer, expected);
    }
    uint64_t seed = 5;
    for (int i = 0; i < 20000; i++) {
        uint64_t number = chance(&seed) >> (chance(&seed) % 64);
        json_writer_clear(&writer);
        json_put_count(&writer, number);
        snprintf(expected, sizeof expected, "%llu", (unsigned long long)number);
        assert_written(&writer, expected);
    }
    json_writer_clear(&writer);
    json_put_count(&writer, UINT64_MAX);
    assert_written(&writer, "18446744073709551615");
    json_writer_done(&writer);
}

static uint64_t bits_of(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}

/* Digits that say something: none of the zeros at either end. */
static int digits_of(const char *text)
{
    int digits = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text == '0')
            zeros += digits > 0;
        if (*text < '1' || *text > '9')
            continue;
        digits += zeros + 1;
        zeros = 0;
    }
    return digits;
}

static void assert_real(double real)
{
    char text[REAL_TEXT_SIZE], shorter[REAL_TEXT_SIZE];
    size_t size = real_text_put(text, real);
    assert_int_equal(size, strlen(text));
    assert_true(bits_of(strtod(text, NULL)) == bits_of(real));
    int digits = digits_of(text);
    if (digits < 2)
        return;
    snprintf(shorter, sizeof shorter, "%.*e", digits - 2, real);
    if (bits_of(strtod(shorter, NULL)) == bits_of(real))
        fail_msg("%s is not the shortest: %s", text, shorter);
}

static void reals_read_back_and_are_short(void **state)
{
    (void)state;
    static const double reals[] = {
        0.0,        -0.0,      1.0,     -1.5,    0.1,    0.2,      0.30000000000000004,
        21.35,      1e-9,      1e-10,   123e-20, 1e15,   1e16,     1e17,
        1e22,       1e23,      1e300,   1.7e308, 5e-324, 2.2e-308, 0x1p53,
        0x1p53 + 2, 0x1p-1074, 1.0 / 3, -1e-300, 4.35,   0.000001, 9007199254740993.0};
    for (size_t i = 0; i < ARRAY_COUNT(reals); i++)
        assert_real(reals[i]);
    uint64_t seed = 77;
    for (int i = 0; i < 60000; i++) {
        uint64_t bits = chance(&seed);
        double real;
        memcpy(&real, &bits, sizeof real);
        if (isfinite(real))
            assert_real(real);
        assert_real((double)(int64_t)(chance(&seed) % 20000000 - 10000000) / 1000);
        assert_real((double)(int64_t)chance(&seed) * 0x1p-50);
        assert_real((double)(int64_t)chance(&seed) * 0x1p-40);
        double sized = (double)(int64_t)chance(&seed) * 0x1p-63;
        for (uint64_t tens = chance(&seed) % 24; tens > 0; tens--)
            sized *= 10;
        assert_real(sized / 1e6);
        double near = (double)(chance(&seed) % 100000) / 1000;
        assert_real(near * (1 + 0x1p-52)); /* its neighbour, or the one behind it */
        assert_real(near * (1 - 0x1p-53));
    }
    struct json_writer writer;
    json_writer_init(&writer, 0);
    json_put_array(&writer);
    json_put_real(&writer, 21.5);
    json_put_real(&writer, -0.0);
    json_put_real(&writer, (double)NAN);
    json_put_real(&writer, (double)INFINITY);
    json_put_real(&writer, -(double)INFINITY);
    json_put_array_end(&writer);
    assert_written(&writer, "[21.5,-0.0,null,null,null]");
    json_writer_done(&writer);
}

/* A decimal is written from its digits: as a program that never heard of doubles would. */
static void decimals_are_exact(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        uint8_t scale;
        const char *text;
    } rows[] = {{2135, 2, "21.35"},
                {2150, 2, "21.5"},
                {2100, 2, "21"},
                {-5, 2, "-0.05"},
                {0, 5, "0"},
                {1, 18, "0.000000000000000001"},
                {-9007199254740992, 18, "-0.009007199254740992"},
                {9007199254740992, 0, "9007199254740992"},
                {9007199254740991, 1, "900719925474099.1"},
                {1000, 3, "1"},
                {-1000, 1, "-100"}};
    struct json_writer writer;
    json_writer_init(&writer, 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct value value = {.type = VALUE_FLOAT64,
                              .present = true,
                              .number = rows[i].number,
                              .scale = rows[i].scale};
        json_writer_clear(&writer);
        json_put_value(&writer, &value);
        assert_written(&writer, rows[i].text);
    }
    uint64_t seed = 11;
    for (int i = 0; i < 50000; i++) {
        int64_t number = (int64_t)(chance(&seed) >> (11 + chance(&seed) % 40));
        struct value value = {.type = VALUE_FLOAT64,
                              .present = true,
                              .number = i % 2 != 0 ? number : -number,
                              .scale = (uint8_t)(chance(&seed) % (SCALE_DECIMAL_MAX + 1))};
        json_writer_clear(&writer);
        json_put_value(&writer, &value);
        char text[64] = "";
        memcpy(text, json_writer_text(&writer).at, json_writer_text(&writer).size);
        assert_true(strtod(text, NULL) == value_real(&value));
    }
    json_writer_done(&writer);
}

static void values_of_each_type(void **state)
{
    (void)state;
    struct json_writer writer;
    json_writer_init(&writer, 0);
    struct value raw = value_of_real(1.0 / 3);
    assert_int_equal(raw.scale, SCALE_RAW);
    json_put_array(&writer);
    json_put_value(&writer, &raw);
    json_put_value(&writer,
                   &(struct value){.type = VALUE_INT64, .present = true, .number = INT64_MIN});
    json_put_value(&writer, &(struct value){.type = VALUE_BOOL, .present = true, .number = 1});
    json_put_value(&writer, &(struct value){.type = VALUE_BOOL, .present = true});
    json_put_value(&writer, &(struct value){.type = VALUE_STRING, .present = true});
    json_put_value(&writer, &(struct value){
                                .type = VALUE_STRING, .present = true, .text = bytes_text("a\"b")});
    json_put_value(&writer, &(struct value){.type = VALUE_FLOAT64});
    json_put_array_end(&writer);
    assert_written(&writer, "[0.3333333333333333,-9223372036854775808,true,false,\"\","
                            "\"a\\\"b\",null]");
    json_writer_done(&writer);
}

/* ---- times, structure -------------------------------------------------------------------------
 */
static void times_have_the_digits_they_need(void **state)
{
    (void)state;
    static const struct {
        int64_t time_ns;
        const char *text;
    } rows[] = {{0, "null"},
                {1, "\"1970-01-01T00:00:00.000000001Z\""},
                {INT64_C(1772352000000000000), "\"2026-03-01T08:00:00Z\""},
                {INT64_C(1772352000250000000), "\"2026-03-01T08:00:00.25Z\""},
                {INT64_C(1772352000003000000), "\"2026-03-01T08:00:00.003Z\""},
                {INT64_C(1772352000000010000), "\"2026-03-01T08:00:00.00001Z\""},
                {INT64_C(1772352010000000000), "\"2026-03-01T08:00:10Z\""},
                {TIME_MAX_NS - 1, "\"2199-12-31T23:59:59.999999999Z\""}};
    struct json_writer writer;
    json_writer_init(&writer, 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        json_writer_clear(&writer);
        json_put_time(&writer, rows[i].time_ns);
        assert_written(&writer, rows[i].text);
    }
    json_writer_done(&writer);
}

static void commas_put_themselves(void **state)
{
    (void)state;
    struct json_writer writer;
    json_writer_init(&writer, 0);
    json_put_object(&writer);
    json_member_string(&writer, "a", bytes_text("x"));
    json_member_text(&writer, "b", "y");
    json_member_integer(&writer, "c", -1);
    json_member_count(&writer, "d", 1);
    json_member_real(&writer, "e", 0.5);
    json_member_bool(&writer, "f", false);
    json_member_null(&writer, "g");
    json_member_time(&writer, "h", 0);
    json_put_name_bytes(&writer, bytes_text("i\n"));
    json_put_array(&writer);
    json_put_object(&writer);
    json_put_object_end(&writer);
    json_put_array(&writer);
    json_put_array_end(&writer);
    json_put_raw(&writer, bytes_text("{\"raw\":1}"));
    json_put_array_end(&writer);
    json_put_object_end(&writer);
    json_put_line_end(&writer);
    json_put_bool(&writer, true);
    json_put_line_end(&writer);
    assert_written(&writer, "{\"a\":\"x\",\"b\":\"y\",\"c\":-1,\"d\":1,\"e\":0.5,\"f\":false,"
                            "\"g\":null,\"h\":null,\"i\\n\":[{},[],{\"raw\":1}]}\ntrue\n");
    json_writer_clear(&writer);
    assert_int_equal(json_writer_text(&writer).size, 0);
    json_put_null(&writer);
    assert_written(&writer, "null");
    json_writer_done(&writer);
    json_writer_done(&writer);
}

/* ---- text -------------------------------------------------------------------------------------
 */
static void bad_utf8_is_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } rows[] = {{"", 0, "\"\""},
                {"\xff", 1, "\"\xef\xbf\xbd\""},
                {"a\xc3", 2, "\"a\xef\xbf\xbd\""},
                {"\xc3\xa4", 2, "\"\xc3\xa4\""},
                {"\xc0\x80z", 3, "\"\xef\xbf\xbd\xef\xbf\xbdz\""},
                {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
                {"\xf0\x9f\x98\x80", 4, "\"\xf0\x9f\x98\x80\""},
                {"12345678\x80", 9, "\"12345678\xef\xbf\xbd\""},
                {"\0\x1f\x7f", 3, "\"\\u0000\\u001f\x7f\""},
                {"\b\f\n\r\t\\\"/", 8, "\"\\b\\f\\n\\r\\t\\\\\\\"/\""}};
    struct json_writer writer;
    json_writer_init(&writer, 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        json_writer_clear(&writer);
        json_put_string(&writer, bytes_of(rows[i].bytes, rows[i].size));
        assert_written(&writer, rows[i].text);
    }
    json_writer_done(&writer);
}

/* Every byte at every place of the eight that are looked at together. */
static void each_byte_at_each_place(void **state)
{
    (void)state;
    struct json_writer writer;
    json_writer_init(&writer, 0);
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t place = 0; place < 17; place++) {
            char text[17];
            memset(text, 'x', sizeof text);
            text[place] = (char)byte;
            json_writer_clear(&writer);
            json_put_string(&writer, bytes_of(text, sizeof text));
            struct bytes written = json_writer_text(&writer);
            json_t *read = json_loadb((const char *)written.at, written.size,
                                      JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            assert_non_null(read);
            if (byte < 0x80) {
                assert_int_equal(json_string_length(read), sizeof text);
                assert_memory_equal(json_string_value(read), text, sizeof text);
            } else {
                assert_int_equal(json_string_length(read), sizeof text + 2);
                assert_memory_equal(json_string_value(read) + place, "\xef\xbf\xbd", 3);
            }
            json_decref(read);
        }
    }
    json_writer_done(&writer);
}

/* ---- whole documents --------------------------------------------------------------------------
 */
#define DEPTH_MOST 5

static size_t text_make(uint64_t *seed, char *text, size_t most)
{
    static const char *const parts[] = {
        "a", "Z",       "\"", "\\", "\n", "\x01", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
        "/", " plain ", "0"};
    size_t size = 0;
    for (uint64_t left = chance(seed) % 20; left > 0; left--) {
        const char *part = parts[chance(seed) % ARRAY_COUNT(parts)];
        size_t part_size = strlen(part);
        if (size + part_size > most)
            break;
        memcpy(text + size, part, part_size);
        size += part_size;
    }
    return size;
}

/* Writes something and makes the same with jansson; only finite numbers. */
static json_t *leaf_make(struct json_writer *writer, uint64_t *seed)
{
    char text[64];
    uint64_t bits = chance(seed);
    double real = (double)(int64_t)bits * 0x1p-30;
    switch (chance(seed) % 5) {
    case 0:
        json_put_integer(writer, (int64_t)bits);
        return json_pack("I", (json_int_t)(int64_t)bits);
    case 1:
        json_put_real(writer, real);
        return json_pack("f", real);
    case 2:
        json_put_bool(writer, bits % 2 != 0);
        return json_pack("b", (int)(bits % 2));
    case 3:
        json_put_null(writer);
        return json_pack("n");
    default: {
        size_t size = text_make(seed, text, sizeof text);
        json_put_string(writer, bytes_of(text, size));
        return json_stringn(text, size);
    }
    }
}

static json_t *tree_make(struct json_writer *writer, uint64_t *seed, int depth)
{
    uint64_t kind = chance(seed) % 4;
    if (depth == DEPTH_MOST || kind < 2)
        return leaf_make(writer, seed);
    json_t *tree = json_pack(kind == 2 ? "[]" : "{}");
    uint64_t count = chance(seed) % 6;
    if (kind == 2) {
        json_put_array(writer);
        for (uint64_t i = 0; i < count; i++)
            json_array_append_new(tree, tree_make(writer, seed, depth + 1));
        json_put_array_end(writer);
        return tree;
    }
    json_put_object(writer);
    for (uint64_t i = 0; i < count; i++) {
        char name[64];
        size_t size = (size_t)snprintf(name, sizeof name, "%d", (int)i);
        size += text_make(seed, name + size, sizeof name - size);
        json_put_name_bytes(writer, bytes_of(name, size));
        json_object_setn_new_nocheck(tree, name, size, tree_make(writer, seed, depth + 1));
    }
    json_put_object_end(writer);
    return tree;
}

/* As json_equal, but a real that is whole may come back as an integer. */
static bool trees_equal(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b) && json_typeof(a) != json_typeof(b))
        return json_number_value(a) == json_number_value(b);
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_array(a)) {
        bool equal = json_array_size(a) == json_array_size(b);
        for (size_t i = 0; equal && i < json_array_size(a); i++)
            equal = trees_equal(json_array_get(a, i), json_array_get(b, i));
        return equal;
    }
    if (!json_is_object(a))
        return json_equal(a, b) == 1;
    if (json_object_size(a) != json_object_size(b))
        return false;
    for (void *at = json_object_iter((json_t *)(uintptr_t)a); at != NULL;
         at = json_object_iter_next((json_t *)(uintptr_t)a, at)) {
        const json_t *other =
            json_object_getn(b, json_object_iter_key(at), json_object_iter_key_len(at));
        if (other == NULL || !trees_equal(json_object_iter_value(at), other))
            return false;
    }
    return true;
}

static void random_documents_read_back(void **state)
{
    (void)state;
    struct json_writer writer;
    json_writer_init(&writer, 0);
    for (uint64_t round = 1; round <= 3000; round++) {
        uint64_t seed = round * UINT64_C(0x9e3779b97f4a7c15);
        json_writer_clear(&writer);
        json_t *tree = tree_make(&writer, &seed, 0);
        assert_non_null(tree);
        assert_false(json_writer_failed(&writer));
        json_error_t error;
        json_t *read =
            json_loadb((const char *)json_writer_text(&writer).at, json_writer_text(&writer).size,
                       JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
        if (read == NULL || !trees_equal(tree, read))
            fail_msg("round %llu: %s: %.*s", (unsigned long long)round, error.text,
                     (int)json_writer_text(&writer).size,
                     (const char *)json_writer_text(&writer).at);
        json_decref(read);
        json_decref(tree);
    }
    json_writer_done(&writer);
}

/* ---- limits -----------------------------------------------------------------------------------
 */
static void the_most_is_exact(void **state)
{
    (void)state;
    static const char whole[] = "{\"name\":\"text\\n\",\"n\":-12.5}";
    const size_t size = sizeof whole - 1;
    for (size_t most = 1; most <= size + 2; most++) {
        struct json_writer writer;
        json_writer_init(&writer, most);
        json_put_object(&writer);
        json_member_text(&writer, "name", "text\n");
        json_member_real(&writer, "n", -12.5);
        json_put_object_end(&writer);
        if (most >= size) {
            assert_written(&writer, whole);
        } else {
            assert_true(json_writer_failed(&writer));
            assert_true(json_writer_text(&writer).size <= most);
            size_t kept = json_writer_text(&writer).size;
            json_put_null(&writer); /* the first failure is kept */
            assert_int_equal(json_writer_text(&writer).size, kept);
        }
        json_writer_clear(&writer);
        assert_false(json_writer_failed(&writer));
        json_writer_done(&writer);
    }
}

static void memory_grows_and_is_kept(void **state)
{
    (void)state;
    struct json_writer writer;
    json_writer_init(&writer, 0);
    assert_null(writer.at);
    json_put_array(&writer);
    for (int64_t i = 0; i < 100000; i++)
        json_put_integer(&writer, i);
    json_put_array_end(&writer);
    assert_false(json_writer_failed(&writer));
    const uint8_t *at = writer.at;
    size_t capacity = writer.capacity;
    assert_true(capacity < 2 * writer.size);
    json_t *read = json_loadb((const char *)writer.at, writer.size, 0, NULL);
    assert_int_equal(json_array_size(read), 100000);
    assert_int_equal(json_integer_value(json_array_get(read, 99999)), 99999);
    json_decref(read);
    json_writer_clear(&writer);
    json_put_integer(&writer, 1);
    assert_ptr_equal(writer.at, at);
    assert_int_equal(writer.capacity, capacity);
    json_writer_done(&writer);
    assert_null(writer.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_read_back),
        cmocka_unit_test(reals_read_back_and_are_short),
        cmocka_unit_test(decimals_are_exact),
        cmocka_unit_test(values_of_each_type),
        cmocka_unit_test(times_have_the_digits_they_need),
        cmocka_unit_test(commas_put_themselves),
        cmocka_unit_test(bad_utf8_is_replaced),
        cmocka_unit_test(each_byte_at_each_place),
        cmocka_unit_test(random_documents_read_back),
        cmocka_unit_test(the_most_is_exact),
        cmocka_unit_test(memory_grows_and_is_kept),
    };
    return cmocka_run_group_tests_name("wire/json", tests, NULL, NULL);
}
