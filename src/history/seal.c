/* Job: a frozen window becomes a part. Row by row its samples are gathered, thinned where a policy
 * says so, encoded and written. Runs on the sealer; touches the frozen window and its own memory.
 */
#include "history/room.h"

#include <math.h>
#include <string.h>

/* ---- report by exception -----------------------------------------------------------------------
 */
static double word_real(uint8_t type, uint64_t word)
{
    if (type == VALUE_FLOAT64) {
        double real;
        memcpy(&real, &word, sizeof real);
        return real;
    }
    return (double)(int64_t)word;
}

/* A value that says what the last kept one said is left out: the same quality, and no further away
 * than the deadband. */
static uint64_t column_thin(struct rows *rows, uint16_t column, double deadband)
{
    uint8_t type = rows->shown[column].type;
    uint64_t thinned = 0;
    bool kept = false;
    double last = 0;
    uint8_t quality = 0;
    if (type != VALUE_FLOAT64 && type != VALUE_INT64)
        return 0;
    for (uint32_t row = 0; row < rows->count; row++) {
        if (rows->cells[column][row] == CELL_NONE)
            continue;
        if (rows->cells[column][row] != CELL_VALUE) {
            kept = false;
            continue;
        }
        double real = word_real(type, rows->words[column][row]);
        if (kept && rows->qualities[column][row] == quality && fabs(real - last) <= deadband) {
            rows->cells[column][row] = CELL_NONE;
            thinned++;
            continue;
        }
        kept = true;
        last = real;
        quality = rows->qualities[column][row];
    }
    return thinned;
}

static enum err seal_thin(struct seal_job *seal, uint16_t columns, struct rows *scratch,
                          struct chunk_rows *rows)
{
    uint32_t first_point = policies_first_point(seal->policies, (uint32_t)rows->owner);
    bool wanted = false;
    for (uint16_t i = 0; first_point != 0 && i < columns && !wanted; i++)
        wanted = deadband_of(seal->policies, first_point + i) > 0;
    if (!wanted)
        return OK;
    uint8_t types[CHUNK_COLUMNS_MAX + 1];
    for (uint16_t i = 0; i < rows->columns_count; i++)
        types[i] = rows->columns[i].type;
    enum err err = rows_reserve(scratch, types, rows->columns_count, rows->rows);
    if (err == OK)
        err = rows_append(scratch, rows, 0, rows->rows);
    if (err != OK)
        return err;
    for (uint16_t i = 0; i < columns; i++) {
        double deadband = deadband_of(seal->policies, first_point + i);
        if (deadband > 0)
            seal->thinned += column_thin(scratch, i, deadband);
    }
    *rows = rows_view(scratch, (uint32_t)rows->owner);
    return OK;
}

/* ---- rows --------------------------------------------------------------------------------------
 */
struct sealing {
    struct chunks chunks;
    struct head_rows gathered;
    struct rows scratch;
};

static enum err seal_row(struct seal_job *seal, struct sealing *sealing, uint32_t row)
{
    struct head *head = seal->window->head;
    uint16_t columns;
    if (head_row(head, row, &columns) == 0 || columns == 0)
        return OK;
    uint8_t types[CHUNK_COLUMNS_MAX + 1];
    head_types(head, row, columns, types);
    for (uint16_t i = 0; i < columns; i++)
        types[i] = types[i] != 0 ? types[i] : VALUE_FLOAT64;
    types[columns] = VALUE_INT64;
    enum err err = head_gather(head, row, NULL, columns, types, true, INT64_MIN, INT64_MAX,
                               &sealing->gathered);
    struct chunk_rows rows = sealing->gathered.rows;
    if (err != OK || rows.rows == 0)
        return err;
    if (seal->policies->deadbands)
        err = seal_thin(seal, columns, &sealing->scratch, &rows);
    if (err == OK)
        err = chunks_begin(&sealing->chunks, row, types, (uint16_t)(columns + 1), columns);
    if (err == OK)
        err = chunks_put(&sealing->chunks, &rows);
    if (err == OK)
        err = chunks_end(&sealing->chunks);
    return err;
}

/* The records of so many rows are fetched together: each chain by itself would wait for the memory
 * at every step. */
#define WARM_ROWS 32

static size_t rows_warm(const struct head *head, uint32_t after, uint32_t *rows)
{
    size_t count = 0;
    while (count < WARM_ROWS && (after = head_next_row(head, after)) != 0)
        rows[count++] = after;
    head_warm(head, rows, count);
    return count;
}

static enum err seal_rows(struct seal_job *seal, struct part_writer *writer)
{
    struct sealing sealing = {0};
    uint32_t rows[WARM_ROWS], last = 0;
    enum err err = chunks_init(&sealing.chunks, writer);
    for (size_t count; err == OK && (count = rows_warm(seal->window->head, last, rows)) > 0;) {
        for (size_t i = 0; i < count && err == OK; i++)
            err = atomic_load_explicit(&seal->stop, memory_order_relaxed)
                      ? ERR_STOPPED
                      : seal_row(seal, &sealing, rows[i]);
        last = rows[count - 1];
    }
    seal->values = sealing.chunks.values;
    chunks_done(&sealing.chunks);
    head_rows_done(&sealing.gathered);
    rows_done(&sealing.scratch);
    return err;
}

void seal_run(struct job *job)
{
    struct seal_job *seal = (struct seal_job *)job;
    const struct history_config *config = &seal->history->config;
    int64_t began = config->clock->boot_ns(config->clock);
    struct part_writer *writer;
    seal->thinned = seal->values = 0;
    seal->part = NULL;
    seal->err = part_writer_create(config->disk, HISTORY_FOLDER, &seal->info, &writer);
    if (seal->err == OK) {
        seal->err = seal_rows(seal, writer);
        if (seal->err == OK)
            seal->err = part_writer_end(writer, &seal->info);
        else
            part_writer_drop(writer);
    }
    if (seal->err == OK)
        seal->err = part_open(config->disk, HISTORY_FOLDER, seal->info.name, &seal->part);
    seal->took_ns = config->clock->boot_ns(config->clock) - began;
}
