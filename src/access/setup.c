/* The set-up link: one token, in memory, for as long as nobody administers the server. */
#include "access/room.h"

bool access_setup_begin(struct access *access, char text[SECRET_TOKEN_SIZE])
{
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE];
    if (!access->trial)
        return false;
    access->config.random(random, sizeof random);
    secret_token_make(SECRET_TOKEN_SETUP, random, text, access->setup.digest);
    secret_wipe(random, sizeof random);
    access->setup.there = true;
    return true;
}

bool access_setup_take(struct access *access, struct bytes text)
{
    uint8_t digest[SECRET_DIGEST_SIZE];
    if (!access->trial || !access->setup.there || access->setup.taken)
        return false;
    secret_hash(text, digest);
    access->setup.taken = secret_equal(digest, access->setup.digest, sizeof digest);
    return access->setup.taken;
}

void access_setup_release(struct access *access)
{
    access->setup.taken = false;
    if (!access_has_host(access->config.model))
        return;
    access->setup.there = false;
    secret_wipe(access->setup.digest, sizeof access->setup.digest);
}
