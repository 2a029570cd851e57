/* check: is all of it there? Every segment, snapshot and part of the history is read from its first
 * to its last byte, offline and, but for --repair, read-only; damage is named, and what can be
 * rebuilt from where. */
#include "cli/answer.h"
#include "cli/check_history.h"
#include "cli/snapshot_file.h"
#include "cli/terminal.h"
#include "cli/words.h"

#include "client/client.h"
#include "os/os.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VERB "check"
#define LOSERS_MAX 100000 /* rows that lost samples; more are only counted */
#define LOSERS_SHOWN 20
#define LOSERS_NAMED 8 /* points of a row */

struct segment_count {
    uint64_t segment, batches, records, holes;
};
struct loser { /* a row of points that lost samples */
    uint32_t row, first_point;
    uint16_t count;
    uint64_t times; /* how often records were missing or could not be decoded */
};
struct checker {
    const char *folder;
    bool json;
    struct readback_house house;
    struct readback_result result;
    struct readback_paths *paths;
    size_t segment_count, segment_capacity;
    struct segment_count *segments;
    size_t loser_count;
    struct loser *losers;
    uint64_t losers_more; /* records of rows past LOSERS_MAX */
    uint32_t *loser_at;   /* by row */
    size_t loser_at_capacity;
    json_t *snapshots;
    uint64_t snapshot_position; /* of the newest whole one */
    uint64_t snapshots_damaged;
    struct table *table;
    json_t *files;
    uint64_t files_damaged;
    struct check_history history;
};

/* ---- the walk
 * -------------------------------------------------------------------------------------------- */

static void check_batch(void *arg, const struct journal_batch *batch)
{
    struct checker *checker = arg;
    struct segment_count *last =
        checker->segment_count > 0 ? &checker->segments[checker->segment_count - 1] : NULL;
    if (last == NULL || last->segment != batch->segment) {
        if (checker->segment_count == checker->segment_capacity) {
            checker->segment_capacity =
                checker->segment_capacity == 0 ? 64 : checker->segment_capacity * 2;
            checker->segments =
                realloc(checker->segments, checker->segment_capacity * sizeof *checker->segments);
            check(checker->segments != NULL);
        }
        last = &checker->segments[checker->segment_count++];
        *last = (struct segment_count){.segment = batch->segment};
    }
    last->batches++;
    last->records += batch->header.records;
    last->holes += batch->hole_records > 0;
}

static void check_fact(void *arg, uint64_t segment, const struct fact *fact)
{
    struct checker *checker = arg;
    (void)segment;
    check(readback_paths_take(checker->paths, fact) == OK);
    check_history_take(&checker->history, fact);
}

/* Where the row stands among the losers, plus one; 0: not yet. Rows count up from 1. */
static uint32_t *check_loser_at(struct checker *checker, uint32_t row)
{
    if (row >= checker->loser_at_capacity) {
        size_t capacity = checker->loser_at_capacity == 0 ? 1024 : checker->loser_at_capacity;
        while (capacity <= row)
            capacity *= 2;
        checker->loser_at = realloc(checker->loser_at, capacity * sizeof *checker->loser_at);
        check(checker->loser_at != NULL);
        memset(checker->loser_at + checker->loser_at_capacity, 0,
               (capacity - checker->loser_at_capacity) * sizeof *checker->loser_at);
        checker->loser_at_capacity = capacity;
    }
    return &checker->loser_at[row];
}

static void check_sample(void *arg, const struct row_shape *shape, const struct sample_row *sample)
{
    struct checker *checker = arg;
    if (!sample->undecodable && !sample->predecessor_lost)
        return;
    uint32_t *at = check_loser_at(checker, sample->row);
    if (*at == 0 && checker->loser_count == LOSERS_MAX) {
        checker->losers_more++;
        return;
    }
    if (checker->losers == NULL)
        checker->losers = calloc(LOSERS_MAX, sizeof *checker->losers);
    check(checker->losers != NULL);
    if (*at == 0) {
        *at = (uint32_t)++checker->loser_count;
        checker->losers[*at - 1].row = sample->row;
    }
    struct loser *loser = &checker->losers[*at - 1];
    loser->times++;
    if (loser->count == 0) {
        loser->first_point = shape->first_point;
        loser->count = shape->count;
    }
}

