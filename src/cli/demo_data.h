/* demo_data: the real measurements embedded in the program, unpacked and read into memory as
 * streams: one topic each, rows of readings with the time since the stream's begin. About 5 MiB. */
#pragma once

#include "base/base.h"

enum demo_set { DEMO_HYDRAULIC, DEMO_FIRE, DEMO_AIR, DEMO_SETS };
extern const char *const demo_set_names[DEMO_SETS];

#define DEMO_STREAMS_MAX 24
#define DEMO_COLUMNS_MAX 160
struct demo_stream {
    enum demo_set set;
    char topic[96];
    bool dated; /* times are since 1970, else since the begin of the stream */
    uint32_t columns, rows;
    char (*keys)[32];      /* of the columns */
    uint64_t *path_hashes; /* of TOPIC/KEY, of the columns */
    double *values;        /* rows x columns; NaN: missing */
    int64_t *times_ns;     /* of the rows, ascending */
    int64_t live_ns;       /* time between two rows when the stream is shown live */
};
struct demo_data {
    size_t stream_count;
    struct demo_stream streams[DEMO_STREAMS_MAX];
    uint64_t values[DEMO_SETS]; /* readings in all rows */
};
/* ERR_NO_MEMORY; the data itself was tested when the program was built. */
MUST_USE enum err demo_data_load(struct demo_data *data);
void demo_data_free(struct demo_data *data);

/* What a sample is, for the comparison of sent and found: equal sums mean the same samples. */
uint64_t demo_sample_hash(uint64_t path_hash, int64_t time_ns, bool present, double value);
uint64_t demo_path_hash(struct bytes path);
