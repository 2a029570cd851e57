/* jansson as the judge: generated and damaged documents are accepted by both or by neither, and
 * mean the same readings. And the shapes against the decoder, on the same documents. */
#include "wire/payload/cross.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define DOCUMENTS 30000
#define DOCUMENT_BYTES 16384

static struct payload_decoder *decoder;

struct dice {
    uint64_t state;
};
static uint32_t roll(struct dice *dice, uint32_t below)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (uint32_t)(dice->state >> 32) % below;
}

struct document {
    char text[DOCUMENT_BYTES];
    size_t size;
    bool spaced;
};

static void put(struct document *document, const char *text)
{
    size_t size = strlen(text);
    check(document->size + size < DOCUMENT_BYTES);
    memcpy(document->text + document->size, text, size);
    document->size += size;
}

static void put_space(struct document *document, struct dice *dice)
{
    static const char *const spaces[] = {"", "", " ", "\n\t", "\r\n  "};
    if (document->spaced)
        put(document, spaces[roll(dice, ARRAY_COUNT(spaces))]);
}

static void put_number(struct document *document, struct dice *dice)
{
    char text[128];
    double real;
    uint64_t bits = (uint64_t)roll(dice, UINT32_MAX) << 32 | roll(dice, UINT32_MAX);
    switch (roll(dice, 9)) {
    case 0:
        (void)snprintf(text, sizeof text, "%d", (int)roll(dice, 2000) - 1000);
        break;
    case 1:
        (void)snprintf(text, sizeof text, "%.*f", (int)roll(dice, 4), (double)roll(dice, 9999) / 7);
        break;
    case 2:
        (void)snprintf(text, sizeof text, "%lld", (long long)(bits >> roll(dice, 64)) * 1);
        break;
    case 3:
        (void)snprintf(text, sizeof text, "-%llu", (unsigned long long)(bits >> roll(dice, 64)));
        break;
    case 4: /* any double that is a number */
        memcpy(&real, &bits, sizeof real);
        (void)snprintf(text, sizeof text, "%.17g", real - real == 0 ? real : 0.5);
        break;
    case 5:
        (void)snprintf(text, sizeof text, "%d.%05de%d", (int)roll(dice, 100),
                       (int)roll(dice, 100000), (int)roll(dice, 60) - 30);
        break;
    case 6:
        (void)snprintf(text, sizeof text, "-0.%0*d", (int)roll(dice, 30) + 1, (int)roll(dice, 2));
        break;
    case 7:
        (void)snprintf(text, sizeof text, "%u%09u%09u.%09u%09u", roll(dice, 1000),
                       roll(dice, 1000000000), roll(dice, 1000000000), roll(dice, 1000000000),
                       roll(dice, 1000000000));
        text[strlen(text) - roll(dice, 18)] = 0;
        break;
    default:
        (void)snprintf(text, sizeof text, "%dE%+d", (int)roll(dice, 1000),
                       (int)roll(dice, 700) - 350);
        break;
    }
    put(document, text);
}

static void put_scalar(struct document *document, struct dice *dice)
{
    static const char *const words[] = {"true",
                                        "false",
                                        "null",
                                        "\"\"",
                                        "\"on\"",
                                        "\"a\\nb\"",
                                        "\"\\u6e29\\ud83d\\ude00\"",
                                        "\"\xE6\xB8\xA9\xE5\xBA\xA6\"",
                                        "\"a string of more than sixteen bytes\"",
                                        "\"\\\\\\\"\\/\""};
    if (roll(dice, 4) > 0)
        put_number(document, dice);
    else
        put(document, words[roll(dice, ARRAY_COUNT(words))]);
}

static void put_time(struct document *document, struct dice *dice)
{
    static const char *const times[] = {
        "1700000000",          "1700000000123", "1700000000.5",    "\"2023-11-14T22:13:20Z\"",
        "1700000000123456789", "null",          "1700000000123456"};
    put(document, times[roll(dice, ARRAY_COUNT(times))]);
}

