/* What the tests of this folder share: a state with points in it, and short ways to say things. */
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

#include "model/points/points.h"

struct fixture {
    struct state *state;
    struct points *points;
    struct effects effects;
    struct outcome outcomes[4];
    struct record_stamp stamp;
};

static inline void fixture_open_limited(struct fixture *f, const struct points_limits *limits)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(state_create(&f->state), OK);
    assert_int_equal(points_create(f->state, limits, &f->points), OK);
    f->effects.outcomes = f->outcomes;
    f->effects.outcome_capacity = 4;
    f->stamp = (struct record_stamp){.position = 1, .engine_ns = 1, .wall_ns = 1000 * NS_PER_S};
}

static inline void fixture_open(struct fixture *f)
{
    fixture_open_limited(f, &points_limits_default);
}

static inline void fixture_close(struct fixture *f)
{
    points_destroy(f->points);
    state_destroy(f->state);
}

/* A row of the dictionary with the next ids; metrics: names separated by spaces. */
static inline enum err fixture_row(struct fixture *f, uint32_t tenant, bool object,
                                   const char *prefix, const char *metrics, uint8_t type)
{
    struct fact_row_point columns[COLUMNS_MAX];
    uint16_t count = 0;
    for (const char *at = metrics; *at != '\0';) {
        size_t size = strcspn(at, " ");
        columns[count++] = (struct fact_row_point){type, bytes_of(at, size)};
        at += size + (at[size] == ' ');
    }
    struct fact fact = {
        .kind = FACT_ROW,
        .row = {.tenant = tenant,
                .shape = {points_rows(f->points) + 1, points_count(f->points) + 1, count},
                .object = object,
                .prefix = bytes_text(prefix),
                .points = columns}};
    f->stamp.position++;
    return points_apply_fact(f->points, &fact, &f->stamp, &f->effects);
}

/* Applies a command and returns its outcome. */
static inline struct outcome fixture_command(struct fixture *f, const struct command *command)
{
    struct fact fact = {.kind = FACT_COMMAND, .command = *command};
    f->stamp.position++;
    f->effects.outcome_count = 0;
    assert_int_equal(points_apply_fact(f->points, &fact, &f->stamp, &f->effects), OK);
    assert_int_equal(f->effects.outcome_count, 1);
    assert_int_equal(f->outcomes[0].position, f->stamp.position);
    return f->outcomes[0];
}

static inline struct command command_of(enum command_kind kind, const char *path)
{
    return (struct command){
        .kind = (uint8_t)kind, .tenant = TENANT_DEFAULT, .path = bytes_text(path)};
}

static inline struct value value_number(uint8_t type, int64_t number)
{
    return (struct value){.type = type, .present = true, .number = number};
}

/* One value for one point, as a record of its row. */
static inline enum err fixture_sample(struct fixture *f, uint32_t point, int64_t time_ns,
                                      const struct value *value)
{
    struct point_row row;
    points_row(f->points, points_row_of(f->points, point), &row);
    uint8_t column = (uint8_t)(point - row.shape.first_point);
    struct sample_row sample = {
        .row = row.shape.row, .count = 1, .time_ns = time_ns, .columns = &column, .values = value};
    return points_apply_sample(f->points, &row.shape, &sample, time_ns + 5, &f->effects);
}

static inline struct point_view fixture_view(const struct fixture *f, uint32_t point)
{
    struct point_view view;
    points_view(f->points, point, &view);
    return view;
}

static inline void assert_text(struct bytes text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.at, expected, text.size);
}
