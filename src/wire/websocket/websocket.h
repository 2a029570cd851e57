/* websocket: the server's side of the WebSocket protocol (RFC 6455), without sockets, clock or I/O:
 * bytes in, messages and answers out. Frames are read by wslay; what its frame reader does not look
 * at (masks, reserved bits and opcodes, the order of fragments, close codes, UTF-8, sizes) is
 * judged here.
 *
 * Guarantees: what a stream of bytes means does not depend on how it was cut into pieces (pieces of
 * a streamed message excepted). No byte from outside reaches a check(). A decoder holds 4 KiB and
 * what it has of a fragmented message, never more than limits.message_bytes.
 *
 * Not here: when to send pings, how long to wait for an answer or for the other side's close, and
 * whether an Origin may come in. Extensions are not offered, so none is ever in use (section 9).
 * Threads: a decoder belongs to one thread at a time; the rest is pure. */
#pragma once

#include "wire/http/http.h"

/* ---- handshake (section 4.2) ---------------------------------------------------------------- */
#define WEBSOCKET_REFUSAL_TABLE(X)                                                                 \
    X(WEBSOCKET_WELCOME, 101, "the handshake holds")                                               \
    X(WEBSOCKET_NO_GET, 405, "a WebSocket begins with GET")                                        \
    X(WEBSOCKET_NO_UPGRADE, 426,                                                                   \
      "this address speaks WebSocket: Upgrade: websocket and Connection: Upgrade are needed")      \
    X(WEBSOCKET_NO_VERSION, 426, "Sec-WebSocket-Version must be 13")                               \
    X(WEBSOCKET_NO_KEY, 400, "Sec-WebSocket-Key must be 16 bytes as base64, once")                 \
    X(WEBSOCKET_NO_ORIGIN, 400, "there are several Origin fields")                                 \
    X(WEBSOCKET_NO_BODY, 400, "the handshake has a body")
#define WEBSOCKET_REFUSAL_ENUM(name, status, text) name,
enum websocket_refusal { WEBSOCKET_REFUSAL_TABLE(WEBSOCKET_REFUSAL_ENUM) WEBSOCKET_REFUSALS };
#undef WEBSOCKET_REFUSAL_ENUM
unsigned websocket_refusal_status(enum websocket_refusal refusal);
const char *websocket_refusal_text(enum websocket_refusal refusal);

#define WEBSOCKET_KEY_SIZE 24    /* base64 of 16 bytes */
#define WEBSOCKET_ACCEPT_SIZE 28 /* base64 of a SHA-1 */
struct websocket_offer {
    struct bytes key;    /* a view of the request */
    bool has_origin;     /* browsers send it; other clients do not (section 10.2) */
    struct bytes origin; /* as sent; the caller judges it */
};
/* Judges a request. A 426 must carry Upgrade: websocket and
 * Sec-WebSocket-Version: 13 (section 4.4; RFC 9110, 15.5.22). */
MUST_USE enum websocket_refusal websocket_offer_read(const struct http_request *request,
                                                     struct websocket_offer *ret_offer);
/* The index of the first protocol, in the client's order, that is one of ours (compared exactly,
 * case included); -1 when there is none: answer without one, or refuse. Does it name any? */
int websocket_protocol_choose(const struct http_request *request, const char *const *protocols,
                              size_t count, bool *ret_named);
/* The answer to a key: base64(SHA-1(key + GUID)), without a NUL. */
void websocket_accept_put(uint8_t at[WEBSOCKET_ACCEPT_SIZE], struct bytes key);
/* The whole 101. protocol: NULL, or the one chosen. OK, ERR_LIMIT or ERR_INVALID as
 * http_writer_end. */
MUST_USE enum err websocket_welcome_put(uint8_t *at, size_t capacity,
                                        const struct http_request *request,
                                        const struct websocket_offer *offer, const char *protocol,
                                        int64_t now_s, size_t *ret_size);

