/* A closed segment in its last form: batches without padding, each lane in a file of its own. The
 * batch headers stay as they were (position, times, the count of all records), so that merging the
 * lanes gives back what was written, and what is missing in one of them shows. An empty batch ends
 * each file. The facts always have a file, the other lanes when they hold a record; each header
 * says which lanes have one.
 *
 * Order of steps: all files written and synced under other names, read back and compared by sum,
 * renamed, names synced; only then the .open goes. While the .open is there it wins. A segment in
 * which damage is met stays as it is for ever. */
#include "journal/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANE_ALIGN 8
#define OUT_BYTES (BATCH_BYTES_MAX + SEGMENT_HEADER_SIZE + LANE_ALIGN)

struct out { /* one lane file being written */
    struct disk *disk;
    struct disk_file *file;
    enum lane lane;
    uint8_t *buffer; /* OUT_BYTES */
    size_t used;
    uint64_t flushed;
    uint32_t sum; /* over headers and bodies of all its batches */
    char beside[DISK_NAME_SIZE];
    char name[SEGMENT_NAME_SIZE];
};

static void out_name(struct out *out, struct disk *disk, uint64_t number, enum lane lane)
{
    out->disk = disk;
    out->lane = lane;
    segment_name(out->name, number, (enum segment_part)lane);
    snprintf(out->beside, sizeof out->beside, "%s.tmp", out->name);
}

static enum err out_open(struct out *out)
{
    struct disk *disk = out->disk;
    out->buffer = malloc(OUT_BYTES);
    if (out->buffer == NULL)
        return ERR_NO_MEMORY;
    enum err err = disk->open(disk, out->beside, DISK_READ | DISK_WRITE | DISK_CREATE, &out->file);
    if (err == OK)
        err = disk->truncate(disk, out->file, 0);
    memset(out->buffer, 0, SEGMENT_HEADER_SIZE);
    out->used = SEGMENT_HEADER_SIZE;
    return err;
}

static void out_close(struct out *out)
{
    if (out->file != NULL)
        out->disk->close(out->disk, out->file);
    out->file = NULL;
    free(out->buffer);
    out->buffer = NULL;
}

/* Synced at each flush: a long backlog of dirty pages would delay the batch writes. */
static enum err out_flush(struct out *out)
{
    enum err err = out->disk->write(out->disk, out->file, out->flushed, out->buffer, out->used);
    if (err == OK)
        err = out->disk->sync(out->disk, out->file);
    out->flushed += out->used;
    out->used = 0;
    return err;
}

/* The end mark, or the lane's part of a batch that has one. */
static enum err out_batch(struct out *out, const struct batch_header *header, struct bytes body)
{
    enum err err = OK;
    if (out->used + BATCH_HEADER_SIZE + body.size + LANE_ALIGN > OUT_BYTES)
        err = out_flush(out);
    if (err != OK)
        return err;
    uint8_t *at = out->buffer + out->used;
    size_t size = BATCH_HEADER_SIZE, offset = 0;
    enum lane lane;
    uint32_t records, ordinal;
    struct bytes run;
    while ((err = batch_next_run(body, &offset, &lane, &records, &ordinal, &run)) == OK) {
        if (lane != out->lane)
            continue;
        run_header_put(at + size, lane, records, ordinal, (uint32_t)run.size);
        memcpy(at + size + RUN_HEADER_SIZE, run.at, run.size);
        size += RUN_HEADER_SIZE + run.size;
    }
    if (err != ERR_MISSING)
        return err;
    struct batch_header mine = *header;
    mine.body_bytes = (uint32_t)(size - BATCH_HEADER_SIZE);
    mine.lanes = (uint8_t)(1U << (out->lane - 1));
    batch_seal(at, &mine);
    out->sum = crc32c(out->sum, &mine.position, sizeof mine.position);
    out->sum = crc32c(out->sum, at + BATCH_HEADER_SIZE, mine.body_bytes);
    size_t padded = (size + LANE_ALIGN - 1) / LANE_ALIGN * LANE_ALIGN;
    memset(at + size, 0, padded - size);
    out->used += padded;
    return OK;
}

static enum err out_finish(struct out *out, const struct segment_header *header)
{
    uint8_t block[SEGMENT_HEADER_SIZE];
    struct segment_header mine = *header;
    mine.kind = (uint8_t)(SEGMENT_FACTS + (out->lane - LANE_FACTS));
    segment_header_put(block, &mine);
    enum err err = out_flush(out);
    if (err == OK)
        err = out->disk->write(out->disk, out->file, 0, block, sizeof block);
    if (err == OK)
        err = out->disk->sync(out->disk, out->file);
    return err;
}

