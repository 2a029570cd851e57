/* One row of a view after another. What parts and windows have of the row are entries with a first
 * and a last time. Where entries do not overlap their samples are given as they lie; where they do,
 * they are merged row by row, and of the same time each cell is that of the source that came last.
 *
 * Backward the same is done slice by slice: a slice begins with the first time of an entry and ends
 * where the one given before began. */
#include "history/room.h"

#include <stdlib.h>
#include <string.h>

#define DIRECT_ROWS 256 /* so many rows in a stretch are given where they lie */

/* ---- life --------------------------------------------------------------------------------------
 */
void scan_damaged(void *arg, const struct part_damage *damage)
{
    struct history_scan *scan = arg;
    scan->cost.missing++;
    if (scan->missing_count >= ARRAY_COUNT(scan->missing))
        return;
    struct history_missing *missing = &scan->missing[scan->missing_count++];
    *missing = (struct history_missing){.row = damage->owner,
                                        .row_last = damage->owner_last,
                                        .first_ns = damage->first_ns,
                                        .last_ns = damage->last_ns};
    memcpy(missing->file, damage->file, sizeof missing->file);
    memcpy(missing->why, damage->why, sizeof missing->why);
}

static void scan_sources(struct history_scan *scan, struct set *set)
{
    size_t at = 0;
    for (size_t tier = 0; tier < PART_TIERS; tier++) {
        scan->source_first[tier] = at;
        scan->source_count[tier] = set->part_count[tier];
        for (size_t i = 0; i < set->part_count[tier]; i++) {
            const struct part_info *info = part_info(set->parts[tier][i]);
            scan->sources[at++] = (struct source){
                .part = set->parts[tier][i], .to = info->to, .erased = info->erased_position};
        }
    }
    scan->window_first = at;
    for (size_t i = 0; i < set->window_count; i++)
        scan->sources[at++] = (struct source){
            .window = set->windows[i], .to = set->windows[i]->to, .erased = set->windows[i]->from};
}

enum err scan_create_set(struct set *set, struct history_scan **ret_scan)
{
    struct history_scan *scan = calloc(1, sizeof *scan);
    if (scan == NULL)
        return ERR_NO_MEMORY;
    scan->source_total = set->window_count;
    for (size_t tier = 0; tier < PART_TIERS; tier++)
        scan->source_total += set->part_count[tier];
    scan->set = set;
    atomic_fetch_add(&set->holds, 1);
    scan->sources = calloc(scan->source_total + 1, sizeof *scan->sources);
    scan->active = calloc(scan->source_total + 1, sizeof *scan->active);
    scan->reader = malloc(sizeof *scan->reader);
    scan->summaries = calloc(CHUNK_COLUMNS_MAX + 1, sizeof *scan->summaries);
    scan->shown = calloc(CHUNK_COLUMNS_MAX + 1, sizeof *scan->shown);
    if (!scan->sources || !scan->active || !scan->reader || !scan->summaries || !scan->shown) {
        scan->source_total = 0;
        history_scan_destroy(scan);
        return ERR_NO_MEMORY;
    }
    scan_sources(scan, set);
    *ret_scan = scan;
    return OK;
}

enum err history_scan_create(struct history_view *view, struct history_scan **ret_scan)
{
    return scan_create_set(view->set, ret_scan);
}

void history_scan_destroy(struct history_scan *scan)
{
    if (scan == NULL)
        return;
    for (size_t i = 0; i < scan->source_total; i++) {
        part_cursor_destroy(scan->sources[i].cursor);
        head_rows_done(&scan->sources[i].gathered);
        rows_done(&scan->sources[i].decoded);
    }
    rows_done(&scan->out);
    rows_done(&scan->slice_rows);
    free(scan->sources);
    free(scan->active);
    free(scan->reader);
    free(scan->summaries);
    free(scan->shown);
    free(scan->entries);
    free(scan->slice);
    free(scan->erasures);
    set_release(scan->set);
    free(scan);
}

void history_scan_cost(const struct history_scan *scan, struct history_cost *ret_cost)
{
    *ret_cost = scan->cost;
}

size_t history_scan_missing(const struct history_scan *scan, struct history_missing *missing,
                            size_t most)
{
    size_t count = scan->missing_count;
    memcpy(missing, scan->missing, (count < most ? count : most) * sizeof *missing);
    return scan->cost.missing;
}

