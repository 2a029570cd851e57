/* The three lanes of the journal on the imagined disk: what is written mixed comes back in its
 * order, each lane is squeezed, damaged, missed and released on its own, and a folder from when
 * there were two lanes opens as it was. */
#include "journal_rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One of each lane in one batch, durable. */
static void put_three(struct rig *rig, uint32_t number)
{
    enum journal_room room;
    while ((room = rig_put_sample(rig, number)) == JOURNAL_WAIT)
        assert_int_equal(rig_pump(rig), OK);
    assert_int_equal(room, JOURNAL_ROOM);
    assert_int_equal(rig_put_message(rig, number), JOURNAL_ROOM);
    assert_true(rig_put(rig, number));
    assert_int_equal(rig_pump(rig), OK);
}

static void assert_messages(const struct rig *rig, uint32_t from, uint32_t to)
{
    assert_int_equal(rig->message_count, to - from);
    for (uint32_t i = from; i < to; i++)
        assert_int_equal(rig->messages[i - from], i);
}

static bool file_is_there(struct rig *rig, const char *name)
{
    struct disk *disk = disk_sim_port(rig->disk);
    struct disk_file *file;
    if (disk->open(disk, name, DISK_READ, &file) != OK)
        return false;
    disk->close(disk, file);
    return true;
}

static void settle(struct rig *rig)
{
    assert_int_equal(rig_pump(rig), OK);
    assert_int_equal(rig_pump(rig), OK);
}

static void close_and_start(struct rig *rig)
{
    rig_close(rig);
    rig_start(rig);
    settle(rig);
}

/* The first batch: body and lanes of its runs. */
static size_t first_batch(struct rig *rig, uint8_t *body, enum lane *lanes, size_t most)
{
    struct journal_cursor *cursor;
    struct journal_batch batch;
    size_t offset = 0, runs = 0;
    uint32_t records, ordinal;
    struct bytes run;
    assert_int_equal(journal_cursor_open(rig->journal, 0, &cursor), OK);
    assert_int_equal(journal_cursor_next(cursor, &batch), OK);
    assert_int_equal(batch.header.lanes, 7);
    assert_int_equal(batch.header.body_bytes, batch.body.size);
    memcpy(body, batch.body.at, batch.body.size);
    while (runs < most &&
           batch_next_run(batch.body, &offset, &lanes[runs], &records, &ordinal, &run) == OK) {
        assert_int_equal(ordinal, runs);
        runs++;
    }
    assert_int_equal(offset, batch.body.size);
    journal_cursor_close(cursor);
    return batch.body.size;
}

static void test_order_of_three_lanes(void **state)
{
    struct rig rig;
    static const enum lane expected[] = {LANE_FACTS,    LANE_SAMPLES, LANE_MESSAGES, LANE_FACTS,
                                         LANE_MESSAGES, LANE_SAMPLES, LANE_FACTS};
    enum lane lanes[ARRAY_COUNT(expected) + 1];
    static uint8_t before[65536], after[65536];
    (void)state;
    rig_init(&rig, 1);
    rig_start(&rig);
    assert_int_equal(rig_put_message(&rig, 0), JOURNAL_ROOM);
    assert_false(journal_batch_empty(rig.journal));
    assert_int_equal(rig_put_sample(&rig, 0), JOURNAL_ROOM);
    assert_true(rig_put(&rig, 0)); /* before both, they are of one set */
    journal_order(rig.journal);
    journal_order(rig.journal); /* twice is once */
    assert_true(rig_put(&rig, 1));
    journal_order(rig.journal); /* facts stand before the rest anyway */
    assert_int_equal(rig_put_message(&rig, 1), JOURNAL_ROOM);
    journal_order(rig.journal);
    assert_int_equal(rig_put_sample(&rig, 1), JOURNAL_ROOM);
    journal_order(rig.journal);
    assert_true(rig_put(&rig, 2));
    assert_int_equal(rig_pump(&rig), OK);
    size_t size = first_batch(&rig, before, lanes, ARRAY_COUNT(lanes));
    assert_memory_equal(lanes, expected, sizeof expected);
    close_and_start(&rig); /* squeezed: put together from three files it is the same */
    assert_true(file_is_there(&rig, "journal/0000000001.messages"));
    assert_false(file_is_there(&rig, "journal/0000000001.open"));
    assert_int_equal(first_batch(&rig, after, lanes, ARRAY_COUNT(lanes)), size);
    assert_memory_equal(before, after, size);
    rig_read(&rig, 0);
    assert_found(&rig, 0, 3);
    assert_messages(&rig, 0, 2);
    assert_int_equal(rig.samples, 4);
    assert_int_equal(journal_damage_count(rig.journal), 0);
    rig_done(&rig);
}

