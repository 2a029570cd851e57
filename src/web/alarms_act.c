/* Something is done with alarms: one, many, or all that a filter finds. The door makes numbers of
 * what was asked, a piece a step, and gives them in commands of as many as a form holds, one behind
 * the other. Those in which he may not act, and those that are not in a state for it, are passed
 * over; of those he named himself, one that he sees and may not touch refuses all. */
#include "web/alarms.h"

#include <stdlib.h>
#include <string.h>

#define ACT_FIELD_MAX 24u /* bytes of a number in a form, at most */
#define ACT_AT_ONCE 256u  /* alarms in a command, which is carried out in one piece */

static const char *const act_words[] = {[ALARM_ACT_ACKNOWLEDGE] = "acknowledge",
                                        [ALARM_ACT_UNACKNOWLEDGE] = "unacknowledge",
                                        [ALARM_ACT_RESET] = "reset",
                                        [ALARM_ACT_SHELVE] = "shelve",
                                        [ALARM_ACT_UNSHELVE] = "unshelve",
                                        [ALARM_ACT_SUPPRESS] = "suppress",
                                        [ALARM_ACT_UNSUPPRESS] = "unsuppress",
                                        [ALARM_ACT_REMOVE_FROM_SERVICE] = "remove_from_service",
                                        [ALARM_ACT_RETURN_TO_SERVICE] = "return_to_service",
                                        [ALARM_ACT_COMMENT] = "comment",
                                        [ALARM_ACT_ASSIGN] = "assign"};

struct meant { /* an alarm, and whose it is: a command is of one tenant */
    uint64_t alarm;
    uint32_t tenant;
};
struct alarms_act {
    struct module_order module;
    uint8_t act;
    bool filtered;
    struct bytes comment, assignee;
    int64_t span_ns;
    uint32_t rule, point; /* of one that is normal */
    struct alarm_filter filter;
    struct alarm_walk walk;
    struct meant *alarms;
    size_t count, capacity, given, in_command;
    uint64_t done, passed_over, position;
    struct outcome refusal;
};

static void act_drop(struct order *order)
{
    free(((struct alarms_act *)order)->alarms);
}

static bool act_add(struct exchange *exchange, struct alarms_act *act, uint64_t alarm,
                    uint32_t tenant)
{
    if (act->count == act->capacity) {
        size_t capacity = act->capacity > 0 ? act->capacity * 2 : 256;
        struct meant *alarms = realloc(act->alarms, capacity * sizeof *alarms);
        if (alarms == NULL)
            return false;
        act->alarms = alarms;
        act->capacity = capacity;
        exchange->kept = capacity * sizeof *alarms;
    }
    act->alarms[act->count++] = (struct meant){alarm, tenant};
    return true;
}

/* ---- the answer --------------------------------------------------------------------------------
 */
