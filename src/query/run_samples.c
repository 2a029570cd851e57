/* Raw samples, as they are: point after point, in the order of their times. */
#include "query/run.h"

/* The lateness is the column behind those asked for. */
static void sample_row_put(struct query_run *run, const struct query_point *point, uint32_t row)
{
    const struct chunk_rows *rows = &run->piece.rows;
    const struct chunk_column *column = &rows->columns[0];
    uint8_t cell = column->cells != NULL ? column->cells[row] : CELL_VALUE;
    uint8_t quality = column->qualities != NULL ? column->qualities[row] : QUALITY_GOOD;
    bool valued = cell == CELL_VALUE, text = point->type == VALUE_STRING;
    sheet_row(&run->sheet, rows->times[row]);
    run_sample_put(run, point->type, valued, valued && !text ? column->words[row] : 0,
                   valued && text ? column->texts[row] : bytes_of(NULL, 0), quality,
                   run->request.arrival);
    if (run->request.arrival) {
        sheet_cell(&run->sheet, "lateness");
        sheet_put_whole(&run->sheet, (int64_t)rows->columns[1].words[row]);
    }
    sheet_row_end(&run->sheet);
}

/* Rows that need no second look; false: some do. */
static bool piece_put_good(struct query_run *run, const struct query_point *point)
{
    const struct chunk_rows *rows = &run->piece.rows;
    const struct chunk_column plain = fold_column(&rows->columns[0], rows->rows);
    const struct chunk_column *column = &plain;
    uint32_t at = run->piece_row, count = rows->rows - at;
    if (column->cells != NULL || column->qualities != NULL || point->type == VALUE_STRING ||
        run->request.arrival || run->request.newest || run->left == 0)
        return false;
    if (count > run->left)
        count = (uint32_t)run->left;
    uint32_t done = sheet_put_good(&run->sheet, point->type, rows->times + at, column->words + at,
                                   count, QUERY_BLOCK_BYTES);
    run->piece_row += done;
    run->left -= done;
    run->has_piece = run->piece_row < rows->rows;
    return true;
}

/* The rest of the piece, until the block or the limit is full. */
static void piece_put(struct query_run *run, const struct query_point *point)
{
    uint32_t rows = run->piece.rows.rows;
    const uint8_t *cells = run->piece.rows.columns[0].cells;
    while (run->piece_row < rows && run->sheet.size < QUERY_BLOCK_BYTES && !run->more) {
        uint32_t row = run->request.newest ? rows - 1 - run->piece_row : run->piece_row;
        run->piece_row++;
        if (cells != NULL && cells[row] == CELL_NONE)
            continue;
        if (run->left == 0) {
            run->more = true;
            break;
        }
        run->left--;
        sample_row_put(run, point, row);
    }
    run->has_piece = run->piece_row < rows && !run->more;
}

static enum err point_begin(struct query_run *run, const struct query_point *point)
{
    const uint8_t column = (uint8_t)point->column, type = point->type;
    const struct history_query query = {.tier = PART_RAW,
                                        .row = point->row,
                                        .columns = &column,
                                        .types = &type,
                                        .count = 1,
                                        .lateness = run->request.arrival,
                                        .backward = run->request.newest,
                                        .from_ns = run->request.from_ns,
                                        .to_ns = run->request.to_ns};
    run_point_put(run, point);
    run->in_point = true;
    run->buckets.columns[0] = column; /* outlive the call: the scan may look at them later */
    run->buckets.types[0] = type;
    struct history_query kept = query;
    kept.columns = run->buckets.columns;
    kept.types = run->buckets.types;
    enum err err = history_scan_row(run->scan, &kept);
    return err == OK ? ERR_BUSY : run_history_failed(run, err);
}

static enum err point_over(struct query_run *run)
{
    run_point_end(run);
    run->in_point = false;
    run->at++;
    if (run->left == 0 && run->at < run->point_count)
        run->more = true;
    return ERR_BUSY;
}

enum err samples_step(struct query_run *run)
{
    if (!run->in_point && (run->at == run->point_count || run->more))
        return OK;
    const struct query_point *point = &run->points[run->at];
    if (!run->in_point)
        return point_begin(run, point);
    if (run->more)
        return point_over(run);
    if (!run->has_piece) {
        enum err err = history_scan_next(run->scan, &run->piece);
        if (err == ERR_MISSING)
            return point_over(run);
        if (err != OK)
            return run_history_failed(run, err);
        run->piece_row = 0;
        run->has_piece = true;
    }
    if (!piece_put_good(run, point))
        piece_put(run, point);
    return ERR_BUSY;
}
