/* secrets: everything that touches secret bytes, in one place: passwords, tokens, second factors,
 * seals, and the hash that the audit is chained by.
 *
 * Guarantees. What is secret is compared, encoded and decoded in a time that does not depend on it;
 * copies of it on our stack are wiped before a function returns. No function here logs, and no
 * sentence it returns holds a byte of what it was given. Any bytes may come to the functions that
 * read, of any size: a wrong one is an answer, never a check(). The primitives are libsodium's
 * (Argon2id RFC 9106, XChaCha20-Poly1305, SHA-256, HMAC-SHA-256, BLAKE2b) and, for the second
 * factor alone, OpenSSL's HMAC-SHA-1; none is written here.
 *
 * Pure: randomness comes from the caller (who has os_random, or a simulator's), so that what a
 * command says of secrets can be made at admission and reducers never ask. Only two functions look
 * at the world: secret_key_open reads a file, and the password functions ask libsodium for a salt.
 *
 * Does not know: accounts, tenants, how often somebody guessed, what time it is.
 * Threads: any, on distinct objects; secrets_start first. A struct secret_key may be used by many
 * threads at once. The password functions take long: never on the engine's thread. */
#pragma once

#include "base/base.h"
#include "os/os.h"

/* Once, before anything else here, and before threads start; more often is harmless. ERR_IO: the
 * kernel gives no randomness. (Core dumps and /proc are shut by os_harden_process.) */
MUST_USE enum err secrets_start(void);

/* Zeroes; the compiler cannot leave it out. */
void secret_wipe(void *at, size_t size);
/* Are these the same? Takes the same time wherever they differ. */
bool secret_equal(const void *a, const void *b, size_t size);

/* ---- digests: SHA-256 (FIPS 180-4) ------------------------------------------------------------
 */
#define SECRET_DIGEST_SIZE 32
void secret_hash(struct bytes bytes, uint8_t ret_digest[SECRET_DIGEST_SIZE]);

struct secret_digest { /* in pieces */
    uint64_t inside[13];
};
void secret_digest_init(struct secret_digest *digest);
void secret_digest_feed(struct secret_digest *digest, struct bytes piece);
/* The size first, 8 bytes little-endian, then the bytes: so that no two lists of pieces feed the
 * same. */
void secret_digest_feed_sized(struct secret_digest *digest, struct bytes piece);
void secret_digest_close(struct secret_digest *digest, uint8_t ret_digest[SECRET_DIGEST_SIZE]);

/* ---- passwords: Argon2id (RFC 9106) -----------------------------------------------------------
 * Slow on purpose: some 100 ms of one core and SECRET_PASSWORD_MEMORY while it lasts. On worker
 * threads only, few at a time. */
#define SECRET_PASSWORD_PASSES 2                  /* t */
#define SECRET_PASSWORD_MEMORY ((size_t)64 << 20) /* m, bytes */
#define SECRET_PASSWORD_PASSES_MAX 16             /* of a hash that is read; more is none */
#define SECRET_PASSWORD_MEMORY_MAX ((size_t)1024 << 20)
#define SECRET_PASSWORD_MIN 10  /* bytes of a new password */
#define SECRET_PASSWORD_MAX 256 /* bytes of any password */
#define SECRET_HASH_SIZE                                                                           \
    128 /* of the text "$argon2id$v=19$m=65536,t=2,p=1$salt$hash", with NUL                        \
         */
/* With a fresh salt. Any bytes up to SECRET_PASSWORD_MAX (secret_password_fault judges before);
 * ERR_LIMIT when there are more, ERR_NO_MEMORY. hash is a NUL-terminated text. */
MUST_USE enum err secret_password_hash(struct bytes password, char hash[SECRET_HASH_SIZE]);
/* OK: it is that password; ERR_REFUSED: it is not; ERR_NO_MEMORY: nobody knows, ask again later. A
 * hash that is none (empty: there is no such user, or he has no password) is ERR_REFUSED after the
 * same time as a wrong password, so that time does not tell who exists. */
MUST_USE enum err secret_password_verify(struct bytes hash, struct bytes password);
/* Was it made with less memory or fewer passes than today's? Then it is to be made anew when the
 * password is at hand. False for what is no hash. */
bool secret_password_is_outdated(struct bytes hash);
/* What is wrong with a new password of a user of this name: one of these sentences, or NULL (NIST
 * SP 800-63B, 5.1.1.2). No rules of composition, but: SECRET_PASSWORD_MIN..MAX bytes of UTF-8
 * without control characters; not one of the commonest, whatever case, digits and signs dress it
 * up; not the user's name with a few characters more; no more than a short piece repeated, or a row
 * of neighbours such as 0123456789. The bytes are taken as they are: who reads a keyboard brings
 * them into Unicode's form NFC before. Fast; any thread. */
