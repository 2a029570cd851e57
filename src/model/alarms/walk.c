/* What changes on points when rules, assets or the points themselves do: at once for one point, by
 * a walk over all of them for what may reach many. Its place is part of the state. */
#include "model/alarms/tables.h"

/* What a point costs of a piece of the walk, beside 1 for looking at it. */
#define COST_ASSIGNED 2
#define COST_PROGRAM 12
#define COMPARED_FOR_1 8 /* patterns */

/* ---- one point ---------------------------------------------------------------------------------
 */
static enum err profile_find(struct alarms *alarms, uint32_t point, const struct standing *standing,
                             unsigned *cost)
{
    uint16_t before = points_profile_of(alarms->points, point), now;
    enum err err = alarms_profile_take(alarms, standing, &now);
    if (err == OK)
        err = alarms_profile_give(alarms, before);
    if (err != OK)
        return err;
    if (now != before)
        *cost += COST_ASSIGNED;
    if (now != PROFILE_NONE || before != PROFILE_NONE)
        points_assign(alarms->points, point, now);
    return OK;
}

static enum err rows_find(struct alarms *alarms, uint32_t point, const struct standing *standing,
                          const struct cause *cause)
{
    enum err err = OK;
    for (uint32_t row = first_row_of(alarms, point), next; err == OK && row != ROW_FREE;
         row = next) {
        const struct row_entry *entry = row_at(alarms, row);
        next = entry->of_point.next;
        if (standing->rules[rule_at(alarms, entry->rule)->kind] == entry->rule) {
            err = alarms_row_rule_changed(alarms, row, cause);
            continue;
        }
        err = alarms_row_step(alarms, row, ALARM_RULE_REMOVED, cause, NULL);
        if (err == OK)
            err = alarms_row_release(alarms, row);
    }
    return err;
}

static unsigned programs_of(const struct alarms *alarms, uint32_t point)
{
    const struct watch_entry *watch = watch_at(alarms, point);
    return watch == NULL ? 0 : watch->expression ^ (watch->baseline * 31);
}

static enum err point_find(struct alarms *alarms, uint32_t point, const struct record_stamp *stamp,
                           unsigned *cost)
{
    struct standing standing = {0};
    struct cause cause = cause_of(stamp);
    unsigned programs = programs_of(alarms, point);
    alarms_standing(alarms, point, &standing);
    *cost += standing.compared / COMPARED_FOR_1;
    enum err err = profile_find(alarms, point, &standing, cost);
    if (err == OK)
        err = rows_find(alarms, point, &standing, &cause);
    if (err == OK)
        err = alarms_watch(alarms, point, &standing, &cause);
    *cost += programs_of(alarms, point) == programs ? 0 : COST_PROGRAM;
    if (err == OK)
        err = alarms_program_judge(alarms, standing.rules[RULE_DEVIATION], point, stamp);
    if (err == OK)
        err = alarms_program_judge(alarms, standing.rules[RULE_EXPRESSION], point, stamp);
    return err == OK ? alarms_judge_held(alarms, point, stamp) : err;
}

enum err alarms_point_find(struct alarms *alarms, uint32_t point, const struct record_stamp *stamp)
{
    unsigned cost = 0;
    return point_find(alarms, point, stamp, &cost);
}

enum err alarms_point_changed(struct alarms *alarms, uint32_t point,
                              const struct record_stamp *stamp)
{
    uint32_t row;
    check(point > 0 && point <= points_count(alarms->points));
    if (alarms_of_point(alarms, point, &row, 1) > 0)
        alarms->rows_changed++; /* it may have another path */
    bool all;
    enum err err = alarms_reference_drop(alarms, point, stamp, &all);
    if (!all)
        alarms_walk_begin(alarms);
    return err == OK ? alarms_point_find(alarms, point, stamp) : err;
}

enum err alarms_point_erased(struct alarms *alarms, uint32_t point, int64_t from_ns, int64_t to_ns,
                             const struct record_stamp *stamp)
{
    check(point > 0 && point <= points_count(alarms->points));
    struct cause cause = cause_of(stamp);
    alarms_trail_forget(alarms, point, from_ns, to_ns);
    return alarms_judge_referred(alarms, point, &cause);
}

/* ---- all of them -------------------------------------------------------------------------------
 */
void alarms_walk_begin(struct alarms *alarms)
{
    uint32_t points = points_count(alarms->points);
    if (alarms->roots->walk_left == points)
        return;
    roots_write(alarms)->walk_left = points;
}

/* A metric may be another point now: who names it learns of it when the walk comes to him. */
void alarms_assets_changed(struct alarms *alarms)
{
    alarms_walk_begin(alarms);
    roots_write(alarms)->walk_programs = (uint32_t)alarms->roots->walk_left;
}

uint64_t alarms_walk_left(const struct alarms *alarms)
{
    return alarms->roots->walk_left;
}

static enum err programs_look(struct alarms *alarms, uint32_t point,
                              const struct record_stamp *stamp, unsigned *cost)
{
    if (alarms->roots->walk_programs == 0)
        return OK;
    roots_write(alarms)->walk_programs--;
    if (programs_of(alarms, point) == 0)
        return OK;
    *cost += COST_PROGRAM;
    return expressions_point_changed(alarms->expressions, point, stamp);
}

enum err alarms_walk(struct alarms *alarms, const struct record_stamp *stamp)
{
    unsigned cost = 0;
    enum err err = OK;
    alarms_watch_clock(alarms, stamp);
    while (err == OK && alarms->roots->walk_left > 0 && cost < ALARMS_WALK_POINTS) {
        struct roots_entry *roots = roots_write(alarms);
        uint32_t point = roots->walk_at < points_count(alarms->points) ? roots->walk_at + 1 : 1;
        roots->walk_at = point;
        roots->walk_left--;
        cost++;
        err = point_find(alarms, point, stamp, &cost);
        if (err == OK)
            err = programs_look(alarms, point, stamp, &cost);
    }
    return err;
}
