/* Certificates for trials: which names they take, and that clients who trust them are content. */
#include "tls/test_pair.h"

#include <time.h>

static void make(const char *const *names, size_t count)
{
    char *certificate = NULL, *key = NULL;
    if (tls_certificate_make(names, count, TLS_CERTIFICATE_DAYS, &certificate, &key, fault) != OK)
        fail_msg("no certificate: %s", fault);
    file_put("own.crt", certificate);
    file_put("own.key", key);
    free(certificate);
    free(key);
}

static void test_one_is_good_for_its_names(void **state)
{
    (void)state;
    static const char *const names[] = {"localhost", "*.plant.example", "127.0.0.1", "::1"};
    char path[TLS_PATH_SIZE];
    struct tls_certificate certificate;
    size_t count;
    make(names, ARRAY_COUNT(names));
    assert_int_equal(tls_certificate_read(path_of("own.crt", path), &certificate, 1, &count, fault),
                     OK);
    assert_int_equal(count, 1);
    assert_string_equal(certificate.names, "localhost, *.plant.example, 127.0.0.1, ::1");
    assert_string_equal(certificate.key, "EC prime256v1, 256 bits");
    assert_string_equal(certificate.signature, "ecdsa-with-SHA256");
    assert_true(certificate.self_signed);
    int64_t now_s = time(NULL);
    assert_true(certificate.from_s <= now_s - 3590 && certificate.from_s >= now_s - 3700);
    assert_true(llabs(certificate.until_s - now_s - 825 * INT64_C(86400)) < 100);
    struct tls_files files = files_named("own", NULL, NULL);
    struct tls_house *house = house_of(&files);
    struct tls_trust *trust = trust_of("own.crt", NULL);
    static const char *const hosts[] = {"localhost", "line-3.plant.example", "127.0.0.1", "::1"};
    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
        struct pair pair;
        pair_open(&pair, house, trust, hosts[i], NULL, NULL);
        pair_run(&pair);
        assert_open(&pair);
        pair_close(&pair);
    }
    tls_trust_destroy(trust);
    tls_house_destroy(house);
}

static void test_two_are_never_the_same(void **state)
{
    (void)state;
    static const char *const name[] = {"same"};
    struct tls_certificate first, second;
    char path[TLS_PATH_SIZE];
    size_t count;
    make(name, 1);
    assert_int_equal(tls_certificate_read(path_of("own.crt", path), &first, 1, &count, fault), OK);
    make(name, 1);
    assert_int_equal(tls_certificate_read(path, &second, 1, &count, fault), OK);
    assert_string_not_equal(first.fingerprint, second.fingerprint);
}

static void test_names_that_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "a b",       "-a",       "a-",   "a..b",     ".a",
                                      "a.",  "*",         "a.*.b",    "b*.c", "http://a", "a:8883",
                                      "a/b", "1.2.3.4/8", "\xc3\xbc", "a\nb"};
    char long_label[70], *certificate = NULL, *key = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (tls_certificate_make(&bad[i], 1, 1, &certificate, &key, fault) != ERR_INVALID)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_non_null(strstr(fault, "neither a host name nor an address"));
    }
    const char *name = long_label;
    memset(long_label, 'a', sizeof long_label);
    long_label[63] = '\0';
    make(&name, 1);
    long_label[63] = 'a';
    long_label[64] = '\0';
    assert_int_equal(tls_certificate_make(&name, 1, 1, &certificate, &key, fault), ERR_INVALID);
    assert_null(certificate);
    assert_null(key);
}

static void test_how_many_names(void **state)
{
    (void)state;
    const char *names[TLS_CERTIFICATE_NAMES_MAX + 1];
    char *certificate, *key;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        names[i] = "a";
    make(names, TLS_CERTIFICATE_NAMES_MAX);
    assert_int_equal(
        tls_certificate_make(names, TLS_CERTIFICATE_NAMES_MAX + 1, 1, &certificate, &key, fault),
        ERR_INVALID);
    assert_int_equal(tls_certificate_make(names, 0, 1, &certificate, &key, fault), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_is_good_for_its_names),
        cmocka_unit_test(test_two_are_never_the_same),
        cmocka_unit_test(test_names_that_are_none),
        cmocka_unit_test(test_how_many_names),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
