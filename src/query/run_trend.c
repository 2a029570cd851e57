/* A line for a screen: each point's samples in one pass, then what was kept of them. */
#include "query/run.h"

static enum err point_begin(struct query_run *run, const struct query_point *point)
{
    struct history_query query = {.tier = PART_RAW,
                                  .row = point->row,
                                  .columns = run->buckets.columns,
                                  .types = run->buckets.types,
                                  .count = 1,
                                  .from_ns = run->request.from_ns,
                                  .to_ns = run->request.to_ns};
    run->buckets.columns[0] = (uint8_t)point->column;
    run->buckets.types[0] = point->type;
    run->in_point = true;
    if (!sketch_begin(&run->sketch, &run->purse, run->request.method, point->type,
                      run->request.width, run->request.from_ns, run->request.to_ns))
        return run_no_memory(run);
    run->rollups.count = 0;
    run->rolled = false;
    enum err err = point->type != VALUE_STRING ? rollups_begin(run, point) : OK;
    if (err != OK)
        return err;
    err = history_scan_row(run->scan, &query);
    return err == OK ? ERR_BUSY : run_history_failed(run, err);
}

/* A bucket of a rollup as the line through it: when its extremes were is not known but for between
 * its first and its last. */
static bool rollup_each(struct query_run *run, const struct chunk_summary *summary,
                        int64_t begin_ns)
{
    (void)begin_ns;
    int64_t span_ns = summary->last_ns - summary->first_ns;
    const struct {
        int64_t ns;
        uint64_t word;
    } parts[] = {{summary->first_ns, summary->first},
                 {summary->first_ns + span_ns / 3, summary->min},
                 {summary->first_ns + span_ns / 3 * 2, summary->max},
                 {summary->last_ns, summary->last}};
    int64_t before_ns = INT64_MIN;
    run->sketch.samples += summary->count;
    run->sketch.rolled = true;
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        struct sketch_sample sample = {
            .time_ns = parts[i].ns, .word = parts[i].word, .valued = true};
        if (parts[i].ns == before_ns)
            continue;
        before_ns = parts[i].ns;
        run->sketch.samples--; /* feeding counts it */
        if (!sketch_feed(&run->sketch, &sample, bytes_of(NULL, 0)))
            return false;
    }
    return true;
}

static enum err point_rolled(struct query_run *run, const struct query_point *point)
{
    enum err err = rollups_step(run, point, rollup_each);
    run->rolled = err == OK;
    return err == OK ? ERR_BUSY : err;
}

static bool piece_feed(struct query_run *run, const struct query_point *point)
{
    const struct chunk_rows *rows = &run->piece.rows;
    const struct chunk_column plain = fold_column(&rows->columns[0], rows->rows);
    const struct chunk_column *column = &plain;
    bool text = point->type == VALUE_STRING;
    if (column->cells == NULL && column->qualities == NULL && !text)
        return sketch_feed_good(&run->sketch, rows->times, column->words, rows->rows);
    for (uint32_t i = 0; i < rows->rows; i++) {
        uint8_t cell = column->cells != NULL ? column->cells[i] : CELL_VALUE;
        if (cell == CELL_NONE)
            continue;
        struct sketch_sample sample = {.time_ns = rows->times[i],
                                       .quality = column->qualities != NULL ? column->qualities[i]
                                                                            : QUALITY_GOOD,
                                       .valued = cell == CELL_VALUE};
        if (sample.valued && !text)
            sample.word = column->words[i];
        if (!sketch_feed(&run->sketch, &sample,
                         sample.valued && text ? column->texts[i] : bytes_of(NULL, 0)))
            return false;
    }
    return true;
}

/* ---- writing ----------------------------------------------------------------------------------
 */
static void value_put(struct query_run *run, const struct sketch_sample *sample)
{
    struct sheet *sheet = &run->sheet;
    if (!sample->valued)
        sheet_put_null(sheet);
    else if (run->sketch.type == VALUE_STRING)
        sheet_put_string(sheet, sketch_text(&run->sketch, sample));
    else
        sheet_put_word(sheet, run->sketch.type, sample->word);
}

static void qualities_put(struct query_run *run)
{
    const struct sketch *sketch = &run->sketch;
    struct sheet *sheet = &run->sheet;
    size_t i = 0;
    while (i < sketch->kept_size && sketch->kept[i].quality == QUALITY_GOOD)
        i++;
    if (i == sketch->kept_size) {
        sheet_put_null(sheet);
        return;
    }
    for (i = 0; i < sketch->kept_size; i++) {
        sheet_put_text(sheet, i > 0 ? "," : "[");
        if (sketch->kept[i].quality == QUALITY_GOOD)
            sheet_put_null(sheet);
        else
            sheet_put_quality(sheet, sketch->kept[i].quality);
    }
    sheet_put_text(sheet, "]");
}

static void sketch_put_json(struct query_run *run, const struct query_point *point)
{
    const struct sketch *sketch = &run->sketch;
    struct sheet *sheet = &run->sheet;
    enum query_times times = sheet->times;
    run_point_put(run, point);
    sheet_put_text(sheet, ",\"samples\":");
    sheet_put_count(sheet, sketch->samples);
    sheet_put_text(sheet,
                   sketch->exact ? ",\"exact\":true,\"times\":[" : ",\"exact\":false,\"times\":[");
    sheet->times = QUERY_MS;
    for (size_t i = 0; i < sketch->kept_size; i++) {
        if (i > 0)
            sheet_put(sheet, bytes_of(",", 1));
        sheet_put_time(sheet, sketch->kept[i].time_ns);
    }
    sheet->times = times;
    sheet_put_text(sheet, "],\"values\":[");
    for (size_t i = 0; i < sketch->kept_size; i++) {
        if (i > 0)
            sheet_put(sheet, bytes_of(",", 1));
        value_put(run, &sketch->kept[i]);
    }
    sheet_put_text(sheet, "],\"qualities\":");
    qualities_put(run);
    sheet_put_text(sheet, "}");
}

static void sketch_put_rows(struct query_run *run, const struct query_point *point)
{
    struct sheet *sheet = &run->sheet;
    run_point_put(run, point);
    for (size_t i = 0; i < run->sketch.kept_size; i++) {
        const struct sketch_sample *sample = &run->sketch.kept[i];
        sheet_row(sheet, sample->time_ns);
        sheet_cell(sheet, "value");
        value_put(run, sample);
        sheet_cell(sheet, "quality");
        sheet_put_quality(sheet, sample->quality);
        sheet_row_end(sheet);
    }
}

static enum err point_over(struct query_run *run, const struct query_point *point)
{
    if (!sketch_end(&run->sketch))
        return run_no_memory(run);
    if (run->request.format == QUERY_JSON)
        sketch_put_json(run, point);
    else
        sketch_put_rows(run, point);
    sketch_done(&run->sketch);
    run->in_point = false;
    run->at++;
    return ERR_BUSY;
}

enum err trend_step(struct query_run *run)
{
    if (run->at == run->point_count)
        return OK;
    const struct query_point *point = &run->points[run->at];
    if (!run->in_point)
        return point_begin(run, point);
    if (!run->rolled)
        return point_rolled(run, point);
    enum err err = history_scan_next(run->scan, &run->piece);
    if (err == ERR_MISSING)
        return point_over(run, point);
    if (err != OK)
        return run_history_failed(run, err);
    return piece_feed(run, point) ? ERR_BUSY : run_no_memory(run);
}
