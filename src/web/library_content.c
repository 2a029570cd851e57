/* The bytes of a document: read whole on another thread, sent a piece at a time. */
#include "web/library.h"

#include "web/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)128 << 10)
#define HEAD_BYTES 4096u

struct content {
    struct documents_ask *ask;
    uint8_t media;
    uint32_t version;
    size_t sent;
};

static void content_drop(struct exchange *exchange)
{
    struct content *content = exchange->state;
    if (content != NULL)
        documents_ask_end(content->ask);
    free(content);
}

static enum handled content_go_on(struct exchange *exchange)
{
    struct content *content = exchange->state;
    struct web_client *client = exchange->client;
    const struct documents_ask *ask = content->ask;
    if (content->sent < ask->size && client_backlog(client) <= WEB_UNSENT) {
        size_t left = ask->size - content->sent;
        size_t size = left < PIECE_BYTES ? left : PIECE_BYTES;
        client_put(client, bytes_of(ask->bytes + content->sent, size));
        content->sent += size;
    }
    if (content->sent == ask->size)
        return HANDLED;
    client_flush(client);
    bool choked = client_backlog(client) > WEB_UNSENT;
    client_allow_answer(client, choked);
    return choked ? HANDLED_ASK : HANDLED_STEP;
}

/* A picture of SVG may bring scripts: it is opened in a box in which none run. Nothing of a
 * document is guessed to be anything else (X-Content-Type-Options). */
static void content_headers(struct exchange *exchange, const struct content *content)
{
    char tag[2 * DOCUMENT_HASH_SIZE + 3];
    size_t size = 0;
    tag[size++] = '"';
    for (size_t i = 0; i < DOCUMENT_HASH_SIZE; i++)
        size += (size_t)snprintf(tag + size, sizeof tag - size, "%02x", content->ask->hash[i]);
    tag[size++] = '"';
    exchange_header(exchange, "ETag", bytes_of(tag, size));
    exchange_header(exchange, "Content-Security-Policy",
                    bytes_text(content->media == DOCUMENT_SVG
                                   ? "default-src 'none'; style-src 'unsafe-inline'; sandbox"
                                   : "default-src 'none'; frame-ancestors 'self'"));
    exchange_header(exchange, "Cache-Control", bytes_text("private, no-cache"));
}

static enum handled content_begin(struct exchange *exchange)
{
    struct content *content = exchange->state;
    struct web_client *client = exchange->client;
    const struct documents_ask *ask = content->ask;
    enum http_framing framing;
    if (ask->err == ERR_MISSING || ask->err == ERR_CORRUPT)
        return answer_problem(exchange, 503, "document_damaged", NULL,
                              "the file of this version is %s; put the document again, or restore "
                              "it from a backup",
                              ask->err == ERR_MISSING ? "missing" : "damaged");
    if (ask->err != OK)
        return answer_problem(exchange, 503, "read_failed", NULL,
                              "the document cannot be read now: %s", err_text(ask->err));
    content_headers(exchange, content);
    const char *media = content->media == DOCUMENT_MARKDOWN ? "text/markdown; charset=utf-8"
                        : content->media == DOCUMENT_TEXT   ? "text/plain; charset=utf-8"
                                                            : document_media_type(content->media);
    uint8_t *at =
        exchange->web->config.port->room(exchange->web->config.arg, client->link, HEAD_BYTES);
    size_t used = exchange_head_put(exchange, 200, media, HTTP_BODY_SIZED, ask->size, at,
                                    HEAD_BYTES, &framing);
    exchange->web->config.port->used(exchange->web->config.arg, client->link, used);
    exchange_streams(exchange, 200);
    if (framing != HTTP_FRAMING_LENGTH) /* HEAD: there is no body */
        content->sent = ask->size;
    return content_go_on(exchange);
}

static enum handled content_resume(struct exchange *exchange)
{
    return exchange->answered ? content_go_on(exchange) : content_begin(exchange);
}

enum handled handle_document_content(struct exchange *exchange)
{
    struct content *content = exchange_keep(exchange, sizeof *content);
    struct document_version version;
    struct document_view view;
    uint64_t number = 0;
    if (content == NULL)
        return HANDLED;
    exchange->drop = content_drop;
    struct documents *documents = documents_of(exchange);
    uint32_t document = documents == NULL ? DOCUMENT_NONE : document_named(exchange);
    if (document == DOCUMENT_NONE || !query_count(exchange, "version", 1, UINT32_MAX, &number) ||
        !library_document(library_of(exchange), document, &view))
        return HANDLED;
    version = view.newest;
    if (number != 0 &&
        !library_document_version(library_of(exchange), document, (uint32_t)number, &version))
        return answer_problem(exchange, 404, "unknown_document", "no such version",
                              "the document has no version %llu", (unsigned long long)number);
    content->media = version.media;
    content->ask = documents_read(documents, version.hash, version.size, library_wake, exchange);
    if (content->ask == NULL)
        return answer_many_documents(exchange);
    exchange->kept = (size_t)version.size;
    exchange->resume = content_resume;
    return HANDLED_ASK;
}
