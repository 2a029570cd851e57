/* The store as a whole: what comes in goes into the open window; the step freezes it when it is
 * due, begins what can be done in the background, and makes what came of it current.
 *
 *   freeze -> seal (sealer) -> the part is current, the window goes -> the list is written (sealer)
 *          -> history_sealed moves; the files of merged parts go
 *
 * The list is written after the set is current already: should the process end between, the journal
 * still has the samples, and the part, which no list names, is removed at the next start. */
#include "history/room.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEAL_VALUES_FEW 100000 /* a window with fewer waits longer */
#define SEAL_FEW_INTERVALS 6
#define RETRY_NS NS_PER_S
#define PICK_EVERY_NS NS_PER_S
#define STEP_BUSY_NS (5 * NS_PER_MS)

void history_config_default(struct history_config *config)
{
    *config = (struct history_config){.head_bytes = (uint64_t)1 << 30,
                                      .seal_interval_ns = 600 * NS_PER_S,
                                      .reserve_bytes = (uint64_t)64 << 20};
}

void history_tell(struct history *history, enum log_level level, const char *format, ...)
{
    if (history->config.tell == NULL)
        return;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    history->config.tell(history->config.arg, level, text);
}

void history_set_current(struct history *history, struct set *set)
{
    set_release(history->set);
    history->set = set;
    history->picked_set = NULL;
}

/* ---- open --------------------------------------------------------------------------------------
 */
static void open_damaged(void *arg, const struct part_damage *damage)
{
    struct history *history = arg;
    history_tell(history, LOG_ERROR, "history: %s: %s; it is left out", damage->file, damage->why);
    struct set *set = history->set;
    struct history_missing *more =
        set->missing_count < MISSING_MAX
            ? realloc(set->missing, (set->missing_count + 1) * sizeof *more)
            : NULL;
    if (more == NULL)
        return;
    set->missing = more;
    struct history_missing *missing = &more[set->missing_count++];
    *missing = (struct history_missing){.row = damage->owner,
                                        .row_last = damage->owner_last,
                                        .first_ns = damage->first_ns,
                                        .last_ns = damage->last_ns};
    memcpy(missing->file, damage->file, sizeof missing->file);
    memcpy(missing->why, damage->why, sizeof missing->why);
}

/* The list's parts could be read a moment ago, and what could not is out of it already. One that
 * cannot be now ends the start: left out, the next list would not name it, and its file would go.
 * What a part behind the sealed position holds is fed again: a sample before it found no memory. */
static enum err open_parts(struct history *history)
{
    const struct history_config *config = &history->config;
    for (size_t i = 0; i < history->list.count; i++) {
        struct part *part;
        enum err err = part_open(config->disk, HISTORY_FOLDER, history->list.parts[i].name, &part);
        if (err != OK)
            return err;
        if (part_info(part)->tier == PART_RAW && part_info(part)->from >= history->sealed) {
            history->doomed[history->doomed_count++] = part;
            history->list_version++;
            continue;
        }
        err = set_add_part(history->set, part);
        part_release(part);
        if (err != OK)
            return err;
    }
    return OK;
}

/* Positions of another journal mean nothing here: its parts go where damaged ones are put. */
static enum err open_foreign(struct history *history)
{
    const struct history_config *config = &history->config;
    struct parts_list *list = &history->list;
    struct disk *disk = config->disk;
    bool same = memcmp(list->journal, config->journal, sizeof list->journal) == 0;
    enum err err = OK;
    memcpy(list->journal, config->journal, sizeof list->journal);
    if (same || (list->count == 0 && list->sealed <= 1))
        return OK;
    history_tell(history, LOG_ERROR,
                 "history: its %zu parts belong to another journal: they are set aside in "
                 "\"damaged\"; put that journal back, or take them away",
                 list->count);
    if (!config->read_only)
        err = disk->make_folder(disk, HISTORY_FOLDER "/damaged");
    for (size_t i = 0; err == OK && i < list->count && !config->read_only; i++) {
        char from[DISK_NAME_SIZE], to[DISK_NAME_SIZE];
        snprintf(from, sizeof from, HISTORY_FOLDER "/%s", list->parts[i].name);
        snprintf(to, sizeof to, HISTORY_FOLDER "/damaged/%s", list->parts[i].name);
        err = disk->rename(disk, from, to);
    }
    list->count = 0;
    list->sealed = 0;
    if (err != OK || config->read_only)
        return err;
    err = disk->sync_folder(disk, HISTORY_FOLDER "/damaged");
    return err == OK ? parts_list_write(disk, HISTORY_FOLDER, list) : err;
}

