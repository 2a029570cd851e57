/* Walking a part. The cursor keeps one index block decoded, a window over the index and one over
 * the chunks; what the top says in memory tells which blocks need no look. */
#include "parts/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_AHEAD ((size_t)64 << 10)
#define CHUNKS_AHEAD ((size_t)256 << 10)
#define TOLD_MAX 1024 /* damaged pieces that are remembered, so that each is told once */
#define BLOCK_NONE UINT32_MAX

struct part_cursor {
    struct part *part;
    part_damaged *damaged;
    void *arg;
    struct part_window index, chunks;
    uint32_t block, at;          /* of the next entry */
    uint32_t loaded;             /* block that `entries` has; BLOCK_NONE */
    struct part_entries entries; /* count 0: the block is damaged */
    uint64_t *told;
    size_t told_count;
};

enum err part_cursor_create(struct part *part, part_damaged *damaged, void *arg,
                            struct part_cursor **ret_cursor)
{
    struct part_cursor *cursor = malloc(sizeof *cursor);
    if (cursor == NULL)
        return ERR_NO_MEMORY;
    cursor->part = part_hold(part);
    cursor->damaged = damaged;
    cursor->arg = arg;
    cursor->index = (struct part_window){.ahead_max = INDEX_AHEAD};
    cursor->chunks = (struct part_window){.ahead_max = CHUNKS_AHEAD};
    cursor->block = cursor->at = 0;
    cursor->loaded = BLOCK_NONE;
    cursor->entries.count = 0;
    cursor->told = NULL;
    cursor->told_count = 0;
    *ret_cursor = cursor;
    return OK;
}

void part_cursor_destroy(struct part_cursor *cursor)
{
    if (cursor == NULL)
        return;
    part_window_done(&cursor->index);
    part_window_done(&cursor->chunks);
    part_release(cursor->part);
    free(cursor->told);
    free(cursor);
}

/* ---- damage -----------------------------------------------------------------------------------
 */
/* Is this the first time? What does not fit, or finds no memory, is told again. */
static bool cursor_tells(struct part_cursor *cursor, uint64_t offset)
{
    for (size_t i = 0; i < cursor->told_count; i++) {
        if (cursor->told[i] == offset)
            return false;
    }
    if (cursor->told == NULL)
        cursor->told = malloc(TOLD_MAX * sizeof cursor->told[0]);
    if (cursor->told != NULL && cursor->told_count < TOLD_MAX)
        cursor->told[cursor->told_count++] = offset;
    return true;
}

static void cursor_tell(struct part_cursor *cursor, struct part_damage *damage, const char *why)
{
    if (cursor->damaged == NULL || !cursor_tells(cursor, damage->offset))
        return;
    snprintf(damage->file, sizeof damage->file, "%s", cursor->part->info.name);
    snprintf(damage->why, sizeof damage->why, "%s", why);
    cursor->damaged(cursor->arg, damage);
}

static void cursor_tell_block(struct part_cursor *cursor, uint32_t number, enum err err)
{
    const struct part_block *block = &cursor->part->top[number];
    struct part_damage damage = {.offset = block->block_at,
                                 .bytes = block[1].block_at - block->block_at,
                                 .owner = block->owner_first,
                                 .owner_last = block->owner_last,
                                 .first_ns = block->first_ns,
                                 .last_ns = block->last_ns};
    cursor_tell(cursor, &damage,
                err == ERR_IO ? "a block of the index cannot be read"
                              : "a block of the index is damaged");
}

void part_cursor_damaged(struct part_cursor *cursor, const struct part_entry *entry,
                         const char *why)
{
    struct part_damage damage = {.offset = entry->offset,
                                 .bytes = entry->size,
                                 .owner = entry->owner,
                                 .owner_last = entry->owner,
                                 .first_ns = entry->first_ns,
                                 .last_ns = entry->last_ns};
    cursor_tell(cursor, &damage, why);
}

/* ---- blocks -----------------------------------------------------------------------------------
 */
