/* A set: what the files said at one moment, as contexts of OpenSSL, one a certificate, and a table
 * of the names they are for.
 *
 *   ClientHello with server_name --set_choose--> exact name, else "*." and the rest, else the first
 *
 * All contexts of a set differ in nothing but their certificate: a session that has changed over
 * to another has lost nothing. */
#include "tls/room.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* Names of authorities are sent to clients who choose by them; too many would make every handshake
 * long. */
#define AUTHORITY_NAMES_BYTES 4096
#define PATH_ROOM (TLS_PATH_SIZE + 300)

struct set_entry {
    SSL_CTX *context;
    char *file;
    struct tls_certificate certificate;
    bool key_open;
};
struct set_name {
    char *name; /* in small letters; "*.rest" for a wildcard */
    SSL_CTX *context;
};
struct tls_set {
    size_t holders;
    bool only_13;
    struct set_entry *entries;
    size_t entry_count;
    struct set_name *names; /* in order */
    size_t name_count, name_capacity;
    X509_STORE *authorities; /* NULL: no certificates of clients are asked for */
    STACK_OF(X509_NAME) * authority_names;
    uint64_t authority_hash;
};

/* ---- what no connection is weaker than
 * ------------------------------------------------------------- */
bool context_harden(SSL_CTX *context)
{
    /* Forward secrecy and authenticated encryption alone; AES first, as there are instructions for
     * it, unless the client has none (PRIORITIZE_CHACHA). */
    static const char suites_12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
    static const char suites_13[] =
        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                     SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1);
    SSL_CTX_clear_options(context, SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION |
                                       SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_TLSv1_2 |
                                       SSL_OP_NO_TLSv1_3);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_max_early_data(context, 0);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, suites_12) == 1 &&
           SSL_CTX_set_ciphersuites(context, suites_13) == 1 &&
           SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1;
}

/* ---- a certificate and its key
 * --------------------------------------------------------------------- */
static enum err chain_check(STACK_OF(X509) * chain, const char *path, char *fault)
{
    size_t bytes = 0;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        int size = i2d_X509(sk_X509_value(chain, i), NULL);
        bytes += size > 0 ? (size_t)size : 0;
    }
    if (sk_X509_num(chain) <= TLS_CHAIN_MAX + 1 && bytes <= TLS_CHAIN_BYTES)
        return OK;
    snprintf(fault, TLS_FAULT_SIZE,
             "%.255s holds %d certificates of %zu bytes; one and at most %d above it of %zu bytes "
             "together are sent: is it a list of authorities?",
             path, sk_X509_num(chain), bytes, TLS_CHAIN_MAX, TLS_CHAIN_BYTES);
    return ERR_LIMIT;
}

static enum err identity_fault(const char *certificate, const char *key, char *fault)
{
    char reason[128];
    int code = ERR_GET_REASON(ERR_peek_last_error());
    fault_of_openssl(reason, sizeof reason);
    if (code == X509_R_KEY_VALUES_MISMATCH || code == X509_R_KEY_TYPE_MISMATCH ||
        code == SSL_R_PRIVATE_KEY_MISMATCH)
        snprintf(
            fault, TLS_FAULT_SIZE,
            "the key in %.200s is not the one of the certificate in %.200s: give the pair that "
            "was made together",
            key, certificate);
    else
        snprintf(fault, TLS_FAULT_SIZE,
                 "%.200s cannot be used: %.100s. Wanted is an ECDSA key of 224 bits or RSA of 2048 "
                 "at least, signed with SHA-256 or better",
                 certificate, reason);
    return ERR_INVALID;
}

enum err context_identify(SSL_CTX *context, const char *certificate, const char *key,
                          X509 **ret_own, char *fault)
{
    char *text;
    size_t size;
    STACK_OF(X509) * list;
    EVP_PKEY *private_key = NULL;
    enum err err = file_read(certificate, &text, &size, fault);
    if (err != OK)
        return err;
    err = certificates_parse(bytes_of(text, size), certificate, &list, fault);
    OPENSSL_cleanse(text, size);
    free(text);
    if (err != OK)
        return err;
    err = chain_check(list, certificate, fault);
    if (err == OK)
        err = key_read(key, &private_key, fault);
    if (err == OK) {
        X509 *own = sk_X509_shift(list);
        ERR_clear_error();
        if (SSL_CTX_use_cert_and_key(context, own, private_key, list, 1) == 1)
            *ret_own = own;
        else {
            X509_free(own);
            err = identity_fault(certificate, key, fault);
        }
    }
    EVP_PKEY_free(private_key);
    sk_X509_pop_free(list, X509_free);
    return err;
}

