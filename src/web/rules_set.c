/* Rules are set and removed: a body becomes the form of a command, judged here word by word, so
 * that whoever writes one is told what is wrong and where. */
#include "web/alarms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULE_SPAN_MAX (INT64_C(366) * 86400 * NS_PER_S)

/* ---- the body ----------------------------------------------------------------------------------
 */
static const char *const on_words[] = {"point", "pattern", "type", "nothing"};
static const uint8_t on_kinds[] = {RULE_ON_POINT, RULE_ON_PATTERN, RULE_ON_TYPE, RULE_ON_NOTHING};

static void text_read(struct wish *wish, const char *name, size_t most, uint8_t tag,
                      struct form_writer *form)
{
    struct bytes text;
    if (wish_text(wish, name, 0, most, &text) && text.size > 0)
        form_put_text(form, tag, text);
}

static void flag_read(struct wish *wish, const char *name, bool turned, uint8_t tag,
                      struct form_writer *form)
{
    bool flag;
    if (wish_flag(wish, name, &flag))
        form_put_integer(form, tag, flag != turned);
}

static void span_read(struct wish *wish, const char *name, uint8_t tag, struct form_writer *form)
{
    int64_t span_ns = 0;
    if (wish_span(wish, name, RULE_SPAN_MAX, &span_ns))
        form_put_integer(form, tag, span_ns);
}

static void kind_read(struct wish *wish, struct form_writer *form)
{
    struct bytes word;
    unsigned kind = RULE_KINDS;
    if (wish_text(wish, "kind", 1, 32, &word))
        kind = rule_kind_parse(word);
    if (kind == RULE_KINDS)
        wish_fault(wish, "kind",
                   "high_high, high, low, low_low, rate, deviation, state, stale, expression or "
                   "channel");
    else
        form_put_integer(form, RULE_TAG_KIND, (int64_t)kind);
}

/* Where nobody said it: a type where there is one, a pattern where the path has wildcards. */
static uint8_t on_guess(const struct wish *wish, struct bytes path)
{
    struct pattern pattern;
    if (json_is_string(json_object_get(wish->json, "type")))
        return RULE_ON_TYPE;
    if (path.size == 0)
        return RULE_ON_NOTHING;
    return pattern_parse(path, &pattern) == NULL && !pattern.exact ? RULE_ON_PATTERN
                                                                   : RULE_ON_POINT;
}

/* False: it was answered. */
static bool on_read(struct exchange *exchange, struct wish *wish, struct form_writer *form)
{
    struct bytes path = bytes_of("", 0), name;
    uint8_t word = 0, on;
    bool has_path = wish_text(wish, "path", 0, PATTERN_BYTES_MAX, &path);
    if (wish_word(wish, "on", on_words, ARRAY_COUNT(on_words), &word))
        on = on_kinds[word];
    else
        on = on_guess(wish, path);
    form_put_integer(form, RULE_TAG_ON, on);
    if (has_path && path.size > 0 && on != RULE_ON_TYPE)
        form_put_text(form, RULE_TAG_PATH, path);
    if (on == RULE_ON_TYPE) {
        bool named = wish_text(wish, "type", 1, ASSET_NAME_MAX, &name);
        uint32_t type = named ? asset_type_of(exchange, name) : TYPE_NONE;
        if (!named)
            wish_fault(wish, "type", "the name of a type (GET /v1/types lists them)");
        else if (type == TYPE_NONE && !wish->wrong)
            answer_no_type(exchange, name);
        form_put_integer(form, RULE_TAG_TYPE, type);
        text_read(wish, "metric", 256, RULE_TAG_METRIC, form);
    }
    return !exchange->answered;
}

static void states_read(struct wish *wish, struct form_writer *form)
{
    json_t *states = json_object_get(wish->json, "states"), *state;
    size_t i;
    if (states == NULL || json_is_null(states))
        return;
    if (!json_is_array(states) || json_array_size(states) > RULE_STATES_MAX)
        wish_fault(wish, "states", "a list of at most 16 numbers");
    json_array_foreach(states, i, state)
    {
        if (json_is_number(state))
            form_put_real(form, RULE_TAG_STATE, json_number_value(state));
        else if (json_is_boolean(state))
            form_put_real(form, RULE_TAG_STATE, json_is_true(state));
        else
            wish_fault(wish, "states", "a list of at most 16 numbers");
    }
}

