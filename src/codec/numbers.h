/* Streams of 64-bit numbers: what times, decimals, bits and dictionary indexes become.
 *
 *   stream = head (1) | start | [divisor] | constant: -, regular: step, blocks: block ...
 *   block  = control (2) | anchor | [slope] | [base] | packed residuals | [patches]
 *
 * All arithmetic is modulo 2^64, so that any numbers can follow each other. */
#pragma once

#include "codec/codec.h"
#include "codec/pack.h"

enum stream_form { STREAM_CONSTANT = 0, STREAM_REGULAR = 1, STREAM_BLOCKS = 2, STREAM_FORMS = 3 };
#define STREAM_HAS_DIVISOR 4
/* How a block's numbers come from its residuals r and the block's own fields. */
enum block_kind {
    BLOCK_REFERENCE = 0, /* x[i] = anchor + r[i] */
    BLOCK_DELTA = 1,     /* x[0] = anchor, x[i] = x[i-1] + base + r[i-1] */
    BLOCK_DELTA2 = 2,    /* x[0] = anchor, first step slope, each step = the last + base + r */
    BLOCK_LINE = 3,      /* x[i] = anchor + (slope * i >> LINE_SHIFT) + r[i] */
};
#define LINE_SHIFT 8
#define PATCHES_MAX 31
/* Bits of a block's control: */
#define BLOCK_WIDTH_BITS 7
#define BLOCK_KIND_BITS 2
#define BLOCK_PATCH_BITS 5

#define STREAM_BYTES_MAX(count) (64 + (size_t)(count)*8 + ((size_t)(count) / CHUNK_BLOCK + 1) * 352)

struct stream_scratch {
    int64_t numbers[CHUNK_ROWS_MAX];
};
/* Writes count numbers, 1..CHUNK_ROWS_MAX, to at (STREAM_BYTES_MAX of room); returns the bytes. */
size_t stream_put(uint8_t *at, const int64_t *numbers, uint32_t count,
                  struct stream_scratch *scratch);
/* Opens the stream of `count` numbers (1 or more) that fills body. */
MUST_USE enum err stream_open(struct bytes body, uint32_t count, struct chunk_stream *ret_stream);
/* Numbers first..first+count-1, within the stream's. */
MUST_USE enum err stream_get(struct chunk_stream *stream, uint32_t first, uint32_t count,
                             int64_t *numbers);
