/* What the tests and the fuzzer of this room share: a disk in memory whose n-th call fails, luck
 * with a seed, chunks to put into parts. */
#pragma once

#include "parts/inside.h"
#include "base/test_random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline uint64_t luck_below(uint64_t *luck, uint64_t limit)
{
    return test_random(luck) % limit;
}

/* ---- a disk in memory: one thread, names with their folders, writes seen at once ---- */
#define MEMORY_FILES 64
struct disk_file {
    char path[PART_PATH_SIZE];
    uint8_t *at;
    size_t size, capacity;
    unsigned handles;
    bool named, durable;
};
struct memory_disk {
    struct disk port; /* first */
    struct disk_file files[MEMORY_FILES];
    uint64_t calls, fail_at; /* the call of this number fails, and all after it when `for_ever` */
    uint64_t reads, read_bytes, syncs;
    uint64_t space;      /* bytes that may still be written */
    bool for_ever, none; /* none: of the folder, to see that absence is told */
};

static inline struct memory_disk *memory_of(struct disk *port)
{
    return (struct memory_disk *)(void *)port;
}

static inline bool memory_fails(struct memory_disk *disk)
{
    disk->calls++;
    return disk->fail_at != 0 &&
           (disk->for_ever ? disk->calls >= disk->fail_at : disk->calls == disk->fail_at);
}

static inline struct disk_file *memory_find(struct memory_disk *disk, const char *path)
{
    for (size_t i = 0; i < MEMORY_FILES; i++) {
        if (disk->files[i].named && strcmp(disk->files[i].path, path) == 0)
            return &disk->files[i];
    }
    return NULL;
}

static inline void memory_unname(struct disk_file *file)
{
    file->named = false;
    if (file->handles == 0) {
        free(file->at);
        *file = (struct disk_file){0};
    }
}

static inline enum err memory_open(struct disk *port, const char *path, unsigned flags,
                                   struct disk_file **ret_file)
{
    struct memory_disk *disk = memory_of(port);
    struct disk_file *file = memory_find(disk, path);
    if (memory_fails(disk))
        return ERR_IO;
    if (file == NULL && !(flags & DISK_CREATE))
        return ERR_MISSING;
    for (size_t i = 0; file == NULL && i < MEMORY_FILES; i++) {
        if (!disk->files[i].named && disk->files[i].handles == 0)
            file = &disk->files[i];
    }
    check(file != NULL);
    if (!file->named)
        snprintf(file->path, sizeof file->path, "%s", path);
    file->named = true;
    file->durable = (flags & DISK_DURABLE) != 0;
    file->handles++;
    *ret_file = file;
    return OK;
}

static inline void memory_close(struct disk *port, struct disk_file *file)
{
    (void)port;
    if (file == NULL)
        return;
    check(file->handles > 0);
    file->durable = false;
    if (--file->handles == 0 && !file->named)
        memory_unname(file);
}

static inline enum err memory_read(struct disk *port, struct disk_file *file, uint64_t offset,
                                   void *at, size_t size, size_t *ret_size)
{
    struct memory_disk *disk = memory_of(port);
    if (memory_fails(disk))
        return ERR_IO;
    size_t left = offset < file->size ? file->size - (size_t)offset : 0;
    *ret_size = size < left ? size : left;
    if (*ret_size > 0)
        memcpy(at, file->at + offset, *ret_size);
    disk->reads++;
    disk->read_bytes += *ret_size;
    return OK;
}

static inline enum err memory_write(struct disk *port, struct disk_file *file, uint64_t offset,
                                    const void *at, size_t size)
{
    struct memory_disk *disk = memory_of(port);
    check(!file->durable ||
          (offset % DISK_BLOCK == 0 && size % DISK_BLOCK == 0 && (uintptr_t)at % DISK_BLOCK == 0));
    if (memory_fails(disk))
        return ERR_IO;
    if (disk->space < size)
        return ERR_NO_SPACE;
    disk->space -= size;
    size_t end = (size_t)offset + size;
    if (end > file->capacity) {
        uint8_t *grown = realloc(file->at, 2 * end);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        file->at = grown;
        file->capacity = 2 * end;
    }
    if (offset > file->size)
        memset(file->at + file->size, 0, (size_t)offset - file->size);
    memcpy(file->at + offset, at, size);
    file->size = end > file->size ? end : file->size;
    return OK;
}

static inline enum err memory_sync(struct disk *port, struct disk_file *file)
{
    (void)file;
    memory_of(port)->syncs++;
    return memory_fails(memory_of(port)) ? ERR_IO : OK;
}

static inline enum err memory_size(struct disk *port, struct disk_file *file, uint64_t *ret_size)
{
    if (memory_fails(memory_of(port)))
        return ERR_IO;
    *ret_size = file->size;
    return OK;
}

