/* A plan becomes a data folder: files copied and summed on the way, the cut segment cut, the list
 * of parts written anew; then it is opened as a server would, to see that it stands. */
#include "backup/later.h"
#include "backup/plan.h"
#include "backup/view.h"
#include "engine/engine.h"
#include "journal/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct restore {
    struct plan plan;
    struct disk *into;
    struct clock *clock;
    const struct backup_port *port;
    struct store store;
    struct backup_restored result;
};

/* ---- files ------------------------------------------------------------------------------------
 */
static bool starts_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void restore_count(struct restore *restore, uint64_t bytes)
{
    restore->result.files++;
    restore->result.bytes += bytes;
}

static enum err copy_file(struct restore *restore, const struct backup_file *file)
{
    char stored[STORED_PATH_SIZE];
    uint32_t sum = 0;
    store_path(stored, file->stored);
    enum err err = store_make_folders(restore->into, file->name);
    if (err == OK)
        err = store_copy(&restore->store, restore->plan.target, stored, restore->into, file->name,
                         0, file->bytes, &sum);
    if (err == OK && sum != file->sum)
        err = ERR_CORRUPT;
    if (err == ERR_MISSING)
        err = ERR_CORRUPT;
    if (err == ERR_CORRUPT)
        port_tell(restore->port, LOG_ERROR,
                  "%s of the backup is damaged or gone; nothing is restored from it", stored);
    if (err == OK)
        restore_count(restore, file->bytes);
    return err;
}

/* Text that is small and sound. */
static enum err read_text(struct restore *restore, const struct backup_file *file, char **ret_text,
                          size_t *ret_size)
{
    char stored[STORED_PATH_SIZE];
    store_path(stored, file->stored);
    enum err err =
        store_read_text(restore->plan.target, stored, (uint64_t)64 << 20, ret_text, ret_size);
    if (err == OK && (*ret_size != file->bytes || crc32c(0, *ret_text, *ret_size) != file->sum)) {
        free(*ret_text);
        err = ERR_CORRUPT;
    }
    if (err == ERR_MISSING || err == ERR_CORRUPT) {
        port_tell(restore->port, LOG_ERROR,
                  "%s of the backup is damaged or gone; nothing is restored from it", stored);
        err = ERR_CORRUPT;
    }
    return err;
}

static enum err write_text(struct restore *restore, const char *name, const char *text, size_t size)
{
    restore_count(restore, size);
    return store_write_text(restore->into, name, text, size);
}

/* Of segments that are left out nothing is released, and nothing is damaged. */
static enum err write_released(struct restore *restore, const struct backup_file *file)
{
    char *text, print[256];
    size_t size;
    struct segments_released released;
    uint64_t newest = restore->plan.cut_segment;
    enum err err = read_text(restore, file, &text, &size);
    if (err != OK)
        return err;
    segments_released_parse(text, &released);
    free(text);
    released.samples = released.samples < newest ? released.samples : newest;
    released.messages = released.messages < newest ? released.messages : newest;
    size = segments_released_print(&released, print);
    return write_text(restore, file->name, print, size);
}

static enum err write_damage_list(struct restore *restore, const struct backup_file *file)
{
    char *text;
    size_t size, kept = 0;
    enum err err = read_text(restore, file, &text, &size);
    if (err != OK)
        return err;
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end != NULL ? (size_t)(end - (text + at)) + 1 : size - at;
        uint64_t segment = 0;
        bool known = sscanf(text + at, "segment=%20" SCNu64, &segment) == 1;
        if (!known || segment <= restore->plan.cut_segment) {
            memmove(text + kept, text + at, length);
            kept += length;
        }
        at += length;
    }
    err = write_text(restore, file->name, text, kept);
    free(text);
    return err;
}

/* ---- the cut segment --------------------------------------------------------------------------
 */
static enum err check_sum(struct restore *restore, const struct backup_file *file)
{
    char stored[STORED_PATH_SIZE];
    uint32_t sum = 0;
    store_path(stored, file->stored);
    enum err err = store_sum(&restore->store, restore->plan.target, stored, 0, file->bytes, &sum);
    if (err == OK && sum != file->sum)
        err = ERR_CORRUPT;
    if (err == ERR_CORRUPT || err == ERR_MISSING) {
        port_tell(restore->port, LOG_ERROR,
                  "%s of the backup is damaged or gone; nothing is restored from it", stored);
        err = ERR_CORRUPT;
    }
    return err;
}

