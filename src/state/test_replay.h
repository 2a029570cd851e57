/* What the tests of reducers share: the property everything rests on, and pages that are damaged.
 *
 * A test says how a step is made, out of a driver (which draws random records) and a fixture (the
 * reducer in a state of its own). Here the steps are played three times: live, with a cut taken
 * while they are applied; into a state that was loaded from that cut and then sees the tail; and
 * from the beginning again. All three must have the same hash. */
#pragma once

#include "base/test_random.h"
#include "state/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define REPLAY_DRIVER_MAX 4096
struct replay {
    size_t
        driver_size; /* at most REPLAY_DRIVER_MAX: it is copied, so that a tail can be repeated */
    size_t state_at; /* offset of the struct state * in a fixture */
    void (*open)(void *fixture);
    void (*step)(void *driver, void *fixture);
    enum err (*rebuild)(void *fixture);        /* of pages that were loaded */
    void (*carry)(const void *from, void *to); /* what a fixture has beside its state; NULL */
};

static inline struct state *replay_state(const struct replay *replay, const void *fixture)
{
    struct state *state;
    memcpy(&state, (const uint8_t *)fixture + replay->state_at, sizeof(struct state *));
    return state;
}

static inline void replay_steps(const struct replay *replay, void *driver, void *fixture, int steps)
{
    for (int i = 0; i < steps; i++)
        replay->step(driver, fixture);
}

/* Takes up to so many pages of the cut under way into another state. */
static inline void replay_move(struct state *from, struct state *to, uint32_t pages)
{
    static uint8_t page[STATE_PAGE_SIZE];
    uint32_t table, number;
    while (pages-- > 0 && state_cut_active(from)) {
        if (state_cut_next(from, page, &table, &number) == OK)
            assert_int_equal(state_load_page(to, table, number, page), OK);
    }
}

/* So many steps, and with every seventh a page of what was before them goes to `loaded`, which is
 * opened here. */
static inline void replay_with_cut(const struct replay *replay, void *driver, void *live,
                                   void *loaded, int steps)
{
    struct state *from = replay_state(replay, live), *to;
    uint64_t at_begin = state_hash(from);
    replay->open(loaded);
    to = replay_state(replay, loaded);
    if (replay->carry != NULL)
        replay->carry(live, loaded);
    assert_int_equal(state_cut_begin(from, 4), OK);
    for (int i = 0; i < steps; i++) {
        replay->step(driver, live);
        replay_move(from, to, i % 7 == 0);
    }
    replay_move(from, to, UINT32_MAX);
    assert_int_equal(replay->rebuild(loaded), OK);
    assert_true(state_hash(to) == at_begin);
}

/* Opens the three fixtures and plays twice so many steps; returns the hash that all three have. */
static inline uint64_t replay_thrice(const struct replay *replay, const void *driver, int steps,
                                     void *live, void *loaded, void *replayed)
{
    static _Alignas(16) uint8_t first[REPLAY_DRIVER_MAX], tail[REPLAY_DRIVER_MAX];
    check(replay->driver_size <= REPLAY_DRIVER_MAX);
    memcpy(first, driver, replay->driver_size);
    replay->open(live);
    replay_steps(replay, first, live, steps);
    memcpy(tail, first, replay->driver_size);
    replay_with_cut(replay, first, live, loaded, steps);
    replay_steps(replay, tail, loaded, steps);
    memcpy(first, driver, replay->driver_size);
    replay->open(replayed);
    replay_steps(replay, first, replayed, 2 * steps);
    uint64_t hash = state_hash(replay_state(replay, live));
    assert_true(state_hash(replay_state(replay, replayed)) == hash);
    assert_true(state_hash(replay_state(replay, loaded)) == hash);
    return hash;
}

/* ---- damage ------------------------------------------------------------------------------------
 */
/* A bit of what is used of the page is wrong. */
static inline void replay_damage_bit(uint64_t *random, uint8_t *page)
{
    size_t used = 0;
    for (size_t i = 0; i < STATE_PAGE_SIZE; i++)
        used = page[i] != 0 ? i + 1 : used;
    size_t at = (size_t)(test_random(random) % used);
    page[at] ^= (uint8_t)(1u << (test_random(random) % 8));
}

/* All pages of a state go into another; those of one table are damaged on the way. */
static inline void replay_damaged(struct state *from, struct state *to, uint32_t victim,
                                  uint64_t *random, void (*damage)(uint64_t *random, uint8_t *page))
{
    static uint8_t page[STATE_PAGE_SIZE];
    uint32_t table, number;
    assert_int_equal(state_cut_begin(from, 4), OK);
    while (state_cut_next(from, page, &table, &number) == OK) {
        if (table == victim)
            damage(random, page);
        assert_int_equal(state_load_page(to, table, number, page), OK);
    }
}

/* What a rebuild may say of damaged pages; true: they are refused. */
static inline bool replay_refuses(enum err err)
{
    assert_true(err == OK || err == ERR_CORRUPT || err == ERR_NO_MEMORY);
    return err != OK;
}
