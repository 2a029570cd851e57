/* An open part: what its footer says, and the top of its index. */
#include "parts/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening ----------------------------------------------------------------------------------
 */
/* All of it or an error: a file that ends before is damaged. */
static enum err read_all(struct disk *disk, struct disk_file *file, uint64_t offset, void *at,
                         size_t size)
{
    size_t got = 0;
    enum err err = disk->read(disk, file, offset, at, size, &got);
    return err == OK && got < size ? ERR_CORRUPT : err;
}

static enum err ends_read(struct disk *disk, struct disk_file *file, struct part_footer *ret_footer)
{
    uint8_t header[PART_HEADER_SIZE], footer[PART_FOOTER_SIZE];
    struct part_info begun;
    uint64_t size;
    enum err err = disk->size(disk, file, &size);
    if (err == OK && size < sizeof header)
        err = ERR_CORRUPT;
    if (err == OK)
        err = read_all(disk, file, 0, header, sizeof header);
    if (err == OK)
        err = part_header_get(header, &begun);
    if (err == OK && size < sizeof header + sizeof footer)
        err = ERR_CORRUPT;
    if (err == OK)
        err = read_all(disk, file, size - sizeof footer, footer, sizeof footer);
    if (err == OK)
        err = part_footer_get(footer, ret_footer);
    if (err == OK && (ret_footer->info.bytes != size || !part_info_same(&begun, &ret_footer->info)))
        err = ERR_CORRUPT;
    return err;
}

static enum err top_read(struct disk *disk, struct disk_file *file,
                         const struct part_footer *footer, struct part_block *blocks)
{
    size_t size = (size_t)footer->blocks * PART_TOP_SIZE;
    uint8_t *top = malloc(size + 1);
    if (top == NULL)
        return ERR_NO_MEMORY;
    enum err err = read_all(disk, file, footer->top_at, top, size);
    if (err == OK && !part_top_get(bytes_of(top, size), footer, blocks))
        err = ERR_CORRUPT;
    free(top);
    return err;
}

static enum err part_load(struct disk *disk, struct disk_file *file, struct part **ret_part)
{
    struct part_footer footer;
    enum err err = ends_read(disk, file, &footer);
    if (err != OK)
        return err;
    size_t blocks = (size_t)footer.blocks + 1;
    struct part *part = calloc(1, sizeof *part + blocks * sizeof part->top[0]);
    if (part == NULL)
        return ERR_NO_MEMORY;
    err = top_read(disk, file, &footer, part->top);
    if (err != OK) {
        free(part);
        return err;
    }
    part->info = footer.info;
    part->index_at = footer.index_at;
    part->top_at = footer.top_at;
    part->blocks = footer.blocks;
    *ret_part = part;
    return OK;
}

enum err part_look_again(const struct part *part)
{
    struct part *again;
    enum err err = part_load(part->disk, part->file, &again);
    if (err == OK)
        free(again);
    return err;
}

enum err part_open(struct disk *disk, const char *folder, const char *name, struct part **ret_part)
{
    struct disk_file *file;
    struct part *part;
    char path[PART_PATH_SIZE];
    check(strlen(folder) <= PART_FOLDER_MAX && strlen(name) <= PART_FOLDER_MAX);
    part_path_put(path, folder, name);
    enum err err = disk->open(disk, path, DISK_READ, &file);
    if (err != OK)
        return err;
    err = part_load(disk, file, &part);
    if (err != OK) {
        disk->close(disk, file);
        return err;
    }
    part->disk = disk;
    part->file = file;
    atomic_init(&part->holds, 1);
    atomic_init(&part->doomed, false);
    snprintf(part->folder, sizeof part->folder, "%s", folder);
    snprintf(part->path, sizeof part->path, "%s", path);
    *ret_part = part;
    return OK;
}

/* ---- life -------------------------------------------------------------------------------------
 */
const struct part_info *part_info(const struct part *part)
{
    return &part->info;
}

struct part *part_hold(struct part *part)
{
    atomic_fetch_add_explicit(&part->holds, 1, memory_order_relaxed);
    return part;
}

void part_release(struct part *part)
{
    if (part == NULL)
        return;
    unsigned before = atomic_fetch_sub_explicit(&part->holds, 1, memory_order_acq_rel);
    check(before > 0);
    if (before > 1)
        return;
    part->disk->close(part->disk, part->file);
    if (atomic_load_explicit(&part->doomed, memory_order_relaxed))
        (void)!part->disk->remove(part->disk, part->path); /* else a leftover of the next start */
    free(part);
}

void part_doom(struct part *part)
{
    atomic_store_explicit(&part->doomed, true, memory_order_relaxed);
}

uint64_t part_memory(const struct part *part)
{
    return sizeof *part + ((uint64_t)part->blocks + 1) * sizeof part->top[0];
}
