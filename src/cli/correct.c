/* correct: puts another value in the place of a sample; the one before is kept. */
#include "cli/answer.h"
#include "cli/archive_words.h"
#include "cli/set_output.h"

#include <stdlib.h>

#define VERB "correct"
#define SHOWN_USUAL 100

/* ---- shown -------------------------------------------------------------------------------------
 */
struct correct_list {
    struct table *table; /* NULL: JSON */
    size_t count;
};

static void correct_put_value(struct table *table, const json_t *sample)
{
    char clean[256];
    char *text = value_text(json_object_get(sample, "value"), "-");
    table_cell(table, "%s", text != NULL ? text_clean(text, clean, sizeof clean) : "");
    table_cell(table, "%s", answer_text(sample, "quality"));
    free(text);
}

static void correct_each(void *arg, const json_t *correction)
{
    struct correct_list *list = arg;
    char clean[3][600];
    list->count++;
    if (list->table == NULL) {
        value_put_line(stdout, correction);
        return;
    }
    table_cell(list->table, "%llu", (unsigned long long)answer_count(correction, "correction"));
    table_cell(list->table, "%s", text_clean(answer_text(correction, "path"), clean[0], 600));
    table_cell(list->table, "%s", answer_text(correction, "time"));
    correct_put_value(list->table, correction);
    correct_put_value(list->table, json_object_get(correction, "original"));
    table_cell(list->table, "%s", text_clean(answer_text(correction, "author"), clean[1], 600));
    table_cell(list->table, "%s", text_clean(answer_text(correction, "reason"), clean[2], 600));
}

static struct correct_list correct_list_create(const struct words *words)
{
    bool json = words_flag(words, "json");
    return (struct correct_list){
        .table = json ? NULL
                      : table_create(">number|path|time|>value|quality|>original|quality|author|"
                                     "reason")};
}

static void correct_list_print(struct correct_list *list)
{
    if (list->table != NULL && list->count > 0)
        table_print(list->table, "");
    else
        table_destroy(list->table);
}

static int correct_list(const struct words *words, struct http_line *line)
{
    uint64_t most;
    if (!words_count(words, "limit", SHOWN_USUAL, 1, UINT32_MAX, &most))
        return EXIT_USAGE;
    struct correct_list list = correct_list_create(words);
    bool good = archive_list(line, "/v1/corrections",
                             words->argument_count > 0 ? words->arguments[0] : NULL, "corrections",
                             most, false, correct_each, &list);
    correct_list_print(&list);
    if (good && list.count == 0)
        fprintf(stderr, "mainstem correct: nothing was corrected so far\n");
    return good ? EXIT_DONE : EXIT_FAILED;
}

/* ---- done --------------------------------------------------------------------------------------
 */
/* The body; NULL after printing what is wrong. */
static json_t *correct_body(const struct words *words)
{
    const char *fault;
    json_t *body = json_pack("{s:s}", "path", words->arguments[0]);
    if (body == NULL) {
        fail(VERB, "the path is not UTF-8");
        return NULL;
    }
    char *json = sample_value_json(words->arguments[2], words_flag(words, "text"), &fault);
    if (json == NULL)
        fail(VERB, "the value \"%.60s\" %s", words->arguments[2], fault);
    else
        json_object_set_new(body, "value", json_loads(json, JSON_DECODE_ANY, NULL));
    bool good = json != NULL && body_put_time(words, body, "time", words->arguments[1]) &&
                body_put_text(words, body, "quality", "quality") &&
                body_put_text(words, body, "reason", "reason") &&
                body_put_text(words, body, "key", "key") && body_put_author(words, body);
    free(json);
    if (good)
        return body;
    json_decref(body);
    return NULL;
}

static int correct_do(const struct words *words, struct http_line *line)
{
    struct http_url url;
    json_t *body = correct_body(words);
    if (body == NULL)
        return EXIT_USAGE;
    http_url_start(&url, "/v1/corrections");
    json_t *answer = archive_ask(line, "POST", &url, body);
    if (answer == NULL)
        return EXIT_FAILED;
    struct correct_list list = correct_list_create(words);
    correct_each(&list, json_object_get(answer, "correction"));
    correct_list_print(&list);
    json_decref(answer);
    return EXIT_DONE;
}

static int correct_run(const struct words *words)
{
    struct http_line line;
    bool list = words_flag(words, "list");
    if (list ? words->argument_count > 1 : words->argument_count != 3) {
        fail(VERB, "usage: mainstem correct PATH TIME VALUE, or mainstem correct --list [PATH]");
        return EXIT_USAGE;
    }
    if (!http_line_open(words, HTTP_WAIT_MS, &line))
        return EXIT_USAGE;
    int code = list ? correct_list(words, &line) : correct_do(words, &line);
    http_line_close(&line);
    return code;
}

static const struct option correct_options[] = {
    HTTP_OPTION,
    {"quality", "QUALITY", "of the new value (good.edited; of null bad.no_value)"},
    {"text", NULL, "the value is text, whatever it looks like"},
    SAID_OPTIONS,
    {"list", NULL, "corrections so far, of one point or of all, newest first"},
    {"limit", "N", "list: how many at most (100)"},
    KEY_OPTION,
    JSON_OPTION,
};
const struct verb verb_correct = {
    .name = VERB,
    .arguments = "PATH TIME VALUE",
    .summary = "Put another value in the place of a sample; the one before is kept.",
    .about =
        "The new value is a sample like any other, of quality good.edited unless told otherwise.\n"
        "What was there before, who changed it and why, is kept for ever and listed. null as\n"
        "the value takes one away: with a quality that says why.",
    .example = "  mainstem correct plant/line-1/press-3/temp 2026-03-01T08:00:00Z 21.5 --reason "
               "calibrated\n"
               "  mainstem correct --list plant/line-1/press-3/temp",
    .options = correct_options,
    .option_count = ARRAY_COUNT(correct_options),
    .arguments_max = 3,
    .run = correct_run,
};
