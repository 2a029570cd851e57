/* The words of a question: times, steps, aggregates, as people write them. */
#include "query/query.h"

#include <stdio.h>
#include <string.h>

#define NUMBER_DIGITS_MAX 18

/* The unit that stands at the end of a text: its nanoseconds, or a calendar unit. */
static const struct {
    const char *name;
    enum query_unit unit;
    int64_t ns;
} units[] = {{"ns", QUERY_FIXED, 1},
             {"us", QUERY_FIXED, NS_PER_US},
             {"ms", QUERY_FIXED, NS_PER_MS},
             {"s", QUERY_FIXED, NS_PER_S},
             {"m", QUERY_FIXED, 60 * NS_PER_S},
             {"h", QUERY_FIXED, 3600 * NS_PER_S},
             {"d", QUERY_DAY, 86400 * NS_PER_S},
             {"w", QUERY_WEEK, 7 * 86400 * NS_PER_S},
             {"mo", QUERY_MONTH, 0},
             {"y", QUERY_YEAR, 0}};

static bool digits_parse(struct bytes text, size_t *offset, int64_t *ret_number)
{
    size_t begin = *offset;
    int64_t number = 0;
    while (*offset < text.size && text.at[*offset] >= '0' && text.at[*offset] <= '9') {
        if (*offset - begin == NUMBER_DIGITS_MAX)
            return false;
        number = number * 10 + (text.at[(*offset)++] - '0');
    }
    *ret_number = number;
    return *offset > begin;
}

/* "90s": a number and the place of its unit in the table. */
static bool span_parse(struct bytes text, int64_t *ret_number, size_t *ret_unit)
{
    size_t offset = 0;
    if (!digits_parse(text, &offset, ret_number))
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(units); i++)
        if (bytes_equal(bytes_of(text.at + offset, text.size - offset),
                        bytes_text(units[i].name))) {
            *ret_unit = i;
            return true;
        }
    return false;
}

bool query_step_parse(struct bytes text, struct query_step *ret_step)
{
    int64_t number;
    size_t unit;
    if (!span_parse(text, &number, &unit) || number < 1)
        return false;
    bool fixed = units[unit].unit == QUERY_FIXED;
    if (fixed ? number > (TIME_MAX_NS - TIME_MIN_NS) / units[unit].ns : number > 100000)
        return false;
    *ret_step = (struct query_step){.unit = units[unit].unit,
                                    .count = fixed ? number * units[unit].ns : number};
    return true;
}

/* ---- times ------------------------------------------------------------------------------------
 */
/* By its size: what lies before the year 5138 in s, 1973-03-03 or later in ms, us or ns. */
static bool number_time(struct bytes text, int64_t *ret_ns)
{
    static const struct {
        int64_t below, ns;
    } sizes[] = {{100000000000, NS_PER_S},
                 {100000000000000, NS_PER_MS},
                 {100000000000000000, NS_PER_US},
                 {INT64_MAX, 1}};
    size_t offset = 0, scale = 0;
    int64_t number = 0, ns = 0;
    while (offset < text.size && text.at[offset] >= '0' && text.at[offset] <= '9') {
        if (offset == 19)
            return false;
        uint64_t next = (uint64_t)number * 10 + (uint64_t)(text.at[offset++] - '0');
        if (next > INT64_MAX)
            return false;
        number = (int64_t)next;
    }
    if (offset == 0)
        return false;
    while (number >= sizes[scale].below && scale < ARRAY_COUNT(sizes) - 1)
        scale++;
    int64_t unit = sizes[scale].ns;
    if (number > TIME_MAX_NS / unit)
        return false;
    ns = number * unit;
    if (offset < text.size && text.at[offset] == '.') {
        size_t digits = 0;
        for (offset++;
             offset < text.size && text.at[offset] >= '0' && text.at[offset] <= '9' && digits < 18;
             offset++, digits++) {
            unit /= 10;
            ns += unit * (text.at[offset] - '0');
        }
        if (digits == 0)
            return false;
    }
    *ret_ns = ns;
    return offset == text.size;
}

