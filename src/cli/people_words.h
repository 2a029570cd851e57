/* people_words: what the verbs of tenants, people, machines, shares and the audit share: actions,
 * lists page by page, roles as options, passwords that nobody sees, secrets that are shown once. */
#pragma once

#include "cli/archive_words.h"

#define TENANT_OPTION                                                                              \
    {                                                                                              \
        "tenant", "NAME", "as who runs the server: for the people of another tenant"               \
    }
#define ROLE_OPTION                                                                                \
    {                                                                                              \
        "role", "ROLE[:BRANCH]", "what it may; with a pattern only there; up to 16 times"          \
    }
#define TITLE_OPTION                                                                               \
    {                                                                                              \
        "title", "TEXT", "as people call it"                                                       \
    }
#define EXPIRES_OPTION                                                                             \
    {                                                                                              \
        "expires", "TIME", "from when on it is not let in (never)"                                 \
    }
#define OUT_OPTION                                                                                 \
    {                                                                                              \
        "out", "FILE", "write the secret into a new file that only you may read"                   \
    }
#define PASSWORD_FILE_OPTION                                                                       \
    {                                                                                              \
        "password-file", "FILE", "password from the first line of a file"                          \
    }
#define PASSWORD_SIZE 260

/* ---- actions: the word behind the verb ----------------------------------------------------------
 */
struct people_action {
    const char *name;
    size_t least, most; /* arguments behind the action's name */
    const char *usage;
    int (*run)(const struct words *words, struct http_line *line);
};
/* Runs the one that was named, over a line to the server. Returns the exit code. */
int people_run(const struct words *words, const struct people_action *actions, size_t count);

/* ---- lists --------------------------------------------------------------------------------------
 */
struct people_list {
    const char *route, *member; /* of the answer */
    const struct row_column *columns;
    size_t column_count;
    void (*row)(struct rows *rows, const json_t *item);
    void (*query)(const struct words *words, struct http_url *url); /* NULL: nothing to ask for */
    const char *none; /* sentence when there is nothing; NULL: none */
    uint64_t most;    /* items at most; 0: all */
    bool whole;       /* the route has no pages */
};
int people_print_list(const struct words *words, struct http_line *line,
                      const struct people_list *list);
/* One item as people_print_list shows it. */
int people_print_one(const struct words *words, const struct people_list *list, const json_t *item);
/* What became of one item: --json: the answer; else its member, as people_print_list shows it; or,
 * without one, that it was removed, and `gone`: what that ended. Takes over the answer; NULL is a
 * failure that was told. */
int people_print_change(const struct words *words, const struct people_list *list,
                        const char *member, const char *gone, json_t *answer);
/* For rows of a list that is no such; NULL: JSON. */
struct rows *people_rows(const struct people_list *list, enum output_format format);
/* Cells. */
void people_cell(struct rows *rows, const json_t *item, const char *name);
void people_cell_time(struct rows *rows, const json_t *item, const char *name);
void people_cell_state(struct rows *rows, const json_t *item); /* in its colour */
void people_cell_grants(struct rows *rows, const json_t *item);
void people_cell_rights(struct rows *rows, const json_t *rights);

/* ---- asking -------------------------------------------------------------------------------------
 */
/* ROUTE/NAME/TAIL; name and tail may be NULL. */
void people_url(struct http_url *url, const char *route, const char *name, const char *tail);
/* --role of the words as "grants", if there are any. False after printing what is wanted. */
MUST_USE bool people_put_grants(const struct words *words, json_t *body);
/* "ROLE:BRANCH" as a grant; NULL: it is none. */
json_t *people_grant(const char *text);
/* --title, --email, --language, --expires, as far as the verb has them and they were given. */
MUST_USE bool people_put_particulars(const struct words *words, json_t *body);
/* A new body with a name. NULL after printing that it is no UTF-8. */
json_t *people_body(const struct words *words, const char *name);

/* GET of an answer of any length, piece by piece to take, whose false ends it without a word.
 * False when it was not had whole, after printing why. */
MUST_USE bool people_stream(struct http_line *line, const struct http_url *url,
                            http_stream_take *take, void *arg);
/* The same into --out FILE, a new one, or on standard output. Returns the exit code. */
int people_export(const struct words *words, struct http_line *line, const struct http_url *url);

/* ---- secrets ------------------------------------------------------------------------------------
 */
/* A new password: --password-file, else twice without echo where somebody types, else the first
 * line of standard input. False after printing why. */
MUST_USE bool people_password(const struct words *words, const char *of,
                              char password[PASSWORD_SIZE]);
/* The answer's member with a secret that is told this once: --out FILE, or on standard output
 * alone; `what` for the remark. Takes over the answer and wipes it; NULL is a failure that was
 * told. */
int people_tell_secret(const struct words *words, json_t *answer, const char *member,
                       const char *what);
/* Nothing stands where --out will write. False after printing that something does: to be asked
 * before the secret is made. */
MUST_USE bool people_out_is_free(const struct words *words);
/* A new file of mode 0600, for secrets. NULL after printing why. */
FILE *people_file(const struct words *words, const char *path);
