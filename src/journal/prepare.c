/* The next segment: a file written once with zeroes before it is used, because the first write to
 * an allocated but unwritten extent commits metadata and costs a multiple. Runs in the background;
 * a full disk is met here first, long before a batch would meet it. */
#include "journal/inside.h"

#include <inttypes.h>
#include <string.h>

/* How large it can be, given what is free and what a file left behind has already. */
static enum err prepare_size(const struct prepare_job *prepare, uint64_t existing,
                             uint64_t *ret_size)
{
    uint64_t free_bytes;
    enum err err = prepare->disk->free_bytes(prepare->disk, &free_bytes);
    if (err != OK)
        return err;
    uint64_t size = prepare->wanted_bytes;
    if (size > (free_bytes + existing) / 16)
        size = (free_bytes + existing) / 16;
    if (size < prepare->first_bytes)
        size = prepare->first_bytes;
    size = size / FORMAT_BLOCK * FORMAT_BLOCK;
    if (size > existing && size - existing + FREE_MARGIN_BYTES > free_bytes) {
        if (existing < prepare->first_bytes)
            return ERR_NO_SPACE;
        size = existing / FORMAT_BLOCK * FORMAT_BLOCK;
    }
    *ret_size = size;
    return OK;
}

static enum err prepare_fill(struct prepare_job *prepare, struct disk_file *file)
{
    struct disk *disk = prepare->disk;
    uint64_t unsynced = 0;
    enum err err = OK;
    for (uint64_t at = 0; at < prepare->size && err == OK; at += PREPARE_PIECE) {
        size_t piece =
            prepare->size - at < PREPARE_PIECE ? (size_t)(prepare->size - at) : PREPARE_PIECE;
        err = disk->write(disk, file, at, prepare->zeroes, piece);
        unsynced += piece;
        if (err == OK && unsynced >= PREPARE_SYNC_BYTES && !prepare->skip_sync) {
            err = disk->sync(disk, file);
            unsynced = 0;
        }
    }
    if (err == OK && !prepare->skip_sync)
        err = disk->sync(disk, file);
    return err;
}

static void prepare_run(struct job *job)
{
    struct prepare_job *prepare = (struct prepare_job *)job;
    struct disk *disk = prepare->disk;
    struct disk_file *file = NULL;
    uint64_t existing = 0;
    char name[SEGMENT_NAME_SIZE];
    segment_name(name, prepare->number, PART_PREPARE);
    /* Durable, as the segment's own writes: zeroes that went through the page cache would cost more
     * than what is written over them, and push out what others have there. */
    prepare->err =
        disk->open(disk, name, DISK_READ | DISK_WRITE | DISK_CREATE | DISK_DURABLE, &file);
    if (prepare->err != OK)
        return;
    prepare->err = disk->size(disk, file, &existing);
    if (prepare->err == OK)
        prepare->err = prepare_size(prepare, existing, &prepare->size);
    if (prepare->err == OK && existing > prepare->size)
        prepare->err = disk->truncate(disk, file, prepare->size);
    if (prepare->err == OK)
        prepare->err = prepare_fill(prepare, file);
    disk->close(disk, file);
    /* Nothing was ever acknowledged in it, and a piece of a file would hold the last space. */
    if (prepare->err != OK)
        (void)disk->remove(disk, name);
}

static void prepare_done(struct job *job)
{
    ((struct prepare_job *)job)->finished = true;
}

static void prepare_set(struct journal *journal)
{
    struct prepare_job *prepare = &journal->prepare;
    const struct segment_list *segments = &journal->segments;
    uint64_t wanted = journal->current.size * 2;
    if (wanted > journal->config.segment_max_bytes)
        wanted = journal->config.segment_max_bytes;
    prepare->job = (struct job){.run = prepare_run, .done = prepare_done};
    prepare->disk = journal->config.disk;
    prepare->number = segments->count > 0 ? segments->at[segments->count - 1].number + 1 : 1;
    prepare->first_bytes = journal->config.segment_first_bytes;
    prepare->wanted_bytes =
        wanted > prepare->first_bytes ? wanted : journal->config.segment_first_bytes;
    prepare->skip_sync = journal->config.sabotage == SABOTAGE_SKIP_SYNC;
    prepare->finished = false;
}

void prepare_begin(struct journal *journal)
{
    check(journal->next != NEXT_PREPARING);
    prepare_set(journal);
    journal->next = NEXT_PREPARING;
    journal->config.background->submit(journal->config.background, &journal->prepare.job);
}

static void prepare_judge(struct journal *journal)
{
    struct clock *clock = journal->config.clock;
    enum err err = journal->prepare.err;
    if (err == OK) {
        journal->next = NEXT_READY;
        if (journal->disk_full)
            journal_tell(journal, LOG_INFO, "there is room for the next segment again");
        journal->disk_full = false;
        return;
    }
    journal->next = NEXT_FAILED;
    journal->next_retry_ns = clock->boot_ns(clock) + PREPARE_RETRY_NS;
    if (!journal->disk_full)
        journal_tell(journal, LOG_ERROR,
                     "the next segment cannot be prepared (%s): samples and messages are refused "
                     "when the present one is down to its reserve; tried again every second",
                     err_text(err));
    journal->disk_full = true;
}

enum err prepare_now(struct journal *journal)
{
    check(journal->next != NEXT_PREPARING);
    prepare_set(journal);
    prepare_run(&journal->prepare.job);
    prepare_judge(journal);
    return journal->prepare.err;
}

void prepare_poll(struct journal *journal)
{
    struct clock *clock = journal->config.clock;
    if (journal->next == NEXT_PREPARING && journal->prepare.finished)
        prepare_judge(journal);
    else if (journal->next == NEXT_FAILED && clock->boot_ns(clock) >= journal->next_retry_ns)
        prepare_begin(journal);
    else if (journal->next == NEXT_NONE && !journal->stopped && !journal->take.busy)
        prepare_begin(journal);
}
