/* Writing a part: chunks go out in large pieces as they come, the index is gathered in memory and
 * follows them. Nothing has the part's name before all of it is on the medium.
 *
 * A part of level 0 holds the newest samples, which are asked for most: it is written through the
 * system's cache and stays there. What merges write goes past the cache: half the time, and the
 * journal's writes beside it wait less (measured: 20 ms at worst against 120). */
#include "parts/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE ((size_t)1 << 20)
/* So much is written before it is made durable: the disk works while the next chunks are encoded,
 * and the sync at the end, which others wait for too, is short. */
#define SYNC_BYTES ((uint64_t)16 << 20)

struct growing { /* bytes that wait for the end */
    uint8_t *at;
    size_t size, capacity;
};

struct part_writer {
    struct disk *disk;
    struct disk_file *file;
    char folder[PART_PATH_SIZE], path[PART_PATH_SIZE], beside[PART_PATH_SIZE + 4];
    struct part_info info;
    bool direct;  /* past the cache: writes are whole blocks */
    enum err err; /* the first one; everything after it answers the same */
    uint8_t *buffer;
    size_t buffered;
    uint64_t written, synced; /* bytes of the file */
    struct growing index, top;
    uint32_t blocks;
    uint64_t block_chunks; /* bytes of the chunks of the open block */
    struct part_entries entries;
};

/* ---- bytes out --------------------------------------------------------------------------------
 */
static enum err writer_flush(struct part_writer *writer)
{
    if (writer->err != OK || writer->buffered == 0)
        return writer->err;
    writer->err = writer->disk->write(writer->disk, writer->file, writer->written, writer->buffer,
                                      writer->buffered);
    writer->written += writer->buffered;
    writer->buffered = 0;
    if (writer->err == OK && !writer->direct && writer->written - writer->synced >= SYNC_BYTES) {
        writer->err = writer->disk->sync(writer->disk, writer->file);
        writer->synced = writer->written;
    }
    return writer->err;
}

static enum err writer_append(struct part_writer *writer, struct bytes b)
{
    while (b.size > 0 && writer->err == OK) {
        size_t room = BUFFER_SIZE - writer->buffered, piece = b.size < room ? b.size : room;
        memcpy(writer->buffer + writer->buffered, b.at, piece);
        writer->buffered += piece;
        b = bytes_of(b.at + piece, b.size - piece);
        if (writer->buffered == BUFFER_SIZE)
            (void)!writer_flush(writer);
    }
    return writer->err;
}

/* Room for `size` more bytes; NULL when there is no memory. */
static uint8_t *growing_room(struct growing *growing, size_t size)
{
    if (growing->capacity - growing->size < size) {
        size_t capacity = 2 * growing->capacity + size;
        uint8_t *at = realloc(growing->at, capacity);
        if (at == NULL)
            return NULL;
        growing->at = at;
        growing->capacity = capacity;
    }
    return growing->at + growing->size;
}

/* ---- the folder -------------------------------------------------------------------------------
 */
enum err part_folder_make(struct disk *disk, const char *folder)
{
    char above[PART_PATH_SIZE] = ".";
    const char *slash = strrchr(folder, '/');
    if (slash != NULL)
        snprintf(above, sizeof above, "%.*s", (int)(slash - folder), folder);
    enum err err = disk->make_folder(disk, folder);
    return err == OK ? disk->sync_folder(disk, above) : err;
}

/* ---- life -------------------------------------------------------------------------------------
 */
static void writer_free(struct part_writer *writer)
{
    os_aligned_free(writer->buffer);
    free(writer->index.at);
    free(writer->top.at);
    free(writer);
}

static enum err writer_open(struct part_writer *writer)
{
    struct disk *disk = writer->disk;
    enum err err = part_folder_make(disk, writer->folder);
    if (err == OK)
        err = disk->open(disk, writer->beside,
                         DISK_WRITE | DISK_CREATE | (writer->direct ? DISK_DURABLE : 0),
                         &writer->file);
    if (err != OK)
        return err;
    err = disk->truncate(disk, writer->file, 0);
    if (err == OK)
        return OK;
    disk->close(disk, writer->file);
    (void)!disk->remove(disk, writer->beside);
    return err;
}

enum err part_writer_create(struct disk *disk, const char *folder, const struct part_info *info,
                            struct part_writer **ret_writer)
{
    check(strlen(folder) <= PART_FOLDER_MAX && info->tier < PART_TIERS && info->from <= info->to);
    struct part_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return ERR_NO_MEMORY;
    writer->disk = disk;
    writer->info = *info;
    writer->direct = info->level > 0;
    struct part_info *mine = &writer->info;
    mine->owners = mine->chunks = mine->samples = mine->values = 0;
    mine->bytes = mine->index_bytes = 0;
    mine->first_ns = INT64_MAX;
    mine->last_ns = INT64_MIN;
    enum err err = part_name_put(mine) ? OK : ERR_LIMIT;
    if (err == OK && (writer->buffer = os_aligned_alloc(BUFFER_SIZE)) == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK) {
        snprintf(writer->folder, sizeof writer->folder, "%s", folder);
        part_path_put(writer->path, folder, mine->name);
        snprintf(writer->beside, sizeof writer->beside, "%s.tmp", writer->path);
        err = writer_open(writer);
    }
    if (err != OK) {
        writer_free(writer);
        return err;
    }
    part_header_put(writer->buffer, mine);
    writer->buffered = PART_HEADER_SIZE;
    *ret_writer = writer;
    return OK;
}

void part_writer_drop(struct part_writer *writer)
{
    if (writer == NULL)
        return;
    writer->disk->close(writer->disk, writer->file);
    (void)!writer->disk->remove(writer->disk, writer->beside);
    writer_free(writer);
}

