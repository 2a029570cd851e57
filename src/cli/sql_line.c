#include "cli/sql_line.h"

#include "cli/answer.h"

#include <editline/readline.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REMEMBERED 2000
#define PATHS_A_PAGE 1000
#define PATH_PAGES 3
#define PATHS_MOST 2000

static const char *const keywords[] = {
    "all",        "and",       "as",     "asc",          "avg",       "between", "by",
    "case",       "cast",      "count",  "cross",        "current",   "desc",    "distinct",
    "else",       "end",       "except", "exists",       "explain",   "false",   "following",
    "from",       "glob",      "group",  "group_concat", "having",    "in",      "inner",
    "intersect",  "is",        "join",   "json_object",  "lag",       "lead",    "left",
    "like",       "limit",     "match",  "max",          "min",       "not",     "null",
    "offset",     "on",        "or",     "order",        "outer",     "over",    "partition",
    "plan",       "preceding", "query",  "range",        "recursive", "round",   "row",
    "row_number", "rows",      "select", "sum",          "then",      "total",   "true",
    "unbounded",  "union",     "using",  "values",       "when",      "where",   "window",
    "with",
};

static struct {
    struct http_client *client;
    const json_t *schema;
    char file[512]; /* of what was typed; empty: there is none */
    char *paths[PATHS_MOST];
    size_t path_count, next;
} line;

/* ---- words -----------------------------------------------------------------------------------
 */
static bool word_fits(const char *word, const char *prefix, size_t *nth)
{
    return strncasecmp(word, prefix, strlen(prefix)) == 0 && (*nth)-- == 0;
}

/* "time_text(ns)" is completed up to its bracket. */
static char *function_word(const char *name)
{
    const char *bracket = strchr(name, '(');
    return bracket != NULL ? strndup(name, (size_t)(bracket - name) + 1) : strdup(name);
}

char *sql_line_word(const json_t *schema, const char *prefix, size_t nth)
{
    const json_t *tables = json_object_get(schema, "tables"),
                 *functions = json_object_get(schema, "functions");
    for (size_t i = 0; i < ARRAY_COUNT(keywords); i++)
        if (word_fits(keywords[i], prefix, &nth))
            return strdup(keywords[i]);
    for (size_t i = 0; i < json_array_size(tables); i++)
        if (word_fits(answer_text(json_array_get(tables, i), "name"), prefix, &nth))
            return strdup(answer_text(json_array_get(tables, i), "name"));
    for (size_t i = 0; i < json_array_size(functions); i++)
        if (word_fits(answer_text(json_array_get(functions, i), "name"), prefix, &nth))
            return function_word(answer_text(json_array_get(functions, i), "name"));
    for (size_t i = 0; i < json_array_size(tables); i++) {
        const json_t *columns = json_object_get(json_array_get(tables, i), "columns");
        for (size_t column = 0; column < json_array_size(columns); column++)
            if (word_fits(answer_text(json_array_get(columns, column), "name"), prefix, &nth))
                return strdup(answer_text(json_array_get(columns, column), "name"));
    }
    return NULL;
}

static char *next_word(const char *prefix, int state)
{
    line.next = state == 0 ? 0 : line.next + 1;
    return sql_line_word(line.schema, prefix, line.next);
}

/* ---- paths -----------------------------------------------------------------------------------
 */
static void paths_forget(void)
{
    for (size_t i = 0; i < line.path_count; i++)
        free(line.paths[i]);
    line.path_count = 0;
}

static void paths_take(const json_t *answer, const char *prefix)
{
    const json_t *children = json_object_get(answer, "children");
    for (size_t i = 0; i < json_array_size(children) && line.path_count < PATHS_MOST; i++) {
        const json_t *child = json_array_get(children, i);
        const char *path = answer_text(child, "path");
        char *text = NULL;
        if (strncmp(path, prefix, strlen(prefix)) == 0 &&
            asprintf(&text, "%s%s", path, answer_is(child, "branch") ? "/" : "") > 0)
            line.paths[line.path_count++] = text;
    }
}

/* What is in the branch that the prefix ends in. */
static void paths_find(const char *prefix)
{
    const char *slash = strrchr(prefix, '/');
    char branch[4096], after[4096] = "";
    paths_forget();
    snprintf(branch, sizeof branch, "%.*s", slash != NULL ? (int)(slash - prefix) : 0, prefix);
    for (size_t page = 0; page < PATH_PAGES; page++) {
        struct http_url url;
        struct http_client_answer answer = {0};
        http_url_start(&url, "/v1/tree");
        http_url_query(&url, "path", branch);
        http_url_query_count(&url, "limit", PATHS_A_PAGE);
        if (after[0] != '\0')
            http_url_query(&url, "after", after);
        const struct http_client_question question = {.method = "GET",
                                                      .target = http_url_text(&url)};
        if (question.target == NULL || http_client_ask(line.client, &question, &answer) != OK)
            return;
        paths_take(answer.json, prefix);
        snprintf(after, sizeof after, "%s", answer_text(answer.json, "next"));
        json_decref(answer.json);
        if (after[0] == '\0')
            return;
    }
}

static char *next_path(const char *prefix, int state)
{
    if (state == 0) {
        paths_find(prefix);
        line.next = 0;
    }
    return line.next < line.path_count ? strdup(line.paths[line.next++]) : NULL;
}

static char **complete(const char *text, int start, int end)
{
    (void)end;
    bool quoted = start > 0 && rl_line_buffer[start - 1] == '\'';
    rl_attempted_completion_over = 1; /* no names of files */
    rl_completion_append_character = quoted ? '\0' : ' ';
    return rl_completion_matches(text, quoted ? next_path : next_word);
}

/* ---- the line --------------------------------------------------------------------------------
 */
static void file_find(void)
{
    const char *named = getenv("MAINSTEM_SQL_HISTORY"), *home = getenv("HOME");
    if (named != NULL)
        snprintf(line.file, sizeof line.file, "%s", named);
    else if (home != NULL && home[0] == '/')
        snprintf(line.file, sizeof line.file, "%s/.mainstem_sql_history", home);
}

void sql_line_open(struct http_client *client, const json_t *schema)
{
    static char name[] = "mainstem", breaks[] = " \t\n\"'`,;()=<>!+*|&";
    line.client = client;
    line.schema = schema;
    setlocale(LC_CTYPE, ""); /* how many bytes a character has */
    file_find();
    rl_readline_name = name;
    rl_completer_word_break_characters = breaks;
    rl_attempted_completion_function = complete;
    using_history();
    stifle_history(REMEMBERED);
    if (line.file[0] != '\0')
        (void)read_history(line.file);
}

char *sql_line_read(const char *prompt)
{
    errno = 0;
    return readline(prompt);
}

/* A statement of several lines is remembered as one. */
void sql_line_remember(const char *statement)
{
    char *one = strdup(statement);
    if (one == NULL)
        return;
    for (char *at = one; *at != '\0'; at++)
        if (*at == '\n')
            *at = ' ';
    if (one[0] != '\0')
        add_history(one);
    free(one);
}

/* What was asked may be nobody else's business. */
void sql_line_close(void)
{
    paths_forget();
    if (line.file[0] == '\0')
        return;
    int fd = open(line.file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)fchmod(fd, 0600);
        close(fd);
        (void)write_history(line.file);
    }
}
