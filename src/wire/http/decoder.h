/* The parts of a decoder, for the files of this room: head.c judges lines and heads, target.c reads
 * targets, body.c framing and bodies, decoder.c puts them in order. */
#pragma once

#include "wire/http/http.h"
#include "wire/http/inflater.h"

#include <http_parser.h>

enum decoder_state {
    DECODER_HEAD,       /* gathering the lines of a head */
    DECODER_BODY,       /* body_left bytes of Content-Length */
    DECODER_CHUNK_LINE, /* gathering the line before a chunk */
    DECODER_CHUNK_DATA, /* body_left bytes of a chunk */
    DECODER_CHUNK_END,  /* gathering its CR LF */
    DECODER_TRAILER,    /* gathering trailer lines */
    DECODER_END,        /* HTTP_STEP_END is to be told */
    DECODER_FAULT
};

struct http_decoder {
    struct http_limits limits;
    enum decoder_state state;
    enum http_fault fault;
    bool over; /* a message was told to its end; its request holds until the next byte comes */
    struct http_request request;
    http_parser parser;
    bool parser_complete; /* http_parser saw the end of the message */
    bool parser_chunk;    /* http_parser saw a chunk's line: parser_chunk_size is its size */
    uint64_t parser_chunk_size;

    /* The head: what came of it, and where its last line began. */
    uint8_t *head;
    uint32_t head_used;
    uint32_t line_at;
    uint32_t line_count; /* complete lines; the first is the request line */
    bool line_cr;        /* the last byte was CR */
    bool skipped;        /* an empty line before the request was skipped */

    struct http_header *headers;
    uint32_t header_count;  /* complete field lines */
    uint32_t parser_fields; /* those http_parser found, which must be the same */
    struct bytes segments[HTTP_SEGMENTS_MAX];
    uint8_t *text; /* decoded segments, then scratch for the query: each as large as a target */

    /* The body. */
    uint64_t body_limit, inflated_limit; /* of this message */
    uint64_t body_left;                  /* of Content-Length, or of the chunk */
    uint64_t body_bytes, inflated_bytes; /* so far */
    uint32_t extension_bytes, trailer_bytes;
    uint8_t line[HTTP_CHUNK_LINE_MAX + 2]; /* of chunked framing, with its CR LF */
    uint32_t line_used;
    struct inflater *inflater; /* while a gzip body is read */
};

/* Bytes of a first line beside its target: " " and " HTTP/1.1", and a method. */
#define HTTP_METHOD_MAX 32u
#define HTTP_FIRST_LINE_EXTRA (HTTP_METHOD_MAX + 10u)

/* ---- octets.c: classes of bytes ---- */
enum {
    OCTET_TOKEN = 1,  /* tchar (RFC 9110, 5.6.2) */
    OCTET_FIELD = 2,  /* of a field line: HTAB, SP, VCHAR, obs-text */
    OCTET_PATH = 4,   /* of a path, as sent */
    OCTET_QUERY = 8,  /* of a query, as sent */
    OCTET_HOST = 16,  /* of a host name */
    OCTET_DIGIT = 32, /* decimal */
    OCTET_HEX = 64,
    OCTET_LETTER = 128
};
extern const uint8_t HTTP_OCTETS[256];
static inline bool octet_is(uint8_t byte, unsigned classes)
{
    return HTTP_OCTETS[byte] & classes;
}
bool octets_are(struct bytes text, unsigned classes);
static inline uint8_t octet_lower(uint8_t byte)
{
    return (uint8_t)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
}
/* 0-15; byte must be OCTET_HEX. */
static inline unsigned octet_hex(uint8_t byte)
{
    return (unsigned)(byte <= '9' ? byte - '0' : octet_lower(byte) - 'a' + 10);
}
struct bytes bytes_trim(struct bytes text); /* SP and HTAB at both ends */
/* Digits and nothing else, and not beyond 64 bits: else ERR_INVALID, ERR_LIMIT. */
MUST_USE enum err octets_number(struct bytes text, uint64_t *ret_number);

/* ---- head.c ---- */
/* Line number decoder->line_count, without its CR LF. The first line sets the request's verb,
 * version and target. */
enum http_fault head_line(struct http_decoder *decoder, struct bytes line);
/* The whole head, with its empty line: http_parser's pass, then what the fields mean together. */
enum http_fault head_judge(struct http_decoder *decoder);
/* A field's line, of a head or a trailer. */
enum http_fault head_field_line(struct bytes line, struct http_header *ret_header);
/* The same bytes for http_parser; false when it does not take them all. */
bool head_parse(struct http_decoder *decoder, struct bytes bytes);

/* ---- target.c ---- */
enum http_fault target_read(struct http_decoder *decoder, struct bytes target);
bool target_authority_is_valid(struct bytes authority);

/* ---- body.c ---- */
void body_start(struct http_decoder *decoder);
/* One step of a body; never called in DECODER_HEAD, DECODER_END or DECODER_FAULT. True: *step is
 * to be told; false: go on, step->used bytes of input are taken. */
bool body_step(struct http_decoder *decoder, struct bytes input, struct http_step *step);