static void check_tell(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    if (level <= LOG_WARN)
        fprintf(stderr, "mainstem check: %s\n", text);
}

/* ---- segments
 * --------------------------------------------------------------------------------------------- */

static const struct segment_count *check_count_of(const struct checker *checker, uint64_t segment)
{
    for (size_t i = 0; i < checker->segment_count; i++)
        if (checker->segments[i].segment == segment)
            return &checker->segments[i];
    return NULL;
}

static uint64_t check_damage_of(const struct checker *checker, uint64_t segment)
{
    uint64_t count = 0;
    for (size_t i = 0; i < journal_damage_count(checker->house.journal); i++)
        count += journal_damage_at(checker->house.journal, i)->segment == segment;
    return count;
}

static void check_segment(void *arg, const char *file, const struct segment_header *header,
                          uint64_t bytes, enum err header_err)
{
    struct checker *checker = arg;
    static const struct segment_count none;
    if (header_err == ERR_MISSING)
        return; /* a server squeezed it since the folder was listed: it was read as it was before */
    const struct segment_count *count =
        header_err == OK ? check_count_of(checker, header->number) : NULL;
    if (count == NULL)
        count = &none;
    uint64_t damage = header_err == OK ? check_damage_of(checker, header->number) : 1;
    char verdict[64], text[4][NUMBER_SIZE];
    if (header_err != OK)
        snprintf(verdict, sizeof verdict, "%s", err_text(header_err));
    else if (damage > 0)
        snprintf(verdict, sizeof verdict, "damaged: %" PRIu64 " piece%s", damage,
                 damage == 1 ? "" : "s");
    else
        snprintf(verdict, sizeof verdict, "whole");
    checker->files_damaged += damage > 0;
    if (checker->json) {
        json_array_append_new(checker->files,
                              json_pack("{s:s, s:I, s:I, s:I, s:I, s:s}", "file", file, "bytes",
                                        (json_int_t)bytes, "batches", (json_int_t)count->batches,
                                        "records", (json_int_t)count->records, "damage",
                                        (json_int_t)damage, "verdict", verdict));
        return;
    }
    table_cell(checker->table, "%s", file);
    table_cell(checker->table, "%s", number_bytes(bytes, text[0]));
    table_cell(checker->table, "%s", number_group(count->batches, text[1]));
    table_cell(checker->table, "%s", number_group(count->records, text[2]));
    table_paint(checker->table, damage > 0 ? PAINT_RED : PAINT_GREEN);
    table_cell(checker->table, "%s", verdict);
}

/* ---- snapshots
 * ------------------------------------------------------------------------------------------- */

static void check_snapshot(void *arg, const char *name, uint64_t size)
{
    struct checker *checker = arg;
    char path[4096];
    struct snapshot_file file;
    size_t length = strlen(name);
    (void)size;
    if (length < 5 || strcmp(name + length - 5, ".snap") != 0)
        return;
    snprintf(path, sizeof path, "%s/snapshots/%s", checker->folder, name);
    enum err err = snapshot_file_read(path, &file);
    if (err != OK)
        snprintf(file.fault, sizeof file.fault, "%s", err_text(err));
    bool whole = file.fault[0] == 0;
    if (whole && file.header.position > checker->snapshot_position)
        checker->snapshot_position = file.header.position;
    checker->snapshots_damaged += !whole;
    json_array_append_new(checker->snapshots,
                          json_pack("{s:s, s:I, s:I, s:I, s:b, s:s}", "file", name, "position",
                                    (json_int_t)file.header.position, "bytes",
                                    (json_int_t)file.bytes, "pages", (json_int_t)file.pages,
                                    "whole", whole, "fault", file.fault));
}

