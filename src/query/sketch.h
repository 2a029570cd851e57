/* sketch: the samples of a range as a line on a screen needs them, from one pass, in memory that
 * depends on the width alone.
 *
 * M4 (Jugel and others, VLDB 2014): of each pixel column the first, the last, the least and the
 * greatest sample, so that the line drawn through them is, pixel by pixel, that through all. A
 * sample without a value is a gap of the line: it is kept where it is the first or last of a
 * column.
 *
 * LTTB (Steinarsson 2013): as many samples as pixels, each the one that makes the largest triangle
 * with its neighbours. Of more than SKETCH_SPARE times the width, M4 of SKETCH_SPARE columns a
 * pixel goes before (as MinMaxLTTB, Van Der Donckt and others, 2023). What is not a value is left
 * out.
 *
 * Few samples are kept as they are: then `exact` holds. Strings: the first and last of each
 * column. */
#pragma once

#include "query/purse.h"
#include "query/query.h"

#define SKETCH_SPARE 4

struct sketch_sample {
    int64_t time_ns;
    uint64_t word; /* strings: size << 32 | offset in texts */
    uint8_t quality;
    bool valued;
};
struct sketch {
    uint8_t type;
    enum query_method method;
    int64_t from_ns, to_ns;
    uint32_t width, columns; /* columns: that the pass tells apart */
    struct purse *purse;
    uint64_t samples; /* fed */
    bool exact;       /* all of them are kept */
    bool rolled;      /* the feeder's: some stand for others that are gone */
    struct sketch_sample *kept;
    size_t kept_size, kept_capacity;
    uint8_t *texts;
    size_t texts_size, texts_capacity;
    struct {                   /* the column under way */
        int64_t index, end_ns; /* index -1: none */
        struct sketch_sample first, last, least, greatest;
        bool valued;                     /* least and greatest are known */
        uint8_t *first_text, *last_text; /* STRING_VALUE_MAX each */
    } column;
};
/* False: the purse is empty. */
MUST_USE bool sketch_begin(struct sketch *sketch, struct purse *purse, enum query_method method,
                           uint8_t type, uint32_t width, int64_t from_ns, int64_t to_ns);
/* The next sample, later than those before. text: of strings. */
MUST_USE bool sketch_feed(struct sketch *sketch, const struct sketch_sample *sample,
                          struct bytes text);
/* The next samples, all good values, no strings. */
MUST_USE bool sketch_feed_good(struct sketch *sketch, const int64_t *times, const uint64_t *words,
                               uint32_t count);
/* After the last: kept[0..kept_size) is the answer. */
MUST_USE bool sketch_end(struct sketch *sketch);
void sketch_done(struct sketch *sketch);
static inline struct bytes sketch_text(const struct sketch *sketch,
                                       const struct sketch_sample *sample)
{
    return bytes_of(sketch->texts + (sample->word & UINT32_MAX), sample->word >> 32);
}
