/* report: options of the benches, the server they start, and lines of their tables. */
#pragma once

#include "base/base.h"
#include "client/client.h"

/* --name value or --name (flag): bench_text gives the value, NULL when absent; unknown options are
 * refused against `allowed` ("points rate ..."), exit 2. */
struct bench_words {
    int count;
    char **words;
};
void bench_allow(const struct bench_words *words, const char *usage, const char *allowed);
const char *bench_text(const struct bench_words *words, const char *name, const char *fallback);
uint64_t bench_count(const struct bench_words *words, const char *name, uint64_t fallback);
bool bench_flag(const struct bench_words *words, const char *name);

struct bench_server {
    char folder[512], log[600], mqtt[64], http[64];
    const char *program;
    const char *const *words; /* further options of serve, NULL-terminated; NULL: none */
    struct child child;
    struct control *control;
};
/* --server PROGRAM and --data DIR say which and where; a folder of its own inside DIR. */
void bench_server_init(struct bench_server *server, const struct bench_words *words);
MUST_USE bool bench_server_start(struct bench_server *server); /* false after printing why */
void bench_server_stop(struct bench_server *server, int signal);
/* Removes the folder and what is in it. */
void bench_server_remove(const struct bench_server *server);
/* Asks the control door for the state; the caller's to json_decref. NULL when it does not answer.
 */
struct json_t *bench_server_state(struct bench_server *server);
double bench_state(const struct json_t *state, const char *name); /* dotted; 0 when missing */

/* "  name .......... value  remark" */
void bench_line(const char *name, const char *format, ...) PRINTF_LIKE(2, 3);
char *bench_group(uint64_t number, char *text); /* 1,234,567; text[32] */
/* Date, machine, kernel, program: the head of every report. */
void bench_head(const char *title);
