/* sql: asks a server with SQL over HTTP: a statement from the command line, statements from a file
 * or a pipe, or a line to type them into. */
#include "cli/answer.h"
#include "cli/http_words.h"
#include "cli/sql_line.h"
#include "cli/sql_output.h"
#include "cli/terminal.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERB "sql"
#define WAIT_MS (24 * 3600 * 1000) /* the server knows how long a statement may take */
#define ROWS_USUAL 1000
#define ROWS_MOST UINT64_C(1000000000)

struct sql_verb {
    struct http_client *client;
    char address[HTTP_ADDRESS_SIZE];
    const struct words *words;
    enum output_format format;
    uint64_t limit;
    bool timer, interactive;
    json_t *schema;
};

static volatile sig_atomic_t interrupted; /* Ctrl-C ends the statement, not the verb */

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static bool interrupt_wanted(void)
{
    return interrupted || stop_wanted();
}

/* ---- asking ----------------------------------------------------------------------------------
 */
/* A number when it is one as a whole, `null`, else a text. */
static json_t *parameter_value(const char *text)
{
    char *end;
    if (strcmp(text, "null") == 0)
        return json_null();
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (text[0] != '\0' && *end == '\0' && errno == 0)
        return json_integer(whole);
    double real = strtod(text, &end);
    json_t *number = text[0] != '\0' && *end == '\0' ? json_real(real) : NULL; /* finite ones */
    return number != NULL ? number : json_string(text);
}

static json_t *question_of(const struct sql_verb *verb, const char *statement)
{
    json_t *parameters = json_array(), *question = json_object();
    const char *text;
    for (size_t nth = 0; (text = words_value(verb->words, "parameter", nth)) != NULL; nth++)
        json_array_append_new(parameters, parameter_value(text));
    json_t *sql = json_string(statement);
    if (sql == NULL) { /* no UTF-8 */
        json_decref(parameters);
        json_decref(question);
        return NULL;
    }
    json_object_set_new(question, "sql", sql);
    json_object_set_new(question, "parameters", parameters);
    json_object_set_new(question, "limit", json_integer((json_int_t)verb->limit));
    return question;
}

static int put_problem(const struct sql_verb *verb, const char *statement, unsigned status,
                       const json_t *problem)
{
    const json_t *offset = json_object_get(problem, "offset");
    if (strcmp(answer_text(problem, "code"), "sql_error") != 0)
        return http_fail_problem(VERB, NULL, status, problem);
    if (verb->interactive)
        fprintf(stderr, "%s\n", answer_text(problem, "detail"));
    else
        fail(VERB, "%s", answer_text(problem, "detail"));
    if (json_is_integer(offset))
        sql_put_caret(stderr, statement, json_integer_value(offset));
    return EXIT_FAILED;
}

static void put_answer(const struct sql_verb *verb, const json_t *answer)
{
    sql_put_answer(stdout, verb->format, answer, rows_width());
    if (verb->format == OUTPUT_TABLE)
        sql_put_summary(stdout, answer, verb->timer);
    else if (answer_is(answer, "truncated"))
        fprintf(stderr, "mainstem sql: there are more than %llu rows: --limit N\n",
                (unsigned long long)verb->limit);
}

static int statement_run(struct sql_verb *verb, const char *statement)
{
    struct http_client_answer answer = {0};
    json_t *body = question_of(verb, statement);
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (text == NULL)
        return fail(VERB, "the statement is no UTF-8");
    const struct http_client_question question = {.method = "POST",
                                                  .target = "/v1/sql",
                                                  .content_type = "application/json",
                                                  .body = bytes_text(text)};
    interrupted = 0;
    enum err err = http_client_ask(verb->client, &question, &answer);
    free(text);
    int code = EXIT_DONE;
    if (err == ERR_IO)
        code = fail(VERB,
                    "the connection to %s was lost: the statement failed after its answer had "
                    "begun, or the server ended",
                    verb->address);
    else if (err != OK)
        code = http_fail(VERB, verb->address, err);
    else if (answer.status == 200 && answer.json != NULL)
        put_answer(verb, answer.json);
    else
        code = put_problem(verb, statement, answer.status, answer.json);
    json_decref(answer.json);
    fflush(stdout);
    return code;
}

/* ---- statements one after the other -----------------------------------------------------------
 */
struct statements {
    char *text;
    size_t size, capacity;
};

