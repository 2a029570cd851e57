/* Profiles: limits that many points share, and who wants to be told of a point's values. */
#include "model/points/tables.h"

#include <math.h>

enum err points_profile(struct points *points, uint16_t profile,
                        const struct point_profile *content)
{
    check(profile != PROFILE_NONE);
    enum err err = state_table_grow(&points->profiles, (uint32_t)profile + 1);
    if (err != OK)
        return err;
    struct profile_entry entry = {.wins = content->wins,
                                  .otherwise = (uint8_t)(content->otherwise & ~content->wins),
                                  .each = content->each,
                                  .there = 1};
    check((entry.wins | entry.otherwise) >> LIMIT_KINDS == 0);
    for (unsigned i = 0; i < LIMIT_KINDS; i++) {
        if (!((entry.wins | entry.otherwise) & 1u << i))
            continue;
        check(isfinite(content->limits[i]));
        entry.limits[i] = content->limits[i];
    }
    *(struct profile_entry *)state_write(&points->profiles, profile) = entry;
    return OK;
}

void points_assign(struct points *points, uint32_t point, uint16_t profile)
{
    check(point > 0 && point <= points->counters->points);
    check(profile == PROFILE_NONE ||
          (profile < state_table_capacity(&points->profiles) &&
           ((const struct profile_entry *)state_read(&points->profiles, profile))->there));
    struct live_entry judged = *live_at(points, point);
    judged.profile = profile;
    live_judge(points, point, &judged);
    const struct live_entry *held = live_at(points, point);
    if (judged.profile != held->profile || judged.limit_state != held->limit_state)
        *(struct live_entry *)state_write(&points->live, point) = judged;
}

uint16_t points_profile_of(const struct points *points, uint32_t point)
{
    check(point > 0 && point <= points->counters->points);
    return live_at(points, point)->profile;
}

static void told_set(struct points *points, uint32_t point, uint8_t flag, bool told)
{
    check(point > 0 && point <= points->counters->points);
    if (!(live_at(points, point)->flags & flag) == !told)
        return;
    struct live_entry *live = state_write(&points->live, point);
    live->flags = (uint8_t)(told ? live->flags | flag : live->flags & ~flag);
}

void points_attend(struct points *points, uint32_t point, bool attended)
{
    told_set(points, point, LIVE_ATTENDED, attended);
}

void points_look(struct points *points, uint32_t point, bool looked)
{
    told_set(points, point, LIVE_LOOKED, looked);
}
