/* Records of the facts lane, read back beside the house: what memory let go and somebody asks for
 * again. It knows nothing of the journal that is open, only its files, so that any thread may read
 * them while the owner writes: a segment is an .open or its lanes, whichever is there when it is
 * looked for. In the file of one lane nothing says where in its batch a record stood: so batches
 * are told whole. */
#include "journal/journal.h"
#include "journal/segment_file.h"
#include "journal/walk.h"

#include <stdlib.h>
#include <string.h>

struct between {
    struct disk *disk;
    uint64_t from, until;
    uint64_t bytes; /* may be read before the piece is over */
    bool over;
    journal_each_fact *each;
    void *arg;
    struct fact_storage storage;
};

static enum err between_run(struct between *between, struct bytes run)
{
    size_t offset = 0;
    struct fact fact;
    enum err err;
    while ((err = facts_read(run, &offset, &between->storage, &fact)) == OK)
        between->each(between->arg, &fact);
    return err == ERR_MISSING ? OK : err;
}

static enum err between_batch(struct between *between, const struct walk *walk)
{
    size_t offset = 0;
    enum err err = OK;
    while (err == OK) {
        enum lane lane;
        uint32_t records, ordinal;
        struct bytes run;
        err = batch_next_run(walk->body, &offset, &lane, &records, &ordinal, &run);
        if (err == OK && lane == LANE_FACTS)
            err = between_run(between, run);
    }
    return err == ERR_MISSING ? OK : err;
}

/* Damaged stretches are passed over: whoever asked misses what lay there. */
static enum err between_walk(struct between *between, struct walk *walk)
{
    enum walk_found found = WALK_BATCH;
    enum err err = walk_seek(walk, between->from);
    while (err == OK) {
        err = walk_next(walk, &found);
        if (err != OK || (found != WALK_BATCH && found != WALK_BAD))
            break;
        between->bytes -= walk->bytes < between->bytes ? walk->bytes : between->bytes;
        if (found == WALK_BAD)
            continue;
        if (walk->header.position >= between->until)
            break;
        uint64_t end = walk->header.position + walk->header.records;
        if (end <= between->from)
            continue;
        err = between_batch(between, walk);
        between->from = end;
        between->over = err == OK && between->bytes == 0;
        if (end >= between->until || between->over)
            break;
    }
    return err;
}

static enum err between_segment(struct between *between, const struct segment *segment)
{
    static const enum segment_part parts[] = {PART_OPEN, PART_FACTS};
    char name[SEGMENT_NAME_SIZE];
    struct walk walk;
    enum err err = ERR_MISSING;
    for (size_t i = 0; i < ARRAY_COUNT(parts) && err == ERR_MISSING; i++) {
        segment_name(name, segment->number, parts[i]);
        err = walk_open(&walk, between->disk, name);
        if (err != OK)
            continue;
        walk.lane = parts[i] != PART_OPEN;
        walk.epoch = segment->header.epoch;
        walk.position = segment->header.first_position;
        err = between_walk(between, &walk);
        walk_close(&walk);
    }
    return err;
}

enum err journal_facts_between(struct disk *disk, const uint64_t identity[2], uint64_t *from,
                               uint64_t until, uint64_t bytes, journal_each_fact *each, void *arg)
{
    char newer[SEGMENT_NAME_SIZE];
    uint32_t version;
    struct segment_list list = {0};
    struct between *between = malloc(sizeof *between);
    if (between == NULL)
        return ERR_NO_MEMORY;
    between->disk = disk;
    between->from = *from;
    between->until = until;
    between->bytes = bytes;
    between->over = false;
    between->each = each;
    between->arg = arg;
    enum err err = segment_list_read(disk, &list, newer, &version);
    for (size_t i = 0; err == OK && !between->over && i < list.count; i++) {
        const struct segment *segment = &list.at[i], *next = segment + 1;
        bool ours = segment->header_err == OK &&
                    memcmp(segment->header.journal, identity, 2 * sizeof identity[0]) == 0;
        bool ends =
            i + 1 < list.count && next->header_err == OK && next->header.first_position <= *from;
        if (ours && !ends && segment->header.first_position < until)
            err = between_segment(between, segment);
    }
    if (err == OK)
        *from = between->over && between->from < until ? between->from : until;
    segment_list_done(&list);
    free(between);
    return err;
}
