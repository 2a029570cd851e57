/* The list of parts: what counts after every interruption, and what is told of damage. */
#include "parts/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define T0 (INT64_C(1767225600) * NS_PER_S)
#define LIST_PATH "history/parts.list"

static struct maker maker;
static struct memory_disk memory;
static struct disk *disk;
static char rebuilt[128];

struct told {
    size_t count;
    struct part_damage last;
};

static void tell(void *arg, const struct part_damage *damage)
{
    struct told *told = arg;
    told->count++;
    told->last = *damage;
}

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

static enum err part_try(enum part_tier tier, uint64_t serial, uint64_t from, uint64_t to,
                         struct part_info *ret_info)
{
    struct part_info info = {.tier = tier, .serial = serial, .from = from, .to = to};
    info.journal[0] = 7;
    info.journal[1] = 8;
    struct part_writer *writer;
    enum err err = part_writer_create(disk, "history", &info, &writer);
    for (uint32_t owner = 0; owner < 3 && err == OK; owner++) {
        struct bytes chunk = maker_make(&maker, owner, T0 + (int64_t)from, 1, 10);
        err = part_writer_put(writer, owner, maker.first_ns, maker.last_ns, 10, 10, chunk);
        if (err != OK)
            part_writer_drop(writer);
    }
    return err == OK ? part_writer_end(writer, ret_info) : err;
}

static struct part_info part_put(enum part_tier tier, uint64_t serial, uint64_t from, uint64_t to)
{
    struct part_info info;
    assert_int_equal(part_try(tier, serial, from, to, &info), OK);
    return info;
}

static struct parts_list list_read(struct told *told, bool read_only)
{
    struct parts_list list;
    *told = (struct told){0};
    assert_int_equal(parts_list_read(disk, "history", read_only, tell, told, &list, rebuilt), OK);
    return list;
}

static struct parts_list list_of(struct part_info *parts, size_t count)
{
    return (struct parts_list){
        .journal = {7, 8}, .serial = 9, .sealed = 300, .count = count, .parts = parts};
}

/* Three parts and their list on the disk. */
static void three_put(struct part_info *parts)
{
    parts[0] = part_put(PART_RAW, 1, 1, 100);
    parts[1] = part_put(PART_RAW, 2, 100, 200);
    parts[2] = part_put(PART_MINUTE, 3, 1, 200);
    struct parts_list list = list_of(parts, 3);
    assert_int_equal(parts_list_write(disk, "history", &list), OK);
}

static void damage_at(const char *path, size_t offset)
{
    struct disk_file *file = memory_find(&memory, path);
    assert_non_null(file);
    file->at[offset] ^= 0x10;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct part_info parts[3];
    struct told told;
    three_put(parts);
    for (int i = 0; i < 2; i++) {
        uint64_t writes = memory.syncs;
        struct parts_list list = list_read(&told, i == 0);
        assert_string_equal(rebuilt, "");
        assert_int_equal(told.count, 0);
        assert_int_equal(memory.syncs, writes); /* nothing was written */
        assert_int_equal(list.count, 3);
        assert_int_equal(list.serial, 9);
        assert_int_equal(list.sealed, 300);
        assert_true(list.journal[0] == 7 && list.journal[1] == 8);
        for (size_t p = 0; p < 3; p++) {
            assert_string_equal(list.parts[p].name, parts[p].name);
            assert_int_equal(list.parts[p].samples, 30);
            assert_int_equal(list.parts[p].bytes, parts[p].bytes);
        }
        parts_list_done(&list);
    }
}

static void test_parts_come_sorted(void **state)
{
    (void)state;
    struct part_info parts[] = {part_put(PART_DAY, 1, 1, 9), part_put(PART_RAW, 3, 5, 9),
                                part_put(PART_RAW, 2, 1, 5)};
    struct parts_list list = list_of(parts, 3);
    struct told told;
    assert_int_equal(parts_list_write(disk, "history", &list), OK);
    list = list_read(&told, false);
    assert_true(list.parts[0].serial == 2 && list.parts[1].serial == 3 &&
                list.parts[2].serial == 1);
    parts_list_done(&list);
}

