/* Reading in order over all segments. A segment is one file (as written) or its lanes, which are
 * merged batch by batch and run by run into what was written. Positions are followed over
 * everything: where they jump, records are missing, and a jump that no entry of the damage list
 * explains becomes one. */
#include "journal/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct head { /* what one file of the segment gives next */
    struct walk walk;
    enum segment_part part;
    uint8_t lanes; /* of a lane file: which lanes have one, as its header says; 0: not known */
    bool have;     /* a batch waits in walk.header, walk.body */
    bool ended;
    bool more; /* the end for now */
    /* A bad stretch, from when it is met until the records that it took are counted: all lanes
     * must have been read past it. */
    bool bad;
    bool unreadable; /* in a part of it at least */
    struct journal_damage stretch;
    uint64_t first, last; /* positions it can have held; last 0: not known yet */
    uint64_t lost, lost_first, lost_last;
};

struct journal_cursor {
    struct journal *journal;
    uint64_t wanted;   /* batches that end at or below it are passed over */
    uint64_t expected; /* position of the next record; 0: nothing was read */
    uint64_t named_to; /* gaps below it are named */
    uint64_t number;   /* of the segment being read, or the last one */
    bool inside;       /* heads are open */
    struct head heads[LANES];
    unsigned head_count;
    uint8_t released; /* bit lane-1 of each lane whose file retention took */
    int64_t wall_ns;  /* of the last batch */
    uint8_t *merged;  /* BATCH_BYTES_MAX */
};

/* ---- naming ---- */
static void cursor_name(struct journal_cursor *cursor, const struct journal_damage *damage,
                        const struct head *head)
{
    char name[SEGMENT_NAME_SIZE];
    if (head != NULL)
        segment_name(name, cursor->number, head->part);
    struct segment *segment = segment_list_find(&cursor->journal->segments, damage->segment, false);
    if (segment != NULL)
        segment->damaged = true;
    damage_name(cursor->journal, damage, head != NULL ? name : NULL);
}

/* Positions [expected, next) are nowhere: named unless that was done, or an entry covers a part. */
static void cursor_gap(struct journal_cursor *cursor, uint64_t segment, uint64_t next,
                       const char *why)
{
    uint64_t from = cursor->expected > cursor->named_to ? cursor->expected : cursor->named_to;
    struct journal_damage damage = {.segment = segment,
                                    .first_position = from,
                                    .records = next - from,
                                    .wall_before_ns = cursor->wall_ns};
    if (next <= from)
        return;
    cursor->named_to = next;
    if (damage_covers(&cursor->journal->damage, segment, from, next))
        return;
    snprintf(damage.why, sizeof damage.why, "%s", why);
    cursor_name(cursor, &damage, NULL);
}

static const char *const part_words[] = {"", "facts: ", "samples: ", "messages: "};

static void head_stretch_begin(struct journal_cursor *cursor, struct head *head, uint64_t position)
{
    if (head->bad) { /* two stretches with nothing between them are one */
        head->stretch.bytes = head->walk.at + head->walk.bytes - head->stretch.offset;
        head->unreadable = head->unreadable || head->walk.unreadable;
        return;
    }
    head->bad = true;
    head->unreadable = head->walk.unreadable;
    head->first = position;
    head->last = head->lost = 0;
    head->stretch = (struct journal_damage){.segment = cursor->number,
                                            .offset = head->walk.at,
                                            .bytes = head->walk.bytes,
                                            .wall_before_ns = cursor->wall_ns};
}

/* What follows the stretch begins at position next. */
static void head_stretch_end(struct head *head, uint64_t next, int64_t wall_ns)
{
    if (!head->bad || head->last != 0)
        return;
    head->last = next > head->first ? next : head->first;
    head->stretch.wall_after_ns = wall_ns;
}

