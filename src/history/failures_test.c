/* A scripted session of the store in which the n-th piece of memory, or the n-th call of the disk,
 * is refused, for every n: nothing crashes; what was appended is there at the end, or is said not
 * to be sealed, so that it is fed again from the journal; and with memory and disk back all goes
 * on. */
#include "history/test_disk.h"
#include "history/test_house.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);

static uint64_t asked, refuse_at; /* the how many-th is refused; 0: none */
static bool counting, refused_one;

static bool refused(void)
{
    if (!counting || ++asked != refuse_at)
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

/* ---- the disk in memory asks for memory too, which is not what is meant ---- */
static struct disk real_port;

#define QUIET(call)                                                                                \
    bool was = counting;                                                                           \
    counting = false;                                                                              \
    enum err err = real_port.call;                                                                 \
    counting = was;                                                                                \
    return err

static enum err quiet_open(struct disk *disk, const char *path, unsigned flags,
                           struct disk_file **ret_file)
{
    QUIET(open(disk, path, flags, ret_file));
}

static enum err quiet_write(struct disk *disk, struct disk_file *file, uint64_t offset,
                            const void *at, size_t size)
{
    QUIET(write(disk, file, offset, at, size));
}

static enum err quiet_sync(struct disk *disk, struct disk_file *file)
{
    QUIET(sync(disk, file));
}

static enum err quiet_truncate(struct disk *disk, struct disk_file *file, uint64_t size)
{
    QUIET(truncate(disk, file, size));
}

static enum err quiet_rename(struct disk *disk, const char *from, const char *to)
{
    QUIET(rename(disk, from, to));
}

static enum err quiet_sync_folder(struct disk *disk, const char *path)
{
    QUIET(sync_folder(disk, path));
}

static void disk_make_quiet(struct test_disk *disk)
{
    real_port = disk->port;
    disk->port.open = quiet_open;
    disk->port.write = quiet_write;
    disk->port.sync = quiet_sync;
    disk->port.truncate = quiet_truncate;
    disk->port.rename = quiet_rename;
    disk->port.sync_folder = quiet_sync_folder;
}

#define PART_SAMPLES 40
#define PARTS 4
#define SAMPLES (PART_SAMPLES * PARTS)

static const struct row_shape shape = {.row = 1, .first_point = 1, .count = 1};

static enum err sample_put(struct house *house, int64_t at)
{
    struct value value = value_of_real((double)at / 4);
    struct sample_row sample = {
        .row = 1, .count = 1, .time_ns = T0 + at * NS_PER_S, .values = &value};
    enum err err =
        history_append(house->history, (uint64_t)at + 1, &shape, &sample, sample.time_ns);
    history_advance(house->history, (uint64_t)at + 2);
    return err;
}

static enum err scan_try(struct house *house, bool backward, bool *there)
{
    struct history_view *view = NULL;
    struct history_scan *scan = NULL;
    uint8_t type = VALUE_FLOAT64;
    struct history_query query = {.row = 1,
                                  .types = &type,
                                  .count = 1,
                                  .backward = backward,
                                  .from_ns = INT64_MIN,
                                  .to_ns = INT64_MAX};
    struct history_piece piece;
    enum err err = history_view_open(house->history, &view);
    if (err == OK)
        err = history_scan_create(view, &scan);
    if (err == OK)
        err = history_scan_row(scan, &query);
    while (err == OK && (err = history_scan_next(scan, &piece)) == OK)
        for (uint32_t i = 0; i < piece.rows.rows; i++)
            there[(piece.rows.times[i] - T0) / NS_PER_S] = true;
    history_scan_destroy(scan);
    history_view_close(view);
    return err == ERR_MISSING ? OK : err;
}

static void some_steps(struct house *house)
{
    for (int i = 0; i < 12; i++)
        history_step(house->history);
}

/* Appends, seals, merges, asks, sets policies, erases; whatever is refused meanwhile. */
static void session(struct house *house)
{
    bool there[SAMPLES] = {false};
    struct history_policy policies[2] = {{0}, {.rollup = {[PART_MINUTE] = true}}};
    enum err err = history_policies(house->history, policies, 2);
    if (err == OK)
        err = history_assign(house->history, &shape, 0, VALUE_FLOAT64, 1, 0);
    history_assigned(house->history, 0);
    for (int64_t part = 0; part < PARTS; part++) {
        for (int64_t i = 0; i < PART_SAMPLES; i++)
            err = sample_put(house, part * PART_SAMPLES + i);
        history_seal_now(house->history);
        some_steps(house);
        err = scan_try(house, part % 2 == 1, there);
    }
    history_merge_now(house->history);
    some_steps(house);
    struct history_point point = {.row = 1, .point = 1, .column = 0};
    err = history_erase(house->history, SAMPLES + 1, &point, 1, T0 - 10, T0 - 5);
    (void)err; /* nothing lies there: what is asked is that it is survived */
    some_steps(house);
}

/* What the journal would do at a start: all that is not sealed comes again. */
static void expect_all(struct house *house)
{
    bool there[SAMPLES] = {false};
    for (uint64_t position = history_sealed(house->history); position <= SAMPLES; position++)
        assert_int_equal(sample_put(house, (int64_t)position - 1), OK);
    assert_int_equal(scan_try(house, false, there), OK);
    for (size_t i = 0; i < SAMPLES; i++)
        if (!there[i])
            fail_msg("sample %zu is missing, %llu is the first that is not sealed", i,
                     (unsigned long long)history_sealed(house->history));
}

/* False: the session was over before anything was refused. */
static bool session_runs(uint64_t memory, uint64_t change, uint64_t read)
{
    struct test_disk *disk = calloc(1, sizeof *disk);
    struct house house = {.disk = &disk->port};
    test_disk_init(disk);
    disk_make_quiet(disk);
    house_open(&house);
    asked = 0;
    refuse_at = memory;
    refused_one = false;
    disk->changes = disk->reads = 0;
    disk->fail_change = change;
    disk->fail_changes = change != 0;
    disk->fail_read = read;
    disk->fail_reads = read != 0;
    counting = true;
    session(&house);
    counting = false;
    bool met = refused_one || (change != 0 && disk->changes >= change) ||
               (read != 0 && disk->reads >= read);
    disk->fail_changes = disk->fail_reads = 0;
    house_close(&house);
    house_open(&house);
    expect_all(&house);
    house_close(&house);
    test_disk_done(disk);
    free(disk);
    return met;
}

static uint64_t step(void)
{
#if SANITIZED
    return 7;
#else
    return 1;
#endif
}

static void any_piece_of_memory_may_be_refused(void **state)
{
    (void)state;
    uint64_t n = 1;
    while (session_runs(n, 0, 0))
        n += step();
    assert_in_range(n, 100, 100000);
}

static void any_change_of_the_disk_may_fail(void **state)
{
    (void)state;
    uint64_t n = 1;
    while (session_runs(0, n, 0))
        n += step();
    assert_in_range(n, 40, 100000);
}

static void any_read_of_the_disk_may_fail(void **state)
{
    (void)state;
    uint64_t n = 1;
    while (session_runs(0, 0, n))
        n += step();
    assert_in_range(n, 10, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_piece_of_memory_may_be_refused),
        cmocka_unit_test(any_change_of_the_disk_may_fail),
        cmocka_unit_test(any_read_of_the_disk_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
