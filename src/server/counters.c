/* Counting is done where things happen; here is what is worked out from the counts when someone
 * asks. */
#include "server/counters.h"

#define CAUSE_WORD(name, word, text) [name] = word,
#define CAUSE_SENTENCE(name, word, text) [name] = text,
static const char *const cause_words[] = {CAUSE_TABLE(CAUSE_WORD)};
static const char *const cause_texts[] = {CAUSE_TABLE(CAUSE_SENTENCE)};

const char *cause_word(enum cause cause)
{
    return cause_words[cause];
}

const char *cause_text(enum cause cause)
{
    return cause_texts[cause];
}

uint64_t counters_latency_share(const struct counters *counters, double share)
{
    uint64_t all = 0, seen = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++)
        all += counters->latency[i];
    if (all == 0)
        return 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        seen += counters->latency[i];
        if ((double)seen >= share * (double)all)
            return UINT64_C(1) << i;
    }
    return UINT64_C(1) << (LATENCY_BUCKETS - 1);
}

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
