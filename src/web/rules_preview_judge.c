/* Samples are judged as they would have been when they came: with the functions of model/alarms and
 * of src/condition, and with delays and timers that run out between two samples. */
#include "web/preview.h"

#include <math.h>
#include <string.h>

/* ---- an alarm as it would have been ------------------------------------------------------------
 */
static void track_event(struct preview *preview, struct preview_track *track, uint32_t point,
                        enum alarm_event event, int64_t time_ns, double value)
{
    if (event == ALARM_HOLDS && !track->active) {
        track->active = true;
        track->example = 0;
        preview->times++;
        if (preview->example_count < PREVIEW_EXAMPLES_MAX) {
            preview->examples[preview->example_count++] =
                (struct preview_example){point, time_ns, INT64_MAX, value};
            track->example = (uint32_t)preview->example_count;
        }
    } else if (event == ALARM_ENDS && track->active) {
        track->active = false;
        if (track->example != 0)
            preview->examples[track->example - 1].to_ns = time_ns;
    }
}

static void track_take(struct preview *preview, struct preview_track *track, uint32_t point,
                       const struct alarm_delay_step *step, int64_t time_ns, double value)
{
    track->pending = step->pending;
    if (step->timer_stop)
        track->due_ns = INT64_MAX;
    if (step->timer_set)
        track->due_ns = time_ns + step->delay_ns;
    if (step->has_event)
        track_event(preview, track, point, step->event, time_ns, value);
}

/* The delay runs out, if it does until then. */
static void track_until(struct preview *preview, struct preview_track *track, uint32_t point,
                        int64_t time_ns)
{
    if (track->due_ns > time_ns)
        return;
    int64_t due_ns = track->due_ns;
    track->due_ns = INT64_MAX;
    struct alarm_delay_step step = alarm_delay_expire(track->pending);
    track_take(preview, track, point, &step, due_ns, track->value);
}

static void track_judge(struct preview *preview, struct preview_track *track, uint32_t point,
                        enum alarm_verdict verdict, int64_t time_ns, double value)
{
    const struct alarm_delays delays = {preview->plan.on_delay_ns, preview->plan.off_delay_ns};
    track_until(preview, track, point, time_ns);
    if (verdict == ALARM_TRUE && !track->active && track->pending == ALARM_SETTLED)
        track->value = value;
    struct alarm_delay_step step =
        alarm_delay_judge(track->pending, track->active, verdict, &delays);
    track_take(preview, track, point, &step, time_ns, track->value);
}

/* Does it hold, as far as it was said? For the hysteresis. */
static bool track_holds(const struct preview_track *track)
{
    return track->active ? track->pending != ALARM_ABOUT_TO_END
                         : track->pending == ALARM_ABOUT_TO_HOLD;
}

/* ---- rules of one point ------------------------------------------------------------------------
 */
static struct alarm_value value_of(const struct preview_sample *sample)
{
    return (struct alarm_value){sample->value, sample->known, sample->time_ns};
}

static enum alarm_verdict point_verdict(const struct preview *preview,
                                        const struct preview_point *point,
                                        const struct preview_sample *sample)
{
    static const enum alarm_limit_kind kinds[] = {[RULE_HIGH_HIGH] = ALARM_HIGH_HIGH,
                                                  [RULE_HIGH] = ALARM_HIGH,
                                                  [RULE_LOW] = ALARM_LOW,
                                                  [RULE_LOW_LOW] = ALARM_LOW_LOW};
    const struct rule_plan *plan = &preview->plan;
    const struct alarm_value value = value_of(sample), before = value_of(&preview->before);
    const struct alarm_rate rate = {plan->limit, plan->span_ns, plan->deadband,
                                    (enum alarm_direction)plan->direction};
    bool holds = track_holds(&preview->track);
    switch (plan->kind) {
    case RULE_RATE:
        return alarm_judge_rate(&rate, holds, &before, &value);
    case RULE_STATE:
        return alarm_judge_state(&value, plan->states, plan->state_count);
    case RULE_STALE:
        return ALARM_FALSE;
    default:
        return isnan(point->limit) ? ALARM_FALSE
                                   : alarm_judge_limit(kinds[plan->kind], point->limit,
                                                       plan->deadband, holds, &value);
    }
}