static void check_print_snapshots(const struct checker *checker)
{
    size_t at;
    json_t *snapshot;
    char text[2][NUMBER_SIZE];
    if (json_array_size(checker->snapshots) == 0)
        return;
    struct table *table = table_create("snapshot|>size|>next record|verdict");
    json_array_foreach(checker->snapshots, at, snapshot)
    {
        bool whole = answer_is(snapshot, "whole");
        table_cell(table, "%s", answer_text(snapshot, "file"));
        table_cell(table, "%s", number_bytes(answer_count(snapshot, "bytes"), text[0]));
        table_cell(table, "%s", number_group(answer_count(snapshot, "position"), text[1]));
        table_paint(table, whole ? PAINT_GREEN : PAINT_RED);
        table_cell(table, "%s", whole ? "whole" : answer_text(snapshot, "fault"));
    }
    putchar('\n');
    table_print(table, "");
}

/* ---- damage
 * -------------------------------------------------------------------------------------------------
 */

static json_t *check_damage_json(const struct checker *checker)
{
    json_t *array = json_array();
    for (size_t i = 0; i < journal_damage_count(checker->house.journal); i++) {
        const struct journal_damage *damage = journal_damage_at(checker->house.journal, i);
        char before[TIME_TEXT_SIZE] = "", after[TIME_TEXT_SIZE] = "";
        if (damage->wall_before_ns != 0)
            time_format(damage->wall_before_ns, before);
        if (damage->wall_after_ns != 0)
            time_format(damage->wall_after_ns, after);
        json_array_append_new(
            array,
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:s}", "segment",
                      (json_int_t)damage->segment, "offset", (json_int_t)damage->offset, "bytes",
                      (json_int_t)damage->bytes, "first_position",
                      (json_int_t)damage->first_position, "records", (json_int_t)damage->records,
                      "before", before, "after", after, "why", damage->why, "file", damage->file));
    }
    return array;
}

static void check_print_damage(const json_t *pieces)
{
    size_t at;
    json_t *piece;
    char text[4][NUMBER_SIZE];
    json_array_foreach((json_t *)(uintptr_t)pieces, at, piece)
    {
        uint64_t first = answer_count(piece, "first_position"),
                 records = answer_count(piece, "records");
        printf("\n%sdamage%s in segment %s at byte %s, %s: %s\n", paint(PAINT_RED),
               paint(PAINT_NONE), number_group(answer_count(piece, "segment"), text[0]),
               number_group(answer_count(piece, "offset"), text[1]),
               number_bytes(answer_count(piece, "bytes"), text[2]), answer_text(piece, "why"));
        if (records > 0)
            printf("  records %s to %s are lost\n", number_group(first, text[0]),
                   number_group(first + records - 1, text[1]));
        else if (first > 0)
            printf("  records from position %s on are lost; how many is not known\n",
                   number_group(first, text[0]));
        const char *before = answer_text(piece, "before"), *after = answer_text(piece, "after");
        if (*before != 0 || *after != 0)
            printf("  they came between %s and %s\n", *before != 0 ? before : "the begin",
                   *after != 0 ? after : "the end");
        if (*answer_text(piece, "file") != 0)
            printf("  the bytes are set aside in %s\n", answer_text(piece, "file"));
    }
}

/* The points of a row, as far as they are known. */
static json_t *check_loser_json(const struct checker *checker, const struct loser *loser)
{
    json_t *points = json_array();
    for (uint32_t i = 0; i < loser->count; i++) {
        struct bytes path = readback_paths_find(checker->paths, loser->first_point + i);
        if (path.size > 0)
            json_array_append_new(points, json_stringn((const char *)path.at, path.size));
    }
    return json_pack("{s:I, s:I, s:o}", "row", (json_int_t)loser->row, "times",
                     (json_int_t)loser->times, "points", points);
}

static json_t *check_losers_json(const struct checker *checker, size_t most)
{
    json_t *array = json_array();
    for (size_t i = 0; i < checker->loser_count && i < most; i++)
        json_array_append_new(array, check_loser_json(checker, &checker->losers[i]));
    return array;
}

