/* judge: what a rule says of values: pure functions, a struct in, a verdict out. Three-valued: of a
 * value that is not known (bad quality, none, NaN) nothing is known, and unknown neither raises nor
 * clears. At a limit counts as beyond it, as for the limits of points. The deadband is the
 * hysteresis of ISA-18.2: what holds goes on holding until the value is back by more than it. */
#pragma once

#include "model/alarms/machine.h"

struct alarm_value {
    double value;
    bool known; /* there, and of a quality that is not bad */
    int64_t time_ns;
};
enum alarm_limit_kind { ALARM_HIGH_HIGH, ALARM_HIGH, ALARM_LOW, ALARM_LOW_LOW, ALARM_LIMIT_KINDS };

/* limit: finite; deadband: finite, at least 0. holds: what it said last. */
enum alarm_verdict alarm_judge_limit(enum alarm_limit_kind kind, double limit, double deadband,
                                     bool holds, const struct alarm_value *value);

enum alarm_direction { ALARM_RISING = 1, ALARM_FALLING = 2, ALARM_EITHER = 3 };
struct alarm_rate { /* change of so much in so long, between two samples */
    double limit;   /* greater than 0 */
    int64_t per_ns; /* greater than 0: what the limit and the deadband are for */
    double deadband;
    enum alarm_direction direction;
};
/* Unknown as well when now is not later than before. */
enum alarm_verdict alarm_judge_rate(const struct alarm_rate *rate, bool holds,
                                    const struct alarm_value *before,
                                    const struct alarm_value *now);
/* Further from the reference (another point, or a baseline) than limit, to either side; unknown
 * when one of the two is. */
enum alarm_verdict alarm_judge_deviation(double limit, double deadband, bool holds,
                                         const struct alarm_value *value,
                                         const struct alarm_value *reference);
/* Nothing came for so long: last_ns is when the last came, of whatever quality, or when the rule
 * came to be. Never unknown. The other way round it is due at last_ns + period_ns. */
enum alarm_verdict alarm_judge_stale(int64_t period_ns, int64_t last_ns, int64_t now_ns);
/* The value is one of these. */
enum alarm_verdict alarm_judge_state(const struct alarm_value *value, const double *states,
                                     size_t count);

/* A verdict at the time of its sample. Late: a newer sample was judged already, so that it is
 * written down as of its own time and never changes what is shown now. */
struct alarm_judgement {
    enum alarm_verdict verdict;
    int64_t time_ns;
    bool late;
};
struct alarm_judgement alarm_judgement_of(enum alarm_verdict verdict, int64_t time_ns,
                                          int64_t newest_ns);
