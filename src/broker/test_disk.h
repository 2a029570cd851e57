/* test_disk: a disk in memory for tests and the fuzzer of this room: what was written is there,
 * until the power is off; then nothing is taken any more. Torn and reordered writes are imagined in
 * sim/, under the engine; what matters here is which batches were written and which were not.
 *
 * Files are pages, and a page of zeroes is none: a segment that is written once with zeroes costs
 * nothing. One thread. */
#pragma once

#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST_DISK_PAGE ((size_t)4096)
#define TEST_DISK_FILES 64

struct test_inode {
    char path[DISK_NAME_SIZE]; /* "": free */
    bool folder;
    uint8_t **pages; /* NULL: zeroes */
    size_t page_count;
    uint64_t size;
};
struct disk_file {
    struct test_inode *inode;
};
struct test_disk {
    struct disk port; /* first */
    struct test_inode inodes[TEST_DISK_FILES];
    bool off;       /* every change fails: the power is gone */
    uint64_t fails; /* so many writes to come fail */
    bool full;      /* there is no room */
    uint64_t writes;
};

static inline struct test_inode *test_disk_find(struct test_disk *disk, const char *path)
{
    for (size_t i = 0; i < TEST_DISK_FILES; i++)
        if (disk->inodes[i].path[0] && strcmp(disk->inodes[i].path, path) == 0)
            return &disk->inodes[i];
    return NULL;
}

static inline struct test_inode *test_disk_make(struct test_disk *disk, const char *path)
{
    for (size_t i = 0; i < TEST_DISK_FILES; i++)
        if (!disk->inodes[i].path[0]) {
            snprintf(disk->inodes[i].path, sizeof disk->inodes[i].path, "%s", path);
            return &disk->inodes[i];
        }
    check(false);
    return NULL;
}

static inline void test_inode_cut(struct test_inode *inode, uint64_t size)
{
    size_t count = (size_t)((size + TEST_DISK_PAGE - 1) / TEST_DISK_PAGE);
    for (size_t i = count; i < inode->page_count; i++) {
        free(inode->pages[i]);
        inode->pages[i] = NULL;
    }
    if (size % TEST_DISK_PAGE != 0 && count - 1 < inode->page_count && inode->pages[count - 1])
        memset(inode->pages[count - 1] + size % TEST_DISK_PAGE, 0,
               TEST_DISK_PAGE - size % TEST_DISK_PAGE);
    inode->size = size;
}

static inline void test_inode_free(struct test_inode *inode)
{
    test_inode_cut(inode, 0);
    free(inode->pages);
    *inode = (struct test_inode){.folder = false};
}

/* ---- the port ---- */
static inline enum err test_disk_change(struct test_disk *disk)
{
    if (disk->off)
        return ERR_IO;
    disk->writes++;
    if (disk->fails == 0)
        return disk->full ? ERR_NO_SPACE : OK;
    disk->fails--;
    return ERR_IO;
}

static inline enum err test_disk_open(struct disk *port, const char *path, unsigned flags,
                                      struct disk_file **ret_file)
{
    struct test_disk *disk = (struct test_disk *)port;
    struct test_inode *inode = test_disk_find(disk, path);
    if (inode && (flags & DISK_EXCLUSIVE))
        return ERR_EXISTS;
    if (!inode && !(flags & DISK_CREATE))
        return ERR_MISSING;
    if (!inode && disk->off)
        return ERR_IO;
    struct disk_file *file = malloc(sizeof *file);
    check(file);
    file->inode = inode ? inode : test_disk_make(disk, path);
    *ret_file = file;
    return OK;
}

static inline void test_disk_close(struct disk *port, struct disk_file *file)
{
    (void)port;
    free(file);
}

static inline enum err test_disk_read(struct disk *port, struct disk_file *file, uint64_t offset,
                                      void *at, size_t size, size_t *ret_size)
{
    const struct test_inode *inode = file->inode;
    uint8_t *to = at;
    (void)port;
    if (offset >= inode->size)
        size = 0;
    else if (size > inode->size - offset)
        size = (size_t)(inode->size - offset);
    *ret_size = size;
    while (size > 0) {
        size_t page = (size_t)(offset / TEST_DISK_PAGE), begin = (size_t)(offset % TEST_DISK_PAGE);
        size_t piece = TEST_DISK_PAGE - begin < size ? TEST_DISK_PAGE - begin : size;
        if (page < inode->page_count && inode->pages[page])
            memcpy(to, inode->pages[page] + begin, piece);
        else
            memset(to, 0, piece);
        offset += piece;
        to += piece;
        size -= piece;
    }
    return OK;
}

static inline void test_inode_reserve(struct test_inode *inode, uint64_t size)
{
    size_t count = (size_t)((size + TEST_DISK_PAGE - 1) / TEST_DISK_PAGE);
    if (count <= inode->page_count)
        return;
    if (count < inode->page_count * 2)
        count = inode->page_count * 2;
    inode->pages = realloc(inode->pages, count * sizeof(uint8_t *));
    check(inode->pages);
    for (size_t i = inode->page_count; i < count; i++)
        inode->pages[i] = NULL;
    inode->page_count = count;
}

