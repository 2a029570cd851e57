/* The web as a whole: its life, its steps, and what it hears from the engine. */
#include "web/exchange.h"
#include "openid/openid.h"
#include "standing/standing.h"
#include "web/people_erase.h"
#include "web/points.h"
#include "web/seen.h"
#include "web/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTERED_A_STEP 500   /* points put into the namespace in one step: some 0.3 ms */
#define STANDING_A_STEP 500  /* alarms counted by branch in one step: some 0.3 ms */
#define RESUMED_NS NS_PER_MS /* how long exchanges go on in one step, each a piece */

/* ---- life ----------------------------------------------------------------------------------- */
/* Once, for it may have to ask for the addresses of a name. */
static void web_look_at_doors(struct web *web)
{
    const struct settings *settings = web->config.settings;
    const char *const clear[] = {settings->mqtt, settings->http};
    const char *const tls[] = {settings->mqtts, settings->https};
    for (size_t i = 0; i < ARRAY_COUNT(clear); i++)
        if (clear[i][0] != '\0' && !os_address_is_loopback(clear[i]))
            web->open_clear = true;
    for (size_t i = 0; i < ARRAY_COUNT(tls); i++)
        if (tls[i][0] != '\0' && !os_address_is_loopback(tls[i]))
            web->open_tls = true;
}

enum err web_create(const struct web_config *config, struct web **ret_web)
{
    struct web *web = calloc(1, sizeof *web);
    if (web == NULL)
        return ERR_NO_MEMORY;
    web->config = *config;
    web->points = engine_points(config->engine);
    struct link *lists[] = {&web->clients,      &web->spare,        &web->waiting_ticket,
                            &web->waiting_step, &web->waiting_full, &web->waiting_outcome,
                            &web->waiting_ask};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        link_init(lists[i]);
    web->refused_index = calloc(1, sizeof *web->refused_index);
    if (web->refused_index == NULL || payload_decoder_create(&web->decoder) != OK ||
        tenant_eraser_create(web) != OK || standing_create(config->engine, &web->standing) != OK) {
        web_destroy(web);
        return ERR_NO_MEMORY;
    }
    if (gethostname(web->machine, sizeof web->machine - 1) != 0)
        web->machine[0] = '\0';
    if (config->settings != NULL)
        web_look_at_doors(web);
    *ret_web = web;
    return OK;
}

void web_destroy(struct web *web)
{
    if (web == NULL)
        return;
    check(link_is_alone(&web->clients));
    while (!link_is_alone(&web->spare))
        client_destroy(LINK_OWNER(web->spare.next, struct web_client, all));
    payload_decoder_destroy(web->decoder);
    write_spares_destroy(web);
    web_senders_destroy(web);
    standing_destroy(web->standing);
    free(web->refused_index);
    free(web->eraser);
    free(web->openid_told);
    free(web->openapi);
    free(web->slots);
    free(web->slots_free);
    free(web);
}

void web_now(struct web *web, int64_t boot_ns)
{
    web->now_ns = boot_ns;
}

enum err web_settings_check(const struct settings *settings, char *fault)
{
    struct influx_template path_template;
    const char *why =
        influx_template_parse(bytes_text(settings->readings_lines_path), &path_template);
    if (why == NULL)
        return OK;
    snprintf(fault, SETTINGS_FAULT_SIZE, "readings.lines_path = %s: %s",
             settings->readings_lines_path, why);
    return ERR_INVALID;
}

/* ---- what the engine tells ------------------------------------------------------------------ */
void web_outcome(struct web *web, uint64_t tag, const struct outcome *outcome)
{
    uint32_t generation = (uint32_t)(tag >> 40) & EXCHANGE_GENERATIONS;
    uint32_t slot = (uint32_t)(tag >> 20) & (EXCHANGE_SLOTS_MAX - 1);
    if (slot == ERASER_SLOT) {
        tenant_eraser_outcome(web, outcome);
        return;
    }
    struct web_client *client = client_find(web, slot, generation);
    if (client == NULL || client->exchange.outcome == NULL)
        return; /* who asked is gone: the outcome stands all the same */
    struct exchange *exchange = &client->exchange;
    bool waits = exchange->wait == HANDLED_OUTCOME;
    enum handled handled =
        exchange->outcome(exchange, (uint32_t)tag & (EXCHANGE_INDEX_MAX - 1), outcome);
    if (waits)
        exchange_turned(exchange, handled);
}

