/* Parts, written and read: round trips, seeks against a model, names, limits, life. */
#include "parts/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define T0 (INT64_C(1767225600) * NS_PER_S)

struct model { /* what went into a part */
    struct part_entry *entries;
    size_t count;
};

static struct maker maker;
static struct memory_disk memory;
static struct disk *disk;

static int setup(void **state)
{
    (void)state;
    disk = memory_disk_init(&memory);
    maker_init(&maker);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    maker_done(&maker);
    memory_disk_done(&memory);
    return 0;
}

static struct part_info info_of(uint64_t serial, uint64_t from, uint64_t to)
{
    return (struct part_info){.tier = PART_RAW,
                              .level = 3,
                              .serial = serial,
                              .from = from,
                              .to = to,
                              .erased_position = 17,
                              .journal = {11, 12},
                              .wall_ns = T0};
}

/* What a part of many owners looks like: some have no chunk, some one, one has many that overlap.
 */
static void part_make(struct model *model, size_t most, uint64_t luck, struct part_info *ret_info)
{
    struct part_info info = info_of(1, 1, 1000);
    struct part_writer *writer;
    uint32_t owner = 0;
    model->entries = calloc(most, sizeof model->entries[0]);
    assert_non_null(model->entries);
    model->count = 0;
    assert_int_equal(part_writer_create(disk, "history", &info, &writer), OK);
    while (model->count < most) {
        owner += (uint32_t)(luck_below(&luck, 8) == 0 ? luck_below(&luck, 100000) : 1 + (luck & 3));
        size_t chunks = luck_below(&luck, 50) == 0 ? 1 + luck_below(&luck, 1500) : 1;
        int64_t first_ns = T0 + (int64_t)luck_below(&luck, 600) * NS_PER_S;
        for (; chunks > 0 && model->count < most; chunks--) {
            uint32_t rows = 1 + (uint32_t)luck_below(&luck, 20);
            int64_t step = (int64_t)luck_below(&luck, 50000) * NS_PER_MS;
            struct bytes chunk = maker_make(&maker, owner, first_ns, step, rows);
            struct part_entry *entry = &model->entries[model->count];
            *entry = (struct part_entry){
                .owner = owner,
                .first_ns = maker.first_ns,
                .last_ns = maker.last_ns,
                .offset = model->count == 0 ? PART_HEADER_SIZE : entry[-1].offset + entry[-1].size,
                .size = (uint32_t)chunk.size,
                .samples = rows};
            model->count++;
            assert_int_equal(
                part_writer_put(writer, owner, entry->first_ns, entry->last_ns, rows, rows, chunk),
                OK);
            first_ns += (int64_t)luck_below(&luck, 100) * NS_PER_S;
        }
    }
    uint64_t bytes = part_writer_bytes(writer);
    assert_int_equal(part_writer_end(writer, ret_info), OK);
    assert_true(ret_info->bytes >= bytes && ret_info->bytes < bytes + 8192);
}

static bool entries_equal(const struct part_entry *a, const struct part_entry *b)
{
    return a->owner == b->owner && a->first_ns == b->first_ns && a->last_ns == b->last_ns &&
           a->offset == b->offset && a->size == b->size && a->samples == b->samples;
}

static void never(void *arg, const struct part_damage *damage)
{
    (void)arg;
    fail_msg("damage: %s", damage->why);
}

static void chunk_is_right(struct part_cursor *cursor, const struct part_entry *entry)
{
    struct bytes bytes;
    struct chunk chunk;
    assert_int_equal(part_cursor_chunk(cursor, entry, &bytes), OK);
    assert_int_equal(bytes.size, entry->size);
    assert_int_equal(chunk_open(bytes, CHUNK_VERIFY, &chunk), OK);
    assert_int_equal(chunk.owner, entry->owner);
    assert_int_equal(chunk.rows, entry->samples);
    assert_true(chunk.time_first == entry->first_ns && chunk.time_last == entry->last_ns);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 255, 256, 257, 512, 5000};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        struct model model;
        struct part_info info;
        struct part *part;
        struct part_cursor *cursor;
        struct part_entry entry;
        part_make(&model, counts[i], i, &info);
        assert_int_equal(info.chunks, counts[i]);
        assert_int_equal(part_open(disk, "history", info.name, &part), OK);
        const struct part_info *read = part_info(part);
        assert_true(part_info_same(read, &info));
        assert_int_equal(read->owners, info.owners);
        assert_int_equal(read->samples, info.samples);
        assert_int_equal(read->values, info.samples);
        assert_string_equal(read->name, "raw-0000000001-0000001000-000001.part");
        assert_int_equal(read->bytes, memory_find(&memory, "history/raw-0000000001-0000001000-"
                                                           "000001.part")
                                          ->size);
        assert_true(part_memory(part) < 2000 + counts[i]);
        assert_int_equal(part_cursor_create(part, never, NULL, &cursor), OK);
        for (size_t e = 0; e < model.count; e++) {
            assert_int_equal(part_cursor_next(cursor, &entry), OK);
            assert_true(entries_equal(&entry, &model.entries[e]));
            chunk_is_right(cursor, &entry);
        }
        assert_int_equal(part_cursor_next(cursor, &entry), ERR_MISSING);
        assert_int_equal(part_cursor_next(cursor, &entry), ERR_MISSING);
        part_cursor_destroy(cursor);
        assert_int_equal(part_check(part, never, NULL), 0);
        part_release(part);
        free(model.entries);
    }
}

