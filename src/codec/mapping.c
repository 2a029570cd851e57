/* Doubles as whole numbers. A sensor's 21.35 is 2135 with two decimals: (double)2135 / 100 is the
 * very double that any reader of "21.35" makes, because both operands are exact and the division
 * rounds once. Whether a double is such a decimal is not argued but tried. */
#include "codec/mapping.h"

#include <string.h>

#define MAGIC                                                                                      \
    0x1.8p52 /* added to a double below 2^51 it leaves the nearest whole in the low bits */
#define MAGIC_BITS UINT64_C(0x4338000000000000)
#define SIGN (UINT64_C(1) << 63)
#define EXPONENT (UINT64_C(0x7ff) << 52)

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
_Static_assert(ARRAY_COUNT(powers) == SCALE_DECIMAL_MAX + 1, "a power for each exponent");

static inline uint64_t bits_of(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}

static inline double real_of(uint64_t bits)
{
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

bool mapping_is_valid(struct mapping mapping, uint8_t type)
{
    if (type != VALUE_FLOAT64)
        return mapping.kind == MAPPING_INTEGER && mapping.parameter == 0;
    if (mapping.kind == MAPPING_DECIMAL || mapping.kind == MAPPING_FLOAT32)
        return mapping.parameter <= SCALE_DECIMAL_MAX;
    return mapping.kind == MAPPING_BITS && mapping.parameter < 64;
}

static inline uint64_t decimal_word(int64_t number, double power, bool is_float32)
{
    double real = (double)number / power;
    return bits_of(is_float32 ? (double)(float)real : real);
}

static bool decimal_number(struct mapping mapping, uint64_t word, int64_t *ret_number)
{
    double power = powers[mapping.parameter], scaled = real_of(word) * power;
    if (!(scaled >= -0x1p53 && scaled <= 0x1p53))
        return false;
    /* From 2^52 on a double is whole as it stands. */
    bool whole = scaled >= 0x1p52 || scaled <= -0x1p52;
    int64_t number = (int64_t)(whole ? scaled : scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    if (decimal_word(number, power, mapping.kind == MAPPING_FLOAT32) != word)
        return false;
    *ret_number = number;
    return true;
}

static inline int64_t bits_number(uint64_t word, unsigned shift)
{
    int64_t magnitude = (int64_t)((word & ~SIGN) >> shift);
    return word & SIGN ? ~magnitude : magnitude;
}

static inline uint64_t bits_word(int64_t number, unsigned shift)
{
    uint64_t sign = (uint64_t)(number >> 63);
    return (((uint64_t)number ^ sign) << shift & ~SIGN) | (sign & SIGN);
}

bool mapping_number(struct mapping mapping, uint64_t word, int64_t *ret_number)
{
    switch ((enum mapping_kind)mapping.kind) {
    case MAPPING_DECIMAL:
    case MAPPING_FLOAT32:
        return decimal_number(mapping, word, ret_number);
    case MAPPING_BITS:
        *ret_number = bits_number(word, mapping.parameter);
        return bits_word(*ret_number, mapping.parameter) == word;
    case MAPPING_INTEGER:
        break;
    }
    *ret_number = (int64_t)word;
    return true;
}

/* The common case without a branch, so that it is compiled to vectors; true when all words fit. */
static inline __attribute__((always_inline)) bool
decimals_try(const uint64_t *words, uint32_t count, double power, bool is_float32, int64_t *numbers)
{
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < count; i++) {
        double real = real_of(words[i]);
        double shifted = real * power + MAGIC;
        double number = shifted - MAGIC;
        double back = number / power;
        if (is_float32)
            back = (double)(float)back;
        numbers[i] = (int64_t)(bits_of(shifted) - MAGIC_BITS);
        /* Beyond 2^51 the low bits of `shifted` are not the number any more; zero has its sign. */
        wrong |= bits_of(back) ^ words[i];
        wrong |= ((uint64_t)numbers[i] + (UINT64_C(1) << 51)) >> 52;
    }
    return wrong == 0;
}

uint32_t mapping_numbers(struct mapping mapping, const uint64_t *words, uint32_t count,
                         int64_t *numbers, uint16_t *exceptions, uint32_t most)
{
    uint32_t found = 0;
    int64_t before = 0;
    if (mapping.kind == MAPPING_INTEGER) {
        memcpy(numbers, words, count * sizeof *numbers);
        return 0;
    }
    bool is_decimal = mapping.kind == MAPPING_DECIMAL || mapping.kind == MAPPING_FLOAT32;
    for (uint32_t i = 0; i < count;) {
        uint32_t end = count - i < 64 ? count : i + 64;
        if (is_decimal &&
            (mapping.kind == MAPPING_DECIMAL
                 ? decimals_try(words + i, end - i, powers[mapping.parameter], false, numbers + i)
                 : decimals_try(words + i, end - i, powers[mapping.parameter], true,
                                numbers + i))) {
            before = numbers[end - 1];
            i = end;
            continue;
        }
        for (; i < end; i++) {
            if (!mapping_number(mapping, words[i], &numbers[i])) {
                if (found == most)
                    return most + 1;
                exceptions[found++] = (uint16_t)i;
                numbers[i] = before;
            }
            before = numbers[i];
        }
    }
    return found;
}

bool words_are_finite(const uint64_t *words, uint32_t count)
{
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < count; i++)
        wrong |= (words[i] & ~SIGN) + (UINT64_C(1) << 52);
    return (wrong & SIGN) == 0;
}

/* Numbers below 2^51 become doubles by the same addition, in vectors; the processor's conversion
 * of 64-bit integers is one at a time. */
static void decimals_small(uint64_t *numbers, uint32_t count, double power, bool is_float32)
{
    if (is_float32) {
        for (uint32_t i = 0; i < count; i++) {
            double real = (real_of(numbers[i] + MAGIC_BITS) - MAGIC) / power;
            numbers[i] = bits_of((double)(float)real);
        }
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = bits_of((real_of(numbers[i] + MAGIC_BITS) - MAGIC) / power);
}

static void decimals_back(struct mapping mapping, uint64_t *numbers, uint32_t count)
{
    double power = powers[mapping.parameter];
    bool is_float32 = mapping.kind == MAPPING_FLOAT32;
    for (uint32_t i = 0; i < count;) {
        uint32_t end = count - i < 64 ? count : i + 64;
        uint64_t large = 0;
        for (uint32_t j = i; j < end; j++)
            large |= (numbers[j] + (UINT64_C(1) << 51)) >> 52;
        if (LIKELY(!large)) {
            decimals_small(numbers + i, end - i, power, is_float32);
            i = end;
            continue;
        }
        for (; i < end; i++)
            numbers[i] = decimal_word((int64_t)numbers[i], power, is_float32);
    }
}

bool mapping_words(struct mapping mapping, uint64_t *numbers, uint32_t count)
{
    switch ((enum mapping_kind)mapping.kind) {
    case MAPPING_INTEGER:
        return true;
    case MAPPING_DECIMAL:
    case MAPPING_FLOAT32:
        decimals_back(mapping, numbers, count);
        return true;
    case MAPPING_BITS:
        for (uint32_t i = 0; i < count; i++)
            numbers[i] = bits_word((int64_t)numbers[i], mapping.parameter);
        return words_are_finite(numbers, count);
    }
    return false;
}
