/* What a viewer makes of the server's messages (docs/http.md, "Live"). A member that is missing, or
 * of another type, is what an older or newer server may send: it reads as nothing. */
#include "client/live_client_room.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell(struct live_client *client, enum live_client_event event,
                 struct live_client_point *point, uint64_t number)
{
    client->config.told(client->config.arg, event, point, number);
}

static enum err take_text(char **text, const char *taken)
{
    if (taken == NULL || strcmp(*text, taken) == 0)
        return OK;
    char *copy = strdup(taken);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    free(*text);
    *text = copy;
    return OK;
}

static const char *member_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static bool point_number(const json_t *number, uint32_t *ret_point)
{
    json_int_t point = json_integer_value(number);
    if (!json_is_integer(number) || point < 0 || point > UINT32_MAX)
        return false;
    *ret_point = (uint32_t)point;
    return true;
}

/* ---- values
 * -------------------------------------------------------------------------------------- */

/* Takes value, quality, time and limit state; *ret_new: does any differ from what was known? A
 * delta tells its time in ms, so finer differences are none. */
static enum err take_value(struct live_client_point *point, json_t *value, const char *quality,
                           int64_t time_ns, const char *limit_state, bool *ret_new)
{
    *ret_new = point->time_ns / NS_PER_MS != time_ns / NS_PER_MS ||
               strcmp(point->quality, quality) != 0 ||
               strcmp(point->limit_state, limit_state) != 0 || !json_equal(point->value, value);
    point->time_ns = time_ns;
    if (!*ret_new)
        return OK;
    json_incref(value);
    json_decref(point->value);
    point->value = value;
    enum err err = take_text(&point->quality, quality);
    return err != OK ? err : take_text(&point->limit_state, limit_state);
}

/* In a list of points: RFC 3339. In a delta: ms since 1970, with a fraction where there is one. */
static int64_t time_of(const json_t *time)
{
    int64_t time_ns = 0;
    if (json_is_string(time))
        return time_parse(bytes_of(json_string_value(time), json_string_length(time)), &time_ns)
                   ? time_ns
                   : 0;
    if (json_is_integer(time)) {
        json_int_t ms = json_integer_value(time);
        return ms > 0 && ms < TIME_MAX_NS / NS_PER_MS ? ms * NS_PER_MS : 0;
    }
    double ms = json_real_value(time);
    return ms > 0 && ms < (double)(TIME_MAX_NS / NS_PER_MS) ? (int64_t)(ms * 1000.0 + 0.5) * 1000
                                                            : 0;
}

/* [point, value, time] and then quality and limit state, where they are worth a word. */
static enum err take_delta_value(struct live_client *client, const json_t *one)
{
    uint32_t number;
    bool is_new;
    json_t *value = json_array_get(one, 1);
    if (value == NULL || !point_number(json_array_get(one, 0), &number))
        return ERR_CORRUPT;
    struct live_client_point *point = live_client_table_find(&client->table, number);
    if (point == NULL)
        return OK; /* of a subscription that ended, or a point that was removed meanwhile */
    const char *quality = json_string_value(json_array_get(one, 3));
    const char *limit_state = json_string_value(json_array_get(one, 4));
    enum err err = take_value(point, value, quality != NULL ? quality : "good",
                              time_of(json_array_get(one, 2)),
                              limit_state != NULL ? limit_state : "", &is_new);
    if (err == OK)
        tell(client, LIVE_CLIENT_VALUE, point, 0);
    return err;
}

static enum err take_delta(struct live_client *client, const json_t *message)
{
    const json_t *values = json_object_get(message, "values");
    json_int_t skipped = json_integer_value(json_object_get(message, "skipped"));
    if (!json_is_array(values))
        return ERR_CORRUPT;
    for (size_t i = 0; i < json_array_size(values); i++) {
        enum err err = take_delta_value(client, json_array_get(values, i));
        if (err != OK)
            return err;
    }
    if (skipped > 0)
        tell(client, LIVE_CLIENT_SKIPPED, NULL, (uint64_t)skipped);
    return OK;
}

/* ---- points
 * -------------------------------------------------------------------------------------- */

static enum err take_about(struct live_client_point *point, const json_t *told, bool *ret_new)
{
    const char *path = member_text(told, "path"), *type = member_text(told, "type"),
               *unit = member_text(told, "unit");
    *ret_new = strcmp(point->path, path) != 0 || strcmp(point->type, type) != 0 ||
               strcmp(point->unit, unit) != 0;
    enum err err = take_text(&point->path, path);
    if (err == OK)
        err = take_text(&point->type, type);
    return err != OK ? err : take_text(&point->unit, unit);
}

