/* Buckets: the points of a row are read together, a track each, so that times and chunks are looked
 * at once. By path, a row's buckets are written when the row is over (those of a single point while
 * it goes on); of groups, all tracks add to the cells of their group, which are written at the end.
 *
 * Where whole chunks lie in one bucket their summaries stand for their samples. A summary that says
 * too little (not all its samples are good) has its samples read after all, by a scan of their own,
 * before the next piece is looked at: so times still come in order. */
#include "query/run.h"

#include <stdlib.h>
#include <string.h>

#define TOLD_EARLY 1024 /* results of a single point that are written before it is over */

/* ---- beginning --------------------------------------------------------------------------------
 */
static enum err grid_make(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    enum err err = grid_init(&buckets->grid, &run->request, run->zone);
    if (err == ERR_NO_MEMORY)
        return run_no_memory(run);
    if (err == OK && buckets->plans[VALUE_FLOAT64].time && buckets->grid.count > RUN_HELD_BUCKETS)
        return run_fail(run, QUERY_WRONG,
                        "time_mean goes through %lld buckets at most: take a larger step",
                        (long long)RUN_HELD_BUCKETS);
    if (err != OK)
        return run_fail(run, QUERY_WRONG, "a range has %lld buckets at most: take a larger step",
                        (long long)QUERY_BUCKETS_MAX);
    if (buckets->grid.edges != NULL &&
        !purse_take(&run->purse, (uint64_t)buckets->grid.count * sizeof *buckets->grid.edges))
        return run_no_memory(run);
    return OK;
}

static struct bytes path_level(struct bytes path, uint8_t level)
{
    size_t size = 0;
    while (size < path.size && (path.at[size] != '/' || --level > 0))
        size++;
    return bytes_of(path.at, size);
}

static struct bytes group_key(const struct query_run *run, const struct query_point *point)
{
    switch (run->request.by) {
    case QUERY_BY_LEVEL:
        return path_level(point->path, run->request.level);
    case QUERY_BY_LABEL:
        return point->label;
    default:
        return bytes_text("all");
    }
}

/* The group of a point: numbers float64 when they are not of one type, and then without strings. */
static void group_join(struct group *group, uint8_t type)
{
    group->points++;
    if (group->type == 0)
        group->type = type;
    if (group->type != type)
        group->type = VALUE_FLOAT64;
}

static bool group_find(struct query_run *run, size_t at, uint32_t *table, size_t mask)
{
    struct run_buckets *buckets = &run->buckets;
    const struct query_point *point = &run->points[at];
    struct bytes key = group_key(run, point);
    size_t place = (size_t)hash64(key.at, key.size, 7) & mask;
    while (table[place] != 0 && !bytes_equal(buckets->groups[table[place] - 1].key, key))
        place = (place + 1) & mask;
    if (table[place] == 0) {
        if (!purse_grow(&run->purse, &buckets->groups, &buckets->group_capacity,
                        buckets->group_count + 1, sizeof *buckets->groups))
            return false;
        buckets->groups[buckets->group_count] = (struct group){.key = key};
        table[place] = (uint32_t)++buckets->group_count;
    }
    buckets->group_of[at] = table[place] - 1;
    group_join(&buckets->groups[table[place] - 1], point->type);
    return true;
}

static int group_compare(const void *a, const void *b, void *arg)
{
    const struct group *groups = arg;
    size_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return bytes_compare(groups[x].key, groups[y].key);
}

static bool groups_cells(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    uint64_t count = (uint64_t)buckets->grid.count;
    for (size_t i = 0; i < buckets->group_count; i++) {
        if (!purse_take(&run->purse, count * sizeof(struct fold_cell)))
            return false;
        buckets->groups[i].cells = calloc(count > 0 ? count : 1, sizeof(struct fold_cell));
        if (buckets->groups[i].cells == NULL)
            return false;
        buckets->group_order[i] = i;
    }
    if (buckets->group_count > 1)
        qsort_r(buckets->group_order, buckets->group_count, sizeof(size_t), group_compare,
                buckets->groups);
    return true;
}

static enum err groups_make(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    size_t size = 16;
    while (size < run->point_count * 2)
        size *= 2;
    if (!purse_take(&run->purse, size * sizeof(uint32_t) + run->point_count * 2 * sizeof(uint32_t)))
        return run_no_memory(run);
    uint32_t *table = calloc(size, sizeof *table);
    bool fits = table != NULL;
    buckets->group_of = calloc(run->point_count + 1, sizeof *buckets->group_of);
    fits = fits && buckets->group_of != NULL;
    for (size_t i = 0; i < run->point_count && fits; i++)
        fits = group_find(run, i, table, size - 1);
    free(table);
    buckets->group_order = calloc(buckets->group_count + 1, sizeof *buckets->group_order);
    if (!fits || buckets->group_order == NULL || !groups_cells(run))
        return run_no_memory(run);
    return OK;
}

