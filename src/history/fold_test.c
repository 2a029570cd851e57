/* What is scanned is the fold of what was told: in any order of arrival, with seals, merges,
 * erasures, crashes and new starts at any moment, while calls of the disk fail. */
#include "history/test_fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <unistd.h>

/* ---- a view that is held: nothing changes under it ---------------------------------------------
 */
static struct held {
    struct history_view *view;
    size_t count, erasures_count; /* of what was told when it was opened */
    uint64_t position;
} held;

/* Without an open window: what is told later could be seen through it. */
static void held_open(void)
{
    struct history_state state;
    history_seal_now(store.history);
    (void)history_step(store.history);
    history_describe(store.history, &state);
    if (held.view || state.windows > HISTORY_WINDOWS_MAX)
        return;
    held = (struct held){
        .count = store.count, .erasures_count = store.erasures_count, .position = store.position};
    check(history_view_open(store.history, &held.view) == OK);
}

static void held_compare(unsigned questions)
{
    struct held now = {.count = store.count, .erasures_count = store.erasures_count};
    if (!held.view)
        return;
    store.disk.fail_reads = 0;
    check(history_view_position(held.view) == held.position);
    store.count = held.count;
    store.erasures_count = held.erasures_count;
    view_compare(held.view, questions);
    store.count = now.count;
    store.erasures_count = now.erasures_count;
}

static void held_close(void)
{
    held_compare(2 * store.rows);
    history_view_close(held.view);
    held = (struct held){0};
}

/* ---- lives -------------------------------------------------------------------------------------
 */
struct life {
    bool erasures, faults, crashes, reads, rollups;
    unsigned rows;  /* that devices tell of */
    unsigned burst; /* records that come at once, at most */
};

static void life_fault(void)
{
    uint64_t *luck = &store.luck;
    switch (luck_below(luck, 4)) {
    case 0:
        store.disk.full = true;
        break;
    case 1:
        store.disk.full = false;
        break;
    default:
        store.disk.fail_change = store.disk.changes + 1 + luck_below(luck, 30);
        store.disk.fail_changes = 1 + luck_below(luck, 3);
    }
}

static void life_read_fault(void)
{
    if (luck_below(&store.luck, 2)) {
        store.disk.fail_read = store.disk.reads + 1 + luck_below(&store.luck, 30);
        store.disk.fail_reads = 1 + luck_below(&store.luck, 3);
    } else {
        rows_read_badly();
    }
}

/* A part of what was told, against what is known of it. */
static void life_compare(const struct life *life)
{
    uint64_t *luck = &store.luck;
    store.disk.fail_reads = 0;
    if (store.disk.fail_changes)
        return;
    switch (luck_below(luck, 4)) {
    case 0:
        sample_compare((unsigned)luck_below(luck, store.rows),
                       (unsigned)luck_below(luck, STORE_COLUMNS));
        break;
    case 1:
        if (!life->rollups || luck_below(luck, 3))
            break;
        history_seal_now(store.history);
        store_settle(&store);
        rollups_compare();
        break;
    default:
        rows_compare(1 + (unsigned)luck_below(luck, 5));
    }
}

static void life_hold(void)
{
    if (held.view && luck_below(&store.luck, 4) == 0)
        held_close();
    else if (held.view)
        held_compare(1 + (unsigned)luck_below(&store.luck, 3));
    else
        held_open();
}

static void life_step(const struct life *life)
{
    uint64_t *luck = &store.luck;
    uint64_t choice = luck_below(luck, 24);
    if (choice < 2)
        history_seal_now(store.history);
    else if (choice == 2 && luck_below(luck, 3) == 0)
        history_merge_now(store.history);
    else if (choice == 3)
        store.clock.boot_ns += (int64_t)luck_below(luck, 2000) * NS_PER_S;
    else if (choice < 6)
        life_compare(life);
    else if (choice == 6 && luck_below(luck, 4) == 0) {
        held_close();
        store_reopen(&store, life->crashes && luck_below(luck, 2));
    } else if (choice == 7 && life->erasures)
        store_erase(&store);
    else if (choice == 8 && life->faults && luck_below(luck, 4) == 0)
        life_fault();
    else if (choice == 9)
        life_hold();
    else if (choice == 10 && life->reads)
        life_read_fault();
    else if (choice >= 11 && choice < 14 && !history_is_full(store.history))
        store_append(&store, 1 + (unsigned)luck_below(luck, life->burst));
    else if (choice >= 14)
        store_work(&store);
}

static void all_compare(void)
{
    rows_compare(4 * STORE_ROWS);
    for (unsigned i = 0; i < 20; i++)
        sample_compare(i % store.rows, i % STORE_COLUMNS);
}

static void part_count(void *arg, const struct part_info *info)
{
    size_t *counts = arg;
    counts[info->tier]++;
}

