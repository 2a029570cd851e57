/* Codec contexts: what encoder and decoder remember of each row and column within a segment. The
 * encoder's run ahead with admission and live in a state of their own; the decoder's move with the
 * applied position and lie in the engine's state, so that a snapshot carries them and a replay can
 * begin in the middle of a segment. */
#include "engine/room.h"

#include <string.h>

enum err contexts_init(struct contexts *contexts, struct state *state)
{
    *contexts = (struct contexts){0};
    enum err err = state_create(&contexts->encoder);
    if (err != OK)
        return err;
    state_table_init(contexts->encoder, &contexts->encoder_rows, 1, sizeof(struct row_context),
                     false);
    state_table_init(contexts->encoder, &contexts->encoder_columns, 2,
                     sizeof(struct column_context), false);
    state_table_init(contexts->encoder, &contexts->admission, 3, sizeof(struct row_admission),
                     false);
    state_table_init(contexts->encoder, &contexts->lines, 4, sizeof(struct line_newest), false);
    state_table_init(state, &contexts->decoder_rows, TABLE_DECODER_ROWS, sizeof(struct row_context),
                     false);
    state_table_init(state, &contexts->decoder_columns, TABLE_DECODER_COLUMNS,
                     sizeof(struct column_context), false);
    err = contexts_grow_encoder(contexts, 0, 0);
    return err == OK ? contexts_grow_decoder(contexts, 0, 0) : err;
}

void contexts_done(struct contexts *contexts)
{
    state_destroy(contexts->encoder);
    contexts->encoder = NULL;
}

static enum err table_cover(struct state_table *table, uint32_t highest)
{
    if (highest < state_table_capacity(table))
        return OK;
    return state_table_grow(table, highest + 1);
}

enum err contexts_grow_encoder(struct contexts *contexts, uint32_t rows, uint32_t points)
{
    enum err err = table_cover(&contexts->encoder_rows, rows);
    if (err == OK)
        err = table_cover(&contexts->admission, rows);
    if (err == OK)
        err = table_cover(&contexts->encoder_columns, points);
    return err;
}

enum err contexts_grow_decoder(struct contexts *contexts, uint32_t rows, uint32_t points)
{
    enum err err = table_cover(&contexts->decoder_rows, rows);
    return err == OK ? table_cover(&contexts->decoder_columns, points) : err;
}

static bool columns_split(const struct state_table *table, const struct row_shape *shape)
{
    uint32_t last = shape->first_point + shape->count - 1;
    return ((shape->first_point ^ last) & ~(state_table_page_rows(table) - 1)) != 0;
}

struct column_context *contexts_borrow(struct contexts *contexts, struct state_table *table,
                                       const struct row_shape *shape)
{
    if (!columns_split(table, shape))
        return state_write(table, shape->first_point);
    for (uint32_t i = 0; i < shape->count; i++)
        memcpy(&contexts->split[i], state_read(table, shape->first_point + i),
               sizeof contexts->split[i]);
    return contexts->split;
}

void contexts_return(struct contexts *contexts, struct state_table *table,
                     const struct row_shape *shape, const struct column_context *columns)
{
    if (columns != contexts->split)
        return;
    for (uint32_t i = 0; i < shape->count; i++)
        memcpy(state_write(table, shape->first_point + i), &columns[i], sizeof columns[i]);
}
