/* standing: how many alarms stand under each branch of the namespace and in each asset with all
 * below it, kept as it happens: what an overview and a tree show beside a branch, without looking
 * at what is below it.
 *
 * Derived from the rows and entries of alarms, never on the disk: filled from the rows at the first
 * call after a start and after rules or points changed, else from the entries, a bounded piece at a
 * time. Costs some 100 bytes for a branch or an asset with an alarm below it and some 200 for an
 * alarm; those without one cost nothing.
 *
 * An alarm counts for the path of its point, or the branch that its rule names, and for all
 * branches above; and for the asset that it is in and all above that. When the shape of the plant
 * changes so that alarms may be in other assets, those that are counted are gone through, a piece
 * at a time. What is hidden (shelved, suppressed, out of service) is counted by itself alone.
 * One thread, the engine's. */
#pragma once

#include "base/base.h"
#include "engine/engine.h"

struct standing;
struct standing_counts {
    uint32_t active, unacknowledged; /* not hidden; an alarm may be both */
    uint32_t stale;                  /* of active: nothing comes any more */
    uint32_t hidden;
    uint32_t
        by_priority[ALARM_PRIORITIES + 1]; /* active or unacknowledged; [1] is the most urgent */
};
MUST_USE enum err standing_create(struct engine *engine, struct standing **ret_standing);
void standing_destroy(struct standing *standing); /* NULL is fine */
/* Takes up what happened, looking at no more than `most` rows or entries; true when nothing is
 * left. Without memory an alarm is left out, and looked at again with its next entry. */
bool standing_catch_up(struct standing *standing, uint32_t most);
/* path: a branch or point of the tenant; empty: all of it. All zero when nothing stands there. */
void standing_of(const struct standing *standing, uint32_t tenant, struct bytes path,
                 struct standing_counts *ret_counts);
/* Of an asset and all below it. *ret_outside: some of them have paths that are not in its branch.
 * False: alarms may still be counted in assets that they are in no more; who must not learn of some
 * of them has to count himself. */
MUST_USE bool standing_of_asset(const struct standing *standing, uint32_t asset,
                                struct standing_counts *ret_counts, bool *ret_outside);
/* The asset that an alarm on this point belongs to, else in whose branch it lies, or whose path of
 * names the branch of its rule is, or is below; ASSET_NONE. */
uint32_t standing_asset(struct engine *engine, uint32_t tenant, uint32_t rule, uint32_t point);
/* The most urgent priority with an alarm; 0: none. */
unsigned standing_most_urgent(const struct standing_counts *counts);
uint64_t standing_memory(const struct standing *standing);
