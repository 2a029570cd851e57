/* batch: samples on their way to a process, by columns.
 *
 *   batch = u8 last | run | run ...        of samples
 *   batch = u8 last | u32 rows | values    of the other tables: each column of each row, tagged
 *   run   = u32 point | u8 type | u8 which | u32 count | text path | text labels
 *           | times 8 * count | words 8 * count, or of strings ends 4 * count and text texts
 *           | cells count | qualities count | lateness 8 * count       each as `which` says
 *
 * A run of nothing but its count says how many samples there are: summaries of chunks do. */
#pragma once

#include "format/format.h"
#include "sql/frame.h"

enum batch_which {
    BATCH_VALUES = 1, /* words, or ends and texts */
    BATCH_CELLS = 2,  /* 0: a value, 1: none */
    BATCH_QUALITIES = 4,
    BATCH_LATENESS = 8,
    BATCH_TIMES = 16,
};
struct batch_run { /* views into the batch; an empty one is not there */
    uint32_t point, count;
    uint8_t type; /* enum value_type */
    struct bytes path, labels, times, words, ends, texts, cells, qualities, lateness;
};
/* False: these bytes are no run. */
MUST_USE bool batch_run_get(struct frame_reader *reader, struct batch_run *ret_run);
/* The text of a row; a run has them one behind the other, `ends` says where each ends. */
struct bytes batch_run_text(const struct batch_run *run, uint32_t at);
