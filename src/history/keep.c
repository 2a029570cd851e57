/* What is kept: parts with samples that a policy does not keep any longer are rewritten without
 * them, rollups are carried on, and when the disk has no room, what a policy lets go goes, the
 * oldest first. */
#include "history/room.h"

#include <stdlib.h>
#include <string.h>

#define DAY_NS (86400 * NS_PER_S)
#define EXPIRE_EVERY_NS (600 * NS_PER_S)
#define SPACE_EVERY_NS (10 * NS_PER_S)
#define WARN_EVERY_NS (3600 * NS_PER_S)
#define RETRY_NS NS_PER_S
#define ROLLUP_TRIES 3 /* of a rollup for which something cannot be read */

static int64_t now_boot(const struct history *history)
{
    return history->config.clock->boot_ns(history->config.clock);
}

static int64_t now_wall(const struct history *history)
{
    return history->config.clock->wall_ns(history->config.clock);
}

/* ---- asking ------------------------------------------------------------------------------------
 */
void history_kept(const struct history *history, uint32_t point, int64_t *ret_raw_since_ns,
                  bool ret_rollups[PART_TIERS])
{
    const struct history_policy *policy = policy_of(history->policies, point);
    *ret_raw_since_ns =
        policy->retention_ns > 0 ? now_wall(history) - policy->retention_ns : INT64_MIN;
    memcpy(ret_rollups, policy->rollup, PART_TIERS * sizeof *ret_rollups);
    ret_rollups[PART_RAW] = true;
}

/* ---- retention ---------------------------------------------------------------------------------
 */
static int64_t retention_least(const struct policies *policies, enum part_tier tier)
{
    int64_t least = INT64_MAX;
    for (uint32_t i = 1; i < policies->count; i++) {
        const struct history_policy *policy = &policies->at[i];
        int64_t keep_ns =
            tier == PART_RAW ? policy->retention_ns : policy->rollup_retention_ns[tier];
        if (keep_ns > 0 && keep_ns < least)
            least = keep_ns;
    }
    return least;
}

/* A part is looked at when something in it is older than is kept by a quarter more, and not again
 * before as much time went by: what other points keep in it is copied as it is. */
static bool part_expires(const struct part_info *info, int64_t keep_ns, int64_t now_ns)
{
    int64_t slack_ns = keep_ns / 4 < DAY_NS ? keep_ns / 4 : DAY_NS;
    return info->first_ns < now_ns - keep_ns - slack_ns && info->wall_ns < now_ns - slack_ns;
}

bool rollups_have(const struct history *history, uint64_t to)
{
    return !history->policies->rollups || (history->rebuild == 0 && to <= history->rolled);
}

static bool keep_expired(struct history *history)
{
    if (!history->policies->retentions || now_boot(history) < history->expire_at_ns)
        return false;
    for (enum part_tier tier = PART_RAW; tier < PART_TIERS; tier++) {
        int64_t keep_ns = retention_least(history->policies, tier);
        for (size_t i = 0; keep_ns != INT64_MAX && i < history->set->part_count[tier]; i++) {
            const struct part_info *info = part_info(history->set->parts[tier][i]);
            bool rolled =
                tier == PART_RAW ? rollups_have(history, info->to) : history->rebuild == 0;
            if (part_expires(info, keep_ns, now_wall(history)) && rolled &&
                !part_is_damaged(history, history->set->parts[tier][i]))
                return history_merge_begin(history, tier, i, 1, -1) == OK;
        }
    }
    history->expire_at_ns = now_boot(history) + EXPIRE_EVERY_NS;
    return false;
}

/* ---- room on the disk --------------------------------------------------------------------------
 */
/* The least priority above this one that lets samples go; -1: there is none. */
static int priority_after(const struct policies *policies, int priority)
{
    int next = -1;
    for (uint32_t i = 1; i < policies->count; i++) {
        const struct history_policy *policy = &policies->at[i];
        if (policy->drop_when_full && policy->priority > priority &&
            (next < 0 || policy->priority < next))
            next = policy->priority;
    }
    return next;
}

static void space_warn(struct history *history, uint64_t wanted, bool dropping)
{
    int64_t now_ns = now_boot(history);
    if (history->warned_at_ns != 0 && now_ns - history->warned_at_ns < WARN_EVERY_NS)
        return;
    history->warned_at_ns = now_ns;
    history_tell(
        history, LOG_WARN, "history: %llu MiB are free on the disk, %llu MiB should be: %s",
        (unsigned long long)(history->free_bytes >> 20), (unsigned long long)(wanted >> 20),
        dropping ? "what policies let go goes now, the oldest first"
                 : "no policy lets anything go when it is full: make room, or set a "
                   "policy with drop_oldest");
}

/* The oldest part that may still hold samples of the priority under way; the count of parts: none.
 */
