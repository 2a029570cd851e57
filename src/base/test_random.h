/* Random numbers for tests: the same seed gives the same ones everywhere (splitmix64). */
#pragma once

#include <stdint.h>

static inline uint64_t test_random(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint32_t test_random_below(uint64_t *seed, uint32_t limit)
{
    return (uint32_t)(test_random(seed) % limit);
}