/* ---- names
 * ---------------------------------------------------------------------------------------- */
static int names_compare(const void *a, const void *b)
{
    return strcmp(((const struct set_name *)a)->name, ((const struct set_name *)b)->name);
}

static void name_lower(char *name)
{
    for (; *name != '\0'; name++)
        if (*name >= 'A' && *name <= 'Z')
            *name = (char)(*name - 'A' + 'a');
}

static enum err name_add(struct tls_set *set, const char *at, size_t size, SSL_CTX *context)
{
    if (size == 0 || size > 253 || memchr(at, 0, size) != NULL)
        return OK; /* no name that anybody can ask for */
    if (set->name_count == set->name_capacity) {
        size_t capacity = set->name_capacity == 0 ? 16 : set->name_capacity * 2;
        struct set_name *names = realloc(set->names, capacity * sizeof *names);
        if (names == NULL)
            return ERR_NO_MEMORY;
        set->names = names;
        set->name_capacity = capacity;
    }
    char *name = strndup(at, size);
    if (name == NULL)
        return ERR_NO_MEMORY;
    name_lower(name);
    set->names[set->name_count++] = (struct set_name){.name = name, .context = context};
    return OK;
}

/* The DNS names of its SAN; the common name only when there is none (RFC 6125, 6.4.4). */
static enum err names_add(struct tls_set *set, X509 *own, SSL_CTX *context)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(own, NID_subject_alt_name, NULL, NULL);
    enum err err = OK;
    for (int i = 0; err == OK && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS)
            err = name_add(set, (const char *)ASN1_STRING_get0_data(name->d.dNSName),
                           (size_t)ASN1_STRING_length(name->d.dNSName), context);
    }
    char common_name[TLS_NAME_SIZE];
    if (names == NULL && certificate_common_name(own, common_name, sizeof common_name))
        err = name_add(set, common_name, strlen(common_name), context);
    GENERAL_NAMES_free(names);
    return err;
}

static SSL_CTX *name_find(const struct tls_set *set, const char *name)
{
    union {
        const char *view;
        char *name;
    } key = {.view = name};
    const struct set_name wanted = {.name = key.name};
    const struct set_name *found =
        set->name_count == 0
            ? NULL
            : bsearch(&wanted, set->names, set->name_count, sizeof *set->names, names_compare);
    return found == NULL ? NULL : found->context;
}

/* The server name of a ClientHello (RFC 6066, 3): unknown ones get the default certificate, and
 * the client says what it thinks of it. */
static int set_choose(SSL *ssl, int *alert, void *arg)
{
    const struct tls_session *session = SSL_get_app_data(ssl);
    const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    char name[256];
    (void)alert, (void)arg;
    if (asked == NULL || session->set == NULL || strlen(asked) >= sizeof name)
        return SSL_TLSEXT_ERR_NOACK;
    snprintf(name, sizeof name, "%s", asked);
    name_lower(name);
    SSL_CTX *context = name_find(session->set, name);
    char *dot = strchr(name, '.');
    if (context == NULL && dot != NULL && dot > name) {
        dot[-1] = '*';
        context = name_find(session->set, dot - 1);
    }
    if (context != NULL)
        SSL_set_SSL_CTX(ssl, context);
    return SSL_TLSEXT_ERR_OK;
}

/* ---- contexts
 * ------------------------------------------------------------------------------------- */
static SSL_CTX *context_create(const struct tls_set *set)
{
    static const uint8_t session_id[] = "mainstem";
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    bool good = context != NULL && context_harden(context) &&
                (!set->only_13 || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1) &&
                SSL_CTX_set_session_id_context(context, session_id, sizeof session_id - 1) == 1 &&
                SSL_CTX_set_tlsext_ticket_key_evp_cb(context, house_ticket_key) == 1 &&
                SSL_CTX_set_num_tickets(context, 1) == 1;
    if (!good) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(context, TLS_RESUME_S);
    SSL_CTX_set_alpn_select_cb(context, session_choose_protocol, NULL);
    SSL_CTX_set_tlsext_servername_callback(context, set_choose);
    if (set->authorities != NULL) {
        SSL_CTX_set1_cert_store(context, set->authorities);
        SSL_CTX_set_client_CA_list(context, SSL_dup_CA_list(set->authority_names));
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, session_verify_client);
        SSL_CTX_set_verify_depth(context, TLS_CHAIN_MAX);
        SSL_CTX_set_max_cert_list(context, TLS_PEER_CHAIN_BYTES);
    }
    return context;
}

