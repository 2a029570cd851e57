/* What goes on beside a point's values: when it is stale, which expressions stand on it. A timer of
 * staleness is not moved with each value: it fires, looks at the last arrival, and is set again. */
#include "model/alarms/tables.h"

#include <stdlib.h>

enum err alarms_watch_open(struct alarms *alarms, uint32_t point, struct watch_entry **ret_watch)
{
    enum err err = state_table_grow(&alarms->watches, point + 1);
    if (err == OK)
        *ret_watch = state_write(&alarms->watches, point);
    return err;
}

void alarms_attend(struct alarms *alarms, uint32_t point)
{
    const struct watch_entry *watch = watch_at(alarms, point);
    bool watched = watch != NULL && (watch->referred != POINT_NONE || watch->flags & WATCH_DOUBT);
    points_attend(alarms->points, point, watched || first_row_of(alarms, point) != ROW_FREE);
}

enum err alarms_doubt(struct alarms *alarms, uint32_t point, bool doubt)
{
    struct watch_entry *watch;
    const struct watch_entry *held = watch_at(alarms, point);
    if ((held != NULL && held->flags & WATCH_DOUBT) == doubt)
        return OK;
    enum err err = alarms_watch_open(alarms, point, &watch);
    if (err != OK)
        return err;
    watch->flags ^= WATCH_DOUBT;
    alarms_attend(alarms, point);
    return OK;
}

/* ---- staleness ---------------------------------------------------------------------------------
 */
/* Arrivals are wall time, timers engine time. When the wall clock jumps, what arrived before has
 * the offset of before: with the new one it would have come before the jump, or later than now. */
void alarms_watch_clock(struct alarms *alarms, const struct record_stamp *stamp)
{
    int64_t offset_ns = stamp->wall_ns - stamp->engine_ns;
    int64_t moved_ns = time_between(alarms->roots->offset_ns, offset_ns);
    if (moved_ns < NS_PER_S && moved_ns > -NS_PER_S)
        return;
    struct roots_entry *roots = roots_write(alarms);
    roots->offset_before_ns = roots->offset_ns;
    roots->offset_since_ns = stamp->engine_ns;
    roots->offset_ns = offset_ns;
}

/* since_ns: it came then or later. */
static int64_t heard_at(const struct alarms *alarms, int64_t arrival_ns, int64_t since_ns,
                        const struct record_stamp *stamp)
{
    const struct roots_entry *roots = alarms->roots;
    int64_t now_ns = stamp->engine_ns;
    if (arrival_ns <= 0) /* never: since now */
        return now_ns;
    int64_t heard_ns = time_between(roots->offset_ns, arrival_ns);
    int64_t before_ns = time_between(roots->offset_before_ns, arrival_ns);
    bool fits = heard_ns >= since_ns && heard_ns <= now_ns + NS_PER_S;
    bool fits_before = before_ns >= since_ns && before_ns <= now_ns;
    if (roots->offset_since_ns != 0 && fits_before && (!fits || heard_ns < roots->offset_since_ns))
        heard_ns = before_ns;
    if (heard_ns < since_ns)
        return since_ns;
    return heard_ns < now_ns ? heard_ns : now_ns;
}

static void heard_look(struct alarms *alarms, uint32_t point, const struct record_stamp *stamp)
{
    int64_t time_ns, arrival_ns;
    const struct watch_entry *held = watch_at(alarms, point);
    (void)points_last(alarms->points, point, &time_ns, &arrival_ns);
    if (arrival_ns == held->arrival_ns)
        return;
    int64_t heard_ns = heard_at(alarms, arrival_ns, held->heard_ns, stamp);
    struct watch_entry *watch = watch_write(alarms, point);
    watch->heard_ns = heard_ns;
    watch->arrival_ns = arrival_ns;
}

static int64_t stale_due(const struct watch_entry *watch, const struct rule_entry *rule)
{
    int64_t due_ns = watch->heard_ns + rule->span_ns;
    return due_ns > 0 ? due_ns : 0;
}

/* No timer to be had: it is tried again with the next value. */
static enum err stale_arm(struct alarms *alarms, uint32_t point)
{
    struct watch_entry *watch = watch_write(alarms, point);
    struct timer_view view;
    int64_t due_ns = stale_due(watch, rule_at(alarms, watch->stale));
    if (watch->timer != TIMER_NONE) {
        if (timing_look(alarms->timing, watch->timer, &view) && due_ns < view.due_ns)
            timing_move(alarms->timing, watch->timer, due_ns);
        return OK;
    }
    enum err err = timing_set(alarms->timing, TIMER_STALE, point, due_ns, &watch->timer);
    return err == ERR_LIMIT ? OK : err;
}

static enum err stale_begin(struct alarms *alarms, uint32_t point, uint32_t rule,
                            const struct cause *cause)
{
    struct watch_entry *watch;
    int64_t time_ns, arrival_ns;
    enum err err = alarms_watch_open(alarms, point, &watch);
    if (err != OK)
        return err;
    (void)points_last(alarms->points, point, &time_ns, &arrival_ns);
    watch->stale = rule;
    watch->arrival_ns = arrival_ns;
    watch->heard_ns = heard_at(alarms, arrival_ns, INT64_MIN, cause->stamp);
    return stale_arm(alarms, point);
}

