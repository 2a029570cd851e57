/* The engine's promises to one sender when the disk fails in the middle of a message, and when a
 * message is as large as one can be: nothing that was dropped with a failed write is acknowledged,
 * nobody waits for a batch that will never be, and no size of a message is more than a refusal. And
 * when a piece of the journal is lost, that nothing else is lost with it. */
#include "engine/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct house {
    char folder[64];
    struct disk *disk;
    struct worker *writer, *background;
    struct engine *engine;
    struct publisher publisher;
};

/* So many writes to come say that the disk has failed. */
static int writes_to_fail;
#define FOR_EVER 1000000000
static enum err (*disk_write)(struct disk *, struct disk_file *, uint64_t, const void *, size_t);

static enum err write_or_fail(struct disk *disk, struct disk_file *file, uint64_t offset,
                              const void *at, size_t size)
{
    if (writes_to_fail == 0)
        return disk_write(disk, file, offset, at, size);
    writes_to_fail--;
    return ERR_IO;
}

static uint32_t points_max;
static void house_begin(struct house *house, struct engine_start *ret_start)
{
    struct engine_config config;
    engine_config_default(&config);
    config.disk = house->disk;
    config.clock = clock_real();
    config.writer = house->writer;
    config.background = house->background;
    config.batch_floor_ns = 0;
    if (points_max)
        config.points_max = points_max;
    assert_int_equal(engine_open(&config, &house->engine, ret_start), OK);
    publisher_init(&house->publisher, TENANT_DEFAULT, 1000000);
}

static int house_setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    struct engine_start start;
    snprintf(house->folder, sizeof house->folder, "/tmp/engine_failure_test.XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    assert_int_equal(disk_real_open(house->folder, true, &house->disk), OK);
    assert_int_equal(worker_inline_create(&house->writer), OK);
    assert_int_equal(worker_inline_create(&house->background), OK);
    writes_to_fail = 0;
    disk_write = house->disk->write;
    house->disk->write = write_or_fail;
    house_begin(house, &start);
    *state = house;
    return 0;
}

static int house_teardown(void **state)
{
    struct house *house = *state;
    engine_close(house->engine, false);
    house->writer->destroy(house->writer);
    house->background->destroy(house->background);
    disk_real_close(house->disk);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", house->folder);
    assert_int_equal(system(command), 0);
    free(house);
    return 0;
}

static void house_settle(struct house *house)
{
    struct journal *journal = engine_journal(house->engine);
    for (int i = 0; i < 1000 && (!journal_batch_empty(journal) || journal_in_flight(journal)); i++)
        (void)engine_step(house->engine);
    (void)engine_step(house->engine); /* the next segment is prepared */
}

static enum admit publish(struct house *house, const char *topic, const char *payload,
                          struct admitted *ret_admitted)
{
    return engine_publish(house->engine, &house->publisher, bytes_text(topic), bytes_text(payload),
                          ret_admitted);
}

static enum admit say(struct house *house, const char *topic, const char *payload)
{
    struct admitted admitted;
    enum admit admit;
    while ((admit = publish(house, topic, payload, &admitted)) == ADMIT_WAIT)
        (void)engine_step(house->engine);
    return admit;
}

static bool is_known(struct house *house, const char *path)
{
    return points_find(engine_points(house->engine), TENANT_DEFAULT, bytes_text(path)) !=
           POINT_NONE;
}

/* An array of so many objects that no batch holds them: the first has a key of its own. */
static char *long_array(void)
{
    size_t capacity = 4000 * 160, size = 0;
    char *text = malloc(capacity);
    assert_non_null(text);
    size += (size_t)snprintf(text, capacity, "[{\"first\":1}");
    for (int i = 0; i < 2000; i++)
        size += (size_t)snprintf(text + size, capacity - size, ",{\"s\":\"%0100d\",\"ts\":%d}", i,
                                 1700000000 + i);
    snprintf(text + size, capacity - size, "]");
    return text;
}