static enum err entry_add(struct tls_set *set, const char *certificate, const char *key,
                          char *fault)
{
    struct set_entry *entries = realloc(set->entries, (set->entry_count + 1) * sizeof *entries);
    if (entries == NULL)
        return ERR_NO_MEMORY;
    set->entries = entries;
    struct set_entry *entry = &entries[set->entry_count];
    struct stat status;
    X509 *own = NULL;
    *entry = (struct set_entry){.context = context_create(set), .file = strdup(certificate)};
    set->entry_count++; /* from now on it is let go with the set */
    if (entry->context == NULL || entry->file == NULL)
        return ERR_NO_MEMORY;
    enum err err = context_identify(entry->context, certificate, key, &own, fault);
    if (err != OK)
        return err;
    certificate_describe(own, &entry->certificate);
    entry->key_open = stat(key, &status) == 0 && (status.st_mode & S_IRWXO) != 0;
    err = names_add(set, own, entry->context);
    X509_free(own);
    return err;
}

/* ---- a folder of pairs
 * ----------------------------------------------------------------------------- */
static int is_certificate(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return entry->d_name[0] != '.' && size > 4 && strcmp(entry->d_name + size - 4, ".crt") == 0;
}

/* The pairs of a folder by name; -1 when it cannot be read. */
static int folder_list(const char *folder, struct dirent ***ret_list)
{
    return scandir(folder, ret_list, is_certificate, alphasort);
}

