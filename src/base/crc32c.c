/* CRC32C. Every batch, block and header is covered by one, so it must cost next to nothing.
 *
 * The instruction has a latency of three cycles and a throughput of one: three sums over three
 * neighbouring stretches run at once, and are then joined. Joining needs "the register after n more
 * zero bytes", which is a linear map of 32 bits; it is kept as four tables of 256 words for each of
 * the two stretch sizes. The tables are computed before main, by squaring the map of one byte. */
#include "base/crc32c.h"

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

#define POLYNOMIAL 0x82f63b78u /* reflected */
#define LONG_LOG2 11           /* stretches of 2 KiB: three fill one and a half disk blocks */
#define SHORT_LOG2 8
#define LONG ((size_t)1 << LONG_LOG2)
#define SHORT ((size_t)1 << SHORT_LOG2)

static uint32_t slices[8][256];
static uint32_t skip_long[4][256];
static uint32_t skip_short[4][256];

/* ---- the tables ------------------------------------------------------------------------------ */
static void slices_fill(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t sum = i;
        for (unsigned bit = 0; bit < 8; bit++)
            sum = (sum >> 1) ^ (POLYNOMIAL & (0u - (sum & 1)));
        slices[0][i] = sum;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (unsigned k = 1; k < 8; k++)
            slices[k][i] = (slices[k - 1][i] >> 8) ^ slices[0][slices[k - 1][i] & 0xff];
}

/* map[i] is where bit i goes. */
static uint32_t map_apply(const uint32_t map[32], uint32_t v)
{
    uint32_t out = 0;
    for (unsigned i = 0; v != 0; i++, v >>= 1)
        if (v & 1)
            out ^= map[i];
    return out;
}

static void skip_fill(uint32_t skip[4][256], unsigned size_log2)
{
    uint32_t map[32];
    for (unsigned i = 0; i < 32; i++) {
        uint32_t bit = 1u << i;
        map[i] = (bit >> 8) ^ slices[0][bit & 0xff]; /* one zero byte */
    }
    for (unsigned k = 0; k < size_log2; k++) {
        uint32_t twice[32];
        for (unsigned i = 0; i < 32; i++)
            twice[i] = map_apply(map, map[i]);
        __builtin_memcpy(map, twice, sizeof map);
    }
    for (unsigned k = 0; k < 4; k++)
        for (uint32_t i = 0; i < 256; i++)
            skip[k][i] = map_apply(map, i << (8 * k));
}

__attribute__((constructor)) static void tables_fill(void)
{
    slices_fill();
    skip_fill(skip_long, LONG_LOG2);
    skip_fill(skip_short, SHORT_LOG2);
}

/* ---- software ---------------------------------------------------------------------------------
 */
uint32_t crc32c_software(uint32_t seed, const void *at, size_t size)
{
    const uint8_t *p = at;
    uint32_t sum = ~seed;
    for (; size >= 8; p += 8, size -= 8) {
        uint32_t low = load_u32(p) ^ sum;
        uint32_t high = load_u32(p + 4);
        sum = slices[7][low & 0xff] ^ slices[6][(low >> 8) & 0xff] ^ slices[5][(low >> 16) & 0xff] ^
              slices[4][low >> 24] ^ slices[3][high & 0xff] ^ slices[2][(high >> 8) & 0xff] ^
              slices[1][(high >> 16) & 0xff] ^ slices[0][high >> 24];
    }
    for (; size > 0; p++, size--)
        sum = (sum >> 8) ^ slices[0][(sum ^ *p) & 0xff];
    return ~sum;
}

/* ---- hardware ---------------------------------------------------------------------------------
 */
#if defined(__SSE4_2__) || defined(__ARM_FEATURE_CRC32)
static inline uint64_t word_add(uint64_t sum, const uint8_t *at)
{
#if defined(__SSE4_2__)
    return _mm_crc32_u64(sum, load_u64(at));
#else
    return __crc32cd((uint32_t)sum, load_u64(at));
#endif
}

static inline uint32_t byte_add(uint32_t sum, uint8_t byte)
{
#if defined(__SSE4_2__)
    return _mm_crc32_u8(sum, byte);
#else
    return __crc32cb(sum, byte);
#endif
}

static inline uint32_t skip_apply(uint32_t skip[4][256], uint32_t sum)
{
    return skip[0][sum & 0xff] ^ skip[1][(sum >> 8) & 0xff] ^ skip[2][(sum >> 16) & 0xff] ^
           skip[3][sum >> 24];
}

/* Adds three stretches of `stretch` bytes each. */
static inline uint32_t three_add(uint32_t sum, const uint8_t *at, size_t stretch,
                                 uint32_t skip[4][256])
{
    uint64_t a = sum, b = 0, c = 0;
    for (size_t i = 0; i < stretch; i += 8) {
        a = word_add(a, at + i);
        b = word_add(b, at + stretch + i);
        c = word_add(c, at + 2 * stretch + i);
    }
    uint32_t joined = skip_apply(skip, (uint32_t)a) ^ (uint32_t)b;
    return skip_apply(skip, joined) ^ (uint32_t)c;
}

uint32_t crc32c_hardware(uint32_t seed, const void *at, size_t size)
{
    const uint8_t *p = at;
    uint32_t sum = ~seed;
    for (; size >= 3 * LONG; p += 3 * LONG, size -= 3 * LONG)
        sum = three_add(sum, p, LONG, skip_long);
    for (; size >= 3 * SHORT; p += 3 * SHORT, size -= 3 * SHORT)
        sum = three_add(sum, p, SHORT, skip_short);
    uint64_t wide = sum;
    for (; size >= 8; p += 8, size -= 8)
        wide = word_add(wide, p);
    sum = (uint32_t)wide;
    for (; size > 0; p++, size--)
        sum = byte_add(sum, *p);
    return ~sum;
}
#else
uint32_t crc32c_hardware(uint32_t seed, const void *at, size_t size)
{
    return crc32c_software(seed, at, size);
}
#endif

uint32_t crc32c(uint32_t seed, const void *at, size_t size)
{
    return crc32c_hardware(seed, at, size);
}
