/* archive: the reducer that knows what history keeps, and what was said about it: policies,
 * erasures, corrections, annotations.
 *
 * Pure and deterministic, as points: what it is after a record depends on the records alone. All it
 * knows lies in paged tables of a struct state (ids 32..39 of the snapshot format,
 * docs/format/archive.md), so that a snapshot is a copy of pages and replay = live = snapshot +
 * tail by state hash. It keeps no sample: history reads from here what it is to do with them, and
 * the engine writes the sample of a correction.
 *
 *   policy      the first in rank whose pattern matches a point's path decides what becomes of its
 *               samples: deadband, retention, rollups, what may go when the disk is full. No
 *               policy: everything is kept for ever
 *   erasure     samples of these points with from <= time < to that came before this position are
 *               gone, from live values, history and from backups that are restored. Many points are
 *               several commands of one erasure, each in force from its own position; the ranges of
 *               ids are what a pattern matched when it was asked for
 *   correction  another value in the place of a sample; the one before is kept here for ever
 *   annotation  what somebody says of a point, at a time or over a range of times. A removed one
 *               stays, marked
 *
 * Numbers of erasures, corrections and annotations count up from 1 each and are never reused.
 * One thread; but a policy set, once it was given out, may be asked on any. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "model/points/points.h"
#include "state/state.h"

#define ARCHIVE_TABLE_FIRST 32
#define POLICIES_MAX 1000
#define POLICY_NONE UINT32_MAX
#define ERASE_POINTS_MAX 2048 /* of one command: its live values are looked at in one step */

#define ARCHIVE_RULES_2 2u /* a FACT_START of this reducer version brings them */

/* From rules 2 on a tenant that is not the house has at most a tenth of policies_max and of
 * notes_max, and gets more only while it has less than a quarter of what is free: neither one nor
 * ten of them leave nothing. Records before are judged as they were. */
struct archive_limits {       /* they decide outcomes: records are replayed under the same */
    uint32_t policies_max;    /* at most POLICIES_MAX */
    uint32_t erasures_max;    /* 1,000,000 */
    uint32_t groups_max;      /* commands of erasures: 300,000 */
    uint32_t ranges_max;      /* of ids, of all erasures: 32,000,000 */
    uint32_t notes_max;       /* corrections and annotations together: 1,000,000 */
    uint64_t texts_bytes_max; /* of reasons, authors, annotations, text values: 1 GiB */
};
extern const struct archive_limits archive_limits_default;

struct archive;
/* state must outlive it or be destroyed right after. */
MUST_USE enum err archive_create(struct state *state, const struct archive_limits *limits,
                                 struct archive **ret_archive);
void archive_destroy(struct archive *archive); /* NULL is fine */
/* After the state's pages were loaded from a snapshot and points_rebuild: indexes. ERR_CORRUPT when
 * the pages contradict each other. */
MUST_USE enum err archive_rebuild(struct archive *archive, const struct points *points);
uint64_t archive_memory(const struct archive *archive); /* indexes; pages are counted by state */

/* ---- the reducer -------------------------------------------------------------------------------
 */
struct archive_effects {
    struct outcome outcome; /* number: of the erasure, correction or annotation; of a policy its
                               rank. point: of a correction or annotation */
    bool corrected;         /* write this sample, as if it had come now */
    uint32_t point;
    int64_t time_ns;
    struct value value;    /* text borrowed from the command */
    uint32_t erased_group; /* what erased just now: see archive_group; 0: nothing */
};
/* A FACT_ARCHIVE, and FACT_START for the rules; other kinds are OK and do nothing (*ret_effects is
 * touched by the first alone). ERR_CORRUPT: no
 * command that a decoder gives out. ERR_NO_MEMORY: the record may be half applied, the state must
 * be dropped and loaded again.
 *
 * Commands. policy set: makes it at its rank, or last; or replaces what it says. remove, move: by
 * its name; a rank behind the last is the last. erase: every id must be a point of the tenant;
 * points' live values in the range go. correct: the value must be of the point's type and go with
 * its quality; good becomes good.edited. annotate: see struct command_annotate; the whole range of
 * times is the point as such. Keys are those of points. A refused command changes nothing but its
 * key. */
MUST_USE enum err archive_apply_fact(struct archive *archive, struct points *points,
                                     const struct fact *fact, const struct record_stamp *stamp,
                                     struct archive_effects *ret_effects);

/* ---- policies ----------------------------------------------------------------------------------
 */
/* NULL, or a sentence that says what is wrong: with what a set command says. */
const char *policy_fault(const struct command_policy *policy);
const char *policy_name_fault(struct bytes name);
uint64_t archive_policies_version(const struct archive *archive); /* counts up with each change */

