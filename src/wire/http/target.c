/* The target of a request: its form (RFC 9112, 3.2), and the segments of its path, decoded once,
 * here, so that nobody behind this door decodes again. */
#include "wire/http/decoder.h"

#include <string.h>

/* ---- authority: host[:port] (RFC 3986, 3.2), without user information ---- */
static bool port_is_valid(struct bytes port)
{
    uint64_t number;
    return port.size == 0 ||
           (port.size <= 5 && octets_number(port, &number) == OK && number <= UINT16_MAX);
}

/* The size of the host at the start of an authority; 0 when there is none. */
static size_t host_size(struct bytes authority)
{
    size_t size = 0;
    if (authority.size == 0 || authority.at[0] != '[') {
        while (size < authority.size && octet_is(authority.at[size], OCTET_HOST))
            size++;
        return size;
    }
    size = 1;
    while (size < authority.size && (octet_is(authority.at[size], OCTET_HEX) ||
                                     authority.at[size] == ':' || authority.at[size] == '.'))
        size++;
    return size >= 4 && size < authority.size && authority.at[size] == ']' ? size + 1 : 0;
}

bool http_authority_split(struct bytes authority, struct bytes *ret_host, uint16_t *ret_port)
{
    size_t size = host_size(authority);
    struct bytes port = {NULL, 0};
    uint64_t number = 0;
    if (size == 0 || (size < authority.size && authority.at[size] != ':'))
        return false;
    if (size < authority.size)
        port = bytes_of(authority.at + size + 1, authority.size - size - 1);
    if (!port_is_valid(port) || (port.size > 0 && octets_number(port, &number)))
        return false;
    *ret_host = bytes_of(authority.at, size);
    *ret_port = (uint16_t)number;
    return true;
}

bool target_authority_is_valid(struct bytes authority)
{
    struct bytes host;
    uint16_t port;
    return http_authority_split(authority, &host, &port);
}

/* ---- percent-encoding ---- */
enum err http_percent_decode(struct bytes text, bool plus, uint8_t *out, size_t capacity,
                             size_t *ret_size)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.at[i];
        if (byte == '%') {
            if (text.size - i < 3 || !octet_is(text.at[i + 1], OCTET_HEX) ||
                !octet_is(text.at[i + 2], OCTET_HEX))
                return ERR_INVALID;
            byte = (uint8_t)(octet_hex(text.at[i + 1]) << 4 | octet_hex(text.at[i + 2]));
            if (byte == 0)
                return ERR_INVALID;
            i += 2;
        } else if (plus && byte == '+') {
            byte = ' ';
        }
        if (size == capacity)
            return ERR_LIMIT;
        out[size++] = byte;
    }
    *ret_size = size;
    return OK;
}

static bool is_dots(struct bytes segment)
{
    return segment.size > 0 && segment.size <= 2 && segment.at[0] == '.' &&
           segment.at[segment.size - 1] == '.';
}

/* One segment; what needs no decoding stays a view of the head. */
static enum http_fault segment_read(struct bytes raw, uint8_t *text, size_t capacity,
                                    struct bytes *ret_segment, size_t *used)
{
    struct bytes segment = raw;
    if (raw.size > 0 && memchr(raw.at, '%', raw.size)) {
        size_t size;
        if (http_percent_decode(raw, false, text + *used, capacity - *used, &size))
            return HTTP_FAULT_ESCAPE;
        segment = bytes_of(text + *used, size);
        *used += size;
        if (!bytes_are_utf8(segment))
            return HTTP_FAULT_ESCAPE;
    }
    *ret_segment = segment;
    return is_dots(segment) ? HTTP_FAULT_DOTS : HTTP_FAULT_NONE;
}

static enum http_fault path_read(struct http_decoder *decoder, struct bytes path)
{
    struct http_request *request = &decoder->request;
    size_t used = 0;
    if (!octets_are(path, OCTET_PATH))
        return HTTP_FAULT_TARGET;
    request->path = path;
    request->segments = decoder->segments;
    for (size_t at = 1; path.size > 1 && at <= path.size;) {
        const uint8_t *slash = memchr(path.at + at, '/', path.size - at);
        size_t end = slash ? (size_t)(slash - path.at) : path.size;
        if (request->segment_count == HTTP_SEGMENTS_MAX)
            return HTTP_FAULT_SEGMENTS;
        enum http_fault fault = segment_read(bytes_of(path.at + at, end - at), decoder->text,
                                             decoder->limits.target_bytes,
                                             &decoder->segments[request->segment_count], &used);
        if (fault)
            return fault;
        request->segment_count++;
        at = end + 1;
    }
    return HTTP_FAULT_NONE;
}

/* The query stays as it was sent; that it can be decoded is made sure here. */
static enum http_fault query_read(struct http_decoder *decoder, struct bytes query)
{
    size_t size;
    if (!octets_are(query, OCTET_QUERY))
        return HTTP_FAULT_TARGET;
    if (query.size > 0 && memchr(query.at, '%', query.size)) {
        uint8_t *scratch = decoder->text + decoder->limits.target_bytes;
        if (http_percent_decode(query, true, scratch, decoder->limits.target_bytes, &size))
            return HTTP_FAULT_ESCAPE;
        if (!bytes_are_utf8(bytes_of(scratch, size)))
            return HTTP_FAULT_ESCAPE;
    }
    decoder->request.has_query = true;
    decoder->request.query = query;
    return HTTP_FAULT_NONE;
}

/* The bytes of "http://" or "https://" at the start; 0 when there is neither. */
static size_t scheme_size(struct bytes target)
{
    static const char *const SCHEMES[] = {"http://", "https://"};
    for (size_t i = 0; i < ARRAY_COUNT(SCHEMES); i++) {
        size_t size = strlen(SCHEMES[i]);
        if (target.size >= size && http_text_equal(bytes_of(target.at, size), SCHEMES[i]))
            return size;
    }
    return 0;
}

enum http_fault target_read(struct http_decoder *decoder, struct bytes target)
{
    struct http_request *request = &decoder->request;
    struct bytes rest = target;
    request->target = target;
    if (target.size == 1 && target.at[0] == '*') {
        request->form = HTTP_FORM_ASTERISK;
        return request->verb == HTTP_VERB_OPTIONS ? HTTP_FAULT_NONE : HTTP_FAULT_TARGET;
    }
    if (target.at[0] != '/') {
        size_t at = scheme_size(target), end = at;
        while (end < target.size && target.at[end] != '/' && target.at[end] != '?')
            end++;
        request->form = HTTP_FORM_ABSOLUTE;
        request->authority = bytes_of(target.at + at, end - at);
        if (at == 0 || !target_authority_is_valid(request->authority))
            return HTTP_FAULT_TARGET;
        rest = bytes_of(target.at + end, target.size - end);
    }
    const uint8_t *mark = rest.size > 0 ? memchr(rest.at, '?', rest.size) : NULL;
    size_t path_size = mark ? (size_t)(mark - rest.at) : rest.size;
    enum http_fault fault =
        path_read(decoder, path_size > 0 ? bytes_of(rest.at, path_size) : bytes_text("/"));
    if (!fault && mark)
        fault = query_read(decoder, bytes_of(mark + 1, rest.size - path_size - 1));
    return fault;
}
