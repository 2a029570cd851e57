/* The journal on the imagined disk: what a power cut, a failing write, a full disk and rotten bytes
 * leave of it. What its lanes do together is in
 * journal_lanes_test.c. */
#include "journal_rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- tests ---- */
static void test_durable_survives_power_cut(void **state)
{
    struct rig rig;
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        rig_init(&rig, seed);
        rig_start(&rig);
        rig_put_durable(&rig, 0, 10);
        assert_int_equal(journal_durable(rig.journal), 11);
        rig_crash(&rig);
        rig_start(&rig);
        assert_found(&rig, 0, 10);
        assert_int_equal(rig.end_position, 11);
        rig_put_durable(&rig, 10, 20);
        rig_crash(&rig);
        rig_start(&rig);
        assert_found(&rig, 0, 20);
        assert_int_equal(journal_damage_count(rig.journal), 0);
        rig_done(&rig);
    }
}

static void test_torn_tail_is_cut_and_told(void **state)
{
    struct rig rig;
    unsigned torn = 0;
    (void)state;
    for (uint64_t seed = 1; seed < 40; seed++) {
        rig_init(&rig, seed);
        rig_start(&rig);
        rig_put_durable(&rig, 0, 5);
        /* A batch of some 100 KiB, so that the power takes a part of it. */
        for (uint32_t i = 5; i < 10000; i++)
            assert_true(rig_put(&rig, i));
        disk_sim_power_fail_in(rig.disk, 1);
        journal_submit(rig.journal);
        worker_sim_run(&rig.writer);
        assert_true(disk_sim_power_is_off(rig.disk));
        rig_crash(&rig);
        rig_start(&rig);
        assert_true(rig.found_count == 5 || rig.found_count == 10000);
        torn += strstr(rig.told, "never acknowledged") != NULL;
        assert_int_equal(journal_damage_count(rig.journal), 0);
        /* The same answer for ever, and behind a new segment too. */
        uint32_t count = (uint32_t)rig.found_count;
        rig_put_durable(&rig, count, count + 3);
        rig_crash(&rig);
        rig_start(&rig);
        assert_found(&rig, 0, count + 3);
        assert_int_equal(journal_damage_count(rig.journal), 0);
        rig_done(&rig);
    }
    assert_true(torn > 5);
}

static void test_damage_in_the_middle_is_named(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 3);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 20);
    rig_crash(&rig);
    assert_true(disk_sim_rot(rig.disk, "journal/0000000001.open", 4096 * 6 + 70, 1));
    rig_start(&rig);
    assert_int_equal(rig.found_count, 19);
    assert_int_equal(rig.found[5], 6);
    assert_int_equal(rig.holes, 1);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    const struct journal_damage *damage = journal_damage_at(rig.journal, 0);
    assert_int_equal(damage->segment, 1);
    assert_int_equal(damage->offset, 4096 * 6);
    assert_int_equal(damage->bytes, 4096);
    assert_int_equal(damage->first_position, 6);
    assert_int_equal(damage->records, 1);
    assert_true(damage->wall_before_ns > 0 && damage->wall_after_ns > 0);
    assert_string_equal(damage->file, "damaged/0000000001.open-24576");
    assert_int_equal(rig_pump(&rig), OK);
    /* It stays named, once, over restarts. */
    for (int i = 0; i < 3; i++) {
        rig_close(&rig);
        rig_start(&rig);
        rig_pump(&rig);
        assert_int_equal(journal_damage_count(rig.journal), 1);
        assert_int_equal(rig.found_count, 19);
    }
    rig_done(&rig);
}

static void test_last_batch_rotten_after_a_clean_end(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 4);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 3);
    rig_close(&rig);
    assert_true(disk_sim_rot(rig.disk, "journal/0000000001.open", 4096 * 3 + 10, 4));
    rig_start(&rig);
    assert_int_equal(rig.found_count, 2);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    /* The position is not given twice. */
    assert_int_equal(journal_durable(rig.journal), 4);
    rig_done(&rig);
}

