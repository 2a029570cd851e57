/* What people do with alarms: one command, up to ALARM_ACT_MAX of them. Who refuses is passed over;
 * what was done is an entry for each. */
#include "model/alarms/tables.h"

struct act {
    struct alarms *alarms;
    struct cause cause;
    uint8_t act;
    uint32_t tenant, rule, point;
    bool has_rule, has_point, has_assignee;
    struct bytes comment, assignee;
    int64_t span_ns;
    unsigned count; /* of numbers */
};

/* ---- what the command says ---------------------------------------------------------------------
 */
static bool text_is_good(struct bytes text, size_t most)
{
    return text.size <= most && bytes_are_utf8(text);
}

static bool number_is_good(const struct form_field *field)
{
    return field->integer >= 0 && field->integer <= UINT32_MAX;
}

static bool field_take(struct act *act, const struct form_field *field)
{
    bool text = field->tag == ALARM_TAG_COMMENT || field->tag == ALARM_TAG_ASSIGNEE;
    if (field->type != (text ? FORM_TEXT : FORM_INTEGER))
        return false;
    switch (field->tag) {
    case ALARM_TAG_ACT:
        act->act = (uint8_t)field->integer;
        return field->integer >= ALARM_ACT_ACKNOWLEDGE && field->integer <= ALARM_ACT_ASSIGN;
    case ALARM_TAG_ALARM:
        return ++act->count <= ALARM_ACT_MAX;
    case ALARM_TAG_RULE:
        act->rule = (uint32_t)field->integer;
        act->has_rule = true;
        return number_is_good(field);
    case ALARM_TAG_POINT:
        act->point = (uint32_t)field->integer;
        act->has_point = true;
        return number_is_good(field);
    case ALARM_TAG_COMMENT:
        act->comment = field->text;
        return text_is_good(field->text, ALARM_COMMENT_MAX);
    case ALARM_TAG_SPAN:
        act->span_ns = field->integer;
        return field->integer > 0;
    case ALARM_TAG_ASSIGNEE:
        act->assignee = field->text;
        act->has_assignee = field->text.size > 0;
        return text_is_good(field->text, RULE_NAME_MAX * 2);
    default:
        return false;
    }
}

static bool act_read(struct bytes form, struct act *act)
{
    struct form_field field;
    size_t offset = 0;
    while (form_next(form, &offset, &field))
        if (!field_take(act, &field))
            return false;
    if (offset != form.size || act->act == 0 || act->has_rule != act->has_point ||
        (act->count > 0) == act->has_rule)
        return false;
    if (act->act == ALARM_ACT_SHELVE &&
        (act->span_ns < NS_PER_S || act->span_ns > ALARM_SHELVE_MAX_NS))
        return false;
    return act->act != ALARM_ACT_COMMENT || act->comment.size > 0;
}

/* ---- acknowledging, and back -------------------------------------------------------------------
 */
/* Back to normal it stays for as long as that can be undone. */
static enum err row_keep(const struct act *act, uint32_t row)
{
    const struct row_entry *entry = row_at(act->alarms, row);
    bool set;
    if (entry->state != ALARM_NORMAL || entry->pending != ALARM_SETTLED)
        return OK;
    enum err err =
        alarms_row_timer_set(act->alarms, row, TIMER_KEEP, act->cause.now_ns + ALARM_UNDO_NS, &set);
    if (err == OK && set)
        row_write(act->alarms, row)->flags |= ROW_KEPT;
    return err;
}

static enum err acknowledge(const struct act *act, uint32_t row, bool *ret_done)
{
    struct alarms *alarms = act->alarms;
    struct alarm_step step;
    uint8_t before = row_at(alarms, row)->state;
    enum err err = alarms_row_step(alarms, row, ALARM_ACKNOWLEDGE, &act->cause, &step);
    *ret_done = step.refusal == NULL;
    if (err != OK || !*ret_done)
        return err;
    struct row_entry *entry = row_write(alarms, row);
    entry->acknowledged_wall_ns = act->cause.stamp->wall_ns;
    entry->acknowledged_account = act->cause.account;
    entry->before = before;
    entry->after = entry->state;
    err = texts_set(&alarms->texts, &entry->acknowledged_by, act->cause.actor);
    return err == OK ? row_keep(act, row) : err;
}

