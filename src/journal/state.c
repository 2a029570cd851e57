/* What the journal says of itself, and retention. */
#include "journal/inside.h"

#include <string.h>

void journal_describe(const struct journal *journal, struct journal_state *ret_state)
{
    struct journal_state state = {
        .durable_position = journal->durable,
        .first_position = 1,
        .segments = journal->segments.count,
        .bytes_written = journal->bytes_written,
        .bytes_payload = journal->bytes_payload,
        .batches = journal->batches,
        .records = journal->records,
        .segment_number = journal->current.number,
        .segment_used = journal->current.used,
        .segment_size = journal->current.size,
        .disk_full = journal->disk_full,
        .stopped = journal->stopped,
        .write_ns_last = journal->write_ns_last,
        .write_ns_max = journal->write_ns_max,
        .write_ns_sum = journal->write_ns_sum,
    };
    memcpy(state.write_histogram, journal->write_histogram, sizeof state.write_histogram);
    for (size_t i = 0; i < journal->segments.count; i++) {
        const struct segment *segment = &journal->segments.at[i];
        for (unsigned part = PART_OPEN; part <= PART_MESSAGES; part++)
            state.bytes += (segment->parts & PART_BIT(part)) != 0 ? segment->bytes[part] : 0;
    }
    if (journal->segments.count > 0 && journal->segments.at[0].header_err == OK)
        state.first_position = journal->segments.at[0].header.first_position;
    *ret_state = state;
}

uint64_t journal_bytes_payload(const struct journal *journal)
{
    return journal->bytes_payload;
}

size_t journal_damage_count(const struct journal *journal)
{
    return journal->damage.count;
}

const struct journal_damage *journal_damage_at(const struct journal *journal, size_t at)
{
    check(at < journal->damage.count);
    return &journal->damage.at[at];
}

enum err journal_segments(struct journal *journal, journal_each_segment *each, void *arg)
{
    for (size_t i = 0; i < journal->segments.count; i++) {
        const struct segment *segment = &journal->segments.at[i];
        for (unsigned part = PART_OPEN; part <= PART_MESSAGES; part++) {
            char name[SEGMENT_NAME_SIZE];
            struct segment_header header = segment->header;
            enum err err = segment->header_err;
            if ((segment->parts & PART_BIT(part)) == 0)
                continue;
            segment_name(name, segment->number, (enum segment_part)part);
            if (!journal->started) {
                header = (struct segment_header){0};
                err = segment_header_read(journal->config.disk, name, &header);
            }
            if (err == ERR_IO)
                return err;
            each(arg, name, &header, segment->bytes[part], err);
        }
    }
    return OK;
}

/* A closed, squeezed segment whose records all lie below position and whose lane is there. */
static bool segment_releasable(const struct journal *journal, const struct segment *segment,
                               enum lane lane, uint64_t position)
{
    return segment->number != journal->current.number && !segment->foreign &&
           (segment->parts & PART_BIT(PART_OPEN)) == 0 && (segment->parts & PART_BIT(lane)) != 0 &&
           segment->last_position != 0 && segment->last_position <= position;
}

/* Up to which segment the lane may be missing when what lies below position goes. */
static uint64_t release_to(const struct journal *journal, enum lane lane, uint64_t position)
{
    uint64_t to = journal->released.to[lane];
    for (size_t i = 0; i < journal->segments.count; i++) {
        const struct segment *segment = &journal->segments.at[i];
        bool waits = (segment->parts & PART_BIT(PART_OPEN)) != 0 && !segment->damaged;
        if (waits || segment->number == journal->current.number)
            break;
        if (segment_releasable(journal, segment, lane, position) && segment->number > to)
            to = segment->number;
    }
    return to;
}

enum err journal_release(struct journal *journal, enum lane lane, uint64_t position,
                         uint32_t *ret_files)
{
    check(lane == LANE_SAMPLES || lane == LANE_MESSAGES);
    struct disk *disk = journal->config.disk;
    struct released released = journal->released;
    uint32_t files = 0;
    enum err err = OK;
    released.to[lane] = release_to(journal, lane, position);
    if (released.to[lane] > journal->released.to[lane]) /* first said, then done */
        err = released_write(disk, &released);
    if (err == OK)
        journal->released = released;
    for (size_t i = 0; i < journal->segments.count && err == OK; i++) {
        struct segment *segment = &journal->segments.at[i];
        char name[SEGMENT_NAME_SIZE];
        if (segment->number > released.to[lane] ||
            !segment_releasable(journal, segment, lane, position))
            continue;
        segment_name(name, segment->number, (enum segment_part)lane);
        err = disk->remove(disk, name);
        if (err == OK || err == ERR_MISSING) {
            segment->parts &= ~PART_BIT(lane);
            files++;
            err = OK;
        }
    }
    if (files > 0 && err == OK)
        err = disk->sync_folder(disk, JOURNAL_FOLDER);
    if (err == OK)
        *ret_files = files;
    return err;
}
