/* The real disk against a real folder. The calls that fail in the field are replaced here by ones
 * that fail on order: interrupted, short, refused, full. */
#include "os/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- libc's calls, with orders ------------------------------------------------------------------
 */
static struct {
    unsigned interrupts;   /* the next calls answer EINTR */
    size_t write_size_max; /* 0: none; a write takes no more */
    int write_error;       /* 0: none; errno of the next write */
    bool direct_refused;   /* writes with O_DIRECT answer EINVAL */
    int sync_error;        /* 0: none; errno of the next fdatasync */
    unsigned writes, syncs;
    int write_flags; /* of the last write's descriptor */
    uint64_t write_end;
    uint64_t synced_end; /* write_end at the last fdatasync */
} faults;

ssize_t pwrite64(int fd, const void *at, size_t size, off64_t offset);
ssize_t pwrite64(int fd, const void *at, size_t size, off64_t offset)
{
    if (faults.interrupts > 0) {
        faults.interrupts--;
        errno = EINTR;
        return -1;
    }
    faults.write_flags = fcntl(fd, F_GETFL);
    if (faults.direct_refused && (faults.write_flags & O_DIRECT) != 0) {
        errno = EINVAL;
        return -1;
    }
    if (faults.write_error != 0) {
        errno = faults.write_error;
        return -1;
    }
    if (faults.write_size_max != 0 && size > faults.write_size_max)
        size = faults.write_size_max;
    faults.writes++;
    ssize_t put = syscall(SYS_pwrite64, fd, at, size, offset);
    if (put > 0)
        faults.write_end = (uint64_t)offset + (uint64_t)put;
    return put;
}

int fdatasync(int fd)
{
    if (faults.interrupts > 0) {
        faults.interrupts--;
        errno = EINTR;
        return -1;
    }
    if (faults.sync_error != 0) {
        errno = faults.sync_error;
        faults.sync_error = 0; /* the kernel tells a failed write-back once */
        return -1;
    }
    faults.syncs++;
    faults.synced_end = faults.write_end;
    return (int)syscall(SYS_fdatasync, fd);
}

/* ---- a folder for each test ---------------------------------------------------------------------
 */
static char folder[64];

static int setup(void **state)
{
    struct disk *disk;
    memset(&faults, 0, sizeof faults);
    snprintf(folder, sizeof folder, "/tmp/mainstem-disk-test-XXXXXX");
    if (mkdtemp(folder) == NULL || disk_real_open(folder, false, &disk) != OK)
        return -1;
    *state = disk;
    return 0;
}

static int teardown(void **state)
{
    char command[128];
    disk_real_close(*state);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static struct disk_file *file_open(struct disk *disk, const char *path, unsigned flags)
{
    struct disk_file *file = NULL;
    assert_int_equal(disk->open(disk, path, flags, &file), OK);
    assert_non_null(file);
    return file;
}

static void file_write_text(struct disk *disk, const char *path, const char *text)
{
    struct disk_file *file = file_open(disk, path, DISK_WRITE | DISK_CREATE);
    assert_int_equal(disk->write(disk, file, 0, text, strlen(text)), OK);
    disk->close(disk, file);
}

static void file_expect_text(struct disk *disk, const char *path, const char *text)
{
    char read[256];
    size_t size = 0;
    struct disk_file *file = file_open(disk, path, DISK_READ);
    assert_int_equal(disk->read(disk, file, 0, read, sizeof read, &size), OK);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(read, text, size);
    disk->close(disk, file);
}

/* ---- open ---------------------------------------------------------------------------------------
 */
static void test_open_creates_only_when_told(void **state)
{
    struct disk *disk = *state;
    struct disk_file *file = NULL;
    assert_int_equal(disk->open(disk, "a", DISK_READ, &file), ERR_MISSING);
    assert_int_equal(disk->open(disk, "a", DISK_READ | DISK_WRITE, &file), ERR_MISSING);
    assert_int_equal(disk->open(disk, "x/a", DISK_WRITE | DISK_CREATE, &file), ERR_MISSING);
    assert_null(file); /* untouched on failure */
    disk->close(disk, file_open(disk, "a", DISK_WRITE | DISK_CREATE | DISK_EXCLUSIVE));
    disk->close(disk, file_open(disk, "a", DISK_WRITE | DISK_CREATE));
    assert_int_equal(disk->open(disk, "a", DISK_WRITE | DISK_CREATE | DISK_EXCLUSIVE, &file),
                     ERR_EXISTS);
    assert_int_equal(disk->make_folder(disk, "f"), OK);
    assert_int_equal(disk->open(disk, "f", DISK_WRITE, &file), ERR_INVALID);
    assert_int_equal(disk->open(disk, "a/b", DISK_READ, &file), ERR_INVALID);
    disk->close(disk, NULL);
}

static void test_files_are_not_for_the_world(void **state)
{
    struct disk *disk = *state;
    struct stat status;
    char path[128];
    file_write_text(disk, "a", "x");
    snprintf(path, sizeof path, "%s/a", folder);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07, 0);
}

