/* Opening: which files there are, whose they are, where each segment ends. Nothing is deleted and
 * nothing old is read: the successor's header tells where a segment ended, and the tail of the
 * newest one is judged when reading reaches it. Appending always begins a new segment, whose header
 * keeps that judgement for ever. */
#include "journal/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_BYTES_MIN (SEGMENT_HEADER_SIZE + (uint64_t)BATCH_BYTES_MAX)

void journal_tell(struct journal *journal, enum log_level level, const char *format, ...)
{
    char text[512];
    va_list arguments;
    if (journal->config.tell == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    journal->config.tell(journal->config.tell_arg, level, text);
}

/* ---- open ---- */
static enum err journal_buffers(struct journal *journal)
{
    journal->images[0].at = os_aligned_alloc(BATCH_BYTES_MAX);
    journal->images[1].at = os_aligned_alloc(BATCH_BYTES_MAX);
    journal->take.block = os_aligned_alloc(SEGMENT_HEADER_SIZE);
    journal->prepare.zeroes = os_aligned_alloc(PREPARE_PIECE);
    journal->open.facts =
        (struct facts_writer){.at = malloc(BATCH_BYTES_MAX), .capacity = BATCH_BYTES_MAX};
    journal->open.samples =
        (struct samples_writer){.at = malloc(BATCH_BYTES_MAX), .capacity = BATCH_BYTES_MAX};
    journal->open.messages =
        (struct facts_writer){.at = malloc(BATCH_BYTES_MAX), .capacity = BATCH_BYTES_MAX};
    if (journal->images[0].at == NULL || journal->images[1].at == NULL ||
        journal->take.block == NULL || journal->prepare.zeroes == NULL ||
        journal->open.facts.at == NULL || journal->open.samples.at == NULL ||
        journal->open.messages.at == NULL)
        return ERR_NO_MEMORY;
    memset(journal->prepare.zeroes, 0, PREPARE_PIECE);
    return OK;
}

static void journal_free(struct journal *journal)
{
    segment_list_done(&journal->segments);
    damage_list_done(&journal->damage);
    os_aligned_free(journal->images[0].at);
    os_aligned_free(journal->images[1].at);
    os_aligned_free(journal->take.block);
    os_aligned_free(journal->prepare.zeroes);
    free(journal->open.facts.at);
    free(journal->open.samples.at);
    free(journal->open.messages.at);
    free(journal);
}

/* The journal is whose first readable segment it is. */
static void identity_find(struct journal *journal)
{
    struct segment_list *segments = &journal->segments;
    bool found = false;
    for (size_t i = 0; i < segments->count; i++) {
        struct segment *segment = &segments->at[i];
        if (segment->header_err != OK)
            continue;
        if (!found)
            memcpy(journal->identity, segment->header.journal, sizeof journal->identity);
        found = true;
        segment->foreign =
            memcmp(journal->identity, segment->header.journal, sizeof journal->identity) != 0;
        if (segment->foreign)
            journal_tell(journal, LOG_ERROR,
                         "segment %" PRIu64 " belongs to another journal; it is not read",
                         segment->number);
    }
    if (!found && !journal->config.read_only)
        os_random(journal->identity, sizeof journal->identity);
}

static void ends_find(struct journal *journal)
{
    struct segment_list *segments = &journal->segments;
    for (size_t i = 0; i < segments->count; i++) {
        struct segment *segment = &segments->at[i];
        const struct segment *next = i + 1 < segments->count ? segment + 1 : NULL;
        if (segment->header_err == OK && segment->header.kind != SEGMENT_OPEN)
            segment->last_position = segment->header.last_position;
        if (next == NULL || next->header_err != OK || next->foreign ||
            next->number != segment->number + 1)
            continue;
        segment->last_position = next->header.first_position;
        if (next->header.previous_end >= SEGMENT_HEADER_SIZE) {
            segment->end = next->header.previous_end;
            segment->end_known = true;
        }
    }
}

static enum err journal_find(struct journal *journal)
{
    struct disk *disk = journal->config.disk;
    char newer_name[SEGMENT_NAME_SIZE];
    uint32_t newer_version = 0;
    size_t unreadable = 0;
    enum err err = OK;
    if (!journal->config.read_only) {
        err = disk->make_folder(disk, JOURNAL_FOLDER);
        if (err == OK)
            err = disk->sync_folder(disk, ".");
    }
    if (err == OK)
        err = segment_list_read(disk, &journal->segments, newer_name, &newer_version);
    if (err == ERR_NEWER)
        journal_tell(journal, LOG_ERROR,
                     "%s has format version %" PRIu32 "; this program reads up to %d", newer_name,
                     newer_version, FORMAT_VERSION);
    if (err == OK)
        err = damage_list_read(disk, &journal->damage, &unreadable);
    if (err == OK)
        err = released_read(disk, &journal->released);
    if (err != OK)
        return err;
    if (unreadable > 0)
        journal_tell(journal, LOG_WARN, "%zu lines of the damage list cannot be read", unreadable);
    if (journal->damage.count > 0)
        journal_tell(journal, LOG_WARN, "%zu damaged stretches are known; `check` names them",
                     journal->damage.count);
    identity_find(journal);
    ends_find(journal);
    return OK;
}

/* SABOTAGE_DROP_LAST: the newest segment ends before its last batch. */
static void sabotage_drop_last(struct journal *journal)
{
    struct segment_list *segments = &journal->segments;
    if (journal->config.sabotage != SABOTAGE_DROP_LAST || segments->count == 0)
        return;
    struct segment *newest = &segments->at[segments->count - 1];
    char name[SEGMENT_NAME_SIZE];
    struct walk walk;
    enum walk_found found;
    segment_name(name, newest->number, PART_OPEN);
    if (walk_open(&walk, journal->config.disk, name) != OK)
        return;
    walk.epoch = newest->header.epoch;
    while (walk_next(&walk, &found) == OK && found == WALK_BATCH) {
        newest->end = walk.at;
        newest->end_known = true;
    }
    walk_close(&walk);
}

enum err journal_open(const struct journal_config *config, struct journal **ret_journal)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL)
        return ERR_NO_MEMORY;
    journal->config = *config;
    if (journal->config.segment_first_bytes < SEGMENT_BYTES_MIN)
        journal->config.segment_first_bytes = SEGMENT_BYTES_MIN;
    if (journal->config.segment_max_bytes < journal->config.segment_first_bytes)
        journal->config.segment_max_bytes = journal->config.segment_first_bytes;
    journal->ticket = 1;
    enum err err = journal_buffers(journal);
    if (err == OK)
        err = journal_find(journal);
    if (err != OK) {
        journal_free(journal);
        return err;
    }
    sabotage_drop_last(journal);
    *ret_journal = journal;
    return OK;
}

