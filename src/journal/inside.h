/* What the parts of the journal share; seen by this folder only.
 *
 *   recovery.c      open, start, restart, close: which files there are and where the journal ends
 *   append.c        the open batch: what fits, which segment it goes to
 *   write.c         the write in flight, taking the next segment into use
 *   prepare.c       the next segment, written once with zeroes in the background
 *   squeeze.c       a closed segment becomes lane files, in the background
 *   cursor.c        reading over all segments, holes named
 *   walk.c          reading one file: batches, bad stretches, the end
 *   segment_file.c  names, listing, headers
 *   damage.c        the list of what is lost
 *
 * Threads: everything on the owner's thread but the run functions of the three jobs, which touch
 * only their own struct (and the disk, which is thread-safe on distinct files). */
#pragma once

#include "journal/damage.h"
#include "journal/journal.h"
#include "journal/segment_file.h"
#include "journal/walk.h"

#define RUN_SETS_MAX 60             /* sets of runs in a batch: ordinals stay below 180 */
#define PREPARE_RETRY_NS (NS_PER_S) /* between tries on a full disk */
#define SQUEEZE_RETRY_NS (30 * NS_PER_S)
#define PREPARE_PIECE ((size_t)1 << 20)
#define PREPARE_SYNC_BYTES ((uint64_t)8 << 20)  /* a longer backlog would delay batch writes */
#define FREE_MARGIN_BYTES ((uint64_t)256 << 10) /* left to the file system beside a new segment */

/* The batch being filled: lanes apart, put together when it is sealed. */
struct run_set { /* where a set of runs, one of each lane, ends in each lane's buffer */
    uint32_t end[LANES];
    uint32_t records[LANES]; /* from the batch's start */
};
struct open_batch {
    bool active;
    struct facts_writer facts;
    struct samples_writer samples;
    struct facts_writer messages;
    struct run_set sets[RUN_SETS_MAX]; /* finished ones */
    uint32_t set_count;
    uint32_t capacity;            /* header and body */
    uint32_t capacity_unreserved; /* less when only the reserve, which is for facts, is left */
    int64_t engine_ns, wall_ns;
};

struct write_job {
    struct job job;
    struct disk *disk;
    struct clock *clock;
    struct disk_file *file;
    uint64_t offset;
    const uint8_t *at;
    size_t size;
    const uint8_t *first_at; /* SABOTAGE_REORDER: the batch held back, written after this one */
    size_t first_size;
    uint64_t first_offset;
    bool skip_sync;
    bool busy, finished;
    enum err err;
    int64_t took_ns;
};

/* The batch in flight (or just durable), as sealed. */
struct image {
    uint8_t *at; /* BATCH_BYTES_MAX, page-aligned */
    struct batch_header header;
    size_t size; /* with padding */
    uint64_t ticket;
};

/* Header into the prepared file, rename, names synced: then it may be written to. */
struct take_job {
    struct job job;
    struct disk *disk;
    struct segment_header header;
    char from[SEGMENT_NAME_SIZE], to[SEGMENT_NAME_SIZE];
    uint8_t *block; /* SEGMENT_HEADER_SIZE, page-aligned */
    bool skip_sync;
    struct disk_file *file; /* result */
    bool busy, finished;
    enum err err;
};

enum next_state { NEXT_NONE, NEXT_PREPARING, NEXT_READY, NEXT_FAILED };
struct prepare_job {
    struct job job;
    struct disk *disk;
    uint64_t number;
    uint64_t first_bytes, wanted_bytes;
    bool skip_sync;
    uint8_t *zeroes; /* PREPARE_PIECE, page-aligned */
    uint64_t size;   /* result */
    bool finished;
    enum err err;
};

struct squeeze_job {
    struct job job;
    struct disk *disk;
    struct segment_header header; /* of the .open */
    uint64_t number, end, last_position;
    bool header_known;
    uint32_t parts;             /* result: the files there are now */
    uint64_t bytes[PART_COUNT]; /* result: their sizes */
    bool busy, finished;
    bool damaged; /* a bad stretch was met: the segment stays as it is, a cursor names it */
    char failed[DISK_NAME_SIZE]; /* the file that err is about */
    enum err err;
};

/* The segment being written. */
struct current {
    struct disk_file *file; /* NULL: none yet */
    uint64_t number, epoch, size;
    uint64_t used; /* end of the last durable batch */
};

struct journal {
    struct journal_config config;
    uint64_t identity[2];
    struct segment_list segments;
    struct damage_list damage;
    struct released released;
    bool started;
    bool stopped;
    bool disk_full;  /* told; until a segment could be prepared */
    enum err failed; /* to be answered once by journal_poll */

    uint64_t durable; /* position after the last durable record */
    uint64_t ticket;  /* of the open batch */
    uint64_t tickets_durable;
    int64_t engine_base_ns; /* engine time = base + boot clock */
    int64_t engine_last_ns;

    struct current current;
    struct open_batch open;
    struct image images[2];
    unsigned image_free; /* which of the two is not in flight */
    struct image *flying;
    const struct image *told; /* durable, and not taken in whole so far */
    struct image *held; /* SABOTAGE_REORDER: told durable, written after the next one */
    bool early;         /* SABOTAGE_EARLY_ACK, _REORDER: told by the next poll, written or not */
    struct write_job write;
    struct take_job take;
    enum next_state next;
    int64_t next_retry_ns;
    uint32_t sabotage_generation;
    struct prepare_job prepare;
    struct squeeze_job squeeze;
    int64_t squeeze_retry_ns;
    bool squeeze_look; /* there may be one to squeeze */

    uint64_t bytes_written, bytes_payload, batches, records;
    int64_t write_ns_last, write_ns_max, write_ns_sum;
    uint64_t write_histogram[32];
};

void journal_tell(struct journal *journal, enum log_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* append.c */
void open_batch_drop(struct journal *journal);
/* Puts the open batch together in image and seals it. */
void open_batch_seal(struct journal *journal, struct image *image);

/* write.c */
bool write_busy(const struct journal *journal);
/* Begins to take the prepared segment into use; it is `current` when a later poll has seen it. */
void take_begin(struct journal *journal);
MUST_USE enum err take_finish(struct journal *journal); /* of a finished job */
/* Both at once, on the calling thread: for start and restart. */
MUST_USE enum err take_now(struct journal *journal);
void held_flush(struct journal *journal); /* SABOTAGE_REORDER, before a segment ends */
/* Reads one segment to name what is lost in it. */
void damage_find(struct journal *journal, struct segment *segment); /* cursor.c */
void journal_fail(struct journal *journal, enum err err, const char *what);

/* prepare.c */
void prepare_begin(struct journal *journal);
MUST_USE enum err prepare_now(struct journal *journal);
void prepare_poll(struct journal *journal);

/* squeeze.c */
void squeeze_poll(struct journal *journal);

/* recovery.c: where a segment's valid batches end, by reading it; fills end and last_position. */
MUST_USE enum err segment_measure(struct journal *journal, struct segment *segment);
