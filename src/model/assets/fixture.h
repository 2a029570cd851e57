/* What the tests of this folder share: points with assets beside them, and short ways to say
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

#include "model/assets/assets.h"

struct fixture {
    struct state *state;
    struct points *points;
    struct assets *assets;
    struct effects point_effects;
    struct outcome point_outcomes[4];
    struct asset_effects effects; /* of the last command */
    struct record_stamp stamp;
    uint32_t tenant; /* of commands and rows */
    const char *author;
    uint8_t bytes[FORM_BYTES_MAX];
    struct form_writer form; /* what the next command says */
};

static inline void form_begin(struct fixture *f)
{
    f->form = (struct form_writer){.at = f->bytes, .capacity = sizeof f->bytes};
}

static inline void fixture_open_limited(struct fixture *f, const struct assets_limits *limits)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(state_create(&f->state), OK);
    assert_int_equal(points_create(f->state, &points_limits_default, &f->points), OK);
    assert_int_equal(assets_create(f->state, limits, f->points, &f->assets), OK);
    f->point_effects.outcomes = f->point_outcomes;
    f->point_effects.outcome_capacity = 4;
    f->stamp = (struct record_stamp){.position = 1, .engine_ns = 1, .wall_ns = 1000 * NS_PER_S};
    f->tenant = TENANT_DEFAULT;
    f->author = "ann@main";
    form_begin(f);
}

static inline void fixture_open(struct fixture *f)
{
    fixture_open_limited(f, &assets_limits_default);
}

static inline void fixture_close(struct fixture *f)
{
    assets_destroy(f->assets);
    points_destroy(f->points);
    state_destroy(f->state);
}

/* A row of float64 points below a prefix, of metrics apart by blanks; returns its number. */
static inline uint32_t fixture_row(struct fixture *f, const char *prefix, const char *metrics,
                                   bool object)
{
    struct fact_row_point columns[COLUMNS_MAX];
    uint16_t count = 0;
    for (const char *at = metrics; *at != 0;) {
        size_t size = strcspn(at, " ");
        columns[count++] = (struct fact_row_point){VALUE_FLOAT64, bytes_of(at, size)};
        at += size + (at[size] == ' ');
    }
    struct fact fact = {
        .kind = FACT_ROW,
        .row = {.tenant = f->tenant,
                .shape = {points_rows(f->points) + 1, points_count(f->points) + 1, count},
                .object = object,
                .prefix = bytes_text(prefix),
                .points = columns}};
    f->stamp.position++;
    assert_int_equal(points_apply_fact(f->points, &fact, &f->stamp, &f->point_effects), OK);
    assert_int_equal(assets_row_new(f->assets, points_rows(f->points)), OK);
    return points_rows(f->points);
}

static inline uint32_t fixture_point(struct fixture *f, const char *path)
{
    return points_find(f->points, f->tenant, bytes_text(path));
}

/* ---- saying things ---- */
static inline void say_text(struct fixture *f, enum asset_tag tag, const char *text)
{
    form_put_text(&f->form, (uint8_t)tag, bytes_text(text));
}

static inline void say_number(struct fixture *f, enum asset_tag tag, int64_t number)
{
    form_put_integer(&f->form, (uint8_t)tag, number);
}

static inline struct asset_item item_of(enum item_kind kind, const char *name, const char *text)
{
    struct asset_item item = {.kind = (uint8_t)kind,
                              .type = VALUE_FLOAT64,
                              .name = bytes_text(name),
                              .unit = bytes_of("", 0),
                              .text = bytes_text(text)};
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        item.limits[i] = NAN;
    return item;
}

static inline void say_item(struct fixture *f, enum item_kind kind, const char *name,
                            const char *text)
{
    struct asset_item item = item_of(kind, name, text);
    asset_item_put(&f->form, &item);
}

static inline void say_attribute(struct fixture *f, const char *name, uint8_t type,
                                 const char *text, bool required)
{
    struct asset_item item = item_of(ITEM_ATTRIBUTE, name, text);
    item.type = type;
    item.required = required;
    asset_item_put(&f->form, &item);
}

static inline void say_relation(struct fixture *f, const char *name, uint32_t other)
{
    struct asset_item item = item_of(ITEM_RELATION, name, "");
    item.other = other;
    asset_item_put(&f->form, &item);
}

static inline struct outcome fixture_apply(struct fixture *f, const struct command *command)
{
    struct fact fact = {.kind = FACT_MODULE, .command = *command};
    f->stamp.position++;
    assert_int_equal(assets_apply_fact(f->assets, &fact, &f->stamp, &f->effects), OK);
    assert_int_equal(f->effects.outcome.position, f->stamp.position);
    form_begin(f);
    return f->effects.outcome;
}

/* Applies what was said since the last command and returns what became of it. */
static inline struct outcome fixture_do(struct fixture *f, enum command_kind kind, uint32_t number)
{
    struct command command = {.kind = (uint8_t)kind, .tenant = f->tenant};
    command.module.number = number;
    command.actor.name = bytes_text(f->author);
    assert_true(form_end(&f->form, &command.module.form));
    return fixture_apply(f, &command);
}

static inline enum outcome_code code_of(struct outcome outcome)
{
    return outcome.code;
}

/* A new type with these metrics, apart by blanks. */
static inline uint32_t new_type(struct fixture *f, const char *name, uint32_t parent,
                                const char *metrics)
{
    char metric[ITEM_NAME_MAX + 1];
    say_text(f, ASSET_TAG_NAME, name);
    if (parent != TYPE_NONE)
        say_number(f, ASSET_TAG_PARENT, parent);
    for (const char *at = metrics; *at != 0;) {
        size_t size = strcspn(at, " ");
        memcpy(metric, at, size);
        metric[size] = 0;
        say_item(f, ITEM_METRIC, metric, "");
        at += size + (at[size] == ' ');
    }
    struct outcome outcome = fixture_do(f, COMMAND_TYPE_SET, 0);
    assert_int_equal(outcome.code, OUTCOME_DONE);
    return outcome.number;
}

/* A new asset; what else it is was said before. */
static inline uint32_t new_asset(struct fixture *f, const char *name, uint32_t parent,
                                 uint32_t type)
{
    say_text(f, ASSET_TAG_NAME, name);
    if (parent != ASSET_NONE)
        say_number(f, ASSET_TAG_PARENT, parent);
    if (type != TYPE_NONE)
        say_number(f, ASSET_TAG_TYPE, type);
    struct outcome outcome = fixture_do(f, COMMAND_ASSET_SET, 0);
    assert_int_equal(outcome.code, OUTCOME_DONE);
    return outcome.number;
}

static inline void assert_text(struct bytes text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.at, expected, text.size);
}
