/* A session between two memories. OpenSSL reads and writes through a BIO of ours: it reads from the
 * view that tls_session_take was given, and writes behind what the output holds. Reading takes no
 * byte ahead of what it needs, and all is read until nothing is left: so the view can be borrowed.
 *
 *   begun --handshake--> open --close_notify came--> closed
 *     \________fault_______\________________________/--> broken
 */
#include "tls/house.h"
#include "tls/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#define RECORD_HANDSHAKE 22 /* RFC 8446, 5.1 */
#define RECORD_ALERT 21

static const struct {
    const char *word, *text;
} fault_words[] = {
#define FAULT_WORD(name, word, text) [name] = {word, text},
    TLS_FAULT_TABLE(FAULT_WORD)
#undef FAULT_WORD
};

const char *tls_fault_word(enum tls_fault fault)
{
    return fault_words[fault].word;
}

const char *tls_fault_text(enum tls_fault fault)
{
    return fault_words[fault].text;
}

/* ---- the BIO between OpenSSL and what we were given
 * --------------------------------------------------- */
static int pipe_read(BIO *bio, char *at, int size)
{
    struct tls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (at == NULL || size <= 0)
        return 0;
    if (session->in.size == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t used = (size_t)size < session->in.size ? (size_t)size : session->in.size;
    memcpy(at, session->in.at, used);
    session->in = bytes_of(session->in.at + used, session->in.size - used);
    return (int)used;
}

static int pipe_write(BIO *bio, const char *at, int size)
{
    struct tls_session *session = BIO_get_data(bio);
    struct tls_output *output = session->output;
    BIO_clear_retry_flags(bio);
    if (size <= 0)
        return 0;
    if (output == NULL || output->room - output->size < (size_t)size)
        return -1; /* the rooms in tls.h hold all that follows the rules */
    memcpy(output->at + output->size, at, (size_t)size);
    output->size += (size_t)size;
    return size;
}

static long pipe_control(BIO *bio, int command, long number, void *arg)
{
    (void)bio, (void)number, (void)arg;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *session_pipe_create(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mainstem");
    if (method != NULL && BIO_meth_set_read(method, pipe_read) == 1 &&
        BIO_meth_set_write(method, pipe_write) == 1 && BIO_meth_set_ctrl(method, pipe_control) == 1)
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* ---- life
 * ------------------------------------------------------------------------------------------- */
enum err session_create(SSL *ssl, BIO_METHOD *pipe, const char *protocol,
                        struct tls_session **ret_session)
{
    struct tls_session *session = ssl == NULL ? NULL : calloc(1, sizeof *session);
    BIO *bio = session == NULL ? NULL : BIO_new(pipe);
    if (bio == NULL) {
        SSL_free(ssl);
        free(session);
        ERR_clear_error();
        return ERR_NO_MEMORY;
    }
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_app_data(ssl, session);
    session->ssl = ssl;
    session->protocol = protocol;
    *ret_session = session;
    return OK;
}

enum err tls_session_create(struct tls_house *house, const char *protocol,
                            struct tls_session **ret_session)
{
    struct tls_session *session;
    enum err err =
        session_create(SSL_new(set_context(house->set)), house->pipe, protocol, &session);
    if (err != OK)
        return err;
    SSL_set_accept_state(session->ssl);
    session->server = true;
    session->house = house;
    session->set = set_hold(house->set);
    *ret_session = session;
    return OK;
}

void tls_session_destroy(struct tls_session *session)
{
    if (session == NULL)
        return;
    tls_set_destroy(session->set);
    SSL_free(session->ssl);
    free(session->peer);
    free(session->detail);
    free(session);
}

/* ---- during the handshake
 * ---------------------------------------------------------------------------- */
int session_choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_size,
                            const unsigned char *offered, unsigned size, void *arg)
{
    const struct tls_session *session = SSL_get_app_data(ssl);
    size_t wanted = strlen(session->protocol);
    (void)arg;
    for (unsigned at = 0; at < size && at + offered[at] < size; at += 1u + offered[at])
        if (offered[at] == wanted && memcmp(offered + at + 1, session->protocol, wanted) == 0) {
            *ret = offered + at + 1;
            *ret_size = offered[at];
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301, 3.2 */
}

/* A client's certificate that nobody vouches for is no reason to hang up: he has proved that it is
 * his, and whether that is enough is decided by who asks for tls_peer. The first fault counts. */
int session_verify_client(int good, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_session *session = SSL_get_app_data(ssl);
    if (!good && session->peer_fault == X509_V_OK)
        session->peer_fault = X509_STORE_CTX_get_error(store);
    X509_STORE_CTX_set_error(store, session->peer_fault);
    return 1;
}

/* A certificate in memory is some four times its encoding. */
static size_t session_chain_bytes(const struct tls_session *session)
{
    const STACK_OF(X509) *chain = SSL_get_peer_cert_chain(session->ssl);
    size_t bytes = 0;
    for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++) {
        int size = i2d_X509(sk_X509_value(chain, i), NULL);
        bytes += size > 0 ? (size_t)size : 0;
    }
    return 4 * bytes;
}

static bool session_know_peer(struct tls_session *session)
{
    const X509 *x509 = SSL_get0_peer_certificate(session->ssl);
    if (x509 == NULL)
        return true;
    struct tls_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL || !certificate_fingerprint(x509, peer->fingerprint)) {
        free(peer);
        return false;
    }
    long fault = SSL_get_verify_result(session->ssl);
    /* A ticket outlives neither: what was verified then may have ended meanwhile. */
    if (fault == X509_V_OK && X509_cmp_current_time(X509_get0_notAfter(x509)) <= 0)
        fault = X509_V_ERR_CERT_HAS_EXPIRED;
    (void)certificate_common_name(x509, peer->common_name, sizeof peer->common_name);
    peer->verified = fault == X509_V_OK;
    if (!peer->verified)
        snprintf(peer->reason, sizeof peer->reason, "%s", X509_verify_cert_error_string(fault));
    session->peer = peer;
    session->peer_bytes = sizeof *peer + 4096 + session_chain_bytes(session);
    return true;
}

/* ---- what went wrong
 * --------------------------------------------------------------------------------- */
static enum tls_fault fault_of_alert(int alert)
{
    switch (alert) {
    case SSL3_AD_BAD_CERTIFICATE:
    case SSL3_AD_CERTIFICATE_REVOKED:
    case SSL3_AD_CERTIFICATE_EXPIRED:
    case SSL3_AD_CERTIFICATE_UNKNOWN:
    case SSL3_AD_UNSUPPORTED_CERTIFICATE:
    case TLS1_AD_UNKNOWN_CA:
        return TLS_FAULT_TRUST;
    case TLS1_AD_PROTOCOL_VERSION:
        return TLS_FAULT_VERSION;
    case TLS1_AD_INSUFFICIENT_SECURITY:
        return TLS_FAULT_SUITE;
    case TLS1_AD_NO_APPLICATION_PROTOCOL:
        return TLS_FAULT_PROTOCOL_NAME;
    default:
        return TLS_FAULT_ALERT;
    }
}

static enum tls_fault fault_of_error(const struct tls_session *session, unsigned long error)
{
    int reason = ERR_GET_REASON(error);
    if (ERR_GET_LIB(error) != ERR_LIB_SSL)
        return reason == ERR_R_MALLOC_FAILURE ? TLS_FAULT_MEMORY : TLS_FAULT_BYTES;
    if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + UINT8_MAX)
        return fault_of_alert(reason - SSL_AD_REASON_OFFSET);
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_INAPPROPRIATE_FALLBACK:
        return TLS_FAULT_VERSION;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
        return TLS_FAULT_SUITE;
    case SSL_R_NO_APPLICATION_PROTOCOL:
        return TLS_FAULT_PROTOCOL_NAME;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return session->server ? TLS_FAULT_CERTIFICATE : TLS_FAULT_TRUST;
    case SSL_R_BAD_SIGNATURE:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_MD_TOO_WEAK:
        return TLS_FAULT_CERTIFICATE;
    case ERR_R_MALLOC_FAILURE:
        return TLS_FAULT_MEMORY;
    default:
        return TLS_FAULT_BYTES;
    }
}

