/* Passwords at rest: argon2id, and its text "$argon2id$v=19$m=65536,t=2,p=1$salt$digest".
 *
 * libsodium's own crypto_pwhash_str_verify says the same of a wrong password and of missing memory,
 * and takes as much memory as the text asks for. So the text is read here, within bounds, and the
 * digest is computed and compared. A text that cannot be read costs as much as one that can. */
#include "secrets/room.h"

#include <sodium.h>

#include <string.h>

_Static_assert(SECRET_HASH_SIZE == crypto_pwhash_STRBYTES, "libsodium's text");
_Static_assert(sizeof((struct password_hash){0}.salt) == crypto_pwhash_SALTBYTES, "its salt");

/* ---- the text ---------------------------------------------------------------------------------
 */
static bool text_skip(struct bytes *text, const char *word)
{
    size_t size = strlen(word);
    if (text->size < size || memcmp(text->at, word, size) != 0)
        return false;
    *text = bytes_of(text->at + size, text->size - size);
    return true;
}

/* A decimal number without zeros in front, 1..most. */
static bool text_number(struct bytes *text, uint64_t most, uint64_t *ret_v)
{
    uint64_t v = 0;
    size_t size = 0;
    for (; size < text->size && size < 10 && text->at[size] >= '0' && text->at[size] <= '9'; size++)
        v = v * 10 + (uint64_t)(text->at[size] - '0');
    if (size == 0 || text->at[0] == '0' || v > most)
        return false;
    *text = bytes_of(text->at + size, text->size - size);
    *ret_v = v;
    return true;
}

/* Base 64 of exactly `size` bytes, without padding. */
static bool text_base64(struct bytes *text, uint8_t *ret_at, size_t size)
{
    size_t length = SECRET_BASE64_SIZE(size) - 1, got = 0;
    if (text->size < length ||
        base64_get(bytes_of(text->at, length), "+/", ret_at, size, &got) != OK || got != size)
        return false;
    *text = bytes_of(text->at + length, text->size - length);
    return true;
}

bool password_hash_read(struct bytes text, struct password_hash *ret_hash)
{
    struct password_hash hash;
    uint64_t kibibytes = 0;
    bool good = text_skip(&text, "$argon2id$v=19$m=") &&
                text_number(&text, SECRET_PASSWORD_MEMORY_MAX / 1024, &kibibytes) &&
                kibibytes >= crypto_pwhash_MEMLIMIT_MIN / 1024 && text_skip(&text, ",t=") &&
                text_number(&text, SECRET_PASSWORD_PASSES_MAX, &hash.passes) &&
                text_skip(&text, ",p=1$") && text_base64(&text, hash.salt, sizeof hash.salt) &&
                text_skip(&text, "$") && text_base64(&text, hash.digest, sizeof hash.digest) &&
                text.size == 0;
    hash.memory = kibibytes * 1024;
    if (good)
        *ret_hash = hash;
    secret_wipe(&hash, sizeof hash);
    return good;
}

/* ---- hash and verify --------------------------------------------------------------------------
 */
enum err password_hash_make(struct bytes password, uint64_t passes, size_t memory,
                            char hash[SECRET_HASH_SIZE])
{
    char text[SECRET_HASH_SIZE];
    const char *at = password.size > 0 ? (const char *)password.at : "";
    if (password.size > SECRET_PASSWORD_MAX)
        return ERR_LIMIT;
    if (crypto_pwhash_str_alg(text, at, password.size, passes, memory,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return ERR_NO_MEMORY;
    memcpy(hash, text, sizeof text);
    return OK;
}

enum err secret_password_hash(struct bytes password, char hash[SECRET_HASH_SIZE])
{
    return password_hash_make(password, SECRET_PASSWORD_PASSES, SECRET_PASSWORD_MEMORY, hash);
}

enum err secret_password_verify(struct bytes hash, struct bytes password)
{
    struct password_hash wanted = {.memory = SECRET_PASSWORD_MEMORY,
                                   .passes = SECRET_PASSWORD_PASSES};
    bool possible = password_hash_read(hash, &wanted) && password.size <= SECRET_PASSWORD_MAX;
    uint8_t digest[sizeof wanted.digest];
    const char *at = possible && password.size > 0 ? (const char *)password.at : "";
    if (crypto_pwhash(digest, sizeof digest, at, possible ? password.size : 0, wanted.salt,
                      wanted.passes, wanted.memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return ERR_NO_MEMORY;
    bool same = secret_equal(digest, wanted.digest, sizeof digest);
    secret_wipe(digest, sizeof digest);
    secret_wipe(&wanted, sizeof wanted);
    return same && possible ? OK : ERR_REFUSED;
}

bool secret_password_is_outdated(struct bytes hash)
{
    struct password_hash made;
    if (!password_hash_read(hash, &made))
        return false;
    bool outdated = made.memory < SECRET_PASSWORD_MEMORY || made.passes < SECRET_PASSWORD_PASSES;
    secret_wipe(&made, sizeof made);
    return outdated;
}
