/* http_stream: one question to a server's HTTP API whose answer is taken piece by piece as it
 * comes, of any length. For answers that no memory should hold; http_client.h is for all others.
 *
 * Guarantees: no proxy of the environment is asked, no redirection followed, no signal handled. An
 * answer that breaks off is ERR_IO, whatever was taken of it. One thread. Nothing here logs. */
#pragma once

#include "client/http_client.h"

#define HTTP_STREAM_PROBLEM_MAX ((size_t)64 << 10)
struct http_stream_config {
    const char *address; /* HOST:PORT, https://HOST:PORT or unix:PATH */
    struct http_client_trust trust;
    int silence_ms;     /* how long nothing may come */
    bool (*stop)(void); /* NULL: never */
};
/* Calls take for each piece of an answer with status 200; false of it ends the asking with
 * ERR_STOPPED. Of another status the JSON is *ret_problem (the caller's; NULL: none). Errors as
 * http_client_ask, but for ERR_LIMIT. */
typedef bool http_stream_take(void *arg, struct bytes piece);
MUST_USE enum err http_stream_ask(const struct http_stream_config *config,
                                  const struct http_client_question *question,
                                  http_stream_take *take, void *arg, unsigned *ret_status,
                                  struct json_t **ret_problem);
