/* The property everything rests on: replay = live = snapshot + tail, by state hash, over many
 * seeds, each fired timer compared with a plain list. And pages that are damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "timing/test_oracle.h"

#define STEPS 120
/* The sanitizer of threads keeps mappings of its own for what was unmapped; there is one thread. */
#if SANITIZED_THREADS
#define SEEDS 100u
#elif SANITIZED
#define SEEDS 500u
#else
#define SEEDS 4000u
#endif

static void step(struct pair *pair, uint64_t *random)
{
    uint64_t r = test_random(random), what = r % 16;
    uint32_t index = (uint32_t)(r >> 4 & 0xff);
    int64_t time_ns = oracle_time(&pair->oracle, r >> 12 & UINT64_C(0xfffffffffff));
    if (what < 8)
        pair_set(pair, (uint8_t)(1 + index % (TIMING_KINDS - 1)), r, time_ns);
    else if (what < 10)
        pair_move(pair, index, time_ns);
    else if (what < 11)
        pair_stop(pair, index);
    else
        (void)pair_advance(pair, time_ns, 1 + index % 20);
}

static void cut_step(struct pair *pair, struct pair *loaded)
{
    static uint8_t page[STATE_PAGE_SIZE];
    uint32_t table, number;
    if (state_cut_active(pair->state) && state_cut_next(pair->state, page, &table, &number) == OK)
        assert_int_equal(state_load_page(loaded->state, table, number, page), OK);
}

static uint64_t hash_of_seed(uint64_t seed, uint64_t *fired)
{
    struct pair live, replayed, loaded;
    uint64_t random = seed, again = seed;
    pair_open(&live, seed);
    for (int i = 0; i < STEPS; i++)
        step(&live, &random);
    pair_open(&loaded, 0);
    loaded.oracle = live.oracle;
    uint64_t tail = random, at_cut = state_hash(live.state);
    assert_int_equal(state_cut_begin(live.state, 2), OK);
    for (int i = 0; i < STEPS; i++) {
        step(&live, &random);
        if (i % 20 == 0)
            cut_step(&live, &loaded);
    }
    while (state_cut_active(live.state))
        cut_step(&live, &loaded);
    assert_int_equal(timing_rebuild(loaded.timing), OK);
    assert_true(state_hash(loaded.state) == at_cut);
    for (int i = 0; i < STEPS; i++)
        step(&loaded, &tail);
    pair_open(&replayed, seed);
    for (int i = 0; i < 2 * STEPS; i++)
        step(&replayed, &again);
    uint64_t hash = state_hash(live.state);
    assert_true(state_hash(replayed.state) == hash && state_hash(loaded.state) == hash);
    pair_check(&live);
    pair_check(&loaded);
    assert_int_equal(timing_rebuild(live.timing), OK);
    *fired += live.oracle.fired;
    pair_close(&live);
    pair_close(&loaded);
    pair_close(&replayed);
    return hash;
}

static void test_replay_live_and_snapshot_are_one(void **arg)
{
    (void)arg;
    uint64_t all = 0, fired = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t hash = hash_of_seed(seed, &fired);
        all = all * 31 + hash;
        /* gcc and clang, -O0 and -O3 must agree: a change here is a change of the reducers that use
         * timers, and needs a new ENGINE_REDUCER_VERSION once there are users. */
        if (seed == 100) {
            print_message("100 seeds: %016llx\n", (unsigned long long)all);
            assert_true(all == UINT64_C(0xd4817273a96c1e69));
        }
    }
    print_message("%u seeds, %llu timers fired\n", SEEDS, (unsigned long long)fired);
    assert_true(fired > SEEDS * 20);
}

#if SANITIZED_THREADS
#define DAMAGED_ROUNDS 0u
#else
#define DAMAGED_ROUNDS 1500u
#endif

/* What is taken for whole can be used to the end: no crash, no endless list. */
static enum err ignore_fired(void *arg, const struct timer_view *view)
{
    (void)view;
    ++*(uint64_t *)arg;
    return OK;
}

static void use_damaged(struct timing *timing)
{
    struct timer_view view;
    uint64_t fired = 0;
    bool more = true;
    uint32_t timer, seen = 0;
    for (uint32_t i = 0; i <= ORACLE_MAX + 1; i++)
        seen += timing_look(timing, i, &view);
    assert_int_equal(seen, timing_count_all(timing));
    while (timing_count_all(timing) < ORACLE_MAX)
        if (timing_set(timing, 1, 1, timing_now_ns(timing) + 1000, &timer) != OK)
            break;
    for (int i = 0; more && i < 100000; i++)
        assert_int_equal(timing_advance(timing, TIMING_NEVER - 1, 100, ignore_fired, &fired, &more),
                         OK);
    assert_true(!more && fired == ORACLE_MAX && timing_count_all(timing) == 0);
}

