/* URLs of questions: which bytes stay and which become %XX. */
#include "client/http_client.h"

#include <stdio.h>
#include <string.h>

static void url_put(struct http_url *url, const char *text, size_t size)
{
    if (url->failed || size >= sizeof url->text - url->size) {
        url->failed = true;
        return;
    }
    memcpy(url->text + url->size, text, size);
    url->size += size;
    url->text[url->size] = 0;
}

/* RFC 3986, 2.3. */
static bool is_unreserved(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static void url_put_encoded(struct http_url *url, const char *text, bool slashes_stay)
{
    for (; *text != 0; text++) {
        unsigned char byte = (unsigned char)*text;
        char encoded[4];
        if (is_unreserved(byte) || (slashes_stay && byte == '/')) {
            url_put(url, text, 1);
            continue;
        }
        snprintf(encoded, sizeof encoded, "%%%02X", byte);
        url_put(url, encoded, 3);
    }
}

void http_url_start(struct http_url *url, const char *route)
{
    url->size = 0;
    url->asks = url->failed = false;
    url_put(url, route, strlen(route));
}

void http_url_path(struct http_url *url, const char *path)
{
    url_put(url, "/", 1);
    url_put_encoded(url, path, true);
}

void http_url_query(struct http_url *url, const char *name, const char *value)
{
    url_put(url, url->asks ? "&" : "?", 1);
    url->asks = true;
    url_put_encoded(url, name, false);
    url_put(url, "=", 1);
    url_put_encoded(url, value, false);
}

void http_url_query_count(struct http_url *url, const char *name, uint64_t count)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)count);
    http_url_query(url, name, text);
}

const char *http_url_text(const struct http_url *url)
{
    return url->failed ? NULL : url->text;
}
