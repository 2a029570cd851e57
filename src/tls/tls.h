/* tls: TLS 1.2 and 1.3 (RFC 5246, 8446) without sockets, by OpenSSL: certificates from files,
 * sessions of the server's side and of a client's, certificates for trials.
 *
 *   bytes that came --tls_session_take--> plain bytes      \   what must go to the other side
 *   plain bytes     --tls_session_put --> bytes to send    /   is appended to a struct tls_output
 *
 * Guarantees: nothing weaker can be configured, by us or by the system's openssl.cnf: TLS 1.2 with
 * ECDHE and AES-GCM or ChaCha20-Poly1305 alone, TLS 1.3, at least 112 bits (level 2), no
 * compression, no renegotiation, no early data. What a stream of bytes means does not depend on how
 * it was cut into pieces. No byte from outside reaches a check(). All bytes given to
 * tls_session_take are taken: nothing waits inside a session, so that readiness of the socket is
 * all that has to be watched.
 *
 * Certificates: a set is what the files said at one moment, checked. A session holds what it
 * needs of the set it began with, so that a new set can be taken at any time: those who are
 * connected notice nothing.
 *
 * Resumption: tickets (RFC 5077, RFC 8446 4.6.1) under keys of the house that are made anew every
 * TLS_TICKET_KEY_NS and never stored; a session can be resumed for TLS_RESUME_S. Nothing is kept
 * on our side. Who resumes is who he was: his certificate travels in the ticket. A set with
 * another authority for clients ends all tickets.
 *
 * Owns memory, reads files, looks at the system's time; knows no sockets, and nothing of the
 * server. Threads: a house and its sessions belong to one thread; tls_set_load, tls_files_stamp
 * and the tls_certificate_ functions may run on any, also meanwhile. */
#pragma once

#include "base/base.h"

/* ---- certificates as people see them ----------------------------------------------------------
 */
#define TLS_FAULT_SIZE 512
#define TLS_FILE_MAX ((size_t)1 << 20) /* bytes of one PEM file */
#define TLS_CHAIN_MAX 10               /* certificates above our own */
#define TLS_CHAIN_BYTES ((size_t)32 << 10)
#define TLS_PEER_CHAIN_BYTES ((size_t)16 << 10) /* certificates of the other side, together */
#define TLS_PATH_SIZE 256                       /* of a file, with NUL: as a text of settings */
#define TLS_NAMES_SIZE 1024
#define TLS_NAME_SIZE 256
#define TLS_FINGERPRINT_BYTES 32 /* SHA-256 of the whole certificate */
#define TLS_FINGERPRINT_SIZE 65  /* the same in small hexadecimal digits, with NUL */

struct tls_certificate {
    char names[TLS_NAMES_SIZE]; /* whom it names: DNS names and addresses of its SAN, separated by
                                   ", " (cut with "..."), or the common name when it has none */
    char subject[TLS_NAME_SIZE], issuer[TLS_NAME_SIZE];
    char key[64];       /* "EC prime256v1, 256 bits" */
    char signature[64]; /* "ecdsa-with-SHA256" */
    char fingerprint[TLS_FINGERPRINT_SIZE];
    int64_t from_s, until_s; /* seconds since 1970: valid from, until */
    bool self_signed;
};
/* Of a PEM file with one certificate or a chain, its own first: at most `most` are written;
 * *ret_count says how many there are. A sentence in fault[TLS_FAULT_SIZE] on failure. */
MUST_USE enum err tls_certificate_read(const char *path, struct tls_certificate *certificates,
                                       size_t most, size_t *ret_count, char *fault);
/* One for trials: ECDSA on P-256, signed by itself, for these names (DNS names, wildcards, IPv4
 * and IPv6 addresses), from an hour ago on for `days`. Both texts are PEM; the caller frees them.
 * ERR_INVALID with a sentence in fault for a name that is none. */
#define TLS_CERTIFICATE_DAYS 825
#define TLS_CERTIFICATE_NAMES_MAX 100
MUST_USE enum err tls_certificate_make(const char *const *names, size_t count, unsigned days,
                                       char **ret_certificate, char **ret_key, char *fault);

/* ---- a set: what the files said ---------------------------------------------------------------
 */