static void a_message_that_waited_over_a_failed_write_is_taken_whole(void **state)
{
    struct house *house = *state;
    struct admitted admitted;
    char *text = long_array();
    house_settle(house);
    writes_to_fail = 1;
    assert_int_equal(publish(house, "long", text, &admitted), ADMIT_WAIT);
    assert_int_equal(writes_to_fail, 0);
    (void)engine_step(house->engine); /* what was taken of it is gone */
    (void)engine_step(house->engine); /* the disk answers again */
    assert_int_equal(engine_lost_generation(house->engine), 1);
    assert_int_equal(say(house, "long", text), ADMIT_DONE);
    house_settle(house);
    assert_true(is_known(house, "long/first"));
    assert_true(is_known(house, "long/s"));
    struct engine_counters counters;
    engine_describe(house->engine, &counters);
    assert_int_equal(counters.values, 2001);
    assert_int_equal(counters.applied_values, 2001);
    free(text);
}

static void a_message_after_one_that_was_stopped_is_taken_whole(void **state)
{
    struct house *house = *state;
    struct admitted admitted;
    char *text = long_array();
    house_settle(house);
    writes_to_fail = FOR_EVER;
    assert_int_equal(publish(house, "long", text, &admitted), ADMIT_WAIT);
    (void)engine_step(house->engine);
    assert_int_equal(publish(house, "long", text, &admitted), ADMIT_STOPPED);
    writes_to_fail = 0;
    for (int i = 0;
         i < 2000 && publish(house, "other", "[{\"a\":1},{\"b\":2}]", &admitted) != ADMIT_DONE;
         i++) {
        struct timespec pause = {.tv_nsec = 2000000};
        nanosleep(&pause, NULL);
        (void)engine_step(house->engine);
    }
    house_settle(house);
    assert_int_equal(admitted.values, 2);
    assert_true(is_known(house, "other/a"));
    assert_true(is_known(house, "other/b"));
    free(text);
}

static void a_refusal_does_not_wait_for_a_batch_that_was_lost(void **state)
{
    struct house *house = *state;
    struct admitted admitted;
    house_settle(house);
    writes_to_fail = FOR_EVER;
    assert_int_equal(publish(house, "a/b", "1", &admitted), ADMIT_DONE);
    (void)engine_step(house->engine);
    (void)engine_step(house->engine);
    assert_int_equal(engine_lost_generation(house->engine), 1);
    assert_int_equal(publish(house, "a/b", "1", &admitted), ADMIT_STOPPED);
    assert_true(admitted.ticket <= engine_durable_ticket(house->engine));
    writes_to_fail = 0;
}

/* 256 strings of the given size under short keys. */
static char *many_strings(size_t each)
{
    char *text = malloc(COLUMNS_MAX * (each + 16) + 16), *at = text;
    assert_non_null(text);
    *at++ = '{';
    for (int i = 0; i < COLUMNS_MAX; i++) {
        at += sprintf(at, "%s\"%x\":\"", i == 0 ? "" : ",", (unsigned)i);
        memset(at, 'x', each);
        at += each;
        *at++ = '"';
    }
    memcpy(at, "}", 2);
    return text;
}

static void a_known_row_of_the_longest_strings_is_refused_or_taken(void **state)
{
    struct house *house = *state;
    char *small = many_strings(1);
    assert_int_equal(say(house, "s", small), ADMIT_DONE);
    assert_int_equal(say(house, "s", small), ADMIT_DONE);
    free(small);
    for (size_t each = 1900; each <= STRING_VALUE_MAX; each += 4) {
        char *large = many_strings(each);
        enum admit admit = say(house, "s", large);
        assert_true(admit == ADMIT_DONE || admit == ADMIT_TOO_LARGE);
        assert_true((admit == ADMIT_DONE) == (each <= 2013));
        house_settle(house);
        free(large);
    }
}

static void create(struct house *house, const char *path)
{
    struct admitted admitted;
    struct command command = {
        .kind = COMMAND_CREATE, .tenant = TENANT_DEFAULT, .path = bytes_text(path)};
    assert_int_equal(engine_command(house->engine, &command, 1, &admitted), ADMIT_DONE);
    house_settle(house);
}

