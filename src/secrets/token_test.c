/* Tokens and recovery codes: what is made is read again, and nothing else is. */
#include "secrets/secrets.h"
#include "secrets/test_hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static const enum secret_token_kind kinds[] = {
#define KIND(name, letter) name,
    SECRET_TOKEN_KINDS(KIND)
#undef KIND
};

/* Bytes 0 to 39, computed by another program. */
static const char golden[] = "mst_a_G0ejSm2ama_2cIZOzxK2BdRtLT991pfMBrM9UibGitiMGwPJoa0h5211QnMC";

static bool is_read(const char *text)
{
    struct secret_token token;
    return secret_token_read(bytes_text(text), &token);
}

static void test_golden(void **arg)
{
    (void)arg;
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE], digest[SECRET_DIGEST_SIZE], again[sizeof digest];
    char text[SECRET_TOKEN_SIZE];
    struct secret_token token;
    count_up(random, sizeof random, 0);
    secret_token_make(SECRET_TOKEN_API, random, text, digest);
    assert_string_equal(text, golden);
    assert_true(hex_equal("0cad04883b07498cd2a914258c3207e821d018b839d5543d051057ffd64d5c8b",
                          digest, sizeof digest));
    assert_true(secret_token_read(bytes_text(text), &token));
    assert_int_equal(token.kind, SECRET_TOKEN_API);
    assert_true(bytes_equal(token.id, bytes_text("G0ejSm2ama")));
    secret_hash(bytes_text(text), again);
    assert_true(secret_equal(digest, again, sizeof digest));
}

static void test_kinds(void **arg)
{
    (void)arg;
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE] = {0}, digest[SECRET_DIGEST_SIZE];
    char text[SECRET_TOKEN_SIZE];
    struct secret_token token;
    assert_int_equal(ARRAY_COUNT(kinds), 6);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        memset(random, i % 2 == 0 ? 0xff : 0, sizeof random); /* the ends of what there is */
        secret_token_make(kinds[i], random, text, digest);
        assert_int_equal(strlen(text), SECRET_TOKEN_LENGTH);
        assert_true(secret_token_read(bytes_text(text), &token));
        assert_int_equal(token.kind, kinds[i]);
        for (size_t other = 0; other < i; other++)
            assert_int_not_equal(kinds[i], kinds[other]);
    }
}

/* Every byte of the random bytes shows. */
static void test_all_random_bytes_count(void **arg)
{
    (void)arg;
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE] = {0}, digest[SECRET_DIGEST_SIZE];
    char plain[SECRET_TOKEN_SIZE], text[SECRET_TOKEN_SIZE];
    secret_token_make(SECRET_TOKEN_DEVICE, random, plain, digest);
    for (size_t i = 0; i < 8 * sizeof random; i++) {
        random[i / 8] = (uint8_t)(1u << i % 8);
        secret_token_make(SECRET_TOKEN_DEVICE, random, text, digest);
        random[i / 8] = 0;
        assert_string_not_equal(text, plain);
        assert_int_equal(memcmp(text, plain, 17) == 0, i / 8 >= 8); /* the id's bytes come first */
    }
}

/* Any one character changed to any other byte, and any size but the right one. */
static void test_changed_ones(void **arg)
{
    (void)arg;
    char text[SECRET_TOKEN_SIZE + 1];
    for (size_t at = 0; at < SECRET_TOKEN_LENGTH; at++)
        for (unsigned c = 0; c < 256; c++) {
            struct secret_token token = {.kind = SECRET_TOKEN_CLAIM};
            memcpy(text, golden, sizeof golden);
            text[at] = (char)c;
            bool read = secret_token_read(bytes_of(text, SECRET_TOKEN_LENGTH), &token);
            assert_int_equal(read, text[at] == golden[at]);
            assert_true(read || (token.kind == SECRET_TOKEN_CLAIM && token.id.at == NULL));
        }
    for (size_t size = 0; size < SECRET_TOKEN_LENGTH; size++) {
        struct secret_token token;
        assert_false(secret_token_read(bytes_of(golden, size), &token));
    }
    snprintf(text, sizeof text, "%s0", golden);
    assert_false(is_read(text));
    assert_false(is_read("mst_a_G0ejSm2aam_2cIZOzxK2BdRtLT991pfMBrM9UibGitiMGwPJoa0h5211QnMC"));
    assert_true(is_read(golden));
}

/* ---- recovery codes ---------------------------------------------------------------------------
 */
static void recovery_is(const char *text, const uint8_t *digest)
{
    uint8_t got[SECRET_DIGEST_SIZE] = {7};
    bool read = secret_recovery_read(bytes_text(text), got);
    assert_int_equal(read, digest != NULL);
    if (read)
        assert_memory_equal(got, digest, sizeof got);
    else
        assert_int_equal(got[0], 7);
}

static void test_recovery(void **arg)
{
    (void)arg;
    uint8_t random[SECRET_RECOVERY_RANDOM_SIZE], digest[SECRET_DIGEST_SIZE];
    char text[SECRET_RECOVERY_SIZE];
    count_up(random, sizeof random, 0);
    secret_recovery_make(random, text, digest);
    assert_string_equal(text, "aaaq-eaye-auda-ocaj");
    assert_true(hex_equal("32eea21c34ff5481817b0eada6d2570557a98f2767737e633a932158c69acb16",
                          digest, sizeof digest));
    recovery_is(text, digest);
    recovery_is("AAAQ-EAYE-AUDA-OCAJ", digest);
    recovery_is("aaaqeayeaudaocaj", digest);
    recovery_is(" aaaq eaye - auda ocaj ", digest);
    recovery_is("aaaq-eaye-auda-oca", NULL);
    recovery_is("aaaq-eaye-auda-ocajj", NULL);
    recovery_is("aaaq-eaye-auda-oca1", NULL);
    recovery_is("aaaq-eaye-auda-oca=", NULL);
    recovery_is("aaaq-eaye-auda\tocaj", NULL);
    recovery_is("", NULL);
    char padded[66];
    snprintf(padded, sizeof padded, "%-64s", text);
    recovery_is(padded, digest);
    snprintf(padded, sizeof padded, "%-65s", text);
    recovery_is(padded, NULL);
    memset(random, 0xff, sizeof random);
    secret_recovery_make(random, text, digest);
    assert_string_equal(text, "7777-7777-7777-7777");
    recovery_is(text, digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_all_random_bytes_count),
        cmocka_unit_test(test_changed_ones),
        cmocka_unit_test(test_recovery),
    };
    check(secrets_start() == OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
