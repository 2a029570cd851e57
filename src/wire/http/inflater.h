/* inflater: gzip (RFC 1952) as it comes, a bounded piece at a time. Members may follow each other.
 */
#pragma once

#include "base/base.h"

struct inflater;
MUST_USE enum err inflater_create(struct inflater **ret_inflater);
void inflater_destroy(struct inflater *inflater); /* NULL is fine */

struct inflater_step {
    enum err err;      /* ERR_CORRUPT: this is no gzip, told after all that came before it */
    size_t used;       /* of input */
    struct bytes body; /* what was inflated, at most `most` bytes; valid until the next step */
};
/* Inflates some of input. Call it again, with an empty input too, as long as it is busy. */
struct inflater_step inflater_feed(struct inflater *inflater, struct bytes input, size_t most);
/* More output waits for room, or an error to be told. */
bool inflater_is_busy(const struct inflater *inflater);
/* At the end of a member, or nothing was fed at all. */
bool inflater_is_complete(const struct inflater *inflater);
