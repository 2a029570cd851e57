/* Key sequences: thousands of devices of one kind send the same keys in the same order. Each
 * sequence is kept once; a row that has sent it carries its number, and the next payload of that
 * row is compared with it byte by byte instead of being parsed and looked up. */
#include "engine/room.h"

#include <stdlib.h>
#include <string.h>

#define SHAPE_TEXT_MAX ((size_t)COLUMNS_MAX * 64)

enum err shapes_init(struct shapes *shapes)
{
    *shapes = (struct shapes){0};
    shapes->at = calloc(SHAPES_MAX, sizeof *shapes->at);
    if (!shapes->at)
        return ERR_NO_MEMORY;
    return index_create(&shapes->index);
}

void shapes_done(struct shapes *shapes)
{
    for (uint32_t i = 1; shapes->at && i <= shapes->count; i++)
        free(shapes->at[i]);
    free(shapes->at);
    index_destroy(shapes->index);
    *shapes = (struct shapes){0};
}

static uint64_t shape_hash(const struct payload_shape *shape)
{
    return hash64(shape->text, shape->text_size, shape->time_at);
}

static bool shape_equal(const struct payload_shape *a, const struct payload_shape *b)
{
    return a->count == b->count && a->members == b->members && a->time_at == b->time_at &&
           a->text_size == b->text_size && memcmp(a->text, b->text, a->text_size) == 0;
}

static uint32_t shapes_keep(struct shapes *shapes, const struct payload_shape *shape, uint64_t hash)
{
    if (shapes->count + 1 >= SHAPES_MAX)
        return SHAPE_NONE;
    struct payload_shape *kept = malloc(sizeof *kept + shape->text_size);
    if (!kept)
        return SHAPE_NONE;
    *kept = *shape;
    memcpy(kept + 1, shape->text, shape->text_size);
    kept->text = (const uint8_t *)(kept + 1);
    if (index_insert(shapes->index, hash, shapes->count + 1) != OK) {
        free(kept);
        return SHAPE_NONE;
    }
    shapes->at[++shapes->count] = kept;
    return shapes->count;
}

uint32_t shapes_learn(struct shapes *shapes, struct bytes payload)
{
    uint8_t text[SHAPE_TEXT_MAX];
    struct payload_shape shape;
    if (!payload_shape_learn(payload, text, sizeof text, &shape))
        return SHAPE_NONE;
    uint64_t hash = shape_hash(&shape);
    struct index_probe probe;
    for (uint32_t at = index_first(shapes->index, &probe, hash); at != INDEX_NONE;
         at = index_next(shapes->index, &probe))
        if (shape_equal(shapes->at[at], &shape))
            return at;
    return shapes_keep(shapes, &shape, hash);
}
