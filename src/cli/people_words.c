#include "cli/people_words.h"

#include "cli/answer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PAGE_MAX 1000 /* of one answer */

/* ---- actions -----------------------------------------------------------------------------------
 */
static int action_run(const struct words *words, const struct people_action *action)
{
    struct http_line line;
    size_t count = words->argument_count - 1;
    if (count < action->least || count > action->most) {
        fail(words->verb->name, "usage: mainstem %s %s", words->verb->name, action->usage);
        return EXIT_USAGE;
    }
    if (!http_line_open(words, HTTP_WAIT_MS, &line))
        return EXIT_USAGE;
    int code = action->run(words, &line);
    http_line_close(&line);
    return code;
}

int people_run(const struct words *words, const struct people_action *actions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words->arguments[0], actions[i].name) == 0)
            return action_run(words, &actions[i]);
    fprintf(stderr, "mainstem %s: there is no action \"%s\"; allowed:", words->verb->name,
            words->arguments[0]);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, " %s", actions[i].name);
    fprintf(stderr, "\n");
    return EXIT_USAGE;
}

/* ---- lists -------------------------------------------------------------------------------------
 */
void people_cell(struct rows *rows, const json_t *item, const char *name)
{
    const json_t *value = answer_at(item, name);
    char *text = value_text(value, "");
    rows_cell(rows, PAINT_NONE, text != NULL ? text : "");
    free(text);
}

/* To the second: what comes behind matters to programs, which ask for JSON. */
void people_cell_time(struct rows *rows, const json_t *item, const char *name)
{
    char text[24];
    const char *time = answer_text(item, name);
    if (strlen(time) > 19)
        snprintf(text, sizeof text, "%.19sZ", time);
    else
        snprintf(text, sizeof text, "%s", time);
    rows_cell(rows, PAINT_NONE, text);
}

void people_cell_state(struct rows *rows, const json_t *item)
{
    const char *state = answer_text(item, "state");
    rows_cell(rows,
              strcmp(state, "active") == 0                                     ? PAINT_GREEN
              : strcmp(state, "invited") == 0 || strcmp(state, "offered") == 0 ? PAINT_YELLOW
                                                                               : PAINT_RED,
              state);
}

void people_cell_grants(struct rows *rows, const json_t *item)
{
    const json_t *grants = json_object_get(item, "grants");
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL)
        return;
    for (size_t i = 0; i < json_array_size(grants); i++) {
        const json_t *grant = json_array_get(grants, i);
        const char *branch = answer_text(grant, "branch");
        bool whole = branch[0] == 0 || strcmp(branch, "#") == 0;
        fprintf(to, "%s%s%s%s", i > 0 ? ", " : "", answer_text(grant, "role"), whole ? "" : ":",
                whole ? "" : branch);
    }
    fclose(to);
    rows_cell(rows, PAINT_NONE, text);
    free(text);
}

void people_cell_rights(struct rows *rows, const json_t *rights)
{
    char text[128] = "";
    for (size_t i = 0; i < json_array_size(rights); i++) {
        const char *word = json_string_value(json_array_get(rights, i));
        size_t size = strlen(text);
        snprintf(text + size, sizeof text - size, "%s%s", i > 0 ? "," : "",
                 word != NULL ? word : "");
    }
    rows_cell(rows, PAINT_NONE, text);
}

static json_t *list_page(const struct words *words, struct http_line *line,
                         const struct people_list *list, const char *after)
{
    struct http_url url;
    http_url_start(&url, list->route);
    if (list->query != NULL)
        list->query(words, &url);
    if (!list->whole)
        http_url_query_count(&url, "limit",
                             list->most > 0 && list->most < PAGE_MAX ? list->most : PAGE_MAX);
    if (after[0] != 0)
        http_url_query(&url, "after", after);
    return http_line_get(line, &url, NULL);
}

static void list_take(const struct people_list *list, enum output_format format, struct rows *rows,
                      const json_t *items, uint64_t *count)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        if (list->most > 0 && *count >= list->most)
            return;
        ++*count;
        if (format == OUTPUT_JSON)
            value_put_line(stdout, json_array_get(items, i));
        else
            list->row(rows, json_array_get(items, i));
    }
}

struct rows *people_rows(const struct people_list *list, enum output_format format)
{
    return format == OUTPUT_JSON
               ? NULL
               : rows_create(stdout, format, list->columns, list->column_count, rows_width());
}

static void list_flush(struct rows *rows, enum output_format format, bool single, uint64_t count)
{
    if (rows == NULL || (count == 0 && format == OUTPUT_TABLE))
        return;
    if (single && format == OUTPUT_TABLE)
        rows_leave_empty(rows);
    rows_flush(rows);
}

