/* Looking at all of a part, and saving what is whole of a damaged one. A chunk says itself whose it
 * is, when, and how long: where the index is lost, the chunks are found by walking over them. */
#include "parts/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WALK_AHEAD ((size_t)256 << 10)
#define CLAIM_BYTES (VARINT_MAX + 7) /* enough to tell how long a chunk says it is */

struct room { /* to decode a chunk in */
    int64_t times[CHUNK_ROWS_MAX];
    uint64_t words[CHUNK_ROWS_MAX];
    uint8_t cells[CHUNK_ROWS_MAX], qualities[CHUNK_ROWS_MAX];
    struct chunk_column_reader reader;
};

/* Every time and every value, but for the CRC32C; *ret_values: cells that hold a sample. */
static enum err chunk_decode(const struct chunk *chunk, struct room *room, uint64_t *ret_values)
{
    uint64_t values = 0;
    enum err err = chunk_times(chunk, 0, chunk->rows, room->times);
    for (uint16_t column = 0; column < chunk->columns && err == OK; column++) {
        err = chunk_column_open(chunk, column, &room->reader);
        if (err == OK)
            err = chunk_column_read(&room->reader, 0, chunk->rows, room->words, room->cells,
                                    room->qualities);
        values += room->reader.summary.samples;
    }
    *ret_values = values;
    return err;
}

/* ---- check ------------------------------------------------------------------------------------
 */
struct checking {
    struct part *part;
    struct part_cursor *cursor;
    struct room *room;
    part_damaged *damaged;
    void *arg;
    size_t found;
    uint64_t owners, chunks, samples;
    int64_t first_ns, last_ns;
};

static void check_tell(void *arg, const struct part_damage *damage)
{
    struct checking *checking = arg;
    checking->found++;
    if (checking->damaged != NULL)
        checking->damaged(checking->arg, damage);
}

/* Of the file as a whole. */
static void check_tell_file(struct checking *checking, uint64_t offset, const char *why)
{
    const struct part *part = checking->part;
    struct part_damage damage = {.offset = offset,
                                 .bytes = part->info.bytes - offset,
                                 .owner_last = PART_OWNER_MAX,
                                 .first_ns = part->info.first_ns,
                                 .last_ns = part->info.last_ns};
    snprintf(damage.file, sizeof damage.file, "%s", part->info.name);
    snprintf(damage.why, sizeof damage.why, "%s", why);
    check_tell(checking, &damage);
}

static const char *check_chunk(struct checking *checking, const struct part_entry *entry,
                               struct bytes bytes)
{
    struct chunk chunk;
    uint64_t values;
    enum err err = chunk_open(bytes, CHUNK_VERIFY, &chunk);
    if (err != OK)
        return err == ERR_NEWER ? "a chunk was written by a newer version" : "a chunk is damaged";
    if (chunk.owner != entry->owner || chunk.rows != entry->samples ||
        chunk.time_first != entry->first_ns || chunk.time_last != entry->last_ns)
        return "a chunk is not the one that the index means";
    if (chunk_decode(&chunk, checking->room, &values) != OK)
        return "a chunk cannot be decoded";
    return NULL;
}

static void check_entry(struct checking *checking, const struct part_entry *entry)
{
    struct bytes bytes;
    enum err err = part_cursor_chunk(checking->cursor, entry, &bytes);
    if (err == ERR_NO_MEMORY)
        check_tell_file(checking, entry->offset, "not enough memory to look at a chunk");
    if (err != OK)
        return;
    const char *why = check_chunk(checking, entry, bytes);
    if (why != NULL)
        part_cursor_damaged(checking->cursor, entry, why);
}

static void check_entries(struct checking *checking)
{
    struct part_entry entry;
    uint32_t owner = 0;
    enum err err;
    while ((err = part_cursor_next(checking->cursor, &entry)) == OK) {
        checking->owners += checking->chunks == 0 || entry.owner != owner;
        owner = entry.owner;
        checking->chunks++;
        checking->samples += entry.samples;
        checking->first_ns =
            entry.first_ns < checking->first_ns ? entry.first_ns : checking->first_ns;
        checking->last_ns = entry.last_ns > checking->last_ns ? entry.last_ns : checking->last_ns;
        check_entry(checking, &entry);
    }
    const struct part *part = checking->part;
    const struct part_info *info = &part->info;
    if (err != ERR_MISSING)
        check_tell_file(checking, part->index_at, "not enough memory to look at the index");
    else if (checking->found == 0 &&
             (checking->owners != info->owners || checking->chunks != info->chunks ||
              checking->samples != info->samples || checking->first_ns != info->first_ns ||
              checking->last_ns != info->last_ns))
        check_tell_file(checking, part->top_at, "the footer's counts are not those of the index");
}

