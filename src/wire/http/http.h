/* http: the server's side of HTTP/1.1 and 1.0 (RFC 9110, RFC 9112), without sockets, clock or I/O:
 * bytes in, requests out; what is to be answered, into the caller's memory.
 *
 * Requests are read by http_parser. It takes more than RFC 9112 allows, so each line of a head and
 * of chunked framing is checked here before the parser sees it, and the fields, chunk sizes and
 * ends that both find must be the same. Two programs that read the same bytes as different requests
 * are how requests are smuggled; therefore what is ambiguous is refused, and after a refusal the
 * connection ends: no byte behind it is read as a request.
 *
 * Guarantees: what a stream of bytes means does not depend on how it was cut into pieces, neither
 * the events, nor the fault, nor the place of it (only how far zlib has read a gzip body when it is
 * refused is its own affair, and a body may come in other pieces). No byte from outside reaches a
 * check(). Memory is taken in create, once, and for a gzip body while it is read; nothing grows
 * with the input.
 *
 * Threads: a decoder, writer or compressor belongs to one thread at a time; everything else is
 * pure. Not here: time limits (408), authentication, whether an Origin or Host is ours, routes. */
#pragma once

#include "base/base.h"

/* ---- requests ------------------------------------------------------------------------------- */
#define HTTP_VERB_TABLE(X)                                                                         \
    X(HTTP_VERB_GET, "GET")                                                                        \
    X(HTTP_VERB_HEAD, "HEAD")                                                                      \
    X(HTTP_VERB_POST, "POST")                                                                      \
    X(HTTP_VERB_PUT, "PUT")                                                                        \
    X(HTTP_VERB_PATCH, "PATCH")                                                                    \
    X(HTTP_VERB_DELETE, "DELETE")                                                                  \
    X(HTTP_VERB_OPTIONS, "OPTIONS")
#define HTTP_VERB_ENUM(name, text) name,
enum http_verb { HTTP_VERB_TABLE(HTTP_VERB_ENUM) HTTP_VERBS };
#undef HTTP_VERB_ENUM
const char *http_verb_text(enum http_verb verb);

/* Why a stream is refused: the status of the answer, and a sentence for its detail. */
#define HTTP_FAULT_TABLE(X)                                                                        \
    X(HTTP_FAULT_NONE, 200, "no fault")                                                            \
    X(HTTP_FAULT_REQUEST_LINE, 400,                                                                \
      "the first line is not a method, a target and HTTP/1.1 with one space between each")         \
    X(HTTP_FAULT_LINE_END, 400, "a line of the head does not end in CR LF, or holds one of them")  \
    X(HTTP_FAULT_CONTROL, 400, "the head holds a control character")                               \
    X(HTTP_FAULT_FIELD_NAME, 400, "a header field does not begin with a name and a colon")         \
    X(HTTP_FAULT_FOLDED, 400, "a header line begins with white space")                             \
    X(HTTP_FAULT_TARGET, 400,                                                                      \
      "the target is no absolute path and no http address, or holds a "                            \
      "character that must be percent-encoded")                                                    \
    X(HTTP_FAULT_ESCAPE, 400,                                                                      \
      "a percent escape of the target is no %XX, stands for NUL, or does not give UTF-8")          \
    X(HTTP_FAULT_DOTS, 400, "a path segment is . or .., which a client resolves itself")           \
    X(HTTP_FAULT_HOST, 400, "there must be exactly one Host, and it must be host or host:port")    \
    X(HTTP_FAULT_LENGTH, 400, "Content-Length is no number, or there are several")                 \
    X(HTTP_FAULT_LENGTH_AND_CODING, 400, "Content-Length stands with Transfer-Encoding")           \
    X(HTTP_FAULT_CODING_FRAMING, 400,                                                              \
      "there are several Transfer-Encoding fields, or one in HTTP/1.0")                            \
    X(HTTP_FAULT_CHUNK, 400, "the chunks of the body are not well-formed")                         \
    X(HTTP_FAULT_GZIP, 400, "the body is not the gzip that Content-Encoding promises")             \
    X(HTTP_FAULT_PARSER, 400, "the request is not well-formed")                                    \
    X(HTTP_FAULT_NO_LENGTH, 411, "a request of HTTP/1.0 with this method needs a Content-Length")  \
    X(HTTP_FAULT_BODY_LONG, 413, "the body is longer than allowed")                                \
    X(HTTP_FAULT_INFLATED_LONG, 413, "the body is longer than allowed once inflated")              \
    X(HTTP_FAULT_TARGET_LONG, 414, "the target is longer than allowed")                            \
    X(HTTP_FAULT_SEGMENTS, 414, "the target has more path segments than allowed")                  \
    X(HTTP_FAULT_ENCODING, 415, "Content-Encoding may be gzip or identity")                        \
    X(HTTP_FAULT_EXPECT, 417, "Expect may be 100-continue")                                        \
    X(HTTP_FAULT_HEAD_LONG, 431, "the head is longer than allowed")                                \
    X(HTTP_FAULT_LINE_LONG, 431, "a header line, or the trailer, is longer than allowed")          \
    X(HTTP_FAULT_HEADERS, 431, "there are more header fields than allowed")                        \
    X(HTTP_FAULT_METHOD, 501,                                                                      \
      "the method is none of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")                        \
    X(HTTP_FAULT_CODING, 501, "Transfer-Encoding may be chunked and nothing else")                 \
    X(HTTP_FAULT_MEMORY, 503, "there is no memory to inflate the body")                            \
    X(HTTP_FAULT_VERSION, 505, "the version is neither HTTP/1.1 nor HTTP/1.0")