struct tls_files {
    char certificate[TLS_PATH_SIZE], key[TLS_PATH_SIZE]; /* the default one; "": none */
    char folder[TLS_PATH_SIZE];    /* pairs NAME.crt and NAME.key, chosen by SNI; "": none. Without
                                        a default one, the first pair by name is it */
    char client_ca[TLS_PATH_SIZE]; /* who signs clients' certificates; "": none is asked for */
    bool only_13;                  /* TLS 1.3 is the least, not 1.2 */
};
#define TLS_PAIRS_MAX 1024 /* of a folder */
struct tls_set;
/* Reads and checks: PEM, a key that fits and has no passphrase, at least 112 bits, a chain that is
 * not too long. ERR_INVALID, ERR_MISSING, ERR_LIMIT, ERR_REFUSED or ERR_NO_MEMORY with a sentence
 * in fault[TLS_FAULT_SIZE] that names the file and says what to do. Dates are no reason to refuse:
 * who asks looks at until_s. */
MUST_USE enum err tls_set_load(const struct tls_files *files, struct tls_set **ret_set,
                               char *fault);
void tls_set_destroy(struct tls_set *set); /* NULL is fine; its sessions go on */
/* The certificates, the default one first; false behind the last one. *ret_file lives as long as
 * the set. key_open: others than its owner and group may read the key. */
struct tls_set_entry {
    const char *file;
    const struct tls_certificate *certificate;
    bool key_open;
};
bool tls_set_view(const struct tls_set *set, size_t at, struct tls_set_entry *ret_entry);
/* Changes when a file does: its size, its time, which there are. */
uint64_t tls_files_stamp(const struct tls_files *files);

/* ---- the house: the set in force, the keys of tickets -----------------------------------------
 */
#define TLS_TICKET_KEY_NS (INT64_C(3600) * NS_PER_S)
#define TLS_RESUME_S 7200
struct tls_house;
/* Takes the set. */
MUST_USE enum err tls_house_create(struct tls_set *set, struct tls_house **ret_house);
void tls_house_destroy(struct tls_house *house); /* sessions must be over; NULL is fine */
/* From now on new sessions use this one; takes it, and lets the old one go. */
void tls_house_take(struct tls_house *house, struct tls_set *set);
const struct tls_set *tls_house_set(const struct tls_house *house);
void tls_house_now(struct tls_house *house, int64_t now_ns); /* ticket keys grow old */

/* ---- sessions ---------------------------------------------------------------------------------
 */
struct tls_session;
#define TLS_FAULT_TABLE(X)                                                                         \
    X(TLS_FAULT_NONE, "none", "nothing is wrong")                                                  \
    X(TLS_FAULT_PLAIN, "plain",                                                                    \
      "what came is no TLS: a client that speaks in clear took this port")                         \
    X(TLS_FAULT_VERSION, "version",                                                                \
      "no version of TLS is spoken by both sides: 1.2 or 1.3 is wanted")                           \
    X(TLS_FAULT_SUITE, "suite", "no cipher suite, group or signature is known to both sides")      \
    X(TLS_FAULT_PROTOCOL_NAME, "alpn",                                                             \
      "the application protocol (ALPN) asked for is not spoken here")                              \
    X(TLS_FAULT_TRUST, "trust", "the other side does not trust the certificate")                   \
    X(TLS_FAULT_CERTIFICATE, "certificate", "the certificate of the other side does not hold")     \
    X(TLS_FAULT_ALERT, "alert", "the other side gave up with an alert")                            \
    X(TLS_FAULT_BYTES, "bytes", "the bytes break the rules of TLS")                                \
    X(TLS_FAULT_TIME, "time", "the handshake took too long")                                       \
    X(TLS_FAULT_GONE, "gone", "the connection ended before the handshake did")                     \
    X(TLS_FAULT_MEMORY, "memory", "there was no memory for it")
#define TLS_FAULT_ENUM(name, word, text) name,
enum tls_fault { TLS_FAULT_TABLE(TLS_FAULT_ENUM) TLS_FAULTS };
#undef TLS_FAULT_ENUM
const char *tls_fault_word(enum tls_fault fault); /* for counters */
const char *tls_fault_text(enum tls_fault fault);

/* Who is at the other end, by his certificate. */
struct tls_peer {
    uint8_t fingerprint[TLS_FINGERPRINT_BYTES];
    char common_name[TLS_NAME_SIZE]; /* of the subject; "": it has none, or one with a NUL */
    bool verified;                   /* signed by the authority, in its time, for a client */
    char reason[128];                /* why it is not verified; "" when it is */
};
/* Bytes to be sent are appended at at[size]; `room` in all. */
struct tls_output {
    uint8_t *at;
    size_t size, room;
};
/* The server's side. protocol: what is spoken inside, as ALPN names it (RFC 7301); a client that
 * names none is welcome, one that names others alone is not. The text must outlive the session. */
