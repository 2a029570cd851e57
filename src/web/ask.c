/* Questions to the history: read here, answered by the pool of query, streamed from here.
 *
 * A question waits three times: while its points are looked for (a piece a step), while its run has
 * nothing to say (HANDLED_ASK, until the pool's news), and while the client does not take what was
 * said (HANDLED_ASK, until the transport has room). What fits into one message once the run is over
 * is answered as a whole; the rest is streamed in chunks. A run that fails in the middle of a
 * stream ends the connection before the last chunk: no part is taken for the whole. */
#include "web/ask.h"
#include "web/exchange.h"
#include "web/points.h"

#include <stdlib.h>
#include <string.h>

#define WHOLE_MOST ((size_t)256 << 10) /* answered at once, with its length */
#define HEAD_MAX 2048

static const char *const medias[] = {[QUERY_JSON] = "application/json",
                                     [QUERY_CSV] = "text/csv; charset=utf-8; header=present",
                                     [QUERY_NDJSON] = "application/x-ndjson"};

static void ask_drop(struct exchange *exchange)
{
    struct ask *ask = exchange->state;
    exchange->client->link->leaves = false;
    query_run_cancel(ask->run);
    query_selection_destroy(ask->selection);
    who_end(exchange, &ask->who);
    json_decref(ask->body);
    free(ask->text);
    free(ask->paths);
    free(ask->matches);
    free(ask->points);
    free(ask->labels);
    free(ask);
}

/* ---- the answer -------------------------------------------------------------------------------
 */
static enum handled ask_failed(struct exchange *exchange, const struct query_status *status)
{
    static const struct {
        unsigned status;
        const char *code;
    } ends[] = {[QUERY_TIME] = {503, "query_time"},
                [QUERY_MEMORY] = {503, "query_memory"},
                [QUERY_ZONE] = {422, "zone_unknown"},
                [QUERY_WRONG] = {422, "question_wrong"},
                [QUERY_FAILED] = {503, "question_failed"}};
    return answer_problem(exchange, ends[status->end].status, ends[status->end].code, NULL, "%s",
                          status->fault);
}

static enum handled ask_whole(struct exchange *exchange, const struct query_status *status)
{
    struct ask *ask = exchange->state;
    const char *media = medias[ask->request.format];
    struct bytes block = query_run_take(ask->run);
    if (block.size == status->ready)
        return answer_content(exchange, 200, media, block);
    uint8_t *at = malloc(status->ready);
    size_t size = 0;
    if (at == NULL)
        return answer_problem(exchange, 503, "memory", NULL,
                              "there is no memory for this answer: ask for less");
    for (; block.size > 0; block = query_run_take(ask->run)) {
        memcpy(at + size, block.at, block.size);
        size += block.size;
    }
    answer_content(exchange, 200, media, bytes_of(at, size));
    free(at);
    return HANDLED;
}

static void stream_begin(struct exchange *exchange, const struct query_status *status)
{
    struct ask *ask = exchange->state;
    struct web_client *client = exchange->client;
    const struct web *web = exchange->web;
    enum http_framing framing;
    if (status->gzip)
        exchange_header(exchange, "Content-Encoding", bytes_text("gzip"));
    exchange_header(exchange, "Vary", bytes_text("Accept-Encoding"));
    uint8_t *at = web->config.port->room(web->config.arg, client->link, HEAD_MAX);
    size_t size = exchange_head_put(exchange, 200, medias[ask->request.format], HTTP_BODY_STREAM, 0,
                                    at, HEAD_MAX, &framing);
    web->config.port->used(web->config.arg, client->link, size);
    exchange_streams(exchange, 200);
    ask->chunked = framing == HTTP_FRAMING_CHUNKED;
}

static void stream_put(struct ask *ask, struct bytes block)
{
    struct web_client *client = ask->exchange->client;
    uint8_t head[HTTP_CHUNK_EXTRA];
    if (ask->chunked)
        client_put(client, bytes_of(head, http_chunk_head_put(head, block.size)));
    client_put(client, block);
    if (ask->chunked)
        client_put(client, bytes_text("\r\n"));
}

