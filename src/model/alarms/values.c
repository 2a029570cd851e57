/* Values are judged: of a point that somebody wants to hear of, each rule that stands on it says
 * what it thinks of the new value. What is normal and has no row costs a few comparisons. */
#include "model/alarms/judging.h"

#include <stdio.h>
#include <string.h>

/* ---- what there is to judge --------------------------------------------------------------------
 */
struct alarm_value alarms_value(const struct value *value, int64_t time_ns)
{
    struct alarm_value out = {.time_ns = time_ns};
    if (!value->present || value->quality & QUALITY_BAD)
        return out;
    switch (value->type) {
    case VALUE_FLOAT64:
        out.value = value_real(value);
        out.known = true;
        break;
    case VALUE_INT64:
    case VALUE_BOOL:
        out.value = (double)value->number;
        out.known = true;
        break;
    default:
        break;
    }
    return out;
}

static struct alarm_value value_held(const struct alarms *alarms, uint32_t point)
{
    int64_t time_ns, arrival_ns;
    struct value value = points_last(alarms->points, point, &time_ns, &arrival_ns);
    return alarms_value(&value, time_ns);
}

static double limit_in(const struct alarms *alarms, const struct rule_entry *rule, uint32_t point,
                       enum limit_kind kind)
{
    struct point_view view;
    if (rule->flags & RULE_HAS_LIMIT)
        return rule->limit;
    points_view(alarms->points, point, &view);
    if (!isnan(view.limits[kind]))
        return view.limits[kind];
    uint16_t profile = points_profile_of(alarms->points, point);
    if (profile == PROFILE_SHARED) {
        struct standing standing = {0};
        alarms_standing(alarms, point, &standing);
        return standing.limit_mask >> kind & 1 ? standing.limits[kind] : (double)NAN;
    }
    const struct profile_entry *entry = profile_at(alarms, profile);
    return profile != PROFILE_NONE && entry->limit_mask >> kind & 1 ? entry->limits[kind]
                                                                    : (double)NAN;
}

static const struct {
    uint8_t judged, of_point;
} limit_kinds[] = {[RULE_HIGH_HIGH] = {ALARM_HIGH_HIGH, LIMIT_HIGH_HIGH},
                   [RULE_HIGH] = {ALARM_HIGH, LIMIT_HIGH},
                   [RULE_LOW] = {ALARM_LOW, LIMIT_LOW},
                   [RULE_LOW_LOW] = {ALARM_LOW_LOW, LIMIT_LOW_LOW}};

double alarms_limit_of(const struct alarms *alarms, uint32_t rule, uint32_t point)
{
    const struct rule_entry *entry = rule_at(alarms, rule);
    return limit_in(alarms, entry, point, (enum limit_kind)limit_kinds[entry->kind].of_point);
}

static enum alarm_verdict judge_limit(const struct judging *of, const struct rule_entry *rule,
                                      bool holds)
{
    double limit =
        limit_in(of->alarms, rule, of->point, (enum limit_kind)limit_kinds[rule->kind].of_point);
    if (isnan(limit))
        return ALARM_FALSE; /* there is none any more */
    return alarm_judge_limit((enum alarm_limit_kind)limit_kinds[rule->kind].judged, limit,
                             rule->deadband, holds, &of->value);
}

enum alarm_verdict alarms_judge_rate(const struct judging *of, const struct rule_entry *rule,
                                     bool holds)
{
    const struct alarm_rate rate = {rule->limit, rule->span_ns, rule->deadband,
                                    (enum alarm_direction)rule->direction};
    return alarm_judge_rate(&rate, holds, &of->before, &of->value);
}

enum alarm_verdict alarms_judge_value(const struct judging *of, const struct rule_entry *rule,
                                      bool holds)
{
    if (rule->kind == RULE_STATE)
        return alarm_judge_state(&of->value, rule->states, rule->state_count);
    return judge_limit(of, rule, holds);
}

/* Of a reference that cannot be compared with nothing is known, and that may last for ever: what
 * was said of it ends. */
