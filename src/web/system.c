/* What the server says of itself: state, settings, refusals, clients, retained messages, and
 * whether it lives and takes writes. The control door says the same, out of the same functions. */
#include "web/seen.h"

#include "wire/mqtt/mqtt.h"

/* ---- state and settings --------------------------------------------------------------------- */
enum handled handle_state(struct exchange *exchange)
{
    return answer_jansson(exchange, 200, report_state(exchange->web->config.sources));
}

enum handled handle_settings(struct exchange *exchange)
{
    struct json_writer *json = &exchange->json;
    struct setting_view setting;
    json_put_object(json);
    json_put_name(json, "settings");
    json_put_array(json);
    for (size_t i = 0; settings_view(exchange->web->config.settings, i, &setting); i++) {
        json_put_object(json);
        json_member_text(json, "name", setting.name);
        json_member_text(json, "value", setting.value);
        json_member_text(json, "default", setting.initial);
        json_member_bool(json, "changed", setting.changed);
        json_member_text(json, "allowed", setting.allowed);
        json_member_bool(json, "reload", setting.reload);
        json_member_text(json, "meaning", setting.meaning);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_refused(struct exchange *exchange)
{
    return answer_jansson(exchange, 200,
                          report_refused(exchange->web->config.sources, exchange->tenant));
}

/* ---- clients and retained messages ---------------------------------------------------------- */
/* match, after and limit as they were asked; false: something is wrong and was answered. match
 * lives as long as the exchange: the scratch of its parameters holds it until another is read, so
 * it is read last. */
static bool list_read(struct exchange *exchange, const char *all, uint64_t after_most,
                      struct report_list *ret)
{
    uint64_t most = 100;
    *ret = (struct report_list){.match = bytes_text(all), .tenant = exchange->tenant};
    if (!query_count(exchange, "limit", 1, REPORT_MOST, &most) ||
        !query_count(exchange, "after", 0, after_most, &ret->after))
        return false;
    ret->most = (uint32_t)most;
    query_text(exchange, "match", &ret->match);
    return true;
}

enum handled handle_clients(struct exchange *exchange)
{
    struct report_list wanted;
    if (!list_read(exchange, "*", INT64_MAX, &wanted))
        return HANDLED;
    if (wanted.match.size == 0 || wanted.match.size > REPORT_GLOB_MAX)
        return answer_problem(exchange, 400, "parameter", "a parameter is wrong",
                              "match: 1 to %d bytes of a client id are wanted, * standing for any "
                              "characters and ? for one; %zu bytes were found",
                              REPORT_GLOB_MAX, wanted.match.size);
    return answer_jansson(exchange, 200, report_clients(exchange->web->config.sources, &wanted));
}

static bool retained_sees(void *arg, struct bytes topic)
{
    struct exchange *exchange = arg;
    return exchange_sees(exchange, exchange->tenant, topic);
}

enum handled handle_retained(struct exchange *exchange)
{
    struct report_list wanted;
    if (!list_read(exchange, "#", UINT32_MAX, &wanted))
        return HANDLED;
    if (!mqtt_filter_is_valid(wanted.match) || mqtt_filter_is_shared(wanted.match))
        return answer_problem(exchange, 400, "parameter", "a parameter is wrong",
                              "match: a topic filter is wanted, as plant/+/temp or plant/#, and "
                              "no shared one; \"%.*s\" was found",
                              (int)(wanted.match.size < 80 ? wanted.match.size : 80),
                              (const char *)wanted.match.at);
    if (exchange_sight(exchange, exchange->tenant, bytes_of("", 0)) != NAMESPACE_OPEN) {
        wanted.sees = retained_sees;
        wanted.arg = exchange;
    }
    return answer_jansson(exchange, 200, report_retained(exchange->web->config.sources, &wanted));
}

/* ---- does it live --------------------------------------------------------------------------- */
static enum handled health_answer(struct exchange *exchange, const char *status)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_member_text(json, "status", status);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_health(struct exchange *exchange)
{
    return health_answer(exchange, "alive");
}

enum handled handle_ready(struct exchange *exchange)
{
    struct journal_state journal;
    journal_describe(engine_journal(exchange->web->config.engine), &journal);
    if (exchange->web->stopping)
        return answer_problem(exchange, 503, "stopping", "the server stops",
                              "it takes nothing new any more; ask the one that follows it");
    if (journal.stopped)
        return answer_problem(exchange, 503, "stopped", "a write failed",
                              "nothing is taken until the disk answers again; the log says what "
                              "it answered");
    if (journal.disk_full)
        return answer_problem(exchange, 503, "disk_full", "the disk is full",
                              "samples and messages are refused until there is room in %s",
                              exchange->web->config.settings->data);
    return health_answer(exchange, "ready");
}
