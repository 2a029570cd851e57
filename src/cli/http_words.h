/* http_words: what the verbs share that ask the HTTP API: which server, which form of output, and
 * the sentences when something cannot be had. */
#pragma once

#include "cli/row_output.h"
#include "cli/words.h"
#include "client/client.h"

#include <jansson.h>

#define HTTP_OPTION                                                                                \
    {"http", "HOST:PORT",                                                                          \
     "the server, https://HOST:PORT by TLS (MAINSTEM_HTTP, else 127.0.0.1:8080)"},                 \
        {"server", "unix:DIR",                                                                     \
         "that of this folder here, as its owner, who may all (MAINSTEM_SERVER)"},                 \
        TOKEN_OPTION, TRUST_OPTIONS
#define FORMAT_OPTIONS                                                                             \
    {"json", NULL, "one JSON object a line, for scripts"},                                         \
    {                                                                                              \
        "csv", NULL, "CSV (RFC 4180), for spreadsheets"                                            \
    }

#define HTTP_ADDRESS_SIZE 280
#define HTTP_WAIT_MS 30000
/* --server, --http, MAINSTEM_SERVER, MAINSTEM_HTTP or 127.0.0.1:8080, with :8080 (https: :8443)
 * when no port is given; a leading http:// and a slash at the end are dropped, https:// stays.
 * unix:DIR becomes the owner's socket in that folder. Reads who asks too. False after printing what
 * is wanted. */
MUST_USE bool http_words_address(const struct words *words, char address[HTTP_ADDRESS_SIZE]);
/* The same for a folder alone. */
MUST_USE bool http_words_folder(const struct words *words, const char *folder,
                                char address[HTTP_ADDRESS_SIZE]);
/* --ca, --insecure and, of a verb that has it, --tenant, and the token that http_words_address read
 * last; kept until the process ends. */
struct http_client_trust http_words_trust(const struct words *words);
/* Is it an address of TLS? *ret_host: the rest of it. */
bool http_address_is_tls(const char *address, const char **ret_host);
/* --json, --csv or neither. False after printing that both is too much. */
MUST_USE bool http_words_format(const struct words *words, enum output_format *ret_format);

/* A verb's line to the server. */
struct http_line {
    const char *verb;
    char address[HTTP_ADDRESS_SIZE];
    struct http_client_trust trust;
    struct http_client *client;
};
/* False after printing what is wrong; then the exit code is EXIT_USAGE. Does not connect yet. */
MUST_USE bool http_line_open(const struct words *words, int wait_ms, struct http_line *ret_line);
void http_line_close(struct http_line *line);
/* GET; the answer's JSON is the caller's. NULL after printing why. *ret_status (may be NULL): the
 * status, 0 when there was no answer. */
json_t *http_line_get(struct http_line *line, const struct http_url *url, unsigned *ret_status);

/* Each prints a sentence and returns EXIT_FAILED. */
int http_fail(const char *verb, const char *address, enum err err);
/* A problem (RFC 9457): its title and detail, or the status when there are no words. about: what
 * was asked for, before the sentence; NULL: nothing. */
int http_fail_problem(const char *verb, const char *about, unsigned status, const json_t *problem);
