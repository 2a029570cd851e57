/* The open batch. Facts and samples grow in buffers of their own, because rows are created while
 * samples are being written; a pair of runs ends where order between the lanes matters. Sealing
 * copies both into the image that goes to the disk: a few KiB in the ordinary case, and the price
 * of letting both lanes grow at once.
 *
 * Which segment a batch goes to is decided when it opens. A segment that has less than a whole
 * batch left gives way to the next one; taking that into use is a barrier of a few milliseconds
 * (JOURNAL_WAIT), so that no record is ever encoded for a segment that is not safely there. */
#include "journal/inside.h"

#include <string.h>

#define PAIR_BYTES (2 * RUN_HEADER_SIZE)
#define ROTATE_PART 8 /* a segment gives way when less than 1/8 of it, and of a batch, is left */

static uint32_t batch_records(const struct open_batch *open)
{
    return open->facts.count + open->samples.ordinal;
}

static size_t batch_bytes(const struct open_batch *open)
{
    return BATCH_HEADER_SIZE + (open->pair_count + 1) * PAIR_BYTES + open->facts.size +
           open->samples.size;
}

void open_batch_drop(struct journal *journal)
{
    journal->open.active = false;
    journal->open.facts.size = 0;
    journal->open.facts.count = 0;
    journal->open.samples.size = 0;
    journal->open.samples.ordinal = 0;
    journal->open.pair_count = 0;
}

bool journal_batch_empty(const struct journal *journal)
{
    return !journal->open.active || batch_records(&journal->open) == 0;
}

uint64_t journal_ticket(const struct journal *journal)
{
    return journal->ticket;
}

/* ---- what is left in the segment ---- */
static uint64_t segment_left(const struct journal *journal)
{
    const struct current *current = &journal->current;
    if (current->file == NULL)
        return 0;
    uint64_t used = current->used;
    if (journal->write.busy)
        used += journal->flying->size;
    if (journal->held != NULL)
        used += journal->held->size;
    return used < current->size ? current->size - used : 0;
}

static uint64_t reserve_bytes(const struct journal *journal)
{
    uint64_t most = journal->current.size / 4 / FORMAT_BLOCK * FORMAT_BLOCK;
    uint64_t reserve = journal->config.reserve_bytes;
    if (journal->next == NEXT_READY)
        return 0;
    return reserve < most ? reserve : most;
}

static uint32_t left_capped(uint64_t left)
{
    return left < BATCH_BYTES_MAX ? (uint32_t)left : (uint32_t)BATCH_BYTES_MAX;
}

/* ---- opening ---- */
static void batch_stamp(struct journal *journal)
{
    struct clock *clock = journal->config.clock;
    int64_t engine_ns = journal->engine_base_ns + clock->boot_ns(clock);
    if (engine_ns < journal->engine_last_ns)
        engine_ns = journal->engine_last_ns;
    journal->engine_last_ns = engine_ns;
    journal->open.engine_ns = engine_ns;
    journal->open.wall_ns = clock->wall_ns(clock);
}

static void batch_begin(struct journal *journal, uint64_t left)
{
    struct open_batch *open = &journal->open;
    uint64_t reserve = reserve_bytes(journal);
    open_batch_drop(journal);
    batch_stamp(journal);
    open->active = true;
    open->capacity = left_capped(left);
    open->capacity_samples = left_capped(left > reserve ? left - reserve : 0);
    open->facts.count = 0;
    open->samples.row_last = 0;
    open->samples.wall_ns = open->wall_ns;
    open->samples.generation = (uint32_t)journal->current.number;
    if (journal->config.sabotage == SABOTAGE_FORGET_KEY) {
        if (journal->sabotage_generation == 0)
            journal->sabotage_generation = open->samples.generation;
        open->samples.generation = journal->sabotage_generation;
    }
}

/* No room where we are: what the asker is to do. */
static enum journal_room room_refused(const struct journal *journal)
{
    return journal->next == NEXT_FAILED ? JOURNAL_DISK_FULL : JOURNAL_WAIT;
}

static enum journal_room room_rotate(struct journal *journal)
{
    if (journal->next != NEXT_READY)
        return room_refused(journal);
    if (!write_busy(journal))
        take_begin(journal);
    return JOURNAL_WAIT;
}

static bool batch_fits(const struct open_batch *open, enum lane lane, size_t bytes)
{
    uint32_t capacity = lane == LANE_FACTS ? open->capacity : open->capacity_samples;
    return batch_bytes(open) + bytes <= capacity && open->pair_count + 1 < PAIRS_MAX;
}

/* The open batch holds something and has no room: mostly it has to go out first. But samples that
 * only the reserve keeps out are refused at once when there is no next segment. */
