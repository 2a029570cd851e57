/* provider: by whose word people log in (OpenID Connect). */
#include "cli/answer.h"
#include "cli/people_words.h"

#include <string.h>

#define VERB "provider"
#define ROUTE "/v1/providers"
#define SECRET_SIZE 204 /* the server takes 200 bytes */

/* ---- shown -------------------------------------------------------------------------------------
 */
static const struct row_column provider_columns[] = {
    {"name", .least = 12},  {"issuer", .least = 16}, {"client_id", .least = 8}, {.name = "secret"},
    {"scopes", .leave = 1}, {.name = "role"},        {"branch", .leave = 2},
};

static void provider_row(struct rows *rows, const json_t *provider)
{
    people_cell(rows, provider, "name");
    people_cell(rows, provider, "issuer");
    people_cell(rows, provider, "client_id");
    rows_cell(rows, PAINT_NONE, answer_is(provider, "secret") ? "yes" : "no");
    people_cell(rows, provider, "scopes");
    people_cell(rows, provider, "role");
    people_cell(rows, provider, "branch");
}

static const struct people_list providers = {
    .route = ROUTE,
    .member = "providers",
    .columns = provider_columns,
    .column_count = ARRAY_COUNT(provider_columns),
    .row = provider_row,
    .none = "nobody logs in by a provider; `mainstem provider add` makes one",
    .whole = true};

static int provider_list(const struct words *words, struct http_line *line)
{
    return people_print_list(words, line, &providers);
}

/* ---- changed -----------------------------------------------------------------------------------
 */
/* The provider of this name as a new object, an empty one when it is not there; NULL after
 * printing why it is not known. */
static json_t *provider_find(struct http_line *line, const char *name)
{
    struct http_url url;
    people_url(&url, ROUTE, NULL, NULL);
    json_t *answer = http_line_get(line, &url, NULL);
    if (answer == NULL)
        return NULL;
    const json_t *list = json_object_get(answer, "providers");
    json_t *found = json_object();
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(answer_text(json_array_get(list, i), "name"), name) == 0)
            json_object_update(found, json_array_get(list, i));
    json_decref(answer);
    return found;
}

/* What stays as it was; the secret does by itself. */
static void body_keep(json_t *body, const json_t *before, const char *name)
{
    json_t *value = json_object_get(before, name);
    if (json_is_string(value))
        json_object_set(body, name, value);
}

static bool body_put_role(const struct words *words, json_t *body)
{
    const char *text = words_value(words, "role", 0);
    if (words_flag(words, "no-role")) {
        json_object_del(body, "role");
        json_object_del(body, "branch");
        return true;
    }
    if (text == NULL)
        return true;
    json_t *grant = people_grant(text);
    if (grant == NULL) {
        fail(VERB, "--role is \"%s\"; ROLE or ROLE:BRANCH is wanted, e.g. viewer:plant/#", text);
        return false;
    }
    json_object_set_new(body, "branch", json_string("#"));
    json_object_update(body, grant);
    json_decref(grant);
    return true;
}

static int provider_put(const struct words *words, struct http_line *line, json_t *body)
{
    const char *path = words_value(words, "client-secret-file", 0);
    char text[SECRET_SIZE];
    json_t *secret = NULL;
    struct http_url url;
    if (!body_put_text(words, body, "issuer", "issuer") ||
        !body_put_text(words, body, "client-id", "client_id") ||
        !body_put_text(words, body, "scopes", "scopes") || !body_put_role(words, body) ||
        (path != NULL && !words_secret_file(words, path, "a client secret", text, sizeof text))) {
        json_decref(body);
        return EXIT_USAGE;
    }
    if (path != NULL) {
        secret = json_string(text);
        explicit_bzero(text, sizeof text);
        json_object_set(body, "secret", secret);
    }
    people_url(&url, ROUTE, words->arguments[1], NULL);
    json_t *answer = archive_ask(line, "PUT", &url, body);
    if (secret != NULL)
        explicit_bzero((void *)(uintptr_t)json_string_value(secret), json_string_length(secret));
    json_decref(secret);
    return people_print_change(words, &providers, "provider", "", answer);
}