/* Nothing came until then: of a rule of staleness that may have been for too long. */
static void point_until(struct preview *preview, uint32_t index, int64_t time_ns)
{
    int64_t stale_ns = preview->before.time_ns + preview->plan.span_ns;
    if (preview->plan.kind == RULE_STALE && stale_ns <= time_ns)
        track_judge(preview, &preview->track, index, ALARM_TRUE, stale_ns, NAN);
    track_until(preview, &preview->track, index, time_ns);
}

/* False: the turn is over. */
static bool point_judge(struct preview *preview, uint32_t index, struct turn *turn)
{
    struct preview_point *point = &preview->points[index];
    if (!preview->begun) {
        preview->track = (struct preview_track){.due_ns = INT64_MAX};
        preview->before = (struct preview_sample){.time_ns = preview->from_ns};
        preview->begun = true;
    }
    for (; point->at < point->count; point->at++) {
        const struct preview_sample *sample = &preview->samples[point->first + point->at];
        if (turn_is_over(turn, 64))
            return false;
        point_until(preview, index + 1, sample->time_ns);
        track_judge(preview, &preview->track, index + 1, point_verdict(preview, point, sample),
                    sample->time_ns, sample->value);
        preview->before = *sample;
    }
    point_until(preview, index + 1, preview->to_ns);
    preview->begun = false;
    return true;
}

/* ---- conditions --------------------------------------------------------------------------------
 */
struct scene { /* an instance at a time */
    struct preview *preview;
    struct preview_instance *instance;
    int64_t now_ns;
};

/* The last sample of a point that is behind. */
static bool point_now(const struct preview *preview, size_t index, struct condition_sample *ret)
{
    const struct preview_point *point = &preview->points[index];
    *ret = (struct condition_sample){
        .time_ns = CONDITION_TIME_NONE, .heard_ns = preview->from_ns, .point = point->point};
    ret->value = (struct value){.type = VALUE_FLOAT64, .quality = QUALITY_BAD_NO_VALUE};
    if (point->at == 0)
        return true;
    const struct preview_sample *sample = &preview->samples[point->first + point->at - 1];
    if (sample->known)
        ret->value = value_of_real(sample->value);
    ret->time_ns = ret->heard_ns = sample->time_ns;
    return true;
}

static bool scene_point(void *context, unsigned reference, struct condition_sample *ret_sample)
{
    const struct scene *scene = context;
    uint16_t index = scene->instance->references[reference];
    return index != 0 && point_now(scene->preview, index - 1u, ret_sample);
}

static bool scene_member(void *context, unsigned set, uint64_t *cursor,
                         struct condition_sample *ret_sample)
{
    const struct scene *scene = context;
    const struct preview *preview = scene->preview;
    uint16_t instance = (uint16_t)(scene->instance - preview->instances);
    while (*cursor < preview->member_count) {
        const struct preview_member *member = &preview->members[(*cursor)++];
        if (member->instance == instance && member->set == set)
            return point_now(preview, member->point, ret_sample);
    }
    return false;
}

static bool scene_timer(void *context, unsigned timer)
{
    const struct scene *scene = context;
    const struct preview_instance *instance = scene->instance;
    return instance->running[timer] && scene->now_ns - instance->started_ns[timer] >=
                                           condition_timer(scene->preview->condition, timer);
}

static void scene_cell_read(void *context, unsigned cell, struct condition_cell *ret_cell)
{
    const struct scene *scene = context;
    *ret_cell = scene->instance->cells[cell];
}

static void scene_cell_write(void *context, unsigned cell, const struct condition_cell *bytes)
{
    const struct scene *scene = context;
    scene->instance->cells[cell] = *bytes;
}

static void instance_evaluate(struct preview *preview, struct preview_instance *instance,
                              int64_t now_ns, double value)
{
    static const enum alarm_verdict verdicts[] = {[CONDITION_FALSE] = ALARM_FALSE,
                                                  [CONDITION_TRUE] = ALARM_TRUE,
                                                  [CONDITION_UNKNOWN] = ALARM_UNKNOWN};
    struct scene scene = {preview, instance, now_ns};
    const struct condition_port port = {.context = &scene,
                                        .point = scene_point,
                                        .member = scene_member,
                                        .timer = scene_timer,
                                        .cell_read = scene_cell_read,
                                        .cell_write = scene_cell_write};
    struct condition_result result = condition_evaluate(preview->condition, &port, now_ns, NULL);
    for (unsigned i = 0; i < condition_timers(preview->condition); i++) {
        if (result.timers_run >> i & 1 && !instance->running[i])
            instance->started_ns[i] = now_ns;
        instance->running[i] =
            (instance->running[i] || result.timers_run >> i & 1) && !(result.timers_stop >> i & 1);
    }
    instance->wake_ns = result.wake_ns;
    track_judge(preview, &instance->track, instance->point, verdicts[result.truth], now_ns, value);
}