void journal_identity(const struct journal *journal, uint64_t ret_identity[2])
{
    memcpy(ret_identity, journal->identity, sizeof journal->identity);
}

/* ---- start ---- */
/* The zeroes behind the end of a segment that will never be written again hold nothing, and on a
 * full disk they may be all the room there is. Bytes of a torn write stay for who wants to look. */
static void tail_trim(struct journal *journal, struct segment *segment)
{
    struct disk *disk = journal->config.disk;
    char name[SEGMENT_NAME_SIZE];
    struct disk_file *file;
    uint64_t end = segment->end > segment->torn_end ? segment->end : segment->torn_end;
    if ((segment->parts & PART_BIT(PART_OPEN)) == 0 || segment->bytes[PART_OPEN] <= end)
        return;
    segment_name(name, segment->number, PART_OPEN);
    if (disk->open(disk, name, DISK_READ | DISK_WRITE, &file) != OK)
        return;
    if (disk->truncate(disk, file, end) == OK) {
        (void)disk->sync(disk, file);
        segment->bytes[PART_OPEN] = end;
    }
    disk->close(disk, file);
}

enum err segment_measure(struct journal *journal, struct segment *segment)
{
    struct journal_cursor *cursor;
    struct journal_batch batch;
    enum err err = journal_cursor_open(journal, segment->header.first_position, &cursor);
    if (err != OK)
        return err;
    do {
        err = journal_cursor_next(cursor, &batch);
    } while (err == OK);
    journal_cursor_close(cursor);
    return err == ERR_MISSING ? OK : err;
}

static enum err start_end(struct journal *journal, uint64_t end_position)
{
    struct segment_list *segments = &journal->segments;
    journal->durable = end_position > 1 ? end_position : 1;
    if (segments->count == 0)
        return OK;
    struct segment *newest = &segments->at[segments->count - 1];
    if ((newest->parts & PART_BIT(PART_OPEN)) != 0 && !newest->foreign && !newest->end_known) {
        enum err err = segment_measure(journal, newest);
        if (err != OK)
            return err;
        newest = &segments->at[segments->count - 1];
    }
    /* Never below what a header claims: a position is given once. */
    if (newest->header_err == OK && newest->header.first_position > journal->durable)
        journal->durable = newest->header.first_position;
    if (newest->last_position > journal->durable && journal->config.sabotage != SABOTAGE_DROP_LAST)
        journal->durable = newest->last_position;
    newest->last_position = journal->durable;
    if (newest->end_known)
        tail_trim(journal, newest);
    return OK;
}