static void test_nothing_is_an_empty_list(void **state)
{
    (void)state;
    struct told told;
    for (int i = 0; i < 2; i++) {
        memory.none = i == 0;
        struct parts_list list = list_read(&told, false);
        assert_int_equal(list.count, 0);
        assert_int_equal(list.sealed, 1);
        assert_int_equal(list.serial, 0);
        assert_string_equal(rebuilt, "");
        assert_int_equal(told.count, 0);
        parts_list_done(&list);
    }
    assert_int_equal(memory_disk_count(&memory), 0);
}

static void test_limit_of_parts(void **state)
{
    (void)state;
    struct part_info *parts = calloc(PARTS_MAX + 1, sizeof *parts);
    assert_non_null(parts);
    for (uint64_t i = 0; i <= PARTS_MAX; i++) {
        parts[i] = (struct part_info){.serial = i, .from = i, .to = i + 1};
        assert_true(part_name_put(&parts[i]));
    }
    struct parts_list list = list_of(parts, PARTS_MAX + 1);
    assert_int_equal(parts_list_write(disk, "history", &list), ERR_LIMIT);
    list.count = PARTS_MAX;
    assert_int_equal(parts_list_write(disk, "history", &list), OK);
    struct told told;
    list = list_read(&told, true); /* it is read, and each of its files is missing */
    assert_string_equal(rebuilt, "");
    assert_int_equal(told.count, PARTS_MAX);
    parts_list_done(&list);
    free(parts);
}

static void test_leftovers_go(void **state)
{
    (void)state;
    struct part_info parts[3], other;
    struct told told;
    struct disk_file *file = NULL;
    three_put(parts);
    other = part_put(PART_RAW, 4, 200, 300);
    char temporary[PART_PATH_SIZE];
    snprintf(temporary, sizeof temporary, "history/%s.tmp", parts[0].name);
    static const char *const others[] = {"history/parts.list.tmp", "history/readme.txt",
                                         "history/parts.list.old"};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        assert_int_equal(memory_open(disk, others[i], DISK_CREATE, &file), OK);
        memory_close(disk, file);
    }
    assert_int_equal(memory_open(disk, temporary, DISK_CREATE, &file), OK);
    memory_close(disk, file);
    assert_int_equal(memory_disk_count(&memory), 9);
    struct parts_list list = list_read(&told, true);
    parts_list_done(&list);
    assert_int_equal(memory_disk_count(&memory), 9);
    list = list_read(&told, false);
    parts_list_done(&list);
    assert_int_equal(memory_disk_count(&memory), 6); /* what is not ours by name stays */
    char path[PART_PATH_SIZE];
    part_path_put(path, "history", other.name);
    assert_null(memory_find(&memory, path));
    assert_null(memory_find(&memory, temporary));
    assert_non_null(memory_find(&memory, others[1]));
}

static void test_lost_list_is_made_anew(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct part_info parts[3];
        struct told told;
        three_put(parts);
        /* A merge of both raw parts was written, and its inputs not removed yet. */
        struct part_info merged = part_put(PART_RAW, 5, 1, 200);
        if (way == 0)
            assert_int_equal(memory_remove(disk, LIST_PATH), OK);
        else
            damage_at(LIST_PATH, way == 1 ? 3 : 100);
        struct parts_list list = list_read(&told, true);
        assert_true(strlen(rebuilt) > 20);
        assert_int_equal(list.count, 2);
        parts_list_done(&list);
        list = list_read(&told, false);
        assert_true(strlen(rebuilt) > 20);
        assert_int_equal(told.count, 0);
        assert_int_equal(list.count, 2);
        assert_string_equal(list.parts[0].name, merged.name);
        assert_string_equal(list.parts[1].name, parts[2].name);
        assert_int_equal(list.serial, 5);
        assert_int_equal(list.sealed, 200);
        assert_int_equal(list.journal[0], 7);
        parts_list_done(&list);
        list = list_read(&told, false);
        assert_string_equal(rebuilt, "");
        assert_int_equal(list.count, 2);
        parts_list_done(&list);
        assert_int_equal(memory_disk_count(&memory), way == 0 ? 3 : 4); /* the damaged list */
        memory_disk_done(&memory);
        disk = memory_disk_init(&memory);
    }
}

