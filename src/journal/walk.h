/* Walk: reads one segment file from front to end and says what it finds: whole batches, bad
 * stretches between them, and how it ends. What is a torn tail and what is damage is judged here,
 * once, for recovery, cursor and squeeze alike. */
#pragma once

#include "format/format.h"
#include "os/os.h"

#define WALK_WINDOW (2 * BATCH_BYTES_MAX) /* a batch is looked at in one piece */

/* What a disk could not read of up to WALK_WINDOW bytes, in blocks of the file. */
struct unreadable {
    uint64_t first; /* block that the first bit stands for */
    uint32_t count;
    uint8_t bits[WALK_WINDOW / FORMAT_BLOCK / 8 + 1];
};
/* Reads like disk->read, but one bad sector costs its block and no more: a read that fails is tried
 * once more, then block by block, and blocks that fail are given as zeroes and noted. ERR_IO never;
 * size is at most WALK_WINDOW. */
MUST_USE enum err disk_read_despite(struct disk *disk, struct disk_file *file, uint64_t offset,
                                    uint8_t *at, size_t size, size_t *ret_size,
                                    struct unreadable *ret_unreadable);

enum walk_found {
    WALK_BATCH, /* header, body, at, bytes */
    WALK_BAD,   /* at, bytes, unreadable: no batch can be made of these, and acknowledged ones were
                   there, or may have been where the disk cannot read it any more */
    WALK_TORN,  /* at, bytes: a tail that was never acknowledged; the end follows */
    WALK_END,
    WALK_MORE, /* the limit of a segment still being written: ask again later */
};

struct walk {
    struct disk *disk;
    struct disk_file *file;
    bool lane;        /* a squeezed lane: batches at multiples of 8, an end mark */
    bool writing;     /* the limit grows */
    bool limit_known; /* [.., limit) was acknowledged; else the tail is judged */
    uint64_t limit;   /* file offset */
    uint64_t file_size;
    uint64_t offset;   /* of what comes next */
    uint64_t epoch;    /* 0: that of the first valid batch, the header being lost */
    uint64_t position; /* what follows is at or above */
    bool ended;        /* the end mark was met */
    size_t piece;      /* read at once, when no more is asked for */
    uint8_t *window;
    uint64_t window_at;
    size_t window_size;
    struct unreadable window_unreadable;

    struct batch_header header; /* of what was found */
    struct bytes body;
    uint64_t at, bytes;
    bool unreadable; /* a block of the bad stretch was: its bytes are unknown */
};
/* Opens the file; the header block is the caller's affair. */
MUST_USE enum err walk_open(struct walk *walk, struct disk *disk, const char *name);
void walk_close(struct walk *walk); /* a zeroed one is fine */
MUST_USE enum err walk_next(struct walk *walk, enum walk_found *ret_found);
/* Before the first walk_next: goes to the last batch that begins at or before position, by looking
 * at some places only; what lies before it is passed over unseen. Stays where it is when in doubt.
 */
MUST_USE enum err walk_seek(struct walk *walk, uint64_t position);
