/* The loop that everything waits for: numbers out of bits. Eight numbers of a known width begin at
 * a whole byte and lie at known places in the next `width` bytes, so that each width has a body of
 * its own, unrolled, without a shift that depends on data. */
#include "codec/pack.h"

#include <string.h>

size_t pack_put(uint8_t *at, const uint64_t *numbers, uint32_t count, unsigned width)
{
    if (width == 0)
        return 0;
    uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1, word = 0;
    unsigned filled = 0;
    uint8_t *begin = at;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t number = numbers[i] & mask;
        word |= number << filled;
        unsigned total = filled + width;
        if (total >= 64) {
            store_u64(at, word);
            at += 8;
            total -= 64;
            /* What did not fit: the upper `total` bits of the number. */
            word = total ? number >> (width - total) : 0;
        }
        filled = total;
    }
    store_u64(at, word);
    at += (filled + 7) / 8;
    return (size_t)(at - begin);
}

#define UNPACK_INLINE static inline __attribute__((always_inline))
UNPACK_INLINE uint64_t unpack_one(const uint8_t *at, unsigned index, unsigned width)
{
    unsigned bit = index * width, shift = bit & 7;
    uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
    uint64_t word = load_u64(at + bit / 8) >> shift;
    if (shift + width > 64)
        word |= (uint64_t)at[bit / 8 + 8] << (64 - shift);
    return word & mask;
}

UNPACK_INLINE void unpack(const uint8_t *at, uint32_t count, unsigned width, uint64_t *numbers)
{
    for (uint32_t i = 0; i < count; i += 8, at += width, numbers += 8) {
        numbers[0] = unpack_one(at, 0, width);
        numbers[1] = unpack_one(at, 1, width);
        numbers[2] = unpack_one(at, 2, width);
        numbers[3] = unpack_one(at, 3, width);
        numbers[4] = unpack_one(at, 4, width);
        numbers[5] = unpack_one(at, 5, width);
        numbers[6] = unpack_one(at, 6, width);
        numbers[7] = unpack_one(at, 7, width);
    }
}

#define WIDTH(w)                                                                                   \
    case w:                                                                                        \
        unpack(at, count, w, numbers);                                                             \
        return;
#define WIDTHS_8(w)                                                                                \
    WIDTH(w)                                                                                       \
    WIDTH(w + 1) WIDTH(w + 2) WIDTH(w + 3) WIDTH(w + 4) WIDTH(w + 5) WIDTH(w + 6) WIDTH(w + 7)

void pack_get(const uint8_t *at, uint32_t count, unsigned width, uint64_t *numbers)
{
    switch (width) {
    case 0:
        memset(numbers, 0, ((size_t)count + 7) / 8 * 8 * sizeof *numbers);
        return;
        WIDTHS_8(1)
        WIDTHS_8(9)
        WIDTHS_8(17)
        WIDTHS_8(25)
        WIDTHS_8(33)
        WIDTHS_8(41)
        WIDTHS_8(49)
        WIDTHS_8(57)
    default:
        check(width <= PACK_WIDTH_MAX);
    }
}