/* Lanes whose files retention took are named still, for nobody knows what they held. */
static uint8_t cut_lanes(const struct plan *plan, const struct segment_header *header)
{
    uint8_t lanes = (uint8_t)(plan->cut_lanes | 1U << (LANE_FACTS - 1));
    for (unsigned kind = FILE_FACTS; kind <= FILE_MESSAGES; kind++) {
        char name[BACKUP_NAME_MAX + 1];
        uint8_t bit = (uint8_t)(1U << (kind - FILE_FACTS));
        segment_file_name(name, header->number, (enum segment_file_kind)kind);
        if ((header->lanes & bit) != 0 && backup_manifest_find(&plan->all, name) == NULL)
            lanes |= bit;
    }
    return lanes;
}

static enum err cut_file(struct restore *restore, const struct backup_file *file)
{
    struct plan *plan = &restore->plan;
    struct segment_header header;
    struct segment_cut cut = {
        .from = plan->view, .to = restore->into, .position = plan->wanted, .end = plan->position};
    uint64_t bytes = 0;
    snprintf(cut.path, sizeof cut.path, "%s", file->name);
    enum err err = check_sum(restore, file);
    if (err == OK)
        err = segment_file_header(plan->view, file->name, &header);
    if (err == OK)
        err = store_make_folders(restore->into, file->name);
    if (err != OK)
        return err;
    cut.lanes = cut_lanes(plan, &header);
    err = segment_file_cut(&cut, &bytes);
    if (err == ERR_CORRUPT)
        port_tell(restore->port, LOG_ERROR,
                  "%s was damaged when it was backed up, before position %" PRIu64
                  ": choose a position in another segment",
                  file->name, plan->wanted);
    if (err == OK && bytes > 0)
        restore_count(restore, bytes);
    return err;
}

/* ---- all of them ------------------------------------------------------------------------------
 */
static bool part_is_chosen(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->parts.count; i++)
        if (strcmp(plan->parts.parts[i].name, name) == 0)
            return true;
    return false;
}

static enum err restore_journal_file(struct restore *restore, const struct backup_file *file)
{
    const struct plan *plan = &restore->plan;
    uint64_t number = 0;
    if (strcmp(file->name, "journal/released") == 0)
        return write_released(restore, file);
    if (strcmp(file->name, "journal/damaged/list") == 0)
        return write_damage_list(restore, file);
    enum segment_file_kind kind = segment_file_parse(file->name + strlen("journal/"), &number);
    if (kind == FILE_NONE || number < plan->cut_segment)
        return copy_file(restore, file);
    if (number > plan->cut_segment)
        return OK;
    return plan->cut ? cut_file(restore, file) : copy_file(restore, file);
}

static enum err restore_file(struct restore *restore, const struct backup_file *file)
{
    static const char history[] = HISTORY_FOLDER_NAME "/",
                      aside[] = HISTORY_FOLDER_NAME "/damaged/";
    if (starts_with(file->name, "journal/"))
        return restore_journal_file(restore, file);
    if (strcmp(file->name, HISTORY_FOLDER_NAME "/parts.list") == 0)
        return check_sum(restore, file); /* it is written anew */
    if (starts_with(file->name, history) && !starts_with(file->name, aside) &&
        !part_is_chosen(&restore->plan, file->name + sizeof history - 1))
        return OK;
    return copy_file(restore, file);
}

static enum err restore_files(struct restore *restore)
{
    const struct backup_manifest *all = &restore->plan.all;
    enum err err = OK;
    store_stage(&restore->store, "restoring", 1, all->bytes);
    for (size_t i = 0; i < all->count && err == OK; i++) {
        err = restore_file(restore, &all->files[i]);
        store_finish(&restore->store, all->files[i].bytes);
    }
    if (err == OK && restore->plan.parts.count > 0)
        err = parts_list_write(restore->into, HISTORY_FOLDER_NAME, &restore->plan.parts);
    static const char *const folders[] = {
        "journal/damaged", "journal", "snapshots", "history/damaged", "history", "documents", "."};
    for (size_t i = 0; i < ARRAY_COUNT(folders) && err == OK; i++) {
        err = restore->into->sync_folder(restore->into, folders[i]);
        if (err == ERR_MISSING)
            err = OK;
    }
    return err;
}

