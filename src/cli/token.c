/* token: API tokens, for programs. */
#include "cli/answer.h"
#include "cli/people_words.h"

#include <string.h>

#define VERB "token"
#define ROUTE "/v1/tokens"

static const struct row_column token_columns[] = {
    {"name", .least = 12},
    {.name = "state"},
    {"grants", .least = 16},
    {"owner", .leave = 3},
    {"created", .leave = 2},
    {"expires", .leave = 6},
    {"last_used", .leave = 5},
    {"last_address", .leave = 1},
    {"title", .least = 12, .leave = 4},
};

static void token_row(struct rows *rows, const json_t *token)
{
    people_cell(rows, token, "name");
    people_cell_state(rows, token);
    people_cell_grants(rows, token);
    people_cell(rows, token, "owner");
    people_cell_time(rows, token, "created");
    people_cell_time(rows, token, "expires");
    people_cell_time(rows, token, "last_used");
    people_cell(rows, token, "last_address");
    people_cell(rows, token, "title");
}

static const struct people_list tokens = {
    .route = ROUTE,
    .member = "tokens",
    .columns = token_columns,
    .column_count = ARRAY_COUNT(token_columns),
    .row = token_row,
    .none = "there is none yet; `mainstem token create NAME --role ROLE` makes one"};

static int token_list(const struct words *words, struct http_line *line)
{
    return people_print_list(words, line, &tokens);
}

static int token_create(const struct words *words, struct http_line *line)
{
    struct http_url url;
    json_t *body = people_body(words, words->arguments[1]);
    if (body == NULL)
        return EXIT_USAGE;
    bool good = people_out_is_free(words) && people_put_grants(words, body) &&
                people_put_particulars(words, body);
    if (good && json_object_get(body, "grants") == NULL) {
        fail(VERB, "say what it may: --role ROLE or --role ROLE:BRANCH, e.g. viewer:plant/#; "
                   "`mainstem role list` shows roles");
        good = false;
    }
    if (!good) {
        json_decref(body);
        return EXIT_USAGE;
    }
    people_url(&url, ROUTE, NULL, NULL);
    return people_tell_secret(words, archive_ask(line, "POST", &url, body), "text", "the token");
}

static int token_remove(const struct words *words, struct http_line *line)
{
    struct http_url url;
    people_url(&url, ROUTE, words->arguments[1], NULL);
    return people_print_change(words, &tokens, "token", "; whoever used it is out",
                               archive_ask(line, "DELETE", &url, NULL));
}

static int token_run(const struct words *words)
{
    static const struct people_action actions[] = {
        {"list", 0, 0, "list", token_list},
        {"create", 1, 1, "create NAME --role ROLE[:BRANCH]", token_create},
        {"remove", 1, 1, "remove NAME", token_remove},
    };
    return people_run(words, actions, ARRAY_COUNT(actions));
}

static const struct option token_options[] = {
    HTTP_OPTION,    TENANT_OPTION, ROLE_OPTION,    TITLE_OPTION,
    EXPIRES_OPTION, OUT_OPTION,    FORMAT_OPTIONS,
};
const struct verb verb_token = {
    .name = VERB,
    .arguments = "list|create|remove [NAME]",
    .summary = "Make tokens, with which programs get in, and end them.",
    .about =
        "create prints the token, this once; the server keeps only its hash. A program sends it\n"
        "as `Authorization: Bearer TOKEN`, or as the password of MQTT; verbs read it from\n"
        "--token-file or MAINSTEM_TOKEN. A token may no more than who made it.",
    .example = "  mainstem token create backup --role viewer --expires 2027-01-01T00:00:00Z --out "
               "backup.token\n"
               "  mainstem points --token-file backup.token\n"
               "  mainstem token remove backup",
    .options = token_options,
    .option_count = ARRAY_COUNT(token_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = token_run,
};
