/* Patterns: see glob.h. */
#include "sql/glob.h"

#include <string.h>

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint8_t folded(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool glob_is_exact(struct bytes pattern, bool like)
{
    return pattern.size <= GLOB_BYTES_MAX && bytes_are_utf8(pattern) &&
           memchr(pattern.at, 0, pattern.size) == NULL &&
           (like || memchr(pattern.at, '[', pattern.size) == NULL);
}

size_t glob_prefix(struct bytes pattern, bool like)
{
    size_t at = 0;
    while (at < pattern.size) {
        uint8_t c = pattern.at[at];
        if (c == 0 ||
            (like ? c == '%' || c == '_' || is_letter(c) : c == '*' || c == '?' || c == '['))
            break;
        at++;
    }
    return at;
}

bool glob_passes(struct bytes pattern, bool like, struct bytes path)
{
    const uint8_t many = like ? '%' : '*', one = like ? '_' : '?';
    size_t p = 0, at = 0, star = SIZE_MAX, star_at = 0;
    if (!glob_is_exact(pattern, like)) {
        /* A prefix longer than the path fits no more: it is not looked at further than that. */
        size_t most = pattern.size < path.size + 1 ? pattern.size : path.size + 1;
        size_t prefix = glob_prefix(bytes_of(pattern.at, most), like);
        return path.size >= prefix && memcmp(path.at, pattern.at, prefix) == 0;
    }
    while (at < path.size) {
        if (p < pattern.size && pattern.at[p] == many) {
            star = ++p; /* it holds nothing, at first */
            star_at = at;
            continue;
        }
        if (p < pattern.size && pattern.at[p] == one) {
            size_t step = bytes_utf8_step(path, at);
            at += step > 0 ? step : 1;
            p++;
            continue;
        }
        if (p < pattern.size && (pattern.at[p] == path.at[at] ||
                                 (like && folded(pattern.at[p]) == folded(path.at[at])))) {
            p++;
            at++;
            continue;
        }
        if (star == SIZE_MAX)
            return false;
        p = star; /* the star holds one byte more; whole characters come by themselves, for no
                     pattern's character begins in the middle of another, but '?' does */
        star_at++;
        while (star_at < path.size && (path.at[star_at] & 0xC0) == 0x80)
            star_at++;
        at = star_at;
    }
    while (p < pattern.size && pattern.at[p] == many)
        p++;
    return p == pattern.size;
}
