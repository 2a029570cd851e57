/* Clients, sessions and retained messages as JSON, a bounded piece at a time: the loop's thread
 * answers, and a hundred thousand sessions must not stop it. A client that comes or goes between
 * two questions may be told twice or not at all; all others are told once. */
#include "report/room.h"

#include "topics/topics.h"

#include <stdlib.h>
#include <string.h>

#define CLIENT_JSON_BYTES 320   /* of a client without its id */
#define RETAINED_JSON_BYTES 120 /* of a message without topic and payload */

/* Bytes of a text between the quotes of a JSON string. */
static size_t text_json_bytes(struct bytes text)
{
    size_t bytes = text.size;
    for (size_t i = 0; i < text.size; i++)
        bytes += text.at[i] < 0x20 ? 5 : text.at[i] == '"' || text.at[i] == '\\';
    return bytes;
}

#define COUNT_UNKNOWN UINT64_MAX
/* {name: list, "next": next or null, "count": count}; takes list over, NULL when memory lacks. */
static json_t *list_json(const char *name, json_t *list, bool more, uint64_t next, uint64_t count)
{
    json_t *after = more ? json_integer((json_int_t)next) : json_null();
    json_t *all = count != COUNT_UNKNOWN ? json_integer((json_int_t)count) : json_null();
    return json_pack("{s:o,s:o,s:o}", name, list, "next", after, "count", all);
}

/* ---- clients
 * ------------------------------------------------------------------------------------- */
/* One star at a time is remembered: whatever an earlier one could have taken, the last one can take
 * as well. So it costs the product of the lengths at most, and mostly their sum. */
bool report_glob_matches(struct bytes text, struct bytes glob)
{
    size_t at = 0, in = 0, star = SIZE_MAX, star_at = 0;
    while (at < text.size) {
        if (in < glob.size && glob.at[in] == '*') {
            star = in++;
            star_at = at;
        } else if (in < glob.size && glob.at[in] == '?') {
            size_t step = bytes_utf8_step(text, at);
            at += step ? step : 1;
            in++;
        } else if (in < glob.size && glob.at[in] == text.at[at]) {
            at++;
            in++;
        } else if (star != SIZE_MAX) {
            size_t step = bytes_utf8_step(text, star_at);
            star_at += step ? step : 1;
            at = star_at;
            in = star + 1;
        } else {
            return false;
        }
    }
    while (in < glob.size && glob.at[in] == '*')
        in++;
    return in == glob.size;
}

static json_t *seconds_json(int64_t ns)
{
    return json_integer(ns > 0 ? ns / NS_PER_S : 0);
}

/* How long a session has been without its client; null while one is connected. */
static json_t *client_away(const struct report_sources *sources, const struct client_view *view)
{
    struct sessions *sessions = engine_sessions(sources->engine);
    struct session_view session;
    if (view->peer)
        return json_null();
    uint32_t number = sessions_find(sessions, view->tenant, view->id);
    if (number == SESSION_NONE || !sessions_view(sessions, number, &session) || session.connected)
        return json_integer(0); /* its CLOSE is on the way to the disk */
    return seconds_json(sources->clock->wall_ns(sources->clock) - session.closed_wall_ns);
}

static json_t *client_json(const struct report_sources *sources, const struct client_view *view)
{
    static const char *const versions[] = {[3] = "3.1", [4] = "3.1.1", [5] = "5"};
    bool known = view->version < ARRAY_COUNT(versions) && versions[view->version];
    bool endless = view->kept && view->expiry_s == UINT32_MAX;
    return json_pack(
        "{s:o,s:o,s:s,s:b,s:o,s:I,s:I,s:I,s:I,s:I,s:o,s:o}", "id", report_text(view->id), "peer",
        view->peer ? report_text(bytes_text(view->peer)) : json_null(), "version",
        known ? versions[view->version] : "", "kept", view->kept, "expiry_s",
        endless ? json_null() : json_integer(view->expiry_s), "subscriptions",
        (json_int_t)view->subscriptions, "queued", (json_int_t)view->queued, "queued_bytes",
        (json_int_t)view->queued_bytes, "in_flight", (json_int_t)view->in_flight, "dropped",
        (json_int_t)view->dropped, "connected_s",
        view->peer ? seconds_json(*sources->now_ns - view->connected_ns) : json_null(), "away_s",
        client_away(sources, view));
}

static bool is_of(uint32_t tenant, uint32_t wanted)
{
    return wanted == TENANT_ALL || tenant == wanted;
}

static uint64_t clients_count(const struct report_sources *sources, uint32_t tenant)
{
    struct broker_state state;
    struct sessions_counts counts;
    struct client_view view;
    uint64_t cursor = 0, count = 0, all;
    broker_describe(sources->broker, &state);
    sessions_describe(engine_sessions(sources->engine), &counts);
    all = state.clients + counts.sessions - counts.connected;
    if (tenant == TENANT_ALL)
        return all;
    if (all > REPORT_LOOKED)
        return COUNT_UNKNOWN;
    while (broker_client_next(sources->broker, &cursor, &view))
        count += view.tenant == tenant;
    return count;
}

