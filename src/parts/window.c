/* Reading ahead that adapts: the first reading takes what was asked for alone; when the next one
 * begins close behind, more is read, up to ahead_max; one far away takes that back. */
#include "parts/inside.h"

#include <stdlib.h>
#include <string.h>

#define AHEAD_LEAST ((size_t)16 << 10)
#define NEAR                                                                                       \
    ((uint64_t)4 << 10) /* bytes not asked for that are cheaper to read than to step over */
#define CAPACITY_KEPT ((size_t)1 << 20)

static void window_adapt(struct part_window *window, uint64_t offset)
{
    uint64_t end = window->offset + window->size;
    bool near = window->size > 0 && offset >= window->offset && offset <= end + NEAR;
    if (!near)
        window->ahead = 0;
    else if (window->used >= window->size / 4)
        window->ahead = window->ahead == 0 ? AHEAD_LEAST : 2 * window->ahead;
    else
        window->ahead /= 2;
    if (window->ahead > window->ahead_max)
        window->ahead = window->ahead_max;
}

static enum err window_grow(struct part_window *window, size_t size)
{
    if (size <= window->capacity && (window->capacity <= CAPACITY_KEPT || size > CAPACITY_KEPT))
        return OK;
    uint8_t *at = realloc(window->at, size + PART_TAIL);
    if (at == NULL)
        return ERR_NO_MEMORY;
    window->at = at;
    window->capacity = size;
    return OK;
}

static enum err window_fill(struct disk *disk, struct disk_file *file, struct part_window *window,
                            uint64_t offset, size_t kept, size_t size)
{
    size_t got = 0;
    enum err err = window_grow(window, size);
    if (err == OK && size > kept)
        err = disk->read(disk, file, offset + kept, window->at + kept, size - kept, &got);
    if (err == OK && got < size - kept)
        err = ERR_CORRUPT;
    if (err != OK)
        return err;
    memset(window->at + size, 0, PART_TAIL);
    window->offset = offset;
    window->size = size;
    return OK;
}

enum err part_window_read(struct disk *disk, struct disk_file *file, struct part_window *window,
                          uint64_t end, uint64_t offset, size_t size, const uint8_t **ret_at)
{
    check(offset <= end && size <= end - offset);
    if (offset >= window->offset && offset - window->offset <= window->size &&
        size <= window->size - (offset - window->offset)) {
        window->used += size;
        *ret_at = window->at + (offset - window->offset);
        return OK;
    }
    window_adapt(window, offset);
    size_t kept = 0, want = window->ahead > size ? window->ahead : size;
    if (want > end - offset)
        want = (size_t)(end - offset);
    if (offset >= window->offset && offset - window->offset < window->size) {
        kept = window->size - (size_t)(offset - window->offset);
        memmove(window->at, window->at + (offset - window->offset), kept);
    }
    window->size = 0; /* until it is filled */
    enum err err = window_fill(disk, file, window, offset, kept, want);
    if (err != OK && err != ERR_NO_MEMORY && want > size) { /* it may be what lies behind */
        window->ahead = 0;
        err = window_fill(disk, file, window, offset, kept, size);
    }
    if (err != OK)
        return err;
    window->used = size;
    *ret_at = window->at;
    return OK;
}

void part_window_done(struct part_window *window)
{
    free(window->at);
    *window = (struct part_window){0};
}
