/* What stands on a command line as samples: the rule is that of a plain MQTT payload, so the
 * payload's own decoder is asked what it would have made of the same text. */
#include "cli/set_output.h"

#include "wire/payload/payload.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_made(const char *text, bool as_text, const char *wanted)
{
    const char *fault;
    char *value = sample_value_json(text, as_text, &fault);
    if (wanted == NULL) {
        assert_null(value);
        assert_true(strlen(fault) > 5);
    } else {
        assert_non_null(value);
        assert_string_equal(value, wanted);
    }
    free(value);
}

static void values_are_what_they_look_like(void **state)
{
    (void)state;
    expect_made("21.50", false, "21.50"); /* as it was written */
    expect_made("-5", false, "-5");
    expect_made("12345678901234567890", false, "12345678901234567890");
    expect_made(" 1e3\n", false, "1e3");
    expect_made("true", false, "true");
    expect_made("null", false, "null");
    expect_made("", false, "null");
    expect_made("NaN", false, "null");
    expect_made("-inf", false, "null");
    expect_made("007", false, "\"007\"");
    expect_made("ON", false, "\"ON\"");
    expect_made("+5", false, "\"+5\"");
    expect_made("1.", false, "\"1.\"");
    expect_made("\"21.5\"", false, "\"21.5\"");
    expect_made("say \"no\"", false, "\"say \\\"no\\\"\"");
    expect_made("{\"a\":1}", false, NULL);
    expect_made("[1]", false, NULL);
    expect_made("a\tb", false, NULL);
    expect_made("\xFF", false, NULL);
}

static void text_is_text_when_asked(void **state)
{
    (void)state;
    expect_made("21.5", true, "\"21.5\"");
    expect_made(" a\tb", true, "\" a\\tb\"");
    expect_made("{\"a\":1}", true, "\"{\\\"a\\\":1}\"");
    expect_made("", true, "\"\"");
    expect_made("\xFF", true, NULL);
}

static void bare_text_has_its_limit(void **state)
{
    (void)state;
    char text[258];
    memset(text, 'a', sizeof text);
    text[256] = 0;
    const char *fault;
    char *value = sample_value_json(text, false, &fault);
    assert_non_null(value);
    free(value);
    text[256] = 'a';
    text[257] = 0;
    expect_made(text, false, NULL);
}

/* The same kind of value as the decoder of payloads sees. */
static const char *kind_of_payload(struct payload_decoder *decoder, const char *text)
{
    size_t where;
    struct payload_group group;
    if (payload_decode(decoder, bytes_text(text), &where) != PAYLOAD_OK)
        return "fault";
    assert_true(payload_next(decoder, &group));
    const struct value *value = &group.readings[0].value;
    return !value->present               ? "none"
           : value->type == VALUE_STRING ? "text"
           : value->type == VALUE_BOOL   ? "bool"
                                         : "number";
}

static const char *kind_of_line(const char *text)
{
    const char *fault;
    char *value = sample_value_json(text, false, &fault);
    if (value == NULL)
        return "fault";
    const char *kind = value[0] == '"'                                             ? "text"
                       : strcmp(value, "null") == 0                                ? "none"
                       : strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ? "bool"
                                                                                   : "number";
    free(value);
    return kind;
}

static void the_rule_is_that_of_payloads(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1",    "-1",   "0",     "-0",       "00",       "01",   "1.5",  ".5",          "5.",
        "1e5",  "1E-5", "1e",    "1e+",      "0x10",     "1 2",  "nan",  "NAN",         "+nan",
        "-NaN", "inf",  "+inf",  "Infinity", "infinit",  "true", "TRUE", "false",       "null",
        "Null", "\"\"", "\"a\"", "\"a",      "a\"",      "'a'",  "",     " ",           " 5 ",
        " on ", "a b",  "a\x7F", "a\x01",    "\xC3\xA9", "[",    "tru",  "\"\\u0041\"",
    };
    struct payload_decoder *decoder;
    assert_int_equal(payload_decoder_create(&decoder), OK);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        const char *wanted = kind_of_payload(decoder, texts[i]);
        if (strcmp(wanted, kind_of_line(texts[i])) != 0)
            fail_msg("\"%s\" is %s on the line, %s as a payload", texts[i], kind_of_line(texts[i]),
                     wanted);
    }
    payload_decoder_destroy(decoder);
}

static void times_are_rfc_3339_or_numbers(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"2026-03-01T08:00:00Z", "\"2026-03-01T08:00:00Z\""},
        {"1772352000", "1772352000"},
        {"1772352000.25", "1772352000.25"},
        {"1772352000250", "1772352000250"},
        {"-1", NULL},
        {"yesterday", NULL},
        {"", NULL},
        {"2026-13-01T08:00:00Z", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char *time = sample_time_json(cases[i][0]);
        if (cases[i][1] == NULL)
            assert_null(time);
        else
            assert_string_equal(time, cases[i][1]);
        free(time);
    }
}

static void a_line_is_json(void **state)
{
    (void)state;
    char *line = sample_line("a/\"b\"", "21.5", NULL, NULL);
    assert_string_equal(line, "{\"path\":\"a/\\\"b\\\"\",\"value\":21.5}\n");
    free(line);
    line = sample_line("a", "true", "1772352000", "bad.not_connected");
    assert_string_equal(line, "{\"path\":\"a\",\"value\":true,\"time\":1772352000,"
                              "\"quality\":\"bad.not_connected\"}\n");
    json_t *read = json_loads(line, 0, NULL);
    assert_int_equal(json_object_size(read), 4);
    json_decref(read);
    free(line);
    assert_null(sample_line("\xFF", "1", NULL, NULL));
    assert_null(sample_line("a", "1", NULL, "\xFF"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_what_they_look_like),
        cmocka_unit_test(text_is_text_when_asked),
        cmocka_unit_test(bare_text_has_its_limit),
        cmocka_unit_test(the_rule_is_that_of_payloads),
        cmocka_unit_test(times_are_rfc_3339_or_numbers),
        cmocka_unit_test(a_line_is_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