static enum err open_list(struct history *history)
{
    const struct history_config *config = &history->config;
    char rebuilt[128];
    enum err err = OK;
    if (!config->read_only)
        err = config->disk->make_folder(config->disk, HISTORY_FOLDER);
    if (err == OK)
        err = parts_list_read(config->disk, HISTORY_FOLDER, config->read_only, open_damaged,
                              history, &history->list, rebuilt);
    if (err != OK)
        return err;
    if (rebuilt[0] != 0)
        history_tell(history, LOG_WARN, "history: the list of parts was made anew: %s", rebuilt);
    err = open_foreign(history);
    if (err != OK)
        return err;
    history->sealed = history->list.sealed > 0 ? history->list.sealed : 1;
    history->list.sealed = history->sealed;
    history->position = history->sealed;
    return open_parts(history);
}

/* Parts behind it, if points have rollups, are rolled up, again if need be. */
static void open_rolled(struct history *history)
{
    for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++)
        for (size_t i = 0; i < history->set->part_count[tier]; i++)
            if (part_info(history->set->parts[tier][i])->to > history->rolled)
                history->rolled = part_info(history->set->parts[tier][i])->to;
    /* Raw parts are merged once they are in the rollups; the last ones may have given none. */
    for (size_t i = 0; history->rolled > 0 && i < history->set->part_count[PART_RAW]; i++) {
        const struct part_info *info = part_info(history->set->parts[PART_RAW][i]);
        if (info->level > 0 && info->to > history->rolled)
            history->rolled = info->to;
    }
}

enum err history_open(const struct history_config *config, struct history **ret_history)
{
    struct history *history = calloc(1, sizeof *history);
    if (history == NULL)
        return ERR_NO_MEMORY;
    history->config = *config;
    history->dropping = -1;
    history->policies = policies_create();
    history->set = calloc(1, sizeof *history->set);
    enum err err = history->policies != NULL && history->set != NULL ? OK : ERR_NO_MEMORY;
    if (err == OK) {
        atomic_init(&history->set->holds, 1);
        err = open_list(history);
    }
    if (err == OK)
        open_rolled(history);
    if (err != OK) {
        history->list_version = history->list_written; /* what was read is not all there is */
        history_close(history);
        return err;
    }
    *ret_history = history;
    return OK;
}

static bool jobs_are_busy(const struct history *history)
{
    return history->seal.busy || history->merge.busy || history->rollup.busy ||
           history->writing.busy;
}

static void close_jobs(struct history *history)
{
    const struct history_config *config = &history->config;
    atomic_store(&history->seal.stop, true);
    atomic_store(&history->merge.stop, true);
    atomic_store(&history->rollup.stop, true);
    for (int i = 0; i < 1000 && jobs_are_busy(history); i++) {
        if (history->seal.busy || history->writing.busy)
            config->sealer->wait(config->sealer);
        if (history->merge.busy || history->rollup.busy)
            config->merger->wait(config->merger);
        config->sealer->poll(config->sealer);
        config->merger->poll(config->merger);
    }
}

static void list_begin(struct history *history);

void history_close(struct history *history)
{
    if (history == NULL)
        return;
    if (history->set != NULL && !history->config.read_only && history->config.sealer != NULL) {
        close_jobs(history);
        if (history->list_written != history->list_version)
            list_begin(history);
        close_jobs(history);
    }
    for (size_t i = 0; i < history->doomed_count; i++)
        part_release(history->doomed[i]);
    window_release(history->gone);
    set_release(history->set);
    policies_release(history->policies);
    free(history->rolled_erased);
    parts_list_done(&history->list);
    free(history);
}

