/* Backups of a real folder with a real engine on it: what is restored is what was there, at each
 * position that was noted; runs that end anywhere leave what was there before; damage is named. */
#include "backup/backup.h"

#include "backup/manifest.h"
#include "backup/segments.h"
#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOTES_MAX 64
#define POINTS 5

struct note { /* of a moment */
    uint64_t position, hash, samples;
};
struct house {
    char root[64];
    struct disk *disk, *target;
    struct worker *worker;
    struct engine *engine;
    struct publisher publisher;
    uint64_t messages; /* published so far: each has POINTS values at a time of its own */
    struct note notes[NOTES_MAX];
    size_t note_count;
    char told[8192];
    uint64_t stop_after; /* port: pieces until stop() says so; 0: never */
};

static void on_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    (void)arg, (void)tag, (void)outcome;
}

static struct disk *folder_open(const struct house *house, const char *name)
{
    char path[128];
    struct disk *disk;
    snprintf(path, sizeof path, "%s/%s", house->root, name);
    assert_int_equal(disk_real_open(path, true, &disk), OK);
    return disk;
}

static struct engine *engine_on(struct house *house, struct disk *disk, bool read_only,
                                uint64_t until)
{
    struct engine_config config;
    struct engine_start start;
    struct engine *engine;
    engine_config_default(&config);
    config.disk = disk;
    config.clock = clock_real();
    config.writer = config.background = house->worker;
    config.sealer = config.merger = house->worker;
    config.batch_floor_ns = 0;
    config.segment_first_bytes = (uint64_t)4 << 20;
    config.outcome = on_outcome;
    config.read_only = read_only;
    config.until_position = until;
    assert_int_equal(engine_open(&config, &engine, &start), OK);
    return engine;
}

static void house_start(struct house *house)
{
    house->engine = engine_on(house, house->disk, false, 0);
    publisher_init(&house->publisher, TENANT_DEFAULT, 1000000);
}

static void house_stop(struct house *house, bool snapshot)
{
    engine_close(house->engine, snapshot);
    house->engine = NULL;
}

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    /* In memory where there is such a folder: thousands of runs wait for no disk. */
    snprintf(house->root, sizeof house->root, "%s/backup_test.XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(house->root));
    assert_int_equal(worker_inline_create(&house->worker), OK);
    house->disk = folder_open(house, "data");
    house->target = folder_open(house, "target");
    house_start(house);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;
    char command[128];
    engine_close(house->engine, false);
    disk_real_close(house->disk);
    disk_real_close(house->target);
    house->worker->destroy(house->worker);
    snprintf(command, sizeof command, "rm -rf %s", house->root);
    assert_int_equal(system(command), 0);
    free(house);
    return 0;
}

/* ---- life of the house ------------------------------------------------------------------------
 */
static void settle(struct house *house)
{
    for (int i = 0; i < 10000; i++) {
        engine_step(house->engine);
        struct journal *journal = engine_journal(house->engine);
        if (journal_batch_empty(journal) && !journal_in_flight(journal) &&
            !engine_snapshot_active(house->engine) &&
            !history_is_busy(engine_history(house->engine)))
            return;
    }
    fail_msg("the engine does not settle");
}

static void publish(struct house *house, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char payload[256];
        uint64_t n = house->messages++;
        struct admitted admitted;
        snprintf(payload, sizeof payload,
                 "{\"a\":%llu.5,\"b\":%llu,\"c\":true,\"d\":\"t%llu\",\"e\":-%llu,\"time\":%llu}",
                 (unsigned long long)n, (unsigned long long)(n * n), (unsigned long long)(n % 7),
                 (unsigned long long)(n % 100), 1700000000000ull + n * 1000);
        enum admit admit;
        while ((admit = engine_publish(house->engine, &house->publisher, bytes_text("plant/press"),
                                       bytes_text(payload), &admitted)) == ADMIT_WAIT)
            engine_step(house->engine);
        assert_int_equal(admit, ADMIT_DONE);
        if (i % 10 == 9)
            engine_step(house->engine);
    }
    settle(house);
}

static uint64_t engine_position(struct engine *engine)
{
    struct engine_counters counters;
    engine_describe(engine, &counters);
    return counters.position;
}

static const struct note *note(struct house *house)
{
    assert_true(house->note_count < NOTES_MAX);
    struct note *one = &house->notes[house->note_count++];
    *one = (struct note){.position = engine_position(house->engine),
                         .hash = engine_state_hash(house->engine),
                         .samples = house->messages};
    return one;
}

