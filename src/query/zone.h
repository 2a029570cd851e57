/* zone: a time zone as the machine's tzdata has it: TZif files (RFC 8536, versions 2 and later),
 * with the POSIX rule of the footer for the times behind the last transition. libc's is not used:
 * its zone is one for the whole process.
 *
 * Any bytes are safe to read. A zone does not change: any thread may ask. */
#pragma once

#include "base/base.h"
#include "os/os.h"

struct zone;
/* name: letters, digits, and _ + - / as in Asia/Shanghai; "" is UTC. ERR_MISSING: there is no such
 * zone; ERR_CORRUPT: the file is none, or of version 1; ERR_NO_MEMORY; of the disk. */
MUST_USE enum err zone_open(struct disk *disk, const char *name, struct zone **ret_zone);
/* From the bytes of such a file. */
MUST_USE enum err zone_read(struct bytes file, struct zone **ret_zone);
void zone_close(struct zone *zone); /* NULL is fine */
/* Seconds that local time is ahead of UTC at this UTC second. NULL: UTC. */
int32_t zone_offset(const struct zone *zone, int64_t utc_s);
/* The first UTC second at which local clocks show this local second or, when they step over it, the
 * second of that step. */
int64_t zone_utc(const struct zone *zone, int64_t local_s);

/* Days since 1970-01-01 of a date, months from 1; proleptic Gregorian. */
int64_t zone_days(int64_t year, int64_t month, int64_t day);
void zone_date(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day);
