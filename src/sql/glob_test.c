/* Patterns against SQLite's own matcher: the same where glob_is_exact says so, and never less. */
#include "sql/glob.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t chance = 1;

static unsigned roll(unsigned most)
{
    chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(chance >> 33) % most;
}

static void text_make(char *text, size_t most, const char *const *pieces, unsigned count)
{
    text[0] = '\0';
    for (size_t i = roll((unsigned)most); i > 0; i--)
        strcat(text, pieces[roll(count)]);
}

static void compare(bool like, const char *const *pieces, unsigned count)
{
    static const char *const letters[] = {"a", "b", "A", "/", "\u00e4", "\u6e29"};
    size_t exact = 0, matched = 0;
    for (int i = 0; i < 300000; i++) {
        char pattern[64], path[64];
        text_make(pattern, 8, pieces, count);
        text_make(path, 8, letters, ARRAY_COUNT(letters));
        bool wanted =
            (like ? sqlite3_strlike(pattern, path, 0) : sqlite3_strglob(pattern, path)) == 0;
        bool found = glob_passes(bytes_text(pattern), like, bytes_text(path));
        if (glob_is_exact(bytes_text(pattern), like)) {
            exact++;
            matched += wanted;
            if (found != wanted)
                fail_msg("\"%s\" and \"%s\": %d, and not %d", pattern, path, found, wanted);
        } else if (wanted && !found) {
            fail_msg("\"%s\" and \"%s\" do not pass", pattern, path);
        }
        size_t prefix = glob_prefix(bytes_text(pattern), like);
        if (wanted)
            assert_memory_equal(pattern, path, prefix);
    }
    assert_true(exact > 50000 && matched > 1000);
}

static void test_glob_is_that_of_sqlite(void **state)
{
    static const char *const pieces[] = {"a",      "b", "A", "/",  "\u00e4",
                                         "\u6e29", "*", "?", "**", "[ab]"};
    (void)state;
    compare(false, pieces, ARRAY_COUNT(pieces));
}

static void test_like_is_that_of_sqlite(void **state)
{
    static const char *const pieces[] = {"a",      "b", "A", "/",  "\u00e4",
                                         "\u6e29", "%", "_", "%%", "*"};
    (void)state;
    compare(true, pieces, ARRAY_COUNT(pieces));
}

static void test_long_patterns_pass_by_their_prefix(void **state)
{
    char pattern[GLOB_BYTES_MAX + 2];
    (void)state;
    memset(pattern, '*', sizeof pattern);
    memcpy(pattern, "plant/", 6);
    assert_true(glob_is_exact(bytes_of(pattern, GLOB_BYTES_MAX), false));
    assert_false(glob_is_exact(bytes_of(pattern, GLOB_BYTES_MAX + 1), false));
    struct bytes text = bytes_of(pattern, GLOB_BYTES_MAX + 1);
    assert_true(glob_passes(text, false, bytes_text("plant/a")));
    assert_false(glob_passes(text, false, bytes_text("plan/a")));
    assert_int_equal(glob_prefix(text, false), 6);
    /* Of LIKE the letters end the prefix: other cases lie elsewhere in the tree. */
    assert_int_equal(glob_prefix(text, true), 0);
    assert_int_equal(glob_prefix(bytes_text("\u5de5\u5382/1a%"), true), 8);
}

/* Many stars take a moment, not for ever. */
static void test_stars_without_end(void **state)
{
    char pattern[GLOB_BYTES_MAX], path[2000];
    (void)state;
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    pattern[sizeof pattern - 1] = 'b';
    memset(path, 'a', sizeof path);
    for (int i = 0; i < 1000; i++)
        assert_false(
            glob_passes(bytes_of(pattern, sizeof pattern), false, bytes_of(path, sizeof path)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_glob_is_that_of_sqlite),
        cmocka_unit_test(test_like_is_that_of_sqlite),
        cmocka_unit_test(test_long_patterns_pass_by_their_prefix),
        cmocka_unit_test(test_stars_without_end),
    };
    return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