void history_reconfigure(struct history *history, const struct history_config *config)
{
    history->config.head_bytes = config->head_bytes;
    history->config.seal_interval_ns = config->seal_interval_ns;
    history->config.reserve_bytes = config->reserve_bytes;
}

/* ---- what comes in -----------------------------------------------------------------------------
 */
static enum err window_open(struct history *history, uint64_t position)
{
    struct clock *clock = history->config.clock;
    struct window *window = window_create(position, clock->boot_ns(clock));
    struct set *set = NULL;
    if (window == NULL || set_copy(history->set, &set) != OK) {
        window_release(window);
        return ERR_NO_MEMORY;
    }
    check(set->window_count < ARRAY_COUNT(set->windows));
    set->windows[set->window_count++] = window;
    history_set_current(history, set);
    history->open = window;
    return OK;
}

uint64_t history_sealed(const struct history *history)
{
    return history->sealed;
}

bool history_is_full(const struct history *history)
{
    return history->set->window_count > HISTORY_WINDOWS_MAX;
}

/* From this position on the journal is fed again with the next start. What comes after it goes into
 * windows of its own, whose parts are dropped then: they would come a second time. */
static void append_failed(struct history *history, uint64_t position, enum err err)
{
    if (history->lost != 0)
        return;
    history->lost = position;
    if (history->set->window_count <= HISTORY_WINDOWS_MAX &&
        history_freeze(history, position) != OK)
        history->seal_wanted = true; /* or as soon as there is memory */
    history_tell(history, LOG_ERROR,
                 "history: no memory for what comes in (%s); it is in the journal, and in the "
                 "history after the next start",
                 err_text(err));
}

enum err history_append(struct history *history, uint64_t position, const struct row_shape *shape,
                        const struct sample_row *sample, int64_t arrival_ns)
{
    if (UNLIKELY(position < history->list.sealed))
        return OK;
    enum err err = OK;
    if (UNLIKELY(history->open == NULL))
        err = window_open(history, position);
    if (LIKELY(err == OK))
        err = head_append(history->open->head, shape, sample, arrival_ns);
    if (UNLIKELY(err != OK))
        append_failed(history, position, err);
    return err;
}

void history_prefetch(const struct history *history, uint32_t row)
{
    if (history->open != NULL)
        head_prefetch(history->open->head, row);
}

void history_advance(struct history *history, uint64_t position)
{
    if (position > history->position)
        history->position = position;
}

/* ---- freezing ----------------------------------------------------------------------------------
 */
enum err history_freeze(struct history *history, uint64_t position)
{
    if (history->open == NULL)
        return OK;
    /* Scans read `to` of windows in sets that were made after it was stored. */
    struct set *set = NULL;
    if (set_copy(history->set, &set) != OK)
        return ERR_NO_MEMORY;
    history->open->to = position;
    history->open = NULL;
    history_set_current(history, set);
    return OK;
}

static bool window_is_due(const struct history *history, int64_t now_ns)
{
    const struct window *window = history->open;
    if (window == NULL || head_records(window->head) == 0)
        return false;
    if (history->seal_wanted || head_bytes(window->head) >= history->config.head_bytes)
        return true;
    int64_t age_ns = now_ns - window->opened_ns, interval_ns = history->config.seal_interval_ns;
    if (age_ns < interval_ns)
        return false;
    return head_values(window->head) >= SEAL_VALUES_FEW ||
           age_ns / SEAL_FEW_INTERVALS >= interval_ns;
}

/* ---- the list ----------------------------------------------------------------------------------
 */
struct part_info history_part_info(struct history *history, enum part_tier tier, uint32_t level,
                                   uint64_t from, uint64_t to)
{
    struct clock *clock = history->config.clock;
    struct part_info info = {.tier = tier,
                             .level = level,
                             .serial = ++history->list.serial,
                             .from = from,
                             .to = to,
                             .erased_position = from,
                             .wall_ns = clock->wall_ns(clock)};
    memcpy(info.journal, history->config.journal, sizeof info.journal);
    return info;
}