static void test_damaged_pages(void **arg)
{
    (void)arg;
    static uint8_t page[STATE_PAGE_SIZE];
    uint64_t random = 5;
    uint32_t table, number, refused = 0;
    for (uint32_t round = 0; round < DAMAGED_ROUNDS; round++) {
        struct pair whole, damaged;
        uint64_t steps = round + 1;
        pair_open(&whole, round);
        pair_open(&damaged, round);
        for (int i = 0; i < 60; i++)
            step(&whole, &steps);
        assert_int_equal(state_cut_begin(whole.state, 4), OK);
        uint32_t victim = TIMING_TABLE_FIRST + round % TIMING_TABLES;
        while (state_cut_next(whole.state, page, &table, &number) == OK) {
            size_t used = 0;
            for (size_t i = 0; i < sizeof page; i++)
                used = page[i] != 0 ? i + 1 : used;
            if (table == victim)
                page[test_random(&random) % used] ^= (uint8_t)(1u << test_random(&random) % 8);
            assert_int_equal(state_load_page(damaged.state, table, number, page), OK);
        }
        enum err err = timing_rebuild(damaged.timing);
        assert_true(err == OK || err == ERR_CORRUPT);
        refused += err != OK;
        if (err == OK)
            use_damaged(damaged.timing);
        pair_close(&whole);
        pair_close(&damaged);
    }
    print_message("%u of %u damaged states refused\n", refused, DAMAGED_ROUNDS);
    assert_true(refused >= DAMAGED_ROUNDS / 3);
}

/* One contradiction each, which nothing else gives away. Timers 1 to 3 are due at 1,000 ns, at 5 s,
 * and 1 ns later; 4 is free. */
static void test_each_contradiction(void **arg)
{
    (void)arg;
    static const struct {
        uint32_t table, offset;
        uint8_t flip;
    } rows[] = {
        {49, 7, 0x80},           /* time before the beginning */
        {49, 8, 1},              /* the wheel stands after now */
        {49, 16, 0x10},          /* rows that were never used */
        {49, 20, 4},             /* no free one */
        {49, 24, 1},             /* fewer timers than there are */
        {49, 28, 1},             /* opened at level 0 */
        {49, 29, 2},             /* opened, and empty */
        {49, 36, 1},             /* another count of a kind */
        {49, 96, 1},             /* an empty slot is marked */
        {49, 96 + 4 * 32, 2},    /* a slot with timers is not */
        {50, 257 * 4 * 16, 16},  /* a least time in an empty slot */
        {50, 1025 * 16 + 8, 1},  /* another first */
        {50, 1025 * 16 + 12, 1}, /* another last */
        {51, 65, 0x10},          /* due before the least of its slot */
        {51, 96 + 4, 2},         /* due in another slot */
        {51, 96 + 7, 0x80},      /* due before the beginning */
        {51, 96 + 16, 4},        /* goes on behind the last */
        {51, 96 + 20, 1},        /* another one before */
        {51, 96 + 24, 1},        /* another slot */
        {51, 96 + 26, 1},        /* another kind: none */
        {51, 128 + 24, 1},       /* free, in a slot */
    };
    static uint8_t page[STATE_PAGE_SIZE];
    uint32_t table, number, timer;
    for (size_t i = 0; i <= ARRAY_COUNT(rows); i++) { /* the last time: nothing is damaged */
        struct pair whole, damaged;
        pair_open(&whole, 0);
        pair_open(&damaged, 0);
        assert_int_equal(timing_set(whole.timing, 1, 7, 1000, &timer), OK);
        for (int64_t due_ns = 5 * NS_PER_S; due_ns < 5 * NS_PER_S + 3; due_ns++)
            assert_int_equal(timing_set(whole.timing, 1, 7, due_ns, &timer), OK);
        timing_stop(whole.timing, timer);
        assert_int_equal(state_cut_begin(whole.state, 4), OK);
        while (state_cut_next(whole.state, page, &table, &number) == OK) {
            if (i < ARRAY_COUNT(rows) && table == rows[i].table)
                page[rows[i].offset] ^= rows[i].flip;
            assert_int_equal(state_load_page(damaged.state, table, number, page), OK);
        }
        enum err err = timing_rebuild(damaged.timing);
        if (err != (i < ARRAY_COUNT(rows) ? ERR_CORRUPT : OK))
            fail_msg("row %zu: %s", i, err_text(err));
        pair_close(&whole);
        pair_close(&damaged);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay_live_and_snapshot_are_one),
        cmocka_unit_test(test_damaged_pages),
        cmocka_unit_test(test_each_contradiction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