static enum journal_room room_in_batch_refused(const struct journal *journal, enum lane lane,
                                               size_t bytes)
{
    const struct open_batch *open = &journal->open;
    bool reserved = lane == LANE_SAMPLES && batch_bytes(open) + bytes > open->capacity_samples &&
                    batch_bytes(open) + bytes <= open->capacity;
    return reserved ? room_refused(journal) : JOURNAL_WAIT;
}

enum journal_room journal_room(struct journal *journal, enum lane lane, size_t bytes)
{
    check(journal->started);
    struct open_batch *open = &journal->open;
    size_t whole = BATCH_HEADER_SIZE + PAIR_BYTES + bytes;
    check(whole <= BATCH_BYTES_MAX);
    if (journal->stopped)
        return JOURNAL_STOPPED;
    if (open->active) {
        if (LIKELY(batch_fits(open, lane, bytes)))
            return JOURNAL_ROOM;
        if (batch_records(open) > 0)
            return room_in_batch_refused(journal, lane, bytes);
        open_batch_drop(journal);
    }
    if (journal->take.busy)
        return JOURNAL_WAIT;
    uint64_t left = segment_left(journal);
    uint64_t give_way = journal->current.size / ROTATE_PART;
    if (give_way > BATCH_BYTES_MAX)
        give_way = BATCH_BYTES_MAX;
    if (left < whole || (left < give_way && journal->next == NEXT_READY))
        return room_rotate(journal);
    if (lane == LANE_SAMPLES && left < whole + reserve_bytes(journal))
        return room_refused(journal);
    batch_begin(journal, left);
    return JOURNAL_ROOM;
}

struct facts_writer *journal_facts(struct journal *journal)
{
    check(journal->open.active);
    return &journal->open.facts;
}

struct samples_writer *journal_samples(struct journal *journal)
{
    check(journal->open.active);
    return &journal->open.samples;
}

void journal_order(struct journal *journal)
{
    struct open_batch *open = &journal->open;
    uint32_t samples_before =
        open->pair_count > 0 ? open->pairs[open->pair_count - 1].samples_end : 0;
    /* Facts already stand before the samples of their pair. */
    if (!open->active || open->samples.size == samples_before)
        return;
    check(open->pair_count + 1 < PAIRS_MAX);
    open->pairs[open->pair_count++] = (struct pair){.facts_end = (uint32_t)open->facts.size,
                                                    .samples_end = (uint32_t)open->samples.size,
                                                    .facts_count = open->facts.count,
                                                    .samples_count = open->samples.ordinal};
    open->samples.row_last = 0;
}

/* ---- sealing ---- */
struct sealing {
    uint8_t *at;
    size_t size;
    uint32_t ordinal;
};

static void seal_run(struct sealing *sealing, enum lane lane, uint32_t records, const uint8_t *from,
                     size_t size)
{
    if (records == 0)
        return;
    run_header_put(sealing->at + sealing->size, lane, records, sealing->ordinal++, (uint32_t)size);
    memcpy(sealing->at + sealing->size + RUN_HEADER_SIZE, from, size);
    sealing->size += RUN_HEADER_SIZE + size;
}

void open_batch_seal(struct journal *journal, struct image *image)
{
    struct open_batch *open = &journal->open;
    struct sealing sealing = {.at = image->at, .size = BATCH_HEADER_SIZE};
    struct pair before = {0};
    uint32_t records = batch_records(open);
    open->pairs[open->pair_count] = (struct pair){.facts_end = (uint32_t)open->facts.size,
                                                  .samples_end = (uint32_t)open->samples.size,
                                                  .facts_count = open->facts.count,
                                                  .samples_count = open->samples.ordinal};
    for (uint32_t i = 0; i <= open->pair_count; i++) {
        const struct pair *pair = &open->pairs[i];
        seal_run(&sealing, LANE_FACTS, pair->facts_count - before.facts_count,
                 open->facts.at + before.facts_end, pair->facts_end - before.facts_end);
        seal_run(&sealing, LANE_SAMPLES, pair->samples_count - before.samples_count,
                 open->samples.at + before.samples_end, pair->samples_end - before.samples_end);
        before = *pair;
    }
    check(sealing.size <= open->capacity);
    image->header = (struct batch_header){
        .epoch = journal->current.epoch,
        .position = journal->durable,
        .durable = journal->durable,
        .engine_ns = open->engine_ns,
        .wall_ns = open->wall_ns,
        .records = records,
        .body_bytes = (uint32_t)(sealing.size - BATCH_HEADER_SIZE),
        .lanes = (1U << (LANE_FACTS - 1)) | (1U << (LANE_SAMPLES - 1)),
    };
    batch_seal(image->at, &image->header);
    image->size = (sealing.size + FORMAT_BLOCK - 1) / FORMAT_BLOCK * FORMAT_BLOCK;
    memset(image->at + sealing.size, 0, image->size - sealing.size);
    image->ticket = journal->ticket++;
    journal->records += records;
    open_batch_drop(journal);
}
