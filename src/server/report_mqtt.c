/* Clients, sessions and retained messages as JSON, a bounded piece at a time: the loop's thread
 * answers, and a hundred thousand sessions must not stop it. A client that comes or goes between
 * two questions may be told twice or not at all; all others are told once. */
#include "server/control.h"

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

/* {name: list, "next": next or null, "count": count}; takes list over, NULL when memory lacks. */
static json_t *list_json(const char *name, json_t *list, bool more, uint64_t next, uint64_t count)
{
    json_t *after = more ? json_integer((json_int_t)next) : json_null();
    return json_pack("{s:o,s:o,s:I}", name, list, "next", after, "count", (json_int_t)count);
}

/* ---- clients
 * ------------------------------------------------------------------------------------- */
/* One star at a time is remembered: whatever an earlier one could have taken, the last one can take
 * as well. So it costs the product of the lengths at most, and mostly their sum. */
bool control_glob_matches(struct bytes text, struct bytes glob)
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
static json_t *client_away(const struct server *server, const struct client_view *view)
{
    struct sessions *sessions = engine_sessions(server->engine);
    struct session_view session;
    if (view->peer)
        return json_null();
    uint32_t number = sessions_find(sessions, TENANT_DEFAULT, view->id);
    if (number == SESSION_NONE || !sessions_view(sessions, number, &session) || session.connected)
        return json_integer(0); /* its CLOSE is on the way to the disk */
    return seconds_json(server->clock->wall_ns(server->clock) - session.closed_wall_ns);
}

static json_t *client_json(const struct server *server, const struct client_view *view)
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
        view->peer ? seconds_json(server->now_ns - view->connected_ns) : json_null(), "away_s",
        client_away(server, view));
}

json_t *report_clients(struct server *server, const struct control_list *wanted)
{
    struct client_view view;
    struct broker_state state;
    struct sessions_counts counts;
    uint64_t cursor = wanted->after, looked = 0;
    size_t bytes = 0;
    json_t *list = json_array();
    while (looked < CONTROL_LOOKED && json_array_size(list) < wanted->most &&
           bytes < CONTROL_ANSWER_MAX && broker_client_next(server->broker, &cursor, &view)) {
        looked++;
        if (!control_glob_matches(view.id, wanted->match))
            continue;
        bytes += CLIENT_JSON_BYTES + text_json_bytes(view.id);
        if (json_array_append_new(list, client_json(server, &view)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    uint64_t beyond = cursor;
    bool more = broker_client_next(server->broker, &beyond, &view);
    broker_describe(server->broker, &state);
    sessions_describe(engine_sessions(server->engine), &counts);
    return list_json("clients", list, more, cursor,
                     state.clients + counts.sessions - counts.connected);
}

/* ---- retained messages
 * --------------------------------------------------------------------------- */
/* The text of a payload, or of its beginning; null when it is none. NUL is no text: our own reader
 * of JSON, like many, would refuse it. */
static json_t *payload_json(struct bytes payload)
{
    bool cut = payload.size > CONTROL_PAYLOAD_SHOWN;
    struct bytes shown = bytes_of(payload.at, cut ? CONTROL_PAYLOAD_SHOWN : payload.size);
    if (memchr(shown.at, 0, shown.size))
        return json_null();
    for (size_t less = 0; less <= (cut ? 3 : 0); less++) /* the cut may be within a character */
        if (bytes_are_utf8(bytes_of(shown.at, shown.size - less)))
            return json_stringn((const char *)shown.at, shown.size - less);
    return json_null();
}

static json_t *retained_json(const struct server *server, const struct message_view *view,
                             struct bytes topic, struct bytes payload)
{
    int64_t wall_ns = server->clock->wall_ns(server->clock);
    json_t *text = payload_json(payload);
    bool cut = json_is_string(text) && payload.size > CONTROL_PAYLOAD_SHOWN;
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
static bool retained_look(const struct server *server, uint32_t message,
                          const struct control_list *wanted, struct retained_room *room,
                          json_t *list, size_t *bytes, size_t *copied)
{
    const struct sessions *sessions = engine_sessions(server->engine);
    struct message_view view;
    sessions_message(sessions, message, &view);
    size_t size = view.topic_size + view.payload_size + view.properties_size;
    if (!retained_room_grow(room, size))
        return false;
    sessions_message_copy(sessions, message, room->at);
    *copied += size;
    struct bytes topic = bytes_of(room->at, view.topic_size);
    if (!topic_matches(topic, wanted->match))
        return true;
    struct bytes payload = bytes_of(room->at + view.topic_size, view.payload_size);
    struct bytes shown = bytes_of(
        payload.at, payload.size < CONTROL_PAYLOAD_SHOWN ? payload.size : CONTROL_PAYLOAD_SHOWN);
    *bytes += RETAINED_JSON_BYTES + text_json_bytes(topic) + text_json_bytes(shown);
    return json_array_append_new(list, retained_json(server, &view, topic, payload)) == 0;
}

json_t *report_retained(struct server *server, const struct control_list *wanted)
{
    const struct sessions *sessions = engine_sessions(server->engine);
    struct sessions_counts counts;
    struct retained_room room = {.at = NULL};
    uint64_t slot = wanted->after, highest = sessions_retained_highest(sessions), looked = 0;
    size_t bytes = 0, copied = 0;
    bool whole = true;
    json_t *list = json_array();
    while (whole && slot < highest && looked < CONTROL_LOOKED &&
           json_array_size(list) < wanted->most && bytes < CONTROL_ANSWER_MAX &&
           copied < CONTROL_COPIED_MAX) {
        slot++;
        looked++;
        uint32_t message = sessions_retained_at(sessions, (uint32_t)slot);
        if (message != MESSAGE_NONE)
            whole = retained_look(server, message, wanted, &room, list, &bytes, &copied);
    }
    free(room.at);
    if (!whole) {
        json_decref(list);
        return NULL;
    }
    sessions_describe(sessions, &counts);
    return list_json("retained", list, slot < highest, slot, counts.retained);
}
