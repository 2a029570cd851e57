/* Parts and their list on the imagined disk: whenever the power goes, the list that is found is the
 * last one that was acknowledged or the one after it, and every part of it is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "disk_sim.h"
#include "parts/parts.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 3 /* each seals two parts and merges them with all before */
#define OWNERS 400
#define SEEDS 3

static struct chunk_encoder *encoder;

static enum err part_write(struct disk *disk, uint32_t level, uint64_t serial, uint64_t from,
                           uint64_t to, struct part_info *ret_info)
{
    static uint8_t bytes[1 << 16];
    struct part_info info = {
        .tier = PART_RAW, .level = level, .serial = serial, .from = from, .to = to};
    struct part_writer *writer;
    enum err err = part_writer_create(disk, "history", &info, &writer);
    for (uint32_t owner = 0; owner < OWNERS && err == OK; owner++) {
        int64_t times[4];
        uint64_t words[4];
        size_t size;
        for (uint32_t i = 0; i < 4; i++) {
            times[i] = (int64_t)from * NS_PER_S + i;
            words[i] = owner * to + i;
        }
        struct chunk_column column = {.type = VALUE_INT64, .words = words};
        struct chunk_rows rows = {
            .owner = owner, .rows = 4, .columns_count = 1, .times = times, .columns = &column};
        assert_int_equal(chunk_encode(encoder, &rows, bytes, sizeof bytes, &size), OK);
        err = part_writer_put(writer, owner, times[0], times[3], 4, 4, bytes_of(bytes, size));
        if (err != OK)
            part_writer_drop(writer);
    }
    return err == OK ? part_writer_end(writer, ret_info) : err;
}

static void never(void *arg, const struct part_damage *damage)
{
    (void)arg;
    fail_msg("%s: %s", damage->file, damage->why);
}

/* Before a list was written for the first time, a part alone may be found. */
static enum err list_read(struct disk *disk, size_t steps, struct parts_list *ret_list)
{
    char rebuilt[128];
    enum err err = parts_list_read(disk, "history", false, never, NULL, ret_list, rebuilt);
    if (err == OK && steps > 0)
        assert_string_equal(rebuilt, "");
    return err;
}

/* One more part in the list: covers [from, to). `doomed` first parts of the list go. */
static enum err step(struct disk *disk, struct parts_list *list, uint64_t from, uint64_t to,
                     size_t doomed)
{
    struct part_info info;
    struct part *old[4] = {0};
    size_t opened = 0;
    enum err err = part_write(disk, doomed > 0, list->serial + 1, from, to, &info);
    for (; opened < doomed && err == OK; opened++)
        err = part_open(disk, "history", list->parts[opened].name, &old[opened]);
    if (err == OK) {
        struct part_info parts[4];
        size_t count = 0;
        if (doomed > 0)
            parts[count++] = info;
        for (size_t i = doomed; i < list->count; i++)
            parts[count++] = list->parts[i];
        if (doomed == 0)
            parts[count++] = info;
        struct parts_list next = {.serial = list->serial + 1,
                                  .sealed = to > list->sealed ? to : list->sealed,
                                  .count = count,
                                  .parts = parts};
        err = parts_list_write(disk, "history", &next);
        if (err == OK) {
            memcpy(list->parts, parts, count * sizeof parts[0]);
            list->count = count;
            list->serial = next.serial;
            list->sealed = next.sealed;
        }
    }
    for (size_t i = 0; i < opened; i++) {
        if (err == OK)
            part_doom(old[i]);
        part_release(old[i]);
    }
    return err;
}

/* Seals and merges till something fails; *ret_steps: acknowledged. */
static enum err life(struct disk *disk, size_t *ret_steps)
{
    struct part_info parts[4];
    struct parts_list list = {.sealed = 1, .parts = parts};
    enum err err = OK;
    *ret_steps = 0;
    for (uint64_t round = 0; round < ROUNDS && err == OK; round++) {
        uint64_t from = 1 + round * 200;
        for (int i = 0; i < 3 && err == OK; i++) {
            if (i < 2)
                err =
                    step(disk, &list, from + (uint64_t)i * 100, from + (uint64_t)(i + 1) * 100, 0);
            else
                err = step(disk, &list, 1, from + 200, list.count);
            *ret_steps += err == OK;
        }
    }
    return err;
}

