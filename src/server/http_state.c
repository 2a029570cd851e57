/* What the state says of HTTP and its viewers: report, who tells the rest, knows of neither. */
#include "server/room.h"

#include <jansson.h>

static void put(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, json_integer((json_int_t)number));
}

static json_t *server_http_json(const struct server *server)
{
    static const char *const causes[WEB_CAUSES] = {
        [WEB_CAUSE_DONE] = "done", [WEB_CAUSE_GONE] = "gone",   [WEB_CAUSE_SILENT] = "silent",
        [WEB_CAUSE_SLOW] = "slow", [WEB_CAUSE_FAULT] = "fault", [WEB_CAUSE_MEMORY] = "memory",
        [WEB_CAUSE_STOP] = "stop"};
    static const char *const classes[] = {NULL, "1xx", "2xx", "3xx", "4xx", "5xx"};
    const struct door *door = &server->doors[DOOR_HTTP];
    const struct web_counters *web = web_counters(server->web);
    json_t *object = json_object(), *answers = json_object(), *closed = json_object();
    json_object_set_new(object, "address", json_string(server->listeners[LISTENER_HTTP].address));
    put(object, "connections", door->connections);
    put(object, "connections_max", door->connections_max);
    put(object, "accepted", door->counters.accepted);
    put(object, "turned_away", door->counters.turned_away);
    put(object, "requests", web->requests);
    for (size_t i = 1; i < ARRAY_COUNT(classes); i++)
        put(answers, classes[i], web->answers[i]);
    json_object_set_new(object, "answers", answers);
    put(object, "faults", web->faults);
    put(object, "samples", web->samples);
    put(object, "commands", web->commands);
    put(object, "bytes_in", door->counters.bytes_in);
    put(object, "bytes_out", door->counters.bytes_out);
    for (size_t i = 0; i < WEB_CAUSES; i++)
        put(closed, causes[i], web->closed[i]);
    json_object_set_new(object, "closed", closed);
    return object;
}

static json_t *server_live_json(const struct live_counters *live)
{
    json_t *object = json_object();
    put(object, "viewers", live->viewers);
    put(object, "viewers_away", live->viewers_away);
    put(object, "subscriptions", live->subscriptions);
    put(object, "points", live->points);
    put(object, "messages", live->messages);
    put(object, "values", live->values);
    put(object, "skipped", live->skipped);
    put(object, "returned", live->returned);
    put(object, "expired", live->expired);
    return object;
}

void server_add_http(void *arg, json_t *state)
{
    const struct server *server = arg;
    struct live_counters live;
    json_t *memory = json_object_get(state, "memory");
    live_describe(server->live, &live);
    json_object_set_new(state, "http", server_http_json(server));
    json_object_set_new(state, "live", server_live_json(&live));
    json_object_set_new(state, "tls", keeper_json(server));
    put(memory, "http", server->http_memory.used);
    put(memory, "namespace", namespace_memory(server->space));
    put(memory, "live", live.memory);
}
