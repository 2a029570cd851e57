/* The journal on a real folder with real threads: what it promises in daily life. What it does when
 * the disk misbehaves is tested on the imagined one (sim/journal_test.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "journal/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct house {
    char folder[64];
    struct disk *disk;
    struct worker *writer, *background;
    struct journal *journal;
    struct journal_config config;
    uint64_t told_position; /* of the last batch told durable */
    uint64_t told_ticket;
};

static void house_open(struct house *house, bool read_only)
{
    assert_int_equal(disk_real_open(house->folder, true, &house->disk), OK);
    assert_int_equal(worker_thread_create("writer", &house->writer), OK);
    assert_int_equal(worker_thread_create("background", &house->background), OK);
    house->config = (struct journal_config){.disk = house->disk,
                                            .clock = clock_real(),
                                            .writer = house->writer,
                                            .background = house->background,
                                            .segment_first_bytes = (uint64_t)2 << 20,
                                            .segment_max_bytes = (uint64_t)4 << 20,
                                            .reserve_bytes = (uint64_t)1 << 20,
                                            .read_only = read_only};
    assert_int_equal(journal_open(&house->config, &house->journal), OK);
}

static void house_close(struct house *house)
{
    journal_close(house->journal);
    house->writer->destroy(house->writer);
    house->background->destroy(house->background);
    disk_real_close(house->disk);
}

static int house_setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    snprintf(house->folder, sizeof house->folder, "/tmp/journal_test.XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    *state = house;
    return 0;
}

static int house_teardown(void **state)
{
    struct house *house = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", house->folder);
    int result = system(command);
    free(house);
    return result;
}

static bool durable_each(void *arg, const struct journal_batch *batch, uint64_t ticket)
{
    struct house *house = arg;
    assert_int_equal(batch->header.position, house->told_position);
    assert_int_equal(ticket, house->told_ticket + 1);
    assert_int_equal(batch->hole_records, 0);
    house->told_position += batch->header.records;
    house->told_ticket = ticket;
    journal_submit(house->journal); /* the next one goes out while this one is looked at */
    return true;
}

static void house_step(struct house *house)
{
    journal_submit(house->journal);
    assert_int_equal(journal_poll(house->journal, durable_each, house), OK);
}

/* Positions without a hole from 1; returns the end. */
static uint64_t house_read(struct house *house)
{
    struct journal_cursor *cursor;
    struct journal_batch batch;
    uint64_t position = 1;
    enum err err;
    assert_int_equal(journal_cursor_open(house->journal, 0, &cursor), OK);
    while ((err = journal_cursor_next(cursor, &batch)) == OK) {
        assert_int_equal(batch.header.position, position);
        assert_int_equal(batch.hole_records, 0);
        position += batch.header.records;
    }
    assert_int_equal(err, ERR_MISSING);
    journal_cursor_close(cursor);
    return position;
}

static void house_start(struct house *house)
{
    house->told_position = house_read(house);
    house->told_ticket = 0;
    assert_int_equal(journal_start(house->journal, house->told_position, 0), OK);
}

static void house_put(struct house *house, unsigned facts)
{
    static const char text[] = "a program with a name of some length, so that batches grow";
    const struct fact fact = {
        .kind = FACT_START,
        .start = {.reducer_version = 1, .program = {(const uint8_t *)text, sizeof text - 1}}};
    for (unsigned i = 0; i < facts; i++) {
        while (journal_room(house->journal, LANE_FACTS, 256) != JOURNAL_ROOM)
            house_step(house);
        facts_write(journal_facts(house->journal), &fact);
    }
    while (!journal_batch_empty(house->journal) || journal_in_flight(house->journal))
        house_step(house);
}

/* Into the open batch; it goes out with what is put next. */
static void house_message(struct house *house)
{
    struct fact fact = {.kind = FACT_MESSAGE};
    fact.message = (struct fact_message){.expiry_s = EXPIRY_NEVER,
                                         .topic = bytes_text("site/area/line/device/note"),
                                         .payload = bytes_text("as it came")};
    while (journal_room(house->journal, LANE_MESSAGES, 256) != JOURNAL_ROOM)
        house_step(house);
    facts_write(journal_messages(house->journal), &fact);
}

static void test_empty_house(void **state)
{
    struct house *house = *state;
    struct journal_state described;
    house_open(house, false);
    assert_int_equal(house_read(house), 1);
    house_start(house);
    assert_int_equal(journal_durable(house->journal), 1);
    journal_describe(house->journal, &described);
    assert_int_equal(described.segment_number, 1);
    assert_false(described.disk_full || described.stopped);
    house_close(house);
    house_open(house, false);
    house_start(house);
    assert_int_equal(journal_durable(house->journal), 1);
    house_close(house);
}

