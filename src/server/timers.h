/* timers: a wheel of ticks. Setting, stopping and firing cost the same whatever the number of
 * timers. A timer fires at its time or up to one tick later. Later than the wheel reaches, it lies
 * at the rim and is laid again when the rim comes by. No clock inside: time is passed in. */
#pragma once

#include "base/base.h"

#define TIMERS_SLOTS 1024
#define TIMERS_TICK_NS (INT64_C(64) * NS_PER_MS)

struct timer {
    struct link link;
    int64_t due_ns;
};
struct timers {
    struct link slots[TIMERS_SLOTS];
    uint64_t occupied[TIMERS_SLOTS / 64];
    int64_t tick; /* the slots before it have fired */
};
void timers_init(struct timers *timers, int64_t now_ns);
void timer_init(struct timer *timer);
/* Sets or moves. */
void timers_set(struct timers *timers, struct timer *timer, int64_t due_ns);
void timer_stop(struct timer *timer);
/* ns until timers_run may have something to do; INT64_MAX: no timer is set. */
int64_t timers_wait_ns(const struct timers *timers, int64_t now_ns);
/* Calls fire for each timer that is due; it is stopped by then and may be set again. */
void timers_run(struct timers *timers, int64_t now_ns, void (*fire)(void *arg, struct timer *timer),
                void *arg);