enum err buckets_begin(struct query_run *run, struct disk *zones)
{
    struct run_buckets *buckets = &run->buckets;
    const struct query_request *request = &run->request;
    enum err err = zone_open(zones, request->zone, &run->zone);
    if (err != OK)
        return run_fail(run, QUERY_ZONE,
                        err == ERR_CORRUPT || err == ERR_IO
                            ? "the time zone \"%s\" cannot be read"
                            : "there is no time zone \"%s\": names are as Europe/Berlin, "
                              "Asia/Shanghai or UTC",
                        request->zone);
    for (uint8_t type = VALUE_FLOAT64; type <= VALUE_STRING; type++)
        fold_plan_make(&buckets->plans[type], type, request->aggregates, request->aggregate_count);
    err = grid_make(run);
    if (err != OK)
        return err;
    if (!purse_take(&run->purse, sizeof *buckets->scratch))
        return run_no_memory(run);
    buckets->scratch = malloc(sizeof *buckets->scratch);
    if (buckets->scratch == NULL)
        return run_no_memory(run);
    return request->by != QUERY_BY_PATH ? groups_make(run) : OK;
}

void buckets_done(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    for (size_t i = 0; i < buckets->track_count; i++)
        track_done(&buckets->tracks[i]);
    purse_free(&run->purse, buckets->tracks, buckets->track_capacity, sizeof *buckets->tracks);
    for (size_t i = 0; i < buckets->group_count; i++) {
        struct group *group = &buckets->groups[i];
        for (int64_t j = 0; group->cells != NULL && j < buckets->grid.count; j++)
            fold_cell_done(&group->cells[j], &run->purse);
        free(group->cells);
    }
    purse_free(&run->purse, buckets->groups, buckets->group_capacity, sizeof *buckets->groups);
    track_results_done(&buckets->group_results, &run->purse);
    free(buckets->group_of);
    free(buckets->group_order);
    free(buckets->scratch);
    grid_done(&buckets->grid);
    memset(buckets, 0, sizeof *buckets);
}

/* ---- a row ------------------------------------------------------------------------------------
 */
/* May these samples be told as a summary? Where they lie in one bucket. */
static bool piece_is_whole(void *arg, int64_t first_ns, int64_t last_ns)
{
    const struct grid *grid = arg;
    return grid_index(grid, first_ns) == grid_index(grid, last_ns);
}

static int64_t held_until(const struct query_run *run)
{
    return run->request.to_ns < run->request.now_ns ? run->request.to_ns : run->request.now_ns;
}

static bool tracks_make(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    uint32_t row = run->points[run->at].row;
    size_t count = 0;
    while (run->at + count < run->point_count && run->points[run->at + count].row == row)
        count++;
    if (!purse_grow(&run->purse, &buckets->tracks, &buckets->track_capacity, count,
                    sizeof *buckets->tracks))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct query_point *point = &run->points[run->at + i];
        const struct group *group =
            buckets->groups != NULL ? &buckets->groups[buckets->group_of[run->at + i]] : NULL;
        track_begin(&buckets->tracks[i], point->type,
                    &buckets->plans[group != NULL ? group->type : point->type], &buckets->grid,
                    &run->purse, group != NULL ? group->cells : NULL, held_until(run));
        buckets->columns[i] = (uint8_t)point->column;
        buckets->types[i] = point->type;
    }
    buckets->track_count = count;
    buckets->track_at = 0;
    return true;
}

/* Strings among numbers are not folded. */
static bool track_is_out(const struct track *track)
{
    return track->type == VALUE_STRING && track->plan->type != VALUE_STRING;
}