static bool statements_add(struct statements *statements, const char *text, size_t size)
{
    if (statements->size + size + 2 > statements->capacity) {
        size_t capacity = 2 * (statements->size + size + 2);
        char *grown = realloc(statements->text, capacity);
        if (grown == NULL)
            return false;
        statements->text = grown;
        statements->capacity = capacity;
    }
    memcpy(statements->text + statements->size, text, size);
    statements->size += size;
    statements->text[statements->size] = '\0';
    return true;
}

static bool is_blank(const char *text)
{
    while (isspace((unsigned char)*text) || *text == ';')
        text++;
    return *text == '\0';
}

/* Each ends with a semicolon at the end of a line; the last may do without. */
static int run_pipe(struct sql_verb *verb)
{
    struct statements statements = {.text = NULL};
    char *text = NULL;
    size_t capacity = 0;
    int code = EXIT_DONE;
    ssize_t size;
    while (code == EXIT_DONE && !stop_wanted() && (size = getline(&text, &capacity, stdin)) > 0) {
        if (!statements_add(&statements, text, (size_t)size))
            code = fail(VERB, "there is no memory");
        else if (sqlite3_complete(statements.text)) {
            code = is_blank(statements.text) ? EXIT_DONE : statement_run(verb, statements.text);
            statements.size = 0;
        }
    }
    if (code == EXIT_DONE && statements.size > 0 && !is_blank(statements.text))
        code = statement_run(verb, statements.text);
    free(text);
    free(statements.text);
    return code;
}

/* ---- words that begin with a dot -------------------------------------------------------------
 */
static void put_tables(const struct sql_verb *verb, const char *only, bool columns)
{
    const json_t *tables = json_object_get(verb->schema, "tables"),
                 *functions = json_object_get(verb->schema, "functions");
    for (size_t i = 0; i < json_array_size(tables); i++) {
        const json_t *one = json_array_get(tables, i), *list = json_object_get(one, "columns");
        if (only[0] != '\0' && strcmp(only, answer_text(one, "name")) != 0)
            continue;
        printf("%s%s%s  %s\n", paint(PAINT_BOLD), answer_text(one, "name"), paint(PAINT_NONE),
               answer_text(one, "meaning"));
        for (size_t column = 0; columns && column < json_array_size(list); column++) {
            const json_t *of = json_array_get(list, column);
            printf("  %-12s %-8s %s%s\n", answer_text(of, "name"), answer_text(of, "type"),
                   answer_is(of, "hidden") ? "(hidden) " : "", answer_text(of, "meaning"));
        }
    }
    for (size_t i = 0; columns && only[0] == '\0' && i < json_array_size(functions); i++)
        printf("%s%s%s  %s\n", paint(PAINT_BOLD), answer_text(json_array_get(functions, i), "name"),
               paint(PAINT_NONE), answer_text(json_array_get(functions, i), "meaning"));
}

static void set_mode(struct sql_verb *verb, const char *word)
{
    static const char *const names[] = {
        [OUTPUT_TABLE] = "table", [OUTPUT_JSON] = "json", [OUTPUT_CSV] = "csv"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strcmp(word, names[i]) == 0) {
            verb->format = (enum output_format)i;
            return;
        }
    fprintf(stderr, ".mode wants table, csv or json; it is %s\n", names[verb->format]);
}

static void set_limit(struct sql_verb *verb, const char *word)
{
    char *end;
    unsigned long long limit = strtoull(word, &end, 10);
    if (*word >= '0' && *word <= '9' && *end == '\0' && limit >= 1 && limit <= ROWS_MOST)
        verb->limit = limit;
    else
        fprintf(stderr, ".limit wants a number of rows; it is %llu\n",
                (unsigned long long)verb->limit);
}

/* False: the end was asked for. */
static bool dot_run(struct sql_verb *verb, const char *text)
{
    char word[32] = "", argument[128] = "";
    (void)sscanf(text, " .%31s %127s", word, argument);
    if (strcmp(word, "quit") == 0 || strcmp(word, "exit") == 0)
        return false;
    if (strcmp(word, "tables") == 0)
        put_tables(verb, "", false);
    else if (strcmp(word, "schema") == 0)
        put_tables(verb, argument, true);
    else if (strcmp(word, "mode") == 0)
        set_mode(verb, argument);
    else if (strcmp(word, "limit") == 0)
        set_limit(verb, argument);
    else if (strcmp(word, "timer") == 0)
        verb->timer = argument[0] == '\0' ? !verb->timer : strcmp(argument, "off") != 0;
    else
        printf("A statement ends with a semicolon and may have several lines. Ctrl-C stops it.\n"
               ".tables            what there is to ask\n"
               ".schema [TABLE]    its columns; without a table the functions as well\n"
               ".mode table|csv|json\n"
               ".limit N           rows at most\n"
               ".timer [on|off]    how long it took\n"
               ".quit              or Ctrl-D\n"
               "Tab completes words, and paths of points between quotes.\n");
    return true;
}