static void stale_end(struct alarms *alarms, uint32_t point)
{
    struct watch_entry *watch = watch_write(alarms, point);
    timing_stop(alarms->timing, watch->timer);
    watch->timer = TIMER_NONE;
    watch->stale = 0;
    watch->heard_ns = watch->arrival_ns = 0;
}

static enum err stale_watch(struct alarms *alarms, uint32_t point, uint32_t rule,
                            const struct cause *cause)
{
    const struct watch_entry *watch = watch_at(alarms, point);
    uint32_t held = watch == NULL ? 0 : watch->stale;
    if (held == 0 && rule == 0)
        return OK;
    if (held != 0 && held != rule)
        stale_end(alarms, point);
    if (rule == 0)
        return OK;
    if (held != rule)
        return stale_begin(alarms, point, rule, cause);
    /* The alarm stands already: a timer is set when a value comes. */
    uint32_t row = alarms_row_find(alarms, rule, point);
    bool stands = row != ROW_FREE && (alarms_row_condition(row_at(alarms, row)) ||
                                      row_at(alarms, row)->pending != ALARM_SETTLED);
    return stands ? OK : stale_arm(alarms, point);
}

enum err alarms_watch_heard(struct alarms *alarms, uint32_t point, const struct cause *cause)
{
    const struct watch_entry *watch = watch_at(alarms, point);
    if (watch == NULL || watch->stale == 0 || watch->timer != TIMER_NONE)
        return OK;
    heard_look(alarms, point, cause->stamp);
    watch_write(alarms, point)->heard_ns = cause->now_ns;
    return stale_arm(alarms, point);
}

enum err alarms_watch_fired(struct alarms *alarms, const struct timer_view *timer,
                            const struct cause *cause)
{
    uint32_t point = (uint32_t)timer->owner;
    const struct watch_entry *watch = watch_at(alarms, point);
    if (watch == NULL || watch->timer != timer->timer)
        return OK;
    uint32_t stale = watch->stale;
    const struct rule_entry *rule = rule_at(alarms, stale);
    heard_look(alarms, point, cause->stamp);
    int64_t due_ns = stale_due(watch_at(alarms, point), rule);
    if (due_ns > cause->now_ns) {
        timing_move(alarms->timing, timer->timer, due_ns);
        return OK;
    }
    watch_write(alarms, point)->timer = TIMER_NONE;
    if (!rule_stands(rule))
        return OK;
    enum err err = alarms_verdict(alarms, stale, point, ALARM_TRUE, cause);
    if (err != OK || alarms_row_find(alarms, stale, point) != ROW_FREE)
        return err;
    /* There is no room for it, and no value would tell: it is looked at again. */
    err = timing_set(alarms->timing, TIMER_STALE, point, cause->now_ns + rule->span_ns,
                     &watch_write(alarms, point)->timer);
    return err == ERR_LIMIT ? OK : err;
}

/* ---- expressions -------------------------------------------------------------------------------
 */
static uint32_t *program_of(struct watch_entry *watch, bool baseline)
{
    return baseline ? &watch->baseline : &watch->expression;
}

static enum err program_watch(struct alarms *alarms, uint32_t point, bool baseline, uint32_t rule,
                              const struct cause *cause)
{
    const struct watch_entry *watch = watch_at(alarms, point);
    struct watch_entry *written;
    uint32_t held = watch == NULL ? 0 : baseline ? watch->baseline : watch->expression;
    if (held == rule)
        return OK;
    enum err err = alarms_watch_open(alarms, point, &written);
    if (err != OK)
        return err;
    *program_of(written, baseline) = rule;
    if (held != 0) {
        expressions_remove(alarms->expressions, held, point);
        alarms_instance_count(alarms, held, false);
    }
    if (rule == 0)
        return OK;
    alarms_instance_count(alarms, rule, true);
    err = expressions_add(alarms->expressions, rule, point, cause->stamp);
    if (err != ERR_LIMIT)
        return err;
    alarms_instance_count(alarms, rule, false);
    *program_of(watch_write(alarms, point), baseline) = 0;
    return OK;
}

/* ---- all of it ---------------------------------------------------------------------------------
 */
