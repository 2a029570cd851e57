/* A wish from outside: every length at both sides of its limit, because the engine's writer trusts
 * what comes out of here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct report_command command;
static char fault[256];
static json_t *root; /* the views of command live in it */

static const char *read_wish(const char *text)
{
    json_decref(root);
    root = json_loads(text, 0, NULL);
    assert_non_null(root);
    fault[0] = '\0';
    return report_command_read(root, 42, &command, fault, sizeof fault);
}

static void assert_refused(const char *text, const char *says)
{
    if (!read_wish(text))
        fail_msg("taken: %s", text);
    if (!strstr(fault, says))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, fault, says);
}

static void test_whole_command(void **state)
{
    (void)state;
    assert_null(read_wish("{\"command\":\"create\",\"path\":\"a/b\",\"type\":\"float64\","
                          "\"unit\":\"Cel\",\"description\":\"d\",\"labels\":{\"k\":\"v\"},"
                          "\"limits\":{\"high\":1.5,\"low\":null},\"key\":\"once\"}"));
    assert_int_equal(command.command.kind, COMMAND_CREATE);
    assert_int_equal(command.command.tenant, TENANT_DEFAULT);
    assert_true(bytes_equal(command.command.path, bytes_text("a/b")));
    assert_int_equal(command.command.key_kind, KEY_FREE);
    assert_int_equal(command.command.key_wall_ns, 42);
    const struct point_settings *settings = &command.command.settings;
    assert_int_equal(settings->has,
                     HAS_TYPE | HAS_UNIT | HAS_DESCRIPTION | HAS_LABELS | HAS_LIMITS);
    assert_int_equal(settings->type, VALUE_FLOAT64);
    assert_int_equal(settings->label_count, 1);
    assert_true(settings->limits[LIMIT_HIGH] > 1.4 && settings->limits[LIMIT_HIGH] < 1.6);
    assert_true(isnan(settings->limits[LIMIT_LOW]) && isnan(settings->limits[LIMIT_HIGH_HIGH]));
}

static void test_sequence_rename_retire(void **state)
{
    (void)state;
    assert_null(read_wish("{\"command\":\"rename\",\"path\":\"a\",\"new_path\":\"b\","
                          "\"client\":\"c\",\"sequence\":9223372036854775807}"));
    assert_int_equal(command.command.key_kind, KEY_SEQUENCE);
    assert_int_equal(command.command.sequence, INT64_MAX);
    assert_null(read_wish("{\"command\":\"retire\",\"path\":\"a\"}"));
    assert_int_equal(command.command.key_kind, KEY_NONE);
    assert_int_equal(command.command.settings.has, 0);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"command\":\"destroy\",\"path\":\"a\"}", "create, change, rename or retire");
    assert_refused("{\"command\":1,\"path\":\"a\"}", "create, change");
    assert_refused("{\"command\":\"create\"}", "\"path\"");
    assert_refused("{\"command\":\"create\",\"path\":5}", "\"path\"");
    assert_refused("{\"command\":\"rename\",\"path\":\"a\"}", "\"new_path\"");
    assert_refused("{\"command\":\"create\",\"path\":\"a\",\"new_path\":\"b\"}", "\"new_path\"");
    assert_refused("{\"command\":\"create\",\"path\":\"a\",\"type\":\"int32\"}", "float64, int64");
    assert_refused("{\"command\":\"create\",\"path\":\"a\",\"labels\":[]}", "\"labels\"");
    assert_refused("{\"command\":\"create\",\"path\":\"a\",\"labels\":{\"\":\"v\"}}", "\"labels\"");
    assert_refused("{\"command\":\"create\",\"path\":\"a\",\"labels\":{\"k\":1}}", "\"labels\"");
    assert_refused("{\"command\":\"change\",\"path\":\"a\",\"limits\":{\"highest\":1}}",
                   "high_high");
    assert_refused("{\"command\":\"change\",\"path\":\"a\",\"limits\":{\"high\":\"1\"}}",
                   "numbers");
    assert_refused("{\"command\":\"change\",\"path\":\"a\",\"limits\":5}", "numbers");
    assert_refused("{\"command\":\"retire\",\"path\":\"a\",\"unit\":\"m\"}", "create or change");
    assert_refused("{\"command\":\"change\",\"path\":\"a\",\"colour\":\"red\"}", "no other member");
    assert_refused("{\"command\":\"retire\",\"path\":\"a\",\"key\":\"\"}", "\"key\"");
    assert_refused("{\"command\":\"retire\",\"path\":\"a\",\"client\":\"c\"}", "\"sequence\"");
    assert_refused("{\"command\":\"retire\",\"path\":\"a\",\"client\":\"c\",\"sequence\":0}",
                   "\"sequence\"");
    assert_refused("{\"command\":\"retire\",\"path\":\"a\",\"sequence\":1}", "\"client\"");
    assert_refused("{\"command\":\"retire\",\"path\":\"a\",\"key\":\"k\",\"client\":\"c\","
                   "\"sequence\":1}",
                   "not both");
}

