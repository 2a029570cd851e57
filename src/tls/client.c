/* The client's side: whom it trusts, and sessions with servers. */
#include "tls/room.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

struct tls_trust {
    SSL_CTX *context;
    BIO_METHOD *pipe;
};
struct tls_ticket {
    SSL_SESSION *session;
};

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static enum err trust_authorities(SSL_CTX *context, const char *ca, char *fault)
{
    char *text;
    size_t size;
    STACK_OF(X509) * list;
    enum err err = file_read(ca, &text, &size, fault);
    if (err != OK)
        return err;
    err = certificates_parse(bytes_of(text, size), ca, &list, fault);
    free(text);
    if (err != OK)
        return err;
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    for (int i = 0; err == OK && i < sk_X509_num(list); i++)
        err = X509_STORE_add_cert(store, sk_X509_value(list, i)) == 1 ? OK : ERR_NO_MEMORY;
    sk_X509_pop_free(list, X509_free);
    return err;
}

static enum err trust_fill(SSL_CTX *context, const struct tls_trust_config *config, char *fault)
{
    X509 *own = NULL;
    enum err err = OK;
    SSL_CTX_set_verify(context, config->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (is_given(config->ca))
        err = trust_authorities(context, config->ca, fault);
    else if (SSL_CTX_set_default_verify_paths(context) != 1)
        err = ERR_NO_MEMORY;
    /* A certificate that is trusted itself, and signed by itself, is enough. */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    if (err == OK && is_given(config->certificate))
        err = context_identify(context, config->certificate,
                               is_given(config->key) ? config->key : config->certificate, &own,
                               fault);
    X509_free(own);
    return err;
}

enum err tls_trust_create(const struct tls_trust_config *config, struct tls_trust **ret_trust,
                          char *fault)
{
    enum err err = ERR_NO_MEMORY;
    struct tls_trust *trust = calloc(1, sizeof *trust);
    fault[0] = '\0';
    if (trust != NULL) {
        trust->context = SSL_CTX_new(TLS_client_method());
        trust->pipe = session_pipe_create();
    }
    if (trust != NULL && trust->context != NULL && trust->pipe != NULL &&
        context_harden(trust->context))
        err = trust_fill(trust->context, config, fault);
    if (err == OK) {
        SSL_CTX_set_session_cache_mode(trust->context,
                                       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        *ret_trust = trust;
        return OK;
    }
    if (fault[0] == '\0')
        snprintf(fault, TLS_FAULT_SIZE, "TLS cannot be set up: %s", err_text(err));
    tls_trust_destroy(trust);
    return err;
}

void tls_trust_destroy(struct tls_trust *trust)
{
    if (trust == NULL)
        return;
    SSL_CTX_free(trust->context);
    BIO_meth_free(trust->pipe);
    free(trust);
}

/* Whom the certificate must name. */
static bool session_expect(SSL *ssl, const char *host)
{
    uint8_t address[16];
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    char name[256];
    snprintf(name, sizeof name, "%s", host);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return strlen(host) < sizeof name && SSL_set_tlsext_host_name(ssl, name) == 1 &&
           SSL_set1_host(ssl, host) == 1;
}

static bool session_offer(SSL *ssl, const char *protocol)
{
    uint8_t offer[256];
    size_t size = strlen(protocol);
    check(size > 0 && size < sizeof offer);
    offer[0] = (uint8_t)size;
    memcpy(offer + 1, protocol, size);
    return SSL_set_alpn_protos(ssl, offer, (unsigned)size + 1) == 0;
}

/* A copy goes: a session that a server would not resume is spoilt by that, the ticket is not. */
static bool session_resume(SSL *ssl, const struct tls_ticket *ticket)
{
    SSL_SESSION *copy = SSL_SESSION_dup(ticket->session);
    bool good = copy != NULL && SSL_set_session(ssl, copy) == 1;
    SSL_SESSION_free(copy);
    return good;
}

enum err tls_session_connect(struct tls_trust *trust, const char *host, const char *protocol,
                             const struct tls_ticket *resume, struct tls_session **ret_session)
{
    struct tls_session *session;
    enum err err = session_create(SSL_new(trust->context), trust->pipe, protocol, &session);
    if (err != OK)
        return err;
    SSL_set_connect_state(session->ssl);
    if (!session_expect(session->ssl, host) ||
        (protocol != NULL && !session_offer(session->ssl, protocol)) ||
        (resume != NULL && !session_resume(session->ssl, resume))) {
        ERR_clear_error();
        tls_session_destroy(session);
        return ERR_INVALID;
    }
    *ret_session = session;
    return OK;
}

struct tls_ticket *tls_session_ticket(const struct tls_session *session)
{
    SSL_SESSION *now = SSL_get0_session(session->ssl);
    if (!session->open || now == NULL || SSL_SESSION_is_resumable(now) != 1)
        return NULL;
    struct tls_ticket *ticket = calloc(1, sizeof *ticket);
    if (ticket == NULL)
        return NULL;
    /* A copy: the end of a session whose last word was not said spoils its own. */
    ticket->session = SSL_SESSION_dup(now);
    if (ticket->session != NULL)
        return ticket;
    free(ticket);
    return NULL;
}

void tls_ticket_destroy(struct tls_ticket *ticket)
{
    if (ticket == NULL)
        return;
    SSL_SESSION_free(ticket->session);
    free(ticket);
}

void tls_session_certificates(const struct tls_session *session,
                              struct tls_certificate *certificates, size_t most, size_t *ret_count)
{
    const STACK_OF(X509) *list = SSL_get_peer_cert_chain(session->ssl);
    int count = list == NULL ? 0 : sk_X509_num(list);
    for (int i = 0; i < count && (size_t)i < most; i++)
        certificate_describe(sk_X509_value(list, i), &certificates[i]);
    *ret_count = (size_t)count;
}