static void seal(struct house *house)
{
    history_seal_now(engine_history(house->engine));
    settle(house);
}

static void merge(struct house *house)
{
    history_merge_now(engine_history(house->engine));
    settle(house);
}

static void snapshot(struct house *house)
{
    assert_true(engine_snapshot_now(house->engine));
    settle(house);
}

/* ---- backups ----------------------------------------------------------------------------------
 */
static void on_tell(void *arg, enum log_level level, const char *text)
{
    struct house *house = arg;
    size_t size = strlen(house->told);
    snprintf(house->told + size, sizeof house->told - size, "%d %s\n", (int)level, text);
}

static bool on_stop(void *arg)
{
    struct house *house = arg;
    return house->stop_after > 0 && --house->stop_after == 0;
}

static struct backup_port port_of(struct house *house)
{
    house->told[0] = 0;
    return (struct backup_port){.stop = on_stop, .tell = on_tell, .arg = house};
}

static struct backup_taken backup(struct house *house, uint32_t keep)
{
    struct backup_port port = port_of(house);
    struct backup_taken taken;
    enum err err = backup_take(house->disk, house->target, clock_real(), keep, &port, &taken);
    if (err != OK)
        fail_msg("%s: %s", err_text(err), house->told);
    assert_string_equal(house->told, "");
    return taken;
}

static struct backup_list list_of(struct house *house)
{
    struct backup_port port = port_of(house);
    struct backup_list list;
    assert_int_equal(backup_list_read(house->target, &port, &list), OK);
    return list;
}

static uint64_t damaged_files(struct house *house)
{
    struct backup_list list = list_of(house);
    struct backup_port port = port_of(house);
    uint64_t sum = 0, damaged;
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(backup_check(house->target, &list.manifests[i], &port, &damaged), OK);
        sum += damaged;
    }
    backup_list_done(&list);
    return sum;
}

/* Samples of the row that history answers with, in order, each with the values it was given. */
static uint64_t history_samples(struct engine *engine)
{
    struct history_view *view;
    struct history_scan *scan;
    struct history_piece piece;
    uint64_t samples = 0;
    static const uint8_t types[POINTS] = {VALUE_FLOAT64, VALUE_FLOAT64, VALUE_BOOL, VALUE_STRING,
                                          VALUE_FLOAT64};
    const struct history_query query = {
        .row = 1, .types = types, .count = POINTS, .from_ns = TIME_MIN_NS, .to_ns = TIME_MAX_NS};
    assert_int_equal(history_view_open(engine_history(engine), &view), OK);
    assert_int_equal(history_scan_create(view, &scan), OK);
    assert_int_equal(history_scan_row(scan, &query), OK);
    enum err err;
    while ((err = history_scan_next(scan, &piece)) == OK) {
        for (size_t i = 0; i < piece.rows.rows; i++) {
            int64_t n = (int64_t)samples++;
            assert_true(piece.rows.times[i] == (1700000000000 + n * 1000) * NS_PER_MS);
        }
    }
    assert_int_equal(err, ERR_MISSING);
    history_scan_destroy(scan);
    history_view_close(view);
    return samples;
}

static enum err restore_to(struct house *house, uint64_t position, const char *name,
                           struct backup_restored *ret_restored)
{
    struct backup_list list = list_of(house);
    struct backup_port port = port_of(house);
    const struct backup_wish wish = {.position = position};
    struct disk *into = folder_open(house, name);
    enum err err =
        backup_restore(house->target, &list, &wish, into, clock_real(), &port, ret_restored);
    disk_real_close(into);
    backup_list_done(&list);
    return err;
}

/* A server goes on where the restored folder ends. */
static void expect_alive(struct house *house, const char *name, const struct note *noted)
{
    struct disk *disk = folder_open(house, name);
    struct engine *engine = engine_on(house, disk, false, 0);
    assert_int_equal(journal_damage_count(engine_journal(engine)), 0);
    assert_int_equal(history_samples(engine), noted->samples);
    struct publisher publisher;
    struct admitted admitted;
    publisher_init(&publisher, TENANT_DEFAULT, 1000);
    assert_int_equal(
        engine_publish(engine, &publisher, bytes_text("plant/other"), bytes_text("1"), &admitted),
        ADMIT_DONE);
    engine_close(engine, true);
    engine = engine_on(house, disk, false, 0);
    assert_int_equal(journal_damage_count(engine_journal(engine)), 0);
    assert_int_equal(history_samples(engine), noted->samples);
    engine_close(engine, false);
    disk_real_close(disk);
}

