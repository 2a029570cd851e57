/* Evaluation: what a program asks of us, and what becomes of its answer. */
#include "model/expressions/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct evaluation {
    struct expressions *expressions;
    const struct program *program;
    const uint8_t *part;
    uint32_t unit;                    /* of the part */
    const struct set_member *members; /* of the set that is asked about */
    uint32_t member_count;
};

static struct evaluation evaluation_of(struct expressions *expressions,
                                       const struct program *program, uint32_t part)
{
    return (struct evaluation){.expressions = expressions,
                               .program = program,
                               .part = part_read(expressions, part),
                               .unit = part};
}

/* ---- what a program asks ---- */
/* since_ns: for a point that was never heard. */
static void sample_of(const struct expressions *expressions, uint32_t point,
                      struct condition_sample *ret_sample)
{
    ret_sample->value =
        points_last(expressions->points, point, &ret_sample->time_ns, &ret_sample->heard_ns);
    ret_sample->point = point;
}

static bool port_point(void *context, unsigned reference, struct condition_sample *ret_sample)
{
    const struct evaluation *evaluation = context;
    const struct reference_entry *entry = part_references(evaluation->part) + reference;
    if (entry->point == POINT_NONE)
        return false;
    sample_of(evaluation->expressions, entry->point, ret_sample);
    if (UNLIKELY(ret_sample->heard_ns == 0))
        ret_sample->heard_ns = entry->since_ns;
    return true;
}

#define MEMBERS_AHEAD 8u /* fetched into the cache before they are asked for */

static bool port_member(void *context, unsigned set, uint64_t *cursor,
                        struct condition_sample *ret_sample)
{
    struct evaluation *evaluation = context;
    const struct expressions *expressions = evaluation->expressions;
    if (*cursor == 0) {
        uint32_t number = part_sets(evaluation->program, evaluation->part)[set];
        evaluation->member_count = set_read(expressions, number)->members;
        evaluation->members = expressions->set_indexes[number]->members;
    }
    if (*cursor >= evaluation->member_count)
        return false;
    const struct set_member *member = &evaluation->members[(*cursor)++];
    if (*cursor + MEMBERS_AHEAD < evaluation->member_count)
        points_apply_prefetch(expressions->points, member[MEMBERS_AHEAD].point, 1);
    sample_of(expressions, member->point, ret_sample);
    if (UNLIKELY(ret_sample->heard_ns == 0)) {
        const struct member_entry *entry = state_read(&expressions->members, member->member);
        ret_sample->heard_ns = entry->since_ns;
    }
    return true;
}

static bool port_timer(void *context, unsigned timer)
{
    const struct evaluation *evaluation = context;
    return part_timers(evaluation->program, evaluation->part)[timer] == TIMER_RAN_OUT;
}

static void port_cell_read(void *context, unsigned cell, struct condition_cell *ret_cell)
{
    const struct evaluation *evaluation = context;
    memcpy(ret_cell, evaluation->part + (evaluation->program->cells_unit + cell) * PART_UNIT,
           sizeof *ret_cell);
}

static void port_cell_write(void *context, unsigned cell, const struct condition_cell *bytes)
{
    const struct evaluation *evaluation = context;
    memcpy(state_write(&evaluation->expressions->parts,
                       evaluation->unit + evaluation->program->cells_unit + cell),
           bytes, sizeof *bytes);
}

/* ---- what becomes of the answer ---- */
static void timer_put(struct evaluation *evaluation, unsigned timer, uint32_t number)
{
    size_t at = evaluation->program->timers_at + timer * sizeof number;
    uint8_t *unit =
        state_write(&evaluation->expressions->parts, evaluation->unit + (uint32_t)(at / PART_UNIT));
    store_u32(unit + at % PART_UNIT, number);
}

int64_t time_after(int64_t from_ns, int64_t span_ns)
{
    int64_t at_ns;
    if (__builtin_add_overflow(from_ns, span_ns, &at_ns) || at_ns >= TIMING_NEVER - 1)
        return TIMING_NEVER - 2;
    return at_ns < 0 ? 0 : at_ns;
}

static uint64_t timer_owner(uint32_t instance, uint32_t number)
{
    return (uint64_t)instance << 8 | number;
}

