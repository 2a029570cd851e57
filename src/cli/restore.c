/* restore: a new data folder out of a backup, as of a position in time. It grows beside its place
 * and takes it at the end, so that nobody starts a server on half of it. */
#include "cli/answer.h"
#include "cli/backup_words.h"
#include "cli/terminal.h"
#include "cli/words.h"

#include "os/os.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERB "restore"
#define MARK "restore-under-way"

/* ---- the folder
 * ---------------------------------------------------------------------------------- */

/* 1: there is nothing in it, or it is not there; 0: there is something; -1: it cannot be told. */
static int folder_is_free(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return errno == ENOENT ? 1 : -1;
    int is_free = 1;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) /* one stream, one thread */
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            is_free = 0;
    closedir(folder);
    return is_free;
}

static int remove_each(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

/* What an interrupted run left beside the place; never something else. */
static bool leftover_remove(const char *path)
{
    char mark[PATH_MAX];
    int is_free = folder_is_free(path);
    if (is_free == 1)
        return rmdir(path) == 0 || errno == ENOENT;
    snprintf(mark, sizeof mark, "%s/" MARK, path);
    if (is_free < 0 || access(mark, F_OK) != 0)
        return fail(VERB, "%s is in the way", path), false;
    if (nftw(path, remove_each, 16, FTW_DEPTH | FTW_PHYS) != 0)
        return fail(VERB, "%s, of a run before, cannot be removed: %s", path, strerror(errno)),
               false;
    return true;
}

static struct disk *folder_begin(const char *to, const char *beside)
{
    struct disk *disk;
    struct disk_file *file;
    int is_free = folder_is_free(to);
    if (is_free != 1) {
        fail(VERB,
             is_free == 0 ? "%s is not empty; name a folder that is not there"
                          : "%s cannot be looked at",
             to);
        return NULL;
    }
    if (!leftover_remove(beside))
        return NULL;
    enum err err = disk_real_open(beside, true, &disk);
    if (err != OK) {
        fail(VERB, "%s cannot be made: %s", beside, err_text(err));
        return NULL;
    }
    err = disk->open(disk, MARK, DISK_WRITE | DISK_CREATE, &file);
    if (err == OK) {
        disk->close(disk, file);
        return disk;
    }
    fail(VERB, "%s cannot be written to: %s", beside, err_text(err));
    disk_real_close(disk);
    return NULL;
}

static bool folder_end(struct disk *disk, const char *beside, const char *to)
{
    enum err err = disk->remove(disk, MARK);
    if (err == OK)
        err = disk->sync_folder(disk, ".");
    disk_real_close(disk);
    if (err == OK && (rmdir(to) == 0 || errno == ENOENT) && rename(beside, to) == 0)
        return true;
    fail(VERB, "the restored data in %s cannot be moved to %s", beside, to);
    return false;
}

/* ---- the wish
 * ------------------------------------------------------------------------------------ */

/* False after printing what is wrong; *ret_code is the exit code. */
static bool wish_read(const struct words *words, struct disk *target,
                      const struct backup_list *list, struct backup_wish *wish, int *ret_code)
{
    const char *at = words_value(words, "at", 0);
    int64_t time_ns;
    *ret_code = EXIT_USAGE;
    if (!words_count(words, "position", 0, 2, UINT64_MAX, &wish->position) ||
        !words_count(words, "backup", 0, 1, UINT64_MAX, &wish->serial))
        return false;
    if (at == NULL)
        return true;
    if (wish->position != 0) {
        fail(VERB, "--at and --position together; one is enough");
        return false;
    }
    if (!time_parse(bytes_text(at), &time_ns)) {
        fail(VERB, "--at is \"%s\"; RFC 3339 is wanted, e.g. 2026-03-01T08:00:00Z", at);
        return false;
    }
    *ret_code = EXIT_FAILED;
    enum err err = backup_position_at(target, list, time_ns, &wish->position);
    if (err == OK)
        return true;
    if (err == ERR_MISSING)
        fail(VERB, "the journal begins after %s; `mainstem backup list` shows what there is", at);
    else
        fail(VERB, "the backup's journal cannot be read: %s", err_text(err));
    return false;
}

/* ---- the verb
 * ------------------------------------------------------------------------------------ */

static void restore_print(const struct backup_restored *restored, const char *to, bool json)
{
    char text[3][NUMBER_SIZE], time[TIME_TEXT_SIZE], hash[24];
    time_format_short(restored->wall_ns, time);
    snprintf(hash, sizeof hash, "%016" PRIx64, restored->state_hash);
    if (json) {
        json_t *answer =
            json_pack("{s:s,s:I,s:I,s:s,s:s,s:I,s:I,s:I,s:I}", "folder", to, "backup",
                      (json_int_t)restored->serial, "position", (json_int_t)restored->position,
                      "time", time, "state_hash", hash, "files", (json_int_t)restored->files,
                      "bytes", (json_int_t)restored->bytes, "sealed", (json_int_t)restored->sealed,
                      "erasures", (json_int_t)restored->erasures);
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(answer);
        return;
    }
    printf("%s%s%s  position %s, %s, from backup %" PRIu64 "\n", paint(PAINT_GREEN), to,
           paint(PAINT_NONE), number_group(restored->position, text[0]), time, restored->serial);
    printf("%s in %s files; state hash %s\n", number_bytes(restored->bytes, text[1]),
           number_group(restored->files, text[2]), hash);
    if (restored->erasures > 0)
        printf("%s later erasures were written into it: their samples are gone here as well\n",
               number_group(restored->erasures, text[2]));
    printf("`mainstem serve --data %s` goes on from there.\n", to);
}

static int restore_fail(const char *from, enum err err)
{
    switch (err) {
    case ERR_LIMIT:
    case ERR_INVALID:
        return EXIT_FAILED; /* told, with what is possible */
    case ERR_CORRUPT:
        return fail(VERB,
                    "nothing was restored; `mainstem backup check %s` names all that is damaged, "
                    "--backup N chooses another",
                    from);
    case ERR_MISSING:
        return fail(VERB, "there is no such backup; `mainstem backup list %s` shows them", from);
    case ERR_STOPPED:
        return fail(VERB, "stopped; nothing was restored");
    default:
        return fail(VERB, "%s cannot be restored: %s", from, err_text(err));
    }
}

static int restore_listed(const struct words *words, struct backup_words *shared,
                          struct disk *target, const struct backup_list *list,
                          struct disk *erasures)
{
    const char *from = words->arguments[0], *to = words->arguments[1];
    struct backup_wish wish = {.erasures = erasures};
    struct backup_restored restored;
    char beside[PATH_MAX];
    int code;
    size_t size = strlen(to);
    while (size > 1 && to[size - 1] == '/')
        size--;
    snprintf(beside, sizeof beside, "%.*s.partial", (int)size, to);
    if (!wish_read(words, target, list, &wish, &code))
        return code;
    struct disk *into = folder_begin(to, beside);
    if (into == NULL)
        return EXIT_FAILED;
    enum err err =
        backup_restore(target, list, &wish, into, clock_real(), &shared->port, &restored);
    progress_clear(&shared->progress);
    if (err == OK) {
        if (!folder_end(into, beside, to))
            return EXIT_FAILED;
        restore_print(&restored, to, words_flag(words, "json"));
        return EXIT_DONE;
    }
    disk_real_close(into);
    leftover_remove(beside);
    return restore_fail(from, err);
}

static int restore_run(const struct words *words)
{
    struct backup_words shared;
    struct backup_list list;
    struct disk *erasures = NULL;
    const char *later = words_value(words, "erasures-from", 0);
    backup_words_begin(&shared, VERB);
    if (later != NULL && disk_real_open(later, false, &erasures) != OK)
        return fail(VERB, "the data folder %s cannot be opened", later);
    struct disk *target = backup_target_open(&shared, words->arguments[0], false);
    int code = EXIT_FAILED;
    if (target != NULL && backup_words_list(&shared, words->arguments[0], target, &list)) {
        code = restore_listed(words, &shared, target, &list, erasures);
        backup_list_done(&list);
    }
    if (target != NULL)
        disk_real_close(target);
    if (erasures != NULL)
        disk_real_close(erasures);
    return code;
}

static const struct option restore_options[] = {
    {"at", "TIME", "as it was then, RFC 3339 (the end of the newest backup)"},
    {"position", "N", "no record from N on; batches are all or nothing"},
    {"backup", "N", "from this backup alone"},
    {"erasures-from", "DIR", "a data folder whose later erasures count here too"},
    JSON_OPTION,
};
const struct verb verb_restore = {
    .name = VERB,
    .arguments = "TARGET FOLDER",
    .summary = "Make a data folder out of a backup, as of any moment that it covers.",
    .about =
        "FOLDER must not be there, or be empty. The journal is cut behind the last batch before\n"
        "the moment asked for; parts of history that hold later samples are left out, and what\n"
        "they had of earlier ones comes from the journal. What is not possible is said with the\n"
        "positions that are. Each file's sum is checked on the way, and the result is opened as a\n"
        "server would; `mainstem check` and `mainstem replay` say the same of it.",
    .example = "  mainstem restore /mnt/backup ./mainstem-restored --at 2026-03-01T08:00:00Z\n"
               "  mainstem serve --data ./mainstem-restored",
    .options = restore_options,
    .option_count = ARRAY_COUNT(restore_options),
    .arguments_min = 2,
    .arguments_max = 2,
    .run = restore_run,
};
