/* Late values: older than what is shown, judged as of their own time. What would have been an alarm
 * is an entry that is marked late; nothing that is shown moves.
 *
 * Limits and states need nothing but the value. A rate is judged against the nearest value before
 * it that is still known: if others lay between that are not, and the whole way is beyond the
 * limit, a part of it was too. A deviation is judged against what its reference was then, or the
 * baseline as it was with the value before. Where the trails do not reach back that far it is too
 * late to judge, and the rule counts it. */
#include "model/alarms/judging.h"

static const uint8_t late_kinds[LATE_KINDS] = {
    RULE_HIGH_HIGH, RULE_HIGH, RULE_LOW, RULE_LOW_LOW, RULE_STATE, RULE_RATE, RULE_DEVIATION};
#define LATE_DEVIATION 6u /* its place among them */

static enum err late_tell(const struct judging *of, uint32_t rule)
{
    struct alarms *alarms = of->alarms;
    const struct rule_entry *entry = rule_at(alarms, rule);
    uint32_t row = alarms_row_find(alarms, rule, of->point);
    uint8_t shown =
        row == ROW_FREE ? ALARM_NORMAL : (uint8_t)alarm_shown(row_machine(row_at(alarms, row)));
    struct entry_entry late = {
        .alarm = row == ROW_FREE ? 0 : row_at(alarms, row)->alarm,
        .position = of->cause.stamp->position,
        .time_ns = of->cause.time_ns,
        .wall_ns = of->cause.stamp->wall_ns,
        .value = of->cause.value,
        .tenant = entry->tenant,
        .rule = rule,
        .point = of->point,
        .event = ALARM_HOLDS,
        .state = shown,
        .state_before = shown,
        .priority = entry->priority,
        .kind = entry->kind,
        .flags = ALARM_ENTRY_COMPUTED | ALARM_ENTRY_LATE,
    };
    return alarms_entry_add(alarms, &late, bytes_of("", 0),
                            alarms_why_late(alarms, rule, of->point, &of->cause));
}

/* ---- verdicts ----------------------------------------------------------------------------------
 */
static enum alarm_verdict too_late(const struct judging *of, uint32_t rule)
{
    rule_write(of->alarms, rule)->too_late++;
    return ALARM_UNKNOWN;
}

static enum alarm_verdict late_rate(const struct judging *of, uint32_t number, bool holds)
{
    struct judging then = *of;
    struct trail_value before;
    if (!alarms_trail_before(of->alarms, of->point, of->cause.time_ns, &before))
        return too_late(of, number);
    then.before = (struct alarm_value){before.value, isfinite(before.value) != 0, before.time_ns};
    return alarms_judge_rate(&then, rule_at(of->alarms, number), holds);
}

static enum alarm_verdict late_deviation(const struct judging *of, uint32_t number, bool holds)
{
    const struct rule_entry *rule = rule_at(of->alarms, number);
    const struct watch_entry *watch = watch_at(of->alarms, of->point);
    struct alarm_value beside = {.time_ns = of->cause.time_ns};
    struct trail_value before;
    bool known;
    if (rule->flags & RULE_HAS_PROGRAM) {
        known = alarms_trail_before(of->alarms, of->point, of->cause.time_ns, &before);
        beside.value = known ? before.baseline : 0;
        beside.known = known && isfinite(before.baseline);
    } else {
        if (watch == NULL || watch->reference == POINT_NONE)
            return ALARM_UNKNOWN;
        known = alarms_trail_then(of->alarms, watch->reference, of->cause.time_ns, &beside);
    }
    return known ? alarm_judge_deviation(rule->limit, rule->deadband, holds, &of->value, &beside)
                 : too_late(of, number);
}

static enum alarm_verdict late_verdict(const struct judging *of, uint32_t number, bool holds)
{
    const struct rule_entry *rule = rule_at(of->alarms, number);
    switch (rule->kind) {
    case RULE_RATE:
        return late_rate(of, number, holds);
    case RULE_DEVIATION:
        return late_deviation(of, number, holds);
    default:
        return alarms_judge_value(of, rule, holds);
    }
}

/* ---- stretches ---------------------------------------------------------------------------------
 */
/* One entry for each stretch of late samples in which the condition held for the on-delay. What an
 * alarm that stands was raised before is a part of it. */
