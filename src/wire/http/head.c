/* Heads: each line is checked as RFC 9112 wants it before http_parser, which takes more, sees any
 * of it; then what the fields mean together. */
#include "wire/http/decoder.h"

#include <string.h>

/* ---- lines ---- */
static enum http_fault verb_read(struct http_request *request, struct bytes method)
{
    if (method.size == 0 || !octets_are(method, OCTET_TOKEN))
        return HTTP_FAULT_REQUEST_LINE;
    for (unsigned verb = 0; verb < HTTP_VERBS; verb++) {
        const char *text = http_verb_text((enum http_verb)verb);
        if (method.size == strlen(text) && memcmp(method.at, text, method.size) == 0) {
            request->verb = (enum http_verb)verb;
            return HTTP_FAULT_NONE;
        }
    }
    return HTTP_FAULT_METHOD;
}

static enum http_fault version_read(struct http_request *request, struct bytes version)
{
    if (version.size != 8 || memcmp(version.at, "HTTP/", 5) != 0 ||
        !octet_is(version.at[5], OCTET_DIGIT) || version.at[6] != '.' ||
        !octet_is(version.at[7], OCTET_DIGIT))
        return HTTP_FAULT_REQUEST_LINE;
    if (version.at[5] != '1')
        return HTTP_FAULT_VERSION;
    request->minor = version.at[7] == '0' ? 0 : 1;
    return HTTP_FAULT_NONE;
}

static enum http_fault request_line(struct http_decoder *decoder, struct bytes line)
{
    const uint8_t *end = line.at + line.size;
    const uint8_t *first = memchr(line.at, ' ', line.size);
    const uint8_t *second = first ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;
    if (!second || second == first + 1 || memchr(second + 1, ' ', (size_t)(end - second - 1)))
        return HTTP_FAULT_REQUEST_LINE;
    struct bytes target = bytes_of(first + 1, (size_t)(second - first - 1));
    enum http_fault version =
        version_read(&decoder->request, bytes_of(second + 1, (size_t)(end - second - 1)));
    if (version)
        return version;
    enum http_fault verb =
        verb_read(&decoder->request, bytes_of(line.at, (size_t)(first - line.at)));
    if (verb)
        return verb;
    if (target.size > decoder->limits.target_bytes)
        return HTTP_FAULT_TARGET_LONG;
    return target_read(decoder, target);
}

enum http_fault head_field_line(struct bytes line, struct http_header *ret_header)
{
    if (line.at[0] == ' ' || line.at[0] == '\t')
        return HTTP_FAULT_FOLDED;
    const uint8_t *colon = memchr(line.at, ':', line.size);
    size_t size = colon ? (size_t)(colon - line.at) : 0;
    if (size == 0 || !octets_are(bytes_of(line.at, size), OCTET_TOKEN))
        return HTTP_FAULT_FIELD_NAME;
    ret_header->name = bytes_of(line.at, size);
    ret_header->value = bytes_trim(bytes_of(colon + 1, line.size - size - 1));
    return HTTP_FAULT_NONE;
}

enum http_fault head_line(struct http_decoder *decoder, struct bytes line)
{
    if (decoder->line_count == 0)
        return request_line(decoder, line);
    if (decoder->header_count == decoder->limits.headers)
        return HTTP_FAULT_HEADERS;
    return head_field_line(line, &decoder->headers[decoder->header_count++]);
}

/* ---- http_parser ---- */
/* Not zero stops the parser: it found another name, or another value, than the line's check. */
static int on_header_field(http_parser *parser, const char *at, size_t size)
{
    struct http_decoder *decoder = parser->data;
    if (decoder->state != DECODER_HEAD)
        return 0; /* a trailer */
    uint32_t index = decoder->parser_fields++;
    return index >= decoder->header_count ||
           !bytes_equal(decoder->headers[index].name, bytes_of(at, size));
}

static int on_header_value(http_parser *parser, const char *at, size_t size)
{
    struct http_decoder *decoder = parser->data;
    if (decoder->state != DECODER_HEAD)
        return 0;
    uint32_t index = decoder->parser_fields - 1; /* a value before its field: beyond every count */
    return index >= decoder->header_count ||
           !bytes_equal(decoder->headers[index].value, bytes_trim(bytes_of(at, size)));
}

static int on_chunk_header(http_parser *parser)
{
    struct http_decoder *decoder = parser->data;
    decoder->parser_chunk = true;
    decoder->parser_chunk_size = parser->content_length;
    return 0;
}

static int on_message_complete(http_parser *parser)
{
    struct http_decoder *decoder = parser->data;
    decoder->parser_complete = true;
    return 0;
}

static const http_parser_settings PARSER_SETTINGS = {
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_chunk_header = on_chunk_header,
    .on_message_complete = on_message_complete,
};

bool head_parse(struct http_decoder *decoder, struct bytes bytes)
{
    size_t taken =
        http_parser_execute(&decoder->parser, &PARSER_SETTINGS, (const char *)bytes.at, bytes.size);
    return taken == bytes.size && HTTP_PARSER_ERRNO(&decoder->parser) == HPE_OK;
}

/* ---- what the fields mean ---- */
struct framing {
    unsigned hosts, lengths, codings, encodings, expects;
    struct bytes host, length, coding, encoding, expect, upgrade;
};

