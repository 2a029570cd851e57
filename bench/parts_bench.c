/* What parts of the history store take: bytes of index a chunk, nanoseconds to write, find and read
 * chunks, one thread, on the disk of a folder (what was written is in the system's cache).
 *
 *   parts_bench [--folder FOLDER] [--owners N]
 *
 * A part has one chunk for each of N owners (default 60000), or 16 for each of N / 16. Columns:
 * ascending: a seek to each owner, its entry and its chunk's bytes; entries: the same without the
 * chunk's bytes; every 100th owner; far: owners in any order; scan: all chunks one after another.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "parts/parts.h"

#define ROWS 10
#define REPEATS 5

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "parts_bench: %s\n", what);
    exit(1);
}

static uint64_t luck_next(uint64_t *luck)
{
    uint64_t z = (*luck += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    return z ^ (z >> 27);
}

/* Ten values of a device that reports every ten seconds, with times as its clock gives them. */
static struct bytes chunk_make(struct chunk_encoder *encoder, uint32_t owner, uint32_t number,
                               int64_t unit, uint64_t *luck, struct chunk_rows *ret_rows)
{
    static uint8_t bytes[1 << 16];
    static int64_t times[ROWS];
    static uint64_t words[ROWS];
    static struct chunk_column column = {.type = VALUE_FLOAT64, .words = words};
    size_t size;
    for (uint32_t i = 0; i < ROWS; i++) {
        double real = (double)(2000 + luck_next(luck) % 50) / 100;
        memcpy(&words[i], &real, sizeof real);
        times[i] = INT64_C(1767225600) * NS_PER_S + (number * ROWS + i) * 10 * NS_PER_S +
                   (int64_t)(owner % 1000) * 7 * NS_PER_MS;
        times[i] += (int64_t)(luck_next(luck) % (uint64_t)(5 * NS_PER_MS));
        times[i] -= times[i] % unit;
    }
    *ret_rows = (struct chunk_rows){
        .owner = owner, .rows = ROWS, .columns_count = 1, .times = times, .columns = &column};
    must(chunk_encode(encoder, ret_rows, bytes, sizeof bytes, &size) == OK, "a chunk");
    return bytes_of(bytes, size);
}

static struct part *part_make(struct disk *disk, uint32_t owners, uint32_t chunks, int64_t unit)
{
    struct part_info info = {.tier = PART_RAW, .serial = 1, .from = 1, .to = 2}, done;
    struct chunk_encoder *encoder;
    struct part_writer *writer;
    struct part *part;
    uint64_t luck = 1;
    int64_t spent = 0;
    must(chunk_encoder_create(&encoder) == OK, "memory");
    must(part_writer_create(disk, "history", &info, &writer) == OK, "the part");
    for (uint32_t owner = 0; owner < owners; owner++) {
        for (uint32_t number = 0; number < chunks; number++) {
            struct chunk_rows rows;
            struct bytes chunk = chunk_make(encoder, owner, number, unit, &luck, &rows);
            int64_t began = now_ns();
            must(part_writer_put(writer, owner, rows.times[0], rows.times[ROWS - 1], ROWS, ROWS,
                                 chunk) == OK,
                 "a chunk");
            spent += now_ns() - began;
        }
    }
    int64_t began = now_ns();
    must(part_writer_end(writer, &done) == OK, "the end");
    printf("%8u owners, %2u chunks each, times in %s: %.1f bytes a chunk, index %.2f; writing %.0f "
           "ns a chunk, end %.1f ms\n",
           owners, chunks, unit == 1 ? "ns" : "ms", (double)done.bytes / (double)done.chunks,
           (double)done.index_bytes / (double)done.chunks, (double)spent / (double)done.chunks,
           (double)(now_ns() - began) / 1e6);
    chunk_encoder_destroy(encoder);
    must(part_open(disk, "history", done.name, &part) == OK, "opening");
    return part;
}

enum way { ASCENDING, ENTRIES, HUNDREDTH, FAR, SCAN, WAYS };
static const char *const way_names[WAYS] = {"ascending", "entries", "every 100th", "far", "scan"};

static uint64_t way_run(struct part *part, enum way way, uint32_t owners)
{
    struct part_cursor *cursor;
    struct part_entry entry;
    struct bytes bytes;
    uint64_t count = 0, luck = 7;
    must(part_cursor_create(part, NULL, NULL, &cursor) == OK, "a cursor");
    uint32_t seeks = way == HUNDREDTH || way == FAR ? owners / 100 : owners;
    for (uint32_t i = 0; i < seeks && way != SCAN; i++, count++) {
        uint32_t owner = way == HUNDREDTH ? i * 100
                         : way == FAR     ? (uint32_t)(luck_next(&luck) % owners)
                                          : i;
        must(part_cursor_seek(cursor, owner, 0) == OK, "a seek");
        must(part_cursor_next(cursor, &entry) == OK && entry.owner == owner, "an entry");
        if (way != ENTRIES)
            must(part_cursor_chunk(cursor, &entry, &bytes) == OK, "a chunk");
    }
    for (; way == SCAN && part_cursor_next(cursor, &entry) == OK; count++)
        must(part_cursor_chunk(cursor, &entry, &bytes) == OK, "a chunk");
    part_cursor_destroy(cursor);
    return count;
}

static void part_measure(struct part *part, uint32_t owners)
{
    for (int way = 0; way < WAYS; way++) {
        double best = 1e18;
        for (int i = 0; i < REPEATS; i++) {
            int64_t began = now_ns();
            uint64_t count = way_run(part, (enum way)way, owners);
            double each = (double)(now_ns() - began) / (double)(count == 0 ? 1 : count);
            best = each < best ? each : best;
        }
        printf("    %-12s %8.0f ns\n", way_names[way], best);
    }
    part_doom(part);
    part_release(part);
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/parts_bench.XXXXXX";
    const char *in = NULL;
    uint32_t owners = 60000;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--folder") == 0)
            in = argv[i + 1];
        else if (strcmp(argv[i], "--owners") == 0)
            owners = (uint32_t)strtoul(argv[i + 1], NULL, 10);
    }
    must(owners >= 100 && owners <= 100000000, "owners: 100 to 100000000");
    if (in == NULL)
        in = mkdtemp(folder);
    struct disk *disk = NULL;
    must(in != NULL && disk_real_open(in, true, &disk) == OK, "the folder");
    part_measure(part_make(disk, owners, 1, NS_PER_MS), owners);
    part_measure(part_make(disk, owners, 1, 1), owners);
    part_measure(part_make(disk, owners / 16, 16, NS_PER_MS), owners / 16);
    (void)!disk->remove(disk, "history");
    disk_real_close(disk);
    if (in == folder)
        (void)!rmdir(folder);
    return 0;
}