static enum tls_taken session_break(struct tls_session *session, enum tls_fault fault,
                                    const char *detail)
{
    session->fault = (uint8_t)fault;
    if (detail != NULL && session->detail == NULL)
        session->detail = strdup(detail);
    ERR_clear_error();
    return TLS_BROKEN;
}

/* OpenSSL gave up: why? The first error is the cause, the rest is who passed it on. */
static enum tls_taken session_broken(struct tls_session *session)
{
    unsigned long error = ERR_peek_error();
    const char *detail = error != 0 ? ERR_reason_error_string(error) : NULL;
    enum tls_fault fault = error != 0 ? fault_of_error(session, error) : TLS_FAULT_BYTES;
    long verified = SSL_get_verify_result(session->ssl);
    if (!session->server && fault == TLS_FAULT_TRUST && verified != X509_V_OK)
        detail = X509_verify_cert_error_string(verified);
    return session_break(session, fault, detail);
}

/* ---- bytes in
 * ---------------------------------------------------------------------------------------- */
/* What is no TLS is told from its first byte, before OpenSSL answers it with an alert that who
 * speaks in clear would take for garbage. */
static bool session_is_plain(struct tls_session *session)
{
    if (session->begun || session->in.size == 0)
        return false;
    session->begun = true;
    uint8_t first = session->in.at[0];
    return first != RECORD_HANDSHAKE && first != RECORD_ALERT;
}

static enum tls_taken session_handshake(struct tls_session *session)
{
    ERR_clear_error();
    int done = SSL_do_handshake(session->ssl);
    if (done != 1)
        return SSL_get_error(session->ssl, done) == SSL_ERROR_WANT_READ ? TLS_MORE
                                                                        : session_broken(session);
    if (!session_know_peer(session))
        return session_break(session, TLS_FAULT_MEMORY, NULL);
    session->open = true;
    tls_set_destroy(session->set);
    session->set = NULL;
    return TLS_MORE;
}

