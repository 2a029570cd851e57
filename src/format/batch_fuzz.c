/* Any bytes as a batch, and (its sum forgiven) as a body: the runs of all lanes. */
#include "format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static void walk_runs(struct bytes body)
{
    static struct fact_storage storage;
    size_t offset = 0;
    enum lane lane;
    uint32_t records, ordinal;
    struct bytes run;
    while (batch_next_run(body, &offset, &lane, &records, &ordinal, &run) == OK) {
        check(lane >= LANE_FACTS && lane <= LANE_MESSAGES);
        check(run.at >= body.at && run.at + run.size <= body.at + body.size);
        size_t fact_at = 0;
        struct fact fact;
        while (lane != LANE_SAMPLES && facts_read(run, &fact_at, &storage, &fact) == OK)
            check(fact_at <= run.size);
        struct samples_reader reader = {.run = run, .generation = 1};
        uint32_t rows[16];
        check(samples_peek_ahead(&reader, rows, 16) <= 16);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct batch_header header;
    struct bytes body, b = bytes_of(at, size);
    if (batch_open(b, 0, &header, &body) == OK) {
        check(body.size == header.body_bytes && body.size <= size - BATCH_HEADER_SIZE);
        walk_runs(body);
    }
    if (size >= BATCH_HEADER_SIZE)
        walk_runs(bytes_of(at + BATCH_HEADER_SIZE, size - BATCH_HEADER_SIZE));
    return 0;
}
