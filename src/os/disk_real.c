/* The real disk: a folder, reached by its descriptor, so that nothing depends on the current folder
 * or on what happens to the path later.
 *
 * A durable file has two descriptors: writes go past the page cache (O_DIRECT|O_DSYNC), reads
 * through it, because a reader asks for any offset and size. The kernel drops cached pages under a
 * direct write, so both see one content. Where direct writes are refused, at open, by a first read
 * or by the first write, the file falls back to pwrite + fdatasync. */
#include "os/os.h"

#include "os/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FILE_MODE 0640
#define FOLDER_MODE 0750

enum durable_mode { MODE_UNKNOWN, MODE_DIRECT, MODE_BUFFERED };

struct disk_real {
    struct disk port;
    int folder_fd;
    int lock_fd; /* -1: not locked */
    bool avoid_direct;
    _Atomic int mode; /* enum durable_mode of the durable file opened last */
};

struct disk_file {
    int fd;      /* writes, size, sync, truncate */
    int read_fd; /* == fd, or a buffered one beside a direct one; -1: not readable */
    unsigned flags;
    bool direct;
    _Atomic bool stopped; /* a sync failed */
};

static struct disk_real *real_of(struct disk *port)
{
    return (struct disk_real *)port;
}

/* Paths are written by us, never taken from outside. */
static void path_check(const char *path)
{
    size_t size = strlen(path);
    check(size > 0 && size < DISK_NAME_SIZE && path[0] != '/');
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += *at == '/';
        check(strncmp(at, "..", 2) != 0 || (at[2] != '/' && at[2] != 0));
    }
}

/* ---- open and close ---------------------------------------------------------------------------
 */
static int fd_open(struct disk_real *disk, const char *path, int flags)
{
    int fd;
    do
        fd = openat(disk->folder_fd, path, flags | O_CLOEXEC, FILE_MODE);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static void fd_close(int fd)
{
    if (fd >= 0)
        close(fd); /* Linux closes even when it says EINTR */
}

/* Some file systems take O_DIRECT at open and refuse it later: one aligned read finds out. */
static bool direct_works(int fd)
{
    void *block = os_aligned_alloc(DISK_BLOCK);
    if (block == NULL)
        return false;
    ssize_t size;
    do
        size = pread(fd, block, DISK_BLOCK, 0);
    while (size < 0 && errno == EINTR);
    os_aligned_free(block);
    return size >= 0;
}

/* The file exists now. false: this file system does not do direct writes, use the plain fd. */
static bool durable_open_direct(struct disk_real *disk, const char *path, struct disk_file *file)
{
    if (disk->avoid_direct)
        return false;
    int fd = fd_open(disk, path, O_RDWR | O_DIRECT | O_DSYNC);
    if (fd < 0)
        return false;
    if (!direct_works(fd)) {
        fd_close(fd);
        return false;
    }
    file->read_fd = file->fd; /* the plain descriptor, opened first */
    file->fd = fd;
    file->direct = true;
    return true;
}

static enum err real_open(struct disk *port, const char *path, unsigned flags,
                          struct disk_file **ret_file)
{
    struct disk_real *disk = real_of(port);
    path_check(path);
    check((flags & (DISK_READ | DISK_WRITE)) != 0);
    check((flags & (DISK_CREATE | DISK_DURABLE)) == 0 || (flags & DISK_WRITE) != 0);
    check((flags & DISK_EXCLUSIVE) == 0 || (flags & DISK_CREATE) != 0);
    struct disk_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return ERR_NO_MEMORY;
    int how = (flags & DISK_WRITE) == 0 ? O_RDONLY : O_RDWR;
    how |= (flags & DISK_CREATE) != 0 ? O_CREAT : 0;
    how |= (flags & DISK_EXCLUSIVE) != 0 ? O_EXCL : 0;
    file->flags = flags;
    file->fd = file->read_fd = fd_open(disk, path, how);
    if (file->fd < 0) {
        enum err err = os_err(errno);
        free(file);
        return err;
    }
    if ((flags & DISK_DURABLE) != 0) {
        bool direct = durable_open_direct(disk, path, file);
        atomic_store(&disk->mode, direct ? MODE_DIRECT : MODE_BUFFERED);
    }
    *ret_file = file;
    return OK;
}

static void real_close(struct disk *port, struct disk_file *file)
{
    (void)port;
    if (file == NULL)
        return;
    if (file->read_fd != file->fd)
        fd_close(file->read_fd);
    fd_close(file->fd);
    free(file);
}

/* ---- read and write ---------------------------------------------------------------------------
 */
static enum err real_read(struct disk *port, struct disk_file *file, uint64_t offset, void *at,
                          size_t size, size_t *ret_size)
{
    (void)port;
    check((file->flags & DISK_READ) != 0);
    size_t done = 0;
    while (done < size) {
        ssize_t got =
            pread(file->read_fd, (uint8_t *)at + done, size - done, (off_t)(offset + done));
        if (got == 0)
            break;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return os_err(errno);
        done += (size_t)got;
    }
    *ret_size = done;
    return OK;
}

/* The first direct write is refused: this file goes on without. O_DSYNC cannot be taken off, and
 * costs nothing beside the fdatasync that follows. */
static bool direct_leave(struct disk_real *disk, struct disk_file *file)
{
    int flags = fcntl(file->fd, F_GETFL);
    if (flags < 0 || fcntl(file->fd, F_SETFL, flags & ~O_DIRECT) != 0)
        return false;
    file->direct = false;
    atomic_store(&disk->mode, MODE_BUFFERED);
    return true;
}

static enum err write_all(struct disk_real *disk, struct disk_file *file, uint64_t offset,
                          const uint8_t *at, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t put = pwrite(file->fd, at + done, size - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EINVAL && done == 0 && file->direct && direct_leave(disk, file))
            continue;
        if (put <= 0)
            return os_err(put < 0 ? errno : EIO);
        done += (size_t)put;
    }
    return OK;
}