static void put_object(struct document *document, struct dice *dice, unsigned depth)
{
    static const char *const keys[] = {"a",        "b",  "temperature", "pressure", "x/y",
                                       "$p",       "",   "\\u0061b",    "values",   "\xE6\xB8\xA9",
                                       "humidity", "k1", "k2",          "k3",       "q\\\"q"};
    unsigned count = roll(dice, 12);
    bool first = true;
    put(document, "{");
    for (unsigned i = 0; i < count; i++) {
        put_space(document, dice);
        if (!first)
            put(document, ",");
        first = false;
        put_space(document, dice);
        bool timed = roll(dice, 12) == 0;
        put(document, "\"");
        put(document, timed ? "ts" : keys[roll(dice, ARRAY_COUNT(keys))]);
        if (!timed && roll(dice, 3) > 0) { /* mostly distinct */
            char suffix[16];
            (void)snprintf(suffix, sizeof suffix, "%u", i);
            put(document, suffix);
        }
        put(document, "\"");
        put_space(document, dice);
        put(document, ":");
        put_space(document, dice);
        if (timed && depth == 0)
            put_time(document, dice);
        else if (depth < 4 && roll(dice, 8) == 0)
            put_object(document, dice, depth + 1); /* our own recursion, four deep */
        else
            put_scalar(document, dice);
        put_space(document, dice);
    }
    put(document, "}");
}

static void document_make(struct document *document, struct dice *dice)
{
    document->size = 0;
    document->spaced = roll(dice, 2);
    put_space(document, dice);
    if (roll(dice, 6) > 0) {
        put_object(document, dice, 0);
    } else {
        put(document, "[");
        for (unsigned left = roll(dice, 4); left > 0; left--) {
            put_object(document, dice, 0);
            put_space(document, dice);
            if (left > 1)
                put(document, ",");
        }
        put(document, "]");
    }
    put_space(document, dice);
}

static void document_damage(struct document *document, struct dice *dice)
{
    static const char bytes[] = "{}[],:\"\\0123456789.eE+-tfnu \x80\xC3\xED\n\x01xa";
    for (unsigned hits = 1 + roll(dice, 2); hits > 0 && document->size > 1; hits--) {
        size_t at = roll(dice, (uint32_t)document->size);
        switch (roll(dice, 3)) {
        case 0:
            document->text[at] = bytes[roll(dice, sizeof bytes - 1)];
            break;
        case 1:
            memmove(document->text + at, document->text + at + 1, document->size - at - 1);
            document->size--;
            break;
        default:
            if (document->size + 1 < DOCUMENT_BYTES) {
                memmove(document->text + at + 1, document->text + at, document->size - at);
                document->text[at] = bytes[roll(dice, sizeof bytes - 1)];
                document->size++;
            }
        }
    }
}

/* ---- the oracle -------------------------------------------------------------------------------
 */
static bool is_time(const char *key)
{
    return strcmp(key, "ts") == 0 || strcmp(key, "time") == 0 || strcmp(key, "timestamp") == 0;
}

static void value_compare(const struct value *value, const json_t *expected)
{
    switch (json_typeof(expected)) {
    case JSON_STRING:
        assert_int_equal(value->type, VALUE_STRING);
        assert_true(bytes_equal(
            value->text, bytes_of(json_string_value(expected), json_string_length(expected))));
        break;
    case JSON_INTEGER:
        if (value->type == VALUE_INT64)
            assert_true(value->number == json_integer_value(expected));
        else
            assert_true(value_real(value) == (double)json_integer_value(expected));
        break;
    case JSON_REAL:
        assert_int_equal(value->type, VALUE_FLOAT64);
        assert_true(value_real(value) == json_real_value(expected));
        assert_true(!__builtin_signbit(value_real(value)) ==
                    !__builtin_signbit(json_real_value(expected)));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        assert_int_equal(value->type, VALUE_BOOL);
        assert_int_equal(value->number, json_is_true(expected));
        break;
    default:
        assert_true(json_is_null(expected) && !value->present);
    }
}

/* Walks jansson's object in its order, which is that of the document. */
static size_t object_compare(const struct payload_group *group, size_t at, json_t *object,
                             const char *path, unsigned depth)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        uint8_t joined[1024];
        if (depth == 0 && is_time(key))
            continue;
        size_t size =
            (size_t)snprintf((char *)joined, sizeof joined, "%s%s", path, *path ? "/" : "");
        size += payload_key_escape(bytes_text(key), joined + size);
        joined[size] = 0;
        if (json_is_object(value)) {
            bool wrapper = depth == 0 && strcmp(key, "values") == 0;
            at = object_compare(group, at, value, wrapper ? "" : (const char *)joined, depth + 1);
            continue;
        }
        assert_true(at < group->count);
        assert_true(bytes_equal(group->readings[at].key, bytes_of(joined, size)));
        value_compare(&group->readings[at].value, value);
        at++;
    }
    return at;
}

