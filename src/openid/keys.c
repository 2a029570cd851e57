/* Signatures by keys of a JWK set: RFC 7518 (RSA, EC), RFC 8037 (Ed25519). Which algorithm it is
 * decides what a key must be, never the other way round: no public key can stand as a secret. */
#include "openid/room.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#define RSA_BYTES_MIN 256 /* 2,048 bits */
#define RSA_BYTES_MAX 1024
#define P256_BYTES 32

enum signing { SIGNING_RS256, SIGNING_PS256, SIGNING_ES256, SIGNING_EDDSA, SIGNINGS };
static const struct {
    const char *algorithm, *type, *curve;
} signings[] = {[SIGNING_RS256] = {"RS256", "RSA", NULL},
                [SIGNING_PS256] = {"PS256", "RSA", NULL},
                [SIGNING_ES256] = {"ES256", "EC", "P-256"},
                [SIGNING_EDDSA] = {"EdDSA", "OKP", "Ed25519"}};

static enum signing signing_find(const char *algorithm)
{
    enum signing at = 0;
    while (at < SIGNINGS && strcmp(signings[at].algorithm, algorithm) != 0)
        at++;
    return at;
}

bool algorithm_is_accepted(const char *algorithm)
{
    return signing_find(algorithm) < SIGNINGS;
}

/* ---- a key -------------------------------------------------------------------------------------
 */
static bool member_bytes(const json_t *key, const char *name, uint8_t *at, size_t room,
                         size_t *ret_size)
{
    struct bytes text;
    return object_text(key, name, SECRET_BASE64_SIZE(RSA_BYTES_MAX), &text) &&
           secret_base64_get(text, at, room, ret_size) == OK && *ret_size > 0;
}

static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *made = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params != NULL && context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, params) != 1)
        made = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return made;
}

static EVP_PKEY *key_rsa(const json_t *key)
{
    uint8_t modulus[RSA_BYTES_MAX], exponent[8];
    size_t modulus_size, exponent_size;
    EVP_PKEY *made = NULL;
    if (!member_bytes(key, "n", modulus, sizeof modulus, &modulus_size) ||
        !member_bytes(key, "e", exponent, sizeof exponent, &exponent_size) ||
        modulus_size < RSA_BYTES_MIN || modulus[0] == 0 || (exponent[exponent_size - 1] & 1) == 0 ||
        (exponent_size == 1 && exponent[0] < 3))
        return NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(modulus, (int)modulus_size, NULL);
    BIGNUM *e = BN_bin2bn(exponent, (int)exponent_size, NULL);
    if (build != NULL && n != NULL && e != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        made = key_from("RSA", build);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return made;
}

static EVP_PKEY *key_p256(const json_t *key)
{
    uint8_t point[1 + 2 * P256_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    size_t x, y;
    EVP_PKEY *made = NULL;
    if (!member_bytes(key, "x", point + 1, P256_BYTES, &x) || x != P256_BYTES ||
        !member_bytes(key, "y", point + 1 + P256_BYTES, P256_BYTES, &y) || y != P256_BYTES)
        return NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (build != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1)
        made = key_from("EC", build);
    OSSL_PARAM_BLD_free(build);
    return made;
}

static EVP_PKEY *key_ed25519(const json_t *key)
{
    uint8_t x[32];
    size_t size;
    if (!member_bytes(key, "x", x, sizeof x, &size) || size != sizeof x)
        return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, sizeof x);
}

static bool member_is(const json_t *key, const char *name, const char *wanted, bool absent)
{
    const json_t *value = json_object_get(key, name);
    if (value == NULL)
        return absent;
    const char *text = json_string_value(value);
    return text != NULL && strcmp(text, wanted) == 0;
}

static bool key_suits(const json_t *key, enum signing signing)
{
    return member_is(key, "kty", signings[signing].type, false) &&
           member_is(key, "use", "sig", true) &&
           member_is(key, "alg", signings[signing].algorithm, true) &&
           (signings[signing].curve == NULL ||
            member_is(key, "crv", signings[signing].curve, false));
}

/* ---- a signature -------------------------------------------------------------------------------
 */
/* RFC 7518, 3.4: r and s, 32 bytes each; OpenSSL wants them as DER. */
static unsigned char *signature_der(struct bytes signature, int *ret_size)
{
    unsigned char *der = NULL;
    if (signature.size != 2 * P256_BYTES)
        return NULL;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature.at, P256_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature.at + P256_BYTES, P256_BYTES, NULL);
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL;
        *ret_size = i2d_ECDSA_SIG(pair, &der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return der;
}

static bool pss_set(EVP_PKEY_CTX *context)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool signature_is_right(EVP_PKEY *key, enum signing signing, struct bytes bytes,
                               struct bytes signature)
{
    EVP_PKEY_CTX *inside = NULL; /* the context's own */
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const EVP_MD *hash = signing == SIGNING_EDDSA ? NULL : EVP_sha256();
    unsigned char *der = NULL;
    int der_size = 0;
    bool right = context != NULL && EVP_DigestVerifyInit(context, &inside, hash, NULL, key) == 1 &&
                 (signing != SIGNING_PS256 || pss_set(inside));
    if (signing == SIGNING_ES256) {
        der = signature_der(signature, &der_size);
        right = right && der != NULL && der_size > 0;
        signature = bytes_of(der, right ? (size_t)der_size : 0);
    }
    right =
        right && EVP_DigestVerify(context, signature.at, signature.size, bytes.at, bytes.size) == 1;
    OPENSSL_free(der);
    EVP_MD_CTX_free(context);
    return right;
}

bool key_verify(const json_t *key, const char *algorithm, struct bytes bytes,
                struct bytes signature, bool *ret_suits)
{
    enum signing signing = signing_find(algorithm);
    EVP_PKEY *made = NULL;
    *ret_suits = signing < SIGNINGS && key_suits(key, signing);
    if (!*ret_suits)
        return false;
    if (signing == SIGNING_ES256)
        made = key_p256(key);
    else if (signing == SIGNING_EDDSA)
        made = key_ed25519(key);
    else
        made = key_rsa(key);
    bool right = made != NULL && signature_is_right(made, signing, bytes, signature);
    EVP_PKEY_free(made);
    return right;
}