#define HTTP_FAULT_ENUM(name, status, text) name,
enum http_fault { HTTP_FAULT_TABLE(HTTP_FAULT_ENUM) HTTP_FAULTS };
#undef HTTP_FAULT_ENUM
unsigned http_fault_status(enum http_fault fault);
const char *http_fault_text(enum http_fault fault);

/* The reason phrase of a status (RFC 9110, 15), "Unknown" for one that has none. */
const char *http_status_text(unsigned status);

/* Fixed limits: head_bytes at most, path segments, a line of chunked framing, all chunk
 * extensions of a body, all trailer lines of a body, and the inflated bytes of one piece. */
#define HTTP_HEAD_MAX 65536u
#define HTTP_SEGMENTS_MAX 64u
#define HTTP_CHUNK_LINE_MAX 1024u
#define HTTP_EXTENSIONS_MAX 16384u
#define HTTP_TRAILER_MAX 8192u
#define HTTP_PIECE_MAX 16384u

/* Each limit is the largest size that is taken; one more gives the status. */
struct http_limits {
    uint32_t head_bytes;     /* first line, fields and the empty line; 431. At most HTTP_HEAD_MAX */
    uint32_t line_bytes;     /* one header line without CR LF; 431 */
    uint32_t target_bytes;   /* 414 */
    uint32_t headers;        /* 431 */
    uint64_t body_bytes;     /* as sent, without the framing; 413 */
    uint64_t inflated_bytes; /* of a gzip body; 413 */
};
/* 16 KiB, 8 KiB, 8 KiB, 100, 16 MiB, 64 MiB. */
struct http_limits http_limits_default(void);

struct http_header {
    struct bytes name;  /* as sent; compare without case (http_header_find does) */
    struct bytes value; /* without white space around; may hold bytes above 0x7F */
};
enum http_form { HTTP_FORM_ORIGIN, HTTP_FORM_ABSOLUTE, HTTP_FORM_ASTERISK };

/* A request's head. Views into the decoder: they hold until it is fed after HTTP_STEP_END. */
struct http_request {
    enum http_verb verb;
    uint8_t minor;          /* 1: HTTP/1.1 (or a later 1.x); 0: HTTP/1.0 */
    enum http_form form;    /* ASTERISK only with OPTIONS: then there is no path */
    struct bytes target;    /* as sent */
    struct bytes authority; /* host[:port]: of the target if absolute (RFC 9112, 3.2.2), else of
                               Host; empty in HTTP/1.0 without a Host. Letters as sent */
    struct bytes path;      /* as sent, from the first slash to before the '?' */
    bool has_query;
    struct bytes query; /* as sent, without the '?'; http_query_next decodes */
    /* The path split at its slashes, then decoded: %2F is a slash inside a segment. "/" has none,
     * "/a/" has "a" and "". UTF-8 without NUL; none is "." or "..". */
    const struct bytes *segments;
    uint32_t segment_count;
    const struct http_header *headers;
    uint32_t header_count;
    bool keep_alive;      /* the connection may go on after this message (RFC 9112, 9.3) */
    bool has_body;        /* body events may follow: chunked, or content_length > 0 */
    bool chunked;         /* then content_length is 0 and means nothing */
    bool gzip;            /* the body events give what was inflated */
    bool awaits_continue; /* Expect: 100-continue, HTTP/1.1, and a body is to come */
    uint64_t content_length;
    /* Upgrade, if Connection names it (HTTP/1.1 only); else empty. Whether to switch is the
     * caller's choice; if not, this is a request like any other. */
    struct bytes upgrade;
};

