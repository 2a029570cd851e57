/* Numbers back out of a stream. A block says at its begin how long it is, so that blocks before the
 * wanted ones are stepped over by their heads. */
#include "codec/numbers.h"

#include <string.h>

struct block {
    unsigned width, kind, patches;
    uint64_t anchor, slope, base;
    uint32_t residuals;
    size_t packed_at, patches_at, end; /* offsets in the stream's body */
    unsigned high_width;
};

static uint32_t block_count(const struct chunk_stream *stream)
{
    uint32_t left = stream->count - stream->next;
    return left < CHUNK_BLOCK ? left : CHUNK_BLOCK;
}

MUST_USE static bool field_get(struct bytes body, size_t *offset, uint64_t *ret_number)
{
    uint64_t number;
    if (!varint_get(body, offset, &number))
        return false;
    *ret_number = (uint64_t)unzigzag(number);
    return true;
}

/* The head of the block at the stream's offset; false when it is none or does not end in time. */
MUST_USE static bool block_open(const struct chunk_stream *stream, struct block *ret_block)
{
    struct bytes body = stream->body;
    size_t at = stream->offset;
    if (body.size - at < 2)
        return false;
    unsigned control = load_u16(body.at + at);
    struct block block = {.width = control & ((1u << BLOCK_WIDTH_BITS) - 1)};
    block.kind = control >> BLOCK_WIDTH_BITS & ((1u << BLOCK_KIND_BITS) - 1);
    block.patches = control >> (BLOCK_WIDTH_BITS + BLOCK_KIND_BITS);
    at += 2;
    uint32_t count = block_count(stream);
    uint32_t skipped = block.kind == BLOCK_DELTA ? 1 : block.kind == BLOCK_DELTA2 ? 2 : 0;
    if (block.width > PACK_WIDTH_MAX || block.patches > PATCHES_MAX || count < skipped)
        return false;
    block.residuals = count - skipped;
    if (!field_get(body, &at, &block.anchor))
        return false;
    block.anchor += stream->anchor;
    if (block.kind >= BLOCK_DELTA2 && !field_get(body, &at, &block.slope))
        return false;
    if (skipped && !field_get(body, &at, &block.base))
        return false;
    block.packed_at = at;
    size_t packed = pack_size(block.residuals, block.width);
    if (body.size - at < packed)
        return false;
    at += packed;
    block.patches_at = at;
    if (block.patches) {
        if (body.size - at < 1 + (size_t)block.patches || block.width == PACK_WIDTH_MAX)
            return false;
        block.high_width = body.at[at];
        at += 1 + block.patches;
        if (block.high_width > PACK_WIDTH_MAX ||
            body.size - at < pack_size(block.patches, block.high_width))
            return false;
        at += pack_size(block.patches, block.high_width);
    }
    block.end = at;
    *ret_block = block;
    return true;
}

/* pack_get where the bytes behind may not be ours to read. numbers: rounded up to eight. */
static void unpack_safely(struct bytes body, size_t at, uint32_t count, unsigned width,
                          uint64_t *numbers)
{
    size_t size = pack_size(count, width);
    if (LIKELY(body.size - at >= size + PACK_SLACK)) {
        pack_get(body.at + at, count, width, numbers);
        return;
    }
    uint8_t copy[CHUNK_BLOCK * 8 + PACK_SLACK];
    memcpy(copy, body.at + at, size);
    memset(copy + size, 0, PACK_SLACK);
    pack_get(copy, count, width, numbers);
}

MUST_USE static bool patches_apply(struct bytes body, const struct block *block,
                                   uint64_t *residuals)
{
    uint64_t highs[PATCHES_MAX + 8];
    const uint8_t *positions = body.at + block->patches_at + 1;
    unpack_safely(body, block->patches_at + 1 + block->patches, block->patches, block->high_width,
                  highs);
    for (uint32_t i = 0; i < block->patches; i++) {
        if (positions[i] >= block->residuals)
            return false;
        residuals[positions[i]] += (uint64_t)unzigzag(highs[i]) << block->width;
    }
    return true;
}

/* Running sums of residuals, each with base added, from first on: out[0] = first. In two steps of
 * four so that not every sum waits for the one before. */
static void sums_run(const uint64_t *residuals, uint32_t count, uint64_t first, uint64_t base,
                     uint64_t *out)
{
    uint64_t sum = first;
    out[0] = sum;
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        uint64_t a = residuals[i] + base, b = residuals[i + 1] + base;
        uint64_t c = residuals[i + 2] + base, d = residuals[i + 3] + base;
        uint64_t two = a + b, three = two + c;
        out[i + 1] = sum + a;
        out[i + 2] = sum + two;
        out[i + 3] = sum + three;
        sum += three + d;
        out[i + 4] = sum;
    }
    for (; i < count; i++) {
        sum += residuals[i] + base;
        out[i + 1] = sum;
    }
}