static enum err row_begin(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    if (run->at == run->point_count || buckets->grid.count == 0) {
        buckets->phase = buckets->groups != NULL ? BUCKETS_GROUPS : BUCKETS_DONE;
        if (buckets->phase == BUCKETS_DONE && run->at < run->point_count) {
            for (; run->at < run->point_count; run->at++) { /* an empty range */
                run_point_put(run, &run->points[run->at]);
                run_point_end(run);
            }
        }
        return ERR_BUSY;
    }
    if (!tracks_make(run))
        return run_no_memory(run);
    buckets->phase = BUCKETS_ROLLED;
    bool summaries = true;
    for (size_t i = 0; i < buckets->track_count; i++)
        summaries = summaries && fold_plan_takes_summaries(buckets->tracks[i].plan);
    const struct history_query query = {.tier = PART_RAW,
                                        .row = run->points[run->at].row,
                                        .columns = buckets->columns,
                                        .types = buckets->types,
                                        .count = (uint16_t)buckets->track_count,
                                        .from_ns = run->request.from_ns,
                                        .to_ns = run->request.to_ns,
                                        .whole = summaries ? piece_is_whole : NULL,
                                        .arg = &buckets->grid};
    enum err err = history_scan_row(run->scan, &query);
    return err == OK ? ERR_BUSY : run_history_failed(run, err);
}

static bool rollup_each(struct query_run *run, const struct chunk_summary *summary,
                        int64_t begin_ns)
{
    struct run_buckets *buckets = &run->buckets;
    return track_rollup(&buckets->tracks[buckets->track_at], summary, begin_ns);
}

/* Track by track: where raw samples are gone, rollups stand for them. */
static enum err track_rolled(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    const struct query_point *point = &run->points[run->at + buckets->track_at];
    bool out = track_is_out(&buckets->tracks[buckets->track_at]);
    enum err err = OK;
    if (!run->rolled) {
        run->rollups.count = 0;
        err = out ? OK : rollups_begin(run, point);
        run->rolled = err == OK;
    }
    if (err == OK)
        err = rollups_step(run, point, rollup_each);
    if (err != OK)
        return err;
    run->rolled = false;
    if (++buckets->track_at == buckets->track_count) {
        buckets->track_at = 0;
        buckets->phase = buckets->plans[VALUE_FLOAT64].time ? BUCKETS_HOLD : BUCKETS_SCAN;
    }
    return ERR_BUSY;
}

/* The sample before the range, or behind it: does it have a value that counts? */
static enum err neighbour_find(struct query_run *run, const struct query_point *point,
                               int64_t time_ns, enum history_seek seek,
                               struct history_sample *ret_sample, bool *ret_found)
{
    struct history_scan *aside;
    enum err err = run_aside(run, &aside);
    if (err != OK)
        return err;
    err = history_sample_find(aside, point->row, (uint8_t)point->column, point->type, time_ns, seek,
                              ret_sample);
    if (err != OK && err != ERR_MISSING)
        return run_history_failed(run, err);
    *ret_found = err == OK && fold_takes(ret_sample->value.present ? CELL_VALUE : CELL_NO_VALUE,
                                         ret_sample->value.quality);
    return OK;
}

static enum err track_hold_before(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    struct track *track = &buckets->tracks[buckets->track_at];
    struct history_sample sample;
    bool found = false;
    if (track->plan->time && track->type != VALUE_STRING && run->request.from_ns > TIME_MIN_NS) {
        enum err err = neighbour_find(run, &run->points[run->at + buckets->track_at],
                                      run->request.from_ns - 1, HISTORY_BEFORE, &sample, &found);
        if (err != OK)
            return err;
        if (found && track->bucket < 0) /* else rollups came meanwhile */
            track_hold(track, fold_real(track->type, chunk_word(&sample.value)));
    }
    if (++buckets->track_at == buckets->track_count) {
        buckets->track_at = 0;
        buckets->phase = BUCKETS_SCAN;
    }
    return ERR_BUSY;
}

/* ---- pieces -----------------------------------------------------------------------------------
 */
static enum err redo_begin(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    for (uint16_t i = 0; i < buckets->redo_count; i++) {
        buckets->redo_columns[i] = buckets->columns[buckets->redo[i]];
        buckets->redo_types[i] = buckets->types[buckets->redo[i]];
    }
    struct history_scan *aside;
    enum err err = run_aside(run, &aside);
    if (err != OK)
        return err;
    const struct history_query query = {.tier = PART_RAW,
                                        .row = run->points[run->at].row,
                                        .columns = buckets->redo_columns,
                                        .types = buckets->redo_types,
                                        .count = buckets->redo_count,
                                        .from_ns = run->piece.first_ns,
                                        .to_ns = run->piece.last_ns + 1};
    err = history_scan_row(aside, &query);
    if (err != OK)
        return run_history_failed(run, err);
    buckets->phase = BUCKETS_REDO;
    return ERR_BUSY;
}

