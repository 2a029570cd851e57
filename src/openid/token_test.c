/* ID tokens: what is believed, and each way in which one is not. */
#include "openid/test_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW_S 1772352000
#define SET_ROOM 8192

static EVP_PKEY *rsa, *other, *curve, *edwards; /* making them takes a while */
static char rsa_set[SET_ROOM];

static int keys_make(void **state)
{
    (void)state;
    rsa = test_key("RS256");
    other = test_key("RS256");
    curve = test_key("ES256");
    edwards = test_key("EdDSA");
    test_key_set(rsa, "k1", "", rsa_set, sizeof rsa_set);
    return secrets_start() == OK ? 0 : -1;
}

static int keys_done(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(other);
    EVP_PKEY_free(curve);
    EVP_PKEY_free(edwards);
    return 0;
}

static struct openid_wanted wanted_usual(void)
{
    return (struct openid_wanted){.issuer = bytes_text("https://id.example"),
                                  .client_id = bytes_text("mainstem"),
                                  .nonce = bytes_text("n-1"),
                                  .now_s = NOW_S};
}

/* Good claims, with one of them as told; value NULL: without it. */
static char *claims_with(const char *name, const char *value)
{
    static const char *const usual[][2] = {{"iss", "\"https://id.example\""},
                                           {"aud", "\"mainstem\""},
                                           {"sub", "\"248289\""},
                                           {"exp", "1772352300"},
                                           {"iat", "1772352000"},
                                           {"nonce", "\"n-1\""}};
    size_t room = 1024 + (value != NULL ? strlen(value) : 0);
    char *text = calloc(1, room);
    assert_non_null(text);
    strcat(text, "{\"x\":1");
    bool said = false;
    for (size_t i = 0; i < ARRAY_COUNT(usual); i++) {
        bool this = strcmp(usual[i][0], name) == 0;
        said = said || this;
        if (this && value == NULL)
            continue;
        snprintf(text + strlen(text), room - strlen(text), ",\"%s\":%s", usual[i][0],
                 this ? value : usual[i][1]);
    }
    if (!said && value != NULL)
        snprintf(text + strlen(text), room - strlen(text), ",\"%s\":%s", name, value);
    strcat(text, "}");
    return text;
}

static enum openid_fault verified(const char *token, const char *set,
                                  const struct openid_wanted *wanted)
{
    struct openid_claims claims;
    return openid_token_verify(bytes_text(token), bytes_text(set), wanted, &claims);
}

static enum openid_fault fault_of(const char *name, const char *value)
{
    struct openid_wanted wanted = wanted_usual();
    char *claims = claims_with(name, value);
    char *token = test_token(rsa, "RS256", "{\"alg\":\"RS256\",\"kid\":\"k1\"}", claims);
    enum openid_fault fault = verified(token, rsa_set, &wanted);
    free(claims);
    free(token);
    return fault;
}

static void test_who_he_is(void **state)
{
    (void)state;
    struct openid_wanted wanted = wanted_usual();
    struct openid_claims claims;
    char *token = test_token(
        rsa, "RS256", "{\"alg\":\"RS256\",\"kid\":\"k1\"}",
        "{\"iss\":\"https://id.example\",\"aud\":[\"mainstem\"],\"sub\":\"248289\",\"exp\":"
        "1772352300.5,\"iat\":1772352000,\"nonce\":\"n-1\",\"name\":\"Kim L\\u00ee\",\"preferred_"
        "username\":\"kim\\u0007\",\"email\":\"kim@example.org\",\"email_verified\":true,\"amr\":["
        "\"pwd\",\"mfa\"]}");
    assert_int_equal(openid_token_verify(bytes_text(token), bytes_text(rsa_set), &wanted, &claims),
                     OPENID_FINE);
    assert_string_equal(claims.subject, "248289");
    assert_string_equal(claims.name, "Kim L\xc3\xae");
    assert_string_equal(claims.user, ""); /* a control character */
    assert_string_equal(claims.email, "kim@example.org");
    assert_true(claims.email_verified && claims.several);
    free(token);
    assert_int_equal(fault_of("amr", "[\"pwd\",5]"), OPENID_FINE);
}

