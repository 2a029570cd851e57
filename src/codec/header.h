/* The head of a chunk, for both directions.
 *
 *   0  magic "MC"            2
 *   2  version               1
 *   3  CRC32C                4    of bytes 0..2 and 7..end
 *   7  bytes of the chunk, rows - 1, columns, owner    varints
 *      unit of the first time (1): 0 ns, 1 us, 2 ms, 3 s; first time in it (zigzag varint)
 *      last time - first time in ns; bytes of the time stream, of each column    varints
 */
#pragma once

#include "codec/codec.h"

#define HEADER_FIXED 7
#define HEADER_MAGIC 0x434d /* "MC" */
#define HEADER_BYTES_MAX(columns) (HEADER_FIXED + 8 * VARINT_MAX + (size_t)(columns)*5)

static const int64_t header_units[] = {1, NS_PER_US, NS_PER_MS, NS_PER_S};

static inline uint32_t header_crc(struct bytes chunk)
{
    uint32_t crc = crc32c(0, chunk.at, 3);
    return crc32c(crc, chunk.at + HEADER_FIXED, chunk.size - HEADER_FIXED);
}
