/* Counting is done where things happen; here is what is worked out from the counts when someone
 * asks. */
#include "server/counters.h"

void rates_note(struct rates *rates, const struct rate_totals *totals)
{
    rates->samples[rates->next] = *totals;
    rates->next = (rates->next + 1) % RATE_SAMPLES;
    if (rates->count < RATE_SAMPLES)
        rates->count++;
}

const struct rate_totals *rates_before(const struct rates *rates, int64_t now_ns)
{
    const struct rate_totals *best = NULL;
    for (size_t back = 1; back <= rates->count; back++) {
        const struct rate_totals *sample =
            &rates->samples[(rates->next + RATE_SAMPLES - back) % RATE_SAMPLES];
        int64_t age_ns = now_ns - sample->at_ns;
        if (age_ns < NS_PER_S / 2)
            continue;
        if (best != NULL && age_ns > 10 * NS_PER_S)
            break;
        best = sample;
    }
    return best;
}
