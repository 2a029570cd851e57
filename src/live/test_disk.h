/* test_disk: a disk in memory on which the tests and the fuzzer of this room run an engine. It
 * never fails. A page of zeroes is none, so that a segment that is written once with zeroes costs
 * nothing. One thread. */
#pragma once

#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_PAGE ((size_t)4096)
#define DISK_FILES 64

struct disk_file {             /* a name, and what is behind it; open files are the same thing */
    char path[DISK_NAME_SIZE]; /* "": free */
    bool folder;
    uint8_t **pages;
    size_t page_count;
    uint64_t size;
};
struct test_disk {
    struct disk port; /* first */
    struct disk_file files[DISK_FILES];
};

static inline struct disk_file *test_file_find(struct disk *port, const char *path)
{
    struct test_disk *disk = (struct test_disk *)port;
    for (size_t i = 0; i < DISK_FILES; i++)
        if (strcmp(disk->files[i].path, path) == 0)
            return &disk->files[i];
    return NULL;
}

static inline struct disk_file *test_file_make(struct disk *port, const char *path)
{
    struct disk_file *file = test_file_find(port, "");
    check(file != NULL);
    snprintf(file->path, sizeof file->path, "%s", path);
    return file;
}

static inline void test_file_cut(struct disk_file *file, uint64_t size)
{
    size_t count = (size_t)((size + DISK_PAGE - 1) / DISK_PAGE);
    for (size_t i = count; i < file->page_count; i++) {
        free(file->pages[i]);
        file->pages[i] = NULL;
    }
    if (size % DISK_PAGE != 0 && count - 1 < file->page_count && file->pages[count - 1] != NULL)
        memset(file->pages[count - 1] + size % DISK_PAGE, 0, DISK_PAGE - size % DISK_PAGE);
    file->size = size;
}

static inline void test_file_free(struct disk_file *file)
{
    test_file_cut(file, 0);
    free(file->pages);
    *file = (struct disk_file){.folder = false};
}

static inline enum err test_disk_open(struct disk *port, const char *path, unsigned flags,
                                      struct disk_file **ret_file)
{
    struct disk_file *file = test_file_find(port, path);
    if (file != NULL && (flags & DISK_EXCLUSIVE))
        return ERR_EXISTS;
    if (file == NULL && !(flags & DISK_CREATE))
        return ERR_MISSING;
    *ret_file = file != NULL ? file : test_file_make(port, path);
    return OK;
}

static inline void test_disk_close(struct disk *port, struct disk_file *file)
{
    (void)port;
    (void)file;
}

static inline enum err test_disk_read(struct disk *port, struct disk_file *file, uint64_t offset,
                                      void *at, size_t size, size_t *ret_size)
{
    uint8_t *to = at;
    (void)port;
    if (offset >= file->size)
        size = 0;
    else if (size > file->size - offset)
        size = (size_t)(file->size - offset);
    *ret_size = size;
    while (size > 0) {
        size_t page = (size_t)(offset / DISK_PAGE), begin = (size_t)(offset % DISK_PAGE);
        size_t piece = DISK_PAGE - begin < size ? DISK_PAGE - begin : size;
        if (page < file->page_count && file->pages[page] != NULL)
            memcpy(to, file->pages[page] + begin, piece);
        else
            memset(to, 0, piece);
        offset += piece;
        to += piece;
        size -= piece;
    }
    return OK;
}

static inline void test_file_reserve(struct disk_file *file, uint64_t size)
{
    size_t count = (size_t)((size + DISK_PAGE - 1) / DISK_PAGE);
    if (count <= file->page_count)
        return;
    count = count < file->page_count * 2 ? file->page_count * 2 : count;
    file->pages = realloc(file->pages, count * sizeof(uint8_t *));
    check(file->pages != NULL);
    for (size_t i = file->page_count; i < count; i++)
        file->pages[i] = NULL;
    file->page_count = count;
}

static inline enum err test_disk_write(struct disk *port, struct disk_file *file, uint64_t offset,
                                       const void *at, size_t size)
{
    const uint8_t *from = at;
    (void)port;
    test_file_reserve(file, offset + size);
    if (offset + size > file->size)
        file->size = offset + size;
    while (size > 0) {
        uint8_t **page = &file->pages[offset / DISK_PAGE];
        size_t begin = (size_t)(offset % DISK_PAGE);
        size_t piece = DISK_PAGE - begin < size ? DISK_PAGE - begin : size;
        bool zeroes = from[0] == 0 && memcmp(from, from + 1, piece - 1) == 0;
        if (*page == NULL && !zeroes)
            *page = calloc(1, DISK_PAGE);
        check(*page != NULL || zeroes);
        if (*page != NULL)
            memcpy(*page + begin, from, piece);
        offset += piece;
        from += piece;
        size -= piece;
    }
    return OK;
}

