/* The reader of TZif files, and local time back to UTC. A file has its transitions twice: first in
 * 32 bits for old readers, which is stepped over, then in 64 bits, then the rule for what comes
 * behind the last of them. */
#include "query/zone.h"

#include <stdlib.h>
#include <string.h>

#define S_PER_DAY INT64_C(86400)
#define ZONE_BYTES_MAX ((size_t)1 << 20)
#define ZONE_TYPES_MAX 256
#define ZONE_NAME_MAX 63
#define OFFSET_MOST (26 * 3600) /* RFC 8536, 3.2: -25 h to 26 h */

struct zone_date_rule {
    char kind; /* 'M': week of month; 'J': day 1..365 without leap day; 'N': day 0..365 */
    int month, week, day;
    int32_t time_s;
};
struct zone_rule {
    bool known, dst;
    int32_t standard_s, daylight_s;
    struct zone_date_rule begin, end;
};
struct zone {
    struct zone_rule rule;
    int32_t first_s; /* offset before the first transition */
    size_t count;
    int64_t *times;
    int32_t *offsets; /* from that transition on */
};

/* ---- dates ---------------------------------------------------------------------------------- */
int64_t zone_days(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void zone_date(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    *ret_year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    *ret_month = month;
    *ret_day = day_of_year - (153 * march_month + 2) / 5 + 1;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* ---- the rule of the footer (POSIX.1, TZ, with RFC 8536's hours of -167 to 167) ---------------
 */
struct rule_text {
    const char *at, *end;
};

static bool rule_take(struct rule_text *text, char byte)
{
    bool there = text->at < text->end && *text->at == byte;
    text->at += there;
    return there;
}

static bool rule_number(struct rule_text *text, int most, int *ret_number)
{
    int number = 0;
    const char *begin = text->at;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9' && text->at - begin < 4)
        number = number * 10 + (*text->at++ - '0');
    *ret_number = number;
    return text->at > begin && number <= most;
}

/* "EST", "<+0330>" */
static bool rule_name(struct rule_text *text)
{
    const char *begin = text->at;
    if (rule_take(text, '<')) {
        while (text->at < text->end && *text->at != '>')
            text->at++;
        return rule_take(text, '>');
    }
    while (text->at < text->end &&
           ((*text->at >= 'A' && *text->at <= 'Z') || (*text->at >= 'a' && *text->at <= 'z')))
        text->at++;
    return text->at - begin >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool rule_time(struct rule_text *text, int hours_most, int32_t *ret_s)
{
    bool minus = rule_take(text, '-');
    int hours, minutes = 0, seconds = 0;
    if (!minus)
        (void)rule_take(text, '+');
    if (!rule_number(text, hours_most, &hours))
        return false;
    if (rule_take(text, ':')) {
        if (!rule_number(text, 59, &minutes))
            return false;
        if (rule_take(text, ':') && !rule_number(text, 59, &seconds))
            return false;
    }
    int32_t s = hours * 3600 + minutes * 60 + seconds;
    *ret_s = minus ? -s : s;
    return true;
}

static bool rule_date(struct rule_text *text, struct zone_date_rule *date)
{
    date->time_s = 2 * 3600;
    if (rule_take(text, 'M')) {
        date->kind = 'M';
        if (!rule_number(text, 12, &date->month) || date->month < 1 || !rule_take(text, '.') ||
            !rule_number(text, 5, &date->week) || date->week < 1 || !rule_take(text, '.') ||
            !rule_number(text, 6, &date->day))
            return false;
    } else {
        date->kind = rule_take(text, 'J') ? 'J' : 'N';
        if (!rule_number(text, 365, &date->day) || (date->kind == 'J' && date->day == 0))
            return false;
    }
    return !rule_take(text, '/') || rule_time(text, 167, &date->time_s);
}

static bool rule_parse(struct bytes footer, struct zone_rule *rule)
{
    struct rule_text text = {(const char *)footer.at, (const char *)footer.at + footer.size};
    memset(rule, 0, sizeof *rule);
    if (footer.size == 0)
        return true;
    if (!rule_name(&text) || !rule_time(&text, 24, &rule->standard_s))
        return false;
    rule->standard_s = -rule->standard_s;
    rule->known = true;
    if (text.at == text.end)
        return true;
    if (!rule_name(&text))
        return false;
    rule->daylight_s = rule->standard_s + 3600;
    if (text.at < text.end && *text.at != ',') {
        if (!rule_time(&text, 24, &rule->daylight_s))
            return false;
        rule->daylight_s = -rule->daylight_s;
    }
    rule->dst = true;
    return rule_take(&text, ',') && rule_date(&text, &rule->begin) && rule_take(&text, ',') &&
           rule_date(&text, &rule->end) && text.at == text.end;
}

/* Local second of the change in that year. */
static int64_t rule_change(const struct zone_date_rule *date, int64_t year)
{
    int64_t day;
    if (date->kind == 'M') {
        int64_t first = zone_days(year, date->month, 1);
        int64_t next = zone_days(date->month == 12 ? year + 1 : year, date->month % 12 + 1, 1);
        int64_t weekday = (first + 4) - floor_divide(first + 4, 7) * 7; /* 1970-01-01: Thursday */
        day = first + (date->day - weekday + 7) % 7 + 7 * (date->week - 1);
        while (day >= next)
            day -= 7;
    } else {
        day = zone_days(year, 1, 1) + date->day;
        if (date->kind == 'J')
            day -= is_leap(year) && date->day >= 60 ? 0 : 1;
    }
    return day * S_PER_DAY + date->time_s;
}

static int32_t rule_offset(const struct zone_rule *rule, int64_t utc_s)
{
    int64_t year, month, day;
    if (!rule->dst)
        return rule->standard_s;
    zone_date(floor_divide(utc_s + rule->standard_s, S_PER_DAY), &year, &month, &day);
    int64_t begin = rule_change(&rule->begin, year) - rule->standard_s;
    int64_t end = rule_change(&rule->end, year) - rule->daylight_s;
    bool daylight = begin < end ? utc_s >= begin && utc_s < end : utc_s >= begin || utc_s < end;
    return daylight ? rule->daylight_s : rule->standard_s;
}

/* ---- the file ---------------------------------------------------------------------------------
 */
struct zone_header {
    uint32_t isut, isstd, leap, time, type, chars;
};
#define HEADER_SIZE 44

static uint32_t big_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool header_read(struct bytes file, size_t offset, struct zone_header *header)
{
    if (file.size < offset + HEADER_SIZE || memcmp(file.at + offset, "TZif", 4) != 0 ||
        file.at[offset + 4] < '2')
        return false;
    const uint8_t *at = file.at + offset + 20;
    *header = (struct zone_header){.isut = big_u32(at),
                                   .isstd = big_u32(at + 4),
                                   .leap = big_u32(at + 8),
                                   .time = big_u32(at + 12),
                                   .type = big_u32(at + 16),
                                   .chars = big_u32(at + 20)};
    uint32_t most = (uint32_t)ZONE_BYTES_MAX;
    return header->isut <= most && header->isstd <= most && header->leap <= most &&
           header->time <= most && header->chars <= most && header->type >= 1 &&
           header->type <= ZONE_TYPES_MAX;
}

static size_t body_size(const struct zone_header *header, size_t word)
{
    return header->time * (word + 1) + (size_t)header->type * 6 + header->chars +
           header->leap * (word + 4) + header->isstd + header->isut;
}

static bool offset_read(const uint8_t *types, uint32_t at, int32_t *ret_offset)
{
    *ret_offset = (int32_t)big_u32(types + (size_t)at * 6);
    return *ret_offset >= -OFFSET_MOST && *ret_offset <= OFFSET_MOST;
}

static enum err body_read(const struct zone_header *header, const uint8_t *at, struct zone *zone)
{
    const uint8_t *index = at + (size_t)header->time * 8, *types = index + header->time;
    zone->count = header->time;
    if (!offset_read(types, 0, &zone->first_s))
        return ERR_CORRUPT;
    zone->times = calloc(zone->count + 1, sizeof *zone->times);
    zone->offsets = calloc(zone->count + 1, sizeof *zone->offsets);
    if (zone->times == NULL || zone->offsets == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < zone->count; i++) {
        uint64_t high = big_u32(at + i * 8), low = big_u32(at + i * 8 + 4);
        zone->times[i] = (int64_t)(high << 32 | low);
        if (index[i] >= header->type || !offset_read(types, index[i], &zone->offsets[i]) ||
            (i > 0 && zone->times[i] <= zone->times[i - 1]))
            return ERR_CORRUPT;
    }
    return OK;
}

enum err zone_read(struct bytes file, struct zone **ret_zone)
{
    struct zone_header old, header;
    if (!header_read(file, 0, &old))
        return ERR_CORRUPT;
    size_t second = HEADER_SIZE + body_size(&old, 4);
    if (!header_read(file, second, &header))
        return ERR_CORRUPT;
    size_t footer = second + HEADER_SIZE + body_size(&header, 8);
    if (footer + 2 > file.size || file.at[footer] != '\n' || file.at[file.size - 1] != '\n')
        return ERR_CORRUPT;
    struct zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL)
        return ERR_NO_MEMORY;
    enum err err = body_read(&header, file.at + second + HEADER_SIZE, zone);
    if (err == OK &&
        !rule_parse(bytes_of(file.at + footer + 1, file.size - footer - 2), &zone->rule))
        err = ERR_CORRUPT;
    if (err != OK) {
        zone_close(zone);
        return err;
    }
    *ret_zone = zone;
    return OK;
}

void zone_close(struct zone *zone)
{
    if (zone == NULL)
        return;
    free(zone->times);
    free(zone->offsets);
    free(zone);
}

/* A name is a path inside the folder: no dots, so that it stays there. */
static bool name_is_valid(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > ZONE_NAME_MAX || name[0] == '/' || name[size - 1] == '/')
        return false;
    for (const char *at = name; *at != '\0'; at++)
        if (!((*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z') ||
              (*at >= '0' && *at <= '9') || strchr("_+-/", *at) != NULL) ||
            (at[0] == '/' && at[1] == '/'))
            return false;
    return true;
}

static enum err file_read(struct disk *disk, struct disk_file *file, struct zone **ret_zone)
{
    uint64_t size = 0;
    size_t got = 0;
    enum err err = disk->size(disk, file, &size);
    if (err == OK && (size < HEADER_SIZE || size > ZONE_BYTES_MAX))
        err = ERR_CORRUPT;
    uint8_t *at = err == OK ? malloc((size_t)size) : NULL;
    if (err == OK && at == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK)
        err = disk->read(disk, file, 0, at, (size_t)size, &got);
    if (err == OK)
        err = zone_read(bytes_of(at, got), ret_zone);
    free(at);
    return err;
}

enum err zone_open(struct disk *disk, const char *name, struct zone **ret_zone)
{
    struct disk_file *file = NULL;
    if (name[0] == '\0' || strcmp(name, "UTC") == 0) {
        *ret_zone = NULL;
        return OK;
    }
    if (!name_is_valid(name) || disk == NULL)
        return ERR_MISSING;
    enum err err = disk->open(disk, name, DISK_READ, &file);
    if (err == OK)
        err = file_read(disk, file, ret_zone);
    disk->close(disk, file);
    return err == ERR_INVALID ? ERR_MISSING : err; /* a folder of zones, as America */
}

/* ---- asking -----------------------------------------------------------------------------------
 */
int32_t zone_offset(const struct zone *zone, int64_t utc_s)
{
    if (zone == NULL)
        return 0;
    if (zone->count == 0)
        return zone->rule.known ? rule_offset(&zone->rule, utc_s) : zone->first_s;
    if (utc_s < zone->times[0])
        return zone->first_s;
    if (utc_s >= zone->times[zone->count - 1] && zone->rule.known)
        return rule_offset(&zone->rule, utc_s);
    size_t low = 0, high = zone->count; /* times[low] <= utc_s < times[high] */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (zone->times[middle] <= utc_s)
            low = middle;
        else
            high = middle;
    }
    return zone->offsets[low];
}

int64_t zone_utc(const struct zone *zone, int64_t local_s)
{
    int32_t before = zone_offset(zone, local_s - S_PER_DAY - OFFSET_MOST / 2);
    int32_t after = zone_offset(zone, local_s + S_PER_DAY + OFFSET_MOST / 2);
    if (zone_offset(zone, local_s - before) == before)
        return local_s - before;
    if (zone_offset(zone, local_s - after) == after)
        return local_s - after;
    /* A step forward lies between: local clocks never showed it. */
    int64_t low = local_s - (after > before ? after : before);
    int64_t high = local_s - (after > before ? before : after);
    while (low < high) { /* the first second whose local time is this one or later */
        int64_t middle = low + (high - low) / 2;
        if (middle + zone_offset(zone, middle) >= local_s)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
