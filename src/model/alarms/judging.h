/* What is judged of one value: shared by values.c (as they come) and late.c (what came late). */
#pragma once

#include "model/alarms/judge.h"
#include "model/alarms/tables.h"

struct judging {
    struct alarms *alarms;
    uint32_t point;
    const uint32_t *rules; /* by kind */
    struct alarm_value value, before;
    struct cause cause;
};

/* Texts are no numbers: nothing is known of them. */
struct alarm_value alarms_value(const struct value *value, int64_t time_ns);
struct cause alarms_value_cause(const struct record_stamp *stamp, const struct alarm_value *value);
/* The rules of a point, by kind: of its profile, or looked up into `found`; NULL: it has none. */
const uint32_t *alarms_rules_by_kind(const struct alarms *alarms, uint32_t point,
                                     struct standing *found);
enum alarm_verdict alarms_judge_rate(const struct judging *of, const struct rule_entry *rule,
                                     bool holds);
/* Of the kinds that need nothing but the value: limits, states. */
enum alarm_verdict alarms_judge_value(const struct judging *of, const struct rule_entry *rule,
                                      bool holds);
/* A late value: values.c gives it on. */
MUST_USE enum err alarms_judge_late(struct alarms *alarms, const struct point_notice *notice,
                                    const struct record_stamp *stamp);