/* ---- entries of a row --------------------------------------------------------------------------
 */
static enum err entry_add(struct history_scan *scan, const struct part_entry *entry, size_t source)
{
    if (scan->entry_count == scan->entry_capacity) {
        size_t capacity = scan->entry_capacity ? scan->entry_capacity * 2 : 64;
        struct scan_entry *more = realloc(scan->entries, capacity * sizeof *more);
        if (more == NULL)
            return ERR_NO_MEMORY;
        scan->entries = more;
        scan->entry_capacity = capacity;
    }
    scan->entries[scan->entry_count++] =
        (struct scan_entry){.entry = *entry, .source = (uint32_t)source};
    return OK;
}

static enum err entries_of_part(struct history_scan *scan, size_t at)
{
    struct source *source = &scan->sources[at];
    const struct history_query *query = &scan->query;
    const struct part_info *info = part_info(source->part);
    if (info->first_ns >= query->to_ns || info->last_ns < query->from_ns)
        return OK;
    enum err err = OK;
    if (source->cursor == NULL)
        err = part_cursor_create(source->part, scan_damaged, scan, &source->cursor);
    if (err == OK)
        err = part_cursor_seek(source->cursor, query->row, query->from_ns);
    struct part_entry entry;
    while (err == OK && (err = part_cursor_next(source->cursor, &entry)) == OK) {
        if (entry.owner != query->row || entry.first_ns >= query->to_ns)
            return OK;
        if (entry.last_ns >= query->from_ns)
            err = entry_add(scan, &entry, at);
    }
    return err == ERR_NO_MEMORY ? err : OK; /* others were told as damage */
}

static int entry_compare(const void *a, const void *b)
{
    const struct scan_entry *x = a, *y = b;
    if (x->entry.first_ns != y->entry.first_ns)
        return x->entry.first_ns < y->entry.first_ns ? -1 : 1;
    return (x->source > y->source) - (x->source < y->source);
}

static void entries_sort(struct history_scan *scan)
{
    bool sorted = true;
    for (size_t i = 1; i < scan->entry_count && sorted; i++)
        sorted = entry_compare(&scan->entries[i - 1], &scan->entries[i]) < 0;
    if (!sorted)
        qsort(scan->entries, scan->entry_count, sizeof *scan->entries, entry_compare);
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < scan->entry_count; i++) {
        struct scan_entry *entry = &scan->entries[i];
        if (entry->entry.last_ns > last)
            last = entry->entry.last_ns;
        entry->last_most_ns = last;
    }
}

static enum err entries_find(struct history_scan *scan)
{
    scan->entry_count = 0;
    size_t first = scan->source_first[scan->query.tier];
    for (size_t i = 0; i < scan->source_count[scan->query.tier]; i++) {
        enum err err = entries_of_part(scan, first + i);
        if (err != OK)
            return err;
    }
    for (size_t i = scan->window_first; scan->query.tier == PART_RAW && i < scan->source_total;
         i++) {
        struct part_entry entry;
        enum err err = source_gather(scan, &scan->sources[i], scan->query.row, &entry);
        if (err == OK)
            err = entry_add(scan, &entry, i);
        if (err != OK && err != ERR_MISSING)
            return err;
    }
    entries_sort(scan);
    return OK;
}

static void scan_take_query(struct history_scan *scan, const struct history_query *query)
{
    check(query->count <= COLUMNS_MAX && query->tier < PART_TIERS);
    scan->query = *query;
    scan->columns = (uint16_t)(query->count + (query->lateness ? 1 : 0));
    for (uint16_t i = 0; i < query->count; i++) {
        scan->types[i] = query->types[i];
        scan->column[i] = query->columns != NULL ? query->columns[i] : (uint8_t)i;
    }
    scan->types[query->count] = VALUE_INT64;
    scan->query.columns = scan->column;
    scan->query.types = scan->types;
}

