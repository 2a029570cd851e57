/* The ring of answers: one allocation that doubles, because a client that bursts does so again
 * and one that does not should hold nothing. */
#include "broker/room.h"

#include <stdlib.h>
#include <string.h>

#define ACKS_LEAST 16

/* The ring laid out anew, oldest first. */
static bool acks_grow(struct acks *acks)
{
    uint32_t capacity = acks->capacity == 0 ? ACKS_LEAST : acks->capacity * 2;
    struct ack *at = malloc((size_t)capacity * sizeof *at);
    if (at == NULL)
        return false;
    uint32_t head = acks->capacity - acks->first;
    if (head > acks->count)
        head = acks->count;
    if (acks->count > 0) {
        memcpy(at, acks->at + acks->first, (size_t)head * sizeof *at);
        memcpy(at + head, acks->at, (size_t)(acks->count - head) * sizeof *at);
    }
    free(acks->at);
    *acks = (struct acks){.at = at, .count = acks->count, .capacity = capacity};
    return true;
}

bool acks_put(struct acks *acks, const struct ack *ack)
{
    if (acks->count == acks->capacity && !acks_grow(acks))
        return false;
    acks->at[(acks->first + acks->count) & (acks->capacity - 1)] = *ack;
    acks->count++;
    return true;
}

void acks_trim(struct acks *acks)
{
    if (acks->count == 0)
        acks_done(acks);
}

void acks_done(struct acks *acks)
{
    free(acks->at);
    *acks = (struct acks){.at = NULL};
}
