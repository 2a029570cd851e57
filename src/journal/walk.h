/* Walk: reads one segment file from front to end and says what it finds: whole batches, bad
 * stretches between them, and how it ends. What is a torn tail and what is damage is judged here,
 * once, for recovery, cursor and squeeze alike. */
#pragma once

#include "format/format.h"
#include "os/os.h"

#define WALK_WINDOW ((size_t)2 << 20) /* > BATCH_BYTES_MAX: a batch is looked at in one piece */

enum walk_found {
    WALK_BATCH, /* header, body, at, bytes */
    WALK_BAD,   /* at, bytes: no batch can be made of these, and acknowledged ones were there */
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

    struct batch_header header; /* of what was found */
    struct bytes body;
    uint64_t at, bytes;
};
/* Opens the file; the header block is the caller's affair. */
MUST_USE enum err walk_open(struct walk *walk, struct disk *disk, const char *name);
void walk_close(struct walk *walk); /* a zeroed one is fine */
MUST_USE enum err walk_next(struct walk *walk, enum walk_found *ret_found);
/* Before the first walk_next: goes to the last batch that begins at or before position, by looking
 * at some places only; what lies before it is passed over unseen. Stays where it is when in doubt.
 */
MUST_USE enum err walk_seek(struct walk *walk, uint64_t position);