static enum err judge_deviation(const struct judging *of, uint32_t number, bool holds,
                                enum alarm_verdict *ret_verdict)
{
    const struct rule_entry *rule = rule_at(of->alarms, number);
    uint32_t reference;
    struct alarm_value beside;
    enum err err = alarms_reference(of->alarms, of->point, number, &reference);
    if (err != OK)
        return err;
    enum reference_fault fault = alarms_reference_fault(of->alarms, reference, &beside);
    *ret_verdict = ALARM_FALSE;
    if (fault == REFERENCE_GOOD)
        *ret_verdict =
            alarm_judge_deviation(rule->limit, rule->deadband, holds, &of->value, &beside);
    return alarms_blind(of->alarms, of->point, fault == REFERENCE_GOOD ? 0 : number);
}

static enum err judge_kind(const struct judging *of, uint32_t number, bool holds,
                           enum alarm_verdict *ret_verdict)
{
    const struct rule_entry *rule = rule_at(of->alarms, number);
    switch (rule->kind) {
    case RULE_RATE:
        *ret_verdict = alarms_judge_rate(of, rule, holds);
        return OK;
    case RULE_DEVIATION:
        return judge_deviation(of, number, holds, ret_verdict);
    case RULE_STALE:
        *ret_verdict = ALARM_FALSE;
        return OK;
    default:
        *ret_verdict = alarms_judge_value(of, rule, holds);
        return OK;
    }
}

/* ---- a verdict ---------------------------------------------------------------------------------
 */
static bool row_holds(const struct row_entry *row)
{
    return alarms_row_condition(row) ? row->pending != ALARM_ABOUT_TO_END
                                     : row->pending == ALARM_ABOUT_TO_HOLD;
}

/* No row is left: an entry says so, once in a while, and how many more there were. */
static enum err lost_tell(struct alarms *alarms, uint32_t rule, uint32_t point,
                          const struct cause *cause)
{
    struct roots_entry *roots = roots_write(alarms);
    const struct rule_entry *of = rule_at(alarms, rule);
    char text[64];
    if (roots->lost_ns != 0 && cause->now_ns - roots->lost_ns < LOST_TOLD_NS) {
        roots->lost++;
        return OK;
    }
    struct entry_entry entry = {
        .position = cause->stamp->position,
        .time_ns = cause->time_ns,
        .wall_ns = cause->stamp->wall_ns,
        .value = cause->value,
        .tenant = of->tenant,
        .rule = rule,
        .point = point,
        .event = ALARM_HOLDS,
        .state = ALARM_UNACKNOWLEDGED,
        .priority = of->priority,
        .kind = of->kind,
        .flags = ALARM_ENTRY_COMPUTED | ALARM_ENTRY_TOLD | ALARM_ENTRY_LOST,
    };
    int size = snprintf(text, sizeof text, "no room for it, nor for %llu before it",
                        (unsigned long long)roots->lost);
    roots->lost = 0;
    roots->lost_ns = cause->now_ns;
    return alarms_entry_add(alarms, &entry, bytes_of("", 0), bytes_of(text, (size_t)size));
}

static enum err row_take(struct alarms *alarms, uint32_t row, const struct alarm_delay_step *step,
                         const struct cause *cause)
{
    bool set = false;
    enum err err = OK;
    if (step->timer_stop)
        alarms_row_timer_stop(alarms, row, TIMER_DELAY);
    if (step->timer_set)
        err = alarms_row_timer_set(alarms, row, TIMER_DELAY, cause->now_ns + step->delay_ns, &set);
    if (err != OK)
        return err;
    bool early = step->timer_set && !set; /* no timer is left: rather too early than never */
    row_write(alarms, row)->pending = early ? ALARM_SETTLED : (uint8_t)step->pending;
    if (early)
        err = alarms_row_event(
            alarms, row, step->pending == ALARM_ABOUT_TO_HOLD ? ALARM_HOLDS : ALARM_ENDS, cause);
    else if (step->has_event)
        err = alarms_row_event(alarms, row, step->event, cause);
    return err == OK ? alarms_row_settle(alarms, row) : err;
}

