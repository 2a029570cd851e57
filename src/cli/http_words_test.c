/* Which server the verbs of HTTP ask, and in which form they answer. */
#include "cli/http_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct option options[] = {HTTP_OPTION, FORMAT_OPTIONS};
static const struct verb verb = {.name = "made",
                                 .arguments = "",
                                 .summary = "",
                                 .example = "",
                                 .options = options,
                                 .option_count = ARRAY_COUNT(options)};

static struct words words_with(const char *first, const char *second)
{
    struct words words;
    bool help;
    char *given[] = {(char *)(uintptr_t)first, (char *)(uintptr_t)second};
    assert_true(words_read(&verb,
                           first == NULL    ? 0
                           : second == NULL ? 1
                                            : 2,
                           given, &words, &help));
    return words;
}

static void addresses_are_made_whole(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"127.0.0.1:9", "127.0.0.1:9"},
        {"host", "host:8080"},
        {"http://host", "host:8080"},
        {"http://host:81/", "host:81"},
        {"host:81/", "host:81"},
        {":81", ":81"},
        {"[::1]", "[::1]:8080"},
        {"[::1]:81", "[::1]:81"},
        {"https://host", "https://host:8443"},
        {"https://[::1]:81/", "https://[::1]:81"},
    };
    char address[HTTP_ADDRESS_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct words words = words_with("--http", cases[i][0]);
        assert_true(http_words_address(&words, address));
        assert_string_equal(address, cases[i][1]);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"ftp://host",   "host:81/v1", "host:x", "host:70000",
                                        "user@host:81", "ho st:81",   "/",      "host:81?a"};
    char address[HTTP_ADDRESS_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct words words = words_with("--http", wrong[i]);
        assert_false(http_words_address(&words, address));
    }
    char longest[400];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    struct words words = words_with("--http", longest);
    assert_false(http_words_address(&words, address));
}

static void the_address_comes_from_option_then_variable(void **state)
{
    (void)state;
    char address[HTTP_ADDRESS_SIZE];
    struct words none = words_with(NULL, NULL), given = words_with("--http", "given:1");
    assert_int_equal(setenv("MAINSTEM_HTTP", "variable:2", 1), 0);
    assert_true(http_words_address(&given, address));
    assert_string_equal(address, "given:1");
    assert_true(http_words_address(&none, address));
    assert_string_equal(address, "variable:2");
    assert_int_equal(setenv("MAINSTEM_HTTP", "", 1), 0);
    assert_true(http_words_address(&none, address));
    assert_string_equal(address, "127.0.0.1:8080");
    assert_int_equal(unsetenv("MAINSTEM_HTTP"), 0);
}

static void a_folder_is_its_owners_socket(void **state)
{
    (void)state;
    char address[HTTP_ADDRESS_SIZE], longest[97 + sizeof "unix:"];
    struct words words = words_with("--server", "unix:/made/data/");
    assert_true(http_words_address(&words, address));
    assert_string_equal(address, "unix:/made/data/owner.sock");
    words = words_with("--http", "unix:/made/data");
    assert_true(http_words_address(&words, address));
    assert_string_equal(address, "unix:/made/data/owner.sock");
    words = words_with("--server", "unix:");
    assert_false(http_words_address(&words, address));
    words = words_with("--server", "here:7");
    assert_int_equal(setenv("MAINSTEM_SERVER", "unix:/other", 1), 0);
    assert_true(http_words_address(&words, address));
    assert_string_equal(address, "here:7");
    words = words_with(NULL, NULL);
    assert_true(http_words_address(&words, address));
    assert_string_equal(address, "unix:/other/owner.sock");
    assert_int_equal(unsetenv("MAINSTEM_SERVER"), 0);
    /* The longest that fits a socket's address (107 bytes), and one that must be opened. */
    memset(longest, 'a', sizeof longest - 1);
    memcpy(longest, "unix:", 5);
    longest[sizeof longest - 1] = 0;
    words = words_with("--server", longest);
    assert_false(http_words_address(&words, address)); /* 97 and /owner.sock: there is none */
    longest[sizeof longest - 2] = 0;
    assert_true(http_words_address(&words, address));
    assert_int_equal(strlen(address), 5 + 107);
    static char beyond[200];
    memset(beyond, '/', sizeof beyond - 1);
    memcpy(beyond, "unix:/tmp", 9);
    beyond[sizeof beyond - 2] = '.';
    words = words_with("--server", beyond);
    assert_true(http_words_address(&words, address));
    assert_memory_equal(address, "unix:/proc/self/fd/", 19);
    memset(beyond + 6, 'n', sizeof beyond - 8);
    assert_false(http_words_address(&words, address)); /* there is none */
}

