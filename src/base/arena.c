/* Arenas: allocation is an addition, release is one assignment, the cap is the owner's promise. */
#include "base/base.h"

#include <stdlib.h>

#define ARENA_ALIGNMENT ((size_t)16)

enum err arena_init(struct arena *arena, size_t capacity)
{
    /* malloc's own alignment is 16 on 64-bit machines; large capacities are mapped lazily. */
    uint8_t *at = malloc(capacity == 0 ? 1 : capacity);
    if (at == NULL)
        return ERR_NO_MEMORY;
    *arena = (struct arena){.at = at, .capacity = capacity};
    return OK;
}

void arena_done(struct arena *arena)
{
    free(arena->at);
    *arena = (struct arena){0};
}

void arena_reset(struct arena *arena)
{
    arena->used = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    /* used is a multiple of 16 or the capacity itself; what is left decides, so that a huge size
     * cannot wrap around. */
    size_t left = arena->capacity - arena->used;
    if (size > left)
        return NULL;
    void *at = arena->at + arena->used;
    size_t rounded = (size + ARENA_ALIGNMENT - 1) & ~(ARENA_ALIGNMENT - 1);
    arena->used += rounded < size || rounded > left ? left : rounded;
    return at;
}