/* ---- seeing that it stands --------------------------------------------------------------------
 */
static void stands_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    (void)arg, (void)tag, (void)outcome;
}

static void stands_tell(void *arg, enum log_level level, const char *text)
{
    const struct backup_port *port = arg;
    if (level <= LOG_WARN)
        port_tell(port, level, "the restored folder: %s", text);
}

static enum err stands_open(struct restore *restore, struct worker *worker)
{
    struct backup_port port = *restore->port;
    struct engine_config config;
    struct engine_start start;
    struct engine *engine;
    struct engine_counters counters;
    engine_config_default(&config);
    config.disk = restore->into;
    config.clock = restore->clock;
    config.writer = config.background = worker;
    config.read_only = true;
    config.tell = stands_tell;
    config.outcome = stands_outcome;
    config.arg = &port;
    enum err err = engine_open(&config, &engine, &start);
    if (err != OK)
        return err;
    engine_describe(engine, &counters);
    restore->result.position = counters.position;
    restore->result.state_hash = engine_state_hash(engine);
    engine_close(engine, false);
    if (counters.position == restore->plan.position)
        return OK;
    port_tell(restore->port, LOG_ERROR,
              "the restored folder ends at position %" PRIu64 " and not at %" PRIu64,
              counters.position, restore->plan.position);
    return ERR_CORRUPT;
}

static enum err restore_stands(struct restore *restore)
{
    struct worker *worker;
    enum err err = worker_inline_create(&worker);
    if (err != OK)
        return err;
    port_progress(restore->port, "opening", 0, 0);
    err = stands_open(restore, worker);
    worker->destroy(worker);
    return err;
}

/* ---- erasures since ---------------------------------------------------------------------------
 */
/* Where the restored journal ends, so that others can be asked whether they go on from there. */
static enum err end_of_plan(const struct plan *plan, struct later_place *ret_place)
{
    struct segment_header header;
    enum err err = ERR_MISSING;
    for (unsigned kind = FILE_OPEN; kind <= FILE_FACTS && err == ERR_MISSING; kind++) {
        char name[BACKUP_NAME_MAX + 1];
        segment_file_name(name, plan->cut_segment, (enum segment_file_kind)kind);
        err = segment_file_header(plan->view, name, &header);
    }
    if (err == OK)
        *ret_place = (struct later_place){
            .position = plan->position, .segment = plan->cut_segment, .epoch = header.epoch};
    return err;
}

/* Of the newest backup that goes on from here. */
static enum err erase_of_backups(struct restore *restore, const struct backup_list *list)
{
    const struct plan *plan = &restore->plan;
    const struct backup_manifest *newest = plan->base;
    struct later_place place;
    struct disk *view;
    for (size_t i = 0; i < list->count; i++)
        if (list->manifests[i].serial > newest->serial &&
            take_is_ancestor(plan->base, &list->manifests[i]))
            newest = &list->manifests[i];
    size_t count = newest->erasure_count;
    if (count == 0 || newest->erasures[count - 1].position < plan->position)
        return OK;
    enum err err = end_of_plan(plan, &place);
    if (err == OK)
        err = view_create(plan->target, newest->files, newest->count, &view);
    if (err != OK)
        return err;
    port_progress(restore->port, "erasing", 0, 0);
    err = later_erase(view, restore->into, &place, restore->clock, restore->port,
                      &restore->result.erasures);
    view_destroy(view);
    return err;
}

static enum err erase_later(struct restore *restore, const struct backup_list *list,
                            struct disk *also)
{
    struct later_place place;
    enum err err = erase_of_backups(restore, list);
    if (err != OK || also == NULL)
        return err;
    err = end_of_plan(&restore->plan, &place);
    return err == OK ? later_erase(also, restore->into, &place, restore->clock, restore->port,
                                   &restore->result.erasures)
                     : err;
}