static void expect_restored(struct house *house, const struct note *noted)
{
    struct backup_restored restored;
    char name[64];
    snprintf(name, sizeof name, "restored-%llu", (unsigned long long)noted->position);
    enum err err = restore_to(house, noted->position, name, &restored);
    if (err != OK)
        fail_msg("position %llu: %s: %s", (unsigned long long)noted->position, err_text(err),
                 house->told);
    assert_int_equal(restored.position, noted->position);
    assert_true(restored.state_hash == noted->hash);
    expect_alive(house, name, noted);
    char command[160];
    snprintf(command, sizeof command, "rm -rf %s/%s", house->root, name);
    assert_int_equal(system(command), 0);
}

/* ---- tests ------------------------------------------------------------------------------------
 */
/* A life with restarts, seals, merges and snapshots, and a backup now and then. */
static void test_every_noted_position(void **state)
{
    struct house *house = *state;
    for (unsigned round = 0; round < 4; round++) {
        publish(house, 300);
        note(house);
        if (round % 2 == 0)
            seal(house);
        publish(house, 50);
        note(house);
        if (round == 2)
            merge(house);
        if (round == 1)
            snapshot(house);
        publish(house, 20);
        note(house);
        backup(house, 0);
        house_stop(house, round == 3);
        house_start(house);
    }
    publish(house, 10);
    note(house);
    backup(house, 0);
    for (size_t i = 0; i < house->note_count; i++)
        expect_restored(house, &house->notes[i]);
    assert_int_equal(damaged_files(house), 0);
}

static void test_second_run_copies_what_is_new(void **state)
{
    struct house *house = *state;
    publish(house, 2000);
    seal(house);
    house_stop(house, true);
    house_start(house);
    publish(house, 100);
    struct backup_taken first = backup(house, 0), again = backup(house, 0);
    assert_true(first.bytes_copied > 0);
    assert_int_equal(first.bytes_copied, first.bytes);
    assert_int_equal(again.bytes_copied, 0);
    assert_int_equal(again.bytes, first.bytes);
    assert_int_equal(again.position, first.position);
    publish(house, 100);
    struct backup_taken third = backup(house, 0);
    assert_true(third.bytes_copied > 0 && third.bytes_copied < 100000);
    assert_int_equal(third.bytes_copied, third.bytes - first.bytes);
    assert_int_equal(third.serial, 3);
}

/* The run ends after any piece; what was there before is there, and the next run completes. */
static void test_interrupted_anywhere(void **state)
{
    struct house *house = *state;
    publish(house, 500);
    seal(house);
    snapshot(house);
    const struct note *before = note(house);
    backup(house, 0);
    publish(house, 500);
    house_stop(house, true);
    house_start(house);
    publish(house, 10);
    const struct note *after = note(house);
    bool stopped = true;
    for (uint64_t pieces = 1; stopped; pieces++) {
        struct backup_port port = port_of(house);
        struct backup_taken taken;
        house->stop_after = pieces;
        enum err err = backup_take(house->disk, house->target, clock_real(), 0, &port, &taken);
        stopped = err == ERR_STOPPED;
        house->stop_after = 0;
        assert_true(stopped || err == OK);
        struct backup_list list = list_of(house);
        assert_int_equal(list.count, stopped ? 1 : 2);
        backup_list_done(&list);
        assert_int_equal(damaged_files(house), 0);
        assert_true(pieces < 1000);
    }
    expect_restored(house, before);
    expect_restored(house, after);
}

static void test_keep(void **state)
{
    struct house *house = *state;
    for (unsigned i = 0; i < 5; i++) {
        publish(house, 100);
        seal(house);
        merge(house);
        note(house);
        backup(house, 2);
    }
    struct backup_list list = list_of(house);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.manifests[0].serial, 4);
    assert_int_equal(list.manifests[1].serial, 5);
    backup_list_done(&list);
    assert_int_equal(damaged_files(house), 0);
    for (size_t i = 0; i < house->note_count; i++)
        expect_restored(house, &house->notes[i]); /* the journal has them all */
}

