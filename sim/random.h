/* random: numbers that depend on a seed alone (splitmix64), so that a run can be repeated. */
#pragma once

#include "base/base.h"

struct random {
    uint64_t state;
};
void random_seed(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
/* 0 .. below-1; below > 0. */
uint64_t random_below(struct random *random, uint64_t below);
/* True once in `times`. */
bool random_one_in(struct random *random, uint64_t times);
