/* The imagined disk keeps what was synced and nothing it should not: a simulator that is too kind
 * proves nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "disk_sim.h"

#include <stdlib.h>
#include <string.h>

#define BLOCKS 16
#define SIZE ((size_t)BLOCKS * 4096)

struct house {
    struct random random;
    struct disk_sim *sim;
    struct disk *disk;
    uint8_t *ones; /* SIZE, page-aligned */
    uint8_t *back;
};

static void house_init(struct house *house, uint64_t seed)
{
    random_seed(&house->random, seed);
    assert_int_equal(disk_sim_create(&house->random, &house->sim), OK);
    house->disk = disk_sim_port(house->sim);
    house->ones = os_aligned_alloc(SIZE);
    house->back = os_aligned_alloc(SIZE);
    memset(house->ones, 1, SIZE);
}

static void house_done(struct house *house)
{
    disk_sim_destroy(house->sim);
    os_aligned_free(house->ones);
    os_aligned_free(house->back);
}

static struct disk_file *file_open(struct house *house, unsigned flags)
{
    struct disk_file *file;
    assert_int_equal(
        house->disk->open(house->disk, "file", DISK_READ | DISK_WRITE | DISK_CREATE | flags, &file),
        OK);
    return file;
}

static void house_crash(struct house *house, struct disk_file *file)
{
    disk_sim_power_off(house->sim);
    size_t size;
    assert_int_equal(house->disk->read(house->disk, file, 0, house->back, 1, &size), ERR_IO);
    house->disk->close(house->disk, file);
    disk_sim_power_on(house->sim);
}

/* How many sectors of the file hold ones; -1: the file is not there. */
static int sectors_of_ones(struct house *house)
{
    struct disk_file *file;
    size_t size;
    int count = 0;
    if (house->disk->open(house->disk, "file", DISK_READ, &file) != OK)
        return -1;
    assert_int_equal(house->disk->read(house->disk, file, 0, house->back, SIZE, &size), OK);
    for (size_t at = 0; at + 512 <= size; at += 512) {
        bool one = memcmp(house->back + at, house->ones, 512) == 0;
        for (size_t i = 0; i < 512 && !one; i++)
            assert_int_equal(house->back[at + i], 0); /* a sector is whole or was never written */
        count += one;
    }
    house->disk->close(house->disk, file);
    return count;
}

static void test_synced_stays_unsynced_may_go(void **state)
{
    unsigned whole = 0, nothing = 0, torn = 0, nameless = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct house house;
        house_init(&house, seed);
        struct disk_file *file = file_open(&house, 0);
        assert_int_equal(house.disk->write(house.disk, file, 0, house.ones, SIZE), OK);
        bool synced = seed % 2 == 0;
        if (synced) {
            assert_int_equal(house.disk->sync(house.disk, file), OK);
            assert_int_equal(house.disk->sync_folder(house.disk, "."), OK);
        }
        house_crash(&house, file);
        int sectors = sectors_of_ones(&house);
        if (synced)
            assert_int_equal(sectors, SIZE / 512);
        nameless += sectors == -1;
        nothing += sectors == 0;
        whole += !synced && sectors == SIZE / 512;
        torn += sectors > 0 && sectors < (int)(SIZE / 512);
        house_done(&house);
    }
    assert_true(whole > 0 && nothing > 0 && torn > 0 && nameless > 10);
}

static void test_durable_write_is_there_or_torn(void **state)
{
    unsigned torn = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct house house;
        house_init(&house, seed);
        struct disk_file *file = file_open(&house, DISK_DURABLE);
        assert_int_equal(house.disk->sync_folder(house.disk, "."), OK);
        assert_int_equal(house.disk->write(house.disk, file, 0, house.ones, SIZE / 2), OK);
        disk_sim_power_fail_in(house.sim, 1);
        assert_int_equal(house.disk->write(house.disk, file, SIZE / 2, house.ones, SIZE / 2),
                         ERR_IO);
        assert_true(disk_sim_power_is_off(house.sim));
        house_crash(&house, file);
        int sectors = sectors_of_ones(&house);
        assert_in_range(sectors, SIZE / 1024, SIZE / 512);
        torn += sectors > (int)(SIZE / 1024) && sectors < (int)(SIZE / 512);
        house_done(&house);
    }
    assert_true(torn > 10);
}

