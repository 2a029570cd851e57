/* The console's files: conditional requests, compression, and ranges of the plain form. */
#include "web/exchange.h"
#include "web/files.h"

#include <stdio.h>
#include <string.h>

/* Nothing but this server's own files and API. */
#define PAGE_POLICY                                                                                \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "                  \
    "form-action 'none'; frame-ancestors 'none'"

/* Where the links of the set-up and of invitations lead: the console, which reads what stands
 * behind their #. */
static struct bytes file_path(struct bytes path)
{
    bool page =
        bytes_equal(path, bytes_text("/setup")) || bytes_equal(path, bytes_text("/invitation"));
    return page ? bytes_text("/") : path;
}

/* Browsers ask for /favicon.ico wherever a page names no icon: the mark stands in. */
static const struct web_file *file_find(struct bytes path)
{
    bool icon = bytes_equal(path, bytes_text("/favicon.ico"));
    for (size_t i = 0; i < web_file_count; i++)
        if (icon ? strcmp(web_files[i].media, "image/svg+xml") == 0
                 : bytes_equal(path, bytes_text(web_files[i].path)))
            return &web_files[i];
    return NULL;
}

/* The two forms are different bytes, so a strong tag must tell them apart (RFC 9110, 8.8.3.3). */
static void file_tag(const struct web_file *file, bool gzip, char *tag, size_t size)
{
    snprintf(tag, size, "%.*s%s\"", (int)strlen(file->etag) - 1, file->etag, gzip ? "-gzip" : "");
}

static void file_headers(struct exchange *exchange, const struct web_file *file, const char *tag)
{
    bool hashed = file->hashed && bytes_equal(exchange->request->path, bytes_text(file->path));
    exchange_header(exchange, "ETag", bytes_text(tag));
    exchange_header(exchange, "Vary", bytes_text("Accept-Encoding"));
    exchange_header(exchange, "Cache-Control",
                    bytes_text(hashed ? "public, max-age=31536000, immutable" : "no-cache"));
    if (strncmp(file->media, "text/html", 9) == 0) {
        exchange_header(exchange, "Content-Security-Policy", bytes_text(PAGE_POLICY));
        exchange_header(exchange, "Referrer-Policy", bytes_text("no-referrer"));
    }
}

static void file_range(struct exchange *exchange, const struct web_file *file)
{
    uint64_t first = 0, last = 0;
    char range[80];
    switch (http_range_get(exchange->request, file->plain.size, file->etag, -1, &first, &last)) {
    case HTTP_RANGE_WHOLE:
        exchange_send(exchange, 200, file->media, file->plain);
        return;
    case HTTP_RANGE_PART:
        snprintf(range, sizeof range, "bytes %llu-%llu/%zu", (unsigned long long)first,
                 (unsigned long long)last, file->plain.size);
        exchange_header(exchange, "Content-Range", bytes_text(range));
        exchange_send(exchange, 206, file->media,
                      bytes_of(file->plain.at + first, (size_t)(last - first + 1)));
        return;
    case HTTP_RANGE_OUTSIDE:
        snprintf(range, sizeof range, "bytes */%zu", file->plain.size);
        exchange_header(exchange, "Content-Range", bytes_text(range));
        answer_problem(exchange, 416, "range", NULL, "the file has %zu bytes", file->plain.size);
        return;
    }
}

bool file_answer(struct exchange *exchange)
{
    const struct http_request *request = exchange->request;
    const struct web_file *file = file_find(file_path(request->path));
    if (file == NULL)
        return false;
    char tag[128];
    bool gzip = file->gzip.size > 0 && http_accepts_gzip(request) &&
                http_header_find(request, "Range") == NULL;
    file_tag(file, gzip, tag, sizeof tag);
    file_headers(exchange, file, tag);
    if (http_is_unchanged(request, tag, -1)) {
        exchange_send(exchange, 304, NULL, bytes_of(NULL, 0));
    } else if (gzip) {
        exchange_header(exchange, "Content-Encoding", bytes_text("gzip"));
        exchange_send(exchange, 200, file->media, file->gzip);
    } else {
        file_range(exchange, file);
    }
    return true;
}