static void test_damage_is_named_and_refused(void **state)
{
    struct house *house = *state;
    publish(house, 500);
    seal(house);
    house_stop(house, true);
    house_start(house);
    publish(house, 10);
    const struct note *noted = note(house);
    backup(house, 0);
    struct backup_list list = list_of(house);
    const struct backup_manifest *one = &list.manifests[0];
    for (size_t i = 0; i < one->count; i++) {
        char path[STORED_PATH_SIZE], name[32];
        struct disk_file *file;
        struct backup_restored restored;
        uint8_t byte, bad;
        size_t size;
        snprintf(path, sizeof path, FILES_FOLDER "/%s", one->files[i].stored);
        assert_int_equal(house->target->open(house->target, path, DISK_READ | DISK_WRITE, &file),
                         OK);
        uint64_t at = one->files[i].bytes / 2;
        assert_int_equal(house->target->read(house->target, file, at, &byte, 1, &size), OK);
        bad = byte ^ 0x40;
        assert_int_equal(house->target->write(house->target, file, at, &bad, 1), OK);
        assert_int_equal(damaged_files(house), 1);
        assert_non_null(strstr(house->told, one->files[i].name));
        snprintf(name, sizeof name, "damaged-%zu", i);
        enum err err = restore_to(house, 0, name, &restored);
        if (err != ERR_CORRUPT)
            fail_msg("%s: %s", one->files[i].name, err_text(err));
        assert_int_equal(house->target->write(house->target, file, at, &byte, 1), OK);
        house->target->close(house->target, file);
    }
    backup_list_done(&list);
    assert_int_equal(damaged_files(house), 0);
    expect_restored(house, noted);
}

/* Samples that the journal let go of: positions are told that are possible. */
static void test_positions_that_are_not_possible(void **state)
{
    struct house *house = *state;
    struct backup_restored restored;
    uint32_t files;
    publish(house, 300);
    const struct note *early = note(house);
    publish(house, 300);
    house_stop(house, true);
    house_start(house);
    publish(house, 300);
    seal(house);
    merge(house);
    snapshot(house);
    snapshot(house);
    const struct note *late = note(house);
    assert_int_equal(
        journal_release(engine_journal(house->engine), LANE_SAMPLES, late->position, &files), OK);
    assert_true(files > 0);
    publish(house, 5);
    const struct note *end = note(house);
    backup(house, 0);
    assert_int_equal(restore_to(house, early->position, "no", &restored), ERR_LIMIT);
    assert_non_null(strstr(house->told, "possible"));
    assert_int_equal(restore_to(house, end->position + 1000, "no", &restored), ERR_LIMIT);
    expect_restored(house, end);
    expect_restored(house, late);
}

static void test_times(void **state)
{
    struct house *house = *state;
    struct clock *clock = clock_real();
    uint64_t position;
    publish(house, 50);
    const struct note *noted = note(house);
    int64_t between = clock->wall_ns(clock);
    usleep(2000);
    publish(house, 50);
    backup(house, 0);
    struct backup_list list = list_of(house);
    assert_int_equal(backup_position_at(house->target, &list, between, &position), OK);
    assert_int_equal(position, noted->position);
    assert_int_equal(backup_position_at(house->target, &list, INT64_MAX, &position), OK);
    assert_int_equal(position, list.manifests[0].position);
    assert_int_equal(backup_position_at(house->target, &list, 1000, &position), ERR_MISSING);
    backup_list_done(&list);
}

/* A restored tree lives on, and is backed up into the same target: names are the same, bytes not.
 */
static void test_two_lines(void **state)
{
    struct house *house = *state;
    struct backup_restored restored;
    publish(house, 100);
    const struct note *fork = note(house);
    uint64_t fork_messages = house->messages;
    publish(house, 100);
    const struct note *first = note(house);
    backup(house, 0);
    house_stop(house, true);
    assert_int_equal(restore_to(house, fork->position, "other", &restored), OK);
    disk_real_close(house->disk);
    house->disk = folder_open(house, "other");
    house->messages = fork_messages;
    house_start(house);
    publish(house, 37);
    seal(house);
    house_stop(house, true);
    house_start(house);
    publish(house, 3);
    const struct note *second = note(house);
    backup(house, 0);
    assert_int_equal(damaged_files(house), 0);
    assert_true(second->position < first->position);
    struct backup_list list = list_of(house);
    struct backup_port port = port_of(house);
    const struct backup_wish wishes[] = {{.serial = 1}, {.serial = 2}};
    for (size_t i = 0; i < 2; i++) {
        char name[16];
        snprintf(name, sizeof name, "line-%zu", i);
        struct disk *into = folder_open(house, name);
        assert_int_equal(
            backup_restore(house->target, &list, &wishes[i], into, clock_real(), &port, &restored),
            OK);
        const struct note *wanted = i == 0 ? first : second;
        assert_int_equal(restored.position, wanted->position);
        assert_true(restored.state_hash == wanted->hash);
        disk_real_close(into);
    }
    backup_list_done(&list);
}