static void head_stretch_name(struct journal_cursor *cursor, struct head *head)
{
    struct journal_damage *stretch = &head->stretch;
    bool cut = stretch->offset >= head->walk.file_size || stretch->bytes == 0;
    if (!head->bad)
        return;
    head->bad = false;
    stretch->first_position = head->lost > 0 ? head->lost_first : head->first;
    stretch->records = head->lost > 0 ? head->lost_last - head->lost_first : 0;
    const char *what = cut                ? "the file is shorter than it was"
                       : head->unreadable ? "unreadable: the disk failed"
                                          : "no valid batch where one was";
    if (head->lost == 0 && head->last == UINT64_MAX) {
        stretch->first_position = cursor->expected;
        snprintf(stretch->why, sizeof stretch->why, "%s%s, an unknown number of records lost",
                 part_words[head->part], what);
    } else if (head->lost == 0 && cursor->released != 0) { /* which of them it held, who can say */
        stretch->records = head->last - head->first;
        snprintf(stretch->why, sizeof stretch->why, "%s%s, at most %" PRIu64 " records lost",
                 part_words[head->part], what, stretch->records);
    } else {
        snprintf(stretch->why, sizeof stretch->why, "%s%s, %" PRIu64 " records lost",
                 part_words[head->part], what, head->lost);
    }
    cursor_name(cursor, stretch, head);
}

/* `count` records of [first, last) are missing: does a stretch that is not yet named explain it? */
static bool cursor_explain(struct journal_cursor *cursor, uint64_t first, uint64_t last,
                           uint64_t count)
{
    bool explained = false;
    for (unsigned i = 0; i < cursor->head_count; i++) {
        struct head *head = &cursor->heads[i];
        if (!head->bad || last <= head->first || (head->last != 0 && first >= head->last))
            continue;
        if (head->lost == 0)
            head->lost_first = first;
        head->lost_last = last;
        head->lost += count;
        explained = true;
    }
    return explained;
}

/* ---- entering and leaving a segment ---- */
static void cursor_leave(struct journal_cursor *cursor)
{
    for (unsigned i = 0; i < cursor->head_count; i++)
        walk_close(&cursor->heads[i].walk);
    cursor->head_count = 0;
    cursor->inside = false;
}

static enum err head_open(struct journal_cursor *cursor, const struct segment *segment,
                          enum segment_part part)
{
    struct journal *journal = cursor->journal;
    struct head *head = &cursor->heads[cursor->head_count];
    char name[SEGMENT_NAME_SIZE];
    struct segment_header header;
    segment_name(name, segment->number, part);
    *head = (struct head){.part = part};
    enum err err = walk_open(&head->walk, journal->config.disk, name);
    if (err != OK)
        return err;
    cursor->head_count++;
    struct walk *walk = &head->walk;
    walk->lane = part != PART_OPEN;
    err = segment_header_read(journal->config.disk, name, &header);
    if (err == ERR_CORRUPT) {
        struct journal_damage damage = {.segment = segment->number, .bytes = SEGMENT_HEADER_SIZE};
        snprintf(damage.why, sizeof damage.why,
                 "%sthe file's header is damaged; its batches are read without it",
                 part_words[part]);
        cursor_name(cursor, &damage, head);
    }
    if (err != OK && err != ERR_CORRUPT) { /* it may have gone between the two looks */
        walk_close(walk);
        cursor->head_count--;
        return err;
    }
    head->lanes = err == OK && part != PART_OPEN ? header.lanes : 0;
    bool known = segment->header_err == OK;
    walk->epoch = err == OK ? header.epoch : known ? segment->header.epoch : 0;
    walk->position = err == OK ? header.first_position : 1;
    if (part != PART_OPEN)
        return OK;
    walk->limit_known = segment->end_known;
    walk->limit = segment->end;
    if (segment->number == journal->current.number && journal->current.file != NULL) {
        walk->limit_known = walk->writing = true;
        walk->limit = journal->current.used;
    }
    return OK;
}

/* Did retention take this lane's file? Beside a running house it may have done so after this
 * journal was opened: then what it wrote before it took the file says so. */
static bool lane_released(struct journal_cursor *cursor, enum lane lane)
{
    struct journal *journal = cursor->journal;
    struct released now;
    if (cursor->number > journal->released.to[lane] && journal->config.read_only &&
        released_read(journal->config.disk, &now) == OK)
        journal->released = now;
    return cursor->number <= journal->released.to[lane];
}

