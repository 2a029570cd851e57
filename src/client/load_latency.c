#include "client/load.h"

static size_t latency_bucket(uint64_t us)
{
    if (us < 64)
        return (size_t)us;
    unsigned top = 63 - (unsigned)__builtin_clzll(us);
    size_t at = (size_t)(top - 5) * 32 + (size_t)(us >> (top - 5));
    return at < LATENCY_BUCKETS ? at : LATENCY_BUCKETS - 1;
}

/* The middle of a bucket. */
static double latency_bucket_us(size_t at)
{
    if (at < 64)
        return (double)at + 0.5;
    size_t shift = at / 32 - 1;
    return ((double)(at - shift * 32) + 0.5) * (double)(UINT64_C(1) << shift);
}

void latency_add(struct latency *latency, uint64_t us, uint64_t count)
{
    latency->buckets[latency_bucket(us)] += count;
    latency->count += count;
    if (us > latency->max_us)
        latency->max_us = us;
}

void latency_merge(struct latency *into, const struct latency *from)
{
    for (size_t i = 0; i < LATENCY_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
    into->count += from->count;
    if (from->max_us > into->max_us)
        into->max_us = from->max_us;
}

void latency_subtract(struct latency *from, const struct latency *earlier)
{
    for (size_t i = 0; i < LATENCY_BUCKETS; i++)
        from->buckets[i] -= earlier->buckets[i];
    from->count -= earlier->count;
}

double latency_share_ms(const struct latency *latency, double share)
{
    uint64_t wanted = (uint64_t)((double)latency->count * share), seen = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        seen += latency->buckets[i];
        if (seen > wanted)
            return latency_bucket_us(i) / 1000;
    }
    return 0;
}