static enum err file_sync(struct disk_file *file)
{
    int result;
    do
        result = fdatasync(file->fd);
    while (result != 0 && errno == EINTR);
    if (result == 0)
        return OK;
    enum err err = os_err(errno);
    atomic_store(&file->stopped, true);
    return err;
}

static enum err real_write(struct disk *port, struct disk_file *file, uint64_t offset,
                           const void *at, size_t size)
{
    check((file->flags & DISK_WRITE) != 0);
    bool durable = (file->flags & DISK_DURABLE) != 0;
    if (!durable)
        return write_all(real_of(port), file, offset, at, size);
    check(offset % DISK_BLOCK == 0 && size % DISK_BLOCK == 0 && (uintptr_t)at % DISK_BLOCK == 0);
    if (atomic_load(&file->stopped))
        return ERR_STOPPED;
    enum err err = write_all(real_of(port), file, offset, at, size);
    if (err == OK && !file->direct)
        err = file_sync(file);
    return err;
}

static enum err real_sync(struct disk *port, struct disk_file *file)
{
    (void)port;
    if (atomic_load(&file->stopped))
        return ERR_STOPPED;
    return file_sync(file);
}

static enum err real_size(struct disk *port, struct disk_file *file, uint64_t *ret_size)
{
    (void)port;
    struct stat status;
    if (fstat(file->fd, &status) != 0)
        return os_err(errno);
    *ret_size = (uint64_t)status.st_size;
    return OK;
}

static enum err real_truncate(struct disk *port, struct disk_file *file, uint64_t size)
{
    (void)port;
    check((file->flags & DISK_WRITE) != 0);
    int result;
    do
        result = ftruncate(file->fd, (off_t)size);
    while (result != 0 && errno == EINTR);
    return result == 0 ? OK : os_err(errno);
}

/* ---- names ------------------------------------------------------------------------------------
 */
static enum err real_rename(struct disk *port, const char *from, const char *to)
{
    struct disk_real *disk = real_of(port);
    path_check(from);
    path_check(to);
    int result = renameat(disk->folder_fd, from, disk->folder_fd, to);
    return result == 0 ? OK : os_err(errno);
}

