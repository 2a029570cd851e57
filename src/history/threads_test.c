/* The store with real workers and a real disk, and views that are scanned and closed on other
 * threads while it takes samples, seals, merges and erases: under the thread sanitizer it shows
 * that nothing is read while it is written. What a scan gives is whole, and no less than what was
 * there when its view was opened. */
#include "history/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 20, COLUMNS = 3, ROUNDS = 3000, READERS = 2, WAITING = 4 };
#define START_NS (INT64_C(1700000000) * NS_PER_S)

struct asked { /* a view, and how many samples each row has in it at least */
    struct history_view *view;
    uint32_t samples;
};
struct house {
    struct history *history;
    struct asked waiting[WAITING];
    size_t count;
    bool over;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    _Atomic uint64_t scanned;
};

static const uint8_t types[COLUMNS] = {VALUE_FLOAT64, VALUE_STRING, VALUE_INT64};

/* Each value can be known from row and time. */
static int64_t number_of(uint32_t row, int64_t time_ns)
{
    return row * 1000003 + time_ns / NS_PER_S % 100000;
}

static void sample_append(struct house *house, uint64_t *position, uint32_t row, int64_t time_ns)
{
    char text[32];
    int64_t number = number_of(row, time_ns);
    int size = snprintf(text, sizeof text, "%lld", (long long)number);
    struct value values[COLUMNS] = {
        value_of_real((double)number / 10),
        {.type = VALUE_STRING, .present = true, .text = bytes_of(text, (size_t)size)},
        {.type = VALUE_INT64, .present = true, .number = number},
    };
    struct row_shape shape = {row, row * 10, COLUMNS};
    struct sample_row sample = {.row = row, .count = COLUMNS, .time_ns = time_ns, .values = values};
    assert_int_equal(history_append(house->history, (*position)++, &shape, &sample, time_ns), OK);
}

/* ---- readers -----------------------------------------------------------------------------------
 */
static uint32_t piece_check(uint32_t row, const struct chunk_rows *rows)
{
    uint32_t samples = 0;
    for (uint32_t i = 0; i < rows->rows; i++) {
        const struct chunk_column *columns = rows->columns;
        char text[32];
        if (columns[2].cells && columns[2].cells[i] == CELL_NONE)
            continue; /* erased */
        int64_t number = number_of(row, rows->times[i]);
        int size = snprintf(text, sizeof text, "%lld", (long long)number);
        struct value value = value_of_real((double)number / 10);
        check((int64_t)columns[2].words[i] == number);
        check(columns[0].words[i] == chunk_word(&value));
        check(bytes_equal(columns[1].texts[i], bytes_of(text, (size_t)size)));
        samples++;
    }
    return samples;
}

static void view_check(struct house *house, const struct asked *asked)
{
    struct history_scan *scan;
    check(history_scan_create(asked->view, &scan) == OK);
    for (uint32_t row = 1; row <= ROWS; row++) {
        struct history_query query = {.row = row,
                                      .types = types,
                                      .count = COLUMNS,
                                      .backward = row % 2,
                                      .from_ns = INT64_MIN,
                                      .to_ns = INT64_MAX};
        struct history_piece piece;
        uint32_t samples = 0;
        enum err err = history_scan_row(scan, &query);
        while (err == OK && (err = history_scan_next(scan, &piece)) == OK)
            samples += piece_check(row, &piece.rows);
        check(err == ERR_MISSING);
        check(row == 1 || samples >= asked->samples); /* row 1 is erased now and then */
        atomic_fetch_add(&house->scanned, samples);
    }
    struct history_missing missing;
    check(history_scan_missing(scan, &missing, 1) == 0);
    history_scan_destroy(scan);
}

static void *reader_run(void *arg)
{
    struct house *house = arg;
    pthread_mutex_lock(&house->lock);
    for (;;) {
        while (house->count == 0 && !house->over)
            pthread_cond_wait(&house->changed, &house->lock);
        if (house->count == 0)
            break;
        struct asked asked = house->waiting[--house->count];
        pthread_mutex_unlock(&house->lock);
        view_check(house, &asked);
        history_view_close(asked.view);
        pthread_mutex_lock(&house->lock);
    }
    pthread_mutex_unlock(&house->lock);
    return NULL;
}

