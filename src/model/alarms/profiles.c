/* Profiles: which rules stand on a point, one of each kind, and which limits its type gives it.
 * Points that have the same share one; when there are too many different ones, the points that find
 * none are in one that wants each value, and whose rules are looked up each time. */
#include "model/alarms/tables.h"

#include <stdlib.h>
#include <string.h>

/* ---- finding one -------------------------------------------------------------------------------
 */
struct profile_key {
    double limits[LIMIT_KINDS];
    uint32_t rules[RULE_POINT_KINDS];
    uint32_t mask;
};
_Static_assert(sizeof(struct profile_key) == 72, "no padding: it is hashed");

static uint64_t key_hash(const struct profile_entry *profile)
{
    struct profile_key key = {.mask = profile->limit_mask};
    memcpy(key.limits, profile->limits, sizeof key.limits);
    memcpy(key.rules, profile->rules, sizeof key.rules);
    return hash64(&key, sizeof key, 0);
}

static bool keys_are_equal(const struct profile_entry *a, const struct profile_entry *b)
{
    return memcmp(a->limits, b->limits, sizeof a->limits) == 0 &&
           memcmp(a->rules, b->rules, sizeof a->rules) == 0 && a->limit_mask == b->limit_mask;
}

static uint32_t profile_find(const struct alarms *alarms, const struct profile_entry *wanted,
                             uint64_t hash)
{
    struct index_probe probe;
    for (uint32_t at = index_first(alarms->profiles_of, &probe, hash); at != INDEX_NONE;
         at = index_next(alarms->profiles_of, &probe))
        if (keys_are_equal(profile_at(alarms, at), wanted))
            return at;
    return PROFILE_NONE;
}

/* ---- what points are told of it ----------------------------------------------------------------
 */
static const uint8_t limit_rules[LIMIT_KINDS] = {[LIMIT_LOW_LOW] = RULE_LOW_LOW,
                                                 [LIMIT_LOW] = RULE_LOW,
                                                 [LIMIT_HIGH] = RULE_HIGH,
                                                 [LIMIT_HIGH_HIGH] = RULE_HIGH_HIGH};

static bool wants_each(const struct alarms *alarms, const struct profile_entry *profile)
{
    static const uint8_t kinds[] = {RULE_RATE, RULE_DEVIATION, RULE_STATE};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        uint32_t rule = profile->rules[kinds[i]];
        if (rule != 0 && rule_stands(rule_at(alarms, rule)) &&
            !(rule_at(alarms, rule)->flags & RULE_HAS_PROGRAM))
            return true;
    }
    return false;
}

/* A limit state is the first that holds: when limits cross, it hides what holds behind it. */
static bool limits_cross(const struct point_profile *content)
{
    double last = -INFINITY;
    for (unsigned i = 0; i < LIMIT_KINDS; i++) {
        if (!((content->wins | content->otherwise) >> i & 1))
            continue;
        if (content->limits[i] < last)
            return true;
        last = content->limits[i];
    }
    return false;
}

static enum err profile_tell(struct alarms *alarms, uint16_t number)
{
    const struct profile_entry *profile = profile_at(alarms, number);
    struct point_profile content = {.each = wants_each(alarms, profile)};
    for (unsigned i = 0; i < LIMIT_KINDS; i++) {
        uint32_t number_of = profile->rules[limit_rules[i]];
        const struct rule_entry *rule = number_of == 0 ? NULL : rule_at(alarms, number_of);
        if (rule != NULL && rule_stands(rule) && rule->flags & RULE_HAS_LIMIT) {
            content.limits[i] = rule->limit;
            content.wins |= (uint8_t)(1u << i);
        } else if (profile->limit_mask >> i & 1) {
            content.limits[i] = profile->limits[i];
            content.otherwise |= (uint8_t)(1u << i);
        }
    }
    content.each = content.each || limits_cross(&content);
    return points_profile(alarms->points, number, &content);
}

