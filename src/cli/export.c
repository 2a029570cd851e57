/* export: samples of history into a file: NDJSON, CSV, line protocol. The points are listed first,
 * then asked for in groups, each answer as it streams; where one reaches its limit, the next goes
 * on behind its last sample. */
#include "cli/export.h"

#include "cli/answer.h"
#include "cli/export_line.h"
#include "cli/http_words.h"
#include "cli/progress.h"
#include "cli/terminal.h"

#include "client/client.h"
#include "os/os.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define VERB "export"
#define GROUP_POINTS 200      /* asked for at once */
#define GROUP_SAMPLES 1000000 /* of one answer */
#define LIST_PAGE 1000
#define SILENCE_MS 90000 /* a query may take that long before its first sample */
#define LINE_BYTES_MAX ((size_t)1 << 20)
#define MISSING_TOLD 20

enum export_form { EXPORT_NDJSON, EXPORT_CSV, EXPORT_LINES };
struct point {
    uint64_t id;
    char *path, *type;
    json_t *whole; /* for its command; NULL: not wanted */
    bool seen;     /* in the answers to its group */
};
struct export
{
    const struct words *words;
    struct http_line line;
    enum export_form form;
    bool own;           /* without what others share: "@NAME/.." */
    bool points_wanted; /* NDJSON begins with commands that make the points */
    const char *from, *to;
    struct point *points;
    size_t count, capacity;

    char *name, *beside; /* of the file; NULL: standard output */
    FILE *to_file;
    gzFile gzip;
    bool write_failed;
    struct progress progress;
    uint64_t samples, bytes, left_out, missing, asked;

    /* Of the answer under way: */
    uint8_t *pending; /* a line that is not whole yet */
    size_t pending_size;
    uint8_t *out;
    struct point *current;
    char last_path[8192], last_time[64];
    bool more, ended; /* its last line came */
    bool fault;
};

/* ---- writing ----------------------------------------------------------------------------------
 */
static void export_write(struct export *export, const void *at, size_t size)
{
    bool good;
    if (export->gzip != NULL)
        good = size == 0 || gzwrite(export->gzip, at, (unsigned)size) == (int)size;
    else
        good = fwrite(at, 1, size, export->to_file) == size;
    export->write_failed |= !good;
    export->bytes += size;
}

static bool output_open(struct export *export)
{
    const char *name = words_value(export->words, "output", 0);
    bool gzip = words_flag(export->words, "gzip");
    export->to_file = stdout;
    if (name != NULL) {
        export->name = strdup(name);
        size_t size = strlen(name) + 16;
        export->beside = malloc(size);
        if (export->name == NULL || export->beside == NULL)
            return fail(VERB, "out of memory"), false;
        snprintf(export->beside, size, "%s.partial", name);
        export->to_file = fopen(export->beside, "we");
        if (export->to_file == NULL)
            return fail(VERB, "%s cannot be written: %s", export->beside, strerror(errno)), false;
    } else if (isatty(STDOUT_FILENO) && gzip) {
        return fail(VERB, "a terminal shows no gzip; --output FILE or a pipe takes it"), false;
    }
    if (!gzip)
        return true;
    export->gzip = gzdopen(dup(fileno(export->to_file)), "wb6");
    if (export->gzip == NULL)
        return fail(VERB, "out of memory"), false;
    return true;
}

/* The file takes its name only when it is whole. */
static bool output_close(struct export *export, bool whole)
{
    if (export->gzip != NULL)
        export->write_failed |= gzclose(export->gzip) != Z_OK;
    export->gzip = NULL;
    if (export->to_file == NULL)
        return false;
    bool good = fflush(export->to_file) == 0 && !export->write_failed;
    if (export->name != NULL) {
        good = (!whole || fsync(fileno(export->to_file)) == 0) && good;
        good = fclose(export->to_file) == 0 && good;
    }
    export->to_file = NULL;
    if (!good) {
        fail(VERB, "%s could not be written: %s",
             export->name != NULL ? export->name : "the output", strerror(errno));
    } else if (export->name != NULL && whole && rename(export->beside, export->name) != 0) {
        good = fail(VERB, "%s cannot get its name: %s", export->name, strerror(errno)) == EXIT_DONE;
    }
    if (export->name != NULL && (!good || !whole))
        unlink(export->beside);
    return good;
}

