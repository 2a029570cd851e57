/* points: lists points, or the branches of their tree, over HTTP, page by page. */
#include "cli/answer.h"
#include "cli/http_words.h"
#include "cli/point_output.h"
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>

#define VERB "points"
#define PAGE_MAX 1000 /* of one answer */
#define SHOWN_USUAL 100
#define COMPLETE_PAGES 5
#define COMPLETE_WAIT_MS 1000

struct points {
    struct http_line line;
    const struct words *words;
    enum output_format format;
    bool tree;
    const char *argument; /* pattern, or path of the branch */
    uint64_t most, shown;
    bool more;      /* there is more than was shown */
    uint64_t below; /* tree: points of the branch */
    double entered; /* share of the points that are in the index */
    struct rows *rows;
    char *after; /* where the next page begins; NULL: the first one */
};

/* ---- asking
 * -------------------------------------------------------------------------------------- */

static void points_put_filters(const struct points *points, struct http_url *url)
{
    static const char *const names[] = {"contains", "label", "type", "quality", "state"};
    if (points->argument[0] != 0)
        http_url_query(url, "match", points->argument);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const char *text;
        for (size_t nth = 0; (text = words_value(points->words, names[i], nth)) != NULL; nth++) {
            char label[1024];
            const char *equals = i == 1 ? strchr(text, '=') : NULL;
            snprintf(label, sizeof label, "%s", text);
            if (equals != NULL && (size_t)(equals - text) < sizeof label)
                label[equals - text] = ':'; /* as the API writes it */
            http_url_query(url, names[i], label);
        }
    }
    if (words_flag(points->words, "whole"))
        http_url_query(url, "whole", "true");
}

/* The next page; one more than is wanted, so that it is known whether there is more. */
static json_t *points_ask(struct points *points)
{
    struct http_url url;
    uint64_t left = points->most - points->shown;
    http_url_start(&url, points->tree ? "/v1/tree" : "/v1/points");
    if (points->tree) {
        http_url_query(&url, "path", points->argument);
        http_url_query(&url, "values", "true");
    } else {
        points_put_filters(points, &url);
    }
    http_url_query_count(&url, "limit", left < PAGE_MAX ? left + 1 : PAGE_MAX);
    if (points->after != NULL)
        http_url_query(&url, "after", points->after);
    return http_line_get(&points->line, &url, NULL);
}

/* ---- showing
 * ------------------------------------------------------------------------------------- */

static void points_put(struct points *points, const json_t *one)
{
    if (points->format == OUTPUT_JSON)
        value_put_line(stdout, one);
    else if (points->tree)
        branch_rows_add(points->rows, points->format, one);
    else
        point_rows_add(points->rows, points->format, one);
}

/* Shows a page; true when another is wanted. */
static bool points_take(struct points *points, const json_t *answer)
{
    const json_t *list = json_object_get(answer, points->tree ? "children" : "points");
    const json_t *next = json_object_get(answer, "next"),
                 *entered = json_object_get(answer, "entered");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (points->shown == points->most) {
            points->more = true;
            break;
        }
        points_put(points, json_array_get(list, i));
        points->shown++;
    }
    bool last = next == NULL || json_is_null(next) || points->more;
    if (points->format == OUTPUT_TABLE && last)
        rows_leave_empty(points->rows);
    if (points->rows != NULL && (points->shown > 0 || points->format == OUTPUT_CSV))
        rows_flush(points->rows);
    points->below = answer_count(answer, "count");
    points->entered = json_is_number(entered) ? json_number_value(entered) : 1;
    free(points->after);
    points->after = value_text(next, "");
    return !last && points->after != NULL;
}