static enum err real_remove(struct disk *port, const char *path)
{
    struct disk_real *disk = real_of(port);
    path_check(path);
    int result = unlinkat(disk->folder_fd, path, 0);
    if (result != 0 && errno == EISDIR)
        result = unlinkat(disk->folder_fd, path, AT_REMOVEDIR);
    return result == 0 ? OK : os_err(errno);
}

static enum err real_make_folder(struct disk *port, const char *path)
{
    struct disk_real *disk = real_of(port);
    path_check(path);
    if (mkdirat(disk->folder_fd, path, FOLDER_MODE) == 0)
        return OK;
    int error = errno;
    struct stat status;
    if (error == EEXIST && fstatat(disk->folder_fd, path, &status, 0) == 0 &&
        S_ISDIR(status.st_mode))
        return OK;
    return os_err(error);
}

static enum err real_sync_folder(struct disk *port, const char *path)
{
    path_check(path);
    int fd = fd_open(real_of(port), path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return os_err(errno);
    int result;
    do
        result = fsync(fd);
    while (result != 0 && errno == EINTR);
    enum err err = result == 0 ? OK : os_err(errno);
    fd_close(fd);
    return err;
}

/* ---- list -------------------------------------------------------------------------------------
 */
struct listed {
    char *name;
    uint64_t size;
};

struct listing {
    struct listed *files;
    size_t count, capacity;
};

static int listed_compare(const void *a, const void *b)
{
    return strcmp(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

static enum err listing_add(struct listing *listing, const char *name, uint64_t size)
{
    if (listing->count == listing->capacity) {
        size_t capacity = listing->capacity == 0 ? 64 : 2 * listing->capacity;
        struct listed *files = reallocarray(listing->files, capacity, sizeof *files);
        if (files == NULL)
            return ERR_NO_MEMORY;
        listing->files = files;
        listing->capacity = capacity;
    }
    char *copy = strdup(name);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    listing->files[listing->count++] = (struct listed){.name = copy, .size = size};
    return OK;
}

static enum err listing_read(struct listing *listing, DIR *folder)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (entry == NULL)
            return errno == 0 ? OK : os_err(errno);
        struct stat status;
        if (fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno == ENOENT)
                continue; /* removed meanwhile */
            return os_err(errno);
        }
        if (!S_ISREG(status.st_mode))
            continue;
        enum err err = listing_add(listing, entry->d_name, (uint64_t)status.st_size);
        if (err != OK)
            return err;
    }
}