static void life_end(void)
{
    store.disk.fail_reads = 0;
    held_close();
    all_compare();
    /* What a failed read let pass for damaged is tried again. */
    store_reopen(&store, false);
    store_settle(&store);
    all_compare();
    history_seal_now(store.history);
    store_settle(&store);
    size_t last = store.count - 1;
    while (last > 0 && store.events[last].is_erasure)
        last--;
    check(store.events[last].is_erasure ||
          history_sealed(store.history) > store.events[last].position);
    rollups_compare();
    check(history_erased(store.history) >= store.position);
    history_merge_now(store.history);
    store_settle(&store);
    all_compare();
    rollups_compare();
    struct history_view *view;
    size_t counts[PART_TIERS] = {0};
    check(history_view_open(store.history, &view) == OK);
    history_view_parts(view, part_count, counts);
    for (enum part_tier tier = PART_RAW; tier < PART_TIERS; tier++)
        check(counts[tier] <= 1 && (tier == PART_RAW || store.rollups || counts[tier] == 0));
    history_view_close(view);
    store_reopen(&store, true);
    all_compare();
    size_t files = 0;
    for (size_t i = 0; i < TEST_DISK_NAMES; i++)
        files += store.disk.now[i].inode != NULL;
    size_t parts = 0;
    for (enum part_tier tier = PART_RAW; tier < PART_TIERS; tier++)
        parts += counts[tier];
    check(files == parts + 1); /* and the list */
    rollups_compare();
}

/* What a check that fails leaves behind. */
static volatile uint64_t seed_now;

static void crashed(int number)
{
    char line[64];
    int size = snprintf(line, sizeof line, "signal %d in seed %u\n", number, (unsigned)seed_now);
    if (write(STDERR_FILENO, line, (size_t)size) == size)
        signal(number, SIG_DFL);
    raise(number);
}

static void lives_run(const struct life *life, uint64_t first, uint64_t count, unsigned steps)
{
    for (uint64_t seed = first; seed < first + count; seed++) {
        seed_now = seed;
        store_init(&store, seed);
        store.rows = life->rows;
        store.rollups = life->rollups;
        if (store.rollups)
            store_policies(&store);
        for (unsigned i = 0; i < steps && store.count < STORE_EVENTS - 64; i++)
            life_step(life);
        if (store.count == 0)
            store_append(&store, 1);
        life_end();
        store_done(&store);
    }
}

/* Sanitizers take ten times as long: they see a share of the seeds. */
/* MAINSTEM_SEEDS: so many of each sort. */
static uint64_t seeds(uint64_t usual)
{
#if SANITIZED_THREADS
    usual = usual / 16 + 1;
#elif SANITIZED
    usual = usual / 4 + 1;
#endif
    const char *text = getenv("MAINSTEM_SEEDS");
    return text ? strtoull(text, NULL, 10) : usual;
}

static void a_scan_is_the_fold_of_what_was_told(void **state)
{
    (void)state;
    lives_run(&(struct life){.rows = STORE_ROWS, .burst = 30}, 1000, seeds(16), 400);
}

static void a_scan_is_the_fold_after_crashes_and_faults(void **state)
{
    (void)state;
    lives_run(&(struct life){.faults = true, .crashes = true, .rows = STORE_ROWS, .burst = 30},
              2000, seeds(20), 500);
}

static void what_was_erased_is_gone(void **state)
{
    (void)state;
    lives_run(&(struct life){.erasures = true, .rows = STORE_ROWS, .burst = 30}, 3000, seeds(16),
              400);
}

static void what_was_erased_stays_gone_after_crashes_and_faults(void **state)
{
    (void)state;
    lives_run(
        &(struct life){
            .erasures = true, .faults = true, .crashes = true, .rows = STORE_ROWS, .burst = 30},
        4000, seeds(20), 500);
}

static void failing_reads_lose_nothing(void **state)
{
    (void)state;
    lives_run(&(struct life){.erasures = true,
                             .faults = true,
                             .crashes = true,
                             .reads = true,
                             .rows = STORE_ROWS,
                             .burst = 30},
              7000, seeds(16), 500);
}

static void rollups_are_recomputations(void **state)
{
    (void)state;
    struct life life = {.rollups = true, .rows = STORE_ROWS, .burst = 30};
    lives_run(&life, 8000, seeds(8), 300);
    life.faults = life.crashes = true;
    lives_run(&life, 8100, seeds(8), 300);
    life.erasures = true;
    lives_run(&life, 8200, seeds(8), 300);
    life.reads = true;
    lives_run(&life, 8300, seeds(8), 300);
}

/* More samples of a row than a chunk, a merge's pieces and a scan's hold. */
static void long_rows_are_folded(void **state)
{
    (void)state;
    lives_run(&(struct life){.erasures = true, .crashes = true, .rows = 1, .burst = 3000}, 5000,
              seeds(3), 160);
    lives_run(&(struct life){.rows = 2, .burst = 6000}, 6000, seeds(2), 100);
}

int main(void)
{
    signal(SIGABRT, crashed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_is_the_fold_of_what_was_told),
        cmocka_unit_test(a_scan_is_the_fold_after_crashes_and_faults),
        cmocka_unit_test(what_was_erased_is_gone),
        cmocka_unit_test(what_was_erased_stays_gone_after_crashes_and_faults),
        cmocka_unit_test(failing_reads_lose_nothing),
        cmocka_unit_test(rollups_are_recomputations),
        cmocka_unit_test(long_rows_are_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
