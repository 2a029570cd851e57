/* One question to a provider: by https, bounded in time and bytes, without following anything. */
#include "openid/room.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_S 5

static size_t fetch_body(char *at, size_t one, size_t count, void *arg)
{
    struct fetch *fetch = arg;
    size_t more = one * count;
    if (fetch->size + more > OPENID_ANSWER_MAX)
        return 0;
    uint8_t *grown = realloc(fetch->at, fetch->size + more + 1);
    if (grown == NULL)
        return 0;
    memcpy(grown + fetch->size, at, more);
    fetch->at = grown;
    fetch->size += more;
    return more;
}

static int fetch_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                          curl_off_t up)
{
    const struct fetch *fetch = arg;
    (void)down_all, (void)down, (void)up_all, (void)up;
    return atomic_load(fetch->stop);
}

static bool ipv4_is_inner(const uint8_t *at)
{
    return at[0] == 127 || at[0] == 0 || (at[0] == 169 && at[1] == 254) || at[0] >= 224;
}

/* Of this machine, or of what only its own link reaches (a cloud's keys among it). */
static bool address_is_inner(const struct curl_sockaddr *address)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const uint8_t zeros[15];
    if (address->family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)&address->addr;
        return ipv4_is_inner((const uint8_t *)&v4->sin_addr);
    }
    if (address->family != AF_INET6)
        return true;
    const struct sockaddr_in6 *v6 = (const void *)&address->addr;
    const uint8_t *at = v6->sin6_addr.s6_addr;
    if (memcmp(at, mapped, sizeof mapped) == 0)
        return ipv4_is_inner(at + sizeof mapped);
    return (memcmp(at, zeros, sizeof zeros) == 0 && at[15] <= 1) ||
           (at[0] == 0xfe && (at[1] & 0xc0) == 0x80) || at[0] == 0xff;
}

/* The address that was found, not the name that was asked for: names can mean anything. */
static curl_socket_t fetch_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct fetch *fetch = arg;
    (void)purpose;
    if (!fetch->inner && address_is_inner(address))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void fetch_set_up(struct fetch *fetch, CURL *curl, struct curl_slist *headers)
{
    curl_easy_setopt(curl, CURLOPT_URL, fetch->url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (fetch->ca != NULL && fetch->ca[0] != '\0')
        curl_easy_setopt(curl, CURLOPT_CAINFO, fetch->ca);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mainstem/" MAINSTEM_VERSION);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)OPENID_TIME_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, fetch_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, fetch_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetch);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, fetch_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, fetch);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (fetch->form != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, fetch->form);
}

enum openid_fault fetch_run(struct fetch *fetch)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json"), *longer;
    enum openid_fault fault = OPENID_MEMORY;
    fetch->at = NULL;
    fetch->size = 0;
    if (curl == NULL || headers == NULL)
        goto out;
    if (fetch->authorization != NULL) {
        longer = curl_slist_append(headers, fetch->authorization);
        if (longer == NULL)
            goto out;
        headers = longer;
    }
    fetch_set_up(fetch, curl, headers);
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &fetch->status);
    fault = code == CURLE_OK            ? OPENID_FINE
            : code == CURLE_WRITE_ERROR ? OPENID_ANSWER
                                        : OPENID_UNREACHABLE;
out:
    for (struct curl_slist *at = headers; at != NULL; at = at->next)
        secret_wipe(at->data, strlen(at->data));
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return fault;
}