/* Reads the file as a cursor would and compares with what was meant. */
static enum err out_verify(const struct out *out, const struct segment_header *header)
{
    struct segment_header found_header;
    struct walk walk;
    enum walk_found found;
    uint32_t sum = 0;
    enum err err = segment_header_read(out->disk, out->beside, &found_header);
    if (err != OK || found_header.last_position != header->last_position)
        return err == OK ? ERR_CORRUPT : err;
    err = walk_open(&walk, out->disk, out->beside);
    if (err != OK)
        return err;
    walk.lane = true;
    walk.epoch = header->epoch;
    while ((err = walk_next(&walk, &found)) == OK && found == WALK_BATCH) {
        sum = crc32c(sum, &walk.header.position, sizeof walk.header.position);
        sum = crc32c(sum, walk.body.at, walk.body.size);
    }
    sum = crc32c(sum, &header->last_position, sizeof header->last_position); /* the end mark */
    if (err == OK && (found != WALK_END || sum != out->sum))
        err = ERR_CORRUPT;
    walk_close(&walk);
    return err;
}

/* ---- the job ---- */
/* Keeps the name of the file at which it ended, for who has to look into it. */
static enum err squeeze_note(struct squeeze_job *squeeze, const char *name, enum err err)
{
    if (err != OK)
        snprintf(squeeze->failed, sizeof squeeze->failed, "%.*s", DISK_NAME_SIZE - 1, name);
    return err;
}

/* One batch into the lanes it holds; a lane's file begins with its first record. */
static enum err squeeze_batch(struct squeeze_job *squeeze, struct out outs[LANES],
                              const struct batch_header *header, struct bytes body)
{
    bool has[LANES] = {false};
    size_t offset = 0;
    enum lane lane;
    uint32_t records, ordinal;
    struct bytes run;
    enum err err;
    while ((err = batch_next_run(body, &offset, &lane, &records, &ordinal, &run)) == OK)
        has[lane - 1] = true;
    if (err != ERR_MISSING)
        return err;
    err = OK;
    for (unsigned i = 0; i < LANES && err == OK; i++) {
        struct out *out = &outs[i];
        if (has[i] && out->file == NULL)
            err = out_open(out);
        if (has[i] && err == OK)
            err = out_batch(out, header, body);
        err = squeeze_note(squeeze, out->beside, err);
    }
    return err;
}

static enum err squeeze_marks(struct squeeze_job *squeeze, struct out outs[LANES],
                              const struct walk *walk)
{
    struct batch_header mark = {.epoch = squeeze->header.epoch,
                                .position = walk->position,
                                .durable = walk->position,
                                .engine_ns = walk->header.engine_ns,
                                .wall_ns = walk->header.wall_ns};
    enum err err = OK;
    squeeze->header.last_position = mark.position;
    squeeze->header.lanes = 0;
    for (unsigned i = 0; i < LANES && err == OK; i++) {
        if (outs[i].file == NULL)
            continue;
        squeeze->header.lanes |= (uint8_t)(1U << i);
        err = squeeze_note(squeeze, outs[i].beside, out_batch(&outs[i], &mark, bytes_of(NULL, 0)));
    }
    return err;
}

static enum err squeeze_split(struct squeeze_job *squeeze, struct out outs[LANES])
{
    char name[SEGMENT_NAME_SIZE];
    struct walk walk;
    enum walk_found found = WALK_END;
    segment_name(name, squeeze->number, PART_OPEN);
    enum err err = walk_open(&walk, squeeze->disk, name);
    if (err != OK)
        return squeeze_note(squeeze, name, err);
    walk.epoch = squeeze->header.epoch;
    walk.position = squeeze->header.first_position;
    walk.limit_known = true;
    walk.limit = squeeze->end;
    while (err == OK && (err = walk_next(&walk, &found)) == OK && found == WALK_BATCH)
        err = squeeze_batch(squeeze, outs, &walk.header, walk.body);
    if (err == ERR_CORRUPT || (err == OK && found != WALK_END) ||
        (err == OK && walk.position != squeeze->last_position)) {
        squeeze->damaged = true;
        err = ERR_CORRUPT;
    }
    if (err == OK)
        err = squeeze_marks(squeeze, outs, &walk);
    walk_close(&walk);
    return err;
}

static enum err squeeze_replace(struct squeeze_job *squeeze, struct out outs[LANES])
{
    struct disk *disk = squeeze->disk;
    char name[SEGMENT_NAME_SIZE];
    enum err err = OK;
    for (unsigned i = 0; i < LANES && err == OK; i++) {
        if (outs[i].file != NULL)
            err = squeeze_note(squeeze, outs[i].beside,
                               disk->rename(disk, outs[i].beside, outs[i].name));
    }
    if (err == OK)
        err = squeeze_note(squeeze, JOURNAL_FOLDER, disk->sync_folder(disk, JOURNAL_FOLDER));
    segment_name(name, squeeze->number, PART_OPEN);
    return err == OK ? squeeze_note(squeeze, name, disk->remove(disk, name)) : err;
}

