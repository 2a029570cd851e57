/* What the tests of this room share: luck with a seed, and chunks made and read back. */
#pragma once

#include "codec/codec.h"
#include "base/test_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static inline uint64_t luck_below(uint64_t *luck, uint64_t limit)
{
    return test_random(luck) % limit;
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
        uint64_t word = test_random(luck);
        if ((word >> 52 & 0x7ff) != 0x7ff)
            return word;
    }
}
