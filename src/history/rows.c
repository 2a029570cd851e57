/* Columns in memory that rows are put into: what a merge of several sources gives, and what an
 * encoder is fed with. One block holds all arrays; it grows and is used again. */
#include "history/room.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_BLOCK_BYTES ((size_t)64 << 10)
struct text_block { /* strings never move: views of them stay right while more are added */
    struct text_block *next;
    size_t used, size;
    uint8_t at[];
};

static size_t rows_layout(struct rows *rows, const uint8_t *types, uint16_t columns,
                          uint32_t capacity, uint8_t *block)
{
    size_t at = 0;
#define ROWS_PLACE(member, type, count)                                                            \
    do {                                                                                           \
        if (block != NULL)                                                                         \
            (member) = (type *)(void *)(block + at);                                               \
        at += (sizeof(type) * (size_t)(count) + 15) & ~(size_t)15;                                 \
    } while (0)
    ROWS_PLACE(rows->shown, struct chunk_column, columns);
    ROWS_PLACE(rows->words, uint64_t *, columns);
    ROWS_PLACE(rows->cells, uint8_t *, columns);
    ROWS_PLACE(rows->qualities, uint8_t *, columns);
    ROWS_PLACE(rows->texts, struct bytes *, columns);
    ROWS_PLACE(rows->times, int64_t, capacity);
    for (uint16_t i = 0; i < columns; i++) {
        uint64_t *words = NULL;
        uint8_t *cells = NULL, *qualities = NULL;
        struct bytes *texts = NULL;
        ROWS_PLACE(words, uint64_t, capacity);
        ROWS_PLACE(cells, uint8_t, capacity);
        ROWS_PLACE(qualities, uint8_t, capacity);
        if (types[i] == VALUE_STRING)
            ROWS_PLACE(texts, struct bytes, capacity);
        if (block == NULL)
            continue;
        rows->words[i] = words;
        rows->cells[i] = cells;
        rows->qualities[i] = qualities;
        rows->texts[i] = texts;
        rows->shown[i] = (struct chunk_column){.type = types[i],
                                               .words = words,
                                               .texts = texts,
                                               .cells = cells,
                                               .qualities = qualities};
    }
#undef ROWS_PLACE
    return at;
}

enum err rows_reserve(struct rows *rows, const uint8_t *types, uint16_t columns, uint32_t capacity)
{
    rows_clear(rows);
    bool same = rows->block != NULL && rows->columns == columns && capacity <= rows->capacity;
    for (uint16_t i = 0; same && i < columns; i++)
        same = rows->shown[i].type == types[i];
    for (uint16_t i = 0; same && i < columns; i++) {
        rows->shown[i].cells = rows->cells[i];
        rows->shown[i].qualities = rows->qualities[i];
    }
    if (same)
        return OK;
    size_t size = rows_layout(rows, types, columns, capacity, NULL);
    if (size > rows->block_size) {
        free(rows->block);
        rows->block_size = 0;
        rows->block = malloc(size);
        if (rows->block == NULL)
            return ERR_NO_MEMORY;
        rows->block_size = size;
    }
    rows->columns = columns;
    rows->capacity = capacity;
    rows_layout(rows, types, columns, capacity, rows->block);
    return OK;
}

void rows_clear(struct rows *rows)
{
    rows->count = 0;
    while (rows->text != NULL && rows->text->next != NULL) {
        struct text_block *next = rows->text->next;
        free(rows->text);
        rows->text = next;
    }
    if (rows->text != NULL)
        rows->text->used = 0;
}

void rows_done(struct rows *rows)
{
    rows_clear(rows);
    free(rows->text);
    free(rows->block);
    *rows = (struct rows){0};
}

uint32_t rows_add(struct rows *rows, int64_t time_ns)
{
    check(rows->count < rows->capacity);
    uint32_t row = rows->count++;
    rows->times[row] = time_ns;
    for (uint16_t i = 0; i < rows->columns; i++)
        rows->cells[i][row] = CELL_NONE;
    return row;
}

static uint8_t *text_room(struct rows *rows, size_t size)
{
    struct text_block *block = rows->text;
    if (block == NULL || block->size - block->used < size) {
        size_t most = size > TEXT_BLOCK_BYTES ? size : TEXT_BLOCK_BYTES;
        struct text_block *more = malloc(sizeof *more + most);
        if (more == NULL)
            return NULL;
        *more = (struct text_block){.next = block, .size = most};
        rows->text = block = more;
    }
    uint8_t *at = block->at + block->used;
    block->used += size;
    return at;
}

static enum err text_put(struct rows *rows, uint32_t row, uint16_t column, struct bytes text)
{
    uint8_t *at = text_room(rows, text.size);
    if (at == NULL)
        return ERR_NO_MEMORY;
    if (text.size > 0)
        memcpy(at, text.at, text.size);
    rows->texts[column][row] = bytes_of(at, text.size);
    return OK;
}

enum err rows_put(struct rows *rows, uint32_t row, uint16_t column, const struct chunk_column *from,
                  uint32_t from_row)
{
    uint8_t cell = column_cell(from, from_row);
    rows->cells[column][row] = cell;
    rows->qualities[column][row] = column_quality(from, from_row);
    rows->words[column][row] = 0;
    if (cell != CELL_VALUE) {
        if (rows->texts[column] != NULL)
            rows->texts[column][row] = (struct bytes){0};
        return OK;
    }
    if (rows->texts[column] != NULL)
        return text_put(rows, row, column, from->texts[from_row]);
    rows->words[column][row] = from->words[from_row];
    return OK;
}

static enum err column_append(struct rows *rows, uint16_t column, const struct chunk_column *from,
                              uint32_t first, uint32_t count)
{
    uint32_t to = rows->count;
    if (from->cells != NULL)
        memcpy(rows->cells[column] + to, from->cells + first, count);
    else
        memset(rows->cells[column] + to, CELL_VALUE, count);
    if (from->qualities != NULL)
        memcpy(rows->qualities[column] + to, from->qualities + first, count);
    else
        memset(rows->qualities[column] + to, 0, count);
    if (rows->texts[column] == NULL) {
        memcpy(rows->words[column] + to, from->words + first, (size_t)count * sizeof(uint64_t));
        return OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        enum err err = rows_put(rows, to + i, column, from, first + i);
        if (err != OK)
            return err;
    }
    return OK;
}

enum err rows_append(struct rows *rows, const struct chunk_rows *from, uint32_t first,
                     uint32_t count)
{
    check(count <= rows->capacity - rows->count);
    memcpy(rows->times + rows->count, from->times + first, (size_t)count * sizeof(int64_t));
    for (uint16_t i = 0; i < rows->columns; i++) {
        enum err err = column_append(rows, i, &from->columns[i], first, count);
        if (err != OK)
            return err;
    }
    rows->count += count;
    return OK;
}

struct chunk_rows rows_view(const struct rows *rows, uint32_t owner)
{
    return (struct chunk_rows){.owner = owner,
                               .rows = rows->count,
                               .columns_count = rows->columns,
                               .times = rows->times,
                               .columns = rows->shown};
}