/* Whether both judge the document alike; counts what was accepted. */
static void document_judge(const struct document *document, unsigned *accepted, unsigned *refused)
{
    struct payload_group group;
    json_error_t error;
    size_t where, index = 0;
    struct bytes payload = bytes_of(document->text, document->size);
    if (document->size == 0 || memmem(document->text, document->size, "\\u0000", 6) ||
        !memchr("{[ \t\r\n", document->text[0], 6))
        return; /* scalars, and a NUL in a key, which jansson cannot hold */
    enum payload_fault fault = payload_decode(decoder, payload, &where);
    json_t *root = json_loadb(document->text, document->size, 0, &error);
    if (fault == PAYLOAD_BAD_JSON || fault == PAYLOAD_NOT_UTF8) {
        if (root)
            print_error("%.*s: refused at %zu\n", (int)document->size, document->text, where);
        assert_null(root);
        ++*refused;
    }
    if (fault == PAYLOAD_OK) {
        if (!root && payload_next(decoder, &group) && !group.object)
            return; /* white space and a scalar */
        if (!root)
            print_error("%.*s: jansson says %s\n", (int)document->size, document->text, error.text);
        assert_non_null(root);
        ++*accepted;
        json_t *unique = json_loadb(document->text, document->size, JSON_REJECT_DUPLICATES, &error);
        while (unique && payload_next(decoder, &group)) {
            cross_group(&group);
            for (size_t i = 0; i < group.count; i++)
                cross_convert(&group.readings[i].value);
            json_t *object = json_is_array(root) ? json_array_get(root, index++) : root;
            assert_int_equal(object_compare(&group, 0, object, "", 0), group.count);
        }
        json_decref(unique);
    }
    json_decref(root);
}

static void documents_are_judged_as_jansson_does(void **state)
{
    (void)state;
    static struct document document;
    struct dice dice = {.state = 4711};
    unsigned accepted = 0, refused = 0;
    for (unsigned i = 0; i < DOCUMENTS; i++) {
        document_make(&document, &dice);
        document_judge(&document, &accepted, &refused);
        document_damage(&document, &dice);
        document_judge(&document, &accepted, &refused);
    }
    print_message("%u accepted, %u refused\n", accepted, refused);
    assert_true(accepted > DOCUMENTS / 4 && refused > DOCUMENTS / 4);
}

/* ---- shapes -----------------------------------------------------------------------------------
 */
static void shapes_say_what_the_decoder_says(void **state)
{
    (void)state;
    static struct document document, damaged;
    static uint8_t storage[8192];
    struct payload_shape shape;
    struct dice dice = {.state = 815};
    unsigned learnt = 0, matched = 0;
    size_t where;
    for (unsigned i = 0; i < DOCUMENTS; i++) {
        document_make(&document, &dice);
        struct bytes payload = bytes_of(document.text, document.size);
        if (payload_decode(decoder, payload, &where) ||
            !payload_shape_learn(payload, storage, sizeof storage, &shape))
            continue;
        learnt++;
        matched += cross_match(decoder, &shape, payload);
        for (unsigned turn = 0; turn < 20; turn++) { /* what is damaged matches, or not, rightly */
            damaged = document;
            document_damage(&damaged, &dice);
            matched += cross_match(decoder, &shape, bytes_of(damaged.text, damaged.size));
        }
    }
    print_message("%u learnt, %u matched\n", learnt, matched);
    assert_true(learnt > DOCUMENTS / 50 && matched > learnt);
}

static void shapes_are_flat_and_plain(void **state)
{
    (void)state;
    static const struct {
        const char *payload;
        int count; /* 0: no shape */
    } cases[] = {
        {"{\"a\":1,\"b\":\"x\",\"c\":true}", 3},
        {"{\"ts\":1,\"a\":1}", 1},
        {"{\"a\":1,\"time\":\"2023-11-14T22:13:20Z\"}", 1},
        {"{\"a\":\"\\n\"}", 1}, /* the value is the next payload's business */
        {"{\"a/b\":1}", 1},
        {"{ \"a\":1}", 0},
        {"{\"a\": 1}", 0},
        {"{\"a\":1}\n", 0},
        {"{\"\\u0061\":1}", 0},
        {"{\"a\":{\"b\":1}}", 0},
        {"{\"values\":{\"b\":1}}", 0},
        {"[{\"a\":1}]", 0},
        {"{\"ts\":1,\"time\":1,\"a\":1}", 0},
        {"12", 0},
        {"", 0},
    };
    uint8_t storage[256];
    struct payload_shape shape;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        size_t where;
        struct bytes payload = bytes_text(cases[i].payload);
        assert_int_equal(payload_decode(decoder, payload, &where), PAYLOAD_OK);
        bool learnt = payload_shape_learn(payload, storage, sizeof storage, &shape);
        assert_int_equal(learnt, cases[i].count > 0);
        if (learnt)
            assert_int_equal(shape.count, cases[i].count);
    }
}

