/* Taking a backup: the list of parts first, then what the journal and the snapshots folder hold,
 * then the manifest. What goes away meanwhile is met by looking again; what was copied by then is
 * found in the target. */
#include "backup/take.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSES_MAX 20
#define GAP_PASSES 3 /* a gap that is still there then is damage of the source */

/* ---- what the target has ----------------------------------------------------------------------
 */
static int known_compare(const void *a, const void *b)
{
    const struct backup_file *x = *(const struct backup_file *const *)a,
                             *y = *(const struct backup_file *const *)b;
    int order = strcmp(x->stored, y->stored);
    return order != 0 ? order : x->bytes > y->bytes ? -1 : x->bytes < y->bytes;
}

static enum err known_build(struct take *take)
{
    size_t count = 0;
    for (size_t i = 0; i < take->list.count; i++)
        count += take->list.manifests[i].count;
    take->known = malloc((count + 1) * sizeof *take->known);
    if (take->known == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < take->list.count; i++)
        for (size_t j = 0; j < take->list.manifests[i].count; j++)
            take->known[take->known_count++] = &take->list.manifests[i].files[j];
    if (count > 0)
        qsort(take->known, count, sizeof *take->known, known_compare);
    return OK;
}

/* Before anything is copied: a target is of one journal. */
static enum err check_identity(struct take *take, const uint64_t journal[2])
{
    const struct backup_manifest *one = take->list.manifests;
    if (take->list.count == 0 || memcmp(one->journal, journal, sizeof one->journal) == 0)
        return OK;
    port_tell(take->port, LOG_ERROR,
              "the target holds backups of another journal (%016" PRIx64
              "); give this one a folder of its own",
              one->journal[0]);
    return ERR_INVALID;
}

/* ---- history ----------------------------------------------------------------------------------
 */
static void history_damaged(void *arg, const struct part_damage *damage)
{
    struct take *take = arg;
    take->gaps++;
    (void)damage;
}

static enum err history_parts(struct take *take)
{
    enum err err = OK;
    for (size_t i = 0; i < take->parts.count && err == OK; i++) {
        char name[BACKUP_NAME_MAX + 1];
        const struct part_info *info = &take->parts.parts[i];
        snprintf(name, sizeof name, HISTORY_FOLDER_NAME "/%.*s", PART_NAME_SIZE - 1, info->name);
        err = take_whole(take, name, info->bytes, 0);
    }
    return err;
}

static enum err history_aside(struct take *take)
{
    struct store_names names = {.count = 0};
    enum err err = store_names_read(take->source, HISTORY_FOLDER_NAME "/damaged", &names);
    for (size_t i = 0; err == OK && i < names.count; i++) {
        char name[DISK_NAME_SIZE + 32];
        snprintf(name, sizeof name, HISTORY_FOLDER_NAME "/damaged/%s", names.at[i].name);
        if (strlen(name) <= BACKUP_NAME_MAX)
            err = take_whole(take, name, names.at[i].bytes, 0);
    }
    store_names_done(&names);
    return err;
}

/* The list as it stood, and the parts it names. */
static enum err take_history(struct take *take)
{
    static const char list_name[] = HISTORY_FOLDER_NAME "/parts.list";
    char *text, *again = NULL, rebuilt[128];
    size_t size, again_size = 0;
    enum err err = store_read_text(take->source, list_name, (uint64_t)64 << 20, &text, &size);
    if (err == ERR_MISSING) {
        take->sealed = 1;
        return OK;
    }
    if (err != OK)
        return err;
    err = parts_list_read(take->source, HISTORY_FOLDER_NAME, true, history_damaged, take,
                          &take->parts, rebuilt);
    if (err == OK) /* the list that is stored must be the one whose parts are copied */
        err = store_read_text(take->source, list_name, (uint64_t)64 << 20, &again, &again_size);
    if (err == OK && (again_size != size || memcmp(again, text, size) != 0))
        err = ERR_MISSING; /* it was replaced meanwhile: another pass */
    free(again);
    if (err == OK && take->parts.count > 0)
        err = check_identity(take, take->parts.journal);
    if (err == OK) {
        take->sealed = take->parts.sealed;
        err = take_text(take, list_name, text, size);
    }
    free(text);
    if (err == OK)
        err = history_parts(take);
    return err == OK ? history_aside(take) : err;
}

/* ---- snapshots --------------------------------------------------------------------------------
 */
