/* Buckets of a range: where each begins. Calendar edges are made once for a range: from 1970 to
 * 2200 there are no more than 84,000 days. */
#include "query/grid.h"

#include <stdlib.h>

#define S_PER_DAY INT64_C(86400)
__extension__ typedef __int128 wide;

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* ---- the calendar -----------------------------------------------------------------------------
 */
/* Number of the step that a local day lies in, and the first day of a step. */
static int64_t step_of_day(const struct query_step *step, int64_t day)
{
    int64_t year, month, date;
    switch (step->unit) {
    case QUERY_WEEK:
        return floor_divide(day + 3, 7 * step->count); /* 1969-12-29 was a Monday */
    case QUERY_MONTH:
        zone_date(day, &year, &month, &date);
        return floor_divide(year * 12 + month - 1, step->count);
    case QUERY_YEAR:
        zone_date(day, &year, &month, &date);
        return floor_divide(year, step->count);
    default:
        return floor_divide(day, step->count);
    }
}

static int64_t day_of_step(const struct query_step *step, int64_t number)
{
    int64_t first = number * step->count;
    switch (step->unit) {
    case QUERY_WEEK:
        return first * 7 - 3;
    case QUERY_MONTH:
        return zone_days(floor_divide(first, 12), first - floor_divide(first, 12) * 12 + 1, 1);
    case QUERY_YEAR:
        return zone_days(first, 1, 1);
    default:
        return first;
    }
}

static int64_t step_begin_ns(const struct query_step *step, const struct zone *zone, int64_t number)
{
    int64_t utc_s = zone_utc(zone, day_of_step(step, number) * S_PER_DAY), ns;
    if (__builtin_mul_overflow(utc_s, NS_PER_S, &ns)) /* a step of a thousand years */
        return utc_s < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

/* The number of the step that this time lies in. A clock put back over midnight makes local time
 * say yesterday after today began: the step that began last counts. */
static int64_t step_at(const struct query_step *step, const struct zone *zone, int64_t time_ns)
{
    int64_t utc_s = floor_divide(time_ns, NS_PER_S);
    int64_t day = floor_divide(utc_s + zone_offset(zone, utc_s), S_PER_DAY);
    int64_t number = step_of_day(step, day);
    while (step_begin_ns(step, zone, number) > time_ns)
        number--;
    while (step_begin_ns(step, zone, number + 1) <= time_ns)
        number++;
    return number;
}

void grid_bucket(const struct query_step *step, const struct zone *zone, int64_t time_ns,
                 int64_t *ret_begin, int64_t *ret_end)
{
    if (step->unit == QUERY_FIXED) {
        *ret_begin = floor_divide(time_ns, step->count) * step->count;
        if (__builtin_add_overflow(*ret_begin, step->count, ret_end))
            *ret_end = INT64_MAX;
        return;
    }
    int64_t number = step_at(step, zone, time_ns);
    *ret_begin = step_begin_ns(step, zone, number);
    *ret_end = step_begin_ns(step, zone, number + 1);
}

void query_step_bucket(const struct query_step *step, int64_t time_ns, int64_t *ret_begin,
                       int64_t *ret_end)
{
    grid_bucket(step, NULL, time_ns, ret_begin, ret_end);
}

/* ---- the grid ---------------------------------------------------------------------------------
 */
static enum err grid_calendar(struct grid *grid, const struct query_step *step,
                              const struct zone *zone)
{
    int64_t number = step_at(step, zone, grid->from_ns);
    int64_t day_first = day_of_step(step, number), days = grid->to_ns / (S_PER_DAY * NS_PER_S) + 2;
    size_t capacity = (size_t)(days - day_first) + 4, count = 0;
    grid->edges = malloc(capacity * sizeof *grid->edges);
    if (grid->edges == NULL)
        return ERR_NO_MEMORY;
    for (;; number++) {
        int64_t edge = step_begin_ns(step, zone, number);
        if (count > 0 && edge <= grid->edges[count - 1])
            continue; /* a day that was stepped over */
        check(count < capacity);
        grid->edges[count++] = edge;
        if (edge >= grid->to_ns)
            break;
    }
    grid->count = (int64_t)count - 1;
    return OK;
}

enum err grid_init(struct grid *grid, const struct query_request *request, const struct zone *zone)
{
    *grid = (struct grid){.from_ns = request->from_ns, .to_ns = request->to_ns};
    if (request->from_ns >= request->to_ns)
        return OK;
    if (request->count > 0) {
        int64_t span = request->to_ns - request->from_ns;
        grid->count = span < (int64_t)request->count ? span : (int64_t)request->count;
        return OK;
    }
    if (request->step.unit != QUERY_FIXED)
        return grid_calendar(grid, &request->step, zone);
    grid->step_ns = request->step.count;
    grid->base_ns = floor_divide(request->from_ns, grid->step_ns) * grid->step_ns;
    grid->count = (request->to_ns - grid->base_ns - 1) / grid->step_ns + 1;
    return grid->count <= QUERY_BUCKETS_MAX ? OK : ERR_LIMIT;
}

void grid_done(struct grid *grid)
{
    free(grid->edges);
    grid->edges = NULL;
}

int64_t grid_edge(const struct grid *grid, int64_t index)
{
    if (grid->edges != NULL)
        return grid->edges[index];
    if (grid->step_ns > 0) {
        wide edge = (wide)grid->base_ns + (wide)index * grid->step_ns;
        return edge < INT64_MAX ? (int64_t)edge : INT64_MAX; /* the last one may lie behind time */
    }
    return grid->from_ns + (int64_t)((wide)(grid->to_ns - grid->from_ns) * index / grid->count);
}

int64_t grid_index(const struct grid *grid, int64_t time_ns)
{
    if (grid->step_ns > 0)
        return (time_ns - grid->base_ns) / grid->step_ns;
    int64_t low = 0, high = grid->count; /* edge(low) <= time < edge(high) */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (grid_edge(grid, middle) <= time_ns)
            low = middle;
        else
            high = middle;
    }
    return low;
}

uint32_t grid_rows_before(const int64_t *times, uint32_t from, uint32_t rows, int64_t end_ns)
{
    uint32_t low = from, step = 1; /* times[low] < end_ns */
    if (times[rows - 1] < end_ns)
        return rows;
    while (low + step < rows && times[low + step] < end_ns) {
        low += step;
        step *= 2;
    }
    uint32_t high = low + step < rows ? low + step : rows - 1;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (times[middle] < end_ns)
            low = middle;
        else
            high = middle;
    }
    return high;
}