int people_print_list(const struct words *words, struct http_line *line,
                      const struct people_list *list)
{
    enum output_format format;
    char after[64] = "";
    uint64_t count = 0;
    bool first = true;
    if (!http_words_format(words, &format))
        return EXIT_USAGE;
    struct rows *rows = people_rows(list, format);
    do {
        json_t *answer = list_page(words, line, list, after);
        if (answer == NULL) {
            rows_destroy(rows);
            return EXIT_FAILED;
        }
        list_take(list, format, rows, json_object_get(answer, list->member), &count);
        snprintf(after, sizeof after, "%s", answer_text(answer, "next"));
        list_flush(rows, format, first && after[0] == 0, count);
        first = false;
        json_decref(answer);
    } while (after[0] != 0 && (list->most == 0 || count < list->most));
    rows_destroy(rows);
    if (count == 0 && list->none != NULL && format == OUTPUT_TABLE)
        fprintf(stderr, "mainstem %s: %s\n", words->verb->name, list->none);
    return EXIT_DONE;
}

int people_print_one(const struct words *words, const struct people_list *list, const json_t *item)
{
    enum output_format format;
    if (!http_words_format(words, &format))
        return EXIT_USAGE;
    struct rows *rows = people_rows(list, format);
    if (rows == NULL) {
        value_put_line(stdout, item);
        return EXIT_DONE;
    }
    list->row(rows, item);
    list_flush(rows, format, true, 1);
    rows_destroy(rows);
    return EXIT_DONE;
}

int people_print_change(const struct words *words, const struct people_list *list,
                        const char *member, const char *gone, json_t *answer)
{
    const json_t *item = json_object_get(answer, member);
    int code = EXIT_DONE;
    if (answer == NULL)
        return EXIT_FAILED;
    if (words_flag(words, "json"))
        value_put_line(stdout, answer);
    else if (json_is_object(item))
        code = people_print_one(words, list, item);
    else
        printf("%sremoved%s%s\n", paint(PAINT_GREEN), paint(PAINT_NONE), gone);
    json_decref(answer);
    return code;
}

/* ---- asking ------------------------------------------------------------------------------------
 */
void people_url(struct http_url *url, const char *route, const char *name, const char *tail)
{
    http_url_start(url, route);
    if (name != NULL)
        http_url_path(url, name);
    if (tail != NULL)
        http_url_path(url, tail);
}

json_t *people_grant(const char *text)
{
    const char *colon = strchr(text, ':');
    size_t size = colon != NULL ? (size_t)(colon - text) : strlen(text);
    if (size == 0 || (colon != NULL && colon[1] == 0))
        return NULL;
    return colon != NULL ? json_pack("{s:s%, s:s}", "role", text, size, "branch", colon + 1)
                         : json_pack("{s:s}", "role", text);
}

bool people_put_grants(const struct words *words, json_t *body)
{
    const char *text;
    json_t *grants = json_array();
    for (size_t i = 0; (text = words_value(words, "role", i)) != NULL; i++) {
        json_t *grant = people_grant(text);
        if (grant == NULL) {
            fail(words->verb->name,
                 "--role is \"%s\"; ROLE or ROLE:BRANCH is wanted, e.g. operator:plant/#", text);
            json_decref(grants);
            return false;
        }
        json_array_append_new(grants, grant);
    }
    if (json_array_size(grants) == 0)
        json_decref(grants);
    else
        json_object_set_new(body, "grants", grants);
    return true;
}

bool people_put_particulars(const struct words *words, json_t *body)
{
    const char *expires = words_value(words, "expires", 0);
    return body_put_text(words, body, "title", "title") &&
           body_put_text(words, body, "email", "email") &&
           body_put_text(words, body, "language", "language") &&
           (expires == NULL || body_put_time(words, body, "expires", expires));
}

json_t *people_body(const struct words *words, const char *name)
{
    json_t *body = json_pack("{s:s}", "name", name);
    if (body == NULL)
        fail(words->verb->name, "the name is not UTF-8");
    return body;
}

bool people_stream(struct http_line *line, const struct http_url *url, http_stream_take *take,
                   void *arg)
{
    unsigned status = 0;
    json_t *problem = NULL;
    const struct http_stream_config config = {.address = line->address,
                                              .trust = line->trust,
                                              .silence_ms = HTTP_WAIT_MS,
                                              .stop = stop_wanted};
    const struct http_client_question question = {.method = "GET", .target = http_url_text(url)};
    if (question.target == NULL)
        return fail(line->verb, "what is asked for is longer than %d bytes", HTTP_URL_SIZE), false;
    enum err err = http_stream_ask(&config, &question, take, arg, &status, &problem);
    if (err != OK && (err != ERR_STOPPED || stop_wanted()))
        http_fail(line->verb, line->address, err);
    else if (err == OK && status != 200)
        http_fail_problem(line->verb, NULL, status, problem);
    json_decref(problem);
    return err == OK && status == 200;
}

