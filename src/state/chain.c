/* Chains: rows of a table that belong together, linked both ways inside of them. */
#include "state/state.h"

static struct chain_links *links_write(struct state_table *table, const struct chain *chain,
                                       uint32_t row)
{
    uint8_t *at = state_write(table, row);
    return (struct chain_links *)(void *)(at + chain->links_at);
}

static const struct chain_links *links_read(const struct state_table *table,
                                            const struct chain *chain, uint32_t row)
{
    const uint8_t *at = state_read(table, row);
    return (const struct chain_links *)(const void *)(at + chain->links_at);
}

void chain_put(struct state_table *table, const struct chain *chain, struct chain_ends *ends,
               uint32_t row)
{
    *links_write(table, chain, row) = (struct chain_links){.previous = ends->last};
    if (ends->last != 0)
        links_write(table, chain, ends->last)->next = row;
    else
        ends->first = row;
    ends->last = row;
}

/* What stood on both sides of the row stands side by side; where nothing did, *first and *last. */
static void chain_close(struct state_table *table, const struct chain *chain, uint32_t row,
                        uint32_t *first, uint32_t *last)
{
    struct chain_links links = *links_read(table, chain, row);
    if (!chain->keeps)
        *links_write(table, chain, row) = (struct chain_links){0, 0};
    if (links.previous != 0)
        links_write(table, chain, links.previous)->next = links.next;
    else
        *first = links.next;
    if (links.next != 0)
        links_write(table, chain, links.next)->previous = links.previous;
    else if (last != NULL)
        *last = links.previous;
}

void chain_take(struct state_table *table, const struct chain *chain, struct chain_ends *ends,
                uint32_t row)
{
    chain_close(table, chain, row, &ends->first, &ends->last);
}

void chain_push(struct state_table *table, const struct chain *chain, uint32_t *first, uint32_t row)
{
    *links_write(table, chain, row) = (struct chain_links){.next = *first};
    if (*first != 0)
        links_write(table, chain, *first)->previous = row;
    *first = row;
}

void chain_pull(struct state_table *table, const struct chain *chain, uint32_t *first, uint32_t row)
{
    chain_close(table, chain, row, first, NULL);
}

uint32_t chain_after(const struct state_table *table, const struct chain *chain, uint32_t row)
{
    return links_read(table, chain, row)->next;
}

uint32_t chain_before(const struct state_table *table, const struct chain *chain, uint32_t row)
{
    return links_read(table, chain, row)->previous;
}

bool chain_is_valid(const struct state_table *table, const struct chain *chain,
                    const struct chain_ends *ends, uint32_t count, uint32_t end)
{
    uint32_t before = 0, row = ends->first;
    for (uint32_t i = 0; i < count; i++) {
        if (row == 0 || row >= end || links_read(table, chain, row)->previous != before)
            return false;
        before = row;
        row = links_read(table, chain, row)->next;
    }
    return row == 0 && ends->last == before;
}
