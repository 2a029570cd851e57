/* Trails: the newest few values of a point that a rate or a deviation stands on, or that others
 * deviate from, in the order of their times, so that a late value finds what was beside it. What
 * the trail holds is whole from its oldest value on: nothing that came in between is missing. */
#include "model/alarms/judging.h"

#include <stdlib.h>

static const struct trail_entry *trail_at(const struct alarms *alarms, uint32_t trail)
{
    return state_read(&alarms->trails, trail);
}

static struct trail_entry *trail_write(struct alarms *alarms, uint32_t trail)
{
    return state_write(&alarms->trails, trail);
}

/* The i-th newest. */
static unsigned place_of(const struct trail_entry *trail, unsigned i)
{
    return (trail->newest + TRAIL_VALUES - i) % TRAIL_VALUES;
}

/* How many are newer. */
static unsigned newer_than(const struct trail_entry *trail, int64_t time_ns)
{
    unsigned i = 0;
    while (i < trail->count && trail->values[place_of(trail, i)].time_ns > time_ns)
        i++;
    return i;
}

/* Into its place by time; one of the same time takes the place of the other. What is older than
 * all that is held is not kept: what lay between is not known. */
static void trail_put(struct trail_entry *trail, const struct trail_value *value)
{
    unsigned at = newer_than(trail, value->time_ns);
    if (at < trail->count && trail->values[place_of(trail, at)].time_ns == value->time_ns) {
        trail->values[place_of(trail, at)] = *value;
        return;
    }
    if (at == trail->count && trail->count > 0)
        return;
    trail->newest = (uint8_t)((trail->newest + 1) % TRAIL_VALUES);
    trail->count = (uint8_t)(trail->count < TRAIL_VALUES ? trail->count + 1 : TRAIL_VALUES);
    for (unsigned i = 0; i < at; i++)
        trail->values[place_of(trail, i)] = trail->values[place_of(trail, i + 1)];
    trail->values[place_of(trail, at)] = *value;
}

/* ---- coming and going --------------------------------------------------------------------------
 */
static struct trail_value trail_value_of(const struct alarms *alarms, uint32_t point,
                                         const struct alarm_value *value)
{
    const struct watch_entry *watch = watch_at(alarms, point);
    struct trail_value out = {value->time_ns, (double)NAN, (double)NAN};
    double mean;
    if (value->known && isfinite(value->value))
        out.value = value->value;
    if (watch->baseline != 0 &&
        expressions_mean(alarms->expressions, watch->baseline, point, value->time_ns, &mean) &&
        isfinite(mean))
        out.baseline = mean;
    return out;
}

static uint32_t tenant_of(const struct alarms *alarms, uint32_t point)
{
    struct point_row row;
    points_row(alarms->points, points_row_of(alarms->points, point), &row);
    return row.tenant;
}

/* There is room for one more. */
static struct trail_entry *trail_take(struct alarms *alarms, uint32_t point,
                                      struct tenant_entry *own)
{
    struct roots_entry *roots = roots_write(alarms);
    uint32_t at = roots->trails_free;
    if (at == TRAIL_NONE)
        at = ++roots->trails;
    else
        roots->trails_free = trail_at(alarms, at)->next_free;
    roots->trails_live++;
    own->trails++;
    struct trail_entry *trail = trail_write(alarms, at);
    *trail = (struct trail_entry){.point = point};
    watch_write(alarms, point)->trail = at;
    return trail;
}

