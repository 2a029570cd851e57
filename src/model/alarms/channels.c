/* The alarm of dead channels: who would tell people of alarms cannot be reached, which is an alarm
 * itself. What the channels are is known elsewhere (model/notices) and told here: the rule says how
 * urgent that is, and the machine goes on as with any other. */
#include "model/alarms/tables.h"

#define CHANNELS_FORM_MAX 64

static uint32_t channels_rule(const struct alarms *alarms, uint32_t tenant)
{
    uint32_t rule = alarms_rule_find(alarms, tenant, bytes_text(RULE_CHANNELS_NAME));
    check(rule == 0 || rule_at(alarms, rule)->kind == RULE_CHANNEL);
    return rule;
}

enum err alarms_channels_begin(struct alarms *alarms, uint32_t tenant,
                               const struct record_stamp *stamp)
{
    uint8_t bytes[CHANNELS_FORM_MAX];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct command command = {.kind = COMMAND_RULE_SET, .tenant = tenant};
    struct rule_plan plan;
    uint32_t rule;
    if (channels_rule(alarms, tenant) != 0 || !alarms_rule_numbers_left(alarms))
        return OK;
    form_put_text(&form, RULE_TAG_NAME, bytes_text(RULE_CHANNELS_NAME));
    form_put_integer(&form, RULE_TAG_KIND, RULE_CHANNEL);
    form_put_integer(&form, RULE_TAG_ON, RULE_ON_NOTHING);
    form_put_integer(&form, RULE_TAG_PRIORITY, 1);
    check(form_end(&form, &command.module.form));
    check(rule_plan_read(command.module.form, &plan) == NULL);
    return alarms_rule_take(alarms, &plan, &command, stamp, &rule);
}

enum err alarms_channels(struct alarms *alarms, uint32_t tenant, const struct channels_told *told,
                         const struct record_stamp *stamp)
{
    struct cause cause = cause_of(stamp);
    uint32_t rule = channels_rule(alarms, tenant), row;
    bool holds = told->dead > 0;
    if (rule == 0 || !rule_stands(rule_at(alarms, rule)))
        return OK;
    row = rule_at(alarms, rule)->row;
    bool stood = row != ROW_FREE && alarms_row_condition(row_at(alarms, row));
    if (holds)
        cause.text = told->why;
    enum err err =
        alarms_verdict(alarms, rule, POINT_NONE, holds ? ALARM_TRUE : ALARM_FALSE, &cause);
    row = rule_at(alarms, rule)->row;
    if (err != OK || row == ROW_FREE || !holds)
        return err;
    if (stood && told->died)
        err = alarms_row_step(alarms, row, ALARM_REALARM, &cause, NULL);
    alarms->rows_changed++;
    return err == OK ? texts_set(&alarms->texts, &row_write(alarms, row)->why, told->why) : err;
}
