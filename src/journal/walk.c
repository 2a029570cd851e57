/* One write is in flight at a time, and each batch header tells what was acknowledged when it was
 * written. So a stretch that is no batch, followed by a valid batch that was written when the
 * stretch was already acknowledged, is damage; a stretch that nothing valid follows is the write
 * that a power cut or a failure tore, and nobody was told that it is there. A segment whose
 * successor exists needs no judgement: the successor's header says where it ended.
 *
 * A block that the disk cannot read may have held anything: a stretch with such a block is damage
 * wherever it lies, and the rest is read all the same. */
#include "journal/walk.h"

#include <stdlib.h>
#include <string.h>

#define LANE_ALIGN 8
#define SEEK_PIECE ((size_t)64 << 10)
#define SEEK_AHEAD                                                                                 \
    (2 * (uint64_t)BATCH_BYTES_MAX)       /* without a batch for so long: it is the tail           \
                                           */
#define SEEK_SMALLEST ((uint64_t)1 << 20) /* a shorter stretch is read, not halved */

/* ---- reading despite bad sectors ---- */
static enum err blocks_read(struct disk *disk, struct disk_file *file, uint64_t offset, uint8_t *at,
                            size_t size, size_t *ret_size, struct unreadable *unreadable)
{
    size_t done = 0;
    while (done < size) {
        size_t piece = FORMAT_BLOCK - (size_t)((offset + done) % FORMAT_BLOCK), got = 0;
        if (piece > size - done)
            piece = size - done;
        enum err err = disk->read(disk, file, offset + done, at + done, piece, &got);
        if (err == ERR_IO) {
            uint64_t bit = (offset + done) / FORMAT_BLOCK - unreadable->first;
            unreadable->bits[bit / 8] |= (uint8_t)(1U << bit % 8);
            unreadable->count++;
            memset(at + done, 0, piece);
            got = piece;
        } else if (err != OK) {
            return err;
        }
        done += got;
        if (got < piece)
            break;
    }
    *ret_size = done;
    return OK;
}

enum err disk_read_despite(struct disk *disk, struct disk_file *file, uint64_t offset, uint8_t *at,
                           size_t size, size_t *ret_size, struct unreadable *ret_unreadable)
{
    check(size <= WALK_WINDOW);
    *ret_unreadable = (struct unreadable){.first = offset / FORMAT_BLOCK};
    enum err err = disk->read(disk, file, offset, at, size, ret_size);
    if (err == ERR_IO)
        err = disk->read(disk, file, offset, at, size, ret_size);
    if (err == ERR_IO)
        err = blocks_read(disk, file, offset, at, size, ret_size, ret_unreadable);
    return err;
}

/* Is the block at offset, which lies in the window, one that could not be read? */
static bool walk_unreadable_at(const struct walk *walk, uint64_t offset)
{
    const struct unreadable *unreadable = &walk->window_unreadable;
    if (LIKELY(unreadable->count == 0))
        return false;
    uint64_t bit = offset / FORMAT_BLOCK - unreadable->first;
    return (unreadable->bits[bit / 8] & (1U << bit % 8)) != 0;
}

/* ---- one file ---- */
enum err walk_open(struct walk *walk, struct disk *disk, const char *name)
{
    *walk = (struct walk){.disk = disk, .offset = SEGMENT_HEADER_SIZE, .piece = WALK_WINDOW};
    enum err err = disk->open(disk, name, DISK_READ, &walk->file);
    if (err == OK)
        err = disk->size(disk, walk->file, &walk->file_size);
    if (err == OK) { /* the window never reaches beyond the file */
        walk->window =
            malloc(walk->file_size < WALK_WINDOW ? (size_t)walk->file_size + 1 : WALK_WINDOW);
        err = walk->window == NULL ? ERR_NO_MEMORY : OK;
    }
    if (err != OK)
        walk_close(walk);
    return err;
}