/* The newest backup has this file byte by byte as the folder has it. */
static void expect_stored(struct house *house, const char *prefix)
{
    struct backup_list list = list_of(house);
    const struct backup_manifest *newest = &list.manifests[list.count - 1];
    size_t found = 0;
    for (size_t i = 0; i < newest->count; i++) {
        char stored[DISK_NAME_SIZE];
        static uint8_t there[1 << 22], wanted[1 << 22];
        struct disk_file *file;
        size_t there_size, wanted_size;
        if (strncmp(newest->files[i].name, prefix, strlen(prefix)) != 0)
            continue;
        snprintf(stored, sizeof stored, FILES_FOLDER "/%s", newest->files[i].stored);
        assert_int_equal(house->target->open(house->target, stored, DISK_READ, &file), OK);
        assert_int_equal(
            house->target->read(house->target, file, 0, there, sizeof there, &there_size), OK);
        house->target->close(house->target, file);
        assert_int_equal(house->disk->open(house->disk, newest->files[i].name, DISK_READ, &file),
                         OK);
        assert_int_equal(
            house->disk->read(house->disk, file, 0, wanted, sizeof wanted, &wanted_size), OK);
        house->disk->close(house->disk, file);
        assert_int_equal(there_size, wanted_size);
        assert_true(memcmp(there, wanted, wanted_size) == 0);
        found++;
    }
    assert_true(found > 0);
    backup_list_done(&list);
}

/* Lists of as many parts are of one size, and each ends with its own checksum: the list that the
 * target has from before is not this one. */
static void test_lists_of_one_size(void **state)
{
    struct house *house = *state;
    for (unsigned round = 0; round < 4; round++) {
        publish(house, 50);
        seal(house);
        merge(house); /* one part again */
        const struct note *now = note(house);
        backup(house, 0);
        expect_stored(house, "history/parts.list");
        expect_restored(house, now);
    }
}

/* Two lines from one position, with as much in each: their snapshots have one name and one size. */
static void test_snapshots_of_two_lines(void **state)
{
    struct house *house = *state;
    struct backup_restored restored;
    publish(house, 20);
    uint64_t fork = note(house)->position;
    for (unsigned line = 0; line < 2; line++) {
        publish(house, 30 - line); /* a start writes a record as well */
        snapshot(house);
        backup(house, 0);
        expect_stored(house, "snapshots/");
        if (line == 1)
            break;
        house_stop(house, false);
        assert_int_equal(restore_to(house, fork, "other", &restored), OK);
        disk_real_close(house->disk);
        house->disk = folder_open(house, "other");
        house_start(house);
    }
}

static void test_another_journal_is_refused(void **state)
{
    struct house *house = *state;
    publish(house, 10);
    backup(house, 0);
    struct disk *other = folder_open(house, "strange");
    struct engine *engine = engine_on(house, other, false, 0);
    engine_close(engine, false);
    struct backup_port port = port_of(house);
    struct backup_taken taken;
    assert_int_equal(backup_take(other, house->target, clock_real(), 0, &port, &taken),
                     ERR_INVALID);
    assert_non_null(strstr(house->told, "another journal"));
    disk_real_close(other);
}

/* ---- disks that fail --------------------------------------------------------------------------
 */
/* A disk whose nth call fails, once. */
struct faulty {
    struct disk port;
    struct disk *disk;
    uint64_t calls, fails; /* fails: the call that does; 0: none */
};

static struct faulty *faulty_of(struct disk *port)
{
    return (struct faulty *)port;
}

static bool faulty_now(struct disk *port)
{
    struct faulty *faulty = faulty_of(port);
    return ++faulty->calls == faulty->fails;
}

static enum err faulty_open(struct disk *port, const char *path, unsigned flags,
                            struct disk_file **ret_file)
{
    struct disk *disk = faulty_of(port)->disk;
    return faulty_now(port) ? ERR_IO : disk->open(disk, path, flags, ret_file);
}