/* The changes that were counted of an alarm before go on being counted. */
static enum err row_again(struct alarms *alarms, uint32_t rule, uint32_t point,
                          const struct row_entry *before, const struct cause *cause,
                          uint32_t *ret_row)
{
    enum err err = alarms_row_add(alarms, rule, point, cause, ret_row);
    if (err != OK || *ret_row == ROW_FREE)
        return err;
    struct row_entry *entry = row_write(alarms, *ret_row);
    entry->chatter_since_ns = before->chatter_since_ns;
    entry->chatter_changes = before->chatter_changes;
    return OK;
}

/* row: of this rule and point, or none. */
static enum err verdict_take(struct alarms *alarms, uint32_t rule, uint32_t point, uint32_t row,
                             enum alarm_verdict verdict, const struct cause *cause)
{
    const struct rule_entry *entry = rule_at(alarms, rule);
    const struct alarm_delays delays = {entry->on_delay_ns, entry->off_delay_ns};
    enum alarm_pending pending = ALARM_SETTLED;
    bool active = false;
    enum err err = OK;
    struct row_entry before = {0};
    if (row != ROW_FREE && verdict == ALARM_TRUE && alarms_row_is_kept(row_at(alarms, row))) {
        before = *row_at(alarms, row);
        err = alarms_row_release(alarms, row); /* what could be undone is over: a new alarm */
        row = ROW_FREE;
    } else if (row != ROW_FREE) {
        pending = (enum alarm_pending)row_at(alarms, row)->pending;
        active = alarms_row_condition(row_at(alarms, row));
    }
    struct alarm_delay_step step = alarm_delay_judge(pending, active, verdict, &delays);
    if (err != OK || (!step.timer_set && !step.timer_stop && !step.has_event))
        return err;
    if (row == ROW_FREE)
        err = row_again(alarms, rule, point, &before, cause, &row);
    if (err != OK)
        return err;
    return row == ROW_FREE ? lost_tell(alarms, rule, point, cause)
                           : row_take(alarms, row, &step, cause);
}

enum err alarms_verdict(struct alarms *alarms, uint32_t rule, uint32_t point,
                        enum alarm_verdict verdict, const struct cause *cause)
{
    return verdict_take(alarms, rule, point, alarms_row_find(alarms, rule, point), verdict, cause);
}

/* What says nothing and has no row is nearly always all there is. */
static inline enum err judge_rule(const struct judging *of, uint32_t rule)
{
    enum alarm_verdict verdict;
    const struct rule_entry *entry = rule_at(of->alarms, rule);
    if (!rule_stands(entry) || entry->flags & RULE_HAS_PROGRAM)
        return OK;
    uint32_t row = alarms_row_find(of->alarms, rule, of->point);
    bool holds = row != ROW_FREE && row_holds(row_at(of->alarms, row));
    enum err err = judge_kind(of, rule, holds, &verdict);
    if (err != OK || verdict == ALARM_UNKNOWN || (row == ROW_FREE && verdict == ALARM_FALSE))
        return err;
    return verdict_take(of->alarms, rule, of->point, row, verdict, &of->cause);
}

/* ---- a value -----------------------------------------------------------------------------------
 */
const uint32_t *alarms_rules_by_kind(const struct alarms *alarms, uint32_t point,
                                     struct standing *found)
{
    uint16_t profile = points_profile_of(alarms->points, point);
    if (profile == PROFILE_NONE)
        return NULL;
    if (profile != PROFILE_SHARED)
        return profile_at(alarms, profile)->rules;
    alarms_standing(alarms, point, found);
    return found->rules;
}

/* Rules may go while they are judged, never come: a profile is copied before. */
static enum err judge_rules(struct judging *of, bool heard)
{
    uint32_t rules[RULE_POINT_KINDS];
    enum err err = OK;
    memcpy(rules, of->rules, sizeof rules);
    for (unsigned kind = 0; err == OK && kind < RULE_EXPRESSION; kind++)
        if (rules[kind] != 0 && (heard || kind != RULE_STALE))
            err = judge_rule(of, rules[kind]);
    return err;
}

