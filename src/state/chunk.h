/* chunk: the 2 MiB pieces of memory that tables and indexes are made of. Not public. */
#pragma once

#include "base/base.h"

#define CHUNK_SIZE ((size_t)2 << 20)

/* Zeroed, 64 KiB aligned; NULL when there is no memory. `first`: the first chunk of something that
 * may stay small: ordinary pages, so that a table of ten rows holds 4 KiB and not 2 MiB. The others
 * are huge pages: 10-40 % on random access at millions of rows. */
uint8_t *chunk_alloc(bool first);
/* The same, a huge page, for what is given back soon: it is no growth. */
uint8_t *chunk_of_stock(void);
void chunk_free(uint8_t *chunk); /* NULL is fine */
