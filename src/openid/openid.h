/* openid: login by OpenID Connect (OpenID Connect Core 1.0, code flow, with PKCE of RFC 7636): what
 * is asked of a provider and what of its answers is believed. No accounts, no cookies, no HTTP of
 * ours: src/web has those.
 *
 *   a browser -> openid_ask(BEGIN)  -> the provider's document -> the address the browser goes to
 *   a browser comes back with a code -> openid_ask(FINISH) -> code for tokens -> who he is
 *
 * Guarantees. Nothing is believed that is not signed by a key of the issuer itself (RS256, PS256,
 * ES256, EdDSA; never "none", never a shared secret), for this client, for this login (nonce) and
 * for now. A provider is asked by https with a certificate of an authority that is trusted; by http
 * on a loopback address alone, and that only when the question is `inner`. Redirections are not
 * followed. An answer has at most OPENID_ANSWER_MAX bytes and OPENID_TIME_S. The engine's thread
 * never waits: questions are asked by OPENID_THREADS threads, of one tenant by at most
 * OPENID_THREADS_TENANT of them, and at most OPENID_ASKS_MAX are under way.
 *
 * Caches, by issuer: its document and keys for OPENID_CACHE_S. A token of a key that is not among
 * them makes the keys be fetched again, at most once in OPENID_KEYS_AGAIN_S.
 *
 * openid_* with a struct openid belong to one thread, the engine's; the pure functions to any. This
 * room logs nothing. What is secret in a question is wiped when it is over. */
#pragma once

#include "base/base.h"
#include "os/os.h"
#include "secrets/secrets.h"

#define OPENID_THREADS 4
#define OPENID_THREADS_TENANT 2
#define OPENID_ASKS_MAX 64
#define OPENID_ASKS_TENANT 16
#define OPENID_TIME_S 10
#define OPENID_ANSWER_MAX ((size_t)1 << 20)
#define OPENID_CACHE_S 3600
#define OPENID_FAILED_S 5      /* who could not be reached is not tried again for so long */
#define OPENID_KEYS_AGAIN_S 60 /* between two times for tokens of unknown keys */
#define OPENID_ISSUERS_MAX 256 /* in the cache; the oldest goes */
#define OPENID_SKEW_S 60       /* how far its clock and ours may be apart */
#define OPENID_URL_MAX 1024    /* bytes of an address that a provider names, or its issuer */
#define OPENID_TOKEN_MAX ((size_t)64 << 10)
#define OPENID_KEYS_MAX 64 /* of a set that are looked at */

/* What went wrong; word: for addresses and programs. */
#define OPENID_FAULTS(X)                                                                           \
    X(OPENID_FINE, "fine", "nothing")                                                              \
    X(OPENID_BUSY, "busy", "too many logins are under way")                                        \
    X(OPENID_ADDRESS, "address", "an address must be https, without name, password or fragment")   \
    X(OPENID_UNREACHABLE, "unreachable", "the provider cannot be reached")                         \
    X(OPENID_ANSWER, "answer", "the provider's answer is none of OpenID Connect")                  \
    X(OPENID_CODE, "code", "the provider refused the code")                                        \
    X(OPENID_CLIENT, "client", "the provider refused the client id or its secret")                 \
    X(OPENID_TOKEN, "token", "the ID token is malformed")                                          \
    X(OPENID_ALGORITHM, "algorithm", "the ID token is signed in a way that is not accepted")       \
    X(OPENID_KEY, "key", "the ID token is signed by a key that the provider does not have")        \
    X(OPENID_SIGNATURE, "signature", "the ID token's signature is wrong")                          \
    X(OPENID_ISSUER, "issuer", "the document or the ID token is of another issuer")                \
    X(OPENID_AUDIENCE, "audience", "the ID token is meant for another client")                     \
    X(OPENID_EXPIRED, "expired", "the ID token has expired, or is of the future")                  \
    X(OPENID_NONCE, "nonce", "the ID token is of another login")                                   \
    X(OPENID_HASH, "hash", "the ID token does not go with the access token")                       \
    X(OPENID_MEMORY, "memory", "there is no memory")
