/* Symbols: one small byte by row, mostly the same for long: cells and qualities. As runs or packed,
 * whichever is smaller.
 *
 *   runs   = 0 | (symbol (1), length (varint)) ... until all rows are told
 *   packed = number of symbols n (1..16) | the symbols | their indexes, 0..4 bits each */
#pragma once

#include "base/base.h"

#define SYMBOLS_PACKED_MAX 16
#define SYMBOLS_BYTES_MAX(count) (16 + (size_t)(count)*3)

size_t symbols_put(uint8_t *at, const uint8_t *symbols, uint32_t count);
/* Moves *offset past them; false when they are not told for count rows, exactly. */
MUST_USE bool symbols_get(struct bytes body, size_t *offset, uint32_t count, uint8_t *symbols);
