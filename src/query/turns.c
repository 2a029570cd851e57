/* Turns of tenants. A tenant that asks is a party; the parties stand in two rings:
 *
 *   enter, put -> arrived --> next: one of its questions --> going --> next --> going ...
 *
 * Who was quiet before goes first, once, and then stands behind all others; every FRESH_IN_A_ROW-th
 * turn is theirs even so. Within a party it is the same again with its questions: what was not
 * begun yet goes before what was. So a short question waits for no long one, no crowd of short ones
 * stops a long one, and a tenant with a hundred questions has as many turns as one with one. */
#include "query/query.h"

#include <stdlib.h>

#define FRESH_IN_A_ROW 4

struct query_party {
    struct query_turns *turns;
    uint32_t tenant;
    unsigned holds;
    uint32_t under_way;      /* turns that were given out and are not over */
    unsigned fresh_in_a_row; /* turns */
    _Atomic uint64_t memory;
    struct link all, ring; /* on turns->parties; on arrived or going, or on none */
    struct link fresh, seasoned;
};

void query_turns_init(struct query_turns *turns)
{
    *turns = (struct query_turns){.waiting = 0};
    struct link *lists[] = {&turns->parties, &turns->arrived, &turns->going};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        link_init(lists[i]);
}

/* There are as many as tenants that ask at once: few. */
struct query_party *query_party_enter(struct query_turns *turns, uint32_t tenant)
{
    for (struct link *at = turns->parties.next; at != &turns->parties; at = at->next) {
        struct query_party *party = LINK_OWNER(at, struct query_party, all);
        if (party->tenant == tenant) {
            party->holds++;
            return party;
        }
    }
    struct query_party *party = calloc(1, sizeof *party);
    if (party == NULL)
        return NULL;
    party->turns = turns;
    party->tenant = tenant;
    party->holds = 1;
    struct link *links[] = {&party->all, &party->ring, &party->fresh, &party->seasoned};
    for (size_t i = 0; i < ARRAY_COUNT(links); i++)
        link_init(links[i]);
    link_put(&turns->parties, &party->all);
    return party;
}

void query_party_leave(struct query_party *party)
{
    if (party == NULL || --party->holds > 0)
        return;
    check(link_is_alone(&party->fresh) && link_is_alone(&party->seasoned));
    link_take(&party->all);
    link_take(&party->ring);
    free(party);
}

void query_turns_put(struct query_party *party, struct link *turn, bool fresh)
{
    struct query_turns *turns = party->turns;
    link_put(fresh ? &party->fresh : &party->seasoned, turn);
    turns->waiting++;
    if (!link_is_alone(&party->ring))
        return;
    bool quiet = fresh && party->holds == 1 && party->under_way == 0;
    link_put(quiet ? &turns->arrived : &turns->going, &party->ring);
}

void query_turns_take(struct query_turns *turns, struct link *turn)
{
    if (link_is_alone(turn))
        return;
    link_take(turn);
    turns->waiting--;
}

/* The first of a ring that may have a turn; those without a question leave it. */
static struct query_party *ring_first(struct link *ring, uint32_t most)
{
    for (struct link *at = ring->next, *next; at != ring; at = next) {
        next = at->next;
        struct query_party *party = LINK_OWNER(at, struct query_party, ring);
        if (link_is_alone(&party->fresh) && link_is_alone(&party->seasoned))
            link_take(&party->ring);
        else if (party->under_way < most)
            return party;
    }
    return NULL;
}

static struct query_party *party_next(struct query_turns *turns, uint32_t most)
{
    struct query_party *arrived = ring_first(&turns->arrived, most);
    struct query_party *going = ring_first(&turns->going, most);
    bool first = arrived != NULL && (going == NULL || turns->arrived_in_a_row < FRESH_IN_A_ROW);
    turns->arrived_in_a_row = first ? turns->arrived_in_a_row + 1 : 0;
    return first ? arrived : going;
}

struct link *query_turns_next(struct query_turns *turns, uint32_t most)
{
    struct query_party *party = party_next(turns, most);
    if (party == NULL)
        return NULL;
    bool fresh = !link_is_alone(&party->fresh), seasoned = !link_is_alone(&party->seasoned);
    bool first = fresh && (!seasoned || party->fresh_in_a_row < FRESH_IN_A_ROW);
    party->fresh_in_a_row = first ? party->fresh_in_a_row + 1 : 0;
    struct link *turn = first ? party->fresh.next : party->seasoned.next;
    link_take(turn);
    link_take(&party->ring);
    if (!link_is_alone(&party->fresh) || !link_is_alone(&party->seasoned))
        link_put(&turns->going, &party->ring);
    turns->waiting--;
    party->under_way++;
    return turn;
}

/* They are counted, for a question that is taken away does not know its party. */
size_t query_party_waiting(const struct query_party *party)
{
    size_t count = 0;
    const struct link *lists[] = {&party->fresh, &party->seasoned};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        for (const struct link *at = lists[i]->next; at != lists[i]; at = at->next)
            count++;
    return count;
}

_Atomic uint64_t *query_party_memory(struct query_party *party)
{
    return &party->memory;
}

void query_party_done(struct query_party *party)
{
    check(party->under_way > 0);
    party->under_way--;
}