/* Files of ours in the folder. */
static void count_file(void *arg, const char *name, uint64_t size)
{
    (void)name;
    (void)size;
    ++*(size_t *)arg;
}

/* The list is that of `steps` acknowledged steps, or of one more. */
static void list_is_right(struct disk *disk, size_t steps)
{
    struct parts_list list;
    size_t files = 0;
    assert_int_equal(list_read(disk, steps, &list), OK);
    assert_true(list.serial >= steps && list.serial <= steps + 1);
    uint64_t state = list.serial;
    /* An unlisted part of the next step may have been seen: then its serial is learned alone. */
    if (list.count > 0 && list.parts[list.count - 1].serial < state && list.parts[0].serial < state)
        state--;
    size_t rounds = (size_t)state / 3, in_round = (size_t)state % 3;
    assert_int_equal(list.count, list.count == 0 ? 0 : (rounds > 0 ? 1 : 0) + in_round);
    assert_true(list.count > 0 || steps == 0);
    uint64_t at = 1;
    for (size_t i = 0; i < list.count; i++) {
        struct part *part;
        assert_int_equal(list.parts[i].from, at); /* nothing is missing, nothing twice */
        at = list.parts[i].to;
        assert_int_equal(part_open(disk, "history", list.parts[i].name, &part), OK);
        assert_int_equal(part_check(part, never, NULL), 0);
        part_release(part);
    }
    assert_int_equal(list.sealed, at);
    if (list.count > 0) {
        assert_int_equal(disk->list(disk, "history", count_file, &files), OK);
        assert_int_equal(files, list.count + 1);
    }
    parts_list_done(&list);
}

static void test_power_fails_in_every_call(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bool through = false;
        for (uint64_t n = 1; !through; n++) {
            struct random random;
            struct disk_sim *sim;
            size_t steps;
            random_seed(&random, seed * 1000 + n);
            assert_int_equal(disk_sim_create(&random, &sim), OK);
            struct disk *disk = disk_sim_port(sim);
            disk_sim_power_fail_in(sim, n);
            through = life(disk, &steps) == OK && !disk_sim_power_is_off(sim);
            if (!disk_sim_power_is_off(sim))
                disk_sim_power_off(sim);
            disk_sim_power_on(sim);
            disk_sim_power_fail_in(sim, 0);
            list_is_right(disk, steps);
            disk_sim_power_off(sim); /* what the reading cleaned up may come back, and goes again */
            disk_sim_power_on(sim);
            list_is_right(disk, steps);
            assert_true(!through || (n > 50 && steps == 3 * ROUNDS));
            disk_sim_destroy(sim);
        }
    }
}

static void test_every_call_fails_once(void **state)
{
    (void)state;
    size_t steps = 0;
    for (uint64_t n = 0; steps < (size_t)3 * ROUNDS; n++) {
        struct random random;
        struct disk_sim *sim;
        random_seed(&random, n);
        assert_int_equal(disk_sim_create(&random, &sim), OK);
        struct disk *disk = disk_sim_port(sim);
        disk_sim_fail_in(sim, n, 1);
        enum err err = life(disk, &steps);
        assert_true(err == OK || err == ERR_IO);
        disk_sim_fail_in(sim, 0, 0);
        list_is_right(disk, steps);
        disk_sim_destroy(sim);
        assert_true(n < 400);
    }
}

static void test_the_disk_is_full(void **state)
{
    (void)state;
    struct random random;
    struct disk_sim *sim;
    size_t steps = 0;
    for (uint64_t capacity = 4096; steps < (size_t)3 * ROUNDS; capacity += 4096) {
        random_seed(&random, capacity);
        assert_int_equal(disk_sim_create(&random, &sim), OK);
        struct disk *disk = disk_sim_port(sim);
        disk_sim_capacity(sim, capacity);
        enum err err = life(disk, &steps);
        assert_true(err == OK || err == ERR_NO_SPACE);
        list_is_right(disk, steps);
        disk_sim_destroy(sim);
        assert_true(capacity < 1 << 20);
    }
}

static int setup(void **state)
{
    (void)state;
    return chunk_encoder_create(&encoder) == OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    chunk_encoder_destroy(encoder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_fails_in_every_call),
        cmocka_unit_test(test_every_call_fails_once),
        cmocka_unit_test(test_the_disk_is_full),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
