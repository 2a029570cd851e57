/* Points: one by its path, and lists of those that match.
 *
 * The question for one point is the commonest of all, so its answer is written straight into the
 * exchange's JSON: nothing is allocated, nothing is looked at but the point. What it costs beside
 * that is its refusals: they lie in the engine's list by topic, newest first, and a point's are
 * those whose topic is its path or a branch above it. An index by topic says in a few steps that
 * there are none, which is what it nearly always says. */
#include "web/assets.h"
#include "web/points.h"
#include "web/seen.h"

#include <math.h>
#include <string.h>

/* ---- refusals of a point -------------------------------------------------------------------- */
#define REFUSED_SHOWN 16u /* the newest of a point */
_Static_assert(REFUSED_SLOTS >= 2 * REFUSED_MAX, "the index of refusals never fills");

static struct bytes refused_topic(const struct refused *refused)
{
    return bytes_of(refused->topic, refused->topic_size);
}

static uint64_t topic_hash(uint32_t tenant, struct bytes topic)
{
    return hash64(topic.at, topic.size, tenant);
}

static uint64_t refused_hash(const struct refused *refused)
{
    return topic_hash(refused->tenant, refused_topic(refused));
}

static void refused_index_make(struct refused_index *index, const struct engine *engine)
{
    memset(index->places, 0, sizeof index->places);
    for (size_t i = 0; i < index->count; i++) {
        uint64_t hash = refused_hash(engine_refused_at(engine, i));
        size_t at = hash % REFUSED_SLOTS;
        while (index->places[at] != 0)
            at = (at + 1) % REFUSED_SLOTS;
        index->hashes[at] = (uint32_t)(hash >> 32);
        index->places[at] = (uint16_t)(i + 1);
    }
}

/* NULL: nothing was ever refused. */
static const struct refused_index *refused_index_of(struct web *web)
{
    struct refused_index *index = web->refused_index;
    const struct engine *engine = web->config.engine;
    size_t count = engine_refused_count(engine);
    if (count == 0)
        return NULL;
    const struct refused *newest = engine_refused_at(engine, 0);
    uint64_t hash = refused_hash(newest);
    if (LIKELY(index->newest == newest && index->count == count && index->newest_hash == hash &&
               index->newest_first_wall_ns == newest->first_wall_ns))
        return index;
    index->newest = newest;
    index->count = count;
    index->newest_hash = hash;
    index->newest_first_wall_ns = newest->first_wall_ns;
    refused_index_make(index, engine);
    return index;
}

struct refused_found {
    size_t count;
    uint16_t places[REFUSED_SHOWN]; /* in the list: ascending, so newest first */
};

static void refused_found_put(struct refused_found *found, uint16_t place)
{
    size_t at = found->count;
    while (at > 0 && found->places[at - 1] > place)
        at--;
    if (at == REFUSED_SHOWN)
        return;
    if (found->count < REFUSED_SHOWN)
        found->count++;
    memmove(found->places + at + 1, found->places + at,
            (found->count - at - 1) * sizeof found->places[0]);
    found->places[at] = place;
}

static void refused_find_topic(const struct refused_index *index, const struct engine *engine,
                               uint32_t tenant, struct bytes topic, struct refused_found *found)
{
    uint64_t hash = topic_hash(tenant, topic);
    for (size_t at = hash % REFUSED_SLOTS; index->places[at] != 0; at = (at + 1) % REFUSED_SLOTS)
        if (index->hashes[at] == (uint32_t)(hash >> 32)) {
            uint16_t place = (uint16_t)(index->places[at] - 1);
            const struct refused *refused = engine_refused_at(engine, place);
            if (refused->tenant == tenant && bytes_equal(refused_topic(refused), topic))
                refused_found_put(found, place);
        }
}

/* The list cuts topics, so a long one is known by its beginning. */
static void refused_find(struct web *web, uint32_t tenant, struct bytes path,
                         struct refused_found *ret_found)
{
    const struct engine *engine = web->config.engine;
    const struct refused_index *index = refused_index_of(web);
    ret_found->count = 0;
    for (size_t end = 1; index != NULL && end <= path.size; end++) {
        if (end < path.size && end < REFUSED_TOPIC_BYTES && path.at[end] != '/')
            continue;
        refused_find_topic(index, engine, tenant, bytes_of(path.at, end), ret_found);
        if (end == REFUSED_TOPIC_BYTES)
            return;
    }
}

