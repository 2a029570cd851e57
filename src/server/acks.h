/* acks: what a client is still to be told, in the order in which it published. A refusal waits its
 * turn in the same queue, because PUBACKs come in the order of the PUBLISHes (MQTT 5, 4.6). Empty,
 * it holds no memory. */
#pragma once

#include "engine/engine.h"

struct ack {
    uint32_t ticket;  /* low half: tickets that wait are never 2^31 apart */
    uint32_t read_us; /* low half of the boot clock when the message was read */
    uint16_t packet_id;
    uint8_t admit; /* enum admit */
    uint8_t fault; /* enum payload_fault */
};
struct acks {
    struct ack *at; /* a ring of capacity (a power of two) */
    uint32_t first, count, capacity;
};
/* false: no memory, and nothing was put. */
MUST_USE bool acks_put(struct acks *acks, const struct ack *ack);
/* The oldest if the durable ticket covers it, else NULL. */
static inline const struct ack *acks_next(const struct acks *acks, uint64_t durable_ticket)
{
    if (acks->count == 0)
        return NULL;
    const struct ack *ack = &acks->at[acks->first];
    return (int32_t)((uint32_t)durable_ticket - ack->ticket) >= 0 ? ack : NULL;
}
static inline void acks_drop(struct acks *acks) /* the oldest; there is one */
{
    acks->first = (acks->first + 1) & (acks->capacity - 1);
    acks->count--;
}
/* Gives the memory back when nothing waits. */
void acks_trim(struct acks *acks);
void acks_done(struct acks *acks);
static inline size_t acks_bytes(const struct acks *acks)
{
    return (size_t)acks->capacity * sizeof(struct ack);
}
