/* The list of what is lost: in memory, and one line each in journal/damaged/list, which survives
 * restarts until an operator removes it. */
#pragma once

#include "journal/journal.h"

#define DAMAGE_MAX 4096 /* entries; past them damage is told but no longer listed */
#define DAMAGE_FOLDER JOURNAL_FOLDER "/damaged"
#define DAMAGE_LIST DAMAGE_FOLDER "/list"
#define RELEASED_LIST JOURNAL_FOLDER "/released"

struct damage_list {
    struct journal_damage *at;
    size_t count, capacity;
};
void damage_list_done(struct damage_list *list);
/* Lines that are no entry (or whose sum is wrong) are skipped and counted. */
MUST_USE enum err damage_list_read(struct disk *disk, struct damage_list *list,
                                   size_t *ret_unreadable);
/* Names a stretch: into the list, unless it is there. `from` is the file it lies in (its bytes are
 * copied aside), NULL: nothing to copy. Told at its first naming. */
void damage_name(struct journal *journal, const struct journal_damage *damage, const char *from);
/* Does an entry of this segment cover a part of [first, last)? */
bool damage_covers(const struct damage_list *list, uint64_t segment, uint64_t first, uint64_t last);

/* The lane files of segments up to these numbers were released, or are about to be: they may be
 * missing. Lanes that are kept for ever stay 0. */
struct released {
    uint64_t to[LANES + 1]; /* by enum lane */
};
MUST_USE enum err released_read(struct disk *disk, struct released *ret_released);
MUST_USE enum err released_write(struct disk *disk, const struct released *released);