static void seen(struct house *house, const char *path, double real)
{
    struct points *points = engine_points(house->engine);
    uint32_t point = points_find(points, TENANT_DEFAULT, bytes_text(path));
    struct point_view view;
    assert_int_not_equal(point, POINT_NONE);
    points_view(points, point, &view);
    assert_true(view.value.present && value_real(&view.value) == real);
}

/* The row of `lost` is created in a batch of its own, which then rots: the numbers it had are not
 * given to the point that a command created behind it, and so are not its values. */
static void house_rots(struct house *house, const char *lost)
{
    struct engine_start start;
    char command[160];
    house_settle(house);
    assert_int_equal(say(house, "b/x", "1"), ADMIT_DONE);
    house_settle(house);
    assert_int_equal(say(house, "lost", lost), ADMIT_DONE);
    house_settle(house);
    create(house, "created");
    assert_int_equal(say(house, "created", "77"), ADMIT_DONE);
    for (int i = 0; i < 40; i++)
        assert_int_equal(say(house, "lost", lost), ADMIT_DONE);
    assert_int_equal(say(house, "b/x", "7"), ADMIT_DONE);
    house_settle(house);
    engine_close(house->engine, false);
    snprintf(command, sizeof command,
             "dd if=/dev/zero of=%s/journal/0000000001.open bs=4096 seek=3 count=1 conv=notrunc "
             "2>/dev/null",
             house->folder);
    assert_int_equal(system(command), 0);
    house_begin(house, &start);
    assert_int_equal(start.damage, 1);
}

static void a_created_point_keeps_its_number_behind_a_lost_row(void **state)
{
    struct house *house = *state;
    house_rots(house, "{\"v\":5}");
    assert_false(is_known(house, "lost/v"));
    seen(house, "b/x", 7);
    seen(house, "created", 77);
}

static void a_lost_row_of_many_points_takes_nothing_with_it(void **state)
{
    struct house *house = *state;
    house_rots(house, "{\"v\":5,\"w\":6,\"x\":7}");
    assert_false(is_known(house, "lost/v"));
    seen(house, "b/x", 7);
    seen(house, "created", 77);
}

#define RUN_BYTES_MAX ((size_t)128 << 10)

/* One run: `count` records of a row as it never was, and one of a row that is known. */
static size_t run_of_two_rows(uint8_t *body, struct row_shape wrong, struct row_shape right,
                              unsigned count)
{
    static const uint8_t types[2] = {VALUE_FLOAT64, VALUE_FLOAT64};
    struct samples_writer writer = {.at = body + RUN_HEADER_SIZE,
                                    .capacity = RUN_BYTES_MAX,
                                    .generation = 1000,
                                    .wall_ns = INT64_C(1700000000) * NS_PER_S};
    struct row_context row = {0}, right_row = {0};
    struct column_context columns[2] = {0}, right_columns[1] = {0};
    struct value values[2] = {value_of_real(50), value_of_real(51)};
    struct sample_row sample = {
        .row = wrong.row, .count = wrong.count, .arrival_time = true, .values = values};
    for (unsigned i = 0; i < count; i++)
        samples_write(&writer, &wrong, types, &row, columns, &sample);
    struct value value = value_of_real(99);
    sample =
        (struct sample_row){.row = right.row, .count = 1, .arrival_time = true, .values = &value};
    samples_write(&writer, &right, types, &right_row, right_columns, &sample);
    run_header_put(body, LANE_SAMPLES, count + 1, 0, (uint32_t)writer.size);
    return RUN_HEADER_SIZE + writer.size;
}

