/* Any piece of memory may be refused, at any moment of a life: what is asked then says so and may
 * be asked again, jobs are done again, and a sample that found no room is there after the next
 * start. This program brings its own malloc, calloc, realloc and mmap, which refuse one call when
 * they are told to; sanitizers have theirs, so that under them nothing is refused. */
#include "history/test_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile bool armed; /* calls are counted */
static uint64_t asked;      /* so many were */
static uint64_t refuse_at;  /* the how many-th is refused; 0: none */

#if !SANITIZED
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *at, size_t size);

static bool refused(void)
{
    return armed && !test_disk_allocates && ++asked == refuse_at;
}

void *malloc(size_t size)
{
    return refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return refused() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *at, size_t size)
{
    return refused() ? NULL : __libc_realloc(at, size);
}

void *mmap(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    if (refused())
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, size, protection, flags, file, offset);
}
#endif

static struct store store;

/* Counting what the store asks for, not what the test does. */
#define ARMED(call)                                                                                \
    do {                                                                                           \
        armed = true;                                                                              \
        call;                                                                                      \
        armed = false;                                                                             \
    } while (0)

static void work(void)
{
    for (unsigned i = 0; i < 12; i++) {
        ARMED((void)history_step(store.history));
        ARMED(test_worker_run(&store.sealer));
        ARMED(test_worker_run(&store.merger));
        store.clock.boot_ns += NS_PER_S; /* a job that failed is tried again */
    }
}

/* Records of a row, as many as are wanted; those without memory are in the journal alone. */
static unsigned append(unsigned records)
{
    unsigned lost = 0;
    for (unsigned i = 0; i < records; i++) {
        enum err err;
        struct test_event *event = store_event_add(&store, (unsigned)luck_below(&store.luck, 3));
        unsigned row = (event->row - 1) / 3001;
        event->time_ns = store_luck_time(&store, row);
        event->arrival_ns = event->time_ns;
        for (unsigned k = 0; k < event->count; k++)
            event->values[k] = store_luck_value(&store, store_type(row, event->columns[k]));
        struct row_shape shape = {event->row, store_point(row), STORE_COLUMNS};
        struct sample_row sample = store_sample(event);
        ARMED(err = history_append(store.history, event->position, &shape, &sample,
                                   event->arrival_ns));
        assert_true(err == OK || err == ERR_NO_MEMORY);
        lost += err != OK;
    }
    history_advance(store.history, store.position);
    return lost;
}

static void erase(void)
{
    struct test_event *event = store_event_add(&store, 1);
    struct history_point points[STORE_COLUMNS];
    enum err err;
    event->is_erasure = true;
    store.erasures[store.erasures_count++] = (uint32_t)(store.count - 1);
    event->time_ns = STORE_START_NS - 1000 * NS_PER_S;
    event->arrival_ns = STORE_START_NS + 20 * NS_PER_S;
    for (unsigned i = 0; i < event->count; i++)
        points[i] = (struct history_point){event->row, store_point(1) + event->columns[i],
                                           event->columns[i]};
    do
        ARMED(err = history_erase(store.history, event->position, points, event->count,
                                  event->time_ns, event->arrival_ns));
    while (err == ERR_NO_MEMORY);
    assert_int_equal(err, OK);
}

/* The samples that a scan gives, all of them good; they are counted, memory permitting. */
static enum err scan_count(uint64_t *ret_samples)
{
    struct history_view *view = NULL;
    struct history_scan *scan = NULL;
    enum err err = history_view_open(store.history, &view);
    if (err == OK)
        err = history_scan_create(view, &scan);
    *ret_samples = 0;
    for (unsigned row = 0; row < 3 && err == OK; row++) {
        uint8_t types[STORE_COLUMNS];
        for (unsigned i = 0; i < STORE_COLUMNS; i++)
            types[i] = store_type(row, i);
        struct history_query query = {.row = store_row(row),
                                      .types = types,
                                      .count = STORE_COLUMNS,
                                      .lateness = true,
                                      .backward = row == 1,
                                      .from_ns = INT64_MIN,
                                      .to_ns = INT64_MAX};
        struct history_piece piece;
        err = history_scan_row(scan, &query);
        while (err == OK && (err = history_scan_next(scan, &piece)) == OK)
            for (uint32_t at = 0; at < piece.rows.rows; at++)
                for (unsigned i = 0; i < STORE_COLUMNS; i++)
                    *ret_samples += !piece.rows.columns[i].cells ||
                                    piece.rows.columns[i].cells[at] != CELL_NONE;
        err = err == ERR_MISSING ? OK : err;
    }
    history_scan_destroy(scan);
    history_view_close(view);
    return err;
}

