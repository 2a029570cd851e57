/* Rows in, encoded chunks into a part out. Rows are gathered until a chunk is full; where times
 * leap (late data beside fresh) the chunk is cut, so that its first and last time say where it is.
 */
#include "history/room.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_CELLS_WANTED 131072 /* of wide rows chunks are shorter */
#define CHUNK_ROWS_LEAST 256
#define LEAP_NS (6 * 3600 * NS_PER_S)
#define LEAP_ROWS 64 /* no chunk shorter than this for a leap */

enum err chunks_init(struct chunks *chunks, struct part_writer *writer)
{
    *chunks = (struct chunks){.writer = writer};
    return chunk_encoder_create(&chunks->encoder);
}

void chunks_done(struct chunks *chunks)
{
    chunk_encoder_destroy(chunks->encoder);
    rows_done(&chunks->rows);
    free(chunks->at);
    *chunks = (struct chunks){0};
}

enum err chunks_begin(struct chunks *chunks, uint32_t owner, const uint8_t *types, uint16_t columns,
                      uint16_t value_columns)
{
    chunks->owner = owner;
    chunks->columns = columns;
    chunks->value_columns = value_columns;
    memcpy(chunks->types, types, columns);
    uint32_t wanted = columns > 0 ? CHUNK_CELLS_WANTED / columns : CHUNK_ROWS_WANTED;
    wanted = wanted < CHUNK_ROWS_LEAST ? CHUNK_ROWS_LEAST : wanted;
    chunks->wanted = wanted > CHUNK_ROWS_WANTED ? CHUNK_ROWS_WANTED : wanted;
    return rows_reserve(&chunks->rows, types, columns, chunks->wanted);
}

/* ---- writing a chunk ---------------------------------------------------------------------------
 */
struct stretch { /* of chunks->rows, as the encoder is given it */
    struct chunk_rows rows;
    struct chunk_column columns[CHUNK_COLUMNS_MAX];
};

static void stretch_make(const struct chunks *chunks, uint32_t first, uint32_t count,
                         struct stretch *stretch)
{
    const struct rows *rows = &chunks->rows;
    for (uint16_t i = 0; i < rows->columns; i++)
        stretch->columns[i] =
            (struct chunk_column){.type = rows->shown[i].type,
                                  .words = rows->words[i] + first,
                                  .texts = rows->texts[i] != NULL ? rows->texts[i] + first : NULL,
                                  .cells = rows->cells[i] + first,
                                  .qualities = rows->qualities[i] + first};
    stretch->rows = (struct chunk_rows){.owner = chunks->owner,
                                        .rows = count,
                                        .columns_count = rows->columns,
                                        .times = rows->times + first,
                                        .columns = stretch->columns};
}

static size_t stretch_text_bytes(const struct stretch *stretch)
{
    size_t bytes = 0;
    for (uint16_t i = 0; i < stretch->rows.columns_count; i++) {
        const struct chunk_column *column = &stretch->columns[i];
        for (uint32_t row = 0; column->texts != NULL && row < stretch->rows.rows; row++)
            if (column->cells[row] == CELL_VALUE)
                bytes += column->texts[row].size;
    }
    return bytes;
}

static enum err chunks_room(struct chunks *chunks, size_t capacity)
{
    if (capacity <= chunks->capacity)
        return OK;
    free(chunks->at);
    chunks->capacity = 0;
    chunks->at = malloc(capacity);
    if (chunks->at == NULL)
        return ERR_NO_MEMORY;
    chunks->capacity = capacity;
    return OK;
}

static uint64_t stretch_values(const struct chunks *chunks, const struct stretch *stretch)
{
    uint64_t values = 0;
    for (uint16_t i = 0; i < chunks->value_columns; i++) {
        uint32_t none = 0;
        for (uint32_t row = 0; row < stretch->rows.rows; row++)
            none += stretch->columns[i].cells[row] == CELL_NONE;
        values += stretch->rows.rows - none;
    }
    return values;
}