static void a_record_that_damage_contradicts_takes_no_other_with_it(void **state)
{
    struct house *house = *state;
    static uint8_t body[RUN_HEADER_SIZE + RUN_BYTES_MAX];
    house_rots(house, "{\"v\":5}");
    struct points *points = engine_points(house->engine);
    struct point_row wrong, right;
    uint32_t point = points_find(points, TENANT_DEFAULT, bytes_text("b/x"));
    points_row(points, points_row_of(points, point), &wrong);
    point = points_find(points, TENANT_DEFAULT, bytes_text("created"));
    points_row(points, points_row_of(points, point), &right);
    wrong.shape.count++;
    /* So many that a key frame without a schema is among them. */
    size_t size = run_of_two_rows(body, wrong.shape, right.shape, 600);
    struct clock *clock = clock_real();
    struct journal_batch batch = {.header = {.position = house->engine->position,
                                             .records = 601,
                                             .wall_ns = clock->wall_ns(clock) + NS_PER_S},
                                  .body = bytes_of(body, size),
                                  .segment = 1000,
                                  .generation = 1000};
    assert_int_equal(engine_apply_batch(house->engine, &batch), OK);
    seen(house, "b/x", 7);
    seen(house, "created", 99);
}

/* Files that call themselves newer, and many that are older: the house's own snapshot stays. */
static void a_snapshot_stays_among_foreign_ones(void **state)
{
    struct house *house = *state;
    struct engine_start start;
    char command[256];
    assert_int_equal(say(house, "a/b", "1"), ADMIT_DONE);
    house_settle(house);
    snprintf(command, sizeof command,
             "cd %s && mkdir -p snapshots && cd snapshots && touch 9999999999999999999{0,1,2}.snap "
             "&& touch 00000000000000000000-{10..99}.snap",
             house->folder);
    char shell[300];
    snprintf(shell, sizeof shell, "bash -c '%s'", command);
    assert_int_equal(system(shell), 0);
    uint64_t position = journal_durable(engine_journal(house->engine));
    engine_close(house->engine, true);
    house_begin(house, &start);
    assert_int_equal(start.snapshot_position, position);
    engine_close(house->engine, true);
    house_begin(house, &start);
    assert_true(start.snapshot_position >= position);
    assert_true(is_known(house, "a/b"));
}

static void long_paths_do_not_take_all_memory(void **state)
{
    struct house *house = *state;
    struct engine_start start;
    char topic[PATH_MAX_BYTES + 1];
    engine_close(house->engine, false);
    points_max = 10000;
    house_begin(house, &start);
    points_max = 0;
    uint32_t taken = 0;
    enum admit admit = ADMIT_DONE;
    while (taken < 10000 && admit == ADMIT_DONE) {
        for (int i = 0; i < 16; i++)
            snprintf(topic + i * 128, 129, "%0127u/", taken);
        topic[PATH_MAX_BYTES - 1] = 0;
        admit = say(house, topic, "1");
        taken += admit == ADMIT_DONE;
        if (taken % 64 == 0)
            house_settle(house);
    }
    house_settle(house);
    assert_int_equal(admit, ADMIT_POINTS_MAX);
    assert_in_range(points_names_bytes(engine_points(house->engine)), 4 << 20, 5 << 20);
    assert_int_equal(say(house, topic, "2"), ADMIT_POINTS_MAX);
    snprintf(topic, sizeof topic, "%0127d", 0); /* a known one is taken as before */
    for (int i = 1; i < 16; i++)
        snprintf(topic + i * 128 - 1, 129, "/%0127d", 0);
    assert_int_equal(say(house, topic, "2"), ADMIT_DONE);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_message_that_waited_over_a_failed_write_is_taken_whole),
        CASE(a_message_after_one_that_was_stopped_is_taken_whole),
        CASE(a_refusal_does_not_wait_for_a_batch_that_was_lost),
        CASE(a_known_row_of_the_longest_strings_is_refused_or_taken),
        CASE(a_created_point_keeps_its_number_behind_a_lost_row),
        CASE(a_lost_row_of_many_points_takes_nothing_with_it),
        CASE(a_record_that_damage_contradicts_takes_no_other_with_it),
        CASE(a_snapshot_stays_among_foreign_ones),
        CASE(long_paths_do_not_take_all_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