/* ---- is it all there
 * ------------------------------------------------------------------------------
 */
/* Sums are checked when the files are copied; what is not there, or too short, is told before a
 * plan is made of what is left. */
static enum err files_are_there(struct disk *target, const struct backup_manifest *manifest,
                                const struct backup_port *port)
{
    enum err result = OK;
    for (size_t i = 0; i < manifest->count; i++) {
        char stored[STORED_PATH_SIZE];
        struct disk_file *file;
        uint64_t bytes = 0;
        store_path(stored, manifest->files[i].stored);
        enum err err = target->open(target, stored, DISK_READ, &file);
        if (err == OK) {
            err = target->size(target, file, &bytes);
            target->close(target, file);
        }
        if (err == OK && bytes >= manifest->files[i].bytes)
            continue;
        port_tell(port, LOG_ERROR, "%s of the backup is damaged or gone", stored);
        result = ERR_CORRUPT;
    }
    return result;
}

/* ---- which backup -----------------------------------------------------------------------------
 */
static void tell_possible(struct disk *target, const struct backup_list *list,
                          const struct backup_port *port, uint64_t wanted)
{
    port_tell(port, LOG_ERROR, "position %" PRIu64 " cannot be restored; possible are:", wanted);
    for (size_t i = 0; i < list->count; i++) {
        char time[TIME_TEXT_SIZE];
        const struct backup_manifest *one = &list->manifests[i];
        uint64_t lowest = plan_lowest(target, list, i, port);
        time_format_short(one->wall_ns, time);
        if (lowest < one->position)
            port_tell(port, LOG_ERROR, "  backup %" PRIu64 ": %" PRIu64 " to %" PRIu64 " (%s)",
                      one->serial, lowest, one->position, time);
        else
            port_tell(port, LOG_ERROR, "  backup %" PRIu64 ": its end alone, %" PRIu64 " (%s)",
                      one->serial, one->position, time);
    }
}

/* The oldest backup that reaches the position and can give it: it was taken nearest to it. */
static enum err choose(struct disk *target, const struct backup_list *list,
                       const struct backup_wish *wish, const struct backup_port *port,
                       struct plan *ret_plan)
{
    enum err worst = ERR_MISSING;
    if (list->count == 0)
        return ERR_MISSING;
    for (size_t i = 0; i < list->count; i++) {
        const struct backup_manifest *one = &list->manifests[i];
        bool newest = i + 1 == list->count;
        bool fits = wish->serial != 0
                        ? one->serial == wish->serial
                        : newest || (wish->position != 0 && one->position >= wish->position);
        uint64_t wanted = wish->position != 0 ? wish->position : one->position;
        if (!fits)
            continue;
        enum err err = wanted <= one->position ? files_are_there(target, one, port) : ERR_LIMIT;
        bool whole = err == OK;
        if (whole)
            err = plan_make(target, list, i, wanted, port, ret_plan);
        if (err == OK || (err != ERR_LIMIT && err != ERR_CORRUPT))
            return err;
        if (err == ERR_LIMIT && whole)
            plan_done(ret_plan);
        worst = err;
    }
    if (worst == ERR_LIMIT)
        tell_possible(target, list, port, wish->position);
    return worst;
}

enum err backup_restore(struct disk *target, const struct backup_list *list,
                        const struct backup_wish *wish, struct disk *into, struct clock *clock,
                        const struct backup_port *port, struct backup_restored *ret_restored)
{
    struct restore restore = {.into = into, .clock = clock, .port = port};
    enum err err = choose(target, list, wish, port, &restore.plan);
    if (err != OK)
        return err;
    restore.result = (struct backup_restored){.serial = restore.plan.base->serial,
                                              .wall_ns = restore.plan.wall_ns,
                                              .sealed = restore.plan.parts.sealed};
    err = store_open(target, port, &restore.store);
    if (err == OK)
        err = restore_files(&restore);
    if (err == OK)
        err = restore_stands(&restore);
    if (err == OK)
        err = erase_later(&restore, list, wish->erasures);
    store_close(&restore.store);
    plan_done(&restore.plan);
    if (err == OK)
        *ret_restored = restore.result;
    return err;
}
