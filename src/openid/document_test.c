/* Addresses, documents of providers, and where a browser is sent. */
#include "openid/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static bool is_good(const char *url, bool inner)
{
    return openid_url_is_good(bytes_text(url), inner);
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"https://id.example", "https://id.example:8443/realms/a?b=c",
                                       "https://[2001:db8::1]:443/", "https://192.0.2.1"};
    static const char *const inner[] = {"http://127.0.0.1:9000", "http://localhost/x",
                                        "http://[::1]:9000/"};
    static const char *const bad[] = {"",
                                      "https://",
                                      "https:///path",
                                      "https://:443",
                                      "http://id.example",
                                      "http://127.0.0.1.evil.example",
                                      "http://localhost@evil.example",
                                      "https://user:word@id.example",
                                      "https://id.example/#part",
                                      "https://id.example/a b",
                                      "https://id.example/\r\nX: y",
                                      "https://id.example/\"",
                                      "https://id.example/\xc3\xa4",
                                      "https://[::1",
                                      "ftp://id.example",
                                      "file:///etc/passwd",
                                      "HTTPS://id.example"};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        assert_true(is_good(good[i], false) && is_good(good[i], true));
    for (size_t i = 0; i < ARRAY_COUNT(inner); i++)
        assert_true(!is_good(inner[i], false) && is_good(inner[i], true));
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_true(!is_good(bad[i], false) && !is_good(bad[i], true));
    char url[OPENID_URL_MAX + 2];
    memset(url, 'a', sizeof url);
    memcpy(url, "https://id.example/", 19);
    assert_false(openid_url_is_good(bytes_of(url, OPENID_URL_MAX + 1), true));
    assert_true(openid_url_is_good(bytes_of(url, OPENID_URL_MAX), true));
}

static enum openid_fault read_as(const char *json, const char *issuer,
                                 struct openid_document *ret_document)
{
    return openid_document_read(bytes_text(json), bytes_text(issuer), false, ret_document);
}

#define OURS "{\"issuer\":\"https://id.example\""
#define AUTHORIZATION ",\"authorization_endpoint\":\"https://id.example/a\""
#define TOKEN ",\"token_endpoint\":\"https://id.example/t\""
#define KEYS ",\"jwks_uri\":\"https://id.example/k\""
#define WAYS ",\"token_endpoint_auth_methods_supported\":"

static void test_documents(void **state)
{
    (void)state;
    struct openid_document document;
    const char *issuer = "https://id.example", *usual = OURS AUTHORIZATION TOKEN KEYS "}";
    assert_int_equal(read_as(usual, issuer, &document), OPENID_FINE);
    assert_string_equal(document.authorization, "https://id.example/a");
    assert_string_equal(document.token, "https://id.example/t");
    assert_string_equal(document.keys, "https://id.example/k");
    assert_false(document.secret_in_body);
    assert_int_equal(
        read_as(OURS AUTHORIZATION TOKEN KEYS WAYS "[\"client_secret_post\"]}", issuer, &document),
        OPENID_FINE);
    assert_true(document.secret_in_body);
    /* The very same issuer, not one that means it. */
    static const char *const others[] = {"https://id.example/", "https://ID.example",
                                         "https://id.example:443", ""};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        assert_int_equal(read_as(usual, others[i], &document), OPENID_ISSUER);
    assert_int_equal(read_as("{\"x\":1" AUTHORIZATION TOKEN KEYS "}", issuer, &document),
                     OPENID_ISSUER);
}

static void test_documents_that_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        OURS "}",
        OURS ",\"issuer\":\"https://id.example\"" AUTHORIZATION TOKEN KEYS "}",
        OURS ",\"authorization_endpoint\":\"javascript:x\"" TOKEN KEYS "}",
        OURS AUTHORIZATION ",\"token_endpoint\":\"http://id.example/t\"" KEYS "}",
        OURS AUTHORIZATION TOKEN ",\"jwks_uri\":\"file:///etc/passwd\"}"};
    struct openid_document document = {.token = "as it was"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(read_as(bad[i], "https://id.example", &document), OPENID_ANSWER);
    assert_string_equal(document.token, "as it was");
}

static void test_targets(void **state)
{
    (void)state;
    struct openid_flow flow = {"s", "n", "v", "c"};
    struct openid_document document = {.authorization = "https://id.example/a"};
    struct openid_question question = {.issuer = bytes_text("https://id.example"),
                                       .client_id = bytes_text("main stem&x"),
                                       .scopes = bytes_text("email"),
                                       .redirect = bytes_text("https://plant.example/cb"),
                                       .flow = &flow};
    char target[OPENID_TARGET_MAX + 1], id[700];
    assert_int_equal(target_make(&document, &question, target), OPENID_FINE);
    assert_string_equal(target,
                        "https://id.example/a?response_type=code&client_id=main%20stem%26x"
                        "&redirect_uri=https%3A%2F%2Fplant.example%2Fcb&scope=openid%20email"
                        "&state=s&nonce=n&code_challenge=c&code_challenge_method=S256");
    /* Who has a query already keeps it. */
    snprintf(document.authorization, sizeof document.authorization, "https://id.example/a?p=1");
    question.scopes = bytes_text("");
    assert_int_equal(target_make(&document, &question, target), OPENID_FINE);
    assert_int_equal(strncmp(target, "https://id.example/a?p=1&response_type=code&", 44), 0);
    assert_non_null(strstr(target, "&scope=openid&"));
    memset(id, '&', sizeof id);
    question.client_id = bytes_of(id, sizeof id);
    assert_int_equal(target_make(&document, &question, target), OPENID_ANSWER);
}

/* What follows from another seed, or is another secret of one, is another text; the challenge is
 * the hash of the verifier (RFC 7636, 4.2). */
static void test_flows(void **state)
{
    (void)state;
    uint8_t seed[OPENID_SEED_SIZE] = {0}, digest[SECRET_DIGEST_SIZE];
    struct openid_flow a, again, b;
    char challenge[SECRET_BASE64_SIZE(SECRET_DIGEST_SIZE)];
    assert_int_equal(secrets_start(), OK);
    openid_flow_of(seed, &a);
    openid_flow_of(seed, &again);
    assert_memory_equal(&a, &again, sizeof a);
    seed[31] = 1;
    openid_flow_of(seed, &b);
    assert_string_not_equal(a.state, b.state);
    assert_string_not_equal(a.state, a.nonce);
    assert_string_not_equal(a.nonce, a.verifier);
    assert_int_equal(strlen(a.verifier), 43); /* RFC 7636, 4.1: 43 to 128 */
    secret_hash(bytes_text(a.verifier), digest);
    secret_base64_put(bytes_of(digest, sizeof digest), challenge);
    assert_string_equal(a.challenge, challenge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_documents_that_are_none),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_flows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
