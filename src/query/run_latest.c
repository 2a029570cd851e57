/* Of each point the last sample at a time or before. The live table knows the newest: what was
 * erased or corrected was so there as well. */
#include "query/run.h"

static enum err sample_find(struct query_run *run, const struct query_point *point,
                            struct history_sample *sample)
{
    if (point->live_ns != 0 && point->live_ns <= run->request.to_ns) {
        *sample = (struct history_sample){.time_ns = point->live_ns, .value = point->live};
        return OK;
    }
    return history_sample_find(run->scan, point->row, (uint8_t)point->column, point->type,
                               run->request.to_ns, HISTORY_BEFORE, sample);
}

static void sample_put(struct query_run *run, uint8_t type, const struct history_sample *sample)
{
    const struct value *value = &sample->value;
    uint64_t word = value->present && type != VALUE_STRING ? chunk_word(value) : 0;
    sheet_row(&run->sheet, sample->time_ns);
    run_sample_put(run, type, value->present, word, value->text, value->quality, false);
    sheet_row_end(&run->sheet);
}

enum err latest_step(struct query_run *run)
{
    struct history_sample sample;
    struct sheet *sheet = &run->sheet;
    if (run->at == run->point_count)
        return OK;
    const struct query_point *point = &run->points[run->at++];
    enum err err = sample_find(run, point, &sample);
    if (err != OK && err != ERR_MISSING)
        return run_history_failed(run, err);
    run_point_put(run, point);
    if (sheet->format == QUERY_JSON)
        sheet_put_text(sheet, ",\"sample\":");
    if (err == OK)
        sample_put(run, point->type, &sample);
    else if (sheet->format == QUERY_JSON)
        sheet_put_null(sheet);
    if (sheet->format == QUERY_JSON)
        sheet_put_text(sheet, "}");
    return ERR_BUSY;
}
