#include "journal_rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void rig_tell(void *arg, enum log_level level, const char *text)
{
    struct rig *rig = arg;
    size_t size = strlen(rig->told);
    (void)level;
    snprintf(rig->told + size, sizeof rig->told - size, "%s\n", text);
}

void rig_init(struct rig *rig, uint64_t seed)
{
    memset(rig, 0, sizeof *rig);
    random_seed(&rig->random, seed);
    assert_int_equal(disk_sim_create(&rig->random, &rig->disk), OK);
    clock_sim_init(&rig->clock, INT64_C(1700000000) * NS_PER_S);
    worker_sim_init(&rig->writer);
    worker_sim_init(&rig->background);
    rig->found = calloc(RECORDS_MAX, sizeof *rig->found);
    rig->messages = calloc(RECORDS_MAX, sizeof *rig->messages);
    assert_true(rig->found != NULL && rig->messages != NULL);
    rig->config = (struct journal_config){.disk = disk_sim_port(rig->disk),
                                          .clock = &rig->clock.port,
                                          .writer = &rig->writer.port,
                                          .background = &rig->background.port,
                                          .segment_first_bytes = SEGMENT_BYTES,
                                          .segment_max_bytes = 2 * SEGMENT_BYTES,
                                          .reserve_bytes = (uint64_t)256 << 10,
                                          .tell = rig_tell,
                                          .tell_arg = rig};
}

void rig_done(struct rig *rig)
{
    journal_close(rig->journal);
    disk_sim_destroy(rig->disk);
    free(rig->found);
    free(rig->messages);
}

void rig_open(struct rig *rig)
{
    rig->told[0] = 0;
    assert_int_equal(journal_open(&rig->config, &rig->journal), OK);
}

static void found_run(struct rig *rig, struct bytes run)
{
    static struct fact_storage storage;
    struct fact fact;
    size_t offset = 0;
    while (facts_read(run, &offset, &storage, &fact) == OK) {
        char text[16] = {0};
        memcpy(text, fact.start.program.at, fact.start.program.size);
        assert_true(rig->found_count < RECORDS_MAX);
        rig->found[rig->found_count++] = (uint32_t)atoi(text);
    }
}

/* What a message of this number is. */
static struct fact message_make(uint32_t number)
{
    static char topic[24];
    static uint8_t payload[300];
    struct fact fact = {.kind = FACT_MESSAGE};
    int size = snprintf(topic, sizeof topic, "m/%" PRIu32, number);
    memset(payload, (int)(number % 251), sizeof payload);
    fact.message = (struct fact_message){.tenant = 1,
                                         .qos = (uint8_t)(number % 3),
                                         .retain = number % 2 == 0,
                                         .expiry_s = EXPIRY_NEVER,
                                         .topic = bytes_of(topic, (size_t)size),
                                         .payload = bytes_of(payload, number * 7 % 300)};
    return fact;
}

static void found_messages(struct rig *rig, struct bytes run)
{
    static struct fact_storage storage;
    struct fact fact;
    size_t offset = 0;
    enum err err;
    while ((err = facts_read(run, &offset, &storage, &fact)) == OK) {
        char text[16] = {0};
        assert_int_equal(fact.kind, FACT_MESSAGE);
        if (fact.message.topic.at[0] != 'm') /* one of a test's own */
            continue;
        memcpy(text, fact.message.topic.at + 2, fact.message.topic.size - 2);
        uint32_t number = (uint32_t)atoi(text);
        struct fact was = message_make(number);
        assert_true(bytes_equal(fact.message.topic, was.message.topic));
        assert_true(bytes_equal(fact.message.payload, was.message.payload));
        assert_int_equal(fact.message.qos, was.message.qos);
        assert_int_equal(fact.message.retain, was.message.retain);
        assert_true(rig->message_count < RECORDS_MAX);
        rig->messages[rig->message_count++] = number;
    }
    assert_int_equal(err, ERR_MISSING);
}

static void found_sample(void *arg, const struct row_shape *shape, const struct sample_row *sample)
{
    struct rig *rig = arg;
    (void)shape;
    if (sample->undecodable)
        rig->undecodable++;
    else
        rig->samples += sample->count;
}

void rig_read(struct rig *rig, uint64_t position)
{
    struct journal_cursor *cursor;
    struct journal_batch batch;
    struct segment_decoder *decoder = NULL;
    uint32_t generation = 0;
    enum err err;
    rig->found_count = rig->message_count = 0;
    rig->holes = rig->samples = rig->undecodable = 0;
    assert_int_equal(journal_cursor_open(rig->journal, position, &cursor), OK);
    while ((err = journal_cursor_next(cursor, &batch)) == OK) {
        size_t offset = 0;
        enum lane lane;
        uint32_t records, ordinal;
        struct bytes run;
        if (batch.generation != generation) {
            segment_decoder_destroy(decoder);
            assert_int_equal(segment_decoder_create(batch.generation, &decoder), OK);
            generation = batch.generation;
        }
        if (batch.hole_records > 0)
            segment_decoder_hole(decoder, batch.hole_records);
        assert_int_equal(
            segment_decoder_batch(decoder, &batch.header, batch.body, found_sample, rig), OK);
        while (batch_next_run(batch.body, &offset, &lane, &records, &ordinal, &run) == OK) {
            if (lane == LANE_FACTS)
                found_run(rig, run);
            else if (lane == LANE_MESSAGES)
                found_messages(rig, run);
        }
        rig->holes += batch.hole_records;
        rig->end_position = batch.header.position + batch.header.records;
    }
    assert_int_equal(err, ERR_MISSING);
    segment_decoder_destroy(decoder);
    journal_cursor_close(cursor);
}

