/* Dates of HTTP (RFC 9110, 5.6.7), by arithmetic: libc's depend on the locale and the time zone. */
#include "wire/http/decoder.h"

#include <string.h>

static const char DAYS[] = "SunMonTueWedThuFriSat";
static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
#define DATE_MAX_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define DAY_S INT64_C(86400)

/* Days since 1970 to the civil date and back, in eras of 400 years that begin in March (Howard
 * Hinnant, "chrono-compatible low-level date algorithms"). */
static void civil_of_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += 719468;
    int64_t era = days / 146097;
    unsigned of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted = (5 * of_year + 2) / 153;
    *day = of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = (int64_t)year_of_era + era * 400 + (*month <= 2);
}

static int64_t days_of_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    unsigned year_of_era = (unsigned)(year - era * 400);
    unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    return era * 146097 + (int64_t)of_era - 719468;
}

static void digits_put(uint8_t *at, unsigned number, unsigned count)
{
    for (; count > 0; count--, number /= 10)
        at[count - 1] = (uint8_t)('0' + number % 10);
}

void http_date_put(uint8_t at[HTTP_DATE_SIZE], int64_t time_s)
{
    int64_t year;
    unsigned month, day;
    time_s = time_s < 0 ? 0 : time_s > DATE_MAX_S ? DATE_MAX_S : time_s;
    int64_t days = time_s / DAY_S;
    unsigned second = (unsigned)(time_s % DAY_S);
    civil_of_days(days, &year, &month, &day);
    memcpy(at, "Sun, 06 Nov 1994 08:49:37 GMT", HTTP_DATE_SIZE);
    memcpy(at, DAYS + (unsigned)((days + 4) % 7) * 3, 3); /* 1970 began on a Thursday */
    digits_put(at + 5, day, 2);
    memcpy(at + 8, MONTHS + (month - 1) * 3, 3);
    digits_put(at + 12, (unsigned)year, 4);
    digits_put(at + 17, second / 3600, 2);
    digits_put(at + 20, second / 60 % 60, 2);
    digits_put(at + 23, second % 60, 2);
}

struct date {
    unsigned year, month, day, hour, minute, second;
};

/* Where a digit belongs by a letter of a pattern; NULL: it is no digit's letter. */
static unsigned *pattern_number(char letter, uint8_t byte, struct date *date)
{
    switch (letter) {
    case '_':
        return byte == ' ' ? NULL : &date->day;
    case 'D':
        return &date->day;
    case 'Y':
        return &date->year;
    case 'h':
        return &date->hour;
    case 'm':
        return &date->minute;
    case 's':
        return &date->second;
    default:
        return NULL;
    }
}

static unsigned month_read(struct bytes text, size_t at)
{
    for (unsigned month = 0; month < 12 && text.size - at >= 3; month++)
        if (memcmp(text.at + at, MONTHS + (size_t)month * 3, 3) == 0)
            return month + 1;
    return 0; /* which is no valid date */
}

/* Reads text by a pattern: D a digit of the day, BBB the month's name, Y year, h, m, s; '_' a digit
 * of the day or a space; a any letter; anything else stands for itself. */
static bool pattern_read(struct bytes text, const char *pattern, struct date *date)
{
    memset(date, 0, sizeof *date);
    if (text.size != strlen(pattern))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.at[i];
        unsigned *number = pattern_number(pattern[i], byte, date);
        if (number) {
            if (!octet_is(byte, OCTET_DIGIT))
                return false;
            *number = *number * 10 + (unsigned)(byte - '0');
        } else if (pattern[i] == 'B') {
            date->month = month_read(text, i);
            i += 2;
        } else if (pattern[i] == 'a') {
            if (!octet_is(byte, OCTET_LETTER))
                return false;
        } else if (byte != (uint8_t)pattern[i] && pattern[i] != '_') {
            return false;
        }
    }
    return true;
}

static bool date_is_valid(const struct date *date)
{
    static const uint8_t LENGTHS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date->month < 1 || date->day < 1 || date->hour > 23 || date->minute > 59 ||
        date->second > 60) /* a leap second */
        return false;
    bool leap = (date->year % 4 == 0 && date->year % 100 != 0) || date->year % 400 == 0;
    return date->day <= LENGTHS[date->month - 1] + (unsigned)(leap && date->month == 2);
}

bool http_date_get(struct bytes text, int64_t *ret_time_s)
{
    struct date date;
    bool found = pattern_read(text, "aaa, DD BBB YYYY hh:mm:ss GMT", &date) ||
                 pattern_read(text, "aaa BBB _D hh:mm:ss YYYY", &date);
    /* RFC 850: the day's name is written out, 6 to 9 letters. */
    for (size_t letters = 6; !found && letters <= 9; letters++) {
        char pattern[] = "aaaaaaaaa, DD-BBB-YY hh:mm:ss GMT";
        found = pattern_read(text, pattern + 9 - letters, &date);
        date.year += date.year < 70 ? 2000 : 1900;
    }
    if (!found || !date_is_valid(&date))
        return false;
    *ret_time_s = days_of_civil(date.year, date.month, date.day) * DAY_S +
                  (int64_t)date.hour * 3600 + date.minute * 60 + date.second;
    return true;
}
