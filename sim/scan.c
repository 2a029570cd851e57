/* An independent reader: rows from FACT_ROW, samples from segment_decoder, last values by the one
 * rule (a sample not older than the last one replaces it). */
#include "scan.h"

#include "worker_sim.h"

#include <stdlib.h>
#include <string.h>

uint64_t scan_value_hash(const struct value *value)
{
    return key_hash(bytes_of("", 0), 0, value);
}

static struct scan_point *scan_point(struct scan *scan, uint32_t id)
{
    check(id > 0 && id < (UINT32_C(1) << 24));
    if (id > scan->point_capacity) {
        size_t capacity = (size_t)id * 2 + 256;
        scan->points = realloc(scan->points, capacity * sizeof *scan->points);
        check(scan->points != NULL);
        memset(scan->points + scan->point_capacity, 0,
               (capacity - scan->point_capacity) * sizeof *scan->points);
        scan->point_capacity = capacity;
    }
    if (id > scan->point_count)
        scan->point_count = id;
    return &scan->points[id - 1];
}

static void scan_row(struct scan *scan, const struct fact_row *row)
{
    for (uint16_t i = 0; i < row->shape.count; i++) {
        struct scan_point *point = scan_point(scan, row->shape.first_point + i);
        struct bytes metric = row->points[i].metric;
        size_t size = row->prefix.size;
        free(point->path);
        point->path = malloc(size + metric.size + 2);
        check(point->path != NULL);
        memcpy(point->path, row->prefix.at, size);
        if (size > 0)
            point->path[size++] = '/';
        memcpy(point->path + size, metric.at, metric.size);
        point->path[size + metric.size] = 0;
    }
}

static uint32_t scan_facts(struct scan *scan, struct bytes run)
{
    static struct fact_storage storage;
    struct fact fact;
    size_t offset = 0;
    uint32_t count = 0;
    while (facts_read(run, &offset, &storage, &fact) == OK) {
        count++;
        if (fact.kind == FACT_ROW)
            scan_row(scan, &fact.row);
    }
    return count;
}

/* What the history must hold of it. An erasure is alone in its batch. */
static void scan_past(struct scan *scan, uint32_t id, int64_t time_ns, const struct value *value)
{
    if (scan->past == NULL)
        return;
    bool erased = archive_is_erased(scan->archive, id, time_ns, scan->position);
    if (erased)
        scan_point(scan, id)->erased = true;
    if (!erased || scan->past->sabotage == PAST_ERASED_KEPT)
        past_put(scan->past, id, time_ns, scan_value_hash(value));
}

static void scan_sample(void *arg, const struct row_shape *shape, const struct sample_row *sample)
{
    struct scan *scan = arg;
    if (sample->undecodable || shape->count == 0) {
        scan->undecodable++;
        return;
    }
    for (uint16_t i = 0; i < sample->count; i++) {
        uint32_t column = sample->columns != NULL ? sample->columns[i] : i;
        struct scan_point *point = scan_point(scan, shape->first_point + column);
        const struct value *value = &sample->values[i];
        scan->values++;
        uint32_t id = shape->first_point + column;
        scan_past(scan, id, sample->time_ns, value);
        const char *path = point->path;
        if (path == NULL) {
            scan->unnamed_points++;
            path = id <= scan->names->count ? scan->names->at[id - 1] : NULL;
            if (path == NULL)
                continue;
        }
        if (scan->keys != NULL)
            keys_at(scan->keys,
                    key_hash(bytes_text(path), sample->arrival_time ? 0 : sample->time_ns, value))
                ->found++;
        if (point->said && sample->time_ns < point->time_ns)
            continue;
        point->said = true;
        point->time_ns = sample->time_ns;
        point->value = scan_value_hash(value);
    }
}

static void scan_batch_note(struct scan *scan, const struct batch_header *header, uint32_t present)
{
    if (scan->batch_count == scan->batch_capacity) {
        scan->batch_capacity = scan->batch_capacity * 2 + 1024;
        scan->batches = realloc(scan->batches, scan->batch_capacity * sizeof *scan->batches);
        check(scan->batches != NULL);
    }
    scan->batches[scan->batch_count++] = (struct scan_batch){
        .position = header->position, .records = header->records, .present = present};
}