static void snapshot_note(struct take *take, const char *name)
{
    uint8_t block[SNAPSHOT_HEADER_SIZE];
    struct snapshot_header header;
    struct disk_file *file;
    size_t size = 0;
    if (take->source->open(take->source, name, DISK_READ, &file) != OK)
        return;
    if (take->source->read(take->source, file, 0, block, sizeof block, &size) == OK &&
        snapshot_header_get(bytes_of(block, size), &header) == OK &&
        header.position < take->snapshot_oldest)
        take->snapshot_oldest = header.position;
    take->source->close(take->source, file);
}

static enum err take_snapshots(struct take *take)
{
    struct store_names names = {.count = 0};
    enum err err = store_names_read(take->source, SNAPSHOT_FOLDER_NAME, &names);
    take->snapshot_oldest = UINT64_MAX;
    for (size_t i = 0; err == OK && i < names.count; i++) {
        char name[DISK_NAME_SIZE + 16];
        size_t length = strlen(names.at[i].name);
        if (length < 5 || strcmp(names.at[i].name + length - 5, ".snap") != 0)
            continue;
        snprintf(name, sizeof name, SNAPSHOT_FOLDER_NAME "/%s", names.at[i].name);
        snapshot_note(take, name);
        err = take_whole(take, name, names.at[i].bytes, 0);
    }
    store_names_done(&names);
    return err;
}

/* ---- the journal ------------------------------------------------------------------------------
 */
struct segment_seen { /* of one segment */
    uint64_t number;
    uint8_t found, wanted; /* bit by enum segment_file_kind */
};

/* After an erasure, samples that parts have and that no snapshot needs any more are left out: they
 * may hold what was erased. */
static bool samples_unwanted(const struct take *take, const struct segment_header *header,
                             uint64_t last_erasure)
{
    uint64_t needed = take->sealed < take->snapshot_oldest ? take->sealed : take->snapshot_oldest;
    return take->snapshot_oldest != UINT64_MAX && header->last_position <= needed &&
           header->first_position < last_erasure;
}

static uint64_t last_erasure(const struct take *take)
{
    const struct backup_manifest *manifest = &take->manifest;
    return manifest->erasure_count > 0 ? manifest->erasures[manifest->erasure_count - 1].position
                                       : 0;
}

static enum err take_segment_file(struct take *take, const char *name, uint64_t bytes,
                                  enum segment_file_kind kind, struct segment_seen *seen)
{
    struct segment_header header = {0};
    enum err err = segment_file_header(take->source, name, &header);
    if (err == ERR_MISSING)
        return err;
    bool readable = err == OK; /* else it is copied as it is, damage and all */
    if (readable && take->manifest.journal[0] == 0 && take->manifest.journal[1] == 0) {
        memcpy(take->manifest.journal, header.journal, sizeof header.journal);
        err = check_identity(take, header.journal);
        if (err != OK)
            return err;
    }
    seen->found |= (uint8_t)(1U << kind);
    if (readable && kind != FILE_OPEN)
        seen->wanted |= (uint8_t)(header.lanes << FILE_FACTS);
    if (kind == FILE_OPEN && readable)
        return take_growing(take, name, header.epoch);
    if (kind == FILE_SAMPLES && readable && samples_unwanted(take, &header, last_erasure(take))) {
        if (seen->number > take->leave_out)
            take->leave_out = seen->number;
        return OK;
    }
    return take_whole(take, name, bytes, readable ? header.epoch : 0);
}

/* Lanes that the header names and that nobody released: still on their way, or lost. */
static void segment_judge(struct take *take, const struct segment_seen *seen)
{
    uint8_t missing = (uint8_t)(seen->wanted & ~seen->found);
    if ((seen->found & (1U << FILE_OPEN)) != 0)
        return;
    if (seen->number <= take->released.samples)
        missing &= (uint8_t) ~(1U << FILE_SAMPLES);
    if (seen->number <= take->released.messages)
        missing &= (uint8_t) ~(1U << FILE_MESSAGES);
    take->gaps += missing != 0;
}

static enum err take_released(struct take *take)
{
    static const char name[] = "journal/released";
    char *text = NULL, print[256];
    size_t size;
    take->released = (struct segments_released){0};
    enum err err = store_read_text(take->source, name, 4096, &text, &size);
    if (err == OK)
        segments_released_parse(text, &take->released);
    free(text);
    if (err != OK && err != ERR_MISSING)
        return err;
    if (take->leave_out > take->released.samples)
        take->released.samples = take->leave_out;
    if (take->released.samples == 0 && take->released.messages == 0)
        return OK;
    size = segments_released_print(&take->released, print);
    return take_text(take, name, print, size);
}

