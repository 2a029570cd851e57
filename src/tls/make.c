/* Certificates for trials: P-256, signed by themselves, good for the names that are asked for and
 * for nothing else: no authority, so that who trusts one trusts this server alone. */
#include "tls/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#define HOUR_S 3600
#define DAY_S 86400L

/* ---- names
 * ---------------------------------------------------------------------------------------- */
/* Labels of letters, digits and inner hyphens, at most 63 each (RFC 1123, 2.1); the first may be a
 * "*" alone. */
static bool is_host_name(const char *name)
{
    size_t size = strlen(name), label = 0;
    if (size == 0 || size > 253)
        return false;
    if (strncmp(name, "*.", 2) == 0)
        name += 2;
    for (const char *at = name;; at++) {
        bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                      (*at >= '0' && *at <= '9') || *at == '_';
        if (*at == '.' || *at == '\0') {
            if (label == 0 || label > 63 || at[-1] == '-')
                return false;
            if (*at == '\0')
                return true;
            label = 0;
        } else if (letter || (*at == '-' && label > 0)) {
            label++;
        } else {
            return false;
        }
    }
}

static GENERAL_NAME *name_of(const char *text)
{
    uint8_t address[16];
    int size = inet_pton(AF_INET, text, address) == 1    ? 4
               : inet_pton(AF_INET6, text, address) == 1 ? 16
                                                         : 0;
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = size > 0 ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    bool good =
        name != NULL && value != NULL &&
        (size > 0 ? ASN1_STRING_set(value, address, size) : ASN1_STRING_set(value, text, -1));
    if (!good) {
        ASN1_STRING_free(value);
        GENERAL_NAME_free(name);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, size > 0 ? GEN_IPADD : GEN_DNS, value);
    return name;
}

static bool names_put(X509 *x509, const char *const *names, size_t count)
{
    GENERAL_NAMES *list = GENERAL_NAMES_new();
    bool good = list != NULL;
    for (size_t i = 0; good && i < count; i++) {
        GENERAL_NAME *name = name_of(names[i]);
        good = name != NULL && sk_GENERAL_NAME_push(list, name) > 0;
        if (!good)
            GENERAL_NAME_free(name);
    }
    good = good && X509_add1_ext_i2d(x509, NID_subject_alt_name, list, 0, 0) == 1;
    GENERAL_NAMES_free(list);
    return good;
}

static enum err names_check(const char *const *names, size_t count, char *fault)
{
    uint8_t address[16];
    if (count == 0 || count > TLS_CERTIFICATE_NAMES_MAX) {
        snprintf(fault, TLS_FAULT_SIZE, "1 to %d names are wanted, %zu were given",
                 TLS_CERTIFICATE_NAMES_MAX, count);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        if (inet_pton(AF_INET, names[i], address) == 1 ||
            inet_pton(AF_INET6, names[i], address) == 1 || is_host_name(names[i]))
            continue;
        snprintf(fault, TLS_FAULT_SIZE,
                 "\"%.80s\" is neither a host name nor an address: mainstem.example, *.example or "
                 "192.0.2.7 is wanted",
                 names[i]);
        return ERR_INVALID;
    }
    return OK;
}

/* ---- the certificate
 * ------------------------------------------------------------------------------ */
static bool extension_put(X509 *x509, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool good = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static bool serial_put(X509 *x509)
{
    uint8_t bytes[16]; /* unguessable and positive (RFC 5280, 4.1.2.2) */
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool good = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != NULL;
    BN_free(number);
    return good;
}

/* The subject is what people see in lists: the first name, as far as a common name may be long. */
static bool subject_put(X509 *x509, const char *name)
{
    char text[65]; /* ub-common-name is 64 (RFC 5280, appendix A.1) */
    snprintf(text, sizeof text, "%.64s", name);
    X509_NAME *subject = X509_get_subject_name(x509);
    return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                                      (const uint8_t *)"Mainstem self-signed", -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const uint8_t *)text, -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(x509, subject) == 1;
}

static X509 *certificate_build(EVP_PKEY *key, const char *const *names, size_t count, unsigned days)
{
    X509 *x509 = X509_new();
    bool good = x509 != NULL && X509_set_version(x509, X509_VERSION_3) == 1 && serial_put(x509) &&
                X509_gmtime_adj(X509_getm_notBefore(x509), -HOUR_S) != NULL &&
                X509_gmtime_adj(X509_getm_notAfter(x509), DAY_S * (long)days) != NULL &&
                X509_set_pubkey(x509, key) == 1 && subject_put(x509, names[0]) &&
                extension_put(x509, NID_basic_constraints, "critical,CA:FALSE") &&
                extension_put(x509, NID_key_usage, "critical,digitalSignature") &&
                extension_put(x509, NID_ext_key_usage, "serverAuth") &&
                extension_put(x509, NID_subject_key_identifier, "hash") &&
                names_put(x509, names, count) && X509_sign(x509, key, EVP_sha256()) > 0;
    if (good)
        return x509;
    X509_free(x509);
    return NULL;
}

/* What was written to a memory BIO, as a text of ours. */
static char *text_take(BIO *bio)
{
    char *at;
    long size = bio == NULL ? 0 : BIO_get_mem_data(bio, &at);
    char *text = size > 0 ? malloc((size_t)size + 1) : NULL;
    if (text == NULL)
        return NULL;
    memcpy(text, at, (size_t)size);
    text[size] = '\0';
    return text;
}

enum err tls_certificate_make(const char *const *names, size_t count, unsigned days,
                              char **ret_certificate, char **ret_key, char *fault)
{
    check(days > 0 && days <= 36500);
    enum err err = names_check(names, count, fault);
    if (err != OK)
        return err;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = key == NULL ? NULL : certificate_build(key, names, count, days);
    BIO *certificate_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_secmem());
    char *certificate = NULL, *key_text = NULL;
    if (x509 != NULL && certificate_bio != NULL && key_bio != NULL &&
        PEM_write_bio_X509(certificate_bio, x509) == 1 &&
        PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
        certificate = text_take(certificate_bio);
        key_text = text_take(key_bio);
    }
    BIO_free(certificate_bio);
    BIO_free(key_bio);
    X509_free(x509);
    EVP_PKEY_free(key);
    if (certificate == NULL || key_text == NULL) {
        fault_of_openssl(fault, TLS_FAULT_SIZE);
        free(certificate);
        free(key_text);
        return ERR_NO_MEMORY;
    }
    *ret_certificate = certificate;
    *ret_key = key_text;
    return OK;
}