static void test_rotation_and_squeeze(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 5);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 3000); /* a block each: 12 MiB */
    struct journal_state described;
    journal_describe(rig.journal, &described);
    assert_true(described.segments > 3);
    assert_true(described.bytes < (uint64_t)6 << 20); /* squeezed */
    assert_true(described.bytes_written >= 3000 * 4096);
    rig_crash(&rig);
    rig_start(&rig);
    assert_found(&rig, 0, 3000);
    rig_read(&rig, 1501);
    assert_found(&rig, 1500, 3000);
    assert_int_equal(journal_damage_count(rig.journal), 0);
    rig_done(&rig);
}

static void test_power_cut_at_any_change(void **state)
{
    struct rig rig;
    (void)state;
    for (uint64_t seed = 1; seed < 300; seed++) {
        rig_init(&rig, seed);
        rig_start(&rig);
        rig_put_durable(&rig, 0, 490 + (uint32_t)(seed % 40)); /* near the first rotation */
        uint32_t durable = 0;
        disk_sim_power_fail_in(rig.disk, 1 + seed % 37);
        for (uint32_t i = 490 + (uint32_t)(seed % 40); !disk_sim_power_is_off(rig.disk); i++) {
            while (!disk_sim_power_is_off(rig.disk) && !rig_put(&rig, i))
                (void)rig_pump(&rig);
            (void)rig_pump(&rig);
            durable = (uint32_t)journal_durable(rig.journal) - 1;
        }
        rig_crash(&rig);
        rig_start(&rig);
        assert_true(rig.found_count >= durable && rig.found_count <= durable + 1);
        assert_found(&rig, 0, (uint32_t)rig.found_count);
        assert_int_equal(journal_damage_count(rig.journal), 0);
        uint32_t count = (uint32_t)rig.found_count;
        rig_put_durable(&rig, count, count + 5);
        rig_crash(&rig);
        rig_start(&rig);
        assert_found(&rig, 0, count + 5);
        assert_int_equal(journal_damage_count(rig.journal), 0);
        rig_done(&rig);
    }
}

static void test_failing_write_stops_and_restarts(void **state)
{
    struct rig rig;
    (void)state;
    for (uint64_t seed = 1; seed < 30; seed++) {
        rig_init(&rig, seed);
        rig_start(&rig);
        rig_put_durable(&rig, 0, 10);
        assert_true(rig_put(&rig, 999));
        disk_sim_fail_in(rig.disk, 0, 2);
        journal_submit(rig.journal);
        assert_true(rig_put(&rig, 998)); /* open while the other is in flight */
        worker_sim_run(&rig.writer);
        assert_int_equal(rig_poll(&rig), ERR_IO);
        assert_int_equal(rig_poll(&rig), OK); /* once */
        assert_int_equal(journal_room(rig.journal, LANE_FACTS, 64), JOURNAL_STOPPED);
        assert_int_equal(journal_durable(rig.journal), 11);
        assert_int_equal(journal_restart(rig.journal), ERR_IO);
        assert_int_equal(journal_room(rig.journal, LANE_FACTS, 64), JOURNAL_STOPPED);
        while (journal_restart(rig.journal) != OK) {
        }
        rig_put_durable(&rig, 10, 20);
        if (seed % 2 == 0)
            rig_crash(&rig);
        else
            rig_close(&rig);
        rig_start(&rig);
        assert_found(&rig, 0, 20);
        assert_int_equal(journal_damage_count(rig.journal), 0);
        rig_done(&rig);
    }
}

