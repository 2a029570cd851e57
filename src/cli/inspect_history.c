/* inspect history: the parts of the history, or one of them chunk by chunk. */
#include "cli/inspect.h"

#include "cli/answer.h"
#include "cli/history_words.h"
#include "cli/terminal.h"

#include "os/os.h"
#include "parts/parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VERB "inspect"

/* ---- all parts
 * ---------------------------------------------------------------------------------------------- */

static void list_print_row(struct table *table, const struct part_info *info)
{
    char text[5][NUMBER_SIZE], first[TIME_TEXT_SIZE] = "-", last[TIME_TEXT_SIZE] = "-";
    if (info->first_ns <= info->last_ns) {
        time_format(info->first_ns, first);
        time_format(info->last_ns, last);
    }
    table_cell(table, "%s", info->name);
    table_cell(table, "%" PRIu32, info->level);
    table_cell(table, "%s", number_group(info->owners, text[0]));
    table_cell(table, "%s", number_group(info->chunks, text[1]));
    table_cell(table, "%s", number_group(info->values, text[2]));
    table_cell(table, "%s", number_bytes(info->bytes, text[3]));
    table_cell(table, "%.2f",
               info->values > 0 ? (double)info->bytes / (double)info->values : (double)0);
    table_cell(table, "%s", number_bytes(info->index_bytes, text[4]));
    table_cell(table, "%s", first);
    table_cell(table, "%s", last);
}

static void list_print_tiers(const struct parts_list *list)
{
    char text[3][NUMBER_SIZE];
    putchar('\n');
    for (enum part_tier tier = PART_RAW; tier < PART_TIERS; tier++) {
        uint64_t parts = 0, bytes = 0, values = 0;
        for (size_t i = 0; i < list->count; i++) {
            if (list->parts[i].tier != tier)
                continue;
            parts++;
            bytes += list->parts[i].bytes;
            values += list->parts[i].values;
        }
        if (parts == 0)
            continue;
        printf("%-7s %s part%s, %s, %s values", history_tier_name(tier),
               number_group(parts, text[0]), parts == 1 ? "" : "s", number_bytes(bytes, text[1]),
               number_group(values, text[2]));
        if (values > 0)
            printf(", %.2f bytes a value", (double)bytes / (double)values);
        putchar('\n');
    }
}

static void list_print(const struct history_look *look, const char *folder)
{
    char text[NUMBER_SIZE];
    const struct parts_list *list = &look->list;
    printf("%shistory of%s %s\n", paint(PAINT_DIM), paint(PAINT_NONE), folder);
    printf("%ssealed%s     records before %s\n", paint(PAINT_DIM), paint(PAINT_NONE),
           number_group(list->sealed, text));
    if (look->rebuilt[0] != 0)
        printf("%s%s%s\n", paint(PAINT_RED), look->rebuilt, paint(PAINT_NONE));
    putchar('\n');
    struct table *table = table_create(
        "part|>level|>owners|>chunks|>values|>size|>bytes/value|>index|first sample|last sample");
    for (size_t i = 0; i < list->count; i++)
        list_print_row(table, &list->parts[i]);
    table_print(table, "");
    list_print_tiers(list);
    history_print_damage(look->damage, NULL, NULL);
}