static bool can_undo(const struct act *act, const struct row_entry *row)
{
    return row->before != ALARM_NORMAL && row->state == row->after && row->hidden == 0 &&
           row->acknowledged_account == act->cause.account &&
           bytes_equal(text_of(act->alarms, row->acknowledged_by), act->cause.actor) &&
           time_between(row->acknowledged_wall_ns, act->cause.stamp->wall_ns) <= ALARM_UNDO_NS;
}

static enum err unacknowledge(const struct act *act, uint32_t row, bool *ret_done)
{
    struct alarms *alarms = act->alarms;
    const struct row_entry *entry = row_at(alarms, row);
    *ret_done = can_undo(act, entry);
    if (!*ret_done)
        return OK;
    const struct alarm_machine machine = {.state = entry->before};
    if (entry->flags & ROW_KEPT)
        alarms_row_timer_stop(alarms, row, TIMER_KEEP);
    struct row_entry *written = row_write(alarms, row);
    written->flags &= (uint8_t)~ROW_KEPT;
    written->before = written->after = ALARM_NORMAL;
    written->acknowledged_wall_ns = 0;
    written->acknowledged_account = 0;
    texts_free(&alarms->texts, written->acknowledged_by);
    written->acknowledged_by = TEXT_NONE;
    return alarms_row_put(alarms, row, machine, ALARM_EVENTS + ALARM_ACT_UNACKNOWLEDGE, false,
                          &act->cause);
}

/* ---- shelving ----------------------------------------------------------------------------------
 */
/* What is kept for undoing is not, from now on: its timer is the end of shelving. */
static enum err shelve(const struct act *act, uint32_t row, bool *ret_done)
{
    struct alarms *alarms = act->alarms;
    struct alarm_step step = alarm_step(row_machine(row_at(alarms, row)), ALARM_SHELVE, 0);
    *ret_done = step.refusal == NULL;
    if (!*ret_done)
        return OK;
    enum err err =
        alarms_row_timer_set(alarms, row, TIMER_KEEP, act->cause.now_ns + act->span_ns, ret_done);
    if (err != OK || !*ret_done)
        return err;
    struct row_entry *entry = row_write(alarms, row);
    entry->flags &= (uint8_t)~ROW_KEPT;
    entry->shelved_until_ns = act->cause.stamp->wall_ns + act->span_ns;
    if (step.moved)
        return alarms_row_step(alarms, row, ALARM_SHELVE, &act->cause, NULL);
    return alarms_row_note(alarms, row, ALARM_SHELVE, &act->cause);
}

/* ---- the others --------------------------------------------------------------------------------
 */
static enum alarm_event event_of(uint8_t act)
{
    switch (act) {
    case ALARM_ACT_RESET:
        return ALARM_RESET;
    case ALARM_ACT_UNSHELVE:
        return ALARM_UNSHELVE;
    case ALARM_ACT_SUPPRESS:
        return ALARM_SUPPRESS;
    case ALARM_ACT_UNSUPPRESS:
        return ALARM_UNSUPPRESS;
    case ALARM_ACT_REMOVE_FROM_SERVICE:
        return ALARM_REMOVE_FROM_SERVICE;
    default:
        return ALARM_RETURN_TO_SERVICE;
    }
}

/* Asking for what is so already is no mistake; what was said with it is kept. */
static enum err move(const struct act *act, uint32_t row, bool *ret_done)
{
    struct alarm_step step;
    enum alarm_event event = event_of(act->act);
    enum err err = alarms_row_step(act->alarms, row, event, &act->cause, &step);
    *ret_done = step.refusal == NULL;
    if (err != OK || !*ret_done || step.moved || act->comment.size == 0)
        return err;
    return alarms_row_note(act->alarms, row, (uint8_t)event, &act->cause);
}

static enum err assign(const struct act *act, uint32_t row, bool *ret_done)
{
    struct cause cause = act->cause;
    cause.text = act->assignee;
    *ret_done = true;
    enum err err =
        texts_set(&act->alarms->texts, &row_write(act->alarms, row)->assignee, act->assignee);
    return err == OK ? alarms_row_note(act->alarms, row, ALARM_EVENTS + ALARM_ACT_ASSIGN, &cause)
                     : err;
}