/* A lane that had a file has none: named, unless retention took it. */
static void lane_missing(struct journal_cursor *cursor, const struct segment *segment,
                         enum lane lane)
{
    if (lane_released(cursor, lane)) {
        cursor->released |= (uint8_t)(1U << (lane - 1));
        return;
    }
    struct journal_damage damage = {.segment = segment->number};
    uint64_t first = segment->header.first_position, last = segment->last_position;
    if (segment->header_err == OK && last > first) {
        damage.first_position = first;
        damage.records = last - first;
    }
    snprintf(damage.why, sizeof damage.why, "%sthe file is missing", part_words[lane]);
    cursor_name(cursor, &damage, NULL);
}

static enum err lanes_open(struct journal_cursor *cursor, const struct segment *segment)
{
    uint8_t had = 0, have = 0;
    for (enum segment_part part = PART_FACTS; part <= PART_MESSAGES; part++) {
        enum err err = head_open(cursor, segment, part);
        if (err == ERR_MISSING)
            continue;
        if (err != OK)
            return err;
        had |= cursor->heads[cursor->head_count - 1].lanes;
        have |= (uint8_t)(1U << (part - 1));
    }
    /* Where no header says it, only the facts had a file for certain: of what else is gone, the
     * positions tell. */
    bool known = had != 0;
    had |= 1U << (LANE_FACTS - 1);
    for (enum lane lane = LANE_FACTS; lane <= LANE_MESSAGES; lane++) {
        uint8_t bit = (uint8_t)(1U << (lane - 1));
        if ((have & bit) != 0)
            continue;
        if ((had & bit) != 0 || (!known && lane_released(cursor, lane)))
            lane_missing(cursor, segment, lane);
    }
    return OK;
}

/* Records between the segment before and this one are missing. */
static void cursor_enter_gap(struct journal_cursor *cursor, const struct segment *segment,
                             uint64_t first)
{
    bool adjacent = cursor->number + 1 == segment->number && cursor->expected != 0;
    if (cursor->expected == 0) {
        cursor->expected = 1;
        if (cursor->wanted > 1)
            cursor->expected = first < cursor->wanted ? first : cursor->wanted;
    }
    if (first <= cursor->expected)
        return;
    cursor_gap(cursor, adjacent ? cursor->number : segment->number - 1, first,
               adjacent ? "the segment's last records are missing"
                        : "the file of a segment is missing");
}

/* The first segment, from somewhere in its middle: what ends below the wanted position need not be
 * read. */
static enum err cursor_seek(struct journal_cursor *cursor)
{
    enum err err = OK;
    if (cursor->wanted <= cursor->expected)
        return OK;
    for (unsigned i = 0; i < cursor->head_count && err == OK; i++)
        err = walk_seek(&cursor->heads[i].walk, cursor->wanted);
    cursor->expected = cursor->wanted;
    return err;
}

static enum err cursor_enter(struct journal_cursor *cursor, struct segment *segment)
{
    bool first = cursor->expected == 0;
    if (segment->header_err == OK)
        cursor_enter_gap(cursor, segment, segment->header.first_position);
    else if (cursor->expected == 0)
        cursor->expected = 1; /* nothing says where it begins: what is not found is missing */
    cursor->number = segment->number;
    cursor->inside = true;
    cursor->head_count = 0;
    cursor->released = 0;
    if (segment->foreign) {
        struct journal_damage damage = {.segment = segment->number};
        snprintf(damage.why, sizeof damage.why, "the file belongs to another journal; not read");
        cursor_name(cursor, &damage, NULL);
        return OK;
    }
    /* The background may be replacing the .open by its lanes at this moment. */
    enum err err = ERR_MISSING;
    if ((segment->parts & PART_BIT(PART_OPEN)) != 0)
        err = head_open(cursor, segment, PART_OPEN);
    if (err == ERR_MISSING)
        err = lanes_open(cursor, segment);
    if (err == OK && first)
        err = cursor_seek(cursor);
    if (err != OK)
        cursor_leave(cursor);
    return err;
}

/* The .open of a segment nobody knew the end of was read to it. */
static void cursor_end_found(struct journal_cursor *cursor, const struct head *head)
{
    struct journal *journal = cursor->journal;
    struct segment *segment = segment_list_find(&journal->segments, cursor->number, false);
    if (segment == NULL || head->part != PART_OPEN || head->walk.writing)
        return;
    if (!segment->end_known) {
        segment->end_known = true;
        segment->end = head->walk.limit_known ? head->walk.limit : head->walk.offset;
    }
    if (segment->last_position == 0 && head->walk.epoch != 0)
        segment->last_position = head->walk.position;
}