static inline enum err memory_truncate(struct disk *port, struct disk_file *file, uint64_t size)
{
    if (memory_fails(memory_of(port)))
        return ERR_IO;
    check(size <= file->size);
    file->size = (size_t)size;
    return OK;
}

static inline enum err memory_rename(struct disk *port, const char *from, const char *to)
{
    struct memory_disk *disk = memory_of(port);
    struct disk_file *file = memory_find(disk, from), *other = memory_find(disk, to);
    if (memory_fails(disk))
        return ERR_IO;
    if (file == NULL)
        return ERR_MISSING;
    if (other != NULL && other != file)
        memory_unname(other);
    snprintf(file->path, sizeof file->path, "%s", to);
    return OK;
}

static inline enum err memory_remove(struct disk *port, const char *path)
{
    struct disk_file *file = memory_find(memory_of(port), path);
    if (memory_fails(memory_of(port)))
        return ERR_IO;
    if (file == NULL)
        return ERR_MISSING;
    memory_unname(file);
    return OK;
}

static inline enum err memory_folder(struct disk *port, const char *path)
{
    (void)path;
    return memory_fails(memory_of(port)) ? ERR_IO : OK;
}

static inline enum err memory_list(struct disk *port, const char *path,
                                   void (*each)(void *arg, const char *name, uint64_t size),
                                   void *arg)
{
    struct memory_disk *disk = memory_of(port);
    size_t size = strlen(path);
    if (memory_fails(disk))
        return ERR_IO;
    if (disk->none)
        return ERR_MISSING;
    for (size_t i = 0; i < MEMORY_FILES; i++) {
        const struct disk_file *file = &disk->files[i];
        if (file->named && strncmp(file->path, path, size) == 0 && file->path[size] == '/' &&
            strchr(file->path + size + 1, '/') == NULL)
            each(arg, file->path + size + 1, file->size);
    }
    return OK;
}

static inline struct disk *memory_disk_init(struct memory_disk *disk)
{
    *disk = (struct memory_disk){.port = {.open = memory_open,
                                          .close = memory_close,
                                          .read = memory_read,
                                          .write = memory_write,
                                          .sync = memory_sync,
                                          .size = memory_size,
                                          .truncate = memory_truncate,
                                          .rename = memory_rename,
                                          .remove = memory_remove,
                                          .make_folder = memory_folder,
                                          .sync_folder = memory_folder,
                                          .list = memory_list},
                                 .space = UINT64_MAX};
    return &disk->port;
}

static inline void memory_disk_done(struct memory_disk *disk)
{
    for (size_t i = 0; i < MEMORY_FILES; i++) {
        check(disk->files[i].handles == 0);
        free(disk->files[i].at);
    }
}

static inline size_t memory_disk_count(const struct memory_disk *disk)
{
    size_t count = 0;
    for (size_t i = 0; i < MEMORY_FILES; i++)
        count += disk->files[i].named;
    return count;
}

/* ---- chunks ---- */
struct maker { /* makes chunks */
    struct chunk_encoder *encoder;
    uint8_t *at;
    size_t capacity, size;
    int64_t first_ns, last_ns; /* of the chunk made last */
};

static inline void maker_init(struct maker *maker)
{
    maker->capacity = chunk_bytes_most(CHUNK_ROWS_MAX, 1, 0);
    maker->at = malloc(maker->capacity);
    check(maker->at != NULL && chunk_encoder_create(&maker->encoder) == OK);
}

static inline void maker_done(struct maker *maker)
{
    chunk_encoder_destroy(maker->encoder);
    free(maker->at);
}

/* One column of doubles that depend on owner and time alone, step_ns apart. */
static inline struct bytes maker_make(struct maker *maker, uint32_t owner, int64_t first_ns,
                                      int64_t step_ns, uint32_t rows)
{
    static int64_t times[CHUNK_ROWS_MAX];
    static uint64_t words[CHUNK_ROWS_MAX];
    for (uint32_t i = 0; i < rows; i++) {
        times[i] = (int64_t)((uint64_t)first_ns + (uint64_t)step_ns * i);
        uint64_t luck = owner ^ (uint64_t)times[i] << 20;
        double real = (double)luck_below(&luck, 1000) / 10;
        memcpy(&words[i], &real, sizeof real);
    }
    struct chunk_column column = {.type = VALUE_FLOAT64, .words = words};
    struct chunk_rows all = {
        .owner = owner, .rows = rows, .columns_count = 1, .times = times, .columns = &column};
    check(chunk_encode(maker->encoder, &all, maker->at, maker->capacity, &maker->size) == OK);
    maker->first_ns = first_ns;
    maker->last_ns = times[rows - 1];
    return bytes_of(maker->at, maker->size);
}
