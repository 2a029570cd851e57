/* Which files make a tree as of a position.
 *
 * Needed are: the facts before it, all of them; a snapshot at or before it, and every sample from
 * the snapshot on (or, without one, every sample); and of history each sample once, in a part that
 * holds nothing later, or in the journal. A part was sealed or merged of positions [from, to): it
 * may be taken when to <= position. So a boundary is looked for, as high as possible and not above
 * the position, that no part spans: the parts below it are taken, and what lies above is fed from
 * the journal when the server starts, as after a crash.
 *
 *        parts    |--------|-----|==========|          == spans the position: not taken
 *        journal        .......................        . samples are there
 *                                |    ^ position
 *                             boundary: sealed up to here */
#include "backup/plan.h"

#include "backup/view.h"
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

/* ---- all the files ----------------------------------------------------------------------------
 */
static bool starts_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* A file that an older backup has and the base has no more: does it still say something? */
static bool file_is_of_use(const struct backup_manifest *base, const struct backup_file *file)
{
    char name[BACKUP_NAME_MAX + 1];
    uint64_t number;
    if (backup_manifest_find(base, file->name) != NULL)
        return false;
    if (starts_with(file->name, SNAPSHOT_FOLDER_NAME "/"))
        return true;
    if (starts_with(file->name, DOCUMENTS_FOLDER "/"))
        return true; /* it was removed since, and at the position it may have been there; what is
                        not needed goes when the restored folder is opened */
    if (starts_with(file->name, HISTORY_FOLDER_NAME "/") && strstr(file->name, ".part") != NULL)
        return true;
    if (!starts_with(file->name, "journal/"))
        return false;
    enum segment_file_kind kind = segment_file_parse(file->name + strlen("journal/"), &number);
    if (kind != FILE_SAMPLES && kind != FILE_MESSAGES)
        return false;
    segment_file_name(name, number, FILE_FACTS);
    return backup_manifest_find(base, name) != NULL;
}

static enum err all_add(struct plan *plan, const struct backup_manifest *one, size_t *capacity)
{
    enum err err = OK;
    size_t sorted = plan->all.count;
    for (size_t i = 0; i < one->count && err == OK; i++) {
        const struct backup_manifest so_far = {.count = sorted, .files = plan->all.files};
        if ((one == plan->base || file_is_of_use(plan->base, &one->files[i])) &&
            backup_manifest_find(&so_far, one->files[i].name) == NULL)
            err = manifest_add(&plan->all, &one->files[i], capacity);
    }
    manifest_sort(&plan->all);
    return err;
}

/* Newest first, so that the newest copy of a name counts. */
static enum err all_gather(struct plan *plan, const struct backup_list *list)
{
    size_t capacity = 0;
    enum err err = all_add(plan, plan->base, &capacity);
    for (size_t i = list->count; i-- > 0 && err == OK;) {
        const struct backup_manifest *one = &list->manifests[i];
        if (one != plan->base && one->serial < plan->base->serial &&
            take_is_ancestor(one, plan->base))
            err = all_add(plan, one, &capacity);
    }
    return err;
}

/* ---- where the journal is cut -----------------------------------------------------------------
 */
struct segments_walk {
    struct plan *plan;
    uint64_t first_position; /* of the segment that holds the cut */
};

static void walk_segment(void *arg, const char *file, const struct segment_header *header,
                         uint64_t bytes, enum err header_err)
{
    struct segments_walk *walk = arg;
    struct plan *plan = walk->plan;
    (void)file, (void)bytes;
    if (header_err != OK || header->first_position >= plan->wanted ||
        header->number < plan->cut_segment)
        return;
    plan->cut_segment = header->number;
    plan->wall_ns = header->wall_ns; /* until a batch says more */
    walk->first_position = header->first_position;
}

/* The lanes that hold something of a batch. */
static uint8_t body_lanes(struct bytes body)
{
    size_t offset = 0;
    enum lane lane;
    uint32_t records, ordinal;
    struct bytes run;
    uint8_t lanes = 0;
    while (batch_next_run(body, &offset, &lane, &records, &ordinal, &run) == OK)
        lanes |= (uint8_t)(1U << (lane - 1));
    return lanes;
}