/* Where a seek must stand. */
static size_t model_seek(const struct model *model, uint32_t owner, int64_t from_ns)
{
    size_t at = 0;
    while (at < model->count &&
           (model->entries[at].owner < owner ||
            (model->entries[at].owner == owner && model->entries[at].last_ns < from_ns)))
        at++;
    return at;
}

static void seek_is_right(struct part_cursor *cursor, const struct model *model, uint32_t owner,
                          int64_t from_ns, uint64_t steps)
{
    struct part_entry entry;
    size_t at = model_seek(model, owner, from_ns);
    assert_int_equal(part_cursor_seek(cursor, owner, from_ns), OK);
    for (; steps > 0; steps--, at++) {
        enum err err = part_cursor_next(cursor, &entry);
        assert_int_equal(err, at < model->count ? OK : ERR_MISSING);
        if (err != OK)
            return;
        assert_true(entries_equal(&entry, &model->entries[at]));
    }
}

static void test_seeks(void **state)
{
    (void)state;
    struct model model;
    struct part_info info;
    struct part *part;
    struct part_cursor *cursor;
    uint64_t luck = 99;
    part_make(&model, 6000, 5, &info);
    assert_int_equal(part_open(disk, "history", info.name, &part), OK);
    assert_int_equal(part_cursor_create(part, never, NULL, &cursor), OK);
    for (int i = 0; i < 20000; i++) {
        const struct part_entry *some = &model.entries[luck_below(&luck, model.count)];
        uint32_t owner = some->owner + (uint32_t)luck_below(&luck, 3) - 1;
        int64_t from = some->last_ns + (int64_t)luck_below(&luck, 3) - 1;
        if (luck_below(&luck, 4) == 0)
            from = luck_below(&luck, 2) == 0 ? INT64_MIN : INT64_MAX;
        seek_is_right(cursor, &model, owner, from, luck_below(&luck, 4));
    }
    for (size_t i = 0; i < model.count; i += 1 + luck_below(&luck, 3)) /* ascending */
        seek_is_right(cursor, &model, model.entries[i].owner, model.entries[i].first_ns, 2);
    seek_is_right(cursor, &model, 0, INT64_MIN, 3);
    seek_is_right(cursor, &model, UINT32_MAX, INT64_MAX, 1);
    part_cursor_destroy(cursor);
    part_release(part);
    free(model.entries);
}

static void test_far_seeks_read_little(void **state)
{
    (void)state;
    struct part_info info = info_of(1, 1, 2), done;
    struct part_writer *writer;
    struct part *part;
    struct part_cursor *cursor;
    struct part_entry entry;
    assert_int_equal(part_writer_create(disk, "history", &info, &writer), OK);
    for (uint32_t owner = 0; owner < 60000; owner++) {
        struct bytes chunk = maker_make(&maker, owner, T0 + owner % 5 * NS_PER_S, NS_PER_S, 10);
        assert_int_equal(
            part_writer_put(writer, owner, maker.first_ns, maker.last_ns, 10, 10, chunk), OK);
    }
    assert_int_equal(part_writer_end(writer, &done), OK);
    assert_true(done.index_bytes < 10 * done.chunks);
    assert_int_equal(part_open(disk, "history", done.name, &part), OK);
    assert_int_equal(part_cursor_create(part, never, NULL, &cursor), OK);
    memory.reads = memory.read_bytes = 0;
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(part_cursor_seek(cursor, i % 2 == 0 ? 59000 - i * 17 : i * 37, T0), OK);
        assert_int_equal(part_cursor_next(cursor, &entry), OK);
        chunk_is_right(cursor, &entry);
    }
    assert_true(memory.reads <= 200);
    assert_true(memory.read_bytes < (uint64_t)200 * 2048);
    memory.reads = memory.read_bytes = 0;
    for (uint32_t owner = 0; owner < 60000; owner++) {
        assert_int_equal(part_cursor_seek(cursor, owner, T0), OK);
        assert_int_equal(part_cursor_next(cursor, &entry), OK);
        assert_int_equal(entry.owner, owner);
        chunk_is_right(cursor, &entry);
    }
    assert_true(memory.reads < 20 + done.bytes / (200 << 10) + done.index_bytes / (50 << 10));
    assert_true(memory.read_bytes <= done.bytes);
    part_cursor_destroy(cursor);
    part_release(part);
}

