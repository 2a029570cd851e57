/* memory: where the tree's memory comes from, apart so that a test can put its own in this place
 * and let any of it fail. Not public. */
#pragma once

#include "base/base.h"
#include "state/state.h"

MUST_USE enum err space_rows_grow(struct state_table *table, uint32_t count);
uint32_t *space_roots_grow(uint32_t *roots, uint32_t count); /* NULL: as it was */
uint8_t *space_text_alloc(size_t size);                      /* NULL when there is no memory */
void space_text_free(uint8_t *at);                           /* NULL is fine */