struct policy { /* views live as long as the set; of archive_policy_find until the next command */
    uint32_t tenant;
    struct bytes name, pattern;
    struct policy_rules rules;
    uint64_t position; /* of the command that last changed it */
    int64_t wall_ns;
};
/* The policy of this name: its rank; 0: there is none. */
uint32_t archive_policy_find(const struct archive *archive, uint32_t tenant, struct bytes name,
                             struct policy *ret_policy);
/* All policies as they were at one moment, in their order, compiled: immutable, counted, for any
 * thread. Finding the one for a path takes some 2 ns a policy that cannot match, by what paths
 * begin and end with, and some 20 to 50 ns one that can. */
struct policy_set;
/* The present ones; the caller's hold. ERR_NO_MEMORY. After a change the first call makes them
 * anew: up to 1 ms for 1,000 policies. */
MUST_USE enum err archive_policies(struct archive *archive, struct policy_set **ret_set);
struct policy_set *policy_set_hold(struct policy_set *set);
void policy_set_release(struct policy_set *set); /* NULL is fine */
uint64_t policy_set_version(const struct policy_set *set);
uint32_t policy_set_count(const struct policy_set *set);
/* index < count; the rank is index + 1. */
const struct policy *policy_set_at(const struct policy_set *set, uint32_t index);
/* Indexes, or POLICY_NONE. */
uint32_t policy_set_find(const struct policy_set *set, uint32_t tenant, struct bytes name);
uint32_t policy_set_match(const struct policy_set *set, uint32_t tenant, struct bytes path);
/* Does this one match, whichever stands before it? */
bool policy_set_matches(const struct policy_set *set, uint32_t index, uint32_t tenant,
                        struct bytes path);

/* ---- erasures ----------------------------------------------------------------------------------
 */
struct erasure_view { /* texts live as long as archive */
    uint32_t erasure, tenant;
    bool complete;          /* all its commands came */
    int64_t from_ns, to_ns; /* from <= time < to */
    uint64_t position, position_last;
    int64_t wall_ns;
    uint64_t points; /* erased so far; one that was in two of its commands counts twice */
    uint32_t groups;
    struct bytes pattern, reason, author;
};
uint32_t archive_erasures(const struct archive *archive); /* highest number */
/* erasure in 1..archive_erasures(). */
void archive_erasure(const struct archive *archive, uint32_t erasure,
                     struct erasure_view *ret_view);
/* A group is what one command erased: numbered from 1 in the order of positions, so that a reader
 * remembers how far it came. */
struct erased_group {
    uint32_t group, erasure;
    uint64_t position; /* samples that came before it */
    int64_t from_ns, to_ns;
    uint32_t points, ranges;
    uint32_t least, greatest; /* ids; 0: it has none */
};
uint32_t archive_groups(const struct archive *archive); /* highest number */
/* group in 1..archive_groups(). */
void archive_group(const struct archive *archive, uint32_t group, struct erased_group *ret_group);
/* Its ranges from the one with index `from` on, ascending, into ranges[]; returns how many. */
size_t archive_group_ranges(const struct archive *archive, uint32_t group, uint32_t from,
                            struct point_range *ranges, size_t most);
/* Is a sample of this time gone that came at this position? Some 3 ns a group. */
bool archive_is_erased(const struct archive *archive, uint32_t point, int64_t time_ns,
                       uint64_t position);

/* ---- corrections and annotations ---------------------------------------------------------------
 */
struct correction_view { /* texts live as long as archive */
    uint32_t correction, point;
    int64_t time_ns, wall_ns;
    uint64_t position;
    struct value value;
    bool there; /* a sample was there, and it was this: */
    struct value original;
    struct bytes reason, author;
};
struct annotation_view {
    uint32_t annotation, point;
    int64_t from_ns, to_ns; /* the same: an instant; TIME_MIN_NS and TIME_MAX_NS: the point */
    int64_t wall_ns;
    uint64_t position;
    bool removed;
    int64_t removed_wall_ns;
    struct bytes text, author;
};
/* Highest numbers. */
uint32_t archive_corrections(const struct archive *archive);
uint32_t archive_annotations(const struct archive *archive);
/* number in 1..highest. */
void archive_correction(const struct archive *archive, uint32_t correction,
                        struct correction_view *ret_view);
void archive_annotation(const struct archive *archive, uint32_t annotation,
                        struct annotation_view *ret_view);
/* Of a point: the newest, and the one before a number of the same point; 0: there is none. For
 * pages: go on behind the last one that was given out. */
uint32_t archive_correction_newest(const struct archive *archive, uint32_t point);
uint32_t archive_correction_before(const struct archive *archive, uint32_t correction);
uint32_t archive_annotation_newest(const struct archive *archive, uint32_t point);
uint32_t archive_annotation_before(const struct archive *archive, uint32_t annotation);
/* Does it concern times in [from_ns, to_ns)? */
bool annotation_overlaps(const struct annotation_view *annotation, int64_t from_ns, int64_t to_ns);