static inline enum err test_disk_write(struct disk *port, struct disk_file *file, uint64_t offset,
                                       const void *at, size_t size)
{
    struct test_inode *inode = file->inode;
    const uint8_t *from = at;
    enum err err = test_disk_change((struct test_disk *)port);
    if (err != OK)
        return err;
    test_inode_reserve(inode, offset + size);
    if (offset + size > inode->size)
        inode->size = offset + size;
    while (size > 0) {
        uint8_t **page = &inode->pages[offset / TEST_DISK_PAGE];
        size_t begin = (size_t)(offset % TEST_DISK_PAGE);
        size_t piece = TEST_DISK_PAGE - begin < size ? TEST_DISK_PAGE - begin : size;
        bool zeroes = from[0] == 0 && memcmp(from, from + 1, piece - 1) == 0;
        if (!*page && !zeroes)
            *page = calloc(1, TEST_DISK_PAGE);
        check(*page || zeroes);
        if (*page)
            memcpy(*page + begin, from, piece);
        offset += piece;
        from += piece;
        size -= piece;
    }
    return OK;
}

static inline enum err test_disk_sync(struct disk *port, struct disk_file *file)
{
    (void)file;
    return ((struct test_disk *)port)->off ? ERR_IO : OK;
}

static inline enum err test_disk_size(struct disk *port, struct disk_file *file, uint64_t *ret_size)
{
    (void)port;
    *ret_size = file->inode->size;
    return OK;
}

static inline enum err test_disk_truncate(struct disk *port, struct disk_file *file, uint64_t size)
{
    if (((struct test_disk *)port)->off)
        return ERR_IO;
    test_inode_cut(file->inode, size);
    return OK;
}

static inline enum err test_disk_rename(struct disk *port, const char *from, const char *to)
{
    struct test_disk *disk = (struct test_disk *)port;
    struct test_inode *inode = test_disk_find(disk, from), *before = test_disk_find(disk, to);
    if (disk->off)
        return ERR_IO;
    if (!inode)
        return ERR_MISSING;
    if (before && before != inode)
        test_inode_free(before);
    snprintf(inode->path, sizeof inode->path, "%s", to);
    return OK;
}

static inline enum err test_disk_remove(struct disk *port, const char *path)
{
    struct test_disk *disk = (struct test_disk *)port;
    struct test_inode *inode = test_disk_find(disk, path);
    if (disk->off)
        return ERR_IO;
    if (!inode)
        return ERR_MISSING;
    test_inode_free(inode);
    return OK;
}

static inline enum err test_disk_make_folder(struct disk *port, const char *path)
{
    struct test_disk *disk = (struct test_disk *)port;
    if (disk->off)
        return ERR_IO;
    if (!test_disk_find(disk, path))
        test_disk_make(disk, path)->folder = true;
    return OK;
}

static inline enum err test_disk_sync_folder(struct disk *port, const char *path)
{
    (void)path;
    return ((struct test_disk *)port)->off ? ERR_IO : OK;
}

static inline int test_disk_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline enum err test_disk_list(struct disk *port, const char *path,
                                      void (*each)(void *arg, const char *name, uint64_t size),
                                      void *arg)
{
    struct test_disk *disk = (struct test_disk *)port;
    char prefix[DISK_NAME_SIZE] = "";
    char copies[TEST_DISK_FILES][DISK_NAME_SIZE];
    const char *names[TEST_DISK_FILES];
    size_t count = 0;
    if (strcmp(path, ".") != 0)
        snprintf(prefix, sizeof prefix, "%.200s/", path);
    size_t size = strlen(prefix);
    for (size_t i = 0; i < TEST_DISK_FILES; i++) {
        const struct test_inode *inode = &disk->inodes[i];
        if (inode->path[0] && !inode->folder && strncmp(inode->path, prefix, size) == 0 &&
            !strchr(inode->path + size, '/')) {
            memcpy(copies[count], inode->path, sizeof copies[count]);
            names[count] = copies[count];
            count++;
        }
    }
    qsort(names, count, sizeof names[0], test_disk_compare);
    for (size_t i = 0; i < count; i++) {
        const struct test_inode *inode = test_disk_find(disk, names[i]);
        if (inode)
            each(arg, names[i] + size, inode->size);
    }
    return OK;
}

static inline enum err test_disk_free_bytes(struct disk *port, uint64_t *ret_bytes)
{
    *ret_bytes = ((struct test_disk *)port)->full ? 0 : UINT64_C(1) << 40;
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
    check(disk);
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
    for (size_t i = 0; i < TEST_DISK_FILES; i++)
        test_inode_free(&disk->inodes[i]);
    free(disk);
}
