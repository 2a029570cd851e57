/* Whose request it is. A browser lets any page send requests to 127.0.0.1; it tells us which page
 * it was, and which name it asked for. What no page can forge is looked at: Host (against names
 * that an attacker lets resolve to us), Origin, Sec-Fetch-Site, and the media type of a body
 * (forms can send only three). */
#include "web/room.h"

#include <string.h>

static bool host_is_address(struct bytes host)
{
    if (host.size > 0 && host.at[0] == '[')
        return true; /* http_authority_split took it: an IPv6 literal */
    bool digits = host.size > 0;
    for (size_t i = 0; i < host.size; i++)
        digits = digits && ((host.at[i] >= '0' && host.at[i] <= '9') || host.at[i] == '.');
    return digits;
}

static bool host_is_listed(struct bytes host, const char *hosts)
{
    while (*hosts != '\0') {
        size_t size = strcspn(hosts, " ");
        char name[256];
        if (size > 0 && size < sizeof name) {
            memcpy(name, hosts, size);
            name[size] = '\0';
            if (http_text_equal(host, name))
                return true;
        }
        hosts += size + (hosts[size] == ' ');
    }
    return false;
}

static bool host_is_ours(const struct http_request *request, const char *hosts, const char *machine)
{
    struct bytes host;
    uint16_t port;
    if (request->authority.size == 0)
        return request->minor == 0; /* no browser speaks HTTP/1.0 */
    if (!http_authority_split(request->authority, &host, &port))
        return false;
    return host_is_address(host) || http_text_equal(host, "localhost") ||
           (machine[0] != '\0' && http_text_equal(host, machine)) || host_is_listed(host, hosts);
}

/* The origin of the very host that was asked. Behind a proxy that speaks TLS it is https. */
static bool origin_is_ours(const struct http_request *request, struct bytes origin)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
        size_t size = strlen(schemes[i]);
        if (origin.size != size + request->authority.size || origin.size <= size ||
            !http_text_equal(bytes_of(origin.at, size), schemes[i]))
            continue;
        char authority[512];
        if (request->authority.size >= sizeof authority)
            return false;
        memcpy(authority, request->authority.at, request->authority.size);
        authority[request->authority.size] = '\0';
        if (http_text_equal(bytes_of(origin.at + size, origin.size - size), authority))
            return true;
    }
    return false;
}

/* Another site may lead a person here (a link), and do nothing else. */
static bool site_is_ours(const struct http_request *request)
{
    const struct http_header *site = http_header_find(request, "Sec-Fetch-Site");
    if (site == NULL || http_text_equal(site->value, "same-origin") ||
        http_text_equal(site->value, "none"))
        return true;
    const struct http_header *mode = http_header_find(request, "Sec-Fetch-Mode");
    const struct http_header *dest = http_header_find(request, "Sec-Fetch-Dest");
    return (request->verb == HTTP_VERB_GET || request->verb == HTTP_VERB_HEAD) && mode != NULL &&
           http_text_equal(mode->value, "navigate") && dest != NULL &&
           http_text_equal(dest->value, "document");
}

static bool media_is_ours(const struct http_request *request)
{
    static const char *const taken[] = {
        "application/json",  "application/x-ndjson",         "application/ndjson",
        "application/jsonl", "application/merge-patch+json", "text/csv"};
    if (!request->has_body)
        return true;
    const struct http_header *type = http_header_find(request, "Content-Type");
    /* A document, as its type is: no form can send a PUT. */
    if (type != NULL && request->verb == HTTP_VERB_PUT && document_media_parse(type->value) != 0)
        return true;
    for (size_t i = 0; type != NULL && i < ARRAY_COUNT(taken); i++)
        if (http_media_is(type->value, taken[i]))
            return true;
    return false;
}

/* The doors that agents know send text/plain, a form, or nothing at all, as a page's form could. A
 * browser tells its form's page by Origin, or by Referer, and itself by a User-Agent that no page
 * can change: without any of them it is none. An Origin was judged before: it is ours. */
static bool body_is_agents(const struct http_request *request)
{
    static const char *const paths[] = {"/write", "/api/v2/write", "/query"};
    const struct http_header *agent = http_header_find(request, "User-Agent");
    bool door = false;
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        door = door || bytes_equal(request->path, bytes_text(paths[i]));
    if (!door)
        return false;
    if (http_header_find(request, "Origin") != NULL)
        return true;
    return http_header_find(request, "Referer") == NULL &&
           http_header_find(request, "Sec-Fetch-Site") == NULL &&
           (agent == NULL || agent->value.size < 8 || memcmp(agent->value.at, "Mozilla/", 8) != 0);
}

enum guard guard_judge(const struct http_request *request, const char *hosts, const char *machine)
{
    uint32_t index = 0;
    const struct http_header *origin;
    if (!host_is_ours(request, hosts, machine))
        return GUARD_HOST;
    while ((origin = http_header_next(request, "Origin", &index)) != NULL)
        if (!origin_is_ours(request, origin->value))
            return GUARD_ORIGIN;
    if (!site_is_ours(request))
        return GUARD_SITE;
    return media_is_ours(request) || body_is_agents(request) ? GUARD_WELCOME : GUARD_MEDIA;
}