/* The limit of one kind, where the rule of that kind, or 0, stands. */
static struct limit_in_force limit_find(const struct alarms *alarms,
                                        const struct standing *standing,
                                        const struct point_view *view, unsigned kind)
{
    uint32_t rule = standing->rules[limit_rules[kind]];
    const struct rule_entry *entry = rule == 0 ? NULL : rule_at(alarms, rule);
    if (entry != NULL && entry->flags & RULE_HAS_LIMIT)
        return (struct limit_in_force){entry->limit, rule, LIMIT_FROM_RULE};
    if (!isnan(view->limits[kind]))
        return (struct limit_in_force){view->limits[kind], rule, LIMIT_FROM_POINT};
    if (standing->limit_mask >> kind & 1)
        return (struct limit_in_force){standing->limits[kind], rule, LIMIT_FROM_TYPE};
    return (struct limit_in_force){(double)NAN, 0, LIMIT_FROM_NONE};
}

void alarms_limits_in_force(const struct alarms *alarms, uint32_t point,
                            struct limit_in_force ret_limits[LIMIT_KINDS])
{
    struct standing standing = {0};
    struct point_view view;
    points_view(alarms->points, point, &view);
    bool number = view.value.type == VALUE_FLOAT64 || view.value.type == VALUE_INT64;
    if (number) /* nothing else is held against limits */
        alarms_standing(alarms, point, &standing);
    for (unsigned kind = 0; kind < LIMIT_KINDS; kind++)
        ret_limits[kind] = limit_find(alarms, &standing, &view, kind);
}

enum err alarms_profiles_refresh(struct alarms *alarms, uint32_t rule)
{
    uint8_t kind = rule_at(alarms, rule)->kind;
    enum err err = OK;
    if (kind >= RULE_POINT_KINDS)
        return OK;
    for (uint32_t at = 1; err == OK && at <= alarms->roots->profiles; at++)
        if (profile_at(alarms, at)->rules[kind] == rule)
            err = profile_tell(alarms, (uint16_t)at);
    return err;
}

/* ---- taking and giving -------------------------------------------------------------------------
 */
static void rules_count(struct alarms *alarms, const struct profile_entry *profile, bool more)
{
    for (unsigned kind = 0; kind < RULE_POINT_KINDS; kind++)
        if (profile->rules[kind] != 0)
            rule_write(alarms, profile->rules[kind])->points += more ? 1 : UINT32_MAX;
}

static enum err shared_take(struct alarms *alarms, uint16_t *ret_profile)
{
    const struct point_profile content = {.each = true};
    *ret_profile = PROFILE_SHARED;
    return points_profile(alarms->points, PROFILE_SHARED, &content);
}

static enum err profile_new(struct alarms *alarms, const struct profile_entry *wanted,
                            uint64_t hash, uint16_t *ret_profile)
{
    uint32_t at = alarms->roots->profiles_free;
    if (at == 0 && alarms->roots->profiles >= alarms->limits.profiles_max)
        return shared_take(alarms, ret_profile);
    enum err err = OK;
    if (at == 0)
        err = state_table_grow(&alarms->profiles, alarms->roots->profiles + 2);
    if (err == OK)
        err = index_insert(alarms->profiles_of, hash, at != 0 ? at : alarms->roots->profiles + 1);
    if (err != OK)
        return err;
    struct roots_entry *roots = roots_write(alarms);
    if (at == 0)
        at = ++roots->profiles;
    else
        roots->profiles_free = profile_at(alarms, at)->next_free;
    *(struct profile_entry *)state_write(&alarms->profiles, at) = *wanted;
    *ret_profile = (uint16_t)at;
    return profile_tell(alarms, (uint16_t)at);
}

enum err alarms_profile_take(struct alarms *alarms, const struct standing *standing,
                             uint16_t *ret_profile)
{
    struct profile_entry wanted = {.limit_mask = standing->limit_mask};
    memcpy(wanted.limits, standing->limits, sizeof wanted.limits);
    memcpy(wanted.rules, standing->rules, sizeof wanted.rules);
    *ret_profile = PROFILE_NONE;
    bool any = standing->limit_mask != 0;
    for (unsigned kind = 0; kind < RULE_POINT_KINDS; kind++)
        any = any || standing->rules[kind] != 0;
    if (!any)
        return OK;
    uint64_t hash = key_hash(&wanted);
    uint16_t at = (uint16_t)profile_find(alarms, &wanted, hash);
    enum err err = OK;
    if (at == PROFILE_NONE)
        err = profile_new(alarms, &wanted, hash, &at);
    if (err != OK)
        return err;
    *ret_profile = at;
    if (at == PROFILE_SHARED)
        return OK;
    struct profile_entry *profile = state_write(&alarms->profiles, at);
    profile->users++;
    rules_count(alarms, profile, true);
    return OK;
}