static void a_token_comes_from_file_then_variable(void **state)
{
    (void)state;
    char path[] = "/tmp/mainstem-token-XXXXXX", address[HTTP_ADDRESS_SIZE];
    static char most[HTTP_CLIENT_TOKEN_MAX + 1];
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "mst_a_file\nmore\n", 16), 16);
    close(fd);
    struct words none = words_with(NULL, NULL), given = words_with("--token-file", path);
    assert_true(http_words_address(&none, address));
    assert_string_equal(http_words_trust(&none).token, "");
    assert_int_equal(setenv("MAINSTEM_TOKEN", "mst_a_variable", 1), 0);
    assert_true(http_words_address(&none, address));
    assert_string_equal(http_words_trust(&none).token, "mst_a_variable");
    assert_true(http_words_address(&given, address));
    assert_string_equal(http_words_trust(&given).token, "mst_a_file");
    assert_int_equal(unlink(path), 0);
    assert_false(http_words_address(&given, address)); /* the file is gone */
    memset(most, 'a', HTTP_CLIENT_TOKEN_MAX - 1);
    assert_int_equal(setenv("MAINSTEM_TOKEN", most, 1), 0);
    assert_true(http_words_address(&none, address));
    most[HTTP_CLIENT_TOKEN_MAX - 1] = 'a';
    assert_int_equal(setenv("MAINSTEM_TOKEN", most, 1), 0);
    assert_false(http_words_address(&none, address)); /* one byte too long */
    assert_int_equal(setenv("MAINSTEM_TOKEN", "two words", 1), 0);
    assert_false(http_words_address(&none, address));
    assert_int_equal(setenv("MAINSTEM_TOKEN", "line\r\nX: y", 1), 0);
    assert_false(http_words_address(&none, address)); /* no header of its own */
    assert_int_equal(unsetenv("MAINSTEM_TOKEN"), 0);
}

static void a_token_is_no_word(void **state)
{
    (void)state;
    struct words words;
    bool help;
    char *apart[] = {(char *)(uintptr_t) "--token", (char *)(uintptr_t) "mst_a_x"};
    char *joined[] = {(char *)(uintptr_t) "--token=mst_a_x"};
    assert_false(words_read(&verb, 2, apart, &words, &help));
    assert_false(words_read(&verb, 1, joined, &words, &help));
}

static void one_form_of_output_is_enough(void **state)
{
    (void)state;
    enum output_format format;
    struct words words = words_with(NULL, NULL);
    assert_true(http_words_format(&words, &format));
    assert_int_equal(format, OUTPUT_TABLE);
    words = words_with("--json", NULL);
    assert_true(http_words_format(&words, &format));
    assert_int_equal(format, OUTPUT_JSON);
    words = words_with("--csv", NULL);
    assert_true(http_words_format(&words, &format));
    assert_int_equal(format, OUTPUT_CSV);
    words = words_with("--csv", "--json");
    assert_false(http_words_format(&words, &format));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_made_whole),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(the_address_comes_from_option_then_variable),
        cmocka_unit_test(a_folder_is_its_owners_socket),
        cmocka_unit_test(a_token_comes_from_file_then_variable),
        cmocka_unit_test(a_token_is_no_word),
        cmocka_unit_test(one_form_of_output_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
