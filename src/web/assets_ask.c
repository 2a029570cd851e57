/* A question that a handler asks for itself. */
#include "web/assets_ask.h"

#include "web/exchange.h"

#include <string.h>

bool points_ask_begin(struct exchange *exchange, struct points_ask *ask,
                      struct query_filter *filter, const struct query_request *request)
{
    const struct web *web = exchange->web;
    const char *fault = NULL;
    if (web->config.queries == NULL || engine_history(web->config.engine) == NULL) {
        answer_problem(exchange, 503, "history_off", NULL, "there is no history here");
        return false;
    }
    ask->request = *request;
    if (!who_begin(exchange, &ask->who))
        return false;
    if (filter->match_count > 0)
        ask->wanted = points_count(web->points);
    filter->sight = ask->who.sight;
    filter->history = engine_history(web->config.engine);
    enum err err =
        query_selection_create(web->config.space, web->points, filter, &ask->selection, &fault);
    if (err == ERR_INVALID)
        answer_problem(exchange, 400, "parameter", "a parameter is wrong", "%s", fault);
    else if (err != OK)
        answer_memory(exchange);
    return err == OK;
}

static void ask_news(void *arg)
{
    struct exchange *exchange = arg;
    if (exchange->wait == HANDLED_ASK)
        exchange_resume(exchange);
}

static bool ask_run(struct exchange *exchange, struct points_ask *ask, enum handled *ret_handled)
{
    struct web *web = exchange->web;
    struct history_view *view = NULL;
    enum err err = history_view_open(engine_history(web->config.engine), &view);
    if (err == OK) {
        err = query_run_begin(web->config.queries, ask->selection, view, &ask->request, ask_news,
                              exchange, &ask->run);
        ask->selection = NULL;
    }
    exchange->client->link->leaves = true; /* nobody works for who is gone */
    if (err == OK)
        return true;
    *ret_handled = err == ERR_LIMIT
                       ? answer_problem(exchange, 503, "query_memory", NULL,
                                        "the questions under way hold all of query.memory: ask "
                                        "again later")
                       : answer_memory(exchange);
    return false;
}

bool points_ask_go(struct exchange *exchange, struct points_ask *ask, enum handled *ret_handled)
{
    struct turn turn = turn_begin(exchange->web);
    enum err err = ERR_BUSY;
    if (ask->run != NULL)
        return true;
    *ret_handled = HANDLED_STEP;
    if (ask->wanted > namespace_entered(exchange->web->config.space))
        return false;
    while (err == ERR_BUSY) {
        err = query_selection_step(ask->selection);
        if (err == ERR_BUSY && turn_is_over(&turn, TURN_LOOK_BYTES))
            return false;
    }
    if (err == OK)
        return ask_run(exchange, ask, ret_handled);
    *ret_handled = err == ERR_LIMIT
                       ? answer_problem(exchange, 422, "too_many_points", NULL,
                                        "more points are concerned than one question may have: "
                                        "take a narrower pattern")
                       : answer_memory(exchange);
    return false;
}

struct bytes points_ask_block(struct points_ask *ask)
{
    return query_run_take(ask->run);
}

bool points_ask_is_over(struct exchange *exchange, struct points_ask *ask, bool *ret_failed)
{
    static const struct {
        unsigned status;
        const char *code;
    } ends[] = {[QUERY_TIME] = {503, "query_time"},
                [QUERY_MEMORY] = {503, "query_memory"},
                [QUERY_ZONE] = {422, "zone_unknown"},
                [QUERY_WRONG] = {422, "question_wrong"},
                [QUERY_FAILED] = {503, "question_failed"}};
    struct query_status status;
    query_run_status(ask->run, &status);
    *ret_failed = true;
    if (!who_is_same(exchange, &ask->who)) {
        who_has_changed(exchange);
        return false;
    }
    if (status.end != QUERY_RUNS && status.end != QUERY_DONE) {
        answer_problem(exchange, ends[status.end].status, ends[status.end].code, NULL, "%s",
                       status.fault);
        return false;
    }
    *ret_failed = false;
    return status.end == QUERY_DONE && status.ready == 0;
}

void points_ask_end(struct exchange *exchange, struct points_ask *ask)
{
    exchange->client->link->leaves = false;
    query_run_cancel(ask->run);
    query_selection_destroy(ask->selection);
    ask->run = NULL;
    ask->selection = NULL;
    who_end(exchange, &ask->who);
}
