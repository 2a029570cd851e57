/* backup: copies of a data folder that can be gone back to, while its server runs or not.
 *
 *   data folder ──backup_take──▶ target/files/...            bytes, each file once
 *                                target/manifests/N.manifest what belongs together, written last
 *   target ─────backup_restore─▶ a new data folder, as of a position in time
 *
 * Why no server is asked: all that has to be copied is immutable or only grows. A closed segment, a
 * part and a snapshot are written once under a name of their own; of a segment being written, what
 * lies before its last whole batch never changes. So a backup is taken by reading, and what
 * disappears under its hands (a segment squeezed, parts merged, a snapshot replaced) is met by
 * looking again. It takes nothing from the server but reads of the disk, and works the same when
 * the server is down, or its disk is full.
 *
 * Guarantees
 *   - Everything that was durable when backup_take began is in it; what was acknowledged is
 *     durable. It is consistent at one journal position, manifest->position: the list of parts is
 *     read before the journal, so that each sample is in a part, in the journal, or in both.
 *   - Incremental: a file that the target has is not read again but for its two ends, which
 *     say which file it is (its name alone does not: a restored tree goes on under the same
 *     names). Of a growing segment what is new is appended.
 *   - Every byte is read back from the target and summed before the manifest names it; the manifest
 *     is written last, by rename, synced. Whatever is interrupted leaves the backups before it as
 *     they were, and the next run goes on with what was copied.
 *   - A backup that is damaged is not restored: the file is named. Others are not touched.
 *   - An erasure reaches the target with the next run: backups that were taken before it go, and
 *     with them the files that only they held. Restoring to a position before an erasure that the
 *     target (or another journal, on request) knows writes the erasure into the restored journal.
 *
 * A restored tree at position P has: the facts, samples and messages before P, batch by batch as
 * they were (a batch is all or nothing: what is reached is the end of the last one that ends
 * there); snapshots taken at or before P; parts that hold nothing from P on. Where a part has both
 * (it was merged since), its samples come from the journal, or from an older backup's part; when
 * neither has them, P is refused and the nearest possible positions are told.
 *
 * One thread. Library silence: what is to be told goes through `tell`. docs/backup.md is the page
 * for who uses it, docs/format/backup.md has the bytes. */
#pragma once

#include "base/base.h"
#include "os/os.h"

#define BACKUP_FILES_MAX 1000000 /* of one backup */
#define BACKUP_NAME_MAX 120      /* bytes of a file's name within the data folder */
#define BACKUP_MANIFESTS_MAX 4096
#define BACKUP_ERASURES_MAX 100000 /* of a journal; past it the oldest are not listed any more */

/* How a file may have changed since it was copied. */
enum backup_kind {
    BACKUP_WHOLE = 1,   /* written once */
    BACKUP_GROWING = 2, /* a segment being written: the first `bytes` of it */
    BACKUP_SMALL = 3,   /* replaced as a whole now and then: copied each time */
};
struct backup_file {
    uint8_t kind;
    uint32_t sum; /* CRC32C of its bytes */
    uint64_t bytes;
    char name[BACKUP_NAME_MAX + 1];    /* "journal/0000000001.facts" */
    char stored[BACKUP_NAME_MAX + 40]; /* its name below files/ */
};
struct backup_erasure { /* one command; docs/history.md */
    uint64_t position;  /* of the batch that holds its record */
    int64_t from_ns, to_ns;
};
struct backup_manifest {
    uint64_t serial;     /* counts up over all backups of a target */
    uint64_t journal[2]; /* identity of the journal */
    uint64_t position;   /* the position after its last record */
    uint64_t sealed;     /* what lies below is in parts; 0 and 1: nothing is */
    uint64_t pending;    /* parts that still hold what an erasure of its journal took */
    int64_t wall_ns;     /* of its last batch */
    int64_t taken_ns;    /* when it was taken, by the wall clock */
    uint64_t bytes;      /* of all files together */
    size_t erasure_count;
    struct backup_erasure *erasures; /* all that its journal knows, ascending by position */
    size_t count;
    struct backup_file *files; /* ascending by name */
};
void backup_manifest_done(struct backup_manifest *manifest);
const struct backup_file *backup_manifest_find(const struct backup_manifest *manifest,
                                               const char *name);

