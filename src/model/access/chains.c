/* Chains: rows of a table that belong together, linked both ways inside of them, in the order they
 * came. */
#include "model/access/tables.h"

static struct links *links_write(const struct chain *chain, uint32_t row)
{
    return (struct links *)(void *)((uint8_t *)state_write(chain->table, row) + chain->links_at);
}

static const struct links *links_at(const struct chain *chain, uint32_t row)
{
    const uint8_t *at = state_read(chain->table, row);
    return (const struct links *)(const void *)(at + chain->links_at);
}

void chain_put(const struct chain *chain, struct ends *ends, uint32_t row)
{
    *links_write(chain, row) = (struct links){.previous = ends->last};
    if (ends->last != 0)
        links_write(chain, ends->last)->next = row;
    else
        ends->first = row;
    ends->last = row;
}

void chain_take(const struct chain *chain, struct ends *ends, uint32_t row)
{
    struct links links = *links_at(chain, row);
    if (links.previous != 0)
        links_write(chain, links.previous)->next = links.next;
    else
        ends->first = links.next;
    if (links.next != 0)
        links_write(chain, links.next)->previous = links.previous;
    else
        ends->last = links.previous;
}

uint32_t chain_after(const struct chain *chain, uint32_t row)
{
    return links_at(chain, row)->next;
}

uint32_t chain_before(const struct chain *chain, uint32_t row)
{
    return links_at(chain, row)->previous;
}

bool chain_is_valid(const struct chain *chain, const struct ends *ends, uint32_t count,
                    uint32_t end)
{
    uint32_t before = 0, row = ends->first;
    for (uint32_t i = 0; i < count; i++) {
        if (row == 0 || row >= end || links_at(chain, row)->previous != before)
            return false;
        before = row;
        row = links_at(chain, row)->next;
    }
    return row == 0 && ends->last == before;
}
