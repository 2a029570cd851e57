/* Passwords at rest: hashes that others made, and everything that is none. Most run with parameters
 * that cost nothing: what is tested is what is done with them. */
#include "secrets/room.h"
#include "secrets/test_hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SALT "MDEyMzQ1Njc4OWFiY2RlZg"
#define DIGEST "XQahAbXdl9A/1pxDGv0gOJ0hMS+e9k/KEyQFAkaTlB8"
#define CHEAP "$argon2id$v=19$m=256,t=3,p=1$" SALT "$" DIGEST /* of an empty password */

static enum err verify(const char *hash, const char *password)
{
    return secret_password_verify(bytes_text(hash), bytes_text(password));
}

/* The first is of the manual of PHP, sodium_crypto_pwhash_str; the others were made by the
 * reference implementation, libargon2. */
static void test_hashes_of_others(void **arg)
{
    (void)arg;
    static const char php[] = "$argon2id$v=19$m=65536,t=2,p=1$oWIfdaXwWwhVmovOBc2NAQ$"
                              "EbsZ+JnZyyavkafS0hoc4HdaOB0ILWZESAZ7kVGa+Iw";
    static const char little[] = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
                                 "BbbKj4A4toOIetSRZTOFi0nLUgQBJsE09Mbp2HEbjAk";
    static const char longest[] = "$argon2id$v=19$m=256,t=3,p=1$" SALT "$"
                                  "vj/+2ls4z1bgfWPx2ZSsjcHZFU9EKpnjs3kSX0wDJso";
    char password[SECRET_PASSWORD_MAX + 2];
    memset(password, 'p', sizeof password);
    password[SECRET_PASSWORD_MAX + 1] = 0;
    assert_int_equal(verify(php, "password"), OK);
    assert_int_equal(verify(little, "password"), OK);
    assert_int_equal(verify(CHEAP, ""), OK);
    assert_int_equal(secret_password_verify(bytes_text(CHEAP), bytes_of(NULL, 0)), OK);
    assert_int_equal(verify(longest, password), ERR_REFUSED); /* one byte too long */
    password[SECRET_PASSWORD_MAX] = 0;
    assert_int_equal(verify(longest, password), OK);
    assert_int_equal(verify(little, "Password"), ERR_REFUSED);
    assert_int_equal(verify(little, "password "), ERR_REFUSED);
    assert_int_equal(verify(little, ""), ERR_REFUSED);
    assert_int_equal(secret_password_verify(bytes_text(little), bytes_of("password\0", 9)),
                     ERR_REFUSED);
}

static void test_hash_of_ours(void **arg)
{
    (void)arg;
    char one[SECRET_HASH_SIZE], two[SECRET_HASH_SIZE], password[SECRET_PASSWORD_MAX + 1];
    struct bytes right = bytes_text("tin roof, nine herons");
    assert_int_equal(secret_password_hash(right, one), OK);
    assert_true(strncmp(one, "$argon2id$v=19$m=65536,t=2,p=1$", 31) == 0);
    assert_true(strlen(one) < SECRET_HASH_SIZE);
    assert_int_equal(secret_password_verify(bytes_text(one), right), OK);
    assert_int_equal(verify(one, "tin roof, nine heron"), ERR_REFUSED);
    assert_int_equal(password_hash_make(right, 1, 8192, one), OK); /* a salt of its own each time */
    assert_int_equal(password_hash_make(right, 1, 8192, two), OK);
    assert_string_not_equal(one, two);
    assert_int_equal(secret_password_verify(bytes_text(two), right), OK);
    memset(password, 'x', sizeof password);
    memcpy(two, one, sizeof two);
    assert_int_equal(secret_password_hash(bytes_of(password, sizeof password), two), ERR_LIMIT);
    assert_string_equal(one, two); /* untouched */
    assert_int_equal(password_hash_make(bytes_of(password, sizeof password - 1), 1, 8192, two), OK);
    assert_int_equal(
        secret_password_verify(bytes_text(two), bytes_of(password, sizeof password - 1)), OK);
}

/* ---- the text ---------------------------------------------------------------------------------
 */
static void text_is(const char *text, bool good)
{
    struct password_hash hash;
    if (password_hash_read(bytes_text(text), &hash) != good)
        fail_msg("%s: %s", good ? "not read" : "read", text);
}