enum err alarms_watch(struct alarms *alarms, uint32_t point, const struct standing *standing,
                      const struct cause *cause)
{
    uint32_t deviation = standing->rules[RULE_DEVIATION];
    bool baseline = deviation != 0 && rule_at(alarms, deviation)->flags & RULE_HAS_PROGRAM;
    enum err err = stale_watch(alarms, point, standing->rules[RULE_STALE], cause);
    if (err == OK)
        err = alarms_reference_watch(alarms, point, baseline ? 0 : deviation);
    if (err == OK)
        err = program_watch(alarms, point, true, baseline ? deviation : 0, cause);
    if (err == OK)
        err = program_watch(alarms, point, false, standing->rules[RULE_EXPRESSION], cause);
    if (err == OK)
        err = alarms_trail_want(alarms, point, standing->rules[RULE_RATE] != 0 || deviation != 0);
    return err;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool watch_is_rule(const struct alarms *alarms, uint32_t rule, uint8_t kind, bool program)
{
    if (rule == 0)
        return true;
    if (rule > alarms->roots->rules)
        return false;
    const struct rule_entry *entry = rule_at(alarms, rule);
    return entry->kind == kind && ((entry->flags & RULE_HAS_PROGRAM) != 0) == program;
}

static bool links_are_valid(const struct alarms *alarms, uint32_t point,
                            const struct watch_entry *watch)
{
    uint32_t most = points_count(alarms->points);
    const uint32_t named[] = {watch->reference, watch->referred, watch->links.next,
                              watch->links.previous};
    for (size_t i = 0; i < ARRAY_COUNT(named); i++)
        if (named[i] > most || watch_at(alarms, named[i]) == NULL)
            return false;
    if (watch->referred != POINT_NONE &&
        (watch_at(alarms, watch->referred)->reference != point ||
         watch_at(alarms, watch->referred)->links.previous != POINT_NONE))
        return false;
    if (watch->reference == POINT_NONE)
        return watch->links.next == POINT_NONE && watch->links.previous == POINT_NONE;
    uint32_t before = watch->links.previous, next = watch->links.next;
    const struct watch_entry *of = watch_at(alarms, watch->reference);
    if (before == POINT_NONE ? of->referred != point
                             : watch_at(alarms, before)->links.next != point ||
                                   watch_at(alarms, before)->reference != watch->reference)
        return false;
    return next == POINT_NONE || (watch_at(alarms, next)->links.previous == point &&
                                  watch_at(alarms, next)->reference == watch->reference);
}

static bool trail_is_own(const struct alarms *alarms, uint32_t point,
                         const struct watch_entry *watch)
{
    if (watch->trail == TRAIL_NONE)
        return true;
    const struct trail_entry *trail;
    if (watch->trail > alarms->roots->trails ||
        watch->trail >= state_table_capacity(&alarms->trails))
        return false;
    trail = state_read(&alarms->trails, watch->trail);
    return trail->point == point && (watch->referred != POINT_NONE || watch->flags & WATCH_TRAIL);
}

static bool watch_is_valid(const struct alarms *alarms, uint32_t point,
                           const struct watch_entry *watch)
{
    struct timer_view view;
    if (!watch_is_rule(alarms, watch->stale, RULE_STALE, false) ||
        !watch_is_rule(alarms, watch->expression, RULE_EXPRESSION, true) ||
        !watch_is_rule(alarms, watch->baseline, RULE_DEVIATION, true) ||
        !watch_is_rule(alarms, watch->blind, RULE_DEVIATION, false) ||
        !trail_is_own(alarms, point, watch) || watch->flags > WATCH_FLAGS ||
        !time_is_safe(watch->heard_ns) || !links_are_valid(alarms, point, watch))
        return false;
    if (watch->timer == TIMER_NONE)
        return true;
    return watch->stale != 0 && timing_look(alarms->timing, watch->timer, &view) &&
           view.kind == TIMER_STALE && view.owner == point;
}

static enum err watches_judge(const struct alarms *alarms, uint32_t *instances, uint32_t *blind)
{
    static const struct watch_entry none;
    uint32_t points = points_count(alarms->points), timers = 0;
    for (uint32_t point = 0; point < state_table_capacity(&alarms->watches); point++) {
        const struct watch_entry *watch = watch_at(alarms, point);
        if (__builtin_memcmp(watch, &none, sizeof none) == 0)
            continue;
        if (point == 0 || point > points || !watch_is_valid(alarms, point, watch))
            return ERR_CORRUPT;
        timers += watch->timer != TIMER_NONE;
        instances[watch->expression]++;
        instances[watch->baseline]++;
        blind[watch->blind]++;
    }
    for (uint32_t rule = 1; rule <= alarms->roots->rules; rule++) {
        const struct rule_entry *entry = rule_at(alarms, rule);
        bool alone = entry->on == RULE_ON_NOTHING && entry->instances == 1;
        if (entry->instances != instances[rule] + alone || entry->blind != blind[rule])
            return ERR_CORRUPT;
    }
    return timers == timing_count(alarms->timing, TIMER_STALE) ? OK : ERR_CORRUPT;
}

enum err alarms_watches_rebuild(struct alarms *alarms)
{
    size_t rules = (size_t)alarms->roots->rules + 1;
    uint32_t *instances = calloc(rules, sizeof *instances), *blind = calloc(rules, sizeof *blind);
    enum err err = instances == NULL || blind == NULL ? ERR_NO_MEMORY
                                                      : watches_judge(alarms, instances, blind);
    free(instances);
    free(blind);
    return err;
}