static uint64_t samples_expected(void)
{
    static struct test_row at[STORE_EVENTS];
    uint64_t samples = 0;
    for (unsigned row = 0; row < 3; row++) {
        struct test_rows rows = {.at = at};
        store_fold(&store, store_row(row), &rows);
        for (size_t i = 0; i < rows.count; i++)
            for (unsigned k = 0; k < STORE_COLUMNS; k++)
                samples += rows.at[i].cells[k].some;
    }
    return samples;
}

static void scan(bool all)
{
    uint64_t samples;
    enum err err;
    do
        ARMED(err = scan_count(&samples));
    while (err == ERR_NO_MEMORY);
    assert_int_equal(err, OK);
    if (all)
        assert_true(samples == samples_expected());
    else
        assert_true(samples <= samples_expected());
}

static void start(void)
{
    enum err err;
    test_worker_init(&store.sealer);
    test_worker_init(&store.merger);
    do
        ARMED(err = history_open(&store.config, &store.history));
    while (err == ERR_NO_MEMORY);
    assert_int_equal(err, OK);
}

/* A short life with all there is in it; returns how many pieces were asked for. */
static uint64_t life(uint64_t at)
{
    asked = 0;
    refuse_at = at;
    store_init(&store, 5);
    history_close(store.history);
    start();
    unsigned lost = append(40);
    history_seal_now(store.history);
    work();
    lost += append(30);
    scan(lost == 0);
    history_seal_now(store.history);
    work();
    erase();
    work();
    lost += append(5);
    history_merge_now(store.history);
    work();
    scan(lost == 0);
    uint64_t erased = history_erased(store.history);
    ARMED(history_close(store.history));
    start();
    refuse_at = 0; /* what follows is to go well */
    store.erased = erased;
    store_feed(&store);
    scan(true);
    history_seal_now(store.history);
    store_settle(&store);
    history_merge_now(store.history);
    store_settle(&store);
    scan(true);
    assert_int_equal(store.damage_told, 0);
    store_done(&store);
    return asked;
}

static void each_piece_of_memory_may_be_refused(void **state)
{
    (void)state;
    uint64_t pieces = life(0);
    if (SANITIZED)
        skip();
    assert_true(pieces > 100);
    for (uint64_t at = 1; at <= pieces; at++)
        life(at);
}

/* ---- whose parts they are ----------------------------------------------------------------------
 */
static void parts_of_another_journal_are_set_aside(void **state)
{
    (void)state;
    struct history_state told;
    uint64_t samples;
    refuse_at = 0;
    store_init(&store, 6);
    append(50);
    history_seal_now(store.history);
    store_settle(&store);
    history_describe(store.history, &told);
    assert_int_equal(told.parts[PART_RAW], 1);
    history_close(store.history);
    store.config.journal[0]++;
    store_open(&store);
    assert_int_equal(history_sealed(store.history), 1);
    assert_int_equal(scan_count(&samples), OK);
    assert_int_equal(samples, 0);
    size_t aside = 0;
    for (size_t i = 0; i < TEST_DISK_NAMES; i++)
        aside += store.disk.now[i].inode != NULL &&
                 strncmp(store.disk.now[i].path, "history/damaged/raw-", 20) == 0;
    assert_int_equal(aside, 1);
    /* The new journal's samples begin at the first position. */
    store.count = store.erasures_count = 0;
    store.position = 1;
    append(20);
    history_seal_now(store.history);
    store_settle(&store);
    scan(true);
    store_done(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_piece_of_memory_may_be_refused),
        cmocka_unit_test(parts_of_another_journal_are_set_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
