/* Any bytes as frames of a client, and any bytes as messages of one: the decoder neither reads
 * outside nor aborts, pieces mean what the whole means, and what a client frames comes out as it
 * went in. The first byte chooses between messages and a stream of bytes. */
#include "wire/websocket/client.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define INPUT_MAX 20000u
#define MESSAGE_MAX 6000u

static uint32_t luck(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static struct websocket_decoder *decoder_of(bool streams)
{
    struct websocket_decoder *decoder;
    struct websocket_limits limits = {MESSAGE_MAX, streams};
    check(websocket_decoder_create(&limits, &decoder) == OK);
    return decoder;
}

/* seed 0: in one piece. */
static void run(struct bytes input, bool streams, uint32_t seed,
                struct client_transcript *transcript)
{
    struct websocket_decoder *decoder = decoder_of(streams);
    transcript->used = 0;
    transcript->in_piece = false;
    transcript->text[0] = 0;
    for (size_t i = 0; i < input.size;) {
        size_t size = seed ? 1 + luck(&seed) % 300 : input.size;
        size = size < input.size - i ? size : input.size - i;
        uint8_t *piece = malloc(size);
        check(piece);
        memcpy(piece, input.at + i, size);
        bool more = client_feed(transcript, decoder, bytes_of(piece, size));
        free(piece);
        if (!more)
            break;
        i += size;
    }
    websocket_decoder_destroy(decoder);
}

/* The input as one message, in fragments with pings between them. */
static void round_trip(struct bytes message, uint32_t seed)
{
    static uint8_t frames[INPUT_MAX * 8];
    struct websocket_decoder *decoder = decoder_of(false);
    size_t used = 0;
    bool seen = false;
    for (size_t at = 0, size, first = WEBSOCKET_OPCODE_BINARY;; at += size, first = 0) {
        size = 1 + luck(&seed) % (message.size + 1);
        size = size < message.size - at ? size : message.size - at;
        bool last = at + size == message.size;
        used += client_frame_put(frames + used, (unsigned)first | (last ? 0x80 : 0),
                                 bytes_of(message.at + at, size), luck(&seed) * 2654435761u);
        if (last || used > sizeof frames / 2)
            break;
        if (luck(&seed) % 4 == 0)
            used += client_frame_put(frames + used, 0x89, bytes_text("ping"), luck(&seed));
    }
    struct bytes left = bytes_of(frames, used);
    for (;;) {
        struct websocket_step step = websocket_decoder_feed(decoder, left);
        left.at += step.used;
        left.size -= step.used;
        if (step.event == WEBSOCKET_MORE)
            break;
        if (step.event == WEBSOCKET_PING) {
            check(step.reply.size == 6 && memcmp(step.reply.at, "\x8a\x04ping", 6) == 0);
            continue;
        }
        check(step.event == WEBSOCKET_BINARY && bytes_equal(step.payload, message) && !seen);
        seen = true;
    }
    check(seen);
    websocket_decoder_destroy(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct client_transcript whole, cut;
    if (size < 1 || size > INPUT_MAX)
        return 0;
    struct bytes input = bytes_of(at + 1, size - 1);
    uint32_t seed = (uint32_t)hash64(at, size, 1) | 1;
    run(input, at[0] & 1, 0, &whole);
    run(input, at[0] & 1, seed, &cut);
    check(whole.used == cut.used && memcmp(whole.text, cut.text, whole.used) == 0);
    if (input.size <= MESSAGE_MAX / 8)
        round_trip(input, seed);
    return 0;
}
