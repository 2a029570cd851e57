/* later: erasures that were asked for after the position of a restored folder are asked for again
 * in it: what somebody had erased does not come back by way of a backup. */
#pragma once

#include "backup/backup.h"

struct later_place { /* where the restored journal ends */
    uint64_t position;
    uint64_t segment, epoch; /* the one it ends in */
};
/* from: a data folder, or a view of a backup, of the same journal; only read. into: the restored
 * folder; its journal goes on behind it. ERR_INVALID: `from` does not go on where the restored
 * folder ends (told). */
MUST_USE enum err later_erase(struct disk *from, struct disk *into, const struct later_place *place,
                              struct clock *clock, const struct backup_port *port,
                              uint64_t *ret_erasures);
