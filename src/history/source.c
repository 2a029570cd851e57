/* One part or window of a scan: what it has of a row, decoded. What cannot be read is told, counted
 * and left out. */
#include "history/room.h"

#include <stdlib.h>
#include <string.h>

/* ---- erasures ----------------------------------------------------------------------------------
 */
/* Does it take anything of what came through this source? */
static bool erasure_concerns(const struct source *source, const struct erasure *erasure)
{
    return source->to <= erasure->position && erasure->position > source->erased;
}

static bool entry_is_erased_in(const struct history_scan *scan, const struct source *source,
                               const struct part_entry *entry)
{
    for (size_t i = 0; i < scan->erasure_count; i++) {
        const struct erasure *erasure = &scan->erasures[i];
        if (erasure_concerns(source, erasure) && erasure->from_ns <= entry->last_ns &&
            erasure->to_ns > entry->first_ns)
            return true;
    }
    return false;
}

static void rows_erase(struct rows *rows, uint16_t column, const struct erasure *erasure)
{
    for (uint32_t row = 0; row < rows->count; row++)
        if (rows->times[row] >= erasure->from_ns && rows->times[row] < erasure->to_ns)
            rows->cells[column][row] = CELL_NONE;
}

/* Cells of rows are all there: not NULL. */
static void source_erase(const struct history_scan *scan, struct source *source)
{
    for (size_t i = 0; i < scan->erasure_count; i++) {
        const struct erasure *erasure = &scan->erasures[i];
        if (!erasure_concerns(source, erasure))
            continue;
        for (uint16_t column = 0; column < scan->query.count; column++)
            if (scan->column[column] == erasure->column)
                rows_erase(&source->decoded, column, erasure);
    }
}

/* ---- a chunk -----------------------------------------------------------------------------------
 */
/* The chunk's column that the query's column `at` means; false: it has none. */
static bool chunk_column_of(const struct history_scan *scan, const struct chunk *chunk, uint16_t at,
                            uint16_t *ret_column)
{
    bool raw = scan->query.tier == PART_RAW;
    uint16_t values = raw && chunk->columns > 0 ? (uint16_t)(chunk->columns - 1) : chunk->columns;
    bool lateness = at >= scan->query.count;
    *ret_column = lateness ? values : scan->column[at];
    return lateness ? chunk->columns > 0 : *ret_column < values;
}

static enum err source_chunk(struct history_scan *scan, struct source *source,
                             const struct part_entry *entry, struct chunk *ret_chunk)
{
    struct bytes bytes;
    enum err err = part_cursor_chunk(source->cursor, entry, &bytes);
    if (err != OK)
        return err == ERR_NO_MEMORY ? err : ERR_CORRUPT; /* told by the cursor */
    err = chunk_open(bytes, CHUNK_VERIFY, ret_chunk);
    if (err == OK && ret_chunk->owner != entry->owner)
        err = ERR_CORRUPT;
    if (err != OK)
        part_cursor_damaged(source->cursor, entry,
                            err == ERR_NEWER ? "a chunk of a newer version" : "a chunk is damaged");
    scan->cost.bytes += bytes.size;
    return err;
}

static void column_none(struct rows *rows, uint16_t column, uint32_t count)
{
    memset(rows->cells[column], CELL_NONE, count);
    memset(rows->qualities[column], 0, count);
    rows->shown[column].cells = rows->cells[column];
    rows->shown[column].qualities = rows->qualities[column];
}

static void column_texts(struct rows *rows, uint16_t column, uint32_t count,
                         const struct chunk_column_reader *reader)
{
    for (uint32_t i = 0; i < count; i++)
        rows->texts[column][i] = rows->cells[column][i] == CELL_VALUE
                                     ? chunk_column_text(reader, rows->words[column][i])
                                     : (struct bytes){0};
}

/* A column of another type than the point's is none of its own: left out, and told. */
static enum err column_decode(struct history_scan *scan, struct source *source,
                              const struct chunk *chunk, uint16_t column, uint32_t first,
                              uint32_t count)
{
    struct rows *rows = &source->decoded;
    uint16_t from;
    if (!chunk_column_of(scan, chunk, column, &from)) {
        column_none(rows, column, count);
        return OK;
    }
    struct chunk_column_reader *reader = scan->reader;
    enum err err = chunk_column_open(chunk, from, reader);
    if (err != OK)
        return err;
    if (reader->summary.samples == 0) {
        column_none(rows, column, count);
        return OK;
    }
    if (reader->summary.type != scan->types[column])
        return ERR_CORRUPT;
    err = chunk_column_read(reader, first, count, rows->words[column], rows->cells[column],
                            rows->qualities[column]);
    if (err != OK)
        return err;
    if (rows->texts[column] != NULL)
        column_texts(rows, column, count, reader);
    bool cells = reader->some_missing || scan->erasure_count > 0;
    rows->shown[column].cells = cells ? rows->cells[column] : NULL;
    rows->shown[column].qualities = reader->some_not_good ? rows->qualities[column] : NULL;
    return OK;
}