void walk_close(struct walk *walk)
{
    if (walk->file != NULL)
        walk->disk->close(walk->disk, walk->file);
    free(walk->window);
    *walk = (struct walk){0};
}

static uint64_t walk_reach(const struct walk *walk)
{
    if (walk->limit_known && walk->limit < walk->file_size)
        return walk->limit;
    return walk->file_size;
}

/* Up to `want` bytes at offset, fewer only at the end of what may be read. */
static enum err walk_view(struct walk *walk, uint64_t offset, size_t want, struct bytes *ret_view)
{
    uint64_t reach = walk_reach(walk);
    if (offset >= reach) {
        *ret_view = bytes_of(walk->window, 0);
        return OK;
    }
    if (want > reach - offset)
        want = (size_t)(reach - offset);
    if (offset < walk->window_at || offset + want > walk->window_at + walk->window_size) {
        size_t size = want > walk->piece ? want : walk->piece;
        if (size > reach - offset)
            size = (size_t)(reach - offset);
        walk->window_size = 0;
        enum err err = disk_read_despite(walk->disk, walk->file, offset, walk->window, size,
                                         &walk->window_size, &walk->window_unreadable);
        if (err != OK)
            return err;
        walk->window_at = offset;
        if (want > walk->window_size)
            want = walk->window_size;
    }
    *ret_view = bytes_of(walk->window + (offset - walk->window_at), want);
    return OK;
}

static size_t walk_align(const struct walk *walk)
{
    return walk->lane ? LANE_ALIGN : FORMAT_BLOCK;
}

/* Is there a batch at offset that can follow what was read? Fills header, body, at and bytes. */
static enum err walk_try(struct walk *walk, uint64_t offset, bool *ret_valid)
{
    struct bytes view;
    *ret_valid = false;
    enum err err = walk_view(walk, offset, BATCH_HEADER_SIZE, &view);
    if (err == OK && view.size > 0)
        walk->unreadable = walk->unreadable || walk_unreadable_at(walk, offset);
    size_t claimed = err == OK ? batch_bytes_claimed(view) : 0;
    if (claimed == 0)
        return err;
    /* Only a batch that crosses the window's end costs another read. */
    struct batch_header header;
    struct bytes body;
    err = walk_view(walk, offset, claimed, &view);
    if (err != OK || batch_open(view, walk->epoch, &header, &body) != OK ||
        header.position < walk->position)
        return err;
    size_t align = walk_align(walk);
    walk->header = header;
    walk->body = body;
    walk->at = offset;
    walk->bytes = (BATCH_HEADER_SIZE + (uint64_t)header.body_bytes + align - 1) / align * align;
    *ret_valid = true;
    return OK;
}

/* The next valid batch behind offset and below `end`; its place, or end. */
static enum err walk_search(struct walk *walk, uint64_t offset, uint64_t end, uint64_t *ret_at,
                            bool *ret_valid)
{
    size_t align = walk_align(walk);
    enum err err = OK;
    *ret_valid = false;
    for (offset += align; offset < end && err == OK && !*ret_valid; offset += align) {
        err = walk_try(walk, offset, ret_valid);
        *ret_at = offset;
    }
    if (!*ret_valid)
        *ret_at = end;
    return err;
}

/* The end of [from, reach) without its zeroes. */
static enum err walk_zeroes(struct walk *walk, uint64_t from, uint64_t *ret_end)
{
    uint64_t end = from;
    uint64_t reach = walk_reach(walk);
    while (from < reach) {
        struct bytes view;
        enum err err = walk_view(walk, from, FORMAT_BLOCK, &view);
        if (err != OK)
            return err;
        if (view.size == 0)
            break;
        if (view.at[0] != 0 || memcmp(view.at, view.at + 1, view.size - 1) != 0 ||
            walk_unreadable_at(walk, from))
            end = from + view.size;
        from += view.size;
    }
    *ret_end = end;
    return OK;
}

