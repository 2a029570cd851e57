/* memory: where the tree's memory comes from, apart so that a test can put its own in this place
 * and let any allocation fail. Not public. */
#pragma once

#include "base/base.h"

/* Aligned to a cache line when size is a multiple of one, else as malloc; NULL when there is none.
 */
void *topics_alloc(size_t size);
void topics_free(void *at); /* NULL is fine */
