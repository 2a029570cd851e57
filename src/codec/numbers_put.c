/* Which form takes the fewest bits: every block of 128 numbers is looked at as distances from a
 * reference, from the number before, from the step before, and from a line, and each of these with
 * the window of values that pays best when what lies outside of it is patched.
 *
 * The window: of the residuals only the few smallest and the few largest can be worth a patch, so
 * only these are sorted; every pair (so many left out below, so many above) gives a width. */
#include "codec/numbers.h"

#include <string.h>

#define EXTREMES 9 /* the smallest and the largest that are tried: 8 patches a side at most */
#define EXTREMES_SHARE 10 /* of so many residuals one: of short blocks few are worth a patch */
_Static_assert(2 * (EXTREMES - 1) <= PATCHES_MAX, "patches fit their field");

struct window {
    int64_t base;
    unsigned width;
    uint32_t bits; /* estimate of packed residuals and patches */
};

struct plan {
    enum block_kind kind;
    uint64_t anchor, slope;
    struct window window;
    uint32_t bits;  /* with the fields */
    uint32_t count; /* residuals */
};

static unsigned bit_length(uint64_t number)
{
    return number ? 64u - (unsigned)__builtin_clzll(number) : 0;
}

/* Into `kept` sorted numbers, of which the last is dropped when there are `most`. */
static inline void extreme_insert(int64_t *sorted, uint32_t kept, uint32_t most, int64_t number)
{
    uint32_t at = kept < most ? kept : most - 1;
    for (; at > 0 && sorted[at - 1] > number; at--)
        sorted[at] = sorted[at - 1];
    sorted[at] = number;
}

/* lows[0] is the smallest, highs[0] the largest; both have as many as are worth it. */
static uint32_t extremes_find(const int64_t *residuals, uint32_t count, int64_t *lows,
                              int64_t *highs)
{
    uint32_t kept = 0, most = 2 + count / EXTREMES_SHARE;
    most = most < EXTREMES ? most : EXTREMES;
    for (; kept < count && kept < most; kept++) {
        extreme_insert(lows, kept, most, residuals[kept]);
        extreme_insert(highs, kept, most,
                       ~residuals[kept]); /* the largest has the smallest inverse */
    }
    int64_t low = lows[kept - 1], high = ~highs[kept - 1];
    for (uint32_t i = kept; i < count; i++) {
        int64_t r = residuals[i];
        if (LIKELY(r >= low && r <= high))
            continue;
        if (r < low) {
            extreme_insert(lows, kept, most, r);
            low = lows[kept - 1];
        }
        if (r > high) {
            extreme_insert(highs, kept, most, ~r);
            high = ~highs[kept - 1];
        }
    }
    for (uint32_t i = 0; i < kept; i++)
        highs[i] = ~highs[i];
    return kept;
}

/* Bits of the part of a residual that lies above the window. */
static unsigned patch_width(int64_t residual, int64_t base, unsigned width)
{
    int64_t distance = (int64_t)((uint64_t)residual - (uint64_t)base);
    return bit_length(zigzag(distance >> width));
}

static uint32_t patches_cost(uint32_t patches, unsigned high_width)
{
    return patches ? 8 + patches * 8 + ((patches * high_width + 7) & ~7u) : 0;
}

static struct window window_choose(const int64_t *residuals, uint32_t count)
{
    struct window best = {0, 0, 0};
    int64_t lows[EXTREMES], highs[EXTREMES];
    if (count == 0)
        return best;
    uint32_t kept = extremes_find(residuals, count, lows, highs);
    best.base = lows[0];
    best.width = bit_length((uint64_t)highs[0] - (uint64_t)lows[0]);
    best.bits = count * best.width;
    /* Both ends come from different residuals while they have no more than half of them each. */
    uint32_t most = kept <= count / 2 ? kept : count / 2;
    for (uint32_t low = 0; low < most && best.width > 0; low++) {
        unsigned before = 65;
        uint32_t least = bit_length((uint64_t)highs[most - 1] - (uint64_t)lows[low]) * count;
        for (uint32_t high = 0; high < most; high++) {
            if (least + patches_cost(low + high, 1) >= best.bits)
                break;
            unsigned width = bit_length((uint64_t)highs[high] - (uint64_t)lows[low]);
            if (width >= before || width >= 64)
                continue;
            before = width;
            unsigned above = patch_width(highs[0], lows[low], width);
            unsigned below = patch_width(lows[0], lows[low], width);
            uint32_t bits = count * width + patches_cost(low + high, above > below ? above : below);
            if (bits < best.bits)
                best = (struct window){lows[low], width, bits};
        }
    }
    return best;
}

