/* take: what the parts of taking a backup share. */
#pragma once

#include "backup/segments.h"
#include "backup/store.h"
#include "documents/documents.h"
#include "parts/parts.h"

#define HISTORY_FOLDER_NAME "history"
#define SNAPSHOT_FOLDER_NAME "snapshots"

struct take {
    struct disk *source;
    struct clock *clock;
    const struct backup_port *port;
    struct store store;
    struct backup_list list;          /* the backups before */
    const struct backup_file **known; /* all of their files, by `stored`, longest first */
    size_t known_count;
    struct backup_manifest manifest; /* the one being made */
    size_t capacity;
    uint64_t sealed, snapshot_oldest;
    struct parts_list parts;
    struct segments_released released;
    uint64_t leave_out;  /* samples of segments up to this one: an erasure made them unwanted */
    size_t gaps;         /* files that should be there, by what their neighbours say */
    size_t erasures_new; /* since the backup before */
    struct backup_taken taken;
};

/* take_files.c: each adds the file to the manifest. ERR_MISSING: it went away. */
MUST_USE enum err take_whole(struct take *take, const char *name, uint64_t bytes,
                             uint64_t epoch /* 0: its ends say which file it is */);
MUST_USE enum err take_growing(struct take *take, const char *name, uint64_t epoch);
MUST_USE enum err take_text(struct take *take, const char *name, const char *text, size_t size);
/* The same of a file that may be missing. */
MUST_USE enum err take_small(struct take *take, const char *name);
/* Which of the backups before are of the same line: their newest segment goes on in the manifest
 * being made. */
bool take_is_ancestor(const struct backup_manifest *before, const struct backup_manifest *manifest);

/* look.c: reads a backup through a view. */
/* Where its journal ends. */
MUST_USE enum err look_end(struct disk *target, const struct backup_manifest *manifest,
                           uint64_t *ret_position, int64_t *ret_wall_ns);
/* Erasures in the journal from a position on, added to the manifest. */
MUST_USE enum err look_erasures(struct disk *target, struct backup_manifest *manifest,
                                uint64_t from);