static bool export_take(void *arg, struct bytes piece)
{
    return fwrite(piece.at, 1, piece.size, arg) == piece.size;
}

int people_export(const struct words *words, struct http_line *line, const struct http_url *url)
{
    const char *path = words_value(words, "out", 0);
    FILE *to = path != NULL ? people_file(words, path) : stdout;
    if (to == NULL)
        return EXIT_FAILED;
    stop_watch();
    bool good = people_stream(line, url, export_take, to);
    bool full = ferror(to) != 0;
    if (path != NULL && fclose(to) != 0)
        full = true;
    if (full)
        good = fail(line->verb, "%s could not be written whole", path != NULL ? path : "it") ==
               EXIT_DONE;
    return good ? EXIT_DONE : EXIT_FAILED;
}

/* ---- secrets -----------------------------------------------------------------------------------
 */
/* A line without its end. False: there is none, or it is too long. */
static bool line_read(FILE *from, char *text, size_t size)
{
    if (fgets(text, (int)size, from) == NULL)
        return false;
    size_t end = strcspn(text, "\r\n");
    bool whole = text[end] != 0 || end + 1 < size;
    text[end] = 0;
    return whole;
}

static bool typed_read(const char *prompt, const char *of, char *text, size_t size)
{
    struct termios before, silent;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fprintf(stderr, "%s %s: ", prompt, of); /* after that: who types early is not shown either */
    bool good = line_read(stdin, text, size);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fprintf(stderr, "\n");
    return good;
}

bool people_password(const struct words *words, const char *of, char password[PASSWORD_SIZE])
{
    char again[PASSWORD_SIZE];
    const char *path = words_value(words, "password-file", 0);
    if (path != NULL)
        return words_secret_file(words, path, "a password", password, PASSWORD_SIZE);
    bool typed = isatty(STDIN_FILENO);
    setvbuf(stdin, NULL, _IONBF, 0); /* no copy of it stays behind */
    bool good = typed ? typed_read("Password for", of, password, PASSWORD_SIZE)
                      : line_read(stdin, password, PASSWORD_SIZE);
    if (!good || password[0] == 0) {
        fail(words->verb->name,
             "no password came; type it, give it on standard input, or name a file with "
             "--password-file; it has 10 to 256 bytes");
        return false;
    }
    if (!typed)
        return true;
    good = typed_read("Once more for", of, again, sizeof again) && strcmp(again, password) == 0;
    explicit_bzero(again, sizeof again);
    if (!good)
        fail(words->verb->name, "the two passwords differ; nothing was done");
    return good;
}

bool people_out_is_free(const struct words *words)
{
    const char *path = words_value(words, "out", 0);
    if (path == NULL || access(path, F_OK) != 0)
        return true;
    fail(words->verb->name, "%s is there already; name another file with --out", path);
    return false;
}

FILE *people_file(const struct words *words, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file != NULL)
        return file;
    if (errno == EEXIST)
        fail(words->verb->name, "%s is there already; name another file with --out", path);
    else
        fail(words->verb->name, "%s cannot be written: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return NULL;
}

int people_tell_secret(const struct words *words, json_t *answer, const char *member,
                       const char *what)
{
    const char *path = words_value(words, "out", 0), *verb = words->verb->name;
    const char *text = answer_text(answer, member);
    bool good = true;
    if (answer == NULL)
        return EXIT_FAILED;
    if (text[0] == 0) {
        fprintf(stderr, "mainstem %s: it was done before; %s is not shown again\n", verb, what);
    } else if (path != NULL) {
        FILE *file = people_file(words, path);
        good = file != NULL && fprintf(file, "%s\n", text) > 0;
        if (file != NULL && fclose(file) != 0)
            good = false;
        if (good)
            fprintf(stderr, "mainstem %s: %s stands in %s, and nowhere else\n", verb, what, path);
        else
            fail(verb,
                 "it was made, but %s could not be written and is lost: remove it, and make "
                 "another",
                 what);
    } else if (words_flag(words, "json")) {
        value_put_line(stdout, answer);
    } else {
        puts(text);
        fprintf(stderr, "mainstem %s: %s is shown this once; keep it\n", verb, what);
    }
    explicit_bzero((void *)(uintptr_t)text, strlen(text));
    json_decref(answer);
    return good ? EXIT_DONE : EXIT_FAILED;
}