static void test_each_algorithm(void **state)
{
    (void)state;
    const struct {
        const char *algorithm;
        EVP_PKEY *key;
    } ways[] = {{"RS256", rsa}, {"PS256", rsa}, {"ES256", curve}, {"EdDSA", edwards}};
    struct openid_wanted wanted = wanted_usual();
    char *claims = claims_with("", NULL);
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        char set[SET_ROOM], header[128];
        test_key_set(ways[i].key, "k1", ",\"use\":\"sig\"", set, sizeof set);
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"k1\"}", ways[i].algorithm);
        char *token = test_token(ways[i].key, ways[i].algorithm, header, claims);
        assert_int_equal(verified(token, set, &wanted), OPENID_FINE);
        char *last = token + strlen(token) - 10; /* in the signature */
        *last = *last == 'A' ? 'B' : 'A';
        assert_int_equal(verified(token, set, &wanted), OPENID_SIGNATURE);
        *strrchr(token, '.') = '\0';
        strcat(token, "."); /* none at all */
        assert_int_equal(verified(token, set, &wanted), OPENID_SIGNATURE);
        free(token);
    }
    free(claims);
}

/* RFC 7515, A.3, and RFC 8037, A.4: made by others. */
static void test_examples_of_the_standards(void **state)
{
    (void)state;
    static const struct {
        const char *algorithm, *key, *bytes, *signature;
    } examples[] = {
        {"ES256",
         "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
         "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
         "eyJhbGciOiJFUzI1NiJ9."
         "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
         "cnVlfQ",
         "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
        {"EdDSA",
         "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
         "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
         "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
         "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_"
         "MuM0KAg"}};
    for (size_t i = 0; i < ARRAY_COUNT(examples); i++) {
        uint8_t signature[128];
        size_t size;
        bool suits;
        json_t *key = json_loads(examples[i].key, 0, NULL);
        assert_int_equal(secret_base64_get(bytes_text(examples[i].signature), signature,
                                           sizeof signature, &size),
                         OK);
        assert_true(key_verify(key, examples[i].algorithm, bytes_text(examples[i].bytes),
                               bytes_of(signature, size), &suits));
        assert_false(key_verify(key, examples[i].algorithm, bytes_text("another"),
                                bytes_of(signature, size), &suits));
        assert_true(suits);
        json_decref(key);
    }
}

static void test_each_claim_wrong_once(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        enum openid_fault fault;
    } cases[] = {
        {"", NULL, OPENID_FINE},
        {"iss", NULL, OPENID_ISSUER},
        {"iss", "\"https://id.example/\"", OPENID_ISSUER},
        {"iss", "5", OPENID_ISSUER},
        {"aud", NULL, OPENID_AUDIENCE},
        {"aud", "\"mainstem2\"", OPENID_AUDIENCE},
        {"aud", "[]", OPENID_AUDIENCE},
        {"aud", "[\"other\"]", OPENID_AUDIENCE},
        {"aud", "[\"mainstem\"]", OPENID_FINE},
        {"aud", "[\"mainstem\",\"other\"]", OPENID_AUDIENCE}, /* for whom, nobody says */
        {"azp", "\"mainstem\"", OPENID_FINE},
        {"azp", "\"other\"", OPENID_AUDIENCE},
        {"exp", NULL, OPENID_TOKEN},
        {"exp", "\"1772352300\"", OPENID_TOKEN},
        {"exp", "-1", OPENID_TOKEN},
        {"exp", "1e300", OPENID_TOKEN},
        {"exp", "1772351941", OPENID_FINE}, /* 59 s ago */
        {"exp", "1772351940", OPENID_EXPIRED},
        {"iat", NULL, OPENID_TOKEN},
        {"iat", "1772352060", OPENID_FINE},
        {"iat", "1772352061", OPENID_EXPIRED},
        {"nbf", "1772352060", OPENID_FINE},
        {"nbf", "1772352061", OPENID_EXPIRED},
        {"nbf", "true", OPENID_TOKEN},
        {"nonce", NULL, OPENID_NONCE},
        {"nonce", "\"n-2\"", OPENID_NONCE},
        {"nonce", "\"n-1\\u0000\"", OPENID_TOKEN},
        {"sub", NULL, OPENID_TOKEN},
        {"sub", "\"\"", OPENID_TOKEN},
        {"sub", "\"a\\nb\"", OPENID_TOKEN},
        {"sub", "\"a\\u0000b\"", OPENID_TOKEN},
        {"sub", "7", OPENID_TOKEN},
        {"at_hash", "\"anything\"", OPENID_FINE}, /* no access token came */
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        enum openid_fault fault = fault_of(cases[i].name, cases[i].value);
        if (fault != cases[i].fault)
            fail_msg("%s = %s: %s", cases[i].name, cases[i].value, openid_fault_word(fault));
    }
}

static void test_subjects_are_limited(void **state)
{
    (void)state;
    char subject[OPENID_SUBJECT_MAX + 4];
    snprintf(subject, sizeof subject, "\"%0*d\"", OPENID_SUBJECT_MAX, 0);
    assert_int_equal(fault_of("sub", subject), OPENID_FINE);
    snprintf(subject, sizeof subject, "\"%0*d\"", OPENID_SUBJECT_MAX + 1, 0);
    assert_int_equal(fault_of("sub", subject), OPENID_TOKEN);
}