/* Of a damaged block the count is 0. ERR_NO_MEMORY. */
static enum err cursor_load(struct part_cursor *cursor, uint32_t number)
{
    const struct part *part = cursor->part;
    const struct part_block *block = &part->top[number];
    const uint8_t *at = NULL;
    if (cursor->loaded == number)
        return OK;
    size_t size = (size_t)(block[1].block_at - block->block_at);
    enum err err = part_window_read(part->disk, part->file, &cursor->index, part->top_at,
                                    block->block_at, size, &at);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err == OK && !part_block_get(bytes_of(at, size), block, &cursor->entries))
        err = ERR_CORRUPT;
    cursor->loaded = number;
    if (err != OK) {
        cursor->entries.count = 0;
        cursor_tell_block(cursor, number, err);
    }
    return OK;
}

/* First block whose last owner is this one or a later one; the number of blocks when there is none.
 * Those at the cursor are tried first. */
static uint32_t block_find(const struct part_cursor *cursor, uint32_t owner)
{
    const struct part *part = cursor->part;
    uint32_t low = 0, high = part->blocks, near = cursor->block;
    if (near < part->blocks && part->top[near].owner_last < owner) {
        low = near + 1;
        if (low < part->blocks && part->top[low].owner_last >= owner)
            return low;
    } else if (near < part->blocks) {
        high = near;
        if (near == 0 || part->top[near - 1].owner_last < owner)
            return near;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (part->top[middle].owner_last < owner)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* First entry with this owner or a later one; `at` and what follows it are tried first. */
static uint32_t entry_find(const struct part_entries *entries, uint32_t at, uint32_t owner)
{
    uint32_t low = 0, high = entries->count;
    if (at < high && (at == 0 || entries->owners[at - 1] < owner)) {
        uint32_t step = 1;
        for (low = at; at + step <= high && entries->owners[at + step - 1] < owner; step *= 2)
            low = at + step;
        if (at + step <= high)
            high = at + step - 1;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (entries->owners[middle] < owner)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Is there nothing in the block but what this owner had before from_ns? */
static bool block_is_before(const struct part_block *block, uint32_t owner, int64_t from_ns)
{
    return block->owner_first == owner && block->owner_last == owner && block->last_ns < from_ns;
}

enum err part_cursor_seek(struct part_cursor *cursor, uint32_t owner, int64_t from_ns)
{
    const struct part *part = cursor->part;
    const struct part_entries *entries = &cursor->entries;
    uint32_t number = block_find(cursor, owner), at = 0;
    for (; number < part->blocks && part->top[number].owner_first <= owner; number++) {
        if (block_is_before(&part->top[number], owner, from_ns))
            continue;
        enum err err = cursor_load(cursor, number);
        if (err != OK)
            return err;
        at = entry_find(entries, number == cursor->block ? cursor->at : 0, owner);
        while (at < entries->count && entries->owners[at] == owner && entries->last[at] < from_ns)
            at++;
        if (at < entries->count)
            break;
        at = 0;
    }
    cursor->block = number;
    cursor->at = at;
    return OK;
}

enum err part_cursor_next(struct part_cursor *cursor, struct part_entry *ret_entry)
{
    const struct part_entries *entries = &cursor->entries;
    for (; cursor->block < cursor->part->blocks; cursor->block++, cursor->at = 0) {
        enum err err = cursor_load(cursor, cursor->block);
        if (err != OK)
            return err;
        uint32_t at = cursor->at;
        if (at >= entries->count)
            continue;
        *ret_entry = (struct part_entry){.owner = entries->owners[at],
                                         .first_ns = entries->first[at],
                                         .last_ns = entries->last[at],
                                         .offset = entries->offsets[at],
                                         .size = entries->sizes[at],
                                         .samples = entries->samples[at]};
        cursor->at++;
        return OK;
    }
    return ERR_MISSING;
}

enum err part_cursor_chunk(struct part_cursor *cursor, const struct part_entry *entry,
                           struct bytes *ret_chunk)
{
    const struct part *part = cursor->part;
    const uint8_t *at = NULL;
    check(entry->offset >= PART_HEADER_SIZE && entry->offset <= part->index_at &&
          entry->size <= part->index_at - entry->offset);
    enum err err = part_window_read(part->disk, part->file, &cursor->chunks, part->index_at,
                                    entry->offset, entry->size, &at);
    if (err == OK && chunk_bytes_claimed(bytes_of(at, entry->size)) != entry->size)
        err = ERR_CORRUPT;
    if (err == OK)
        *ret_chunk = bytes_of(at, entry->size);
    else if (err != ERR_NO_MEMORY)
        part_cursor_damaged(cursor, entry,
                            err == ERR_IO ? "a chunk cannot be read" : "a chunk is damaged");
    return err;
}
