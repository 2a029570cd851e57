/* The key of the house: its file in a real folder; seals and
 * signatures, by what another program computed. Power cuts: sim/secrets_test.c. */
#include "secrets/secrets.h"
#include "secrets/test_hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct secret_key *key_of(uint8_t from)
{
    uint8_t bytes[SECRET_KEY_SIZE];
    struct secret_key *key;
    count_up(bytes, sizeof bytes, from);
    assert_int_equal(secret_key_create(bytes, &key), OK);
    return key;
}

static const uint8_t nonce[SECRET_NONCE_SIZE] = "@ABCDEFGHIJKLMNOPQRSTUVW";

/* ---- seals ------------------------------------------------------------------------------------
 */
static void test_golden_seal(void **arg)
{
    (void)arg;
    struct secret_key *key = key_of(0);
    uint8_t sealed[64], plain[20];
    size_t size =
        secret_seal(key, bytes_text("totp 17"), nonce, bytes_text("a seed of twenty b.."), sealed);
    assert_int_equal(size, 20 + SECRET_SEAL_OVERHEAD);
    assert_true(hex_equal("01e98c99404142434445464748494a4b4c4d4e4f5051525354555657ab658df7b5764bf2"
                          "02511d1b29c002925fa112d56d8be75ca27b8ef1799f41213666f34c",
                          sealed, size));
    assert_int_equal(
        secret_open(key, bytes_text("totp 17"), bytes_of(sealed, size), plain, sizeof plain, &size),
        OK);
    assert_true(bytes_equal(bytes_of(plain, size), bytes_text("a seed of twenty b..")));
    secret_key_destroy(key);
}

static void test_sizes_of_seals(void **arg)
{
    (void)arg;
    static const size_t sizes[] = {0, 1, 63, 64, 65, SECRET_SEAL_PLAIN_MAX};
    struct secret_key *key = key_of(1);
    uint8_t *plain = malloc(SECRET_SEAL_PLAIN_MAX), *got = malloc(SECRET_SEAL_PLAIN_MAX);
    assert_non_null(plain);
    assert_non_null(got);
    memset(plain, 0x5a, SECRET_SEAL_PLAIN_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        size_t size = sizes[i] + SECRET_SEAL_OVERHEAD, got_size = 99;
        uint8_t *sealed = malloc(size); /* of exactly that size, so that a byte too many is seen */
        assert_non_null(sealed);
        assert_int_equal(
            secret_seal(key, bytes_of(NULL, 0), nonce, bytes_of(plain, sizes[i]), sealed), size);
        if (sizes[i] > 0)
            assert_int_equal(secret_open(key, bytes_of(NULL, 0), bytes_of(sealed, size), got,
                                         sizes[i] - 1, &got_size),
                             ERR_LIMIT);
        assert_int_equal(got_size, 99);
        assert_int_equal(
            secret_open(key, bytes_of(NULL, 0), bytes_of(sealed, size), got, sizes[i], &got_size),
            OK);
        assert_int_equal(got_size, sizes[i]);
        assert_memory_equal(got, plain, sizes[i]);
        free(sealed);
    }
    free(plain);
    free(got);
    secret_key_destroy(key);
}

static enum err opened(const struct secret_key *key, const char *context, struct bytes sealed)
{
    uint8_t plain[64];
    size_t size = 99;
    enum err err = secret_open(key, bytes_text(context), sealed, plain, sizeof plain, &size);
    assert_int_equal(size, err == OK ? 6 : 99);
    return err;
}

static void test_seals_that_do_not_open(void **arg)
{
    (void)arg;
    struct secret_key *key = key_of(0), *other = key_of(1);
    uint8_t sealed[64];
    size_t size = secret_seal(key, bytes_text("totp 17"), nonce, bytes_text("secret"), sealed);
    assert_int_equal(opened(key, "totp 17", bytes_of(sealed, size)), OK);
    assert_int_equal(opened(key, "totp 18", bytes_of(sealed, size)), ERR_CORRUPT);
    assert_int_equal(opened(key, "totp 1", bytes_of(sealed, size)), ERR_CORRUPT);
    assert_int_equal(opened(key, "", bytes_of(sealed, size)), ERR_CORRUPT);
    assert_int_equal(opened(other, "totp 17", bytes_of(sealed, size)), ERR_MISSING);
    for (size_t i = 0; i < size; i++) {
        sealed[i] ^= 0x40;
        enum err wanted = i == 0 ? ERR_NEWER : i < 4 ? ERR_MISSING : ERR_CORRUPT;
        assert_int_equal(opened(key, "totp 17", bytes_of(sealed, size)), wanted);
        sealed[i] ^= 0x40;
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(opened(key, "totp 17", bytes_of(sealed, cut)),
                         cut < SECRET_SEAL_OVERHEAD ? ERR_INVALID : ERR_CORRUPT);
    sealed[0] = 0;
    assert_int_equal(opened(key, "totp 17", bytes_of(sealed, size)), ERR_INVALID);
    sealed[0] = 2;
    assert_int_equal(opened(key, "totp 17", bytes_of(sealed, size)), ERR_NEWER);
    secret_key_destroy(key);
    secret_key_destroy(other);
    secret_key_destroy(NULL);
}

/* ---- signatures -------------------------------------------------------------------------------
 */
/* RFC 4231, 4.2 to 4.4, 4.7 and 4.8. */
static void test_shared_signatures(void **arg)
{
    (void)arg;
    uint8_t bytes[131], data[50], mark[SECRET_SIGNATURE_SIZE];
    memset(bytes, 0x0b, 20);
    secret_sign_shared(bytes_of(bytes, 20), bytes_text("Hi There"), mark);
    assert_true(hex_equal("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", mark,
                          sizeof mark));
    secret_sign_shared(bytes_text("Jefe"), bytes_text("what do ya want for nothing?"), mark);
    assert_true(hex_equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", mark,
                          sizeof mark));
    memset(bytes, 0xaa, sizeof bytes);
    memset(data, 0xdd, sizeof data);
    secret_sign_shared(bytes_of(bytes, 20), bytes_of(data, sizeof data), mark);
    assert_true(hex_equal("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe", mark,
                          sizeof mark));
    secret_sign_shared(bytes_of(bytes, sizeof bytes),
                       bytes_text("Test Using Larger Than Block-Size Key - Hash Key First"), mark);
    assert_true(hex_equal("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", mark,
                          sizeof mark));
    secret_sign_shared(bytes_of(NULL, 0), bytes_of(NULL, 0), mark);
    assert_true(hex_equal("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", mark,
                          sizeof mark));
}

