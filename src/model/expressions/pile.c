/* What is derived grows here: rows in chunks that never move, so that no growth copies much at
 * once.
 */
#include "model/expressions/tables.h"

#include <stdlib.h>
#include <string.h>

static bool pile_reach(struct pile *pile, uint32_t chunk)
{
    if (chunk < pile->count)
        return true;
    uint32_t count = pile->count * 2 > chunk + 1 ? pile->count * 2 : chunk + 1;
    uint8_t **at = realloc(pile->at, count * sizeof *at);
    if (at == NULL)
        return false;
    memset(at + pile->count, 0, (count - pile->count) * sizeof *at);
    pile->bytes += (count - pile->count) * sizeof *at;
    pile->at = at;
    pile->count = count;
    return true;
}

void *pile_put(struct pile *pile, uint32_t row)
{
    uint32_t chunk = row / PILE_ROWS;
    if (!pile_reach(pile, chunk))
        return NULL;
    if (pile->at[chunk] == NULL) {
        pile->at[chunk] = calloc(PILE_ROWS, pile->row_size);
        if (pile->at[chunk] == NULL)
            return NULL;
        pile->bytes += (uint64_t)PILE_ROWS * pile->row_size;
    }
    return pile_get(pile, row);
}

void pile_done(struct pile *pile)
{
    for (uint32_t i = 0; i < pile->count; i++)
        free(pile->at[i]);
    free(pile->at);
    *pile = (struct pile){.row_size = pile->row_size};
}
