/* Policies: what is kept of a point, and for how long. Jobs hold the table they began with; a
 * change meanwhile goes into a copy. */
#include "history/room.h"

#include <stdlib.h>
#include <string.h>

void policies_release(struct policies *policies)
{
    if (policies == NULL || atomic_fetch_sub(&policies->holds, 1) != 1)
        return;
    free(policies->at);
    free(policies->of_point);
    free(policies->deadband);
    free(policies->type);
    free(policies->row_columns);
    free(policies->first_point);
    free(policies);
}

static struct policies *policies_make(const struct history_policy *at, uint32_t count)
{
    struct policies *policies = calloc(1, sizeof *policies);
    if (policies == NULL)
        return NULL;
    atomic_init(&policies->holds, 1);
    policies->at = calloc(count, sizeof *policies->at);
    if (policies->at == NULL) {
        policies_release(policies);
        return NULL;
    }
    memcpy(policies->at, at, count * sizeof *at);
    policies->count = count;
    for (uint32_t i = 0; i < count; i++) {
        policies->deadbands |= at[i].deadband > 0;
        policies->retentions |= at[i].retention_ns > 0;
        for (size_t tier = PART_MINUTE; tier < PART_TIERS; tier++) {
            policies->rollups |= at[i].rollup[tier];
            policies->retentions |= at[i].rollup_retention_ns[tier] > 0;
        }
    }
    return policies;
}

struct policies *policies_create(void)
{
    struct history_policy keep = {0};
    return policies_make(&keep, 1);
}

static void *array_copy(const void *from, size_t count, size_t size)
{
    void *copy = malloc(count * size + 1);
    if (copy != NULL && count > 0)
        memcpy(copy, from, count * size);
    return copy;
}

static struct policies *policies_copy(const struct policies *from, const struct history_policy *at,
                                      uint32_t count)
{
    struct policies *copy = policies_make(at, count);
    if (copy == NULL)
        return NULL;
    copy->of_point = array_copy(from->of_point, from->points, sizeof *from->of_point);
    copy->deadband = array_copy(from->deadband, from->points, sizeof *from->deadband);
    copy->first_point = array_copy(from->first_point, from->rows, sizeof *from->first_point);
    copy->type = array_copy(from->type, from->points, sizeof *from->type);
    copy->row_columns = array_copy(from->row_columns, from->rows, sizeof *from->row_columns);
    if (copy->type == NULL || copy->row_columns == NULL || copy->of_point == NULL ||
        copy->deadband == NULL || copy->first_point == NULL) {
        policies_release(copy);
        return NULL;
    }
    copy->deadbands |= from->deadbands;
    copy->points = from->points;
    copy->rows = from->rows;
    for (uint32_t i = 0; i < copy->points; i++)
        if (copy->of_point[i] >= count)
            copy->of_point[i] = 0;
    return copy;
}

static void policies_replace(struct history *history, struct policies *policies)
{
    policies_release(history->policies);
    history->policies = policies;
}

enum err history_policies(struct history *history, const struct history_policy *policies,
                          uint32_t count)
{
    check(count <= HISTORY_POLICIES_MAX + 1);
    struct history_policy all[HISTORY_POLICIES_MAX + 1] = {{0}};
    if (count > 1)
        memcpy(all + 1, policies + 1, (count - 1) * sizeof *policies);
    struct policies *copy = policies_copy(history->policies, all, count > 0 ? count : 1);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    /* Indices of the table before mean other policies now. */
    if (copy->points > 0) {
        memset(copy->of_point, 0, copy->points * sizeof *copy->of_point);
        memset(copy->deadband, 0, copy->points * sizeof *copy->deadband);
    }
    history->assigning = copy->count > 1;
    policies_replace(history, copy);
    return OK;
}

/* Room for so many, the new ones 0; *count grows to a step beyond. */
static enum err array_grow(void **array, uint32_t *count, uint32_t wanted, size_t size)
{
    if (wanted <= *count)
        return OK;
    uint32_t more = wanted + wanted / 4 + 1024;
    uint8_t *grown = realloc(*array, (size_t)more * size);
    if (grown == NULL)
        return ERR_NO_MEMORY;
    memset(grown + (size_t)*count * size, 0, (size_t)(more - *count) * size);
    *array = grown;
    *count = more;
    return OK;
}

static enum err policies_grow(struct policies *policies, uint32_t points, uint32_t rows)
{
    uint32_t had = policies->points, had_types = policies->points, had_rows = policies->rows;
    void *of_point = policies->of_point, *deadband = policies->deadband, *type = policies->type,
         *row_columns = policies->row_columns, *first_point = policies->first_point;
    enum err err = array_grow(&deadband, &had, points, sizeof *policies->deadband);
    policies->deadband = deadband;
    if (err == OK)
        err = array_grow(&type, &had_types, points, sizeof *policies->type);
    policies->type = type;
    if (err == OK)
        err = array_grow(&row_columns, &had_rows, rows, sizeof *policies->row_columns);
    policies->row_columns = row_columns;
    if (err == OK)
        err = array_grow(&of_point, &policies->points, points, sizeof *policies->of_point);
    policies->of_point = of_point;
    if (err == OK)
        err = array_grow(&first_point, &policies->rows, rows, sizeof *policies->first_point);
    policies->first_point = first_point;
    return err;
}

enum err history_assign(struct history *history, const struct row_shape *shape, uint16_t column,
                        uint8_t type, uint16_t policy, double deadband)
{
    struct policies *policies = history->policies;
    uint32_t point = shape->first_point + column;
    check(policy < policies->count && column < shape->count);
    bool there = point < policies->points && shape->row < policies->rows;
    if (policy == 0 && (point >= policies->points ||
                        (policies->of_point[point] == 0 && !(policies->deadband[point] > 0))))
        return OK;
    if (there && policies->of_point[point] == policy && policies->type[point] == type &&
        !(policies->deadband[point] < deadband) && !(policies->deadband[point] > deadband) &&
        policies->row_columns[shape->row] == shape->count &&
        policies->first_point[shape->row] == shape->first_point)
        return OK;
    if (atomic_load(&policies->holds) > 1) {
        policies = policies_copy(policies, policies->at, policies->count);
        if (policies == NULL)
            return ERR_NO_MEMORY;
        policies_replace(history, policies);
    }
    enum err err = policies_grow(policies, point + 1, shape->row + 1);
    if (err != OK)
        return err;
    policies->of_point[point] = policy;
    policies->deadband[point] = deadband;
    policies->type[point] = type;
    policies->row_columns[shape->row] = shape->count;
    policies->deadbands |= deadband > 0;
    policies->first_point[shape->row] = shape->first_point;
    return OK;
}