enum err alarms_profile_give(struct alarms *alarms, uint16_t number)
{
    if (number == PROFILE_NONE || number == PROFILE_SHARED)
        return OK;
    struct profile_entry *profile = state_write(&alarms->profiles, number);
    rules_count(alarms, profile, false);
    if (--profile->users > 0)
        return OK;
    enum err err = index_remove(alarms->profiles_of, key_hash(profile), number);
    if (err != OK)
        return err;
    *profile = (struct profile_entry){.next_free = alarms->roots->profiles_free};
    roots_write(alarms)->profiles_free = number;
    return OK;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool profile_is_valid(const struct alarms *alarms, const struct profile_entry *profile)
{
    bool any = profile->limit_mask != 0;
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        if (!isfinite(profile->limits[i]) || profile->limit_mask >> LIMIT_KINDS != 0)
            return false;
    for (unsigned kind = 0; kind < RULE_POINT_KINDS; kind++) {
        uint32_t rule = profile->rules[kind];
        any = any || rule != 0;
        if (rule > alarms->roots->rules || (rule != 0 && rule_at(alarms, rule)->kind != kind))
            return false;
    }
    return any;
}

static enum err profiles_free_judge(const struct alarms *alarms, uint32_t free_count)
{
    uint32_t at = alarms->roots->profiles_free, count = 0;
    while (at != 0) {
        if (at > alarms->roots->profiles || count++ == free_count ||
            profile_at(alarms, at)->users != 0)
            return ERR_CORRUPT;
        at = profile_at(alarms, at)->next_free;
    }
    return count == free_count ? OK : ERR_CORRUPT;
}

/* What points say of their profiles has to be what profiles say of their users, and rules of their
 * points: or a count would run below 0 one day. */
static enum err users_judge(struct alarms *alarms, uint32_t *users, uint32_t *points_of)
{
    for (uint32_t point = 1; point <= points_count(alarms->points); point++) {
        uint16_t number = points_profile_of(alarms->points, point);
        if (number == PROFILE_NONE || number == PROFILE_SHARED)
            continue;
        if (number > alarms->roots->profiles)
            return ERR_CORRUPT;
        users[number]++;
    }
    for (uint32_t at = 1; at <= alarms->roots->profiles; at++) {
        const struct profile_entry *profile = profile_at(alarms, at);
        if (profile->users != users[at])
            return ERR_CORRUPT;
        for (unsigned kind = 0; kind < RULE_POINT_KINDS && profile->users > 0; kind++)
            points_of[profile->rules[kind]] += profile->users;
    }
    for (uint32_t rule = 1; rule <= alarms->roots->rules; rule++)
        if (rule_at(alarms, rule)->points != points_of[rule])
            return ERR_CORRUPT;
    return OK;
}

static enum err users_rebuild(struct alarms *alarms)
{
    uint32_t *users = calloc((size_t)alarms->roots->profiles + 1, sizeof *users);
    uint32_t *points_of = calloc((size_t)alarms->roots->rules + 1, sizeof *points_of);
    enum err err =
        users == NULL || points_of == NULL ? ERR_NO_MEMORY : users_judge(alarms, users, points_of);
    free(users);
    free(points_of);
    return err;
}

enum err alarms_profiles_rebuild(struct alarms *alarms)
{
    uint32_t free_count = 0;
    if (alarms->roots->profiles > alarms->limits.profiles_max)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&alarms->profiles, alarms->roots->profiles + 1);
    for (uint32_t at = 1; err == OK && at <= alarms->roots->profiles; at++) {
        const struct profile_entry *profile = profile_at(alarms, at);
        if (profile->users == 0) {
            free_count++;
            continue;
        }
        if (!profile_is_valid(alarms, profile) ||
            profile_find(alarms, profile, key_hash(profile)) != PROFILE_NONE)
            return ERR_CORRUPT;
        err = index_insert(alarms->profiles_of, key_hash(profile), at);
    }
    if (err == OK)
        err = profiles_free_judge(alarms, free_count);
    return err == OK ? users_rebuild(alarms) : err;
}