struct segments_seen {
    struct segment_seen *at;
    size_t count;
};

static enum err take_segments(struct take *take, const struct store_names *names,
                              struct segments_seen *seen)
{
    enum err err = OK;
    for (size_t i = 0; i < names->count && err == OK; i++) {
        char name[DISK_NAME_SIZE + 16], open[BACKUP_NAME_MAX + 1];
        uint64_t number, bytes;
        enum segment_file_kind kind = segment_file_parse(names->at[i].name, &number);
        if (kind == FILE_NONE)
            continue;
        segment_file_name(open, number, FILE_OPEN);
        if (kind != FILE_OPEN && store_names_find(names, open + strlen("journal/"), &bytes))
            continue; /* its lanes are only just being made */
        if (seen->count == 0 || seen->at[seen->count - 1].number != number) {
            take->gaps += seen->count > 0 && seen->at[seen->count - 1].number + 1 != number;
            seen->at[seen->count++] = (struct segment_seen){.number = number};
        }
        snprintf(name, sizeof name, "journal/%s", names->at[i].name);
        err = take_segment_file(take, name, names->at[i].bytes, kind, &seen->at[seen->count - 1]);
    }
    return err;
}

static enum err take_damaged(struct take *take)
{
    struct store_names names = {.count = 0};
    enum err err = store_names_read(take->source, "journal/damaged", &names);
    for (size_t i = 0; err == OK && i < names.count; i++) {
        char name[DISK_NAME_SIZE + 32];
        snprintf(name, sizeof name, "journal/damaged/%s", names.at[i].name);
        size_t length = strlen(name);
        if (length > BACKUP_NAME_MAX || strcmp(name + length - 4, ".tmp") == 0)
            continue;
        err = strcmp(names.at[i].name, "list") == 0 ? take_small(take, name)
                                                    : take_whole(take, name, names.at[i].bytes, 0);
    }
    store_names_done(&names);
    return err;
}

static enum err take_journal(struct take *take)
{
    struct store_names names = {.count = 0};
    enum err err = store_names_read(take->source, "journal", &names);
    if (err != OK)
        return err;
    struct segments_seen seen = {.at = calloc(names.count + 1, sizeof *seen.at)};
    err = seen.at != NULL ? take_segments(take, &names, &seen) : ERR_NO_MEMORY;
    store_names_done(&names);
    if (err == OK && seen.count == 0) {
        free(seen.at);
        port_tell(take->port, LOG_ERROR, "there is no journal to back up");
        return ERR_INVALID;
    }
    if (err == OK)
        err = take_released(take);
    for (size_t i = 0; err == OK && i < seen.count; i++)
        segment_judge(take, &seen.at[i]);
    free(seen.at);
    return err == OK ? take_damaged(take) : err;
}

/* ---- a pass -----------------------------------------------------------------------------------
 */
/* What is known of erasures stays. */
static void pass_clear(struct take *take)
{
    const struct backup_manifest erasures = {.erasure_count = take->manifest.erasure_count,
                                             .erasures = take->manifest.erasures};
    take->manifest.erasures = NULL;
    backup_manifest_done(&take->manifest);
    take->manifest = erasures;
    parts_list_done(&take->parts);
    take->parts = (struct parts_list){.count = 0};
    take->capacity = 0;
    take->gaps = 0;
    take->leave_out = 0;
    take->sealed = 1;
}

/* ---- documents --------------------------------------------------------------------------------
 */
/* A file is there before the command that names it, so that those that are there once the journal
 * was read have all that it names; but for one that went since it was begun to be read: then all is
 * looked at again. */
static enum err take_documents(struct take *take, const struct store_names *before)
{
    struct store_names names = {.count = 0};
    uint64_t bytes;
    enum err err = store_names_read(take->source, DOCUMENTS_FOLDER, &names);
    for (size_t i = 0; err == OK && i < before->count; i++) {
        bool whole = strchr(before->at[i].name, '.') == NULL; /* none that is being written */
        if (whole && !store_names_find(&names, before->at[i].name, &bytes))
            err = ERR_MISSING;
    }
    for (size_t i = 0; err == OK && i < names.count; i++) {
        char name[DISK_NAME_SIZE + 16];
        snprintf(name, sizeof name, DOCUMENTS_FOLDER "/%s", names.at[i].name);
        if (strlen(name) <= BACKUP_NAME_MAX && strchr(names.at[i].name, '.') == NULL)
            err = take_whole(take, name, names.at[i].bytes, 0);
    }
    store_names_done(&names);
    return err;
}

