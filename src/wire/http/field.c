/* Fields: lookup, lists, and what an answer may be by Accept and Accept-Encoding; queries. */
#include "wire/http/decoder.h"

#include <string.h>

bool http_text_equal(struct bytes a, const char *b)
{
    if (a.size != strlen(b))
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (octet_lower(a.at[i]) != octet_lower((uint8_t)b[i]))
            return false;
    return true;
}

const struct http_header *http_header_next(const struct http_request *request, const char *name,
                                           uint32_t *index)
{
    while (*index < request->header_count) {
        const struct http_header *header = &request->headers[(*index)++];
        if (http_text_equal(header->name, name))
            return header;
    }
    return NULL;
}

const struct http_header *http_header_find(const struct http_request *request, const char *name)
{
    uint32_t index = 0;
    return http_header_next(request, name, &index);
}

/* The offset of the next separator that is in no quoted string, or the end. */
static size_t list_end(struct bytes value, size_t at, uint8_t separator)
{
    bool quoted = false;
    for (; at < value.size; at++) {
        if (quoted && value.at[at] == '\\')
            at++;
        else if (value.at[at] == '"')
            quoted = !quoted;
        else if (!quoted && value.at[at] == separator)
            return at;
    }
    return value.size;
}

static bool list_next(struct bytes value, size_t *offset, uint8_t separator, struct bytes *ret_item)
{
    while (*offset < value.size) {
        size_t end = list_end(value, *offset, separator);
        struct bytes item = bytes_trim(bytes_of(value.at + *offset, end - *offset));
        *offset = end + 1;
        if (item.size > 0) {
            *ret_item = item;
            return true;
        }
    }
    return false;
}

bool http_list_next(struct bytes value, size_t *offset, struct bytes *ret_item)
{
    return list_next(value, offset, ',', ret_item);
}

bool http_header_has(const struct http_request *request, const char *name, const char *token)
{
    const struct http_header *header;
    for (uint32_t index = 0; (header = http_header_next(request, name, &index)) != NULL;) {
        struct bytes item;
        for (size_t offset = 0; http_list_next(header->value, &offset, &item);)
            if (http_text_equal(item, token))
                return true;
    }
    return false;
}

bool http_media_is(struct bytes content_type, const char *media)
{
    struct bytes item;
    size_t offset = 0;
    return list_next(content_type, &offset, ';', &item) && http_text_equal(item, media);
}

/* ---- weights ---- */

/* "0" to "1" with at most three decimals (RFC 9110, 12.4.2), in thousandths. */
static bool weight_read(struct bytes text, unsigned *ret_weight)
{
    if (text.size == 0 || text.size > 5 || (text.at[0] != '0' && text.at[0] != '1') ||
        (text.size > 1 && text.at[1] != '.'))
        return false;
    unsigned weight = (unsigned)(text.at[0] - '0') * 1000, unit = 100;
    for (size_t i = 2; i < text.size; i++, unit /= 10) {
        if (!octet_is(text.at[i], OCTET_DIGIT))
            return false;
        weight += (unsigned)(text.at[i] - '0') * unit;
    }
    *ret_weight = weight;
    return weight <= 1000;
}

/* The range of one item and its weight, 1000 when none is given. */
static bool item_read(struct bytes item, struct bytes *ret_range, unsigned *ret_weight)
{
    struct bytes part;
    size_t offset = 0;
    unsigned weight = 1000;
    if (!list_next(item, &offset, ';', ret_range))
        return false;
    while (list_next(item, &offset, ';', &part)) {
        if (part.size >= 2 && octet_lower(part.at[0]) == 'q' && part.at[1] == '=' &&
            !weight_read(bytes_of(part.at + 2, part.size - 2), &weight))
            return false;
    }
    *ret_weight = weight;
    return true;
}