static void test_lane_without_records_has_no_file(void **state)
{
    struct rig rig;
    static const char *const ends[] = {"facts", "samples", "messages"};
    (void)state;
    for (unsigned lanes = 1; lanes < 8; lanes++) {
        rig_init(&rig, lanes);
        rig_start(&rig);
        if (lanes & 1)
            assert_true(rig_put(&rig, 0));
        if (lanes & 2)
            assert_int_equal(rig_put_sample(&rig, 0), JOURNAL_ROOM);
        if (lanes & 4)
            assert_int_equal(rig_put_message(&rig, 0), JOURNAL_ROOM);
        assert_int_equal(rig_pump(&rig), OK);
        for (int again = 0; again < 2; again++) {
            close_and_start(&rig);
            for (unsigned i = 0; i < 3; i++) { /* the facts always have one */
                char name[64];
                snprintf(name, sizeof name, "journal/0000000001.%s", ends[i]);
                assert_int_equal(file_is_there(&rig, name), i == 0 || (lanes & 1U << i) != 0);
            }
            rig_read(&rig, 0);
            assert_int_equal(rig.found_count, (lanes & 1) != 0);
            assert_int_equal(rig.samples, (lanes & 2) != 0 ? 2 : 0);
            assert_int_equal(rig.message_count, (lanes & 4) != 0);
            assert_int_equal(rig.holes, 0);
            assert_int_equal(journal_damage_count(rig.journal), 0);
        }
        rig_done(&rig);
    }
}

static void test_damage_in_the_messages_lane(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 2);
    rig_put_squeezed(&rig, 40, true);
    /* The first message's batch takes 64 + 8 + 15 bytes and is padded to 88. */
    assert_true(disk_sim_rot(rig.disk, "journal/0000000001.messages", 4096 + 88 + 70, 1));
    for (int again = 0; again < 2; again++) {
        rig_start(&rig);
        assert_found(&rig, 0, 40);
        assert_int_equal(rig.samples, 80);
        assert_int_equal(rig.undecodable, 0);
        assert_int_equal(rig.message_count, 39);
        assert_int_equal(rig.messages[0], 0);
        assert_int_equal(rig.messages[1], 2);
        assert_int_equal(rig.holes, 1);
        assert_int_equal(journal_damage_count(rig.journal), 1);
        const struct journal_damage *damage = journal_damage_at(rig.journal, 0);
        assert_int_equal(damage->segment, 1);
        assert_int_equal(damage->offset, 4096 + 88);
        assert_int_equal(damage->first_position, 4);
        assert_int_equal(damage->records, 3);
        assert_string_equal(damage->why, "messages: no valid batch where one was, 1 records lost");
        assert_string_equal(damage->file, "damaged/0000000001.messages-4184");
        rig_close(&rig);
    }
    rig_done(&rig);
}

/* The same offset of two lanes is two places. */
static void test_damage_in_all_lanes(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 3);
    rig_put_squeezed(&rig, 40, true);
    assert_true(disk_sim_rot(rig.disk, "journal/0000000001.facts", 4096 + 70, 1));
    assert_true(disk_sim_rot(rig.disk, "journal/0000000001.samples", 4096 + 70, 1));
    assert_true(disk_sim_rot(rig.disk, "journal/0000000001.messages", 4096 + 70, 1));
    rig_start(&rig);
    assert_found(&rig, 1, 40);
    assert_messages(&rig, 1, 40);
    assert_int_equal(rig.holes, 3);
    assert_int_equal(journal_damage_count(rig.journal), 3);
    rig_done(&rig);
}

