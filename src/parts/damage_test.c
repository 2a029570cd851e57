/* Damage: whatever byte of a part is wrong, what is read is right or told as missing; what is whole
 * is saved. */
#include "parts/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define T0 (INT64_C(1767225600) * NS_PER_S)
#define OWNERS 300 /* two blocks of the index */

static struct maker maker;
static struct memory_disk memory;
static struct disk *disk;
static struct part_info written;
static struct disk_file *file;
static struct part_entry entries[OWNERS];

static int setup(void **state)
{
    (void)state;
    struct part_info info = {.tier = PART_HOUR, .serial = 3, .from = 10, .to = 20, .level = 2};
    struct part_writer *writer;
    disk = memory_disk_init(&memory);
    maker_init(&maker);
    assert_int_equal(part_writer_create(disk, "history", &info, &writer), OK);
    for (uint32_t owner = 0; owner < OWNERS; owner++) {
        struct bytes chunk = maker_make(&maker, owner, T0 + owner, NS_PER_S, 4);
        entries[owner] = (struct part_entry){.owner = owner,
                                             .first_ns = maker.first_ns,
                                             .last_ns = maker.last_ns,
                                             .samples = 4,
                                             .size = (uint32_t)chunk.size};
        assert_int_equal(part_writer_put(writer, owner, maker.first_ns, maker.last_ns, 4, 4, chunk),
                         OK);
    }
    assert_int_equal(part_writer_end(writer, &written), OK);
    file = memory_find(&memory, "history/hour-0000000010-0000000020-000003.part");
    assert_non_null(file);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    maker_done(&maker);
    memory_disk_done(&memory);
    return 0;
}

struct told {
    size_t count;
    struct part_damage last;
    bool owners[OWNERS]; /* of whom something is missing */
};

static void tell(void *arg, const struct part_damage *damage)
{
    struct told *told = arg;
    told->count++;
    told->last = *damage;
    assert_true(damage->bytes > 0 && damage->offset + damage->bytes <= written.bytes);
    assert_string_equal(damage->file, written.name);
    assert_true(strlen(damage->why) > 5);
    for (uint32_t owner = damage->owner; owner <= damage->owner_last && owner < OWNERS; owner++)
        told->owners[owner] = true;
}

/* Reads all that can be read; every owner's chunk is right, or told as missing. */
static void part_is_right_or_told(struct part *part, struct told *told)
{
    struct part_cursor *cursor;
    struct part_entry entry;
    bool seen[OWNERS] = {false};
    assert_int_equal(part_cursor_create(part, tell, told, &cursor), OK);
    while (part_cursor_next(cursor, &entry) == OK) {
        struct bytes bytes;
        struct chunk chunk;
        const struct part_entry *right = &entries[entry.owner];
        assert_true(entry.owner < OWNERS && !seen[entry.owner]);
        assert_true(entry.first_ns == right->first_ns && entry.last_ns == right->last_ns &&
                    entry.size == right->size && entry.samples == right->samples);
        if (part_cursor_chunk(cursor, &entry, &bytes) != OK) {
            assert_true(told->owners[entry.owner]);
            continue;
        }
        if (chunk_open(bytes, CHUNK_VERIFY, &chunk) != OK) {
            part_cursor_damaged(cursor, &entry, "a chunk is damaged");
            continue;
        }
        assert_int_equal(chunk.owner, entry.owner);
        seen[entry.owner] = true;
    }
    for (uint32_t owner = 0; owner < OWNERS; owner++)
        assert_true(seen[owner] != told->owners[owner]);
    part_cursor_destroy(cursor);
}

/* A new part with all that is whole. */
static uint64_t repaired_chunks(struct part *part)
{
    struct part_info info;
    struct part *repaired;
    struct told told = {0};
    enum err err = part != NULL
                       ? part_repair(part, 77, &info)
                       : part_salvage(disk, "history", written.name, written.journal, 77, &info);
    assert_int_equal(err, OK);
    assert_int_equal(info.serial, 77);
    assert_true(info.tier == PART_HOUR && info.level == 2 && info.from == 10 && info.to == 20);
    assert_int_equal(part_open(disk, "history", info.name, &repaired), OK);
    assert_int_equal(part_check(repaired, tell, &told), 0);
    assert_int_equal(info.samples, 4 * info.chunks);
    assert_int_equal(info.values, 4 * info.chunks);
    part_doom(repaired);
    part_release(repaired);
    return info.chunks;
}