static void test_full_disk_keeps_room_for_facts(void **state)
{
    struct rig rig;
    enum journal_room room;
    uint32_t samples = 0, facts = 0;
    (void)state;
    rig_init(&rig, 6);
    disk_sim_capacity(rig.disk, SEGMENT_BYTES + ((uint64_t)512 << 10));
    rig_start(&rig);
    assert_int_equal(rig_pump(&rig), OK);
    while ((room = rig_put_sample(&rig, samples)) != JOURNAL_DISK_FULL) {
        samples += room == JOURNAL_ROOM;
        assert_int_equal(rig_pump(&rig), OK);
    }
    assert_true(samples > 400);
    assert_non_null(strstr(rig.told, "cannot be prepared"));
    while (rig_put(&rig, facts)) {
        facts++;
        assert_int_equal(rig_pump(&rig), OK);
    }
    assert_in_range(facts, 50, 70); /* 256 KiB of reserve, a block each */
    /* Looks again by itself. */
    disk_sim_capacity(rig.disk, 0);
    assert_int_equal(rig_pump(&rig), OK);
    assert_int_equal(rig_put_sample(&rig, samples), JOURNAL_DISK_FULL);
    clock_sim_advance(&rig.clock, NS_PER_S);
    assert_int_equal(rig_pump(&rig), OK);
    for (int i = 0; i < 10; i++) {
        if ((room = rig_put_sample(&rig, samples)) == JOURNAL_ROOM)
            break;
        assert_int_equal(room, JOURNAL_WAIT);
        assert_int_equal(rig_pump(&rig), OK);
    }
    assert_int_equal(room, JOURNAL_ROOM);
    assert_int_equal(rig_pump(&rig), OK);
    rig_crash(&rig);
    rig_start(&rig);
    assert_int_equal(rig.found_count, facts);
    assert_int_equal(rig.samples, 2 * (samples + 1));
    assert_int_equal(rig.undecodable, 0);
    rig_done(&rig);
}

static void test_start_on_a_full_disk(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 7);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 10);
    rig_crash(&rig);
    disk_sim_capacity(rig.disk, 4096);
    rig_start(&rig); /* what was prepared before the crash serves, or nothing does: it starts */
    assert_found(&rig, 0, 10);
    (void)rig_pump(&rig);
    disk_sim_capacity(rig.disk, 0);
    clock_sim_advance(&rig.clock, 2 * NS_PER_S);
    assert_int_equal(rig_pump(&rig), OK);
    rig_put_durable(&rig, 10, 20);
    rig_crash(&rig);
    rig_start(&rig);
    assert_found(&rig, 0, 20);
    rig_done(&rig);
}

static void test_order_between_lanes(void **state)
{
    struct rig rig;
    struct journal_cursor *cursor;
    struct journal_batch batch;
    static const enum lane expected[] = {LANE_FACTS, LANE_SAMPLES, LANE_FACTS, LANE_SAMPLES};
    (void)state;
    rig_init(&rig, 8);
    rig_start(&rig);
    assert_true(journal_batch_empty(rig.journal));
    assert_int_equal(rig_put_sample(&rig, 1), JOURNAL_ROOM);
    assert_true(rig_put(&rig, 1)); /* goes before the sample of its pair */
    journal_order(rig.journal);
    journal_order(rig.journal); /* twice is once */
    assert_true(rig_put(&rig, 2));
    journal_order(rig.journal); /* facts stand before samples anyway */
    assert_int_equal(rig_put_sample(&rig, 2), JOURNAL_ROOM);
    assert_false(journal_batch_empty(rig.journal));
    assert_int_equal(journal_ticket(rig.journal), 1);
    assert_int_equal(rig_pump(&rig), OK);
    assert_int_equal(journal_tickets_durable(rig.journal), 1);
    for (int squeezed = 0; squeezed < 2; squeezed++) {
        size_t offset = 0, runs = 0;
        enum lane lane;
        uint32_t records, ordinal;
        struct bytes run;
        assert_int_equal(journal_cursor_open(rig.journal, 0, &cursor), OK);
        assert_int_equal(journal_cursor_next(cursor, &batch), OK);
        assert_int_equal(batch.header.records, 4);
        while (batch_next_run(batch.body, &offset, &lane, &records, &ordinal, &run) == OK) {
            assert_int_equal(lane, expected[runs]);
            assert_int_equal(ordinal, runs++);
        }
        assert_int_equal(runs, 4);
        assert_int_equal(journal_cursor_next(cursor, &batch), ERR_MISSING);
        journal_cursor_close(cursor);
        rig_close(&rig);
        rig_start(&rig);
        assert_int_equal(rig_pump(&rig), OK);
        assert_int_equal(rig_pump(&rig), OK);
        rig_read(&rig, 0);
        assert_int_equal(rig.samples, 4);
    }
    rig_done(&rig);
}

