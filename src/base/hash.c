/* XXH3: one call for all rooms, so that the library could be changed in one place. The header is
 * compiled in rather than linked, which saves the indirect call for the short keys of tables. */
#include "base/base.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash64(const void *at, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(at, size, seed);
}

struct hash128 hash128(const void *at, size_t size, uint64_t seed)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(at, size, seed);
    return (struct hash128){.low = hash.low64, .high = hash.high64};
}
