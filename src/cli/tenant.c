/* tenant: who shares the server. */
#include "cli/answer.h"
#include "cli/people_words.h"
#include "cli/tenant_folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERB "tenant"
#define NDJSON_END ".ndjson"

static const struct row_column tenant_columns[] = {
    {"name", .least = 12},
    {.name = "state"},
    {"users", .right = true},
    {"devices", .right = true},
    {"points", .right = true},
    {"points_most", .right = true, .leave = 3},
    {"connections", .right = true, .leave = 2},
    {"storage_bytes", .right = true, .leave = 1},
    {"created", .leave = 4},
    {"title", .least = 12, .leave = 5},
};

static void tenant_row(struct rows *rows, const json_t *tenant)
{
    people_cell(rows, tenant, "name");
    people_cell_state(rows, tenant);
    people_cell(rows, tenant, "users");
    people_cell(rows, tenant, "devices");
    people_cell(rows, tenant, "quotas.points.used");
    people_cell(rows, tenant, "quotas.points.most");
    people_cell(rows, tenant, "quotas.connections.used");
    people_cell(rows, tenant, "quotas.storage_bytes.used");
    people_cell_time(rows, tenant, "created");
    people_cell(rows, tenant, "title");
}

static const struct people_list tenants = {.route = "/v1/tenants",
                                           .member = "tenants",
                                           .columns = tenant_columns,
                                           .column_count = ARRAY_COUNT(tenant_columns),
                                           .row = tenant_row,
                                           .none = "there is none"};

static int tenant_list(const struct words *words, struct http_line *line)
{
    return people_print_list(words, line, &tenants);
}

/* What it uses of what it may, one line a quota. */
static void quotas_print(const json_t *tenant)
{
    const char *name;
    json_t *quota;
    struct table *table = table_create("quota|>used|>most|>refused");
    json_object_foreach(json_object_get(tenant, "quotas"), name, quota)
    {
        const json_t *most = json_object_get(quota, "most");
        char text[2][NUMBER_SIZE];
        table_cell(table, "%s", name);
        table_cell(table, "%s", number_group(answer_count(quota, "used"), text[0]));
        table_cell(table, "%s",
                   json_is_null(most) ? "-" : number_group(answer_count(quota, "most"), text[1]));
        table_cell(table, "%s", number_group(answer_count(quota, "refused"), text[0]));
    }
    table_print(table, "");
}

static int tenant_show(const struct words *words, struct http_line *line)
{
    struct http_url url;
    people_url(&url, "/v1/tenants", words->arguments[1], NULL);
    json_t *answer = http_line_get(line, &url, NULL);
    if (answer == NULL)
        return EXIT_FAILED;
    int code = people_print_one(words, &tenants, answer);
    if (code == EXIT_DONE && !words_flag(words, "json") && !words_flag(words, "csv")) {
        printf("\n");
        quotas_print(answer);
    }
    json_decref(answer);
    return code;
}

/* ---- changed -----------------------------------------------------------------------------------
 */
static bool put_quotas(const struct words *words, json_t *body)
{
    const char *text;
    json_t *quotas = json_object();
    for (size_t i = 0; (text = words_value(words, "quota", i)) != NULL; i++) {
        const char *equals = strchr(text, '=');
        char *end = NULL;
        long long most = equals != NULL ? strtoll(equals + 1, &end, 10) : -1;
        if (equals == NULL || equals == text || end == equals + 1 || *end != 0 || most < 0) {
            fail(VERB, "--quota is \"%s\"; KIND=N is wanted, e.g. points=10000; N 0: no limit",
                 text);
            json_decref(quotas);
            return false;
        }
        json_object_setn_new(quotas, text, (size_t)(equals - text), json_integer(most));
    }
    if (json_object_size(quotas) > 0)
        json_object_set_new(body, "quotas", quotas);
    else
        json_decref(quotas);
    return true;
}

static int tenant_send(const struct words *words, struct http_line *line, const char *method,
                       const char *name, json_t *body)
{
    struct http_url url;
    people_url(&url, "/v1/tenants", name, NULL);
    json_t *answer = archive_ask(line, method, &url, body);
    if (answer == NULL)
        return EXIT_FAILED;
    const json_t *tenant = json_object_get(answer, "tenant");
    int code = EXIT_DONE;
    if (json_is_object(tenant))
        code = people_print_one(words, &tenants, tenant);
    else if (words_flag(words, "json"))
        value_put_line(stdout, answer);
    json_decref(answer);
    return code;
}

static int tenant_create(const struct words *words, struct http_line *line)
{
    json_t *body = people_body(words, words->arguments[1]);
    if (body == NULL)
        return EXIT_FAILED;
    if (body_put_text(words, body, "title", "title") && put_quotas(words, body))
        return tenant_send(words, line, "POST", NULL, body);
    json_decref(body);
    return EXIT_USAGE;
}

static int tenant_change(const struct words *words, struct http_line *line)
{
    json_t *body = json_object();
    bool good = body_put_text(words, body, "title", "title") && put_quotas(words, body);
    if (good && json_object_size(body) > 0)
        return tenant_send(words, line, "PATCH", words->arguments[1], body);
    if (good)
        fail(VERB, "say what is to change: --title TEXT, --quota KIND=N");
    json_decref(body);
    return EXIT_USAGE;
}

static int tenant_suspend(const struct words *words, struct http_line *line)
{
    return tenant_send(words, line, "PATCH", words->arguments[1],
                       json_pack("{s:s}", "state", "suspended"));
}

static int tenant_resume(const struct words *words, struct http_line *line)
{
    return tenant_send(words, line, "PATCH", words->arguments[1],
                       json_pack("{s:s}", "state", "active"));
}

