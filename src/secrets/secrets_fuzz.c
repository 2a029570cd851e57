/* Any bytes to every reader of this room: what is read is what would be written, and what is
 * written is read.
 *
 *      input    byte: which reader; the bytes */
#include "secrets/room.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void token(struct bytes text)
{
    struct secret_token parts;
    if (!secret_token_read(text, &parts))
        return;
    check(text.size == SECRET_TOKEN_LENGTH && parts.id.size == SECRET_TOKEN_ID_LENGTH);
    check(parts.id.at > text.at && parts.id.at + parts.id.size < text.at + text.size);
    check(text.at[4] == (uint8_t)parts.kind);
}

/* Made of the bytes: it is read; with one bit turned over: it is not. */
static void token_made(struct bytes bytes)
{
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE] = {0}, digest[SECRET_DIGEST_SIZE];
    char text[SECRET_TOKEN_SIZE];
    struct secret_token parts;
    memcpy(random, bytes.at, bytes.size < sizeof random ? bytes.size : sizeof random);
    secret_token_make(SECRET_TOKEN_BROWSER, random, text, digest);
    check(secret_token_read(bytes_of(text, SECRET_TOKEN_LENGTH), &parts));
    check(parts.kind == SECRET_TOKEN_BROWSER);
    size_t bit = bytes.size > 0 ? bytes.at[bytes.size - 1] * 3u % (8 * SECRET_TOKEN_LENGTH) : 0;
    text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    check(!secret_token_read(bytes_of(text, SECRET_TOKEN_LENGTH), &parts));
}

/* Both bases: exactly the room that is needed, written back as it came (but for case and padding),
 * and anything as bytes. */
static void base32(struct bytes text)
{
    uint8_t *at = malloc(text.size + 1);
    char *again = malloc(SECRET_BASE32_SIZE(text.size));
    size_t size = 0, size_again = 0;
    check(at != NULL && again != NULL);
    if (secret_base32_get(text, at, text.size, &size) == OK) {
        check(size <= text.size * 5 / 8);
        secret_base32_put(bytes_of(at, size), again);
        check(strlen(again) <= text.size && text.size < strlen(again) + 7);
        for (size_t i = 0; i < strlen(again); i++)
            check((again[i] & ~0x20) == (text.at[i] & ~0x20));
    }
    secret_base32_put(text, again);
    check(secret_base32_get(bytes_text(again), at, text.size, &size_again) == OK);
    check(bytes_equal(bytes_of(at, size_again), text));
    free(at);
    free(again);
}

static void base64(struct bytes text)
{
    uint8_t *at = malloc(text.size + 1);
    char *again = malloc(SECRET_BASE64_SIZE(text.size));
    size_t size = 0;
    check(at != NULL && again != NULL);
    if (secret_base64_get(text, at, text.size, &size) == OK) {
        secret_base64_put(bytes_of(at, size), again);
        check(bytes_equal(bytes_text(again), text));
    }
    secret_base64_put(text, again);
    check(secret_base64_get(bytes_text(again), at, text.size, &size) == OK);
    check(bytes_equal(bytes_of(at, size), text));
    free(at);
    free(again);
}

static void totp(struct bytes text)
{
    static const uint8_t seed[SECRET_TOTP_SEED_SIZE] = "12345678901234567890";
    char code[SECRET_TOTP_DIGITS + 1];
    int64_t step;
    if (!secret_totp_check(seed, text, 1111111109, 0, &step))
        return;
    check(secret_totp_code(seed, step, code) == OK);
    for (size_t i = 0, at = 0; i < text.size; i++)
        check(text.at[i] == ' ' || text.at[i] == (uint8_t)code[at++]);
}

static void totp_uri(struct bytes name)
{
    static const uint8_t seed[SECRET_TOTP_SEED_SIZE] = "12345678901234567890";
    char text[SECRET_TOTP_URI_SIZE];
    enum err err = secret_totp_uri(name, name, seed, text);
    check((err == OK) == (name.size <= SECRET_TOTP_NAME_MAX));
    for (size_t i = 0; err == OK && text[i] != 0; i++)
        check(text[i] > 0x20 && text[i] < 0x7f);
}

static void hash_text(struct bytes text)
{
    struct password_hash hash;
    if (!password_hash_read(text, &hash))
        return;
    check(text.size < SECRET_HASH_SIZE);
    check(hash.passes >= 1 && hash.passes <= SECRET_PASSWORD_PASSES_MAX);
    check(hash.memory >= 8192 && hash.memory <= SECRET_PASSWORD_MEMORY_MAX);
    if (hash.memory * hash.passes <= 65536) /* those that cost next to nothing */
        check(secret_password_verify(text, bytes_text("x")) != ERR_NO_MEMORY);
}

/* A password and, behind the first NUL, a name. */
static void password(struct bytes text)
{
    const uint8_t *end = text.size > 0 ? memchr(text.at, 0, text.size) : NULL;
    struct bytes name = bytes_of(NULL, 0);
    if (end != NULL) {
        name = bytes_of(end + 1, text.size - (size_t)(end + 1 - text.at));
        text.size = (size_t)(end - text.at);
    }
    const char *fault = secret_password_fault(text, name);
    check(fault != NULL || (text.size >= SECRET_PASSWORD_MIN && text.size <= SECRET_PASSWORD_MAX &&
                            bytes_are_utf8(text)));
}

static void sealed(struct bytes bytes)
{
    static struct secret_key *key;
    static const uint8_t master[SECRET_KEY_SIZE] = {1}, nonce[SECRET_NONCE_SIZE] = {2};
    uint8_t plain[64], out[64 + SECRET_SEAL_OVERHEAD];
    size_t size = 0;
    if (key == NULL)
        check(secret_key_create(master, &key) == OK);
    (void)secret_open(key, bytes_text("fuzz"), bytes, plain, sizeof plain, &size);
    if (bytes.size > sizeof plain)
        return;
    size = secret_seal(key, bytes_text("fuzz"), nonce, bytes, out);
    check(secret_open(key, bytes_text("fuzz"), bytes_of(out, size), plain, sizeof plain, &size) ==
          OK);
    check(bytes_equal(bytes_of(plain, size), bytes));
}

static void recovery(struct bytes text)
{
    uint8_t digest[SECRET_DIGEST_SIZE];
    if (secret_recovery_read(text, digest))
        check(text.size >= 16 && text.size <= 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct bytes) = {
        token, token_made, base32, base64, totp, totp_uri, hash_text, password, sealed, recovery};
    if (size == 0)
        return 0;
    check(secrets_start() == OK);
    /* A copy of exactly this size, so that a byte too many is seen. */
    uint8_t *copy = malloc(size - 1);
    check(copy != NULL);
    memcpy(copy, data + 1, size - 1);
    readers[data[0] % ARRAY_COUNT(readers)](bytes_of(copy, size - 1));
    free(copy);
    return 0;
}