static enum err redo_step(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    struct history_piece piece;
    enum err err = history_scan_next(run->aside, &piece);
    if (err == ERR_MISSING) {
        buckets->phase = BUCKETS_SCAN;
        return ERR_BUSY;
    }
    if (err != OK)
        return run_history_failed(run, err);
    for (uint16_t i = 0; i < buckets->redo_count; i++)
        if (!track_feed(&buckets->tracks[buckets->redo[i]], &piece.rows.columns[i],
                        piece.rows.times, piece.rows.rows, buckets->scratch))
            return run_no_memory(run);
    return ERR_BUSY;
}

static enum err piece_summaries(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    buckets->redo_count = 0;
    for (size_t i = 0; i < buckets->track_count; i++) {
        struct track *track = &buckets->tracks[i];
        const struct chunk_summary *summary = &run->piece.summaries[i];
        if (track_is_out(track) || summary->samples == 0)
            continue;
        if (!fold_takes_summary(track->plan, summary))
            buckets->redo[buckets->redo_count++] = (uint16_t)i;
        else if (!track_summary(track, summary, run->piece.first_ns))
            return run_no_memory(run);
    }
    return buckets->redo_count > 0 ? redo_begin(run) : ERR_BUSY;
}

static enum err row_over(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    for (size_t i = 0; i < buckets->track_count; i++)
        if (!track_end(&buckets->tracks[i]))
            return run_no_memory(run);
    buckets->track_at = 0;
    run->ended = true;
    buckets->phase = BUCKETS_TELL;
    if (buckets->groups == NULL)
        return ERR_BUSY;
    for (size_t i = 0; i < buckets->track_count; i++)
        track_done(&buckets->tracks[i]);
    run->at += buckets->track_count;
    buckets->track_count = 0;
    buckets->phase = BUCKETS_ROW;
    return ERR_BUSY;
}

static enum err row_scan(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    enum err err = history_scan_next(run->scan, &run->piece);
    if (err == ERR_MISSING)
        return row_over(run);
    if (err != OK)
        return run_history_failed(run, err);
    if (run->piece.summaries != NULL)
        return piece_summaries(run);
    const struct chunk_rows *rows = &run->piece.rows;
    for (size_t i = 0; i < buckets->track_count; i++)
        if (!track_is_out(&buckets->tracks[i]) &&
            !track_feed(&buckets->tracks[i], &rows->columns[i], rows->times, rows->rows,
                        buckets->scratch))
            return run_no_memory(run);
    const struct track *only = &buckets->tracks[0];
    if (buckets->track_count == 1 && buckets->groups == NULL && only->type != VALUE_STRING &&
        only->results.count >= TOLD_EARLY) {
        run->ended = false;
        buckets->phase = BUCKETS_TELL;
    }
    return ERR_BUSY;
}

/* ---- writing ----------------------------------------------------------------------------------
 */
static void row_put(struct query_run *run, int64_t bucket, const struct fold_value *values,
                    const uint8_t *texts)
{
    sheet_row(&run->sheet, grid_edge(&run->buckets.grid, bucket));
    for (size_t i = 0; i < run->request.aggregate_count; i++) {
        sheet_cell(&run->sheet, run->request.aggregates[i].name);
        sheet_put_value(&run->sheet, &values[i], texts);
    }
    sheet_row_end(&run->sheet);
}

/* What a sample beside the range says of each aggregate, as a bucket before or behind. */
static void neighbour_values(const struct query_run *run, uint8_t type,
                             const struct history_sample *sample, struct fold_value *values)
{
    uint64_t word = chunk_word(&sample->value);
    for (size_t i = 0; i < run->request.aggregate_count; i++) {
        switch (run->request.aggregates[i].kind) {
        case QUERY_COUNT:
        case QUERY_SUM:
        case QUERY_STDDEV:
            values[i] = (struct fold_value){.kind = FOLD_NOTHING};
            break;
        case QUERY_MEAN:
        case QUERY_TIME_MEAN:
        case QUERY_PERCENTILE:
            values[i] = (struct fold_value){.kind = FOLD_REAL, .real = fold_real(type, word)};
            break;
        default:
            values[i] =
                type == VALUE_FLOAT64
                    ? (struct fold_value){.kind = FOLD_REAL, .real = fold_real(type, word)}
                    : (struct fold_value){.kind = type == VALUE_BOOL ? FOLD_BOOL : FOLD_WHOLE,
                                          .whole = (int64_t)word};
        }
    }
}