/* ---- the four looks at a block ------------------------------------------------------------- */
static uint32_t look_delta(const int64_t *x, uint32_t count, int64_t *residuals)
{
    for (uint32_t i = 1; i < count; i++)
        residuals[i - 1] = (int64_t)((uint64_t)x[i] - (uint64_t)x[i - 1]);
    return count - 1;
}

static uint32_t look_delta2(const int64_t *deltas, uint32_t count, int64_t *residuals)
{
    for (uint32_t i = 1; i < count; i++)
        residuals[i - 1] = (int64_t)((uint64_t)deltas[i] - (uint64_t)deltas[i - 1]);
    return count - 1;
}

/* The slope of the line of least squares, in 1/256; false when it is flat, or too steep to be told
 * in 64 bits. */
static bool line_fit(const int64_t *x, uint32_t count, uint64_t *ret_slope)
{
    double middle = (double)(count - 1) / 2, up = 0, down = 0;
    for (uint32_t i = 0; i < count; i++) {
        double from = (double)i - middle;
        up += from * (double)(int64_t)((uint64_t)x[i] - (uint64_t)x[0]);
        down += from * from;
    }
    double slope = up / down * (1 << LINE_SHIFT);
    if (!(slope > -0x1p54 && slope < 0x1p54) || (slope > -1 && slope < 1))
        return false;
    *ret_slope = (uint64_t)(int64_t)(slope < 0 ? slope - 0.5 : slope + 0.5);
    return true;
}

static void look_line(const int64_t *x, uint32_t count, uint64_t slope, int64_t *residuals)
{
    for (uint32_t i = 0; i < count; i++)
        residuals[i] = (int64_t)((uint64_t)x[i] - (uint64_t)((int64_t)(slope * i) >> LINE_SHIFT));
}

static uint32_t field_bits(uint64_t number)
{
    return 8 * (uint32_t)varint_size(zigzag((int64_t)number));
}

/* Takes the plan over when it is cheaper. */
static void plan_offer(struct plan *best, struct plan plan, const int64_t *residuals,
                       uint64_t anchor_before)
{
    plan.window = window_choose(residuals, plan.count);
    bool has_base = plan.kind == BLOCK_DELTA || plan.kind == BLOCK_DELTA2;
    if (!has_base)
        plan.anchor = (uint64_t)plan.window.base;
    plan.bits = plan.window.bits + field_bits(plan.anchor - anchor_before) +
                (plan.kind >= BLOCK_DELTA2 ? field_bits(plan.slope) : 0) +
                (has_base ? field_bits((uint64_t)plan.window.base) : 0);
    if (plan.bits < best->bits)
        *best = plan;
}

/* ---- which look -------------------------------------------------------------------------------
 */