/* 3: the type itself, 2: type / *, 1: any, 0: another. */
static unsigned range_closeness(struct bytes range, struct bytes media)
{
    const uint8_t *slash = memchr(media.at, '/', media.size);
    size_t type = slash ? (size_t)(slash - media.at) + 1 : 0;
    if (range.size == 3 && memcmp(range.at, "*/*", 3) == 0)
        return 1;
    bool wide = type > 0 && range.size == type + 1 && range.at[type] == '*';
    if (!wide && range.size != media.size)
        return 0;
    for (size_t i = 0; i < (wide ? type : media.size); i++)
        if (octet_lower(range.at[i]) != octet_lower(media.at[i]))
            return 0;
    return wide ? 2 : 3;
}

static void accept_weigh(struct bytes accept, struct bytes media, unsigned *closest,
                         unsigned *weight)
{
    struct bytes item, range;
    unsigned item_weight;
    for (size_t offset = 0; http_list_next(accept, &offset, &item);) {
        if (!item_read(item, &range, &item_weight))
            continue;
        unsigned closeness = range_closeness(range, media);
        if (closeness > *closest) {
            *closest = closeness;
            *weight = item_weight;
        }
    }
}

unsigned http_accept_weight(struct bytes accept, const char *media)
{
    unsigned closest = 0, weight = 0;
    accept_weigh(accept, bytes_text(media), &closest, &weight);
    return weight;
}

int http_accept_choose(const struct http_request *request, const char *const *offers, size_t count)
{
    int best = -1;
    unsigned best_weight = 0;
    bool any = http_header_find(request, "accept") != NULL;
    for (size_t i = 0; i < count; i++) {
        unsigned closest = 0, weight = any ? 0 : 1000;
        const struct http_header *header;
        for (uint32_t index = 0; (header = http_header_next(request, "accept", &index)) != NULL;)
            accept_weigh(header->value, bytes_text(offers[i]), &closest, &weight);
        if (weight > best_weight) {
            best = (int)i;
            best_weight = weight;
        }
    }
    return best;
}

bool http_accepts_gzip(const struct http_request *request)
{
    const struct http_header *header;
    unsigned gzip = 0, any = 0, weight;
    bool named = false;
    for (uint32_t index = 0;
         (header = http_header_next(request, "accept-encoding", &index)) != NULL;) {
        struct bytes item, coding;
        for (size_t offset = 0; http_list_next(header->value, &offset, &item);) {
            if (!item_read(item, &coding, &weight))
                continue;
            if (http_text_equal(coding, "gzip") || http_text_equal(coding, "x-gzip")) {
                named = true;
                gzip = weight;
            } else if (http_text_equal(coding, "*")) {
                any = weight;
            }
        }
    }
    return (named ? gzip : any) > 0;
}

/* ---- queries ---- */
bool http_query_next(struct bytes query, size_t *offset, uint8_t *scratch, size_t capacity,
                     struct bytes *ret_name, struct bytes *ret_value)
{
    size_t start = *offset;
    while (start < query.size && query.at[start] == '&')
        start++;
    if (start >= query.size)
        return false;
    const uint8_t *at = query.at + start;
    const uint8_t *mark = memchr(at, '&', query.size - start);
    size_t size = mark ? (size_t)(mark - at) : query.size - start;
    const uint8_t *equals = memchr(at, '=', size);
    size_t name_size = equals ? (size_t)(equals - at) : size, name = 0, value = 0;
    struct bytes rest = equals ? bytes_of(equals + 1, size - name_size - 1) : bytes_of(at, 0);
    if (http_percent_decode(bytes_of(at, name_size), true, scratch, capacity, &name) ||
        http_percent_decode(rest, true, scratch + name, capacity - name, &value))
        return false;
    *offset = start + size;
    *ret_name = bytes_of(scratch, name);
    *ret_value = bytes_of(scratch + name, value);
    return true;
}

bool http_query_find(struct bytes query, const char *name, uint8_t *scratch, size_t capacity,
                     struct bytes *ret_value)
{
    struct bytes found, value;
    for (size_t offset = 0; http_query_next(query, &offset, scratch, capacity, &found, &value);) {
        if (bytes_equal(found, bytes_text(name))) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}
