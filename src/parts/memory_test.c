/* Any piece of memory may be refused: who asked is told so, nothing is set aside or removed for it,
 * and with memory again everything is as it was. The linker sends what is asked of the C library
 * through the functions below. */
#include "parts/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__real_reallocarray(void *at, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
void *__wrap_reallocarray(void *at, size_t count, size_t size);

static uint64_t asked, refuse_at; /* the how many-th is refused; 0: none */
static bool refused_one;

static bool refused(void)
{
    if (++asked != refuse_at)
        return false;
    refused_one = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
    return refused() ? NULL : __real_realloc(at, size);
}

void *__wrap_reallocarray(void *at, size_t count, size_t size)
{
    return refused() ? NULL : __real_reallocarray(at, count, size);
}

#define OWNERS 600

static struct maker maker;
static struct memory_disk memory;
static struct disk *disk;
static size_t told, told_of_memory;

static void tell(void *arg, const struct part_damage *damage)
{
    (void)arg;
    told++;
    told_of_memory += strstr(damage->why, "memory") != NULL;
}

static enum err part_try(uint64_t serial, uint64_t from, uint64_t to, struct part_info *ret_info)
{
    struct part_info info = {.tier = PART_RAW, .serial = serial, .from = from, .to = to};
    struct part_writer *writer;
    enum err err = part_writer_create(disk, "history", &info, &writer);
    for (uint32_t owner = 0; owner < OWNERS && err == OK; owner++) {
        struct bytes chunk = maker_make(&maker, owner, (int64_t)from, 1, 2);
        err = part_writer_put(writer, owner, maker.first_ns, maker.last_ns, 2, 2, chunk);
        if (err != OK)
            part_writer_drop(writer);
    }
    return err == OK ? part_writer_end(writer, ret_info) : err;
}

static enum err list_try(size_t *ret_count)
{
    struct parts_list list;
    char rebuilt[128];
    enum err err = parts_list_read(disk, "history", false, tell, NULL, &list, rebuilt);
    if (err != OK)
        return err;
    assert_string_equal(rebuilt, "");
    *ret_count = list.count;
    parts_list_done(&list);
    return OK;
}

/* Reads the chunks of a part. */
static enum err part_read(struct part *part)
{
    struct part_cursor *cursor;
    struct part_entry entry;
    struct bytes bytes;
    enum err err = part_cursor_create(part, tell, NULL, &cursor);
    if (err != OK)
        return err;
    err = part_cursor_seek(cursor, OWNERS / 2, 0);
    while (err == OK && (err = part_cursor_next(cursor, &entry)) == OK)
        err = part_cursor_chunk(cursor, &entry, &bytes);
    part_cursor_destroy(cursor);
    return err == ERR_MISSING ? OK : err;
}

/* All that can be done, till something is refused. */
static enum err script_run(void)
{
    static const uint64_t journal[2];
    struct part_info infos[2], more;
    struct part *part = NULL;
    size_t count;
    enum err err = part_try(1, 1, 100, &infos[0]);
    if (err == OK)
        err = part_try(2, 100, 200, &infos[1]);
    struct parts_list list = {.serial = 2, .sealed = 200, .count = 2, .parts = infos};
    if (err == OK)
        err = parts_list_write(disk, "history", &list);
    if (err == OK)
        err = list_try(&count);
    if (err == OK)
        err = part_open(disk, "history", infos[0].name, &part);
    if (err == OK)
        err = part_read(part);
    if (err == OK && part_check(part, tell, NULL) > 0)
        err = ERR_NO_MEMORY;
    if (err == OK)
        err = part_repair(part, 3, &more);
    if (err == OK)
        err = part_salvage(disk, "history", infos[1].name, journal, 4, &more);
    part_release(part);
    return err;
}

static void test_nth_piece_is_refused(void **state)
{
    (void)state;
    uint64_t n = 1;
    for (bool through = false; !through; n++) {
        disk = memory_disk_init(&memory);
        told = told_of_memory = asked = 0;
        refused_one = false;
        refuse_at = n;
        enum err err = script_run();
        refuse_at = 0;
        through = !refused_one;
        assert_int_equal(err, through ? OK : ERR_NO_MEMORY);
        assert_int_equal(told, told_of_memory); /* it is never called damage */
        size_t count = 2, found;
        bool listed = memory_find(&memory, "history/parts.list") != NULL;
        if (listed) {
            assert_int_equal(list_try(&found), OK);
            assert_int_equal(found, count);
            assert_int_equal(told, told_of_memory);
            assert_int_equal(memory_disk_count(&memory), 3);
        }
        memory_disk_done(&memory);
    }
    assert_true(n > 30 && n < 1000);
}

static int setup(void **state)
{
    (void)state;
    maker_init(&maker);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    maker_done(&maker);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nth_piece_is_refused)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
