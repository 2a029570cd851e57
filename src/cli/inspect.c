/* inspect: looks into what lies on the disk, offline and read-only. */
#include "cli/inspect.h"

#include "cli/answer.h"
#include "cli/snapshot_file.h"
#include "cli/terminal.h"

#include "client/client.h"
#include "os/os.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define VERB "inspect"

const char *segment_kind_name(uint8_t kind)
{
    return kind == SEGMENT_OPEN       ? "open"
           : kind == SEGMENT_FACTS    ? "facts"
           : kind == SEGMENT_SAMPLES  ? "samples"
           : kind == SEGMENT_MESSAGES ? "messages"
                                      : "unknown";
}

void inspect_path(const struct words *words, const char *inside, char *path)
{
    snprintf(path, 4096, "%s", words->arguments[1]);
    if (access(path, F_OK) != 0 && strchr(path, '/') == NULL)
        snprintf(path, 4096, "%s/%s/%s", words_folder(words), inside, words->arguments[1]);
}

/* ---- journal
 * ---------------------------------------------------------------------------------------------- */

struct journal_list {
    struct table *table;
    json_t *array; /* NULL: a table is wanted */
};

static void list_segment(void *arg, const char *file, const struct segment_header *header,
                         uint64_t bytes, enum err header_err)
{
    struct journal_list *list = arg;
    char time[TIME_TEXT_SIZE] = "", text[NUMBER_SIZE], first[NUMBER_SIZE];
    bool known = header_err == OK;
    if (known)
        time_format(header->wall_ns, time);
    if (list->array != NULL) {
        json_array_append_new(
            list->array,
            json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:s}", "file", file, "kind",
                      known ? segment_kind_name(header->kind) : "unknown", "number",
                      (json_int_t)(known ? header->number : 0), "first_position",
                      (json_int_t)(known ? header->first_position : 0), "bytes", (json_int_t)bytes,
                      "begun", time, "header", err_text(header_err)));
        return;
    }
    if (!known)
        table_paint(list->table, PAINT_RED);
    table_cell(list->table, "%s", file);
    table_cell(list->table, "%s", known ? segment_kind_name(header->kind) : err_text(header_err));
    table_cell(list->table, "%s", known ? number_group(header->first_position, first) : "-");
    table_cell(list->table, "%s", number_bytes(bytes, text));
    table_cell(list->table, "%s", time);
}

static void journal_print_tell(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    if (level <= LOG_WARN)
        fprintf(stderr, "mainstem inspect: %s\n", text);
}

static void journal_print_state(const struct journal_state *state, const char *folder)
{
    char text[NUMBER_SIZE], more[NUMBER_SIZE];
    printf("%sjournal of%s %s\n", paint(PAINT_DIM), paint(PAINT_NONE), folder);
    printf("%srecords%s    %s to %s (the next one)\n", paint(PAINT_DIM), paint(PAINT_NONE),
           number_group(state->first_position, text), number_group(state->durable_position, more));
    printf("%sfiles%s      %s, %s\n\n", paint(PAINT_DIM), paint(PAINT_NONE),
           number_group(state->segments, text), number_bytes(state->bytes, more));
}

static void journal_count_batch(void *arg, const struct journal_batch *batch)
{
    uint64_t *end = arg;
    *end = batch->header.position + batch->header.records;
}

int inspect_journal(const struct words *words)
{
    const char *folder = words_folder(words);
    struct readback_house house;
    enum err err = readback_open(folder, journal_print_tell, NULL, &house);
    if (err == ERR_MISSING)
        return fail(VERB, "there is no journal in %s; name its folder with --data", folder);
    if (err != OK)
        return fail(VERB, "the journal in %s cannot be read: %s", folder, err_text(err));
    bool json = words_flag(words, "json");
    struct journal_state state;
    struct readback_result result = {0};
    uint64_t end = 0;
    struct readback_calls calls = {.batch = journal_count_batch, .arg = &end};
    journal_describe(house.journal, &state);
    err = readback_walk_journal(house.journal, 0, 0, &calls, &result);
    if (end > state.durable_position)
        state.durable_position = end;
    if (result.batches > 0)
        state.first_position = result.first_position;
    struct journal_list list = {.table = json ? NULL
                                              : table_create("file|kind|>first record|>size|begun"),
                                .array = json ? json_array() : NULL};
    if (err == OK)
        err = journal_segments(house.journal, list_segment, &list);
    if (json) {
        json_t *answer = json_pack(
            "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "first_position",
            (json_int_t)state.first_position, "durable_position",
            (json_int_t)state.durable_position, "batches", (json_int_t)result.batches, "facts",
            (json_int_t)result.facts, "samples", (json_int_t)result.samples, "values",
            (json_int_t)result.values, "messages", (json_int_t)result.messages, "damage",
            (json_int_t)journal_damage_count(house.journal), "segments", list.array);
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(answer);
    } else {
        char text[6][NUMBER_SIZE];
        journal_print_state(&state, folder);
        table_print(list.table, "");
        printf("\n%s batches hold %s facts, %s sample records of %s values and %s records of "
               "messages; %s damaged pieces\n",
               number_group(result.batches, text[0]), number_group(result.facts, text[1]),
               number_group(result.samples, text[2]), number_group(result.values, text[3]),
               number_group(result.messages, text[4]),
               number_group(journal_damage_count(house.journal), text[5]));
    }
    readback_close(&house);
    if (err != OK)
        return fail(VERB, "the journal in %s cannot be read to its end: %s", folder, err_text(err));
    return EXIT_DONE;
}

