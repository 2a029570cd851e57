/* Numbers of one width, packed into bytes: number i takes bits i*width .. i*width+width-1, least
 * significant bit of each byte first. Eight numbers take exactly `width` bytes. */
#pragma once

#include "base/base.h"

#define PACK_WIDTH_MAX 64
#define PACK_SLACK                                                                                 \
    72 /* bytes behind the packed ones that pack_get may read, pack_put may write                  \
        */

static inline size_t pack_size(uint32_t count, unsigned width)
{
    return ((size_t)count * width + 7) / 8;
}
/* Low `width` bits of each number; bits beyond the last number are zero. Returns pack_size. */
size_t pack_put(uint8_t *at, const uint64_t *numbers, uint32_t count, unsigned width);
/* Writes count numbers rounded up to a multiple of eight. */
void pack_get(const uint8_t *at, uint32_t count, unsigned width, uint64_t *numbers);