static void numbers_read(struct wish *wish, struct form_writer *form)
{
    static const char *const directions[] = {"rising", "falling", "either"};
    static const uint8_t meanings[] = {ALARM_RISING, ALARM_FALLING, ALARM_EITHER};
    double real;
    int64_t priority, chatter;
    uint8_t direction;
    if (wish_real(wish, "limit", &real))
        form_put_real(form, RULE_TAG_LIMIT, real);
    if (wish_real(wish, "deadband", &real))
        form_put_real(form, RULE_TAG_DEADBAND, real);
    if (wish_integer(wish, "priority", 1, ALARM_PRIORITIES, &priority))
        form_put_integer(form, RULE_TAG_PRIORITY, priority);
    if (wish_integer(wish, "chatter", 0, RULE_CHATTER_MAX, &chatter))
        form_put_integer(form, RULE_TAG_CHATTER, chatter);
    if (wish_word(wish, "direction", directions, ARRAY_COUNT(directions), &direction))
        form_put_integer(form, RULE_TAG_DIRECTION, meanings[direction]);
    states_read(wish, form);
}

/* 422 with the place of the fault in the text, as a member "fault". */
static void answer_condition(struct exchange *exchange, const struct condition_fault *fault)
{
    char place[160];
    uint8_t text[4096];
    size_t size = 0;
    int used =
        snprintf(place, sizeof place, "{\"code\":\"%s\",\"offset\":%u,\"line\":%u,\"column\":%u}",
                 condition_fault_name(fault->code), fault->offset, fault->line, fault->column);
    const struct http_member members[] = {
        {.name = "code", .kind = HTTP_MEMBER_TEXT, .text = bytes_text("condition")},
        {.name = "fault", .kind = HTTP_MEMBER_JSON, .text = bytes_of(place, (size_t)used)}};
    const struct http_problem problem = {.status = 422,
                                         .type = "/docs#condition",
                                         .title = "the condition cannot be read",
                                         .detail = bytes_text(fault->sentence),
                                         .members = members,
                                         .member_count = ARRAY_COUNT(members)};
    if (http_problem_put(text, sizeof text, &problem, &size) == OK)
        answer_content(exchange, 422, HTTP_PROBLEM_MEDIA, bytes_of(text, size));
    else
        answer_problem(exchange, 422, "condition", NULL, "the condition cannot be read");
}

/* False: it was answered. */
static bool condition_judge(struct exchange *exchange, struct wish *wish)
{
    struct condition_fault fault;
    struct bytes text;
    if (!wish_text(wish, "condition", 1, CONDITION_TEXT_MAX, &text))
        return true;
    void *memory = malloc(CONDITION_BYTES_MAX);
    if (memory == NULL) {
        answer_memory(exchange);
        return false;
    }
    bool good =
        condition_parse(text, CONDITION_VERSION, memory, CONDITION_BYTES_MAX, &fault) != NULL;
    free(memory);
    if (!good)
        answer_condition(exchange, &fault);
    return good;
}

bool rule_form_read(struct exchange *exchange, struct wish *wish, struct bytes name,
                    struct form_writer *form)
{
    form_put_text(form, RULE_TAG_NAME, name);
    flag_read(wish, "enabled", false, RULE_TAG_ENABLED, form);
    kind_read(wish, form);
    if (!on_read(exchange, wish, form))
        return false;
    numbers_read(wish, form);
    span_read(wish, "span", RULE_TAG_SPAN, form);
    text_read(wish, "reference", PATH_MAX_BYTES, RULE_TAG_REFERENCE, form);
    text_read(wish, "condition", CONDITION_TEXT_MAX, RULE_TAG_CONDITION, form);
    span_read(wish, "on_delay", RULE_TAG_ON_DELAY, form);
    span_read(wish, "off_delay", RULE_TAG_OFF_DELAY, form);
    flag_read(wish, "latch", false, RULE_TAG_LATCH, form);
    flag_read(wish, "acknowledge", true, RULE_TAG_NO_ACKNOWLEDGE, form);
    span_read(wish, "realarm", RULE_TAG_REALARM, form);
    text_read(wish, "title", RULE_TEXT_MAX, RULE_TAG_TITLE, form);
    text_read(wish, "cause", RULE_TEXT_MAX, RULE_TAG_CAUSE, form);
    text_read(wish, "consequence", RULE_TEXT_MAX, RULE_TAG_CONSEQUENCE, form);
    text_read(wish, "response", RULE_TEXT_MAX, RULE_TAG_RESPONSE, form);
    text_read(wish, "group", RULE_NAME_MAX, RULE_TAG_GROUP, form);
    if (wish->wrong) {
        order_refuse(exchange);
        return false;
    }
    return condition_judge(exchange, wish);
}

/* ---- may he ------------------------------------------------------------------------------------
 */
