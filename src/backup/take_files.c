/* One file into the target, or found there. */
#include "backup/take.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_BYTES_MAX ((uint64_t)64 << 20)

static const struct backup_file *known_find(const struct take *take, const char *stored)
{
    size_t low = 0, high = take->known_count;
    while (low < high) { /* the first one of the name: it has the most bytes */
        size_t middle = low + (high - low) / 2;
        if (strcmp(take->known[middle]->stored, stored) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < take->known_count && strcmp(take->known[low]->stored, stored) == 0;
    return found ? take->known[low] : NULL;
}

static bool target_bytes(const struct take *take, const char *path, uint64_t *ret_bytes)
{
    struct disk *target = take->store.target;
    struct disk_file *file;
    if (target->open(target, path, DISK_READ, &file) != OK)
        return false;
    enum err err = target->size(target, file, ret_bytes);
    target->close(target, file);
    return err == OK;
}

static enum err file_add(struct take *take, const struct backup_file *file)
{
    return manifest_add(&take->manifest, file, &take->capacity);
}

/* ---- files written once -----------------------------------------------------------------------
 */
/* What tells a file from others of its name and size: its first block and its last, where headers
 * and footers are. No CRC32C: of bytes that end with their own it is the same number whatever they
 * are. */
static enum err ends_hash(struct take *take, const char *name, uint64_t bytes, uint64_t *ret_hash)
{
    uint8_t block[DISK_BLOCK];
    struct disk_file *file;
    size_t size = 0;
    uint64_t hash = 0;
    enum err err = take->source->open(take->source, name, DISK_READ, &file);
    if (err != OK)
        return err;
    for (unsigned end = 0; end < 2 && err == OK; end++) {
        uint64_t offset = end > 0 && bytes > sizeof block ? bytes - sizeof block : 0;
        err = take->source->read(take->source, file, offset, block, sizeof block, &size);
        if (err == OK)
            hash = hash64(block, size, hash);
    }
    take->source->close(take->source, file);
    if (err == OK)
        *ret_hash = hash;
    return err;
}

/* Beside, read back, and only then under its name: what has it is whole. */
static enum err whole_copy(struct take *take, struct backup_file *file, const char *path)
{
    char beside[DISK_NAME_SIZE];
    struct store *store = &take->store;
    uint32_t back = 0;
    snprintf(beside, sizeof beside, "%s.tmp", path);
    enum err err = store_make_folders(store->target, path);
    if (err == OK)
        err = store_copy(store, take->source, file->name, store->target, beside, 0, file->bytes,
                         &file->sum);
    if (err == ERR_CORRUPT)
        err = ERR_MISSING; /* shorter than listed: it was replaced meanwhile */
    if (err != OK)
        return err;
    err = store_sum(store, store->target, beside, 0, file->bytes, &back);
    if (err == OK && back != file->sum)
        err = ERR_CORRUPT;
    if (err != OK) {
        port_tell(take->port, LOG_ERROR, "the copy of %s does not read back: %s", file->name,
                  err_text(err));
        return err == ERR_MISSING ? ERR_CORRUPT : err;
    }
    take->taken.files_copied++;
    take->taken.bytes_copied += file->bytes;
    return store->target->rename(store->target, beside, path);
}

enum err take_whole(struct take *take, const char *name, uint64_t bytes, uint64_t epoch)
{
    struct backup_file file = {.kind = BACKUP_WHOLE, .bytes = bytes};
    char path[STORED_PATH_SIZE];
    uint64_t there = 0, which = epoch;
    snprintf(file.name, sizeof file.name, "%s", name);
    enum err err = epoch == 0 ? ends_hash(take, name, bytes, &which) : OK;
    if (err != OK)
        return err;
    snprintf(file.stored, sizeof file.stored, "%s-%016" PRIx64 "-%" PRIu64, name, which, bytes);
    store_path(path, file.stored);
    const struct backup_file *known = known_find(take, file.stored);
    bool stored = target_bytes(take, path, &there) && there == bytes;
    if (known != NULL && stored && known->bytes == bytes)
        file.sum = known->sum;
    else if (stored) /* of a run that was interrupted */
        err = store_sum(&take->store, take->store.target, path, 0, bytes, &file.sum);
    else
        err = whole_copy(take, &file, path);
    store_finish(&take->store, bytes);
    return err == OK ? file_add(take, &file) : err;
}

/* ---- growing segments -------------------------------------------------------------------------
 */
static enum err growing_append(struct take *take, struct backup_file *file, const char *path,
                               uint64_t from)
{
    struct store *store = &take->store;
    uint32_t before = file->sum, back = before;
    enum err err = store_make_folders(store->target, path);
    if (err == OK)
        err = store_copy(store, take->source, file->name, store->target, path, from,
                         file->bytes - from, &file->sum);
    if (err == ERR_CORRUPT)
        return ERR_MISSING;
    if (err == OK)
        err = store_sum(store, store->target, path, from, file->bytes - from, &back);
    if (err == OK && back != file->sum)
        err = ERR_CORRUPT;
    if (err != OK)
        return err;
    take->taken.files_copied++;
    take->taken.bytes_copied += file->bytes - from;
    return OK;
}

enum err take_growing(struct take *take, const char *name, uint64_t epoch)
{
    struct backup_file file = {.kind = BACKUP_GROWING};
    char path[STORED_PATH_SIZE];
    uint64_t there = 0;
    snprintf(file.name, sizeof file.name, "%s", name);
    snprintf(file.stored, sizeof file.stored, "%s-%016" PRIx64, name, epoch);
    store_path(path, file.stored);
    const struct backup_file *known = known_find(take, file.stored);
    if (known != NULL && (!target_bytes(take, path, &there) || there < known->bytes))
        known = NULL;
    uint64_t from = known != NULL ? known->bytes : 0;
    enum err err =
        segment_file_end(take->source, name, epoch,
                         from > SEGMENT_HEADER_SIZE ? from : SEGMENT_HEADER_SIZE, &file.bytes);
    if (err != OK)
        return err;
    file.sum = known != NULL ? known->sum : 0;
    if (file.bytes > from)
        err = growing_append(take, &file, path, from);
    store_finish(&take->store, file.bytes);
    return err == OK ? file_add(take, &file) : err;
}

/* ---- small ones -------------------------------------------------------------------------------
 */
enum err take_text(struct take *take, const char *name, const char *text, size_t size)
{
    struct backup_file file = {.kind = BACKUP_SMALL, .bytes = size, .sum = crc32c(0, text, size)};
    char path[STORED_PATH_SIZE];
    uint64_t there = 0;
    uint32_t back = 0;
    snprintf(file.name, sizeof file.name, "%s", name);
    snprintf(file.stored, sizeof file.stored, "%s-%016" PRIx64 "-%zu", name, hash64(text, size, 0),
             size);
    store_path(path, file.stored);
    bool stored = target_bytes(take, path, &there) && there == size;
    enum err err = OK;
    if (!stored) {
        err = store_write_text(take->store.target, path, text, size);
        take->taken.files_copied++;
        take->taken.bytes_copied += size;
    }
    if (err == OK)
        err = store_sum(&take->store, take->store.target, path, 0, size, &back);
    if (err == OK && back != file.sum)
        err = ERR_CORRUPT;
    return err == OK ? file_add(take, &file) : err;
}

enum err take_small(struct take *take, const char *name)
{
    char *text;
    size_t size;
    enum err err = store_read_text(take->source, name, SMALL_BYTES_MAX, &text, &size);
    if (err == ERR_MISSING)
        return OK;
    if (err != OK)
        return err;
    err = take_text(take, name, text, size);
    free(text);
    return err;
}

/* ---- lines of descent -------------------------------------------------------------------------
 */
/* The newest segment: its number, and the epoch in the stored name. */
static bool newest_segment(const struct backup_manifest *manifest, uint64_t *ret_number,
                           char epoch[17])
{
    for (size_t i = manifest->count; i-- > 0;) {
        const struct backup_file *file = &manifest->files[i];
        if (strncmp(file->name, "journal/", 8) != 0 ||
            segment_file_parse(file->name + 8, ret_number) == FILE_NONE)
            continue;
        snprintf(epoch, 17, "%s", file->stored + strlen(file->name) + 1);
        return true;
    }
    return false;
}

bool take_is_ancestor(const struct backup_manifest *before, const struct backup_manifest *manifest)
{
    uint64_t number;
    char epoch[17];
    if (before->journal[0] != manifest->journal[0] || before->journal[1] != manifest->journal[1] ||
        before->position > manifest->position || !newest_segment(before, &number, epoch))
        return false;
    for (unsigned kind = FILE_OPEN; kind <= FILE_MESSAGES; kind++) {
        char name[BACKUP_NAME_MAX + 1];
        segment_file_name(name, number, (enum segment_file_kind)kind);
        const struct backup_file *file = backup_manifest_find(manifest, name);
        if (file != NULL)
            return strncmp(file->stored + strlen(file->name) + 1, epoch, 16) == 0;
    }
    return false;
}
