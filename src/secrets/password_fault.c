/* Which passwords are refused when they are chosen (NIST SP 800-63B, 5.1.1.2): the ones that an
 * attacker tries first. Everything else is up to the person. */
#include "secrets/room.h"

#include <string.h>

#define FAULT_DEFINE(name, text) static const char FAULT_##name[] = text;
SECRET_PASSWORD_FAULT_TABLE(FAULT_DEFINE)
#undef FAULT_DEFINE

_Static_assert(SECRET_PASSWORD_MIN == 10 && SECRET_PASSWORD_MAX == 256, "the sentences say so");

#define NAME_MIN 3  /* bytes of a name that is looked for inside a password */
#define REST_MIN 6  /* bytes that a password must have beside the name */
#define PIECE_MAX 6 /* bytes of a piece that is only repeated */

static uint8_t small_letter(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static bool is_letter(uint8_t c)
{
    return small_letter(c) >= 'a' && small_letter(c) <= 'z';
}

/* The letter that a digit or sign stands for in "p4$$w0rd". */
static uint8_t plain_letter(uint8_t c)
{
    static const char dressed[] = "013457@$!", plain[] = "oieastasi";
    const char *at = c == 0 ? NULL : strchr(dressed, c);
    return at == NULL ? c : (uint8_t)plain[at - dressed];
}

static bool fault_control(struct bytes password)
{
    for (size_t i = 0; i < password.size; i++)
        if (password.at[i] < 0x20 || password.at[i] == 0x7f)
            return true;
    return false;
}

/* The half of what is said twice. */
static struct bytes once(struct bytes text)
{
    size_t half = text.size / 2;
    bool twice = text.size % 2 == 0 && memcmp(text.at, text.at + half, half) == 0;
    return twice ? bytes_of(text.at, half) : text;
}

static bool common_twice(struct bytes text)
{
    return password_is_common(text) || password_is_common(once(text));
}

/* What is left between the first and the last letter. */
static struct bytes letters_of(const uint8_t *text, size_t size)
{
    size_t from = 0, to = size;
    while (to > 0 && !is_letter(text[to - 1]))
        to--;
    while (from < to && !is_letter(text[from]))
        from++;
    return bytes_of(text + from, to - from);
}

/* As it is; without what stands around its letters ("!Summer2026"); and with the letters that signs
 * stand for, whether the first one is such a sign ("@dm1n2026") or not. */
static bool fault_common(struct bytes password)
{
    uint8_t text[SECRET_PASSWORD_MAX];
    password = once(password);
    for (size_t i = 0; i < password.size; i++)
        text[i] = small_letter(password.at[i]);
    struct bytes letters = letters_of(text, password.size);
    bool common = common_twice(bytes_of(text, password.size)) || common_twice(letters);
    size_t to = (size_t)(letters.at - text) + letters.size;
    for (size_t i = 0; i < to; i++)
        text[i] = plain_letter(text[i]);
    common = common || common_twice(letters) || common_twice(letters_of(text, to));
    secret_wipe(text, sizeof text);
    return common;
}

static bool name_at(struct bytes password, size_t at, struct bytes name)
{
    size_t i = 0;
    while (i < name.size && small_letter(password.at[at + i]) == small_letter(name.at[i]))
        i++;
    return i == name.size;
}

static bool fault_name(struct bytes password, struct bytes name)
{
    size_t rest = password.size;
    if (name.size < NAME_MIN)
        return false;
    for (size_t at = 0; name.size <= password.size && at <= password.size - name.size;)
        if (name_at(password, at, name)) {
            rest -= name.size;
            at += name.size;
        } else {
            at++;
        }
    return rest < password.size && rest < REST_MIN;
}

static bool is_piece_repeated(struct bytes password)
{
    for (size_t piece = 1; piece <= PIECE_MAX; piece++) {
        size_t i = piece;
        while (i < password.size && password.at[i] == password.at[i - piece])
            i++;
        if (i == password.size)
            return true;
    }
    return false;
}

/* Nearly each byte is the one before, or its neighbour: abcdefghij, 9876543210, aabbccddee. */
static bool is_row(struct bytes password)
{
    size_t leaps = 0;
    for (size_t i = 1; i < password.size; i++) {
        int from = password.at[i - 1], to = password.at[i];
        bool wraps = (from == '9' && to == '0') || (from == '0' && to == '9');
        leaps += !wraps && (to - from < -1 || to - from > 1);
    }
    return leaps <= password.size / 8;
}

const char *secret_password_fault(struct bytes password, struct bytes user_name)
{
    if (password.size < SECRET_PASSWORD_MIN)
        return FAULT_SHORT;
    if (password.size > SECRET_PASSWORD_MAX)
        return FAULT_LONG;
    if (!bytes_are_utf8(password) || fault_control(password))
        return FAULT_TEXT;
    if (fault_common(password))
        return FAULT_COMMON;
    if (fault_name(password, user_name))
        return FAULT_NAME;
    if (is_piece_repeated(password) || is_row(password))
        return FAULT_REPEATED;
    return NULL;
}