/* event: what it means when the point was not known. */
static enum err take_point(struct live_client *client, const json_t *told,
                           enum live_client_event event)
{
    uint32_t number;
    if (!point_number(json_object_get(told, "point"), &number))
        return ERR_CORRUPT;
    struct live_client_point *point = live_client_table_find(&client->table, number);
    bool known = point != NULL, other = false, is_new = false;
    if (!known)
        point = live_client_table_add(&client->table, number);
    if (point == NULL)
        return ERR_NO_MEMORY;
    json_t *value = json_object_get(told, "value");
    const char *limit_state = member_text(told, "limit_state");
    enum err err = take_about(point, told, &other);
    if (err == OK)
        err = take_value(point, value != NULL ? value : json_null(), member_text(told, "quality"),
                         time_of(json_object_get(told, "time")),
                         strcmp(limit_state, "none") == 0 ? "" : limit_state, &is_new);
    point->generation = client->generation;
    if (err != OK)
        return err;
    if (other && known)
        client->table.sorted_count = SIZE_MAX;
    if (!known || (other && event == LIVE_CLIENT_CHANGED))
        tell(client, event, point, 0);
    else if (other)
        tell(client, LIVE_CLIENT_CHANGED, point, 0);
    if (known && is_new)
        tell(client, LIVE_CLIENT_VALUE, point, 0);
    return OK;
}

static enum err take_points(struct live_client *client, const json_t *message,
                            enum live_client_event event)
{
    const json_t *points = json_object_get(message, "points");
    if (!json_is_array(points))
        return ERR_CORRUPT;
    for (size_t i = 0; i < json_array_size(points); i++) {
        enum err err = take_point(client, json_array_get(points, i), event);
        if (err != OK)
            return err;
    }
    return OK;
}

static void remove_point(struct live_client *client, struct live_client_point *point)
{
    tell(client, LIVE_CLIENT_REMOVED, point, 0);
    live_client_table_remove(&client->table, point);
}

static enum err take_removed(struct live_client *client, const json_t *message)
{
    const json_t *points = json_object_get(message, "points");
    for (size_t i = 0; i < json_array_size(points); i++) {
        uint32_t number;
        struct live_client_point *point = NULL;
        if (point_number(json_array_get(points, i), &number))
            point = live_client_table_find(&client->table, number);
        if (point != NULL)
            remove_point(client, point);
    }
    return OK;
}

/* After a snapshot that was asked anew: what it did not show is gone. */
static void remove_older(struct live_client *client)
{
    for (size_t i = 0; i < client->table.bucket_count; i++) {
        struct live_client_point *next;
        for (struct live_client_point *one = client->table.buckets[i]; one != NULL; one = next) {
            next = one->next;
            if (one->generation != client->generation)
                remove_point(client, one);
        }
    }
}

static enum err take_snapshot(struct live_client *client, const json_t *message)
{
    enum err err =
        take_points(client, message, client->ready ? LIVE_CLIENT_ADDED : LIVE_CLIENT_SHOWN);
    if (err != OK || !json_is_true(json_object_get(message, "last")))
        return err;
    remove_older(client);
    if (!client->ready)
        tell(client, LIVE_CLIENT_READY, NULL, client->table.count);
    client->ready = true;
    return OK;
}

static enum err take_added(struct live_client *client, const json_t *message)
{
    return take_points(client, message, LIVE_CLIENT_ADDED);
}

static enum err take_changed(struct live_client *client, const json_t *message)
{
    return take_points(client, message, LIVE_CLIENT_CHANGED);
}

/* ---- the session
 * --------------------------------------------------------------------------------- */

static enum err take_hello(struct live_client *client, const json_t *message)
{
    const char *session = member_text(message, "session");
    if (session[0] == 0 || strlen(session) >= sizeof client->greeted)
        return ERR_CORRUPT;
    strcpy(client->greeted, session);
    if (!client->resuming) {
        strcpy(client->session, session);
        client->seq = 0;
    }
    return OK;
}

static enum err take_resumed(struct live_client *client, const json_t *message)
{
    (void)message;
    client->resuming = false;
    tell(client, LIVE_CLIENT_RESUMED, NULL, 0);
    return OK;
}

static enum err take_gone(struct live_client *client, const json_t *message)
{
    (void)message;
    client->resuming = false;
    strcpy(client->session, client->greeted);
    client->seq = 0;
    client->generation++;
    client->wants_subscription = true;
    tell(client, LIVE_CLIENT_RENEWED, NULL, 0);
    return OK;
}

static enum err take_error(struct live_client *client, const json_t *message)
{
    const char *detail = member_text(message, "detail");
    snprintf(client->config.said, LIVE_CLIENT_SAID_SIZE, "%s",
             detail[0] != 0 ? detail : member_text(message, "code"));
    return ERR_REFUSED;
}

enum err live_client_take(struct live_client *client, const json_t *message)
{
    static const struct {
        const char *op;
        enum err (*take)(struct live_client *client, const json_t *message);
    } ops[] = {
        {"delta", take_delta},     {"snapshot", take_snapshot}, {"added", take_added},
        {"removed", take_removed}, {"changed", take_changed},   {"hello", take_hello},
        {"resumed", take_resumed}, {"gone", take_gone},         {"error", take_error},
    };
    const char *op = json_string_value(json_object_get(message, "op"));
    if (op == NULL)
        return ERR_CORRUPT;
    for (size_t i = 0; i < ARRAY_COUNT(ops); i++) {
        if (strcmp(op, ops[i].op) != 0)
            continue;
        enum err err = ops[i].take(client, message);
        const json_t *seq = json_object_get(message, "seq");
        if (err == OK && json_is_integer(seq) && ops[i].take != take_hello)
            client->seq = json_integer_value(seq);
        return err;
    }
    return OK; /* of a newer server */
}
