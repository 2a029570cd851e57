/* Reads the samples of a segment with nothing but the segment: rows are learned from the schemas of
 * their first key frames. A hash table by row id holds the contexts; it lives on the heap and grows
 * with the rows the segment names, up to COLUMNS_TOTAL_MAX columns (512 MiB of contexts). */
#include "format/format.h"

#include <stdlib.h>
#include <string.h>

#define COUNTER_RECORDS 2048 /* so many lost records of a row and its counter is back */
#define SLOTS_INITIAL 1024
#define COLUMNS_TOTAL_MAX ((size_t)32 << 20)

struct decoder_row {
    struct row_shape shape; /* count 0: an empty slot */
    struct row_context context;
    struct column_context *columns;
};
struct segment_decoder {
    uint32_t generation;
    uint64_t lost; /* records of holes since the last one that broke all rows */
    struct decoder_row *slots;
    size_t capacity; /* a power of two; at most half of the slots are taken */
    size_t used;
    size_t columns_total;
    struct sample_storage storage;
};

enum err segment_decoder_create(uint32_t generation, struct segment_decoder **ret_decoder)
{
    check(generation != 0);
    struct segment_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return ERR_NO_MEMORY;
    decoder->generation = generation;
    decoder->slots = calloc(SLOTS_INITIAL, sizeof *decoder->slots);
    if (!decoder->slots) {
        free(decoder);
        return ERR_NO_MEMORY;
    }
    decoder->capacity = SLOTS_INITIAL;
    *ret_decoder = decoder;
    return OK;
}

void segment_decoder_destroy(struct segment_decoder *decoder)
{
    if (!decoder)
        return;
    for (size_t i = 0; i < decoder->capacity; i++)
        free(decoder->slots[i].columns);
    free(decoder->slots);
    free(decoder);
}

/* The row's slot, or the empty one where it would be. */
static struct decoder_row *decoder_slot(struct decoder_row *slots, size_t capacity, uint32_t row)
{
    uint64_t hash = (row + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(hash >> 32) & (capacity - 1);
    while (slots[at].shape.count != 0 && slots[at].shape.row != row)
        at = (at + 1) & (capacity - 1);
    return &slots[at];
}

static enum err decoder_grow(struct segment_decoder *decoder)
{
    size_t capacity = decoder->capacity * 2;
    struct decoder_row *slots = calloc(capacity, sizeof *slots);
    if (!slots)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < decoder->capacity; i++) {
        const struct decoder_row *row = &decoder->slots[i];
        if (row->shape.count != 0)
            *decoder_slot(slots, capacity, row->shape.row) = *row;
    }
    free(decoder->slots);
    decoder->slots = slots;
    decoder->capacity = capacity;
    return OK;
}

static enum err decoder_learn(struct segment_decoder *decoder, const struct row_shape *shape)
{
    if (decoder->columns_total + shape->count > COLUMNS_TOTAL_MAX)
        return ERR_LIMIT;
    if (decoder->used * 2 >= decoder->capacity) {
        enum err err = decoder_grow(decoder);
        if (err != OK)
            return err;
    }
    struct column_context *columns = calloc(shape->count, sizeof *columns);
    if (!columns)
        return ERR_NO_MEMORY;
    struct decoder_row *row = decoder_slot(decoder->slots, decoder->capacity, shape->row);
    *row = (struct decoder_row){.shape = *shape, .columns = columns};
    decoder->used++;
    decoder->columns_total += shape->count;
    return OK;
}

void segment_decoder_hole(struct segment_decoder *decoder, uint64_t records)
{
    uint64_t most = UINT64_MAX - decoder->lost;
    decoder->lost += records < most ? records : most;
    if (decoder->lost < COUNTER_RECORDS)
        return;
    /* All that is lost may have been one row's: no counter proves anything any more. */
    decoder->lost = 0;
    for (size_t i = 0; i < decoder->capacity; i++)
        decoder->slots[i].context.broken = true;
}

static enum err decoder_record(struct segment_decoder *decoder, struct samples_reader *reader,
                               uint32_t row_id, segment_each *each, void *arg)
{
    struct row_shape shape = {.row = row_id};
    uint8_t types[COLUMNS_MAX];
    struct decoder_row *row = decoder_slot(decoder->slots, decoder->capacity, row_id);
    if (row->shape.count == 0 && samples_peek_schema(reader, &shape, types) == OK) {
        enum err err = decoder_learn(decoder, &shape);
        if (err != OK)
            return err;
        row = decoder_slot(decoder->slots, decoder->capacity, row_id);
    }
    if (row->shape.count != 0)
        shape = row->shape;
    struct sample_row sample;
    enum err err =
        samples_read(reader, &shape, &row->context, row->columns, &decoder->storage, &sample);
    if (err == OK)
        each(arg, &shape, &sample);
    return err;
}

static enum err decoder_run(struct segment_decoder *decoder, struct samples_reader *reader,
                            uint32_t records, segment_each *each, void *arg)
{
    uint32_t row;
    enum err err;
    while ((err = samples_peek(reader, &row)) == OK) {
        if (records-- == 0)
            return ERR_CORRUPT;
        err = decoder_record(decoder, reader, row, each, arg);
        if (err != OK)
            return err;
    }
    if (err != ERR_MISSING)
        return err;
    return records == 0 ? OK : ERR_CORRUPT;
}

enum err segment_decoder_batch(struct segment_decoder *decoder, const struct batch_header *header,
                               struct bytes body, segment_each *each, void *arg)
{
    size_t offset = 0;
    uint32_t ordinal = 0;
    for (;;) {
        enum lane lane;
        uint32_t records, run_ordinal;
        struct samples_reader reader = {
            .generation = decoder->generation, .ordinal = ordinal, .wall_ns = header->wall_ns};
        enum err err = batch_next_run(body, &offset, &lane, &records, &run_ordinal, &reader.run);
        if (err == ERR_MISSING)
            return OK;
        if (err == OK && lane == LANE_SAMPLES)
            err = decoder_run(decoder, &reader, records, each, arg);
        if (err != OK)
            return err;
        ordinal = reader.ordinal;
    }
}