static void test_cursor_follows_appending(void **state)
{
    struct rig rig;
    struct journal_cursor *cursor;
    struct journal_batch batch;
    uint64_t next = 1;
    (void)state;
    rig_init(&rig, 9);
    rig_start(&rig);
    assert_int_equal(journal_cursor_open(rig.journal, 0, &cursor), OK);
    assert_int_equal(journal_cursor_next(cursor, &batch), ERR_MISSING);
    for (uint32_t i = 0; i < 1500; i++) { /* over rotations and squeezes */
        rig_put_durable(&rig, i, i + 1);
        if (i % 7 != 0)
            continue;
        while (journal_cursor_next(cursor, &batch) == OK) {
            assert_int_equal(batch.header.position, next);
            next += batch.header.records;
        }
        assert_int_equal(next, i + 2);
    }
    journal_cursor_close(cursor);
    rig_done(&rig);
}

static void test_read_only_changes_nothing(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 10);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 600);
    rig_crash(&rig);
    assert_true(disk_sim_rot(rig.disk, "journal/0000000002.open", 4096 * 2 + 70, 1));
    rig.config.read_only = true;
    uint64_t changes = disk_sim_changes(rig.disk);
    rig_open(&rig);
    rig_read(&rig, 0);
    assert_int_equal(rig.found_count, 599);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    rig_close(&rig);
    assert_int_equal(disk_sim_changes(rig.disk), changes);
    rig_done(&rig);
}

static void test_newer_version_is_refused_by_name(void **state)
{
    struct rig rig;
    uint8_t block[SEGMENT_HEADER_SIZE];
    struct disk *disk;
    struct disk_file *file;
    size_t size;
    (void)state;
    rig_init(&rig, 11);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 3);
    rig_close(&rig);
    disk = disk_sim_port(rig.disk);
    assert_int_equal(disk->open(disk, "journal/0000000001.open", DISK_READ, &file), OK);
    assert_int_equal(disk->read(disk, file, 0, block, sizeof block, &size), OK);
    disk->close(disk, file);
    store_u32(block + 8, FORMAT_VERSION + 1);
    store_u32(block + sizeof block - 4, crc32c(0, block, sizeof block - 4));
    file_put(&rig, "journal/0000000001.open", 0, block, sizeof block);
    rig.told[0] = 0;
    assert_int_equal(journal_open(&rig.config, &rig.journal), ERR_NEWER);
    assert_non_null(strstr(rig.told, "journal/0000000001.open has format version 2"));
    rig.journal = NULL;
    rig_done(&rig);
}

static void test_foreign_segment_is_not_read(void **state)
{
    struct rig rig;
    uint8_t block[SEGMENT_HEADER_SIZE];
    (void)state;
    rig_init(&rig, 12);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 3);
    rig_close(&rig);
    struct segment_header header = {.version = FORMAT_VERSION,
                                    .kind = SEGMENT_OPEN,
                                    .number = 2,
                                    .epoch = 77,
                                    .generation = 2,
                                    .first_position = 4,
                                    .journal = {1, 2}};
    segment_header_put(block, &header);
    file_put(&rig, "journal/0000000002.open", 0, block, sizeof block);
    rig_start(&rig);
    assert_found(&rig, 0, 3);
    assert_non_null(strstr(rig.told, "belongs to another journal"));
    assert_int_equal(journal_damage_count(rig.journal), 1);
    rig_put_durable(&rig, 3, 6);
    rig_crash(&rig);
    rig_start(&rig);
    assert_found(&rig, 0, 6);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    rig_done(&rig);
}

static void test_damaged_header_loses_nothing(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 13);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 10);
    rig_crash(&rig);
    assert_true(disk_sim_rot(rig.disk, "journal/0000000001.open", 20, 8));
    rig_start(&rig);
    assert_found(&rig, 0, 10);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    assert_non_null(strstr(journal_damage_at(rig.journal, 0)->why, "header"));
    rig_put_durable(&rig, 10, 12);
    rig_crash(&rig);
    rig_start(&rig);
    assert_found(&rig, 0, 12);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    rig_done(&rig);
}