static enum err real_list(struct disk *port, const char *path,
                          void (*each)(void *arg, const char *name, uint64_t size), void *arg)
{
    path_check(path);
    int fd = fd_open(real_of(port), path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return os_err(errno);
    DIR *folder = fdopendir(fd);
    if (folder == NULL) {
        enum err err = os_err(errno);
        fd_close(fd);
        return err;
    }
    struct listing listing = {0};
    enum err err = listing_read(&listing, folder);
    closedir(folder);
    if (err == OK && listing.count > 0)
        qsort(listing.files, listing.count, sizeof *listing.files, listed_compare);
    for (size_t i = 0; i < listing.count; i++) {
        if (err == OK)
            each(arg, listing.files[i].name, listing.files[i].size);
        free(listing.files[i].name);
    }
    free(listing.files);
    return err;
}

/* ---- the disk ---------------------------------------------------------------------------------
 */
static enum err real_free_bytes(struct disk *port, uint64_t *ret_bytes)
{
    struct statvfs status;
    if (fstatvfs(real_of(port)->folder_fd, &status) != 0)
        return os_err(errno);
    *ret_bytes = (uint64_t)status.f_bavail * (uint64_t)status.f_frsize;
    return OK;
}

static const char *real_mode(struct disk *port)
{
    switch (atomic_load(&real_of(port)->mode)) {
    case MODE_DIRECT:
        return "direct (O_DIRECT|O_DSYNC)";
    case MODE_BUFFERED:
        return "buffered (pwrite + fdatasync)";
    default:
        return "not known before the first durable file is opened";
    }
}

/* The name of a new folder is on the medium only when the folder above it was synced. */
static enum err folder_sync_above(const char *path)
{
    char *above = strdup(path);
    if (above == NULL)
        return ERR_NO_MEMORY;
    char *slash = strrchr(above, '/');
    if (slash != NULL)
        slash[slash == above] = 0;
    int fd = open(slash == NULL ? "." : above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = fd >= 0 && fsync(fd) == 0 ? OK : os_err(errno);
    fd_close(fd);
    free(above);
    return err;
}

static enum err folder_make(const char *path)
{
    if (mkdir(path, FOLDER_MODE) == 0)
        return folder_sync_above(path);
    return errno == EEXIST ? OK : os_err(errno);
}

static enum err folder_make_all(const char *path)
{
    char *part = strdup(path);
    if (part == NULL)
        return ERR_NO_MEMORY;
    size_t size = strlen(part);
    while (size > 1 && part[size - 1] == '/')
        part[--size] = 0;
    enum err err = OK;
    for (size_t i = 1; i < size && err == OK; i++) {
        if (part[i] != '/' || part[i - 1] == '/')
            continue;
        part[i] = 0;
        /* A folder above that exists need not be one that we may make or even write. */
        if (access(part, F_OK) != 0)
            err = folder_make(part);
        part[i] = '/';
    }
    if (err == OK)
        err = folder_make(part);
    free(part);
    return err;
}

static const struct disk real_port = {.open = real_open,
                                      .close = real_close,
                                      .read = real_read,
                                      .write = real_write,
                                      .sync = real_sync,
                                      .size = real_size,
                                      .truncate = real_truncate,
                                      .rename = real_rename,
                                      .remove = real_remove,
                                      .make_folder = real_make_folder,
                                      .sync_folder = real_sync_folder,
                                      .list = real_list,
                                      .free_bytes = real_free_bytes,
                                      .mode = real_mode};

static void file_size_signal_ignore(void)
{
    struct sigaction now;
    if (sigaction(SIGXFSZ, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 &&
        now.sa_handler == SIG_DFL) {
        now.sa_handler = SIG_IGN;
        (void)sigaction(SIGXFSZ, &now, NULL);
    }
}

enum err disk_real_open(const char *folder, bool create, struct disk **ret_disk)
{
    if (folder[0] == 0)
        return ERR_INVALID;
    enum err err = create ? folder_make_all(folder) : OK;
    if (err != OK)
        return err;
    struct disk_real *disk = calloc(1, sizeof *disk);
    if (disk == NULL)
        return ERR_NO_MEMORY;
    disk->port = real_port;
    disk->lock_fd = -1;
    disk->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (disk->folder_fd < 0) {
        err = os_err(errno);
        free(disk);
        return err;
    }
    file_size_signal_ignore();
    *ret_disk = &disk->port;
    return OK;
}

void disk_real_close(struct disk *port)
{
    if (port == NULL)
        return;
    struct disk_real *disk = real_of(port);
    fd_close(disk->lock_fd);
    fd_close(disk->folder_fd);
    free(disk);
}

void disk_real_avoid_direct(struct disk *port)
{
    real_of(port)->avoid_direct = true;
}

/* ---- lock -------------------------------------------------------------------------------------
 */
static int holder_read(int fd)
{
    char text[16] = {0};
    ssize_t size = pread(fd, text, sizeof text - 1, 0);
    if (size <= 0)
        return 0;
    long pid = strtol(text, NULL, 10);
    return pid > 0 && pid <= INT32_MAX ? (int)pid : 0;
}

enum err disk_real_lock(struct disk *port, int *ret_pid)
{
    struct disk_real *disk = real_of(port);
    check(disk->lock_fd < 0);
    int fd = fd_open(disk, "lock", O_RDWR | O_CREAT);
    if (fd < 0)
        return os_err(errno);
    int result;
    do
        result = flock(fd, LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    if (result != 0) {
        enum err err = errno == EWOULDBLOCK ? ERR_LOCKED : os_err(errno);
        if (err == ERR_LOCKED)
            *ret_pid = holder_read(fd);
        fd_close(fd);
        return err;
    }
    /* The pid is a help for a person, not part of the lock: a full disk may leave it out. The file
     * is never removed, because another process may hold it open. */
    char text[16];
    int size = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)size, 0) != size)
        errno = 0;
    disk->lock_fd = fd;
    return OK;
}
