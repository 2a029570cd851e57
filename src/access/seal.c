/* What must be had again in clear, under the key of the house. */
#include "access/room.h"

size_t access_seal(struct access *access, struct bytes context, struct bytes plain,
                   uint8_t *ret_sealed)
{
    uint8_t nonce[SECRET_NONCE_SIZE];
    access->config.random(nonce, sizeof nonce);
    return secret_seal(access->config.key, context, nonce, plain, ret_sealed);
}

enum err access_unseal(const struct access *access, struct bytes context, struct bytes sealed,
                       uint8_t *ret_plain, size_t room, size_t *ret_size)
{
    return secret_open(access->config.key, context, sealed, ret_plain, room, ret_size);
}
