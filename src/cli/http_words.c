#include "cli/http_words.h"

#include "cli/answer.h"
#include "server/server.h"
#include "settings/settings.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_TEXT ":8080"
#define PORT_TLS_TEXT ":8443"
#define HTTPS "https://"
#define UNIX_PATH_MAX 107 /* unix(7) */

static char token[HTTP_CLIENT_TOKEN_MAX];

/* ---- options
 * ------------------------------------------------------------------------------------- */

bool http_address_is_tls(const char *address, const char **ret_host)
{
    bool tls = strncmp(address, HTTPS, strlen(HTTPS)) == 0;
    *ret_host = tls ? address + strlen(HTTPS) : address;
    return tls;
}

struct http_client_trust http_words_trust(const struct words *words)
{
    return (struct http_client_trust){.ca = words_ca(words),
                                      .insecure = words_flag(words, "insecure"),
                                      .token = token,
                                      .tenant = words_value(words, "tenant", 0)};
}

/* A folder whose name is too long for a socket's address is named by a descriptor, which stays open
 * until the process ends. */
bool http_words_folder(const struct words *words, const char *folder,
                       char address[HTTP_ADDRESS_SIZE])
{
    size_t size = strlen(folder);
    while (size > 1 && folder[size - 1] == '/')
        size--;
    token[0] = 0;
    if (size > 0 && size + sizeof SERVER_OWNER_NAME <= UNIX_PATH_MAX) {
        snprintf(address, HTTP_ADDRESS_SIZE, HTTP_UNIX "%.*s/" SERVER_OWNER_NAME, (int)size,
                 folder);
        return true;
    }
    int fd = size > 0 ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        snprintf(address, HTTP_ADDRESS_SIZE, HTTP_UNIX "/proc/self/fd/%d/" SERVER_OWNER_NAME, fd);
        return true;
    }
    fail(words->verb->name,
         "unix:%s names no folder; unix:DIR is wanted, e.g. unix:./mainstem-data", folder);
    return false;
}

static const char *address_given(const struct words *words)
{
    const char *const found[] = {words_value(words, "server", 0), words_value(words, "http", 0),
                                 getenv("MAINSTEM_SERVER"), getenv("MAINSTEM_HTTP")};
    for (size_t i = 0; i < ARRAY_COUNT(found); i++)
        if (found[i] != NULL && (i < 2 || found[i][0] != 0))
            return found[i];
    return "127.0.0.1" PORT_TEXT;
}

bool http_words_address(const struct words *words, char address[HTTP_ADDRESS_SIZE])
{
    const char *text = address_given(words), *host;
    const char *option = words_flag(words, "server") ? "server" : "http";
    if (strncmp(text, HTTP_UNIX, strlen(HTTP_UNIX)) == 0)
        return http_words_folder(words, text + strlen(HTTP_UNIX), address);
    if (!words_token(words, token, sizeof token))
        return false;
    bool tls = http_address_is_tls(text, &host);
    host = strncmp(text, "http://", 7) == 0 ? text + 7 : host;
    size_t size = strcspn(host, "/");
    const char *bracket = memchr(host, ']', size);
    const char *colon = memchr(bracket != NULL ? bracket : host, ':',
                               size - (size_t)(bracket != NULL ? bracket - host : 0));
    int count = snprintf(address, HTTP_ADDRESS_SIZE, "%s%.*s%s", tls ? HTTPS : "", (int)size, host,
                         colon != NULL ? ""
                         : tls         ? PORT_TLS_TEXT
                                       : PORT_TEXT);
    bool good = size > 0 && count < HTTP_ADDRESS_SIZE && count > 0 &&
                host[size + (host[size] == '/')] == 0 && strpbrk(address, "@?#\\ ") == NULL;
    if (good) {
        (void)http_address_is_tls(address, &host);
        good = settings_address_fault(bytes_text(host)) == NULL;
    }
    if (!good)
        fail(words->verb->name,
             "--%s is \"%s\"; HOST:PORT, https://HOST:PORT or unix:DIR is wanted, e.g. "
             "127.0.0.1:8080",
             option, text);
    return good;
}

bool http_words_format(const struct words *words, enum output_format *ret_format)
{
    bool json = words_flag(words, "json"), csv = words_flag(words, "csv");
    if (json && csv) {
        fail(words->verb->name, "--json and --csv together; one is enough");
        return false;
    }
    *ret_format = json ? OUTPUT_JSON : csv ? OUTPUT_CSV : OUTPUT_TABLE;
    return true;
}

/* ---- the line
 * ------------------------------------------------------------------------------------ */

