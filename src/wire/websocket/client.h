/* client: the other side, for tests and the fuzzer: masked frames as a client sends them, and the
 * events of a decoder as text. */
#pragma once

#include "wire/websocket/websocket.h"

#include <stdio.h>
#include <string.h>

/* A masked frame: first is the first byte (FIN, reserved bits, opcode). Returns its size. */
static inline size_t client_frame_put(uint8_t *at, unsigned first, struct bytes payload,
                                      uint32_t mask)
{
    uint8_t head[WEBSOCKET_HEAD_MAX];
    size_t used = websocket_head_put(head, WEBSOCKET_OPCODE_BINARY, true, payload.size);
    head[0] = (uint8_t)first;
    head[1] |= 0x80;
    memcpy(at, head, used);
    memcpy(at + used, &mask, 4);
    used += 4;
    for (size_t i = 0; i < payload.size; i++)
        at[used + i] = (uint8_t)(payload.at[i] ^ (uint8_t)(mask >> (8 * (i % 4))));
    return used + payload.size;
}

#define CLIENT_TRANSCRIPT_BYTES (1u << 20)
struct client_transcript {
    size_t used;
    bool in_piece;
    enum websocket_event last;
    uint16_t code;
    char text[CLIENT_TRANSCRIPT_BYTES];
};

static inline void client_put(struct client_transcript *transcript, struct bytes bytes)
{
    check(bytes.size < CLIENT_TRANSCRIPT_BYTES - transcript->used);
    if (bytes.size > 0)
        memcpy(transcript->text + transcript->used, bytes.at, bytes.size);
    transcript->used += bytes.size;
    transcript->text[transcript->used] = 0;
}

static inline void client_step(struct client_transcript *transcript,
                               const struct websocket_step *step)
{
    static const char *const NAMES[] = {"",     "text",  "binary", "piece", "ping",
                                        "pong", "close", "fault",  "over"};
    char line[60];
    transcript->last = step->event;
    transcript->code = step->code;
    if (step->event == WEBSOCKET_PIECE && transcript->in_piece) {
        client_put(transcript, step->payload);
        return;
    }
    (void)snprintf(line, sizeof line, "%s%s %u ", transcript->in_piece ? "\n" : "",
                   NAMES[step->event], step->code);
    client_put(transcript, bytes_text(line));
    client_put(transcript, step->payload);
    transcript->in_piece = step->event == WEBSOCKET_PIECE;
    if (transcript->in_piece)
        return;
    client_put(transcript, bytes_text(" -> "));
    client_put(transcript, step->reply);
    client_put(transcript, bytes_text(" "));
    client_put(transcript, bytes_text(step->reason));
    client_put(transcript, bytes_text("\n"));
}

/* Feeds one piece to its end. False: the conversation is over. */
static inline bool client_feed(struct client_transcript *transcript,
                               struct websocket_decoder *decoder, struct bytes piece)
{
    for (;;) {
        struct websocket_step step = websocket_decoder_feed(decoder, piece);
        check(step.used <= piece.size);
        piece.at += step.used;
        piece.size -= step.used;
        if (step.event == WEBSOCKET_MORE) {
            check(piece.size == 0);
            return true;
        }
        client_step(transcript, &step);
        if (step.event == WEBSOCKET_CLOSE || step.event == WEBSOCKET_FAULT)
            return false;
    }
}