static enum err pass_run(struct take *take)
{
    pass_clear(take);
    struct store_names before = {.count = 0};
    enum err err = store_names_read(take->source, DOCUMENTS_FOLDER, &before);
    if (err == OK)
        err = take_history(take);
    if (err == OK)
        err = take_snapshots(take);
    if (err == OK)
        err = take_journal(take);
    if (err == OK)
        err = take_documents(take, &before);
    store_names_done(&before);
    manifest_sort(&take->manifest);
    return err;
}

/* What there is to look at, about: it goes on growing. */
static uint64_t source_bytes(struct disk *source)
{
    static const char *const folders[] = {"journal", SNAPSHOT_FOLDER_NAME, HISTORY_FOLDER_NAME,
                                          DOCUMENTS_FOLDER};
    uint64_t bytes = 0;
    for (size_t i = 0; i < ARRAY_COUNT(folders); i++) {
        struct store_names names = {.count = 0};
        if (store_names_read(source, folders[i], &names) != OK)
            continue;
        for (size_t j = 0; j < names.count; j++)
            bytes += names.at[j].bytes;
        store_names_done(&names);
    }
    return bytes;
}

static enum err passes_run(struct take *take)
{
    for (unsigned pass = 1; pass <= PASSES_MAX; pass++) {
        store_stage(&take->store, "copying", 2, source_bytes(take->source));
        enum err err = pass_run(take);
        if (err == ERR_MISSING || (err == OK && take->gaps > 0 && pass < GAP_PASSES))
            continue;
        if (err == OK && take->gaps > 0)
            port_tell(take->port, LOG_WARN,
                      "the data is damaged already: %zu files or parts that it should have are not "
                      "there; `mainstem check` names them. They are missing in the backup as well",
                      take->gaps);
        return err;
    }
    return ERR_BUSY;
}

/* ---- erasures ---------------------------------------------------------------------------------
 */
static bool part_is_pending(const struct part_info *info, const struct backup_erasure *erasure)
{
    return info->tier == PART_RAW && info->from < erasure->position &&
           info->erased_position < erasure->position && info->first_ns < erasure->to_ns &&
           info->last_ns >= erasure->from_ns;
}

static void count_pending(struct take *take)
{
    struct backup_manifest *manifest = &take->manifest;
    manifest->pending = 0;
    for (size_t i = 0; i < take->parts.count; i++) {
        bool pending = false;
        for (size_t j = 0; j < manifest->erasure_count && !pending; j++)
            pending = part_is_pending(&take->parts.parts[i], &manifest->erasures[j]);
        manifest->pending += pending;
    }
}

/* Those of the backup before hold when this one goes on where that one ended; else all are looked
 * for anew. */
static enum err find_erasures(struct take *take)
{
    struct backup_manifest *manifest = &take->manifest;
    const struct backup_manifest *before =
        take->list.count > 0 ? &take->list.manifests[take->list.count - 1] : NULL;
    uint64_t from = 0;
    enum err err = OK;
    if (before != NULL && take_is_ancestor(before, manifest)) {
        from = before->position;
        for (size_t i = 0; i < before->erasure_count && err == OK; i++)
            err = manifest_add_erasure(manifest, &before->erasures[i]);
    }
    size_t known = manifest->erasure_count;
    if (err == OK)
        err = look_erasures(take->store.target, manifest, from);
    take->erasures_new = manifest->erasure_count - known;
    return err;
}

/* What is copied when an erasure is known is less than without: once more, then. All that was
 * copied is there, so that it costs no more than looking. */
static enum err passes_with_erasures(struct take *take)
{
    enum err err = passes_run(take);
    if (err == OK)
        err = find_erasures(take);
    return err == OK && take->manifest.erasure_count > 0 ? passes_run(take) : err;
}

/* ---- the manifest -----------------------------------------------------------------------------
 */
