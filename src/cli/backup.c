/* backup: takes a backup of a data folder, lists those of a target, checks them. */
#include "cli/answer.h"
#include "cli/backup_words.h"
#include "cli/terminal.h"
#include "cli/words.h"

#include "os/os.h"

#include <inttypes.h>
#include <string.h>

#define VERB "backup"
#define KEEP_USUAL 30

/* ---- taking one
 * ---------------------------------------------------------------------------------- */

static int take_fail(const char *folder, const char *target, enum err err)
{
    switch (err) {
    case ERR_MISSING:
        return fail(VERB, "there is no data in %s; name its folder with --data", folder);
    case ERR_STOPPED:
        return fail(VERB,
                    "stopped; the backups before are as they were, and the next run goes on with "
                    "what was copied");
    case ERR_NO_SPACE:
        return fail(VERB, "the disk of %s is full; the backups before are as they were", target);
    case ERR_CORRUPT:
        return fail(VERB,
                    "what was written to %s does not read back as it was: its disk cannot be "
                    "trusted",
                    target);
    case ERR_BUSY:
        return fail(VERB, "the data in %s changes too fast to be copied; try again", folder);
    case ERR_INVALID:
        return EXIT_FAILED; /* told */
    default:
        return fail(VERB, "%s cannot be backed up to %s: %s", folder, target, err_text(err));
    }
}

static void take_print(const struct backup_taken *taken)
{
    char text[5][NUMBER_SIZE], time[TIME_TEXT_SIZE];
    printf("%sbackup %" PRIu64 "%s  position %s, %s\n", paint(PAINT_GREEN), taken->serial,
           paint(PAINT_NONE), number_group(taken->position, text[0]),
           time_format_short(taken->wall_ns, time));
    printf("%s in %s file%s; of these %s were copied\n", number_bytes(taken->bytes, text[1]),
           number_group(taken->files, text[2]), taken->files == 1 ? "" : "s",
           number_bytes(taken->bytes_copied, text[3]));
    if (taken->backups_removed > 0)
        printf("%s older backups removed, %s\n", number_group(taken->backups_removed, text[0]),
               number_bytes(taken->bytes_removed, text[4]));
    if (taken->erased)
        printf("samples were erased since the backup before: those taken earlier are removed\n");
    if (taken->pending > 0)
        printf("%s parts still hold samples that were erased; the server is about to rewrite "
               "them: run this again later\n",
               number_group(taken->pending, text[0]));
}

static json_t *take_json(const struct backup_taken *taken)
{
    char time[TIME_TEXT_SIZE];
    return json_pack(
        "{s:I,s:I,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:I}", "backup", (json_int_t)taken->serial,
        "position", (json_int_t)taken->position, "time", time_format_short(taken->wall_ns, time),
        "files", (json_int_t)taken->files, "bytes", (json_int_t)taken->bytes, "files_copied",
        (json_int_t)taken->files_copied, "bytes_copied", (json_int_t)taken->bytes_copied,
        "files_removed", (json_int_t)taken->files_removed, "bytes_removed",
        (json_int_t)taken->bytes_removed, "backups_removed", (json_int_t)taken->backups_removed,
        "erased", taken->erased, "pending", (json_int_t)taken->pending);
}