/* ---- typed -----------------------------------------------------------------------------------
 */
static void ask_schema(struct sql_verb *verb)
{
    struct http_client_answer answer = {0};
    const struct http_client_question question = {.method = "GET", .target = "/v1/sql/schema"};
    if (http_client_ask(verb->client, &question, &answer) == OK && answer.status == 200)
        verb->schema = answer.json;
    else
        json_decref(answer.json);
}

/* A line more of what is typed. False: the end was asked for. */
static bool typed_take(struct sql_verb *verb, struct statements *statements, const char *text)
{
    if (statements->size == 0 && text[strspn(text, " \t")] == '.')
        return dot_run(verb, text);
    if (!statements_add(statements, text, strlen(text)) || !statements_add(statements, "\n", 1))
        return false;
    if (is_blank(statements->text)) {
        statements->size = 0;
    } else if (sqlite3_complete(statements->text)) {
        statements->text[--statements->size] = '\0';
        sql_line_remember(statements->text);
        (void)statement_run(verb, statements->text); /* it said what was wrong */
        statements->size = 0;
    }
    return true;
}

static int run_typed(struct sql_verb *verb)
{
    struct statements statements = {.text = NULL};
    struct sigaction action = {.sa_handler = interrupt};
    sigaction(SIGINT, &action, NULL);
    ask_schema(verb);
    verb->interactive = verb->timer = true;
    printf("SQL of the server at %s; .help says more, .quit ends.\n", verb->address);
    sql_line_open(verb->client, verb->schema);
    for (bool going = true; going;) {
        interrupted = 0;
        char *text = sql_line_read(statements.size > 0 ? "...> " : "sql> ");
        if (text == NULL && interrupted) {
            putchar('\n');
            statements.size = 0;
            continue;
        }
        going = text != NULL && typed_take(verb, &statements, text);
        if (text == NULL)
            putchar('\n');
        free(text);
    }
    sql_line_close();
    free(statements.text);
    return EXIT_DONE;
}

/* ---- the verb --------------------------------------------------------------------------------
 */
static int sql_run(const struct words *words)
{
    struct sql_verb verb = {.words = words, .timer = words_flag(words, "timer")};
    if (!http_words_format(words, &verb.format) ||
        !words_count(words, "limit", ROWS_USUAL, 1, ROWS_MOST, &verb.limit) ||
        !http_words_address(words, verb.address))
        return EXIT_USAGE;
    const struct http_client_config config = {.address = verb.address,
                                              .trust = http_words_trust(words),
                                              .wait_ms = WAIT_MS,
                                              .stop = interrupt_wanted};
    enum err err = http_client_create(&config, &verb.client);
    if (err != OK) {
        http_fail(VERB, verb.address, err);
        return EXIT_USAGE;
    }
    bool typed = words->argument_count == 0 && isatty(STDIN_FILENO);
    if (!typed)
        stop_watch();
    int code = words->argument_count > 0 ? statement_run(&verb, words->arguments[0])
               : typed                   ? run_typed(&verb)
                                         : run_pipe(&verb);
    http_client_destroy(verb.client);
    json_decref(verb.schema);
    return code;
}

static const struct option sql_options[] = {
    HTTP_OPTION,
    {"limit", "N", "rows at most (1000); the server has a limit of its own, sql.rows"},
    {"parameter", "VALUE", "for ? and ?1; may be repeated. A number, null, else a text"},
    {"timer", NULL, "say how long it took"},
    FORMAT_OPTIONS,
};
const struct verb verb_sql = {
    .name = VERB,
    .arguments = "[STATEMENT]",
    .summary = "Ask a running server with SQL: points, live values, samples, buckets.",
    .about =
        "Without STATEMENT statements come from standard input, or are typed at a line with\n"
        "history (~/.mainstem_sql_history, or MAINSTEM_SQL_HISTORY) and completion. Times are ns\n"
        "since 1970: time_text(time) shows them, time_ns('now-1h') makes them. docs/sql.md is the\n"
        "manual.",
    .example =
        "  mainstem sql \"select path, value from live where path glob 'plant/*' order by path\"\n"
        "  mainstem sql --csv < report.sql > report.csv",
    .options = sql_options,
    .option_count = ARRAY_COUNT(sql_options),
    .arguments_max = 1,
    .run = sql_run,
};