/* No room for one more: late values of the point are too late to judge. */
enum err alarms_trail_begin(struct alarms *alarms, uint32_t point)
{
    int64_t time_ns, arrival_ns;
    struct tenant_entry *own;
    uint32_t tenant = tenant_of(alarms, point);
    if (watch_at(alarms, point)->trail != TRAIL_NONE)
        return OK;
    enum err err = alarms_tenant(alarms, tenant, &own);
    if (err == OK)
        err = state_table_grow(&alarms->trails, alarms->roots->trails + 2);
    if (err != OK ||
        !share_allows(tenant, own->trails, alarms->roots->trails_live, alarms->limits.trails_max))
        return err;
    struct trail_entry *trail = trail_take(alarms, point, own);
    struct value value = points_last(alarms->points, point, &time_ns, &arrival_ns);
    struct alarm_value held = alarms_value(&value, time_ns);
    struct trail_value first = trail_value_of(alarms, point, &held);
    if (time_ns != 0 || arrival_ns != 0)
        trail_put(trail, &first);
    return OK;
}

static void trail_end(struct alarms *alarms, uint32_t point)
{
    struct roots_entry *roots = roots_write(alarms);
    struct watch_entry *watch = watch_write(alarms, point);
    struct tenant_entry *own = state_write(&alarms->tenants, tenant_of(alarms, point));
    own->trails--;
    roots->trails_live--;
    *trail_write(alarms, watch->trail) = (struct trail_entry){.next_free = roots->trails_free};
    roots->trails_free = watch->trail;
    watch->trail = TRAIL_NONE;
}

void alarms_trail_settle(struct alarms *alarms, uint32_t point)
{
    const struct watch_entry *watch = watch_at(alarms, point);
    if (watch->trail != TRAIL_NONE && watch->referred == POINT_NONE &&
        !(watch->flags & WATCH_TRAIL))
        trail_end(alarms, point);
}

enum err alarms_trail_want(struct alarms *alarms, uint32_t point, bool wanted)
{
    struct watch_entry *watch;
    const struct watch_entry *held = watch_at(alarms, point);
    bool before = held != NULL && held->flags & WATCH_TRAIL;
    if (!before && !wanted)
        return OK;
    if (before && wanted)
        return alarms_trail_begin(alarms, point);
    enum err err = alarms_watch_open(alarms, point, &watch);
    if (err != OK)
        return err;
    watch->flags ^= WATCH_TRAIL;
    if (wanted)
        return alarms_trail_begin(alarms, point);
    alarms_trail_settle(alarms, point);
    return OK;
}

/* ---- values ------------------------------------------------------------------------------------
 */
void alarms_trail_take(struct alarms *alarms, uint32_t point, const struct alarm_value *value)
{
    const struct watch_entry *watch = watch_at(alarms, point);
    if (watch->trail == TRAIL_NONE)
        return;
    struct trail_value taken = trail_value_of(alarms, point, value);
    trail_put(trail_write(alarms, watch->trail), &taken);
}

void alarms_trail_take_late(struct alarms *alarms, uint32_t point, const struct alarm_value *value,
                            double baseline)
{
    const struct watch_entry *watch = watch_at(alarms, point);
    if (watch == NULL || watch->trail == TRAIL_NONE)
        return;
    struct trail_entry *trail = trail_write(alarms, watch->trail);
    struct trail_value taken = {value->time_ns, (double)NAN, baseline};
    if (value->known && isfinite(value->value))
        taken.value = value->value;
    trail_put(trail, &taken);
    trail->late = taken;
    trail->has_late = 1;
}

static const struct trail_entry *trail_of(const struct alarms *alarms, uint32_t point)
{
    static const struct trail_entry none;
    const struct watch_entry *watch = watch_at(alarms, point);
    return watch == NULL || watch->trail == TRAIL_NONE ? &none : trail_at(alarms, watch->trail);
}

bool alarms_trail_before(const struct alarms *alarms, uint32_t point, int64_t time_ns,
                         struct trail_value *ret_value)
{
    const struct trail_entry *trail = trail_of(alarms, point);
    unsigned at = newer_than(trail, time_ns);
    if (at < trail->count && trail->values[place_of(trail, at)].time_ns == time_ns)
        at++;
    bool held = at < trail->count, late = trail->has_late && trail->late.time_ns < time_ns;
    if (held || late)
        *ret_value = held ? trail->values[place_of(trail, at)] : trail->late;
    return held || late;
}