static enum err list_snapshot(const struct history *history, struct parts_list *list)
{
    size_t count = 0;
    for (size_t tier = 0; tier < PART_TIERS; tier++)
        count += history->set->part_count[tier];
    *list = history->list;
    list->count = 0;
    list->parts = calloc(count + 1, sizeof *list->parts);
    if (list->parts == NULL)
        return ERR_NO_MEMORY;
    for (size_t tier = 0; tier < PART_TIERS; tier++)
        for (size_t i = 0; i < history->set->part_count[tier]; i++)
            list->parts[list->count++] = *part_info(history->set->parts[tier][i]);
    return OK;
}

static void list_run(struct job *job)
{
    struct list_job *writing = (struct list_job *)job;
    struct disk *disk = writing->history->config.disk;
    writing->err = parts_list_write(disk, HISTORY_FOLDER, &writing->list);
    /* Files go, and a gigabyte of memory may: not on the engine's thread. It adds to the array
     * behind these, and takes them out of it when this is done. */
    for (size_t i = 0; writing->err == OK && i < writing->doomed; i++) {
        part_doom(writing->history->doomed[i]);
        part_release(writing->history->doomed[i]);
    }
    window_release(writing->window);
    writing->window = NULL;
}

static void list_done(struct job *job)
{
    struct list_job *writing = (struct list_job *)job;
    struct history *history = writing->history;
    struct clock *clock = history->config.clock;
    uint64_t sealed = writing->list.sealed;
    parts_list_done(&writing->list);
    writing->busy = false;
    if (writing->err != OK) {
        history->retry_at_ns = clock->boot_ns(clock) + RETRY_NS;
        history->disk_full = writing->err == ERR_NO_SPACE;
        history_tell(history, LOG_ERROR, "history: the list of parts cannot be written: %s",
                     err_text(writing->err));
        return;
    }
    history->disk_full = false;
    history->list_written = writing->version;
    history->sealed = sealed;
    history->doomed_count -= writing->doomed;
    memmove(history->doomed, history->doomed + writing->doomed,
            history->doomed_count * sizeof *history->doomed);
    erasures_sweep(history);
    rollups_sweep(history);
}

static void list_begin(struct history *history)
{
    struct list_job *writing = &history->writing;
    struct parts_list list;
    if (list_snapshot(history, &list) != OK)
        return;
    *writing = (struct list_job){.job = {.run = list_run, .done = list_done},
                                 .history = history,
                                 .list = list,
                                 .window = history->gone,
                                 .doomed = history->doomed_count,
                                 .version = history->list_version,
                                 .busy = true};
    history->gone = NULL;
    history->config.sealer->submit(history->config.sealer, &writing->job);
}

/* ---- sealing -----------------------------------------------------------------------------------
 */
static void job_failed(struct history *history, const char *what, enum err err)
{
    struct clock *clock = history->config.clock;
    history->retry_at_ns = clock->boot_ns(clock) + RETRY_NS;
    history->disk_full = err == ERR_NO_SPACE;
    history_tell(history, LOG_ERROR, "history: %s failed: %s; it is tried again", what,
                 err_text(err));
}

static void seal_done(struct job *job)
{
    struct seal_job *seal = (struct seal_job *)job;
    struct history *history = seal->history;
    struct set *set = NULL;
    enum err err = seal->err;
    seal->busy = false;
    policies_release(seal->policies);
    history->counters.seal_ns += seal->took_ns;
    if (err == OK)
        err = set_copy(history->set, &set);
    if (err == OK)
        err = set_add_part(set, seal->part);
    if (err == OK) {
        set_remove_window(set, seal->window);
        history_set_current(history, set);
        history->list.sealed = seal->window->to;
        if (history->lost != 0 && history->lost < history->list.sealed)
            history->list.sealed = history->lost;
        history->list_version++;
        history->counters.seals++;
        history->counters.sealed_values += seal->values;
        history->counters.thinned += seal->thinned;
        window_release(history->gone);
        history->gone = seal->window;
        history->disk_full = false;
    } else {
        set_release(set);
        window_release(seal->window);
        if (err != ERR_STOPPED)
            job_failed(history, "sealing a window", err);
    }
    part_release(seal->part);
}