static size_t drop_next(const struct history *history)
{
    size_t count = history->set->part_count[PART_RAW], at = 0;
    while (at < count && (history->dropping < 0 ||
                          part_info(history->set->parts[PART_RAW][at])->to <= history->dropped_to ||
                          part_is_damaged(history, history->set->parts[PART_RAW][at])))
        at++;
    return at;
}

/* Of the oldest part that has them, points of the lowest priority lose their samples. Parts that
 * were rewritten for a priority have nothing more of it: the next one is asked for the next time.
 */
static bool keep_space(struct history *history)
{
    struct disk *disk = history->config.disk;
    int64_t now_ns = now_boot(history);
    if (history->doomed_count > 0) /* room comes with them */
        return false;
    if (now_ns < history->space_at_ns || disk->free_bytes(disk, &history->free_bytes) != OK)
        return false;
    history->space_at_ns = now_ns + SPACE_EVERY_NS;
    uint64_t wanted = history->config.reserve_bytes;
    if (history->free_bytes >= 4 * wanted) {
        history->dropping = -1;
        return false;
    }
    bool some = priority_after(history->policies, -1) >= 0;
    space_warn(history, 4 * wanted, some && history->free_bytes < wanted);
    if (!some || history->free_bytes >= wanted)
        return false;
    size_t at = drop_next(history);
    if (at == history->set->part_count[PART_RAW]) {
        int next = priority_after(history->policies, history->dropping);
        if (next < 0)
            return false;
        history->dropping = next;
        history->dropped_to = 0;
        at = drop_next(history);
    }
    if (at == history->set->part_count[PART_RAW] ||
        !rollups_have(history, part_info(history->set->parts[PART_RAW][at])->to))
        return false;
    history->space_at_ns = now_ns; /* the next one at once */
    return history_merge_begin(history, PART_RAW, at, 1, history->dropping) == OK;
}

bool keep_pick(struct history *history)
{
    return keep_space(history) || keep_expired(history);
}

/* ---- rollups -----------------------------------------------------------------------------------
 */
/* Up to which position all rollups were made at once. */
static uint64_t rollups_made(const struct history *history)
{
    uint64_t made = UINT64_MAX;
    bool some = false;
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++) {
        if (history->set->part_count[tier] == 0)
            continue;
        const struct part_info *info = part_info(history->set->parts[tier][0]);
        uint64_t to = info->from <= 1 ? info->to : 0;
        made = to < made ? to : made;
        some = true;
    }
    return some ? made : 0;
}

void history_assigned(struct history *history, uint64_t position)
{
    history->assigning = false;
    if (history->policies->rollups && position >= rollups_made(history) &&
        position + 1 > history->rebuild) {
        history->rebuild = position + 1;
        history->rebuilds_asked++;
    }
    history->picked_set = NULL;
}

enum err rollups_erased(struct history *history, uint64_t position,
                        const struct history_point *points, size_t count, int64_t from_ns,
                        int64_t to_ns)
{
    size_t rollups = 0;
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++)
        rollups += history->set->part_count[tier];
    bool policies = history->policies->rollups;
    if ((!policies && rollups == 0 && !history->rollup.busy) || position < rollups_made(history))
        return OK;
    bool all = !policies || history->assigning; /* nobody knows yet which points have rollups */
    size_t had = history->rolled_erased_count;
    struct erasure *more =
        realloc(history->rolled_erased, (had + count) * sizeof *history->rolled_erased);
    if (more == NULL)
        return ERR_NO_MEMORY;
    history->rolled_erased = more;
    for (size_t i = 0; i < count; i++) {
        const struct history_policy *policy = policy_of(history->policies, points[i].point);
        if (all || policy->rollup[PART_MINUTE] || policy->rollup[PART_HOUR] ||
            policy->rollup[PART_DAY])
            more[history->rolled_erased_count++] = (struct erasure){
                .position = position, .point = points[i].point, .from_ns = from_ns, .to_ns = to_ns};
    }
    if (history->rolled_erased_count > had && position > history->rebuild)
        history->rebuild = position;
    return OK;
}

/* Those that a job takes out of the rollups stay in the list until it is done. */
static struct erasure *rolled_erased_copy(const struct history *history)
{
    size_t size = history->rolled_erased_count * sizeof *history->rolled_erased;
    struct erasure *copy = malloc(size + 1);
    if (copy != NULL && size > 0)
        memcpy(copy, history->rolled_erased, size);
    return copy;
}