size_t part_check(struct part *part, part_damaged *damaged, void *arg)
{
    struct checking checking = {
        .part = part, .damaged = damaged, .arg = arg, .first_ns = INT64_MAX, .last_ns = INT64_MIN};
    checking.room = malloc(sizeof *checking.room);
    enum err err = part_cursor_create(part, check_tell, &checking, &checking.cursor);
    if (err == OK && checking.room != NULL) {
        enum err again = part_look_again(part);
        if (again != OK)
            check_tell_file(&checking, 0,
                            again == ERR_NO_MEMORY
                                ? "not enough memory to look at the index"
                                : "header, footer or top of the index is damaged");
        check_entries(&checking);
    } else
        check_tell_file(&checking, 0, "not enough memory to look at it");
    if (err == OK)
        part_cursor_destroy(checking.cursor);
    free(checking.room);
    return checking.found;
}

/* ---- repair -----------------------------------------------------------------------------------
 */
struct repair {
    struct disk *disk;
    struct disk_file *file; /* that is repaired */
    struct part_window window;
    struct part_writer *writer;
    struct room *room;
    bool some; /* was put; the last one's: */
    uint32_t owner;
    int64_t first_ns;
    uint64_t patience; /* bytes that may still be looked at in vain */
};

/* A whole chunk goes into the new part; one that is not is left out. OK, or an error of the writer.
 */
static enum err repair_take(struct repair *repair, struct bytes bytes, bool *ret_whole)
{
    struct chunk chunk;
    uint64_t values;
    *ret_whole = false;
    if (chunk_open(bytes, CHUNK_VERIFY, &chunk) != OK || chunk.bytes.size != bytes.size ||
        chunk.owner > PART_OWNER_MAX || chunk_decode(&chunk, repair->room, &values) != OK)
        return OK;
    uint32_t owner = (uint32_t)chunk.owner;
    if (repair->some &&
        (owner < repair->owner || (owner == repair->owner && chunk.time_first < repair->first_ns)))
        return OK;
    *ret_whole = repair->some = true;
    repair->owner = owner;
    repair->first_ns = chunk.time_first;
    return part_writer_put(repair->writer, owner, chunk.time_first, chunk.time_last, chunk.rows,
                           values, bytes);
}

/* The chunk that begins at offset, if one does; *ret_size 0: none. */
static enum err repair_try(struct repair *repair, uint64_t offset, uint64_t end, size_t *ret_size)
{
    const uint8_t *at = NULL;
    size_t head = end - offset < CLAIM_BYTES ? (size_t)(end - offset) : CLAIM_BYTES;
    *ret_size = 0;
    enum err err =
        part_window_read(repair->disk, repair->file, &repair->window, end, offset, head, &at);
    if (err != OK)
        return err == ERR_NO_MEMORY ? err : OK;
    size_t size = chunk_bytes_claimed(bytes_of(at, head));
    if (size == 0 || size > end - offset || size > repair->patience)
        return OK;
    err = part_window_read(repair->disk, repair->file, &repair->window, end, offset, size, &at);
    if (err != OK)
        return err == ERR_NO_MEMORY ? err : OK;
    bool whole;
    err = repair_take(repair, bytes_of(at, size), &whole);
    if (whole)
        *ret_size = size;
    else
        repair->patience -= size;
    return err;
}

/* Takes all that is whole between two offsets without any index. What looks like a chunk and is
 * none costs its length to find out: all such lengths together are bounded. */
static enum err repair_walk(struct repair *repair, uint64_t offset, uint64_t end)
{
    enum err err = OK;
    repair->patience = 4 * (end - offset) + CHUNK_BYTES_MAX;
    while (offset < end && err == OK) {
        size_t size;
        err = repair_try(repair, offset, end, &size);
        offset += size == 0 ? 1 : size;
    }
    return err;
}