static uint64_t segment_last_position(struct journal_cursor *cursor)
{
    const struct segment *segment =
        segment_list_find(&cursor->journal->segments, cursor->number, false);
    return segment != NULL ? segment->last_position : 0;
}

/* ---- heads ---- */
static void head_torn(struct journal_cursor *cursor, const struct head *head)
{
    struct segment *segment = segment_list_find(&cursor->journal->segments, cursor->number, false);
    if (segment == NULL || segment->torn_told)
        return;
    segment->torn_told = true;
    segment->torn_end = head->walk.at + head->walk.bytes;
    journal_tell(cursor->journal, LOG_WARN,
                 "segment %" PRIu64 ": %" PRIu64 " bytes at offset %" PRIu64
                 " of a write that was never acknowledged are cut",
                 cursor->number, head->walk.bytes, head->walk.at);
}

/* Brings the head's next batch forward, or its end. */
static enum err head_fill(struct journal_cursor *cursor, struct head *head)
{
    const struct journal *journal = cursor->journal;
    while (!head->have && !head->ended) {
        if (head->walk.writing) {
            bool still = cursor->number == journal->current.number && journal->current.file != NULL;
            const struct segment *segment =
                segment_list_find(&cursor->journal->segments, cursor->number, false);
            head->walk.writing = still;
            head->walk.limit = still || segment == NULL ? journal->current.used : segment->end;
        }
        uint64_t position = head->walk.position;
        enum walk_found found;
        enum err err = walk_next(&head->walk, &found);
        if (err != OK)
            return err;
        head->more = found == WALK_MORE;
        if (found == WALK_MORE)
            return OK;
        if (found == WALK_BATCH) {
            head_stretch_end(head, head->walk.header.position, head->walk.header.wall_ns);
            head->have = true;
        } else if (found == WALK_BAD) {
            head_stretch_begin(cursor, head, position);
        } else if (found == WALK_TORN) {
            head_torn(cursor, head);
        } else {
            bool known = segment_last_position(cursor) > 0;
            head->ended = true;
            cursor_end_found(cursor, head);
            uint64_t last = head->walk.lane ? head->walk.position : 0;
            if (last <= position)
                last = segment_last_position(cursor);
            if (!known && head->unreadable && head->walk.position == head->first)
                last = 0; /* a tail that cannot be read: nothing says what it held */
            head_stretch_end(head, last > 0 ? last : UINT64_MAX, 0);
        }
    }
    return OK;
}

/* ---- merging ---- */
struct run {
    enum lane lane;
    uint32_t records, ordinal;
    struct bytes bytes;
};

static bool run_next(struct bytes body, size_t *offset, struct run *run)
{
    return batch_next_run(body, offset, &run->lane, &run->records, &run->ordinal, &run->bytes) ==
           OK;
}

static void merged_add(uint8_t *merged, size_t *size, const struct run *run)
{
    check(*size + RUN_HEADER_SIZE + run->bytes.size <= BATCH_BYTES_MAX);
    run_header_put(merged + *size, run->lane, run->records, run->ordinal,
                   (uint32_t)run->bytes.size);
    memcpy(merged + *size + RUN_HEADER_SIZE, run->bytes.at, run->bytes.size);
    *size += RUN_HEADER_SIZE + run->bytes.size;
}

struct lane_body { /* of one lane's part of a batch, the next run */
    struct bytes body;
    size_t offset;
    struct run run;
    bool have;
};

/* The runs of all parts by their ordinals. The lanes come from files of their own: damage that no
 * sum caught must not make their union larger than a batch. */
static struct bytes cursor_merge(struct journal_cursor *cursor, struct lane_body *parts,
                                 unsigned count)
{
    size_t size = 0, most = 0;
    for (unsigned i = 0; i < count; i++) {
        bool fits = parts[i].body.size <= BATCH_BYTES_MAX - most;
        most += fits ? parts[i].body.size : 0;
        parts[i].have = fits && run_next(parts[i].body, &parts[i].offset, &parts[i].run);
    }
    for (;;) {
        struct lane_body *low = NULL;
        for (unsigned i = 0; i < count; i++) {
            if (parts[i].have && (low == NULL || parts[i].run.ordinal < low->run.ordinal))
                low = &parts[i];
        }
        if (low == NULL)
            return bytes_of(cursor->merged, size);
        merged_add(cursor->merged, &size, &low->run);
        low->have = run_next(low->body, &low->offset, &low->run);
    }
}