static enum err judge_deviating(struct alarms *alarms, uint32_t point, const struct cause *cause)
{
    struct standing standing = {0};
    const uint32_t *rules = alarms_rules_by_kind(alarms, point, &standing);
    if (rules == NULL || rules[RULE_DEVIATION] == 0)
        return OK;
    struct judging of = {.alarms = alarms, .point = point, .cause = *cause};
    of.value = value_held(alarms, point);
    of.cause.value = of.value.known ? of.value.value : (double)NAN;
    return judge_rule(&of, rules[RULE_DEVIATION]);
}

enum err alarms_judge_referred(struct alarms *alarms, uint32_t point, const struct cause *cause)
{
    enum err err = OK;
    const struct watch_entry *watch = watch_at(alarms, point);
    uint32_t next = watch == NULL ? POINT_NONE : watch->referred;
    for (unsigned i = 0; err == OK && next != POINT_NONE && i < REFERRED_MOST; i++) {
        uint32_t at = next;
        next = watch_at(alarms, at)->links.next;
        err = judge_deviating(alarms, at, cause);
    }
    return err;
}

enum err alarms_judge_dropped(struct alarms *alarms, const uint32_t *points, size_t count,
                              const struct record_stamp *stamp)
{
    struct cause cause = cause_of(stamp);
    enum err err = OK;
    for (size_t i = 0; err == OK && i < count; i++)
        err = judge_deviating(alarms, points[i], &cause);
    return err;
}

/* A value that is beyond a limit but not known for certain (bad quality) leaves a limit state that
 * the next, certain one may not change: it has to be told all the same. */
static enum err judge_doubt(const struct judging *of, const struct value *value)
{
    if (of->value.known)
        return watch_at(of->alarms, of->point) == NULL ? OK
                                                       : alarms_doubt(of->alarms, of->point, false);
    return alarms_doubt(of->alarms, of->point, value->present);
}

struct cause alarms_value_cause(const struct record_stamp *stamp, const struct alarm_value *value)
{
    struct cause cause = cause_of(stamp);
    cause.time_ns = value->time_ns;
    if (value->known)
        cause.value = value->value;
    return cause;
}

enum err alarms_judge(struct alarms *alarms, const struct point_notice *notice,
                      const struct record_stamp *stamp)
{
    struct standing standing = {0};
    if (notice->late)
        return alarms_judge_late(alarms, notice, stamp);
    struct judging of = {.alarms = alarms, .point = notice->point};
    of.rules = alarms_rules_by_kind(alarms, notice->point, &standing);
    of.value = alarms_value(&notice->value, notice->time_ns);
    if (notice->had_before)
        of.before = alarms_value(&notice->before, notice->before_time_ns);
    of.cause = alarms_value_cause(stamp, &of.value);
    enum err err = of.rules == NULL ? OK : judge_rules(&of, true);
    if (err == OK && watch_at(alarms, notice->point) != NULL) {
        alarms_trail_take(alarms, notice->point, &of.value);
        err = alarms_watch_heard(alarms, notice->point, &of.cause);
        if (err == OK)
            err = alarms_judge_referred(alarms, notice->point, &of.cause);
    }
    return err == OK && of.rules != NULL ? judge_doubt(&of, &notice->value) : err;
}

enum err alarms_judge_held(struct alarms *alarms, uint32_t point, const struct record_stamp *stamp)
{
    struct standing standing = {0};
    struct judging of = {.alarms = alarms, .point = point};
    int64_t time_ns, arrival_ns;
    of.rules = alarms_rules_by_kind(alarms, point, &standing);
    if (of.rules == NULL)
        return OK;
    struct value value = points_last(alarms->points, point, &time_ns, &arrival_ns);
    if (time_ns == 0 && arrival_ns == 0)
        return OK;
    of.value = alarms_value(&value, time_ns);
    of.cause = alarms_value_cause(stamp, &of.value);
    enum err err = judge_rules(&of, false);
    return err == OK ? judge_doubt(&of, &value) : err;
}
