/* asset: the plant's shape: listed, shown, read from a file and written to one. */
#include "cli/answer.h"
#include "cli/import_input.h"
#include "cli/people_words.h"
#include "cli/progress.h"
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>

#define VERB "asset"
#define ROUTE "/v1/assets"
#define ROUTE_IMPORT "/v1/assets-import"
#define ROUTE_EXPORT "/v1/assets-export"
#define PART_BYTES ((size_t)256 << 10) /* of a request, by lines */
#define DRY_BYTES                                                                                  \
    ((size_t)15 << 20) /* of a dry run, where nothing is made that a later part needs */
#define WHOLE_BYTES_MAX ((size_t)16 << 20) /* of a document that cannot be parted */
#define REFUSED_SHOWN 50

/* ---- shown -------------------------------------------------------------------------------------
 */
static const struct row_column asset_columns[] = {
    {"path", .least = 20},
    {.name = "type"},
    {"level", .leave = 2},
    {"parts", .right = true},
    {"branch", .least = 12, .leave = 1},
    {"title", .least = 12, .leave = 3},
    {"changed", .leave = 4},
};

static void asset_row(struct rows *rows, const json_t *asset)
{
    people_cell(rows, asset, "path");
    people_cell(rows, asset, "type");
    people_cell(rows, asset, "level");
    people_cell(rows, asset, "parts");
    people_cell(rows, asset, "branch");
    people_cell(rows, asset, "title");
    people_cell_time(rows, asset, "changed");
}

