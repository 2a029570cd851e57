/* Secret bytes as text and back. No table is looked up and no branch taken by a secret: what is
 * chosen is chosen with masks. */
#include "secrets/room.h"

/* All ones when low <= c <= high, else 0; all below 2^31. */
static uint32_t mask_within(uint32_t c, uint32_t low, uint32_t high)
{
    return 0u - (((low - 1u - c) & (c - high - 1u)) >> 31);
}

/* ---- base 62: 0-9, A-Z, a-z ------------------------------------------------------------------
 */
static char base62_digit(uint32_t v)
{
    uint32_t c = v + '0';
    c += mask_within(v, 10, 61) & ('A' - '0' - 10);
    c += mask_within(v, 36, 61) & ('a' - 'A' - 26);
    return (char)c;
}

void base62_put(uint32_t *limbs, size_t count, char *text, size_t digits)
{
    for (size_t i = digits; i-- > 0;) {
        uint64_t rest = 0;
        for (size_t limb = 0; limb < count; limb++) {
            uint64_t part = (rest << 32) | limbs[limb];
            limbs[limb] = (uint32_t)(part / 62); /* a multiplication: the divisor is known */
            rest = part % 62;
        }
        text[i] = base62_digit((uint32_t)rest);
    }
}

bool base62_is_text(struct bytes text)
{
    uint32_t good = UINT32_MAX;
    for (size_t i = 0; i < text.size; i++) {
        uint32_t c = text.at[i];
        good &= mask_within(c, '0', '9') | mask_within(c, 'A', 'Z') | mask_within(c, 'a', 'z');
    }
    return good != 0;
}

/* ---- base 32 (RFC 4648, 6) --------------------------------------------------------------------
 */
static char base32_digit(uint32_t v)
{
    return (char)(v + 'A' - (mask_within(v, 26, 31) & ('A' + 26 - '2')));
}

/* 0..31; UINT32_MAX: no digit. */
static uint32_t base32_value(uint32_t c)
{
    uint32_t capital = mask_within(c, 'A', 'Z'), small = mask_within(c, 'a', 'z');
    uint32_t number = mask_within(c, '2', '7');
    return (capital & (c - 'A')) | (small & (c - 'a')) | (number & (c - '2' + 26)) |
           ~(capital | small | number);
}

void secret_base32_put(struct bytes bytes, char *text)
{
    uint32_t held = 0, bits = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        held = ((held << 8) | bytes.at[i]) & 0xffff;
        for (bits += 8; bits >= 5; bits -= 5)
            *text++ = base32_digit((held >> (bits - 5)) & 31);
    }
    if (bits > 0)
        *text++ = base32_digit((held << (5 - bits)) & 31);
    *text = 0;
}

/* Takes right padding off; false when it is wrong. */
static bool base32_unpad(struct bytes *text)
{
    static const uint8_t wanted[8] = {[2] = 6, [4] = 4, [5] = 3, [7] = 1};
    size_t padding = 0;
    while (padding < 6 && padding < text->size && text->at[text->size - 1 - padding] == '=')
        padding++;
    text->size -= padding;
    size_t over = text->size % 8;
    return (over == 0 || wanted[over] != 0) && (padding == 0 || padding == wanted[over]);
}

enum err secret_base32_get(struct bytes text, uint8_t *ret_at, size_t room, size_t *ret_size)
{
    if (!base32_unpad(&text))
        return ERR_INVALID;
    size_t size = text.size / 8 * 5 + text.size % 8 * 5 / 8, put = 0;
    if (size > room)
        return ERR_LIMIT;
    uint32_t held = 0, bits = 0, wrong = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint32_t v = base32_value(text.at[i]);
        wrong |= v & ~31u;
        held = ((held << 5) | (v & 31)) & 0xffff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            ret_at[put++] = (uint8_t)(held >> bits);
        }
    }
    wrong |= held & ((1u << bits) - 1u);
    if (wrong != 0)
        return ERR_INVALID;
    *ret_size = put;
    return OK;
}

/* ---- base 64 ----------------------------------------------------------------------------------
 * Not libsodium's: sodium_base642bin of 1.0.18 takes some bytes above 127 for digits. */
static char base64_digit(uint32_t v)
{
    uint32_t c = v + 'A';
    c += mask_within(v, 26, 51) & ('a' - 'A' - 26);
    c -= mask_within(v, 52, 61) & ('A' + 52 - '0');
    c -= mask_within(v, 62, 62) & ('A' + 62 - '-');
    c -= mask_within(v, 63, 63) & ('A' + 63 - '_');
    return (char)c;
}

/* 0..63; UINT32_MAX: no digit. */
static uint32_t base64_value(uint32_t c, const char last[2])
{
    uint32_t capital = mask_within(c, 'A', 'Z'), small = mask_within(c, 'a', 'z');
    uint32_t number = mask_within(c, '0', '9');
    uint32_t second_last = mask_within(c, (uint8_t)last[0], (uint8_t)last[0]);
    uint32_t very_last = mask_within(c, (uint8_t)last[1], (uint8_t)last[1]);
    return (capital & (c - 'A')) | (small & (c - 'a' + 26)) | (number & (c - '0' + 52)) |
           (second_last & 62) | (very_last & 63) |
           ~(capital | small | number | second_last | very_last);
}

void secret_base64_put(struct bytes bytes, char *text)
{
    uint32_t held = 0, bits = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        held = ((held << 8) | bytes.at[i]) & 0xffff;
        for (bits += 8; bits >= 6; bits -= 6)
            *text++ = base64_digit((held >> (bits - 6)) & 63);
    }
    if (bits > 0)
        *text++ = base64_digit((held << (6 - bits)) & 63);
    *text = 0;
}

enum err base64_get(struct bytes text, const char last[2], uint8_t *ret_at, size_t room,
                    size_t *ret_size)
{
    size_t size = text.size / 4 * 3 + text.size % 4 * 3 / 4, put = 0;
    if (text.size % 4 == 1)
        return ERR_INVALID;
    if (size > room)
        return ERR_LIMIT;
    uint32_t held = 0, bits = 0, wrong = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint32_t v = base64_value(text.at[i], last);
        wrong |= v & ~63u;
        held = ((held << 6) | (v & 63)) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            ret_at[put++] = (uint8_t)(held >> bits);
        }
    }
    wrong |= held & ((1u << bits) - 1u);
    if (wrong != 0)
        return ERR_INVALID;
    *ret_size = put;
    return OK;
}

enum err secret_base64_get(struct bytes text, uint8_t *ret_at, size_t room, size_t *ret_size)
{
    return base64_get(text, "-_", ret_at, room, ret_size);
}