static void test_every_byte(void **state)
{
    (void)state;
    uint64_t chunks_end = written.bytes - PART_FOOTER_SIZE - written.index_bytes;
    size_t opened = 0;
    for (size_t i = 0; i < file->size; i++) {
        struct part *part;
        struct told told = {0}, checked = {0};
        uint8_t bit = (uint8_t)(1u << i % 8);
        file->at[i] ^= bit;
        enum err err = part_open(disk, "history", written.name, &part);
        if (err == OK) {
            opened++;
            part_is_right_or_told(part, &told);
            assert_int_equal(told.count, 1);
            assert_true(i >= told.last.offset && i < told.last.offset + told.last.bytes);
            assert_int_equal(part_check(part, tell, &checked), 1);
            if (i % 7 == 0) /* of a block of the index nothing is lost */
                assert_int_equal(repaired_chunks(part), i < chunks_end ? OWNERS - 1 : OWNERS);
            part_release(part);
        } else {
            assert_int_equal(err, ERR_CORRUPT);
            if (i % 7 == 0)
                assert_int_equal(repaired_chunks(NULL), OWNERS);
        }
        file->at[i] ^= bit;
    }
    assert_int_equal(opened,
                     file->size - PART_HEADER_SIZE - PART_FOOTER_SIZE - (size_t)2 * PART_TOP_SIZE);
}

static void test_every_length(void **state)
{
    (void)state;
    for (size_t size = file->size; size-- > 0;) {
        struct part *part;
        file->size = size;
        assert_int_equal(part_open(disk, "history", written.name, &part), ERR_CORRUPT);
        if (size % 501 == 0 && size > 0) {
            struct part_info info;
            uint64_t whole = 0, end = PART_HEADER_SIZE;
            while (whole < OWNERS && end + entries[whole].size <= size)
                end += entries[whole++].size;
            enum err err = part_salvage(disk, "history", written.name, written.journal, 78, &info);
            assert_int_equal(err, whole > 0 ? OK : ERR_CORRUPT);
            assert_true(whole == 0 || info.chunks == whole);
        }
    }
    assert_int_equal(memory_disk_count(&memory), 2);
}

static void test_a_longer_file(void **state)
{
    (void)state;
    struct part *part;
    uint8_t more[100] = {0};
    assert_int_equal(memory_write(disk, file, file->size, more, sizeof more), OK);
    assert_int_equal(part_open(disk, "history", written.name, &part), ERR_CORRUPT);
    assert_int_equal(repaired_chunks(NULL), OWNERS);
}

static void test_newer(void **state)
{
    (void)state;
    struct part *part;
    struct part_info info;
    store_u32(file->at + 8, 2);
    assert_int_equal(part_open(disk, "history", written.name, &part), ERR_CORRUPT);
    store_u32(file->at + PART_HEADER_SIZE - 4, crc32c(0, file->at, PART_HEADER_SIZE - 4));
    assert_int_equal(part_open(disk, "history", written.name, &part), ERR_NEWER);
    assert_int_equal(part_salvage(disk, "history", written.name, written.journal, 5, &info),
                     ERR_NEWER);
    store_u32(file->at + 8, 0);
    store_u32(file->at + PART_HEADER_SIZE - 4, crc32c(0, file->at, PART_HEADER_SIZE - 4));
    assert_int_equal(part_open(disk, "history", written.name, &part), ERR_CORRUPT);
}

/* The header is another part's: nothing of it may be taken for this one. */
static void test_another_header(void **state)
{
    (void)state;
    struct part *part;
    struct part_info other = written;
    other.from = 11;
    part_header_put(file->at, &other);
    assert_int_equal(part_open(disk, "history", written.name, &part), ERR_CORRUPT);
}

/* Both ends are gone: the name tells what it was. */
static void test_salvage_by_the_name(void **state)
{
    (void)state;
    struct part_info info;
    static const uint64_t journal[2] = {5, 6};
    memset(file->at, 0xaa, PART_HEADER_SIZE);
    memset(file->at + file->size - PART_FOOTER_SIZE, 0, PART_FOOTER_SIZE);
    assert_int_equal(part_salvage(disk, "history", written.name, journal, 9, &info), OK);
    assert_int_equal(info.chunks, OWNERS);
    assert_true(info.journal[0] == 5 && info.journal[1] == 6);
    assert_int_equal(memory_rename(disk, file->path, "history/some.part"), OK);
    assert_int_equal(part_salvage(disk, "history", "some.part", journal, 10, &info), ERR_CORRUPT);
    assert_int_equal(part_salvage(disk, "history", "none.part", journal, 10, &info), ERR_MISSING);
}

