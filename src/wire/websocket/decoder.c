/* Frames become messages. wslay's frame reader takes the bytes apart and unmasks them; it asks for
 * input through a callback, which here gives what the caller fed. */
#include "wire/websocket/websocket.h"

#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#define MESSAGE_KEPT_BYTES 4096u /* of the buffer, between messages */

struct websocket_decoder {
    struct websocket_limits limits;
    wslay_frame_context_ptr frames;
    struct bytes input; /* what the callback may take; only during a feed */
    bool over;

    bool in_frame;          /* some of a frame came, not all */
    uint8_t frame_opcode;   /* of that frame */
    uint64_t frame_left;    /* bytes of it to come */
    uint8_t message_opcode; /* TEXT or BINARY while fragments are to follow, else 0 */

    uint8_t *message; /* fragments so far */
    size_t message_size, message_capacity;
    uint8_t control[WEBSOCKET_CONTROL_MAX];
    size_t control_size;
    uint8_t reply[2 + WEBSOCKET_CONTROL_MAX];
};

static ssize_t on_input(uint8_t *buffer, size_t size, int flags, void *user)
{
    struct websocket_decoder *decoder = user;
    size_t take = size < decoder->input.size ? size : decoder->input.size;
    (void)flags;
    if (take == 0)
        return -1; /* wslay: nothing now, ask again */
    memcpy(buffer, decoder->input.at, take);
    decoder->input.at += take;
    decoder->input.size -= take;
    return (ssize_t)take;
}

enum err websocket_decoder_create(const struct websocket_limits *limits,
                                  struct websocket_decoder **ret_decoder)
{
    const struct wslay_frame_callbacks callbacks = {NULL, on_input, NULL};
    if (limits->message_bytes == 0)
        return ERR_INVALID;
    struct websocket_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return ERR_NO_MEMORY;
    decoder->limits = *limits;
    if (wslay_frame_context_init(&decoder->frames, &callbacks, decoder) != 0) {
        free(decoder);
        return ERR_NO_MEMORY;
    }
    *ret_decoder = decoder;
    return OK;
}

void websocket_decoder_destroy(struct websocket_decoder *decoder)
{
    if (!decoder)
        return;
    wslay_frame_context_free(decoder->frames);
    free(decoder->message);
    free(decoder);
}

/* ---- what is told ---- */
static bool tell_fault(struct websocket_decoder *decoder, struct websocket_step *step,
                       enum websocket_code code, const char *reason)
{
    decoder->over = true;
    step->event = WEBSOCKET_FAULT;
    step->code = (uint16_t)code;
    step->reason = reason;
    step->reply = bytes_of(
        decoder->reply, websocket_close_put(decoder->reply, sizeof decoder->reply, code, reason));
    return true;
}

static bool tell_wrong(struct websocket_decoder *decoder, struct websocket_step *step,
                       const char *reason)
{
    return tell_fault(decoder, step, WEBSOCKET_PROTOCOL_ERROR, reason);
}

static bool tell_close(struct websocket_decoder *decoder, struct websocket_step *step)
{
    struct bytes payload = bytes_of(decoder->control, decoder->control_size);
    unsigned code = WEBSOCKET_NO_CODE;
    if (payload.size == 1)
        return tell_wrong(decoder, step, "a close code of one byte");
    if (payload.size >= 2) {
        code = (unsigned)(payload.at[0] << 8 | payload.at[1]);
        payload = bytes_of(payload.at + 2, payload.size - 2);
        if (!websocket_code_is_valid(code))
            return tell_wrong(decoder, step, "a close code that may not be sent");
    }
    if (!bytes_are_utf8(payload))
        return tell_fault(decoder, step, WEBSOCKET_NOT_UTF8, "a close reason that is not UTF-8");
    decoder->over = true;
    step->event = WEBSOCKET_CLOSE;
    step->code = (uint16_t)code;
    step->payload = payload;
    step->reply = bytes_of(decoder->reply,
                           websocket_close_put(decoder->reply, sizeof decoder->reply, code, ""));
    return true;
}

static bool tell_control(struct websocket_decoder *decoder, struct websocket_step *step)
{
    if (decoder->frame_opcode == WEBSOCKET_OPCODE_CLOSE)
        return tell_close(decoder, step);
    step->payload = bytes_of(decoder->control, decoder->control_size);
    step->event = WEBSOCKET_PONG;
    if (decoder->frame_opcode == WEBSOCKET_OPCODE_PING) {
        step->event = WEBSOCKET_PING;
        step->reply = bytes_of(decoder->reply,
                               websocket_frame_put(decoder->reply, sizeof decoder->reply,
                                                   WEBSOCKET_OPCODE_PONG, true, step->payload));
    }
    return true;
}

static bool tell_message(struct websocket_decoder *decoder, struct websocket_step *step,
                         struct bytes message)
{
    bool text = decoder->message_opcode == WEBSOCKET_OPCODE_TEXT;
    decoder->message_opcode = 0;
    if (text && !bytes_are_utf8(message))
        return tell_fault(decoder, step, WEBSOCKET_NOT_UTF8, "a text that is not UTF-8");
    step->event = text ? WEBSOCKET_TEXT : WEBSOCKET_BINARY;
    step->payload = message;
    return true;
}

/* ---- frames ---- */

