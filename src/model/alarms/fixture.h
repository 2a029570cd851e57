/* What the tests of this folder share: points, timers, expressions, assets and alarms beside each
 * other, put together as the engine does it, and short ways to say commands. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/alarms/alarms.h"

struct fixture {
    struct state *state;
    struct points *points;
    struct assets *assets;
    struct timing *timing;
    struct expressions *expressions;
    struct alarms *alarms;
    struct effects effects;
    struct outcome outcomes[4];
    struct point_notice notices[COLUMNS_MAX];
    struct record_stamp stamp;
};

#define FIXTURE_TIMERS 100000

static inline uint32_t fixture_metric(void *context, uint32_t point, struct bytes metric)
{
    struct fixture *f = context;
    struct bytes own;
    uint32_t asset = assets_of_point(f->assets, point, &own);
    return asset == ASSET_NONE ? POINT_NONE : assets_point(f->assets, asset, metric);
}

static inline enum err fixture_truth(void *context, uint32_t rule, uint32_t point,
                                     enum condition_truth truth, const struct record_stamp *stamp)
{
    struct fixture *f = context;
    enum alarm_verdict verdict = truth == CONDITION_TRUE    ? ALARM_TRUE
                                 : truth == CONDITION_FALSE ? ALARM_FALSE
                                                            : ALARM_UNKNOWN;
    return alarms_expression(f->alarms, rule, point, verdict, stamp);
}

static inline void fixture_open_limited(struct fixture *f, const struct alarms_limits *limits,
                                        uint32_t timers_max)
{
    memset(f, 0, sizeof *f);
    const struct expressions_port port = {f, fixture_metric, fixture_truth};
    assert_int_equal(state_create(&f->state), OK);
    assert_int_equal(points_create(f->state, &points_limits_default, &f->points), OK);
    assert_int_equal(assets_create(f->state, &assets_limits_default, f->points, &f->assets), OK);
    assert_int_equal(timing_create(f->state, timers_max, &f->timing), OK);
    assert_int_equal(expressions_create(f->state, &expressions_limits_default, f->points, f->timing,
                                        &port, &f->expressions),
                     OK);
    assert_int_equal(alarms_create(f->state, limits, f->points, f->assets, f->expressions,
                                   f->timing, &f->alarms),
                     OK);
    f->effects.outcomes = f->outcomes;
    f->effects.outcome_capacity = 4;
    f->effects.notices = f->notices;
    f->stamp = (struct record_stamp){
        .position = 1, .engine_ns = 1000 * NS_PER_S, .wall_ns = 1700000000 * NS_PER_S};
}

static inline void fixture_open(struct fixture *f)
{
    fixture_open_limited(f, &alarms_limits_default, FIXTURE_TIMERS);
}

static inline void fixture_close(struct fixture *f)
{
    alarms_destroy(f->alarms);
    expressions_destroy(f->expressions);
    timing_destroy(f->timing);
    assets_destroy(f->assets);
    points_destroy(f->points);
    state_destroy(f->state);
}

/* Rebuilds all of them as after pages were loaded. */
static inline enum err fixture_rebuild(struct fixture *f)
{
    enum err err = points_rebuild(f->points);
    if (err == OK)
        err = assets_rebuild(f->assets);
    if (err == OK)
        err = timing_rebuild(f->timing);
    if (err == OK)
        err = expressions_rebuild(f->expressions, alarms_program, f->alarms);
    return err == OK ? alarms_rebuild(f->alarms) : err;
}

static inline enum err fixture_fired(void *context, const struct timer_view *timer)
{
    struct fixture *f = context;
    if (timer->kind == EXPRESSIONS_TIMER)
        return expressions_fired(f->expressions, timer, &f->stamp);
    return alarms_fired(f->alarms, timer, &f->stamp);
}