static enum err repair_block(struct repair *repair, const struct part *part, uint32_t number,
                             struct part_window *index, struct part_entries *entries)
{
    const struct part_block *block = &part->top[number];
    size_t size = (size_t)(block[1].block_at - block->block_at);
    const uint8_t *at = NULL;
    enum err err =
        part_window_read(part->disk, part->file, index, part->top_at, block->block_at, size, &at);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err != OK || !part_block_get(bytes_of(at, size), block, entries))
        return repair_walk(repair, block->chunks_at, block[1].chunks_at);
    err = OK;
    for (uint32_t i = 0; i < entries->count && err == OK; i++) {
        bool whole;
        err = part_window_read(part->disk, part->file, &repair->window, part->index_at,
                               entries->offsets[i], entries->sizes[i], &at);
        if (err == OK)
            err = repair_take(repair, bytes_of(at, entries->sizes[i]), &whole);
        else if (err != ERR_NO_MEMORY)
            err = OK; /* it cannot be read: left out */
    }
    return err;
}

static enum err repair_begin(struct repair *repair, const char *folder,
                             const struct part_info *info, uint64_t serial)
{
    struct part_info mine = *info;
    mine.serial = serial;
    repair->window.ahead_max = WALK_AHEAD;
    repair->room = malloc(sizeof *repair->room);
    if (repair->room == NULL)
        return ERR_NO_MEMORY;
    return part_writer_create(repair->disk, folder, &mine, &repair->writer);
}

static enum err repair_end(struct repair *repair, enum err err, struct part_info *ret_info)
{
    if (err == OK)
        err = part_writer_end(repair->writer, ret_info);
    else
        part_writer_drop(repair->writer);
    part_window_done(&repair->window);
    free(repair->room);
    return err;
}

enum err part_repair(struct part *part, uint64_t serial, struct part_info *ret_info)
{
    struct repair repair = {.disk = part->disk, .file = part->file};
    struct part_window index = {.ahead_max = WALK_AHEAD};
    struct part_entries *entries = malloc(sizeof *entries);
    enum err err =
        entries == NULL ? ERR_NO_MEMORY : repair_begin(&repair, part->folder, &part->info, serial);
    for (uint32_t i = 0; i < part->blocks && err == OK; i++)
        err = repair_block(&repair, part, i, &index, entries);
    part_window_done(&index);
    free(entries);
    return repair_end(&repair, err, ret_info);
}

/* ---- salvage ----------------------------------------------------------------------------------
 */
/* What kind of part it was: its header says so, or its footer, or its name. */
static enum err salvage_info(struct disk *disk, struct disk_file *file, uint64_t size,
                             const char *name, const uint64_t journal[2],
                             struct part_info *ret_info)
{
    uint8_t bytes[PART_FOOTER_SIZE];
    struct part_footer footer;
    size_t got = 0;
    enum err err = disk->read(disk, file, 0, bytes, PART_HEADER_SIZE, &got);
    err = err == OK && got == PART_HEADER_SIZE ? part_header_get(bytes, ret_info) : ERR_CORRUPT;
    if (err == OK || err == ERR_NEWER)
        return err;
    err = size < sizeof bytes
              ? ERR_CORRUPT
              : disk->read(disk, file, size - sizeof bytes, bytes, sizeof bytes, &got);
    err = err == OK && got == sizeof bytes ? part_footer_get(bytes, &footer) : ERR_CORRUPT;
    if (err == OK)
        *ret_info = footer.info;
    if (err == OK || err == ERR_NEWER)
        return err;
    const char *slash = strrchr(name, '/');
    if (!part_name_get(slash == NULL ? name : slash + 1, ret_info))
        return ERR_CORRUPT;
    ret_info->journal[0] = journal[0];
    ret_info->journal[1] = journal[1];
    return OK;
}

enum err part_salvage(struct disk *disk, const char *folder, const char *name,
                      const uint64_t journal[2], uint64_t serial, struct part_info *ret_info)
{
    struct repair repair = {.disk = disk};
    struct part_info info;
    char path[PART_PATH_SIZE];
    uint64_t size = 0;
    check(strlen(folder) <= PART_FOLDER_MAX && strlen(name) <= PART_FOLDER_MAX);
    part_path_put(path, folder, name);
    enum err err = disk->open(disk, path, DISK_READ, &repair.file);
    if (err != OK)
        return err;
    err = disk->size(disk, repair.file, &size);
    if (err == OK)
        err = salvage_info(disk, repair.file, size, name, journal, &info);
    if (err == OK)
        err = repair_begin(&repair, folder, &info, serial);
    if (err == OK && size > PART_HEADER_SIZE)
        err = repair_walk(&repair, PART_HEADER_SIZE, size);
    if (err == OK && !repair.some)
        err = ERR_CORRUPT;
    err = repair_end(&repair, err, ret_info);
    disk->close(disk, repair.file);
    return err;
}
