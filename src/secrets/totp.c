/* The second factor: codes of the time (RFC 6238 on RFC 4226), and the link that an authenticator
 * app takes the seed from. */
#include "secrets/secrets.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string.h>

#define CODES 1000000u /* 10 to the power of SECRET_TOTP_DIGITS */
#define TYPED_MAX 16   /* bytes of a code with its spaces */

/* RFC 4226, 5.3. */
static enum err code_of_step(const uint8_t seed[SECRET_TOTP_SEED_SIZE], int64_t step,
                             uint32_t *ret_code)
{
    uint8_t counter[8], mac[20];
    unsigned size = 0;
    for (size_t i = 0; i < sizeof counter; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    if (HMAC(EVP_sha1(), seed, SECRET_TOTP_SEED_SIZE, counter, sizeof counter, mac, &size) ==
            NULL ||
        size != sizeof mac)
        return ERR_NO_MEMORY;
    size_t at = mac[19] & 15u;
    uint32_t cut = (uint32_t)(mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 |
                   (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    *ret_code = cut % CODES;
    secret_wipe(mac, sizeof mac);
    return OK;
}

enum err secret_totp_code(const uint8_t seed[SECRET_TOTP_SEED_SIZE], int64_t step,
                          char code[SECRET_TOTP_DIGITS + 1])
{
    uint32_t v;
    enum err err = code_of_step(seed, step, &v);
    if (err != OK)
        return err;
    code[SECRET_TOTP_DIGITS] = 0;
    for (size_t i = SECRET_TOTP_DIGITS; i-- > 0; v /= 10)
        code[i] = (char)('0' + v % 10);
    return OK;
}

static bool code_read(struct bytes text, uint32_t *ret_code)
{
    uint32_t v = 0;
    size_t digits = 0;
    if (text.size > TYPED_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == ' ')
            continue;
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        v = v * 10 % (CODES * 10) + (uint32_t)(text.at[i] - '0');
        digits++;
    }
    if (digits != SECRET_TOTP_DIGITS)
        return false;
    *ret_code = v;
    return true;
}

bool secret_totp_check(const uint8_t seed[SECRET_TOTP_SEED_SIZE], struct bytes text, int64_t wall_s,
                       int64_t last_step, int64_t *ret_step)
{
    uint32_t typed, code;
    int64_t now = wall_s / SECRET_TOTP_STEP_S, found = -1;
    if (wall_s < 0 || !code_read(text, &typed))
        return false;
    /* The newest step that fits is the one that is used up: were two to have one code, the other
     * could not be used again. All three are computed, whichever fits. */
    for (int64_t step = now > 0 ? now - 1 : 0; step <= now + 1; step++) {
        if (code_of_step(seed, step, &code) != OK)
            return false;
        found = code == typed && step > last_step ? step : found;
    }
    if (found < 0)
        return false;
    *ret_step = found;
    return true;
}

/* ---- the link ---------------------------------------------------------------------------------
 */
static char *text_put(char *at, const char *text)
{
    size_t size = strlen(text);
    memcpy(at, text, size);
    return at + size;
}

/* RFC 3986, 2.1: all but its unreserved characters in percent. */
static char *name_put(char *at, struct bytes name)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.at[i] == ':' ? '-' : name.at[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != 0 && strchr("-._~", c) != NULL);
        if (plain) {
            *at++ = (char)c;
            continue;
        }
        *at++ = '%';
        *at++ = digits[c >> 4];
        *at++ = digits[c & 15];
    }
    return at;
}

enum err secret_totp_uri(struct bytes issuer, struct bytes account,
                         const uint8_t seed[SECRET_TOTP_SEED_SIZE], char text[SECRET_TOTP_URI_SIZE])
{
    _Static_assert(3 * 3 * SECRET_TOTP_NAME_MAX + 200 <= SECRET_TOTP_URI_SIZE,
                   "issuer twice, account once, each byte three characters, and the rest");
    if (issuer.size > SECRET_TOTP_NAME_MAX || account.size > SECRET_TOTP_NAME_MAX)
        return ERR_LIMIT;
    char *at = text_put(text, "otpauth://totp/");
    at = name_put(at, issuer);
    at = text_put(at, ":");
    at = name_put(at, account);
    at = text_put(at, "?secret=");
    secret_base32_put(bytes_of(seed, SECRET_TOTP_SEED_SIZE), at);
    at += SECRET_BASE32_SIZE(SECRET_TOTP_SEED_SIZE) - 1;
    at = text_put(at, "&issuer=");
    at = name_put(at, issuer);
    at = text_put(at, "&algorithm=SHA1&digits=6&period=30");
    *at = 0;
    return OK;
}