static enum err late_judge(const struct judging *of, unsigned i, uint32_t rule,
                           struct late_entry *late)
{
    const struct rule_entry *entry = rule_at(of->alarms, rule);
    uint8_t bit = (uint8_t)(1u << i);
    int64_t time_ns = of->cause.time_ns;
    enum alarm_verdict verdict = late_verdict(of, rule, late->holds & bit);
    if (verdict == ALARM_UNKNOWN)
        return OK;
    if (verdict == ALARM_FALSE && late->holds & bit && time_ns < late->since_ns[i])
        return OK; /* before it began */
    if (verdict == ALARM_FALSE) {
        late->holds &= (uint8_t)~bit;
        late->told &= (uint8_t)~bit;
        return OK;
    }
    if (!(late->holds & bit) || late->since_ns[i] > time_ns)
        late->since_ns[i] = time_ns;
    late->holds |= bit;
    if (late->told & bit || time_between(late->since_ns[i], time_ns) < entry->on_delay_ns)
        return OK;
    uint32_t row = alarms_row_find(of->alarms, rule, of->point);
    if (row != ROW_FREE && alarm_is_active(row_machine(row_at(of->alarms, row))) &&
        row_at(of->alarms, row)->raised_ns <= time_ns)
        return OK;
    late->told |= bit;
    return late_tell(of, rule);
}

/* kinds: bits, of late_kinds. It or its reference (referred) goes back in time: another stretch.
 * What comes late of both comes in any order: each is compared with its own. */
static enum err late_judge_kinds(const struct judging *of, unsigned kinds, bool referred)
{
    struct alarms *alarms = of->alarms;
    struct late_entry late = {0};
    if (of->point < state_table_capacity(&alarms->lates))
        late = *(const struct late_entry *)state_read(&alarms->lates, of->point);
    struct late_entry before = late;
    int64_t *time_ns = referred ? &late.referred_ns : &late.time_ns;
    if (*time_ns > of->cause.time_ns) {
        late.holds &= (uint8_t)~kinds;
        late.told &= (uint8_t)~kinds;
    }
    enum err err = OK;
    for (unsigned i = 0; err == OK && i < LATE_KINDS; i++) {
        uint32_t rule = kinds >> i & 1 ? of->rules[late_kinds[i]] : 0;
        if (rule != 0 && rule_stands(rule_at(alarms, rule)))
            err = late_judge(of, i, rule, &late);
    }
    if (err != OK || (late.holds == 0 && before.holds == 0))
        return err;
    *time_ns = of->cause.time_ns;
    if (late.holds == 0)
        late = (struct late_entry){0};
    err = state_table_grow(&alarms->lates, of->point + 1);
    if (err == OK)
        *(struct late_entry *)state_write(&alarms->lates, of->point) = late;
    return err;
}

/* ---- those that deviate from it ----------------------------------------------------------------
 */
/* What they were at that time, if it is known. */
static enum err late_referred(struct alarms *alarms, uint32_t point, const struct cause *cause)
{
    struct standing standing = {0};
    enum err err = OK;
    const struct watch_entry *watch = watch_at(alarms, point);
    uint32_t next = watch == NULL ? POINT_NONE : watch->referred;
    for (unsigned i = 0; err == OK && next != POINT_NONE && i < REFERRED_MOST; i++) {
        struct judging of = {.alarms = alarms, .point = next, .cause = *cause};
        next = watch_at(alarms, next)->links.next;
        of.rules = alarms_rules_by_kind(alarms, of.point, &standing);
        if (of.rules == NULL || of.rules[RULE_DEVIATION] == 0 ||
            !alarms_trail_then(alarms, of.point, cause->time_ns, &of.value))
            continue;
        of.cause.value = of.value.known ? of.value.value : (double)NAN;
        err = late_judge_kinds(&of, 1u << LATE_DEVIATION, true);
    }
    return err;
}

enum err alarms_judge_late(struct alarms *alarms, const struct point_notice *notice,
                           const struct record_stamp *stamp)
{
    struct standing standing = {0};
    struct trail_value before = {.baseline = (double)NAN};
    struct judging of = {.alarms = alarms, .point = notice->point};
    of.rules = alarms_rules_by_kind(alarms, notice->point, &standing);
    of.value = alarms_value(&notice->value, notice->time_ns);
    of.cause = alarms_value_cause(stamp, &of.value);
    enum err err = of.rules == NULL ? OK : late_judge_kinds(&of, (1u << LATE_KINDS) - 1, false);
    if (err != OK)
        return err;
    (void)alarms_trail_before(alarms, notice->point, notice->time_ns, &before);
    alarms_trail_take_late(alarms, notice->point, &of.value, before.baseline);
    return late_referred(alarms, notice->point, &of.cause);
}
