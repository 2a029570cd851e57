/* Lines that are too many for one message: what the writer holds leaves in chunks while the handler
 * goes on, as fast as the client takes them. Little is held at a time, however long the answer. */
#include "web/exchange.h"

#include "access/access.h"

#include <string.h>

#define STREAM_FROM ((size_t)64 << 10) /* less is answered as a whole, with its length */
#define HEAD_MAX 2048

static void stream_begin(struct exchange *exchange)
{
    const struct web *web = exchange->web;
    struct web_client *client = exchange->client;
    enum http_framing framing;
    uint8_t *at = web->config.port->room(web->config.arg, client->link, HEAD_MAX);
    size_t size = exchange_head_put(exchange, 200, "application/x-ndjson", HTTP_BODY_STREAM, 0, at,
                                    HEAD_MAX, &framing);
    web->config.port->used(web->config.arg, client->link, size);
    exchange_streams(exchange, 200);
    client->chunked = framing == HTTP_FRAMING_CHUNKED;
}

static void stream_put(struct exchange *exchange)
{
    struct web_client *client = exchange->client;
    struct bytes text = json_writer_text(&exchange->json);
    uint8_t head[HTTP_CHUNK_EXTRA];
    if (text.size == 0)
        return;
    if (client->chunked)
        client_put(client, bytes_of(head, http_chunk_head_put(head, text.size)));
    client_put(client, text);
    if (client->chunked)
        client_put(client, bytes_text("\r\n"));
    json_writer_clear(&exchange->json);
}

/* It ends before the last chunk: no part is taken for the whole. */
enum handled stream_break(struct exchange *exchange)
{
    if (!exchange->answered)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    exchange->client->last = true;
    return HANDLED;
}

/* Rights may be taken back while he reads. */
static bool stream_is_let(struct exchange *exchange)
{
    const struct route *route = exchange->route;
    if (route->resource == NULL)
        return true;
    bool server = strncmp(route->resource, "$server", 7) == 0;
    return exchange_may(exchange, route->right, server ? TENANT_MAIN : exchange->tenant,
                        bytes_text(route->resource));
}

enum handled stream_lines(struct exchange *exchange)
{
    struct web_client *client = exchange->client;
    if (json_writer_text(&exchange->json).size < STREAM_FROM &&
        !json_writer_failed(&exchange->json))
        return HANDLED_STEP;
    if (json_writer_failed(&exchange->json) || !stream_is_let(exchange))
        return exchange->answered ? stream_break(exchange) : answer_lines(exchange);
    if (!exchange->answered)
        stream_begin(exchange);
    stream_put(exchange);
    client_flush(client);
    bool choked = client_backlog(client) > WEB_UNSENT;
    client_allow_answer(client, choked);
    return choked ? HANDLED_ASK : HANDLED_STEP;
}

enum handled stream_lines_later(struct exchange *exchange)
{
    enum handled handled = stream_lines(exchange);
    return handled == HANDLED_STEP ? HANDLED_FULL : handled;
}

enum handled stream_lines_end(struct exchange *exchange)
{
    if (!exchange->answered)
        return answer_lines(exchange);
    if (json_writer_failed(&exchange->json) || !stream_is_let(exchange))
        return stream_break(exchange);
    stream_put(exchange);
    if (exchange->client->chunked)
        client_put(exchange->client, bytes_text(HTTP_CHUNK_END));
    return HANDLED;
}
