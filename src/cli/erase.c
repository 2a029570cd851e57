/* erase: takes samples out of history for ever. It asks before it does. */
#include "cli/answer.h"
#include "cli/archive_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERB "erase"
#define ERASE_WAIT_MS 600000 /* millions of points take a while */

/* ---- the request -------------------------------------------------------------------------------
 */
static bool erase_put_points(json_t *body, const char *text)
{
    json_t *points = json_array();
    char *end;
    for (;; text = end + 1) {
        unsigned long long number = strtoull(text, &end, 10);
        if (end == text || (*end != 0 && *end != ',') || number == 0 || number > UINT32_MAX)
            break;
        json_array_append_new(points, json_integer((json_int_t)number));
        if (*end == 0) {
            json_object_set_new(body, "points", points);
            return true;
        }
    }
    json_decref(points);
    fail(VERB, "--points is no list of numbers, e.g. 17,18");
    return false;
}

static bool erase_put_all(const struct words *words, json_t *body)
{
    const char *from = words_value(words, "from", 0), *to = words_value(words, "to", 0);
    const char *points = words_value(words, "points", 0);
    if (points != NULL && !erase_put_points(body, points))
        return false;
    return (from == NULL || body_put_time(words, body, "from", from)) &&
           (to == NULL || body_put_time(words, body, "to", to)) &&
           body_put_text(words, body, "reason", "reason") &&
           body_put_text(words, body, "key", "key") && body_put_author(words, body);
}

static json_t *erase_send(struct http_line *line, const json_t *body, bool dry_run)
{
    struct http_url url;
    json_t *copy = json_copy((json_t *)(uintptr_t)body);
    http_url_start(&url, "/v1/erasures");
    json_object_set_new(copy, "dry_run", json_boolean(dry_run));
    return archive_ask(line, "POST", &url, copy);
}

/* ---- being sure --------------------------------------------------------------------------------
 */
static void erase_print(const json_t *answer, const char *what)
{
    char text[NUMBER_SIZE];
    const char *from = answer_text(answer, "from"), *to = answer_text(answer, "to");
    uint64_t points = answer_count(answer, "points");
    printf("%s of %s%s%s %s, from %s to %s\n", what, paint(PAINT_BOLD), number_group(points, text),
           paint(PAINT_NONE), points == 1 ? "point" : "points",
           from[0] != 0 ? from : "the beginning", to[0] != 0 ? to : "the end");
}

/* What is to be erased must be typed again: a yes is typed too easily. */
static int erase_confirm(struct http_line *line, const json_t *body, const char *what)
{
    char typed[4096] = "";
    if (!isatty(STDIN_FILENO)) {
        fail(VERB, "nobody sits here who could be asked; say --yes, or --dry-run to see");
        return EXIT_USAGE;
    }
    json_t *answer = erase_send(line, body, true);
    if (answer == NULL)
        return EXIT_FAILED;
    erase_print(answer, "This erases all samples");
    json_decref(answer);
    printf("for ever, from live values, history and backups that are restored.\nType %s%s%s to "
           "confirm: ",
           paint(PAINT_BOLD), what, paint(PAINT_NONE));
    fflush(stdout);
    if (fgets(typed, sizeof typed, stdin) != NULL)
        typed[strcspn(typed, "\r\n")] = 0;
    return strcmp(typed, what) == 0 ? EXIT_DONE : fail(VERB, "not confirmed; nothing was erased");
}

static int erase_do(const struct words *words, struct http_line *line, const json_t *body,
                    const char *what)
{
    bool dry_run = words_flag(words, "dry-run");
    int code = dry_run || words_flag(words, "yes") ? EXIT_DONE : erase_confirm(line, body, what);
    if (code != EXIT_DONE)
        return code;
    json_t *answer = erase_send(line, body, dry_run);
    if (answer == NULL)
        return EXIT_FAILED;
    if (words_flag(words, "json"))
        value_put_line(stdout, answer);
    else
        erase_print(answer, dry_run ? "Would erase the samples" : "Erased the samples");
    json_decref(answer);
    return EXIT_DONE;
}

/* ---- the list ----------------------------------------------------------------------------------
 */
struct erase_list {
    struct table *table; /* NULL: JSON */
    size_t count;
};