static void test_damage_in_a_squeezed_lane(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 14);
    rig_put_squeezed(&rig, 40, false);
    /* A fact's batch is 64 + 8 + a few bytes, padded to 8: the second one begins at 4096 + 80. */
    assert_true(disk_sim_rot(rig.disk, "journal/0000000001.facts", 4096 + 80 + 70, 1));
    rig_start(&rig);
    assert_int_equal(rig.found_count, 39);
    assert_int_equal(rig.samples, 80);
    assert_int_equal(rig.undecodable, 0);
    assert_int_equal(rig.holes, 1);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    const struct journal_damage *damage = journal_damage_at(rig.journal, 0);
    assert_int_equal(damage->offset, 4096 + 80);
    assert_int_equal(damage->first_position, 3);
    assert_int_equal(damage->records, 2);
    rig_done(&rig);
}

static void test_missing_files_are_named(void **state)
{
    struct rig rig;
    struct disk *disk;
    (void)state;
    rig_init(&rig, 15);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 3000);
    rig_close(&rig);
    disk = disk_sim_port(rig.disk);
    assert_int_equal(disk->remove(disk, "journal/0000000002.facts"), OK);
    assert_int_equal(disk->remove(disk, "journal/0000000002.samples"), ERR_MISSING);
    rig_start(&rig);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    const struct journal_damage *damage = journal_damage_at(rig.journal, 0);
    assert_int_equal(damage->segment, 2);
    assert_int_equal(damage->records, 3000 - rig.found_count);
    assert_int_equal(rig.holes, damage->records);
    rig_done(&rig);
}

static void test_released_samples_are_no_damage(void **state)
{
    struct rig rig;
    uint32_t files;
    (void)state;
    rig_init(&rig, 16);
    rig_start(&rig);
    for (uint32_t i = 0; i < 1500; i++) {
        while (rig_put_sample(&rig, i) != JOURNAL_ROOM)
            assert_int_equal(rig_pump(&rig), OK);
        rig_put_durable(&rig, i, i + 1);
    }
    assert_int_equal(journal_release(rig.journal, LANE_SAMPLES, 2, &files), OK);
    assert_int_equal(files, 0);
    assert_int_equal(
        journal_release(rig.journal, LANE_SAMPLES, journal_durable(rig.journal), &files), OK);
    assert_true(files >= 1);
    rig_close(&rig);
    rig_start(&rig);
    assert_found(&rig, 0, 1500);
    assert_true(rig.samples < 3000);
    assert_int_equal(journal_damage_count(rig.journal), 0);
    rig_done(&rig);
}

/* From any position: the records from there on, however the segment lies. */
static void test_cursor_from_the_middle(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 18);
    rig_start(&rig);
    for (uint32_t i = 0; i < 1400; i++) {
        if (i % 3 == 0)
            (void)rig_put_sample(&rig, i);
        rig_put_durable(&rig, i, i + 1);
    }
    for (int squeezed = 0; squeezed < 2; squeezed++) {
        uint64_t end = journal_durable(rig.journal);
        for (uint64_t position = 1; position < end; position += 37) {
            rig_read(&rig, position);
            assert_int_equal(rig.end_position, end);
            assert_int_equal(rig.holes, 0);
            assert_int_equal(rig.found[rig.found_count - 1], 1399);
            assert_in_range(rig.found_count + rig.samples / 2 + rig.undecodable, end - position,
                            end - position + 1);
        }
        rig_read(&rig, end);
        assert_int_equal(rig.found_count, 0);
        assert_int_equal(journal_damage_count(rig.journal), 0);
        rig_close(&rig);
        rig_start(&rig);
        assert_int_equal(rig_pump(&rig), OK);
        assert_int_equal(rig_pump(&rig), OK);
    }
    rig_done(&rig);
}

/* A key frame in each segment: each decodes alone. */
static void test_each_segment_decodes_alone(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 17);
    rig_start(&rig);
    for (uint32_t i = 0; i < 2000; i++) {
        while (rig_put_sample(&rig, i) != JOURNAL_ROOM)
            assert_int_equal(rig_pump(&rig), OK);
        assert_int_equal(rig_pump(&rig), OK);
    }
    rig_read(&rig, 0);
    assert_int_equal(rig.samples, 4000);
    assert_int_equal(rig.undecodable, 0);
    rig_done(&rig);
}

