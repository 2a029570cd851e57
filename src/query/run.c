/* A question from its head to its tail. */
#include "query/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MISSING_TOLD 32
#define MISSING_POINTS 100

/* ---- the end ----------------------------------------------------------------------------------
 */
enum err run_fail(struct query_run *run, enum query_end end, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(run->fault, sizeof run->fault, format, args);
    va_end(args);
    run->end = end;
    return ERR_LIMIT;
}

enum err run_no_memory(struct query_run *run)
{
    return run_fail(run, QUERY_MEMORY,
                    "all questions together may hold query.memory: ask for less, or later");
}

enum err run_history_failed(struct query_run *run, enum err err)
{
    if (err == ERR_NO_MEMORY)
        return run_no_memory(run);
    return run_fail(run, QUERY_FAILED, "the history cannot be read: %s", err_text(err));
}

static void cost_add(struct history_cost *sum, const struct history_scan *scan)
{
    struct history_cost cost;
    if (scan == NULL)
        return;
    history_scan_cost(scan, &cost);
    sum->chunks += cost.chunks;
    sum->summaries += cost.summaries;
    sum->samples += cost.samples;
    sum->bytes += cost.bytes;
    sum->missing += cost.missing;
}

static void run_cost(struct query_run *run)
{
    struct history_cost sum = {0};
    cost_add(&sum, run->scan);
    cost_add(&sum, run->aside);
    run->cost.points = run->point_count;
    run->cost.samples = sum.samples;
    run->cost.chunks = sum.chunks;
    run->cost.summaries = sum.summaries;
    run->cost.bytes = sum.bytes;
}

void run_close(struct query_run *run)
{
    run_cost(run);
    sketch_done(&run->sketch);
    buckets_done(run);
    sheet_done(&run->sheet);
    zone_close(run->zone);
    http_gzip_destroy(run->gzip);
    if (run->scan != NULL)
        history_scan_destroy(run->scan);
    if (run->aside != NULL)
        history_scan_destroy(run->aside);
    history_view_close(run->view);
    query_selection_destroy(run->selection);
    run->zone = NULL;
    run->gzip = NULL;
    run->scan = run->aside = NULL;
    run->view = NULL;
    run->selection = NULL;
    purse_done(&run->purse);
}

enum err run_aside(struct query_run *run, struct history_scan **ret_scan)
{
    if (run->aside == NULL) {
        enum err err = history_scan_create(run->view, &run->aside);
        if (err != OK)
            return run_history_failed(run, err);
    }
    *ret_scan = run->aside;
    return OK;
}

/* ---- the head ---------------------------------------------------------------------------------
 */
static const char *run_member(const struct query_run *run)
{
    static const char *const members[] = {[QUERY_SAMPLES] = "samples",
                                          [QUERY_BUCKETS] = "buckets",
                                          [QUERY_TREND] = "samples",
                                          [QUERY_LATEST] = "sample"};
    return members[run->request.kind];
}

static void head_csv(struct query_run *run)
{
    const struct query_request *request = &run->request;
    struct sheet *sheet = &run->sheet;
    bool grouped = request->kind == QUERY_BUCKETS && request->by != QUERY_BY_PATH;
    sheet_put_text(sheet, grouped ? "group,time" : "path,time");
    if (request->kind == QUERY_BUCKETS) {
        for (size_t i = 0; i < request->aggregate_count; i++) {
            sheet_put_text(sheet, ",");
            sheet_put_text(sheet, request->aggregates[i].name);
        }
    } else {
        sheet_put_text(sheet, ",value,quality");
        if (request->kind == QUERY_SAMPLES && request->arrival)
            sheet_put_text(sheet, ",lateness");
    }
    sheet_put_text(sheet, "\r\n");
}

static void head_json(struct query_run *run)
{
    const struct query_request *request = &run->request;
    struct sheet *sheet = &run->sheet;
    if (request->kind == QUERY_LATEST) {
        sheet_put_text(sheet, "{\"at\":");
        sheet_put_time(sheet, request->to_ns);
    } else {
        sheet_put_text(sheet, "{\"from\":");
        sheet_put_time(sheet, request->from_ns);
        sheet_put_text(sheet, ",\"to\":");
        sheet_put_time(sheet, request->to_ns);
    }
    if (request->kind == QUERY_BUCKETS) {
        sheet_put_text(sheet, ",\"aggregates\":[");
        for (size_t i = 0; i < request->aggregate_count; i++) {
            sheet_put_text(sheet, i > 0 ? "," : "");
            sheet_put_json(sheet, bytes_text(request->aggregates[i].name));
        }
        sheet_put_text(sheet, "]");
    }
    sheet_put_text(sheet, ",\"points\":[");
}

