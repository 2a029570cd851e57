/* Any sequence of sets, moves, stops and advances, beside the oracle; every now and then the pages
 * are judged, and go through a snapshot into another state that goes on. */
#include "timing/test_oracle.h"

struct source {
    const uint8_t *at;
    size_t size;
};

static uint64_t source_take(struct source *source, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes && source->size > 0; i++) {
        number |= (uint64_t)*source->at++ << (8 * i);
        source->size--;
    }
    return number;
}

static void fuzz_reload(struct pair *pair)
{
    static uint8_t page[STATE_PAGE_SIZE];
    struct pair loaded;
    uint32_t table, number;
    pair_open(&loaded, 0);
    check(state_cut_begin(pair->state, 4) == OK);
    while (state_cut_next(pair->state, page, &table, &number) == OK)
        check(state_load_page(loaded.state, table, number, page) == OK);
    check(timing_rebuild(loaded.timing) == OK);
    check(state_hash(loaded.state) == state_hash(pair->state));
    loaded.oracle = pair->oracle;
    pair_close(pair);
    *pair = loaded;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct source source = {at, size};
    struct pair pair;
    pair_open(&pair, source_take(&source, 1));
    while (source.size > 0) {
        uint8_t what = (uint8_t)source_take(&source, 1);
        uint32_t index = (uint32_t)source_take(&source, 1);
        switch (what % 8) {
        case 0:
            pair_stop(&pair, index);
            break;
        case 1:
            pair_move(&pair, index, oracle_time(&pair.oracle, source_take(&source, 3)));
            break;
        case 2:
        case 3:
            (void)pair_advance(&pair, oracle_time(&pair.oracle, source_take(&source, 3)),
                               1 + what / 8);
            break;
        case 4:
            if (what / 8 == 0)
                fuzz_reload(&pair);
            break;
        case 5: /* a time of any kind */
            pair_set(&pair, 1, index, (int64_t)(source_take(&source, 8) >> 2));
            break;
        default:
            pair_set(&pair, (uint8_t)(1 + index % (TIMING_KINDS - 1)), index,
                     oracle_time(&pair.oracle, source_take(&source, 3)));
        }
    }
    check(timing_rebuild(pair.timing) == OK);
    pair_check(&pair);
    pair_close(&pair);
    return 0;
}