static void test_extremes(void **state)
{
    (void)state;
    static const struct {
        uint32_t owner;
        int64_t first_ns;
        uint32_t rows;
    } chunks[] = {{0, INT64_MIN, 1},          {0, INT64_MIN, 1},
                  {0, INT64_MAX, 1},          {1, -1, 2},
                  {PART_OWNER_MAX - 1, 0, 1}, {PART_OWNER_MAX, INT64_MIN, CHUNK_ROWS_MAX},
                  {PART_OWNER_MAX, 0, 3}};
    struct part_info info = info_of(PART_NUMBER_MAX, 0, PART_NUMBER_MAX), done;
    struct part_writer *writer;
    struct part *part;
    struct part_cursor *cursor;
    struct part_entry entry;
    info.tier = PART_MINUTE;
    assert_int_equal(part_writer_create(disk, "history", &info, &writer), OK);
    for (size_t i = 0; i < ARRAY_COUNT(chunks); i++) {
        struct bytes chunk =
            maker_make(&maker, chunks[i].owner, chunks[i].first_ns, 1, chunks[i].rows);
        assert_int_equal(part_writer_put(writer, chunks[i].owner, maker.first_ns, maker.last_ns,
                                         chunks[i].rows, 1, chunk),
                         OK);
    }
    assert_int_equal(part_writer_end(writer, &done), OK);
    assert_int_equal(done.owners, 4);
    assert_true(done.first_ns == INT64_MIN && done.last_ns == INT64_MAX);
    assert_int_equal(part_open(disk, "history", done.name, &part), OK);
    assert_int_equal(part_check(part, never, NULL), 0);
    assert_int_equal(part_cursor_create(part, never, NULL, &cursor), OK);
    assert_int_equal(part_cursor_seek(cursor, PART_OWNER_MAX, INT64_MAX), OK);
    assert_int_equal(part_cursor_next(cursor, &entry), ERR_MISSING);
    assert_int_equal(part_cursor_seek(cursor, PART_OWNER_MAX, 2), OK);
    assert_int_equal(part_cursor_next(cursor, &entry), OK);
    assert_true(entry.first_ns == 0 && entry.last_ns == 2 && entry.samples == 3);
    part_cursor_destroy(cursor);
    part_release(part);
    info.to++;
    assert_int_equal(part_writer_create(disk, "history", &info, &writer), ERR_LIMIT);
}

static void test_empty_part(void **state)
{
    (void)state;
    struct part_info info = info_of(1, 5, 5), done;
    struct part_writer *writer;
    struct part *part;
    struct part_cursor *cursor;
    struct part_entry entry;
    assert_int_equal(part_writer_create(disk, "history", &info, &writer), OK);
    assert_int_equal(part_writer_end(writer, &done), OK);
    assert_true(done.first_ns > done.last_ns);
    assert_int_equal(done.bytes, PART_HEADER_SIZE + PART_FOOTER_SIZE);
    assert_int_equal(part_open(disk, "history", done.name, &part), OK);
    assert_int_equal(part_check(part, never, NULL), 0);
    assert_int_equal(part_cursor_create(part, never, NULL, &cursor), OK);
    assert_int_equal(part_cursor_seek(cursor, 0, 0), OK);
    assert_int_equal(part_cursor_next(cursor, &entry), ERR_MISSING);
    part_cursor_destroy(cursor);
    part_release(part);
}