static enum tls_taken session_read(struct tls_session *session, uint8_t *plain, size_t room,
                                   size_t *ret_size)
{
    for (;;) {
        size_t size = 0;
        ERR_clear_error();
        int done = SSL_read_ex(session->ssl, plain + *ret_size, room - *ret_size, &size);
        *ret_size += size;
        if (done == 1 && session->in.size == 0 && SSL_has_pending(session->ssl) == 0)
            return TLS_MORE; /* to ask once more would cost as much as a short record */
        if (done == 1)
            continue;
        switch (SSL_get_error(session->ssl, done)) {
        case SSL_ERROR_WANT_READ:
            return TLS_MORE;
        case SSL_ERROR_ZERO_RETURN:
            session->closed = true;
            return TLS_CLOSED;
        default:
            return session_broken(session);
        }
    }
}

enum tls_taken tls_session_take(struct tls_session *session, struct bytes bytes, uint8_t *plain,
                                size_t room, size_t *ret_size, struct tls_output *output)
{
    enum tls_taken taken = TLS_MORE;
    check(room >= bytes.size + TLS_RECORD_MAX && output->room - output->size >= TLS_TAKE_ROOM);
    *ret_size = 0;
    if (session->fault != TLS_FAULT_NONE)
        return TLS_BROKEN;
    if (session->closed)
        return TLS_CLOSED;
    session->in = bytes;
    session->output = output;
    if (session_is_plain(session))
        taken = session_break(session, TLS_FAULT_PLAIN, NULL);
    if (taken == TLS_MORE && !session->open)
        taken = session_handshake(session);
    if (taken == TLS_MORE && session->open)
        taken = session_read(session, plain, room, ret_size);
    session->in = (struct bytes){NULL, 0};
    session->output = NULL;
    return taken;
}

/* ---- bytes out
 * --------------------------------------------------------------------------------------- */
bool tls_session_put(struct tls_session *session, struct bytes plain, struct tls_output *output)
{
    size_t begun = output->size, written = 0;
    check(plain.size <= TLS_PUT_MAX && output->room - output->size >= TLS_PUT_ROOM);
    check(session->open);
    if (session->fault != TLS_FAULT_NONE || session->ended)
        return false;
    if (plain.size == 0)
        return true;
    session->output = output;
    ERR_clear_error();
    bool good = SSL_write_ex(session->ssl, plain.at, plain.size, &written) == 1;
    session->output = NULL;
    if (!good) {
        output->size = begun;
        (void)session_broken(session);
    }
    return good;
}

void tls_session_close(struct tls_session *session, struct tls_output *output)
{
    check(output->room - output->size >= TLS_CLOSE_ROOM);
    if (!session->open || session->ended || session->fault != TLS_FAULT_NONE)
        return;
    session->ended = true;
    session->output = output;
    ERR_clear_error();
    (void)SSL_shutdown(session->ssl);
    session->output = NULL;
    ERR_clear_error();
}

/* ---- questions
 * --------------------------------------------------------------------------------------- */
size_t tls_session_memory(const struct tls_session *session)
{
    if (!session->open)
        return TLS_HANDSHAKE_BYTES;
    return TLS_SESSION_BYTES + session->peer_bytes +
           (SSL_has_pending(session->ssl) ? TLS_RECORD_MAX : 0);
}

bool tls_session_is_open(const struct tls_session *session)
{
    return session->open;
}

bool tls_session_is_closed(const struct tls_session *session)
{
    return session->closed;
}

bool tls_session_is_resumed(const struct tls_session *session)
{
    return session->open && SSL_session_reused(session->ssl) == 1;
}

enum tls_fault tls_session_fault(const struct tls_session *session)
{
    return (enum tls_fault)session->fault;
}

const char *tls_session_detail(const struct tls_session *session)
{
    return session->detail != NULL ? session->detail : "";
}

const struct tls_peer *tls_session_peer(const struct tls_session *session)
{
    return session->peer;
}

const char *tls_session_name(const struct tls_session *session)
{
    const char *name = SSL_get_servername(session->ssl, TLSEXT_NAMETYPE_host_name);
    return name != NULL ? name : "";
}

const char *tls_session_version(const struct tls_session *session)
{
    return SSL_get_version(session->ssl);
}

const char *tls_session_suite(const struct tls_session *session)
{
    const char *suite = SSL_get_cipher_name(session->ssl);
    return suite != NULL ? suite : "";
}

const char *tls_session_protocol(const struct tls_session *session)
{
    const unsigned char *at = NULL;
    unsigned size = 0;
    SSL_get0_alpn_selected(session->ssl, &at, &size);
    return size > 0 && session->protocol != NULL && size == strlen(session->protocol)
               ? session->protocol
               : "";
}