/* Points that come in one message lose together: of a wide row the first ones stand for it. */
static void check_print_loser(const json_t *loser)
{
    const json_t *points = json_object_get(loser, "points");
    size_t count = json_array_size(points);
    if (count == 0)
        printf("  row %" PRIu64 " (its points are not named in what is left)\n",
               answer_count(loser, "row"));
    for (size_t i = 0; i < count && i < LOSERS_NAMED; i++)
        printf("  %s\n", json_string_value(json_array_get(points, i)));
    if (count > LOSERS_NAMED)
        printf("    %sand %zu more points that come with it%s\n", paint(PAINT_DIM),
               count - LOSERS_NAMED, paint(PAINT_NONE));
}

static void check_print_losers(const struct checker *checker)
{
    if (checker->loser_count == 0)
        return;
    json_t *losers = check_losers_json(checker, LOSERS_SHOWN);
    size_t at;
    json_t *loser;
    printf("\nPoints that lost samples:\n");
    json_array_foreach(losers, at, loser) check_print_loser(loser);
    json_decref(losers);
    if (checker->loser_count > LOSERS_SHOWN)
        printf("  and those of %s%zu more rows; --json lists them\n",
               checker->losers_more > 0 ? "at least " : "", checker->loser_count - LOSERS_SHOWN);
}

/* ---- the verdict
 * --------------------------------------------------------------------------------------------- */

static void check_print_rebuild(const struct checker *checker)
{
    char text[2][NUMBER_SIZE];
    const struct readback_result *result = &checker->result;
    printf("\nWhat can be rebuilt from where:\n");
    if (checker->snapshot_position > 0)
        printf("  live values, points, settings: snapshot at record %s, then %s records of the "
               "journal\n",
               number_group(checker->snapshot_position, text[0]),
               number_group(result->end_position > checker->snapshot_position
                                ? result->end_position - checker->snapshot_position
                                : 0,
                            text[1]));
    printf("  without a snapshot: records %s to %s of the journal%s\n",
           number_group(result->first_position, text[0]),
           number_group(result->end_position > 0 ? result->end_position - 1 : 0, text[1]),
           result->hole_records > 0 ? ", except those named above" : "");
    printf("  the journal itself: from nothing else; it is the one thing to back up\n");
}

static bool check_is_damaged(const struct checker *checker)
{
    return journal_damage_count(checker->house.journal) > 0 || checker->files_damaged > 0 ||
           checker->snapshots_damaged > 0 || checker->loser_count > 0 ||
           checker->result.undecodable > 0 || check_history_is_damaged(&checker->history);
}

static void check_print(struct checker *checker)
{
    char text[4][NUMBER_SIZE];
    table_print(checker->table, "");
    check_print_snapshots(checker);
    json_t *pieces = check_damage_json(checker);
    check_print_damage(pieces);
    json_decref(pieces);
    check_print_losers(checker);
    check_history_print(&checker->history);
    printf("\n%s facts, %s sample records with %s values and %s records of messages were "
           "decoded.\n",
           number_group(checker->result.facts, text[0]),
           number_group(checker->result.samples, text[1]),
           number_group(checker->result.values, text[2]),
           number_group(checker->result.messages, text[3]));
    check_print_rebuild(checker);
    bool damaged = check_is_damaged(checker);
    printf("\n%s%s%s\n", paint(damaged ? PAINT_RED : PAINT_GREEN), damaged ? "damaged" : "whole",
           paint(PAINT_NONE));
}