static void erase_each(void *arg, const json_t *erasure)
{
    struct erase_list *list = arg;
    const char *from = answer_text(erasure, "from"), *to = answer_text(erasure, "to");
    char text[NUMBER_SIZE], clean[3][1100];
    list->count++;
    if (list->table == NULL) {
        value_put_line(stdout, erasure);
        return;
    }
    table_cell(list->table, "%llu", (unsigned long long)answer_count(erasure, "erasure"));
    table_cell(list->table, "%s", text_clean(answer_text(erasure, "match"), clean[0], 1100));
    table_cell(list->table, "%s", number_group(answer_count(erasure, "points"), text));
    table_cell(list->table, "%s", from[0] != 0 ? from : "the beginning");
    table_cell(list->table, "%s", to[0] != 0 ? to : "the end");
    table_cell(list->table, "%s", answer_text(erasure, "made"));
    table_cell(list->table, "%s", text_clean(answer_text(erasure, "author"), clean[1], 1100));
    table_cell(list->table, "%s%s", text_clean(answer_text(erasure, "reason"), clean[2], 1100),
               answer_is(erasure, "complete") ? "" : " (interrupted)");
}

static int erase_list(const struct words *words, struct http_line *line)
{
    struct erase_list list = {0};
    if (!words_flag(words, "json"))
        list.table = table_create(">number|match|>points|from|to|made|author|reason");
    bool good =
        archive_list(line, "/v1/erasures", NULL, "erasures", UINT64_MAX, false, erase_each, &list);
    if (good && list.table != NULL && list.count > 0)
        table_print(list.table, "");
    else
        table_destroy(list.table);
    if (good && list.count == 0)
        fprintf(stderr, "mainstem erase: nothing was erased so far\n");
    return good ? EXIT_DONE : EXIT_FAILED;
}

/* ---- the verb ----------------------------------------------------------------------------------
 */
static int erase_run(const struct words *words)
{
    struct http_line line;
    bool list = words_flag(words, "list");
    const char *points = words_value(words, "points", 0);
    if (!list && (words->argument_count == 1) == (points != NULL)) {
        fail(VERB, "usage: mainstem erase PATTERN, or --points NUMBERS, or --list");
        return EXIT_USAGE;
    }
    const char *what = words->argument_count == 1 ? words->arguments[0] : points;
    json_t *body = json_object();
    json_t *match = words->argument_count == 1 ? json_string(what) : NULL;
    if (match != NULL)
        json_object_set_new(body, "match", match);
    bool good = list || ((match != NULL || points != NULL) && erase_put_all(words, body));
    if (!list && points == NULL && match == NULL)
        fail(VERB, "the pattern is not UTF-8");
    int code = EXIT_USAGE;
    if (good && http_line_open(words, ERASE_WAIT_MS, &line)) {
        code = list ? erase_list(words, &line) : erase_do(words, &line, body, what);
        http_line_close(&line);
    }
    json_decref(body);
    return code;
}

static const struct option erase_options[] = {
    HTTP_OPTION,
    {"points", "NUMBERS",
     "points by their numbers, e.g. 17,18, instead of a pattern; retired ones"},
    {"from", "TIME", "samples not before it (from the beginning)"},
    {"to", "TIME", "samples before it (to the end)"},
    SAID_OPTIONS,
    {"dry-run", NULL, "count the points and erase nothing"},
    {"yes", NULL, "do not ask"},
    {"list", NULL, "what was erased so far, newest first"},
    KEY_OPTION,
    JSON_OPTION,
};
const struct verb verb_erase = {
    .name = VERB,
    .arguments = "PATTERN",
    .summary = "Erase samples of points for ever, from backups as well.",
    .about =
        "Samples with FROM <= time < TO of the points that match now are gone: from live values,\n"
        "from history, and from backups when they are restored. The points stay. That it was\n"
        "done, by whom and why, is kept for ever. It asks for the pattern again unless --yes.",
    .example = "  mainstem erase 'plant/test/#' --dry-run\n"
               "  mainstem erase plant/line-1/press-3/temp --from 2026-03-01T08:00:00Z --to "
               "2026-03-01T09:00:00Z",
    .options = erase_options,
    .option_count = ARRAY_COUNT(erase_options),
    .arguments_max = 1,
    .run = erase_run,
};