static void test_unreadable_messages(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 4);
    rig_put_squeezed(&rig, 400, true);
    assert_true(disk_sim_unreadable(rig.disk, "journal/0000000001.messages", 4096 * 3 + 600, 1));
    rig_start(&rig);
    assert_found(&rig, 0, 400);
    assert_int_equal(rig.samples, 800);
    assert_true(rig.message_count < 400 && rig.message_count > 340);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    const struct journal_damage *damage = journal_damage_at(rig.journal, 0);
    assert_non_null(strstr(damage->why, "messages: unreadable: the disk failed"));
    assert_int_equal(rig.holes, 400 - rig.message_count);
    rig_done(&rig);
}

static void test_missing_lane_is_named(void **state)
{
    static const char *const ends[] = {"facts", "samples", "messages"};
    struct rig rig;
    (void)state;
    for (unsigned lane = 0; lane < 3; lane++) {
        char name[64];
        rig_init(&rig, 5 + lane);
        rig_put_squeezed(&rig, 40, true);
        struct disk *disk = disk_sim_port(rig.disk);
        snprintf(name, sizeof name, "journal/0000000001.%s", ends[lane]);
        assert_int_equal(disk->remove(disk, name), OK);
        for (int again = 0; again < 2; again++) {
            rig_start(&rig);
            assert_int_equal(rig.found_count, lane == 0 ? 0 : 40);
            assert_int_equal(rig.samples, lane == 1 ? 0 : 80);
            assert_int_equal(rig.message_count, lane == 2 ? 0 : 40);
            assert_int_equal(rig.holes, 40);
            assert_int_equal(journal_damage_count(rig.journal), 1);
            const struct journal_damage *damage = journal_damage_at(rig.journal, 0);
            snprintf(name, sizeof name, "%s: the file is missing", ends[lane]);
            assert_string_equal(damage->why, name);
            assert_int_equal(damage->first_position, 1);
            assert_int_equal(damage->records, 120);
            rig_close(&rig);
        }
        rig_done(&rig);
    }
}

/* Whose header is damaged keeps its records, and nothing is said of lanes that had no file. */
static void test_damaged_headers_of_lanes(void **state)
{
    struct rig rig;
    (void)state;
    for (int messages = 0; messages < 2; messages++) {
        rig_init(&rig, 8);
        rig_start(&rig);
        for (uint32_t i = 0; i < 10; i++) {
            assert_true(rig_put(&rig, i));
            if (messages)
                assert_int_equal(rig_put_message(&rig, i), JOURNAL_ROOM);
            assert_int_equal(rig_pump(&rig), OK);
        }
        close_and_start(&rig);
        rig_close(&rig);
        assert_true(disk_sim_rot(rig.disk, "journal/0000000001.facts", 20, 8));
        if (messages)
            assert_true(disk_sim_rot(rig.disk, "journal/0000000001.messages", 20, 8));
        rig_start(&rig);
        assert_found(&rig, 0, 10);
        assert_messages(&rig, 0, messages ? 10 : 0);
        assert_int_equal(rig.holes, 0);
        assert_int_equal(journal_damage_count(rig.journal), messages ? 2 : 1);
        rig_done(&rig);
    }
}

static uint64_t bytes_of_journal(const struct rig *rig)
{
    struct journal_state described;
    journal_describe(rig->journal, &described);
    return described.bytes;
}