static void refused_put(struct json_writer *json, const struct refused *refused)
{
    json_put_object(json);
    json_member_string(json, "topic", refused_topic(refused));
    json_member_text(json, "reason", admit_name(refused->admit));
    json_member_text(json, "text",
                     refused->fault != PAYLOAD_OK ? payload_fault_text(refused->fault)
                                                  : admit_text(refused->admit));
    if (refused->fault != PAYLOAD_OK)
        json_member_text(json, "fault", payload_fault_name(refused->fault));
    json_member_count(json, "count", refused->count);
    json_member_time(json, "first", refused->first_wall_ns);
    json_member_time(json, "last", refused->last_wall_ns);
    json_put_object_end(json);
}

/* ---- a point -------------------------------------------------------------------------------- */
static const char *const limit_states[] = {
    [LIMIT_STATE_NONE] = "none", [LIMIT_STATE_LOW_LOW] = "low_low",
    [LIMIT_STATE_LOW] = "low",   [LIMIT_STATE_NORMAL] = "normal",
    [LIMIT_STATE_HIGH] = "high", [LIMIT_STATE_HIGH_HIGH] = "high_high"};

static const char *word_of(const char *word)
{
    return word != NULL ? word : "unknown";
}

static void point_put_settings(struct json_writer *json, const struct point_view *view)
{
    static const char *const kinds[LIMIT_KINDS] = {[LIMIT_LOW_LOW] = "low_low",
                                                   [LIMIT_LOW] = "low",
                                                   [LIMIT_HIGH] = "high",
                                                   [LIMIT_HIGH_HIGH] = "high_high"};
    json_member_string(json, "description", view->description);
    json_put_name(json, "labels");
    json_put_object(json);
    for (size_t i = 0; i < view->label_count; i++) {
        json_put_name_bytes(json, view->labels[i].name);
        json_put_string(json, view->labels[i].value);
    }
    json_put_object_end(json);
    json_put_name(json, "limits");
    json_put_object(json);
    for (size_t i = 0; i < LIMIT_KINDS; i++)
        if (!isnan(view->limits[i]))
            json_member_real(json, kinds[i], view->limits[i]);
    json_put_object_end(json);
}

static void point_put_refused(struct json_writer *json, struct web *web, uint32_t tenant,
                              struct bytes path)
{
    struct refused_found found;
    refused_find(web, tenant, path, &found);
    json_put_name(json, "refused");
    json_put_array(json);
    for (size_t i = 0; i < found.count; i++)
        refused_put(json, engine_refused_at(web->config.engine, found.places[i]));
    json_put_array_end(json);
}

void point_put(struct exchange *exchange, uint32_t point, bool whole)
{
    struct json_writer *json = &exchange->json;
    struct web *web = exchange->web;
    struct point_view view;
    uint8_t text[PATH_MAX_BYTES];
    points_view(web->points, point, &view);
    struct bytes path = bytes_of(text, points_path(web->points, point, text));
    json_put_object(json);
    path_put(exchange, json, "path", view.tenant, path);
    json_member_count(json, "point", point);
    json_member_text(json, "type", word_of(value_type_name(view.value.type)));
    json_put_name(json, "value");
    json_put_value(json, &view.value);
    json_member_text(json, "quality", word_of(quality_name(view.value.quality)));
    json_member_time(json, "time", view.time_ns);
    json_member_time(json, "arrival", view.arrival_ns);
    json_member_string(json, "unit", view.unit);
    json_member_text(json, "limit_state", limit_states[view.limit_state]);
    if (whole) {
        point_put_settings(json, &view);
        put_limits_in_force(exchange, point);
        point_put_refused(json, web, view.tenant, path);
    }
    json_put_object_end(json);
}

/* ---- one point ------------------------------------------------------------------------------ */
#define NEAR_SHOWN 3

/* The branch the path would lie in, as far as there is one: its path and node. */
static struct bytes branch_above(const struct namespace *space, uint32_t tenant, struct bytes path,
                                 uint32_t *ret_node)
{
    size_t size = path.size;
    while (size > 0) {
        while (size > 0 && path.at[size - 1] != '/')
            size--;
        size -= size > 0; /* the slash */
        *ret_node = namespace_find(space, tenant, bytes_of(path.at, size));
        if (*ret_node != NAMESPACE_NONE)
            return bytes_of(path.at, size);
    }
    *ret_node = namespace_root(space, tenant);
    return bytes_of(path.at, 0);
}