static void child_expect_abort(void (*run)(struct disk *disk), struct disk *disk)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        run(disk);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void open_any(struct disk *disk, const char *path)
{
    struct disk_file *file;
    (void)disk->open(disk, path, DISK_READ, &file);
}
static void open_above(struct disk *disk)
{
    open_any(disk, "a/../../b");
}
static void open_above_at_the_end(struct disk *disk)
{
    open_any(disk, "a/..");
}
static void open_absolute(struct disk *disk)
{
    open_any(disk, "/etc/passwd");
}
static void open_too_long(struct disk *disk)
{
    char path[DISK_NAME_SIZE + 1];
    memset(path, 'x', DISK_NAME_SIZE);
    path[DISK_NAME_SIZE] = 0;
    open_any(disk, path);
}

static void test_paths_stay_inside(void **state)
{
    struct disk *disk = *state;
    struct disk_file *file;
    child_expect_abort(open_above, disk);
    child_expect_abort(open_above_at_the_end, disk);
    child_expect_abort(open_absolute, disk);
    child_expect_abort(open_too_long, disk);
    char path[DISK_NAME_SIZE];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = 0;
    disk->close(disk, file_open(disk, path, DISK_WRITE | DISK_CREATE));       /* 255: the longest */
    assert_int_equal(disk->open(disk, "..a", DISK_READ, &file), ERR_MISSING); /* a fine name */
}

/* ---- read and write
 * ------------------------------------------------------------------------------ */
static void test_write_read_truncate_size(void **state)
{
    struct disk *disk = *state;
    char read[16];
    size_t got = 99;
    uint64_t size = 99;
    struct disk_file *file = file_open(disk, "a", DISK_READ | DISK_WRITE | DISK_CREATE);
    assert_int_equal(disk->size(disk, file, &size), OK);
    assert_int_equal(size, 0);
    assert_int_equal(disk->read(disk, file, 0, read, sizeof read, &got), OK);
    assert_int_equal(got, 0);
    assert_int_equal(disk->write(disk, file, 3, "hello", 5), OK);
    assert_int_equal(disk->write(disk, file, 8, "", 0), OK);
    assert_int_equal(disk->sync(disk, file), OK);
    assert_int_equal(disk->size(disk, file, &size), OK);
    assert_int_equal(size, 8);
    assert_int_equal(disk->read(disk, file, 2, read, sizeof read, &got), OK);
    assert_int_equal(got, 6);
    assert_memory_equal(read, "\0hello", 6);
    assert_int_equal(disk->read(disk, file, 8, read, sizeof read, &got), OK);
    assert_int_equal(got, 0);
    assert_int_equal(disk->read(disk, file, 4, read, 2, &got), OK);
    assert_int_equal(got, 2);
    assert_int_equal(disk->truncate(disk, file, 4), OK);
    assert_int_equal(disk->read(disk, file, 0, read, sizeof read, &got), OK);
    assert_int_equal(got, 4);
    assert_int_equal(disk->truncate(disk, file, 100), OK);
    assert_int_equal(disk->size(disk, file, &size), OK);
    assert_int_equal(size, 100);
    disk->close(disk, file);
}

static void test_interrupted_and_short_calls_are_finished(void **state)
{
    struct disk *disk = *state;
    struct disk_file *file = file_open(disk, "a", DISK_WRITE | DISK_CREATE);
    faults.interrupts = 3;
    faults.write_size_max = 3;
    assert_int_equal(disk->write(disk, file, 0, "0123456789", 10), OK);
    assert_int_equal(faults.writes, 4);
    faults.interrupts = 2;
    assert_int_equal(disk->sync(disk, file), OK);
    assert_int_equal(faults.syncs, 1);
    disk->close(disk, file);
    file_expect_text(disk, "a", "0123456789");
}