/* False: it was answered. */
static bool plan_may(struct exchange *exchange, const struct rule_plan *plan)
{
    uint32_t tenant = exchange->tenant;
    enum verdict verdict;
    if (plan->on == RULE_ON_TYPE)
        return types_may_change(exchange);
    struct bytes path = plan->path.size > 0 ? plan->path : bytes_text("#");
    if (plan->on == RULE_ON_PATTERN || plan->path.size == 0)
        verdict = pattern_reach(exchange, RIGHT_SEE, tenant, path) == REACH_NONE ? VERDICT_HIDDEN
                  : pattern_reach(exchange, RIGHT_CONFIGURE, tenant, path) == REACH_ALL
                      ? VERDICT_MAY
                      : VERDICT_FORBIDDEN;
    else
        verdict = exchange_judge(exchange, RIGHT_CONFIGURE, tenant, path);
    if (verdict == VERDICT_HIDDEN)
        answer_hidden(exchange);
    else if (verdict == VERDICT_FORBIDDEN)
        answer_forbidden(exchange, RIGHT_CONFIGURE, path);
    return verdict == VERDICT_MAY;
}

bool rule_plan_may(struct exchange *exchange, const struct rule_plan *plan)
{
    const struct rule_view view = {.tenant = exchange->tenant, .plan = *plan};
    if (rule_is_open(exchange, &view))
        return true;
    answer_problem(exchange, 403, "forbidden", NULL,
                   "the rule looks at points that you may not see");
    return false;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static enum handled rule_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    struct rule_view view;
    uint32_t rule = rule_named(exchange, exchange->arg);
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "rule");
    if (rule != 0 && alarms_rule(alarms_of(exchange), rule, &view)) {
        json_put_object(json);
        rule_put(exchange, &view);
        json_put_object_end(json);
    } else {
        json_put_null(json);
    }
    json_member_count(json, "walk_left", alarms_walk_left(alarms_of(exchange)));
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

/* Members that answers have and nobody sets. */
void rule_members_drop(struct wish *wish)
{
    static const char *const told[] = {"points", "alarms",   "unjudged", "too_late", "changed",
                                       "author", "position", "wins",     "why"};
    for (size_t i = 0; i < ARRAY_COUNT(told); i++)
        (void)json_object_del(wish->json, told[i]);
}

/* The rule that has the name now, be it one that he sees or not. False: he may not replace it. */
static bool rule_there_may(struct exchange *exchange, uint32_t *ret_rule)
{
    struct rule_view view;
    *ret_rule = alarms_rule_find(alarms_of(exchange), exchange->tenant, exchange->arg);
    return *ret_rule == 0 || !alarms_rule(alarms_of(exchange), *ret_rule, &view) ||
           plan_may(exchange, &view.plan);
}

enum handled handle_rule_set(struct exchange *exchange)
{
    struct module_order *module = module_begin(exchange, sizeof *module, COMMAND_RULE_SET, true);
    struct rule_plan plan;
    struct bytes form, name;
    uint32_t rule;
    if (module == NULL)
        return HANDLED;
    struct wish *wish = &module->order.wish;
    module_name(module, exchange->arg);
    rule_members_drop(wish);
    if (wish_text(wish, "name", 1, RULE_NAME_MAX, &name) && !bytes_equal(name, exchange->arg))
        wish_fault(wish, "name", "the name of the address, or none");
    (void)json_object_del(wish->json, "name");
    wish_members(wish, RULE_MEMBERS);
    if (!rule_form_read(exchange, wish, exchange->arg, &module->form))
        return HANDLED;
    if (!form_end(&module->form, &form))
        return module_give(exchange, 0, rule_done);
    const char *fault = rule_plan_read(form, &plan);
    if (fault != NULL)
        return answer_problem(exchange, 422, report_outcome_word(OUTCOME_RULE_INVALID),
                              outcome_text(OUTCOME_RULE_INVALID), "%s", fault);
    if (!plan_may(exchange, &plan) || !rule_plan_may(exchange, &plan) ||
        !rule_there_may(exchange, &rule))
        return HANDLED;
    return module_give(exchange, rule, rule_done);
}

enum handled handle_rule_remove(struct exchange *exchange)
{
    uint32_t rule = rule_named(exchange, exchange->arg);
    if (rule == 0)
        return answer_no_rule(exchange, exchange->arg);
    if (!rule_there_may(exchange, &rule))
        return HANDLED;
    struct module_order *module =
        module_begin(exchange, sizeof *module, COMMAND_RULE_REMOVE, false);
    if (module == NULL)
        return HANDLED;
    module_name(module, exchange->arg);
    form_put_text(&module->form, RULE_TAG_NAME, exchange->arg);
    return module_give(exchange, rule, rule_done);
}
