/* splitmix64 (Steele, Lea, Flood 2014): tiny, good enough to choose faults, the same everywhere. */
#include "random.h"

void random_seed(struct random *random, uint64_t seed)
{
    random->state = seed * UINT64_C(0x9E3779B97F4A7C15) + UINT64_C(0xD1B54A32D192ED03);
}

uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

uint64_t random_below(struct random *random, uint64_t below)
{
    check(below > 0);
    if (below > UINT32_MAX)
        return random_next(random) % below;
    return ((random_next(random) >> 32) * below) >> 32;
}

bool random_one_in(struct random *random, uint64_t times)
{
    return random_below(random, times) == 0;
}
