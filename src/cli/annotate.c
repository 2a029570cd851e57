/* annotate: says something of a point, at a time or over a range of times. */
#include "cli/answer.h"
#include "cli/archive_words.h"

#include <stdlib.h>
#include <string.h>

#define VERB "annotate"
#define SHOWN_USUAL 100

/* ---- shown -------------------------------------------------------------------------------------
 */
struct annotate_list {
    struct table *table; /* NULL: JSON */
    size_t count;
};

static void annotate_each(void *arg, const json_t *annotation)
{
    struct annotate_list *list = arg;
    const char *time = answer_text(annotation, "time"), *to = answer_text(annotation, "to");
    char clean[3][4096];
    list->count++;
    if (list->table == NULL) {
        value_put_line(stdout, annotation);
        return;
    }
    table_cell(list->table, "%llu", (unsigned long long)answer_count(annotation, "annotation"));
    table_cell(list->table, "%s", text_clean(answer_text(annotation, "path"), clean[0], 4096));
    table_cell(list->table, "%s", time[0] != 0 ? time : "always");
    table_cell(list->table, "%s", strcmp(time, to) != 0 ? to : "");
    table_cell(list->table, "%s", text_clean(answer_text(annotation, "author"), clean[1], 4096));
    table_cell(list->table, "%s%s", text_clean(answer_text(annotation, "text"), clean[2], 4096),
               answer_text(annotation, "removed")[0] != 0 ? " (removed)" : "");
}

static struct annotate_list annotate_list_create(const struct words *words)
{
    bool json = words_flag(words, "json");
    return (struct annotate_list){.table = json ? NULL
                                                : table_create(">number|path|time|to|author|text")};
}

static void annotate_list_print(struct annotate_list *list)
{
    if (list->table != NULL && list->count > 0)
        table_print(list->table, "");
    else
        table_destroy(list->table);
}

static int annotate_list(const struct words *words, struct http_line *line)
{
    uint64_t most;
    if (!words_count(words, "limit", SHOWN_USUAL, 1, UINT32_MAX, &most))
        return EXIT_USAGE;
    struct annotate_list list = annotate_list_create(words);
    bool good = archive_list(line, "/v1/annotations",
                             words->argument_count > 0 ? words->arguments[0] : NULL, "annotations",
                             most, words_flag(words, "removed"), annotate_each, &list);
    annotate_list_print(&list);
    if (good && list.count == 0)
        fprintf(stderr, "mainstem annotate: nothing was said so far\n");
    return good ? EXIT_DONE : EXIT_FAILED;
}

/* ---- said and removed --------------------------------------------------------------------------
 */
static int annotate_end(const struct words *words, json_t *answer)
{
    if (answer == NULL)
        return EXIT_FAILED;
    struct annotate_list list = annotate_list_create(words);
    annotate_each(&list, json_object_get(answer, "annotation"));
    annotate_list_print(&list);
    json_decref(answer);
    return EXIT_DONE;
}

static int annotate_do(const struct words *words, struct http_line *line)
{
    struct http_url url;
    const char *time = words_value(words, "time", 0), *to = words_value(words, "to", 0);
    json_t *body = json_pack("{s:s,s:s}", "path", words->arguments[0], "text", words->arguments[1]);
    if (body == NULL)
        return fail(VERB, "the path or the text is not UTF-8");
    if ((time != NULL && !body_put_time(words, body, "time", time)) ||
        (to != NULL && !body_put_time(words, body, "to", to)) ||
        !body_put_text(words, body, "key", "key") || !body_put_author(words, body)) {
        json_decref(body);
        return EXIT_USAGE;
    }
    http_url_start(&url, "/v1/annotations");
    return annotate_end(words, archive_ask(line, "POST", &url, body));
}

static int annotate_remove(const struct words *words, struct http_line *line)
{
    struct http_url url;
    http_url_start(&url, "/v1/annotations");
    http_url_path(&url, words_value(words, "remove", 0));
    return annotate_end(words, archive_ask(line, "DELETE", &url, NULL));
}

static int annotate_run(const struct words *words)
{
    struct http_line line;
    bool list = words_flag(words, "list"), remove = words_flag(words, "remove");
    size_t arguments = words->argument_count;
    if ((list && remove) || (list ? arguments > 1 : arguments != (remove ? 0 : 2))) {
        fail(VERB, "usage: mainstem annotate PATH TEXT, or mainstem annotate --list [PATH], or "
                   "mainstem annotate --remove NUMBER");
        return EXIT_USAGE;
    }
    if (!http_line_open(words, HTTP_WAIT_MS, &line))
        return EXIT_USAGE;
    int code = list     ? annotate_list(words, &line)
               : remove ? annotate_remove(words, &line)
                        : annotate_do(words, &line);
    http_line_close(&line);
    return code;
}

static const struct option annotate_options[] = {
    HTTP_OPTION,
    {"time", "TIME", "when, or the beginning of a range (the point as such)"},
    {"to", "TIME", "end of the range"},
    {"author", "NAME", "who says so (the user's name of this machine)"},
    {"list", NULL, "what was said, of one point or of all, newest first"},
    {"limit", "N", "list: how many at most (100)"},
    {"removed", NULL, "list: with those that were removed"},
    {"remove", "NUMBER", "remove an annotation; it stays, marked"},
    KEY_OPTION,
    JSON_OPTION,
};
const struct verb verb_annotate = {
    .name = VERB,
    .arguments = "PATH TEXT",
    .summary = "Say something of a point, at a time or over a range of times.",
    .about = "Annotations show in trends at their times. Without --time it is about the point as\n"
             "such. A removed one stays in the records, marked.",
    .example = "  mainstem annotate plant/line-1/press-3/temp 'door open' --time "
               "2026-03-01T08:00:00Z\n"
               "  mainstem annotate --list plant/line-1/press-3/temp",
    .options = annotate_options,
    .option_count = ARRAY_COUNT(annotate_options),
    .arguments_max = 2,
    .run = annotate_run,
};