static int provider_add(const struct words *words, struct http_line *line)
{
    const char *name = words->arguments[1];
    if (words_value(words, "issuer", 0) == NULL || words_value(words, "client-id", 0) == NULL) {
        fail(VERB, "--issuer and --client-id are wanted: as the provider tells them of itself and "
                   "calls this server");
        return EXIT_USAGE;
    }
    json_t *before = provider_find(line, name);
    if (before == NULL)
        return EXIT_FAILED;
    size_t members = json_object_size(before);
    json_decref(before);
    if (members > 0) {
        fail(VERB, "%s is there already; `mainstem provider change` changes it", name);
        return EXIT_FAILED;
    }
    return provider_put(words, line, json_pack("{s:s}", "scopes", "email profile"));
}

static int provider_change(const struct words *words, struct http_line *line)
{
    static const char *const kept[] = {"issuer", "client_id", "scopes", "role", "branch"};
    json_t *before = provider_find(line, words->arguments[1]), *body = json_object();
    for (size_t i = 0; i < ARRAY_COUNT(kept); i++)
        body_keep(body, before, kept[i]);
    bool there = json_object_size(before) > 0;
    bool asked = before != NULL;
    json_decref(before);
    if (there)
        return provider_put(words, line, body);
    json_decref(body);
    if (asked)
        fail(VERB, "there is no provider %s; `mainstem provider list` shows them",
             words->arguments[1]);
    return EXIT_FAILED;
}

static int provider_remove(const struct words *words, struct http_line *line)
{
    struct http_url url;
    people_url(&url, ROUTE, words->arguments[1], NULL);
    return people_print_change(words, &providers, NULL,
                               "; nobody logs in by it any more, accounts and links stay",
                               archive_ask(line, "DELETE", &url, NULL));
}

static int provider_run(const struct words *words)
{
    static const struct people_action actions[] = {
        {"list", 0, 0, "list", provider_list},
        {"add", 1, 1, "add NAME --issuer URL --client-id ID", provider_add},
        {"change", 1, 1, "change NAME", provider_change},
        {"remove", 1, 1, "remove NAME", provider_remove},
    };
    return people_run(words, actions, ARRAY_COUNT(actions));
}

static const struct option provider_options[] = {
    HTTP_OPTION,
    TENANT_OPTION,
    {"issuer", "URL", "the provider's address, as it tells it of itself"},
    {"client-id", "ID", "what it calls this server"},
    {"client-secret-file", "FILE", "the secret it gave, from the first line of a file"},
    {"scopes", "WORDS", "what is asked for beside openid (email profile)"},
    {"role", "ROLE[:BRANCH]", "who comes for the first time gets an account with it"},
    {"no-role", NULL, "change: nobody gets in who is not linked"},
    FORMAT_OPTIONS,
};
const struct verb verb_provider = {
    .name = VERB,
    .arguments = "list|add|change|remove [NAME]",
    .summary = "Let people log in by an OpenID provider.",
    .about =
        "The provider must know this server as a client: a web application with the code flow\n"
        "and the redirection https://HOST/v1/session/openid/callback. Without a role only those\n"
        "get in who linked their account to it (console, My account); with one, whoever the\n"
        "provider knows gets an account. A client secret is kept sealed and never told.",
    .example = "  mainstem provider add entra --issuer "
               "https://login.microsoftonline.com/TENANT/v2.0 \\\n"
               "      --client-id 6f2c --client-secret-file entra.secret\n"
               "  mainstem provider add keycloak --issuer https://id.example.org/realms/plant \\\n"
               "      --client-id mainstem --client-secret-file kc.secret --role viewer:line1/#\n"
               "  mainstem provider change keycloak --no-role\n"
               "  mainstem provider remove entra",
    .options = provider_options,
    .option_count = ARRAY_COUNT(provider_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = provider_run,
};