/* ---- snapshots
 * ---------------------------------------------------------------------------------------------- */

static void snapshot_print(const char *path, const struct snapshot_file *file)
{
    char text[NUMBER_SIZE], time[TIME_TEXT_SIZE];
    printf("%s%s%s\n", paint(PAINT_BOLD), path, paint(PAINT_NONE));
    printf("next record  %s\n", number_group(file->header.position, text));
    printf("segment      %" PRIu64 "\n", file->header.segment_number);
    printf("taken at     %s (wall time of the last batch)\n",
           time_format(file->header.wall_ns, time));
    printf("format       %u, reducer %u\n", file->header.version, file->header.reducer_version);
    printf("journal      %016" PRIx64 "%016" PRIx64 "\n", file->header.journal[0],
           file->header.journal[1]);
    printf("size         %s, %" PRIu64 " pages\n", number_bytes(file->bytes, text), file->pages);
    for (size_t i = 0; i < SNAPSHOT_TABLES_MAX; i++)
        if (file->table_pages[i] > 0)
            printf("  table %-4zu %" PRIu64 " pages\n", i, file->table_pages[i]);
    bool whole = file->fault[0] == 0;
    printf("%s%s%s\n", paint(whole ? PAINT_GREEN : PAINT_RED), whole ? "whole" : file->fault,
           paint(PAINT_NONE));
}

int inspect_snapshot(const struct words *words)
{
    char path[4096], hash[24];
    struct snapshot_file file;
    inspect_path(words, "snapshots", path);
    enum err err = snapshot_file_read(path, &file);
    if (err != OK)
        return fail(VERB, "%s: %s", path, err_text(err));
    if (words_flag(words, "json")) {
        snprintf(hash, sizeof hash, "%016" PRIx64, file.state_hash);
        json_t *answer = json_pack("{s:s, s:I, s:I, s:I, s:I, s:s, s:b, s:s}", "file", path,
                                   "position", (json_int_t)file.header.position, "segment",
                                   (json_int_t)file.header.segment_number, "bytes",
                                   (json_int_t)file.bytes, "pages", (json_int_t)file.pages, "hash",
                                   hash, "whole", file.fault[0] == 0, "fault", file.fault);
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(answer);
    } else {
        snapshot_print(path, &file);
    }
    return file.fault[0] == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* ---- the verb
 * -------------------------------------------------------------------------------------------------
 */

static int inspect_run(const struct words *words)
{
    static const struct {
        const char *name, *rest;
        size_t least, most; /* arguments */
        int (*run)(const struct words *words);
    } things[] = {{"journal", "", 1, 1, inspect_journal},
                  {"segment", " FILE", 2, 2, inspect_segment},
                  {"snapshot", " FILE", 2, 2, inspect_snapshot},
                  {"history", " [PART]", 1, 2, inspect_history}};
    for (size_t i = 0; i < ARRAY_COUNT(things); i++) {
        if (strcmp(words->arguments[0], things[i].name) != 0)
            continue;
        if (words->argument_count >= things[i].least && words->argument_count <= things[i].most)
            return things[i].run(words);
        fail(VERB, "usage: mainstem inspect %s%s [options]", things[i].name, things[i].rest);
        return EXIT_USAGE;
    }
    fail(
        VERB,
        "\"%s\" cannot be inspected; allowed: journal, segment FILE, snapshot FILE, history [PART]",
        words->arguments[0]);
    return EXIT_USAGE;
}

static const struct option inspect_options[] = {
    FOLDER_OPTION,
    {"records", NULL, "segment: print every record, not only the batches; history: every chunk"},
    JSON_OPTION,
};
const struct verb verb_inspect = {
    .name = VERB,
    .arguments = "journal | segment FILE | snapshot FILE | history [PART]",
    .summary = "Look into the journal, a segment, a snapshot, or the history; offline, read-only.",
    .about =
        "FILE and PART are paths, or names in the folder `journal`, `snapshots` or `history` of\n"
        "the data. Without PART: all parts of the history, with their bytes a value. Works while\n"
        "a server runs on the folder, too: then it reads what is durable at that moment.",
    .example = "  mainstem inspect journal --data ./mainstem-demo\n"
               "  mainstem inspect segment 0000000001.open --data ./mainstem-demo --records | head",
    .options = inspect_options,
    .option_count = ARRAY_COUNT(inspect_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = inspect_run,
};
