/* Index blocks: five columns of numbers, each less its smallest and packed in as many bits as the
 * largest needs. Fixed widths decode without a branch a number; of chunks that are alike, as those
 * of one sealed window are, an entry takes 5 to 10 bytes.
 *
 *   0  CRC32C of what follows        4
 *   4  entries - 1                   1
 *   5  unit of the times             1    0 ns, 1 us, 2 ms, 3 s
 *   6  widths of the columns         5    owner step, first time, span, size, samples
 *  11  first owner, smallest step, earliest first time (zigzag), smallest span, size, samples
 *      columns, each from a whole byte on; of the steps one less than entries */
#include "parts/inside.h"

#include <string.h>

enum column { STEP, FIRST, SPAN, SIZE, SAMPLES, COLUMNS };
static const uint8_t width_most[COLUMNS] = {32, 64, 64, 27, 32};
static const int64_t units[] = {1, NS_PER_US, NS_PER_MS, NS_PER_S};

_Static_assert(CHUNK_BYTES_MAX <= (size_t)1 << 26, "sizes fit the width of their column");

/* ---- bits -------------------------------------------------------------------------------------
 */
static size_t bits_bytes(uint32_t count, unsigned width)
{
    return ((size_t)count * width + 7) / 8;
}

static void bits_put(uint8_t *at, const uint64_t *numbers, uint32_t count, unsigned width)
{
    memset(at, 0, bits_bytes(count, width));
    size_t bit = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned done = 0; done < width;) {
            unsigned room = 8 - (unsigned)(bit & 7), left = width - done;
            unsigned take = room < left ? room : left;
            uint64_t piece = numbers[i] >> done & ((1u << take) - 1);
            at[bit >> 3] = (uint8_t)(at[bit >> 3] | piece << (bit & 7));
            bit += take;
            done += take;
        }
    }
}

/* Reads up to 8 bytes behind the last one. */
static void bits_get(const uint8_t *at, uint32_t count, unsigned width, uint64_t base,
                     uint64_t *numbers)
{
    uint64_t mask = width == 0 ? 0 : UINT64_MAX >> (64 - width);
    size_t bit = 0;
    if (width <= 57) {
        for (uint32_t i = 0; i < count; i++, bit += width)
            numbers[i] = base + (load_u64(at + (bit >> 3)) >> (bit & 7) & mask);
        return;
    }
    for (uint32_t i = 0; i < count; i++, bit += width) {
        unsigned shift = bit & 7;
        uint64_t number = load_u64(at + (bit >> 3)) >> shift;
        if (shift != 0)
            number |= (uint64_t)at[(bit >> 3) + 8] << (64 - shift);
        numbers[i] = base + (number & mask);
    }
}

/* ---- writing ----------------------------------------------------------------------------------
 */
static unsigned unit_of(const struct part_entries *entries)
{
    unsigned unit = ARRAY_COUNT(units) - 1;
    for (uint32_t i = 0; i < entries->count; i++) {
        while (entries->first[i] % units[unit] != 0 || entries->last[i] % units[unit] != 0)
            unit--;
    }
    return unit;
}

/* Takes the smallest off all of them; signed: smallest as signed numbers. */
static unsigned column_lower(uint64_t *numbers, uint32_t count, bool is_signed, uint64_t *ret_base)
{
    uint64_t flip = is_signed ? UINT64_C(1) << 63 : 0, base = UINT64_MAX, most = 0;
    for (uint32_t i = 0; i < count; i++)
        base = (numbers[i] ^ flip) < base ? numbers[i] ^ flip : base;
    base = count == 0 ? 0 : base ^ flip;
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] -= base;
        most |= numbers[i];
    }
    *ret_base = base;
    return most == 0 ? 0 : 64 - (unsigned)__builtin_clzll(most);
}

