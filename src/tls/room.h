/* What the files of this folder share. */
#pragma once

#include "tls/tls.h"

#include <openssl/ssl.h>

/* ---- certificate.c ---- */
/* A whole file, with a NUL behind it; the caller frees it. */
MUST_USE enum err file_read(const char *path, char **ret_text, size_t *ret_size, char *fault);
/* The certificates of a PEM text, in their order; ERR_INVALID when there is none, or one is
 * broken. */
MUST_USE enum err certificates_parse(struct bytes text, const char *path, STACK_OF(X509) * *ret,
                                     char *fault);
MUST_USE enum err key_read(const char *path, EVP_PKEY **ret_key, char *fault);
void certificate_describe(X509 *x509, struct tls_certificate *ret);
bool certificate_fingerprint(const X509 *x509, uint8_t bytes[TLS_FINGERPRINT_BYTES]);
/* The common name as text[size]; false when there is none that is a text. */
bool certificate_common_name(const X509 *x509, char *text, size_t size);
/* The newest reason of OpenSSL as people can read it, and its queue is empty afterwards. */
void fault_of_openssl(char *text, size_t size);

/* ---- set.c ---- */
/* Sessions whose handshake is under way hold the set: it tells them which certificate to show. One
 * thread holds and lets go. */
struct tls_set *set_hold(struct tls_set *set);
/* The context that the default certificate is in. */
SSL_CTX *set_context(const struct tls_set *set);
/* Of the authorities for clients: another one, another hash. */
uint64_t set_authority_hash(const struct tls_set *set);
/* What both sides of a connection must never be weaker than. */
MUST_USE bool context_harden(SSL_CTX *context);
/* Puts certificate, chain and key into a context. */
MUST_USE enum err context_identify(SSL_CTX *context, const char *certificate, const char *key,
                                   X509 **ret_own, char *fault);

/* ---- house.c ---- */
int house_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int encrypt);

/* ---- session.c ---- */
struct tls_session {
    SSL *ssl;
    struct tls_house *house;   /* of the server's side */
    struct tls_set *set;       /* of the server's side, until it is open */
    const char *protocol;      /* what ALPN must say */
    struct bytes in;           /* borrowed within tls_session_take */
    struct tls_output *output; /* borrowed within a call */
    struct tls_peer *peer;
    size_t peer_bytes; /* what his certificates hold */
    char *detail;
    uint8_t fault; /* enum tls_fault */
    bool server;   /* ours is the server's side */
    bool begun, open, closed, ended;
    int peer_fault; /* X509_V_: the first that the verifier found in the peer's certificate */
};
/* The functions by which OpenSSL reads and writes; of the house, or of the trust. */
BIO_METHOD *session_pipe_create(void);
/* Of either side; takes the SSL, which may be NULL: no memory. */
MUST_USE enum err session_create(SSL *ssl, BIO_METHOD *pipe, const char *protocol,
                                 struct tls_session **ret_session);
int session_choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_size,
                            const unsigned char *offered, unsigned size, void *arg);
int session_verify_client(int good, X509_STORE_CTX *store);