static enum handled act_answer(struct exchange *exchange)
{
    const struct alarms_act *act = exchange->state;
    struct json_writer *json = &exchange->json;
    bool one = !act->filtered && act->given <= 1;
    if (act->done == 0 && one && act->refusal.code != OUTCOME_DONE)
        return order_refused(exchange, outcome_said(&act->refusal));
    json_put_object(json);
    json_member_count(json, "done", act->done);
    json_member_count(json, "passed_over", act->passed_over);
    json_member_time(json, "undo_until",
                     act->act == ALARM_ACT_ACKNOWLEDGE && act->done > 0
                         ? act->module.order.wish.wall_ns + ALARM_UNDO_NS
                         : 0);
    json_member_count(json, "position", act->position);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static void act_words_put(const struct alarms_act *act, struct form_writer *form)
{
    form_put_integer(form, ALARM_TAG_ACT, act->act);
    if (act->comment.size > 0)
        form_put_text(form, ALARM_TAG_COMMENT, act->comment);
    if (act->span_ns > 0)
        form_put_integer(form, ALARM_TAG_SPAN, act->span_ns);
    if (act->assignee.size > 0)
        form_put_text(form, ALARM_TAG_ASSIGNEE, act->assignee);
}

/* The next command: as many alarms of one tenant as it holds. */
static void act_compose(struct alarms_act *act)
{
    struct module_order *module = &act->module;
    struct form_writer *form = &module->form;
    size_t at = act->given;
    *form = (struct form_writer){.at = module->form_at, .capacity = sizeof module->form_at};
    act_words_put(act, form);
    if (act->rule != 0) {
        form_put_integer(form, ALARM_TAG_RULE, act->rule);
        form_put_integer(form, ALARM_TAG_POINT, act->point);
        act->in_command = 1;
        return;
    }
    module->order.command.tenant = act->alarms[at].tenant;
    while (at < act->count && at - act->given < ACT_AT_ONCE &&
           act->alarms[at].tenant == act->alarms[act->given].tenant &&
           form->size + ACT_FIELD_MAX < form->capacity)
        form_put_integer(form, ALARM_TAG_ALARM, (int64_t)act->alarms[at++].alarm);
    act->in_command = at - act->given;
}

static enum handled act_give(struct exchange *exchange);

static enum handled act_outcome(struct exchange *exchange, uint32_t index,
                                const struct outcome *outcome)
{
    struct alarms_act *act = exchange->state;
    (void)index;
    if (outcome == NULL)
        return answer_problem(exchange, 503, "write_failed", NULL,
                              "a write to the disk failed: look at the alarms, and send it again");
    enum outcome_code said = outcome_said(outcome);
    uint64_t done = said == OUTCOME_DONE ? outcome->number : 0;
    if (outcome->code == OUTCOME_REPEATED) {
        exchange_header(exchange, "Idempotency-Replayed", bytes_text("true"));
        act->count = act->given + act->in_command; /* it was all done, then */
    }
    if (said != OUTCOME_DONE && said != OUTCOME_ALARM_REFUSED && said != OUTCOME_UNKNOWN_ALARM)
        return order_refused(exchange, said);
    done = done < act->in_command ? done : act->in_command;
    act->done += done;
    act->passed_over += act->in_command - done;
    act->given += act->in_command;
    act->position = outcome->position;
    act->module.order.command.key_kind = KEY_NONE; /* it is the first one's */
    if (done == 0)
        act->refusal = *outcome;
    return act_give(exchange);
}

static enum handled act_give(struct exchange *exchange)
{
    struct alarms_act *act = exchange->state;
    struct command *command = &act->module.order.command;
    struct admitted admitted;
    if (act->given >= act->count)
        return act_answer(exchange);
    act_compose(act);
    if (!form_end(&act->module.form, &command->module.form))
        return answer_problem(exchange, 413, "too_large", NULL, "the comment is too long");
    enum admit admit =
        engine_command(exchange->web->config.engine, command, exchange_tag(exchange, 0), &admitted);
    exchange->resume = act_give;
    if (admit == ADMIT_WAIT)
        return HANDLED_FULL;
    if (admit != ADMIT_DONE)
        return answer_admit(exchange, admit);
    exchange->web->counters.commands++;
    exchange->outcome = act_outcome;
    return HANDLED_OUTCOME;
}

/* ---- what is meant -----------------------------------------------------------------------------
 */
static enum handled filter_step(struct exchange *exchange)
{
    struct alarms_act *act = exchange->state;
    const struct alarms *alarms = alarms_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct alarm_view view;
    enum alarm_walked walked = WALK_END;
    do {
        if (!act->filter.none)
            walked = alarm_walk_next(alarms, act->filter.tenant, &act->walk, &view);
        if (walked == WALK_FOUND && filter_wants_alarm(exchange, &act->filter, &view)) {
            if (!alarm_may(exchange, RIGHT_ACKNOWLEDGE, view.tenant, view.rule, view.point))
                act->passed_over++;
            else if (!act_add(exchange, act, view.alarm, view.tenant))
                return answer_memory(exchange);
        }
        if (walked == WALK_MORE || (walked != WALK_END && turn_is_over(&turn, 256)))
            return HANDLED_STEP;
    } while (walked != WALK_END);
    return act_give(exchange);
}

static int meant_order(const void *a, const void *b)
{
    const struct meant *left = a, *right = b;
    return (left->tenant > right->tenant) - (left->tenant < right->tenant);
}

/* The alarms that are named. False: it was answered. */
static bool named_read(struct exchange *exchange, struct alarms_act *act, const json_t *list)
{
    const json_t *one;
    struct alarm_view view;
    size_t i;
    json_array_foreach(list, i, one)
    {
        json_int_t number = json_integer_value(one);
        if (number <= 0 || !alarms_find(alarms_of(exchange), (uint64_t)number, &view) ||
            !alarm_may(exchange, RIGHT_SEE, view.tenant, view.rule, view.point)) {
            act->passed_over++;
            continue;
        }
        if (!alarm_may(exchange, RIGHT_ACKNOWLEDGE, view.tenant, view.rule, view.point)) {
            answer_forbidden(exchange, RIGHT_ACKNOWLEDGE, bytes_text("an alarm"));
            return false;
        }
        if (!act_add(exchange, act, view.alarm, view.tenant)) {
            answer_memory(exchange);
            return false;
        }
    }
    if (act->count == 0)
        answer_no_alarm(exchange, bytes_text("each of these"));
    else
        qsort(act->alarms, act->count, sizeof *act->alarms, meant_order);
    return act->count > 0;
}

/* One that is normal, by its rule and path. False: it was answered. */
static bool normal_read(struct exchange *exchange, struct alarms_act *act, struct bytes name,
                        struct bytes path)
{
    uint32_t tenant = 0;
    struct bytes own;
    act->rule = rule_named(exchange, name);
    if (act->rule == 0) {
        answer_no_rule(exchange, name);
        return false;
    }
    if (path.size > 0) {
        act->point = exchange_place(exchange, path, &tenant, &own) && tenant == exchange->tenant
                         ? points_find(exchange->web->points, tenant, own)
                         : POINT_NONE;
        if (act->point == POINT_NONE || !point_may(exchange, RIGHT_SEE, act->point)) {
            answer_no_point(exchange, path);
            return false;
        }
    }
    if (!alarm_may(exchange, RIGHT_ACKNOWLEDGE, exchange->tenant, act->rule, act->point)) {
        answer_forbidden(exchange, RIGHT_ACKNOWLEDGE, path);
        return false;
    }
    act->count = 1;
    return true;
}

/* What is to be done, and how. False: it was answered. */
static bool act_read(struct exchange *exchange, struct alarms_act *act)
{
    struct wish *wish = &act->module.order.wish;
    wish_members(wish, "act alarms filter rule path comment for assignee");
    if (!wish_word(wish, "act", act_words + 1, ARRAY_COUNT(act_words) - 1, &act->act))
        wish_fault(wish, "act",
                   "acknowledge, unacknowledge, reset, shelve, unshelve, suppress, unsuppress, "
                   "remove_from_service, return_to_service, comment or assign");
    act->act++;
    (void)wish_text(wish, "comment", 0, ALARM_COMMENT_MAX, &act->comment);
    (void)wish_text(wish, "assignee", 0, ACCESS_NAME_MAX, &act->assignee);
    (void)wish_span(wish, "for", ALARM_SHELVE_MAX_NS, &act->span_ns);
    if (!wish->wrong && act->act == ALARM_ACT_SHELVE && act->span_ns == 0)
        wish_fault(wish, "for", "how long it is shelved, as 30m or 8h, up to 7d,");
    if (!wish->wrong && act->act == ALARM_ACT_COMMENT && act->comment.size == 0)
        wish_fault(wish, "comment", "what is to be said");
    if (wish->wrong)
        order_refuse(exchange);
    return !wish->wrong;
}

enum handled handle_alarms_act(struct exchange *exchange)
{
    struct alarms_act *act =
        (struct alarms_act *)module_begin(exchange, sizeof *act, COMMAND_ALARM_ACT, true);
    struct bytes name = bytes_of("", 0), path = bytes_of("", 0);
    if (act == NULL)
        return HANDLED;
    struct wish *wish = &act->module.order.wish;
    act->module.order.drop = act_drop;
    if (!act_read(exchange, act))
        return HANDLED;
    module_name(&act->module, bytes_text(act_words[act->act]));
    json_t *list = json_object_get(wish->json, "alarms");
    json_t *filter = json_object_get(wish->json, "filter");
    bool by_rule = wish_text(wish, "rule", 1, RULE_NAME_MAX, &name);
    (void)wish_text(wish, "path", 0, PATH_MAX_BYTES, &path);
    if (json_is_array(list) + json_is_object(filter) + by_rule != 1)
        wish_fault(wish, "alarms", "a list of numbers, or a filter, or a rule with a path,");
    if (json_array_size(list) > ALARM_ACT_MAX)
        wish_fault(wish, "alarms", "at most 1024 numbers, or a filter,");
    if (!wish->wrong && json_is_object(filter)) {
        struct wish part = wish_part(wish, filter);
        (void)filter_read(exchange, &part, &act->filter);
        wish_pass(wish, &part, "filter");
        act->filtered = true;
        if (act->act == ALARM_ACT_UNACKNOWLEDGE) { /* their state is another one by now */
            act->filter.normal = true;
            act->filter.states = 0;
        }
    }
    if (wish->wrong)
        return order_refuse(exchange);
    exchange->resume = filter_step;
    if (act->filtered)
        return filter_step(exchange);
    bool read = by_rule ? normal_read(exchange, act, name, path) : named_read(exchange, act, list);
    return read ? act_give(exchange) : HANDLED;
}
