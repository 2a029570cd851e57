/* Rules: listed, one whole, and which of them stand on a point. */
#include "web/alarms.h"

#include <math.h>
#include <string.h>

#define STANDING_MAX 256 /* of one point */

static const char *const on_words[] = {[RULE_ON_POINT] = "point",
                                       [RULE_ON_PATTERN] = "pattern",
                                       [RULE_ON_TYPE] = "type",
                                       [RULE_ON_NOTHING] = "nothing"};
static const char *const direction_words[] = {[0] = "either",
                                              [ALARM_RISING] = "rising",
                                              [ALARM_FALLING] = "falling",
                                              [ALARM_EITHER] = "either"};

unsigned rule_kind_parse(struct bytes word)
{
    unsigned kind = 0;
    while (kind < RULE_KINDS && !bytes_equal(word, bytes_text(rule_kind_word(kind))))
        kind++;
    return kind;
}

enum handled answer_no_rule(struct exchange *exchange, struct bytes name)
{
    return answer_problem(exchange, 404, "unknown_rule", "no such rule",
                          "no rule is called \"%.*s\"; GET /v1/rules lists them", detail_size(name),
                          (const char *)name.at);
}

bool rule_seen(struct exchange *exchange, const struct rule_view *view)
{
    const struct rule_plan *plan = &view->plan;
    if (view->tenant != exchange->tenant)
        return false;
    switch (plan->on) {
    case RULE_ON_PATTERN:
        return pattern_reach(exchange, RIGHT_SEE, view->tenant, plan->path) != REACH_NONE;
    case RULE_ON_TYPE:
        return types_seen(exchange);
    default:
        return plan->path.size > 0 ? exchange_sees(exchange, view->tenant, plan->path)
                                   : tenant_seen_whole(exchange, view->tenant);
    }
}

uint32_t rule_named(struct exchange *exchange, struct bytes name)
{
    struct rule_view view;
    uint32_t rule = alarms_rule_find(alarms_of(exchange), exchange->tenant, name);
    return rule != 0 && alarms_rule(alarms_of(exchange), rule, &view) && rule_seen(exchange, &view)
               ? rule
               : 0;
}

/* ---- one as an object --------------------------------------------------------------------------
 */
static void kind_put(struct exchange *exchange, const struct rule_plan *plan, bool open)
{
    struct json_writer *json = &exchange->json;
    json_put_name(json, "limit");
    json_put_real(json, plan->has_limit ? plan->limit : NAN);
    json_member_real(json, "deadband", plan->deadband);
    put_span(json, "span", plan->span_ns);
    json_member_text(json, "direction",
                     direction_words[plan->direction <= ALARM_EITHER ? plan->direction : 0]);
    put_text(json, "reference", open ? plan->reference : bytes_of("", 0));
    json_put_name(json, "states");
    json_put_array(json);
    for (unsigned i = 0; i < plan->state_count; i++)
        json_put_real(json, plan->states[i]);
    json_put_array_end(json);
    put_text(json, "condition", open ? plan->condition : bytes_of("", 0));
}

/* Of all points that it stands on: null where he sees a part of these. On how many its reference is
 * no use says something of that as well: for who sees it (open). */
static void counts_put(struct exchange *exchange, const struct rule_view *view, bool open)
{
    struct json_writer *json = &exchange->json;
    const struct rule_plan *plan = &view->plan;
    bool all = plan->on != RULE_ON_TYPE;
    if (plan->on == RULE_ON_PATTERN)
        all = pattern_reach(exchange, RIGHT_SEE, view->tenant, plan->path) == REACH_ALL;
    all = all || tenant_seen_whole(exchange, view->tenant);
    const struct {
        const char *name;
        uint64_t count;
        bool told;
    } counts[] = {{"points", view->points, all},
                  {"alarms", view->alarms, all},
                  {"unjudged", view->blind, all && open},
                  {"too_late", view->too_late, all}};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        if (counts[i].told)
            json_member_count(json, counts[i].name, counts[i].count);
        else
            json_member_null(json, counts[i].name);
    }
}

