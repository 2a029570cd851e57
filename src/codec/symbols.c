/* Most columns have no symbols at all; those that do have few, in runs. */
#include "codec/symbols.h"

#include <string.h>

#include "codec/pack.h"

static size_t runs_put(uint8_t *at, const uint8_t *symbols, uint32_t count)
{
    uint8_t *begin = at;
    *at++ = 0;
    for (uint32_t i = 0; i < count;) {
        uint32_t end = i + 1;
        while (end < count && symbols[end] == symbols[i])
            end++;
        *at++ = symbols[i];
        at += varint_put(at, end - i);
        i = end;
    }
    return (size_t)(at - begin);
}

static unsigned index_width(uint32_t symbols)
{
    return symbols > 8 ? 4 : symbols > 4 ? 3 : symbols > 2 ? 2 : symbols > 1 ? 1 : 0;
}

/* Which symbols there are, and their indexes; 0 when there are more than can be packed. */
static uint32_t symbols_list(const uint8_t *symbols, uint32_t count, uint8_t *list,
                             uint8_t index[256])
{
    bool seen[256] = {false};
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (seen[symbols[i]])
            continue;
        if (found == SYMBOLS_PACKED_MAX)
            return 0;
        seen[symbols[i]] = true;
        index[symbols[i]] = (uint8_t)found;
        list[found++] = symbols[i];
    }
    return found;
}

size_t symbols_put(uint8_t *at, const uint8_t *symbols, uint32_t count)
{
    uint8_t list[SYMBOLS_PACKED_MAX], index[256];
    size_t runs = runs_put(at, symbols, count);
    uint32_t found = symbols_list(symbols, count, list, index);
    unsigned width = index_width(found);
    if (!found || 1 + found + pack_size(count, width) >= runs)
        return runs;
    uint8_t *begin = at;
    *at++ = (uint8_t)found;
    memcpy(at, list, found);
    at += found;
    for (uint32_t i = 0; i < count; i += 64) {
        uint64_t numbers[64];
        uint32_t in_group = count - i < 64 ? count - i : 64;
        for (uint32_t j = 0; j < in_group; j++)
            numbers[j] = index[symbols[i + j]];
        at += pack_put(at, numbers, in_group, width);
    }
    return (size_t)(at - begin);
}

MUST_USE static bool runs_get(struct bytes body, size_t *offset, uint32_t count, uint8_t *symbols)
{
    size_t at = *offset;
    for (uint32_t i = 0; i < count;) {
        uint64_t length;
        if (at >= body.size)
            return false;
        uint8_t symbol = body.at[at++];
        if (!varint_get(body, &at, &length) || length == 0 || length > count - i)
            return false;
        memset(symbols + i, symbol, length);
        i += (uint32_t)length;
    }
    *offset = at;
    return true;
}

bool symbols_get(struct bytes body, size_t *offset, uint32_t count, uint8_t *symbols)
{
    size_t at = *offset;
    if (at >= body.size)
        return false;
    uint32_t found = body.at[at++];
    if (found == 0) {
        *offset = at;
        return runs_get(body, offset, count, symbols);
    }
    unsigned width = index_width(found);
    if (found > SYMBOLS_PACKED_MAX || body.size - at < found ||
        body.size - at - found < pack_size(count, width))
        return false;
    const uint8_t *list = body.at + at, *packed = list + found;
    for (uint32_t i = 0; i < count; i++) {
        size_t bit = (size_t)i * width;
        unsigned index = width ? packed[bit / 8] >> (bit & 7) : 0;
        if (width && (bit & 7) + width > 8)
            index |= (unsigned)packed[bit / 8 + 1] << (8 - (bit & 7));
        index &= (1u << width) - 1;
        if (index >= found)
            return false;
        symbols[i] = list[index];
    }
    *offset = at + found + pack_size(count, width);
    return true;
}