bool http_line_open(const struct words *words, int wait_ms, struct http_line *ret_line)
{
    struct http_line *line = ret_line;
    line->verb = words->verb->name;
    line->client = NULL;
    line->trust = http_words_trust(words);
    if (!http_words_address(words, line->address))
        return false;
    const struct http_client_config config = {
        .address = line->address, .trust = line->trust, .wait_ms = wait_ms, .stop = stop_wanted};
    enum err err = http_client_create(&config, &line->client);
    if (err != OK)
        http_fail(line->verb, line->address, err);
    return err == OK;
}

void http_line_close(struct http_line *line)
{
    http_client_destroy(line->client);
    line->client = NULL;
}

json_t *http_line_get(struct http_line *line, const struct http_url *url, unsigned *ret_status)
{
    struct http_client_answer answer;
    const struct http_client_question question = {.method = "GET", .target = http_url_text(url)};
    if (ret_status != NULL)
        *ret_status = 0;
    if (question.target == NULL) {
        fail(line->verb, "what is asked for is longer than %d bytes", HTTP_URL_SIZE);
        return NULL;
    }
    enum err err = http_client_ask(line->client, &question, &answer);
    if (err != OK) {
        http_fail(line->verb, line->address, err);
        return NULL;
    }
    if (ret_status != NULL)
        *ret_status = answer.status;
    if (answer.status == 200 && answer.json != NULL)
        return answer.json;
    http_fail_problem(line->verb, NULL, answer.status, answer.json);
    json_decref(answer.json);
    return NULL;
}

/* ---- sentences
 * ----------------------------------------------------------------------------------- */

int http_fail(const char *verb, const char *address, enum err err)
{
    bool is_unix = strncmp(address, HTTP_UNIX, strlen(HTTP_UNIX)) == 0;
    switch (err) {
    case ERR_MISSING:
        if (is_unix)
            return fail(verb,
                        "no server works on that folder, or it is not yours: nobody listens at %s; "
                        "start one with `mainstem serve --data DIR`",
                        address + strlen(HTTP_UNIX));
        return fail(verb,
                    "nobody listens at %s; start a server with `mainstem serve`, or name another "
                    "with --http",
                    address);
    case ERR_INVALID:
        return fail(verb, "\"%s\" is no address or an unknown name; HOST:PORT is wanted", address);
    case ERR_BUSY:
        return fail(verb, "%s did not answer in time", address);
    case ERR_IO:
        return fail(verb, "the connection to %s was lost before it answered", address);
    case ERR_CORRUPT:
        return fail(verb,
                    "what listens at %s does not speak HTTP; is it the MQTT port? --http names the "
                    "one of HTTP",
                    address);
    case ERR_REFUSED:
        return fail(
            verb,
            "%s is not trusted, or speaks no TLS: name who signed its certificate with --ca "
            "FILE; `mainstem cert show` tells what it shows",
            address);
    case ERR_LIMIT:
        return fail(verb, "%s answered with more than %zu MiB", address,
                    HTTP_CLIENT_ANSWER_MAX >> 20);
    case ERR_STOPPED:
        return fail(verb, "stopped");
    default:
        return fail(verb, "cannot ask %s: %s", address, err_text(err));
    }
}

/* What proves nothing was either not given, or is not good any more. */
static int http_fail_unknown(const char *verb, const char *detail)
{
    if (strstr(detail, "second factor") != NULL)
        return fail(verb, "%s", detail);
    return fail(
        verb,
        "%s: give a token with --token-file FILE or MAINSTEM_TOKEN (`mainstem token create` "
        "makes one), or, on the server's machine, --server unix:DIR with the folder of its "
        "data",
        token[0] == 0 ? "this server wants to know who asks"
                      : "the server does not take this token: it is wrong, has expired or "
                        "was removed");
}

int http_fail_problem(const char *verb, const char *about, unsigned status, const json_t *problem)
{
    const char *title = answer_text(problem, "title"), *detail = answer_text(problem, "detail");
    const char *colon = about != NULL ? ": " : "";
    about = about != NULL ? about : "";
    if (status == 401)
        return http_fail_unknown(verb, detail);
    if (title[0] == 0 && detail[0] == 0)
        return fail(verb, "%s%sthe server answered with HTTP status %u", about, colon, status);
    if (strncmp(detail, title, strlen(title)) == 0) /* the one says the other already */
        title = "";
    if (title[0] == 0 || detail[0] == 0)
        return fail(verb, "%s%s%s%s", about, colon, title, detail);
    return fail(verb, "%s%s%s: %s", about, colon, title, detail);
}