static void framing_note(struct framing *framing, const struct http_header *header)
{
    struct bytes name = header->name;
    if (name.size == 4 && http_text_equal(name, "host")) {
        framing->hosts++;
        framing->host = header->value;
    } else if (name.size == 14 && http_text_equal(name, "content-length")) {
        framing->lengths++;
        framing->length = header->value;
    } else if (name.size == 17 && http_text_equal(name, "transfer-encoding")) {
        framing->codings++;
        framing->coding = header->value;
    } else if (name.size == 16 && http_text_equal(name, "content-encoding")) {
        framing->encodings++;
        framing->encoding = header->value;
    } else if (name.size == 6 && http_text_equal(name, "expect")) {
        framing->expects++;
        framing->expect = header->value;
    } else if (name.size == 7 && http_text_equal(name, "upgrade")) {
        framing->upgrade = header->value;
    }
}

static enum http_fault host_judge(struct http_request *request, const struct framing *framing)
{
    if (framing->hosts > 1 || (framing->hosts == 0 && request->minor > 0))
        return HTTP_FAULT_HOST;
    if (framing->hosts == 1 && !target_authority_is_valid(framing->host))
        return HTTP_FAULT_HOST;
    if (request->form != HTTP_FORM_ABSOLUTE)
        request->authority = framing->host;
    return HTTP_FAULT_NONE;
}

static bool verb_brings_body(enum http_verb verb)
{
    return verb == HTTP_VERB_POST || verb == HTTP_VERB_PUT || verb == HTTP_VERB_PATCH;
}

static enum http_fault length_judge(struct http_decoder *decoder, const struct framing *framing)
{
    struct http_request *request = &decoder->request;
    uint64_t length = 0;
    if (framing->lengths > 1)
        return HTTP_FAULT_LENGTH;
    enum err err = framing->lengths == 1 ? octets_number(framing->length, &length) : OK;
    if (err == ERR_INVALID)
        return HTTP_FAULT_LENGTH;
    if (framing->codings > 0 && framing->lengths > 0)
        return HTTP_FAULT_LENGTH_AND_CODING;
    if (framing->codings > 1 || (framing->codings == 1 && request->minor == 0))
        return HTTP_FAULT_CODING_FRAMING;
    if (framing->codings == 1 && !http_text_equal(framing->coding, "chunked"))
        return HTTP_FAULT_CODING;
    if (err || length > decoder->body_limit)
        return HTTP_FAULT_BODY_LONG;
    request->chunked = framing->codings == 1;
    request->content_length = length;
    request->has_body = request->chunked || length > 0;
    if (request->minor == 0 && framing->lengths == 0 && verb_brings_body(request->verb))
        return HTTP_FAULT_NO_LENGTH;
    return HTTP_FAULT_NONE;
}

static enum http_fault encoding_judge(struct http_request *request, const struct framing *framing)
{
    if (framing->encodings == 0 || http_text_equal(framing->encoding, "identity"))
        return framing->encodings > 1 ? HTTP_FAULT_ENCODING : HTTP_FAULT_NONE;
    if (framing->encodings > 1 || (!http_text_equal(framing->encoding, "gzip") &&
                                   !http_text_equal(framing->encoding, "x-gzip")))
        return HTTP_FAULT_ENCODING;
    request->gzip = request->has_body;
    return HTTP_FAULT_NONE;
}

static enum http_fault expect_judge(struct http_request *request, const struct framing *framing)
{
    if (framing->expects == 0)
        return HTTP_FAULT_NONE;
    if (framing->expects > 1 || !http_text_equal(framing->expect, "100-continue"))
        return HTTP_FAULT_EXPECT;
    request->awaits_continue = request->minor > 0 && request->has_body;
    return HTTP_FAULT_NONE;
}

static enum http_fault fields_judge(struct http_decoder *decoder)
{
    struct http_request *request = &decoder->request;
    struct framing framing;
    memset(&framing, 0, sizeof framing);
    for (uint32_t i = 0; i < decoder->header_count; i++)
        framing_note(&framing, &decoder->headers[i]);
    enum http_fault fault = host_judge(request, &framing);
    if (!fault)
        fault = length_judge(decoder, &framing);
    if (!fault)
        fault = encoding_judge(request, &framing);
    if (!fault)
        fault = expect_judge(request, &framing);
    if (fault)
        return fault;
    if (request->minor > 0 && framing.upgrade.size > 0 &&
        http_header_has(request, "connection", "upgrade"))
        request->upgrade = framing.upgrade;
    return HTTP_FAULT_NONE;
}

enum http_fault head_judge(struct http_decoder *decoder)
{
    struct http_request *request = &decoder->request;
    request->headers = decoder->headers;
    request->header_count = decoder->header_count;
    enum http_fault fault = fields_judge(decoder);
    if (fault)
        return fault;
    if (!head_parse(decoder, bytes_of(decoder->head, decoder->head_used)) ||
        decoder->parser_fields != decoder->header_count ||
        decoder->parser_complete == request->has_body)
        return HTTP_FAULT_PARSER;
    request->keep_alive = http_should_keep_alive(&decoder->parser);
    return HTTP_FAULT_NONE;
}
