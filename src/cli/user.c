/* user: people of a tenant. */
#include "cli/answer.h"
#include "cli/people_words.h"

#include <string.h>

#define VERB "user"
#define ROUTE "/v1/users"

static const struct row_column user_columns[] = {
    {"name", .least = 12},
    {.name = "state"},
    {"grants", .least = 16},
    {"password", .leave = 3},
    {"second_factor", .leave = 4},
    {"last_used", .leave = 6},
    {"last_address", .leave = 2},
    {"expires", .leave = 5},
    {"email", .least = 12, .leave = 1},
    {"title", .least = 12, .leave = 7},
};

static void yes_cell(struct rows *rows, const json_t *item, const char *name)
{
    rows_cell(rows, PAINT_NONE, answer_is(item, name) ? "yes" : "no");
}

static void user_row(struct rows *rows, const json_t *user)
{
    people_cell(rows, user, "name");
    people_cell_state(rows, user);
    people_cell_grants(rows, user);
    yes_cell(rows, user, "password");
    yes_cell(rows, user, "second_factor");
    people_cell_time(rows, user, "last_used");
    people_cell(rows, user, "last_address");
    people_cell_time(rows, user, "expires");
    people_cell(rows, user, "email");
    people_cell(rows, user, "title");
}

static const struct people_list users = {
    .route = ROUTE,
    .member = "users",
    .columns = user_columns,
    .column_count = ARRAY_COUNT(user_columns),
    .row = user_row,
    .none = "there is nobody yet; `mainstem user create NAME --role ROLE` makes a person"};

static int user_list(const struct words *words, struct http_line *line)
{
    return people_print_list(words, line, &users);
}

static int user_show(const struct words *words, struct http_line *line)
{
    struct http_url url;
    people_url(&url, ROUTE, words->arguments[1], NULL);
    json_t *answer = http_line_get(line, &url, NULL);
    if (answer == NULL)
        return EXIT_FAILED;
    int code = people_print_one(words, &users, answer);
    json_decref(answer);
    return code;
}

/* ---- answers -----------------------------------------------------------------------------------
 */
/* Takes over the answer: the person as he is now, or the invitation, which is told this once. */
static int user_answer(const struct words *words, json_t *answer)
{
    if (json_is_object(json_object_get(answer, "invitation")))
        return people_tell_secret(words, answer, "invitation.link",
                                  "the link (behind the console's address), by which the password "
                                  "is chosen,");
    return people_print_change(words, &users, "user", "; sessions and tokens have ended", answer);
}

static int user_send(const struct words *words, struct http_line *line, const char *method,
                     const char *tail, json_t *body)
{
    struct http_url url;
    people_url(&url, ROUTE, words->arguments[1], tail);
    return user_answer(words, archive_ask(line, method, &url, body));
}

/* ---- made --------------------------------------------------------------------------------------
 */
static json_t *user_body(const struct words *words)
{
    json_t *body = people_body(words, words->arguments[1]);
    if (body == NULL || (people_put_grants(words, body) && people_put_particulars(words, body)))
        return body;
    json_decref(body);
    return NULL;
}

static int user_create(const struct words *words, struct http_line *line)
{
    char password[PASSWORD_SIZE];
    struct http_url url;
    json_t *body = user_body(words);
    people_url(&url, ROUTE, NULL, NULL);
    if (body == NULL)
        return EXIT_USAGE;
    if (!people_password(words, words->arguments[1], password)) {
        json_decref(body);
        return EXIT_FAILED;
    }
    json_t *secret = json_string(password);
    explicit_bzero(password, sizeof password);
    if (secret == NULL) {
        json_decref(body);
        return fail(VERB, "the password is not UTF-8");
    }
    json_object_set_new(body, "password", secret);
    return user_answer(words, archive_ask(line, "POST", &url, body));
}

