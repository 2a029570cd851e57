/* What a house is, for house.c and session.c. */
#pragma once

#include "tls/tls.h"

#include <openssl/bio.h>
#include <openssl/evp.h>

#define TICKET_KEYS 3 /* one seals, and those before it open: longer than TLS_RESUME_S */
#define TICKET_IV_BYTES 16

struct ticket_key {
    uint8_t name[16], cipher[32], mac[32];
    int64_t made_ns;
    bool present;
};
struct tls_house {
    struct tls_set *set;
    struct ticket_key keys[TICKET_KEYS];
    EVP_CIPHER *cipher;
    BIO_METHOD *pipe; /* of the sessions */
    int64_t now_ns;
};
