/* The open batch. The lanes grow in buffers of their own, because rows are created while samples
 * are being written; a set of runs ends where order between the lanes matters. Sealing copies them
 * into the image that goes to the disk: a few KiB in the ordinary case, and the price of letting
 * all lanes grow at once.
 *
 * Which segment a batch goes to is decided when it opens. A segment that has less than a whole
 * batch left gives way to the next one; taking that into use is a barrier of a few milliseconds
 * (JOURNAL_WAIT), so that no record is ever encoded for a segment that is not safely there. */
#include "journal/inside.h"

#include <string.h>

#define SET_BYTES (LANES * RUN_HEADER_SIZE)
#define ROTATE_PART 8 /* a segment gives way when less than 1/8 of it, and of a batch, is left */

static uint32_t batch_records(const struct open_batch *open)
{
    return open->facts.count + open->samples.ordinal + open->messages.count;
}

static size_t batch_bytes(const struct open_batch *open)
{
    return BATCH_HEADER_SIZE + (open->set_count + 1) * SET_BYTES + open->facts.size +
           open->samples.size + open->messages.size;
}

void open_batch_drop(struct journal *journal)
{
    journal->open.active = false;
    journal->open.facts.size = 0;
    journal->open.facts.count = 0;
    journal->open.samples.size = 0;
    journal->open.samples.ordinal = 0;
    journal->open.messages.size = 0;
    journal->open.messages.count = 0;
    journal->open.set_count = 0;
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
int64_t journal_engine_ns(const struct journal *journal)
{
    struct clock *clock = journal->config.clock;
    int64_t engine_ns = journal->engine_base_ns + clock->boot_ns(clock);
    return engine_ns > journal->engine_last_ns ? engine_ns : journal->engine_last_ns;
}

static void batch_stamp(struct journal *journal)
{
    struct clock *clock = journal->config.clock;
    journal->engine_last_ns = journal_engine_ns(journal);
    journal->open.engine_ns = journal->engine_last_ns;
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
    open->capacity_unreserved = left_capped(left > reserve ? left - reserve : 0);
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
    uint32_t capacity = lane == LANE_FACTS ? open->capacity : open->capacity_unreserved;
    return batch_bytes(open) + bytes <= capacity && open->set_count + 1 < RUN_SETS_MAX;
}

/* The open batch holds something and has no room: mostly it has to go out first. But samples
 * and messages that only the reserve keeps out are refused at once when there is no next segment.
 */
static enum journal_room room_in_batch_refused(const struct journal *journal, enum lane lane,
                                               size_t bytes)
{
    const struct open_batch *open = &journal->open;
    bool reserved = lane != LANE_FACTS && batch_bytes(open) + bytes > open->capacity_unreserved &&
                    batch_bytes(open) + bytes <= open->capacity;
    return reserved ? room_refused(journal) : JOURNAL_WAIT;
}

enum journal_room journal_room(struct journal *journal, enum lane lane, size_t bytes)
{
    check(journal->started);
    struct open_batch *open = &journal->open;
    size_t whole = BATCH_HEADER_SIZE + SET_BYTES + bytes;
    check(bytes <= JOURNAL_RECORD_BYTES_MAX);
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
    if (lane != LANE_FACTS && left < whole + reserve_bytes(journal))
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

struct facts_writer *journal_messages(struct journal *journal)
{
    check(journal->open.active);
    return &journal->open.messages;
}

/* Where the lanes are now. */
static struct run_set set_here(const struct open_batch *open)
{
    return (struct run_set){
        .end = {(uint32_t)open->facts.size, (uint32_t)open->samples.size,
                (uint32_t)open->messages.size},
        .records = {open->facts.count, open->samples.ordinal, open->messages.count}};
}

void journal_order(struct journal *journal)
{
    struct open_batch *open = &journal->open;
    static const struct run_set none;
    const struct run_set *before = open->set_count > 0 ? &open->sets[open->set_count - 1] : &none;
    /* Facts already stand before the samples and the messages of their set. */
    if (!open->active || (open->samples.size == before->end[LANE_SAMPLES - 1] &&
                          open->messages.size == before->end[LANE_MESSAGES - 1]))
        return;
    check(open->set_count + 1 < RUN_SETS_MAX);
    open->sets[open->set_count++] = set_here(open);
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
    const uint8_t *const from[LANES] = {open->facts.at, open->samples.at, open->messages.at};
    struct sealing sealing = {.at = image->at, .size = BATCH_HEADER_SIZE};
    struct run_set before = {0};
    uint32_t records = batch_records(open);
    open->sets[open->set_count] = set_here(open);
    for (uint32_t i = 0; i <= open->set_count; i++) {
        const struct run_set *set = &open->sets[i];
        for (unsigned at = 0; at < LANES; at++)
            seal_run(&sealing, (enum lane)(at + 1), set->records[at] - before.records[at],
                     from[at] + before.end[at], set->end[at] - before.end[at]);
        before = *set;
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
        .lanes = (1U << LANES) - 1,
    };
    batch_seal(image->at, &image->header);
    image->size = (sealing.size + FORMAT_BLOCK - 1) / FORMAT_BLOCK * FORMAT_BLOCK;
    memset(image->at + sealing.size, 0, image->size - sealing.size);
    image->ticket = journal->ticket++;
    journal->records += records;
    open_batch_drop(journal);
}
