/* Certificates and keys as files and as people see them. What is read is bounded before OpenSSL
 * sees it, and each fault is a sentence that names the file and says what to do. */
#include "tls/room.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* ---- files
 * ---------------------------------------------------------------------------------------- */
void fault_of_openssl(char *text, size_t size)
{
    unsigned long error = ERR_peek_last_error();
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;
    snprintf(text, size, "%s", reason != NULL ? reason : "OpenSSL does not say why");
    ERR_clear_error();
}

static enum err file_fault(const char *path, int error, char *fault)
{
    snprintf(fault, TLS_FAULT_SIZE, "%.255s cannot be read: %s%s", path, strerror(error),
             error == EACCES ? "; the user that the server runs as must be able to read it" : "");
    return error == ENOENT ? ERR_MISSING : error == EACCES ? ERR_REFUSED : ERR_IO;
}

enum err file_read(const char *path, char **ret_text, size_t *ret_size, char *fault)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return file_fault(path, errno, fault);
    enum err err = OK;
    char *text = malloc(TLS_FILE_MAX + 2);
    size_t size = text == NULL ? 0 : fread(text, 1, TLS_FILE_MAX + 1, file);
    if (text == NULL) {
        snprintf(fault, TLS_FAULT_SIZE, "%.255s cannot be read: out of memory", path);
        err = ERR_NO_MEMORY;
    } else if (ferror(file)) {
        err = file_fault(path, errno, fault);
    } else if (size > TLS_FILE_MAX) {
        snprintf(fault, TLS_FAULT_SIZE, "%.255s is larger than 1 MiB: that is no PEM file of ours",
                 path);
        err = ERR_LIMIT;
    }
    fclose(file);
    if (err != OK) {
        free(text);
        return err;
    }
    text[size] = '\0';
    *ret_text = text;
    *ret_size = size;
    return OK;
}

/* A key under a passphrase is not asked for it. */
static int passphrase_refuse(char *buffer, int size, int writes, void *arg)
{
    (void)buffer, (void)size, (void)writes;
    *(bool *)arg = true;
    return -1;
}

enum err certificates_parse(struct bytes text, const char *path, STACK_OF(X509) * *ret, char *fault)
{
    STACK_OF(X509) *list = sk_X509_new_null();
    BIO *bio = BIO_new_mem_buf(text.at, (int)text.size);
    X509 *one;
    ERR_clear_error();
    while (list != NULL && bio != NULL && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        if (sk_X509_push(list, one) == 0)
            X509_free(one);
    BIO_free(bio);
    bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    int count = list == NULL ? 0 : sk_X509_num(list);
    if (count > 0 && at_end) {
        ERR_clear_error();
        *ret = list;
        return OK;
    }
    char reason[128];
    fault_of_openssl(reason, sizeof reason);
    if (at_end)
        snprintf(fault, TLS_FAULT_SIZE,
                 "%.255s holds no certificate: a PEM file is wanted, with a line -----BEGIN "
                 "CERTIFICATE-----",
                 path);
    else
        snprintf(fault, TLS_FAULT_SIZE, "%.255s: certificate %d is broken: %.120s", path, count + 1,
                 reason);
    sk_X509_pop_free(list, X509_free);
    return ERR_INVALID;
}

enum err key_read(const char *path, EVP_PKEY **ret_key, char *fault)
{
    char *text, reason[128];
    size_t size;
    bool asked = false;
    enum err err = file_read(path, &text, &size, fault);
    if (err != OK)
        return err;
    ERR_clear_error();
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, passphrase_refuse, &asked) : NULL;
    BIO_free(bio);
    OPENSSL_cleanse(text, size);
    free(text);
    if (key != NULL) {
        *ret_key = key;
        return OK;
    }
    fault_of_openssl(reason, sizeof reason);
    if (asked)
        snprintf(fault, TLS_FAULT_SIZE,
                 "%.255s is under a passphrase, and nobody is there to type it: take it off with "
                 "openssl pkey -in FILE -out NEW",
                 path);
    else
        snprintf(fault, TLS_FAULT_SIZE,
                 "%.255s holds no private key: a PEM file is wanted, with a line -----BEGIN "
                 "PRIVATE KEY----- (%.100s)",
                 path, reason);
    return ERR_INVALID;
}

/* ---- as people see them
 * --------------------------------------------------------------------------- */
static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

bool certificate_fingerprint(const X509 *x509, uint8_t bytes[TLS_FINGERPRINT_BYTES])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (X509_digest(x509, EVP_sha256(), digest, NULL) != 1)
        return false; /* no memory */
    memcpy(bytes, digest, TLS_FINGERPRINT_BYTES);
    return true;
}