static void test_parts_that_contradict_are_set_aside(void **state)
{
    (void)state;
    struct told told;
    struct part_info old = part_put(PART_RAW, 1, 1, 100);
    part_put(PART_RAW, 2, 50, 150);
    struct parts_list list = list_read(&told, false);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.parts[0].serial, 2);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.last.file, old.name);
    assert_non_null(memory_find(&memory, "history/damaged/raw-0000000001-0000000100-000001.part"));
    parts_list_done(&list);
}

/* A part that was salvaged lies within one that was merged over the gap meanwhile: both count. */
static void test_a_salvaged_part_counts(void **state)
{
    (void)state;
    struct told told;
    part_put(PART_RAW, 5, 1, 300);
    part_put(PART_RAW, 2, 1, 300); /* merged away */
    part_put(PART_RAW, 7, 100, 200);
    struct parts_list list = list_read(&told, false);
    assert_int_equal(told.count, 0);
    assert_int_equal(list.count, 2);
    assert_true(list.parts[0].serial == 5 && list.parts[1].serial == 7);
    assert_int_equal(list.sealed, 300);
    parts_list_done(&list);
}

static void test_a_damaged_part_is_set_aside_and_named(void **state)
{
    (void)state;
    struct part_info parts[3];
    struct told told;
    char path[PART_PATH_SIZE];
    three_put(parts);
    part_path_put(path, "history", parts[1].name);
    damage_at(path, (size_t)parts[1].bytes - 20);
    struct parts_list list = list_read(&told, true); /* only looked at */
    assert_int_equal(list.count, 2);
    assert_int_equal(told.count, 1);
    assert_int_equal(memory_disk_count(&memory), 4);
    assert_non_null(memory_find(&memory, path));
    parts_list_done(&list);
    for (int i = 0; i < 3; i++) {
        list = list_read(&told, false);
        assert_int_equal(list.count, 2);
        assert_int_equal(told.count, 1);
        assert_string_equal(told.last.file, parts[1].name);
        assert_int_equal(told.last.bytes, parts[1].bytes);
        if (i == 0)
            assert_true(told.last.first_ns == parts[1].first_ns &&
                        told.last.last_ns == parts[1].last_ns);
        assert_int_equal(list.serial, 9);
        parts_list_done(&list);
        assert_null(memory_find(&memory, path));
    }
}

static void test_a_missing_part_is_remembered(void **state)
{
    (void)state;
    struct part_info parts[3];
    struct told told;
    char path[PART_PATH_SIZE];
    three_put(parts);
    part_path_put(path, "history", parts[0].name);
    assert_int_equal(memory_remove(disk, path), OK);
    for (int i = 0; i < 3; i++) {
        struct parts_list list = list_read(&told, false);
        assert_int_equal(list.count, 2);
        assert_int_equal(told.count, 1);
        assert_string_equal(told.last.file, parts[0].name);
        assert_string_equal(told.last.why, "the file is missing");
        parts_list_done(&list);
    }
}

static void test_another_part_under_the_name(void **state)
{
    (void)state;
    struct part_info parts[3];
    struct told told;
    three_put(parts);
    part_put(PART_RAW, 1, 1, 100); /* whole, but its clock was another: not the one meant */
    parts[0].wall_ns = 99;
    struct parts_list list = list_of(parts, 3);
    assert_int_equal(parts_list_write(disk, "history", &list), OK);
    list = list_read(&told, false);
    assert_int_equal(list.count, 2);
    assert_int_equal(told.count, 1);
    parts_list_done(&list);
}

static void test_newer_is_left_alone(void **state)
{
    (void)state;
    struct part_info parts[3];
    struct told told = {0};
    struct parts_list list;
    char path[PART_PATH_SIZE];
    three_put(parts);
    part_path_put(path, "history", parts[0].name);
    for (int way = 0; way < 2; way++) {
        struct disk_file *file = memory_find(&memory, way == 0 ? path : LIST_PATH);
        size_t size = way == 0 ? PART_HEADER_SIZE : 64;
        store_u32(file->at + 8, 2);
        store_u32(file->at + size - 4, crc32c(0, file->at, size - 4));
        assert_int_equal(parts_list_read(disk, "history", false, tell, &told, &list, rebuilt),
                         ERR_NEWER);
        assert_int_equal(told.count, 0);
        assert_int_equal(memory_disk_count(&memory), 4);
    }
}