static enum err source_decode(struct history_scan *scan, struct source *source,
                              const struct part_entry *entry)
{
    struct chunk chunk;
    enum err err = source_chunk(scan, source, entry, &chunk);
    uint32_t first = 0, count = 0;
    if (err != OK)
        return err;
    err = chunk_find(&chunk, scan->from_ns, scan->to_ns, &first, &count);
    if (err == OK && count == 0)
        return OK;
    if (err == OK) {
        enum err room = rows_reserve(&source->decoded, scan->types, scan->columns, count);
        if (room != OK)
            return room;
        source->decoded.count = count;
        err = chunk_times(&chunk, first, count, source->decoded.times);
    }
    for (uint16_t column = 0; err == OK && column < scan->columns; column++)
        err = column_decode(scan, source, &chunk, column, first, count);
    if (err != OK) {
        part_cursor_damaged(source->cursor, entry, "a chunk's columns are damaged");
        return err;
    }
    if (scan->erasure_count > 0)
        source_erase(scan, source);
    scan->cost.chunks++;
    source->rows = rows_view(&source->decoded, entry->owner);
    source->end = count;
    return OK;
}

/* ---- a window ----------------------------------------------------------------------------------
 */
static uint32_t rows_before(const struct chunk_rows *rows, int64_t time_ns)
{
    uint32_t low = 0, high = rows->rows;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (rows->times[middle] < time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum err source_gather(struct history_scan *scan, struct source *source, uint32_t row,
                       struct part_entry *ret_entry)
{
    uint16_t columns;
    if (head_row(source->window->head, row, &columns) == 0)
        return ERR_MISSING;
    enum err err = head_gather(source->window->head, row, scan->column, scan->query.count,
                               scan->types, scan->query.lateness, scan->query.from_ns,
                               scan->query.to_ns, &source->gathered);
    if (err != OK)
        return err;
    source->rows = source->gathered.rows;
    if (source->rows.rows == 0)
        return ERR_MISSING;
    *ret_entry = (struct part_entry){.owner = row,
                                     .first_ns = source->rows.times[0],
                                     .last_ns = source->rows.times[source->rows.rows - 1],
                                     .samples = source->rows.rows};
    if (!entry_is_erased_in(scan, source, ret_entry))
        return OK;
    err = rows_reserve(&source->decoded, scan->types, scan->columns, source->rows.rows);
    if (err == OK)
        err = rows_append(&source->decoded, &source->gathered.rows, 0, source->rows.rows);
    if (err != OK)
        return err;
    source_erase(scan, source);
    for (uint16_t i = 0; i < scan->columns; i++)
        source->decoded.shown[i].cells = source->decoded.cells[i];
    source->rows = rows_view(&source->decoded, row);
    return OK;
}

/* ---- both --------------------------------------------------------------------------------------
 */
enum err source_open_entry(struct history_scan *scan, struct source *source,
                           const struct part_entry *entry)
{
    source->at = source->end = 0;
    if (source->window != NULL) {
        source->at = rows_before(&source->rows, scan->from_ns);
        source->end = rows_before(&source->rows, scan->to_ns);
        return OK;
    }
    enum err err = source_decode(scan, source, entry);
    return err == ERR_CORRUPT || err == ERR_NEWER ? OK : err;
}

enum err source_summaries(struct history_scan *scan, struct source *source,
                          const struct part_entry *entry, struct chunk_summary *summaries)
{
    if (source->window != NULL || entry_is_erased_in(scan, source, entry))
        return ERR_MISSING;
    struct chunk chunk;
    enum err err = source_chunk(scan, source, entry, &chunk);
    if (err != OK)
        return err;
    for (uint16_t i = 0; i < scan->query.count; i++) {
        uint16_t from;
        summaries[i] = (struct chunk_summary){.type = scan->types[i], .all_good = true};
        if (!chunk_column_of(scan, &chunk, i, &from))
            continue;
        err = chunk_summary_get(&chunk, from, &summaries[i]);
        if (err == OK && summaries[i].samples > 0 && summaries[i].type != scan->types[i])
            err = ERR_CORRUPT;
        if (err != OK) {
            part_cursor_damaged(source->cursor, entry, "a chunk's summary is damaged");
            return err;
        }
    }
    scan->cost.summaries++;
    return OK;
}