/* ---- codes of a close (section 7.4) ---------------------------------------------------------- */
enum websocket_code {
    WEBSOCKET_NORMAL = 1000,
    WEBSOCKET_GOING_AWAY = 1001,
    WEBSOCKET_PROTOCOL_ERROR = 1002,
    WEBSOCKET_UNSUPPORTED = 1003, /* text where bytes are wanted */
    WEBSOCKET_NO_CODE = 1005,     /* never on the wire: a close without a code */
    WEBSOCKET_NOT_UTF8 = 1007,
    WEBSOCKET_POLICY = 1008,
    WEBSOCKET_TOO_BIG = 1009,
    WEBSOCKET_INTERNAL = 1011,
    WEBSOCKET_TRY_LATER = 1013
};
/* May this code be in a close frame? 1000-1003, 1007-1014, 3000-4999. */
bool websocket_code_is_valid(unsigned code);

/* ---- messages in ------------------------------------------------------------------------------
 */
struct websocket_limits {
    uint32_t message_bytes; /* the longest message, all its fragments; one more is 1009. When it
                               streams: the longest frame */
    bool streams;           /* bytes as they come: borders of messages mean nothing, as in MQTT
                               [MQTT-6.0.0-4]; text is refused with 1003 [MQTT-6.0.0-1] */
};
enum websocket_event {
    WEBSOCKET_MORE,   /* all input is taken and more is needed */
    WEBSOCKET_TEXT,   /* a whole message, UTF-8 */
    WEBSOCKET_BINARY, /* a whole message */
    WEBSOCKET_PIECE,  /* streaming: some bytes of a binary message, never none */
    WEBSOCKET_PING,   /* payload; reply holds the pong to send */
    WEBSOCKET_PONG,   /* payload */
    WEBSOCKET_CLOSE,  /* the other side closes: code, payload (its reason, UTF-8); reply holds our
                         close,  to be sent unless one was sent before; then the connection is to be
                         closed */
    WEBSOCKET_FAULT, /* the other side is wrong: code; reply holds the close frame to send; then the
                        connection is to be closed */
    WEBSOCKET_OVER   /* fed after CLOSE or FAULT: all input is dropped */
};
struct websocket_step {
    enum websocket_event event;
    size_t used;          /* bytes of input taken; the rest is to be fed again */
    uint16_t code;        /* CLOSE, FAULT */
    struct bytes payload; /* these two are views of the decoder or the input, until the next feed */
    struct bytes reply;
    const char *reason; /* FAULT: a sentence, "" else */
};

struct websocket_decoder;
/* ERR_INVALID when message_bytes is 0. */
MUST_USE enum err websocket_decoder_create(const struct websocket_limits *limits,
                                           struct websocket_decoder **ret_decoder);
void websocket_decoder_destroy(struct websocket_decoder *decoder); /* NULL is fine */
/* Takes bytes until there is something to tell. Call it with what is left of the input until it
 * answers WEBSOCKET_MORE, or CLOSE or FAULT. It takes up to 4 KiB ahead of what it tells: a step
 * may come without taking a byte, and no bytes left are no reason to stop before WEBSOCKET_MORE. */
struct websocket_step websocket_decoder_feed(struct websocket_decoder *decoder, struct bytes input);

/* ---- frames out (section 5; a server does not mask) -------------------------------------------
 */
enum websocket_opcode {
    WEBSOCKET_OPCODE_CONTINUATION = 0,
    WEBSOCKET_OPCODE_TEXT = 1,
    WEBSOCKET_OPCODE_BINARY = 2,
    WEBSOCKET_OPCODE_CLOSE = 8,
    WEBSOCKET_OPCODE_PING = 9,
    WEBSOCKET_OPCODE_PONG = 10
};
#define WEBSOCKET_HEAD_MAX 10u
#define WEBSOCKET_CONTROL_MAX 125u /* bytes of a control frame's payload */
/* The head of a frame whose payload of this size follows; returns its size, 2 to 10. */
size_t websocket_head_put(uint8_t at[WEBSOCKET_HEAD_MAX], enum websocket_opcode opcode, bool last,
                          uint64_t size);
/* A whole frame; 0 when it does not fit, or a control frame is too long or not the last. */
size_t websocket_frame_put(uint8_t *at, size_t capacity, enum websocket_opcode opcode, bool last,
                           struct bytes payload);
/* A close frame: code and a reason of at most 123 bytes (what is longer is cut between
 * characters; what is no UTF-8 is left out). WEBSOCKET_NO_CODE: empty. 0 when it does not fit, or
 * the code may not be sent. 2 + 125 bytes are always enough. */
size_t websocket_close_put(uint8_t *at, size_t capacity, unsigned code, const char *reason);