static void points_put_summary(const struct points *points)
{
    char text[2][NUMBER_SIZE];
    if (points->entered < 1)
        fprintf(stderr,
                "mainstem points: the server's list of points is still being built (%.0f %%); not "
                "all are here\n",
                points->entered * 100);
    if (points->format != OUTPUT_TABLE || points->shown == 0)
        return;
    printf("%s%s %s", paint(PAINT_DIM), number_group(points->shown, text[0]),
           points->tree         ? points->shown == 1 ? "child" : "children"
           : points->shown == 1 ? "point"
                                : "points");
    if (points->tree)
        printf(", %s %s below %s", number_group(points->below, text[1]),
               points->below == 1 ? "point" : "points",
               points->argument[0] != 0 ? points->argument : "the root");
    printf("%s%s\n", points->more ? "; there are more: --all shows all, --limit N so many" : "",
           paint(PAINT_NONE));
}

static int points_put_empty(const struct points *points)
{
    if (points->tree && points->argument[0] != 0)
        return fail(VERB, "there is nothing below \"%s\"; `mainstem points --tree` shows the root",
                    points->argument);
    static const char *const filters[] = {"contains", "label", "type", "quality", "state"};
    bool asked = points->argument[0] != 0;
    for (size_t i = 0; i < ARRAY_COUNT(filters); i++)
        asked |= words_flag(points->words, filters[i]);
    fprintf(stderr, asked ? "mainstem points: no point matches; `mainstem points --tree` shows "
                            "what there is\n"
                          : "mainstem points: there are no points yet. This makes one:\n"
                            "  mainstem set plant/line-1/press-3/temp 21.5\n");
    return EXIT_DONE;
}

static int points_list(struct points *points)
{
    bool more = true;
    while (more) {
        json_t *answer = points_ask(points);
        if (answer == NULL)
            return EXIT_FAILED;
        more = points_take(points, answer);
        json_decref(answer);
        if (ferror(stdout))
            return EXIT_FAILED;
    }
    points_put_summary(points);
    return points->shown == 0 ? points_put_empty(points) : EXIT_DONE;
}

/* ---- completion
 * ---------------------------------------------------------------------------------- */

/* All names that begin with `begin` stand behind this one in natural order: a shorter beginning of
 * it, cut before a number so that no number's size matters. */
static void complete_after(const char *begin, char *after, size_t size)
{
    snprintf(after, size, "%s", begin);
    size_t end = strlen(after);
    while (end > 0 && after[end - 1] >= '0' && after[end - 1] <= '9')
        end--;
    if (end == strlen(after))
        while (end > 0 && ((unsigned char)after[--end] & 0xC0) == 0x80)
            ; /* a whole character */
    while (end > 0 && after[end - 1] >= '0' && after[end - 1] <= '9')
        end--;
    after[end] = 0;
}

static void complete_put(const json_t *answer, const char *begin)
{
    const json_t *children = json_object_get(answer, "children");
    for (size_t i = 0; i < json_array_size(children); i++) {
        const json_t *child = json_array_get(children, i);
        if (strncmp(answer_text(child, "name"), begin, strlen(begin)) != 0)
            continue;
        if (json_is_object(json_object_get(child, "point")))
            puts(answer_text(child, "path"));
        if (answer_is(child, "branch"))
            printf("%s/\n", answer_text(child, "path"));
    }
}

/* What a path that begins like this may go on with, for shells: a level at a time, branches with a
 * slash. Whoever presses Tab wants no sentence, and no waiting, when there is no server. */