MUST_USE enum err tls_session_create(struct tls_house *house, const char *protocol,
                                     struct tls_session **ret_session);
void tls_session_destroy(struct tls_session *session); /* NULL is fine */
enum tls_taken {
    TLS_MORE,   /* all went well: more may come */
    TLS_CLOSED, /* the other side has said its last word (close_notify); what came before it is in
                   plain. We may still say something */
    TLS_BROKEN, /* tls_session_fault says why; the output holds the alert: send it and close. What
                   is in plain came before and is good */
};
/* Takes all of bytes; writes what they say to plain, of which `room` is at least bytes.size +
 * TLS_RECORD_MAX, and *ret_size says how much it was. The output needs TLS_TAKE_ROOM bytes. The
 * handshake is made on the way: ask tls_session_is_open. */
#define TLS_RECORD_MAX ((size_t)17 << 10)
#define TLS_TAKE_ROOM ((size_t)48 << 10)
enum tls_taken tls_session_take(struct tls_session *session, struct bytes bytes, uint8_t *plain,
                                size_t room, size_t *ret_size, struct tls_output *output);
/* Wraps at most TLS_PUT_MAX bytes, for which the output needs TLS_PUT_ROOM; the session is open.
 * false: the session is broken or we said our last word; nothing was appended. */
#define TLS_PUT_MAX ((size_t)48 << 10)
#define TLS_PUT_ROOM ((size_t)49 << 10)
MUST_USE bool tls_session_put(struct tls_session *session, struct bytes plain,
                              struct tls_output *output);
/* Our last word (close_notify), once; nothing before the handshake is over. The output needs
 * TLS_CLOSE_ROOM. */
#define TLS_CLOSE_ROOM 128
void tls_session_close(struct tls_session *session, struct tls_output *output);

/* What it holds now, for budgets: measured and rounded up. A handshake holds most; a record whose
 * end has not come is held, and the certificates that a client showed. */
#define TLS_HANDSHAKE_BYTES ((size_t)76 << 10)
#define TLS_SESSION_BYTES ((size_t)16 << 10)
size_t tls_session_memory(const struct tls_session *session);
bool tls_session_is_open(const struct tls_session *session);   /* the handshake is over */
bool tls_session_is_closed(const struct tls_session *session); /* TLS_CLOSED was told */
bool tls_session_is_resumed(const struct tls_session *session);
enum tls_fault tls_session_fault(const struct tls_session *session);
/* What OpenSSL says of it, for the log: lives as long as the session; "" when it says nothing. */
const char *tls_session_detail(const struct tls_session *session);
/* The rest once it is open. NULL: no certificate came. */
const struct tls_peer *tls_session_peer(const struct tls_session *session);
const char *tls_session_name(const struct tls_session *session);     /* SNI; "": none came */
const char *tls_session_version(const struct tls_session *session);  /* "TLSv1.3" */
const char *tls_session_suite(const struct tls_session *session);    /* "TLS_AES_128_GCM_SHA256" */
const char *tls_session_protocol(const struct tls_session *session); /* ALPN; "": none */

/* ---- as a client ------------------------------------------------------------------------------
 */
struct tls_trust_config {
    const char *ca;                /* PEM file of whom to trust; NULL or "": whom the system does */
    const char *certificate, *key; /* our own; NULL or "": none */
    bool insecure;                 /* anyone is trusted: for trials, and to look at certificates */
};
struct tls_trust; /* whom we trust, and who we are; outlives its sessions. One thread */
MUST_USE enum err tls_trust_create(const struct tls_trust_config *config,
                                   struct tls_trust **ret_trust, char *fault);
void tls_trust_destroy(struct tls_trust *trust);
/* A session with `host` (a name or an address, which its certificate must name), to be begun with
 * tls_session_take of no bytes. protocol: ALPN to ask for; NULL: none. resume: from
 * tls_session_ticket, still the caller's; NULL: a full handshake. */
struct tls_ticket;
MUST_USE enum err tls_session_connect(struct tls_trust *trust, const char *host,
                                      const char *protocol, const struct tls_ticket *resume,
                                      struct tls_session **ret_session);
/* What a later session can resume; NULL: nothing yet. */
struct tls_ticket *tls_session_ticket(const struct tls_session *session);
void tls_ticket_destroy(struct tls_ticket *ticket); /* NULL is fine */
/* The certificates that the server showed, as tls_certificate_read. */
void tls_session_certificates(const struct tls_session *session,
                              struct tls_certificate *certificates, size_t most, size_t *ret_count);