/* ---- points -----------------------------------------------------------------------------------
 */
static bool points_add(struct export *export, const json_t *one)
{
    if (export->own && answer_text(one, "path")[0] == '@')
        return true;
    if (export->count == export->capacity) {
        size_t capacity = export->capacity == 0 ? 256 : 2 * export->capacity;
        struct point *grown = realloc(export->points, capacity * sizeof *grown);
        if (grown == NULL)
            return fail(VERB, "out of memory"), false;
        export->points = grown;
        export->capacity = capacity;
    }
    struct point *point = &export->points[export->count++];
    *point = (struct point){.id = answer_count(one, "point"),
                            .path = strdup(answer_text(one, "path")),
                            .type = strdup(answer_text(one, "type"))};
    if (export->points_wanted)
        point->whole = json_deep_copy(one);
    return point->path != NULL && point->type != NULL;
}

static void points_query(const struct export *export, struct http_url *url, const char *match,
                         const char *after)
{
    const char *label;
    http_url_start(url, "/v1/points");
    if (match != NULL)
        http_url_query(url, "match", match);
    for (size_t i = 0; (label = words_value(export->words, "label", i)) != NULL; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s", label);
        char *equals = strchr(text, '=');
        if (equals != NULL)
            *equals = ':'; /* as the API writes it */
        http_url_query(url, "label", text);
    }
    http_url_query_count(url, "limit", LIST_PAGE);
    if (export->points_wanted)
        http_url_query(url, "whole", "true");
    if (after != NULL)
        http_url_query(url, "after", after);
}

static bool points_match(struct export *export, const char *match)
{
    char *after = NULL;
    bool good = true, more = true;
    while (good && more && !stop_wanted()) {
        struct http_url url;
        points_query(export, &url, match, after);
        json_t *answer = http_line_get(&export->line, &url, NULL);
        const json_t *list = json_object_get(answer, "points"),
                     *next = json_object_get(answer, "next");
        const json_t *entered = json_object_get(answer, "entered");
        good = answer != NULL;
        if (good && json_is_number(entered) && json_number_value(entered) < 1) {
            good = fail(VERB, "the server's list of points is still being built; try again in a "
                              "moment") == EXIT_DONE;
        }
        for (size_t i = 0; good && i < json_array_size(list); i++)
            good = points_add(export, json_array_get(list, i));
        free(after);
        after = json_is_string(next) ? strdup(json_string_value(next)) : NULL;
        more = after != NULL;
        json_decref(answer);
    }
    free(after);
    return good && !stop_wanted();
}

static bool points_path(struct export *export, const char *path)
{
    struct http_url url;
    http_url_start(&url, "/v1/points");
    http_url_path(&url, path);
    json_t *one = http_line_get(&export->line, &url, NULL);
    bool good = one != NULL && points_add(export, one);
    json_decref(one);
    return good;
}

