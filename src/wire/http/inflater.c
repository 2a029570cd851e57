/* zlib's inflate behind a step that never gives more than it was asked for. An error is told only
 * after the bytes before it, so that a stream means the same however it was cut. */
#define ZLIB_CONST
#include "wire/http/inflater.h"
#include "wire/http/http.h"

#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW_BITS (15 + 16) /* a gzip wrapper and no other */

struct inflater {
    z_stream stream;
    bool fed;     /* some byte came */
    bool ended;   /* at the end of a member */
    bool pending; /* the last step filled all the room it had */
    bool broken;
    uint8_t out[HTTP_PIECE_MAX];
};

enum err inflater_create(struct inflater **ret_inflater)
{
    struct inflater *inflater = calloc(1, sizeof *inflater);
    if (!inflater)
        return ERR_NO_MEMORY;
    if (inflateInit2(&inflater->stream, GZIP_WINDOW_BITS) != Z_OK) {
        free(inflater);
        return ERR_NO_MEMORY;
    }
    *ret_inflater = inflater;
    return OK;
}

void inflater_destroy(struct inflater *inflater)
{
    if (!inflater)
        return;
    (void)inflateEnd(&inflater->stream);
    free(inflater);
}

struct inflater_step inflater_feed(struct inflater *inflater, struct bytes input, size_t most)
{
    struct inflater_step step = {OK, 0, {NULL, 0}};
    z_stream *stream = &inflater->stream;
    if (inflater->broken) {
        step.err = ERR_CORRUPT;
        return step;
    }
    if (inflater->ended && input.size > 0) {
        if (inflateReset(stream) != Z_OK)
            inflater->broken = true;
        inflater->ended = false;
    }
    size_t room = most < sizeof inflater->out ? most : sizeof inflater->out;
    size_t take = input.size < UINT32_MAX ? input.size : UINT32_MAX;
    stream->next_in = input.at;
    stream->avail_in = (uInt)take;
    stream->next_out = inflater->out;
    stream->avail_out = (uInt)room;
    int result = inflater->ended ? Z_OK : inflate(stream, Z_NO_FLUSH);
    step.used = take - stream->avail_in;
    step.body = bytes_of(inflater->out, room - stream->avail_out);
    inflater->fed = inflater->fed || step.used > 0;
    inflater->ended = inflater->ended || result == Z_STREAM_END;
    inflater->pending = !inflater->ended && stream->avail_out == 0;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        inflater->broken = true;
    if (inflater->broken && step.body.size == 0)
        step.err = ERR_CORRUPT;
    return step;
}

bool inflater_is_busy(const struct inflater *inflater)
{
    return inflater->pending || inflater->broken;
}

bool inflater_is_complete(const struct inflater *inflater)
{
    return inflater->ended || !inflater->fed;
}