/* Retention of each lane on its own, in either order; then all again after a power cut. */
static void test_each_lane_is_released_alone(void **state)
{
    struct rig rig;
    uint32_t files;
    (void)state;
    for (int samples_first = 0; samples_first < 2; samples_first++) {
        enum lane first = samples_first ? LANE_SAMPLES : LANE_MESSAGES;
        enum lane second = samples_first ? LANE_MESSAGES : LANE_SAMPLES;
        rig_init(&rig, 9);
        rig_start(&rig);
        for (uint32_t i = 0; i < 1600; i++)
            put_three(&rig, i);
        uint64_t end = journal_durable(rig.journal), bytes = bytes_of_journal(&rig);
        assert_int_equal(journal_release(rig.journal, first, 2, &files), OK);
        assert_int_equal(files, 0);
        assert_int_equal(journal_release(rig.journal, first, end, &files), OK);
        assert_true(files >= 1 && bytes_of_journal(&rig) < bytes);
        assert_int_equal(journal_release(rig.journal, first, end, &files), OK);
        assert_int_equal(files, 0);
        rig_close(&rig);
        rig_start(&rig);
        assert_found(&rig, 0, 1600);
        assert_int_equal(journal_damage_count(rig.journal), 0);
        if (samples_first) {
            assert_messages(&rig, 0, 1600);
            assert_true(rig.samples < 3200);
        } else { /* and its being gone is no hole in the samples */
            assert_int_equal(rig.samples, 3200);
            assert_int_equal(rig.undecodable + rig.holes, 0);
            assert_true(rig.message_count < 1600);
        }
        settle(&rig);
        assert_int_equal(journal_release(rig.journal, second, end, &files), OK);
        assert_true(files >= 2); /* and that of the segment closed meanwhile */
        rig_crash(&rig);
        rig_start(&rig);
        assert_found(&rig, 0, 1600);
        assert_true(rig.message_count < 1600 && rig.samples < 3200);
        assert_int_equal(journal_damage_count(rig.journal), 0);
        rig_done(&rig);
    }
}

/* Damage in what retention left is still named, though nothing says how much it took. */
static void test_damage_beside_a_released_lane(void **state)
{
    struct rig rig;
    uint32_t files;
    (void)state;
    rig_init(&rig, 10);
    rig_put_squeezed(&rig, 40, true);
    rig_start(&rig);
    settle(&rig);
    assert_int_equal(journal_release(rig.journal, LANE_MESSAGES, 121, &files), OK);
    assert_int_equal(files, 1);
    rig_close(&rig);
    assert_true(disk_sim_rot(rig.disk, "journal/0000000001.samples", 4096 + 70, 1));
    rig_start(&rig);
    assert_found(&rig, 0, 40);
    assert_true(rig.samples < 80 && rig.holes >= 1); /* the decoder is told */
    assert_int_equal(rig.message_count, 0);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    const struct journal_damage *damage = journal_damage_at(rig.journal, 0);
    assert_non_null(strstr(damage->why, "samples: no valid batch where one was, at most"));
    assert_int_equal(damage->first_position, 1);
    assert_true(damage->records >= 1 && damage->records <= 4);
    rig_done(&rig);
}

/* A release beside a look that began before it. */
static void test_read_only_beside_a_release(void **state)
{
    struct rig rig;
    struct journal *look;
    uint32_t files;
    (void)state;
    rig_init(&rig, 11);
    rig_put_squeezed(&rig, 40, true);
    rig_start(&rig);
    settle(&rig);
    struct journal_config config = rig.config;
    config.read_only = true;
    assert_int_equal(journal_open(&config, &look), OK);
    assert_int_equal(journal_release(rig.journal, LANE_SAMPLES, 121, &files), OK);
    assert_int_equal(journal_release(rig.journal, LANE_MESSAGES, 121, &files), OK);
    assert_int_equal(files, 1);
    struct journal *house = rig.journal;
    rig.journal = look;
    rig_read(&rig, 0);
    assert_found(&rig, 0, 40);
    assert_int_equal(rig.samples + rig.message_count, 0);
    assert_int_equal(journal_damage_count(look), 0);
    journal_close(look);
    rig.journal = house;
    rig_done(&rig);
}

/* The .open goes between the two looks that a cursor takes at it: its lanes are read. */
static struct rig *squeezing;
static enum err (*disk_size)(struct disk *, struct disk_file *, uint64_t *);
static enum err size_then_squeeze(struct disk *disk, struct disk_file *file, uint64_t *ret_size)
{
    enum err err = disk_size(disk, file, ret_size);
    disk->size = disk_size;
    while (worker_sim_run(&squeezing->background)) {
    }
    return err;
}