static enum err cut_find(struct plan *plan, struct journal *journal)
{
    struct segments_walk walk = {.plan = plan};
    struct journal_cursor *cursor;
    struct journal_batch batch;
    enum err err = journal_segments(journal, walk_segment, &walk);
    if (err == OK && plan->cut_segment == 0)
        err = ERR_LIMIT;
    plan->position = walk.first_position;
    plan->cut = true;
    if (err == OK)
        err = journal_cursor_open(journal, walk.first_position, &cursor);
    if (err != OK)
        return err;
    while ((err = journal_cursor_next(cursor, &batch)) == OK) {
        if (batch.segment < plan->cut_segment)
            continue;
        if (batch.segment > plan->cut_segment) { /* all of it is wanted */
            plan->cut = false;
            break;
        }
        if (batch.header.position + batch.header.records > plan->wanted)
            break;
        plan->position = batch.header.position + batch.header.records;
        plan->wall_ns = batch.header.wall_ns;
        plan->cut_lanes |= body_lanes(batch.body);
    }
    journal_cursor_close(cursor);
    if (err == ERR_MISSING) {
        plan->cut = false;
        err = OK;
    }
    if (err == OK && plan->cut && plan->position == walk.first_position) {
        plan->cut_segment--; /* nothing of it is wanted */
        plan->cut = false;
    }
    return err == OK && plan->position <= 1 ? ERR_LIMIT : err;
}

/* ---- which samples the journal has no more ----------------------------------------------------
 */
static void missing_segment(void *arg, const char *file, const struct segment_header *header,
                            uint64_t bytes, enum err header_err)
{
    struct plan *plan = arg;
    char samples[BACKUP_NAME_MAX + 1];
    (void)file, (void)bytes;
    if (header_err != OK || header->kind == SEGMENT_OPEN ||
        (header->lanes & (1U << (LANE_SAMPLES - 1))) == 0 ||
        header->first_position >= plan->position)
        return;
    segment_file_name(samples, header->number, FILE_SAMPLES);
    if (backup_manifest_find(&plan->all, samples) == NULL &&
        header->last_position > plan->missing_to)
        plan->missing_to = header->last_position;
}

/* ---- snapshots --------------------------------------------------------------------------------
 */
static enum err snapshot_position(struct plan *plan, const char *name, uint64_t *ret_position)
{
    uint8_t block[SNAPSHOT_HEADER_SIZE];
    struct snapshot_header header;
    struct disk_file *file;
    size_t size = 0;
    enum err err = plan->view->open(plan->view, name, DISK_READ, &file);
    if (err != OK)
        return err;
    err = plan->view->read(plan->view, file, 0, block, sizeof block, &size);
    plan->view->close(plan->view, file);
    if (err == OK)
        err = snapshot_header_get(bytes_of(block, size), &header);
    if (err == OK)
        *ret_position = header.position;
    return err;
}

/* Those after the position go; what is left may serve when the journal has all samples from there
 * on. */
static void snapshots_choose(struct plan *plan)
{
    size_t kept = 0;
    for (size_t i = 0; i < plan->all.count; i++) {
        struct backup_file file = plan->all.files[i];
        uint64_t position = 0;
        bool snapshot = starts_with(file.name, SNAPSHOT_FOLDER_NAME "/");
        if (snapshot &&
            (snapshot_position(plan, file.name, &position) != OK || position > plan->position))
            continue;
        if (position > plan->snapshot)
            plan->snapshot = position;
        plan->all.files[kept++] = file;
    }
    plan->all.count = kept;
}

/* ---- parts ------------------------------------------------------------------------------------
 */
/* As high as may be, with no part across it. */
static uint64_t boundary_find(const struct parts_list *list, uint64_t most)
{
    uint64_t boundary = list->sealed < most ? list->sealed : most;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < list->count; i++) {
            const struct part_info *part = &list->parts[i];
            if (part->from < boundary && part->to > boundary) {
                boundary = part->from;
                moved = true;
            }
        }
    }
    return boundary > 1 ? boundary : 1;
}

static void parts_cut(struct parts_list *list, uint64_t boundary)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->parts[i].to <= boundary)
            list->parts[kept++] = list->parts[i];
    list->count = kept;
    list->sealed = boundary;
}

/* The list of one backup, cut to what lies below the position. */
static enum err parts_of(const struct plan *plan, const struct backup_manifest *one,
                         struct parts_list *ret_list)
{
    struct disk *view;
    char rebuilt[128];
    *ret_list = (struct parts_list){.sealed = 1};
    if (backup_manifest_find(one, HISTORY_FOLDER_NAME "/parts.list") == NULL)
        return OK;
    enum err err = view_create(plan->target, one->files, one->count, &view);
    if (err != OK)
        return err;
    err = parts_list_read(view, HISTORY_FOLDER_NAME, true, NULL, NULL, ret_list, rebuilt);
    view_destroy(view);
    if (err == OK)
        parts_cut(ret_list, boundary_find(ret_list, plan->position));
    return err;
}

