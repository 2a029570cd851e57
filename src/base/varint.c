/* Long and broken varints; the short ones, which are nearly all, are inline in the header. */
#include "base/base.h"

bool varint_get_long(struct bytes b, size_t *offset, uint64_t *ret_v)
{
    uint64_t v = 0;
    size_t i = *offset;
    for (unsigned shift = 0; i < b.size; shift += 7, i++) {
        uint64_t group = b.at[i] & 0x7fu;
        if (shift == 63 && b.at[i] > 1)
            return false; /* a tenth byte holds the last bit and nothing else */
        v |= group << shift;
        if (b.at[i] < 0x80) {
            *ret_v = v;
            *offset = i + 1;
            return true;
        }
    }
    return false;
}
