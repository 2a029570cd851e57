/* codec: the columns of the history store, packed. A chunk holds some rows of one device: a time
 * column that all points share, and one column per point. Pure functions over memory: no I/O, no
 * clock, no lock; the only allocation is that of chunk_encoder_create. docs/format/chunk.md has the
 * bytes.
 *
 *   chunk  = header, CRC32C, sizes | time stream | column | column ...
 *   column = type, mapping | summary | cells | qualities | exceptions | dictionary | number stream
 *   stream = constant, or regular, or blocks of 128 numbers
 *   block  = the cheapest of {reference, delta, delta of delta, line}, bit-packed, patched
 *
 * A float64 is kept as a decimal (number / 10^exponent), as the float32 nearest to a decimal (what
 * Modbus, OPC UA and Sparkplug devices send), or by its bits; what does not fit its column's form
 * stands aside as an exception. Numbers that come again are kept once, in a dictionary; a value
 * that is held over several rows is kept once with its length. The encoder compares what each would
 * take; nothing is chosen by the caller.
 *
 * Guarantees
 *   - decode(encode(x)) is x, bit for bit: every finite double, -0.0 and subnormals among them,
 *     every int64, every string, cell, quality and time.
 *   - Any bytes are safe to decode: ERR_CORRUPT (or ERR_NEWER) and no read outside them, no loop
 *     that is not bounded by CHUNK_ROWS_MAX, no abort. A decoded float64 is never NaN or infinite.
 *   - The same input gives the same bytes on every machine.
 *   - Distinct encoders, chunks and readers may be used by distinct threads.
 *
 * Costs, one core (bench/codec_bench.c prints this machine's): encode 20-90 ns a value, decode 1-4
 * ns; summaries and openings take no time by row, but for the CRC32C (0.15 ns a byte), and for what
 * is not all present and all good. Reading some rows decodes the blocks of 128 they lie in and
 * steps over those before.
 *
 * What it does not know: points, paths, files. An arrival time beside the source time is an int64
 * column of differences like any other; it costs little. */
#pragma once

#include "format/format.h"

#define CHUNK_VERSION 1
#define CHUNK_ROWS_MAX 8192
#define CHUNK_COLUMNS_MAX (COLUMNS_MAX + 1) /* points of a row, and how late they came */
#define CHUNK_BYTES_MAX ((size_t)64 << 20)
#define CHUNK_BLOCK 128 /* values that are decoded together */

/* What a row has of a column. */
enum cell {
    CELL_VALUE = 0,    /* a sample with its value */
    CELL_NO_VALUE = 1, /* a sample without: it has a time and a quality */
    CELL_NONE = 2,     /* no sample of this point at this time */
};

/* ---- words: a value of any type in 64 bits
 * -------------------------------------------------------- float64: its IEEE 754 bits, so that an
 * array of words may be read as doubles. int64: itself. bool: 0 or 1. string: given beside as
 * texts; decoded words are handles for chunk_column_text. */
uint64_t chunk_word(const struct value *value); /* present, no string */
/* The value of a word that is no string's; quality good. */
struct value chunk_value(uint8_t type, uint64_t word);

/* ---- summary: what can be known of a column without decoding it
 * ----------------------------------- The sum of float64: added in row order with Neumaier's
 * correction, so that it is within two units in the last place of the exact sum unless that
 * cancels; infinite when it overflows. Of int64: the exact sum, rounded once. Of bool: how many are
 * true. Strings have counts and times alone. */
struct chunk_summary {
    uint8_t type;
    bool all_good;             /* no sample has a quality other than good */
    uint32_t samples;          /* rows that have a sample */
    uint32_t count;            /* of these, with a value; when 0 all that follows is 0 */
    double sum;                /* strings: 0 */
    uint64_t min, max;         /* words; by value, the first row's of equals. Strings: 0 */
    uint64_t first, last;      /* words of the first and last value in row order. Strings: 0 */
    int64_t first_ns, last_ns; /* times of these */
    uint32_t min_row, max_row; /* rows of min and max: chunk_times tells when. Strings: 0 */
};

/* ---- encode ------------------------------------------------------------------------------------
 */
struct chunk_column {
    uint8_t type;              /* enum value_type */
    const uint64_t *words;     /* by row; those of rows without a value are not looked at */
    const struct bytes *texts; /* strings, instead of words: by row, <= STRING_VALUE_MAX each */
    const uint8_t *cells;      /* enum cell by row; NULL: CELL_VALUE everywhere */
    const uint8_t *qualities;  /* by row; NULL: good everywhere; of CELL_NONE: not looked at */
};
struct chunk_rows {
    uint64_t owner;         /* a number of the caller's, given back by chunk_open: the device row */
    uint32_t rows;          /* 1..CHUNK_ROWS_MAX */
    uint16_t columns_count; /* 0..CHUNK_COLUMNS_MAX */
    const int64_t *times;   /* by row, never descending; any 64-bit number */
    const struct chunk_column *columns;
};
/* What chunk_fold says of these rows is what the chunk's summary will say. */
void chunk_fold(const struct chunk_column *column, const int64_t *times, uint32_t rows,
                struct chunk_summary *ret_summary);
