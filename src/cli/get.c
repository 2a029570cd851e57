/* get: what points are now, over HTTP. */
#include "cli/answer.h"
#include "cli/http_words.h"
#include "cli/point_output.h"
#include "cli/terminal.h"

#include "os/os.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERB "get"

struct get {
    struct http_line line;
    enum output_format format;
    bool value_only, one; /* one: a single path, shown line by line */
    struct rows *rows;
    int code;
};

static void get_put_value(struct get *get, const char *path, const json_t *point)
{
    const json_t *value = json_object_get(point, "value");
    char clean[4096];
    if (value == NULL || json_is_null(value)) {
        const char *quality =
            point == NULL ? "" : json_string_value(json_object_get(point, "quality"));
        get->code = fail(VERB, "%s has no value (%s)", path, quality != NULL ? quality : "");
        return;
    }
    char *text = value_text(value, "");
    bool person = isatty(STDOUT_FILENO);
    puts(text == NULL ? "" : person ? text_clean(text, clean, sizeof clean) : text);
    free(text);
}

static void get_put(struct get *get, const char *path, const json_t *point)
{
    if (get->value_only)
        get_put_value(get, path, point);
    else if (get->format == OUTPUT_JSON)
        value_put_line(stdout, point);
    else if (get->one && get->format == OUTPUT_TABLE)
        point_put_lines(stdout, point, clock_real()->wall_ns(clock_real()));
    else
        point_rows_add(get->rows, get->format, point);
}

static int get_missing(const char *path)
{
    const char *slash = strrchr(path, '/');
    int branch = slash != NULL ? (int)(slash - path) : 0;
    return fail(VERB,
                "there is no point \"%s\"; `mainstem points --tree%s%.*s` shows the branch, "
                "`mainstem points --contains %s` searches",
                path, branch > 0 ? " " : "", branch, path, slash != NULL ? slash + 1 : path);
}

/* A point that is missing does not keep the others from being shown. False: nobody answers. */
static bool get_ask(struct get *get, const char *path)
{
    struct http_url url;
    struct http_client_answer answer;
    http_url_start(&url, "/v1/points");
    http_url_path(&url, path);
    const struct http_client_question question = {.method = "GET", .target = http_url_text(&url)};
    if (path[0] == 0 || question.target == NULL) {
        get->code = fail(VERB, "\"%.100s\" is no path: it is empty or too long", path);
        return true;
    }
    enum err err = http_client_ask(get->line.client, &question, &answer);
    if (err != OK) {
        get->code = http_fail(VERB, get->line.address, err);
        return false;
    }
    if (answer.status == 200 && json_is_object(answer.json))
        get_put(get, path, answer.json);
    else if (strcmp(answer_text(answer.json, "code"), "unknown_point") == 0)
        get->code = get_missing(path);
    else
        get->code = http_fail_problem(VERB, path, answer.status, answer.json);
    json_decref(answer.json);
    return true;
}

static int get_run(const struct words *words)
{
    struct get get = {.value_only = words_flag(words, "value"), .one = words->argument_count == 1};
    if (!http_words_format(words, &get.format))
        return EXIT_USAGE;
    if (get.value_only && get.format != OUTPUT_TABLE) {
        fail(VERB, "--value prints the value alone; --json and --csv do not go with it");
        return EXIT_USAGE;
    }
    if (!http_line_open(words, HTTP_WAIT_MS, &get.line))
        return EXIT_USAGE;
    if (get.format != OUTPUT_JSON)
        get.rows = point_rows_create(stdout, get.format, rows_width());
    bool answered = true;
    for (size_t i = 0; i < words->argument_count && answered; i++)
        answered = get_ask(&get, words->arguments[i]);
    bool lines = get.value_only || (get.one && get.format == OUTPUT_TABLE);
    if (get.format == OUTPUT_TABLE)
        rows_leave_empty(get.rows);
    if (get.rows != NULL && !lines && answered)
        rows_flush(get.rows);
    rows_destroy(get.rows);
    http_line_close(&get.line);
    return get.code;
}

static const struct option get_options[] = {
    HTTP_OPTION,
    {"value", NULL, "the value alone, a line a path"},
    FORMAT_OPTIONS,
};
const struct verb verb_get = {
    .name = VERB,
    .arguments = "PATH [PATH ...]",
    .summary = "Show what points are now: value, quality, times, limits.",
    .about =
        "Asks a server's HTTP API. A point that is not there is told on standard error, and the\n"
        "exit code is 1; the others are shown. With --value so is one that has no value.",
    .example = "  mainstem get plant/line-1/press-3/temp\n"
               "  mainstem get plant/line-1/press-3/temp --value",
    .options = get_options,
    .option_count = ARRAY_COUNT(get_options),
    .arguments_min = 1,
    .arguments_max = WORDS_GIVEN_MAX - 2,
    .run = get_run,
};