/* When something changes of itself, behind a time; INT64_MAX: nothing does. */
static int64_t instance_due(const struct preview *preview, const struct preview_instance *instance,
                            int64_t after_ns)
{
    int64_t due_ns = instance->wake_ns;
    for (unsigned i = 0; i < condition_timers(preview->condition); i++) {
        int64_t end_ns = instance->started_ns[i] + condition_timer(preview->condition, i);
        if (instance->running[i] && end_ns > after_ns && end_ns < due_ns)
            due_ns = end_ns;
    }
    return due_ns;
}

#define WAKES_MAX 64 /* between two samples: a condition that asks to be woken again and again */

static void instance_until(struct preview *preview, struct preview_instance *instance,
                           int64_t time_ns)
{
    int64_t last_ns = INT64_MIN;
    for (int i = 0; i < WAKES_MAX; i++) {
        int64_t due_ns = instance_due(preview, instance, last_ns);
        if (due_ns >= time_ns || due_ns <= last_ns)
            break;
        instance->wake_ns = INT64_MAX;
        instance_evaluate(preview, instance, due_ns, NAN);
        last_ns = due_ns;
    }
    track_until(preview, &instance->track, instance->point, time_ns);
}

/* The time of the oldest sample that is not behind; INT64_MAX: there is none. */
static int64_t time_oldest(const struct preview *preview)
{
    int64_t oldest_ns = INT64_MAX;
    for (size_t i = 0; i < preview->point_count; i++) {
        const struct preview_point *point = &preview->points[i];
        if (point->at < point->count &&
            preview->samples[point->first + point->at].time_ns < oldest_ns)
            oldest_ns = preview->samples[point->first + point->at].time_ns;
    }
    return oldest_ns;
}

/* Does it look at one that has a sample of this time? NULL, or that sample. */
static const struct preview_sample *sample_of(const struct preview *preview, size_t point,
                                              int64_t time_ns)
{
    const struct preview_point *of = &preview->points[point];
    const struct preview_sample *sample = &preview->samples[of->first + of->at];
    return of->at < of->count && sample->time_ns == time_ns ? sample : NULL;
}

static const struct preview_sample *instance_sample(const struct preview *preview, size_t instance,
                                                    int64_t time_ns)
{
    const struct preview_instance *of = &preview->instances[instance];
    const struct preview_sample *found = NULL;
    for (unsigned i = 0; found == NULL && i < condition_references(preview->condition); i++)
        if (of->references[i] != 0)
            found = sample_of(preview, of->references[i] - 1u, time_ns);
    for (size_t i = 0; found == NULL && i < preview->member_count; i++)
        if (preview->members[i].instance == instance)
            found = sample_of(preview, preview->members[i].point, time_ns);
    return found;
}

/* Samples in the order of their times, those of one time together: what came with one message is
 * seen as one. */
static bool conditions_judge(struct preview *preview, struct turn *turn)
{
    const struct preview_sample *seen[PREVIEW_POINTS_MAX];
    int64_t time_ns;
    while ((time_ns = time_oldest(preview)) != INT64_MAX) {
        if (turn_is_over(turn, 512 + 256 * preview->instance_count))
            return false;
        for (size_t i = 0; i < preview->instance_count; i++) {
            seen[i] = instance_sample(preview, i, time_ns);
            if (seen[i] != NULL)
                instance_until(preview, &preview->instances[i], time_ns);
        }
        for (size_t i = 0; i < preview->point_count; i++)
            preview->points[i].at += sample_of(preview, i, time_ns) != NULL;
        for (size_t i = 0; i < preview->instance_count; i++)
            if (seen[i] != NULL)
                instance_evaluate(preview, &preview->instances[i], time_ns, seen[i]->value);
    }
    for (size_t i = 0; i < preview->instance_count; i++)
        instance_until(preview, &preview->instances[i], preview->to_ns);
    return true;
}

bool preview_judge(struct preview *preview, struct turn *turn)
{
    if (preview->condition != NULL)
        return conditions_judge(preview, turn);
    for (; preview->judging < preview->point_count; preview->judging++)
        if (preview->points[preview->judging].judged &&
            !point_judge(preview, (uint32_t)preview->judging, turn))
            return false;
    return true;
}