static void test_a_nonce_is_wanted(void **state)
{
    (void)state;
    struct openid_wanted wanted = wanted_usual();
    wanted.nonce = bytes_text("");
    char *claims = claims_with("nonce", "\"\"");
    char *token = test_token(rsa, "RS256", "{\"alg\":\"RS256\",\"kid\":\"k1\"}", claims);
    assert_int_equal(verified(token, rsa_set, &wanted), OPENID_NONCE);
    free(claims);
    free(token);
}

static void test_it_goes_with_its_access_token(void **state)
{
    (void)state;
    const struct {
        const char *algorithm;
        EVP_PKEY *key;
        const char *hash; /* that of the example in Core 1.0, A.3 */
    } ways[] = {{"RS256", rsa, "77QmUPtjPfzWtF2AnpK9RQ"}, {"EdDSA", edwards, NULL}};
    uint8_t digest[64];
    char half[64], set[SET_ROOM], header[64], value[80];
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        struct openid_wanted wanted = wanted_usual();
        unsigned size;
        wanted.access_token = bytes_text("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
        assert_int_equal(EVP_Digest(wanted.access_token.at, wanted.access_token.size, digest, &size,
                                    i == 0 ? EVP_sha256() : EVP_sha512(), NULL),
                         1);
        secret_base64_put(bytes_of(digest, size / 2), half);
        if (ways[i].hash != NULL)
            assert_string_equal(half, ways[i].hash);
        snprintf(value, sizeof value, "\"%s\"", half);
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", ways[i].algorithm);
        test_key_set(ways[i].key, "k1", "", set, sizeof set);
        char *claims = claims_with("at_hash", value);
        char *token = test_token(ways[i].key, ways[i].algorithm, header, claims);
        assert_int_equal(verified(token, set, &wanted), OPENID_FINE);
        wanted.access_token = bytes_text("another");
        assert_int_equal(verified(token, set, &wanted), OPENID_HASH);
        free(claims);
        free(token);
    }
}

/* ---- whose signature ----------------------------------------------------------------------------
 */
static enum openid_fault fault_of_header(EVP_PKEY *key, const char *how, const char *header,
                                         const char *set)
{
    struct openid_wanted wanted = wanted_usual();
    char *claims = claims_with("", NULL);
    char *token = test_token(key, how, header, claims);
    enum openid_fault fault = verified(token, set, &wanted);
    free(claims);
    free(token);
    return fault;
}

static void test_keys(void **state)
{
    (void)state;
    char set[SET_ROOM];
    const char *usual = "{\"alg\":\"RS256\",\"kid\":\"k1\"}";
    assert_int_equal(fault_of_header(rsa, "RS256", usual, rsa_set), OPENID_FINE);
    assert_int_equal(fault_of_header(rsa, "RS256", "{\"alg\":\"RS256\",\"kid\":\"k2\"}", rsa_set),
                     OPENID_KEY);
    assert_int_equal(fault_of_header(rsa, "RS256", "{\"alg\":\"RS256\"}", rsa_set), OPENID_FINE);
    assert_int_equal(fault_of_header(other, "RS256", usual, rsa_set), OPENID_SIGNATURE);
    assert_int_equal(fault_of_header(other, "RS256", "{\"alg\":\"RS256\"}", rsa_set), OPENID_KEY);
    assert_int_equal(fault_of_header(rsa, "RS256", usual, "{\"keys\":[]}"), OPENID_KEY);
    assert_int_equal(fault_of_header(rsa, "RS256", usual, "{\"keys\":{}}"), OPENID_ANSWER);
    assert_int_equal(fault_of_header(rsa, "RS256", usual, "[]"), OPENID_ANSWER);
    assert_int_equal(fault_of_header(rsa, "RS256", usual, ""), OPENID_ANSWER);
    assert_int_equal(fault_of_header(rsa, "RS256", usual, "{\"keys\":[5,null,{\"kid\":\"k1\"}]}"),
                     OPENID_KEY);
    test_key_set(rsa, "k1", ",\"use\":\"enc\"", set, sizeof set);
    assert_int_equal(fault_of_header(rsa, "RS256", usual, set), OPENID_KEY);
    test_key_set(rsa, "k1", ",\"alg\":\"PS256\"", set, sizeof set);
    assert_int_equal(fault_of_header(rsa, "RS256", usual, set), OPENID_KEY);
    EVP_PKEY *small = EVP_RSA_gen(1024);
    test_key_set(small, "k1", "", set, sizeof set);
    assert_int_equal(fault_of_header(small, "RS256", usual, set), OPENID_SIGNATURE);
    EVP_PKEY_free(small);
}

