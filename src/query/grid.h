/* grid: the buckets of a range. Their edges ascend; bucket i is edge(i) <= time < edge(i + 1), and
 * the first and the last one may reach beyond the range. Fixed steps count from 1970 in UTC;
 * weeks begin on Monday, months of a step of three in January, April, July and October. A calendar
 * day may have 23 or 25 hours; one that a zone never had is no bucket. */
#pragma once

#include "query/query.h"
#include "query/zone.h"

struct grid {
    int64_t from_ns, to_ns;   /* the range */
    int64_t count;            /* of buckets; 0: the range is empty */
    int64_t base_ns, step_ns; /* fixed; step 0: see edges, or equal parts */
    int64_t *edges;           /* count + 1, of the calendar; NULL: fixed or equal */
};
/* ERR_LIMIT: more than QUERY_BUCKETS_MAX. ERR_NO_MEMORY. */
MUST_USE enum err grid_init(struct grid *grid, const struct query_request *request,
                            const struct zone *zone);
void grid_done(struct grid *grid);
int64_t grid_edge(const struct grid *grid, int64_t index); /* 0..count */
/* The bucket of a time of the range. */
int64_t grid_index(const struct grid *grid, int64_t time_ns);
/* The first of the ascending times[from..rows) that is not before end_ns; times[from] is. */
uint32_t grid_rows_before(const int64_t *times, uint32_t from, uint32_t rows, int64_t end_ns);
/* The calendar bucket of a time; zone NULL: UTC. */
void grid_bucket(const struct query_step *step, const struct zone *zone, int64_t time_ns,
                 int64_t *ret_begin, int64_t *ret_end);