void rig_start(struct rig *rig)
{
    rig_open(rig);
    rig->end_position = 1;
    rig_read(rig, 0);
    assert_int_equal(journal_start(rig->journal, rig->end_position, 5), OK);
}

bool rig_put(struct rig *rig, uint32_t number)
{
    char text[16];
    snprintf(text, sizeof text, "%" PRIu32, number);
    struct fact fact = {.kind = FACT_START,
                        .start = {.reducer_version = 1, .program = bytes_text(text)}};
    if (journal_room(rig->journal, LANE_FACTS, FACT_BYTES_MAX) != JOURNAL_ROOM)
        return false;
    facts_write(journal_facts(rig->journal), &fact);
    return true;
}

enum journal_room rig_put_sample(struct rig *rig, uint32_t number)
{
    static const uint8_t types[2] = {VALUE_FLOAT64, VALUE_FLOAT64};
    const struct row_shape shape = {.row = 1, .first_point = 1, .count = 2};
    struct value values[2] = {value_of_real(number * 0.1), value_of_real(number * 7.0)};
    struct sample_row sample = {
        .row = 1, .count = 2, .time_ns = INT64_C(1700000000) * NS_PER_S + number, .values = values};
    enum journal_room room =
        journal_room(rig->journal, LANE_SAMPLES, SAMPLE_RECORD_BYTES_MAX(2, 0));
    if (room == JOURNAL_ROOM)
        samples_write(journal_samples(rig->journal), &shape, types, &rig->row, rig->columns,
                      &sample);
    return room;
}

enum journal_room rig_put_message(struct rig *rig, uint32_t number)
{
    struct fact fact = message_make(number);
    size_t bytes = FACT_MESSAGE_BYTES_MAX(fact.message.topic.size + fact.message.payload.size);
    enum journal_room room = journal_room(rig->journal, LANE_MESSAGES, bytes);
    if (room == JOURNAL_ROOM)
        facts_write(journal_messages(rig->journal), &fact);
    return room;
}

enum err rig_poll(struct rig *rig)
{
    return journal_poll(rig->journal, NULL, NULL);
}

enum err rig_pump(struct rig *rig)
{
    enum err result = OK;
    for (int i = 0; i < 6; i++) {
        journal_submit(rig->journal);
        worker_sim_run(&rig->writer);
        while (worker_sim_run(&rig->background)) {
        }
        enum err err = rig_poll(rig);
        if (err != OK)
            result = err;
    }
    return result;
}

void rig_put_durable(struct rig *rig, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        while (!rig_put(rig, i))
            assert_int_equal(rig_pump(rig), OK);
        assert_int_equal(rig_pump(rig), OK);
    }
}

void rig_crash(struct rig *rig)
{
    disk_sim_power_off(rig->disk);
    journal_close(rig->journal);
    rig->journal = NULL;
    worker_sim_reset(&rig->writer);
    worker_sim_reset(&rig->background);
    disk_sim_power_on(rig->disk);
    clock_sim_reboot(&rig->clock, NS_PER_S);
    memset(&rig->row, 0, sizeof rig->row);
    memset(rig->columns, 0, sizeof rig->columns);
}

void rig_close(struct rig *rig)
{
    journal_close(rig->journal);
    rig->journal = NULL;
}

void assert_found(const struct rig *rig, uint32_t from, uint32_t to)
{
    assert_int_equal(rig->found_count, to - from);
    for (uint32_t i = from; i < to; i++)
        assert_int_equal(rig->found[i - from], i);
}

void rig_put_squeezed(struct rig *rig, uint32_t count, bool messages)
{
    rig_start(rig);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(rig_put_sample(rig, i), JOURNAL_ROOM);
        if (messages)
            assert_int_equal(rig_put_message(rig, i), JOURNAL_ROOM);
        rig_put_durable(rig, i, i + 1);
    }
    rig_close(rig);
    rig_start(rig);
    assert_int_equal(rig_pump(rig), OK);
    assert_int_equal(rig_pump(rig), OK);
    rig_close(rig);
}

void file_put(struct rig *rig, const char *name, uint64_t offset, const void *at, size_t size)
{
    struct disk *disk = disk_sim_port(rig->disk);
    struct disk_file *file;
    assert_int_equal(disk->open(disk, name, DISK_READ | DISK_WRITE | DISK_CREATE, &file), OK);
    assert_int_equal(disk->write(disk, file, offset, at, size), OK);
    assert_int_equal(disk->sync(disk, file), OK);
    disk->close(disk, file);
}