/* ---- the engine's thread -----------------------------------------------------------------------
 */
static void view_ask(struct house *house, uint32_t samples)
{
    pthread_mutex_lock(&house->lock);
    if (house->count < WAITING) {
        struct asked *asked = &house->waiting[house->count++];
        asked->samples = samples;
        check(history_view_open(house->history, &asked->view) == OK);
        pthread_cond_signal(&house->changed);
    }
    pthread_mutex_unlock(&house->lock);
}

static void erase(struct house *house, uint64_t *position, int64_t time_ns)
{
    struct history_point point = {.row = 1, .point = 10, .column = 2};
    if (history_may_erase(house->history))
        assert_int_equal(history_erase(house->history, (*position)++, &point, 1,
                                       time_ns - 50 * NS_PER_S, time_ns - 10 * NS_PER_S),
                         OK);
}

/* Jobs go on with the policies that they began with. */
static void policies_change(struct house *house, int64_t round)
{
    struct history_policy policies[2] = {{0}, {.rollup = {false, true, round % 2, true}}};
    assert_int_equal(history_policies(house->history, policies, 2), OK);
    for (uint32_t row = 1; row <= ROWS; row++) {
        struct row_shape shape = {row, row * 10, COLUMNS};
        for (uint16_t i = 0; i < COLUMNS; i++)
            assert_int_equal(history_assign(house->history, &shape, i, types[i], 1, 0), OK);
    }
    history_assigned(house->history, history_sealed(house->history));
}

static void rounds_run(struct house *house)
{
    uint64_t position = history_sealed(house->history);
    for (int64_t round = 0; round < ROUNDS; round++) {
        int64_t at = round % 3 == 2 ? round - 5 : round * 2; /* in order, and late */
        int64_t time_ns = START_NS + at * NS_PER_S;
        while (history_is_full(house->history))
            (void)history_step(house->history);
        for (uint32_t row = 1; row <= ROWS; row++)
            sample_append(house, &position, row, time_ns);
        if (round % 151 == 0)
            policies_change(house, round);
        if (round % 97 == 0)
            erase(house, &position, time_ns);
        history_advance(house->history, position);
        if (round % 60 == 0)
            history_seal_now(house->history);
        if (round % 700 == 0)
            history_merge_now(house->history);
        (void)history_step(house->history);
        if (round % 25 == 0) /* at least the times that came in order and are each another's */
            view_ask(house, (uint32_t)(round / 3));
    }
}

static void views_are_scanned_while_the_store_works(void **state)
{
    (void)state;
    struct house house = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    char folder[] = "/tmp/mainstem-history-XXXXXX", command[64];
    pthread_t readers[READERS];
    struct history_config config;
    history_config_default(&config);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(disk_real_open(folder, true, &config.disk), OK);
    assert_int_equal(worker_thread_create("sealer", &config.sealer), OK);
    assert_int_equal(worker_thread_create("merger", &config.merger), OK);
    config.clock = clock_real();
    config.journal[0] = 1;
    assert_int_equal(history_open(&config, &house.history), OK);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, reader_run, &house), 0);
    rounds_run(&house);
    view_ask(&house, ROUNDS / 3);
    pthread_mutex_lock(&house.lock);
    house.over = true;
    pthread_cond_broadcast(&house.changed);
    pthread_mutex_unlock(&house.lock);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    struct history_state told;
    history_describe(house.history, &told);
    assert_true(told.seals > 0 && atomic_load(&house.scanned) >= ROUNDS / 3 * (ROWS - 1));
    history_close(house.history);
    config.sealer->destroy(config.sealer);
    config.merger->destroy(config.merger);
    disk_real_close(config.disk);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_are_scanned_while_the_store_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
