/* The write in flight: one, never more. What arrives meanwhile goes out with the next one. */
#include "journal/inside.h"

#include <stdio.h>
#include <string.h>

/* ---- on the writer's thread ---- */
static enum err write_piece(struct write_job *write, uint64_t offset, const uint8_t *at,
                            size_t size)
{
    return write->disk->write(write->disk, write->file, offset, at, size);
}

static void write_run(struct job *job)
{
    struct write_job *write = (struct write_job *)job;
    int64_t begin_ns = write->clock->boot_ns(write->clock);
    write->err = write_piece(write, write->offset, write->at, write->size);
    if (write->err == OK && write->first_at != NULL)
        write->err = write_piece(write, write->first_offset, write->first_at, write->first_size);
    write->took_ns = write->clock->boot_ns(write->clock) - begin_ns;
}

static void write_done(struct job *job)
{
    ((struct write_job *)job)->finished = true;
}

static void take_run(struct job *job)
{
    struct take_job *take = (struct take_job *)job;
    struct disk *disk = take->disk;
    unsigned flags = DISK_READ | DISK_WRITE | (take->skip_sync ? 0U : (unsigned)DISK_DURABLE);
    segment_header_put(take->block, &take->header);
    take->file = NULL;
    take->err = disk->open(disk, take->from, flags, &take->file);
    if (take->err == OK)
        take->err = disk->write(disk, take->file, 0, take->block, SEGMENT_HEADER_SIZE);
    if (take->err == OK)
        take->err = disk->rename(disk, take->from, take->to);
    if (take->err == OK && !take->skip_sync)
        take->err = disk->sync_folder(disk, JOURNAL_FOLDER);
    if (take->err != OK) {
        disk->close(disk, take->file);
        take->file = NULL;
    }
}

static void take_done(struct job *job)
{
    ((struct take_job *)job)->finished = true;
}

/* ---- taking the next segment into use ---- */
bool write_busy(const struct journal *journal)
{
    return journal->write.busy || journal->take.busy || journal->early || journal->told != NULL;
}

static uint64_t previous_end(struct journal *journal)
{
    struct segment *before =
        segment_list_find(&journal->segments, journal->prepare.number - 1, false);
    return before != NULL && before->end_known ? before->end : 0;
}

static void take_fill(struct journal *journal)
{
    struct take_job *take = &journal->take;
    struct clock *clock = journal->config.clock;
    uint64_t number = journal->prepare.number;
    int64_t stamps[2] = {clock->wall_ns(clock), clock->boot_ns(clock)};
    if (journal->current.file != NULL) {
        struct segment *old = segment_list_find(&journal->segments, journal->current.number, false);
        check(old != NULL);
        old->end = journal->current.used;
        old->end_known = true;
        old->last_position = journal->durable;
    }
    take->disk = journal->config.disk;
    take->skip_sync = journal->config.sabotage == SABOTAGE_SKIP_SYNC;
    /* Grows with the number, and differs when a number is begun twice around a crash. */
    take->header = (struct segment_header){
        .version = FORMAT_VERSION,
        .kind = SEGMENT_OPEN,
        .number = number,
        .epoch = number << 32 | (uint32_t)hash64(stamps, sizeof stamps, journal->identity[0]),
        .generation = (uint32_t)number,
        .first_position = journal->durable,
        .previous_end = previous_end(journal),
        .wall_ns = stamps[0],
        .journal = {journal->identity[0], journal->identity[1]},
    };
    segment_name(take->from, number, PART_PREPARE);
    segment_name(take->to, number, PART_OPEN);
    take->finished = false;
    take->job = (struct job){.run = take_run, .done = take_done};
}

void take_begin(struct journal *journal)
{
    check(!write_busy(journal) && journal->next == NEXT_READY && !journal->open.active);
    held_flush(journal);
    take_fill(journal);
    journal->take.busy = true;
    journal->config.writer->submit(journal->config.writer, &journal->take.job);
}

enum err take_finish(struct journal *journal)
{
    struct take_job *take = &journal->take;
    take->busy = false;
    if (take->err != OK)
        return take->err;
    struct segment *segment = segment_list_find(&journal->segments, take->header.number, true);
    if (segment == NULL) {
        take->disk->close(take->disk, take->file);
        return ERR_NO_MEMORY;
    }
    segment->parts = PART_BIT(PART_OPEN);
    segment->bytes[PART_OPEN] = journal->prepare.size;
    segment->header = take->header;
    segment->header_err = OK;
    journal->config.disk->close(journal->config.disk, journal->current.file);
    journal->current = (struct current){.file = take->file,
                                        .number = take->header.number,
                                        .epoch = take->header.epoch,
                                        .size = journal->prepare.size,
                                        .used = SEGMENT_HEADER_SIZE};
    journal->next = NEXT_NONE;
    journal->squeeze_look = true;
    prepare_begin(journal);
    return OK;
}

enum err take_now(struct journal *journal)
{
    take_fill(journal);
    take_run(&journal->take.job);
    return take_finish(journal);
}

/* ---- a batch ---- */
bool journal_in_flight(const struct journal *journal)
{
    return write_busy(journal);
}