static void test_read_only_beside_a_squeeze(void **state)
{
    struct rig rig;
    struct journal *look;
    (void)state;
    rig_init(&rig, 12);
    rig_start(&rig);
    for (uint32_t i = 0; i < 30; i++)
        put_three(&rig, i);
    rig_close(&rig);
    rig_start(&rig);
    while (worker_sim_run(&rig.background)) { /* the next segment */
    }
    assert_int_equal(rig_poll(&rig), OK); /* the squeeze is asked for */
    struct journal_config config = rig.config;
    config.read_only = true;
    assert_int_equal(journal_open(&config, &look), OK);
    struct disk *disk = disk_sim_port(rig.disk);
    squeezing = &rig;
    disk_size = disk->size;
    disk->size = size_then_squeeze;
    struct journal *house = rig.journal;
    rig.journal = look;
    rig_read(&rig, 0);
    assert_false(file_is_there(&rig, "journal/0000000001.open"));
    assert_found(&rig, 0, 30);
    assert_messages(&rig, 0, 30);
    assert_int_equal(rig.samples, 60);
    assert_int_equal(journal_damage_count(look), 0);
    journal_close(look);
    rig.journal = house;
    rig_done(&rig);
}

/* ---- folders from when there were two lanes ---- */
static void header_without_lanes(struct rig *rig, const char *name)
{
    struct disk *disk = disk_sim_port(rig->disk);
    struct disk_file *file;
    uint8_t block[SEGMENT_HEADER_SIZE];
    size_t size;
    assert_int_equal(disk->open(disk, name, DISK_READ, &file), OK);
    assert_int_equal(disk->read(disk, file, 0, block, sizeof block, &size), OK);
    disk->close(disk, file);
    assert_int_equal(block[88], 3);
    block[88] = 0;
    store_u32(block + sizeof block - 4, crc32c(0, block, sizeof block - 4));
    file_put(rig, name, 0, block, sizeof block);
}

static void test_two_lane_folder(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, 13);
    rig_put_squeezed(&rig, 40, false);
    header_without_lanes(&rig, "journal/0000000001.facts");
    header_without_lanes(&rig, "journal/0000000001.samples");
    rig_start(&rig);
    assert_found(&rig, 0, 40);
    assert_int_equal(rig.samples, 80);
    assert_int_equal(journal_damage_count(rig.journal), 0);
    put_three(&rig, 40); /* and goes on with three */
    rig_crash(&rig);
    rig_start(&rig);
    assert_found(&rig, 0, 41);
    assert_messages(&rig, 40, 41);
    assert_int_equal(journal_damage_count(rig.journal), 0);
    rig_close(&rig);
    struct disk *disk = disk_sim_port(rig.disk);
    assert_int_equal(disk->remove(disk, "journal/0000000001.samples"), OK);
    rig_start(&rig);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    assert_string_equal(journal_damage_at(rig.journal, 0)->why, "samples: the file is missing");
    rig_done(&rig);
}

static void released_text(struct rig *rig, const char *words)
{
    char text[128];
    struct disk *disk = disk_sim_port(rig->disk);
    (void)disk->remove(disk, "journal/released");
    int size = snprintf(text, sizeof text, "%s", words);
    size += snprintf(text + size, sizeof text - (size_t)size, "crc=%08" PRIx32 "\n",
                     crc32c(0, text, (size_t)size));
    file_put(rig, "journal/released", 0, text, (size_t)size);
}

static void test_released_file_of_two_lanes(void **state)
{
    struct rig rig;
    uint32_t files;
    (void)state;
    rig_init(&rig, 14);
    rig_put_squeezed(&rig, 40, true);
    struct disk *disk = disk_sim_port(rig.disk);
    assert_int_equal(disk->remove(disk, "journal/0000000001.samples"), OK);
    released_text(&rig, "samples-released-to-segment=1 ");
    rig_start(&rig);
    assert_found(&rig, 0, 40);
    assert_messages(&rig, 0, 40);
    assert_int_equal(journal_damage_count(rig.journal), 0);
    settle(&rig);
    assert_int_equal(journal_release(rig.journal, LANE_MESSAGES, 121, &files), OK);
    assert_int_equal(files, 1); /* the file now says both */
    rig_crash(&rig);
    rig_start(&rig);
    assert_found(&rig, 0, 40);
    assert_int_equal(rig.samples + rig.message_count, 0);
    assert_int_equal(journal_damage_count(rig.journal), 0);
    rig_close(&rig);
    released_text(&rig, "messages-released-to-segment=1 "); /* the other line rotted */
    rig_start(&rig);
    assert_int_equal(journal_damage_count(rig.journal), 1);
    assert_string_equal(journal_damage_at(rig.journal, 0)->why, "samples: the file is missing");
    rig_done(&rig);
}