static uint64_t body_records(struct bytes body)
{
    size_t offset = 0;
    uint64_t records = 0;
    struct run run;
    while (run_next(body, &offset, &run))
        records += run.records;
    return records;
}

/* The lowest batch of the heads, merged from all its lanes. ERR_MISSING: the segment is at its
 * end; ERR_BUSY: at what is written of it. */
static enum err cursor_take(struct journal_cursor *cursor, struct batch_header *ret_header,
                            struct bytes *ret_body)
{
    struct head *low = NULL;
    bool more = false;
    for (unsigned i = 0; i < cursor->head_count; i++) {
        struct head *head = &cursor->heads[i];
        enum err err = head_fill(cursor, head);
        if (err != OK)
            return err;
        more = more || head->more;
        if (head->have && (low == NULL || head->walk.header.position < low->walk.header.position))
            low = head;
    }
    if (low == NULL)
        return more ? ERR_BUSY : ERR_MISSING;
    struct lane_body parts[LANES] = {0};
    unsigned count = 0;
    *ret_header = low->walk.header;
    for (unsigned i = 0; i < cursor->head_count; i++) {
        struct head *head = &cursor->heads[i];
        if (!head->have || head->walk.header.position != ret_header->position)
            continue;
        parts[count++].body = head->walk.body;
        head->have = false;
    }
    *ret_body = count == 1 ? parts[0].body : cursor_merge(cursor, parts, count);
    ret_header->body_bytes = (uint32_t)ret_body->size;
    ret_header->lanes = (1U << LANES) - 1;
    return OK;
}

/* ---- the cursor ---- */
enum err journal_cursor_open(struct journal *journal, uint64_t position,
                             struct journal_cursor **ret_cursor)
{
    struct journal_cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL)
        return ERR_NO_MEMORY;
    cursor->merged = malloc(BATCH_BYTES_MAX);
    if (cursor->merged == NULL) {
        free(cursor);
        return ERR_NO_MEMORY;
    }
    cursor->journal = journal;
    cursor->wanted = position;
    const struct segment_list *segments = &journal->segments;
    size_t start = 0;
    for (size_t i = 0; i < segments->count; i++) {
        const struct segment *segment = &segments->at[i];
        if (segment->header_err == OK && !segment->foreign &&
            segment->header.first_position <= position)
            start = i;
    }
    if (position > 0 && start < segments->count)
        cursor->number = segments->at[start].number - 1;
    *ret_cursor = cursor;
    return OK;
}

void journal_cursor_close(struct journal_cursor *cursor)
{
    if (cursor == NULL)
        return;
    cursor_leave(cursor);
    free(cursor->merged);
    free(cursor);
}

/* Does a stretch that is not yet named lie where [first, last) is? */
static bool cursor_suspects(const struct journal_cursor *cursor, uint64_t first, uint64_t last)
{
    for (unsigned i = 0; i < cursor->head_count; i++) {
        const struct head *head = &cursor->heads[i];
        if (head->bad && last > head->first && (head->last == 0 || first < head->last))
            return true;
    }
    return false;
}

/* Of `count` missing records of [first, last), those that may be a hole for who reads on. What
 * retention took of another lane is none in the samples. */
static uint64_t hole_count(const struct journal_cursor *cursor, uint64_t first, uint64_t last,
                           uint64_t count)
{
    bool samples_whole = (cursor->released & 1U << (LANE_SAMPLES - 1)) == 0;
    if (cursor->released != 0 && samples_whole && !cursor_suspects(cursor, first, last))
        return 0;
    return count;
}

/* Missing records before or in this batch; named when neither damage met before nor retention
 * explains them. */
