/* Any bytes as what a provider says: documents, keys, tokens. Claims are reached too: bytes that
 * are signed here, as a provider that means harm could.
 *
 *      input    byte: which reader; the bytes (of 1: keys, a line end, the token) */
#include "openid/room.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct openid_wanted wanted = {.issuer = {(const uint8_t *)"https://id.example", 18},
                                            .client_id = {(const uint8_t *)"mainstem", 8},
                                            .nonce = {(const uint8_t *)"n-1", 3},
                                            .access_token = {(const uint8_t *)"x", 1},
                                            .now_s = 1772352000};

static void document(struct bytes json)
{
    struct openid_document read;
    if (openid_document_read(json, wanted.issuer, false, &read) != OPENID_FINE)
        return;
    check(openid_url_is_good(bytes_text(read.authorization), false));
    check(openid_url_is_good(bytes_text(read.token), false));
    check(openid_url_is_good(bytes_text(read.keys), false));
}

static void claims_are_whole(const struct openid_claims *claims)
{
    check(claims->subject[0] != '\0');
    check(memchr(claims->subject, '\0', sizeof claims->subject) != NULL);
    check(memchr(claims->email, '\0', sizeof claims->email) != NULL);
    check(bytes_are_utf8(bytes_text(claims->subject)) && strchr(claims->subject, '\n') == NULL);
    check(bytes_are_utf8(bytes_text(claims->name)) && bytes_are_utf8(bytes_text(claims->user)));
}

static void foreign(struct bytes bytes)
{
    struct openid_claims claims;
    const uint8_t *end = memchr(bytes.at, '\n', bytes.size);
    size_t keys = end != NULL ? (size_t)(end - bytes.at) : 0;
    struct bytes token = end != NULL ? bytes_of(end + 1, bytes.size - keys - 1) : bytes;
    if (openid_token_verify(token, bytes_of(bytes.at, keys), &wanted, &claims) == OPENID_FINE)
        claims_are_whole(&claims);
}

/* Ed25519 of a fixed seed: signing is cheap. */
static void own(struct bytes bytes)
{
    static const char header[] = "eyJhbGciOiJFZERTQSJ9"; /* {"alg":"EdDSA"} */
    static EVP_PKEY *key;
    static char keys[256];
    uint8_t seed[32] = {7}, raw[64];
    size_t size = 32;
    if (key == NULL) {
        char x[SECRET_BASE64_SIZE(32)];
        key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
        check(key != NULL && EVP_PKEY_get_raw_public_key(key, raw, &size) == 1);
        secret_base64_put(bytes_of(raw, size), x);
        snprintf(keys, sizeof keys,
                 "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}]}", x);
    }
    char *token = malloc(sizeof header + SECRET_BASE64_SIZE(bytes.size) + 128);
    check(token != NULL);
    memcpy(token, header, sizeof header);
    strcat(token, ".");
    secret_base64_put(bytes, token + strlen(token));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size = sizeof raw;
    check(EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
          EVP_DigestSign(context, raw, &size, (const uint8_t *)token, strlen(token)) == 1);
    EVP_MD_CTX_free(context);
    strcat(token, ".");
    secret_base64_put(bytes_of(raw, size), token + strlen(token));
    struct openid_claims claims;
    enum openid_fault fault =
        openid_token_verify(bytes_text(token), bytes_text(keys), &wanted, &claims);
    check(fault != OPENID_SIGNATURE && fault != OPENID_KEY && fault != OPENID_ALGORITHM);
    if (fault == OPENID_FINE)
        claims_are_whole(&claims);
    free(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 8192 || secrets_start() != OK)
        return 0;
    struct bytes bytes = bytes_of(data + 1, size - 1);
    if (data[0] % 3 == 0)
        document(bytes);
    else if (data[0] % 3 == 1)
        foreign(bytes);
    else
        own(bytes);
    return 0;
}