/* What was erased of the row, of whichever column. */
static enum err scan_take_erasures(struct history_scan *scan)
{
    const struct erasures *erasures = scan->set->erasures;
    scan->erasure_count = 0;
    if (scan->query.tier != PART_RAW || erasures == NULL)
        return OK;
    for (size_t i = 0; i < erasures->count; i++) {
        size_t first, count = erased_of_row(erasures->at[i], scan->query.row, &first);
        if (count == 0)
            continue;
        if (scan->erasure_count + count > scan->erasure_capacity) {
            size_t capacity = 2 * (scan->erasure_count + count);
            struct erasure *grown = realloc(scan->erasures, capacity * sizeof *grown);
            if (grown == NULL)
                return ERR_NO_MEMORY;
            scan->erasures = grown;
            scan->erasure_capacity = capacity;
        }
        memcpy(scan->erasures + scan->erasure_count, erasures->at[i]->at + first,
               count * sizeof *scan->erasures);
        scan->erasure_count += count;
    }
    return OK;
}

enum err history_scan_row(struct history_scan *scan, const struct history_query *query)
{
    scan_take_query(scan, query);
    enum err erasures_err = scan_take_erasures(scan);
    if (erasures_err != OK)
        return erasures_err;
    scan->active_count = 0;
    scan->slice_left = 0;
    scan->list_count = scan->list_next = 0;
    enum err err = query->from_ns < query->to_ns ? entries_find(scan) : OK;
    if (err != OK || query->from_ns >= query->to_ns) {
        scan->entry_count = 0;
        scan->slices_left = 0;
        return err;
    }
    scan->slices_left = scan->entry_count;
    scan->slice_to_ns = query->to_ns;
    if (!query->backward) {
        scan->list = scan->entries;
        scan->list_count = scan->entry_count;
        scan->from_ns = query->from_ns;
        scan->to_ns = query->to_ns;
    }
    return OK;
}

/* ---- merging -----------------------------------------------------------------------------------
 */
static int64_t source_time(const struct source *source)
{
    return source->rows.times[source->at];
}

/* Entries of one part never overlap; those of a part that lies about it take the place of what was
 * there. */
static void active_add(struct history_scan *scan, uint32_t source)
{
    for (size_t i = 0; i < scan->active_count; i++)
        if (scan->active[i] == source)
            return;
    size_t at = scan->active_count++;
    while (at > 0 && scan->active[at - 1] > source) {
        scan->active[at] = scan->active[at - 1];
        at--;
    }
    scan->active[at] = source;
}

static void active_sweep(struct history_scan *scan)
{
    size_t kept = 0;
    for (size_t i = 0; i < scan->active_count; i++) {
        struct source *source = &scan->sources[scan->active[i]];
        if (source->at < source->end)
            scan->active[kept++] = scan->active[i];
    }
    scan->active_count = kept;
}

static enum err list_open_next(struct history_scan *scan)
{
    const struct scan_entry *next = &scan->list[scan->list_next++];
    struct source *source = &scan->sources[next->source];
    enum err err = source_open_entry(scan, source, &next->entry);
    if (err == OK && source->at < source->end)
        active_add(scan, next->source);
    return err;
}

/* The source whose row is next, and the time before which no other has one. */
static struct source *active_least(const struct history_scan *scan, int64_t *ret_limit)
{
    struct source *least = NULL;
    int64_t limit = INT64_MAX;
    for (size_t i = 0; i < scan->active_count; i++) {
        struct source *source = &scan->sources[scan->active[i]];
        int64_t time = source_time(source);
        if (least == NULL || time < source_time(least)) {
            if (least != NULL)
                limit = source_time(least);
            least = source;
        } else if (time < limit) {
            limit = time;
        }
    }
    *ret_limit = limit;
    return least;
}

/* Opens what begins at or before the next row; *ret_source NULL: nothing is left. */
static enum err merge_next(struct history_scan *scan, struct source **ret_source,
                           int64_t *ret_limit)
{
    for (;;) {
        struct source *least = active_least(scan, ret_limit);
        *ret_source = least;
        if (scan->list_next >= scan->list_count)
            return OK;
        int64_t first = scan->list[scan->list_next].entry.first_ns;
        if (least != NULL && source_time(least) < first) {
            if (first < *ret_limit)
                *ret_limit = first;
            return OK;
        }
        enum err err = list_open_next(scan);
        if (err != OK)
            return err;
    }
}

