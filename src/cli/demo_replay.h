/* demo_replay: sends the demo's streams through the MQTT door with QoS 1, counts by data set what
 * was sent and acknowledged, and afterwards finds it in the journal. One connection a data set. */
#pragma once

#include "cli/demo_data.h"

struct demo_counts { /* of readings */
    uint64_t sent, acked, refused, found;
    uint64_t acked_sum, found_sum; /* sums of demo_sample_hash: equal means the same samples */
};
struct demo_replay;
MUST_USE enum err demo_replay_create(const struct demo_data *data, const char *address,
                                     struct demo_replay **ret_replay);
void demo_replay_destroy(struct demo_replay *replay); /* NULL is fine */

/* One pass over all streams: sends what is due by now_ns, `rate` readings a second (0: as fast as
 * the door takes it), and takes acknowledgements. *ret_done: all is sent and acknowledged. */
MUST_USE enum err demo_replay_pass(struct demo_replay *replay, uint64_t rate, bool *ret_done);
/* The pass again and again, each stream at its own pace and with the time of sending. */
MUST_USE enum err demo_replay_live(struct demo_replay *replay);
/* Waits until what was sent is acknowledged. */
MUST_USE enum err demo_replay_drain(struct demo_replay *replay, int wait_ms);
const struct demo_counts *demo_replay_counts(const struct demo_replay *replay, enum demo_set set);
/* Readings of one pass, and how many of them are sent. */
void demo_replay_progress(const struct demo_replay *replay, uint64_t *ret_all, uint64_t *ret_sent);
/* Reads the journal of the folder from the record at `position` on and fills found and found_sum.
 */
MUST_USE enum err demo_replay_find(struct demo_replay *replay, const char *folder,
                                   uint64_t position);
