#include "backup/view.h"

#include "backup/store.h"

#include <stdlib.h>
#include <string.h>

struct view {
    struct disk port;
    struct disk *target;
    const struct backup_file *files;
    size_t count;
};

/* A file of a view: the one of the target, cut. */
struct disk_file {
    struct disk_file *stored;
    uint64_t bytes;
};

static struct view *view_of(struct disk *port)
{
    return (struct view *)port;
}

static enum err view_open(struct disk *port, const char *path, unsigned flags,
                          struct disk_file **ret_file)
{
    struct view *view = view_of(port);
    const struct backup_manifest all = {.count = view->count,
                                        /* looked at only */
                                        .files = (struct backup_file *)(uintptr_t)view->files};
    const struct backup_file *found = backup_manifest_find(&all, path);
    char stored[STORED_PATH_SIZE];
    if ((flags & ~(unsigned)DISK_READ) != 0)
        return ERR_REFUSED;
    if (found == NULL)
        return ERR_MISSING;
    struct disk_file *file = malloc(sizeof *file);
    if (file == NULL)
        return ERR_NO_MEMORY;
    store_path(stored, found->stored);
    file->bytes = found->bytes;
    enum err err = view->target->open(view->target, stored, DISK_READ, &file->stored);
    if (err != OK)
        free(file);
    else
        *ret_file = file;
    return err;
}

static void view_close(struct disk *port, struct disk_file *file)
{
    struct view *view = view_of(port);
    if (file == NULL)
        return;
    view->target->close(view->target, file->stored);
    free(file);
}

static enum err view_read(struct disk *port, struct disk_file *file, uint64_t offset, void *at,
                          size_t size, size_t *ret_size)
{
    struct view *view = view_of(port);
    uint64_t left = offset < file->bytes ? file->bytes - offset : 0;
    return view->target->read(view->target, file->stored, offset, at,
                              size < left ? size : (size_t)left, ret_size);
}

static enum err view_size(struct disk *port, struct disk_file *file, uint64_t *ret_size)
{
    (void)port;
    *ret_size = file->bytes;
    return OK;
}

/* Names without a further slash. A folder that has none is not there. */
static enum err view_list(struct disk *port, const char *path,
                          void (*each)(void *arg, const char *name, uint64_t size), void *arg)
{
    const struct view *view = view_of(port);
    bool root = strcmp(path, ".") == 0, any = root;
    size_t size = root ? 0 : strlen(path);
    for (size_t i = 0; i < view->count; i++) {
        const char *name = view->files[i].name;
        if (!root && (strncmp(name, path, size) != 0 || name[size] != '/'))
            continue;
        any = true;
        const char *rest = root ? name : name + size + 1;
        if (strchr(rest, '/') == NULL)
            each(arg, rest, view->files[i].bytes);
    }
    return any ? OK : ERR_MISSING;
}

static enum err view_free_bytes(struct disk *port, uint64_t *ret_bytes)
{
    (void)port;
    *ret_bytes = 0;
    return OK;
}

static const char *view_mode(struct disk *port)
{
    (void)port;
    return "a backup, read only";
}

/* What would change something. */
static enum err view_refuse_write(struct disk *port, struct disk_file *file, uint64_t offset,
                                  const void *at, size_t size)
{
    (void)port, (void)file, (void)offset, (void)at, (void)size;
    return ERR_REFUSED;
}

static enum err view_refuse_sync(struct disk *port, struct disk_file *file)
{
    (void)port, (void)file;
    return ERR_REFUSED;
}

static enum err view_refuse_truncate(struct disk *port, struct disk_file *file, uint64_t size)
{
    (void)port, (void)file, (void)size;
    return ERR_REFUSED;
}

static enum err view_refuse_rename(struct disk *port, const char *from, const char *to)
{
    (void)port, (void)from, (void)to;
    return ERR_REFUSED;
}

static enum err view_refuse_path(struct disk *port, const char *path)
{
    (void)port, (void)path;
    return ERR_REFUSED;
}

enum err view_create(struct disk *target, const struct backup_file *files, size_t count,
                     struct disk **ret_view)
{
    struct view *view = malloc(sizeof *view);
    if (view == NULL)
        return ERR_NO_MEMORY;
    *view = (struct view){.port = {.open = view_open,
                                   .close = view_close,
                                   .read = view_read,
                                   .write = view_refuse_write,
                                   .sync = view_refuse_sync,
                                   .size = view_size,
                                   .truncate = view_refuse_truncate,
                                   .rename = view_refuse_rename,
                                   .remove = view_refuse_path,
                                   .make_folder = view_refuse_path,
                                   .sync_folder = view_refuse_path,
                                   .list = view_list,
                                   .free_bytes = view_free_bytes,
                                   .mode = view_mode},
                          .target = target,
                          .files = files,
                          .count = count};
    *ret_view = &view->port;
    return OK;
}

void view_destroy(struct disk *view)
{
    free(view);
}