static enum err merge_tie(struct history_scan *scan, int64_t time_ns, struct rows *out)
{
    uint32_t row = rows_add(out, time_ns);
    for (size_t i = 0; i < scan->active_count; i++) {
        struct source *source = &scan->sources[scan->active[i]];
        if (source_time(source) != time_ns)
            continue;
        for (uint16_t column = 0; column < scan->columns; column++) {
            const struct chunk_column *from = &source->rows.columns[column];
            if (column_cell(from, source->at) == CELL_NONE)
                continue;
            enum err err = rows_put(out, row, column, from, source->at);
            if (err != OK)
                return err;
        }
        source->at++;
    }
    return OK;
}

static uint32_t source_run(const struct source *source, int64_t limit)
{
    const int64_t *times = source->rows.times;
    if (times[source->end - 1] < limit)
        return source->end - source->at;
    uint32_t low = source->at, high = source->end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (times[middle] < limit)
            low = middle + 1;
        else
            high = middle;
    }
    return low - source->at;
}

/* Rows of a table from `first` on, where they lie. */
static void piece_show(struct history_scan *scan, const struct chunk_rows *rows, uint32_t first,
                       uint32_t count, struct history_piece *piece)
{
    for (uint16_t i = 0; i < scan->columns; i++) {
        struct chunk_column *shown = &scan->shown[i];
        *shown = rows->columns[i];
        shown->words = shown->words != NULL ? shown->words + first : NULL;
        shown->texts = shown->texts != NULL ? shown->texts + first : NULL;
        shown->cells = shown->cells != NULL ? shown->cells + first : NULL;
        shown->qualities = shown->qualities != NULL ? shown->qualities + first : NULL;
    }
    *piece = (struct history_piece){.first_ns = rows->times[first],
                                    .last_ns = rows->times[first + count - 1],
                                    .rows = {.owner = scan->query.row,
                                             .rows = count,
                                             .columns_count = scan->columns,
                                             .times = rows->times + first,
                                             .columns = scan->shown}};
}

/* Merges into out until it is full, nothing is left (out may then be empty), or, with a piece to
 * show things in, a long stretch of one source is next: given where it lies when out is empty. */
static enum err merge_fill(struct history_scan *scan, struct rows *out, struct history_piece *piece)
{
    while (out->count < out->capacity) {
        struct source *source;
        int64_t limit;
        enum err err = merge_next(scan, &source, &limit);
        if (err != OK || source == NULL)
            return err;
        if (source_time(source) < limit) {
            uint32_t run = source_run(source, limit), room = out->capacity - out->count;
            if (piece != NULL && run >= DIRECT_ROWS) {
                if (out->count > 0)
                    return OK;
                run = run < HISTORY_PIECE_ROWS ? run : HISTORY_PIECE_ROWS;
                piece_show(scan, &source->rows, source->at, run, piece);
            } else {
                run = run < room ? run : room;
                err = rows_append(out, &source->rows, source->at, run);
            }
            source->at += run;
        } else {
            err = merge_tie(scan, source_time(source), out);
        }
        active_sweep(scan);
        if (err != OK || (piece != NULL && piece->rows.rows > 0))
            return err;
    }
    return OK;
}

/* ---- forward -----------------------------------------------------------------------------------
 */
/* Is the next entry whole within the query, alone, and wanted as a summary? */
static bool summary_is_next(const struct history_scan *scan)
{
    if (scan->query.whole == NULL || scan->active_count > 0 || scan->list_next >= scan->list_count)
        return false;
    const struct scan_entry *next = &scan->list[scan->list_next];
    if (next->entry.first_ns < scan->from_ns || next->entry.last_ns >= scan->to_ns)
        return false;
    if (scan->list_next + 1 < scan->list_count && next[1].entry.first_ns <= next->entry.last_ns)
        return false;
    return scan->query.whole(scan->query.arg, next->entry.first_ns, next->entry.last_ns);
}

/* ERR_MISSING: it cannot be told as a summary: read it. */
static enum err summary_give(struct history_scan *scan, struct history_piece *piece)
{
    const struct scan_entry *next = &scan->list[scan->list_next];
    enum err err =
        source_summaries(scan, &scan->sources[next->source], &next->entry, scan->summaries);
    if (err != OK)
        return err;
    scan->list_next++;
    *piece = (struct history_piece){.first_ns = next->entry.first_ns,
                                    .last_ns = next->entry.last_ns,
                                    .summaries = scan->summaries,
                                    .rows = {.owner = scan->query.row}};
    return OK;
}