static void seal_begin(struct history *history, struct window *window)
{
    struct seal_job *seal = &history->seal;
    *seal =
        (struct seal_job){.job = {.run = seal_run, .done = seal_done},
                          .history = history,
                          .window = window,
                          .info = history_part_info(history, PART_RAW, 0, window->from, window->to),
                          .policies = history->policies,
                          .busy = true};
    atomic_fetch_add(&window->holds, 1);
    atomic_fetch_add(&history->policies->holds, 1);
    history->config.sealer->submit(history->config.sealer, &seal->job);
}

void history_seal_now(struct history *history)
{
    history->seal_wanted = true;
}

/* ---- the step ----------------------------------------------------------------------------------
 */
static void step_freeze(struct history *history, int64_t now_ns)
{
    if (history->open == NULL || head_records(history->open->head) == 0)
        history->seal_wanted = false; /* nothing is there to be sealed */
    if (!window_is_due(history, now_ns) || history->set->window_count > HISTORY_WINDOWS_MAX)
        return;
    if (history_freeze(history, history->position) == OK)
        history->seal_wanted = false;
}

static void step_jobs(struct history *history, int64_t now_ns)
{
    struct window *first = history->set->window_count > 0 ? history->set->windows[0] : NULL;
    if (!history->writing.busy && history->list_written != history->list_version)
        list_begin(history);
    if (!history->seal.busy && !history->writing.busy && first != NULL && first != history->open)
        seal_begin(history, first);
    if (history->merge.busy || history->rollup.busy ||
        (history->picked_set == history->set && now_ns < history->pick_at_ns &&
         !history->merge_wanted))
        return;
    history->picked_set = history->set; /* what was looked at needs no look with every step */
    history->pick_at_ns = now_ns + PICK_EVERY_NS;
    history_merge_pick(history);
}

int64_t history_step(struct history *history)
{
    const struct history_config *config = &history->config;
    if (config->read_only)
        return INT64_MAX;
    while (config->sealer->poll(config->sealer) > 0)
        ;
    while (config->merger->poll(config->merger) > 0)
        ;
    int64_t now_ns = config->clock->boot_ns(config->clock);
    step_freeze(history, now_ns);
    if (now_ns >= history->retry_at_ns)
        step_jobs(history, now_ns);
    return history_is_busy(history) ? STEP_BUSY_NS : NS_PER_S;
}

bool history_is_busy(const struct history *history)
{
    bool waits = history->set->window_count > (history->open != NULL ? 1u : 0u);
    return waits || jobs_are_busy(history) || history->merge_wanted || history->seal_wanted ||
           history->list_written != history->list_version;
}

/* ---- state -------------------------------------------------------------------------------------
 */
void history_describe(const struct history *history, struct history_state *ret_state)
{
    const struct set *set = history->set;
    struct history_state *state = ret_state;
    *state = history->counters;
    state->position = history->position;
    state->sealed = history->sealed;
    state->erased = history_erased(history);
    for (size_t tier = 0; tier < PART_TIERS; tier++) {
        state->parts[tier] = set->part_count[tier];
        for (size_t i = 0; i < set->part_count[tier]; i++) {
            const struct part_info *info = part_info(set->parts[tier][i]);
            state->bytes[tier] += info->bytes;
            state->values[tier] += info->values;
            state->memory += part_memory(set->parts[tier][i]);
        }
    }
    state->windows = set->window_count;
    for (size_t i = 0; i < set->window_count; i++) {
        state->head_bytes += head_bytes(set->windows[i]->head);
        state->head_values += head_values(set->windows[i]->head);
    }
    state->memory += state->head_bytes;
    state->missing = set->missing_count;
    state->full = history_is_full(history);
    state->disk_full = history->disk_full;
}