static bool rollup_begin(struct history *history, struct part *source, uint64_t to)
{
    struct rollup_job *rollup = &history->rollup;
    uint64_t from = source != NULL ? part_info(source)->from : 1;
    struct set *set = NULL;
    struct erasure *erased = source == NULL ? rolled_erased_copy(history) : NULL;
    if ((source == NULL && erased == NULL) || set_copy(history->set, &set) != OK) {
        free(erased);
        return false; /* another time */
    }
    while (set->window_count > 0) /* what is not sealed comes with its part */
        set_remove_window(set, set->windows[0]);
    *rollup = (struct rollup_job){.job = {.run = rollup_run, .done = rollup_done},
                                  .history = history,
                                  .set = set,
                                  .source = source != NULL ? part_hold(source) : NULL,
                                  .policies = history->policies,
                                  .asked = history->rebuilds_asked,
                                  .to = to,
                                  .leniently = history->rollup_misses >= ROLLUP_TRIES,
                                  .now_ns = now_wall(history),
                                  .busy = true};
    if (source == NULL) {
        rollup->erased = erased;
        rollup->erased_count = rollup->erased_taken = history->rolled_erased_count;
    }
    atomic_fetch_add(&rollup->policies->holds, 1);
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++)
        rollup->info[tier] = history_part_info(history, tier, 0, from, to);
    history->config.merger->submit(history->config.merger, &rollup->job);
    return true;
}

/* All samples below it are in parts. */
static uint64_t position_in_parts(const struct history *history)
{
    uint64_t sealed = history->list.sealed;
    const struct set *set = history->set;
    uint64_t next = set->window_count > 0 ? set->windows[0]->from : history->position;
    return next > sealed && history->lost == 0 ? next : sealed;
}

/* Rollups without what was erased are in the list on the disk. */
void rollups_sweep(struct history *history)
{
    size_t done = history->rolled_erased_done;
    if (done == 0 || history->list_written != history->list_version)
        return;
    history->rolled_erased_done = 0;
    history->rolled_erased_count -= done;
    if (history->rollup.busy && history->rollup.source == NULL)
        history->rollup.erased_taken -= done;
    memmove(history->rolled_erased, history->rolled_erased + done,
            history->rolled_erased_count * sizeof *history->rolled_erased);
}

/* The next raw part whose samples are not in the rollups; or all of them. */
bool rollup_pick(struct history *history)
{
    if (!history->policies->rollups) {
        history->rolled = history->list.sealed;
        return false;
    }
    size_t rollups = 0;
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++)
        rollups += history->set->part_count[tier];
    uint64_t whole = position_in_parts(history);
    /* First what came: of a bucket whose raw samples are gone in part, rollups alone have all. */
    for (size_t i = 0; i < history->set->part_count[PART_RAW]; i++) {
        struct part *part = history->set->parts[PART_RAW][i];
        if (part_info(part)->to > history->rolled)
            return rollup_begin(history, part, part_info(part)->to);
    }
    return history->rebuild != 0 && whole >= history->rebuild &&
           history->doomed_count + rollups <= PARTS_MAX && rollup_begin(history, NULL, whole);
}

static enum err rollup_replace(struct history *history, struct rollup_job *rollup)
{
    struct set *set = NULL;
    enum err err = set_copy(history->set, &set);
    if (err != OK)
        return err;
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS && err == OK; tier++) {
        while (rollup->source == NULL && set->part_count[tier] > 0)
            set_remove_part(set, set->parts[tier][0]);
        if (rollup->parts[tier] != NULL)
            err = set_add_part(set, rollup->parts[tier]);
    }
    if (err != OK) {
        set_release(set);
        return err;
    }
    for (enum part_tier tier = PART_MINUTE; rollup->source == NULL && tier < PART_TIERS; tier++)
        for (size_t i = 0; i < history->set->part_count[tier]; i++)
            history->doomed[history->doomed_count++] = part_hold(history->set->parts[tier][i]);
    if (rollup->source == NULL)
        history->rolled_erased_done = rollup->erased_taken;
    history_set_current(history, set);
    history->list_version++;
    history->rolled = rollup->to;
    history->picked_set = NULL;
    /* What was erased or assigned since it was begun is not in it. */
    if (rollup->source == NULL && history->rebuild <= rollup->to &&
        history->rolled_erased_count == rollup->erased_taken &&
        history->rebuilds_asked == rollup->asked)
        history->rebuild = 0;
    return OK;
}

void rollup_done(struct job *job)
{
    struct rollup_job *rollup = (struct rollup_job *)job;
    struct history *history = rollup->history;
    enum err err = rollup->err;
    rollup->busy = false;
    history->counters.rollup_ns += rollup->took_ns;
    if (err == OK)
        err = rollup_replace(history, rollup);
    if (err == OK || err == ERR_CORRUPT)
        history->rollup_misses = err == OK ? 0 : history->rollup_misses + 1;
    if (err != OK && err != ERR_STOPPED) {
        history->retry_at_ns = now_boot(history) + RETRY_NS;
        history->disk_full = err == ERR_NO_SPACE;
        history_tell(history, LOG_ERROR,
                     "history: rollups cannot be written: %s; it is tried again", err_text(err));
    }
    for (size_t tier = 0; tier < PART_TIERS; tier++)
        part_release(rollup->parts[tier]);
    free(rollup->erased);
    part_release(rollup->source);
    policies_release(rollup->policies);
    set_release(rollup->set);
}
