/* standing: how many alarms stand under each branch of the namespace, kept as it happens: what an
 * overview and a tree show beside a branch, without looking at what is below it.
 *
 * Derived from the rows and entries of alarms, never on the disk: filled from the rows at the first
 * call after a start and after rules or points changed, else from the entries, a bounded piece at a
 * time. Costs some 100 bytes for a branch with an alarm below it and some 150 for an alarm;
 * branches without one cost nothing.
 *
 * An alarm counts for the path of its point, or the branch that its rule names, and for all
 * branches above. What is hidden (shelved, suppressed, out of service) is counted by itself alone.
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
/* The most urgent priority with an alarm; 0: none. */
unsigned standing_most_urgent(const struct standing_counts *counts);
uint64_t standing_memory(const struct standing *standing);
