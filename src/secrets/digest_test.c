/* Digests, by the vectors of FIPS 180-4. */
#include "secrets/test_hex.h"

#include "secrets/secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static void test_digests(void **arg)
{
    (void)arg;
    static const struct {
        const char *text, *digest;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    uint8_t digest[SECRET_DIGEST_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        secret_hash(bytes_text(cases[i].text), digest);
        assert_true(hex_equal(cases[i].digest, digest, sizeof digest));
    }
    secret_hash(bytes_of(NULL, 0), digest);
    assert_true(hex_equal(cases[0].digest, digest, sizeof digest));
}

/* A million letters a, in pieces that do not fit the blocks of 64. */
static void test_pieces(void **arg)
{
    (void)arg;
    uint8_t digest[SECRET_DIGEST_SIZE], piece[1000];
    struct secret_digest pieces;
    memset(piece, 'a', sizeof piece);
    secret_digest_init(&pieces);
    for (size_t i = 0, done = 0; done < 1000000; i++) {
        size_t size = i * 7 % 1000;
        size = size < 1000000 - done ? size : 1000000 - done;
        secret_digest_feed(&pieces, bytes_of(piece, size));
        done += size;
    }
    secret_digest_close(&pieces, digest);
    assert_true(hex_equal("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
                          digest, sizeof digest));
}

static void test_sized_pieces_differ(void **arg)
{
    (void)arg;
    uint8_t a[SECRET_DIGEST_SIZE], b[SECRET_DIGEST_SIZE];
    struct secret_digest pieces;
    secret_digest_init(&pieces);
    secret_digest_feed_sized(&pieces, bytes_text("ab"));
    secret_digest_feed_sized(&pieces, bytes_text("c"));
    secret_digest_close(&pieces, a);
    secret_digest_init(&pieces);
    secret_digest_feed_sized(&pieces, bytes_text("a"));
    secret_digest_feed_sized(&pieces, bytes_text("bc"));
    secret_digest_close(&pieces, b);
    assert_false(secret_equal(a, b, sizeof a));
}

static void test_compare_and_wipe(void **arg)
{
    (void)arg;
    uint8_t a[64], b[64], zeros[64] = {0};
    count_up(a, sizeof a, 0);
    for (size_t i = 0; i < sizeof a; i++) {
        memcpy(b, a, sizeof a);
        assert_true(secret_equal(a, b, sizeof a));
        b[i] ^= 0x80;
        assert_false(secret_equal(a, b, sizeof a));
        assert_true(secret_equal(a, b, i)); /* what is behind does not matter */
    }
    secret_wipe(a, 63);
    assert_memory_equal(a, zeros, 63);
    assert_int_equal(a[63], 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_sized_pieces_differ),
        cmocka_unit_test(test_compare_and_wipe),
    };
    check(secrets_start() == OK);
    check(secrets_start() == OK); /* more often is harmless */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