enum http_event {
    HTTP_STEP_MORE, /* all input is taken and more is needed */
    HTTP_STEP_HEAD, /* http_decoder_request holds */
    HTTP_STEP_BODY, /* a piece of the body, never empty */
    HTTP_STEP_END,  /* the message is complete; the next bytes begin another, or another protocol */
    HTTP_STEP_FAULT, /* the stream is refused: answer, close. Every further feed says the same */
};
struct http_step {
    enum http_event event;
    enum http_fault fault; /* FAULT only */
    size_t used;           /* bytes of input taken; the rest is to be fed again */
    struct bytes body; /* BODY only: a view of the input or of the decoder, until the next feed */
};

struct http_decoder;
/* One allocation of about head_bytes, twice target_bytes and 32 bytes a header; limits beyond
 * HTTP_HEAD_MAX are ERR_INVALID, as are limits of 0 for the head. */
MUST_USE enum err http_decoder_create(const struct http_limits *limits,
                                      struct http_decoder **ret_decoder);
void http_decoder_destroy(struct http_decoder *decoder); /* NULL is fine */
/* Ready for the first byte of another connection. */
void http_decoder_reset(struct http_decoder *decoder);

/* Takes bytes until there is something to tell. Call it with what is left of the input until it
 * answers HTTP_STEP_MORE, HTTP_STEP_END when no more is wanted yet (pipelined requests may stay in
 * the caller's buffer), or HTTP_STEP_FAULT. An END may come without taking a byte.
 *
 *     for (;;) {
 *         struct http_step step = http_decoder_feed(decoder, input);
 *         input.at += step.used, input.size -= step.used;
 *         ...
 *     }
 *
 * One empty line before a request is skipped (RFC 9112, 2.2). Trailer fields are checked and
 * dropped (RFC 9110, 6.5.1). */
struct http_step http_decoder_feed(struct http_decoder *decoder, struct bytes input);

/* The request since HTTP_STEP_HEAD. Before it, it means nothing; after a fault of the head it is
 * zeroed, so that nobody acts on half of one; after a fault of the body it stays, but for its
 * keep_alive, which is false. */
const struct http_request *http_decoder_request(const struct http_decoder *decoder);

/* Another limit of the body for this message, after HTTP_STEP_HEAD and before any body: routes
 * differ. At most the limit of create counts. False, when Content-Length exceeds it already:
 * answer 413 and close; otherwise the decoder gives HTTP_FAULT_BODY_LONG when the time comes. */
bool http_decoder_limit_body(struct http_decoder *decoder, uint64_t body_bytes,
                             uint64_t inflated_bytes);

/* Nothing of a message has been taken: the connection may be closed for silence without an answer,
 * and the decoder be lent to another connection meanwhile. */
bool http_decoder_is_idle(const struct http_decoder *decoder);

/* ---- fields --------------------------------------------------------------------------------- */
/* Equal without regard to the case of ASCII letters. */
bool http_text_equal(struct bytes a, const char *b);

/* The first field of this name (any case), or NULL. */
const struct http_header *http_header_find(const struct http_request *request, const char *name);
/* Each field of this name in turn: *index is 0 at first. */
const struct http_header *http_header_next(const struct http_request *request, const char *name,
                                           uint32_t *index);
/* Each item of a comma-separated list (RFC 9110, 5.6.1), trimmed, empty ones skipped; a comma
 * in a quoted string separates nothing. *offset is 0 at first. */
bool http_list_next(struct bytes value, size_t *offset, struct bytes *ret_item);
/* Does any field of this name hold this token, in any case? */
bool http_header_has(const struct http_request *request, const char *name, const char *token);

/* Is a Content-Type this type, whatever its parameters? "application/json" equals
 * "Application/JSON; charset=utf-8". */
bool http_media_is(struct bytes content_type, const char *media);
/* Weight in thousandths that an Accept gives to a media type (RFC 9110, 12.5.1): the most specific
 * range counts; 0 means not acceptable. Parameters of ranges other than q are ignored; an item
 * that is malformed is skipped. */
unsigned http_accept_weight(struct bytes accept, const char *media);
/* The index of the offer with the highest weight, the first of equals; 0 without an Accept; -1
 * when none is acceptable (406). */