/* A piece is told once, however often it is met. */
static void test_told_once(void **state)
{
    (void)state;
    struct part *part;
    struct part_cursor *cursor;
    struct part_entry entry;
    struct told told = {0};
    file->at[PART_HEADER_SIZE] ^= 1; /* the first chunk */
    file->at[written.bytes - PART_FOOTER_SIZE - (size_t)2 * PART_TOP_SIZE - 1] ^= 1; /* block 2 */
    assert_int_equal(part_open(disk, "history", written.name, &part), OK);
    assert_int_equal(part_cursor_create(part, tell, &told, &cursor), OK);
    for (int i = 0; i < 3; i++) {
        struct bytes bytes;
        assert_int_equal(part_cursor_seek(cursor, 0, T0), OK);
        assert_int_equal(part_cursor_next(cursor, &entry), OK);
        assert_int_equal(part_cursor_chunk(cursor, &entry, &bytes), ERR_CORRUPT);
        assert_int_equal(part_cursor_seek(cursor, 280, T0), OK);
        assert_int_equal(part_cursor_next(cursor, &entry), ERR_MISSING);
    }
    assert_int_equal(told.count, 2);
    assert_int_equal(told.last.owner, PART_BLOCK_ENTRIES);
    assert_int_equal(told.last.owner_last, OWNERS - 1);
    assert_true(told.last.first_ns == entries[PART_BLOCK_ENTRIES].first_ns &&
                told.last.last_ns == entries[OWNERS - 1].last_ns);
    part_cursor_destroy(cursor);
    part_release(part);
}

/* The n-th call of a walk fails: a read is told as damage, or was repeated, never more than that.
 */
static void test_nth_read_fails(void **state)
{
    (void)state;
    bool through = false;
    for (uint64_t n = 1; !through; n++) {
        struct part *part;
        struct told told = {0};
        memory.calls = 0;
        memory.fail_at = n;
        enum err err = part_open(disk, "history", written.name, &part);
        if (err == OK) {
            part_is_right_or_told(part, &told);
            part_release(part);
        } else
            assert_int_equal(err, ERR_IO);
        through = memory.calls < n;
        assert_true(told.count <= 1 && n < 100);
    }
    memory.fail_at = 0;
}

/* An index whose sums are right and whose words are not: made by hand, refused by the reader. */
static void test_hostile_tops(void **state)
{
    (void)state;
    static const struct {
        size_t at; /* in the first block's entry of the top */
        size_t size;
        uint64_t word;
    } changes[] = {
        {0, 4, 300}, {4, 4, UINT32_MAX},  {8, 8, (uint64_t)INT64_MAX},
        {24, 8, 0},  {24, 8, UINT64_MAX}, {24, 8, 1},
        {32, 4, 0},  {32, 4, UINT32_MAX}, {32, 4, PART_BLOCK_BYTES_MIN - 1},
    };
    size_t top_at = file->size - PART_FOOTER_SIZE - (size_t)2 * PART_TOP_SIZE;
    uint8_t *footer = file->at + file->size - PART_FOOTER_SIZE;
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
        struct part *part;
        uint8_t before[PART_TOP_SIZE];
        memcpy(before, file->at + top_at, sizeof before);
        memcpy(file->at + top_at + changes[i].at, &changes[i].word, changes[i].size);
        store_u32(footer + 164, crc32c(0, file->at + top_at, (size_t)2 * PART_TOP_SIZE));
        store_u32(footer + PART_FOOTER_SIZE - 4, crc32c(0, footer, PART_FOOTER_SIZE - 4));
        assert_int_equal(part_open(disk, "history", written.name, &part), ERR_CORRUPT);
        memcpy(file->at + top_at, before, sizeof before);
    }
}

static void test_hostile_footers(void **state)
{
    (void)state;
    uint8_t *footer = file->at + file->size - PART_FOOTER_SIZE, before[PART_FOOTER_SIZE];
    memcpy(before, footer, sizeof before);
    for (size_t at = 12; at < PART_FOOTER_SIZE - 4; at += 4) {
        static const uint32_t words[] = {0, 1, UINT32_MAX, UINT32_C(1) << 31};
        for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
            struct part *part;
            struct told told = {0};
            store_u32(footer + at, words[i]);
            store_u32(footer + PART_FOOTER_SIZE - 4, crc32c(0, footer, PART_FOOTER_SIZE - 4));
            if (part_open(disk, "history", written.name, &part) == OK) {
                (void)part_check(part, NULL, NULL);
                part_is_right_or_told(part, &told);
                part_release(part);
            }
            memcpy(footer, before, sizeof before);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_longer_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_header, setup, teardown),
        cmocka_unit_test_setup_teardown(test_salvage_by_the_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_told_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nth_read_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile_tops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile_footers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
