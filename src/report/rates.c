/* Counting is done where things happen; here is what is worked out from the counts when someone
 * asks. */
#include "report/report.h"

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

static void lag_landed(struct lag *lag, int64_t now_ns)
{
    if (lag->flight_ns > 0 && now_ns - lag->flight_ns > lag->longest_ns)
        lag->longest_ns = now_ns - lag->flight_ns;
    lag->flight_ns = 0;
}

void lag_note(struct lag *lag, uint64_t ticket, bool empty, bool in_flight, int64_t now_ns)
{
    if (ticket != lag->ticket) { /* what was open is under way, or gone already */
        lag_landed(lag, now_ns);
        lag->flight_ns = lag->open_ns > 0 ? lag->open_ns : now_ns;
        lag->open_ns = 0;
        lag->ticket = ticket;
    }
    if (!in_flight)
        lag_landed(lag, now_ns);
    if (empty)
        lag->open_ns = 0;
    else if (lag->open_ns == 0)
        lag->open_ns = now_ns;
}

int64_t lag_ns(const struct lag *lag, int64_t now_ns)
{
    int64_t since_ns = lag->flight_ns > 0 ? lag->flight_ns : lag->open_ns;
    return since_ns > 0 ? now_ns - since_ns : 0;
}