static void shapes_need_their_room(void **state)
{
    (void)state;
    struct bytes payload = bytes_text("{\"abc\":1,\"d\":2,\"ts\":3}");
    uint8_t storage[256];
    struct payload_shape shape;
    assert_true(payload_shape_learn(payload, storage, sizeof storage, &shape));
    size_t need = shape.text_size;
    for (size_t size = 0; size <= need; size++) {
        uint8_t *exact = malloc(size + 1);
        assert_int_equal(payload_shape_learn(payload, exact, size, &shape), size == need);
        free(exact);
    }
    static char large[PAYLOAD_METRICS_MAX * 10 + 20];
    static uint8_t room[8192];
    size_t where, used = (size_t)sprintf(large, "{\"ts\":1");
    for (unsigned i = 0; i < PAYLOAD_METRICS_MAX; i++)
        used += (size_t)sprintf(large + used, ",\"k%u\":1", i);
    (void)strcpy(large + used, "}");
    payload = bytes_text(large);
    assert_int_equal(payload_decode(decoder, payload, &where), PAYLOAD_OK);
    assert_true(payload_shape_learn(payload, room, sizeof room, &shape));
    assert_int_equal(shape.count, PAYLOAD_METRICS_MAX);
    assert_true(cross_match(decoder, &shape, payload));
}

static void shapes_match_or_say_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *payload;
        bool matches;
    } cases[] = {
        {"{\"temperature_inside\":1,\"b\":2,\"ts\":3}", true},
        {"{\"temperature_inside\":-1.25e3,\"b\":\"x\",\"ts\":1700000000123}", true},
        {"{\"temperature_inside\":null,\"b\":false,\"ts\":\"2023-11-14T22:13:20Z\"}", true},
        {"{\"temperature_inside\":9007199254740993,\"b\":\"\xE6\xB8\xA9\",\"ts\":3}", true},
        {"{\"temperature_inside\":1,\"b\":2,\"ts\":null}", false},
        {"{\"temperature_inside\":1,\"b\":\"\\n\",\"ts\":3}", false},
        {"{\"temperature_inside\":1,\"b\":\"\xE6\",\"ts\":3}", false},
        {"{\"temperature_inside\":1,\"b\":9223372036854775808,\"ts\":3}", false},
        {"{\"temperature_inside\":1,\"b\":01,\"ts\":3}", false},
        {"{\"temperature_inside\":1,\"b\":2,\"ts\":-3}", false},
        {"{\"temperature_inside\":1,\"b\":2,\"ts\":3} ", false},
        {"{\"temperature_inside\":1,\"b\":2,\"ts\":3", false},
        {"{\"temperature_inside\":1,\"b\":2}", false},
        {"{\"temperature_inside\":1,\"b\":2,\"ts\":3,\"c\":4}", false},
        {"{\"temperature_insidf\":1,\"b\":2,\"ts\":3}", false},
        {"{\"temperature_inside\":[1],\"b\":2,\"ts\":3}", false},
        {"{\"b\":2,\"temperature_inside\":1,\"ts\":3}", false},
        {"", false},
    };
    uint8_t storage[256];
    struct payload_shape shape;
    assert_true(payload_shape_learn(bytes_text(cases[0].payload), storage, sizeof storage, &shape));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        size_t size = strlen(cases[i].payload);
        uint8_t *exact = malloc(size + 1); /* so that a read beyond the end shows */
        assert_non_null(exact);
        memcpy(exact + 1, cases[i].payload, size);
        if (cross_match(decoder, &shape, bytes_of(exact + 1, size)) != cases[i].matches)
            print_error("%s\n", cases[i].payload);
        assert_int_equal(cross_match(decoder, &shape, bytes_of(exact + 1, size)), cases[i].matches);
        free(exact);
    }
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_judged_as_jansson_does),
        cmocka_unit_test(shapes_say_what_the_decoder_says),
        cmocka_unit_test(shapes_are_flat_and_plain),
        cmocka_unit_test(shapes_need_their_room),
        cmocka_unit_test(shapes_match_or_say_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
