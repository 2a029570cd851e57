/* The bytes of a summary: numbers of the column's mapping where they are such, words where not. */
#pragma once

#include "codec/codec.h"
#include "codec/mapping.h"

#define SUMMARY_BYTES_MAX 100

struct summary_frame { /* what the chunk and the column's head know already */
    struct mapping mapping;
    uint32_t rows;
    int64_t time_first, time_last;
    bool some_missing;
};
size_t summary_put(uint8_t *at, const struct chunk_summary *summary,
                   const struct summary_frame *frame);
/* type and all_good of *summary are set by the caller. */
MUST_USE bool summary_get(struct bytes body, size_t *offset, const struct summary_frame *frame,
                          struct chunk_summary *summary);