/* Of groups there is no sample beside; of strings only what a bucket says is repeated. */
static enum err tell_neighbour(struct query_run *run, const struct query_point *point, bool before)
{
    struct tell *tell = &run->buckets.tell;
    struct history_sample sample;
    bool found = false;
    if (point == NULL || point->type == VALUE_STRING || run->request.fill == QUERY_FILL_NONE ||
        run->request.fill == QUERY_FILL_NULL)
        return OK;
    enum err err =
        neighbour_find(run, point, before ? run->request.from_ns - 1 : run->request.to_ns,
                       before ? HISTORY_BEFORE : HISTORY_AFTER, &sample, &found);
    if (err != OK || !found)
        return err;
    neighbour_values(run, point->type, &sample, before ? tell->previous : tell->next);
    if (before) {
        tell->has_previous = true;
        tell->previous_ns = sample.time_ns;
    } else {
        tell->has_next = true;
        tell->next_ns = sample.time_ns;
    }
    return OK;
}

static bool value_number(const struct fold_value *value, double *ret_real)
{
    *ret_real = value->kind == FOLD_REAL ? value->real : (double)value->whole;
    return value->kind == FOLD_REAL || value->kind == FOLD_WHOLE || value->kind == FOLD_BOOL;
}

/* On the line between the neighbours, where both are numbers. */
static struct fold_value value_between(const struct fold_value *a, int64_t a_ns,
                                       const struct fold_value *b, int64_t b_ns, int64_t time_ns)
{
    double low, high;
    if (!value_number(a, &low) || !value_number(b, &high) || b_ns <= a_ns)
        return (struct fold_value){.kind = FOLD_NOTHING};
    double share = (double)(time_ns - a_ns) / (double)(b_ns - a_ns);
    return (struct fold_value){.kind = FOLD_REAL, .real = low + (high - low) * share};
}

/* An empty bucket. next: the values of the bucket or sample behind it, NULL: there is none. */
static void filled_put(struct query_run *run, const struct fold_value *next, int64_t next_ns,
                       const uint8_t *texts)
{
    const struct tell *tell = &run->buckets.tell;
    int64_t time_ns = grid_edge(&run->buckets.grid, tell->bucket);
    struct fold_value values[QUERY_AGGREGATES_MAX];
    for (size_t i = 0; i < run->request.aggregate_count; i++) {
        values[i] = (struct fold_value){.kind = FOLD_NOTHING};
        if (run->request.aggregates[i].kind == QUERY_COUNT)
            values[i] = (struct fold_value){.kind = FOLD_WHOLE, .whole = 0};
        else if (run->request.fill == QUERY_FILL_PREVIOUS && tell->has_previous)
            values[i] = tell->previous[i];
        else if (run->request.fill == QUERY_FILL_LINEAR && tell->has_previous && next != NULL)
            values[i] =
                value_between(&tell->previous[i], tell->previous_ns, &next[i], next_ns, time_ns);
    }
    row_put(run, tell->bucket, values, texts);
}

static void result_put(struct query_run *run, const struct track_results *results)
{
    struct tell *tell = &run->buckets.tell;
    size_t count = run->request.aggregate_count;
    const struct fold_value *values = results->values + tell->result * count;
    row_put(run, results->buckets[tell->result], values, results->texts);
    memcpy(tell->previous, values, count * sizeof *values);
    tell->has_previous = true;
    tell->previous_ns = grid_edge(&run->buckets.grid, results->buckets[tell->result]);
    tell->bucket = results->buckets[tell->result] + 1;
    tell->result++;
}

/* Buckets behind the last one with samples. */
static enum err tail_put(struct query_run *run, const struct query_point *point,
                         const uint8_t *texts)
{
    struct tell *tell = &run->buckets.tell;
    if (!tell->looked_next && tell->bucket < run->buckets.grid.count &&
        run->request.fill == QUERY_FILL_LINEAR) {
        enum err err = tell_neighbour(run, point, false);
        if (err != OK)
            return err;
    }
    tell->looked_next = true;
    while (tell->bucket < run->buckets.grid.count) {
        if (run->sheet.size >= QUERY_BLOCK_BYTES)
            return ERR_BUSY;
        filled_put(run, tell->has_next ? tell->next : NULL, tell->next_ns, texts);
        tell->bucket++;
    }
    return OK;
}

