/* The key of the house: its file, and what is sealed with it. The file's bytes are never
 * used themselves: each purpose has a key derived from them (BLAKE2b, crypto_kdf), so that nothing
 * said by one can help against the other. */
#include "secrets/secrets.h"

#include <sodium.h>

#include <string.h>
#include <sys/stat.h>

#define KEY_FILE_NEW SECRET_KEY_FILE ".new"
#define KEY_MARK_SIZE 3
#define SEAL_VERSION 1
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HEAD_SIZE (1 + KEY_MARK_SIZE)
_Static_assert(HEAD_SIZE + SECRET_NONCE_SIZE + TAG_SIZE == SECRET_SEAL_OVERHEAD, "parts of a seal");
_Static_assert(SECRET_NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "its nonce");
_Static_assert(SECRET_KEY_SIZE == crypto_kdf_KEYBYTES, "what is derived from");
_Static_assert(SECRET_SIGNATURE_SIZE == crypto_auth_hmacsha256_BYTES, "HMAC-SHA-256");

enum purpose { PURPOSE_SEAL = 1, PURPOSE_MARK = 3 }; /* never another number */

struct secret_key { /* in memory of sodium_malloc, read-only once it is made */
    uint8_t seal[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    uint8_t mark[16]; /* of which seals show KEY_MARK_SIZE: tells one key from another, and
                         nothing of either */
};

/* ---- life -------------------------------------------------------------------------------------
 */
static void key_derive(uint8_t *ret_key, size_t size, enum purpose purpose,
                       const uint8_t bytes[SECRET_KEY_SIZE])
{
    check(crypto_kdf_derive_from_key(ret_key, size, (uint64_t)purpose, "mainstem", bytes) == 0);
}

enum err secret_key_create(const uint8_t bytes[SECRET_KEY_SIZE], struct secret_key **ret_key)
{
    struct secret_key *key = sodium_malloc(sizeof *key);
    if (key == NULL)
        return ERR_NO_MEMORY;
    key_derive(key->seal, sizeof key->seal, PURPOSE_SEAL, bytes);
    key_derive(key->mark, sizeof key->mark, PURPOSE_MARK, bytes);
    (void)sodium_mprotect_readonly(key); /* against our own bugs; a refusal changes nothing */
    *ret_key = key;
    return OK;
}

void secret_key_destroy(struct secret_key *key)
{
    sodium_free(key);
}

/* ---- the file ---------------------------------------------------------------------------------
 */
static enum err file_read(struct disk *disk, uint8_t bytes[SECRET_KEY_SIZE])
{
    uint8_t got[SECRET_KEY_SIZE + 1]; /* one more, to see a longer file */
    struct disk_file *file;
    size_t size = 0;
    enum err err = disk->open(disk, SECRET_KEY_FILE, DISK_READ, &file);
    if (err != OK)
        return err;
    err = disk->read(disk, file, 0, got, sizeof got, &size);
    disk->close(disk, file);
    if (err == OK && (size != SECRET_KEY_SIZE || sodium_is_zero(got, SECRET_KEY_SIZE)))
        err = ERR_CORRUPT;
    if (err == OK)
        memcpy(bytes, got, SECRET_KEY_SIZE);
    secret_wipe(got, sizeof got);
    return err;
}

/* For its owner alone, whatever the program's umask is. */
static enum err file_create(struct disk *disk, struct disk_file **ret_file)
{
    mode_t before = umask(077);
    enum err err =
        disk->open(disk, KEY_FILE_NEW, DISK_WRITE | DISK_CREATE | DISK_EXCLUSIVE, ret_file);
    if (err == ERR_EXISTS) { /* of a process that died before it was done; the folder is ours */
        err = disk->remove(disk, KEY_FILE_NEW);
        if (err == OK)
            err =
                disk->open(disk, KEY_FILE_NEW, DISK_WRITE | DISK_CREATE | DISK_EXCLUSIVE, ret_file);
    }
    (void)umask(before);
    return err;
}

static enum err file_write(struct disk *disk, const uint8_t bytes[SECRET_KEY_SIZE])
{
    struct disk_file *file;
    enum err err = file_create(disk, &file);
    if (err != OK)
        return err;
    err = disk->write(disk, file, 0, bytes, SECRET_KEY_SIZE);
    if (err == OK)
        err = disk->sync(disk, file);
    disk->close(disk, file);
    if (err == OK)
        err = disk->rename(disk, KEY_FILE_NEW, SECRET_KEY_FILE);
    if (err == OK)
        err = disk->sync_folder(disk, ".");
    return err;
}

enum err secret_key_open(struct disk *disk, void (*random)(void *at, size_t size),
                         struct secret_key **ret_key)
{
    uint8_t bytes[SECRET_KEY_SIZE];
    enum err err = file_read(disk, bytes);
    if (err == ERR_MISSING) {
        random(bytes, sizeof bytes);
        err = file_write(disk, bytes);
    } else if (err == OK) {
        /* Whoever made it may have died before its name was on the medium, and what is sealed from
         * now on must open after a power cut. */
        err = disk->sync_folder(disk, ".");
    }
    if (err == OK)
        err = secret_key_create(bytes, ret_key);
    secret_wipe(bytes, sizeof bytes);
    return err;
}

/* ---- seals ------------------------------------------------------------------------------------
 * What is authenticated beside the plain bytes: the head, then the context. libsodium wants it in
 * one piece. */
#define CONTEXT_MAX 256

static size_t associated_put(uint8_t at[HEAD_SIZE + CONTEXT_MAX], const uint8_t head[HEAD_SIZE],
                             struct bytes context)
{
    check(context.size <= CONTEXT_MAX);
    memcpy(at, head, HEAD_SIZE);
    if (context.size > 0)
        memcpy(at + HEAD_SIZE, context.at, context.size);
    return HEAD_SIZE + context.size;
}

size_t secret_seal(const struct secret_key *key, struct bytes context,
                   const uint8_t nonce[SECRET_NONCE_SIZE], struct bytes plain, uint8_t *ret_sealed)
{
    uint8_t associated[HEAD_SIZE + CONTEXT_MAX];
    unsigned long long size;
    check(plain.size <= SECRET_SEAL_PLAIN_MAX);
    ret_sealed[0] = SEAL_VERSION;
    memcpy(ret_sealed + 1, key->mark, KEY_MARK_SIZE);
    memcpy(ret_sealed + HEAD_SIZE, nonce, SECRET_NONCE_SIZE);
    size_t associated_size = associated_put(associated, ret_sealed, context);
    crypto_aead_xchacha20poly1305_ietf_encrypt(ret_sealed + HEAD_SIZE + SECRET_NONCE_SIZE, &size,
                                               plain.at, plain.size, associated, associated_size,
                                               NULL, nonce, key->seal);
    return HEAD_SIZE + SECRET_NONCE_SIZE + (size_t)size;
}

enum err secret_open(const struct secret_key *key, struct bytes context, struct bytes sealed,
                     uint8_t *ret_plain, size_t room, size_t *ret_size)
{
    uint8_t associated[HEAD_SIZE + CONTEXT_MAX];
    unsigned long long size;
    if (sealed.size < SECRET_SEAL_OVERHEAD || sealed.at[0] == 0)
        return ERR_INVALID;
    if (sealed.at[0] > SEAL_VERSION)
        return ERR_NEWER;
    if (memcmp(sealed.at + 1, key->mark, KEY_MARK_SIZE) != 0)
        return ERR_MISSING;
    if (sealed.size - SECRET_SEAL_OVERHEAD > room)
        return ERR_LIMIT;
    const uint8_t *nonce = sealed.at + HEAD_SIZE;
    size_t associated_size = associated_put(associated, sealed.at, context);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            ret_plain, &size, NULL, nonce + SECRET_NONCE_SIZE,
            sealed.size - HEAD_SIZE - SECRET_NONCE_SIZE, associated, associated_size, nonce,
            key->seal) != 0)
        return ERR_CORRUPT;
    *ret_size = (size_t)size;
    return OK;
}

/* ---- signatures -------------------------------------------------------------------------------
 */
static void mac_feed(crypto_auth_hmacsha256_state *mac, struct bytes bytes)
{
    if (bytes.size > 0) /* no bytes may have no address */
        crypto_auth_hmacsha256_update(mac, bytes.at, bytes.size);
}

void secret_sign_shared(struct bytes secret, struct bytes bytes,
                        uint8_t ret_signature[SECRET_SIGNATURE_SIZE])
{
    crypto_auth_hmacsha256_state mac;
    uint8_t none = 0;
    crypto_auth_hmacsha256_init(&mac, secret.size > 0 ? secret.at : &none, secret.size);
    mac_feed(&mac, bytes);
    crypto_auth_hmacsha256_final(&mac, ret_signature);
    secret_wipe(&mac, sizeof mac);
}
