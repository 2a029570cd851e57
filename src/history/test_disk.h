/* A disk in memory for the tests of the store: what is written is seen at once, and is safe when
 * the file was synced; a name is safe when its folder was synced. A crash leaves what is safe. Any
 * call may fail. Torn sectors and the order of unsynced writes are imagined in sim/. One thread. */
#pragma once

#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST_DISK_NAMES 1024

struct test_inode {
    uint8_t *now, *safe;
    size_t size, capacity, safe_size;
    unsigned holds; /* names, safe names, open files */
};
struct disk_file {
    struct test_inode *inode;
};
struct test_name {
    char path[DISK_NAME_SIZE]; /* "": free */
    struct test_inode *inode;
};
struct test_disk {
    struct disk port; /* first */
    struct test_name now[TEST_DISK_NAMES], safe[TEST_DISK_NAMES];
    uint64_t changes, reads;            /* calls so far */
    uint64_t fail_change, fail_changes; /* the first one to fail, how many do */
    uint64_t fail_read, fail_reads;
    bool off, full;
    unsigned open;
};

/* The disk's own memory, which is not the store's: a test that refuses memory lets it pass. */
static volatile bool test_disk_allocates; /* compilers know what malloc does not look at */

static inline void *test_disk_alloc(void *at, size_t size)
{
    test_disk_allocates = true;
    at = realloc(at, size);
    test_disk_allocates = false;
    check(at != NULL);
    return at;
}

static inline struct test_disk *test_disk_of(struct disk *port)
{
    return (struct test_disk *)(void *)port;
}

static inline enum err test_disk_change(struct test_disk *disk)
{
    uint64_t call = ++disk->changes;
    bool fails = call >= disk->fail_change && call < disk->fail_change + disk->fail_changes;
    return disk->off || fails ? ERR_IO : OK;
}

static inline enum err test_disk_look(struct test_disk *disk)
{
    uint64_t call = ++disk->reads;
    return call >= disk->fail_read && call < disk->fail_read + disk->fail_reads ? ERR_IO : OK;
}

static inline void test_inode_drop(struct test_inode *inode)
{
    if (inode == NULL || --inode->holds > 0)
        return;
    free(inode->now);
    free(inode->safe);
    free(inode);
}

static inline struct test_name *test_name_find(struct test_name *names, const char *path)
{
    for (size_t i = 0; i < TEST_DISK_NAMES; i++)
        if (names[i].inode != NULL && strcmp(names[i].path, path) == 0)
            return &names[i];
    return NULL;
}

static inline void test_name_put(struct test_name *names, const char *path,
                                 struct test_inode *inode)
{
    struct test_name *name = test_name_find(names, path);
    inode->holds++;
    for (size_t i = 0; name == NULL && i < TEST_DISK_NAMES; i++)
        if (names[i].inode == NULL)
            name = &names[i];
    check(name != NULL);
    test_inode_drop(name->inode);
    name->inode = inode;
    snprintf(name->path, sizeof name->path, "%s", path);
}

static inline void test_name_remove(struct test_name *name)
{
    test_inode_drop(name->inode);
    name->inode = NULL;
}

static inline enum err test_disk_open(struct disk *port, const char *path, unsigned flags,
                                      struct disk_file **ret_file)
{
    struct test_disk *disk = test_disk_of(port);
    struct test_name *name = test_name_find(disk->now, path);
    if (name == NULL && !(flags & DISK_CREATE))
        return ERR_MISSING;
    if (name != NULL && flags & DISK_EXCLUSIVE)
        return ERR_EXISTS;
    enum err err = name == NULL ? test_disk_change(disk) : OK;
    if (err != OK)
        return err;
    struct disk_file *file = test_disk_alloc(NULL, sizeof *file);
    if (name == NULL) {
        struct test_inode *inode = test_disk_alloc(NULL, sizeof *inode);
        *inode = (struct test_inode){0};
        test_name_put(disk->now, path, inode);
        name = test_name_find(disk->now, path);
    }
    file->inode = name->inode;
    file->inode->holds++;
    disk->open++;
    *ret_file = file;
    return OK;
}

static inline void test_disk_close(struct disk *port, struct disk_file *file)
{
    if (file == NULL)
        return;
    test_disk_of(port)->open--;
    test_inode_drop(file->inode);
    free(file);
}

static inline enum err test_disk_read(struct disk *port, struct disk_file *file, uint64_t offset,
                                      void *at, size_t size, size_t *ret_size)
{
    const struct test_inode *inode = file->inode;
    enum err err = test_disk_look(test_disk_of(port));
    if (err != OK)
        return err;
    size_t left = offset < inode->size ? inode->size - (size_t)offset : 0;
    *ret_size = size < left ? size : left;
    if (*ret_size > 0)
        memcpy(at, inode->now + offset, *ret_size);
    return OK;
}

static inline enum err test_disk_write(struct disk *port, struct disk_file *file, uint64_t offset,
                                       const void *at, size_t size)
{
    struct test_disk *disk = test_disk_of(port);
    struct test_inode *inode = file->inode;
    enum err err = test_disk_change(disk);
    if (err == OK && disk->full)
        err = ERR_NO_SPACE;
    if (err != OK)
        return err;
    size_t end = (size_t)offset + size;
    if (end > inode->capacity) {
        inode->capacity = 2 * end;
        inode->now = test_disk_alloc(inode->now, inode->capacity);
    }
    if (offset > inode->size)
        memset(inode->now + inode->size, 0, (size_t)offset - inode->size);
    if (size > 0)
        memcpy(inode->now + offset, at, size);
    inode->size = end > inode->size ? end : inode->size;
    return OK;
}