static enum err squeeze_finish_files(struct squeeze_job *squeeze, struct out outs[LANES])
{
    enum err err = OK;
    for (unsigned i = 0; i < LANES && err == OK; i++) {
        if (outs[i].file == NULL)
            continue;
        err = out_finish(&outs[i], &squeeze->header);
        if (err == OK)
            err = out_verify(&outs[i], &squeeze->header);
        err = squeeze_note(squeeze, outs[i].beside, err);
        squeeze->parts |= PART_BIT(outs[i].lane);
        squeeze->bytes[outs[i].lane] = outs[i].flushed;
    }
    return err;
}

static void squeeze_run(struct job *job)
{
    struct squeeze_job *squeeze = (struct squeeze_job *)job;
    struct out outs[LANES] = {0};
    for (unsigned i = 0; i < LANES; i++)
        out_name(&outs[i], squeeze->disk, squeeze->number, (enum lane)(i + 1));
    enum err err = squeeze_note(squeeze, outs[0].beside, out_open(&outs[0]));
    if (err == OK)
        err = squeeze_split(squeeze, outs);
    if (err == OK)
        err = squeeze_finish_files(squeeze, outs);
    bool written = err == OK;
    if (err == OK)
        err = squeeze_replace(squeeze, outs);
    for (unsigned i = 0; i < LANES; i++) {
        bool opened = outs[i].file != NULL;
        out_close(&outs[i]);
        if (!written && opened)
            (void)squeeze->disk->remove(squeeze->disk, outs[i].beside);
    }
    squeeze->err = err;
}

static void squeeze_done(struct job *job)
{
    ((struct squeeze_job *)job)->finished = true;
}

/* ---- on the owner's thread ---- */
/* Once for each segment: the tries go on, and nothing is lost by them. */
static void squeeze_tell(struct journal *journal, struct segment *segment)
{
    const struct squeeze_job *squeeze = &journal->squeeze;
    if (segment->squeeze_told)
        return;
    segment->squeeze_told = true;
    journal_tell(journal, LOG_WARN,
                 "segment %llu could not be squeezed: %s: %s; it stays as it was written, takes "
                 "more space and is read from there, and is tried again every %lld s",
                 (unsigned long long)segment->number, squeeze->failed, err_text(squeeze->err),
                 (long long)(SQUEEZE_RETRY_NS / NS_PER_S));
}

static void squeeze_finish(struct journal *journal)
{
    struct squeeze_job *squeeze = &journal->squeeze;
    struct clock *clock = journal->config.clock;
    struct segment *segment = segment_list_find(&journal->segments, squeeze->number, false);
    squeeze->busy = false;
    squeeze->finished = false;
    check(segment != NULL);
    if (squeeze->err == OK) {
        segment->parts = squeeze->parts;
        memcpy(segment->bytes, squeeze->bytes, sizeof segment->bytes);
        segment->header.last_position = squeeze->header.last_position;
        return;
    }
    segment->damaged = segment->damaged || squeeze->damaged;
    journal->squeeze_retry_ns = clock->boot_ns(clock) + SQUEEZE_RETRY_NS;
    if (!squeeze->damaged) {
        squeeze_tell(journal, segment);
        return;
    }
    /* A cursor names what is lost: it is run over the one segment now. */
    damage_find(journal, segment);
}

/* Closed, whole as far as is known, and not yet squeezed. */
static bool segment_squeezable(const struct journal *journal, const struct segment *segment)
{
    return (segment->parts & PART_BIT(PART_OPEN)) != 0 && segment->end_known && !segment->damaged &&
           !segment->foreign && segment->header_err == OK && segment->last_position != 0 &&
           segment->number != journal->current.number;
}

void squeeze_poll(struct journal *journal)
{
    struct squeeze_job *squeeze = &journal->squeeze;
    struct clock *clock = journal->config.clock;
    if (squeeze->busy && squeeze->finished)
        squeeze_finish(journal);
    bool wanted = journal->next == NEXT_READY || journal->next == NEXT_FAILED;
    if (!journal->squeeze_look || squeeze->busy || journal->stopped || !wanted ||
        clock->boot_ns(clock) < journal->squeeze_retry_ns)
        return;
    for (size_t i = 0; i < journal->segments.count; i++) {
        const struct segment *segment = &journal->segments.at[i];
        if (!segment_squeezable(journal, segment))
            continue;
        *squeeze = (struct squeeze_job){.job = {.run = squeeze_run, .done = squeeze_done},
                                        .disk = journal->config.disk,
                                        .header = segment->header,
                                        .number = segment->number,
                                        .end = segment->end,
                                        .last_position = segment->last_position,
                                        .busy = true};
        journal->config.background->submit(journal->config.background, &squeeze->job);
        return;
    }
    journal->squeeze_look = false; /* until the next segment closes */
}
