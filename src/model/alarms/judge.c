#include "model/alarms/judge.h"

static bool value_is_known(const struct alarm_value *value)
{
    return value->known && __builtin_isfinite(value->value);
}

static enum alarm_verdict verdict_of(bool holds)
{
    return holds ? ALARM_TRUE : ALARM_FALSE;
}

/* At or beyond the limit; once beyond, until it is back by more than the deadband. */
static bool is_beyond(double value, double limit, double deadband, bool holds)
{
    return value >= limit || (holds && value >= limit - deadband);
}

enum alarm_verdict alarm_judge_limit(enum alarm_limit_kind kind, double limit, double deadband,
                                     bool holds, const struct alarm_value *value)
{
    check(kind < ALARM_LIMIT_KINDS && deadband >= 0);
    if (!value_is_known(value))
        return ALARM_UNKNOWN;
    if (kind == ALARM_HIGH_HIGH || kind == ALARM_HIGH)
        return verdict_of(is_beyond(value->value, limit, deadband, holds));
    return verdict_of(is_beyond(-value->value, -limit, deadband, holds));
}

enum alarm_verdict alarm_judge_rate(const struct alarm_rate *rate, bool holds,
                                    const struct alarm_value *before, const struct alarm_value *now)
{
    check(rate->per_ns > 0 && rate->deadband >= 0);
    int64_t between_ns; /* of damaged pages it may be more than can be said */
    if (!value_is_known(before) || !value_is_known(now) ||
        __builtin_sub_overflow(now->time_ns, before->time_ns, &between_ns) || between_ns <= 0)
        return ALARM_UNKNOWN;
    double span = (double)between_ns / (double)rate->per_ns;
    double change = (now->value - before->value) / span;
    if (!__builtin_isfinite(change))
        return ALARM_UNKNOWN;
    bool rising =
        rate->direction & ALARM_RISING && is_beyond(change, rate->limit, rate->deadband, holds);
    bool falling =
        rate->direction & ALARM_FALLING && is_beyond(-change, rate->limit, rate->deadband, holds);
    return verdict_of(rising || falling);
}

enum alarm_verdict alarm_judge_deviation(double limit, double deadband, bool holds,
                                         const struct alarm_value *value,
                                         const struct alarm_value *reference)
{
    check(deadband >= 0);
    if (!value_is_known(value) || !value_is_known(reference))
        return ALARM_UNKNOWN;
    double difference = value->value - reference->value;
    return verdict_of(is_beyond(difference < 0 ? -difference : difference, limit, deadband, holds));
}

enum alarm_verdict alarm_judge_stale(int64_t period_ns, int64_t last_ns, int64_t now_ns)
{
    return verdict_of(now_ns >= last_ns && now_ns - last_ns >= period_ns);
}

enum alarm_verdict alarm_judge_state(const struct alarm_value *value, const double *states,
                                     size_t count)
{
    if (!value_is_known(value))
        return ALARM_UNKNOWN;
    for (size_t i = 0; i < count; i++)
        if (states[i] == value->value)
            return ALARM_TRUE;
    return ALARM_FALSE;
}

struct alarm_judgement alarm_judgement_of(enum alarm_verdict verdict, int64_t time_ns,
                                          int64_t newest_ns)
{
    return (struct alarm_judgement){verdict, time_ns, time_ns < newest_ns};
}
