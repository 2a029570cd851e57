/* The house: the set in force, and the keys that tickets are sealed with. Keys live in memory
 * alone: after a restart everyone makes a full handshake, and a stolen disk opens no old session.
 *
 *   keys[0] seals; keys[0..TICKET_KEYS-1] open; after TLS_TICKET_KEY_NS each moves one place down
 */
#include "tls/house.h"
#include "tls/room.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

static bool key_make(struct ticket_key *key, int64_t now_ns)
{
    key->made_ns = now_ns;
    key->present = RAND_bytes(key->name, sizeof key->name) == 1 &&
                   RAND_priv_bytes(key->cipher, sizeof key->cipher) == 1 &&
                   RAND_priv_bytes(key->mac, sizeof key->mac) == 1;
    return key->present;
}

static void keys_forget(struct tls_house *house)
{
    OPENSSL_cleanse(house->keys, sizeof house->keys);
}

enum err tls_house_create(struct tls_set *set, struct tls_house **ret_house)
{
    struct tls_house *house = calloc(1, sizeof *house);
    if (house == NULL)
        return ERR_NO_MEMORY;
    house->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    house->pipe = session_pipe_create();
    if (house->cipher == NULL || house->pipe == NULL || !key_make(&house->keys[0], 0)) {
        EVP_CIPHER_free(house->cipher);
        BIO_meth_free(house->pipe);
        free(house);
        return ERR_NO_MEMORY;
    }
    house->set = set;
    *ret_house = house;
    return OK;
}

void tls_house_destroy(struct tls_house *house)
{
    if (house == NULL)
        return;
    keys_forget(house);
    EVP_CIPHER_free(house->cipher);
    BIO_meth_free(house->pipe);
    tls_set_destroy(house->set);
    free(house);
}

void tls_house_take(struct tls_house *house, struct tls_set *set)
{
    if (set_authority_hash(set) != set_authority_hash(house->set)) {
        keys_forget(house); /* whom the old authority vouched for must show himself again */
        (void)key_make(&house->keys[0], house->now_ns);
    }
    tls_set_destroy(house->set);
    house->set = set;
}

const struct tls_set *tls_house_set(const struct tls_house *house)
{
    return house->set;
}

void tls_house_now(struct tls_house *house, int64_t now_ns)
{
    house->now_ns = now_ns;
    if (house->keys[0].made_ns == 0)
        house->keys[0].made_ns = now_ns;
    if (now_ns - house->keys[0].made_ns < TLS_TICKET_KEY_NS)
        return;
    struct ticket_key fresh = {.present = false};
    if (!key_make(&fresh, now_ns))
        return;
    memmove(&house->keys[1], &house->keys[0], sizeof house->keys - sizeof house->keys[0]);
    house->keys[0] = fresh;
    OPENSSL_cleanse(&fresh, sizeof fresh);
}

/* ---- sealing and opening, as SSL_CTX_set_tlsext_ticket_key_evp_cb(3) wants it
 * ------------------------- */
static bool mac_begin(EVP_MAC_CTX *mac, struct ticket_key *key)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

static int ticket_seal(struct tls_house *house, unsigned char *name, unsigned char *iv,
                       EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    struct ticket_key *key = &house->keys[0];
    if (!key->present)
        return 0; /* no ticket */
    memcpy(name, key->name, sizeof key->name);
    bool good = RAND_bytes(iv, TICKET_IV_BYTES) == 1 && mac_begin(mac, key) &&
                EVP_EncryptInit_ex2(cipher, house->cipher, key->cipher, iv, NULL) == 1;
    return good ? 1 : -1;
}

static int ticket_open(struct tls_house *house, const unsigned char *name, const unsigned char *iv,
                       EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    for (size_t i = 0; i < TICKET_KEYS; i++) {
        struct ticket_key *key = &house->keys[i];
        if (!key->present || CRYPTO_memcmp(name, key->name, sizeof key->name) != 0)
            continue;
        bool good = mac_begin(mac, key) &&
                    EVP_DecryptInit_ex2(cipher, house->cipher, key->cipher, iv, NULL) == 1;
        return !good ? -1 : i == 0 ? 1 : 2; /* 2: good, and time for a new one */
    }
    return 0; /* not ours, or too old: a full handshake */
}

int house_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int encrypt)
{
    const struct tls_session *session = SSL_get_app_data(ssl);
    return encrypt ? ticket_seal(session->house, name, iv, cipher, mac)
                   : ticket_open(session->house, name, iv, cipher, mac);
}