static enum handled stream_go_on(struct exchange *exchange)
{
    struct ask *ask = exchange->state;
    struct web_client *client = exchange->client;
    struct query_status status;
    if (!who_is_same(exchange, &ask->who)) {
        client->last = true;
        return HANDLED;
    }
    while (client_backlog(client) <= WEB_UNSENT) {
        struct bytes block = query_run_take(ask->run);
        if (block.size == 0)
            break;
        stream_put(ask, block);
    }
    query_run_status(ask->run, &status);
    bool choked = client_backlog(client) > WEB_UNSENT;
    if (status.end != QUERY_RUNS && status.end != QUERY_DONE) {
        client->last = true; /* without the last chunk */
        return HANDLED;
    }
    if (status.end == QUERY_DONE && status.ready == 0) {
        if (ask->chunked)
            client_put(client, bytes_text(HTTP_CHUNK_END));
        return HANDLED;
    }
    client_flush(client);
    client_allow_answer(client, choked);
    return HANDLED_ASK;
}

static enum handled ask_resume(struct exchange *exchange)
{
    struct ask *ask = exchange->state;
    struct query_status status;
    if (exchange->answered)
        return stream_go_on(exchange);
    if (!who_is_same(exchange, &ask->who))
        return who_has_changed(exchange);
    query_run_status(ask->run, &status);
    if (status.end == QUERY_RUNS && status.ready == 0)
        return HANDLED_ASK;
    if (status.end != QUERY_RUNS && status.end != QUERY_DONE)
        return ask_failed(exchange, &status);
    if (status.end == QUERY_DONE && !status.gzip && status.ready <= WHOLE_MOST)
        return ask_whole(exchange, &status);
    stream_begin(exchange, &status);
    return stream_go_on(exchange);
}

static void ask_news(void *arg)
{
    struct exchange *exchange = arg;
    if (exchange->wait == HANDLED_ASK)
        exchange_resume(exchange);
}

/* ---- the way there ----------------------------------------------------------------------------
 */
/* "plant/#, site/a/temp", as far as it goes. */
static void object_put(struct bytes term, uint8_t *object, size_t *size)
{
    if (*size > 0 && *size + 2 <= WHO_OBJECT_MAX) {
        memcpy(object + *size, ", ", 2);
        *size += 2;
    }
    size_t most = WHO_OBJECT_MAX - *size, take = term.size < most ? term.size : most;
    if (take > 0)
        memcpy(object + *size, term.at, take);
    *size += take;
}

/* What leaves as a file to work with elsewhere is in the audit. */
static void ask_tell(struct exchange *exchange)
{
    static const char *const kinds[] = {[QUERY_SAMPLES] = "samples",
                                        [QUERY_BUCKETS] = "buckets",
                                        [QUERY_TREND] = "trend",
                                        [QUERY_LATEST] = "last"};
    static const char *const formats[] = {
        [QUERY_JSON] = "json", [QUERY_CSV] = "csv", [QUERY_NDJSON] = "ndjson"};
    const struct ask *ask = exchange->state;
    uint8_t object[WHO_OBJECT_MAX];
    char detail[64];
    size_t size = 0, points;
    if (ask->request.format == QUERY_JSON)
        return;
    for (size_t i = 0; i < ask->match_count && size < WHO_OBJECT_MAX; i++)
        object_put(ask->matches[i], object, &size);
    for (size_t i = 0; i < ask->path_count && size < WHO_OBJECT_MAX; i++)
        object_put(ask->paths[i], object, &size);
    (void)query_selection_points(ask->selection, &points);
    snprintf(detail, sizeof detail, "%s, %s, %zu points", kinds[ask->request.kind],
             formats[ask->request.format], points);
    who_tell(exchange, bytes_of(object, size), detail);
}