/* The key decides nothing: "none", a public key as a shared secret, another kind of key. */
static void test_algorithms_are_not_confused(void **state)
{
    (void)state;
    static const char *const refused[] = {"none", "NONE", "HS256", "RS512", "RS1", "", "rs256"};
    char set[SET_ROOM], header[64];
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"k1\"}", refused[i]);
        assert_int_equal(fault_of_header(rsa, "RS256", header, rsa_set), OPENID_ALGORITHM);
    }
    assert_int_equal(fault_of_header(rsa, "RS256", "{\"alg\":\"PS256\",\"kid\":\"k1\"}", rsa_set),
                     OPENID_SIGNATURE);
    assert_int_equal(fault_of_header(rsa, "PS256", "{\"alg\":\"RS256\",\"kid\":\"k1\"}", rsa_set),
                     OPENID_SIGNATURE);
    assert_int_equal(fault_of_header(rsa, "RS256", "{\"alg\":\"ES256\",\"kid\":\"k1\"}", rsa_set),
                     OPENID_KEY);
    test_key_set(curve, "k1", "", set, sizeof set);
    assert_int_equal(fault_of_header(rsa, "RS256", "{\"alg\":\"RS256\",\"kid\":\"k1\"}", set),
                     OPENID_KEY);
    /* A secret for HMAC among the keys is none of ours. */
    assert_int_equal(fault_of_header(rsa, "RS256", "{\"alg\":\"HS256\",\"kid\":\"k1\"}",
                                     "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\",\"kid\":\"k1\"}]}"),
                     OPENID_ALGORITHM);
    static const char *const malformed[] = {
        "{\"kid\":\"k1\"}",
        "{\"alg\":5}",
        "{\"alg\":\"RS256\",\"kid\":5}",
        "{\"alg\":\"RS256\",\"crit\":[\"x\"]}",
        "{\"alg\":\"RS256\",\"alg\":\"RS256\"}",
        "[\"RS256\"]",
        "RS256",
    };
    for (size_t i = 0; i < ARRAY_COUNT(malformed); i++)
        assert_int_equal(fault_of_header(rsa, "RS256", malformed[i], rsa_set), OPENID_TOKEN);
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",        ".",         "..",        "...",      "a.b.c",
        "e30.e30", "e30.e30.",  "e30..e30",  ".e30.e30", "e30.e30.e30.e30",
        "!.!.!",   "e30=.e30.", "e31.e30.AA"};
    struct openid_wanted wanted = wanted_usual();
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        assert_int_equal(verified(texts[i], rsa_set, &wanted), OPENID_TOKEN);
}

/* The largest that fits is read, the next larger one is not: base64 grows by two bytes at most. */
static void test_huge(void **state)
{
    (void)state;
    struct openid_wanted wanted = wanted_usual();
    size_t largest = 0, smallest = SIZE_MAX;
    for (size_t fill = 48500; fill < 49200; fill += largest == 0 || smallest != SIZE_MAX ? 97 : 1) {
        char *value = malloc(fill + 3);
        assert_non_null(value);
        memset(value, 'a', fill + 2);
        value[0] = value[fill + 1] = '"';
        value[fill + 2] = '\0';
        char *claims = claims_with("groups", value);
        char *token = test_token(rsa, "RS256", "{\"alg\":\"RS256\",\"kid\":\"k1\"}", claims);
        size_t size = strlen(token);
        enum openid_fault fault = verified(token, rsa_set, &wanted);
        assert_int_equal(fault, size <= OPENID_TOKEN_MAX ? OPENID_FINE : OPENID_TOKEN);
        largest = size <= OPENID_TOKEN_MAX && size > largest ? size : largest;
        smallest = size > OPENID_TOKEN_MAX && size < smallest ? size : smallest;
        free(token);
        free(claims);
        free(value);
    }
    assert_true(largest > OPENID_TOKEN_MAX - 3 && smallest < OPENID_TOKEN_MAX + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_he_is),
        cmocka_unit_test(test_each_algorithm),
        cmocka_unit_test(test_examples_of_the_standards),
        cmocka_unit_test(test_each_claim_wrong_once),
        cmocka_unit_test(test_subjects_are_limited),
        cmocka_unit_test(test_a_nonce_is_wanted),
        cmocka_unit_test(test_it_goes_with_its_access_token),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_algorithms_are_not_confused),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_huge),
    };
    return cmocka_run_group_tests(tests, keys_make, keys_done);
}
