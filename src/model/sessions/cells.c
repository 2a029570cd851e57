/* Rows that come and go, and texts of any size in chains of cells.
 *
 * A cell holds 60 bytes and the number of the next one. Chains are freed as they are, put in front
 * of the list of free cells, so that the next text of that size gets the same cells in the same
 * order, mostly neighbours. */
#include "model/sessions/tables.h"

static const uint32_t row_sizes[POOLS] = {
    [POOL_SUBSCRIPTIONS] = sizeof(struct subscription_row),
    [POOL_ENTRIES] = sizeof(struct entry_row),
    [POOL_MESSAGES] = sizeof(struct message_row),
    [POOL_CELLS] = sizeof(struct cell_row),
    [POOL_RETAINED] = sizeof(struct retained_row),
    [POOL_RECEIVED] = sizeof(struct received_row),
};

static enum err row_take_new(struct sessions *sessions, enum pool pool, uint32_t *ret_row)
{
    struct pool_roots *roots = &sessions->roots->pools[pool];
    if (roots->used >= UINT32_MAX - 2)
        return ERR_LIMIT;
    struct state_table *table = &sessions->pools[pool];
    if (roots->used + 1 >= state_table_capacity(table)) {
        enum err err = state_table_grow(table, roots->used + 2);
        if (err != OK)
            return err;
    }
    *ret_row = ++roots->used;
    roots->in_use++;
    return OK;
}

enum err row_take(struct sessions *sessions, enum pool pool, uint32_t *ret_row)
{
    struct pool_roots *roots = &sessions->roots->pools[pool];
    if (roots->free == 0)
        return row_take_new(sessions, pool, ret_row);
    *ret_row = roots->free;
    roots->free = load_u32(state_read(&sessions->pools[pool], roots->free));
    roots->in_use++;
    return OK;
}

void row_free(struct sessions *sessions, enum pool pool, uint32_t row)
{
    struct pool_roots *roots = &sessions->roots->pools[pool];
    uint8_t *at = state_write(&sessions->pools[pool], row);
    memset(at, 0, row_sizes[pool]);
    store_u32(at, roots->free);
    roots->free = row;
    roots->in_use--;
}

/* ---- cells
 * ------------------------------------------------------------------------------------------- */

/* Where a text under construction ends. */
struct cells_end {
    uint32_t first;
    struct cell_row *cell; /* the last one; NULL: none yet */
    size_t used;           /* bytes of it */
};

static enum err cells_extend(struct sessions *sessions, struct cells_end *end)
{
    uint32_t cell;
    enum err err = row_take(sessions, POOL_CELLS, &cell);
    if (err != OK)
        return err;
    if (end->cell == NULL)
        end->first = cell;
    else
        end->cell->next = cell;
    end->cell = state_write(&sessions->pools[POOL_CELLS], cell);
    end->cell->next = CELL_END;
    end->used = 0;
    return OK;
}

static enum err cells_append(struct sessions *sessions, struct cells_end *end, struct bytes part)
{
    while (part.size > 0) {
        if (end->used == CELL_BYTES || end->cell == NULL) {
            enum err err = cells_extend(sessions, end);
            if (err != OK)
                return err;
        }
        size_t room = CELL_BYTES - end->used;
        size_t size = part.size < room ? part.size : room;
        memcpy(end->cell->bytes + end->used, part.at, size);
        end->used += size;
        part.at += size;
        part.size -= size;
    }
    return OK;
}

enum err cells_add(struct sessions *sessions, const struct bytes *parts, size_t part_count,
                   uint32_t *ret_cells)
{
    struct cells_end end = {.first = CELL_NONE};
    for (size_t i = 0; i < part_count; i++) {
        enum err err = cells_append(sessions, &end, parts[i]);
        if (err != OK)
            return err;
    }
    if (end.cell != NULL)
        memset(end.cell->bytes + end.used, 0, CELL_BYTES - end.used);
    *ret_cells = end.first;
    return OK;
}

void cells_free(struct sessions *sessions, uint32_t cells)
{
    if (cells == CELL_NONE)
        return;
    struct pool_roots *roots = &sessions->roots->pools[POOL_CELLS];
    uint32_t at = cells;
    for (;;) {
        struct cell_row *cell = state_write(&sessions->pools[POOL_CELLS], at);
        memset(cell->bytes, 0, CELL_BYTES);
        roots->in_use--;
        if (cell->next == CELL_END) {
            cell->next = roots->free;
            break;
        }
        at = cell->next;
    }
    roots->free = cells;
}

void cells_copy(const struct sessions *sessions, uint32_t cells, uint8_t *at, size_t size)
{
    while (size > 0) {
        const struct cell_row *cell = cell_at(sessions, cells);
        size_t piece = size < CELL_BYTES ? size : CELL_BYTES;
        memcpy(at, cell->bytes, piece);
        at += piece;
        size -= piece;
        cells = cell->next;
    }
}

bool cells_equal(const struct sessions *sessions, uint32_t cells, struct bytes text)
{
    while (text.size > 0) {
        const struct cell_row *cell = cell_at(sessions, cells);
        size_t piece = text.size < CELL_BYTES ? text.size : CELL_BYTES;
        if (memcmp(cell->bytes, text.at, piece) != 0)
            return false;
        text.at += piece;
        text.size -= piece;
        cells = cell->next;
    }
    return true;
}
