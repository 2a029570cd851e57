/* counters: what the doors count, for the state answer and the log. */
#pragma once

#include "broker/broker.h"

struct counters {
    uint64_t accepted, turned_away; /* connections */
    uint64_t closed[CAUSE_COUNT];
    uint64_t bytes_in, bytes_out;
    uint64_t wakeups, reads, sends;
};

/* Totals a second apart, so that rates over the last seconds can be told. */
#define RATE_SAMPLES 16
struct rate_totals {
    int64_t at_ns;
    uint64_t messages, delivered, values, bytes_in, bytes_out, acks, wakeups, reads, cpu_ns;
};
struct rates {
    struct rate_totals samples[RATE_SAMPLES];
    size_t count, next;
};
static inline bool rates_are_due(const struct rates *rates, int64_t now_ns)
{
    return rates->count == 0 ||
           now_ns - rates->samples[(rates->next + RATE_SAMPLES - 1) % RATE_SAMPLES].at_ns >=
               NS_PER_S;
}
void rates_note(struct rates *rates, const struct rate_totals *totals);
/* The oldest sample not older than 10 s before now and at least half a second away; else the
 * newest one that far away. NULL when there is none. */
const struct rate_totals *rates_before(const struct rates *rates, int64_t now_ns);