/* ---- the file ---------------------------------------------------------------------------------
 */
static char folder[64];
static uint8_t random_from;

static void random_counted(void *at, size_t size)
{
    count_up(at, size, random_from);
}

static char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static struct disk *folder_make(void)
{
    struct disk *disk;
    snprintf(folder, sizeof folder, "/tmp/mainstem-secrets-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(disk_real_open(folder, false, &disk), OK);
    random_from = 1;
    return disk;
}

static void folder_remove(struct disk *disk)
{
    disk_real_close(disk);
    unlink(path_of(SECRET_KEY_FILE));
    unlink(path_of(SECRET_KEY_FILE ".new"));
    assert_int_equal(rmdir(folder), 0); /* nothing else was left in it */
}

static void file_put(const char *name, const void *at, size_t size)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, at, size), size);
    close(fd);
}

/* The key says the same as the one of these bytes. */
static bool key_is(const struct secret_key *key, uint8_t from)
{
    uint8_t a[SECRET_SEAL_OVERHEAD + 3], b[sizeof a];
    struct secret_key *wanted = key_of(from);
    check(secret_seal(key, bytes_text("which"), nonce, bytes_text("one"), a) == sizeof a);
    check(secret_seal(wanted, bytes_text("which"), nonce, bytes_text("one"), b) == sizeof b);
    secret_key_destroy(wanted);
    return secret_equal(a, b, sizeof a);
}

static void test_file(void **arg)
{
    (void)arg;
    struct disk *disk = folder_make();
    struct secret_key *key = NULL;
    struct stat status;
    mode_t before = umask(0);
    assert_int_equal(secret_key_open(disk, random_counted, &key), OK);
    assert_int_equal(umask(before), 0); /* as it was */
    assert_true(key_is(key, 1));
    secret_key_destroy(key);
    assert_int_equal(stat(path_of(SECRET_KEY_FILE), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, SECRET_KEY_SIZE);
    assert_int_not_equal(stat(path_of(SECRET_KEY_FILE ".new"), &status), 0);
    random_from = 77; /* not asked again */
    assert_int_equal(secret_key_open(disk, random_counted, &key), OK);
    assert_true(key_is(key, 1));
    secret_key_destroy(key);
    folder_remove(disk);
}

/* What a process left that died in the middle. */
static void test_left_over_file(void **arg)
{
    (void)arg;
    struct disk *disk = folder_make();
    struct secret_key *key = NULL;
    struct stat status;
    file_put(SECRET_KEY_FILE ".new", "half a key, of somebody else and too long for one", 49);
    assert_int_equal(secret_key_open(disk, random_counted, &key), OK);
    assert_true(key_is(key, 1));
    secret_key_destroy(key);
    assert_int_equal(stat(path_of(SECRET_KEY_FILE), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, SECRET_KEY_SIZE);
    folder_remove(disk);
}

static void test_files_that_are_no_key(void **arg)
{
    (void)arg;
    static const size_t sizes[] = {0, 1, SECRET_KEY_SIZE - 1, SECRET_KEY_SIZE + 1, 4096};
    struct disk *disk = folder_make();
    struct secret_key *key = NULL;
    uint8_t bytes[4096];
    memset(bytes, 0x11, sizeof bytes);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        file_put(SECRET_KEY_FILE, bytes, sizes[i]);
        assert_int_equal(secret_key_open(disk, random_counted, &key), ERR_CORRUPT);
        assert_null(key);
    }
    memset(bytes, 0, SECRET_KEY_SIZE);
    file_put(SECRET_KEY_FILE, bytes, SECRET_KEY_SIZE);
    assert_int_equal(secret_key_open(disk, random_counted, &key), ERR_CORRUPT);
    bytes[SECRET_KEY_SIZE - 1] = 1;
    file_put(SECRET_KEY_FILE, bytes, SECRET_KEY_SIZE);
    assert_int_equal(secret_key_open(disk, random_counted, &key), OK);
    secret_key_destroy(key);
    folder_remove(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_seal),
        cmocka_unit_test(test_sizes_of_seals),
        cmocka_unit_test(test_seals_that_do_not_open),
        cmocka_unit_test(test_shared_signatures),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_left_over_file),
        cmocka_unit_test(test_files_that_are_no_key),
    };
    check(secrets_start() == OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
