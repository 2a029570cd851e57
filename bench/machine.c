#include "machine.h"

#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COPY_BYTES ((size_t)64 << 20)
#define FILE_BYTES ((uint64_t)64 << 20)
#define FILE_NAME "machine.bench"
#define WRITE_BYTES_MAX ((uint64_t)1 << 20)

static int64_t now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

static double machine_memcpy(void)
{
    uint8_t *from = malloc(COPY_BYTES), *to = malloc(COPY_BYTES);
    check(from != NULL && to != NULL);
    memset(from, 1, COPY_BYTES);
    memset(to, 2, COPY_BYTES);
    int64_t begin_ns = now_ns();
    uint64_t bytes = 0;
    while (now_ns() - begin_ns < 300 * NS_PER_MS) {
        memcpy(to, from, COPY_BYTES);
        __asm__ volatile("" : : "r"(to) : "memory");
        bytes += COPY_BYTES;
    }
    double seconds = (double)(now_ns() - begin_ns) / 1e9;
    free(from);
    free(to);
    return (double)bytes / seconds / 1e9;
}

/* Written once before: an extent that was only reserved costs a metadata commit at each write. */
static enum err machine_prepare(struct disk *disk, uint8_t *block, struct disk_file **ret_file)
{
    enum err err =
        disk->open(disk, FILE_NAME, DISK_READ | DISK_WRITE | DISK_CREATE | DISK_DURABLE, ret_file);
    for (uint64_t at = 0; err == OK && at < FILE_BYTES; at += WRITE_BYTES_MAX)
        err = disk->write(disk, *ret_file, at, block, WRITE_BYTES_MAX);
    return err;
}

static enum err machine_writes(struct disk *disk, struct disk_file *file, uint8_t *block,
                               uint64_t bytes, double rate, double seconds,
                               struct machine_limits *limits)
{
    int64_t begin_ns = now_ns();
    uint64_t count = (uint64_t)(rate * seconds), offset = 0;
    for (uint64_t i = 0; i < count; i++) {
        int64_t due_ns = begin_ns + (int64_t)((double)i * 1e9 / rate);
        int64_t wait_ns = due_ns - now_ns();
        struct timespec time = {.tv_nsec = wait_ns % NS_PER_S, .tv_sec = wait_ns / NS_PER_S};
        if (wait_ns > 0)
            nanosleep(&time, NULL);
        store_u64(block, i);
        int64_t start_ns = now_ns();
        enum err err = disk->write(disk, file, offset, block, bytes);
        if (err != OK)
            return err;
        latency_add(&limits->write, (uint64_t)((now_ns() - start_ns) / NS_PER_US), 1);
        offset = offset + 2 * bytes > FILE_BYTES ? 0 : offset + bytes;
        if ((double)(now_ns() - begin_ns) > 2e9 * seconds)
            break; /* the disk cannot do this rate: the rate that is told says so */
    }
    limits->rate = (double)limits->write.count * 1e9 / (double)(now_ns() - begin_ns);
    return OK;
}

bool machine_measure(const char *folder, uint64_t bytes, double rate, double seconds,
                     struct machine_limits *ret_limits)
{
    struct machine_limits limits = {.memcpy_gbs = machine_memcpy()};
    struct disk *disk = NULL;
    struct disk_file *file = NULL;
    uint8_t *block = os_aligned_alloc(WRITE_BYTES_MAX);
    bytes = (bytes + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK;
    bytes = bytes < DISK_BLOCK ? DISK_BLOCK : bytes > WRITE_BYTES_MAX ? WRITE_BYTES_MAX : bytes;
    check(block != NULL);
    memset(block, 7, WRITE_BYTES_MAX);
    enum err err = disk_real_open(folder, true, &disk);
    if (err == OK)
        err = machine_prepare(disk, block, &file);
    if (err == OK)
        err = machine_writes(disk, file, block, bytes, rate, seconds, &limits);
    if (disk != NULL) {
        limits.mode = strstr(disk->mode(disk), "DIRECT") != NULL ? "O_DIRECT|O_DSYNC" : "fdatasync";
        disk->close(disk, file);
        if (disk->remove(disk, FILE_NAME) != OK)
            err = err == OK ? ERR_IO : err;
        disk_real_close(disk);
    }
    os_aligned_free(block);
    if (err != OK)
        fprintf(stderr, "machine: %s\n", err_text(err));
    else
        *ret_limits = limits;
    return err == OK;
}
