/* Tokens: what a person copies into a program, and a program shows at the door. */
#include "secrets/room.h"

#include <string.h>

#define SECRET_DIGITS 43 /* of 256 bits in base 62 */
#define CHECK_DIGITS 6   /* of 32 bits */
#define ID_AT 6          /* behind "mst_a_" */
#define SECRET_AT (ID_AT + SECRET_TOKEN_ID_LENGTH + 1)
#define CHECK_AT (SECRET_AT + SECRET_DIGITS)
_Static_assert(CHECK_AT + CHECK_DIGITS == SECRET_TOKEN_LENGTH, "the parts of a token");

static bool kind_is_known(int letter)
{
    switch (letter) {
#define KIND_CASE(name, kind_letter) case kind_letter:
        SECRET_TOKEN_KINDS(KIND_CASE)
#undef KIND_CASE
        return true;
    default:
        return false;
    }
}

/* Random bytes as digits; their limbs are taken in the machine's order: any is as random. */
static void random_put(const uint8_t *random, size_t size, char *text, size_t digits)
{
    uint32_t limbs[8];
    check(size % 4 == 0 && size <= sizeof limbs);
    memcpy(limbs, random, size);
    base62_put(limbs, size / 4, text, digits);
    secret_wipe(limbs, sizeof limbs);
}

static void check_put(const char *text, char digits[CHECK_DIGITS])
{
    uint32_t sum = crc32c(0, text, CHECK_AT);
    base62_put(&sum, 1, digits, CHECK_DIGITS);
}

void secret_token_make(enum secret_token_kind kind, const uint8_t random[SECRET_TOKEN_RANDOM_SIZE],
                       char text[SECRET_TOKEN_SIZE], uint8_t ret_digest[SECRET_DIGEST_SIZE])
{
    check(kind_is_known((int)kind));
    memcpy(text, "mst_?_", ID_AT);
    text[4] = (char)kind;
    random_put(random, 8, text + ID_AT, SECRET_TOKEN_ID_LENGTH);
    text[SECRET_AT - 1] = '_';
    random_put(random + 8, 32, text + SECRET_AT, SECRET_DIGITS);
    check_put(text, text + CHECK_AT);
    text[SECRET_TOKEN_LENGTH] = 0;
    secret_hash(bytes_of(text, SECRET_TOKEN_LENGTH), ret_digest);
}

bool secret_token_read(struct bytes text, struct secret_token *ret_token)
{
    char digits[CHECK_DIGITS];
    const char *at = (const char *)text.at;
    if (text.size != SECRET_TOKEN_LENGTH || memcmp(at, "mst_", 4) != 0 ||
        !kind_is_known(text.at[4]) || at[5] != '_' || at[SECRET_AT - 1] != '_' ||
        !base62_is_text(bytes_of(at + ID_AT, SECRET_TOKEN_ID_LENGTH)) ||
        !base62_is_text(bytes_of(at + SECRET_AT, SECRET_TOKEN_LENGTH - SECRET_AT)))
        return false;
    check_put(at, digits);
    if (!secret_equal(digits, at + CHECK_AT, CHECK_DIGITS))
        return false;
    ret_token->kind = (enum secret_token_kind)text.at[4];
    ret_token->id = bytes_of(at + ID_AT, SECRET_TOKEN_ID_LENGTH);
    return true;
}

/* ---- recovery codes ---------------------------------------------------------------------------
 */
#define RECOVERY_DIGITS 16

void secret_recovery_make(const uint8_t random[SECRET_RECOVERY_RANDOM_SIZE],
                          char text[SECRET_RECOVERY_SIZE], uint8_t ret_digest[SECRET_DIGEST_SIZE])
{
    char digits[SECRET_BASE32_SIZE(SECRET_RECOVERY_RANDOM_SIZE)];
    _Static_assert(sizeof digits == RECOVERY_DIGITS + 1, "all digits of the code");
    secret_base32_put(bytes_of(random, SECRET_RECOVERY_RANDOM_SIZE), digits);
    secret_hash(bytes_of(digits, RECOVERY_DIGITS), ret_digest);
    for (size_t i = 0; i < RECOVERY_DIGITS; i++) {
        text[i + i / 4] = (char)(digits[i] | 0x20); /* small letters; digits have the bit */
        if (i % 4 == 0 && i > 0)
            text[i + i / 4 - 1] = '-';
    }
    text[SECRET_RECOVERY_SIZE - 1] = 0;
    secret_wipe(digits, sizeof digits);
}

bool secret_recovery_read(struct bytes text, uint8_t ret_digest[SECRET_DIGEST_SIZE])
{
    uint8_t digits[RECOVERY_DIGITS], bytes[SECRET_RECOVERY_RANDOM_SIZE];
    size_t count = 0, size;
    bool good = text.size <= 64; /* room for spaces, not for a novel */
    for (size_t i = 0; good && i < text.size; i++) {
        uint8_t c = text.at[i];
        if (c == '-' || c == ' ')
            continue;
        good = count < RECOVERY_DIGITS;
        if (good)
            digits[count++] = c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
    }
    good = good && count == RECOVERY_DIGITS &&
           secret_base32_get(bytes_of(digits, count), bytes, sizeof bytes, &size) == OK &&
           size == sizeof bytes;
    if (good)
        secret_hash(bytes_of(digits, count), ret_digest);
    secret_wipe(digits, sizeof digits);
    secret_wipe(bytes, sizeof bytes);
    return good;
}