static void test_names(void **state)
{
    (void)state;
    struct part_info info, back;
    info = info_of(12, 1, 4711);
    assert_true(part_name_put(&info));
    assert_string_equal(info.name, "raw-0000000001-0000004711-000012.part");
    assert_true(part_name_get(info.name, &back));
    assert_true(back.tier == PART_RAW && back.from == 1 && back.to == 4711 && back.serial == 12);
    static const char *const wrong[] = {
        "",
        "raw",
        "raw-1-2-3.part",
        "raw-0000000001-0000004711-000012.part.tmp",
        "raw-0000000001-0000004711-000012",
        "week-0000000001-0000004711-000012.part",
        "raw-+000000001-0000004711-000012.part",
        "raw- 000000001-0000004711-000012.part",
        "raw-00000000001-0000004711-000012.part",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        assert_false(part_name_get(wrong[i], &back));
}

static void test_doom(void **state)
{
    (void)state;
    struct model model;
    struct part_info info;
    struct part *part;
    struct part_cursor *cursor;
    struct part_entry entry;
    part_make(&model, 10, 1, &info);
    free(model.entries);
    assert_int_equal(part_open(disk, "history", info.name, &part), OK);
    struct part *other = part_hold(part);
    assert_int_equal(part_cursor_create(part, never, NULL, &cursor), OK);
    part_release(part);
    part_doom(other);
    part_release(other);
    assert_int_equal(memory_disk_count(&memory), 1);
    assert_int_equal(part_cursor_next(cursor, &entry), OK); /* it can be read until the last hold */
    chunk_is_right(cursor, &entry);
    part_cursor_destroy(cursor);
    assert_int_equal(memory_disk_count(&memory), 0);
    part_release(NULL);
    part_cursor_destroy(NULL);
    assert_int_equal(part_open(disk, "history", info.name, &part), ERR_MISSING);
}

static void test_drop(void **state)
{
    (void)state;
    struct part_info info = info_of(1, 1, 2);
    struct part_writer *writer;
    assert_int_equal(part_writer_create(disk, "history", &info, &writer), OK);
    assert_int_equal(memory_disk_count(&memory), 1);
    part_writer_drop(writer);
    part_writer_drop(NULL);
    assert_int_equal(memory_disk_count(&memory), 0);
}

/* Writes a part of some MiB; the first error ends it. */
static enum err part_write_some(uint32_t level, struct part_info *ret_info)
{
    struct part_info info = info_of(1, 1, 2);
    struct part_writer *writer;
    info.level = level;
    enum err err = part_writer_create(disk, "history", &info, &writer);
    if (err != OK)
        return err;
    for (uint32_t owner = 0; owner < 600 && err == OK; owner++) {
        struct bytes chunk = maker_make(&maker, owner, T0, NS_PER_S, 2000);
        err = part_writer_put(writer, owner, maker.first_ns, maker.last_ns, 2000, 2000, chunk);
    }
    if (err == OK)
        return part_writer_end(writer, ret_info);
    part_writer_drop(writer);
    return err;
}

/* Level 0 is written through the cache, the others in whole blocks past it. */
static void test_no_space_leaves_nothing(void **state)
{
    (void)state;
    for (uint32_t level = 0; level < 2; level++) {
        struct part_info info;
        struct part *part;
        assert_int_equal(part_write_some(level, &info), OK);
        assert_int_equal(memory_remove(disk, "history/raw-0000000001-0000000002-000001.part"), OK);
        assert_true(info.bytes > 1 << 20);
        uint64_t needed = level == 0 ? info.bytes : info.bytes + -info.bytes % DISK_BLOCK;
        for (uint64_t space = 0; space < needed; space += 50000) {
            memory.space = space;
            assert_int_equal(part_write_some(level, &info), ERR_NO_SPACE);
            assert_int_equal(memory_disk_count(&memory), 0);
        }
        memory.space = needed - 1;
        assert_int_equal(part_write_some(level, &info), ERR_NO_SPACE);
        assert_int_equal(memory_disk_count(&memory), 0);
        memory.space = needed;
        assert_int_equal(part_write_some(level, &info), OK);
        assert_int_equal(part_open(disk, "history", info.name, &part), OK);
        assert_int_equal(part_check(part, never, NULL), 0);
        part_doom(part);
        part_release(part);
        memory.space = UINT64_MAX;
    }
}

static void test_nth_call_of_a_write_fails(void **state)
{
    (void)state;
    for (uint32_t level = 0; level < 2; level++) {
        struct part_info info;
        enum err err = ERR_IO;
        for (uint64_t n = 1; err != OK; n++) {
            memory.calls = 0;
            memory.fail_at = n;
            err = part_write_some(level, &info);
            if (err != OK) {
                assert_int_equal(err, ERR_IO);
                assert_int_equal(memory_disk_count(&memory), 0);
            }
            assert_true(n < 100);
        }
        assert_true(memory.fail_at > 8);
        assert_int_equal(memory_disk_count(&memory), 1);
        memory.fail_at = 0;
        assert_int_equal(memory_remove(disk, "history/raw-0000000001-0000000002-000001.part"), OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_seeks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_far_seeks_read_little, setup, teardown),
        cmocka_unit_test_setup_teardown(test_extremes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_part, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_doom, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_space_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nth_call_of_a_write_fails, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
