/* Signatures of webhooks (Standard Webhooks 1.0), and what a channel's secret may be. */
#include "notify/room.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "whsec_"
#define PREFIX_SIZE (sizeof PREFIX - 1)
#define KEY_MAX 400

size_t notify_context(uint32_t tenant, struct bytes name, char *context)
{
    int size = snprintf(context, NOTICE_NAME_MAX + 32, "channel %u %.*s", tenant, (int)name.size,
                        (const char *)name.at);
    return (size_t)size;
}

/* The key's bytes into key[KEY_MAX]; false: it is none. */
static bool key_of(struct bytes secret, uint8_t *key, size_t *ret_size)
{
    if (secret.size == 0 || secret.size > KEY_MAX)
        return false;
    if (secret.size < PREFIX_SIZE || memcmp(secret.at, PREFIX, PREFIX_SIZE) != 0) {
        memcpy(key, secret.at, secret.size);
        *ret_size = secret.size;
        return true;
    }
    struct bytes text = bytes_of(secret.at + PREFIX_SIZE, secret.size - PREFIX_SIZE);
    size_t padding = 0;
    while (padding < 2 && padding < text.size && text.at[text.size - 1 - padding] == '=')
        padding++;
    int size =
        text.size == 0 || text.size % 4 != 0 ? -1 : EVP_DecodeBlock(key, text.at, (int)text.size);
    if (size < 0)
        return false;
    *ret_size = (size_t)size - padding;
    return *ret_size > 0;
}

bool notify_secret_is_good(struct bytes secret)
{
    uint8_t key[KEY_MAX];
    size_t size;
    bool good = key_of(secret, key, &size);
    secret_wipe(key, sizeof key);
    return good;
}

bool notify_sign(struct bytes secret, const char *identity, int64_t timestamp_s, struct bytes body,
                 char signature[NOTIFY_SIGNATURE_SIZE])
{
    uint8_t key[KEY_MAX], digest[SECRET_SIGNATURE_SIZE];
    char head[NOTIFY_IDENTITY_SIZE + 32];
    size_t key_size;
    int head_size = snprintf(head, sizeof head, "%s.%" PRId64 ".", identity, timestamp_s);
    uint8_t *said = malloc((size_t)head_size + body.size);
    bool good = said != NULL && key_of(secret, key, &key_size);
    if (good) {
        memcpy(said, head, (size_t)head_size);
        memcpy(said + head_size, body.at, body.size);
        secret_sign_shared(bytes_of(key, key_size), bytes_of(said, (size_t)head_size + body.size),
                           digest);
        memcpy(signature, "v1,", 3);
        EVP_EncodeBlock((unsigned char *)signature + 3, digest, sizeof digest);
    }
    secret_wipe(key, sizeof key);
    free(said);
    return good;
}