enum err journal_start(struct journal *journal, uint64_t end_position, int64_t engine_ns)
{
    struct clock *clock = journal->config.clock;
    check(!journal->started && !journal->config.read_only);
    enum err err = start_end(journal, end_position);
    if (err != OK)
        return err;
    journal->engine_base_ns = engine_ns - clock->boot_ns(clock);
    journal->engine_last_ns = engine_ns;
    err = prepare_now(journal);
    if (err == OK)
        err = take_now(journal);
    else if (err == ERR_NO_SPACE)
        err = OK; /* it starts all the same, and looks again every second */
    journal->started = err == OK;
    return err;
}

enum err journal_restart(struct journal *journal)
{
    struct journal_config *config = &journal->config;
    check(journal->started);
    if (!journal->stopped)
        return OK;
    if (journal->next == NEXT_PREPARING) {
        config->background->wait(config->background);
        config->background->poll(config->background);
        prepare_poll(journal);
    }
    enum err err = OK;
    if (journal->next != NEXT_READY && journal->next != NEXT_PREPARING) {
        err = prepare_now(journal);
        struct segment *failed =
            segment_list_find(&journal->segments, journal->current.number, false);
        if (err == ERR_NO_SPACE && failed != NULL) { /* what it will not use any more may do */
            tail_trim(journal, failed);
            err = prepare_now(journal);
        }
    }
    if (err == OK && journal->next == NEXT_PREPARING)
        err = ERR_BUSY;
    if (err == OK) {
        err = take_now(journal);
        if (err != OK)
            journal->next = NEXT_NONE; /* the same number again, from a fresh file */
    }
    if (err != OK)
        return err;
    journal->stopped = false;
    journal->failed = OK;
    journal_tell(journal, LOG_INFO,
                 "the journal goes on in segment %" PRIu64 " at position %" PRIu64,
                 journal->current.number, journal->durable);
    return OK;
}

/* ---- close ---- */
/* An empty batch behind the last one: from now on a damaged last batch cannot be taken for a torn
 * one. Then the zeroes behind it go, which makes the next start quick. */
static void close_mark(struct journal *journal)
{
    struct disk *disk = journal->config.disk;
    struct current *current = &journal->current;
    struct image *image = &journal->images[journal->image_free];
    if (current->used + FORMAT_BLOCK > current->size)
        return;
    struct batch_header mark = {.epoch = current->epoch,
                                .position = journal->durable,
                                .durable = journal->durable,
                                .engine_ns = journal->engine_last_ns,
                                .wall_ns = journal->config.clock->wall_ns(journal->config.clock),
                                .lanes = 1U << (LANE_FACTS - 1)};
    batch_seal(image->at, &mark);
    memset(image->at + BATCH_HEADER_SIZE, 0, FORMAT_BLOCK - BATCH_HEADER_SIZE);
    if (disk->write(disk, current->file, current->used, image->at, FORMAT_BLOCK) != OK)
        return;
    if (disk->truncate(disk, current->file, current->used + FORMAT_BLOCK) == OK &&
        journal->config.sabotage != SABOTAGE_SKIP_SYNC)
        (void)disk->sync(disk, current->file);
}

void journal_close(struct journal *journal)
{
    if (journal == NULL)
        return;
    struct journal_config *config = &journal->config;
    if (journal->started) {
        config->writer->wait(config->writer);
        config->writer->poll(config->writer);
        config->background->wait(config->background);
        config->background->poll(config->background);
        if (journal->write.busy && journal->write.finished && journal->write.err == OK) {
            journal->current.used += journal->flying->size;
            journal->durable = journal->flying->header.position + journal->flying->header.records;
        }
        held_flush(journal);
        bool failed = journal->stopped || (journal->write.busy && journal->write.err != OK);
        if (journal->take.busy && journal->take.finished && journal->take.err == OK)
            config->disk->close(config->disk, journal->take.file);
        else if (journal->current.file != NULL && !failed)
            close_mark(journal);
        config->disk->close(config->disk, journal->current.file);
    }
    journal_free(journal);
}