/* Blocks of the newest segment, one record each, that the disk cannot read: named and stepped over,
 * and named once when it starts again. */
static void unreadable_blocks(uint64_t block, uint64_t blocks, size_t found, const char *why)
{
    struct rig rig;
    rig_init(&rig, 31);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 10);
    rig_crash(&rig);
    assert_true(disk_sim_unreadable(rig.disk, "journal/0000000001.open", 4096 * block + 512,
                                    4096 * (blocks - 1) + 512));
    rig_start(&rig);
    assert_int_equal(rig.found_count, found);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(journal_damage_count(rig.journal), 1);
        const struct journal_damage *damage = journal_damage_at(rig.journal, 0);
        assert_string_equal(damage->why, why);
        assert_int_equal(damage->offset + damage->bytes, 4096 * (block + blocks));
        assert_null(strstr(rig.told, "never acknowledged"));
        rig_put_durable(&rig, 100 + (uint32_t)i, 101 + (uint32_t)i);
        rig_crash(&rig);
        rig_start(&rig);
        assert_int_equal(rig.found_count, found + 1 + (size_t)i);
    }
    rig_done(&rig);
}

static void test_unreadable_blocks_are_damage(void **state)
{
    (void)state;
    unreadable_blocks(6, 1, 9, "unreadable: the disk failed, 1 records lost");
    unreadable_blocks(1, 1, 9, "unreadable: the disk failed, 1 records lost");
    unreadable_blocks(4, 3, 7, "unreadable: the disk failed, 3 records lost");
    /* The last record, and behind it, where perhaps nothing ever was. */
    unreadable_blocks(10, 1, 9, "unreadable: the disk failed, an unknown number of records lost");
    unreadable_blocks(11, 1, 10, "unreadable: the disk failed, an unknown number of records lost");
    unreadable_blocks(40, 2, 10, "unreadable: the disk failed, an unknown number of records lost");
}

static void test_unreadable_part_of_a_batch_is_set_aside(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 32);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 2);
    for (uint32_t i = 2; i < 3002; i++) /* one batch of many blocks */
        assert_true(rig_put(&rig, i));
    assert_int_equal(rig_pump(&rig), OK);
    rig_put_durable(&rig, 3002, 3004);
    rig_crash(&rig);
    assert_true(disk_sim_unreadable(rig.disk, "journal/0000000001.open", 4096 * 5, 1));
    rig_start(&rig);
    assert_int_equal(rig.found_count, 4);
    assert_int_equal(rig.holes, 3000);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    const struct journal_damage *damage = journal_damage_at(rig.journal, 0);
    assert_string_equal(damage->why, "unreadable: the disk failed, 3000 records lost");
    assert_int_equal(damage->offset, 4096 * 3);
    assert_string_equal(damage->file, "damaged/0000000001.open-12288");
    rig_done(&rig);
}

static void test_a_read_that_fails_once_is_tried_again(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 33);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 10);
    rig_crash(&rig);
    disk_sim_fail_reads(rig.disk, 1); /* a header */
    rig_open(&rig);
    disk_sim_fail_reads(rig.disk, 1); /* batches */
    rig_read(&rig, 0);
    assert_found(&rig, 0, 10);
    assert_int_equal(journal_damage_count(rig.journal), 0);
    rig_done(&rig);
}

static void test_unreadable_header_loses_nothing(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 34);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 10);
    rig_crash(&rig);
    assert_true(disk_sim_unreadable(rig.disk, "journal/0000000001.open", 0, 512));
    rig_start(&rig);
    assert_found(&rig, 0, 10);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    assert_non_null(strstr(journal_damage_at(rig.journal, 0)->why, "header"));
    rig_done(&rig);
}

static void test_unreadable_damage_list_is_told(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 35);
    rig_start(&rig);
    rig_put_durable(&rig, 0, 10);
    rig_crash(&rig);
    assert_true(disk_sim_rot(rig.disk, "journal/0000000001.open", 4096 * 6 + 70, 1));
    rig_start(&rig);
    rig_crash(&rig);
    assert_true(disk_sim_unreadable(rig.disk, "journal/damaged/list", 0, 1));
    rig_start(&rig);
    assert_non_null(strstr(rig.told, "lines of the damage list cannot be read"));
    assert_int_equal(rig.found_count, 9);
    assert_int_equal(journal_damage_count(rig.journal), 1); /* found again */
    rig_done(&rig);
}