static void walk_accept(struct walk *walk)
{
    walk->offset = walk->at + walk->bytes;
    walk->position = walk->header.position + walk->header.records;
    walk->epoch = walk->header.epoch;
}

static enum err walk_bad(struct walk *walk, enum walk_found *ret_found)
{
    uint64_t start = walk->offset, found_at;
    bool valid;
    enum err err = walk_search(walk, start, walk_reach(walk), &found_at, &valid);
    if (err != OK)
        return err;
    bool acknowledged = valid && walk->header.durable > walk->position;
    if (walk->limit_known || walk->lane || acknowledged || (valid && walk->unreadable)) {
        uint64_t end = valid ? found_at : walk->limit_known ? walk->limit : walk->file_size;
        *ret_found = WALK_BAD;
        walk->at = start;
        walk->bytes = end - start;
        walk->offset = end;
        return OK;
    }
    err = walk_zeroes(walk, start, &found_at);
    if (err != OK)
        return err;
    walk->at = start;
    walk->bytes = found_at - start;
    walk->limit_known = true;
    walk->limit = start;
    *ret_found = found_at > start ? WALK_TORN : WALK_END;
    /* No power cut tears a header that was synced before the first batch: where it is gone, the
     * batches are gone the same way. And nobody knows what lay in a block that cannot be read. */
    if ((walk->epoch == 0 && found_at > start) || walk->unreadable) {
        *ret_found = WALK_BAD;
        walk->offset = walk->limit = found_at;
    }
    return OK;
}

enum err walk_next(struct walk *walk, enum walk_found *ret_found)
{
    for (;;) {
        uint64_t end = walk->limit_known ? walk->limit : walk->file_size;
        if (walk->ended || (walk->offset >= end && !walk->lane)) {
            *ret_found = walk->writing ? WALK_MORE : WALK_END;
            return OK;
        }
        if (walk->lane && walk->offset >= walk->file_size) { /* no end mark: the tail is missing */
            walk->at = walk->offset;
            walk->bytes = 0;
            walk->ended = true;
            *ret_found = WALK_BAD;
            return OK;
        }
        bool valid;
        walk->unreadable = false;
        enum err err = walk_try(walk, walk->offset, &valid);
        if (err != OK)
            return err;
        if (!valid)
            return walk_bad(walk, ret_found);
        walk_accept(walk);
        if (walk->header.records > 0) {
            *ret_found = WALK_BATCH;
            return OK;
        }
        if (walk->lane) /* the end mark */
            walk->ended = true;
    }
}

/* Halves [low, high): low is the place of a batch that begins at or before position. */
static enum err seek_halve(struct walk *walk, uint64_t position, uint64_t *ret_low)
{
    uint64_t low = *ret_low, high = walk_reach(walk);
    size_t align = walk_align(walk);
    while (high > low && high - low > SEEK_SMALLEST) {
        uint64_t middle = (low + (high - low) / 2) / align * align;
        uint64_t found_at = middle;
        bool valid;
        enum err err = walk_try(walk, middle, &valid);
        if (err == OK && !valid)
            err = walk_search(walk, middle, middle + SEEK_AHEAD < high ? middle + SEEK_AHEAD : high,
                              &found_at, &valid);
        if (err != OK)
            return err;
        if (valid && walk->header.position <= position)
            low = found_at;
        else
            high = middle;
    }
    *ret_low = low;
    return OK;
}

enum err walk_seek(struct walk *walk, uint64_t position)
{
    uint64_t low = walk->offset;
    bool valid;
    enum err err = walk_try(walk, low, &valid);
    if (err != OK || !valid || walk->epoch == 0)
        return err;
    walk->piece = SEEK_PIECE;
    err = seek_halve(walk, position, &low);
    walk->piece = WALK_WINDOW;
    walk->window_size = 0;
    if (err == OK)
        err = walk_try(walk, low, &valid);
    if (err != OK || !valid)
        return err;
    walk->offset = low;
    walk->position = walk->header.position;
    return OK;
}