/* The dictionary first: samples of a batch may be of rows that the batch brings. */
static void scan_batch(struct scan *scan, const struct journal_batch *batch,
                       struct segment_decoder *decoder)
{
    size_t offset = 0;
    enum lane lane;
    uint32_t records, ordinal, present = 0;
    struct bytes run;
    while (batch_next_run(batch->body, &offset, &lane, &records, &ordinal, &run) == OK) {
        present += records;
        if (lane == LANE_FACTS)
            check(scan_facts(scan, run) == records);
    }
    scan_batch_note(scan, &batch->header, present);
    if (batch->hole_records > 0)
        segment_decoder_hole(decoder, batch->hole_records);
    scan->holes += batch->hole_records;
    scan->position = batch->header.position;
    enum err err = segment_decoder_batch(decoder, &batch->header, batch->body, scan_sample, scan);
    if (err != OK && scan->err == OK)
        scan->err = err;
    scan->end_position = batch->header.position + batch->header.records;
}

static void scan_journal(struct scan *scan, struct journal *journal)
{
    struct journal_cursor *cursor;
    struct journal_batch batch;
    struct segment_decoder *decoder = NULL;
    uint32_t generation = 0;
    enum err err = journal_cursor_open(journal, 0, &cursor);
    check(err == OK);
    while ((err = journal_cursor_next(cursor, &batch)) == OK) {
        if (batch.generation != generation) {
            segment_decoder_destroy(decoder);
            check(segment_decoder_create(batch.generation, &decoder) == OK);
            generation = batch.generation;
        }
        scan_batch(scan, &batch, decoder);
    }
    if (err != ERR_MISSING)
        scan->err = err;
    segment_decoder_destroy(decoder);
    journal_cursor_close(cursor);
    scan->damage_count = journal_damage_count(journal);
    scan->damage = calloc(scan->damage_count + 1, sizeof *scan->damage);
    check(scan->damage != NULL);
    for (size_t i = 0; i < scan->damage_count; i++)
        scan->damage[i] = *journal_damage_at(journal, i);
}

/* What this reading named is known from now on. */
static void names_keep(struct scan_names *names, const struct scan *scan)
{
    if (scan->point_count > names->count) {
        names->at = realloc(names->at, scan->point_count * sizeof *names->at);
        check(names->at != NULL);
        while (names->count < scan->point_count)
            names->at[names->count++] = NULL;
    }
    for (size_t i = 0; i < scan->point_count; i++) {
        if (scan->points[i].path == NULL)
            continue;
        free(names->at[i]);
        names->at[i] = strdup(scan->points[i].path);
        check(names->at[i] != NULL);
    }
}

void scan_names_done(struct scan_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->at[i]);
    free(names->at);
    *names = (struct scan_names){0};
}

void scan_disk(struct scan *scan, struct disk *disk, struct clock_sim *clock, struct keys *keys,
               struct scan_names *names, struct past *past, const struct archive *archive)
{
    struct worker_sim workers[2];
    struct journal *journal;
    *scan = (struct scan){
        .end_position = 1, .keys = keys, .names = names, .past = past, .archive = archive};
    worker_sim_init(&workers[0]);
    worker_sim_init(&workers[1]);
    const struct journal_config config = {.disk = disk,
                                          .clock = &clock->port,
                                          .writer = &workers[0].port,
                                          .background = &workers[1].port,
                                          .segment_first_bytes = (uint64_t)2 << 20,
                                          .segment_max_bytes = (uint64_t)2 << 20,
                                          .read_only = true};
    scan->err = journal_open(&config, &journal);
    if (scan->err != OK)
        return;
    scan_journal(scan, journal);
    journal_close(journal);
    names_keep(names, scan);
}

void scan_done(struct scan *scan)
{
    for (size_t i = 0; i < scan->point_count; i++)
        free(scan->points[i].path);
    free(scan->points);
    free(scan->batches);
    free(scan->damage);
    *scan = (struct scan){0};
}