static enum handled ask_run(struct exchange *exchange)
{
    struct ask *ask = exchange->state;
    struct web *web = exchange->web;
    struct history_view *view = NULL;
    if (exchange->request->verb == HTTP_VERB_HEAD) {
        exchange_send(exchange, 200, medias[ask->request.format], bytes_of(NULL, 0));
        return HANDLED;
    }
    if (!who_is_same(exchange, &ask->who))
        return who_has_changed(exchange);
    ask_tell(exchange);
    enum err err = history_view_open(engine_history(web->config.engine), &view);
    if (err == OK) {
        err = query_run_begin(web->config.queries, ask->selection, view, &ask->request, ask_news,
                              exchange, &ask->run);
        ask->selection = NULL;
    }
    if (err == ERR_LIMIT)
        return answer_problem(exchange, 503, "query_memory", NULL,
                              "the questions under way hold all of query.memory: ask again later");
    if (err != OK)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    exchange->resume = ask_resume;
    exchange->client->link->leaves = true; /* nobody works for who is gone */
    return HANDLED_ASK;
}

/* What is searched by pattern must be in the index, which is built anew after a start. */
static bool ask_waits_for_index(const struct ask *ask)
{
    const struct web *web = ask->exchange->web;
    return (ask->match_count > 0 || ask->path_count + ask->point_count == 0) &&
           namespace_entered(web->config.space) < ask->wanted;
}

static enum handled ask_select(struct exchange *exchange)
{
    struct ask *ask = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    enum err err = ERR_BUSY;
    if (ask_waits_for_index(ask))
        return HANDLED_STEP;
    while (err == ERR_BUSY) {
        err = query_selection_step(ask->selection);
        if (err == ERR_BUSY && turn_is_over(&turn, TURN_LOOK_BYTES))
            return HANDLED_STEP;
    }
    if (err == ERR_LIMIT)
        return answer_problem(exchange, 422, "too_many_points", NULL,
                              "more than %llu points are asked for (setting query.points): name "
                              "fewer, or ask in parts",
                              (unsigned long long)exchange->web->config.settings->query_points);
    if (err != OK)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    return ask_run(exchange);
}

static enum handled ask_selection(struct exchange *exchange, struct ask *ask)
{
    const struct web *web = exchange->web;
    const char *fault = NULL;
    const struct query_filter filter = {.sight = ask->who.sight,
                                        .paths = ask->paths,
                                        .path_count = ask->path_count,
                                        .points = ask->points,
                                        .point_count = ask->point_count,
                                        .matches = ask->matches,
                                        .match_count = ask->match_count,
                                        .labels = ask->labels,
                                        .label_count = ask->label_count,
                                        .group = ask->group,
                                        .history = engine_history(web->config.engine),
                                        .live = ask->request.kind == QUERY_LATEST,
                                        .most = (uint32_t)web->config.settings->query_points};
    enum err err =
        query_selection_create(web->config.space, web->points, &filter, &ask->selection, &fault);
    if (err == ERR_INVALID)
        return answer_problem(exchange, 400, "parameter", "a parameter is wrong", "%s", fault);
    if (err != OK)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    exchange->kept = query_selection_bytes(ask->selection);
    return ask_select(exchange);
}

static enum handled ask_begin(struct exchange *exchange, enum query_question kind)
{
    const struct web *web = exchange->web;
    if (web->config.queries == NULL || engine_history(web->config.engine) == NULL)
        return answer_problem(exchange, 503, "history_off", NULL, "there is no history here");
    struct ask *ask = calloc(1, sizeof *ask);
    if (ask == NULL)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    ask->exchange = exchange;
    ask->wanted = points_count(web->points);
    exchange->state = ask;
    exchange->drop = ask_drop;
    exchange->resume = ask_select;
    if (!ask_read(ask, kind) || !who_begin(exchange, &ask->who))
        return HANDLED;
    ask->request.gzip = http_accepts_gzip(exchange->request);
    return ask_selection(exchange, ask);
}

enum handled handle_ask_samples(struct exchange *exchange)
{
    return ask_begin(exchange, QUERY_SAMPLES);
}

enum handled handle_ask_buckets(struct exchange *exchange)
{
    return ask_begin(exchange, QUERY_BUCKETS);
}

enum handled handle_ask_trend(struct exchange *exchange)
{
    return ask_begin(exchange, QUERY_TREND);
}

enum handled handle_ask_last(struct exchange *exchange)
{
    return ask_begin(exchange, QUERY_LATEST);
}