/* Whoever is there already gets another invitation; those before are void. */
static int user_invite(const struct words *words, struct http_line *line)
{
    struct http_url url;
    unsigned status;
    if (!people_out_is_free(words))
        return EXIT_USAGE;
    people_url(&url, ROUTE, words->arguments[1], "invitation");
    json_t *answer = archive_try(line, "POST", &url, NULL, 404, &status);
    if (answer != NULL || status != 404)
        return user_answer(words, answer);
    json_t *body = user_body(words);
    if (body == NULL)
        return EXIT_USAGE;
    people_url(&url, ROUTE, NULL, NULL);
    return user_answer(words, archive_ask(line, "POST", &url, body));
}

/* ---- changed -----------------------------------------------------------------------------------
 */
static int user_disable(const struct words *words, struct http_line *line)
{
    return user_send(words, line, "PATCH", NULL, json_pack("{s:s}", "state", "disabled"));
}

static int user_enable(const struct words *words, struct http_line *line)
{
    return user_send(words, line, "PATCH", NULL, json_pack("{s:s}", "state", "active"));
}

static int user_reset(const struct words *words, struct http_line *line)
{
    if (!people_out_is_free(words))
        return EXIT_USAGE;
    return user_send(words, line, "POST", "reset",
                     words_flag(words, "second-factor") ? json_pack("{s:b}", "second_factor", 1)
                                                        : json_object());
}

static int user_remove(const struct words *words, struct http_line *line)
{
    return user_send(words, line, "DELETE", NULL, NULL);
}

/* All that he may from now on; without a role, nothing. */
static int user_grant(const struct words *words, struct http_line *line)
{
    json_t *body = json_pack("{s:[]}", "grants");
    if (people_put_grants(words, body))
        return user_send(words, line, "PATCH", NULL, body);
    json_decref(body);
    return EXIT_USAGE;
}

static int user_run(const struct words *words)
{
    static const struct people_action actions[] = {
        {"list", 0, 0, "list", user_list},
        {"show", 1, 1, "show NAME", user_show},
        {"create", 1, 1, "create NAME [--role ROLE[:BRANCH]]", user_create},
        {"invite", 1, 1, "invite NAME [--role ROLE[:BRANCH]]", user_invite},
        {"grant", 1, 1, "grant NAME --role ROLE[:BRANCH]", user_grant},
        {"disable", 1, 1, "disable NAME", user_disable},
        {"enable", 1, 1, "enable NAME", user_enable},
        {"reset", 1, 1, "reset NAME [--second-factor]", user_reset},
        {"remove", 1, 1, "remove NAME", user_remove},
    };
    return people_run(words, actions, ARRAY_COUNT(actions));
}

static const struct option user_options[] = {
    HTTP_OPTION,
    TENANT_OPTION,
    ROLE_OPTION,
    TITLE_OPTION,
    {"email", "TEXT", "where to reach"},
    {"language", "TEXT", "of the console: en, zh"},
    EXPIRES_OPTION,
    PASSWORD_FILE_OPTION,
    {"second-factor", NULL, "reset: the second factor ends as well"},
    OUT_OPTION,
    FORMAT_OPTIONS,
};
const struct verb verb_user = {
    .name = VERB,
    .arguments = "list|show|create|invite|grant|disable|enable|reset|remove [NAME]",
    .summary = "Make people, say what they may, and shut them out.",
    .about =
        "create asks for a password; invite prints a link by which the person chooses one. grant\n"
        "replaces all that somebody was granted; nobody grants more than he may himself. disable\n"
        "and remove end sessions and tokens at once; reset ends the password too, and invites.",
    .example = "  mainstem user create bo --role operator:plant/line-1/#\n"
               "  mainstem user invite cy --role viewer --email cy@example.org\n"
               "  mainstem user grant bo --role viewer\n"
               "  mainstem user create eve --tenant acme --role administrator",
    .options = user_options,
    .option_count = ARRAY_COUNT(user_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = user_run,
};