/* Names in that branch, those that follow the missing one in order first. */
static size_t names_near(const struct namespace *space, uint32_t branch, struct bytes missing,
                         uint32_t *nodes)
{
    size_t count = missing.size <= PATH_SEGMENT_MAX
                       ? namespace_children(space, branch, missing, nodes, NEAR_SHOWN)
                       : 0;
    return count > 0 ? count
                     : namespace_children(space, branch, bytes_of("", 0), nodes, NEAR_SHOWN);
}

/* What is near is told to whoever sees all of the tenant: others must not learn from it what is
 * there, and get the same for what is not there and for what they may not see. */
static enum handled answer_unknown_point(struct exchange *exchange, uint32_t tenant,
                                         struct bytes path)
{
    const struct namespace *space = exchange->web->config.space;
    struct bytes names[NEAR_SHOWN] = {{0}};
    if (exchange_sight(exchange, tenant, bytes_of("", 0)) != NAMESPACE_OPEN)
        return answer_hidden(exchange);
    uint32_t node = namespace_find(space, tenant, path), nodes[NEAR_SHOWN];
    if (node != NAMESPACE_NONE)
        return answer_problem(exchange, 404, "unknown_point", "no such point",
                              "\"%.*s\" is a branch and no point; GET /v1/tree?path= lists what is "
                              "in it, GET /v1/points?match= the points",
                              detail_size(path), (const char *)path.at);
    struct bytes branch = branch_above(space, tenant, path, &node);
    size_t from = branch.size > 0 ? branch.size + 1 : 0, to = from;
    while (to < path.size && path.at[to] != '/')
        to++;
    size_t count = names_near(space, node, bytes_of(path.at + from, to - from), nodes);
    for (size_t i = 0; i < count; i++) {
        struct namespace_node near;
        namespace_node(space, nodes[i], &near);
        names[i] = near.name;
    }
    if (count == 0)
        return answer_problem(exchange, 404, "unknown_point", "no such point",
                              "no point has the path \"%.*s\", and there are no others; points "
                              "come to be with POST /v1/points, or with their first sample",
                              detail_size(path), (const char *)path.at);
    return answer_problem(
        exchange, 404, "unknown_point", "no such point",
        "no point has the path \"%.*s\"; below \"%.*s\" there are \"%.*s\"%s%.*s%s%.*s%s; "
        "GET /v1/tree lists a branch, GET /v1/points?contains= searches",
        detail_size(path), (const char *)path.at, detail_size(branch), (const char *)branch.at,
        (int)names[0].size, (const char *)names[0].at, count > 1 ? ", \"" : "", (int)names[1].size,
        (const char *)names[1].at, count > 2 ? "\", \"" : "", (int)names[2].size,
        (const char *)names[2].at, count > 1 ? "\"" : "");
}

enum handled handle_point_get(struct exchange *exchange)
{
    uint32_t tenant;
    struct bytes path;
    if (!exchange_place(exchange, exchange->arg, &tenant, &path))
        return answer_hidden(exchange);
    uint32_t point = points_find(exchange->web->points, tenant, path);
    if (point == POINT_NONE || !exchange_sees(exchange, tenant, path))
        return answer_unknown_point(exchange, tenant, path);
    point_put(exchange, point, true);
    return answer_json(exchange, 200);
}

/* ---- lists ---------------------------------------------------------------------------------- */
#define LIST_NODES 256 /* looked at in one piece of a turn */
#define LIST_LOOKED_MAX ((size_t)2000000)
#define LIST_BYTES ((size_t)1 << 20) /* a page that has grown to this ends */
#define LIST_LABELS_MAX 8
#define LABEL_FILTER_MAX (2 * LABEL_BYTES_MAX + 1) /* name:value */

struct points_list {
    struct namespace_search search;
    bool partly;         /* each point is judged */
    uint64_t generation; /* of his rights, when that was found */
    uint8_t label_text[LIST_LABELS_MAX][LABEL_FILTER_MAX];
    struct bytes labels[LIST_LABELS_MAX];
    size_t label_count;
    bool by_type, by_quality, by_state;
    uint8_t type, quality; /* quality: its two top bits */
    uint8_t state;
    bool whole;
    uint64_t limit, found;
    size_t looked;
};

