/* role: names for rights on patterns. */
#include "cli/answer.h"
#include "cli/people_words.h"

#include <string.h>

#define VERB "role"
#define ROUTE "/v1/roles"

/* ---- shown -------------------------------------------------------------------------------------
 */
static const struct row_column role_columns[] = {
    {"name", .least = 12},
    {.name = "builtin"},
    {.name = "rights"},
    {"pattern", .least = 16},
    {"title", .least = 12, .leave = 1},
};

/* One row a rule: a role without any has one row too. */
static void role_row(struct rows *rows, const json_t *role)
{
    const json_t *rules = json_object_get(role, "rights");
    size_t count = json_array_size(rules);
    for (size_t i = 0; i < (count > 0 ? count : 1); i++) {
        const json_t *rule = json_array_get(rules, i);
        people_cell(rows, role, "name");
        rows_cell(rows, PAINT_NONE, answer_is(role, "builtin") ? "yes" : "no");
        people_cell_rights(rows, json_object_get(rule, "rights"));
        people_cell(rows, rule, "pattern");
        people_cell(rows, role, "title");
    }
}

/* A tenant has at most a thousand. */
static const struct people_list roles = {.route = ROUTE,
                                         .member = "roles",
                                         .columns = role_columns,
                                         .column_count = ARRAY_COUNT(role_columns),
                                         .row = role_row,
                                         .whole = true};

static int role_list(const struct words *words, struct http_line *line)
{
    return people_print_list(words, line, &roles);
}

/* ---- changed -----------------------------------------------------------------------------------
 */
/* "see,write:plant/#" */
static json_t *rule_of(const char *text)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text || colon[1] == 0)
        return NULL;
    json_t *rights;
    if (strncmp(text, "all:", 4) == 0) {
        rights = json_string("all");
    } else {
        rights = json_array();
        for (const char *at = text; at < colon; at++) {
            size_t size = strcspn(at, ",:");
            json_array_append_new(rights, json_stringn(at, size));
            at += size;
        }
    }
    return json_pack("{s:s, s:o}", "pattern", colon + 1, "rights", rights);
}

static int role_set(const struct words *words, struct http_line *line)
{
    const char *text;
    struct http_url url;
    json_t *rules = json_array(), *body = json_pack("{s:o}", "rights", rules);
    for (size_t i = 0; (text = words_value(words, "right", i)) != NULL; i++) {
        json_t *rule = rule_of(text);
        if (rule == NULL) {
            fail(VERB,
                 "--right is \"%s\"; RIGHTS:PATTERN is wanted, e.g. see,write:plant/#, with see, "
                 "write, acknowledge, configure, administer or all",
                 text);
            json_decref(body);
            return EXIT_USAGE;
        }
        json_array_append_new(rules, rule);
    }
    if (!body_put_text(words, body, "title", "title")) {
        json_decref(body);
        return EXIT_USAGE;
    }
    people_url(&url, ROUTE, words->arguments[1], NULL);
    return people_print_change(words, &roles, "role", "", archive_ask(line, "PUT", &url, body));
}

static int role_remove(const struct words *words, struct http_line *line)
{
    struct http_url url;
    people_url(&url, ROUTE, words->arguments[1], NULL);
    return people_print_change(words, &roles, "role", "", archive_ask(line, "DELETE", &url, NULL));
}

static int role_run(const struct words *words)
{
    static const struct people_action actions[] = {
        {"list", 0, 0, "list", role_list},
        {"set", 1, 1, "set NAME --right RIGHTS:PATTERN", role_set},
        {"remove", 1, 1, "remove NAME", role_remove},
    };
    return people_run(words, actions, ARRAY_COUNT(actions));
}

static const struct option role_options[] = {
    HTTP_OPTION,
    TENANT_OPTION,
    {"right", "RIGHTS:PATTERN", "what it allows where; up to 16 times"},
    TITLE_OPTION,
    FORMAT_OPTIONS,
};
const struct verb verb_role = {
    .name = VERB,
    .arguments = "list|set|remove [NAME]",
    .summary = "Name rights on patterns of paths, to grant them by that name.",
    .about =
        "Rights are see, write, acknowledge, configure and administer, or all. A pattern is one\n"
        "of paths (plant/#) or of resources ($tenant/users). set makes a role or replaces what\n"
        "it says; built-in roles stay as they are. %u is the account's name and %c the MQTT\n"
        "client id, which a device's must be its name: see,write:dev/%u/#.",
    .example = "  mainstem role set night-shift --right see:plant/# --right "
               "see,acknowledge:plant/line-1/#\n"
               "  mainstem user grant bo --role night-shift",
    .options = role_options,
    .option_count = ARRAY_COUNT(role_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = role_run,
};
