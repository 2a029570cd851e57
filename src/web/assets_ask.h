/* assets_ask: samples that a handler of this part needs for itself: asked as a question of the one
 * who asks (his sight, his tenant's quota), run on the query threads, taken here as text.
 *
 *   points_ask_begin     who, which points, what
 *   points_ask_go        the handler's turns until blocks come: selection, run
 *   points_ask_block     the next block; size 0: none is there now
 *   points_ask_is_over   all was taken */
#pragma once

#include "web/ask.h"
#include "web/assets.h"

struct points_ask {
    struct ask_who who;
    struct query_request request;
    struct query_selection *selection;
    struct query_run *run;
    uint32_t wanted; /* points there were when it was asked: the index must have them; 0: none */
};
/* filter: points or matches, with most; the sight and the rest is filled in. False: answered. */
bool points_ask_begin(struct exchange *exchange, struct points_ask *ask,
                      struct query_filter *filter, const struct query_request *request);
/* True: it runs, and the handler goes on; false: return *ret_handled, with exchange->resume set to
 * a function that calls this again. */
bool points_ask_go(struct exchange *exchange, struct points_ask *ask, enum handled *ret_handled);
struct bytes points_ask_block(struct points_ask *ask);
/* True: it is over; false: more may come (HANDLED_ASK), or it failed and was answered
 * (*ret_failed). */
bool points_ask_is_over(struct exchange *exchange, struct points_ask *ask, bool *ret_failed);
void points_ask_end(struct exchange *exchange, struct points_ask *ask);