void run_point_put(struct query_run *run, const struct query_point *point)
{
    struct sheet *sheet = &run->sheet;
    sheet_prefix(sheet, "path", point->path);
    if (sheet->format != QUERY_JSON)
        return;
    sheet_put_text(sheet, sheet->points_begun ? ",{\"path\":" : "{\"path\":");
    sheet->points_begun = true;
    sheet_put_json(sheet, point->path);
    sheet_put_text(sheet, ",\"point\":");
    sheet_put_count(sheet, point->point);
    sheet_put_text(sheet, ",\"type\":\"");
    sheet_put_text(sheet, value_type_name(point->type));
    sheet_put_text(sheet, "\",\"unit\":");
    sheet_put_json(sheet, point->unit);
    if (run->request.kind == QUERY_SAMPLES || run->request.kind == QUERY_BUCKETS) {
        sheet_put_text(sheet, ",\"");
        sheet_put_text(sheet, run_member(run));
        sheet_put_text(sheet, "\":[");
    }
}

void run_point_end(struct query_run *run)
{
    if (run->sheet.format == QUERY_JSON)
        sheet_put_text(&run->sheet, "]}");
}

void run_sample_put(struct query_run *run, uint8_t type, bool valued, uint64_t word,
                    struct bytes text, uint8_t quality, bool always_quality)
{
    struct sheet *sheet = &run->sheet;
    sheet_cell(sheet, "value");
    if (!valued)
        sheet_put_null(sheet);
    else if (type == VALUE_STRING)
        sheet_put_string(sheet, text);
    else
        sheet_put_word(sheet, type, word);
    if (sheet->format == QUERY_JSON && quality == QUALITY_GOOD && !always_quality)
        return;
    sheet_cell(sheet, "quality");
    sheet_put_quality(sheet, quality);
}

static enum err run_begin(struct query_run *run, struct disk *zones)
{
    run->points = query_selection_points(run->selection, &run->point_count);
    run->left = run->request.limit;
    sheet_init(&run->sheet, run->request.format, run->request.times);
    enum err err = history_scan_create(run->view, &run->scan);
    if (err != OK)
        return run_history_failed(run, err);
    if (run->request.kind == QUERY_BUCKETS && (err = buckets_begin(run, zones)) != OK)
        return err;
    if (run->request.format == QUERY_JSON)
        head_json(run);
    else if (run->request.format == QUERY_CSV)
        head_csv(run);
    run->begun = true;
    return OK;
}

/* ---- the tail ---------------------------------------------------------------------------------
 */