static int inspect_list(const struct words *words)
{
    const char *folder = words_folder(words);
    struct disk *disk;
    struct history_look look;
    enum err err = disk_real_open(folder, false, &disk);
    if (err != OK)
        return fail(VERB, "the folder %s cannot be opened: %s", folder, err_text(err));
    err = history_look(disk, &look);
    if (err != OK) {
        disk_real_close(disk);
        return fail(VERB, "the history in %s cannot be read: %s", folder, err_text(err));
    }
    size_t damage = json_array_size(look.damage);
    if (words_flag(words, "json")) {
        json_t *parts = json_array();
        for (size_t i = 0; i < look.list.count; i++)
            json_array_append_new(parts, history_part_json(&look.list.parts[i]));
        json_t *answer =
            json_pack("{s:I, s:I, s:s, s:o, s:O}", "sealed", (json_int_t)look.list.sealed, "serial",
                      (json_int_t)look.list.serial, "rebuilt", look.rebuilt, "parts", parts,
                      "damage", look.damage);
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(answer);
    } else {
        list_print(&look, folder);
    }
    history_look_done(&look);
    disk_real_close(disk);
    return damage == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* ---- one part
 * -----------------------------------------------------------------------------------------------
 */

struct part_shape { /* of its chunks */
    uint64_t chunks, bytes, samples;
    uint32_t bytes_least, bytes_most, samples_least, samples_most;
};

static void part_count(struct part_shape *shape, const struct part_entry *entry)
{
    if (shape->chunks++ == 0) {
        shape->bytes_least = entry->size;
        shape->samples_least = entry->samples;
    }
    shape->bytes += entry->size;
    shape->samples += entry->samples;
    shape->bytes_least = entry->size < shape->bytes_least ? entry->size : shape->bytes_least;
    shape->bytes_most = entry->size > shape->bytes_most ? entry->size : shape->bytes_most;
    shape->samples_least =
        entry->samples < shape->samples_least ? entry->samples : shape->samples_least;
    shape->samples_most =
        entry->samples > shape->samples_most ? entry->samples : shape->samples_most;
}

static void part_print_entry(const struct part_entry *entry)
{
    char first[TIME_TEXT_SIZE], last[TIME_TEXT_SIZE];
    printf("%12" PRIu64 "  %8" PRIu32 "  %6" PRIu32 "  %8" PRIu32 "  %s  %s\n", entry->offset,
           entry->size, entry->samples, entry->owner, time_format(entry->first_ns, first),
           time_format(entry->last_ns, last));
}

static json_t *part_entry_json(const struct part_entry *entry)
{
    char first[TIME_TEXT_SIZE], last[TIME_TEXT_SIZE];
    return json_pack("{s:I, s:I, s:I, s:I, s:s, s:s}", "owner", (json_int_t)entry->owner, "offset",
                     (json_int_t)entry->offset, "bytes", (json_int_t)entry->size, "samples",
                     (json_int_t)entry->samples, "first", time_format(entry->first_ns, first),
                     "last", time_format(entry->last_ns, last));
}

static void part_print(const char *path, const struct part_info *info)
{
    char text[4][NUMBER_SIZE], first[TIME_TEXT_SIZE], last[TIME_TEXT_SIZE];
    printf("%s%s%s\n", paint(PAINT_BOLD), path, paint(PAINT_NONE));
    printf("tier       %s, level %" PRIu32 ", serial %" PRIu64 "\n", history_tier_name(info->tier),
           info->level, info->serial);
    printf("records    %s to %s (not included)\n", number_group(info->from, text[0]),
           number_group(info->to, text[1]));
    printf("erased     what was erased before record %s\n",
           number_group(info->erased_position, text[0]));
    printf("written    %s\n", time_format(info->wall_ns, first));
    printf("journal    %016" PRIx64 "%016" PRIx64 "\n", info->journal[0], info->journal[1]);
    if (info->first_ns <= info->last_ns)
        printf("samples    %s to %s\n", time_format(info->first_ns, first),
               time_format(info->last_ns, last));
    printf("holds      %s chunks of %s %s, %s times, %s values\n",
           number_group(info->chunks, text[0]), number_group(info->owners, text[1]),
           info->tier == PART_RAW ? "rows" : "points", number_group(info->samples, text[2]),
           number_group(info->values, text[3]));
    printf("size       %s", number_bytes(info->bytes, text[0]));
    if (info->values > 0)
        printf(", %.2f bytes a value", (double)info->bytes / (double)info->values);
    if (info->chunks > 0)
        printf("; index %.2f bytes a chunk", (double)info->index_bytes / (double)info->chunks);
    putchar('\n');
}

static void part_print_shape(const struct part_shape *shape)
{
    if (shape->chunks == 0)
        return;
    printf("chunks     %" PRIu32 " to %" PRIu32 " bytes, %.0f on average; %" PRIu32 " to %" PRIu32
           " times, %.1f on average\n",
           shape->bytes_least, shape->bytes_most, (double)shape->bytes / (double)shape->chunks,
           shape->samples_least, shape->samples_most,
           (double)shape->samples / (double)shape->chunks);
}

/* Walks over the index: prints, or gives, each chunk when all are wanted. */
static enum err part_walk(struct part *part, bool print, json_t *chunks, json_t *damage,
                          struct part_shape *shape)
{
    struct part_cursor *cursor;
    struct part_entry entry;
    enum err err = part_cursor_create(part, history_damage_add, damage, &cursor);
    if (err != OK)
        return err;
    if (print)
        printf("\n%12s  %8s  %6s  %8s  %-24s  %s\n", "offset", "bytes", "times",
               part_info(part)->tier == PART_RAW ? "row" : "point", "first", "last");
    while ((err = part_cursor_next(cursor, &entry)) == OK) {
        part_count(shape, &entry);
        if (print)
            part_print_entry(&entry);
        if (chunks != NULL)
            json_array_append_new(chunks, part_entry_json(&entry));
    }
    part_cursor_destroy(cursor);
    return err == ERR_MISSING ? OK : err;
}

static int inspect_open_part(const struct words *words, const char *path, struct part *part)
{
    struct part_shape shape = {0};
    bool json = words_flag(words, "json"), all = words_flag(words, "records");
    json_t *damage = json_array(), *chunks = json && all ? json_array() : NULL;
    if (!json)
        part_print(path, part_info(part));
    enum err err = part_walk(part, !json && all, chunks, damage, &shape);
    int code = err == OK && json_array_size(damage) == 0 ? EXIT_DONE : EXIT_FAILED;
    if (err != OK)
        fail(VERB, "%s cannot be read to its end: %s", path, err_text(err));
    else if (json) {
        json_t *answer = history_part_json(part_info(part));
        json_object_set(answer, "damage", damage);
        if (chunks != NULL)
            json_object_set(answer, "chunk_list", chunks);
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(answer);
    } else {
        if (all)
            putchar('\n');
        part_print_shape(&shape);
        history_print_damage(damage, NULL, NULL);
    }
    json_decref(damage);
    json_decref(chunks);
    return code;
}

static int inspect_part(const struct words *words)
{
    char path[4096];
    struct disk *disk;
    struct part *part;
    inspect_path(words, "history", path);
    char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (strlen(name) == 0 || strlen(name) >= PART_NAME_SIZE)
        return fail(VERB, "%s: that is no name of a part", path);
    if (slash != NULL)
        *slash = 0;
    enum err err = disk_real_open(slash == NULL ? "." : slash == path ? "/" : path, false, &disk);
    if (slash != NULL)
        *slash = '/';
    if (err != OK)
        return fail(VERB, "%s: %s", path, err_text(err));
    err = part_open(disk, ".", name, &part);
    int code = EXIT_FAILED;
    if (err == ERR_CORRUPT)
        fail(VERB,
             "%s: header, footer or top of the index is damaged; `mainstem check --repair` saves "
             "what is whole",
             path);
    else if (err != OK)
        fail(VERB, "%s: %s", path, err_text(err));
    else {
        code = inspect_open_part(words, path, part);
        part_release(part);
    }
    disk_real_close(disk);
    return code;
}

int inspect_history(const struct words *words)
{
    return words->argument_count == 1 ? inspect_list(words) : inspect_part(words);
}