bool alarms_trail_then(const struct alarms *alarms, uint32_t point, int64_t time_ns,
                       struct alarm_value *ret_value)
{
    const struct trail_entry *trail = trail_of(alarms, point);
    unsigned at = newer_than(trail, time_ns);
    bool held = at < trail->count, late = trail->has_late && trail->late.time_ns == time_ns;
    if (!held && !late)
        return false;
    const struct trail_value *then = held ? &trail->values[place_of(trail, at)] : &trail->late;
    *ret_value = (struct alarm_value){then->value, isfinite(then->value) != 0, then->time_ns};
    return true;
}

void alarms_trail_forget(struct alarms *alarms, uint32_t point, int64_t from_ns, int64_t to_ns)
{
    const struct watch_entry *watch = watch_at(alarms, point);
    if (watch == NULL || watch->trail == TRAIL_NONE)
        return;
    struct trail_entry *trail = trail_write(alarms, watch->trail);
    for (unsigned i = 0; i < trail->count; i++) {
        struct trail_value *value = &trail->values[place_of(trail, i)];
        if (value->time_ns >= from_ns && value->time_ns < to_ns)
            value->value = value->baseline = (double)NAN;
    }
    if (trail->has_late && trail->late.time_ns >= from_ns && trail->late.time_ns < to_ns) {
        trail->late = (struct trail_value){0};
        trail->has_late = 0;
    }
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool trail_is_valid(const struct alarms *alarms, uint32_t at,
                           const struct trail_entry *trail)
{
    if (trail->point > points_count(alarms->points) || watch_at(alarms, trail->point) == NULL ||
        watch_at(alarms, trail->point)->trail != at || trail->count > TRAIL_VALUES ||
        trail->newest >= TRAIL_VALUES || trail->has_late > 1)
        return false;
    for (unsigned i = 1; i < trail->count; i++)
        if (trail->values[place_of(trail, i)].time_ns >=
            trail->values[place_of(trail, i - 1)].time_ns)
            return false;
    return true;
}

/* of_tenant: how many each has. */
static enum err trails_judge(const struct alarms *alarms, uint32_t *of_tenant, uint32_t tenants)
{
    uint32_t trails = alarms->roots->trails, free_count = 0, count = 0;
    for (uint32_t at = 1; at <= trails; at++) {
        const struct trail_entry *trail = trail_at(alarms, at);
        free_count += trail->point == POINT_NONE;
        if (trail->point == POINT_NONE)
            continue;
        if (!trail_is_valid(alarms, at, trail) || tenant_of(alarms, trail->point) >= tenants)
            return ERR_CORRUPT;
        of_tenant[tenant_of(alarms, trail->point)]++;
    }
    for (uint32_t at = alarms->roots->trails_free; at != TRAIL_NONE;
         at = trail_at(alarms, at)->next_free)
        if (at > trails || count++ == free_count || trail_at(alarms, at)->point != POINT_NONE)
            return ERR_CORRUPT;
    for (uint32_t tenant = 0; tenant < tenants; tenant++)
        if (alarms_tenant_at(alarms, tenant)->trails != of_tenant[tenant])
            return ERR_CORRUPT;
    return count == free_count && alarms->roots->trails_live == trails - free_count ? OK
                                                                                    : ERR_CORRUPT;
}

enum err alarms_trails_rebuild(struct alarms *alarms)
{
    uint32_t trails = alarms->roots->trails, tenants = state_table_capacity(&alarms->tenants);
    if (trails > alarms->limits.trails_max)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&alarms->trails, trails + 1);
    uint32_t *of_tenant = calloc((size_t)tenants + 1, sizeof *of_tenant);
    if (err == OK)
        err = of_tenant == NULL ? ERR_NO_MEMORY : trails_judge(alarms, of_tenant, tenants);
    free(of_tenant);
    return err;
}
