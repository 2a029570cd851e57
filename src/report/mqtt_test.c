/* The glob of client ids: what it matches, and that no glob makes it slow. */
#include "report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool matches(const char *text, const char *glob)
{
    return report_glob_matches(bytes_text(text), bytes_text(glob));
}

static void test_what_matches(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"", "*"},
                                           {"", "**"},
                                           {"a", "a"},
                                           {"a", "?"},
                                           {"a", "*"},
                                           {"a", "*a*"},
                                           {"press-1", "press-?"},
                                           {"press-1", "p*"},
                                           {"press-1", "*1"},
                                           {"abcabcabd", "*abd"},
                                           {"abcabcabd", "a*b*d"},
                                           {"a*b", "a*b"},
                                           {"\u00fc-1", "?-1"},
                                           {"\u6e29\u5ea6", "??"},
                                           {"xx\u00e9y", "x*?y"},
                                           {"a.b", "a.b"},
                                           {"[a]", "[a]"}};
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++)
        if (!matches(pairs[i][0], pairs[i][1]))
            fail_msg("\"%s\" should match \"%s\"", pairs[i][1], pairs[i][0]);
}

static void test_what_does_not(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", "?"},
                                           {"a", ""},
                                           {"a", "b"},
                                           {"a", "A"},
                                           {"a", "??"},
                                           {"press-12", "press-?"},
                                           {"xpress-1", "press-*"},
                                           {"abcabcabd", "*abc"},
                                           {"abc", "a*b"},
                                           {"\u00fc", "??"},
                                           {"a", "a?"},
                                           {"a", "*a?*"}};
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++)
        if (matches(pairs[i][0], pairs[i][1]))
            fail_msg("\"%s\" should not match \"%s\"", pairs[i][1], pairs[i][0]);
}

/* By trying all ways of splitting, from the end: what a glob means, without any cleverness. */
static bool matches_slowly(const char *text, const char *glob)
{
    if (*glob == 0)
        return *text == 0;
    if (*glob == '*')
        return matches_slowly(text, glob + 1) || (*text != 0 && matches_slowly(text + 1, glob));
    return *text != 0 && (*glob == '?' || *glob == *text) && matches_slowly(text + 1, glob + 1);
}

static void spell(unsigned number, const char *letters, unsigned base, char *text)
{
    for (; number > 0; number /= base)
        *text++ = letters[number % base];
    *text = 0;
}

static void test_all_short_ones(void **state)
{
    (void)state;
    char text[16], glob[16];
    for (unsigned i = 0; i < 243; i++) {
        for (unsigned j = 0; j < 1024; j++) {
            spell(i, "abb", 3, text);
            spell(j, "ab*?", 4, glob);
            if (matches(text, glob) != matches_slowly(text, glob))
                fail_msg("\"%s\" and \"%s\"", glob, text);
        }
    }
}

/* Backtracking over every star would take longer than anybody waits. */
static void test_many_stars(void **state)
{
    (void)state;
    char text[20001], glob[REPORT_GLOB_MAX + 1];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    for (size_t i = 0; i + 2 < sizeof glob; i += 2)
        memcpy(glob + i, "a*", 2);
    memcpy(glob + sizeof glob - 3, "*b", 3);
    assert_false(matches(text, glob));
    glob[sizeof glob - 2] = 'a';
    assert_true(matches(text, glob));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_matches), cmocka_unit_test(test_what_does_not),
        cmocka_unit_test(test_all_short_ones), cmocka_unit_test(test_many_stars)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