/* Of the base and of the backups it goes on from, the list that reaches farthest. */
static enum err parts_choose(struct plan *plan, const struct backup_list *list)
{
    enum err err = parts_of(plan, plan->base, &plan->parts);
    for (size_t i = list->count; i-- > 0 && err == OK;) {
        const struct backup_manifest *one = &list->manifests[i];
        struct parts_list other;
        if (one->serial >= plan->base->serial || plan->parts.sealed == plan->position ||
            !take_is_ancestor(one, plan->base))
            continue;
        err = parts_of(plan, one, &other);
        if (err != OK)
            break;
        if (other.sealed > plan->parts.sealed) {
            uint64_t serial = plan->parts.serial > other.serial ? plan->parts.serial : other.serial;
            parts_list_done(&plan->parts);
            plan->parts = other;
            plan->parts.serial = serial;
        } else {
            parts_list_done(&other);
        }
    }
    return err;
}

/* ---- the plan ---------------------------------------------------------------------------------
 */
static enum err plan_journal(struct plan *plan)
{
    const struct journal_config config = {.disk = plan->view, .read_only = true};
    struct journal *journal;
    enum err err = journal_open(&config, &journal);
    if (err != OK)
        return err;
    err = cut_find(plan, journal);
    if (err == OK)
        err = journal_segments(journal, missing_segment, plan);
    journal_close(journal);
    return err;
}

static bool plan_is_possible(const struct plan *plan)
{
    bool state = plan->missing_to == 0 || plan->snapshot >= plan->missing_to;
    return state && plan->parts.sealed >= plan->missing_to;
}

enum err plan_make(struct disk *target, const struct backup_list *list, size_t base,
                   uint64_t wanted, const struct backup_port *port, struct plan *ret_plan)
{
    struct plan plan = {
        .target = target, .port = port, .base = &list->manifests[base], .wanted = wanted};
    enum err err = all_gather(&plan, list);
    if (err == OK)
        err = view_create(target, plan.all.files, plan.all.count, &plan.view);
    if (err == OK)
        err = plan_journal(&plan);
    if (err == OK) {
        snapshots_choose(&plan);
        err = parts_choose(&plan, list);
    }
    view_destroy(plan.view);
    plan.view = NULL;
    if (err == OK) /* what the choice left */
        err = view_create(target, plan.all.files, plan.all.count, &plan.view);
    *ret_plan = plan;
    if (err == OK && !plan_is_possible(&plan))
        err = ERR_LIMIT;
    if (err != OK && err != ERR_LIMIT)
        plan_done(ret_plan);
    return err;
}

void plan_done(struct plan *plan)
{
    view_destroy(plan->view);
    plan->view = NULL;
    backup_manifest_done(&plan->all);
    parts_list_done(&plan->parts);
    plan->parts = (struct parts_list){.count = 0};
}

/* ---- what would be possible -------------------------------------------------------------------
 */
static uint64_t snapshot_lowest(struct plan *plan)
{
    uint64_t lowest = UINT64_MAX, position;
    if (plan->missing_to == 0)
        return 0;
    for (size_t i = 0; i < plan->all.count; i++)
        if (starts_with(plan->all.files[i].name, SNAPSHOT_FOLDER_NAME "/") &&
            snapshot_position(plan, plan->all.files[i].name, &position) == OK &&
            position >= plan->missing_to && position < lowest)
            lowest = position;
    return lowest;
}

static uint64_t boundary_lowest(const struct plan *plan)
{
    uint64_t lowest = plan->parts.sealed;
    if (plan->missing_to == 0)
        return 0;
    for (size_t i = 0; i < plan->parts.count; i++) {
        uint64_t to = plan->parts.parts[i].to;
        if (to >= plan->missing_to && to < lowest && boundary_find(&plan->parts, to) == to)
            lowest = to;
    }
    return lowest;
}

uint64_t plan_lowest(struct disk *target, const struct backup_list *list, size_t base,
                     const struct backup_port *port)
{
    struct plan plan;
    uint64_t end = list->manifests[base].position;
    enum err err = plan_make(target, list, base, end, port, &plan);
    if (err != OK && err != ERR_LIMIT)
        return end;
    uint64_t snapshot = snapshot_lowest(&plan), boundary = boundary_lowest(&plan);
    plan_done(&plan);
    uint64_t lowest = snapshot > boundary ? snapshot : boundary;
    lowest = lowest > 2 ? lowest : 2;
    return lowest < end ? lowest : end;
}