static void query_put(const struct words *words, struct http_url *url)
{
    static const char *const names[] = {"under", "type", "level", "contains", "at"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (words_value(words, names[i], 0) != NULL)
            http_url_query(url, names[i], words_value(words, names[i], 0));
}

static int asset_list(const struct words *words, struct http_line *line)
{
    struct people_list list = {.route = ROUTE,
                               .member = "assets",
                               .columns = asset_columns,
                               .column_count = ARRAY_COUNT(asset_columns),
                               .row = asset_row,
                               .query = query_put,
                               .none =
                                   "there is no asset; `mainstem asset import FILE` makes some"};
    if (!words_count(words, "limit", 0, 1, 10000000, &list.most))
        return EXIT_USAGE;
    return people_print_list(words, line, &list);
}

static int asset_show(const struct words *words, struct http_line *line)
{
    struct http_url url;
    http_url_start(&url, ROUTE);
    http_url_path(&url, words->arguments[1]);
    if (words_value(words, "at", 0) != NULL)
        http_url_query(&url, "at", words_value(words, "at", 0));
    json_t *answer = http_line_get(line, &url, NULL);
    if (answer == NULL)
        return EXIT_FAILED;
    char *text = json_dumps(answer, words_flag(words, "json") ? JSON_COMPACT : JSON_INDENT(2));
    puts(text != NULL ? text : "");
    free(text);
    json_decref(answer);
    return EXIT_DONE;
}

static int asset_export(const struct words *words, struct http_line *line)
{
    struct http_url url;
    http_url_start(&url, ROUTE_EXPORT);
    if (words_value(words, "under", 0) != NULL)
        http_url_query(&url, "under", words_value(words, "under", 0));
    http_url_query(&url, "format", words_flag(words, "csv") ? "csv" : "json");
    return people_export(words, line, &url);
}

/* ---- read --------------------------------------------------------------------------------------
 */
enum asset_form { FORM_CSV_FILE, FORM_LINES_FILE, FORM_JSON_FILE };
static const char *const media[] = {[FORM_CSV_FILE] = "text/csv",
                                    [FORM_LINES_FILE] = "application/x-ndjson",
                                    [FORM_JSON_FILE] = "application/json"};
struct asset_file {
    struct http_line *line;
    struct import_input *input;
    struct progress progress;
    const char *name;
    enum asset_form form;
    bool dry, quoted;             /* inside of a quoted field of CSV */
    uint8_t *part;                /* what was read and not sent */
    size_t size, capacity, whole; /* whole: bytes up to the end of the last whole line */
    size_t scanned;
    uint8_t *header; /* of CSV, with its end */
    size_t header_size;
    uint64_t lines; /* of the file that were sent, but the header */
    uint64_t made, changed, same, refused, shown;
};

static bool has_end(const char *name, const char *end)
{
    size_t size = strlen(name), tail = strlen(end);
    return size >= tail && strcmp(name + size - tail, end) == 0;
}

/* By its name, whatever it is packed with; else by how it begins. */
static enum asset_form form_of(const char *name, struct bytes head)
{
    char plain[256];
    size_t at = 0;
    snprintf(plain, sizeof plain, "%s", name);
    for (size_t i = 0; i < 2; i++)
        if (has_end(plain, i == 0 ? ".gz" : ".zst"))
            plain[strlen(plain) - (i == 0 ? 3 : 4)] = 0;
    if (has_end(plain, ".csv"))
        return FORM_CSV_FILE;
    if (has_end(plain, ".ndjson") || has_end(plain, ".jsonl"))
        return FORM_LINES_FILE;
    if (has_end(plain, ".json"))
        return FORM_JSON_FILE;
    while (at < head.size && strchr(" \t\r\n", head.at[at]) != NULL)
        at++;
    return at < head.size && (head.at[at] == '{' || head.at[at] == '[') ? FORM_LINES_FILE
                                                                        : FORM_CSV_FILE;
}

static bool part_grow(struct asset_file *file, size_t more)
{
    if (file->size + more <= file->capacity)
        return true;
    size_t capacity = (file->size + more) * 2;
    uint8_t *part = capacity <= WHOLE_BYTES_MAX * 4 ? realloc(file->part, capacity) : NULL;
    if (part == NULL) {
        fail(VERB, "%s: a line, or a document, is too large to be sent at once", file->name);
        return false;
    }
    file->part = part;
    file->capacity = capacity;
    return true;
}

static void refused_print(struct asset_file *file, const json_t *refused)
{
    for (size_t i = 0; i < json_array_size(refused); i++) {
        const json_t *item = json_array_get(refused, i);
        if (file->shown++ >= REFUSED_SHOWN)
            continue;
        progress_clear(&file->progress);
        fprintf(stderr, "mainstem asset: line %llu%s%s: %s\n",
                (unsigned long long)(file->lines + answer_count(item, "line")),
                answer_text(item, "path")[0] != 0 ? ", " : "", answer_text(item, "path"),
                answer_text(item, "detail"));
    }
    file->refused += json_array_size(refused);
}

/* Sends size bytes of the part, and takes them out of it. False after printing why. */
static bool part_send(struct asset_file *file, size_t size)
{
    struct http_url url;
    struct http_client_answer answer = {0};
    bool header = file->form == FORM_CSV_FILE && file->header != NULL;
    size_t head = header ? file->header_size : 0;
    uint8_t *body = malloc(head + size + 1);
    if (body == NULL)
        return fail(VERB, "out of memory"), false;
    if (header)
        memcpy(body, file->header, head);
    memcpy(body + head, file->part, size);
    http_url_start(&url, ROUTE_IMPORT);
    if (file->dry)
        http_url_query(&url, "dry_run", "true");
    const struct http_client_question question = {.method = "POST",
                                                  .target = http_url_text(&url),
                                                  .content_type = media[file->form],
                                                  .body = bytes_of(body, head + size)};
    enum err err = http_client_ask(file->line->client, &question, &answer);
    free(body);
    if (err != OK)
        return http_fail(VERB, file->line->address, err), false;
    if (answer.status / 100 != 2) {
        http_fail_problem(VERB, file->name, answer.status, answer.json);
        json_decref(answer.json);
        return false;
    }
    file->made += answer_count(answer.json, "made");
    file->changed += answer_count(answer.json, "changed");
    file->same += answer_count(answer.json, "same");
    refused_print(file, json_object_get(answer.json, "refused"));
    json_decref(answer.json);
    for (size_t i = 0; i < size; i++)
        file->lines += file->part[i] == '\n';
    memmove(file->part, file->part + size, file->size - size);
    file->size -= size;
    file->whole -= size < file->whole ? size : file->whole;
    file->scanned -= size < file->scanned ? size : file->scanned;
    return true;
}

/* A line of CSV may hold ends of lines in quotes. */
static void part_scan(struct asset_file *file)
{
    for (; file->scanned < file->size; file->scanned++) {
        uint8_t c = file->part[file->scanned];
        if (c == '"' && file->form == FORM_CSV_FILE)
            file->quoted = !file->quoted;
        if (c == '\n' && !file->quoted)
            file->whole = file->scanned + 1;
    }
}

static bool header_take(struct asset_file *file)
{
    const uint8_t *end = memchr(file->part, '\n', file->whole);
    if (file->form != FORM_CSV_FILE || file->header != NULL || end == NULL)
        return true;
    file->header_size = (size_t)(end - file->part) + 1;
    file->header = malloc(file->header_size);
    if (file->header == NULL)
        return fail(VERB, "out of memory"), false;
    memcpy(file->header, file->part, file->header_size);
    memmove(file->part, file->part + file->header_size, file->size - file->header_size);
    file->size -= file->header_size;
    file->whole -= file->header_size;
    file->scanned -= file->header_size;
    return true;
}

static bool piece_take(struct asset_file *file, struct bytes piece)
{
    char extra[64], number[NUMBER_SIZE];
    if (!part_grow(file, piece.size))
        return false;
    memcpy(file->part + file->size, piece.at, piece.size);
    file->size += piece.size;
    if (file->form == FORM_JSON_FILE)
        return true; /* one document */
    part_scan(file);
    if (!header_take(file))
        return false;
    if (file->whole >= (file->dry ? DRY_BYTES : PART_BYTES) && !part_send(file, file->whole))
        return false;
    snprintf(extra, sizeof extra, "%s assets",
             number_group(file->made + file->changed + file->same, number));
    progress_show(&file->progress, file->dry ? "trying" : "importing",
                  import_input_read(file->input), import_input_all(file->input), extra);
    return !stop_wanted();
}

static bool file_read(struct asset_file *file)
{
    struct bytes piece;
    bool first = true;
    for (;; first = false) {
        enum err err = import_input_next(file->input, &piece);
        if (err != OK)
            return fail(VERB, "%s cannot be read: %s", file->name, err_text(err)), false;
        if (piece.size == 0)
            return file->size == 0 || part_send(file, file->size);
        if (first)
            file->form = form_of(file->name, piece);
        if (!piece_take(file, piece))
            return false;
    }
}

static int file_end(struct asset_file *file, bool good)
{
    char text[4][NUMBER_SIZE];
    progress_clear(&file->progress);
    if (file->shown > REFUSED_SHOWN)
        fprintf(stderr, "mainstem asset: and %s more\n",
                number_group(file->shown - REFUSED_SHOWN, text[0]));
    fprintf(stderr, "mainstem asset: %s%s made, %s changed, %s as they were, %s refused%s\n",
            file->dry ? "would be: " : "", number_group(file->made, text[0]),
            number_group(file->changed, text[1]), number_group(file->same, text[2]),
            number_group(file->refused, text[3]),
            good ? "" : "; not all was read: give the same file again to go on");
    return good && file->refused == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int asset_import(const struct words *words, struct http_line *line)
{
    struct asset_file file = {
        .line = line, .name = words->arguments[1], .dry = words_flag(words, "dry-run")};
    enum err err = import_input_open(file.name, &file.input);
    if (err != OK)
        return fail(VERB, "%s cannot be opened: %s", file.name, err_text(err));
    progress_begin(&file.progress);
    stop_watch();
    int code = file_end(&file, file_read(&file));
    import_input_close(file.input);
    free(file.header);
    free(file.part);
    return code;
}

/* ---- the verb ----------------------------------------------------------------------------------
 */
static int asset_run(const struct words *words)
{
    static const struct people_action actions[] = {
        {"list", 0, 0, "list [--under PATH] [--type TYPE]", asset_list},
        {"show", 1, 1, "show PATH [--at TIME]", asset_show},
        {"import", 1, 1, "import FILE [--dry-run]", asset_import},
        {"export", 0, 0, "export [--under PATH] [--csv] [--out FILE]", asset_export},
    };
    return people_run(words, actions, ARRAY_COUNT(actions));
}

static const struct option asset_options[] = {
    HTTP_OPTION,
    {"under", "PATH", "of this asset and what is below it"},
    {"type", "TYPE", "list: of this type and its kinds"},
    {"level", "LEVEL", "list: enterprise, site, area, line, unit, device"},
    {"contains", "TEXT", "list: whose path or title holds it"},
    {"at", "TIME", "as it was then"},
    {"limit", "N", "list: so many at most"},
    {"dry-run", NULL, "import: say what would become of it, and change nothing"},
    OUT_OPTION,
    FORMAT_OPTIONS,
};
const struct verb verb_asset = {
    .name = VERB,
    .arguments = "list|show|import|export [PATH|FILE]",
    .summary = "Assets: the plant's shape, from a file and into one.",
    .about = "import reads CSV (with a header: path, title, type, level, longitude, latitude,\n"
             "branch, attr:NAME, bind:METRIC), a JSON document with \"types\" and \"assets\", or\n"
             "NDJSON, packed with gzip or zstd or not; assets that are there are changed to what\n"
             "the file says. export writes NDJSON, or CSV with --csv, that import reads.",
    .example = "  mainstem asset import plant.csv --dry-run\n"
               "  mainstem asset list --under acme/north --type pump\n"
               "  mainstem asset show acme/north/pump-3 --at 2026-03-01T03:00:00Z\n"
               "  mainstem asset export --csv > plant.csv",
    .options = asset_options,
    .option_count = ARRAY_COUNT(asset_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = asset_run,
};