/* ---- a full disk, large messages, power cuts ---- */
static void test_full_disk_refuses_messages(void **state)
{
    struct rig rig;
    enum journal_room room;
    uint32_t messages = 0, facts = 0;
    (void)state;
    rig_init(&rig, 15);
    disk_sim_capacity(rig.disk, SEGMENT_BYTES + ((uint64_t)512 << 10));
    rig_start(&rig);
    assert_int_equal(rig_pump(&rig), OK);
    while ((room = rig_put_message(&rig, messages)) != JOURNAL_DISK_FULL) {
        messages += room == JOURNAL_ROOM;
        assert_int_equal(rig_pump(&rig), OK);
    }
    assert_true(messages > 400);
    while (rig_put(&rig, facts)) {
        facts++;
        assert_int_equal(rig_put_message(&rig, messages), JOURNAL_DISK_FULL); /* in a batch too */
        assert_int_equal(rig_pump(&rig), OK);
    }
    assert_in_range(facts, 50, 70); /* 256 KiB of reserve, a block each */
    rig_crash(&rig);
    rig_start(&rig);
    assert_int_equal(rig.found_count, facts);
    assert_messages(&rig, 0, messages);
    rig_done(&rig);
}

static enum journal_room put_large(struct rig *rig, size_t size)
{
    static uint8_t payload[BATCH_BYTES_MAX];
    struct fact fact = {.kind = FACT_MESSAGE};
    memset(payload, (int)(size % 251), size);
    fact.message = (struct fact_message){
        .expiry_s = EXPIRY_NEVER, .topic = bytes_text("big"), .payload = bytes_of(payload, size)};
    enum journal_room room =
        journal_room(rig->journal, LANE_MESSAGES, FACT_MESSAGE_BYTES_MAX(3 + size));
    if (room == JOURNAL_ROOM)
        facts_write(journal_messages(rig->journal), &fact);
    return room;
}

/* Payload sizes of the messages, in order. */
static size_t large_read(struct rig *rig, size_t *sizes, size_t most)
{
    static struct fact_storage storage;
    struct journal_cursor *cursor;
    struct journal_batch batch;
    size_t count = 0;
    assert_int_equal(journal_cursor_open(rig->journal, 0, &cursor), OK);
    while (journal_cursor_next(cursor, &batch) == OK) {
        size_t offset = 0, at;
        enum lane lane;
        uint32_t records, ordinal;
        struct bytes run;
        struct fact fact;
        assert_int_equal(batch.hole_records, 0);
        while (batch_next_run(batch.body, &offset, &lane, &records, &ordinal, &run) == OK) {
            at = 0;
            while (lane == LANE_MESSAGES && facts_read(run, &at, &storage, &fact) == OK) {
                struct bytes payload = fact.message.payload;
                for (size_t i = 0; i < payload.size; i++)
                    assert_true(payload.at[i] == payload.size % 251);
                assert_true(count < most);
                sizes[count++] = payload.size;
            }
        }
    }
    journal_cursor_close(cursor);
    return count;
}

static void test_large_messages(void **state)
{
    static const size_t most = JOURNAL_RECORD_BYTES_MAX - FACT_MESSAGE_BYTES_MAX(3);
    const size_t sizes[] = {most, 1, most / 2, most / 2, most, most - 1, 300000, 1000000, most};
    size_t found[ARRAY_COUNT(sizes)];
    struct rig rig;
    (void)state;
    rig_init(&rig, 16);
    rig_start(&rig);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        enum journal_room room;
        while ((room = put_large(&rig, sizes[i])) == JOURNAL_WAIT)
            assert_int_equal(rig_pump(&rig), OK);
        assert_int_equal(room, JOURNAL_ROOM);
    }
    assert_int_equal(rig_pump(&rig), OK);
    for (int i = 0; i < 2; i++) { /* as written, then squeezed */
        if (i == 0)
            rig_crash(&rig);
        else
            rig_close(&rig);
        rig_start(&rig);
        settle(&rig);
        assert_int_equal(large_read(&rig, found, ARRAY_COUNT(found)), ARRAY_COUNT(sizes));
        assert_memory_equal(found, sizes, sizeof sizes);
        assert_int_equal(journal_damage_count(rig.journal), 0);
    }
    rig_done(&rig);
}

