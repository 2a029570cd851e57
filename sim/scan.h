/* scan: what the journal on the disk holds, read by journal and format alone: no engine, no points.
 * The engine's live values are compared with this. */
#pragma once

#include "clock_sim.h"
#include "journal/journal.h"
#include "keys.h"
#include "model/archive/archive.h"
#include "past.h"

struct scan_point {
    char *path;
    bool said;       /* a sample was found */
    bool erased;     /* some of its samples are */
    int64_t time_ns; /* of the last by source time */
    uint64_t value;  /* hash of that value */
};
struct scan_batch {
    uint64_t position;
    uint32_t records, present; /* said by its header; found in its runs */
};
/* Paths by point id, as the last whole reading knew them: when the record that named a point rots
 * away, its samples are still what was promised. */
struct scan_names {
    char **at;
    size_t count;
};
void scan_names_done(struct scan_names *names);

struct scan {
    struct scan_point *points; /* by id - 1 */
    size_t point_count, point_capacity;
    struct scan_batch *batches;
    size_t batch_count, batch_capacity;
    uint64_t end_position;
    uint64_t holes, undecodable, values, unnamed_points;
    struct journal_damage *damage;
    size_t damage_count;
    enum err err; /* why reading ended early; OK: it did not */
    struct keys *keys;
    struct scan_names *names;
    struct past *past;
    const struct archive *archive;
    uint64_t position; /* of the batch that is being read */
};
/* keys may be NULL; found is counted in it (and not reset before). names: read and kept up. past:
 * samples that are not erased, as the archive says, are put into it; NULL with it: no. */
void scan_disk(struct scan *scan, struct disk *disk, struct clock_sim *clock, struct keys *keys,
               struct scan_names *names, struct past *past, const struct archive *archive);
void scan_done(struct scan *scan);
uint64_t scan_value_hash(const struct value *value);
