/* Bodies of answers, compressed. */
#define ZLIB_CONST
#include "wire/http/decoder.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define GZIP_WINDOW_BITS (15 + 16)
#define GZIP_MEMORY_LEVEL 8

struct http_gzip {
    z_stream stream;
};

bool http_media_compresses(struct bytes content_type)
{
    static const char *const MEDIA[] = {
        "application/json",       "application/problem+json",
        "application/x-ndjson",   "application/xml",
        "application/javascript", "application/manifest+json",
        "application/wasm",       "image/svg+xml",
        "image/x-icon",           "application/openmetrics-text",
    };
    if (content_type.size > 5 && http_text_equal(bytes_of(content_type.at, 5), "text/"))
        return true;
    for (size_t i = 0; i < ARRAY_COUNT(MEDIA); i++)
        if (http_media_is(content_type, MEDIA[i]))
            return true;
    return false;
}

enum err http_gzip_create(int level, struct http_gzip **ret_gzip)
{
    if (level < 1 || level > 9)
        return ERR_INVALID;
    struct http_gzip *gzip = calloc(1, sizeof *gzip);
    if (!gzip)
        return ERR_NO_MEMORY;
    if (deflateInit2(&gzip->stream, level, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        free(gzip);
        return ERR_NO_MEMORY;
    }
    *ret_gzip = gzip;
    return OK;
}

void http_gzip_destroy(struct http_gzip *gzip)
{
    if (!gzip)
        return;
    (void)deflateEnd(&gzip->stream);
    free(gzip);
}

void http_gzip_reset(struct http_gzip *gzip)
{
    check(deflateReset(&gzip->stream) == Z_OK);
}

struct http_gzip_step http_gzip_put(struct http_gzip *gzip, struct bytes input, uint8_t *out,
                                    size_t capacity, enum http_gzip_flush flush)
{
    static const int FLUSHES[] = {Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
    z_stream *stream = &gzip->stream;
    size_t take = input.size < UINT32_MAX ? input.size : UINT32_MAX;
    size_t room = capacity < UINT32_MAX ? capacity : UINT32_MAX;
    stream->next_in = input.at;
    stream->avail_in = (uInt)take;
    stream->next_out = out;
    stream->avail_out = (uInt)room;
    int result = deflate(stream, take < input.size ? Z_NO_FLUSH : FLUSHES[flush]);
    struct http_gzip_step step;
    step.used = take - stream->avail_in;
    step.written = room - stream->avail_out;
    step.done = step.used == input.size &&
                (flush == HTTP_GZIP_FINISH ? result == Z_STREAM_END
                                           : flush == HTTP_GZIP_GATHER || stream->avail_out > 0);
    return step;
}

size_t http_gzip_bytes(struct bytes input, int level, uint8_t *out, size_t capacity)
{
    struct http_gzip *gzip;
    size_t used = 0, written = 0;
    struct http_gzip_step step;
    if (http_gzip_create(level, &gzip))
        return 0;
    if (input.size == 0)
        input = bytes_text(""); /* nothing is a body too */
    do {
        step = http_gzip_put(gzip, bytes_of(input.at + used, input.size - used), out + written,
                             capacity - written, HTTP_GZIP_FINISH);
        used += step.used;
        written += step.written;
    } while (!step.done && (step.used > 0 || step.written > 0));
    http_gzip_destroy(gzip);
    return step.done ? written : 0;
}
