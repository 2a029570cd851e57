#include "client/http_client.h"
#include "client/http_room.h"

#include "os/os.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_BYTES 300
#define UNIX_PATH_MAX 107 /* unix(7) */
#define HTTPS "https://"

struct http_client {
    CURL *curl;
    struct http_client_trust trust;
    bool is_unix;
    bool (*stop)(void);
    char host[ADDRESS_BYTES + 16]; /* http://HOST:PORT */
    char *body;                    /* of the answer under way */
    size_t size, capacity;
    bool too_long;
};

/* ---- life
 * ---------------------------------------------------------------------------------------- */

static size_t on_body(char *at, size_t one, size_t count, void *arg)
{
    struct http_client *client = arg;
    size_t size = one * count, wanted = client->size + size;
    if (wanted > HTTP_CLIENT_ANSWER_MAX) {
        client->too_long = true;
        return 0;
    }
    if (wanted > client->capacity) {
        size_t capacity = 2 * wanted;
        char *body = realloc(client->body, capacity);
        if (body == NULL)
            return 0;
        client->body = body;
        client->capacity = capacity;
    }
    memcpy(client->body + client->size, at, size);
    client->size = wanted;
    return size;
}

static int on_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                       curl_off_t up)
{
    const struct http_client *client = arg;
    (void)down_all, (void)down, (void)up_all, (void)up;
    return client->stop != NULL && client->stop();
}

static const char *address_host(const char *address)
{
    return strncmp(address, HTTPS, strlen(HTTPS)) == 0 ? address + strlen(HTTPS) : address;
}

const char *http_unix_path(const char *address)
{
    size_t size = strlen(HTTP_UNIX);
    return strncmp(address, HTTP_UNIX, size) == 0 ? address + size : NULL;
}

void http_address_url(const char *address, char *url, size_t size)
{
    if (http_unix_path(address) != NULL) {
        snprintf(url, size, "http://localhost");
        return;
    }
    const char *host = address_host(address);
    snprintf(url, size, "%s%s%s", host == address ? "http://" : HTTPS,
             host[0] == ':' ? "127.0.0.1" : "", host);
}

/* Answers come compressed where the network costs more than the processor. */
void http_set_up(CURL *curl, const char *address, const struct http_client_trust *trust)
{
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* a path may have a segment ".." */
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mainstem/" MAINSTEM_VERSION);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (trust->ca != NULL && trust->ca[0] != 0)
        curl_easy_setopt(curl, CURLOPT_CAINFO, trust->ca);
    if (trust->insecure) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (http_unix_path(address) != NULL)
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, http_unix_path(address));
    else if (!os_address_is_loopback(address_host(address)))
        curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
}

static bool headers_add(struct curl_slist **headers, const char *name, const char *value)
{
    char *line = NULL;
    int size = asprintf(&line, "%s: %s", name, value);
    struct curl_slist *longer = size < 0 ? NULL : curl_slist_append(*headers, line);
    if (size >= 0)
        explicit_bzero(line, (size_t)size);
    free(size < 0 ? NULL : line);
    if (longer != NULL)
        *headers = longer;
    return longer != NULL;
}

struct curl_slist *http_headers(const char *content_type, const char *address,
                                const struct http_client_trust *trust)
{
    struct curl_slist *headers = NULL;
    bool shows = trust->token != NULL && trust->token[0] != 0 && http_unix_path(address) == NULL;
    char bearer[HTTP_CLIENT_TOKEN_MAX + 8];
    bool good = headers_add(&headers, "Content-Type", content_type != NULL ? content_type : "");
    if (good && shows) {
        snprintf(bearer, sizeof bearer, "Bearer %s", trust->token);
        good = headers_add(&headers, "Authorization", bearer);
        explicit_bzero(bearer, sizeof bearer);
    }
    if (good && trust->tenant != NULL && trust->tenant[0] != 0)
        good = headers_add(&headers, "Mainstem-Tenant", trust->tenant);
    if (good)
        return headers;
    curl_slist_free_all(headers);
    return NULL;
}

static void client_set_up(struct http_client *client, const struct http_client_config *config)
{
    CURL *curl = client->curl;
    http_set_up(curl, config->address, &config->trust);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)config->wait_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)config->wait_ms / 3 + 1);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
}

enum err http_client_create(const struct http_client_config *config,
                            struct http_client **ret_client)
{
    const char *address = address_host(config->address), *path = http_unix_path(address);
    if (path == NULL ? address[0] == 0 || strlen(address) >= ADDRESS_BYTES ||
                           strpbrk(address, "/@?# ") != NULL
                     : path[0] == 0 || strlen(path) > UNIX_PATH_MAX)
        return ERR_INVALID;
    struct http_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return ERR_NO_MEMORY;
    http_address_url(config->address, client->host, sizeof client->host);
    client->stop = config->stop;
    client->trust = config->trust;
    client->is_unix = path != NULL;
    client->curl = curl_easy_init();
    if (client->curl == NULL) {
        free(client);
        return ERR_NO_MEMORY;
    }
    client_set_up(client, config);
    *ret_client = client;
    return OK;
}

void http_client_destroy(struct http_client *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->curl);
    free(client->body);
    free(client);
}

/* ---- asking
 * -------------------------------------------------------------------------------------- */

enum err http_err(CURLcode code, enum err write_err)
{
    switch (code) {
    case CURLE_OK:
        return OK;
    case CURLE_COULDNT_CONNECT:
        return ERR_MISSING;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_URL_MALFORMAT:
        return ERR_INVALID;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_BUSY;
    case CURLE_ABORTED_BY_CALLBACK:
        return ERR_STOPPED;
    case CURLE_WRITE_ERROR:
        return write_err;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return ERR_CORRUPT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
        return ERR_REFUSED;
    case CURLE_OUT_OF_MEMORY:
        return ERR_NO_MEMORY;
    default:
        return ERR_IO;
    }
}

/* A GET may go out a second time when the connection that was kept turns out to be gone; anything
 * else gets a connection of its own, so that libcurl never repeats it. */
static CURLcode client_perform(struct http_client *client,
                               const struct http_client_question *question, const char *url,
                               struct curl_slist *headers)
{
    CURL *curl = client->curl;
    bool get = strcmp(question->method, "GET") == 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (get) {
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    } else {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)question->body.size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, question->body.at);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, question->method);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, (long)!get);
    return curl_easy_perform(curl);
}

enum err http_client_ask(struct http_client *client, const struct http_client_question *question,
                         struct http_client_answer *ret_answer)
{
    size_t size = strlen(client->host) + strlen(question->target) + 1;
    char *url = malloc(size);
    struct curl_slist *headers = http_headers(
        question->content_type, client->is_unix ? HTTP_UNIX : client->host, &client->trust);
    client->size = 0;
    client->too_long = false;
    enum err err = ERR_NO_MEMORY;
    if (url != NULL && headers != NULL) {
        snprintf(url, size, "%s%s", client->host, question->target);
        CURLcode code = client_perform(client, question, url, headers);
        err = http_err(code, client->too_long ? ERR_LIMIT : ERR_NO_MEMORY);
    }
    free(url);
    curl_slist_free_all(headers);
    if (err != OK)
        return err;
    long status = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    *ret_answer = (struct http_client_answer){.status = (unsigned)status};
    if (client->size > 0)
        ret_answer->json = json_loadb(client->body, client->size, JSON_ALLOW_NUL, NULL);
    return OK;
}