static void write_begin(struct journal *journal, struct image *image)
{
    struct write_job *write = &journal->write;
    *write = (struct write_job){.job = {.run = write_run, .done = write_done},
                                .disk = journal->config.disk,
                                .clock = journal->config.clock,
                                .file = journal->current.file,
                                .offset = journal->current.used,
                                .at = image->at,
                                .size = image->size,
                                .busy = true};
    if (journal->held != NULL) {
        write->first_at = journal->held->at;
        write->first_size = journal->held->size;
        write->first_offset = journal->current.used;
        write->offset = journal->current.used + journal->held->size;
    }
    journal->flying = image;
    journal->config.writer->submit(journal->config.writer, &write->job);
}

void journal_submit(struct journal *journal)
{
    enum journal_sabotage sabotage = journal->config.sabotage;
    if (journal->stopped || write_busy(journal) || journal_batch_empty(journal))
        return;
    struct image *image = &journal->images[journal->image_free];
    journal->image_free ^= 1U;
    open_batch_seal(journal, image);
    journal->early = sabotage == SABOTAGE_EARLY_ACK;
    if (sabotage == SABOTAGE_REORDER && journal->held == NULL) {
        journal->held = image;
        journal->early = true;
        return;
    }
    write_begin(journal, image);
}

void held_flush(struct journal *journal)
{
    struct disk *disk = journal->config.disk;
    if (journal->held == NULL || journal->current.file == NULL)
        return;
    (void)disk->write(disk, journal->current.file, journal->current.used, journal->held->at,
                      journal->held->size);
    journal->current.used += journal->held->size;
    journal->held = NULL;
}

void journal_fail(struct journal *journal, enum err err, const char *what)
{
    journal_tell(journal, LOG_ERROR,
                 "%s failed (%s): nothing is acknowledged until the disk answers again", what,
                 err_text(err));
    uint64_t in_flight = journal->flying != NULL ? journal->flying->size : 0;
    journal->stopped = true;
    journal->failed = err;
    journal->held = NULL;
    journal->flying = NULL;
    journal->early = false;
    open_batch_drop(journal);
    if (journal->current.file == NULL)
        return;
    struct segment *segment = segment_list_find(&journal->segments, journal->current.number, false);
    check(segment != NULL);
    segment->end = journal->current.used;
    segment->torn_end = segment->end + in_flight;
    segment->end_known = true;
    segment->last_position = journal->durable;
    journal->config.disk->close(journal->config.disk, journal->current.file);
    journal->current = (struct current){.number = journal->current.number};
}

static void write_measure(struct journal *journal, int64_t took_ns)
{
    uint64_t us = took_ns > 0 ? (uint64_t)took_ns / 1000 : 0;
    unsigned slot = us == 0 ? 0 : 64U - (unsigned)__builtin_clzll(us);
    journal->write_histogram[slot < 31 ? slot : 31]++;
    journal->write_ns_last = took_ns;
    journal->write_ns_sum += took_ns > 0 ? took_ns : 0;
    if (took_ns > journal->write_ns_max)
        journal->write_ns_max = took_ns;
}

static void batch_durable(struct journal *journal, const struct image *image,
                          journal_durable_batch *on_durable, void *arg)
{
    struct journal_batch batch = {
        .header = image->header,
        .body = bytes_of(image->at + BATCH_HEADER_SIZE, image->header.body_bytes),
        .segment = journal->current.number,
        .generation = (uint32_t)journal->current.number,
    };
    journal->durable = image->header.position + image->header.records;
    journal->tickets_durable = image->ticket;
    bool whole = on_durable == NULL || on_durable(arg, &batch, image->ticket);
    journal->told = whole ? NULL : image;
}

static void write_finish(struct journal *journal, journal_durable_batch *on_durable, void *arg)
{
    struct write_job *write = &journal->write;
    struct image *image = journal->flying;
    check(image != NULL);
    write->busy = false;
    write->finished = false;
    if (write->err != OK) {
        journal_fail(journal, write->err, "a write to the journal");
        return;
    }
    journal->flying = NULL;
    if (journal->held != NULL)
        journal->current.used += journal->held->size;
    journal->held = NULL;
    journal->current.used += image->size;
    journal->bytes_written += image->size;
    journal->bytes_payload += BATCH_HEADER_SIZE + (uint64_t)image->header.body_bytes;
    journal->batches++;
    write_measure(journal, write->took_ns);
    if (journal->config.sabotage != SABOTAGE_EARLY_ACK)
        batch_durable(journal, image, on_durable, arg);
}

enum err journal_poll(struct journal *journal, journal_durable_batch *on_durable, void *arg)
{
    struct journal_config *config = &journal->config;
    config->writer->poll(config->writer);
    config->background->poll(config->background);
    if (journal->told != NULL)
        batch_durable(journal, journal->told, on_durable, arg);
    if (journal->early && journal->told == NULL) {
        journal->early = false;
        batch_durable(journal, journal->held != NULL ? journal->held : journal->flying, on_durable,
                      arg);
    }
    if (journal->write.busy && journal->write.finished && journal->told == NULL)
        write_finish(journal, on_durable, arg);
    if (journal->told != NULL)
        return OK;
    if (journal->take.busy && journal->take.finished) {
        enum err err = take_finish(journal);
        if (err != OK)
            journal_fail(journal, err, "taking a new segment into use");
    }
    if (journal->started) {
        prepare_poll(journal);
        squeeze_poll(journal);
    }
    enum err failed = journal->failed;
    journal->failed = OK;
    return failed;
}

uint64_t journal_durable(const struct journal *journal)
{
    return journal->durable;
}

uint64_t journal_tickets_durable(const struct journal *journal)
{
    return journal->tickets_durable;
}