#define SECRET_PASSWORD_FAULT_TABLE(X)                                                             \
    X(SHORT, "the password is too short: it needs at least 10 bytes")                              \
    X(LONG, "the password is too long: it may have at most 256 bytes")                             \
    X(TEXT, "the password must be UTF-8 text without control characters")                          \
    X(COMMON, "the password is one that is guessed first: choose words that do not go together")   \
    X(NAME, "the password is little more than the user's name: choose another")                    \
    X(REPEATED, "the password repeats a few characters, or counts on: choose another")
const char *secret_password_fault(struct bytes password, struct bytes user_name);

/* ---- tokens -----------------------------------------------------------------------------------
 *      mst_a_0123456789_<43 characters>CHECKS
 *           |     |           |           |
 *        kind   id, finds   secret, 256   CRC-32C of what stands before
 *               the record  bits
 * All are of [0-9A-Za-z] (base 62), so that a double click takes the whole; "mst_" and the check
 * let scanners of source code and logs find a token, and only tokens, without asking us. Stored is
 * the SHA-256 of the whole text: a token has 256 random bits, nothing slow is needed. */
#define SECRET_TOKEN_KINDS(X)                                                                      \
    X(SECRET_TOKEN_API, 'a')        /* API token */                                                \
    X(SECRET_TOKEN_DEVICE, 'd')     /* device token */                                             \
    X(SECRET_TOKEN_CLAIM, 'c')      /* claim key */                                                \
    X(SECRET_TOKEN_INVITATION, 'i') /* invitation */                                               \
    X(SECRET_TOKEN_BROWSER, 's')    /* browser session */                                          \
    X(SECRET_TOKEN_SETUP, 'u')      /* set-up link */
#define SECRET_TOKEN_ENUM(name, letter) name = letter,
enum secret_token_kind { SECRET_TOKEN_KINDS(SECRET_TOKEN_ENUM) };
#undef SECRET_TOKEN_ENUM
#define SECRET_TOKEN_RANDOM_SIZE 40 /* 8 bytes of the id, 32 of the secret */
#define SECRET_TOKEN_ID_LENGTH 10
#define SECRET_TOKEN_LENGTH 66
#define SECRET_TOKEN_SIZE (SECRET_TOKEN_LENGTH + 1) /* with NUL */
/* text is shown once, digest is kept; secret_token_read(text) gives the id. */
void secret_token_make(enum secret_token_kind kind, const uint8_t random[SECRET_TOKEN_RANDOM_SIZE],
                       char text[SECRET_TOKEN_SIZE], uint8_t ret_digest[SECRET_DIGEST_SIZE]);
struct secret_token {
    enum secret_token_kind kind;
    struct bytes id; /* view into the text, SECRET_TOKEN_ID_LENGTH characters; no secret */
};
/* Any bytes; false: no token of ours, by its form or its check. That the form is right says nothing
 * of who it is: compare secret_hash(text) with secret_equal. */
MUST_USE bool secret_token_read(struct bytes text, struct secret_token *ret_token);

/* ---- second factor: TOTP (RFC 6238), SHA-1, 30 s, 6 digits, as all authenticator apps do ------
 */
#define SECRET_TOTP_SEED_SIZE 20 /* random bytes */
#define SECRET_TOTP_STEP_S 30
#define SECRET_TOTP_DIGITS 6
/* Is the text (six digits; spaces are skipped) the code of the step of wall_s (seconds since 1970),
 * or of the one before or after? Codes of steps up to last_step were used and are refused (RFC
 * 6238, 5.2); 0: none was. *ret_step: keep it as the next last_step. */
MUST_USE bool secret_totp_check(const uint8_t seed[SECRET_TOTP_SEED_SIZE], struct bytes text,
                                int64_t wall_s, int64_t last_step, int64_t *ret_step);
/* The code of a step, as text with NUL: for clients and tests. ERR_NO_MEMORY. */
MUST_USE enum err secret_totp_code(const uint8_t seed[SECRET_TOTP_SEED_SIZE], int64_t step,
                                   char code[SECRET_TOTP_DIGITS + 1]);
/* otpauth://totp/ISSUER:ACCOUNT?secret=..&issuer=..&algorithm=SHA1&digits=6&period=30, for a QR
 * code; it is as secret as the seed. ERR_LIMIT when a name is longer than SECRET_TOTP_NAME_MAX
 * bytes. A colon separates the names in that form: those inside of them become '-'. */
#define SECRET_TOTP_NAME_MAX 256
#define SECRET_TOTP_URI_SIZE 2560 /* with NUL */
MUST_USE enum err secret_totp_uri(struct bytes issuer, struct bytes account,
                                  const uint8_t seed[SECRET_TOTP_SEED_SIZE],
                                  char text[SECRET_TOTP_URI_SIZE]);

/* Recovery codes: for who lost the device that has the seed. Each works once; 80 bits, so that the
 * SHA-256 that is kept cannot be guessed. */