int http_accept_choose(const struct http_request *request, const char *const *offers, size_t count);
/* May the answer be sent as gzip (RFC 9110, 12.5.3)? False without Accept-Encoding. */
bool http_accepts_gzip(const struct http_request *request);

/* Each parameter of a query, split at '&' and at the first '=', '+' and %XX decoded into
 * scratch[capacity]; query.size bytes are always enough, and where they do not suffice the answer
 * is false. Empty parameters are skipped. Views into scratch hold until the next call. Every
 * decoded query of a request is UTF-8 without NUL. *offset is 0 at first. */
bool http_query_next(struct bytes query, size_t *offset, uint8_t *scratch, size_t capacity,
                     struct bytes *ret_name, struct bytes *ret_value);
/* The first parameter of this name. */
bool http_query_find(struct bytes query, const char *name, uint8_t *scratch, size_t capacity,
                     struct bytes *ret_value);
/* Decodes %XX (and '+' as space if asked) of text into out[capacity]; ERR_INVALID for a bad escape
 * or one of NUL, ERR_LIMIT when there is no room. */
MUST_USE enum err http_percent_decode(struct bytes text, bool plus, uint8_t *out, size_t capacity,
                                      size_t *ret_size);

/* host and port of an authority; port 0 when none is given. False when it is none. IPv6 addresses
 * keep their brackets. */
MUST_USE bool http_authority_split(struct bytes authority, struct bytes *ret_host,
                                   uint16_t *ret_port);

/* ---- dates, conditions, ranges --------------------------------------------------------------- */
#define HTTP_DATE_SIZE 29 /* "Sun, 06 Nov 1994 08:49:37 GMT" */
/* Writes a time of the years 1970 to 9999 (others are moved to the nearest), without a NUL. */
void http_date_put(uint8_t at[HTTP_DATE_SIZE], int64_t time_s);
/* Reads the three forms of RFC 9110, 5.6.7; two-digit years are those of 1970 to 2069. */
MUST_USE bool http_date_get(struct bytes text, int64_t *ret_time_s);

/* Does a list of entity tags, or "*", hold this one by weak comparison (RFC 9110, 8.8.3.2)? The tag
 * is given with its quotes, as it is sent. */
bool http_tag_is_listed(struct bytes list, const char *tag);
/* Is 304 the answer to a GET or HEAD (RFC 9110, 13.2.2)? If-None-Match counts before
 * If-Modified-Since. tag may be NULL, modified_s negative: there is none. */
bool http_is_unchanged(const struct http_request *request, const char *tag, int64_t modified_s);

enum http_range_answer {
    HTTP_RANGE_WHOLE,  /* 200: no Range, several, another unit, or If-Range does not hold */
    HTTP_RANGE_PART,   /* 206 */
    HTTP_RANGE_OUTSIDE /* 416, with Content-Range: bytes * / length */
};
/* The one range of a GET for a representation of length bytes (RFC 9110, 14). */
enum http_range_answer http_range_get(const struct http_request *request, uint64_t length,
                                      const char *tag, int64_t modified_s, uint64_t *ret_first,
                                      uint64_t *ret_last);

/* ---- answers -------------------------------------------------------------------------------- */
enum http_body {
    HTTP_BODY_NONE,   /* 204, 304, or none by its nature; else Content-Length: 0 */
    HTTP_BODY_SIZED,  /* length bytes */
    HTTP_BODY_STREAM, /* length not known: chunked, or until the close for HTTP/1.0 */
};
enum http_framing {
    HTTP_FRAMING_NONE,    /* send no body (HEAD, 1xx, 204, 304, or there is none) */
    HTTP_FRAMING_LENGTH,  /* exactly the length told */
    HTTP_FRAMING_CHUNKED, /* with http_chunk_put, then HTTP_CHUNK_END */
    HTTP_FRAMING_CLOSE,   /* as it is, then close */
};
/* Writes a head into at[capacity]. The first failure is kept and told by http_writer_end; after it
 * nothing more is written. */
struct http_writer {
    uint8_t *at;
    size_t capacity;
    size_t used;
    enum err err; /* ERR_LIMIT: no room. ERR_INVALID: a name or value that must not be sent */
    unsigned status;
    bool head;   /* the request was HEAD: lengths are told, bodies are not sent */
    bool old;    /* the request was HTTP/1.0 */
    bool closes; /* after this answer */
};
/* Status line and Date. request: of what this is the answer; NULL: of nothing understood, and the
 * connection closes. A writer begins as "closes" as the request asks; http_writer_close makes
 * it so. */