void web_point_changed(struct web *web, uint32_t point)
{
    namespace_point_changed(web->config.space, point);
    live_point_changed(web->config.live, point);
}

static void lost_in(struct link *list, bool all)
{
    struct link waiting;
    link_init(&waiting);
    link_move_all(&waiting, list);
    while (!link_is_alone(&waiting)) {
        struct exchange *exchange = LINK_OWNER(waiting.next, struct exchange, link);
        link_take(&exchange->link);
        if (all || exchange->ticket != 0)
            exchange_lost(exchange);
        else
            link_put(list, &exchange->link);
    }
}

void web_lost(struct web *web)
{
    lost_in(&web->waiting_ticket, true);
    lost_in(&web->waiting_outcome, true);
    lost_in(&web->waiting_full, false); /* what it gave before it had to wait is lost as well */
    lost_in(&web->waiting_step, false);
    tenant_eraser_lost(web);
}

/* ---- the step ------------------------------------------------------------------------------- */
static void step_tickets(struct web *web)
{
    uint64_t durable = engine_durable_ticket(web->config.engine);
    while (!link_is_alone(&web->waiting_ticket)) {
        struct exchange *exchange = LINK_OWNER(web->waiting_ticket.next, struct exchange, link);
        if (exchange->ticket > durable)
            return;
        exchange_resume(exchange);
    }
}

/* Each that stands on the list now, once, until time is up: true when some were not asked. */
static bool step_list(struct web *web, struct link *list)
{
    struct clock *clock = web->config.clock;
    struct link now;
    if (link_is_alone(list))
        return false;
    link_init(&now);
    link_move_all(&now, list);
    int64_t until_ns = clock->boot_ns(clock) + RESUMED_NS;
    do
        exchange_resume(LINK_OWNER(now.next, struct exchange, link));
    while (!link_is_alone(&now) && clock->boot_ns(clock) < until_ns);
    bool more = !link_is_alone(&now);
    link_move_all(&now, list); /* those that wait again come behind those not asked yet */
    link_move_all(list, &now);
    return more;
}

static void step_entered(void *arg, uint32_t point)
{
    live_point_entered(arg, point);
}

/* What was asked is told, and the index of documents goes on by a piece. */
static bool step_documents(struct web *web)
{
    if (web->config.documents == NULL)
        return false;
    (void)documents_poll(web->config.documents);
    return documents_step(web->config.documents, engine_library(web->config.engine));
}

int64_t web_step(struct web *web)
{
    step_tickets(web);
    if (web->config.queries != NULL)
        (void)query_pool_poll(web->config.queries);
    if (web->config.openid != NULL)
        openid_step(web->config.openid);
    int64_t sql_ns = web->config.sql != NULL ? sql_step(web->config.sql) : INT64_MAX;
    /* The engine has stepped: it may have room, or not yet. */
    bool more = step_list(web, &web->waiting_full);
    more = step_documents(web) || more;
    more = step_list(web, &web->waiting_step) || more || !link_is_alone(&web->waiting_step);
    more = tenant_eraser_step(web) || more;
    more = !standing_catch_up(web->standing, STANDING_A_STEP) || more;
    bool entered =
        namespace_catch_up(web->config.space, ENTERED_A_STEP, step_entered, web->config.live);
    int64_t live_ns = live_step(web->config.live, web->now_ns);
    return more || !entered ? 0 : live_ns < sql_ns ? live_ns : sql_ns;
}

/* ---- the end -------------------------------------------------------------------------------- */
bool web_is_idle(const struct web *web)
{
    return link_is_alone(&web->waiting_ticket) && link_is_alone(&web->waiting_outcome) &&
           link_is_alone(&web->waiting_full) && link_is_alone(&web->waiting_step) &&
           link_is_alone(&web->waiting_ask);
}

void web_stop(struct web *web)
{
    web->stopping = true;
    if (web->config.sql != NULL)
        sql_stop(web->config.sql);
    struct link *at = web->clients.next;
    while (at != &web->clients) {
        struct web_client *client = LINK_OWNER(at, struct web_client, all);
        at = at->next;
        client->last = true;
        if (client->viewer != NULL || client->state == CLIENT_SOCKET)
            viewer_stop(client);
    }
}

const struct web_counters *web_counters(const struct web *web)
{
    return &web->counters;
}
