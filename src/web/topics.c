/* Topics seen lately and the points their readings are at; and what other settings would make of
 * them, for whoever sets up readings.match and readings.path. What was seen is the broker's. */
#include "web/seen.h"

#include "wire/mqtt/mqtt.h"

#include <string.h>

#define BODY_BYTES_MOST ((size_t)64 << 10)
#define BODY_VALUES_MOST 64

#define TOPICS_PAGE_MAX 200    /* of a page: each asks the tree */
#define TOPICS_POINTS_SHOWN 20 /* of a topic */
#define TOPICS_NODES 256       /* of the tree looked at for them */
#define TOPICS_JSON_MAX ((size_t)1 << 20)
#define TOPICS_TRIED_MAX 1000 /* listed by a dry run */

/* ---- the points of a topic ------------------------------------------------------------------ */
struct points_under {
    struct exchange *exchange;
    struct bytes path;
    size_t count;
};

static bool points_under_each(void *arg, uint32_t point)
{
    struct points_under *under = arg;
    uint8_t path[PATH_MAX_BYTES];
    size_t size = points_path(under->exchange->web->points, point, path);
    /* A '*' of the path itself was read as a wildcard. */
    if (size < under->path.size || memcmp(path, under->path.at, under->path.size) != 0)
        return true;
    if (!exchange_sees(under->exchange, under->exchange->tenant, bytes_of(path, size)))
        return true;
    json_put_string(&under->exchange->json, bytes_of(path, size));
    return ++under->count < TOPICS_POINTS_SHOWN;
}

/* "count": how many points are there, and "points": the paths of the first of them. */
static void points_under_put(struct exchange *exchange, struct bytes path)
{
    struct json_writer *json = &exchange->json;
    const struct namespace *space = exchange->web->config.space;
    struct points_under under = {.exchange = exchange, .path = path};
    struct namespace_node view = {.count = 0};
    struct namespace_search search;
    struct pattern pattern;
    uint8_t text[PATTERN_BYTES_MAX];
    uint32_t node = path.size > 0 ? namespace_find(space, exchange->tenant, path) : NAMESPACE_NONE;
    if (node != NAMESPACE_NONE)
        namespace_node(space, node, &view);
    if (node == NAMESPACE_NONE ||
        exchange_sight(exchange, exchange->tenant, path) == NAMESPACE_OPEN)
        json_member_count(json, "count", view.count);
    else
        json_member_null(json, "count");
    json_put_name(json, "points");
    json_put_array(json);
    if (node != NAMESPACE_NONE && path.size + 2 <= sizeof text) {
        memcpy(text, path.at, path.size);
        memcpy(text + path.size, "/#", 2);
        if (pattern_parse(bytes_of(text, path.size + 2), &pattern) == NULL &&
            namespace_search_begin(&search, exchange->tenant, &pattern, bytes_of(NULL, 0),
                                   bytes_of(NULL, 0)) == OK)
            namespace_search_step(space, &search, TOPICS_NODES, points_under_each, &under, NULL);
    }
    json_put_array_end(json);
}

/* ---- topics seen ---------------------------------------------------------------------------- */
static void topic_use_put(struct json_writer *json, const struct topic_view *view)
{
    json_member_bool(json, "reading", view->use == TOPIC_READING);
    json_member_text(json, "use", topic_use_word(view->use));
    if (view->path.size > 0)
        json_member_string(json, "path", view->path);
    else
        json_member_null(json, "path");
    if (view->why != NULL)
        json_member_text(json, "why", view->why);
    else
        json_member_null(json, "why");
}

static void topic_put(struct exchange *exchange, const struct topic_view *view)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_member_string(json, "topic", view->topic);
    json_member_count(json, "messages", view->messages);
    json_member_time(json, "last", view->last_wall_ns);
    topic_use_put(json, view);
    points_under_put(exchange, view->path);
    json_put_object_end(json);
}

static uint8_t folded(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

static bool topic_contains(struct bytes topic, struct bytes text)
{
    for (size_t at = 0; at + text.size <= topic.size; at++) {
        size_t same = 0;
        while (same < text.size && folded(topic.at[at + same]) == folded(text.at[same]))
            same++;
        if (same == text.size)
            return true;
    }
    return text.size == 0;
}

/* The settings that are in force, and the end of the answer. */
static enum handled topics_end(struct exchange *exchange)
{
    const struct settings *settings = exchange->web->config.settings;
    json_member_text(&exchange->json, "template", settings->readings_path);
    json_member_text(&exchange->json, "match", settings->readings_match);
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 200);
}

/* Topics of others are none to him; of his own tenant's he is shown those that he sees, as paths of
 * points, and those that are none ($...). */
static bool topic_is_seen(struct exchange *exchange, const struct topic_view *view)
{
    bool dollar = view->topic.size > 0 && view->topic.at[0] == '$';
    return view->tenant == exchange->tenant &&
           (dollar || exchange_sees(exchange, view->tenant, view->topic));
}

enum handled handle_topics(struct exchange *exchange)
{
    struct json_writer *json = &exchange->json;
    struct topic_view view;
    struct bytes contains = bytes_of(NULL, 0);
    uint64_t limit = 100, cursor = 0, listed = 0;
    if (!query_count(exchange, "limit", 1, 1000, &limit) ||
        !query_count(exchange, "after", 0, INT64_MAX, &cursor))
        return HANDLED;
    query_text(exchange, "contains", &contains);
    if (limit > TOPICS_PAGE_MAX)
        limit = TOPICS_PAGE_MAX;
    json_put_object(json);
    json_put_name(json, "topics");
    json_put_array(json);
    bool more = false;
    while (listed < limit && json->size < TOPICS_JSON_MAX &&
           (more = broker_topic_next(exchange->web->config.broker, &cursor, &view)))
        if (topic_is_seen(exchange, &view) && topic_contains(view.topic, contains)) {
            topic_put(exchange, &view);
            listed++;
        }
    json_put_array_end(json);
    if (more)
        json_member_count(json, "next", cursor);
    else
        json_member_null(json, "next");
    return topics_end(exchange);
}

