/* What rollups say of the time before the first raw sample there is: raw samples go when their
 * retention is over, or the disk is full, and their minutes, hours and days stay. Of these the
 * finest that reaches back far enough is taken, coarser ones before it:
 *
 *   from ------- days -------|---- hours ----|-- minutes --|---- raw samples ------- to
 *
 * A stretch of rollups ends where the first of what is finer begins, on an edge of its buckets. */
#include "query/run.h"

#include <math.h>

static int64_t floor_to(int64_t time_ns, int64_t step_ns)
{
    int64_t over = time_ns % step_ns;
    return time_ns - (over < 0 ? over + step_ns : over);
}

static struct history_query rollup_query(struct run_rollups *rollups,
                                         const struct query_point *point, enum part_tier tier,
                                         int64_t from_ns, int64_t to_ns)
{
    history_rollup_types(point->type, rollups->types);
    return (struct history_query){.tier = tier,
                                  .row = point->point,
                                  .types = rollups->types,
                                  .count = ROLLUP_COLUMNS,
                                  .from_ns = from_ns,
                                  .to_ns = to_ns};
}

/* Where the first sample, or the first bucket of a rollup, lies at or after the beginning; to_ns:
 * there is none before. */
static enum err first_raw(struct query_run *run, const struct query_point *point, int64_t *ret_ns)
{
    struct history_scan *aside;
    struct history_sample sample;
    enum err err = run_aside(run, &aside);
    if (err != OK)
        return err;
    err = history_sample_find(aside, point->row, (uint8_t)point->column, point->type,
                              run->request.from_ns, HISTORY_AFTER, &sample);
    if (err != OK && err != ERR_MISSING)
        return run_history_failed(run, err);
    *ret_ns =
        err == OK && sample.time_ns < run->request.to_ns ? sample.time_ns : run->request.to_ns;
    return OK;
}

static enum err first_rolled(struct query_run *run, const struct query_point *point,
                             enum part_tier tier, int64_t to_ns, int64_t *ret_ns)
{
    struct history_query query =
        rollup_query(&run->rollups, point, tier, run->request.from_ns, to_ns);
    struct history_piece piece;
    enum err err = history_scan_row(run->aside, &query);
    if (err == OK)
        err = history_scan_next(run->aside, &piece);
    if (err != OK && err != ERR_MISSING)
        return run_history_failed(run, err);
    *ret_ns = err == OK ? piece.rows.times[0] : to_ns;
    return OK;
}

enum err rollups_begin(struct query_run *run, const struct query_point *point)
{
    struct run_rollups *rollups = &run->rollups;
    int64_t end_ns = 0;
    rollups->count = 0;
    rollups->scanning = false;
    if (point->rollups == 0)
        return OK;
    enum err err = first_raw(run, point, &end_ns);
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS && err == OK; tier++) {
        int64_t first_ns = 0, to_ns = floor_to(end_ns, history_rollup_ns(tier));
        if (end_ns == run->request.to_ns)
            to_ns = end_ns; /* nothing finer is there at all */
        if ((point->rollups >> tier & 1) == 0 || to_ns <= run->request.from_ns)
            continue;
        err = first_rolled(run, point, tier, to_ns, &first_ns);
        if (err == OK && first_ns < to_ns) {
            rollups->list[rollups->count++] =
                (struct stretch){.tier = tier, .from_ns = first_ns, .to_ns = to_ns};
            end_ns = first_ns;
        }
    }
    return err;
}

/* A whole number again; -0.5 to 0.5 ns of 2^53 are lost in float64 as it is. */
static uint64_t word_of(uint8_t type, uint64_t bits)
{
    if (type == VALUE_FLOAT64)
        return bits;
    double real = fold_real(VALUE_FLOAT64, bits);
    if (real >= 0x1p63)
        return (uint64_t)INT64_MAX;
    return real <= -0x1p63 ? (uint64_t)INT64_MIN : (uint64_t)(int64_t)rint(real);
}

static void rollup_row(const struct chunk_rows *rows, uint32_t at, uint8_t type,
                       struct chunk_summary *summary)
{
    const struct chunk_column *columns = rows->columns;
    *summary = (struct chunk_summary){.type = type,
                                      .all_good = true,
                                      .count = (uint32_t)columns[ROLLUP_COUNT].words[at],
                                      .first_ns = (int64_t)columns[ROLLUP_FIRST_NS].words[at],
                                      .last_ns = (int64_t)columns[ROLLUP_LAST_NS].words[at]};
    summary->samples = summary->count;
    if (type == VALUE_STRING)
        return;
    const uint8_t *cells = columns[ROLLUP_SUM].cells;
    bool summed = cells == NULL || cells[at] == CELL_VALUE;
    summary->sum = summed ? fold_real(VALUE_FLOAT64, columns[ROLLUP_SUM].words[at]) : INFINITY;
    summary->min = word_of(type, columns[ROLLUP_MIN].words[at]);
    summary->max = word_of(type, columns[ROLLUP_MAX].words[at]);
    summary->first = columns[ROLLUP_FIRST].words[at];
    summary->last = columns[ROLLUP_LAST].words[at];
}

static bool piece_give(struct query_run *run, const struct query_point *point,
                       const struct history_piece *piece, rollups_each *each)
{
    for (uint32_t i = 0; i < piece->rows.rows; i++) {
        const struct chunk_column *count = &piece->rows.columns[ROLLUP_COUNT];
        struct chunk_summary summary;
        if ((count->cells != NULL && count->cells[i] != CELL_VALUE) || count->words[i] == 0)
            continue;
        rollup_row(&piece->rows, i, point->type, &summary);
        if (!each(run, &summary, piece->rows.times[i]))
            return false;
    }
    return true;
}

enum err rollups_step(struct query_run *run, const struct query_point *point, rollups_each *each)
{
    struct run_rollups *rollups = &run->rollups;
    struct history_piece piece;
    if (rollups->count == 0)
        return OK;
    if (!rollups->scanning) { /* the coarsest first */
        const struct stretch *stretch = &rollups->list[rollups->count - 1];
        struct history_query query =
            rollup_query(rollups, point, stretch->tier, stretch->from_ns, stretch->to_ns);
        enum err err = history_scan_row(run->aside, &query);
        rollups->scanning = true;
        return err == OK ? ERR_BUSY : run_history_failed(run, err);
    }
    enum err err = history_scan_next(run->aside, &piece);
    if (err == ERR_MISSING) {
        rollups->count--;
        rollups->scanning = false;
        return rollups->count == 0 ? OK : ERR_BUSY;
    }
    if (err != OK)
        return run_history_failed(run, err);
    return piece_give(run, point, &piece, each) ? ERR_BUSY : run_no_memory(run);
}
