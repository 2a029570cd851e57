/* How many points each tenant has, and whether it may have more. Counted from the rows as records
 * make them, so that it is the same after a restart; what is admitted and not yet durable counts as
 * well, until it is applied or its write failed. */
#include "engine/room.h"

#include <stdlib.h>

#define TENANTS_LEAST 16u
#define TENANT_NUMBER_MAX ((uint32_t)1 << 20) /* far more than there can be */

void tenants_done(struct tenants *tenants)
{
    free(tenants->at);
    *tenants = (struct tenants){.at = NULL};
}

static bool tenants_grow(struct tenants *tenants, uint32_t tenant)
{
    uint32_t capacity = tenants->capacity ? tenants->capacity : TENANTS_LEAST;
    while (capacity <= tenant)
        capacity *= 2;
    struct tenant_points *wider = realloc(tenants->at, capacity * sizeof *wider);
    if (!wider)
        return false;
    for (uint32_t i = tenants->capacity; i < capacity; i++)
        wider[i] = (struct tenant_points){.points = 0};
    tenants->at = wider;
    tenants->capacity = capacity;
    return true;
}

struct tenant_points *tenants_of(struct tenants *tenants, uint32_t tenant)
{
    if (LIKELY(tenant < tenants->capacity))
        return &tenants->at[tenant];
    if (tenant >= TENANT_NUMBER_MAX || !tenants_grow(tenants, tenant))
        return &tenants->others;
    return &tenants->at[tenant];
}

void tenants_count(struct engine *engine)
{
    struct tenants *tenants = &engine->tenants;
    uint32_t rows = points_rows(engine->points);
    while (tenants->rows < rows) {
        struct point_row row;
        points_row(engine->points, ++tenants->rows, &row);
        tenants_of(tenants, row.tenant)->points += row.shape.count;
    }
}

void tenants_forget_waiting(struct tenants *tenants)
{
    for (uint32_t i = 0; i < tenants->capacity; i++)
        tenants->at[i].waiting = 0;
    tenants->others.waiting = 0;
}

void tenants_forget(struct tenants *tenants)
{
    for (uint32_t i = 0; i < tenants->capacity; i++)
        tenants->at[i].points = 0;
    tenants->others.points = 0;
    tenants->rows = 0;
}

/* ---- admission ---- */
/* NULL: no refusal of a tenant's own. */
static uint64_t *refused_of(struct tenant_points *of, enum admit why)
{
    switch (why) {
    case ADMIT_POINTS_MAX:
        return &of->refused_points;
    case ADMIT_POINTS_RATE:
        return &of->refused_rate;
    case ADMIT_STORAGE_MAX:
        return &of->refused_storage;
    default:
        return NULL;
    }
}

void tenants_refused(struct tenants *tenants, uint32_t tenant, enum admit why)
{
    uint64_t *refused = refused_of(tenants_of(tenants, tenant), why);
    if (refused != NULL)
        ++*refused;
}

uint64_t engine_tenant_refused(struct engine *engine, uint32_t tenant, enum admit why)
{
    const uint64_t *refused = refused_of(tenants_of(&engine->tenants, tenant), why);
    return refused != NULL ? *refused : 0;
}

static uint64_t rate_of(const struct engine *engine, const struct tenant_points *of)
{
    uint64_t rate = engine->config.points_rate;
    return of->points_rate != 0 && (rate == 0 || of->points_rate < rate) ? of->points_rate : rate;
}

enum admit tenants_judge(struct engine *engine, uint32_t tenant, uint32_t count)
{
    struct tenant_points *of = tenants_of(&engine->tenants, tenant);
    uint64_t held = (uint64_t)of->points + of->waiting, rate = rate_of(engine, of);
    if (of->points_max != 0 && held + count > of->points_max)
        return ADMIT_POINTS_MAX;
    if (rate == 0)
        return ADMIT_DONE;
    int64_t second = engine->config.clock->boot_ns(engine->config.clock) / NS_PER_S;
    if (second != of->rate_second) {
        of->rate_second = second;
        of->rate_points = 0;
    }
    return of->rate_points + count > rate ? ADMIT_POINTS_RATE : ADMIT_DONE;
}

void tenants_created(struct engine *engine, uint32_t tenant, uint32_t count)
{
    struct tenant_points *of = tenants_of(&engine->tenants, tenant);
    of->waiting += count;
    of->rate_points += count;
}

void tenants_applied(struct engine *engine, uint32_t tenant, uint32_t count)
{
    struct tenant_points *of = tenants_of(&engine->tenants, tenant);
    of->waiting -= count < of->waiting ? count : of->waiting;
}

/* ---- asking ---- */
void engine_tenant_quota(struct engine *engine, uint32_t tenant, uint64_t points_max,
                         uint64_t points_rate)
{
    struct tenant_points *of = tenants_of(&engine->tenants, tenant);
    if (of == &engine->tenants.others) /* what several share has no limit of one */
        return;
    of->points_max = points_max;
    of->points_rate = points_rate;
}

uint64_t engine_tenant_points(const struct engine *engine, uint32_t tenant)
{
    const struct tenants *tenants = &engine->tenants;
    if (tenant >= tenants->capacity)
        return 0;
    return (uint64_t)tenants->at[tenant].points + tenants->at[tenant].waiting;
}
