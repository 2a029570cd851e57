/* Many threads read one part of the real disk, each with cursors of its own, and let go of it in
 * any order; the last one removes the file. */
#include "parts/parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define OWNERS 2000
#define THREADS 4
#define ROUNDS 5

static void part_write(struct disk *disk, struct part_info *ret_info)
{
    static uint8_t bytes[1 << 16];
    struct part_info info = {.tier = PART_RAW, .level = 1, .serial = 1, .from = 1, .to = 2};
    struct part_writer *writer;
    struct chunk_encoder *encoder;
    assert_int_equal(chunk_encoder_create(&encoder), OK);
    assert_int_equal(part_writer_create(disk, "history", &info, &writer), OK);
    for (uint32_t owner = 0; owner < OWNERS; owner++) {
        int64_t times[] = {owner, owner + 1};
        uint64_t words[] = {owner, owner * UINT64_C(3)};
        struct chunk_column column = {.type = VALUE_INT64, .words = words};
        struct chunk_rows rows = {
            .owner = owner, .rows = 2, .columns_count = 1, .times = times, .columns = &column};
        size_t size;
        assert_int_equal(chunk_encode(encoder, &rows, bytes, sizeof bytes, &size), OK);
        assert_int_equal(
            part_writer_put(writer, owner, times[0], times[1], 2, 2, bytes_of(bytes, size)), OK);
    }
    assert_int_equal(part_writer_end(writer, ret_info), OK);
    chunk_encoder_destroy(encoder);
}

/* Owners from `first` on, with a step; returns how many were read right. */
static uint32_t owners_read(struct part *part, uint32_t first, uint32_t step)
{
    struct part_cursor *cursor;
    uint32_t right = 0;
    if (part_cursor_create(part, NULL, NULL, &cursor) != OK)
        return 0;
    for (uint32_t owner = first; owner < OWNERS; owner += step) {
        struct part_entry entry;
        struct bytes bytes;
        struct chunk chunk;
        right += part_cursor_seek(cursor, owner, INT64_MIN) == OK &&
                 part_cursor_next(cursor, &entry) == OK && entry.owner == owner &&
                 part_cursor_chunk(cursor, &entry, &bytes) == OK &&
                 chunk_open(bytes, CHUNK_VERIFY, &chunk) == OK && chunk.owner == owner;
    }
    part_cursor_destroy(cursor);
    return right;
}

static void *thread_run(void *arg)
{
    struct part *part = arg;
    uintptr_t right = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct part *mine = part_hold(part);
        right += owners_read(mine, 0, 1) == OWNERS;
        right += owners_read(mine, round, 100) == OWNERS / 100;
        part_release(mine);
    }
    part_doom(part);
    part_release(part); /* the hold that was made for this thread */
    return (void *)right;
}

static void count_file(void *arg, const char *name, uint64_t size)
{
    (void)name;
    (void)size;
    ++*(size_t *)arg;
}

static void test_many_readers(void **state)
{
    (void)state;
    char folder[] = "/tmp/mainstem-parts-XXXXXX";
    struct disk *disk;
    struct part_info info;
    struct part *part;
    pthread_t threads[THREADS];
    size_t files = 0;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(disk_real_open(folder, false, &disk), OK);
    part_write(disk, &info);
    assert_int_equal(part_open(disk, "history", info.name, &part), OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, thread_run, part_hold(part)), 0);
    part_release(part);
    for (int i = 0; i < THREADS; i++) {
        void *right;
        assert_int_equal(pthread_join(threads[i], &right), 0);
        assert_int_equal((uintptr_t)right, 2 * ROUNDS);
    }
    assert_int_equal(disk->list(disk, "history", count_file, &files), OK);
    assert_int_equal(files, 0);
    assert_int_equal(disk->remove(disk, "history"), OK);
    disk_real_close(disk);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_many_readers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
