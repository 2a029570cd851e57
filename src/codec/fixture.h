/* What the tests of this room share: luck with a seed, and chunks made and read back. */
#pragma once

#include "codec/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static inline uint64_t luck_next(uint64_t *luck)
{
    uint64_t z = (*luck += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint64_t luck_below(uint64_t *luck, uint64_t limit)
{
    return luck_next(luck) % limit;
}

static inline uint64_t word_of(double real)
{
    uint64_t word;
    memcpy(&word, &real, sizeof word);
    return word;
}

static inline double real_of_word(uint64_t word)
{
    double real;
    memcpy(&real, &word, sizeof real);
    return real;
}

/* Any finite double. */
static inline uint64_t luck_finite(uint64_t *luck)
{
    for (;;) {
        uint64_t word = luck_next(luck);
        if ((word >> 52 & 0x7ff) != 0x7ff)
            return word;
    }
}
