/* What the files of this folder share. */
#pragma once

#include "secrets/secrets.h"

/* ---- text.c ---- */
/* The number of `count` limbs, the highest first, as so many digits of base 62 without NUL; what
 * does not fit is left out at the high end. The limbs are used up. */
void base62_put(uint32_t *limbs, size_t count, char *text, size_t digits);
bool base62_is_text(struct bytes text);
/* secret_base64_get with these for the last two digits. */
MUST_USE enum err base64_get(struct bytes text, const char last[2], uint8_t *ret_at, size_t room,
                             size_t *ret_size);

/* ---- password.c ---- */
struct password_hash { /* what a hash's text says */
    uint64_t memory;   /* bytes */
    uint64_t passes;
    uint8_t salt[16], digest[32];
};
/* false: no text of ours, or dearer than SECRET_PASSWORD_MEMORY_MAX and _PASSES_MAX allow. */
MUST_USE bool password_hash_read(struct bytes text, struct password_hash *ret_hash);
/* secret_password_hash with other parameters. */
MUST_USE enum err password_hash_make(struct bytes password, uint64_t passes, size_t memory,
                                     char hash[SECRET_HASH_SIZE]);

/* ---- password_common.c ---- */
/* Is the text one of the commonest passwords? In small letters; exact. */
bool password_is_common(struct bytes text);
/* The table, for the test of its order; NULL behind the last. */
const char *password_common_at(size_t index);
