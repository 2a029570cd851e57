#include "cli/import_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- what is wanted ---------------------------------------------------------------------------
 */
static const char *const unit_names[] = {
    [TIME_GUESS] = "iso", [TIME_S] = "s", [TIME_MS] = "ms", [TIME_US] = "us", [TIME_NS] = "ns"};

/* Zones are files; a name leads nowhere else. */
static bool zone_is_known(const char *name)
{
    char path[160];
    if (strstr(name, "..") != NULL || name[0] == '/')
        return false;
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    return access(path, R_OK) == 0;
}

bool import_time_init(struct import_time *time, const char *format, const char *zone,
                      const char **ret_fault)
{
    *time = (struct import_time){.unit = TIME_PATTERN, .hour = INT64_MIN};
    for (unsigned i = 0; i < ARRAY_COUNT(unit_names); i++)
        if (format == NULL || strcmp(format, unit_names[i]) == 0) {
            time->unit = (enum time_unit)i;
            break;
        }
    if (time->unit == TIME_PATTERN && (strchr(format, '%') == NULL || strlen(format) >= 64)) {
        *ret_fault = "iso, s, ms, us, ns or a pattern as \"%d/%m/%Y %H:%M\" is wanted";
        return false;
    }
    if (time->unit == TIME_PATTERN)
        snprintf(time->pattern, sizeof time->pattern, "%s", format);
    if (zone == NULL || strcmp(zone, "UTC") == 0)
        return true;
    if (strlen(zone) >= sizeof time->zone || !zone_is_known(zone)) {
        *ret_fault = "a name of the zone data is wanted, as Asia/Shanghai";
        return false;
    }
    snprintf(time->zone, sizeof time->zone, "%s", zone);
    setenv("TZ", zone, 1); /* the verb's own process: nobody else asks for local time */
    tzset();
    return true;
}

bool import_duration_read(const char *text, int64_t *ret_ns)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"ns", 1},
                 {"us", NS_PER_US},
                 {"ms", NS_PER_MS},
                 {"s", NS_PER_S},
                 {"m", 60 * NS_PER_S},
                 {"min", 60 * NS_PER_S},
                 {"h", 3600 * NS_PER_S},
                 {"d", 86400 * NS_PER_S}};
    char *end;
    double number = strtod(text, &end);
    for (size_t i = 0; i < ARRAY_COUNT(units) && end != text; i++) {
        double ns = number * (double)units[i].ns;
        if (strcmp(end, units[i].name) == 0 && ns >= 1 && ns < 9e18) {
            *ret_ns = (int64_t)(ns + 0.5);
            return true;
        }
    }
    return false;
}

/* ---- numbers ----------------------------------------------------------------------------------
 */
/* Digits with a fraction, exactly: 1700000000.25 s is 1700000000250000000 ns. */
static bool number_read(struct bytes text, int64_t unit_ns, int64_t *ret_ns)
{
    int64_t whole = 0, part = 0, scale = unit_ns;
    size_t i = 0, digits = 0;
    for (; i < text.size && text.at[i] >= '0' && text.at[i] <= '9'; i++, digits++)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, text.at[i] - '0', &whole))
            return false;
    if (digits == 0)
        return false;
    if (i < text.size && (text.at[i] == '.' || text.at[i] == ','))
        for (i++; i < text.size && text.at[i] >= '0' && text.at[i] <= '9'; i++) {
            scale /= 10;
            part += (text.at[i] - '0') * scale;
        }
    return i == text.size && !__builtin_mul_overflow(whole, unit_ns, &whole) &&
           !__builtin_add_overflow(whole, part, ret_ns);
}

/* By its size, as the API takes numbers: below 1e11 s, 1e14 ms, 1e17 us, else ns. */
static int64_t guess_unit_ns(struct bytes text)
{
    size_t digits = 0;
    while (digits < text.size && text.at[digits] >= '0' && text.at[digits] <= '9')
        digits++;
    return digits <= 11 ? NS_PER_S : digits <= 14 ? NS_PER_MS : digits <= 17 ? NS_PER_US : 1;
}

static bool is_number(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((text.at[i] < '0' || text.at[i] > '9') && text.at[i] != '.')
            return false;
    return text.size > 0;
}

/* ---- calendars --------------------------------------------------------------------------------
 */
/* Days from 1970-01-01 of the Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Seconds since 1970 of a local time. Where a clock was set back the first of the two is meant, as
 * mktime has it; one that a clock left out is moved on. */