/* The name must be typed again: a yes is typed too easily. */
static int delete_confirm(const char *name)
{
    char typed[128] = "";
    if (!isatty(STDIN_FILENO)) {
        fail(VERB, "nobody sits here who could be asked; say --yes");
        return EXIT_USAGE;
    }
    fprintf(stderr,
            "All that %s has will be gone: points, people, devices, roles. Type its name to "
            "confirm: ",
            name);
    if (fgets(typed, sizeof typed, stdin) == NULL)
        typed[0] = 0;
    typed[strcspn(typed, "\n")] = 0;
    return strcmp(typed, name) == 0 ? EXIT_DONE : fail(VERB, "not confirmed; nothing was deleted");
}

static int tenant_delete(const struct words *words, struct http_line *line)
{
    const char *name = words->arguments[1];
    int code = words_flag(words, "yes") ? EXIT_DONE : delete_confirm(name);
    return code == EXIT_DONE ? tenant_send(words, line, "DELETE", name, NULL) : code;
}

/* ---- taken along, and gone ---------------------------------------------------------------------
 */
/* A name of NDJSON is that one file: what is configured. */
static bool is_one_file(const char *path)
{
    size_t size = strlen(path), end = strlen(NDJSON_END);
    return size > end && strcmp(path + size - end, NDJSON_END) == 0;
}

static int tenant_export(const struct words *words, struct http_line *line)
{
    struct http_url url;
    const char *path = words_value(words, "out", 0);
    if (path != NULL && !is_one_file(path))
        return tenant_folder_export(words, line, words->arguments[1], path);
    people_url(&url, "/v1/tenants", words->arguments[1], "export");
    return people_export(words, line, &url);
}

/* One line a member; those of an object behind its name. */
static void certificate_put(struct table *table, const char *of, json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        if (json_is_object(value) && of[0] == 0) {
            certificate_put(table, name, value);
            continue;
        }
        char *text = value_text(value, "-");
        table_cell(table, "%s%s%s", of, of[0] != 0 ? " " : "", name);
        table_cell(table, "%s", text != NULL ? text : "");
        free(text);
    }
}

static int tenant_certificate(const struct words *words, struct http_line *line)
{
    struct http_url url;
    people_url(&url, "/v1/tenants", words->arguments[1], "certificate");
    json_t *answer = http_line_get(line, &url, NULL);
    if (answer == NULL)
        return EXIT_FAILED;
    if (words_flag(words, "json")) {
        value_put_line(stdout, answer);
    } else {
        struct table *table = table_create("what|of it");
        certificate_put(table, "", answer);
        table_print(table, "");
    }
    json_decref(answer);
    return EXIT_DONE;
}

static int tenant_run(const struct words *words)
{
    static const struct people_action actions[] = {
        {"list", 0, 0, "list", tenant_list},
        {"create", 1, 1, "create NAME [--title TEXT] [--quota KIND=N]", tenant_create},
        {"show", 1, 1, "show NAME", tenant_show},
        {"change", 1, 1, "change NAME [--title TEXT] [--quota KIND=N]", tenant_change},
        {"suspend", 1, 1, "suspend NAME", tenant_suspend},
        {"resume", 1, 1, "resume NAME", tenant_resume},
        {"delete", 1, 1, "delete NAME", tenant_delete},
        {"export", 1, 1, "export NAME [--out DIR]", tenant_export},
        {"certificate", 1, 1, "certificate NAME", tenant_certificate},
    };
    return people_run(words, actions, ARRAY_COUNT(actions));
}

static const struct option tenant_options[] = {
    HTTP_OPTION,
    TITLE_OPTION,
    {"quota", "KIND=N", "at most so many of a kind (below), e.g. points=10000"},
    {"yes", NULL, "delete: do not ask"},
    {"out", "DIR", "export: into a new folder, with all samples; FILE.ndjson: without them"},
    FORMAT_OPTIONS,
};

static void tenant_help(void)
{
    printf("\nKinds of quotas: points, points_per_second, values_per_second, connections,\n"
           "storage_bytes, queries_at_once; N 0: no limit but the server's.\n"
           "\nA folder of export holds tenant.ndjson (what is configured), samples.ndjson.gz and\n"
           "manifest.json (counts, and the SHA-256 of both). Samples are read over HTTP (--http,\n"
           "also beside --server unix:DIR) by a token of the tenant that is removed at the end.\n"
           "They go back with their points, here or on another server, by a token of the tenant:\n"
           "  mainstem token create back --tenant NAME --role administrator --out FILE\n"
           "  mainstem import DIR/samples.ndjson.gz --token-file FILE\n");
}

const struct verb verb_tenant = {
    .name = VERB,
    .arguments = "list|create|show|change|suspend|resume|delete|export|certificate [NAME]",
    .summary = "Say who shares the server: enterprises, authorities, and how much each may use.",
    .about =
        "A tenant sees nothing of another, but what that one shares. Suspended: all of its\n"
        "people and machines are out at once, and nothing is lost. Deleted: all that it had\n"
        "goes, and certificate says what went. export writes all that is configured as\n"
        "NDJSON, and with --out DIR all samples of its points as well. The people of a tenant\n"
        "are made with --tenant NAME (see `mainstem user`).",
    .example = "  mainstem tenant create acme --title 'Acme Ltd' --quota points=10000\n"
               "  mainstem tenant show acme\n"
               "  mainstem tenant export acme --out acme-2026\n"
               "  mainstem tenant suspend acme",
    .options = tenant_options,
    .option_count = ARRAY_COUNT(tenant_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = tenant_run,
    .help = tenant_help,
};
