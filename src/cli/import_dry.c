/* The dry run: the first rows as they would be taken, the points they would make, and of what type;
 * nothing is sent but questions. */
#include "cli/import.h"

#include "cli/answer.h"
#include "cli/http_words.h"
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>

#define VERB "import"
#define ROWS_LOOKED_AT 10000
#define SAMPLES_SHOWN 20
#define POINTS_MAX 2000
#define POINTS_SHOWN 200

struct dry_point {
    uint64_t hash;
    char *path;
    uint64_t samples;
    bool number, whole, boolean, text, none; /* what was found */
    int64_t first_ns, last_ns;
};
struct dry {
    struct import *import;
    struct dry_point *points;
    size_t count;
    uint64_t more, rows, samples, missing, refused;
};

static struct dry_point *dry_find(struct dry *dry, const struct import_sample *sample)
{
    for (size_t i = dry->count; i-- > 0;)
        if (dry->points[i].hash == sample->hash)
            return &dry->points[i];
    if (dry->count == POINTS_MAX)
        return NULL;
    struct dry_point *point = &dry->points[dry->count++];
    *point = (struct dry_point){.hash = sample->hash,
                                .path = strndup((const char *)sample->path.at, sample->path.size),
                                .first_ns = INT64_MAX};
    return point;
}

static void dry_note(struct dry_point *point, const struct import_sample *sample)
{
    uint8_t first = sample->value.at[0];
    point->samples++;
    point->none |= first == 'n';
    point->boolean |= first == 't' || first == 'f';
    point->text |= first == '"';
    point->number |= first == '-' || (first >= '0' && first <= '9');
    point->first_ns = sample->time_ns < point->first_ns ? sample->time_ns : point->first_ns;
    point->last_ns = sample->time_ns > point->last_ns ? sample->time_ns : point->last_ns;
}

static bool dry_sample(void *arg, const struct import_sample *sample)
{
    struct dry *dry = arg;
    struct dry_point *point = dry_find(dry, sample);
    if (dry->samples++ < SAMPLES_SHOWN) {
        char time[TIME_TEXT_SIZE];
        printf("  %s  %.*s = %.*s\n", time_format_short(sample->time_ns, time),
               (int)sample->path.size, (const char *)sample->path.at,
               sample->value.size < 80 ? (int)sample->value.size : 80,
               (const char *)sample->value.at);
    }
    if (point != NULL)
        dry_note(point, sample);
    else
        dry->more++;
    return true;
}

/* ---- reading ----------------------------------------------------------------------------------
 */
static void dry_refuse(struct dry *dry, uint64_t line, const char *why)
{
    if (dry->refused++ < 20)
        fail(VERB, "%s, line %llu: would be refused: %s", dry->import->name,
             (unsigned long long)line, why);
}

/* False: it cannot be read. */
static bool dry_read(struct dry *dry, struct csv_reader *reader, struct import_rows **rows)
{
    struct import *import = dry->import;
    char fault[256];
    for (bool over = false; dry->rows < ROWS_LOOKED_AT && !stop_wanted();) {
        struct csv_record record;
        struct bytes piece;
        enum csv_step step = csv_next(reader, &record);
        if (step == CSV_STEP_MORE && over)
            break;
        if (step == CSV_STEP_MORE) {
            enum err err = import_input_next(import->input, &piece);
            if (err != OK)
                return fail(VERB, "%s cannot be read: %s", import->name, err_text(err)), false;
            over = piece.size == 0;
            if (over)
                csv_end(reader);
            else
                csv_feed(reader, piece);
            continue;
        }
        if (step == CSV_STEP_FAULT)
            dry_refuse(dry, record.line, csv_fault_text(record.fault));
        else if (*rows == NULL && !import_rows_create(&import->rows, &record, fault, rows))
            return fail(VERB, "%s: %s", import->name, fault), false;
        else if (dry->rows++ > 0 && !import_rows_take(*rows, &record, dry->rows - 2, &dry->missing,
                                                      dry_sample, dry, fault))
            dry_refuse(dry, record.line, fault);
    }
    dry->rows -= dry->rows > 0;
    return true;
}

/* ---- telling ----------------------------------------------------------------------------------
 */
static const char *dry_type(const struct dry_point *point)
{
    int kinds = point->number + point->boolean + point->text;
    return kinds > 1        ? "mixed: some will be refused"
           : point->number  ? "float64"
           : point->boolean ? "bool"
           : point->text    ? "string"
                            : "no value";
}