/* A name may hold a colon itself: the text is compared with name, ':' and value in one piece. */
static bool label_matches(const struct label *label, struct bytes wanted)
{
    size_t name = label->name.size;
    if (wanted.size < name || memcmp(wanted.at, label->name.at, name) != 0)
        return false;
    return wanted.size == name ||
           (wanted.at[name] == ':' &&
            bytes_equal(bytes_of(wanted.at + name + 1, wanted.size - name - 1), label->value));
}

static bool list_wants_labels(const struct points_list *list, const struct point_view *view)
{
    for (size_t i = 0; i < list->label_count; i++) {
        size_t j = 0;
        while (j < view->label_count && !label_matches(&view->labels[j], list->labels[i]))
            j++;
        if (j == view->label_count)
            return false;
    }
    return true;
}

static bool list_wants(const struct points_list *list, const struct web *web, uint32_t point)
{
    struct point_view view;
    if (list->by_type && points_type(web->points, point) != list->type)
        return false;
    if (!list->by_quality && !list->by_state && list->label_count == 0)
        return true;
    points_view(web->points, point, &view);
    return (!list->by_quality || (view.value.quality & 0xC0) == list->quality) &&
           (!list->by_state || view.limit_state == list->state) && list_wants_labels(list, &view);
}

static bool list_is_full(const struct exchange *exchange)
{
    const struct points_list *list = exchange->state;
    return list->found == list->limit || exchange->json.size >= LIST_BYTES ||
           json_writer_failed(&exchange->json);
}

static enum namespace_sight list_judge(void *arg, struct bytes branch)
{
    struct exchange *exchange = arg;
    const struct points_list *list = exchange->state;
    return exchange_sight(exchange, list->search.tenant, branch);
}

static bool list_sees(struct exchange *exchange, uint32_t point)
{
    const struct points_list *list = exchange->state;
    uint8_t path[PATH_MAX_BYTES];
    size_t size = points_path(exchange->web->points, point, path);
    return exchange_sees(exchange, list->search.tenant, bytes_of(path, size));
}

static bool list_each(void *arg, uint32_t point)
{
    struct exchange *exchange = arg;
    struct points_list *list = exchange->state;
    if ((list->partly && !list_sees(exchange, point)) || !list_wants(list, exchange->web, point))
        return true;
    point_put(exchange, point, list->whole);
    list->found++;
    return !list_is_full(exchange);
}

double points_entered(const struct web *web)
{
    uint32_t count = points_count(web->points), entered = namespace_entered(web->config.space);
    return entered >= count ? 1 : floor((double)entered / count * 1000) / 1000;
}

