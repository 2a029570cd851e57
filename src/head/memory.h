/* memory: where the head's memory comes from, apart so that a test can put its own in this place
 * and let any of it fail. Not public. */
#pragma once

#include <stddef.h>

void *head_block_map(size_t size);  /* zeroed, huge pages; NULL when there is no memory */
void *head_tables_map(size_t size); /* zeroed; what is not touched takes no memory */
void head_unmap(void *at, size_t size);
void *head_room_alloc(size_t size); /* NULL when there is no memory */
void head_room_free(void *at);      /* NULL is fine */
