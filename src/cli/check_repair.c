/* check --repair: the history's damaged parts are replaced by new ones that hold all that is whole
 * of them; files that were set aside are gone through chunk by chunk. The damaged files end in
 * "repaired/", which nothing reads: the bytes are there for who wants to look, and may be removed.
 */
#include "cli/check_history.h"
#include "cli/terminal.h"

#include <inttypes.h>
#include <string.h>

#define VERB "check"
#define FOLDER HISTORY_FOLDER_NAME
#define ASIDE FOLDER "/damaged"
#define REPAIRED FOLDER "/repaired"

struct repair {
    struct disk *disk;
    struct parts_list list;
    size_t done; /* things that were repaired */
    FILE *out;
};

static void repair_tell(void *arg, const struct part_damage *damage)
{
    const struct repair *repair = arg;
    fprintf(repair->out, "%s: %s (byte %" PRIu64 ", %" PRIu64 " bytes)\n", damage->file,
            damage->why, damage->offset, damage->bytes);
}

static bool repair_failed(const char *file, enum err err)
{
    fail(VERB, "%s cannot be repaired: %s", file, err_text(err));
    return false;
}

/* Moves a file out of the history's way. */
static enum err repair_put_away(struct repair *repair, const char *from, const char *name)
{
    struct disk *disk = repair->disk;
    char to[DISK_NAME_SIZE];
    snprintf(to, sizeof to, REPAIRED "/%s", name);
    enum err err = disk->make_folder(disk, REPAIRED);
    if (err == OK)
        err = disk->rename(disk, from, to);
    if (err == OK)
        err = disk->sync_folder(disk, REPAIRED);
    if (err == OK)
        err = disk->sync_folder(disk, FOLDER);
    return err;
}

/* ---- parts of the list -------------------------------------------------------------------------
 */
static enum err repair_write(struct repair *repair, struct part *part, size_t at)
{
    struct part_info old = *part_info(part), info;
    char path[DISK_NAME_SIZE];
    enum err err = part_repair(part, repair->list.serial + 1, &info);
    if (err != OK)
        return err;
    repair->list.serial++;
    repair->list.parts[at] = info;
    err = parts_list_write(repair->disk, FOLDER, &repair->list);
    if (err != OK)
        return err;
    snprintf(path, sizeof path, FOLDER "/%s", old.name);
    fprintf(repair->out, "%s: %" PRIu64 " of %" PRIu64 " chunks are whole, they are in %s now\n",
            old.name, info.chunks, old.chunks, info.name);
    repair->done++;
    return repair_put_away(repair, path, old.name);
}

static bool repair_parts(struct repair *repair)
{
    for (size_t i = 0; i < repair->list.count; i++) {
        struct part *part;
        char name[PART_NAME_SIZE];
        memcpy(name, repair->list.parts[i].name, sizeof name);
        enum err err = part_open(repair->disk, FOLDER, name, &part);
        if (err != OK)
            return repair_failed(name, err);
        if (part_check(part, repair_tell, repair) > 0)
            err = repair_write(repair, part, i);
        part_release(part);
        if (err != OK)
            return repair_failed(name, err);
    }
    return true;
}

/* ---- files that were set aside -----------------------------------------------------------------
 */
struct aside {
    struct repair *repair;
    bool failed;
};

/* A part more in the list, which has room for one more. */
static enum err repair_add(struct repair *repair, const struct part_info *info)
{
    struct parts_list *list = &repair->list;
    struct part_info *parts = reallocarray(list->parts, list->count + 1, sizeof *parts);
    if (parts == NULL)
        return ERR_NO_MEMORY;
    list->parts = parts;
    list->parts[list->count++] = *info;
    list->serial = info->serial > list->serial ? info->serial : list->serial;
    return parts_list_write(repair->disk, FOLDER, list);
}

static void aside_salvage(void *arg, const char *name, uint64_t size)
{
    struct aside *aside = arg;
    struct repair *repair = aside->repair;
    struct part_info info;
    char path[DISK_NAME_SIZE];
    size_t length = strlen(name);
    bool part = length > 5 && length < PART_NAME_SIZE && strcmp(name + length - 5, ".part") == 0;
    if (aside->failed || (!part && strcmp(name, "parts.list") != 0))
        return;
    snprintf(path, sizeof path, "damaged/%s", name);
    enum err err = ERR_CORRUPT;
    if (part && size > 0)
        err = part_salvage(repair->disk, FOLDER, path, repair->list.journal,
                           repair->list.serial + 1, &info);
    if (err == OK) {
        err = repair_add(repair, &info);
        if (err == OK)
            fprintf(repair->out, "%s: %" PRIu64 " chunks are whole, they are in %s now\n", name,
                    info.chunks, info.name);
    } else if (err == ERR_CORRUPT) {
        if (part)
            fprintf(repair->out, "%s: nothing of it is left\n", name);
        err = OK;
    }
    snprintf(path, sizeof path, ASIDE "/%s", name);
    if (err == OK)
        err = repair_put_away(repair, path, name);
    repair->done++;
    if (err != OK)
        aside->failed = !repair_failed(name, err);
}

static bool repair_aside(struct repair *repair)
{
    struct aside aside = {.repair = repair};
    enum err err = repair->disk->list(repair->disk, ASIDE, aside_salvage, &aside);
    if (err != OK && err != ERR_MISSING)
        return repair_failed(ASIDE, err);
    if (err == OK && !aside.failed)
        (void)!repair->disk->sync_folder(repair->disk, ASIDE);
    return !aside.failed;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */
static bool repair_run(struct repair *repair, const char *folder)
{
    char rebuilt[128];
    enum err err =
        parts_list_read(repair->disk, FOLDER, false, repair_tell, repair, &repair->list, rebuilt);
    if (err != OK) {
        fail(VERB, "the history in %s cannot be read: %s", folder, err_text(err));
        return false;
    }
    if (rebuilt[0] != 0)
        fprintf(repair->out, "history: %s\n", rebuilt);
    repair->done += rebuilt[0] != 0;
    bool good = repair_parts(repair) && repair_aside(repair);
    if (good && repair->done == 0)
        fprintf(repair->out, "history: there is nothing to repair\n");
    else if (good)
        fprintf(repair->out,
                "history: repaired; what was damaged lies in %s/" REPAIRED " and may be removed\n",
                folder);
    parts_list_done(&repair->list);
    return good;
}

bool check_repair(const char *folder, FILE *out)
{
    struct repair repair = {.out = out};
    int pid = 0;
    enum err err = disk_real_open(folder, false, &repair.disk);
    if (err != OK) {
        fail(VERB, "the folder %s cannot be opened: %s", folder, err_text(err));
        return false;
    }
    bool good = false;
    err = disk_real_lock(repair.disk, &pid);
    if (err == ERR_LOCKED)
        fail(VERB, "a server (process %d) works on %s; stop it first", pid, folder);
    else if (err != OK)
        fail(VERB, "the folder %s cannot be locked: %s", folder, err_text(err));
    else
        good = repair_run(&repair, folder);
    disk_real_close(repair.disk);
    return good;
}