static uint64_t cursor_hole(struct journal_cursor *cursor, const struct batch_header *header,
                            struct bytes body)
{
    uint64_t last = header->position + header->records;
    if (last <= cursor->wanted)
        return 0;
    uint64_t from = cursor->expected > cursor->wanted ? cursor->expected : cursor->wanted;
    uint64_t hole = 0;
    uint64_t present = body_records(body);
    bool released = cursor->released != 0;
    if (header->position > from)
        hole = hole_count(cursor, from, header->position, header->position - from);
    if (cursor->expected != 0 && header->position > cursor->expected && !released &&
        !cursor_explain(cursor, cursor->expected, header->position,
                        header->position - cursor->expected))
        cursor_gap(cursor, cursor->number, header->position, "records are missing here");
    if (present < header->records) {
        uint64_t missing = header->records - present;
        hole += hole_count(cursor, header->position, last, missing);
        cursor->expected = header->position;
        if (!released && !cursor_explain(cursor, header->position, last, missing))
            cursor_gap(cursor, cursor->number, last,
                       "records of one lane are missing in this batch");
    }
    return hole;
}

/* Stretches that all lanes have been read past. What ends below the wanted position was perhaps
 * not seen in full: who reads it in full names it. */
static void cursor_stretches(struct journal_cursor *cursor, uint64_t position)
{
    for (unsigned i = 0; i < cursor->head_count; i++) {
        struct head *head = &cursor->heads[i];
        if (head->bad && head->last != 0 && head->last <= cursor->wanted)
            head->bad = false;
        else if (head->last != 0 && head->last <= position)
            head_stretch_name(cursor, head);
    }
}

static bool cursor_give(struct journal_cursor *cursor, const struct batch_header *header,
                        struct bytes body, struct journal_batch *ret_batch)
{
    struct journal *journal = cursor->journal;
    uint64_t hole = cursor_hole(cursor, header, body);
    cursor_stretches(cursor, header->position);
    uint64_t end = header->position + header->records;
    if (end > cursor->expected)
        cursor->expected = end;
    cursor->wall_ns = header->wall_ns;
    if (!journal->started && cursor->expected > journal->durable)
        journal->durable = cursor->expected;
    if (end <= cursor->wanted)
        return false;
    *ret_batch = (struct journal_batch){.header = *header,
                                        .body = body,
                                        .segment = cursor->number,
                                        .generation = (uint32_t)cursor->number,
                                        .hole_records = hole};
    return true;
}

/* All of the segment's files are at their ends: what waits for a name gets it. */
static void cursor_segment_end(struct journal_cursor *cursor)
{
    uint64_t last = segment_last_position(cursor);
    if (cursor->released != 0 && last > cursor->expected)
        cursor->expected = last; /* what retention took is not missing */
    if (cursor->expected != 0 && last > cursor->expected && last > cursor->named_to &&
        cursor_explain(cursor, cursor->expected, last, last - cursor->expected))
        cursor->named_to = last;
    for (unsigned i = 0; i < cursor->head_count; i++)
        head_stretch_name(cursor, &cursor->heads[i]);
}

enum err journal_cursor_next(struct journal_cursor *cursor, struct journal_batch *ret_batch)
{
    struct journal *journal = cursor->journal;
    for (;;) {
        if (!cursor->inside) {
            struct segment *next = segment_list_from(&journal->segments, cursor->number + 1);
            if (next == NULL)
                return ERR_MISSING;
            enum err err = cursor_enter(cursor, next);
            if (err != OK)
                return err;
        }
        struct batch_header header;
        struct bytes body;
        enum err err = cursor_take(cursor, &header, &body);
        if (err == ERR_BUSY)
            return ERR_MISSING;
        if (err == ERR_MISSING) {
            cursor_segment_end(cursor);
            cursor_leave(cursor);
            continue;
        }
        if (err != OK)
            return err;
        if (cursor_give(cursor, &header, body, ret_batch))
            return OK;
    }
}

void damage_find(struct journal *journal, struct segment *segment)
{
    struct journal_cursor *cursor;
    struct journal_batch batch;
    uint64_t number = segment->number;
    uint64_t position = segment->header.first_position;
    if (journal_cursor_open(journal, position, &cursor) != OK)
        return;
    cursor->number = number - 1;
    cursor->expected = position;
    while (journal_cursor_next(cursor, &batch) == OK && batch.segment == number) {
    }
    journal_cursor_close(cursor);
}
