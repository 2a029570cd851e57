#include "paths/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pattern parsed(const char *text)
{
    struct pattern pattern;
    const char *fault = pattern_parse(bytes_text(text), &pattern);
    if (fault != NULL)
        fail_msg("\"%s\": %s", text, fault);
    return pattern;
}

static bool matches(const char *text, const char *path)
{
    struct pattern pattern = parsed(text);
    return pattern_matches(&pattern, bytes_text(path));
}

static void test_what_matches(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *path;
        bool matches;
    } cases[] = {
        {"a", "a", true},
        {"a", "b", false},
        {"a", "A", false},
        {"a", "a/b", false},
        {"a/b", "a", false},
        {"a/b", "a/b", true},
        {"+", "a", true},
        {"*", "a", true},
        {"+", "a/b", false},
        {"plant/+/temp", "plant/press/temp", true},
        {"plant/*/temp", "plant/press/temp", true},
        {"plant/+/temp", "plant/press/oil/temp", false},
        {"#", "a", true},
        {"**", "a/b/c", true},
        {"plant/#", "plant", true},
        {"plant/**", "plant/a/b", true},
        {"plant/#", "plants", false},
        {"+/+/#", "a", false},
        {"+/+/#", "a/b", true},
        {"press-*", "press-", true},
        {"press-*", "press-12", true},
        {"press-*", "press", false},
        {"press-*", "xpress-1", false},
        {"*-1", "press-1", true},
        {"*-1", "press-11", false},
        {"*-1", "a-1-1", true},
        {"p*s*-1", "press-1", true},
        {"p*s*s*s-1", "press-1", false},
        {"a**b", "ab", true},
        {"a**b", "axb", true},
        {"?", "a", true},
        {"?", "ab", false},
        {"t?", "t1", true},
        {"t?", "t", false},
        {"??", "\xc3\xa9x", true},
        {"?", "\xc3\xa9", true},
        {"?", "\xe6\xb8\xa9", true},
        {"?", "\xf0\x9f\x94\xa5", true},
        {"??", "\xf0\x9f\x94\xa5", false},
        {"*??", "\xc3\xa9", false},
        {"*?", "\xc3\xa9", true},
        {"*\xa9*", "x", false},
        {"\xe6\xb8\xa9*", "\xe6\xb8\xa9\xe5\xba\xa6", true},
        {"a*", "a*", true},
        {"a?b", "a?b", true},
        {"*?*?*", "ab", true},
        {"*?*?*", "a", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct pattern pattern;
        if (pattern_parse(bytes_text(cases[i].pattern), &pattern) != NULL) {
            assert_false(cases[i].matches); /* a piece of a character */
            continue;
        }
        if (pattern_matches(&pattern, bytes_text(cases[i].path)) != cases[i].matches)
            fail_msg("\"%s\" and \"%s\"", cases[i].pattern, cases[i].path);
    }
}

static void test_what_a_pattern_says_of_itself(void **state)
{
    (void)state;
    struct pattern pattern = parsed("a/+/b*/#");
    assert_int_equal(pattern.depth, 3);
    assert_true(pattern.rest);
    assert_false(pattern.exact);
    assert_int_equal(pattern.size, 8);
    assert_memory_equal(pattern.text, "a/+/b*/#", 8);
    pattern = parsed("a/b");
    assert_true(pattern.exact);
    assert_false(pattern.rest);
    assert_int_equal(pattern.depth, 2);
    pattern = parsed("#");
    assert_int_equal(pattern.depth, 0);
    assert_true(pattern.rest);
    assert_false(pattern.exact);
    assert_false(parsed("a/#").exact);
    assert_false(parsed("a?").exact);
}

static void assert_wrong(const char *text, const char *word)
{
    struct pattern pattern, before;
    memset(&pattern, 7, sizeof pattern);
    memcpy(&before, &pattern, sizeof before);
    const char *fault = pattern_parse(bytes_text(text), &pattern);
    if (fault == NULL || strstr(fault, word) == NULL)
        fail_msg("\"%s\": %s", text, fault);
    assert_memory_equal(&before, &pattern, sizeof before);
}

static void test_what_is_no_pattern(void **state)
{
    (void)state;
    assert_wrong("", "not empty");
    assert_wrong("/", "empty segments");
    assert_wrong("/a", "empty segments");
    assert_wrong("a/", "empty segments");
    assert_wrong("a//b", "empty segments");
    assert_wrong("#/a", "at the end");
    assert_wrong("a/#/b", "at the end");
    assert_wrong("**/a", "at the end");
    assert_wrong("a/#b", "at the end");
    assert_wrong("a/b#", "at the end");
    assert_wrong("a/b+", "alone");
    assert_wrong("++", "alone");
    assert_wrong("$SYS/#", "'$'");
    assert_wrong("a\nb/#", "control");
    assert_wrong("a\x7f", "control");
    assert_wrong("a\xc2\x80", "control");
    assert_wrong("a\xff", "UTF-8");
    assert_wrong("\xc3", "UTF-8");
    assert_int_equal(parsed("\xc2\xa0").depth, 1); /* the first behind the control characters */
}

static void test_limits_at_both_sides(void **state)
{
    (void)state;
    parsed("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16");
    assert_int_equal(parsed("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/+/#").depth, PATH_DEPTH_MAX);
    assert_wrong("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/+", "16 segments");
    char text[PATTERN_BYTES_MAX + 2];
    memset(text, 'x', sizeof text);
    text[PATH_SEGMENT_MAX] = '\0';
    assert_true(matches(text, text));
    text[PATH_SEGMENT_MAX] = 'x';
    text[PATH_SEGMENT_MAX + 1] = '\0';
    assert_wrong(text, "128 bytes");
    text[PATH_SEGMENT_MAX] = '?';
    assert_wrong(text, "128 bytes");
    text[PATH_SEGMENT_MAX] = '*';
    parsed(text);
    memset(text, '*', sizeof text); /* stars need no bytes of a name */
    text[PATTERN_BYTES_MAX] = '\0';
    assert_true(matches(text, "a"));
    text[PATTERN_BYTES_MAX] = '*';
    text[PATTERN_BYTES_MAX + 1] = '\0';
    assert_wrong(text, "1024 bytes");
}

/* Many stars over a long name that almost matches: no more work than name times pattern. */
static void test_stars_do_not_explode(void **state)
{
    (void)state;
    char text[PATTERN_BYTES_MAX + 1] = "", name[PATH_SEGMENT_MAX + 1];
    for (size_t i = 0; i < 63; i++)
        strcat(text, "*a");
    strcat(text, "*b");
    memset(name, 'a', sizeof name);
    name[PATH_SEGMENT_MAX] = '\0';
    struct pattern pattern = parsed(text);
    for (int i = 0; i < 1000; i++)
        assert_false(pattern_matches(&pattern, bytes_text(name)));
    name[PATH_SEGMENT_MAX - 1] = 'b';
    assert_true(pattern_matches(&pattern, bytes_text(name)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_matches),
        cmocka_unit_test(test_what_a_pattern_says_of_itself),
        cmocka_unit_test(test_what_is_no_pattern),
        cmocka_unit_test(test_limits_at_both_sides),
        cmocka_unit_test(test_stars_do_not_explode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