static void block_finish(const struct block *block, const uint64_t *residuals, uint32_t count,
                         uint64_t *out)
{
    uint64_t steps[CHUNK_BLOCK];
    switch ((enum block_kind)block->kind) {
    case BLOCK_REFERENCE:
        for (uint32_t i = 0; i < count; i++)
            out[i] = block->anchor + residuals[i];
        break;
    case BLOCK_DELTA:
        sums_run(residuals, count - 1, block->anchor, block->base, out);
        break;
    case BLOCK_DELTA2:
        sums_run(residuals, count - 2, block->slope, block->base, steps);
        sums_run(steps, count - 1, block->anchor, 0, out);
        break;
    case BLOCK_LINE: {
        for (uint32_t i = 0; i < count; i++)
            out[i] = block->anchor + residuals[i] +
                     (uint64_t)((int64_t)(block->slope * i) >> LINE_SHIFT);
        break;
    }
    }
}

MUST_USE static bool block_decode(const struct chunk_stream *stream, const struct block *block,
                                  uint64_t *out)
{
    uint64_t residuals[CHUNK_BLOCK + 8];
    unpack_safely(stream->body, block->packed_at, block->residuals, block->width, residuals);
    if (block->patches && !patches_apply(stream->body, block, residuals))
        return false;
    uint32_t count = block_count(stream);
    block_finish(block, residuals, count, out);
    for (uint32_t i = 0; stream->divisor > 1 && i < count; i++)
        out[i] *= stream->divisor;
    for (uint32_t i = 0; i < count; i++)
        out[i] += stream->start;
    return true;
}

static void stream_rewind(struct chunk_stream *stream)
{
    stream->next = 0;
    stream->anchor = 0;
    stream->offset = 0;
}

enum err stream_open(struct bytes body, uint32_t count, struct chunk_stream *ret_stream)
{
    struct chunk_stream stream = {.count = count, .divisor = 1};
    size_t at = 1;
    if (body.size < 1 || count == 0)
        return ERR_CORRUPT;
    stream.form = body.at[0] & 3;
    bool has_divisor = body.at[0] & STREAM_HAS_DIVISOR;
    if (stream.form >= STREAM_FORMS || body.at[0] > (STREAM_FORMS - 1) + STREAM_HAS_DIVISOR ||
        (has_divisor && stream.form != STREAM_BLOCKS) || !field_get(body, &at, &stream.start))
        return ERR_CORRUPT;
    if (stream.form == STREAM_REGULAR && !field_get(body, &at, &stream.step))
        return ERR_CORRUPT;
    if (has_divisor && !varint_get(body, &at, &stream.divisor))
        return ERR_CORRUPT;
    if (stream.form != STREAM_BLOCKS && at != body.size)
        return ERR_CORRUPT;
    stream.body = bytes_of(body.at + at, body.size - at);
    *ret_stream = stream;
    return OK;
}

/* Steps over the block at the offset. */
static void stream_step(struct chunk_stream *stream, const struct block *block)
{
    stream->next += block_count(stream);
    stream->anchor = block->anchor;
    stream->offset = block->end;
}

enum err stream_get(struct chunk_stream *stream, uint32_t first, uint32_t count, int64_t *numbers)
{
    check(first <= stream->count && count <= stream->count - first);
    if (stream->form != STREAM_BLOCKS) {
        for (uint32_t i = 0; i < count; i++)
            numbers[i] = (int64_t)(stream->start + stream->step * (first + i));
        return OK;
    }
    if (first < stream->next)
        stream_rewind(stream);
    uint32_t end = first + count;
    while (first < end) {
        struct block block;
        if (!block_open(stream, &block))
            return ERR_CORRUPT;
        uint32_t block_end = stream->next + block_count(stream);
        if (block_end > first) {
            uint64_t whole[CHUNK_BLOCK];
            uint32_t skip = first - stream->next;
            uint32_t take = (block_end < end ? block_end : end) - first;
            bool direct = skip == 0 && take == block_end - stream->next;
            uint64_t *out = direct ? (uint64_t *)numbers : whole;
            if (!block_decode(stream, &block, out))
                return ERR_CORRUPT;
            if (!direct)
                memcpy(numbers, whole + skip, take * sizeof *numbers);
            numbers += take;
            first += take;
            if (block_end > end) /* the rest of this block may be asked for next */
                break;
        }
        stream_step(stream, &block);
    }
    return OK;
}
