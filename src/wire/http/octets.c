/* What each byte may be part of: one table, so that the checks of a head cost a load a byte. */
#include "wire/http/decoder.h"

#define T OCTET_TOKEN
#define F OCTET_FIELD
#define P OCTET_PATH
#define Q OCTET_QUERY
#define H OCTET_HOST
#define D OCTET_DIGIT
#define X OCTET_HEX
#define L OCTET_LETTER

/* So many neighbours of one kind. */
#define TWO(at, v) [at] = v, [(at) + 1] = v
#define FOUR(at, v) TWO(at, v), TWO((at) + 2, v)
#define SIXTEEN(at, v) FOUR(at, v), FOUR((at) + 4, v), FOUR((at) + 8, v), FOUR((at) + 12, v)

/* Paths and queries take more than RFC 3986 does, as browsers send it (WHATWG URL): brackets,
 * braces,
 * '|' and '^' in both, backslash and backquote in queries. None of them is a delimiter to us. */
const uint8_t HTTP_OCTETS[256] = {
    ['\t'] = F,
    [' '] = F,
    ['!'] = T | F | P | Q,
    ['"'] = F,
    ['#'] = T | F,
    ['$'] = T | F | P | Q,
    ['%'] = T | F | P | Q,
    ['&'] = T | F | P | Q,
    ['\''] = T | F | P | Q,
    ['('] = F | P | Q,
    [')'] = F | P | Q,
    ['*'] = T | F | P | Q,
    ['+'] = T | F | P | Q,
    [','] = F | P | Q,
    ['-'] = T | F | P | Q | H,
    ['.'] = T | F | P | Q | H,
    ['/'] = F | P | Q,
    FOUR('0', T | F | P | Q | H | D | X),
    FOUR('4', T | F | P | Q | H | D | X),
    TWO('8', T | F | P | Q | H | D | X),
    [':'] = F | P | Q,
    [';'] = F | P | Q,
    ['<'] = F,
    ['='] = F | P | Q,
    ['>'] = F,
    ['?'] = F | Q,
    ['@'] = F | P | Q,
    FOUR('A', T | F | P | Q | H | X | L),
    TWO('E', T | F | P | Q | H | X | L),
    SIXTEEN('G', T | F | P | Q | H | L),
    FOUR('W', T | F | P | Q | H | L),
    ['['] = F | P | Q,
    ['\\'] = F | Q,
    [']'] = F | P | Q,
    ['^'] = T | F | P | Q,
    ['_'] = T | F | P | Q | H,
    ['`'] = T | F | Q,
    FOUR('a', T | F | P | Q | H | X | L),
    TWO('e', T | F | P | Q | H | X | L),
    SIXTEEN('g', T | F | P | Q | H | L),
    FOUR('w', T | F | P | Q | H | L),
    ['{'] = F | P | Q,
    ['|'] = T | F | P | Q,
    ['}'] = F | P | Q,
    ['~'] = T | F | P | Q,
    SIXTEEN(0x80, F),
    SIXTEEN(0x90, F),
    SIXTEEN(0xA0, F),
    SIXTEEN(0xB0, F),
    SIXTEEN(0xC0, F),
    SIXTEEN(0xD0, F),
    SIXTEEN(0xE0, F),
    SIXTEEN(0xF0, F),
};

bool octets_are(struct bytes text, unsigned classes)
{
    for (size_t i = 0; i < text.size; i++)
        if (!octet_is(text.at[i], classes))
            return false;
    return true;
}

struct bytes bytes_trim(struct bytes text)
{
    while (text.size > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && (text.at[text.size - 1] == ' ' || text.at[text.size - 1] == '\t'))
        text.size--;
    return text;
}

enum err octets_number(struct bytes text, uint64_t *ret_number)
{
    uint64_t number = 0;
    bool over = false;
    if (text.size == 0 || !octets_are(text, OCTET_DIGIT))
        return ERR_INVALID;
    for (size_t i = 0; i < text.size; i++)
        over = __builtin_mul_overflow(number, 10u, &number) ||
               __builtin_add_overflow(number, text.at[i] - (uint64_t)'0', &number) || over;
    if (over)
        return ERR_LIMIT;
    *ret_number = number;
    return OK;
}