/* ---- a dry run ------------------------------------------------------------------------------ */
struct trial {
    struct exchange *exchange;
    struct json_writer *json;
    bool changed; /* this turn lists what changes; the next one the rest */
    size_t listed, topics, changes, readings_now, readings_then;
};

static bool trial_changes(const struct topic_view *now, const struct topic_view *then)
{
    return (now->use == TOPIC_READING) != (then->use == TOPIC_READING) ||
           !bytes_equal(now->path, then->path);
}

static bool trial_each(void *arg, const struct topic_view *now, const struct topic_view *then)
{
    struct trial *trial = arg;
    if (!topic_is_seen(trial->exchange, now))
        return true;
    bool changes = trial_changes(now, then);
    if (trial->changed) {
        trial->topics++;
        trial->changes += changes;
        trial->readings_now += now->use == TOPIC_READING;
        trial->readings_then += then->use == TOPIC_READING;
    }
    if (changes != trial->changed || trial->listed >= TOPICS_TRIED_MAX ||
        trial->json->size >= TOPICS_JSON_MAX)
        return true;
    trial->listed++;
    json_put_object(trial->json);
    json_member_string(trial->json, "topic", now->topic);
    json_member_count(trial->json, "messages", now->messages);
    json_member_bool(trial->json, "changes", changes);
    json_put_name(trial->json, "now");
    json_put_object(trial->json);
    topic_use_put(trial->json, now);
    json_put_object_end(trial->json);
    json_put_name(trial->json, "then");
    json_put_object(trial->json);
    topic_use_put(trial->json, then);
    json_put_object_end(trial->json);
    json_put_object_end(trial->json);
    return true;
}

/* A text of the body, or NULL for what is in force; false: it is wrong and was answered. */
static bool trial_text(struct exchange *exchange, const json_t *wish, const char *name,
                       const char **ret_text)
{
    const json_t *value = json_object_get(wish, name);
    *ret_text = json_string_value(value);
    if (value == NULL || (json_is_string(value) && json_string_length(value) < 256))
        return true;
    answer_problem(exchange, 422, "settings_invalid", NULL,
                   "\"%s\": a text of at most 255 bytes is wanted", name);
    return false;
}

/* The broker takes any text for readings.match, and what is no filter matches nothing: who tries
 * one wants to know. */
static bool trial_match_is_valid(struct exchange *exchange, const char *match)
{
    while (match != NULL && *match != '\0') {
        struct bytes filter = bytes_of(match, strcspn(match, " "));
        if (filter.size > 0 && (!mqtt_filter_is_valid(filter) || mqtt_filter_is_shared(filter))) {
            answer_problem(exchange, 422, "settings_invalid", "this setting is not valid",
                           "readings.match: topic filters separated by spaces are wanted, as "
                           "plant/# site/+/temp; \"%.*s\" is none",
                           (int)(filter.size < 80 ? filter.size : 80), match);
            return false;
        }
        match += filter.size + (match[filter.size] == ' ');
    }
    return true;
}

static enum handled trial_run(struct exchange *exchange, const char *match, const char *template)
{
    struct broker *broker = exchange->web->config.broker;
    struct json_writer *json = &exchange->json;
    struct trial trial = {.exchange = exchange, .json = json, .changed = true};
    char fault[SETTINGS_FAULT_SIZE] = "";
    json_put_object(json);
    json_put_name(json, "topics");
    json_put_array(json);
    enum err err = broker_topics_dry_run(broker, match, template, trial_each, &trial, fault);
    trial.changed = false;
    if (err == OK)
        err = broker_topics_dry_run(broker, match, template, trial_each, &trial, fault);
    json_put_array_end(json);
    if (err == ERR_INVALID) {
        json_writer_clear(json);
        return answer_problem(exchange, 422, "settings_invalid", "this setting is not valid", "%s",
                              fault);
    }
    if (err != OK)
        return answer_problem(exchange, 503, "memory", NULL, "%s: ask again", err_text(err));
    json_member_count(json, "count", trial.topics);
    json_member_count(json, "changes", trial.changes);
    json_member_count(json, "readings_now", trial.readings_now);
    json_member_count(json, "readings_then", trial.readings_then);
    return topics_end(exchange);
}

enum handled handle_topics_dry_run(struct exchange *exchange)
{
    const char *match, *template;
    json_t *wish = body_json_within(exchange, BODY_BYTES_MOST, BODY_VALUES_MOST);
    enum handled handled = HANDLED;
    if (wish == NULL)
        return HANDLED;
    size_t known = (json_object_get(wish, "match") != NULL) +
                   (size_t)(json_object_get(wish, "template") != NULL);
    if (!json_is_object(wish) || known != json_object_size(wish))
        handled = answer_problem(exchange, 422, "settings_invalid", NULL,
                                 "an object with \"match\" and \"template\" is wanted, each a text "
                                 "or left out, and no other member");
    else if (trial_text(exchange, wish, "match", &match) &&
             trial_text(exchange, wish, "template", &template) &&
             trial_match_is_valid(exchange, match))
        handled = trial_run(exchange, match, template);
    json_decref(wish);
    return handled;
}
