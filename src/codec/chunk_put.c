/* A chunk from rows: header, times, columns. */
#include <stdlib.h>
#include <string.h>

#include "codec/encoder.h"
#include "codec/header.h"
#include "codec/summary.h"
#include "codec/symbols.h"

#define COLUMN_HEAD_MAX 3

enum err chunk_encoder_create(struct chunk_encoder **ret_encoder)
{
    struct chunk_encoder *encoder = malloc(sizeof *encoder);
    if (!encoder)
        return ERR_NO_MEMORY;
    *ret_encoder = encoder;
    return OK;
}

void chunk_encoder_destroy(struct chunk_encoder *encoder)
{
    free(encoder);
}

size_t chunk_bytes_most(uint32_t rows, uint16_t columns, size_t text_bytes)
{
    size_t stream = STREAM_BYTES_MAX(rows) + PACK_SLACK;
    size_t column = COLUMN_HEAD_MAX + SUMMARY_BYTES_MAX + 2 * SYMBOLS_BYTES_MAX(rows) + 2 * stream +
                    (size_t)rows * 4;
    return HEADER_BYTES_MAX(columns) + stream + columns * column + text_bytes;
}

static size_t texts_size(const struct chunk_column *column, uint32_t rows)
{
    size_t size = 0;
    for (uint32_t i = 0; i < rows && column->type == VALUE_STRING; i++) {
        if (!column->cells || column->cells[i] == CELL_VALUE)
            size += column->texts[i].size;
    }
    return size;
}

static void rows_check(const struct chunk_rows *rows, size_t capacity)
{
    check(rows->rows >= 1 && rows->rows <= CHUNK_ROWS_MAX);
    check(rows->columns_count <= CHUNK_COLUMNS_MAX);
    size_t text_bytes = 0;
    for (uint32_t i = 0; i < rows->columns_count; i++)
        text_bytes += texts_size(&rows->columns[i], rows->rows);
    check(capacity >= chunk_bytes_most(rows->rows, rows->columns_count, text_bytes));
    bool descends = false;
    for (uint32_t i = 1; i < rows->rows; i++)
        descends |= rows->times[i] < rows->times[i - 1];
    check(!descends);
}

/* The words or texts of rows with a value into the encoder; how many. */
static uint32_t values_gather(struct chunk_encoder *encoder, const struct chunk_column *column,
                              uint32_t rows)
{
    bool is_text = column->type == VALUE_STRING;
    uint32_t count = 0;
    if (!column->cells && !is_text) {
        memcpy(encoder->words, column->words, rows * sizeof encoder->words[0]);
        count = rows;
    }
    for (uint32_t row = 0; row < rows && (column->cells || is_text); row++) {
        check(!column->cells || column->cells[row] <= CELL_NONE);
        if (column->cells && column->cells[row] != CELL_VALUE)
            continue;
        if (is_text) {
            check(column->texts[row].size <= STRING_VALUE_MAX);
            encoder->texts[count++] = column->texts[row];
        } else {
            encoder->words[count++] = column->words[row];
        }
    }
    if (column->type == VALUE_FLOAT64)
        check(words_are_finite(encoder->words, count));
    for (uint32_t i = 0; i < count && column->type == VALUE_BOOL; i++)
        check(encoder->words[i] <= 1);
    return count;
}

/* Qualities of rows without a sample are good, whatever the caller's array says. */
static uint8_t *qualities_put(uint8_t *at, const struct chunk_column *column, uint32_t rows)
{
    uint8_t qualities[CHUNK_ROWS_MAX];
    for (uint32_t row = 0; row < rows; row++) {
        bool none = column->cells && column->cells[row] == CELL_NONE;
        qualities[row] = none ? QUALITY_GOOD : column->qualities[row];
    }
    return at + symbols_put(at, qualities, rows);
}

static uint8_t *column_put(struct chunk_encoder *encoder, const struct chunk_rows *rows,
                           const struct chunk_column *column, uint8_t *at)
{
    struct chunk_summary summary;
    struct body body = {.mapping = {MAPPING_INTEGER, 0}};
    check(value_type_name(column->type) != NULL);
    uint32_t count = values_gather(encoder, column, rows->rows);
    chunk_fold(column, rows->times, rows->rows, &summary);
    if (count && column->type != VALUE_STRING)
        body_choose(encoder, column->type, count, &body);
    else if (column->type == VALUE_FLOAT64)
        body.mapping.kind = MAPPING_DECIMAL;
    struct summary_frame frame = {.mapping = body.mapping,
                                  .rows = rows->rows,
                                  .time_first = rows->times[0],
                                  .time_last = rows->times[rows->rows - 1],
                                  .some_missing = count < rows->rows};
    *at++ = (uint8_t)(column->type | (frame.some_missing ? COLUMN_FLAG_MISSING : 0) |
                      (summary.all_good ? 0 : COLUMN_FLAG_NOT_GOOD));
    *at++ = body.mapping.kind | body.flags;
    if (column->type == VALUE_FLOAT64)
        *at++ = body.mapping.parameter;
    at += summary_put(at, &summary, &frame);
    if (frame.some_missing)
        at += symbols_put(at, column->cells, rows->rows);
    if (!summary.all_good)
        at = qualities_put(at, column, rows->rows);
    if (count && column->type == VALUE_STRING)
        return texts_put(encoder, count, at);
    if (count)
        memcpy(at, body.at, body.size);
    return at + body.size;
}