/* {"command":"create","path":"a", <name>: <size times 'x'> } */
static const char *read_long(const char *name, size_t size)
{
    static char text[8192];
    bool path = strcmp(name, "path") == 0;
    int n = snprintf(text, sizeof text, "{\"command\":\"create\",%s\"%s\":\"",
                     path ? "" : "\"path\":\"a\",", name);
    memset(text + n, 'x', size);
    memcpy(text + (size_t)n + size, "\"}", 3);
    return read_wish(text);
}

static void test_lengths_at_both_sides(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t most;
    } lengths[] = {{"path", PATH_MAX_BYTES},
                   {"unit", UNIT_BYTES_MAX},
                   {"description", DESCRIPTION_BYTES_MAX},
                   {"key", KEY_BYTES_MAX}};
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        assert_null(read_long(lengths[i].name, lengths[i].most));
        assert_non_null(read_long(lengths[i].name, lengths[i].most + 1));
        assert_non_null(strstr(fault, lengths[i].name));
    }
}

/* count labels named by numbers, the last one with a name and a value of `size` bytes. */
static const char *read_labels(size_t count, size_t size)
{
    static char text[16384];
    char long_text[256];
    memset(long_text, 'y', sizeof long_text);
    size_t n =
        (size_t)snprintf(text, sizeof text, "{\"command\":\"create\",\"path\":\"a\",\"labels\":{");
    for (size_t i = 0; i + 1 < count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "\"%zu\":\"v\",", i);
    n += (size_t)snprintf(text + n, sizeof text - n, "\"%.*s\":\"%.*s\"}}", (int)size, long_text,
                          (int)size, long_text);
    return read_wish(text);
}

static void test_labels_at_both_sides(void **state)
{
    (void)state;
    assert_null(read_labels(LABELS_MAX, LABEL_BYTES_MAX));
    assert_int_equal(command.command.settings.label_count, LABELS_MAX);
    assert_non_null(read_labels(LABELS_MAX + 1, 1));
    assert_non_null(read_labels(1, LABEL_BYTES_MAX + 1));
}

static void test_each_outcome_has_a_word(void **state)
{
    (void)state;
    assert_string_equal(report_outcome_word(OUTCOME_DONE), "done");
    assert_string_equal(report_outcome_word(OUTCOME_UNKNOWN_POINT), "unknown_point");
    for (int i = 0; i < OUTCOME_COUNT; i++)
        assert_true(strlen(report_outcome_word((enum outcome_code)i)) > 3);
}

static int done(void **state)
{
    (void)state;
    json_decref(root);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_command),        cmocka_unit_test(test_sequence_rename_retire),
        cmocka_unit_test(test_what_is_refused),      cmocka_unit_test(test_lengths_at_both_sides),
        cmocka_unit_test(test_labels_at_both_sides), cmocka_unit_test(test_each_outcome_has_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
