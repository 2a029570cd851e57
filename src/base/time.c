/* Instants as text and back. libc's calendar is not used: it knows time zones, locales and a global
 * state, and this must give one answer everywhere. The day count follows the proleptic Gregorian
 * calendar with years that begin in March, which puts the leap day at the end. */
#include "base/base.h"

#include <string.h>

#define S_PER_DAY INT64_C(86400)
#define DAYS_PER_ERA INT64_C(146097) /* 400 years */
#define DAYS_TO_1970 INT64_C(719468) /* from 0000-03-01 */

/* ---- calendar ---------------------------------------------------------------------------------
 */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static void date_from_days(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day)
{
    int64_t z = days + DAYS_TO_1970;
    int64_t era = (z >= 0 ? z : z - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int64_t day_of_era = z - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    *ret_year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
    *ret_month = month;
    *ret_day = day_of_year - (153 * march_month + 2) / 5 + 1;
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* ---- format -----------------------------------------------------------------------------------
 */
static char *digits_put(char *at, int64_t v, unsigned count)
{
    for (unsigned i = count; i > 0; i--, v /= 10)
        at[i - 1] = (char)('0' + v % 10);
    return at + count;
}

char *time_format(int64_t time_ns, char *text)
{
    int64_t seconds = time_ns / NS_PER_S, ns = time_ns % NS_PER_S;
    if (ns < 0) {
        ns += NS_PER_S;
        seconds--;
    }
    int64_t days = seconds / S_PER_DAY, second = seconds % S_PER_DAY;
    if (second < 0) {
        second += S_PER_DAY;
        days--;
    }
    int64_t year, month, day;
    date_from_days(days, &year, &month, &day);
    char *at = digits_put(text, year, 4);
    *at++ = '-';
    at = digits_put(at, month, 2);
    *at++ = '-';
    at = digits_put(at, day, 2);
    *at++ = 'T';
    at = digits_put(at, second / 3600, 2);
    *at++ = ':';
    at = digits_put(at, second / 60 % 60, 2);
    *at++ = ':';
    at = digits_put(at, second % 60, 2);
    *at++ = '.';
    if (ns % NS_PER_MS == 0)
        at = digits_put(at, ns / NS_PER_MS, 3);
    else if (ns % NS_PER_US == 0)
        at = digits_put(at, ns / NS_PER_US, 6);
    else
        at = digits_put(at, ns, 9);
    *at++ = 'Z';
    *at = 0;
    return text;
}

char *time_format_short(int64_t time_ns, char *text)
{
    size_t size = strlen(time_format(time_ns, text)) - 1; /* without the Z */
    while (text[size - 1] == '0')
        size--;
    if (text[size - 1] == '.')
        size--;
    text[size] = 'Z';
    text[size + 1] = 0;
    return text;
}

/* ---- parse ------------------------------------------------------------------------------------
 */
static bool digits_get(struct bytes *text, size_t count, int64_t *ret_v)
{
    if (text->size < count)
        return false;
    int64_t v = 0;
    for (size_t i = 0; i < count; i++) {
        if (text->at[i] < '0' || text->at[i] > '9')
            return false;
        v = v * 10 + (text->at[i] - '0');
    }
    *text = bytes_of(text->at + count, text->size - count);
    *ret_v = v;
    return true;
}

/* Takes one byte when it is a or b. */
static bool mark_get(struct bytes *text, char a, char b)
{
    if (text->size == 0 || (text->at[0] != (uint8_t)a && text->at[0] != (uint8_t)b))
        return false;
    *text = bytes_of(text->at + 1, text->size - 1);
    return true;
}

static bool date_get(struct bytes *text, int64_t *ret_days)
{
    int64_t year, month, day;
    if (!digits_get(text, 4, &year) || !mark_get(text, '-', '-') || !digits_get(text, 2, &month) ||
        !mark_get(text, '-', '-') || !digits_get(text, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
        return false;
    *ret_days = days_from_date(year, month, day);
    return true;
}

/* 1-9 decimals; a tenth is refused rather than dropped, because that would change the value. */
static bool decimals_get(struct bytes *text, int64_t *ret_ns)
{
    int64_t ns = 0, unit = NS_PER_S, digit;
    for (unsigned i = 0; i < 9 && digits_get(text, 1, &digit); i++) {
        unit /= 10;
        ns += digit * unit;
    }
    if (unit == NS_PER_S || (text->size > 0 && text->at[0] >= '0' && text->at[0] <= '9'))
        return false;
    *ret_ns = ns;
    return true;
}

static bool clock_get(struct bytes *text, int64_t *ret_second, int64_t *ret_ns)
{
    int64_t hour, minute, second = 0, ns = 0;
    if (!digits_get(text, 2, &hour) || !mark_get(text, ':', ':') || !digits_get(text, 2, &minute))
        return false;
    if (mark_get(text, ':', ':')) {
        if (!digits_get(text, 2, &second))
            return false;
        if (mark_get(text, '.', ',') && !decimals_get(text, &ns))
            return false;
    }
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *ret_second = hour * 3600 + minute * 60 + (second == 60 ? 59 : second);
    *ret_ns = ns;
    return true;
}

/* Seconds east of UTC; takes all that is left. */
static bool zone_get(struct bytes *text, int64_t *ret_east_s)
{
    int64_t hour, minute = 0;
    *ret_east_s = 0;
    if (text->size == 0)
        return true;
    if (mark_get(text, 'Z', 'z'))
        return text->size == 0;
    bool west = text->at[0] == '-';
    if (!mark_get(text, '+', '-') || !digits_get(text, 2, &hour))
        return false;
    if (text->size > 0) {
        bool colon = mark_get(text, ':', ':');
        (void)colon; /* +hh:mm and +hhmm are the same */
        if (!digits_get(text, 2, &minute))
            return false;
    }
    if (text->size > 0 || hour > 23 || minute > 59)
        return false;
    *ret_east_s = (west ? -1 : 1) * (hour * 3600 + minute * 60);
    return true;
}

bool time_parse(struct bytes text, int64_t *ret_time_ns)
{
    int64_t days, second, ns, east_s;
    if (!date_get(&text, &days))
        return false;
    if (!mark_get(&text, 'T', 't') && !mark_get(&text, ' ', ' '))
        return false;
    if (!clock_get(&text, &second, &ns) || !zone_get(&text, &east_s))
        return false;
    int64_t seconds = days * S_PER_DAY + second - east_s, time_ns;
    /* Before 1970 count from the second above, so that the product of the earliest second, whose
     * fraction brings it back into range, does not overflow. */
    if (seconds < 0 && ns > 0) {
        seconds++;
        ns -= NS_PER_S;
    }
    if (__builtin_mul_overflow(seconds, NS_PER_S, &time_ns) ||
        __builtin_add_overflow(time_ns, ns, &time_ns))
        return false;
    *ret_time_ns = time_ns;
    return true;
}