static void test_unreadable_squeezed_lane(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 36);
    rig_put_squeezed(&rig, 400, false);
    assert_true(disk_sim_unreadable(rig.disk, "journal/0000000001.facts", 4096 * 3 + 600, 1));
    rig_start(&rig);
    assert_true(rig.found_count < 400 && rig.found_count > 340); /* a fact takes 80 bytes */
    assert_int_equal(rig.samples, 800);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    const struct journal_damage *damage = journal_damage_at(rig.journal, 0);
    assert_non_null(strstr(damage->why, "facts: unreadable: the disk failed"));
    assert_int_equal(rig.holes, 400 - rig.found_count);
    rig_done(&rig);
}

static enum err (*disk_rename)(struct disk *, const char *, const char *);
static enum err rename_not_samples(struct disk *disk, const char *from, const char *to)
{
    return strstr(from, ".samples.tmp") != NULL ? ERR_IO : disk_rename(disk, from, to);
}

static void test_failing_squeeze_is_told_once(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 37);
    struct disk *disk = disk_sim_port(rig.disk);
    disk_rename = disk->rename;
    disk->rename = rename_not_samples;
    rig_start(&rig);
    assert_int_equal(rig_put_sample(&rig, 0), JOURNAL_ROOM);
    rig_put_durable(&rig, 0, 10);
    rig_close(&rig);
    rig_start(&rig);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rig_pump(&rig), OK);
        clock_sim_advance(&rig.clock, 31 * NS_PER_S);
    }
    const char *told = strstr(rig.told, "segment 1 could not be squeezed");
    assert_non_null(told);
    assert_non_null(strstr(told, "journal/0000000001.samples.tmp"));
    assert_null(strstr(told + 30, "could not be squeezed"));
    disk->rename = disk_rename;
    assert_int_equal(rig_pump(&rig), OK);
    rig_close(&rig);
    rig_start(&rig);
    assert_found(&rig, 0, 10);
    assert_int_equal(journal_damage_count(rig.journal), 0);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durable_survives_power_cut),
        cmocka_unit_test(test_torn_tail_is_cut_and_told),
        cmocka_unit_test(test_damage_in_the_middle_is_named),
        cmocka_unit_test(test_last_batch_rotten_after_a_clean_end),
        cmocka_unit_test(test_rotation_and_squeeze),
        cmocka_unit_test(test_power_cut_at_any_change),
        cmocka_unit_test(test_failing_write_stops_and_restarts),
        cmocka_unit_test(test_full_disk_keeps_room_for_facts),
        cmocka_unit_test(test_start_on_a_full_disk),
        cmocka_unit_test(test_order_between_lanes),
        cmocka_unit_test(test_cursor_follows_appending),
        cmocka_unit_test(test_read_only_changes_nothing),
        cmocka_unit_test(test_newer_version_is_refused_by_name),
        cmocka_unit_test(test_foreign_segment_is_not_read),
        cmocka_unit_test(test_damaged_header_loses_nothing),
        cmocka_unit_test(test_damage_in_a_squeezed_lane),
        cmocka_unit_test(test_missing_files_are_named),
        cmocka_unit_test(test_released_samples_are_no_damage),
        cmocka_unit_test(test_cursor_from_the_middle),
        cmocka_unit_test(test_each_segment_decodes_alone),
        cmocka_unit_test(test_unreadable_blocks_are_damage),
        cmocka_unit_test(test_unreadable_part_of_a_batch_is_set_aside),
        cmocka_unit_test(test_a_read_that_fails_once_is_tried_again),
        cmocka_unit_test(test_unreadable_header_loses_nothing),
        cmocka_unit_test(test_unreadable_damage_list_is_told),
        cmocka_unit_test(test_unreadable_squeezed_lane),
        cmocka_unit_test(test_failing_squeeze_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