static void test_errors_have_their_names(void **state)
{
    struct disk *disk = *state;
    static const struct {
        int error;
        enum err err;
    } cases[] = {{ENOSPC, ERR_NO_SPACE}, {EDQUOT, ERR_NO_SPACE}, {EFBIG, ERR_NO_SPACE},
                 {EIO, ERR_IO},          {EROFS, ERR_REFUSED},   {ENOMEM, ERR_NO_MEMORY}};
    struct disk_file *file = file_open(disk, "a", DISK_WRITE | DISK_CREATE);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        faults.write_error = cases[i].error;
        assert_int_equal(disk->write(disk, file, 0, "x", 1), cases[i].err);
    }
    faults.write_error = 0;
    assert_int_equal(disk->write(disk, file, 0, "x", 1), OK);
    disk->close(disk, file);
}

static void test_a_full_device(void **state)
{
    (void)state;
    struct disk *devices;
    assert_int_equal(disk_real_open("/dev", false, &devices), OK);
    struct disk_file *file = file_open(devices, "full", DISK_WRITE);
    assert_int_equal(devices->write(devices, file, 0, "x", 1), ERR_NO_SPACE);
    devices->close(devices, file);
    disk_real_close(devices);
}

/* The kernel's own refusal, at the byte: the limit would be the signal SIGXFSZ. */
static void test_the_file_size_limit_is_no_space(void **state)
{
    struct disk *disk = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char text[DISK_BLOCK] = {0};
        struct rlimit limit = {.rlim_cur = DISK_BLOCK, .rlim_max = DISK_BLOCK};
        struct disk_file *file;
        bool fine = setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                    disk->open(disk, "a", DISK_WRITE | DISK_CREATE, &file) == OK &&
                    disk->write(disk, file, 0, text, DISK_BLOCK) == OK &&
                    disk->write(disk, file, DISK_BLOCK, text, 1) == ERR_NO_SPACE &&
                    /* half of it fits: a short write, then the refusal */
                    disk->write(disk, file, DISK_BLOCK / 2, text, DISK_BLOCK) == ERR_NO_SPACE;
        _exit(fine ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- durable
 * -------------------------------------------------------------------------------------- */
#define DURABLE (DISK_READ | DISK_WRITE | DISK_CREATE | DISK_DURABLE)

static void block_fill(uint8_t *at, size_t blocks, uint8_t seed)
{
    for (size_t i = 0; i < blocks * DISK_BLOCK; i++)
        at[i] = (uint8_t)(i * 7 + i / DISK_BLOCK + seed);
}

/* Writes and reads back, in whatever mode; the reads are at odd offsets on purpose. */
static void durable_round_trip(struct disk *disk, struct disk_file *file)
{
    uint8_t *at = os_aligned_alloc(8 * DISK_BLOCK), back[3 * DISK_BLOCK];
    size_t got;
    uint64_t size;
    assert_non_null(at);
    for (unsigned round = 0; round < 20; round++) {
        block_fill(at, 8, (uint8_t)round);
        assert_int_equal(disk->write(disk, file, round * DISK_BLOCK, at, 8 * DISK_BLOCK), OK);
        assert_int_equal(disk->read(disk, file, round * DISK_BLOCK + 13, back, sizeof back, &got),
                         OK);
        assert_int_equal(got, sizeof back);
        assert_memory_equal(back, at + 13, sizeof back);
    }
    assert_int_equal(disk->size(disk, file, &size), OK);
    assert_int_equal(size, 27 * DISK_BLOCK);
    os_aligned_free(at);
}

static void test_durable_direct(void **state)
{
    struct disk *disk = *state;
    assert_non_null(strstr(disk->mode(disk), "not known"));
    struct disk_file *file = file_open(disk, "a", DURABLE);
    if (strstr(disk->mode(disk), "O_DIRECT") == NULL) {
        disk->close(disk, file);
        skip(); /* this file system refuses O_DIRECT */
    }
    durable_round_trip(disk, file);
    assert_int_equal(faults.write_flags & O_DIRECT, O_DIRECT);
    assert_int_equal(faults.write_flags & O_DSYNC, O_DSYNC);
    assert_int_equal(faults.syncs, 0); /* each write was synced by itself */
    disk->close(disk, file);
    /* The mode is told by the last durable file; plain files do not change it. */
    file_write_text(disk, "b", "x");
    assert_non_null(strstr(disk->mode(disk), "O_DIRECT"));
}

static void test_durable_buffered_syncs_each_write(void **state)
{
    struct disk *disk = *state;
    disk_real_avoid_direct(disk);
    struct disk_file *file = file_open(disk, "a", DURABLE);
    assert_non_null(strstr(disk->mode(disk), "fdatasync"));
    durable_round_trip(disk, file);
    assert_int_equal(faults.write_flags & O_DIRECT, 0);
    assert_int_equal(faults.syncs, 20);
    assert_int_equal(faults.synced_end, faults.write_end);
    disk->close(disk, file);
}

static void test_durable_leaves_direct_when_the_first_write_is_refused(void **state)
{
    struct disk *disk = *state;
    struct disk_file *file = file_open(disk, "a", DURABLE);
    faults.direct_refused = true;
    durable_round_trip(disk, file);
    assert_int_equal(faults.write_flags & O_DIRECT, 0);
    assert_int_equal(faults.syncs, 20);
    assert_non_null(strstr(disk->mode(disk), "fdatasync"));
    disk->close(disk, file);
}

static void test_durable_short_writes_are_synced_once_whole(void **state)
{
    struct disk *disk = *state;
    disk_real_avoid_direct(disk);
    uint8_t *at = os_aligned_alloc(2 * DISK_BLOCK);
    block_fill(at, 2, 1);
    struct disk_file *file = file_open(disk, "a", DURABLE);
    faults.write_size_max = 1000;
    faults.interrupts = 1;
    assert_int_equal(disk->write(disk, file, 0, at, 2 * DISK_BLOCK), OK);
    assert_int_equal(faults.writes, 9);
    assert_int_equal(faults.syncs, 1);
    assert_int_equal(faults.synced_end, 2 * DISK_BLOCK);
    disk->close(disk, file);
    os_aligned_free(at);
}

/* A full disk is no reason to stop: when there is room again, the same file goes on. */
static void test_durable_goes_on_after_no_space(void **state)
{
    struct disk *disk = *state;
    uint8_t *at = os_aligned_alloc(DISK_BLOCK);
    block_fill(at, 1, 1);
    struct disk_file *file = file_open(disk, "a", DURABLE);
    faults.write_error = ENOSPC;
    assert_int_equal(disk->write(disk, file, 0, at, DISK_BLOCK), ERR_NO_SPACE);
    faults.write_error = 0;
    assert_int_equal(disk->write(disk, file, 0, at, DISK_BLOCK), OK);
    disk->close(disk, file);
    os_aligned_free(at);
}

static void test_a_failed_sync_is_never_forgotten(void **state)
{
    struct disk *disk = *state;
    uint8_t *at = os_aligned_alloc(DISK_BLOCK);
    block_fill(at, 1, 1);
    disk_real_avoid_direct(disk);
    struct disk_file *file = file_open(disk, "a", DURABLE);
    faults.sync_error = EIO;
    assert_int_equal(disk->write(disk, file, 0, at, DISK_BLOCK), ERR_IO);
    unsigned syncs = faults.syncs;
    assert_int_equal(disk->write(disk, file, 0, at, DISK_BLOCK), ERR_STOPPED);
    assert_int_equal(disk->sync(disk, file), ERR_STOPPED);
    assert_int_equal(faults.syncs, syncs); /* not even asked */
    disk->close(disk, file);
    /* Opened again, the range is written again and counts again. */
    file = file_open(disk, "a", DURABLE);
    assert_int_equal(disk->write(disk, file, 0, at, DISK_BLOCK), OK);
    disk->close(disk, file);
    file = file_open(disk, "b", DISK_WRITE | DISK_CREATE);
    faults.sync_error = ENOSPC;
    assert_int_equal(disk->sync(disk, file), ERR_NO_SPACE);
    assert_int_equal(disk->sync(disk, file), ERR_STOPPED);
    disk->close(disk, file);
    os_aligned_free(at);
}

static struct disk_file *durable_file;
static uint8_t *durable_at;
static void write_odd_size(struct disk *disk)
{
    (void)disk->write(disk, durable_file, 0, durable_at, DISK_BLOCK - 1);
}
static void write_odd_offset(struct disk *disk)
{
    (void)disk->write(disk, durable_file, 512, durable_at, DISK_BLOCK);
}
static void write_odd_address(struct disk *disk)
{
    (void)disk->write(disk, durable_file, 0, durable_at + 1, DISK_BLOCK);
}

static void test_alignment_is_required_in_both_modes(void **state)
{
    struct disk *disk = *state;
    durable_at = os_aligned_alloc(2 * DISK_BLOCK);
    for (unsigned round = 0; round < 2; round++) {
        durable_file = file_open(disk, "a", DURABLE);
        child_expect_abort(write_odd_size, disk);
        child_expect_abort(write_odd_offset, disk);
        child_expect_abort(write_odd_address, disk);
        disk->close(disk, durable_file);
        disk_real_avoid_direct(disk);
    }
    os_aligned_free(durable_at);
}

/* ---- names
 * ---------------------------------------------------------------------------------------- */
static void test_rename_replaces_and_remove_removes(void **state)
{
    struct disk *disk = *state;
    file_write_text(disk, "a", "new");
    file_write_text(disk, "b", "old");
    assert_int_equal(disk->rename(disk, "a", "b"), OK);
    file_expect_text(disk, "b", "new");
    assert_int_equal(disk->rename(disk, "a", "b"), ERR_MISSING);
    assert_int_equal(disk->make_folder(disk, "f"), OK);
    assert_int_equal(disk->make_folder(disk, "f"), OK);
    assert_int_equal(disk->make_folder(disk, "b"), ERR_EXISTS); /* a file */
    assert_int_equal(disk->make_folder(disk, "x/y"), ERR_MISSING);
    assert_int_equal(disk->rename(disk, "b", "f/b"), OK);
    assert_int_equal(disk->sync_folder(disk, "."), OK);
    assert_int_equal(disk->sync_folder(disk, "f"), OK);
    assert_int_equal(disk->sync_folder(disk, "g"), ERR_MISSING);
    file_expect_text(disk, "f/b", "new");
    assert_int_not_equal(disk->remove(disk, "f"), OK); /* not empty */
    assert_int_equal(disk->remove(disk, "f/b"), OK);
    assert_int_equal(disk->remove(disk, "f/b"), ERR_MISSING);
    assert_int_equal(disk->remove(disk, "f"), OK);
    assert_int_equal(disk->sync_folder(disk, "f"), ERR_MISSING);
}

struct listed {
    struct disk *disk;
    char text[4096];
};

static void each_append(void *arg, const char *name, uint64_t size)
{
    struct listed *listed = arg;
    size_t used = strlen(listed->text);
    snprintf(listed->text + used, sizeof listed->text - used, "%s:%u ", name, (unsigned)size);
}

static void each_remove(void *arg, const char *name, uint64_t size)
{
    (void)size;
    struct listed *listed = arg;
    assert_int_equal(listed->disk->remove(listed->disk, name), OK);
}

static void test_list_is_in_order(void **state)
{
    struct disk *disk = *state;
    struct listed listed = {.disk = disk};
    assert_int_equal(disk->list(disk, ".", each_append, &listed), OK);
    assert_string_equal(listed.text, "");
    file_write_text(disk, "b", "12");
    file_write_text(disk, "a", "1");
    file_write_text(disk, "a.tmp", "");
    file_write_text(disk, "B", "123");
    assert_int_equal(disk->make_folder(disk, "c"), OK);
    file_write_text(disk, "c/d", "1234");
    assert_int_equal(disk->list(disk, ".", each_append, &listed), OK);
    assert_string_equal(listed.text, "B:3 a:1 a.tmp:0 b:2 ");
    listed.text[0] = 0;
    assert_int_equal(disk->list(disk, "c", each_append, &listed), OK);
    assert_string_equal(listed.text, "d:4 ");
    assert_int_equal(disk->list(disk, "d", each_append, &listed), ERR_MISSING);
    assert_int_equal(disk->list(disk, "a", each_append, &listed), ERR_INVALID);
    assert_int_equal(disk->list(disk, ".", each_remove, &listed), OK);
    listed.text[0] = 0;
    assert_int_equal(disk->list(disk, ".", each_append, &listed), OK);
    assert_string_equal(listed.text, "");
}

static void each_count(void *arg, const char *name, uint64_t size)
{
    unsigned *count = arg;
    assert_int_equal(atoi(name), *count);
    assert_int_equal(size, 0);
    (*count)++;
}

static void test_list_of_many(void **state)
{
    struct disk *disk = *state;
    unsigned count = 0;
    for (unsigned i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "%06u", (i * 7) % 300);
        file_write_text(disk, name, "");
    }
    assert_int_equal(disk->list(disk, ".", each_count, &count), OK);
    assert_int_equal(count, 300);
}

/* ---- the disk
 * ------------------------------------------------------------------------------------- */
static void test_free_bytes(void **state)
{
    struct disk *disk = *state;
    uint64_t bytes = 0;
    assert_int_equal(disk->free_bytes(disk, &bytes), OK);
    assert_true(bytes > 0);
}

static void test_disk_open(void **state)
{
    (void)state;
    char path[160];
    struct disk *disk = NULL;
    assert_int_equal(disk_real_open("", true, &disk), ERR_INVALID);
    snprintf(path, sizeof path, "%s/x/y//z/", folder);
    assert_int_equal(disk_real_open(path, false, &disk), ERR_MISSING);
    assert_null(disk);
    assert_int_equal(disk_real_open(path, true, &disk), OK);
    file_write_text(disk, "a", "x");
    disk_real_close(disk);
    assert_int_equal(disk_real_open(path, true, &disk), OK); /* again is fine */
    file_expect_text(disk, "a", "x");
    disk_real_close(disk);
    snprintf(path, sizeof path, "%s/x/y/z/a", folder);
    assert_int_equal(disk_real_open(path, true, &disk), ERR_INVALID); /* a file */
    snprintf(path, sizeof path, "%s/x/y/z/a/b", folder);
    assert_int_equal(disk_real_open(path, true, &disk), ERR_INVALID);
    disk_real_close(NULL);
}

static void test_disk_open_relative(void **state)
{
    (void)state;
    char here[4096];
    struct disk *disk;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(disk_real_open("data", true, &disk), OK);
    assert_int_equal(chdir(here), 0);
    file_write_text(disk, "a", "x"); /* the folder is a descriptor, not a name */
    disk_real_close(disk);
    assert_int_equal(access(strcat(folder, "/data/a"), F_OK), 0);
    folder[strlen(folder) - strlen("/data/a")] = 0;
}

/* ---- lock
 * ----------------------------------------------------------------------------------------- */
static void test_one_process_per_folder(void **state)
{
    struct disk *disk = *state, *other;
    int pid = -1, ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool locked = disk_real_open(folder, false, &other) == OK &&
                      disk_real_lock(other, &pid) == OK && write(ready[1], "x", 1) == 1;
        if (!locked)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(disk_real_lock(disk, &pid), ERR_LOCKED);
    assert_int_equal(pid, child);
    kill(child, SIGKILL); /* the end of the process is the end of the lock */
    assert_int_equal(waitpid(child, NULL, 0), child);
    pid = -1;
    assert_int_equal(disk_real_lock(disk, &pid), OK);
    assert_int_equal(pid, -1);
    assert_int_equal(disk_real_open(folder, false, &other), OK);
    assert_int_equal(disk_real_lock(other, &pid), ERR_LOCKED);
    assert_int_equal(pid, getpid());
    file_write_text(disk, "lock", "nonsense");
    assert_int_equal(disk_real_lock(other, &pid), ERR_LOCKED);
    assert_int_equal(pid, 0); /* unknown */
    disk_real_close(other);
    close(ready[0]);
    close(ready[1]);
}

static void test_close_releases_the_lock(void **state)
{
    (void)state;
    struct disk *disk;
    int pid;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(disk_real_open(folder, false, &disk), OK);
        assert_int_equal(disk_real_lock(disk, &pid), OK);
        disk_real_close(disk);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open_creates_only_when_told),
        TEST(test_files_are_not_for_the_world),
        TEST(test_paths_stay_inside),
        TEST(test_write_read_truncate_size),
        TEST(test_interrupted_and_short_calls_are_finished),
        TEST(test_errors_have_their_names),
        TEST(test_a_full_device),
        TEST(test_the_file_size_limit_is_no_space),
        TEST(test_durable_direct),
        TEST(test_durable_buffered_syncs_each_write),
        TEST(test_durable_leaves_direct_when_the_first_write_is_refused),
        TEST(test_durable_short_writes_are_synced_once_whole),
        TEST(test_durable_goes_on_after_no_space),
        TEST(test_a_failed_sync_is_never_forgotten),
        TEST(test_alignment_is_required_in_both_modes),
        TEST(test_rename_replaces_and_remove_removes),
        TEST(test_list_is_in_order),
        TEST(test_list_of_many),
        TEST(test_free_bytes),
        TEST(test_disk_open),
        TEST(test_disk_open_relative),
        TEST(test_one_process_per_folder),
        TEST(test_close_releases_the_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
