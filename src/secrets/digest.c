/* The start of the room, and what all of it stands on: wiping, comparing, SHA-256. */
#include "secrets/secrets.h"

#include <sodium.h>

_Static_assert(sizeof(struct secret_digest) >= sizeof(crypto_hash_sha256_state) &&
                   _Alignof(struct secret_digest) >= _Alignof(crypto_hash_sha256_state),
               "libsodium's state fits into ours");
_Static_assert(SECRET_DIGEST_SIZE == crypto_hash_sha256_BYTES, "SHA-256");

enum err secrets_start(void)
{
    return sodium_init() < 0 ? ERR_IO : OK; /* 1: it was started already */
}

void secret_wipe(void *at, size_t size)
{
    sodium_memzero(at, size);
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

/* ---- SHA-256 ----------------------------------------------------------------------------------
 */
void secret_hash(struct bytes bytes, uint8_t ret_digest[SECRET_DIGEST_SIZE])
{
    struct secret_digest digest;
    secret_digest_init(&digest);
    secret_digest_feed(&digest, bytes);
    secret_digest_close(&digest, ret_digest);
}

static crypto_hash_sha256_state *state_of(struct secret_digest *digest)
{
    return (crypto_hash_sha256_state *)(void *)digest->inside;
}

void secret_digest_init(struct secret_digest *digest)
{
    crypto_hash_sha256_init(state_of(digest));
}

void secret_digest_feed(struct secret_digest *digest, struct bytes piece)
{
    if (piece.size > 0) /* no bytes may have no address */
        crypto_hash_sha256_update(state_of(digest), piece.at, piece.size);
}

void secret_digest_feed_sized(struct secret_digest *digest, struct bytes piece)
{
    uint8_t size[8];
    store_u64(size, piece.size);
    secret_digest_feed(digest, bytes_of(size, sizeof size));
    secret_digest_feed(digest, piece);
}

void secret_digest_close(struct secret_digest *digest, uint8_t ret_digest[SECRET_DIGEST_SIZE])
{
    crypto_hash_sha256_final(state_of(digest), ret_digest);
    sodium_memzero(digest, sizeof *digest);
}
