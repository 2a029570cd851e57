/* export: samples of history into a file, for other verbs than the one of that name. */
#pragma once

#include "cli/words.h"

struct export_sum {
    uint64_t points, samples;
    uint64_t missing; /* pieces that the server could not read: told, and not in the file */
};
/* What `mainstem export` does with these words, which are that verb's; the caller tells of the end.
 * What other tenants share is left out, and no point is no fault. EXIT_DONE: the file has its name;
 * else it was told why not. */
int export_sum(const struct words *words, struct export_sum *ret_sum);