/* Time goes on, timers fire, a piece of each walk is done: as at a batch. */
static inline void fixture_pass(struct fixture *f, int64_t ns)
{
    bool more = true;
    f->stamp.position++;
    f->stamp.engine_ns += ns;
    f->stamp.wall_ns += ns;
    while (more)
        assert_int_equal(
            timing_advance(f->timing, f->stamp.engine_ns, 1000, fixture_fired, f, &more), OK);
    assert_int_equal(alarms_walk(f->alarms, &f->stamp), OK);
    assert_int_equal(expressions_walk(f->expressions, &f->stamp), OK);
}

/* Until no walk is left. */
static inline void fixture_settle(struct fixture *f)
{
    do
        fixture_pass(f, 0);
    while (alarms_walk_left(f->alarms) > 0);
}

/* Points of a row, metrics separated by spaces; returns the id of the first. */
static inline uint32_t fixture_row(struct fixture *f, uint32_t tenant, const char *prefix,
                                   const char *metrics, uint8_t type)
{
    struct fact_row_point columns[COLUMNS_MAX];
    uint16_t count = 0;
    for (const char *at = metrics; *at != '\0';) {
        size_t size = strcspn(at, " ");
        columns[count++] = (struct fact_row_point){type, bytes_of(at, size)};
        at += size + (at[size] == ' ');
    }
    uint32_t first = points_count(f->points) + 1;
    struct fact fact = {.kind = FACT_ROW,
                        .row = {.tenant = tenant,
                                .shape = {points_rows(f->points) + 1, first, count},
                                .object = true,
                                .prefix = bytes_text(prefix),
                                .points = columns}};
    f->stamp.position++;
    assert_int_equal(points_apply_fact(f->points, &fact, &f->stamp, &f->effects), OK);
    for (uint32_t point = first; point < first + count; point++) {
        assert_int_equal(expressions_point_changed(f->expressions, point, &f->stamp), OK);
        assert_int_equal(alarms_point_changed(f->alarms, point, &f->stamp), OK);
    }
    return first;
}

static inline void fixture_value(struct fixture *f, uint32_t point, int64_t time_ns,
                                 const struct value *value)
{
    struct point_row row;
    points_row(f->points, points_row_of(f->points, point), &row);
    uint8_t column = (uint8_t)(point - row.shape.first_point);
    struct sample_row sample = {
        .row = row.shape.row, .count = 1, .time_ns = time_ns, .columns = &column, .values = value};
    f->stamp.position++;
    f->effects.notice_count = 0;
    assert_int_equal(
        points_apply_sample(f->points, &row.shape, &sample, f->stamp.wall_ns, &f->effects), OK);
    for (size_t i = 0; i < f->effects.notice_count; i++) {
        assert_int_equal(alarms_judge(f->alarms, &f->notices[i], &f->stamp), OK);
        assert_int_equal(expressions_judge(f->expressions, &f->notices[i], &f->stamp), OK);
    }
}

static inline struct value value_whole(int64_t number)
{
    return (struct value){.type = VALUE_FLOAT64, .present = true, .number = number};
}

/* A whole number, now. */
static inline void fixture_put(struct fixture *f, uint32_t point, int64_t number)
{
    struct value value = value_whole(number);
    fixture_value(f, point, f->stamp.wall_ns, &value);
}