/* The first of a frame: may it be? */
static const char *frame_is_wrong(const struct websocket_decoder *decoder,
                                  const struct wslay_frame_iocb *frame)
{
    if (!frame->mask)
        return "a frame that is not masked";
    if (frame->rsv)
        return "a reserved bit, and no extension is in use";
    switch (frame->opcode) {
    case WEBSOCKET_OPCODE_CONTINUATION:
        return decoder->message_opcode ? NULL : "a continuation of nothing";
    case WEBSOCKET_OPCODE_TEXT:
    case WEBSOCKET_OPCODE_BINARY:
        return decoder->message_opcode ? "a message inside another" : NULL;
    case WEBSOCKET_OPCODE_CLOSE:
    case WEBSOCKET_OPCODE_PING:
    case WEBSOCKET_OPCODE_PONG:
        return NULL;
    default:
        return "a reserved opcode";
    }
}

/* True: *step tells what is wrong. */
static bool frame_begin(struct websocket_decoder *decoder, const struct wslay_frame_iocb *frame,
                        struct websocket_step *step)
{
    const char *wrong = frame_is_wrong(decoder, frame);
    if (wrong)
        return tell_wrong(decoder, step, wrong);
    if (decoder->limits.streams && frame->opcode == WEBSOCKET_OPCODE_TEXT)
        return tell_fault(decoder, step, WEBSOCKET_UNSUPPORTED, "text where bytes are wanted");
    bool control = frame->opcode >= WEBSOCKET_OPCODE_CLOSE;
    size_t kept = control || decoder->limits.streams ? 0 : decoder->message_size;
    if (!control && frame->payload_length > decoder->limits.message_bytes - kept)
        return tell_fault(decoder, step, WEBSOCKET_TOO_BIG, "a message longer than allowed");
    if (control)
        decoder->control_size = 0;
    else if (frame->opcode != WEBSOCKET_OPCODE_CONTINUATION)
        decoder->message_opcode = frame->opcode;
    decoder->in_frame = true;
    decoder->frame_opcode = frame->opcode;
    decoder->frame_left = frame->payload_length;
    return false;
}

/* Doubles, but never beyond what a message may be: frame_begin has seen that it fits. */
static bool message_append(struct websocket_decoder *decoder, struct bytes data)
{
    size_t needed = decoder->message_size + data.size;
    if (needed > decoder->message_capacity) {
        size_t capacity = decoder->message_capacity * 2;
        capacity = capacity < MESSAGE_KEPT_BYTES ? MESSAGE_KEPT_BYTES : capacity;
        capacity = capacity < needed ? needed : capacity;
        if (capacity > decoder->limits.message_bytes)
            capacity = decoder->limits.message_bytes;
        uint8_t *message = realloc(decoder->message, capacity);
        if (!message)
            return false;
        decoder->message = message;
        decoder->message_capacity = capacity;
    }
    if (data.size > 0)
        memcpy(decoder->message + decoder->message_size, data.at, data.size);
    decoder->message_size = needed;
    return true;
}

static bool data_take(struct websocket_decoder *decoder, struct bytes data, bool last,
                      struct websocket_step *step)
{
    bool ends = last && decoder->frame_left == 0;
    if (decoder->limits.streams) {
        if (ends)
            decoder->message_opcode = 0;
        if (data.size == 0)
            return false;
        step->event = WEBSOCKET_PIECE;
        step->payload = data;
        return true;
    }
    if (ends && decoder->message_size == 0) /* whole as it stands: nothing to gather */
        return tell_message(decoder, step, data);
    if (!message_append(decoder, data))
        return tell_fault(decoder, step, WEBSOCKET_INTERNAL, "no memory for the message");
    if (!ends)
        return false;
    struct bytes message = bytes_of(decoder->message, decoder->message_size);
    decoder->message_size = 0;
    return tell_message(decoder, step, message);
}

static bool frame_take(struct websocket_decoder *decoder, const struct wslay_frame_iocb *frame,
                       struct websocket_step *step)
{
    struct bytes data = bytes_of(frame->data, frame->data_length);
    if (!decoder->in_frame && frame_begin(decoder, frame, step))
        return true;
    decoder->frame_left -= data.size;
    decoder->in_frame = decoder->frame_left > 0;
    if (decoder->frame_opcode < WEBSOCKET_OPCODE_CLOSE)
        return data_take(decoder, data, frame->fin, step);
    if (data.size > 0)
        memcpy(decoder->control + decoder->control_size, data.at, data.size);
    decoder->control_size += data.size;
    return !decoder->in_frame && tell_control(decoder, step);
}

/* What a large message took is given back once it was told. */
static void message_shrink(struct websocket_decoder *decoder)
{
    if (decoder->message_size > 0 || decoder->message_capacity <= MESSAGE_KEPT_BYTES)
        return;
    free(decoder->message);
    decoder->message = NULL;
    decoder->message_capacity = 0;
}

struct websocket_step websocket_decoder_feed(struct websocket_decoder *decoder, struct bytes input)
{
    struct websocket_step step = {.event = WEBSOCKET_MORE, .reason = ""};
    if (decoder->over) {
        step.event = WEBSOCKET_OVER;
        step.used = input.size;
        return step;
    }
    message_shrink(decoder);
    decoder->input = input;
    for (bool told = false; !told;) {
        struct wslay_frame_iocb frame;
        memset(&frame, 0, sizeof frame);
        ssize_t size = wslay_frame_recv(decoder->frames, &frame);
        if (size == WSLAY_ERR_WANT_READ) {
            if (decoder->input.size == 0)
                break;
            continue;
        }
        told = size < 0 ? tell_wrong(decoder, &step, "a frame that is not well-formed")
                        : frame_take(decoder, &frame, &step);
    }
    step.used = input.size - decoder->input.size;
    decoder->input = bytes_of(NULL, 0);
    return step;
}