static enum err act_run(const struct act *act, uint32_t row, bool *ret_done)
{
    switch (act->act) {
    case ALARM_ACT_ACKNOWLEDGE:
        return acknowledge(act, row, ret_done);
    case ALARM_ACT_UNACKNOWLEDGE:
        return unacknowledge(act, row, ret_done);
    case ALARM_ACT_SHELVE:
        return shelve(act, row, ret_done);
    case ALARM_ACT_COMMENT:
        *ret_done = true;
        return alarms_row_note(act->alarms, row, ALARM_EVENTS + ALARM_ACT_COMMENT, &act->cause);
    case ALARM_ACT_ASSIGN:
        return assign(act, row, ret_done);
    default:
        return move(act, row, ret_done);
    }
}

static enum err act_on(const struct act *act, uint32_t row, struct outcome *outcome)
{
    bool done;
    enum err err = act_run(act, row, &done);
    if (err == OK && done && act->comment.size > 0)
        err = texts_set(&act->alarms->texts, &row_write(act->alarms, row)->comment, act->comment);
    if (err == OK && done)
        outcome->number++;
    outcome->code = outcome->number > 0 ? OUTCOME_DONE : OUTCOME_ALARM_REFUSED;
    return err == OK ? alarms_row_settle(act->alarms, row) : err;
}

/* ---- which alarms ------------------------------------------------------------------------------
 */
static bool stands_on(const struct act *act)
{
    struct alarms *alarms = act->alarms;
    if (act->rule == 0 || act->rule > alarms->roots->rules)
        return false;
    const struct rule_entry *rule = rule_at(alarms, act->rule);
    if (!rule_stands(rule) || rule->tenant != act->tenant ||
        act->point > points_count(alarms->points))
        return false;
    if (act->point == POINT_NONE)
        return rule->on == RULE_ON_NOTHING;
    if (rule->kind >= RULE_POINT_KINDS)
        return false;
    struct standing standing = {0};
    alarms_standing(alarms, act->point, &standing);
    return standing.rules[rule->kind] == act->rule;
}

static bool is_for_normal(uint8_t act)
{
    return act == ALARM_ACT_SHELVE || act == ALARM_ACT_SUPPRESS ||
           act == ALARM_ACT_REMOVE_FROM_SERVICE || act == ALARM_ACT_COMMENT;
}

static enum err act_on_point(const struct act *act, struct outcome *outcome)
{
    if (!stands_on(act))
        return OK;
    uint32_t row = alarms_row_find(act->alarms, act->rule, act->point);
    enum err err = OK;
    outcome->point = act->point;
    if (row == ROW_FREE) {
        outcome->code = OUTCOME_ALARM_REFUSED;
        if (!is_for_normal(act->act))
            return OK;
        err = alarms_row_add(act->alarms, act->rule, act->point, &act->cause, &row);
        if (err == OK && row == ROW_FREE)
            outcome->code = OUTCOME_RULES_FULL;
    }
    return err == OK && row != ROW_FREE ? act_on(act, row, outcome) : err;
}

static enum err act_on_alarms(const struct act *act, struct bytes form, struct outcome *outcome)
{
    struct form_field field;
    size_t offset = 0;
    enum err err = OK;
    while (err == OK && form_next(form, &offset, &field)) {
        if (field.tag != ALARM_TAG_ALARM || field.integer <= 0)
            continue;
        uint32_t row = alarms_row_of(act->alarms, (uint64_t)field.integer);
        /* Named twice in a command it is one. */
        if (row != ROW_FREE && row_at(act->alarms, row)->tenant == act->tenant &&
            row_at(act->alarms, row)->position != act->cause.stamp->position)
            err = act_on(act, row, outcome);
    }
    return err;
}

enum err alarms_act(struct alarms *alarms, const struct command *command,
                    const struct record_stamp *stamp, struct outcome *outcome)
{
    struct act act = {.alarms = alarms, .tenant = command->tenant, .cause = cause_of(stamp)};
    act.comment = act.assignee = bytes_of("", 0);
    if (!act_read(command->module.form, &act)) {
        outcome->code = OUTCOME_ACT_INVALID;
        return OK;
    }
    act.cause.commanded = true;
    act.cause.account = command->actor.account;
    act.cause.actor = command->actor.name;
    if (act.cause.actor.size > RULE_NAME_MAX * 4)
        act.cause.actor.size = RULE_NAME_MAX * 4;
    act.cause.text = act.comment;
    outcome->code = OUTCOME_UNKNOWN_ALARM;
    return act.has_rule ? act_on_point(&act, outcome)
                        : act_on_alarms(&act, command->module.form, outcome);
}