static uint8_t *time_first_put(uint8_t *at, int64_t first)
{
    uint8_t unit = 3;
    while (unit && first % header_units[unit])
        unit--;
    *at++ = unit;
    return at + varint_put(at, zigzag(first / header_units[unit]));
}

/* The stream tells distances from the first time, which the header has. */
static uint8_t *times_put(struct chunk_encoder *encoder, const struct chunk_rows *rows, uint8_t *at)
{
    for (uint32_t i = 0; i < rows->rows; i++)
        encoder->numbers[i] = (int64_t)((uint64_t)rows->times[i] - (uint64_t)rows->times[0]);
    return at + stream_put(at, encoder->numbers, rows->rows, &encoder->scratch);
}

/* The size counts itself: it is written with as many bytes as the whole then needs. */
static uint8_t *size_put(uint8_t *at, size_t others)
{
    size_t digits = 1;
    while (varint_size(others + digits) > digits)
        digits++;
    return at + varint_put(at, others + digits);
}

static size_t header_put(const struct chunk_rows *rows, const uint32_t *sizes, uint8_t *header,
                         size_t body_bytes)
{
    uint8_t fields[HEADER_BYTES_MAX(CHUNK_COLUMNS_MAX)], *at = fields;
    at += varint_put(at, rows->rows - 1);
    at += varint_put(at, rows->columns_count);
    at += varint_put(at, rows->owner);
    at = time_first_put(at, rows->times[0]);
    at += varint_put(at, (uint64_t)rows->times[rows->rows - 1] - (uint64_t)rows->times[0]);
    for (uint32_t i = 0; i <= rows->columns_count; i++)
        at += varint_put(at, sizes[i]);
    size_t fields_size = (size_t)(at - fields);
    store_u16(header, HEADER_MAGIC);
    header[2] = CHUNK_VERSION;
    at = size_put(header + HEADER_FIXED, HEADER_FIXED + fields_size + body_bytes);
    memcpy(at, fields, fields_size);
    return (size_t)(at - header) + fields_size;
}

enum err chunk_encode(struct chunk_encoder *encoder, const struct chunk_rows *rows, uint8_t *at,
                      size_t capacity, size_t *ret_size)
{
    uint32_t sizes[CHUNK_COLUMNS_MAX + 1];
    rows_check(rows, capacity);
    /* The header is known last: the body is written behind the room that it can take at most. */
    uint8_t *body = at + HEADER_BYTES_MAX(rows->columns_count), *end = body;
    end = times_put(encoder, rows, end);
    sizes[0] = (uint32_t)(end - body);
    for (uint32_t i = 0; i < rows->columns_count; i++) {
        uint8_t *begin = end;
        end = column_put(encoder, rows, &rows->columns[i], begin);
        check((size_t)(end - at) <= capacity);
        if ((size_t)(end - body) > CHUNK_BYTES_MAX)
            return ERR_LIMIT;
        sizes[i + 1] = (uint32_t)(end - begin);
    }
    uint8_t header[HEADER_BYTES_MAX(CHUNK_COLUMNS_MAX)];
    size_t body_bytes = (size_t)(end - body), head = header_put(rows, sizes, header, body_bytes);
    if (head + body_bytes > CHUNK_BYTES_MAX)
        return ERR_LIMIT;
    memmove(at + head, body, body_bytes);
    memcpy(at, header, head);
    store_u32(at + 3, header_crc(bytes_of(at, head + body_bytes)));
    *ret_size = head + body_bytes;
    return OK;
}

uint64_t chunk_word(const struct value *value)
{
    check(value->present && value->type != VALUE_STRING);
    if (value->type != VALUE_FLOAT64)
        return (uint64_t)value->number;
    uint64_t word;
    double real = value_real(value);
    memcpy(&word, &real, sizeof word);
    return word;
}