static enum handled list_answer(struct exchange *exchange)
{
    struct points_list *list = exchange->state;
    struct json_writer *json = &exchange->json;
    json_put_array_end(json);
    if (list->search.over)
        json_member_null(json, "next");
    else
        json_member_string(json, "next", bytes_of(list->search.place, list->search.place_size));
    json_member_real(json, "entered", points_entered(exchange->web));
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

/* The place where a page ends is told, so it must be one that he sees: who sees a part only gets
 * pages that end with a point of his. The branches he does not see cost nothing. */
static bool list_has_looked(const struct points_list *list)
{
    return list->looked >= LIST_LOOKED_MAX && !list->partly;
}

/* How much of what it matches he sees; again when his rights changed meanwhile. */
static void list_judge_reach(struct exchange *exchange)
{
    struct points_list *list = exchange->state;
    enum access_reach reach =
        exchange_reach(exchange, RIGHT_SEE, list->search.tenant, &list->search.pattern);
    list->generation = exchange_generation(exchange);
    list->search.over = list->search.over || reach == REACH_NONE; /* as if nothing matched */
    list->partly = reach == REACH_SOME;
    list->search.judge = list->partly ? list_judge : NULL;
}

static enum handled list_step(struct exchange *exchange)
{
    struct web *web = exchange->web;
    struct points_list *list = exchange->state;
    struct turn turn = turn_begin(web);
    if (list->generation != exchange_generation(exchange))
        list_judge_reach(exchange);
    do {
        bool more = namespace_search_step(web->config.space, &list->search, LIST_NODES, list_each,
                                          exchange, &list->looked);
        if (!more || list_is_full(exchange) || list_has_looked(list))
            return list_answer(exchange);
    } while (!turn_is_over(&turn, TURN_LOOK_BYTES));
    return HANDLED_STEP;
}

void answer_parameter(struct exchange *exchange, const char *name, const char *wanted,
                      struct bytes found)
{
    answer_problem(exchange, 400, "parameter", "a parameter is wrong",
                   "%s: %s is wanted, and \"%.*s\" was found", name, wanted, detail_size(found),
                   (const char *)found.at);
}

static bool wrong_parameter(struct exchange *exchange, const char *name, const char *wanted,
                            struct bytes found)
{
    answer_parameter(exchange, name, wanted, found);
    return false;
}

static bool list_read_words(struct exchange *exchange, struct points_list *list)
{
    static const char *const qualities[] = {"good", "uncertain", "bad"};
    struct bytes text;
    if (query_text(exchange, "type", &text)) {
        list->by_type = value_type_parse(text, &list->type);
        if (!list->by_type)
            return wrong_parameter(exchange, "type", "float64, int64, bool or string", text);
    }
    if (query_text(exchange, "quality", &text)) {
        for (uint8_t i = 0; i < ARRAY_COUNT(qualities); i++)
            if (bytes_equal(text, bytes_text(qualities[i]))) {
                list->by_quality = true;
                list->quality = (uint8_t)(i << 6);
            }
        if (!list->by_quality)
            return wrong_parameter(exchange, "quality", "good, uncertain or bad", text);
    }
    if (query_text(exchange, "state", &text)) {
        for (uint8_t i = 0; i < ARRAY_COUNT(limit_states); i++)
            if (bytes_equal(text, bytes_text(limit_states[i]))) {
                list->by_state = true;
                list->state = i;
            }
        if (!list->by_state)
            return wrong_parameter(exchange, "state",
                                   "none, low_low, low, normal, high or high_high", text);
    }
    return true;
}

static bool list_read_labels(struct exchange *exchange, struct points_list *list)
{
    struct bytes text;
    for (uint32_t i = 0; query_text_at(exchange, "label", i, &text); i++) {
        if (i == LIST_LABELS_MAX)
            return wrong_parameter(exchange, "label", "at most eight times", text);
        if (text.size == 0 || text.size > LABEL_FILTER_MAX)
            return wrong_parameter(exchange, "label",
                                   "a name of 1 to 128 bytes, or name:value with a value of up to "
                                   "128,",
                                   text);
        memcpy(list->label_text[i], text.at, text.size);
        list->labels[i] = bytes_of(list->label_text[i], text.size);
        list->label_count++;
    }
    return true;
}

static bool list_read_search(struct exchange *exchange, struct points_list *list)
{
    struct pattern pattern;
    uint8_t contains_text[sizeof list->search.contains];
    struct bytes text, contains = bytes_of("", 0), after = bytes_of("", 0);
    uint32_t tenant = exchange->tenant;
    if (!query_text(exchange, "match", &text))
        text = bytes_text("#");
    struct bytes match = text;
    bool known = exchange_place(exchange, text, &tenant, &match);
    const char *fault = pattern_parse(known ? match : bytes_text("#"), &pattern);
    if (fault != NULL) {
        answer_problem(exchange, 400, "pattern", "the pattern is wrong",
                       "match: \"%.*s\" is no pattern of paths: %s", detail_size(text),
                       (const char *)text.at, fault);
        return false;
    }
    if (query_text(exchange, "contains", &text)) {
        if (text.size > sizeof contains_text)
            return wrong_parameter(exchange, "contains", "a text of at most 128 bytes", text);
        if (text.size > 0)
            memcpy(contains_text, text.at, text.size);
        contains = bytes_of(contains_text, text.size);
    }
    (void)query_text(exchange, "after", &after);
    enum err err = namespace_search_begin(&list->search, tenant, &pattern, contains, after);
    if (err != OK)
        return wrong_parameter(exchange, "after", "`next` of the page before", after);
    list->search.over = !known;
    list_judge_reach(exchange);
    return true;
}

static bool list_read(struct exchange *exchange, struct points_list *list)
{
    list->limit = 100;
    return query_count(exchange, "limit", 1, 1000, &list->limit) &&
           query_flag(exchange, "whole", &list->whole) && list_read_words(exchange, list) &&
           list_read_labels(exchange, list) && list_read_search(exchange, list);
}

enum handled handle_points_list(struct exchange *exchange)
{
    struct points_list *list = exchange_keep(exchange, sizeof *list);
    if (list == NULL)
        return HANDLED;
    exchange->resume = list_step;
    if (!list_read(exchange, list))
        return HANDLED;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "points");
    json_put_array(&exchange->json);
    return list_step(exchange);
}
