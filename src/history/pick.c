/* Which parts are merged next, and what becomes of a merge. Of neighbours by position only: so the
 * order in which samples came stays the order of parts. */
#include "history/room.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_NS NS_PER_S

bool part_is_damaged(const struct history *history, const struct part *part)
{
    for (size_t i = 0; i < history->damaged_count; i++)
        if (history->damaged[i] == part_info(part)->serial)
            return true;
    return false;
}

/* ---- beginning ---------------------------------------------------------------------------------
 */
static enum err merge_set(const struct history *history, enum part_tier tier, size_t first,
                          size_t count, struct set **ret_set)
{
    struct set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return ERR_NO_MEMORY;
    atomic_init(&set->holds, 1);
    for (size_t i = first; i < first + count; i++) {
        enum err err = set_add_part(set, history->set->parts[tier][i]);
        if (err != OK) {
            set_release(set);
            return err;
        }
    }
    set->erasures = history->set->erasures;
    if (set->erasures != NULL)
        atomic_fetch_add(&set->erasures->holds, 1);
    *ret_set = set;
    return OK;
}

/* Positions up to which erasures are done in what the merge writes. */
static uint64_t merge_erased(const struct set *set, uint64_t from)
{
    uint64_t erased = from;
    for (size_t i = 0; set->erasures != NULL && i < set->erasures->count; i++)
        if (set->erasures->at[i]->position > erased)
            erased = set->erasures->at[i]->position;
    return erased;
}

enum err history_merge_begin(struct history *history, enum part_tier tier, size_t first,
                             size_t count, int drop_priority)
{
    struct clock *clock = history->config.clock;
    struct part **parts = history->set->parts[tier] + first;
    uint32_t level = 0;
    uint64_t to = 0; /* what was salvaged may lie inside of a part before it */
    struct set *set = NULL;
    if (history->doomed_count + count > PARTS_MAX)
        return ERR_LIMIT;
    enum err err = merge_set(history, tier, first, count, &set);
    if (err != OK)
        return err;
    for (size_t i = 0; i < count; i++)
        if (part_info(parts[i])->level > level)
            level = part_info(parts[i])->level;
    for (size_t i = 0; i < count; i++)
        if (part_info(parts[i])->to > to)
            to = part_info(parts[i])->to;
    struct merge_job *merge = &history->merge;
    *merge =
        (struct merge_job){.job = {.run = merge_run, .done = merge_done},
                           .history = history,
                           .set = set,
                           .info = history_part_info(history, tier, count > 1 ? level + 1 : level,
                                                     part_info(parts[0])->from, to),
                           .policies = history->policies,
                           .now_ns = clock->wall_ns(clock),
                           .drop_priority = drop_priority,
                           .busy = true};
    merge->info.erased_position = merge_erased(set, merge->info.from);
    atomic_fetch_add(&history->policies->holds, 1);
    history->config.merger->submit(history->config.merger, &merge->job);
    return OK;
}

/* ---- ending ------------------------------------------------------------------------------------
 */
static enum err merge_replace(struct history *history, const struct merge_job *merge)
{
    struct set *set = NULL;
    enum part_tier tier = merge->info.tier;
    enum err err = set_copy(history->set, &set);
    if (err != OK)
        return err;
    for (size_t i = 0; i < merge->set->part_count[tier]; i++)
        set_remove_part(set, merge->set->parts[tier][i]);
    if (!merge->empty)
        err = set_add_part(set, merge->part);
    if (err != OK) {
        set_release(set);
        return err;
    }
    for (size_t i = 0; i < merge->set->part_count[tier]; i++)
        history->doomed[history->doomed_count++] = part_hold(merge->set->parts[tier][i]);
    history_set_current(history, set);
    history->list_version++;
    return OK;
}

static void merge_failed(struct history *history, struct merge_job *merge, enum err err)
{
    struct clock *clock = history->config.clock;
    if (err == ERR_STOPPED)
        return;
    history->retry_at_ns = clock->boot_ns(clock) + RETRY_NS;
    history->disk_full = err == ERR_NO_SPACE;
    const struct set *set = merge->set;
    if (err == ERR_CORRUPT) {
        history_tell(history, LOG_ERROR,
                     "history: %s: %s; it stays as it is and is not merged: see "
                     "mainstem check",
                     merge->missing.file, merge->missing.why);
        for (size_t i = 0; i < set->part_count[merge->info.tier]; i++) {
            const struct part_info *info = part_info(set->parts[merge->info.tier][i]);
            bool this_one = strcmp(info->name, merge->missing.file) == 0;
            if (this_one && history->damaged_count < DAMAGED_MAX)
                history->damaged[history->damaged_count++] = info->serial;
        }
        return;
    }
    history_tell(history, LOG_ERROR, "history: merging parts failed: %s; it is tried again",
                 err_text(err));
}