/* Every byte of the list, one after another: it is as it was, or made anew, and nothing is lost. */
static void test_damage_of_every_byte_of_the_list(void **state)
{
    (void)state;
    struct part_info parts[3];
    struct told told;
    three_put(parts);
    struct disk_file *file = memory_find(&memory, LIST_PATH);
    for (size_t i = 0; i < file->size; i++) {
        file->at[i] ^= 0x21;
        struct parts_list list = list_read(&told, true);
        assert_true(strlen(rebuilt) > 0);
        assert_int_equal(told.count, 0);
        assert_int_equal(list.count, 3);
        parts_list_done(&list);
        file->at[i] ^= 0x21;
    }
    for (size_t size = file->size; size > 0; size--) {
        file->size = size - 1;
        struct parts_list list = list_read(&told, true);
        assert_true(strlen(rebuilt) > 0);
        assert_int_equal(list.count, 3);
        parts_list_done(&list);
    }
}

/* A merge as history does it: the new part, the list, the old parts away. */
static enum err merge_run(void)
{
    struct part_info merged;
    struct parts_list list;
    struct told told = {0};
    enum err err = parts_list_read(disk, "history", false, tell, &told, &list, rebuilt);
    if (err != OK)
        return err;
    struct part *old[2] = {0};
    for (size_t i = 0; i < 2 && err == OK; i++)
        err = part_open(disk, "history", list.parts[i].name, &old[i]);
    if (err == OK)
        err = part_try(PART_RAW, list.serial + 1, 1, 200, &merged);
    if (err == OK) {
        list.parts[0] = merged;
        list.parts[1] = list.parts[2];
        list.count = 2;
        list.serial++;
        err = parts_list_write(disk, "history", &list);
    }
    for (size_t i = 0; i < 2; i++) {
        if (old[i] != NULL && err == OK)
            part_doom(old[i]);
        part_release(old[i]);
    }
    parts_list_done(&list);
    return err;
}

/* The n-th call of a merge fails, once or all that follow as well: the list is the old one or the
 * new one, every part of it is whole, and no leftover outlives the next reading. */
static void merge_fails_at(uint64_t n, bool for_ever, bool *ret_through)
{
    struct part_info parts[3];
    struct told told;
    three_put(parts);
    memory.calls = 0;
    memory.fail_at = n;
    memory.for_ever = for_ever;
    enum err err = merge_run();
    *ret_through = memory.calls < n;
    memory.fail_at = 0;
    struct parts_list list = list_read(&told, false);
    assert_string_equal(rebuilt, "");
    assert_true(list.count == 2 || (err != OK && list.count == 3));
    assert_true(list.serial == 10 || (list.count == 3 && list.serial == 9));
    for (size_t i = 0; i < list.count; i++) {
        struct part *part;
        assert_int_equal(part_open(disk, "history", list.parts[i].name, &part), OK);
        assert_int_equal(part_check(part, tell, &told), 0);
        part_release(part);
    }
    assert_int_equal(told.count, 0);
    assert_int_equal(memory_disk_count(&memory), list.count + 1);
    parts_list_done(&list);
    memory_disk_done(&memory);
    disk = memory_disk_init(&memory);
}

static void test_nth_call_of_a_merge_fails(void **state)
{
    (void)state;
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        bool through = false;
        uint64_t n = 1;
        for (; !through; n++)
            merge_fails_at(n, for_ever == 1, &through);
        assert_true(n > 30 && n < 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parts_come_sorted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_an_empty_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit_of_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leftovers_go, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_list_is_made_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parts_that_contradict_are_set_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_salvaged_part_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_damaged_part_is_set_aside_and_named, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_missing_part_is_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_part_under_the_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newer_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_of_every_byte_of_the_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nth_call_of_a_merge_fails, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
