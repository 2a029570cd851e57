/* plan: which files of a target make a tree as of a position, and whether they can. */
#pragma once

#include "backup/take.h"

struct plan {
    struct disk *target;
    const struct backup_port *port;
    const struct backup_manifest *base; /* the journal is this one's */
    uint64_t wanted;                    /* position; as asked for */

    /* Files of the base, and of backups it goes on from what it has no more: snapshots, lanes of
     * closed segments, parts. Ascending by name. */
    struct backup_manifest all;
    struct disk *view; /* of `all` */

    uint64_t position;    /* the end of the last batch that ends there or before */
    int64_t wall_ns;      /* of that batch */
    uint64_t cut_segment; /* the one it lies in; those after it are left out */
    bool cut;             /* it has more than that */
    uint8_t cut_lanes;    /* of the cut segment's lane files, which hold something before it */

    uint64_t missing_to;     /* samples below are not all in the journal; 0: they are */
    uint64_t snapshot;       /* position of the newest snapshot that serves; 0: none is needed */
    struct parts_list parts; /* those that hold nothing from `position` on */
};
/* Fills it in. ERR_LIMIT: this backup cannot give that position. */
MUST_USE enum err plan_make(struct disk *target, const struct backup_list *list, size_t base,
                            uint64_t wanted, const struct backup_port *port, struct plan *ret_plan);
void plan_done(struct plan *plan);
/* The lowest position from which on this backup can give all; its own end where nothing else. */
uint64_t plan_lowest(struct disk *target, const struct backup_list *list, size_t base,
                     const struct backup_port *port);
