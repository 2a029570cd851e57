/* Bytes as text and back: the vectors of RFC 4648, 10, and everything that is none. */
#include "secrets/room.h"
#include "secrets/test_hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

/* ---- base 62 ----------------------------------------------------------------------------------
 */
static void test_base62(void **arg)
{
    (void)arg;
    char text[44] = "";
    uint32_t most[8], number[2] = {0x01234567, 0x89abcdef};
    memset(most, 0xff, sizeof most);
    base62_put(most, 8, text, 43);
    assert_string_equal(text, "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1");
    memset(most, 0, sizeof most);
    base62_put(most, 8, text, 43);
    assert_string_equal(text, "0000000000000000000000000000000000000000000");
    base62_put(number, 2, text, 10);
    assert_memory_equal(text, "63UfDVRKBz", 10);
    for (uint32_t v = 0; v < 62; v++) { /* each digit, once */
        uint32_t limb = v;
        base62_put(&limb, 1, text, 1);
        assert_int_equal(text[0],
                         "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[v]);
    }
    uint32_t over = 62 * 62 + 5; /* what does not fit is left out at the high end */
    base62_put(&over, 1, text, 2);
    assert_memory_equal(text, "05", 2);
}

static void test_base62_text(void **arg)
{
    (void)arg;
    for (unsigned c = 0; c < 256; c++) {
        const uint8_t text[3] = {'a', (uint8_t)c, 'Z'};
        bool wanted = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        assert_int_equal(base62_is_text(bytes_of(text, 3)), wanted);
    }
    assert_true(base62_is_text(bytes_of("", 0)));
}

/* ---- base 32 ----------------------------------------------------------------------------------
 */
static void base32_both(const char *plain, const char *text, const char *padded)
{
    char put[64];
    uint8_t at[64];
    size_t size = 99;
    secret_base32_put(bytes_text(plain), put);
    assert_string_equal(put, text);
    assert_int_equal(strlen(put) + 1, SECRET_BASE32_SIZE(strlen(plain)));
    assert_int_equal(secret_base32_get(bytes_text(text), at, strlen(plain), &size), OK);
    assert_true(bytes_equal(bytes_of(at, size), bytes_text(plain)));
    size = 99;
    assert_int_equal(secret_base32_get(bytes_text(padded), at, sizeof at, &size), OK);
    assert_true(bytes_equal(bytes_of(at, size), bytes_text(plain)));
    if (plain[0] == 0)
        return;
    size = 99;
    assert_int_equal(secret_base32_get(bytes_text(text), at, strlen(plain) - 1, &size), ERR_LIMIT);
    assert_int_equal(size, 99);
}

static void test_base32(void **arg)
{
    (void)arg;
    base32_both("", "", "");
    base32_both("f", "MY", "MY======");
    base32_both("fo", "MZXQ", "MZXQ====");
    base32_both("foo", "MZXW6", "MZXW6===");
    base32_both("foob", "MZXW6YQ", "MZXW6YQ=");
    base32_both("fooba", "MZXW6YTB", "MZXW6YTB");
    base32_both("foobar", "MZXW6YTBOI", "MZXW6YTBOI======");
    uint8_t at[8];
    size_t size;
    assert_int_equal(secret_base32_get(bytes_text("mZxW6yTb"), at, 5, &size), OK);
    assert_true(bytes_equal(bytes_of(at, size), bytes_text("fooba")));
}

static void test_base32_wrong(void **arg)
{
    (void)arg;
    static const char *const wrong[] = {"M",
                                        "MZX",
                                        "MZXW6Y",
                                        "MZ", /* a length, bits left over */
                                        "MY=",
                                        "MY=====",
                                        "MY=======",
                                        "MZXW6YTB=", /* padding */
                                        "========",
                                        "=",
                                        "MZXW6YTB========",
                                        "MY======MY======",
                                        "M1",
                                        "M8",
                                        "M0",
                                        "M ",
                                        "MZXW6YT B",
                                        "MZXW6YT\n",
                                        "MZX@6YTB",
                                        "MZX[6YTB",
                                        "MZX`6YTB",
                                        "MZX{6YTB",
                                        "\xcd\xd9",
                                        "MZXR"};
    uint8_t at[32];
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        size_t size = 99;
        assert_int_equal(secret_base32_get(bytes_text(wrong[i]), at, sizeof at, &size),
                         ERR_INVALID);
        assert_int_equal(size, 99);
    }
    for (unsigned c = 0; c < 256; c++) { /* each byte, where any digit may stand */
        const uint8_t text[8] = {'A', 'A', 'A', (uint8_t)c, 'A', 'A', 'A', 'A'};
        size_t size;
        bool good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
        assert_int_equal(secret_base32_get(bytes_of(text, 8), at, sizeof at, &size),
                         good ? OK : ERR_INVALID);
    }
}

