/* Any bytes, as a chunk whose sum is forgiven, and as the values of a column that must come back.
 *
 * The first byte chooses: even, the rest is a chunk; odd, a column: type and density in the first
 * byte's upper bits, then eight bytes a value. */
#include "codec/codec.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define ROWS 1024
static struct chunk_column_reader reader;
static uint64_t words[CHUNK_ROWS_MAX], back[CHUNK_ROWS_MAX];
static int64_t times[CHUNK_ROWS_MAX];
static uint8_t cells[CHUNK_ROWS_MAX], qualities[CHUNK_ROWS_MAX];

static void read_chunk(struct bytes b)
{
    struct chunk chunk;
    struct chunk_summary summary;
    uint32_t first, count;
    if (chunk_open(b, CHUNK_TRUSTED, &chunk) != OK)
        return;
    check(chunk.rows >= 1 && chunk.rows <= CHUNK_ROWS_MAX && chunk.bytes.size <= b.size);
    if (chunk_times(&chunk, 0, chunk.rows, times) == OK)
        check(times[0] >= chunk.time_first && times[chunk.rows - 1] <= chunk.time_last);
    if (chunk_find(&chunk, chunk.time_first + 1, chunk.time_last, &first, &count) == OK)
        check(count == 0 || (first < chunk.rows && count <= chunk.rows - first));
    for (uint16_t c = 0; c < chunk.columns; c++) {
        bool summed = chunk_summary_get(&chunk, c, &summary) == OK;
        if (chunk_column_open(&chunk, c, &reader) != OK)
            continue;
        check(summed && summary.count <= summary.samples && summary.samples <= chunk.rows);
        if (chunk_column_read(&reader, 0, chunk.rows, words, cells, qualities) != OK)
            continue;
        for (uint32_t i = 0; i < chunk.rows && summary.type == VALUE_STRING; i++) {
            struct bytes text = chunk_column_text(&reader, words[i]);
            check(text.size <= STRING_VALUE_MAX);
            check(!text.size || (text.at >= b.at && text.at + text.size <= b.at + b.size));
        }
        /* A part is what the whole says. */
        uint32_t middle = chunk.rows / 2;
        check(chunk_column_read(&reader, middle, chunk.rows - middle, back, NULL, NULL) == OK);
        check(!memcmp(words + middle, back, (chunk.rows - middle) * sizeof words[0]));
    }
}

static void columns_write(uint8_t choice, struct bytes b)
{
    static struct chunk_encoder *encoder;
    static struct chunk_summary folded, told;
    static uint8_t *bytes;
    size_t capacity = chunk_bytes_most(ROWS, 1, 0), written;
    uint32_t rows = (uint32_t)(b.size / 8 < ROWS ? b.size / 8 : ROWS);
    if (!encoder) {
        check(chunk_encoder_create(&encoder) == OK);
        bytes = malloc(capacity);
        check(bytes);
    }
    struct chunk_column column = {.words = words, .cells = cells, .qualities = qualities};
    column.type = (uint8_t)(VALUE_FLOAT64 + (choice >> 1) % 3);
    for (uint32_t i = 0; i < rows; i++) {
        uint64_t word = load_u64(b.at + (size_t)i * 8);
        bool finite = (word >> 52 & 0x7ff) != 0x7ff;
        words[i] = column.type == VALUE_BOOL ? word & 1 : word;
        cells[i] = (uint8_t)(column.type == VALUE_FLOAT64 && !finite ? 1 + (word & 1) : CELL_VALUE);
        qualities[i] = choice & 0x80 ? (uint8_t)(word >> 16) : QUALITY_GOOD;
        times[i] = (int64_t)i * (choice & 0x40 ? 1000 + (int64_t)(word & 7) : 1000);
        if (i && times[i] < times[i - 1])
            times[i] = times[i - 1];
    }
    struct chunk_rows all = {.rows = rows, .columns_count = 1, .times = times, .columns = &column};
    struct chunk chunk;
    if (rows == 0)
        return;
    check(chunk_encode(encoder, &all, bytes, capacity, &written) == OK);
    check(chunk_open(bytes_of(bytes, written), CHUNK_VERIFY, &chunk) == OK);
    check(chunk_column_open(&chunk, 0, &reader) == OK);
    check(chunk_column_read(&reader, 0, rows, back, NULL, NULL) == OK);
    for (uint32_t i = 0; i < rows; i++)
        check(back[i] == (cells[i] == CELL_VALUE ? words[i] : 0));
    chunk_fold(&column, times, rows, &folded);
    check(chunk_summary_get(&chunk, 0, &told) == OK);
    check(told.count == folded.count && told.min == folded.min && told.max == folded.max);
    check(!memcmp(&told.sum, &folded.sum, sizeof told.sum));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes rest = bytes_of(at + 1, size - 1);
    if (at[0] & 1)
        columns_write(at[0], rest);
    else
        read_chunk(rest);
    return 0;
}