#define SECRET_RECOVERY_COUNT 10
#define SECRET_RECOVERY_RANDOM_SIZE 10
#define SECRET_RECOVERY_SIZE 20 /* "abcd-efgh-ijkl-mnop", with NUL */
void secret_recovery_make(const uint8_t random[SECRET_RECOVERY_RANDOM_SIZE],
                          char text[SECRET_RECOVERY_SIZE], uint8_t ret_digest[SECRET_DIGEST_SIZE]);
/* As people type it: large or small letters, with or without '-' and spaces. false: no recovery
 * code by its form. */
MUST_USE bool secret_recovery_read(struct bytes text, uint8_t ret_digest[SECRET_DIGEST_SIZE]);

/* ---- the key of the house ---------------------------------------------------------------------
 * 32 random bytes in the file SECRET_KEY_FILE of the data folder, readable by its owner alone, made
 * at the first need, never in a backup: who restores one elsewhere brings the file along, or people
 * enroll their second factors again. In memory it lies in locked pages between guard pages, in no
 * core dump and no swap (as far as RLIMIT_MEMLOCK allows). Seals use a key derived from it. */
#define SECRET_KEY_SIZE 32
#define SECRET_KEY_FILE "secrets.key"
struct secret_key;
/* Reads the file, or makes it (written aside, synced, renamed, the folder synced: after a crash
 * there is a whole one or none). The folder must be locked by this process. ERR_CORRUPT: the file
 * is no key; ERR_NO_MEMORY, and what the disk says. random: os_random, but for simulators. */
MUST_USE enum err secret_key_open(struct disk *disk, void (*random)(void *at, size_t size),
                                  struct secret_key **ret_key);
/* Of given bytes: for tests and simulators. */
MUST_USE enum err secret_key_create(const uint8_t bytes[SECRET_KEY_SIZE],
                                    struct secret_key **ret_key);
void secret_key_destroy(struct secret_key *key); /* wipes; NULL is fine */

/* ---- seals: what must be had again in clear ---------------------------------------------------
 * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03). The context says what it is and whose ("totp
 * 17"), and is authenticated: sealed bytes moved to another place do not open there.
 *      1 version | 3 mark of the key | 24 nonce | the bytes, encrypted | 16 tag */
#define SECRET_NONCE_SIZE 24
#define SECRET_SEAL_OVERHEAD 44
#define SECRET_SEAL_PLAIN_MAX 4096
/* nonce: random, never the same twice. Writes plain.size (at most SECRET_SEAL_PLAIN_MAX, a check)
 * + SECRET_SEAL_OVERHEAD bytes and returns how many that is. */
size_t secret_seal(const struct secret_key *key, struct bytes context,
                   const uint8_t nonce[SECRET_NONCE_SIZE], struct bytes plain, uint8_t *ret_sealed);
/* Writes at most `room` bytes. ERR_INVALID: these are no sealed bytes; ERR_NEWER; ERR_MISSING:
 * sealed under another key than the one that is here; ERR_LIMIT: longer than room; ERR_CORRUPT: of
 * another context, or changed. The caller wipes plain. */
MUST_USE enum err secret_open(const struct secret_key *key, struct bytes context,
                              struct bytes sealed, uint8_t *ret_plain, size_t room,
                              size_t *ret_size);

/* ---- signatures: HMAC-SHA-256 (RFC 2104, RFC 4231) --------------------------------------------
 */
#define SECRET_SIGNATURE_SIZE 32
/* By a secret of the caller's, of any size. */
void secret_sign_shared(struct bytes secret, struct bytes bytes,
                        uint8_t ret_signature[SECRET_SIGNATURE_SIZE]);

/* ---- secret bytes as text, in constant time ---------------------------------------------------
 * When a text is wrong, some of its bytes may be in ret_at. */
/* RFC 4648, 6, without padding: capital letters and 2-7. text has room for SECRET_BASE32_SIZE of
 * the bytes; NUL-terminated. */
#define SECRET_BASE32_SIZE(size) (((size)*8 + 4) / 5 + 1)
void secret_base32_put(struct bytes bytes, char *text);
/* Large or small letters, padding or none (then right). ERR_INVALID: anything else, spaces
 * included, or bits behind the last byte that are not zero; ERR_LIMIT: longer than room. */
MUST_USE enum err secret_base32_get(struct bytes text, uint8_t *ret_at, size_t room,
                                    size_t *ret_size);
/* RFC 4648, 5, without padding. */
#define SECRET_BASE64_SIZE(size) (((size)*4 + 2) / 3 + 1)
void secret_base64_put(struct bytes bytes, char *text);
/* Without padding alone. */
MUST_USE enum err secret_base64_get(struct bytes text, uint8_t *ret_at, size_t room,
                                    size_t *ret_size);