/* A timer that finds no room (timers_max) is asked for again by the next evaluation. */
static enum err timer_start(struct evaluation *evaluation, uint32_t instance, unsigned timer,
                            const struct record_stamp *stamp)
{
    uint32_t number;
    int64_t span_ns = condition_timer(evaluation->program->condition, timer);
    enum err err =
        timing_set(evaluation->expressions->timing, EXPRESSIONS_TIMER, timer_owner(instance, timer),
                   time_after(stamp->engine_ns, span_ns), &number);
    if (err == OK)
        timer_put(evaluation, timer, number);
    return err == ERR_LIMIT ? OK : err;
}

static enum err timers_follow(struct evaluation *evaluation, uint32_t instance,
                              const struct condition_result *result,
                              const struct record_stamp *stamp)
{
    for (unsigned i = 0; i < evaluation->program->timers; i++) {
        uint32_t number = part_timers(evaluation->program, evaluation->part)[i];
        if (result->timers_run >> i & 1 && number == TIMER_NONE) {
            enum err err = timer_start(evaluation, instance, i, stamp);
            if (err != OK)
                return err;
        } else if (result->timers_stop >> i & 1 && number != TIMER_NONE) {
            if (number != TIMER_RAN_OUT)
                timing_stop(evaluation->expressions->timing, number);
            timer_put(evaluation, i, TIMER_NONE);
        }
    }
    return OK;
}

enum err instance_wake_at(struct expressions *expressions, uint32_t instance, int64_t due_ns)
{
    const struct instance_entry *row = instance_read(expressions, instance);
    if (row->wake_timer != TIMER_NONE) {
        if (row->wake_ns <= due_ns)
            return OK;
        timing_move(expressions->timing, row->wake_timer, due_ns);
    } else {
        uint32_t timer;
        enum err err = timing_set(expressions->timing, EXPRESSIONS_TIMER,
                                  timer_owner(instance, OWNER_WAKE), due_ns, &timer);
        if (err != OK)
            return err == ERR_LIMIT ? OK : err;
        instance_write(expressions, instance)->wake_timer = timer;
    }
    instance_write(expressions, instance)->wake_ns = due_ns;
    return OK;
}

#define REFERENCES_AHEAD 4u

static bool sets_are_ready(const struct expressions *expressions, const struct program *program,
                           const uint8_t *part)
{
    for (unsigned i = 0; i < program->sets; i++) {
        uint32_t set = part_sets(program, part)[i];
        if (set == SET_NONE)
            return false;
        const struct set_entry *entry = set_read(expressions, set);
        if (entry->state != SET_READY || entry->over)
            return false;
    }
    return true;
}

/* What it will read lies in five places or so, and none of them is in the cache when there are
 * many: they are waited for together. */
static void instance_prefetch(const struct expressions *expressions,
                              const struct instance_entry *row, const struct program *program)
{
    const uint8_t *condition = (const uint8_t *)program->condition;
    for (size_t at = 0; at < program->fetched; at += PART_UNIT)
        __builtin_prefetch(condition + at);
    if (program->references == 0 || program->references > REFERENCES_AHEAD)
        return;
    const struct reference_entry *entries = part_references(part_read(expressions, row->part));
    for (unsigned i = 0; i < program->references; i++)
        points_apply_prefetch(expressions->points, entries[i].point, 1);
}

enum err instance_evaluate(struct expressions *expressions, uint32_t instance,
                           const struct record_stamp *stamp)
{
    const struct instance_entry *row = instance_read(expressions, instance);
    const struct program *program = program_of(expressions, row->rule);
    instance_prefetch(expressions, row, program);
    struct evaluation evaluation = evaluation_of(expressions, program, row->part);
    uint8_t truth = CONDITION_UNKNOWN;
    if (LIKELY(program->sets == 0) || sets_are_ready(expressions, program, evaluation.part)) {
        const struct condition_port port = {&evaluation, port_point,     port_member,
                                            port_timer,  port_cell_read, port_cell_write};
        struct condition_result result =
            condition_evaluate(program->condition, &port, stamp->wall_ns, NULL);
        enum err err = OK;
        truth = (uint8_t)result.truth;
        if (program->timers > 0)
            err = timers_follow(&evaluation, instance, &result, stamp);
        if (err == OK && result.wake_ns != INT64_MAX)
            err = instance_wake_at(expressions, instance,
                                   time_after(stamp->engine_ns, result.wake_ns - stamp->wall_ns));
        if (err != OK)
            return err;
    }
    if (LIKELY(truth == row->truth))
        return OK;
    instance_write(expressions, instance)->truth = truth;
    return expressions->port.changed(expressions->port.context, row->rule, row->point,
                                     (enum condition_truth)truth, stamp);
}