static enum err scan_forward(struct history_scan *scan, struct history_piece *piece)
{
    while (summary_is_next(scan)) {
        enum err err = summary_give(scan, piece);
        if (err == OK || err == ERR_NO_MEMORY)
            return err;
        if (err == ERR_MISSING)
            break;
        scan->list_next++; /* damaged, and told */
    }
    enum err err = rows_reserve(&scan->out, scan->types, scan->columns, HISTORY_PIECE_ROWS);
    if (err == OK)
        err = merge_fill(scan, &scan->out, piece);
    if (err != OK)
        return err;
    if (piece->rows.rows == 0) {
        if (scan->out.count == 0)
            return ERR_MISSING;
        struct chunk_rows rows = rows_view(&scan->out, scan->query.row);
        piece_show(scan, &rows, 0, rows.rows, piece);
    }
    return OK;
}

/* ---- backward ----------------------------------------------------------------------------------
 */
static enum err slice_pick(struct history_scan *scan, size_t last, uint64_t *ret_rows)
{
    size_t count = 0;
    *ret_rows = 0;
    if (scan->slice_capacity < scan->entry_count) {
        free(scan->slice);
        scan->slice = malloc(scan->entry_count * sizeof *scan->slice);
        scan->slice_capacity = scan->slice != NULL ? scan->entry_count : 0;
        if (scan->slice == NULL)
            return ERR_NO_MEMORY;
    }
    size_t at = last + 1;
    while (at > 0 && scan->entries[at - 1].last_most_ns >= scan->from_ns) {
        at--;
        if (scan->entries[at].entry.last_ns < scan->from_ns)
            continue;
        scan->slice[count++] = scan->entries[at];
        *ret_rows += scan->entries[at].entry.samples;
    }
    for (size_t i = 0; i < count / 2; i++) {
        struct scan_entry other = scan->slice[i];
        scan->slice[i] = scan->slice[count - 1 - i];
        scan->slice[count - 1 - i] = other;
    }
    scan->list = scan->slice;
    scan->list_count = count;
    scan->list_next = 0;
    return OK;
}

static enum err slice_read(struct history_scan *scan)
{
    size_t last = scan->slices_left - 1, first = last;
    int64_t begins = scan->entries[last].entry.first_ns;
    while (first > 0 && scan->entries[first - 1].entry.first_ns == begins)
        first--;
    scan->from_ns = begins > scan->query.from_ns ? begins : scan->query.from_ns;
    scan->to_ns = scan->slice_to_ns;
    /* What begins before the query's beginning ends in this slice. */
    while (begins <= scan->query.from_ns && first > 0)
        first--;
    uint64_t rows;
    enum err err = slice_pick(scan, last, &rows);
    if (err == OK && rows > UINT32_MAX / 2)
        err = ERR_NO_MEMORY;
    if (err == OK)
        err = rows_reserve(&scan->slice_rows, scan->types, scan->columns,
                           rows > 0 ? (uint32_t)rows : 1);
    scan->active_count = 0;
    if (err == OK)
        err = merge_fill(scan, &scan->slice_rows, NULL);
    scan->slices_left = first;
    scan->slice_to_ns = scan->from_ns;
    scan->slice_left = err == OK ? scan->slice_rows.count : 0;
    return err;
}

static enum err scan_backward(struct history_scan *scan, struct history_piece *piece)
{
    while (scan->slice_left == 0) {
        if (scan->slices_left == 0)
            return ERR_MISSING;
        enum err err = slice_read(scan);
        if (err != OK)
            return err;
    }
    uint32_t count = scan->slice_left < HISTORY_PIECE_ROWS ? scan->slice_left : HISTORY_PIECE_ROWS;
    scan->slice_left -= count;
    struct chunk_rows rows = rows_view(&scan->slice_rows, scan->query.row);
    piece_show(scan, &rows, scan->slice_left, count, piece);
    return OK;
}

enum err history_scan_next(struct history_scan *scan, struct history_piece *ret_piece)
{
    *ret_piece = (struct history_piece){0};
    enum err err =
        scan->query.backward ? scan_backward(scan, ret_piece) : scan_forward(scan, ret_piece);
    if (err == OK)
        scan->cost.samples += ret_piece->rows.rows;
    return err;
}
