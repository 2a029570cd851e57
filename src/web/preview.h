/* preview: what a rule would have done with the samples of a range: judged in memory, by the same
 * pure functions that judge what comes.
 *
 *   rules_preview.c         the question: which points, their samples, the answer
 *   rules_preview_judge.c   the samples are judged, one by one
 *
 * Bounded: PREVIEW_POINTS_MAX points, those included that a condition looks at, and
 * PREVIEW_SAMPLES_MAX samples; what lies beyond is not looked at, and `cut` says so. */
#pragma once

#include "web/alarms.h"
#include "web/assets_ask.h"

#define PREVIEW_POINTS_MAX 100u
#define PREVIEW_SAMPLES_MAX ((size_t)1000000)
#define PREVIEW_EXAMPLES_MAX 100u

struct preview_sample {
    int64_t time_ns;
    double value;
    bool known;
};
struct preview_track { /* of one alarm as it would have been */
    enum alarm_pending pending;
    bool active;
    int64_t due_ns; /* of the delay under way; INT64_MAX: none */
    int64_t since_ns;
    double value;     /* that raised it */
    uint32_t example; /* index + 1; 0: it found no room */
};
struct preview_point {
    uint32_t point;
    bool judged; /* the rule stands on it; else a condition looks at it */
    double limit;
    size_t first, count, at; /* of the samples; at: those before are behind */
};
struct preview_member { /* of a set of an instance's condition */
    uint16_t instance, set, point;
};
struct preview_instance {                          /* of a condition */
    uint32_t point;                                /* index + 1; 0: it stands on nothing */
    uint16_t references[CONDITION_REFERENCES_MAX]; /* index + 1; 0: there is no such point */
    bool running[CONDITION_TIMERS_MAX];
    int64_t started_ns[CONDITION_TIMERS_MAX];
    int64_t wake_ns;
    struct condition_cell cells[CONDITION_CELLS_MAX];
    struct preview_track track;
};
struct preview_example {
    uint32_t point;         /* index + 1; 0: the branch */
    int64_t from_ns, to_ns; /* to: INT64_MAX: it would still stand */
    double value;
};
struct preview {
    struct module_order module;
    struct rule_plan plan;
    int64_t from_ns, to_ns;
    struct preview_point points[PREVIEW_POINTS_MAX];
    size_t point_count;
    bool cut;
    /* finding points */
    struct namespace_search search;
    bool searching;
    uint32_t at_type, at_asset;
    /* the condition */
    struct condition *condition;
    struct preview_instance *instances;
    size_t instance_count, instance, set; /* that members are looked for */
    struct preview_member *members;
    size_t member_count, member_capacity;
    /* samples */
    struct points_ask ask;
    struct csv_reader *reader;
    struct preview_sample *samples;
    size_t sample_count, sample_capacity;
    size_t reading; /* index + 1 of the point whose samples come */
    bool headed, fed; /* fed: the reader has a block */
    /* judging */
    size_t judging;
    bool begun;
    struct preview_sample before; /* of the point that is judged */
    struct preview_track track;
    uint64_t times;
    struct preview_example examples[PREVIEW_EXAMPLES_MAX];
    size_t example_count;
};
/* Judges some samples; false: the turn is over, and there are more. */
bool preview_judge(struct preview *preview, struct turn *turn);