/* Writes results; final: there are no more of this point or group. ERR_BUSY: call again. */
static enum err tell_results(struct query_run *run, const struct track_results *results,
                             const struct query_point *point, bool final)
{
    struct tell *tell = &run->buckets.tell;
    size_t count = run->request.aggregate_count;
    bool fills = run->request.fill != QUERY_FILL_NONE;
    if (!tell->begun) {
        tell->begun = true;
        bool gap = results->count == 0 || results->buckets[0] > 0;
        enum err err = fills && gap ? tell_neighbour(run, point, true) : OK;
        if (err != OK)
            return err;
    }
    while (tell->result < results->count) {
        if (run->sheet.size >= QUERY_BLOCK_BYTES)
            return ERR_BUSY;
        if (fills && tell->bucket < results->buckets[tell->result]) {
            filled_put(run, results->values + tell->result * count,
                       grid_edge(&run->buckets.grid, results->buckets[tell->result]),
                       results->texts);
            tell->bucket++;
        } else {
            result_put(run, results);
        }
    }
    return final && fills ? tail_put(run, point, results->texts) : OK;
}

static enum err track_tell(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    struct track *track = &buckets->tracks[buckets->track_at];
    const struct query_point *point = &run->points[run->at + buckets->track_at];
    if (!run->in_point) {
        run_point_put(run, point);
        run->in_point = true;
    }
    enum err err = tell_results(run, &track->results, point, run->ended);
    if (err != OK)
        return err;
    track->results.count = buckets->tell.result = 0;
    if (!run->ended) {
        buckets->phase = BUCKETS_SCAN;
        return ERR_BUSY;
    }
    run_point_end(run);
    run->in_point = false;
    track_done(track);
    memset(&buckets->tell, 0, sizeof buckets->tell);
    if (++buckets->track_at == buckets->track_count) {
        run->at += buckets->track_count;
        buckets->track_count = 0;
        buckets->phase = BUCKETS_ROW;
    }
    return ERR_BUSY;
}

/* ---- groups -----------------------------------------------------------------------------------
 */
static void group_put(struct query_run *run, const struct group *group)
{
    struct sheet *sheet = &run->sheet;
    sheet_prefix(sheet, "group", group->key);
    if (sheet->format != QUERY_JSON)
        return;
    sheet_put_text(sheet, sheet->points_begun ? ",{\"group\":" : "{\"group\":");
    sheet->points_begun = true;
    sheet_put_json(sheet, group->key);
    sheet_put_text(sheet, ",\"points\":");
    sheet_put_count(sheet, group->points);
    sheet_put_text(sheet, ",\"type\":\"");
    sheet_put_text(sheet, value_type_name(group->type));
    sheet_put_text(sheet, "\",\"buckets\":[");
}

static bool group_results(struct query_run *run, const struct group *group)
{
    struct run_buckets *buckets = &run->buckets;
    const struct fold_plan *plan = &buckets->plans[group->type];
    for (int64_t i = 0; i < buckets->grid.count; i++) {
        struct fold_cell *cell = &group->cells[i];
        if (!fold_cell_is_empty(cell) &&
            !track_results_add(&buckets->group_results, &run->purse, plan, cell, i))
            return false;
        fold_cell_done(cell, &run->purse);
    }
    return true;
}

static enum err group_tell(struct query_run *run)
{
    struct run_buckets *buckets = &run->buckets;
    if (buckets->group_at == buckets->group_count) {
        buckets->phase = BUCKETS_DONE;
        return ERR_BUSY;
    }
    const struct group *group = &buckets->groups[buckets->group_order[buckets->group_at]];
    if (!run->in_point) {
        group_put(run, group);
        run->in_point = true;
        if (!group_results(run, group))
            return run_no_memory(run);
    }
    enum err err = tell_results(run, &buckets->group_results, NULL, true);
    if (err != OK)
        return err;
    run_point_end(run);
    run->in_point = false;
    track_results_done(&buckets->group_results, &run->purse);
    memset(&buckets->tell, 0, sizeof buckets->tell);
    buckets->group_at++;
    return ERR_BUSY;
}

enum err buckets_step(struct query_run *run)
{
    switch (run->buckets.phase) {
    case BUCKETS_ROW:
        return row_begin(run);
    case BUCKETS_ROLLED:
        return track_rolled(run);
    case BUCKETS_HOLD:
        return track_hold_before(run);
    case BUCKETS_SCAN:
        return row_scan(run);
    case BUCKETS_REDO:
        return redo_step(run);
    case BUCKETS_TELL:
        return track_tell(run);
    case BUCKETS_GROUPS:
        return group_tell(run);
    case BUCKETS_DONE:
        break;
    }
    return OK;
}
