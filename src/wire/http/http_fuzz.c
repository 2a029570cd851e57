/* Any bytes as a stream of requests: the decoder neither reads outside nor aborts, and in one
 * piece, byte by byte and in pieces chosen by the input, the bytes mean the same. What it takes for
 * a request is then asked everything that requests can be asked. */
#include "wire/http/transcript.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define INPUT_MAX 20000u

static struct http_decoder *decoder_of_fuzz(void)
{
    static struct http_decoder *decoder;
    struct http_limits limits = http_limits_default();
    limits.head_bytes = 2048;
    limits.line_bytes = 512;
    limits.target_bytes = 256;
    limits.headers = 16;
    limits.body_bytes = 4096;
    limits.inflated_bytes = 65536;
    if (!decoder)
        check(http_decoder_create(&limits, &decoder) == OK);
    return decoder;
}

static void ask(const struct http_request *request)
{
    static const char *const OFFERS[] = {"application/json", "text/csv"};
    uint8_t scratch[256];
    struct bytes name, value;
    uint64_t first, last;
    for (size_t offset = 0;
         http_query_next(request->query, &offset, scratch, sizeof scratch, &name, &value);)
        check(bytes_are_utf8(name) && bytes_are_utf8(value));
    (void)http_accept_choose(request, OFFERS, ARRAY_COUNT(OFFERS));
    (void)http_accepts_gzip(request);
    (void)http_is_unchanged(request, "\"tag\"", 1000);
    if (http_range_get(request, 1000, "\"tag\"", 1000, &first, &last) == HTTP_RANGE_PART)
        check(first <= last && last < 1000);
    for (uint32_t i = 0; i < request->segment_count; i++)
        check(bytes_are_utf8(request->segments[i]));
}

/* An answer to it may hold no more lines than were put. */
static void answer(const struct http_request *request)
{
    uint8_t out[4096];
    struct http_writer writer;
    enum http_framing framing;
    size_t lines = 0;
    http_writer_start(&writer, out, sizeof out, request, 200, 1000);
    http_writer_header(&writer, "Location", request->target);
    if (http_writer_end(&writer, HTTP_BODY_SIZED, 5, &framing))
        return;
    for (size_t i = 0; i < writer.used; i++)
        lines += out[i] == '\n';
    check(lines == 5u + (unsigned)(writer.closes || writer.old));
}

/* cut: 0: whole; else the pieces are 1 + (next byte of cut's sequence) % 16. */
static void run(struct bytes input, uint32_t cut, struct transcript *transcript)
{
    struct http_decoder *decoder = decoder_of_fuzz();
    transcript_start(transcript, decoder);
    for (size_t i = 0; i < input.size;) {
        size_t size = input.size;
        if (cut) {
            cut = cut * 1664525u + 1013904223u;
            size = 1 + (cut >> 24) % 16;
        }
        size = size < input.size - i ? size : input.size - i;
        /* A copy of its own, so that a sanitizer sees who reads beyond it. */
        uint8_t *piece = malloc(size);
        check(piece);
        memcpy(piece, input.at + i, size);
        bool more = transcript_feed(transcript, decoder, bytes_of(piece, size));
        free(piece);
        if (!more)
            break;
        i += size;
    }
    const struct http_request *request = http_decoder_request(decoder);
    if (request->header_count > 0 && !transcript->fault) {
        ask(request);
        answer(request);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct transcript whole, cut;
    if (size == 0 || size > INPUT_MAX)
        return 0;
    run(bytes_of(at, size), 0, &whole);
    run(bytes_of(at, size), (uint32_t)hash64(at, size, 1) | 1, &cut);
    check(whole.used == cut.used && memcmp(whole.text, cut.text, whole.used) == 0);
    return 0;
}
