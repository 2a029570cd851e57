/* test_token: what a provider has: keys, and tokens signed with them. */
#pragma once

#include "openid/room.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline EVP_PKEY *test_key(const char *algorithm)
{
    EVP_PKEY *key = algorithm[0] == 'E' && algorithm[1] == 'S' ? EVP_EC_gen("P-256")
                    : algorithm[0] == 'E' ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                          : EVP_RSA_gen(2048);
    check(key != NULL);
    return key;
}

static inline void test_key_number(const EVP_PKEY *key, const char *name, size_t size, char *text)
{
    BIGNUM *number = NULL;
    uint8_t bytes[1024];
    check(EVP_PKEY_get_bn_param(key, name, &number) == 1);
    size = size > 0 ? size : (size_t)BN_num_bytes(number);
    check(BN_bn2binpad(number, bytes, (int)size) == (int)size);
    secret_base64_put(bytes_of(bytes, size), text);
    BN_free(number);
}

/* A set of one key: {"keys":[{..,"kid":id,..}]}; more: members behind, as ",\"use\":\"sig\"". */
static inline void test_key_set(const EVP_PKEY *key, const char *id, const char *more, char *text,
                                size_t room)
{
    char a[SECRET_BASE64_SIZE(1024)], b[SECRET_BASE64_SIZE(1024)];
    uint8_t raw[32];
    size_t size = sizeof raw;
    if (EVP_PKEY_is_a(key, "RSA")) {
        test_key_number(key, OSSL_PKEY_PARAM_RSA_N, 0, a);
        test_key_number(key, OSSL_PKEY_PARAM_RSA_E, 0, b);
        snprintf(text, room,
                 "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\",\"kid\":\"%s\"%s}]}", a, b,
                 id, more);
    } else if (EVP_PKEY_is_a(key, "EC")) {
        test_key_number(key, OSSL_PKEY_PARAM_EC_PUB_X, 32, a);
        test_key_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32, b);
        snprintf(text, room,
                 "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\",\"kid\":"
                 "\"%s\"%s}]}",
                 a, b, id, more);
    } else {
        check(EVP_PKEY_get_raw_public_key(key, raw, &size) == 1);
        secret_base64_put(bytes_of(raw, size), a);
        snprintf(text, room,
                 "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\",\"kid\":\"%s\"%s}]}",
                 a, id, more);
    }
}

/* DER to the 64 bytes of RFC 7518, 3.4. */
static inline size_t test_signature_raw(uint8_t *at, size_t size)
{
    const unsigned char *from = at;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &from, (long)size);
    check(pair != NULL);
    uint8_t raw[64];
    check(BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, 32) == 32);
    check(BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + 32, 32) == 32);
    memcpy(at, raw, sizeof raw);
    ECDSA_SIG_free(pair);
    return sizeof raw;
}

/* header.claims.signature; the caller's. how: the algorithm that is really used. */
static inline char *test_token(EVP_PKEY *key, const char *how, const char *header,
                               const char *claims)
{
    size_t room = 2 * (strlen(header) + strlen(claims)) + 4096;
    char *text = malloc(room);
    uint8_t signature[1024];
    size_t size = sizeof signature;
    check(text != NULL);
    secret_base64_put(bytes_text(header), text);
    strcat(text, ".");
    secret_base64_put(bytes_text(claims), text + strlen(text));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inside = NULL;
    const EVP_MD *hash = strcmp(how, "EdDSA") == 0 ? NULL : EVP_sha256();
    check(EVP_DigestSignInit(context, &inside, hash, NULL, key) == 1);
    if (strcmp(how, "PS256") == 0)
        check(EVP_PKEY_CTX_set_rsa_padding(inside, RSA_PKCS1_PSS_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_pss_saltlen(inside, RSA_PSS_SALTLEN_DIGEST) == 1);
    check(EVP_DigestSign(context, signature, &size, (const uint8_t *)text, strlen(text)) == 1);
    EVP_MD_CTX_free(context);
    if (strcmp(how, "ES256") == 0)
        size = test_signature_raw(signature, size);
    strcat(text, ".");
    secret_base64_put(bytes_of(signature, size), text + strlen(text));
    return text;
}