static void faulty_close(struct disk *port, struct disk_file *file)
{
    struct disk *disk = faulty_of(port)->disk;
    disk->close(disk, file);
}

static enum err faulty_read(struct disk *port, struct disk_file *file, uint64_t offset, void *at,
                            size_t size, size_t *ret_size)
{
    struct disk *disk = faulty_of(port)->disk;
    return faulty_now(port) ? ERR_IO : disk->read(disk, file, offset, at, size, ret_size);
}

static enum err faulty_write(struct disk *port, struct disk_file *file, uint64_t offset,
                             const void *at, size_t size)
{
    struct disk *disk = faulty_of(port)->disk;
    return faulty_now(port) ? ERR_NO_SPACE : disk->write(disk, file, offset, at, size);
}

static enum err faulty_sync(struct disk *port, struct disk_file *file)
{
    struct disk *disk = faulty_of(port)->disk;
    return faulty_now(port) ? ERR_IO : disk->sync(disk, file);
}

static enum err faulty_size(struct disk *port, struct disk_file *file, uint64_t *ret_size)
{
    struct disk *disk = faulty_of(port)->disk;
    return faulty_now(port) ? ERR_IO : disk->size(disk, file, ret_size);
}

static enum err faulty_truncate(struct disk *port, struct disk_file *file, uint64_t size)
{
    struct disk *disk = faulty_of(port)->disk;
    return faulty_now(port) ? ERR_IO : disk->truncate(disk, file, size);
}

static enum err faulty_rename(struct disk *port, const char *from, const char *to)
{
    struct disk *disk = faulty_of(port)->disk;
    return faulty_now(port) ? ERR_IO : disk->rename(disk, from, to);
}

static enum err faulty_remove(struct disk *port, const char *path)
{
    struct disk *disk = faulty_of(port)->disk;
    return faulty_now(port) ? ERR_IO : disk->remove(disk, path);
}

static enum err faulty_make_folder(struct disk *port, const char *path)
{
    struct disk *disk = faulty_of(port)->disk;
    return faulty_now(port) ? ERR_NO_SPACE : disk->make_folder(disk, path);
}

static enum err faulty_sync_folder(struct disk *port, const char *path)
{
    struct disk *disk = faulty_of(port)->disk;
    return faulty_now(port) ? ERR_IO : disk->sync_folder(disk, path);
}

static enum err faulty_list(struct disk *port, const char *path,
                            void (*each)(void *arg, const char *name, uint64_t size), void *arg)
{
    struct disk *disk = faulty_of(port)->disk;
    return faulty_now(port) ? ERR_IO : disk->list(disk, path, each, arg);
}

static enum err faulty_free_bytes(struct disk *port, uint64_t *ret_bytes)
{
    struct disk *disk = faulty_of(port)->disk;
    return disk->free_bytes(disk, ret_bytes);
}

static const char *faulty_mode(struct disk *port)
{
    (void)port;
    return "faulty";
}

static struct faulty faulty_make(struct disk *disk)
{
    return (struct faulty){.port = {.open = faulty_open,
                                    .close = faulty_close,
                                    .read = faulty_read,
                                    .write = faulty_write,
                                    .sync = faulty_sync,
                                    .size = faulty_size,
                                    .truncate = faulty_truncate,
                                    .rename = faulty_rename,
                                    .remove = faulty_remove,
                                    .make_folder = faulty_make_folder,
                                    .sync_folder = faulty_sync_folder,
                                    .list = faulty_list,
                                    .free_bytes = faulty_free_bytes,
                                    .mode = faulty_mode},
                           .disk = disk};
}

static void faulty_house(struct house *house)
{
    publish(house, 100);
    seal(house);
    backup(house, 0);
    publish(house, 20);
    house_stop(house, true);
    house_start(house);
    publish(house, 5);
}

/* The nth call of the target, then of the source, fails: the run says so or is not harmed, what was
 * there stays whole, and the end is a backup. */
/* Sanitizers take ten times as long: they see a share of the calls. */
#if SANITIZED_THREADS
#define CALLS_STEP 97
#elif SANITIZED
#define CALLS_STEP 9
#else
#define CALLS_STEP 1
#endif

