/* Mappings: how the words of a column become numbers that pack well, and back, exactly. Each keeps
 * the order of values. */
#pragma once

#include "codec/codec.h"

enum mapping_kind {
    MAPPING_INTEGER = 0, /* the word is the number: int64, bool, handles */
    MAPPING_DECIMAL = 1, /* number / 10^parameter, one IEEE division; |number| <= 2^53 */
    MAPPING_FLOAT32 = 2, /* the float32 nearest to number / 10^parameter, as a double */
    MAPPING_BITS = 3,    /* sign and magnitude of the double's bits >> parameter, in order */
};
struct mapping {
    uint8_t kind;
    uint8_t parameter; /* decimals: 0..SCALE_DECIMAL_MAX; bits: 0..63 */
};

bool mapping_is_valid(struct mapping mapping, uint8_t type);
/* The number of a word, when it has one. */
MUST_USE bool mapping_number(struct mapping mapping, uint64_t word, int64_t *ret_number);
/* numbers[i] for each word. Those that have none get the number before and are listed: positions
 * in exceptions, at most `most` of them; returns how many there are, or most + 1. */
uint32_t mapping_numbers(struct mapping mapping, const uint64_t *words, uint32_t count,
                         int64_t *numbers, uint16_t *exceptions, uint32_t most);
/* In place: numbers become words. False when a float64 would be NaN or infinite. */
MUST_USE bool mapping_words(struct mapping mapping, uint64_t *numbers, uint32_t count);
/* Finite? */
bool words_are_finite(const uint64_t *words, uint32_t count);