static void test_failed_sync_loses_for_good(void **state)
{
    unsigned lost = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct house house;
        house_init(&house, seed);
        struct disk_file *file = file_open(&house, 0);
        assert_int_equal(house.disk->sync_folder(house.disk, "."), OK);
        assert_int_equal(house.disk->write(house.disk, file, 0, house.ones, SIZE), OK);
        disk_sim_fail_in(house.sim, 0, 1);
        assert_int_equal(house.disk->sync(house.disk, file), ERR_IO);
        assert_int_equal(house.disk->sync(house.disk, file), OK); /* it lies, as Linux does */
        house_crash(&house, file);
        lost += sectors_of_ones(&house) < (int)(SIZE / 512);
        house_done(&house);
    }
    assert_true(lost > 40);
}

static void test_names(void **state)
{
    unsigned old = 0, fresh = 0;
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct house house;
        struct disk_file *file;
        house_init(&house, seed);
        file = file_open(&house, DISK_DURABLE);
        assert_int_equal(house.disk->write(house.disk, file, 0, house.ones, 4096), OK);
        assert_int_equal(house.disk->sync_folder(house.disk, "."), OK);
        assert_int_equal(house.disk->rename(house.disk, "file", "moved"), OK);
        assert_int_equal(house.disk->rename(house.disk, "file", "moved"), ERR_MISSING);
        if (seed % 2 == 0)
            assert_int_equal(house.disk->sync_folder(house.disk, "."), OK);
        house_crash(&house, file);
        bool is_old = house.disk->open(house.disk, "file", DISK_READ, &file) == OK;
        if (is_old)
            house.disk->close(house.disk, file);
        bool is_new = house.disk->open(house.disk, "moved", DISK_READ, &file) == OK;
        if (is_new)
            house.disk->close(house.disk, file);
        assert_true(is_old != is_new); /* never both, never neither */
        if (seed % 2 == 0)
            assert_true(is_new);
        old += is_old;
        fresh += is_new;
        house_done(&house);
    }
    assert_true(old > 5 && fresh > 5);
}

static void test_space(void **state)
{
    struct house house;
    uint64_t free_bytes;
    (void)state;
    house_init(&house, 1);
    struct disk_file *file = file_open(&house, 0);
    disk_sim_capacity(house.sim, 8192);
    assert_int_equal(house.disk->write(house.disk, file, 0, house.ones, 8193), ERR_NO_SPACE);
    assert_int_equal(house.disk->write(house.disk, file, 0, house.ones, 8192), OK);
    assert_int_equal(house.disk->write(house.disk, file, 0, house.ones, 8192), OK);
    assert_int_equal(house.disk->free_bytes(house.disk, &free_bytes), OK);
    assert_int_equal(free_bytes, 0);
    assert_int_equal(house.disk->truncate(house.disk, file, 4096), OK);
    assert_int_equal(house.disk->free_bytes(house.disk, &free_bytes), OK);
    assert_int_equal(free_bytes, 4096);
    house.disk->close(house.disk, file);
    assert_false(disk_sim_rot(house.sim, "file", 4000, 97));
    assert_true(disk_sim_rot(house.sim, "file", 4000, 96));
    assert_false(disk_sim_rot(house.sim, "nothing", 0, 1));
    house_done(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synced_stays_unsynced_may_go),
        cmocka_unit_test(test_durable_write_is_there_or_torn),
        cmocka_unit_test(test_failed_sync_loses_for_good),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