size_t part_block_put(uint8_t *at, const struct part_entries *entries)
{
    uint64_t numbers[COLUMNS][PART_BLOCK_ENTRIES], bases[COLUMNS];
    uint32_t count = entries->count, counts[COLUMNS] = {count - 1, count, count, count, count};
    unsigned unit = unit_of(entries), widths[COLUMNS];
    check(count > 0 && count <= PART_BLOCK_ENTRIES);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            numbers[STEP][i - 1] = entries->owners[i] - entries->owners[i - 1];
        numbers[FIRST][i] = (uint64_t)(entries->first[i] / units[unit]);
        numbers[SPAN][i] =
            ((uint64_t)entries->last[i] - (uint64_t)entries->first[i]) / (uint64_t)units[unit];
        numbers[SIZE][i] = entries->sizes[i];
        numbers[SAMPLES][i] = entries->samples[i];
    }
    at[4] = (uint8_t)(count - 1);
    at[5] = (uint8_t)unit;
    for (int c = 0; c < COLUMNS; c++) {
        widths[c] = column_lower(numbers[c], counts[c], c == FIRST, &bases[c]);
        check(widths[c] <= width_most[c]);
        at[6 + c] = (uint8_t)widths[c];
    }
    bases[FIRST] = zigzag((int64_t)bases[FIRST]);
    size_t size = PART_BLOCK_FIXED;
    size += varint_put(at + size, entries->owners[0]);
    for (int c = 0; c < COLUMNS; c++)
        size += varint_put(at + size, bases[c]);
    for (int c = 0; c < COLUMNS; c++) {
        bits_put(at + size, numbers[c], counts[c], widths[c]);
        size += bits_bytes(counts[c], widths[c]);
    }
    store_u32(at, crc32c(0, at + 4, size - 4));
    return size;
}

/* ---- reading ----------------------------------------------------------------------------------
 */
/* Numbers become entries; false when they do not ascend, or leave what the top says. */
static bool entries_make(const struct part_block *block, int64_t unit, uint64_t owner,
                         uint64_t numbers[COLUMNS][PART_BLOCK_ENTRIES],
                         struct part_entries *entries)
{
    bool good = owner == block->owner_first;
    uint64_t offset = block->chunks_at, chunk_bytes = block[1].chunks_at - block->chunks_at;
    int64_t before = INT64_MIN;
    for (uint32_t i = 0; i < entries->count; i++) {
        int64_t first, last;
        uint64_t span;
        uint64_t step = i == 0 ? 0 : numbers[STEP][i - 1];
        owner += step;
        good &= step <= UINT32_MAX && owner <= block->owner_last;
        good &= !__builtin_mul_overflow((int64_t)numbers[FIRST][i], unit, &first);
        good &= !__builtin_mul_overflow(numbers[SPAN][i], (uint64_t)unit, &span);
        last = (int64_t)((uint64_t)first + span);
        good &= first >= block->first_ns && last >= first && last <= block->last_ns;
        good &= step > 0 || first >= before;
        good &= numbers[SIZE][i] > 0 && numbers[SIZE][i] <= CHUNK_BYTES_MAX &&
                numbers[SIZE][i] <= chunk_bytes && numbers[SAMPLES][i] <= UINT32_MAX;
        if (!good)
            return false;
        before = first;
        entries->owners[i] = (uint32_t)owner;
        entries->first[i] = first;
        entries->last[i] = last;
        entries->offsets[i] = offset;
        entries->sizes[i] = (uint32_t)numbers[SIZE][i];
        entries->samples[i] = (uint32_t)numbers[SAMPLES][i];
        offset += numbers[SIZE][i];
        chunk_bytes -= numbers[SIZE][i];
    }
    return owner == block->owner_last && chunk_bytes == 0;
}

bool part_block_get(struct bytes b, const struct part_block *block,
                    struct part_entries *ret_entries)
{
    uint64_t numbers[COLUMNS][PART_BLOCK_ENTRIES], bases[COLUMNS], owner;
    size_t at = PART_BLOCK_FIXED;
    if (b.size < PART_BLOCK_BYTES_MIN || load_u32(b.at) != crc32c(0, b.at + 4, b.size - 4) ||
        b.at[5] >= ARRAY_COUNT(units) || !varint_get(b, &at, &owner) || owner > UINT32_MAX)
        return false;
    uint32_t count = (uint32_t)b.at[4] + 1;
    uint32_t counts[COLUMNS] = {count - 1, count, count, count, count};
    for (int c = 0; c < COLUMNS; c++) {
        if (!varint_get(b, &at, &bases[c]) || b.at[6 + c] > width_most[c])
            return false;
    }
    bases[FIRST] = (uint64_t)unzigzag(bases[FIRST]);
    for (int c = 0; c < COLUMNS; c++) {
        size_t bytes = bits_bytes(counts[c], b.at[6 + c]);
        if (bytes > b.size - at)
            return false;
        bits_get(b.at + at, counts[c], b.at[6 + c], bases[c], numbers[c]);
        at += bytes;
    }
    ret_entries->count = count;
    return at == b.size && entries_make(block, units[b.at[5]], owner, numbers, ret_entries);
}