static enum err manifest_write(struct take *take)
{
    struct disk *target = take->store.target;
    char name[MANIFEST_NAME_SIZE];
    size_t size;
    manifest_name(name, take->manifest.serial);
    char *text = manifest_print(&take->manifest, &size);
    enum err err = text != NULL ? OK : ERR_NO_MEMORY;
    static const char *const folders[] = {FILES_FOLDER "/journal/damaged",
                                          FILES_FOLDER "/history/damaged",
                                          FILES_FOLDER "/journal",
                                          FILES_FOLDER "/history",
                                          FILES_FOLDER "/snapshots",
                                          FILES_FOLDER "/documents",
                                          FILES_FOLDER,
                                          "."};
    for (size_t i = 0; i < ARRAY_COUNT(folders) && err == OK; i++) {
        err = target->sync_folder(target, folders[i]);
        if (err == ERR_MISSING)
            err = OK;
    }
    if (err == OK)
        err = store_write_text(target, name, text, size);
    if (err == OK)
        err = target->sync_folder(target, MANIFEST_FOLDER);
    if (err == OK)
        err = target->sync_folder(target, ".");
    free(text);
    return err;
}

/* Those taken before an erasure, those whose parts still held what an earlier one took, and those
 * past the number to keep. */
static bool manifest_is_over(const struct take *take, size_t at, uint32_t keep)
{
    const struct backup_manifest *one = &take->list.manifests[at];
    bool erased = take->erasures_new > 0 && one->position <= last_erasure(take);
    bool clean = one->pending > 0 && take->manifest.pending == 0;
    bool many = keep > 0 && take->list.count - at >= keep;
    return erased || clean || many;
}

/* The list becomes what stays, with the new one last. */
static enum err manifests_remove(struct take *take, uint32_t keep)
{
    struct disk *target = take->store.target;
    size_t kept = 0;
    enum err err = OK;
    for (size_t i = 0; i < take->list.count; i++) {
        struct backup_manifest *one = &take->list.manifests[i];
        char name[MANIFEST_NAME_SIZE];
        manifest_name(name, one->serial);
        if (err == OK && manifest_is_over(take, i, keep)) {
            err = target->remove(target, name);
            take->taken.backups_removed += err == OK;
            if (err == OK) {
                backup_manifest_done(one);
                continue;
            }
        }
        struct backup_manifest moved = *one;
        *one = (struct backup_manifest){.serial = 0};
        take->list.manifests[kept++] = moved;
    }
    take->list.count = kept;
    return err == OK ? target->sync_folder(target, MANIFEST_FOLDER) : err;
}

static enum err take_end(struct take *take, uint32_t keep)
{
    struct backup_manifest *manifest = &take->manifest;
    uint64_t newest = take->list.count > 0 ? take->list.manifests[take->list.count - 1].serial : 0;
    manifest->serial = newest + 1;
    manifest->sealed = take->sealed;
    manifest->taken_ns = take->clock->wall_ns(take->clock);
    enum err err = look_end(take->store.target, manifest, &manifest->position, &manifest->wall_ns);
    count_pending(take);
    if (err == OK)
        err = manifest_write(take);
    if (err != OK)
        return err;
    take->taken.serial = manifest->serial;
    take->taken.position = manifest->position;
    take->taken.wall_ns = manifest->wall_ns;
    take->taken.files = manifest->count;
    take->taken.bytes = manifest->bytes;
    take->taken.erased = take->erasures_new > 0;
    take->taken.pending = manifest->pending;
    if (take->list.damaged > 0) {
        port_tell(take->port, LOG_WARN,
                  "nothing is removed from the target while a manifest in it cannot be read");
        return OK;
    }
    err = manifests_remove(take, keep);
    if (err == OK) {
        take->list.manifests[take->list.count++] = *manifest; /* there is room for one more */
        *manifest = (struct backup_manifest){.serial = 0};
        err = store_sweep(&take->store, &take->list, &take->taken.files_removed,
                          &take->taken.bytes_removed);
    }
    return err;
}

enum err backup_take(struct disk *source, struct disk *target, struct clock *clock, uint32_t keep,
                     const struct backup_port *port, struct backup_taken *ret_taken)
{
    struct take take = {.source = source, .clock = clock, .port = port};
    enum err err = store_open(target, port, &take.store);
    if (err == OK)
        err = backup_list_read(target, port, &take.list);
    if (err == OK)
        err = known_build(&take);
    if (err == OK)
        err = passes_with_erasures(&take);
    if (err == OK)
        err = take_end(&take, keep);
    if (err == OK)
        *ret_taken = take.taken;
    backup_manifest_done(&take.manifest);
    parts_list_done(&take.parts);
    backup_list_done(&take.list);
    free(take.known);
    store_close(&take.store);
    return err;
}
