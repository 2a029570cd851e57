/* share: what a tenant lets another see. */
#include "cli/answer.h"
#include "cli/people_words.h"

#include <stdlib.h>
#include <string.h>

#define VERB "share"
#define ROUTE "/v1/shares"

/* ---- shown -------------------------------------------------------------------------------------
 */
static const struct row_column share_columns[] = {
    {"number", .right = true},
    {.name = "from"},
    {.name = "to"},
    {.name = "state"},
    {.name = "rights"},
    {"patterns", .least = 16},
    {"offered", .leave = 2},
    {"accepted", .leave = 3},
    {"ended", .leave = 4},
    {"title", .least = 12, .leave = 1},
};

static void share_row(struct rows *rows, const json_t *share)
{
    people_cell(rows, share, "number");
    people_cell(rows, share, "from");
    people_cell(rows, share, "to");
    people_cell_state(rows, share);
    people_cell_rights(rows, json_object_get(share, "rights"));
    people_cell_rights(rows, json_object_get(share, "patterns"));
    people_cell_time(rows, share, "offered");
    people_cell_time(rows, share, "accepted");
    people_cell_time(rows, share, "ended");
    people_cell(rows, share, "title");
}

static const struct people_list shares = {.route = ROUTE,
                                          .columns = share_columns,
                                          .column_count = ARRAY_COUNT(share_columns),
                                          .row = share_row};

static size_t shares_take(struct rows *rows, const json_t *list, bool ended)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *share = json_array_get(list, i);
        if (!ended && strcmp(answer_text(share, "state"), "ended") == 0)
            continue;
        count++;
        if (rows == NULL)
            value_put_line(stdout, share);
        else
            share_row(rows, share);
    }
    return count;
}

/* Two lists come side by side: what it gives, and what it takes. */
static int share_list(const struct words *words, struct http_line *line)
{
    enum output_format format;
    char after[64] = "";
    size_t count = 0;
    bool ended = words_flag(words, "ended");
    if (!http_words_format(words, &format))
        return EXIT_USAGE;
    struct rows *rows = people_rows(&shares, format);
    json_t *answer;
    do {
        struct http_url url;
        http_url_start(&url, ROUTE);
        if (after[0] != 0)
            http_url_query(&url, "after", after);
        answer = http_line_get(line, &url, NULL);
        count += shares_take(rows, json_object_get(answer, "given"), ended);
        count += shares_take(rows, json_object_get(answer, "taken"), ended);
        snprintf(after, sizeof after, "%s", answer_text(answer, "next"));
        if (rows != NULL && (count > 0 || format == OUTPUT_CSV))
            rows_flush(rows);
        json_decref(answer);
    } while (answer != NULL && after[0] != 0);
    rows_destroy(rows);
    if (answer != NULL && count == 0 && format == OUTPUT_TABLE)
        fprintf(stderr, "mainstem share: nothing is shared%s\n",
                ended ? "" : "; --ended lists what was");
    return answer != NULL ? EXIT_DONE : EXIT_FAILED;
}

/* ---- changed -----------------------------------------------------------------------------------
 */
static int share_send(const struct words *words, struct http_line *line, const char *method,
                      const struct http_url *url, json_t *body)
{
    return people_print_change(words, &shares, "share", "", archive_ask(line, method, url, body));
}

static int share_offer(const struct words *words, struct http_line *line)
{
    struct http_url url;
    json_t *patterns = json_array(), *body = json_object();
    for (size_t i = 2; i < words->argument_count; i++)
        json_array_append_new(patterns, json_string(words->arguments[i]));
    json_object_set_new(body, "to", json_string(words->arguments[1]));
    json_object_set_new(body, "patterns", patterns);
    if (words_flag(words, "acknowledge"))
        json_object_set_new(body, "rights", json_pack("[s,s]", "see", "acknowledge"));
    if (!body_put_text(words, body, "title", "title")) {
        json_decref(body);
        return EXIT_USAGE;
    }
    people_url(&url, ROUTE, NULL, NULL);
    return share_send(words, line, "POST", &url, body);
}

static bool number_is_one(const char *text)
{
    if (text[0] != 0 && strspn(text, "0123456789") == strlen(text))
        return true;
    fail(VERB, "\"%s\" is no number of a share; `mainstem share list` shows them", text);
    return false;
}

static int share_accept(const struct words *words, struct http_line *line)
{
    struct http_url url;
    if (!number_is_one(words->arguments[1]))
        return EXIT_USAGE;
    people_url(&url, ROUTE, words->arguments[1], "accept");
    return share_send(words, line, "PUT", &url, NULL);
}

static int share_end(const struct words *words, struct http_line *line)
{
    struct http_url url;
    if (!number_is_one(words->arguments[1]))
        return EXIT_USAGE;
    people_url(&url, ROUTE, words->arguments[1], NULL);
    return share_send(words, line, "DELETE", &url, NULL);
}

static int share_run(const struct words *words)
{
    static const struct people_action actions[] = {
        {"list", 0, 0, "list [--ended]", share_list},
        {"offer", 2, 9, "offer TENANT PATTERN...", share_offer},
        {"accept", 1, 1, "accept NUMBER", share_accept},
        {"end", 1, 1, "end NUMBER", share_end},
    };
    return people_run(words, actions, ARRAY_COUNT(actions));
}

static const struct option share_options[] = {
    HTTP_OPTION,
    TENANT_OPTION,
    {"acknowledge", NULL, "offer: alarms may be acknowledged too"},
    TITLE_OPTION,
    {"ended", NULL, "list: also those that have ended"},
    FORMAT_OPTIONS,
};
const struct verb verb_share = {
    .name = VERB,
    .arguments = "list|offer|accept|end [TENANT PATTERN...|NUMBER]",
    .summary = "Let another tenant see branches, and nothing else.",
    .about =
        "A tenant offers up to 8 patterns; nothing is seen until the other one accepts. There\n"
        "its points stand below @NAME/, where NAME is the tenant that shares. Either side ends a\n"
        "share, at once.",
    .example = "  mainstem share offer fire-brigade 'fire/#' --acknowledge\n"
               "  mainstem share list\n"
               "  mainstem share end 1",
    .options = share_options,
    .option_count = ARRAY_COUNT(share_options),
    .arguments_min = 1,
    .arguments_max = 10,
    .run = share_run,
};