static int points_complete(const struct words *words, const char *prefix)
{
    struct http_line line = {.verb = VERB};
    const char *slash = strrchr(prefix, '/'), *begin = slash != NULL ? slash + 1 : prefix;
    char branch[4096], after[4096];
    if (strlen(prefix) >= sizeof branch || !http_line_open(words, COMPLETE_WAIT_MS, &line))
        return EXIT_FAILED;
    snprintf(branch, sizeof branch, "%.*s", slash != NULL ? (int)(slash - prefix) : 0, prefix);
    complete_after(begin, after, sizeof after);
    int code = EXIT_DONE;
    bool more = true;
    for (size_t pages = 0; pages < COMPLETE_PAGES && more; pages++) {
        struct http_url url;
        http_url_start(&url, "/v1/tree");
        http_url_query(&url, "path", branch);
        http_url_query(&url, "values", "true");
        http_url_query_count(&url, "limit", PAGE_MAX);
        if (after[0] != 0)
            http_url_query(&url, "after", after);
        struct http_client_answer answer = {0};
        const struct http_client_question question = {.method = "GET",
                                                      .target = http_url_text(&url)};
        if (question.target == NULL || http_client_ask(line.client, &question, &answer) != OK ||
            answer.status != 200)
            code = EXIT_FAILED;
        complete_put(answer.json, begin);
        snprintf(after, sizeof after, "%s", answer_text(answer.json, "next"));
        more = after[0] != 0;
        json_decref(answer.json);
    }
    http_line_close(&line);
    return code;
}

/* ---- the verb
 * ------------------------------------------------------------------------------------ */

static bool points_read(struct points *points, const struct words *words)
{
    static const char *const filters[] = {"contains", "label", "type", "quality", "state", "whole"};
    points->words = words;
    points->tree = words_flag(words, "tree");
    points->argument = words->argument_count > 0 ? words->arguments[0] : "";
    if (!http_words_format(words, &points->format) ||
        !words_count(words, "limit", SHOWN_USUAL, 1, UINT32_MAX, &points->most))
        return false;
    if (words_flag(words, "all") && words_flag(words, "limit")) {
        fail(VERB, "--all and --limit together; one is enough");
        return false;
    }
    for (size_t i = 0; points->tree && i < ARRAY_COUNT(filters); i++)
        if (words_flag(words, filters[i])) {
            fail(VERB, "--tree shows a branch as it is; --%s does not go with it", filters[i]);
            return false;
        }
    if (words_flag(words, "all"))
        points->most = UINT64_MAX;
    return true;
}

static int points_run(const struct words *words)
{
    const char *prefix = words_value(words, "complete", 0);
    if (prefix != NULL)
        return points_complete(words, prefix);
    struct points points = {.entered = 1};
    if (!points_read(&points, words) || !http_line_open(words, HTTP_WAIT_MS, &points.line))
        return EXIT_USAGE;
    if (points.format != OUTPUT_JSON)
        points.rows = (points.tree ? branch_rows_create : point_rows_create)(stdout, points.format,
                                                                             rows_width());
    int code = points_list(&points);
    rows_destroy(points.rows);
    free(points.after);
    http_line_close(&points.line);
    return code;
}

static const struct option points_options[] = {
    HTTP_OPTION,
    {"contains", "TEXT", "text somewhere in the path"},
    {"label", "NAME[=VALUE]", "has this label; may be repeated, all must hold"},
    {"type", "TYPE", "float64, int64, bool or string"},
    {"quality", "QUALITY", "good, uncertain or bad"},
    {"state", "STATE", "low_low, low, normal, high, high_high or none"},
    {"tree", NULL, "show the branch PATTERN with its counts, a level at a time"},
    {"limit", "N", "so many at most (100)"},
    {"all", NULL, "as many as there are"},
    {"whole", NULL, "with --json: labels, limits, description and refusals as well"},
    {"complete", "PREFIX", "what a path may go on with, for the completion of shells"},
    FORMAT_OPTIONS,
};
const struct verb verb_points = {
    .name = VERB,
    .arguments = "[PATTERN | --tree PATH]",
    .summary = "List a running server's points, or a branch of their tree, over HTTP.",
    .about =
        "In PATTERN + or * stands for any one level, # or ** at the end for any number; inside a\n"
        "level * is any characters, ? is one. Without it all points are meant. To create, change,\n"
        "rename or retire a point there is `mainstem point`.",
    .example = "  mainstem points 'plant/+/press-*/temp' --quality bad\n"
               "  mainstem points --tree plant/line-1",
    .options = points_options,
    .option_count = ARRAY_COUNT(points_options),
    .arguments_max = 1,
    .run = points_run,
};
