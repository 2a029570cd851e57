/* The encoder's room to work in, and its two halves: the columns, and what is around them. */
#pragma once

#include "codec/codec.h"
#include "codec/mapping.h"
#include "codec/numbers.h"

#define EXCEPTIONS_MOST(count) ((count) / 6) /* more do not stand aside: the form does not fit */
#define SLOTS (2 * CHUNK_ROWS_MAX)           /* of the hash table of distinct values */
#define COLUMN_FLAG_MISSING 0x08             /* in a column's first byte, beside its type */
#define COLUMN_FLAG_NOT_GOOD 0x10
#define COLUMN_TYPE_MASK 0x07
#define COLUMN_FLAG_EXCEPTIONS 0x04 /* in its second, beside the mapping */
#define COLUMN_FLAG_DICTIONARY 0x08
#define COLUMN_FLAG_HELD 0x10
#define COLUMN_MAPPING_MASK 0x03
#define BODY_BYTES_MAX (2 * STREAM_BYTES_MAX(CHUNK_ROWS_MAX) + 64)

/* One way to write a column's values. */
struct body {
    struct mapping mapping;
    uint8_t flags; /* COLUMN_FLAG_EXCEPTIONS, _DICTIONARY, _HELD */
    size_t size;
    uint8_t *at; /* BODY_BYTES_MAX, in the encoder */
};

struct chunk_encoder {
    uint64_t words[CHUNK_ROWS_MAX]; /* of the column, those present */
    struct bytes texts[CHUNK_ROWS_MAX];
    int64_t numbers[CHUNK_ROWS_MAX];
    int64_t distinct[CHUNK_ROWS_MAX];
    uint32_t first_seen[CHUNK_ROWS_MAX]; /* texts: where the distinct one stands */
    uint16_t exceptions[CHUNK_ROWS_MAX];
    uint16_t slots[SLOTS]; /* distinct + 1; 0: free */
    struct stream_scratch scratch;
    uint8_t bytes[2][BODY_BYTES_MAX];
    uint8_t kept[BODY_BYTES_MAX]; /* of values that are not held */
    uint8_t held[BODY_BYTES_MAX];
};

/* The smallest body for count words (1 or more) of the type, no strings; encoder->words may change.
 */
void body_choose(struct chunk_encoder *encoder, uint8_t type, uint32_t count,
                 struct body *ret_body);
/* Writes the body of count texts to at; returns its end. */
uint8_t *texts_put(struct chunk_encoder *encoder, uint32_t count, uint8_t *at);