void rule_put(struct exchange *exchange, const struct rule_view *view)
{
    struct json_writer *json = &exchange->json;
    const struct rule_plan *plan = &view->plan;
    bool open = rule_is_open(exchange, view);
    json_member_string(json, "name", plan->name);
    put_text(json, "title", plan->title);
    json_member_bool(json, "enabled", plan->enabled);
    json_member_text(json, "kind", rule_kind_word(plan->kind));
    json_member_text(json, "on", on_words[plan->on <= RULE_ON_NOTHING ? plan->on : 0]);
    put_text(json, "path", plan->path);
    put_type_name(exchange, "type", plan->on == RULE_ON_TYPE ? plan->type : TYPE_NONE);
    put_text(json, "metric", plan->metric);
    json_member_count(json, "priority", plan->priority);
    kind_put(exchange, plan, open);
    put_span(json, "on_delay", plan->on_delay_ns);
    put_span(json, "off_delay", plan->off_delay_ns);
    json_member_bool(json, "latch", plan->latch);
    json_member_bool(json, "acknowledge", plan->needs_acknowledge);
    put_span(json, "realarm", plan->realarm_ns);
    json_member_count(json, "chatter", plan->chatter);
    put_text(json, "cause", plan->cause);
    put_text(json, "consequence", plan->consequence);
    put_text(json, "response", plan->response);
    put_text(json, "group", plan->group);
    counts_put(exchange, view, open);
    json_member_time(json, "changed", view->wall_ns);
    put_text(json, "author", view->author);
    json_member_count(json, "position", view->position);
}

enum handled handle_rule(struct exchange *exchange)
{
    struct rule_view view;
    uint32_t rule = rule_named(exchange, exchange->arg);
    if (rule == 0 || !alarms_rule(alarms_of(exchange), rule, &view))
        return answer_no_rule(exchange, exchange->arg);
    json_put_object(&exchange->json);
    rule_put(exchange, &view);
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 200);
}

/* ---- list --------------------------------------------------------------------------------------
 */
struct rules_list {
    uint64_t limit, last, found;
    bool by_type;
    uint32_t type;
    size_t contains_size;
    uint8_t contains[CONTAINS_MAX];
};

static enum handled rules_end(struct exchange *exchange, uint64_t next)
{
    json_put_array_end(&exchange->json);
    put_next(&exchange->json, next);
    json_member_count(&exchange->json, "walk_left", alarms_walk_left(alarms_of(exchange)));
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 200);
}

static bool rules_want(struct exchange *exchange, const struct rules_list *list,
                       const struct rule_view *view)
{
    struct bytes part = bytes_of(list->contains, list->contains_size);
    return view->tenant == exchange->tenant &&
           (!list->by_type || (view->plan.on == RULE_ON_TYPE && view->plan.type == list->type)) &&
           (part.size == 0 || people_contains(view->plan.name, part) ||
            people_contains(view->plan.title, part) || people_contains(view->plan.path, part)) &&
           rule_seen(exchange, view);
}

static enum handled rules_step(struct exchange *exchange)
{
    struct rules_list *list = exchange->state;
    const struct alarms *alarms = alarms_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct rule_view view;
    while (list->last < alarms_rules(alarms)) {
        if (list->found == list->limit || exchange->json.size >= ANSWER_BYTES)
            return rules_end(exchange, list->last);
        if (alarms_rule(alarms, (uint32_t)++list->last, &view) &&
            rules_want(exchange, list, &view)) {
            json_put_object(&exchange->json);
            rule_put(exchange, &view);
            json_put_object_end(&exchange->json);
            list->found++;
        }
        if (turn_is_over(&turn, 1024))
            return HANDLED_STEP;
    }
    return rules_end(exchange, 0);
}

/* Those that stand on a point, each with what it lost to right before it. */
static enum handled rules_standing(struct exchange *exchange, uint32_t point)
{
    struct json_writer *json = &exchange->json;
    const struct alarms *alarms = alarms_of(exchange);
    struct rule_standing standing[STANDING_MAX];
    struct rule_view view;
    size_t count = alarms_rules_of(alarms, point, true, standing, STANDING_MAX);
    for (size_t i = 0; i < count; i++) {
        if (!alarms_rule(alarms, standing[i].rule, &view) || view.tenant != exchange->tenant)
            continue;
        json_put_object(json);
        rule_put(exchange, &view);
        json_member_bool(json, "wins", standing[i].wins);
        json_member_text(json, "why", on_words[view.plan.on <= RULE_ON_NOTHING ? view.plan.on : 0]);
        json_put_object_end(json);
    }
    return rules_end(exchange, 0);
}

enum handled handle_rules(struct exchange *exchange)
{
    struct rules_list *list = exchange_keep(exchange, sizeof *list);
    uint32_t point = POINT_NONE;
    struct bytes text;
    if (list == NULL)
        return HANDLED;
    list->limit = 100;
    if (!query_count(exchange, "limit", 1, 1000, &list->limit) ||
        !query_after(exchange, &list->last) ||
        !people_query_contains(exchange, list->contains, &list->contains_size))
        return HANDLED;
    if (query_text(exchange, "path", &text) && !query_point(exchange, "path", &point))
        return HANDLED;
    list->by_type = query_text(exchange, "type", &text);
    list->type = list->by_type ? asset_type_of(exchange, text) : TYPE_NONE;
    exchange->resume = rules_step;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "rules");
    json_put_array(&exchange->json);
    return point != POINT_NONE ? rules_standing(exchange, point) : rules_step(exchange);
}
