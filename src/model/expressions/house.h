/* What the tests, the fuzzer and the replay of this folder share: points, timers and expressions
 * beside each other, put together as the engine does it, and an owner who writes down what he is
 * told. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/expressions/expressions.h"

#define HOUSE_RULES 64
#define HOUSE_TOLD 4096

struct house_told {
    uint32_t rule, point;
    enum condition_truth truth;
    uint64_t position;
};
struct house {
    struct state *state;
    struct points *points;
    struct timing *timing;
    struct expressions *expressions;
    struct effects effects;
    struct outcome outcomes[4];
    struct point_notice notices[COLUMNS_MAX];
    struct record_stamp stamp;
    const char *texts[HOUSE_RULES]; /* of rules 1.. */
    uint32_t tenants[HOUSE_RULES];
    struct house_told told[HOUSE_TOLD]; /* the first ones */
    size_t told_count;
    uint64_t told_hash; /* of all */
};

/* An asset is the branch that holds a point: its metrics are beside it. */
static inline uint32_t house_metric(void *context, uint32_t point, struct bytes metric)
{
    struct house *house = context;
    struct point_row row;
    uint8_t path[2 * PATH_MAX_BYTES];
    size_t size = points_path(house->points, point, path);
    points_row(house->points, points_row_of(house->points, point), &row);
    while (size > 0 && path[size - 1] != '/')
        size--;
    memcpy(path + size, metric.at, metric.size);
    return points_find(house->points, row.tenant, bytes_of(path, size + metric.size));
}

static inline enum err house_changed(void *context, uint32_t rule, uint32_t point,
                                     enum condition_truth truth, const struct record_stamp *stamp)
{
    struct house *house = context;
    uint64_t words[] = {house->told_hash, (uint64_t)rule << 32 | point, truth, stamp->position};
    check(expressions_truth(house->expressions, rule, point) == truth);
    house->told_hash = hash64(words, sizeof words, 1);
    if (house->told_count < HOUSE_TOLD)
        house->told[house->told_count] = (struct house_told){rule, point, truth, stamp->position};
    house->told_count++;
    return OK;
}

static inline void house_open_limited(struct house *house, const struct expressions_limits *limits,
                                      uint32_t timers_max)
{
    const struct expressions_port port = {house, house_metric, house_changed};
    memset(house, 0, sizeof *house);
    check(state_create(&house->state) == OK);
    check(points_create(house->state, &points_limits_default, &house->points) == OK);
    check(timing_create(house->state, timers_max, &house->timing) == OK);
    check(expressions_create(house->state, limits, house->points, house->timing, &port,
                             &house->expressions) == OK);
    house->effects.outcomes = house->outcomes;
    house->effects.outcome_capacity = 4;
    house->effects.notices = house->notices;
    house->stamp = (struct record_stamp){
        .position = 1, .engine_ns = 1000 * NS_PER_S, .wall_ns = 1700000000 * NS_PER_S};
}

static inline void house_open(struct house *house)
{
    house_open_limited(house, &expressions_limits_default, TIMING_TIMERS_MAX);
}

static inline void house_close(struct house *house)
{
    expressions_destroy(house->expressions);
    timing_destroy(house->timing);
    points_destroy(house->points);
    state_destroy(house->state);
}

static inline bool house_text(void *context, uint32_t rule, struct bytes *ret_text,
                              uint32_t *ret_tenant)
{
    const struct house *house = context;
    if (rule >= HOUSE_RULES || house->texts[rule] == NULL)
        return false;
    *ret_text = bytes_text(house->texts[rule]);
    *ret_tenant = house->tenants[rule];
    return true;
}

static inline enum err house_rebuild(struct house *house)
{
    enum err err = points_rebuild(house->points);
    if (err == OK)
        err = timing_rebuild(house->timing);
    if (err == OK)
        err = expressions_rebuild(house->expressions, house_text, house);
    for (uint32_t rule = 1; err == OK && rule < HOUSE_RULES; rule++)
        if (house->texts[rule] != NULL)
            err = expressions_program(house->expressions, rule, house->tenants[rule],
                                      bytes_text(house->texts[rule]));
    return err;
}

