/* What archive keeps, as it lies in the tables: every row is fixed in size, has no padding of
 * chance and no address, so that a page is its own image. These layouts are part of the snapshot
 * format (docs/format/archive.md): a field is never moved or given another meaning.
 *
 *      roots: order -> policies          erasure <- group -> ranges        (ids, ascending)
 *      point -> newest correction -> the one before of that point -> ..    (annotations alike)
 *      all of them -> texts                                    (appended, never changed or freed)
 *
 * Numbers and texts begin at 1, so that 0 can mean none; policies lie in slots 1..POLICIES_MAX. */
#pragma once

#include "model/archive/archive.h"

enum archive_table {
    TABLE_ARCHIVE_ROOTS = ARCHIVE_TABLE_FIRST,
    TABLE_POLICIES,
    TABLE_ERASURES,
    TABLE_GROUPS,
    TABLE_RANGES,
    TABLE_CORRECTIONS,
    TABLE_ANNOTATIONS,
    TABLE_ARCHIVE_TEXTS,
};

#define TEXT_UNIT 16u /* bytes of a row of texts; a text is {size (2), bytes}, within one page */

struct roots_entry { /* one row, number 0 */
    uint64_t policies_version;
    uint32_t policies;
    uint32_t erasures, groups, ranges;
    uint32_t corrections, annotations;
    uint32_t texts_used;          /* units after unit 0, skipped ones included */
    uint32_t rules;               /* commands are judged by: see ARCHIVE_RULES_2 */
    uint16_t order[POLICIES_MAX]; /* slots by rank */
    uint8_t reserved_end[4096 - 40 - POLICIES_MAX * 2];
};
struct policy_entry {
    uint64_t position;
    int64_t wall_ns;
    double deadband, deadband_percent;
    int64_t retention_ns;
    int64_t rollup_ns[POLICY_TIERS];
    uint32_t tenant;
    uint16_t pattern_size;
    uint8_t name_size; /* 0: the slot is free */
    uint8_t when_full;
    uint8_t priority;
    uint8_t reserved[7];
    uint8_t name[POLICY_NAME_MAX];
    uint8_t pattern[POLICY_PATTERN_MAX];
    uint8_t reserved_end[2048 - 80 - POLICY_NAME_MAX - POLICY_PATTERN_MAX];
};
enum erasure_flags { ERASURE_COMPLETE = 1 };
struct erasure_entry {
    int64_t from_ns, to_ns, wall_ns;
    uint64_t position, position_last;
    uint64_t points;
    uint32_t tenant, groups;
    uint32_t pattern, reason, author; /* texts */
    uint32_t flags;
    uint8_t reserved[56];
};
struct group_entry {
    uint64_t position;
    int64_t from_ns, to_ns; /* of its erasure */
    uint32_t erasure;
    uint32_t first_range, ranges;
    uint32_t points;
    uint32_t least, greatest;
    uint8_t reserved[16];
};
enum correction_flags {
    CORRECTION_PRESENT = 1,
    CORRECTION_THERE = 2, /* there was a sample */
    CORRECTION_ORIGINAL_PRESENT = 4,
    CORRECTION_FLAGS = 7
};
struct correction_entry {
    uint32_t point;
    uint32_t before; /* the one of the same point before */
    int64_t time_ns, wall_ns;
    uint64_t position;
    int64_t number, original_number;
    uint32_t text, original_text;
    uint32_t reason, author;
    uint8_t type, scale, quality, flags;
    uint8_t original_type, original_scale, original_quality;
    uint8_t reserved[57];
};
struct annotation_entry {
    uint32_t point;
    uint32_t before;
    int64_t from_ns, to_ns, wall_ns;
    uint64_t position;
    uint64_t removed_position; /* 0: it stands */
    int64_t removed_wall_ns;
    uint32_t text, author;
};
_Static_assert(sizeof(struct roots_entry) == 4096, "part of the snapshot format");
_Static_assert(sizeof(struct policy_entry) == 2048, "part of the snapshot format");
_Static_assert(sizeof(struct erasure_entry) == 128, "part of the snapshot format");
_Static_assert(sizeof(struct group_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct point_range) == 8, "part of the snapshot format");
_Static_assert(sizeof(struct correction_entry) == 128, "part of the snapshot format");
_Static_assert(sizeof(struct annotation_entry) == 64, "part of the snapshot format");

struct archive {
    struct archive_limits limits;
    struct state *state;
    const struct roots_entry *roots; /* row 0 of its table: pages never move */
    struct state_table roots_table, policies, erasures, groups, ranges, corrections, annotations,
        texts;
    struct index *corrections_of, *annotations_of; /* point -> its newest one */
    struct policy_set *set;                        /* as of its version; NULL: to be made */
    uint32_t *tenant_notes;                        /* corrections and annotations, by tenant */
    uint32_t tenant_count;                         /* that it has room for */
};

/* By rules 2 a tenant has a tenth at most, and of what is free a quarter; the house what there is.
 */
static inline bool archive_share_allows(const struct archive *archive, uint32_t tenant,
                                        uint32_t own, uint64_t all, uint32_t most)
{
    uint64_t left = all < most ? most - all : 0;
    if (archive->roots->rules < ARCHIVE_RULES_2 || tenant == TENANT_DEFAULT)
        return left > 0;
    return own < most / 10 && own < left / 4;
}

static inline struct roots_entry *roots_write(struct archive *archive)
{
    return state_write(&archive->roots_table, 0);
}
/* A reducer's word on one command: OK with *outcome filled; its point and number as well. */
struct archive_command {
    const struct command *command;
    const struct record_stamp *stamp;
    struct archive_effects *effects;
};

/* ---- texts.c ---- */
struct bytes archive_text(const struct archive *archive, uint32_t text);
/* Units that a text of this size takes, at most. */
uint32_t archive_text_units(size_t size);
/* Would texts of so many units together stay within the limit? */
bool archive_texts_fit(const struct archive *archive, uint64_t units);
/* TEXT_NONE for an empty one; it fits. */
MUST_USE enum err archive_text_add(struct archive *archive, struct bytes text, uint32_t *ret_text);
/* Does a whole text of at most this size lie there? For pages from outside. */
bool archive_text_is_valid(const struct archive *archive, uint32_t text, size_t most);
MUST_USE enum err archive_texts_rebuild(struct archive *archive);
/* At most `most` bytes of UTF-8, at least `least`. */
bool archive_text_is_good(struct bytes text, size_t least, size_t most);

/* ---- policies.c, policy_set.c ---- */
MUST_USE enum err archive_apply_policy(struct archive *archive, const struct archive_command *of);
MUST_USE enum err archive_policies_rebuild(struct archive *archive);
void archive_policy(const struct archive *archive, uint32_t slot, struct policy *ret_policy);

/* ---- erasures.c ---- */
MUST_USE enum err archive_apply_erase(struct archive *archive, struct points *points,
                                      const struct archive_command *of);
MUST_USE enum err archive_erasures_rebuild(struct archive *archive);

/* ---- notes.c ---- */
MUST_USE enum err archive_apply_correct(struct archive *archive, const struct points *points,
                                        const struct archive_command *of);
MUST_USE enum err archive_apply_annotate(struct archive *archive, const struct points *points,
                                         const struct archive_command *of);
MUST_USE enum err archive_apply_annotation_remove(struct archive *archive,
                                                  const struct points *points,
                                                  const struct archive_command *of);
MUST_USE enum err archive_notes_rebuild(struct archive *archive, const struct points *points);