/* Time goes on, and a value comes. */
static inline void fixture_later(struct fixture *f, int64_t ns, uint32_t point, int64_t number)
{
    fixture_pass(f, ns);
    fixture_put(f, point, number);
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static inline struct outcome fixture_command(struct fixture *f, const struct command *command)
{
    struct fact fact = {.kind = FACT_MODULE, .command = *command};
    struct outcome outcome = {.code = OUTCOME_COUNT};
    f->stamp.position++;
    assert_int_equal(alarms_apply_fact(f->alarms, &fact, &f->stamp, &outcome), OK);
    assert_int_equal(outcome.position, f->stamp.position);
    return outcome;
}

struct said { /* a form being put together */
    uint8_t bytes[FORM_BYTES_MAX];
    struct form_writer form;
};

static inline struct form_writer *say(struct said *said)
{
    said->form = (struct form_writer){.at = said->bytes, .capacity = sizeof said->bytes};
    return &said->form;
}

static inline struct command said_command(const struct said *said, enum command_kind kind,
                                          const char *actor)
{
    struct bytes form;
    assert_true(form_end(&said->form, &form));
    struct command command = {.kind = (uint8_t)kind, .tenant = TENANT_DEFAULT};
    command.module.form = form;
    command.actor = (struct actor){.account = actor == NULL ? 0 : 7,
                                   .name = bytes_text(actor == NULL ? "" : actor)};
    return command;
}

static inline struct form_writer *say_rule(struct said *said, const char *name, enum rule_kind kind,
                                           enum rule_on on, const char *path)
{
    struct form_writer *form = say(said);
    form_put_text(form, RULE_TAG_NAME, bytes_text(name));
    form_put_integer(form, RULE_TAG_KIND, kind);
    form_put_integer(form, RULE_TAG_ON, on);
    if (path != NULL)
        form_put_text(form, RULE_TAG_PATH, bytes_text(path));
    return form;
}

static inline struct outcome fixture_set(struct fixture *f, const struct said *said)
{
    struct command command = said_command(said, COMMAND_RULE_SET, "ann");
    return fixture_command(f, &command);
}

/* Sets what was said; the rule's number, when its walk is over. */
static inline uint32_t fixture_rule(struct fixture *f, const struct said *said)
{
    struct outcome outcome = fixture_set(f, said);
    assert_int_equal(outcome.code, OUTCOME_DONE);
    fixture_settle(f);
    return outcome.number;
}

/* A limit on a path or pattern, plain. */
static inline uint32_t fixture_limit(struct fixture *f, const char *name, enum rule_kind kind,
                                     enum rule_on on, const char *path, double limit)
{
    struct said said;
    form_put_real(say_rule(&said, name, kind, on, path), RULE_TAG_LIMIT, limit);
    return fixture_rule(f, &said);
}

/* The point's own limit "high", and no other. */
static inline void fixture_own_limit(struct fixture *f, uint32_t point, const char *path,
                                     double high)
{
    struct fact fact = {.kind = FACT_COMMAND};
    fact.command = (struct command){.kind = COMMAND_CHANGE, .tenant = 1, .path = bytes_text(path)};
    fact.command.settings.has = HAS_LIMITS;
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        fact.command.settings.limits[i] = (double)NAN;
    fact.command.settings.limits[LIMIT_HIGH] = high;
    f->stamp.position++;
    assert_int_equal(points_apply_fact(f->points, &fact, &f->stamp, &f->effects), OK);
    assert_int_equal(alarms_point_changed(f->alarms, point, &f->stamp), OK);
}

static inline struct outcome fixture_remove(struct fixture *f, const char *name)
{
    struct said said;
    form_put_text(say(&said), RULE_TAG_NAME, bytes_text(name));
    struct command command = said_command(&said, COMMAND_RULE_REMOVE, "ann");
    return fixture_command(f, &command);
}

static inline struct outcome fixture_act(struct fixture *f, enum alarm_act act, uint64_t alarm,
                                         int64_t span_ns, const char *actor, const char *comment)
{
    struct said said;
    struct form_writer *form = say(&said);
    form_put_integer(form, ALARM_TAG_ACT, act);
    form_put_integer(form, ALARM_TAG_ALARM, (int64_t)alarm);
    if (span_ns != 0)
        form_put_integer(form, ALARM_TAG_SPAN, span_ns);
    if (comment != NULL)
        form_put_text(form, act == ALARM_ACT_ASSIGN ? ALARM_TAG_ASSIGNEE : ALARM_TAG_COMMENT,
                      bytes_text(comment));
    struct command command = said_command(&said, COMMAND_ALARM_ACT, actor);
    return fixture_command(f, &command);
}

static inline struct outcome fixture_act_on(struct fixture *f, enum alarm_act act, uint32_t rule,
                                            uint32_t point, int64_t span_ns)
{
    struct said said;
    struct form_writer *form = say(&said);
    form_put_integer(form, ALARM_TAG_ACT, act);
    form_put_integer(form, ALARM_TAG_RULE, rule);
    form_put_integer(form, ALARM_TAG_POINT, point);
    if (span_ns != 0)
        form_put_integer(form, ALARM_TAG_SPAN, span_ns);
    struct command command = said_command(&said, COMMAND_ALARM_ACT, "ann");
    return fixture_command(f, &command);
}

/* ---- assets ------------------------------------------------------------------------------------
 */
static inline uint32_t fixture_asset_command(struct fixture *f, const struct said *said,
                                             enum command_kind kind, uint32_t number)
{
    struct command command = said_command(said, kind, "ann");
    struct fact fact = {.kind = FACT_MODULE};
    struct asset_effects effects;
    command.module.number = number;
    fact.command = command;
    f->stamp.position++;
    assert_int_equal(assets_apply_fact(f->assets, &fact, &f->stamp, &effects), OK);
    if (effects.many_changed || effects.points_changed)
        alarms_assets_changed(f->alarms);
    return effects.outcome.code == OUTCOME_DONE ? effects.outcome.number : 0;
}

/* A type, new or not (number), with one metric that may have a high limit. */
static inline uint32_t fixture_type(struct fixture *f, uint32_t number, const char *name,
                                    uint32_t parent, const char *metric, double high)
{
    struct said said;
    struct form_writer *form = say(&said);
    struct asset_item item = {.kind = ITEM_METRIC,
                              .type = VALUE_FLOAT64,
                              .name = bytes_text(metric),
                              .unit = bytes_of("", 0),
                              .text = bytes_of("", 0)};
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        item.limits[i] = (double)NAN;
    item.limits[LIMIT_HIGH] = high;
    form_put_text(form, ASSET_TAG_NAME, bytes_text(name));
    if (parent != 0)
        form_put_integer(form, ASSET_TAG_PARENT, parent);
    asset_item_put(form, &item);
    return fixture_asset_command(f, &said, COMMAND_TYPE_SET, number);
}

static inline uint32_t fixture_asset(struct fixture *f, uint32_t number, const char *name,
                                     uint32_t type, const char *branch)
{
    struct said said;
    struct form_writer *form = say(&said);
    form_put_text(form, ASSET_TAG_NAME, bytes_text(name));
    form_put_integer(form, ASSET_TAG_TYPE, type);
    form_put_text(form, ASSET_TAG_BRANCH, bytes_text(branch));
    return fixture_asset_command(f, &said, COMMAND_ASSET_SET, number);
}

/* ---- asking ------------------------------------------------------------------------------------
 */
/* The state that the alarm of a rule on a point shows; ALARM_NORMAL when there is no row. */
static inline enum alarm_state fixture_state(const struct fixture *f, uint32_t rule, uint32_t point)
{
    struct alarm_view view;
    for (uint32_t row = 1; row <= alarms_rows(f->alarms); row++)
        if (alarms_row(f->alarms, row, &view) && view.rule == rule && view.point == point)
            return (enum alarm_state)view.state;
    return ALARM_NORMAL;
}

/* The row's view; there is one. */
static inline struct alarm_view fixture_alarm(const struct fixture *f, uint32_t rule,
                                              uint32_t point)
{
    struct alarm_view view = {0};
    for (uint32_t row = 1; row <= alarms_rows(f->alarms); row++)
        if (alarms_row(f->alarms, row, &view) && view.rule == rule && view.point == point)
            return view;
    fail_msg("rule %u has no alarm on point %u", rule, point);
    return view;
}

static inline struct alarm_entry fixture_entry(const struct fixture *f)
{
    struct alarm_entry entry;
    alarms_entry(f->alarms, alarms_entries(f->alarms), &entry);
    return entry;
}

static inline void assert_text(struct bytes text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.at, expected, text.size);
}