static void fingerprint_print(const X509 *x509, char text[TLS_FINGERPRINT_SIZE])
{
    uint8_t bytes[TLS_FINGERPRINT_BYTES];
    text[0] = '\0';
    if (!certificate_fingerprint(x509, bytes))
        return;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(text + i * 2, 3, "%02x", bytes[i]);
}

bool certificate_common_name(const X509 *x509, char *text, size_t size)
{
    const X509_NAME *subject = X509_get_subject_name(x509);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    uint8_t *utf8 = NULL;
    text[0] = '\0';
    if (at < 0)
        return false;
    const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, at);
    int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
    /* A NUL inside would make two names look like one. */
    bool good = length > 0 && (size_t)length < size && memchr(utf8, 0, (size_t)length) == NULL &&
                bytes_are_utf8(bytes_of(utf8, (size_t)length));
    if (good) {
        memcpy(text, utf8, (size_t)length);
        text[length] = '\0';
    }
    OPENSSL_free(utf8);
    return good;
}

/* "CN = a, O = b" as one line; what does not fit is cut. */
static void name_print(const X509_NAME *name, char text[TLS_NAME_SIZE])
{
    BIO *bio = BIO_new(BIO_s_mem());
    int size = 0;
    if (bio != NULL &&
        X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) > 0)
        size = BIO_read(bio, text, TLS_NAME_SIZE - 1);
    text[size > 0 ? size : 0] = '\0';
    BIO_free(bio);
}

static void names_add(struct tls_certificate *ret, const char *name, size_t size)
{
    size_t used = strlen(ret->names), room = sizeof ret->names;
    if (used + size + sizeof ", ..." > room) {
        if (used >= 3 && memcmp(ret->names + used - 3, "...", 3) != 0)
            memcpy(ret->names + used, ", ...", sizeof ", ...");
        return;
    }
    snprintf(ret->names + used, room - used, "%s%.*s", used > 0 ? ", " : "", (int)size, name);
}

/* Whom it names. */
static void names_describe(X509 *x509, struct tls_certificate *ret)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        char text[INET6_ADDRSTRLEN] = "";
        if (name->type == GEN_DNS) {
            names_add(ret, (const char *)ASN1_STRING_get0_data(name->d.dNSName),
                      (size_t)ASN1_STRING_length(name->d.dNSName));
        } else if (name->type == GEN_IPADD) {
            int size = ASN1_STRING_length(name->d.iPAddress);
            if ((size == 4 || size == 16) &&
                inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress),
                          text, sizeof text))
                names_add(ret, text, strlen(text));
        }
    }
    GENERAL_NAMES_free(names);
    if (ret->names[0] == '\0')
        (void)certificate_common_name(x509, ret->names, TLS_NAME_SIZE);
}

static void key_describe(X509 *x509, char text[64])
{
    const EVP_PKEY *key = X509_get0_pubkey(x509);
    char group[32] = "";
    size_t size;
    if (key == NULL)
        snprintf(text, 64, "unknown");
    else if (EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1)
        snprintf(text, 64, "EC %s, %d bits", group, EVP_PKEY_get_bits(key));
    else
        snprintf(text, 64, "%.30s, %d bits", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
}

void certificate_describe(X509 *x509, struct tls_certificate *ret)
{
    memset(ret, 0, sizeof *ret);
    name_print(X509_get_subject_name(x509), ret->subject);
    name_print(X509_get_issuer_name(x509), ret->issuer);
    names_describe(x509, ret);
    key_describe(x509, ret->key);
    snprintf(ret->signature, sizeof ret->signature, "%s", OBJ_nid2ln(X509_get_signature_nid(x509)));
    fingerprint_print(x509, ret->fingerprint);
    ret->from_s = seconds_of(X509_get0_notBefore(x509));
    ret->until_s = seconds_of(X509_get0_notAfter(x509));
    ret->self_signed = X509_self_signed(x509, 0) == 1;
    ERR_clear_error();
}

enum err tls_certificate_read(const char *path, struct tls_certificate *certificates, size_t most,
                              size_t *ret_count, char *fault)
{
    char *text;
    size_t size;
    STACK_OF(X509) * list;
    enum err err = file_read(path, &text, &size, fault);
    if (err != OK)
        return err;
    err = certificates_parse(bytes_of(text, size), path, &list, fault);
    OPENSSL_cleanse(text, size); /* there may be a key in it as well */
    free(text);
    if (err != OK)
        return err;
    for (int i = 0; i < sk_X509_num(list) && (size_t)i < most; i++)
        certificate_describe(sk_X509_value(list, i), &certificates[i]);
    *ret_count = (size_t)sk_X509_num(list);
    sk_X509_pop_free(list, X509_free);
    return OK;
}