json_t *report_clients(const struct report_sources *sources, const struct report_list *wanted)
{
    struct client_view view;
    uint64_t cursor = wanted->after, looked = 0;
    size_t bytes = 0;
    json_t *list = json_array();
    while (looked < REPORT_LOOKED && json_array_size(list) < wanted->most &&
           bytes < REPORT_ANSWER_MAX && broker_client_next(sources->broker, &cursor, &view)) {
        looked++;
        if (!is_of(view.tenant, wanted->tenant) || !report_glob_matches(view.id, wanted->match))
            continue;
        bytes += CLIENT_JSON_BYTES + text_json_bytes(view.id);
        json_t *client = client_json(sources, &view);
        if (wanted->tenant == TENANT_ALL)
            report_put(client, "tenant", view.tenant);
        if (json_array_append_new(list, client) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    uint64_t beyond = cursor;
    bool more = broker_client_next(sources->broker, &beyond, &view);
    return list_json("clients", list, more, cursor, clients_count(sources, wanted->tenant));
}

/* ---- retained messages
 * --------------------------------------------------------------------------- */
/* The text of a payload, or of its beginning; null when it is none. NUL is no text: our own reader
 * of JSON, like many, would refuse it. */
static json_t *payload_json(struct bytes payload)
{
    bool cut = payload.size > REPORT_PAYLOAD_SHOWN;
    struct bytes shown = bytes_of(payload.at, cut ? REPORT_PAYLOAD_SHOWN : payload.size);
    if (memchr(shown.at, 0, shown.size))
        return json_null();
    for (size_t less = 0; less <= (cut ? 3 : 0); less++) /* the cut may be within a character */
        if (bytes_are_utf8(bytes_of(shown.at, shown.size - less)))
            return json_stringn((const char *)shown.at, shown.size - less);
    return json_null();
}

static json_t *retained_json(const struct report_sources *sources, const struct message_view *view,
                             struct bytes topic, struct bytes payload)
{
    int64_t wall_ns = sources->clock->wall_ns(sources->clock);
    json_t *text = payload_json(payload);
    bool cut = json_is_string(text) && payload.size > REPORT_PAYLOAD_SHOWN;
    json_t *expires =
        view->expires_wall_ns == INT64_MAX
            ? json_null()
            : seconds_json(view->expires_wall_ns > wall_ns ? view->expires_wall_ns - wall_ns : 0);
    return json_pack("{s:o,s:i,s:I,s:o,s:o,s:b}", "topic", report_text(topic), "qos",
                     (int)view->qos, "bytes", (json_int_t)payload.size, "expires_s", expires,
                     "payload", text, "payload_cut", cut);
}

/* Room for one message after the other. */
struct retained_room {
    uint8_t *at;
    size_t capacity;
};

static bool retained_room_grow(struct retained_room *room, size_t size)
{
    if (size <= room->capacity)
        return true;
    uint8_t *at = realloc(room->at, size);
    if (!at)
        return false;
    *room = (struct retained_room){.at = at, .capacity = size};
    return true;
}

/* Appends the message if the filter matches its topic. false: no memory. */
static bool retained_look(const struct report_sources *sources, uint32_t message,
                          const struct report_list *wanted, struct retained_room *room,
                          json_t *list, size_t *bytes, size_t *copied)
{
    const struct sessions *sessions = engine_sessions(sources->engine);
    struct message_view view;
    sessions_message(sessions, message, &view);
    if (!is_of(view.tenant, wanted->tenant))
        return true;
    size_t size = view.topic_size + view.payload_size + view.properties_size;
    if (!retained_room_grow(room, size))
        return false;
    sessions_message_copy(sessions, message, room->at);
    *copied += size;
    struct bytes topic = bytes_of(room->at, view.topic_size);
    if (!topic_matches(topic, wanted->match) ||
        (wanted->sees != NULL && !wanted->sees(wanted->arg, topic)))
        return true;
    struct bytes payload = bytes_of(room->at + view.topic_size, view.payload_size);
    struct bytes shown = bytes_of(
        payload.at, payload.size < REPORT_PAYLOAD_SHOWN ? payload.size : REPORT_PAYLOAD_SHOWN);
    *bytes += RETAINED_JSON_BYTES + text_json_bytes(topic) + text_json_bytes(shown);
    json_t *message_json = retained_json(sources, &view, topic, payload);
    if (wanted->tenant == TENANT_ALL)
        report_put(message_json, "tenant", view.tenant);
    return json_array_append_new(list, message_json) == 0;
}

static uint64_t retained_count(const struct sessions *sessions, const struct report_list *wanted)
{
    struct sessions_counts counts;
    struct sessions_tenant own;
    if (wanted->sees != NULL)
        return COUNT_UNKNOWN;
    sessions_describe(sessions, &counts);
    sessions_tenant(sessions, wanted->tenant, &own);
    return wanted->tenant == TENANT_ALL ? counts.retained : own.retained;
}

json_t *report_retained(const struct report_sources *sources, const struct report_list *wanted)
{
    const struct sessions *sessions = engine_sessions(sources->engine);
    struct retained_room room = {.at = NULL};
    uint64_t slot = wanted->after, highest = sessions_retained_highest(sessions), looked = 0;
    size_t bytes = 0, copied = 0;
    bool whole = true;
    json_t *list = json_array();
    while (whole && slot < highest && looked < REPORT_LOOKED &&
           json_array_size(list) < wanted->most && bytes < REPORT_ANSWER_MAX &&
           copied < REPORT_COPIED_MAX) {
        slot++;
        looked++;
        uint32_t message = sessions_retained_at(sessions, (uint32_t)slot);
        if (message != MESSAGE_NONE)
            whole = retained_look(sources, message, wanted, &room, list, &bytes, &copied);
    }
    free(room.at);
    if (!whole) {
        json_decref(list);
        return NULL;
    }
    return list_json("retained", list, slot < highest, slot, retained_count(sessions, wanted));
}