static void folder_free(struct dirent **list, int count)
{
    for (int i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

static void pair_paths(const char *folder, const char *name, char *certificate, char *key)
{
    size_t size = strlen(name) - 4;
    snprintf(certificate, PATH_ROOM, "%s/%s", folder, name);
    snprintf(key, PATH_ROOM, "%s/%.*s.key", folder, (int)size, name);
}

static enum err folder_load(struct tls_set *set, const char *folder, char *fault)
{
    char certificate[PATH_ROOM], key[PATH_ROOM];
    struct dirent **list;
    enum err err = OK;
    int count = folder_list(folder, &list);
    if (count < 0) {
        snprintf(fault, TLS_FAULT_SIZE, "the folder %.255s cannot be read: %s", folder,
                 strerror(errno));
        return errno == ENOENT ? ERR_MISSING : ERR_REFUSED;
    }
    if (count > TLS_PAIRS_MAX) {
        snprintf(fault, TLS_FAULT_SIZE, "the folder %.255s holds %d certificates; %d are the most",
                 folder, count, TLS_PAIRS_MAX);
        err = ERR_LIMIT;
    }
    for (int i = 0; err == OK && i < count; i++) {
        pair_paths(folder, list[i]->d_name, certificate, key);
        err = entry_add(set, certificate, key, fault);
    }
    folder_free(list, count);
    return err;
}

/* ---- who signs clients
 * ------------------------------------------------------------------------------ */
static enum err authorities_put(struct tls_set *set, STACK_OF(X509) * list)
{
    size_t bytes = 0;
    set->authorities = X509_STORE_new();
    set->authority_names = sk_X509_NAME_new_null();
    if (set->authorities == NULL || set->authority_names == NULL)
        return ERR_NO_MEMORY;
    for (int i = 0; i < sk_X509_num(list); i++) {
        X509 *one = sk_X509_value(list, i);
        uint8_t fingerprint[TLS_FINGERPRINT_BYTES];
        if (!certificate_fingerprint(one, fingerprint) ||
            X509_STORE_add_cert(set->authorities, one) != 1)
            return ERR_NO_MEMORY;
        set->authority_hash = hash64(fingerprint, sizeof fingerprint, set->authority_hash + 1);
        int size = i2d_X509_NAME(X509_get_subject_name(one), NULL);
        bytes += size > 0 ? (size_t)size + 2 : 0;
        X509_NAME *name =
            bytes <= AUTHORITY_NAMES_BYTES ? X509_NAME_dup(X509_get_subject_name(one)) : NULL;
        if (name != NULL && sk_X509_NAME_push(set->authority_names, name) == 0)
            X509_NAME_free(name);
    }
    return OK;
}

static enum err authorities_load(struct tls_set *set, const char *path, char *fault)
{
    char *text;
    size_t size;
    STACK_OF(X509) * list;
    enum err err = file_read(path, &text, &size, fault);
    if (err != OK)
        return err;
    err = certificates_parse(bytes_of(text, size), path, &list, fault);
    free(text);
    if (err != OK)
        return err;
    err = authorities_put(set, list);
    sk_X509_pop_free(list, X509_free);
    return err;
}

/* ---- the set
 * ---------------------------------------------------------------------------------------- */
static enum err files_check(const struct tls_files *files, char *fault)
{
    bool certificate = files->certificate[0] != '\0', key = files->key[0] != '\0';
    if (certificate != key) {
        snprintf(fault, TLS_FAULT_SIZE, "a certificate (%.200s) and its key (%.200s) go together",
                 certificate ? files->certificate : "none", key ? files->key : "none");
        return ERR_INVALID;
    }
    if (!certificate && files->folder[0] == '\0') {
        snprintf(
            fault, TLS_FAULT_SIZE,
            "there is no certificate: name one with --tls-certificate FILE and --tls-key FILE, "
            "or a folder of NAME.crt and NAME.key with --tls-folder DIR; `mainstem cert "
            "self-signed` makes one for trials");
        return ERR_MISSING;
    }
    return OK;
}

enum err tls_set_load(const struct tls_files *files, struct tls_set **ret_set, char *fault)
{
    enum err err = files_check(files, fault);
    if (err != OK)
        return err;
    fault[0] = '\0';
    struct tls_set *set = calloc(1, sizeof *set);
    if (set == NULL) {
        snprintf(fault, TLS_FAULT_SIZE, "out of memory");
        return ERR_NO_MEMORY;
    }
    set->holders = 1;
    set->only_13 = files->only_13;
    if (files->client_ca[0] != '\0')
        err = authorities_load(set, files->client_ca, fault);
    if (err == OK && files->certificate[0] != '\0')
        err = entry_add(set, files->certificate, files->key, fault);
    if (err == OK && files->folder[0] != '\0')
        err = folder_load(set, files->folder, fault);
    if (err == OK && set->entry_count == 0) {
        snprintf(fault, TLS_FAULT_SIZE, "the folder %.255s holds no pair of NAME.crt and NAME.key",
                 files->folder);
        err = ERR_MISSING;
    }
    if (err != OK) {
        if (fault[0] == '\0')
            snprintf(fault, TLS_FAULT_SIZE, "%s", err_text(err));
        tls_set_destroy(set);
        return err;
    }
    if (set->name_count > 0)
        qsort(set->names, set->name_count, sizeof *set->names, names_compare);
    *ret_set = set;
    return OK;
}

struct tls_set *set_hold(struct tls_set *set)
{
    set->holders++;
    return set;
}

void tls_set_destroy(struct tls_set *set)
{
    if (set == NULL || --set->holders > 0)
        return;
    for (size_t i = 0; i < set->entry_count; i++) {
        SSL_CTX_free(set->entries[i].context);
        free(set->entries[i].file);
    }
    for (size_t i = 0; i < set->name_count; i++)
        free(set->names[i].name);
    X509_STORE_free(set->authorities);
    sk_X509_NAME_pop_free(set->authority_names, X509_NAME_free);
    free(set->entries);
    free(set->names);
    free(set);
}

SSL_CTX *set_context(const struct tls_set *set)
{
    return set->entries[0].context;
}

uint64_t set_authority_hash(const struct tls_set *set)
{
    return set->authority_hash;
}

bool tls_set_view(const struct tls_set *set, size_t at, struct tls_set_entry *ret_entry)
{
    if (at >= set->entry_count)
        return false;
    const struct set_entry *entry = &set->entries[at];
    *ret_entry = (struct tls_set_entry){
        .file = entry->file, .certificate = &entry->certificate, .key_open = entry->key_open};
    return true;
}

/* ---- what changed
 * ------------------------------------------------------------------------------------ */
static uint64_t stamp_add(uint64_t stamp, const char *path)
{
    struct stat status;
    int64_t parts[5] = {-1};
    if (path[0] == '\0')
        return stamp;
    if (stat(path, &status) == 0) {
        parts[0] = (int64_t)status.st_ino;
        parts[1] = status.st_size;
        parts[2] = status.st_mtim.tv_sec;
        parts[3] = status.st_mtim.tv_nsec;
        parts[4] = (int64_t)status.st_mode;
    }
    return hash64(parts, sizeof parts, hash64(path, strlen(path), stamp));
}

uint64_t tls_files_stamp(const struct tls_files *files)
{
    char certificate[PATH_ROOM], key[PATH_ROOM];
    struct dirent **list;
    uint64_t stamp = stamp_add(stamp_add(0, files->certificate), files->key);
    stamp = stamp_add(stamp, files->client_ca);
    int count = files->folder[0] == '\0' ? -1 : folder_list(files->folder, &list);
    for (int i = 0; i < count && i <= TLS_PAIRS_MAX; i++) {
        pair_paths(files->folder, list[i]->d_name, certificate, key);
        stamp = stamp_add(stamp_add(stamp, certificate), key);
    }
    if (count >= 0)
        folder_free(list, count);
    return stamp;
}