void instance_timers_stop(struct expressions *expressions, uint32_t instance)
{
    struct instance_entry *row = instance_write(expressions, instance);
    const struct program *program = program_of(expressions, row->rule);
    struct evaluation evaluation = evaluation_of(expressions, program, row->part);
    for (unsigned i = 0; i < program->timers; i++) {
        uint32_t number = part_timers(program, evaluation.part)[i];
        if (number != TIMER_RAN_OUT)
            timing_stop(expressions->timing, number);
        if (number != TIMER_NONE)
            timer_put(&evaluation, i, TIMER_NONE);
    }
    timing_stop(expressions->timing, row->wake_timer);
    row->wake_timer = TIMER_NONE;
    row->wake_ns = 0;
}

void instance_timer_ran_out(struct expressions *expressions, uint32_t instance, uint32_t timer)
{
    const struct instance_entry *row = instance_read(expressions, instance);
    const struct program *program = program_of(expressions, row->rule);
    struct evaluation evaluation = evaluation_of(expressions, program, row->part);
    check(timer < program->timers);
    timer_put(&evaluation, timer, TIMER_RAN_OUT);
}

/* ---- why ---- */
struct explaining {
    const struct expressions *expressions;
    uint8_t path[PATH_MAX_BYTES];
};

static struct bytes explain_name(void *context, const struct condition_operand *operand)
{
    struct explaining *explaining = context;
    if (operand->point == POINT_NONE)
        return operand->source;
    return bytes_of(explaining->path, points_path(explaining->expressions->points,
                                                  (uint32_t)operand->point, explaining->path));
}

/* The first set that is not there to be looked at. */
static void explain_sets(const struct expressions *expressions, const struct program *program,
                         const uint8_t *part, char *text, size_t capacity)
{
    for (unsigned i = 0; i < program->sets; i++) {
        uint32_t set = part_sets(program, part)[i];
        const struct set_entry *entry = set == SET_NONE ? NULL : set_read(expressions, set);
        if (entry != NULL && entry->state == SET_READY && !entry->over)
            continue;
        struct bytes pattern = condition_set(program->condition, i).text;
        const char *why = entry == NULL               ? "there are too many patterns"
                          : entry->state != SET_READY ? "its points are being looked for"
                                                      : "it has more points than are looked at";
        char line[PATTERN_BYTES_MAX + 64];
        (void)snprintf(line, sizeof line, "%.*s: %s", (int)pattern.size, (const char *)pattern.at,
                       why);
        size_t size = strlen(line) < capacity ? strlen(line) : capacity - 1;
        while (size > 0 && ((uint8_t)line[size] & 0xc0) == 0x80) /* not within a character */
            size--;
        memcpy(text, line, size);
        text[size] = '\0';
        return;
    }
}

char *expressions_explain(struct expressions *expressions, uint32_t rule, uint32_t point,
                          int64_t now_ns, char *text, size_t capacity)
{
    uint32_t instance = instance_find(expressions, rule, point);
    check(capacity > 0);
    text[0] = '\0';
    if (instance == INSTANCE_NONE)
        return text;
    const struct instance_entry *row = instance_read(expressions, instance);
    const struct program *program = program_of(expressions, rule);
    struct evaluation evaluation = evaluation_of(expressions, program, row->part);
    if (!sets_are_ready(expressions, program, evaluation.part)) {
        explain_sets(expressions, program, evaluation.part, text, capacity);
        return text;
    }
    const struct condition_port port = {.context = &evaluation,
                                        .point = port_point,
                                        .member = port_member,
                                        .timer = port_timer,
                                        .cell_read = port_cell_read};
    struct condition_explanation explanation;
    struct explaining explaining = {.expressions = expressions};
    const struct condition_names names = {&explaining, explain_name};
    (void)condition_evaluate(program->condition, &port, now_ns, &explanation);
    return condition_explain(&explanation, &names, text, capacity);
}
