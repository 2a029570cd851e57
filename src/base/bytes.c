/* Views of bytes: comparison and the test for UTF-8. */
#include "base/base.h"

#include <string.h>

struct bytes bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    /* memcmp must not see the NULL of an empty view. */
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.at, b.at, size);
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Table 3-7 of the Unicode standard: only the second byte has a range that depends on the first. */
static size_t step_long(const uint8_t *at, size_t left)
{
    uint8_t first = at[0];
    size_t size;
    uint8_t low = 0x80, high = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
        size = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        size = 3;
        low = first == 0xe0 ? 0xa0 : low;   /* shorter ones are overlong */
        high = first == 0xed ? 0x9f : high; /* the rest are surrogates */
    } else if (first >= 0xf0 && first <= 0xf4) {
        size = 4;
        low = first == 0xf0 ? 0x90 : low;
        high = first == 0xf4 ? 0x8f : high; /* up to U+10FFFF */
    } else {
        return 0;
    }
    if (size > left || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if (!is_continuation(at[i]))
            return 0;
    return size;
}

size_t bytes_utf8_step(struct bytes text, size_t offset)
{
    if (offset >= text.size)
        return 0;
    if (text.at[offset] < 0x80)
        return 1;
    return step_long(text.at + offset, text.size - offset);
}

bool bytes_are_utf8(struct bytes text)
{
    size_t i = 0;
    while (i < text.size) {
        /* Topics and keys are nearly always ASCII: eight bytes at a time. */
        if (text.size - i >= 8 && (load_u64(text.at + i) & UINT64_C(0x8080808080808080)) == 0) {
            i += 8;
            continue;
        }
        if (text.at[i] < 0x80) {
            i++;
            continue;
        }
        size_t size = step_long(text.at + i, text.size - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}