static int point_compare(const void *a, const void *b)
{
    const struct point *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Each once, in the order of their numbers: neighbours there are neighbours on the disk. */
static bool points_find(struct export *export)
{
    const struct words *words = export->words;
    const char *text;
    bool good = true;
    for (size_t i = 0; good && (text = words_value(words, "match", i)) != NULL; i++)
        good = points_match(export, text);
    for (size_t i = 0; good && (text = words_value(words, "path", i)) != NULL; i++)
        good = points_path(export, text);
    if (good && !words_flag(words, "match") && !words_flag(words, "path"))
        good = points_match(export, NULL);
    if (!good || export->count == 0)
        return good;
    qsort(export->points, export->count, sizeof *export->points, point_compare);
    size_t kept = 1;
    for (size_t i = 1; i < export->count; i++) {
        if (export->points[i].id != export->points[kept - 1].id) {
            export->points[kept++] = export->points[i];
            continue;
        }
        free(export->points[i].path);
        free(export->points[i].type);
        json_decref(export->points[i].whole);
    }
    export->count = kept;
    return true;
}

/* {"command":"create",..}: an import elsewhere begins with these, so that types, units, labels and
 * limits are there as well. */
static void command_write(struct export *export, const struct point *point)
{
    static const char *const members[] = {"path",        "type",   "unit",
                                          "description", "labels", "limits"};
    json_t *command = json_pack("{s:s}", "command", "create");
    for (size_t i = 0; command != NULL && i < ARRAY_COUNT(members); i++) {
        json_t *member = json_object_get(point->whole, members[i]);
        bool empty = member == NULL || json_is_null(member) ||
                     (json_is_string(member) && json_string_length(member) == 0) ||
                     (json_is_object(member) && json_object_size(member) == 0);
        if (!empty)
            json_object_set(command, members[i], member);
    }
    char *text =
        command != NULL ? json_dumps(command, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    if (text != NULL) {
        export_write(export, text, strlen(text));
        export_write(export, "\n", 1);
    } else {
        export->write_failed = true;
    }
    free(text);
    json_decref(command);
}

/* ---- answers ----------------------------------------------------------------------------------
 */
static void missing_tell(struct export *export, const json_t *missing)
{
    for (size_t i = 0; i < json_array_size(missing); i++) {
        if (export->missing++ >= MISSING_TOLD)
            continue;
        char *text = json_dumps(json_array_get(missing, i), JSON_COMPACT | JSON_ENCODE_ANY);
        progress_clear(&export->progress);
        fail(VERB, "samples are missing: %s", text != NULL ? text : "");
        free(text);
    }
}

/* The line behind the samples. */
static bool end_take(struct export *export, struct bytes line)
{
    json_t *json = json_loadb((const char *)line.at, line.size, 0, NULL);
    if (!json_is_object(json) || json_object_get(json, "cost") == NULL) {
        json_decref(json);
        return false;
    }
    export->ended = true;
    export->more = json_is_true(json_object_get(json, "more"));
    missing_tell(export, json_object_get(json, "missing"));
    json_decref(json);
    return true;
}

static int path_compare(const void *a, const void *b)
{
    return strcmp((*(struct point *const *)a)->path, (*(struct point *const *)b)->path);
}

struct group { /* points of one question, by path */
    struct export *export;
    struct point *points[GROUP_POINTS];
    size_t count;
};

static bool group_turn(struct group *group, struct bytes path)
{
    struct export *export = group->export;
    uint8_t plain[8192];
    if (path.size >= sizeof plain)
        return false;
    size_t size = export_text(path, plain);
    plain[size] = 0;
    struct point key = {.path = (char *)plain}, *at = &key;
    struct point **found =
        bsearch(&at, group->points, group->count, sizeof *group->points, path_compare);
    if (found == NULL)
        return false;
    export->current = *found;
    export->current->seen = true;
    snprintf(export->last_path, sizeof export->last_path, "%.*s", (int)path.size,
             (const char *)path.at);
    return true;
}

static bool sample_take(struct group *group, struct bytes line)
{
    struct export *export = group->export;
    struct export_sample sample;
    if (!export_line_read(line, &sample))
        return end_take(export, line);
    if (!bytes_equal(sample.path, bytes_text(export->last_path)) && !group_turn(group, sample.path))
        return false;
    snprintf(export->last_time, sizeof export->last_time, "%.*s", (int)sample.time.size,
             (const char *)sample.time.at);
    size_t size = 0;
    if (export->form == EXPORT_NDJSON) {
        export_write(export, line.at, line.size);
        export_write(export, "\n", 1);
    } else if (export->form == EXPORT_CSV) {
        size = export_csv(&sample, export->current->type, export->out);
    } else {
        size = export_line_protocol(&sample, export->current->type, export->out);
        export->left_out += size == 0;
    }
    export_write(export, export->out, size);
    export->samples += export->form != EXPORT_LINES || size > 0;
    return !export->write_failed;
}

static bool line_take(struct group *group, struct bytes line)
{
    if (line.size == 0)
        return true;
    bool good = sample_take(group, line);
    group->export->fault |= !good && !group->export->write_failed;
    return good;
}

static bool on_piece(void *arg, struct bytes piece)
{
    struct group *group = arg;
    struct export *export = group->export;
    char text[2][NUMBER_SIZE], extra[128];
    for (size_t at = 0; at < piece.size;) {
        const uint8_t *end = memchr(piece.at + at, '\n', piece.size - at);
        size_t size = end != NULL ? (size_t)(end - piece.at) - at : piece.size - at;
        bool whole = end != NULL && export->pending_size == 0;
        if (!whole) {
            if (export->pending_size + size > LINE_BYTES_MAX)
                return false;
            memcpy(export->pending + export->pending_size, piece.at + at, size);
            export->pending_size += size;
        }
        if (end != NULL &&
            !line_take(group, whole ? bytes_of(piece.at + at, size)
                                    : bytes_of(export->pending, export->pending_size)))
            return false;
        if (end != NULL)
            export->pending_size = 0;
        at += size + (end != NULL);
    }
    snprintf(extra, sizeof extra, "%s samples of %s points", number_group(export->samples, text[0]),
             number_group(export->count, text[1]));
    progress_show(&export->progress, "exporting", export->bytes, 0, extra);
    return !stop_wanted();
}

/* ---- asking -----------------------------------------------------------------------------------
 */
static char *group_body(const struct group *group, const char *from)
{
    const struct export *export = group->export;
    json_t *points = json_array();
    for (size_t i = 0; i < group->count; i++)
        json_array_append_new(points, json_integer((json_int_t)group->points[i]->id));
    json_t *body =
        json_pack("{s:o,s:s,s:s,s:s,s:s,s:i}", "point", points, "from", from, "to", export->to,
                  "format", "ndjson", "order", "oldest", "limit", GROUP_SAMPLES);
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return text;
}

/* One answer. False after printing why not all of it came. */
static bool group_ask(struct group *group, const char *from)
{
    struct export *export = group->export;
    const struct http_stream_config config = {.address = export->line.address,
                                              .trust = export->line.trust,
                                              .silence_ms = SILENCE_MS,
                                              .stop = stop_wanted};
    char *body = group_body(group, from);
    json_t *problem = NULL;
    unsigned status = 0;
    if (body == NULL)
        return fail(VERB, "out of memory"), false;
    const struct http_client_question question = {.method = "POST",
                                                  .target = "/v1/samples/query",
                                                  .content_type = "application/json",
                                                  .body = bytes_text(body)};
    export->pending_size = 0;
    export->ended = export->more = false;
    export->last_path[0] = export->last_time[0] = 0;
    enum err err = http_stream_ask(&config, &question, on_piece, group, &status, &problem);
    free(body);
    bool good = err == OK && status == 200 && export->ended;
    if (!good)
        progress_clear(&export->progress);
    if (export->fault)
        fail(VERB, "%s answers with something that is no sample", export->line.address);
    else if (err != OK && !export->write_failed)
        http_fail(VERB, export->line.address, err);
    else if (err == OK && status != 200)
        http_fail_problem(VERB, NULL, status, problem);
    else if (err == OK && !export->ended)
        fail(VERB, "the answer of %s broke off", export->line.address);
    json_decref(problem);
    return good;
}

/* One nanosecond later, as text. */
static bool time_after(const char *json, char text[TIME_TEXT_SIZE])
{
    int64_t time_ns;
    size_t size = strlen(json);
    if (size < 3 || !time_parse(bytes_of(json + 1, size - 2), &time_ns) || time_ns == INT64_MAX)
        return false;
    time_format_short(time_ns + 1, text);
    return true;
}

/* All samples of some points. An answer that reached its limit ends within one point, the last it
 * told; those that were told before are whole, those that were not may have samples still. */
static bool group_export(struct export *export, struct point *points, size_t count)
{
    struct group group = {.export = export};
    for (size_t i = 0; i < count; i++)
        group.points[group.count++] = &points[i];
    qsort(group.points, group.count, sizeof *group.points, path_compare);
    while (group.count > 0) {
        export->current = NULL;
        if (!group_ask(&group, export->from))
            return false;
        if (!export->more)
            return true;
        struct point *cut = export->current;
        while (cut != NULL) { /* the rest of this one, alone */
            struct group one = {.export = export, .points = {cut}, .count = 1};
            char from[TIME_TEXT_SIZE];
            if (!time_after(export->last_time, from) || !group_ask(&one, from))
                return false;
            if (!export->more || export->last_time[0] == 0)
                cut = NULL;
        }
        size_t left = 0;
        for (size_t i = 0; i < group.count; i++)
            if (!group.points[i]->seen)
                group.points[left++] = group.points[i];
        if (left == group.count)
            return fail(VERB, "%s tells of no sample and says that there are more",
                        export->line.address),
                   false;
        group.count = left;
    }
    return true;
}

/* ---- the verb
 * ------------------------------------------------------------------------------------ */
static void export_done(struct export *export)
{
    for (size_t i = 0; i < export->count; i++) {
        free(export->points[i].path);
        free(export->points[i].type);
        json_decref(export->points[i].whole);
    }
    free(export->points);
    free(export->name);
    free(export->beside);
    free(export->pending);
    free(export->out);
    http_line_close(&export->line);
}

static bool export_all(struct export *export)
{
    static const char head[] = "path,time,value,quality,type\n";
    if (export->form == EXPORT_CSV)
        export_write(export, head, sizeof head - 1);
    for (size_t i = 0; export->points_wanted && i < export->count; i++)
        command_write(export, &export->points[i]);
    for (size_t i = 0; i < export->count && !export->write_failed; i += GROUP_POINTS) {
        size_t left = export->count - i;
        if (!group_export(export, export->points + i, left < GROUP_POINTS ? left : GROUP_POINTS))
            return false;
    }
    return !export->write_failed;
}

static void export_print(const struct export *export)
{
    char text[4][NUMBER_SIZE];
    if (export->left_out > 0)
        fprintf(stderr,
                "mainstem export: %s samples without a value are not in it: line protocol cannot "
                "say them\n",
                number_group(export->left_out, text[3]));
    if (export->missing > MISSING_TOLD)
        fprintf(stderr, "mainstem export: and %s more pieces are missing\n",
                number_group(export->missing - MISSING_TOLD, text[3]));
    if (words_flag(export->words, "quiet"))
        return;
    fprintf(stderr, "%s samples of %s points, %s%s%s\n", number_group(export->samples, text[0]),
            number_group(export->count, text[1]), number_bytes(export->bytes, text[2]),
            export->name != NULL ? " in " : "", export->name != NULL ? export->name : "");
}

static bool read_options(struct export *export)
{
    static const char *const names[] = {
        [EXPORT_NDJSON] = "ndjson", [EXPORT_CSV] = "csv", [EXPORT_LINES] = "line-protocol"};
    const struct words *words = export->words;
    const char *text = words_value(words, "format", 0);
    const char *from = words_value(words, "from", 0), *to = words_value(words, "to", 0);
    bool known = text == NULL;
    for (unsigned i = 0; i < ARRAY_COUNT(names) && !known; i++) {
        known = strcmp(text, names[i]) == 0;
        export->form = (enum export_form)i;
    }
    if (!known) {
        fail(VERB, "--format is \"%s\"; ndjson, csv or line-protocol is wanted", text);
        return false;
    }
    export->points_wanted = export->form == EXPORT_NDJSON && !words_flag(words, "samples-only");
    export->from = from != NULL ? from : "1970-01-01T00:00:00Z";
    export->to = to != NULL ? to : "2200-01-01T00:00:00Z";
    export->pending = malloc(LINE_BYTES_MAX);
    export->out = malloc(6 * LINE_BYTES_MAX + 1024);
    if (export->pending == NULL || export->out == NULL)
        return fail(VERB, "out of memory"), false;
    return true;
}

static bool export_begin(struct export *export, const struct words *words)
{
    *export = (struct export){.words = words};
    if (!read_options(export) || !http_line_open(words, HTTP_WAIT_MS, &export->line)) {
        export_done(export);
        return false;
    }
    stop_watch();
    progress_begin(&export->progress);
    export->progress.live = export->progress.live && !words_flag(words, "quiet");
    return true;
}

/* Into its file, or on standard output. */
static bool export_write_out(struct export *export)
{
    if (!output_open(export))
        return false;
    bool good = export_all(export);
    progress_clear(&export->progress);
    return output_close(export, good) && good;
}

int export_sum(const struct words *words, struct export_sum *ret_sum)
{
    static struct export export;
    *ret_sum = (struct export_sum){.points = 0};
    if (!export_begin(&export, words))
        return EXIT_USAGE;
    export.own = true;
    bool good = points_find(&export) && export_write_out(&export);
    *ret_sum = (struct export_sum){
        .points = export.count, .samples = export.samples, .missing = export.missing};
    export_done(&export);
    return good ? EXIT_DONE : EXIT_FAILED;
}

static int export_run(const struct words *words)
{
    static struct export export;
    if (!export_begin(&export, words))
        return EXIT_USAGE;
    bool good = points_find(&export);
    if (good && export.count == 0)
        good = fail(VERB, "no point matches; `mainstem points` shows what there is") == EXIT_DONE;
    if (good)
        good = export_write_out(&export);
    if (good)
        export_print(&export);
    else if (export.samples > 0 && export.name != NULL)
        fail(VERB, "%s was not written: not all of it came", export.name);
    bool missing = export.missing > 0;
    export_done(&export);
    return good && !missing ? EXIT_DONE : EXIT_FAILED;
}

static const struct option export_options[] = {
    HTTP_OPTION,
    {"match", "PATTERN", "points whose path matches, as plant/#; may be repeated (all)"},
    {"path", "PATH", "this point; may be repeated"},
    {"label", "NAME=VALUE", "only points with this label; may be repeated"},
    {"from", "TIME", "RFC 3339, or relative as now-7d (the first sample)"},
    {"to", "TIME", "samples before this time (the last sample)"},
    {"format", "FORM", "ndjson, csv or line-protocol (ndjson)"},
    {"samples-only", NULL, "NDJSON without the lines that describe the points"},
    {"gzip", NULL, "pack it"},
    {"output", "FILE", "into this file, which gets its name when it is whole (standard output)"},
    {"quiet", NULL, "no progress, and nothing at the end when all went well"},
};
const struct verb verb_export = {
    .name = VERB,
    .arguments = "",
    .summary = "Write samples of history to a file: NDJSON, CSV, line protocol.",
    .about =
        "NDJSON and CSV hold each sample to its last bit, with time, quality and the point's\n"
        "type: `mainstem import` of them gives the same samples again. NDJSON also has units,\n"
        "labels and limits. Line protocol has neither quality nor samples without a value; its\n"
        "measurement is the first level of the path, its field the last. What the server cannot\n"
        "read is told, and then the exit code is 1.",
    .example = "  mainstem export --match 'plant/#' --from now-7d --gzip --output week.ndjson.gz\n"
               "  mainstem export --path plant/line-1/press-3/temp --format csv --from 2026-03-01",
    .options = export_options,
    .option_count = ARRAY_COUNT(export_options),
    .run = export_run,
};
