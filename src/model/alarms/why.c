/* Why an alarm was raised, as a sentence of numbers. */
#include "model/alarms/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The shortest text that is read back as the same number. */
static const char *number_text(double number, char text[32])
{
    for (int digits = 6; digits <= 17; digits += digits == 6 ? 9 : 1) {
        snprintf(text, 32, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    return text;
}

static const char *span_text(int64_t span_ns, char text[32])
{
    if (span_ns % NS_PER_S == 0)
        snprintf(text, 32, "%lld s", (long long)(span_ns / NS_PER_S));
    else
        snprintf(text, 32, "%lld ms", (long long)(span_ns / NS_PER_MS));
    return text;
}

static int why_write(struct alarms *alarms, uint32_t rule, uint32_t point,
                     const struct cause *cause)
{
    const struct rule_entry *entry = rule_at(alarms, rule);
    char value[32], limit[32], span[32];
    number_text(cause->value, value);
    number_text(entry->limit, limit);
    span_text(entry->span_ns, span);
    switch (entry->kind) {
    case RULE_HIGH_HIGH:
    case RULE_HIGH:
        return snprintf(alarms->why, WHY_MAX, "%s >= %s", value,
                        number_text(alarms_limit_of(alarms, rule, point), limit));
    case RULE_LOW:
    case RULE_LOW_LOW:
        return snprintf(alarms->why, WHY_MAX, "%s <= %s", value,
                        number_text(alarms_limit_of(alarms, rule, point), limit));
    case RULE_RATE:
        return snprintf(alarms->why, WHY_MAX, "%s: change >= %s in %s", value, limit, span);
    case RULE_DEVIATION:
        return snprintf(alarms->why, WHY_MAX, "%s: deviation >= %s", value, limit);
    case RULE_STATE:
        return snprintf(alarms->why, WHY_MAX, "is %s", value);
    default:
        return snprintf(alarms->why, WHY_MAX, "nothing for %s", span);
    }
}

/* As it was told last: kept in the row, for a delay that ends later. */
static struct bytes channels_why(struct alarms *alarms, uint32_t rule, const struct cause *cause)
{
    uint32_t row = rule_at(alarms, rule)->row;
    struct bytes why = cause->text;
    if (why.size == 0 && row != ROW_FREE)
        why = text_of(alarms, row_at(alarms, row)->why);
    if (why.size > WHY_MAX)
        why.size = WHY_MAX;
    if (why.size > 0)
        memcpy(alarms->why, why.at, why.size);
    return bytes_of(alarms->why, why.size);
}

/* What a program would explain is what there is now. */
struct bytes alarms_why_late(struct alarms *alarms, uint32_t rule, uint32_t point,
                             const struct cause *cause)
{
    int size = why_write(alarms, rule, point, cause);
    return bytes_of(alarms->why, size < WHY_MAX ? (size_t)size : WHY_MAX - 1);
}

struct bytes alarms_why(struct alarms *alarms, uint32_t rule, uint32_t point,
                        const struct cause *cause)
{
    if (rule_at(alarms, rule)->flags & RULE_HAS_PROGRAM)
        return bytes_text(expressions_explain(alarms->expressions, rule, point,
                                              cause->stamp->wall_ns, alarms->why, WHY_MAX));
    if (rule_at(alarms, rule)->kind == RULE_CHANNEL)
        return channels_why(alarms, rule, cause);
    return alarms_why_late(alarms, rule, point, cause);
}

struct bytes alarms_event_text(struct alarms *alarms, uint32_t rule, uint32_t point,
                               enum alarm_event event, const struct cause *cause)
{
    const struct rule_entry *entry = rule_at(alarms, rule);
    if (event == ALARM_HOLDS)
        return alarms_why(alarms, rule, point, cause);
    if (entry->kind == RULE_DEVIATION && !(entry->flags & RULE_HAS_PROGRAM))
        return bytes_text(alarms_reference_why(alarms, point));
    return cause->text;
}
