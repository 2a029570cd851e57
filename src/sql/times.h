/* times: times as people write them in SQL: what query_time_parse reads, and a date alone. Pure;
 * both sides use it. Steps are query_step_parse's. */
#pragma once

#include "query/query.h"

#define SQL_TIME_WANTED                                                                            \
    "a time is '2026-03-01T08:00:00Z', '2026-03-01', 'now', 'now-7d', '-1h', or ns since 1970"
#define SQL_STEP_WANTED "a step is a number from 1 and ms, s, m, h, d, w, mo or y, as '5m' or '1d'"
MUST_USE bool sql_time_parse(struct bytes text, int64_t now_ns, int64_t *ret_time_ns);