static void check_print_json(struct checker *checker)
{
    json_t *answer = json_pack(
        "{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:O, s:o, s:o, s:o}", "whole",
        !check_is_damaged(checker), "first_position", (json_int_t)checker->result.first_position,
        "end_position", (json_int_t)checker->result.end_position, "facts",
        (json_int_t)checker->result.facts, "samples", (json_int_t)checker->result.samples, "values",
        (json_int_t)checker->result.values, "messages", (json_int_t)checker->result.messages,
        "undecodable", (json_int_t)checker->result.undecodable, "segments", checker->files,
        "snapshots", checker->snapshots, "damage", check_damage_json(checker), "lost",
        check_losers_json(checker, LOSERS_MAX), "history", check_history_json(&checker->history));
    json_dumpf(answer, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(answer);
}

static enum err check_all(struct checker *checker)
{
    struct readback_calls calls = {
        .batch = check_batch, .fact = check_fact, .sample = check_sample, .arg = checker};
    enum err err = readback_walk_journal(checker->house.journal, 0, 0, &calls, &checker->result);
    if (err == OK)
        err = journal_segments(checker->house.journal, check_segment, checker);
    struct disk *disk = checker->house.disk;
    enum err listed = disk->list(disk, "snapshots", check_snapshot, checker);
    if (err == OK && listed != ERR_MISSING)
        err = listed;
    return err == OK ? check_history_run(&checker->history, disk) : err;
}

static void check_note_server(const struct checker *checker)
{
    struct control *control;
    if (control_open(checker->folder, &control) != OK)
        return;
    control_close(control);
    fprintf(stderr, "mainstem check: a server works on %s: this is what is there at the moment\n",
            checker->folder);
}

static int check_run(const struct words *words)
{
    static struct checker checker;
    checker.folder = words_folder(words);
    checker.json = words_flag(words, "json");
    if (words_flag(words, "repair") &&
        !check_repair(checker.folder, checker.json ? stderr : stdout))
        return EXIT_FAILED;
    enum err err = readback_open(checker.folder, check_tell, NULL, &checker.house);
    if (err == ERR_MISSING)
        return fail(VERB, "there is no journal in %s; name its folder with --data", checker.folder);
    if (err != OK)
        return fail(VERB, "the journal in %s cannot be opened: %s", checker.folder, err_text(err));
    check_note_server(&checker);
    checker.table = table_create("file|>size|>batches|>records|verdict");
    checker.files = json_array();
    checker.snapshots = json_array();
    int code = EXIT_FAILED;
    err = readback_paths_create(&checker.paths);
    checker.history.paths = checker.paths;
    if (err == OK)
        err = check_all(&checker);
    if (err != OK)
        fail(VERB, "%s cannot be read to the end: %s", checker.folder, err_text(err));
    else {
        code = check_is_damaged(&checker) ? EXIT_FAILED : EXIT_DONE;
        if (checker.json) {
            table_destroy(checker.table);
            check_print_json(&checker);
        } else {
            check_print(&checker);
        }
    }
    check_history_done(&checker.history);
    readback_paths_destroy(checker.paths);
    readback_close(&checker.house);
    json_decref(checker.files);
    json_decref(checker.snapshots);
    free(checker.segments);
    free(checker.losers);
    free(checker.loser_at);
    return code;
}

static const struct option check_options[] = {
    FOLDER_OPTION,
    {"repair", NULL, "first put what is whole of damaged parts of the history into new ones"},
    JSON_OPTION,
};
const struct verb verb_check = {
    .name = VERB,
    .arguments = "",
    .summary = "Read everything on the disk and name what is damaged; offline, read-only.",
    .about =
        "Reads each segment of the journal, each snapshot and each part of the history whole,\n"
        "checks every sum, decodes every record and every chunk. What is damaged is named:\n"
        "positions, times, and the points that lost samples (their records are counted, so a\n"
        "missing one shows). Ends with what can be rebuilt from where. Exit code 0: whole;\n"
        "1: damage. Nothing is changed, and a server may go on working on the folder.\n"
        "\n"
        "With --repair, which needs the server stopped: of parts of the history that are damaged\n"
        "or were set aside, all chunks that are whole go into new parts; the damaged files end in\n"
        "history/repaired, where nothing reads them. The journal repairs itself at each start.",
    .example = "  mainstem check --data ./mainstem-data",
    .options = check_options,
    .option_count = ARRAY_COUNT(check_options),
    .run = check_run,
};