/* The encoder's room to work in: about 1.2 MiB, used again for each chunk. */
struct chunk_encoder;
MUST_USE enum err chunk_encoder_create(struct chunk_encoder **ret_encoder);
void chunk_encoder_destroy(struct chunk_encoder *encoder);
/* Bytes that a chunk cannot exceed; text_bytes: of all strings together. */
size_t chunk_bytes_most(uint32_t rows, uint16_t columns, size_t text_bytes);
/* Writes a chunk to at; capacity is at least chunk_bytes_most. ERR_LIMIT when the chunk would take
 * more than CHUNK_BYTES_MAX (only strings can): give fewer rows. Checks (aborts) what a caller must
 * not get wrong: counts, order of times, types, no NaN and no infinity. */
MUST_USE enum err chunk_encode(struct chunk_encoder *encoder, const struct chunk_rows *rows,
                               uint8_t *at, size_t capacity, size_t *ret_size);

/* ---- decode ------------------------------------------------------------------------------------
 */
enum chunk_trust {
    CHUNK_VERIFY = 0,  /* compute the CRC32C */
    CHUNK_TRUSTED = 1, /* it was computed since these bytes were read from the disk */
};
struct chunk { /* a view: the bytes must outlive it */
    struct bytes bytes;
    uint64_t owner;
    uint32_t rows;
    uint16_t columns;
    int64_t time_first, time_last;
    uint32_t time_at; /* offset of the time stream */
    uint32_t column_at[CHUNK_COLUMNS_MAX + 1];
};
/* Bytes of the whole chunk as its header at the start of b claims, unchecked; VARINT_MAX + 7 bytes
 * are enough to tell. 0: no chunk stands here. */
size_t chunk_bytes_claimed(struct bytes b);
/* The chunk at the start of b, which may go on behind it. ERR_CORRUPT; ERR_NEWER: its version is
 * not known here. O(columns), and the CRC32C. */
MUST_USE enum err chunk_open(struct bytes b, enum chunk_trust trust, struct chunk *ret_chunk);
/* Times of rows first..first+count-1 (within chunk->rows, checked). */
MUST_USE enum err chunk_times(const struct chunk *chunk, uint32_t first, uint32_t count,
                              int64_t *times);
/* The rows with from <= time < to; *ret_count 0 when there is none. Decodes times up to `to`. */
MUST_USE enum err chunk_find(const struct chunk *chunk, int64_t from, int64_t to,
                             uint32_t *ret_first, uint32_t *ret_count);
/* column < chunk->columns, checked. O(1). */
MUST_USE enum err chunk_summary_get(const struct chunk *chunk, uint16_t column,
                                    struct chunk_summary *ret_summary);

struct chunk_stream { /* where a reader stands in a stream of numbers */
    struct bytes body;
    uint64_t start, step, divisor;
    uint32_t count;  /* numbers in all */
    uint32_t next;   /* first number of the block at offset */
    uint64_t anchor; /* of the block before */
    size_t offset;
    uint8_t form;
};
/* About 100 KiB, the caller's; used again for each column. It needs no end. */
struct chunk_column_reader {
    struct bytes bytes; /* of the column */
    struct chunk_summary summary;
    uint32_t rows;
    uint8_t mapping, parameter;
    bool some_missing, some_not_good;
    size_t exceptions_at; /* their positions; 0: none */
    size_t exception_words_at;
    uint32_t exceptions;
    uint32_t dictionary_size; /* 0: none */
    uint32_t stored;          /* values that are told: less than summary.count when held */
    struct chunk_stream stream;
    uint8_t cells[CHUNK_ROWS_MAX];       /* filled when some_missing */
    uint8_t qualities[CHUNK_ROWS_MAX];   /* filled when some_not_good */
    uint16_t run_ends[CHUNK_ROWS_MAX];   /* of held values: the value behind each run */
    uint64_t dictionary[CHUNK_ROWS_MAX]; /* words; strings: offset << 32 | size */
};
MUST_USE enum err chunk_column_open(const struct chunk *chunk, uint16_t column,
                                    struct chunk_column_reader *reader);
/* Rows first..first+count-1 (within the chunk's, checked): words[count], 0 where there is no value;
 * cells and qualities may be NULL. Ascending reads go on where the last one ended; any order is
 * right. ERR_CORRUPT: what was written to words means nothing. */
MUST_USE enum err chunk_column_read(struct chunk_column_reader *reader, uint32_t first,
                                    uint32_t count, uint64_t *words, uint8_t *cells,
                                    uint8_t *qualities);
/* The text behind a word of a string column; a view into the chunk. Empty for a word that was not
 * read from this reader. */
struct bytes chunk_column_text(const struct chunk_column_reader *reader, uint64_t word);