/* ---- base 64 ----------------------------------------------------------------------------------
 */
static void base64_both(const char *plain, const char *text)
{
    char put[64];
    uint8_t at[64];
    size_t size = 99;
    secret_base64_put(bytes_text(plain), put);
    assert_string_equal(put, text);
    assert_int_equal(strlen(put) + 1, SECRET_BASE64_SIZE(strlen(plain)));
    assert_int_equal(secret_base64_get(bytes_text(text), at, strlen(plain), &size), OK);
    assert_true(bytes_equal(bytes_of(at, size), bytes_text(plain)));
    if (plain[0] == 0)
        return;
    size = 99;
    assert_int_equal(secret_base64_get(bytes_text(text), at, strlen(plain) - 1, &size), ERR_LIMIT);
    assert_int_equal(size, 99);
}

static void test_base64(void **arg)
{
    (void)arg;
    base64_both("", "");
    base64_both("f", "Zg");
    base64_both("fo", "Zm8");
    base64_both("foo", "Zm9v");
    base64_both("foob", "Zm9vYg");
    base64_both("fooba", "Zm9vYmE");
    base64_both("foobar", "Zm9vYmFy");
    base64_both("\xfb\xef\xbe\xff", "----_w"); /* the letters that make it fit for URLs */
}

static void test_base64_wrong(void **arg)
{
    (void)arg;
    static const char *const wrong[] = {
        "Z",   "Zg==",   "Zg=",  "Zm9vY", "Zm9v=", "Zm+v", "Zm/v", "Zm v",    "Zh",
        "Zm9", "Zm9v\n", "====", "Z\x80", "Zm9@",  "Zm9[", "Zm9`", "Zm9vYmF", "Zm9{"};
    uint8_t at[32];
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        size_t size = 99;
        assert_int_equal(secret_base64_get(bytes_text(wrong[i]), at, sizeof at, &size),
                         ERR_INVALID);
        assert_int_equal(size, 99);
    }
}

/* Each byte, where any digit may stand, of both forms of base 64. */
static void test_base64_digits(void **arg)
{
    (void)arg;
    for (unsigned c = 0; c < 256; c++) {
        const uint8_t text[4] = {'A', (uint8_t)c, 'A', 'A'};
        uint8_t at[3];
        size_t size;
        bool common = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        assert_int_equal(secret_base64_get(bytes_of(text, 4), at, 3, &size),
                         common || c == '-' || c == '_' ? OK : ERR_INVALID);
        assert_int_equal(base64_get(bytes_of(text, 4), "+/", at, 3, &size),
                         common || c == '+' || c == '/' ? OK : ERR_INVALID);
    }
    uint8_t at[6];
    size_t size;
    assert_int_equal(base64_get(bytes_text("++//+/+/"), "+/", at, sizeof at, &size), OK);
    assert_memory_equal(at, "\xfb\xef\xff\xfb\xff\xbf", 6);
}

/* What was put is got, of every size and every byte. */
static void test_both_ways(void **arg)
{
    (void)arg;
    uint8_t plain[300], at[300];
    char text[SECRET_BASE32_SIZE(sizeof plain)];
    size_t size;
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 167 + 13);
    for (size_t i = 0; i <= sizeof plain; i++) {
        struct bytes wanted = bytes_of(plain, i);
        secret_base32_put(wanted, text);
        assert_int_equal(secret_base32_get(bytes_text(text), at, i, &size), OK);
        assert_true(bytes_equal(bytes_of(at, size), wanted));
        secret_base64_put(wanted, text);
        assert_int_equal(secret_base64_get(bytes_text(text), at, i, &size), OK);
        assert_true(bytes_equal(bytes_of(at, size), wanted));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base62),        cmocka_unit_test(test_base62_text),
        cmocka_unit_test(test_base32),        cmocka_unit_test(test_base32_wrong),
        cmocka_unit_test(test_base64),        cmocka_unit_test(test_base64_wrong),
        cmocka_unit_test(test_base64_digits), cmocka_unit_test(test_both_ways),
    };
    check(secrets_start() == OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
