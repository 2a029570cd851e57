/* http_client: asks a server's HTTP API (docs/http.md), one question at a time, over a connection
 * that is kept between questions; and builds what stands behind the server's name in a URL. For the
 * terminal verbs and the tests. The protocol is libcurl's.
 *
 * Guarantees: what changes something is never sent twice by itself. No proxy of the environment is
 * asked, no redirection followed, no signal handled. Answers are JSON; what is longer than
 * HTTP_CLIENT_ANSWER_MAX is not taken.
 *
 * One thread owns a client. Nothing here logs. */
#pragma once

#include "base/base.h"

struct json_t; /* jansson's */

#define HTTP_CLIENT_TOKEN_MAX 1024 /* bytes of a token */
#define HTTP_CLIENT_ANSWER_MAX ((size_t)64 << 20)
/* Whom a question trusts by TLS, where what is not said is as the system has it; and as whom it is
 * asked. */
struct http_client_trust {
    const char *ca;     /* PEM file of whom to trust; NULL or "": whom the system does */
    bool insecure;      /* anyone is trusted */
    const char *token;  /* sent as Authorization: Bearer; NULL or "": none. Not over a Unix socket,
                           whose owner is known already */
    const char *tenant; /* another one's matter, as who runs the server: Mainstem-Tenant; NULL or
                           "": one's own */
};
#define HTTP_UNIX "unix:" /* begins an address that is the path of a Unix socket */
struct http_client_config {
    /* HOST:PORT, as os_connect takes it, https://HOST:PORT or unix:PATH, at most 107 bytes of it;
     * copied */
    const char *address;
    struct http_client_trust trust; /* its texts must outlive the client */
    int wait_ms;        /* for a whole question and its answer; connecting takes a third at most */
    bool (*stop)(void); /* asked now and then while it waits: give up? NULL: never */
};
struct http_client;
/* Does not connect yet. ERR_INVALID: no address; ERR_NO_MEMORY. */
MUST_USE enum err http_client_create(const struct http_client_config *config,
                                     struct http_client **ret_client);
void http_client_destroy(struct http_client *client); /* NULL is fine */

struct http_client_question {
    const char *method;       /* "GET", "POST" */
    const char *target;       /* "/v1/points?limit=10", as http_url_text gives it */
    const char *content_type; /* of the body; NULL: there is none */
    struct bytes body;
};
struct http_client_answer {
    unsigned status;
    struct json_t *json; /* the caller's (json_decref); NULL: the body is no JSON, or empty */
};
/* Asks and waits. ERR_MISSING: nobody listens there; ERR_INVALID: the name of the host is not
 * known; ERR_BUSY: no answer in time; ERR_IO: the connection was lost before the answer was whole,
 * and nobody knows what became of the question; ERR_CORRUPT: what answers does not speak HTTP;
 * ERR_LIMIT: the answer is too long; ERR_STOPPED: stop() said so; ERR_NO_MEMORY; ERR_REFUSED: the
 * server's certificate is not trusted, or the handshake of TLS failed. Any status is OK. */
MUST_USE enum err http_client_ask(struct http_client *client,
                                  const struct http_client_question *question,
                                  struct http_client_answer *ret_answer);

/* ---- URLs ----------------------------------------------------------------------------------- */
/* The part of a URL behind the server's name: RFC 3986, 3.3 and 3.4. What is not unreserved there
 * is written as %XX; the slashes of a path stay. */
#define HTTP_URL_SIZE 16384
struct http_url {
    size_t size;
    bool asks; /* a '?' was written */
    bool failed;
    char text[HTTP_URL_SIZE];
};
void http_url_start(struct http_url *url, const char *route); /* "/v1/points"; written as it is */
void http_url_path(struct http_url *url, const char *path);   /* a '/' and the path */
void http_url_query(struct http_url *url, const char *name, const char *value);
void http_url_query_count(struct http_url *url, const char *name, uint64_t count);
/* NULL when it became too long. */
const char *http_url_text(const struct http_url *url);