/* ---- records ---- */
/* A row of points; metrics: names separated by spaces. Returns the id of the first. */
static inline uint32_t house_row(struct house *house, uint32_t tenant, const char *prefix,
                                 const char *metrics, uint8_t type)
{
    struct fact_row_point columns[COLUMNS_MAX];
    uint16_t count = 0;
    for (const char *at = metrics; *at != '\0';) {
        size_t size = strcspn(at, " ");
        columns[count++] = (struct fact_row_point){type, bytes_of(at, size)};
        at += size + (at[size] == ' ');
    }
    uint32_t first = points_count(house->points) + 1;
    struct fact fact = {.kind = FACT_ROW,
                        .row = {.tenant = tenant,
                                .shape = {points_rows(house->points) + 1, first, count},
                                .object = true,
                                .prefix = bytes_text(prefix),
                                .points = columns}};
    house->stamp.position++;
    check(points_apply_fact(house->points, &fact, &house->stamp, &house->effects) == OK);
    for (uint32_t i = 0; i < count; i++)
        check(expressions_point_changed(house->expressions, first + i, &house->stamp) == OK);
    return first;
}

static inline struct command house_command(const struct house *house, enum command_kind kind,
                                           uint32_t point, uint8_t *path)
{
    struct point_row row;
    points_row(house->points, points_row_of(house->points, point), &row);
    return (struct command){.kind = (uint8_t)kind,
                            .tenant = row.tenant,
                            .path = bytes_of(path, points_path(house->points, point, path))};
}

/* To another path, or NULL: retired. False: refused. */
static inline bool house_rename(struct house *house, uint32_t point, const char *to)
{
    uint8_t path[PATH_MAX_BYTES];
    struct command command =
        house_command(house, to != NULL ? COMMAND_RENAME : COMMAND_RETIRE, point, path);
    if (to != NULL)
        command.new_path = bytes_text(to);
    struct fact fact = {.kind = FACT_COMMAND, .command = command};
    house->stamp.position++;
    house->effects.outcome_count = 0;
    check(points_apply_fact(house->points, &fact, &house->stamp, &house->effects) == OK);
    if (house->outcomes[0].code != OUTCOME_DONE)
        return false;
    check(expressions_point_changed(house->expressions, point, &house->stamp) == OK);
    return true;
}

static inline void house_sample(struct house *house, uint32_t point, int64_t time_ns,
                                const struct value *value)
{
    struct point_row row;
    points_row(house->points, points_row_of(house->points, point), &row);
    uint8_t column = (uint8_t)(point - row.shape.first_point);
    struct sample_row sample = {
        .row = row.shape.row, .count = 1, .time_ns = time_ns, .columns = &column, .values = value};
    house->stamp.position++;
    check(points_apply_sample(house->points, &row.shape, &sample, house->stamp.wall_ns,
                              &house->effects) == OK);
    for (size_t i = 0; i < house->effects.notice_count; i++)
        check(expressions_judge(house->expressions, &house->notices[i], &house->stamp) == OK);
}

/* A value of now. */
static inline void house_real(struct house *house, uint32_t point, double real)
{
    struct value value = value_of_real(real);
    house_sample(house, point, house->stamp.wall_ns, &value);
}

/* The end of a batch, and the time of the next one. */
static inline enum err house_fired(void *context, const struct timer_view *timer)
{
    struct house *house = context;
    return expressions_fired(house->expressions, timer, &house->stamp);
}

static inline void house_walk(struct house *house)
{
    check(expressions_walk(house->expressions, &house->stamp) == OK);
}

static inline void house_after(struct house *house, int64_t span_ns)
{
    bool more = true;
    house_walk(house);
    house->stamp.position++;
    house->stamp.engine_ns += span_ns;
    house->stamp.wall_ns += span_ns;
    while (more)
        check(timing_advance(house->timing, house->stamp.engine_ns, 1000, house_fired, house,
                             &more) == OK);
}

static inline void house_walk_all(struct house *house)
{
    while (expressions_walk_left(house->expressions) > 0)
        house_walk(house);
}

/* ---- rules ---- */
static inline void house_rule(struct house *house, uint32_t rule, uint32_t tenant, const char *text)
{
    house->texts[rule] = text;
    house->tenants[rule] = tenant;
    check(expressions_program(house->expressions, rule, tenant, bytes_text(text)) == OK);
}

static inline enum err house_add(struct house *house, uint32_t rule, uint32_t point)
{
    return expressions_add(house->expressions, rule, point, &house->stamp);
}