void http_writer_start(struct http_writer *writer, uint8_t *at, size_t capacity,
                       const struct http_request *request, unsigned status, int64_t now_s);
void http_writer_close(struct http_writer *writer);
/* name must be a token, value may hold no control character but tab (so no line can be smuggled
 * in): else ERR_INVALID. Content-Length, Transfer-Encoding, Connection and Date are the writer's
 * own: ERR_INVALID too. */
void http_writer_header(struct http_writer *writer, const char *name, struct bytes value);
void http_writer_header_text(struct http_writer *writer, const char *name, const char *value);
void http_writer_header_number(struct http_writer *writer, const char *name, uint64_t value);
/* Content-Length or Transfer-Encoding, Connection and the empty line. A 101 and a 426, which have
 * an Upgrade, get the Connection: Upgrade that belongs to it (RFC 9110, 7.8). Success: writer->used
 * bytes are the head, and *ret_framing says how the body is to be sent. */
MUST_USE enum err http_writer_end(struct http_writer *writer, enum http_body body, uint64_t length,
                                  enum http_framing *ret_framing);

#define HTTP_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define HTTP_CHUNK_END "0\r\n\r\n"
#define HTTP_CHUNK_EXTRA 20u /* bytes that http_chunk_put adds at most */
/* One chunk with its framing; 0 when it does not fit, or data is empty (that would end the body).
 */
size_t http_chunk_put(uint8_t *at, size_t capacity, struct bytes data);
/* Only the line before the data; CR LF follow the data. At most HTTP_CHUNK_EXTRA - 2 bytes. */
size_t http_chunk_head_put(uint8_t *at, uint64_t size);

/* ---- gzip ----------------------------------------------------------------------------------- */
/* Is it worth compressing? Text, JSON, JavaScript, SVG, WebAssembly and their like. */
bool http_media_compresses(struct bytes content_type);

struct http_gzip; /* 256 KiB */
/* level 1 (fast) to 9 (small): others are ERR_INVALID. */
MUST_USE enum err http_gzip_create(int level, struct http_gzip **ret_gzip);
void http_gzip_destroy(struct http_gzip *gzip); /* NULL is fine */
void http_gzip_reset(struct http_gzip *gzip);   /* ready for another body */
struct http_gzip_step {
    size_t used;    /* of input */
    size_t written; /* to out */
    bool done; /* everything of this call's purpose is written: with finish the whole body, with
                  flush what was put so far, else: the input is taken */
};
enum http_gzip_flush { HTTP_GZIP_GATHER, HTTP_GZIP_FLUSH, HTTP_GZIP_FINISH };
/* Compresses into out[capacity]; call again with the rest until done. FLUSH lets the reader have
 * all that was put (events of a stream); FINISH ends the body. */
struct http_gzip_step http_gzip_put(struct http_gzip *gzip, struct bytes input, uint8_t *out,
                                    size_t capacity, enum http_gzip_flush flush);
/* A whole body at once: its size, or 0 when it does not fit or memory is short. */
size_t http_gzip_bytes(struct bytes input, int level, uint8_t *out, size_t capacity);

/* ---- problem details (RFC 9457) ------------------------------------------------------------- */
#define HTTP_PROBLEM_MEDIA "application/problem+json"
enum http_member_kind { HTTP_MEMBER_TEXT, HTTP_MEMBER_NUMBER, HTTP_MEMBER_BOOL, HTTP_MEMBER_JSON };
struct http_member {
    const char *name;
    enum http_member_kind kind;
    struct bytes text; /* TEXT; JSON: a value that is written as it is */
    int64_t number;    /* NUMBER; BOOL: 0 or not */
};
struct http_problem {
    unsigned status;
    const char *type;      /* NULL: left out, which means about:blank */
    const char *title;     /* NULL: the status' phrase */
    struct bytes detail;   /* what was wanted, what was found, what to do; empty: left out */
    struct bytes instance; /* empty: left out */
    const struct http_member *members;
    size_t member_count;
};
/* Writes the JSON object; ERR_LIMIT when it does not fit. */
MUST_USE enum err http_problem_put(uint8_t *at, size_t capacity, const struct http_problem *problem,
                                   size_t *ret_size);
/* Writes a JSON string with its quotes (RFC 8259, 7); bytes that are not UTF-8 become U+FFFD.
 * Returns the size it has; when that exceeds capacity, what was written is of no use. */
size_t http_json_text_put(uint8_t *at, size_t capacity, struct bytes text);