static inline enum err test_disk_sync(struct disk *port, struct disk_file *file)
{
    (void)port;
    (void)file;
    return OK;
}

static inline enum err test_disk_size(struct disk *port, struct disk_file *file, uint64_t *ret_size)
{
    (void)port;
    *ret_size = file->size;
    return OK;
}

static inline enum err test_disk_truncate(struct disk *port, struct disk_file *file, uint64_t size)
{
    (void)port;
    test_file_cut(file, size);
    return OK;
}

static inline enum err test_disk_rename(struct disk *port, const char *from, const char *to)
{
    struct disk_file *file = test_file_find(port, from), *before = test_file_find(port, to);
    if (file == NULL)
        return ERR_MISSING;
    if (before != NULL && before != file)
        test_file_free(before);
    snprintf(file->path, sizeof file->path, "%s", to);
    return OK;
}

static inline enum err test_disk_remove(struct disk *port, const char *path)
{
    struct disk_file *file = test_file_find(port, path);
    if (file == NULL)
        return ERR_MISSING;
    test_file_free(file);
    return OK;
}

static inline enum err test_disk_make_folder(struct disk *port, const char *path)
{
    if (test_file_find(port, path) == NULL)
        test_file_make(port, path)->folder = true;
    return OK;
}

static inline enum err test_disk_sync_folder(struct disk *port, const char *path)
{
    (void)port;
    (void)path;
    return OK;
}

static inline int test_disk_compare(const void *a, const void *b)
{
    return strcmp((const char *)a, (const char *)b);
}

static inline enum err test_disk_list(struct disk *port, const char *path,
                                      void (*each)(void *arg, const char *name, uint64_t size),
                                      void *arg)
{
    struct test_disk *disk = (struct test_disk *)port;
    char prefix[DISK_NAME_SIZE] = "", names[DISK_FILES][DISK_NAME_SIZE];
    size_t count = 0;
    if (strcmp(path, ".") != 0)
        snprintf(prefix, sizeof prefix, "%.200s/", path);
    size_t size = strlen(prefix);
    for (size_t i = 0; i < DISK_FILES; i++) {
        const struct disk_file *file = &disk->files[i];
        if (file->path[0] != '\0' && !file->folder && strncmp(file->path, prefix, size) == 0 &&
            strchr(file->path + size, '/') == NULL)
            memcpy(names[count++], file->path, DISK_NAME_SIZE);
    }
    qsort(names, count, sizeof names[0], test_disk_compare);
    for (size_t i = 0; i < count; i++) {
        const struct disk_file *file = test_file_find(port, names[i]);
        if (file != NULL)
            each(arg, names[i] + size, file->size);
    }
    return OK;
}

static inline enum err test_disk_free_bytes(struct disk *port, uint64_t *ret_bytes)
{
    (void)port;
    *ret_bytes = UINT64_C(1) << 40;
    return OK;
}

static inline const char *test_disk_mode(struct disk *port)
{
    (void)port;
    return "in memory";
}

static inline struct test_disk *test_disk_create(void)
{
    struct test_disk *disk = calloc(1, sizeof *disk);
    check(disk != NULL);
    disk->port = (struct disk){.open = test_disk_open,
                               .close = test_disk_close,
                               .read = test_disk_read,
                               .write = test_disk_write,
                               .sync = test_disk_sync,
                               .size = test_disk_size,
                               .truncate = test_disk_truncate,
                               .rename = test_disk_rename,
                               .remove = test_disk_remove,
                               .make_folder = test_disk_make_folder,
                               .sync_folder = test_disk_sync_folder,
                               .list = test_disk_list,
                               .free_bytes = test_disk_free_bytes,
                               .mode = test_disk_mode};
    return disk;
}

static inline void test_disk_destroy(struct test_disk *disk)
{
    for (size_t i = 0; i < DISK_FILES; i++)
        test_file_free(&disk->files[i]);
    free(disk);
}