static void test_every_call_of_a_backup_fails(void **state)
{
    struct house *house = *state;
    faulty_house(house);
    const struct note *noted = note(house);
    for (int which = 0; which < 2; which++) {
        bool over = false;
        for (uint64_t n = 1; !over; n += CALLS_STEP) {
            struct faulty source = faulty_make(house->disk), target = faulty_make(house->target);
            struct backup_port port = port_of(house);
            struct backup_taken taken;
            struct faulty *faulty = which == 0 ? &target : &source;
            faulty->fails = n;
            (void)!backup_take(&source.port, &target.port, clock_real(), 2, &port, &taken);
            over = faulty->calls < n;
            if (damaged_files(house) != 0)
                fail_msg("call %llu: %s", (unsigned long long)n, house->told);
            backup(house, 2); /* what was left over goes, so that each run meets the same */
        }
    }
    expect_restored(house, noted);
}

static void test_every_call_of_a_restore_fails(void **state)
{
    struct house *house = *state;
    faulty_house(house);
    const struct note *noted = note(house);
    backup(house, 0);
    struct backup_list list = list_of(house);
    bool over = false;
    for (uint64_t n = 1; !over; n += CALLS_STEP) {
        char name[32], command[160];
        snprintf(name, sizeof name, "faulty-%llu", (unsigned long long)n);
        struct disk *into = folder_open(house, name);
        struct faulty faulty = faulty_make(into);
        struct backup_port port = port_of(house);
        struct backup_restored restored;
        const struct backup_wish wish = {.position = 0};
        faulty.fails = n;
        enum err err = backup_restore(house->target, &list, &wish, &faulty.port, clock_real(),
                                      &port, &restored);
        over = faulty.calls < n;
        if (err == OK) { /* what failed did not matter: then it is right all the same */
            assert_true(restored.state_hash == noted->hash);
            assert_int_equal(restored.position, noted->position);
        }
        disk_real_close(into);
        snprintf(command, sizeof command, "rm -rf %s/%s", house->root, name);
        assert_int_equal(system(command), 0);
    }
    backup_list_done(&list);
}

/* ---- manifests --------------------------------------------------------------------------------
 */
static void test_manifest_round_trip(void **state)
{
    (void)state;
    struct backup_manifest manifest = {.serial = 7,
                                       .journal = {UINT64_MAX, 3},
                                       .position = 99,
                                       .sealed = 50,
                                       .wall_ns = 1234567890123456789,
                                       .taken_ns = -1},
                           read;
    size_t capacity = 0, size;
    const struct backup_erasure erasure = {.position = 8, .from_ns = 1, .to_ns = 2};
    struct backup_file file = {
        .kind = BACKUP_WHOLE, .sum = 0xdeadbeef, .bytes = 17, .name = "journal/1.facts"};
    snprintf(file.stored, sizeof file.stored, "journal/1.facts-ff");
    assert_int_equal(manifest_add(&manifest, &file, &capacity), OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(manifest_add_erasure(&manifest, &erasure), OK);
    char *text = manifest_print(&manifest, &size), *copy = malloc(size + 1);
    memcpy(copy, text, size);
    assert_int_equal(manifest_parse(copy, size, &read), OK);
    assert_int_equal(read.serial, 7);
    assert_true(read.journal[0] == UINT64_MAX && read.taken_ns == -1);
    assert_int_equal(read.count, 1);
    assert_int_equal(read.erasure_count, 3);
    assert_string_equal(read.files[0].stored, "journal/1.facts-ff");
    backup_manifest_done(&read);
    for (size_t i = 0; i < size; i++) { /* any byte that is another */
        memcpy(copy, text, size);
        copy[i] ^= 1;
        assert_int_equal(manifest_parse(copy, size, &read), ERR_CORRUPT);
    }
    for (size_t i = 0; i < size; i++) { /* any end that comes too early */
        memcpy(copy, text, size);
        assert_int_equal(manifest_parse(copy, i, &read), ERR_CORRUPT);
    }
    free(copy);
    free(text);
    backup_manifest_done(&manifest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_round_trip),
        cmocka_unit_test_setup_teardown(test_every_noted_position, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_run_copies_what_is_new, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupted_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_named_and_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_positions_that_are_not_possible, setup, teardown),
        cmocka_unit_test_setup_teardown(test_times, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists_of_one_size, setup, teardown),
        cmocka_unit_test_setup_teardown(test_snapshots_of_two_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_journal_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_call_of_a_backup_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_call_of_a_restore_fails, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
