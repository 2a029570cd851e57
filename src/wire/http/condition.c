/* Conditional requests and ranges (RFC 9110, 13 and 14). */
#include "wire/http/decoder.h"

#include <string.h>

/* The opaque part of an entity tag: without W/, with its quotes. */
static struct bytes tag_opaque(struct bytes tag)
{
    if (tag.size >= 2 && tag.at[0] == 'W' && tag.at[1] == '/')
        return bytes_of(tag.at + 2, tag.size - 2);
    return tag;
}

bool http_tag_is_listed(struct bytes list, const char *tag)
{
    struct bytes item, wanted = tag_opaque(bytes_text(tag));
    for (size_t offset = 0; http_list_next(list, &offset, &item);)
        if (bytes_equal(tag_opaque(item), wanted) || http_text_equal(item, "*"))
            return true;
    return false;
}

bool http_is_unchanged(const struct http_request *request, const char *tag, int64_t modified_s)
{
    const struct http_header *header = http_header_find(request, "if-none-match");
    int64_t since;
    if (request->verb != HTTP_VERB_GET && request->verb != HTTP_VERB_HEAD)
        return false;
    if (header) {
        uint32_t index = 0;
        while (tag && (header = http_header_next(request, "if-none-match", &index)) != NULL)
            if (http_tag_is_listed(header->value, tag))
                return true;
        return false;
    }
    header = http_header_find(request, "if-modified-since");
    return header && modified_s >= 0 && http_date_get(header->value, &since) && modified_s <= since;
}

/* A tag must be strong on both sides, a date exactly the same (RFC 9110, 13.1.5). */
static bool range_holds(const struct http_request *request, const char *tag, int64_t modified_s)
{
    const struct http_header *header = http_header_find(request, "if-range");
    int64_t date;
    if (!header)
        return true;
    if (header->value.size > 0 && (header->value.at[0] == '"' || header->value.at[0] == 'W'))
        return tag && tag[0] == '"' && bytes_equal(header->value, bytes_text(tag));
    return modified_s >= 0 && http_date_get(header->value, &date) && date == modified_s;
}

static enum http_range_answer suffix_range(struct bytes digits, uint64_t length,
                                           uint64_t *ret_first, uint64_t *ret_last)
{
    uint64_t suffix = UINT64_MAX;
    if (octets_number(digits, &suffix) == ERR_INVALID)
        return HTTP_RANGE_WHOLE;
    if (suffix == 0 || length == 0)
        return HTTP_RANGE_OUTSIDE;
    *ret_first = suffix < length ? length - suffix : 0;
    *ret_last = length - 1;
    return HTTP_RANGE_PART;
}

enum http_range_answer http_range_get(const struct http_request *request, uint64_t length,
                                      const char *tag, int64_t modified_s, uint64_t *ret_first,
                                      uint64_t *ret_last)
{
    uint32_t index = 0;
    const struct http_header *header = http_header_next(request, "range", &index);
    if (request->verb != HTTP_VERB_GET || !header || http_header_next(request, "range", &index))
        return HTTP_RANGE_WHOLE;
    struct bytes value = header->value;
    if (value.size < 7 || !http_text_equal(bytes_of(value.at, 6), "bytes=") ||
        !range_holds(request, tag, modified_s))
        return HTTP_RANGE_WHOLE;
    value = bytes_trim(bytes_of(value.at + 6, value.size - 6));
    const uint8_t *dash = value.size > 0 ? memchr(value.at, '-', value.size) : NULL;
    if (!dash)
        return HTTP_RANGE_WHOLE;
    struct bytes from = bytes_of(value.at, (size_t)(dash - value.at));
    struct bytes to = bytes_of(dash + 1, value.size - from.size - 1);
    if (from.size == 0)
        return suffix_range(to, length, ret_first, ret_last);
    uint64_t first = UINT64_MAX, last = UINT64_MAX;
    if (octets_number(from, &first) == ERR_INVALID ||
        (to.size > 0 && octets_number(to, &last) == ERR_INVALID) || last < first)
        return HTTP_RANGE_WHOLE;
    if (first >= length)
        return HTTP_RANGE_OUTSIDE;
    *ret_first = first;
    *ret_last = last < length ? last : length - 1;
    return HTTP_RANGE_PART;
}
