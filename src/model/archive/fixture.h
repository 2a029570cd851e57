/* What the tests of this folder share: points with an archive beside them, and short ways to say
 * commands. */
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

#include "model/archive/archive.h"

struct fixture {
    struct state *state;
    struct points *points;
    struct archive *archive;
    struct effects point_effects;
    struct outcome point_outcomes[4];
    struct archive_effects effects; /* of the last command */
    struct record_stamp stamp;
};

static inline void fixture_open_limited(struct fixture *f, const struct archive_limits *limits)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(state_create(&f->state), OK);
    assert_int_equal(points_create(f->state, &points_limits_default, &f->points), OK);
    assert_int_equal(archive_create(f->state, limits, &f->archive), OK);
    f->point_effects.outcomes = f->point_outcomes;
    f->point_effects.outcome_capacity = 4;
    f->stamp = (struct record_stamp){.position = 1, .engine_ns = 1, .wall_ns = 1000 * NS_PER_S};
}

static inline void fixture_open(struct fixture *f)
{
    fixture_open_limited(f, &archive_limits_default);
}

static inline void fixture_close(struct fixture *f)
{
    archive_destroy(f->archive);
    points_destroy(f->points);
    state_destroy(f->state);
}

/* A row of points a/0, a/1 .. below a prefix; returns the id of the first. */
static inline uint32_t fixture_row(struct fixture *f, uint32_t tenant, const char *prefix,
                                   uint16_t count, uint8_t type)
{
    struct fact_row_point columns[COLUMNS_MAX];
    char names[COLUMNS_MAX][8];
    for (uint16_t i = 0; i < count; i++)
        columns[i] = (struct fact_row_point){
            type, bytes_of(names[i], (size_t)snprintf(names[i], sizeof names[i], "%u", i))};
    struct fact fact = {
        .kind = FACT_ROW,
        .row = {.tenant = tenant,
                .shape = {points_rows(f->points) + 1, points_count(f->points) + 1, count},
                .object = true,
                .prefix = bytes_text(prefix),
                .points = columns}};
    f->stamp.position++;
    assert_int_equal(points_apply_fact(f->points, &fact, &f->stamp, &f->point_effects), OK);
    return points_count(f->points) - count + 1;
}

static inline void fixture_sample(struct fixture *f, uint32_t point, int64_t time_ns,
                                  const struct value *value)
{
    struct point_row row;
    points_row(f->points, points_row_of(f->points, point), &row);
    uint8_t column = (uint8_t)(point - row.shape.first_point);
    struct sample_row sample = {
        .row = row.shape.row, .count = 1, .time_ns = time_ns, .columns = &column, .values = value};
    assert_int_equal(
        points_apply_sample(f->points, &row.shape, &sample, time_ns + 5, &f->point_effects), OK);
}

static inline struct value value_number(uint8_t type, int64_t number)
{
    return (struct value){.type = type, .present = true, .number = number};
}

/* Applies a command and returns its outcome. */
static inline struct outcome fixture_command(struct fixture *f, const struct command *command)
{
    struct fact fact = {.kind = FACT_ARCHIVE, .command = *command};
    f->stamp.position++;
    assert_int_equal(archive_apply_fact(f->archive, f->points, &fact, &f->stamp, &f->effects), OK);
    assert_int_equal(f->effects.outcome.position, f->stamp.position);
    return f->effects.outcome;
}

static inline struct command command_of(enum command_kind kind)
{
    return (struct command){.kind = (uint8_t)kind, .tenant = TENANT_DEFAULT};
}

static inline struct command policy_command(const char *name, const char *pattern, uint32_t rank)
{
    struct command command = command_of(COMMAND_POLICY_SET);
    command.policy = (struct command_policy){
        .name = bytes_text(name), .pattern = bytes_text(pattern), .rank = rank};
    return command;
}

static inline struct command erase_command(uint32_t erasure, const struct point_range *ranges,
                                           uint16_t count, int64_t from_ns, int64_t to_ns)
{
    struct command command = command_of(COMMAND_ERASE);
    command.erase = (struct command_erase){.erasure = erasure,
                                           .complete = true,
                                           .from_ns = from_ns,
                                           .to_ns = to_ns,
                                           .pattern = bytes_text("a/#"),
                                           .reason = bytes_text("test"),
                                           .author = bytes_text("me"),
                                           .ranges = ranges,
                                           .range_count = count};
    return command;
}

static inline struct command correct_command(const char *path, int64_t time_ns,
                                             const struct value *value)
{
    struct command command = command_of(COMMAND_CORRECT);
    command.path = bytes_text(path);
    command.correct = (struct command_correct){
        .time_ns = time_ns, .value = *value, .reason = bytes_text("calibrated")};
    return command;
}

static inline struct command annotate_command(const char *path, int64_t from_ns, int64_t to_ns,
                                              const char *text)
{
    struct command command = command_of(COMMAND_ANNOTATE);
    command.path = bytes_text(path);
    command.annotate = (struct command_annotate){
        .from_ns = from_ns, .to_ns = to_ns, .text = bytes_text(text), .author = bytes_text("me")};
    return command;
}

static inline void assert_text(struct bytes text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.at, expected, text.size);
}
