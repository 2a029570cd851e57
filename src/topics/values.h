/* values: sets of 32-bit values, most of them of one. Not public.
 *
 * A set is two words in its owner: `head` and `kind`. One value is the head itself; more lie in
 * blocks of a cache line, only the first of which is not full; a set of many has an entry for each
 * value in one table for all sets, so that it is found at once whatever the size. The order is not
 * kept: the last value takes the place of the one removed. */
#pragma once

#include "base/base.h"
#include "topics/pool.h"
#include "topics/tags.h"

#define BLOCK_VALUES 13u
#define VALUES_INDEXED_ABOVE 64u /* from here on a set is in the table ... */
#define VALUES_INDEXED_BELOW 32u /* ... until it is this small again */

enum values_kind { VALUES_NONE, VALUES_ONE, VALUES_LIST, VALUES_INDEXED };
struct values {
    struct pool blocks;
    struct tags places; /* of (owner, value): block << 4 | place in the block */
    uint64_t seed;
};
struct values_block {
    uint32_t owner;
    uint32_t next;  /* CELL_NONE at the end */
    uint32_t total; /* in this block and those after it */
    uint32_t values[BLOCK_VALUES];
};
_Static_assert(sizeof(struct values_block) == CELL_SIZE, "a block is a cell");

/* A struct values of zeroes, with a seed or without, holds no sets. */
void values_done(struct values *values);
/* owner: the same number each time for one set, another for each. ERR_EXISTS; ERR_NO_MEMORY leaves
 * all as it was. */
MUST_USE enum err values_add(struct values *values, uint32_t owner, uint32_t *head, uint8_t *kind,
                             uint32_t value);
/* ERR_MISSING. */
MUST_USE enum err values_remove(struct values *values, uint32_t owner, uint32_t *head,
                                uint8_t *kind, uint32_t value);
/* Values in the block that holds `total` together with the full ones after it. */
static inline uint32_t block_count(uint32_t total)
{
    return (total - 1) % BLOCK_VALUES + 1;
}
uint64_t values_memory(const struct values *values);
