/* The wheel behind timers.h. A timer that was stopped leaves its slot's bit set: the slot is looked
 * at once for nothing, which is cheaper than counting what lies in it. */
#include "server/timers.h"

void timers_init(struct timers *timers, int64_t now_ns)
{
    for (size_t i = 0; i < TIMERS_SLOTS; i++)
        link_init(&timers->slots[i]);
    for (size_t i = 0; i < ARRAY_COUNT(timers->occupied); i++)
        timers->occupied[i] = 0;
    timers->tick = now_ns / TIMERS_TICK_NS;
}

void timer_init(struct timer *timer)
{
    link_init(&timer->link);
    timer->due_ns = 0;
}

void timers_set(struct timers *timers, struct timer *timer, int64_t due_ns)
{
    int64_t tick = due_ns / TIMERS_TICK_NS + 1; /* the first tick at which it is surely due */
    if (tick <= timers->tick)
        tick = timers->tick + 1;
    if (tick >= timers->tick + TIMERS_SLOTS)
        tick = timers->tick + TIMERS_SLOTS - 1;
    size_t slot = (size_t)tick % TIMERS_SLOTS;
    timer->due_ns = due_ns;
    link_take(&timer->link);
    link_put(&timers->slots[slot], &timer->link);
    timers->occupied[slot / 64] |= UINT64_C(1) << (slot % 64);
}

void timer_stop(struct timer *timer)
{
    link_take(&timer->link);
}

/* The nearest slot after the current one that may hold timers, as a distance in ticks; 0: none. */
static int64_t timers_distance(const struct timers *timers)
{
    size_t from = (size_t)(timers->tick + 1) % TIMERS_SLOTS;
    for (size_t step = 0; step < TIMERS_SLOTS;) {
        size_t slot = (from + step) % TIMERS_SLOTS;
        uint64_t bits = timers->occupied[slot / 64] >> (slot % 64);
        if (bits != 0)
            return (int64_t)step + 1 + __builtin_ctzll(bits);
        step += 64 - slot % 64;
    }
    return 0;
}

int64_t timers_wait_ns(const struct timers *timers, int64_t now_ns)
{
    int64_t distance = timers_distance(timers);
    if (distance == 0)
        return INT64_MAX;
    int64_t wait_ns = (timers->tick + distance) * TIMERS_TICK_NS - now_ns;
    return wait_ns > 0 ? wait_ns : 0;
}

void timers_run(struct timers *timers, int64_t now_ns, void (*fire)(void *arg, struct timer *timer),
                void *arg)
{
    int64_t until = now_ns / TIMERS_TICK_NS;
    while (timers->tick < until) {
        int64_t distance = timers_distance(timers);
        if (distance == 0 || timers->tick + distance > until) {
            timers->tick = until;
            return;
        }
        timers->tick += distance;
        size_t slot = (size_t)timers->tick % TIMERS_SLOTS;
        struct link due;
        link_init(&due);
        link_move_all(&due, &timers->slots[slot]);
        timers->occupied[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
        while (!link_is_alone(&due)) {
            struct timer *timer = LINK_OWNER(due.next, struct timer, link);
            link_take(&timer->link);
            if (timer->due_ns > now_ns)
                timers_set(timers, timer, timer->due_ns);
            else
                fire(arg, timer);
        }
    }
}