static void test_limits_of_texts(void **arg)
{
    (void)arg;
    const char *rest = ",p=1$" SALT "$" DIGEST;
    char text[256];
    static const struct {
        uint64_t memory, passes;
        bool good;
    } cases[] = {
        {8, 1, true},           {7, 1, false},          {1048576, 1, true},     {1048577, 1, false},
        {8, 16, true},          {8, 17, false},         {8, 0, false},          {0, 1, false},
        {8, 4294967296, false}, {4294967296, 1, false}, {9999999999, 1, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        snprintf(text, sizeof text, "$argon2id$v=19$m=%llu,t=%llu%s",
                 (unsigned long long)cases[i].memory, (unsigned long long)cases[i].passes, rest);
        text_is(text, cases[i].good);
    }
}

static void test_texts_that_are_none(void **arg)
{
    (void)arg;
    static const char *const wrong[] = {
        "",
        "$",
        "$argon2i$v=19$m=256,t=3,p=1$" SALT "$" DIGEST,
        "$argon2id$m=256,t=3,p=1$" SALT "$" DIGEST,
        "$argon2id$v=16$m=256,t=3,p=1$" SALT "$" DIGEST,
        "$argon2id$v=19$m=256,t=3,p=2$" SALT "$" DIGEST,
        "$argon2id$v=19$m=0256,t=3,p=1$" SALT "$" DIGEST,
        "$argon2id$v=19$m=+256,t=3,p=1$" SALT "$" DIGEST,
        "$argon2id$v=19$m=,t=3,p=1$" SALT "$" DIGEST,
        "$argon2id$v=19$m=00000000256,t=3,p=1$" SALT "$" DIGEST,
        "$argon2id$v=19$t=3,m=256,p=1$" SALT "$" DIGEST,
        "$argon2id$v=19$m=256,t=3,p=1$" SALT "$" DIGEST " ",
        "$argon2id$v=19$m=256,t=3,p=1$" SALT "A$" DIGEST,
        "$argon2id$v=19$m=256,t=3,p=1$MDEyMzQ1Njc$" DIGEST,
        "$argon2id$v=19$m=256,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZh$" DIGEST, /* bits left over */
        "$argon2id$v=19$m=256,t=3,p=1$MDEyMzQ1Njc4OWFiY2Rl*g$" DIGEST,
        "$argon2id$v=19$m=256,t=3,p=1$" SALT "$XQahAbXdl9A/1pxDGv0gOJ0hMS+e9k/KEyQFAkaTlB",
        "$argon2id$v=19$m=256,t=3,p=1$" SALT "$XQahAbXdl9A_1pxDGv0gOJ0hMS-e9k_KEyQFAkaTlB8",
        "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        "plain text",
    };
    text_is(CHEAP, true);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        text_is(wrong[i], false);
    }
    char cut[] = CHEAP;
    for (size_t size = 0; size < sizeof cut - 1; size++) {
        struct password_hash hash;
        assert_false(password_hash_read(bytes_of(cut, size), &hash));
    }
}

/* ---- time and memory --------------------------------------------------------------------------
 */
static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t verify_ns(const char *hash, const char *password)
{
    int64_t least = INT64_MAX;
    for (int i = 0; i < 2; i++) {
        int64_t from = cpu_ns();
        assert_int_equal(verify(hash, password), ERR_REFUSED);
        int64_t took = cpu_ns() - from;
        least = took < least ? took : least;
    }
    return least;
}

/* Who is not there costs as much as who is: CPU time, as others work on this machine too. */
static void test_time_does_not_tell(void **arg)
{
    (void)arg;
    char hash[SECRET_HASH_SIZE], too_long[SECRET_PASSWORD_MAX + 2];
    assert_int_equal(secret_password_hash(bytes_text("tin roof, nine herons"), hash), OK);
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = 0;
    int64_t wrong = verify_ns(hash, "tin roof, ten herons");
    int64_t cases[] = {verify_ns("", "tin roof, ten herons"),
                       verify_ns("no hash", "tin roof, ten herons"), verify_ns(hash, too_long)};
    assert_true(wrong > 5 * NS_PER_MS);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_true(cases[i] > wrong / 3);
        assert_true(cases[i] < wrong * 3);
    }
    print_message("argon2id, m=64 MiB, t=2: %.1f ms\n", (double)wrong / 1e6);
}

/* In a child, as the limit is for good: neither right nor wrong. */
static int without_memory(void)
{
    struct rlimit limit = {.rlim_cur = 48 << 20, .rlim_max = 48 << 20};
    char hash[SECRET_HASH_SIZE] = "untouched";
    static const char known[] = "$argon2id$v=19$m=65536,t=2,p=1$oWIfdaXwWwhVmovOBc2NAQ$"
                                "EbsZ+JnZyyavkafS0hoc4HdaOB0ILWZESAZ7kVGa+Iw";
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return 1;
    if (verify(known, "password") != ERR_NO_MEMORY || verify("", "password") != ERR_NO_MEMORY)
        return 2;
    if (secret_password_hash(bytes_text("password"), hash) != ERR_NO_MEMORY)
        return 3;
    return strcmp(hash, "untouched") == 0 ? 0 : 4;
}

static void test_without_memory(void **arg)
{
    (void)arg;
    if (SANITIZED) /* their shadow alone is beyond any limit */
        skip();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(without_memory());
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashes_of_others),   cmocka_unit_test(test_hash_of_ours),
        cmocka_unit_test(test_limits_of_texts),    cmocka_unit_test(test_texts_that_are_none),
        cmocka_unit_test(test_time_does_not_tell), cmocka_unit_test(test_without_memory),
    };
    check(secrets_start() == OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
