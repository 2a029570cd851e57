/* Small words the files of this folder share; not for other folders. */
#pragma once

#include "base/base.h"

#include <string.h>

static inline bool bytes_are_zero(struct bytes b)
{
    for (size_t i = 0; i < b.size; i++) {
        if (b.at[i] != 0)
            return false;
    }
    return true;
}

static inline void store_i64(void *at, int64_t v)
{
    store_u64(at, (uint64_t)v);
}

static inline int64_t load_i64(const void *at)
{
    return (int64_t)load_u64(at);
}
