/* What the tests and the fuzzer of this folder share: timers beside the plainest thing that can be
 * said about them, an unsorted list that is searched for the first. What fires is compared with it
 * one by one. */
#pragma once

#include "timing/timing.h"
#include "base/test_random.h"

#define ORACLE_MAX 256u /* timers set at once */

struct oracle_timer {
    uint32_t timer; /* TIMER_NONE: not set */
    uint8_t kind;
    uint64_t owner;
    int64_t due_ns;
    uint64_t sequence;
};
struct oracle {
    struct oracle_timer timers[ORACLE_MAX];
    uint64_t sequence;
    int64_t now_ns, from_ns; /* from: what is set is not due before */
    uint64_t fired;
    uint64_t random; /* decides what owners do when a timer fires */
};
struct pair {
    struct state *state;
    struct timing *timing;
    struct oracle oracle;
};

static inline void pair_open(struct pair *pair, uint64_t seed)
{
    *pair = (struct pair){.oracle = {.random = seed}};
    check(state_create(&pair->state) == OK);
    check(timing_create(pair->state, ORACLE_MAX, &pair->timing) == OK);
}

static inline void pair_close(struct pair *pair)
{
    timing_destroy(pair->timing);
    state_destroy(pair->state);
}

static inline int64_t oracle_due(const struct oracle *oracle, int64_t due_ns)
{
    return due_ns < oracle->from_ns ? oracle->from_ns : due_ns;
}

static inline struct oracle_timer *oracle_first(struct oracle *oracle)
{
    struct oracle_timer *first = NULL;
    for (struct oracle_timer *t = oracle->timers; t < oracle->timers + ORACLE_MAX; t++)
        if (t->timer != TIMER_NONE &&
            (first == NULL || t->due_ns < first->due_ns ||
             (t->due_ns == first->due_ns && t->sequence < first->sequence)))
            first = t;
    return first;
}

static inline void pair_set(struct pair *pair, uint8_t kind, uint64_t owner, int64_t due_ns)
{
    struct oracle *oracle = &pair->oracle;
    uint32_t timer = TIMER_NONE;
    struct oracle_timer *at = oracle->timers, *end = oracle->timers + ORACLE_MAX;
    while (at < end && at->timer != TIMER_NONE)
        at++;
    enum err err = timing_set(pair->timing, kind, owner, due_ns, &timer);
    check(err == (at < end ? OK : ERR_LIMIT));
    if (err != OK)
        return;
    *at = (struct oracle_timer){timer, kind, owner, oracle_due(oracle, due_ns), oracle->sequence++};
    for (struct oracle_timer *t = oracle->timers; t < end; t++)
        check(t == at || t->timer != timer); /* a number has one owner */
}

/* index: any; the timer at that place, if one is set. */
static inline void pair_move(struct pair *pair, uint32_t index, int64_t due_ns)
{
    struct oracle_timer *t = &pair->oracle.timers[index % ORACLE_MAX];
    if (t->timer == TIMER_NONE)
        return;
    timing_move(pair->timing, t->timer, due_ns);
    t->due_ns = oracle_due(&pair->oracle, due_ns);
    t->sequence = pair->oracle.sequence++;
}

static inline void pair_stop(struct pair *pair, uint32_t index)
{
    struct oracle_timer *t = &pair->oracle.timers[index % ORACLE_MAX];
    timing_stop(pair->timing, t->timer);
    t->timer = TIMER_NONE;
}

/* A time from now on, of any size. */
static inline int64_t oracle_time(const struct oracle *oracle, uint64_t random)
{
    static const int64_t spans[] = {
        1, 3, 200, 70000, 20 * NS_PER_MS, 3 * NS_PER_S, 600 * NS_PER_S, 400 * 86400 * NS_PER_S,
    };
    int64_t span = spans[random % 8];
    int64_t time_ns = oracle->from_ns + (int64_t)(random / 8 % (uint64_t)span);
    return random % 97 == 0 ? time_ns / 2 : time_ns; /* past */
}

/* What an owner does: nothing, set it again, stop it, and it may touch another. */
static inline enum err pair_fired(void *arg, const struct timer_view *view)
{
    struct pair *pair = arg;
    struct oracle *oracle = &pair->oracle;
    struct oracle_timer *first = oracle_first(oracle);
    check(first != NULL && first->due_ns <= oracle->now_ns);
    check(first->timer == view->timer && first->kind == view->kind && first->owner == view->owner &&
          first->due_ns == view->due_ns);
    oracle->fired++;
    oracle->from_ns = view->due_ns;
    uint32_t index = (uint32_t)(first - oracle->timers);
    uint64_t random = test_random(&oracle->random), sequence = first->sequence;
    if (random % 8 == 0)
        pair_stop(pair, (uint32_t)(random >> 8));
    if (random % 8 == 1)
        pair_move(pair, (uint32_t)(random >> 8), oracle_time(oracle, random >> 16));
    if (first->timer == view->timer && first->sequence == sequence) {
        if (random >> 32 & 1)
            pair_move(pair, index, oracle_time(oracle, random >> 33));
        else if (random >> 33 & 1) {
            pair_stop(pair, index);
            if (random >> 34 & 1) /* with the same number, most likely */
                pair_set(pair, 1, random, oracle_time(oracle, random >> 35));
        } else
            first->timer = TIMER_NONE; /* it ends with the call */
    }
    return OK;
}

static inline void pair_check(struct pair *pair)
{
    struct oracle *oracle = &pair->oracle;
    const struct oracle_timer *first = oracle_first(oracle);
    int64_t next_ns = timing_next_ns(pair->timing);
    uint32_t counts[TIMING_KINDS] = {0}, all = 0;
    check((first == NULL) == (next_ns == TIMING_NEVER));
    check(first == NULL || next_ns <= first->due_ns);
    check(timing_now_ns(pair->timing) == oracle->now_ns);
    for (const struct oracle_timer *t = oracle->timers; t < oracle->timers + ORACLE_MAX; t++) {
        struct timer_view view;
        if (t->timer == TIMER_NONE)
            continue;
        check(timing_look(pair->timing, t->timer, &view) && view.owner == t->owner &&
              view.kind == t->kind && view.due_ns == t->due_ns);
        counts[t->kind]++;
        all++;
    }
    check(timing_count_all(pair->timing) == all);
    for (uint8_t kind = 1; kind < TIMING_KINDS; kind++)
        check(timing_count(pair->timing, kind) == counts[kind]);
}

static inline bool pair_advance(struct pair *pair, int64_t now_ns, uint32_t most)
{
    struct oracle *oracle = &pair->oracle;
    uint64_t fired = oracle->fired;
    bool more;
    oracle->now_ns = now_ns > oracle->now_ns ? now_ns : oracle->now_ns;
    check(timing_advance(pair->timing, now_ns, most, pair_fired, pair, &more) == OK);
    oracle->from_ns = oracle->now_ns;
    check(oracle->fired - fired <= most);
    const struct oracle_timer *first = oracle_first(oracle);
    check(more || first == NULL || first->due_ns > oracle->now_ns);
    return more;
}
