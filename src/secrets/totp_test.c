/* The second factor: the vectors of RFC 6238 (appendix B) and RFC 4226 (appendix D), whose codes
 * have eight digits: ours are their last six. */
#include "secrets/secrets.h"
#include "secrets/test_hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static const uint8_t seed[SECRET_TOTP_SEED_SIZE] = "12345678901234567890";

static void test_vectors(void **arg)
{
    (void)arg;
    static const struct {
        int64_t wall_s;
        const char *code;
    } times[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                 {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    static const char *const steps[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};
    char code[SECRET_TOTP_DIGITS + 1];
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        int64_t step = -1;
        assert_int_equal(secret_totp_code(seed, times[i].wall_s / 30, code), OK);
        assert_string_equal(code, times[i].code);
        assert_true(secret_totp_check(seed, bytes_text(code), times[i].wall_s, 0, &step));
        assert_int_equal(step, times[i].wall_s / 30);
    }
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        assert_int_equal(secret_totp_code(seed, (int64_t)i, code), OK);
        assert_string_equal(code, steps[i]);
    }
}

static bool fits(const char *code, int64_t wall_s, int64_t last_step, int64_t wanted_step)
{
    int64_t step = -7;
    bool good = secret_totp_check(seed, bytes_text(code), wall_s, last_step, &step);
    assert_int_equal(step, good ? wanted_step : -7);
    return good;
}

/* The code of step 4 (120 to 149 s) is good in steps 3 to 5. */
static void test_steps_around(void **arg)
{
    (void)arg;
    assert_false(fits("338314", 89, 0, 4));
    assert_true(fits("338314", 90, 0, 4));
    assert_true(fits("338314", 120, 0, 4));
    assert_true(fits("338314", 149, 0, 4));
    assert_true(fits("338314", 179, 0, 4));
    assert_false(fits("338314", 180, 0, 4));
    assert_true(fits("287082", 0, 0, 1)); /* the beginning of time */
    assert_false(fits("287082", -1, 0, 1));
    assert_false(fits("287082", INT64_MIN, 0, 1));
    assert_false(fits("338314", INT64_MAX, 0, 4));
}

static void test_once(void **arg)
{
    (void)arg;
    assert_true(fits("338314", 125, 3, 4));
    assert_false(fits("338314", 125, 4, 4)); /* it was used */
    assert_false(fits("338314", 125, 5, 4)); /* a newer one was */
    assert_false(fits("969429", 125, 4, 3)); /* older than one that was used */
    assert_true(fits("254676", 125, 4, 5));
    assert_false(fits("254676", 125, INT64_MAX, 5));
}

static void test_typed(void **arg)
{
    (void)arg;
    static const char *const wrong[] = {"",          "33831",   "3383140",   "0338314",  "338315",
                                        "33831a",    "338-314", "-338314",   "338314\n", "+38314",
                                        "33831\xff", "000000",  "1000338314"};
    assert_true(fits("338 314", 120, 0, 4));
    assert_true(fits(" 3 3 8 3 1 4    ", 120, 0, 4));   /* 16 bytes */
    assert_false(fits(" 3 3 8 3 1 4     ", 120, 0, 4)); /* 17 */
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        assert_false(fits(wrong[i], 120, 0, 4));
    int64_t step = -7;
    assert_false(secret_totp_check(seed, bytes_of(NULL, 0), 120, 0, &step));
    assert_false(secret_totp_check(seed, bytes_of("338314\0", 7), 120, 0, &step));
}

/* Another seed, another code. */
static void test_seed(void **arg)
{
    (void)arg;
    uint8_t other[SECRET_TOTP_SEED_SIZE];
    int64_t step = -7;
    for (size_t i = 0; i < sizeof other; i++) {
        memcpy(other, seed, sizeof other);
        other[i] ^= 1;
        assert_false(secret_totp_check(other, bytes_text("338314"), 120, 0, &step));
    }
    assert_int_equal(step, -7);
}

/* ---- the link ---------------------------------------------------------------------------------
 */
static void test_link(void **arg)
{
    (void)arg;
    char text[SECRET_TOTP_URI_SIZE];
    assert_int_equal(secret_totp_uri(bytes_text("Plant: 3"), bytes_text("ann@acme"), seed, text),
                     OK);
    assert_string_equal(text, "otpauth://totp/Plant-%203:ann%40acme"
                              "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Plant-%203"
                              "&algorithm=SHA1&digits=6&period=30");
    assert_int_equal(
        secret_totp_uri(bytes_of("\0\xe6\xb3\xb5&=?#/%~", 11), bytes_text("Az09-._~"), seed, text),
        OK);
    assert_non_null(strstr(text, "/totp/%00%E6%B3%B5%26%3D%3F%23%2F%25~:Az09-._~?secret="));
    assert_int_equal(secret_totp_uri(bytes_of(NULL, 0), bytes_of(NULL, 0), seed, text), OK);
    assert_non_null(strstr(text, "otpauth://totp/:?secret="));
}

static void test_longest_link(void **arg)
{
    (void)arg;
    char *text = malloc(SECRET_TOTP_URI_SIZE);
    uint8_t name[SECRET_TOTP_NAME_MAX + 1];
    assert_non_null(text);
    memset(name, 0xff, sizeof name);
    struct bytes most = bytes_of(name, SECRET_TOTP_NAME_MAX), over = bytes_of(name, sizeof name);
    assert_int_equal(secret_totp_uri(most, most, seed, text), OK);
    assert_true(strlen(text) > 9 * SECRET_TOTP_NAME_MAX);
    assert_true(strlen(text) < SECRET_TOTP_URI_SIZE);
    assert_int_equal(secret_totp_uri(over, most, seed, text), ERR_LIMIT);
    assert_int_equal(secret_totp_uri(most, over, seed, text), ERR_LIMIT);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),      cmocka_unit_test(test_steps_around),
        cmocka_unit_test(test_once),         cmocka_unit_test(test_typed),
        cmocka_unit_test(test_seed),         cmocka_unit_test(test_link),
        cmocka_unit_test(test_longest_link),
    };
    check(secrets_start() == OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