uint64_t part_writer_bytes(const struct part_writer *writer)
{
    return writer->written + writer->buffered + writer->index.size + writer->top.size;
}

/* ---- chunks and their index -------------------------------------------------------------------
 */
static enum err writer_end_block(struct part_writer *writer)
{
    struct part_entries *entries = &writer->entries;
    if (writer->err != OK || entries->count == 0)
        return writer->err;
    uint8_t *block_at = growing_room(&writer->index, PART_BLOCK_BYTES_MAX);
    uint8_t *top_at = growing_room(&writer->top, PART_TOP_SIZE);
    if (writer->blocks == PART_BLOCKS_MAX || block_at == NULL || top_at == NULL) {
        writer->err = writer->blocks == PART_BLOCKS_MAX ? ERR_LIMIT : ERR_NO_MEMORY;
        return writer->err;
    }
    struct part_block block = {.owner_first = entries->owners[0],
                               .owner_last = entries->owners[entries->count - 1],
                               .first_ns = INT64_MAX,
                               .last_ns = INT64_MIN};
    for (uint32_t i = 0; i < entries->count; i++) {
        block.first_ns = entries->first[i] < block.first_ns ? entries->first[i] : block.first_ns;
        block.last_ns = entries->last[i] > block.last_ns ? entries->last[i] : block.last_ns;
    }
    size_t size = part_block_put(block_at, entries);
    part_top_put(top_at, &block, writer->block_chunks, (uint32_t)size);
    writer->index.size += size;
    writer->top.size += PART_TOP_SIZE;
    writer->blocks++;
    writer->block_chunks = 0;
    entries->count = 0;
    return OK;
}

static void writer_count(struct part_writer *writer, int64_t first_ns, int64_t last_ns,
                         uint32_t samples, uint64_t values, bool new_owner)
{
    struct part_info *info = &writer->info;
    info->owners += new_owner;
    info->chunks++;
    info->samples += samples;
    info->values += values;
    info->first_ns = first_ns < info->first_ns ? first_ns : info->first_ns;
    info->last_ns = last_ns > info->last_ns ? last_ns : info->last_ns;
}

enum err part_writer_put(struct part_writer *writer, uint32_t owner, int64_t first_ns,
                         int64_t last_ns, uint32_t samples, uint64_t values, struct bytes chunk)
{
    struct part_entries *entries = &writer->entries;
    check(first_ns <= last_ns && chunk.size > 0 && chunk_bytes_claimed(chunk) == chunk.size);
    if (writer->err != OK)
        return writer->err;
    bool new_owner = true;
    if (writer->info.chunks > 0) { /* the last entry stays readable when its block has ended */
        uint32_t last = (uint32_t)((writer->info.chunks - 1) % PART_BLOCK_ENTRIES);
        new_owner = owner != entries->owners[last];
        check(owner > entries->owners[last] || (!new_owner && first_ns >= entries->first[last]));
    }
    uint32_t i = entries->count++;
    entries->owners[i] = owner;
    entries->first[i] = first_ns;
    entries->last[i] = last_ns;
    entries->sizes[i] = (uint32_t)chunk.size;
    entries->samples[i] = samples;
    writer->block_chunks += chunk.size;
    writer_count(writer, first_ns, last_ns, samples, values, new_owner);
    if (writer_append(writer, chunk) == OK && entries->count == PART_BLOCK_ENTRIES)
        (void)!writer_end_block(writer);
    return writer->err;
}

/* ---- end --------------------------------------------------------------------------------------
 */
static enum err writer_put_index(struct part_writer *writer)
{
    uint8_t bytes[PART_FOOTER_SIZE];
    struct part_footer footer = {.index_at = writer->written + writer->buffered,
                                 .blocks = writer->blocks};
    if (writer->blocks > 0)
        footer.top_crc = crc32c(0, writer->top.at, writer->top.size);
    struct part_info *info = &writer->info;
    footer.top_at = footer.index_at + writer->index.size;
    info->index_bytes = writer->index.size + writer->top.size;
    info->bytes = footer.index_at + info->index_bytes + PART_FOOTER_SIZE;
    footer.info = *info;
    part_footer_put(bytes, &footer);
    (void)!writer_append(writer, bytes_of(writer->index.at, writer->index.size));
    (void)!writer_append(writer, bytes_of(writer->top.at, writer->top.size));
    (void)!writer_append(writer, bytes_of(bytes, sizeof bytes));
    size_t behind = writer->direct ? -writer->buffered % DISK_BLOCK : 0;
    memset(writer->buffer + writer->buffered, 0, behind); /* a buffer is whole blocks */
    writer->buffered += behind;
    enum err err = writer_flush(writer);
    return err == OK && behind > 0 ? writer->disk->truncate(writer->disk, writer->file, info->bytes)
                                   : err;
}

enum err part_writer_end(struct part_writer *writer, struct part_info *ret_info)
{
    struct disk *disk = writer->disk;
    enum err err = writer_end_block(writer);
    if (err == OK)
        err = writer_put_index(writer);
    if (err == OK)
        err = disk->sync(disk, writer->file);
    disk->close(disk, writer->file);
    bool renamed = false;
    if (err == OK) {
        err = disk->rename(disk, writer->beside, writer->path);
        renamed = err == OK;
    }
    if (err == OK)
        err = disk->sync_folder(disk, writer->folder);
    if (err == OK)
        *ret_info = writer->info;
    else
        (void)!disk->remove(disk, renamed ? writer->path : writer->beside);
    writer_free(writer);
    return err;
}
