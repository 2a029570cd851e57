/* The reader of the command line, with a verb made for the test. */
#include "cli/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct option options[] = {
    {"flag", NULL, "a flag"}, {"count", "N", "a number"}, {"label", "A=B", "may be repeated"}};
static const struct verb verb = {.name = "made",
                                 .arguments = "[A] [B]",
                                 .summary = "",
                                 .example = "",
                                 .options = options,
                                 .option_count = ARRAY_COUNT(options),
                                 .arguments_max = 2};
static const struct verb loose = {.name = "loose",
                                  .arguments = "",
                                  .summary = "",
                                  .example = "",
                                  .options = options,
                                  .option_count = ARRAY_COUNT(options),
                                  .loose = true};

static bool read_words(const struct verb *of, struct words *words, bool *help, int count,
                       const char *const *given)
{
    char *copies[WORDS_GIVEN_MAX * 2];
    for (int i = 0; i < count; i++)
        copies[i] = (char *)(uintptr_t)given[i];
    return words_read(of, count, copies, words, help);
}
#define READ(of, words, help, ...)                                                                 \
    read_words(of, words, help, (int)ARRAY_COUNT(((const char *[]){__VA_ARGS__})),                 \
               (const char *[]){__VA_ARGS__})

static void options_and_arguments_are_told_apart(void **state)
{
    (void)state;
    struct words words;
    bool help;
    assert_true(READ(&verb, &words, &help, "first", "--count", "7", "--flag", "second"));
    assert_false(help);
    assert_int_equal(words.argument_count, 2);
    assert_string_equal(words.arguments[1], "second");
    assert_string_equal(words_value(&words, "count", 0), "7");
    assert_true(words_flag(&words, "flag"));
    assert_null(words_value(&words, "label", 0));
}

static void an_option_may_be_repeated_and_joined(void **state)
{
    (void)state;
    struct words words;
    bool help;
    assert_true(READ(&verb, &words, &help, "--label=a=b", "--label", "c=d"));
    assert_string_equal(words_value(&words, "label", 0), "a=b");
    assert_string_equal(words_value(&words, "label", 1), "c=d");
    assert_null(words_value(&words, "label", 2));
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    struct words words;
    bool help;
    assert_true(READ(&verb, &words, &help, "--", "--flag"));
    assert_false(words_flag(&words, "flag"));
    assert_string_equal(words.arguments[0], "--flag");
}

static void a_negative_number_is_an_argument(void **state)
{
    (void)state;
    struct words words;
    bool help;
    assert_true(READ(&verb, &words, &help, "-5", "-.5e3"));
    assert_int_equal(words.argument_count, 2);
    assert_string_equal(words.arguments[0], "-5");
    assert_string_equal(words.arguments[1], "-.5e3");
    assert_true(READ(&verb, &words, &help, "-", "--flag"));
    assert_string_equal(words.arguments[0], "-");
    assert_false(READ(&verb, &words, &help, "-e5"));
}

static void what_is_wrong_is_refused(void **state)
{
    (void)state;
    struct words words;
    bool help;
    assert_false(READ(&verb, &words, &help, "--unknown"));
    assert_false(READ(&verb, &words, &help, "--fla"));
    assert_false(READ(&verb, &words, &help, "--flag=yes"));
    assert_false(READ(&verb, &words, &help, "--count"));
    assert_false(READ(&verb, &words, &help, "-x"));
    assert_false(READ(&verb, &words, &help, "a", "b", "c"));
}

static void help_wins(void **state)
{
    (void)state;
    struct words words;
    bool help;
    assert_true(READ(&verb, &words, &help, "a", "b", "c", "--help", "--unknown"));
    assert_true(help);
    assert_true(READ(&verb, &words, &help, "-h"));
    assert_true(help);
}

static void too_many_words_are_refused(void **state)
{
    (void)state;
    struct words words;
    bool help;
    const char *many[WORDS_GIVEN_MAX + 1];
    for (size_t i = 0; i < ARRAY_COUNT(many); i++)
        many[i] = "--flag";
    assert_true(read_words(&verb, &words, &help, WORDS_GIVEN_MAX - 2, many));
    assert_false(read_words(&verb, &words, &help, WORDS_GIVEN_MAX + 1, many));
}

static void a_loose_verb_keeps_what_it_judges_itself(void **state)
{
    (void)state;
    struct words words;
    bool help;
    assert_true(READ(&loose, &words, &help, "--mqtt", "host:1", "--flag", "--log-level=warn"));
    assert_int_equal(words.loose_count, 3);
    assert_string_equal(words.loose[0], "--mqtt");
    assert_string_equal(words.loose[1], "host:1");
    assert_string_equal(words.loose[2], "--log-level=warn");
    assert_true(words_flag(&words, "flag"));
}

static void counts_keep_their_limits(void **state)
{
    (void)state;
    struct words words;
    bool help;
    uint64_t count = 0;
    assert_true(READ(&verb, &words, &help, "--count", "5"));
    assert_true(words_count(&words, "count", 1, 5, 9, &count));
    assert_int_equal(count, 5);
    assert_true(words_count(&words, "count", 1, 1, 5, &count));
    assert_false(words_count(&words, "count", 1, 6, 9, &count));
    assert_false(words_count(&words, "count", 1, 1, 4, &count));
    static const char *const wrong[] = {"", "x", "5x", "-5", "+5", " 5", "99999999999999999999"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        assert_true(READ(&verb, &words, &help, "--count", wrong[i]));
        assert_false(words_count(&words, "count", 1, 0, UINT64_MAX, &count));
    }
    assert_true(READ(&verb, &words, &help, "--flag"));
    assert_true(words_count(&words, "count", 42, 1, 99, &count));
    assert_int_equal(count, 42);
}

static void the_folder_comes_from_option_then_variable(void **state)
{
    (void)state;
    static const struct option with_folder[] = {FOLDER_OPTION};
    struct verb made = verb;
    made.options = with_folder;
    made.option_count = 1;
    struct words words;
    bool help;
    unsetenv("MAINSTEM_DATA");
    assert_true(READ(&made, &words, &help, "a"));
    assert_string_equal(words_folder(&words), "./mainstem-data");
    setenv("MAINSTEM_DATA", "/from/variable", 1);
    assert_string_equal(words_folder(&words), "/from/variable");
    assert_true(READ(&made, &words, &help, "--data", "/from/option"));
    assert_string_equal(words_folder(&words), "/from/option");
    unsetenv("MAINSTEM_DATA");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_arguments_are_told_apart),
        cmocka_unit_test(an_option_may_be_repeated_and_joined),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(a_negative_number_is_an_argument),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(help_wins),
        cmocka_unit_test(too_many_words_are_refused),
        cmocka_unit_test(a_loose_verb_keeps_what_it_judges_itself),
        cmocka_unit_test(counts_keep_their_limits),
        cmocka_unit_test(the_folder_comes_from_option_then_variable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