static bool relative_time(struct bytes text, int64_t now_ns, int64_t *ret_ns)
{
    int64_t number;
    size_t unit;
    if (text.size >= 3 && memcmp(text.at, "now", 3) == 0)
        text = bytes_of(text.at + 3, text.size - 3);
    else if (text.size == 0 || text.at[0] != '-')
        return false;
    *ret_ns = now_ns;
    if (text.size == 0)
        return true;
    /* A plus that was not escaped in a URL has come as a space. */
    bool minus = text.at[0] == '-', plus = text.at[0] == '+' || text.at[0] == ' ';
    if ((!minus && !plus) || !span_parse(bytes_of(text.at + 1, text.size - 1), &number, &unit) ||
        units[unit].ns == 0)
        return false;
    int64_t ns = number > TIME_MAX_NS / units[unit].ns ? TIME_MAX_NS : number * units[unit].ns;
    if (minus && ns > now_ns)
        ns = now_ns; /* before 1970 nothing is */
    *ret_ns = minus ? now_ns - ns : now_ns + ns;
    return true;
}

/* A day alone begins at midnight UTC. */
static bool date_time(struct bytes text, int64_t *ret_ns)
{
    static const char midnight[] = "T00:00:00Z";
    uint8_t whole[10 + sizeof midnight - 1];
    if (text.size != 10)
        return false;
    memcpy(whole, text.at, 10);
    memcpy(whole + 10, midnight, sizeof midnight - 1);
    return time_parse(bytes_of(whole, sizeof whole), ret_ns);
}

bool query_time_parse(struct bytes text, int64_t now_ns, int64_t *ret_ns)
{
    int64_t ns;
    if (!relative_time(text, now_ns, &ns) && !number_time(text, &ns) && !date_time(text, &ns) &&
        !time_parse(text, &ns))
        return false;
    if (ns < TIME_MIN_NS || ns > TIME_MAX_NS)
        return false;
    *ret_ns = ns;
    return true;
}

/* ---- aggregates -------------------------------------------------------------------------------
 */
static const struct {
    const char *name;
    enum query_aggregate_kind kind;
} aggregates[] = {{"count", QUERY_COUNT},
                  {"sum", QUERY_SUM},
                  {"min", QUERY_MIN},
                  {"max", QUERY_MAX},
                  {"mean", QUERY_MEAN},
                  {"first", QUERY_FIRST},
                  {"time_mean", QUERY_TIME_MEAN},
                  {"last", QUERY_LAST},
                  {"stddev", QUERY_STDDEV}};

/* "p50", "p99.9" */
static bool percentile_parse(struct bytes word, double *ret_percentile)
{
    double number = 0, unit = 1;
    size_t at = 1;
    if (word.size < 2 || word.at[0] != 'p')
        return false;
    for (; at < word.size && word.at[at] >= '0' && word.at[at] <= '9'; at++)
        number = number * 10 + (word.at[at] - '0');
    if (at == 1)
        return false;
    if (at < word.size && word.at[at] == '.') {
        size_t point = at++;
        double fraction = 0;
        for (; at < word.size && word.at[at] >= '0' && word.at[at] <= '9'; at++) {
            fraction = fraction * 10 + (word.at[at] - '0');
            unit *= 10;
        }
        if (at == point + 1)
            return false;
        number = (number * unit + fraction) / unit;
    }
    *ret_percentile = number;
    return at == word.size && number <= 100;
}

static bool aggregate_parse(struct bytes word, struct query_aggregate *aggregate)
{
    memset(aggregate, 0, sizeof *aggregate);
    if (word.size == 0 || word.size >= sizeof aggregate->name)
        return false;
    memcpy(aggregate->name, word.at, word.size);
    for (size_t i = 0; i < ARRAY_COUNT(aggregates); i++)
        if (strcmp(aggregate->name, aggregates[i].name) == 0) {
            aggregate->kind = aggregates[i].kind;
            return true;
        }
    aggregate->kind = QUERY_PERCENTILE;
    return percentile_parse(word, &aggregate->percentile);
}

const char *query_aggregates_parse(struct bytes text, struct query_aggregate *list,
                                   size_t *ret_count)
{
    size_t count = 0, begin = 0;
    for (size_t at = 0; at <= text.size; at++) {
        if (at < text.size && text.at[at] != ',')
            continue;
        if (count == QUERY_AGGREGATES_MAX)
            return "sixteen aggregates at most";
        if (!aggregate_parse(bytes_of(text.at + begin, at - begin), &list[count]))
            return "some of count, sum, min, max, mean, time_mean, first, last, stddev and pNN "
                   "(p0 to p100), separated by commas,";
        for (size_t i = 0; i < count; i++)
            if (strcmp(list[i].name, list[count].name) == 0)
                return "each aggregate once";
        count++;
        begin = at + 1;
    }
    *ret_count = count;
    return NULL;
}