void merge_done(struct job *job)
{
    struct merge_job *merge = (struct merge_job *)job;
    struct history *history = merge->history;
    merge->busy = false;
    policies_release(merge->policies);
    history->counters.merge_ns += merge->took_ns;
    enum err err = merge->err;
    if (err == OK)
        err = merge_replace(history, merge);
    if (err == OK) {
        history->counters.merges++;
        history->counters.merged_values += merge->values;
        history->counters.expired += merge->expired;
        if (merge->drop_priority >= 0)
            history->dropped_to = merge->info.to;
        history->counters.dropped += merge->drop_priority >= 0 ? merge->expired : 0;
    } else {
        merge_failed(history, merge, err);
    }
    part_release(merge->part);
    set_release(merge->set);
    merge->set = NULL;
}

/* ---- picking -----------------------------------------------------------------------------------
 */
/* How many neighbours from `first` on are of its level, whole, and together not too large. */
static size_t run_of_level(const struct history *history, enum part_tier tier, size_t first,
                           size_t most)
{
    struct part **parts = history->set->parts[tier];
    uint32_t level = part_info(parts[first])->level;
    uint64_t bytes = 0;
    size_t count = 0;
    for (size_t i = first; i < history->set->part_count[tier] && count < most; i++) {
        const struct part_info *info = part_info(parts[i]);
        bytes += info->bytes;
        bool rolled = tier == PART_RAW
                          ? info->to <= history->rolled && rollups_have(history, info->to)
                          : history->rebuild == 0;
        if (info->level != level || !rolled || part_is_damaged(history, parts[i]) ||
            bytes > MERGE_BYTES_MAX)
            break;
        count++;
    }
    return count;
}

static bool pick_level(struct history *history, enum part_tier tier)
{
    for (size_t first = 0; first < history->set->part_count[tier]; first++) {
        if (part_info(history->set->parts[tier][first])->level >= MERGE_LEVELS ||
            run_of_level(history, tier, first, MERGE_PARTS) < MERGE_PARTS)
            continue;
        return history_merge_begin(history, tier, first, MERGE_PARTS, -1) == OK;
    }
    return false;
}

static bool pick_erased(struct history *history)
{
    for (size_t i = 0; i < history->set->part_count[PART_RAW]; i++) {
        struct part *part = history->set->parts[PART_RAW][i];
        if (erasures_are_pending(history, part) && !part_is_damaged(history, part))
            return history_merge_begin(history, PART_RAW, i, 1, -1) == OK;
    }
    return false;
}

/* All parts of a tier become one; what lies behind a damaged one apart. */
static bool pick_all(struct history *history)
{
    for (size_t tier = 0; tier < PART_TIERS; tier++) {
        size_t count = history->set->part_count[tier], first = 0;
        while (first < count && part_is_damaged(history, history->set->parts[tier][first]))
            first++;
        size_t last = first;
        while (last < count && !part_is_damaged(history, history->set->parts[tier][last]))
            last++;
        bool rolled = tier == PART_RAW ? last > first &&
                                             part_info(history->set->parts[tier][last - 1])->to <=
                                                 history->rolled &&
                                             history->rebuild == 0
                                       : history->rebuild == 0;
        if (last - first > 1 && rolled)
            return history_merge_begin(history, (enum part_tier)tier, first, last - first, -1) ==
                   OK;
    }
    return false;
}

void history_merge_pick(struct history *history)
{
    if (history->assigning || history->doomed_count + 2 * MERGE_PARTS > PARTS_MAX)
        return;
    if (history->rollup.busy || pick_erased(history) || keep_pick(history) || rollup_pick(history))
        return;
    bool sealing =
        history->set->window_count > (history->open != NULL ? 1u : 0u) || history->seal_wanted;
    if (history->merge_wanted && !sealing) {
        if (!pick_all(history))
            history->merge_wanted = false;
        return;
    }
    for (size_t tier = 0; tier < PART_TIERS; tier++)
        if (pick_level(history, (enum part_tier)tier))
            return;
}

void history_merge_now(struct history *history)
{
    history->merge_wanted = true;
}
