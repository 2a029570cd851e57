/* points: what the handlers of points, commands and samples share. */
#pragma once

#include "web/room.h"

/* Where each topic of the engine's list of refusals stands. It is right as long as the newest
 * refusal is the one it was made with: topics come and go only together with a new newest one. */
#define REFUSED_SLOTS 4096u /* four times what the list may hold */
struct refused_index {
    const struct refused *newest;
    size_t count;
    int64_t newest_first_wall_ns;
    uint64_t newest_hash;
    uint32_t hashes[REFUSED_SLOTS];
    uint16_t places[REFUSED_SLOTS]; /* in the list, from 1; 0: free */
};

/* How much of a text stands in a detail: a line or two. */
static inline int detail_size(struct bytes text)
{
    return text.size < 200 ? (int)text.size : 200;
}

/* Share of the points that is in the index already, a thousandth less rather than more. */
double points_entered(const struct web *web);
/* A parameter is not what was wanted: answers 400. */
void answer_parameter(struct exchange *exchange, const char *name, const char *wanted,
                      struct bytes found);

/* How many lines a body has, counted a bounded piece at a time, so that one with too many is
 * refused before the first is looked at. Empty ones count. */
struct line_count {
    size_t at; /* bytes looked at */
    uint32_t count;
};
/* True when there is more: call again in the next step. */
bool lines_count(struct bytes body, struct line_count *lines);

/* A handler's turn: the piece of work it does in one step. Small pieces are not worth a look at the
 * clock each; should the clock stand still, the turn ends all the same. */
#define TURN_NS (300 * NS_PER_US)
#define TURN_LOOK_PIECES 16
#define TURN_LOOK_BYTES 16384
#define TURN_PIECES_MAX 2048
struct turn {
    struct clock *clock;
    int64_t until_ns;
    unsigned pieces;
    size_t bytes; /* since the last look at the clock */
};
static inline struct turn turn_begin(const struct web *web)
{
    struct clock *clock = web->config.clock;
    return (struct turn){.clock = clock, .until_ns = clock->boot_ns(clock) + TURN_NS};
}
/* A piece of so many bytes was done: is it enough for now? */
static inline bool turn_is_over(struct turn *turn, size_t bytes)
{
    turn->bytes += bytes;
    if (++turn->pieces % TURN_LOOK_PIECES != 0 && turn->bytes < TURN_LOOK_BYTES)
        return false;
    turn->bytes = 0;
    return turn->pieces >= TURN_PIECES_MAX || turn->clock->boot_ns(turn->clock) >= turn->until_ns;
}
