/* What the tests of this folder share: certificates of a test's own, and a server's and a client's
 * session with two buffers between them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tls/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define WIRE_BYTES ((size_t)1 << 20)
#define PLAIN_BYTES (WIRE_BYTES + TLS_RECORD_MAX)

/* ---- files ---- */
static char test_folder[64];
static char fault[TLS_FAULT_SIZE];

static inline char *path_of(const char *name, char *path)
{
    snprintf(path, TLS_PATH_SIZE, "%s/%s", test_folder, name);
    return path;
}

static inline void file_put(const char *name, const char *text)
{
    char path[TLS_PATH_SIZE];
    FILE *file = fopen(path_of(name, path), "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static inline int folder_make(void **state)
{
    (void)state;
    snprintf(test_folder, sizeof test_folder, "/tmp/mainstem-tls-XXXXXX");
    return mkdtemp(test_folder) == NULL;
}

static inline int folder_drop(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", test_folder);
    return system(command);
}

/* ---- certificates ---- */
struct identity {
    EVP_PKEY *key;
    X509 *x509;
};

static inline void extension_add(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* signer NULL: by itself. names: as "DNS:a,IP:127.0.0.1"; NULL: an authority. from and until: in
 * days from now. */
static inline struct identity identity_make(EVP_PKEY *key, const struct identity *signer,
                                            const char *common_name, const char *names, long from,
                                            long until)
{
    struct identity one = {.key = key, .x509 = X509_new()};
    static long serial = 1000;
    X509_set_version(one.x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(one.x509), serial++);
    X509_gmtime_adj(X509_getm_notBefore(one.x509), from * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(one.x509), until * 86400L);
    X509_set_pubkey(one.x509, key);
    X509_NAME *name = X509_get_subject_name(one.x509);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const uint8_t *)common_name, -1, -1, 0),
                     1);
    X509_set_issuer_name(one.x509, signer ? X509_get_subject_name(signer->x509) : name);
    X509 *issuer = signer ? signer->x509 : one.x509;
    extension_add(one.x509, issuer, NID_basic_constraints,
                  names ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (names && names[0])
        extension_add(one.x509, issuer, NID_subject_alt_name, names);
    assert_true(X509_sign(one.x509, signer ? signer->key : key, EVP_sha256()) > 0);
    return one;
}

static inline struct identity identity_of(const struct identity *signer, const char *common_name,
                                          const char *names)
{
    return identity_make(EVP_EC_gen("P-256"), signer, common_name, names, -1, 30);
}

static inline void identity_free(struct identity *one)
{
    EVP_PKEY_free(one->key);
    X509_free(one->x509);
}

/* NAME.crt and NAME.key. */
static inline void identity_put(const struct identity *one, const char *name)
{
    char file[64], path[TLS_PATH_SIZE];
    snprintf(file, sizeof file, "%s.crt", name);
    FILE *to = fopen(path_of(file, path), "we");
    assert_non_null(to);
    assert_int_equal(PEM_write_X509(to, one->x509), 1);
    assert_int_equal(fclose(to), 0);
    snprintf(file, sizeof file, "%s.key", name);
    to = fopen(path_of(file, path), "we");
    assert_non_null(to);
    assert_int_equal(PEM_write_PrivateKey(to, one->key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(to), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static inline void identity_write(const struct identity *signer, const char *name,
                                  const char *common_name, const char *names)
{
    struct identity one = identity_of(signer, common_name, names);
    identity_put(&one, name);
    identity_free(&one);
}

/* ---- a set, a house, a trust ---- */
static inline struct tls_files files_named(const char *certificate, const char *folder,
                                           const char *client_ca)
{
    struct tls_files files = {.only_13 = false};
    char name[64];
    if (certificate) {
        snprintf(name, sizeof name, "%s.crt", certificate);
        path_of(name, files.certificate);
        snprintf(name, sizeof name, "%s.key", certificate);
        path_of(name, files.key);
    }
    if (folder)
        path_of(folder, files.folder);
    if (client_ca)
        path_of(client_ca, files.client_ca);
    return files;
}

static inline struct tls_set *set_of(const struct tls_files *files)
{
    struct tls_set *set = NULL;
    fault[0] = '\0';
    if (tls_set_load(files, &set, fault) != OK)
        fail_msg("the set cannot be loaded: %s", fault);
    return set;
}

static inline struct tls_house *house_of(const struct tls_files *files)
{
    struct tls_house *house;
    assert_int_equal(tls_house_create(set_of(files), &house), OK);
    return house;
}

static inline struct tls_trust *trust_of(const char *ca, const char *own)
{
    struct tls_trust *trust;
    char ca_path[TLS_PATH_SIZE] = "", certificate[TLS_PATH_SIZE] = "", key[TLS_PATH_SIZE] = "";
    char name[64];
    if (ca)
        path_of(ca, ca_path);
    if (own) {
        snprintf(name, sizeof name, "%s.crt", own);
        path_of(name, certificate);
        snprintf(name, sizeof name, "%s.key", own);
        path_of(name, key);
    }
    struct tls_trust_config config = {
        .ca = ca_path, .certificate = certificate, .key = key, .insecure = ca == NULL};
    if (tls_trust_create(&config, &trust, fault) != OK)
        fail_msg("the trust cannot be made: %s", fault);
    return trust;
}

/* ---- two sessions and the wire between them ---- */
struct side {
    struct tls_session *session;
    enum tls_taken taken;
    uint8_t *sealed, *plain; /* on its way to the other side; what it was told */
    size_t sealed_size, plain_size;
};
struct pair {
    struct side server, client;
    size_t piece; /* bytes that come at once; 0: all */
};

static inline void pair_begin(struct pair *pair)
{
    struct side *sides[] = {&pair->server, &pair->client};
    for (size_t i = 0; i < 2; i++) {
        sides[i]->sealed = malloc(WIRE_BYTES);
        sides[i]->plain = malloc(PLAIN_BYTES * 2);
        sides[i]->sealed_size = sides[i]->plain_size = 0;
        sides[i]->taken = TLS_MORE;
    }
}

static inline void pair_open(struct pair *pair, struct tls_house *house, struct tls_trust *trust,
                             const char *host, const char *protocol,
                             const struct tls_ticket *ticket)
{
    *pair = (struct pair){.piece = 0};
    pair_begin(pair);
    assert_int_equal(tls_session_create(house, "mqtt", &pair->server.session), OK);
    assert_int_equal(tls_session_connect(trust, host, protocol, ticket, &pair->client.session), OK);
}

static inline void pair_close(struct pair *pair)
{
    struct side *sides[] = {&pair->server, &pair->client};
    for (size_t i = 0; i < 2; i++) {
        tls_session_destroy(sides[i]->session);
        free(sides[i]->sealed);
        free(sides[i]->plain);
    }
}

static inline void side_take(struct side *side, struct bytes bytes)
{
    struct tls_output output = {.at = side->sealed, .size = side->sealed_size, .room = WIRE_BYTES};
    uint8_t *heap = malloc(bytes.size > 0 ? bytes.size : 1); /* so that a read beyond is seen */
    size_t size;
    if (bytes.size > 0)
        memcpy(heap, bytes.at, bytes.size);
    side->taken =
        tls_session_take(side->session, bytes_of(heap, bytes.size), side->plain + side->plain_size,
                         PLAIN_BYTES * 2 - side->plain_size, &size, &output);
    side->plain_size += size;
    side->sealed_size = output.size;
    free(heap);
}

/* What one side sealed comes to the other. */
static inline void side_deliver(struct side *from, struct side *to, size_t piece)
{
    size_t size = from->sealed_size;
    uint8_t *wire = malloc(size + 1);
    memcpy(wire, from->sealed, size);
    from->sealed_size = 0;
    for (size_t at = 0; at < size;) {
        size_t now = piece == 0 || piece > size - at ? size - at : piece;
        side_take(to, bytes_of(wire + at, now));
        at += now;
    }
    free(wire);
}

/* Until neither has more to say. */
static inline void pair_run(struct pair *pair)
{
    if (!tls_session_is_open(pair->client.session) && pair->client.sealed_size == 0)
        side_take(&pair->client, bytes_of(NULL, 0));
    while (pair->client.sealed_size + pair->server.sealed_size > 0) {
        side_deliver(&pair->client, &pair->server, pair->piece);
        side_deliver(&pair->server, &pair->client, pair->piece);
    }
}

static inline void side_put(struct side *side, const void *at, size_t size)
{
    struct tls_output output = {.at = side->sealed, .size = side->sealed_size, .room = WIRE_BYTES};
    assert_true(tls_session_put(side->session, bytes_of(at, size), &output));
    side->sealed_size = output.size;
}

static inline void side_close(struct side *side)
{
    struct tls_output output = {.at = side->sealed, .size = side->sealed_size, .room = WIRE_BYTES};
    tls_session_close(side->session, &output);
    side->sealed_size = output.size;
}

static inline void assert_open(const struct pair *pair)
{
    if (!tls_session_is_open(pair->server.session) || !tls_session_is_open(pair->client.session))
        fail_msg("no session: the server says %s (%s), the client %s (%s)",
                 tls_fault_word(tls_session_fault(pair->server.session)),
                 tls_session_detail(pair->server.session),
                 tls_fault_word(tls_session_fault(pair->client.session)),
                 tls_session_detail(pair->client.session));
}