/* Is the point there already? "?" when nobody answers. */
static const char *dry_there(struct http_line *line, const char *path, bool *asks)
{
    struct http_url url;
    struct http_client_answer answer;
    http_url_start(&url, "/v1/points");
    http_url_path(&url, path);
    const struct http_client_question question = {.method = "GET", .target = http_url_text(&url)};
    if (!*asks || question.target == NULL)
        return "?";
    if (http_client_ask(line->client, &question, &answer) != OK) {
        *asks = false;
        fail(VERB, "nobody listens at %s: which points are there already is not known",
             line->address);
        return "?";
    }
    const char *there = answer.status == 200 ? answer_text(answer.json, "type") : "new";
    static char type[16];
    snprintf(type, sizeof type, "%s", there);
    json_decref(answer.json);
    return type;
}

static void dry_print_points(struct dry *dry)
{
    struct http_line line;
    bool asks = http_line_open(dry->import->words, HTTP_WAIT_MS, &line), opened = asks;
    struct table *table = table_create("point|type found|>samples|first|last|on the server");
    for (size_t i = 0; i < dry->count && i < POINTS_SHOWN; i++) {
        const struct dry_point *point = &dry->points[i];
        char text[NUMBER_SIZE], time[2][TIME_TEXT_SIZE];
        table_cell(table, "%s", point->path != NULL ? point->path : "");
        table_cell(table, "%s", dry_type(point));
        table_cell(table, "%s", number_group(point->samples, text));
        table_cell(table, "%s", time_format_short(point->first_ns, time[0]));
        table_cell(table, "%s", time_format_short(point->last_ns, time[1]));
        table_cell(table, "%s", dry_there(&line, point->path, &asks));
    }
    putchar('\n');
    table_print(table, "  ");
    if (dry->count > POINTS_SHOWN)
        printf("  and %zu more\n", dry->count - POINTS_SHOWN);
    if (opened)
        http_line_close(&line);
}

static void dry_print(struct dry *dry)
{
    char text[4][NUMBER_SIZE];
    dry_print_points(dry);
    printf("\n%s rows looked at%s: %s samples of %zu points, %s cells without a value",
           number_group(dry->rows, text[0]), dry->rows == ROWS_LOOKED_AT ? ", the first ones" : "",
           number_group(dry->samples, text[1]), dry->count, number_group(dry->missing, text[2]));
    if (dry->refused > 0)
        printf(", %s refused", number_group(dry->refused, text[3]));
    printf(". Nothing was written.\n");
}

/* Lines are shown as they are: the server reads them. */
static bool dry_lines(struct import *import, struct bytes head)
{
    uint64_t shown = 0;
    printf("%s: lines go to the server as they are; the first ones:\n", import->name);
    for (size_t at = 0; at < head.size && shown < SAMPLES_SHOWN; shown++) {
        const uint8_t *end = memchr(head.at + at, '\n', head.size - at);
        size_t size = end != NULL ? (size_t)(end - head.at) - at : head.size - at;
        printf("  %.*s\n", size < 160 ? (int)size : 160, (const char *)head.at + at);
        at += size + 1;
    }
    printf("Nothing was written.\n");
    return true;
}

bool import_dry(struct import *import)
{
    struct dry dry = {.import = import};
    struct import_rows *rows = NULL;
    struct csv_reader *reader;
    struct bytes head;
    enum err err = import_input_next(import->input, &head);
    if (err != OK)
        return fail(VERB, "%s cannot be read: %s", import->name, err_text(err)), false;
    if (import->form != FORM_CSV)
        return dry_lines(import, head);
    dry.points = calloc(POINTS_MAX, sizeof *dry.points);
    uint8_t separator = import->separator != 0 ? import->separator : csv_separator_guess(head);
    if (dry.points == NULL || csv_reader_create(separator, false, &reader) != OK) {
        free(dry.points);
        return fail(VERB, "out of memory"), false;
    }
    csv_feed(reader, head);
    printf("%s: the first samples as they would be taken:\n", import->name);
    bool good = dry_read(&dry, reader, &rows);
    if (good && rows == NULL)
        good = fail(VERB, "%s is empty", import->name) == EXIT_DONE;
    if (good)
        dry_print(&dry);
    for (size_t i = 0; i < dry.count; i++)
        free(dry.points[i].path);
    free(dry.points);
    import_rows_destroy(rows);
    csv_reader_destroy(reader);
    return good && dry.refused == 0;
}
