#include "wire/payload/text.h"

/* ---- strings ----------------------------------------------------------------------------------
 */
static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Four hex digits at `at`; -1 when there are none. */
static int32_t hex_quad(const uint8_t *at, const uint8_t *end)
{
    int32_t v = 0;
    if (end - at < 4)
        return -1;
    for (unsigned i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        v = v * 16 + digit;
    }
    return v;
}

/* One escape from its backslash on: the bytes it takes (0: no escape) and its code point. A
 * surrogate must come as half of a pair. */
static size_t escape_get(const uint8_t *at, const uint8_t *end, uint32_t *ret_point)
{
    static const char names[] = "\"\\/bfnrt", points[] = "\"\\/\b\f\n\r\t";
    if (end - at < 2)
        return 0;
    if (at[1] != 'u') {
        const char *name = at[1] ? strchr(names, at[1]) : NULL;
        if (!name)
            return 0;
        *ret_point = (uint8_t)points[name - names];
        return 2;
    }
    int32_t first = hex_quad(at + 2, end);
    if (first < 0 || (first >= 0xDC00 && first < 0xE000))
        return 0;
    *ret_point = (uint32_t)first;
    if (first < 0xD800 || first >= 0xE000)
        return 6;
    int32_t second = end - at >= 8 && at[6] == '\\' && at[7] == 'u' ? hex_quad(at + 8, end) : -1;
    if (second < 0xDC00 || second >= 0xE000)
        return 0;
    *ret_point = 0x10000u + ((uint32_t)(first - 0xD800) << 10) + (uint32_t)(second - 0xDC00);
    return 12;
}

enum payload_fault text_scan(const uint8_t **at, const uint8_t *end, struct text *ret_text)
{
    const uint8_t *begin = *at + 1;
    uint64_t high = 0;
    ret_text->escaped = false;
    *at = begin;
    for (;;) {
        *at = text_scan_plain(*at, end, &high);
        if (*at == end || **at < 0x20)
            return PAYLOAD_BAD_JSON;
        if (**at == '"')
            break;
        uint32_t point;
        size_t size = escape_get(*at, end, &point);
        if (size == 0)
            return PAYLOAD_BAD_JSON;
        ret_text->escaped = true;
        *at += size;
    }
    ret_text->inside = bytes_of(begin, (size_t)(*at - begin));
    if (high && !bytes_are_utf8(ret_text->inside)) {
        *at = begin;
        return PAYLOAD_NOT_UTF8;
    }
    ++*at;
    return PAYLOAD_OK;
}

static size_t point_put(uint32_t point, uint8_t *out)
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (uint8_t)(0xC0 | point >> 6);
        out[1] = (uint8_t)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (uint8_t)(0xE0 | point >> 12);
        out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (point & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | point >> 18);
    out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (point & 0x3F));
    return 4;
}

bool text_unescape(const struct text *text, uint8_t *out, size_t capacity, size_t *ret_size)
{
    const uint8_t *at = text->inside.at, *end = at + text->inside.size;
    size_t size = 0;
    while (at < end) {
        uint8_t point_bytes[4];
        const uint8_t *from = at;
        size_t taken = 1, written = 1;
        if (*at == '\\') {
            uint32_t point = 0;
            taken = escape_get(at, end, &point);
            check(taken > 0); /* text_scan has seen it */
            written = point_put(point, point_bytes);
            from = point_bytes;
        }
        if (capacity - size < written)
            return false;
        memcpy(out + size, from, written);
        size += written;
        at += taken;
    }
    *ret_size = size;
    return true;
}

/* ---- keys -------------------------------------------------------------------------------------
 */
static bool key_byte_is_plain(uint8_t byte)
{
    switch (byte) {
    case '/':
    case '+':
    case '#':
    case '%':
    case 0x7F:
        return false;
    default:
        return byte >= 0x20;
    }
}

bool text_key_is_plain(struct bytes key)
{
    if (key.size == 0 || key.at[0] == '$')
        return false;
    bool plain = true;
    for (size_t i = 0; i < key.size; i++)
        plain &= key_byte_is_plain(key.at[i]);
    return plain;
}

size_t payload_key_escape(struct bytes key, uint8_t *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t size = 0;
    if (key.size == 0)
        out[size++] = '%';
    for (size_t i = 0; i < key.size; i++) {
        uint8_t byte = key.at[i];
        if (key_byte_is_plain(byte) && !(i == 0 && byte == '$')) {
            out[size++] = byte;
            continue;
        }
        out[size++] = '%';
        out[size++] = (uint8_t)digits[byte >> 4];
        out[size++] = (uint8_t)digits[byte & 15];
    }
    return size;
}