/* Messages found are the last ones without a gap: the first may have been released. */
static void assert_messages_to(const struct rig *rig, uint32_t to)
{
    assert_true(rig->message_count <= to);
    for (size_t i = 0; i < rig->message_count; i++)
        assert_int_equal(rig->messages[i], to - rig->message_count + i);
}

/* Appending, rotating, squeezing and releasing, with the power going at any of their steps: what
 * was acknowledged is there, in all lanes that were not released, and nothing is called damage. */
static void test_power_cut_at_any_change(void **state)
{
    struct rig rig;
    (void)state;
    for (uint64_t seed = 1; seed < 400; seed++) {
        rig_init(&rig, seed);
        rig_start(&rig);
        uint32_t next = 480 + (uint32_t)(seed % 50), durable = 0, files; /* near a rotation */
        for (uint32_t i = 0; i < next; i++)
            put_three(&rig, i);
        disk_sim_power_fail_in(rig.disk, 1 + seed % 97);
        for (; !disk_sim_power_is_off(rig.disk); next++) {
            enum journal_room room = JOURNAL_WAIT;
            while (!disk_sim_power_is_off(rig.disk) &&
                   (room = rig_put_sample(&rig, next)) != JOURNAL_ROOM)
                (void)rig_pump(&rig);
            if (room == JOURNAL_ROOM && rig_put_message(&rig, next) == JOURNAL_ROOM)
                (void)rig_put(&rig, next);
            (void)rig_pump(&rig);
            uint64_t end = journal_durable(rig.journal);
            durable = (uint32_t)((end - 1) / 3);
            enum lane lane = seed % 2 == 0 ? LANE_SAMPLES : LANE_MESSAGES;
            if (next % 5 == 0)
                (void)!journal_release(rig.journal, lane, end, &files);
            if (next % 11 == 0)
                (void)!journal_release(rig.journal, LANE_MESSAGES, end / 2, &files);
        }
        for (int again = 0; again < 2; again++) {
            rig_crash(&rig);
            rig_start(&rig);
            uint32_t found = (uint32_t)rig.found_count;
            assert_true(found >= durable && found <= durable + 1);
            assert_found(&rig, 0, found);
            assert_messages_to(&rig, found);
            assert_true(rig.samples <= 2 * (uint64_t)found);
            if (seed % 2 != 0)
                assert_int_equal(rig.samples, 2 * found);
            assert_int_equal(rig.undecodable, 0);
            assert_int_equal(journal_damage_count(rig.journal), 0);
            for (uint32_t i = found; i < found + 3; i++)
                put_three(&rig, i);
            durable = found + 3;
        }
        rig_done(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_three_lanes),
        cmocka_unit_test(test_lane_without_records_has_no_file),
        cmocka_unit_test(test_damage_in_the_messages_lane),
        cmocka_unit_test(test_damage_in_all_lanes),
        cmocka_unit_test(test_unreadable_messages),
        cmocka_unit_test(test_missing_lane_is_named),
        cmocka_unit_test(test_damaged_headers_of_lanes),
        cmocka_unit_test(test_each_lane_is_released_alone),
        cmocka_unit_test(test_damage_beside_a_released_lane),
        cmocka_unit_test(test_read_only_beside_a_release),
        cmocka_unit_test(test_read_only_beside_a_squeeze),
        cmocka_unit_test(test_two_lane_folder),
        cmocka_unit_test(test_released_file_of_two_lanes),
        cmocka_unit_test(test_full_disk_refuses_messages),
        cmocka_unit_test(test_large_messages),
        cmocka_unit_test(test_power_cut_at_any_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
