/* import_time: times as files of the world write them. */
#pragma once

#include "base/base.h"

enum time_unit { TIME_GUESS, TIME_S, TIME_MS, TIME_US, TIME_NS, TIME_PATTERN };
struct import_time {
    enum time_unit unit;
    char pattern[64]; /* as strptime: %d %m %Y %y %H %M %S %b %p %I %j %z, %f: digits of a second */
    char zone[64];    /* "" or "UTC"; else a name of the zone data */
    /* The last hour that was looked up. */
    int64_t hour;
    int64_t offset_s;
};
/* format: NULL or "iso" (RFC 3339, or a number since 1970 whose unit its size tells), s, ms, us,
 * ns, or a pattern with %. zone: for times that say none; NULL: UTC. False with *ret_fault, a
 * sentence. */
MUST_USE bool import_time_init(struct import_time *time, const char *format, const char *zone,
                               const char **ret_fault);
/* False: it is no such time, or outside of 1970 to 2200. */
MUST_USE bool import_time_read(struct import_time *time, struct bytes text, int64_t *ret_time_ns);
/* "10s", "250ms", "1h", "1d" in ns, at least 1. */
MUST_USE bool import_duration_read(const char *text, int64_t *ret_ns);