static inline enum err test_disk_sync(struct disk *port, struct disk_file *file)
{
    struct test_inode *inode = file->inode;
    enum err err = test_disk_change(test_disk_of(port));
    if (err != OK)
        return err;
    inode->safe = test_disk_alloc(inode->safe, inode->size + 1);
    if (inode->size > 0)
        memcpy(inode->safe, inode->now, inode->size);
    inode->safe_size = inode->size;
    return OK;
}

static inline enum err test_disk_size(struct disk *port, struct disk_file *file, uint64_t *ret_size)
{
    enum err err = test_disk_look(test_disk_of(port));
    if (err == OK)
        *ret_size = file->inode->size;
    return err;
}

static inline enum err test_disk_truncate(struct disk *port, struct disk_file *file, uint64_t size)
{
    enum err err = test_disk_change(test_disk_of(port));
    if (err != OK)
        return err;
    check(size <= file->inode->size);
    file->inode->size = (size_t)size;
    return OK;
}

static inline enum err test_disk_rename(struct disk *port, const char *from, const char *to)
{
    struct test_disk *disk = test_disk_of(port);
    struct test_name *name = test_name_find(disk->now, from);
    if (name == NULL)
        return ERR_MISSING;
    enum err err = test_disk_change(disk);
    if (err != OK)
        return err;
    test_name_put(disk->now, to, name->inode);
    test_name_remove(test_name_find(disk->now, from));
    return OK;
}

static inline enum err test_disk_remove(struct disk *port, const char *path)
{
    struct test_disk *disk = test_disk_of(port);
    struct test_name *name = test_name_find(disk->now, path);
    if (name == NULL)
        return ERR_MISSING;
    enum err err = test_disk_change(disk);
    if (err == OK)
        test_name_remove(name);
    return err;
}

/* Folders are there when they are named: a crash that takes one away takes nothing with it. */
static inline enum err test_disk_make_folder(struct disk *port, const char *path)
{
    (void)path;
    return test_disk_change(test_disk_of(port));
}

/* Is it a file of the folder itself? Its name there; NULL: no. */
static inline const char *test_path_in(const char *path, const char *folder)
{
    size_t size = strcmp(folder, ".") == 0 ? 0 : strlen(folder) + 1;
    if (size > 0 && (strncmp(path, folder, size - 1) != 0 || path[size - 1] != '/'))
        return NULL;
    return strchr(path + size, '/') == NULL ? path + size : NULL;
}

static inline enum err test_disk_sync_folder(struct disk *port, const char *path)
{
    struct test_disk *disk = test_disk_of(port);
    enum err err = test_disk_change(disk);
    if (err != OK)
        return err;
    for (size_t i = 0; i < TEST_DISK_NAMES; i++) {
        struct test_name *name = &disk->safe[i];
        if (name->inode != NULL && test_path_in(name->path, path) != NULL &&
            test_name_find(disk->now, name->path) == NULL)
            test_name_remove(name);
    }
    for (size_t i = 0; i < TEST_DISK_NAMES; i++) {
        struct test_name *name = &disk->now[i];
        if (name->inode != NULL && test_path_in(name->path, path) != NULL)
            test_name_put(disk->safe, name->path, name->inode);
    }
    return OK;
}

static inline enum err test_disk_list(struct disk *port, const char *path,
                                      void (*each)(void *arg, const char *name, uint64_t size),
                                      void *arg)
{
    struct test_disk *disk = test_disk_of(port);
    enum err err = test_disk_look(disk);
    for (size_t i = 0; err == OK && i < TEST_DISK_NAMES; i++) {
        const struct test_name *name = &disk->now[i];
        const char *bare = name->inode != NULL ? test_path_in(name->path, path) : NULL;
        if (bare != NULL)
            each(arg, bare, name->inode->size);
    }
    return err;
}

static inline enum err test_disk_free_bytes(struct disk *port, uint64_t *ret_bytes)
{
    *ret_bytes = test_disk_of(port)->full ? 0 : UINT64_C(1) << 40;
    return OK;
}

static inline void test_disk_init(struct test_disk *disk)
{
    *disk = (struct test_disk){.port = {.open = test_disk_open,
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
                                        .free_bytes = test_disk_free_bytes}};
}

/* The power goes and comes back; all files are closed. */
static inline void test_disk_crash(struct test_disk *disk)
{
    check(disk->open == 0);
    for (size_t i = 0; i < TEST_DISK_NAMES; i++)
        test_name_remove(&disk->now[i]);
    for (size_t i = 0; i < TEST_DISK_NAMES; i++) {
        struct test_inode *inode = disk->safe[i].inode;
        if (inode == NULL)
            continue;
        test_name_put(disk->now, disk->safe[i].path, inode);
        inode->now = test_disk_alloc(inode->now, inode->safe_size + 1);
        if (inode->safe_size > 0)
            memcpy(inode->now, inode->safe, inode->safe_size);
        inode->size = inode->safe_size;
        inode->capacity = inode->safe_size + 1;
    }
    disk->off = disk->full = false;
    disk->fail_changes = disk->fail_reads = 0;
}

static inline void test_disk_done(struct test_disk *disk)
{
    check(disk->open == 0);
    for (size_t i = 0; i < TEST_DISK_NAMES; i++) {
        test_name_remove(&disk->now[i]);
        test_name_remove(&disk->safe[i]);
    }
}