static void json_line(json_t *answer)
{
    json_dumpf(answer, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(answer);
}

static int take_run(const struct words *words, const char *to)
{
    struct backup_words shared;
    struct backup_taken taken;
    struct disk *source, *target;
    uint64_t keep;
    const char *folder = words_folder(words);
    if (!words_count(words, "keep", KEEP_USUAL, 1, BACKUP_MANIFESTS_MAX, &keep))
        return EXIT_USAGE;
    enum err err = disk_real_open(folder, false, &source);
    if (err != OK)
        return take_fail(folder, to, err);
    backup_words_begin(&shared, VERB);
    target = backup_target_open(&shared, to, true);
    if (target == NULL) {
        disk_real_close(source);
        return EXIT_FAILED;
    }
    err = backup_take(source, target, clock_real(), (uint32_t)keep, &shared.port, &taken);
    progress_clear(&shared.progress);
    disk_real_close(target);
    disk_real_close(source);
    if (err != OK)
        return take_fail(folder, to, err);
    if (words_flag(words, "json"))
        json_line(take_json(&taken));
    else
        take_print(&taken);
    return EXIT_DONE;
}

/* ---- list
 * ---------------------------------------------------------------------------------------- */

static void list_json(const struct backup_manifest *one)
{
    char time[TIME_TEXT_SIZE], taken[TIME_TEXT_SIZE];
    json_line(json_pack("{s:I,s:I,s:s,s:s,s:I,s:I,s:I,s:I}", "backup", (json_int_t)one->serial,
                        "position", (json_int_t)one->position, "time",
                        time_format_short(one->wall_ns, time), "taken",
                        time_format_short(one->taken_ns, taken), "files", (json_int_t)one->count,
                        "bytes", (json_int_t)one->bytes, "sealed", (json_int_t)one->sealed,
                        "pending", (json_int_t)one->pending));
}

static int list_run(const struct words *words, const char *folder)
{
    struct backup_words shared;
    struct backup_list list;
    backup_words_begin(&shared, VERB);
    struct disk *target = backup_target_open(&shared, folder, false);
    if (target == NULL)
        return EXIT_FAILED;
    bool good = backup_words_list(&shared, folder, target, &list);
    bool json = words_flag(words, "json");
    struct table *table =
        good && !json ? table_create(">backup|>position|last record|>files|>size") : NULL;
    for (size_t i = 0; good && i < list.count; i++) {
        const struct backup_manifest *one = &list.manifests[i];
        char text[3][NUMBER_SIZE], time[TIME_TEXT_SIZE];
        if (json) {
            list_json(one);
            continue;
        }
        table_cell(table, "%" PRIu64, one->serial);
        table_cell(table, "%s", number_group(one->position, text[0]));
        table_cell(table, "%s", time_format_short(one->wall_ns, time));
        table_cell(table, "%s", number_group(one->count, text[1]));
        table_cell(table, "%s", number_bytes(one->bytes, text[2]));
    }
    if (table != NULL)
        table_print(table, "");
    bool damaged = good && list.damaged > 0;
    if (good)
        backup_list_done(&list);
    disk_real_close(target);
    return good && !damaged ? EXIT_DONE : EXIT_FAILED;
}

/* ---- check
 * --------------------------------------------------------------------------------------- */

/* Files that several backups share are read once each time; that is what a check is for. */
static int check_all(struct backup_words *shared, struct disk *target,
                     const struct backup_list *list, bool json)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct backup_manifest *one = &list->manifests[i];
        char text[2][NUMBER_SIZE];
        uint64_t damaged = 0;
        enum err err = backup_check(target, one, &shared->port, &damaged);
        progress_clear(&shared->progress);
        if (err != OK)
            return fail(VERB, "backup %" PRIu64 " could not be checked: %s", one->serial,
                        err == ERR_STOPPED ? "stopped" : err_text(err));
        if (json)
            json_line(json_pack("{s:I,s:I,s:I}", "backup", (json_int_t)one->serial, "files",
                                (json_int_t)one->count, "damaged", (json_int_t)damaged));
        else
            printf("backup %" PRIu64 ": %s files, %s%s%s\n", one->serial,
                   number_group(one->count, text[0]), paint(damaged ? PAINT_RED : PAINT_GREEN),
                   damaged ? number_group(damaged, text[1]) : "all whole", paint(PAINT_NONE));
        if (!json && damaged)
            printf("  of these are damaged\n");
        sum += damaged;
    }
    return sum == 0 && list->damaged == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int check_run(const struct words *words, const char *folder)
{
    struct backup_words shared;
    struct backup_list list;
    backup_words_begin(&shared, VERB);
    struct disk *target = backup_target_open(&shared, folder, false);
    if (target == NULL)
        return EXIT_FAILED;
    int code = EXIT_FAILED;
    if (backup_words_list(&shared, folder, target, &list)) {
        code = check_all(&shared, target, &list, words_flag(words, "json"));
        backup_list_done(&list);
    }
    disk_real_close(target);
    return code;
}

/* ---- the verb
 * ------------------------------------------------------------------------------------ */

static int backup_run(const struct words *words)
{
    const char *first = words->arguments[0];
    if (words->argument_count == 1)
        return take_run(words, first);
    if (strcmp(first, "list") == 0)
        return list_run(words, words->arguments[1]);
    if (strcmp(first, "check") == 0)
        return check_run(words, words->arguments[1]);
    fail(VERB, "\"%s\" is neither list nor check; `mainstem backup TARGET` takes a backup", first);
    return EXIT_USAGE;
}

static const struct option backup_options[] = {
    FOLDER_OPTION,
    {"keep", "N", "so many backups stay in the target (30)"},
    JSON_OPTION,
};
const struct verb verb_backup = {
    .name = VERB,
    .arguments = "TARGET | list TARGET | check TARGET",
    .summary = "Copy a data folder, incrementally, while its server runs or not.",
    .about =
        "What TARGET has already is not copied again: run it every hour. A backup is consistent\n"
        "at one position of the journal; `mainstem restore` goes back to it, or to any position\n"
        "or time before it that the target still covers. It is read back before it counts; a run\n"
        "that is interrupted leaves the backups before it as they were. Samples that were erased\n"
        "go from the target as well: backups taken before an erasure are removed.",
    .example = "  mainstem backup /mnt/backup --data /var/lib/mainstem\n"
               "  mainstem backup list /mnt/backup\n"
               "  mainstem backup check /mnt/backup",
    .options = backup_options,
    .option_count = ARRAY_COUNT(backup_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = backup_run,
};