/* The first place in the selection whose row is this one or higher. */
static size_t place_of_row(const struct query_run *run, uint32_t row)
{
    size_t low = 0, high = run->point_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (run->points[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void time_or_null(struct sheet *sheet, int64_t time_ns)
{
    if (time_ns == INT64_MIN || time_ns == INT64_MAX)
        sheet_put_null(sheet);
    else
        sheet_put_time(sheet, time_ns);
}

/* The scan beside meets the same damage. */
static bool missing_is_told(const struct history_missing *told, size_t count,
                            const struct history_missing *missing)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(told[i].file, missing->file) == 0 && told[i].row == missing->row &&
            told[i].first_ns == missing->first_ns && told[i].last_ns == missing->last_ns)
            return true;
    return false;
}

/* Nothing when it concerns none of the points, or not this range. */
static void missing_put(struct query_run *run, const struct history_missing *missing, bool *begun)
{
    struct sheet *sheet = &run->sheet;
    bool ranged = run->request.kind != QUERY_LATEST;
    size_t place = place_of_row(run, missing->row);
    if (place == run->point_count || run->points[place].row > missing->row_last)
        return;
    if (missing->first_ns >= run->request.to_ns ||
        (ranged && missing->last_ns < run->request.from_ns))
        return;
    sheet_put_text(sheet, *begun ? ",{\"file\":" : "{\"file\":");
    *begun = true;
    sheet_put_json(sheet, bytes_text(missing->file));
    sheet_put_text(sheet, ",\"points\":[");
    for (size_t i = 0; i < MISSING_POINTS && place + i < run->point_count &&
                       run->points[place + i].row <= missing->row_last;
         i++) {
        if (i > 0)
            sheet_put_text(sheet, ",");
        sheet_put_count(sheet, run->points[place + i].point);
    }
    sheet_put_text(sheet, "],\"first\":");
    time_or_null(sheet, missing->first_ns);
    sheet_put_text(sheet, ",\"last\":");
    time_or_null(sheet, missing->last_ns);
    sheet_put_text(sheet, ",\"why\":");
    sheet_put_json(sheet, bytes_text(missing->why));
    sheet_put_text(sheet, "}");
}

static enum err tail_missing(struct query_run *run)
{
    struct history_missing *missing = calloc(3 * MISSING_TOLD, sizeof *missing);
    bool begun = false;
    if (missing == NULL)
        return run_no_memory(run);
    size_t count = history_view_missing(run->view, missing, MISSING_TOLD);
    count = count < MISSING_TOLD ? count : MISSING_TOLD;
    const struct history_scan *scans[] = {run->scan, run->aside};
    for (size_t s = 0; s < ARRAY_COUNT(scans); s++) {
        size_t more =
            scans[s] != NULL ? history_scan_missing(scans[s], missing + count, MISSING_TOLD) : 0;
        count += more < MISSING_TOLD ? more : MISSING_TOLD;
    }
    sheet_put_text(&run->sheet, "\"missing\":[");
    for (size_t i = 0; i < count; i++)
        if (!missing_is_told(missing, i, &missing[i]))
            missing_put(run, &missing[i], &begun);
    sheet_put_text(&run->sheet, "],");
    free(missing);
    return OK;
}

static void tail_unknown(struct query_run *run)
{
    size_t count = query_selection_unknown(run->selection);
    sheet_put_text(&run->sheet, "\"unknown\":[");
    for (size_t i = 0; i < count; i++) {
        sheet_put_text(&run->sheet, i > 0 ? "," : "");
        sheet_put_json(&run->sheet, query_selection_unknown_at(run->selection, i));
    }
    sheet_put_text(&run->sheet, "],");
}

static void tail_cost(struct query_run *run)
{
    run_cost(run);
    const struct query_cost *cost = &run->cost;
    const struct {
        const char *name;
        uint64_t count;
    } members[] = {{"\"points\":", cost->points},
                   {",\"samples\":", cost->samples},
                   {",\"chunks\":", cost->chunks},
                   {",\"summaries\":", cost->summaries},
                   {",\"bytes\":", cost->bytes}};
    sheet_put_text(&run->sheet, "\"cost\":{");
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        sheet_put_text(&run->sheet, members[i].name);
        sheet_put_count(&run->sheet, members[i].count);
    }
    sheet_put_text(&run->sheet, ",\"ms\":");
    sheet_put_real(&run->sheet, (double)(cost->ns / NS_PER_US) / 1000);
    sheet_put_text(&run->sheet, "}}");
}

static enum err run_tail(struct query_run *run)
{
    if (run->request.format == QUERY_CSV)
        return OK;
    sheet_put_text(&run->sheet, run->request.format == QUERY_JSON ? "]," : "{");
    if (run->request.kind == QUERY_SAMPLES)
        sheet_put_text(&run->sheet, run->more ? "\"more\":true," : "\"more\":false,");
    tail_unknown(run);
    enum err err = tail_missing(run);
    if (err != OK)
        return err;
    tail_cost(run);
    if (run->request.format == QUERY_NDJSON)
        sheet_put_text(&run->sheet, "\n");
    return OK;
}

enum err run_step(struct query_run *run, struct disk *zones)
{
    static enum err (*const steps[])(struct query_run *) = {[QUERY_SAMPLES] = samples_step,
                                                            [QUERY_BUCKETS] = buckets_step,
                                                            [QUERY_TREND] = trend_step,
                                                            [QUERY_LATEST] = latest_step};
    enum err err = OK;
    if (!run->begun)
        err = run_begin(run, zones);
    if (err == OK)
        err = steps[run->request.kind](run);
    if (err == OK)
        err = run_tail(run);
    if (err == ERR_BUSY || err == OK) {
        if (run->sheet.failed || run->purse.empty)
            return run_no_memory(run);
    }
    if (err == OK)
        run->end = QUERY_DONE;
    return err;
}