/* Strings may take more than a chunk can hold: then it becomes two. */
static enum err chunks_write(struct chunks *chunks, uint32_t first, uint32_t count)
{
    struct stretch stretch;
    stretch_make(chunks, first, count, &stretch);
    size_t size = 0, most = chunk_bytes_most(count, chunks->columns, stretch_text_bytes(&stretch));
    enum err err = chunks_room(chunks, most);
    if (err == OK)
        err = chunk_encode(chunks->encoder, &stretch.rows, chunks->at, chunks->capacity, &size);
    if (err == ERR_LIMIT && count > 1) {
        err = chunks_write(chunks, first, count / 2);
        return err == OK ? chunks_write(chunks, first + count / 2, count - count / 2) : err;
    }
    if (err != OK)
        return err;
    uint64_t values = stretch_values(chunks, &stretch);
    chunks->values += values;
    chunks->samples += count;
    return part_writer_put(chunks->writer, chunks->owner, stretch.rows.times[0],
                           stretch.rows.times[count - 1], count, values,
                           bytes_of(chunks->at, size));
}

static enum err chunks_flush(struct chunks *chunks)
{
    const int64_t *times = chunks->rows.times;
    uint32_t count = chunks->rows.count, first = 0;
    enum err err = OK;
    for (uint32_t i = 1; i < count && err == OK; i++) {
        if (times[i] - times[i - 1] <= LEAP_NS || i - first < LEAP_ROWS || count - i < LEAP_ROWS)
            continue;
        err = chunks_write(chunks, first, i - first);
        first = i;
    }
    if (err == OK && count > first)
        err = chunks_write(chunks, first, count - first);
    rows_clear(&chunks->rows);
    return err;
}

/* ---- taking rows -------------------------------------------------------------------------------
 */
/* May there be rows without any cell? */
static bool rows_have_gaps(const struct chunks *chunks, const struct chunk_rows *rows)
{
    for (uint16_t i = 0; i < chunks->value_columns; i++)
        if (rows->columns[i].cells == NULL)
            return false;
    return true;
}

static bool row_is_empty(const struct chunks *chunks, const struct chunk_rows *rows, uint32_t row)
{
    for (uint16_t i = 0; i < chunks->value_columns; i++)
        if (column_cell(&rows->columns[i], row) != CELL_NONE)
            return false;
    return true;
}

static enum err chunks_take(struct chunks *chunks, const struct chunk_rows *rows, uint32_t first,
                            uint32_t count)
{
    while (count > 0) {
        uint32_t room = chunks->wanted - chunks->rows.count, some = count < room ? count : room;
        enum err err = rows_append(&chunks->rows, rows, first, some);
        if (err == OK && chunks->rows.count == chunks->wanted)
            err = chunks_flush(chunks);
        if (err != OK)
            return err;
        first += some;
        count -= some;
    }
    return OK;
}

enum err chunks_put(struct chunks *chunks, const struct chunk_rows *rows)
{
    check(rows->columns_count == chunks->columns);
    if (!rows_have_gaps(chunks, rows))
        return chunks_take(chunks, rows, 0, rows->rows);
    uint32_t first = 0;
    for (uint32_t row = 0; row < rows->rows; row++) {
        if (!row_is_empty(chunks, rows, row))
            continue;
        enum err err = chunks_take(chunks, rows, first, row - first);
        if (err != OK)
            return err;
        first = row + 1;
    }
    return chunks_take(chunks, rows, first, rows->rows - first);
}

enum err chunks_end(struct chunks *chunks)
{
    return chunks->rows.count > 0 ? chunks_flush(chunks) : OK;
}

enum err chunks_copy(struct chunks *chunks, const struct part_entry *entry, struct bytes chunk,
                     uint64_t values)
{
    chunks->values += values;
    chunks->samples += entry->samples;
    return part_writer_put(chunks->writer, entry->owner, entry->first_ns, entry->last_ns,
                           entry->samples, values, chunk);
}
