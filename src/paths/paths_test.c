/* What is a path, and what does it match. */
#include "paths/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *repeated(char *text, const char *part, int count)
{
    text[0] = '\0';
    for (int i = 0; i < count; i++)
        strcat(text, part);
    return text;
}

static void test_paths(void **arg)
{
    (void)arg;
    char text[4096];
    static const char *const good[] = {
        "a", "site/area/line/device/metric", "a/$b", "泵/温度", "a b/%2B", "-", "\xc3\x80"};
    static const char *const bad[] = {"",     "/",     "/a",    "a/",        "a//b",
                                      "$a",   "a/+/b", "a#",    "a\x01",     "a\x7f",
                                      "a/\n", "\xff",  "a\xc2", "a\xc2\x85", "a/\xed\xa0\x80"};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        assert_null(path_fault(bytes_text(good[i])));
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_non_null(path_fault(bytes_text(bad[i])));
    assert_non_null(path_fault(bytes_of("a\0b", 3)));
    assert_null(path_fault(bytes_text(repeated(text, "x", 128))));
    assert_non_null(path_fault(bytes_text(repeated(text, "x", 129))));
    repeated(text, "x/", 16);
    text[31] = '\0';
    assert_null(path_fault(bytes_text(text)));
    assert_non_null(path_fault(bytes_text(repeated(text, "x/", 16))));
    repeated(text, "x/", 17);
    text[33] = '\0';
    assert_non_null(path_fault(bytes_text(text)));
}

static void test_matches(void **arg)
{
    (void)arg;
    static const struct {
        const char *path, *filter;
        bool matches;
    } cases[] = {
        {"a", "a", true},           {"a", "b", false},          {"a", "#", true},
        {"a/b/c", "#", true},       {"a", "+", true},           {"a/b", "+", false},
        {"a/b", "+/+", true},       {"a/b", "a/#", true},       {"a", "a/#", true},
        {"ab", "a/#", false},       {"a/b/c", "a/+/c", true},   {"a/b/c", "a/+", false},
        {"a/b", "a/+/#", true},     {"a/b/c/d", "a/+/#", true}, {"a", "a/+", false},
        {"a", "a/+/#", false},      {"a/b", "a/b/c", false},    {"a/b/c", "a/b", false},
        {"a/b/c", "a/b/c/#", true}, {"a/b/c", "a/x/#", false},  {"a/bc", "a/b", false},
        {"a/b", "a/bc", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(path_matches(bytes_text(cases[i].path), bytes_text(cases[i].filter)),
                         cases[i].matches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
