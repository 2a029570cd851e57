/* Which passwords may be chosen. */
#include "secrets/room.h"
#include "secrets/test_hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static void fault_is(const char *password, const char *name, const char *word)
{
    const char *fault = secret_password_fault(bytes_text(password), bytes_text(name));
    if (word == NULL ? fault != NULL : fault == NULL || strstr(fault, word) == NULL)
        fail_msg("%s of %s: %s", password, name, fault == NULL ? "fine" : fault);
}

static void test_good_ones(void **arg)
{
    (void)arg;
    static const char *const good[] = {
        "tin roof, nine herons",
        "correct-horse?7",
        "fJ8!kd02lq",
        "          a1b9X",                                              /* spaces are characters */
        "\xe6\xb0\xb4\xe6\xb3\xb5\xe6\xb8\xa9\xe5\xba\xa6\xe8\xae\xa1", /* five Chinese characters
                                                                         */
        "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xf0\x9f\x9a\x92 truck",
        "password for the pump house",
        "summer of the nine herons 2026",
        "0192837465", /* a pattern, but no row and not common */
    };
    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        fault_is(good[i], "ann", NULL);
}

static void test_lengths(void **arg)
{
    (void)arg;
    char text[SECRET_PASSWORD_MAX + 2];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "kT7#pZ2!w"[i % 9];
    text[SECRET_PASSWORD_MAX + 1] = 0;
    fault_is(text, "", "too long");
    text[SECRET_PASSWORD_MAX] = 0;
    fault_is(text, "", NULL);
    text[SECRET_PASSWORD_MIN] = 0;
    fault_is(text, "", NULL);
    text[SECRET_PASSWORD_MIN - 1] = 0;
    fault_is(text, "", "too short");
    fault_is("", "", "too short");
    assert_non_null(secret_password_fault(bytes_of(NULL, 0), bytes_of(NULL, 0)));
}

static void test_text(void **arg)
{
    (void)arg;
    fault_is("tin roof\xff nine", "", "UTF-8");
    fault_is("tin roofs\xc3", "", "UTF-8");
    fault_is("tin roof\xed\xa0\x80", "", "UTF-8");
    fault_is("tin roof\t nine", "", "UTF-8");
    fault_is("tin roof\x7f nine", "", "UTF-8");
    fault_is("tin roof\x1f nine", "", "UTF-8");
    fault_is("tin roof~ nine", "", NULL);
    assert_non_null(secret_password_fault(bytes_of("tin roof\0nine", 13), bytes_of(NULL, 0)));
}

static void test_common_ones(void **arg)
{
    (void)arg;
    static const char *const common[] = {
        "1q2w3e4r5t",         "1Q2W3E4R5T",     "qwertyuiop",
        "Password123",        "PASSWORD!!!!",   "p@ssw0rd2026",
        "P4$$w0rd.2026",      "!!Summer2026!!", "passwordpassword",
        "Password1Password1", "@dm1n1strat0r",  "@dmin2026!!",
        "letmein!!!!!!",      "iloveyou123",    "administrator",
        "mainstem2026",       "welcome12345",   "5201314520131452013145201314",
        "qwertyqwerty",       "asdfghjkl;",     "1qaz2wsx3edc",
        "3141592653",
    };
    for (size_t i = 0; i < ARRAY_COUNT(common); i++)
        fault_is(common[i], "", "guessed first");
}

/* In order, no entry twice, in small letters, so that the search finds each; each is refused when
 * it is long enough, and when it is dressed up. */
static void test_table(void **arg)
{
    (void)arg;
    size_t count = 0;
    for (const char *entry; (entry = password_common_at(count)) != NULL; count++) {
        char dressed[128];
        assert_true(count == 0 || strcmp(password_common_at(count - 1), entry) < 0);
        assert_true(password_is_common(bytes_text(entry)));
        for (const char *at = entry; *at != 0; at++)
            assert_true(*at > 0x20 && *at < 0x7f && (*at < 'A' || *at > 'Z'));
        snprintf(dressed, sizeof dressed, "%s", entry);
        if (strlen(entry) >= SECRET_PASSWORD_MIN)
            assert_non_null(secret_password_fault(bytes_text(dressed), bytes_of(NULL, 0)));
        if (entry[strspn(entry, "abcdefghijklmnopqrstuvwxyz")] != 0)
            continue;
        snprintf(dressed, sizeof dressed, "%s!1234567", entry);
        dressed[0] = (char)(dressed[0] - 'a' + 'A');
        fault_is(dressed, "", "guessed first");
    }
    assert_true(count >= 200);
    assert_false(password_is_common(bytes_text("")));
    assert_false(password_is_common(bytes_text("zzzzzzzzz")));
    assert_false(password_is_common(bytes_text("passwor")));
}

static void test_names(void **arg)
{
    (void)arg;
    fault_is("annabelle.lee", "annabelle.lee", "user's name");
    fault_is("AnnaBelle.Lee", "aNNabelle.lEE", "user's name");
    fault_is("annabelle.lee2026", "annabelle.lee", "user's name");
    fault_is("annabelle.lee#2026", "annabelle.lee", "user's name"); /* 5 bytes more */
    fault_is("annabelle.lee#2026x", "annabelle.lee", NULL);         /* 6 bytes more */
    fault_is("annabelle.le#2026", "annabelle.lee", NULL);
    fault_is("x7annabelleannabelle", "annabelle", "user's name");
    fault_is("ab9ab8ab7ab6", "ab", NULL); /* two bytes are no name to look for */
    fault_is("bob.x.bob.y", "bob", "user's name");
    fault_is("tin roof, nine herons", "tin roof, nine herons and more", NULL);
    fault_is("\xe5\xbc\xa0\xe4\xbc\x9f\xe5\xbc\xa0\xe4\xbc\x9f", "\xe5\xbc\xa0\xe4\xbc\x9f",
             "user's name");
}

static void test_repeated_ones(void **arg)
{
    (void)arg;
    static const char *const repeated[] = {
        "zzzzzzzzzz",   "xyxyxyxyxyx",    "k7mk7mk7mk7m",
        "k7mpk7mpk7mp", "k7mpqk7mpqk7",   "k7mpq!k7mpq!k",
        "9876543210",   "01234567890123", "bcdefghijk",
        "zyxwvutsrq",   "aabbccddeeff",   "ABCDEFGHIJ",
        "fghijk456789", "          ",     "\xe6\xb0\xb4\xe6\xb0\xb4\xe6\xb0\xb4\xe6\xb0\xb4",
    };
    for (size_t i = 0; i < ARRAY_COUNT(repeated); i++)
        if (secret_password_fault(bytes_text(repeated[i]), bytes_of(NULL, 0)) == NULL)
            fail_msg("%s is fine", repeated[i]);
    fault_is("zzzzzzzzzz", "", "repeats");
    fault_is("k7mpq!k7mpq!k", "", "repeats");
    fault_is("k7mpq!zk7mpq!zk", "", NULL); /* seven characters are no short piece */
    fault_is("fghijk456789", "", "counts");
    fault_is("fghij45678pq", "", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_ones),     cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_text),          cmocka_unit_test(test_common_ones),
        cmocka_unit_test(test_table),         cmocka_unit_test(test_names),
        cmocka_unit_test(test_repeated_ones),
    };
    check(secrets_start() == OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
