/* load_check: what a load sent, found again in the journal. The generator itself is
 * client/client.h's. */
#pragma once

#include "client/client.h"

struct load_check {
    uint64_t acked, found;         /* values */
    bool drained;                  /* sums may be compared */
    bool same;                     /* acknowledged and found are the same samples */
    uint64_t undecodable, strange; /* strange: samples of no device of ours */
    /* Closed segments in their last form: the dictionary and commands, the samples, how many. */
    uint64_t facts_bytes, samples_bytes, squeezed_values;
    double seconds;
};
/* Reads the journal of the folder back and compares. The sums cover acknowledged messages only
 * after a drain; without one, counts are compared: found >= acknowledged. False after printing
 * why. */
MUST_USE bool load_check(const struct load *load, const char *folder, struct load_check *ret_check);
/* Prints why a load_... call failed; always false. */
bool load_complain(const struct load *load);