/* ---- the target -------------------------------------------------------------------------------
 */
struct backup_port {         /* what all that takes long shares; each may be NULL */
    bool (*stop)(void *arg); /* give up? asked every MiB */
    void (*tell)(void *arg, enum log_level level, const char *text);
    /* done and all: bytes of the stage under way ("reading", "copying", ...). */
    void (*progress)(void *arg, const char *stage, uint64_t done, uint64_t all);
    void *arg;
};
struct backup_list {
    size_t count;
    struct backup_manifest *manifests; /* ascending by serial */
    size_t damaged;                    /* manifests that cannot be read: told, and left alone */
};
/* Reads all manifests of a target. A folder that holds none: an empty list. ERR_NEWER, ERR_IO. */
MUST_USE enum err backup_list_read(struct disk *target, const struct backup_port *port,
                                   struct backup_list *ret_list);
void backup_list_done(struct backup_list *list);

/* ---- taking one -------------------------------------------------------------------------------
 */
struct backup_taken {
    uint64_t serial, position;
    int64_t wall_ns;
    uint64_t files, bytes;               /* of the backup */
    uint64_t files_copied, bytes_copied; /* that the target had not */
    uint64_t files_removed, bytes_removed;
    uint64_t backups_removed;
    bool erased;      /* an erasure since the backup before: older ones are gone */
    uint64_t pending; /* parts in which an erasure is not done yet: they go with a later run */
};
/* source: a data folder, only read. target: the caller holds its lock. keep: so many backups stay,
 * with this one; 0: all. ERR_MISSING: there is no journal in source; ERR_INVALID: target holds
 * backups of another journal (told); ERR_STOPPED; ERR_CORRUPT: what was written does not read back;
 * ERR_BUSY: source changed under our hands too often; of the disks. */
MUST_USE enum err backup_take(struct disk *source, struct disk *target, struct clock *clock,
                              uint32_t keep, const struct backup_port *port,
                              struct backup_taken *ret_taken);

/* ---- checking ---------------------------------------------------------------------------------
 */
/* Reads every file of one backup and compares its sum. Returns how many are damaged or missing in
 * *ret_damaged; each is told. */
MUST_USE enum err backup_check(struct disk *target, const struct backup_manifest *manifest,
                               const struct backup_port *port, uint64_t *ret_damaged);

/* ---- restoring --------------------------------------------------------------------------------
 */
/* The end of what a backup has at a time: the position of the first batch that was written later.
 */
MUST_USE enum err backup_position_at(struct disk *target, const struct backup_list *list,
                                     int64_t time_ns, uint64_t *ret_position);
struct backup_restored {
    uint64_t serial;   /* of the backup it came from */
    uint64_t position; /* what was reached: the end of the last batch that ends at or before the
                          position asked for: a batch is all or nothing */
    int64_t wall_ns;   /* of that batch */
    uint64_t sealed;
    uint64_t files, bytes;
    uint64_t state_hash; /* of the restored tree, computed by opening it */
    uint64_t erasures;   /* written into it, see below */
};
struct backup_wish {
    uint64_t serial;   /* 0: the best one for the position */
    uint64_t position; /* 0: the end of the backup */
    /* Journals that may know erasures later than the position: of the target's newest backup (the
     * port's own look-up) and of this data folder; NULL: none. */
    struct disk *erasures;
};
/* into: an empty folder. What was not possible is told with the nearest positions that are:
 * ERR_LIMIT. ERR_MISSING: no such backup; ERR_CORRUPT: a file is damaged (told); ERR_STOPPED. */
MUST_USE enum err backup_restore(struct disk *target, const struct backup_list *list,
                                 const struct backup_wish *wish, struct disk *into,
                                 struct clock *clock, const struct backup_port *port,
                                 struct backup_restored *ret_restored);