#define OPENID_FAULT_ENUM(name, word, text) name,
enum openid_fault { OPENID_FAULTS(OPENID_FAULT_ENUM) OPENID_FAULT_COUNT };
#undef OPENID_FAULT_ENUM
const char *openid_fault_word(enum openid_fault fault);
const char *openid_fault_text(enum openid_fault fault);

/* May this be asked? inner: http on a loopback address as well. */
bool openid_url_is_good(struct bytes url, bool inner);

/* ---- a login's secrets --------------------------------------------------------------------------
 * All of them follow from one seed, which the browser keeps in a sealed cookie. */
#define OPENID_SEED_SIZE 32
struct openid_flow { /* base64url, NUL-terminated */
    char state[SECRET_BASE64_SIZE(32)], nonce[SECRET_BASE64_SIZE(32)],
        verifier[SECRET_BASE64_SIZE(32)], challenge[SECRET_BASE64_SIZE(32)];
};
void openid_flow_of(const uint8_t seed[OPENID_SEED_SIZE], struct openid_flow *ret_flow);

/* ---- pure: what a provider's bytes mean ---------------------------------------------------------
 */
struct openid_document { /* OpenID Connect Discovery 1.0, 3 */
    char authorization[OPENID_URL_MAX + 1], token[OPENID_URL_MAX + 1], keys[OPENID_URL_MAX + 1];
    bool secret_in_body; /* client_secret_post, because it knows no client_secret_basic */
};
/* Any bytes. issuer: as it was set; the document must name the very same. */
enum openid_fault openid_document_read(struct bytes json, struct bytes issuer, bool inner,
                                       struct openid_document *ret_document);

#define OPENID_SUBJECT_MAX 255 /* OpenID Connect Core 1.0, 2 */
struct openid_claims { /* texts are UTF-8 without control characters, NUL-terminated; empty: not
                  said, or too long */
    char subject[OPENID_SUBJECT_MAX + 1], name[129], user[129], email[257];
    bool email_verified;
    bool several; /* he proved himself by several factors: "mfa" of amr (RFC 8176) */
};
struct openid_wanted {
    struct bytes issuer, client_id, nonce;
    struct bytes access_token; /* that came with it; empty: none. Compared when there is at_hash */
    int64_t now_s;
};
/* Verifies an ID token (Core 3.1.3.7; RFC 7515, 7518, 8037) with a JWK set (RFC 7517). Any bytes
 * for token and keys. *ret_claims only when it is OPENID_FINE. OPENID_KEY: fetch the keys again. */
enum openid_fault openid_token_verify(struct bytes token, struct bytes keys,
                                      const struct openid_wanted *wanted,
                                      struct openid_claims *ret_claims);

/* ---- asking -------------------------------------------------------------------------------------
 */
struct openid_config {
    struct clock *clock;
    const char *ca; /* PEM file of authorities, read at each question; empty: the system's */
};
struct openid;
MUST_USE enum err openid_create(const struct openid_config *config, struct openid **ret_openid);
void openid_destroy(struct openid *openid); /* what is under way ends; NULL is fine */
/* Of its threads; readable when openid_step has something to do. */
int openid_fd(const struct openid *openid, unsigned thread);
void openid_step(struct openid *openid);

struct openid_question { /* copied */
    bool finish;         /* BEGIN, or FINISH */
    uint32_t tenant;     /* whose provider; for turns alone */
    bool inner;          /* who runs the server set this provider up */
    struct bytes issuer, client_id, secret, scopes, redirect; /* secret may be empty */
    const struct openid_flow *flow;
    struct bytes code; /* FINISH */
};
#define OPENID_TARGET_MAX 2000 /* more is no header of ours */
struct openid_answer {
    enum openid_fault fault;
    char target[OPENID_TARGET_MAX + 1]; /* BEGIN: where the browser goes */
    struct openid_claims claims;        /* FINISH */
};
typedef void openid_done(void *arg, const struct openid_answer *answer);
/* done(arg, ..) follows from within openid_step, unless openid_forget was called with the same arg
 * before. False: too many are under way. */
MUST_USE bool openid_ask(struct openid *openid, const struct openid_question *question,
                         openid_done *done, void *arg);
void openid_forget(struct openid *openid, const void *arg);