static int64_t middle_of_three(int64_t a, int64_t b, int64_t c)
{
    int64_t low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* Bits that these residuals will take, roughly: a window around one in their middle. */
static uint32_t bits_guess(const int64_t *residuals, uint32_t count)
{
    uint8_t lengths[2][65] = {{0}};
    if (count < 8)
        return 0; /* not worth a guess */
    int64_t middle =
        middle_of_three(residuals[count / 4], residuals[count / 2], residuals[count - count / 4]);
    for (uint32_t i = 0; i < count; i++)
        lengths[i & 1][bit_length(zigzag((int64_t)((uint64_t)residuals[i] - (uint64_t)middle)))]++;
    unsigned most = 64;
    while (most > 0 && !lengths[0][most] && !lengths[1][most])
        most--;
    uint32_t best = count * most, outside = 0;
    for (unsigned width = most; width-- > 0;) {
        outside += lengths[0][width + 1] + lengths[1][width + 1];
        if (outside >= 2 * EXTREMES)
            break;
        uint32_t bits = count * width + outside * (9 + most - width);
        best = bits < best ? bits : best;
    }
    return best;
}

struct look {
    struct plan plan;
    const int64_t *residuals;
    uint32_t guess;
};

static struct plan plan_block(const int64_t *x, uint32_t count, uint64_t anchor_before)
{
    int64_t deltas[CHUNK_BLOCK], steps[CHUNK_BLOCK], line[CHUNK_BLOCK];
    struct plan best = {.bits = UINT32_MAX};
    struct look looks[4] = {{.plan = {.kind = BLOCK_REFERENCE, .count = count}, .residuals = x}};
    uint32_t looks_count = 1, least = UINT32_MAX;
    if (count > 1) {
        struct look *look = &looks[looks_count++];
        *look = (struct look){.residuals = deltas};
        look->plan = (struct plan){.kind = BLOCK_DELTA, .anchor = (uint64_t)x[0]};
        look->plan.count = look_delta(x, count, deltas);
    }
    if (count > 2) {
        struct look *look = &looks[looks_count++];
        *look = (struct look){.residuals = steps};
        look->plan = (struct plan){
            .kind = BLOCK_DELTA2, .anchor = (uint64_t)x[0], .slope = (uint64_t)deltas[0]};
        look->plan.count = look_delta2(deltas, count - 1, steps);
    }
    uint64_t slope;
    if (count > 2 && line_fit(x, count, &slope)) {
        look_line(x, count, slope, line);
        looks[looks_count++] = (struct look){
            .plan = {.kind = BLOCK_LINE, .slope = slope, .count = count}, .residuals = line};
    }
    for (uint32_t i = 0; i < looks_count; i++) {
        looks[i].guess = bits_guess(looks[i].residuals, looks[i].plan.count);
        least = looks[i].guess < least ? looks[i].guess : least;
    }
    for (uint32_t i = 0; i < looks_count; i++) {
        if (looks[i].guess <= least + least / 32 + 16)
            plan_offer(&best, looks[i].plan, looks[i].residuals, anchor_before);
    }
    return best;
}

/* The residuals of the plan, less its base. */
static void plan_residuals(const struct plan *plan, const int64_t *x, uint32_t count,
                           uint64_t *residuals)
{
    int64_t deltas[CHUNK_BLOCK], signs[CHUNK_BLOCK];
    const int64_t *from = x;
    if (plan->kind == BLOCK_DELTA || plan->kind == BLOCK_DELTA2) {
        look_delta(x, count, deltas);
        from = deltas;
    }
    if (plan->kind == BLOCK_DELTA2) {
        look_delta2(deltas, count - 1, signs);
        from = signs;
    }
    if (plan->kind == BLOCK_LINE) {
        look_line(x, count, plan->slope, signs);
        from = signs;
    }
    for (uint32_t i = 0; i < plan->count; i++)
        residuals[i] = (uint64_t)from[i] - (uint64_t)plan->window.base;
}

/* What lies outside the window: positions, then the parts above the width. */
static size_t patches_put(uint8_t *at, const uint64_t *residuals, uint32_t count, unsigned width,
                          uint32_t *ret_patches)
{
    uint64_t highs[PATCHES_MAX], any = 0;
    uint32_t patches = 0;
    for (uint32_t i = 0; width < 64 && i < count; i++) {
        if (LIKELY(residuals[i] >> width == 0))
            continue;
        check(patches < PATCHES_MAX);
        highs[patches] = zigzag((int64_t)residuals[i] >> width);
        any |= highs[patches];
        at[1 + patches++] = (uint8_t)i;
    }
    *ret_patches = patches;
    if (patches == 0)
        return 0;
    at[0] = (uint8_t)bit_length(any);
    return 1 + patches + pack_put(at + 1 + patches, highs, patches, at[0]);
}

static size_t block_put(uint8_t *at, const int64_t *x, uint32_t count, uint64_t *anchor)
{
    uint64_t residuals[CHUNK_BLOCK];
    struct plan plan = plan_block(x, count, *anchor);
    plan_residuals(&plan, x, count, residuals);
    uint8_t *begin = at;
    at += 2;
    at += varint_put(at, zigzag((int64_t)(plan.anchor - *anchor)));
    *anchor = plan.anchor;
    if (plan.kind >= BLOCK_DELTA2)
        at += varint_put(at, zigzag((int64_t)plan.slope));
    if (plan.kind == BLOCK_DELTA || plan.kind == BLOCK_DELTA2)
        at += varint_put(at, zigzag(plan.window.base));
    at += pack_put(at, residuals, plan.count, plan.window.width);
    uint32_t patches;
    at += patches_put(at, residuals, plan.count, plan.window.width, &patches);
    store_u16(begin, (uint16_t)(plan.window.width | plan.kind << BLOCK_WIDTH_BITS |
                                patches << (BLOCK_WIDTH_BITS + BLOCK_KIND_BITS)));
    return (size_t)(at - begin);
}

/* ---- the stream -------------------------------------------------------------------------------
 */
static bool numbers_are_regular(const int64_t *numbers, uint32_t count, uint64_t *ret_step)
{
    uint64_t step = count > 1 ? (uint64_t)numbers[1] - (uint64_t)numbers[0] : 0;
    for (uint32_t i = 2; i < count; i++) {
        if ((uint64_t)numbers[i] - (uint64_t)numbers[i - 1] != step)
            return false;
    }
    *ret_step = step;
    return true;
}

static uint64_t divisor_common(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The largest number that divides every distance from the first; 1 when a distance is too large to
 * be told with a sign. */
static uint64_t divisor_find(const int64_t *numbers, uint32_t count)
{
    uint64_t divisor = 0;
    for (uint32_t i = 1; i < count && divisor != 1; i++) {
        int64_t distance;
        if (__builtin_sub_overflow(numbers[i], numbers[0], &distance))
            return 1;
        uint64_t size = distance < 0 ? 0 - (uint64_t)distance : (uint64_t)distance;
        if (divisor == 0 || size % divisor)
            divisor = divisor_common(size, divisor);
    }
    return divisor > (uint64_t)INT64_MAX ? 1 : divisor;
}

size_t stream_put(uint8_t *at, const int64_t *numbers, uint32_t count,
                  struct stream_scratch *scratch)
{
    check(count >= 1 && count <= CHUNK_ROWS_MAX);
    uint8_t *begin = at++;
    uint64_t step, anchor = 0;
    at += varint_put(at, zigzag(numbers[0]));
    if (numbers_are_regular(numbers, count, &step)) {
        *begin = step ? STREAM_REGULAR : STREAM_CONSTANT;
        if (step)
            at += varint_put(at, zigzag((int64_t)step));
        return (size_t)(at - begin);
    }
    uint64_t divisor = divisor_find(numbers, count);
    *begin = STREAM_BLOCKS;
    if (divisor > 1) {
        *begin |= STREAM_HAS_DIVISOR;
        at += varint_put(at, divisor);
    }
    for (uint32_t i = 0; i < count; i++) {
        int64_t distance = (int64_t)((uint64_t)numbers[i] - (uint64_t)numbers[0]);
        scratch->numbers[i] = divisor > 1 ? distance / (int64_t)divisor : distance;
    }
    for (uint32_t i = 0; i < count; i += CHUNK_BLOCK) {
        uint32_t in_block = count - i < CHUNK_BLOCK ? count - i : CHUNK_BLOCK;
        at += block_put(at, scratch->numbers + i, in_block, &anchor);
    }
    return (size_t)(at - begin);
}