static int64_t local_to_utc(struct import_time *time, int64_t local_s, const struct tm *parts)
{
    if (time->zone[0] == 0)
        return local_s;
    int64_t hour = local_s / 900;
    if (hour != time->hour) {
        struct tm copy = *parts;
        copy.tm_isdst = -1;
        time->offset_s = local_s - (int64_t)mktime(&copy);
        time->hour = hour;
    }
    return local_s - time->offset_s;
}

/* Digits of a second at *at; moves it. */
static int64_t fraction_take(const char **at)
{
    int64_t ns = 0, scale = NS_PER_S;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        scale /= 10;
        ns += (**at - '0') * scale;
    }
    return ns;
}

/* strptime knows no fractions: the pattern is read in pieces around %f. */
static bool pattern_read(struct import_time *time, const char *text, int64_t *ret_ns)
{
    struct tm parts = {.tm_mday = 1, .tm_year = 70};
    int64_t fraction_ns = 0;
    bool zoned = strstr(time->pattern, "%z") != NULL;
    char piece[sizeof time->pattern];
    const char *pattern = time->pattern;
    while (*pattern != 0) {
        const char *fraction = strstr(pattern, "%f");
        size_t size = fraction != NULL ? (size_t)(fraction - pattern) : strlen(pattern);
        snprintf(piece, sizeof piece, "%.*s", (int)size, pattern);
        text = strptime(text, piece, &parts);
        if (text == NULL)
            return false;
        if (fraction != NULL)
            fraction_ns = fraction_take(&text);
        pattern += size + (fraction != NULL ? 2 : 0);
    }
    if (*text != 0)
        return false;
    int64_t s = days_of(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday) * 86400 +
                parts.tm_hour * 3600 + parts.tm_min * 60 + parts.tm_sec;
    s = zoned ? s - parts.tm_gmtoff : local_to_utc(time, s, &parts);
    return !__builtin_mul_overflow(s, NS_PER_S, ret_ns) &&
           !__builtin_add_overflow(*ret_ns, fraction_ns, ret_ns);
}

/* RFC 3339; where it says no zone, the one that was given. */
static bool iso_read(struct import_time *time, struct bytes text, int64_t *ret_ns)
{
    int64_t ns;
    if (!time_parse(text, &ns))
        return false;
    bool zoned = false;
    for (size_t i = 10; i < text.size; i++)
        zoned |= text.at[i] == 'Z' || text.at[i] == 'z' || text.at[i] == '+' || text.at[i] == '-';
    if (!zoned && time->zone[0] != 0) {
        int64_t s = ns / NS_PER_S, rest = ns % NS_PER_S;
        time_t whole = (time_t)s;
        struct tm parts;
        gmtime_r(&whole, &parts);
        ns = local_to_utc(time, s, &parts) * NS_PER_S + rest;
    }
    *ret_ns = ns;
    return true;
}

/* A date alone is its midnight. */
static bool guess_read(struct import_time *time, struct bytes text, int64_t *ret_ns)
{
    char day[32];
    if (is_number(text))
        return number_read(text, guess_unit_ns(text), ret_ns);
    if (text.size == 10) {
        int size = snprintf(day, sizeof day, "%.10sT00:00", (const char *)text.at);
        return iso_read(time, bytes_of(day, (size_t)size), ret_ns);
    }
    return iso_read(time, text, ret_ns);
}

bool import_time_read(struct import_time *time, struct bytes text, int64_t *ret_time_ns)
{
    static const int64_t units[] = {
        [TIME_S] = NS_PER_S, [TIME_MS] = NS_PER_MS, [TIME_US] = NS_PER_US, [TIME_NS] = 1};
    char copy[128];
    bool good;
    int64_t ns;
    while (text.size > 0 && text.at[0] == ' ')
        text = bytes_of(text.at + 1, text.size - 1);
    while (text.size > 0 && text.at[text.size - 1] == ' ')
        text.size--;
    if (text.size == 0 || text.size >= sizeof copy)
        return false;
    if (time->unit == TIME_GUESS) {
        good = guess_read(time, text, &ns);
    } else if (time->unit == TIME_PATTERN) {
        memcpy(copy, text.at, text.size);
        copy[text.size] = 0;
        good = memchr(copy, 0, text.size) == NULL && pattern_read(time, copy, &ns);
    } else {
        good = number_read(text, units[time->unit], &ns);
    }
    if (!good || ns < TIME_MIN_NS || ns >= TIME_MAX_NS)
        return false;
    *ret_time_ns = ns;
    return true;
}
