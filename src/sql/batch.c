/* Runs of samples: see batch.h. */
#include "sql/batch.h"

bool batch_run_get(struct frame_reader *reader, struct batch_run *ret_run)
{
    struct batch_run run = {.point = frame_get_u32(reader)};
    run.type = frame_get_u8(reader);
    uint8_t which = frame_get_u8(reader);
    run.count = frame_get_u32(reader);
    run.path = frame_get_text(reader);
    run.labels = frame_get_text(reader);
    if (which & BATCH_TIMES)
        run.times = frame_get_bytes(reader, run.count, 8);
    if ((which & BATCH_VALUES) && run.type == VALUE_STRING) {
        run.ends = frame_get_bytes(reader, run.count, 4);
        run.texts = frame_get_text(reader);
    } else if (which & BATCH_VALUES) {
        run.words = frame_get_bytes(reader, run.count, 8);
    }
    if (which & BATCH_CELLS)
        run.cells = frame_get_bytes(reader, run.count, 1);
    if (which & BATCH_QUALITIES)
        run.qualities = frame_get_bytes(reader, run.count, 1);
    if (which & BATCH_LATENESS)
        run.lateness = frame_get_bytes(reader, run.count, 8);
    if (reader->wrong)
        return false;
    *ret_run = run;
    return true;
}

struct bytes batch_run_text(const struct batch_run *run, uint32_t at)
{
    if (run->ends.size < ((size_t)at + 1) * 4)
        return bytes_of("", 0);
    size_t from = at > 0 ? load_u32(run->ends.at + ((size_t)at - 1) * 4) : 0;
    size_t to = load_u32(run->ends.at + (size_t)at * 4);
    return from <= to && to <= run->texts.size ? bytes_of(run->texts.at + from, to - from)
                                               : bytes_of("", 0);
}