static void test_many_batches_and_restarts(void **state)
{
    struct house *house = *state;
    struct journal_state described;
    uint64_t total = 0, identity[2] = {0}, again[2];
    for (unsigned round = 0; round < 4; round++) {
        house_open(house, false);
        house_start(house);
        assert_int_equal(house->told_position, total + 1);
        journal_identity(house->journal, again);
        if (round > 0)
            assert_memory_equal(identity, again, sizeof identity);
        memcpy(identity, again, sizeof identity);
        for (unsigned i = 0; i < 40; i++)
            house_put(house, 1 + i * 97 % 3000);
        for (unsigned i = 0; i < 40; i++)
            total += 1 + i * 97 % 3000;
        assert_int_equal(journal_durable(house->journal), total + 1);
        assert_int_equal(house->told_position, total + 1);
        journal_describe(house->journal, &described);
        assert_true(described.batches > 0 && described.bytes_written >= described.bytes_payload);
        assert_int_equal(house_read(house), total + 1); /* beside the appending */
        house_close(house);
    }
    house_open(house, true);
    assert_int_equal(house_read(house), total + 1);
    assert_int_equal(journal_damage_count(house->journal), 0);
    house_close(house);
}

static void segment_each_count(void *arg, const char *file, const struct segment_header *header,
                               uint64_t bytes, enum err header_err)
{
    unsigned *count = arg;
    assert_non_null(file);
    assert_int_equal(header_err, OK);
    assert_true(bytes >= SEGMENT_HEADER_SIZE && header->number >= 1);
    (*count)++;
}

static void test_segments_are_squeezed(void **state)
{
    struct house *house = *state;
    struct journal_state described = {0};
    unsigned files = 0;
    house_open(house, false);
    house_start(house);
    for (unsigned i = 0; i < 1200; i++) { /* a block each: 4.7 MiB */
        house_message(house);
        house_put(house, 1);
    }
    for (unsigned i = 0; i < 1000; i++) {
        house_step(house);
        journal_describe(house->journal, &described);
        if (described.bytes < (uint64_t)5 << 20)
            break;
        usleep(10000);
    }
    assert_true(described.bytes < (uint64_t)5 << 20);
    assert_int_equal(house_read(house), 2401);
    assert_int_equal(journal_segments(house->journal, segment_each_count, &files), OK);
    assert_true(files >= 3); /* two lanes of a closed segment, and the open one */
    uint32_t released = 0;
    assert_int_equal(journal_release(house->journal, LANE_MESSAGES, 2401, &released), OK);
    assert_true(released >= 1);
    house_close(house);
    house_open(house, true);
    struct journal_cursor *cursor;
    struct journal_batch batch;
    assert_int_equal(journal_cursor_open(house->journal, 0, &cursor), OK);
    while (journal_cursor_next(cursor, &batch) == OK)
        assert_int_equal(batch.hole_records, 0);
    journal_cursor_close(cursor);
    assert_int_equal(journal_damage_count(house->journal), 0);
    house_close(house);
}

struct told {
    uint64_t facts;
};

static void fact_count(void *arg, const struct fact *fact)
{
    struct told *told = arg;
    told->facts += fact->kind == FACT_START;
}

/* All are told once, however many bytes are read at once, and never many more than those. */
static void test_facts_between_in_pieces(void **state)
{
    static const uint64_t sizes[] = {UINT64_MAX, 64 << 10, 1};
    struct house *house = *state;
    struct told told;
    uint64_t identity[2];
    house_open(house, false);
    house_start(house);
    for (int i = 0; i < 1200; i++) {
        house_message(house);
        house_put(house, 3);
    }
    journal_identity(house->journal, identity);
    uint64_t end = journal_durable(house->journal);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        uint64_t from = 401, pieces = 0, facts = 0;
        for (; from < end; pieces++) {
            uint64_t before = from;
            told = (struct told){0};
            assert_int_equal(journal_facts_between(house->disk, identity, &from, end, sizes[i],
                                                   fact_count, &told),
                             OK);
            assert_true(from > before && from <= end);
            assert_true(sizes[i] != 1 || told.facts == 3);
            assert_true(sizes[i] != sizes[1] || told.facts < 1000);
            facts += told.facts;
        }
        assert_int_equal(facts, 3300);
        assert_true(i == 0 ? pieces == 1 : pieces > 3);
        assert_int_equal(from, end);
    }
    house_close(house);
}

static void test_record_of_the_largest_size(void **state)
{
    struct house *house = *state;
    size_t most = JOURNAL_RECORD_BYTES_MAX;
    house_open(house, false);
    house_start(house);
    enum journal_room room;
    while ((room = journal_room(house->journal, LANE_SAMPLES, most)) == JOURNAL_WAIT)
        house_step(house);
    assert_int_equal(room, JOURNAL_ROOM);
    house_put(house, 1);
    assert_int_equal(journal_durable(house->journal), 2);
    house_close(house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty_house, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_many_batches_and_restarts, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(test_segments_are_squeezed, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_facts_between_in_pieces, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_record_of_the_largest_size, house_setup,
                                        house_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
